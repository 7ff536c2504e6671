/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Machine "virt-apu": Arm "virt" of this QEMU version plus an APU.
 */

#include "qemu/osdep.h"
#include "qemu/module.h"
#include "hw/boards.h"
#include "hw/arm/virt.h"

/*
 * The parent is the newest versioned machine: compat_props starts empty in
 * each concrete class, so an older parent would not behave like itself.
 */
#define VIRT_APU_PARENT \
    MACHINE_TYPE_NAME("virt-" stringify(QEMU_VERSION_MAJOR) "." \
                      stringify(QEMU_VERSION_MINOR))

#define TYPE_VIRT_APU_MACHINE MACHINE_TYPE_NAME("virt-apu")

static void (*virt_parent_init)(MachineState *machine);

static void virt_apu_init(MachineState *machine)
{
    virt_parent_init(machine);
}

static void virt_apu_class_init(ObjectClass *oc, void *data)
{
    MachineClass *mc = MACHINE_CLASS(oc);

    virt_parent_init = mc->init;
    mc->init = virt_apu_init;
    mc->desc = "Arm virt machine with an APU";
    /* The class struct is a copy of the parent's, which owns the alias. */
    mc->alias = NULL;
}

static const TypeInfo virt_apu_info = {
    .name = TYPE_VIRT_APU_MACHINE,
    .parent = VIRT_APU_PARENT,
    .class_init = virt_apu_class_init,
};

static void virt_apu_register_types(void)
{
    type_register_static(&virt_apu_info);
}

type_init(virt_apu_register_types)

/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Machine "virt-apu": Arm "virt" of this QEMU version plus an APU.
 */

#include "qemu/osdep.h"
#include "qemu/module.h"
#include "qapi/error.h"
#include "qapi/visitor.h"
#include "hw/boards.h"
#include "hw/arm/fdt.h"
#include "hw/arm/virt.h"
#include "hw/qdev-properties.h"
#include "system/device_tree.h"
#include "apu_test_port.h"

/*
 * The parent is the newest versioned machine: compat_props starts empty in
 * each concrete class, so an older parent would not behave like itself.
 */
#define VIRT_APU_PARENT \
    MACHINE_TYPE_NAME("virt-" stringify(QEMU_VERSION_MAJOR) "." \
                      stringify(QEMU_VERSION_MINOR))

#define TYPE_VIRT_APU_MACHINE MACHINE_TYPE_NAME("virt-apu")
OBJECT_DECLARE_SIMPLE_TYPE(VirtApuMachineState, VIRT_APU_MACHINE)

/* Where the parent leaves room. Engines are a 64 KiB guest page apart. */
#define VIRT_APU_POWER_BASE     0x09100000
#define VIRT_APU_TEST_PORT_BASE 0x09110000
#define VIRT_APU_TOP_BASE       0x09200000
#define VIRT_APU_ENGINE_BASE    0x09300000
#define VIRT_APU_ENGINE_STRIDE  0x00010000
#define VIRT_APU_SPI            176

struct VirtApuMachineState {
    VirtMachineState parent_obj;

    ApuPower *power;
    ApuTop *top;
    /* Properties */
    uint8_t num[APU_NUM_CLASSES];
    uint32_t l1_kib;
    uint32_t power_ns;
    uint32_t opp_ns;
    uint32_t mmu_ns;
    bool cycle_timing;
    bool reference;
    bool test_port;
};

static const char *const virt_apu_class_name[APU_NUM_CLASSES] = {
    [APU_ENGINE_CLASS_MDLA] = "mdla",
    [APU_ENGINE_CLASS_EDMA] = "edma",
    [APU_ENGINE_CLASS_MVPU] = "mvpu",
};

static void (*virt_parent_init)(MachineState *machine);

/* What all nodes of a power domain say alike. */
static void virt_apu_fdt_domain(void *fdt, const char *node, uint32_t phandle,
                                unsigned domain)
{
    qemu_fdt_setprop_cells(fdt, node, "power-domains", phandle, domain);
    qemu_fdt_setprop_cells(fdt, node, "clocks", phandle, domain);
    qemu_fdt_setprop_cells(fdt, node, "resets", phandle, domain);
}

static void virt_apu_fdt_power(void *fdt, uint32_t phandle)
{
    g_autofree char *node = g_strdup_printf("/power-controller@%x",
                                            VIRT_APU_POWER_BASE);

    qemu_fdt_add_subnode(fdt, node);
    qemu_fdt_setprop_string(fdt, node, "compatible", "qemu,apu-power-v1");
    qemu_fdt_setprop_sized_cells(fdt, node, "reg", 2, VIRT_APU_POWER_BASE,
                                 2, APU_PWR_SIZE);
    qemu_fdt_setprop_cell(fdt, node, "#power-domain-cells", 1);
    qemu_fdt_setprop_cell(fdt, node, "#clock-cells", 1);
    qemu_fdt_setprop_cell(fdt, node, "#reset-cells", 1);
    qemu_fdt_setprop_cell(fdt, node, "phandle", phandle);
}

static uint32_t virt_apu_fdt_opps(void *fdt)
{
    static const char table[] = "/opp-table-apu";
    uint32_t phandle = qemu_fdt_alloc_phandle(fdt);

    qemu_fdt_add_subnode(fdt, table);
    qemu_fdt_setprop_string(fdt, table, "compatible", "operating-points-v2");
    qemu_fdt_setprop_cell(fdt, table, "phandle", phandle);
    for (unsigned i = 0; i < APU_NUM_OPP; i++) {
        uint64_t hz = apu_power_opp_khz(i) * UINT64_C(1000);
        g_autofree char *node = g_strdup_printf("%s/opp-%" PRIu64, table, hz);

        qemu_fdt_add_subnode(fdt, node);
        qemu_fdt_setprop_u64(fdt, node, "opp-hz", hz);
    }
    return phandle;
}

static void virt_apu_fdt_engine(void *fdt, const char *parent,
                                uint32_t phandle, const ApuEngine *e,
                                hwaddr base)
{
    const char *class = virt_apu_class_name[e->class];
    g_autofree char *node = g_strdup_printf("%s/%s@%" PRIx64, parent, class,
                                            base);
    g_autofree char *compatible = g_strdup_printf("qemu,apu-v1-%s", class);

    qemu_fdt_add_subnode(fdt, node);
    qemu_fdt_setprop_string(fdt, node, "compatible", compatible);
    qemu_fdt_setprop_sized_cells(fdt, node, "reg", 2, base, 2, APU_ENG_SIZE);
    virt_apu_fdt_domain(fdt, node, phandle, APU_DOMAIN_ENGINE(e->index));
}

static void virt_apu_fdt_test_port(void *fdt)
{
    g_autofree char *node = g_strdup_printf("/apu-test-port@%x",
                                            VIRT_APU_TEST_PORT_BASE);

    qemu_fdt_add_subnode(fdt, node);
    qemu_fdt_setprop_string(fdt, node, "compatible",
                            "qemu,apu-test-port-v1");
    qemu_fdt_setprop_sized_cells(fdt, node, "reg", 2, VIRT_APU_TEST_PORT_BASE,
                                 2, APU_TST_SIZE);
}

/*
 * Subnodes are put in front of older ones. In the order of their addresses the
 * power controller comes before the APU, as in most device trees: Linux makes
 * the links between devices in that order.
 */
static void virt_apu_fdt(VirtApuMachineState *s)
{
    void *fdt = MACHINE(s)->fdt;
    g_autofree char *node = g_strdup_printf("/apu@%x", VIRT_APU_TOP_BASE);
    uint32_t power = qemu_fdt_alloc_phandle(fdt);
    uint32_t opps = virt_apu_fdt_opps(fdt);

    qemu_fdt_add_subnode(fdt, node);
    qemu_fdt_setprop_string(fdt, node, "compatible", "qemu,apu-v1");
    qemu_fdt_setprop_sized_cells(fdt, node, "reg", 2, VIRT_APU_TOP_BASE,
                                 2, APU_TOP_SIZE);
    qemu_fdt_setprop_cells(fdt, node, "interrupts", GIC_FDT_IRQ_TYPE_SPI,
                           VIRT_APU_SPI, GIC_FDT_IRQ_FLAGS_LEVEL_HI);
    virt_apu_fdt_domain(fdt, node, power, APU_DOMAIN_TOP);
    qemu_fdt_setprop_cell(fdt, node, "operating-points-v2", opps);
    qemu_fdt_setprop(fdt, node, "dma-coherent", NULL, 0);
    qemu_fdt_setprop_cell(fdt, node, "#address-cells", 2);
    qemu_fdt_setprop_cell(fdt, node, "#size-cells", 2);
    qemu_fdt_setprop(fdt, node, "ranges", NULL, 0);
    for (int i = s->top->num_engines - 1; i >= 0; i--) {
        virt_apu_fdt_engine(fdt, node, power, s->top->engine[i],
                            VIRT_APU_ENGINE_BASE + i * VIRT_APU_ENGINE_STRIDE);
    }
    if (s->test_port) {
        virt_apu_fdt_test_port(fdt);
    }
    virt_apu_fdt_power(fdt, power);
}

static void virt_apu_create_engines(VirtApuMachineState *s)
{
    unsigned index = 0;

    for (unsigned class = 0; class < APU_NUM_CLASSES; class++) {
        for (unsigned i = 0; i < s->num[class]; i++, index++) {
            DeviceState *dev = qdev_new(TYPE_APU_ENGINE);

            object_property_add_child(OBJECT(s), "apu-engine[*]",
                                      OBJECT(dev));
            object_property_set_link(OBJECT(dev), "top", OBJECT(s->top),
                                     &error_abort);
            qdev_prop_set_uint32(dev, "index", index);
            qdev_prop_set_uint8(dev, "class", class);
            qdev_prop_set_uint8(dev, "instance", i);
            sysbus_realize_and_unref(SYS_BUS_DEVICE(dev), &error_fatal);
            sysbus_mmio_map(SYS_BUS_DEVICE(dev), 0, VIRT_APU_ENGINE_BASE +
                            index * VIRT_APU_ENGINE_STRIDE);
        }
    }
}

static void virt_apu_create_test_port(VirtApuMachineState *s)
{
    DeviceState *dev = qdev_new(TYPE_APU_TEST_PORT);

    object_property_add_child(OBJECT(s), "apu-test-port", OBJECT(dev));
    object_property_set_link(OBJECT(dev), "top", OBJECT(s->top),
                             &error_abort);
    sysbus_realize_and_unref(SYS_BUS_DEVICE(dev), &error_fatal);
    sysbus_mmio_map(SYS_BUS_DEVICE(dev), 0, VIRT_APU_TEST_PORT_BASE);
}

static void virt_apu_create(VirtApuMachineState *s)
{
    unsigned domains = 1;
    DeviceState *dev;

    for (unsigned class = 0; class < APU_NUM_CLASSES; class++) {
        domains += s->num[class];
    }

    dev = qdev_new(TYPE_APU_POWER);
    s->power = APU_POWER(dev);
    object_property_add_child(OBJECT(s), "apu-power", OBJECT(dev));
    qdev_prop_set_uint32(dev, "num-domains", domains);
    qdev_prop_set_uint32(dev, "ack-ns", s->power_ns);
    qdev_prop_set_uint32(dev, "settle-ns", s->opp_ns);
    sysbus_realize_and_unref(SYS_BUS_DEVICE(dev), &error_fatal);
    sysbus_mmio_map(SYS_BUS_DEVICE(dev), 0, VIRT_APU_POWER_BASE);

    dev = qdev_new(TYPE_APU_TOP);
    s->top = APU_TOP(dev);
    object_property_add_child(OBJECT(s), "apu", OBJECT(dev));
    object_property_set_link(OBJECT(dev), "power", OBJECT(s->power),
                             &error_abort);
    object_property_set_link(OBJECT(dev), "memory",
                             OBJECT(get_system_memory()), &error_abort);
    for (unsigned class = 0; class < APU_NUM_CLASSES; class++) {
        g_autofree char *name = g_strdup_printf("num-%s",
                                                virt_apu_class_name[class]);

        qdev_prop_set_uint8(dev, name, s->num[class]);
    }
    qdev_prop_set_uint32(dev, "l1-kib", s->l1_kib);
    qdev_prop_set_uint32(dev, "mmu-ns", s->mmu_ns);
    qdev_prop_set_bit(dev, "cycle-timing", s->cycle_timing);
    qdev_prop_set_bit(dev, "reference-kernels", s->reference);
    sysbus_realize_and_unref(SYS_BUS_DEVICE(dev), &error_fatal);
    sysbus_mmio_map(SYS_BUS_DEVICE(dev), 0, VIRT_APU_TOP_BASE);
    sysbus_connect_irq(SYS_BUS_DEVICE(dev), 0,
                       qdev_get_gpio_in(VIRT_MACHINE(s)->gic, VIRT_APU_SPI));

    virt_apu_create_engines(s);
    if (s->test_port) {
        virt_apu_create_test_port(s);
    }
}

static void virt_apu_init(MachineState *machine)
{
    VirtApuMachineState *s = VIRT_APU_MACHINE(machine);

    virt_parent_init(machine);
    virt_apu_create(s);
    virt_apu_fdt(s);
}

/* Properties of plain numbers: opaque is the offset of the field. */
static void virt_apu_visit_u8(Object *obj, Visitor *v, const char *name,
                            void *opaque, Error **errp)
{
    visit_type_uint8(v, name, (uint8_t *)obj + (uintptr_t)opaque, errp);
}

static void virt_apu_visit_u32(Object *obj, Visitor *v, const char *name,
                             void *opaque, Error **errp)
{
    visit_type_uint32(v, name,
                      (uint32_t *)((uint8_t *)obj + (uintptr_t)opaque), errp);
}

static const struct {
    const char *name;
    const char *type;
    ObjectPropertyAccessor *access;
    size_t offset;
    const char *description;
} virt_apu_numbers[] = {
    { "mdla", "uint8", virt_apu_visit_u8,
      offsetof(VirtApuMachineState, num[APU_ENGINE_CLASS_MDLA]),
      "Number of MDLA engines" },
    { "edma", "uint8", virt_apu_visit_u8,
      offsetof(VirtApuMachineState, num[APU_ENGINE_CLASS_EDMA]),
      "Number of eDMA engines" },
    { "mvpu", "uint8", virt_apu_visit_u8,
      offsetof(VirtApuMachineState, num[APU_ENGINE_CLASS_MVPU]),
      "Number of MVPU engines" },
    { "l1-kib", "uint32", virt_apu_visit_u32,
      offsetof(VirtApuMachineState, l1_kib),
      "Size of L1 in KiB, a multiple of 128" },
    { "power-ns", "uint32", virt_apu_visit_u32,
      offsetof(VirtApuMachineState, power_ns),
      "Time from a power request to its acknowledge" },
    { "opp-ns", "uint32", virt_apu_visit_u32,
      offsetof(VirtApuMachineState, opp_ns),
      "Time that an operating point takes to settle" },
    { "mmu-ns", "uint32", virt_apu_visit_u32,
      offsetof(VirtApuMachineState, mmu_ns),
      "Time that an MMU command takes" },
};

static char *virt_apu_get_timing(Object *obj, Error **errp)
{
    return g_strdup(VIRT_APU_MACHINE(obj)->cycle_timing ? "cycles" : "off");
}

static void virt_apu_set_timing(Object *obj, const char *value, Error **errp)
{
    VirtApuMachineState *s = VIRT_APU_MACHINE(obj);

    if (!strcmp(value, "off")) {
        s->cycle_timing = false;
    } else if (!strcmp(value, "cycles")) {
        s->cycle_timing = true;
    } else {
        error_setg(errp, "timing is 'off' or 'cycles', not '%s'", value);
    }
}

static bool virt_apu_get_reference(Object *obj, Error **errp)
{
    return VIRT_APU_MACHINE(obj)->reference;
}

static void virt_apu_set_reference(Object *obj, bool value, Error **errp)
{
    VIRT_APU_MACHINE(obj)->reference = value;
}

static bool virt_apu_get_test_port(Object *obj, Error **errp)
{
    return VIRT_APU_MACHINE(obj)->test_port;
}

static void virt_apu_set_test_port(Object *obj, bool value, Error **errp)
{
    VIRT_APU_MACHINE(obj)->test_port = value;
}

static void virt_apu_instance_init(Object *obj)
{
    VirtApuMachineState *s = VIRT_APU_MACHINE(obj);

    s->num[APU_ENGINE_CLASS_MDLA] = 2;
    s->num[APU_ENGINE_CLASS_EDMA] = 2;
    s->num[APU_ENGINE_CLASS_MVPU] = 1;
    s->l1_kib = 1024;
    s->power_ns = 20000;
    s->opp_ns = 50000;
    s->mmu_ns = 1000;
}

static void virt_apu_class_init(ObjectClass *oc, APU_CLASS_DATA *data)
{
    MachineClass *mc = MACHINE_CLASS(oc);

    virt_parent_init = mc->init;
    mc->init = virt_apu_init;
    mc->desc = "Arm virt machine with an APU";
    /* The class struct is a copy of the parent's, which owns the alias. */
    mc->alias = NULL;

    for (unsigned i = 0; i < ARRAY_SIZE(virt_apu_numbers); i++) {
        object_class_property_add(oc, virt_apu_numbers[i].name,
                                  virt_apu_numbers[i].type,
                                  virt_apu_numbers[i].access,
                                  virt_apu_numbers[i].access, NULL,
                                  (void *)virt_apu_numbers[i].offset);
        object_class_property_set_description(oc, virt_apu_numbers[i].name,
                                              virt_apu_numbers[i].description);
    }
    object_class_property_add_str(oc, "timing", virt_apu_get_timing,
                                  virt_apu_set_timing);
    object_class_property_set_description(oc, "timing",
        "When a job ends: 'off' as soon as it has been executed, 'cycles' "
        "after the cycles that it takes");
    object_class_property_add_bool(oc, "reference-kernels",
                                   virt_apu_get_reference,
                                   virt_apu_set_reference);
    object_class_property_set_description(oc, "reference-kernels",
        "Compute with the plain kernels only");
    object_class_property_add_bool(oc, "test-port", virt_apu_get_test_port,
                                   virt_apu_set_test_port);
    object_class_property_set_description(oc, "test-port",
        "Registers through which the guest sets fault rules");
}

static const TypeInfo virt_apu_info = {
    .name = TYPE_VIRT_APU_MACHINE,
    .parent = VIRT_APU_PARENT,
    .instance_size = sizeof(VirtApuMachineState),
    .instance_init = virt_apu_instance_init,
    .class_init = virt_apu_class_init,
};

static void virt_apu_register_types(void)
{
    type_register_static(&virt_apu_info);
}

type_init(virt_apu_register_types)

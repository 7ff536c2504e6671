/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: test port. Fault rules and counters for software in the guest.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "qemu/cutils.h"
#include "qemu/module.h"
#include "qapi/error.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "apu_regio.h"
#include "apu_test_port.h"
#include "trace.h"

static const ApuReg apu_tst_regs[] = { APU_TST_REGS(APU_REG_ENTRY) };
static const ApuRegBlock apu_tst_block = {
    .name = TYPE_APU_TEST_PORT,
    .regs = apu_tst_regs,
    .num = ARRAY_SIZE(apu_tst_regs),
};

/* Registers hold numbers; as text their bytes are little endian. */
static void apu_test_port_put_text(ApuTestPort *s, const char *text)
{
    char bytes[APU_TEST_PORT_TEXT] = "";

    pstrcpy(bytes, sizeof(bytes), text);
    for (unsigned i = 0; i < sizeof(bytes) / 4; i++) {
        s->regs[R_APU_TST_TEXT + i] = ldl_le_p(bytes + 4 * i);
    }
}

static bool apu_test_port_set(ApuTestPort *s, Error **errp)
{
    char text[APU_TEST_PORT_TEXT];

    for (unsigned i = 0; i < sizeof(text) / 4; i++) {
        stl_le_p(text + 4 * i, s->regs[R_APU_TST_TEXT + i]);
    }
    if (!memchr(text, 0, sizeof(text))) {
        error_setg(errp, "TEXT has no zero byte");
        return false;
    }
    return apu_faults_set(&s->top->faults, text, errp);
}

static bool apu_test_port_get(ApuTestPort *s, Error **errp)
{
    g_autofree char *text = apu_faults_get(&s->top->faults);

    if (strlen(text) >= APU_TEST_PORT_TEXT) {
        error_setg(errp, "the rules do not fit into TEXT");
        return false;
    }
    apu_test_port_put_text(s, text);
    return true;
}

static void apu_test_port_command(ApuTestPort *s, uint32_t command)
{
    unsigned op = FIELD_EX32(command, APU_TST_COMMAND, OP);
    Error *err = NULL;

    switch (op) {
    case APU_TEST_OP_SET:
        apu_test_port_set(s, &err);
        break;
    case APU_TEST_OP_GET:
        apu_test_port_get(s, &err);
        break;
    default:
        error_setg(&err, "no command %u", op);
        break;
    }
    s->regs[R_APU_TST_STATUS] = FIELD_DP32(0, APU_TST_STATUS, ERROR, !!err);
    if (err) {
        apu_test_port_put_text(s, error_get_pretty(err));
        error_free(err);
    }
}

static MemTxResult apu_test_port_read(void *opaque, hwaddr addr,
                                      uint64_t *data, unsigned size,
                                      MemTxAttrs attrs)
{
    ApuTestPort *s = opaque;
    const ApuPower *power = s->top->power;
    unsigned n;
    uint32_t value;
    const ApuReg *reg = apu_reg_read(&apu_tst_block, s->regs, addr, &n,
                                     &value);

    if (!reg) {
        return MEMTX_ERROR;
    }
    switch (reg->offset) {
    case A_APU_TST_FAULT_HITS:
        value = s->top->faults.hits;
        break;
    case A_APU_TST_MMIO_UNPOWERED:
        value = power->mmio_unpowered;
        break;
    case A_APU_TST_MMIO_UNCLOCKED:
        value = power->mmio_unclocked;
        break;
    case A_APU_TST_MMIO_IN_RESET:
        value = power->mmio_in_reset;
        break;
    case A_APU_TST_DMA_UNPOWERED:
        value = power->dma_unpowered;
        break;
    }
    trace_apu_test_port_read(reg->name, n, value);
    *data = value;
    return MEMTX_OK;
}

static MemTxResult apu_test_port_write(void *opaque, hwaddr addr,
                                       uint64_t data, unsigned size,
                                       MemTxAttrs attrs)
{
    ApuTestPort *s = opaque;
    unsigned n;
    const ApuReg *reg = apu_reg_write(&apu_tst_block, s->regs, addr, &n, data);

    if (!reg) {
        return MEMTX_ERROR;
    }
    trace_apu_test_port_write(reg->name, n, data);
    if (reg->offset == A_APU_TST_COMMAND) {
        apu_test_port_command(s, data);
    }
    return MEMTX_OK;
}

static const MemoryRegionOps apu_test_port_ops = {
    .read_with_attrs = apu_test_port_read,
    .write_with_attrs = apu_test_port_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 4 },
    .impl = { .min_access_size = 4, .max_access_size = 4 },
};

static void apu_test_port_reset_enter(Object *obj, ResetType type)
{
    apu_reg_reset(&apu_tst_block, APU_TEST_PORT(obj)->regs);
}

static const VMStateDescription vmstate_apu_test_port = {
    .name = TYPE_APU_TEST_PORT,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32_ARRAY(regs, ApuTestPort, APU_TST_SIZE / 4),
        VMSTATE_END_OF_LIST()
    }
};

static void apu_test_port_realize(DeviceState *dev, Error **errp)
{
    ApuTestPort *s = APU_TEST_PORT(dev);

    if (!s->top || !DEVICE(s->top)->realized) {
        error_setg(errp, "link 'top' must be set");
        return;
    }
    memory_region_init_io(&s->iomem, OBJECT(s), &apu_test_port_ops, s,
                          TYPE_APU_TEST_PORT, APU_TST_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(s), &s->iomem);
}

static const Property apu_test_port_props[] = {
    DEFINE_PROP_LINK("top", ApuTestPort, top, TYPE_APU_TOP, ApuTop *),
};

static void apu_test_port_class_init(ObjectClass *klass, APU_CLASS_DATA *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->desc = "APU test port";
    dc->realize = apu_test_port_realize;
    dc->vmsd = &vmstate_apu_test_port;
    dc->user_creatable = false;
    device_class_set_props(dc, apu_test_port_props);
    RESETTABLE_CLASS(klass)->phases.enter = apu_test_port_reset_enter;
}

static const TypeInfo apu_test_port_info = {
    .name = TYPE_APU_TEST_PORT,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(ApuTestPort),
    .class_init = apu_test_port_class_init,
};

static void apu_test_port_register_types(void)
{
    type_register_static(&apu_test_port_info);
}

type_init(apu_test_port_register_types)

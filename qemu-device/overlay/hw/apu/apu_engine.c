/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: register block of an engine. What an engine does is in the job that
 * TOP runs on it; the block only shows it.
 */

#include "qemu/osdep.h"
#include "qemu/module.h"
#include "qapi/error.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "apu_regio.h"
#include "apu_top.h"
#include "trace.h"

static const ApuReg apu_eng_regs[] = { APU_ENG_REGS(APU_REG_ENTRY) };
static const ApuRegBlock apu_eng_block = {
    .name = TYPE_APU_ENGINE,
    .regs = apu_eng_regs,
    .num = ARRAY_SIZE(apu_eng_regs),
};

static uint32_t apu_engine_status(const ApuEngine *e)
{
    unsigned stream;
    int slot = apu_slots_on_engine(e->top, e->index, &stream);
    uint32_t status = 0;

    if (slot >= 0) {
        status = FIELD_DP32(status, APU_ENG_STATUS, BUSY, 1);
        status = FIELD_DP32(status, APU_ENG_STATUS, SLOT, slot);
    }
    return status;
}

static uint64_t apu_engine_cmd_va(const ApuEngine *e)
{
    unsigned stream;
    int slot = apu_slots_on_engine(e->top, e->index, &stream);

    if (slot >= 0 && e->top->slot[slot].gang) {
        return apu_gang_cmd_va(e->top->slot[slot].gang, stream);
    }
    return e->cmd_va;
}

static MemTxResult apu_engine_read(void *opaque, hwaddr addr, uint64_t *data,
                                   unsigned size, MemTxAttrs attrs)
{
    ApuEngine *e = opaque;
    /* All registers are read-only: this is all the state they need. */
    uint32_t regs[(A_APU_ENG_CMD_VA_HI + 4) / 4];
    unsigned n;
    uint32_t value;
    const ApuReg *reg;
    MemTxResult res = apu_power_check_mmio(e->top->power,
                                           APU_DOMAIN_ENGINE(e->index),
                                           apu_eng_block.name, addr);

    if (res != MEMTX_OK) {
        return res;
    }
    apu_reg_reset(&apu_eng_block, regs);
    reg = apu_reg_read(&apu_eng_block, regs, addr, &n, &value);
    if (!reg) {
        return MEMTX_ERROR;
    }
    if (apu_top_reads_ones(e->top, e->index)) {
        *data = UINT32_MAX;
        return MEMTX_OK;
    }
    switch (reg->offset) {
    case A_APU_ENG_ID:
        value = FIELD_DP32(0, APU_ENG_ID, CLASS, e->class);
        value = FIELD_DP32(value, APU_ENG_ID, INSTANCE, e->instance);
        value = FIELD_DP32(value, APU_ENG_ID, INDEX, e->index);
        break;
    case A_APU_ENG_STATUS:
        value = apu_engine_status(e);
        break;
    case A_APU_ENG_CYCLES_LO:
        value = e->cycles;
        e->cycles_hi = e->cycles >> 32;
        break;
    case A_APU_ENG_CYCLES_HI:
        value = e->cycles_hi;
        break;
    case A_APU_ENG_CMD_VA_LO:
        value = apu_engine_cmd_va(e);
        break;
    case A_APU_ENG_CMD_VA_HI:
        value = apu_engine_cmd_va(e) >> 32;
        break;
    }
    trace_apu_engine_read(e->index, reg->name, value);
    *data = value;
    return MEMTX_OK;
}

static MemTxResult apu_engine_write(void *opaque, hwaddr addr, uint64_t data,
                                    unsigned size, MemTxAttrs attrs)
{
    ApuEngine *e = opaque;
    uint32_t regs[(A_APU_ENG_CMD_VA_HI + 4) / 4];
    unsigned n;
    MemTxResult res = apu_power_check_mmio(e->top->power,
                                           APU_DOMAIN_ENGINE(e->index),
                                           apu_eng_block.name, addr);

    if (res != MEMTX_OK) {
        return res;
    }
    /* Read-only, every one: this logs the write. */
    return apu_reg_write(&apu_eng_block, regs, addr, &n, data) ? MEMTX_OK :
                                                                 MEMTX_ERROR;
}

static const MemoryRegionOps apu_engine_ops = {
    .read_with_attrs = apu_engine_read,
    .write_with_attrs = apu_engine_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 4 },
    .impl = { .min_access_size = 4, .max_access_size = 4 },
};

static void apu_engine_clear(ApuEngine *e)
{
    e->cycles = 0;
    e->cycles_hi = 0;
    e->cmd_va = 0;
}

static void apu_engine_power_lost(void *opaque)
{
    ApuEngine *e = opaque;

    apu_slots_engine_lost(e->top, e->index);
    apu_engine_clear(e);
}

static void apu_engine_power_changed(void *opaque)
{
    ApuEngine *e = opaque;

    apu_slots_kick(e->top);
}

static void apu_engine_reset_enter(Object *obj, ResetType type)
{
    apu_engine_clear(APU_ENGINE(obj));
}

static const VMStateDescription vmstate_apu_engine = {
    .name = TYPE_APU_ENGINE,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT64(cycles, ApuEngine),
        VMSTATE_UINT32(cycles_hi, ApuEngine),
        VMSTATE_UINT64(cmd_va, ApuEngine),
        VMSTATE_END_OF_LIST()
    }
};

static void apu_engine_realize(DeviceState *dev, Error **errp)
{
    ApuEngine *e = APU_ENGINE(dev);
    const ApuPowerClient client = {
        .lost = apu_engine_power_lost,
        .changed = apu_engine_power_changed,
        .opaque = e,
    };

    if (!e->top || !DEVICE(e->top)->realized ||
        e->index >= e->top->num_engines || e->top->engine[e->index]) {
        error_setg(errp, "engine %u has no place in its TOP", e->index);
        return;
    }
    e->top->engine[e->index] = e;
    apu_power_connect(e->top->power, APU_DOMAIN_ENGINE(e->index), &client);
    memory_region_init_io(&e->iomem, OBJECT(e), &apu_engine_ops, e,
                          TYPE_APU_ENGINE, APU_ENG_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(e), &e->iomem);
}

static const Property apu_engine_props[] = {
    DEFINE_PROP_LINK("top", ApuEngine, top, TYPE_APU_TOP, ApuTop *),
    DEFINE_PROP_UINT32("index", ApuEngine, index, 0),
    DEFINE_PROP_UINT8("class", ApuEngine, class, 0),
    DEFINE_PROP_UINT8("instance", ApuEngine, instance, 0),
};

static void apu_engine_class_init(ObjectClass *klass, APU_CLASS_DATA *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->desc = "APU engine";
    dc->realize = apu_engine_realize;
    dc->vmsd = &vmstate_apu_engine;
    dc->user_creatable = false;
    device_class_set_props(dc, apu_engine_props);
    RESETTABLE_CLASS(klass)->phases.enter = apu_engine_reset_enter;
}

static const TypeInfo apu_engine_info = {
    .name = TYPE_APU_ENGINE,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(ApuEngine),
    .class_init = apu_engine_class_init,
};

static void apu_engine_register_types(void)
{
    type_register_static(&apu_engine_info);
}

type_init(apu_engine_register_types)

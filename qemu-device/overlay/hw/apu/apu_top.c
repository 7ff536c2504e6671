/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: TOP. Registers, interrupt, MMU commands, reset and migration; jobs
 * are in apu_slots.c.
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "system/runstate.h"
#include "apu_regio.h"
#include "apu_top.h"
#include "trace.h"

static const ApuReg apu_top_regs[] = { APU_TOP_REGS(APU_REG_ENTRY) };
static const ApuRegBlock apu_top_block = {
    .name = TYPE_APU_TOP,
    .regs = apu_top_regs,
    .num = ARRAY_SIZE(apu_top_regs),
};

/* Words from one FAULT_STATUS to the next. */
#define APU_FAULT_STEP 4

uint64_t apu_top_time(ApuTop *s, int64_t clock_ns)
{
    return clock_ns - s->time_base;
}

void apu_top_update_irq(ApuTop *s)
{
    bool level = (s->regs[R_APU_TOP_IRQ_RAW] & s->regs[R_APU_TOP_IRQ_MASK]) ||
                 s->glitch;

    trace_apu_top_irq(s->regs[R_APU_TOP_IRQ_RAW],
                      s->regs[R_APU_TOP_IRQ_MASK], level);
    s->irqs += level && !s->irq_level;
    s->irq_level = level;
    qemu_set_irq(s->irq, level);
}

void apu_top_raise_now(ApuTop *s, uint32_t causes)
{
    if (causes) {
        s->regs[R_APU_TOP_IRQ_RAW] |= causes;
        apu_top_update_irq(s);
    }
}

void apu_top_raise(ApuTop *s, uint32_t causes)
{
    if (causes) {
        apu_top_raise_now(s, apu_top_filter_causes(s, causes));
    }
}

void apu_top_record_fault(ApuTop *s, unsigned slot,
                          const struct apu_job_desc *desc,
                          const struct apu_job_completion *out)
{
    unsigned r = out->fail_engine * APU_FAULT_STEP;
    uint32_t *status = &s->regs[R_APU_TOP_FAULT_STATUS + r];

    if (out->fail_engine >= s->num_engines ||
        FIELD_EX32(*status, APU_TOP_FAULT_STATUS, VALID)) {
        return;
    }
    *status = 0;
    *status = FIELD_DP32(*status, APU_TOP_FAULT_STATUS, VALID, 1);
    *status = FIELD_DP32(*status, APU_TOP_FAULT_STATUS, WRITE,
                         extract32(out->detail, 8, 1));
    *status = FIELD_DP32(*status, APU_TOP_FAULT_STATUS, KIND,
                         extract32(out->detail, 0, 4));
    *status = FIELD_DP32(*status, APU_TOP_FAULT_STATUS, SLOT, slot);
    *status = FIELD_DP32(*status, APU_TOP_FAULT_STATUS, ASID, desc->asid);
    s->regs[R_APU_TOP_FAULT_VA_LO + r] = out->fault_va;
    s->regs[R_APU_TOP_FAULT_VA_HI + r] = out->fault_va >> 32;
    trace_apu_top_fault(out->fail_engine, slot, desc->asid, out->fault_va,
                        out->detail);
}

static void apu_top_mmu_done(void *opaque)
{
    ApuTop *s = opaque;

    if (!apu_power_clocked(s->power, APU_DOMAIN_TOP)) {
        /* It stands still; the clock's return ends it. */
        return;
    }
    apu_mmu_drain(&s->mmu, s->mmu_epoch);
    s->mmu_done_ns = -1;
    apu_top_raise(s, R_APU_TOP_IRQ_RAW_MMU_MASK);
}

/* Whoever has the ASID next is not to see what its last owner left. */
static void apu_top_l1_forget(ApuTop *s, unsigned op, uint16_t asid)
{
    if (op == APU_MMU_OP_INV_ASID) {
        apu_l1_forget(&s->l1, asid);
    } else if (op == APU_MMU_OP_INV_ALL) {
        apu_l1_forget(&s->l1, -1);
    }
}

static void apu_top_mmu_command(ApuTop *s, uint32_t cmd)
{
    uint32_t *status = &s->regs[R_APU_TOP_MMU_STATUS];
    const uint32_t *regs = s->regs;
    uint64_t addr = regs[R_APU_TOP_MMU_ADDR_LO] |
                    (uint64_t)regs[R_APU_TOP_MMU_ADDR_HI] << 32;
    uint64_t size = regs[R_APU_TOP_MMU_SIZE_LO] |
                    (uint64_t)regs[R_APU_TOP_MMU_SIZE_HI] << 32;
    int64_t delay = s->mmu_ns;
    ApuFaultPlace place = { 0 };
    ApuFaultRule rule;

    if (s->mmu_done_ns >= 0) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: MMU command while busy\n",
                      apu_top_block.name);
        return;
    }
    if (!apu_mmu_command(&s->mmu, FIELD_EX32(cmd, APU_TOP_MMU_CMD, OP),
                         FIELD_EX32(cmd, APU_TOP_MMU_CMD, ASID), addr, size,
                         &s->mmu_epoch)) {
        *status = FIELD_DP32(*status, APU_TOP_MMU_STATUS, ERROR, 1);
        apu_top_raise(s, R_APU_TOP_IRQ_RAW_MMU_MASK);
        return;
    }
    *status = FIELD_DP32(*status, APU_TOP_MMU_STATUS, ERROR, 0);
    place.ctx = FIELD_EX32(cmd, APU_TOP_MMU_CMD, ASID);
    apu_top_l1_forget(s, FIELD_EX32(cmd, APU_TOP_MMU_CMD, OP), place.ctx);
    switch (apu_fault(&s->faults, APU_FAULT_ON_MMU, &place, &rule)) {
    case APU_FAULT_STUCK:
        s->mmu_done_ns = INT64_MAX;
        return;
    case APU_FAULT_SLOW:
        delay += apu_fault_delay_ns(&rule);
        break;
    default:
        break;
    }
    if (delay) {
        s->mmu_done_ns = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + delay;
        timer_mod(s->mmu_timer, s->mmu_done_ns);
    } else {
        apu_top_mmu_done(s);
    }
}

static uint32_t apu_top_mmu_status(const ApuTop *s)
{
    uint32_t status = s->regs[R_APU_TOP_MMU_STATUS];

    status = FIELD_DP32(status, APU_TOP_MMU_STATUS, BUSY,
                        s->mmu_done_ns >= 0);
    return FIELD_DP32(status, APU_TOP_MMU_STATUS, LOCKED, s->mmu.locked);
}

static uint32_t apu_top_engine_busy(const ApuTop *s)
{
    uint32_t busy = 0;
    unsigned stream;

    for (unsigned i = 0; i < s->num_engines; i++) {
        if (apu_slots_on_engine(s, i, &stream) >= 0) {
            busy |= BIT(i);
        }
    }
    return busy;
}

static void apu_top_end_glitch(ApuTop *s)
{
    if (s->glitch) {
        s->glitch = false;
        apu_top_update_irq(s);
    }
}

static MemTxResult apu_top_read(void *opaque, hwaddr addr, uint64_t *data,
                                unsigned size, MemTxAttrs attrs)
{
    ApuTop *s = opaque;
    unsigned n;
    uint32_t value;
    uint64_t time;
    const ApuReg *reg;
    MemTxResult res = apu_power_check_mmio(s->power, APU_DOMAIN_TOP,
                                           apu_top_block.name, addr);

    if (res != MEMTX_OK) {
        return res;
    }
    reg = apu_reg_read(&apu_top_block, s->regs, addr, &n, &value);
    if (!reg) {
        return MEMTX_ERROR;
    }
    if (apu_top_reads_ones(s, APU_FAULT_TOP)) {
        *data = UINT32_MAX;
        return MEMTX_OK;
    }
    switch (reg->offset) {
    case A_APU_TOP_TIMESTAMP_LO:
        time = apu_top_time(s, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
        value = time;
        s->timestamp_hi = time >> 32;
        break;
    case A_APU_TOP_TIMESTAMP_HI:
        value = s->timestamp_hi;
        break;
    case A_APU_TOP_ENGINE_BUSY:
        value = apu_top_engine_busy(s);
        break;
    case A_APU_TOP_IRQ_STATUS:
        value = s->regs[R_APU_TOP_IRQ_RAW] & s->regs[R_APU_TOP_IRQ_MASK];
        apu_top_end_glitch(s);
        break;
    case A_APU_TOP_IRQ_RAW:
        apu_top_end_glitch(s);
        break;
    case A_APU_TOP_SLOT_ACTIVE:
        value = MAKE_64BIT_MASK(0, APU_NUM_SLOTS) &
                ~apu_slots_in_state(s, APU_SLOT_FREE);
        break;
    case A_APU_TOP_SLOT_RUNNING:
        value = apu_slots_in_state(s, APU_SLOT_RUNNING) |
                apu_slots_in_state(s, APU_SLOT_DONE);
        break;
    case A_APU_TOP_SLOT_TIME:
        value = apu_slots_time(s, n);
        break;
    case A_APU_TOP_MMU_STATUS:
        value = apu_top_mmu_status(s);
        break;
    }
    trace_apu_top_read(reg->name, n, value);
    *data = value;
    return MEMTX_OK;
}

static MemTxResult apu_top_write(void *opaque, hwaddr addr, uint64_t data,
                                 unsigned size, MemTxAttrs attrs)
{
    ApuTop *s = opaque;
    unsigned n;
    const ApuReg *reg;
    MemTxResult res = apu_power_check_mmio(s->power, APU_DOMAIN_TOP,
                                           apu_top_block.name, addr);

    if (res != MEMTX_OK) {
        return res;
    }
    s->mmio_writes++;
    reg = apu_reg_write(&apu_top_block, s->regs, addr, &n, data);
    if (!reg) {
        return MEMTX_ERROR;
    }
    trace_apu_top_write(reg->name, n, data);
    switch (reg->offset) {
    case A_APU_TOP_ENGINE_ENABLE:
        s->regs[R_APU_TOP_ENGINE_ENABLE] &=
            MAKE_64BIT_MASK(0, s->num_engines);
        apu_slots_kick(s);
        break;
    case A_APU_TOP_IRQ_STATUS:
        s->regs[R_APU_TOP_IRQ_RAW] &= ~data;
        apu_top_update_irq(s);
        break;
    case A_APU_TOP_IRQ_RAW:
    case A_APU_TOP_IRQ_MASK:
        apu_top_update_irq(s);
        break;
    case A_APU_TOP_DOORBELL:
        apu_slots_doorbell(s, data);
        break;
    case A_APU_TOP_SLOT_ABORT:
        apu_slots_abort(s, data);
        break;
    case A_APU_TOP_MMU_CMD:
        apu_top_mmu_command(s, data);
        break;
    }
    return MEMTX_OK;
}

static const MemoryRegionOps apu_top_ops = {
    .read_with_attrs = apu_top_read,
    .write_with_attrs = apu_top_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 4, .max_access_size = 4 },
    .impl = { .min_access_size = 4, .max_access_size = 4 },
};

static void apu_top_bh(void *opaque)
{
    /* Of a stopped machine nothing moves: else, when it runs on. */
    if (runstate_is_running()) {
        apu_slots_poll(opaque);
    }
}

static void apu_top_clear(ApuTop *s)
{
    uint32_t caps = 0;

    apu_slots_drop(s);
    apu_top_fault_clear(s);
    timer_del(s->mmu_timer);
    s->mmu_done_ns = -1;
    apu_mmu_reset(&s->mmu);
    apu_l1_poison(&s->l1);

    apu_reg_reset(&apu_top_block, s->regs);
    caps = FIELD_DP32(caps, APU_TOP_CAPS, NUM_MDLA,
                      s->num[APU_ENGINE_CLASS_MDLA]);
    caps = FIELD_DP32(caps, APU_TOP_CAPS, NUM_EDMA,
                      s->num[APU_ENGINE_CLASS_EDMA]);
    caps = FIELD_DP32(caps, APU_TOP_CAPS, NUM_MVPU,
                      s->num[APU_ENGINE_CLASS_MVPU]);
    caps = FIELD_DP32(caps, APU_TOP_CAPS, NUM_SLOTS, APU_NUM_SLOTS);
    caps = FIELD_DP32(caps, APU_TOP_CAPS, NUM_COUNTERS, APU_NUM_COUNTERS);
    s->regs[R_APU_TOP_CAPS] = caps;
    s->regs[R_APU_TOP_L1_KIB] = s->l1_kib;
    s->timestamp_hi = 0;
}

static void apu_top_power_lost(void *opaque)
{
    ApuTop *s = opaque;

    apu_top_clear(s);
    apu_top_update_irq(s);
}

static void apu_top_power_changed(void *opaque)
{
    ApuTop *s = opaque;

    if (s->mmu_done_ns >= 0 &&
        s->mmu_done_ns <= qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL)) {
        apu_top_mmu_done(s);
    }
    apu_slots_kick(s);
}

static void apu_top_reset_enter(Object *obj, ResetType type)
{
    ApuTop *s = APU_TOP(obj);

    apu_top_clear(s);
    s->time_base = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static void apu_top_reset_hold(Object *obj, ResetType type)
{
    apu_top_update_irq(APU_TOP(obj));
}

/* RAM is saved before devices are: a stopped machine's threads must rest. */
static void apu_top_vm_state(void *opaque, bool running, RunState state)
{
    if (running) {
        apu_slots_poll(opaque);
    } else {
        apu_slots_quiesce(opaque);
    }
}

/* What is loaded is put into new memory. */
static int apu_top_pre_load(void *opaque)
{
    ApuTop *s = opaque;

    g_clear_pointer(&s->fault_text, g_free);
    return 0;
}

static int apu_top_pre_save(void *opaque)
{
    ApuTop *s = opaque;

    /* An access that waits for UNLOCK can neither be ended nor saved. */
    if (!apu_slots_quiesce(s)) {
        return -EBUSY;
    }
    for (unsigned n = 0; n < APU_NUM_SLOTS; n++) {
        ApuSlot *slot = &s->slot[n];

        apu_desc_to_wire(slot->desc_wire, &slot->desc);
        apu_record_to_wire(slot->out_wire, &slot->out);
    }
    apu_top_fault_save(s);
    return 0;
}

/* Takes over the banks of a slot: of one that runs no gang, none. */
static bool apu_top_load_banks(ApuTop *s, const ApuSlot *slot)
{
    unsigned num = slot->state == APU_SLOT_DONE ?
                   apu_l1_banks_for(slot->desc.l1_kib) : 0;

    if (ctpop64(slot->banks) != num || (slot->banks & s->l1.used) ||
        (slot->banks & ~MAKE_64BIT_MASK(0, s->l1.banks))) {
        return false;
    }
    s->l1.used |= slot->banks;
    return true;
}

static int apu_top_post_load(void *opaque, int version_id)
{
    ApuTop *s = opaque;

    s->l1.used = 0;
    for (unsigned n = 0; n < APU_NUM_SLOTS; n++) {
        ApuSlot *slot = &s->slot[n];

        apu_desc_from_wire(&slot->desc, slot->desc_wire);
        apu_record_from_wire(&slot->out, slot->out_wire);
        if (slot->state == APU_SLOT_FREE) {
            continue;
        }
        if (slot->state != APU_SLOT_ARMED && slot->state != APU_SLOT_DONE) {
            return -EINVAL;
        }
        if (apu_desc_check(s, &slot->desc) ||
            slot->lost_engine >= (int)s->num_engines ||
            !apu_top_load_banks(s, slot)) {
            return -EINVAL;
        }
        if (slot->state == APU_SLOT_ARMED) {
            continue;
        }
        for (unsigned k = 0; k < slot->desc.num_streams; k++) {
            if (slot->engine[k] >= s->num_engines) {
                return -EINVAL;
            }
        }
        apu_slot_arm_end(slot);
    }
    if (s->mmu_done_ns >= 0 && s->mmu_done_ns != INT64_MAX) {
        timer_mod(s->mmu_timer, s->mmu_done_ns);
    }
    return apu_top_fault_load(s) ? 0 : -EINVAL;
}

static const VMStateDescription vmstate_apu_slot = {
    .name = "apu-slot",
    .version_id = 4,
    .minimum_version_id = 4,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT8(state, ApuSlot),
        VMSTATE_UINT64(desc_addr, ApuSlot),
        VMSTATE_UINT64(seq, ApuSlot),
        VMSTATE_UINT16(after, ApuSlot),
        VMSTATE_BOOL(pred_failed, ApuSlot),
        VMSTATE_BOOL(abort, ApuSlot),
        VMSTATE_BOOL(ran, ApuSlot),
        VMSTATE_UINT32(stop, ApuSlot),
        VMSTATE_INT32(lost_engine, ApuSlot),
        VMSTATE_UINT8_ARRAY(engine, ApuSlot, APU_MAX_STREAMS),
        VMSTATE_UINT32(detached, ApuSlot),
        VMSTATE_UINT64(banks, ApuSlot),
        VMSTATE_UINT32(ecc_corrected, ApuSlot),
        VMSTATE_UINT32(khz, ApuSlot),
        VMSTATE_INT64(start_ns, ApuSlot),
        VMSTATE_INT64(end_ns, ApuSlot),
        VMSTATE_UINT8_ARRAY(desc_wire, ApuSlot, sizeof(struct apu_job_desc)),
        VMSTATE_UINT8_ARRAY(out_wire, ApuSlot,
                            sizeof(struct apu_job_completion)),
        VMSTATE_END_OF_LIST()
    }
};

/*
 * The TLB is not saved: it comes up empty, which is allowed, but a guest that
 * lacks an invalidation may be right by luck after a restore.
 */
static const VMStateDescription vmstate_apu_top = {
    .name = TYPE_APU_TOP,
    .version_id = 5,
    .minimum_version_id = 5,
    .pre_load = apu_top_pre_load,
    .pre_save = apu_top_pre_save,
    .post_load = apu_top_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT8_EQUAL(num[APU_ENGINE_CLASS_MDLA], ApuTop, NULL),
        VMSTATE_UINT8_EQUAL(num[APU_ENGINE_CLASS_EDMA], ApuTop, NULL),
        VMSTATE_UINT8_EQUAL(num[APU_ENGINE_CLASS_MVPU], ApuTop, NULL),
        VMSTATE_UINT32_ARRAY(regs, ApuTop, APU_TOP_NUM_REGS),
        VMSTATE_UINT32(timestamp_hi, ApuTop),
        VMSTATE_INT64(time_base, ApuTop),
        VMSTATE_STRUCT_ARRAY(slot, ApuTop, APU_NUM_SLOTS, 2,
                             vmstate_apu_slot, ApuSlot),
        VMSTATE_UINT64(next_seq, ApuTop),
        VMSTATE_UINT32_EQUAL(l1.bytes, ApuTop, NULL),
        VMSTATE_VBUFFER_UINT32(l1.mem, ApuTop, 1, NULL, l1.bytes),
        VMSTATE_INT32_ARRAY(l1.owner, ApuTop, APU_L1_MAX_BANKS),
        VMSTATE_BOOL(mmu.locked, ApuTop),
        VMSTATE_UINT16(mmu.lock_asid, ApuTop),
        VMSTATE_UINT64(mmu.lock_first, ApuTop),
        VMSTATE_UINT64(mmu.lock_last, ApuTop),
        VMSTATE_BOOL(mmu.lock_empty, ApuTop),
        VMSTATE_INT64(mmu_done_ns, ApuTop),
        VMSTATE_BOOL(glitch, ApuTop),
        VMSTATE_INT64_ARRAY(late_irq, ApuTop, APU_TOP_NUM_CAUSES),
        VMSTATE_INT64_ARRAY(late_abort, ApuTop, APU_NUM_SLOTS),
        VMSTATE_UINT32(fault_len, ApuTop),
        VMSTATE_VBUFFER_ALLOC_UINT32(fault_text, ApuTop, 2, NULL, fault_len),
        VMSTATE_END_OF_LIST()
    }
};

static void apu_top_realize(DeviceState *dev, Error **errp)
{
    ApuTop *s = APU_TOP(dev);
    const ApuPowerClient client = {
        .lost = apu_top_power_lost,
        .changed = apu_top_power_changed,
        .opaque = s,
    };

    if (!s->power || !s->dma_mr) {
        error_setg(errp, "links 'power' and 'memory' must be set");
        return;
    }
    if (s->l1_kib % APU_L1_BANK_KIB || !s->l1_kib ||
        s->l1_kib / APU_L1_BANK_KIB > APU_L1_MAX_BANKS) {
        error_setg(errp, "l1-kib must be a multiple of %d, at most %d",
                   APU_L1_BANK_KIB, APU_L1_BANK_KIB * APU_L1_MAX_BANKS);
        return;
    }
    for (unsigned c = 0; c < APU_NUM_CLASSES; c++) {
        /* A field of CAPS has four bits. */
        if (s->num[c] > 15) {
            error_setg(errp, "there can be at most 15 engines of a class");
            return;
        }
        s->num_engines += s->num[c];
    }
    if (!s->num_engines || s->num_engines >= s->power->num_domains) {
        error_setg(errp, "%u engines, %u power domains", s->num_engines,
                   s->power->num_domains);
        return;
    }

    if (!apu_top_fault_realize(s, errp)) {
        return;
    }
    address_space_init(&s->dma_as, s->dma_mr, "apu-dma");
    apu_mmu_init(&s->mmu, &s->dma_as);
    apu_l1_init(&s->l1, s->l1_kib);
    s->mmu_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, apu_top_mmu_done, s);
    s->bh = qemu_bh_new_guarded(apu_top_bh, s, &dev->mem_reentrancy_guard);
    /* Every gang has an engine to itself. */
    s->pool = thread_pool_new();
    thread_pool_set_max_threads(s->pool, MIN(s->num_engines, APU_NUM_SLOTS));
    apu_slots_init(s);
    s->vm_state = qdev_add_vm_change_state_handler(dev, apu_top_vm_state, s);
    apu_power_connect(s->power, APU_DOMAIN_TOP, &client);

    memory_region_init_io(&s->iomem, OBJECT(s), &apu_top_ops, s,
                          TYPE_APU_TOP, APU_TOP_SIZE);
    sysbus_init_mmio(SYS_BUS_DEVICE(s), &s->iomem);
    sysbus_init_irq(SYS_BUS_DEVICE(s), &s->irq);
}

static void apu_top_unrealize(DeviceState *dev)
{
    ApuTop *s = APU_TOP(dev);

    qemu_del_vm_change_state_handler(s->vm_state);
    apu_slots_drop(s);
    /* Waits for threads to leave, so the BH has its last user behind it. */
    thread_pool_free(s->pool);
    qemu_bh_delete(s->bh);
    timer_free(s->mmu_timer);
    apu_slots_exit(s);
    apu_l1_destroy(&s->l1);
    apu_mmu_destroy(&s->mmu);
    apu_top_fault_unrealize(s);
    address_space_destroy(&s->dma_as);
}

static void apu_top_init(Object *obj)
{
    ApuTop *s = APU_TOP(obj);
    const struct {
        const char *name;
        const uint64_t *value;
    } counters[] = {
        { "jobs", &s->jobs },
        { "faults", &s->mmu_faults },
        { "timeouts", &s->timeouts },
        { "aborts", &s->aborts },
        { "bad-descs", &s->bad_descs },
        { "bad-doorbells", &s->bad_doorbells },
        { "irqs", &s->irqs },
        { "mmio-writes", &s->mmio_writes },
        { "tlb-walks", &s->mmu.walks },
        { "mmu-stalls", &s->mmu.stalls },
        { "fault-hits", &s->faults.hits },
    };

    for (unsigned i = 0; i < ARRAY_SIZE(counters); i++) {
        object_property_add_uint64_ptr(obj, counters[i].name,
                                       counters[i].value, OBJ_PROP_FLAG_READ);
    }
}

static void apu_top_finalize(Object *obj)
{
    g_free(APU_TOP(obj)->fault_text);
}

static const Property apu_top_props[] = {
    DEFINE_PROP_LINK("power", ApuTop, power, TYPE_APU_POWER, ApuPower *),
    DEFINE_PROP_LINK("memory", ApuTop, dma_mr, TYPE_MEMORY_REGION,
                     MemoryRegion *),
    DEFINE_PROP_UINT8("num-mdla", ApuTop, num[APU_ENGINE_CLASS_MDLA], 2),
    DEFINE_PROP_UINT8("num-edma", ApuTop, num[APU_ENGINE_CLASS_EDMA], 2),
    DEFINE_PROP_UINT8("num-mvpu", ApuTop, num[APU_ENGINE_CLASS_MVPU], 1),
    DEFINE_PROP_UINT32("l1-kib", ApuTop, l1_kib, 1024),
    DEFINE_PROP_UINT32("mmu-ns", ApuTop, mmu_ns, 1000),
    DEFINE_PROP_BOOL("cycle-timing", ApuTop, cycle_timing, false),
    DEFINE_PROP_BOOL("reference-kernels", ApuTop, reference, false),
    DEFINE_PROP_BOOL("in-turn", ApuTop, in_turn, false),
};

static void apu_top_class_init(ObjectClass *klass, APU_CLASS_DATA *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->desc = "APU: job slots, dispatcher, MMU";
    dc->realize = apu_top_realize;
    dc->unrealize = apu_top_unrealize;
    dc->vmsd = &vmstate_apu_top;
    dc->user_creatable = false;
    device_class_set_props(dc, apu_top_props);
    apu_top_fault_class_init(klass);
    rc->phases.enter = apu_top_reset_enter;
    rc->phases.hold = apu_top_reset_hold;
}

static const TypeInfo apu_top_info = {
    .name = TYPE_APU_TOP,
    .parent = TYPE_SYS_BUS_DEVICE,
    .instance_size = sizeof(ApuTop),
    .instance_init = apu_top_init,
    .instance_finalize = apu_top_finalize,
    .class_init = apu_top_class_init,
};

static void apu_top_register_types(void)
{
    type_register_static(&apu_top_info);
}

type_init(apu_top_register_types)

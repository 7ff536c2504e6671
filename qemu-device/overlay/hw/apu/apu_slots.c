/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: the life of a job, from doorbell to completion record.
 *
 *   FREE --doorbell--> ARMED --dispatcher--> RUNNING --thread ended--> DONE
 *
 * and from any of them back to FREE through apu_slot_end(). A job that waits
 * in DONE has been executed; its end is still to come in device time.
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "apu_top.h"
#include "trace.h"

/* How often a thread that waits for the guest's UNLOCK is looked after. */
#define APU_STALL_CHECK_NS 10000

static unsigned apu_slot_index(const ApuSlot *slot)
{
    return slot - slot->top->slot;
}

static int64_t apu_now(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static int64_t apu_cycles_to_ns(const ApuSlot *slot, uint64_t cycles)
{
    /* cycles / (khz * 1000) seconds, rounded up */
    return muldiv64_round_up(cycles, 1000 * 1000, slot->khz);
}

/* Whether a job's thread runs within its timer, and never beside the guest. */
static bool apu_slots_in_turn(const ApuTop *s)
{
    return s->in_turn || icount_enabled();
}

static bool apu_slot_is_running(const ApuSlot *slot)
{
    return slot->state == APU_SLOT_RUNNING || slot->state == APU_SLOT_DONE;
}

uint32_t apu_slots_in_state(const ApuTop *s, ApuSlotState state)
{
    uint32_t mask = 0;

    for (unsigned n = 0; n < APU_NUM_SLOTS; n++) {
        if (s->slot[n].state == state) {
            mask |= BIT(n);
        }
    }
    return mask;
}

/*
 * A thread may take longer than the device would, on a slow host: but the gang
 * that it executes is within its limit.
 */
uint32_t apu_slots_time(const ApuTop *s, unsigned slot)
{
    const ApuSlot *p = &s->slot[slot];
    int64_t end = p->end_ns;

    if (!apu_slot_is_running(p)) {
        return 0;
    }
    if (p->state == APU_SLOT_RUNNING) {
        end = p->start_ns + (int64_t)p->desc.time_limit_us * SCALE_US;
    }
    return MIN((MIN(apu_now(), end) - p->start_ns) / SCALE_US, INT32_MAX);
}

int apu_slots_on_engine(const ApuTop *s, unsigned engine, unsigned *stream)
{
    for (unsigned n = 0; n < APU_NUM_SLOTS; n++) {
        const ApuSlot *slot = &s->slot[n];

        if (!apu_slot_is_running(slot) || (slot->detached & BIT(engine))) {
            continue;
        }
        for (unsigned k = 0; k < slot->desc.num_streams; k++) {
            if (slot->engine[k] == engine) {
                *stream = k;
                return n;
            }
        }
    }
    return -1;
}

void apu_slot_arm_end(ApuSlot *slot)
{
    if (slot->end_ns != APU_SLOT_NEVER) {
        timer_mod(slot->timer, slot->end_ns);
    }
}

static void apu_slot_free(ApuSlot *slot)
{
    ApuTop *s = slot->top;

    timer_del(slot->timer);
    s->late_abort[apu_slot_index(slot)] = -1;
    apu_l1_put(&s->l1, slot->banks);
    slot->banks = 0;
    slot->state = APU_SLOT_FREE;
}

static void apu_slots_tell_successors(ApuTop *s, unsigned index, bool failed)
{
    for (unsigned n = 0; n < APU_NUM_SLOTS; n++) {
        ApuSlot *slot = &s->slot[n];

        if (slot->state == APU_SLOT_ARMED && (slot->after & BIT(index))) {
            slot->after &= ~BIT(index);
            slot->pred_failed |= failed;
        }
    }
}

static bool apu_slot_write_record(ApuSlot *slot)
{
    ApuTop *s = slot->top;
    ApuFaultRule rule;

    if (apu_slot_fault(slot, APU_FAULT_ON_RECORD, &rule) == APU_FAULT_NONE &&
        apu_record_write(s, slot->desc_addr, &slot->out) == MEMTX_OK) {
        return true;
    }
    qemu_log_mask(LOG_GUEST_ERROR, "%s: slot %u: no record at 0x%" PRIx64
                  "\n", TYPE_APU_TOP, apu_slot_index(slot), slot->desc_addr);
    return false;
}

/* Ends the job with what is in slot->out; the caller kicks the dispatcher. */
static void apu_slot_end(ApuSlot *slot)
{
    ApuTop *s = slot->top;
    unsigned index = apu_slot_index(slot);
    uint32_t status = slot->out.status;
    uint32_t causes = 0;

    slot->out.cookie = slot->desc.cookie;
    trace_apu_slot_end(index, status, slot->out.cycles, slot->out.end);
    s->jobs++;
    s->timeouts += status == APU_JOB_STATUS_TIMEOUT;
    s->aborts += status == APU_JOB_STATUS_ABORTED;
    s->bad_descs += status == APU_JOB_STATUS_BAD_DESC;
    if (status == APU_JOB_STATUS_MMU_FAULT) {
        s->mmu_faults++;
        apu_top_record_fault(s, index, &slot->desc, &slot->out);
    }

    if (!apu_slot_write_record(slot)) {
        causes |= R_APU_TOP_IRQ_RAW_DESC_MASK;
    }
    apu_slot_free(slot);
    apu_slots_tell_successors(s, index, status != APU_JOB_STATUS_OK);
    if (slot->desc.flags & APU_JOB_FLAG_IRQ) {
        causes |= BIT(index);
    }
    if (slot->abort) {
        s->regs[R_APU_TOP_SLOT_ABORT_ACK] |= BIT(index);
        causes |= R_APU_TOP_IRQ_RAW_ABORT_MASK;
    }
    apu_top_raise(s, causes);
}

/* Ends a job that did not run. */
static void apu_slot_end_unrun(ApuSlot *slot, enum apu_job_status status)
{
    uint64_t now = apu_top_time(slot->top, apu_now());

    slot->out = (struct apu_job_completion) {
        .status = status,
        .start = now,
        .end = now,
    };
    apu_slot_end(slot);
}

/* Writes into slot->out that the job was ended early. */
static void apu_slot_override(ApuSlot *slot)
{
    struct apu_job_completion *out = &slot->out;

    out->status = slot->stop;
    out->detail = 0;
    out->fault_va = 0;
    if (slot->stop != APU_JOB_STATUS_POWER_LOST || slot->lost_engine < 0) {
        return;
    }
    for (unsigned k = 0; k < slot->desc.num_streams; k++) {
        if (slot->engine[k] == slot->lost_engine && out->fail_stream != k) {
            out->fail_stream = k;
            out->fail_offset = 0;
            out->fail_in_call = 0;
            out->fail_va = slot->desc.streams[k].va;
        }
    }
    out->fail_engine = slot->lost_engine;
}

static bool apu_slot_is_clocked(const ApuSlot *slot)
{
    const ApuPower *power = slot->top->power;

    for (unsigned k = 0; k < slot->desc.num_streams; k++) {
        if (!apu_power_clocked(power, APU_DOMAIN_ENGINE(slot->engine[k]))) {
            return false;
        }
    }
    return apu_power_clocked(power, APU_DOMAIN_TOP);
}

/* Ends an executed job if it is time. */
static void apu_slot_deliver(ApuSlot *slot)
{
    ApuTop *s = slot->top;
    struct apu_job_completion *out = &slot->out;
    uint32_t *ecc = &s->regs[R_APU_TOP_ECC_CORRECTED];
    int64_t now = apu_now();

    if (slot->stop != APU_JOB_STATUS_OK) {
        apu_slot_override(slot);
        slot->end_ns = now;
    } else if (slot->end_ns > now) {
        apu_slot_arm_end(slot);
        return;
    } else if (!apu_slot_is_clocked(slot)) {
        /* It stands still; the clock's return kicks. */
        slot->end_ns = now;
        return;
    }

    *ecc += MIN(slot->ecc_corrected, UINT32_MAX - *ecc);
    out->start = apu_top_time(s, slot->start_ns);
    out->end = apu_top_time(s, slot->end_ns);
    out->engines = 0;
    for (unsigned k = 0; k < slot->desc.num_streams; k++) {
        unsigned i = slot->engine[k];

        out->engines |= (uint64_t)i << (8 * k);
        if (!(slot->detached & BIT(i))) {
            s->engine[i]->cycles += out->streams[k].busy;
        }
    }
    apu_slot_end(slot);
}

/* When, in device time, the job ends whose thread has ended. */
static int64_t apu_slot_end_time(const ApuSlot *slot)
{
    const ApuGang *g = slot->gang;

    /*
     * A job runs into its limit in device time, whatever the timing: a driver
     * must not see it expire before.
     */
    if (g->out.status == APU_JOB_STATUS_TIMEOUT) {
        return g->frozen ? APU_SLOT_NEVER : slot->start_ns +
                           (int64_t)slot->desc.time_limit_us * SCALE_US;
    }
    if (slot->top->cycle_timing || g->job.slow) {
        return slot->start_ns + apu_cycles_to_ns(slot, g->out.cycles);
    }
    return apu_now();
}

/* Takes over what the thread left, which has ended. */
static void apu_slot_collect(ApuSlot *slot)
{
    ApuTop *s = slot->top;
    ApuGang *g = slot->gang;

    assert(slot->state == APU_SLOT_RUNNING && apu_gang_is_done(g));
    slot->out = g->out;
    slot->end_ns = apu_slot_end_time(slot);
    s->power->dma_unpowered += g->dma_dropped;
    slot->ecc_corrected = g->ecc_corrected;
    for (unsigned k = 0; k < slot->desc.num_streams; k++) {
        if (!(slot->detached & BIT(slot->engine[k]))) {
            s->engine[slot->engine[k]]->cmd_va = apu_gang_cmd_va(g, k);
        }
    }
    apu_gang_free(g);
    slot->gang = NULL;
    slot->state = APU_SLOT_DONE;
    trace_apu_slot_executed(apu_slot_index(slot), slot->out.status,
                            slot->out.cycles, slot->end_ns);
}

/*
 * With icount, time passes by what the guest executes, and an idle guest's
 * time jumps to the next timer: so the job has one from its start, which
 * waits for the thread. It is as early as a job can possibly end. The thread
 * runs within it: else what the guest sees of the job's effects would depend
 * on the host.
 */
static void apu_slot_timer(void *opaque)
{
    ApuSlot *slot = opaque;

    if (slot->state == APU_SLOT_RUNNING) {
        if (!apu_gang_join(slot->gang)) {
            timer_mod(slot->timer, apu_now() + APU_STALL_CHECK_NS);
            return;
        }
        apu_slot_collect(slot);
    }
    if (slot->state == APU_SLOT_DONE) {
        apu_slot_deliver(slot);
    }
    apu_slots_kick(slot->top);
}

/* From the gang's thread. */
static void apu_slots_gang_done(void *opaque)
{
    ApuTop *s = opaque;

    if (!apu_slots_in_turn(s)) {
        qemu_bh_schedule(s->bh);
    }
}

void apu_slots_poll(ApuTop *s)
{
    for (unsigned n = 0; n < APU_NUM_SLOTS; n++) {
        ApuSlot *slot = &s->slot[n];

        if (slot->state == APU_SLOT_RUNNING && apu_gang_is_done(slot->gang)) {
            apu_slot_collect(slot);
            apu_slot_deliver(slot);
        }
    }
    apu_slots_kick(s);
}

/* The engine whose stream is to hang: the rule's, else the first. */
static unsigned apu_slot_hang_engine(const ApuSlot *slot,
                                     const ApuFaultRule *rule)
{
    for (unsigned k = 0; k < slot->desc.num_streams; k++) {
        if (rule->engines & BIT(slot->engine[k])) {
            return slot->engine[k];
        }
    }
    return slot->engine[0];
}

static void apu_slot_inject(ApuSlot *slot)
{
    ApuTop *s = slot->top;
    ApuGang *g = slot->gang;
    ApuFaultRule rule;

    g->faults = &s->faults;
    g->slot = apu_slot_index(slot);
    switch (apu_slot_fault(slot, APU_FAULT_ON_JOB, &rule)) {
    case APU_FAULT_FREEZE:
        g->frozen = true;
        g->hang_engine = apu_slot_hang_engine(slot, &rule);
        break;
    case APU_FAULT_HANG:
        g->hang_engine = apu_slot_hang_engine(slot, &rule);
        break;
    case APU_FAULT_SLOW:
        g->job.slow = rule.factor;
        break;
    case APU_FAULT_SPURIOUS:
        apu_top_raise_now(s, BIT(g->slot));
        break;
    case APU_FAULT_GLITCH:
        s->glitch = true;
        apu_top_update_irq(s);
        break;
    default:
        break;
    }
}

void apu_slot_start(ApuSlot *slot)
{
    ApuTop *s = slot->top;
    ApuGang *g = apu_gang_new(&s->mmu, &s->l1, apu_slots_gang_done, s);

    apu_l1_take(&s->l1, apu_l1_banks_for(slot->desc.l1_kib), slot->desc.asid,
                &g->grant);
    slot->banks = g->grant.banks;
    slot->khz = apu_power_khz(s->power);
    slot->start_ns = apu_now();
    slot->state = APU_SLOT_RUNNING;
    slot->gang = g;
    slot->ran = true;
    trace_apu_slot_start(apu_slot_index(slot), slot->desc.num_streams,
                         slot->desc.asid, slot->khz, slot->start_ns);

    g->job.desc = slot->desc;
    memcpy(g->job.engine, slot->engine, sizeof(g->job.engine));
    g->job.khz = slot->khz;
    g->job.reference = s->reference;
    apu_slot_inject(slot);
    if (apu_slots_in_turn(s)) {
        timer_mod(slot->timer,
                  slot->start_ns + apu_cycles_to_ns(slot, APU_CYC_COMMAND));
    }
    apu_gang_start(g, s->pool, apu_slots_in_turn(s));
}

/* Whatever may have become possible: each round ends or starts one job. */
void apu_slots_kick(ApuTop *s)
{
    bool progress;

    do {
        progress = false;
        for (unsigned n = 0; n < APU_NUM_SLOTS; n++) {
            ApuSlot *slot = &s->slot[n];

            if (slot->state == APU_SLOT_ARMED && !slot->after &&
                slot->pred_failed &&
                (slot->desc.flags & APU_JOB_FLAG_CANCEL_ON_PRED_FAIL)) {
                apu_slot_end_unrun(slot, APU_JOB_STATUS_CANCELLED);
                progress = true;
            } else if (slot->state == APU_SLOT_DONE) {
                apu_slot_deliver(slot);
                progress |= slot->state == APU_SLOT_FREE;
            }
        }
        progress |= apu_dispatch_one(s);
    } while (progress);
}

static void apu_slots_refuse(ApuTop *s, const char *why, uint32_t value)
{
    qemu_log_mask(LOG_GUEST_ERROR, "%s: doorbell 0x%x: %s\n", TYPE_APU_TOP,
                  value, why);
    s->bad_doorbells++;
    apu_top_raise(s, R_APU_TOP_IRQ_RAW_DESC_MASK);
}

void apu_slots_doorbell(ApuTop *s, uint32_t value)
{
    ApuSlot *slot;
    ApuFaultRule rule;
    const char *why;
    uint64_t addr;

    if (value >= APU_NUM_SLOTS) {
        apu_slots_refuse(s, "no such slot", value);
        return;
    }
    slot = &s->slot[value];
    if (slot->state != APU_SLOT_FREE) {
        apu_slots_refuse(s, "slot is active", value);
        return;
    }
    addr = s->regs[R_APU_TOP_SLOT_DESC_LO + 2 * value] |
           (uint64_t)s->regs[R_APU_TOP_SLOT_DESC_HI + 2 * value] << 32;
    if (addr % APU_SLOT_STRIDE || addr >> APU_PA_BITS ||
        apu_desc_read(s, addr, &slot->desc) != MEMTX_OK) {
        apu_slots_refuse(s, "descriptor cannot be read", value);
        return;
    }

    slot->ran = false;
    switch (apu_slot_fault(slot, APU_FAULT_ON_DOORBELL, &rule)) {
    case APU_FAULT_LOST:
        return;
    case APU_FAULT_BUS_ERROR:
        apu_slots_refuse(s, "descriptor cannot be read (fault rule)", value);
        return;
    default:
        break;
    }

    slot->desc_addr = addr;
    slot->seq = s->next_seq++;
    slot->after = slot->desc.after & ~apu_slots_in_state(s, APU_SLOT_FREE);
    slot->pred_failed = false;
    slot->abort = false;
    slot->stop = APU_JOB_STATUS_OK;
    slot->lost_engine = -1;
    slot->detached = 0;
    slot->banks = 0;
    trace_apu_slot_doorbell(value, addr, slot->after, slot->desc.priority,
                            slot->desc.l1_kib);
    why = apu_desc_check(s, &slot->desc);
    if (why) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: slot %u: bad descriptor: %s\n",
                      TYPE_APU_TOP, value, why);
        apu_slot_end_unrun(slot, APU_JOB_STATUS_BAD_DESC);
        return;
    }
    slot->state = APU_SLOT_ARMED;
    apu_slots_kick(s);
}

static void apu_slot_stop(ApuSlot *slot, enum apu_job_status status)
{
    if (slot->stop == APU_JOB_STATUS_OK) {
        slot->stop = status;
    }
    switch ((ApuSlotState)slot->state) {
    case APU_SLOT_FREE:
        break;
    case APU_SLOT_ARMED:
        apu_slot_end_unrun(slot, status);
        break;
    case APU_SLOT_RUNNING:
        apu_gang_stop(slot->gang, status);
        if (apu_slots_in_turn(slot->top)) {
            timer_mod(slot->timer, apu_now());
        }
        break;
    case APU_SLOT_DONE:
        apu_slot_deliver(slot);
        break;
    }
}

static void apu_slot_begin_abort(ApuSlot *slot)
{
    ApuFaultRule rule;

    switch (apu_slot_fault(slot, APU_FAULT_ON_ABORT, &rule)) {
    case APU_FAULT_STUCK:
        return;
    case APU_FAULT_SLOW:
        slot->abort = true;
        apu_top_late_abort(slot->top, apu_slot_index(slot),
                           apu_fault_delay_ns(&rule));
        return;
    default:
        slot->abort = true;
        apu_slot_stop(slot, APU_JOB_STATUS_ABORTED);
    }
}

void apu_slots_abort_now(ApuTop *s, unsigned slot)
{
    apu_slot_stop(&s->slot[slot], APU_JOB_STATUS_ABORTED);
    apu_slots_kick(s);
}

void apu_slots_abort(ApuTop *s, uint32_t slots)
{
    for (unsigned n = 0; n < APU_NUM_SLOTS; n++) {
        ApuSlot *slot = &s->slot[n];

        if (!(slots & BIT(n))) {
            continue;
        }
        trace_apu_slot_abort(n, slot->state);
        if (slot->state == APU_SLOT_FREE) {
            s->regs[R_APU_TOP_SLOT_ABORT_ACK] |= BIT(n);
            apu_top_raise(s, R_APU_TOP_IRQ_RAW_ABORT_MASK);
        } else {
            apu_slot_begin_abort(slot);
        }
    }
    apu_slots_kick(s);
}

void apu_slots_engine_lost(ApuTop *s, unsigned engine)
{
    unsigned stream;
    int n = apu_slots_on_engine(s, engine, &stream);
    ApuSlot *slot;

    if (n < 0) {
        return;
    }
    slot = &s->slot[n];
    slot->detached |= BIT(engine);
    if (slot->stop == APU_JOB_STATUS_OK) {
        slot->lost_engine = engine;
    }
    if (slot->gang) {
        apu_gang_kill_engine(slot->gang, engine);
    }
    apu_slot_stop(slot, APU_JOB_STATUS_POWER_LOST);
}

void apu_slots_drop(ApuTop *s)
{
    /* All are told first, so that they end side by side. */
    for (unsigned n = 0; n < APU_NUM_SLOTS; n++) {
        ApuSlot *slot = &s->slot[n];

        if (slot->state != APU_SLOT_RUNNING) {
            continue;
        }
        for (unsigned k = 0; k < slot->desc.num_streams; k++) {
            apu_gang_kill_engine(slot->gang, slot->engine[k]);
        }
        apu_gang_stop(slot->gang, APU_JOB_STATUS_POWER_LOST);
    }
    for (unsigned n = 0; n < APU_NUM_SLOTS; n++) {
        ApuSlot *slot = &s->slot[n];

        if (slot->state == APU_SLOT_RUNNING) {
            apu_gang_join(slot->gang);
            apu_slot_collect(slot);
        }
        apu_slot_free(slot);
    }
}

bool apu_slots_quiesce(ApuTop *s)
{
    bool all = true;

    for (unsigned n = 0; n < APU_NUM_SLOTS; n++) {
        ApuSlot *slot = &s->slot[n];

        if (slot->state != APU_SLOT_RUNNING) {
            continue;
        }
        if (!apu_gang_join(slot->gang)) {
            all = false;
            continue;
        }
        apu_slot_collect(slot);
        /* Its end becomes visible only when the machine runs on. */
        apu_slot_arm_end(slot);
    }
    return all;
}

void apu_slots_init(ApuTop *s)
{
    for (unsigned n = 0; n < APU_NUM_SLOTS; n++) {
        ApuSlot *slot = &s->slot[n];

        slot->top = s;
        slot->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, apu_slot_timer, slot);
    }
}

void apu_slots_exit(ApuTop *s)
{
    for (unsigned n = 0; n < APU_NUM_SLOTS; n++) {
        timer_free(s->slot[n].timer);
    }
}

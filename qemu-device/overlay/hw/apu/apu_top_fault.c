/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: what fault rules do to TOP, and how they get there: the property
 * "fault", and migration.
 */

#include "qemu/osdep.h"
#include "qemu/error-report.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "apu_top.h"

ApuFaultAction apu_slot_fault(const ApuSlot *slot, ApuFaultEvent on,
                              ApuFaultRule *rule)
{
    ApuFaultPlace place = {
        .ctx = slot->desc.asid,
        .slot = slot - slot->top->slot,
        .cause = APU_FAULT_CAUSE_SLOT,
    };

    for (unsigned k = 0; slot->ran && k < slot->desc.num_streams; k++) {
        place.engines |= BIT(slot->engine[k]);
    }
    return apu_fault(&slot->top->faults, on, &place, rule);
}

bool apu_top_reads_ones(ApuTop *s, unsigned engine)
{
    const ApuFaultPlace place = { .engines = BIT(engine) };
    ApuFaultRule rule;

    return apu_fault(&s->faults, APU_FAULT_ON_MMIO, &place, &rule) ==
           APU_FAULT_READ_ONES;
}

/* --- interrupts and aborts that come late --------------------------------- */

static void apu_top_arm_late(ApuTop *s)
{
    int64_t next = INT64_MAX;

    for (unsigned i = 0; i < ARRAY_SIZE(s->late_irq); i++) {
        if (s->late_irq[i] >= 0) {
            next = MIN(next, s->late_irq[i]);
        }
    }
    for (unsigned n = 0; n < ARRAY_SIZE(s->late_abort); n++) {
        if (s->late_abort[n] >= 0) {
            next = MIN(next, s->late_abort[n]);
        }
    }
    if (next == INT64_MAX) {
        timer_del(s->late_timer);
    } else {
        timer_mod(s->late_timer, next);
    }
}

static bool apu_late_is_due(int64_t *at, int64_t now)
{
    if (*at < 0 || *at > now) {
        return false;
    }
    *at = -1;
    return true;
}

static void apu_top_late(void *opaque)
{
    ApuTop *s = opaque;
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    for (unsigned i = 0; i < ARRAY_SIZE(s->late_irq); i++) {
        if (apu_late_is_due(&s->late_irq[i], now)) {
            apu_top_raise_now(s, BIT(i));
        }
    }
    for (unsigned n = 0; n < ARRAY_SIZE(s->late_abort); n++) {
        if (apu_late_is_due(&s->late_abort[n], now) &&
            s->slot[n].state != APU_SLOT_FREE) {
            apu_slots_abort_now(s, n);
        }
    }
    apu_top_arm_late(s);
}

static ApuFaultAction apu_top_cause_fault(ApuTop *s, unsigned bit,
                                          ApuFaultRule *rule)
{
    ApuFaultPlace place = { .cause = APU_FAULT_CAUSE_ABORT };

    if (bit < APU_NUM_SLOTS) {
        return apu_slot_fault(&s->slot[bit], APU_FAULT_ON_IRQ, rule);
    }
    if (bit == R_APU_TOP_IRQ_RAW_DESC_SHIFT) {
        place.cause = APU_FAULT_CAUSE_DESC;
    } else if (bit == R_APU_TOP_IRQ_RAW_MMU_SHIFT) {
        place.cause = APU_FAULT_CAUSE_MMU;
    }
    return apu_fault(&s->faults, APU_FAULT_ON_IRQ, &place, rule);
}

uint32_t apu_top_filter_causes(ApuTop *s, uint32_t causes)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    for (unsigned bit = 0; bit < APU_TOP_NUM_CAUSES; bit++) {
        ApuFaultRule rule;

        if (!(causes & BIT(bit))) {
            continue;
        }
        switch (apu_top_cause_fault(s, bit, &rule)) {
        case APU_FAULT_LOST:
            causes &= ~BIT(bit);
            break;
        case APU_FAULT_LATE:
            causes &= ~BIT(bit);
            s->late_irq[bit] = now + apu_fault_delay_ns(&rule);
            break;
        case APU_FAULT_DUPLICATE:
            s->late_irq[bit] = now + apu_fault_delay_ns(&rule);
            break;
        default:
            break;
        }
    }
    apu_top_arm_late(s);
    return causes;
}

void apu_top_late_abort(ApuTop *s, unsigned slot, int64_t delay_ns)
{
    s->late_abort[slot] = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + delay_ns;
    apu_top_arm_late(s);
}

void apu_top_fault_clear(ApuTop *s)
{
    s->glitch = false;
    for (unsigned i = 0; i < ARRAY_SIZE(s->late_irq); i++) {
        s->late_irq[i] = -1;
    }
    for (unsigned n = 0; n < ARRAY_SIZE(s->late_abort); n++) {
        s->late_abort[n] = -1;
    }
    timer_del(s->late_timer);
}

/* --- property and migration ----------------------------------------------- */

static char *apu_top_get_fault(Object *obj, Error **errp)
{
    ApuTop *s = APU_TOP(obj);

    if (!DEVICE(obj)->realized) {
        return g_strdup(s->fault_text ?: "");
    }
    return apu_faults_get(&s->faults);
}

/* Before realize it is not known yet which engines there are. */
static void apu_top_set_fault(Object *obj, const char *value, Error **errp)
{
    ApuTop *s = APU_TOP(obj);

    if (DEVICE(obj)->realized) {
        apu_faults_set(&s->faults, value, errp);
    } else {
        g_free(s->fault_text);
        s->fault_text = g_strdup(value);
    }
}

bool apu_top_fault_realize(ApuTop *s, Error **errp)
{
    apu_faults_init(&s->faults, s->num, APU_NUM_CLASSES);
    if (s->fault_text && !apu_faults_set(&s->faults, s->fault_text, errp)) {
        apu_faults_destroy(&s->faults);
        return false;
    }
    s->late_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, apu_top_late, s);
    s->power->faults = &s->faults;
    return true;
}

void apu_top_fault_unrealize(ApuTop *s)
{
    s->power->faults = NULL;
    timer_free(s->late_timer);
    apu_faults_destroy(&s->faults);
}

void apu_top_fault_class_init(ObjectClass *klass)
{
    object_class_property_add_str(klass, "fault", apu_top_get_fault,
                                  apu_top_set_fault);
    object_class_property_set_description(klass, "fault",
        "Rules that make the device fail: on=EVENT,do=ACTION[,KEY=VALUE]..., "
        "separated by semicolons");
}

void apu_top_fault_save(ApuTop *s)
{
    g_free(s->fault_text);
    s->fault_text = apu_faults_get(&s->faults);
    s->fault_len = strlen(s->fault_text) + 1;
}

bool apu_top_fault_load(ApuTop *s)
{
    Error *err = NULL;

    if (!s->fault_len || s->fault_text[s->fault_len - 1]) {
        return false;
    }
    if (!apu_faults_set(&s->faults, s->fault_text, &err)) {
        error_report_err(err);
        return false;
    }
    apu_top_arm_late(s);
    return true;
}

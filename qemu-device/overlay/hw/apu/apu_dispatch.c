/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: dispatcher. Of the gangs whose predecessors have ended it starts
 * the one of highest priority, then the oldest. What the first of them waits
 * for is kept for it, so that small gangs cannot starve a large one.
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "apu_top.h"
#include "trace.h"

/* What a gang needs, or what there is. */
typedef struct ApuResources {
    unsigned engines[APU_NUM_CLASSES];
    unsigned banks;
} ApuResources;

static ApuResources apu_needs(const ApuSlot *slot)
{
    ApuResources need = { .banks = apu_l1_banks_for(slot->desc.l1_kib) };

    for (unsigned i = 0; i < slot->desc.num_streams; i++) {
        need.engines[slot->desc.streams[i].engine_class]++;
    }
    return need;
}

/* Enabled, working and not part of a gang. */
static bool apu_engine_is_free(const ApuTop *s, unsigned i)
{
    if (!(s->regs[R_APU_TOP_ENGINE_ENABLE] & BIT(i)) ||
        !apu_power_works(s->power, APU_DOMAIN_ENGINE(i))) {
        return false;
    }
    for (unsigned n = 0; n < APU_NUM_SLOTS; n++) {
        const ApuSlot *slot = &s->slot[n];

        if (slot->state != APU_SLOT_RUNNING && slot->state != APU_SLOT_DONE) {
            continue;
        }
        for (unsigned k = 0; k < slot->desc.num_streams; k++) {
            if (slot->engine[k] == i) {
                return false;
            }
        }
    }
    return true;
}

static ApuResources apu_free_resources(const ApuTop *s)
{
    ApuResources have = { .banks = apu_l1_free_banks(&s->l1) };

    for (unsigned i = 0; i < s->num_engines; i++) {
        if (apu_engine_is_free(s, i)) {
            have.engines[s->engine[i]->class]++;
        }
    }
    return have;
}

static bool apu_fits(const ApuResources *need, const ApuResources *have)
{
    for (unsigned c = 0; c < APU_NUM_CLASSES; c++) {
        if (need->engines[c] > have->engines[c]) {
            return false;
        }
    }
    return need->banks <= have->banks;
}

static void apu_keep(ApuResources *have, const ApuResources *need)
{
    for (unsigned c = 0; c < APU_NUM_CLASSES; c++) {
        have->engines[c] -= MIN(have->engines[c], need->engines[c]);
    }
    have->banks -= MIN(have->banks, need->banks);
}

/* The next ready gang in order of rank that is not in @passed. */
static ApuSlot *apu_next_ready(ApuTop *s, uint32_t passed)
{
    ApuSlot *best = NULL;

    for (unsigned n = 0; n < APU_NUM_SLOTS; n++) {
        ApuSlot *slot = &s->slot[n];

        if (slot->state != APU_SLOT_ARMED || slot->after ||
            (passed & BIT(n))) {
            continue;
        }
        if (!best || slot->desc.priority > best->desc.priority ||
            (slot->desc.priority == best->desc.priority &&
             slot->seq < best->seq)) {
            best = slot;
        }
    }
    return best;
}

static void apu_assign_engines(ApuTop *s, ApuSlot *slot)
{
    uint32_t given = 0;

    for (unsigned k = 0; k < slot->desc.num_streams; k++) {
        for (unsigned i = 0; i < s->num_engines; i++) {
            if (s->engine[i]->class == slot->desc.streams[k].engine_class &&
                !(given & BIT(i)) && apu_engine_is_free(s, i)) {
                given |= BIT(i);
                slot->engine[k] = i;
                break;
            }
        }
    }
}

bool apu_dispatch_one(ApuTop *s)
{
    ApuResources have;
    ApuSlot *slot;
    uint32_t passed = 0;

    if (!apu_power_works(s->power, APU_DOMAIN_TOP)) {
        return false;
    }
    have = apu_free_resources(s);
    while ((slot = apu_next_ready(s, passed))) {
        ApuResources need = apu_needs(slot);

        if (apu_fits(&need, &have)) {
            apu_assign_engines(s, slot);
            apu_slot_start(slot);
            return true;
        }
        if (!passed) {
            apu_keep(&have, &need);
        }
        passed |= BIT(slot - s->slot);
    }
    return false;
}

/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: L1 banks.
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/host-utils.h"
#include "qemu/units.h"
#include "apu_l1.h"
#include "trace.h"

/* What SRAM holds after a loss of power. */
#define APU_L1_POISON 0xa5

void apu_l1_init(ApuL1 *l1, unsigned kib)
{
    l1->bytes = kib * KiB;
    l1->banks = kib / APU_L1_BANK_KIB;
    l1->mem = g_malloc(l1->bytes);
    apu_l1_poison(l1);
}

void apu_l1_destroy(ApuL1 *l1)
{
    g_free(l1->mem);
    l1->mem = NULL;
}

void apu_l1_poison(ApuL1 *l1)
{
    memset(l1->mem, APU_L1_POISON, l1->bytes);
    l1->used = 0;
    for (unsigned i = 0; i < APU_L1_MAX_BANKS; i++) {
        l1->owner[i] = -1;
    }
}

unsigned apu_l1_banks_for(uint32_t kib)
{
    return DIV_ROUND_UP((uint64_t)kib, APU_L1_BANK_KIB);
}

unsigned apu_l1_free_banks(const ApuL1 *l1)
{
    return l1->banks - ctpop64(l1->used);
}

uint64_t apu_l1_bytes(uint64_t banks)
{
    return ctpop64(banks) * (uint64_t)APU_L1_BANK_BYTES;
}

/*
 * Prefers banks in one piece, which need no copying, and among those the ones
 * that the address space had before, which need no zeroing.
 */
static uint64_t apu_l1_pick(const ApuL1 *l1, unsigned num, uint16_t asid)
{
    uint64_t pick = 0;
    int best = -1;

    for (unsigned first = 0; first + num <= l1->banks; first++) {
        uint64_t banks = MAKE_64BIT_MASK(first, num);
        int own = 0;

        if (l1->used & banks) {
            continue;
        }
        for (unsigned i = first; i < first + num; i++) {
            own += l1->owner[i] == asid;
        }
        if (own > best) {
            best = own;
            pick = banks;
        }
    }
    for (unsigned i = 0; best < 0 && i < l1->banks; i++) {
        if (!(l1->used & BIT_ULL(i)) && ctpop64(pick) < num) {
            pick |= BIT_ULL(i);
        }
    }
    return pick;
}

void apu_l1_take(ApuL1 *l1, unsigned num, uint16_t asid, ApuL1Grant *grant)
{
    grant->banks = num ? apu_l1_pick(l1, num, asid) : 0;
    grant->scrub = 0;
    assert(ctpop64(grant->banks) == num);
    for (unsigned i = 0; i < l1->banks; i++) {
        if (!(grant->banks & BIT_ULL(i))) {
            continue;
        }
        if (l1->owner[i] != asid) {
            grant->scrub |= BIT_ULL(i);
        }
        l1->owner[i] = asid;
    }
    l1->used |= grant->banks;
    trace_apu_l1_take(asid, grant->banks, grant->scrub);
}

void apu_l1_forget(ApuL1 *l1, int32_t asid)
{
    for (unsigned i = 0; i < l1->banks; i++) {
        if (asid < 0 || l1->owner[i] == asid) {
            l1->owner[i] = -1;
        }
    }
}

void apu_l1_put(ApuL1 *l1, uint64_t banks)
{
    l1->used &= ~banks;
}

uint8_t *apu_l1_direct(ApuL1 *l1, uint64_t banks)
{
    unsigned first = banks ? ctz64(banks) : 0;

    if (banks != MAKE_64BIT_MASK(first, MAX(ctpop64(banks), 1)) && banks) {
        return NULL;
    }
    return l1->mem + (size_t)first * APU_L1_BANK_BYTES;
}

static uint8_t *apu_l1_bank(ApuL1 *l1, unsigned bank)
{
    return l1->mem + (size_t)bank * APU_L1_BANK_BYTES;
}

void apu_l1_enter(ApuL1 *l1, const ApuL1Grant *grant, uint8_t *bounce)
{
    for (unsigned i = 0; i < l1->banks; i++) {
        if (grant->scrub & BIT_ULL(i)) {
            memset(apu_l1_bank(l1, i), 0, APU_L1_BANK_BYTES);
        }
        if (bounce && (grant->banks & BIT_ULL(i))) {
            memcpy(bounce, apu_l1_bank(l1, i), APU_L1_BANK_BYTES);
            bounce += APU_L1_BANK_BYTES;
        }
    }
}

void apu_l1_leave(ApuL1 *l1, const ApuL1Grant *grant, const uint8_t *bounce)
{
    for (unsigned i = 0; bounce && i < l1->banks; i++) {
        if (grant->banks & BIT_ULL(i)) {
            memcpy(apu_l1_bank(l1, i), bounce, APU_L1_BANK_BYTES);
            bounce += APU_L1_BANK_BYTES;
        }
    }
}

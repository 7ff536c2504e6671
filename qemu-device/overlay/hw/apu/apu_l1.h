/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: L1, the SRAM that is given to gangs in banks. Grants are made and
 * returned in the main loop; between the two a gang's thread has its banks
 * to itself.
 */
#ifndef HW_APU_L1_H
#define HW_APU_L1_H

/* The reset value of L1_BANK_KIB. */
#define APU_L1_BANK_KIB     128
#define APU_L1_BANK_BYTES   (APU_L1_BANK_KIB * 1024)
#define APU_L1_MAX_BANKS    64

typedef struct ApuL1 {
    uint8_t *mem;
    uint32_t bytes;
    unsigned banks;
    uint64_t used;
    /* ASID of the last gang that had a bank, -1 for none. */
    int32_t owner[APU_L1_MAX_BANKS];
} ApuL1;

typedef struct ApuL1Grant {
    uint64_t banks;
    uint64_t scrub;         /* those of them that are to be zeroed */
} ApuL1Grant;

void apu_l1_init(ApuL1 *l1, unsigned kib);
void apu_l1_destroy(ApuL1 *l1);

/* Power was lost: contents are garbage and nobody's. */
void apu_l1_poison(ApuL1 *l1);

unsigned apu_l1_banks_for(uint32_t kib);
unsigned apu_l1_free_banks(const ApuL1 *l1);
uint64_t apu_l1_bytes(uint64_t banks);

/* Takes @num free banks, which the caller has made sure exist. */
void apu_l1_take(ApuL1 *l1, unsigned num, uint16_t asid, ApuL1Grant *grant);
void apu_l1_put(ApuL1 *l1, uint64_t banks);

/*
 * Banks that @asid had last, or all if it is -1, are nobody's: zeroed for the
 * next gang.
 */
void apu_l1_forget(ApuL1 *l1, int32_t asid);

/* Where the banks are, NULL if they are not in one piece. */
uint8_t *apu_l1_direct(ApuL1 *l1, uint64_t banks);

/*
 * The gang's thread, before and after: zeroes what has to be, and copies the
 * banks to and from @bounce if that is not NULL.
 */
void apu_l1_enter(ApuL1 *l1, const ApuL1Grant *grant, uint8_t *bounce);
void apu_l1_leave(ApuL1 *l1, const ApuL1Grant *grant, const uint8_t *bounce);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of the executor share: TAP, random numbers, streams. */
#ifndef APU_TEST_HARNESS_H
#define APU_TEST_HARNESS_H

#include "apu_flatmem.h"

#ifdef __cplusplus
extern "C" {
#endif

/* TAP */
void tap_ok(bool ok, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void tap_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
int tap_done(void);             /* prints the plan; the exit status */

/* xorshift64*, the same on every host */
void rnd_seed(uint64_t seed);
uint64_t rnd(void);
uint32_t rnd_below(uint32_t n);
int32_t rnd_range(int32_t lo, int32_t hi);      /* both included */
void rnd_bytes(void *buf, size_t n);

/* References */
#define REF(region, offset) \
    ((uint64_t)(region) << APU_REF_REGION_SHIFT | (uint64_t)(offset))
#define L1(offset) REF(APU_REGION_L1, offset)

/* A command buffer that is being written. */
struct prog {
    uint64_t *words;
    size_t num, max;
};

void prog_add(struct prog *p, const void *cmd, unsigned words);
void prog_simple(struct prog *p, unsigned opcode, uint32_t imm);
void prog_region(struct prog *p, unsigned region, uint64_t base,
                 uint64_t size);
void prog_call(struct prog *p, uint64_t text, uint64_t bytes);
void prog_wait(struct prog *p, unsigned counter, uint64_t value);
void prog_free(struct prog *p);

static inline uint32_t prog_bytes(const struct prog *p)
{
    return p->num * 8;
}

/* Header of a command of type struct apu_cmd_… */
#define HDR(op, type) \
    { .opcode = APU_OP_##op, .words = sizeof(struct apu_cmd_##type) / 8 }

/*
 * One command in a stream of its own: region 2 is @dram (writable), L1 is
 * @l1, which holds the result afterwards.
 */
struct one {
    const void *cmd;
    unsigned engine_class;
    uint8_t *l1;
    uint32_t l1_kib;
    void *dram;
    uint64_t dram_size;
    bool reference;
    struct apu_job_completion record;
};

enum apu_job_status one_run(struct one *o);

#ifdef __cplusplus
}
#endif

#endif

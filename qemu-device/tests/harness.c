/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See harness.h.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness.h"

#define TEXT_VA 0x10000
#define DRAM_VA 0x40000000

static unsigned tests, failures;
static uint64_t rnd_state = 1;

void tap_ok(bool ok, const char *format, ...)
{
    va_list ap;

    tests++;
    failures += !ok;
    printf("%sok %u - ", ok ? "" : "not ", tests);
    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
    putchar('\n');
    fflush(stdout);
}

void tap_note(const char *format, ...)
{
    va_list ap;

    printf("# ");
    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
    putchar('\n');
}

int tap_done(void)
{
    printf("1..%u\n", tests);
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}

void rnd_seed(uint64_t seed)
{
    rnd_state = seed ? seed : 1;
}

uint64_t rnd(void)
{
    rnd_state ^= rnd_state >> 12;
    rnd_state ^= rnd_state << 25;
    rnd_state ^= rnd_state >> 27;
    return rnd_state * 0x2545f4914f6cdd1d;
}

uint32_t rnd_below(uint32_t n)
{
    return (rnd() >> 32) % n;
}

int32_t rnd_range(int32_t lo, int32_t hi)
{
    uint64_t span = (int64_t)hi - lo + 1;

    return (int32_t)(lo + (int64_t)((rnd() >> 16) % span));
}

void rnd_bytes(void *buf, size_t n)
{
    uint8_t *p = buf;

    while (n--) {
        *p++ = rnd() >> 56;
    }
}

void prog_add(struct prog *p, const void *cmd, unsigned words)
{
    if (p->num + words > p->max) {
        p->max = p->max * 2 + words + 64;
        p->words = realloc(p->words, p->max * 8);
        if (!p->words) {
            abort();
        }
    }
    memcpy(p->words + p->num, cmd, words * 8);
    p->num += words;
}

void prog_simple(struct prog *p, unsigned opcode, uint32_t imm)
{
    struct apu_cmd_header h = { .opcode = opcode, .words = 1, .imm = imm };

    prog_add(p, &h, 1);
}

void prog_region(struct prog *p, unsigned region, uint64_t base,
                 uint64_t size)
{
    struct apu_cmd_set_region c = {
        .hdr = HDR(SET_REGION, set_region), .base = base, .size = size,
    };

    c.hdr.imm = region;
    prog_add(p, &c, sizeof(c) / 8);
}

void prog_call(struct prog *p, uint64_t text, uint64_t bytes)
{
    struct apu_cmd_call c = {
        .hdr = HDR(CALL, call), .text = text, .bytes = bytes,
    };

    prog_add(p, &c, sizeof(c) / 8);
}

void prog_wait(struct prog *p, unsigned counter, uint64_t value)
{
    struct apu_cmd_wait c = { .hdr = HDR(WAIT, wait), .value = value };

    c.hdr.imm = counter;
    prog_add(p, &c, sizeof(c) / 8);
}

void prog_free(struct prog *p)
{
    free(p->words);
    memset(p, 0, sizeof(*p));
}

enum apu_job_status one_run(struct one *o)
{
    const struct apu_cmd_header *hdr = o->cmd;
    struct apu_flatmem *m = apu_flatmem_new();
    struct prog p = { 0 };

    if (o->dram) {
        prog_region(&p, APU_REGION_STATIC, DRAM_VA, o->dram_size);
        apu_flatmem_map(m, DRAM_VA, o->dram, o->dram_size, true);
    }
    prog_add(&p, o->cmd, hdr->words);
    apu_flatmem_map(m, TEXT_VA, p.words, prog_bytes(&p), false);
    apu_flatmem_stream(m, o->engine_class, TEXT_VA, prog_bytes(&p));
    apu_flatmem_reference(m, o->reference);
    apu_flatmem_set_l1(m, o->l1, (size_t)o->l1_kib * 1024);
    apu_flatmem_run(m, o->l1_kib, &o->record);
    memcpy(o->l1, apu_flatmem_l1(m), (size_t)o->l1_kib * 1024);
    apu_flatmem_free(m);
    prog_free(&p);
    return o->record.status;
}

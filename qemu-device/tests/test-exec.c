/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Streams: regions, calls, synchronisation, faults, aborts and what the
 * completion record says about them.
 */

#include <stdlib.h>
#include <string.h>
#include "commands.h"

#define L1_KIB 16
#define TEXT_VA 0x100000
#define CALLED_VA 0x800000
#define DRAM_VA 0x40000000
#define DRAM_BYTES 0x4000

static uint8_t dram[DRAM_BYTES];

struct job {
    struct apu_flatmem *m;
    struct prog p[5], called;
    unsigned class[5];
    unsigned num;
    struct apu_job_completion r;
};

static void job_begin(struct job *j, unsigned class)
{
    memset(j, 0, sizeof(*j));
    j->m = apu_flatmem_new();
    j->num = 1;
    j->class[0] = class;
    apu_flatmem_map(j->m, DRAM_VA, dram, DRAM_BYTES, true);
}

static enum apu_job_status job_run(struct job *j)
{
    if (j->called.num) {
        apu_flatmem_map(j->m, CALLED_VA, j->called.words,
                        prog_bytes(&j->called), false);
    }
    for (unsigned i = 0; i < j->num; i++) {
        uint64_t va = TEXT_VA + i * 0x10000;

        apu_flatmem_map(j->m, va, j->p[i].words, prog_bytes(&j->p[i]), false);
        apu_flatmem_stream(j->m, j->class[i], va, prog_bytes(&j->p[i]));
    }
    return apu_flatmem_run(j->m, L1_KIB, &j->r);
}

static void job_end(struct job *j)
{
    for (unsigned i = 0; i < j->num; i++) {
        prog_free(&j->p[i]);
    }
    prog_free(&j->called);
    apu_flatmem_free(j->m);
}

/* Where the record says that the job failed */
static bool failed_at(const struct job *j, unsigned stream, unsigned engine,
                      bool in_call, uint32_t offset)
{
    uint64_t va = (in_call ? CALLED_VA : TEXT_VA + stream * 0x10000) + offset;

    if (j->r.status == APU_JOB_STATUS_OK) {
        va = 0;
    }
    if (j->r.fail_stream == stream && j->r.fail_engine == engine &&
        j->r.fail_in_call == in_call && j->r.fail_offset == offset &&
        j->r.fail_va == va) {
        return true;
    }
    tap_note("failed at stream %u, engine %u, %s + 0x%x", j->r.fail_stream,
             j->r.fail_engine, j->r.fail_in_call ? "call" : "main",
             j->r.fail_offset);
    return false;
}

/* A copy in DRAM through a called buffer */
static void test_call(void)
{
    struct apu_cmd_copy c = cmd_copy();
    struct job j;
    bool ok;

    rnd_bytes(dram, 0x100);
    memset(dram + 0x1000, 0, 120);
    job_begin(&j, APU_ENGINE_CLASS_EDMA);
    c.src = REF(4, 0);
    c.dst = REF(5, 0);
    prog_add(&j.called, &c, c.hdr.words);
    prog_simple(&j.called, APU_OP_END, 0);
    prog_simple(&j.called, 0xff, 0);            /* not reached */
    prog_region(&j.p[0], 1, CALLED_VA, prog_bytes(&j.called));
    prog_region(&j.p[0], 4, DRAM_VA, 0x1000);
    prog_region(&j.p[0], 5, DRAM_VA + 0x1000, 120);
    prog_call(&j.p[0], REF(1, 0), prog_bytes(&j.called));
    prog_simple(&j.p[0], APU_OP_END, 0);
    prog_simple(&j.p[0], 0xff, 0);              /* not reached */
    ok = job_run(&j) == APU_JOB_STATUS_OK &&
         !memcmp(dram, dram + 0x1000, 120) && failed_at(&j, 0, 0, false, 0) &&
         j.r.detail == 0 && j.r.engines == 2;
    tap_ok(ok, "a called buffer copies between regions");
    job_end(&j);
}

static enum apu_job_status one_control(const void *cmd, unsigned words,
                                       bool called)
{
    enum apu_job_status s;
    struct job j;

    job_begin(&j, APU_ENGINE_CLASS_MVPU);
    prog_add(called ? &j.called : &j.p[0], cmd, words);
    if (called) {
        prog_region(&j.p[0], 1, CALLED_VA, 0x1000);
        prog_call(&j.p[0], REF(1, 0), prog_bytes(&j.called));
    }
    s = job_run(&j);
    job_end(&j);
    return s;
}

static void test_control(void)
{
    struct apu_cmd_set_region r = {
        .hdr = HDR(SET_REGION, set_region), .base = 8, .size = 8,
    };
    struct apu_cmd_call c = { .hdr = HDR(CALL, call), .text = REF(1, 0) };
    struct apu_cmd_header s = { .opcode = APU_OP_SIGNAL, .words = 1 };
    struct apu_cmd_wait w = { .hdr = HDR(WAIT, wait) };

    r.hdr.imm = 15;
    tap_ok(one_control(&r, 3, false) == APU_JOB_STATUS_OK, "SET_REGION 15");
    tap_ok(one_control(&r, 3, true) == APU_JOB_STATUS_BAD_COMMAND,
           "SET_REGION in a called buffer");
    r.base = 12;
    tap_ok(one_control(&r, 3, false) == APU_JOB_STATUS_BAD_COMMAND,
           "SET_REGION: unaligned base");
    r.base = UINT64_MAX - 7;
    tap_ok(one_control(&r, 3, false) == APU_JOB_STATUS_BAD_COMMAND,
           "SET_REGION: a region that wraps");
    r.base = 0;
    r.hdr.imm = 0;
    tap_ok(one_control(&r, 3, false) == APU_JOB_STATUS_BAD_COMMAND,
           "SET_REGION 0");
    r.hdr.imm = 16;
    tap_ok(one_control(&r, 3, false) == APU_JOB_STATUS_BAD_COMMAND,
           "SET_REGION 16");
    tap_ok(one_control(&c, 3, true) == APU_JOB_STATUS_BAD_COMMAND,
           "CALL in a called buffer");
    c.bytes = 8;
    tap_ok(one_control(&c, 3, false) == APU_JOB_STATUS_BAD_REGION,
           "CALL into an empty region");
    c.text = L1(0);
    tap_ok(one_control(&c, 3, false) == APU_JOB_STATUS_BAD_REGION,
           "CALL into L1");
    c.text = REF(1, 4);
    tap_ok(one_control(&c, 3, false) == APU_JOB_STATUS_BAD_COMMAND,
           "CALL: unaligned");
    c.text = REF(1, 0);
    c.bytes = 12;
    tap_ok(one_control(&c, 3, false) == APU_JOB_STATUS_BAD_COMMAND,
           "CALL: 12 bytes");
    c.bytes = APU_MAX_STREAM_BYTES + 8;
    tap_ok(one_control(&c, 3, false) == APU_JOB_STATUS_BAD_COMMAND,
           "CALL: too long");
    s.imm = 32;
    tap_ok(one_control(&s, 1, false) == APU_JOB_STATUS_BAD_COMMAND,
           "SIGNAL 32");
    tap_ok(one_control(&w, 2, false) == APU_JOB_STATUS_OK,
           "WAIT for nothing");
    w.hdr.imm = 32;
    tap_ok(one_control(&w, 2, false) == APU_JOB_STATUS_BAD_COMMAND,
           "WAIT 32");
}

/* A command that its buffer cuts off */
static void test_cut_off(void)
{
    struct apu_cmd_fill c = cmd_fill();
    struct job j;

    job_begin(&j, APU_ENGINE_CLASS_EDMA);
    prog_simple(&j.p[0], APU_OP_NOP, 0);
    prog_add(&j.p[0], &c, c.hdr.words - 1);
    tap_ok(job_run(&j) == APU_JOB_STATUS_BAD_COMMAND &&
           failed_at(&j, 0, 2, false, 8) && j.r.detail == APU_OP_FILL,
           "a command that is cut off");
    job_end(&j);
}

/* Text that ends in the middle of a command, at a page that is not mapped */
static void test_fetch_fault(void)
{
    struct apu_cmd_fill c = cmd_fill();
    struct apu_flatmem *m = apu_flatmem_new();
    struct apu_job_completion r;
    struct prog p = { 0 };
    bool ok;

    for (unsigned i = 0; i < 508; i++) {
        prog_simple(&p, APU_OP_NOP, 0);
    }
    prog_add(&p, &c, c.hdr.words);
    apu_flatmem_map(m, TEXT_VA, p.words, 4096, false);
    apu_flatmem_stream(m, APU_ENGINE_CLASS_EDMA, TEXT_VA, prog_bytes(&p));
    ok = apu_flatmem_run(m, L1_KIB, &r) == APU_JOB_STATUS_MMU_FAULT &&
         r.fault_va == TEXT_VA + 4096 && r.fail_offset == 508 * 8 &&
         r.detail == APU_FAULT_KIND_TRANSLATION;
    tap_ok(ok, "a fault while fetching");

    /* END before the hole: the hole is not looked at. */
    p.words[508] = APU_OP_END | 1 << 16;
    apu_flatmem_stream(m, APU_ENGINE_CLASS_EDMA, TEXT_VA, prog_bytes(&p));
    tap_ok(apu_flatmem_run(m, L1_KIB, &r) == APU_JOB_STATUS_OK &&
           apu_flatmem_reads(m) == 4096, "END before a hole");
    apu_flatmem_free(m);
    prog_free(&p);
}

static void test_data_fault(void)
{
    struct apu_cmd_copy c = cmd_copy();
    struct job j;

    job_begin(&j, APU_ENGINE_CLASS_EDMA);
    c.src = L1(0);
    c.dst = REF(2, 0);
    prog_region(&j.called, 7, 0, 0);            /* any read-only memory */
    prog_region(&j.p[0], 2, CALLED_VA, 0x1000);
    prog_add(&j.p[0], &c, c.hdr.words);
    tap_ok(job_run(&j) == APU_JOB_STATUS_MMU_FAULT &&
           failed_at(&j, 0, 2, false, 24) && j.r.fault_va == CALLED_VA &&
           j.r.detail == (APU_FAULT_KIND_PERMISSION | 1 << 8),
           "a write to read-only memory");
    job_end(&j);

    job_begin(&j, APU_ENGINE_CLASS_EDMA);
    c.src = REF(2, DRAM_BYTES - 8);
    c.dst = L1(0);
    prog_region(&j.called, 7, 0, 0);
    prog_region(&j.p[0], 2, DRAM_VA, 2 * DRAM_BYTES);
    prog_add(&j.p[0], &c, c.hdr.words);
    tap_ok(job_run(&j) == APU_JOB_STATUS_MMU_FAULT &&
           j.r.fault_va == DRAM_VA + DRAM_BYTES &&
           j.r.detail == APU_FAULT_KIND_TRANSLATION,
           "a read beyond what is mapped");
    job_end(&j);
}

/* The first to fail decides; failures in a called buffer say so. */
static void test_failing_member(void)
{
    struct job j;

    job_begin(&j, APU_ENGINE_CLASS_MDLA);
    j.num = 2;
    j.class[1] = APU_ENGINE_CLASS_MVPU;
    prog_wait(&j.p[0], 3, 1);
    prog_simple(&j.called, APU_OP_NOP, 0);
    prog_simple(&j.called, APU_OP_FILL, 0);
    prog_region(&j.p[1], 1, CALLED_VA, 16);
    prog_call(&j.p[1], REF(1, 0), 16);
    tap_ok(job_run(&j) == APU_JOB_STATUS_BAD_COMMAND &&
           failed_at(&j, 1, 4, true, 8) && j.r.detail == APU_OP_FILL &&
           j.r.engines == (4 << 8 | 0), "a bad command in a called buffer");
    job_end(&j);
}

static void test_deadlock(void)
{
    struct job j;

    job_begin(&j, APU_ENGINE_CLASS_MDLA);
    j.num = 3;
    j.class[1] = APU_ENGINE_CLASS_MDLA;
    j.class[2] = APU_ENGINE_CLASS_MVPU;
    apu_flatmem_limit(j.m, 1000);
    prog_simple(&j.p[0], APU_OP_NOP, 0);
    prog_simple(&j.p[1], APU_OP_SIGNAL, 1);
    prog_wait(&j.p[1], 2, 1);
    prog_wait(&j.p[2], 1, 2);
    tap_ok(job_run(&j) == APU_JOB_STATUS_TIMEOUT &&
           j.r.cycles == 1000000 && failed_at(&j, 1, 1, false, 8),
           "streams that wait for ever");
    job_end(&j);
}

/* Two streams take turns over counters. */
static void test_ping_pong(void)
{
    struct apu_cmd_fill f = cmd_fill();
    struct apu_cmd_activation a = cmd_activation();
    struct job j;
    bool ok = true;

    job_begin(&j, APU_ENGINE_CLASS_EDMA);
    j.num = 2;
    j.class[1] = APU_ENGINE_CLASS_MVPU;
    f.dst = L1(0);
    f.dims[0] = f.dims[1] = f.dims[2] = 1;
    f.dims[3] = 30;
    a.out = L1(0);                              /* in place */
    a.table = L1(0x2000);
    for (unsigned i = 0; i < 10; i++) {
        /* Fill with i; table: 2i; expect 2i when the turn comes back. */
        f.value = i;
        f.dst = L1(0);
        prog_add(&j.p[0], &f, f.hdr.words);
        f.value = 2 * i;
        f.dst = L1(0x2000 + i);
        f.dims[3] = 1;
        prog_add(&j.p[0], &f, f.hdr.words);
        f.dims[3] = 30;
        prog_simple(&j.p[0], APU_OP_SIGNAL, 5);
        prog_wait(&j.p[0], 6, i + 1);
        prog_wait(&j.p[1], 5, i + 1);
        prog_add(&j.p[1], &a, a.hdr.words);
        prog_simple(&j.p[1], APU_OP_SIGNAL, 6);
    }
    ok = job_run(&j) == APU_JOB_STATUS_OK;
    for (unsigned i = 0; i < 30; i++) {
        ok &= apu_flatmem_l1(j.m)[i] == 18;
    }
    tap_ok(ok, "two streams take turns");
    job_end(&j);
}

/* An abort is seen between commands, and soon within a long one. */
static void test_abort(void)
{
    struct apu_cmd_conv c = cmd_conv();
    struct job j;

    job_begin(&j, APU_ENGINE_CLASS_MDLA);
    for (unsigned i = 0; i < 10; i++) {
        prog_simple(&j.p[0], APU_OP_NOP, 0);
    }
    apu_flatmem_stop_after(j.m, 5, APU_JOB_STATUS_ABORTED);
    tap_ok(job_run(&j) == APU_JOB_STATUS_ABORTED &&
           failed_at(&j, 0, 0, false, 32) && j.r.cycles == 80,
           "an abort between commands");
    job_end(&j);

    c.in_h = c.in_w = 1;
    c.in_pix_pitch = c.in_row_pitch = 0;
    c.in_c = c.k_h = c.k_w = 1;
    c.pad_top = c.pad_left = 0;
    c.out_h = 100;
    c.out_w = 100;
    c.out_c = 1;
    c.weight = c.bias = c.quant = L1(0);
    c.k_h = c.k_w = 60;
    conv_dense(&c);
    c.out = L1(0);
    for (unsigned reference = 0; reference < 2; reference++) {
        job_begin(&j, APU_ENGINE_CLASS_MDLA);
        prog_add(&j.p[0], &c, c.hdr.words);
        apu_flatmem_reference(j.m, reference);
        apu_flatmem_stop_after(j.m, 3, APU_JOB_STATUS_POWER_LOST);
        tap_ok(job_run(&j) == APU_JOB_STATUS_POWER_LOST &&
               failed_at(&j, 0, 0, false, 0), "power loss within a long CONV");
        job_end(&j);
    }
}

static void count_command(void *opaque, unsigned stream, unsigned engine,
                          uint64_t va, const struct apu_cmd_header *hdr,
                          uint64_t cycle)
{
    unsigned *n = opaque;

    *n += stream == 0 && engine == 0 && va == TEXT_VA + *n * 8u &&
          hdr->opcode == APU_OP_NOP && cycle == *n * 20u;
}

static void test_trace(void)
{
    struct job j;
    unsigned n = 0;

    job_begin(&j, APU_ENGINE_CLASS_MDLA);
    for (unsigned i = 0; i < 1500; i++) {
        prog_simple(&j.p[0], APU_OP_NOP, 0);
    }
    apu_flatmem_trace(j.m, count_command, &n);
    tap_ok(job_run(&j) == APU_JOB_STATUS_OK && n == 1500,
           "every command is announced");
    /* Fetched once: as many bytes as there are. */
    tap_ok(apu_flatmem_reads(j.m) == 12000, "every command is fetched once");
    job_end(&j);
}

static void test_no_l1(void)
{
    struct apu_flatmem *m = apu_flatmem_new();
    struct apu_cmd_fill c = cmd_fill();
    struct apu_job_completion r;

    c.dst = L1(0);
    apu_flatmem_map(m, TEXT_VA, &c, sizeof(c), false);
    apu_flatmem_stream(m, APU_ENGINE_CLASS_EDMA, TEXT_VA, sizeof(c));
    tap_ok(apu_flatmem_run(m, 0, &r) == APU_JOB_STATUS_BAD_REGION,
           "a job without L1");
    apu_flatmem_free(m);
}

void test_exec(void)
{
    test_call();
    test_control();
    test_cut_off();
    test_fetch_fault();
    test_data_fault();
    test_failing_member();
    test_deadlock();
    test_ping_pong();
    test_abort();
    test_trace();
    test_no_l1();
}

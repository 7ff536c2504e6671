/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Cycles and bytes, worked out by hand from "Cost" in
 * Documentation/hardware/engines.rst.
 */

#include <stdlib.h>
#include <string.h>
#include "commands.h"

#define L1_KIB 256
#define DRAM_BYTES 0x20000

static uint8_t l1[L1_KIB * 1024], dram[DRAM_BYTES];

static void expect(const void *cmd, unsigned class, uint64_t cycles,
                   uint64_t l1_bytes, uint64_t dram_bytes, const char *what)
{
    struct one o = {
        .cmd = cmd, .engine_class = class, .l1 = l1, .l1_kib = L1_KIB,
        .dram = dram, .dram_size = DRAM_BYTES,
    };
    enum apu_job_status s = one_run(&o);
    const struct apu_stream_stat *st = &o.record.streams[0];

    /* Before it, SET_REGION: 20 cycles. */
    if (s != APU_JOB_STATUS_OK || st->cycles != 20 + cycles ||
        st->l1_bytes != l1_bytes || st->dram_bytes != dram_bytes) {
        tap_note("status %d, %llu cycles, %llu L1 bytes, %llu DRAM bytes", s,
                 (unsigned long long)st->cycles - 20,
                 (unsigned long long)st->l1_bytes,
                 (unsigned long long)st->dram_bytes);
    }
    tap_ok(s == APU_JOB_STATUS_OK && st->cycles == 20 + cycles &&
           st->busy == st->cycles && o.record.cycles == st->cycles &&
           st->l1_bytes == l1_bytes && st->dram_bytes == dram_bytes,
           "cost of %s", what);
}

static void test_conv(void)
{
    struct apu_cmd_conv c = cmd_conv();
    struct apu_quant q = { 1 << 30, 0 };

    for (unsigned i = 0; i < 64; i++) {
        memcpy(dram + 0x2000 + 8 * i, &q, 8);
    }
    /*
     * 8*6*8*9*4 = 13824 MACs / 1024 -> 14; L1: 192 + 384 = 576 / 64 = 9;
     * DRAM: 288 + 32 + 8 = 328: 328 / 16 -> 21, two bursts: 100.
     */
    expect(&c, 0, 20 + 121, 576, 328, "CONV that waits for DRAM");
    /* With weights in L1: 40 bytes of DRAM: 3 + 100. */
    c.weight = L1(0x2000);
    expect(&c, 0, 20 + 103, 576 + 288, 40, "CONV with weights in L1");
    /* All in L1: compute: 14, L1: 904 / 64 -> 15. */
    c.bias = L1(0x3000);
    c.quant = L1(0x4000);
    memcpy(l1 + 0x4000, &q, 8);
    expect(&c, 0, 20 + 15, 904, 0, "CONV in L1");
    /* 5 x 5 and 40 channels: 8*6*40*25*4 = 192000 / 1024 -> 188 */
    c.k_h = c.k_w = 5;
    c.out_c = 40;
    conv_dense(&c);
    c.bias_type = APU_DTYPE_NONE;
    expect(&c, 0, 20 + 188, 192 + 1920 + 4000 + 8, 0, "CONV that computes");
    /* Groups: a quarter of the sum; 48000 / 1024 -> 47; L1 -> 49 */
    c.groups = 4;
    conv_dense(&c);
    expect(&c, 0, 20 + 49, 192 + 1920 + 1000 + 8, 0, "CONV with groups");
}

static void test_conv_rates(void)
{
    struct apu_cmd_conv c = cmd_conv();
    struct apu_quant q = { 1 << 30, 0 };

    c.bias_type = APU_DTYPE_NONE;
    c.weight = L1(0x8000);
    c.quant = L1(0x7000);
    memcpy(l1 + 0x7000, &q, 8);
    /* 8*6*4*81 = 15552 products at 128 per cycle -> 122 */
    c.kind = APU_CONV_KIND_DEPTHWISE;
    c.out_c = 4;
    c.k_h = c.k_w = 9;
    conv_dense(&c);
    expect(&c, 0, 20 + 122, 192 + 192 + 324 + 8, 0, "DEPTHWISE int8");
    /* at 64 per cycle: 243 */
    c.in_type = c.out_type = APU_DTYPE_I16;
    conv_dense(&c);
    expect(&c, 0, 20 + 243, 384 + 384 + 324 + 8, 0, "DEPTHWISE int16");
    /* 8*6*4*81*4 = 62208 at 512 per cycle -> 122 */
    c.kind = APU_CONV_KIND_CONV;
    conv_dense(&c);
    expect(&c, 0, 20 + 122, 384 + 384 + 1296 + 8, 0, "CONV int16");
    /* at 256 per cycle: 243 */
    c.in_type = c.out_type = c.w_type = APU_DTYPE_F16;
    c.quant_mode = APU_QUANT_MODE_NONE;
    c.act_min = 0;
    c.act_max = 0x40000000;
    conv_dense(&c);
    expect(&c, 0, 20 + 243, 384 + 384 + 2592, 0, "CONV fp16");
}

static void test_others(void)
{
    struct apu_cmd_pool p = cmd_pool();
    struct apu_cmd_eltwise e = cmd_eltwise();
    struct apu_cmd_softmax s = cmd_softmax();
    struct apu_cmd_activation a = cmd_activation();

    /* 4*3*4 * 4 taps = 192 / 64 = 3; L1: 192 + 48 = 240 / 64 -> 4 */
    expect(&p, 0, 20 + 4, 240, 0, "POOL that moves");
    /* 7 x 7 windows: 48 * 49 = 2352 / 64 -> 37 */
    p.k_h = p.k_w = 7;
    expect(&p, 0, 20 + 37, 240, 0, "POOL that computes");
    /* 60 elements: 1; L1: 180 / 64 -> 3 */
    expect(&e, 0, 20 + 3, 180, 0, "ELTWISE ADD");
    /* in2 with one channel: 60 + 12 + 60 */
    e.scalar = 2;
    expect(&e, 0, 20 + 3, 132, 0, "ELTWISE ADD of a scalar");
    e.fn = APU_ELT_FN_CLAMP;
    expect(&e, 0, 20 + 2, 120, 0, "ELTWISE CLAMP");
    /* 30 * 8 / 32 -> 8 */
    expect(&s, 2, 20 + 8, 60, 0, "SOFTMAX");
    /* 30 * 2 / 32 -> 2; L1: 60 + 256 = 316 / 64 -> 5 */
    expect(&a, 2, 20 + 5, 316, 0, "ACTIVATION");
    /* Table in DRAM: 16 + 100 */
    a.table = REF(2, 0);
    expect(&a, 2, 20 + 116, 60, 256, "ACTIVATION, table in DRAM");
}

static void test_edma_cost(void)
{
    struct apu_cmd_copy c = cmd_copy();
    struct apu_cmd_fill f = cmd_fill();

    /* 120 bytes: 8 + 100 */
    expect(&c, 1, 20 + 108, 120, 120, "COPY of 120 bytes");
    c.dims[0] = c.dims[1] = 1;
    c.dims[2] = 64;
    c.dims[3] = 1024;
    c.src_stride[2] = c.dst_stride[2] = 1024;
    /* 64 KiB: 4096, and 256 bursts by four: 6400 */
    expect(&c, 1, 20 + 4096 + 6400, 65536, 65536, "COPY of 64 KiB");
    /* DRAM to DRAM: twice the bytes: 1024 + 1600 for 8 + 8 KiB */
    c.dims[2] = 8;
    c.dst = REF(2, 0x10000);
    expect(&c, 1, 20 + 1024 + 1600, 0, 16384, "COPY from DRAM to DRAM");
    /* L1 to L1, to fp32: 4 * 8192 / 32 = 1024; L1: 5 * 8192 / 64 = 640 */
    c.src = L1(0);
    c.dst = L1(0x10000);
    c.dst_type = APU_DTYPE_F32;
    c.scale = 0x3f800000;
    c.dst_stride[2] = 4096;
    c.dst_stride[3] = 4;
    expect(&c, 1, 20 + 1024, 40960, 0, "COPY that converts in L1");
    /* 120 / 32 -> 4; 120 / 64 -> 2 */
    expect(&f, 1, 20 + 4, 120, 0, "FILL");
}

/* Several streams */

#define TEXT_VA 0x100000
#define DRAM_VA 0x40000000

struct gang {
    struct apu_flatmem *m;
    struct prog p[4];
    unsigned num;
    struct apu_job_completion record;
};

static void gang_begin(struct gang *g)
{
    memset(g, 0, sizeof(*g));
    g->m = apu_flatmem_new();
    apu_flatmem_map(g->m, DRAM_VA, dram, DRAM_BYTES, true);
}

static void gang_run(struct gang *g, const unsigned *class)
{
    for (unsigned i = 0; i < g->num; i++) {
        uint64_t va = TEXT_VA + i * 0x10000;

        apu_flatmem_map(g->m, va, g->p[i].words, prog_bytes(&g->p[i]), false);
        apu_flatmem_stream(g->m, class[i], va, prog_bytes(&g->p[i]));
    }
    apu_flatmem_run(g->m, L1_KIB, &g->record);
}

static void gang_end(struct gang *g)
{
    for (unsigned i = 0; i < g->num; i++) {
        prog_free(&g->p[i]);
    }
    apu_flatmem_free(g->m);
}

/*
 * Both issue 120 bytes at 20: transfers of 8 cycles one after the other, and
 * 100 of latency each: 20 + (20 + 108) and 20 + (20 + 116).
 */
static void test_shared_dram(void)
{
    static const unsigned class[] = { 1, 1 };
    struct apu_cmd_copy c = cmd_copy();
    struct gang g;

    gang_begin(&g);
    for (g.num = 0; g.num < 2; g.num++) {
        prog_region(&g.p[g.num], 2, DRAM_VA, DRAM_BYTES);
        prog_add(&g.p[g.num], &c, c.hdr.words);
    }
    gang_run(&g, class);
    tap_ok(g.record.status == APU_JOB_STATUS_OK &&
           g.record.streams[0].cycles == 148 &&
           g.record.streams[1].cycles == 156 && g.record.cycles == 156,
           "transfers of two streams follow each other");
    gang_end(&g);
}

/*
 * Stream 0: three NOPs (60), SIGNAL (80). Stream 1: WAIT from 0, ends at
 * 80 + 20; NOP: 120, of which 20 busy. Stream 2: seven NOPs (140); its WAIT
 * is satisfied already: 160.
 */
static void test_wait(void)
{
    static const unsigned class[] = { 0, 0, 2 };
    struct gang g;

    gang_begin(&g);
    g.num = 3;
    for (unsigned i = 0; i < 3; i++) {
        prog_simple(&g.p[0], APU_OP_NOP, 0);
    }
    prog_simple(&g.p[0], APU_OP_SIGNAL, 31);
    prog_wait(&g.p[1], 31, 1);
    prog_simple(&g.p[1], APU_OP_NOP, 0);
    for (unsigned i = 0; i < 7; i++) {
        prog_simple(&g.p[2], APU_OP_NOP, 0);
    }
    prog_wait(&g.p[2], 31, 1);
    gang_run(&g, class);
    tap_ok(g.record.status == APU_JOB_STATUS_OK &&
           g.record.streams[0].cycles == 80 &&
           g.record.streams[1].cycles == 120 &&
           g.record.streams[1].busy == 20 &&
           g.record.streams[2].cycles == 160 &&
           g.record.streams[2].busy == 140, "WAIT and SIGNAL");
    gang_end(&g);
}

/*
 * A WAIT that starts while the SIGNAL is under way: stream 0 signals from 0
 * to 20 and from 20 to 40; stream 1 starts its WAIT for 2 at 20, after both
 * have been executed or not: it ends at 40 + 20 all the same.
 */
static void test_wait_during_signal(void)
{
    static const unsigned class[] = { 0, 1 };
    struct gang g;

    gang_begin(&g);
    g.num = 2;
    prog_simple(&g.p[0], APU_OP_SIGNAL, 0);
    prog_simple(&g.p[0], APU_OP_SIGNAL, 0);
    prog_simple(&g.p[1], APU_OP_NOP, 0);
    prog_wait(&g.p[1], 0, 2);
    gang_run(&g, class);
    tap_ok(g.record.status == APU_JOB_STATUS_OK &&
           g.record.streams[1].cycles == 60, "WAIT during the SIGNAL");
    gang_end(&g);
}

/* Control commands cost 20; the end of a buffer nothing. */
static void test_control(void)
{
    static const unsigned class[] = { 2 };
    struct gang g;
    struct prog called = { 0 };

    gang_begin(&g);
    g.num = 1;
    prog_simple(&called, APU_OP_NOP, 0);
    memcpy(dram + 0x100, called.words, prog_bytes(&called));
    prog_region(&g.p[0], 1, DRAM_VA, DRAM_BYTES);
    prog_call(&g.p[0], REF(1, 0x100), 8);
    prog_call(&g.p[0], REF(1, 0x100), 0);
    prog_simple(&g.p[0], APU_OP_END, 0);
    gang_run(&g, class);
    /* SET_REGION, CALL, NOP, CALL, END */
    tap_ok(g.record.status == APU_JOB_STATUS_OK && g.record.cycles == 100,
           "control commands");
    prog_free(&called);
    gang_end(&g);
}

/* 1 us at 1000 MHz: 1000 cycles, 50 NOPs; the 51st is one too many. */
static void test_limit(void)
{
    static const unsigned class[] = { 0 };

    for (unsigned n = 50; n <= 51; n++) {
        struct gang g;

        gang_begin(&g);
        g.num = 1;
        apu_flatmem_limit(g.m, 1);
        for (unsigned i = 0; i < n; i++) {
            prog_simple(&g.p[0], APU_OP_NOP, 0);
        }
        gang_run(&g, class);
        tap_ok(g.record.cycles == 1000 && g.record.status ==
               (n == 50 ? APU_JOB_STATUS_OK : APU_JOB_STATUS_TIMEOUT) &&
               g.record.fail_offset == (n == 50 ? 0 : 400),
               "a limit of 1000 cycles and %u NOPs", n);
        gang_end(&g);
    }
}

void test_cost(void)
{
    test_conv();
    test_conv_rates();
    test_others();
    test_edma_cost();
    test_shared_dram();
    test_wait();
    test_wait_during_signal();
    test_control();
    test_limit();
}

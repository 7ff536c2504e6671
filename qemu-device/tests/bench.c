/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Multiply-accumulates per second of the plain and the fast kernels, on
 * layers of MobileNetV2 and others, and the time of small commands.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "commands.h"
#include "apu_simd.h"

#define L1_KIB 4096
#define TEXT_VA 0x10000
#define DRAM_VA 0x40000000
#define DRAM_BYTES (16 << 20)
#define BIAS_AT (12 << 20)
#define QUANT_AT (14 << 20)

struct layer {
    const char *name;
    unsigned kind, type;
    unsigned in, in_c, out_c, k, stride;
};

static const struct layer layers[] = {
    { "first 3x3 s2", 0, APU_DTYPE_U8, 224, 3, 32, 3, 2 },
    { "1x1 28x28", 0, APU_DTYPE_I8, 28, 32, 192, 1, 1 },
    { "1x1 14x14", 0, APU_DTYPE_I8, 14, 384, 64, 1, 1 },
    { "1x1 14x14", 0, APU_DTYPE_U8, 14, 96, 576, 1, 1 },
    { "1x1 7x7", 0, APU_DTYPE_U8, 7, 320, 1280, 1, 1 },
    { "3x3 14x14", 0, APU_DTYPE_I8, 14, 128, 128, 3, 1 },
    { "FC 1280x1001", 0, APU_DTYPE_I8, 1, 1280, 1001, 1, 1 },
    { "1x1 14x14", 0, APU_DTYPE_I16, 14, 96, 576, 1, 1 },
    { "1x1 14x14", 0, APU_DTYPE_F16, 14, 96, 576, 1, 1 },
    { "depthwise 56x56", 1, APU_DTYPE_U8, 56, 144, 144, 3, 1 },
    { "depthwise 14x14", 1, APU_DTYPE_I8, 14, 576, 576, 3, 1 },
    { "depthwise 14x14", 1, APU_DTYPE_F16, 14, 576, 576, 3, 1 },
    { "tiny 1x1 2x2x16", 0, APU_DTYPE_I8, 2, 16, 16, 1, 1 },
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static struct apu_cmd_conv layer_cmd(const struct layer *l)
{
    struct apu_cmd_conv c = cmd_conv();
    bool f16 = l->type == APU_DTYPE_F16;

    c.kind = l->kind;
    c.in_type = c.out_type = l->type;
    c.w_type = l->type == APU_DTYPE_I16 ? APU_DTYPE_I8 : l->type;
    c.in_h = c.in_w = l->in;
    c.out_h = c.out_w = (l->in + l->stride - 1) / l->stride;
    c.in_c = l->in_c;
    c.out_c = l->out_c;
    c.k_h = c.k_w = l->k;
    c.stride_h = c.stride_w = l->stride;
    c.pad_top = c.pad_left = l->k / 2;
    c.quant_mode = f16 ? APU_QUANT_MODE_NONE : APU_QUANT_MODE_PER_CHANNEL;
    c.bias_type = f16 ? APU_DTYPE_F32 : APU_DTYPE_I32;
    if (l->type == APU_DTYPE_U8) {
        c.act_min = 0;
        c.act_max = 255;
        c.in_zp = 128;
        c.w_zp = 120;
    } else if (l->type == APU_DTYPE_I16) {
        c.act_min = -32768;
        c.act_max = 32767;
    } else if (f16) {
        c.act_min = 0xff800000;
        c.act_max = 0x7f800000;
    }
    conv_dense(&c);
    c.out = L1(L1_KIB * 512);
    c.bias = REF(2, BIAS_AT);
    c.quant = REF(2, QUANT_AT);
    return c;
}

/* Seconds of one command, measured over @n of them in one job. */
static double run(const struct apu_cmd_conv *c, unsigned n, uint8_t *l1,
                  uint8_t *dram, bool reference)
{
    struct apu_flatmem *m = apu_flatmem_new();
    struct apu_job_completion record;
    struct prog p = { 0 };
    double start;

    prog_region(&p, 2, DRAM_VA, DRAM_BYTES);
    for (unsigned i = 0; i < n; i++) {
        prog_add(&p, c, c->hdr.words);
    }
    apu_flatmem_map(m, TEXT_VA, p.words, prog_bytes(&p), false);
    apu_flatmem_map(m, DRAM_VA, dram, DRAM_BYTES, true);
    apu_flatmem_stream(m, APU_ENGINE_CLASS_MDLA, TEXT_VA, prog_bytes(&p));
    apu_flatmem_set_l1(m, l1, L1_KIB * 1024);
    apu_flatmem_reference(m, reference);
    start = now();
    if (apu_flatmem_run(m, L1_KIB, &record) != APU_JOB_STATUS_OK) {
        fprintf(stderr, "status %u\n", record.status);
        exit(EXIT_FAILURE);
    }
    start = now() - start;
    apu_flatmem_free(m);
    prog_free(&p);
    return start / n;
}

static void bench(const struct layer *l, uint8_t *l1, uint8_t *dram)
{
    static const char *const types[] = {
        [APU_DTYPE_I8] = "int8", [APU_DTYPE_U8] = "uint8",
        [APU_DTYPE_I16] = "int16", [APU_DTYPE_F16] = "fp16",
    };
    struct apu_cmd_conv c = layer_cmd(l);
    double macs = (double)c.out_h * c.out_w * c.out_c * c.k_h * c.k_w *
                  (l->kind ? 1 : c.in_c);
    double plain, fast[2];

    plain = run(&c, macs < 1e6 ? 100 : 1, l1, dram, true);
    for (unsigned i = 0; i < 2; i++) {
        apu_simd_portable = i;
        run(&c, 1, l1, dram, false);
        fast[i] = run(&c, 2e8 / macs + 3 < 30000 ? 2e8 / macs + 3 : 30000,
                      l1, dram, false);
    }
    printf("%-16s %-5s %8.2f %10.3f %10.3f %10.3f %10.1f\n", l->name,
           types[l->type], macs * 1e-6, macs / plain * 1e-9,
           macs / fast[1] * 1e-9, macs / fast[0] * 1e-9, fast[0] * 1e6);
}

/* Microseconds of commands that do nothing. */
static void bench_overhead(uint8_t *l1, uint8_t *dram)
{
    struct apu_cmd_conv c = cmd_conv();
    struct apu_cmd_header nop = { .opcode = APU_OP_NOP, .words = 1 };

    (void)c;
    memset(&c, 0, sizeof(c));
    c.hdr = nop;
    printf("NOP: %.3f us\n", run(&c, 100000, l1, dram, false) * 1e6);
}

int main(void)
{
    uint8_t *l1 = malloc(L1_KIB * 1024), *dram = malloc(DRAM_BYTES);
    struct apu_quant q = { 1 << 30, -8 };

    rnd_seed(1);
    rnd_bytes(l1, L1_KIB * 1024);
    rnd_bytes(dram, DRAM_BYTES);
    for (unsigned i = 0; i < 2048; i++) {
        memcpy(dram + QUANT_AT + 8 * i, &q, sizeof(q));
    }
    /* Finite fp16 numbers also pass for integers. */
    for (unsigned i = 1; i < DRAM_BYTES - (4u << 20); i += 2) {
        dram[i] &= 0xbb;
        l1[i % (L1_KIB * 1024)] &= 0xbb;
    }
    printf("GMAC/s on one core, with %s:\n",
           apu_simd()->name);
    printf("%-16s %-5s %8s %10s %10s %10s %10s\n", "layer", "type", "MMAC",
           "plain", "portable", "fast", "us");
    for (unsigned i = 0; i < sizeof(layers) / sizeof(layers[0]); i++) {
        bench(&layers[i], l1, dram);
    }
    apu_simd_portable = false;
    bench_overhead(l1, dram);
    free(l1);
    free(dram);
    return 0;
}

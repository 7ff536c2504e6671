/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Commands whose results can be worked out by hand, with both kinds of
 * kernels.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "apu_fp16.h"
#include "commands.h"

#define L1_KIB 16

static uint8_t l1[L1_KIB * 1024], dram[0x4000];

static void put_bias(unsigned i, int32_t v)
{
    memcpy(dram + 0x1000 + 4 * i, &v, 4);
}

static void put_quant(unsigned i, int32_t multiplier, int32_t shift)
{
    struct apu_quant q = { multiplier, shift };

    memcpy(dram + 0x2000 + 8 * i, &q, 8);
}

static bool run(const void *cmd, unsigned class, bool reference)
{
    struct one o = {
        .cmd = cmd, .engine_class = class, .l1 = l1, .l1_kib = L1_KIB,
        .dram = dram, .dram_size = sizeof(dram), .reference = reference,
    };

    return one_run(&o) == APU_JOB_STATUS_OK;
}

/* Runs both kinds and compares @n bytes at L1 @at. */
static void expect(const void *cmd, unsigned class, size_t at,
                   const void *want, size_t n, const char *what)
{
    bool ok = true;

    for (unsigned reference = 0; reference < 2; reference++) {
        memset(l1 + at, 0x5a, n + 1);
        if (!run(cmd, class, reference) || memcmp(l1 + at, want, n) ||
            l1[at + n] != 0x5a) {
            ok = false;
            for (size_t i = 0; i < n; i++) {
                tap_note("%s[%zu]: 0x%02x, not 0x%02x",
                         reference ? "plain" : "fast", i, l1[at + i],
                         ((const uint8_t *)want)[i]);
            }
        }
    }
    tap_ok(ok, "%s", what);
}

/*
 * 2x2 window over a 2 x 3 tile of one channel, zero point 1:
 * in - 1 = {{1, 2, 3}, {4, 5, 6}}; weights {{1, -1}, {2, -2}} and {{1, 1},
 * {1, 1}}; sums left: 1-2+8-10 = -3 and 12; right: 2-3+10-12 = -3 and 16;
 * with bias (10, -2): 7, 10, 7, 14; halved, up at a half: 4, 5, 4, 7; plus 3.
 */
static void test_conv(void)
{
    static const int8_t in[] = { 2, 3, 4, 5, 6, 7 };
    static const int8_t w[] = { 1, -1, 2, -2, 1, 1, 1, 1 };
    static const int8_t want[] = { 7, 8, 7, 10 };
    static const int8_t bounded[] = { 8, 8, 8, 9 };
    struct apu_cmd_conv c = cmd_conv();

    c.in_h = 2;
    c.in_w = 3;
    c.in_c = 1;
    c.out_h = 1;
    c.out_w = 2;
    c.out_c = 2;
    c.k_h = c.k_w = 2;
    c.pad_top = c.pad_left = 0;
    c.in_zp = 1;
    c.out_zp = 3;
    conv_dense(&c);
    memcpy(l1, in, sizeof(in));
    memcpy(dram, w, sizeof(w));
    put_bias(0, 10);
    put_bias(1, -2);
    put_quant(0, 1 << 30, 0);
    expect(&c, 0, 0x1000, want, 4, "CONV by hand");
    c.act_min = 8;
    c.act_max = 9;
    expect(&c, 0, 0x1000, bounded, 4, "CONV by hand, with bounds");
}

/*
 * One row of padding above: the sum of the four elements that remain. Padding
 * counts as the zero point, not as zero: (5-5)*1 + … = elements less 5.
 */
static void test_conv_padding(void)
{
    static const uint8_t in[] = { 6, 7, 8, 9 };
    static const uint8_t w[] = { 11, 11, 11, 11 };      /* zero point 10 */
    static const uint8_t want[] = { 1 + 2, 2, 1 + 2 + 3 + 4, 2 + 4 };
    struct apu_cmd_conv c = cmd_conv();

    c.in_type = c.w_type = c.out_type = APU_DTYPE_U8;
    c.act_min = 0;
    c.act_max = 255;
    c.in_h = c.in_w = c.out_h = c.out_w = c.k_h = c.k_w = 2;
    c.in_c = c.out_c = 1;
    c.pad_top = 1;
    c.pad_left = 0;
    c.in_zp = 5;
    c.w_zp = 10;
    c.bias_type = APU_DTYPE_NONE;
    conv_dense(&c);
    memcpy(l1, in, sizeof(in));
    memcpy(dram, w, sizeof(w));
    put_quant(0, 1 << 30, 1);
    expect(&c, 0, 0x1000, want, 4, "CONV uint8 with padding by hand");
}

/* Two input channels, multiplier 2: outputs 0, 1 from 0 and 2, 3 from 1. */
static void test_depthwise(void)
{
    static const int8_t in[] = { 3, 5, 4, 6 };
    static const int8_t w[] = { 1, 2, 3, 4, 10, 20, 30, 40 };
    static const int8_t want[] = { 3 + 40, 6 + 80, 15 + 180 - 100, 20 + 0 };
    struct apu_cmd_conv c = cmd_conv();

    c.kind = APU_CONV_KIND_DEPTHWISE;
    c.quant_mode = APU_QUANT_MODE_PER_CHANNEL;
    c.in_h = c.out_h = c.out_w = c.k_h = 1;
    c.in_w = c.k_w = 2;
    c.in_c = c.groups = 2;
    c.out_c = 4;
    c.pad_top = c.pad_left = 0;
    conv_dense(&c);
    memcpy(l1, in, sizeof(in));
    memcpy(dram, w, sizeof(w));
    for (unsigned i = 0; i < 4; i++) {
        put_bias(i, 0);
        put_quant(i, 1 << 30, 1);
    }
    put_bias(2, -100);
    put_bias(3, -240);
    expect(&c, 0, 0x1000, want, 4, "DEPTHWISE with a multiplier by hand");
}

/* A kernel of one position on a picture of one, dense. */
static void conv_of_one_position(struct apu_cmd_conv *c, unsigned in_c,
                                 unsigned out_c)
{
    c->in_h = c->in_w = c->out_h = c->out_w = c->k_h = c->k_w = 1;
    c->in_c = in_c;
    c->out_c = out_c;
    c->pad_top = c->pad_left = 0;
    conv_dense(c);
}

/* The order of fp32 sums shows: 2^24 + 1 is 2^24. */
static void test_f16_order(void)
{
    /* 4096, 1, 4096 times 4096, 1, -4096 and times 1, 1, 1 */
    static const uint16_t in[] = { 0x6c00, 0x3c00, 0x6c00 };
    static const uint16_t w[] = {
        0x6c00, 0x3c00, 0xec00,         /* (2^24 + 1) - 2^24 = 0 */
        0x3c00, 0x3c00, 0x3c00,         /* 8193 -> 8192 in fp16 */
    };
    static const uint16_t want[] = { 0x0000, 0x7000 };
    static const float bias[] = { 0, 0 };
    struct apu_cmd_conv c = cmd_conv();

    c.in_type = c.w_type = c.out_type = APU_DTYPE_F16;
    c.bias_type = APU_DTYPE_F32;
    c.quant_mode = APU_QUANT_MODE_NONE;
    c.act_min = (int32_t)0xff800000;
    c.act_max = 0x7f800000;
    conv_of_one_position(&c, 3, 2);
    memcpy(l1, in, sizeof(in));
    memcpy(dram, w, sizeof(w));
    memcpy(dram + 0x1000, bias, sizeof(bias));
    expect(&c, 0, 0x1000, want, 4, "fp16 CONV adds in order");
}

/*
 * An int64 bias lifts the sum beyond 32 bits: (2^40 + 300) * 2^-1 * 2^-31 is
 * 256, and 4 with a multiplier a 64th of that.
 */
static void test_wide(void)
{
    static const int16_t in[] = { 100, 200 }, want[] = { 256, 4 };
    static const int8_t w[] = { 1, 1 };
    static const int64_t bias = INT64_C(1) << 40;
    struct apu_cmd_conv c = cmd_conv();

    c.in_type = c.out_type = APU_DTYPE_I16;
    c.bias_type = APU_DTYPE_I64;
    c.act_min = -32768;
    c.act_max = 32767;
    conv_of_one_position(&c, 2, 1);
    memcpy(l1, in, sizeof(in));
    memcpy(dram, w, sizeof(w));
    memcpy(dram + 0x1000, &bias, 8);
    put_quant(0, 1 << 30, -31);
    expect(&c, 0, 0x1000, &want[0], 2, "int16 CONV with an int64 bias");
    put_quant(0, 1 << 24, -31);
    expect(&c, 0, 0x1000, &want[1], 2, "the same, a smaller multiplier");
}

/*
 * 16-bit weights, times 2^-17: 2 * 2^15 * 2^15 + 2^20 is 16392 in 64 bits; in
 * 32 it wraps to -2^31 + 2^20, which is -16376. Times 1: 3 * 1000.
 */
static void test_wide_weights(void)
{
    static const int16_t in[] = { -32768, -32768, 3, 300 };
    static const int16_t w[] = { -32768, -32768, 1000, 0 };
    static const int32_t bias = 1 << 20;
    static const int64_t bias64 = 1 << 20;
    static const int16_t wrapped = -16376, whole = 16392, exact = 3000;
    struct apu_cmd_conv c = cmd_conv();

    c.in_type = c.out_type = c.w_type = APU_DTYPE_I16;
    c.bias_type = APU_DTYPE_I32;
    c.act_min = -32768;
    c.act_max = 32767;
    conv_of_one_position(&c, 2, 1);
    memcpy(l1, in, sizeof(in));
    memcpy(dram, w, sizeof(w));
    put_quant(0, 1 << 30, -16);
    memcpy(dram + 0x1000, &bias, 4);
    expect(&c, 0, 0x1000, &wrapped, 2, "int16 by int16 CONV wraps");
    c.bias_type = APU_DTYPE_I64;
    memcpy(dram + 0x1000, &bias64, 8);
    expect(&c, 0, 0x1000, &whole, 2, "with an int64 bias it does not");
    c.bias_type = APU_DTYPE_NONE;
    put_quant(0, 1 << 30, 1);
    c.in = L1(4);
    c.weight = REF(2, 4);
    expect(&c, 0, 0x1000, &exact, 2, "int16 by int16 CONV without bias");
}

static void test_pool(void)
{
    /* Sums 2, 3, -3 of two positions: halves go away from zero. */
    static const int8_t in[] = { 1, 1, -1, 1, 2, -2 };
    static const int8_t avg[] = { 1, 2, -2 }, max[] = { 1, 2, -1 };
    static const int8_t min[] = { 1, 1, -2 };
    struct apu_cmd_pool c = cmd_pool();

    c.in_h = c.out_h = c.out_w = c.k_h = 1;
    c.in_w = c.k_w = 2;
    c.channels = 3;
    c.kind = APU_POOL_KIND_AVG;
    pool_dense(&c);
    memcpy(l1, in, sizeof(in));
    expect(&c, 0, 0x1000, avg, 3, "POOL: average by hand");
    c.kind = APU_POOL_KIND_MAX;
    expect(&c, 0, 0x1000, max, 3, "POOL: maximum by hand");
    c.kind = APU_POOL_KIND_MIN;
    expect(&c, 0, 0x1000, min, 3, "POOL: minimum by hand");
    /* A window half outside averages what is inside. */
    c.kind = APU_POOL_KIND_AVG;
    c.pad_left = 1;
    expect(&c, 0, 0x1000, in, 3, "POOL: positions outside do not count");
}

static void test_eltwise(void)
{
    /* a * 2^20 / 2 and b likewise; their sum / 2 * 2^-18 is a + b. */
    static const int8_t a[] = { 1, -1, 100, -100, 7 };
    static const int8_t b[] = { 2, -2, 100, -100, -7 };
    static const int8_t sum[] = { 3, -3, 127, -128, 0 };
    static const uint8_t flipped[] = { 129, 127, 228, 28, 135 };
    struct apu_cmd_eltwise c = cmd_eltwise();

    c.h = c.w = 1;
    eltwise_dense(&c);
    memcpy(l1, a, 5);
    memcpy(l1 + 0x1000, b, 5);
    expect(&c, 0, 0x2000, sum, 5, "ELTWISE: sum by hand");
    c.fn = APU_ELT_FN_REQUANT;
    c.out_type = APU_DTYPE_U8;
    c.in1_shift = 1;
    c.out_zp = 128;
    c.act_min = 0;
    c.act_max = 255;
    expect(&c, 0, 0x2000, flipped, 5, "ELTWISE: int8 to uint8 by hand");
}

/* Functions of two operands whose factors are chosen to be exact. */
static void test_eltwise_functions(void)
{
    static const int8_t a[] = { 3, -3, 100, -100, 7 };
    static const int8_t b[] = { 2, -2, 100, 100, -7 };
    static const struct {
        unsigned fn;
        const char *what;
        int8_t want[5];
    } t[] = {
        { APU_ELT_FN_SUB, "ELTWISE: SUB by hand", { 1, -1, 0, -128, 14 } },
        /* (a - 1) * (b + 2) / 4, halves away from zero, + 5 */
        { APU_ELT_FN_MUL, "ELTWISE: MUL by hand",
          { 7, 5, 127, -128, -3 } },
        { APU_ELT_FN_MAX, "ELTWISE: MAX by hand", { 3, -2, 100, 100, 7 } },
        { APU_ELT_FN_MIN, "ELTWISE: MIN by hand",
          { 2, -3, 100, -100, -7 } },
        /* (a - b)^2 */
        { APU_ELT_FN_SQUARED_DIFF, "ELTWISE: SQUARED_DIFF by hand",
          { 1, 1, 0, 127, 127 } },
        /* a / 2 from zero up, else a * b / 4; halves away from zero */
        { APU_ELT_FN_PRELU, "ELTWISE: PRELU by hand",
          { 2, 2, 50, -128, 4 } },
    };

    memcpy(l1, a, 5);
    memcpy(l1 + 0x1000, b, 5);
    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct apu_cmd_eltwise c = cmd_eltwise();

        c.h = c.w = 1;
        eltwise_dense(&c);
        c.fn = t[i].fn;
        if (t[i].fn == APU_ELT_FN_MUL) {
            c.in1_zp = 1;
            c.in2_zp = -2;
            c.out_zp = 5;
            c.out_shift = -1;
        } else if (t[i].fn == APU_ELT_FN_SQUARED_DIFF) {
            /* Differences in units of 1 / 64, squares of 1 / 4096 */
            c.left_shift = 7;
            c.out_shift = -11;
        } else if (t[i].fn == APU_ELT_FN_PRELU) {
            c.in1_shift = 0;
            c.out_shift = -1;
        }
        expect(&c, 0, 0x2000, t[i].want, 5, t[i].what);
    }
}

/* 10 / 2, 8 / -2, 100 / 3, 5 / 200, 250 / 1, and 8 / 0, which counts as zero */
static void test_eltwise_quotient(void)
{
    static const uint8_t a[] = { 11, 9, 101, 6, 251, 9 };
    static const uint8_t b[] = { 12, 8, 13, 210, 11, 10 };
    static const uint8_t want[] = { 35, 26, 63, 30, 255, 30 };
    struct apu_cmd_eltwise c = cmd_eltwise();

    c.fn = APU_ELT_FN_DIV;
    c.in_type = c.out_type = APU_DTYPE_U8;
    c.h = c.w = 1;
    c.c = 6;
    eltwise_dense(&c);
    c.in1_zp = 1;
    c.in2_zp = 10;
    c.out_zp = 30;
    c.out_mult = 1 << 30;
    c.out_shift = 1;
    c.act_min = 0;
    c.act_max = 255;
    memcpy(l1, a, 6);
    memcpy(l1 + 0x1000, b, 6);
    expect(&c, 0, 0x2000, want, 6, "ELTWISE: DIV by hand");
}

static void test_eltwise_f16(void)
{
    /* 3, -2, 0.5 and 2, 4, -1 */
    static const uint16_t a[] = { 0x4200, 0xc000, 0x3800 };
    static const uint16_t b[] = { 0x4000, 0x4400, 0xbc00 };
    static const struct {
        unsigned fn;
        const char *what;
        uint16_t want[3];
    } t[] = {
        { APU_ELT_FN_SUB, "fp16 SUB", { 0x3c00, 0xc600, 0x3e00 } },
        { APU_ELT_FN_MUL, "fp16 MUL", { 0x4600, 0xc800, 0xb800 } },
        { APU_ELT_FN_DIV, "fp16 DIV", { 0x3e00, 0xb800, 0xb800 } },
        { APU_ELT_FN_POW, "fp16 POW", { 0x4880, 0x4c00, 0x4000 } },
        { APU_ELT_FN_MAX, "fp16 MAX", { 0x4200, 0x4400, 0x3800 } },
        { APU_ELT_FN_MIN, "fp16 MIN", { 0x4000, 0xc000, 0xbc00 } },
        { APU_ELT_FN_SQUARED_DIFF, "fp16 SQUARED_DIFF",
          { 0x3c00, 0x5080, 0x4080 } },
        { APU_ELT_FN_PRELU, "fp16 PRELU", { 0x4200, 0xc800, 0x3800 } },
    };
    struct apu_cmd_eltwise c = cmd_eltwise();

    c.in_type = c.out_type = APU_DTYPE_F16;
    c.h = c.w = 1;
    c.c = 3;
    c.act_min = (int32_t)0xff800000;
    c.act_max = 0x7f800000;
    eltwise_dense(&c);
    memcpy(l1, a, sizeof(a));
    memcpy(l1 + 0x1000, b, sizeof(b));
    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        c.fn = t[i].fn;
        expect(&c, 0, 0x2000, t[i].want, 6, t[i].what);
    }
}

/* Within one step of the exact quotient, and a row sums to 256 or nearly. */
static void test_softmax(void)
{
    struct apu_cmd_softmax c = cmd_softmax();
    double worst = 0;
    int sum_error = 0;

    rnd_seed(3);
    rnd_bytes(l1, 30);
    for (unsigned i = 0; i < 30; i++) {
        l1[i] = 200 + l1[i] % 40;
    }
    /* The difference d means d * 2^23 / 2 / 2^26 = d / 16. */
    tap_ok(run(&c, APU_ENGINE_CLASS_MVPU, false), "SOFTMAX runs");
    for (unsigned r = 0; r < 3; r++) {
        double sum = 0;
        int total = 0;

        for (unsigned i = 0; i < 10; i++) {
            sum += exp(l1[r * 10 + i] / 16.0);
        }
        for (unsigned i = 0; i < 10; i++) {
            double want = 256 * exp(l1[r * 10 + i] / 16.0) / sum;
            int got = l1[0x1000 + r * 10 + i];

            worst = fmax(worst, fabs(want - got));
            total += got;
        }
        sum_error = abs(total - 256) > sum_error ? abs(total - 256) :
                                                   sum_error;
    }
    tap_ok(worst <= 0.51, "SOFTMAX uint8 is the rounded quotient");
    tap_ok(sum_error <= 5, "SOFTMAX rows sum to 256, but for rounding");
}

static void test_softmax_f16(void)
{
    /* 0, 0, ln 2 as fp16: about 1/4, 1/4, 1/2 */
    static const uint16_t in[] = { 0, 0, 0x398c };
    struct apu_cmd_softmax c = cmd_softmax();
    uint16_t out[3];
    bool ok;

    c.type = APU_DTYPE_F16;
    c.rows = 1;
    c.depth = 3;
    c.mult = 0x3f800000;
    memcpy(l1, in, sizeof(in));
    ok = run(&c, APU_ENGINE_CLASS_MVPU, false);
    memcpy(out, l1 + 0x1000, sizeof(out));
    tap_ok(ok && fabsf(apu_f16_to_f32(out[0]) - 0.25f) < 2e-4f &&
           out[1] == out[0] &&
           fabsf(apu_f16_to_f32(out[2]) - 0.5f) < 4e-4f, "SOFTMAX fp16");
}

/* 512 and more equal elements: defined, unlike in the reference. */
static void test_softmax_flat(void)
{
    struct apu_cmd_softmax c = cmd_softmax();
    bool ok;

    c.rows = 1;
    c.depth = 1001;
    memset(l1, 9, 1001);
    ok = run(&c, APU_ENGINE_CLASS_MVPU, false);
    for (unsigned i = 0; i < 1001; i++) {
        ok &= l1[0x1000 + i] == 0;
    }
    tap_ok(ok, "SOFTMAX of 1001 equal elements");
}

static void test_activation(void)
{
    struct apu_cmd_activation c = cmd_activation();
    static const uint16_t in[] = { 0, 0x7c00, 0xfc00 };
    static const uint16_t want[] = { 0x3800, 0x3c00, 0 };
    uint8_t lut[30];

    rnd_seed(4);
    rnd_bytes(l1, 30);
    rnd_bytes(l1 + 0x2000, 256);
    for (unsigned i = 0; i < 30; i++) {
        lut[i] = l1[0x2000 + l1[i]];
    }
    expect(&c, APU_ENGINE_CLASS_MVPU, 0x1000, lut, 30, "ACTIVATION: LUT8");
    memcpy(dram, l1 + 0x2000, 256);
    c.table = REF(2, 0);
    expect(&c, APU_ENGINE_CLASS_MVPU, 0x1000, lut, 30,
           "ACTIVATION: table in DRAM");
    c.fn = APU_ACT_FN_LOGISTIC;
    c.type = APU_DTYPE_F16;
    c.rows = 1;
    c.depth = 3;
    memcpy(l1, in, sizeof(in));
    expect(&c, APU_ENGINE_CLASS_MVPU, 0x1000, want, 6, "ACTIVATION: LOGISTIC");
}

void test_values(void)
{
    test_conv();
    test_conv_padding();
    test_depthwise();
    test_f16_order();
    test_wide();
    test_wide_weights();
    test_pool();
    test_eltwise();
    test_eltwise_functions();
    test_eltwise_quotient();
    test_eltwise_f16();
    test_softmax();
    test_softmax_f16();
    test_softmax_flat();
    test_activation();
}

/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Commands of the MVPU against what the mathematics says: RESIZE and ARG by
 * hand, functions of 16 bits against libm.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "apu_fp16.h"
#include "commands.h"

#define L1_KIB 16
#define TABLE 0x2000

static uint8_t l1[L1_KIB * 1024], dram[0x4000];

static bool run(const void *cmd)
{
    struct one o = {
        .cmd = cmd, .engine_class = APU_ENGINE_CLASS_MVPU, .l1 = l1,
        .l1_kib = L1_KIB, .dram = dram, .dram_size = sizeof(dram),
    };

    return one_run(&o) == APU_JOB_STATUS_OK;
}

static void put16(size_t at, unsigned i, int v)
{
    int16_t h = v;

    memcpy(l1 + at + 2 * i, &h, 2);
}

static int get16(size_t at, unsigned i)
{
    int16_t h;

    memcpy(&h, l1 + at + 2 * i, 2);
    return h;
}

static void test_resize(void)
{
    /* One channel, two rows of three: 0 40 80 and 100 -60 -128 */
    static const int8_t in[] = { 0, 40, 80, 100, -60, -128 };
    /*
     * Rows: first, a quarter, three quarters, last. Columns: the first, half
     * between second and third, the third. Halves go away from zero: a quarter
     * from 60 to -94 is 21.5, three quarters are -55.5.
     */
    static const int8_t bilinear[] = {
        0, 60, 80, 25, 22, 28, 75, -56, -76, 100, -94, -128,
    };
    static const int8_t nearest[] = {
        0, 40, 80, 0, 40, 80, 0, 40, 80, 100, -60, -128,
    };
    struct apu_cmd_resize c = cmd_resize();

    c.c = c.in_pix_pitch = c.out_pix_pitch = 1;
    c.in_row_pitch = c.out_row_pitch = 3;
    resize_tables(l1);
    memcpy(l1, in, sizeof(in));
    tap_ok(run(&c) && !memcmp(l1 + 0x1000, bilinear, 12),
           "RESIZE: bilinear by hand");
    c.kind = APU_RESIZE_KIND_NEAREST;
    tap_ok(run(&c) && !memcmp(l1 + 0x1000, nearest, 12),
           "RESIZE: nearest by hand");
    /* The tile as rows 7 and 8 of a larger picture */
    for (unsigned i = 0; i < 4; i++) {
        struct apu_resize_entry e;

        memcpy(&e, l1 + 0x2000 + 8 * i, 8);
        e.lo += 7;
        e.hi += 7;
        memcpy(l1 + 0x2000 + 8 * i, &e, 8);
    }
    c.row0 = 7;
    tap_ok(run(&c) && !memcmp(l1 + 0x1000, nearest, 12),
           "RESIZE: a tile of a larger picture");
}

static void test_resize_f16(void)
{
    /* 0 and 1 from top to bottom: 0, 1/4, 3/4, 1 */
    static const float frac[] = { -0.25f, 0.25f, 0.75f, 0.25f };
    static const uint16_t want[] = { 0, 0x3400, 0x3a00, 0x3c00 };
    static const uint8_t bytes[] = { 0, 1, 4, 5 };
    struct apu_cmd_resize c = cmd_resize();

    c.type = APU_DTYPE_F16;
    c.in_w = c.out_w = c.c = 1;
    c.in_row_pitch = c.out_row_pitch = c.in_pix_pitch = c.out_pix_pitch = 2;
    resize_tables(l1);
    for (unsigned i = 0; i < 4; i++) {
        memcpy(l1 + 0x2000 + 8 * i + 4, &frac[i], 4);
    }
    memset(l1 + 0x2100, 0, 8);
    put16(0, 0, 0);
    put16(0, 1, 0x3c00);
    tap_ok(run(&c) && !memcmp(l1 + 0x1000, want, 8), "RESIZE: bilinear fp16");
    /* 0 and 5: 0, 1.25, 3.75, 5, rounded */
    c.type = APU_DTYPE_U8;
    c.in_row_pitch = c.out_row_pitch = c.in_pix_pitch = c.out_pix_pitch = 1;
    l1[0] = 0;
    l1[1] = 5;
    tap_ok(run(&c) && !memcmp(l1 + 0x1000, bytes, 4),
           "RESIZE: bilinear uint8");
}

static void test_arg(void)
{
    static const int8_t in[] = {
        -5, 3, 9, 9, -7, -7, 0, 0, 0, 1,
        -128, -128, -128, -128, -128, -128, -128, -128, -128, -128,
        5, 4, 3, 2, 1, 0, -1, -2, -3, 127,
    };
    static const int32_t largest[] = { 2, 0, 9 };
    static const int64_t smallest[] = { 4, 0, 8 };
    /* -1, infinity, 2 */
    static const uint16_t half[] = { 0xbc00, 0x7c00, 0x4000 };
    static const int32_t one = 1;
    static const int32_t four[] = { 2, 3, 1, 9, 0, 1, 2, 3, 9, 0, 1, 2 };
    static const int32_t rising[] = { 4, 5, 0, 6, 7, 8, 9, 1, 2, 3 };
    struct apu_cmd_arg c = cmd_arg();

    memcpy(l1, in, sizeof(in));
    tap_ok(run(&c) && !memcmp(l1 + 0x1000, largest, 12),
           "ARG: the first of the largest");
    c.fn = APU_ARG_FN_MIN;
    c.out_type = APU_DTYPE_I64;
    c.out_pitch = 8;
    tap_ok(run(&c) && !memcmp(l1 + 0x1000, smallest, 24),
           "ARG: the first of the smallest, int64");
    c = cmd_arg();
    c.type = APU_DTYPE_F16;
    c.rows = 1;
    c.depth = 3;
    memcpy(l1, half, sizeof(half));
    tap_ok(run(&c) && !memcmp(l1 + 0x1000, &one, 4), "ARG: fp16");
    c = cmd_arg();
    c.k = 4;
    c.out_pitch = 16;
    memcpy(l1, in, sizeof(in));
    tap_ok(run(&c) && !memcmp(l1 + 0x1000, four, sizeof(four)),
           "ARG: the four largest, equal ones in their order");
    c.fn = APU_ARG_FN_MIN;
    c.k = c.depth;
    c.out_pitch = 40;
    c.rows = 1;
    tap_ok(run(&c) && !memcmp(l1 + 0x1000, rising, sizeof(rising)),
           "ARG: all of a row, rising");
}

/* The largest error of fn over inputs from -8 to 8 in steps of 1 / 128 */
static double worst16(struct apu_cmd_activation *c, double (*fn)(double))
{
    double worst = 0;

    c->rows = 1;
    c->depth = 2048;
    c->in_pitch = c->out_pitch = 4096;
    c->out = L1(0x1000);
    for (int i = 0; i < 2048; i++) {
        put16(0, i, (i - 1024) * 32);
    }
    if (!run(c)) {
        return INFINITY;
    }
    for (int i = 0; i < 2048; i++) {
        worst = fmax(worst, fabs(get16(0x1000, i) / 32768.0 -
                                 fn((i - 1024) * 32 / 4096.0)));
    }
    return worst;
}

static double logistic(double x)
{
    return 1 / (1 + exp(-x));
}

static double half_of(double x)
{
    return x / 16;
}

static void test_int16(void)
{
    struct apu_cmd_activation c = cmd_activation();

    c.type = APU_DTYPE_I16;
    c.fn = APU_ACT_FN_LOGISTIC;
    c.mult = 3;
    /* Entries are 1 / 24 apart. */
    for (unsigned i = 0; i < 256; i++) {
        put16(TABLE, i, (int)fmin(65535, 65536 * logistic(i / 24.0)));
    }
    tap_ok(worst16(&c, logistic) < 4e-4, "ACTIVATION: LOGISTIC of int16");
    c.fn = APU_ACT_FN_TANH;
    tap_ok(worst16(&c, tanh) < 8e-4, "ACTIVATION: TANH of int16");
    c.fn = APU_ACT_FN_LUT16;
    c.mult = 0;
    for (int i = 0; i <= 512; i++) {
        put16(TABLE, i, (i - 256) * 64 > 32767 ? 32767 : (i - 256) * 64);
    }
    tap_ok(worst16(&c, half_of) < 4e-5, "ACTIVATION: LUT16 of a straight line");
}

static void test_softmax_int16(void)
{
    /* exp of 0 and -ln 2 * 10 / 10: the input step is 10 / 65535. */
    static const int in[] = { 0, 0, -4543 };
    static const double want[] = { 0.4, 0.4, 0.2 };
    struct apu_cmd_softmax c = cmd_softmax();
    bool ok;

    c.type = APU_DTYPE_I16;
    c.rows = 1;
    c.depth = 3;
    c.mult = 1 << 30;
    c.left_shift = 1;
    c.table = L1(TABLE);
    for (int i = 0; i <= 512; i++) {
        put16(TABLE, i, (int)fmin(32767, 32768 * exp(10.0 * (i - 512) / 512)));
        put16(TABLE + 1026, i,
              (int)fmin(32767, 32768 / (1 + (double)i / 512)));
    }
    for (unsigned i = 0; i < 3; i++) {
        put16(0, i, in[i]);
    }
    ok = run(&c);
    for (unsigned i = 0; i < 3; i++) {
        ok &= fabs(get16(0x1000, i) / 32768.0 - want[i]) < 1e-3;
    }
    tap_ok(ok, "SOFTMAX of int16");
}

/* Rows of 8 bits against the mathematics, in steps of the output */
static double worst_norm(struct apu_cmd_norm *c, double zero, double step)
{
    bool is_signed = c->type == APU_DTYPE_I8;
    double worst = 0;

    for (unsigned i = 0; i < c->rows * c->depth; i++) {
        l1[i] = rnd() >> 32;
    }
    if (!run(c)) {
        return INFINITY;
    }
    for (unsigned row = 0; row < c->rows; row++) {
        const uint8_t *in = l1 + row * c->in_pitch;
        const uint8_t *out = l1 + 0x1000 + row * c->out_pitch;
        double sum = 0, want;

        for (unsigned i = 0; i < c->depth; i++) {
            double x = is_signed ? (int8_t)in[i] : in[i];

            sum += c->fn == APU_NORM_FN_L2 ? (x - c->in_zp) * (x - c->in_zp) :
                                             exp(x / 16);
        }
        for (unsigned i = 0; i < c->depth; i++) {
            double x = is_signed ? (int8_t)in[i] : in[i];
            double got = is_signed ? (int8_t)out[i] : out[i];
            double low = is_signed ? -128 : 0;

            want = c->fn == APU_NORM_FN_L2 ? (x - c->in_zp) / sqrt(sum) :
                                             x / 16 - log(sum);
            want = fmin(fmax(want / step + zero, low), low + 255);
            worst = fmax(worst, fabs(got - want));
        }
    }
    tap_note("largest error: %.3g steps", worst);
    return worst;
}

static void test_norm(void)
{
    struct apu_cmd_norm c = cmd_norm();

    c.rows = 20;
    tap_ok(worst_norm(&c, 127, 1.0 / 16) < 0.52, "NORM: LOG_SOFTMAX of int8");
    c.type = APU_DTYPE_U8;
    tap_ok(worst_norm(&c, 255, 1.0 / 16) < 0.52, "NORM: LOG_SOFTMAX of uint8");
    c.fn = APU_NORM_FN_L2;
    c.in_zp = 100;
    /* Rounded twice */
    tap_ok(worst_norm(&c, 128, 1.0 / 128) < 0.6, "NORM: L2 of uint8");
    c.type = APU_DTYPE_I8;
    c.in_zp = -7;
    tap_ok(worst_norm(&c, 0, 1.0 / 128) < 0.52, "NORM: L2 of int8");
}

static void test_reduce(void)
{
    /* Less their zero point 1: 4 * -6 * 10, 0, 127 of three */
    static const int8_t in[] = { 5, -5, 11, 1, 99, -99, 127, 127, 127 };
    /* Each product halved, the last one again: -240 / 8 = -30; plus 3 */
    static const int8_t want[] = { -27, 3, 127 };
    /* 3, -2, 0.5 */
    static const uint16_t half[] = { 0x4200, 0xc000, 0x3800 };
    struct apu_cmd_reduce c = cmd_reduce();

    c.depth = c.in_pitch = 3;
    c.in_zp = 1;
    c.out_zp = 3;
    memcpy(l1, in, sizeof(in));
    tap_ok(run(&c) && !memcmp(l1 + 0x1000, want, 3), "REDUCE: PROD by hand");
    c.type = APU_DTYPE_I16;
    c.rows = 1;
    c.in_zp = c.out_zp = 0;
    for (unsigned i = 0; i < 3; i++) {
        put16(0, i, 100 - 150 * i);
    }
    /* 100 * -50 / 2 * -200 / 4; 100 * -50 / 32 * -200 / 1024 */
    tap_ok(run(&c) && get16(0x1000, 0) == INT16_MAX, "REDUCE: int16 saturates");
    c.shift = -4;
    tap_ok(run(&c) && get16(0x1000, 0) == 30, "REDUCE: PROD of int16");
    c.type = APU_DTYPE_F16;
    memcpy(l1, half, sizeof(half));
    tap_ok(run(&c) && get16(0x1000, 0) == (int16_t)0xc200, "REDUCE: fp16");
}

static void test_norm_f16(void)
{
    /* 3, 4: 0.6, 0.8; the logarithms of 1 and e over their sum */
    static const uint16_t in[] = { 0x4200, 0x4400 };
    static const float want[2][2] = {
        { -1.3132617f, -0.3132617f }, { 0.6f, 0.8f },
    };
    struct apu_cmd_norm c = cmd_norm();

    c.type = APU_DTYPE_F16;
    c.rows = 1;
    c.depth = 2;
    memcpy(l1, in, sizeof(in));
    for (c.fn = 0; c.fn <= APU_NORM_FN_L2; c.fn++) {
        bool ok = run(&c);

        for (unsigned i = 0; i < 2; i++) {
            float v = apu_f16_to_f32(get16(0x1000, i));

            ok &= fabsf(v - want[c.fn][i]) <= 5e-4f;
        }
        tap_ok(ok, "NORM: %s of fp16", c.fn ? "L2" : "LOG_SOFTMAX");
    }
}

static void test_f16_functions(void)
{
    static const struct {
        unsigned fn;
        const char *name;
        float in, want;
    } t[] = {
        { APU_ACT_FN_TANH, "TANH", 0.5f, 0.46211716f },
        { APU_ACT_FN_EXP, "EXP", 1, 2.7182818f },
        { APU_ACT_FN_SQRT, "SQRT", 2, 1.4142136f },
        { APU_ACT_FN_RSQRT, "RSQRT", 4, 0.5f },
        { APU_ACT_FN_ELU, "ELU", -1, -0.63212056f },
        { APU_ACT_FN_ELU, "ELU", 3, 3 },
        { APU_ACT_FN_GELU, "GELU", 1, 0.84134475f },
        { APU_ACT_FN_GELU_TANH, "GELU_TANH", 1, 0.84119199f },
        { APU_ACT_FN_HARD_SWISH, "HARD_SWISH", 1, 0.6666667f },
        { APU_ACT_FN_HARD_SWISH, "HARD_SWISH", -4, 0 },
        { APU_ACT_FN_HARD_SWISH, "HARD_SWISH", 8, 8 },
        { APU_ACT_FN_ABS, "ABS", -1.5f, 1.5f },
        { APU_ACT_FN_LOG, "LOG", 10, 2.3025851f },
        { APU_ACT_FN_LOG, "LOG", 0.5f, -0.69314718f },
    };

    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        struct apu_cmd_activation c = cmd_activation();
        float got;
        bool ok;

        c.fn = t[i].fn;
        c.type = APU_DTYPE_F16;
        c.rows = c.depth = 1;
        put16(0, 0, apu_f32_to_f16(t[i].in));
        ok = run(&c);
        got = apu_f16_to_f32(get16(0x1000, 0));
        tap_ok(ok && fabsf(got - t[i].want) <= 1e-3f * fabsf(t[i].want),
               "ACTIVATION: %s(%g) of fp16", t[i].name, (double)t[i].in);
    }
}

void test_mvpu(void)
{
    test_resize();
    test_resize_f16();
    test_arg();
    test_int16();
    test_softmax_int16();
    test_norm();
    test_norm_f16();
    test_reduce();
    test_f16_functions();
}

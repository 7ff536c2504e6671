/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The fast kernels against the plain ones, on random commands: the whole of
 * L1 must come out the same, so stray writes show too.
 */

#include <stdlib.h>
#include <string.h>
#include "commands.h"
#include "apu_simd.h"

#define L1_KIB 256
#define L1_BYTES (L1_KIB * 1024)
#define DRAM_BYTES (256 * 1024)
#define BIAS_AT (160 * 1024)
#define QUANT_AT (200 * 1024)

static uint8_t *l1_ref, *l1_fast, *dram;

static const uint8_t int_types[] = {
    APU_DTYPE_I8, APU_DTYPE_U8, APU_DTYPE_I16,
};

static bool chance(unsigned one_in)
{
    return rnd_below(one_in) == 0;
}

static int32_t type_min(unsigned type)
{
    return type == APU_DTYPE_I8 ? -128 : type == APU_DTYPE_U8 ? 0 : -32768;
}

static int32_t type_max(unsigned type)
{
    return type == APU_DTYPE_I8 ? 127 : type == APU_DTYPE_U8 ? 255 : 32767;
}

static uint32_t float_bits(float f)
{
    uint32_t u;

    memcpy(&u, &f, 4);
    return u;
}

static void rnd_bounds(unsigned type, int32_t *lo, int32_t *hi)
{
    int32_t a, b;

    if (type == APU_DTYPE_F16) {
        *lo = float_bits(chance(2) ? -INFINITY : chance(2) ? 0 : -1.25f);
        *hi = float_bits(chance(2) ? INFINITY : chance(2) ? 6 : 65519);
        return;
    }
    *lo = type_min(type);
    *hi = type_max(type);
    if (chance(3)) {
        a = rnd_range(*lo, *hi);
        b = rnd_range(*lo, *hi);
        *lo = a < b ? a : b;
        *hi = a < b ? b : a;
    }
}

static int32_t rnd_zp(unsigned type)
{
    return type == APU_DTYPE_I8 || type == APU_DTYPE_U8 ?
           rnd_range(type_min(type), type_max(type)) : 0;
}

static int32_t rnd_mult(void)
{
    return chance(20) ? 0 : chance(20) ? rnd_range(1, INT32_MAX) :
           rnd_range(1 << 30, INT32_MAX);
}

static int32_t rnd_shift(int32_t lo, int32_t hi)
{
    return chance(10) ? rnd_range(-31, 7) : rnd_range(lo, hi);
}

/* fp16 values: mostly small, now and then anything (infinities, NaN). */
static void rnd_f16(uint8_t *p, size_t n, bool wild)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t v = rnd_range(0x2800, 0x4200);

        v = wild && chance(50) ? rnd() >> 48 : chance(2) ? v : v | 0x8000;
        memcpy(p + 2 * i, &v, 2);
    }
}

static void rnd_memory(unsigned type, bool wild)
{
    if (type == APU_DTYPE_F16) {
        rnd_f16(l1_ref, L1_BYTES / 2, wild);
        rnd_f16(dram, BIAS_AT / 2, wild && chance(3));
    } else {
        rnd_bytes(l1_ref, L1_BYTES);
        rnd_bytes(dram, BIAS_AT);
    }
    memcpy(l1_fast, l1_ref, L1_BYTES);
}

/* Runs the command both ways; false if anything differs. */
static bool same(const void *cmd, unsigned class)
{
    struct one o = {
        .cmd = cmd, .engine_class = class, .l1 = l1_ref, .l1_kib = L1_KIB,
        .dram = dram, .dram_size = DRAM_BYTES, .reference = true,
    };
    enum apu_job_status ref = one_run(&o), fast;

    o.l1 = l1_fast;
    o.reference = false;
    fast = one_run(&o);
    if (ref != APU_JOB_STATUS_OK || fast != ref) {
        tap_note("status %d plain, %d fast", ref, fast);
        return false;
    }
    for (size_t i = 0; i < L1_BYTES; i++) {
        if (l1_ref[i] != l1_fast[i]) {
            tap_note("L1 + %zu: 0x%02x plain, 0x%02x fast", i, l1_ref[i],
                     l1_fast[i]);
            return false;
        }
    }
    return true;
}

/* Rounds a pitch up now and then. */
static void loosen(uint32_t *pitch)
{
    if (chance(3)) {
        *pitch += rnd_below(20);
    }
}

/* Puts a tile at a random place, often at the very end of L1. */
static uint64_t place(uint64_t begin, uint64_t end, uint64_t bytes)
{
    return L1(chance(2) ? end - bytes :
                          begin + rnd_below(end - begin - bytes + 1));
}

static uint64_t tile_bytes(uint32_t h, uint32_t w, uint64_t pixel,
                           uint64_t row_pitch, uint64_t pix_pitch)
{
    return (h - 1) * row_pitch + (w - 1) * pix_pitch + pixel;
}

static void conv_shape(struct apu_cmd_conv *c)
{
    uint32_t in_g = 1 + rnd_below(chance(4) ? 70 : 20);
    uint32_t out_g = 1 + rnd_below(chance(4) ? 70 : 20);

    c->in_h = 1 + rnd_below(9);
    c->in_w = 1 + rnd_below(9);
    c->out_h = 1 + rnd_below(9);
    c->out_w = 1 + rnd_below(chance(2) ? 3 : 12);
    c->k_h = chance(2) ? 1 : 1 + rnd_below(4);
    c->k_w = chance(2) ? c->k_h : 1 + rnd_below(4);
    c->stride_h = 1 + rnd_below(3);
    c->stride_w = 1 + rnd_below(3);
    c->dil_h = chance(3) ? 1 + rnd_below(3) : 1;
    c->dil_w = chance(3) ? 1 + rnd_below(3) : 1;
    c->pad_top = rnd_range(-2, 3);
    c->pad_left = rnd_range(-2, 3);
    if (c->kind == APU_CONV_KIND_DEPTHWISE) {
        c->groups = chance(3) ? 1 + rnd_below(4) : 1;
        c->in_c = in_g;
        c->out_c = in_g * c->groups;
    } else {
        c->groups = chance(4) ? 1 + rnd_below(5) : 1;
        c->in_c = in_g * c->groups;
        c->out_c = out_g * c->groups;
    }
}

static void conv_types(struct apu_cmd_conv *c, unsigned type)
{
    c->in_type = c->out_type = type;
    c->w_type = type == APU_DTYPE_I16 && !chance(4) ? APU_DTYPE_I8 : type;
    c->in_zp = rnd_zp(type);
    c->out_zp = rnd_zp(type);
    c->w_zp = type == APU_DTYPE_I16 || chance(2) ? 0 : rnd_zp(type);
    c->bias_type = type == APU_DTYPE_F16 ? APU_DTYPE_F32 : APU_DTYPE_I32;
    if (type == APU_DTYPE_I16 && chance(2)) {
        c->bias_type = APU_DTYPE_I64;
    } else if (chance(5)) {
        c->bias_type = APU_DTYPE_NONE;
    }
    c->quant_mode = type == APU_DTYPE_F16 ? APU_QUANT_MODE_NONE :
                    chance(2) ? APU_QUANT_MODE_PER_TENSOR :
                                APU_QUANT_MODE_PER_CHANNEL;
    rnd_bounds(type, &c->act_min, &c->act_max);
}

static void conv_params(const struct apu_cmd_conv *c)
{
    for (uint32_t i = 0; i < c->out_c; i++) {
        struct apu_quant q = { rnd_mult(), 0 };
        int64_t wide = rnd_range(-100000, 100000) *
                       (chance(10) ? INT64_C(1) << rnd_below(47) : 1);
        int32_t bias = chance(20) ? (int32_t)rnd() : (int32_t)wide;
        float f = rnd_range(-1000, 1000) / 64.0f;

        q.shift = c->in_type == APU_DTYPE_I16 ? rnd_shift(-17, -6) :
                                                rnd_shift(-12, -3);
        memcpy(dram + QUANT_AT + 8 * i, &q, sizeof(q));
        switch (c->bias_type) {
        case APU_DTYPE_I64:
            memcpy(dram + BIAS_AT + 8 * i, &wide, 8);
            break;
        case APU_DTYPE_F32:
            memcpy(dram + BIAS_AT + 4 * i, &f, 4);
            break;
        default:
            memcpy(dram + BIAS_AT + 4 * i, &bias, 4);
            break;
        }
    }
}

static bool conv_case(unsigned type, unsigned kind)
{
    struct apu_cmd_conv c = cmd_conv();
    uint64_t in_bytes, out_bytes, row;
    unsigned size = type_size(type);

    c.kind = kind;
    conv_types(&c, type);
    do {
        conv_shape(&c);
        conv_dense(&c);
        row = c.w_pitch;
        loosen(&c.in_pix_pitch);
        c.in_row_pitch = c.in_w * c.in_pix_pitch;
        loosen(&c.in_row_pitch);
        loosen(&c.out_pix_pitch);
        c.out_row_pitch = c.out_w * c.out_pix_pitch;
        loosen(&c.out_row_pitch);
        loosen(&c.w_pitch);
        in_bytes = tile_bytes(c.in_h, c.in_w, c.in_c * size, c.in_row_pitch,
                              c.in_pix_pitch);
        out_bytes = tile_bytes(c.out_h, c.out_w, c.out_c * size,
                               c.out_row_pitch, c.out_pix_pitch);
    } while (in_bytes > L1_BYTES / 2 || out_bytes > L1_BYTES / 4 ||
             (kind ? c.k_h * c.k_w : c.out_c) * (uint64_t)c.w_pitch >
             L1_BYTES / 4);
    rnd_memory(type, true);
    conv_params(&c);
    c.bias = REF(2, BIAS_AT);
    c.quant = REF(2, QUANT_AT);
    c.in = place(L1_BYTES / 2, L1_BYTES, in_bytes);
    c.out = place(0, L1_BYTES / 4, out_bytes);
    c.weight = chance(2) ? REF(2, 0) :
               place(L1_BYTES / 4, L1_BYTES / 2,
                     tile_bytes(kind ? c.k_h * c.k_w : c.out_c, 1, row,
                                c.w_pitch, 0));
    if (same(&c, APU_ENGINE_CLASS_MDLA)) {
        return true;
    }
    tap_note("in %ux%ux%u out %ux%ux%u k %ux%u stride %u,%u dil %u,%u pad "
             "%d,%d groups %u zp %d,%d,%d bias type %u", c.in_h, c.in_w,
             c.in_c, c.out_h, c.out_w, c.out_c, c.k_h, c.k_w, c.stride_h,
             c.stride_w, c.dil_h, c.dil_w, c.pad_top, c.pad_left, c.groups,
             c.in_zp, c.w_zp, c.out_zp, c.bias_type);
    return false;
}

/* Long sums: more products than 32 bits hold exactly. */
static bool long_case(unsigned type)
{
    struct apu_cmd_conv c = cmd_conv();

    conv_types(&c, type);
    c.in_h = c.out_h = 1;
    c.in_w = c.out_w = 1 + rnd_below(14);
    c.in_c = 1000 + rnd_below(3000);
    c.out_c = 1 + rnd_below(20);
    c.k_h = c.k_w = c.groups = 1;
    c.pad_top = c.pad_left = 0;
    conv_dense(&c);
    rnd_memory(type, false);
    conv_params(&c);
    c.bias = REF(2, BIAS_AT);
    c.quant = REF(2, QUANT_AT);
    c.in = L1(65536);
    return same(&c, APU_ENGINE_CLASS_MDLA);
}

static bool pool_case(unsigned type)
{
    struct apu_cmd_pool c = cmd_pool();
    unsigned size = type_size(type);

    c.type = type;
    c.kind = rnd_below(3);
    c.in_h = 1 + rnd_below(12);
    c.in_w = 1 + rnd_below(12);
    c.channels = 1 + rnd_below(chance(10) ? 900 : 50);
    c.k_h = 1 + rnd_below(5);
    c.k_w = 1 + rnd_below(5);
    c.stride_h = 1 + rnd_below(3);
    c.stride_w = 1 + rnd_below(3);
    c.pad_top = rnd_range(-(int32_t)(c.in_h - 1), c.k_h - 1);
    c.pad_left = rnd_range(-(int32_t)(c.in_w - 1), c.k_w - 1);
    c.out_h = 1 + (c.in_h - 1 + c.pad_top) / c.stride_h;
    c.out_w = 1 + (c.in_w - 1 + c.pad_left) / c.stride_w;
    pool_dense(&c);
    c.out_pix_pitch += rnd_below(3);
    c.out_row_pitch = c.out_w * c.out_pix_pitch;
    rnd_bounds(type, &c.act_min, &c.act_max);
    if (tile_bytes(c.in_h, c.in_w, c.channels * size, c.in_row_pitch,
                   c.in_pix_pitch) > L1_BYTES / 2 ||
        tile_bytes(c.out_h, c.out_w, c.channels * size, c.out_row_pitch,
                   c.out_pix_pitch) > L1_BYTES / 2) {
        return true;
    }
    c.in = L1(L1_BYTES / 2);
    c.out = L1(rnd_below(16));
    rnd_memory(type, chance(2));
    return same(&c, APU_ENGINE_CLASS_MDLA);
}

static bool eltwise_case(unsigned fn, unsigned type)
{
    struct apu_cmd_eltwise c = cmd_eltwise();

    c.fn = fn;
    c.in_type = c.out_type = type;
    if (fn == APU_ELT_FN_REQUANT) {
        c.out_type = int_types[rnd_below(3)];
    }
    c.h = 1 + rnd_below(6);
    c.w = 1 + rnd_below(6);
    c.c = 1 + rnd_below(chance(5) ? 600 : 40);
    c.scalar = chance(3) ? rnd_below(4) : 0;
    eltwise_dense(&c);
    if (chance(3)) {
        c.in2_row_pitch = 0;
    }
    if (chance(3)) {
        c.in2_pix_pitch = 0;
    }
    loosen(&c.out_pix_pitch);
    c.out_row_pitch = c.w * c.out_pix_pitch;
    c.left_shift = rnd_below(31);
    c.in1_zp = rnd_zp(type);
    c.in2_zp = rnd_zp(type);
    c.out_zp = rnd_zp(c.out_type);
    c.in1_mult = rnd_mult();
    c.in2_mult = rnd_mult();
    c.out_mult = rnd_mult();
    c.in1_shift = rnd_shift(-3, 1);
    c.in2_shift = rnd_shift(-3, 1);
    c.out_shift = rnd_shift(-20, -15);
    rnd_bounds(c.out_type, &c.act_min, &c.act_max);
    rnd_memory(type, true);
    c.in1 = L1(65536 + rnd_below(3));
    c.in2 = L1(131072);
    /* In place where the tiles are alike. */
    c.out = chance(3) && !c.scalar && c.out_pix_pitch == c.in1_pix_pitch &&
            c.out_row_pitch == c.in1_row_pitch && c.out_type == type ?
            c.in1 : L1(rnd_below(5));
    return same(&c, APU_ENGINE_CLASS_MDLA);
}

static const char *type_name(unsigned type)
{
    return type == APU_DTYPE_I8 ? "int8" : type == APU_DTYPE_U8 ? "uint8" :
           type == APU_DTYPE_I16 ? "int16" : "fp16";
}

static void run_type(unsigned type, unsigned cases, const char *simd)
{
    static const char *const fn[] = {
        "ADD", "REQUANT", "CLAMP", "SUB", "MUL", "MAX", "MIN", "SQUARED_DIFF",
        "PRELU", "DIV", "POW",
    };
    unsigned bad;

    for (unsigned kind = 0; kind < 2; kind++) {
        bad = 0;
        for (unsigned i = 0; i < cases && bad < 3; i++) {
            bad += !conv_case(type, kind);
        }
        tap_ok(!bad, "%s: %u random %s %s", simd, cases, type_name(type),
               kind ? "DEPTHWISE" : "CONV");
    }
    bad = 0;
    for (unsigned i = 0; i < cases / 8 && bad < 3; i++) {
        bad += !long_case(type);
    }
    tap_ok(!bad, "%s: %u long %s sums", simd, cases / 8, type_name(type));
    bad = 0;
    for (unsigned i = 0; i < cases && bad < 3; i++) {
        bad += !pool_case(type);
    }
    tap_ok(!bad, "%s: %u random %s POOL", simd, cases, type_name(type));
    for (unsigned f = 0; f <= APU_ELT_FN_POW; f++) {
        if (type == APU_DTYPE_F16 ? f == APU_ELT_FN_REQUANT :
            f == APU_ELT_FN_POW ||
            (f == APU_ELT_FN_DIV && type != APU_DTYPE_U8)) {
            continue;
        }
        bad = 0;
        for (unsigned i = 0; i < cases && bad < 3; i++) {
            bad += !eltwise_case(f, type);
        }
        tap_ok(!bad, "%s: %u random %s %s", simd, cases, type_name(type),
               fn[f]);
    }
}

void test_kernels(uint64_t seed, unsigned cases)
{
    static const unsigned types[] = {
        APU_DTYPE_I8, APU_DTYPE_U8, APU_DTYPE_I16, APU_DTYPE_F16,
    };

    l1_ref = malloc(L1_BYTES);
    l1_fast = malloc(L1_BYTES);
    dram = malloc(DRAM_BYTES);
    for (unsigned portable = 0; portable < 2; portable++) {
        apu_simd_portable = portable;
        if (portable == 0 && apu_simd() == &apu_simd_c) {
            tap_note("this host has only the portable kernels");
            continue;
        }
        rnd_seed(seed);
        for (unsigned i = 0; i < 4; i++) {
            run_type(types[i], cases, apu_simd()->name);
        }
    }
    apu_simd_portable = false;
    free(l1_ref);
    free(l1_fast);
    free(dram);
}

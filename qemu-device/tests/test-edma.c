/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The eDMA against a walk over the box, element by element, between any two
 * of L1 and DRAM.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "apu_fp16.h"
#include "commands.h"

#define L1_KIB 64
#define BYTES (L1_KIB * 1024)

static uint8_t l1[BYTES], dram[2 * BYTES];
static uint8_t want_l1[BYTES], want_dram[2 * BYTES];

static bool run(const void *cmd)
{
    struct one o = {
        .cmd = cmd, .engine_class = APU_ENGINE_CLASS_EDMA, .l1 = l1,
        .l1_kib = L1_KIB, .dram = dram, .dram_size = sizeof(dram),
    };

    return one_run(&o) == APU_JOB_STATUS_OK;
}

static void restart(void)
{
    rnd_bytes(l1, sizeof(l1));
    rnd_bytes(dram, sizeof(dram));
    memcpy(want_l1, l1, sizeof(l1));
    memcpy(want_dram, dram, sizeof(dram));
}

static bool as_wanted(void)
{
    return !memcmp(l1, want_l1, sizeof(l1)) &&
           !memcmp(dram, want_dram, sizeof(dram));
}

/* A random permutation of dense strides, with gaps now and then. */
static uint32_t rnd_strides(const uint32_t *dims, unsigned size,
                            uint32_t *stride, bool plain)
{
    unsigned order[4] = { 3, 2, 1, 0 };
    uint32_t next = size;

    for (unsigned i = 0; i < 4 && !plain; i++) {
        unsigned j = rnd_below(4), t = order[i];

        order[i] = order[j];
        order[j] = t;
    }
    for (unsigned i = 0; i < 4; i++) {
        if (rnd_below(4) == 0) {
            next += rnd_below(5);
        }
        stride[order[i]] = next;
        next *= dims[order[i]];
    }
    return next;
}

/* L1 is [0, BYTES), DRAM in two halves: sources in the first. */
static uint8_t *rnd_place(uint32_t bytes, bool dst, uint64_t *ref)
{
    uint32_t at = rnd_below(BYTES / 2 - bytes);

    if (rnd_below(2)) {
        at += dst ? BYTES / 2 : 0;
        *ref = L1(at);
        return want_l1 + at;
    }
    at += dst ? BYTES : 0;
    *ref = REF(2, at);
    return want_dram + at;
}

typedef void element_fn(const struct apu_cmd_copy *c, uint8_t *dst,
                        const uint8_t *src);

static void copy_element(const struct apu_cmd_copy *c, uint8_t *dst,
                         const uint8_t *src)
{
    memcpy(dst, src, type_size(c->src_type));
}

static float to_float(const struct apu_cmd_copy *c, const uint8_t *src)
{
    float scale = apu_bits_f32(c->scale), f;
    int16_t i16;
    uint16_t h;

    switch (c->src_type) {
    case APU_DTYPE_I8:
        return scale * (float)((int8_t)*src - c->zp);
    case APU_DTYPE_U8:
        return scale * (float)(*src - c->zp);
    case APU_DTYPE_I16:
        memcpy(&i16, src, 2);
        return scale * (float)(i16 - c->zp);
    case APU_DTYPE_F16:
        memcpy(&h, src, 2);
        return apu_f16_to_f32(h);
    default:
        memcpy(&f, src, 4);
        return f;
    }
}

static void convert_element(const struct apu_cmd_copy *c, uint8_t *dst,
                            const uint8_t *src)
{
    static const int32_t lo[] = { 0, -128, 0, -32768 };
    static const int32_t hi[] = { 0, 127, 255, 32767 };
    float f = to_float(c, src);
    uint16_t h = apu_f32_to_f16(f);
    double q;
    int32_t v;

    switch (c->dst_type) {
    case APU_DTYPE_F16:
        memcpy(dst, &h, 2);
        return;
    case APU_DTYPE_F32:
        memcpy(dst, &f, 4);
        return;
    }
    q = round(f / apu_bits_f32(c->scale));
    q = q != q ? 0 : fmin(fmax(q, -2147483648.0), 2147483647.0);
    q = fmin(fmax(q + c->zp, lo[c->dst_type]), hi[c->dst_type]);
    v = (int32_t)q;
    memcpy(dst, &v, type_size(c->dst_type));
}

static bool copy_case(unsigned src_type, unsigned dst_type, element_fn *fn)
{
    struct apu_cmd_copy c = cmd_copy();
    unsigned ss = type_size(src_type), ds = type_size(dst_type);
    uint32_t src_bytes, dst_bytes;
    const uint8_t *src;
    uint8_t *dst;

    c.src_type = src_type;
    c.dst_type = dst_type;
    do {
        bool plain = rnd_below(2);

        for (unsigned i = 0; i < 4; i++) {
            c.dims[i] = rnd_below(3) ? 1 + rnd_below(8) : 1;
        }
        c.dims[rnd_below(4)] = 1 + rnd_below(rnd_below(4) ? 40 : 6000);
        src_bytes = rnd_strides(c.dims, ss, c.src_stride, plain);
        dst_bytes = rnd_strides(c.dims, ds, c.dst_stride, plain);
    } while (src_bytes >= BYTES / 2 || dst_bytes >= BYTES / 2);
    if (rnd_below(6) == 0) {
        c.src_stride[rnd_below(4)] = 0;         /* repeats */
    }
    c.scale = apu_f32_bits(rnd_range(1, 1000) / 256.0f);
    c.zp = src_type == APU_DTYPE_U8 || dst_type == APU_DTYPE_U8 ?
           rnd_range(0, 255) : rnd_range(-128, 127);
    restart();
    src = rnd_place(src_bytes, false, &c.src);
    dst = rnd_place(dst_bytes, true, &c.dst);
    for (uint32_t i = 0; i < c.dims[0]; i++) {
        for (uint32_t j = 0; j < c.dims[1]; j++) {
            for (uint32_t k = 0; k < c.dims[2]; k++) {
                for (uint32_t l = 0; l < c.dims[3]; l++) {
                    fn(&c, dst + i * c.dst_stride[0] + j * c.dst_stride[1] +
                       k * c.dst_stride[2] + l * c.dst_stride[3],
                       src + i * c.src_stride[0] + j * c.src_stride[1] +
                       k * c.src_stride[2] + l * c.src_stride[3]);
                }
            }
        }
    }
    return run(&c) && as_wanted();
}

static void flip_element(const struct apu_cmd_copy *c, uint8_t *dst,
                         const uint8_t *src)
{
    (void)c;
    *dst = *src < 128 ? *src + 128 : *src - 128;
}

static void test_copies(void)
{
    static const struct {
        unsigned src, dst;
        element_fn *fn;
        const char *what;
    } t[] = {
        { APU_DTYPE_I8, APU_DTYPE_I8, copy_element, "bytes" },
        { APU_DTYPE_I16, APU_DTYPE_I16, copy_element, "int16" },
        { APU_DTYPE_F32, APU_DTYPE_F32, copy_element, "fp32" },
        { APU_DTYPE_I64, APU_DTYPE_I64, copy_element, "int64" },
        { APU_DTYPE_U8, APU_DTYPE_I8, flip_element, "uint8 to int8" },
        { APU_DTYPE_I8, APU_DTYPE_U8, flip_element, "int8 to uint8" },
        { APU_DTYPE_F32, APU_DTYPE_F16, convert_element, "fp32 to fp16" },
        { APU_DTYPE_I8, APU_DTYPE_F32, convert_element, "int8 to fp32" },
        { APU_DTYPE_U8, APU_DTYPE_F16, convert_element, "uint8 to fp16" },
        { APU_DTYPE_I16, APU_DTYPE_F32, convert_element, "int16 to fp32" },
        { APU_DTYPE_F32, APU_DTYPE_I8, convert_element, "fp32 to int8" },
        { APU_DTYPE_F32, APU_DTYPE_U8, convert_element, "fp32 to uint8" },
        { APU_DTYPE_F16, APU_DTYPE_I16, convert_element, "fp16 to int16" },
    };

    rnd_seed(5);
    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        unsigned bad = 0;

        for (unsigned j = 0; j < 100; j++) {
            bad += !copy_case(t[i].src, t[i].dst, t[i].fn);
        }
        tap_ok(!bad, "COPY: 100 random boxes, %s (%u bad)", t[i].what, bad);
    }
}

/*
 * A transposition of more DRAM than the reader's cache holds: 5 planes of
 * 200000 bytes, of which every 200th is taken.
 */
static void test_far_reads(void)
{
    struct apu_cmd_copy c = cmd_copy();
    size_t size = 1 << 20;
    uint8_t *big = malloc(size);
    struct one o = {
        .cmd = &c, .engine_class = APU_ENGINE_CLASS_EDMA, .l1 = l1,
        .l1_kib = L1_KIB, .dram = big, .dram_size = size,
    };
    bool ok;

    rnd_bytes(big, size);
    c.dims[0] = c.dims[1] = 1;
    c.dims[2] = 1000;
    c.dims[3] = 5;
    c.src_stride[2] = 200;
    c.src_stride[3] = 200000;
    c.dst_stride[2] = 5;
    c.dst_stride[3] = 1;
    ok = one_run(&o) == APU_JOB_STATUS_OK;
    for (unsigned i = 0; i < 1000; i++) {
        for (unsigned j = 0; j < 5; j++) {
            ok &= l1[0x1000 + 5 * i + j] == big[200 * i + 200000 * j];
        }
    }
    tap_ok(ok, "COPY: a transposition of a megabyte");
    free(big);
}

/* Values on which rounding and saturation show, from the specification. */
static void test_quantise(void)
{
    static const float in[] = {
        0.25f, -0.25f, 0.75f, 0.24f, 1e30f, -1e30f, NAN, INFINITY, 63, -65,
    };
    /* Divided by 0.5, rounded half away, plus 1 */
    static const int8_t want[] = { 2, 0, 3, 1, 127, -128, 1, 127, 127, -128 };
    struct apu_cmd_copy c = cmd_copy();

    restart();
    memcpy(dram, in, sizeof(in));
    c.dims[0] = c.dims[1] = c.dims[2] = 1;
    c.dims[3] = 10;
    c.src_type = APU_DTYPE_F32;
    c.src_stride[3] = 4;
    c.scale = apu_f32_bits(0.5f);
    c.zp = 1;
    tap_ok(run(&c) && !memcmp(l1 + 0x1000, want, 10), "COPY: quantise by hand");
}

static void test_fills(void)
{
    static const unsigned types[] = {
        APU_DTYPE_I8, APU_DTYPE_F16, APU_DTYPE_I32, APU_DTYPE_I64,
    };
    unsigned bad = 0;

    for (unsigned n = 0; n < 200; n++) {
        struct apu_cmd_fill c = cmd_fill();
        unsigned size = type_size(types[n % 4]);
        uint32_t bytes;
        uint8_t *dst;

        c.type = types[n % 4];
        c.value = rnd() >> (64 - 8 * size);
        do {
            for (unsigned i = 0; i < 4; i++) {
                c.dims[i] = 1 + rnd_below(rnd_below(4) ? 5 : 50);
            }
            bytes = rnd_strides(c.dims, size, c.dst_stride, false);
        } while (bytes >= BYTES / 2);
        restart();
        dst = rnd_place(bytes, true, &c.dst);
        for (uint32_t i = 0; i < c.dims[0]; i++) {
            for (uint32_t j = 0; j < c.dims[1]; j++) {
                for (uint32_t k = 0; k < c.dims[2]; k++) {
                    for (uint32_t l = 0; l < c.dims[3]; l++) {
                        memcpy(dst + i * c.dst_stride[0] +
                               j * c.dst_stride[1] + k * c.dst_stride[2] +
                               l * c.dst_stride[3], &c.value, size);
                    }
                }
            }
        }
        bad += !run(&c) || !as_wanted();
    }
    tap_ok(!bad, "FILL: 200 random boxes");
}

/* Five elements at 0 of L1 cast to 0x1000 */
static bool cast(unsigned src_type, const void *in, unsigned dst_type,
                 const void *want)
{
    struct apu_cmd_copy c = cmd_copy();
    unsigned size = type_size(src_type);

    c.src = L1(0);
    c.dst = L1(0x1000);
    c.dims[0] = c.dims[1] = c.dims[2] = 1;
    c.dims[3] = 5;
    c.src_stride[3] = size;
    c.dst_stride[3] = type_size(dst_type);
    c.src_type = src_type;
    c.dst_type = dst_type;
    c.mode = APU_COPY_MODE_CAST;
    memcpy(l1, in, 5 * size);
    return run(&c) && !memcmp(l1 + 0x1000, want, 5 * type_size(dst_type));
}

static void test_cast(void)
{
    static const float f[] = { 1.9f, -1.9f, 3e10f, -3e10f, NAN };
    static const int8_t i8[] = { 1, -1, 127, -128, 0 };
    static const uint8_t u8[] = { 1, 0, 255, 0, 0 };
    static const int32_t i32[] = { 1, -1, INT32_MAX, INT32_MIN, 0 };
    static const int64_t i64[] = { 1, -1, 30000001024, -30000001024, 0 };
    static const int64_t large[] = { 0x123456789, -2, 16777217, 0, 1 };
    static const int32_t low[] = { 0x23456789, -2, 16777217, 0, 1 };
    static const float rounded[] = { 4886718464.0f, -2, 16777216, 0, 1 };
    static const int16_t wide[] = { 1, 0, 255, 0, 0 };
    static const uint16_t half[] = { 0x3c00, 0xbc00, 0x57f0, 0xd800, 0 };
    static const uint8_t wrapped[] = { 1, 255, 127, 128, 0 };

    tap_ok(cast(APU_DTYPE_F32, f, APU_DTYPE_I8, i8) &&
           cast(APU_DTYPE_F32, f, APU_DTYPE_U8, u8) &&
           cast(APU_DTYPE_F32, f, APU_DTYPE_I32, i32) &&
           cast(APU_DTYPE_F32, f, APU_DTYPE_I64, i64),
           "COPY: casts of floats to integers");
    tap_ok(cast(APU_DTYPE_I64, large, APU_DTYPE_I32, low) &&
           cast(APU_DTYPE_U8, u8, APU_DTYPE_I16, wide) &&
           cast(APU_DTYPE_I8, i8, APU_DTYPE_U8, wrapped),
           "COPY: casts of integers to integers");
    tap_ok(cast(APU_DTYPE_I64, large, APU_DTYPE_F32, rounded) &&
           cast(APU_DTYPE_I8, i8, APU_DTYPE_F16, half),
           "COPY: casts of integers to floats");
}

static void test_gather(void)
{
    /* The last two of the first row lie outside. */
    static const int32_t index[2][3] = { { 4, -7, 99 }, { 0, 3, 3 } };
    static const int64_t wide[3] = { 1, INT64_MIN, INT64_MAX };
    static const uint32_t want[2][3] = { { 4, 0, 4 }, { 5, 8, 8 } };
    static const uint32_t shared[2][3] = { { 1, 0, 4 }, { 6, 5, 9 } };
    struct apu_cmd_gather c = cmd_gather();

    for (uint32_t i = 0; i < 10; i++) {
        memcpy(l1 + 4 * i, &i, 4);
        memcpy(dram + 4 * i, &i, 4);
    }
    memcpy(l1 + 0x1000, index, sizeof(index));
    tap_ok(run(&c) && !memcmp(l1 + 0x2000, want, sizeof(want)),
           "GATHER: by hand");
    c.src = REF(2, 0);
    c.dst = REF(2, 0x1000);
    memset(l1 + 0x2000, 0, sizeof(want));
    tap_ok(run(&c) && !memcmp(dram + 0x1000, want, sizeof(want)),
           "GATHER: from DRAM to DRAM");
    memcpy(l1 + 0x1000, wide, sizeof(wide));
    c.index_type = APU_DTYPE_I64;
    c.index_row_pitch = 0;
    tap_ok(run(&c) && !memcmp(dram + 0x1000, shared, sizeof(shared)),
           "GATHER: one list of int64 for all rows");
}

void test_edma(void)
{
    test_copies();
    test_far_reads();
    test_quantise();
    test_fills();
    test_cast();
    test_gather();
}

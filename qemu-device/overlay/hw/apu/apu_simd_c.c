/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The inner loops of the fast kernels in portable C, and the choice of the
 * version to use. Loops over blocks have constant bounds, which lets the
 * compiler vectorise them.
 */

#include "apu_base.h"
#include "apu_fixed.h"
#include "apu_fp16.h"
#include "apu_isa.h"
#include "apu_simd.h"
#ifdef __x86_64__
#include <cpuid.h>
#endif

bool apu_simd_portable;

#ifdef __x86_64__
static bool have_avx2(void)
{
    unsigned a, b, c = 0, d;

    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}
#endif

/* CPUID traps under a hypervisor: ask once. Workers may ask at once. */
const struct apu_simd *apu_simd(void)
{
    static const struct apu_simd *best;
    const struct apu_simd *s = __atomic_load_n(&best, __ATOMIC_RELAXED);

    if (!s) {
        s = &apu_simd_c;
#ifdef __x86_64__
        if (have_avx2()) {
            s = &apu_simd_avx2;
        }
#endif
        __atomic_store_n(&best, s, __ATOMIC_RELAXED);
    }
    return apu_simd_portable ? &apu_simd_c : s;
}

static void c_widen(int16_t *dst, const uint8_t *src, size_t n, unsigned type,
                    int32_t zp)
{
    size_t i;

    switch (type) {
    case APU_DTYPE_I8:
        for (i = 0; i < n; i++) {
            dst[i] = (int8_t)src[i] - zp;
        }
        break;
    case APU_DTYPE_U8:
        for (i = 0; i < n; i++) {
            dst[i] = src[i] - zp;
        }
        break;
    default:
        memcpy(dst, src, n * 2);
        break;
    }
}

static void c_pack(int16_t *dst, const uint8_t *w, size_t w_pitch,
                   unsigned rows, size_t k, unsigned type, int32_t zp)
{
    size_t pairs = (k + 1) / 2;

    if (rows < APU_GEMM_OC || k % 2) {
        memset(dst, 0, pairs * 2 * APU_GEMM_OC * sizeof(*dst));
    }
    for (unsigned r = 0; r < rows; r++) {
        const uint8_t *row = w + r * w_pitch;
        int16_t *p = dst + 2 * r;

        for (size_t i = 0; i < k; i++) {
            int32_t v = type == APU_DTYPE_I8 ? (int8_t)row[i] : row[i];

            p[i / 2 * 2 * APU_GEMM_OC + i % 2] = v - zp;
        }
    }
}

static void c_gemm_i16(const int16_t *a, size_t a_stride, const int16_t *b,
                       size_t pairs, int32_t *acc, size_t acc_stride)
{
    for (unsigned p = 0; p < APU_GEMM_PIX; p++, a += a_stride) {
        uint32_t sum[APU_GEMM_OC] = { 0 };

        for (size_t k = 0; k < pairs; k++) {
            const int16_t *bk = b + k * 2 * APU_GEMM_OC;
            int32_t a0 = a[2 * k], a1 = a[2 * k + 1];

            for (unsigned i = 0; i < APU_GEMM_OC; i++) {
                sum[i] += (uint32_t)(bk[2 * i] * a0 + bk[2 * i + 1] * a1);
            }
        }
        memcpy(acc + p * acc_stride, sum, sizeof(sum));
    }
}

static void c_dot4(const int16_t *a, const uint8_t *w, size_t w_pitch,
                   size_t k, unsigned type, int32_t *acc)
{
    for (unsigned r = 0; r < 4; r++, w += w_pitch) {
        uint32_t sum = 0;

        if (type == APU_DTYPE_I8) {
            for (size_t i = 0; i < k; i++) {
                sum += (uint32_t)(a[i] * (int8_t)w[i]);
            }
        } else {
            for (size_t i = 0; i < k; i++) {
                sum += (uint32_t)(a[i] * w[i]);
            }
        }
        acc[r] = (int32_t)sum;
    }
}

static void c_dw_i16(const uint8_t *const *tap, unsigned pairs,
                     const int16_t *w, size_t channels, unsigned type,
                     int32_t zp, int32_t *acc)
{
    size_t size = type == APU_DTYPE_I16 ? 2 : 1;

    for (size_t c = 0; c < channels; c += APU_DW_C) {
        uint32_t sum[APU_DW_C] = { 0 };
        int16_t x[2][APU_DW_C];

        for (unsigned p = 0; p < pairs; p++, w += 2 * APU_DW_C) {
            c_widen(x[0], tap[2 * p] + c * size, APU_DW_C, type, zp);
            c_widen(x[1], tap[2 * p + 1] + c * size, APU_DW_C, type, zp);
            for (unsigned i = 0; i < APU_DW_C; i++) {
                sum[i] += (uint32_t)(x[0][i] * w[2 * i] +
                                     x[1][i] * w[2 * i + 1]);
            }
        }
        memcpy(acc + c, sum, sizeof(sum));
    }
}

static void store_int(uint8_t *out, size_t i, unsigned type, int32_t v)
{
    if (type == APU_DTYPE_I16) {
        apu_st_i16(out + 2 * i, v);
    } else {
        out[i] = v;
    }
}

static void c_requant(const int32_t *acc, uint8_t *out, size_t n,
                      const struct apu_requant *q)
{
    for (size_t i = 0; i < n; i++) {
        int32_t x = q->bias ? apu_add32(acc[i], q->bias[i]) : acc[i];

        x = apu_add32(apu_mbqm(x, q->mult[i], q->shift[i]), q->zp);
        store_int(out, i, q->out_type, apu_clamp32(x, q->lo, q->hi));
    }
}

static void c_gemm_f32(const float *a, size_t a_stride, const float *b,
                       size_t k, float *acc, size_t acc_stride)
{
    for (unsigned p = 0; p < APU_GEMM_PIX; p++, a += a_stride) {
        float sum[APU_GEMM_OC] = { 0 };

        for (size_t j = 0; j < k; j++) {
            for (unsigned i = 0; i < APU_GEMM_OC; i++) {
                sum[i] += a[j] * b[j * APU_GEMM_OC + i];
            }
        }
        memcpy(acc + p * acc_stride, sum, sizeof(sum));
    }
}

static void c_dw_f32(const uint8_t *tap, const float *w, size_t channels,
                     float *acc)
{
    for (size_t c = 0; c < channels; c++) {
        acc[c] += apu_f16_to_f32(apu_ld_u16(tap + 2 * c)) * w[c];
    }
}

static void c_from_f16(float *dst, const uint8_t *src, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        dst[i] = apu_f16_to_f32(apu_ld_u16(src + 2 * i));
    }
}

static void c_to_f16(uint8_t *dst, const float *src, const float *bias,
                     size_t n, float lo, float hi)
{
    for (size_t i = 0; i < n; i++) {
        float v = bias ? src[i] + bias[i] : src[i];

        v = v < lo ? lo : v;
        v = v > hi ? hi : v;
        apu_st_u16(dst + 2 * i, apu_f32_to_f16(v));
    }
}

static int32_t load_int(const uint8_t *p, unsigned type)
{
    switch (type) {
    case APU_DTYPE_I8:
        return (int8_t)*p;
    case APU_DTYPE_U8:
        return *p;
    default:
        return apu_ld_i16(p);
    }
}

static void c_add(const struct apu_cmd_eltwise *c, const uint8_t *a,
                  unsigned step_a, const uint8_t *b, unsigned step_b,
                  uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++, a += step_a, b += step_b) {
        int32_t x = load_int(a, c->in_type) - c->in1_zp;
        int32_t y = load_int(b, c->in_type) - c->in2_zp;

        x = apu_mbqm(apu_shl32(x, c->left_shift), c->in1_mult, c->in1_shift);
        y = apu_mbqm(apu_shl32(y, c->left_shift), c->in2_mult, c->in2_shift);
        x = apu_mbqm(apu_add32(x, y), c->out_mult, c->out_shift);
        x = apu_clamp32(apu_add32(x, c->out_zp), c->act_min, c->act_max);
        store_int(out, i, c->out_type, x);
    }
}

const struct apu_simd apu_simd_c = {
    .name = "portable C",
    .widen = c_widen,
    .pack = c_pack,
    .gemm_i16 = c_gemm_i16,
    .dot4 = c_dot4,
    .dw_i16 = c_dw_i16,
    .requant = c_requant,
    .gemm_f32 = c_gemm_f32,
    .dw_f32 = c_dw_f32,
    .from_f16 = c_from_f16,
    .to_f16 = c_to_f16,
    .add = c_add,
};

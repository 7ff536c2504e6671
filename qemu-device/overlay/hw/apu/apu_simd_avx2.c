/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The inner loops of the fast kernels for x86-64 with AVX2, FMA and F16C. The
 * file is compiled for any x86-64; apu_simd() asks the CPU before using it.
 */

#include "apu_base.h"
#include "apu_fixed.h"
#include "apu_fp16.h"
#include "apu_isa.h"
#include "apu_simd.h"

#ifdef __x86_64__
#include <immintrin.h>

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma,f16c")
#endif

#define INLINE static inline __attribute__((always_inline))

INLINE __m256i load256(const void *p)
{
    return _mm256_loadu_si256(p);
}

INLINE void store256(void *p, __m256i v)
{
    _mm256_storeu_si256(p, v);
}

/* 16 elements as 16-bit numbers */
INLINE __m256i load16(const uint8_t *p, unsigned type)
{
    switch (type) {
    case APU_DTYPE_I8:
        return _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)p));
    case APU_DTYPE_U8:
        return _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)p));
    default:
        return load256(p);
    }
}

/* 8 elements as 32-bit numbers */
INLINE __m256i load8(const uint8_t *p, unsigned type)
{
    switch (type) {
    case APU_DTYPE_I8:
        return _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)p));
    case APU_DTYPE_U8:
        return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p));
    default:
        return _mm256_cvtepi16_epi32(_mm_loadu_si128((const __m128i *)p));
    }
}

/* Stores 8 numbers that are values of the type. */
INLINE void store8(uint8_t *p, __m256i v, unsigned type)
{
    __m128i w = _mm_packs_epi32(_mm256_castsi256_si128(v),
                                _mm256_extracti128_si256(v, 1));

    switch (type) {
    case APU_DTYPE_I8:
        _mm_storel_epi64((__m128i *)p, _mm_packs_epi16(w, w));
        break;
    case APU_DTYPE_U8:
        _mm_storel_epi64((__m128i *)p, _mm_packus_epi16(w, w));
        break;
    default:
        _mm_storeu_si128((__m128i *)p, w);
        break;
    }
}

INLINE size_t elem_size(unsigned type)
{
    return type == APU_DTYPE_I16 ? 2 : 1;
}

INLINE void widen_type(int16_t *dst, const uint8_t *src, size_t n,
                       unsigned type, int32_t zp)
{
    __m256i z = _mm256_set1_epi16(zp);
    size_t i = 0;

    for (; i + 16 <= n; i += 16) {
        store256(dst + i, _mm256_sub_epi16(load16(src + i, type), z));
    }
    for (; i < n; i++) {
        dst[i] = (type == APU_DTYPE_I8 ? (int8_t)src[i] : src[i]) - zp;
    }
}

static void avx2_widen(int16_t *dst, const uint8_t *src, size_t n,
                       unsigned type, int32_t zp)
{
    switch (type) {
    case APU_DTYPE_I8:
        widen_type(dst, src, n, APU_DTYPE_I8, zp);
        break;
    case APU_DTYPE_U8:
        widen_type(dst, src, n, APU_DTYPE_U8, zp);
        break;
    default:
        memcpy(dst, src, n * 2);
        break;
    }
}

/* Transposes 8 x 8 32-bit numbers. */
INLINE void transpose8(__m256i *r)
{
    __m256i t[8], u[8];

    for (unsigned i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_epi32(r[i], r[i + 1]);
        t[i + 1] = _mm256_unpackhi_epi32(r[i], r[i + 1]);
    }
    for (unsigned i = 0; i < 8; i += 4) {
        u[i] = _mm256_unpacklo_epi64(t[i], t[i + 2]);
        u[i + 1] = _mm256_unpackhi_epi64(t[i], t[i + 2]);
        u[i + 2] = _mm256_unpacklo_epi64(t[i + 1], t[i + 3]);
        u[i + 3] = _mm256_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    for (unsigned i = 0; i < 4; i++) {
        r[i] = _mm256_permute2x128_si256(u[i], u[i + 4], 0x20);
        r[i + 4] = _mm256_permute2x128_si256(u[i], u[i + 4], 0x31);
    }
}

/* 8 rows of 16 weights to 8 pairs of 8 channels */
INLINE void pack_block(int16_t *dst, const uint8_t *w, size_t w_pitch,
                       unsigned type, __m256i zp)
{
    __m256i r[8];

    for (unsigned i = 0; i < 8; i++) {
        r[i] = _mm256_sub_epi16(load16(w + i * w_pitch, type), zp);
    }
    transpose8(r);
    for (unsigned i = 0; i < 8; i++) {
        store256(dst + i * 2 * APU_GEMM_OC, r[i]);
    }
}

INLINE void pack_type(int16_t *dst, const uint8_t *w, size_t w_pitch,
                      unsigned rows, size_t k, unsigned type, int32_t zp)
{
    __m256i z = _mm256_set1_epi16(zp);
    size_t pairs = (k + 1) / 2;

    if (rows < APU_GEMM_OC || k % 2) {
        memset(dst, 0, pairs * 2 * APU_GEMM_OC * sizeof(*dst));
    }
    for (unsigned r = 0; r < rows;) {
        unsigned n = rows - r >= 8 ? 8 : 1;
        size_t i = 0;

        for (; n == 8 && i + 16 <= k; i += 16) {
            pack_block(dst + i * APU_GEMM_OC + 2 * r, w + r * w_pitch + i,
                       w_pitch, type, z);
        }
        for (unsigned j = r; j < r + n; j++) {
            const uint8_t *row = w + j * w_pitch;

            for (size_t l = i; l < k; l++) {
                int32_t v = type == APU_DTYPE_I8 ? (int8_t)row[l] : row[l];

                dst[l / 2 * 2 * APU_GEMM_OC + 2 * j + l % 2] = v - zp;
            }
        }
        r += n;
    }
}

static void avx2_pack(int16_t *dst, const uint8_t *w, size_t w_pitch,
                      unsigned rows, size_t k, unsigned type, int32_t zp)
{
    if (type == APU_DTYPE_I8) {
        pack_type(dst, w, w_pitch, rows, k, APU_DTYPE_I8, zp);
    } else {
        pack_type(dst, w, w_pitch, rows, k, APU_DTYPE_U8, zp);
    }
}

static void avx2_gemm_i16(const int16_t *a, size_t a_stride, const int16_t *b,
                          size_t pairs, int32_t *acc, size_t acc_stride)
{
    __m256i s[APU_GEMM_PIX][2];

    for (unsigned p = 0; p < APU_GEMM_PIX; p++) {
        s[p][0] = s[p][1] = _mm256_setzero_si256();
    }
    for (size_t k = 0; k < pairs; k++) {
        __m256i b0 = load256(b + k * 2 * APU_GEMM_OC);
        __m256i b1 = load256(b + k * 2 * APU_GEMM_OC + APU_GEMM_OC);

#pragma GCC unroll 6
        for (unsigned p = 0; p < APU_GEMM_PIX; p++) {
            __m256i x = _mm256_set1_epi32(apu_ld_i32(a + p * a_stride +
                                                     2 * k));

            s[p][0] = _mm256_add_epi32(s[p][0], _mm256_madd_epi16(x, b0));
            s[p][1] = _mm256_add_epi32(s[p][1], _mm256_madd_epi16(x, b1));
        }
    }
    for (unsigned p = 0; p < APU_GEMM_PIX; p++) {
        store256(acc + p * acc_stride, s[p][0]);
        store256(acc + p * acc_stride + 8, s[p][1]);
    }
}

INLINE int32_t sum8(__m256i v)
{
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v),
                              _mm256_extracti128_si256(v, 1));

    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1));
    return _mm_cvtsi128_si32(s);
}

INLINE void dot4_type(const int16_t *a, const uint8_t *w, size_t w_pitch,
                      size_t k, unsigned type, int32_t *acc)
{
    __m256i s[4];
    size_t i = 0;

    for (unsigned r = 0; r < 4; r++) {
        s[r] = _mm256_setzero_si256();
    }
    for (; i + 16 <= k; i += 16) {
        __m256i x = load256(a + i);

#pragma GCC unroll 4
        for (unsigned r = 0; r < 4; r++) {
            __m256i y = load16(w + r * w_pitch + i, type);

            s[r] = _mm256_add_epi32(s[r], _mm256_madd_epi16(x, y));
        }
    }
    for (unsigned r = 0; r < 4; r++) {
        uint32_t sum = sum8(s[r]);

        for (size_t j = i; j < k; j++) {
            uint8_t v = w[r * w_pitch + j];

            sum += (uint32_t)(a[j] * (type == APU_DTYPE_I8 ? (int8_t)v : v));
        }
        acc[r] = (int32_t)sum;
    }
}

static void avx2_dot4(const int16_t *a, const uint8_t *w, size_t w_pitch,
                      size_t k, unsigned type, int32_t *acc)
{
    if (type == APU_DTYPE_I8) {
        dot4_type(a, w, w_pitch, k, APU_DTYPE_I8, acc);
    } else {
        dot4_type(a, w, w_pitch, k, APU_DTYPE_U8, acc);
    }
}

INLINE void dw_type(const uint8_t *const *tap, unsigned pairs,
                    const int16_t *w, size_t channels, unsigned type,
                    int32_t zp, int32_t *acc)
{
    __m256i z = _mm256_set1_epi16(zp);

    for (size_t c = 0; c < channels; c += APU_DW_C) {
        size_t at = c * elem_size(type);
        __m256i lo = _mm256_setzero_si256(), hi = lo;

        for (unsigned p = 0; p < pairs; p++, w += 2 * APU_DW_C) {
            __m256i x = load16(tap[2 * p] + at, type);
            __m256i y = load16(tap[2 * p + 1] + at, type);
            __m256i w0 = load256(w), w1 = load256(w + APU_DW_C);
            __m256i x0, x1;

            if (type != APU_DTYPE_I16) {
                x = _mm256_sub_epi16(x, z);
                y = _mm256_sub_epi16(y, z);
            }
            /* Channels 0-3 and 8-11, then 4-7 and 12-15; so the weights. */
            x0 = _mm256_unpacklo_epi16(x, y);
            x1 = _mm256_unpackhi_epi16(x, y);
            lo = _mm256_add_epi32(lo, _mm256_madd_epi16(
                x0, _mm256_permute2x128_si256(w0, w1, 0x20)));
            hi = _mm256_add_epi32(hi, _mm256_madd_epi16(
                x1, _mm256_permute2x128_si256(w0, w1, 0x31)));
        }
        store256(acc + c, _mm256_permute2x128_si256(lo, hi, 0x20));
        store256(acc + c + 8, _mm256_permute2x128_si256(lo, hi, 0x31));
    }
}

static void avx2_dw_i16(const uint8_t *const *tap, unsigned pairs,
                        const int16_t *w, size_t channels, unsigned type,
                        int32_t zp, int32_t *acc)
{
    switch (type) {
    case APU_DTYPE_I8:
        dw_type(tap, pairs, w, channels, APU_DTYPE_I8, zp, acc);
        break;
    case APU_DTYPE_U8:
        dw_type(tap, pairs, w, channels, APU_DTYPE_U8, zp, acc);
        break;
    default:
        dw_type(tap, pairs, w, channels, APU_DTYPE_I16, zp, acc);
        break;
    }
}
/*
 * apu_mbqm() with a multiplier that is not negative: then the nudged and
 * truncated division is floor((p + 2^30) / 2^31), and nothing saturates.
 */
INLINE __m256i mbqm8(__m256i x, __m256i mult, __m256i shift)
{
    const __m256i nudge = _mm256_set1_epi64x(1 << 30);
    const __m256i zero = _mm256_setzero_si256();
    const __m256i one = _mm256_set1_epi32(1);
    __m256i left = _mm256_max_epi32(shift, zero);
    __m256i right = _mm256_sub_epi32(left, shift);
    __m256i even, odd, h, mask, threshold, up;

    x = _mm256_sllv_epi32(x, left);
    even = _mm256_mul_epi32(x, mult);
    odd = _mm256_mul_epi32(_mm256_srli_epi64(x, 32),
                           _mm256_srli_epi64(mult, 32));
    even = _mm256_srli_epi64(_mm256_add_epi64(even, nudge), 31);
    odd = _mm256_slli_epi64(_mm256_add_epi64(odd, nudge), 1);
    h = _mm256_blend_epi32(even, odd, 0xaa);

    mask = _mm256_sub_epi32(_mm256_sllv_epi32(one, right), one);
    threshold = _mm256_sub_epi32(_mm256_srli_epi32(mask, 1),
                                 _mm256_srai_epi32(h, 31));
    up = _mm256_cmpgt_epi32(_mm256_and_si256(h, mask), threshold);
    return _mm256_sub_epi32(_mm256_srav_epi32(h, right), up);
}

INLINE __m256i finish8(__m256i x, __m256i zp, __m256i lo, __m256i hi)
{
    x = _mm256_add_epi32(x, zp);
    return _mm256_min_epi32(_mm256_max_epi32(x, lo), hi);
}

INLINE void requant_type(const int32_t *acc, uint8_t *out, size_t n,
                         const struct apu_requant *q, unsigned type)
{
    __m256i zp = _mm256_set1_epi32(q->zp);
    __m256i lo = _mm256_set1_epi32(q->lo), hi = _mm256_set1_epi32(q->hi);
    size_t size = elem_size(type);

    for (size_t i = 0; i < n; i += 8) {
        __m256i x = load256(acc + i);

        if (q->bias) {
            x = _mm256_add_epi32(x, load256(q->bias + i));
        }
        x = mbqm8(x, load256(q->mult + i), load256(q->shift + i));
        x = finish8(x, zp, lo, hi);
        if (n - i >= 8) {
            store8(out + i * size, x, type);
        } else {
            uint8_t tail[16];

            store8(tail, x, type);
            memcpy(out + i * size, tail, (n - i) * size);
        }
    }
}

static void avx2_requant(const int32_t *acc, uint8_t *out, size_t n,
                         const struct apu_requant *q)
{
    switch (q->out_type) {
    case APU_DTYPE_I8:
        requant_type(acc, out, n, q, APU_DTYPE_I8);
        break;
    case APU_DTYPE_U8:
        requant_type(acc, out, n, q, APU_DTYPE_U8);
        break;
    default:
        requant_type(acc, out, n, q, APU_DTYPE_I16);
        break;
    }
}

INLINE void add_type(const struct apu_cmd_eltwise *c, const uint8_t *a,
                     unsigned step_a, const uint8_t *b, unsigned step_b,
                     uint8_t *out, size_t n, unsigned type)
{
    const __m128i left = _mm_cvtsi32_si128(c->left_shift);
    const __m256i zp1 = _mm256_set1_epi32(c->in1_zp);
    const __m256i zp2 = _mm256_set1_epi32(c->in2_zp);
    const __m256i mult1 = _mm256_set1_epi32(c->in1_mult);
    const __m256i mult2 = _mm256_set1_epi32(c->in2_mult);
    const __m256i mult = _mm256_set1_epi32(c->out_mult);
    const __m256i shift1 = _mm256_set1_epi32(c->in1_shift);
    const __m256i shift2 = _mm256_set1_epi32(c->in2_shift);
    const __m256i shift = _mm256_set1_epi32(c->out_shift);
    const __m256i zp = _mm256_set1_epi32(c->out_zp);
    const __m256i lo = _mm256_set1_epi32(c->act_min);
    const __m256i hi = _mm256_set1_epi32(c->act_max);

    for (; n >= 8; n -= 8) {
        __m256i x = _mm256_sub_epi32(load8(a, type), zp1);
        __m256i y = _mm256_sub_epi32(load8(b, type), zp2);

        x = mbqm8(_mm256_sll_epi32(x, left), mult1, shift1);
        y = mbqm8(_mm256_sll_epi32(y, left), mult2, shift2);
        x = mbqm8(_mm256_add_epi32(x, y), mult, shift);
        store8(out, finish8(x, zp, lo, hi), type);
        a += 8 * step_a;
        b += 8 * step_b;
        out += 8 * elem_size(type);
    }
    apu_simd_c.add(c, a, step_a, b, step_b, out, n);
}

static void avx2_add(const struct apu_cmd_eltwise *c, const uint8_t *a,
                     unsigned step_a, const uint8_t *b, unsigned step_b,
                     uint8_t *out, size_t n)
{
    if (!step_a || !step_b) {
        apu_simd_c.add(c, a, step_a, b, step_b, out, n);
        return;
    }
    switch (c->in_type) {
    case APU_DTYPE_I8:
        add_type(c, a, step_a, b, step_b, out, n, APU_DTYPE_I8);
        break;
    case APU_DTYPE_U8:
        add_type(c, a, step_a, b, step_b, out, n, APU_DTYPE_U8);
        break;
    default:
        add_type(c, a, step_a, b, step_b, out, n, APU_DTYPE_I16);
        break;
    }
}

/*
 * Products of two fp16 numbers are exact in fp32, so a fused multiply-add
 * rounds just like a multiplication and an addition.
 */
static void avx2_gemm_f32(const float *a, size_t a_stride, const float *b,
                          size_t k, float *acc, size_t acc_stride)
{
    __m256 s[APU_GEMM_PIX][2];

    for (unsigned p = 0; p < APU_GEMM_PIX; p++) {
        s[p][0] = s[p][1] = _mm256_setzero_ps();
    }
    for (size_t j = 0; j < k; j++) {
        __m256 b0 = _mm256_loadu_ps(b + j * APU_GEMM_OC);
        __m256 b1 = _mm256_loadu_ps(b + j * APU_GEMM_OC + 8);

#pragma GCC unroll 6
        for (unsigned p = 0; p < APU_GEMM_PIX; p++) {
            __m256 x = _mm256_broadcast_ss(a + p * a_stride + j);

            s[p][0] = _mm256_fmadd_ps(x, b0, s[p][0]);
            s[p][1] = _mm256_fmadd_ps(x, b1, s[p][1]);
        }
    }
    for (unsigned p = 0; p < APU_GEMM_PIX; p++) {
        _mm256_storeu_ps(acc + p * acc_stride, s[p][0]);
        _mm256_storeu_ps(acc + p * acc_stride + 8, s[p][1]);
    }
}

INLINE __m256 load8_f16(const uint8_t *p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}

static void avx2_dw_f32(const uint8_t *tap, const float *w, size_t channels,
                        float *acc)
{
    size_t c = 0;

    for (; c + 8 <= channels; c += 8) {
        __m256 s = _mm256_loadu_ps(acc + c);

        s = _mm256_fmadd_ps(load8_f16(tap + 2 * c), _mm256_loadu_ps(w + c), s);
        _mm256_storeu_ps(acc + c, s);
    }
    apu_simd_c.dw_f32(tap + 2 * c, w + c, channels - c, acc + c);
}

static void avx2_from_f16(float *dst, const uint8_t *src, size_t n)
{
    size_t i = 0;

    for (; i + 8 <= n; i += 8) {
        _mm256_storeu_ps(dst + i, load8_f16(src + 2 * i));
    }
    apu_simd_c.from_f16(dst + i, src + 2 * i, n - i);
}

static void avx2_to_f16(uint8_t *dst, const float *src, const float *bias,
                        size_t n, float lo, float hi)
{
    const __m128i nan = _mm_set1_epi16(APU_F16_NAN);
    __m256 l = _mm256_set1_ps(lo), h = _mm256_set1_ps(hi);
    size_t i = 0;

    for (; i + 8 <= n; i += 8) {
        __m256 v = _mm256_loadu_ps(src + i);
        __m256i bad;
        __m128i r;

        if (bias) {
            v = _mm256_add_ps(v, _mm256_loadu_ps(bias + i));
        }
        /* Of two zeros or with a NaN these take the second operand. */
        v = _mm256_min_ps(h, _mm256_max_ps(l, v));
        bad = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
        r = _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT |
                               _MM_FROUND_NO_EXC);
        r = _mm_blendv_epi8(r, nan,
                            _mm_packs_epi32(_mm256_castsi256_si128(bad),
                                            _mm256_extracti128_si256(bad, 1)));
        _mm_storeu_si128((__m128i *)(dst + 2 * i), r);
    }
    apu_simd_c.to_f16(dst + 2 * i, src + i, bias ? bias + i : NULL, n - i,
                      lo, hi);
}

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

const struct apu_simd apu_simd_avx2 = {
    .name = "AVX2",
    .widen = avx2_widen,
    .pack = avx2_pack,
    .gemm_i16 = avx2_gemm_i16,
    .dot4 = avx2_dot4,
    .dw_i16 = avx2_dw_i16,
    .requant = avx2_requant,
    .gemm_f32 = avx2_gemm_f32,
    .dw_f32 = avx2_dw_f32,
    .from_f16 = avx2_from_f16,
    .to_f16 = avx2_to_f16,
    .add = avx2_add,
};
#endif

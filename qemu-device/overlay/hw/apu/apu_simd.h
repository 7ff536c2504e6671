/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The inner loops of the fast kernels, once in portable C and once for each
 * instruction set that is worth it. Every version gives the same bits.
 *
 * Reads beyond the end of a row are allowed where "padded" is said: the
 * caller's buffers have room for whole blocks.
 */
#ifndef HW_APU_SIMD_H
#define HW_APU_SIMD_H

#include "apu_base.h"

/* Pixels and output channels that one call of a gemm function computes */
#define APU_GEMM_PIX 6
#define APU_GEMM_OC 16
/* Channels of one step of a depthwise function */
#define APU_DW_C 16

/* From accumulators to integer outputs. Arrays are padded to 8 entries. */
struct apu_requant {
    const int32_t *bias;        /* NULL for none */
    const int32_t *mult;
    const int32_t *shift;
    int32_t zp, lo, hi;
    unsigned out_type;
};

struct apu_cmd_eltwise;

struct apu_simd {
    const char *name;

    /* dst[i] = src[i] - zp; src of type I8, U8 or I16 */
    void (*widen)(int16_t *dst, const uint8_t *src, size_t n, unsigned type,
                  int32_t zp);

    /*
     * Weights of up to 16 output channels, row by row, to the order of
     * gemm_i16: [pair of k][channel][2], less zp. Missing channels and an odd
     * last k are zeros.
     */
    void (*pack)(int16_t *dst, const uint8_t *w, size_t w_pitch,
                 unsigned rows, size_t k, unsigned type, int32_t zp);

    /* acc[p][i] = sum of a[p][k] * b[k][i] over 2 * pairs values of k */
    void (*gemm_i16)(const int16_t *a, size_t a_stride, const int16_t *b,
                     size_t pairs, int32_t *acc, size_t acc_stride);

    /* acc[i] = sum of a[j] * w[i * w_pitch + j], four rows */
    void (*dot4)(const int16_t *a, const uint8_t *w, size_t w_pitch, size_t k,
                 unsigned type, int32_t *acc);

    /*
     * One output pixel of a depthwise convolution: acc[c] = sum over taps of
     * (tap[t][c] - zp) * w. Weights: [block of 16 c][pair of taps][16][2].
     * Taps and acc are padded to whole blocks.
     */
    void (*dw_i16)(const uint8_t *const *tap, unsigned pairs,
                   const int16_t *w, size_t channels, unsigned type,
                   int32_t zp, int32_t *acc);

    /* A row of outputs from 32-bit sums (padded to 8) */
    void (*requant)(const int32_t *acc, uint8_t *out, size_t n,
                    const struct apu_requant *q);

    /* fp16: acc[p][i] = sum of a[p][k] * b[k][i], k ascending, from zero */
    void (*gemm_f32)(const float *a, size_t a_stride, const float *b,
                     size_t k, float *acc, size_t acc_stride);
    /* acc[c] += tap[c] * w[c], fp16 times fp32 */
    void (*dw_f32)(const uint8_t *tap, const float *w, size_t channels,
                   float *acc);
    void (*from_f16)(float *dst, const uint8_t *src, size_t n);
    /* Adds the bias unless it is NULL, clamps, rounds */
    void (*to_f16)(uint8_t *dst, const float *src, const float *bias,
                   size_t n, float lo, float hi);

    /* A row of ELTWISE ADD on integers; steps are 0 for scalar operands */
    void (*add)(const struct apu_cmd_eltwise *c, const uint8_t *a,
                unsigned step_a, const uint8_t *b, unsigned step_b,
                uint8_t *out, size_t n);
};

extern const struct apu_simd apu_simd_c;
#ifdef __x86_64__
extern const struct apu_simd apu_simd_avx2;
#endif

/* For tests: use the portable version whatever the host can do. */
extern bool apu_simd_portable;

/* The best version for this host. */
const struct apu_simd *apu_simd(void);

#endif

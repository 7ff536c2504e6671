/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fixed-point arithmetic of the engines, see "Scaling" and "SOFTMAX" in
 * Documentation/hardware/engines.rst. Everything wraps instead of
 * overflowing, whatever the operands.
 */
#ifndef HW_APU_FIXED_H
#define HW_APU_FIXED_H

#include "apu_base.h"

static inline int32_t apu_add32(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a + (uint32_t)b);
}

static inline int32_t apu_sub32(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a - (uint32_t)b);
}

static inline int32_t apu_mul32(int32_t a, int32_t b)
{
    return (int32_t)((uint32_t)a * (uint32_t)b);
}

static inline int32_t apu_shl32(int32_t a, unsigned n)
{
    return (int32_t)((uint32_t)a << n);
}

static inline int32_t apu_clamp32(int32_t v, int32_t lo, int32_t hi)
{
    v = v < lo ? lo : v;
    return v > hi ? hi : v;
}

/* The high half of the doubled product, rounded to nearest. */
static inline int32_t apu_srdhm(int32_t a, int32_t b)
{
    int64_t p = (int64_t)a * b;
    int64_t nudge = p >= 0 ? 1 << 30 : 1 - (1 << 30);

    if (a == INT32_MIN && b == INT32_MIN) {
        return INT32_MAX;
    }
    return (int32_t)((p + nudge) / ((int64_t)1 << 31));
}

/* x / 2^n, rounded half away from zero; n from 0 to 31. */
static inline int32_t apu_rdivpot(int32_t x, unsigned n)
{
    int32_t mask = (int32_t)(((int64_t)1 << n) - 1);
    int32_t remainder = x & mask;
    int32_t threshold = (mask >> 1) + (x < 0);

    return (x >> n) + (remainder > threshold);
}

static inline int32_t apu_mbqm(int32_t x, int32_t multiplier, int32_t shift)
{
    unsigned left = shift > 0 ? shift : 0;
    unsigned right = shift > 0 ? 0 : -shift;

    return apu_rdivpot(apu_srdhm(apu_shl32(x, left), multiplier), right);
}

/* The same for 64-bit accumulators; shift is at most 7. */
static inline int32_t apu_mbqm64(int64_t x, int32_t multiplier, int32_t shift)
{
    int32_t m = multiplier < 0x7fff0000 ? (multiplier + 0x8000) >> 16 : 0x7fff;
    uint64_t p = (uint64_t)x * (uint64_t)m + ((uint64_t)1 << (14 - shift));

    return (int32_t)(uint32_t)((int64_t)p >> (15 - shift));
}

/* x * 2^n, saturated. */
static inline int32_t apu_sat_shl32(int32_t x, unsigned n)
{
    int64_t v = (int64_t)x * ((int64_t)1 << n);

    return v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : (int32_t)v;
}

int32_t apu_exp_on_negative_values(int32_t a);
int32_t apu_log_from_one(int32_t x);
int32_t apu_inverse_sqrt(int32_t v, int *shift);
int32_t apu_reciprocal(int32_t sum, unsigned integer_bits, int *over_unit);

#endif

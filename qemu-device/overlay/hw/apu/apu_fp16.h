/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IEEE half precision <-> single precision, bit by bit, independent of the
 * host. Every NaN result is the same one, so that results do not depend on
 * the order in which an instruction takes its operands.
 */
#ifndef HW_APU_FP16_H
#define HW_APU_FP16_H

#include "apu_base.h"

#define APU_F16_NAN 0x7e00
#define APU_F32_NAN 0x7fc00000u

static inline uint32_t apu_f32_bits(float f)
{
    uint32_t u;

    memcpy(&u, &f, sizeof(u));
    return u;
}

static inline float apu_bits_f32(uint32_t u)
{
    float f;

    memcpy(&f, &u, sizeof(f));
    return f;
}

static inline float apu_f16_to_f32(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16;
    uint32_t exp = (h >> 10) & 0x1f;
    uint32_t man = h & 0x3ff;

    if (exp == 0x1f) {
        return apu_bits_f32(man ? APU_F32_NAN : sign | 0x7f800000);
    }
    if (exp == 0) {
        /* man * 2^-24 is exact */
        float f = (float)man * 0x1p-24f;

        return sign ? -f : f;
    }
    return apu_bits_f32(sign | (exp + 112) << 23 | man << 13);
}

/* Rounds to nearest, ties to even; overflows to infinity. */
static inline uint16_t apu_f32_to_f16(float f)
{
    uint32_t u = apu_f32_bits(f);
    uint16_t sign = (u >> 16) & 0x8000;
    uint32_t mag = u & 0x7fffffff;
    uint32_t man, half, drop;

    if (mag > 0x7f800000) {
        return APU_F16_NAN;
    }
    if (mag >= 0x47800000) {                    /* 65536 and more */
        return sign | 0x7c00;
    }
    if (mag < 0x33000000) {                     /* below 2^-25 */
        return sign;
    }
    if (mag < 0x38800000) {                     /* subnormal as a half */
        man = (mag & 0x7fffff) | 0x800000;
        drop = 126 - (mag >> 23);               /* 14 to 24 */
    } else {
        man = mag - (112u << 23);
        drop = 13;
    }
    half = man >> drop;
    man &= (1u << drop) - 1;
    if (man > 1u << (drop - 1) || (man == 1u << (drop - 1) && (half & 1))) {
        half++;                                 /* may carry up to infinity */
    }
    return sign | half;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every source of the job executor includes first: QEMU's osdep.h in the
 * model, plain C11 headers in the host library (APU_STANDALONE).
 */
#ifndef HW_APU_BASE_H
#define HW_APU_BASE_H

#ifdef APU_STANDALONE
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#else
#include "qemu/osdep.h"
#endif
#include <math.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "The APU model overlays little-endian structures on memory"
#endif

/* Arithmetic on sizes that a command stream chose: stops at the largest. */
static inline uint64_t apu_sat_add(uint64_t a, uint64_t b)
{
    uint64_t r;

    return __builtin_add_overflow(a, b, &r) ? UINT64_MAX : r;
}

static inline uint64_t apu_sat_mul(uint64_t a, uint64_t b)
{
    uint64_t r;

    return __builtin_mul_overflow(a, b, &r) ? UINT64_MAX : r;
}

static inline uint64_t apu_div_up(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

static inline uint64_t apu_max64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static inline uint64_t apu_min64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Loads and stores without alignment. */
#define APU_DEFINE_ACCESS(name, type)                           \
    static inline type apu_ld_##name(const void *p)             \
    {                                                           \
        type v;                                                 \
                                                                \
        memcpy(&v, p, sizeof(v));                               \
        return v;                                               \
    }                                                           \
                                                                \
    static inline void apu_st_##name(void *p, type v)           \
    {                                                           \
        memcpy(p, &v, sizeof(v));                               \
    }
APU_DEFINE_ACCESS(i16, int16_t)
APU_DEFINE_ACCESS(u16, uint16_t)
APU_DEFINE_ACCESS(i32, int32_t)
APU_DEFINE_ACCESS(i64, int64_t)
APU_DEFINE_ACCESS(f32, float)
#undef APU_DEFINE_ACCESS

#endif

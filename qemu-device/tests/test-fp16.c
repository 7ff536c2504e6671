/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Half precision: every number to single precision and back, and rounding
 * against a search for the nearest number.
 */

#include <math.h>
#include <string.h>
#include "apu_fp16.h"
#include "apu_simd.h"
#include "commands.h"

/* Positive finite numbers, by their bits */
static double value[0x7c00];

static double half_value(uint16_t h)
{
    int exp = h >> 10 & 0x1f, man = h & 0x3ff;

    return exp ? ldexp(1024 + man, exp - 25) : ldexp(man, -24);
}

/* Nearest of two neighbours, the even one of two as near. */
static uint16_t nearest(float f)
{
    uint16_t sign = signbit(f) ? 0x8000 : 0;
    double x = fabs((double)f), down, up;
    unsigned lo = 0, hi = 0x7bff;

    if (f != f) {
        return APU_F16_NAN;
    }
    if (x >= 65520) {
        return sign | 0x7c00;
    }
    if (x >= value[hi]) {
        return sign | hi;
    }
    while (hi - lo > 1) {
        unsigned mid = (lo + hi) / 2;

        if (value[mid] <= x) {
            lo = mid;
        } else {
            hi = mid;
        }
    }
    down = x - value[lo];
    up = value[hi] - x;
    return sign | (down < up || (down == up && lo % 2 == 0) ? lo : hi);
}

static void test_widening(void)
{
    bool ok = true;

    for (unsigned i = 0; i < 65536; i++) {
        float f = apu_f16_to_f32(i);
        unsigned mag = i & 0x7fff;

        if (mag > 0x7c00) {
            ok &= apu_f32_bits(f) == 0x7fc00000;
        } else if (mag == 0x7c00) {
            ok &= f == (i & 0x8000 ? -INFINITY : INFINITY);
        } else {
            ok &= fabsf(f) == value[mag] && !!signbit(f) == i >> 15;
            ok &= apu_f32_to_f16(f) == i;
        }
    }
    tap_ok(ok, "all 65536 fp16 numbers to fp32 and back");
}

static void test_rounding(void)
{
    static const struct {
        float f;
        uint16_t want;
    } t[] = {
        { 65504, 0x7bff }, { 65519.996f, 0x7bff }, { 65520, 0x7c00 },
        { 1e10f, 0x7c00 }, { -65520, 0xfc00 },
        { 0x1p-24f, 1 }, { 0x1p-25f, 0 }, { 0x1.000002p-25f, 1 },
        { 0x1.8p-24f, 2 }, { -0.0f, 0x8000 }, { 0x1p-14f, 0x400 },
        { 0x1.ff8p-15f, 0x3ff }, { 0x1.ffcp-15f, 0x400 },
        { 1.00048828125f, 0x3c00 }, { 1.00146484375f, 0x3c02 },
    };
    bool ok = true;

    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        ok &= apu_f32_to_f16(t[i].f) == t[i].want;
    }
    tap_ok(ok, "rounding to fp16: limits, ties, subnormal numbers");

    ok = true;
    rnd_seed(11);
    for (unsigned i = 0; i < 2000000 && ok; i++) {
        /* Half of them in the range of fp16 */
        uint32_t u = rnd() >> 32;
        float f = apu_bits_f32(i % 2 ? u : (u & 0x8fffffff) | 0x30000000);

        ok = apu_f32_to_f16(f) == nearest(f);
        if (!ok) {
            tap_note("%a: 0x%04x, not 0x%04x", f, apu_f32_to_f16(f),
                     nearest(f));
        }
    }
    tap_ok(ok, "two million random numbers go to the nearest");
}

/* The host's conversion instructions agree. */
static void test_simd(void)
{
    const struct apu_simd *simd = apu_simd();
    bool ok = true;

    rnd_seed(12);
    for (unsigned i = 0; i < 200000 && ok; i++) {
        float f[8], g[8];
        uint16_t h[8];

        for (unsigned j = 0; j < 8; j++) {
            uint32_t u = rnd() >> 32;

            f[j] = apu_bits_f32(j % 2 ? u : (u & 0x8fffffff) | 0x30000000);
        }
        simd->to_f16((uint8_t *)h, f, NULL, 8, -INFINITY, INFINITY);
        simd->from_f16(g, (const uint8_t *)h, 8);
        for (unsigned j = 0; j < 8; j++) {
            ok &= h[j] == nearest(f[j]) &&
                  (g[j] == apu_f16_to_f32(h[j]) || h[j] == APU_F16_NAN);
        }
    }
    tap_ok(ok, "%s converts alike", simd->name);
}

void test_fp16(void)
{
    for (unsigned i = 0; i < 0x7c00; i++) {
        value[i] = half_value(i);
    }
    test_widening();
    test_rounding();
    test_simd();
}

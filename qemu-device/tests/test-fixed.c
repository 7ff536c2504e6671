/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Fixed-point arithmetic: values worked out by hand, and the definitions
 * restated with wide integers and floating point.
 */

#include <math.h>
#include "apu_fixed.h"
#include "commands.h"

static __int128 floor_div(__int128 a, __int128 b)
{
    __int128 q = a / b;

    return q - (a % b != 0 && (a < 0) != (b < 0));
}

/* The doubled high half is floor(p / 2^31 + 1/2); then half away from zero. */
static int32_t mbqm_model(int32_t x, int32_t mult, int32_t shift)
{
    int left = shift > 0 ? shift : 0, right = shift > 0 ? 0 : -shift;
    int32_t a = (int32_t)(uint32_t)((uint64_t)(int64_t)x << left);
    __int128 h = floor_div((__int128)a * mult + (1 << 30), (__int128)1 << 31);
    __int128 mag = h < 0 ? -h : h;

    mag = (2 * mag + ((__int128)1 << right)) / ((__int128)2 << right);
    return (int32_t)(h < 0 ? -mag : mag);
}

static void test_mbqm_hand(void)
{
    static const struct {
        int32_t x, mult, shift, want;
    } t[] = {
        { 100, 1 << 30, 1, 100 },
        { -128, 1 << 30, 1, -128 },
        { 3, 1 << 30, 0, 2 },           /* 1.5 goes up */
        { -3, 1 << 30, 0, -1 },         /* -1.5 too */
        { 5, 1 << 30, -1, 2 },          /* 2.5 -> 3, 1.5 -> 2 */
        { -3, 1 << 30, -1, -1 },        /* -1, -0.5 away from zero */
        { 6, 1 << 30, -1, 2 },          /* 3, 1.5 -> 2 */
        { -6, 1 << 30, -1, -2 },        /* -3, -1.5 -> -2 */
        { 1000, 0, 0, 0 },
        { INT32_MAX, INT32_MAX, 0, INT32_MAX - 1 },
        { INT32_MIN, INT32_MAX, 0, -INT32_MAX },
        { INT32_MIN, 1 << 30, -31, -1 },
        { 1 << 30, 1 << 30, 2, 0 },     /* wraps */
        { 1 << 29, 1 << 30, 2, -(1 << 30) },
    };
    bool ok = true;

    for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
        int32_t got = apu_mbqm(t[i].x, t[i].mult, t[i].shift);

        if (got != t[i].want) {
            tap_note("MBQM(%d, %d, %d) = %d, not %d", t[i].x, t[i].mult,
                     t[i].shift, got, t[i].want);
            ok = false;
        }
    }
    tap_ok(ok, "MBQM: values worked out by hand");
}

static void test_mbqm_random(void)
{
    bool ok = true;

    rnd_seed(7);
    for (unsigned i = 0; i < 1000000 && ok; i++) {
        int32_t x = (int32_t)rnd() >> rnd_below(31);
        int32_t mult = (int32_t)(rnd() >> 33) >> rnd_below(3);
        int32_t shift = rnd_range(-31, 30);

        ok = apu_mbqm(x, mult, shift) == mbqm_model(x, mult, shift);
        if (!ok) {
            tap_note("MBQM(%d, %d, %d)", x, mult, shift);
        }
    }
    tap_ok(ok, "MBQM: a million random values as defined");
}

static void test_mbqm64(void)
{
    bool ok = apu_mbqm64(1000, 1 << 30, 0) == 500 &&
              apu_mbqm64(1, 1 << 30, 0) == 1 &&         /* 0.5 goes up */
              apu_mbqm64(-1, 1 << 30, 0) == 0 &&
              apu_mbqm64(32768, INT32_MAX, 0) == 32767; /* factor 0x7fff */

    for (unsigned i = 0; i < 1000000 && ok; i++) {
        int64_t x = (int64_t)rnd() >> (17 + rnd_below(40));
        int32_t mult = (int32_t)(rnd() >> 33), shift = rnd_range(-31, 7);
        int32_t m = mult < 0x7fff0000 ? (mult + 0x8000) >> 16 : 0x7fff;
        __int128 want = floor_div((__int128)x * m +
                                  ((__int128)1 << (14 - shift)),
                                  (__int128)1 << (15 - shift));

        ok = apu_mbqm64(x, mult, shift) == (int32_t)(uint32_t)want;
    }
    tap_ok(ok, "MBQM for 64-bit sums");
}

static void test_exp(void)
{
    double worst = 0;

    for (int32_t a = 0; a > -(31 << 26); a -= 12345) {
        double want = exp(a / 67108864.0);
        double got = apu_exp_on_negative_values(a) / 2147483648.0;

        worst = fmax(worst, fabs(got - want));
    }
    tap_note("largest error of exp: %.3g", worst);
    tap_ok(worst < 1e-6, "exp of Q5.26");
    tap_ok(apu_exp_on_negative_values(0) == INT32_MAX, "exp of zero");
}

static void test_reciprocal(void)
{
    double worst = 0;

    for (uint32_t sum = 1 << 19; sum < 1u << 31; sum += 654321) {
        int over;
        double factor = apu_reciprocal(sum, 12, &over) / 2147483648.0;
        double want = 524288.0 / sum;

        worst = fmax(worst, fabs(ldexp(factor, -over) / want - 1));
    }
    tap_note("largest relative error of the reciprocal: %.3g", worst);
    tap_ok(worst < 1e-7, "reciprocal of Q12.19");
}

static void test_log(void)
{
    double worst = 0;

    for (uint32_t x = 1 << 19; x < 1u << 31; x += 543210) {
        double got = apu_log_from_one(x) / 67108864.0;

        worst = fmax(worst, fabs(got - log(x / 524288.0)));
    }
    tap_note("largest error of the logarithm: %.3g", worst);
    tap_ok(worst < 1e-5, "log of Q12.19");
    tap_ok(apu_log_from_one(0) == 0 && apu_log_from_one(INT32_MIN) == 0,
           "log of what is no number from one");
}

static void test_inverse_sqrt(void)
{
    double worst = 0;
    int shift;

    for (int64_t v = 2; v <= INT32_MAX; v += 1 + v / 1000) {
        double got = apu_inverse_sqrt(v, &shift) / 2147483648.0;

        worst = fmax(worst, fabs(ldexp(got, shift) * sqrt(v) - 1));
    }
    tap_note("largest relative error of the inverse root: %.3g", worst);
    tap_ok(worst < 2e-6, "inverse square root");
    tap_ok(apu_inverse_sqrt(-5, &shift) == INT32_MAX && shift == 0 &&
           apu_inverse_sqrt(1, &shift) == INT32_MAX && shift == 0,
           "inverse square root of less than two");
}

void test_fixed(void)
{
    test_mbqm_hand();
    test_mbqm_random();
    test_mbqm64();
    test_exp();
    test_reciprocal();
    test_log();
    test_inverse_sqrt();
}

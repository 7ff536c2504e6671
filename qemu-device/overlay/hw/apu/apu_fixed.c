/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Fixed-point exponential, reciprocal, logarithm and inverse square root for
 * SOFTMAX and NORM. Qi.f is a 32-bit number with i integer and f = 31 - i
 * fractional bits.
 */

#include "apu_base.h"
#include "apu_fixed.h"

/* exp(a) for a in [-1/4, 0), Q0.31 in and out: a polynomial around -1/8. */
static int32_t exp_quarter(int32_t a)
{
    const int32_t exp_minus_eighth = 1895147668;
    const int32_t third = 715827883;
    int32_t x = apu_add32(a, 1 << 28);
    int32_t x2 = apu_srdhm(x, x);
    int32_t x3 = apu_srdhm(x2, x);
    int32_t x4 = apu_srdhm(x2, x2);
    int32_t tail;

    tail = apu_srdhm(apu_add32(apu_rdivpot(x4, 2), x3), third);
    tail = apu_rdivpot(apu_add32(tail, x2), 1);
    return apu_add32(exp_minus_eighth,
                     apu_srdhm(exp_minus_eighth, apu_add32(x, tail)));
}

/* exp(a) for a <= 0, Q5.26 in, Q0.31 out. */
int32_t apu_exp_on_negative_values(int32_t a)
{
    /* exp(-2^(i - 2)) in Q0.31 */
    static const int32_t factor[] = {
        1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242,
    };
    const int32_t quarter = 1 << 24;
    int32_t fraction = (a & (quarter - 1)) - quarter;
    int32_t rest = apu_sub32(fraction, a);
    int32_t result = exp_quarter(apu_sat_shl32(fraction, 5));

    if (a == 0) {
        return INT32_MAX;
    }
    for (unsigned i = 0; i < 7; i++) {
        if (rest & (quarter << i)) {
            result = apu_srdhm(result, factor[i]);
        }
    }
    return result;
}

/* 1 / (1 + a) for a in [0, 1), Q0.31 in and out: Newton's method. */
static int32_t one_over_one_plus(int32_t a)
{
    const int32_t c48_17 = 1515870810;          /* 48/17 in Q2.29 */
    const int32_t c32_17 = -1010580540;         /* -32/17 in Q2.29 */
    const int32_t one = 1 << 29;                /* 1 in Q2.29 */
    int64_t sum = (int64_t)a + INT32_MAX;
    int32_t half = (int32_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
    int32_t x = apu_add32(c48_17, apu_srdhm(half, c32_17));

    for (unsigned i = 0; i < 3; i++) {
        int32_t error = apu_sub32(one, apu_srdhm(half, x));

        x = apu_add32(x, apu_sat_shl32(apu_srdhm(x, error), 2));
    }
    return apu_sat_shl32(x, 1);
}

/*
 * The reciprocal of a sum with integer_bits integer bits, as a Q0.31 factor
 * and the power of two (over_unit) to divide by. A sum of zero, which only
 * wrapping can give, counts as its smallest step.
 */
int32_t apu_reciprocal(int32_t sum, unsigned integer_bits, int *over_unit)
{
    uint32_t s = sum ? (uint32_t)sum : 1;
    unsigned headroom = __builtin_clz(s);

    *over_unit = (int)integer_bits - (int)headroom;
    return one_over_one_plus((int32_t)((s << headroom) - (1u << 31)));
}

static int32_t half_sum(int32_t a, int32_t b)
{
    int64_t sum = (int64_t)a + b;

    return (int32_t)((sum + (sum >= 0 ? 1 : -1)) / 2);
}

/*
 * log(r) around r = sqrt(sqrt(1 / 2)) as a quotient of polynomials, Q0.31 in,
 * Q6.25 out.
 */
static int32_t log_near(int32_t r)
{
    const int32_t sqrt_sqrt_half = 1805811301;
    const int32_t alpha_n = 117049297, alpha_d = 127690142;
    const int32_t alpha_i = 1057819769, alpha_f = 638450708;
    int32_t p = half_sum(r, sqrt_sqrt_half);
    int32_t q = apu_sub32(r, sqrt_sqrt_half), sq, num, denom;

    q = apu_add32(q, q);
    sq = apu_srdhm(q, q);
    num = apu_add32(apu_srdhm(q, r), apu_srdhm(apu_srdhm(q, sq), alpha_n));
    denom = apu_add32(apu_add32(alpha_i, q), apu_srdhm(alpha_d, sq));
    denom = apu_add32(apu_srdhm(p, denom), apu_srdhm(alpha_f, q));
    return apu_srdhm(apu_rdivpot(num, 6), one_over_one_plus(denom));
}

/*
 * log(x) for x >= 1, Q12.19 in, Q5.26 out: a power of two, less or plus a
 * quarter, and the logarithm of the rest. What wrapping has made zero or
 * negative counts as 1.
 */
int32_t apu_log_from_one(int32_t x)
{
    const int32_t log_2 = 1488522236, sqrt_half = 1518500250;
    const int32_t quarter = 1 << 23;            /* in Q6.25 */
    const int integer_bits = 12;
    int32_t r_a, r_b, power_a, power_b;
    int headroom_a, headroom_b;

    if (x <= 0) {
        return 0;
    }
    headroom_a = __builtin_clz(x) - 1;
    headroom_b = __builtin_clz(apu_srdhm(x, sqrt_half) | 1) - 1;
    r_a = apu_srdhm(apu_sat_shl32(x, headroom_a), sqrt_half);
    r_a = apu_sat_shl32(r_a, 1);
    r_b = apu_sat_shl32(x, headroom_b);
    power_a = (integer_bits - headroom_a - 1) * (1 << 25) + quarter;
    power_b = (integer_bits - headroom_b) * (1 << 25) - quarter;
    return apu_sat_shl32(
        apu_add32(apu_srdhm(power_a > power_b ? power_a : power_b, log_2),
                  log_near(r_a < r_b ? r_a : r_b)), 1);
}

/*
 * 1 / sqrt(v) as a Q0.31 factor and a shift of zero or less: Newton's method
 * in Q3.28. Anything below 2 counts as 1.
 */
int32_t apu_inverse_sqrt(int32_t v, int *shift)
{
    const int32_t half_three = (1 << 28) + (1 << 27);
    const int32_t half_sqrt_2 = 1518500250;
    int32_t x = 1 << 28, half;
    int right = 11, pairs;

    *shift = 0;
    if (v <= 1) {
        return INT32_MAX;
    }
    for (; v >= 1 << 29; v /= 4) {
        right++;
    }
    pairs = (__builtin_clz(v) - 1) / 2 - 1;
    right -= pairs;
    half = apu_rdivpot(apu_shl32(v, 2 * pairs) >> 1, 1);
    for (unsigned i = 0; i < 5; i++) {
        int32_t cube = apu_srdhm(apu_srdhm(x, x), x);

        cube = apu_srdhm(half, apu_sat_shl32(cube, 6));
        x = apu_sat_shl32(apu_sub32(apu_srdhm(half_three, x), cube), 3);
    }
    x = apu_srdhm(x, half_sqrt_2);
    if (right < 0) {
        return apu_shl32(x, -right);
    }
    *shift = -right;
    return x;
}

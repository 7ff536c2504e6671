/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Fixed-point exponential and reciprocal for SOFTMAX. Qi.f is a 32-bit number
 * with i integer and f = 31 - i fractional bits.
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

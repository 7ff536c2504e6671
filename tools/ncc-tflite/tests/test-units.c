// SPDX-License-Identifier: MIT
/* Parts of the compiler by themselves. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
/* The compiler has another. */
#undef fail

#include "../lut.h"
#include "../place.h"
#include "../quant.h"
#include "../sched.h"
#include "../tflite.h"

/* A small generator, so that failures repeat. */
static uint32_t state = 12345;

static uint32_t rnd(uint32_t n)
{
	state = state * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)(state >> 8) * n) >> 24);
}

static void multipliers_are_close_and_normal(void **unused)
{
	struct multiplier m;

	for (double x = 1e-9; x < 1e6; x *= 1.37) {
		m = quantize_multiplier(x);
		assert_true(fabs(m.mult * pow(2, m.shift - 31) / x - 1) < 1e-9);
		assert_in_range(m.mult, 1 << 30, INT32_MAX);
	}
}

static void multipliers_at_the_ends(void **unused)
{
	struct multiplier m = quantize_multiplier(1.0);

	assert_int_equal(m.mult, 1 << 30);
	assert_int_equal(m.shift, 1);
	/* Rounds up to the next power. */
	m = quantize_multiplier(1.0 - 1e-12);
	assert_int_equal(m.mult, 1 << 30);
	assert_int_equal(m.shift, 1);
	/* Too small. */
	m = quantize_multiplier(1e-12);
	assert_int_equal(m.mult, 0);
	assert_int_equal(m.shift, 0);
	m = quantize_multiplier(0.0);
	assert_int_equal(m.mult, 0);
	assert_int_equal(m.shift, 0);
	/* Too large, and not a number: shifts that are refused. */
	assert_true(quantize_multiplier(0x1p31).shift > 30);
	assert_true(quantize_multiplier(-INFINITY).shift > 30);
	assert_true(quantize_multiplier(NAN).shift > 30);
}

static void assert_act_range(int act, int type, float scale, int zero, int min, int max)
{
	struct range r = act_range(act, type, scale, zero);

	assert_int_equal(r.min, min);
	assert_int_equal(r.max, max);
}

static void relu_begins_at_the_zero_point(void **unused)
{
	assert_act_range(TFL_ACT_RELU, TFL_INT8, 0.1f, -10, -10, 127);
}

static void relu6_ends_at_6_by_the_scale(void **unused)
{
	assert_act_range(TFL_ACT_RELU6, TFL_UINT8, 0.05f, 20, 20, 140);
}

static void relu6_of_a_tiny_scale_ends_with_the_type(void **unused)
{
	assert_act_range(TFL_ACT_RELU6, TFL_UINT8, 1e-9f, 20, 20, 255);
}

static void relu_n1_to_1_is_around_the_zero_point(void **unused)
{
	assert_act_range(TFL_ACT_RELU_N1_TO_1, TFL_INT16, 0.001f, 0, -1000, 1000);
}

static void relu_0_to_1_is_above_the_zero_point(void **unused)
{
	assert_act_range(TFL_ACT_RELU_0_TO_1, TFL_INT8, 0.01f, -50, -50, 50);
}

static void no_activation_is_the_whole_type(void **unused)
{
	assert_act_range(TFL_ACT_NONE, TFL_INT8, 0.1f, 5, -128, 127);
}

static void every_fp16_survives_the_way_to_float_and_back(void **unused)
{
	for (unsigned h = 0; h < 0x10000; h++) {
		if ((h & 0x7c00) == 0x7c00 && h & 0x3ff)
			continue;
		assert_int_equal(float_to_half(half_to_float((uint16_t)h)), h);
	}
}

static void fp16_rounds_to_nearest_even(void **unused)
{
	float a, b;

	for (unsigned h = 0; h < 0x7bff; h++) {
		a = half_to_float((uint16_t)h);
		b = half_to_float((uint16_t)(h + 1));
		assert_int_equal(float_to_half(a + (b - a) * 0.499f), h);
		assert_int_equal(float_to_half(a + (b - a) * 0.501f), h + 1);
		assert_int_equal(float_to_half((a + b) / 2), h & 1 ? h + 1 : h);
	}
}

static void fp16_overflows_to_infinity(void **unused)
{
	assert_int_equal(float_to_half(65520.0f), 0x7c00);
	assert_int_equal(float_to_half(-1e30f), 0xfc00);
}

static void finite_constants_stay_finite_in_fp16(void **unused)
{
	assert_int_equal(constant_to_half(65520.0f), 0x7bff);
	assert_int_equal(constant_to_half(-1e9f), 0xfbff);
	assert_int_equal(constant_to_half(65504.0f), 0x7bff);
	assert_int_equal(constant_to_half(-INFINITY), 0xfc00);
	assert_int_equal(constant_to_half(1.0f), 0x3c00);
	assert_in_range(constant_to_half(NAN) & 0x7fff, 0x7c01, 0x7fff);
}

static void nan_stays_nan(void **unused)
{
	assert_in_range(float_to_half(NAN) & 0x7fff, 0x7c01, 0x7fff);
}

static void assert_blocks_apart(const struct block *x, const struct block *y)
{
	bool meet = x->from <= y->to && y->from <= x->to;

	assert_true(!meet || x->off + x->bytes <= y->off || y->off + y->bytes <= x->off);
}

static void blocks_that_live_at_the_same_time_do_not_overlap(void **unused)
{
	for (unsigned round = 0; round < 200; round++) {
		struct arena a = {0};
		uint64_t where[64];
		unsigned n = 1 + rnd(64);

		for (unsigned i = 0; i < n; i++) {
			int from = (int)rnd(50);

			arena_add(&a, 1 + rnd(5000), from, from + (int)rnd(20), &where[i]);
		}
		arena_place(&a, UINT64_MAX);
		assert_true(a.used >= arena_lower_bound(&a));
		for (size_t i = 0; i < a.blocks.n; i++)
			for (size_t j = 0; j < i; j++)
				assert_blocks_apart(&a.blocks.v[i], &a.blocks.v[j]);
	}
}

static void mark(const struct access *a, uint8_t *bytes)
{
	for (uint64_t i = 0; i < a->count; i++)
		memset(bytes + a->off + i * a->stride, 1, a->chunk);
}

static void no_conflict_of_two_accesses_is_overlooked(void **unused)
{
	unsigned exact = 0, total = 0;

	for (unsigned round = 0; round < 20000; round++) {
		static uint8_t x[2048], y[2048];
		struct access a[2];
		bool meet = false, said;
		uint64_t stride = 8 + rnd(24);

		for (unsigned i = 0; i < 2; i++) {
			a[i] = (struct access){.write = true, .off = rnd(200), .count = 1 + rnd(8)};
			a[i].stride = rnd(4) ? stride : 8 + rnd(24);
			a[i].chunk = 1 + rnd((uint32_t)a[i].stride);
			a[i].end = a[i].off + (a[i].count - 1) * a[i].stride + a[i].chunk;
		}
		memset(x, 0, sizeof(x));
		memset(y, 0, sizeof(y));
		mark(&a[0], x);
		mark(&a[1], y);
		for (unsigned i = 0; i < sizeof(x); i++)
			meet |= x[i] && y[i];
		said = accesses_conflict(&a[0], &a[1]);
		assert_true(said || !meet);
		exact += said == meet;
		total++;
	}
	/* And most that do not meet are told apart. */
	assert_true(exact > total * 8 / 10);
}

/* The largest error of a table against the function in double, in steps of the output. */
static double table_error(enum lut_fn fn, double (*exact)(double))
{
	const struct lut_quant q = {0.03f, -7, 0.025f, -40};
	uint8_t table[256];
	double worst = 0;

	function_table(fn, TFL_INT8, &q, table);
	for (int v = -128; v < 128; v++) {
		double want = exact(0.03 * (v + 7)) / 0.025 - 40;

		want = fmin(127, fmax(-128, want));
		worst = fmax(worst, fabs((int8_t)table[(uint8_t)v] - want));
	}
	return worst;
}

static double elu(double x)
{
	return x < 0 ? expm1(x) : x;
}

/* The reference kernels that the conformance tests use have no ELU. */
static void tables_of_functions_are_rounded_results(void **state)
{
	assert_true(table_error(LUT_ELU, elu) < 0.501);
	assert_true(table_error(LUT_TANH, tanh) < 0.501);
}

static void the_sigmoid_table_is_close(void **state)
{
	uint16_t table[SIGMOID_ENTRIES];

	sigmoid_table16(table);
	for (unsigned i = 0; i < SIGMOID_ENTRIES; i++)
		assert_true(fabs(table[i] - 65536 / (1 + exp(-(double)i / 24))) < 1.15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(multipliers_are_close_and_normal),
		cmocka_unit_test(multipliers_at_the_ends),
		cmocka_unit_test(relu_begins_at_the_zero_point),
		cmocka_unit_test(relu6_ends_at_6_by_the_scale),
		cmocka_unit_test(relu6_of_a_tiny_scale_ends_with_the_type),
		cmocka_unit_test(relu_n1_to_1_is_around_the_zero_point),
		cmocka_unit_test(relu_0_to_1_is_above_the_zero_point),
		cmocka_unit_test(no_activation_is_the_whole_type),
		cmocka_unit_test(every_fp16_survives_the_way_to_float_and_back),
		cmocka_unit_test(fp16_rounds_to_nearest_even),
		cmocka_unit_test(fp16_overflows_to_infinity),
		cmocka_unit_test(finite_constants_stay_finite_in_fp16),
		cmocka_unit_test(nan_stays_nan),
		cmocka_unit_test(blocks_that_live_at_the_same_time_do_not_overlap),
		cmocka_unit_test(no_conflict_of_two_accesses_is_overlooked),
		cmocka_unit_test(tables_of_functions_are_rounded_results),
		cmocka_unit_test(the_sigmoid_table_is_close),
	};

	return cmocka_run_group_tests_name("ncc-tflite", tests, NULL, NULL);
}

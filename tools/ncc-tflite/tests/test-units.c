// SPDX-License-Identifier: MIT
/* Parts of the compiler by themselves. TAP. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../place.h"
#include "../quant.h"
#include "../sched.h"
#include "../tflite.h"

static unsigned count, failures;

static void ok(bool good, const char *what)
{
	printf("%sok %u - %s\n", good ? "" : "not ", ++count, what);
	failures += !good;
}

/* A small generator, so that failures repeat. */
static uint32_t state = 12345;

static uint32_t rnd(uint32_t n)
{
	state = state * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)(state >> 8) * n) >> 24);
}

static void test_multiplier(void)
{
	bool close = true, normal = true;
	struct multiplier m;

	for (double x = 1e-9; x < 1e6; x *= 1.37) {
		m = quantize_multiplier(x);
		close &= fabs(m.mult * pow(2, m.shift - 31) / x - 1) < 1e-9;
		normal &= m.mult >= 1 << 30;
	}
	ok(close, "quantize_multiplier: within 2^-31");
	ok(normal, "quantize_multiplier: normalised");
	m = quantize_multiplier(1.0);
	ok(m.mult == 1 << 30 && m.shift == 1, "quantize_multiplier: 1");
	m = quantize_multiplier(1.0 - 1e-12);
	ok(m.mult == 1 << 30 && m.shift == 1, "quantize_multiplier: rounds up to the next power");
	m = quantize_multiplier(1e-12);
	ok(!m.mult && !m.shift, "quantize_multiplier: too small becomes 0");
	m = quantize_multiplier(0.0);
	ok(!m.mult && !m.shift, "quantize_multiplier: 0");
}

static void test_ranges(void)
{
	struct range r = act_range(TFL_ACT_RELU, TFL_INT8, 0.1f, -10);

	ok(r.min == -10 && r.max == 127, "RELU begins at the zero point");
	r = act_range(TFL_ACT_RELU6, TFL_UINT8, 0.05f, 20);
	ok(r.min == 20 && r.max == 140, "RELU6 ends at 6 / scale");
	r = act_range(TFL_ACT_RELU6, TFL_UINT8, 1e-9f, 20);
	ok(r.min == 20 && r.max == 255, "RELU6 of a tiny scale ends with the type");
	r = act_range(TFL_ACT_RELU_N1_TO_1, TFL_INT16, 0.001f, 0);
	ok(r.min == -1000 && r.max == 1000, "RELU_N1_TO_1");
	r = act_range(TFL_ACT_NONE, TFL_INT8, 0.1f, 5);
	ok(r.min == -128 && r.max == 127, "no activation");
}

static void test_half(void)
{
	bool exact = true, nearest = true;
	float a, b;

	for (unsigned h = 0; h < 0x10000; h++) {
		if ((h & 0x7c00) == 0x7c00 && h & 0x3ff)
			continue;
		exact &= float_to_half(half_to_float((uint16_t)h)) == h;
	}
	ok(exact, "every fp16 survives the way to float and back");
	for (unsigned h = 0; h < 0x7bff; h++) {
		a = half_to_float((uint16_t)h);
		b = half_to_float((uint16_t)(h + 1));
		nearest &= float_to_half(a + (b - a) * 0.499f) == h;
		nearest &= float_to_half(a + (b - a) * 0.501f) == h + 1;
		nearest &= float_to_half((a + b) / 2) == (h & 1 ? h + 1 : h);
	}
	ok(nearest, "fp16 rounds to nearest even");
	ok(float_to_half(65520.0f) == 0x7c00 && float_to_half(-1e30f) == 0xfc00,
	   "fp16 overflows to infinity");
	ok((float_to_half(NAN) & 0x7fff) > 0x7c00, "NaN stays NaN");
}

static void test_place(void)
{
	bool apart = true, bounded = true;

	for (unsigned round = 0; round < 200; round++) {
		struct arena a = {0};
		uint64_t where[64];
		unsigned n = 1 + rnd(64);

		for (unsigned i = 0; i < n; i++) {
			int from = (int)rnd(50);

			arena_add(&a, 1 + rnd(5000), from, from + (int)rnd(20), &where[i]);
		}
		arena_place(&a, UINT64_MAX);
		bounded &= a.used >= arena_lower_bound(&a);
		for (size_t i = 0; i < a.blocks.n; i++)
			for (size_t j = 0; j < i; j++) {
				const struct block *x = &a.blocks.v[i], *y = &a.blocks.v[j];
				bool meet = x->from <= y->to && y->from <= x->to;

				apart &= !meet || x->off + x->bytes <= y->off ||
					 y->off + y->bytes <= x->off;
			}
	}
	ok(apart, "blocks that live at the same time do not overlap");
	ok(bounded, "the lower bound is one");
}

static void mark(const struct access *a, uint8_t *bytes)
{
	for (uint64_t i = 0; i < a->count; i++)
		memset(bytes + a->off + i * a->stride, 1, a->chunk);
}

static void test_conflicts(void)
{
	bool safe = true;
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
		}
		memset(x, 0, sizeof(x));
		memset(y, 0, sizeof(y));
		mark(&a[0], x);
		mark(&a[1], y);
		for (unsigned i = 0; i < sizeof(x); i++)
			meet |= x[i] && y[i];
		said = accesses_conflict(&a[0], &a[1]);
		safe &= said || !meet;
		exact += said == meet;
		total++;
	}
	ok(safe, "no conflict of two accesses is overlooked");
	ok(exact > total * 8 / 10, "most accesses that do not meet are told apart");
}

int main(void)
{
	test_multiplier();
	test_ranges();
	test_half();
	test_place();
	test_conflicts();
	printf("1..%u\n", count);
	return failures > 0;
}

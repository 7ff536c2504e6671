// SPDX-License-Identifier: MIT
/* Functions of one element as tables, as TensorFlow Lite's reference kernels compute them. */
#include <math.h>
#include <string.h>
#include "lut.h"
#include "tflite.h"
#include "util.h"

#define LUT16_STEPS 512

void logistic_table(int type, float in_scale, int32_t in_zp, uint8_t table[256])
{
	struct range r = type_range(type);

	for (int32_t q = r.min; q <= r.max; q++) {
		float x = in_scale * (float)(q - in_zp);
		float y = 1.0f / (1.0f + expf(-x));
		int32_t v = (int32_t)roundf(y * 256.0f) + r.min;

		table[(uint8_t)q] = (uint8_t)(v > r.max ? r.max : v);
	}
}

float function_value(enum lut_fn fn, float x)
{
	switch (fn) {
	case LUT_TANH:
		return tanhf(x);
	case LUT_EXP:
		return expf(x);
	case LUT_ELU:
		return x < 0.0f ? expm1f(x) : x;
	case LUT_GELU:
		return 0.5f * x * erfcf(x * (float)-M_SQRT1_2);
	default:
		return 0.5f * x *
		       (1.0f +
			tanhf((float)(M_2_SQRTPI * M_SQRT1_2) * (x + 0.044715f * x * x * x)));
	}
}

static int32_t limit(int32_t v, struct range r)
{
	return v < r.min ? r.min : v > r.max ? r.max : v;
}

/* LUTPopulate of 8 bits. */
void function_table(enum lut_fn fn, int type, const struct lut_quant *q, uint8_t table[256])
{
	struct range r = type_range(type);
	const float inverse = 1 / q->out_scale;

	for (int32_t v = r.min; v <= r.max; v++) {
		float y = function_value(fn, q->in_scale * (float)(v - q->in_zp));
		float scaled = roundf(y * inverse) + (float)q->out_zp;

		/* Beyond 32 bits the reference's conversion is not defined. */
		if (!(scaled < 1e9f))
			scaled = 1e9f;
		if (!(scaled > -1e9f))
			scaled = -1e9f;
		table[(uint8_t)v] = (uint8_t)limit((int32_t)scaled, r);
	}
}

static int32_t srdhm(int32_t a, int32_t b)
{
	int64_t p = (int64_t)a * b;

	return (int32_t)((p + (p >= 0 ? 1 << 30 : 1 - (1 << 30))) / (1ll << 31));
}

static int32_t rdivpot(int32_t x, int n)
{
	int32_t mask = (int32_t)((1ll << n) - 1), threshold = (mask >> 1) + (x < 0);

	return (x >> n) + ((x & mask) > threshold);
}

int32_t mbqm(int32_t x, struct multiplier m)
{
	int left = m.shift > 0 ? m.shift : 0, right = m.shift > 0 ? 0 : -m.shift;

	return rdivpot(srdhm((int32_t)((uint32_t)x << left), m.mult), right);
}

void leaky_table(int type, const struct lut_quant *q, float alpha, uint8_t table[256])
{
	struct range r = type_range(type);
	struct multiplier same = quantize_multiplier((double)(q->in_scale / q->out_scale));
	struct multiplier below = quantize_multiplier((double)(q->in_scale * alpha / q->out_scale));

	for (int32_t v = r.min; v <= r.max; v++) {
		int32_t x = v - q->in_zp;

		table[(uint8_t)v] = (uint8_t)limit(mbqm(x, x >= 0 ? same : below) + q->out_zp, r);
	}
}

void abs_table(int type, const struct lut_quant *q, uint8_t table[256])
{
	struct range r = type_range(type);
	struct multiplier m = quantize_multiplier((double)(q->in_scale / q->out_scale));

	for (int32_t v = r.min; v <= r.max; v++) {
		int32_t x = v < q->in_zp ? q->in_zp - v : v - q->in_zp;

		if (q->in_scale != q->out_scale)
			x = mbqm(x, m);
		table[(uint8_t)v] = (uint8_t)limit(x + q->out_zp, r);
	}
}

static int32_t sat_shl(int32_t x, int n)
{
	int64_t v = (int64_t)x * (1ll << n);

	return v > INT32_MAX ? INT32_MAX : v < INT32_MIN ? INT32_MIN : (int32_t)v;
}

/*
 * GetInvSqrtQuantizedMultiplierExp for what 8 bits hold: Newton's method in Q3.28 on
 * a number between 1/4 and 1.
 */
static struct multiplier inverse_sqrt(int32_t v)
{
	const int32_t half_three = (1 << 28) + (1 << 27), half_sqrt_2 = 1518500250;
	struct multiplier m = {INT32_MAX, 0};
	int32_t half, x = 1 << 28;
	int pairs;

	if (v <= 1)
		return m;
	pairs = (__builtin_clz((uint32_t)v) - 1) / 2 - 1;
	half = rdivpot(v << 2 * pairs >> 1, 1);
	for (int i = 0; i < 5; i++) {
		int32_t cube = sat_shl(srdhm(srdhm(x, x), x), 6);

		x = sat_shl(srdhm(half_three, x) - srdhm(half, cube), 3);
	}
	m.mult = srdhm(x, half_sqrt_2);
	m.shift = pairs - 11;
	if (m.shift > 0) {
		m.mult <<= m.shift;
		m.shift = 0;
	}
	return m;
}

void rsqrt_table(int type, const struct lut_quant *q, uint8_t table[256])
{
	struct range r = type_range(type);
	struct multiplier out =
		quantize_multiplier(1.0 / (double)(sqrtf(q->in_scale) * q->out_scale));
	const int digits = 20;

	/* Half a step of the output at most */
	if (out.shift < digits - 31)
		out.mult = out.shift = 0;
	else
		out.shift -= digits;
	for (int32_t v = r.min; v <= r.max; v++) {
		struct multiplier m = inverse_sqrt(v - q->in_zp);
		int32_t y = r.max;

		m.shift += digits;
		if (v > q->in_zp)
			y = limit(mbqm(mbqm(1, m), out) + q->out_zp, r);
		table[(uint8_t)v] = (uint8_t)y;
	}
}

/* HARD_SWISH: 16-bit fixed point. */

static int16_t sat16(int64_t v)
{
	return (int16_t)(v > INT16_MAX ? INT16_MAX : v < INT16_MIN ? INT16_MIN : v);
}

static int16_t srdhm16(int16_t a, int16_t b)
{
	int32_t p = (int32_t)a * b;

	if (a == INT16_MIN && b == INT16_MIN)
		return INT16_MAX;
	return (int16_t)((p + (p >= 0 ? 1 << 14 : 1 - (1 << 14))) / (1 << 15));
}

static int16_t rdivpot16(int16_t x, int n)
{
	return (int16_t)rdivpot(x, n);
}

static int16_t narrow(int32_t mult)
{
	return (int16_t)(mult >= INT32_MAX - (1 << 15) ? INT16_MAX : (mult + (1 << 15)) >> 16);
}

static int16_t hard_swish_value(int16_t x, struct multiplier out, struct multiplier relu)
{
	int16_t high = (int16_t)(x * 128), scaled = srdhm16(high, narrow(out.mult)), r = high, v;

	if (relu.shift > 0)
		r = sat16((int64_t)r * (1ll << (relu.shift - 1)));
	r = srdhm16(r, narrow(relu.mult));
	if (relu.shift > 0)
		r = sat16((int64_t)r * 2);
	if (relu.shift < 0)
		r = rdivpot16(r, -relu.shift);
	r = (int16_t)((r + (1 << 15)) >> 1);
	/* The reference rounds this product towards zero. */
	v = (int16_t)(((int32_t)r * scaled) / (1 << 15));
	return rdivpot16(v, -out.shift);
}

bool hard_swish_table(int type, const struct lut_quant *q, uint8_t table[256])
{
	struct range r = type_range(type);
	const float high = (1.0f / 128.0f) * q->in_scale;
	struct multiplier out = quantize_multiplier((double)(high / q->out_scale));
	struct multiplier relu = quantize_multiplier((double)(high / (3.0f / 32768.0f)));

	if (out.shift > 0 || out.shift < -15 || relu.shift > 30 || relu.shift < -15)
		return false;
	for (int32_t v = r.min; v <= r.max; v++) {
		int32_t y = hard_swish_value((int16_t)(v - q->in_zp), out, relu);

		table[(uint8_t)v] = (uint8_t)limit((int16_t)(y + q->out_zp), r);
	}
	return true;
}

/* LUTPopulate of 16 bits, in floats or in doubles. */
#define DEFINE_LUT16(name, real, round_of)                                                         \
	static void name(real in_scale, int32_t in_zp, real out_scale, int32_t out_zp,             \
			 real (*fn)(real), int16_t table[LUT16_ENTRIES])                           \
	{                                                                                          \
		const real in_min = in_scale * (real)(INT16_MIN - in_zp);                          \
		const real in_max = in_scale * (real)(INT16_MAX - in_zp);                          \
		const real out_min = out_scale * (real)(INT16_MIN - out_zp);                       \
		const real out_max = out_scale * (real)(INT16_MAX - out_zp);                       \
		const real step = (in_max - in_min) / LUT16_STEPS, half = step / 2;                \
		const real inverse = (real)65536 / (out_max - out_min);                            \
                                                                                                   \
		for (int i = 0; i < LUT16_STEPS; i++) {                                            \
			real v = fn(in_min + (real)i * step);                                      \
			real middle = fn(in_min + (real)i * step + half);                          \
			real next = fn(in_min + (real)(i + 1) * step);                             \
			real between = round_of((next * inverse + round_of(v * inverse)) / 2);     \
			real error = between - round_of(middle * inverse);                         \
			real bias = round_of(error / 2);                                           \
                                                                                                   \
			table[i] = clip16((double)(round_of(v * inverse) - bias));                 \
		}                                                                                  \
		table[LUT16_STEPS] = clip16((double)round_of(fn(in_max) * inverse));               \
	}

static int16_t clip16(double v)
{
	return (int16_t)(v > INT16_MAX ? INT16_MAX : v > INT16_MIN ? v : INT16_MIN);
}

static double reciprocal(double x)
{
	return 1.0 / (1.0 + x);
}

DEFINE_LUT16(lut16_double, double, round)
DEFINE_LUT16(lut16_float, float, roundf)

void exp_table16(const struct lut_quant *q, int16_t table[LUT16_ENTRIES])
{
	lut16_float(q->in_scale, q->in_zp, q->out_scale, q->out_zp, expf, table);
}

void softmax_tables16(int16_t tables[2 * LUT16_ENTRIES])
{
	lut16_double(10.0 / 65535.0, INT16_MAX, 2.0 / 65535.0, 0, exp, tables);
	lut16_double(1.0 / 65535.0, INT16_MIN, 2.0 / 65535.0, 0, reciprocal,
		     tables + LUT16_ENTRIES);
}

void sigmoid_table16(uint16_t table[SIGMOID_ENTRIES])
{
	/* The reference's table differs here from what its comment says: one more. */
	static const uint8_t more[] = {
		4,  8,	12, 14, 15, 16, 17, 19, 20,  21,  22,  25,  27,	 28,  29,
		30, 31, 33, 34, 35, 37, 39, 40, 41,  43,  44,  45,  46,	 49,  50,
		54, 62, 63, 64, 66, 82, 86, 93, 100, 103, 112, 116, 135, 255,
	};

	for (unsigned i = 0; i < SIGMOID_ENTRIES; i++)
		table[i] = (uint16_t)round(65536.0 / (1.0 + exp(-(double)i / 24.0)));
	for (unsigned i = 0; i < ARRAY_SIZE(more); i++)
		table[more[i]]++;
}

bool near_log2(float scale, int *log2)
{
	float l = log2f(scale), rounded = roundf(l);

	*log2 = (int)rounded;
	return fabsf(l - rounded) < 1e-3f;
}

bool sigmoid_params16(float in_scale, int32_t *mult, unsigned *shift)
{
	double m = (double)in_scale * 4096.0 * 3.0;
	int log2;

	if (near_log2(in_scale, &log2) && (log2 == -12 || log2 == -11)) {
		*mult = 3 << (12 + log2);
		*shift = 0;
		return true;
	}
	*shift = 0;
	while (m <= 32767.0 / 2.0 && *shift <= 30) {
		(*shift)++;
		m *= 2.0;
	}
	*mult = m < 1e6 ? (int32_t)m : 0;
	return *mult >= 1 && *mult <= INT16_MAX && *shift <= 30;
}

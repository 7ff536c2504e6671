// SPDX-License-Identifier: MIT
#include <math.h>
#include <string.h>
#include "quant.h"
#include "tflite.h"
#include "util.h"

/* The largest finite number of fp16. */
#define HALF_MAX 65504.0f
/* Integer bits of the scaled difference in SOFTMAX. */
#define SOFTMAX_INTEGER_BITS 5

struct multiplier quantize_multiplier(double real)
{
	struct multiplier m = {0, 0};
	int64_t q;
	int shift;

	if (real == 0.0)
		return m;
	if (!(fabs(real) < 0x1p31))
		return (struct multiplier){INT32_MAX, 31};
	q = (int64_t)round(frexp(real, &shift) * 2147483648.0);
	if (q == (1ll << 31)) {
		q /= 2;
		shift++;
	}
	if (shift < -31)
		return m;
	m.mult = (int32_t)q;
	m.shift = shift;
	return m;
}

struct range type_range(int type)
{
	switch (type) {
	case TFL_INT8:
		return (struct range){-128, 127};
	case TFL_UINT8:
		return (struct range){0, 255};
	default:
		return (struct range){-32768, 32767};
	}
}

static int32_t quantize_bound(float bound, float scale, int32_t zp)
{
	float v = roundf(bound / scale);

	/* Beyond any 16-bit range either way. */
	if (!(v < 1e6f))
		v = 1e6f;
	return zp + (int32_t)v;
}

struct range act_range(int act, int type, float scale, int32_t zp)
{
	struct range r = type_range(type);
	float lo, hi;

	switch (act) {
	case TFL_ACT_RELU:
		r.min = (int32_t)max64(r.min, quantize_bound(0.0f, scale, zp));
		return r;
	case TFL_ACT_RELU6:
		lo = 0.0f;
		hi = 6.0f;
		break;
	case TFL_ACT_RELU_N1_TO_1:
		lo = -1.0f;
		hi = 1.0f;
		break;
	case TFL_ACT_RELU_0_TO_1:
		lo = 0.0f;
		hi = 1.0f;
		break;
	default:
		return r;
	}
	r.min = (int32_t)max64(r.min, zp - quantize_bound(-lo, scale, 0));
	r.max = (int32_t)min64(r.max, quantize_bound(hi, scale, zp));
	return r;
}

static int32_t float_bits(float f)
{
	int32_t i;

	memcpy(&i, &f, sizeof(i));
	return i;
}

struct range act_range_float(int act)
{
	float lo = -INFINITY, hi = INFINITY;

	if (act == TFL_ACT_RELU || act == TFL_ACT_RELU6 || act == TFL_ACT_RELU_0_TO_1)
		lo = 0.0f;
	if (act == TFL_ACT_RELU6)
		hi = 6.0f;
	if (act == TFL_ACT_RELU_N1_TO_1)
		lo = -1.0f;
	if (act == TFL_ACT_RELU_N1_TO_1 || act == TFL_ACT_RELU_0_TO_1)
		hi = 1.0f;
	return (struct range){float_bits(lo), float_bits(hi)};
}

struct softmax_params softmax_params(float beta, float input_scale)
{
	struct softmax_params p;
	struct multiplier m;
	double real;

	real = (double)beta * (double)input_scale * (double)(1 << (31 - SOFTMAX_INTEGER_BITS));
	if (real > 2147483647.0)
		real = 2147483647.0;
	m = quantize_multiplier(real);
	p.mult = m.mult;
	p.left_shift = m.shift;
	p.diff_min = -(int32_t)floor(((1 << SOFTMAX_INTEGER_BITS) - 1) *
				     (double)(1ll << (31 - SOFTMAX_INTEGER_BITS)) /
				     (double)(1ll << (m.shift > 0 ? m.shift : 0)));
	return p;
}

void rescale_table(float in_scale, int32_t in_zp, float out_scale, int32_t out_zp,
		   uint8_t table[256])
{
	float inverse = 1.0f / out_scale;
	float scale = in_scale * inverse;
	float bias = (float)-in_zp * scale;

	for (int i = 0; i < 256; i++) {
		float v = roundf((float)i * scale + bias) + (float)out_zp;

		table[i] = (uint8_t)(v > 0.0f ? v < 255.0f ? v : 255.0f : 0.0f);
	}
}

uint16_t float_to_half(float f)
{
	uint32_t x, sign, mant;
	int32_t exp;

	memcpy(&x, &f, sizeof(x));
	sign = x >> 16 & 0x8000;
	exp = (int32_t)(x >> 23 & 0xff) - 127;
	mant = x & 0x7fffff;
	if (exp == 128)
		return (uint16_t)(sign | 0x7c00 | (mant ? 0x200 | mant >> 13 : 0));
	if (exp > 15)
		return (uint16_t)(sign | 0x7c00);
	if (exp >= -14) {
		uint32_t h = (uint32_t)(exp + 15) << 10 | mant >> 13;
		uint32_t rest = mant & 0x1fff;

		/* A carry moves on into the exponent, up to infinity. */
		h += rest > 0x1000 || (rest == 0x1000 && (h & 1));
		return (uint16_t)(sign | h);
	}
	if (exp >= -25) {
		unsigned shift = (unsigned)(-exp - 1);
		uint32_t full = mant | 0x800000, h, rest, half;

		h = full >> shift;
		rest = full & ((1u << shift) - 1);
		half = 1u << (shift - 1);
		h += rest > half || (rest == half && (h & 1));
		return (uint16_t)(sign | h);
	}
	return (uint16_t)sign;
}

uint16_t constant_to_half(float f)
{
	if (isfinite(f) && fabsf(f) > HALF_MAX)
		f = copysignf(HALF_MAX, f);
	return float_to_half(f);
}

float half_to_float(uint16_t h)
{
	uint32_t sign = (uint32_t)(h & 0x8000) << 16;
	uint32_t exp = h >> 10 & 0x1f;
	uint32_t mant = h & 0x3ff;
	uint32_t x;
	float f;

	if (!exp) {
		f = ldexpf((float)mant, -24);
		return sign ? -f : f;
	}
	x = sign | (exp == 31 ? 0xffu : exp + 112) << 23 | mant << 13;
	memcpy(&f, &x, sizeof(f));
	return f;
}

/* SPDX-License-Identifier: MIT */
/* Quantisation parameters, computed as TensorFlow Lite's Prepare functions do. */
#ifndef NCC_QUANT_H
#define NCC_QUANT_H

#include <stdint.h>

/* real = mult * 2^(shift - 31), as in struct apu_quant. */
struct multiplier {
	int32_t mult;
	int32_t shift;
};

struct range {
	int32_t min;
	int32_t max;
};

struct softmax_params {
	int32_t mult;
	int32_t left_shift;
	int32_t diff_min;
};

/* QuantizeMultiplier; the largest one, which no command takes, for what it cannot say. */
struct multiplier quantize_multiplier(double real);

/* Limits of a quantised type; type is one of INT8, UINT8, INT16. */
struct range type_range(int tfl_type);
/* CalculateActivationRangeQuantized. */
struct range act_range(int act, int tfl_type, float scale, int32_t zp);
/* The same for floating point, as the bits of the floats. */
struct range act_range_float(int act);

struct softmax_params softmax_params(float beta, float input_scale);

/*
 * CONCATENATION of uint8 with different scales. Index: byte of the input
 * element; value: byte of the output element.
 */
void rescale_table(float in_scale, int32_t in_zp, float out_scale, int32_t out_zp,
		   uint8_t table[256]);

/* The nearest fp16 number, infinity beyond the largest. */
uint16_t float_to_half(float f);
/*
 * The same for a constant of a float32 network: what is finite stays so, at most 65504. The -1e9
 * of an attention mask would else become an infinity, and 0 times that, or a row of them, NaN.
 */
uint16_t constant_to_half(float f);
float half_to_float(uint16_t h);

#endif

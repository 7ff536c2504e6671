/* SPDX-License-Identifier: MIT */
/*
 * Tables of functions of one element. 8 bits: index: byte of the input
 * element; value: byte of the output element.
 */
#ifndef NCC_LUT_H
#define NCC_LUT_H

#include <stdbool.h>
#include <stdint.h>
#include "quant.h"

#define LUT16_ENTRIES 513
#define SIGMOID_ENTRIES 256

struct lut_quant {
	float in_scale;
	int32_t in_zp;
	float out_scale;
	int32_t out_zp;
};

enum lut_fn { LUT_TANH, LUT_EXP, LUT_ELU, LUT_GELU, LUT_GELU_TANH };

float function_value(enum lut_fn fn, float x);
void function_table(enum lut_fn fn, int type, const struct lut_quant *q, uint8_t table[256]);
/* The output's scale is 1/256, its zero point the least value. */
void logistic_table(int tfl_type, float in_scale, int32_t in_zp, uint8_t table[256]);
void leaky_table(int type, const struct lut_quant *q, float alpha, uint8_t table[256]);
/* Inputs below the zero point, which the reference refuses, give the largest value. */
void rsqrt_table(int type, const struct lut_quant *q, uint8_t table[256]);
void abs_table(int type, const struct lut_quant *q, uint8_t table[256]);
/* False: the reference does not take these scales. */
bool hard_swish_table(int type, const struct lut_quant *q, uint8_t table[256]);

/* MultiplyByQuantizedMultiplier. */
int32_t mbqm(int32_t x, struct multiplier m);

/* CheckedLog2: false unless the scale is about a power of two. */
bool near_log2(float scale, int *log2);

/* 16 bits, for the ACTIVATIONs LUT16, LOGISTIC and TANH and for SOFTMAX. */
void exp_table16(const struct lut_quant *q, int16_t table[LUT16_ENTRIES]);
void softmax_tables16(int16_t tables[2 * LUT16_ENTRIES]);
void sigmoid_table16(uint16_t table[SIGMOID_ENTRIES]);
/* False: a scale beyond what the hardware takes. */
bool sigmoid_params16(float in_scale, int32_t *mult, unsigned *shift);

#endif

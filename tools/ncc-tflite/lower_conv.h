/* SPDX-License-Identifier: MIT */
/* What convolutions and fully connected layers share. */
#ifndef NCC_LOWER_CONV_H
#define NCC_LOWER_CONV_H

#include "lower.h"

/* Operands, after the checks that the operators share. */
struct conv_args {
	struct tensor *in, *filter, *bias, *out;
	uint32_t out_c;
	unsigned per_channel_dim;
	/* As SVDF has it: always sums of 32 bits, and a factor computed in floats. */
	bool sums32;
};

/* input: its number among the operator's inputs, 0 or 2. */
struct conv_args conv_args(struct lower *lw, struct op *op, unsigned input);
/* A layer with types, bounds and the block of constants; views and window are the caller's. */
struct layer *conv_layer(struct lower *lw, struct op *op, enum layer_kind kind,
			 const struct conv_args *a, uint32_t w_row_elems);

#endif

/* SPDX-License-Identifier: MIT */
/* From graph to layers: shared by the files that lower one family of operators each. */
#ifndef NCC_LOWER_H
#define NCC_LOWER_H

#include "layer.h"

struct lower {
	struct graph *g;
	struct program *p;
	/* Where each tensor lies, once it is known. */
	struct view *views;
	bool *placed;
	unsigned depth;
};

struct program *lower_graph(struct graph *g);

/* Where a tensor lies; decides it at the first call. */
struct view *place_tensor(struct lower *lw, int tensor);
/* Four dimensions, leading ones filled with 1 or merged. */
void tensor_shape4(const struct tensor *t, uint32_t dims[4]);
/* Merges dimensions of dense views that an element-wise layer does not tell apart. */
void flatten_elementwise(struct layer *l);
struct layer *add_layer(struct lower *lw, enum layer_kind kind, const struct op *op);
/* A new buffer with the shape of a view. */
struct view dense_temp(struct lower *lw, const struct view *v);
/* A dense copy of a view, made by a layer before the next one. */
struct view dense_copy(struct lower *lw, const struct op *op, const struct view *v);
void add_copy(struct lower *lw, const struct op *op, const struct view *from,
	      const struct view *to);

/* Refusals shared by operators. */
void check_operands(const struct graph *g, const struct op *op, unsigned min_in, unsigned max_in);
/* Quantised 8- or 16-bit tensors must have one scale above zero and a fitting zero point. */
void check_quant(const struct graph *g, const struct op *op, const struct tensor *t);
bool is_quantised_type(int type);
struct multiplier checked_multiplier(const struct graph *g, const struct op *op, double real);
/* Output size and padding before, as TensorFlow Lite computes them. */
int64_t window_size(int padding, int64_t in, int64_t k, int64_t stride, int64_t dil);
int32_t window_pad(int64_t in, int64_t out, int64_t k, int64_t stride, int64_t dil);

void lower_conv(struct lower *lw, struct op *op);
void lower_depthwise(struct lower *lw, struct op *op);
void lower_fully_connected(struct lower *lw, struct op *op);
void lower_pool(struct lower *lw, struct op *op);
void lower_mean(struct lower *lw, struct op *op);
void lower_add(struct lower *lw, struct op *op);
void lower_relu(struct lower *lw, struct op *op);
void lower_quantize(struct lower *lw, struct op *op);
void lower_dequantize(struct lower *lw, struct op *op);
void lower_softmax(struct lower *lw, struct op *op);
void lower_logistic(struct lower *lw, struct op *op);
void lower_reshape(struct lower *lw, struct op *op);
void lower_concat(struct lower *lw, struct op *op);
void lower_pad(struct lower *lw, struct op *op);
/* The slice of a CONCATENATION's output that belongs to input i; false if it needs a copy. */
bool concat_slice(struct lower *lw, const struct op *op, unsigned i, const struct view *whole,
		  struct view *slice);
/* Amounts of a PAD: before and after, four dimensions. */
void pad_amounts(const struct graph *g, const struct op *op, int64_t amounts[4][2]);

#endif

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

enum op_nature {
	OP_COMPUTES, /* float tensors of it are fp16 */
	OP_MOVES, /* they are what its neighbours want */
	OP_CONVERTS,
};

struct op_info {
	int code;
	void (*lower)(struct lower *lw, struct op *op);
	enum op_nature nature;
	const char *types; /* for --show-supported-layers */
};

/* NULL: not supported. */
const struct op_info *op_info(int code);
const struct op_info *op_infos(unsigned *count);

/* io: NULL for the model's own types and layout. */
struct program *lower_graph(struct graph *g, const struct io_options *io);

/* Dimension i of an input or output as the client sees it. */
uint32_t io_dim(const struct program *p, const struct tensor *t, unsigned i, bool output);
/* Does the client have channels first in this input or output? */
bool io_is_nchw(const struct program *p, const struct tensor *t, bool output);
/* Where a tensor lies; decides it at the first call. */
struct view *place_tensor(struct lower *lw, int tensor);
/* An intermediate buffer of a tensor's type and size. */
struct buffer *new_buffer(struct lower *lw, const struct tensor *t);
/* Four dimensions, leading ones filled with 1 or merged. */
void tensor_shape4(const struct tensor *t, uint32_t dims[4]);
/* Merges dimensions of dense views that an element-wise layer does not tell apart. */
void flatten_elementwise(struct layer *l);
struct layer *add_layer(struct lower *lw, enum layer_kind kind, const struct op *op);
/* A new buffer with the shape of a view. */
struct view dense_temp(struct lower *lw, const struct view *v);
/* A dense copy of a view, made by a layer before the next one. */
struct view dense_copy(struct lower *lw, const struct op *op, const struct view *v);
/* n constant elements as channels. */
struct view const_view(struct lower *lw, const void *data, uint8_t dtype, uint32_t n);
void add_copy(struct lower *lw, const struct op *op, const struct view *from,
	      const struct view *to);

/* An element-wise layer of one operand, from the operator's first input to its output. */
struct layer *unary_layer(struct lower *lw, struct op *op, enum layer_kind kind);
/* A layer on rows of the innermost dimension, which are most of an operator's checks. */
struct layer *rows_layer(struct lower *lw, struct op *op, enum layer_kind kind);
/* Makes an ELTWISE layer a REQUANT by a factor. */
void set_requant(struct layer *l, const struct tensor *in, const struct tensor *out,
		 struct multiplier m);
/* Bounds of the output for its fused activation. */
struct range out_range(const struct op *op, const struct tensor *out);

/* Makes a new buffer one that keeps its values from one inference to the next; first, zeros. */
void keep_buffer(struct lower *lw, struct buffer *b);

struct move;
/* A copy of a box between buffers, in the strides of the move from the views' offsets on. */
void add_move(struct lower *lw, const struct op *op, const struct move *m, const struct view *from,
	      const struct view *to);

/* Refusals shared by operators. */
/* Quantised or float; all inputs as the output; first input and output as many elements. */
void check_compute_type(const struct graph *g, const struct op *op, const struct tensor *t);
void check_same_type(const struct graph *g, const struct op *op);
void check_same_size(const struct graph *g, const struct op *op);
void check_operands(const struct graph *g, const struct op *op, unsigned min_in, unsigned max_in);
/* The same; input number list may be a list of no elements. */
void check_listed_operands(const struct graph *g, const struct op *op, unsigned min_in,
			   unsigned max_in, unsigned list);
/* Quantised 8- or 16-bit tensors must have one scale above zero and a fitting zero point. */
void check_quant(const struct graph *g, const struct op *op, const struct tensor *t);
/* The same of a filter: it may have several, some of them zero. */
void check_filter_quant(const struct graph *g, const struct op *op, const struct tensor *t);
bool is_quantised_type(int type);
bool is_float_type(int type);
/* The same scale and zero point, or not quantised. */
bool same_quant(const struct tensor *a, const struct tensor *b);
struct multiplier checked_multiplier(const struct graph *g, const struct op *op, double real);
/* Output size and padding before, as TensorFlow Lite computes them. */
int64_t window_size(int padding, int64_t in, int64_t k, int64_t stride, int64_t dil);
int32_t window_pad(int64_t in, int64_t out, int64_t k, int64_t stride, int64_t dil);

void lower_conv(struct lower *lw, struct op *op);
void lower_batch_matmul(struct lower *lw, struct op *op);
void lower_depthwise(struct lower *lw, struct op *op);
void lower_fully_connected(struct lower *lw, struct op *op);
void lower_pool(struct lower *lw, struct op *op);
void lower_mean(struct lower *lw, struct op *op);
void lower_binary(struct lower *lw, struct op *op);
void lower_function(struct lower *lw, struct op *op);
void lower_leaky_relu(struct lower *lw, struct op *op);
void lower_neg(struct lower *lw, struct op *op);
void lower_relu(struct lower *lw, struct op *op);
void lower_quantize(struct lower *lw, struct op *op);
void lower_dequantize(struct lower *lw, struct op *op);
void lower_resize(struct lower *lw, struct op *op);
void lower_arg(struct lower *lw, struct op *op);
void lower_cast(struct lower *lw, struct op *op);
void lower_gather(struct lower *lw, struct op *op);
void lower_topk(struct lower *lw, struct op *op);
void lower_reduce(struct lower *lw, struct op *op);
void lower_transpose_conv(struct lower *lw, struct op *op);
void lower_norm(struct lower *lw, struct op *op);
void lower_softmax(struct lower *lw, struct op *op);
void lower_layout(struct lower *lw, struct op *op);
void lower_reshape(struct lower *lw, struct op *op);
void lower_variable(struct lower *lw, struct op *op);
void lower_svdf(struct lower *lw, struct op *op);
void lower_concat(struct lower *lw, struct op *op);
void lower_pad(struct lower *lw, struct op *op);
/* Writes what PAD, PADV2 and SPACE_TO_BATCH_ND have around their input all over the output. */
void add_fill(struct lower *lw, const struct op *op, const struct view *to);
/* The slice of a CONCATENATION's output that belongs to input i; false if it needs a copy. */
bool concat_slice(struct lower *lw, const struct op *op, unsigned i, const struct view *whole,
		  struct view *slice);
/* Amounts of a PAD: before and after, four dimensions. */
void pad_amounts(const struct graph *g, const struct op *op, int64_t amounts[4][2]);

#endif

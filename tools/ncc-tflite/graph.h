/* SPDX-License-Identifier: MIT */
/* The network as the .tflite file tells it, checked for form but not for support. */
#ifndef NCC_GRAPH_H
#define NCC_GRAPH_H

#include <stdbool.h>
#include <stdint.h>
#include "tflite.h"
#include "util.h"

#define MAX_RANK 8
/* Every size in a command fits 32 bits with room to spare. */
#define MAX_TENSOR_BYTES (1u << 30)
#define MAX_OPS 8192

struct tensor {
	const char *name;
	int type; /* enum tfl_type */
	unsigned rank;
	uint32_t dims[MAX_RANK];
	/* Dimensions, as bits, of which the file says that their size is open: of what operators
	 * make, dims is then a stand-in until infer_shapes().
	 */
	unsigned open;
	uint64_t elems;
	uint64_t bytes;
	/* Constant data, or NULL. */
	const uint8_t *data;
	/* Quantisation: nscale entries; zp has as many. */
	uint32_t nscale;
	float *scale;
	int32_t *zp;
	uint32_t qdim;

	int producer; /* operator, or -1 */
	int *consumers;
	unsigned nconsumers;
	bool variable;
	int input; /* its number among the inputs, or -1 */
	int output;
	/* A float tensor that is computed with: held as fp16. */
	bool half;
};

struct op {
	int code; /* enum tfl_op */
	const char *name;
	int index; /* in the file */
	unsigned nin, nout;
	int *in; /* tensors; -1: none */
	int *out;
	bool dead; /* removed by a pass */
	bool cut; /* by --cut-tail */

	/* Options; each operator uses some of them. */
	int padding;
	int act;
	int32_t stride_h, stride_w;
	int32_t dil_h, dil_w;
	int32_t k_h, k_w;
	int32_t axis;
	int32_t weights_format;
	float beta;
	bool pot_scale_int16;
	bool keep_dims;
	bool align_corners, half_pixel; /* RESIZE_… */
	bool symmetric; /* MIRROR_PAD */
	bool approximate; /* GELU */
	bool adj_x, adj_y; /* BATCH_MATMUL */
	int32_t block; /* SPACE_TO_DEPTH, DEPTH_TO_SPACE */
	int32_t batch_dims; /* GATHER */
	float alpha; /* LEAKY_RELU */
	int32_t rank; /* SVDF */
	/* RESHAPE: sizes; SQUEEZE: axes. The first nlist; more than MAX_RANK: unknown. */
	int32_t list[MAX_RANK];
	uint32_t nlist;
	/* STRIDED_SLICE */
	uint32_t begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_mask;
	bool offset; /* the end counts from the begin */
	/* CALL_ONCE: its number in the file, and what it is. */
	int32_t subgraph;
	struct graph *called;
	const char *container, *shared_name; /* VAR_HANDLE */

	/* Set by passes. */
	bool explicit_pad; /* padding amounts below instead of option padding */
	int32_t pad_top, pad_left;
	int pad_src; /* tensor read instead of in[0]: a PAD was absorbed; else -1 */
	int pad_input; /* ADD: the input that lacks channels, of which pad_first come first; or -1
			*/
	int32_t pad_first;
	struct variable *variable; /* READ_VARIABLE, ASSIGN_VARIABLE */
};

/* What keeps its value from one inference to the next. */
struct variable {
	const char *container, *name;
	/* One of the tensors that are read from or assigned to it; NULL: not yet known. */
	const struct tensor *like;
	const uint8_t *initial; /* bytes of that tensor; NULL: CALL_ONCE assigns nothing */
	bool read, assigned;
};

struct graph {
	const char *file;
	struct tensor *tensors;
	unsigned ntensors;
	struct op *ops;
	unsigned nops;
	int *inputs, *outputs;
	unsigned ninputs, noutputs;
	const char *description;
	VEC(struct variable *) variables;
};

/* Reads a .tflite file; ends the run with an error if it cannot. */
struct graph *graph_read(const char *file);
/* The same of a file's contents, which must outlive the graph. */
struct graph *graph_parse(const void *data, size_t size);
void graph_connect(struct graph *g);

/* Is told what fail_op() is about to say; need not return. NULL: none. */
void set_refusal_handler(void (*handler)(const struct graph *g, const struct op *op,
					 const char *why));
/* Ends the run: operator 12 (TRANSPOSE_CONV, output "x"): … */
_Noreturn void fail_op(const struct graph *g, const struct op *op, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static inline struct tensor *op_in(const struct graph *g, const struct op *op, unsigned i)
{
	return i < op->nin && op->in[i] >= 0 ? &g->tensors[op->in[i]] : NULL;
}

static inline struct tensor *op_out(const struct graph *g, const struct op *op)
{
	return &g->tensors[op->out[0]];
}

#endif

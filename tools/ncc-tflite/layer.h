/* SPDX-License-Identifier: MIT */
/*
 * The network as the machine sees it: layers, each of which becomes commands of
 * one engine, on views of buffers.
 */
#ifndef NCC_LAYER_H
#define NCC_LAYER_H

#include <stdbool.h>
#include <stdint.h>
#include "apu/apu_isa.h"
#include "graph.h"
#include "quant.h"

/* Alignment of everything the planner places. */
#define PLACE_ALIGN 64

enum place {
	PLACE_NONE,
	PLACE_DRAM, /* temporary memory, static data, an input or output */
	PLACE_L1, /* whole, from its first use to its last */
	PLACE_STRIPE, /* rows at a time, inside a group of layers */
};

struct buffer {
	const char *name;
	int id;
	uint8_t dtype; /* enum apu_dtype of the elements */
	uint64_t elems;
	uint64_t bytes;
	/* An input, output or constant: region other than TEMP, its type there. */
	int region; /* enum apu_region, or -1 for an intermediate */
	uint8_t ext_dtype;
	uint64_t ext_off; /* in its region */
	bool is_input, is_output, is_const;
	const struct variable *variable; /* that it holds, or NULL */
	bool kept; /* from one inference to the next */

	/* First writer and last reader, as layer numbers. */
	int first, last;
	bool wants_l1;
	enum place place;
	uint64_t l1_off;
	uint64_t temp_off;
	unsigned uses; /* layers that read or write it */
};

/* n x h x w x c elements of a buffer; pitches in elements. */
struct view {
	struct buffer *buf;
	uint32_t n, h, w, c;
	uint64_t off;
	uint64_t np, hp, wp;
};

enum layer_kind {
	LAYER_CONV,
	LAYER_DEPTHWISE,
	LAYER_POOL,
	LAYER_ELTWISE,
	LAYER_SOFTMAX,
	LAYER_NORM,
	LAYER_ACTIVATION,
	LAYER_RESIZE,
	LAYER_ARG,
	LAYER_REDUCE,
	LAYER_COPY,
	LAYER_FILL,
	LAYER_GATHER,
};

struct layer {
	enum layer_kind kind;
	const struct op *op; /* for reports; NULL: made by the compiler */
	const char *label;
	unsigned nin;
	struct view in[2];
	struct view out;
	/* Bit i: in[i] holds one row (column, channel) that serves all. */
	uint8_t repeat_h, repeat_w, repeat_c;

	/* CONV with two inputs: in[1] holds the weights, a row per output channel. */

	/*
	 * The command with everything that does not depend on placement or tiling:
	 * types, zero points, multipliers, kernel, strides.
	 */
	union {
		struct apu_cmd_conv conv;
		struct apu_cmd_pool pool;
		struct apu_cmd_eltwise elt;
		struct apu_cmd_softmax softmax;
		struct apu_cmd_norm norm;
		struct apu_cmd_activation act;
		struct apu_cmd_resize resize;
		struct apu_cmd_arg arg;
		struct apu_cmd_reduce reduce;
		struct apu_cmd_copy copy;
		struct apu_cmd_fill fill;
		struct apu_cmd_gather gather;
	} cmd;
	int32_t pad_top, pad_left;

	/* RESIZE: its table of rows, and the first column after a split. */
	const struct apu_resize_entry *rows;
	uint32_t num_rows, x0;

	/* COPY of a box, in the place of the shape and the pitches of the views: elements. */
	bool boxed;
	uint32_t box[4];
	uint64_t box_from[4], box_to[4];

	/* Constants in static data, one block; offsets from its start. */
	uint64_t const_off, const_bytes;
	uint64_t bias_rel, quant_rel;
	uint32_t w_row_bytes; /* of one output channel (depthwise: of one tap) */
	uint32_t const_c; /* output channels in those constants */
	uint32_t c0; /* the first that is this layer's, after a split */
	uint8_t direct_mode; /* 1 + plan_options.direct for this layer; 0: as for all */
	bool no_l1_consts; /* the planner gave up on having them in L1 */
	/* Groups before this layer's own when they are loaded; at most max_ahead. */
	unsigned ahead, max_ahead;
	bool no_fuse; /* or on computing it together with the layer before */

	/* Written by the planner. */
	int group;
};

/* How the client sees inputs (0) and outputs (1). */
struct io_options {
	bool suppress[2]; /* in the machine's type: no conversion */
	bool nchw[2]; /* tensors of four dimensions with channels first */
};

struct bytes {
	uint8_t *v;
	size_t n, cap;
};

struct program {
	const struct graph *graph;
	VEC(struct buffer *) buffers;
	VEC(struct layer) layers;
	struct bytes statics;
	struct bytes state; /* initial values of variables: the start of temporary memory */
	struct buffer **inputs, **outputs; /* per graph input and output */
	unsigned fused_ops;
	struct io_options io;
};

/* Bytes of an element. */
unsigned dtype_size(uint8_t dtype);
const char *dtype_name(uint8_t dtype);
uint8_t dtype_of(const struct tensor *t);
const char *layer_kind_name(enum layer_kind kind);
/* Multiply-accumulates per cycle of an MDLA. */
unsigned conv_rate(const struct apu_cmd_conv *c);
/* Is it a layer of the eDMA, which reads and writes DRAM itself? */
bool layer_moves_data(const struct layer *l);
/* Engine class that runs it. */
enum apu_engine_class layer_engine(const struct layer *l);

struct view view_dense(struct buffer *buf, uint32_t n, uint32_t h, uint32_t w, uint32_t c);
bool view_is_dense(const struct view *v);
/* The same elements as 1 x rows x 1 x c, if their pitches allow. */
bool view_as_rows(const struct view *v, uint32_t rows, uint32_t c, struct view *out);
/* Appends constants to static data, aligned; returns their offset. */
uint64_t add_static(struct program *p, const void *data, uint64_t bytes, unsigned align);

/* Room for a variable at the start of temporary memory; returns its offset. */
uint64_t add_state(struct program *p, uint64_t bytes);

/* Rows of in[i] that output rows [y0, y1) need: [*r0, *r1), never empty. */
void layer_in_rows(const struct layer *l, unsigned i, uint32_t y0, uint32_t y1, uint32_t *r0,
		   uint32_t *r1);

/* Replaces layer number i by parts layers of a part of the output channels each. */
bool layer_split_channels(struct program *p, unsigned i, unsigned parts);
/* The same with parts of the output columns. */
bool layer_split_columns(struct program *p, unsigned i, unsigned parts);

#endif

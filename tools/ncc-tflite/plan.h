/* SPDX-License-Identifier: MIT */
/*
 * The plan: which buffers live in L1, which layers run together, in how many
 * stripes of rows, and where everything lies.
 *
 * Layers are put into groups. A group runs stripe by stripe: rows of its inputs
 * are loaded into tiles, every layer computes the rows that the next one needs,
 * rows of the result are stored. Results inside of a group live in L1 only, as
 * stripes.
 */
#ifndef NCC_PLAN_H
#define NCC_PLAN_H

#include "layer.h"
#include "place.h"

struct plan_options {
	uint64_t l1_bytes;
	unsigned num_mdla;
	unsigned level;
	/* What the search varies: see search.h. */
	/* Groups before its own when a layer's constants are loaded; 0: as load_rate tells. */
	unsigned lookahead;
	/* Bytes per cycle that loads ahead are spread with, as late as they can be. */
	unsigned load_rate;
	uint64_t const_chunk; /* layers with more constants are split by channels; 0: none */
	unsigned stripes; /* that a group with loads or stores is cut into, at least */
	unsigned direct; /* every so manieth part of a split layer reads DRAM itself; 0: none */
};

enum operand_mode {
	OPERAND_L1, /* the whole buffer lies there */
	OPERAND_TILE, /* rows are loaded from or stored to DRAM */
	OPERAND_STRIPE, /* rows that a layer of the group made */
	OPERAND_DIRECT, /* the eDMA reads or writes DRAM itself */
};

struct operand {
	enum operand_mode mode;
	int maker; /* OPERAND_STRIPE, input: the layer */
	uint32_t rows; /* capacity of a tile or stripe */
	unsigned copies; /* 2: double-buffered */
	uint64_t l1_off[2];
};

struct layer_plan {
	struct operand in[2];
	struct operand out;
	bool consts_in_l1;
	uint64_t consts_off;
	/* Rows to compute for the stripe at hand; scratch of the emitter. */
	uint32_t y0, y1;
};

struct group {
	unsigned first, last; /* layers, inclusive */
	uint32_t rows; /* of the last layer's output per stripe */
	uint32_t stripes; /* per image */
	bool single; /* no room for double buffers */
};

struct plan {
	struct program *p;
	struct plan_options o;
	struct layer_plan *layers;
	VEC(struct group) groups;
	uint64_t *resident; /* bytes in L1 during each group, tiles aside */
	uint64_t l1_used;
	/* Temporary memory: all, at least, and where others than variables begin. */
	uint64_t temp_bytes, temp_lower, temp_base;
};

struct plan *make_plan(struct program *p, const struct plan_options *o);

/* Sets y0 and y1 of every layer of a group for rows [y0, y1) of its result. */
void group_rows(struct plan *plan, const struct group *g, uint32_t y0, uint32_t y1);

/* Cycles of one engine for rows of a layer, copies aside. */
uint64_t layer_cycles(const struct layer *l, uint32_t rows);

/* The group during which a layer's constants are loaded. */
int load_group(const struct layer *l);

/* Bytes of L1 that a layer's constants take, and where their parts begin. */
struct const_layout {
	uint64_t weight_bytes, bias, quant, total;
};
struct const_layout const_layout(const struct layer *l);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Operators that only move elements (SLICE, TRANSPOSE, TILE …) as boxes of
 * elements: constants are folded by them, and the eDMA copies by them.
 */
#ifndef NCC_MOVES_H
#define NCC_MOVES_H

#include "graph.h"

#define MOVE_RANK (2 * MAX_RANK)
/* More copies for one operator are refused. */
#define MAX_MOVES 4096

/* Elements from one step of a tensor's dimension to the next. */
struct strides {
	int64_t s[MAX_RANK];
};

/* A box of elements, outermost dimension first. Strides from may be zero or negative. */
struct move {
	unsigned in, out; /* numbers among the operator's inputs and outputs */
	unsigned rank;
	uint32_t dims[MOVE_RANK];
	int64_t from[MOVE_RANK], to[MOVE_RANK];
	int64_t from_off, to_off;
};

struct move_list {
	VEC(struct move) m;
	bool fill; /* what is not written holds the value of add_fill() */
};

bool op_is_move(int code);
/* Ends the run if the operator is malformed. in and out: of all its inputs and outputs. */
void op_moves(const struct graph *g, const struct op *op, const struct strides *in,
	      const struct strides *out, struct move_list *list);

/* Strides of a tensor without gaps. */
struct strides dense_strides(const struct tensor *t);

/* Takes dimensions together where both sides allow, and leaves out those of 1. */
void move_merge(struct move *m);

/*
 * Entry i of a STRIDED_SLICE in a dimension of n elements: its first element, and how many (none:
 * 0). stride: not 0.
 */
int64_t slice_range(const struct op *op, unsigned i, int64_t begin, int64_t end, int64_t stride,
		    int64_t n, int64_t *first);

/* Values of a constant INT32 or INT64 tensor; ends the run if it is none. */
int64_t *const_ints(const struct graph *g, const struct op *op, const struct tensor *t,
		    const char *what);
/* An axis counted from the front; ends the run if there is none such. */
unsigned check_axis(const struct graph *g, const struct op *op, int64_t axis, unsigned rank);

#endif

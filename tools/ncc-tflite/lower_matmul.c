// SPDX-License-Identifier: MIT
/*
 * BATCH_MATMUL: products of matrices as convolutions, one for each of a batch. The second
 * matrix, a column per output channel, takes the place of the weights: a constant one as
 * constants, another one as the layer's second input.
 */
#include <string.h>
#include "lower_conv.h"
#include "moves.h"

/* Matrices of one operator, and so layers. */
#define MAX_BATCH 1024

struct matmul {
	struct lower *lw;
	struct op *op;
	const struct tensor *lhs, *rhs, *out;
	uint32_t m, n, k;
	/* Dimensions in front of the matrices, as many for all. */
	unsigned lead;
	struct view lv, rv, ov;
};

static uint32_t dim_from_end(const struct tensor *t, unsigned i)
{
	return i < t->rank ? t->dims[t->rank - 1 - i] : 1;
}

static struct matmul matmul_args(struct lower *lw, struct op *op)
{
	const struct graph *g = lw->g;
	struct matmul a = {.lw = lw, .op = op};
	bool fits;

	check_operands(g, op, 2, 2);
	a.lhs = op_in(g, op, 0);
	a.rhs = op_in(g, op, 1);
	a.out = op_out(g, op);
	if (a.lhs->rank < 2 || a.rhs->rank < 2 || a.out->rank < 2)
		fail_op(g, op, "operands of less than two dimensions");
	if (a.lhs->type != a.rhs->type || a.lhs->type != a.out->type || a.lhs->type == TFL_UINT8)
		fail_op(g, op, "%s times %s: not supported", tfl_type_name(a.lhs->type),
			tfl_type_name(a.rhs->type));
	check_compute_type(g, op, a.lhs);
	check_quant(g, op, a.lhs);
	check_quant(g, op, a.rhs);
	check_quant(g, op, a.out);
	a.m = dim_from_end(a.lhs, !op->adj_x);
	a.k = dim_from_end(a.lhs, op->adj_x);
	a.n = dim_from_end(a.rhs, op->adj_y);
	a.lead = a.out->rank - 2;
	fits = a.k == dim_from_end(a.rhs, !op->adj_y) && a.m == dim_from_end(a.out, 1) &&
	       a.n == dim_from_end(a.out, 0) && a.lhs->rank <= a.out->rank &&
	       a.rhs->rank <= a.out->rank;
	for (unsigned i = 2; i < a.out->rank; i++) {
		uint32_t l = dim_from_end(a.lhs, i), r = dim_from_end(a.rhs, i);
		uint32_t o = dim_from_end(a.out, i);

		fits &= (l == o || l == 1) && (r == o || r == 1) && (l == o || r == o);
	}
	if (!fits)
		fail_op(g, op, "the shapes do not fit");
	return a;
}

/* Which matrix of an operand goes into matrix number index of the result. */
static uint32_t batch_of(const struct matmul *a, const struct tensor *t, uint32_t index)
{
	uint32_t at = 0, step = 1;

	for (unsigned i = 2; i < a->out->rank; i++) {
		uint32_t o = dim_from_end(a->out, i), d = dim_from_end(t, i);

		if (d > 1)
			at += index % o * step;
		index /= o;
		step *= d;
	}
	return at;
}

static struct view rows_of(const struct view *dense, uint32_t index, uint32_t rows, uint32_t cols)
{
	struct view v = view_dense(dense->buf, 1, rows, 1, cols);

	v.off = dense->off + (uint64_t)index * rows * cols;
	return v;
}

/* The transpose of rows x cols, made by the eDMA. */
static struct view transposed(struct matmul *a, const struct view *from)
{
	uint32_t rows = from->h, cols = from->c;
	struct view shape = view_dense(from->buf, 1, cols, 1, rows);
	struct view to = dense_temp(a->lw, &shape);
	struct move m = {.rank = 2,
			 .dims = {cols, rows},
			 .from = {1, (int64_t)cols},
			 .to = {(int64_t)rows, 1}};

	add_move(a->lw, a->op, &m, from, &to);
	return to;
}

/* A constant matrix as rows of weights. */
static const uint8_t *const_rows(const struct matmul *a, uint32_t index)
{
	unsigned size = tfl_type_size(a->rhs->type);
	const uint8_t *from = a->rhs->data + (uint64_t)index * a->n * a->k * size;
	uint8_t *to;

	if (a->op->adj_y)
		return from;
	to = alloc((uint64_t)a->n * a->k, size);
	for (uint64_t n = 0; n < a->n; n++)
		for (uint64_t k = 0; k < a->k; k++)
			memcpy(to + (n * a->k + k) * size, from + (k * a->n + n) * size, size);
	return to;
}

static void one_product(struct matmul *a, uint32_t out_index, uint32_t rhs_index,
			const struct view *left)
{
	struct tensor filter = *a->rhs;
	struct conv_args args = {.in = (struct tensor *)a->lhs,
				 .filter = &filter,
				 .out = (struct tensor *)a->out,
				 .out_c = a->n};
	struct view right;
	struct layer *l;

	filter.elems = (uint64_t)a->n * a->k;
	filter.bytes = filter.elems * tfl_type_size(filter.type);
	if (filter.data) {
		filter.data = const_rows(a, rhs_index);
	} else if (a->op->adj_y) {
		right = rows_of(&a->rv, rhs_index, a->n, a->k);
	} else {
		right = rows_of(&a->rv, rhs_index, a->k, a->n);
		right = transposed(a, &right);
	}
	l = conv_layer(a->lw, a->op, LAYER_CONV, &args, a->k);
	l->in[0] = *left;
	if (!filter.data) {
		l->in[1] = right;
		l->nin = 2;
	}
	l->out = rows_of(&a->ov, out_index, a->m, a->n);
}

static struct view dense_operand(struct matmul *a, unsigned input)
{
	struct view *v = place_tensor(a->lw, a->op->in[input]);

	return view_is_dense(v) ? *v : dense_copy(a->lw, a->op, v);
}

void lower_batch_matmul(struct lower *lw, struct op *op)
{
	struct matmul a = matmul_args(lw, op);
	uint64_t batch = a.out->elems / a.m / a.n;
	struct view final, left;

	/* One matrix for all: their rows are those of a single large one. */
	if (a.rhs->elems == (uint64_t)a.n * a.k && !op->adj_x &&
	    a.lhs->elems == batch * a.m * a.k && batch * a.m <= INT32_MAX) {
		a.m = (uint32_t)(batch * a.m);
		batch = 1;
	}
	if (batch > MAX_BATCH)
		fail_op(lw->g, op, "a batch of %llu matrices: at most %d are supported",
			(unsigned long long)batch, MAX_BATCH);
	a.lv = dense_operand(&a, 0);
	if (!a.rhs->data)
		a.rv = dense_operand(&a, 1);
	final = *place_tensor(lw, op->out[0]);
	a.ov = view_is_dense(&final) ? final : dense_temp(lw, &final);
	for (uint32_t i = 0; i < batch; i++) {
		uint32_t from = batch > 1 ? batch_of(&a, a.lhs, i) : 0;

		left = op->adj_x ? rows_of(&a.lv, from, a.k, a.m) : rows_of(&a.lv, from, a.m, a.k);
		if (op->adj_x)
			left = transposed(&a, &left);
		one_product(&a, i, batch > 1 ? batch_of(&a, a.rhs, i) : 0, &left);
	}
	if (a.ov.buf != final.buf)
		add_copy(lw, op, &a.ov, &final);
}

// SPDX-License-Identifier: MIT
/* Constants that follow from others, and from shapes. */
#include <math.h>
#include <string.h>
#include "lower.h"
#include "moves.h"
#include "passes.h"

/* Larger results of arithmetic are computed when the network runs. */
#define MAX_FOLDED (1u << 26)

static void set_const(struct op *op, struct tensor *out, void *data)
{
	out->data = data;
	out->producer = -1;
	op->dead = true;
}

static bool all_const(const struct graph *g, const struct op *op)
{
	for (unsigned i = 0; i < op->nin; i++) {
		const struct tensor *t = op_in(g, op, i);

		if (!t || !t->data || !t->elems)
			return false;
	}
	return op->nin > 0;
}

static bool is_int(const struct tensor *t)
{
	return t->type == TFL_INT32 || t->type == TFL_INT64;
}

static int32_t get_quantised(const struct tensor *t, uint64_t i)
{
	int16_t v;

	switch (t->type) {
	case TFL_INT8:
		return (int8_t)t->data[i];
	case TFL_UINT8:
		return t->data[i];
	default:
		memcpy(&v, t->data + 2 * i, 2);
		return v;
	}
}

static double get(const struct tensor *t, uint64_t i)
{
	int64_t v64;
	int32_t v32;
	uint16_t h;
	float f;

	switch (t->type) {
	case TFL_INT8:
	case TFL_UINT8:
	case TFL_INT16:
		return get_quantised(t, i);
	case TFL_FLOAT16:
		memcpy(&h, t->data + 2 * i, 2);
		return (double)half_to_float(h);
	case TFL_INT64:
		memcpy(&v64, t->data + 8 * i, 8);
		return (double)v64;
	case TFL_INT32:
		memcpy(&v32, t->data + 4 * i, 4);
		return v32;
	default:
		memcpy(&f, t->data + 4 * i, 4);
		return (double)f;
	}
}

static void put(const struct tensor *t, uint8_t *data, uint64_t i, double v)
{
	int64_t v64 = fabs(v) < 9e18 ? (int64_t)v : 0;
	int32_t v32 = (int32_t)(uint32_t)(uint64_t)v64;
	float f = (float)v;

	switch (t->type) {
	case TFL_INT64:
		memcpy(data + 8 * i, &v64, 8);
		break;
	case TFL_INT32:
		memcpy(data + 4 * i, &v32, 4);
		break;
	default:
		memcpy(data + 4 * i, &f, 4);
		break;
	}
}

/* Types in which get() and put() are exact enough: sizes, indices and floats. */
static bool is_number(const struct tensor *t)
{
	return is_int(t) || t->type == TFL_FLOAT32;
}

/* Those that get() can read. */
static bool is_readable(const struct tensor *t)
{
	return is_number(t) || is_quantised_type(t->type) || t->type == TFL_FLOAT16;
}

/* A tensor that does not say its shape gets that of a vector. */
static void give_shape(struct tensor *t, uint64_t n)
{
	if (t->elems && !t->open)
		return;
	t->open = 0;
	t->rank = 1;
	t->dims[0] = (uint32_t)n;
	t->elems = n;
	t->bytes = n * tfl_type_size(t->type);
}

static void fold_shape(const struct graph *g, struct op *op)
{
	const struct tensor *in = op_in(g, op, 0);
	struct tensor *out = op_out(g, op);
	uint8_t *data;

	if (!in || !in->elems || !is_int(out))
		return;
	give_shape(out, op->code == TFL_RANK ? 1 : in->rank);
	if (out->elems != (op->code == TFL_RANK ? 1 : in->rank))
		return;
	data = alloc(out->elems, 8);
	for (unsigned i = 0; i < out->elems; i++)
		put(out, data, i, op->code == TFL_RANK ? in->rank : in->dims[i]);
	set_const(op, out, data);
}

static bool binary_value(int code, bool integer, double a, double b, double *v)
{
	switch (code) {
	case TFL_ADD:
		*v = a + b;
		return true;
	case TFL_SUB:
		*v = a - b;
		return true;
	case TFL_MUL:
		*v = a * b;
		return true;
	case TFL_MAXIMUM:
		*v = a > b ? a : b;
		return true;
	case TFL_MINIMUM:
		*v = a < b ? a : b;
		return true;
	case TFL_FLOOR_DIV:
		*v = floor(integer ? a / b : (double)(float)(a / b));
		return b != 0;
	case TFL_DIV:
		*v = integer ? trunc(a / b) : a / b;
		return b != 0;
	default:
		return false;
	}
}

/* A dimension counted from the last; 1 in front of the first. */
static uint32_t last_dim(const struct tensor *t, unsigned i)
{
	return i < t->rank ? t->dims[t->rank - 1 - i] : 1;
}

static bool broadcasts_to(const struct tensor *a, const struct tensor *b, const struct tensor *out)
{
	for (unsigned i = 0; i < MAX_RANK; i++) {
		uint32_t x = last_dim(a, i), y = last_dim(b, i);

		if ((x != y && x != 1 && y != 1) || last_dim(out, i) != (x == 1 ? y : x))
			return false;
	}
	return true;
}

/* The element that is broadcast to element i of the output. */
static uint64_t broadcast_from(const struct tensor *t, const struct tensor *out, uint64_t i)
{
	uint64_t at = 0, step = 1;

	if (t->elems == out->elems)
		return i;
	for (unsigned k = 0; k < t->rank && k < out->rank; k++) {
		if (last_dim(t, k) > 1)
			at += i % last_dim(out, k) * step;
		step *= last_dim(t, k);
		i /= last_dim(out, k);
	}
	return at;
}

/* Arithmetic of shapes, and of weights that are multiplied by their scales. */
static void fold_binary(const struct graph *g, struct op *op)
{
	const struct tensor *a = op_in(g, op, 0), *b = op_in(g, op, 1);
	struct tensor *out = op_out(g, op);
	uint8_t *data;
	double v;

	if (!is_number(a) || !is_number(b) || !is_number(out) || op->act ||
	    is_int(a) != is_int(out) || is_int(b) != is_int(out))
		return;
	give_shape(out, a->elems > b->elems ? a->elems : b->elems);
	if (!broadcasts_to(a, b, out) || out->elems > MAX_FOLDED)
		return;
	data = alloc(out->elems, tfl_type_size(out->type));
	for (uint64_t i = 0; i < out->elems; i++) {
		if (!binary_value(op->code, is_int(out), get(a, broadcast_from(a, out, i)),
				  get(b, broadcast_from(b, out, i)), &v))
			return;
		put(out, data, i, v);
	}
	set_const(op, out, data);
}

/* All of a vector to one number. */
static void fold_reduce(const struct graph *g, struct op *op)
{
	const struct tensor *in = op_in(g, op, 0);
	struct tensor *out = op_out(g, op);
	double v = op->code == TFL_REDUCE_PROD ? 1 : 0;
	uint8_t *data;

	if (!is_int(in) || in->rank > 1 || out->elems != 1 || out->type != in->type)
		return;
	for (uint64_t i = 0; i < in->elems; i++)
		v = op->code == TFL_REDUCE_PROD ? v * get(in, i) : v + get(in, i);
	data = alloc(1, 8);
	put(out, data, 0, v);
	set_const(op, out, data);
}

static void fold_cast(const struct graph *g, struct op *op)
{
	const struct tensor *in = op_in(g, op, 0);
	struct tensor *out = op_out(g, op);
	uint8_t *data;

	give_shape(out, in->elems);
	if (!is_readable(in) || !is_number(out) || in->elems != out->elems)
		return;
	data = alloc(out->elems, 8);
	for (uint64_t i = 0; i < out->elems; i++)
		put(out, data, i, get(in, i));
	set_const(op, out, data);
}

static void fold_fill(const struct graph *g, struct op *op)
{
	const struct tensor *sizes = op_in(g, op, 0), *value = op_in(g, op, 1);
	struct tensor *out = op_out(g, op);
	unsigned size = tfl_type_size(out->type);
	uint8_t *data;

	if (op->nin != 2 || value->type != out->type || value->elems != 1 || !out->elems || !size)
		return;
	for (unsigned i = 0; i < out->rank; i++)
		if (!is_int(sizes) || sizes->elems != out->rank || get(sizes, i) != out->dims[i])
			fail_op(g, op, "the output's shape is not what its sizes say: malformed");
	data = alloc(out->elems, size);
	for (uint64_t i = 0; i < out->elems; i++)
		memcpy(data + i * size, value->data, size);
	set_const(op, out, data);
}

static void fold_range(const struct graph *g, struct op *op)
{
	struct tensor *out = op_out(g, op);
	double start, delta, n;
	uint8_t *data;

	if (op->nin != 3 || !is_number(out))
		return;
	for (unsigned i = 0; i < 3; i++)
		if (op_in(g, op, i)->type != out->type || op_in(g, op, i)->elems != 1)
			return;
	start = get(op_in(g, op, 0), 0);
	delta = get(op_in(g, op, 2), 0);
	n = ceil((get(op_in(g, op, 1), 0) - start) / delta);
	if (!(n >= 1 && n <= MAX_TENSOR_BYTES / 8))
		return;
	/* A vector always: no dimensions are none that were written down. */
	if (!out->rank)
		out->elems = 0;
	give_shape(out, (uint64_t)n);
	if (out->elems != (uint64_t)n)
		return;
	data = alloc(out->elems, 8);
	for (uint64_t i = 0; i < out->elems; i++)
		put(out, data, i, start + delta * (double)i);
	set_const(op, out, data);
}

/* Elements in a row that have one scale; 0: the scales do not fit the shape. */
static uint64_t scale_run(const struct tensor *t)
{
	uint64_t n = 1;

	if (t->nscale == 1)
		return t->elems;
	if (t->qdim >= t->rank || t->dims[t->qdim] != t->nscale)
		return 0;
	for (unsigned i = t->qdim + 1; i < t->rank; i++)
		n *= t->dims[i];
	return n;
}

/* Networks with fp16 or int8 weights that compute in floats begin with many. */
static void fold_dequantize(const struct graph *g, struct op *op)
{
	const struct tensor *in = op_in(g, op, 0);
	struct tensor *out = op_out(g, op);
	uint64_t run = is_quantised_type(in->type) ? scale_run(in) : 0;
	float *data;

	if (op->nin != 1 || op->nout != 1 || in->elems != out->elems || out->type != TFL_FLOAT32)
		return;
	if (in->type != TFL_FLOAT16 && !run)
		return;
	data = alloc(out->elems, sizeof(*data));
	for (uint64_t i = 0; i < out->elems; i++) {
		uint64_t c = run ? i / run % in->nscale : 0;

		data[i] = (float)get(in, i);
		/* The difference of any zero point fits 64 bits. */
		if (run)
			data[i] = in->scale[c] *
				  (float)((int64_t)get_quantised(in, i) - (int64_t)in->zp[c]);
	}
	set_const(op, out, data);
}

/* The same elements; a sparse constant was expanded when it was read. */
static void fold_reshape(const struct graph *g, struct op *op)
{
	const struct tensor *in = op_in(g, op, 0);
	struct tensor *out = op_out(g, op);

	if (in->elems != out->elems || in->type != out->type)
		return;
	set_const(op, out, (void *)(uintptr_t)in->data);
}

/* Copies one box; size: bytes of an element. */
static void run_move(const struct move *m, unsigned size, const uint8_t *from, uint8_t *to)
{
	uint32_t at[MOVE_RANK] = {0};
	int64_t f = m->from_off, t = m->to_off;
	unsigned i;

	for (;;) {
		memcpy(to + t * size, from + f * size, size);
		for (i = m->rank; i-- > 0;) {
			f += m->from[i];
			t += m->to[i];
			if (++at[i] < m->dims[i])
				break;
			f -= m->from[i] * m->dims[i];
			t -= m->to[i] * m->dims[i];
			at[i] = 0;
		}
		if (i == UINT32_MAX)
			return;
	}
}

static void fold_move(const struct graph *g, struct op *op)
{
	struct strides *in = alloc(op->nin, sizeof(*in)), *out = alloc(op->nout, sizeof(*out));
	unsigned size = tfl_type_size(op_out(g, op)->type);
	struct move_list list;
	uint8_t **data;

	for (unsigned i = 0; i < op->nin; i++) {
		const struct tensor *t = op_in(g, op, i);

		/* What CONCATENATION rescales or bounds is more than moved. */
		if (op->code == TFL_CONCATENATION && (op->act || !same_quant(t, op_out(g, op))))
			return;
		in[i] = dense_strides(t);
	}
	for (unsigned i = 0; i < op->nout; i++) {
		const struct tensor *t = &g->tensors[op->out[i]];

		out[i] = dense_strides(t);
		if (!t->elems)
			return;
	}
	op_moves(g, op, in, out, &list);
	if (list.fill || !size)
		return;
	data = alloc(op->nout, sizeof(*data));
	for (unsigned i = 0; i < op->nout; i++)
		data[i] = alloc(g->tensors[op->out[i]].elems, size);
	for (size_t i = 0; i < list.m.n; i++) {
		const struct move *m = &list.m.v[i];

		if (op_in(g, op, m->in)->type != op_out(g, op)->type)
			return;
		run_move(m, size, op_in(g, op, m->in)->data, data[m->out]);
	}
	for (unsigned i = 0; i < op->nout; i++)
		set_const(op, &g->tensors[op->out[i]], data[i]);
}

static void fold(const struct graph *g, struct op *op)
{
	if (op->code == TFL_SHAPE || op->code == TFL_RANK) {
		fold_shape(g, op);
		return;
	}
	if (!all_const(g, op))
		return;
	if (op_is_move(op->code)) {
		fold_move(g, op);
		return;
	}
	if (op_is_reshape(op) || op->code == TFL_DENSIFY) {
		fold_reshape(g, op);
		return;
	}
	switch (op->code) {
	case TFL_CAST:
		fold_cast(g, op);
		break;
	case TFL_DEQUANTIZE:
		fold_dequantize(g, op);
		break;
	case TFL_FILL:
		fold_fill(g, op);
		break;
	case TFL_RANGE:
		fold_range(g, op);
		break;
	case TFL_SUM:
	case TFL_REDUCE_PROD:
		fold_reduce(g, op);
		break;
	default:
		if (op->nin == 2)
			fold_binary(g, op);
		break;
	}
}

void fold_constants(struct graph *g)
{
	for (unsigned i = 0; i < g->nops; i++) {
		struct op *op = &g->ops[i];

		if (op->dead || !op->nin || !op->nout)
			continue;
		infer_shapes(g, op);
		fold(g, op);
	}
}

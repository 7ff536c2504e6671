// SPDX-License-Identifier: MIT
/* TOPK_V2, GATHER by indices that are known at run time only, and CAST. */
#include "lower.h"
#include "moves.h"

/* Layers for one GATHER. */
#define MAX_GATHERS 1024

/* The tensor as the eDMA shall read it: without gaps, in the type that it is computed with. */
static struct view plain_input(struct lower *lw, const struct op *op, int tensor)
{
	struct view *v = place_tensor(lw, tensor);

	if (view_is_dense(v) && v->buf->ext_dtype == v->buf->dtype)
		return *v;
	return dense_copy(lw, op, v);
}

static struct view rows_of(const struct view *dense, uint64_t skip, uint32_t rows, uint32_t n,
			   uint32_t inner)
{
	struct view v = view_dense(dense->buf, 1, rows, n, inner);

	v.off = dense->off + skip;
	return v;
}

static void add_gather(struct lower *lw, const struct op *op, const struct view *from,
		       const struct view *index, const struct view *to)
{
	struct layer *l = add_layer(lw, LAYER_GATHER, op);

	l->nin = 2;
	l->in[0] = *from;
	l->in[1] = *index;
	l->out = *to;
}

/* A place for an output that the eDMA can write, and whether it is another than the output's. */
static bool plain_output(struct lower *lw, int tensor, struct view *to)
{
	struct view *final = place_tensor(lw, tensor);

	*to = *final;
	if (view_is_dense(final) && final->buf->ext_dtype == final->buf->dtype)
		return false;
	*to = dense_temp(lw, final);
	return true;
}

struct gather {
	uint64_t batch, outer, inner, count;
	uint32_t entries;
};

static struct gather gather_shape(const struct graph *g, const struct op *op)
{
	const struct tensor *in = op_in(g, op, 0), *it = op_in(g, op, 1), *out = op_out(g, op);
	unsigned axis = check_axis(g, op, op->axis, in->rank);
	int32_t b = op->batch_dims < 0 ? op->batch_dims + (int32_t)it->rank : op->batch_dims;
	struct gather s = {1, 1, 1, 1, in->dims[axis]};

	if (b < 0 || b > (int32_t)axis || b > (int32_t)it->rank)
		fail_op(g, op, "batch_dims %d: malformed", op->batch_dims);
	for (unsigned i = 0; i < in->rank; i++) {
		if (i < (unsigned)b)
			s.batch *= in->dims[i];
		else if (i < axis)
			s.outer *= in->dims[i];
		else if (i > axis)
			s.inner *= in->dims[i];
	}
	for (unsigned i = 0; i < it->rank; i++) {
		if (i >= (unsigned)b)
			s.count *= it->dims[i];
		else if (it->dims[i] != in->dims[i])
			fail_op(g, op, "input and indices differ in the shape of their batch");
	}
	if (s.batch * s.outer * s.count * s.inner != out->elems)
		fail_op(g, op, "the output's shape does not follow from the input's");
	return s;
}

void lower_gather(struct lower *lw, struct op *op)
{
	const struct graph *g = lw->g;
	const struct tensor *in, *it;
	struct view from, index, to;
	struct gather s;
	bool copy;

	check_operands(g, op, 2, 2);
	in = op_in(g, op, 0);
	it = op_in(g, op, 1);
	if (it->data && !op->batch_dims) {
		lower_layout(lw, op);
		return;
	}
	if (it->type != TFL_INT32 && it->type != TFL_INT64)
		fail_op(g, op, "indices of type %s are not supported", tfl_type_name(it->type));
	if (in->type != op_out(g, op)->type || !dtype_of(in))
		fail_op(g, op, "%s to %s is not supported", tfl_type_name(in->type),
			tfl_type_name(op_out(g, op)->type));
	s = gather_shape(g, op);
	if (s.batch > MAX_GATHERS && s.outer > 1)
		fail_op(g, op, "a batch of %llu: at most %d are supported",
			(unsigned long long)s.batch, MAX_GATHERS);
	from = plain_input(lw, op, op->in[0]);
	index = plain_input(lw, op, op->in[1]);
	copy = plain_output(lw, op->out[0], &to);
	/* Each row of a batch has indices of its own: in one go, if there are no others. */
	if (s.outer == 1) {
		s.outer = s.batch;
		s.batch = 1;
	}
	for (uint64_t b = 0; b < s.batch; b++) {
		uint64_t rows = b * s.outer;
		bool shared = it->elems == s.count || s.batch > 1;
		struct view x = rows_of(&from, rows * s.entries * s.inner, (uint32_t)s.outer,
					s.entries, (uint32_t)s.inner);
		struct view i = rows_of(&index, b * s.count, shared ? 1 : (uint32_t)s.outer, 1,
					(uint32_t)s.count);
		struct view y = rows_of(&to, rows * s.count * s.inner, (uint32_t)s.outer,
					(uint32_t)s.count, (uint32_t)s.inner);

		add_gather(lw, op, &x, &i, &y);
	}
	if (copy)
		add_copy(lw, op, &to, place_tensor(lw, op->out[0]));
}

static uint32_t topk_count(const struct graph *g, const struct op *op)
{
	const struct tensor *in = op_in(g, op, 0), *k = op_in(g, op, 1);
	const struct tensor *values = op_out(g, op), *at;
	int64_t *n;

	if (op->nin != 2 || op->nout != 2 || !in || !in->elems || !in->rank || in->variable)
		fail_op(g, op, "%u inputs and %u outputs, one empty or dynamic: not supported",
			op->nin, op->nout);
	n = const_ints(g, op, k, "k is");
	at = &g->tensors[op->out[1]];
	if (k->elems != 1 || n[0] < 1 || n[0] > in->dims[in->rank - 1])
		fail_op(g, op, "k is not between 1 and %u", in->dims[in->rank - 1]);
	if (in->type != values->type || at->type != TFL_INT32)
		fail_op(g, op, "%s to %s and %s: not supported", tfl_type_name(in->type),
			tfl_type_name(values->type), tfl_type_name(at->type));
	check_compute_type(g, op, in);
	if (values->elems != in->elems / in->dims[in->rank - 1] * (uint64_t)n[0] ||
	    at->elems != values->elems)
		fail_op(g, op, "the outputs' shapes do not follow from the input's");
	return (uint32_t)n[0];
}

/* Positions first; they pick the values. */
void lower_topk(struct lower *lw, struct op *op)
{
	const struct graph *g = lw->g;
	uint32_t k = topk_count(g, op), rows, depth;
	const struct tensor *in = op_in(g, op, 0);
	struct view from, values, at, x;
	bool copy[2];
	struct layer *l;

	depth = in->dims[in->rank - 1];
	rows = (uint32_t)(in->elems / depth);
	from = plain_input(lw, op, op->in[0]);
	copy[0] = plain_output(lw, op->out[0], &values);
	copy[1] = plain_output(lw, op->out[1], &at);
	l = add_layer(lw, LAYER_ARG, op);
	l->nin = 1;
	l->in[0] = rows_of(&from, 0, rows, 1, depth);
	l->out = rows_of(&at, 0, rows, 1, k);
	l->cmd.arg.fn = APU_ARG_FN_MAX;
	l->cmd.arg.type = dtype_of(in);
	l->cmd.arg.out_type = APU_DTYPE_I32;
	l->cmd.arg.k = k;
	x = rows_of(&from, 0, rows, depth, 1);
	values = rows_of(&values, 0, rows, k, 1);
	at = rows_of(&at, 0, rows, 1, k);
	add_gather(lw, op, &x, &at, &values);
	if (copy[0]) {
		struct view *final = place_tensor(lw, op->out[0]);

		values = view_dense(values.buf, final->n, final->h, final->w, final->c);
		add_copy(lw, op, &values, final);
	}
	if (copy[1]) {
		struct view *final = place_tensor(lw, op->out[1]);

		at = view_dense(at.buf, final->n, final->h, final->w, final->c);
		add_copy(lw, op, &at, final);
	}
}

void lower_cast(struct lower *lw, struct op *op)
{
	const struct graph *g = lw->g;
	const struct tensor *in, *out;
	struct layer *l;

	check_operands(g, op, 1, 1);
	check_same_size(g, op);
	in = op_in(g, op, 0);
	out = op_out(g, op);
	if (!dtype_of(in) || !dtype_of(out) || (out->type == TFL_BOOL && in->type != TFL_BOOL))
		fail_op(g, op, "%s to %s is not supported", tfl_type_name(in->type),
			tfl_type_name(out->type));
	l = unary_layer(lw, op, LAYER_COPY);
	l->cmd.copy.mode = APU_COPY_MODE_CAST;
	l->cmd.copy.src_type = dtype_of(in);
	l->cmd.copy.dst_type = dtype_of(out);
}

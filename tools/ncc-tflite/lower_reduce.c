// SPDX-License-Identifier: MIT
/* MEAN, SUM, REDUCE_MAX, REDUCE_MIN, REDUCE_PROD over any axes; ARG_MAX, ARG_MIN. */
#include <math.h>
#include <string.h>
#include "lower.h"
#include "moves.h"

/* Elements that are reduced to one, in a kernel's 16 bits. */
#define MAX_REDUCED UINT16_MAX
/* Largest shift of the product of a row. */
#define MAX_PROD_SHIFT 7

/* A tensor as outer x reduced x inner elements, without gaps. */
struct folded {
	struct view v;
	uint32_t outer, reduced, inner;
};

static uint32_t axis_mask(const struct graph *g, const struct op *op)
{
	const struct tensor *in = op_in(g, op, 0), *t = op_in(g, op, 1);
	int64_t *v = const_ints(g, op, t, "the axes are");
	uint32_t mask = 0;

	for (uint64_t i = 0; i < t->elems; i++)
		mask |= 1u << check_axis(g, op, v[i], in->rank);
	/* Dimensions of 1 reduce to themselves. */
	for (unsigned i = 0; i < in->rank; i++)
		if (in->dims[i] == 1)
			mask &= ~(1u << i);
	return mask;
}

static uint64_t product(const struct tensor *t, uint32_t mask)
{
	uint64_t n = 1;

	for (unsigned i = 0; i < t->rank; i++)
		if (mask & 1u << i)
			n *= t->dims[i];
	return n;
}

/* Moves the dimensions of mask to the end. */
static struct view move_last(struct lower *lw, struct op *op, const struct view *from,
			     uint32_t mask)
{
	const struct tensor *in = op_in(lw->g, op, 0);
	struct strides s = dense_strides(in);
	struct view to = dense_temp(lw, from);
	struct move m = {.rank = in->rank};
	int64_t stride = 1;
	unsigned n = in->rank;

	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned i = in->rank; i-- > 0;) {
			if (!(mask & 1u << i) == !pass)
				continue;
			n--;
			m.dims[n] = in->dims[i];
			m.from[n] = s.s[i];
			m.to[n] = stride;
			stride *= in->dims[i];
		}
	}
	add_move(lw, op, &m, from, &to);
	return to;
}

/* Are the dimensions of mask next to each other, those of 1 aside? */
static bool adjacent(const struct tensor *t, uint32_t mask)
{
	bool begun = false, ended = false;

	for (unsigned i = 0; i < t->rank; i++) {
		bool in = mask & 1u << i;

		if (t->dims[i] == 1)
			continue;
		if (in && ended)
			return false;
		begun |= in;
		ended |= begun && !in;
	}
	return true;
}

static struct folded fold_view(struct lower *lw, struct op *op, uint32_t mask, bool last)
{
	const struct tensor *in = op_in(lw->g, op, 0);
	struct folded f = {.v = *place_tensor(lw, op->in[0]), .outer = 1, .inner = 1};
	uint64_t reduced = product(in, mask);
	uint32_t all = (1u << in->rank) - 1;
	bool seen = !mask;

	if (reduced > MAX_REDUCED)
		fail_op(lw->g, op, "%llu elements to one: at most %u are supported",
			(unsigned long long)reduced, MAX_REDUCED);
	f.reduced = (uint32_t)reduced;
	if (!view_is_dense(&f.v))
		f.v = dense_copy(lw, op, &f.v);
	for (unsigned i = 0; i < in->rank && mask; i++) {
		if (mask & 1u << i)
			seen = true;
		else if (!seen)
			f.outer *= in->dims[i];
		else
			f.inner *= in->dims[i];
	}
	if (!adjacent(in, mask) || (last && f.inner > 1)) {
		f.v = move_last(lw, op, &f.v, mask);
		f.inner = 1;
		f.outer = (uint32_t)product(in, all & ~mask);
	}
	if (!mask)
		f.outer = (uint32_t)in->elems;
	return f;
}

/* Sets the views of a layer that reduces rows (inner > 1) or columns; returns which. */
static bool set_views(struct layer *l, const struct folded *f, const struct view *out,
		      bool as_channels)
{
	uint64_t in_off = f->v.off;

	l->nin = 1;
	if (f->inner > 1) {
		l->in[0] = view_dense(f->v.buf, f->outer, f->reduced, 1, f->inner);
		l->out = view_dense(out->buf, f->outer, 1, 1, f->inner);
	} else if (as_channels) {
		l->in[0] = view_dense(f->v.buf, 1, f->outer, 1, f->reduced);
		l->out = view_dense(out->buf, 1, f->outer, 1, 1);
	} else {
		l->in[0] = view_dense(f->v.buf, 1, f->outer, f->reduced, 1);
		l->out = view_dense(out->buf, 1, f->outer, 1, 1);
	}
	l->in[0].off = in_off;
	l->out.off = out->off;
	return f->inner > 1;
}

/* A pool over everything that is reduced. */
static void reduce_pool(struct lower *lw, struct op *op, const struct folded *f,
			const struct view *out, uint8_t kind)
{
	const struct tensor *in = op_in(lw->g, op, 0);
	struct layer *l = add_layer(lw, LAYER_POOL, op);
	struct range r =
		is_float_type(in->type) ? act_range_float(TFL_ACT_NONE) : type_range(in->type);
	bool rows = set_views(l, f, out, false);

	l->cmd.pool.kind = kind;
	l->cmd.pool.type = dtype_of(in);
	l->cmd.pool.k_h = (uint16_t)(rows ? f->reduced : 1);
	l->cmd.pool.k_w = (uint16_t)(rows ? 1 : f->reduced);
	l->cmd.pool.stride_h = l->cmd.pool.stride_w = 1;
	l->cmd.pool.act_min = r.min;
	l->cmd.pool.act_max = r.max;
}

/*
 * Sums of elements less their zero point, scaled: a convolution with weights of
 * one. The factor of MEAN holds the division by the number of elements, as in
 * the reference (QuantizedMeanOrSum).
 */
static struct apu_quant sum_factor(struct lower *lw, const struct op *op, uint64_t n)
{
	const struct tensor *in = op_in(lw->g, op, 0), *out = op_out(lw->g, op);
	struct multiplier m =
		checked_multiplier(lw->g, op, (double)in->scale[0] / (double)out->scale[0]);
	int shift = 63 - __builtin_clzll(n);

	if (op->code == TFL_SUM)
		return (struct apu_quant){m.mult, m.shift};
	if (shift > 32)
		shift = 32;
	if (shift > 31 + m.shift)
		shift = 31 + m.shift;
	return (struct apu_quant){(int32_t)(((int64_t)m.mult << shift) / (int64_t)n),
				  m.shift - shift};
}

static void set_types(struct apu_cmd_conv *c, const struct tensor *in, const struct tensor *out)
{
	bool half = is_float_type(in->type);
	struct range r = half ? act_range_float(TFL_ACT_NONE) : type_range(out->type);

	c->in_type = c->out_type = dtype_of(in);
	c->w_type = in->type == TFL_INT16 ? APU_DTYPE_I8 : c->in_type;
	c->bias_type = APU_DTYPE_NONE;
	c->quant_mode = half ? APU_QUANT_MODE_NONE : APU_QUANT_MODE_PER_TENSOR;
	c->in_zp = half ? 0 : in->zp[0];
	c->out_zp = half ? 0 : out->zp[0];
	c->act_min = r.min;
	c->act_max = r.max;
}

static void reduce_sum(struct lower *lw, struct op *op, const struct folded *f,
		       const struct view *out)
{
	const struct tensor *in = op_in(lw->g, op, 0);
	bool rows = f->inner > 1;
	struct layer *l = add_layer(lw, rows ? LAYER_DEPTHWISE : LAYER_CONV, op);
	struct apu_cmd_conv *c = &l->cmd.conv;
	uint32_t out_c = rows ? f->inner : 1;
	uint64_t n = (uint64_t)f->reduced * out_c, bytes;
	struct apu_quant q = {0};
	uint8_t *ones;

	set_types(c, in, op_out(lw->g, op));
	set_views(l, f, out, true);
	c->kind = rows ? APU_CONV_KIND_DEPTHWISE : APU_CONV_KIND_CONV;
	c->k_h = (uint16_t)(rows ? f->reduced : 1);
	c->k_w = c->stride_h = c->stride_w = c->dil_h = c->dil_w = c->groups = 1;
	bytes = n * dtype_size(c->w_type);
	ones = alloc(n, 2);
	for (uint64_t i = 0; i < n; i++) {
		uint16_t one = float_to_half(1.0f);

		if (c->w_type == APU_DTYPE_F16)
			memcpy(ones + 2 * i, &one, 2);
		else
			ones[i] = 1;
	}
	l->const_c = out_c;
	l->w_row_bytes = (uint32_t)(rows ? out_c : f->reduced) * dtype_size(c->w_type);
	l->const_off = add_static(lw->p, ones, bytes, PLACE_ALIGN);
	l->const_bytes = bytes;
	if (c->quant_mode) {
		q = sum_factor(lw, op, f->reduced);
		l->quant_rel = add_static(lw->p, &q, sizeof(q), 8) - l->const_off;
		l->const_bytes = l->quant_rel + sizeof(q);
	}
}

/* Every product of rows of all that is reduced is scaled: GetQuantProdScaling. */
static void reduce_product(struct lower *lw, struct op *op, const struct folded *f,
			   const struct view *out)
{
	const struct graph *g = lw->g;
	const struct tensor *in = op_in(g, op, 0), *to = op_out(g, op);
	struct layer *l = add_layer(lw, LAYER_REDUCE, op);
	struct apu_cmd_reduce *c = &l->cmd.reduce;
	struct multiplier m;

	set_views(l, f, out, true);
	c->fn = APU_REDUCE_FN_PROD;
	c->type = dtype_of(in);
	if (is_float_type(in->type))
		return;
	m = checked_multiplier(g, op,
			       (double)in->scale[0] / pow((double)to->scale[0], 1.0 / f->reduced));
	if (m.shift > MAX_PROD_SHIFT)
		fail_op(g, op, "the scales demand a factor of 2^%d: not supported", m.shift);
	c->in_zp = in->zp[0];
	c->out_zp = to->zp[0];
	c->mult = m.mult;
	c->shift = m.shift;
}

static void check_reduce(const struct graph *g, const struct op *op)
{
	const struct tensor *in, *out;

	check_listed_operands(g, op, 2, 2, 1);
	in = op_in(g, op, 0);
	out = op_out(g, op);
	check_compute_type(g, op, in);
	if (in->type != out->type)
		fail_op(g, op, "%s to %s is not supported", tfl_type_name(in->type),
			tfl_type_name(out->type));
	check_quant(g, op, in);
	check_quant(g, op, out);
	if (op->code == TFL_SUM && !is_float_type(in->type) &&
	    (in->type == TFL_INT16 || same_quant(in, out)))
		fail_op(g, op, "%s with the input's scale: not supported", tfl_type_name(in->type));
	if (op->code == TFL_REDUCE_PROD && in->type == TFL_UINT8)
		fail_op(g, op, "type %s is not supported", tfl_type_name(in->type));
	if ((op->code == TFL_REDUCE_MAX || op->code == TFL_REDUCE_MIN) && !same_quant(in, out))
		fail_op(g, op, "input and output have different scales: not supported");
}

void lower_reduce(struct lower *lw, struct op *op)
{
	const struct graph *g = lw->g;
	const struct tensor *in, *out;
	struct view final, to;
	struct folded f;
	bool direct;

	check_reduce(g, op);
	in = op_in(g, op, 0);
	out = op_out(g, op);
	f = fold_view(lw, op, axis_mask(g, op), op->code == TFL_REDUCE_PROD);
	if ((uint64_t)f.outer * f.inner != out->elems)
		fail_op(g, op, "the output's shape does not follow from the input's");
	final = *place_tensor(lw, op->out[0]);
	direct = view_is_dense(&final);
	to = direct ? final : dense_temp(lw, &final);
	if (op->code == TFL_REDUCE_MAX)
		reduce_pool(lw, op, &f, &to, APU_POOL_KIND_MAX);
	else if (op->code == TFL_REDUCE_PROD)
		reduce_product(lw, op, &f, &to);
	else if (op->code == TFL_REDUCE_MIN)
		reduce_pool(lw, op, &f, &to, APU_POOL_KIND_MIN);
	else if (op->code == TFL_MEAN && is_float_type(in->type))
		reduce_pool(lw, op, &f, &to, APU_POOL_KIND_AVG);
	else
		reduce_sum(lw, op, &f, &to);
	if (!direct)
		add_copy(lw, op, &to, &final);
}

void lower_arg(struct lower *lw, struct op *op)
{
	const struct graph *g = lw->g;
	const struct tensor *in, *out;
	struct view final, to;
	struct folded f;
	struct layer *l;
	uint32_t mask;
	bool direct;

	check_operands(g, op, 2, 2);
	in = op_in(g, op, 0);
	out = op_out(g, op);
	check_compute_type(g, op, in);
	if (out->type != TFL_INT32 && out->type != TFL_INT64)
		fail_op(g, op, "type %s of the output is not supported", tfl_type_name(out->type));
	if (op_in(g, op, 1)->elems != 1)
		fail_op(g, op, "more than one axis");
	mask = axis_mask(g, op);
	f = fold_view(lw, op, mask, true);
	if (f.outer != out->elems)
		fail_op(g, op, "the output's shape does not follow from the input's");
	final = *place_tensor(lw, op->out[0]);
	direct = view_is_dense(&final);
	to = direct ? final : dense_temp(lw, &final);
	l = add_layer(lw, LAYER_ARG, op);
	l->cmd.arg.fn = op->code == TFL_ARG_MAX ? APU_ARG_FN_MAX : APU_ARG_FN_MIN;
	l->cmd.arg.type = dtype_of(in);
	l->cmd.arg.out_type = dtype_of(out);
	set_views(l, &f, &to, true);
	if (!direct)
		add_copy(lw, op, &to, &final);
}

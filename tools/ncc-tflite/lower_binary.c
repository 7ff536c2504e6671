// SPDX-License-Identifier: MIT
/* Element-wise operators of two operands, with broadcasting. */
#include <math.h>
#include <string.h>
#include "lower.h"
#include "lut.h"

static const struct {
	int code;
	uint8_t fn;
	bool int8, uint8, int16; /* what the reference kernels take */
} functions[] = {
	{TFL_ADD, APU_ELT_FN_ADD, true, true, true},
	{TFL_DIV, APU_ELT_FN_DIV, false, true, false},
	{TFL_MAXIMUM, APU_ELT_FN_MAX, true, true, true},
	{TFL_MINIMUM, APU_ELT_FN_MIN, true, true, true},
	{TFL_MUL, APU_ELT_FN_MUL, true, true, true},
	{TFL_POW, APU_ELT_FN_POW, false, false, false},
	{TFL_PRELU, APU_ELT_FN_PRELU, true, true, false},
	{TFL_SQUARED_DIFFERENCE, APU_ELT_FN_SQUARED_DIFF, true, false, false},
	{TFL_SUB, APU_ELT_FN_SUB, true, true, true},
};

/*
 * ADD of int16 with scales that are about powers of two: the reference shifts one
 * operand right, rounding, and adds with saturation. The same comes out of
 * multipliers of a half with shifts.
 */
static bool add_pot_int16(const struct graph *g, const struct op *op, struct apu_cmd_eltwise *e)
{
	struct tensor *a = op_in(g, op, 0), *b = op_in(g, op, 1), *out = op_out(g, op);
	int la, lb, lo;

	if (out->type != TFL_INT16 || !op->pot_scale_int16 || !near_log2(a->scale[0], &la) ||
	    !near_log2(b->scale[0], &lb) || !near_log2(out->scale[0], &lo))
		return false;
	if (op->code == TFL_SUB)
		fail_op(g, op, "powers of two as int16 scales: not supported");
	la -= lo;
	lb -= lo;
	if (la > 0 || lb > 0 || (la && lb) || la < -30 || lb < -30)
		fail_op(g, op,
			"powers of two as int16 scales, of which neither input's fits the "
			"output's: not supported");
	e->left_shift = 1;
	e->in1_mult = e->in2_mult = e->out_mult = 1 << 30;
	e->in1_shift = la;
	e->in2_shift = lb;
	e->out_shift = 1;
	return true;
}

static void set_factors(struct lower *lw, const struct op *op, struct apu_cmd_eltwise *e,
			double in1, double in2, double out)
{
	struct multiplier m;

	m = checked_multiplier(lw->g, op, in1);
	e->in1_mult = m.mult;
	e->in1_shift = m.shift;
	m = checked_multiplier(lw->g, op, in2);
	e->in2_mult = m.mult;
	e->in2_shift = m.shift;
	m = checked_multiplier(lw->g, op, out);
	e->out_mult = m.mult;
	e->out_shift = m.shift;
}

/* The factors of TensorFlow Lite's Prepare functions, each in the precision that it has there. */
static void set_binary_quant(struct lower *lw, struct op *op, struct apu_cmd_eltwise *e)
{
	const struct graph *g = lw->g;
	struct tensor *a = op_in(g, op, 0), *b = op_in(g, op, 1), *out = op_out(g, op);
	float sa = a->scale[0], sb = b->scale[0], so = out->scale[0];
	float twice = 2 * (sa > sb ? sa : sb);
	int shift = out->type == TFL_INT16 ? 15 : 20;

	e->in1_zp = a->zp[0];
	e->in2_zp = b->zp[0];
	e->out_zp = out->zp[0];
	switch (op->code) {
	case TFL_ADD:
	case TFL_SUB:
		if (add_pot_int16(g, op, e))
			return;
		e->left_shift = shift;
		set_factors(lw, op, e, (double)sa / (double)twice, (double)sb / (double)twice,
			    (double)twice / (double)((float)(1 << shift) * so));
		break;
	case TFL_SQUARED_DIFFERENCE:
		e->left_shift = 7;
		set_factors(lw, op, e, (double)sa / (double)twice, (double)sb / (double)twice,
			    (double)twice * (double)twice / (double)((float)(1 << 14) * so));
		break;
	case TFL_DIV:
		set_factors(lw, op, e, 0, 0, (double)(sa / (sb * so)));
		break;
	case TFL_PRELU:
		set_factors(lw, op, e, (double)(sa / so), 0, (double)(sa * sb / so));
		break;
	default:
		set_factors(lw, op, e, 0, 0, (double)(sa * sb / so));
		break;
	}
}

static struct view channels(const struct view *v, uint32_t from, uint32_t to)
{
	struct view s = *v;

	s.off += from;
	s.c = to - from;
	return s;
}

/* ADD of an operand that lacks channels: the others are only clamped. */
static void lower_add_padded(struct lower *lw, struct op *op)
{
	struct view in[2], out;
	uint32_t from = (uint32_t)op->pad_first, to, bounds[4];
	struct range r = act_range_float(op->act);
	unsigned whole = !op->pad_input;

	for (unsigned i = 0; i < 2; i++)
		in[i] = *place_tensor(lw, op->in[i]);
	out = *place_tensor(lw, op->out[0]);
	to = from + in[op->pad_input].c;
	bounds[0] = 0;
	bounds[1] = from;
	bounds[2] = to;
	bounds[3] = out.c;
	for (unsigned k = 0; k < 3; k++) {
		struct view x = channels(&in[whole], bounds[k], bounds[k + 1]);
		struct layer *l;

		if (bounds[k] == bounds[k + 1])
			continue;
		l = add_layer(lw, LAYER_ELTWISE, op);
		l->nin = k == 1 ? 2 : 1;
		l->in[whole && k == 1] = x;
		if (k == 1)
			l->in[op->pad_input] = in[op->pad_input];
		l->out = channels(&out, bounds[k], bounds[k + 1]);
		l->cmd.elt.fn = k == 1 ? APU_ELT_FN_ADD : APU_ELT_FN_CLAMP;
		l->cmd.elt.in_type = l->cmd.elt.out_type = APU_DTYPE_F16;
		l->cmd.elt.act_min = r.min;
		l->cmd.elt.act_max = r.max;
	}
}

/* Dimensions of the output, merged where neither input stops or starts to repeat. */
struct broadcast {
	unsigned rank;
	uint32_t out[MAX_RANK];
	bool repeat[2][MAX_RANK];
};

static uint32_t in_dim(const struct tensor *t, const struct tensor *out, unsigned k)
{
	unsigned lead = out->rank - t->rank;

	return k < lead ? 1 : t->dims[k - lead];
}

static struct broadcast merge_shapes(const struct graph *g, const struct op *op)
{
	const struct tensor *out = op_out(g, op);
	struct broadcast b = {0};

	for (unsigned k = 0; k < out->rank; k++) {
		bool repeat[2], same = b.rank > 0;

		for (unsigned i = 0; i < 2; i++) {
			const struct tensor *t = op_in(g, op, i);
			uint32_t d = t->rank > out->rank ? 0 : in_dim(t, out, k);

			if (d != out->dims[k] && d != 1)
				fail_op(g, op, "input \"%s\" does not broadcast to the output",
					t->name);
			repeat[i] = d != out->dims[k];
			same = same && repeat[i] == b.repeat[i][b.rank - 1];
		}
		if (out->dims[k] == 1)
			continue;
		if (same) {
			b.out[b.rank - 1] *= out->dims[k];
			continue;
		}
		b.out[b.rank] = out->dims[k];
		b.repeat[0][b.rank] = repeat[0];
		b.repeat[1][b.rank++] = repeat[1];
	}
	return b;
}

/* More than four dimensions, as fewer. */
static void merge_views(struct lower *lw, const struct op *op, struct layer *l)
{
	struct broadcast b = merge_shapes(lw->g, op);
	struct view *v[3] = {&l->in[0], &l->in[1], &l->out};

	if (b.rank > 4)
		fail_op(lw->g, op, "broadcasting more than four dimensions: not supported");
	for (unsigned i = 0; i < 3; i++) {
		uint32_t d[4] = {1, 1, 1, 1};
		uint64_t off = v[i]->off;

		for (unsigned k = 0; k < b.rank; k++)
			d[4 - b.rank + k] = i < 2 && b.repeat[i][k] ? 1 : b.out[k];
		*v[i] = view_dense(v[i]->buf, d[0], d[1], d[2], d[3]);
		v[i]->off = off;
	}
}

static void check_broadcast(const struct graph *g, const struct op *op)
{
	uint32_t od[4], d[4];

	tensor_shape4(op_out(g, op), od);
	for (unsigned i = 0; i < 2; i++) {
		struct tensor *t = op_in(g, op, i);

		tensor_shape4(t, d);
		for (unsigned k = 0; k < 4; k++)
			if (d[k] != od[k] && d[k] != 1)
				fail_op(g, op, "input \"%s\" does not broadcast to the output",
					t->name);
	}
}

/* Views of both inputs and the output; more than four dimensions need dense ones. */
static struct layer *binary_layer(struct lower *lw, struct op *op)
{
	struct view in[2], out = *place_tensor(lw, op->out[0]);
	bool wide = op_out(lw->g, op)->rank > 4;
	struct layer *l;

	if (!wide)
		check_broadcast(lw->g, op);
	for (unsigned i = 0; i < 2; i++) {
		in[i] = *place_tensor(lw, op->in[i]);
		if (wide && !view_is_dense(&in[i]))
			in[i] = dense_copy(lw, op, &in[i]);
	}
	if (wide && !view_is_dense(&out))
		fail_op(lw->g, op, "the output is part of another tensor: not supported");
	l = add_layer(lw, LAYER_ELTWISE, op);
	l->nin = 2;
	l->in[0] = in[0];
	l->in[1] = in[1];
	l->out = out;
	if (wide)
		merge_views(lw, op, l);
	for (unsigned i = 0; i < 2; i++) {
		l->repeat_h |= (uint8_t)((l->in[i].h < l->out.h) << i);
		l->repeat_w |= (uint8_t)((l->in[i].w < l->out.w) << i);
		l->repeat_c |= (uint8_t)((l->in[i].c < l->out.c) << i);
	}
	return l;
}

static uint8_t check_function(const struct graph *g, const struct op *op)
{
	int type = op_out(g, op)->type;

	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		if (functions[i].code != op->code)
			continue;
		if ((type == TFL_INT8 && !functions[i].int8) ||
		    (type == TFL_UINT8 && !functions[i].uint8) ||
		    (type == TFL_INT16 && !functions[i].int16))
			break;
		return functions[i].fn;
	}
	fail_op(g, op, "type %s is not supported", tfl_type_name(type));
}

void lower_binary(struct lower *lw, struct op *op)
{
	struct graph *g = lw->g;
	struct tensor *out;
	struct layer *l;
	struct range r;
	uint8_t fn;

	check_operands(g, op, 2, 2);
	check_same_type(g, op);
	out = op_out(g, op);
	check_compute_type(g, op, out);
	if (op->act < 0 || op->act > TFL_ACT_RELU6)
		fail_op(g, op, "fused activation %d is not supported", op->act);
	if (op->pad_input >= 0) {
		lower_add_padded(lw, op);
		return;
	}
	fn = check_function(g, op);
	for (unsigned i = 0; i < 2; i++)
		check_quant(g, op, op_in(g, op, i));
	check_quant(g, op, out);
	l = binary_layer(lw, op);
	l->cmd.elt.fn = fn;
	l->cmd.elt.in_type = l->cmd.elt.out_type = dtype_of(out);
	if (!is_float_type(out->type) && fn != APU_ELT_FN_MAX && fn != APU_ELT_FN_MIN)
		set_binary_quant(lw, op, &l->cmd.elt);
	r = out_range(op, out);
	l->cmd.elt.act_min = r.min;
	l->cmd.elt.act_max = r.max;
	flatten_elementwise(l);
}

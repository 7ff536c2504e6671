// SPDX-License-Identifier: MIT
/* Pooling, ADD, RELU, QUANTIZE, DEQUANTIZE, SOFTMAX, LOGISTIC. */
#include <math.h>
#include <string.h>
#include "lower.h"

static bool is_float_type(int type)
{
	return type == TFL_FLOAT32 || type == TFL_FLOAT16;
}

static void check_compute_type(const struct graph *g, const struct op *op, const struct tensor *t)
{
	if (!is_quantised_type(t->type) && !is_float_type(t->type))
		fail_op(g, op, "type %s is not supported", tfl_type_name(t->type));
}

static void check_same_type(const struct graph *g, const struct op *op)
{
	const struct tensor *out = op_out(g, op);

	for (unsigned i = 0; i < op->nin; i++) {
		const struct tensor *in = op_in(g, op, i);

		if (in && in->type != out->type)
			fail_op(g, op, "%s input and %s output: not supported",
				tfl_type_name(in->type), tfl_type_name(out->type));
	}
}

static void check_same_size(const struct graph *g, const struct op *op)
{
	if (op_in(g, op, 0)->elems != op_out(g, op)->elems)
		fail_op(g, op, "input and output differ in size");
}

static struct range out_range(const struct op *op, const struct tensor *out)
{
	if (is_float_type(out->type))
		return act_range_float(op->act);
	if (op->act == TFL_ACT_NONE)
		return type_range(out->type);
	return act_range(op->act, out->type, out->scale[0], out->zp[0]);
}

void lower_pool(struct lower *lw, struct op *op)
{
	struct graph *g = lw->g;
	struct tensor *in, *out;
	struct layer *l;
	struct range r;

	check_operands(g, op, 1, 1);
	check_same_type(g, op);
	in = op_in(g, op, 0);
	out = op_out(g, op);
	check_compute_type(g, op, in);
	if (op->act)
		check_quant(g, op, out);
	if (op->act < 0 || op->act > TFL_ACT_RELU6)
		fail_op(g, op, "fused activation %d is not supported", op->act);
	if (in->rank != 4 || out->rank != 4)
		fail_op(g, op, "input and output must have four dimensions");
	if (op->stride_h < 1 || op->stride_w < 1 || op->k_h < 1 || op->k_w < 1 ||
	    op->stride_h > UINT16_MAX || op->stride_w > UINT16_MAX || op->k_h > UINT16_MAX ||
	    op->k_w > UINT16_MAX || op->padding < 0 || op->padding > TFL_PADDING_VALID)
		fail_op(g, op, "window %dx%d, stride %dx%d, padding %d: not supported", op->k_h,
			op->k_w, op->stride_h, op->stride_w, op->padding);
	if (out->dims[0] != in->dims[0] || out->dims[3] != in->dims[3] ||
	    window_size(op->padding, in->dims[1], op->k_h, op->stride_h, 1) != out->dims[1] ||
	    window_size(op->padding, in->dims[2], op->k_w, op->stride_w, 1) != out->dims[2])
		fail_op(g, op, "shape of the output does not follow from that of the input");

	l = add_layer(lw, LAYER_POOL, op);
	l->nin = 1;
	l->cmd.pool.kind = op->code == TFL_MAX_POOL_2D ? APU_POOL_KIND_MAX : APU_POOL_KIND_AVG;
	l->cmd.pool.type = dtype_of(in);
	l->cmd.pool.k_h = (uint16_t)op->k_h;
	l->cmd.pool.k_w = (uint16_t)op->k_w;
	l->cmd.pool.stride_h = (uint16_t)op->stride_h;
	l->cmd.pool.stride_w = (uint16_t)op->stride_w;
	r = out_range(op, out);
	l->cmd.pool.act_min = r.min;
	l->cmd.pool.act_max = r.max;
	l->pad_top = window_pad(in->dims[1], out->dims[1], op->k_h, op->stride_h, 1);
	l->pad_left = window_pad(in->dims[2], out->dims[2], op->k_w, op->stride_w, 1);
	l->in[0] = *place_tensor(lw, op->in[0]);
	l->out = *place_tensor(lw, op->out[0]);
}

static bool log2_exact(float scale, int *log2)
{
	int e;

	if (frexpf(scale, &e) != 0.5f)
		return false;
	*log2 = e - 1;
	return true;
}

/*
 * ADD of int16 with scales that are powers of two: the reference shifts one
 * operand right, rounding, and adds with saturation. The same comes out of
 * multipliers of a half with shifts.
 */
static bool add_pot_int16(const struct graph *g, const struct op *op, struct apu_cmd_eltwise *e)
{
	struct tensor *a = op_in(g, op, 0), *b = op_in(g, op, 1), *out = op_out(g, op);
	int la, lb, lo;

	if (out->type != TFL_INT16 || !op->pot_scale_int16 || !log2_exact(a->scale[0], &la) ||
	    !log2_exact(b->scale[0], &lb) || !log2_exact(out->scale[0], &lo))
		return false;
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

static void set_add_quant(struct lower *lw, struct op *op, struct apu_cmd_eltwise *e)
{
	const struct graph *g = lw->g;
	struct tensor *a = op_in(g, op, 0), *b = op_in(g, op, 1), *out = op_out(g, op);
	struct multiplier m;
	double twice_max;
	int shift = out->type == TFL_INT16 ? 15 : 20;

	e->in1_zp = a->zp[0];
	e->in2_zp = b->zp[0];
	e->out_zp = out->zp[0];
	if (add_pot_int16(g, op, e))
		return;
	twice_max = (double)(2 * (a->scale[0] > b->scale[0] ? a->scale[0] : b->scale[0]));
	e->left_shift = shift;
	m = checked_multiplier(g, op, (double)a->scale[0] / twice_max);
	e->in1_mult = m.mult;
	e->in1_shift = m.shift;
	m = checked_multiplier(g, op, (double)b->scale[0] / twice_max);
	e->in2_mult = m.mult;
	e->in2_shift = m.shift;
	m = checked_multiplier(g, op, twice_max / (double)((float)(1 << shift) * out->scale[0]));
	e->out_mult = m.mult;
	e->out_shift = m.shift;
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

void lower_add(struct lower *lw, struct op *op)
{
	struct graph *g = lw->g;
	struct tensor *out;
	struct layer *l;
	struct range r;
	uint32_t od[4];

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
	tensor_shape4(out, od);
	for (unsigned i = 0; i < 2; i++) {
		struct tensor *t = op_in(g, op, i);
		uint32_t d[4];

		check_quant(g, op, t);
		tensor_shape4(t, d);
		if (t->rank > 4 && t->elems != out->elems)
			fail_op(g, op, "broadcasting more than four dimensions: not supported");
		for (unsigned k = 0; k < 4; k++)
			if (d[k] != od[k] && d[k] != 1)
				fail_op(g, op, "input \"%s\" does not broadcast to the output",
					t->name);
	}
	check_quant(g, op, out);
	place_tensor(lw, op->in[0]);
	place_tensor(lw, op->in[1]);
	place_tensor(lw, op->out[0]);

	l = add_layer(lw, LAYER_ELTWISE, op);
	l->nin = 2;
	l->cmd.elt.fn = APU_ELT_FN_ADD;
	l->cmd.elt.in_type = l->cmd.elt.out_type = dtype_of(out);
	l->out = *place_tensor(lw, op->out[0]);
	for (unsigned i = 0; i < 2; i++) {
		l->in[i] = *place_tensor(lw, op->in[i]);
		l->repeat_h |= (uint8_t)((l->in[i].h < l->out.h) << i);
		l->repeat_w |= (uint8_t)((l->in[i].w < l->out.w) << i);
		l->repeat_c |= (uint8_t)((l->in[i].c < l->out.c) << i);
	}
	if (!is_float_type(out->type))
		set_add_quant(lw, op, &l->cmd.elt);
	r = out_range(op, out);
	l->cmd.elt.act_min = r.min;
	l->cmd.elt.act_max = r.max;
	flatten_elementwise(l);
}

/* An element-wise layer of one operand. */
static struct layer *unary(struct lower *lw, struct op *op, enum layer_kind kind)
{
	struct view in = *place_tensor(lw, op->in[0]);
	struct view out = *place_tensor(lw, op->out[0]);
	struct layer *l;

	if (in.n != out.n || in.h != out.h || in.w != out.w || in.c != out.c)
		fail_op(lw->g, op, "input and output differ in shape");
	l = add_layer(lw, kind, op);
	l->nin = 1;
	l->in[0] = in;
	l->out = out;
	return l;
}

static void set_requant(struct layer *l, const struct tensor *in, const struct tensor *out,
			struct multiplier m)
{
	l->cmd.elt.fn = APU_ELT_FN_REQUANT;
	l->cmd.elt.in1_zp = in->zp[0];
	l->cmd.elt.out_zp = out->zp[0];
	l->cmd.elt.in1_mult = m.mult;
	l->cmd.elt.in1_shift = m.shift;
}

void lower_relu(struct lower *lw, struct op *op)
{
	struct graph *g = lw->g;
	struct tensor *in, *out;
	struct layer *l;
	struct range r;

	check_operands(g, op, 1, 1);
	check_same_type(g, op);
	check_same_size(g, op);
	in = op_in(g, op, 0);
	out = op_out(g, op);
	check_compute_type(g, op, in);
	check_quant(g, op, in);
	check_quant(g, op, out);
	op->act = op->code == TFL_RELU	  ? TFL_ACT_RELU
		  : op->code == TFL_RELU6 ? TFL_ACT_RELU6
					  : TFL_ACT_RELU_N1_TO_1;
	l = unary(lw, op, LAYER_ELTWISE);
	l->cmd.elt.fn = APU_ELT_FN_CLAMP;
	if (!is_float_type(in->type)) {
		float ratio = in->scale[0] / out->scale[0];

		set_requant(l, in, out, checked_multiplier(g, op, (double)ratio));
	}
	l->cmd.elt.in_type = l->cmd.elt.out_type = dtype_of(out);
	r = out_range(op, out);
	l->cmd.elt.act_min = r.min;
	l->cmd.elt.act_max = r.max;
	flatten_elementwise(l);
}

void lower_quantize(struct lower *lw, struct op *op)
{
	struct graph *g = lw->g;
	struct tensor *in, *out;
	struct layer *l;
	struct range r;

	check_operands(g, op, 1, 1);
	check_same_size(g, op);
	in = op_in(g, op, 0);
	out = op_out(g, op);
	if (!is_quantised_type(out->type) ||
	    (!is_quantised_type(in->type) && !is_float_type(in->type)))
		fail_op(g, op, "%s to %s is not supported", tfl_type_name(in->type),
			tfl_type_name(out->type));
	check_quant(g, op, in);
	check_quant(g, op, out);
	if (is_float_type(in->type)) {
		l = unary(lw, op, LAYER_COPY);
		l->cmd.copy.src_type = dtype_of(in);
		l->cmd.copy.dst_type = dtype_of(out);
		memcpy(&l->cmd.copy.scale, &out->scale[0], 4);
		l->cmd.copy.zp = out->zp[0];
		return;
	}
	l = unary(lw, op, LAYER_ELTWISE);
	set_requant(l, in, out,
		    checked_multiplier(g, op, (double)in->scale[0] / (double)out->scale[0]));
	l->cmd.elt.in_type = dtype_of(in);
	l->cmd.elt.out_type = dtype_of(out);
	r = type_range(out->type);
	l->cmd.elt.act_min = r.min;
	l->cmd.elt.act_max = r.max;
	flatten_elementwise(l);
}

void lower_dequantize(struct lower *lw, struct op *op)
{
	struct graph *g = lw->g;
	struct tensor *in, *out;
	struct layer *l;

	check_operands(g, op, 1, 1);
	check_same_size(g, op);
	in = op_in(g, op, 0);
	out = op_out(g, op);
	if (out->type != TFL_FLOAT32 || (!is_quantised_type(in->type) && in->type != TFL_FLOAT16))
		fail_op(g, op, "%s to %s is not supported", tfl_type_name(in->type),
			tfl_type_name(out->type));
	check_quant(g, op, in);
	l = unary(lw, op, LAYER_COPY);
	l->cmd.copy.src_type = dtype_of(in);
	l->cmd.copy.dst_type = dtype_of(out);
	if (is_quantised_type(in->type)) {
		memcpy(&l->cmd.copy.scale, &in->scale[0], 4);
		l->cmd.copy.zp = in->zp[0];
	}
}

void lower_softmax(struct lower *lw, struct op *op)
{
	struct graph *g = lw->g;
	struct tensor *in, *out;
	struct softmax_params p;
	uint32_t rows, depth;
	struct view vi, vo, ri, ro;
	struct layer *l;

	check_operands(g, op, 1, 1);
	check_same_type(g, op);
	check_same_size(g, op);
	in = op_in(g, op, 0);
	out = op_out(g, op);
	if (in->type == TFL_INT16 || (!is_quantised_type(in->type) && !is_float_type(in->type)))
		fail_op(g, op, "type %s is not supported", tfl_type_name(in->type));
	check_quant(g, op, in);
	check_quant(g, op, out);
	depth = in->rank ? in->dims[in->rank - 1] : 1;
	rows = (uint32_t)(in->elems / depth);
	if (depth > 65536)
		fail_op(g, op, "%u elements in a row, at most 65536 are supported", depth);
	vi = *place_tensor(lw, op->in[0]);
	vo = *place_tensor(lw, op->out[0]);
	if (view_as_rows(&vi, rows, depth, &ri) && view_as_rows(&vo, rows, depth, &ro)) {
		vi = ri;
		vo = ro;
	} else if (vi.n != vo.n || vi.h != vo.h || vi.w != vo.w || vi.c != depth || vo.c != depth) {
		fail_op(g, op, "input and output differ in shape");
	}
	l = add_layer(lw, LAYER_SOFTMAX, op);
	l->nin = 1;
	l->in[0] = vi;
	l->out = vo;
	l->cmd.softmax.type = dtype_of(in);
	if (is_float_type(in->type)) {
		memcpy(&l->cmd.softmax.mult, &op->beta, 4);
		return;
	}
	if (fabsf(out->scale[0] - 1.0f / 256) > 0.001f / 256 ||
	    out->zp[0] != type_range(out->type).min)
		fail_op(g, op, "the output's scale must be 1/256 and its zero point %d",
			type_range(out->type).min);
	p = softmax_params(op->beta, in->scale[0]);
	if (p.left_shift < 0 || p.left_shift > 31)
		fail_op(g, op, "beta %g with input scale %g: not supported", (double)op->beta,
			(double)in->scale[0]);
	l->cmd.softmax.mult = p.mult;
	l->cmd.softmax.left_shift = p.left_shift;
	l->cmd.softmax.diff_min = p.diff_min;
}

void lower_logistic(struct lower *lw, struct op *op)
{
	struct graph *g = lw->g;
	struct tensor *in, *out;
	uint8_t table[256];
	struct layer *l;

	check_operands(g, op, 1, 1);
	check_same_type(g, op);
	check_same_size(g, op);
	in = op_in(g, op, 0);
	out = op_out(g, op);
	if (in->type == TFL_INT16 || (!is_quantised_type(in->type) && !is_float_type(in->type)))
		fail_op(g, op, "type %s is not supported", tfl_type_name(in->type));
	check_quant(g, op, in);
	check_quant(g, op, out);
	l = unary(lw, op, LAYER_ACTIVATION);
	l->cmd.act.type = dtype_of(in);
	l->cmd.act.fn = APU_ACT_FN_LOGISTIC;
	if (!is_float_type(in->type)) {
		if (out->scale[0] != 1.0f / 256 || out->zp[0] != type_range(out->type).min)
			fail_op(g, op, "the output's scale must be 1/256 and its zero point %d",
				type_range(out->type).min);
		logistic_table(in->type, in->scale[0], in->zp[0], table);
		l->cmd.act.fn = APU_ACT_FN_LUT8;
		l->const_off = add_static(lw->p, table, sizeof(table), PLACE_ALIGN);
		l->const_bytes = sizeof(table);
	}
	flatten_elementwise(l);
}

// SPDX-License-Identifier: MIT
/* Pooling, RELU, QUANTIZE, DEQUANTIZE, SOFTMAX. */
#include <math.h>
#include <string.h>
#include "lower.h"
#include "lut.h"

void check_compute_type(const struct graph *g, const struct op *op, const struct tensor *t)
{
	if (!is_quantised_type(t->type) && !is_float_type(t->type))
		fail_op(g, op, "type %s is not supported", tfl_type_name(t->type));
}

void check_same_type(const struct graph *g, const struct op *op)
{
	const struct tensor *out = op_out(g, op);

	for (unsigned i = 0; i < op->nin; i++) {
		const struct tensor *in = op_in(g, op, i);

		if (in && in->type != out->type)
			fail_op(g, op, "%s input and %s output: not supported",
				tfl_type_name(in->type), tfl_type_name(out->type));
	}
}

void check_same_size(const struct graph *g, const struct op *op)
{
	if (op_in(g, op, 0)->elems != op_out(g, op)->elems)
		fail_op(g, op, "input and output differ in size");
}

struct range out_range(const struct op *op, const struct tensor *out)
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

/* An element-wise layer of one operand. */
struct layer *unary_layer(struct lower *lw, struct op *op, enum layer_kind kind)
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

void set_requant(struct layer *l, const struct tensor *in, const struct tensor *out,
		 struct multiplier m)
{
	l->cmd.elt.fn = APU_ELT_FN_REQUANT;
	l->cmd.elt.in1_zp = in->zp[0];
	l->cmd.elt.out_zp = out->zp[0];
	l->cmd.elt.in1_mult = m.mult;
	l->cmd.elt.in1_shift = m.shift;
}

static int relu_kind(const struct op *op)
{
	switch (op->code) {
	case TFL_RELU:
		return TFL_ACT_RELU;
	case TFL_RELU6:
		return TFL_ACT_RELU6;
	case TFL_RELU_0_TO_1:
		return TFL_ACT_RELU_0_TO_1;
	default:
		return TFL_ACT_RELU_N1_TO_1;
	}
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
	op->act = relu_kind(op);
	l = unary_layer(lw, op, LAYER_ELTWISE);
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
		l = unary_layer(lw, op, LAYER_COPY);
		l->cmd.copy.src_type = dtype_of(in);
		l->cmd.copy.dst_type = dtype_of(out);
		memcpy(&l->cmd.copy.scale, &out->scale[0], 4);
		l->cmd.copy.zp = out->zp[0];
		return;
	}
	l = unary_layer(lw, op, LAYER_ELTWISE);
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
	l = unary_layer(lw, op, LAYER_COPY);
	l->cmd.copy.src_type = dtype_of(in);
	l->cmd.copy.dst_type = dtype_of(out);
	if (is_quantised_type(in->type)) {
		memcpy(&l->cmd.copy.scale, &in->scale[0], 4);
		l->cmd.copy.zp = in->zp[0];
	}
}

static void softmax_int16(struct lower *lw, const struct op *op, struct layer *l)
{
	const struct graph *g = lw->g;
	const struct tensor *in = op_in(g, op, 0), *out = op_out(g, op);
	float real = in->scale[0] * op->beta;
	int16_t tables[2 * LUT16_ENTRIES];
	struct multiplier m;

	if (fabsf(out->scale[0] - 1.0f / 32768) > 0.001f / 32768)
		fail_op(g, op, "the output's scale must be 1/32768");
	m = checked_multiplier(g, op, (double)real / (10.0 / 65535.0));
	l->cmd.softmax.mult = m.mult;
	l->cmd.softmax.left_shift = m.shift;
	softmax_tables16(tables);
	l->const_off = add_static(lw->p, tables, sizeof(tables), PLACE_ALIGN);
	l->const_bytes = sizeof(tables);
}

struct layer *rows_layer(struct lower *lw, struct op *op, enum layer_kind kind)
{
	struct graph *g = lw->g;
	const struct tensor *in, *out;
	uint32_t rows, depth;
	struct view vi, vo, ri, ro;
	struct layer *l;

	check_operands(g, op, 1, 1);
	check_same_type(g, op);
	check_same_size(g, op);
	in = op_in(g, op, 0);
	out = op_out(g, op);
	check_compute_type(g, op, in);
	check_quant(g, op, in);
	check_quant(g, op, out);
	if (!isfinite(op->beta))
		fail_op(g, op, "beta is %g", (double)op->beta);
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
	l = add_layer(lw, kind, op);
	l->nin = 1;
	l->in[0] = vi;
	l->out = vo;
	return l;
}

void lower_softmax(struct lower *lw, struct op *op)
{
	struct graph *g = lw->g;
	struct layer *l = rows_layer(lw, op, LAYER_SOFTMAX);
	const struct tensor *in = op_in(g, op, 0), *out = op_out(g, op);
	struct softmax_params p;

	l->cmd.softmax.type = dtype_of(in);
	if (is_float_type(in->type)) {
		memcpy(&l->cmd.softmax.mult, &op->beta, 4);
		return;
	}
	if (in->type == TFL_INT16) {
		softmax_int16(lw, op, l);
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

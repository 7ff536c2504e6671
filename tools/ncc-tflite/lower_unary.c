// SPDX-License-Identifier: MIT
/* Functions of one element: tables for integers, commands of their own for fp16. */
#include <math.h>
#include <string.h>
#include "lower.h"
#include "lut.h"

static const struct {
	int code;
	uint8_t fn; /* of fp16 */
} functions[] = {
	{TFL_ABS, APU_ACT_FN_ABS},
	{TFL_ELU, APU_ACT_FN_ELU},
	{TFL_EXP, APU_ACT_FN_EXP},
	{TFL_GELU, APU_ACT_FN_GELU},
	{TFL_HARD_SWISH, APU_ACT_FN_HARD_SWISH},
	{TFL_LOG, APU_ACT_FN_LOG},
	{TFL_LOGISTIC, APU_ACT_FN_LOGISTIC},
	{TFL_RSQRT, APU_ACT_FN_RSQRT},
	{TFL_SQRT, APU_ACT_FN_SQRT},
	{TFL_TANH, APU_ACT_FN_TANH},
};

static _Noreturn void refuse_type(const struct graph *g, const struct op *op)
{
	fail_op(g, op, "type %s is not supported", tfl_type_name(op_in(g, op, 0)->type));
}

static struct lut_quant quant_of(const struct tensor *in, const struct tensor *out)
{
	return (struct lut_quant){in->scale[0], in->zp[0], out->scale[0], out->zp[0]};
}

static void need_scale(const struct graph *g, const struct op *op, float scale, const char *what)
{
	const struct tensor *out = op_out(g, op);
	int32_t zp = scale == 1.0f / 256 ? type_range(out->type).min : 0;

	if (fabsf(out->scale[0] - scale) > 0.001f * scale || out->zp[0] != zp)
		fail_op(g, op, "the output's scale must be %s and its zero point %d", what, zp);
}

/* The table of an operator on 8 bits; false if the reference kernels have none. */
static bool table8(const struct graph *g, const struct op *op, uint8_t table[256])
{
	const struct tensor *in = op_in(g, op, 0), *out = op_out(g, op);
	struct lut_quant q = quant_of(in, out);
	bool is_int8 = in->type == TFL_INT8;

	switch (op->code) {
	case TFL_LOGISTIC:
		need_scale(g, op, 1.0f / 256, "1/256");
		logistic_table(in->type, q.in_scale, q.in_zp, table);
		return true;
	case TFL_TANH:
		function_table(LUT_TANH, in->type, &q, table);
		return true;
	case TFL_GELU:
		function_table(op->approximate ? LUT_GELU_TANH : LUT_GELU, in->type, &q, table);
		return true;
	case TFL_EXP:
		function_table(LUT_EXP, in->type, &q, table);
		return is_int8;
	case TFL_ELU:
		function_table(LUT_ELU, in->type, &q, table);
		return is_int8;
	case TFL_ABS:
		checked_multiplier(g, op, (double)(q.in_scale / q.out_scale));
		abs_table(in->type, &q, table);
		return is_int8;
	case TFL_RSQRT:
		checked_multiplier(g, op, 1.0 / (double)(sqrtf(q.in_scale) * q.out_scale));
		rsqrt_table(in->type, &q, table);
		return is_int8;
	case TFL_LEAKY_RELU:
		checked_multiplier(g, op, (double)(q.in_scale / q.out_scale));
		checked_multiplier(g, op, fabs((double)(q.in_scale * op->alpha / q.out_scale)));
		leaky_table(in->type, &q, op->alpha, table);
		return true;
	case TFL_HARD_SWISH:
		if (!hard_swish_table(in->type, &q, table))
			fail_op(g, op, "input scale %g with output scale %g: not supported",
				(double)q.in_scale, (double)q.out_scale);
		return true;
	default:
		return false;
	}
}

static void set_table(struct lower *lw, struct layer *l, const void *table, uint64_t bytes)
{
	l->const_off = add_static(lw->p, table, bytes, PLACE_ALIGN);
	l->const_bytes = bytes;
}

/*
 * Two factors, one from zero up and one below: PRELU with a single alpha. ABS
 * and LEAKY_RELU of int16.
 */
static void two_factors(struct lower *lw, struct op *op, double above, double below, int32_t sign)
{
	struct graph *g = lw->g;
	struct layer *l = unary_layer(lw, op, LAYER_ELTWISE);
	struct multiplier m;
	struct range r = type_range(op_out(g, op)->type);
	int16_t alpha = (int16_t)sign;

	l->nin = 2;
	l->in[1] = const_view(lw, &alpha, APU_DTYPE_I16, 1);
	l->repeat_h = (uint8_t)((l->out.h > 1) << 1);
	l->repeat_w = (uint8_t)((l->out.w > 1) << 1);
	l->repeat_c = (uint8_t)((l->out.c > 1) << 1);
	l->cmd.elt.fn = APU_ELT_FN_PRELU;
	l->cmd.elt.in_type = l->cmd.elt.out_type = APU_DTYPE_I16;
	m = checked_multiplier(g, op, above);
	l->cmd.elt.in1_mult = m.mult;
	l->cmd.elt.in1_shift = m.shift;
	m = checked_multiplier(g, op, below);
	l->cmd.elt.out_mult = m.mult;
	l->cmd.elt.out_shift = m.shift;
	l->cmd.elt.act_min = r.min;
	l->cmd.elt.act_max = r.max;
}

static void lower_int16(struct lower *lw, struct op *op)
{
	const struct graph *g = lw->g;
	const struct tensor *in = op_in(g, op, 0), *out = op_out(g, op);
	struct lut_quant q = quant_of(in, out);
	int16_t table[LUT16_ENTRIES];
	uint16_t sigmoid[SIGMOID_ENTRIES];
	struct layer *l;
	unsigned shift;
	int32_t mult;
	float ratio = q.in_scale / q.out_scale;

	switch (op->code) {
	case TFL_ABS:
		two_factors(lw, op, (double)ratio, (double)ratio, -1);
		return;
	case TFL_LEAKY_RELU:
		two_factors(lw, op, (double)ratio, (double)(q.in_scale * op->alpha / q.out_scale),
			    1);
		return;
	case TFL_EXP:
		l = unary_layer(lw, op, LAYER_ACTIVATION);
		l->cmd.act.fn = APU_ACT_FN_LUT16;
		exp_table16(&q, table);
		set_table(lw, l, table, sizeof(table));
		break;
	case TFL_LOGISTIC:
	case TFL_TANH:
		need_scale(g, op, 1.0f / 32768, "1/32768");
		if (!sigmoid_params16(q.in_scale, &mult, &shift))
			fail_op(g, op, "input scale %g: not supported", (double)q.in_scale);
		l = unary_layer(lw, op, LAYER_ACTIVATION);
		l->cmd.act.fn = op->code == TFL_TANH ? APU_ACT_FN_TANH : APU_ACT_FN_LOGISTIC;
		l->cmd.act.mult = mult;
		l->cmd.act.shift = (uint8_t)shift;
		sigmoid_table16(sigmoid);
		set_table(lw, l, sigmoid, sizeof(sigmoid));
		break;
	default:
		refuse_type(g, op);
	}
	l->cmd.act.type = APU_DTYPE_I16;
	flatten_elementwise(l);
}

static void lower_half(struct lower *lw, struct op *op)
{
	struct layer *l = unary_layer(lw, op, LAYER_ACTIVATION);

	l->cmd.act.type = APU_DTYPE_F16;
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		if (functions[i].code == op->code)
			l->cmd.act.fn = functions[i].fn;
	if (op->code == TFL_GELU && op->approximate)
		l->cmd.act.fn = APU_ACT_FN_GELU_TANH;
	flatten_elementwise(l);
}

/* Checks that all of them share. */
static void check_unary(const struct graph *g, const struct op *op)
{
	const struct tensor *in;

	check_operands(g, op, 1, 1);
	check_same_type(g, op);
	check_same_size(g, op);
	in = op_in(g, op, 0);
	check_compute_type(g, op, in);
	check_quant(g, op, in);
	check_quant(g, op, op_out(g, op));
}

void lower_function(struct lower *lw, struct op *op)
{
	const struct graph *g = lw->g;
	uint8_t table[256];
	struct layer *l;

	check_unary(g, op);
	if (is_float_type(op_in(g, op, 0)->type)) {
		lower_half(lw, op);
		return;
	}
	if (op_in(g, op, 0)->type == TFL_INT16) {
		lower_int16(lw, op);
		return;
	}
	if (!table8(g, op, table))
		refuse_type(g, op);
	l = unary_layer(lw, op, LAYER_ACTIVATION);
	l->cmd.act.type = dtype_of(op_in(g, op, 0));
	l->cmd.act.fn = APU_ACT_FN_LUT8;
	set_table(lw, l, table, sizeof(table));
	flatten_elementwise(l);
}

/* An fp16 element-wise layer with a constant as its second operand. */
static struct layer *with_constant(struct lower *lw, struct op *op, uint8_t fn, float value)
{
	struct layer *l = unary_layer(lw, op, LAYER_ELTWISE);
	uint16_t h = constant_to_half(value);
	struct range r = act_range_float(TFL_ACT_NONE);

	l->nin = 2;
	l->in[1] = const_view(lw, &h, APU_DTYPE_F16, 1);
	l->repeat_h = (uint8_t)((l->out.h > 1) << 1);
	l->repeat_w = (uint8_t)((l->out.w > 1) << 1);
	l->repeat_c = (uint8_t)((l->out.c > 1) << 1);
	l->cmd.elt.fn = fn;
	l->cmd.elt.in_type = l->cmd.elt.out_type = APU_DTYPE_F16;
	l->cmd.elt.act_min = r.min;
	l->cmd.elt.act_max = r.max;
	return l;
}

void lower_leaky_relu(struct lower *lw, struct op *op)
{
	const struct graph *g = lw->g;

	check_unary(g, op);
	if (!isfinite(op->alpha))
		fail_op(g, op, "alpha is not finite");
	if (is_float_type(op_in(g, op, 0)->type)) {
		with_constant(lw, op, APU_ELT_FN_PRELU, op->alpha);
		return;
	}
	if (op_in(g, op, 0)->type == TFL_INT16 && op->alpha < 0)
		fail_op(g, op, "alpha %g with int16: not supported", (double)op->alpha);
	lower_function(lw, op);
}

/* NEG and SQUARE, which the reference has in floating point only. */
void lower_neg(struct lower *lw, struct op *op)
{
	const struct graph *g = lw->g;
	struct layer *l;

	check_unary(g, op);
	if (!is_float_type(op_in(g, op, 0)->type))
		refuse_type(g, op);
	if (op->code == TFL_NEG) {
		with_constant(lw, op, APU_ELT_FN_MUL, -1.0f);
		return;
	}
	l = with_constant(lw, op, APU_ELT_FN_MUL, 1.0f);
	l->in[1] = l->in[0];
	l->repeat_h = l->repeat_w = l->repeat_c = 0;
	flatten_elementwise(l);
}

// SPDX-License-Identifier: MIT
/* LOG_SOFTMAX and L2_NORMALIZATION. */
#include <math.h>
#include "lower.h"

/* The output's scale and zero point, of which the reference kernels take one pair only. */
static void need_quant(const struct graph *g, const struct op *op, float scale, int32_t zp)
{
	const struct tensor *out = op_out(g, op);

	if (out->scale[0] != scale || out->zp[0] != zp)
		fail_op(g, op, "the output's scale must be %g and its zero point %d", (double)scale,
			zp);
}

/* PreprocessLogSoftmaxScalingExp */
static void log_softmax(struct lower *lw, const struct op *op, struct apu_cmd_norm *c)
{
	const struct graph *g = lw->g;
	const struct tensor *in = op_in(g, op, 0);
	struct softmax_params p;
	struct multiplier back;

	c->fn = APU_NORM_FN_LOG_SOFTMAX;
	if (is_float_type(in->type))
		return;
	need_quant(g, op, 16.0f / 256, type_range(in->type).max);
	p = softmax_params(1.0f, in->scale[0]);
	if (p.left_shift < 0 || p.left_shift > 31 || !p.mult)
		fail_op(g, op, "input scale %g: not supported", (double)in->scale[0]);
	back = checked_multiplier(g, op, ldexp(1.0, 31 - p.left_shift) / p.mult);
	c->mult = p.mult;
	c->left_shift = p.left_shift;
	c->back_mult = back.mult;
	c->back_shift = back.shift;
	c->diff_min = p.diff_min;
}

static void l2_normalization(struct lower *lw, const struct op *op, struct apu_cmd_norm *c)
{
	const struct tensor *in = op_in(lw->g, op, 0);

	if (op->act != TFL_ACT_NONE)
		fail_op(lw->g, op, "fused activation %d is not supported", op->act);
	c->fn = APU_NORM_FN_L2;
	if (is_float_type(in->type))
		return;
	need_quant(lw->g, op, 1.0f / 128, in->type == TFL_UINT8 ? 128 : 0);
	c->in_zp = in->zp[0];
}

void lower_norm(struct lower *lw, struct op *op)
{
	struct layer *l = rows_layer(lw, op, LAYER_NORM);
	const struct tensor *in = op_in(lw->g, op, 0);

	if (in->type == TFL_INT16)
		fail_op(lw->g, op, "type %s is not supported", tfl_type_name(in->type));
	l->cmd.norm.type = dtype_of(in);
	if (op->code == TFL_LOG_SOFTMAX)
		log_softmax(lw, op, &l->cmd.norm);
	else
		l2_normalization(lw, op, &l->cmd.norm);
}

// SPDX-License-Identifier: MIT
/* MEAN over rows and columns. */
#include <string.h>
#include "lower.h"

static bool spatial_axes(const struct tensor *in, const struct tensor *axes)
{
	unsigned mask = 0;

	if (!axes || !axes->data || axes->type != TFL_INT32 || in->rank != 4)
		return false;
	for (uint64_t i = 0; i < axes->elems; i++) {
		int32_t a;

		memcpy(&a, axes->data + 4 * i, 4);
		if (a < 0)
			a += 4;
		if (a < 1 || a > 2)
			return false;
		mask |= 1u << a;
	}
	return mask == (1u << 1 | 1u << 2);
}

/* The output without its rows and columns of 1. */
static void set_views(struct lower *lw, struct op *op, struct layer *l)
{
	const struct tensor *in = op_in(lw->g, op, 0);
	uint32_t n = in->dims[0], c = in->dims[3];
	struct view i = *place_tensor(lw, op->in[0]), o = *place_tensor(lw, op->out[0]), rows;

	l->nin = 1;
	l->in[0] = i;
	if (view_as_rows(&o, n, c, &rows)) {
		l->out = (struct view){.buf = o.buf,
				       .off = rows.off,
				       .n = n,
				       .h = 1,
				       .w = 1,
				       .c = c,
				       .np = rows.hp,
				       .hp = rows.hp,
				       .wp = rows.hp};
		return;
	}
	fail_op(lw->g, op, "its output cannot be concatenated: not supported");
}

/*
 * 8 bits: the reference sums the elements less their zero point and scales by
 * a multiplier that holds the division by their number: a depthwise
 * convolution with weights of one.
 */
static void mean_quantised(struct lower *lw, struct op *op, uint32_t k_h, uint32_t k_w)
{
	const struct tensor *in = op_in(lw->g, op, 0), *out = op_out(lw->g, op);
	struct layer *l = add_layer(lw, LAYER_DEPTHWISE, op);
	struct apu_cmd_conv *c = &l->cmd.conv;
	uint64_t n = (uint64_t)k_h * k_w, bytes = n * in->dims[3];
	struct multiplier m;
	struct apu_quant q;
	struct range r = type_range(out->type);
	uint8_t *ones;
	int shift;

	m = checked_multiplier(lw->g, op, (double)in->scale[0] / (double)out->scale[0]);
	shift = 63 - __builtin_clzll(n);
	if (shift > 32)
		shift = 32;
	if (shift > 31 + m.shift)
		shift = 31 + m.shift;
	q.multiplier = (int32_t)(((int64_t)m.mult << shift) / (int64_t)n);
	q.shift = m.shift - shift;

	ones = alloc(bytes, 1);
	memset(ones, 1, bytes);
	c->kind = APU_CONV_KIND_DEPTHWISE;
	c->in_type = c->out_type = dtype_of(in);
	c->w_type = c->in_type;
	c->bias_type = APU_DTYPE_NONE;
	c->quant_mode = APU_QUANT_MODE_PER_TENSOR;
	c->in_zp = in->zp[0];
	c->out_zp = out->zp[0];
	c->act_min = r.min;
	c->act_max = r.max;
	c->k_h = (uint16_t)k_h;
	c->k_w = (uint16_t)k_w;
	c->stride_h = c->stride_w = c->dil_h = c->dil_w = c->groups = 1;
	l->const_c = in->dims[3];
	l->w_row_bytes = in->dims[3];
	l->const_off = add_static(lw->p, ones, bytes, PLACE_ALIGN);
	l->quant_rel = add_static(lw->p, &q, sizeof(q), 8) - l->const_off;
	l->const_bytes = l->quant_rel + sizeof(q);
	set_views(lw, op, l);
}

void lower_mean(struct lower *lw, struct op *op)
{
	const struct graph *g = lw->g;
	const struct tensor *in, *out;
	struct range r = act_range_float(TFL_ACT_NONE);
	struct layer *l;

	check_operands(g, op, 2, 2);
	in = op_in(g, op, 0);
	out = op_out(g, op);
	if (in->type != out->type ||
	    (in->type != TFL_FLOAT32 && in->type != TFL_INT8 && in->type != TFL_UINT8))
		fail_op(g, op, "%s to %s is not supported", tfl_type_name(in->type),
			tfl_type_name(out->type));
	if (!spatial_axes(in, op_in(g, op, 1)))
		fail_op(g, op, "only the mean over height and width is supported");
	if (out->elems != (uint64_t)in->dims[0] * in->dims[3] || in->dims[1] > 4096 ||
	    in->dims[2] > 4096)
		fail_op(g, op, "the output's shape does not follow from the input's");
	check_quant(g, op, in);
	check_quant(g, op, out);
	if (is_quantised_type(in->type)) {
		mean_quantised(lw, op, in->dims[1], in->dims[2]);
		return;
	}
	l = add_layer(lw, LAYER_POOL, op);
	l->cmd.pool.kind = APU_POOL_KIND_AVG;
	l->cmd.pool.type = dtype_of(in);
	l->cmd.pool.k_h = (uint16_t)in->dims[1];
	l->cmd.pool.k_w = (uint16_t)in->dims[2];
	l->cmd.pool.stride_h = l->cmd.pool.stride_w = 1;
	l->cmd.pool.act_min = r.min;
	l->cmd.pool.act_max = r.max;
	set_views(lw, op, l);
}

// SPDX-License-Identifier: MIT
/* Operators that move data: RESHAPE and its like, CONCATENATION, PAD. */
#include <string.h>
#include "lower.h"
#include "passes.h"

void lower_reshape(struct lower *lw, struct op *op)
{
	struct graph *g = lw->g;
	struct tensor *in, *out;
	struct view *vi, *vo, from;
	uint32_t d[4];

	check_listed_operands(g, op, 1, 2, 1);
	in = op_in(g, op, 0);
	out = op_out(g, op);
	if (in->elems != out->elems || in->type != out->type)
		fail_op(g, op, "input and output differ in size or type");
	if (!dtype_of(in))
		fail_op(g, op, "type %s is not supported", tfl_type_name(in->type));
	vi = place_tensor(lw, op->in[0]);
	tensor_shape4(out, d);
	if (!lw->placed[op->out[0]] && out->output < 0 && view_is_dense(vi) &&
	    vi->buf->dtype == dtype_of(out)) {
		vo = &lw->views[op->out[0]];
		*vo = view_dense(vi->buf, d[0], d[1], d[2], d[3]);
		vo->off = vi->off;
		lw->placed[op->out[0]] = true;
		return;
	}
	vo = place_tensor(lw, op->out[0]);
	if (vo->buf == vi->buf)
		return;
	from = *vi;
	if (!view_is_dense(&from))
		from = dense_copy(lw, op, &from);
	if (!view_is_dense(vo)) {
		uint64_t off = from.off;

		from = view_dense(from.buf, d[0], d[1], d[2], d[3]);
		from.off = off;
		add_copy(lw, op, &from, vo);
	} else {
		struct view a = view_dense(from.buf, 1, 1, 1, (uint32_t)in->elems);
		struct view b = view_dense(vo->buf, 1, 1, 1, (uint32_t)in->elems);

		a.off = from.off;
		b.off = vo->off;
		add_copy(lw, op, &a, &b);
	}
}

/* Axis of a CONCATENATION among four dimensions. */
static unsigned concat_axis4(const struct graph *g, const struct op *op)
{
	const struct tensor *out = op_out(g, op);
	int32_t axis = op->axis < 0 ? op->axis + (int32_t)out->rank : op->axis;

	if (axis < 0 || axis >= (int32_t)out->rank || out->rank > 4)
		fail_op(g, op, "axis %d of %u dimensions: not supported", op->axis, out->rank);
	return (unsigned)axis + 4 - out->rank;
}

bool same_quant(const struct tensor *a, const struct tensor *b)
{
	if (!is_quantised_type(a->type) || !a->nscale || !b->nscale)
		return true;
	return a->scale[0] == b->scale[0] && a->zp[0] == b->zp[0];
}

/* Does a CONCATENATION change the values of this input? Those of int16 are copied in any scale. */
static bool rescaled(const struct tensor *t, const struct tensor *out)
{
	return t->type != TFL_INT16 && !same_quant(t, out);
}

/* Where input i begins along the axis; checks the shapes. */
static uint32_t concat_start(const struct graph *g, const struct op *op, unsigned i, unsigned axis)
{
	uint32_t od[4], d[4];
	uint64_t start = 0, total = 0;

	tensor_shape4(op_out(g, op), od);
	for (unsigned j = 0; j < op->nin; j++) {
		struct tensor *t = op_in(g, op, j);

		if (!t || t->rank != op_out(g, op)->rank)
			fail_op(g, op, "inputs of different rank");
		tensor_shape4(t, d);
		for (unsigned k = 0; k < 4; k++)
			if (k != axis && d[k] != od[k])
				fail_op(g, op, "input \"%s\" does not fit the output", t->name);
		if (j < i)
			start += d[axis];
		total += d[axis];
	}
	if (total != od[axis])
		fail_op(g, op, "the inputs do not fill the output");
	return (uint32_t)start;
}

static struct view slice_of(const struct view *whole, const struct tensor *t, unsigned axis,
			    uint32_t start)
{
	const uint64_t pitch[4] = {whole->np, whole->hp, whole->wp, 1};
	struct view v = *whole;
	uint32_t d[4];

	tensor_shape4(t, d);
	v.n = d[0];
	v.h = d[1];
	v.w = d[2];
	v.c = d[3];
	v.off += pitch[axis] * start;
	return v;
}

bool concat_slice(struct lower *lw, const struct op *op, unsigned i, const struct view *whole,
		  struct view *slice)
{
	const struct graph *g = lw->g;
	struct tensor *t = op_in(g, op, i);
	unsigned axis;

	if (op_out(g, op)->rank > 4 || rescaled(t, op_out(g, op)))
		return false;
	axis = concat_axis4(g, op);
	for (unsigned j = 0; j < op->nin; j++)
		if (j != i && op->in[j] == op->in[i])
			return false;
	*slice = slice_of(whole, t, axis, concat_start(g, op, i, axis));
	return true;
}

/* uint8 with different scales: a table for each input. */
static void concat_rescale(struct lower *lw, struct op *op, struct tensor *t, struct tensor *out,
			   const struct view *from, const struct view *to)
{
	uint8_t table[256];
	struct layer *l;

	if (t->type != TFL_UINT8)
		fail_op(lw->g, op, "input \"%s\" has other scales than the output: not supported",
			t->name);
	check_quant(lw->g, op, t);
	check_quant(lw->g, op, out);
	rescale_table(t->scale[0], t->zp[0], out->scale[0], out->zp[0], table);
	l = add_layer(lw, LAYER_ACTIVATION, op);
	l->nin = 1;
	l->in[0] = *from;
	l->out = *to;
	l->cmd.act.type = APU_DTYPE_U8;
	l->cmd.act.fn = APU_ACT_FN_LUT8;
	l->const_off = add_static(lw->p, table, sizeof(table), PLACE_ALIGN);
	l->const_bytes = sizeof(table);
}

void lower_concat(struct lower *lw, struct op *op)
{
	struct graph *g = lw->g;
	struct view *whole, slice;
	struct tensor *out;
	unsigned axis;

	check_operands(g, op, 1, 65536);
	out = op_out(g, op);
	if (op->act != TFL_ACT_NONE)
		fail_op(g, op, "fused activation %d is not supported", op->act);
	if (!dtype_of(out))
		fail_op(g, op, "type %s is not supported", tfl_type_name(out->type));
	if (out->rank > 4) {
		lower_layout(lw, op);
		return;
	}
	axis = concat_axis4(g, op);
	whole = place_tensor(lw, op->out[0]);
	for (unsigned i = 0; i < op->nin; i++) {
		struct tensor *t = op_in(g, op, i);
		struct view *v;

		if (!t || t->type != out->type)
			fail_op(g, op, "inputs of different types: not supported");
		v = place_tensor(lw, op->in[i]);
		slice = slice_of(whole, t, axis, concat_start(g, op, i, axis));
		if (v->buf == slice.buf && v->off == slice.off)
			continue;
		if (rescaled(t, out))
			concat_rescale(lw, op, t, out, v, &slice);
		else
			add_copy(lw, op, v, &slice);
	}
}

void pad_amounts(const struct graph *g, const struct op *op, int64_t amounts[4][2])
{
	struct tensor *in = op_in(g, op, 0), *pads = op_in(g, op, 1), *out = op_out(g, op);

	memset(amounts, 0, sizeof(int64_t) * 8);
	if (!pads || !pads->data || (pads->type != TFL_INT32 && pads->type != TFL_INT64))
		fail_op(g, op, "the amounts are not constant: not supported");
	if (in->rank > 4 || in->rank != out->rank || pads->elems != 2 * in->rank)
		fail_op(g, op, "%u dimensions: not supported", in->rank);
	for (unsigned i = 0; i < in->rank; i++) {
		int64_t v[2] = {0, 0};

		for (unsigned k = 0; k < 2; k++) {
			int32_t v32;

			if (pads->type == TFL_INT64) {
				memcpy(&v[k], pads->data + 8 * (2 * i + k), 8);
			} else {
				memcpy(&v32, pads->data + 4 * (2 * i + k), 4);
				v[k] = v32;
			}
			if (v[k] < 0 || v[k] > INT32_MAX)
				fail_op(g, op, "an amount of %lld", (long long)v[k]);
			amounts[4 - in->rank + i][k] = v[k];
		}
		if (in->dims[i] + v[0] + v[1] != out->dims[i])
			fail_op(g, op, "the output's shape does not follow from the amounts");
	}
}

/* What PADV2 pads with, others with zeros, as bits of an element. */
static int64_t fill_value(const struct graph *g, const struct op *op)
{
	const struct tensor *out = op_out(g, op), *v = op_in(g, op, 2);
	int64_t bits = 0;
	float f;

	if (op->code != TFL_PADV2)
		return is_quantised_type(out->type) && out->nscale ? out->zp[0] : 0;
	if (!v || !v->data || v->elems != 1 || v->type != out->type || !same_quant(v, out))
		fail_op(g, op, "the value is not a constant of the output's type: not supported");
	memcpy(&bits, v->data, v->bytes);
	if (out->half && out->type == TFL_FLOAT32) {
		memcpy(&f, v->data, sizeof(f));
		bits = constant_to_half(f);
	}
	return bits;
}

void add_fill(struct lower *lw, const struct op *op, const struct view *to)
{
	unsigned size = dtype_size(to->buf->dtype);
	uint64_t mask = size < 8 ? (1ull << 8 * size) - 1 : UINT64_MAX;
	struct layer *l = add_layer(lw, LAYER_FILL, op);

	l->out = *to;
	l->cmd.fill.type = to->buf->dtype;
	l->cmd.fill.value = (uint64_t)fill_value(lw->g, op) & mask;
}

void lower_pad(struct lower *lw, struct op *op)
{
	struct graph *g = lw->g;
	struct tensor *in, *out;
	int64_t amounts[4][2];
	struct view *vi, *vo, inner;

	check_operands(g, op, op->code == TFL_PAD ? 2 : 3, op->code == TFL_PAD ? 2 : 3);
	in = op_in(g, op, 0);
	out = op_out(g, op);
	if (in->rank > 4) {
		lower_layout(lw, op);
		return;
	}
	if (in->type != out->type || !dtype_of(in))
		fail_op(g, op, "%s to %s is not supported", tfl_type_name(in->type),
			tfl_type_name(out->type));
	pad_amounts(g, op, amounts);
	vi = place_tensor(lw, op->in[0]);
	vo = place_tensor(lw, op->out[0]);
	add_fill(lw, op, vo);
	inner = *vo;
	inner.off += (uint64_t)amounts[0][0] * vo->np + (uint64_t)amounts[1][0] * vo->hp +
		     (uint64_t)amounts[2][0] * vo->wp + (uint64_t)amounts[3][0];
	inner.n = vi->n;
	inner.h = vi->h;
	inner.w = vi->w;
	inner.c = vi->c;
	add_copy(lw, op, vi, &inner);
}

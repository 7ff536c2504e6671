// SPDX-License-Identifier: MIT
/*
 * TRANSPOSE_CONV. With a stride of s, every s-th row (column) of the output is a
 * plain convolution of the input with every s-th row (column) of the filter,
 * turned round: one layer for each of the s * s phases, which writes its rows
 * and columns of the output in place.
 */
#include <string.h>
#include "lower_conv.h"
#include "moves.h"

/* Phases of one operator */
#define MAX_STRIDE 16

/* One dimension of a phase. */
struct axis {
	uint32_t first, count; /* of the output: first, first + stride … */
	uint32_t tap0, taps; /* of the filter: tap0, tap0 + stride … */
	int32_t pad; /* before the input */
};

static struct axis phase_axis(uint32_t out, uint32_t k, uint32_t stride, int64_t pad,
			      uint32_t phase)
{
	int64_t first = ((int64_t)phase - pad) % (int64_t)stride, t;
	struct axis a = {.tap0 = phase};

	if (first < 0)
		first += stride;
	if (first < out)
		a.count = (uint32_t)((out - first + stride - 1) / stride);
	a.first = (uint32_t)first;
	a.taps = phase < k ? (k - phase + stride - 1) / stride : 0;
	/* Output number first has tap number j at input number t - j. */
	t = (first + pad - phase) / (int64_t)stride;
	a.pad = (int32_t)((a.taps ? (int64_t)a.taps : 1) - 1 - t);
	return a;
}

/* The part of the filter that a phase uses; a zero where there is none. */
static struct tensor phase_filter(const struct tensor *f, const struct axis *y,
				  const struct axis *x, uint32_t stride_h, uint32_t stride_w)
{
	uint32_t th = y->taps ? y->taps : 1, tw = x->taps ? x->taps : 1, ic = f->dims[3];
	uint64_t size = f->bytes / f->elems, run = ic * size, at = 0;
	struct tensor t = *f;
	uint8_t *data;

	t.dims[1] = th;
	t.dims[2] = tw;
	t.elems = (uint64_t)f->dims[0] * th * tw * ic;
	t.bytes = t.elems * size;
	data = alloc(t.elems, size);
	t.data = data;
	if (!y->taps || !x->taps) {
		if (size == 1 && f->nscale)
			memset(data, f->zp[0], t.bytes);
		return t;
	}
	for (uint32_t o = 0; o < f->dims[0]; o++)
		for (uint32_t i = th; i-- > 0;)
			for (uint32_t j = tw; j-- > 0;) {
				uint64_t ky = y->tap0 + i * stride_h, kx = x->tap0 + j * stride_w;
				uint64_t from = (o * f->dims[1] + ky) * f->dims[2] + kx;

				memcpy(data + at, f->data + from * run, run);
				at += run;
			}
	return t;
}

static void check(const struct graph *g, const struct op *op, const struct conv_args *a)
{
	const struct tensor *f = a->filter, *in = a->in, *out = a->out;

	if (in->rank != 4 || f->rank != 4 || out->rank != 4)
		fail_op(g, op, "input, filter and output must have four dimensions");
	if (f->dims[0] != out->dims[3] || f->dims[3] != in->dims[3] || in->dims[0] != out->dims[0])
		fail_op(g, op, "a filter of %ux%ux%ux%u does not fit %u to %u channels", f->dims[0],
			f->dims[1], f->dims[2], f->dims[3], in->dims[3], out->dims[3]);
	if (op->stride_h < 1 || op->stride_w < 1 || op->stride_h > MAX_STRIDE ||
	    op->stride_w > MAX_STRIDE || f->dims[1] > UINT16_MAX || f->dims[2] > UINT16_MAX ||
	    (op->padding != TFL_PADDING_SAME && op->padding != TFL_PADDING_VALID))
		fail_op(g, op, "kernel %ux%u, stride %dx%d, padding %d: not supported", f->dims[1],
			f->dims[2], op->stride_h, op->stride_w, op->padding);
	if (window_size(op->padding, out->dims[1], f->dims[1], op->stride_h, 1) != in->dims[1] ||
	    window_size(op->padding, out->dims[2], f->dims[2], op->stride_w, 1) != in->dims[2])
		fail_op(g, op, "shape of the output does not follow from that of the input");
}

static void add_phase(struct lower *lw, struct op *op, const struct conv_args *whole,
		      const struct axis *y, const struct axis *x, const struct view *in,
		      const struct view *out)
{
	uint32_t sh = (uint32_t)op->stride_h, sw = (uint32_t)op->stride_w;
	struct tensor filter = phase_filter(whole->filter, y, x, sh, sw);
	struct conv_args a = *whole;
	struct layer *l;

	a.filter = &filter;
	l = conv_layer(lw, op, LAYER_CONV, &a, filter.dims[1] * filter.dims[2] * filter.dims[3]);
	l->cmd.conv.k_h = (uint16_t)filter.dims[1];
	l->cmd.conv.k_w = (uint16_t)filter.dims[2];
	l->pad_top = y->pad;
	l->pad_left = x->pad;
	l->in[0] = *in;
	l->out = *out;
	l->out.off += y->first * out->hp + x->first * out->wp;
	l->out.h = y->count;
	l->out.w = x->count;
	l->out.hp *= sh;
	l->out.wp *= sw;
}

void lower_transpose_conv(struct lower *lw, struct op *op)
{
	const struct graph *g = lw->g;
	struct conv_args a = conv_args(lw, op, 2);
	const struct tensor *f = a.filter, *out = a.out;
	struct view vi, vo;
	int32_t pad_h, pad_w;

	check(g, op, &a);
	a.out_c = out->dims[3];
	a.per_channel_dim = 0;
	pad_h = window_pad(out->dims[1], a.in->dims[1], f->dims[1], op->stride_h, 1);
	pad_w = window_pad(out->dims[2], a.in->dims[2], f->dims[2], op->stride_w, 1);
	vi = *place_tensor(lw, op->in[2]);
	vo = *place_tensor(lw, op->out[0]);
	for (uint32_t i = 0; i < (uint32_t)op->stride_h; i++) {
		struct axis y =
			phase_axis(out->dims[1], f->dims[1], (uint32_t)op->stride_h, pad_h, i);

		for (uint32_t j = 0; y.count && j < (uint32_t)op->stride_w; j++) {
			struct axis x = phase_axis(out->dims[2], f->dims[2], (uint32_t)op->stride_w,
						   pad_w, j);

			if (x.count)
				add_phase(lw, op, &a, &y, &x, &vi, &vo);
		}
	}
}

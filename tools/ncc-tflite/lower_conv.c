// SPDX-License-Identifier: MIT
/* CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED. */
#include <string.h>
#include "lower_conv.h"

/* Largest shift that the hardware takes with a 64-bit accumulator. */
#define MAX_SHIFT_64 7

#define MISMATCH "MDLA:data type mismatch for input and filter"

static void check_filter_type(const struct graph *g, const struct op *op, const struct conv_args *a)
{
	const struct tensor *f = a->filter;

	switch (a->in->type) {
	case TFL_INT8:
		if (f->type != TFL_INT8)
			fail_op(g, op, MISMATCH);
		break;
	case TFL_UINT8:
		if (f->type != TFL_UINT8)
			fail_op(g, op, MISMATCH);
		break;
	case TFL_INT16:
		if (f->type != TFL_INT8 && f->type != TFL_INT16)
			fail_op(g, op, MISMATCH);
		for (uint32_t i = 0; i < f->nscale; i++)
			if (f->zp[i])
				fail_op(g, op, MISMATCH);
		break;
	case TFL_FLOAT32:
	case TFL_FLOAT16:
		if (f->type != TFL_FLOAT32 && f->type != TFL_FLOAT16)
			fail_op(g, op, MISMATCH);
		break;
	default:
		fail_op(g, op, "input type %s is not supported", tfl_type_name(a->in->type));
	}
	if (a->out->type != a->in->type)
		fail_op(g, op, "%s input and %s output: not supported", tfl_type_name(a->in->type),
			tfl_type_name(a->out->type));
}

static void check_bias(const struct graph *g, const struct op *op, const struct conv_args *a)
{
	bool ok;

	if (!a->bias)
		return;
	if (!a->bias->data)
		fail_op(g, op, "the bias is not constant: not supported");
	switch (a->in->type) {
	case TFL_INT16:
		ok = a->bias->type == TFL_INT64 || a->bias->type == TFL_INT32;
		break;
	case TFL_FLOAT32:
	case TFL_FLOAT16:
		ok = a->bias->type == TFL_FLOAT32 || a->bias->type == TFL_FLOAT16;
		break;
	default:
		ok = a->bias->type == TFL_INT32;
	}
	if (!ok)
		fail_op(g, op, "%s bias with %s input: not supported", tfl_type_name(a->bias->type),
			tfl_type_name(a->in->type));
	if (a->bias->elems != a->out_c)
		fail_op(g, op, "%llu bias values for %u output channels",
			(unsigned long long)a->bias->elems, a->out_c);
}

struct conv_args conv_args(struct lower *lw, struct op *op, unsigned input)
{
	struct graph *g = lw->g;
	struct conv_args a = {0};

	/* TRANSPOSE_CONV has the output's shape first, the input third and the bias fourth. */
	check_operands(g, op, 2 + input / 2, 3 + input / 2);
	a.in = op->pad_src >= 0 ? &g->tensors[op->pad_src] : op_in(g, op, input);
	a.filter = op_in(g, op, 1);
	a.bias = op_in(g, op, input ? 3 : 2);
	a.out = op_out(g, op);
	if (!a.filter->data && op->code != TFL_FULLY_CONNECTED)
		fail_op(g, op, "the filter is not constant: not supported");
	check_filter_type(g, op, &a);
	check_quant(g, op, a.in);
	if (a.filter->data)
		check_filter_quant(g, op, a.filter);
	else
		check_quant(g, op, a.filter);
	check_quant(g, op, a.out);
	return a;
}

static float read_float(const struct tensor *t, uint64_t i)
{
	uint16_t h;
	float f;

	if (t->type == TFL_FLOAT16) {
		memcpy(&h, t->data + 2 * i, 2);
		return half_to_float(h);
	}
	memcpy(&f, t->data + 4 * i, 4);
	return f;
}

/* Weights in the element type of the machine, as stored in the file. */
static const uint8_t *weight_bytes(const struct tensor *f, uint64_t *bytes)
{
	uint16_t *h;

	if (f->type != TFL_FLOAT32) {
		*bytes = f->bytes;
		return f->data;
	}
	*bytes = 2 * f->elems;
	h = alloc(f->elems, 2);
	for (uint64_t i = 0; i < f->elems; i++)
		h[i] = constant_to_half(read_float(f, i));
	return (const uint8_t *)h;
}

/* 16-bit weights: sums of 32 bits would wrap. */
static const void *widened(const struct tensor *bias)
{
	int64_t *v = alloc(bias->elems, sizeof(*v));
	int32_t b;

	for (uint64_t i = 0; i < bias->elems; i++) {
		memcpy(&b, bias->data + 4 * i, 4);
		v[i] = b;
	}
	return v;
}

static const void *bias_bytes(const struct conv_args *a, const struct op *op, uint8_t *type,
			      uint64_t *bytes)
{
	float *f;

	bool wide = a->filter->type == TFL_INT16 && !a->sums32;

	*type = APU_DTYPE_NONE;
	*bytes = 0;
	if (!a->bias) {
		if (a->in->type != TFL_INT16 || a->sums32 ||
		    (!wide && (op->code == TFL_FULLY_CONNECTED || op->code == TFL_TRANSPOSE_CONV)))
			return NULL;
		/* The reference kernels of the others then accumulate in 64 bits. */
		*type = APU_DTYPE_I64;
		*bytes = 8 * (uint64_t)a->out_c;
		return alloc(a->out_c, 8);
	}
	if (wide && a->bias->type == TFL_INT32) {
		*type = APU_DTYPE_I64;
		*bytes = 8 * a->bias->elems;
		return widened(a->bias);
	}
	if (a->bias->type == TFL_INT32 || a->bias->type == TFL_INT64) {
		*type = a->bias->type == TFL_INT32 ? APU_DTYPE_I32 : APU_DTYPE_I64;
		*bytes = a->bias->bytes;
		return a->bias->data;
	}
	*type = APU_DTYPE_F32;
	*bytes = 4 * a->bias->elems;
	f = alloc(a->bias->elems, 4);
	for (uint64_t i = 0; i < a->bias->elems; i++)
		f[i] = read_float(a->bias, i);
	return f;
}

/* Those of which the reference knows no channels, but zero points of the filter. */
static bool takes_float_product(const struct op *op)
{
	return op->code == TFL_FULLY_CONNECTED || op->code == TFL_BATCH_MATMUL;
}

static struct multiplier conv_multiplier(const struct lower *lw, const struct op *op,
					 const struct conv_args *a, uint32_t channel)
{
	float in = a->in->scale[0], out = a->out->scale[0], w = a->filter->scale[0];
	float ratio = in * w / out;

	if (a->sums32)
		return checked_multiplier(lw->g, op, (double)ratio);
	if (a->filter->nscale > 1 || (!takes_float_product(op) && a->in->type != TFL_UINT8)) {
		/* PopulateConvolutionQuantizationParams */
		w = a->filter->scale[a->filter->nscale > 1 ? channel : 0];
		return checked_multiplier(lw->g, op, (double)in * (double)w / (double)out);
	}
	/* GetQuantizedConvolutionMultipler: the product is one of floats. */
	return checked_multiplier(lw->g, op, (double)(in * w) / (double)out);
}

static void set_quant(struct lower *lw, struct op *op, const struct conv_args *a,
		      struct apu_cmd_conv *c, struct apu_quant **quant)
{
	uint32_t n = a->filter->nscale;
	struct range r;

	if (n > 1 && (a->in->type == TFL_UINT8 || n != a->out_c))
		fail_op(lw->g, op, "%u filter scales for %u output channels", n, a->out_c);
	if (n > 1 && a->filter->qdim != a->per_channel_dim)
		warn("operator %d (%s, output \"%s\"): the filter's scales run along dimension %u, "
		     "which must be %u: taken so",
		     op->index, op->name, a->out->name, a->filter->qdim, a->per_channel_dim);
	for (uint32_t i = 0; i < n; i++)
		if (a->filter->type == TFL_INT8 && a->filter->zp[i] &&
		    (!takes_float_product(op) || n > 1))
			fail_op(lw->g, op,
				"the int8 filter has the zero point %d: must be symmetric",
				a->filter->zp[i]);

	c->quant_mode = n > 1 ? APU_QUANT_MODE_PER_CHANNEL : APU_QUANT_MODE_PER_TENSOR;
	*quant = alloc(n, sizeof(**quant));
	for (uint32_t i = 0; i < n; i++) {
		struct multiplier m = conv_multiplier(lw, op, a, i);

		if (c->bias_type == APU_DTYPE_I64 && m.shift > MAX_SHIFT_64)
			fail_op(lw->g, op, "the scales demand a factor of 2^%d: not supported",
				m.shift);
		(*quant)[i].multiplier = m.mult;
		(*quant)[i].shift = m.shift;
	}
	c->in_zp = a->in->zp[0];
	c->w_zp = a->filter->zp[0];
	c->out_zp = a->out->zp[0];
	r = act_range(op->act, a->out->type, a->out->scale[0], a->out->zp[0]);
	c->act_min = r.min;
	c->act_max = r.max;
}

static void check_act(const struct graph *g, const struct op *op)
{
	if (op->act < 0 || op->act > TFL_ACT_RELU6)
		fail_op(g, op, "fused activation %d is not supported", op->act);
}

struct layer *conv_layer(struct lower *lw, struct op *op, enum layer_kind kind,
			 const struct conv_args *a, uint32_t w_row_elems)
{
	struct layer *l = add_layer(lw, kind, op);
	struct apu_cmd_conv *c = &l->cmd.conv;
	struct apu_quant *quant = NULL;
	uint64_t wbytes, bbytes;
	const uint8_t *w;
	const void *b;

	check_act(lw->g, op);
	check_bias(lw->g, op, a);
	w = a->filter->data ? weight_bytes(a->filter, &wbytes) : NULL;
	if (!w)
		wbytes = 0;
	b = bias_bytes(a, op, &c->bias_type, &bbytes);
	c->in_type = c->out_type = dtype_of(a->in);
	if (a->in->type == TFL_FLOAT32 || a->in->type == TFL_FLOAT16) {
		struct range r = act_range_float(op->act);

		c->w_type = APU_DTYPE_F16;
		c->quant_mode = APU_QUANT_MODE_NONE;
		c->act_min = r.min;
		c->act_max = r.max;
	} else {
		c->w_type = dtype_of(a->filter);
		set_quant(lw, op, a, c, &quant);
	}
	c->dil_h = c->dil_w = c->stride_h = c->stride_w = c->k_h = c->k_w = c->groups = 1;
	c->kind = kind == LAYER_DEPTHWISE ? APU_CONV_KIND_DEPTHWISE : APU_CONV_KIND_CONV;

	l->const_c = a->out_c;
	l->w_row_bytes = w_row_elems * dtype_size(c->w_type);
	l->const_off = add_static(lw->p, w, wbytes, PLACE_ALIGN);
	l->const_bytes = wbytes;
	if (b) {
		l->bias_rel = add_static(lw->p, b, bbytes, 8) - l->const_off;
		l->const_bytes = l->bias_rel + bbytes;
	}
	if (quant) {
		uint64_t q = a->filter->nscale * sizeof(*quant);

		l->quant_rel = add_static(lw->p, quant, q, 8) - l->const_off;
		l->const_bytes = l->quant_rel + q;
	}
	l->nin = 1;
	return l;
}

static void check_window(const struct graph *g, const struct op *op, int64_t k_h, int64_t k_w)
{
	if (op->stride_h < 1 || op->stride_w < 1 || op->dil_h < 1 || op->dil_w < 1 || k_h < 1 ||
	    k_w < 1 || op->stride_h > UINT16_MAX || op->stride_w > UINT16_MAX ||
	    op->dil_h > UINT16_MAX || op->dil_w > UINT16_MAX || k_h > UINT16_MAX ||
	    k_w > UINT16_MAX)
		fail_op(g, op, "kernel %lldx%lld, stride %dx%d, dilation %dx%d: not supported",
			(long long)k_h, (long long)k_w, op->stride_h, op->stride_w, op->dil_h,
			op->dil_w);
	if (op->padding != TFL_PADDING_SAME && op->padding != TFL_PADDING_VALID)
		fail_op(g, op, "padding %d is not supported", op->padding);
}

/* Kernel, strides and padding; checks the shapes of input and output. */
static void set_window(struct lower *lw, struct op *op, struct layer *l, uint32_t k_h, uint32_t k_w)
{
	const struct graph *g = lw->g;
	struct apu_cmd_conv *c = &l->cmd.conv;
	/* With an absorbed PAD the operator's own input has the padded size. */
	uint32_t in[4], out[4];

	tensor_shape4(op_in(g, op, 0), in);
	tensor_shape4(op_out(g, op), out);
	if (out[0] != in[0] ||
	    window_size(op->padding, in[1], k_h, op->stride_h, op->dil_h) != out[1] ||
	    window_size(op->padding, in[2], k_w, op->stride_w, op->dil_w) != out[2])
		fail_op(g, op,
			"shape %ux%ux%u of the output does not follow from that of the input",
			out[0], out[1], out[2]);
	c->k_h = (uint16_t)k_h;
	c->k_w = (uint16_t)k_w;
	c->stride_h = (uint16_t)op->stride_h;
	c->stride_w = (uint16_t)op->stride_w;
	c->dil_h = (uint16_t)op->dil_h;
	c->dil_w = (uint16_t)op->dil_w;
	if (op->explicit_pad) {
		l->pad_top = op->pad_top;
		l->pad_left = op->pad_left;
		return;
	}
	l->pad_top = window_pad(in[1], out[1], k_h, op->stride_h, op->dil_h);
	l->pad_left = window_pad(in[2], out[2], k_w, op->stride_w, op->dil_w);
}

static void check_rank4(const struct graph *g, const struct op *op, const struct conv_args *a)
{
	if (a->in->rank != 4 || a->filter->rank != 4 || a->out->rank != 4)
		fail_op(g, op, "input, filter and output must have four dimensions");
}

static void set_views(struct lower *lw, struct op *op, struct layer *l)
{
	l->in[0] = *place_tensor(lw, op->pad_src >= 0 ? op->pad_src : op->in[0]);
	l->out = *place_tensor(lw, op->out[0]);
}

void lower_conv(struct lower *lw, struct op *op)
{
	struct conv_args a = conv_args(lw, op, 0);
	const struct tensor *f = a.filter;
	uint32_t in_c = a.in->dims[3], groups;
	struct layer *l;

	check_rank4(lw->g, op, &a);
	a.out_c = a.out->dims[3];
	a.per_channel_dim = 0;
	if (f->dims[0] != a.out_c || in_c % f->dims[3])
		fail_op(lw->g, op, "a filter of %ux%ux%ux%u does not fit %u to %u channels",
			f->dims[0], f->dims[1], f->dims[2], f->dims[3], in_c, a.out_c);
	groups = in_c / f->dims[3];
	if (a.out_c % groups || groups > UINT16_MAX)
		fail_op(lw->g, op, "%u groups do not divide %u output channels", groups, a.out_c);
	check_window(lw->g, op, f->dims[1], f->dims[2]);
	l = conv_layer(lw, op, LAYER_CONV, &a, f->dims[1] * f->dims[2] * f->dims[3]);
	l->cmd.conv.groups = (uint16_t)groups;
	set_window(lw, op, l, f->dims[1], f->dims[2]);
	set_views(lw, op, l);
}

void lower_depthwise(struct lower *lw, struct op *op)
{
	struct conv_args a = conv_args(lw, op, 0);
	const struct tensor *f = a.filter;
	uint32_t in_c = a.in->dims[3];
	struct layer *l;

	check_rank4(lw->g, op, &a);
	a.out_c = a.out->dims[3];
	a.per_channel_dim = 3;
	if (f->dims[0] != 1 || f->dims[3] != a.out_c || a.out_c % in_c ||
	    a.out_c / in_c > UINT16_MAX)
		fail_op(lw->g, op, "a filter of %ux%ux%ux%u does not fit %u to %u channels",
			f->dims[0], f->dims[1], f->dims[2], f->dims[3], in_c, a.out_c);
	check_window(lw->g, op, f->dims[1], f->dims[2]);
	l = conv_layer(lw, op, LAYER_DEPTHWISE, &a, a.out_c);
	l->cmd.conv.groups = (uint16_t)(a.out_c / in_c);
	set_window(lw, op, l, f->dims[1], f->dims[2]);
	set_views(lw, op, l);
}

static struct view row_view(struct lower *lw, struct op *op, unsigned input, uint32_t rows,
			    uint32_t depth)
{
	struct view v = *place_tensor(lw, op->in[input]);

	if (!view_as_rows(&v, rows, depth, &v)) {
		v = dense_copy(lw, op, &v);
		view_as_rows(&v, rows, depth, &v);
	}
	return v;
}

void lower_fully_connected(struct lower *lw, struct op *op)
{
	struct conv_args a = conv_args(lw, op, 0);
	uint32_t batch, depth;
	struct view in, weights = {0}, out, final, temp;
	bool direct;
	struct layer *l;

	if (op->weights_format)
		fail_op(lw->g, op, "shuffled weights are not supported");
	if (a.filter->rank != 2)
		fail_op(lw->g, op, "the filter must have two dimensions");
	a.out_c = a.filter->dims[0];
	depth = a.filter->dims[1];
	a.per_channel_dim = 0;
	if (a.in->elems % depth || a.in->elems / depth * a.out_c != a.out->elems)
		fail_op(lw->g, op, "a filter of %ux%u does not fit %llu to %llu elements", a.out_c,
			depth, (unsigned long long)a.in->elems, (unsigned long long)a.out->elems);
	batch = (uint32_t)(a.in->elems / depth);
	in = row_view(lw, op, 0, batch, depth);
	final = *place_tensor(lw, op->out[0]);
	direct = view_as_rows(&final, batch, a.out_c, &out);
	if (!direct) {
		temp = dense_temp(lw, &final);
		view_as_rows(&temp, batch, a.out_c, &out);
	}
	if (!a.filter->data)
		weights = row_view(lw, op, 1, a.out_c, depth);
	l = conv_layer(lw, op, LAYER_CONV, &a, depth);
	l->in[0] = in;
	if (!a.filter->data) {
		l->in[1] = weights;
		l->nin = 2;
	}
	l->out = out;
	if (!direct)
		add_copy(lw, op, &temp, &final);
}

// SPDX-License-Identifier: MIT
/* Where tensors lie, and which function lowers which operator. */
#include <math.h>
#include <string.h>
#include "lower.h"
#include "moves.h"
#include "passes.h"

/* Reshapes and concatenations in a row that are seen through. */
#define MAX_CHASE 64

#define INT8 "int8 uint8"
#define INT16 "int8 uint8 int16"

static const struct op_info infos[] = {
	{TFL_ABS, lower_function, OP_COMPUTES, "int8 int16 fp16"},
	{TFL_ADD, lower_binary, OP_COMPUTES, INT16 " fp16"},
	{TFL_ARG_MAX, lower_arg, OP_COMPUTES, INT16 " fp16, to int32 or int64"},
	{TFL_ARG_MIN, lower_arg, OP_COMPUTES, INT16 " fp16, to int32 or int64"},
	{TFL_ASSIGN_VARIABLE, lower_variable, OP_MOVES, "any"},
	{TFL_AVERAGE_POOL_2D, lower_pool, OP_COMPUTES, INT16 " fp16"},
	{TFL_BATCH_MATMUL, lower_batch_matmul, OP_COMPUTES, "int8 int16 fp16"},
	{TFL_BATCH_TO_SPACE_ND, lower_layout, OP_MOVES, "any"},
	{TFL_BROADCAST_TO, lower_layout, OP_MOVES, "any"},
	{TFL_CALL_ONCE, lower_variable, OP_MOVES, "constant initial values of variables"},
	{TFL_CAST, lower_cast, OP_CONVERTS, "any, to bool from bool only"},
	{TFL_CONCATENATION, lower_concat, OP_MOVES, "any; uint8 with different scales"},
	{TFL_CONV_2D, lower_conv, OP_COMPUTES, INT8 " int16xint8 int16xint16 fp16"},
	{TFL_DEPTHWISE_CONV_2D, lower_depthwise, OP_COMPUTES, INT8 " int16xint8 int16xint16 fp16"},
	{TFL_DEPTH_TO_SPACE, lower_layout, OP_MOVES, "any"},
	{TFL_DEQUANTIZE, lower_dequantize, OP_CONVERTS, INT16 " fp16"},
	{TFL_DIV, lower_binary, OP_COMPUTES, "uint8 fp16"},
	{TFL_ELU, lower_function, OP_COMPUTES, "int8 fp16"},
	{TFL_EXP, lower_function, OP_COMPUTES, "int8 int16 fp16"},
	{TFL_EXPAND_DIMS, lower_reshape, OP_MOVES, "any"},
	{TFL_FULLY_CONNECTED, lower_fully_connected, OP_COMPUTES,
	 INT8 " int16xint8 int16xint16 fp16"},
	{TFL_GATHER, lower_gather, OP_MOVES, "any"},
	{TFL_GELU, lower_function, OP_COMPUTES, INT8 " fp16"},
	{TFL_HARD_SWISH, lower_function, OP_COMPUTES, INT8 " fp16"},
	{TFL_L2_NORMALIZATION, lower_norm, OP_COMPUTES, INT8 " fp16"},
	{TFL_LEAKY_RELU, lower_leaky_relu, OP_COMPUTES, INT16 " fp16"},
	{TFL_LOG, lower_function, OP_COMPUTES, "fp16"},
	{TFL_LOGISTIC, lower_function, OP_COMPUTES, INT16 " fp16"},
	{TFL_LOG_SOFTMAX, lower_norm, OP_COMPUTES, INT8 " fp16"},
	{TFL_MAXIMUM, lower_binary, OP_COMPUTES, INT16 " fp16"},
	{TFL_MAX_POOL_2D, lower_pool, OP_COMPUTES, INT16 " fp16"},
	{TFL_MEAN, lower_reduce, OP_COMPUTES, INT16 " fp16"},
	{TFL_MINIMUM, lower_binary, OP_COMPUTES, INT16 " fp16"},
	{TFL_MIRROR_PAD, lower_layout, OP_MOVES, "any"},
	{TFL_MUL, lower_binary, OP_COMPUTES, INT16 " fp16"},
	{TFL_NEG, lower_neg, OP_COMPUTES, "fp16"},
	{TFL_PACK, lower_layout, OP_MOVES, "any"},
	{TFL_PAD, lower_pad, OP_MOVES, "any"},
	{TFL_PADV2, lower_pad, OP_MOVES, "any"},
	{TFL_POW, lower_binary, OP_COMPUTES, "fp16"},
	{TFL_PRELU, lower_binary, OP_COMPUTES, INT8 " fp16"},
	{TFL_QUANTIZE, lower_quantize, OP_CONVERTS, INT16 " fp32"},
	{TFL_READ_VARIABLE, lower_variable, OP_MOVES, "any"},
	{TFL_REDUCE_MAX, lower_reduce, OP_COMPUTES, INT16 " fp16"},
	{TFL_REDUCE_MIN, lower_reduce, OP_COMPUTES, INT16 " fp16"},
	{TFL_REDUCE_PROD, lower_reduce, OP_COMPUTES, "int8 int16 fp16"},
	{TFL_RELU, lower_relu, OP_COMPUTES, INT16 " fp16"},
	{TFL_RELU6, lower_relu, OP_COMPUTES, INT16 " fp16"},
	{TFL_RELU_0_TO_1, lower_relu, OP_COMPUTES, INT16 " fp16"},
	{TFL_RELU_N1_TO_1, lower_relu, OP_COMPUTES, INT16 " fp16"},
	{TFL_RESHAPE, lower_reshape, OP_MOVES, "any"},
	{TFL_RESIZE_BILINEAR, lower_resize, OP_COMPUTES, INT16 " fp16"},
	{TFL_RESIZE_NEAREST_NEIGHBOR, lower_resize, OP_COMPUTES, INT16 " fp16"},
	{TFL_REVERSE_V2, lower_layout, OP_MOVES, "any"},
	{TFL_RSQRT, lower_function, OP_COMPUTES, "int8 fp16"},
	{TFL_SELECT, lower_layout, OP_MOVES, "any, constant condition"},
	{TFL_SELECT_V2, lower_layout, OP_MOVES, "any, constant condition"},
	{TFL_SLICE, lower_layout, OP_MOVES, "any"},
	{TFL_SOFTMAX, lower_softmax, OP_COMPUTES, INT16 " fp16"},
	{TFL_SPACE_TO_BATCH_ND, lower_layout, OP_MOVES, "any"},
	{TFL_SPACE_TO_DEPTH, lower_layout, OP_MOVES, "any"},
	{TFL_SPLIT, lower_layout, OP_MOVES, "any"},
	{TFL_SPLIT_V, lower_layout, OP_MOVES, "any"},
	{TFL_SQRT, lower_function, OP_COMPUTES, "fp16"},
	{TFL_SQUARE, lower_neg, OP_COMPUTES, "fp16"},
	{TFL_SQUARED_DIFFERENCE, lower_binary, OP_COMPUTES, "int8 fp16"},
	{TFL_SQUEEZE, lower_reshape, OP_MOVES, "any"},
	{TFL_STRIDED_SLICE, lower_layout, OP_MOVES, "any"},
	{TFL_SUB, lower_binary, OP_COMPUTES, INT16 " fp16"},
	{TFL_SUM, lower_reduce, OP_COMPUTES, INT8 " fp16"},
	{TFL_SVDF, lower_svdf, OP_COMPUTES, "int8 with int16 state and weights of time, fp16"},
	{TFL_TANH, lower_function, OP_COMPUTES, INT16 " fp16"},
	{TFL_TILE, lower_layout, OP_MOVES, "any"},
	{TFL_TOPK_V2, lower_topk, OP_COMPUTES, INT16 " fp16"},
	{TFL_TRANSPOSE, lower_layout, OP_MOVES, "any"},
	{TFL_TRANSPOSE_CONV, lower_transpose_conv, OP_COMPUTES, INT8 " int16xint8 fp16"},
	{TFL_UNPACK, lower_layout, OP_MOVES, "any"},
	{TFL_VAR_HANDLE, lower_variable, OP_MOVES, "any"},
};

const struct op_info *op_info(int code)
{
	for (size_t i = 0; i < ARRAY_SIZE(infos); i++)
		if (infos[i].code == code)
			return &infos[i];
	return NULL;
}

const struct op_info *op_infos(unsigned *count)
{
	*count = ARRAY_SIZE(infos);
	return infos;
}

bool op_supported(int code)
{
	return op_info(code);
}

bool op_is_reshape(const struct op *op)
{
	return op->code == TFL_RESHAPE || op->code == TFL_SQUEEZE || op->code == TFL_EXPAND_DIMS;
}

bool is_quantised_type(int type)
{
	return type == TFL_INT8 || type == TFL_UINT8 || type == TFL_INT16;
}

bool is_float_type(int type)
{
	return type == TFL_FLOAT32 || type == TFL_FLOAT16;
}

void tensor_shape4(const struct tensor *t, uint32_t dims[4])
{
	unsigned lead = t->rank > 4 ? t->rank - 4 : 0;

	for (unsigned i = 0; i < 4; i++)
		dims[i] = 1;
	for (unsigned i = 0; i < t->rank; i++) {
		if (i < lead)
			dims[0] *= t->dims[i];
		else if (t->rank > 4)
			dims[i - lead] *= t->dims[i];
		else
			dims[4 - t->rank + i] = t->dims[i];
	}
}

static struct buffer *new_dtype_buffer(struct lower *lw, const char *name, uint8_t dtype,
				       uint64_t elems)
{
	struct buffer *b = alloc(1, sizeof(*b));

	b->name = name;
	b->dtype = dtype;
	b->elems = elems;
	b->bytes = elems * dtype_size(dtype);
	b->region = -1;
	b->ext_dtype = b->dtype;
	b->id = (int)lw->p->buffers.n;
	b->first = b->last = -1;
	*PUSH(&lw->p->buffers) = b;
	return b;
}

struct buffer *new_buffer(struct lower *lw, const struct tensor *t)
{
	return new_dtype_buffer(lw, t->name, dtype_of(t), t->elems);
}

/* index: among the inputs or the outputs. */
static void bind_io(struct lower *lw, struct buffer *b, const struct tensor *t, bool input,
		    unsigned index)
{
	unsigned io = input ? index : lw->g->ninputs + index;
	struct tensor client = *t;

	client.half = t->half && lw->p->io.suppress[!input];
	b->region = APU_REGION_IO + (int)io;
	b->ext_dtype = dtype_of(&client);
	if (input) {
		b->is_input = true;
		lw->p->inputs[index] = b;
	} else {
		b->is_output = true;
		lw->p->outputs[index] = b;
	}
}

static struct view dense_view_of(struct buffer *b, const struct tensor *t)
{
	uint32_t d[4];

	tensor_shape4(t, d);
	return view_dense(b, d[0], d[1], d[2], d[3]);
}

static void place_const(struct lower *lw, const struct tensor *t, struct view *v)
{
	struct buffer *b = new_buffer(lw, t);

	b->is_const = true;
	b->region = APU_REGION_STATIC;
	if (t->half) {
		uint16_t *h = alloc(t->elems, sizeof(*h));
		float f;

		for (uint64_t i = 0; i < t->elems; i++) {
			memcpy(&f, t->data + 4 * i, 4);
			h[i] = constant_to_half(f);
		}
		b->ext_off = add_static(lw->p, h, 2 * t->elems, PLACE_ALIGN);
	} else {
		b->ext_off = add_static(lw->p, t->data, t->bytes, PLACE_ALIGN);
	}
	*v = dense_view_of(b, t);
}

struct view const_view(struct lower *lw, const void *data, uint8_t dtype, uint32_t n)
{
	struct buffer *b = new_dtype_buffer(lw, "constant", dtype, n);

	b->is_const = true;
	b->region = APU_REGION_STATIC;
	b->ext_off = add_static(lw->p, data, b->bytes, PLACE_ALIGN);
	return view_dense(b, 1, 1, 1, n);
}

/* A tensor whose only use is to be reshaped or concatenated lies in the result. */
static bool place_in_consumer(struct lower *lw, int index, struct view *v)
{
	struct tensor *t = &lw->g->tensors[index];

	for (unsigned i = 0; i < t->nconsumers; i++) {
		struct op *c = &lw->g->ops[t->consumers[i]];
		struct tensor *o;
		struct view *ov;

		if (c->dead || !c->nout || !c->nin)
			continue;
		o = op_out(lw->g, c);
		if (dtype_of(o) != dtype_of(t))
			continue;
		if (op_is_reshape(c) && c->in[0] == index && o->elems == t->elems) {
			ov = place_tensor(lw, c->out[0]);
			if (!view_is_dense(ov))
				continue;
			*v = dense_view_of(ov->buf, t);
			v->off = ov->off;
			return true;
		}
		if (c->code == TFL_CONCATENATION) {
			for (unsigned j = 0; j < c->nin; j++) {
				if (c->in[j] != index)
					continue;
				ov = place_tensor(lw, c->out[0]);
				if (concat_slice(lw, c, j, ov, v))
					return true;
			}
		}
	}
	return false;
}

bool io_is_nchw(const struct program *p, const struct tensor *t, bool output)
{
	return t->rank == 4 && p->io.nchw[output];
}

uint32_t io_dim(const struct program *p, const struct tensor *t, unsigned i, bool output)
{
	static const uint8_t turned[] = {0, 3, 1, 2};

	return t->dims[io_is_nchw(p, t, output) ? turned[i] : i];
}

/* Between a tensor and the client's buffer, which has its channels first. */
static void turn_io(struct lower *lw, int index, bool input, unsigned io)
{
	const struct tensor *t = &lw->g->tensors[index];
	struct view inner = *place_tensor(lw, index), outer;
	int64_t h = t->dims[1], w = t->dims[2], c = t->dims[3];
	struct move m = {.rank = 4,
			 .dims = {t->dims[0], t->dims[1], t->dims[2], t->dims[3]},
			 .from = {h * w * c, w, 1, h * w},
			 .to = {(int64_t)inner.np, (int64_t)inner.hp, (int64_t)inner.wp, 1}};

	outer = dense_view_of(new_buffer(lw, t), t);
	bind_io(lw, outer.buf, t, input, io);
	if (!input) {
		memcpy(m.to, m.from, sizeof(m.to));
		m.from[0] = (int64_t)inner.np;
		m.from[1] = (int64_t)inner.hp;
		m.from[2] = (int64_t)inner.wp;
		m.from[3] = 1;
	}
	add_move(lw, NULL, &m, input ? &outer : &inner, input ? &inner : &outer);
}

struct view *place_tensor(struct lower *lw, int index)
{
	struct tensor *t = &lw->g->tensors[index];
	struct view *v = &lw->views[index];
	struct buffer *b;
	bool found;

	if (lw->placed[index])
		return v;
	lw->placed[index] = true;
	if (t->data) {
		place_const(lw, t, v);
		return v;
	}
	found = t->input < 0 && t->output < 0 && lw->depth < MAX_CHASE;
	if (found) {
		lw->depth++;
		found = place_in_consumer(lw, index, v);
		lw->depth--;
	}
	if (!found) {
		b = new_buffer(lw, t);
		if ((t->input >= 0 || t->output >= 0) && !io_is_nchw(lw->p, t, t->input < 0))
			bind_io(lw, b, t, t->input >= 0,
				(unsigned)(t->input >= 0 ? t->input : t->output));
		*v = dense_view_of(b, t);
	}
	return v;
}

struct layer *add_layer(struct lower *lw, enum layer_kind kind, const struct op *op)
{
	struct layer *l = PUSH(&lw->p->layers);

	memset(l, 0, sizeof(*l));
	l->kind = kind;
	l->op = op;
	l->label = op ? op->name : layer_kind_name(kind);
	return l;
}

void add_copy(struct lower *lw, const struct op *op, const struct view *from, const struct view *to)
{
	struct layer *l = add_layer(lw, LAYER_COPY, op);

	l->nin = 1;
	l->in[0] = *from;
	l->out = *to;
	l->cmd.copy.src_type = from->buf->dtype;
	l->cmd.copy.dst_type = to->buf->dtype;
}

struct view dense_temp(struct lower *lw, const struct view *v)
{
	struct buffer *b = new_dtype_buffer(lw, v->buf->name, v->buf->dtype,
					    (uint64_t)v->n * v->h * v->w * v->c);

	return view_dense(b, v->n, v->h, v->w, v->c);
}

struct view dense_copy(struct lower *lw, const struct op *op, const struct view *v)
{
	struct view to = dense_temp(lw, v);

	add_copy(lw, op, v, &to);
	return to;
}

void flatten_elementwise(struct layer *l)
{
	struct view *v[3] = {&l->out, &l->in[0], &l->in[1]};

	if (l->repeat_h | l->repeat_w | l->repeat_c)
		return;
	for (unsigned i = 0; i <= l->nin; i++)
		if (!view_is_dense(v[i]) || v[i]->n != l->out.n)
			return;
	for (unsigned i = 0; i <= l->nin; i++) {
		struct view *x = v[i];

		if (x->n > 1)
			*x = (struct view){.buf = x->buf,
					   .off = x->off,
					   .n = 1,
					   .h = x->n * x->h,
					   .w = x->w,
					   .c = x->c};
		if (x->h == 1 && x->w > 1) {
			x->h = x->w;
			x->w = 1;
		}
		x->wp = x->c;
		x->hp = x->wp * x->w;
		x->np = x->hp * x->h;
	}
}

void check_operands(const struct graph *g, const struct op *op, unsigned min_in, unsigned max_in)
{
	check_listed_operands(g, op, min_in, max_in, max_in);
}

void check_listed_operands(const struct graph *g, const struct op *op, unsigned min_in,
			   unsigned max_in, unsigned list)
{
	if (op->nin < min_in || op->nin > max_in || op->nout != 1)
		fail_op(g, op, "%u inputs and %u outputs: malformed", op->nin, op->nout);
	for (unsigned i = 0; i < op->nin; i++) {
		struct tensor *t = op_in(g, op, i);

		if (!t && i < min_in)
			fail_op(g, op, "input %u is missing", i);
		if (t && ((!t->elems && !(i == list && t->data)) || t->variable))
			fail_op(g, op,
				"input \"%s\" is empty, dynamic or a variable: not supported",
				t->name);
	}
	if (!op_out(g, op)->elems)
		fail_op(g, op, "the output's shape is empty or dynamic: not supported");
}

void check_filter_quant(const struct graph *g, const struct op *op, const struct tensor *t)
{
	struct range r;

	if (!is_quantised_type(t->type))
		return;
	if (!t->nscale)
		fail_op(g, op, "tensor \"%s\" has no quantisation parameters", t->name);
	r = type_range(t->type);
	for (uint32_t i = 0; i < t->nscale; i++) {
		/* A channel of which all weights are zero may have a scale of zero. */
		if (!(t->scale[i] >= 0.0f) || !isfinite(t->scale[i]))
			fail_op(g, op, "tensor \"%s\" has a scale of %g", t->name,
				(double)t->scale[i]);
		if (t->zp[i] < r.min || t->zp[i] > r.max)
			fail_op(g, op, "tensor \"%s\" has the zero point %d", t->name, t->zp[i]);
	}
	if (t->type == TFL_INT16 && t->zp[0])
		fail_op(g, op, "int16 tensor \"%s\" has the zero point %d, must be 0", t->name,
			t->zp[0]);
}

void check_quant(const struct graph *g, const struct op *op, const struct tensor *t)
{
	check_filter_quant(g, op, t);
	if (!is_quantised_type(t->type))
		return;
	if (t->nscale != 1)
		fail_op(g, op, "tensor \"%s\" has %u scales: not supported", t->name, t->nscale);
	if (t->scale[0] == 0.0f)
		fail_op(g, op, "tensor \"%s\" has a scale of 0", t->name);
}

struct multiplier checked_multiplier(const struct graph *g, const struct op *op, double real)
{
	struct multiplier m = quantize_multiplier(real);

	if (m.shift > 30 || !(real >= 0.0))
		fail_op(g, op, "the scales demand a factor of %g: not supported", real);
	return m;
}

int64_t window_size(int padding, int64_t in, int64_t k, int64_t stride, int64_t dil)
{
	int64_t extent = (k - 1) * dil + 1;

	if (padding == TFL_PADDING_SAME)
		return (in + stride - 1) / stride;
	return (in + stride - extent) / stride;
}

int32_t window_pad(int64_t in, int64_t out, int64_t k, int64_t stride, int64_t dil)
{
	int64_t total = (out - 1) * stride + (k - 1) * dil + 1 - in;

	return (int32_t)(total > 0 ? total / 2 : 0);
}

/* First writer and last reader of every buffer. */
static void find_lifetimes(struct program *p)
{
	for (size_t i = 0; i < p->layers.n; i++) {
		struct layer *l = &p->layers.v[i];

		for (unsigned j = 0; j <= l->nin; j++) {
			struct buffer *b = j ? l->in[j - 1].buf : l->out.buf;

			if (b->first < 0)
				b->first = (int)i;
			b->last = (int)i;
			b->uses++;
		}
	}
}

/* Inputs and constants that are outputs as well, outputs that lie elsewhere or are listed twice. */
static void copy_outputs(struct lower *lw)
{
	struct graph *g = lw->g;

	for (unsigned i = 0; i < g->noutputs; i++) {
		struct tensor *t = &g->tensors[g->outputs[i]];
		struct view *v = place_tensor(lw, g->outputs[i]), to;

		if (lw->p->outputs[i])
			continue;
		if (!t->elems)
			fail("output \"%s\" is empty or dynamic: not supported", t->name);
		if (io_is_nchw(lw->p, t, true)) {
			turn_io(lw, g->outputs[i], false, i);
			continue;
		}
		to = dense_view_of(new_buffer(lw, t), t);
		bind_io(lw, to.buf, t, false, i);
		add_copy(lw, NULL, v, &to);
	}
}

void program_refresh(struct program *p)
{
	for (size_t i = 0; i < p->buffers.n; i++) {
		p->buffers.v[i]->first = p->buffers.v[i]->last = -1;
		p->buffers.v[i]->uses = 0;
	}
	find_lifetimes(p);
}

struct program *lower_graph(struct graph *g, const struct io_options *io)
{
	struct program *p = alloc(1, sizeof(*p));
	struct lower lw = {.g = g, .p = p};

	p->graph = g;
	if (io)
		p->io = *io;
	lw.views = alloc(g->ntensors + 1, sizeof(*lw.views));
	lw.placed = alloc(g->ntensors + 1, sizeof(*lw.placed));
	p->inputs = alloc(g->ninputs + 1, sizeof(*p->inputs));
	p->outputs = alloc(g->noutputs + 1, sizeof(*p->outputs));
	if (g->ninputs + g->noutputs > APU_NUM_REGIONS - APU_REGION_IO)
		fail("%u inputs and %u outputs: at most %d together are supported", g->ninputs,
		     g->noutputs, APU_NUM_REGIONS - APU_REGION_IO);
	for (unsigned i = 0; i < g->ninputs; i++) {
		struct tensor *t = &g->tensors[g->inputs[i]];

		if (!t->elems || !dtype_of(t))
			fail("input \"%s\": type %s or its shape is not supported", t->name,
			     tfl_type_name(t->type));
		place_tensor(&lw, g->inputs[i]);
		if (io_is_nchw(p, t, false))
			turn_io(&lw, g->inputs[i], true, i);
	}
	for (unsigned i = 0; i < g->nops; i++) {
		struct op *op = &g->ops[i];

		if (op->dead)
			continue;
		op_info(op->code)->lower(&lw, op);
	}
	copy_outputs(&lw);
	program_refresh(p);
	return p;
}

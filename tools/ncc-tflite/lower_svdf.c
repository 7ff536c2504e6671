// SPDX-License-Identifier: MIT
/*
 * SVDF: a matrix of rank 1 to N per unit, as a filter of the input's features and one of time.
 *
 * A window [batch][memory][filter] holds what the feature filters gave at the last steps: the
 * older ones come from a variable, the newest from a convolution of the input, the variable
 * gets all but the oldest. A convolution over its whole height, with a group per unit, is the
 * filter of time. The kernel for int8 keeps the window as int16 and sums up in 32 bits.
 */
#include <string.h>
#include "lower_conv.h"

enum { SVDF_INPUT, SVDF_FEATURE, SVDF_TIME, SVDF_BIAS, SVDF_STATE, SVDF_INPUTS };

struct svdf {
	struct lower *lw;
	struct op *op;
	struct tensor *in, *feature, *time, *bias, *state, *out;
	uint32_t batch, depth, filters, units, memory;
	bool integer;
};

static void check_types(const struct graph *g, const struct svdf *s)
{
	const struct tensor *all[] = {s->in, s->feature, s->time, s->state, s->out};

	if (s->in->type == TFL_FLOAT32 && is_quantised_type(s->feature->type))
		fail_op(g, s->op, "hybrid, FLOAT32 input with %s weights: not supported",
			tfl_type_name(s->feature->type));
	if (s->integer ? s->feature->type != TFL_INT8 || s->time->type != TFL_INT16 ||
				 s->state->type != TFL_INT16 || s->out->type != TFL_INT8
		       : s->in->type != TFL_FLOAT32 || s->feature->type != TFL_FLOAT32 ||
				 s->time->type != TFL_FLOAT32 || s->state->type != TFL_FLOAT32 ||
				 s->out->type != TFL_FLOAT32)
		fail_op(g, s->op,
			"%s input, %s weights of features, %s of time, %s state, %s output: not "
			"supported (INT8, INT8, INT16, INT16, INT8 or all FLOAT32)",
			tfl_type_name(s->in->type), tfl_type_name(s->feature->type),
			tfl_type_name(s->time->type), tfl_type_name(s->state->type),
			tfl_type_name(s->out->type));
	if (s->bias && s->bias->type != (s->integer ? TFL_INT32 : TFL_FLOAT32))
		fail_op(g, s->op, "%s bias with %s input: not supported",
			tfl_type_name(s->bias->type), tfl_type_name(s->in->type));
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		check_quant(g, s->op, all[i]);
}

static void check_shapes(const struct graph *g, struct svdf *s)
{
	int32_t rank = s->op->rank;

	if (s->in->rank != 2 || s->feature->rank != 2 || s->time->rank != 2 ||
	    s->state->rank != 2 || s->out->rank != 2)
		fail_op(g, s->op, "input, weights, state and output must have two dimensions");
	s->batch = s->in->dims[0];
	s->depth = s->in->dims[1];
	s->filters = s->feature->dims[0];
	s->memory = s->time->dims[1];
	if (rank < 1 || s->filters % (uint32_t)rank)
		fail_op(g, s->op, "a rank of %d for %u filters: malformed", rank, s->filters);
	s->units = s->filters / (uint32_t)rank;
	if (s->feature->dims[1] != s->depth || s->time->dims[0] != s->filters ||
	    s->state->dims[0] != s->batch ||
	    s->state->dims[1] != (uint64_t)s->memory * s->filters || s->out->dims[0] != s->batch ||
	    s->out->dims[1] != s->units || (s->bias && s->bias->elems != s->units))
		fail_op(g, s->op, "the shapes of its operands do not fit each other");
	if (s->units > UINT16_MAX || s->memory > UINT16_MAX)
		fail_op(g, s->op, "%u units and a memory of %u steps: at most %d are supported",
			s->units, s->memory, UINT16_MAX);
}

static struct svdf svdf_args(struct lower *lw, struct op *op)
{
	const struct graph *g = lw->g;
	struct svdf s = {.lw = lw, .op = op};

	if (op->nin != SVDF_INPUTS || op->nout != 1)
		fail_op(g, op, "%u inputs and %u outputs: malformed", op->nin, op->nout);
	for (unsigned i = 0; i < op->nin; i++) {
		struct tensor *t = op_in(g, op, i);

		if (!t && i != SVDF_BIAS)
			fail_op(g, op, "input %u is missing", i);
		if (t && (!t->elems || t->variable != (i == SVDF_STATE)))
			fail_op(g, op,
				"input \"%s\" is empty, dynamic or %sa variable: not supported",
				t->name, i == SVDF_STATE ? "not " : "");
		if (t && i != SVDF_INPUT && !t->data != (i == SVDF_STATE))
			fail_op(g, op, "input \"%s\" is %sconstant: not supported", t->name,
				t->data ? "" : "not ");
	}
	s.in = op_in(g, op, SVDF_INPUT);
	s.feature = op_in(g, op, SVDF_FEATURE);
	s.time = op_in(g, op, SVDF_TIME);
	s.bias = op_in(g, op, SVDF_BIAS);
	s.state = op_in(g, op, SVDF_STATE);
	s.out = op_out(g, op);
	if (s.state->nconsumers != 1 || s.state->producer >= 0 || s.state->input >= 0 ||
	    s.state->output >= 0)
		fail_op(g, op, "others use the state \"%s\" too: not supported", s.state->name);
	s.integer = s.in->type == TFL_INT8;
	check_types(g, &s);
	check_shapes(g, &s);
	return s;
}

/* An element-wise conversion between int8 and int16 that leaves values and their scale. */
static void add_shift(const struct svdf *s, const struct view *from, int32_t from_zp,
		      const struct view *to, int32_t to_zp)
{
	struct layer *l = add_layer(s->lw, LAYER_ELTWISE, s->op);
	struct multiplier one = quantize_multiplier(1.0);
	bool widens = to->buf->dtype == APU_DTYPE_I16;
	struct range r = type_range(widens ? TFL_INT16 : TFL_INT8);

	l->nin = 1;
	l->in[0] = *from;
	l->out = *to;
	l->cmd.elt.fn = APU_ELT_FN_REQUANT;
	l->cmd.elt.in_type = from->buf->dtype;
	l->cmd.elt.out_type = to->buf->dtype;
	l->cmd.elt.in1_zp = from_zp;
	l->cmd.elt.out_zp = to_zp;
	l->cmd.elt.in1_mult = one.mult;
	l->cmd.elt.in1_shift = one.shift;
	l->cmd.elt.act_min = r.min;
	l->cmd.elt.act_max = r.max;
	flatten_elementwise(l);
}

/* A temporary buffer of the window's type. */
static struct view new_view(const struct svdf *s, const char *name, uint32_t n, uint32_t h,
			    uint32_t c)
{
	struct tensor t = *s->state;

	t.name = name;
	t.half = !s->integer;
	t.elems = (uint64_t)n * h * c;
	return view_dense(new_buffer(s->lw, &t), n, h, 1, c);
}

/* Steps of the window from number first on. */
static struct view steps(const struct svdf *s, const struct view *window, uint32_t first,
			 uint32_t count)
{
	struct view v = *window;

	v.off += (uint64_t)first * s->filters;
	v.h = count;
	return v;
}

/* The newest step, all batches below each other. */
static void add_feature(const struct svdf *s, const struct view *window)
{
	struct tensor in = *s->in;
	struct conv_args a = {.in = &in,
			      .filter = s->feature,
			      .out = s->state,
			      .out_c = s->filters,
			      .sums32 = true};
	struct view x = *place_tensor(s->lw, s->op->in[SVDF_INPUT]), wide;
	struct layer *l;

	if (!view_as_rows(&x, s->batch, s->depth, &x)) {
		x = dense_copy(s->lw, s->op, &x);
		view_as_rows(&x, s->batch, s->depth, &x);
	}
	if (s->integer) {
		wide = new_view(s, s->in->name, 1, s->batch, s->depth);
		add_shift(s, &x, s->in->zp[0], &wide, 0);
		x = wide;
		in.type = TFL_INT16;
		in.zp = s->state->zp;
	}
	l = conv_layer(s->lw, s->op, LAYER_CONV, &a, s->depth);
	l->in[0] = x;
	l->out = steps(s, window, s->memory - 1, 1);
	l->out.h = s->batch;
	l->out.hp = window->np;
	l->out.n = 1;
}

/* The weights of time as those of a convolution: a row of memory x rank per unit. */
static const uint8_t *time_rows(const struct svdf *s)
{
	uint32_t rank = s->filters / s->units;
	unsigned size = tfl_type_size(s->time->type);
	uint8_t *rows = alloc(s->time->elems, size);

	for (uint64_t f = 0; f < s->filters; f++)
		for (uint64_t m = 0; m < s->memory; m++)
			memcpy(rows + ((f / rank * s->memory + m) * rank + f % rank) * size,
			       s->time->data + (f * s->memory + m) * size, size);
	return rows;
}

static void add_time(const struct svdf *s, const struct view *window)
{
	struct tensor filter = *s->time, result = *s->out;
	struct conv_args a = {.in = s->state,
			      .filter = &filter,
			      .bias = s->bias,
			      .out = &result,
			      .out_c = s->units,
			      .sums32 = true};
	struct view final = *place_tensor(s->lw, s->op->out[0]), rows, temp, wide;
	bool direct = view_as_rows(&final, s->batch, s->units, &rows);
	struct layer *l;

	filter.data = time_rows(s);
	if (!direct) {
		temp = dense_temp(s->lw, &final);
		view_as_rows(&temp, s->batch, s->units, &rows);
	}
	if (s->integer) {
		result.type = TFL_INT16;
		result.zp = s->state->zp;
		wide = new_view(s, s->out->name, 1, s->batch, s->units);
	} else {
		wide = rows;
	}
	l = conv_layer(s->lw, s->op, LAYER_CONV, &a, s->memory * (s->filters / s->units));
	l->cmd.conv.groups = (uint16_t)s->units;
	l->cmd.conv.k_h = (uint16_t)s->memory;
	l->in[0] = *window;
	/* A picture of one row per batch. */
	l->out = wide;
	l->out.n = s->batch;
	l->out.h = 1;
	l->out.np = wide.hp;
	if (s->integer)
		add_shift(s, &wide, 0, &rows, s->out->zp[0]);
	if (!direct)
		add_copy(s->lw, s->op, &temp, &final);
}

void lower_svdf(struct lower *lw, struct op *op)
{
	struct svdf s = svdf_args(lw, op);
	struct view window = new_view(&s, s.state->name, s.batch, s.memory, s.filters);
	struct view kept, part;
	int act = op->act;

	/* The filter of features has none; the kernel for int8 only takes RELU, and leaves it out.
	 */
	if (s.integer && act != TFL_ACT_RELU)
		fail_op(lw->g, op, "fused activation %d with INT8 input: must be RELU", act);
	op->act = TFL_ACT_NONE;
	if (s.memory > 1) {
		kept = new_view(&s, s.state->name, s.batch, s.memory - 1, s.filters);
		keep_buffer(lw, kept.buf);
		part = steps(&s, &window, 0, s.memory - 1);
		add_copy(lw, op, &kept, &part);
	}
	add_feature(&s, &window);
	if (s.memory > 1) {
		part = steps(&s, &window, 1, s.memory - 1);
		add_copy(lw, op, &part, &kept);
	}
	if (!s.integer)
		op->act = act;
	add_time(&s, &window);
}

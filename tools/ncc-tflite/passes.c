// SPDX-License-Identifier: MIT
/* Constant folding, fusion, dead code, choice of fp16 and refusals. */
#include <string.h>
#include "lower.h"
#include "passes.h"

#define HALF_ROUNDS 64

/* The tensor that an operator really reads. */
static int source(const struct op *op, unsigned i)
{
	return !i && op->pad_src >= 0 ? op->pad_src : op->in[i];
}

static void count_consumers(struct graph *g)
{
	for (unsigned i = 0; i < g->ntensors; i++)
		g->tensors[i].nconsumers = 0;
	for (unsigned i = 0; i < g->nops; i++) {
		struct op *op = &g->ops[i];

		if (op->dead)
			continue;
		for (unsigned j = 0; j < op->nin; j++) {
			int t = source(op, j);

			if (t >= 0)
				g->tensors[t].consumers[g->tensors[t].nconsumers++] = (int)i;
		}
	}
}

static void remove_dead(struct graph *g)
{
	bool *used = alloc(g->ntensors + 1, sizeof(*used));

	for (unsigned i = 0; i < g->noutputs; i++)
		used[g->outputs[i]] = true;
	for (unsigned i = g->nops; i-- > 0;) {
		struct op *op = &g->ops[i];
		bool any = false;

		for (unsigned j = 0; j < op->nout; j++)
			any |= used[op->out[j]];
		/* Of those that remain, each is read. */
		any |= op->code == TFL_ASSIGN_VARIABLE;
		if (!any)
			op->dead = true;
		for (unsigned j = 0; !op->dead && j < op->nin; j++) {
			int t = source(op, j);

			if (t >= 0)
				used[t] = true;
		}
	}
	count_consumers(g);
}

static bool only_use(const struct tensor *t)
{
	return t->nconsumers == 1 && t->output < 0;
}

static bool same_scale(const struct tensor *a, const struct tensor *b)
{
	if (!is_quantised_type(a->type))
		return true;
	return a->nscale == 1 && b->nscale == 1 && a->scale[0] == b->scale[0] &&
	       a->zp[0] == b->zp[0];
}

/* RELU and RELU6 become bounds of the operator before. */
static void fuse_activation(struct graph *g)
{
	for (unsigned i = 0; i < g->nops; i++) {
		struct op *op = &g->ops[i], *prev;
		struct tensor *in, *out;

		if (op->dead || op->nin != 1 || op->nout != 1 ||
		    (op->code != TFL_RELU && op->code != TFL_RELU6))
			continue;
		in = op_in(g, op, 0);
		out = op_out(g, op);
		if (!in || in->producer < 0 || !only_use(in) || in->type != out->type ||
		    in->elems != out->elems || in->rank != out->rank || !same_scale(in, out) ||
		    memcmp(in->dims, out->dims, sizeof(in->dims)))
			continue;
		prev = &g->ops[in->producer];
		if (prev->act != TFL_ACT_NONE || prev->nout != 1)
			continue;
		if (prev->code != TFL_CONV_2D && prev->code != TFL_DEPTHWISE_CONV_2D &&
		    prev->code != TFL_FULLY_CONNECTED && prev->code != TFL_ADD &&
		    prev->code != TFL_AVERAGE_POOL_2D && prev->code != TFL_MAX_POOL_2D)
			continue;
		prev->act = op->code == TFL_RELU ? TFL_ACT_RELU : TFL_ACT_RELU6;
		prev->out[0] = op->out[0];
		out->producer = in->producer;
		op->dead = true;
	}
	count_consumers(g);
}

/* A PAD of rows and columns becomes padding of the convolution behind it. */
static void fuse_pad(struct graph *g)
{
	for (unsigned i = 0; i < g->nops; i++) {
		struct op *op = &g->ops[i], *pad;
		struct tensor *in, *src;
		int64_t amounts[4][2];

		if (op->dead || op->nin < 2 || op->nout != 1 || op->padding != TFL_PADDING_VALID ||
		    (op->code != TFL_CONV_2D && op->code != TFL_DEPTHWISE_CONV_2D))
			continue;
		in = op_in(g, op, 0);
		if (!in || in->producer < 0 || !only_use(in))
			continue;
		pad = &g->ops[in->producer];
		if (pad->code != TFL_PAD || pad->dead || pad->nin != 2 || pad->nout != 1)
			continue;
		src = op_in(g, pad, 0);
		if (!src || !src->elems || src->rank != 4 || in->rank != 4 ||
		    src->type != in->type || !same_scale(src, in) || !op_in(g, pad, 1) ||
		    !op_in(g, pad, 1)->data)
			continue;
		pad_amounts(g, pad, amounts);
		if (amounts[0][0] | amounts[0][1] | amounts[3][0] | amounts[3][1])
			continue;
		op->explicit_pad = true;
		op->pad_top = (int32_t)amounts[1][0];
		op->pad_left = (int32_t)amounts[2][0];
		op->pad_src = pad->in[0];
		pad->dead = true;
	}
}

/* A PAD of channels in front of an ADD: the ADD leaves the other operand's as they are. */
static void fuse_channel_pad(struct graph *g)
{
	for (unsigned i = 0; i < g->nops; i++) {
		struct op *op = &g->ops[i];

		if (op->dead || op->code != TFL_ADD || op->nin != 2 || op->nout != 1)
			continue;
		for (unsigned k = 0; k < 2; k++) {
			struct tensor *in = op_in(g, op, k), *other = op_in(g, op, !k), *src;
			struct tensor *out = op_out(g, op);
			int64_t amounts[4][2];
			struct op *pad;

			if (!in || !other || in->type != TFL_FLOAT32 || in->producer < 0 ||
			    !only_use(in) || in->elems != out->elems ||
			    other->elems != out->elems || in->rank != 4)
				continue;
			pad = &g->ops[in->producer];
			if (pad->code != TFL_PAD || pad->dead || pad->nin != 2 || pad->nout != 1)
				continue;
			src = op_in(g, pad, 0);
			if (!src || !src->elems || src->rank != 4 || src->type != in->type ||
			    !op_in(g, pad, 1) || !op_in(g, pad, 1)->data)
				continue;
			pad_amounts(g, pad, amounts);
			if (amounts[0][0] | amounts[0][1] | amounts[1][0] | amounts[1][1] |
			    amounts[2][0] | amounts[2][1])
				continue;
			op->pad_input = (int)k;
			op->pad_first = (int32_t)amounts[3][0];
			op->in[k] = pad->in[0];
			pad->dead = true;
			break;
		}
	}
}

static bool computes(int code)
{
	return op_info(code)->nature == OP_COMPUTES;
}

/* Marks the float tensors of an operator; true if that changed anything. */
static bool mark_half(struct graph *g, struct op *op)
{
	bool any = computes(op->code), change = false;
	unsigned counts[2] = {op->nin, op->nout};

	if (op_info(op->code)->nature == OP_CONVERTS)
		return false;
	for (unsigned pass = 0; pass < 2; pass++) {
		for (unsigned k = 0; k < 2; k++) {
			for (unsigned j = 0; j < counts[k]; j++) {
				int index = k ? op->out[j] : source(op, j);
				struct tensor *t;

				if (index < 0)
					continue;
				t = &g->tensors[index];
				if (t->type != TFL_FLOAT32)
					continue;
				any |= t->half;
				if (pass && any && !t->half) {
					t->half = true;
					change = true;
				}
			}
		}
	}
	return change;
}

static void choose_half(struct graph *g, bool relax)
{
	bool change = true;

	for (unsigned i = 0; i < g->nops && !relax; i++) {
		struct op *op = &g->ops[i];

		for (unsigned j = 0; !op->dead && computes(op->code) && j < op->nin; j++) {
			struct tensor *t = op_in(g, op, j);

			if (t && t->type == TFL_FLOAT32)
				fail_op(g, op,
					"float32 is not supported by the hardware: give "
					"--relax-fp32 to compute in float16");
		}
	}
	for (unsigned round = 0; change && round < HALF_ROUNDS; round++) {
		change = false;
		for (unsigned i = 0; i < g->nops; i++)
			if (!g->ops[i].dead)
				change |= mark_half(g, &g->ops[i]);
		for (unsigned i = g->nops; i-- > 0;)
			if (!g->ops[i].dead)
				change |= mark_half(g, &g->ops[i]);
	}
}

static void add_output(struct graph *g, int tensor)
{
	struct tensor *t = &g->tensors[tensor];

	if (t->output < 0)
		t->output = (int)g->noutputs;
	g->outputs[g->noutputs++] = tensor;
}

_Noreturn static void fail_nothing_left(const struct graph *g, char *const *refused)
{
	for (unsigned i = 0; refused && i < g->nops; i++)
		if (refused[i])
			fail("nothing is left in front of the operators that are not supported: %s",
			     refused[i]);
	fail("nothing is left in front of the operators that are not supported");
}

/*
 * Ends the network before operators that are not supported or were refused: they go, and so
 * does what depends on them. What they read becomes outputs in their place.
 */
static void cut_tail(struct graph *g, char *const *refused)
{
	bool *gone = alloc(g->ntensors + 1, sizeof(*gone));
	int *old = g->outputs;
	unsigned n = g->noutputs;

	for (unsigned i = 0; i < g->nops; i++) {
		struct op *op = &g->ops[i];
		bool cut = !op->dead && (!op_supported(op->code) || (refused && refused[i]));

		for (unsigned j = 0; !op->dead && j < op->nin; j++)
			cut |= op->in[j] >= 0 && gone[op->in[j]];
		if (!cut)
			continue;
		op->cut = op->dead = true;
		for (unsigned j = 0; j < op->nout; j++)
			gone[op->out[j]] = true;
	}
	g->outputs = alloc((size_t)n + g->ntensors + 1, sizeof(*g->outputs));
	g->noutputs = 0;
	for (unsigned i = 0; i < n; i++)
		g->tensors[old[i]].output = -1;
	for (unsigned i = 0; i < n; i++)
		if (!gone[old[i]])
			add_output(g, old[i]);
	for (unsigned i = 0; i < g->nops; i++) {
		const struct op *op = &g->ops[i];

		for (unsigned j = 0; op->cut && j < op->nin; j++)
			if (op->in[j] >= 0 && !gone[op->in[j]] && !g->tensors[op->in[j]].data &&
			    g->tensors[op->in[j]].producer >= 0 && g->tensors[op->in[j]].output < 0)
				add_output(g, op->in[j]);
	}
	if (!g->noutputs)
		fail_nothing_left(g, refused);
}

void run_passes(struct graph *g, const struct pass_options *o)
{
	find_variables(g);
	fold_constants(g);
	remove_dead(g);
	if (o->cut_tail) {
		cut_tail(g, o->refused);
		remove_dead(g);
	}
	for (unsigned i = 0; i < g->nops; i++)
		if (!g->ops[i].dead && !op_supported(g->ops[i].code))
			fail_op(g, &g->ops[i], "not supported (--cut-tail ends the network here)");
	if (o->level) {
		fuse_activation(g);
		fuse_pad(g);
		fuse_channel_pad(g);
	}
	remove_dead(g);
	choose_half(g, o->relax_fp32);
}

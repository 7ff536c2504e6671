// SPDX-License-Identifier: MIT
/* Who produces and who reads each tensor. */
#include <stdio.h>
#include "graph.h"

static void (*refusal_handler)(const struct graph *g, const struct op *op, const char *why);

void set_refusal_handler(void (*handler)(const struct graph *g, const struct op *op,
					 const char *why))
{
	refusal_handler = handler;
}

void fail_op(const struct graph *g, const struct op *op, const char *fmt, ...)
{
	char text[512], *why;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (op->nout)
		why = format("operator %d (%s, output \"%s\"): %s", op->index, op->name,
			     op_out(g, op)->name, text);
	else
		why = format("operator %d (%s): %s", op->index, op->name, text);
	if (refusal_handler)
		refusal_handler(g, op, why);
	fail("%s", why);
}

static void connect_io(struct graph *g)
{
	for (unsigned i = 0; i < g->ninputs; i++) {
		struct tensor *t = &g->tensors[g->inputs[i]];

		if (t->input >= 0)
			fail("tensor \"%s\" is listed twice as an input", t->name);
		if (t->data)
			fail("input \"%s\" has constant data", t->name);
		t->input = (int)i;
	}
	for (unsigned i = 0; i < g->noutputs; i++) {
		struct tensor *t = &g->tensors[g->outputs[i]];

		/* What is listed again is a copy. */
		if (t->output < 0)
			t->output = (int)i;
	}
}

/* Constants of no elements, as the shape of a single number, have no data in the file. */
static void find_empty_lists(const struct graph *g)
{
	for (unsigned i = 0; i < g->ntensors; i++) {
		struct tensor *t = &g->tensors[i];

		if (!t->elems && !t->data && t->rank == 1 && t->producer < 0 && t->input < 0 &&
		    !t->variable && (t->type == TFL_INT32 || t->type == TFL_INT64))
			t->data = (const uint8_t *)"";
	}
}

/* Operators run in the order of the file, which must be one that works. */
void graph_connect(struct graph *g)
{
	connect_io(g);
	for (unsigned i = 0; i < g->nops; i++) {
		struct op *op = &g->ops[i];

		for (unsigned j = 0; j < op->nin; j++) {
			struct tensor *t = op_in(g, op, j);

			if (!t)
				continue;
			t->nconsumers++;
			if (t->producer < 0 && t->input < 0 && !t->data && t->elems && !t->variable)
				fail_op(g, op, "tensor \"%s\" has no value at this point", t->name);
		}
		for (unsigned j = 0; j < op->nout; j++) {
			struct tensor *t = &g->tensors[op->out[j]];

			if (t->producer >= 0 || t->input >= 0 || t->data)
				fail_op(g, op, "tensor \"%s\" has two sources", t->name);
			t->producer = (int)i;
		}
	}
	for (unsigned i = 0; i < g->ntensors; i++)
		g->tensors[i].consumers = alloc((size_t)g->tensors[i].nconsumers + 1, sizeof(int));
	for (unsigned i = 0; i < g->ntensors; i++)
		g->tensors[i].nconsumers = 0;
	for (unsigned i = 0; i < g->nops; i++) {
		struct op *op = &g->ops[i];

		for (unsigned j = 0; j < op->nin; j++) {
			struct tensor *t = op_in(g, op, j);

			if (t)
				t->consumers[t->nconsumers++] = (int)i;
		}
	}
	for (unsigned i = 0; i < g->noutputs; i++) {
		struct tensor *t = &g->tensors[g->outputs[i]];

		if (t->producer < 0 && t->input < 0 && !t->data)
			fail("output \"%s\" has no source", t->name);
	}
	find_empty_lists(g);
}

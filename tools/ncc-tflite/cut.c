// SPDX-License-Identifier: MIT
/*
 * --cut-tail: for which operators are refused is found out by trying. At a refusal all begins
 * anew, with the network ending in front of that operator.
 */
#include <setjmp.h>
#include <string.h>
#include "cut.h"
#include "lower.h"

/* What outlasts a try. */
static struct {
	jmp_buf again;
	const char *file;
	struct pass_options options;
	const struct io_options *io;
	void *mark;
	const struct graph *g;
	/* Of each operator: why it was refused, or NULL. */
	char *why[MAX_OPS];
} cut;

/* Returns where cutting does not help: met again by the next try, or not in the network. */
static void refuse(const struct graph *g, const struct op *op, const char *why)
{
	char **kept = &cut.why[op->index];

	if (g != cut.g || *kept)
		return;
	*kept = strdup(why);
	if (*kept)
		longjmp(cut.again, 1);
}

struct program *compile_layers(const char *file, const struct pass_options *o,
			       const struct io_options *io)
{
	struct program *p;
	struct graph *g;

	cut.file = file;
	cut.options = *o;
	cut.options.refused = cut.why;
	cut.io = io;
	cut.mark = alloc_mark();
	if (o->cut_tail && setjmp(cut.again))
		free_since(cut.mark);
	cut.g = NULL;
	g = graph_read(cut.file);
	cut.g = g;
	if (cut.options.cut_tail)
		set_refusal_handler(refuse);
	run_passes(g, &cut.options);
	p = lower_graph(g, cut.io);
	set_refusal_handler(NULL);
	return p;
}

void warn_cut(void)
{
	for (unsigned i = 0; i < MAX_OPS; i++)
		if (cut.why[i])
			warn_always("the network ends in front of %s", cut.why[i]);
}

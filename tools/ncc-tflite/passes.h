/* SPDX-License-Identifier: MIT */
/* Changes to the graph before it is lowered. */
#ifndef NCC_PASSES_H
#define NCC_PASSES_H

#include "graph.h"
#include "layer.h"

struct pass_options {
	bool relax_fp32;
	bool cut_tail;
	/* With cut_tail: for each operator why it is refused, or NULL. NULL: of none. */
	char *const *refused;
	unsigned level;
};

/* Gives results whose shape the file does not tell the one that follows, where that is known. */
void infer_shapes(struct graph *g, const struct op *op);
/* Warns of sizes that are open still, where 1 stands in for them. */
void warn_open(const struct graph *g);
/* Computes what depends on constants and shapes only. */
void fold_constants(struct graph *g);
/* Finds variables and their initial values; ends the run if a file does more with them. */
void find_variables(struct graph *g);
void run_passes(struct graph *g, const struct pass_options *o);
bool op_supported(int code);
bool op_is_reshape(const struct op *op);
/* Recomputes lifetimes after layers were added or split. */
void program_refresh(struct program *p);

#endif

/* SPDX-License-Identifier: MIT */
#ifndef NCC_CUT_H
#define NCC_CUT_H

#include "layer.h"
#include "passes.h"

/*
 * A file's network as layers; ends the run if that cannot be. With o->cut_tail the network ends
 * in front of operators that are refused. o->refused is not used. Once in a run.
 */
struct program *compile_layers(const char *file, const struct pass_options *o,
			       const struct io_options *io);
/* Says in front of which of these it ends, and why they were refused. */
void warn_cut(void);

#endif

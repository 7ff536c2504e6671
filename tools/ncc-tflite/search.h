/* SPDX-License-Identifier: MIT */
/* Makes code by several plans and keeps the one that is predicted to be fastest. */
#ifndef NCC_SEARCH_H
#define NCC_SEARCH_H

#include "plan.h"
#include "sched.h"

struct code {
	struct plan *plan;
	struct stream_text streams[MAX_STREAMS];
	unsigned nstreams;
	uint64_t cycles;
	struct layer_times *times;
	unsigned commands;
};

/*
 * progress: called after each plan with percent of the search, which never falls, plans made so
 * far and the fewest cycles; or NULL.
 */
struct code *search_code(struct program *p, const struct plan_options *o,
			 void (*progress)(unsigned percent, unsigned plans, uint64_t cycles));

#endif

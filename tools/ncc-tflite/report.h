/* SPDX-License-Identifier: MIT */
/* What the --show options print. */
#ifndef NCC_REPORT_H
#define NCC_REPORT_H

#include "plan.h"
#include "sched.h"

void report_supported(void);
void report_io(const struct program *p);
void report_memory(const struct program *p, const struct plan *plan);
void report_plan(const struct program *p, const struct plan *plan, const struct layer_times *times,
		 const struct stream_text *streams, unsigned nstreams, uint64_t cycles);

#endif

/* SPDX-License-Identifier: MIT */
/* What the --show options print. */
#ifndef NCC_REPORT_H
#define NCC_REPORT_H

#include "search.h"

void report_supported(void);
void report_io(const struct program *p);
/* verbose: and where every tensor lies. */
void report_memory(const struct program *p, const struct plan *plan, bool verbose);
/* verbose: and the operands' places in L1. */
void report_plan(const struct program *p, const struct code *code, bool verbose);

#endif

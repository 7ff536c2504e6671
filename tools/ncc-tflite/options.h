/* SPDX-License-Identifier: MIT */
#ifndef NCC_OPTIONS_H
#define NCC_OPTIONS_H

#include "dla_write.h"

#define MAX_META 32

struct options {
	const char *model;
	const char *output;
	bool cut_tail;
	bool relax_fp32;
	bool check_only;
	struct io_options io;
	bool show_memory, show_plan, show_io, show_layers;
	bool verbose;
	unsigned level;
	unsigned num_mdla;
	uint64_t l1_kib;
	struct metadata meta[MAX_META];
	unsigned nmeta;
};

/* Exits with 2 after wrong use, with 0 after --help and its like. */
void parse_options(struct options *o, int argc, char **argv);

#endif

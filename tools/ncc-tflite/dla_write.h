/* SPDX-License-Identifier: MIT */
/* Writes a .dla file: see hal/include/apu/dla.h. */
#ifndef NCC_DLA_WRITE_H
#define NCC_DLA_WRITE_H

#include "plan.h"
#include "sched.h"

struct metadata {
	const char *key;
	const char *file;
};

struct dla_contents {
	const struct program *p;
	const struct plan *plan;
	const struct stream_text *streams;
	unsigned nstreams;
	uint64_t cycles;
	const struct metadata *meta;
	unsigned nmeta;
};

/* The file appears whole or not at all. */
void dla_write(const char *file, const struct dla_contents *c);

#endif

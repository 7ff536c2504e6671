/* SPDX-License-Identifier: MIT */
/* Places blocks that are alive over intervals of time so that none overlap. */
#ifndef NCC_PLACE_H
#define NCC_PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include "util.h"

struct block {
	uint64_t bytes;
	int from, to; /* alive at these times and between */
	uint64_t *where;
	uint64_t off;
};

struct arena {
	VEC(struct block) blocks;
	uint64_t used; /* after placing */
};

void arena_add(struct arena *a, uint64_t bytes, int from, int to, uint64_t *where);
/* Returns -1, or a time at which something did not fit into limit bytes. */
int arena_place(struct arena *a, uint64_t limit);
/* The most bytes alive at once: no placement can use less. */
uint64_t arena_lower_bound(const struct arena *a);

#endif

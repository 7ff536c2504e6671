/* SPDX-License-Identifier: MIT */
/* From plan to commands. */
#ifndef NCC_EMIT_H
#define NCC_EMIT_H

#include "plan.h"
#include "sched.h"

/* One output region of a layer that one command computes. */
struct part {
	uint32_t y0, y1;
	uint32_t c0, c1;
	int want; /* engine instance, or -1 */
};

/* Where rows of an operand lie in L1 for the stripe at hand. */
struct binding {
	uint64_t base; /* byte offset in L1 of its row row0 */
	uint32_t row0;
	uint64_t hp, wp; /* bytes */
};

void emit_plan(struct plan *plan, struct sched *s);

/* emit_compute.c: commands of MDLA and MVPU. consts: reference of the layer's constants. */
void emit_part(struct sched *s, const struct layer *l, int index, const struct part *part,
	       const struct binding in[2], const struct binding *out, uint64_t consts,
	       const struct const_layout *layout, bool consts_in_l1);

static inline uint64_t make_ref(unsigned region, uint64_t off)
{
	return (uint64_t)region << APU_REF_REGION_SHIFT | off;
}

#endif

// SPDX-License-Identifier: MIT
#include <string.h>
#include "emit.h"
#include "passes.h"
#include "search.h"

/* eDMA instances that code is made for. */
#define NUM_EDMA 2

/* Below -O3 the first of each is taken. */
static const unsigned lookaheads[] = {2, 6, 24};
static const uint64_t chunks[] = {131072, 65536, 0};
static const unsigned stripe_counts[] = {4, 8};

/* The layers as they were before a plan split any. */
struct snapshot {
	struct layer *layers;
	size_t n;
};

static struct code *make_code(struct program *p, const struct snapshot *snap,
			      const struct plan_options *o)
{
	struct code *code = alloc(1, sizeof(*code));
	struct sched *s = sched_new(o->num_mdla, NUM_EDMA);

	p->layers.n = p->layers.cap = snap->n;
	p->layers.v = alloc(snap->n + 1, sizeof(*p->layers.v));
	if (snap->n)
		memcpy(p->layers.v, snap->layers, snap->n * sizeof(*p->layers.v));
	program_refresh(p);
	code->plan = make_plan(p, o);
	emit_plan(code->plan, s);
	sched_finish(s);
	code->nstreams = sched_streams(s, code->streams);
	code->layer_cycles = alloc(p->layers.n + 1, sizeof(*code->layer_cycles));
	code->cycles = sched_predict(s, code->layer_cycles, code->streams, code->nstreams);
	return code;
}

struct code *search_code(struct program *p, const struct plan_options *base)
{
	struct snapshot snap = {.layers = p->layers.v, .n = p->layers.n};
	struct plan_options o = *base, best = *base;
	uint64_t best_cycles = UINT64_MAX;
	bool all = base->level >= 3;

	for (unsigned i = 0; i < (all ? ARRAY_SIZE(lookaheads) : 1); i++)
		for (unsigned j = 0; j < (all ? ARRAY_SIZE(chunks) : 1); j++)
			for (unsigned k = 0; k < (all ? ARRAY_SIZE(stripe_counts) : 1); k++)
				for (unsigned keep = 0; keep < (all ? 2 : 1); keep++) {
					uint64_t cycles;

					o.lookahead = lookaheads[i];
					o.const_chunk = base->level >= 2 ? chunks[j] : 0;
					o.stripes = stripe_counts[k];
					o.keep_prefetch = keep;
					cycles = make_code(p, &snap, &o)->cycles;
					if (cycles >= best_cycles)
						continue;
					best_cycles = cycles;
					best = o;
				}
	return make_code(p, &snap, &best);
}

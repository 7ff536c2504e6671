// SPDX-License-Identifier: MIT
#include <string.h>
#include "emit.h"
#include "passes.h"
#include "search.h"

/* eDMA instances that code is made for. */
#define NUM_EDMA 2

/* What is tried in the place of each parameter, the first being where the search begins. */
static const uint64_t lookaheads[] = {0, 2, 6, 24, 80};
static const uint64_t rates[] = {10, 4, 7, 14, 20};
static const uint64_t chunks[] = {131072, 65536, 32768, 24576, 16384, 12288, 8192, 0};
static const uint64_t stripe_counts[] = {4, 2, 8};
static const uint64_t directs[] = {0, 2, 3, 1, 4};

enum { LOOKAHEAD, RATE, CHUNK, STRIPES, DIRECT, NUM_PARAMS };

static const struct {
	const uint64_t *values;
	unsigned n;
} params[NUM_PARAMS] = {
	[LOOKAHEAD] = {lookaheads, ARRAY_SIZE(lookaheads)},
	[RATE] = {rates, ARRAY_SIZE(rates)},
	[CHUNK] = {chunks, ARRAY_SIZE(chunks)},
	[STRIPES] = {stripe_counts, ARRAY_SIZE(stripe_counts)},
	[DIRECT] = {directs, ARRAY_SIZE(directs)},
};

/* Each parameter is varied this often, the others being what was best so far. */
#define ROUNDS 3

/* A limit on the time of the search that does not depend on the machine. */
#define BUDGET 1000000

/* The layers as they were before a plan split any. */
struct snapshot {
	struct layer *layers;
	size_t n;
};

/* Cycles of the prologue that the runtime gives every stream. */
static uint64_t prologue_cycles(const struct program *p, const struct plan *plan)
{
	/* SET_REGION of text, inputs and outputs; CALL; END. */
	uint64_t commands = 3 + (uint64_t)p->graph->ninputs + p->graph->noutputs;

	commands += p->statics.n > 0;
	commands += plan->temp_bytes > 0;
	return commands * APU_CYC_COMMAND;
}

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
	for (unsigned i = 0; i < code->nstreams; i++)
		code->commands += code->streams[i].commands;
	code->times = alloc(p->layers.n + 1, sizeof(*code->times));
	code->cycles = sched_predict(s, code->times, code->streams, code->nstreams);
	code->cycles += prologue_cycles(p, code->plan);
	return code;
}

static struct plan_options with_params(const struct plan_options *base,
				       const uint64_t v[NUM_PARAMS])
{
	struct plan_options o = *base;

	o.lookahead = (unsigned)v[LOOKAHEAD];
	o.const_chunk = base->level >= 2 ? v[CHUNK] : 0;
	o.stripes = (unsigned)v[STRIPES];
	o.load_rate = (unsigned)v[RATE];
	o.direct = (unsigned)v[DIRECT];
	return o;
}

struct search {
	struct program *p;
	struct snapshot snap;
	const struct plan_options *base;
	uint64_t best[NUM_PARAMS];
	uint64_t cycles;
	uint64_t spent;
	unsigned plans; /* made so far */
	/* Values of parameters and layers that were looked at, and all. */
	uint64_t at, all;
	void (*progress)(unsigned percent, unsigned plans, uint64_t cycles);
};

/* The limit on time, or all that there is to try: whichever is nearer. */
static void tell_progress(const struct search *s)
{
	uint64_t spent = s->spent * 100 / BUDGET, tried = s->at * 100 / s->all;
	uint64_t percent = spent > tried ? spent : tried;

	if (s->progress)
		s->progress(percent < 100 ? (unsigned)percent : 100, s->plans, s->cycles);
}

/* Emitting grows with the number of commands, planning with the square of layers. */
static uint64_t work(const struct code *code, size_t layers)
{
	return code->commands + (uint64_t)layers * layers / 16;
}

/* Is what was changed last an improvement? */
static bool better(struct search *s)
{
	struct plan_options o = with_params(s->base, s->best);
	void *mark = alloc_mark();
	struct code *code;
	bool gain;

	if (s->spent > BUDGET)
		return false;
	code = make_code(s->p, &s->snap, &o);
	s->plans++;
	s->spent += work(code, s->p->layers.n);
	gain = code->cycles < s->cycles;
	if (gain)
		s->cycles = code->cycles;
	free_since(mark);
	tell_progress(s);
	return gain;
}

static void vary_params(struct search *s)
{
	for (unsigned i = 0; i < NUM_PARAMS; i++) {
		uint64_t was = s->best[i], now = was;

		for (unsigned k = 0; k < params[i].n; k++) {
			s->at++;
			if (params[i].values[k] == was)
				continue;
			s->best[i] = params[i].values[k];
			if (better(s))
				now = s->best[i];
		}
		s->best[i] = now;
	}
}

/* Which of the layers with many constants read some of them by themselves. */
static void vary_layers(struct search *s)
{
	static const uint8_t modes[] = {1, 2, 3, 4};

	for (size_t i = 0; i < s->snap.n; i++) {
		struct layer *l = &s->snap.layers[i];
		uint8_t now = l->direct_mode;

		s->at++;
		if (l->kind != LAYER_CONV || const_layout(l).total <= s->best[CHUNK] ||
		    !s->best[CHUNK])
			continue;
		for (unsigned k = 0; k < ARRAY_SIZE(modes); k++) {
			l->direct_mode = modes[k];
			if (better(s))
				now = modes[k];
		}
		l->direct_mode = now;
	}
}

struct code *search_code(struct program *p, const struct plan_options *base,
			 void (*progress)(unsigned percent, unsigned plans, uint64_t cycles))
{
	struct search s = {
		.p = p,
		.snap = {.layers = p->layers.v, .n = p->layers.n},
		.base = base,
		.plans = 1,
		.progress = progress,
	};
	struct plan_options o;
	struct code *code;

	for (unsigned i = 0; i < NUM_PARAMS; i++) {
		s.best[i] = params[i].values[0];
		s.all += params[i].n;
	}
	s.all = ROUNDS * (s.all + s.snap.n);
	o = with_params(base, s.best);
	code = make_code(p, &s.snap, &o);
	if (base->level < 3)
		return code;
	s.cycles = code->cycles;
	s.spent = work(code, p->layers.n);
	tell_progress(&s);
	for (unsigned round = 0; round < ROUNDS; round++) {
		vary_params(&s);
		vary_layers(&s);
	}
	/* Buffers and layers are as the last plan left them. */
	o = with_params(base, s.best);
	return make_code(p, &s.snap, &o);
}

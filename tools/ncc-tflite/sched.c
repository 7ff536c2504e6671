// SPDX-License-Identifier: MIT
#include <string.h>
#include "sched.h"

/* What a SIGNAL and a WAIT add to the way from one stream to another. */
#define SYNC_CYCLES (2 * APU_CYC_COMMAND)

struct job_op {
	/* First what every later operation looks at. */
	unsigned naccesses;
	struct access acc[MAX_ACCESSES];
	union command cmd;
	struct cost cost;
	int layer;
	unsigned stream;
	uint64_t finish; /* estimate */
	/* Operations of other streams to wait for: their index there + 1; 0: none. */
	uint32_t wait[MAX_STREAMS];
	/* Per stream, how many operations are known to have ended after this one's waits. */
	uint32_t known[MAX_STREAMS];
	bool signals;
	uint32_t signal_value; /* of the stream's counter, after this operation */
};

struct stream {
	enum apu_engine_class engine_class;
	unsigned instance;
	VEC(struct job_op *) ops;
	uint64_t clock;
	uint32_t known[MAX_STREAMS];
};

struct sched {
	struct stream streams[MAX_STREAMS];
	unsigned nstreams;
	uint64_t dram_free;
	uint64_t bytes;
};

static void add_streams(struct sched *s, enum apu_engine_class class, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct stream *st = &s->streams[s->nstreams++];

		st->engine_class = class;
		st->instance = i;
	}
}

struct sched *sched_new(unsigned num_mdla, unsigned num_edma)
{
	struct sched *s = alloc(1, sizeof(*s));

	add_streams(s, APU_ENGINE_CLASS_MDLA, num_mdla);
	add_streams(s, APU_ENGINE_CLASS_EDMA, num_edma);
	add_streams(s, APU_ENGINE_CLASS_MVPU, 1);
	return s;
}

static enum apu_engine_class class_of(const union command *cmd)
{
	switch (cmd->hdr.opcode) {
	case APU_OP_COPY:
	case APU_OP_FILL:
	case APU_OP_GATHER:
		return APU_ENGINE_CLASS_EDMA;
	case APU_OP_SOFTMAX:
	case APU_OP_NORM:
	case APU_OP_ACTIVATION:
	case APU_OP_RESIZE:
	case APU_OP_ARG:
	case APU_OP_REDUCE:
		return APU_ENGINE_CLASS_MVPU;
	default:
		return APU_ENGINE_CLASS_MDLA;
	}
}

static bool ops_conflict(const struct job_op *a, const struct job_op *b)
{
	for (unsigned i = 0; i < a->naccesses; i++)
		for (unsigned j = 0; j < b->naccesses; j++)
			if (accesses_conflict(&a->acc[i], &b->acc[j]))
				return true;
	return false;
}

/* The last operation of each stream, from known on, that op must follow: index + 1. */
static void find_conflicts(const struct sched *s, const struct job_op *op,
			   const uint32_t known[MAX_STREAMS], uint32_t need[MAX_STREAMS])
{
	for (unsigned i = 0; i < s->nstreams; i++) {
		const struct stream *st = &s->streams[i];

		need[i] = 0;
		for (size_t j = st->ops.n; j > known[i]; j--) {
			if (ops_conflict(st->ops.v[j - 1], op)) {
				need[i] = (uint32_t)j;
				break;
			}
		}
	}
}

static uint64_t start_time(const struct sched *s, unsigned stream, const uint32_t need[MAX_STREAMS])
{
	uint64_t start = s->streams[stream].clock;

	for (unsigned i = 0; i < s->nstreams; i++) {
		uint64_t t;

		if (i == stream || !need[i])
			continue;
		t = s->streams[i].ops.v[need[i] - 1]->finish + SYNC_CYCLES;
		if (t > start)
			start = t;
	}
	return start;
}

/* The stream on which the operation would end first. */
static unsigned choose_stream(const struct sched *s, const struct job_op *op, int want)
{
	enum apu_engine_class class = class_of(&op->cmd);
	uint64_t best_end = UINT64_MAX;
	unsigned best = 0;

	for (unsigned i = 0; i < s->nstreams; i++) {
		const struct stream *st = &s->streams[i];
		uint32_t need[MAX_STREAMS];
		uint64_t dram = s->dram_free, start, end;

		if (st->engine_class != class)
			continue;
		if (want >= 0) {
			if (st->instance == (unsigned)want)
				return i;
			continue;
		}
		find_conflicts(s, op, st->known, need);
		start = start_time(s, i, need);
		end = start + command_cycles(&op->cost, start, &dram);
		if (end < best_end) {
			best_end = end;
			best = i;
		}
	}
	return best;
}

/* Waits for the youngest first: what it knows may make others unnecessary. */
static void add_waits(struct sched *s, struct stream *st, unsigned self, struct job_op *op)
{
	for (;;) {
		uint32_t need[MAX_STREAMS];
		uint64_t latest = 0;
		int pick = -1;
		const struct job_op *other;

		find_conflicts(s, op, st->known, need);
		for (unsigned i = 0; i < s->nstreams; i++) {
			if (i == self || !need[i])
				continue;
			if (pick < 0 || s->streams[i].ops.v[need[i] - 1]->finish > latest) {
				pick = (int)i;
				latest = s->streams[i].ops.v[need[i] - 1]->finish;
			}
		}
		if (pick < 0)
			return;
		op->wait[pick] = need[pick];
		other = s->streams[pick].ops.v[need[pick] - 1];
		for (unsigned i = 0; i < s->nstreams; i++)
			if (other->known[i] > st->known[i])
				st->known[i] = other->known[i];
		if (need[pick] > st->known[pick])
			st->known[pick] = need[pick];
	}
}

void sched_add(struct sched *s, const union command *cmd, int layer, int want)
{
	struct job_op *op = alloc(1, sizeof(*op));
	uint32_t need[MAX_STREAMS];
	struct stream *st;
	uint64_t start;

	op->cmd = *cmd;
	op->layer = layer;
	op->naccesses = command_accesses(cmd, op->acc, &op->cost);
	s->bytes += 8ull * cmd->hdr.words;
	if (s->bytes > APU_MAX_STREAM_BYTES / 2)
		fail("the model needs too many commands: not supported");
	op->stream = choose_stream(s, op, want);
	st = &s->streams[op->stream];
	find_conflicts(s, op, st->known, need);
	start = start_time(s, op->stream, need);
	add_waits(s, st, op->stream, op);
	/* What this stream did before has ended when this operation has. */
	memcpy(op->known, st->known, sizeof(op->known));
	*PUSH(&st->ops) = op;
	op->known[op->stream] = st->known[op->stream] = (uint32_t)st->ops.n;
	op->finish = st->clock = start + command_cycles(&op->cost, start, &s->dram_free);
}

void sched_finish(struct sched *s)
{
	for (unsigned i = 0; i < s->nstreams; i++)
		for (size_t j = 0; j < s->streams[i].ops.n; j++)
			for (unsigned k = 0; k < s->nstreams; k++) {
				uint32_t w = s->streams[i].ops.v[j]->wait[k];

				if (w)
					s->streams[k].ops.v[w - 1]->signals = true;
			}
	for (unsigned i = 0; i < s->nstreams; i++) {
		uint32_t value = 0;

		for (size_t j = 0; j < s->streams[i].ops.n; j++) {
			struct job_op *op = s->streams[i].ops.v[j];

			value += op->signals;
			op->signal_value = value;
		}
	}
}

/* One command of a stream as it will be written: a wait, an operation or a signal. */
struct step {
	enum { STEP_WAIT, STEP_OP, STEP_SIGNAL } kind;
	const struct job_op *op;
	unsigned counter;
	uint32_t value;
};

typedef VEC(struct step) step_list;

static const struct job_op *awaited(const struct sched *s, const struct job_op *op, unsigned stream)
{
	return op->wait[stream] ? s->streams[stream].ops.v[op->wait[stream] - 1] : NULL;
}

/*
 * The stream to wait for after those in done: of what is left, that which ends first. So the
 * cycles of one WAIT pass while the next has to wait anyway. -1: none is left.
 */
static int next_wait(const struct sched *s, const struct job_op *op, unsigned done)
{
	const struct job_op *best = NULL;
	int pick = -1;

	for (unsigned k = 0; k < s->nstreams; k++) {
		const struct job_op *other = awaited(s, op, k);

		if (!other || done & 1u << k || (best && other->finish >= best->finish))
			continue;
		best = other;
		pick = (int)k;
	}
	return pick;
}

static void list_steps(const struct sched *s, unsigned stream, step_list *out)
{
	const struct stream *st = &s->streams[stream];

	for (size_t j = 0; j < st->ops.n; j++) {
		const struct job_op *op = st->ops.v[j];
		unsigned done = 0;
		int k;

		while ((k = next_wait(s, op, done)) >= 0) {
			done |= 1u << k;
			*PUSH(out) = (struct step){
				.kind = STEP_WAIT,
				.op = op,
				.counter = (unsigned)k,
				.value = awaited(s, op, (unsigned)k)->signal_value,
			};
		}
		*PUSH(out) = (struct step){.kind = STEP_OP, .op = op};
		if (op->signals)
			*PUSH(out) =
				(struct step){.kind = STEP_SIGNAL, .op = op, .counter = stream};
	}
}

unsigned sched_streams(const struct sched *s, struct stream_text out[MAX_STREAMS])
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->nstreams; i++) {
		const struct stream *st = &s->streams[i];
		struct stream_text *t = &out[n];
		step_list steps = {0};
		uint64_t off = 0;

		if (!st->ops.n)
			continue;
		n++;
		*t = (struct stream_text){.engine_class = st->engine_class,
					  .instance = st->instance};
		list_steps(s, i, &steps);
		t->text = alloc(steps.n, sizeof(union command));
		for (size_t j = 0; j < steps.n; j++) {
			const struct step *p = &steps.v[j];
			union command c;

			memset(&c, 0, sizeof(c));
			switch (p->kind) {
			case STEP_WAIT:
				c.hdr.opcode = APU_OP_WAIT;
				c.hdr.words = sizeof(c.wait) / 8;
				c.hdr.imm = p->counter;
				c.wait.value = p->value;
				break;
			case STEP_OP:
				c = p->op->cmd;
				break;
			case STEP_SIGNAL:
				c.hdr.opcode = APU_OP_SIGNAL;
				c.hdr.words = 1;
				c.hdr.imm = p->counter;
				break;
			}
			memcpy(t->text + off, &c, 8u * c.hdr.words);
			off += 8u * c.hdr.words;
		}
		t->bytes = off;
		t->commands = (unsigned)steps.n;
	}
	return n;
}

static void add_times(struct layer_times *times, const struct job_op *op, uint64_t begin,
		      uint64_t end)
{
	struct layer_times *t = &times[op->layer];

	if (op->layer < 0)
		return;
	t->busy += end - begin;
	if (class_of(&op->cmd) == APU_ENGINE_CLASS_EDMA)
		return;
	if (!t->end || begin < t->begin)
		t->begin = begin;
	if (end > t->end)
		t->end = end;
}

uint64_t sched_predict(const struct sched *s, struct layer_times *times,
		       struct stream_text streams[MAX_STREAMS], unsigned n)
{
	step_list steps[MAX_STREAMS] = {0};
	size_t pc[MAX_STREAMS] = {0};
	uint64_t clock[MAX_STREAMS] = {0}, busy[MAX_STREAMS] = {0}, dram = 0, end = 0;
	/* When each counter reached each value. */
	VEC(uint64_t) reached[MAX_STREAMS] = {0};
	unsigned k = 0;

	for (unsigned i = 0; i < s->nstreams; i++)
		list_steps(s, i, &steps[i]);
	for (;;) {
		const struct step *p;
		uint64_t cost;
		int pick = -1;

		for (unsigned i = 0; i < s->nstreams; i++) {
			if (pc[i] == steps[i].n)
				continue;
			p = &steps[i].v[pc[i]];
			if (p->kind == STEP_WAIT && reached[p->counter].n < p->value)
				continue;
			if (pick < 0 || clock[i] < clock[pick])
				pick = (int)i;
		}
		if (pick < 0)
			break;
		p = &steps[pick].v[pc[pick]++];
		switch (p->kind) {
		case STEP_WAIT:
			if (reached[p->counter].v[p->value - 1] > clock[pick])
				clock[pick] = reached[p->counter].v[p->value - 1];
			clock[pick] += APU_CYC_COMMAND;
			break;
		case STEP_SIGNAL:
			clock[pick] += APU_CYC_COMMAND;
			busy[pick] += APU_CYC_COMMAND;
			*PUSH(&reached[pick]) = clock[pick];
			break;
		case STEP_OP:
			cost = command_cycles(&p->op->cost, clock[pick], &dram);
			clock[pick] += cost;
			busy[pick] += cost;
			add_times(times, p->op, clock[pick] - cost, clock[pick]);
			break;
		}
		if (clock[pick] > end)
			end = clock[pick];
	}
	for (unsigned i = 0; i < s->nstreams; i++)
		if (steps[i].n && k < n)
			streams[k++].busy = busy[i];
	return end;
}

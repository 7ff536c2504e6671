/* SPDX-License-Identifier: MIT */
/*
 * Streams: commands come in an order in which they would work one after the
 * other; each goes to an instance of its engine class, and SIGNAL and WAIT are
 * put in so that commands that touch the same bytes keep that order.
 */
#ifndef NCC_SCHED_H
#define NCC_SCHED_H

#include "layer.h"

#define MAX_STREAMS 5
#define MAX_ACCESSES 6

union command {
	struct apu_cmd_header hdr;
	struct apu_cmd_wait wait;
	struct apu_cmd_conv conv;
	struct apu_cmd_pool pool;
	struct apu_cmd_eltwise elt;
	struct apu_cmd_copy copy;
	struct apu_cmd_fill fill;
	struct apu_cmd_gather gather;
	struct apu_cmd_softmax softmax;
	struct apu_cmd_norm norm;
	struct apu_cmd_activation act;
	struct apu_cmd_resize resize;
	struct apu_cmd_arg arg;
	struct apu_cmd_reduce reduce;
};

/* count pieces of chunk bytes, stride apart, in a region. */
struct access {
	uint8_t region;
	bool write;
	uint64_t off, end;
	uint64_t chunk, stride, count;
};

struct cost {
	uint64_t compute, l1_bytes, dram_bytes;
};

/* What a command touches and what it costs. */
unsigned command_accesses(const union command *cmd, struct access a[MAX_ACCESSES],
			  struct cost *cost);
/* May the pieces of two accesses whose extents meet have bytes in common? */
bool pieces_meet(const struct access *a, const struct access *b);

static inline bool accesses_conflict(const struct access *a, const struct access *b)
{
	return a->off < b->end && b->off < a->end && a->region == b->region &&
	       (a->write || b->write) && pieces_meet(a, b);
}

/* The DRAM of the cost model: when the transfer before ends. */
uint64_t command_cycles(const struct cost *c, uint64_t now, uint64_t *dram_free);

struct sched;

struct sched *sched_new(unsigned num_mdla, unsigned num_edma);
/*
 * Adds a command for a layer (-1: none). want: instance of the class, or -1 to
 * choose the one that would be done first.
 */
void sched_add(struct sched *s, const union command *cmd, int layer, int want);
/* Decides on SIGNAL and WAIT; nothing is added any more. */
void sched_finish(struct sched *s);

struct stream_text {
	enum apu_engine_class engine_class;
	unsigned instance;
	uint8_t *text;
	uint64_t bytes;
	unsigned commands;
	uint64_t busy;
};
/* The streams that have commands; returns their number. */
unsigned sched_streams(const struct sched *s, struct stream_text out[MAX_STREAMS]);
/* Predicted times of a layer; copies for it count as busy, not as begin and end. */
struct layer_times {
	uint64_t busy, begin, end;
};
/* Predicted cycles of the job. times, per layer, is zero at first. */
uint64_t sched_predict(const struct sched *s, struct layer_times *times,
		       struct stream_text streams[MAX_STREAMS], unsigned n);

#endif

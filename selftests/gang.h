/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Jobs for engines of every class, with results that can be checked.
 */
#ifndef GANG_H
#define GANG_H

#include "apu_test.h"

/* Instances of a class, at most. */
#define GANG_MAX_STREAMS 8
/* Offset of a stream's second command. */
#define GANG_SECOND 24
#define GANG_BYTES 4096

/* Data that jobs of a client read; @seed makes that of clients differ. */
void gang_write_inputs(struct client *c, uint8_t seed);
void gang_clear_output(struct client *c);

/* A job on one engine of every class, with the longest limit, and its result. */
int gang_submit(struct client *c, uint64_t *seqno);
bool gang_is_right(struct client *c);

/*
 * A job on @instances engines of a class, so that, if these are all, stream n runs on
 * instance n. The second command of each reads memory; begins anew in the client's buffer
 * for commands.
 */
int gang_submit_class(struct client *c, uint32_t engine_class, int instances, uint32_t limit_us,
		      struct drm_apu_stream *streams, uint64_t *seqno);
/* What that command reads, and what stream n of the eDMA writes. */
uint64_t gang_source_va(uint32_t engine_class);
uint64_t gang_output_va(int instance);

/* A copy by the eDMA, and its result. */
int gang_submit_copy(struct client *c, uint64_t *seqno);
bool gang_copy_is_right(struct client *c);

/* As fault rules call it. */
void gang_engine_name(char *name, size_t size, uint32_t engine_class, int instance);

#endif

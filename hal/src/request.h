/* SPDX-License-Identifier: MIT */
#ifndef APU_REQUEST_H
#define APU_REQUEST_H

#include <stdbool.h>

#include "apu/apu_isa.h"
#include "session.h"

/* Where an input or output is. Unbound: neither. */
struct binding {
	/* Caller's memory, copied through staging. */
	void *ptr;
	/* Or device memory, used in place. */
	struct apu_bo *bo;
	uint64_t offset;
};

/* Waits of a submit: the request before, and a sync file. */
#define MAX_WAITS 2

struct apu_request {
	struct apu_session *session;
	unsigned int num_inputs;
	unsigned int num_tensors;
	struct binding bindings[DLA_MAX_IO];

	/* One buffer for all tensors bound by pointer; bit i of staged: i has a place in it. */
	struct apu_bo *staging;
	uint32_t staged;
	uint64_t staging_offset[DLA_MAX_IO];
	uint64_t staging_bytes;

	/* Prologues, one per stream of the model, prologue_stride apart. */
	struct apu_bo *prologues;
	uint64_t prologue_stride;
	/* Bindings have changed since the prologues were written. */
	bool dirty;

	/* The argument of the submit, ready but for waits. */
	struct drm_apu_job jobs[DLA_MAX_JOBS];
	struct drm_apu_stream *streams;
	uint32_t (*deps)[DLA_MAX_JOBS];
	struct drm_apu_bo_ref bos[DLA_MAX_IO];
	unsigned int num_bos;
	struct drm_apu_sync_op syncs[MAX_WAITS + 1];

	/* Signalled when the inference has ended; from a sync file, 0 until needed. */
	uint32_t syncobj;
	uint32_t in_syncobj;

	/*
	 * Its own context, so that it can be cancelled, and fail, alone; 0 before the first
	 * submit, after a failure and after a cancellation.
	 */
	uint32_t ctx;
	uint64_t seqno;
	/* The session's when ctx and the jobs' limits were set. */
	unsigned int qos_serial;
	bool submitted;
	bool in_flight;
	bool cancelled;
	/* Its result when it is not in flight. */
	int status;

	/* Called at the end of each inference, or NULL. */
	apu_callback callback;
	void *opaque;
	/* While in flight with a callback, else -1. Covered by the notifier's lock. */
	int fence;
};

/*
 * Makes staging, prologues and the submit's buffer list fit the bindings. -EINVAL if
 * something is not bound.
 */
int request_prepare(struct apu_request *request);
/* Allocates staging for the tensors of mask, at least. */
int request_stage(struct apu_request *request, uint32_t mask);
/* Gives staging and bound buffers back. */
void request_unbind_all(struct apu_request *request);
/*
 * Waits and learns the result, without copies; true if the request has ended: then
 * status is its result.
 */
bool request_finish(struct apu_request *request, int64_t timeout_ns);
/* With the session's lock held. */
void request_drop_ctx(struct apu_request *request);
/* Staging's copies. */
void request_copy_in(struct apu_request *request);
void request_copy_out(struct apu_request *request);

#endif

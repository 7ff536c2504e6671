/* SPDX-License-Identifier: MIT */
/*
 * A runtime of version 1.
 *
 * What the client sets is kept here and bound to a request at each inference. There is one
 * request, and one more for each fenced inference that is under way beside it, or whose callback
 * has not been called.
 */
#ifndef NEURON_V1_RUNTIME_H
#define NEURON_V1_RUNTIME_H

#include <pthread.h>

#include "common.h"

/* What was set; neither: nothing yet. */
struct place {
	uint8_t *ptr;
	struct apu_bo *bo;
	size_t offset;
};

struct run {
	struct run *next;
	struct runtime *rt;
	/* Of the fenced inference whose callback is to be called; 0: none. */
	uint64_t fenced;
	/* With fenced: in the family's list. */
	struct run *next_fenced;
	struct apu_request *request;
	/* Padded copies, where the client's memory is not; NULL until needed. */
	void *copy[2][NEURON_MAX_IO];
	/* Where outputs go, as set when it was started. */
	uint8_t *out[NEURON_MAX_IO];
	bool busy;
};

/* A runtime and its clones: they have one device handle, so its contexts in common. */
struct family {
	/* Covers what follows, and what is said so of the members: callbacks come from any thread.
	 */
	pthread_mutex_t lock;
	unsigned int members;
	/* Fenced inferences whose callbacks have not been called, the oldest first. */
	struct run *fenced;
	/* Fenced inferences so far. */
	uint64_t num_fenced;
};

struct runtime {
	struct neuron_handle handle;
	EnvOptions env;
	char *device;
	struct apu_device *dev;
	struct apu_session *session;
	unsigned int num_io[2];
	struct apu_tensor_info io[2][NEURON_MAX_IO];
	struct place places[2][NEURON_MAX_IO];
	struct family *family;
	/* With the family's lock. */
	struct run *runs;
	/* The last that ended; with the family's lock. */
	struct run *last;
	struct neuron_profile profile;
};

/* Bytes that the client's memory has at least. */
size_t version1_client_size(const struct runtime *rt, bool output,
			    const struct apu_tensor_info *info);
/* With the family's lock held, or before others know rt. A RuntimeAPIErrorCode. */
int version1_new_run(struct runtime *rt, struct run **out);
/* All of a runtime that nobody uses any more; waits for those under way. */
void version1_free_runs(struct runtime *rt);
/*
 * After a failure with this negative errno: if it was for what fenced inferences of the family
 * hold, forgets the oldest of them and returns true: worth another try. It waits for that one.
 */
bool version1_make_room(struct runtime *rt, int err);

#endif

/* SPDX-License-Identifier: MIT */
/*
 * What the unit tests of version 2 share: runtimes, inputs and outputs, and jobs whose callbacks
 * are counted.
 */
#ifndef APU_TESTS_NEURON_JOBS_H
#define APU_TESTS_NEURON_JOBS_H

#include <pthread.h>

#include "neuron/api/RuntimeV2.h"
#include "neuron_util.h"

/* Jobs whose callbacks are counted, with how each ended. */
#define MAX_JOBS 64

struct watch {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned int calls;
	unsigned int seen[MAX_JOBS];
	int status[MAX_JOBS];
	/* In the callback: so many more jobs of request, then run() of sync. */
	void *runtime;
	unsigned int more;
	AsyncInferenceRequest request;
	SyncInferenceRequest *sync;
	int result;
};

extern struct watch watch;

/* Waits until there were so many callbacks. */
void await_calls(unsigned int calls);

/* One set of inputs and outputs. */
struct io {
	int8_t in[SIZE];
	int8_t out[SIZE];
	IOBuffer in_buffer;
	IOBuffer out_buffer;
};

/* All of the input has this value, the output is 0. */
void io_init(struct io *io, int value);
SyncInferenceRequest sync_of(struct io *io);
/* Its callback is counted in watch. */
AsyncInferenceRequest async_of(struct io *io);

/* A runtime of small_model(). */
void *make(size_t threads, size_t backlog);
/* And its end, after which nothing may be left. */
void release(void *runtime);
/* Of each test. */
int setup(void **state);

#endif

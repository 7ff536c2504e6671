/* SPDX-License-Identifier: MIT */
/*
 * Version 2's workers and queue.
 *
 * A slot is a session, so a working buffer, with one request. Jobs wait in one queue in the order
 * in which they came; who may take the first needs a free slot. Asynchronous jobs
 * are taken by workers, synchronous ones by the thread that waits for them, which saves
 * a change of threads. There are as many workers as slots.
 */
#ifndef NEURON_POOL_H
#define NEURON_POOL_H

#include <pthread.h>

#include "common.h"
#include "neuron/api/RuntimeV2.h"

struct job {
	struct job *next;
	uint64_t id;
	IOBuffer *inputs;
	IOBuffer *outputs;
	void (*finish_cb)(uint64_t job_id, void *opaque, int status);
	void *opaque;
	bool cancelled;
	/* Its callback runs. */
	bool done;
	/* Its thread waits for its turn; else a worker does it, and turn is not used. */
	bool sync;
	pthread_cond_t turn;
};

struct slot {
	struct slot *next;
	struct apu_session *session;
	struct apu_request *request;
	/* What runs here, or NULL. */
	struct job *job;
};

struct pool {
	struct neuron_handle handle;
	struct apu_device *dev;
	/* Padded sizes of inputs, outputs. */
	unsigned int num_io[2];
	size_t io_size[2][NEURON_MAX_IO];
	struct slot *slots;
	size_t num_slots;
	size_t backlog;
	pthread_t *threads;

	/* Covers what follows. */
	pthread_mutex_t lock;
	/* For workers: there may be something to do. */
	pthread_cond_t work;
	/* The queue is not full any more. */
	pthread_cond_t space;
	/* A job has ended, or a slot became free. */
	pthread_cond_t ended;
	struct slot *free;
	size_t num_free;
	/* Slots whose inference was left to a worker to wait for. */
	struct slot *finishing;
	struct job *head;
	struct job **tail;
	size_t queued;
	/* Jobs to be used again. */
	struct job *spare;
	uint64_t next_id;
	size_t num_threads;
	bool stop;
	struct neuron_profile profile;
};

/*
 * Takes over the references to dev and model. A RuntimeAPIErrorCode; on failure all is
 * released.
 */
int pool_create(struct apu_device *dev, struct apu_model *model, size_t num_threads, size_t backlog,
		struct pool **out);
/* Waits until all jobs have ended. From a callback: does nothing but record an error. */
void pool_release(struct pool *pool);

/* RuntimeAPIErrorCode. */
int pool_enqueue(struct pool *pool, const AsyncInferenceRequest *request, uint64_t *job_id);
int pool_run(struct pool *pool, const SyncInferenceRequest *request);

/* 0 or a negative errno; see <apu/neuron.h>. */
int pool_run_fenced(struct pool *pool, const SyncInferenceRequest *request, int in_fence,
		    int *out_fence);
int pool_cancel(struct pool *pool, uint64_t job_id);
int pool_wait(struct pool *pool, uint64_t job_id, int64_t timeout_ns);

#endif

// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "neuron_jobs.h"

struct watch watch;

static void finished(uint64_t job, void *opaque, int status)
{
	struct watch *w = opaque;
	bool more;

	pthread_mutex_lock(&w->lock);
	more = w->more > 0;
	w->more -= more;
	pthread_mutex_unlock(&w->lock);
	if (more) {
		uint64_t id;
		int ret = NeuronRuntimeV2_enqueue(w->runtime, w->request, &id);

		if (!ret && w->sync)
			ret = NeuronRuntimeV2_run(w->runtime, *w->sync);
		status |= ret;
	}
	pthread_mutex_lock(&w->lock);
	w->seen[job]++;
	w->status[job] = status;
	w->calls++;
	pthread_cond_broadcast(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

void await_calls(unsigned int calls)
{
	pthread_mutex_lock(&watch.lock);
	while (watch.calls < calls)
		pthread_cond_wait(&watch.changed, &watch.lock);
	pthread_mutex_unlock(&watch.lock);
}

void io_init(struct io *io, int value)
{
	memset(io, 0, sizeof(*io));
	memset(io->in, value, SIZE);
	io->in_buffer = (IOBuffer){.buffer = io->in, .length = SIZE, .fd = -1};
	io->out_buffer = (IOBuffer){.buffer = io->out, .length = SIZE, .fd = -1};
}

SyncInferenceRequest sync_of(struct io *io)
{
	return (SyncInferenceRequest){&io->in_buffer, &io->out_buffer};
}

AsyncInferenceRequest async_of(struct io *io)
{
	return (AsyncInferenceRequest){&io->in_buffer, &io->out_buffer, finished, &watch};
}

void *make(size_t threads, size_t backlog)
{
	void *runtime = NULL;
	size_t size;
	uint8_t *data = small_model(&size);

	assert_int_equal(NeuronRuntimeV2_createFromBuffer_with_options(data, size, threads,
								       &runtime, backlog, OPTIONS),
			 NEURONRUNTIME_NO_ERROR);
	free(data);
	assert_non_null(runtime);
	return runtime;
}

void release(void *runtime)
{
	NeuronRuntimeV2_release(runtime);
	fake_assert_no_leak();
}

int setup(void **state)
{
	(void)state;
	fake_reset();
	memset(&watch, 0, sizeof(watch));
	pthread_mutex_init(&watch.lock, NULL);
	pthread_cond_init(&watch.changed, NULL);
	return 0;
}

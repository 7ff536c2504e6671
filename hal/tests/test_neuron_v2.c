// SPDX-License-Identifier: MIT
/*
 * The Neuron Runtime, version 2, against the kernel interface of fake_kmd.c.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "apu/neuron.h"
#include "neuron/api/RuntimeAPI.h"
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

static struct watch watch;

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

static void await_calls(unsigned int calls)
{
	pthread_mutex_lock(&watch.lock);
	while (watch.calls < calls)
		pthread_cond_wait(&watch.changed, &watch.lock);
	pthread_mutex_unlock(&watch.lock);
}

/* One set of inputs and outputs. */
struct io {
	int8_t in[SIZE];
	int8_t out[SIZE];
	IOBuffer in_buffer;
	IOBuffer out_buffer;
};

static void io_init(struct io *io, int value)
{
	memset(io, 0, sizeof(*io));
	memset(io->in, value, SIZE);
	io->in_buffer = (IOBuffer){.buffer = io->in, .length = SIZE, .fd = -1};
	io->out_buffer = (IOBuffer){.buffer = io->out, .length = SIZE, .fd = -1};
}

static SyncInferenceRequest sync_of(struct io *io)
{
	return (SyncInferenceRequest){&io->in_buffer, &io->out_buffer};
}

static AsyncInferenceRequest async_of(struct io *io)
{
	return (AsyncInferenceRequest){&io->in_buffer, &io->out_buffer, finished, &watch};
}

static void *make(size_t threads, size_t backlog)
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

static void release(void *runtime)
{
	NeuronRuntimeV2_release(runtime);
	fake_assert_no_leak();
}

static int setup(void **state)
{
	(void)state;
	fake_reset();
	memset(&watch, 0, sizeof(watch));
	pthread_mutex_init(&watch.lock, NULL);
	pthread_cond_init(&watch.changed, NULL);
	return 0;
}

static void run_gives_the_output(void **state)
{
	static const size_t threads[] = {0, 1, 4};
	struct io io;
	void *rt;
	int i, j;

	(void)state;
	for (i = 0; i < 3; i++) {
		rt = make(threads[i], i);
		for (j = 0; j < 5; j++) {
			io_init(&io, j + 1);
			assert_int_equal(NeuronRuntimeV2_run(rt, sync_of(&io)), 0);
			assert_memory_equal(io.in, io.out, SIZE);
		}
		release(rt);
	}
}

static void creation_from_a_file_and_a_descriptor(void **state)
{
	int fd = memfd_create("model", MFD_CLOEXEC);
	char path[32];
	size_t size;
	uint8_t *data = small_model(&size);
	void *rt = NULL;
	struct io io;

	(void)state;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(write(fd, data, size), size);
	free(data);
	assert_int_equal(NeuronRuntimeV2_create_with_options(path, 1, &rt, 8, OPTIONS), 0);
	io_init(&io, 3);
	assert_int_equal(NeuronRuntimeV2_run(rt, sync_of(&io)), 0);
	assert_memory_equal(io.in, io.out, SIZE);
	release(rt);
	assert_int_equal(apu_neuron_v2_create_fd(fd, 1, &rt, 8, OPTIONS), 0);
	release(rt);
	/* There is no such device here. */
	assert_int_equal(NeuronRuntimeV2_create(path, 1, &rt, 8), NEURONRUNTIME_RUNTIME_ERROR);
	assert_non_null(strstr(apu_neuron_error(), "no device"));
	close(fd);
	assert_int_equal(NeuronRuntimeV2_create(path, 1, &rt, 8), NEURONRUNTIME_RUNTIME_ERROR);
	assert_non_null(strstr(apu_neuron_error(), "No such file"));
}

static void creation_tells_what_is_wrong(void **state)
{
	void *rt = &rt;
	size_t size;
	uint8_t *data = small_model(&size);

	(void)state;
#define CREATE(data, size, options)                                                                \
	NeuronRuntimeV2_createFromBuffer_with_options(data, size, 1, &rt, 1, options)
	assert_int_equal(CREATE(NULL, size, OPTIONS), NEURONRUNTIME_UNEXPECTED_NULL);
	assert_int_equal(NeuronRuntimeV2_createFromBuffer(data, size, 1, NULL, 1),
			 NEURONRUNTIME_UNEXPECTED_NULL);
	assert_int_equal(NeuronRuntimeV2_create(NULL, 1, &rt, 1), NEURONRUNTIME_UNEXPECTED_NULL);
	assert_int_equal(CREATE(data, 0, OPTIONS), NEURONRUNTIME_BAD_DATA);
	assert_int_equal(CREATE(data, size / 2, OPTIONS), NEURONRUNTIME_BAD_DATA);
	assert_non_null(strstr(apu_neuron_error(), "bad model"));
	assert_int_equal(CREATE(data, size, "--device"), NEURONRUNTIME_BAD_DATA);
	assert_int_equal(CREATE(data, size, "'--device"), NEURONRUNTIME_BAD_DATA);
	assert_non_null(strstr(apu_neuron_error(), "quote"));
	assert_int_equal(CREATE(data, size, "--device '/dev/no such'"),
			 NEURONRUNTIME_RUNTIME_ERROR);
	assert_non_null(strstr(apu_neuron_error(), "/dev/no such does not exist"));
	fake.open_error = -EACCES;
	assert_int_equal(CREATE(data, size, OPTIONS), NEURONRUNTIME_RUNTIME_ERROR);
	assert_non_null(strstr(apu_neuron_error(), "no permission"));
	fake.open_error = 0;
	fake.version_major = 9;
	assert_int_equal(CREATE(data, size, OPTIONS), NEURONRUNTIME_BAD_DATA);
	assert_non_null(strstr(apu_neuron_error(), "version mismatch"));
	fake.version_major = 1;
	fake.info.l1_kib = 64;
	assert_int_equal(CREATE(data, size, OPTIONS), NEURONRUNTIME_BAD_DATA);
	assert_non_null(strstr(apu_neuron_error(), "does not fit"));
	assert_ptr_equal(rt, &rt);
	fake.info.l1_kib = 1024;
	assert_int_equal(NeuronRuntimeV2_createFromBuffer_with_options(data, size, SIZE_MAX, &rt, 1,
								       OPTIONS),
			 NEURONRUNTIME_BAD_DATA);
	assert_non_null(strstr(apu_neuron_error(), "threads"));
	free(data);
	fake_assert_no_leak();
}

static void queries_tell_the_tensors(void **state)
{
	RuntimeAPIDimensions dims;
	void *rt = make(1, 1);
	size_t size = 0;
	uint32_t rank;
	char text[8];

	(void)state;
	assert_int_equal(NeuronRuntimeV2_getInputNumber(rt, &size), 0);
	assert_int_equal(size, 1);
	assert_int_equal(NeuronRuntimeV2_getOutputNumber(rt, &size), 0);
	assert_int_equal(size, 1);
	assert_int_equal(NeuronRuntimeV2_getInputRank(rt, 0, &rank), 0);
	assert_int_equal(rank, 2);
	assert_int_equal(NeuronRuntimeV2_getOutputRank(rt, 0, &rank), 0);
	assert_int_equal(rank, 2);
	assert_int_equal(NeuronRuntimeV2_getInputSize(rt, 0, &size), 0);
	assert_int_equal(size, 64);
	assert_int_equal(NeuronRuntimeV2_getOutputSize(rt, 0, &size), 0);
	assert_int_equal(size, 64);
	assert_int_equal(NeuronRuntimeV2_getInputPaddedDimensions(rt, 0, &dims), 0);
	assert_memory_equal(dims.dimensions, ((uint32_t[]){1, 1, 1, 64}), sizeof(dims));
	assert_int_equal(NeuronRuntimeV2_getOutputPitch(rt, 0, &size), 0);
	assert_int_equal(size, 64);
	assert_int_equal(NeuronRuntimeV2_getInputSize(rt, 1, &size), NEURONRUNTIME_BAD_DATA);
	assert_int_equal(NeuronRuntimeV2_getInputSize(rt, 1ull << 32, &size),
			 NEURONRUNTIME_BAD_DATA);
	assert_int_equal(NeuronRuntimeV2_getInputSize(rt, 0, NULL), NEURONRUNTIME_UNEXPECTED_NULL);
	assert_int_equal(NeuronRuntimeV2_getInputSize(NULL, 0, &size),
			 NEURONRUNTIME_UNEXPECTED_NULL);
	assert_int_equal(NeuronRuntimeV2_setInputShape(rt, 0, &rank, 1),
			 NEURONRUNTIME_RUNTIME_ERROR);
	assert_int_equal(NeuronRuntimeV2_setQoS(rt, "boost", "1"), NEURONRUNTIME_RUNTIME_ERROR);

	assert_int_equal(NeuronRuntimeV2_getMetadataInfo(rt, "author", &size), 0);
	assert_int_equal(size, 2);
	assert_int_equal(NeuronRuntimeV2_getMetadataInfo(rt, "absent", &size), 0);
	assert_int_equal(size, 0);
	memset(text, 'x', sizeof(text));
	assert_int_equal(NeuronRuntimeV2_getMetadata(rt, "author", text, 5), 0);
	assert_memory_equal(text, "me\0\0\0xxx", 8);
	assert_int_equal(NeuronRuntimeV2_getMetadata(rt, "author", text, 1), 0);
	assert_memory_equal(text, "me", 2);
	assert_int_equal(NeuronRuntimeV2_getMetadata(rt, "absent", text, 1),
			 NEURONRUNTIME_BAD_DATA);
	release(rt);
}

static void padding_is_told(void **state)
{
	RuntimeAPIDimensions dims;
	size_t size;
	uint8_t *data = padded_model(&size);
	void *rt;

	(void)state;
	assert_int_equal(CREATE(data, size, OPTIONS), 0);
	free(data);
	assert_int_equal(NeuronRuntimeV2_getInputSize(rt, 0, &size), 0);
	assert_int_equal(size, 15);
	assert_int_equal(NeuronRuntimeV2_getInputPaddedSize(rt, 0, &size), 0);
	assert_int_equal(size, 24);
	assert_int_equal(NeuronRuntimeV2_getOutputPaddedSize(rt, 0, &size), 0);
	assert_int_equal(size, 24);
	assert_int_equal(NeuronRuntimeV2_getOutputPaddedDimensions(rt, 0, &dims), 0);
	assert_memory_equal(dims.dimensions, ((uint32_t[]){3, 1, 1, 8}), sizeof(dims));
	assert_int_equal(NeuronRuntimeV2_getInputPitch(rt, 0, &size), 0);
	assert_int_equal(size, 8);
	release(rt);
}

static void descriptors_are_read_every_time(void **state)
{
	struct io io, other;
	void *rt = make(1, 4);
	uint64_t id;

	(void)state;
	io_init(&io, 1);
	io_init(&other, 2);
	assert_int_equal(NeuronRuntimeV2_run(rt, sync_of(&io)), 0);
	/* The same structures, with other contents. */
	io.in_buffer.buffer = other.in;
	io.out_buffer.buffer = other.out;
	assert_int_equal(NeuronRuntimeV2_run(rt, sync_of(&io)), 0);
	assert_memory_equal(other.in, other.out, SIZE);
	assert_int_equal(io.out[0], 1);
	/* From memory to a dma-buf and back, by job. */
	memset(fake_dmabuf_data(), 5, SIZE);
	io.in_buffer.fd = FAKE_DMABUF;
	assert_int_equal(NeuronRuntimeV2_enqueue(rt, async_of(&io), &id), 0);
	await_calls(1);
	assert_int_equal(watch.status[0], 0);
	assert_memory_equal(other.out, fake_dmabuf_data(), SIZE);
	io.in_buffer.fd = -1;
	assert_int_equal(NeuronRuntimeV2_enqueue(rt, async_of(&io), &id), 0);
	assert_int_equal(id, 1);
	await_calls(2);
	assert_memory_equal(other.in, other.out, SIZE);
	release(rt);
}

static void dma_bufs_have_offsets(void **state)
{
	void *rt = make(1, 1);
	struct io io;

	(void)state;
	io_init(&io, 1);
	memset(fake_dmabuf_data() + 128, 9, SIZE);
	io.in_buffer = (IOBuffer){.length = 4096, .fd = FAKE_DMABUF, .offset = 128};
	io.out_buffer = (IOBuffer){
		.length = SIZE, .fd = FAKE_DMABUF, .reserved1_should_be_init_zero = 1024};
	assert_int_equal(NeuronRuntimeV2_run(rt, sync_of(&io)), 0);
	assert_int_equal(fake_dmabuf_data()[1024], 9);
	io.in_buffer.offset = 4;
	assert_int_equal(NeuronRuntimeV2_run(rt, sync_of(&io)), NEURONRUNTIME_BAD_DATA);
	io.in_buffer.offset = -8;
	assert_int_equal(NeuronRuntimeV2_run(rt, sync_of(&io)), NEURONRUNTIME_BAD_DATA);
	io.in_buffer.offset = 4096 - 56;
	assert_int_equal(NeuronRuntimeV2_run(rt, sync_of(&io)), NEURONRUNTIME_BAD_DATA);
	/* Forgotten to be set to -1. */
	io.in_buffer.offset = io.in_buffer.fd = 0;
	assert_int_equal(NeuronRuntimeV2_run(rt, sync_of(&io)), NEURONRUNTIME_BAD_DATA);
	assert_non_null(strstr(apu_neuron_error(), "dma-buf 0"));
	release(rt);
}

static void bad_requests_are_refused(void **state)
{
	void *rt = make(1, 1);
	struct io io;
	uint64_t id;

	(void)state;
	io_init(&io, 1);
	assert_int_equal(NeuronRuntimeV2_run(NULL, sync_of(&io)), NEURONRUNTIME_UNEXPECTED_NULL);
	assert_int_equal(NeuronRuntimeV2_run(rt, (SyncInferenceRequest){NULL, NULL}),
			 NEURONRUNTIME_UNEXPECTED_NULL);
	assert_int_equal(NeuronRuntimeV2_enqueue(rt, async_of(&io), NULL),
			 NEURONRUNTIME_UNEXPECTED_NULL);
	assert_int_equal(NeuronRuntime_inference(rt), NEURONRUNTIME_BAD_DATA);
	io.in_buffer.length = SIZE - 1;
	assert_int_equal(NeuronRuntimeV2_run(rt, sync_of(&io)), NEURONRUNTIME_BAD_DATA);
	assert_string_equal(apu_neuron_error(), "input 0 has 63 bytes, the model wants 64");
	io.in_buffer.length = SIZE;
	io.out_buffer.buffer = NULL;
	assert_int_equal(NeuronRuntimeV2_run(rt, sync_of(&io)), NEURONRUNTIME_UNEXPECTED_NULL);
	/* What is wrong with a job is known when it is its turn. */
	assert_int_equal(NeuronRuntimeV2_enqueue(rt, async_of(&io), &id), 0);
	await_calls(1);
	assert_int_equal(watch.status[0], NEURONRUNTIME_UNEXPECTED_NULL);
	assert_int_equal(fake.submits, 0);
	NeuronRuntimeV2_release(NULL);
	release(rt);
}

static void ids_count_from_zero_and_release_drains(void **state)
{
	struct io io[20];
	void *rt = make(2, 32);
	uint64_t id, i;

	(void)state;
	for (i = 0; i < 20; i++) {
		io_init(&io[i], (int)i);
		assert_int_equal(NeuronRuntimeV2_enqueue(rt, async_of(&io[i]), &id), 0);
		assert_int_equal(id, i);
	}
	release(rt);
	assert_int_equal(watch.calls, 20);
	for (i = 0; i < 20; i++) {
		assert_int_equal(watch.seen[i], 1);
		assert_int_equal(watch.status[i], 0);
		assert_memory_equal(io[i].in, io[i].out, SIZE);
	}
}

static void enqueue_without_a_callback(void **state)
{
	AsyncInferenceRequest request;
	void *rt = make(0, 0);
	struct io io;
	uint64_t id;

	(void)state;
	io_init(&io, 4);
	request = async_of(&io);
	request.finish_cb = NULL;
	assert_int_equal(NeuronRuntimeV2_enqueue(rt, request, &id), 0);
	assert_int_equal(apu_neuron_v2_wait(rt, id, -1), 0);
	assert_memory_equal(io.in, io.out, SIZE);
	assert_int_equal(apu_neuron_v2_wait(rt, 1, 0), -EINVAL);
	release(rt);
}

struct enqueuer {
	void *runtime;
	struct io io;
	/* Callbacks that had come when enqueue() returned. */
	unsigned int calls;
};

static void *enqueue_one(void *opaque)
{
	struct enqueuer *e = opaque;
	uint64_t id;
	int ret = NeuronRuntimeV2_enqueue(e->runtime, async_of(&e->io), &id);

	pthread_mutex_lock(&watch.lock);
	e->calls = ret ? 1000 : watch.calls;
	pthread_mutex_unlock(&watch.lock);
	return NULL;
}

static void enqueue_blocks_on_a_full_ring_only(void **state)
{
	struct enqueuer e = {.runtime = make(1, 2)};
	struct io io[3];
	pthread_t thread;
	uint64_t id;
	int i;

	(void)state;
	fake.hold = fake.block = true;
	for (i = 0; i < 3; i++)
		io_init(&io[i], i);
	io_init(&e.io, 9);
	/* The worker has the first, two are queued: none of these may block. */
	assert_int_equal(NeuronRuntimeV2_enqueue(e.runtime, async_of(&io[0]), &id), 0);
	fake_await_submits(1);
	assert_int_equal(NeuronRuntimeV2_enqueue(e.runtime, async_of(&io[1]), &id), 0);
	assert_int_equal(NeuronRuntimeV2_enqueue(e.runtime, async_of(&io[2]), &id), 0);
	assert_int_equal(pthread_create(&thread, NULL, enqueue_one, &e), 0);
	assert_int_equal(apu_neuron_v2_wait(e.runtime, 0, 20000000), -ETIMEDOUT);
	assert_int_equal(apu_neuron_v2_wait(e.runtime, 3, 0), -EINVAL);
	fake_release_hold();
	pthread_join(thread, NULL);
	/* There was room only after the first had ended. */
	assert_in_range(e.calls, 1, 4);
	release(e.runtime);
	assert_int_equal(watch.calls, 4);
}

static void a_callback_can_enqueue_and_run(void **state)
{
	struct io io, more, extra;
	SyncInferenceRequest sync;
	uint64_t id;

	(void)state;
	io_init(&io, 1);
	io_init(&more, 2);
	io_init(&extra, 3);
	sync = sync_of(&extra);
	watch.runtime = make(1, 1);
	watch.request = async_of(&more);
	watch.sync = &sync;
	watch.more = 5;
	/* Two at once, so that the ring is full when the first callback comes. */
	fake.hold = fake.block = true;
	assert_int_equal(NeuronRuntimeV2_enqueue(watch.runtime, async_of(&io), &id), 0);
	fake_await_submits(1);
	assert_int_equal(NeuronRuntimeV2_enqueue(watch.runtime, async_of(&io), &id), 0);
	fake_release_hold();
	await_calls(7);
	release(watch.runtime);
	for (id = 0; id < 7; id++)
		assert_int_equal(watch.status[id], 0);
	assert_memory_equal(more.in, more.out, SIZE);
	assert_memory_equal(extra.in, extra.out, SIZE);
	/* 7 jobs and the 5 of run(). */
	assert_int_equal(fake.submits, 12);
}

static void release_in_callback(uint64_t job, void *opaque, int status)
{
	(void)job;
	(void)status;
	NeuronRuntimeV2_release(opaque);
	watch.result = strstr(apu_neuron_error(), "cannot be released") ? 1 : -1;
}

static void release_from_a_callback_is_refused(void **state)
{
	AsyncInferenceRequest request;
	void *rt = make(1, 1);
	struct io io;
	uint64_t id;

	(void)state;
	io_init(&io, 1);
	request = async_of(&io);
	request.finish_cb = release_in_callback;
	request.opaque = rt;
	assert_int_equal(NeuronRuntimeV2_enqueue(rt, request, &id), 0);
	release(rt);
	assert_int_equal(watch.result, 1);
}

static void failures_are_told(void **state)
{
	void *rt = make(1, 1);
	struct io io;
	uint64_t id;

	(void)state;
	io_init(&io, 1);
	fake.fail_cause = DRM_APU_CTX_CAUSE_MMU;
	assert_int_equal(NeuronRuntimeV2_run(rt, sync_of(&io)), NEURONRUNTIME_RUNTIME_ERROR);
	assert_non_null(strstr(apu_neuron_error(), "MMU fault"));
	fake.fail_cause = DRM_APU_CTX_CAUSE_TIMEOUT;
	assert_int_equal(NeuronRuntimeV2_enqueue(rt, async_of(&io), &id), 0);
	await_calls(1);
	assert_int_equal(watch.status[0], NEURONRUNTIME_RUNTIME_ERROR);
	assert_int_equal(NeuronRuntimeV2_run(rt, sync_of(&io)), 0);
	assert_memory_equal(io.in, io.out, SIZE);
	release(rt);
}

static void jobs_can_be_cancelled(void **state)
{
	void *rt = make(1, 4);
	struct io io[3];
	uint64_t id;
	int i;

	(void)state;
	fake.hold = fake.block = true;
	for (i = 0; i < 3; i++) {
		io_init(&io[i], i + 1);
		assert_int_equal(NeuronRuntimeV2_enqueue(rt, async_of(&io[i]), &id), 0);
	}
	fake_await_submits(1);
	/* A queued one, and the one that runs. */
	assert_int_equal(apu_neuron_v2_cancel(rt, 1), 0);
	assert_int_equal(apu_neuron_v2_cancel(rt, 0), 0);
	await_calls(2);
	fake_release_hold();
	assert_int_equal(apu_neuron_v2_wait(rt, 2, -1), 0);
	assert_int_equal(apu_neuron_v2_cancel(rt, 2), -ENOENT);
	assert_int_equal(apu_neuron_v2_cancel(rt, 77), -ENOENT);
	assert_int_equal(apu_neuron_v2_cancel(rt, UINT64_MAX), -ENOENT);
	release(rt);
	assert_int_equal(watch.status[0], NEURONRUNTIME_RUNTIME_ERROR);
	assert_int_equal(watch.status[1], NEURONRUNTIME_RUNTIME_ERROR);
	assert_int_equal(watch.status[2], 0);
	assert_int_equal(fake.submits, 2);
	assert_int_equal(io[0].out[0] | io[1].out[0], 0);
	assert_memory_equal(io[2].in, io[2].out, SIZE);
}

static void fences_go_in_and_out(void **state)
{
	void *rt = make(0, 1);
	struct io io;
	int fence = -1;

	(void)state;
	io_init(&io, 8);
	assert_int_equal(apu_neuron_v2_run_fenced(rt, sync_of(&io), -1, &fence), -EINVAL);
	assert_non_null(strstr(apu_neuron_error(), "output 0 is no dma-buf"));
	io.out_buffer.fd = FAKE_DMABUF;
	assert_int_equal(apu_neuron_v2_run_fenced(rt, sync_of(&io), 3, &fence), -EINVAL);
	assert_int_equal(apu_neuron_v2_run_fenced(rt, sync_of(&io), FAKE_SYNC_FILE, &fence), 0);
	assert_true(fence >= 0);
	close(fence);
	assert_int_equal(fake.jobs[0].num_syncs, 2);
	/* With one worker the next waits for it. */
	assert_int_equal(apu_neuron_v2_run_fenced(rt, sync_of(&io), -1, &fence), 0);
	close(fence);
	release(rt);
	assert_memory_equal(io.in, fake_dmabuf_data(), SIZE);
}

static void memory_scales_with_workers(void **state)
{
	struct apu_memory memory;
	void *rt = make(4, 1);
	struct io io;

	(void)state;
	/* Constants with text; temporary memory and prologues of each worker. */
	assert_int_equal(apu_neuron_get_memory(rt, &memory), 0);
	assert_int_equal(memory.static_bytes, 100);
	assert_int_equal(memory.temp_bytes, 4 * 4096);
	assert_int_equal(memory.io_bytes, 0);
	assert_int_equal(memory.total_bytes, (1 + 4 + 4) * 4096);
	io_init(&io, 1);
	assert_int_equal(NeuronRuntimeV2_run(rt, sync_of(&io)), 0);
	assert_int_equal(apu_neuron_get_memory(rt, &memory), 0);
	assert_int_equal(memory.io_bytes, 2 * SIZE);
	assert_int_equal(memory.total_bytes, (1 + 4 + 4 + 1) * 4096);
	assert_int_equal(apu_neuron_get_memory(NULL, &memory), -EINVAL);
	release(rt);
}

static void qos_reaches_the_kernel(void **state)
{
	QoSOptions qos = {
		.preference = NEURONRUNTIME_PREFER_POWER,
		.priority = NEURONRUNTIME_PRIORITY_LOW,
		.boostValue = 50,
		.deadline = 5,
		.abortTime = 7,
	};
	ProfiledQoSData *data;
	void *rt = make(1, 1);
	uint8_t boost;
	struct io io;

	(void)state;
	io_init(&io, 1);
	assert_int_equal(NeuronRuntimeV2_getProfiledQoSData(rt, &data, &boost),
			 NEURONRUNTIME_BAD_DATA);
	assert_int_equal(NeuronRuntimeV2_setQoSOption(rt, &qos), 0);
	assert_int_equal(NeuronRuntimeV2_run(rt, sync_of(&io)), 0);
	assert_int_equal(fake.qos.priority, DRM_APU_PRIORITY_LOW);
	assert_int_equal(fake.jobs[0].time_limit_us, 7000);
	assert_int_equal(fake.qos.flags, DRM_APU_QOS_PREFER_POWER);
	assert_int_equal(fake.qos.boost, 0);
	assert_int_equal(fake.qos.deadline_us, 5000);
	qos.preference = NEURONRUNTIME_PREFER_PERFORMANCE;
	assert_int_equal(NeuronRuntimeV2_setQoSOption(rt, &qos), 0);
	assert_int_equal(NeuronRuntimeV2_run(rt, sync_of(&io)), 0);
	assert_int_equal(fake.qos.flags, 0);
	assert_int_equal(fake.qos.boost, 50);
	qos.maxBoostValue = 30;
	assert_int_equal(NeuronRuntimeV2_setQoSOption(rt, &qos), 0);
	assert_int_equal(NeuronRuntimeV2_run(rt, sync_of(&io)), 0);
	assert_int_equal(fake.qos.boost, 30);
	qos.maxBoostValue = 0;
	qos.minBoostValue = 70;
	qos.boostValue = NEURONRUNTIME_BOOSTVALUE_PROFILED;
	assert_int_equal(NeuronRuntimeV2_setQoSOption(rt, &qos), 0);
	assert_int_equal(NeuronRuntimeV2_run(rt, sync_of(&io)), 0);
	assert_int_equal(fake.qos.boost, 70);
	qos.preference = NEURONRUNTIME_HINT_TURBO_BOOST;
	assert_int_equal(NeuronRuntimeV2_setQoSOption(rt, &qos), 0);
	assert_int_equal(NeuronRuntimeV2_run(rt, sync_of(&io)), 0);
	assert_int_equal(fake.qos.boost, 100);
	/* The fake does not allow it: a hint, so no error. */
	qos.priority = NEURONRUNTIME_PRIORITY_HIGH;
	assert_int_equal(NeuronRuntimeV2_setQoSOption(rt, &qos), 0);
	assert_int_equal(NeuronRuntimeV2_run(rt, sync_of(&io)), 0);
	assert_int_equal(fake.qos.priority, DRM_APU_PRIORITY_NORMAL);
	qos.boostValue = 102;
	assert_int_equal(NeuronRuntimeV2_setQoSOption(rt, &qos), NEURONRUNTIME_BAD_DATA);
	assert_int_equal(NeuronRuntimeV2_setQoSOption(rt, NULL), NEURONRUNTIME_UNEXPECTED_NULL);

	/* 500 ticks of 1 MHz, 256 bytes. */
	assert_int_equal(NeuronRuntimeV2_getProfiledQoSData(rt, &data, &boost), 0);
	assert_int_equal(data->numSubgraph, 1);
	assert_int_equal(data->numSubCmd[0], 1);
	assert_int_equal(data->qosData[0][0].execTime, 500);
	/* 100 cycles in 500 us, where the fastest clock has 1 GHz: 0.02 %. */
	assert_int_equal(boost, 0);
	release(rt);
	rt = make(2, 1);
	assert_int_equal(NeuronRuntimeV2_getProfiledQoSData(rt, &data, &boost),
			 NEURONRUNTIME_RUNTIME_ERROR);
	release(rt);
}

static void every_failure_of_the_kernel_is_survived(void **state)
{
	size_t size;
	uint8_t *data = small_model(&size);
	unsigned int nth;
	struct io io;
	void *rt;
	int ret;

	(void)state;
	io_init(&io, 1);
	for (nth = 1;; nth++) {
		fake_reset();
		fake.fail_nth = nth;
		ret = NeuronRuntimeV2_createFromBuffer_with_options(data, size, 3, &rt, 1, OPTIONS);
		if (!ret) {
			ret = NeuronRuntimeV2_run(rt, sync_of(&io));
			NeuronRuntimeV2_release(rt);
		}
		fake_assert_no_leak();
		if (!ret)
			break;
		assert_int_equal(ret, NEURONRUNTIME_OUT_OF_MEMORY);
	}
	/* Each worker alone has several. */
	assert_in_range(nth, 20, 60);
	free(data);
}

/* --- concurrency ------------------------------------------------------------- */

struct client {
	void *runtime;
	int number;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int pending;
	int bad;
};

struct flight {
	struct client *client;
	struct io io;
};

static void landed(uint64_t job, void *opaque, int status)
{
	struct flight *f = opaque;

	(void)job;
	pthread_mutex_lock(&f->client->lock);
	f->client->bad += status != 0 || memcmp(f->io.in, f->io.out, SIZE) != 0;
	f->client->pending--;
	pthread_cond_signal(&f->client->changed);
	pthread_mutex_unlock(&f->client->lock);
	free(f);
}

static void *fly(void *opaque)
{
	struct client *c = opaque;
	uint64_t id, last = 0;
	int bad = 0;
	struct flight *f;
	struct io io;
	int i;

	for (i = 0; i < 200; i++) {
		if ((i + c->number) % 3 == 0) {
			io_init(&io, c->number * 50 + i);
			bad += NeuronRuntimeV2_run(c->runtime, sync_of(&io)) != 0;
			bad += memcmp(io.in, io.out, SIZE) != 0;
			continue;
		}
		f = malloc(sizeof(*f));
		f->client = c;
		io_init(&f->io, c->number * 50 + i);
		pthread_mutex_lock(&c->lock);
		c->pending++;
		pthread_mutex_unlock(&c->lock);
		bad += NeuronRuntimeV2_enqueue(c->runtime,
					       (AsyncInferenceRequest){&f->io.in_buffer,
								       &f->io.out_buffer, landed,
								       f},
					       &id) != 0;
		/* They rise, in each thread too. */
		bad += last && id <= last;
		last = id;
	}
	pthread_mutex_lock(&c->lock);
	while (c->pending)
		pthread_cond_wait(&c->changed, &c->lock);
	c->bad += bad;
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static void many_clients_share_a_runtime(void **state)
{
	static const struct {
		size_t threads;
		size_t backlog;
	} variants[] = {{1, 1}, {1, 8}, {4, 1}, {4, 8}};
	struct client clients[4];
	pthread_t threads[4];
	unsigned int v;
	void *rt;
	int i;

	(void)state;
	for (v = 0; v < 4; v++) {
		rt = make(variants[v].threads, variants[v].backlog);
		memset(clients, 0, sizeof(clients));
		for (i = 0; i < 4; i++) {
			clients[i].runtime = rt;
			clients[i].number = i;
			pthread_mutex_init(&clients[i].lock, NULL);
			pthread_cond_init(&clients[i].changed, NULL);
			assert_int_equal(pthread_create(&threads[i], NULL, fly, &clients[i]), 0);
		}
		for (i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
		release(rt);
		for (i = 0; i < 4; i++)
			assert_int_equal(clients[i].bad, 0);
		assert_int_equal(fake.submits, 800 * (v + 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(run_gives_the_output, setup),
		cmocka_unit_test_setup(creation_from_a_file_and_a_descriptor, setup),
		cmocka_unit_test_setup(creation_tells_what_is_wrong, setup),
		cmocka_unit_test_setup(queries_tell_the_tensors, setup),
		cmocka_unit_test_setup(padding_is_told, setup),
		cmocka_unit_test_setup(descriptors_are_read_every_time, setup),
		cmocka_unit_test_setup(dma_bufs_have_offsets, setup),
		cmocka_unit_test_setup(bad_requests_are_refused, setup),
		cmocka_unit_test_setup(ids_count_from_zero_and_release_drains, setup),
		cmocka_unit_test_setup(enqueue_without_a_callback, setup),
		cmocka_unit_test_setup(enqueue_blocks_on_a_full_ring_only, setup),
		cmocka_unit_test_setup(a_callback_can_enqueue_and_run, setup),
		cmocka_unit_test_setup(release_from_a_callback_is_refused, setup),
		cmocka_unit_test_setup(failures_are_told, setup),
		cmocka_unit_test_setup(jobs_can_be_cancelled, setup),
		cmocka_unit_test_setup(fences_go_in_and_out, setup),
		cmocka_unit_test_setup(memory_scales_with_workers, setup),
		cmocka_unit_test_setup(qos_reaches_the_kernel, setup),
		cmocka_unit_test_setup(every_failure_of_the_kernel_is_survived, setup),
		cmocka_unit_test_setup(many_clients_share_a_runtime, setup),
	};

	return cmocka_run_group_tests_name("neuron v2", tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
/*
 * The Neuron Runtime, version 2, against the kernel interface of fake_kmd.c. Its queue is in
 * test_neuron_async.c.
 */
#include <errno.h>
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
#include "neuron_jobs.h"

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
	assert_int_equal(NeuronRuntimeV2_setQoS(rt, NEURONRUNTIME_SYSTEM_CPU_BOOST, 100),
			 NEURONRUNTIME_RUNTIME_ERROR);

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

/* As the kernel told it, and as the published functions name it. */
static void a_dma_buf_that_is_not_taken_says_why(void **state)
{
	static const struct {
		int error;
		int fenced;
		int run;
	} cases[] = {
		{-ENOMEM, -ENOMEM, NEURONRUNTIME_OUT_OF_MEMORY},
		{-EDQUOT, -ENOMEM, NEURONRUNTIME_OUT_OF_MEMORY},
		{-EMFILE, -EMFILE, NEURONRUNTIME_RUNTIME_ERROR},
		{-EINTR, -EINTR, NEURONRUNTIME_RUNTIME_ERROR},
		{-ENODEV, -ENODEV, NEURONRUNTIME_RUNTIME_ERROR},
		{-EBADF, -EINVAL, NEURONRUNTIME_BAD_DATA},
		{-EINVAL, -EINVAL, NEURONRUNTIME_BAD_DATA},
	};
	void *rt = make(1, 1);
	int fence = 77;
	struct io io;
	size_t i;

	(void)state;
	io_init(&io, 8);
	io.out_buffer.fd = FAKE_DMABUF;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake.import_error = cases[i].error;
		assert_int_equal(apu_neuron_v2_run_fenced(rt, sync_of(&io), -1, &fence),
				 cases[i].fenced);
		assert_non_null(strstr(apu_neuron_error(), "cannot import dma-buf"));
		assert_int_equal(NeuronRuntimeV2_run(rt, sync_of(&io)), cases[i].run);
	}
	fake.import_error = 0;
	assert_int_equal(fence, 77);
	assert_int_equal(fake.submits, 0);
	/* What is wrong with the argument itself. */
	io.out_buffer.length = SIZE - 1;
	assert_int_equal(apu_neuron_v2_run_fenced(rt, sync_of(&io), -1, &fence), -EINVAL);
	io.out_buffer.length = SIZE;
	assert_int_equal(apu_neuron_v2_run_fenced(rt, sync_of(&io), -1, &fence), 0);
	close(fence);
	release(rt);
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
	ProfiledQoSData own = {0}, *data = NULL;
	void *rt = make(1, 1);
	uint8_t boost;
	struct io io;

	(void)state;
	io_init(&io, 1);
	assert_int_equal(NeuronRuntimeV2_getProfiledQoSData(rt, &data, &boost),
			 NEURONRUNTIME_BAD_STATE);
	assert_null(data);
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
	/* Who gives a structure has it filled. */
	data = &own;
	assert_int_equal(NeuronRuntimeV2_getProfiledQoSData(rt, &data, &boost), 0);
	assert_ptr_equal(data, &own);
	assert_int_equal(own.numSubgraph, 1);
	assert_int_equal(own.qosData[0][0].execTime, 500);
	/* A failed inference has not been measured. */
	fake.fail_cause = DRM_APU_CTX_CAUSE_HARDWARE;
	assert_int_equal(NeuronRuntimeV2_run(rt, sync_of(&io)), NEURONRUNTIME_RUNTIME_ERROR);
	assert_int_equal(NeuronRuntimeV2_getProfiledQoSData(rt, &data, &boost),
			 NEURONRUNTIME_BAD_STATE);
	release(rt);
	rt = make(2, 1);
	assert_int_equal(NeuronRuntimeV2_getProfiledQoSData(rt, &data, &boost),
			 NEURONRUNTIME_RUNTIME_ERROR);
	release(rt);
}

/* Each worker has one of the client's 256 contexts, and the options need no more. */
static void qos_reaches_as_many_workers_as_there_can_be(void **state)
{
	enum { WORKERS = 256 };
	QoSOptions qos = {
		.preference = NEURONRUNTIME_PREFER_PERFORMANCE,
		.priority = NEURONRUNTIME_PRIORITY_LOW,
		.boostValue = 30,
	};
	void *rt = make(WORKERS, WORKERS);
	AsyncInferenceRequest request;
	struct io io, *ios = calloc(WORKERS, sizeof(*ios));
	unsigned int round, i;
	uint64_t id;

	(void)state;
	assert_non_null(ios);
	for (round = 0; round < 3; round++) {
		/* Held, so that each worker has one. */
		fake.hold = fake.block = true;
		for (i = 0; i < WORKERS; i++) {
			io_init(&ios[i], (int)(i + round));
			request = async_of(&ios[i]);
			request.finish_cb = NULL;
			assert_int_equal(NeuronRuntimeV2_enqueue(rt, request, &id), 0);
		}
		fake_await_submits((round + 1) * WORKERS);
		assert_int_equal(fake.qos.boost, round ? 30 + round - 1 : 0);
		fake_release_hold();
		for (i = 0; i < WORKERS; i++)
			assert_int_equal(apu_neuron_v2_wait(rt, round * WORKERS + i, -1), 0);
		for (i = 0; i < WORKERS; i++)
			assert_memory_equal(ios[i].in, ios[i].out, SIZE);
		qos.boostValue = (uint8_t)(30 + round);
		assert_int_equal(NeuronRuntimeV2_setQoSOption(rt, &qos), 0);
	}
	assert_int_equal(fake.contexts, WORKERS);
	io_init(&io, 1);
	assert_int_equal(NeuronRuntimeV2_run(rt, sync_of(&io)), 0);
	assert_int_equal(fake.qos.boost, 32);
	assert_int_equal(fake.qos.priority, DRM_APU_PRIORITY_LOW);
	free(ios);
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
		cmocka_unit_test_setup(failures_are_told, setup),
		cmocka_unit_test_setup(fences_go_in_and_out, setup),
		cmocka_unit_test_setup(a_dma_buf_that_is_not_taken_says_why, setup),
		cmocka_unit_test_setup(memory_scales_with_workers, setup),
		cmocka_unit_test_setup(qos_reaches_the_kernel, setup),
		cmocka_unit_test_setup(qos_reaches_as_many_workers_as_there_can_be, setup),
		cmocka_unit_test_setup(every_failure_of_the_kernel_is_survived, setup),
	};

	return cmocka_run_group_tests_name("neuron v2", tests, NULL, NULL);
}

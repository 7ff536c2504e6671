// SPDX-License-Identifier: MIT
/*
 * The Neuron Runtime, version 1, against the kernel interface of fake_kmd.c.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "apu/neuron.h"
#include "neuron/api/EnqueueTrigger.h"
#include "neuron/api/RuntimeAPI.h"
#include "neuron_util.h"

static const BufferAttribute no_fd = {NON_ION_FD};

struct bench {
	void *rt;
	int8_t in[SIZE];
	int8_t out[SIZE];
};

static void *make(const EnvOptions *env)
{
	void *rt = NULL;

	assert_int_equal(NeuronRuntime_create_with_options(OPTIONS, env, &rt), 0);
	assert_non_null(rt);
	return rt;
}

static void load(void *rt, uint8_t *data, size_t size)
{
	assert_int_equal(NeuronRuntime_loadNetworkFromBuffer(rt, data, size), 0);
	free(data);
}

static void bench_open(struct bench *b)
{
	size_t size;
	uint8_t *data = small_model(&size);

	memset(b->in, 6, SIZE);
	memset(b->out, 0, SIZE);
	b->rt = make(NULL);
	load(b->rt, data, size);
	assert_int_equal(NeuronRuntime_setInput(b->rt, 0, b->in, SIZE, no_fd), 0);
	assert_int_equal(NeuronRuntime_setOutput(b->rt, 0, b->out, SIZE, no_fd), 0);
}

static void release(void *rt)
{
	NeuronRuntime_release(rt);
	fake_assert_no_leak();
}

static int setup(void **state)
{
	(void)state;
	fake_reset();
	return 0;
}

static void inference_gives_the_output(void **state)
{
	struct bench b;
	int i;

	(void)state;
	bench_open(&b);
	for (i = 0; i < 5; i++) {
		b.in[0] = (int8_t)i;
		assert_int_equal(NeuronRuntime_inference(b.rt), 0);
		assert_memory_equal(b.in, b.out, SIZE);
		assert_int_equal(fake.submits, i + 1);
	}
	release(b.rt);
}

static void creation_tells_what_is_wrong(void **state)
{
	EnvOptions env = {.deviceKind = kEnvOptCModelDevice};
	NeuronVersion version;
	void *rt = &env;

	(void)state;
	assert_int_equal(NeuronRuntime_create(&env, NULL), NEURONRUNTIME_UNEXPECTED_NULL);
	assert_int_equal(NeuronRuntime_create(&env, &rt), NEURONRUNTIME_RUNTIME_ERROR);
	assert_non_null(strstr(apu_neuron_error(), "device kind 2"));
	env.deviceKind = kEnvOptPredictor;
	assert_int_equal(NeuronRuntime_create(&env, &rt), NEURONRUNTIME_RUNTIME_ERROR);
	assert_non_null(strstr(apu_neuron_error(), "device kind 8"));
	env.deviceKind = kEnvOptHardware;
	/* The first device, and there is none. */
	assert_int_equal(NeuronRuntime_create(&env, &rt), NEURONRUNTIME_RUNTIME_ERROR);
	assert_non_null(strstr(apu_neuron_error(), "no device"));
	assert_int_equal(NeuronRuntime_create_with_options("\"", &env, &rt),
			 NEURONRUNTIME_BAD_DATA);
	assert_ptr_equal(rt, &env);
	assert_int_equal(NeuronRuntime_getVersion(NULL), NEURONRUNTIME_UNEXPECTED_NULL);
	assert_int_equal(NeuronRuntime_getVersion(&version), 0);
	assert_int_equal(version.major, DLA_VERSION_MAJOR);
	NeuronRuntime_release(NULL);
	fake_assert_no_leak();
}

static void loading_tells_what_is_wrong(void **state)
{
	size_t size, number;
	uint8_t *data = small_model(&size);
	void *rt = make(NULL);
	int8_t byte;

	(void)state;
	assert_int_equal(NeuronRuntime_getInputNumber(rt, &number), NEURONRUNTIME_BAD_STATE);
	assert_int_equal(NeuronRuntime_setInput(rt, 0, &byte, 1, no_fd), NEURONRUNTIME_BAD_STATE);
	assert_int_equal(NeuronRuntime_inference(rt), NEURONRUNTIME_BAD_STATE);
	assert_int_equal(NeuronRuntime_loadNetworkFromFile(rt, NULL),
			 NEURONRUNTIME_UNEXPECTED_NULL);
	assert_int_equal(NeuronRuntime_loadNetworkFromFile(rt, "/no/such/file"),
			 NEURONRUNTIME_RUNTIME_ERROR);
	assert_int_equal(NeuronRuntime_loadNetworkFromBuffer(rt, NULL, size),
			 NEURONRUNTIME_UNEXPECTED_NULL);
	assert_int_equal(NeuronRuntime_loadNetworkFromBuffer(rt, data, size - 1),
			 NEURONRUNTIME_BAD_DATA);
	fake.info.num_engines[DRM_APU_ENGINE_EDMA] = 0;
	NeuronRuntime_release(rt);
	rt = make(NULL);
	assert_int_equal(NeuronRuntime_loadNetworkFromBuffer(rt, data, size),
			 NEURONRUNTIME_BAD_DATA);
	assert_non_null(strstr(apu_neuron_error(), "does not fit"));
	NeuronRuntime_release(rt);
	fake.info.num_engines[DRM_APU_ENGINE_EDMA] = 1;
	rt = make(NULL);
	/* A failure leaves it as it was. */
	assert_int_equal(NeuronRuntime_loadNetworkFromBuffer(rt, data, 10), NEURONRUNTIME_BAD_DATA);
	assert_int_equal(NeuronRuntime_loadNetworkFromBuffer(rt, data, size), 0);
	assert_int_equal(NeuronRuntime_loadNetworkFromBuffer(rt, data, size),
			 NEURONRUNTIME_BAD_STATE);
	free(data);
	release(rt);
}

static void a_file_descriptor_can_be_loaded(void **state)
{
	int fd = memfd_create("model", MFD_CLOEXEC);
	size_t size;
	uint8_t *data = small_model(&size);
	void *rt = make(NULL);

	(void)state;
	assert_int_equal(write(fd, data, size), size);
	free(data);
	assert_int_equal(apu_neuron_v1_load_fd(rt, fd), 0);
	close(fd);
	assert_int_equal(NeuronRuntime_getInputSize(rt, 0, &size), 0);
	assert_int_equal(size, SIZE);
	assert_int_equal(apu_neuron_v1_load_fd(rt, fd), NEURONRUNTIME_BAD_STATE);
	release(rt);
}

/* Newer implementations do not look at it. */
static void a_device_kind_of_0_is_hardware(void **state)
{
	EnvOptions env = {0};
	void *rt;

	(void)state;
	rt = make(&env);
	assert_int_equal(fake.live_fds, 1);
	release(rt);
}

static void the_null_device_looks_and_runs_nothing(void **state)
{
	EnvOptions env = {.deviceKind = kEnvOptNullDevice};
	size_t size;
	uint8_t *data = small_model(&size);
	void *rt = make(&env);
	int8_t in[SIZE];

	(void)state;
	load(rt, data, size);
	assert_int_equal(fake.live_fds, 0);
	assert_int_equal(NeuronRuntime_getSingleInputSize(rt, &size), 0);
	assert_int_equal(size, SIZE);
	assert_int_equal(NeuronRuntime_setSingleInput(rt, in, SIZE, no_fd), 0);
	assert_int_equal(NeuronRuntime_inference(rt), NEURONRUNTIME_BAD_STATE);
	assert_string_equal(apu_neuron_error(), "the null device runs nothing");
	release(rt);
}

static void bad_places_are_refused(void **state)
{
	BufferAttribute bad_fd = {.ionFd = 0};
	BufferAttribute fd = {.ionFd = FAKE_DMABUF};
	struct bench b;

	(void)state;
	bench_open(&b);
	assert_int_equal(NeuronRuntime_setInput(b.rt, 1, b.in, SIZE, no_fd),
			 NEURONRUNTIME_BAD_DATA);
	assert_int_equal(NeuronRuntime_setInput(b.rt, UINT64_MAX, b.in, SIZE, no_fd),
			 NEURONRUNTIME_BAD_DATA);
	assert_int_equal(NeuronRuntime_setInput(b.rt, 0, NULL, SIZE, no_fd),
			 NEURONRUNTIME_UNEXPECTED_NULL);
	assert_int_equal(NeuronRuntime_setOutput(b.rt, 0, b.out, SIZE - 1, no_fd),
			 NEURONRUNTIME_BAD_DATA);
	assert_int_equal(NeuronRuntime_setInput(b.rt, 0, b.in, SIZE, bad_fd),
			 NEURONRUNTIME_BAD_DATA);
	assert_int_equal(NeuronRuntime_setOffsetedInput(b.rt, 0, NULL, SIZE, fd, 4),
			 NEURONRUNTIME_BAD_DATA);
	assert_int_equal(NeuronRuntime_setOffsetedInput(b.rt, 0, NULL, SIZE, fd, 4096),
			 NEURONRUNTIME_BAD_DATA);
	/* What was set before still is. */
	assert_int_equal(NeuronRuntime_inference(b.rt), 0);
	assert_memory_equal(b.in, b.out, SIZE);
	release(b.rt);
}

static void offsets_count_from_the_buffer(void **state)
{
	BufferAttribute fd = {.ionFd = FAKE_DMABUF};
	int8_t memory[2 * SIZE];
	struct bench b;

	(void)state;
	bench_open(&b);
	memset(memory, 4, sizeof(memory));
	assert_int_equal(NeuronRuntime_setOffsetedInput(b.rt, 0, memory, SIZE, no_fd, SIZE), 0);
	memory[SIZE] = 11;
	assert_int_equal(NeuronRuntime_setOffsetedOutput(b.rt, 0, NULL, SIZE, fd, 256), 0);
	assert_int_equal(NeuronRuntime_inference(b.rt), 0);
	assert_memory_equal(fake_dmabuf_data() + 256, memory + SIZE, SIZE);
	/* And back, from where that went. */
	assert_int_equal(NeuronRuntime_setOffsetedInput(b.rt, 0, NULL, SIZE, fd, 256), 0);
	assert_int_equal(NeuronRuntime_setOffsetedOutput(b.rt, 0, memory, SIZE, no_fd, 0), 0);
	assert_int_equal(NeuronRuntime_inference(b.rt), 0);
	assert_memory_equal(memory, memory + SIZE, SIZE);
	release(b.rt);
}

static void what_is_not_set_is_told(void **state)
{
	size_t size;
	uint8_t *data = small_model(&size);
	void *rt = make(NULL);
	int8_t in[SIZE] = {0};

	(void)state;
	load(rt, data, size);
	assert_int_equal(NeuronRuntime_inference(rt), NEURONRUNTIME_BAD_STATE);
	assert_string_equal(apu_neuron_error(), "input 0 is not set");
	assert_int_equal(NeuronRuntime_setInput(rt, 0, in, SIZE, no_fd), 0);
	assert_int_equal(NeuronRuntime_inference(rt), NEURONRUNTIME_BAD_STATE);
	assert_string_equal(apu_neuron_error(), "output 0 is not set");
	assert_int_equal(NeuronRuntime_setOutput(rt, 0, in, SIZE, no_fd), 0);
	assert_int_equal(NeuronRuntime_inference(rt), 0);
	release(rt);
}

static void padding_is_converted_unless_suppressed(void **state)
{
	EnvOptions env = {.deviceKind = kEnvOptHardware};
	int8_t in[24], out[24];
	size_t size;
	uint8_t *data;
	void *rt;
	int i;

	(void)state;
	for (i = 0; i < 24; i++)
		in[i] = (int8_t)(i + 1);
	data = padded_model(&size);
	rt = make(&env);
	load(rt, data, size);
	memset(out, -1, sizeof(out));
	assert_int_equal(NeuronRuntime_setInput(rt, 0, in, 15, no_fd), 0);
	assert_int_equal(NeuronRuntime_setOutput(rt, 0, out, 15, no_fd), 0);
	assert_int_equal(NeuronRuntime_inference(rt), 0);
	assert_memory_equal(in, out, 15);
	assert_int_equal(out[15], -1);
	release(rt);

	env.suppressInputConversion = true;
	env.suppressOutputConversion = true;
	data = padded_model(&size);
	rt = make(&env);
	load(rt, data, size);
	assert_int_equal(NeuronRuntime_setInput(rt, 0, in, 15, no_fd), NEURONRUNTIME_BAD_DATA);
	assert_int_equal(NeuronRuntime_setInput(rt, 0, in, 24, no_fd), 0);
	assert_int_equal(NeuronRuntime_setOutput(rt, 0, out, 24, no_fd), 0);
	assert_int_equal(NeuronRuntime_inference(rt), 0);
	assert_memory_equal(in, out, 24);
	release(rt);

	/* Padded on the way in, seen by the engine, not stripped on the way out. */
	env.suppressInputConversion = false;
	data = padded_model(&size);
	rt = make(&env);
	load(rt, data, size);
	assert_int_equal(NeuronRuntime_setInput(rt, 0, in, 15, no_fd), 0);
	assert_int_equal(NeuronRuntime_setOutput(rt, 0, out, 24, no_fd), 0);
	assert_int_equal(NeuronRuntime_inference(rt), 0);
	for (i = 0; i < 24; i++)
		assert_int_equal(out[i], i % 8 < 5 ? in[i / 8 * 5 + i % 8] : 0);
	release(rt);
}

/* A dma-buf is what the device sees; and a clone converts as its original does. */
static void padding_of_dma_bufs_and_clones(void **state)
{
	const BufferAttribute fd = {.ionFd = FAKE_DMABUF};
	EnvOptions env = {.deviceKind = kEnvOptHardware, .suppressInputConversion = true};
	int8_t in[24] = {1}, out[15] = {0};
	size_t size;
	uint8_t *data = padded_model(&size);
	void *rt = make(&env), *clone = NULL, *empty = NULL;

	(void)state;
	assert_int_equal(NeuronRuntime_clone(rt, &empty), 0);
	load(rt, data, size);
	assert_int_equal(NeuronRuntime_getInputNumber(empty, &size), NEURONRUNTIME_BAD_STATE);
	NeuronRuntime_release(empty);
	assert_int_equal(NeuronRuntime_setInput(rt, 0, NULL, 15, fd), NEURONRUNTIME_BAD_DATA);
	assert_int_equal(NeuronRuntime_setOutput(rt, 0, NULL, 15, fd), NEURONRUNTIME_BAD_DATA);
	assert_int_equal(NeuronRuntime_setOutput(rt, 0, NULL, 24, fd), 0);
	assert_int_equal(NeuronRuntime_clone(rt, &clone), 0);
	NeuronRuntime_release(rt);
	assert_int_equal(NeuronRuntime_setInput(clone, 0, in, 15, no_fd), NEURONRUNTIME_BAD_DATA);
	assert_int_equal(NeuronRuntime_setInput(clone, 0, in, 24, no_fd), 0);
	assert_int_equal(NeuronRuntime_setOutput(clone, 0, out, 15, no_fd), 0);
	assert_int_equal(NeuronRuntime_inference(clone), 0);
	assert_int_equal(out[0], 1);
	release(clone);
}

static void queries_tell_the_tensors(void **state)
{
	RuntimeAPIDimensions dims;
	uint32_t shape[2] = {1, 64};
	uint32_t rank;
	size_t size;
	struct bench b;
	char text[4];

	(void)state;
	bench_open(&b);
	assert_int_equal(NeuronRuntime_getInputNumber(b.rt, &size), 0);
	assert_int_equal(size, 1);
	assert_int_equal(NeuronRuntime_getOutputNumber(b.rt, &size), 0);
	assert_int_equal(size, 1);
	assert_int_equal(NeuronRuntime_getInputRank(b.rt, 0, &rank), 0);
	assert_int_equal(rank, 2);
	assert_int_equal(NeuronRuntime_getOutputRank(b.rt, 0, &rank), 0);
	assert_int_equal(rank, 2);
	assert_int_equal(NeuronRuntime_getOutputSize(b.rt, 0, &size), 0);
	assert_int_equal(size, SIZE);
	assert_int_equal(NeuronRuntime_getSingleOutputSize(b.rt, &size), 0);
	assert_int_equal(size, SIZE);
	assert_int_equal(NeuronRuntime_getInputPaddedSize(b.rt, 0, &size), 0);
	assert_int_equal(size, SIZE);
	assert_int_equal(NeuronRuntime_getOutputPaddedSize(b.rt, 0, &size), 0);
	assert_int_equal(size, SIZE);
	assert_int_equal(NeuronRuntime_getSingleInputPaddedSize(b.rt, &size), 0);
	assert_int_equal(size, SIZE);
	assert_int_equal(NeuronRuntime_getSingleOutputPaddedSize(b.rt, &size), 0);
	assert_int_equal(size, SIZE);
	assert_int_equal(NeuronRuntime_getInputPaddedDimensions(b.rt, 0, &dims), 0);
	assert_int_equal(dims.dimensions[C], 64);
	assert_int_equal(NeuronRuntime_getOutputPaddedDimensions(b.rt, 0, &dims), 0);
	assert_int_equal(dims.dimensions[N], 1);
	assert_int_equal(NeuronRuntime_getSingleInputPaddedDimensions(b.rt, &dims), 0);
	assert_int_equal(NeuronRuntime_getSingleOutputPaddedDimensions(b.rt, &dims), 0);
	assert_int_equal(NeuronRuntime_setInputShape(b.rt, 0, shape, 2),
			 NEURONRUNTIME_RUNTIME_ERROR);
	assert_int_equal(NeuronRuntime_getMetadataInfo(b.rt, "author", &size), 0);
	assert_int_equal(size, 2);
	assert_int_equal(NeuronRuntime_getMetadata(b.rt, "author", text, 4), 0);
	assert_string_equal(text, "me");
	assert_int_equal(NeuronRuntimeV2_getInputNumber(b.rt, &size), NEURONRUNTIME_BAD_DATA);
	release(b.rt);
}

static void single_functions_want_one(void **state)
{
	RuntimeAPIDimensions dims;
	struct dla_spec spec;
	int8_t out[SIZE];
	uint8_t *data;
	size_t size;
	void *rt = make(NULL);

	(void)state;
	spec_init(&spec, 0);
	spec.info.num_outputs = 2;
	spec.tensors[2] = spec.tensors[1];
	spec.tensors[2].region++;
	spec.num_tensors = 3;
	data = spec_write(&spec, &size);
	load(rt, data, size);
	assert_int_equal(NeuronRuntime_getSingleInputSize(rt, &size), 0);
	assert_int_equal(NeuronRuntime_getSingleOutputSize(rt, &size), NEURONRUNTIME_INCOMPLETE);
	assert_int_equal(NeuronRuntime_getSingleOutputPaddedSize(rt, &size),
			 NEURONRUNTIME_INCOMPLETE);
	assert_int_equal(NeuronRuntime_getSingleOutputPaddedDimensions(rt, &dims),
			 NEURONRUNTIME_INCOMPLETE);
	assert_int_equal(NeuronRuntime_setSingleOutput(rt, out, SIZE, no_fd),
			 NEURONRUNTIME_INCOMPLETE);
	assert_int_equal(NeuronRuntime_setOutput(rt, 1, out, SIZE, no_fd), 0);
	release(rt);
}

static void clones_share_constants(void **state)
{
	struct apu_memory memory;
	int8_t out[SIZE] = {0};
	unsigned int bos;
	struct bench b;
	void *clone;

	(void)state;
	bench_open(&b);
	bos = fake.live_bos;
	assert_int_equal(NeuronRuntime_clone(b.rt, &clone), 0);
	/* Temporary memory and prologues of its own. */
	assert_int_equal(fake.live_bos, bos + 2);
	assert_int_equal(fake.live_fds, 1);
	assert_int_equal(NeuronRuntime_inference(clone), NEURONRUNTIME_BAD_STATE);
	assert_int_equal(NeuronRuntime_setInput(clone, 0, b.in, SIZE, no_fd), 0);
	assert_int_equal(NeuronRuntime_setOutput(clone, 0, out, SIZE, no_fd), 0);
	NeuronRuntime_release(b.rt);
	assert_int_equal(NeuronRuntime_inference(clone), 0);
	assert_memory_equal(b.in, out, SIZE);
	assert_int_equal(apu_neuron_get_memory(clone, &memory), 0);
	assert_int_equal(memory.temp_bytes, 4096);
	assert_int_equal(memory.io_bytes, 2 * SIZE);
	release(clone);
	assert_int_equal(NeuronRuntime_clone(NULL, &clone), NEURONRUNTIME_UNEXPECTED_NULL);
}

static void memory_comes_with_the_network(void **state)
{
	struct apu_memory memory;
	size_t size;
	uint8_t *data = small_model(&size);
	void *rt = make(NULL);

	(void)state;
	assert_int_equal(apu_neuron_get_memory(rt, &memory), 0);
	assert_int_equal(memory.total_bytes, 0);
	assert_int_equal(fake.live_bos, 0);
	load(rt, data, size);
	assert_int_equal(apu_neuron_get_memory(rt, &memory), 0);
	assert_int_equal(memory.static_bytes, 100);
	assert_int_equal(memory.temp_bytes, 4096);
	assert_int_equal(memory.io_bytes, 0);
	assert_int_equal(memory.total_bytes, 3 * 4096);
	assert_int_equal(fake.live_bos, 3);
	release(rt);
}

static void fenced_inferences_overlap_and_end_by_callback(void **state)
{
	FenceInfo first = {.inputFenceFd = FAKE_SYNC_FILE};
	FenceInfo second = {.inputFenceFd = -1};
	int8_t out[SIZE] = {0};
	uint8_t supported = 0;
	struct bench b;

	(void)state;
	bench_open(&b);
	assert_int_equal(NeuronRuntime_isFenceSupported(b.rt, &supported), 0);
	assert_int_equal(supported, 1);
	assert_int_equal(NeuronRuntime_inferenceFenced(b.rt, NULL), NEURONRUNTIME_UNEXPECTED_NULL);
	fake.hold = true;
	assert_int_equal(NeuronRuntime_inferenceFenced(b.rt, &first), 0);
	assert_true(first.fenceFd >= 0);
	assert_int_equal(fake.jobs[0].num_syncs, 2);
	/* Elsewhere, while the first is under way. */
	assert_int_equal(NeuronRuntime_setOutput(b.rt, 0, out, SIZE, no_fd), 0);
	assert_int_equal(NeuronRuntime_inferenceFenced(b.rt, &second), 0);
	fake_release_hold();
	assert_int_equal(b.out[0], 0);
	first.callback(&first);
	assert_int_equal(first.status, 0);
	assert_int_equal(first.microseconds, 500);
	assert_memory_equal(b.in, b.out, SIZE);
	assert_int_equal(out[0], 0);
	second.callback(&second);
	assert_memory_equal(b.in, out, SIZE);
	/* Once is enough. */
	first.callback(&first);
	close((int)first.fenceFd);
	close((int)second.fenceFd);

	second.inputFenceFd = 12345;
	assert_int_equal(NeuronRuntime_inferenceFenced(b.rt, &second), NEURONRUNTIME_BAD_DATA);
	second.inputFenceFd = -1;
	fake.fail_cause = DRM_APU_CTX_CAUSE_HARDWARE;
	assert_int_equal(NeuronRuntime_inferenceFenced(b.rt, &second), 0);
	second.callback(&second);
	assert_int_equal(second.status, NEURONRUNTIME_RUNTIME_ERROR);
	close((int)second.fenceFd);
	/* One that nobody asks for any more. */
	assert_int_equal(NeuronRuntime_inferenceFenced(b.rt, &first), NEURONRUNTIME_NO_ERROR);
	close((int)first.fenceFd);
	release(b.rt);
}

/* Clients that hand the fence on need not call the callback, and free the structure. */
static void callbacks_need_not_be_called(void **state)
{
	BufferAttribute fd = {.ionFd = FAKE_DMABUF};
	FenceInfo info[3], late = {0};
	struct bench b;
	unsigned int contexts = 0;
	int i;

	(void)state;
	bench_open(&b);
	assert_int_equal(NeuronRuntime_setOutput(b.rt, 0, NULL, SIZE, fd), 0);
	for (i = 0; i < 300; i++) {
		FenceInfo *one = i < 3 ? &info[i] : &late;

		one->inputFenceFd = -1;
		assert_int_equal(NeuronRuntime_inferenceFenced(b.rt, one), 0);
		close((int)one->fenceFd);
		if (i == 70)
			contexts = fake.live_contexts;
	}
	assert_int_equal(fake.live_contexts, contexts);
	assert_in_range(contexts, 1, 128);
	info[0].callback(&info[0]);
	assert_int_equal(info[0].status, NEURONRUNTIME_BAD_STATE);
	assert_non_null(strstr(apu_neuron_error(), "forgotten"));
	late.callback(&late);
	assert_int_equal(late.status, 0);
	assert_int_equal(late.microseconds, 500);
	assert_int_equal(fake.submits, 300);
	assert_memory_equal(b.in, fake_dmabuf_data(), SIZE);
	release(b.rt);
}

/* A runtime and its clones have 256 contexts: what nobody claims does not starve the others. */
static void clones_do_not_starve_each_other(void **state)
{
	enum { CLONES = 6, EACH = 60 };
	QoSOptions qos = {.preference = NEURONRUNTIME_PREFER_PERFORMANCE, .boostValue = 7};
	BufferAttribute fd = {.ionFd = FAKE_DMABUF};
	FenceInfo first = {0}, late = {0};
	void *clones[CLONES], *one;
	struct bench b;
	int i, n;

	(void)state;
	bench_open(&b);
	for (i = 0; i < CLONES; i++) {
		assert_int_equal(NeuronRuntime_clone(b.rt, &clones[i]), 0);
		assert_int_equal(NeuronRuntime_setInput(clones[i], 0, b.in, SIZE, no_fd), 0);
		assert_int_equal(NeuronRuntime_setOutput(clones[i], 0, NULL, SIZE, fd), 0);
	}
	for (i = 0; i < CLONES; i++) {
		for (n = 0; n < EACH; n++) {
			FenceInfo *info = i || n ? &late : &first;

			info->inputFenceFd = -1;
			assert_int_equal(NeuronRuntime_inferenceFenced(clones[i], info), 0);
			close((int)info->fenceFd);
		}
	}
	assert_int_equal(fake.live_contexts, fake.max_contexts);
	/* One that has none of them, and what needs contexts besides. */
	assert_int_equal(NeuronRuntime_inference(b.rt), 0);
	assert_int_equal(NeuronRuntime_clone(b.rt, &one), 0);
	for (i = 0; i < CLONES; i++)
		assert_int_equal(NeuronRuntime_setQoSOption(clones[i], &qos), 0);
	assert_int_equal(fake.live_contexts, fake.max_contexts);
	/* The oldest paid for it. */
	first.callback(&first);
	assert_int_equal(first.status, NEURONRUNTIME_BAD_STATE);
	assert_non_null(strstr(apu_neuron_error(), "forgotten"));
	late.callback(&late);
	assert_int_equal(late.status, 0);
	assert_int_equal(NeuronRuntime_inference(clones[0]), 0);
	/* Nothing unclaimed is left: then it is told that there are too many. */
	NeuronRuntime_release(one);
	for (i = 0; i < CLONES; i++)
		NeuronRuntime_release(clones[i]);
	fake.max_contexts = fake.live_contexts;
	assert_int_equal(NeuronRuntime_clone(b.rt, &one), NEURONRUNTIME_RUNTIME_ERROR);
	assert_non_null(strstr(apu_neuron_error(), "cannot create a context"));
	release(b.rt);
}

/* The memory of outputs may be gone with the structure. */
static void what_is_forgotten_is_not_written(void **state)
{
	int8_t out[2][SIZE] = {{0}};
	FenceInfo info;
	struct bench b;
	int i;

	(void)state;
	bench_open(&b);
	for (i = 0; i < 65; i++) {
		info.inputFenceFd = -1;
		assert_int_equal(NeuronRuntime_setOutput(b.rt, 0, out[i > 0], SIZE, no_fd), 0);
		assert_int_equal(NeuronRuntime_inferenceFenced(b.rt, &info), 0);
		close((int)info.fenceFd);
	}
	info.callback(&info);
	assert_int_equal(out[0][0], 0);
	assert_memory_equal(b.in, out[1], SIZE);
	release(b.rt);
	assert_int_equal(out[0][0], 0);
}

/* Nor measured: the forgotten one was the last that had ended. */
static void what_is_forgotten_is_not_measured(void **state)
{
	ProfiledQoSData *data = NULL;
	FenceInfo info;
	uint8_t boost;
	struct bench b;
	int i;

	(void)state;
	bench_open(&b);
	assert_int_equal(NeuronRuntime_inference(b.rt), 0);
	assert_int_equal(NeuronRuntime_getProfiledQoSData(b.rt, &data, &boost), 0);
	for (i = 0; i < 65; i++) {
		info.inputFenceFd = -1;
		assert_int_equal(NeuronRuntime_inferenceFenced(b.rt, &info), 0);
		close((int)info.fenceFd);
		assert_int_equal(NeuronRuntime_getProfiledQoSData(b.rt, &data, &boost),
				 NEURONRUNTIME_BAD_STATE);
	}
	release(b.rt);
}

static void *call_back(void *opaque)
{
	FenceInfo *info = opaque;

	info->callback(info);
	return NULL;
}

/* What another thread is called back for is not forgotten under its hands. */
static void a_callback_under_way_is_left_alone(void **state)
{
	FenceInfo first = {.inputFenceFd = -1}, info;
	struct bench b;
	pthread_t thread;
	int i;

	(void)state;
	bench_open(&b);
	fake.hold = fake.block = true;
	assert_int_equal(NeuronRuntime_inferenceFenced(b.rt, &first), 0);
	close((int)first.fenceFd);
	assert_int_equal(pthread_create(&thread, NULL, call_back, &first), 0);
	fake_await_waits(1);
	for (i = 0; i < 64; i++) {
		info.inputFenceFd = -1;
		assert_int_equal(NeuronRuntime_inferenceFenced(b.rt, &info), 0);
		close((int)info.fenceFd);
	}
	fake_release_hold();
	pthread_join(thread, NULL);
	assert_int_equal(first.status, 0);
	assert_int_equal(first.microseconds, 500);
	release(b.rt);
}

static void there_is_no_enqueue_and_trigger(void **state)
{
	FenceInfo fence = {.inputFenceFd = -1};
	uint8_t supported = 7;
	struct bench b;

	(void)state;
	bench_open(&b);
	assert_int_equal(NeuronRuntime_isEnqueueTriggerSupported(b.rt, &supported), 0);
	assert_int_equal(supported, 0);
	assert_int_equal(NeuronRuntime_inferenceEnqueue(b.rt), NEURONRUNTIME_RUNTIME_ERROR);
	assert_int_equal(NeuronRuntime_inferenceTrigger(b.rt), NEURONRUNTIME_RUNTIME_ERROR);
	assert_int_equal(NeuronRuntime_inferenceTriggerFenced(b.rt, &fence),
			 NEURONRUNTIME_RUNTIME_ERROR);
	assert_non_null(strstr(apu_neuron_error(), "not supported"));
	assert_int_equal(fake.submits, 0);
	release(b.rt);
}

static void qos_reaches_the_kernel(void **state)
{
	QoSOptions qos = {.priority = NEURONRUNTIME_PRIORITY_LOW, .abortTime = 3};
	ProfiledQoSData *data = NULL;
	uint8_t boost;
	struct bench b;
	void *empty = make(NULL);

	(void)state;
	assert_int_equal(NeuronRuntime_setQoSOption(empty, &qos), NEURONRUNTIME_BAD_STATE);
	NeuronRuntime_release(empty);
	bench_open(&b);
	assert_int_equal(NeuronRuntime_getProfiledQoSData(b.rt, &data, &boost),
			 NEURONRUNTIME_BAD_STATE);
	assert_int_equal(NeuronRuntime_setQoSOption(b.rt, &qos), 0);
	assert_int_equal(NeuronRuntime_inference(b.rt), 0);
	assert_int_equal(fake.qos.priority, DRM_APU_PRIORITY_LOW);
	assert_int_equal(fake.jobs[0].time_limit_us, 3000);
	assert_int_equal(NeuronRuntime_getProfiledQoSData(b.rt, &data, &boost), 0);
	assert_int_equal(data->qosData[0][0].execTime, 500);
	qos.preference = (RuntimeAPIQoSPreference)3;
	assert_int_equal(NeuronRuntime_setQoSOption(b.rt, &qos), NEURONRUNTIME_BAD_DATA);
	release(b.rt);
}

static void every_failure_of_the_kernel_is_survived(void **state)
{
	FenceInfo fence;
	size_t size;
	uint8_t *data = small_model(&size);
	int8_t in[SIZE] = {0}, out[SIZE];
	unsigned int nth, i;
	void *rt;
	int ret;

	(void)state;
	for (nth = 1;; nth++) {
		fake_reset();
		fake.fail_nth = nth;
		ret = NeuronRuntime_create_with_options(OPTIONS, NULL, &rt);
		if (!ret) {
			ret = NeuronRuntime_loadNetworkFromBuffer(rt, data, size);
			if (!ret)
				ret = NeuronRuntime_setInput(rt, 0, in, SIZE, no_fd);
			if (!ret)
				ret = NeuronRuntime_setOutput(rt, 0, out, SIZE, no_fd);
			if (!ret)
				ret = NeuronRuntime_inference(rt);
			for (i = 0; !ret && i < 2; i++) {
				fence.inputFenceFd = -1;
				ret = NeuronRuntime_inferenceFenced(rt, &fence);
				if (!ret)
					close((int)fence.fenceFd);
			}
			NeuronRuntime_release(rt);
		}
		fake_assert_no_leak();
		if (!ret)
			break;
		assert_int_equal(ret, NEURONRUNTIME_OUT_OF_MEMORY);
	}
	assert_in_range(nth, 15, 40);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(inference_gives_the_output, setup),
		cmocka_unit_test_setup(creation_tells_what_is_wrong, setup),
		cmocka_unit_test_setup(loading_tells_what_is_wrong, setup),
		cmocka_unit_test_setup(a_file_descriptor_can_be_loaded, setup),
		cmocka_unit_test_setup(a_device_kind_of_0_is_hardware, setup),
		cmocka_unit_test_setup(the_null_device_looks_and_runs_nothing, setup),
		cmocka_unit_test_setup(bad_places_are_refused, setup),
		cmocka_unit_test_setup(offsets_count_from_the_buffer, setup),
		cmocka_unit_test_setup(what_is_not_set_is_told, setup),
		cmocka_unit_test_setup(padding_is_converted_unless_suppressed, setup),
		cmocka_unit_test_setup(padding_of_dma_bufs_and_clones, setup),
		cmocka_unit_test_setup(queries_tell_the_tensors, setup),
		cmocka_unit_test_setup(single_functions_want_one, setup),
		cmocka_unit_test_setup(clones_share_constants, setup),
		cmocka_unit_test_setup(memory_comes_with_the_network, setup),
		cmocka_unit_test_setup(fenced_inferences_overlap_and_end_by_callback, setup),
		cmocka_unit_test_setup(callbacks_need_not_be_called, setup),
		cmocka_unit_test_setup(clones_do_not_starve_each_other, setup),
		cmocka_unit_test_setup(what_is_forgotten_is_not_written, setup),
		cmocka_unit_test_setup(what_is_forgotten_is_not_measured, setup),
		cmocka_unit_test_setup(a_callback_under_way_is_left_alone, setup),
		cmocka_unit_test_setup(there_is_no_enqueue_and_trigger, setup),
		cmocka_unit_test_setup(qos_reaches_the_kernel, setup),
		cmocka_unit_test_setup(every_failure_of_the_kernel_is_survived, setup),
	};

	return cmocka_run_group_tests_name("neuron v1", tests, NULL, NULL);
}

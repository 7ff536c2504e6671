// SPDX-License-Identifier: MIT
/*
 * What every function of the Neuron Runtime says to runtimes, handles and pointers that are wrong,
 * and that each looks at its own side of the model: inputs and outputs here have nothing in common.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apu/apu_isa.h"
#include "apu/neuron.h"
#include "neuron/api/EnqueueTrigger.h"
#include "neuron/api/RuntimeAPI.h"
#include "neuron_jobs.h"

#define EXPECT(code, call) assert_int_equal(call, code)

static const BufferAttribute no_fd = {NON_ION_FD};

/* Input int8 3 x 5 padded to 3 x 8, output int16 2 x 2 x 3 padded to 2 x 2 x 4. */
static uint8_t *uneven_model(size_t *size)
{
	struct dla_spec spec;

	spec_init(&spec, 0);
	spec.tensors[0].dims[0] = spec.tensors[0].padded_dims[0] = 3;
	spec.tensors[0].dims[1] = 5;
	spec.tensors[0].padded_dims[1] = 8;
	spec.tensors[0].size = 15;
	spec.tensors[0].padded_size = 24;
	spec.tensors[1].dtype = APU_DTYPE_I16;
	spec.tensors[1].rank = 3;
	memcpy(spec.tensors[1].dims, (uint32_t[]){2, 2, 3}, 12);
	memcpy(spec.tensors[1].padded_dims, (uint32_t[]){2, 2, 4}, 12);
	spec.tensors[1].size = 24;
	spec.tensors[1].padded_size = 32;
	return spec_write(&spec, size);
}

/* Two inputs, three outputs, or the other way round. */
static uint8_t *many_model(size_t *size, unsigned int inputs)
{
	struct dla_spec spec;
	unsigned int i;

	spec_init(&spec, 0);
	spec.info.num_inputs = inputs;
	spec.info.num_outputs = 5 - inputs;
	for (i = 1; i < 5; i++) {
		spec.tensors[i] = spec.tensors[0];
		spec.tensors[i].region += i;
	}
	spec.num_tensors = 5;
	return spec_write(&spec, size);
}

static void *make_v1(uint8_t *data, size_t size)
{
	void *rt = NULL;

	EXPECT(0, NeuronRuntime_create_with_options(OPTIONS, NULL, &rt));
	if (data)
		EXPECT(0, NeuronRuntime_loadNetworkFromBuffer(rt, data, size));
	free(data);
	return rt;
}

static void *make_v2(uint8_t *data, size_t size)
{
	void *rt = NULL;

	EXPECT(0, NeuronRuntimeV2_createFromBuffer_with_options(data, size, 1, &rt, 1, OPTIONS));
	free(data);
	return rt;
}

/* What can be called before a network is loaded. */
static void call_v1(void *rt, int want)
{
	FenceInfo fence = {.inputFenceFd = -1};
	uint8_t flag;
	void *clone;

	if (want)
		EXPECT(want, NeuronRuntime_clone(rt, &clone));
	EXPECT(want, NeuronRuntime_isFenceSupported(rt, &flag));
	EXPECT(want, NeuronRuntime_isEnqueueTriggerSupported(rt, &flag));
	if (!want)
		want = NEURONRUNTIME_RUNTIME_ERROR;
	EXPECT(want, NeuronRuntime_inferenceEnqueue(rt));
	EXPECT(want, NeuronRuntime_inferenceTrigger(rt));
	EXPECT(want, NeuronRuntime_inferenceTriggerFenced(rt, &fence));
}

/* What cannot. */
static void call_v1_network(void *rt, int want)
{
	FenceInfo fence = {.inputFenceFd = -1};
	ProfiledQoSData *data = NULL;
	RuntimeAPIDimensions dims;
	uint32_t rank, shape[4] = {1, 1, 1, 1};
	QoSOptions qos = {0};
	char memory[SIZE] = {0};
	size_t size;
	uint8_t boost;

	EXPECT(want, NeuronRuntime_setInput(rt, 0, memory, SIZE, no_fd));
	EXPECT(want, NeuronRuntime_setOutput(rt, 0, memory, SIZE, no_fd));
	EXPECT(want, NeuronRuntime_setOffsetedInput(rt, 0, memory, SIZE, no_fd, 0));
	EXPECT(want, NeuronRuntime_setOffsetedOutput(rt, 0, memory, SIZE, no_fd, 0));
	EXPECT(want, NeuronRuntime_setSingleInput(rt, memory, SIZE, no_fd));
	EXPECT(want, NeuronRuntime_setSingleOutput(rt, memory, SIZE, no_fd));
	EXPECT(want, NeuronRuntime_setInputShape(rt, 0, shape, 4));
	EXPECT(want, NeuronRuntime_setQoSOption(rt, &qos));
	EXPECT(want, NeuronRuntime_getProfiledQoSData(rt, &data, &boost));
	EXPECT(want, NeuronRuntime_getInputNumber(rt, &size));
	EXPECT(want, NeuronRuntime_getOutputNumber(rt, &size));
	EXPECT(want, NeuronRuntime_getInputRank(rt, 0, &rank));
	EXPECT(want, NeuronRuntime_getOutputRank(rt, 0, &rank));
	EXPECT(want, NeuronRuntime_getInputSize(rt, 0, &size));
	EXPECT(want, NeuronRuntime_getOutputSize(rt, 0, &size));
	EXPECT(want, NeuronRuntime_getSingleInputSize(rt, &size));
	EXPECT(want, NeuronRuntime_getSingleOutputSize(rt, &size));
	EXPECT(want, NeuronRuntime_getInputPaddedSize(rt, 0, &size));
	EXPECT(want, NeuronRuntime_getOutputPaddedSize(rt, 0, &size));
	EXPECT(want, NeuronRuntime_getSingleInputPaddedSize(rt, &size));
	EXPECT(want, NeuronRuntime_getSingleOutputPaddedSize(rt, &size));
	EXPECT(want, NeuronRuntime_getInputPaddedDimensions(rt, 0, &dims));
	EXPECT(want, NeuronRuntime_getOutputPaddedDimensions(rt, 0, &dims));
	EXPECT(want, NeuronRuntime_getSingleInputPaddedDimensions(rt, &dims));
	EXPECT(want, NeuronRuntime_getSingleOutputPaddedDimensions(rt, &dims));
	EXPECT(want, NeuronRuntime_inference(rt));
	EXPECT(want, NeuronRuntime_inferenceFenced(rt, &fence));
	EXPECT(want, NeuronRuntime_getMetadataInfo(rt, "author", &size));
	EXPECT(want, NeuronRuntime_getMetadata(rt, "author", memory, SIZE));
}

static void call_v2(void *rt, int want)
{
	RuntimeAPIDimensions dims;
	ProfiledQoSData *data = NULL;
	struct apu_memory memory;
	uint32_t rank, shape[4] = {1, 1, 1, 1};
	QoSOptions qos = {0};
	struct io io;
	uint64_t id;
	uint8_t boost;
	size_t size;
	char text[4];
	int fence;

	io_init(&io, 1);
	EXPECT(want, NeuronRuntimeV2_enqueue(rt, async_of(&io), &id));
	EXPECT(want, NeuronRuntimeV2_run(rt, sync_of(&io)));
	EXPECT(want, NeuronRuntimeV2_getInputNumber(rt, &size));
	EXPECT(want, NeuronRuntimeV2_getOutputNumber(rt, &size));
	EXPECT(want, NeuronRuntimeV2_getInputRank(rt, 0, &rank));
	EXPECT(want, NeuronRuntimeV2_getOutputRank(rt, 0, &rank));
	EXPECT(want, NeuronRuntimeV2_getInputSize(rt, 0, &size));
	EXPECT(want, NeuronRuntimeV2_getOutputSize(rt, 0, &size));
	EXPECT(want, NeuronRuntimeV2_getInputPaddedSize(rt, 0, &size));
	EXPECT(want, NeuronRuntimeV2_getOutputPaddedSize(rt, 0, &size));
	EXPECT(want, NeuronRuntimeV2_getInputPaddedDimensions(rt, 0, &dims));
	EXPECT(want, NeuronRuntimeV2_getOutputPaddedDimensions(rt, 0, &dims));
	EXPECT(want, NeuronRuntimeV2_getInputPitch(rt, 0, &size));
	EXPECT(want, NeuronRuntimeV2_getOutputPitch(rt, 0, &size));
	EXPECT(want, NeuronRuntimeV2_setInputShape(rt, 0, shape, 4));
	EXPECT(want, NeuronRuntimeV2_setQoSOption(rt, &qos));
	EXPECT(want, NeuronRuntimeV2_setQoS(rt, NEURONRUNTIME_SYSTEM_DDR_BOOST, 1));
	EXPECT(want, NeuronRuntimeV2_getProfiledQoSData(rt, &data, &boost));
	EXPECT(want, NeuronRuntimeV2_getMetadataInfo(rt, "author", &size));
	EXPECT(want, NeuronRuntimeV2_getMetadata(rt, "author", text, 4));
	EXPECT(-EINVAL, apu_neuron_v2_cancel(rt, 0));
	EXPECT(-EINVAL, apu_neuron_v2_wait(rt, 0, 0));
	EXPECT(-EINVAL, apu_neuron_v2_run_fenced(rt, sync_of(&io), -1, &fence));
	if (!rt)
		EXPECT(-EINVAL, apu_neuron_get_memory(rt, &memory));
}

static void a_runtime_is_asked_for(void **state)
{
	size_t size;
	uint8_t *data = small_model(&size);
	void *v2 = make_v2(data, size);
	char none[64] = {0};
	struct apu_memory memory;

	(void)state;
	call_v1(NULL, NEURONRUNTIME_UNEXPECTED_NULL);
	call_v1_network(NULL, NEURONRUNTIME_UNEXPECTED_NULL);
	EXPECT(NEURONRUNTIME_UNEXPECTED_NULL, NeuronRuntime_loadNetworkFromFile(NULL, "x"));
	EXPECT(NEURONRUNTIME_UNEXPECTED_NULL, NeuronRuntime_loadNetworkFromBuffer(NULL, "x", 1));
	EXPECT(NEURONRUNTIME_UNEXPECTED_NULL, apu_neuron_v1_load_fd(NULL, 0));
	call_v2(NULL, NEURONRUNTIME_UNEXPECTED_NULL);
	/* One of the other version, and something else. */
	call_v1(v2, NEURONRUNTIME_BAD_DATA);
	call_v1_network(v2, NEURONRUNTIME_BAD_DATA);
	EXPECT(NEURONRUNTIME_BAD_DATA, NeuronRuntime_loadNetworkFromFile(v2, "x"));
	EXPECT(NEURONRUNTIME_BAD_DATA, NeuronRuntime_loadNetworkFromBuffer(v2, "x", 1));
	EXPECT(NEURONRUNTIME_BAD_DATA, apu_neuron_v1_load_fd(v2, 0));
	call_v2(none, NEURONRUNTIME_BAD_DATA);
	EXPECT(-EINVAL, apu_neuron_get_memory(none, &memory));
	EXPECT(-EINVAL, apu_neuron_get_memory(v2, NULL));
	/* And left alone. */
	NeuronRuntime_release(v2);
	NeuronRuntime_release(none);
	NeuronRuntimeV2_release(none);
	release(v2);
}

static void a_network_is_asked_for(void **state)
{
	void *rt = make_v1(NULL, 0);

	(void)state;
	call_v1(rt, NEURONRUNTIME_NO_ERROR);
	call_v1_network(rt, NEURONRUNTIME_BAD_STATE);
	NeuronRuntime_release(rt);
	fake_assert_no_leak();
}

static void pointers_are_asked_for_v1(void **state)
{
	const int want = NEURONRUNTIME_UNEXPECTED_NULL;
	ProfiledQoSData *data = NULL;
	char text[4];
	size_t size;
	uint8_t *model = small_model(&size), boost;
	void *rt = make_v1(model, size);

	(void)state;
	EXPECT(want, NeuronRuntime_clone(rt, NULL));
	EXPECT(want, NeuronRuntime_create_with_options(OPTIONS, NULL, NULL));
	EXPECT(want, NeuronRuntime_setInput(rt, 0, NULL, SIZE, no_fd));
	EXPECT(want, NeuronRuntime_setOutput(rt, 0, NULL, SIZE, no_fd));
	EXPECT(want, NeuronRuntime_setSingleInput(rt, NULL, SIZE, no_fd));
	EXPECT(want, NeuronRuntime_setSingleOutput(rt, NULL, SIZE, no_fd));
	EXPECT(want, NeuronRuntime_setQoSOption(rt, NULL));
	EXPECT(want, NeuronRuntime_getProfiledQoSData(rt, NULL, &boost));
	EXPECT(want, NeuronRuntime_getProfiledQoSData(rt, &data, NULL));
	EXPECT(want, NeuronRuntime_getInputNumber(rt, NULL));
	EXPECT(want, NeuronRuntime_getOutputNumber(rt, NULL));
	EXPECT(want, NeuronRuntime_getInputRank(rt, 0, NULL));
	EXPECT(want, NeuronRuntime_getOutputRank(rt, 0, NULL));
	EXPECT(want, NeuronRuntime_getInputSize(rt, 0, NULL));
	EXPECT(want, NeuronRuntime_getOutputSize(rt, 0, NULL));
	EXPECT(want, NeuronRuntime_getSingleInputSize(rt, NULL));
	EXPECT(want, NeuronRuntime_getSingleOutputSize(rt, NULL));
	EXPECT(want, NeuronRuntime_getInputPaddedSize(rt, 0, NULL));
	EXPECT(want, NeuronRuntime_getOutputPaddedSize(rt, 0, NULL));
	EXPECT(want, NeuronRuntime_getSingleInputPaddedSize(rt, NULL));
	EXPECT(want, NeuronRuntime_getSingleOutputPaddedSize(rt, NULL));
	EXPECT(want, NeuronRuntime_getInputPaddedDimensions(rt, 0, NULL));
	EXPECT(want, NeuronRuntime_getOutputPaddedDimensions(rt, 0, NULL));
	EXPECT(want, NeuronRuntime_getSingleInputPaddedDimensions(rt, NULL));
	EXPECT(want, NeuronRuntime_getSingleOutputPaddedDimensions(rt, NULL));
	EXPECT(want, NeuronRuntime_isFenceSupported(rt, NULL));
	EXPECT(want, NeuronRuntime_isEnqueueTriggerSupported(rt, NULL));
	EXPECT(want, NeuronRuntime_inferenceFenced(rt, NULL));
	EXPECT(want, NeuronRuntime_getMetadataInfo(rt, NULL, &size));
	EXPECT(want, NeuronRuntime_getMetadataInfo(rt, "author", NULL));
	EXPECT(want, NeuronRuntime_getMetadata(rt, NULL, text, 4));
	EXPECT(want, NeuronRuntime_getMetadata(rt, "author", NULL, 4));
	NeuronRuntime_release(rt);
	fake_assert_no_leak();
}

static void pointers_are_asked_for_v2(void **state)
{
	const int want = NEURONRUNTIME_UNEXPECTED_NULL;
	ProfiledQoSData *data = NULL;
	struct io io;
	uint64_t id;
	uint8_t boost;
	char text[4];
	size_t size;
	int fence;
	void *rt = make(1, 1);

	(void)state;
	io_init(&io, 1);
	EXPECT(want, NeuronRuntimeV2_create_with_options("x", 1, NULL, 1, NULL));
	EXPECT(want, NeuronRuntimeV2_createFromBuffer_with_options("x", 1, 1, NULL, 1, NULL));
	EXPECT(want, apu_neuron_v2_create_fd(0, 1, NULL, 1, NULL));
	EXPECT(want, NeuronRuntimeV2_enqueue(rt, async_of(&io), NULL));
	EXPECT(want, NeuronRuntimeV2_run(rt, (SyncInferenceRequest){NULL, &io.out_buffer}));
	EXPECT(want, NeuronRuntimeV2_run(rt, (SyncInferenceRequest){&io.in_buffer, NULL}));
	EXPECT(want, NeuronRuntimeV2_enqueue(
			     rt, (AsyncInferenceRequest){NULL, &io.out_buffer, NULL, NULL}, &id));
	EXPECT(want, NeuronRuntimeV2_enqueue(
			     rt, (AsyncInferenceRequest){&io.in_buffer, NULL, NULL, NULL}, &id));
	EXPECT(want, NeuronRuntimeV2_getInputNumber(rt, NULL));
	EXPECT(want, NeuronRuntimeV2_getOutputNumber(rt, NULL));
	EXPECT(want, NeuronRuntimeV2_getInputRank(rt, 0, NULL));
	EXPECT(want, NeuronRuntimeV2_getOutputRank(rt, 0, NULL));
	EXPECT(want, NeuronRuntimeV2_getInputSize(rt, 0, NULL));
	EXPECT(want, NeuronRuntimeV2_getOutputSize(rt, 0, NULL));
	EXPECT(want, NeuronRuntimeV2_getInputPaddedSize(rt, 0, NULL));
	EXPECT(want, NeuronRuntimeV2_getOutputPaddedSize(rt, 0, NULL));
	EXPECT(want, NeuronRuntimeV2_getInputPaddedDimensions(rt, 0, NULL));
	EXPECT(want, NeuronRuntimeV2_getOutputPaddedDimensions(rt, 0, NULL));
	EXPECT(want, NeuronRuntimeV2_getInputPitch(rt, 0, NULL));
	EXPECT(want, NeuronRuntimeV2_getOutputPitch(rt, 0, NULL));
	EXPECT(want, NeuronRuntimeV2_setQoSOption(rt, NULL));
	EXPECT(want, NeuronRuntimeV2_getProfiledQoSData(rt, NULL, &boost));
	EXPECT(want, NeuronRuntimeV2_getProfiledQoSData(rt, &data, NULL));
	EXPECT(want, NeuronRuntimeV2_getMetadataInfo(rt, NULL, &size));
	EXPECT(want, NeuronRuntimeV2_getMetadataInfo(rt, "author", NULL));
	EXPECT(want, NeuronRuntimeV2_getMetadata(rt, NULL, text, 4));
	EXPECT(want, NeuronRuntimeV2_getMetadata(rt, "author", NULL, 4));
	EXPECT(-EINVAL, apu_neuron_v2_run_fenced(rt, sync_of(&io), -1, NULL));
	EXPECT(-EINVAL,
	       apu_neuron_v2_run_fenced(rt, (SyncInferenceRequest){NULL, NULL}, -1, &fence));
	assert_int_equal(fake.submits, 0);
	release(rt);
}

static const uint64_t bad_handles[] = {1, 12, 13, UINT32_MAX, 1ull << 32, UINT64_MAX};

#define NUM_BAD_HANDLES (sizeof(bad_handles) / sizeof(bad_handles[0]))

static void handles_are_checked_v1(void **state)
{
	const int want = NEURONRUNTIME_BAD_DATA;
	RuntimeAPIDimensions dims;
	uint32_t rank, shape[2] = {1, 64};
	char memory[SIZE] = {0};
	size_t size;
	uint8_t *data = small_model(&size);
	void *rt = make_v1(data, size);
	unsigned int i;

	(void)state;
	for (i = 0; i < NUM_BAD_HANDLES; i++) {
		uint64_t h = bad_handles[i];

		EXPECT(want, NeuronRuntime_setInput(rt, h, memory, SIZE, no_fd));
		EXPECT(want, NeuronRuntime_setOutput(rt, h, memory, SIZE, no_fd));
		EXPECT(want, NeuronRuntime_setOffsetedInput(rt, h, memory, SIZE, no_fd, 0));
		EXPECT(want, NeuronRuntime_setOffsetedOutput(rt, h, memory, SIZE, no_fd, 0));
		EXPECT(want, NeuronRuntime_setInputShape(rt, h, shape, 2));
		EXPECT(want, NeuronRuntime_getInputRank(rt, h, &rank));
		EXPECT(want, NeuronRuntime_getOutputRank(rt, h, &rank));
		EXPECT(want, NeuronRuntime_getInputSize(rt, h, &size));
		EXPECT(want, NeuronRuntime_getOutputSize(rt, h, &size));
		EXPECT(want, NeuronRuntime_getInputPaddedSize(rt, h, &size));
		EXPECT(want, NeuronRuntime_getOutputPaddedSize(rt, h, &size));
		EXPECT(want, NeuronRuntime_getInputPaddedDimensions(rt, h, &dims));
		EXPECT(want, NeuronRuntime_getOutputPaddedDimensions(rt, h, &dims));
	}
	NeuronRuntime_release(rt);
	fake_assert_no_leak();
}

static void handles_are_checked_v2(void **state)
{
	const int want = NEURONRUNTIME_BAD_DATA;
	RuntimeAPIDimensions dims;
	uint32_t rank, shape[2] = {1, 64};
	void *rt = make(1, 1);
	unsigned int i;
	size_t size;

	(void)state;
	for (i = 0; i < NUM_BAD_HANDLES; i++) {
		uint64_t h = bad_handles[i];

		EXPECT(want, NeuronRuntimeV2_setInputShape(rt, h, shape, 2));
		EXPECT(want, NeuronRuntimeV2_getInputRank(rt, h, &rank));
		EXPECT(want, NeuronRuntimeV2_getOutputRank(rt, h, &rank));
		EXPECT(want, NeuronRuntimeV2_getInputSize(rt, h, &size));
		EXPECT(want, NeuronRuntimeV2_getOutputSize(rt, h, &size));
		EXPECT(want, NeuronRuntimeV2_getInputPaddedSize(rt, h, &size));
		EXPECT(want, NeuronRuntimeV2_getOutputPaddedSize(rt, h, &size));
		EXPECT(want, NeuronRuntimeV2_getInputPaddedDimensions(rt, h, &dims));
		EXPECT(want, NeuronRuntimeV2_getOutputPaddedDimensions(rt, h, &dims));
		EXPECT(want, NeuronRuntimeV2_getInputPitch(rt, h, &size));
		EXPECT(want, NeuronRuntimeV2_getOutputPitch(rt, h, &size));
	}
	release(rt);
}

#define TELLS(value, type, call)                                                                   \
	do {                                                                                       \
		type told = (type)~0u;                                                             \
		EXPECT(0, call);                                                                   \
		assert_int_equal(told, value);                                                     \
	} while (0)

static void tells_dims(int (*get)(void *rt, uint64_t handle, RuntimeAPIDimensions *dims), void *rt,
		       uint32_t n, uint32_t h, uint32_t w, uint32_t c)
{
	RuntimeAPIDimensions dims;

	memset(&dims, 0xff, sizeof(dims));
	EXPECT(0, get(rt, 0, &dims));
	assert_int_equal(dims.dimensions[N], n);
	assert_int_equal(dims.dimensions[H], h);
	assert_int_equal(dims.dimensions[W], w);
	assert_int_equal(dims.dimensions[C], c);
}

static void inputs_and_outputs_are_told_apart_v1(void **state)
{
	RuntimeAPIDimensions dims;
	size_t size;
	uint8_t *data = uneven_model(&size);
	void *rt = make_v1(data, size);

	(void)state;
	TELLS(2, uint32_t, NeuronRuntime_getInputRank(rt, 0, &told));
	TELLS(3, uint32_t, NeuronRuntime_getOutputRank(rt, 0, &told));
	TELLS(15, size_t, NeuronRuntime_getInputSize(rt, 0, &told));
	TELLS(24, size_t, NeuronRuntime_getOutputSize(rt, 0, &told));
	TELLS(15, size_t, NeuronRuntime_getSingleInputSize(rt, &told));
	TELLS(24, size_t, NeuronRuntime_getSingleOutputSize(rt, &told));
	TELLS(24, size_t, NeuronRuntime_getInputPaddedSize(rt, 0, &told));
	TELLS(32, size_t, NeuronRuntime_getOutputPaddedSize(rt, 0, &told));
	TELLS(24, size_t, NeuronRuntime_getSingleInputPaddedSize(rt, &told));
	TELLS(32, size_t, NeuronRuntime_getSingleOutputPaddedSize(rt, &told));
	tells_dims(NeuronRuntime_getInputPaddedDimensions, rt, 3, 1, 1, 8);
	tells_dims(NeuronRuntime_getOutputPaddedDimensions, rt, 2, 1, 2, 4);
	EXPECT(0, NeuronRuntime_getSingleInputPaddedDimensions(rt, &dims));
	assert_int_equal(dims.dimensions[C], 8);
	EXPECT(0, NeuronRuntime_getSingleOutputPaddedDimensions(rt, &dims));
	assert_int_equal(dims.dimensions[C], 4);
	NeuronRuntime_release(rt);
	fake_assert_no_leak();
}

static void inputs_and_outputs_are_told_apart_v2(void **state)
{
	size_t size;
	uint8_t *data = uneven_model(&size);
	void *rt = make_v2(data, size);

	(void)state;
	TELLS(2, uint32_t, NeuronRuntimeV2_getInputRank(rt, 0, &told));
	TELLS(3, uint32_t, NeuronRuntimeV2_getOutputRank(rt, 0, &told));
	TELLS(15, size_t, NeuronRuntimeV2_getInputSize(rt, 0, &told));
	TELLS(24, size_t, NeuronRuntimeV2_getOutputSize(rt, 0, &told));
	TELLS(24, size_t, NeuronRuntimeV2_getInputPaddedSize(rt, 0, &told));
	TELLS(32, size_t, NeuronRuntimeV2_getOutputPaddedSize(rt, 0, &told));
	tells_dims(NeuronRuntimeV2_getInputPaddedDimensions, rt, 3, 1, 1, 8);
	tells_dims(NeuronRuntimeV2_getOutputPaddedDimensions, rt, 2, 1, 2, 4);
	/* Bytes of a row. */
	TELLS(8, size_t, NeuronRuntimeV2_getInputPitch(rt, 0, &told));
	TELLS(8, size_t, NeuronRuntimeV2_getOutputPitch(rt, 0, &told));
	release(rt);
}

static void single_functions_want_one(void **state)
{
	const int want = NEURONRUNTIME_INCOMPLETE;
	RuntimeAPIDimensions dims;
	char memory[SIZE] = {0};
	unsigned int inputs;
	uint8_t *data;
	size_t size;
	void *rt;

	(void)state;
	for (inputs = 2; inputs < 4; inputs++) {
		data = many_model(&size, inputs);
		rt = make_v1(data, size);
		TELLS(inputs, size_t, NeuronRuntime_getInputNumber(rt, &told));
		TELLS(5 - inputs, size_t, NeuronRuntime_getOutputNumber(rt, &told));
		EXPECT(want, NeuronRuntime_setSingleInput(rt, memory, SIZE, no_fd));
		EXPECT(want, NeuronRuntime_setSingleOutput(rt, memory, SIZE, no_fd));
		EXPECT(want, NeuronRuntime_getSingleInputSize(rt, &size));
		EXPECT(want, NeuronRuntime_getSingleOutputSize(rt, &size));
		EXPECT(want, NeuronRuntime_getSingleInputPaddedSize(rt, &size));
		EXPECT(want, NeuronRuntime_getSingleOutputPaddedSize(rt, &size));
		EXPECT(want, NeuronRuntime_getSingleInputPaddedDimensions(rt, &dims));
		EXPECT(want, NeuronRuntime_getSingleOutputPaddedDimensions(rt, &dims));
		NeuronRuntime_release(rt);
		data = many_model(&size, inputs);
		rt = make_v2(data, size);
		TELLS(inputs, size_t, NeuronRuntimeV2_getInputNumber(rt, &told));
		TELLS(5 - inputs, size_t, NeuronRuntimeV2_getOutputNumber(rt, &told));
		release(rt);
	}
}

/* A shape of 2s with so many dimensions. */
static void *make_ranked(uint32_t rank)
{
	struct dla_spec spec;
	uint8_t *data;
	uint32_t i;
	size_t size;

	spec_init(&spec, 0);
	spec.tensors[0].rank = rank;
	for (i = 0; i < rank; i++)
		spec.tensors[0].dims[i] = spec.tensors[0].padded_dims[i] = i + 2;
	for (spec.tensors[0].size = 1, i = 0; i < rank; i++)
		spec.tensors[0].size *= i + 2;
	spec.tensors[0].padded_size = spec.tensors[0].size;
	for (; i < 2; i++)
		spec.tensors[0].dims[i] = spec.tensors[0].padded_dims[i] = 0;
	data = spec_write(&spec, &size);
	return make_v2(data, size);
}

/* A runtime loads what has its own major version, which it tells. */
static void the_format_has_the_version_of_the_runtime(void **state)
{
	void *rt = make_v1(NULL, 0), *v2 = NULL;
	NeuronVersion version;
	struct dla_spec spec;
	uint8_t *data;
	size_t size;

	(void)state;
	EXPECT(0, NeuronRuntime_getVersion(&version));
	spec_init(&spec, 0);
	assert_int_equal(spec.info.version_major, version.major);
	spec.info.version_major++;
	data = spec_write(&spec, &size);
	EXPECT(NEURONRUNTIME_BAD_DATA, NeuronRuntime_loadNetworkFromBuffer(rt, data, size));
	assert_non_null(strstr(apu_neuron_error(), "version mismatch"));
	NeuronRuntime_release(rt);
	EXPECT(NEURONRUNTIME_BAD_DATA,
	       NeuronRuntimeV2_createFromBuffer_with_options(data, size, 1, &v2, 1, OPTIONS));
	assert_non_null(strstr(apu_neuron_error(), "version mismatch"));
	assert_null(v2);
	free(data);
	fake_assert_no_leak();
}

static void four_dimensions_are_n_h_w_c(void **state)
{
	static const uint32_t want[][4] = {{1, 1, 1, 2}, {2, 1, 1, 3}, {2, 1, 3, 4}, {2, 3, 4, 5}};
	RuntimeAPIDimensions dims;
	uint32_t rank;
	void *rt;

	(void)state;
	for (rank = 1; rank <= 4; rank++) {
		const uint32_t *w = want[rank - 1];

		rt = make_ranked(rank);
		tells_dims(NeuronRuntimeV2_getInputPaddedDimensions, rt, w[0], w[1], w[2], w[3]);
		release(rt);
	}
	rt = make_ranked(5);
	TELLS(5, uint32_t, NeuronRuntimeV2_getInputRank(rt, 0, &told));
	EXPECT(NEURONRUNTIME_BAD_DATA, NeuronRuntimeV2_getInputPaddedDimensions(rt, 0, &dims));
	assert_non_null(strstr(apu_neuron_error(), "5 dimensions"));
	release(rt);
}

/* set is setQoSOption of either version. */
static void check_qos(int (*set)(void *rt, const QoSOptions *qos), void *rt)
{
	const QoSOptions good = {
		.boostValue = 100,
		.maxBoostValue = 100,
		.minBoostValue = 100,
		/* Of these any value will do. */
		.delayedPowerOffTime = 12345,
		.applicationType = (RuntimeAPIQoSAppType)77,
		/* An address that nobody looks at. */
		.profiledQoSData = (ProfiledQoSData *)8,
	};
	QoSOptions qos;

	EXPECT(0, set(rt, &good));
#define REFUSED(field, value)                                                                      \
	do {                                                                                       \
		qos = good;                                                                        \
		qos.field = value;                                                                 \
		EXPECT(NEURONRUNTIME_BAD_DATA, set(rt, &qos));                                     \
	} while (0)
	REFUSED(preference, (RuntimeAPIQoSPreference)3);
	REFUSED(priority, (RuntimeAPIQoSPriority)3);
	REFUSED(boostValue, 102);
	REFUSED(maxBoostValue, 101);
	REFUSED(minBoostValue, 101);
}

static void qos_values_are_checked(void **state)
{
	QoSOptions qos = {.powerPolicy = NEURONRUNTIME_POWER_POLICY_POWER_SAVING};
	size_t size;
	uint8_t *data = small_model(&size);
	void *rt = make_v1(data, size);
	struct io io;

	(void)state;
	check_qos(NeuronRuntime_setQoSOption, rt);
	NeuronRuntime_release(rt);
	rt = make(2, 1);
	check_qos(NeuronRuntimeV2_setQoSOption, rt);
	/* Longer than the hardware can: no limit. */
	qos.abortTime = UINT16_MAX;
	EXPECT(0, NeuronRuntimeV2_setQoSOption(rt, &qos));
	io_init(&io, 1);
	EXPECT(0, NeuronRuntimeV2_run(rt, sync_of(&io)));
	assert_int_equal(fake.jobs[0].time_limit_us, 0);
	assert_int_equal(fake.qos.flags, DRM_APU_QOS_PREFER_POWER);
	release(rt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_runtime_is_asked_for, setup),
		cmocka_unit_test_setup(a_network_is_asked_for, setup),
		cmocka_unit_test_setup(pointers_are_asked_for_v1, setup),
		cmocka_unit_test_setup(pointers_are_asked_for_v2, setup),
		cmocka_unit_test_setup(handles_are_checked_v1, setup),
		cmocka_unit_test_setup(handles_are_checked_v2, setup),
		cmocka_unit_test_setup(inputs_and_outputs_are_told_apart_v1, setup),
		cmocka_unit_test_setup(inputs_and_outputs_are_told_apart_v2, setup),
		cmocka_unit_test_setup(single_functions_want_one, setup),
		cmocka_unit_test_setup(the_format_has_the_version_of_the_runtime, setup),
		cmocka_unit_test_setup(four_dimensions_are_n_h_w_c, setup),
		cmocka_unit_test_setup(qos_values_are_checked, setup),
	};

	return cmocka_run_group_tests_name("neuron arguments", tests, NULL, NULL);
}

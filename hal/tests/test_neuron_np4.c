// SPDX-License-Identifier: MIT
/*
 * The layouts of NeuroPilot 4: what a client built with NEURON_RUNTIME_NP4 says reaches the kernel.
 */
#define NEURON_RUNTIME_NP4
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_kmd.h"
#include "neuron/api/RuntimeAPI.h"
#include "neuron/api/RuntimeV2.h"
#include "neuron_util.h"

static const BufferAttribute no_fd = {NON_ION_FD};

static int setup(void **state)
{
	(void)state;
	fake_reset();
	return 0;
}

static void environments_have_their_old_layout(void **state)
{
	/* In the newer layout the first flag is where the second is here. */
	EnvOptions env = {kEnvOptHardware, Single, true, false};
	int8_t in[24] = {0}, out[24];
	size_t size;
	uint8_t *data = padded_model(&size);
	void *rt = NULL;

	(void)state;
	assert_int_equal(NeuronRuntime_create_with_options(OPTIONS, &env, &rt), 0);
	assert_int_equal(NeuronRuntime_loadNetworkFromBuffer(rt, data, size), 0);
	free(data);
	/* Inputs are not converted, outputs are. */
	assert_int_equal(NeuronRuntime_setInput(rt, 0, in, 15, no_fd), NEURONRUNTIME_BAD_DATA);
	assert_int_equal(NeuronRuntime_setInput(rt, 0, in, 24, no_fd), 0);
	assert_int_equal(NeuronRuntime_setOutput(rt, 0, out, 15, no_fd), 0);
	assert_int_equal(NeuronRuntime_inference(rt), 0);
	NeuronRuntime_release(rt);
	assert_int_equal(NeuronRuntime_create_with_options(OPTIONS, NULL, &rt), 0);
	NeuronRuntime_release(rt);
	env.deviceKind = kEnvOptNullDevice;
	assert_int_equal(NeuronRuntime_create(&env, &rt), 0);
	NeuronRuntime_release(rt);
	env.deviceKind = kEnvOptCModelDevice;
	assert_int_equal(NeuronRuntime_create(&env, &rt), NEURONRUNTIME_RUNTIME_ERROR);
	fake_assert_no_leak();
}

static void check_kernel(void)
{
	assert_int_equal(fake.qos.priority, DRM_APU_PRIORITY_LOW);
	assert_int_equal(fake.qos.boost, 40);
	assert_int_equal(fake.qos.deadline_us, 6000);
	assert_int_equal(fake.jobs[0].time_limit_us, 7000);
}

static const QoSOptions qos = {
	.preference = NEURONRUNTIME_PREFER_PERFORMANCE,
	.priority = NEURONRUNTIME_PRIORITY_LOW,
	.boostValue = 40,
	.deadline = 6,
	.abortTime = 7,
};

static void qos_of_version_1_has_its_old_layout(void **state)
{
	int8_t in[SIZE] = {0}, out[SIZE];
	size_t size;
	uint8_t *data = small_model(&size);
	void *rt = NULL;

	(void)state;
	assert_int_equal(NeuronRuntime_create_with_options(OPTIONS, NULL, &rt), 0);
	assert_int_equal(NeuronRuntime_loadNetworkFromBuffer(rt, data, size), 0);
	free(data);
	assert_int_equal(NeuronRuntime_setInput(rt, 0, in, SIZE, no_fd), 0);
	assert_int_equal(NeuronRuntime_setOutput(rt, 0, out, SIZE, no_fd), 0);
	assert_int_equal(NeuronRuntime_setQoSOption(rt, NULL), NEURONRUNTIME_UNEXPECTED_NULL);
	assert_int_equal(NeuronRuntime_setQoSOption(rt, &qos), 0);
	assert_int_equal(NeuronRuntime_inference(rt), 0);
	check_kernel();
	NeuronRuntime_release(rt);
	fake_assert_no_leak();
}

static void qos_of_version_2_has_its_old_layout(void **state)
{
	int8_t in[SIZE] = {0}, out[SIZE];
	IOBuffer input = {.buffer = in, .length = SIZE, .fd = -1};
	IOBuffer output = {.buffer = out, .length = SIZE, .fd = -1};
	size_t size;
	uint8_t *data = small_model(&size);
	void *rt = NULL;

	(void)state;
	assert_int_equal(
		NeuronRuntimeV2_createFromBuffer_with_options(data, size, 1, &rt, 1, OPTIONS), 0);
	free(data);
	assert_int_equal(NeuronRuntimeV2_setQoSOption(rt, NULL), NEURONRUNTIME_UNEXPECTED_NULL);
	assert_int_equal(NeuronRuntimeV2_setQoSOption(rt, &qos), 0);
	assert_int_equal(NeuronRuntimeV2_run(rt, (SyncInferenceRequest){&input, &output}), 0);
	check_kernel();
	NeuronRuntimeV2_release(rt);
	fake_assert_no_leak();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(environments_have_their_old_layout, setup),
		cmocka_unit_test_setup(qos_of_version_1_has_its_old_layout, setup),
		cmocka_unit_test_setup(qos_of_version_2_has_its_old_layout, setup),
	};

	return cmocka_run_group_tests_name("neuron np4", tests, NULL, NULL);
}

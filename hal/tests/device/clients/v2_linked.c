// SPDX-License-Identifier: MIT
/* Version 2, C, linked. */
#include <neuron/api/RuntimeV2.h>

#include <stdio.h>
#include <stdlib.h>

#define CHECK(call)                                                                                \
	do {                                                                                       \
		int err = (call);                                                                  \
		if (err != NEURONRUNTIME_NO_ERROR) {                                               \
			fprintf(stderr, "%s: %d\n", #call, err);                                   \
			return 1;                                                                  \
		}                                                                                  \
	} while (0)

static void *read_file(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	void *data = NULL;

	if (file && fseek(file, 0, SEEK_END) == 0) {
		*size = (size_t)ftell(file);
		rewind(file);
		data = malloc(*size);
		if (data && fread(data, *size, 1, file) != 1)
			*size = 0;
	}
	if (file)
		fclose(file);
	return data;
}

int main(int argc, char **argv)
{
	IOBuffer inputs[1] = {{.fd = -1}};
	IOBuffer outputs[1] = {{.fd = -1, .reserved1_should_be_init_zero = 0}};
	SyncInferenceRequest request = {inputs, outputs};
	size_t model_size, n_in, n_out;
	QoSOptions qos = {
		.preference = NEURONRUNTIME_PREFER_POWER,
		.priority = NEURONRUNTIME_PRIORITY_MED,
		.boostValue = 60,
		.delayedPowerOffTime = NEURONRUNTIME_POWER_OFF_TIME_DEFAULT,
	};
	void *runtime, *model;
	FILE *file;

	if (argc != 4)
		return 1;
	model = read_file(argv[1], &model_size);
	if (!model)
		return 1;
	CHECK(NeuronRuntimeV2_createFromBuffer(model, model_size, 1, &runtime, 8));
	free(model);
	CHECK(NeuronRuntimeV2_getInputNumber(runtime, &n_in));
	CHECK(NeuronRuntimeV2_getOutputNumber(runtime, &n_out));
	if (n_in != 1 || n_out != 1)
		return 1;
	inputs[0].buffer = read_file(argv[2], &inputs[0].length);
	CHECK(NeuronRuntimeV2_getOutputPaddedSize(runtime, 0, &outputs[0].length));
	outputs[0].buffer = malloc(outputs[0].length);
	CHECK(NeuronRuntimeV2_setQoSOption(runtime, &qos));
	CHECK(NeuronRuntimeV2_run(runtime, request));
	NeuronRuntimeV2_release(runtime);
	file = fopen(argv[3], "wb");
	if (!file || fwrite(outputs[0].buffer, outputs[0].length, 1, file) != 1 || fclose(file)) {
		perror(argv[3]);
		return 1;
	}
	free(inputs[0].buffer);
	free(outputs[0].buffer);
	return 0;
}

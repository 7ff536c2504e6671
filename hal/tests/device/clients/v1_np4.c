// SPDX-License-Identifier: MIT
/* Version 1, C, linked, with the layouts of NeuroPilot 4. */
#define NEURON_RUNTIME_NP4
#include <neuron/api/RuntimeAPI.h>

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

int main(int argc, char **argv)
{
	/* In this order, without names. */
	EnvOptions options = {kEnvOptHardware, Single, false, false};
	QoSOptions qos = {
		NEURONRUNTIME_PREFER_PERFORMANCE,
		NEURONRUNTIME_PRIORITY_MED,
		NEURONRUNTIME_BOOSTVALUE_MAX,
		0,
		0,
		NULL,
	};
	BufferAttribute attribute = {-1};
	size_t in_size, out_size;
	void *runtime, *in, *out;
	FILE *file;

	if (argc != 4)
		return 1;
	CHECK(NeuronRuntime_create(&options, &runtime));
	CHECK(NeuronRuntime_loadNetworkFromFile(runtime, argv[1]));
	CHECK(NeuronRuntime_setQoSOption(runtime, &qos));
	/* Far more than 100: the field is elsewhere in the newer layout. */
	qos.boostValue = 200;
	if (NeuronRuntime_setQoSOption(runtime, &qos) != NEURONRUNTIME_BAD_DATA)
		return 1;
	CHECK(NeuronRuntime_getInputSize(runtime, 0, &in_size));
	CHECK(NeuronRuntime_getOutputSize(runtime, 0, &out_size));
	in = malloc(in_size);
	out = malloc(out_size);
	file = fopen(argv[2], "rb");
	if (!file || fread(in, in_size, 1, file) != 1) {
		perror(argv[2]);
		return 1;
	}
	fclose(file);
	CHECK(NeuronRuntime_setInput(runtime, 0, in, in_size, attribute));
	CHECK(NeuronRuntime_setOutput(runtime, 0, out, out_size, attribute));
	CHECK(NeuronRuntime_inference(runtime));
	NeuronRuntime_release(runtime);
	file = fopen(argv[3], "wb");
	if (!file || fwrite(out, out_size, 1, file) != 1 || fclose(file)) {
		perror(argv[3]);
		return 1;
	}
	free(in);
	free(out);
	return 0;
}

// SPDX-License-Identifier: MIT
/* Version 1, C, linked. */
#include <neuron/api/Fence.h>
#include <neuron/api/RuntimeAPI.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
	const EnvOptions options = {.deviceKind = kEnvOptHardware};
	const BufferAttribute attribute = {NON_ION_FD};
	FenceInfo fence = {.inputFenceFd = -1};
	struct pollfd pfd = {.events = POLLIN};
	RuntimeAPIDimensions dims;
	size_t in_size, out_size;
	NeuronVersion version;
	uint8_t supported = 0;
	char *in, *out, *fenced;
	void *runtime;
	FILE *file;

	if (argc != 4)
		return 1;
	CHECK(NeuronRuntime_getVersion(&version));
	printf("runtime %u.%u.%u\n", version.major, version.minor, version.patch);
	CHECK(NeuronRuntime_create_with_options("--apusys-config \"{ \\\"high_addr\\\": true }\"",
						&options, &runtime));
	CHECK(NeuronRuntime_loadNetworkFromFile(runtime, argv[1]));
	CHECK(NeuronRuntime_getSingleInputSize(runtime, &in_size));
	CHECK(NeuronRuntime_getSingleOutputSize(runtime, &out_size));
	CHECK(NeuronRuntime_getSingleInputPaddedDimensions(runtime, &dims));
	printf("input %u x %u x %u x %u\n", dims.dimensions[N], dims.dimensions[H],
	       dims.dimensions[W], dims.dimensions[C]);
	in = malloc(in_size);
	out = malloc(out_size);
	fenced = malloc(out_size);
	file = fopen(argv[2], "rb");
	if (!file || fread(in, in_size, 1, file) != 1) {
		perror(argv[2]);
		return 1;
	}
	fclose(file);
	CHECK(NeuronRuntime_setSingleInput(runtime, in, in_size, attribute));
	CHECK(NeuronRuntime_setSingleOutput(runtime, out, out_size, attribute));
	CHECK(NeuronRuntime_inference(runtime));

	CHECK(NeuronRuntime_isFenceSupported(runtime, &supported));
	if (supported) {
		CHECK(NeuronRuntime_setSingleOutput(runtime, fenced, out_size, attribute));
		CHECK(NeuronRuntime_inferenceFenced(runtime, &fence));
		pfd.fd = (int)fence.fenceFd;
		if (poll(&pfd, 1, -1) != 1)
			return 1;
		fence.callback(&fence);
		CHECK((int)fence.status);
		printf("fenced: %u us\n", fence.microseconds);
		close((int)fence.fenceFd);
		if (memcmp(out, fenced, out_size) != 0) {
			fprintf(stderr, "the fenced inference gave something else\n");
			return 1;
		}
	}
	NeuronRuntime_release(runtime);
	file = fopen(argv[3], "wb");
	if (!file || fwrite(out, out_size, 1, file) != 1 || fclose(file)) {
		perror(argv[3]);
		return 1;
	}
	free(fenced);
	free(out);
	free(in);
	return 0;
}

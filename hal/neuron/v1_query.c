// SPDX-License-Identifier: MIT
/*
 * What version 1 tells of a network.
 */
#include "neuron/api/RuntimeAPI.h"
#include "version1.h"

int version1_check_single(void *runtime, bool output)
{
	size_t number;
	int ret = neuron_number(runtime, NEURON_MAGIC_V1, output, &number);

	if (ret || number == 1)
		return ret;
	return neuron_fail(NEURONRUNTIME_INCOMPLETE, "the model has %zu %s", number,
			   output ? "outputs" : "inputs");
}

NEURON_API int NeuronRuntime_getInputNumber(void *runtime, size_t *size)
{
	return neuron_number(runtime, NEURON_MAGIC_V1, false, size);
}

NEURON_API int NeuronRuntime_getOutputNumber(void *runtime, size_t *size)
{
	return neuron_number(runtime, NEURON_MAGIC_V1, true, size);
}

NEURON_API int NeuronRuntime_getInputRank(void *runtime, uint64_t handle, uint32_t *rank)
{
	return neuron_rank(runtime, NEURON_MAGIC_V1, false, handle, rank);
}

NEURON_API int NeuronRuntime_getOutputRank(void *runtime, uint64_t handle, uint32_t *rank)
{
	return neuron_rank(runtime, NEURON_MAGIC_V1, true, handle, rank);
}

NEURON_API int NeuronRuntime_getInputSize(void *runtime, uint64_t handle, size_t *size)
{
	return neuron_size(runtime, NEURON_MAGIC_V1, false, handle, size);
}

NEURON_API int NeuronRuntime_getOutputSize(void *runtime, uint64_t handle, size_t *size)
{
	return neuron_size(runtime, NEURON_MAGIC_V1, true, handle, size);
}

NEURON_API int NeuronRuntime_getSingleInputSize(void *runtime, size_t *size)
{
	int ret = version1_check_single(runtime, false);

	return ret ? ret : NeuronRuntime_getInputSize(runtime, 0, size);
}

NEURON_API int NeuronRuntime_getSingleOutputSize(void *runtime, size_t *size)
{
	int ret = version1_check_single(runtime, true);

	return ret ? ret : NeuronRuntime_getOutputSize(runtime, 0, size);
}

NEURON_API int NeuronRuntime_getInputPaddedSize(void *runtime, uint64_t handle, size_t *size)
{
	return neuron_padded_size(runtime, NEURON_MAGIC_V1, false, handle, size);
}

NEURON_API int NeuronRuntime_getOutputPaddedSize(void *runtime, uint64_t handle, size_t *size)
{
	return neuron_padded_size(runtime, NEURON_MAGIC_V1, true, handle, size);
}

NEURON_API int NeuronRuntime_getSingleInputPaddedSize(void *runtime, size_t *size)
{
	int ret = version1_check_single(runtime, false);

	return ret ? ret : NeuronRuntime_getInputPaddedSize(runtime, 0, size);
}

NEURON_API int NeuronRuntime_getSingleOutputPaddedSize(void *runtime, size_t *size)
{
	int ret = version1_check_single(runtime, true);

	return ret ? ret : NeuronRuntime_getOutputPaddedSize(runtime, 0, size);
}

NEURON_API int NeuronRuntime_getInputPaddedDimensions(void *runtime, uint64_t handle,
						      RuntimeAPIDimensions *dims)
{
	return neuron_padded_dims(runtime, NEURON_MAGIC_V1, false, handle, dims);
}

NEURON_API int NeuronRuntime_getOutputPaddedDimensions(void *runtime, uint64_t handle,
						       RuntimeAPIDimensions *dims)
{
	return neuron_padded_dims(runtime, NEURON_MAGIC_V1, true, handle, dims);
}

NEURON_API int NeuronRuntime_getSingleInputPaddedDimensions(void *runtime,
							    RuntimeAPIDimensions *dims)
{
	int ret = version1_check_single(runtime, false);

	return ret ? ret : NeuronRuntime_getInputPaddedDimensions(runtime, 0, dims);
}

NEURON_API int NeuronRuntime_getSingleOutputPaddedDimensions(void *runtime,
							     RuntimeAPIDimensions *dims)
{
	int ret = version1_check_single(runtime, true);

	return ret ? ret : NeuronRuntime_getOutputPaddedDimensions(runtime, 0, dims);
}

NEURON_API int NeuronRuntime_getMetadataInfo(void *runtime, const char *key, size_t *size)
{
	return neuron_metadata_info(runtime, NEURON_MAGIC_V1, key, size);
}

NEURON_API int NeuronRuntime_getMetadata(void *runtime, const char *key, char *data, size_t size)
{
	return neuron_metadata(runtime, NEURON_MAGIC_V1, key, data, size);
}

NEURON_API int NeuronRuntime_setInputShape(void *runtime, uint64_t handle, uint32_t *dims,
					   uint32_t rank)
{
	(void)dims;
	(void)rank;
	return neuron_set_shape(runtime, NEURON_MAGIC_V1, handle);
}

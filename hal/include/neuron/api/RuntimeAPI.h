/* SPDX-License-Identifier: MIT */
/*
 * Neuron Runtime API, version 1: one model, one inference at a time.
 *
 * Create, load a network, set every input and output, run inference() as often as
 * wanted, release. Static and temporary memory is allocated when the network is loaded, and
 * input and output memory too if the model uses the MVPU, else at the first
 * inference; all is freed at release.
 *
 * Threads: a runtime belongs to one thread at a time, but for FenceInfo's callback, which
 * may be called from any. Different runtimes, clones too, have nothing to do with each other.
 *
 * See RuntimeAPIErrorCode for what is returned; apu_neuron_error() in <apu/neuron.h> has
 * the text.
 */
#ifndef NEURON_API_RUNTIMEAPI_H
#define NEURON_API_RUNTIMEAPI_H

#include "Types.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef NEURON_RUNTIME_NP4
#define NeuronRuntime_create NeuronRuntime_create_np4
#define NeuronRuntime_create_with_options NeuronRuntime_create_with_options_np4
#define NeuronRuntime_setQoSOption NeuronRuntime_setQoSOption_np4
#endif

/* deviceKind: HARDWARE, which 0 is too, or NULL to look at models without a device. */
enum {
	kEnvOptNullDevice = 1 << 0,
	/* Not supported. */
	kEnvOptCModelDevice = 1 << 1,
	kEnvOptHardware = 1 << 2,
	/* Not supported. */
	kEnvOptPredictor = 1 << 3,
};

/* The compiler decides; any number is accepted and ignored. */
typedef enum {
	Auto = 0,
	Single = 1,
	Dual = 2,
} MDLACoreMode;

typedef struct {
	uint32_t deviceKind;
	/* MDLACoreMode: an integer, since clients in C++ give numbers too. */
	uint32_t MDLACoreOption;
#ifndef NEURON_RUNTIME_NP4
	/* Accepted and ignored: nothing runs on the CPU. */
	uint8_t CPUThreadNum;
#endif
	/*
	 * For a model that was compiled for padded inputs or outputs: false, and the
	 * client's memory has the size that getInputSize() tells, as it is padded or
	 * stripped on the way; true, and it has the padded size. A dma-buf always has
	 * the padded size.
	 */
	bool suppressInputConversion;
	bool suppressOutputConversion;
} EnvOptions;

/* Not 0 if the options ask for this kind. */
static inline int IsNullDevice(const EnvOptions *options)
{
	return (options->deviceKind & kEnvOptNullDevice) != 0;
}

static inline int IsHardware(const EnvOptions *options)
{
	return (options->deviceKind & kEnvOptHardware) != 0;
}

static inline int IsPredictor(const EnvOptions *options)
{
	return (options->deviceKind & kEnvOptPredictor) != 0;
}

/* The version of the runtime. It loads .dla files whose format has the same major version. */
int NeuronRuntime_getVersion(NeuronVersion *version);

/*
 * Create a runtime without a network. options: see NeuronRuntimeV2_create_with_options(). NULL
 * EnvOptions: hardware.
 */
int NeuronRuntime_create(const EnvOptions *options, void **runtime);
int NeuronRuntime_create_with_options(const char *options, const EnvOptions *optionsToDeprecate,
				      void **runtime);
/*
 * A runtime with the same network, whose constants are shared, and the same options; inputs,
 * outputs and temporary memory are its own. The original may be released before it.
 */
int NeuronRuntime_clone(void *original, void **runtime);
/* Load the network, of which a runtime has one. The buffer is copied. */
int NeuronRuntime_loadNetworkFromFile(void *runtime, const char *pathToDlaFile);
int NeuronRuntime_loadNetworkFromBuffer(void *runtime, const void *buffer, size_t size);

/*
 * Set where input or output handle is, until it is set again: memory of the client, which is
 * read or written at each inference, or a dma-buf, which is imported now: the file
 * descriptor may be closed. "Offseted": from offset, a multiple of 8 for dma-bufs.
 * "Single": for models with one, else INCOMPLETE.
 */
int NeuronRuntime_setInput(void *runtime, uint64_t handle, const void *buffer, size_t length,
			   BufferAttribute attribute);
int NeuronRuntime_setOutput(void *runtime, uint64_t handle, void *buffer, size_t length,
			    BufferAttribute attribute);
int NeuronRuntime_setOffsetedInput(void *runtime, uint64_t handle, const void *buffer,
				   size_t length, BufferAttribute attribute, size_t offset);
int NeuronRuntime_setOffsetedOutput(void *runtime, uint64_t handle, void *buffer, size_t length,
				    BufferAttribute attribute, size_t offset);
int NeuronRuntime_setSingleInput(void *runtime, const void *buffer, size_t length,
				 BufferAttribute attribute);
int NeuronRuntime_setSingleOutput(void *runtime, void *buffer, size_t length,
				  BufferAttribute attribute);
/* For models with dynamic shapes, which this implementation has not: RUNTIME_ERROR. */
int NeuronRuntime_setInputShape(void *runtime, uint64_t handle, uint32_t *dims, uint32_t rank);

/* How inferences are treated from now on: see QoSOptions. BAD_DATA for what is out of range. */
int NeuronRuntime_setQoSOption(void *runtime, const QoSOptions *qosOption);
/*
 * What the last inference took, and the boost value it had. *profiledQoSData is NULL, and is
 * set, or points to a structure, which is filled; what it points to is the runtime's, valid
 * until the next call. BAD_STATE: none has ended well.
 */
int NeuronRuntime_getProfiledQoSData(void *runtime, ProfiledQoSData **profiledQoSData,
				     uint8_t *execBoostValue);

/* What the network has: see the functions of version 2. "Single": as above. */
int NeuronRuntime_getInputNumber(void *runtime, size_t *size);
int NeuronRuntime_getOutputNumber(void *runtime, size_t *size);
int NeuronRuntime_getInputRank(void *runtime, uint64_t handle, uint32_t *rank);
int NeuronRuntime_getOutputRank(void *runtime, uint64_t handle, uint32_t *rank);
int NeuronRuntime_getInputSize(void *runtime, uint64_t handle, size_t *size);
int NeuronRuntime_getOutputSize(void *runtime, uint64_t handle, size_t *size);
int NeuronRuntime_getSingleInputSize(void *runtime, size_t *size);
int NeuronRuntime_getSingleOutputSize(void *runtime, size_t *size);
int NeuronRuntime_getInputPaddedSize(void *runtime, uint64_t handle, size_t *size);
int NeuronRuntime_getOutputPaddedSize(void *runtime, uint64_t handle, size_t *size);
int NeuronRuntime_getSingleInputPaddedSize(void *runtime, size_t *size);
int NeuronRuntime_getSingleOutputPaddedSize(void *runtime, size_t *size);
/* The shape of the buffer. BAD_DATA for a tensor of more than 4 dimensions. */
int NeuronRuntime_getInputPaddedDimensions(void *runtime, uint64_t handle,
					   RuntimeAPIDimensions *dims);
int NeuronRuntime_getOutputPaddedDimensions(void *runtime, uint64_t handle,
					    RuntimeAPIDimensions *dims);
int NeuronRuntime_getSingleInputPaddedDimensions(void *runtime, RuntimeAPIDimensions *dims);
int NeuronRuntime_getSingleOutputPaddedDimensions(void *runtime, RuntimeAPIDimensions *dims);

/* Runs the network once and returns when the outputs are there. */
int NeuronRuntime_inference(void *runtime);
/* Waits for fenced inferences, then frees all. NULL is allowed. */
void NeuronRuntime_release(void *runtime);

/* See NeuronRuntimeV2_getMetadata(). */
int NeuronRuntime_getMetadataInfo(void *runtime, const char *key, size_t *size);
int NeuronRuntime_getMetadata(void *runtime, const char *key, char *data, size_t size);

NEURON_STATIC_ASSERT(sizeof(EnvOptions) == 12, "layout of EnvOptions");
NEURON_STATIC_ASSERT(offsetof(EnvOptions, MDLACoreOption) == 4, "layout of EnvOptions");
#ifndef NEURON_RUNTIME_NP4
NEURON_STATIC_ASSERT(offsetof(EnvOptions, suppressInputConversion) == 9, "layout of EnvOptions");
#else
NEURON_STATIC_ASSERT(offsetof(EnvOptions, suppressInputConversion) == 8, "layout of EnvOptions");
#endif

#ifdef __cplusplus
}
#endif

#endif

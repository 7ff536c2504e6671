/* SPDX-License-Identifier: MIT */
/*
 * Neuron Runtime API, version 2: several inferences of one model at a time.
 *
 * A runtime has nbThreads workers, each with a working buffer of its own, and a queue
 * of at most backlog requests that no worker has taken yet. Static and temporary memory
 * is allocated when it is created, and input and output memory too if the model uses the
 * MVPU; else inputs and outputs get memory at a worker's first inference, and
 * none where the client passes dma-bufs. A worker keeps the dma-bufs of its last request imported
 * until its next request has others or the runtime is released: closing their descriptors does
 * not free their memory before.
 *
 * Choosing nbThreads: 1 for a client that calls run() from one thread, or wants its
 * requests done in order; more for inferences that overlap, each for one more working
 * buffer; 256 at most. 0 is 1 without a thread until the first enqueue(). A backlog of 0 is 1.
 *
 * Threads: everything but release() may be called from several threads at a time;
 * setQoSOption() only while no request is queued or running.
 *
 * See RuntimeAPIErrorCode for what is returned; apu_neuron_error() in <apu/neuron.h> has
 * the text.
 */
#ifndef NEURON_API_RUNTIMEV2_H
#define NEURON_API_RUNTIMEV2_H

#include "Types.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef NEURON_RUNTIME_NP4
#define NeuronRuntimeV2_setQoSOption NeuronRuntimeV2_setQoSOption_np4
#endif

/*
 * inputs[i] is input i of the model, likewise outputs. The arrays and what they point to
 * are the runtime's until the request has ended. They are read anew for every request.
 */
typedef struct {
	IOBuffer *inputs;
	IOBuffer *outputs;
	/*
	 * Called once, from a worker, when the request has ended; may be NULL. It may
	 * enqueue and run: an enqueue from here does not block, even if the queue
	 * is full. It must not release the runtime.
	 */
	void (*finish_cb)(uint64_t job_id, void *opaque, int status);
	void *opaque;
} AsyncInferenceRequest;

typedef struct {
	IOBuffer *inputs;
	IOBuffer *outputs;
} SyncInferenceRequest;

/*
 * Create a runtime from a .dla file, or from the contents of one, which are copied.
 * options: words separated by blanks, quoted as for a shell. "--device NODE" chooses the
 * device; what is not known is ignored, as it is meant for another implementation.
 * *runtime is set on success only.
 */
int NeuronRuntimeV2_create(const char *pathToDlaFile, size_t nbThreads, void **runtime,
			   size_t backlog);
int NeuronRuntimeV2_create_with_options(const char *pathToDlaFile, size_t nbThreads, void **runtime,
					size_t backlog, const char *options);
int NeuronRuntimeV2_createFromBuffer(const void *buffer, size_t len, size_t nbThreads,
				     void **runtime, size_t backlog);
int NeuronRuntimeV2_createFromBuffer_with_options(const void *buffer, size_t len, size_t nbThreads,
						  void **runtime, size_t backlog,
						  const char *options);
/* Waits until every request has ended, its callback too, then frees all. NULL is allowed. */
void NeuronRuntimeV2_release(void *runtime);

/*
 * Queues a request; blocks only while the queue is full. Job ids count from 0. Requests
 * are started in order; in which order they end is open.
 */
int NeuronRuntimeV2_enqueue(void *runtime, AsyncInferenceRequest request, uint64_t *job_id);
/* The same queue, but returns when the request has ended. */
int NeuronRuntimeV2_run(void *runtime, SyncInferenceRequest request);

/* How many inputs or outputs the model has, and how many dimensions each. */
int NeuronRuntimeV2_getInputNumber(void *runtime, size_t *size);
int NeuronRuntimeV2_getOutputNumber(void *runtime, size_t *size);
int NeuronRuntimeV2_getInputRank(void *runtime, uint64_t handle, uint32_t *rank);
int NeuronRuntimeV2_getOutputRank(void *runtime, uint64_t handle, uint32_t *rank);
/* Bytes of the tensor, and of the buffer that an inference takes. */
int NeuronRuntimeV2_getInputSize(void *runtime, uint64_t handle, size_t *size);
int NeuronRuntimeV2_getOutputSize(void *runtime, uint64_t handle, size_t *size);
int NeuronRuntimeV2_getInputPaddedSize(void *runtime, uint64_t handle, size_t *size);
int NeuronRuntimeV2_getOutputPaddedSize(void *runtime, uint64_t handle, size_t *size);
/* The shape of the buffer. BAD_DATA for a tensor of more than 4 dimensions. */
int NeuronRuntimeV2_getInputPaddedDimensions(void *runtime, uint64_t handle,
					     RuntimeAPIDimensions *dims);
int NeuronRuntimeV2_getOutputPaddedDimensions(void *runtime, uint64_t handle,
					      RuntimeAPIDimensions *dims);
/* Bytes from one row, the innermost dimension, to the next. */
int NeuronRuntimeV2_getInputPitch(void *runtime, uint64_t handle, size_t *pitch);
int NeuronRuntimeV2_getOutputPitch(void *runtime, uint64_t handle, size_t *pitch);
/* For models with dynamic shapes, which this implementation has not: RUNTIME_ERROR. */
int NeuronRuntimeV2_setInputShape(void *runtime, uint64_t handle, uint32_t *dims, uint32_t rank);

/* How requests are treated from now on: see QoSOptions. BAD_DATA for what is out of range. */
int NeuronRuntimeV2_setQoSOption(void *runtime, const QoSOptions *qosOption);
/* Hints for the system around the APU, which this implementation has not: RUNTIME_ERROR. */
int NeuronRuntimeV2_setQoS(void *runtime, uint32_t key, uint32_t value);
/* See NeuronRuntime_getProfiledQoSData(). With one worker only, else RUNTIME_ERROR. */
int NeuronRuntimeV2_getProfiledQoSData(void *runtime, ProfiledQoSData **profiledQoSData,
				       uint8_t *execBoostValue);

/* Bytes of the value that the compiler stored under key; 0 if there is none. */
int NeuronRuntimeV2_getMetadataInfo(void *runtime, const char *key, size_t *size);
/* Copies the first size bytes at most; the rest of data is zeroed. BAD_DATA: no such key. */
int NeuronRuntimeV2_getMetadata(void *runtime, const char *key, char *data, size_t size);

#if UINTPTR_MAX == UINT64_MAX
NEURON_STATIC_ASSERT(sizeof(AsyncInferenceRequest) == 32, "layout of AsyncInferenceRequest");
NEURON_STATIC_ASSERT(offsetof(AsyncInferenceRequest, finish_cb) == 16,
		     "layout of AsyncInferenceRequest");
NEURON_STATIC_ASSERT(offsetof(AsyncInferenceRequest, opaque) == 24,
		     "layout of AsyncInferenceRequest");
NEURON_STATIC_ASSERT(sizeof(SyncInferenceRequest) == 16, "layout of SyncInferenceRequest");
#endif

#ifdef __cplusplus
}
#endif

#endif

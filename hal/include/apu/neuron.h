/* SPDX-License-Identifier: MIT */
/*
 * What this implementation of the Neuron Runtime offers beyond the published API. A runtime
 * is what NeuronRuntimeV2_create() or NeuronRuntime_create() gave, as the name says.
 *
 * Functions that return int return 0 or a negative errno, with a text from
 * apu_neuron_error(). All may be called from several threads at a time.
 */
#ifndef APU_NEURON_H
#define APU_NEURON_H

#include <apu/apu.h>
#include <neuron/api/RuntimeV2.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The text of this thread's last error in this library, of the published functions too: one
 * line without a newline, "" if none has failed. In a finish_cb, that of the request. With
 * APU_NEURON_LOG in the environment every text is printed to stderr when it is made.
 */
const char *apu_neuron_error(void);

/*
 * As NeuronRuntimeV2_create_with_options() and NeuronRuntime_loadNetworkFromFile(), from a
 * file descriptor, read from its start, which stays the caller's. RuntimeAPIErrorCode.
 */
int apu_neuron_v2_create_fd(int fd, size_t nbThreads, void **runtime, size_t backlog,
			    const char *options);
int apu_neuron_v1_load_fd(void *runtime, int fd);

/*
 * Gives up a job: it is not started, or as apu_request_cancel() says. Its callback is called all
 * the same, with RUNTIME_ERROR if it has not run to its end. -ENOENT if it has ended.
 */
int apu_neuron_v2_cancel(void *runtime, uint64_t job_id);
/*
 * Waits until a job has ended and its callback has returned; how it ended, the callback
 * tells. timeout_ns is relative: 0 polls, negative waits for ever. -ETIMEDOUT; -EINVAL if
 * there was no such job; -EDEADLK in the job's own callback.
 */
int apu_neuron_v2_wait(void *runtime, uint64_t job_id, int64_t timeout_ns);
/*
 * As NeuronRuntimeV2_run(), but waits for the sync file in_fence (not consumed) unless it is
 * -1, and returns when a worker is free and the inference is submitted, with a new sync
 * file in *out_fence that signals when it has ended; its status tells how. Outputs
 * must be dma-bufs; inputs are read before it returns.
 * -EINVAL, -ENOMEM, -EAGAIN, -ENODEV; -EDEADLK in a callback; else what the import of a dma-buf
 * failed with, such as -EMFILE.
 */
int apu_neuron_v2_run_fenced(void *runtime, SyncInferenceRequest request, int in_fence,
			     int *out_fence);

/*
 * What a runtime of either version holds now: constants once, all else summed over its
 * workers. Zero while no network is loaded.
 */
int apu_neuron_get_memory(void *runtime, struct apu_memory *memory);

#ifdef __cplusplus
}
#endif

#endif

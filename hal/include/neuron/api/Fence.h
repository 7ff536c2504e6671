/* SPDX-License-Identifier: MIT */
/*
 * Neuron Runtime API, version 1: inferences that begin and end with sync files.
 */
#ifndef NEURON_API_FENCE_H
#define NEURON_API_FENCE_H

#include "Types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
	/* A sync file that the inference waits for, the client's to close, or -1. */
	int64_t inputFenceFd;
	/* Set: a sync file that signals at the end of the inference, the client's to close. */
	int64_t fenceFd;
	/*
	 * Set: to be called once, with the address of this structure, after fenceFd has
	 * signalled (else it waits). Then outputs that are no dma-bufs are there, and
	 * status and microseconds are set. Who wants none of that need not call it, and
	 * the structure may go; 64 later inferences of the runtime forget the result, or fewer
	 * if it and its clones have used up their contexts.
	 */
	void (*callback)(void *opaque);
	/* RuntimeAPIErrorCode of the inference; BAD_STATE: forgotten. */
	uint32_t status;
	/* Device time of the inference. */
	uint32_t microseconds;
	uint64_t __internal__[4];
} FenceInfo;

/* Sets *supported to 1. */
int NeuronRuntime_isFenceSupported(void *runtime, uint8_t *supported);
/*
 * Starts an inference with the inputs and outputs that are set, and returns. Several can be
 * under way; those of one runtime run one after the other.
 */
int NeuronRuntime_inferenceFenced(void *runtime, FenceInfo *fenceInfo);

#if UINTPTR_MAX == UINT64_MAX
NEURON_STATIC_ASSERT(sizeof(FenceInfo) == 64, "layout of FenceInfo");
NEURON_STATIC_ASSERT(offsetof(FenceInfo, fenceFd) == 8, "layout of FenceInfo");
NEURON_STATIC_ASSERT(offsetof(FenceInfo, callback) == 16, "layout of FenceInfo");
NEURON_STATIC_ASSERT(offsetof(FenceInfo, status) == 24, "layout of FenceInfo");
NEURON_STATIC_ASSERT(offsetof(FenceInfo, microseconds) == 28, "layout of FenceInfo");
NEURON_STATIC_ASSERT(offsetof(FenceInfo, __internal__) == 32, "layout of FenceInfo");
#endif

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: MIT */
/*
 * Neuron Runtime API, version 1: inferences prepared first and started later. This
 * implementation has none: nothing is left to prepare, as a submit is one system call.
 */
#ifndef NEURON_API_ENQUEUETRIGGER_H
#define NEURON_API_ENQUEUETRIGGER_H

#include "Fence.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Sets *supported to 0. */
int NeuronRuntime_isEnqueueTriggerSupported(void *runtime, uint8_t *supported);
/* Not supported: RUNTIME_ERROR. */
int NeuronRuntime_inferenceEnqueue(void *runtime);
int NeuronRuntime_inferenceTrigger(void *runtime);
int NeuronRuntime_inferenceTriggerFenced(void *runtime, FenceInfo *fenceInfo);

#ifdef __cplusplus
}
#endif

#endif

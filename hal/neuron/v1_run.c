// SPDX-License-Identifier: MIT
/*
 * Inferences of version 1, fenced ones too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "neuron/api/EnqueueTrigger.h"
#include "neuron/api/RuntimeAPI.h"
#include "v1_runtime.h"

/*
 * Fenced inferences of a runtime whose callbacks have not been called: a client that wants none of
 * what they tell need not. Each holds a context, of which there are 256 for a device handle.
 */
#define MAX_FENCED 64

static void free_run(struct run *run)
{
	unsigned int i;

	/* Waits for it if nobody has. */
	apu_request_release(run->request);
	for (i = 0; i < NEURON_MAX_IO; i++) {
		free(run->copy[0][i]);
		free(run->copy[1][i]);
	}
	free(run);
}

int version1_new_run(struct runtime *rt, struct run **out)
{
	struct run *run = calloc(1, sizeof(*run));
	int ret;

	if (!run)
		return neuron_fail(NEURONRUNTIME_OUT_OF_MEMORY, "no memory for an inference");
	run->rt = rt;
	ret = neuron_error(apu_request_create(rt->session, &run->request));
	if (ret) {
		free(run);
		return ret;
	}
	run->next = rt->runs;
	rt->runs = run;
	*out = run;
	return NEURONRUNTIME_NO_ERROR;
}

size_t version1_client_size(const struct runtime *rt, bool output,
			    const struct apu_tensor_info *info)
{
	bool suppress = output ? rt->env.suppressOutputConversion : rt->env.suppressInputConversion;

	return suppress ? info->padded_size : info->size;
}

static int bind_place(struct run *run, bool output, unsigned int i)
{
	const struct place *place = &run->rt->places[output][i];
	const struct apu_tensor_info *info = &run->rt->io[output][i];
	struct apu_request *request = run->request;
	void *ptr = place->ptr;
	int ret;

	if (!place->ptr && !place->bo)
		return neuron_fail(NEURONRUNTIME_BAD_STATE, "%s %u is not set",
				   output ? "output" : "input", i);
	if (place->bo) {
		ret = output ? apu_request_bind_output_bo(request, i, place->bo, place->offset,
							  info->padded_size)
			     : apu_request_bind_input_bo(request, i, place->bo, place->offset,
							 info->padded_size);
		return neuron_error(ret);
	}
	if (version1_client_size(run->rt, output, info) != info->padded_size) {
		if (!run->copy[output][i])
			run->copy[output][i] = calloc(1, info->padded_size);
		ptr = run->copy[output][i];
		if (!ptr)
			return neuron_fail(NEURONRUNTIME_OUT_OF_MEMORY, "no memory for padding");
		if (!output)
			neuron_pad(info, ptr, place->ptr);
	}
	ret = output ? apu_request_bind_output(request, i, ptr, info->padded_size)
		     : apu_request_bind_input(request, i, ptr, info->padded_size);
	return neuron_error(ret);
}

static int bind_all(struct run *run)
{
	unsigned int output, i;
	int ret;

	for (output = 0; output < 2; output++) {
		for (i = 0; i < run->rt->num_io[output]; i++) {
			ret = bind_place(run, output, i);
			if (ret)
				return ret;
		}
	}
	/* A fenced inference writes where outputs were when it was started. */
	for (i = 0; i < run->rt->num_io[1]; i++)
		run->out[i] = run->rt->places[1][i].ptr;
	return NEURONRUNTIME_NO_ERROR;
}

/* Waits, and strips the padding of outputs. */
static int finish(struct run *run)
{
	const struct runtime *rt = run->rt;
	int ret = neuron_error(apu_request_wait(run->request, -1));
	unsigned int i;

	for (i = 0; !ret && i < rt->num_io[1]; i++) {
		const struct apu_tensor_info *info = &rt->io[1][i];

		if (run->out[i] && version1_client_size(rt, true, info) != info->padded_size)
			neuron_strip(info, run->out[i], run->copy[1][i]);
	}
	return ret;
}

static void put_run(struct run *run)
{
	pthread_mutex_lock(&run->rt->family->lock);
	run->busy = false;
	run->rt->last = run;
	pthread_mutex_unlock(&run->rt->family->lock);
}

/* The oldest fenced inference of this member, NULL: of any. With the lock held. */
static struct run *oldest_fenced(const struct family *family, const struct runtime *rt)
{
	struct run *run = family->fenced;

	while (run && rt && run->rt != rt)
		run = run->next_fenced;
	return run;
}

/* Has this member as many as it may? With the lock held. */
static bool has_too_many(const struct runtime *rt)
{
	const struct run *run;
	unsigned int number = 0;

	for (run = rt->family->fenced; run; run = run->next_fenced)
		number += run->rt == rt;
	return number >= MAX_FENCED;
}

/* With the lock held. */
static void add_fenced(struct run *run)
{
	struct family *family = run->rt->family;
	struct run **at = &family->fenced;

	while (*at)
		at = &(*at)->next_fenced;
	run->fenced = ++family->num_fenced;
	run->next_fenced = NULL;
	*at = run;
}

/* With the lock held. */
static void end_fenced(struct run *run)
{
	struct run **at = &run->rt->family->fenced;

	while (*at != run)
		at = &(*at)->next_fenced;
	*at = run->next_fenced;
	run->fenced = 0;
}

/* Takes a fenced inference out of all lists, to be freed. With the lock held. */
static void forget(struct run *run)
{
	struct run **at = &run->rt->runs;

	end_fenced(run);
	while (*at != run)
		at = &(*at)->next;
	*at = run->next;
	if (run->rt->last == run)
		run->rt->last = NULL;
}

bool version1_make_room(struct runtime *rt, int err)
{
	struct run *old;

	/* No context left, or too many jobs in flight. */
	if (err != -EBUSY)
		return false;
	pthread_mutex_lock(&rt->family->lock);
	old = oldest_fenced(rt->family, NULL);
	if (old)
		forget(old);
	pthread_mutex_unlock(&rt->family->lock);
	if (old)
		free_run(old);
	return old;
}

/* Submits, if need be at the cost of what was left unclaimed. A RuntimeAPIErrorCode. */
static int submit(struct run *run, int in_fence, int *out_fence)
{
	int ret;

	do {
		ret = apu_request_submit_fenced(run->request, in_fence, out_fence);
	} while (version1_make_room(run->rt, ret));
	return neuron_error(ret);
}

void version1_free_runs(struct runtime *rt)
{
	struct run *run, *next;

	if (!rt->family)
		return;
	pthread_mutex_lock(&rt->family->lock);
	for (run = rt->runs; run; run = run->next) {
		if (run->fenced)
			end_fenced(run);
	}
	run = rt->runs;
	rt->runs = NULL;
	pthread_mutex_unlock(&rt->family->lock);
	for (; run; run = next) {
		next = run->next;
		free_run(run);
	}
}

/* A run with everything bound. */
static int take_run(void *runtime, struct run **out)
{
	struct runtime *rt = runtime;
	struct run *run, *old = NULL;
	int ret = neuron_check(runtime, NEURON_MAGIC_V1);

	if (ret)
		return ret;
	if (!rt->handle.model)
		return neuron_fail(NEURONRUNTIME_BAD_STATE, "no network is loaded");
	if (!rt->dev)
		return neuron_fail(NEURONRUNTIME_BAD_STATE, "the null device runs nothing");
	pthread_mutex_lock(&rt->family->lock);
	for (run = rt->runs; run && run->busy; run = run->next)
		;
	if (!run) {
		old = has_too_many(rt) ? oldest_fenced(rt->family, rt) : NULL;
		if (old)
			forget(old);
		ret = version1_new_run(rt, &run);
	}
	if (!ret)
		run->busy = true;
	pthread_mutex_unlock(&rt->family->lock);
	/* Waits for it. */
	if (old)
		free_run(old);
	if (ret)
		return ret;
	ret = bind_all(run);
	if (ret) {
		pthread_mutex_lock(&rt->family->lock);
		run->busy = false;
		pthread_mutex_unlock(&rt->family->lock);
		return ret;
	}
	*out = run;
	return NEURONRUNTIME_NO_ERROR;
}

NEURON_API int NeuronRuntime_inference(void *runtime)
{
	struct run *run;
	int ret = take_run(runtime, &run);

	if (ret)
		return ret;
	ret = submit(run, -1, NULL);
	if (!ret)
		ret = finish(run);
	put_run(run);
	return ret;
}

NEURON_API int NeuronRuntime_isFenceSupported(void *runtime, uint8_t *supported)
{
	int ret = neuron_check(runtime, NEURON_MAGIC_V1);

	if (ret)
		return ret;
	NEURON_CHECK_PTR(supported);
	*supported = 1;
	return NEURONRUNTIME_NO_ERROR;
}

/* The run of a fenced inference, now the caller's to finish; NULL: forgotten. */
static struct run *claim_fenced(struct runtime *rt, uint64_t number)
{
	struct run *run;

	pthread_mutex_lock(&rt->family->lock);
	for (run = rt->family->fenced; run && run->fenced != number; run = run->next_fenced)
		;
	if (run)
		end_fenced(run);
	pthread_mutex_unlock(&rt->family->lock);
	return run;
}

/* FenceInfo's callback. */
static void fence_callback(void *opaque)
{
	FenceInfo *info = opaque;
	struct runtime *rt = info ? (struct runtime *)(uintptr_t)info->__internal__[0] : NULL;
	struct neuron_profile profile;
	struct run *run;

	if (!rt)
		return;
	info->__internal__[0] = 0;
	run = claim_fenced(rt, info->__internal__[1]);
	if (!run) {
		info->status = (uint32_t)neuron_fail(
			NEURONRUNTIME_BAD_STATE,
			"how the inference ended is forgotten: others needed its place since");
		return;
	}
	info->status = (uint32_t)finish(run);
	info->microseconds = 0;
	if (!info->status && !neuron_get_profile(run->request, rt->dev, &profile))
		info->microseconds = (uint32_t)profile.qos.execTime;
	put_run(run);
}

NEURON_API int NeuronRuntime_inferenceFenced(void *runtime, FenceInfo *fenceInfo)
{
	struct run *run;
	int ret, fence = -1;

	NEURON_CHECK_PTR(fenceInfo);
	ret = take_run(runtime, &run);
	if (ret)
		return ret;
	if (fenceInfo->inputFenceFd >= 0)
		fence = (int)fenceInfo->inputFenceFd;
	ret = submit(run, fence, &fence);
	if (ret) {
		put_run(run);
		return ret;
	}
	fenceInfo->fenceFd = fence;
	fenceInfo->callback = fence_callback;
	fenceInfo->status = NEURONRUNTIME_NO_ERROR;
	fenceInfo->microseconds = 0;
	memset(fenceInfo->__internal__, 0, sizeof(fenceInfo->__internal__));
	fenceInfo->__internal__[0] = (uintptr_t)run->rt;
	pthread_mutex_lock(&run->rt->family->lock);
	add_fenced(run);
	fenceInfo->__internal__[1] = run->fenced;
	pthread_mutex_unlock(&run->rt->family->lock);
	return NEURONRUNTIME_NO_ERROR;
}

NEURON_API int NeuronRuntime_isEnqueueTriggerSupported(void *runtime, uint8_t *supported)
{
	int ret = neuron_check(runtime, NEURON_MAGIC_V1);

	if (ret)
		return ret;
	NEURON_CHECK_PTR(supported);
	*supported = 0;
	return NEURONRUNTIME_NO_ERROR;
}

static int no_trigger(void *runtime)
{
	int ret = neuron_check(runtime, NEURON_MAGIC_V1);

	if (ret)
		return ret;
	return neuron_fail(NEURONRUNTIME_RUNTIME_ERROR, "enqueue and trigger are not supported: "
							"use inference or inferenceFenced");
}

NEURON_API int NeuronRuntime_inferenceEnqueue(void *runtime)
{
	return no_trigger(runtime);
}

NEURON_API int NeuronRuntime_inferenceTrigger(void *runtime)
{
	return no_trigger(runtime);
}

NEURON_API int NeuronRuntime_inferenceTriggerFenced(void *runtime, FenceInfo *fenceInfo)
{
	(void)fenceInfo;
	return no_trigger(runtime);
}

// SPDX-License-Identifier: MIT
/*
 * The functions of version 1.
 *
 * What the client sets is kept here and bound to a request at each inference. There is one
 * request, and one more for each fenced inference that is under way beside it, or whose callback
 * has not been called.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "apu/dla.h"
#include "apu/neuron.h"
#include "neuron/api/EnqueueTrigger.h"
#include "neuron/api/RuntimeAPI.h"
#include "np4.h"
#include "version1.h"

/*
 * Fenced inferences whose callbacks have not been called: a client that wants none of what they
 * tell need not. Each holds a context, of which there are 256 for a device handle.
 */
#define MAX_FENCED 64

/* What was set; neither: nothing yet. */
struct place {
	uint8_t *ptr;
	struct apu_bo *bo;
	size_t offset;
};

struct run {
	struct run *next;
	struct runtime *rt;
	/* Of the fenced inference whose callback is to be called; 0: none. */
	uint64_t fenced;
	struct apu_request *request;
	/* Padded copies, where the client's memory is not; NULL until needed. */
	void *copy[2][NEURON_MAX_IO];
	/* Where outputs go, as set when it was started. */
	uint8_t *out[NEURON_MAX_IO];
	bool busy;
};

struct runtime {
	struct neuron_handle handle;
	EnvOptions env;
	char *device;
	struct apu_device *dev;
	struct apu_session *session;
	unsigned int num_io[2];
	struct apu_tensor_info io[2][NEURON_MAX_IO];
	struct place places[2][NEURON_MAX_IO];
	/* Covers runs and their busy: callbacks come from any thread. */
	pthread_mutex_t lock;
	/* Never empty once a network is loaded. */
	struct run *runs;
	/* Fenced inferences so far. */
	uint64_t num_fenced;
	/* The last that ended. */
	struct run *last;
	struct neuron_profile profile;
};

/* --- life ------------------------------------------------------------------- */

NEURON_API int NeuronRuntime_getVersion(NeuronVersion *version)
{
	NEURON_CHECK_PTR(version);
	*version = (NeuronVersion){
		.major = DLA_VERSION_MAJOR,
		.minor = DLA_VERSION_MINOR,
	};
	return NEURONRUNTIME_NO_ERROR;
}

/* Newer implementations do not look at it, so clients leave it 0. */
static bool is_hardware(const EnvOptions *env)
{
	return env->deviceKind == 0 || IsHardware(env);
}

static int check_env(const EnvOptions *env)
{
	if (is_hardware(env) || env->deviceKind == kEnvOptNullDevice)
		return NEURONRUNTIME_NO_ERROR;
	return neuron_fail(NEURONRUNTIME_RUNTIME_ERROR,
			   "device kind %u is not supported: use hardware (4) or null (1)",
			   env->deviceKind);
}

NEURON_API int NeuronRuntime_create_with_options(const char *options,
						 const EnvOptions *optionsToDeprecate,
						 void **runtime)
{
	EnvOptions env = {.deviceKind = kEnvOptHardware};
	struct neuron_options opts;
	struct runtime *rt;
	int ret;

	NEURON_CHECK_PTR(runtime);
	if (optionsToDeprecate)
		env = *optionsToDeprecate;
	ret = check_env(&env);
	if (ret)
		return ret;
	ret = neuron_parse_options(options, &opts);
	if (ret)
		return ret;
	rt = calloc(1, sizeof(*rt));
	if (!rt) {
		free(opts.device);
		return neuron_fail(NEURONRUNTIME_OUT_OF_MEMORY, "no memory for a runtime");
	}
	rt->handle.magic = NEURON_MAGIC_V1;
	rt->env = env;
	rt->device = opts.device;
	pthread_mutex_init(&rt->lock, NULL);
	if (is_hardware(&env)) {
		ret = neuron_error(apu_device_open(rt->device, &rt->dev));
		if (ret) {
			NeuronRuntime_release(rt);
			return ret;
		}
	}
	*runtime = rt;
	return NEURONRUNTIME_NO_ERROR;
}

NEURON_API int NeuronRuntime_create(const EnvOptions *options, void **runtime)
{
	return NeuronRuntime_create_with_options(NULL, options, runtime);
}

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

NEURON_API void NeuronRuntime_release(void *runtime)
{
	struct runtime *rt = runtime;
	struct run *run;
	unsigned int i;

	if (!rt || neuron_check(rt, NEURON_MAGIC_V1))
		return;
	while ((run = rt->runs)) {
		rt->runs = run->next;
		free_run(run);
	}
	for (i = 0; i < NEURON_MAX_IO; i++) {
		apu_bo_release(rt->places[0][i].bo);
		apu_bo_release(rt->places[1][i].bo);
	}
	apu_session_release(rt->session);
	apu_model_release(rt->handle.model);
	apu_device_close(rt->dev);
	pthread_mutex_destroy(&rt->lock);
	free(rt->device);
	rt->handle.magic = 0;
	free(rt);
}

/* With the lock held, or before others know rt. */
static int new_run(struct runtime *rt, struct run **out)
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

/* Takes over the reference to model, on success only. */
static int load(struct runtime *rt, struct apu_model *model)
{
	struct apu_model_info info;
	struct run *run;
	unsigned int i;
	int ret;

	if (rt->dev) {
		ret = neuron_error(
			apu_session_create(rt->dev, model, APU_PRIORITY_NORMAL, &rt->session));
		if (ret)
			return ret;
		ret = new_run(rt, &run);
		if (ret) {
			apu_session_release(rt->session);
			rt->session = NULL;
			return ret;
		}
	}
	apu_model_get_info(model, &info);
	rt->num_io[0] = info.num_inputs;
	rt->num_io[1] = info.num_outputs;
	for (i = 0; i < info.num_inputs; i++)
		apu_model_get_input(model, i, &rt->io[0][i]);
	for (i = 0; i < info.num_outputs; i++)
		apu_model_get_output(model, i, &rt->io[1][i]);
	rt->handle.model = model;
	return NEURONRUNTIME_NO_ERROR;
}

static int load_and_release(struct runtime *rt, struct apu_model *model)
{
	int ret = load(rt, model);

	if (ret)
		apu_model_release(model);
	return ret;
}

static int check_empty(void *runtime)
{
	struct runtime *rt = runtime;
	int ret = neuron_check(runtime, NEURON_MAGIC_V1);

	if (ret)
		return ret;
	if (rt->handle.model)
		return neuron_fail(NEURONRUNTIME_BAD_STATE,
				   "a network is loaded: a runtime takes one");
	return NEURONRUNTIME_NO_ERROR;
}

NEURON_API int NeuronRuntime_loadNetworkFromFile(void *runtime, const char *pathToDlaFile)
{
	struct apu_model *model;
	int ret = check_empty(runtime);

	if (ret)
		return ret;
	NEURON_CHECK_PTR(pathToDlaFile);
	ret = neuron_error(apu_model_load_file(pathToDlaFile, &model));
	return ret ? ret : load_and_release(runtime, model);
}

NEURON_API int NeuronRuntime_loadNetworkFromBuffer(void *runtime, const void *buffer, size_t size)
{
	struct apu_model *model;
	int ret = check_empty(runtime);

	if (ret)
		return ret;
	NEURON_CHECK_PTR(buffer);
	ret = neuron_error(apu_model_load_memory(buffer, size, &model));
	return ret ? ret : load_and_release(runtime, model);
}

NEURON_API int apu_neuron_v1_load_fd(void *runtime, int fd)
{
	struct apu_model *model;
	int ret = check_empty(runtime);

	if (ret)
		return ret;
	ret = neuron_error(apu_model_load_fd(fd, &model));
	return ret ? ret : load_and_release(runtime, model);
}

NEURON_API int NeuronRuntime_clone(void *original, void **runtime)
{
	struct runtime *from = original;
	struct runtime *rt;
	int ret = neuron_check(original, NEURON_MAGIC_V1);

	if (ret)
		return ret;
	NEURON_CHECK_PTR(runtime);
	rt = calloc(1, sizeof(*rt));
	if (!rt)
		return neuron_fail(NEURONRUNTIME_OUT_OF_MEMORY, "no memory for a runtime");
	rt->handle.magic = NEURON_MAGIC_V1;
	rt->env = from->env;
	pthread_mutex_init(&rt->lock, NULL);
	/* The same device handle and model, or nothing would be shared. */
	rt->dev = apu_device_ref(from->dev);
	if (from->handle.model) {
		ret = load_and_release(rt, apu_model_ref(from->handle.model));
		if (ret) {
			NeuronRuntime_release(rt);
			return ret;
		}
	}
	*runtime = rt;
	return NEURONRUNTIME_NO_ERROR;
}

/* --- inputs and outputs ------------------------------------------------------ */

/* Bytes that the client's memory has at least. */
static size_t client_size(const struct runtime *rt, bool output, const struct apu_tensor_info *info)
{
	bool suppress = output ? rt->env.suppressOutputConversion : rt->env.suppressInputConversion;

	return suppress ? info->padded_size : info->size;
}

static int set_place(void *runtime, bool output, uint64_t handle, void *buffer, size_t length,
		     BufferAttribute attribute, size_t offset)
{
	struct runtime *rt = runtime;
	struct place place = {.offset = offset};
	struct apu_tensor_info info;
	size_t want;
	int ret = neuron_tensor(runtime, NEURON_MAGIC_V1, output, handle, &info);

	if (ret)
		return ret;
	want = attribute.ionFd >= 0 ? info.padded_size : client_size(rt, output, &info);
	if (length < want)
		return neuron_fail(NEURONRUNTIME_BAD_DATA,
				   "%s %u has %zu bytes, the model wants %zu",
				   output ? "output" : "input", (unsigned int)handle, length, want);
	if (attribute.ionFd < 0) {
		if (!buffer)
			return neuron_fail(NEURONRUNTIME_UNEXPECTED_NULL, "%s %u is NULL",
					   output ? "output" : "input", (unsigned int)handle);
		place.ptr = (uint8_t *)buffer + offset;
	} else if (rt->dev) {
		ret = apu_bo_import(rt->dev, attribute.ionFd, &place.bo);
		if (ret)
			return neuron_error(ret);
		if (offset % 8 || offset > apu_bo_size(place.bo) ||
		    want > apu_bo_size(place.bo) - offset) {
			ret = neuron_fail(NEURONRUNTIME_BAD_DATA,
					  "%s %u: %zu bytes at %zu do not fit a dma-buf of %zu, or "
					  "the offset is no multiple of 8",
					  output ? "output" : "input", (unsigned int)handle, want,
					  offset, apu_bo_size(place.bo));
			apu_bo_release(place.bo);
			return ret;
		}
	}
	apu_bo_release(rt->places[output][handle].bo);
	rt->places[output][handle] = place;
	return NEURONRUNTIME_NO_ERROR;
}

NEURON_API int NeuronRuntime_setOffsetedInput(void *runtime, uint64_t handle, const void *buffer,
					      size_t length, BufferAttribute attribute,
					      size_t offset)
{
	return set_place(runtime, false, handle, (void *)(uintptr_t)buffer, length, attribute,
			 offset);
}

NEURON_API int NeuronRuntime_setOffsetedOutput(void *runtime, uint64_t handle, void *buffer,
					       size_t length, BufferAttribute attribute,
					       size_t offset)
{
	return set_place(runtime, true, handle, buffer, length, attribute, offset);
}

NEURON_API int NeuronRuntime_setInput(void *runtime, uint64_t handle, const void *buffer,
				      size_t length, BufferAttribute attribute)
{
	return NeuronRuntime_setOffsetedInput(runtime, handle, buffer, length, attribute, 0);
}

NEURON_API int NeuronRuntime_setOutput(void *runtime, uint64_t handle, void *buffer, size_t length,
				       BufferAttribute attribute)
{
	return NeuronRuntime_setOffsetedOutput(runtime, handle, buffer, length, attribute, 0);
}

NEURON_API int NeuronRuntime_setSingleInput(void *runtime, const void *buffer, size_t length,
					    BufferAttribute attribute)
{
	int ret = version1_check_single(runtime, false);

	return ret ? ret : NeuronRuntime_setInput(runtime, 0, buffer, length, attribute);
}

NEURON_API int NeuronRuntime_setSingleOutput(void *runtime, void *buffer, size_t length,
					     BufferAttribute attribute)
{
	int ret = version1_check_single(runtime, true);

	return ret ? ret : NeuronRuntime_setOutput(runtime, 0, buffer, length, attribute);
}

/* --- inferences ------------------------------------------------------------- */

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
	if (client_size(run->rt, output, info) != info->padded_size) {
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

		if (run->out[i] && client_size(rt, true, info) != info->padded_size)
			neuron_strip(info, run->out[i], run->copy[1][i]);
	}
	return ret;
}

static void put_run(struct run *run)
{
	pthread_mutex_lock(&run->rt->lock);
	run->busy = false;
	run->rt->last = run;
	pthread_mutex_unlock(&run->rt->lock);
}

/*
 * Takes the oldest fenced inference out of the list if there are too many, to be freed; NULL:
 * there are not. With the lock held.
 */
static struct run *forget_oldest(struct runtime *rt)
{
	struct run **at, **oldest = NULL;
	unsigned int number = 0;
	struct run *run;

	for (at = &rt->runs; *at; at = &(*at)->next) {
		if (!(*at)->fenced)
			continue;
		number++;
		if (!oldest || (*at)->fenced < (*oldest)->fenced)
			oldest = at;
	}
	if (number < MAX_FENCED)
		return NULL;
	run = *oldest;
	*oldest = run->next;
	if (rt->last == run)
		rt->last = NULL;
	return run;
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
	pthread_mutex_lock(&rt->lock);
	for (run = rt->runs; run && run->busy; run = run->next)
		;
	if (!run) {
		old = forget_oldest(rt);
		ret = new_run(rt, &run);
	}
	if (!ret)
		run->busy = true;
	pthread_mutex_unlock(&rt->lock);
	/* Waits for it. */
	if (old)
		free_run(old);
	if (ret)
		return ret;
	ret = bind_all(run);
	if (ret) {
		pthread_mutex_lock(&rt->lock);
		run->busy = false;
		pthread_mutex_unlock(&rt->lock);
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
	ret = neuron_error(apu_request_submit(run->request));
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

	pthread_mutex_lock(&rt->lock);
	for (run = rt->runs; run && run->fenced != number; run = run->next)
		;
	if (run)
		run->fenced = 0;
	pthread_mutex_unlock(&rt->lock);
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
			"how the inference ended is forgotten: %d more were started since",
			MAX_FENCED);
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
	ret = neuron_error(apu_request_submit_fenced(run->request, fence, &fence));
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
	pthread_mutex_lock(&run->rt->lock);
	run->fenced = ++run->rt->num_fenced;
	fenceInfo->__internal__[1] = run->fenced;
	pthread_mutex_unlock(&run->rt->lock);
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

NEURON_API int NeuronRuntime_setQoSOption(void *runtime, const QoSOptions *qosOption)
{
	struct runtime *rt = runtime;
	int ret = neuron_check(runtime, NEURON_MAGIC_V1);

	if (!ret)
		ret = neuron_check_qos(qosOption);
	if (ret)
		return ret;
	if (!rt->handle.model)
		return neuron_fail(NEURONRUNTIME_BAD_STATE, "no network is loaded");
	return rt->session ? neuron_apply_qos(rt->session, qosOption) : NEURONRUNTIME_NO_ERROR;
}

NEURON_API int NeuronRuntime_getProfiledQoSData(void *runtime, ProfiledQoSData **profiledQoSData,
						uint8_t *execBoostValue)
{
	struct runtime *rt = runtime;
	struct run *run;
	int ret = neuron_check(runtime, NEURON_MAGIC_V1);

	if (ret)
		return ret;
	NEURON_CHECK_PTR(profiledQoSData);
	NEURON_CHECK_PTR(execBoostValue);
	pthread_mutex_lock(&rt->lock);
	run = rt->last;
	if (!run || run->busy)
		ret = neuron_fail(NEURONRUNTIME_BAD_STATE, "no inference has ended");
	else
		ret = neuron_get_profile(run->request, rt->dev, &rt->profile);
	pthread_mutex_unlock(&rt->lock);
	if (ret)
		return ret;
	neuron_give_profile(&rt->profile, profiledQoSData, execBoostValue);
	return NEURONRUNTIME_NO_ERROR;
}

void version1_get_memory(void *runtime, struct apu_memory *memory)
{
	struct runtime *rt = runtime;

	if (rt->session)
		apu_session_get_memory(rt->session, memory);
}

/* --- the layouts of NeuroPilot 4 --------------------------------------------- */

NEURON_API int NeuronRuntime_create_with_options_np4(const char *options, const struct np4_env *env,
						     void **runtime)
{
	EnvOptions converted;

	if (!env)
		return NeuronRuntime_create_with_options(options, NULL, runtime);
	np4_convert_env(&converted, env);
	return NeuronRuntime_create_with_options(options, &converted, runtime);
}

NEURON_API int NeuronRuntime_create_np4(const struct np4_env *env, void **runtime)
{
	return NeuronRuntime_create_with_options_np4(NULL, env, runtime);
}

NEURON_API int NeuronRuntime_setQoSOption_np4(void *runtime, const struct np4_qos *qosOption)
{
	QoSOptions options;

	NEURON_CHECK_PTR(qosOption);
	np4_convert_qos(&options, qosOption);
	return NeuronRuntime_setQoSOption(runtime, &options);
}

// SPDX-License-Identifier: MIT
/*
 * The functions of version 1, but for inferences and queries.
 */
#include <stdlib.h>

#include "apu/dla.h"
#include "apu/neuron.h"
#include "neuron/api/RuntimeAPI.h"
#include "np4.h"
#include "v1_runtime.h"
#include "version1.h"

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

static struct family *new_family(void)
{
	struct family *family = calloc(1, sizeof(*family));

	if (family) {
		pthread_mutex_init(&family->lock, NULL);
		family->members = 1;
	}
	return family;
}

static void leave_family(struct family *family)
{
	bool last;

	if (!family)
		return;
	pthread_mutex_lock(&family->lock);
	last = --family->members == 0;
	pthread_mutex_unlock(&family->lock);
	if (last) {
		pthread_mutex_destroy(&family->lock);
		free(family);
	}
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
	rt->family = new_family();
	if (!rt->family) {
		NeuronRuntime_release(rt);
		return neuron_fail(NEURONRUNTIME_OUT_OF_MEMORY, "no memory for a runtime");
	}
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

NEURON_API void NeuronRuntime_release(void *runtime)
{
	struct runtime *rt = runtime;
	unsigned int i;

	if (!rt || neuron_check(rt, NEURON_MAGIC_V1))
		return;
	version1_free_runs(rt);
	for (i = 0; i < NEURON_MAX_IO; i++) {
		apu_bo_release(rt->places[0][i].bo);
		apu_bo_release(rt->places[1][i].bo);
	}
	apu_session_release(rt->session);
	apu_model_release(rt->handle.model);
	apu_device_close(rt->dev);
	leave_family(rt->family);
	free(rt->device);
	rt->handle.magic = 0;
	free(rt);
}

/* Takes over the reference to model, on success only. */
static int load(struct runtime *rt, struct apu_model *model)
{
	struct apu_model_info info;
	struct run *run;
	unsigned int i;
	int ret;

	if (rt->dev) {
		do {
			ret = apu_session_create(rt->dev, model, APU_PRIORITY_NORMAL, &rt->session);
		} while (version1_make_room(rt, ret));
		ret = neuron_error(ret);
		if (ret)
			return ret;
		ret = version1_new_run(rt, &run);
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
	rt->family = from->family;
	pthread_mutex_lock(&rt->family->lock);
	rt->family->members++;
	pthread_mutex_unlock(&rt->family->lock);
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
	want = attribute.ionFd >= 0 ? info.padded_size : version1_client_size(rt, output, &info);
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

/* --- QoS -------------------------------------------------------------------- */

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
	if (!rt->session)
		return NEURONRUNTIME_NO_ERROR;
	do {
		ret = neuron_apply_qos(rt->session, qosOption);
	} while (ret && version1_make_room(rt, neuron_last_errno()));
	return ret;
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
	pthread_mutex_lock(&rt->family->lock);
	run = rt->last;
	if (!run || run->busy)
		ret = neuron_fail(NEURONRUNTIME_BAD_STATE, "no inference has ended");
	else
		ret = neuron_get_profile(run->request, rt->dev, &rt->profile);
	pthread_mutex_unlock(&rt->family->lock);
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

// SPDX-License-Identifier: MIT
/*
 * The functions of version 2, and its extensions.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apu/neuron.h"
#include "np4.h"
#include "pool.h"
#include "version1.h"

/* Each takes one of the driver's 256 contexts per device handle. */
#define MAX_THREADS 256

/* Takes over the reference to model. */
static int create(struct apu_model *model, size_t threads, void **runtime, size_t backlog,
		  const char *options)
{
	struct neuron_options opts;
	struct apu_device *dev;
	struct pool *pool;
	int ret;

	if (threads > MAX_THREADS)
		ret = neuron_fail(NEURONRUNTIME_BAD_DATA, "%zu threads are more than %d", threads,
				  MAX_THREADS);
	else
		ret = neuron_parse_options(options, &opts);
	if (!ret) {
		ret = neuron_error(apu_device_open(opts.device, &dev));
		free(opts.device);
	}
	if (ret) {
		apu_model_release(model);
		return ret;
	}
	ret = pool_create(dev, model, threads, backlog, &pool);
	if (!ret)
		*runtime = pool;
	return ret;
}

NEURON_API int NeuronRuntimeV2_create_with_options(const char *pathToDlaFile, size_t nbThreads,
						   void **runtime, size_t backlog,
						   const char *options)
{
	struct apu_model *model;
	int ret;

	NEURON_CHECK_PTR(pathToDlaFile);
	NEURON_CHECK_PTR(runtime);
	ret = neuron_error(apu_model_load_file(pathToDlaFile, &model));
	return ret ? ret : create(model, nbThreads, runtime, backlog, options);
}

NEURON_API int NeuronRuntimeV2_create(const char *pathToDlaFile, size_t nbThreads, void **runtime,
				      size_t backlog)
{
	return NeuronRuntimeV2_create_with_options(pathToDlaFile, nbThreads, runtime, backlog,
						   NULL);
}

NEURON_API int NeuronRuntimeV2_createFromBuffer_with_options(const void *buffer, size_t len,
							     size_t nbThreads, void **runtime,
							     size_t backlog, const char *options)
{
	struct apu_model *model;
	int ret;

	NEURON_CHECK_PTR(buffer);
	NEURON_CHECK_PTR(runtime);
	ret = neuron_error(apu_model_load_memory(buffer, len, &model));
	return ret ? ret : create(model, nbThreads, runtime, backlog, options);
}

NEURON_API int NeuronRuntimeV2_createFromBuffer(const void *buffer, size_t len, size_t nbThreads,
						void **runtime, size_t backlog)
{
	return NeuronRuntimeV2_createFromBuffer_with_options(buffer, len, nbThreads, runtime,
							     backlog, NULL);
}

NEURON_API int apu_neuron_v2_create_fd(int fd, size_t nbThreads, void **runtime, size_t backlog,
				       const char *options)
{
	struct apu_model *model;
	int ret;

	NEURON_CHECK_PTR(runtime);
	ret = neuron_error(apu_model_load_fd(fd, &model));
	return ret ? ret : create(model, nbThreads, runtime, backlog, options);
}

NEURON_API void NeuronRuntimeV2_release(void *runtime)
{
	if (runtime && !neuron_check(runtime, NEURON_MAGIC_V2))
		pool_release(runtime);
}

NEURON_API int NeuronRuntimeV2_enqueue(void *runtime, AsyncInferenceRequest request,
				       uint64_t *job_id)
{
	int ret = neuron_check(runtime, NEURON_MAGIC_V2);

	return ret ? ret : pool_enqueue(runtime, &request, job_id);
}

NEURON_API int NeuronRuntimeV2_run(void *runtime, SyncInferenceRequest request)
{
	int ret = neuron_check(runtime, NEURON_MAGIC_V2);

	return ret ? ret : pool_run(runtime, &request);
}

NEURON_API int NeuronRuntimeV2_getInputNumber(void *runtime, size_t *size)
{
	return neuron_number(runtime, NEURON_MAGIC_V2, false, size);
}

NEURON_API int NeuronRuntimeV2_getOutputNumber(void *runtime, size_t *size)
{
	return neuron_number(runtime, NEURON_MAGIC_V2, true, size);
}

NEURON_API int NeuronRuntimeV2_getInputRank(void *runtime, uint64_t handle, uint32_t *rank)
{
	return neuron_rank(runtime, NEURON_MAGIC_V2, false, handle, rank);
}

NEURON_API int NeuronRuntimeV2_getOutputRank(void *runtime, uint64_t handle, uint32_t *rank)
{
	return neuron_rank(runtime, NEURON_MAGIC_V2, true, handle, rank);
}

NEURON_API int NeuronRuntimeV2_getInputSize(void *runtime, uint64_t handle, size_t *size)
{
	return neuron_size(runtime, NEURON_MAGIC_V2, false, handle, size);
}

NEURON_API int NeuronRuntimeV2_getOutputSize(void *runtime, uint64_t handle, size_t *size)
{
	return neuron_size(runtime, NEURON_MAGIC_V2, true, handle, size);
}

NEURON_API int NeuronRuntimeV2_getInputPaddedSize(void *runtime, uint64_t handle, size_t *size)
{
	return neuron_padded_size(runtime, NEURON_MAGIC_V2, false, handle, size);
}

NEURON_API int NeuronRuntimeV2_getOutputPaddedSize(void *runtime, uint64_t handle, size_t *size)
{
	return neuron_padded_size(runtime, NEURON_MAGIC_V2, true, handle, size);
}

NEURON_API int NeuronRuntimeV2_getInputPaddedDimensions(void *runtime, uint64_t handle,
							RuntimeAPIDimensions *dims)
{
	return neuron_padded_dims(runtime, NEURON_MAGIC_V2, false, handle, dims);
}

NEURON_API int NeuronRuntimeV2_getOutputPaddedDimensions(void *runtime, uint64_t handle,
							 RuntimeAPIDimensions *dims)
{
	return neuron_padded_dims(runtime, NEURON_MAGIC_V2, true, handle, dims);
}

NEURON_API int NeuronRuntimeV2_getInputPitch(void *runtime, uint64_t handle, size_t *pitch)
{
	return neuron_pitch(runtime, NEURON_MAGIC_V2, false, handle, pitch);
}

NEURON_API int NeuronRuntimeV2_getOutputPitch(void *runtime, uint64_t handle, size_t *pitch)
{
	return neuron_pitch(runtime, NEURON_MAGIC_V2, true, handle, pitch);
}

NEURON_API int NeuronRuntimeV2_setInputShape(void *runtime, uint64_t handle, uint32_t *dims,
					     uint32_t rank)
{
	(void)dims;
	(void)rank;
	return neuron_set_shape(runtime, NEURON_MAGIC_V2, handle);
}

NEURON_API int NeuronRuntimeV2_setQoSOption(void *runtime, const QoSOptions *qosOption)
{
	struct pool *pool = runtime;
	size_t i;
	int ret = neuron_check(runtime, NEURON_MAGIC_V2);

	if (!ret)
		ret = neuron_check_qos(qosOption);
	for (i = 0; !ret && i < pool->num_slots; i++)
		ret = neuron_apply_qos(pool->slots[i].session, qosOption);
	return ret;
}

NEURON_API int NeuronRuntimeV2_setQoS(void *runtime, uint32_t key, uint32_t value)
{
	int ret = neuron_check(runtime, NEURON_MAGIC_V2);

	if (ret)
		return ret;
	return neuron_fail(NEURONRUNTIME_RUNTIME_ERROR,
			   "setQoS(%u, %u) is not supported: use NeuronRuntimeV2_setQoSOption()",
			   key, value);
}

NEURON_API int NeuronRuntimeV2_getProfiledQoSData(void *runtime, ProfiledQoSData **profiledQoSData,
						  uint8_t *execBoostValue)
{
	struct pool *pool = runtime;
	int ret = neuron_check(runtime, NEURON_MAGIC_V2);

	if (ret)
		return ret;
	NEURON_CHECK_PTR(profiledQoSData);
	NEURON_CHECK_PTR(execBoostValue);
	if (pool->num_slots != 1)
		return neuron_fail(NEURONRUNTIME_RUNTIME_ERROR,
				   "profiled data is there with one worker only, not with %zu",
				   pool->num_slots);
	pthread_mutex_lock(&pool->lock);
	if (pool->num_free)
		ret = neuron_get_profile(pool->slots[0].request, pool->dev, &pool->profile);
	else
		ret = neuron_fail(NEURONRUNTIME_BAD_STATE, "an inference is under way");
	/* Another caller's would be taken half way otherwise. */
	if (!ret)
		neuron_give_profile(&pool->profile, profiledQoSData, execBoostValue);
	pthread_mutex_unlock(&pool->lock);
	return ret;
}

NEURON_API int NeuronRuntimeV2_getMetadataInfo(void *runtime, const char *key, size_t *size)
{
	return neuron_metadata_info(runtime, NEURON_MAGIC_V2, key, size);
}

NEURON_API int NeuronRuntimeV2_getMetadata(void *runtime, const char *key, char *data, size_t size)
{
	return neuron_metadata(runtime, NEURON_MAGIC_V2, key, data, size);
}

/* --- extensions ------------------------------------------------------------- */

NEURON_API const char *apu_neuron_error(void)
{
	return neuron_last_error();
}

NEURON_API int apu_neuron_v2_cancel(void *runtime, uint64_t job_id)
{
	if (neuron_check(runtime, NEURON_MAGIC_V2))
		return -EINVAL;
	return pool_cancel(runtime, job_id);
}

NEURON_API int apu_neuron_v2_wait(void *runtime, uint64_t job_id, int64_t timeout_ns)
{
	if (neuron_check(runtime, NEURON_MAGIC_V2))
		return -EINVAL;
	return pool_wait(runtime, job_id, timeout_ns);
}

NEURON_API int apu_neuron_v2_run_fenced(void *runtime, SyncInferenceRequest request, int in_fence,
					int *out_fence)
{
	if (neuron_check(runtime, NEURON_MAGIC_V2))
		return -EINVAL;
	return pool_run_fenced(runtime, &request, in_fence, out_fence);
}

/* Constants and text are shared, and in one buffer of whole pages. */
static void add_memory(struct apu_memory *sum, struct apu_session *session)
{
	struct apu_memory one;

	apu_session_get_memory(session, &one);
	if (sum->total_bytes) {
		one.total_bytes -= one.shared_bytes;
		one.command_bytes -= one.text_bytes;
	}
	sum->static_bytes = one.static_bytes;
	sum->text_bytes = one.text_bytes;
	sum->shared_bytes = one.shared_bytes;
	sum->temp_bytes += one.temp_bytes;
	sum->io_bytes += one.io_bytes;
	sum->command_bytes += one.command_bytes;
	sum->total_bytes += one.total_bytes;
}

NEURON_API int apu_neuron_get_memory(void *runtime, struct apu_memory *memory)
{
	const struct neuron_handle *handle = runtime;
	struct pool *pool = runtime;
	size_t i;

	if (!handle || !memory) {
		neuron_fail(NEURONRUNTIME_UNEXPECTED_NULL, "an argument is NULL");
		return -EINVAL;
	}
	memset(memory, 0, sizeof(*memory));
	if (handle->magic == NEURON_MAGIC_V1) {
		version1_get_memory(runtime, memory);
		return 0;
	}
	if (neuron_check(runtime, NEURON_MAGIC_V2))
		return -EINVAL;
	for (i = 0; i < pool->num_slots; i++)
		add_memory(memory, pool->slots[i].session);
	return 0;
}

/* --- the layouts of NeuroPilot 4 --------------------------------------------- */

NEURON_API int NeuronRuntimeV2_setQoSOption_np4(void *runtime, const struct np4_qos *qosOption)
{
	QoSOptions options;

	NEURON_CHECK_PTR(qosOption);
	np4_convert_qos(&options, qosOption);
	return NeuronRuntimeV2_setQoSOption(runtime, &options);
}

// SPDX-License-Identifier: MIT
/*
 * Memory that runs out, at each allocation in turn. This program is linked with --wrap for the
 * functions that allocate.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "apu/apu.h"
#include "neuron/api/RuntimeAPI.h"
#include "neuron_jobs.h"

/* So many allocations from now one fails, once; 0: none. */
static atomic_uint countdown;

static bool fails(void)
{
	unsigned int n = atomic_load(&countdown);

	while (n && !atomic_compare_exchange_weak(&countdown, &n, n - 1))
		;
	return n == 1;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

/*
 * Every allocation of func fails once: func gives the error, or does without as va_free(), and
 * nothing is left behind. At least so many failures are errors.
 */
static void sweep(int (*func)(const uint8_t *data, size_t size), const uint8_t *data, size_t size,
		  int error, unsigned int least)
{
	unsigned int nth, errors = 0;
	int ret;

	for (nth = 1;; nth++) {
		fake_reset();
		atomic_store(&countdown, nth);
		ret = func(data, size);
		fake_assert_no_leak();
		if (atomic_exchange(&countdown, 0))
			break;
		if (ret)
			assert_int_equal(ret, error);
		errors += ret != 0;
	}
	assert_int_equal(ret, 0);
	assert_in_range(errors, least, nth - 1);
}

static int load_by_fd(const uint8_t *data, size_t size)
{
	struct apu_model *model;
	int fd = memfd_create("model", MFD_CLOEXEC);
	int ret;

	assert_int_equal(write(fd, data, size), size);
	ret = apu_model_load_fd(fd, &model);
	close(fd);
	if (!ret)
		apu_model_release(model);
	return ret;
}

static void never(struct apu_request *request, int status, void *opaque)
{
	(void)request;
	(void)status;
	(void)opaque;
}

static int use_request(struct apu_device *dev, struct apu_request *request)
{
	int8_t in[SIZE] = {1}, out[SIZE];
	struct apu_bo *bo;
	int ret;

	assert_int_equal(apu_request_bind_input(request, 0, in, SIZE), 0);
	assert_int_equal(apu_request_bind_output(request, 0, out, SIZE), 0);
	ret = apu_request_run(request);
	if (ret)
		return ret;
	assert_memory_equal(in, out, SIZE);
	ret = apu_bo_create(dev, SIZE, &bo);
	if (ret)
		return ret;
	apu_bo_release(bo);
	/* Large enough to be aligned: what is before and behind it stays free. */
	ret = apu_bo_create(dev, 2 << 20, &bo);
	if (ret)
		return ret;
	apu_bo_release(bo);
	ret = apu_request_bind_input_fd(request, 0, FAKE_DMABUF, 0, SIZE);
	return ret ? ret : apu_request_set_callback(request, never, NULL);
}

static int use_libapu(const uint8_t *data, size_t size)
{
	struct apu_device *dev = NULL;
	struct apu_model *model = NULL;
	struct apu_session *session = NULL;
	struct apu_request *request = NULL;
	int ret = apu_device_open(FAKE_NODE, &dev);

	if (!ret)
		ret = apu_model_load_memory(data, size, &model);
	if (!ret)
		ret = apu_session_create(dev, model, APU_PRIORITY_NORMAL, &session);
	if (!ret)
		ret = apu_request_create(session, &request);
	if (!ret)
		ret = use_request(dev, request);
	if (ret)
		assert_non_null(strstr(apu_last_error(), "memory"));
	apu_request_release(request);
	apu_session_release(session);
	apu_model_release(model);
	apu_device_close(dev);
	return ret;
}

static void ended(uint64_t job, void *opaque, int status)
{
	(void)job;
	*(int *)opaque = status;
}

static int use_v2(const uint8_t *data, size_t size)
{
	struct io io;
	void *rt;
	uint64_t id;
	int ret, status = 0;

	io_init(&io, 1);
	ret = NeuronRuntimeV2_createFromBuffer_with_options(data, size, 2, &rt, 1, OPTIONS);
	if (ret)
		return ret;
	ret = NeuronRuntimeV2_run(rt, sync_of(&io));
	if (!ret)
		ret = NeuronRuntimeV2_enqueue(
			rt, (AsyncInferenceRequest){&io.in_buffer, &io.out_buffer, ended, &status},
			&id);
	NeuronRuntimeV2_release(rt);
	return ret ? ret : status;
}

static int use_clone(void *original)
{
	void *rt;
	int ret = NeuronRuntime_clone(original, &rt);

	if (!ret)
		NeuronRuntime_release(rt);
	return ret;
}

/* Of the padded model: the runtime has copies of its own. */
static int use_v1(const uint8_t *data, size_t size)
{
	const BufferAttribute no_fd = {NON_ION_FD};
	int8_t in[15] = {1}, out[15] = {0};
	void *rt;
	int ret = NeuronRuntime_create_with_options(OPTIONS, NULL, &rt);

	if (ret)
		return ret;
	ret = NeuronRuntime_loadNetworkFromBuffer(rt, data, size);
	if (!ret) {
		assert_int_equal(NeuronRuntime_setInput(rt, 0, in, 15, no_fd), 0);
		assert_int_equal(NeuronRuntime_setOutput(rt, 0, out, 15, no_fd), 0);
		ret = NeuronRuntime_inference(rt);
	}
	if (!ret) {
		assert_memory_equal(in, out, 15);
		ret = use_clone(rt);
	}
	NeuronRuntime_release(rt);
	return ret;
}

static void libapu_survives(void **state)
{
	size_t size;
	uint8_t *data = small_model(&size);

	(void)state;
	sweep(load_by_fd, data, size, -ENOMEM, 2);
	sweep(use_libapu, data, size, -ENOMEM, 10);
	free(data);
}

static void version_2_survives(void **state)
{
	size_t size;
	uint8_t *data = small_model(&size);

	(void)state;
	sweep(use_v2, data, size, NEURONRUNTIME_OUT_OF_MEMORY, 10);
	free(data);
}

static void version_1_survives(void **state)
{
	size_t size;
	uint8_t *data = padded_model(&size);

	(void)state;
	sweep(use_v1, data, size, NEURONRUNTIME_OUT_OF_MEMORY, 10);
	free(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(libapu_survives),
		cmocka_unit_test(version_2_survives),
		cmocka_unit_test(version_1_survives),
	};

	return cmocka_run_group_tests_name("allocations", tests, NULL, NULL);
}

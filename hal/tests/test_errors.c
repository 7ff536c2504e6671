// SPDX-License-Identifier: MIT
/*
 * Errors that a program seldom sees: what the C library and the kernel refuse, and what devices,
 * files and calls out of turn can be. This program is linked with --wrap for functions that
 * ask for threads, file descriptors and reads.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "apu/apu.h"
#include "apu/neuron.h"
#include "dla_reader.h"
#include "neuron_jobs.h"

/* So many calls from now one fails, with an error number; 0: none. */
struct refusal {
	unsigned int countdown;
	int error;
};

static struct refusal no_thread, no_epoll, no_eventfd, no_watch, no_wait, no_read;

static bool refused(struct refusal *refusal)
{
	return refusal->countdown && --refusal->countdown == 0;
}

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *),
			  void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *),
			  void *arg);
int __real_epoll_create1(int flags);
int __wrap_epoll_create1(int flags);
int __real_eventfd(unsigned int value, int flags);
int __wrap_eventfd(unsigned int value, int flags);
int __real_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event);
int __real_epoll_wait(int epoll, struct epoll_event *events, int max, int timeout);
int __wrap_epoll_wait(int epoll, struct epoll_event *events, int max, int timeout);
ssize_t __real_pread(int fd, void *data, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *data, size_t size, off_t offset);

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *),
			  void *arg)
{
	return refused(&no_thread) ? no_thread.error
				   : __real_pthread_create(thread, attr, start, arg);
}

int __wrap_epoll_create1(int flags)
{
	if (!refused(&no_epoll))
		return __real_epoll_create1(flags);
	errno = no_epoll.error;
	return -1;
}

int __wrap_eventfd(unsigned int value, int flags)
{
	if (!refused(&no_eventfd))
		return __real_eventfd(value, flags);
	errno = no_eventfd.error;
	return -1;
}

int __wrap_epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	if (!refused(&no_watch))
		return __real_epoll_ctl(epoll, op, fd, event);
	errno = no_watch.error;
	return -1;
}

int __wrap_epoll_wait(int epoll, struct epoll_event *events, int max, int timeout)
{
	if (!refused(&no_wait))
		return __real_epoll_wait(epoll, events, max, timeout);
	errno = no_wait.error;
	return -1;
}

/* A read that is interrupted, fails or, with no error, is at the end. */
ssize_t __wrap_pread(int fd, void *data, size_t size, off_t offset)
{
	if (!refused(&no_read))
		return __real_pread(fd, data, size, offset);
	errno = no_read.error;
	return no_read.error ? -1 : 0;
}

static void a_worker_that_cannot_start_is_told(void **state)
{
	static const size_t workers[] = {1, 3, 3};
	unsigned int i, nth;
	size_t size;
	uint8_t *data = small_model(&size);
	void *rt;

	(void)state;
	for (i = 0; i < 3; i++) {
		nth = i + 1;
		rt = &nth;
		no_thread = (struct refusal){nth, EAGAIN};
		assert_int_equal(NeuronRuntimeV2_createFromBuffer_with_options(
					 data, size, workers[i], &rt, 1, OPTIONS),
				 NEURONRUNTIME_RUNTIME_ERROR);
		assert_non_null(strstr(apu_neuron_error(), "cannot start a worker"));
		assert_ptr_equal(rt, &nth);
		fake_assert_no_leak();
	}
	free(data);
}

/* With nbThreads 0 the first is started when it is needed. */
static void a_late_worker_that_cannot_start_is_told(void **state)
{
	void *rt = make(0, 1);
	int fence = 77;
	struct io io;
	uint64_t id;

	(void)state;
	io_init(&io, 4);
	no_thread = (struct refusal){1, EAGAIN};
	assert_int_equal(NeuronRuntimeV2_enqueue(rt, async_of(&io), &id),
			 NEURONRUNTIME_RUNTIME_ERROR);
	io.out_buffer.fd = FAKE_DMABUF;
	no_thread = (struct refusal){1, EAGAIN};
	assert_int_equal(apu_neuron_v2_run_fenced(rt, sync_of(&io), -1, &fence), -EAGAIN);
	assert_int_equal(fence, 77);
	assert_int_equal(fake.submits, 0);
	/* Neither took an id, and the next works. */
	assert_int_equal(NeuronRuntimeV2_enqueue(rt, async_of(&io), &id), 0);
	assert_int_equal(id, 0);
	await_calls(1);
	assert_int_equal(watch.status[0], 0);
	release(rt);
}

struct bench {
	struct apu_device *dev;
	struct apu_session *session;
	struct apu_request *request;
	int8_t in[SIZE];
	int8_t out[SIZE];
};

static void bench_open(struct bench *b)
{
	struct apu_model *model;
	size_t size;
	uint8_t *data = small_model(&size);

	memset(b, 0, sizeof(*b));
	assert_int_equal(apu_model_load_memory(data, size, &model), 0);
	free(data);
	assert_int_equal(apu_device_open(FAKE_NODE, &b->dev), 0);
	assert_int_equal(apu_session_create(b->dev, model, APU_PRIORITY_NORMAL, &b->session), 0);
	assert_int_equal(apu_request_create(b->session, &b->request), 0);
	assert_int_equal(apu_request_bind_input(b->request, 0, b->in, SIZE), 0);
	assert_int_equal(apu_request_bind_output(b->request, 0, b->out, SIZE), 0);
	apu_model_release(model);
}

static void bench_close(struct bench *b)
{
	apu_request_release(b->request);
	apu_session_release(b->session);
	apu_device_close(b->dev);
	fake_assert_no_leak();
}

static void count_call(struct apu_request *request, int status, void *opaque)
{
	(void)request;
	(void)status;
	pthread_mutex_lock(&watch.lock);
	++*(unsigned int *)opaque;
	pthread_cond_broadcast(&watch.changed);
	pthread_mutex_unlock(&watch.lock);
}

static void callbacks_need_a_thread(void **state)
{
	struct refusal *all[] = {&no_epoll, &no_eventfd, &no_watch, &no_thread};
	unsigned int i, calls = 0;
	struct bench b;

	(void)state;
	bench_open(&b);
	for (i = 0; i < 4; i++) {
		*all[i] = (struct refusal){1, EMFILE};
		assert_int_equal(apu_request_set_callback(b.request, count_call, &calls), -EMFILE);
		assert_non_null(strstr(apu_last_error(), "cannot start the thread"));
	}
	/* As it was. */
	assert_int_equal(apu_request_run(b.request), 0);
	bench_close(&b);
	assert_int_equal(calls, 0);
}

/* Submitted, but nobody would call back: waited for, and an error. */
static void a_callback_that_cannot_come_is_told(void **state)
{
	unsigned int calls = 0;
	struct bench b;

	(void)state;
	bench_open(&b);
	/* A debugger has come by: that is no reason to stop. */
	no_wait = (struct refusal){1, EINTR};
	assert_int_equal(apu_request_set_callback(b.request, count_call, &calls), 0);
	no_watch = (struct refusal){1, ENOSPC};
	assert_int_equal(apu_request_submit(b.request), -ENOSPC);
	assert_non_null(strstr(apu_last_error(), "cannot watch"));
	assert_int_equal(calls, 0);
	assert_int_equal(apu_request_submit(b.request), 0);
	pthread_mutex_lock(&watch.lock);
	while (!calls)
		pthread_cond_wait(&watch.changed, &watch.lock);
	pthread_mutex_unlock(&watch.lock);
	bench_close(&b);
	assert_int_equal(calls, 1);
}

static void reads_that_fail_are_told(void **state)
{
	int fd = memfd_create("model", MFD_CLOEXEC);
	struct apu_model *model;
	size_t size;
	uint8_t *data = small_model(&size);

	(void)state;
	assert_int_equal(write(fd, data, size), size);
	free(data);
	no_read = (struct refusal){1, EIO};
	assert_int_equal(apu_model_load_fd(fd, &model), -EIO);
	assert_non_null(strstr(apu_last_error(), "cannot read"));
	/* It has become shorter meanwhile. */
	no_read = (struct refusal){1, 0};
	assert_int_equal(apu_model_load_fd(fd, &model), -ENOEXEC);
	no_read = (struct refusal){1, EINTR};
	assert_int_equal(apu_model_load_fd(fd, &model), 0);
	apu_model_release(model);
	close(fd);
	assert_int_equal(apu_model_load_fd(fd, &model), -EBADF);
}

static void files_can_be_too_long(void **state)
{
	const size_t size = DLA_MAX_FILE_BYTES + 1;
	int fd = memfd_create("model", MFD_CLOEXEC);
	struct apu_model *model;
	struct dla_file dla;

	(void)state;
	/* Nobody reads it, so it needs no memory. */
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	assert_int_equal(apu_model_load_fd(fd, &model), -ENOEXEC);
	assert_non_null(strstr(apu_last_error(), "longer than 1 GiB"));
	close(fd);
	assert_int_equal(apu_model_load_memory(&size, size, &model), -ENOEXEC);
	assert_non_null(strstr(apu_last_error(), "longer than 1 GiB"));
	assert_int_equal(dla_read(&dla, &size, size), -ENOEXEC);
	assert_non_null(strstr(apu_last_error(), "longer than 1 GiB"));
}

static void nodes_tell_what_is_wrong(void **state)
{
	struct apu_device *dev;

	(void)state;
	fake.open_error = -ENXIO;
	assert_int_equal(apu_device_open(FAKE_NODE, &dev), -ENODEV);
	assert_non_null(strstr(apu_last_error(), "nothing is behind"));
	fake.open_error = -EMFILE;
	assert_int_equal(apu_device_open(FAKE_NODE, &dev), -EMFILE);
	assert_non_null(strstr(apu_last_error(), "Too many open files"));
	/* The first that is there. */
	fake.open_error = 0;
	fake.node = "/dev/accel/accel3";
	assert_int_equal(apu_device_open(NULL, &dev), 0);
	assert_string_equal(apu_device_path(dev), fake.node);
	apu_device_close(dev);
	fake_assert_no_leak();
}

/* With several nodes none of which can be opened, the one that tells most. */
static void a_search_tells_what_was_in_its_way(void **state)
{
	static const struct {
		int first;
		int second;
		int want;
		const char *text;
	} cases[] = {
		{-EACCES, -EMFILE, -EMFILE, "accel5: Too many open files"},
		{-EMFILE, -EACCES, -EMFILE, "accel2: Too many open files"},
		{-ENFILE, -ENOENT, -ENFILE, "accel2: Too many open files in system"},
		{-EACCES, -EIO, -EACCES, "no permission to open /dev/accel/accel2"},
		{-EIO, -EPERM, -EACCES, "no permission to open /dev/accel/accel5"},
		{-ENOTTY, -EIO, -EIO, "accel5: Input/output error"},
		{-ENOTTY, -ENXIO, -ENODEV, "no device"},
	};
	struct apu_device *dev;
	size_t i;

	(void)state;
	fake.open_error_node = "/dev/accel/accel2";
	fake.bad_node = "/dev/accel/accel5";
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake.open_error = cases[i].first;
		fake.bad_node_error = cases[i].second;
		assert_int_equal(apu_device_open(NULL, &dev), cases[i].want);
		assert_non_null(strstr(apu_last_error(), cases[i].text));
	}
	/* One that works is taken all the same. */
	fake.node = "/dev/accel/accel7";
	fake.open_error = -EACCES;
	assert_int_equal(apu_device_open(NULL, &dev), 0);
	assert_string_equal(apu_device_path(dev), fake.node);
	apu_device_close(dev);
	fake_assert_no_leak();
}

static void address_space_can_run_out(void **state)
{
	struct bench b;
	struct apu_bo *bo;

	(void)state;
	fake.info.va_end = 64 * 4096;
	bench_open(&b);
	assert_int_equal(apu_bo_create(b.dev, 64 * 4096, &bo), -ENOMEM);
	assert_non_null(strstr(apu_last_error(), "no address space left"));
	assert_int_equal(apu_request_run(b.request), 0);
	bench_close(&b);
}

static void limits_of_the_driver_are_told(void **state)
{
	struct apu_bo *bo;
	struct bench b;

	(void)state;
	bench_open(&b);
	assert_int_equal(apu_request_run(b.request), 0);
	fake.at_limit = true;
	assert_int_equal(apu_bo_create(b.dev, SIZE, &bo), -ENOMEM);
	assert_non_null(strstr(apu_last_error(), "kept for others"));
	assert_int_equal(apu_bo_import(b.dev, FAKE_DMABUF, &bo), -ENOMEM);
	assert_non_null(strstr(apu_last_error(), "kept for others"));
	assert_int_equal(apu_request_run(b.request), -EBUSY);
	assert_non_null(strstr(apu_last_error(), "too many jobs"));
	fake.at_limit = false;
	assert_int_equal(apu_request_run(b.request), 0);
	bench_close(&b);
}

static void names_are_told(void **state)
{
	(void)state;
	assert_string_equal(apu_engine_name(APU_ENGINE_MVPU), "MVPU");
	assert_string_equal(apu_engine_name(APU_NUM_ENGINE_CLASSES), "?");
	assert_string_equal(apu_type_name(APU_TYPE_F32), "FLOAT32");
	assert_string_equal(apu_type_name(0), "?");
	assert_string_equal(apu_type_name(APU_TYPE_F32 + 1), "?");
	assert_int_equal(apu_type_size(APU_TYPE_I64), 8);
	assert_int_equal(apu_type_size(APU_TYPE_F32 + 1), 0);
}

static void calls_out_of_turn_are_refused(void **state)
{
	struct apu_bo *bo, *small = NULL;
	void *first, *second;
	struct bench b;

	(void)state;
	bench_open(&b);
	fake.hold = true;
	assert_int_equal(apu_request_submit(b.request), 0);
	assert_int_equal(apu_request_set_callback(b.request, count_call, NULL), -EBUSY);
	fake_release_hold();
	assert_int_equal(apu_request_wait(b.request, -1), 0);
	assert_int_equal(apu_bo_create(b.dev, SIZE, &bo), 0);
	assert_int_equal(apu_request_bind_input_bo(b.request, 1, bo, 0, SIZE), -EINVAL);
	assert_int_equal(apu_request_bind_output_bo(b.request, 0, bo, 0, SIZE - 1), -EINVAL);
	/* The same address each time. */
	assert_int_equal(apu_bo_map(bo, &first), 0);
	assert_int_equal(apu_bo_map(bo, &second), 0);
	assert_ptr_equal(first, second);
	apu_bo_release(bo);
	fake.dmabuf_size = 4095;
	assert_int_equal(apu_bo_import(b.dev, FAKE_DMABUF, &small), -EINVAL);
	assert_non_null(strstr(apu_last_error(), "smaller than a page"));
	assert_null(small);
	bench_close(&b);
}

static void measurements_can_be_missing(void **state)
{
	struct apu_profile profile;
	struct bench b;

	(void)state;
	bench_open(&b);
	assert_int_equal(apu_request_run(b.request), 0);
	/* Of a newer driver: an engine that this library has not heard of. */
	fake.stats_class = APU_NUM_ENGINE_CLASSES;
	assert_int_equal(apu_request_get_profile(b.request, &profile), 0);
	assert_int_equal(profile.cycles, 100);
	assert_int_equal(profile.engine[APU_ENGINE_EDMA].streams, 0);
	fake.stats_error = -ENOENT;
	assert_int_equal(apu_request_get_profile(b.request, &profile), -ENOENT);
	assert_non_null(strstr(apu_last_error(), "no measurements of job 0"));
	fake.fail_cause = DRM_APU_CTX_CAUSE_HARDWARE;
	assert_int_equal(apu_request_run(b.request), -EIO);
	assert_int_equal(apu_request_get_profile(b.request, &profile), -ENOENT);
	assert_non_null(strstr(apu_last_error(), "failed or was cancelled"));
	bench_close(&b);
}

/* A device that does not tell how fast its clock is. */
static void measurements_without_a_clock(void **state)
{
	ProfiledQoSData *data = NULL;
	uint8_t boost = 0;
	struct io io;
	void *rt;

	(void)state;
	fake.info.timestamp_hz = 0;
	rt = make(1, 1);
	io_init(&io, 1);
	assert_int_equal(NeuronRuntimeV2_run(rt, sync_of(&io)), 0);
	assert_int_equal(NeuronRuntimeV2_getProfiledQoSData(rt, &data, &boost), 0);
	assert_int_equal(data->qosData[0][0].execTime, 0);
	assert_int_equal(data->qosData[0][0].bandwidth, 0);
	assert_int_equal(boost, NEURONRUNTIME_BOOSTVALUE_MAX);
	fake.stats_error = -EIO;
	assert_int_equal(NeuronRuntimeV2_getProfiledQoSData(rt, &data, &boost),
			 NEURONRUNTIME_RUNTIME_ERROR);
	release(rt);
}

/* Not between two inferences. */
static void measurements_of_what_runs_are_refused(void **state)
{
	ProfiledQoSData *data = NULL;
	void *rt = make(1, 1);
	uint8_t boost;
	struct io io;
	uint64_t id;

	(void)state;
	io_init(&io, 1);
	fake.hold = fake.block = true;
	assert_int_equal(NeuronRuntimeV2_enqueue(rt, async_of(&io), &id), 0);
	fake_await_submits(1);
	assert_int_equal(NeuronRuntimeV2_getProfiledQoSData(rt, &data, &boost),
			 NEURONRUNTIME_BAD_STATE);
	assert_non_null(strstr(apu_neuron_error(), "under way"));
	fake_release_hold();
	assert_int_equal(apu_neuron_v2_wait(rt, id, -1), 0);
	/* Ended: no matter how long one would wait. */
	assert_int_equal(apu_neuron_v2_wait(rt, id, 999999999), 0);
	release(rt);
}

/* QoS and callbacks of a model with the MVPU, whose memory comes early; the first error. */
static int use_all(const struct dla_spec *spec)
{
	const struct apu_qos qos = {.priority = APU_PRIORITY_LOW};
	struct apu_session *session = NULL;
	struct apu_request *request = NULL;
	struct apu_device *dev = NULL;
	struct apu_model *model;
	int8_t in[SIZE] = {0}, out[SIZE];
	unsigned int calls = 0;
	size_t size;
	uint8_t *data = spec_write(spec, &size);
	int fence = -1, ret;

	assert_int_equal(apu_model_load_memory(data, size, &model), 0);
	free(data);
	ret = apu_device_open(FAKE_NODE, &dev);
	if (!ret)
		ret = apu_session_create(dev, model, APU_PRIORITY_NORMAL, &session);
	if (!ret)
		ret = apu_request_create(session, &request);
	if (!ret)
		ret = apu_request_bind_input(request, 0, in, SIZE);
	if (!ret)
		ret = apu_request_bind_output(request, 0, out, SIZE);
	if (!ret)
		ret = apu_request_run(request);
	/* For a context that is there, then for a new one, after a failure. */
	if (!ret)
		ret = apu_session_set_qos(session, &qos);
	if (!ret)
		ret = apu_request_run(request);
	if (!ret) {
		fake.fail_cause = DRM_APU_CTX_CAUSE_HARDWARE;
		ret = apu_request_run(request);
		fake.fail_cause = 0;
		ret = ret == -EIO ? apu_request_run(request) : ret;
	}
	if (!ret)
		ret = apu_request_set_callback(request, count_call, &calls);
	if (!ret)
		ret = apu_request_submit_fenced(request, -1, &fence);
	if (fence >= 0)
		close(fence);
	apu_request_release(request);
	if (!ret)
		assert_int_equal(calls, 1);
	apu_session_release(session);
	apu_model_release(model);
	apu_device_close(dev);
	return ret;
}

static void every_failure_of_the_kernel_is_survived(void **state)
{
	struct dla_spec spec;
	unsigned int nth;
	int ret;

	(void)state;
	spec_init(&spec, 4096);
	spec.info.num_engines[APU_ENGINE_MVPU] = 1;
	for (nth = 1;; nth++) {
		fake_reset();
		fake.fail_nth = nth;
		ret = use_all(&spec);
		fake_assert_no_leak();
		if (ret == 0)
			break;
		assert_int_equal(ret, -ENOMEM);
	}
	assert_in_range(nth, 20, 60);
}

/* Set in the environment, each text is on stderr too. */
static void errors_can_be_printed(void **state)
{
	int out = memfd_create("stderr", MFD_CLOEXEC), old = dup(STDERR_FILENO);
	char text[128] = "";
	size_t size;

	(void)state;
	dup2(out, STDERR_FILENO);
	assert_int_equal(NeuronRuntimeV2_getInputNumber(NULL, &size),
			 NEURONRUNTIME_UNEXPECTED_NULL);
	setenv("APU_NEURON_LOG", "1", 1);
	NeuronRuntimeV2_getInputNumber(NULL, &size);
	unsetenv("APU_NEURON_LOG");
	dup2(old, STDERR_FILENO);
	close(old);
	assert_true(__real_pread(out, text, sizeof(text) - 1, 0) > 0);
	close(out);
	assert_string_equal(text, "neuron runtime: error 3: neuron_check: runtime is NULL\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_worker_that_cannot_start_is_told, setup),
		cmocka_unit_test_setup(a_late_worker_that_cannot_start_is_told, setup),
		cmocka_unit_test_setup(callbacks_need_a_thread, setup),
		cmocka_unit_test_setup(a_callback_that_cannot_come_is_told, setup),
		cmocka_unit_test_setup(reads_that_fail_are_told, setup),
		cmocka_unit_test_setup(files_can_be_too_long, setup),
		cmocka_unit_test_setup(nodes_tell_what_is_wrong, setup),
		cmocka_unit_test_setup(a_search_tells_what_was_in_its_way, setup),
		cmocka_unit_test_setup(address_space_can_run_out, setup),
		cmocka_unit_test_setup(limits_of_the_driver_are_told, setup),
		cmocka_unit_test_setup(names_are_told, setup),
		cmocka_unit_test_setup(calls_out_of_turn_are_refused, setup),
		cmocka_unit_test_setup(measurements_can_be_missing, setup),
		cmocka_unit_test_setup(measurements_without_a_clock, setup),
		cmocka_unit_test_setup(measurements_of_what_runs_are_refused, setup),
		cmocka_unit_test_setup(every_failure_of_the_kernel_is_survived, setup),
		cmocka_unit_test_setup(errors_can_be_printed, setup),
	};

	return cmocka_run_group_tests_name("errors", tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
/*
 * What the C library and the kernel refuse: threads, file descriptors, reads. This program is
 * linked with --wrap for the functions that ask for them.
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
#include "neuron_jobs.h"

/* So many calls from now one fails, with an error number; 0: none. */
struct refusal {
	unsigned int countdown;
	int error;
};

static struct refusal no_thread, no_epoll, no_eventfd, no_watch, no_read;

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_worker_that_cannot_start_is_told, setup),
		cmocka_unit_test_setup(a_late_worker_that_cannot_start_is_told, setup),
		cmocka_unit_test_setup(callbacks_need_a_thread, setup),
		cmocka_unit_test_setup(a_callback_that_cannot_come_is_told, setup),
		cmocka_unit_test_setup(reads_that_fail_are_told, setup),
	};

	return cmocka_run_group_tests_name("system calls", tests, NULL, NULL);
}

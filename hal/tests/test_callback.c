// SPDX-License-Identifier: MIT
/*
 * Callbacks and cancellation of requests.
 */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apu/apu.h"
#include "dla_builder.h"
#include "fake_kmd.h"

struct bench {
	struct apu_device *dev;
	struct apu_session *session;
	struct apu_request *request;
	int8_t in[64];
	int8_t out[64];

	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned int calls;
	int status;
	char error[100];
	/* What the callback does. */
	unsigned int again;
	bool release;
};

static void bench_open(struct bench *b)
{
	struct apu_model *model;
	struct dla_spec spec;
	uint8_t *data;
	size_t size;

	memset(b, 0, sizeof(*b));
	memset(b->in, 7, sizeof(b->in));
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->changed, NULL);
	spec_init(&spec, 4096);
	data = spec_write(&spec, &size);
	assert_int_equal(apu_model_load_memory(data, size, &model), 0);
	free(data);
	assert_int_equal(apu_device_open(FAKE_NODE, &b->dev), 0);
	assert_int_equal(apu_session_create(b->dev, model, APU_PRIORITY_NORMAL, &b->session), 0);
	assert_int_equal(apu_request_create(b->session, &b->request), 0);
	assert_int_equal(apu_request_bind_input(b->request, 0, b->in, 64), 0);
	assert_int_equal(apu_request_bind_output(b->request, 0, b->out, 64), 0);
	apu_model_release(model);
}

static void bench_close(struct bench *b)
{
	apu_request_release(b->request);
	apu_session_release(b->session);
	apu_device_close(b->dev);
	fake_assert_no_leak();
	pthread_mutex_destroy(&b->lock);
	pthread_cond_destroy(&b->changed);
}

static void called(struct apu_request *request, int status, void *opaque)
{
	struct bench *b = opaque;

	pthread_mutex_lock(&b->lock);
	if (b->again) {
		b->again--;
		b->in[0]++;
		status |= apu_request_submit(request);
	}
	if (b->release) {
		apu_request_release(request);
		apu_session_release(b->session);
		apu_device_close(b->dev);
	}
	b->status = status;
	strncpy(b->error, apu_last_error(), sizeof(b->error) - 1);
	b->calls++;
	pthread_cond_signal(&b->changed);
	pthread_mutex_unlock(&b->lock);
}

static void await_calls(struct bench *b, unsigned int calls)
{
	pthread_mutex_lock(&b->lock);
	while (b->calls < calls)
		pthread_cond_wait(&b->changed, &b->lock);
	pthread_mutex_unlock(&b->lock);
}

static int setup(void **state)
{
	(void)state;
	fake_reset();
	return 0;
}

static void a_callback_comes_with_the_outputs(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	assert_int_equal(apu_request_set_callback(b.request, called, &b), 0);
	assert_int_equal(apu_request_submit(b.request), 0);
	await_calls(&b, 1);
	assert_int_equal(b.status, 0);
	assert_memory_equal(b.in, b.out, 64);
	assert_int_equal(apu_request_wait(b.request, 0), -EINVAL);
	assert_int_equal(apu_request_run(b.request), -EINVAL);
	/* And no more once it is taken back. */
	assert_int_equal(apu_request_set_callback(b.request, NULL, NULL), 0);
	assert_int_equal(apu_request_run(b.request), 0);
	bench_close(&b);
	assert_int_equal(b.calls, 1);
}

static void a_callback_can_submit_again(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	b.again = 100;
	assert_int_equal(apu_request_set_callback(b.request, called, &b), 0);
	assert_int_equal(apu_request_submit(b.request), 0);
	await_calls(&b, 101);
	assert_int_equal(b.status, 0);
	assert_int_equal(b.in[0], 107);
	assert_memory_equal(b.in, b.out, 64);
	bench_close(&b);
	assert_int_equal(b.calls, 101);
}

static void a_callback_can_release_all(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	b.release = true;
	assert_int_equal(apu_request_set_callback(b.request, called, &b), 0);
	assert_int_equal(apu_request_submit(b.request), 0);
	await_calls(&b, 1);
	fake_assert_no_leak();
	assert_memory_equal(b.in, b.out, 64);
}

static unsigned int open_files(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

/* A bench whose request was called back once; how many files are open then. */
static unsigned int open_and_call(struct bench *b)
{
	bench_open(b);
	assert_int_equal(apu_request_set_callback(b->request, called, b), 0);
	assert_int_equal(apu_request_submit(b->request), 0);
	await_calls(b, 1);
	return open_files();
}

/* A request beside the bench's, with what is bound to that. */
static struct apu_request *second_request(struct bench *b, apu_callback callback, void *opaque)
{
	struct apu_request *request;

	assert_int_equal(apu_request_create(b->session, &request), 0);
	assert_int_equal(apu_request_bind_input(request, 0, b->in, 64), 0);
	assert_int_equal(apu_request_bind_output(request, 0, b->out, 64), 0);
	assert_int_equal(apu_request_set_callback(request, callback, opaque), 0);
	return request;
}

static void never_called(struct apu_request *request, int status, void *opaque)
{
	(void)request;
	(void)status;
	(void)opaque;
	fail_msg("a callback of a request that was released");
}

/* Releases the request that it is given. */
static void release_in_flight(struct apu_request *request, int status, void *opaque)
{
	if (opaque) {
		apu_request_release(opaque);
		return;
	}
	assert_int_equal(status | apu_request_submit(request), 0);
	apu_request_release(request);
}

static void a_callback_can_release_what_is_in_flight(void **state)
{
	struct apu_request *request;
	unsigned int files;
	struct bench b;

	(void)state;
	files = open_and_call(&b);
	/* Itself, submitted again. What comes after it is called back. */
	request = second_request(&b, release_in_flight, NULL);
	assert_int_equal(apu_request_submit(request), 0);
	assert_int_equal(apu_request_submit(b.request), 0);
	await_calls(&b, 2);
	assert_int_equal(open_files(), files);
	bench_close(&b);
	assert_int_equal(b.calls, 2);
}

static void a_callback_can_release_another_in_flight(void **state)
{
	struct apu_request *other, *request;
	unsigned int files;
	struct bench b;

	(void)state;
	files = open_and_call(&b);
	other = second_request(&b, never_called, NULL);
	fake.hold = true;
	assert_int_equal(apu_request_submit(other), 0);
	fake.hold = false;
	request = second_request(&b, release_in_flight, other);
	assert_int_equal(apu_request_submit(request), 0);
	apu_request_release(request);
	assert_int_equal(apu_request_submit(b.request), 0);
	await_calls(&b, 2);
	assert_int_equal(open_files(), files);
	bench_close(&b);
}

static void release_waits_for_the_callback(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	assert_int_equal(apu_request_set_callback(b.request, called, &b), 0);
	assert_int_equal(apu_request_submit(b.request), 0);
	bench_close(&b);
	assert_int_equal(b.calls, 1);
}

static void a_failure_is_told_to_the_callback(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	assert_int_equal(apu_request_set_callback(b.request, called, &b), 0);
	fake.fail_cause = DRM_APU_CTX_CAUSE_MMU;
	assert_int_equal(apu_request_submit(b.request), 0);
	await_calls(&b, 1);
	assert_int_equal(b.status, -EFAULT);
	assert_non_null(strstr(b.error, "MMU fault"));
	assert_int_equal(b.out[0], 0);
	bench_close(&b);
}

static void cancel_ends_what_has_not_started(void **state)
{
	struct bench b;

	(void)state;
	bench_open(&b);
	assert_int_equal(apu_request_cancel(b.request), -EINVAL);
	fake.hold = true;
	assert_int_equal(apu_request_submit(b.request), 0);
	assert_int_equal(apu_request_wait(b.request, 0), -ETIMEDOUT);
	assert_int_equal(apu_request_cancel(b.request), 0);
	assert_int_equal(apu_request_cancel(b.request), 0);
	assert_int_equal(apu_request_wait(b.request, -1), -ECANCELED);
	assert_string_equal(apu_last_error(), "cancelled");
	assert_int_equal(b.out[0], 0);
	assert_int_equal(apu_request_cancel(b.request), -EINVAL);
	/* It can be used again. */
	fake_release_hold();
	assert_int_equal(apu_request_run(b.request), 0);
	assert_memory_equal(b.in, b.out, 64);
	/* Too late is no error. */
	assert_int_equal(apu_request_submit(b.request), 0);
	assert_int_equal(apu_request_cancel(b.request), 0);
	assert_int_equal(apu_request_wait(b.request, -1), 0);
	bench_close(&b);
}

static void *wait_for(void *request)
{
	return (void *)(intptr_t)apu_request_wait(request, -1);
}

static void cancel_reaches_one_who_waits(void **state)
{
	pthread_t waiter;
	struct bench b;
	void *result;

	(void)state;
	bench_open(&b);
	fake.hold = fake.block = true;
	assert_int_equal(apu_request_submit(b.request), 0);
	assert_int_equal(pthread_create(&waiter, NULL, wait_for, b.request), 0);
	assert_int_equal(apu_request_cancel(b.request), 0);
	pthread_join(waiter, &result);
	assert_int_equal((intptr_t)result, -ECANCELED);
	/* By callback likewise. */
	assert_int_equal(apu_request_set_callback(b.request, called, &b), 0);
	assert_int_equal(apu_request_submit(b.request), 0);
	assert_int_equal(apu_request_cancel(b.request), 0);
	await_calls(&b, 1);
	assert_int_equal(b.status, -ECANCELED);
	bench_close(&b);
}

static void cancel_concerns_one_request(void **state)
{
	struct apu_request *second;
	int8_t out[64] = {0};
	struct bench b;

	(void)state;
	bench_open(&b);
	assert_int_equal(apu_request_create(b.session, &second), 0);
	assert_int_equal(apu_request_bind_input(second, 0, b.in, 64), 0);
	assert_int_equal(apu_request_bind_output(second, 0, out, 64), 0);
	fake.hold = true;
	assert_int_equal(apu_request_submit(b.request), 0);
	assert_int_equal(apu_request_submit(second), 0);
	assert_int_equal(apu_request_cancel(b.request), 0);
	assert_int_equal(apu_request_wait(second, 0), -ETIMEDOUT);
	fake_release_hold();
	assert_int_equal(apu_request_wait(second, -1), 0);
	assert_memory_equal(b.in, out, 64);
	assert_int_equal(apu_request_wait(b.request, -1), -ECANCELED);
	apu_request_release(second);
	bench_close(&b);
}

static void priority_and_limit_follow_the_qos(void **state)
{
	struct apu_qos qos = {
		.priority = APU_PRIORITY_LOW,
		.flags = APU_QOS_PREFER_POWER,
		.boost = 40,
		.deadline_us = 777,
		.time_limit_us = 5000,
	};
	struct bench b;

	(void)state;
	bench_open(&b);
	assert_int_equal(apu_request_run(b.request), 0);
	assert_int_equal(fake.qos.priority, APU_PRIORITY_NORMAL);
	assert_int_equal(fake.jobs[0].time_limit_us, 0);
	assert_int_equal(apu_session_set_qos(b.session, &qos), 0);
	assert_int_equal(apu_request_run(b.request), 0);
	assert_int_equal(fake.qos.priority, APU_PRIORITY_LOW);
	assert_int_equal(fake.jobs[0].time_limit_us, 5000);
	assert_int_equal(fake.qos.flags, DRM_APU_QOS_PREFER_POWER);
	assert_int_equal(fake.qos.boost, 40);
	assert_int_equal(fake.qos.deadline_us, 777);
	/* A context that comes after a failure has it too. */
	fake.fail_cause = DRM_APU_CTX_CAUSE_MMU;
	assert_int_equal(apu_request_run(b.request), -EFAULT);
	assert_int_equal(apu_request_run(b.request), 0);
	assert_int_equal(apu_request_run(b.request), 0);
	assert_int_equal(fake.qos.boost, 40);
	/* Refused: nothing changes. */
	qos = (struct apu_qos){.priority = APU_PRIORITY_HIGH, .time_limit_us = 1};
	assert_int_equal(apu_session_set_qos(b.session, &qos), -EACCES);
	qos = (struct apu_qos){.priority = APU_PRIORITY_LOW, .boost = 101};
	assert_int_equal(apu_session_set_qos(b.session, &qos), -EINVAL);
	qos = (struct apu_qos){.priority = APU_PRIORITY_LOW, .flags = 2};
	assert_int_equal(apu_session_set_qos(b.session, &qos), -EINVAL);
	qos = (struct apu_qos){.priority = 7};
	assert_int_equal(apu_session_set_qos(b.session, &qos), -EINVAL);
	qos = (struct apu_qos){.priority = APU_PRIORITY_LOW, .time_limit_us = UINT32_MAX};
	assert_int_equal(apu_session_set_qos(b.session, &qos), -EINVAL);
	assert_int_equal(apu_request_run(b.request), 0);
	assert_int_equal(fake.qos.priority, APU_PRIORITY_LOW);
	assert_int_equal(fake.jobs[0].time_limit_us, 5000);
	qos = (struct apu_qos){.priority = APU_PRIORITY_LOW};
	assert_int_equal(apu_session_set_qos(b.session, &qos), 0);
	assert_int_equal(apu_request_run(b.request), 0);
	assert_int_equal(fake.jobs[0].time_limit_us, 0);
	bench_close(&b);
}

/* Several threads, each with a request of one session. */
static void *run_many(void *opaque)
{
	struct bench *b = opaque;
	struct apu_request *request;
	int8_t in[64], out[64];
	intptr_t bad = 0;
	int i;

	if (apu_request_create(b->session, &request))
		return (void *)1;
	for (i = 0; i < 200; i++) {
		memset(in, i, sizeof(in));
		memset(out, ~i, sizeof(out));
		bad += apu_request_bind_input(request, 0, in, 64) != 0;
		bad += apu_request_bind_output(request, 0, out, 64) != 0;
		bad += apu_request_run(request) != 0;
		bad += memcmp(in, out, 64) != 0;
	}
	apu_request_release(request);
	return (void *)bad;
}

static void threads_share_a_session(void **state)
{
	pthread_t threads[4];
	struct bench b;
	void *result;
	int i;

	(void)state;
	bench_open(&b);
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run_many, &b), 0);
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], &result);
		assert_null(result);
	}
	assert_int_equal(fake.submits, 800);
	bench_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_callback_comes_with_the_outputs, setup),
		cmocka_unit_test_setup(a_callback_can_submit_again, setup),
		cmocka_unit_test_setup(a_callback_can_release_all, setup),
		cmocka_unit_test_setup(a_callback_can_release_what_is_in_flight, setup),
		cmocka_unit_test_setup(a_callback_can_release_another_in_flight, setup),
		cmocka_unit_test_setup(release_waits_for_the_callback, setup),
		cmocka_unit_test_setup(a_failure_is_told_to_the_callback, setup),
		cmocka_unit_test_setup(cancel_ends_what_has_not_started, setup),
		cmocka_unit_test_setup(cancel_reaches_one_who_waits, setup),
		cmocka_unit_test_setup(cancel_concerns_one_request, setup),
		cmocka_unit_test_setup(priority_and_limit_follow_the_qos, setup),
		cmocka_unit_test_setup(threads_share_a_session, setup),
	};

	return cmocka_run_group_tests_name("callback", tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
/*
 * Version 2's queue: jobs that are enqueued, their callbacks, cancelling, many clients at a time.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "apu/neuron.h"
#include "neuron_jobs.h"

static void ids_count_from_zero_and_release_drains(void **state)
{
	struct io io[20];
	void *rt = make(2, 32);
	uint64_t id, i;

	(void)state;
	for (i = 0; i < 20; i++) {
		io_init(&io[i], (int)i);
		assert_int_equal(NeuronRuntimeV2_enqueue(rt, async_of(&io[i]), &id), 0);
		assert_int_equal(id, i);
	}
	release(rt);
	assert_int_equal(watch.calls, 20);
	for (i = 0; i < 20; i++) {
		assert_int_equal(watch.seen[i], 1);
		assert_int_equal(watch.status[i], 0);
		assert_memory_equal(io[i].in, io[i].out, SIZE);
	}
}

static void enqueue_without_a_callback(void **state)
{
	AsyncInferenceRequest request;
	void *rt = make(0, 0);
	struct io io;
	uint64_t id;

	(void)state;
	io_init(&io, 4);
	request = async_of(&io);
	request.finish_cb = NULL;
	assert_int_equal(NeuronRuntimeV2_enqueue(rt, request, &id), 0);
	assert_int_equal(apu_neuron_v2_wait(rt, id, -1), 0);
	assert_memory_equal(io.in, io.out, SIZE);
	assert_int_equal(apu_neuron_v2_wait(rt, 1, 0), -EINVAL);
	release(rt);
}

struct enqueuer {
	void *runtime;
	struct io io;
	/* Callbacks that had come when enqueue() returned. */
	unsigned int calls;
};

static void *enqueue_one(void *opaque)
{
	struct enqueuer *e = opaque;
	uint64_t id;
	int ret = NeuronRuntimeV2_enqueue(e->runtime, async_of(&e->io), &id);

	pthread_mutex_lock(&watch.lock);
	e->calls = ret ? 1000 : watch.calls;
	pthread_mutex_unlock(&watch.lock);
	return NULL;
}

static void enqueue_blocks_on_a_full_ring_only(void **state)
{
	struct enqueuer e = {.runtime = make(1, 2)};
	struct io io[3];
	pthread_t thread;
	uint64_t id;
	int i;

	(void)state;
	fake.hold = fake.block = true;
	for (i = 0; i < 3; i++)
		io_init(&io[i], i);
	io_init(&e.io, 9);
	/* The worker has the first, two are queued: none of these may block. */
	assert_int_equal(NeuronRuntimeV2_enqueue(e.runtime, async_of(&io[0]), &id), 0);
	fake_await_submits(1);
	assert_int_equal(NeuronRuntimeV2_enqueue(e.runtime, async_of(&io[1]), &id), 0);
	assert_int_equal(NeuronRuntimeV2_enqueue(e.runtime, async_of(&io[2]), &id), 0);
	assert_int_equal(pthread_create(&thread, NULL, enqueue_one, &e), 0);
	assert_int_equal(apu_neuron_v2_wait(e.runtime, 0, 20000000), -ETIMEDOUT);
	assert_int_equal(apu_neuron_v2_wait(e.runtime, 3, 0), -EINVAL);
	fake_release_hold();
	pthread_join(thread, NULL);
	/* There was room only after the first had ended. */
	assert_in_range(e.calls, 1, 4);
	release(e.runtime);
	assert_int_equal(watch.calls, 4);
}

static void a_backlog_of_0_is_1(void **state)
{
	struct enqueuer e = {.runtime = make(1, 0)};
	struct io io[2];
	pthread_t thread;
	uint64_t id;

	(void)state;
	fake.hold = fake.block = true;
	io_init(&io[0], 1);
	io_init(&io[1], 2);
	io_init(&e.io, 3);
	assert_int_equal(NeuronRuntimeV2_enqueue(e.runtime, async_of(&io[0]), &id), 0);
	fake_await_submits(1);
	assert_int_equal(NeuronRuntimeV2_enqueue(e.runtime, async_of(&io[1]), &id), 0);
	assert_int_equal(pthread_create(&thread, NULL, enqueue_one, &e), 0);
	assert_int_equal(apu_neuron_v2_wait(e.runtime, 0, 20000000), -ETIMEDOUT);
	assert_int_equal(apu_neuron_v2_wait(e.runtime, 2, 0), -EINVAL);
	fake_release_hold();
	pthread_join(thread, NULL);
	assert_in_range(e.calls, 1, 3);
	release(e.runtime);
	assert_int_equal(watch.calls, 3);
}

struct runner {
	void *runtime;
	struct io io;
	int ret;
};

static void *run_one(void *opaque)
{
	struct runner *r = opaque;

	r->ret = NeuronRuntimeV2_run(r->runtime, sync_of(&r->io));
	return NULL;
}

/* Of one worker: what was enqueued before goes first, and run() gives its outputs. */
static void run_takes_its_place_in_the_ring(void **state)
{
	struct runner r = {.runtime = make(1, 1)};
	struct io io[2];
	pthread_t thread;
	uint64_t id;

	(void)state;
	fake.hold = fake.block = true;
	io_init(&io[0], 1);
	io_init(&io[1], 2);
	io_init(&r.io, 3);
	/* What the second job leaves is what run() reads. */
	io[1].out_buffer.buffer = r.io.in;
	assert_int_equal(NeuronRuntimeV2_enqueue(r.runtime, async_of(&io[0]), &id), 0);
	fake_await_submits(1);
	assert_int_equal(NeuronRuntimeV2_enqueue(r.runtime, async_of(&io[1]), &id), 0);
	/* The ring is full: it waits for its place too. */
	assert_int_equal(pthread_create(&thread, NULL, run_one, &r), 0);
	assert_int_equal(apu_neuron_v2_wait(r.runtime, 0, 20000000), -ETIMEDOUT);
	assert_int_equal(fake.submits, 1);
	fake_release_hold();
	pthread_join(thread, NULL);
	assert_int_equal(r.ret, 0);
	assert_int_equal(r.io.out[0], 2);
	assert_int_equal(watch.calls, 2);
	release(r.runtime);
}

/* A stream of inferences has one worker, however many were asked for. */
static void a_stateful_model_is_a_stream(void **state)
{
	struct apu_memory memory;
	struct dla_spec spec;
	struct io io;
	uint8_t *data;
	size_t size;
	void *rt;
	int i;

	(void)state;
	spec_init_delay(&spec);
	data = spec_write(&spec, &size);
	assert_int_equal(
		NeuronRuntimeV2_createFromBuffer_with_options(data, size, 4, &rt, 8, OPTIONS), 0);
	free(data);
	assert_int_equal(apu_neuron_get_memory(rt, &memory), 0);
	assert_int_equal(memory.temp_bytes, 64);
	for (i = 0; i < 3; i++) {
		io_init(&io, i + 1);
		assert_int_equal(NeuronRuntimeV2_run(rt, sync_of(&io)), 0);
		assert_int_equal(io.out[0], i ? i : 0x11);
	}
	release(rt);
}

static void a_callback_can_enqueue_and_run(void **state)
{
	struct io io, more, extra;
	SyncInferenceRequest sync;
	uint64_t id;

	(void)state;
	io_init(&io, 1);
	io_init(&more, 2);
	io_init(&extra, 3);
	sync = sync_of(&extra);
	watch.runtime = make(1, 1);
	watch.request = async_of(&more);
	watch.sync = &sync;
	watch.more = 5;
	/* Two at once, so that the ring is full when the first callback comes. */
	fake.hold = fake.block = true;
	assert_int_equal(NeuronRuntimeV2_enqueue(watch.runtime, async_of(&io), &id), 0);
	fake_await_submits(1);
	assert_int_equal(NeuronRuntimeV2_enqueue(watch.runtime, async_of(&io), &id), 0);
	fake_release_hold();
	await_calls(7);
	release(watch.runtime);
	for (id = 0; id < 7; id++)
		assert_int_equal(watch.status[id], 0);
	assert_memory_equal(more.in, more.out, SIZE);
	assert_memory_equal(extra.in, extra.out, SIZE);
	/* 7 jobs and the 5 of run(). */
	assert_int_equal(fake.submits, 12);
}

static void release_in_callback(uint64_t job, void *opaque, int status)
{
	(void)job;
	(void)status;
	NeuronRuntimeV2_release(opaque);
	watch.result = strstr(apu_neuron_error(), "cannot be released") ? 1 : -1;
}

static void release_from_a_callback_is_refused(void **state)
{
	AsyncInferenceRequest request;
	void *rt = make(1, 1);
	struct io io;
	uint64_t id;

	(void)state;
	io_init(&io, 1);
	request = async_of(&io);
	request.finish_cb = release_in_callback;
	request.opaque = rt;
	assert_int_equal(NeuronRuntimeV2_enqueue(rt, request, &id), 0);
	release(rt);
	assert_int_equal(watch.result, 1);
}

/* What would wait for the callback itself is refused. */
static void wait_in_callback(uint64_t job, void *opaque, int status)
{
	struct io *io = opaque;
	IOBuffer output = {.length = SIZE, .fd = FAKE_DMABUF};
	SyncInferenceRequest request = {&io->in_buffer, &output};
	int fence;

	(void)status;
	watch.result = apu_neuron_v2_wait(watch.runtime, job, -1) == -EDEADLK &&
		       apu_neuron_v2_run_fenced(watch.runtime, request, -1, &fence) == -EDEADLK &&
		       apu_neuron_v2_cancel(watch.runtime, job) == -ENOENT;
}

static void waiting_for_the_own_callback_is_refused(void **state)
{
	AsyncInferenceRequest request;
	struct io io;
	uint64_t id;

	(void)state;
	watch.runtime = make(1, 1);
	io_init(&io, 1);
	request = async_of(&io);
	request.finish_cb = wait_in_callback;
	request.opaque = &io;
	assert_int_equal(NeuronRuntimeV2_enqueue(watch.runtime, request, &id), 0);
	release(watch.runtime);
	assert_int_equal(watch.result, 1);
}

static void jobs_can_be_cancelled(void **state)
{
	void *rt = make(1, 4);
	struct io io[3];
	uint64_t id;
	int i;

	(void)state;
	fake.hold = fake.block = true;
	for (i = 0; i < 3; i++) {
		io_init(&io[i], i + 1);
		assert_int_equal(NeuronRuntimeV2_enqueue(rt, async_of(&io[i]), &id), 0);
	}
	fake_await_submits(1);
	/* A queued one, and the one that runs. */
	assert_int_equal(apu_neuron_v2_cancel(rt, 1), 0);
	assert_int_equal(apu_neuron_v2_cancel(rt, 0), 0);
	await_calls(2);
	fake_release_hold();
	assert_int_equal(apu_neuron_v2_wait(rt, 2, -1), 0);
	assert_int_equal(apu_neuron_v2_cancel(rt, 2), -ENOENT);
	assert_int_equal(apu_neuron_v2_cancel(rt, 77), -ENOENT);
	assert_int_equal(apu_neuron_v2_cancel(rt, UINT64_MAX), -ENOENT);
	release(rt);
	assert_int_equal(watch.status[0], NEURONRUNTIME_RUNTIME_ERROR);
	assert_int_equal(watch.status[1], NEURONRUNTIME_RUNTIME_ERROR);
	assert_int_equal(watch.status[2], 0);
	assert_int_equal(fake.submits, 2);
	assert_int_equal(io[0].out[0] | io[1].out[0], 0);
	assert_memory_equal(io[2].in, io[2].out, SIZE);
}

/* --- concurrency ------------------------------------------------------------- */

struct client {
	void *runtime;
	int number;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int pending;
	int bad;
};

struct flight {
	struct client *client;
	struct io io;
};

static void landed(uint64_t job, void *opaque, int status)
{
	struct flight *f = opaque;

	(void)job;
	pthread_mutex_lock(&f->client->lock);
	f->client->bad += status != 0 || memcmp(f->io.in, f->io.out, SIZE) != 0;
	f->client->pending--;
	pthread_cond_signal(&f->client->changed);
	pthread_mutex_unlock(&f->client->lock);
	free(f);
}

static void *fly(void *opaque)
{
	struct client *c = opaque;
	uint64_t id, last = 0;
	int bad = 0;
	struct flight *f;
	struct io io;
	int i;

	for (i = 0; i < 200; i++) {
		if ((i + c->number) % 3 == 0) {
			io_init(&io, c->number * 50 + i);
			bad += NeuronRuntimeV2_run(c->runtime, sync_of(&io)) != 0;
			bad += memcmp(io.in, io.out, SIZE) != 0;
			continue;
		}
		f = malloc(sizeof(*f));
		f->client = c;
		io_init(&f->io, c->number * 50 + i);
		pthread_mutex_lock(&c->lock);
		c->pending++;
		pthread_mutex_unlock(&c->lock);
		bad += NeuronRuntimeV2_enqueue(c->runtime,
					       (AsyncInferenceRequest){&f->io.in_buffer,
								       &f->io.out_buffer, landed,
								       f},
					       &id) != 0;
		/* They rise, in each thread too. */
		bad += last && id <= last;
		last = id;
	}
	pthread_mutex_lock(&c->lock);
	while (c->pending)
		pthread_cond_wait(&c->changed, &c->lock);
	c->bad += bad;
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static void many_clients_share_a_runtime(void **state)
{
	static const struct {
		size_t threads;
		size_t backlog;
	} variants[] = {{1, 1}, {1, 8}, {4, 1}, {4, 8}};
	struct client clients[4];
	pthread_t threads[4];
	unsigned int v;
	void *rt;
	int i;

	(void)state;
	for (v = 0; v < 4; v++) {
		rt = make(variants[v].threads, variants[v].backlog);
		memset(clients, 0, sizeof(clients));
		for (i = 0; i < 4; i++) {
			clients[i].runtime = rt;
			clients[i].number = i;
			pthread_mutex_init(&clients[i].lock, NULL);
			pthread_cond_init(&clients[i].changed, NULL);
			assert_int_equal(pthread_create(&threads[i], NULL, fly, &clients[i]), 0);
		}
		for (i = 0; i < 4; i++)
			pthread_join(threads[i], NULL);
		release(rt);
		for (i = 0; i < 4; i++)
			assert_int_equal(clients[i].bad, 0);
		assert_int_equal(fake.submits, 800 * (v + 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(ids_count_from_zero_and_release_drains, setup),
		cmocka_unit_test_setup(enqueue_without_a_callback, setup),
		cmocka_unit_test_setup(enqueue_blocks_on_a_full_ring_only, setup),
		cmocka_unit_test_setup(a_backlog_of_0_is_1, setup),
		cmocka_unit_test_setup(run_takes_its_place_in_the_ring, setup),
		cmocka_unit_test_setup(a_stateful_model_is_a_stream, setup),
		cmocka_unit_test_setup(a_callback_can_enqueue_and_run, setup),
		cmocka_unit_test_setup(release_from_a_callback_is_refused, setup),
		cmocka_unit_test_setup(waiting_for_the_own_callback_is_refused, setup),
		cmocka_unit_test_setup(jobs_can_be_cancelled, setup),
		cmocka_unit_test_setup(many_clients_share_a_runtime, setup),
	};

	return cmocka_run_group_tests_name("neuron async", tests, NULL, NULL);
}

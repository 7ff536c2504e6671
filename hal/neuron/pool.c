// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pool.h"

/* No job that was enqueued has it. */
#define NO_ID UINT64_MAX

/* In a callback: its slot, which nothing runs in, and the slot's pool. */
static _Thread_local struct slot *callback_slot;
static _Thread_local struct pool *callback_pool;

/* --- with the pool's lock held ---------------------------------------------- */

/* Wakes who can go on. */
static void kick(struct pool *pool)
{
	const struct job *job = pool->free ? pool->head : NULL;

	if (job && job->sync)
		pthread_cond_signal(&pool->head->turn);
	if (pool->finishing || (job && !job->sync))
		pthread_cond_signal(&pool->work);
}

static void push_job(struct pool *pool, struct job *job)
{
	job->next = NULL;
	*pool->tail = job;
	pool->tail = &job->next;
	pool->queued++;
	kick(pool);
}

/* Takes the first job and a slot for it. */
static struct slot *take_turn(struct pool *pool)
{
	struct slot *slot = pool->free;
	struct job *job = pool->head;

	pool->head = job->next;
	if (!pool->head)
		pool->tail = &pool->head;
	pool->queued--;
	pool->free = slot->next;
	pool->num_free--;
	slot->job = job;
	pthread_cond_signal(&pool->space);
	kick(pool);
	return slot;
}

static void put_slot(struct pool *pool, struct slot *slot)
{
	slot->job = NULL;
	slot->next = pool->free;
	pool->free = slot;
	pool->num_free++;
	pthread_cond_broadcast(&pool->ended);
	kick(pool);
}

static struct job *find_job(const struct pool *pool, uint64_t id, struct slot **where)
{
	struct job *job;
	size_t i;

	*where = NULL;
	for (job = pool->head; job; job = job->next) {
		if (job->id == id)
			return job;
	}
	for (i = 0; i < pool->num_slots; i++) {
		*where = &pool->slots[i];
		if ((*where)->job && (*where)->job->id == id)
			return (*where)->job;
	}
	return NULL;
}

static struct job *new_job(struct pool *pool)
{
	struct job *job = pool->spare;

	if (job)
		pool->spare = job->next;
	else
		job = malloc(sizeof(*job));
	return job;
}

/* --- inferences ------------------------------------------------------------- */

static int bind_all(struct pool *pool, struct slot *slot, const struct job *job)
{
	const IOBuffer *buffers[2] = {job->inputs, job->outputs};
	unsigned int output, i;
	int ret;

	for (output = 0; output < 2; output++) {
		for (i = 0; i < pool->num_io[output]; i++) {
			ret = neuron_bind(slot->request, output, i, pool->io_size[output][i],
					  &buffers[output][i]);
			if (ret)
				return ret;
		}
	}
	return NEURONRUNTIME_NO_ERROR;
}

static bool is_cancelled(struct pool *pool, const struct slot *slot, const struct job *job)
{
	bool cancelled;

	pthread_mutex_lock(&pool->lock);
	cancelled = job->cancelled;
	/* pool_cancel() may have come before there was something to cancel. */
	if (cancelled)
		apu_request_cancel(slot->request);
	pthread_mutex_unlock(&pool->lock);
	return cancelled;
}

/* One inference; a RuntimeAPIErrorCode. */
static int execute(struct pool *pool, struct slot *slot, const struct job *job)
{
	int ret;

	if (job->id != NO_ID && is_cancelled(pool, slot, job))
		return neuron_fail(NEURONRUNTIME_RUNTIME_ERROR, "job %llu was cancelled",
				   (unsigned long long)job->id);
	ret = bind_all(pool, slot, job);
	if (ret)
		return ret;
	ret = apu_request_submit(slot->request);
	if (ret)
		return neuron_error(ret);
	if (job->id != NO_ID)
		is_cancelled(pool, slot, job);
	return neuron_error(apu_request_wait(slot->request, -1));
}

static void work_job(struct pool *pool)
{
	struct slot *slot = take_turn(pool);
	struct job *job = slot->job;
	int status;

	pthread_mutex_unlock(&pool->lock);
	status = execute(pool, slot, job);
	if (job->finish_cb) {
		pthread_mutex_lock(&pool->lock);
		job->done = true;
		pthread_mutex_unlock(&pool->lock);
		callback_slot = slot;
		callback_pool = pool;
		job->finish_cb(job->id, job->opaque, status);
		callback_slot = NULL;
		callback_pool = NULL;
	}
	pthread_mutex_lock(&pool->lock);
	job->next = pool->spare;
	pool->spare = job;
	put_slot(pool, slot);
}

static void work_finish(struct pool *pool)
{
	struct slot *slot = pool->finishing;

	pool->finishing = slot->next;
	pthread_mutex_unlock(&pool->lock);
	/* How it ended is in the fence that the client has. */
	apu_request_wait(slot->request, -1);
	pthread_mutex_lock(&pool->lock);
	put_slot(pool, slot);
}

static void *work(void *arg)
{
	struct pool *pool = arg;

	pthread_mutex_lock(&pool->lock);
	while (!pool->stop) {
		if (pool->finishing)
			work_finish(pool);
		else if (pool->head && pool->free && !pool->head->sync)
			work_job(pool);
		else
			pthread_cond_wait(&pool->work, &pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static int start_worker(struct pool *pool)
{
	int ret = pthread_create(&pool->threads[pool->num_threads], NULL, work, pool);

	if (ret)
		return neuron_fail(NEURONRUNTIME_RUNTIME_ERROR, "cannot start a worker: %s",
				   strerror(ret));
	pool->num_threads++;
	return NEURONRUNTIME_NO_ERROR;
}

static int check_request(const IOBuffer *inputs, const IOBuffer *outputs)
{
	NEURON_CHECK_PTR(inputs);
	NEURON_CHECK_PTR(outputs);
	return NEURONRUNTIME_NO_ERROR;
}

int pool_enqueue(struct pool *pool, const AsyncInferenceRequest *request, uint64_t *job_id)
{
	struct job *job;
	int ret;

	NEURON_CHECK_PTR(job_id);
	ret = check_request(request->inputs, request->outputs);
	if (ret)
		return ret;
	pthread_mutex_lock(&pool->lock);
	/* A worker that blocks here may be the one to make room. */
	while (pool->queued >= pool->backlog && callback_pool != pool)
		pthread_cond_wait(&pool->space, &pool->lock);
	if (!pool->num_threads)
		ret = start_worker(pool);
	job = ret ? NULL : new_job(pool);
	if (job) {
		*job = (struct job){
			.id = pool->next_id++,
			.inputs = request->inputs,
			.outputs = request->outputs,
			.finish_cb = request->finish_cb,
			.opaque = request->opaque,
		};
		*job_id = job->id;
		push_job(pool, job);
	} else if (!ret) {
		ret = neuron_fail(NEURONRUNTIME_OUT_OF_MEMORY, "no memory for a job");
	}
	pthread_mutex_unlock(&pool->lock);
	return ret;
}

/* Waits in the queue for a slot. */
static struct slot *wait_turn(struct pool *pool, struct job *job)
{
	struct slot *slot;

	job->sync = true;
	pthread_cond_init(&job->turn, NULL);
	pthread_mutex_lock(&pool->lock);
	while (pool->queued >= pool->backlog)
		pthread_cond_wait(&pool->space, &pool->lock);
	push_job(pool, job);
	while (pool->head != job || !pool->free)
		pthread_cond_wait(&job->turn, &pool->lock);
	slot = take_turn(pool);
	pthread_mutex_unlock(&pool->lock);
	pthread_cond_destroy(&job->turn);
	return slot;
}

int pool_run(struct pool *pool, const SyncInferenceRequest *request)
{
	struct job job = {
		.id = NO_ID,
		.inputs = request->inputs,
		.outputs = request->outputs,
	};
	struct slot *slot;
	int ret = check_request(request->inputs, request->outputs);

	if (ret)
		return ret;
	if (callback_pool == pool)
		return execute(pool, callback_slot, &job);
	slot = wait_turn(pool, &job);
	ret = execute(pool, slot, &job);
	pthread_mutex_lock(&pool->lock);
	put_slot(pool, slot);
	pthread_mutex_unlock(&pool->lock);
	return ret;
}

/* --- extensions ------------------------------------------------------------- */

int pool_run_fenced(struct pool *pool, const SyncInferenceRequest *request, int in_fence,
		    int *out_fence)
{
	struct job job = {
		.id = NO_ID,
		.inputs = request->inputs,
		.outputs = request->outputs,
	};
	unsigned int i;
	struct slot *slot;
	int ret;

	if (check_request(request->inputs, request->outputs))
		return neuron_last_errno();
	if (!out_fence) {
		neuron_fail(NEURONRUNTIME_UNEXPECTED_NULL, "there is no place for a fence");
		return neuron_last_errno();
	}
	/* Nobody would be there to copy. */
	for (i = 0; i < pool->num_io[1]; i++) {
		if (request->outputs[i].fd < 0) {
			neuron_fail(NEURONRUNTIME_BAD_DATA, "output %u is no dma-buf", i);
			return neuron_last_errno();
		}
	}
	if (callback_pool == pool) {
		neuron_fail(NEURONRUNTIME_BAD_STATE, "not from a callback");
		return -EDEADLK;
	}
	pthread_mutex_lock(&pool->lock);
	ret = pool->num_threads ? 0 : start_worker(pool);
	pthread_mutex_unlock(&pool->lock);
	if (ret)
		return -EAGAIN;
	slot = wait_turn(pool, &job);
	ret = bind_all(pool, slot, &job) ? neuron_last_errno() : 0;
	if (!ret) {
		ret = apu_request_submit_fenced(slot->request, in_fence, out_fence);
		neuron_error(ret);
	}
	pthread_mutex_lock(&pool->lock);
	slot->job = NULL;
	if (ret) {
		put_slot(pool, slot);
	} else {
		slot->next = pool->finishing;
		pool->finishing = slot;
		kick(pool);
	}
	pthread_mutex_unlock(&pool->lock);
	return ret;
}

int pool_cancel(struct pool *pool, uint64_t job_id)
{
	struct slot *slot;
	struct job *job;

	pthread_mutex_lock(&pool->lock);
	job = job_id == NO_ID ? NULL : find_job(pool, job_id, &slot);
	if (job && job->done)
		job = NULL;
	if (job) {
		job->cancelled = true;
		if (slot)
			apu_request_cancel(slot->request);
	}
	pthread_mutex_unlock(&pool->lock);
	if (!job) {
		neuron_fail(NEURONRUNTIME_BAD_DATA, "job %llu is not under way",
			    (unsigned long long)job_id);
		return -ENOENT;
	}
	return 0;
}

static struct timespec deadline(int64_t timeout_ns)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += timeout_ns / 1000000000;
	t.tv_nsec += timeout_ns % 1000000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	return t;
}

int pool_wait(struct pool *pool, uint64_t job_id, int64_t timeout_ns)
{
	struct timespec until = deadline(timeout_ns < 0 ? 0 : timeout_ns);
	struct slot *slot;
	int ret = 0;

	pthread_mutex_lock(&pool->lock);
	if (job_id >= pool->next_id)
		ret = EINVAL;
	else if (callback_pool == pool && callback_slot->job->id == job_id)
		ret = EDEADLK;
	while (!ret && find_job(pool, job_id, &slot)) {
		if (timeout_ns < 0)
			pthread_cond_wait(&pool->ended, &pool->lock);
		else
			ret = pthread_cond_timedwait(&pool->ended, &pool->lock, &until);
	}
	pthread_mutex_unlock(&pool->lock);
	if (ret)
		neuron_fail(NEURONRUNTIME_BAD_DATA, "job %llu: %s", (unsigned long long)job_id,
			    strerror(ret));
	return -ret;
}

/* --- life ------------------------------------------------------------------- */

static void pool_free(struct pool *pool)
{
	struct job *job;
	size_t i;

	for (i = 0; i < pool->num_slots; i++) {
		apu_request_release(pool->slots[i].request);
		apu_session_release(pool->slots[i].session);
	}
	while ((job = pool->spare)) {
		pool->spare = job->next;
		free(job);
	}
	apu_model_release(pool->handle.model);
	apu_device_close(pool->dev);
	pthread_cond_destroy(&pool->ended);
	pthread_cond_destroy(&pool->space);
	pthread_cond_destroy(&pool->work);
	pthread_mutex_destroy(&pool->lock);
	free(pool->threads);
	free(pool->slots);
	free(pool);
}

void pool_release(struct pool *pool)
{
	size_t i;

	if (callback_pool == pool) {
		neuron_fail(NEURONRUNTIME_BAD_STATE,
			    "a runtime cannot be released from its own callback");
		return;
	}
	pthread_mutex_lock(&pool->lock);
	while (pool->head || pool->num_free < pool->num_slots)
		pthread_cond_wait(&pool->ended, &pool->lock);
	pool->stop = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	for (i = 0; i < pool->num_threads; i++)
		pthread_join(pool->threads[i], NULL);
	pool->handle.magic = 0;
	pool_free(pool);
}

static int init_slots(struct pool *pool)
{
	size_t i;
	int ret;

	for (i = 0; i < pool->num_slots; i++) {
		struct slot *slot = &pool->slots[i];

		ret = apu_session_create(pool->dev, pool->handle.model, APU_PRIORITY_NORMAL,
					 &slot->session);
		if (!ret)
			ret = apu_request_create(slot->session, &slot->request);
		if (ret)
			return neuron_error(ret);
		put_slot(pool, slot);
	}
	return NEURONRUNTIME_NO_ERROR;
}

static void init_sizes(struct pool *pool, const struct apu_model_info *info)
{
	struct apu_tensor_info tensor;
	unsigned int i;

	pool->num_io[0] = info->num_inputs;
	pool->num_io[1] = info->num_outputs;
	for (i = 0; i < info->num_inputs; i++) {
		apu_model_get_input(pool->handle.model, i, &tensor);
		pool->io_size[0][i] = tensor.padded_size;
	}
	for (i = 0; i < info->num_outputs; i++) {
		apu_model_get_output(pool->handle.model, i, &tensor);
		pool->io_size[1][i] = tensor.padded_size;
	}
}

int pool_create(struct apu_device *dev, struct apu_model *model, size_t num_threads, size_t backlog,
		struct pool **out)
{
	struct pool *pool = calloc(1, sizeof(*pool));
	struct apu_model_info info;
	pthread_condattr_t attr;
	int ret;

	if (!pool) {
		apu_model_release(model);
		apu_device_close(dev);
		return neuron_fail(NEURONRUNTIME_OUT_OF_MEMORY, "no memory for a runtime");
	}
	pool->handle.magic = NEURON_MAGIC_V2;
	pool->handle.model = model;
	pool->dev = dev;
	pool->backlog = backlog ? backlog : 1;
	pool->tail = &pool->head;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	pthread_cond_init(&pool->space, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->ended, &attr);
	pthread_condattr_destroy(&attr);
	apu_model_get_info(model, &info);
	init_sizes(pool, &info);

	/* Each slot would have variables of its own: a stream of inferences needs one. */
	if (info.state_bytes && num_threads > 1)
		num_threads = 1;
	pool->slots = calloc(num_threads ? num_threads : 1, sizeof(*pool->slots));
	pool->threads = calloc(num_threads ? num_threads : 1, sizeof(*pool->threads));
	if (!pool->slots || !pool->threads) {
		ret = neuron_fail(NEURONRUNTIME_OUT_OF_MEMORY, "no memory for %zu workers",
				  num_threads);
		goto err;
	}
	pool->num_slots = num_threads ? num_threads : 1;
	ret = init_slots(pool);
	if (ret)
		goto err;
	pthread_mutex_lock(&pool->lock);
	while (!ret && pool->num_threads < num_threads)
		ret = start_worker(pool);
	pthread_mutex_unlock(&pool->lock);
	if (ret) {
		pool_release(pool);
		return ret;
	}
	*out = pool;
	return NEURONRUNTIME_NO_ERROR;
err:
	pool_free(pool);
	return ret;
}

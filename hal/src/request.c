// SPDX-License-Identifier: MIT
/*
 * Requests: what a request has from its creation to its release.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "notify.h"
#include "request.h"

/* The parts of the submit that never change. */
static void init_jobs(struct apu_request *request)
{
	const struct dla_file *dla = &request->session->model->dla;
	unsigned int i, j, n;

	for (i = 0; i < dla->num_streams; i++) {
		request->streams[i].engine_class = dla->streams[i].engine_class;
		request->streams[i].bytes = (uint32_t)request->prologue_stride;
		request->streams[i].va = request->prologues->va + i * request->prologue_stride;
	}
	for (i = 0; i < dla->num_jobs; i++) {
		const struct dla_job *in = &dla->jobs[i];
		struct drm_apu_job *job = &request->jobs[i];

		for (j = 0, n = 0; j < i; j++) {
			if (in->after >> j & 1)
				request->deps[i][n++] = j;
		}
		job->streams = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(
			in->num_streams, request->streams + in->first_stream);
		job->deps = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(n, request->deps[i]);
		job->l1_kib = in->l1_kib;
		job->time_limit_us = in->time_limit_us;
	}
}

static int init_prologues(struct apu_request *request)
{
	struct apu_session *session = request->session;
	const struct dla_file *dla = &session->model->dla;
	unsigned int regions =
		1 + (dla->static_size != 0) + (dla->info->temp_size != 0) + request->num_tensors;
	uint64_t bytes;
	int ret;

	request->prologue_stride = regions * sizeof(struct apu_cmd_set_region) +
				   sizeof(struct apu_cmd_call) + sizeof(struct apu_cmd_header);
	bytes = request->prologue_stride * dla->num_streams;
	ret = bo_create(session->dev, bytes, BO_PRIVATE | BO_READONLY | BO_MAP, "commands",
			&request->prologues);
	if (ret)
		return ret;
	pthread_mutex_lock(&session->lock);
	session->prologue_bytes += bytes;
	session->request_total += request->prologues->size;
	pthread_mutex_unlock(&session->lock);
	return 0;
}

int apu_request_create(struct apu_session *session, struct apu_request **out)
{
	const struct dla_file *dla = &session->model->dla;
	struct apu_request *request = calloc(1, sizeof(*request));
	int ret;

	if (!request)
		return apu_fail(-ENOMEM, "no memory for a request");
	atomic_fetch_add(&session->refs, 1);
	request->session = session;
	request->num_inputs = dla->info->num_inputs;
	request->num_tensors = dla->num_tensors;
	request->dirty = true;
	request->fence = -1;
	request->streams = calloc(dla->num_streams, sizeof(*request->streams));
	request->deps = calloc(dla->num_jobs, sizeof(*request->deps));
	if (!request->streams || !request->deps) {
		ret = apu_fail(-ENOMEM, "no memory for a request");
		goto err;
	}
	ret = init_prologues(request);
	if (ret)
		goto err;
	init_jobs(request);
	if (dla->info->num_engines[APU_ENGINE_MVPU]) {
		ret = request_stage(request, (1u << request->num_tensors) - 1);
		if (ret)
			goto err;
	}
	ret = kmd_syncobj_create(session->dev->fd, &request->syncobj);
	if (ret) {
		apu_fail(ret, "cannot create a sync object: %s", strerror(-ret));
		goto err;
	}
	*out = request;
	return 0;
err:
	apu_request_release(request);
	return ret;
}

void apu_request_release(struct apu_request *request)
{
	struct apu_session *session;

	if (!request)
		return;
	session = request->session;
	if (request->callback)
		notifier_drain(session->dev->notifier, request);
	/* Not apu_request_wait(): the memory bound to outputs may be gone. */
	if (request->in_flight)
		request_finish(request, -1);
	pthread_mutex_lock(&session->lock);
	if (session->last == request)
		session->last = NULL;
	request_drop_ctx(request);
	if (request->prologues) {
		session->prologue_bytes -=
			request->prologue_stride * session->model->dla.num_streams;
		session->request_total -= request->prologues->size;
	}
	pthread_mutex_unlock(&session->lock);
	if (request->syncobj)
		kmd_syncobj_destroy(session->dev->fd, request->syncobj);
	if (request->in_syncobj)
		kmd_syncobj_destroy(session->dev->fd, request->in_syncobj);
	request_unbind_all(request);
	apu_bo_release(request->prologues);
	free(request->streams);
	free(request->deps);
	free(request);
	apu_session_release(session);
}

int apu_request_set_callback(struct apu_request *request, apu_callback callback, void *opaque)
{
	struct apu_device *dev = request->session->dev;
	int ret = 0;

	if (request->in_flight)
		return apu_fail(-EBUSY, "the request is in flight");
	if (callback) {
		pthread_mutex_lock(&dev->lock);
		if (!dev->notifier)
			ret = notifier_start(&dev->notifier);
		pthread_mutex_unlock(&dev->lock);
		if (ret)
			return ret;
	}
	request->callback = callback;
	request->opaque = opaque;
	return 0;
}

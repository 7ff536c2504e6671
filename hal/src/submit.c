// SPDX-License-Identifier: MIT
/*
 * Submit and wait.
 *
 * Requests of a session share its temporary memory, and each has a context of its own; so
 * the first jobs of a request wait for the request before it, however that ends. Fences of a
 * context signal in order: the fence of the last job stands for all.
 *
 * A wait for a fence does not tell how the jobs ended, so one waits in the call that tells the
 * context's state.
 */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "notify.h"
#include "request.h"

static int fail_ioctl(int ret, const char *what)
{
	if (ret == -ENODEV)
		return apu_fail(ret, "no device: it has gone away");
	if (ret == -EBUSY)
		return apu_fail(ret, "%s: too many jobs are in flight, wait for some", what);
	return apu_fail(ret, "%s: %s", what, strerror(-ret));
}

static int import_fence(struct apu_request *request, int fence)
{
	int fd = request->session->dev->fd;
	int ret;

	if (!request->in_syncobj) {
		ret = kmd_syncobj_create(fd, &request->in_syncobj);
		if (ret)
			return apu_fail(ret, "cannot create a sync object: %s", strerror(-ret));
	}
	ret = kmd_syncobj_import_sync_file(fd, request->in_syncobj, fence);
	if (ret)
		return apu_fail(-EINVAL, "cannot import sync file %d: %s", fence, strerror(-ret));
	return 0;
}

/* Waits for the jobs without predecessors, the signal for the last job. */
static void set_syncs(struct apu_request *request, bool wait_in, const struct apu_request *prev)
{
	const struct dla_file *dla = &request->session->model->dla;
	struct drm_apu_sync_op *ops = request->syncs;
	unsigned int i, waits = 0;

	if (prev)
		ops[waits++] = (struct drm_apu_sync_op){.handle = prev->syncobj};
	if (wait_in)
		ops[waits++] = (struct drm_apu_sync_op){.handle = request->in_syncobj};
	ops[waits] = (struct drm_apu_sync_op){.flags = DRM_APU_SYNC_OP_SIGNAL,
					      .handle = request->syncobj};
	for (i = 0; i < dla->num_jobs; i++) {
		unsigned int first = dla->jobs[i].after ? waits : 0;
		unsigned int end = i == dla->num_jobs - 1 ? waits + 1 : waits;

		request->jobs[i].syncs =
			(struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(end - first, ops + first);
	}
}

/* With the session's lock held. */
static int apply_qos(struct apu_request *request)
{
	struct apu_session *session = request->session;
	const struct dla_file *dla = &session->model->dla;
	uint32_t limit = session->qos.time_limit_us;
	unsigned int i;
	int ret;

	/* A new context has it from its creation. */
	ret = request->ctx ? session_apply_qos(session, request->ctx) : 0;
	if (ret)
		return ret;
	for (i = 0; i < dla->num_jobs; i++) {
		uint32_t own = dla->jobs[i].time_limit_us;

		request->jobs[i].time_limit_us = limit && (!own || limit < own) ? limit : own;
	}
	request->qos_serial = session->qos_serial;
	return 0;
}

/* With the session's lock held. */
static int submit_locked(struct apu_request *request, bool wait_in)
{
	struct apu_session *session = request->session;
	const struct apu_request *prev = session->last;
	struct drm_apu_submit submit;
	int ret;

	if (prev == request || (prev && !prev->in_flight))
		prev = NULL;
	set_syncs(request, wait_in, prev);
	if (request->qos_serial != session->qos_serial) {
		ret = apply_qos(request);
		if (ret)
			return ret;
	}
	if (!request->ctx) {
		ret = session_take_ctx(session, &request->ctx);
		if (ret)
			return ret;
	}
	submit = (struct drm_apu_submit){
		.ctx_id = request->ctx,
		.jobs = DRM_APU_OBJ_ARRAY(session->model->dla.num_jobs, request->jobs),
	};
	ret = kmd_submit(session->dev->fd, &submit);
	if (ret)
		return fail_ioctl(ret, "cannot submit");
	request->seqno = submit.seqno;
	request->submitted = true;
	request->in_flight = true;
	request->cancelled = false;
	session->last = request;
	return 0;
}

/* What follows a submit: sync files for the caller and for the callback. */
static int share_fence(struct apu_request *request, int *out_fence)
{
	int fd = request->session->dev->fd;
	int fence = -1, watched = -1, ret = 0;

	if (out_fence)
		ret = kmd_syncobj_export_sync_file(fd, request->syncobj, &fence);
	if (!ret && request->callback)
		ret = kmd_syncobj_export_sync_file(fd, request->syncobj, &watched);
	if (ret) {
		apu_fail(ret, "cannot export a sync file: %s", strerror(-ret));
		goto err;
	}
	if (out_fence)
		*out_fence = fence;
	/* Last: from here on the request is the notifier's. */
	if (request->callback)
		ret = notifier_watch(request->session->dev->notifier, request, watched);
	if (ret)
		goto err;
	return 0;
err:
	if (fence >= 0)
		close(fence);
	/* Not submitted, as far as the caller can tell. */
	request_finish(request, -1);
	return ret;
}

int apu_request_submit_fenced(struct apu_request *request, int in_fence, int *out_fence)
{
	struct apu_session *session = request->session;
	int ret;

	if (request->in_flight)
		return apu_fail(-EBUSY, "the request is in flight");
	ret = request_prepare(request);
	if (ret)
		return ret;
	if (in_fence >= 0) {
		ret = import_fence(request, in_fence);
		if (ret)
			return ret;
	}
	request_copy_in(request);
	pthread_mutex_lock(&session->lock);
	ret = submit_locked(request, in_fence >= 0);
	pthread_mutex_unlock(&session->lock);
	if (ret || (!out_fence && !request->callback))
		return ret;
	return share_fence(request, out_fence);
}

int apu_request_submit(struct apu_request *request)
{
	return apu_request_submit_fenced(request, -1, NULL);
}

static const char *engine_of(const struct drm_apu_ctx_get_state *state)
{
	return apu_engine_name(state->engine_class);
}

/* An error text and number for the context's state. */
static int fail_state(const struct drm_apu_ctx_get_state *state, uint64_t job)
{
	const char *where = state->in_call ? "" : " of the prologue";

	switch (state->cause) {
	case DRM_APU_CTX_CAUSE_TIMEOUT:
		return apu_fail(-ETIME, "job %llu ran into its device-time limit",
				(unsigned long long)job);
	case DRM_APU_CTX_CAUSE_COMMAND:
		return apu_fail(-EFAULT, "job %llu, stream %u on %s: bad command at byte 0x%x%s",
				(unsigned long long)job, state->stream, engine_of(state),
				state->cmd_offset, where);
	case DRM_APU_CTX_CAUSE_REGION:
		return apu_fail(-EFAULT,
				"job %llu, stream %u on %s: command at byte 0x%x%s reaches outside "
				"its region",
				(unsigned long long)job, state->stream, engine_of(state),
				state->cmd_offset, where);
	case DRM_APU_CTX_CAUSE_MMU:
		return apu_fail(
			-EFAULT,
			"job %llu, stream %u on %s: MMU fault at 0x%llx, command at byte 0x%x%s",
			(unsigned long long)job, state->stream, engine_of(state),
			(unsigned long long)state->fault_va, state->cmd_offset, where);
	default:
		return apu_fail(-EIO, "job %llu was ended by a hardware error",
				(unsigned long long)job);
	}
}

/* The result of an inference that has ended; with the session's lock held. */
static int get_result(struct apu_request *request, const struct drm_apu_ctx_get_state *state)
{
	int ret;

	if (request->cancelled) {
		/* Its context is gone. The last job's fence tells whether all have run. */
		ret = kmd_syncobj_status(request->session->dev->fd, request->syncobj);
		if (ret)
			return apu_fail(ret, ret == -ECANCELED ? "cancelled"
							       : "cancelled, and failed before");
		return 0;
	}
	if (state->cause == DRM_APU_CTX_CAUSE_NONE)
		return 0;
	return fail_state(state, state->seqno - request->seqno);
}

static int64_t deadline(int64_t timeout_ns)
{
	struct timespec now;
	int64_t t;

	if (timeout_ns < 0)
		return INT64_MAX;
	clock_gettime(CLOCK_MONOTONIC, &now);
	t = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
	return timeout_ns > INT64_MAX - t ? INT64_MAX : t + timeout_ns;
}

bool request_finish(struct apu_request *request, int64_t timeout_ns)
{
	struct apu_session *session = request->session;
	struct drm_apu_ctx_get_state state = {
		.syncobj = request->syncobj,
		.timeout_ns = deadline(timeout_ns),
	};
	int ret = -ENOENT;

	pthread_mutex_lock(&session->lock);
	state.id = request->ctx;
	pthread_mutex_unlock(&session->lock);
	if (state.id)
		ret = kmd_ctx_get_state(session->dev->fd, &state);
	/* Cancelled. If its id is another's by now, that one's state does not matter below. */
	if (ret == -ENOENT)
		ret = kmd_syncobj_wait(session->dev->fd, request->syncobj, state.timeout_ns);
	if (ret == -ETIME || ret == -ETIMEDOUT)
		return false;
	pthread_mutex_lock(&session->lock);
	if (ret)
		request->status = fail_ioctl(ret, "cannot wait");
	else
		request->status = get_result(request, &state);
	request->in_flight = false;
	/* A context dies with its first failure. */
	if (request->status)
		request_drop_ctx(request);
	pthread_mutex_unlock(&session->lock);
	return true;
}

void request_drop_ctx(struct apu_request *request)
{
	if (request->ctx)
		kmd_ctx_destroy(request->session->dev->fd, request->ctx);
	request->ctx = 0;
}

int apu_request_cancel(struct apu_request *request)
{
	struct apu_session *session = request->session;
	int ret = 0;

	pthread_mutex_lock(&session->lock);
	if (!request->in_flight) {
		ret = apu_fail(-EINVAL, "the request is not in flight");
	} else {
		request->cancelled = true;
		request_drop_ctx(request);
	}
	pthread_mutex_unlock(&session->lock);
	return ret;
}

int apu_request_wait(struct apu_request *request, int64_t timeout_ns)
{
	if (!request->submitted)
		return apu_fail(-EINVAL, "the request was never submitted");
	if (request->callback)
		return apu_fail(-EINVAL, "the request has a callback");
	if (!request->in_flight)
		return request->status ? apu_fail(request->status, "the inference had failed: %s",
						  strerror(-request->status))
				       : 0;
	if (!request_finish(request, timeout_ns))
		return apu_fail(-ETIMEDOUT, "the request is still in flight");
	if (request->status == 0)
		request_copy_out(request);
	return request->status;
}

int apu_request_run(struct apu_request *request)
{
	int ret;

	if (request->callback)
		return apu_fail(-EINVAL, "the request has a callback");
	ret = apu_request_submit(request);

	return ret ? ret : apu_request_wait(request, -1);
}

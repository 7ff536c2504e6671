// SPDX-License-Identifier: MIT
/*
 * Sessions: a model made ready on a device.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "apu/apu_isa.h"
#include "error.h"
#include "request.h"

static int check_fit(const struct apu_device *dev, const struct apu_model *model)
{
	const struct dla_info *need = model->dla.info;
	const struct drm_apu_dev_info *have = &dev->info;
	unsigned int i;

	if (need->hw_version >> 16 != have->hw_version >> 16 ||
	    (need->hw_version & 0xffff) > (have->hw_version & 0xffff))
		return apu_fail(
			-EPROTONOSUPPORT,
			"version mismatch: the model is compiled for hardware %u.%u, this is "
			"%u.%u: compile it for this one",
			need->hw_version >> 16, need->hw_version & 0xffff, have->hw_version >> 16,
			have->hw_version & 0xffff);
	for (i = 0; i < APU_NUM_ENGINE_CLASSES; i++) {
		if (need->num_engines[i] > have->num_engines[i])
			return apu_fail(-ENOTSUP,
					"the model does not fit: it needs %u %s, the device has %u",
					need->num_engines[i], apu_engine_name(i),
					have->num_engines[i]);
	}
	if (need->l1_kib > have->l1_kib)
		return apu_fail(-ENOTSUP,
				"the model does not fit: it needs %u KiB of L1, the device has %u",
				need->l1_kib, have->l1_kib);
	return 0;
}

static int fail_ctx(int ret, const char *what)
{
	if (ret == -EACCES)
		return apu_fail(ret, "no permission for this priority");
	return apu_fail(ret, "%s: %s", what, strerror(-ret));
}

int session_apply_qos(struct apu_session *session, uint32_t ctx)
{
	struct drm_apu_ctx_set_qos qos = {
		.ctx_id = ctx,
		.flags = session->qos.flags & APU_QOS_PREFER_POWER ? DRM_APU_QOS_PREFER_POWER : 0,
		.priority = session->qos.priority,
		.boost = session->qos.boost,
		.deadline_us = session->qos.deadline_us,
	};
	int ret = kmd_ctx_set_qos(session->dev->fd, &qos);

	return ret ? fail_ctx(ret, "cannot set the quality of service") : 0;
}

int session_take_ctx(struct apu_session *session, uint32_t *ctx)
{
	struct apu_device *dev = session->dev;
	int ret;

	if (session->spare_ctx) {
		*ctx = session->spare_ctx;
		session->spare_ctx = 0;
		return 0;
	}
	ret = kmd_ctx_create(dev->fd, dev->vm, session->qos.priority, ctx);
	if (ret)
		return fail_ctx(ret, "cannot create a context");
	/* It has the priority, and the default of all else. */
	if (session->qos_serial == 0)
		return 0;
	ret = session_apply_qos(session, *ctx);
	if (ret) {
		kmd_ctx_destroy(dev->fd, *ctx);
		*ctx = 0;
	}
	return ret;
}

static void write_state(struct apu_session *session)
{
	const struct dla_file *dla = &session->model->dla;

	if (dla->state)
		memcpy(session->temp->ptr, dla->state, dla->info->state_size);
}

int apu_session_reset(struct apu_session *session)
{
	int ret = 0;

	pthread_mutex_lock(&session->lock);
	/* Requests run in turn: if the newest has ended, all have. */
	if (session->last && session->last->in_flight)
		ret = apu_fail(-EBUSY, "an inference of the session is in flight");
	else
		write_state(session);
	pthread_mutex_unlock(&session->lock);
	return ret;
}

int apu_session_create(struct apu_device *dev, struct apu_model *model, enum apu_priority priority,
		       struct apu_session **out)
{
	struct apu_session *session;
	int ret;

	if ((unsigned int)priority > APU_PRIORITY_HIGH)
		return apu_fail(-EINVAL, "no such priority: %u", (unsigned int)priority);
	ret = check_fit(dev, model);
	if (ret)
		return ret;
	session = calloc(1, sizeof(*session));
	if (!session)
		return apu_fail(-ENOMEM, "no memory for a session");
	atomic_init(&session->refs, 1);
	pthread_mutex_init(&session->lock, NULL);
	session->dev = apu_device_ref(dev);
	session->model = apu_model_ref(model);
	session->qos.priority = (uint32_t)priority;
	ret = image_get(dev, model, &session->image);
	if (ret)
		goto err;
	if (model->dla.info->temp_size) {
		ret = bo_create(dev, model->dla.info->temp_size,
				BO_PRIVATE | (model->dla.state ? BO_MAP : 0), "temporary memory",
				&session->temp);
		if (ret)
			goto err;
		write_state(session);
	}
	/* Now, so that a priority that is not allowed is told here. */
	ret = session_take_ctx(session, &session->spare_ctx);
	if (ret)
		goto err;
	*out = session;
	return 0;
err:
	apu_session_release(session);
	return ret;
}

void apu_session_release(struct apu_session *session)
{
	if (!session || atomic_fetch_sub(&session->refs, 1) != 1)
		return;
	if (session->spare_ctx)
		kmd_ctx_destroy(session->dev->fd, session->spare_ctx);
	apu_bo_release(session->temp);
	if (session->image)
		image_put(session->dev, session->image);
	apu_model_release(session->model);
	apu_device_close(session->dev);
	pthread_mutex_destroy(&session->lock);
	free(session);
}

/*
 * A context in which nothing runs, 0: none is known. Contexts are few, so one that a request has
 * comes before a new one.
 */
static uint32_t idle_ctx(const struct apu_session *session)
{
	if (session->spare_ctx || !session->last || session->last->in_flight)
		return session->spare_ctx;
	return session->last->ctx;
}

int apu_session_set_qos(struct apu_session *session, const struct apu_qos *qos)
{
	struct apu_qos old;
	uint32_t ctx;
	int ret = 0;

	if (qos->priority > APU_PRIORITY_HIGH)
		return apu_fail(-EINVAL, "no such priority: %u", qos->priority);
	if (qos->flags & ~APU_QOS_PREFER_POWER)
		return apu_fail(-EINVAL, "unknown flags 0x%x", qos->flags);
	if (qos->boost > 100)
		return apu_fail(-EINVAL, "a boost of %u %% is above 100", qos->boost);
	if (qos->time_limit_us > APU_MAX_TIME_LIMIT_US)
		return apu_fail(-EINVAL, "a time limit of %u us is above the longest, %u",
				qos->time_limit_us, APU_MAX_TIME_LIMIT_US);
	pthread_mutex_lock(&session->lock);
	old = session->qos;
	session->qos = *qos;
	session->qos_serial++;
	/* On a context, now, so that a priority that is not allowed is told here. */
	ctx = idle_ctx(session);
	if (ctx)
		ret = session_apply_qos(session, ctx);
	else
		ret = session_take_ctx(session, &session->spare_ctx);
	if (ret) {
		session->qos = old;
		session->qos_serial--;
	}
	pthread_mutex_unlock(&session->lock);
	return ret;
}

void apu_session_get_memory(struct apu_session *session, struct apu_memory *memory)
{
	const struct dla_file *dla = &session->model->dla;

	pthread_mutex_lock(&session->lock);
	memory->static_bytes = dla->static_size;
	memory->temp_bytes = dla->info->temp_size;
	memory->io_bytes = session->io_bytes;
	memory->command_bytes = dla->text_size + session->prologue_bytes;
	memory->text_bytes = dla->text_size;
	memory->shared_bytes = apu_bo_size(session->image->bo);
	memory->total_bytes = apu_bo_size(session->image->bo) +
			      (session->temp ? apu_bo_size(session->temp) : 0) +
			      session->request_total;
	pthread_mutex_unlock(&session->lock);
}

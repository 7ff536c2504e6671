// SPDX-License-Identifier: GPL-2.0-only
/*
 * Quality of service: what contexts want of the clock, and what comes of it.
 *
 * Contexts count from the submit of a job until it is freed. The highest of their
 * floors, from boost or deadline, is the device's floor. There is a ceiling while
 * all of them prefer power. Both are PM QoS requests on frequency, which devfreq
 * obeys at once; with no devfreq the clock is at its fastest, and they are void.
 *
 * Locking: &apu_device.qos.lock is taken in ioctls and by the worker that frees
 * jobs, never where a fence waits: changing the clock sleeps and allocates.
 */

#include <linux/math64.h>
#include <linux/pm_qos.h>

#include <drm/drm_managed.h>

#include <drm/apu_accel.h>

#include "apu_ctx.h"
#include "apu_device.h"
#include "apu_drv.h"
#include "apu_qos.h"

static u32 apu_qos_floor(const struct apu_ctx *ctx)
{
	const struct apu_info *info = &ctx->adev->info;
	const struct apu_ctx_qos *qos = &ctx->qos;
	u64 cycles = READ_ONCE(ctx->job_cycles);
	u64 khz = 0;

	if (qos->boost)
		khz = info->min_khz +
		      div_u64((u64)(info->max_khz - info->min_khz) * qos->boost, 100);
	/* Nothing is known of the first job: fast is never wrong. */
	if (qos->deadline_us)
		khz = max(khz, cycles ? div_u64(cycles * 1000, qos->deadline_us) + 1 :
					info->max_khz);

	return min_t(u64, khz, info->max_khz);
}

static void apu_qos_update(struct apu_device *adev)
{
	bool prefer_power = !list_empty(&adev->qos.active);
	u32 floor = 0, ceiling;
	struct apu_ctx *ctx;

	lockdep_assert_held(&adev->qos.lock);

	if (adev->qos.gone)
		return;

	list_for_each_entry(ctx, &adev->qos.active, qos.node) {
		floor = max(floor, apu_qos_floor(ctx));
		prefer_power &= ctx->qos.prefer_power;
	}
	ceiling = prefer_power ? (adev->info.min_khz + adev->info.max_khz) / 2 :
				 adev->info.max_khz;
	/* A deadline was asked for, being thrifty is preferred. */
	ceiling = max(ceiling, floor);

	/* The ceiling never gets below the floor that is in force. */
	if (ceiling > adev->qos.ceiling_khz)
		dev_pm_qos_update_request(&adev->qos.ceiling, ceiling);
	if (floor != adev->qos.floor_khz)
		dev_pm_qos_update_request(&adev->qos.floor, floor);
	if (ceiling < adev->qos.ceiling_khz)
		dev_pm_qos_update_request(&adev->qos.ceiling, ceiling);
	adev->qos.floor_khz = floor;
	adev->qos.ceiling_khz = ceiling;
}

/**
 * apu_qos_get() - Have a context's wishes count
 * @ctx: context that a job is submitted to
 *
 * May sleep.
 */
void apu_qos_get(struct apu_ctx *ctx)
{
	struct apu_device *adev = ctx->adev;

	mutex_lock(&adev->qos.lock);
	if (!ctx->qos.jobs++) {
		list_add(&ctx->qos.node, &adev->qos.active);
		apu_qos_update(adev);
	}
	mutex_unlock(&adev->qos.lock);
}

/**
 * apu_qos_put() - Undo apu_qos_get()
 * @ctx: context of a job that is freed
 *
 * May sleep, and must not be called where a fence waits for the caller.
 */
void apu_qos_put(struct apu_ctx *ctx)
{
	struct apu_device *adev = ctx->adev;

	mutex_lock(&adev->qos.lock);
	if (!--ctx->qos.jobs) {
		list_del(&ctx->qos.node);
		apu_qos_update(adev);
	}
	mutex_unlock(&adev->qos.lock);
}

/**
 * apu_qos_init() - Ask PM QoS for nothing, yet
 * @adev: APU
 *
 * Return: 0 or a negative error code.
 */
int apu_qos_init(struct apu_device *adev)
{
	int ret;

	INIT_LIST_HEAD(&adev->qos.active);
	adev->qos.ceiling_khz = adev->info.max_khz;
	ret = drmm_mutex_init(&adev->base, &adev->qos.lock);
	if (ret)
		return ret;

	ret = dev_pm_qos_add_request(adev->base.dev, &adev->qos.floor, DEV_PM_QOS_MIN_FREQUENCY,
				     0);
	if (ret < 0)
		return ret;

	ret = dev_pm_qos_add_request(adev->base.dev, &adev->qos.ceiling,
				     DEV_PM_QOS_MAX_FREQUENCY, adev->info.max_khz);
	if (ret < 0) {
		dev_pm_qos_remove_request(&adev->qos.floor);
		return ret;
	}

	return 0;
}

/**
 * apu_qos_fini() - Withdraw all requests for good
 * @adev: APU that is unbound; jobs may linger
 */
void apu_qos_fini(struct apu_device *adev)
{
	mutex_lock(&adev->qos.lock);
	adev->qos.gone = true;
	dev_pm_qos_remove_request(&adev->qos.ceiling);
	dev_pm_qos_remove_request(&adev->qos.floor);
	mutex_unlock(&adev->qos.lock);
}

int apu_ctx_set_qos_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct apu_device *adev = to_apu_device(drm);
	struct drm_apu_ctx_set_qos *args = data;
	struct apu_ctx *ctx;
	int ret;

	if ((args->flags & ~DRM_APU_QOS_PREFER_POWER) || args->pad || args->boost > 100)
		return -EINVAL;

	ret = apu_ctx_check_priority(args->priority);
	if (ret)
		return ret;

	ctx = apu_ctx_lookup(to_apu_file(drm_file), args->ctx_id);
	if (!ctx)
		return -ENOENT;

	ret = apu_ctx_set_priority(ctx, args->priority);
	if (ret)
		goto out_put;

	mutex_lock(&adev->qos.lock);
	ctx->qos.boost = args->boost;
	ctx->qos.deadline_us = args->deadline_us;
	ctx->qos.prefer_power = args->flags & DRM_APU_QOS_PREFER_POWER;
	if (ctx->qos.jobs)
		apu_qos_update(adev);
	mutex_unlock(&adev->qos.lock);

out_put:
	apu_ctx_put(ctx);
	return ret;
}

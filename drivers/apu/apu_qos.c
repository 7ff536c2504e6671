// SPDX-License-Identifier: GPL-2.0-only
/*
 * Quality of service: what contexts want of the clock, and what comes of it.
 *
 * Contexts count from the submit of a job until it retires. The highest of their
 * floors, from boost or deadline, is the device's floor. There is a ceiling while
 * all of them prefer power. Both are PM QoS requests on frequency, which devfreq
 * obeys at once; with no devfreq the clock is at its fastest, and they are void.
 *
 * Locking: jobs retire in interrupts, so counting takes a spin lock only. Changing the
 * clock sleeps and allocates: that is done under &apu_device.qos.update_lock, in ioctls
 * and, for jobs that retire, by a worker.
 */

#include <linux/math64.h>
#include <linux/pm_qos.h>

#include <drm/drm_managed.h>

#include <drm/apu_accel.h>

#include "apu_ctx.h"
#include "apu_device.h"
#include "apu_drv.h"
#include "apu_qos.h"
#include "apu_sched.h"

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

/* What the requests should be. */
static void apu_qos_wanted(struct apu_device *adev, u32 *floor, u32 *ceiling)
{
	bool prefer_power = !list_empty(&adev->qos.active);
	struct apu_ctx *ctx;

	lockdep_assert_held(&adev->qos.lock);

	*floor = 0;
	list_for_each_entry(ctx, &adev->qos.active, qos.node) {
		*floor = max(*floor, apu_qos_floor(ctx));
		prefer_power &= ctx->qos.prefer_power;
	}
	*ceiling = prefer_power ? (adev->info.min_khz + adev->info.max_khz) / 2 :
				  adev->info.max_khz;
	/* A deadline was asked for, being thrifty is preferred. */
	*ceiling = max(*ceiling, *floor);
}

static bool apu_qos_has_changed(struct apu_device *adev)
{
	u32 floor, ceiling;

	apu_qos_wanted(adev, &floor, &ceiling);

	return !adev->qos.gone &&
	       (floor != adev->qos.floor_khz || ceiling != adev->qos.ceiling_khz);
}

static void apu_qos_update(struct apu_device *adev)
{
	u32 floor, ceiling, old_floor, old_ceiling;

	mutex_lock(&adev->qos.update_lock);
	if (adev->qos.gone)
		goto out_unlock;

	spin_lock_irq(&adev->qos.lock);
	apu_qos_wanted(adev, &floor, &ceiling);
	old_floor = adev->qos.floor_khz;
	old_ceiling = adev->qos.ceiling_khz;
	adev->qos.floor_khz = floor;
	adev->qos.ceiling_khz = ceiling;
	spin_unlock_irq(&adev->qos.lock);

	/* The ceiling never gets below the floor that is in force. */
	if (ceiling > old_ceiling)
		dev_pm_qos_update_request(&adev->qos.ceiling, ceiling);
	if (floor != old_floor)
		dev_pm_qos_update_request(&adev->qos.floor, floor);
	if (ceiling < old_ceiling)
		dev_pm_qos_update_request(&adev->qos.ceiling, ceiling);

out_unlock:
	mutex_unlock(&adev->qos.update_lock);
}

static void apu_qos_work(struct work_struct *work)
{
	apu_qos_update(container_of(work, struct apu_device, qos.work));
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
	bool changed = false;

	spin_lock_irq(&adev->qos.lock);
	if (!ctx->qos.jobs++) {
		list_add(&ctx->qos.node, &adev->qos.active);
		changed = apu_qos_has_changed(adev);
	}
	spin_unlock_irq(&adev->qos.lock);

	if (changed)
		apu_qos_update(adev);
}

/**
 * apu_qos_put() - Undo apu_qos_get()
 * @ctx: context of a job that retires
 *
 * Does not sleep: a fence may wait for the caller.
 */
void apu_qos_put(struct apu_ctx *ctx)
{
	struct apu_device *adev = ctx->adev;
	unsigned long flags;

	spin_lock_irqsave(&adev->qos.lock, flags);
	if (!--ctx->qos.jobs) {
		list_del(&ctx->qos.node);
		if (apu_qos_has_changed(adev))
			apu_sched_queue_free(&adev->qos.work);
	}
	spin_unlock_irqrestore(&adev->qos.lock, flags);
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
	spin_lock_init(&adev->qos.lock);
	INIT_WORK(&adev->qos.work, apu_qos_work);
	ret = drmm_mutex_init(&adev->base, &adev->qos.update_lock);
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
	mutex_lock(&adev->qos.update_lock);
	spin_lock_irq(&adev->qos.lock);
	adev->qos.gone = true;
	spin_unlock_irq(&adev->qos.lock);
	dev_pm_qos_remove_request(&adev->qos.ceiling);
	dev_pm_qos_remove_request(&adev->qos.floor);
	mutex_unlock(&adev->qos.update_lock);

	/* It may be queued no more. */
	cancel_work_sync(&adev->qos.work);
}

int apu_ctx_set_qos_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct apu_device *adev = to_apu_device(drm);
	struct drm_apu_ctx_set_qos *args = data;
	struct apu_ctx *ctx;
	bool changed;
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

	spin_lock_irq(&adev->qos.lock);
	ctx->qos.boost = args->boost;
	ctx->qos.deadline_us = args->deadline_us;
	ctx->qos.prefer_power = args->flags & DRM_APU_QOS_PREFER_POWER;
	changed = ctx->qos.jobs && apu_qos_has_changed(adev);
	spin_unlock_irq(&adev->qos.lock);

	if (changed)
		apu_qos_update(adev);

out_put:
	apu_ctx_put(ctx);
	return ret;
}

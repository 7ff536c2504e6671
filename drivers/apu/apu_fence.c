// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fences, and what has to stay for them.
 *
 * The fences that others get are a job's own, whose operations are in this module, or,
 * of a bind, the scheduler's. That refers to the scheduler, which is part of the
 * device, for its name, and keeps the fence that run_job returned for as long as it
 * lives. A sync_file that somebody keeps outlives every file, buffer and context, so
 * the driver's fences hold the device and the module, by way of an owner that all
 * fences of an address space share.
 *
 * Fences are dropped anywhere, interrupts included; the last one leaves the rest to a
 * worker.
 */

#include <linux/module.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>

#include "apu_device.h"
#include "apu_fence.h"
#include "apu_sched.h"
#include "compat.h"

static const char *apu_fence_get_driver_name(struct dma_fence *fence)
{
	return "apu";
}

static const char *apu_fence_get_timeline_name(struct dma_fence *fence)
{
	return "apu-ctx";
}

static void apu_fence_release(struct dma_fence *base)
{
	struct apu_fence_owner *owner = container_of(base, struct apu_fence, base)->owner;

	dma_fence_free(base);
	apu_fence_owner_put(owner);
}

static const struct dma_fence_ops apu_fence_ops = {
	.get_driver_name = apu_fence_get_driver_name,
	.get_timeline_name = apu_fence_get_timeline_name,
	.release = apu_fence_release,
};

static void apu_fence_owner_work(struct work_struct *work)
{
	struct apu_fence_owner *owner = container_of(work, struct apu_fence_owner, work);

	drm_dev_put(&owner->adev->base);
	kfree(owner);
	/* Leaving the module waits for this function to return. */
	module_put(THIS_MODULE);
}

/**
 * apu_fence_owner_create() - Allocate what keeps device and module
 * @adev: APU
 *
 * Return: The owner, or NULL.
 */
struct apu_fence_owner *apu_fence_owner_create(struct apu_device *adev)
{
	struct apu_fence_owner *owner = kzalloc_obj(*owner);

	if (!owner)
		return NULL;

	kref_init(&owner->ref);
	INIT_WORK(&owner->work, apu_fence_owner_work);
	owner->adev = adev;
	drm_dev_get(&adev->base);
	/* The caller came through a file, which has one. */
	__module_get(THIS_MODULE);

	return owner;
}

static void apu_fence_owner_release(struct kref *ref)
{
	struct apu_fence_owner *owner = container_of(ref, struct apu_fence_owner, ref);

	apu_sched_queue_free(&owner->work);
}

/**
 * apu_fence_owner_put() - Drop a reference
 * @owner: owner
 */
void apu_fence_owner_put(struct apu_fence_owner *owner)
{
	kref_put(&owner->ref, apu_fence_owner_release);
}

/**
 * apu_fence_init() - Make a fence of allocated memory
 * @fence: memory, which is the fence's from now on
 * @owner: owner
 * @context: fence context
 * @seqno: number in it
 */
void apu_fence_init(struct apu_fence *fence, struct apu_fence_owner *owner, u64 context, u64 seqno)
{
	kref_get(&owner->ref);
	fence->owner = owner;
	spin_lock_init(&fence->lock);
	dma_fence_init(&fence->base, &apu_fence_ops, &fence->lock, context, seqno);
}

/**
 * apu_fence_create_done() - Allocate a fence that has signalled
 * @owner: owner
 *
 * It is for work that is done when it is run: the scheduler's fence keeps it.
 *
 * Return: The fence, or NULL.
 */
struct dma_fence *apu_fence_create_done(struct apu_fence_owner *owner)
{
	struct apu_fence *fence = kzalloc_obj(*fence);

	if (!fence)
		return NULL;

	apu_fence_init(fence, owner, dma_fence_context_alloc(1), 1);
	dma_fence_signal(&fence->base);

	return &fence->base;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Syncobjs that user space wants waited for and signalled, for jobs and binds, and
 * that it waits for itself.
 *
 * Waits are resolved to fences when they are collected. What is needed to signal is
 * allocated then too, so that apu_syncs_signal() cannot fail.
 */

#include <linux/dma-fence-chain.h>

#include <drm/drm_syncobj.h>
#include <drm/drm_utils.h>

#include <drm/apu_accel.h>

#include "apu_arena.h"
#include "apu_kunit.h"
#include "apu_sync.h"
#include "apu_uaccess.h"

#define APU_MAX_SYNCS	256

/* Something to do for a syncobj when there is a fence. */
struct apu_signal {
	struct drm_syncobj *syncobj;
	/* NULL if it is binary. */
	struct dma_fence_chain *chain;
	u64 point;
};

VISIBLE_IF_KUNIT bool apu_sync_op_valid(const struct drm_apu_sync_op *op)
{
	return !(op->flags & ~(DRM_APU_SYNC_OP_SIGNAL | DRM_APU_SYNC_OP_TIMELINE)) &&
	       !(op->flags & DRM_APU_SYNC_OP_TIMELINE) == !op->point;
}
EXPORT_SYMBOL_IF_KUNIT(apu_sync_op_valid);

static int apu_sync_wait(struct drm_file *drm_file, const struct drm_apu_sync_op *op,
			 apu_sync_wait_t wait, void *priv)
{
	struct dma_fence *fence;
	int ret;

	/* The scheduler's own helper would cut the point to 32 bits. */
	ret = drm_syncobj_find_fence(drm_file, op->handle, op->point, 0, &fence);

	return ret ?: wait(priv, fence);
}

static int apu_sync_signal(struct apu_syncs *syncs, struct drm_file *drm_file,
			   const struct drm_apu_sync_op *op)
{
	struct apu_signal *signal = &syncs->signals[syncs->num];

	signal->point = op->point;
	signal->chain = NULL;
	if (op->flags & DRM_APU_SYNC_OP_TIMELINE) {
		signal->chain = dma_fence_chain_alloc();
		if (!signal->chain)
			return -ENOMEM;
	}

	signal->syncobj = drm_syncobj_find(drm_file, op->handle);
	if (!signal->syncobj) {
		dma_fence_chain_free(signal->chain);
		return -ENOENT;
	}
	syncs->num++;

	return 0;
}

static int apu_sync_one(struct apu_syncs *syncs, struct drm_file *drm_file,
			const struct drm_apu_sync_op *op, apu_sync_wait_t wait, void *priv)
{
	if (!apu_sync_op_valid(op))
		return -EINVAL;

	if (op->flags & DRM_APU_SYNC_OP_SIGNAL)
		return apu_sync_signal(syncs, drm_file, op);

	return apu_sync_wait(drm_file, op, wait, priv);
}

/**
 * apu_syncs_init() - Collect what is to be waited for and signalled
 * @syncs: zeroed; to be ended with apu_syncs_fini() whatever this returns
 * @arena: memory for as long as @syncs
 * @drm_file: client
 * @array: array of &struct drm_apu_sync_op in user memory
 * @wait: called with each fence to wait for
 * @priv: for @wait
 *
 * Return: 0 or a negative error code.
 */
int apu_syncs_init(struct apu_syncs *syncs, struct apu_arena *arena, struct drm_file *drm_file,
		   const struct drm_apu_obj_array *array, apu_sync_wait_t wait, void *priv)
{
	struct drm_apu_sync_op *ops;
	int ret = 0;
	u32 i;

	ops = APU_COPY_ARRAY(arena, array, APU_MAX_SYNCS, struct drm_apu_sync_op, point);
	if (IS_ERR_OR_NULL(ops))
		return PTR_ERR_OR_ZERO(ops);

	syncs->signals = apu_arena_alloc(arena, array->count, sizeof(*syncs->signals));
	if (!syncs->signals)
		return -ENOMEM;

	for (i = 0; !ret && i < array->count; i++)
		ret = apu_sync_one(syncs, drm_file, &ops[i], wait, priv);

	return ret;
}

/**
 * apu_syncs_signal() - Have syncobjs signal with a fence
 * @syncs: syncobjs
 * @fence: fence
 *
 * Allocates nothing.
 */
void apu_syncs_signal(struct apu_syncs *syncs, struct dma_fence *fence)
{
	u32 i;

	for (i = 0; i < syncs->num; i++) {
		struct apu_signal *signal = &syncs->signals[i];

		if (signal->chain)
			drm_syncobj_add_point(signal->syncobj, signal->chain, fence,
					      signal->point);
		else
			drm_syncobj_replace_fence(signal->syncobj, fence);
		signal->chain = NULL;
	}
}

/**
 * apu_syncs_fini() - Let go of syncobjs
 * @syncs: syncobjs
 */
void apu_syncs_fini(struct apu_syncs *syncs)
{
	u32 i;

	for (i = 0; i < syncs->num; i++) {
		dma_fence_chain_free(syncs->signals[i].chain);
		drm_syncobj_put(syncs->signals[i].syncobj);
	}
}

/**
 * apu_timeout_jiffies() - What is left until a time
 * @timeout_ns: absolute time; zero or the past means none
 *
 * Return: Jiffies, less than MAX_SCHEDULE_TIMEOUT.
 */
unsigned long apu_timeout_jiffies(s64 timeout_ns)
{
	return timeout_ns > 0 ? drm_timeout_abs_to_jiffies(timeout_ns) : 0;
}
EXPORT_SYMBOL_IF_KUNIT(apu_timeout_jiffies);

/**
 * apu_syncobj_wait() - Sleep until a syncobj's fence has signalled
 * @drm_file: client
 * @handle: handle of the syncobj
 * @point: timeline point, zero if it is binary
 * @timeout_ns: absolute time
 *
 * Return: 0 whatever the fence's error is, or a negative error code.
 */
int apu_syncobj_wait(struct drm_file *drm_file, u32 handle, u64 point, s64 timeout_ns)
{
	struct dma_fence *fence;
	long ret;

	ret = drm_syncobj_find_fence(drm_file, handle, point, 0, &fence);
	if (ret)
		return ret;

	ret = dma_fence_wait_timeout(fence, true, apu_timeout_jiffies(timeout_ns));
	dma_fence_put(fence);
	if (ret == 0)
		return -ETIMEDOUT;

	return ret < 0 ? ret : 0;
}

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_FENCE_H__
#define __APU_FENCE_H__

#include <linux/dma-fence.h>
#include <linux/kref.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

struct apu_device;

/**
 * struct apu_fence_owner - keeps device and module for fences that others hold
 */
struct apu_fence_owner {
	/** @ref: the address space and its fences hold references */
	struct kref ref;
	/** @adev: APU; a reference is held */
	struct apu_device *adev;
	/** @work: gives back what is held */
	struct work_struct work;
};

/**
 * struct apu_fence - signals when a job and all before it in its context ended
 */
struct apu_fence {
	/** @base: fence; first, for dma_fence_free() */
	struct dma_fence base;
	/** @lock: lock of @base */
	spinlock_t lock;
	/** @owner: owner, with a reference from apu_fence_init() on */
	struct apu_fence_owner *owner;
};

struct apu_fence_owner *apu_fence_owner_create(struct apu_device *adev);
void apu_fence_owner_put(struct apu_fence_owner *owner);

void apu_fence_init(struct apu_fence *fence, struct apu_fence_owner *owner, u64 context,
		    u64 seqno);
struct dma_fence *apu_fence_create_done(struct apu_fence_owner *owner);

#endif /* __APU_FENCE_H__ */

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_SYNC_H__
#define __APU_SYNC_H__

#include <linux/types.h>

struct apu_arena;
struct apu_signal;
struct dma_fence;
struct drm_apu_obj_array;
struct drm_file;

/**
 * struct apu_syncs - syncobjs to signal
 */
struct apu_syncs {
	/** @signals: what to do for each */
	struct apu_signal *signals;
	/** @num: how many */
	u32 num;
};

/**
 * typedef apu_sync_wait_t - takes a fence to wait for
 * @priv: what apu_syncs_init() was given
 * @fence: fence; the reference goes to the callee, whatever it returns
 *
 * Return: 0 or a negative error code.
 */
typedef int (*apu_sync_wait_t)(void *priv, struct dma_fence *fence);

int apu_syncs_init(struct apu_syncs *syncs, struct apu_arena *arena, struct drm_file *drm_file,
		   const struct drm_apu_obj_array *array, apu_sync_wait_t wait, void *priv);
void apu_syncs_signal(struct apu_syncs *syncs, struct dma_fence *fence);
void apu_syncs_fini(struct apu_syncs *syncs);

unsigned long apu_timeout_jiffies(s64 timeout_ns);
int apu_syncobj_wait(struct drm_file *drm_file, u32 handle, u64 point, s64 timeout_ns);

#endif /* __APU_SYNC_H__ */

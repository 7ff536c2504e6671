/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_BIND_H__
#define __APU_BIND_H__

#include <drm/gpu_scheduler.h>
#include <linux/list.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "apu_sync.h"

struct apu_client;
struct apu_device;
struct apu_vm;
struct drm_device;
struct drm_file;
struct drm_gpuvm_bo;
struct sg_table;

/**
 * struct apu_bind_op - one operation, checked
 */
struct apu_bind_op {
	/** @va: first address */
	u64 va;
	/** @size: bytes */
	u64 size;
	/** @offset: first byte of the buffer */
	u64 offset;
	/** @vm_bo: buffer to map, with a reference; NULL to unmap */
	struct drm_gpuvm_bo *vm_bo;
	/** @sgt: its memory */
	struct sg_table *sgt;
	/** @write: engines may write */
	bool write;
};

/**
 * struct apu_bind - operations, with all that they need
 */
struct apu_bind {
	/** @base: what the scheduler knows, if it is queued */
	struct drm_sched_job base;
	/** @vm: address space, with a reference */
	struct apu_vm *vm;
	/** @client: where @num_counted operations are counted, with a reference; or NULL */
	struct apu_client *client;
	/** @num_counted: of @client's that are queued; zero when they are done */
	u32 num_counted;
	/** @vas: mappings to be */
	struct list_head vas;
	/** @gone: mappings that were */
	struct list_head gone;
	/** @pages: memory for tables */
	struct list_head pages;
	/** @free_work: gives back what the scheduler's workers may not */
	struct work_struct free_work;
	/** @num_ops: number of operations */
	u32 num_ops;
	/** @ops: operations, done in order */
	struct apu_bind_op ops[] __counted_by(num_ops);
};

void apu_bind_free_vas(struct list_head *vas);

int apu_bind_init(struct apu_device *adev);
int apu_vm_bind_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file);

#endif /* __APU_BIND_H__ */

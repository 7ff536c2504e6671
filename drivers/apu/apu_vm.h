/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_VM_H__
#define __APU_VM_H__

#include <drm/drm_gpuvm.h>
#include <drm/gpu_scheduler.h>
#include <linux/kref.h>
#include <linux/mutex.h>

#include "apu_fence.h"
#include "apu_mmu.h"

struct apu_bind;
struct apu_device;
struct apu_file;

/**
 * struct apu_va - mapping
 */
struct apu_va {
	/** @base: where and what; holds a reference on its drm_gpuvm_bo */
	struct drm_gpuva base;
	/** @node: in &apu_bind.vas before it is used, in &apu_bind.gone after */
	struct list_head node;
	/** @write: engines may write */
	bool write;
};

/**
 * struct apu_vm - address space
 */
struct apu_vm {
	/** @base: what is mapped where; lives as long as mappings and @ref */
	struct drm_gpuvm base;
	/** @ref: the id, contexts and binds hold references */
	struct kref ref;
	/** @adev: APU; alive as long as @base */
	struct apu_device *adev;
	/** @lock: protects mappings and @pt; nothing is allocated under it */
	struct mutex lock;
	/** @pt: page tables */
	struct apu_pt pt;
	/** @fence_owner: keeps device and module for fences of jobs and binds */
	struct apu_fence_owner *fence_owner;
	/** @bind_done: what a bind's fence keeps; signalled */
	struct dma_fence *bind_done;
	/** @bind_entity: the queue of binds */
	struct drm_sched_entity bind_entity;
};

struct apu_vm *apu_vm_lookup(struct apu_file *file, u32 id);
struct apu_vm *apu_vm_get(struct apu_vm *vm);
void apu_vm_put(struct apu_vm *vm);
void apu_vm_close_all(struct apu_file *file);
void apu_vm_run(struct apu_bind *bind);

int apu_vm_create_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file);
int apu_vm_destroy_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file);

#endif /* __APU_VM_H__ */

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_VM_H__
#define __APU_VM_H__

#include <drm/drm_gpuvm.h>
#include <linux/kref.h>
#include <linux/mutex.h>

#include "apu_mmu.h"

struct apu_device;
struct apu_file;

/* Address spaces of one client. */
#define APU_MAX_VMS	256

/**
 * struct apu_vm - address space
 */
struct apu_vm {
	/** @base: what is mapped where; lives as long as mappings and @ref */
	struct drm_gpuvm base;
	/** @ref: the id and every context hold references */
	struct kref ref;
	/** @adev: APU; alive as long as @base */
	struct apu_device *adev;
	/** @lock: protects mappings and @pt */
	struct mutex lock;
	/** @pt: page tables */
	struct apu_pt pt;
};

struct apu_vm *apu_vm_lookup(struct apu_file *file, u32 id);
struct apu_vm *apu_vm_get(struct apu_vm *vm);
void apu_vm_put(struct apu_vm *vm);
void apu_vm_close_all(struct apu_file *file);

int apu_vm_create_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file);
int apu_vm_destroy_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file);
int apu_vm_bind_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file);

#endif /* __APU_VM_H__ */

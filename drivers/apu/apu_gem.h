/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_GEM_H__
#define __APU_GEM_H__

#include <drm/drm_gem_shmem_helper.h>
#include <linux/list.h>

struct apu_client;

/**
 * struct apu_bo - buffer
 */
struct apu_bo {
	/** @base: pageable memory, pinned from the first mapping on */
	struct drm_gem_shmem_object base;
	/**
	 * @vm_obj: For a buffer that is exclusive to an address space, the object
	 * whose reservation it shares, with a reference; else NULL.
	 */
	struct drm_gem_object *vm_obj;
	/** @node: in &apu_device.bos */
	struct list_head node;
	/** @client: whom its memory, or its import, is counted for */
	struct apu_client *client;
};

static inline struct apu_bo *to_apu_bo(struct drm_gem_object *obj)
{
	return container_of(to_drm_gem_shmem_obj(obj), struct apu_bo, base);
}

/* A snapshot, for statistics: whether there is memory behind the buffer now. */
static inline bool apu_gem_is_resident(struct drm_gem_object *obj)
{
	return obj->import_attach || READ_ONCE(to_drm_gem_shmem_obj(obj)->pages);
}

struct apu_device;

struct drm_gem_object *apu_gem_create_object(struct drm_device *drm, size_t size);
void apu_gem_track(struct drm_gem_object *obj);
void apu_gem_unplug(struct apu_device *adev);

int apu_bo_create_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file);
int apu_bo_mmap_offset_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file);
int apu_bo_wait_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file);

#endif /* __APU_GEM_H__ */

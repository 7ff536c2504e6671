// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers: shmem objects, and whatever dma-bufs others share with us (apu_prime.c).
 *
 * A buffer is either private to an address space, whose reservation object it
 * uses (cheap to lock, cannot be shared or waited for), or has one of its own.
 */

#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/mm.h>

#include <drm/apu_accel.h>

#include "apu_client.h"
#include "apu_device.h"
#include "apu_drv.h"
#include "apu_gem.h"
#include "apu_kunit.h"
#include "apu_prime.h"
#include "apu_sync.h"
#include "apu_vm.h"
#include "compat.h"

static void apu_gem_free(struct drm_gem_object *obj)
{
	struct apu_device *adev = to_apu_device(obj->dev);
	struct apu_bo *bo = to_apu_bo(obj);
	struct drm_gem_object *vm_obj = bo->vm_obj;

	spin_lock(&adev->bo_lock);
	list_del(&bo->node);
	spin_unlock(&adev->bo_lock);

	if (bo->client) {
		if (obj->import_attach)
			apu_client_uncharge_import(bo->client, adev, PHYS_PFN(obj->size));
		else
			apu_client_uncharge(bo->client, adev, PHYS_PFN(obj->size));
		apu_client_put(bo->client);
	}

	drm_gem_shmem_free(to_drm_gem_shmem_obj(obj));
	/* Now nobody needs its reservation any more. */
	if (vm_obj)
		drm_gem_object_put(vm_obj);
}

static const struct drm_gem_object_funcs apu_gem_funcs = {
	.free = apu_gem_free,
	.export = apu_prime_export,
	.print_info = drm_gem_shmem_object_print_info,
	.pin = drm_gem_shmem_object_pin,
	.unpin = drm_gem_shmem_object_unpin,
	.get_sg_table = drm_gem_shmem_object_get_sg_table,
	.vmap = drm_gem_shmem_object_vmap,
	.vunmap = drm_gem_shmem_object_vunmap,
	.mmap = drm_gem_shmem_object_mmap,
	.vm_ops = &drm_gem_shmem_vm_ops,
};

/**
 * apu_gem_create_object() - &drm_driver.gem_create_object
 * @drm: DRM device
 * @size: size of the buffer
 *
 * Return: An object for the shmem helpers to fill.
 */
struct drm_gem_object *apu_gem_create_object(struct drm_device *drm, size_t size)
{
	struct apu_bo *bo;

	bo = kzalloc_obj(*bo);
	if (!bo)
		return ERR_PTR(-ENOMEM);

	bo->base.base.funcs = &apu_gem_funcs;
	INIT_LIST_HEAD(&bo->node);

	return &bo->base.base;
}

/**
 * apu_gem_track() - Have apu_gem_unplug() know of a buffer
 * @obj: buffer that exists: the helpers free one that they could not fill without asking
 */
void apu_gem_track(struct drm_gem_object *obj)
{
	struct apu_device *adev = to_apu_device(obj->dev);

	spin_lock(&adev->bo_lock);
	list_add(&to_apu_bo(obj)->node, &adev->bos);
	spin_unlock(&adev->bo_lock);
}

/* The memory stays, for the CPU to look at; the device must not know it any more. */
static void apu_gem_unmap(struct drm_gem_object *obj)
{
	struct drm_gem_shmem_object *shmem = to_drm_gem_shmem_obj(obj);

	dma_resv_lock(obj->resv, NULL);
	if (shmem->sgt && obj->import_attach) {
		dma_buf_unmap_attachment(obj->import_attach, shmem->sgt, DMA_BIDIRECTIONAL);
		shmem->sgt = NULL;
	} else if (shmem->sgt) {
		dma_unmap_sgtable(obj->dev->dev, shmem->sgt, DMA_BIDIRECTIONAL, 0);
		sg_free_table(shmem->sgt);
		kfree(shmem->sgt);
		shmem->sgt = NULL;
	}
	dma_resv_unlock(obj->resv);
}

/**
 * apu_gem_unplug() - Undo the DMA mappings of all buffers
 * @adev: APU that does not access memory any more
 *
 * Buffers can live longer than the driver is bound, their DMA mappings cannot.
 */
void apu_gem_unplug(struct apu_device *adev)
{
	LIST_HEAD(done);
	struct apu_bo *bo;

	spin_lock(&adev->bo_lock);
	while ((bo = list_first_entry_or_null(&adev->bos, struct apu_bo, node))) {
		struct drm_gem_object *obj = &bo->base.base;

		list_move(&bo->node, &done);
		/* One that is being freed does this itself. */
		if (!kref_get_unless_zero(&obj->refcount))
			continue;
		spin_unlock(&adev->bo_lock);
		apu_gem_unmap(obj);
		drm_gem_object_put(obj);
		spin_lock(&adev->bo_lock);
	}
	list_splice(&done, &adev->bos);
	spin_unlock(&adev->bo_lock);
}

int apu_bo_create_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct apu_device *adev = to_apu_device(drm);
	struct drm_apu_bo_create *args = data;
	struct apu_client *client = to_apu_file(drm_file)->client;
	struct drm_gem_shmem_object *shmem;
	struct apu_vm *vm = NULL;
	struct apu_bo *bo;
	unsigned long pages;
	int ret;

	/* What does not fit into an address space is of no use. */
	if (args->flags || args->pad || !args->size ||
	    args->size > apu_va_end(adev) - APU_VA_START)
		return -EINVAL;

	if (args->exclusive_vm_id) {
		vm = apu_vm_lookup(to_apu_file(drm_file), args->exclusive_vm_id);
		if (!vm)
			return -ENOENT;
	}

	pages = PHYS_PFN(PAGE_ALIGN(args->size));
	ret = apu_client_charge(client, adev, pages);
	if (ret)
		goto out_put_vm;

	shmem = drm_gem_shmem_create(drm, args->size);
	if (IS_ERR(shmem)) {
		apu_client_uncharge(client, adev, pages);
		ret = PTR_ERR(shmem);
		goto out_put_vm;
	}

	bo = to_apu_bo(&shmem->base);
	bo->client = apu_client_get(client);
	if (vm) {
		bo->vm_obj = vm->base.r_obj;
		drm_gem_object_get(bo->vm_obj);
		shmem->base.resv = bo->vm_obj->resv;
	}
	/* It is seen from here on, and its reservation stays what it is. */
	apu_gem_track(&shmem->base);

	args->size = shmem->base.size;
	ret = drm_gem_handle_create(drm_file, &shmem->base, &args->handle);
	drm_gem_object_put(&shmem->base);

out_put_vm:
	if (vm)
		apu_vm_put(vm);
	return ret;
}

int apu_bo_mmap_offset_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct drm_apu_bo_mmap_offset *args = data;
	struct drm_gem_object *obj;

	if (args->pad)
		return -EINVAL;

	obj = drm_gem_object_lookup(drm_file, args->handle);
	if (!obj)
		return -ENOENT;

	/* The shmem helpers have created it. */
	args->offset = drm_vma_node_offset_addr(&obj->vma_node);
	drm_gem_object_put(obj);

	return 0;
}

int apu_bo_wait_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct drm_apu_bo_wait *args = data;
	struct drm_gem_object *obj;
	long ret;

	if (args->flags & ~DRM_APU_BO_WAIT_WRITE)
		return -EINVAL;

	obj = drm_gem_object_lookup(drm_file, args->handle);
	if (!obj)
		return -ENOENT;

	if (to_apu_bo(obj)->vm_obj) {
		drm_gem_object_put(obj);
		return -EINVAL;
	}

	ret = dma_resv_wait_timeout(obj->resv,
				    dma_resv_usage_rw(args->flags & DRM_APU_BO_WAIT_WRITE),
				    true, apu_timeout_jiffies(args->timeout_ns));
	drm_gem_object_put(obj);
	if (ret == 0)
		return -ETIMEDOUT;

	return ret < 0 ? ret : 0;
}

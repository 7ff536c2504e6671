// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sharing buffers: dma-bufs of ours, and those of others.
 *
 * The helpers of DRM map an exported buffer for its importers without maintenance of
 * caches and bounce buffers, and leave that to whoever accesses it by the CPU. So
 * begin and end of CPU access reach every device that has the buffer mapped, the APU
 * among them. For one that is coherent and can address the memory it is nothing.
 *
 * A dma-buf of ours that comes back is the same object again, in any open file of
 * the device. One of others that is exported again is theirs, so they are asked
 * about CPU access. Implicit fences need nothing here: object and dma-buf have one
 * reservation.
 */

#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_prime.h>

#include "apu_client.h"
#include "apu_device.h"
#include "apu_drv.h"
#include "apu_gem.h"
#include "apu_prime.h"

static struct sg_table *apu_dmabuf_map(struct dma_buf_attachment *attach,
				       enum dma_data_direction dir)
{
	struct sg_table *sgt = drm_gem_map_dma_buf(attach, dir);

	if (!IS_ERR(sgt))
		attach->priv = sgt;

	return sgt;
}

static void apu_dmabuf_unmap(struct dma_buf_attachment *attach, struct sg_table *sgt,
			     enum dma_data_direction dir)
{
	attach->priv = NULL;
	drm_gem_unmap_dma_buf(attach, sgt, dir);
}

typedef void (*apu_sync_sgt_t)(struct device *dev, struct sg_table *sgt,
			       enum dma_data_direction dir);

static int apu_dmabuf_sync(struct dma_buf *dma_buf, enum dma_data_direction dir,
			   apu_sync_sgt_t sync)
{
	struct drm_gem_object *obj = dma_buf->priv;
	struct drm_gem_shmem_object *shmem = to_drm_gem_shmem_obj(obj);
	struct dma_buf_attachment *attach;
	int ret;

	ret = dma_resv_lock_interruptible(obj->resv, NULL);
	if (ret)
		return ret;

	if (shmem->sgt)
		sync(obj->dev->dev, shmem->sgt, dir);
	list_for_each_entry(attach, &dma_buf->attachments, node)
		if (attach->priv)
			sync(attach->dev, attach->priv, dir);
	dma_resv_unlock(obj->resv);

	return 0;
}

static int apu_dmabuf_begin_cpu_access(struct dma_buf *dma_buf, enum dma_data_direction dir)
{
	bool write = dir == DMA_BIDIRECTIONAL || dir == DMA_TO_DEVICE;
	long ret;

	/* The core waits too, but after us: what is still being written would be missed. */
	ret = dma_resv_wait_timeout(dma_buf->resv, dma_resv_usage_rw(write), true,
				    MAX_SCHEDULE_TIMEOUT);
	if (ret < 0)
		return ret;

	return apu_dmabuf_sync(dma_buf, dir, dma_sync_sgtable_for_cpu);
}

static int apu_dmabuf_end_cpu_access(struct dma_buf *dma_buf, enum dma_data_direction dir)
{
	return apu_dmabuf_sync(dma_buf, dir, dma_sync_sgtable_for_device);
}

static const struct dma_buf_ops apu_dmabuf_ops = {
	.attach = drm_gem_map_attach,
	.detach = drm_gem_map_detach,
	.map_dma_buf = apu_dmabuf_map,
	.unmap_dma_buf = apu_dmabuf_unmap,
	.release = drm_gem_dmabuf_release,
	.mmap = drm_gem_dmabuf_mmap,
	.vmap = drm_gem_dmabuf_vmap,
	.vunmap = drm_gem_dmabuf_vunmap,
	.begin_cpu_access = apu_dmabuf_begin_cpu_access,
	.end_cpu_access = apu_dmabuf_end_cpu_access,
};

/**
 * apu_prime_export() - &drm_gem_object_funcs.export
 * @obj: buffer
 * @flags: DRM_CLOEXEC, DRM_RDWR
 *
 * Return: A dma-buf, or an error pointer: -EINVAL if the buffer is exclusive to an
 * address space, whose reservation is none to share.
 */
struct dma_buf *apu_prime_export(struct drm_gem_object *obj, int flags)
{
	struct dma_buf_export_info info = {
		.exp_name = KBUILD_MODNAME,
		.owner = obj->dev->driver->fops->owner,
		.ops = &apu_dmabuf_ops,
		.size = obj->size,
		.flags = flags,
		.priv = obj,
		.resv = obj->resv,
	};

	if (to_apu_bo(obj)->vm_obj)
		return ERR_PTR(-EINVAL);

	return drm_gem_dmabuf_export(obj->dev, &info);
}

/**
 * apu_prime_import() - &drm_driver.gem_prime_import
 * @drm: DRM device
 * @dma_buf: dma-buf
 *
 * Return: The object that the dma-buf is of, if it is of this device, or a new one,
 * or an error pointer.
 */
struct drm_gem_object *apu_prime_import(struct drm_device *drm, struct dma_buf *dma_buf)
{
	struct drm_gem_object *obj = dma_buf->priv;

	if (dma_buf->ops == &apu_dmabuf_ops && obj->dev == drm) {
		/* Not of the dma-buf, or the two would keep each other. */
		drm_gem_object_get(obj);
		return obj;
	}

	return drm_gem_prime_import(drm, dma_buf);
}

/**
 * apu_prime_import_sg_table() - &drm_driver.gem_prime_import_sg_table
 * @drm: DRM device
 * @attach: attachment of the dma-buf
 * @sgt: its memory
 *
 * Return: A new object, or an error pointer.
 */
struct drm_gem_object *apu_prime_import_sg_table(struct drm_device *drm,
						 struct dma_buf_attachment *attach,
						 struct sg_table *sgt)
{
	struct drm_gem_object *obj;

	obj = drm_gem_shmem_prime_import_sg_table(drm, attach, sgt);
	if (IS_ERR(obj))
		return obj;

	/* The core does this too, but after somebody may have looked. */
	obj->import_attach = attach;
	obj->resv = attach->dmabuf->resv;
	apu_gem_track(obj);

	return obj;
}

/* Counts what was imported for the client, once. */
static int apu_prime_charge(struct drm_device *drm, struct drm_file *drm_file, u32 handle)
{
	struct apu_client *client = to_apu_file(drm_file)->client;
	struct drm_gem_object *obj = drm_gem_object_lookup(drm_file, handle);
	int ret = 0;

	/* Closed meanwhile, by a guess. */
	if (!obj)
		return 0;
	if (obj->import_attach && !to_apu_bo(obj)->client) {
		ret = apu_client_charge_import(client, to_apu_device(drm), PHYS_PFN(obj->size));
		if (!ret)
			WRITE_ONCE(to_apu_bo(obj)->client, apu_client_get(client));
	}
	drm_gem_object_put(obj);

	return ret;
}

/**
 * apu_prime_fd_to_handle() - &drm_driver.prime_fd_to_handle
 * @drm: DRM device
 * @drm_file: open file
 * @fd: dma-buf
 * @handle: handle of its object
 *
 * Return: 0 or a negative error code: -EDQUOT if the client has imported too much, -ENODEV if
 * the device is gone.
 */
int apu_prime_fd_to_handle(struct drm_device *drm, struct drm_file *drm_file, int fd, u32 *handle)
{
	struct apu_file *file = to_apu_file(drm_file);
	int idx, ret;

	/* No new DMA mappings once apu_gem_unplug() has undone them all. */
	if (!drm_dev_enter(drm, &idx))
		return -ENODEV;

	/* Nobody else finds the object uncounted, as importing it again gives the same. */
	mutex_lock(&file->import_lock);
	ret = drm_gem_prime_fd_to_handle(drm, drm_file, fd, handle);
	if (!ret) {
		ret = apu_prime_charge(drm, drm_file, *handle);
		if (ret)
			drm_gem_handle_delete(drm_file, *handle);
	}
	mutex_unlock(&file->import_lock);
	drm_dev_exit(idx);

	return ret;
}

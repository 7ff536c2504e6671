// SPDX-License-Identifier: MIT
/*
 * Buffers. Each is mapped in the device's address space from creation to its end.
 *
 * GEM handles are not counted by the kernel: an import of a buffer that this file
 * descriptor knows gives the handle that is there, and one close ends it for all. So imports
 * look for the handle first, and creation, import and end exclude each other.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "device.h"
#include "error.h"

/* Gives bo, which has handle and size, an address. Takes nothing on failure. */
static int bo_bind(struct apu_bo *bo, bool readonly)
{
	struct apu_device *dev = bo->dev;
	int ret;

	ret = va_alloc(&dev->va, bo->size, &bo->va);
	if (ret)
		return ret;
	ret = kmd_vm_map(dev->fd, dev->vm, bo->handle, bo->va, bo->size, readonly);
	if (ret) {
		va_free(&dev->va, bo->va, bo->size);
		return apu_fail(ret, "cannot map a buffer of %llu bytes for the device: %s",
				(unsigned long long)bo->size, strerror(-ret));
	}
	return 0;
}

static int bo_cpu_map(struct apu_bo *bo)
{
	void *ptr;
	int ret;

	if (bo->ptr)
		return 0;
	ret = kmd_bo_mmap(bo->dev->fd, bo->handle, bo->size, &ptr);
	if (ret)
		return apu_fail(ret, "cannot map a buffer of %llu bytes: %s",
				(unsigned long long)bo->size, strerror(-ret));
	bo->ptr = ptr;
	return 0;
}

static void bo_destroy(struct apu_bo *bo)
{
	struct apu_device *dev = bo->dev;
	struct apu_bo **link;

	for (link = &dev->bos; *link; link = &(*link)->next) {
		if (*link == bo) {
			*link = bo->next;
			break;
		}
	}
	if (bo->ptr)
		kmd_munmap(bo->ptr, bo->size);
	kmd_vm_unmap(dev->fd, dev->vm, bo->va, bo->size);
	va_free(&dev->va, bo->va, bo->size);
	kmd_bo_destroy(dev->fd, bo->handle);
}

int bo_create(struct apu_device *dev, uint64_t size, unsigned int flags, const char *what,
	      struct apu_bo **out)
{
	struct apu_bo *bo;
	int ret;

	bo = calloc(1, sizeof(*bo));
	if (!bo)
		return apu_fail(-ENOMEM, "no memory for %s", what);
	bo->dev = dev;
	bo->refs = 1;
	bo->size = size;
	pthread_mutex_lock(&dev->lock);
	ret = kmd_bo_create(dev->fd, &bo->size, flags & BO_PRIVATE ? dev->vm : 0, &bo->handle);
	if (ret) {
		apu_fail(ret, "cannot allocate %llu bytes for %s: %s", (unsigned long long)size,
			 what, ret == -EDQUOT ? "the rest is kept for others" : strerror(-ret));
		if (ret == -EDQUOT)
			ret = -ENOMEM;
		goto err_free;
	}
	ret = bo_bind(bo, flags & BO_READONLY);
	if (ret)
		goto err_handle;
	if (flags & BO_MAP) {
		ret = bo_cpu_map(bo);
		if (ret)
			goto err_bind;
	}
	if (!(flags & BO_PRIVATE)) {
		bo->next = dev->bos;
		dev->bos = bo;
	}
	apu_device_ref(dev);
	pthread_mutex_unlock(&dev->lock);
	*out = bo;
	return 0;

err_bind:
	kmd_vm_unmap(dev->fd, dev->vm, bo->va, bo->size);
	va_free(&dev->va, bo->va, bo->size);
err_handle:
	kmd_bo_destroy(dev->fd, bo->handle);
err_free:
	pthread_mutex_unlock(&dev->lock);
	free(bo);
	return ret;
}

struct apu_bo *bo_ref(struct apu_bo *bo)
{
	pthread_mutex_lock(&bo->dev->lock);
	bo->refs++;
	pthread_mutex_unlock(&bo->dev->lock);
	return bo;
}

void apu_bo_release(struct apu_bo *bo)
{
	struct apu_device *dev;
	bool last;

	if (!bo)
		return;
	dev = bo->dev;
	pthread_mutex_lock(&dev->lock);
	last = --bo->refs == 0;
	if (last)
		bo_destroy(bo);
	pthread_mutex_unlock(&dev->lock);
	if (last) {
		free(bo);
		apu_device_close(dev);
	}
}

int apu_bo_create(struct apu_device *dev, size_t size, struct apu_bo **out)
{
	if (size == 0)
		return apu_fail(-EINVAL, "a buffer needs a size");
	return bo_create(dev, size, 0, "a buffer", out);
}

/* With dev->lock held, of the dma-buf fd, which has this new handle. */
static int import_new(struct apu_device *dev, int fd, uint32_t handle, struct apu_bo **out)
{
	struct apu_bo *bo = calloc(1, sizeof(*bo));
	uint64_t size = 0;
	int ret;

	if (!bo) {
		ret = apu_fail(-ENOMEM, "no memory for a buffer");
		goto err;
	}
	ret = kmd_dmabuf_size(fd, &size);
	if (ret) {
		apu_fail(ret, "cannot tell the size of dma-buf %d: %s", fd, strerror(-ret));
		goto err;
	}
	size &= ~(VA_PAGE_SIZE - 1);
	if (size == 0) {
		ret = apu_fail(-EINVAL, "the dma-buf is smaller than a page");
		goto err;
	}
	bo->dev = dev;
	bo->refs = 1;
	bo->handle = handle;
	bo->size = size;
	ret = bo_bind(bo, false);
	if (ret)
		goto err;
	bo->next = dev->bos;
	dev->bos = bo;
	apu_device_ref(dev);
	*out = bo;
	return 0;
err:
	kmd_bo_destroy(dev->fd, handle);
	free(bo);
	return ret;
}

int apu_bo_import(struct apu_device *dev, int fd, struct apu_bo **out)
{
	struct apu_bo *bo;
	uint32_t handle;
	int ret;

	pthread_mutex_lock(&dev->lock);
	ret = kmd_bo_import(dev->fd, fd, &handle);
	if (ret) {
		apu_fail(ret, "cannot import dma-buf %d: %s", fd,
			 ret == -EDQUOT ? "the rest is kept for others" : strerror(-ret));
		ret = ret == -EBADF ? -EINVAL : ret == -EDQUOT ? -ENOMEM : ret;
		goto unlock;
	}
	for (bo = dev->bos; bo && bo->handle != handle; bo = bo->next)
		;
	if (bo) {
		bo->refs++;
		*out = bo;
	} else {
		ret = import_new(dev, fd, handle, out);
	}
unlock:
	pthread_mutex_unlock(&dev->lock);
	return ret;
}

int apu_bo_export(struct apu_bo *bo, int *fd)
{
	int ret = kmd_bo_export(bo->dev->fd, bo->handle, fd);

	return ret ? apu_fail(ret, "cannot export a buffer: %s", strerror(-ret)) : 0;
}

int apu_bo_map(struct apu_bo *bo, void **ptr)
{
	int ret;

	pthread_mutex_lock(&bo->dev->lock);
	ret = bo_cpu_map(bo);
	pthread_mutex_unlock(&bo->dev->lock);
	*ptr = bo->ptr;
	return ret;
}

size_t apu_bo_size(const struct apu_bo *bo)
{
	return bo->size;
}

/* SPDX-License-Identifier: MIT */
#ifndef APU_DEVICE_H
#define APU_DEVICE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "apu/apu.h"
#include "kmd.h"
#include "va.h"

struct image;
struct notifier;

/*
 * An open device: one file descriptor, one address space that all sessions share.
 * Lock order: a session's lock, image_lock, lock.
 */
struct apu_device {
	atomic_uint refs;
	int fd;
	uint32_t vm;
	struct drm_apu_dev_info info;
	char *path;
	/* Covers va, bos, the counts of all buffers, and the start of notifier. */
	pthread_mutex_t lock;
	struct va_space va;
	/* Buffers that can meet an import of themselves. */
	struct apu_bo *bos;
	/* NULL until a request has a callback. */
	struct notifier *notifier;
	/* Covers images and their counts. */
	pthread_mutex_t image_lock;
	struct image *images;
};

struct apu_bo {
	struct apu_device *dev;
	struct apu_bo *next;
	unsigned int refs;
	uint32_t handle;
	uint64_t size;
	uint64_t va;
	/* CPU mapping or NULL. */
	void *ptr;
};

/* The engines may not write to it. */
#define BO_READONLY (1 << 0)
/* The library's own: never exported, cheaper to submit. */
#define BO_PRIVATE (1 << 1)
/* Mapped for the CPU at once: ptr is set. */
#define BO_MAP (1 << 2)

/* what names it in error texts. Released with apu_bo_release(). */
int bo_create(struct apu_device *dev, uint64_t size, unsigned int flags, const char *what,
	      struct apu_bo **out);
struct apu_bo *bo_ref(struct apu_bo *bo);

#endif

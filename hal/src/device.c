// SPDX-License-Identifier: MIT
/*
 * Finding and opening the device.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apu/apu_isa.h"
#include "device.h"
#include "error.h"
#include "notify.h"

/* DRM version of the driver that this library is written for. */
#define DRIVER_MAJOR 1
#define DRIVER_MINOR 1
/* Minors of the accel subsystem that are looked at. */
#define MAX_NODES 64
#define NODE_DIR "/dev/accel"

static int fail_open(int err, const char *path)
{
	switch (err) {
	case -ENOENT:
		return apu_fail(-ENODEV, "no device: %s does not exist (is the apu driver loaded?)",
				path);
	case -ENXIO:
	case -ENODEV:
		return apu_fail(-ENODEV, "no device: nothing is behind %s", path);
	case -EACCES:
	case -EPERM:
		return apu_fail(-EACCES, "no permission to open %s (is the user in its group?)",
				path);
	case -ENOTTY:
		return apu_fail(-ENODEV, "no device: %s is not an APU", path);
	default:
		return apu_fail(err, "cannot open %s: %s", path, strerror(-err));
	}
}

/* How much an error of a node tells of why there is no device; 0: there may be none. */
static int weight(int err)
{
	switch (err) {
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
	case -ENOTTY:
		return 0;
	case -EACCES:
	case -EPERM:
		return 2;
	/* Of the process or the system: it says nothing of the node. */
	case -EMFILE:
	case -ENFILE:
	case -ENOMEM:
	case -EINTR:
		return 3;
	default:
		return 1;
	}
}

/* The first node of the driver. One that cannot be opened is only told of if no other works. */
static int open_first(char *path, size_t len, int *major, int *minor)
{
	int fd, i, worst = -ENOENT, at = 0;

	for (i = 0; i < MAX_NODES; i++) {
		snprintf(path, len, NODE_DIR "/accel%d", i);
		fd = kmd_open(path, major, minor);
		if (fd >= 0)
			return fd;
		if (weight(fd) > weight(worst)) {
			worst = fd;
			at = i;
		}
	}
	if (weight(worst)) {
		snprintf(path, len, NODE_DIR "/accel%d", at);
		return fail_open(worst, path);
	}
	if (access(NODE_DIR, F_OK))
		return apu_fail(-ENODEV, "no device: " NODE_DIR
					 " does not exist (is the apu driver loaded?)");
	return apu_fail(-ENODEV,
			"no device: no node in " NODE_DIR " is an APU (is the apu driver loaded?)");
}

static int check_version(struct apu_device *dev, int major, int minor)
{
	int ret;

	if (major != DRIVER_MAJOR || minor < DRIVER_MINOR)
		return apu_fail(-EPROTONOSUPPORT,
				"version mismatch: the driver's interface is %d.%d, this library "
				"needs %d.%d or a later %d.x: use both of one release",
				major, minor, DRIVER_MAJOR, DRIVER_MINOR, DRIVER_MAJOR);
	ret = kmd_query_info(dev->fd, &dev->info);
	if (ret)
		return apu_fail(ret, "cannot query %s: %s", dev->path, strerror(-ret));
	if (dev->info.hw_version >> 16 != APU_HW_VERSION >> 16)
		return apu_fail(
			-EPROTONOSUPPORT,
			"version mismatch: the hardware is version %u.%u, this library needs %u.x",
			dev->info.hw_version >> 16, dev->info.hw_version & 0xffff,
			APU_HW_VERSION >> 16);
	return 0;
}

static int device_init(struct apu_device *dev, const char *path)
{
	char buf[sizeof(NODE_DIR) + 32];
	int major, minor, ret;

	dev->fd = path ? kmd_open(path, &major, &minor)
		       : open_first(buf, sizeof(buf), &major, &minor);
	if (dev->fd < 0)
		return path ? fail_open(dev->fd, path) : dev->fd;
	dev->path = strdup(path ? path : buf);
	if (!dev->path) {
		ret = apu_fail(-ENOMEM, "no memory for a device");
		goto err_fd;
	}
	ret = check_version(dev, major, minor);
	if (ret)
		goto err_path;
	ret = va_init(&dev->va, dev->info.va_start, dev->info.va_end);
	if (ret)
		goto err_path;
	ret = kmd_vm_create(dev->fd, &dev->vm);
	if (ret) {
		apu_fail(ret, "cannot create an address space: %s", strerror(-ret));
		goto err_va;
	}
	return 0;

err_va:
	va_fini(&dev->va);
err_path:
	free(dev->path);
err_fd:
	kmd_close(dev->fd);
	return ret;
}

int apu_device_open(const char *path, struct apu_device **out)
{
	struct apu_device *dev = calloc(1, sizeof(*dev));
	int ret;

	if (!dev)
		return apu_fail(-ENOMEM, "no memory for a device");
	atomic_init(&dev->refs, 1);
	pthread_mutex_init(&dev->lock, NULL);
	pthread_mutex_init(&dev->image_lock, NULL);
	ret = device_init(dev, path);
	if (ret) {
		pthread_mutex_destroy(&dev->image_lock);
		pthread_mutex_destroy(&dev->lock);
		free(dev);
		return ret;
	}
	*out = dev;
	return 0;
}

struct apu_device *apu_device_ref(struct apu_device *dev)
{
	if (dev)
		atomic_fetch_add(&dev->refs, 1);
	return dev;
}

void apu_device_close(struct apu_device *dev)
{
	if (!dev || atomic_fetch_sub(&dev->refs, 1) != 1)
		return;
	notifier_stop(dev->notifier);
	kmd_vm_destroy(dev->fd, dev->vm);
	kmd_close(dev->fd);
	va_fini(&dev->va);
	pthread_mutex_destroy(&dev->image_lock);
	pthread_mutex_destroy(&dev->lock);
	free(dev->path);
	free(dev);
}

void apu_device_get_info(const struct apu_device *dev, struct apu_device_info *info)
{
	unsigned int i;

	memset(info, 0, sizeof(*info));
	info->hw_version = dev->info.hw_version;
	info->l1_kib = dev->info.l1_kib;
	for (i = 0; i < APU_NUM_ENGINE_CLASSES; i++)
		info->num_engines[i] = dev->info.num_engines[i];
	info->max_khz = dev->info.max_khz;
	info->num_slots = dev->info.num_slots;
	info->timestamp_hz = dev->info.timestamp_hz;
}

const char *apu_device_path(const struct apu_device *dev)
{
	return dev->path;
}

// SPDX-License-Identifier: MIT
/*
 * Preloaded by tests: stands between libapu and libdrm, and has any file for the node of an APU
 * as the environment describes it. It can be opened; nothing can be run.
 *
 *   FAKE_DENIED=FILE      this file cannot be opened
 *   FAKE_VERSION=M.N      of the driver's interface
 *   FAKE_HARDWARE=M.N     version of the hardware
 *   FAKE_L1, FAKE_EDMA    KiB of L1, number of eDMA engines
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <xf86drm.h>

#include "apu_accel.h"

static unsigned int number(const char *name, unsigned int otherwise)
{
	const char *text = getenv(name);

	return text ? (unsigned int)strtoul(text, NULL, 10) : otherwise;
}

static void version(const char *name, unsigned int *major, unsigned int *minor)
{
	const char *text = getenv(name);

	if (text && sscanf(text, "%u.%u", major, minor) != 2)
		abort();
}

int open(const char *path, int flags, ...)
{
	const char *denied = getenv("FAKE_DENIED");
	mode_t mode = 0;
	va_list ap;

	if (denied && strcmp(path, denied) == 0) {
		errno = EACCES;
		return -1;
	}
	if (flags & (O_CREAT | O_TMPFILE)) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

drmVersionPtr drmGetVersion(int fd)
{
	drmVersionPtr v = calloc(1, sizeof(*v));
	unsigned int major = 1, minor = 1;

	(void)fd;
	if (!v)
		return NULL;
	version("FAKE_VERSION", &major, &minor);
	v->version_major = (int)major;
	v->version_minor = (int)minor;
	v->name = strdup("apu");
	return v;
}

void drmFreeVersion(drmVersionPtr v)
{
	free(v->name);
	free(v);
}

int drmIoctl(int fd, unsigned long request, void *arg)
{
	struct drm_apu_dev_query *query = arg;
	struct drm_apu_dev_info *info;
	unsigned int major = 1, minor = 0;

	(void)fd;
	if (request != DRM_IOCTL_APU_DEV_QUERY)
		return 0;
	version("FAKE_HARDWARE", &major, &minor);
	info = (void *)(uintptr_t)query->pointer;
	*info = (struct drm_apu_dev_info){
		.hw_version = major << 16 | minor,
		.l1_kib = number("FAKE_L1", 1024),
		.l1_bank_kib = 128,
		.num_engines = {2, number("FAKE_EDMA", 2), 1},
		.va_end = 1ull << 39,
		.timestamp_hz = 1000000,
		.num_slots = 16,
	};
	return 0;
}

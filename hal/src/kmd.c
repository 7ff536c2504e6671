// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/sync_file.h>
#include <xf86drm.h>

#include "kmd.h"

/* libdrm restarts on EINTR and EAGAIN. */
static int xioctl(int fd, unsigned long request, void *arg)
{
	return drmIoctl(fd, request, arg) ? -errno : 0;
}

int kmd_open(const char *path, int *version_major, int *version_minor)
{
	drmVersionPtr version;
	int fd, ret = 0;

	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	version = drmGetVersion(fd);
	if (!version || strcmp(version->name, "apu") != 0) {
		ret = -ENOTTY;
	} else {
		*version_major = version->version_major;
		*version_minor = version->version_minor;
	}
	if (version)
		drmFreeVersion(version);
	if (ret) {
		close(fd);
		return ret;
	}
	return fd;
}

void kmd_close(int fd)
{
	close(fd);
}

int kmd_query_info(int fd, struct drm_apu_dev_info *info)
{
	struct drm_apu_dev_query query = {
		.type = DRM_APU_DEV_QUERY_INFO,
		.size = sizeof(*info),
		.pointer = (uintptr_t)info,
	};

	memset(info, 0, sizeof(*info));
	return xioctl(fd, DRM_IOCTL_APU_DEV_QUERY, &query);
}

int kmd_vm_create(int fd, uint32_t *vm)
{
	struct drm_apu_vm_create arg = {0};
	int ret = xioctl(fd, DRM_IOCTL_APU_VM_CREATE, &arg);

	*vm = arg.id;
	return ret;
}

void kmd_vm_destroy(int fd, uint32_t vm)
{
	struct drm_apu_vm_destroy arg = {.id = vm};

	xioctl(fd, DRM_IOCTL_APU_VM_DESTROY, &arg);
}

static int vm_bind(int fd, uint32_t vm, struct drm_apu_vm_bind_op *op)
{
	struct drm_apu_vm_bind bind = {
		.vm_id = vm,
		.ops = DRM_APU_OBJ_ARRAY(1, op),
	};

	return xioctl(fd, DRM_IOCTL_APU_VM_BIND, &bind);
}

int kmd_vm_map(int fd, uint32_t vm, uint32_t bo, uint64_t va, uint64_t size, bool readonly)
{
	struct drm_apu_vm_bind_op op = {
		.op = DRM_APU_VM_BIND_OP_MAP,
		.flags = readonly ? DRM_APU_VM_BIND_READONLY : 0,
		.bo_handle = bo,
		.va = va,
		.size = size,
	};

	return vm_bind(fd, vm, &op);
}

int kmd_vm_unmap(int fd, uint32_t vm, uint64_t va, uint64_t size)
{
	struct drm_apu_vm_bind_op op = {
		.op = DRM_APU_VM_BIND_OP_UNMAP,
		.va = va,
		.size = size,
	};

	return vm_bind(fd, vm, &op);
}

int kmd_bo_create(int fd, uint64_t *size, uint32_t exclusive_vm, uint32_t *bo)
{
	struct drm_apu_bo_create arg = {.size = *size, .exclusive_vm_id = exclusive_vm};
	int ret = xioctl(fd, DRM_IOCTL_APU_BO_CREATE, &arg);

	if (!ret) {
		*size = arg.size;
		*bo = arg.handle;
	}
	return ret;
}

void kmd_bo_destroy(int fd, uint32_t bo)
{
	struct drm_gem_close arg = {.handle = bo};

	xioctl(fd, DRM_IOCTL_GEM_CLOSE, &arg);
}

int kmd_bo_mmap(int fd, uint32_t bo, size_t size, void **ptr)
{
	struct drm_apu_bo_mmap_offset arg = {.handle = bo};
	int ret = xioctl(fd, DRM_IOCTL_APU_BO_MMAP_OFFSET, &arg);
	void *p;

	if (ret)
		return ret;
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)arg.offset);
	if (p == MAP_FAILED)
		return -errno;
	*ptr = p;
	return 0;
}

void kmd_munmap(void *ptr, size_t size)
{
	munmap(ptr, size);
}

int kmd_bo_import(int fd, int dmabuf, uint32_t *bo)
{
	return drmPrimeFDToHandle(fd, dmabuf, bo) ? -errno : 0;
}

int kmd_dmabuf_size(int dmabuf, uint64_t *size)
{
	/* A dma-buf has no other use for the file position. */
	off_t end = lseek(dmabuf, 0, SEEK_END);

	if (end < 0)
		return -errno;
	*size = (uint64_t)end;
	return 0;
}

int kmd_bo_export(int fd, uint32_t bo, int *dmabuf)
{
	return drmPrimeHandleToFD(fd, bo, DRM_CLOEXEC | DRM_RDWR, dmabuf) ? -errno : 0;
}

int kmd_ctx_create(int fd, uint32_t vm, uint32_t priority, uint32_t *ctx)
{
	struct drm_apu_ctx_create arg = {.vm_id = vm, .priority = priority};
	int ret = xioctl(fd, DRM_IOCTL_APU_CTX_CREATE, &arg);

	*ctx = arg.id;
	return ret;
}

void kmd_ctx_destroy(int fd, uint32_t ctx)
{
	struct drm_apu_ctx_destroy arg = {.id = ctx};

	xioctl(fd, DRM_IOCTL_APU_CTX_DESTROY, &arg);
}

int kmd_ctx_set_qos(int fd, struct drm_apu_ctx_set_qos *qos)
{
	return xioctl(fd, DRM_IOCTL_APU_CTX_SET_QOS, qos);
}

int kmd_ctx_get_state(int fd, struct drm_apu_ctx_get_state *state)
{
	return xioctl(fd, DRM_IOCTL_APU_CTX_GET_STATE, state);
}

int kmd_submit(int fd, struct drm_apu_submit *submit)
{
	return xioctl(fd, DRM_IOCTL_APU_SUBMIT, submit);
}

int kmd_job_stats(int fd, struct drm_apu_job_stats *stats)
{
	/* Not drmIoctl(), which repeats on EAGAIN: here it means that the job runs. */
	int ret;

	do {
		ret = ioctl(fd, DRM_IOCTL_APU_JOB_STATS, stats);
	} while (ret && errno == EINTR);
	return ret ? -errno : 0;
}

int kmd_syncobj_create(int fd, uint32_t *syncobj)
{
	return drmSyncobjCreate(fd, 0, syncobj) ? -errno : 0;
}

void kmd_syncobj_destroy(int fd, uint32_t syncobj)
{
	drmSyncobjDestroy(fd, syncobj);
}

int kmd_syncobj_wait(int fd, uint32_t syncobj, int64_t deadline_ns)
{
	return drmSyncobjWait(fd, &syncobj, 1, deadline_ns, 0, NULL);
}

int kmd_syncobj_import_sync_file(int fd, uint32_t syncobj, int sync_file)
{
	return drmSyncobjImportSyncFile(fd, syncobj, sync_file) ? -errno : 0;
}

int kmd_syncobj_export_sync_file(int fd, uint32_t syncobj, int *sync_file)
{
	return drmSyncobjExportSyncFile(fd, syncobj, sync_file) ? -errno : 0;
}

int kmd_syncobj_status(int fd, uint32_t syncobj)
{
	struct sync_file_info info = {0};
	int sync_file, ret;

	if (drmSyncobjExportSyncFile(fd, syncobj, &sync_file))
		return -errno;
	ret = xioctl(sync_file, SYNC_IOC_FILE_INFO, &info);
	close(sync_file);
	if (ret)
		return ret;
	return info.status < 0 ? info.status : 0;
}

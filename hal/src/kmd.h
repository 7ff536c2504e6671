/* SPDX-License-Identifier: MIT */
/*
 * The kernel interface: one function per ioctl, nothing else. Everything that the
 * library asks of the kernel goes through here, so that tests can stand in for it.
 * Functions return 0 or a negative errno and set no error text.
 */
#ifndef APU_KMD_H
#define APU_KMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apu_accel.h"

/* File descriptor of a node, or a negative errno; -ENOTTY if it is not the APU driver's. */
int kmd_open(const char *path, int *version_major, int *version_minor);
void kmd_close(int fd);
int kmd_query_info(int fd, struct drm_apu_dev_info *info);

int kmd_vm_create(int fd, uint32_t *vm);
void kmd_vm_destroy(int fd, uint32_t vm);
int kmd_vm_map(int fd, uint32_t vm, uint32_t bo, uint64_t va, uint64_t size, bool readonly);
int kmd_vm_unmap(int fd, uint32_t vm, uint64_t va, uint64_t size);

/* size is rounded up to pages. */
int kmd_bo_create(int fd, uint64_t *size, uint32_t exclusive_vm, uint32_t *bo);
void kmd_bo_destroy(int fd, uint32_t bo);
int kmd_bo_mmap(int fd, uint32_t bo, size_t size, void **ptr);
void kmd_munmap(void *ptr, size_t size);
/* The handle that the file descriptor has for the buffer already, or a new one. */
int kmd_bo_import(int fd, int dmabuf, uint32_t *bo);
int kmd_dmabuf_size(int dmabuf, uint64_t *size);
int kmd_bo_export(int fd, uint32_t bo, int *dmabuf);

int kmd_ctx_create(int fd, uint32_t vm, uint32_t priority, uint32_t *ctx);
void kmd_ctx_destroy(int fd, uint32_t ctx);
int kmd_ctx_set_qos(int fd, struct drm_apu_ctx_set_qos *qos);
/* With a syncobj: -ETIMEDOUT when state->timeout_ns has passed. */
int kmd_ctx_get_state(int fd, struct drm_apu_ctx_get_state *state);
int kmd_submit(int fd, struct drm_apu_submit *submit);
int kmd_job_stats(int fd, struct drm_apu_job_stats *stats);

int kmd_syncobj_create(int fd, uint32_t *syncobj);
void kmd_syncobj_destroy(int fd, uint32_t syncobj);
/* deadline: absolute, CLOCK_MONOTONIC. -ETIME when it has passed. */
int kmd_syncobj_wait(int fd, uint32_t syncobj, int64_t deadline_ns);
int kmd_syncobj_import_sync_file(int fd, uint32_t syncobj, int sync_file);
int kmd_syncobj_export_sync_file(int fd, uint32_t syncobj, int *sync_file);
/* How a fence that has signalled ended: 0 or its error. */
int kmd_syncobj_status(int fd, uint32_t syncobj);

#endif

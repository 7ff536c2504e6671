/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_PRIME_H__
#define __APU_PRIME_H__

struct dma_buf;
struct dma_buf_attachment;
struct drm_device;
struct drm_file;
struct drm_gem_object;
struct sg_table;

struct dma_buf *apu_prime_export(struct drm_gem_object *obj, int flags);
struct drm_gem_object *apu_prime_import(struct drm_device *drm, struct dma_buf *dma_buf);
int apu_prime_fd_to_handle(struct drm_device *drm, struct drm_file *drm_file, int fd, u32 *handle);
struct drm_gem_object *apu_prime_import_sg_table(struct drm_device *drm,
						 struct dma_buf_attachment *attach,
						 struct sg_table *sgt);

#endif /* __APU_PRIME_H__ */

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_SUBMIT_H__
#define __APU_SUBMIT_H__

struct drm_device;
struct drm_file;

int apu_submit_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file);

#endif /* __APU_SUBMIT_H__ */

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_QOS_H__
#define __APU_QOS_H__

#include <linux/list.h>
#include <linux/types.h>

struct apu_ctx;
struct apu_device;
struct drm_device;
struct drm_file;

/**
 * struct apu_ctx_qos - what a context wants, in &apu_device.qos.active while it has jobs
 */
struct apu_ctx_qos {
	/** @node: in &apu_device.qos.active; all is protected by &apu_device.qos.lock */
	struct list_head node;
	/** @jobs: jobs that are submitted and not freed */
	u32 jobs;
	/** @boost: percent of the range of frequencies that is the least */
	u32 boost;
	/** @deadline_us: device time that a job may take, 0 if any */
	u32 deadline_us;
	/** @prefer_power: rather slow than thirsty */
	bool prefer_power;
};

int apu_qos_init(struct apu_device *adev);
void apu_qos_fini(struct apu_device *adev);

void apu_qos_get(struct apu_ctx *ctx);
void apu_qos_put(struct apu_ctx *ctx);

int apu_ctx_set_qos_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file);

#endif /* __APU_QOS_H__ */

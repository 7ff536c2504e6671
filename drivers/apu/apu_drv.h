/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_DRV_H__
#define __APU_DRV_H__

#include <drm/drm_file.h>
#include <linux/mutex.h>
#include <linux/xarray.h>

struct apu_client;
struct apu_device;

/**
 * struct apu_file - a client
 */
struct apu_file {
	/** @adev: APU */
	struct apu_device *adev;
	/** @client: what is counted */
	struct apu_client *client;
	/** @import_lock: imports come one after the other */
	struct mutex import_lock;
	/** @vms: address spaces by id */
	struct xarray vms;
	/** @ctxs: contexts by id */
	struct xarray ctxs;
};

static inline struct apu_file *to_apu_file(struct drm_file *drm_file)
{
	return drm_file->driver_priv;
}

#endif /* __APU_DRV_H__ */

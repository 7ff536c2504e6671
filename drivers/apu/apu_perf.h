/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_PERF_H__
#define __APU_PERF_H__

#include <linux/types.h>

#include "apu_device.h"

struct apu_ctx_record;
struct drm_file;
struct drm_printer;

/**
 * struct apu_perf - what the hardware has counted, summed up
 */
struct apu_perf {
	/** @jobs: jobs that have been in the hardware */
	u64 jobs;
	/** @classes: per engine class */
	struct {
		/** @classes.time_ns: time that engines were given to jobs */
		u64 time_ns;
		/** @classes.busy: cycles in commands other than WAIT */
		u64 busy;
		/** @classes.dram_bytes: bytes moved from and to memory */
		u64 dram_bytes;
		/** @classes.l1_bytes: bytes moved from and to L1 */
		u64 l1_bytes;
	} classes[APU_NUM_CLASSES];
};

void apu_perf_add(const struct apu_device *adev, struct apu_perf *perf,
		  const struct apu_ctx_record *record);
void apu_perf_show_fdinfo(struct drm_printer *p, struct drm_file *drm_file);

int apu_ctx_get_counters_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file);

#endif /* __APU_PERF_H__ */

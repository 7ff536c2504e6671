// SPDX-License-Identifier: GPL-2.0-only
#include <drm/gpu_scheduler.h>

struct drm_sched_init_args apu_probe;

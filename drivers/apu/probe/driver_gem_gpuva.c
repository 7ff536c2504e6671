// SPDX-License-Identifier: GPL-2.0-only
#include <drm/drm_drv.h>

enum drm_driver_feature apu_probe = DRIVER_GEM_GPUVA;

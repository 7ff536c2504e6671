// SPDX-License-Identifier: GPL-2.0-only
#include <drm/drm_gpuvm.h>

struct drm_gpuvm_map_req apu_probe;

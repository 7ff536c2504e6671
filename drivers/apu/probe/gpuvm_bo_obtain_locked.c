// SPDX-License-Identifier: GPL-2.0-only
#include <drm/drm_gpuvm.h>

void *apu_probe = drm_gpuvm_bo_obtain_locked;

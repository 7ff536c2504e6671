// SPDX-License-Identifier: GPL-2.0-only
#include <drm/drm_gem.h>

enum drm_gem_object_status apu_probe = DRM_GEM_OBJECT_ACTIVE;

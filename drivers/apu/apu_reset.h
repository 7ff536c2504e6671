/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_RESET_H__
#define __APU_RESET_H__

#include <linux/types.h>

struct apu_device;

int apu_reset_init(struct apu_device *adev);
bool apu_reset_slots(struct apu_device *adev, u32 mask);
void apu_reset_all(struct apu_device *adev, const char *why);
void apu_reset_all_locked(struct apu_device *adev, const char *why);
void apu_reset_unplug(struct apu_device *adev);

#endif /* __APU_RESET_H__ */

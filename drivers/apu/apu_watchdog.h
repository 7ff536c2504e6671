/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_WATCHDOG_H__
#define __APU_WATCHDOG_H__

struct apu_device;

int apu_watchdog_init(struct apu_device *adev);
void apu_watchdog_start(struct apu_device *adev, unsigned int slot);
void apu_watchdog_stop(struct apu_device *adev);
void apu_watchdog_unplug(struct apu_device *adev);

#endif /* __APU_WATCHDOG_H__ */

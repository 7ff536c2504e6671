/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_DEBUGFS_H__
#define __APU_DEBUGFS_H__

struct apu_device;

void apu_debugfs_init(struct apu_device *adev);

#endif /* __APU_DEBUGFS_H__ */

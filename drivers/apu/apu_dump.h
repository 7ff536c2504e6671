/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_DUMP_H__
#define __APU_DUMP_H__

struct apu_device;
struct apu_job;

int apu_dump_init(struct apu_device *adev);
void apu_dump_hang(struct apu_device *adev, unsigned int slot);
void apu_dump_failure(struct apu_job *job);

#endif /* __APU_DUMP_H__ */

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_DEVFREQ_H__
#define __APU_DEVFREQ_H__

struct apu_device;
struct apu_job;

int apu_devfreq_init(struct apu_device *adev);
void apu_devfreq_fini(struct apu_device *adev);

void apu_devfreq_suspend(struct apu_device *adev);
void apu_devfreq_resume(struct apu_device *adev);

void apu_devfreq_job(struct apu_device *adev, const struct apu_job *job);

#endif /* __APU_DEVFREQ_H__ */

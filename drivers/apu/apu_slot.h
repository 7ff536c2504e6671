/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_SLOT_H__
#define __APU_SLOT_H__

#include <linux/irqreturn.h>
#include <linux/types.h>

struct apu_ctx;
struct apu_device;
struct apu_job;
struct dma_fence;

int apu_slots_init(struct apu_device *adev);
void apu_slots_init_regs(struct apu_device *adev);
irqreturn_t apu_slots_irq(int irq, void *data);

struct dma_fence *apu_slots_wait(struct apu_device *adev);
void apu_slot_start(struct apu_device *adev, struct apu_job *job);
void apu_slots_restart(struct apu_device *adev);
void apu_slots_abort_ctx(struct apu_device *adev, struct apu_ctx *ctx);
void apu_slots_reap(struct apu_device *adev);
void apu_slots_fail(struct apu_device *adev, u32 mask, u32 status);
u32 apu_slots_busy(struct apu_device *adev);

#endif /* __APU_SLOT_H__ */

/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the driver shows to its unit tests only (tests/): where there is no KUnit,
 * these functions are static. Those that other files declare are not here.
 */
#ifndef __APU_KUNIT_H__
#define __APU_KUNIT_H__

#include <kunit/visibility.h>

#if IS_ENABLED(CONFIG_KUNIT)

#include <linux/ktime.h>
#include <linux/types.h>

struct apu_ctx;
struct apu_ctx_record;
struct apu_device;
struct apu_info;
struct apu_job;
struct apu_vm;
struct dma_fence;
struct drm_apu_job;
struct drm_apu_job_stats;
struct drm_apu_stream;
struct drm_apu_sync_op;
struct drm_apu_vm_bind_op;

u32 apu_ctx_cause(u32 status);
void apu_job_stats_fill(struct drm_apu_job_stats *args, const struct apu_ctx_record *record,
			const struct apu_device *adev);

u64 apu_pt_spans(u64 va, u64 size, u64 span);
size_t apu_pt_page_size(u64 addr, u64 size, size_t *count);

void apu_devfreq_load(struct apu_device *adev, unsigned long *busy, unsigned long *total);

unsigned int apu_core_find_opp(void __iomem *regs, unsigned long rate);

bool apu_slot_check_hung(struct apu_device *adev, unsigned int slot, u32 running, u32 run_us,
			 ktime_t now, ktime_t *next);
u32 apu_slots_still_hung(struct apu_device *adev, u32 mask);
u32 apu_watchdog_find_hung(struct apu_device *adev);

u16 apu_slot_after(struct apu_device *adev, const struct apu_job *job);
int apu_status_to_errno(u32 status, const struct apu_job *job);

bool apu_job_valid(const struct apu_info *info, const struct drm_apu_job *in);
bool apu_stream_valid(const struct apu_info *info, const struct drm_apu_stream *in);
int apu_deps_to_mask(const u32 *deps, u32 count, u32 index, u64 *mask);
u64 apu_fence_to_seqno(const struct apu_ctx *ctx, const struct dma_fence *fence);
bool apu_sync_op_valid(const struct drm_apu_sync_op *op);

bool apu_bind_in_bo(const struct drm_apu_vm_bind_op *op, u64 bo_size);
int apu_vm_bind_check(struct apu_vm *vm, const struct drm_apu_vm_bind_op *op);

#endif

#endif /* __APU_KUNIT_H__ */

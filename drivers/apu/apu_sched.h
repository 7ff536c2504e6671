/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_SCHED_H__
#define __APU_SCHED_H__

#include <drm/gpu_scheduler.h>
#include <linux/list.h>
#include <linux/workqueue.h>

#include "apu_fence.h"
#include "apu_regs.h"

struct apu_ctx;
struct apu_device;

/**
 * struct apu_job - a gang of streams on its way through the hardware
 */
struct apu_job {
	/** @fence: what others wait for, from arming on; its last reference frees the job */
	struct apu_fence fence;
	/** @base: what the scheduler knows, if @queued */
	struct drm_sched_job base;
	/** @queued: @base is initialized: the job goes through the scheduler */
	bool queued;
	/** @ctx: context; the job holds a reference until it retires */
	struct apu_ctx *ctx;
	/** @seqno: number in the context, from 1 */
	u64 seqno;
	/** @barrier: all jobs of the context up to this one must end first */
	u64 barrier;
	/** @first_seqno: seqno of the first job of the submit */
	u64 first_seqno;
	/** @deps: jobs of the submit to wait for, counted from @first_seqno */
	u64 deps;
	/** @streams: the gang, as the hardware wants it */
	struct apu_stream_desc streams[APU_MAX_STREAMS];
	/** @num_streams: how many of them */
	u32 num_streams;
	/** @l1_kib: L1 that they need */
	u32 l1_kib;
	/** @time_limit_us: device-time limit */
	u32 time_limit_us;
	/** @classes: engine classes that they need */
	u32 classes;
	/** @pm_held: there is a power reference on @classes, and the context's QoS counts */
	bool pm_held;

	/**
	 * @node: in &apu_ctx.waiting, then &apu_ctx.inflight; this and what follows is
	 * protected by &apu_device.job_lock
	 */
	struct list_head node;
	/** @ended: the job ended, @result and @record are valid */
	bool ended;
	/** @hung: the watchdog ended it */
	bool hung;
	/** @no_engine: it was stopped because engines that it needs are lost */
	bool no_engine;
	/** @result: 0 or a negative error code */
	int result;
	/** @record: the hardware's completion record */
	struct apu_job_completion record;
};

static inline struct apu_job *to_apu_job(struct drm_sched_job *sched_job)
{
	return container_of(sched_job, struct apu_job, base);
}

/* Whether @job must come after @other, an earlier one of the same context. */
static inline bool apu_job_depends_on(const struct apu_job *job, const struct apu_job *other)
{
	return other->seqno <= job->barrier ||
	       (other->first_seqno == job->first_seqno &&
		job->deps & BIT_ULL(other->seqno - other->first_seqno));
}

int apu_sched_init(struct apu_device *adev);
void apu_sched_queue_free(struct work_struct *work);

struct apu_job *apu_job_create(struct apu_ctx *ctx);
void apu_job_free(struct apu_job *job);
void apu_job_release(struct apu_job *job);
void apu_job_run(struct apu_job *job);
void apu_job_push(struct apu_job *job);

u32 apu_sched_reserve(struct apu_ctx *ctx, u32 count);
void apu_sched_unreserve(struct apu_device *adev, u32 count);
int apu_sched_drain(struct apu_device *adev);
void apu_sched_go_on(struct apu_device *adev);

void apu_job_end(struct apu_job *job, int result);

int apu_sched_module_init(void);
void apu_sched_module_exit(void);

#endif /* __APU_SCHED_H__ */

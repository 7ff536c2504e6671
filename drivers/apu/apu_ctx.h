/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_CTX_H__
#define __APU_CTX_H__

#include <drm/gpu_scheduler.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/workqueue.h>

#include <drm/apu_accel.h>

#include "apu_perf.h"
#include "apu_qos.h"
#include "apu_regs.h"

struct apu_client;
struct apu_device;
struct apu_file;
struct apu_job;
struct apu_vm;

/* Jobs that JOB_STATS remembers; part of the UAPI. */
#define APU_CTX_RECORDS		64

/**
 * struct apu_ctx_record - what is left of a job
 */
struct apu_ctx_record {
	/** @seqno: the job */
	u64 seqno;
	/** @result: what its fence says */
	int result;
	/** @num_streams: streams of the job */
	u32 num_streams;
	/** @classes: engine class of each stream */
	u8 classes[APU_MAX_STREAMS];
	/** @hw: the hardware's record, zero if the job did not get there */
	struct apu_job_completion hw;
};

/**
 * struct apu_ctx - an ordered queue of jobs
 */
struct apu_ctx {
	/** @ref: the id and every job that has not retired hold references */
	struct kref ref;
	/** @free_work: frees the context when its last job has gone */
	struct work_struct free_work;
	/** @adev: APU; alive as long as @vm */
	struct apu_device *adev;
	/** @vm: address space */
	struct apu_vm *vm;
	/** @entity: the scheduler's queue */
	struct drm_sched_entity entity;
	/** @hw_priority: priority in the hardware of jobs to come; protected by job_lock */
	u8 hw_priority;
	/** @qos: what the context wants of the clock */
	struct apu_ctx_qos qos;
	/** @client: whose context it is */
	struct apu_client *client;
	/** @fence_context: context of the jobs' fences */
	u64 fence_context;
	/** @last_seqno: last job submitted; protected by the VM's reservation */
	u64 last_seqno;

	/** @moves: @entity has a new priority; protected by the VM's reservation */
	bool moves;

	/** @pushed: the scheduler has a job that is not run yet; from here: job_lock */
	bool pushed;
	/** @waiting: jobs that come after that one, in order */
	struct list_head waiting;
	/** @inflight: jobs that were run, in order */
	struct list_head inflight;
	/** @done_seqno: last job whose fence has signalled */
	u64 done_seqno;
	/** @closed: the id is gone, do not start more jobs */
	bool closed;
	/** @fail: the job that killed the context; alive while @fail.cause is NONE */
	struct {
		/** @fail.cause: &enum drm_apu_ctx_cause */
		u32 cause;
		/** @fail.record: the job */
		struct apu_ctx_record record;
	} fail;
	/** @job_cycles: cycles of a job, as a rule: falls slowly; written with job_lock */
	u64 job_cycles;
	/** @perf: sums over all jobs */
	struct apu_perf perf;
	/** @records: last jobs, by seqno modulo their number */
	struct apu_ctx_record records[APU_CTX_RECORDS];
};

struct apu_ctx *apu_ctx_lookup(struct apu_file *file, u32 id);
struct apu_ctx *apu_ctx_get(struct apu_ctx *ctx);
void apu_ctx_put(struct apu_ctx *ctx);
void apu_ctx_put_later(struct apu_ctx *ctx);
void apu_ctx_close_all(struct apu_file *file);

int apu_ctx_check_priority(u32 priority);
int apu_ctx_set_priority(struct apu_ctx *ctx, u32 priority);
void apu_ctx_settle_priority(struct apu_ctx *ctx);
bool apu_ctx_is_dead(struct apu_ctx *ctx);
void apu_ctx_retire(struct apu_ctx *ctx);

int apu_ctx_create_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file);
int apu_ctx_destroy_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file);
int apu_ctx_get_state_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file);
int apu_job_stats_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file);

#endif /* __APU_CTX_H__ */

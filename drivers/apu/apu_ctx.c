// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts: ordered queues, their death, and what is remembered of their jobs.
 *
 * Jobs of a context may overlap in the hardware. Their fences signal in order:
 * a job that has ended waits in &apu_ctx.inflight until all before it have ended,
 * see apu_ctx_retire(). That is also where a failure takes effect, so that the
 * first failure in the order of submission kills the context, whatever the order
 * in time, and all jobs after it get -ECANCELED.
 *
 * Lifetime: the id holds a reference, and so does every job from its creation until
 * it retires. A context that is closed keeps its entity until the scheduler has run
 * (that is, cancelled) the last job.
 */

#include <linux/capability.h>
#include <linux/dma-resv.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "apu_client.h"
#include "apu_ctx.h"
#include "apu_device.h"
#include "apu_dump.h"
#include "apu_drv.h"
#include "apu_engine.h"
#include "apu_kunit.h"
#include "apu_sched.h"
#include "apu_slot.h"
#include "apu_sync.h"
#include "apu_vm.h"
#include "compat.h"

static const struct {
	enum drm_sched_priority sched;
	u8 hw;
} apu_priorities[] = {
	[DRM_APU_PRIORITY_LOW] = { DRM_SCHED_PRIORITY_LOW, 0 },
	[DRM_APU_PRIORITY_NORMAL] = { DRM_SCHED_PRIORITY_NORMAL, 1 },
	[DRM_APU_PRIORITY_HIGH] = { DRM_SCHED_PRIORITY_HIGH, 2 },
};

static void apu_ctx_free_work(struct work_struct *work)
{
	struct apu_ctx *ctx = container_of(work, struct apu_ctx, free_work);

	/* The last job's reference is dropped in the midst of apu_ctx_retire(). */
	spin_lock_irq(&ctx->adev->job_lock);
	spin_unlock_irq(&ctx->adev->job_lock);

	drm_sched_entity_fini(&ctx->entity);
	apu_client_put(ctx->client);
	apu_vm_put(ctx->vm);
	kvfree(ctx);
}

static void apu_ctx_release(struct kref *ref)
{
	apu_ctx_free_work(&container_of(ref, struct apu_ctx, ref)->free_work);
}

static void apu_ctx_release_later(struct kref *ref)
{
	apu_sched_queue_free(&container_of(ref, struct apu_ctx, ref)->free_work);
}

/**
 * apu_ctx_put() - Drop a reference
 * @ctx: context
 *
 * May sleep, and must not be called where a fence waits for the caller.
 */
void apu_ctx_put(struct apu_ctx *ctx)
{
	kref_put(&ctx->ref, apu_ctx_release);
}

/**
 * apu_ctx_put_later() - Drop a reference, wherever the caller is
 * @ctx: context
 *
 * A worker does what is to be done after the last one.
 */
void apu_ctx_put_later(struct apu_ctx *ctx)
{
	kref_put(&ctx->ref, apu_ctx_release_later);
}

/**
 * apu_ctx_get() - Take a reference
 * @ctx: context
 *
 * Return: @ctx.
 */
struct apu_ctx *apu_ctx_get(struct apu_ctx *ctx)
{
	kref_get(&ctx->ref);

	return ctx;
}

/**
 * apu_ctx_lookup() - Find a client's context
 * @file: client
 * @id: id
 *
 * Return: The context with a reference taken, or NULL.
 */
struct apu_ctx *apu_ctx_lookup(struct apu_file *file, u32 id)
{
	struct apu_ctx *ctx;

	xa_lock(&file->ctxs);
	ctx = xa_load(&file->ctxs, id);
	if (ctx)
		apu_ctx_get(ctx);
	xa_unlock(&file->ctxs);

	return ctx;
}

static struct apu_ctx *apu_ctx_create(struct apu_file *file, struct apu_vm *vm, u32 priority)
{
	struct apu_device *adev = file->adev;
	struct drm_gpu_scheduler *sched = &adev->sched;
	struct apu_ctx *ctx;
	int ret;

	ctx = kvzalloc_obj(*ctx, GFP_KERNEL_ACCOUNT);
	if (!ctx)
		return ERR_PTR(-ENOMEM);

	kref_init(&ctx->ref);
	INIT_WORK(&ctx->free_work, apu_ctx_free_work);
	ctx->adev = adev;
	ctx->hw_priority = apu_priorities[priority].hw;
	ctx->fence_context = dma_fence_context_alloc(1);
	INIT_LIST_HEAD(&ctx->waiting);
	INIT_LIST_HEAD(&ctx->inflight);

	ret = drm_sched_entity_init(&ctx->entity, apu_priorities[priority].sched, &sched, 1, NULL);
	if (ret) {
		kvfree(ctx);
		return ERR_PTR(ret);
	}
	ctx->client = apu_client_get(file->client);
	ctx->vm = apu_vm_get(vm);

	return ctx;
}

/* Jobs that have not started end with -ECANCELED, jobs that run, end. */
static void apu_ctx_close(struct apu_ctx *ctx)
{
	spin_lock_irq(&ctx->adev->job_lock);
	ctx->closed = true;
	spin_unlock_irq(&ctx->adev->job_lock);

	apu_ctx_put(ctx);
}

/**
 * apu_ctx_close_all() - Close all contexts of a client that leaves
 * @file: client
 */
void apu_ctx_close_all(struct apu_file *file)
{
	struct apu_ctx *ctx;
	unsigned long id;

	xa_for_each(&file->ctxs, id, ctx)
		apu_ctx_close(ctx);
	xa_destroy(&file->ctxs);
}

VISIBLE_IF_KUNIT u32 apu_ctx_cause(u32 status)
{
	switch (status) {
	case APU_JOB_STATUS_TIMEOUT:
		return DRM_APU_CTX_CAUSE_TIMEOUT;
	case APU_JOB_STATUS_ABORTED:
		/* By the watchdog; those of dead contexts do not come here. */
		return DRM_APU_CTX_CAUSE_TIMEOUT;
	case APU_JOB_STATUS_BAD_COMMAND:
		return DRM_APU_CTX_CAUSE_COMMAND;
	case APU_JOB_STATUS_BAD_REGION:
		return DRM_APU_CTX_CAUSE_REGION;
	case APU_JOB_STATUS_MMU_FAULT:
		return DRM_APU_CTX_CAUSE_MMU;
	default:
		return DRM_APU_CTX_CAUSE_HARDWARE;
	}
}
EXPORT_SYMBOL_IF_KUNIT(apu_ctx_cause);

static void apu_ctx_record(const struct apu_job *job, struct apu_ctx_record *record)
{
	u32 i;

	record->seqno = job->seqno;
	record->result = job->result;
	record->num_streams = job->num_streams;
	for (i = 0; i < job->num_streams; i++)
		record->classes[i] = job->streams[i].engine_class;
	record->hw = job->record;
}

static void apu_ctx_kill(struct apu_ctx *ctx, struct apu_job *job)
{
	ctx->fail.cause = apu_ctx_cause(le32_to_cpu(job->record.status));
	apu_ctx_record(job, &ctx->fail.record);
	drm_dbg(&ctx->adev->base, "job %llu of a context failed: %d\n", job->seqno, job->result);

	apu_dump_failure(job);
	apu_slots_abort_ctx(ctx->adev, ctx);
}

/* What the next jobs will take: the worst, but not for ever. */
static void apu_ctx_learn_cycles(struct apu_ctx *ctx, u64 cycles)
{
	u64 known = ctx->job_cycles;

	WRITE_ONCE(ctx->job_cycles, cycles >= known ? cycles : known - (known - cycles) / 8);
}

/**
 * apu_ctx_retire() - Signal the fences of jobs whose turn has come
 * @ctx: context; &apu_device.job_lock is held
 */
void apu_ctx_retire(struct apu_ctx *ctx)
{
	struct apu_job *job;

	lockdep_assert_held(&ctx->adev->job_lock);

	while ((job = list_first_entry_or_null(&ctx->inflight, struct apu_job, node)) &&
	       job->ended) {
		struct dma_fence *fence = &job->fence.base;
		struct apu_ctx_record *record;

		list_del(&job->node);

		if (ctx->fail.cause != DRM_APU_CTX_CAUSE_NONE)
			job->result = -ECANCELED;
		else if (job->result && job->result != -ECANCELED && job->result != -ENODEV)
			apu_ctx_kill(ctx, job);

		record = &ctx->records[job->seqno % APU_CTX_RECORDS];
		apu_ctx_record(job, record);
		apu_perf_add(ctx->adev, &ctx->perf, record);
		if (!job->result)
			apu_ctx_learn_cycles(ctx, le64_to_cpu(record->hw.cycles));
		apu_perf_add(ctx->adev, &ctx->client->perf, record);
		ctx->done_seqno = job->seqno;

		if (job->result)
			dma_fence_set_error(fence, job->result);
		/* First: who has waited for the job finds power as the job has left it. */
		apu_job_release(job);
		dma_fence_signal(fence);
		dma_fence_put(fence);
	}
}
EXPORT_SYMBOL_IF_KUNIT(apu_ctx_retire);

/**
 * apu_ctx_check_priority() - Whether the caller may have a priority
 * @priority: &enum drm_apu_priority
 *
 * Return: 0, -EINVAL if there is no such priority, or -EACCES.
 */
int apu_ctx_check_priority(u32 priority)
{
	if (priority >= ARRAY_SIZE(apu_priorities))
		return -EINVAL;
	if (priority > DRM_APU_PRIORITY_NORMAL && !capable(CAP_SYS_NICE))
		return -EACCES;

	return 0;
}

/**
 * apu_ctx_set_priority() - Change a context's priority
 * @ctx: context
 * @priority: &enum drm_apu_priority, checked
 *
 * Counts for jobs that are yet to be given to the hardware. The scheduler's queue
 * moves when it is empty, see apu_ctx_settle_priority().
 *
 * Return: 0, or -EINTR.
 */
int apu_ctx_set_priority(struct apu_ctx *ctx, u32 priority)
{
	struct dma_resv *resv = drm_gpuvm_resv(&ctx->vm->base);
	struct apu_device *adev = ctx->adev;
	int ret;

	/* Jobs are armed under it. */
	ret = dma_resv_lock_interruptible(resv, NULL);
	if (ret)
		return ret;

	drm_sched_entity_set_priority(&ctx->entity, apu_priorities[priority].sched);
	ctx->moves = true;
	dma_resv_unlock(resv);

	spin_lock_irq(&adev->job_lock);
	ctx->hw_priority = apu_priorities[priority].hw;
	spin_unlock_irq(&adev->job_lock);

	return 0;
}

/**
 * apu_ctx_settle_priority() - Have jobs to come queue with a new priority
 * @ctx: context; its address space's reservation is locked, and a job is to be armed
 *
 * Arming moves the scheduler's queue, and must not while jobs are put into it by
 * apu_sched_run_job(): then the context stays where it is until it has none waiting.
 */
void apu_ctx_settle_priority(struct apu_ctx *ctx)
{
	bool pushed;

	if (!ctx->moves)
		return;

	spin_lock_irq(&ctx->adev->job_lock);
	pushed = ctx->pushed;
	spin_unlock_irq(&ctx->adev->job_lock);
	if (pushed)
		return;

	ctx->moves = false;
	drm_sched_entity_modify_sched(&ctx->entity, &ctx->adev->sched_list, 1);
}

/**
 * apu_ctx_is_dead() - Whether a context takes no jobs any more
 * @ctx: context
 *
 * Return: Whether it has failed or is closed.
 */
bool apu_ctx_is_dead(struct apu_ctx *ctx)
{
	bool dead;

	spin_lock_irq(&ctx->adev->job_lock);
	dead = ctx->closed || ctx->fail.cause != DRM_APU_CTX_CAUSE_NONE;
	spin_unlock_irq(&ctx->adev->job_lock);

	return dead;
}

int apu_ctx_create_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct apu_file *file = to_apu_file(drm_file);
	struct drm_apu_ctx_create *args = data;
	struct apu_ctx *ctx;
	struct apu_vm *vm;
	int ret;

	if (args->flags)
		return -EINVAL;

	ret = apu_ctx_check_priority(args->priority);
	if (ret)
		return ret;

	vm = apu_vm_lookup(file, args->vm_id);
	if (!vm)
		return -ENOENT;

	ctx = apu_ctx_create(file, vm, args->priority);
	apu_vm_put(vm);
	if (IS_ERR(ctx))
		return PTR_ERR(ctx);

	ret = xa_alloc(&file->ctxs, &args->id, ctx, XA_LIMIT(1, APU_MAX_CTXS), GFP_KERNEL);
	if (ret)
		apu_ctx_put(ctx);

	return ret;
}

int apu_ctx_destroy_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct drm_apu_ctx_destroy *args = data;
	struct apu_ctx *ctx;

	if (args->pad)
		return -EINVAL;

	ctx = xa_erase(&to_apu_file(drm_file)->ctxs, args->id);
	if (!ctx)
		return -ENOENT;

	apu_ctx_close(ctx);

	return 0;
}

int apu_ctx_get_state_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct apu_device *adev = to_apu_device(drm);
	struct drm_apu_ctx_get_state *args = data;
	const struct apu_ctx_record *record;
	struct apu_ctx *ctx;
	int ret = 0;

	if (args->flags || (args->point && !args->syncobj))
		return -EINVAL;

	ctx = apu_ctx_lookup(to_apu_file(drm_file), args->id);
	if (!ctx)
		return -ENOENT;

	if (args->syncobj) {
		ret = apu_syncobj_wait(drm_file, args->syncobj, args->point, args->timeout_ns);
		if (ret)
			goto out_put;
	}

	*args = (struct drm_apu_ctx_get_state) { .id = args->id };

	spin_lock_irq(&adev->job_lock);
	record = &ctx->fail.record;
	args->cause = ctx->fail.cause;
	if (args->cause != DRM_APU_CTX_CAUSE_NONE) {
		args->seqno = record->seqno;
		args->stream = record->hw.fail_stream;
		if (args->stream < record->num_streams)
			args->engine_class = record->classes[args->stream];
		args->cmd_offset = le32_to_cpu(record->hw.fail_offset);
		args->in_call = record->hw.fail_in_call;
		if (args->cause == DRM_APU_CTX_CAUSE_MMU)
			args->fault_va = le64_to_cpu(record->hw.fault_va);
	}
	spin_unlock_irq(&adev->job_lock);

out_put:
	apu_ctx_put(ctx);

	return ret;
}

VISIBLE_IF_KUNIT void apu_job_stats_fill(struct drm_apu_job_stats *args,
					 const struct apu_ctx_record *record,
					 const struct apu_device *adev)
{
	u64 engines = le64_to_cpu(record->hw.engines);
	u32 i, index, class;

	args->num_streams = record->num_streams;
	args->status = record->result;
	args->start = le64_to_cpu(record->hw.start);
	args->end = le64_to_cpu(record->hw.end);
	args->cycles = le64_to_cpu(record->hw.cycles);

	for (i = 0; i < record->num_streams; i++) {
		struct drm_apu_stream_stats *out = &args->streams[i];
		const struct apu_stream_stat *in = &record->hw.streams[i];

		/* Engines are numbered over all classes. */
		index = (engines >> (8 * i)) & 0xff;
		for (class = 0; class < record->classes[i]; class++)
			index -= min(index, adev->info.num[class]);

		out->engine_class = record->classes[i];
		out->engine_instance = index;
		out->cycles = le64_to_cpu(in->cycles);
		out->busy = le64_to_cpu(in->busy);
		out->dram_bytes = le64_to_cpu(in->dram_bytes);
		out->l1_bytes = le64_to_cpu(in->l1_bytes);
	}
}
EXPORT_SYMBOL_IF_KUNIT(apu_job_stats_fill);

int apu_job_stats_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct apu_device *adev = to_apu_device(drm);
	struct drm_apu_job_stats *args = data;
	const struct apu_ctx_record *record;
	struct apu_ctx *ctx;
	u64 last_seqno;
	int ret = 0;

	if (args->flags)
		return -EINVAL;

	ctx = apu_ctx_lookup(to_apu_file(drm_file), args->ctx_id);
	if (!ctx)
		return -ENOENT;

	*args = (struct drm_apu_job_stats) { .ctx_id = args->ctx_id, .seqno = args->seqno };
	last_seqno = READ_ONCE(ctx->last_seqno);

	spin_lock_irq(&adev->job_lock);
	record = &ctx->records[args->seqno % APU_CTX_RECORDS];
	if (!args->seqno || args->seqno > last_seqno)
		ret = -ENOENT;
	else if (args->seqno > ctx->done_seqno)
		ret = -EAGAIN;
	else if (record->seqno != args->seqno)
		ret = -ENOENT;
	else
		apu_job_stats_fill(args, record, adev);
	spin_unlock_irq(&adev->job_lock);

	apu_ctx_put(ctx);

	return ret;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Submit: all jobs or none.
 *
 * The first half may fail: it copies and checks what user space gave, allocates
 * all memory, powers the engines, locks reservations and collects the fences to
 * wait for. The second half, from the first armed job on, may not: it numbers and
 * arms the jobs, publishes their fences, and runs the jobs or pushes them to the
 * scheduler, all under the reservation of the address space, which is what makes the
 * order of jobs in the context the order of their numbers.
 *
 * Dependencies on fences of the same context are a number: as these signal in
 * order, waiting for one means waiting for all jobs up to it. For jobs of the same
 * submit this is resolved in the second half, when the fences of earlier ones are in
 * the reservations already. All others are given to the scheduler.
 */

#include <linux/dma-resv.h>
#include <linux/idr.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_exec.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>

#include <drm/apu_accel.h>

#include "apu_arena.h"
#include "apu_ctx.h"
#include "apu_device.h"
#include "apu_drv.h"
#include "apu_gem.h"
#include "apu_kunit.h"
#include "apu_sched.h"
#include "apu_submit.h"
#include "apu_sync.h"
#include "apu_trace.h"
#include "apu_uaccess.h"
#include "apu_vm.h"
#include "compat.h"

#define APU_MAX_BOS	1024

/*
 * Fences that one submit can add to a buffer: a later fence of a context takes the
 * place of an earlier one of the same usage, so one for each usage.
 */
#define APU_FENCES_PER_BO	3

static_assert(DRM_APU_MAX_JOBS <= 64, "struct apu_job.deps has one bit each");
static_assert(DRM_APU_MAX_STREAMS == APU_MAX_STREAMS);

struct apu_submit_bo {
	struct drm_gem_object *obj;
	bool write;
};

struct apu_submit_job {
	struct apu_submit *submit;
	struct apu_job *job;
	struct apu_syncs syncs;
	struct apu_submit_bo *bos;
	u32 num_bos;
};

struct apu_submit {
	struct apu_device *adev;
	struct drm_file *drm_file;
	struct apu_ctx *ctx;
	/* Holds all arrays here, and copies of the client's. */
	struct apu_arena *arena;
	struct drm_exec exec;
	struct apu_submit_job *jobs;
	u32 num_jobs;
	/* Jobs that slots are reserved for. */
	u32 num_slots;
	/*
	 * Objects of the address space; in @exec they come before those of lists only,
	 * but for one that drm_exec had to wait for.
	 */
	u32 num_vm_objs;
	/* Job that is looked at: the one to blame. */
	u32 index;
};

VISIBLE_IF_KUNIT bool apu_job_valid(const struct apu_info *info, const struct drm_apu_job *in)
{
	return !in->flags && !in->pad && in->streams.count && in->l1_kib <= info->l1_kib &&
	       in->time_limit_us <= APU_MAX_TIME_LIMIT_US;
}
EXPORT_SYMBOL_IF_KUNIT(apu_job_valid);

VISIBLE_IF_KUNIT bool apu_stream_valid(const struct apu_info *info,
				       const struct drm_apu_stream *in)
{
	u64 va_end = BIT_ULL(info->va_bits);

	return in->engine_class < APU_NUM_CLASSES && in->bytes && in->bytes % 8 == 0 &&
	       in->bytes <= APU_MAX_STREAM_BYTES && in->va % 8 == 0 && in->va < va_end &&
	       in->bytes <= va_end - in->va;
}
EXPORT_SYMBOL_IF_KUNIT(apu_stream_valid);

/* Earlier jobs only, so there are no cycles. */
VISIBLE_IF_KUNIT int apu_deps_to_mask(const u32 *deps, u32 count, u32 index, u64 *mask)
{
	u32 i;

	for (i = 0; i < count; i++) {
		if (deps[i] >= index)
			return -EINVAL;
		*mask |= BIT_ULL(deps[i]);
	}

	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(apu_deps_to_mask);

static int apu_submit_streams(struct apu_submit *submit, struct apu_job *job,
			      const struct drm_apu_obj_array *array)
{
	const struct apu_info *info = &submit->adev->info;
	struct drm_apu_stream *streams;
	u32 used[APU_NUM_CLASSES] = {};
	int ret = 0;
	u32 i;

	streams = APU_COPY_ARRAY(submit->arena, array, DRM_APU_MAX_STREAMS, struct drm_apu_stream,
				 va);
	if (IS_ERR(streams))
		return PTR_ERR(streams);

	for (i = 0; i < array->count; i++) {
		const struct drm_apu_stream *in = &streams[i];
		struct apu_stream_desc *out = &job->streams[i];

		if (!apu_stream_valid(info, in) ||
		    used[in->engine_class]++ >= info->num[in->engine_class]) {
			ret = -EINVAL;
			break;
		}

		out->engine_class = in->engine_class;
		out->bytes = cpu_to_le32(in->bytes);
		out->va = cpu_to_le64(in->va);
		job->classes |= BIT(in->engine_class);
	}
	job->num_streams = array->count;

	return ret;
}

static int apu_submit_deps(struct apu_submit *submit, struct apu_job *job,
			   const struct drm_apu_obj_array *array)
{
	u32 *deps;

	deps = apu_copy_array(submit->arena, array, DRM_APU_MAX_JOBS, sizeof(*deps),
			      sizeof(*deps));
	if (IS_ERR(deps))
		return PTR_ERR(deps);

	return apu_deps_to_mask(deps, array->count, submit->index, &job->deps);
}

/* The number of the job that a fence of its context belongs to, 0 if it is another's. */
VISIBLE_IF_KUNIT u64 apu_fence_to_seqno(const struct apu_ctx *ctx, const struct dma_fence *fence)
{
	return fence->context == ctx->fence_context ? fence->seqno : 0;
}
EXPORT_SYMBOL_IF_KUNIT(apu_fence_to_seqno);

/* The job is for the scheduler. */
static int apu_submit_queue(struct apu_submit *submit, struct apu_job *job)
{
	int ret;

	if (job->queued)
		return 0;

	ret = drm_sched_job_init(&job->base, &submit->ctx->entity, 1, submit->drm_file,
				 submit->drm_file->client_id);
	job->queued = !ret;

	return ret;
}

static int apu_submit_wait_for(struct apu_submit_job *sj, struct dma_fence *fence)
{
	struct apu_job *job = sj->job;
	u64 seqno = apu_fence_to_seqno(job->ctx, fence);
	int ret;

	if (seqno) {
		job->barrier = max(job->barrier, seqno);
		return 0;
	}
	if (dma_fence_is_signaled(fence))
		return 0;

	ret = apu_submit_queue(sj->submit, job);

	return ret ?: drm_sched_job_add_dependency(&job->base, dma_fence_get(fence));
}

static int apu_submit_wait_for_sync(void *priv, struct dma_fence *fence)
{
	int ret = apu_submit_wait_for(priv, fence);

	dma_fence_put(fence);

	return ret;
}

static int apu_submit_bo(struct drm_file *drm_file, struct apu_submit_job *sj,
			 const struct drm_apu_bo_ref *ref)
{
	struct drm_gem_object *obj;

	lockdep_assert_held(&drm_file->table_lock);

	if (ref->flags & ~DRM_APU_BO_REF_WRITE)
		return -EINVAL;
	obj = idr_find(&drm_file->object_idr, ref->handle);
	if (!obj)
		return -ENOENT;
	/* Its reservation is the whole address space's. */
	if (to_apu_bo(obj)->vm_obj)
		return -EINVAL;

	drm_gem_object_get(obj);
	sj->bos[sj->num_bos].obj = obj;
	sj->bos[sj->num_bos].write = ref->flags & DRM_APU_BO_REF_WRITE;
	sj->num_bos++;

	return 0;
}

static int apu_submit_bos(struct apu_submit *submit, struct apu_submit_job *sj,
			  const struct drm_apu_obj_array *array)
{
	struct drm_apu_bo_ref *refs;
	int ret = 0;
	u32 i;

	refs = APU_COPY_ARRAY(submit->arena, array, APU_MAX_BOS, struct drm_apu_bo_ref, flags);
	if (IS_ERR_OR_NULL(refs))
		return PTR_ERR_OR_ZERO(refs);

	sj->bos = apu_arena_alloc(submit->arena, array->count, sizeof(*sj->bos));
	if (!sj->bos)
		return -ENOMEM;

	/* Like drm_gem_object_lookup(), but locks once. */
	spin_lock(&submit->drm_file->table_lock);
	for (i = 0; !ret && i < array->count; i++)
		ret = apu_submit_bo(submit->drm_file, sj, &refs[i]);
	spin_unlock(&submit->drm_file->table_lock);

	return ret;
}

static int apu_submit_prepare_job(struct apu_submit *submit, const struct drm_apu_job *in)
{
	struct apu_submit_job *sj = &submit->jobs[submit->index];
	struct apu_job *job;
	int ret;

	if (!apu_job_valid(&submit->adev->info, in))
		return -EINVAL;

	job = apu_job_create(submit->ctx);
	if (IS_ERR(job))
		return PTR_ERR(job);
	sj->submit = submit;
	sj->job = job;

	job->l1_kib = in->l1_kib;
	job->time_limit_us = in->time_limit_us ?: APU_MAX_TIME_LIMIT_US;

	ret = apu_submit_streams(submit, job, &in->streams);
	if (!ret)
		ret = apu_submit_deps(submit, job, &in->deps);
	if (!ret)
		ret = apu_syncs_init(&sj->syncs, submit->arena, submit->drm_file, &in->syncs,
				     apu_submit_wait_for_sync, sj);
	if (!ret)
		ret = apu_submit_bos(submit, sj, &in->bos);

	return ret;
}

static int apu_submit_power(struct apu_submit *submit)
{
	int ret;
	u32 i;

	for (i = 0; i < submit->num_jobs; i++) {
		struct apu_job *job = submit->jobs[i].job;

		ret = apu_pm_get(submit->adev, job->classes);
		if (ret)
			return ret;
		apu_qos_get(job->ctx);
		job->pm_held = true;
	}

	return 0;
}

static int apu_submit_lock_bos(struct apu_submit *submit)
{
	int ret;
	u32 i, j;

	for (i = 0; i < submit->num_jobs; i++) {
		for (j = 0; j < submit->jobs[i].num_bos; j++) {
			ret = drm_exec_prepare_obj(&submit->exec, submit->jobs[i].bos[j].obj,
						   APU_FENCES_PER_BO);
			if (ret)
				return ret;
		}
	}

	return 0;
}

static int apu_submit_lock(struct apu_submit *submit)
{
	struct drm_gpuvm *gpuvm = &submit->ctx->vm->base;
	struct drm_exec *exec = &submit->exec;
	int ret = 0;

	drm_exec_until_all_locked(exec) {
		ret = drm_gpuvm_prepare_vm(gpuvm, exec, APU_FENCES_PER_BO);
		drm_exec_retry_on_contention(exec);
		if (ret)
			break;

		ret = drm_gpuvm_prepare_objects(gpuvm, exec, APU_FENCES_PER_BO);
		drm_exec_retry_on_contention(exec);
		if (ret)
			break;
		submit->num_vm_objs = exec->num_objects;

		ret = apu_submit_lock_bos(submit);
		drm_exec_retry_on_contention(exec);
		if (ret)
			break;
	}
	/* Linux 6.12 keeps what it has waited for as the first, mapped still or not. */
	if (!ret && exec->objects[0] != gpuvm->r_obj)
		ret = dma_resv_reserve_fences(exec->objects[0]->resv, APU_FENCES_PER_BO);

	return ret;
}

/* What jobs so far, and others, do to the buffers that the jobs have listed. */
static int apu_submit_implicit_dependencies(struct apu_submit *submit)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;
	int ret;
	u32 i, j;

	for (i = 0; i < submit->num_jobs; i++) {
		struct apu_submit_job *sj = &submit->jobs[i];

		for (j = 0; j < sj->num_bos; j++) {
			dma_resv_for_each_fence(&cursor, sj->bos[j].obj->resv,
						dma_resv_usage_rw(sj->bos[j].write), fence) {
				ret = apu_submit_wait_for(sj, fence);
				if (ret)
					return ret;
			}
		}
	}

	return 0;
}

/*
 * Jobs before the first one that has to wait for others can be run at once, if there
 * are slots.
 */
static int apu_submit_place(struct apu_submit *submit)
{
	u32 i, ready = 0;
	int ret = 0;

	while (ready < submit->num_jobs && !submit->jobs[ready].job->queued)
		ready++;
	submit->num_slots = apu_sched_reserve(submit->ctx, ready);

	for (i = submit->num_slots; !ret && i < submit->num_jobs; i++)
		ret = apu_submit_queue(submit, submit->jobs[i].job);
	if (ret)
		apu_sched_unreserve(submit->adev, submit->num_slots);

	return ret;
}

/* Nothing may fail from here on. */

/* What earlier jobs of the same submit do to the buffers. */
static void apu_submit_set_barrier(struct apu_submit *submit, struct apu_submit_job *sj)
{
	struct apu_job *job = sj->job;
	struct dma_resv_iter cursor;
	struct dma_fence *fence;
	u32 i;

	for (i = 0; i < sj->num_bos; i++)
		dma_resv_for_each_fence(&cursor, sj->bos[i].obj->resv,
					dma_resv_usage_rw(sj->bos[i].write), fence)
			job->barrier = max(job->barrier, apu_fence_to_seqno(submit->ctx, fence));
}

static void apu_submit_arm(struct apu_submit *submit, struct apu_submit_job *sj, u64 first_seqno)
{
	struct apu_job *job = sj->job;
	struct apu_ctx *ctx = submit->ctx;
	struct dma_fence *fence = &job->fence.base;
	u32 i;

	if (sj != submit->jobs)
		apu_submit_set_barrier(submit, sj);

	/* JOB_STATS looks at it from outside of the reservation. */
	WRITE_ONCE(ctx->last_seqno, ctx->last_seqno + 1);
	job->seqno = ctx->last_seqno;
	job->first_seqno = first_seqno;
	apu_fence_init(&job->fence, ctx->vm->fence_owner, ctx->fence_context, job->seqno);
	if (job->queued)
		drm_sched_job_arm(&job->base);

	trace_apu_submit(job);

	for (i = 0; i < sj->num_bos; i++)
		dma_resv_add_fence(sj->bos[i].obj->resv, fence,
				   sj->bos[i].write ? DMA_RESV_USAGE_WRITE : DMA_RESV_USAGE_READ);

	apu_syncs_signal(&sj->syncs, fence);
}

static u64 apu_submit_commit(struct apu_submit *submit)
{
	struct apu_job *last = submit->jobs[submit->num_jobs - 1].job;
	u64 first_seqno = submit->ctx->last_seqno + 1;
	bool cookie = dma_fence_begin_signalling();
	u32 i;

	apu_ctx_settle_priority(submit->ctx);
	for (i = 0; i < submit->num_jobs; i++)
		apu_submit_arm(submit, &submit->jobs[i], first_seqno);

	/*
	 * The last one signals last. Not drm_gpuvm_resv_add_fence(): buffers that are
	 * listed but not mapped have their fences already.
	 */
	for (i = 0; i < submit->num_vm_objs; i++)
		dma_resv_add_fence(submit->exec.objects[i]->resv, &last->fence.base,
				   DMA_RESV_USAGE_BOOKKEEP);

	for (i = 0; i < submit->num_jobs; i++) {
		struct apu_job *job = submit->jobs[i].job;

		/* It may be gone when this returns. */
		submit->jobs[i].job = NULL;
		if (i < submit->num_slots)
			apu_job_run(job);
		else
			apu_job_push(job);
	}
	dma_fence_end_signalling(cookie);

	return first_seqno;
}

static void apu_submit_cleanup_job(struct apu_submit_job *sj)
{
	u32 i;

	apu_syncs_fini(&sj->syncs);

	for (i = 0; i < sj->num_bos; i++)
		drm_gem_object_put(sj->bos[i].obj);

	if (sj->job)
		apu_job_free(sj->job);
}

static int apu_submit_run(struct apu_submit *submit, const struct drm_apu_job *in, u64 *seqno)
{
	int ret = 0;

	for (submit->index = 0; submit->index < submit->num_jobs; submit->index++) {
		ret = apu_submit_prepare_job(submit, &in[submit->index]);
		if (ret)
			return ret;
	}

	ret = apu_submit_power(submit);
	if (ret)
		return ret;

	drm_exec_init(&submit->exec, DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES, 0);
	ret = apu_submit_lock(submit);
	if (!ret)
		ret = apu_submit_implicit_dependencies(submit);
	if (!ret)
		ret = apu_submit_place(submit);
	if (!ret)
		*seqno = apu_submit_commit(submit);
	drm_exec_fini(&submit->exec);

	return ret;
}

int apu_submit_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct apu_submit submit = {
		.adev = to_apu_device(drm),
		.drm_file = drm_file,
	};
	struct drm_apu_submit *args = data;
	struct drm_apu_job *in;
	/* Zeros would be a waste, whatever the kernel thinks of stacks. */
	struct apu_arena arena __uninitialized;
	int ret;
	u32 i;

	args->fail_index = args->jobs.count;
	if (args->flags || args->pad || !args->jobs.count)
		return -EINVAL;

	apu_arena_init(&arena);
	submit.arena = &arena;
	in = APU_COPY_ARRAY(&arena, &args->jobs, DRM_APU_MAX_JOBS, struct drm_apu_job, pad);
	if (IS_ERR(in)) {
		ret = PTR_ERR(in);
		goto out_free;
	}
	submit.num_jobs = args->jobs.count;

	submit.ctx = apu_ctx_lookup(to_apu_file(drm_file), args->ctx_id);
	if (!submit.ctx) {
		ret = -ENOENT;
		goto out_free;
	}

	if (apu_ctx_is_dead(submit.ctx)) {
		ret = -ECANCELED;
		goto out_put_ctx;
	}

	if (READ_ONCE(submit.adev->wedged)) {
		ret = -EIO;
		goto out_put_ctx;
	}

	submit.jobs = apu_arena_alloc(&arena, submit.num_jobs, sizeof(*submit.jobs));
	if (!submit.jobs) {
		ret = -ENOMEM;
		goto out_put_ctx;
	}
	memset(submit.jobs, 0, submit.num_jobs * sizeof(*submit.jobs));

	ret = apu_submit_run(&submit, in, &args->seqno);
	if (ret)
		args->fail_index = submit.index;

	for (i = 0; i < submit.num_jobs; i++)
		apu_submit_cleanup_job(&submit.jobs[i]);
out_put_ctx:
	apu_ctx_put(submit.ctx);
out_free:
	apu_arena_fini(&arena);
	return ret;
}

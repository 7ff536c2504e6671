// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scheduling: the life of a job between the submit ioctl and its end.
 *
 *	create		apu_job_create(), in the ioctl; all memory is allocated
 *	arm, push	apu_submit.c; nothing may fail from here on
 *	run		apu_sched_run_job(): into a slot, or cancelled
 *	end		apu_job_end(): the hardware is done with it
 *	retire		apu_ctx_retire(): its turn to signal has come
 *	free		apu_sched_free_job(), apu_job_free()
 *
 * There is one scheduler whose credits are the job slots, and an entity per
 * context. The scheduler assumes that the jobs which it has run end in order and
 * so ignores dependencies within an entity, and waits for other entities' jobs to
 * be scheduled only. Here jobs overlap, so
 *
 * - inside a context, the hardware orders jobs by masks of predecessors in slots,
 *   see apu_slot_after(): what a job depends on was run before it, and is in a
 *   slot or has ended;
 * - between contexts, DRM_SCHED_FENCE_DONT_PIPELINE makes the scheduler wait for
 *   the end.
 *
 * The scheduler takes the oldest job of all queues first. A context with a thousand
 * jobs would go before all who come after it, so only the first job of a context is
 * given to the scheduler, and the next one when that is run: contexts of a priority
 * take turns.
 *
 * Locking: run_job, the interrupt, and the watchdog meet under job_lock. Run_job,
 * free_job and the watchdog are in the path of fences: they allocate nothing and
 * take no lock under which somebody allocates or waits for fences. What follows the
 * last reference to a context or an address space is therefore left to apu_free_wq.
 */

#include <linux/module.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "apu_client.h"
#include "apu_ctx.h"
#include "apu_device.h"
#include "apu_sched.h"
#include "apu_slot.h"
#include "apu_vm.h"
#include "compat.h"

/* For the jobs in slots before the system sleeps: twice the longest one. */
#define APU_DRAIN_MS	20000

/*
 * Of the module and not of a device, as the last job to go can take the last
 * reference to the device with it.
 */
static struct workqueue_struct *apu_free_wq;

/* To measure what the masks are worth: selftests/apu_sched.c does. */
static bool apu_use_after_mask = true;
module_param_named(after_mask, apu_use_after_mask, bool, 0644);
MODULE_PARM_DESC(after_mask, "Let the hardware order jobs of a context (default: Y); else they wait for fences");

/**
 * apu_job_create() - Allocate a job
 * @ctx: context; the job takes a reference
 *
 * Return: The job, or an error pointer: -EBUSY if the client has too many in flight.
 */
struct apu_job *apu_job_create(struct apu_ctx *ctx)
{
	struct apu_job *job;

	if (!apu_client_add_job(ctx->client))
		return ERR_PTR(-EBUSY);

	job = kzalloc_obj(*job, GFP_KERNEL_ACCOUNT);
	if (!job)
		goto err_del;

	job->fence = kzalloc_obj(*job->fence, GFP_KERNEL_ACCOUNT);
	if (!job->fence)
		goto err_free;

	INIT_LIST_HEAD(&job->node);
	job->ctx = apu_ctx_get(ctx);

	return job;

err_free:
	kfree(job);
err_del:
	apu_client_del_job(ctx->client);
	return ERR_PTR(-ENOMEM);
}

/**
 * apu_job_free() - Give back what a job holds
 * @job: job that was never armed, or that the scheduler has freed
 *
 * Does not sleep: a fence may wait for the caller.
 */
void apu_job_free(struct apu_job *job)
{
	if (job->pm_held) {
		apu_qos_put(job->ctx);
		apu_pm_put(job->ctx->adev, job->classes);
	}
	/* Once run, the fence belongs to those who have references. */
	if (!job->seqno) {
		apu_client_del_job(job->ctx->client);
		kfree(job->fence);
	}
	apu_ctx_put_later(job->ctx);
	kfree(job);
}

/**
 * apu_job_end() - Note that a job has ended
 * @job: job that was run; &apu_device.job_lock is held
 * @result: 0 or a negative error code
 */
void apu_job_end(struct apu_job *job, int result)
{
	lockdep_assert_held(&job->ctx->adev->job_lock);

	job->result = result;
	job->ended = true;
	apu_ctx_retire(job->ctx);
}

/**
 * apu_job_push() - Give a job to the scheduler, or let it wait for its context's turn
 * @job: armed job, which may be gone afterwards
 *
 * To be called in the order of arming, under the address space's reservation.
 */
void apu_job_push(struct apu_job *job)
{
	struct apu_ctx *ctx = job->ctx;
	bool first;

	spin_lock_irq(&ctx->adev->job_lock);
	first = !ctx->pushed;
	if (first)
		ctx->pushed = true;
	else
		list_add_tail(&job->node, &ctx->waiting);
	spin_unlock_irq(&ctx->adev->job_lock);

	if (first)
		drm_sched_entity_push_job(&job->base);
}

/* The one to push when the context's job is run, or NULL. */
static struct apu_job *apu_sched_next(struct apu_ctx *ctx)
{
	struct apu_job *next = list_first_entry_or_null(&ctx->waiting, struct apu_job, node);

	if (next)
		list_del(&next->node);
	else
		ctx->pushed = false;

	return next;
}

/*
 * With no after masks, a job waits in its queue for the last of those that it depends
 * on. The scheduler asks again when the fence has signalled.
 */
static struct dma_fence *apu_sched_prepare_job(struct drm_sched_job *sched_job,
					       struct drm_sched_entity *entity)
{
	struct apu_job *other, *job = to_apu_job(sched_job);
	struct apu_device *adev = job->ctx->adev;
	struct dma_fence *fence = NULL;
	unsigned long flags;

	if (READ_ONCE(apu_use_after_mask))
		return NULL;

	spin_lock_irqsave(&adev->job_lock, flags);
	list_for_each_entry_reverse(other, &job->ctx->inflight, node) {
		if (apu_job_depends_on(job, other)) {
			fence = dma_fence_get(&other->fence->base);
			break;
		}
	}
	spin_unlock_irqrestore(&adev->job_lock, flags);

	return fence;
}

static struct dma_fence *apu_sched_run_job(struct drm_sched_job *sched_job)
{
	struct apu_job *job = to_apu_job(sched_job);
	struct apu_ctx *ctx = job->ctx;
	struct apu_device *adev = ctx->adev;
	struct dma_fence *fence = &job->fence->base;
	struct apu_job *next;
	unsigned long flags;
	bool present, cookie;
	int idx;

	cookie = dma_fence_begin_signalling();
	apu_fence_init(job->fence, ctx->vm->fence_owner, ctx->fence_context, job->seqno);
	/* The first reference is the scheduler's, the second is dropped on retiring. */
	dma_fence_get(fence);

	present = drm_dev_enter(&adev->base, &idx);
	spin_lock_irqsave(&adev->job_lock, flags);

	next = apu_sched_next(ctx);
	list_add_tail(&job->node, &ctx->inflight);
	if (!present)
		apu_job_end(job, -ENODEV);
	else if (ctx->closed || ctx->fail.cause != DRM_APU_CTX_CAUSE_NONE)
		apu_job_end(job, -ECANCELED);
	else if (adev->wedged)
		apu_job_end(job, -EIO);
	else
		apu_slot_start(adev, job);

	spin_unlock_irqrestore(&adev->job_lock, flags);
	if (present)
		drm_dev_exit(idx);
	/* From now on it is in the scheduler's order. It has a reference to the context. */
	if (next)
		drm_sched_entity_push_job(&next->base);
	dma_fence_end_signalling(cookie);

	return fence;
}

/**
 * apu_sched_queue_free() - Have a worker free what a scheduler's worker may not
 * @work: gives back references that may be the last ones
 */
void apu_sched_queue_free(struct work_struct *work)
{
	queue_work(apu_free_wq, work);
}

static void apu_sched_free_job(struct drm_sched_job *sched_job)
{
	struct apu_job *job = to_apu_job(sched_job);

	drm_sched_job_cleanup(sched_job);
	apu_job_free(job);
}

static const struct drm_sched_backend_ops apu_sched_ops = {
	.prepare_job = apu_sched_prepare_job,
	.run_job = apu_sched_run_job,
	.free_job = apu_sched_free_job,
};

static void apu_sched_fini(struct drm_device *drm, void *data)
{
	drm_sched_fini(&to_apu_device(drm)->sched);
}

/**
 * apu_sched_init() - Set up the scheduler
 * @adev: APU
 *
 * The scheduler's own timeout is not used: it looks at the oldest job only and
 * starts over whenever a job is run, so that a job which hangs beside others that
 * do not would go unnoticed. See apu_reset.c.
 *
 * It goes away with the DRM device and not with the hardware, for there may be
 * contexts and jobs until then.
 *
 * Return: 0 or a negative error code.
 */
int apu_sched_init(struct apu_device *adev)
{
	const struct drm_sched_init_args args = {
		.ops = &apu_sched_ops,
		.num_rqs = DRM_SCHED_PRIORITY_COUNT,
		.credit_limit = APU_NUM_SLOTS,
		.timeout = MAX_SCHEDULE_TIMEOUT,
		.name = "apu",
		.dev = adev->base.dev,
	};
	int ret;

	adev->sched_list = &adev->sched;
	init_waitqueue_head(&adev->slots_empty);
	ret = drm_sched_init(&adev->sched, &args);
	if (ret)
		return ret;

	return drmm_add_action_or_reset(&adev->base, apu_sched_fini, NULL);
}

/**
 * apu_sched_drain() - Run no more jobs, and wait until those in slots have ended
 * @adev: APU
 *
 * For system sleep. Jobs in queues stay there, with their references on power: that
 * has the engines resumed when the system is. Binds stay too.
 *
 * Return: 0, or -EBUSY if jobs take too long; then all goes on.
 */
int apu_sched_drain(struct apu_device *adev)
{
	drm_sched_wqueue_stop(&adev->sched);
	drm_sched_wqueue_stop(&adev->bind_sched);

	if (wait_event_timeout(adev->slots_empty, !READ_ONCE(adev->slots_used),
			       msecs_to_jiffies(APU_DRAIN_MS)))
		return 0;

	drm_warn(&adev->base, "jobs take too long for the system to sleep\n");
	apu_sched_go_on(adev);

	return -EBUSY;
}

/**
 * apu_sched_go_on() - Undo apu_sched_drain()
 * @adev: APU
 */
void apu_sched_go_on(struct apu_device *adev)
{
	drm_sched_wqueue_start(&adev->bind_sched);
	drm_sched_wqueue_start(&adev->sched);
}

/**
 * apu_sched_module_init() - Set up what all devices share
 *
 * Return: 0 or -ENOMEM.
 */
int apu_sched_module_init(void)
{
	apu_free_wq = alloc_workqueue("apu-free", WQ_UNBOUND, 0);

	return apu_free_wq ? 0 : -ENOMEM;
}

/**
 * apu_sched_module_exit() - Undo apu_sched_module_init()
 */
void apu_sched_module_exit(void)
{
	destroy_workqueue(apu_free_wq);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scheduling: the life of a job between the submit ioctl and its end.
 *
 *	create		apu_job_create(), in the ioctl; all memory is allocated
 *	arm		apu_submit.c; nothing may fail from here on
 *	push		apu_job_push(): to the scheduler, if there is something to wait for
 *	run		apu_job_run(): into a slot, or cancelled
 *	end		apu_job_end(): the hardware is done with it
 *	retire		apu_ctx_retire(): its turn to signal has come
 *
 * A job that has nothing to wait for is run by the ioctl: going through the scheduler
 * takes two context switches. All others queue: for fences of other contexts and
 * devices, behind jobs of their context that queue, and for slots. There is one
 * scheduler whose credits are the job slots, and an entity per context.
 *
 * The scheduler assumes that the jobs which it has run end in order and
 * so ignores dependencies within an entity, and waits for other entities' jobs to
 * be scheduled only. Here jobs overlap, so
 *
 * - inside a context, the hardware orders jobs by masks of predecessors in slots,
 *   see apu_slot_after(): what a job depends on was run before it, and is in a
 *   slot or has ended;
 * - others get the fence of the job, which is not the scheduler's, and wait for the end.
 *
 * The scheduler takes the oldest job of all queues first. A context with a thousand
 * jobs would go before all who come after it, so only the first job of a context is
 * given to the scheduler, and the next one when that is run: contexts of a priority
 * take turns.
 *
 * Locking: run_job, the interrupt, and the watchdog meet under job_lock. These, and
 * free_job, are in the path of fences: they allocate nothing and
 * take no lock under which somebody allocates or waits for fences. What follows the
 * last reference to a context or an address space is therefore left to apu_free_wq.
 */

#include <linux/module.h>
#include <linux/slab.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "apu_client.h"
#include "apu_ctx.h"
#include "apu_device.h"
#include "apu_kunit.h"
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

	/* For dma_fence_free(). */
	static_assert(!offsetof(struct apu_job, fence.base));

	if (!apu_client_add_job(ctx->client))
		return ERR_PTR(-EBUSY);

	job = kzalloc_obj(*job, GFP_KERNEL_ACCOUNT);
	if (!job) {
		apu_client_del_job(ctx->client);
		return ERR_PTR(-ENOMEM);
	}

	job->ctx = apu_ctx_get(ctx);

	return job;
}

/**
 * apu_job_release() - Give back what a job holds
 * @job: job that has retired, or never was armed
 *
 * Does not sleep: a fence may wait for the caller.
 */
void apu_job_release(struct apu_job *job)
{
	if (job->pm_held) {
		apu_qos_put(job->ctx);
		apu_pm_put(job->ctx->adev, job->classes);
	}
	apu_client_del_job(job->ctx->client);
	apu_ctx_put_later(job->ctx);
}

/**
 * apu_job_free() - Free a job that comes to nothing
 * @job: job that was never armed
 */
void apu_job_free(struct apu_job *job)
{
	if (job->queued)
		drm_sched_job_cleanup(&job->base);
	apu_job_release(job);
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

static void apu_sched_push(struct apu_job *job)
{
	/* The scheduler's, until it frees the job. */
	dma_fence_get(&job->fence.base);
	drm_sched_entity_push_job(&job->base);
}

/**
 * apu_job_push() - Give a job to the scheduler, or let it wait for its context's turn
 * @job: armed job that has to queue; may be gone afterwards
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
		apu_sched_push(job);
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
static struct dma_fence *apu_sched_dependency(struct apu_job *job)
{
	struct apu_job *other;

	if (READ_ONCE(apu_use_after_mask))
		return NULL;

	list_for_each_entry_reverse(other, &job->ctx->inflight, node)
		if (apu_job_depends_on(job, other))
			return dma_fence_get(&other->fence.base);

	return NULL;
}

/* What is not NULL is to be waited for; else the job is run next, and has a slot. */
static struct dma_fence *apu_sched_prepare_job(struct drm_sched_job *sched_job,
					       struct drm_sched_entity *entity)
{
	struct apu_job *job = to_apu_job(sched_job);
	struct apu_device *adev = job->ctx->adev;
	struct dma_fence *fence;
	unsigned long flags;

	spin_lock_irqsave(&adev->job_lock, flags);
	fence = apu_sched_dependency(job);
	if (!fence) {
		fence = apu_slots_wait(adev);
		adev->slots_wanted = fence;
		if (!fence)
			adev->slots_reserved++;
	}
	spin_unlock_irqrestore(&adev->job_lock, flags);

	return fence;
}

/**
 * apu_sched_reserve() - Get slots for jobs that need not queue
 * @ctx: context
 * @count: jobs, none of which has to wait for other contexts or devices
 *
 * Jobs in queues come first: none of the context's may be overtaken, and if one waits
 * for a slot, there are none left. The last slot is the scheduler's, so that whatever
 * jobs without a queue do, it gets on, and has a job to wait for when there are none.
 *
 * Return: How many of the jobs, from the first on, can be given to apu_job_run().
 */
u32 apu_sched_reserve(struct apu_ctx *ctx, u32 count)
{
	struct apu_device *adev = ctx->adev;
	u32 taken;

	spin_lock_irq(&adev->job_lock);
	taken = adev->slots_used + adev->slots_reserved;
	if (ctx->pushed || adev->slots_wanted || adev->sched_stopped ||
	    !READ_ONCE(apu_use_after_mask) || taken >= APU_NUM_SLOTS - 1)
		count = 0;
	else
		count = min(count, APU_NUM_SLOTS - 1 - taken);
	adev->slots_reserved += count;
	spin_unlock_irq(&adev->job_lock);

	return count;
}
EXPORT_SYMBOL_IF_KUNIT(apu_sched_reserve);

/**
 * apu_sched_unreserve() - Give back what apu_sched_reserve() got
 * @adev: APU
 * @count: slots
 */
void apu_sched_unreserve(struct apu_device *adev, u32 count)
{
	spin_lock_irq(&adev->job_lock);
	adev->slots_reserved -= count;
	spin_unlock_irq(&adev->job_lock);
}
EXPORT_SYMBOL_IF_KUNIT(apu_sched_unreserve);

/* A slot is reserved for the job. */
static void apu_sched_start(struct apu_job *job)
{
	struct apu_ctx *ctx = job->ctx;
	struct apu_device *adev = ctx->adev;

	lockdep_assert_held(&adev->job_lock);

	adev->slots_reserved--;
	list_add_tail(&job->node, &ctx->inflight);
	if (adev->unplugged)
		apu_job_end(job, -ENODEV);
	else if (ctx->closed || ctx->fail.cause != DRM_APU_CTX_CAUSE_NONE)
		apu_job_end(job, -ECANCELED);
	else if (adev->wedged)
		apu_job_end(job, -EIO);
	else
		apu_slot_start(adev, job);
}

/**
 * apu_job_run() - Give a job to the hardware, or have it end
 * @job: armed job that apu_sched_reserve() got a slot for; may be gone afterwards
 */
void apu_job_run(struct apu_job *job)
{
	struct apu_device *adev = job->ctx->adev;

	spin_lock_irq(&adev->job_lock);
	apu_sched_start(job);
	spin_unlock_irq(&adev->job_lock);
}

static struct dma_fence *apu_sched_run_job(struct drm_sched_job *sched_job)
{
	struct apu_job *next, *job = to_apu_job(sched_job);
	struct apu_device *adev = job->ctx->adev;
	struct dma_fence *fence = dma_fence_get(&job->fence.base);
	unsigned long flags;
	bool cookie;

	cookie = dma_fence_begin_signalling();
	spin_lock_irqsave(&adev->job_lock, flags);
	next = apu_sched_next(job->ctx);
	apu_sched_start(job);
	spin_unlock_irqrestore(&adev->job_lock, flags);

	/* From now on it is in the scheduler's order. It has a reference to the context. */
	if (next)
		apu_sched_push(next);
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
	dma_fence_put(&job->fence.base);
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

static void apu_sched_set_stopped(struct apu_device *adev, bool stopped)
{
	spin_lock_irq(&adev->job_lock);
	adev->sched_stopped = stopped;
	spin_unlock_irq(&adev->job_lock);
}

/**
 * apu_sched_drain() - Run no more jobs, and wait until those in slots have ended
 * @adev: APU
 *
 * For system sleep, when user space is frozen: no ioctl is about to take the slots that
 * it has reserved. Jobs in queues stay there, with their references on power: that
 * has the engines resumed when the system is. Binds stay too.
 *
 * Return: 0, or -EBUSY if jobs take too long; then all goes on.
 */
int apu_sched_drain(struct apu_device *adev)
{
	apu_sched_set_stopped(adev, true);
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
	apu_sched_set_stopped(adev, false);
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

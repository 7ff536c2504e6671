// SPDX-License-Identifier: GPL-2.0-only
/*
 * Job slots: descriptors, doorbell, completion records, interrupt.
 *
 * Slot n's descriptor lies at n * APU_SLOT_STRIDE of a coherent allocation, its
 * completion record APU_COMPLETION_OFFSET above. The record's status says who
 * owns the slot: PENDING is the hardware's, anything else the driver's. The
 * hardware writes the status last, frees the slot, and raises the interrupt.
 * Interrupts are hints: what counts is the status.
 *
 * Everything here runs under &apu_device.job_lock, which the interrupt handler
 * takes too. Registers are touched only while &apu_device.top_on.
 */

#include <linux/bitfield.h>
#include <linux/bitmap.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>

#include <drm/drm_print.h>

#include "apu_ctx.h"
#include "apu_devfreq.h"
#include "apu_device.h"
#include "apu_engine.h"
#include "apu_kunit.h"
#include "apu_mmu.h"
#include "apu_sched.h"
#include "apu_slot.h"
#include "apu_trace.h"
#include "apu_vm.h"
#include "apu_watchdog.h"

/* MMU commands are polled for. */
#define APU_IRQS	(APU_TOP_IRQ_RAW_SLOT | APU_TOP_IRQ_RAW_ABORT | APU_TOP_IRQ_RAW_DESC)

static struct apu_job_desc *apu_slot_desc(struct apu_device *adev, unsigned int slot)
{
	return adev->slot_mem + slot * APU_SLOT_STRIDE;
}

static struct apu_job_completion *apu_slot_completion(struct apu_device *adev, unsigned int slot)
{
	return adev->slot_mem + slot * APU_SLOT_STRIDE + APU_COMPLETION_OFFSET;
}

/**
 * apu_slots_init() - Allocate descriptors and completion records
 * @adev: APU
 *
 * Return: 0 or -ENOMEM.
 */
int apu_slots_init(struct apu_device *adev)
{
	static_assert(sizeof(struct apu_job_desc) <= APU_COMPLETION_OFFSET);
	static_assert(APU_COMPLETION_OFFSET + sizeof(struct apu_job_completion) <=
		      APU_SLOT_STRIDE);

	adev->slot_mem = dmam_alloc_coherent(adev->base.dev, APU_NUM_SLOTS * APU_SLOT_STRIDE,
					     &adev->slot_dma, GFP_KERNEL);

	return adev->slot_mem ? 0 : -ENOMEM;
}

/**
 * apu_slots_init_regs() - Tell the hardware where slots are
 * @adev: APU whose TOP was just reset
 */
void apu_slots_init_regs(struct apu_device *adev)
{
	unsigned int slot;

	for (slot = 0; slot < APU_NUM_SLOTS; slot++) {
		dma_addr_t addr = adev->slot_dma + slot * APU_SLOT_STRIDE;

		apu_write(adev, APU_TOP_SLOT_DESC_LO(slot), lower_32_bits(addr));
		apu_write(adev, APU_TOP_SLOT_DESC_HI(slot), upper_32_bits(addr));
	}
	apu_write(adev, APU_TOP_IRQ_MASK, APU_IRQS);
}

/**
 * apu_slots_wait() - Find out when there will be a slot
 * @adev: APU
 *
 * Return: NULL if there is one, else a fence after which there is, with a reference.
 */
struct dma_fence *apu_slots_wait(struct apu_device *adev)
{
	const struct apu_slot *s, *oldest = NULL;
	unsigned int slot;

	lockdep_assert_held(&adev->job_lock);

	if (adev->slots_used + adev->slots_reserved < APU_NUM_SLOTS)
		return NULL;

	for (slot = 0; slot < APU_NUM_SLOTS; slot++) {
		s = &adev->slots[slot];
		if (s->job && (!oldest || s->order < oldest->order))
			oldest = s;
	}

	return dma_fence_get(&oldest->job->fence.base);
}
EXPORT_SYMBOL_IF_KUNIT(apu_slots_wait);

/* Slots of jobs that @job must come after. */
VISIBLE_IF_KUNIT u16 apu_slot_after(struct apu_device *adev, const struct apu_job *job)
{
	unsigned int slot;
	u16 after = 0;

	/* Its context's only one, which it is in most cases. */
	if (list_is_singular(&job->ctx->inflight))
		return 0;

	for (slot = 0; slot < APU_NUM_SLOTS; slot++) {
		const struct apu_job *other = adev->slots[slot].job;

		if (!other || other->ctx != job->ctx)
			continue;
		if (apu_job_depends_on(job, other))
			after |= BIT(slot);
	}

	return after;
}
EXPORT_SYMBOL_IF_KUNIT(apu_slot_after);

static void apu_slot_ring(struct apu_device *adev, unsigned int slot)
{
	WRITE_ONCE(apu_slot_completion(adev, slot)->status, cpu_to_le32(APU_JOB_STATUS_PENDING));
	apu_watchdog_start(adev, slot);
	/* While TOP is in reset: apu_slots_restart() will ring for all. */
	if (!adev->top_on)
		return;
	/* writel() orders the descriptor before the doorbell. */
	apu_write(adev, APU_TOP_DOORBELL, FIELD_PREP(APU_TOP_DOORBELL_SLOT, slot));
}

/**
 * apu_slot_start() - Hand a job to the hardware
 * @adev: APU
 * @job: job that a slot was reserved for
 */
void apu_slot_start(struct apu_device *adev, struct apu_job *job)
{
	struct apu_ctx *ctx = job->ctx;
	struct apu_job_desc *desc;
	unsigned int slot;
	u16 after, flags;

	lockdep_assert_held(&adev->job_lock);

	if (!apu_engines_can_run(adev, job)) {
		apu_job_end(job, -EIO);
		return;
	}

	for (slot = 0; slot < APU_NUM_SLOTS && adev->slots[slot].job; slot++)
		;
	if (drm_WARN_ON(&adev->base, slot == APU_NUM_SLOTS)) {
		apu_job_end(job, -EIO);
		return;
	}

	after = apu_slot_after(adev, job);
	flags = APU_JOB_FLAG_IRQ;
	if (after)
		flags |= APU_JOB_FLAG_CANCEL_ON_PRED_FAIL;

	desc = apu_slot_desc(adev, slot);
	memset(desc, 0, sizeof(*desc));
	desc->ttbr = cpu_to_le64(ctx->vm->pt.ttbr);
	desc->asid = cpu_to_le16(ctx->vm->pt.asid);
	desc->priority = ctx->hw_priority;
	desc->num_streams = job->num_streams;
	desc->after = cpu_to_le16(after);
	desc->flags = cpu_to_le16(flags);
	desc->l1_kib = cpu_to_le32(job->l1_kib);
	desc->time_limit_us = cpu_to_le32(job->time_limit_us);
	desc->cookie = cpu_to_le64(job->seqno);
	memcpy(desc->streams, job->streams, job->num_streams * sizeof(desc->streams[0]));

	adev->slots_used++;
	adev->slots[slot].job = job;
	adev->slots[slot].after = after;
	adev->slots[slot].order = adev->slot_order++;
	trace_apu_run(job, slot, after);
	apu_slot_ring(adev, slot);
}
EXPORT_SYMBOL_IF_KUNIT(apu_slot_start);

/**
 * apu_slots_restart() - Hand all jobs in slots to the hardware once more
 * @adev: APU whose TOP was just reset
 *
 * In their first order, for the masks of predecessors to mean the same.
 */
void apu_slots_restart(struct apu_device *adev)
{
	DECLARE_BITMAP(todo, APU_NUM_SLOTS);
	unsigned int slot, oldest;

	lockdep_assert_held(&adev->job_lock);

	bitmap_fill(todo, APU_NUM_SLOTS);
	for (;;) {
		oldest = APU_NUM_SLOTS;
		for_each_set_bit(slot, todo, APU_NUM_SLOTS)
			if (adev->slots[slot].job &&
			    (oldest == APU_NUM_SLOTS ||
			     adev->slots[slot].order < adev->slots[oldest].order))
				oldest = slot;
		if (oldest == APU_NUM_SLOTS)
			return;
		__clear_bit(oldest, todo);
		apu_slot_ring(adev, oldest);
	}
}

/**
 * apu_slots_abort_ctx() - Stop a context's jobs
 * @adev: APU
 * @ctx: context
 *
 * Does not wait: the jobs end like others do.
 */
void apu_slots_abort_ctx(struct apu_device *adev, struct apu_ctx *ctx)
{
	unsigned int slot;
	u32 mask = 0;

	lockdep_assert_held(&adev->job_lock);

	for (slot = 0; slot < APU_NUM_SLOTS; slot++)
		if (adev->slots[slot].job && adev->slots[slot].job->ctx == ctx)
			mask |= BIT(slot);

	if (mask && adev->top_on)
		apu_write(adev, APU_TOP_SLOT_ABORT, mask);
}
EXPORT_SYMBOL_IF_KUNIT(apu_slots_abort_ctx);

VISIBLE_IF_KUNIT int apu_status_to_errno(u32 status, const struct apu_job *job)
{
	switch (status) {
	case APU_JOB_STATUS_OK:
		return 0;
	case APU_JOB_STATUS_CANCELLED:
		return -ECANCELED;
	case APU_JOB_STATUS_ABORTED:
		return job->hung ? -ETIME : -ECANCELED;
	case APU_JOB_STATUS_TIMEOUT:
		return -ETIME;
	case APU_JOB_STATUS_BAD_COMMAND:
		return -EINVAL;
	case APU_JOB_STATUS_BAD_REGION:
		return -ERANGE;
	case APU_JOB_STATUS_MMU_FAULT:
		return -EFAULT;
	default:
		return -EIO;
	}
}
EXPORT_SYMBOL_IF_KUNIT(apu_status_to_errno);

/* The record is complete: take it and let go of the slot. */
static void apu_slot_end(struct apu_device *adev, unsigned int slot, u32 status)
{
	struct apu_job *job = adev->slots[slot].job;

	if (job->no_engine && status == APU_JOB_STATUS_ABORTED)
		status = APU_JOB_STATUS_POWER_LOST;
	adev->slots[slot].job = NULL;
	if (!--adev->slots_used && adev->sched_stopped)
		wake_up(&adev->slots_empty);
	memcpy(&job->record, apu_slot_completion(adev, slot), sizeof(job->record));
	job->record.status = cpu_to_le32(status);
	apu_devfreq_job(adev, job);
	trace_apu_done(job, slot);
	switch (status) {
	case APU_JOB_STATUS_OK:
	case APU_JOB_STATUS_CANCELLED:
	case APU_JOB_STATUS_ABORTED:
		break;
	default:
		trace_apu_fault(job);
	}
	apu_job_end(job, apu_status_to_errno(status, job));
}

static u32 apu_slot_status(struct apu_device *adev, unsigned int slot)
{
	u32 status = le32_to_cpu(READ_ONCE(apu_slot_completion(adev, slot)->status));

	/* The rest of the record is older than its status. */
	dma_rmb();

	return status;
}

static void apu_slots_check(struct apu_device *adev, unsigned long mask)
{
	unsigned int slot;
	u32 status;

	for_each_set_bit(slot, &mask, APU_NUM_SLOTS) {
		if (!adev->slots[slot].job)
			continue;
		status = apu_slot_status(adev, slot);
		if (status != APU_JOB_STATUS_PENDING)
			apu_slot_end(adev, slot, status);
	}
}

/**
 * apu_slots_reap() - Look for jobs that ended, interrupt or not
 * @adev: APU
 *
 * A slot that the hardware has let go of without a record, because it could not
 * read the descriptor or write the record, ends with BAD_DESC.
 */
void apu_slots_reap(struct apu_device *adev)
{
	u32 active, lost;

	lockdep_assert_held(&adev->job_lock);

	if (!adev->top_on)
		return;

	active = apu_read(adev, APU_TOP_SLOT_ACTIVE);
	apu_slots_check(adev, GENMASK(APU_NUM_SLOTS - 1, 0));

	lost = apu_slots_busy(adev) & ~active;
	if (lost) {
		drm_err_ratelimited(&adev->base, "slots %#x ended without a record\n", lost);
		apu_slots_fail(adev, lost, APU_JOB_STATUS_BAD_DESC);
	}
}
EXPORT_SYMBOL_IF_KUNIT(apu_slots_reap);

/**
 * apu_slots_fail() - End jobs that the hardware will not end any more
 * @adev: APU
 * @mask: slots that its TOP has let go of, or all as it is in reset or gone
 * @status: &enum apu_job_status to end them with
 */
void apu_slots_fail(struct apu_device *adev, u32 mask, u32 status)
{
	unsigned int slot;

	lockdep_assert_held(&adev->job_lock);

	/* Of all: others that have ended must not be handed over once more. */
	apu_slots_check(adev, GENMASK(APU_NUM_SLOTS - 1, 0));
	for (slot = 0; slot < APU_NUM_SLOTS; slot++) {
		if (!(mask & BIT(slot)) || !adev->slots[slot].job)
			continue;
		/* What is there is of the slot's job before. */
		memset(apu_slot_completion(adev, slot), 0, sizeof(struct apu_job_completion));
		apu_slot_end(adev, slot, status);
	}
}
EXPORT_SYMBOL_IF_KUNIT(apu_slots_fail);

/**
 * apu_slots_busy() - Slots that hold jobs
 * @adev: APU
 *
 * Return: Mask of slots.
 */
u32 apu_slots_busy(struct apu_device *adev)
{
	unsigned int slot;
	u32 mask = 0;

	lockdep_assert_held(&adev->job_lock);

	for (slot = 0; slot < APU_NUM_SLOTS; slot++)
		if (adev->slots[slot].job)
			mask |= BIT(slot);

	return mask;
}
EXPORT_SYMBOL_IF_KUNIT(apu_slots_busy);

/**
 * apu_slots_irq() - Interrupt handler
 * @irq: interrupt
 * @data: APU
 *
 * Return: IRQ_HANDLED if the interrupt was the APU's, else IRQ_NONE.
 */
irqreturn_t apu_slots_irq(int irq, void *data)
{
	struct apu_device *adev = data;
	unsigned long flags;
	u32 status, slots;

	spin_lock_irqsave(&adev->job_lock, flags);

	status = adev->top_on ? apu_read(adev, APU_TOP_IRQ_STATUS) : 0;
	if (!status) {
		spin_unlock_irqrestore(&adev->job_lock, flags);
		return IRQ_NONE;
	}
	adev->slot_irqs++;
	/* Clear first: what ends from here on raises it again. */
	apu_write(adev, APU_TOP_IRQ_STATUS, status);

	slots = FIELD_GET(APU_TOP_IRQ_RAW_SLOT, status);
	if (status & APU_TOP_IRQ_RAW_ABORT) {
		u32 ack = apu_read(adev, APU_TOP_SLOT_ABORT_ACK);

		apu_write(adev, APU_TOP_SLOT_ABORT_ACK, ack);
		slots |= ack;
	}
	apu_slots_check(adev, slots);

	if (status & APU_TOP_IRQ_RAW_DESC)
		apu_slots_reap(adev);

	spin_unlock_irqrestore(&adev->job_lock, flags);

	return IRQ_HANDLED;
}
EXPORT_SYMBOL_IF_KUNIT(apu_slots_irq);

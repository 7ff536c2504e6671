// SPDX-License-Identifier: GPL-2.0-only
/*
 * Job slots, with registers and records in memory, and the order in which a
 * context's jobs retire.
 */

#include <kunit/test.h>
#include <linux/dma-fence.h>

#include "../apu_client.h"
#include "../apu_ctx.h"
#include "../apu_device.h"
#include "../apu_kunit.h"
#include "../apu_sched.h"
#include "../apu_slot.h"
#include "../apu_vm.h"
#include "apu_test.h"

static struct apu_job_desc *desc_of(struct apu_device *adev, unsigned int slot)
{
	return adev->slot_mem + slot * APU_SLOT_STRIDE;
}

static struct apu_job_completion *record_of(struct apu_device *adev, unsigned int slot)
{
	return adev->slot_mem + slot * APU_SLOT_STRIDE + APU_COMPLETION_OFFSET;
}

static void start(struct apu_device *adev, struct apu_job *job)
{
	spin_lock_irq(&adev->job_lock);
	apu_slot_start(adev, job);
	spin_unlock_irq(&adev->job_lock);
}

static u32 busy(struct apu_device *adev)
{
	u32 mask;

	spin_lock_irq(&adev->job_lock);
	mask = apu_slots_busy(adev);
	spin_unlock_irq(&adev->job_lock);

	return mask;
}

/* The hardware ends the jobs of slots, and tells of those in @told. */
static irqreturn_t finish(struct apu_device *adev, u32 mask, u32 told, u32 status)
{
	unsigned int slot;

	for (slot = 0; slot < APU_NUM_SLOTS; slot++)
		if (mask & BIT(slot))
			record_of(adev, slot)->status = cpu_to_le32(status);
	apu_write(adev, APU_TOP_IRQ_STATUS, told);

	return apu_slots_irq(0, adev);
}

static int result(struct apu_job *job)
{
	return dma_fence_get_status(&job->fence.base);
}

static void apu_descriptor_says_what_to_do(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);
	struct apu_ctx *ctx = apu_test_ctx(test, adev);
	struct apu_job *job = apu_test_job(test, ctx, 7);
	const struct apu_job_desc *desc;

	ctx->vm->pt.ttbr = 0x123456789000;
	ctx->vm->pt.asid = 0xabcd;
	ctx->hw_priority = 2;
	job->num_streams = 2;
	job->streams[0].engine_class = APU_ENGINE_CLASS_EDMA;
	job->streams[1].va = cpu_to_le64(0x7000);
	job->l1_kib = 256;
	job->time_limit_us = 5000;
	start(adev, job);

	desc = desc_of(adev, 0);
	KUNIT_EXPECT_EQ(test, 0x123456789000, le64_to_cpu(desc->ttbr));
	KUNIT_EXPECT_EQ(test, 0xabcd, le16_to_cpu(desc->asid));
	KUNIT_EXPECT_EQ(test, 2, desc->priority);
	KUNIT_EXPECT_EQ(test, 2, desc->num_streams);
	KUNIT_EXPECT_EQ(test, 0, le16_to_cpu(desc->after));
	KUNIT_EXPECT_EQ(test, APU_JOB_FLAG_IRQ, le16_to_cpu(desc->flags));
	KUNIT_EXPECT_EQ(test, 256, le32_to_cpu(desc->l1_kib));
	KUNIT_EXPECT_EQ(test, 5000, le32_to_cpu(desc->time_limit_us));
	KUNIT_EXPECT_EQ(test, 7, le64_to_cpu(desc->cookie));
	KUNIT_EXPECT_MEMEQ(test, desc->streams, job->streams, 2 * sizeof(desc->streams[0]));
	KUNIT_EXPECT_EQ(test, APU_JOB_STATUS_PENDING, le32_to_cpu(record_of(adev, 0)->status));
	KUNIT_EXPECT_EQ(test, 0, apu_test_reg(adev, APU_TOP_DOORBELL));
}

static void apu_slots_are_taken_and_given_back(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);
	struct apu_ctx *ctx = apu_test_ctx(test, adev);
	struct apu_job *jobs[APU_NUM_SLOTS + 1];
	unsigned int i;

	for (i = 0; i < APU_NUM_SLOTS; i++) {
		jobs[i] = apu_test_job(test, ctx, i + 1);
		start(adev, jobs[i]);
		KUNIT_EXPECT_EQ(test, i, apu_test_reg(adev, APU_TOP_DOORBELL));
		KUNIT_EXPECT_EQ(test, GENMASK(i, 0), busy(adev));
	}

	KUNIT_EXPECT_EQ(test, IRQ_HANDLED,
			finish(adev, BIT(0) | BIT(5), BIT(0) | BIT(5), APU_JOB_STATUS_OK));
	KUNIT_EXPECT_EQ(test, 0xffde, busy(adev));
	jobs[APU_NUM_SLOTS] = apu_test_job(test, ctx, APU_NUM_SLOTS + 1);
	start(adev, jobs[APU_NUM_SLOTS]);
	KUNIT_EXPECT_EQ(test, 0xffdf, busy(adev));
	KUNIT_EXPECT_EQ(test, 0, apu_test_reg(adev, APU_TOP_DOORBELL));
}

/* Without a queue there is no way past jobs that have one. */
static void apu_slots_are_reserved(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);
	struct apu_ctx *ctx = apu_test_ctx(test, adev);

	KUNIT_EXPECT_EQ(test, 3, apu_sched_reserve(ctx, 3));
	start(adev, apu_test_job(test, ctx, 1));
	KUNIT_EXPECT_EQ(test, APU_NUM_SLOTS - 5, apu_sched_reserve(ctx, APU_NUM_SLOTS));
	KUNIT_EXPECT_EQ(test, 0, apu_sched_reserve(ctx, 1));
	apu_sched_unreserve(adev, 4);

	ctx->pushed = true;
	KUNIT_EXPECT_EQ(test, 0, apu_sched_reserve(ctx, 1));
	ctx->pushed = false;
	adev->slots_wanted = true;
	KUNIT_EXPECT_EQ(test, 0, apu_sched_reserve(ctx, 1));
	adev->slots_wanted = false;
	adev->sched_stopped = true;
	KUNIT_EXPECT_EQ(test, 0, apu_sched_reserve(ctx, 1));
	adev->sched_stopped = false;
	KUNIT_EXPECT_EQ(test, 4, apu_sched_reserve(ctx, 5));
}

static void apu_waits_for_the_oldest_job(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);
	struct apu_ctx *ctx = apu_test_ctx(test, adev);
	struct apu_job *jobs[APU_NUM_SLOTS + 1];
	struct dma_fence *fence;
	unsigned int i;

	spin_lock_irq(&adev->job_lock);
	KUNIT_EXPECT_NULL(test, apu_slots_wait(adev));
	spin_unlock_irq(&adev->job_lock);

	for (i = 0; i < APU_NUM_SLOTS; i++) {
		jobs[i] = apu_test_job(test, ctx, i + 1);
		start(adev, jobs[i]);
	}
	finish(adev, BIT(0), BIT(0), APU_JOB_STATUS_OK);
	jobs[i] = apu_test_job(test, ctx, i + 1);
	start(adev, jobs[i]);

	/* Slot 0 has the youngest now. */
	spin_lock_irq(&adev->job_lock);
	fence = apu_slots_wait(adev);
	spin_unlock_irq(&adev->job_lock);
	KUNIT_EXPECT_PTR_EQ(test, &jobs[1]->fence.base, fence);
	dma_fence_put(fence);
}

static void apu_interrupts_are_hints(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);
	struct apu_ctx *ctx = apu_test_ctx(test, adev);
	struct apu_job *job = apu_test_job(test, ctx, 1);

	start(adev, job);
	/* Somebody else's; ours, but the record is not complete; and of a free slot. */
	KUNIT_EXPECT_EQ(test, IRQ_NONE, finish(adev, 0, 0, 0));
	KUNIT_EXPECT_EQ(test, IRQ_HANDLED, finish(adev, 0, BIT(0), 0));
	KUNIT_EXPECT_EQ(test, IRQ_HANDLED, finish(adev, BIT(3), BIT(3), APU_JOB_STATUS_OK));
	KUNIT_EXPECT_EQ(test, BIT(0), busy(adev));
	KUNIT_EXPECT_EQ(test, 0, result(job));

	/* Registers are not touched while TOP is off. */
	adev->top_on = false;
	KUNIT_EXPECT_EQ(test, IRQ_NONE, finish(adev, BIT(0), BIT(0), APU_JOB_STATUS_OK));
	KUNIT_EXPECT_EQ(test, 0, result(job));
	adev->top_on = true;
	KUNIT_EXPECT_EQ(test, IRQ_HANDLED, finish(adev, BIT(0), BIT(0), APU_JOB_STATUS_OK));
	KUNIT_EXPECT_EQ(test, 1, result(job));
	KUNIT_EXPECT_EQ(test, 0, busy(adev));
}

struct apu_next_irq {
	struct dma_fence_cb cb;
	struct apu_device *adev;
	u32 status;
};

static void raise_next(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	struct apu_next_irq *next = container_of(cb, struct apu_next_irq, cb);

	apu_write(next->adev, APU_TOP_IRQ_STATUS, next->status);
}

/* What ends while slots are looked at raises the interrupt again: that must not be cleared. */
static void apu_interrupts_are_cleared_first(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);
	struct apu_ctx *ctx = apu_test_ctx(test, adev);
	struct apu_job *job = apu_test_job(test, ctx, 1);
	struct apu_next_irq next = { .adev = adev, .status = BIT(5) };

	start(adev, job);
	KUNIT_ASSERT_EQ(test, 0, dma_fence_add_callback(&job->fence.base, &next.cb, raise_next));
	KUNIT_EXPECT_EQ(test, IRQ_HANDLED, finish(adev, BIT(0), BIT(0), APU_JOB_STATUS_OK));
	KUNIT_EXPECT_EQ(test, 1, result(job));
	KUNIT_EXPECT_EQ(test, BIT(5), apu_test_reg(adev, APU_TOP_IRQ_STATUS));
}

static void apu_lost_jobs_are_found(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);
	struct apu_ctx *ctx = apu_test_ctx(test, adev), *other = apu_test_ctx(test, adev);
	struct apu_job *done = apu_test_job(test, ctx, 1), *runs = apu_test_job(test, ctx, 2);
	struct apu_job *lost = apu_test_job(test, other, 1);

	start(adev, done);
	start(adev, runs);
	start(adev, lost);
	/* Slot 0 ended without an interrupt, slot 2 without a record. */
	record_of(adev, 0)->status = cpu_to_le32(APU_JOB_STATUS_OK);
	apu_write(adev, APU_TOP_SLOT_ACTIVE, BIT(1));
	spin_lock_irq(&adev->job_lock);
	apu_slots_reap(adev);
	spin_unlock_irq(&adev->job_lock);

	KUNIT_EXPECT_EQ(test, BIT(1), busy(adev));
	KUNIT_EXPECT_EQ(test, 1, result(done));
	KUNIT_EXPECT_EQ(test, 0, result(runs));
	KUNIT_EXPECT_EQ(test, -EIO, result(lost));
}

/* Jobs whose interrupts were lost, the one in the last slot too. */
static void apu_all_slots_are_looked_after(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);
	struct apu_ctx *ctx = apu_test_ctx(test, adev);
	struct apu_job *jobs[APU_NUM_SLOTS];
	unsigned int i;

	for (i = 0; i < APU_NUM_SLOTS; i++) {
		jobs[i] = apu_test_job(test, ctx, i + 1);
		start(adev, jobs[i]);
		record_of(adev, i)->status = cpu_to_le32(APU_JOB_STATUS_OK);
	}
	spin_lock_irq(&adev->job_lock);
	apu_slots_reap(adev);
	spin_unlock_irq(&adev->job_lock);

	KUNIT_EXPECT_EQ(test, 0, busy(adev));
	for (i = 0; i < APU_NUM_SLOTS; i++)
		KUNIT_EXPECT_EQ_MSG(test, 1, result(jobs[i]), "slot %u", i);
}

static void apu_predecessors_are_in_the_mask(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);
	struct apu_ctx *ctx = apu_test_ctx(test, adev), *other = apu_test_ctx(test, adev);
	struct apu_job *job = apu_test_job(test, ctx, 5);
	unsigned int i;

	/* Slots 0 to 3: jobs 1 to 4; 4: another context's; 5: a later job of ours. */
	for (i = 0; i < 4; i++)
		start(adev, apu_test_job(test, ctx, i + 1));
	start(adev, apu_test_job(test, other, 1));
	start(adev, apu_test_job(test, ctx, 6));

	job->first_seqno = 3;
	KUNIT_EXPECT_EQ(test, 0, apu_slot_after(adev, job));
	job->barrier = 2;
	KUNIT_EXPECT_EQ(test, 0x3, apu_slot_after(adev, job));
	/* Dependencies count from the submit's first job, and within the submit. */
	job->deps = BIT_ULL(1);
	KUNIT_EXPECT_EQ(test, 0x3, apu_slot_after(adev, job));
	adev->slots[2].job->first_seqno = 3;
	adev->slots[3].job->first_seqno = 3;
	KUNIT_EXPECT_EQ(test, 0xb, apu_slot_after(adev, job));
	job->deps = BIT_ULL(0) | BIT_ULL(1);
	job->barrier = 0;
	KUNIT_EXPECT_EQ(test, 0xc, apu_slot_after(adev, job));

	/* One that has ended is no predecessor any more. */
	finish(adev, BIT(0) | BIT(1) | BIT(2), BIT(0) | BIT(1) | BIT(2), APU_JOB_STATUS_OK);
	KUNIT_EXPECT_EQ(test, 0x8, apu_slot_after(adev, job));

	start(adev, job);
	KUNIT_EXPECT_EQ(test, 0x8, le16_to_cpu(desc_of(adev, 0)->after));
	KUNIT_EXPECT_EQ(test, APU_JOB_FLAG_IRQ | APU_JOB_FLAG_CANCEL_ON_PRED_FAIL,
			le16_to_cpu(desc_of(adev, 0)->flags));
}

static void apu_jobs_start_anew_after_a_reset(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);
	struct apu_ctx *ctx = apu_test_ctx(test, adev);
	struct apu_job *first = apu_test_job(test, ctx, 1);

	start(adev, first);
	start(adev, apu_test_job(test, ctx, 2));
	finish(adev, BIT(0), BIT(0), APU_JOB_STATUS_OK);
	/* In slot 0, but younger than the one in slot 1. */
	start(adev, apu_test_job(test, ctx, 3));

	record_of(adev, 0)->status = cpu_to_le32(APU_JOB_STATUS_POWER_LOST);
	record_of(adev, 1)->status = cpu_to_le32(APU_JOB_STATUS_POWER_LOST);
	apu_write(adev, APU_TOP_DOORBELL, 0xff);
	adev->top_on = false;
	mutex_lock(&adev->hw_lock);
	apu_device_start_top(adev);
	mutex_unlock(&adev->hw_lock);

	/* The last one to ring is the youngest. */
	KUNIT_EXPECT_EQ(test, 0, apu_test_reg(adev, APU_TOP_DOORBELL));
	KUNIT_EXPECT_EQ(test, APU_JOB_STATUS_PENDING, le32_to_cpu(record_of(adev, 0)->status));
	KUNIT_EXPECT_EQ(test, APU_JOB_STATUS_PENDING, le32_to_cpu(record_of(adev, 1)->status));
	KUNIT_EXPECT_EQ(test, 0x3, busy(adev));
}

static void apu_slots_fail_at_last(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);
	struct apu_ctx *ctx = apu_test_ctx(test, adev), *other = apu_test_ctx(test, adev);
	struct apu_job *done = apu_test_job(test, ctx, 1), *runs = apu_test_job(test, other, 1);
	struct apu_job *left = apu_test_job(test, other, 2);

	start(adev, done);
	start(adev, runs);
	start(adev, left);
	record_of(adev, 0)->status = cpu_to_le32(APU_JOB_STATUS_OK);
	spin_lock_irq(&adev->job_lock);
	apu_slots_fail(adev, BIT(1), APU_JOB_STATUS_POWER_LOST);
	spin_unlock_irq(&adev->job_lock);

	/* What the hardware had done in time stays done, and is not begun anew. */
	KUNIT_EXPECT_EQ(test, 1, result(done));
	KUNIT_EXPECT_EQ(test, -EIO, result(runs));
	KUNIT_EXPECT_EQ(test, 0, result(left));
	KUNIT_EXPECT_EQ(test, BIT(2), busy(adev));
	KUNIT_EXPECT_EQ(test, BIT(2), apu_test_reg(adev, APU_TOP_SLOT_ABORT));
}

static void apu_status_becomes_an_error(struct kunit *test)
{
	static const struct { u32 status; int hung, err; u32 cause; } cases[] = {
		{ APU_JOB_STATUS_TIMEOUT, 0, -ETIME, DRM_APU_CTX_CAUSE_TIMEOUT },
		{ APU_JOB_STATUS_ABORTED, 1, -ETIME, DRM_APU_CTX_CAUSE_TIMEOUT },
		{ APU_JOB_STATUS_BAD_COMMAND, 0, -EINVAL, DRM_APU_CTX_CAUSE_COMMAND },
		{ APU_JOB_STATUS_BAD_REGION, 0, -ERANGE, DRM_APU_CTX_CAUSE_REGION },
		{ APU_JOB_STATUS_MMU_FAULT, 0, -EFAULT, DRM_APU_CTX_CAUSE_MMU },
		{ APU_JOB_STATUS_BUS_ERROR, 0, -EIO, DRM_APU_CTX_CAUSE_HARDWARE },
		{ APU_JOB_STATUS_BAD_DESC, 0, -EIO, DRM_APU_CTX_CAUSE_HARDWARE },
		{ APU_JOB_STATUS_POWER_LOST, 0, -EIO, DRM_APU_CTX_CAUSE_HARDWARE },
		/* That no specification knows. */
		{ 0xdead, 0, -EIO, DRM_APU_CTX_CAUSE_HARDWARE },
	};
	struct apu_job *job = kunit_kzalloc(test, sizeof(*job), GFP_KERNEL);
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, job);
	KUNIT_EXPECT_EQ(test, 0, apu_status_to_errno(APU_JOB_STATUS_OK, job));
	KUNIT_EXPECT_EQ(test, -ECANCELED, apu_status_to_errno(APU_JOB_STATUS_CANCELLED, job));
	KUNIT_EXPECT_EQ(test, -ECANCELED, apu_status_to_errno(APU_JOB_STATUS_ABORTED, job));
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		job->hung = cases[i].hung;
		KUNIT_EXPECT_EQ(test, cases[i].err, apu_status_to_errno(cases[i].status, job));
		KUNIT_EXPECT_EQ(test, cases[i].cause, apu_ctx_cause(cases[i].status));
	}
}

static bool is_hung(struct apu_device *adev, unsigned int slot, u32 running, u32 run_us,
		    ktime_t now, ktime_t *next)
{
	bool hung;

	*next = KTIME_MAX;
	spin_lock_irq(&adev->job_lock);
	hung = apu_slot_check_hung(adev, slot, running, run_us, now, next);
	spin_unlock_irq(&adev->job_lock);

	return hung;
}

/* Limits of jobs here are 1,500 ms, and the grace is 2 ms. */
static void apu_hangs_are_found(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);
	struct apu_job *job = apu_test_job(test, apu_test_ctx(test, adev), 1);
	const ktime_t t0 = ktime_get() + NSEC_PER_SEC;
	ktime_t next;

	job->time_limit_us = 1500 * USEC_PER_MSEC;
	start(adev, job);

	/* By the hardware's time, and the next look is when it would be late. */
	KUNIT_EXPECT_FALSE(test, is_hung(adev, 0, BIT(0), 500, t0, &next));
	KUNIT_EXPECT_EQ(test, ktime_add_us(t0, 1502 * USEC_PER_MSEC - 500), next);
	KUNIT_EXPECT_FALSE(test, is_hung(adev, 0, BIT(0), 0, t0 + 9 * NSEC_PER_SEC, &next));
	KUNIT_EXPECT_FALSE(test, is_hung(adev, 0, BIT(0), 1502 * USEC_PER_MSEC - 1, t0, &next));
	KUNIT_EXPECT_EQ(test, ktime_add_us(t0, 1), next);
	KUNIT_EXPECT_FALSE(test, job->hung);
	KUNIT_EXPECT_TRUE(test, is_hung(adev, 0, BIT(0), 1502 * USEC_PER_MSEC, t0, &next));
	KUNIT_EXPECT_TRUE(test, job->hung);
}

/* The next job in the slot is not taken for it, or it would be stopped in its place. */
static void apu_a_hang_is_over_when_its_slot_is_used_again(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);
	struct apu_ctx *ctx = apu_test_ctx(test, adev);
	struct apu_job *job = apu_test_job(test, ctx, 1);

	start(adev, job);
	writel(BIT(0), adev->regs + APU_TOP_SLOT_ACTIVE);
	KUNIT_EXPECT_EQ(test, 0, apu_slots_still_hung(adev, BIT(0)));
	job->hung = true;
	KUNIT_EXPECT_EQ(test, BIT(0), apu_slots_still_hung(adev, BIT(0)));
	KUNIT_EXPECT_EQ(test, 0, apu_slots_still_hung(adev, BIT(1)));

	finish(adev, BIT(0), BIT(0), APU_JOB_STATUS_ABORTED);
	start(adev, apu_test_job(test, apu_test_ctx(test, adev), 1));
	writel(BIT(0), adev->regs + APU_TOP_SLOT_ACTIVE);
	KUNIT_EXPECT_EQ(test, 0, apu_slots_still_hung(adev, BIT(0)));
}

static void apu_jobs_that_are_not_started_hang(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);
	struct apu_job *job = apu_test_job(test, apu_test_ctx(test, adev), 1);
	const ktime_t t0 = ktime_get() + NSEC_PER_SEC;
	ktime_t next, t1 = ktime_add_ms(t0, 5000);

	job->time_limit_us = 1500 * USEC_PER_MSEC;
	start(adev, job);

	/* Waits for others, which is no hang; it may begin to run now. */
	KUNIT_EXPECT_FALSE(test, is_hung(adev, 0, BIT(1), 0, t0, &next));
	KUNIT_EXPECT_EQ(test, ktime_add_ms(t0, 1502), next);
	KUNIT_EXPECT_FALSE(test, is_hung(adev, 0, BIT(1), 0, t1, &next));
	/* Nobody runs: then it should. */
	KUNIT_EXPECT_FALSE(test, is_hung(adev, 0, 0, 0, ktime_add_ms(t1, 1501), &next));
	KUNIT_EXPECT_EQ(test, ktime_add_ms(t1, 1502), next);
	KUNIT_EXPECT_FALSE(test, job->hung);
	KUNIT_EXPECT_TRUE(test, is_hung(adev, 0, 0, 0, ktime_add_ms(t1, 1502), &next));
	KUNIT_EXPECT_TRUE(test, job->hung);
}

/* The timer is moved by a job that may be late before the next look, and by no other. */
static void apu_jobs_share_a_timer(struct kunit *test)
{
	static const u32 limits_ms[] = { 10000, 100, 200, 50, 50, 100 };
	/* Whether the job moves it. */
	static const bool moves[] = { true, true, false, true, false, false };
	struct apu_device *adev = apu_test_device(test);
	struct apu_ctx *ctx = apu_test_ctx(test, adev);
	ktime_t due, before;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(moves); i++) {
		struct apu_job *job = apu_test_job(test, ctx, i + 1);

		job->time_limit_us = limits_ms[i] * USEC_PER_MSEC;
		due = adev->watchdog.due;
		before = ktime_get();
		start(adev, job);
		KUNIT_EXPECT_EQ(test, moves[i], adev->watchdog.due != due);
		if (!moves[i])
			continue;
		/* A second is the longest, for interrupts that are lost. */
		due = ktime_add_ms(before, min(limits_ms[i] + 2, 1000));
		KUNIT_EXPECT_GE(test, adev->watchdog.due, due);
		KUNIT_EXPECT_LE(test, adev->watchdog.due, due + ktime_sub(ktime_get(), before));
		KUNIT_EXPECT_EQ(test, adev->watchdog.due,
				hrtimer_get_expires(&adev->watchdog.timer));
	}
}

static u32 find_hung(struct apu_device *adev)
{
	u32 hung;

	spin_lock_irq(&adev->job_lock);
	adev->watchdog.due = KTIME_MAX;
	hung = apu_watchdog_find_hung(adev);
	spin_unlock_irq(&adev->job_lock);

	return hung;
}

/* As long as there is a job that does not hang; the limit of both is 100 ms, the grace 2 ms. */
static void apu_the_watchdog_looks_again(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);
	struct apu_ctx *ctx = apu_test_ctx(test, adev);
	struct apu_job *jobs[2];
	ktime_t before;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(jobs); i++) {
		jobs[i] = apu_test_job(test, ctx, i + 1);
		jobs[i]->time_limit_us = 100 * USEC_PER_MSEC;
		start(adev, jobs[i]);
	}
	apu_write(adev, APU_TOP_SLOT_RUNNING, BIT(0) | BIT(1));
	apu_write(adev, APU_TOP_SLOT_TIME(0), 30 * USEC_PER_MSEC);
	before = ktime_get();
	KUNIT_EXPECT_EQ(test, 0, find_hung(adev));
	KUNIT_EXPECT_GE(test, adev->watchdog.due, ktime_add_ms(before, 72));
	KUNIT_EXPECT_LE(test, adev->watchdog.due, ktime_add_ms(ktime_get(), 72));

	/* For the second. */
	apu_write(adev, APU_TOP_SLOT_TIME(0), 102 * USEC_PER_MSEC);
	before = ktime_get();
	KUNIT_EXPECT_EQ(test, BIT(0), find_hung(adev));
	KUNIT_EXPECT_GE(test, adev->watchdog.due, ktime_add_ms(before, 102));
	KUNIT_EXPECT_LE(test, adev->watchdog.due, ktime_add_ms(ktime_get(), 102));

	apu_write(adev, APU_TOP_SLOT_TIME(1), 102 * USEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, BIT(0) | BIT(1), find_hung(adev));
	KUNIT_EXPECT_EQ(test, KTIME_MAX, adev->watchdog.due);
}

static void apu_fences_signal_in_order(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);
	struct apu_ctx *ctx = apu_test_ctx(test, adev);
	struct apu_job *jobs[3];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(jobs); i++) {
		jobs[i] = apu_test_job(test, ctx, i + 1);
		start(adev, jobs[i]);
	}
	finish(adev, BIT(2), BIT(2), APU_JOB_STATUS_OK);
	KUNIT_EXPECT_EQ(test, 0, result(jobs[2]));
	finish(adev, BIT(0), BIT(0), APU_JOB_STATUS_OK);
	KUNIT_EXPECT_EQ(test, 1, result(jobs[0]));
	KUNIT_EXPECT_EQ(test, 0, result(jobs[1]));
	KUNIT_EXPECT_EQ(test, 0, result(jobs[2]));
	KUNIT_EXPECT_EQ(test, 1, ctx->done_seqno);
	finish(adev, BIT(1), BIT(1), APU_JOB_STATUS_OK);
	KUNIT_EXPECT_EQ(test, 1, result(jobs[1]));
	KUNIT_EXPECT_EQ(test, 1, result(jobs[2]));
	KUNIT_EXPECT_EQ(test, 3, ctx->done_seqno);
	KUNIT_EXPECT_EQ(test, 2, ctx->records[2].seqno);
}

struct apu_look {
	struct dma_fence_cb cb;
	struct apu_ctx *ctx;
	u32 users;
	int jobs;
};

static void look(struct dma_fence *fence, struct dma_fence_cb *cb)
{
	struct apu_look *look = container_of(cb, struct apu_look, cb);

	look->users = look->ctx->adev->pm.users[APU_ENGINE_CLASS_EDMA];
	look->jobs = atomic_read(&look->ctx->client->jobs);
}

/*
 * An engine that was lost is switched off for the next job, if nobody else uses it; and
 * who may have one job only can submit the next.
 */
static void apu_jobs_let_go_before_they_signal(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);
	struct apu_ctx *ctx = apu_test_ctx(test, adev);
	struct apu_job *job = apu_test_job(test, ctx, 1);
	struct apu_look seen = { .ctx = ctx, .users = U32_MAX, .jobs = -1 };

	/* There are no devices to let go of, and no requests to change. */
	adev->pm.gone = true;
	adev->qos.gone = true;
	adev->pm.users[APU_ENGINE_CLASS_EDMA] = 1;
	list_add(&ctx->qos.node, &adev->qos.active);
	ctx->qos.jobs = 1;
	job->classes = BIT(APU_ENGINE_CLASS_EDMA);
	job->pm_held = true;

	start(adev, job);
	KUNIT_ASSERT_EQ(test, 0, dma_fence_add_callback(&job->fence.base, &seen.cb, look));
	finish(adev, BIT(0), BIT(0), APU_JOB_STATUS_OK);
	KUNIT_EXPECT_EQ(test, 0, seen.users);
	KUNIT_EXPECT_EQ(test, 0, seen.jobs);
	KUNIT_EXPECT_EQ(test, 0, ctx->qos.jobs);
}

static void apu_the_first_failure_kills(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);
	struct apu_ctx *ctx = apu_test_ctx(test, adev);
	struct apu_job *jobs[3];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(jobs); i++) {
		jobs[i] = apu_test_job(test, ctx, i + 1);
		start(adev, jobs[i]);
	}
	/* The third fails first in time, the second first in order. */
	finish(adev, BIT(2), BIT(2), APU_JOB_STATUS_BAD_REGION);
	KUNIT_EXPECT_EQ(test, DRM_APU_CTX_CAUSE_NONE, ctx->fail.cause);
	finish(adev, BIT(1), BIT(1), APU_JOB_STATUS_MMU_FAULT);
	finish(adev, BIT(0), BIT(0), APU_JOB_STATUS_OK);
	KUNIT_EXPECT_EQ(test, 1, result(jobs[0]));
	KUNIT_EXPECT_EQ(test, -EFAULT, result(jobs[1]));
	KUNIT_EXPECT_EQ(test, -ECANCELED, result(jobs[2]));
	KUNIT_EXPECT_EQ(test, DRM_APU_CTX_CAUSE_MMU, ctx->fail.cause);
	KUNIT_EXPECT_EQ(test, 2, ctx->fail.record.seqno);
}

static void apu_stats_name_the_engines(struct kunit *test)
{
	struct apu_ctx_record *record = kunit_kzalloc(test, sizeof(*record), GFP_KERNEL);
	struct drm_apu_job_stats *args = kunit_kzalloc(test, sizeof(*args), GFP_KERNEL);
	struct apu_device *adev = apu_test_device(test);

	KUNIT_ASSERT_NOT_NULL(test, record);
	KUNIT_ASSERT_NOT_NULL(test, args);
	record->result = -ETIME;
	record->num_streams = 3;
	record->classes[0] = APU_ENGINE_CLASS_MVPU;
	record->classes[1] = APU_ENGINE_CLASS_MDLA;
	record->classes[2] = APU_ENGINE_CLASS_EDMA;
	/* Engines 4, 1 and 3 of two MDLA, two eDMA and one MVPU. */
	record->hw.engines = cpu_to_le64(0x030104);
	record->hw.cycles = cpu_to_le64(1000);
	record->hw.streams[2].busy = cpu_to_le64(99);
	apu_job_stats_fill(args, record, adev);

	KUNIT_EXPECT_EQ(test, -ETIME, args->status);
	KUNIT_EXPECT_EQ(test, 3, args->num_streams);
	KUNIT_EXPECT_EQ(test, 1000, args->cycles);
	KUNIT_EXPECT_EQ(test, DRM_APU_ENGINE_MVPU, args->streams[0].engine_class);
	KUNIT_EXPECT_EQ(test, 0, args->streams[0].engine_instance);
	KUNIT_EXPECT_EQ(test, DRM_APU_ENGINE_MDLA, args->streams[1].engine_class);
	KUNIT_EXPECT_EQ(test, 1, args->streams[1].engine_instance);
	KUNIT_EXPECT_EQ(test, DRM_APU_ENGINE_EDMA, args->streams[2].engine_class);
	KUNIT_EXPECT_EQ(test, 1, args->streams[2].engine_instance);
	KUNIT_EXPECT_EQ(test, 99, args->streams[2].busy);

	/* A job that did not get to the hardware: no number is negative. */
	record->hw.engines = 0;
	apu_job_stats_fill(args, record, adev);
	KUNIT_EXPECT_EQ(test, 0, args->streams[0].engine_instance);
}

static struct kunit_case apu_slot_cases[] = {
	KUNIT_CASE(apu_descriptor_says_what_to_do),
	KUNIT_CASE(apu_slots_are_taken_and_given_back),
	KUNIT_CASE(apu_slots_are_reserved),
	KUNIT_CASE(apu_waits_for_the_oldest_job),
	KUNIT_CASE(apu_interrupts_are_hints),
	KUNIT_CASE(apu_interrupts_are_cleared_first),
	KUNIT_CASE(apu_lost_jobs_are_found),
	KUNIT_CASE(apu_all_slots_are_looked_after),
	KUNIT_CASE(apu_predecessors_are_in_the_mask),
	KUNIT_CASE(apu_jobs_start_anew_after_a_reset),
	KUNIT_CASE(apu_slots_fail_at_last),
	KUNIT_CASE(apu_status_becomes_an_error),
	KUNIT_CASE(apu_hangs_are_found),
	KUNIT_CASE(apu_a_hang_is_over_when_its_slot_is_used_again),
	KUNIT_CASE(apu_jobs_that_are_not_started_hang),
	KUNIT_CASE(apu_jobs_share_a_timer),
	KUNIT_CASE(apu_the_watchdog_looks_again),
	KUNIT_CASE(apu_fences_signal_in_order),
	KUNIT_CASE(apu_jobs_let_go_before_they_signal),
	KUNIT_CASE(apu_the_first_failure_kills),
	KUNIT_CASE(apu_stats_name_the_engines),
	{}
};

static struct kunit_suite apu_slot_suite = {
	.name = "apu_slot",
	.test_cases = apu_slot_cases,
};

kunit_test_suite(apu_slot_suite);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The APU that tests have, and tests of what the driver makes of the hardware's
 * description.
 */

#include <kunit/device.h>
#include <linux/dma-fence.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "../apu_client.h"
#include "../apu_ctx.h"
#include "../apu_engine.h"
#include "../apu_kunit.h"
#include "../apu_sched.h"
#include "../apu_vm.h"
#include "../compat.h"
#include "apu_test.h"

/* Looks at nothing. */
static enum hrtimer_restart apu_test_watchdog(struct hrtimer *timer)
{
	return HRTIMER_NORESTART;
}

static void apu_test_stop_watchdog(void *data)
{
	struct apu_device *adev = data;

	hrtimer_cancel(&adev->watchdog.timer);
	ida_destroy(&adev->mmu.asids);
}

struct apu_device *apu_test_device(struct kunit *test)
{
	struct apu_device *adev = kunit_kzalloc(test, sizeof(*adev), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, adev);
	/* A name of its own: that of an earlier test's may not be free yet. */
	adev->base.dev = kunit_device_register(test, test->name);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, adev->base.dev);
	adev->info = (struct apu_info) {
		.num = { 2, 2, 1 },
		.num_engines = 5,
		.l1_kib = 1024,
		.l1_bank_kib = 128,
		.va_bits = 39,
		.pa_bits = 40,
		.time_hz = 1000000,
	};
	spin_lock_init(&adev->job_lock);
	spin_lock_init(&adev->pm.users_lock);
	spin_lock_init(&adev->qos.lock);
	INIT_LIST_HEAD(&adev->qos.active);
	mutex_init(&adev->hw_lock);
	init_waitqueue_head(&adev->slots_empty);
	ida_init(&adev->mmu.asids);

	adev->regs = (void __iomem __force *)kunit_kzalloc(test, APU_TOP_SIZE, GFP_KERNEL);
	adev->slot_mem = kunit_kzalloc(test, APU_NUM_SLOTS * APU_SLOT_STRIDE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, (void __force *)adev->regs);
	KUNIT_ASSERT_NOT_NULL(test, adev->slot_mem);
	adev->top_on = true;

	hrtimer_setup(&adev->watchdog.timer, apu_test_watchdog, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS);
	adev->watchdog.due = KTIME_MAX;
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action(test, apu_test_stop_watchdog, adev));

	return adev;
}

struct apu_ctx *apu_test_ctx(struct kunit *test, struct apu_device *adev)
{
	struct apu_ctx *ctx = kunit_kzalloc(test, sizeof(*ctx), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, ctx);
	ctx->vm = kunit_kzalloc(test, sizeof(*ctx->vm), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ctx->vm);
	ctx->client = kunit_kzalloc(test, sizeof(*ctx->client), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, ctx->client);
	kref_init(&ctx->ref);
	ctx->adev = adev;
	ctx->fence_context = dma_fence_context_alloc(1);
	INIT_LIST_HEAD(&ctx->inflight);

	return ctx;
}

static const char *apu_test_fence_name(struct dma_fence *fence)
{
	return "apu-test";
}

static const struct dma_fence_ops apu_test_fence_ops = {
	.get_driver_name = apu_test_fence_name,
	.get_timeline_name = apu_test_fence_name,
};

/* A test that fails can leave a fence that nobody has signalled: that is a warning. */
static void apu_test_end_job(void *data)
{
	struct apu_job *job = data;

	dma_fence_signal(&job->fence.base);
	/* Retiring drops one of the references. */
	if (job->ctx->done_seqno < job->seqno)
		dma_fence_put(&job->fence.base);
	dma_fence_put(&job->fence.base);
}

struct apu_job *apu_test_job(struct kunit *test, struct apu_ctx *ctx, u64 seqno)
{
	/* Freed by its fence, after a grace period, and not with the test. */
	struct apu_job *job = kzalloc_obj(*job);

	KUNIT_ASSERT_NOT_NULL(test, job);
	spin_lock_init(&job->fence.lock);
	dma_fence_init(&job->fence.base, &apu_test_fence_ops, &job->fence.lock,
		       ctx->fence_context, seqno);
	dma_fence_get(&job->fence.base);
	kref_get(&ctx->ref);
	atomic_inc(&ctx->client->jobs);
	job->ctx = ctx;
	job->seqno = seqno;
	job->first_seqno = seqno;
	job->num_streams = 1;
	job->time_limit_us = 1000;
	list_add_tail(&job->node, &ctx->inflight);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, apu_test_end_job, job));

	return job;
}

/* Gives the device the engines of @classes. */
static void apu_test_engines(struct kunit *test, struct apu_device *adev, const u32 *classes,
			     u32 count)
{
	u32 i;

	adev->info.num_engines = 0;
	memset(adev->info.num, 0, sizeof(adev->info.num));
	for (i = 0; i < count; i++) {
		adev->engines[i] = kunit_kzalloc(test, sizeof(*adev->engines[i]), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, adev->engines[i]);
		adev->engines[i]->class = classes[i];
		adev->engines[i]->index = i;
		adev->info.num[classes[i]]++;
		adev->info.num_engines++;
	}
}

static void apu_engines_are_all_there(struct kunit *test)
{
	static const u32 usual[] = { 0, 0, 1, 1, 2 }, no_edma[] = { 0, 2 }, last[] = { 2 };
	struct apu_device *adev = apu_test_device(test);

	apu_test_engines(test, adev, usual, ARRAY_SIZE(usual));
	KUNIT_EXPECT_EQ(test, 0, apu_engines_check(adev));
	apu_test_engines(test, adev, no_edma, ARRAY_SIZE(no_edma));
	KUNIT_EXPECT_EQ(test, 0, apu_engines_check(adev));
	apu_test_engines(test, adev, last, ARRAY_SIZE(last));
	KUNIT_EXPECT_EQ(test, 0, apu_engines_check(adev));
}

static void apu_engines_are_missing(struct kunit *test)
{
	static const u32 usual[] = { 0, 0, 1, 1, 2 }, mixed[] = { 0, 1, 0 };
	struct apu_device *adev = apu_test_device(test);

	apu_test_engines(test, adev, usual, ARRAY_SIZE(usual));
	adev->engines[3] = NULL;
	KUNIT_EXPECT_EQ(test, -ENODEV, apu_engines_check(adev));

	/* Engines are numbered class by class. */
	apu_test_engines(test, adev, mixed, ARRAY_SIZE(mixed));
	KUNIT_EXPECT_EQ(test, -ENODEV, apu_engines_check(adev));
}

static void apu_opp_is_found(struct kunit *test)
{
	static const u32 khz[] = { 200000, 400000, 600000, 800000, 1000000 };
	void *mem = kunit_kzalloc(test, APU_PWR_SIZE, GFP_KERNEL);
	void __iomem *regs = (void __iomem __force *)mem;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, mem);
	writel(ARRAY_SIZE(khz), regs + APU_PWR_NUM_OPP);
	for (i = 0; i < ARRAY_SIZE(khz); i++)
		writel(khz[i], regs + APU_PWR_OPP_KHZ(i));

	KUNIT_EXPECT_EQ(test, 0, apu_core_find_opp(regs, 0));
	KUNIT_EXPECT_EQ(test, 0, apu_core_find_opp(regs, 200000000));
	KUNIT_EXPECT_EQ(test, 1, apu_core_find_opp(regs, 200000001));
	KUNIT_EXPECT_EQ(test, 4, apu_core_find_opp(regs, 999999999));
	KUNIT_EXPECT_EQ(test, 4, apu_core_find_opp(regs, 1000000000));
	KUNIT_EXPECT_EQ(test, 4, apu_core_find_opp(regs, ULONG_MAX));
}

static struct kunit_case apu_device_cases[] = {
	KUNIT_CASE(apu_engines_are_all_there),
	KUNIT_CASE(apu_engines_are_missing),
	KUNIT_CASE(apu_opp_is_found),
	{}
};

static struct kunit_suite apu_device_suite = {
	.name = "apu_device",
	.test_cases = apu_device_cases,
};

kunit_test_suite(apu_device_suite);

MODULE_DESCRIPTION("Unit tests of the APU driver");
MODULE_LICENSE("GPL");
APU_IMPORT_NS_KUNIT();

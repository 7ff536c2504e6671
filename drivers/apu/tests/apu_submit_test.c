// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arguments of submits, binds and waits.
 */

#include <kunit/test.h>
#include <linux/dma-fence.h>
#include <linux/jiffies.h>
#include <linux/sizes.h>

#include <drm/apu_accel.h>

#include "../apu_ctx.h"
#include "../apu_kunit.h"
#include "../apu_sync.h"
#include "../apu_vm.h"
#include "apu_test.h"

static const struct apu_info apu_test_info = {
	.num = { 2, 2, 1 },
	.l1_kib = 1024,
	.va_bits = 39,
};

static void apu_jobs_are_checked(struct kunit *test)
{
	const struct drm_apu_job good = { .streams.count = 1 };
	struct drm_apu_job job = good;

	KUNIT_EXPECT_TRUE(test, apu_job_valid(&apu_test_info, &job));
	job.l1_kib = 1024;
	job.time_limit_us = APU_MAX_TIME_LIMIT_US;
	job.streams.count = DRM_APU_MAX_STREAMS;
	KUNIT_EXPECT_TRUE(test, apu_job_valid(&apu_test_info, &job));

	job.l1_kib++;
	KUNIT_EXPECT_FALSE(test, apu_job_valid(&apu_test_info, &job));
	job = good;
	job.time_limit_us = APU_MAX_TIME_LIMIT_US + 1;
	KUNIT_EXPECT_FALSE(test, apu_job_valid(&apu_test_info, &job));
	job = good;
	job.flags = 1u << 31;
	KUNIT_EXPECT_FALSE(test, apu_job_valid(&apu_test_info, &job));
	job = good;
	job.pad = 1;
	KUNIT_EXPECT_FALSE(test, apu_job_valid(&apu_test_info, &job));
	job = good;
	job.streams.count = 0;
	KUNIT_EXPECT_FALSE(test, apu_job_valid(&apu_test_info, &job));
}

struct apu_stream_case {
	const char *name;
	struct drm_apu_stream stream;
	bool valid;
};

#define VA_END BIT_ULL(39)

static const struct apu_stream_case apu_stream_cases[] = {
	{ "smallest", { DRM_APU_ENGINE_MDLA, 8, 0 }, true },
	{ "largest", { DRM_APU_ENGINE_MVPU, SZ_16M, VA_END - SZ_16M }, true },
	{ "class that does not exist", { DRM_APU_ENGINE_MVPU + 1, 8, SZ_4K }, false },
	{ "largest class", { U32_MAX, 8, SZ_4K }, false },
	{ "empty", { DRM_APU_ENGINE_EDMA, 0, SZ_4K }, false },
	{ "half a command", { DRM_APU_ENGINE_EDMA, 12, SZ_4K }, false },
	{ "too large", { DRM_APU_ENGINE_EDMA, SZ_16M + 8, SZ_4K }, false },
	{ "largest size", { DRM_APU_ENGINE_EDMA, U32_MAX - 7, SZ_4K }, false },
	{ "not aligned", { DRM_APU_ENGINE_EDMA, 8, SZ_4K + 4 }, false },
	{ "over the end", { DRM_APU_ENGINE_EDMA, 16, VA_END - 8 }, false },
	{ "at the end", { DRM_APU_ENGINE_EDMA, 8, VA_END }, false },
	{ "wraps around", { DRM_APU_ENGINE_EDMA, 16, U64_MAX - 7 }, false },
};

static void apu_stream_name(const struct apu_stream_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(apu_stream, apu_stream_cases, apu_stream_name);

static void apu_streams_are_checked(struct kunit *test)
{
	const struct apu_stream_case *c = test->param_value;

	KUNIT_EXPECT_EQ(test, c->valid, apu_stream_valid(&apu_test_info, &c->stream));
}

static void apu_deps_are_earlier_jobs(struct kunit *test)
{
	static const u32 deps[] = { 0, 5, 62, 5 }, self[] = { 3 }, later[] = { 0, U32_MAX };
	u64 mask = 0;

	KUNIT_EXPECT_EQ(test, 0, apu_deps_to_mask(NULL, 0, 0, &mask));
	KUNIT_EXPECT_EQ(test, 0, mask);
	KUNIT_EXPECT_EQ(test, 0, apu_deps_to_mask(deps, ARRAY_SIZE(deps), 63, &mask));
	KUNIT_EXPECT_EQ(test, BIT_ULL(0) | BIT_ULL(5) | BIT_ULL(62), mask);

	KUNIT_EXPECT_EQ(test, -EINVAL, apu_deps_to_mask(self, 1, 3, &mask));
	KUNIT_EXPECT_EQ(test, -EINVAL, apu_deps_to_mask(later, 2, 63, &mask));
	KUNIT_EXPECT_EQ(test, -EINVAL, apu_deps_to_mask(deps, 1, 0, &mask));
}

static void apu_sync_ops_are_checked(struct kunit *test)
{
	const u32 signal = DRM_APU_SYNC_OP_SIGNAL, timeline = DRM_APU_SYNC_OP_TIMELINE;
	struct { u32 flags; u64 point; bool valid; } cases[] = {
		{ 0, 0, true },
		{ signal, 0, true },
		{ timeline, 1, true },
		{ timeline | signal, U64_MAX, true },
		{ 0, 1, false },
		{ signal, 1, false },
		{ timeline, 0, false },
		{ timeline | signal, 0, false },
		{ 1u << 31, 0, false },
		{ ~(signal | timeline), 0, false },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct drm_apu_sync_op op = { .flags = cases[i].flags, .point = cases[i].point };

		KUNIT_EXPECT_EQ_MSG(test, cases[i].valid, apu_sync_op_valid(&op),
				    "flags %#x, point %llu", op.flags, op.point);
	}
}

static void apu_fences_have_numbers(struct kunit *test)
{
	struct apu_ctx *ctx = apu_test_ctx(test, apu_test_device(test));
	struct dma_fence fence = {};

	fence.context = ctx->fence_context;
	fence.seqno = 10;
	KUNIT_EXPECT_EQ(test, 10, apu_fence_to_seqno(ctx, &fence));
	fence.seqno = BIT_ULL(32);
	KUNIT_EXPECT_EQ(test, BIT_ULL(32), apu_fence_to_seqno(ctx, &fence));

	fence.context = ctx->fence_context + 1;
	KUNIT_EXPECT_EQ(test, 0, apu_fence_to_seqno(ctx, &fence));
}

static void apu_binds_are_checked(struct kunit *test)
{
	const u32 map = DRM_APU_VM_BIND_OP_MAP, unmap = DRM_APU_VM_BIND_OP_UNMAP;
	struct apu_vm *vm = kunit_kzalloc(test, sizeof(*vm), GFP_KERNEL);
	struct { struct drm_apu_vm_bind_op op; int result; } cases[] = {
		{ { map, 0, 1, 0, 0, SZ_4K, SZ_4K }, 0 },
		{ { map, DRM_APU_VM_BIND_READONLY, 1, 0, SZ_8K, VA_END - SZ_4K, SZ_4K }, 0 },
		{ { map, 0, 1, 0, 0, SZ_4K, VA_END - SZ_4K }, 0 },
		{ { unmap, 0, 0, 0, 0, SZ_4K, VA_END - SZ_4K }, 0 },
		/* What is zero, or unknown. */
		{ { map, 0, 1, 1, 0, SZ_4K, SZ_4K }, -EINVAL },
		{ { map, 1u << 31, 1, 0, 0, SZ_4K, SZ_4K }, -EINVAL },
		{ { map, 0, 1, 0, 0, SZ_4K, 0 }, -EINVAL },
		{ { unmap, 0, 0, 0, 0, SZ_4K, 0 }, -EINVAL },
		{ { unmap, DRM_APU_VM_BIND_READONLY, 0, 0, 0, SZ_4K, SZ_4K }, -EINVAL },
		{ { unmap, 0, 1, 0, 0, SZ_4K, SZ_4K }, -EINVAL },
		{ { unmap, 0, 0, 0, SZ_4K, SZ_4K, SZ_4K }, -EINVAL },
		{ { U32_MAX, 0, 1, 0, 0, SZ_4K, SZ_4K }, -EINVAL },
		/* Alignment. */
		{ { map, 0, 1, 0, 0, SZ_4K + 2048, SZ_4K }, -EINVAL },
		{ { map, 0, 1, 0, 0, SZ_4K, SZ_4K + 1 }, -EINVAL },
		{ { map, 0, 1, 0, 8, SZ_4K, SZ_4K }, -EINVAL },
		/* Range: the first page is never mapped, and nothing wraps around. */
		{ { map, 0, 1, 0, 0, 0, SZ_4K }, -EINVAL },
		{ { map, 0, 1, 0, 0, VA_END, SZ_4K }, -EINVAL },
		{ { map, 0, 1, 0, 0, VA_END - SZ_4K, SZ_8K }, -EINVAL },
		{ { map, 0, 1, 0, 0, SZ_4K, VA_END }, -EINVAL },
		{ { map, 0, 1, 0, 0, SZ_8K, -(u64)SZ_4K }, -EINVAL },
		{ { map, 0, 1, 0, 0, -(u64)SZ_4K, SZ_8K }, -EINVAL },
	};
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, vm);
	vm->base.mm_start = APU_VA_START;
	vm->base.mm_range = VA_END - APU_VA_START;
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, cases[i].result, apu_vm_bind_check(vm, &cases[i].op),
				    "case %u", i);
}

static void apu_binds_stay_in_the_buffer(struct kunit *test)
{
	struct { u64 offset, size; bool inside; } cases[] = {
		{ 0, SZ_4K, true },
		{ 0, SZ_64K, true },
		{ SZ_64K - SZ_4K, SZ_4K, true },
		{ 0, SZ_64K + SZ_4K, false },
		{ SZ_4K, SZ_64K, false },
		{ SZ_64K, SZ_4K, false },
		{ -(u64)SZ_4K, SZ_8K, false },
		{ SZ_8K, -(u64)SZ_4K, false },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct drm_apu_vm_bind_op op = {
			.bo_offset = cases[i].offset,
			.size = cases[i].size,
		};

		KUNIT_EXPECT_EQ_MSG(test, cases[i].inside, apu_bind_in_bo(&op, SZ_64K),
				    "%#llx bytes at %#llx", op.size, op.bo_offset);
	}
}

static void apu_waits_have_an_end(struct kunit *test)
{
	s64 now = ktime_get_ns();

	KUNIT_EXPECT_EQ(test, 0, apu_timeout_jiffies(0));
	KUNIT_EXPECT_EQ(test, 0, apu_timeout_jiffies(-1));
	KUNIT_EXPECT_EQ(test, 0, apu_timeout_jiffies(S64_MIN));
	KUNIT_EXPECT_EQ(test, 0, apu_timeout_jiffies(1));
	KUNIT_EXPECT_EQ(test, 0, apu_timeout_jiffies(now - NSEC_PER_SEC));

	/* At least the time that is left, a little more at most: some of it passes here. */
	KUNIT_EXPECT_GT(test, apu_timeout_jiffies(now + 1000ll * NSEC_PER_SEC), 900ul * HZ);
	KUNIT_EXPECT_LE(test, apu_timeout_jiffies(now + 1000ll * NSEC_PER_SEC), 1000ul * HZ + 1);
	KUNIT_EXPECT_GT(test, apu_timeout_jiffies(S64_MAX), 86400ul * 365 * HZ);
	KUNIT_EXPECT_LT(test, apu_timeout_jiffies(S64_MAX), (unsigned long)MAX_SCHEDULE_TIMEOUT);
}

static struct kunit_case apu_submit_cases[] = {
	KUNIT_CASE(apu_jobs_are_checked),
	KUNIT_CASE_PARAM(apu_streams_are_checked, apu_stream_gen_params),
	KUNIT_CASE(apu_deps_are_earlier_jobs),
	KUNIT_CASE(apu_sync_ops_are_checked),
	KUNIT_CASE(apu_fences_have_numbers),
	KUNIT_CASE(apu_binds_are_checked),
	KUNIT_CASE(apu_binds_stay_in_the_buffer),
	KUNIT_CASE(apu_waits_have_an_end),
	{}
};

static struct kunit_suite apu_submit_suite = {
	.name = "apu_submit",
	.test_cases = apu_submit_cases,
};

kunit_test_suite(apu_submit_suite);

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables, without a device that walks them, and the commands that it would get.
 */

#include <kunit/test.h>
#include <linux/bitfield.h>
#include <linux/io-pgtable.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>

#include "../apu_kunit.h"
#include "../apu_mmu.h"
#include "apu_test.h"

#define VA SZ_1G
#define PHYS 0x80000000ull

struct apu_piece {
	u64 addr;
	u64 len;
};

static void apu_spans_are_counted(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 1, apu_pt_spans(0, 1, SZ_2M));
	KUNIT_EXPECT_EQ(test, 1, apu_pt_spans(SZ_2M, SZ_2M, SZ_2M));
	KUNIT_EXPECT_EQ(test, 2, apu_pt_spans(SZ_2M, SZ_2M + SZ_4K, SZ_2M));
	KUNIT_EXPECT_EQ(test, 2, apu_pt_spans(SZ_2M - SZ_4K, SZ_8K, SZ_2M));
	KUNIT_EXPECT_EQ(test, 3, apu_pt_spans(SZ_2M - SZ_4K, SZ_2M + SZ_8K, SZ_2M));
	KUNIT_EXPECT_EQ(test, 512, apu_pt_spans(0, BIT_ULL(39), SZ_1G));
	KUNIT_EXPECT_EQ(test, 1, apu_pt_spans(BIT_ULL(39) - SZ_4K, SZ_4K, SZ_1G));
}

static void apu_page_sizes_are_chosen(struct kunit *test)
{
	struct { u64 addr, size; size_t pgsize, count; } cases[] = {
		{ 0, SZ_4K, SZ_4K, 1 },
		{ 0, SZ_2M - SZ_4K, SZ_4K, 511 },
		{ 0, SZ_2M, SZ_2M, 1 },
		{ SZ_4M, SZ_4M + SZ_4K, SZ_2M, 2 },
		/* Up to the next block, but not further. */
		{ SZ_4K, SZ_8M, SZ_4K, 511 },
		{ SZ_2M - SZ_4K, SZ_8M, SZ_4K, 1 },
		{ SZ_2M - SZ_8K, SZ_4K, SZ_4K, 1 },
	};
	size_t count;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		KUNIT_EXPECT_EQ_MSG(test, cases[i].pgsize,
				    apu_pt_page_size(cases[i].addr, cases[i].size, &count),
				    "case %u", i);
		KUNIT_EXPECT_EQ_MSG(test, cases[i].count, count, "case %u", i);
	}
}

static void free_sgt(void *data)
{
	sg_free_table(data);
}

static struct sg_table *apu_test_sgt(struct kunit *test, const struct apu_piece *pieces, u32 count)
{
	struct sg_table *sgt = kunit_kzalloc(test, sizeof(*sgt), GFP_KERNEL);
	struct scatterlist *sg;
	u32 i;

	KUNIT_ASSERT_NOT_NULL(test, sgt);
	KUNIT_ASSERT_EQ(test, 0, sg_alloc_table(sgt, count, GFP_KERNEL));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, free_sgt, sgt));
	for_each_sgtable_dma_sg(sgt, sg, i) {
		sg_dma_address(sg) = pieces[i].addr;
		sg_dma_len(sg) = pieces[i].len;
	}

	return sgt;
}

static void apu_pt_test_fini(void *data)
{
	apu_pt_fini(data);
}

static struct apu_pt *apu_test_pt(struct kunit *test, struct apu_device *adev)
{
	struct apu_pt *pt = kunit_kzalloc(test, sizeof(*pt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, pt);
	KUNIT_ASSERT_EQ(test, 0, apu_pt_init(pt, adev));
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, apu_pt_test_fini, pt));

	return pt;
}

static void apu_memory_that_can_be_mapped(struct kunit *test)
{
	const struct apu_piece two[] = { { PHYS, SZ_4K }, { PHYS + SZ_1M, SZ_8K } };
	/* The device has 40 bits. */
	const struct apu_piece last[] = { { BIT_ULL(40) - SZ_4K, SZ_4K } };
	const struct apu_piece over[] = { { BIT_ULL(40) - SZ_4K, SZ_8K } };
	const struct apu_piece beyond[] = { { BIT_ULL(40), SZ_4K } };
	const struct apu_piece odd_addr[] = { { PHYS + 64, SZ_4K } };
	const struct apu_piece odd_len[] = { { PHYS, SZ_4K }, { PHYS + SZ_1M, SZ_4K + 64 } };
	struct apu_pt *pt = apu_test_pt(test, apu_test_device(test));
	struct sg_table *sgt = apu_test_sgt(test, two, 2);

	KUNIT_EXPECT_TRUE(test, apu_pt_can_map(pt, sgt, SZ_4K));
	KUNIT_EXPECT_TRUE(test, apu_pt_can_map(pt, sgt, SZ_4K + SZ_8K));
	KUNIT_EXPECT_FALSE(test, apu_pt_can_map(pt, sgt, SZ_16K));
	KUNIT_EXPECT_TRUE(test, apu_pt_can_map(pt, apu_test_sgt(test, last, 1), SZ_4K));
	KUNIT_EXPECT_FALSE(test, apu_pt_can_map(pt, apu_test_sgt(test, over, 1), SZ_4K));
	KUNIT_EXPECT_FALSE(test, apu_pt_can_map(pt, apu_test_sgt(test, beyond, 1), SZ_4K));
	KUNIT_EXPECT_FALSE(test, apu_pt_can_map(pt, apu_test_sgt(test, odd_addr, 1), SZ_4K));
	/* What is not mapped may have any shape. */
	sgt = apu_test_sgt(test, odd_len, 2);
	KUNIT_EXPECT_TRUE(test, apu_pt_can_map(pt, sgt, SZ_4K));
	KUNIT_EXPECT_FALSE(test, apu_pt_can_map(pt, sgt, SZ_8K));
}

static void apu_test_map(struct kunit *test, struct apu_pt *pt, u64 va, struct sg_table *sgt,
			 u64 offset, u64 size)
{
	KUNIT_ASSERT_EQ(test, 0, apu_pt_alloc_pages(&pt->pool, apu_pt_pages_to_map(va, size)));
	apu_pt_map(pt, va, sgt, offset, size, true);
	apu_pt_free_pages(&pt->pool);
}

static u64 apu_test_phys(struct apu_pt *pt, u64 va)
{
	return pt->ops->iova_to_phys(pt->ops, va);
}

static void apu_pages_are_mapped(struct kunit *test)
{
	const struct apu_piece pieces[] = { { PHYS, SZ_8K }, { PHYS + SZ_1M, SZ_16K } };
	struct sg_table *sgt = apu_test_sgt(test, pieces, 2);
	struct apu_pt *pt = apu_test_pt(test, apu_test_device(test));

	/* From the second page of the first piece to the third of the second. */
	apu_test_map(test, pt, VA, sgt, SZ_4K, SZ_16K);
	KUNIT_EXPECT_EQ(test, PHYS + SZ_4K, apu_test_phys(pt, VA));
	KUNIT_EXPECT_EQ(test, PHYS + SZ_1M, apu_test_phys(pt, VA + SZ_4K));
	KUNIT_EXPECT_EQ(test, PHYS + SZ_1M + SZ_8K + 5, apu_test_phys(pt, VA + SZ_8K + SZ_4K + 5));
	KUNIT_EXPECT_EQ(test, 0, apu_test_phys(pt, VA + SZ_16K));
	KUNIT_EXPECT_EQ(test, 0, apu_test_phys(pt, VA - 1));

	apu_pt_unmap(pt, VA + SZ_4K, SZ_8K);
	KUNIT_EXPECT_EQ(test, PHYS + SZ_4K, apu_test_phys(pt, VA));
	KUNIT_EXPECT_EQ(test, 0, apu_test_phys(pt, VA + SZ_4K));
	KUNIT_EXPECT_EQ(test, 0, apu_test_phys(pt, VA + SZ_8K + SZ_4K - 1));
	KUNIT_EXPECT_EQ(test, PHYS + SZ_1M + SZ_8K, apu_test_phys(pt, VA + SZ_8K + SZ_4K));

	apu_pt_unmap(pt, VA, SZ_4K);
	apu_pt_unmap(pt, VA + SZ_8K + SZ_4K, SZ_4K);
	KUNIT_EXPECT_EQ(test, 0, apu_test_phys(pt, VA));
}

static void apu_blocks_are_mapped(struct kunit *test)
{
	const struct apu_piece piece = { PHYS, SZ_4M + SZ_4K };
	struct sg_table *sgt = apu_test_sgt(test, &piece, 1);
	struct apu_pt *pt = apu_test_pt(test, apu_test_device(test));

	apu_test_map(test, pt, VA, sgt, 0, SZ_4M);
	KUNIT_EXPECT_TRUE(test, apu_pt_maybe_block(pt, VA));
	KUNIT_EXPECT_TRUE(test, apu_pt_maybe_block(pt, VA + SZ_2M));
	KUNIT_EXPECT_EQ(test, PHYS + SZ_4M - 1, apu_test_phys(pt, VA + SZ_4M - 1));
	apu_pt_unmap(pt, VA, SZ_4M);

	/* Address and memory must both be aligned. */
	apu_test_map(test, pt, VA, sgt, SZ_4K, SZ_4M);
	KUNIT_EXPECT_FALSE(test, apu_pt_maybe_block(pt, VA));
	KUNIT_EXPECT_EQ(test, PHYS + SZ_4M, apu_test_phys(pt, VA + SZ_4M - SZ_4K));
	apu_pt_unmap(pt, VA, SZ_4M);
	KUNIT_EXPECT_EQ(test, 0, apu_test_phys(pt, VA));
	KUNIT_EXPECT_EQ(test, 0, apu_test_phys(pt, VA + SZ_2M));
}

/* Too little memory for tables would be a warning, and nothing mapped. */
static void apu_reserve_is_enough(struct kunit *test)
{
	const struct apu_piece piece = { PHYS + SZ_4K, SZ_8M };
	struct sg_table *sgt = apu_test_sgt(test, &piece, 1);
	const u64 vas[] = { SZ_4K, SZ_1G - SZ_4K, SZ_1G - SZ_2M, BIT_ULL(39) - SZ_8M };
	struct apu_device *adev = apu_test_device(test);
	struct apu_pt *pt;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(vas); i++) {
		pt = apu_test_pt(test, adev);
		apu_test_map(test, pt, vas[i], sgt, 0, SZ_8M);
		KUNIT_EXPECT_EQ(test, PHYS + SZ_4K, apu_test_phys(pt, vas[i]));
		KUNIT_EXPECT_EQ(test, PHYS + SZ_8M, apu_test_phys(pt, vas[i] + SZ_8M - SZ_4K));
		KUNIT_EXPECT_TRUE(test, list_empty(&pt->pool));
		apu_pt_unmap(pt, vas[i], SZ_8M);
	}
}

/* Until the TLB was invalidated, a walk may be under way in what was a table. */
static void apu_tables_stay_for_walks(struct kunit *test)
{
	const struct apu_piece piece = { PHYS + SZ_4K, SZ_2M };
	struct sg_table *sgt = apu_test_sgt(test, &piece, 1);
	struct apu_pt *pt = apu_test_pt(test, apu_test_device(test));

	apu_test_map(test, pt, VA, sgt, 0, SZ_2M);
	KUNIT_EXPECT_TRUE(test, list_empty(&pt->retired));
	apu_pt_unmap(pt, VA, SZ_2M);
	KUNIT_EXPECT_FALSE(test, list_empty(&pt->retired));
	/* That of another range, which is cut, is not. */
	apu_mmu_lock(pt, VA + SZ_8M, SZ_2M);
	apu_mmu_unlock(pt, VA + SZ_8M, SZ_2M);
	KUNIT_EXPECT_FALSE(test, list_empty(&pt->retired));
}

static void apu_asids_are_unique(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);
	struct apu_pt *pt = kunit_kcalloc(test, 3, sizeof(*pt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, pt);
	KUNIT_ASSERT_EQ(test, 0, apu_pt_init(&pt[0], adev));
	KUNIT_ASSERT_EQ(test, 0, apu_pt_init(&pt[1], adev));
	KUNIT_EXPECT_NE(test, 0, pt[0].asid);
	KUNIT_EXPECT_NE(test, 0, pt[1].asid);
	KUNIT_EXPECT_NE(test, pt[0].asid, pt[1].asid);
	apu_pt_fini(&pt[0]);
	KUNIT_ASSERT_EQ(test, 0, apu_pt_init(&pt[2], adev));
	KUNIT_EXPECT_NE(test, pt[2].asid, pt[1].asid);
	apu_pt_fini(&pt[1]);
	apu_pt_fini(&pt[2]);
}

/* The registers keep the last command. */
static void apu_expect_command(struct kunit *test, const struct apu_pt *pt, u32 op, u64 va,
			       u64 size)
{
	struct apu_device *adev = pt->adev;
	u32 cmd = apu_test_reg(adev, APU_TOP_MMU_CMD);

	KUNIT_EXPECT_EQ(test, op, FIELD_GET(APU_TOP_MMU_CMD_OP, cmd));
	KUNIT_EXPECT_EQ(test, pt->asid, FIELD_GET(APU_TOP_MMU_CMD_ASID, cmd));
	KUNIT_EXPECT_EQ(test, lower_32_bits(va), apu_test_reg(adev, APU_TOP_MMU_ADDR_LO));
	KUNIT_EXPECT_EQ(test, upper_32_bits(va), apu_test_reg(adev, APU_TOP_MMU_ADDR_HI));
	KUNIT_EXPECT_EQ(test, lower_32_bits(size), apu_test_reg(adev, APU_TOP_MMU_SIZE_LO));
	KUNIT_EXPECT_EQ(test, upper_32_bits(size), apu_test_reg(adev, APU_TOP_MMU_SIZE_HI));
}

static void apu_ranges_are_locked(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);
	struct apu_pt *pt;
	const u64 va = 5ULL * SZ_1G + SZ_2M;

	/* Of two, so that its id is not the first one. */
	apu_test_pt(test, adev);
	pt = apu_test_pt(test, adev);
	apu_mmu_lock(pt, va, SZ_2M);
	apu_expect_command(test, pt, APU_MMU_OP_LOCK, va, SZ_2M);
	KUNIT_EXPECT_TRUE(test, mutex_is_locked(&adev->hw_lock));

	apu_mmu_unlock(pt, va, SZ_2M);
	apu_expect_command(test, pt, APU_MMU_OP_UNLOCK, va, SZ_2M);
	KUNIT_EXPECT_FALSE(test, mutex_is_locked(&adev->hw_lock));
}

/* There is nothing to lock while TOP is off, but it must not come up meanwhile. */
static void apu_ranges_are_locked_while_off(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);
	struct apu_pt *pt = apu_test_pt(test, adev);

	adev->top_on = false;
	apu_mmu_lock(pt, VA, SZ_2M);
	KUNIT_EXPECT_TRUE(test, mutex_is_locked(&adev->hw_lock));
	apu_mmu_unlock(pt, VA, SZ_2M);
	KUNIT_EXPECT_FALSE(test, mutex_is_locked(&adev->hw_lock));
	KUNIT_EXPECT_EQ(test, 0, apu_test_reg(adev, APU_TOP_MMU_CMD));
}

/* Jobs run until apu_reset_unplug(), which comes after drm_dev_unplug(). */
static void apu_ranges_are_locked_until_all_stops(struct kunit *test)
{
	struct apu_device *adev = apu_test_device(test);
	struct apu_pt *pt = apu_test_pt(test, adev);

	adev->base.unplugged = true;
	apu_mmu_lock(pt, VA, SZ_2M);
	apu_expect_command(test, pt, APU_MMU_OP_LOCK, VA, SZ_2M);
	apu_mmu_unlock(pt, VA, SZ_2M);
	apu_expect_command(test, pt, APU_MMU_OP_UNLOCK, VA, SZ_2M);
	adev->base.unplugged = false;
}

static struct kunit_case apu_mmu_cases[] = {
	KUNIT_CASE(apu_spans_are_counted),
	KUNIT_CASE(apu_page_sizes_are_chosen),
	KUNIT_CASE(apu_memory_that_can_be_mapped),
	KUNIT_CASE(apu_pages_are_mapped),
	KUNIT_CASE(apu_blocks_are_mapped),
	KUNIT_CASE(apu_reserve_is_enough),
	KUNIT_CASE(apu_tables_stay_for_walks),
	KUNIT_CASE(apu_asids_are_unique),
	KUNIT_CASE(apu_ranges_are_locked),
	KUNIT_CASE(apu_ranges_are_locked_while_off),
	KUNIT_CASE(apu_ranges_are_locked_until_all_stops),
	{}
};

static struct kunit_suite apu_mmu_suite = {
	.name = "apu_mmu",
	.test_cases = apu_mmu_cases,
};

kunit_test_suite(apu_mmu_suite);

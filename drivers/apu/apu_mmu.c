// SPDX-License-Identifier: GPL-2.0-only
/*
 * MMU: page tables in memory, and the command unit that keeps the TLB true.
 *
 * Tables are built by io-pgtable. Its allocations come from a pool that was filled
 * before (apu_pt_alloc_pages()), so that map and unmap cannot fail half way, and can
 * be done where fences wait for them. Pages that stop being tables are kept until
 * the TLB was invalidated, for a walk may be under way in them.
 *
 * The TLB is tagged with ASIDs; every address space has its own from birth to
 * death. It keeps translations, never faults, so only what goes away needs commands:
 * INV_RANGE after an unmap, INV_ASID before the ASID goes to somebody else.
 * When such a command is done, no access that used the old translations is under
 * way, and the memory behind them can be freed. While TOP is off there is nothing
 * to do: the TLB is lost with its power.
 *
 * A part of a 2 MiB block cannot be unmapped: the block is taken away and the rest
 * mapped anew with pages. apu_mmu_lock() has accesses wait meanwhile.
 *
 * Locking: struct apu_pt is protected by its address space's lock (apu_vm.c).
 * &apu_device.hw_lock serializes commands and keeps TOP as it is, on or off. It is
 * held from LOCK to UNLOCK: there is one lock in the hardware, and a TOP that was
 * off must not come up and run jobs while a block is taken apart.
 */

#include <linux/bitfield.h>
#include <linux/iommu.h>
#include <linux/iopoll.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include "apu_device.h"
#include "apu_kunit.h"
#include "apu_mmu.h"
#include "apu_reset.h"
#include "apu_trace.h"

/* A command waits for accesses under way; these take a while on a slow host. */
#define APU_MMU_TIMEOUT_US	1000000

/* Page tables */

static void *apu_pt_alloc_page(void *cookie, size_t size, gfp_t gfp)
{
	struct apu_pt *pt = cookie;
	struct page *page;

	page = list_first_entry_or_null(&pt->pool, struct page, lru);
	if (drm_WARN_ON(&pt->adev->base, !page || size != PAGE_SIZE))
		return NULL;
	list_del(&page->lru);
	/* Only now: most of what is kept ready is not needed. */
	clear_page(page_address(page));

	return page_address(page);
}

static void apu_pt_free_page(void *cookie, void *addr, size_t size)
{
	struct apu_pt *pt = cookie;

	list_add(&virt_to_page(addr)->lru, &pt->retired);
}

/**
 * apu_pt_alloc_pages() - Get memory for tables
 * @pages: list to add it to
 * @count: number of pages, as apu_pt_pages_to_map() and apu_pt_pages_to_unmap() say
 *
 * Return: 0 or -ENOMEM; the caller frees what was allocated in either case.
 */
int apu_pt_alloc_pages(struct list_head *pages, u64 count)
{
	struct page *page;

	while (count--) {
		page = alloc_page(GFP_KERNEL_ACCOUNT);
		if (!page)
			return -ENOMEM;
		list_add(&page->lru, pages);
	}

	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(apu_pt_alloc_pages);

/**
 * apu_pt_free_pages() - Free memory for tables
 * @pages: list of pages, empty afterwards
 */
void apu_pt_free_pages(struct list_head *pages)
{
	struct page *page, *tmp;

	list_for_each_entry_safe(page, tmp, pages, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
}
EXPORT_SYMBOL_IF_KUNIT(apu_pt_free_pages);

VISIBLE_IF_KUNIT u64 apu_pt_spans(u64 va, u64 size, u64 span)
{
	return (ALIGN(va + size, span) - ALIGN_DOWN(va, span)) / span;
}
EXPORT_SYMBOL_IF_KUNIT(apu_pt_spans);

/**
 * apu_pt_pages_to_unmap() - Memory that unmapping a range may need for tables
 * @va: first address
 * @size: bytes
 *
 * Return: Number of pages.
 */
u64 apu_pt_pages_to_unmap(u64 va, u64 size)
{
	/* A block may be taken apart at either end. */
	return !IS_ALIGNED(va, SZ_2M) + !IS_ALIGNED(va + size, SZ_2M);
}
EXPORT_SYMBOL_IF_KUNIT(apu_pt_pages_to_unmap);

/**
 * apu_pt_pages_to_map() - Memory that mapping a range may need for tables
 * @va: first address
 * @size: bytes
 *
 * Return: Number of pages, with those to unmap what is there.
 */
u64 apu_pt_pages_to_map(u64 va, u64 size)
{
	return apu_pt_spans(va, size, SZ_1G) + apu_pt_spans(va, size, SZ_2M) +
	       apu_pt_pages_to_unmap(va, size);
}
EXPORT_SYMBOL_IF_KUNIT(apu_pt_pages_to_map);

VISIBLE_IF_KUNIT size_t apu_pt_page_size(u64 addr, u64 size, size_t *count)
{
	u64 next;

	if (IS_ALIGNED(addr, SZ_2M) && size >= SZ_2M) {
		*count = size / SZ_2M;
		return SZ_2M;
	}

	next = ALIGN(addr + 1, SZ_2M) - addr;
	*count = min(size, next) / SZ_4K;

	return SZ_4K;
}
EXPORT_SYMBOL_IF_KUNIT(apu_pt_page_size);

/**
 * apu_pt_can_map() - Whether a buffer's memory can be mapped
 * @pt: page tables
 * @sgt: buffer
 * @size: bytes from the start of the buffer
 *
 * Imported buffers can be anywhere, be in pieces that are no pages, and have less
 * memory than their size says.
 *
 * Return: Whether apu_pt_map() will do.
 */
bool apu_pt_can_map(struct apu_pt *pt, struct sg_table *sgt, u64 size)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		dma_addr_t addr = sg_dma_address(sg);
		u64 len = sg_dma_len(sg);

		if (!IS_ALIGNED(addr | len, SZ_4K) || addr + len > BIT_ULL(pt->adev->info.pa_bits))
			return false;
		if (len >= size)
			return true;
		size -= len;
	}

	return false;
}
EXPORT_SYMBOL_IF_KUNIT(apu_pt_can_map);

/**
 * apu_pt_map() - Map a part of a buffer
 * @pt: page tables, with memory reserved
 * @va: first address; nothing is mapped there
 * @sgt: buffer for which apu_pt_can_map() is true
 * @offset: first byte of the buffer
 * @size: bytes
 * @write: whether writes are allowed
 */
void apu_pt_map(struct apu_pt *pt, u64 va, struct sg_table *sgt, u64 offset, u64 size, bool write)
{
	int prot = IOMMU_READ | IOMMU_CACHE | (write ? IOMMU_WRITE : 0);
	struct scatterlist *sg;
	unsigned int i;

	trace_apu_map(pt, va, size, write);

	for_each_sgtable_dma_sg(sgt, sg, i) {
		dma_addr_t addr = sg_dma_address(sg);
		u64 len = sg_dma_len(sg);

		if (offset >= len) {
			offset -= len;
			continue;
		}
		addr += offset;
		len = min(len - offset, size);
		size -= len;
		offset = 0;

		while (len) {
			size_t count, mapped = 0;
			size_t pgsize = apu_pt_page_size(va | addr, len, &count);
			int ret;

			ret = pt->ops->map_pages(pt->ops, va, addr, pgsize, count, prot,
						 GFP_KERNEL, &mapped);
			if (drm_WARN_ON(&pt->adev->base, ret || !mapped))
				return;
			va += mapped;
			addr += mapped;
			len -= mapped;
		}
		if (!size)
			return;
	}
}
EXPORT_SYMBOL_IF_KUNIT(apu_pt_map);

/**
 * apu_pt_unmap() - Unmap a range without holes
 * @pt: page tables
 * @va: first address
 * @size: bytes; the range contains a block or is disjoint with it
 *
 * The caller invalidates the TLB.
 */
void apu_pt_unmap(struct apu_pt *pt, u64 va, u64 size)
{
	trace_apu_unmap(pt, va, size, false);

	while (size) {
		size_t count, unmapped;
		size_t pgsize = apu_pt_page_size(va, size, &count);

		unmapped = pt->ops->unmap_pages(pt->ops, va, pgsize, count, NULL);
		if (drm_WARN_ON(&pt->adev->base, !unmapped))
			return;
		va += unmapped;
		size -= unmapped;
	}
}
EXPORT_SYMBOL_IF_KUNIT(apu_pt_unmap);

/**
 * apu_pt_maybe_block() - Whether 2 MiB may be mapped by a block
 * @pt: page tables
 * @va: address, aligned to 2 MiB, from which all is mapped
 *
 * Return: false if it is certain that they are mapped by pages.
 */
bool apu_pt_maybe_block(struct apu_pt *pt, u64 va)
{
	phys_addr_t first = pt->ops->iova_to_phys(pt->ops, va);
	phys_addr_t last = pt->ops->iova_to_phys(pt->ops, va + SZ_2M - SZ_4K);

	return IS_ALIGNED(first, SZ_2M) && last == first + SZ_2M - SZ_4K;
}
EXPORT_SYMBOL_IF_KUNIT(apu_pt_maybe_block);

/**
 * apu_pt_init() - Create empty page tables
 * @pt: page tables
 * @adev: APU
 *
 * Return: 0, -ENOMEM, or -ENOSPC if all address-space ids are taken.
 */
int apu_pt_init(struct apu_pt *pt, struct apu_device *adev)
{
	struct io_pgtable_cfg cfg = {
		.pgsize_bitmap = SZ_4K | SZ_2M,
		.ias = adev->info.va_bits,
		.oas = adev->info.pa_bits,
		.coherent_walk = true,
		.iommu_dev = adev->base.dev,
		.alloc = apu_pt_alloc_page,
		.free = apu_pt_free_page,
	};
	int ret;

	pt->adev = adev;
	INIT_LIST_HEAD(&pt->pool);
	INIT_LIST_HEAD(&pt->retired);

	ret = ida_alloc_range(&adev->mmu.asids, 1, U16_MAX, GFP_KERNEL);
	if (ret < 0)
		return ret;
	pt->asid = ret;

	ret = apu_pt_alloc_pages(&pt->pool, 1);
	if (ret)
		goto err_asid;

	pt->ops = alloc_io_pgtable_ops(ARM_64_LPAE_S1, &cfg, pt);
	if (!pt->ops) {
		ret = -ENOMEM;
		goto err_pool;
	}
	pt->ttbr = cfg.arm_lpae_s1_cfg.ttbr;

	return 0;

err_pool:
	apu_pt_free_pages(&pt->pool);
	apu_pt_free_pages(&pt->retired);
err_asid:
	ida_free(&adev->mmu.asids, pt->asid);
	return ret;
}
EXPORT_SYMBOL_IF_KUNIT(apu_pt_init);

/* Commands */

static void apu_mmu_exit(struct apu_device *adev, int result)
{
	mutex_unlock(&adev->hw_lock);
	/* The memory will be freed, so the TLB has to forget it in any case. */
	if (result)
		apu_reset_all(adev, "the MMU does not answer");
}

static int apu_mmu_command(struct apu_pt *pt, enum apu_mmu_op op, u64 va, u64 size)
{
	struct apu_device *adev = pt->adev;
	u32 status;
	int ret;

	lockdep_assert_held(&adev->hw_lock);

	/*
	 * Suspended, or in reset since it was given up or unplugged: there is no TLB, and no
	 * access. Not drm_dev_enter(): that fails before the jobs have been stopped.
	 */
	if (!adev->top_on)
		return 0;

	apu_write(adev, APU_TOP_MMU_ADDR_LO, lower_32_bits(va));
	apu_write(adev, APU_TOP_MMU_ADDR_HI, upper_32_bits(va));
	apu_write(adev, APU_TOP_MMU_SIZE_LO, lower_32_bits(size));
	apu_write(adev, APU_TOP_MMU_SIZE_HI, upper_32_bits(size));
	apu_write(adev, APU_TOP_MMU_CMD, FIELD_PREP(APU_TOP_MMU_CMD_OP, op) |
					 FIELD_PREP(APU_TOP_MMU_CMD_ASID, pt->asid));

	ret = readl_poll_timeout(adev->regs + APU_TOP_MMU_STATUS, status,
				 !(status & APU_TOP_MMU_STATUS_BUSY), 2, APU_MMU_TIMEOUT_US);
	if (ret)
		drm_err(&adev->base, "MMU command %u does not end\n", op);
	else
		drm_WARN_ON(&adev->base, status & APU_TOP_MMU_STATUS_ERROR);

	return ret;
}

static void apu_mmu_run(struct apu_pt *pt, enum apu_mmu_op op, u64 va, u64 size)
{
	mutex_lock(&pt->adev->hw_lock);
	apu_mmu_exit(pt->adev, apu_mmu_command(pt, op, va, size));

	apu_pt_free_pages(&pt->retired);
}

/**
 * apu_mmu_invalidate() - Have the hardware forget translations
 * @pt: page tables
 * @va: first address
 * @size: bytes
 *
 * On return no access to what was mapped there is under way.
 */
void apu_mmu_invalidate(struct apu_pt *pt, u64 va, u64 size)
{
	apu_mmu_run(pt, APU_MMU_OP_INV_RANGE, va, size);
}

/**
 * apu_mmu_invalidate_all() - Have the hardware forget an address space
 * @pt: page tables; no job uses them
 */
void apu_mmu_invalidate_all(struct apu_pt *pt)
{
	apu_mmu_run(pt, APU_MMU_OP_INV_ASID, 0, 0);
}

/**
 * apu_mmu_lock() - Have accesses to a range wait
 * @pt: page tables
 * @va: first address
 * @size: bytes
 *
 * To be followed by apu_mmu_unlock(), which also invalidates the range. Nothing may
 * be allocated in between.
 */
void apu_mmu_lock(struct apu_pt *pt, u64 va, u64 size)
{
	mutex_lock(&pt->adev->hw_lock);

	/* If this fails, so do the commands of apu_mmu_unlock(). */
	apu_mmu_command(pt, APU_MMU_OP_LOCK, va, size);
}
EXPORT_SYMBOL_IF_KUNIT(apu_mmu_lock);

/**
 * apu_mmu_unlock() - Let accesses go on
 * @pt: page tables
 * @va: first address
 * @size: bytes
 *
 * Retired tables stay: they may be of other ranges, which are still to be invalidated.
 */
void apu_mmu_unlock(struct apu_pt *pt, u64 va, u64 size)
{
	int ret;

	ret = apu_mmu_command(pt, APU_MMU_OP_INV_RANGE, va, size);
	if (!ret)
		ret = apu_mmu_command(pt, APU_MMU_OP_UNLOCK, va, size);
	apu_mmu_exit(pt->adev, ret);
}
EXPORT_SYMBOL_IF_KUNIT(apu_mmu_unlock);

/**
 * apu_pt_fini() - Free page tables in which nothing is mapped
 * @pt: page tables that the hardware does not know any more
 */
void apu_pt_fini(struct apu_pt *pt)
{
	free_io_pgtable_ops(pt->ops);
	apu_pt_free_pages(&pt->retired);
	ida_free(&pt->adev->mmu.asids, pt->asid);
}
EXPORT_SYMBOL_IF_KUNIT(apu_pt_fini);

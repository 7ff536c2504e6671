/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_MMU_H__
#define __APU_MMU_H__

#include <linux/io-pgtable.h>
#include <linux/list.h>
#include <linux/types.h>

struct apu_device;
struct sg_table;

/**
 * struct apu_pt - page tables of an address space
 */
struct apu_pt {
	/** @adev: APU */
	struct apu_device *adev;
	/** @ops: io-pgtable */
	struct io_pgtable_ops *ops;
	/** @ttbr: physical address of the root */
	u64 ttbr;
	/** @asid: tag of its translations in the TLB */
	u16 asid;
	/** @pool: pages for tables, those of the bind that runs */
	struct list_head pool;
	/** @retired: pages that were tables, which the hardware may still walk */
	struct list_head retired;
};

int apu_pt_init(struct apu_pt *pt, struct apu_device *adev);
void apu_pt_fini(struct apu_pt *pt);

int apu_pt_alloc_pages(struct list_head *pages, u64 count);
void apu_pt_free_pages(struct list_head *pages);
u64 apu_pt_pages_to_map(u64 va, u64 size);
u64 apu_pt_pages_to_unmap(u64 va, u64 size);

bool apu_pt_can_map(struct apu_pt *pt, struct sg_table *sgt, u64 size);
void apu_pt_map(struct apu_pt *pt, u64 va, struct sg_table *sgt, u64 offset, u64 size, bool write);
void apu_pt_unmap(struct apu_pt *pt, u64 va, u64 size);
bool apu_pt_maybe_block(struct apu_pt *pt, u64 va);

void apu_mmu_lock(struct apu_pt *pt, u64 va, u64 size);
void apu_mmu_unlock(struct apu_pt *pt, u64 va, u64 size);
void apu_mmu_invalidate(struct apu_pt *pt, u64 va, u64 size);
void apu_mmu_invalidate_all(struct apu_pt *pt);

#endif /* __APU_MMU_H__ */

/* SPDX-License-Identifier: MIT */
/*
 * Allocator of device virtual addresses. No locking: the device's lock covers it.
 */
#ifndef APU_VA_H
#define APU_VA_H

#include <stdint.h>

#define VA_PAGE_SIZE 4096ull
/* The MMU's block size; large buffers are aligned to it so that blocks can be used. */
#define VA_BLOCK_SIZE (2ull << 20)

struct va_hole;

struct va_space {
	/* Sorted by address, never adjacent. */
	struct va_hole *holes;
};

/* start and end are rounded inwards to pages. 0 or -ENOMEM. */
int va_init(struct va_space *va, uint64_t start, uint64_t end);
void va_fini(struct va_space *va);
/* Takes the lowest hole that size (a multiple of the page size, not 0) fits. 0 or -ENOMEM. */
int va_alloc(struct va_space *va, uint64_t size, uint64_t *addr);
/*
 * Gives back what va_alloc() returned. Cannot fail: where there is no memory for the
 * record, the addresses are lost to this space.
 */
void va_free(struct va_space *va, uint64_t addr, uint64_t size);

#endif

// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>

#include "error.h"
#include "va.h"

struct va_hole {
	struct va_hole *next;
	uint64_t start;
	uint64_t end;
};

static struct va_hole *hole_new(uint64_t start, uint64_t end, struct va_hole *next)
{
	struct va_hole *hole = malloc(sizeof(*hole));

	if (hole) {
		hole->start = start;
		hole->end = end;
		hole->next = next;
	}
	return hole;
}

int va_init(struct va_space *va, uint64_t start, uint64_t end)
{
	va->holes = NULL;
	if (start > UINT64_MAX - VA_PAGE_SIZE)
		return apu_fail(-ENOMEM, "no address space");
	start = (start + VA_PAGE_SIZE - 1) & ~(VA_PAGE_SIZE - 1);
	/* Address 0 is kept out: an operand that nobody set shall fault. */
	if (start == 0)
		start = VA_PAGE_SIZE;
	end &= ~(VA_PAGE_SIZE - 1);
	if (start >= end)
		return apu_fail(-ENOMEM, "no address space");
	va->holes = hole_new(start, end, NULL);
	return va->holes ? 0 : apu_fail(-ENOMEM, "no memory");
}

void va_fini(struct va_space *va)
{
	struct va_hole *next;

	for (; va->holes; va->holes = next) {
		next = va->holes->next;
		free(va->holes);
	}
}

int va_alloc(struct va_space *va, uint64_t size, uint64_t *addr)
{
	uint64_t align = size >= VA_BLOCK_SIZE ? VA_BLOCK_SIZE : VA_PAGE_SIZE;
	struct va_hole **link, *hole, *rest;
	uint64_t start;

	for (link = &va->holes; (hole = *link); link = &hole->next) {
		start = (hole->start + align - 1) & ~(align - 1);
		if (start < hole->start || start >= hole->end || hole->end - start < size)
			continue;
		if (start == hole->start && hole->end - start == size) {
			*link = hole->next;
			free(hole);
		} else if (start == hole->start) {
			hole->start += size;
		} else if (hole->end - start == size) {
			hole->end = start;
		} else {
			rest = hole_new(start + size, hole->end, hole->next);
			if (!rest)
				return apu_fail(-ENOMEM, "no memory");
			hole->end = start;
			hole->next = rest;
		}
		*addr = start;
		return 0;
	}
	return apu_fail(-ENOMEM, "no address space left for %llu bytes", (unsigned long long)size);
}

void va_free(struct va_space *va, uint64_t addr, uint64_t size)
{
	struct va_hole **link = &va->holes;
	struct va_hole *prev = NULL, *next;

	while (*link && (*link)->start < addr) {
		prev = *link;
		link = &prev->next;
	}
	next = *link;
	if (prev && prev->end == addr) {
		prev->end = addr + size;
		if (next && next->start == prev->end) {
			prev->end = next->end;
			prev->next = next->next;
			free(next);
		}
	} else if (next && next->start == addr + size) {
		next->start = addr;
	} else {
		struct va_hole *hole = hole_new(addr, addr + size, next);

		if (hole)
			*link = hole;
	}
}

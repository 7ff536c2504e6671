/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_ARENA_H__
#define __APU_ARENA_H__

#include <linux/types.h>

struct apu_arena_chunk;

/**
 * struct apu_arena - memory for the time of an ioctl, given back all at once
 *
 * Most submits need less than what is here, on the stack, and allocate nothing.
 */
struct apu_arena {
	/** @chunks: what was allocated */
	struct apu_arena_chunk *chunks;
	/** @next: where the next object goes */
	void *next;
	/** @left: bytes there */
	size_t left;
	/** @first: the first objects */
	u64 first[64];
};

void apu_arena_init(struct apu_arena *arena);
void *apu_arena_alloc(struct apu_arena *arena, size_t count, size_t size);
void apu_arena_fini(struct apu_arena *arena);

#endif /* __APU_ARENA_H__ */

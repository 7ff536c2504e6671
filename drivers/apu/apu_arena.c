// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that an ioctl needs while it runs.
 */

#include <linux/align.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "apu_arena.h"
#include "apu_kunit.h"

struct apu_arena_chunk {
	struct apu_arena_chunk *prev;
	u64 memory[];
};

/**
 * apu_arena_init() - Set up an arena
 * @arena: arena, on the stack; what is in it does not matter
 */
void apu_arena_init(struct apu_arena *arena)
{
	arena->chunks = NULL;
	arena->next = arena->first;
	arena->left = sizeof(arena->first);
}
EXPORT_SYMBOL_IF_KUNIT(apu_arena_init);

static int apu_arena_grow(struct apu_arena *arena, size_t bytes)
{
	size_t total = max(size_add(sizeof(struct apu_arena_chunk), bytes), PAGE_SIZE);
	struct apu_arena_chunk *chunk = kvmalloc(total, GFP_KERNEL_ACCOUNT);

	if (!chunk)
		return -ENOMEM;

	chunk->prev = arena->chunks;
	arena->chunks = chunk;
	arena->next = chunk->memory;
	arena->left = total - sizeof(*chunk);

	return 0;
}

/**
 * apu_arena_alloc() - Allocate objects
 * @arena: arena
 * @count: how many
 * @size: size of each
 *
 * Return: Memory that is not initialized, aligned to 8 bytes, or NULL.
 */
void *apu_arena_alloc(struct apu_arena *arena, size_t count, size_t size)
{
	size_t bytes = size_mul(count, size);
	void *memory;

	/* Not ALIGN() alone, which may wrap around. */
	if (bytes > INT_MAX)
		return NULL;
	bytes = ALIGN(bytes, sizeof(u64));
	if (bytes > arena->left && apu_arena_grow(arena, bytes))
		return NULL;

	memory = arena->next;
	arena->next += bytes;
	arena->left -= bytes;

	return memory;
}
EXPORT_SYMBOL_IF_KUNIT(apu_arena_alloc);

/**
 * apu_arena_fini() - Give all memory back
 * @arena: arena
 */
void apu_arena_fini(struct apu_arena *arena)
{
	struct apu_arena_chunk *chunk;

	while ((chunk = arena->chunks)) {
		arena->chunks = chunk->prev;
		kvfree(chunk);
	}
}
EXPORT_SYMBOL_IF_KUNIT(apu_arena_fini);

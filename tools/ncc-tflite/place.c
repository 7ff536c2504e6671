// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include "layer.h"
#include "place.h"

void arena_add(struct arena *a, uint64_t bytes, int from, int to, uint64_t *where)
{
	struct block *b = PUSH(&a->blocks);

	*b = (struct block){
		.bytes = align_up(bytes, PLACE_ALIGN),
		.from = from,
		.to = to,
		.where = where,
	};
}

/* Large ones first; among equals, long-lived ones. */
static int by_size(const void *pa, const void *pb)
{
	const struct block *a = pa, *b = pb;

	if (a->bytes != b->bytes)
		return a->bytes < b->bytes ? 1 : -1;
	if (a->to - a->from != b->to - b->from)
		return a->to - a->from < b->to - b->from ? 1 : -1;
	return a->from - b->from;
}

/* The smallest gap that takes block x among the n that are placed, which come by offset. */
static uint64_t best_fit(const struct block *x, struct block *const *placed, size_t n)
{
	uint64_t end = 0, best = UINT64_MAX, best_gap = UINT64_MAX;

	for (size_t i = 0; i < n; i++) {
		const struct block *b = placed[i];

		if (b->from > x->to || x->from > b->to)
			continue;
		if (b->off > end && b->off - end >= x->bytes && b->off - end < best_gap) {
			best = end;
			best_gap = b->off - end;
		}
		if (b->off + b->bytes > end)
			end = b->off + b->bytes;
	}
	return best == UINT64_MAX ? end : best;
}

/* Keeps the n blocks that are placed in the order of their offsets. */
static void insert(struct block *x, struct block **placed, size_t n)
{
	for (; n && placed[n - 1]->off > x->off; n--)
		placed[n] = placed[n - 1];
	placed[n] = x;
}

/* The time in the life of block number n at which blocks up to it need most. */
static int fullest_time(const struct arena *a, size_t n)
{
	const struct block *x = &a->blocks.v[n];
	uint64_t most = 0;
	int worst = x->from;

	for (size_t i = 0; i <= n; i++) {
		int time = a->blocks.v[i].from;
		uint64_t sum = 0;

		if (time < x->from || time > x->to)
			continue;
		for (size_t j = 0; j <= n; j++) {
			const struct block *b = &a->blocks.v[j];

			if (b->from <= time && time <= b->to)
				sum += b->bytes;
		}
		if (sum > most) {
			most = sum;
			worst = time;
		}
	}
	return worst;
}

int arena_place(struct arena *a, uint64_t limit)
{
	struct block **placed = alloc(a->blocks.n + 1, sizeof(*placed));

	a->used = 0;
	if (a->blocks.n)
		qsort(a->blocks.v, a->blocks.n, sizeof(*a->blocks.v), by_size);
	for (size_t i = 0; i < a->blocks.n; i++) {
		struct block *b = &a->blocks.v[i];

		b->off = best_fit(b, placed, i);
		insert(b, placed, i);
		*b->where = b->off;
		if (b->off + b->bytes > limit)
			return fullest_time(a, i);
		if (b->off + b->bytes > a->used)
			a->used = b->off + b->bytes;
	}
	return -1;
}

uint64_t arena_lower_bound(const struct arena *a)
{
	uint64_t most = 0;

	for (size_t i = 0; i < a->blocks.n; i++) {
		int time = a->blocks.v[i].from;
		uint64_t sum = 0;

		for (size_t j = 0; j < a->blocks.n; j++) {
			const struct block *b = &a->blocks.v[j];

			if (b->from <= time && time <= b->to)
				sum += b->bytes;
		}
		if (sum > most)
			most = sum;
	}
	return most;
}

// SPDX-License-Identifier: MIT
/*
 * A sparse constant is a tree: a level for each dimension of the tensor in some order, then one
 * for each dimension of a block. A dense level has a child for each index; a level of compressed
 * rows (CSR) says for each node where the list of its children's indices begins and ends. Nodes
 * of a level are numbered in order; those of the last level are the elements that are stored.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "sparse.h"

#define MAX_LEVELS (2 * MAX_RANK)

enum { SPARSITY_ORDER, SPARSITY_BLOCK_MAP, SPARSITY_LEVELS };
enum {
	LEVEL_FORMAT,
	LEVEL_SIZE,
	LEVEL_SEGMENTS_TYPE,
	LEVEL_SEGMENTS,
	LEVEL_INDICES_TYPE,
	LEVEL_INDICES
};
enum { FORMAT_DENSE, FORMAT_CSR };
enum { VECTOR_INT32 = 1, VECTOR_UINT16, VECTOR_UINT8 };

/* A vector of one of three widths. */
struct array {
	struct fb_vec v;
	int type;
};

struct level {
	bool csr;
	/* Indices are below. */
	uint32_t size;
	/* Elements of the tensor from an index to the next. */
	uint64_t step;
	/* CSR: where the list of each node begins, and where the last one's ends; the lists. */
	struct array segments, indices;
};

struct sparse {
	const struct tensor *t;
	struct level levels[MAX_LEVELS];
	unsigned nlevels, nblocks;
	/* Of each dimension of the tensor. */
	uint32_t block[MAX_RANK];
	uint64_t step[MAX_RANK];
};

__attribute__((format(printf, 2, 3))) _Noreturn static void damaged(const struct tensor *t,
								    const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fail("damaged file: sparse tensor \"%s\": %s", t->name, text);
}

static uint32_t get(const struct array *a, uint32_t i)
{
	switch (a->type) {
	case VECTOR_UINT8:
		return fb_vec_u8(&a->v, i);
	case VECTOR_UINT16:
		return fb_vec_u16(&a->v, i);
	default:
		return (uint32_t)fb_vec_i32(&a->v, i);
	}
}

static struct array read_array(const struct tensor *t, const struct fb_table *level,
			       unsigned type_field, unsigned field)
{
	static const size_t widths[] = {
		[VECTOR_INT32] = 4,
		[VECTOR_UINT16] = 2,
		[VECTOR_UINT8] = 1,
	};
	struct array a = {.type = fb_get_i8(level, type_field, 0)};
	struct fb_table vector;

	if (a.type < VECTOR_INT32 || a.type > VECTOR_UINT8)
		damaged(t, "a list of type %d", a.type);
	vector = fb_get_table(level, field);
	a.v = fb_get_vec(&vector, 0, widths[a.type]);
	return a;
}

/* Each segment a list of rising indices below the level's size: so a level has at most as many
 * nodes as the dimensions up to it have elements, which fits 32 bits. */
static void check_csr(const struct tensor *t, const struct level *l, unsigned number,
		      uint64_t parents)
{
	uint32_t at = 0;

	if (l->segments.v.count != parents + 1)
		damaged(t, "level %u has %u segment bounds, needs %llu", number,
			l->segments.v.count, (unsigned long long)parents + 1);
	if (get(&l->segments, 0))
		damaged(t, "the first segment of level %u does not begin at 0", number);
	for (uint32_t i = 1; i < l->segments.v.count; i++) {
		uint32_t end = get(&l->segments, i);
		int64_t last = -1;

		if (end < at || end > l->indices.v.count)
			damaged(t, "segment %u of level %u ends at %u, begins at %u, of %u indices",
				i - 1, number, end, at, l->indices.v.count);
		for (; at < end; at++) {
			uint32_t index = get(&l->indices, at);

			if (index <= last || index >= l->size)
				damaged(t,
					"index %u of level %u is %u: not above the last one and "
					"below %u",
					at, number, index, l->size);
			last = index;
		}
	}
	if (at != l->indices.v.count)
		damaged(t, "level %u has %u indices, its segments %u", number, l->indices.v.count,
			at);
}

/* Reads what the file says of a level whose size is known. Returns the number of its nodes. */
static uint64_t read_level(const struct tensor *t, struct level *l, const struct fb_table *table,
			   unsigned number, uint64_t parents)
{
	int format = fb_get_i8(table, LEVEL_FORMAT, FORMAT_DENSE);
	int32_t size = fb_get_i32(table, LEVEL_SIZE, 0);

	if (format == FORMAT_DENSE) {
		if (size != (int64_t)l->size)
			damaged(t, "level %u has the size %d, needs %u", number, size, l->size);
		return parents * l->size;
	}
	if (format != FORMAT_CSR)
		damaged(t, "level %u has the format %d", number, format);
	l->csr = true;
	l->segments = read_array(t, table, LEVEL_SEGMENTS_TYPE, LEVEL_SEGMENTS);
	l->indices = read_array(t, table, LEVEL_INDICES_TYPE, LEVEL_INDICES);
	check_csr(t, l, number, parents);
	return l->indices.v.count;
}

/* Which dimension each level is of; the blocks' come last. */
static void read_order(const struct sparse *s, const struct fb_vec *order, unsigned *dims)
{
	unsigned rank = s->t->rank;
	uint32_t seen = 0;

	for (unsigned i = 0; i < s->nlevels; i++) {
		int32_t d = fb_vec_i32(order, i);
		int32_t low = i < rank ? 0 : (int32_t)rank;
		int32_t high = i < rank ? (int32_t)rank : (int32_t)s->nlevels;

		if (d < low || d >= high || seen & 1u << d)
			damaged(s->t, "level %u is of dimension %d", i, d);
		seen |= 1u << d;
		dims[i] = (unsigned)d;
	}
}

static void read_blocks(struct sparse *s, const struct fb_vec *map, const struct fb_vec *levels,
			const unsigned *dims)
{
	const struct tensor *t = s->t;
	int32_t last = -1;

	for (unsigned i = 0; i < s->nblocks; i++) {
		int32_t d = fb_vec_i32(map, i);

		if (d <= last || d >= (int32_t)t->rank)
			damaged(t, "dimension %u of its blocks is dimension %d", i, d);
		last = d;
	}
	for (unsigned i = t->rank; i < s->nlevels; i++) {
		uint32_t d = (uint32_t)fb_vec_i32(map, dims[i] - t->rank);
		struct fb_table table = fb_vec_table(levels, i);
		int32_t size = fb_get_i32(&table, LEVEL_SIZE, 0);

		if (fb_get_i8(&table, LEVEL_FORMAT, FORMAT_DENSE) != FORMAT_DENSE)
			damaged(t, "level %u, inside of blocks, is not dense", i);
		if (size < 1 || t->dims[d] % (uint32_t)size)
			damaged(t, "blocks of %d in a dimension of %u", size, t->dims[d]);
		s->block[d] = (uint32_t)size;
		s->levels[i].size = (uint32_t)size;
		s->levels[i].step = s->step[d];
	}
}

/* Returns the number of elements that are stored. */
static uint64_t read_levels(struct sparse *s, const struct fb_table *sparsity)
{
	struct fb_vec order = fb_get_vec(sparsity, SPARSITY_ORDER, 4);
	struct fb_vec map = fb_get_vec(sparsity, SPARSITY_BLOCK_MAP, 4);
	struct fb_vec levels = fb_get_vec(sparsity, SPARSITY_LEVELS, 4);
	unsigned dims[MAX_LEVELS], rank = s->t->rank;
	uint64_t nodes = 1;

	if (map.count > rank)
		damaged(s->t, "blocks of %u dimensions, it has %u", map.count, rank);
	s->nblocks = map.count;
	s->nlevels = rank + map.count;
	if (order.count != s->nlevels || levels.count != s->nlevels)
		damaged(s->t, "%u levels in an order of %u, needs %u", levels.count, order.count,
			s->nlevels);
	read_order(s, &order, dims);
	read_blocks(s, &map, &levels, dims);
	for (unsigned i = 0; i < s->nlevels; i++) {
		struct fb_table table = fb_vec_table(&levels, i);
		struct level *l = &s->levels[i];

		if (i < rank) {
			l->size = s->t->dims[dims[i]] / s->block[dims[i]];
			l->step = s->step[dims[i]] * s->block[dims[i]];
		}
		nodes = read_level(s->t, l, &table, i, nodes);
	}
	return nodes;
}

/* Copies what is below a node; at: its place in the tensor. */
static void expand(const struct sparse *s, unsigned level, uint64_t node, uint64_t at,
		   const uint8_t *from, uint8_t *to)
{
	const struct level *l = &s->levels[level];
	unsigned size = tfl_type_size(s->t->type);

	if (level == s->nlevels) {
		memcpy(to + at * size, from + node * size, size);
	} else if (!l->csr) {
		for (uint32_t i = 0; i < l->size; i++)
			expand(s, level + 1, node * l->size + i, at + i * l->step, from, to);
	} else {
		uint32_t end = get(&l->segments, (uint32_t)node + 1);

		for (uint32_t i = get(&l->segments, (uint32_t)node); i < end; i++)
			expand(s, level + 1, i, at + get(&l->indices, i) * l->step, from, to);
	}
}

const uint8_t *expand_sparse(const struct tensor *t, const struct fb_table *sparsity,
			     const struct fb_vec *stored)
{
	struct sparse s = {.t = t};
	uint64_t step = 1, count;
	uint8_t *data;

	/* Of other types what is left out need not be zero. */
	if (t->type != TFL_INT8 && t->type != TFL_FLOAT16 && t->type != TFL_FLOAT32)
		fail("tensor \"%s\": sparse constants of type %s are not supported", t->name,
		     tfl_type_name(t->type));
	if (!t->elems)
		damaged(t, "it has no elements");
	for (unsigned d = t->rank; d-- > 0;) {
		s.block[d] = 1;
		s.step[d] = step;
		step *= t->dims[d];
	}
	count = read_levels(&s, sparsity);
	if (stored->count != count * tfl_type_size(t->type))
		damaged(t, "%u bytes of data, its sparsity needs %llu", stored->count,
			(unsigned long long)(count * tfl_type_size(t->type)));
	data = alloc(t->elems, tfl_type_size(t->type));
	if (count)
		expand(&s, 0, 0, 0, stored->fb->data + stored->pos, data);
	return data;
}

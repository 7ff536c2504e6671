// SPDX-License-Identifier: MIT
#include <string.h>
#include "fb.h"
#include "util.h"

static const uint8_t *at(const struct fb *fb, size_t pos, size_t bytes)
{
	if (pos > fb->size || bytes > fb->size - pos)
		fail("damaged file: something at byte %zu lies outside of it", pos);
	return fb->data + pos;
}

static uint16_t rd16(const struct fb *fb, size_t pos)
{
	const uint8_t *p = at(fb, pos, 2);

	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t rd32(const struct fb *fb, size_t pos)
{
	const uint8_t *p = at(fb, pos, 4);

	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint64_t rd64(const struct fb *fb, size_t pos)
{
	uint64_t lo = rd32(fb, pos);

	return lo | (uint64_t)rd32(fb, pos + 4) << 32;
}

static float as_float(uint32_t bits)
{
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

/* Follows the unsigned offset at pos. */
static size_t follow(const struct fb *fb, size_t pos)
{
	uint32_t off = rd32(fb, pos);

	if (!off || off > fb->size || pos > fb->size - off)
		fail("damaged file: the offset at byte %zu leads outside of it", pos);
	return pos + off;
}

static struct fb_table table_at(const struct fb *fb, size_t pos)
{
	struct fb_table t = {.fb = fb, .pos = pos};
	int64_t vtable = (int64_t)pos - (int32_t)rd32(fb, pos);

	if (vtable < 0 || (uint64_t)vtable > fb->size)
		fail("damaged file: the table at byte %zu has no vtable", pos);
	t.vtable = (size_t)vtable;
	t.vtable_bytes = rd16(fb, t.vtable);
	if (t.vtable_bytes < 4)
		fail("damaged file: the table at byte %zu has a bad vtable", pos);
	at(fb, t.vtable, t.vtable_bytes);
	return t;
}

struct fb_table fb_root(const struct fb *fb)
{
	return table_at(fb, follow(fb, 0));
}

/* Position of a field, or 0. */
static size_t field_pos(const struct fb_table *t, unsigned field)
{
	size_t slot = 4 + 2 * (size_t)field;
	uint16_t off;

	if (!t->pos || slot + 2 > t->vtable_bytes)
		return 0;
	off = rd16(t->fb, t->vtable + slot);
	return off ? t->pos + off : 0;
}

bool fb_has(const struct fb_table *t, unsigned field)
{
	return field_pos(t, field) != 0;
}

struct fb_table fb_get_table(const struct fb_table *t, unsigned field)
{
	size_t pos = field_pos(t, field);

	if (!pos)
		return (struct fb_table){0};
	return table_at(t->fb, follow(t->fb, pos));
}

struct fb_vec fb_get_vec(const struct fb_table *t, unsigned field, size_t elem_size)
{
	size_t pos = field_pos(t, field);
	struct fb_vec v = {.fb = t->fb};

	if (!pos)
		return v;
	pos = follow(t->fb, pos);
	v.count = rd32(t->fb, pos);
	v.pos = pos + 4;
	if (v.count > t->fb->size / elem_size)
		fail("damaged file: the vector at byte %zu is longer than the file", pos);
	at(t->fb, v.pos, v.count * elem_size);
	return v;
}

struct fb_table fb_vec_table(const struct fb_vec *v, uint32_t i)
{
	return table_at(v->fb, follow(v->fb, v->pos + 4 * (size_t)i));
}

uint8_t fb_vec_u8(const struct fb_vec *v, uint32_t i)
{
	return *at(v->fb, v->pos + i, 1);
}

uint16_t fb_vec_u16(const struct fb_vec *v, uint32_t i)
{
	return rd16(v->fb, v->pos + 2 * (size_t)i);
}

int32_t fb_vec_i32(const struct fb_vec *v, uint32_t i)
{
	return (int32_t)rd32(v->fb, v->pos + 4 * (size_t)i);
}

int64_t fb_vec_i64(const struct fb_vec *v, uint32_t i)
{
	return (int64_t)rd64(v->fb, v->pos + 8 * (size_t)i);
}

float fb_vec_f32(const struct fb_vec *v, uint32_t i)
{
	return as_float(rd32(v->fb, v->pos + 4 * (size_t)i));
}

int8_t fb_get_i8(const struct fb_table *t, unsigned field, int8_t def)
{
	size_t pos = field_pos(t, field);

	return pos ? (int8_t)*at(t->fb, pos, 1) : def;
}

int32_t fb_get_i32(const struct fb_table *t, unsigned field, int32_t def)
{
	size_t pos = field_pos(t, field);

	return pos ? (int32_t)rd32(t->fb, pos) : def;
}

uint64_t fb_get_u64(const struct fb_table *t, unsigned field, uint64_t def)
{
	size_t pos = field_pos(t, field);

	return pos ? rd64(t->fb, pos) : def;
}

float fb_get_f32(const struct fb_table *t, unsigned field, float def)
{
	size_t pos = field_pos(t, field);

	return pos ? as_float(rd32(t->fb, pos)) : def;
}

const char *fb_get_string(const struct fb_table *t, unsigned field, const char *def)
{
	struct fb_vec v = fb_get_vec(t, field, 1);
	char *s;

	if (!v.pos)
		return def;
	s = alloc((size_t)v.count + 1, 1);
	for (uint32_t i = 0; i < v.count; i++) {
		uint8_t c = v.fb->data[v.pos + i];

		s[i] = c >= 0x20 && c < 0x7f ? (char)c : '?';
	}
	return s;
}

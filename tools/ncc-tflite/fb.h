/* SPDX-License-Identifier: MIT */
/*
 * Bounds-checked reading of FlatBuffers. Every access outside the buffer ends
 * the run with an error; absent fields give their default.
 */
#ifndef NCC_FB_H
#define NCC_FB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fb {
	const uint8_t *data;
	size_t size;
};

/* A table: its position and those of its vtable; pos 0 means absent. */
struct fb_table {
	const struct fb *fb;
	size_t pos;
	size_t vtable;
	uint16_t vtable_bytes;
};

/* A vector of count elements of the size that was asked for; absent: count 0. */
struct fb_vec {
	const struct fb *fb;
	size_t pos;
	uint32_t count;
};

struct fb_table fb_root(const struct fb *fb);
bool fb_has(const struct fb_table *t, unsigned field);
struct fb_table fb_get_table(const struct fb_table *t, unsigned field);
struct fb_vec fb_get_vec(const struct fb_table *t, unsigned field, size_t elem_size);
/* Table number i of a vector of tables (element size 4). */
struct fb_table fb_vec_table(const struct fb_vec *v, uint32_t i);
/* Element number i, which must be below the count. */
uint8_t fb_vec_u8(const struct fb_vec *v, uint32_t i);
uint16_t fb_vec_u16(const struct fb_vec *v, uint32_t i);
int32_t fb_vec_i32(const struct fb_vec *v, uint32_t i);
int64_t fb_vec_i64(const struct fb_vec *v, uint32_t i);
float fb_vec_f32(const struct fb_vec *v, uint32_t i);

int8_t fb_get_i8(const struct fb_table *t, unsigned field, int8_t def);
int32_t fb_get_i32(const struct fb_table *t, unsigned field, int32_t def);
uint64_t fb_get_u64(const struct fb_table *t, unsigned field, uint64_t def);
float fb_get_f32(const struct fb_table *t, unsigned field, float def);
/* A copy, with a NUL; unprintable bytes become '?'. */
const char *fb_get_string(const struct fb_table *t, unsigned field, const char *def);

#endif

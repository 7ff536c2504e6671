/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_UACCESS_H__
#define __APU_UACCESS_H__

#include <linux/types.h>

struct apu_arena;
struct drm_apu_obj_array;

void *apu_copy_array(struct apu_arena *arena, const struct drm_apu_obj_array *in, u32 max_count,
		     u32 min_stride, u32 obj_size);

/*
 * Copies an array of @type from user space to the arena: an error pointer, or NULL if
 * it is empty. @last is the last field of the first version of @type.
 */
#define APU_COPY_ARRAY(arena, in, max_count, type, last) \
	((type *)apu_copy_array(arena, in, max_count, offsetofend(type, last), sizeof(type)))

#endif /* __APU_UACCESS_H__ */

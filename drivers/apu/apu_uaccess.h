/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_UACCESS_H__
#define __APU_UACCESS_H__

#include <linux/types.h>

struct drm_apu_obj_array;

void *apu_copy_array(const struct drm_apu_obj_array *in, u32 max_count, u32 min_stride,
		     u32 obj_size);

/*
 * Copies an array of @type from user space: an error pointer, NULL if it is empty,
 * else memory to kvfree(). @last is the last field of the first version of @type.
 */
#define APU_COPY_ARRAY(in, max_count, type, last) \
	((type *)apu_copy_array(in, max_count, offsetofend(type, last), sizeof(type)))

#endif /* __APU_UACCESS_H__ */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arrays from user space.
 */

#include <linux/err.h>
#include <linux/mm.h>
#include <linux/uaccess.h>

#include <drm/apu_accel.h>

#include "apu_arena.h"
#include "apu_kunit.h"
#include "apu_uaccess.h"

/**
 * apu_copy_array() - Copy an array whose objects may have another size than ours
 * @arena: where the copy goes
 * @in: where user space has it
 * @max_count: objects it may have
 * @min_stride: size of the object's first version
 * @obj_size: size of the object that we know
 *
 * Return: An error pointer, NULL if the array is empty, else the copy.
 */
void *apu_copy_array(struct apu_arena *arena, const struct drm_apu_obj_array *in, u32 max_count,
		     u32 min_stride, u32 obj_size)
{
	u32 i, align = min(obj_size, 8);
	void *out;
	int ret;

	if (in->count > max_count)
		return ERR_PTR(-EINVAL);
	if (!in->count)
		return NULL;
	if (in->stride < min_stride || in->stride % align)
		return ERR_PTR(-EINVAL);
	/* No object will ever be that large; do not look for zeros for hours. */
	if (in->stride > PAGE_SIZE)
		return ERR_PTR(-E2BIG);

	out = apu_arena_alloc(arena, in->count, obj_size);
	if (!out)
		return ERR_PTR(-ENOMEM);

	for (i = 0; i < in->count; i++) {
		ret = copy_struct_from_user(out + (size_t)i * obj_size, obj_size,
					    u64_to_user_ptr(in->array + (u64)i * in->stride),
					    in->stride);
		if (ret)
			return ERR_PTR(ret);
	}

	return out;
}
EXPORT_SYMBOL_IF_KUNIT(apu_copy_array);

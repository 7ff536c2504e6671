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

/* For all to have the same interface; apu_accel.layout has the fields too. */
static_assert(sizeof(struct drm_apu_obj_array) == 16);
static_assert(sizeof(struct drm_apu_dev_info) == 80);
static_assert(sizeof(struct drm_apu_dev_query) == 16);
static_assert(sizeof(struct drm_apu_vm_create) == 8);
static_assert(sizeof(struct drm_apu_vm_destroy) == 8);
static_assert(sizeof(struct drm_apu_vm_bind_op) == 40);
static_assert(sizeof(struct drm_apu_vm_bind) == 48);
static_assert(sizeof(struct drm_apu_bo_create) == 24);
static_assert(sizeof(struct drm_apu_bo_mmap_offset) == 16);
static_assert(sizeof(struct drm_apu_bo_wait) == 16);
static_assert(sizeof(struct drm_apu_ctx_create) == 16);
static_assert(sizeof(struct drm_apu_ctx_destroy) == 8);
static_assert(sizeof(struct drm_apu_ctx_get_state) == 64);
static_assert(sizeof(struct drm_apu_sync_op) == 16);
static_assert(sizeof(struct drm_apu_bo_ref) == 8);
static_assert(sizeof(struct drm_apu_stream) == 16);
static_assert(sizeof(struct drm_apu_job) == 80);
static_assert(sizeof(struct drm_apu_submit) == 40);
static_assert(sizeof(struct drm_apu_stream_stats) == 40);
static_assert(sizeof(struct drm_apu_job_stats) == 368);
static_assert(sizeof(struct drm_apu_class_counters) == 32);
static_assert(sizeof(struct drm_apu_ctx_get_counters) == 272);
static_assert(sizeof(struct drm_apu_ctx_set_qos) == 24);

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

	/* A client of our own age, which most are. */
	if (in->stride == obj_size)
		return copy_from_user(out, u64_to_user_ptr(in->array),
				      (size_t)in->count * obj_size) ? ERR_PTR(-EFAULT) : out;

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

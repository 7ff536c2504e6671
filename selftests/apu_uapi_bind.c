// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arguments of VM_BIND that must be refused, one test per rejection, and how structures of other
 * versions are taken.
 */

#include "apu_uapi.h"

/* VM_BIND */

TEST_F(uapi, bind_flags)
{
	self->bind.flags = 2;
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
}

TEST_F(uapi, bind_pad)
{
	self->bind.pad = 1;
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
}

TEST_F(uapi, bind_unknown_vm)
{
	self->bind.vm_id = 77;
	EXPECT_ERRNO(VM_BIND, ENOENT, BIND());
}

TEST_F(uapi, bind_syncs_without_async)
{
	struct drm_apu_sync_op op = {
		.flags = DRM_APU_SYNC_OP_SIGNAL,
		.handle = syncobj_create(self->c.fd),
	};

	self->bind.syncs = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(1, &op);
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
	self->bind.flags = DRM_APU_VM_BIND_ASYNC;
	EXPECT_EQ(0, BIND());
}

/* How syncs are checked is tested with SUBMIT: the code is the same. */
TEST_F(uapi, bind_bad_syncs)
{
	struct drm_apu_sync_op op = { .flags = DRM_APU_SYNC_OP_SIGNAL, .handle = 77 };

	self->bind.flags = DRM_APU_VM_BIND_ASYNC;
	self->bind.syncs = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(1, &op);
	EXPECT_ERRNO(VM_BIND, ENOENT, BIND());
	EXPECT_EQ(1, self->bind.fail_index);
	op.handle = syncobj_create(self->c.fd);
	op.flags = 4;
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
	self->bind.syncs.count = 257;
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
	self->bind.syncs.count = 1;
	self->bind.syncs.array = 8;
	EXPECT_ERRNO(VM_BIND, EFAULT, BIND());
}

TEST_F(uapi, bind_too_many)
{
	self->bind.ops.count = 1025;
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
	self->bind.ops.count = UINT32_MAX;
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
}

TEST_F(uapi, bind_nothing)
{
	self->bind.ops.count = 0;
	EXPECT_EQ(0, BIND());
}

TEST_F(uapi, bind_short_stride)
{
	self->bind.ops.stride = sizeof(self->op) - 8;
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
}

TEST_F(uapi, bind_odd_stride)
{
	self->bind.ops.stride = sizeof(self->op) + 4;
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
}

TEST_F(uapi, bind_huge_stride)
{
	self->bind.ops.stride = 1 << 30;
	EXPECT_ERRNO(VM_BIND, E2BIG, BIND());
}

TEST_F(uapi, bind_bad_pointer)
{
	self->bind.ops.array = 8;
	EXPECT_ERRNO(VM_BIND, EFAULT, BIND());
}

TEST_F(uapi, bind_longer_with_zeros)
{
	struct {
		struct drm_apu_vm_bind_op op;
		uint64_t more;
	} ops[2] = { { self->op, 0 }, { self->op, 0 } };

	self->bind.ops = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(2, ops);
	EXPECT_EQ(0, BIND());
	ops[1].more = 1;
	EXPECT_ERRNO(VM_BIND, E2BIG, BIND());
}

TEST_F(uapi, bind_unknown_op)
{
	self->op.op = 2;
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
	EXPECT_EQ(0, self->bind.fail_index);
}

TEST_F(uapi, bind_op_flags)
{
	self->op.flags = 2;
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
}

TEST_F(uapi, bind_op_pad)
{
	self->op.pad = 1;
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
}

TEST_F(uapi, bind_unknown_bo)
{
	self->op.bo_handle = 77;
	EXPECT_ERRNO(VM_BIND, ENOENT, BIND());
}

TEST_F(uapi, bind_size_zero)
{
	self->op.size = 0;
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
}

TEST_F(uapi, bind_size_not_aligned)
{
	self->op.size = 2048;
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
}

TEST_F(uapi, bind_va_not_aligned)
{
	self->op.va += 2048;
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
}

TEST_F(uapi, bind_offset_not_aligned)
{
	self->op.bo_offset = 2048;
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
}

TEST_F(uapi, bind_page_zero)
{
	self->op.va = 0;
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
}

TEST_F(uapi, bind_last_page_and_beyond)
{
	self->op.va = (1ull << 39) - 4096;
	EXPECT_EQ(0, BIND());
	self->op.va = 1ull << 39;
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
	self->op.va = (1ull << 39) - 4096;
	self->op.size = 8192;
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
}

TEST_F(uapi, bind_range_wraps)
{
	self->op.va = UINT64_MAX - 4095;
	self->op.size = 8192;
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
	self->op.va = 4096;
	self->op.size = UINT64_MAX - 4095;
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
}

TEST_F(uapi, bind_beyond_the_bo)
{
	self->op.bo_offset = DATA_SIZE;
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
	self->op.bo_offset = DATA_SIZE - 4096;
	EXPECT_EQ(0, BIND());
	self->op.size = 8192;
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
	self->op.bo_offset = UINT64_MAX - 4095;
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
}

TEST_F(uapi, unmap_with_flags)
{
	self->op = (struct drm_apu_vm_bind_op) {
		.op = DRM_APU_VM_BIND_OP_UNMAP,
		.flags = DRM_APU_VM_BIND_READONLY,
		.va = VA_DATA,
		.size = 4096,
	};
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
}

TEST_F(uapi, unmap_with_bo)
{
	self->op.op = DRM_APU_VM_BIND_OP_UNMAP;
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
}

TEST_F(uapi, unmap_with_offset)
{
	self->op = (struct drm_apu_vm_bind_op) {
		.op = DRM_APU_VM_BIND_OP_UNMAP,
		.bo_offset = 4096,
		.va = VA_DATA,
		.size = 4096,
	};
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
}

TEST_F(uapi, bind_says_which_operation_failed)
{
	struct drm_apu_vm_bind_op ops[3] = { self->op, self->op, self->op };

	ops[2].pad = 1;
	self->bind.ops = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(3, ops);
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
	EXPECT_EQ(2, self->bind.fail_index);
	self->bind.flags = 2;
	EXPECT_ERRNO(VM_BIND, EINVAL, BIND());
	EXPECT_EQ(3, self->bind.fail_index);
}

TEST_HARNESS_MAIN

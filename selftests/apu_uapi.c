// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arguments that must be refused, one test per rejection, and how structures of other
 * versions are taken.
 */

#include "apu_test.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>

#include "apu_harness.h"

FIXTURE(uapi) {
	struct client c;
	struct drm_apu_stream stream;
	struct drm_apu_job job;
	struct drm_apu_submit submit;
	struct drm_apu_vm_bind_op op;
	struct drm_apu_vm_bind bind;
};

FIXTURE_SETUP(uapi)
{
	struct stream s;

	ASSERT_EQ(0, client_open(&self->c));

	/* A job and a bind that are good, for the tests to spoil. */
	s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	self->stream = stream_end(&s);
	self->job = (struct drm_apu_job) { .streams = DRM_APU_OBJ_ARRAY(1, &self->stream) };
	self->submit = (struct drm_apu_submit) {
		.ctx_id = self->c.ctx,
		.jobs = DRM_APU_OBJ_ARRAY(1, &self->job),
	};
	self->op = (struct drm_apu_vm_bind_op) {
		.op = DRM_APU_VM_BIND_OP_MAP,
		.bo_handle = self->c.data.handle,
		.va = VA_DATA,
		.size = 4096,
	};
	self->bind = (struct drm_apu_vm_bind) {
		.vm_id = self->c.vm,
		.ops = DRM_APU_OBJ_ARRAY(1, &self->op),
	};
}

FIXTURE_TEARDOWN(uapi)
{
	client_close(&self->c);
}

#define SUBMIT() apu_ioctl(self->c.fd, DRM_IOCTL_APU_SUBMIT, &self->submit)
#define BIND() apu_ioctl(self->c.fd, DRM_IOCTL_APU_VM_BIND, &self->bind)

/* The ioctl on a structure with these fields. */
#define CALL(name, type, ...)						\
	({								\
		struct drm_apu_##type args = { __VA_ARGS__ };		\
		apu_ioctl(self->c.fd, DRM_IOCTL_APU_##name, &args);	\
	})

TEST_F(uapi, the_fixture_is_good)
{
	EXPECT_EQ(0, SUBMIT());
	EXPECT_EQ(0, BIND());
}

/* DEV_QUERY */

TEST_F(uapi, query_unknown_type)
{
	EXPECT_ERRNO(DEV_QUERY, EINVAL, CALL(DEV_QUERY, dev_query, .type = 1));
}

TEST_F(uapi, query_size)
{
	struct drm_apu_dev_query args = { .type = DRM_APU_DEV_QUERY_INFO };

	ASSERT_EQ(0, apu_ioctl(self->c.fd, DRM_IOCTL_APU_DEV_QUERY, &args));
	EXPECT_EQ(sizeof(struct drm_apu_dev_info), args.size);
}

TEST_F(uapi, query_bad_pointer)
{
	EXPECT_ERRNO(DEV_QUERY, EFAULT, CALL(DEV_QUERY, dev_query, .size = 8, .pointer = 8));
}

TEST_F(uapi, query_shorter_and_longer)
{
	struct {
		struct drm_apu_dev_info info;
		uint32_t more;
	} buf;
	struct drm_apu_dev_query args = { .pointer = (uintptr_t)&buf, .size = 4 };

	memset(&buf, 0xff, sizeof(buf));
	ASSERT_EQ(0, apu_ioctl(self->c.fd, DRM_IOCTL_APU_DEV_QUERY, &args));
	EXPECT_EQ(4, args.size);
	EXPECT_EQ(APU_HW_VERSION, buf.info.hw_version);
	EXPECT_EQ(0xffffffff, buf.info.l1_kib);

	args.size = sizeof(buf);
	ASSERT_EQ(0, apu_ioctl(self->c.fd, DRM_IOCTL_APU_DEV_QUERY, &args));
	EXPECT_EQ(sizeof(buf.info), args.size);
	EXPECT_EQ(0xffffffff, buf.more);
	EXPECT_EQ(APU_MAX_TIME_LIMIT_US, buf.info.max_time_limit_us);
	EXPECT_EQ(APU_NUM_SLOTS, buf.info.num_slots);
	EXPECT_EQ(1ull << 39, buf.info.va_end);
	EXPECT_EQ(4096, buf.info.va_start);
	/* The fastest of the five points of the specification. */
	EXPECT_EQ(1000000, buf.info.max_khz);
}

/* An argument that is nowhere, whatever the ioctl. */
TEST_F(uapi, argument_bad_pointer)
{
	static const unsigned long requests[] = {
		DRM_IOCTL_APU_DEV_QUERY, DRM_IOCTL_APU_VM_CREATE, DRM_IOCTL_APU_VM_DESTROY,
		DRM_IOCTL_APU_VM_BIND, DRM_IOCTL_APU_BO_CREATE, DRM_IOCTL_APU_BO_MMAP_OFFSET,
		DRM_IOCTL_APU_BO_WAIT, DRM_IOCTL_APU_CTX_CREATE, DRM_IOCTL_APU_CTX_DESTROY,
		DRM_IOCTL_APU_CTX_GET_STATE, DRM_IOCTL_APU_SUBMIT, DRM_IOCTL_APU_JOB_STATS,
		DRM_IOCTL_APU_CTX_GET_COUNTERS, DRM_IOCTL_APU_CTX_SET_QOS,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(requests); i++)
		EXPECT_ERRNO(ANY, EFAULT, apu_ioctl(self->c.fd, requests[i], (void *)8));
}

/* VM_CREATE, VM_DESTROY */

TEST_F(uapi, vm_create_flags)
{
	EXPECT_ERRNO(VM_CREATE, EINVAL, CALL(VM_CREATE, vm_create, .flags = 1));
}

TEST_F(uapi, vm_destroy_pad)
{
	EXPECT_ERRNO(VM_DESTROY, EINVAL, CALL(VM_DESTROY, vm_destroy, .id = self->c.vm, .pad = 1));
}

TEST_F(uapi, vm_destroy_unknown)
{
	EXPECT_ERRNO(VM_DESTROY, ENOENT, CALL(VM_DESTROY, vm_destroy, .id = 0));
	EXPECT_ERRNO(VM_DESTROY, ENOENT, CALL(VM_DESTROY, vm_destroy, .id = 77));
}

TEST_F(uapi, vm_destroy_twice)
{
	uint32_t vm;

	ASSERT_EQ(0, vm_create(self->c.fd, &vm));
	EXPECT_EQ(0, CALL(VM_DESTROY, vm_destroy, .id = vm));
	EXPECT_ERRNO(VM_DESTROY, ENOENT, CALL(VM_DESTROY, vm_destroy, .id = vm));
}

TEST_F(uapi, vm_count_is_capped)
{
	uint32_t vm;
	int i, ret = 0;

	for (i = 0; i < 100000 && !ret; i++)
		ret = vm_create(self->c.fd, &vm);
	EXPECT_ERRNO(VM_CREATE, EBUSY, ret);
	/* The fixture has one. */
	EXPECT_EQ(4096, i);
}

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

/* BO_CREATE, BO_MMAP_OFFSET, BO_WAIT */

TEST_F(uapi, bo_create_flags)
{
	EXPECT_ERRNO(BO_CREATE, EINVAL, CALL(BO_CREATE, bo_create, .size = 4096, .flags = 1));
}

TEST_F(uapi, bo_create_pad)
{
	EXPECT_ERRNO(BO_CREATE, EINVAL, CALL(BO_CREATE, bo_create, .size = 4096, .pad = 1));
}

TEST_F(uapi, bo_create_nothing)
{
	EXPECT_ERRNO(BO_CREATE, EINVAL, CALL(BO_CREATE, bo_create, .size = 0));
}

TEST_F(uapi, bo_create_too_large)
{
	EXPECT_ERRNO(BO_CREATE, EINVAL, CALL(BO_CREATE, bo_create, .size = 1ull << 39));
	EXPECT_ERRNO(BO_CREATE, EINVAL, CALL(BO_CREATE, bo_create, .size = UINT64_MAX));
}

TEST_F(uapi, bo_create_unknown_vm)
{
	EXPECT_ERRNO(BO_CREATE, ENOENT,
		     CALL(BO_CREATE, bo_create, .size = 4096, .exclusive_vm_id = 77));
}

TEST_F(uapi, bo_mmap_offset_pad)
{
	EXPECT_ERRNO(BO_MMAP_OFFSET, EINVAL,
		     CALL(BO_MMAP_OFFSET, bo_mmap_offset, .handle = self->c.data.handle,
			  .pad = 1));
}

TEST_F(uapi, bo_mmap_offset_unknown)
{
	EXPECT_ERRNO(BO_MMAP_OFFSET, ENOENT, CALL(BO_MMAP_OFFSET, bo_mmap_offset, .handle = 77));
}

TEST_F(uapi, bo_wait_flags)
{
	EXPECT_ERRNO(BO_WAIT, EINVAL, bo_wait(self->c.fd, self->c.data.handle, 2, 0));
}

TEST_F(uapi, bo_wait_unknown)
{
	EXPECT_ERRNO(BO_WAIT, ENOENT, bo_wait(self->c.fd, 77, 0, 0));
}

TEST_F(uapi, bo_wait_exclusive)
{
	EXPECT_ERRNO(BO_WAIT, EINVAL, bo_wait(self->c.fd, self->c.cmd.handle, 0, 0));
}

static void on_alarm(int sig)
{
}

/* A signal that comes while the ioctl waits, and whose handler does not restart it. */
TEST_F(uapi, bo_wait_is_interrupted)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval every = { { 0, 10000 }, { 0, 10000 } }, never = {};
	struct drm_apu_bo_wait wait = {
		.handle = self->c.data.handle,
		.timeout_ns = now_ns() + WAIT_NS,
	};
	struct drm_apu_bo_ref ref = { self->c.data.handle, DRM_APU_BO_REF_WRITE };
	struct drm_apu_sync_op op = {};
	int timeline = gate_open();

	if (timeline < 0)
		SKIP(return, "no sw_sync in this kernel");
	op.handle = gate_syncobj(self->c.fd, timeline, 1);
	self->job.syncs = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(1, &op);
	self->job.bos = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(1, &ref);
	ASSERT_EQ(0, SUBMIT());

	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &every, NULL));
	/* Not apu_ioctl(), which would try again. */
	EXPECT_ERRNO(ANY, EINTR, ioctl(self->c.fd, DRM_IOCTL_APU_BO_WAIT, &wait) ? -errno : 0);
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &never, NULL));
	ASSERT_EQ(0, gate_advance(timeline, 1));
	EXPECT_EQ(0, bo_wait(self->c.fd, self->c.data.handle, 0, now_ns() + WAIT_NS));
	close(timeline);
}

TEST_F(uapi, bo_wait_past)
{
	EXPECT_EQ(0, bo_wait(self->c.fd, self->c.data.handle, 0, -1));
	EXPECT_EQ(0, bo_wait(self->c.fd, self->c.data.handle, 0, INT64_MAX));
}

/* CTX_* */

TEST_F(uapi, ctx_create_flags)
{
	EXPECT_ERRNO(CTX_CREATE, EINVAL,
		     CALL(CTX_CREATE, ctx_create, .vm_id = self->c.vm, .flags = 1));
}

TEST_F(uapi, ctx_create_unknown_priority)
{
	EXPECT_ERRNO(CTX_CREATE, EINVAL,
		     CALL(CTX_CREATE, ctx_create, .vm_id = self->c.vm, .priority = 3));
}

TEST_F(uapi, ctx_create_unknown_vm)
{
	EXPECT_ERRNO(CTX_CREATE, ENOENT, CALL(CTX_CREATE, ctx_create, .vm_id = 77));
}

TEST_F(uapi, ctx_create_high_priority_needs_a_right)
{
	EXPECT_EQ(0, CALL(CTX_CREATE, ctx_create, .vm_id = self->c.vm,
			  .priority = DRM_APU_PRIORITY_HIGH));
	ASSERT_EQ(0, setuid(65534));
	EXPECT_ERRNO(CTX_CREATE, EACCES,
		     CALL(CTX_CREATE, ctx_create, .vm_id = self->c.vm,
			  .priority = DRM_APU_PRIORITY_HIGH));
	EXPECT_ERRNO(CTX_SET_QOS, EACCES,
		     CALL(CTX_SET_QOS, ctx_set_qos, .ctx_id = self->c.ctx,
			  .priority = DRM_APU_PRIORITY_HIGH));
}

TEST_F(uapi, ctx_count_is_capped)
{
	uint32_t ctx;
	int i, ret = 0;

	for (i = 0; i < 100000 && !ret; i++)
		ret = ctx_create(self->c.fd, self->c.vm, &ctx);
	EXPECT_ERRNO(CTX_CREATE, EBUSY, ret);
	EXPECT_EQ(256, i);
}

TEST_F(uapi, ctx_destroy_pad)
{
	EXPECT_ERRNO(CTX_DESTROY, EINVAL,
		     CALL(CTX_DESTROY, ctx_destroy, .id = self->c.ctx, .pad = 1));
}

TEST_F(uapi, ctx_destroy_unknown)
{
	EXPECT_ERRNO(CTX_DESTROY, ENOENT, CALL(CTX_DESTROY, ctx_destroy, .id = 77));
}

TEST_F(uapi, ctx_get_state_flags)
{
	EXPECT_ERRNO(CTX_GET_STATE, EINVAL,
		     CALL(CTX_GET_STATE, ctx_get_state, .id = self->c.ctx, .flags = 1));
}

TEST_F(uapi, ctx_get_state_point_without_syncobj)
{
	EXPECT_ERRNO(CTX_GET_STATE, EINVAL,
		     CALL(CTX_GET_STATE, ctx_get_state, .id = self->c.ctx, .point = 1));
}

TEST_F(uapi, ctx_get_state_syncobj_without_fence)
{
	EXPECT_ERRNO(CTX_GET_STATE, EINVAL,
		     CALL(CTX_GET_STATE, ctx_get_state, .id = self->c.ctx,
			  .syncobj = syncobj_create(self->c.fd), .timeout_ns = INT64_MAX));
}

TEST_F(uapi, ctx_get_state_syncobj_not_at_point)
{
	uint32_t syncobj = syncobj_create(self->c.fd);

	ASSERT_EQ(0, syncobj_signal(self->c.fd, syncobj));
	EXPECT_EQ(0, CALL(CTX_GET_STATE, ctx_get_state, .id = self->c.ctx, .syncobj = syncobj));
	EXPECT_ERRNO(CTX_GET_STATE, EINVAL,
		     CALL(CTX_GET_STATE, ctx_get_state, .id = self->c.ctx, .syncobj = syncobj,
			  .point = 1, .timeout_ns = INT64_MAX));
}

TEST_F(uapi, ctx_get_state_unknown_syncobj)
{
	EXPECT_ERRNO(CTX_GET_STATE, ENOENT,
		     CALL(CTX_GET_STATE, ctx_get_state, .id = self->c.ctx, .syncobj = 77));
}

TEST_F(uapi, ctx_get_state_unknown)
{
	EXPECT_ERRNO(CTX_GET_STATE, ENOENT, CALL(CTX_GET_STATE, ctx_get_state, .id = 77));
}

TEST_F(uapi, ctx_get_counters_flags)
{
	EXPECT_ERRNO(CTX_GET_COUNTERS, EINVAL,
		     CALL(CTX_GET_COUNTERS, ctx_get_counters, .ctx_id = self->c.ctx, .flags = 1));
}

TEST_F(uapi, ctx_get_counters_unknown)
{
	EXPECT_ERRNO(CTX_GET_COUNTERS, ENOENT,
		     CALL(CTX_GET_COUNTERS, ctx_get_counters, .ctx_id = 77));
}

/* Those of its fields are in apu_qos.c. */
TEST_F(uapi, ctx_set_qos_pad)
{
	EXPECT_ERRNO(CTX_SET_QOS, EINVAL,
		     CALL(CTX_SET_QOS, ctx_set_qos, .ctx_id = self->c.ctx, .pad = 1));
}

TEST_F(uapi, ctx_set_qos_unknown)
{
	EXPECT_ERRNO(CTX_SET_QOS, ENOENT, CALL(CTX_SET_QOS, ctx_set_qos, .ctx_id = 77));
}

/* JOB_STATS */

TEST_F(uapi, job_stats_flags)
{
	EXPECT_ERRNO(JOB_STATS, EINVAL,
		     CALL(JOB_STATS, job_stats, .ctx_id = self->c.ctx, .flags = 1));
}

TEST_F(uapi, job_stats_unknown_ctx)
{
	EXPECT_ERRNO(JOB_STATS, ENOENT, CALL(JOB_STATS, job_stats, .ctx_id = 77, .seqno = 1));
}

/* SUBMIT */

TEST_F(uapi, submit_flags)
{
	self->submit.flags = 1;
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, submit_pad)
{
	self->submit.pad = 1;
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, submit_unknown_ctx)
{
	self->submit.ctx_id = 77;
	EXPECT_ERRNO(SUBMIT, ENOENT, SUBMIT());
	EXPECT_EQ(1, self->submit.fail_index);
}

TEST_F(uapi, submit_no_jobs)
{
	self->submit.jobs.count = 0;
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, submit_too_many_jobs)
{
	self->submit.jobs.count = DRM_APU_MAX_JOBS + 1;
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, submit_short_stride)
{
	self->submit.jobs.stride = sizeof(self->job) - 8;
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, submit_longer_jobs)
{
	struct {
		struct drm_apu_job job;
		uint64_t more;
	} job = { self->job, 0 };

	self->submit.jobs = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(1, &job);
	EXPECT_EQ(0, SUBMIT());
	job.more = 1;
	EXPECT_ERRNO(SUBMIT, E2BIG, SUBMIT());
}

TEST_F(uapi, submit_says_which_job_failed)
{
	struct drm_apu_job jobs[3] = { self->job, self->job, self->job };
	struct drm_apu_job_stats stats;

	jobs[1].flags = 1;
	self->submit.jobs = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(3, jobs);
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
	EXPECT_EQ(1, self->submit.fail_index);
	/* And none was submitted. */
	EXPECT_ERRNO(JOB_STATS, ENOENT, job_stats(self->c.fd, self->c.ctx, 1, &stats));
}

TEST_F(uapi, job_flags)
{
	self->job.flags = 1;
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, job_pad)
{
	self->job.pad = 1;
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, job_too_much_l1)
{
	self->job.l1_kib = 1024;
	EXPECT_EQ(0, SUBMIT());
	self->job.l1_kib = 1025;
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, job_time_limit_too_long)
{
	self->job.time_limit_us = APU_MAX_TIME_LIMIT_US;
	EXPECT_EQ(0, SUBMIT());
	self->job.time_limit_us++;
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, job_without_streams)
{
	self->job.streams.count = 0;
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, job_too_many_streams)
{
	struct drm_apu_stream streams[DRM_APU_MAX_STREAMS + 1];
	int i;

	for (i = 0; i <= DRM_APU_MAX_STREAMS; i++)
		streams[i] = self->stream;
	self->job.streams = (struct drm_apu_obj_array)
		DRM_APU_OBJ_ARRAY(DRM_APU_MAX_STREAMS + 1, streams);
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, job_more_streams_than_engines)
{
	struct drm_apu_stream streams[3] = { self->stream, self->stream, self->stream };

	self->job.streams = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(2, streams);
	EXPECT_EQ(0, SUBMIT());
	self->job.streams.count = 3;
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, stream_unknown_class)
{
	self->stream.engine_class = 3;
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
	self->stream.engine_class = UINT32_MAX;
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, stream_empty)
{
	self->stream.bytes = 0;
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, stream_size_not_aligned)
{
	self->stream.bytes = 12;
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, stream_too_long)
{
	self->stream.bytes = APU_MAX_STREAM_BYTES + 8;
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, stream_va_not_aligned)
{
	self->stream.va += 4;
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, stream_va_out_of_range)
{
	self->stream.va = 1ull << 39;
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
	self->stream.va = (1ull << 39) - self->stream.bytes + 8;
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
	self->stream.va = UINT64_MAX - 7;
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, dep_on_itself_and_later)
{
	uint32_t dep = 0;

	self->job.deps = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(1, &dep);
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
	dep = 1;
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
	dep = UINT32_MAX;
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, dep_odd_stride)
{
	uint32_t dep[2] = { 0, 0 };

	self->job.deps = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(1, dep);
	self->job.deps.stride = 6;
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, sync_unknown_flags)
{
	struct drm_apu_sync_op op = { 4, syncobj_create(self->c.fd), 0 };

	self->job.syncs = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(1, &op);
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, sync_unknown_handle)
{
	struct drm_apu_sync_op op = { DRM_APU_SYNC_OP_SIGNAL, 77, 0 };

	self->job.syncs = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(1, &op);
	EXPECT_ERRNO(SUBMIT, ENOENT, SUBMIT());
	op.flags = 0;
	EXPECT_ERRNO(SUBMIT, ENOENT, SUBMIT());
	op.flags = DRM_APU_SYNC_OP_SIGNAL | DRM_APU_SYNC_OP_TIMELINE;
	op.point = 1;
	EXPECT_ERRNO(SUBMIT, ENOENT, SUBMIT());
}

TEST_F(uapi, sync_wait_for_nothing)
{
	struct drm_apu_sync_op op = { 0, syncobj_create(self->c.fd), 0 };

	self->job.syncs = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(1, &op);
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, sync_binary_with_point)
{
	struct drm_apu_sync_op op = {
		DRM_APU_SYNC_OP_SIGNAL, syncobj_create(self->c.fd), 1
	};

	self->job.syncs = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(1, &op);
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, sync_timeline_without_point)
{
	struct drm_apu_sync_op op = {
		DRM_APU_SYNC_OP_SIGNAL | DRM_APU_SYNC_OP_TIMELINE, syncobj_create(self->c.fd), 0
	};

	self->job.syncs = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(1, &op);
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, sync_too_many)
{
	struct drm_apu_sync_op *ops = calloc(257, sizeof(*ops));

	self->job.syncs = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(257, ops);
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
	free(ops);
}

TEST_F(uapi, bo_ref_unknown_flags)
{
	struct drm_apu_bo_ref ref = { self->c.data.handle, 2 };

	self->job.bos = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(1, &ref);
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, bo_ref_unknown_handle)
{
	struct drm_apu_bo_ref ref = { 77, 0 };

	self->job.bos = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(1, &ref);
	EXPECT_ERRNO(SUBMIT, ENOENT, SUBMIT());
}

TEST_F(uapi, bo_ref_exclusive)
{
	struct drm_apu_bo_ref ref = { self->c.cmd.handle, 0 };

	self->job.bos = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(1, &ref);
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
}

TEST_F(uapi, bo_ref_too_many)
{
	struct drm_apu_bo_ref *refs = calloc(1025, sizeof(*refs));

	self->job.bos = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(1025, refs);
	EXPECT_ERRNO(SUBMIT, EINVAL, SUBMIT());
	free(refs);
}

TEST_F(uapi, bo_ref_twice)
{
	struct drm_apu_bo_ref refs[2] = {
		{ self->c.data.handle, 0 },
		{ self->c.data.handle, DRM_APU_BO_REF_WRITE },
	};

	self->job.bos = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(2, refs);
	EXPECT_EQ(0, SUBMIT());
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arguments that must be refused, one test per rejection, and how structures of other
 * versions are taken.
 */

#include "apu_uapi.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>

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
	struct client own;
	uint32_t vm;
	int i, ret = 0;

	ASSERT_EQ(0, client_open(&own));
	for (i = 0; i < 100000 && !ret; i++)
		ret = vm_create(own.fd, &vm);
	EXPECT_ERRNO(VM_CREATE, EBUSY, ret);
	/* The client has one. */
	EXPECT_EQ(4096, i);
	client_close(&own);
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
	struct client own;
	uint32_t ctx;
	int i, ret = 0;

	ASSERT_EQ(0, client_open(&own));
	for (i = 0; i < 100000 && !ret; i++)
		ret = ctx_create(own.fd, own.vm, &ctx);
	EXPECT_ERRNO(CTX_CREATE, EBUSY, ret);
	/* The client has one. */
	EXPECT_EQ(256, i);
	client_close(&own);
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

TEST_HARNESS_MAIN

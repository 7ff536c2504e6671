// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arguments of SUBMIT that must be refused, one test per rejection, and how structures of other
 * versions are taken.
 */

#include "apu_uapi.h"

#include <stdlib.h>

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

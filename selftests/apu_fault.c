// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs that fail: what the context says of them, and that others do not notice.
 */

#include "apu_test.h"

#include "apu_harness.h"

FIXTURE(fault) {
	struct client c;
	struct client other;
	struct drm_apu_ctx_get_state state;
};

FIXTURE_SETUP(fault)
{
	ASSERT_EQ(0, client_open(&self->c));
	ASSERT_EQ(0, client_open(&self->other));
}

FIXTURE_TEARDOWN(fault)
{
	client_close(&self->c);
	client_close(&self->other);
}

/* A job that fills 16 bytes of the client's data with @value. */
static int submit_fill(struct client *c, uint8_t value, uint64_t *seqno)
{
	struct stream s = stream_begin(c, DRM_APU_ENGINE_EDMA);
	struct drm_apu_stream stream;

	emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
	emit_fill(&s, REF(R_DATA, 0), value, 16);
	stream = stream_end(&s);

	return submit_stream(c, &stream, seqno);
}

static int submit_with_limit(struct client *c, const struct drm_apu_stream *stream, uint32_t us,
			     uint64_t *seqno)
{
	struct drm_apu_bo_ref ref = { c->data.handle, DRM_APU_BO_REF_WRITE };
	struct drm_apu_job job = {
		.streams = DRM_APU_OBJ_ARRAY(1, stream),
		.bos = DRM_APU_OBJ_ARRAY(1, &ref),
		.time_limit_us = us,
	};

	return submit(c, &job, 1, seqno);
}

/* The context is dead because of job @seqno, and everybody else is well. */
static void expect_dead(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self,
			uint32_t cause, uint64_t seqno)
{
	uint8_t *data = self->other.data.map;
	uint64_t other_seqno;
	uint32_t ctx;

	ASSERT_EQ(0, ctx_state(self->c.fd, self->c.ctx, &self->state));
	EXPECT_EQ(cause, self->state.cause);
	EXPECT_EQ(seqno, self->state.seqno);
	EXPECT_ERRNO(SUBMIT, ECANCELED, submit_fill(&self->c, 1, NULL));

	/* Another client goes on. */
	ASSERT_EQ(0, submit_fill(&self->other, 0x42, &other_seqno));
	EXPECT_EQ(0, job_wait(&self->other, self->other.ctx, other_seqno));
	EXPECT_EQ(0x42, data[0]);

	/* So does this one, with a new context. */
	ctx = self->c.ctx;
	ASSERT_EQ(0, ctx_create(self->c.fd, self->c.vm, &self->c.ctx));
	ASSERT_EQ(0, submit_fill(&self->c, 0x43, &other_seqno));
	EXPECT_EQ(0, job_wait(&self->c, self->c.ctx, other_seqno));
	EXPECT_EQ(0, ctx_destroy(self->c.fd, ctx));
}

TEST_F(fault, a_new_context_is_alive)
{
	ASSERT_EQ(0, ctx_state(self->c.fd, self->c.ctx, &self->state));
	EXPECT_EQ(DRM_APU_CTX_CAUSE_NONE, self->state.cause);
}

/* A stream that waits for a signal that nobody sends. */
TEST_F(fault, time_limit)
{
	struct stream s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	struct drm_apu_stream stream;
	uint64_t seqno;

	emit_wait(&s, 0, 1);
	stream = stream_end(&s);

	ASSERT_EQ(0, submit_with_limit(&self->c, &stream, 1000, &seqno));
	EXPECT_EQ(-ETIME, job_wait(&self->c, self->c.ctx, seqno));
	expect_dead(_metadata, self, DRM_APU_CTX_CAUSE_TIMEOUT, seqno);
}

/* To wait for a job and to learn why it failed is one call. */
TEST_F(fault, state_after_a_wait)
{
	struct stream s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	struct drm_apu_sync_op op = {
		.flags = DRM_APU_SYNC_OP_SIGNAL | DRM_APU_SYNC_OP_TIMELINE,
		.handle = syncobj_create(self->c.fd),
		.point = 7,
	};
	struct drm_apu_ctx_get_state state = {
		.id = self->c.ctx,
		.syncobj = op.handle,
		.point = op.point,
	};
	struct drm_apu_stream stream;
	struct drm_apu_job job = {
		.streams = DRM_APU_OBJ_ARRAY(1, &stream),
		.syncs = DRM_APU_OBJ_ARRAY(1, &op),
		.time_limit_us = 500000,
	};
	uint64_t seqno;

	emit_wait(&s, 0, 1);
	stream = stream_end(&s);
	ASSERT_EQ(0, submit(&self->c, &job, 1, &seqno));
	state.timeout_ns = now_ns() + WAIT_NS;
	ASSERT_EQ(0, apu_ioctl(self->c.fd, DRM_IOCTL_APU_CTX_GET_STATE, &state));
	EXPECT_EQ(DRM_APU_CTX_CAUSE_TIMEOUT, state.cause);
	EXPECT_EQ(seqno, state.seqno);
}

/* A wait for what never comes, and for what is there. */
TEST_F(fault, state_after_a_timeout)
{
	int timeline = gate_open();
	struct drm_apu_ctx_get_state state = { .id = self->c.ctx };

	if (timeline < 0)
		SKIP(return, "no sw_sync in this kernel");
	state.syncobj = gate_syncobj(self->c.fd, timeline, 1);
	ASSERT_NE(0, state.syncobj);
	EXPECT_ERRNO(CTX_GET_STATE, ETIMEDOUT,
		     apu_ioctl(self->c.fd, DRM_IOCTL_APU_CTX_GET_STATE, &state));
	state.timeout_ns = now_ns() + 10000000;
	EXPECT_ERRNO(CTX_GET_STATE, ETIMEDOUT,
		     apu_ioctl(self->c.fd, DRM_IOCTL_APU_CTX_GET_STATE, &state));
	ASSERT_EQ(0, gate_advance(timeline, 1));
	state.timeout_ns = 0;
	EXPECT_EQ(0, apu_ioctl(self->c.fd, DRM_IOCTL_APU_CTX_GET_STATE, &state));
	EXPECT_EQ(DRM_APU_CTX_CAUSE_NONE, state.cause);
	close(timeline);
}

TEST_F(fault, unknown_opcode)
{
	struct stream s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	struct drm_apu_stream stream;
	uint64_t seqno;

	emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
	emit_fill(&s, REF(R_DATA, 0), 1, 16);
	stream_emit(&s, 0xee, 0, 8);
	stream = stream_end(&s);

	ASSERT_EQ(0, submit_stream(&self->c, &stream, &seqno));
	EXPECT_EQ(-EINVAL, job_wait(&self->c, self->c.ctx, seqno));
	expect_dead(_metadata, self, DRM_APU_CTX_CAUSE_COMMAND, seqno);
	EXPECT_EQ(DRM_APU_ENGINE_EDMA, self->state.engine_class);
	EXPECT_EQ(0, self->state.stream);
	EXPECT_EQ(sizeof(struct apu_cmd_set_region) + sizeof(struct apu_cmd_fill),
		  self->state.cmd_offset);
	EXPECT_EQ(0, self->state.in_call);
}

TEST_F(fault, unknown_opcode_in_a_call)
{
	struct stream s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	struct drm_apu_stream stream;
	struct apu_cmd_call *call;
	uint64_t text, seqno;

	text = self->c.cmd_used;
	stream_emit(&s, APU_OP_NOP, 0, 8);
	stream_emit(&s, 0xee, 0, 8);

	s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	emit_region(&s, APU_REGION_TEXT, VA_CMD, CMD_SIZE);
	call = stream_emit(&s, APU_OP_CALL, 0, sizeof(*call));
	call->text = REF(APU_REGION_TEXT, text);
	call->bytes = 16;
	stream = stream_end(&s);

	ASSERT_EQ(0, submit_stream(&self->c, &stream, &seqno));
	EXPECT_EQ(-EINVAL, job_wait(&self->c, self->c.ctx, seqno));
	expect_dead(_metadata, self, DRM_APU_CTX_CAUSE_COMMAND, seqno);
	EXPECT_EQ(8, self->state.cmd_offset);
	EXPECT_EQ(1, self->state.in_call);
}

TEST_F(fault, outside_of_the_region)
{
	struct stream s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	uint8_t *data = self->c.data.map;
	struct drm_apu_stream stream;
	uint64_t seqno;

	emit_region(&s, R_DATA, VA_DATA, 4096);
	emit_fill(&s, REF(R_DATA, 4090), 1, 7);
	stream = stream_end(&s);

	ASSERT_EQ(0, submit_stream(&self->c, &stream, &seqno));
	EXPECT_EQ(-ERANGE, job_wait(&self->c, self->c.ctx, seqno));
	/* Not even the part inside. */
	EXPECT_EQ(0, data[4090]);
	expect_dead(_metadata, self, DRM_APU_CTX_CAUSE_REGION, seqno);
	EXPECT_EQ(sizeof(struct apu_cmd_set_region), self->state.cmd_offset);
}

TEST_F(fault, unmapped_address)
{
	const uint64_t va = 0x700000000;
	struct stream s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	struct drm_apu_stream stream;
	uint64_t seqno;

	emit_region(&s, R_DATA, va, DATA_SIZE);
	emit_fill(&s, REF(R_DATA, 0x5000), 1, 16);
	stream = stream_end(&s);

	ASSERT_EQ(0, submit_stream(&self->c, &stream, &seqno));
	EXPECT_EQ(-EFAULT, job_wait(&self->c, self->c.ctx, seqno));
	expect_dead(_metadata, self, DRM_APU_CTX_CAUSE_MMU, seqno);
	EXPECT_EQ(va + 0x5000, self->state.fault_va);
}

TEST_F(fault, read_only_address)
{
	const uint64_t va = 0x20000000;
	struct stream s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	uint8_t *data = self->c.data.map;
	struct drm_apu_stream stream;
	uint64_t seqno;

	ASSERT_EQ(0, vm_map(self->c.fd, self->c.vm, self->c.data.handle, 0, va, DATA_SIZE,
			    DRM_APU_VM_BIND_READONLY));
	data[0] = 0x17;
	emit_region(&s, 5, VA_DATA, DATA_SIZE);
	emit_region(&s, R_DATA, va, DATA_SIZE);
	/* Reading is fine. */
	emit_copy(&s, REF(5, 8192), REF(R_DATA, 0), 16);
	emit_fill(&s, REF(R_DATA, 0x3000), 1, 16);
	stream = stream_end(&s);

	ASSERT_EQ(0, submit_stream(&self->c, &stream, &seqno));
	EXPECT_EQ(-EFAULT, job_wait(&self->c, self->c.ctx, seqno));
	EXPECT_EQ(0x17, data[8192]);
	EXPECT_EQ(0, data[0x3000]);
	expect_dead(_metadata, self, DRM_APU_CTX_CAUSE_MMU, seqno);
	EXPECT_EQ(va + 0x3000, self->state.fault_va);
}

TEST_F(fault, unmapped_commands)
{
	struct drm_apu_stream stream = {
		.engine_class = DRM_APU_ENGINE_MVPU,
		.bytes = 64,
		.va = 0x600000000,
	};
	uint64_t seqno;

	ASSERT_EQ(0, submit_stream(&self->c, &stream, &seqno));
	EXPECT_EQ(-EFAULT, job_wait(&self->c, self->c.ctx, seqno));
	expect_dead(_metadata, self, DRM_APU_CTX_CAUSE_MMU, seqno);
	EXPECT_EQ(0x600000000, self->state.fault_va);
	EXPECT_EQ(DRM_APU_ENGINE_MVPU, self->state.engine_class);
}

/* What one client has mapped is another's unmapped address. */
TEST_F(fault, clients_are_isolated)
{
	const uint64_t va = 0x30000000;
	struct stream s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	uint8_t *data = self->other.data.map;
	struct drm_apu_stream stream;
	uint64_t seqno;

	ASSERT_EQ(0, vm_map(self->other.fd, self->other.vm, self->other.data.handle, 0, va,
			    DATA_SIZE, 0));
	/* Have it in the TLB, too. */
	ASSERT_EQ(0, submit_fill(&self->other, 0x42, &seqno));
	ASSERT_EQ(0, job_wait(&self->other, self->other.ctx, seqno));

	emit_region(&s, R_DATA, va, DATA_SIZE);
	emit_fill(&s, REF(R_DATA, 0), 0x66, 16);
	stream = stream_end(&s);

	ASSERT_EQ(0, submit_stream(&self->c, &stream, &seqno));
	EXPECT_EQ(-EFAULT, job_wait(&self->c, self->c.ctx, seqno));
	EXPECT_EQ(0x42, data[0]);
	expect_dead(_metadata, self, DRM_APU_CTX_CAUSE_MMU, seqno);
}

/* Nor does L1 tell what another address space left there. */
TEST_F(fault, l1_is_scrubbed)
{
	struct stream s = stream_begin(&self->other, DRM_APU_ENGINE_EDMA);
	uint8_t *data = self->c.data.map;
	struct drm_apu_stream stream;
	struct drm_apu_bo_ref ref;
	struct drm_apu_job job;
	uint64_t seqno;
	int i;

	emit_fill(&s, REF(APU_REGION_L1, 0), 0xcc, MIB);
	stream = stream_end(&s);
	ref = (struct drm_apu_bo_ref) { self->other.data.handle, 0 };
	job = (struct drm_apu_job) {
		.streams = DRM_APU_OBJ_ARRAY(1, &stream),
		.bos = DRM_APU_OBJ_ARRAY(1, &ref),
		.l1_kib = 1024,
	};
	ASSERT_EQ(0, submit(&self->other, &job, 1, &seqno));

	s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
	emit_copy(&s, REF(R_DATA, 0), REF(APU_REGION_L1, 0), MIB);
	stream = stream_end(&s);
	ref = (struct drm_apu_bo_ref) { self->c.data.handle, DRM_APU_BO_REF_WRITE };
	memset(data, 0xff, DATA_SIZE);
	ASSERT_EQ(0, submit(&self->c, &job, 1, &seqno));
	ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));

	for (i = 0; i < MIB && !data[i]; i++)
		;
	EXPECT_EQ(MIB, i);
}

/* The first failure in the order of submission counts; what is behind is cancelled. */
TEST_F(fault, later_jobs_are_cancelled)
{
	struct drm_apu_bo_ref ref = { self->c.data.handle, 0 };
	struct drm_apu_stream streams[3];
	struct drm_apu_job jobs[3];
	struct stream s;
	uint64_t seqno;
	int i;

	/* Fails last in time, being the slowest. */
	s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
	for (i = 0; i < 100; i++)
		emit_fill(&s, REF(R_DATA, 0), i, DATA_SIZE);
	emit_fill(&s, REF(7, 0), i, 16);
	streams[0] = stream_end(&s);

	s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	stream_emit(&s, 0xee, 0, 8);
	streams[1] = stream_end(&s);

	s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	streams[2] = stream_end(&s);

	for (i = 0; i < 3; i++)
		jobs[i] = (struct drm_apu_job) {
			.streams = DRM_APU_OBJ_ARRAY(1, &streams[i]),
			.bos = DRM_APU_OBJ_ARRAY(1, &ref),
		};

	ASSERT_EQ(0, submit(&self->c, jobs, 3, &seqno));
	EXPECT_EQ(-ECANCELED, job_wait(&self->c, self->c.ctx, seqno + 2));
	EXPECT_EQ(-ECANCELED, job_wait(&self->c, self->c.ctx, seqno + 1));
	EXPECT_EQ(-ERANGE, job_wait(&self->c, self->c.ctx, seqno));
	expect_dead(_metadata, self, DRM_APU_CTX_CAUSE_REGION, seqno);
}

/* Jobs in the queue of a context that is destroyed do not run, but their fences end. */
TEST_F(fault, destroyed_context)
{
	uint32_t sync = syncobj_create(self->c.fd);
	struct drm_apu_sync_op signal = { DRM_APU_SYNC_OP_SIGNAL, sync, 0 };
	struct drm_apu_stream stream;
	struct drm_apu_job jobs[40];
	struct stream s;
	int i;

	s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
	for (i = 0; i < 20; i++)
		emit_fill(&s, REF(R_DATA, 0), i, DATA_SIZE);
	stream = stream_end(&s);

	for (i = 0; i < 40; i++)
		jobs[i] = (struct drm_apu_job) { .streams = DRM_APU_OBJ_ARRAY(1, &stream) };
	jobs[39].syncs = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(1, &signal);

	ASSERT_EQ(0, submit(&self->c, jobs, 40, NULL));
	ASSERT_EQ(0, ctx_destroy(self->c.fd, self->c.ctx));
	EXPECT_EQ(0, syncobj_wait(self->c.fd, sync, 0, now_ns() + WAIT_NS));
}

TEST_HARNESS_MAIN

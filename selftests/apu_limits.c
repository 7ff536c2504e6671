// SPDX-License-Identifier: GPL-2.0-only
/*
 * A client that wants too much is stopped, and one that has enough to do for all engines
 * does not keep others waiting. Limits of address spaces and contexts are in apu_uapi, of
 * memory in apu_bo.
 */

#include "apu_test.h"

#include <stdio.h>
#include <stdlib.h>

#include "apu_harness.h"

/* As the interface's header says. */
#define MAX_IN_FLIGHT 1024
#define FLOODS 15
#define SLOTS 16

FIXTURE(limits) {
	struct client c;
	struct drm_apu_stream stream;
	int timeline;
	uint32_t gate;
};

FIXTURE_SETUP(limits)
{
	struct stream s;

	ASSERT_EQ(0, client_open_sized(&self->c, CMD_SIZE, 64 * KIB));
	s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	self->stream = stream_end(&s);
	self->timeline = gate_open();
	if (self->timeline < 0)
		SKIP(return, "no sw_sync in this kernel");
	self->gate = gate_syncobj(self->c.fd, self->timeline, 1);
	ASSERT_NE(0, self->gate);
}

FIXTURE_TEARDOWN(limits)
{
	if (self->timeline >= 0)
		close(self->timeline);
	client_close(&self->c);
}

/* Jobs of the stream, none of which starts before the gate opens. */
static int submit_gated(struct client *c, const struct drm_apu_stream *stream, uint32_t gate,
			int count, struct drm_apu_submit *args)
{
	struct drm_apu_sync_op op = { 0, gate, 0 };
	struct drm_apu_bo_ref ref = { c->data.handle, 0 };
	struct drm_apu_job jobs[DRM_APU_MAX_JOBS];
	int i;

	for (i = 0; i < count; i++)
		jobs[i] = (struct drm_apu_job) {
			.streams = DRM_APU_OBJ_ARRAY(1, stream),
			.syncs = DRM_APU_OBJ_ARRAY(!i && gate, &op),
			.bos = DRM_APU_OBJ_ARRAY(1, &ref),
		};
	*args = (struct drm_apu_submit) {
		.ctx_id = c->ctx,
		.jobs = DRM_APU_OBJ_ARRAY(count, jobs),
	};

	return apu_ioctl(c->fd, DRM_IOCTL_APU_SUBMIT, args);
}

/* Of all contexts of the client together. What has ended does not count. */
TEST_F(limits, jobs_in_flight)
{
	struct drm_apu_submit args;
	struct client other;
	int n, round;

	ASSERT_EQ(0, client_open_sized(&other, CMD_SIZE, 64 * KIB));
	for (round = 0; round < 2; round++) {
		self->gate = gate_syncobj(self->c.fd, self->timeline, round + 1);
		for (n = 0; n < MAX_IN_FLIGHT - 4; n += 60) {
			ASSERT_EQ(0, ctx_create(self->c.fd, self->c.vm, &self->c.ctx));
			ASSERT_EQ(0, submit_gated(&self->c, &self->stream, self->gate, 60, &args));
		}
		ASSERT_EQ(MAX_IN_FLIGHT - 4, n);

		/* All or none. */
		EXPECT_ERRNO(SUBMIT, EBUSY, submit_gated(&self->c, &self->stream, 0, 5, &args));
		EXPECT_EQ(4, args.fail_index);
		ASSERT_EQ(0, submit_gated(&self->c, &self->stream, 0, 4, &args));
		EXPECT_ERRNO(SUBMIT, EBUSY, submit_gated(&self->c, &self->stream, 0, 1, &args));
		EXPECT_EQ(0, args.fail_index);

		/* Not of another's. */
		other.cmd_used = 0;
		stream_end(&(struct stream) { .c = &other });
		ASSERT_EQ(0, submit_gated(&other, &self->stream, 0, 1, &args));
		EXPECT_EQ(0, job_wait(&other, other.ctx, args.seqno));

		ASSERT_EQ(0, gate_advance(self->timeline, 1));
		ASSERT_EQ(0, bo_wait(self->c.fd, self->c.data.handle, DRM_APU_BO_WAIT_WRITE,
				     now_ns() + WAIT_NS));
		for (n = 0; n < 4; n++)
			ASSERT_EQ(0, submit_gated(&self->c, &self->stream, 0, 64, &args));
		ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, args.seqno + 63));
	}
	client_close(&other);
}

/* Jobs in the context's last 64 that had ended when the device's time was @time. */
static int ended_by(struct client *c, uint32_t ctx, uint64_t seqno, int count, uint64_t time)
{
	struct drm_apu_job_stats stats;
	int i, n = 0;

	for (i = 0; i < count; i++)
		n += !job_stats(c->fd, ctx, seqno + i, &stats) && stats.end <= time;

	return n;
}

static struct drm_apu_stream fills(struct client *c, int count)
{
	struct stream s = stream_begin(c, DRM_APU_ENGINE_EDMA);

	emit_region(&s, R_DATA, VA_DATA, 64 * KIB);
	while (count--)
		emit_fill(&s, REF(R_DATA, 0), count, 64 * KIB);

	return stream_end(&s);
}

/*
 * One job against contexts that have 60 each, all of which were there first and are ready
 * at the same time: by turns, it is behind one of each at most, and what is in slots.
 */
TEST_F(limits, a_flood_starves_nobody)
{
	enum { JOBS = 60 };
	uint64_t seqno[FLOODS];
	uint32_t ctx[FLOODS];
	struct drm_apu_stream stream, first;
	struct drm_apu_job_stats stats;
	struct drm_apu_submit args;
	struct client c, flood;
	int i, n = 0, behind = 0;

	ASSERT_EQ(0, client_open_sized(&flood, CMD_SIZE, 64 * KIB));
	/* Long, so that none ends while the gate opens for one context after the other. */
	first = fills(&flood, 800);
	stream = fills(&flood, 20);
	self->gate = gate_syncobj(flood.fd, self->timeline, 1);
	for (i = 0; i < FLOODS; i++) {
		ASSERT_EQ(0, ctx_create(flood.fd, flood.vm, &ctx[i]));
		flood.ctx = ctx[i];
		ASSERT_EQ(0, submit_gated(&flood, &first, self->gate, 1, &args));
		seqno[i] = args.seqno;
		ASSERT_EQ(0, submit_gated(&flood, &stream, 0, JOBS - 1, &args));
	}
	/* The last to come. */
	ASSERT_EQ(0, client_open_sized(&c, CMD_SIZE, 64 * KIB));
	stream = fills(&c, 0);
	self->gate = gate_syncobj(c.fd, self->timeline, 1);
	ASSERT_EQ(0, submit_gated(&c, &stream, self->gate, 1, &args));

	ASSERT_EQ(0, gate_advance(self->timeline, 1));
	ASSERT_EQ(0, job_wait(&c, c.ctx, args.seqno));
	ASSERT_EQ(0, job_stats(c.fd, c.ctx, args.seqno, &stats));
	ASSERT_EQ(0, bo_wait(flood.fd, flood.data.handle, DRM_APU_BO_WAIT_WRITE,
			     now_ns() + WAIT_NS));
	for (i = 0; i < FLOODS; i++) {
		n += ended_by(&flood, ctx[i], seqno[i], JOBS, UINT64_MAX);
		behind += ended_by(&flood, ctx[i], seqno[i], JOBS, stats.start);
	}
	EXPECT_EQ(FLOODS * JOBS, n);
	EXPECT_GE(FLOODS + SLOTS, behind);
	TH_LOG("behind %d of %d jobs", behind, n);
	client_close(&flood);
	client_close(&c);
}

TEST_HARNESS_MAIN

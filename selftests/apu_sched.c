// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scheduling: slots are kept full, engines of a kind work at the same time, fences of a
 * context signal in order, and a job costs one interrupt.
 */

#include "apu_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "apu_harness.h"

#define AFTER_MASK "/sys/module/apu/parameters/after_mask"
#define CHAIN 64

FIXTURE(sched) {
	struct client c;
	char apu[64];
	char slots[128];
};

FIXTURE_SETUP(sched)
{
	ASSERT_EQ(0, client_open(&self->c));
	ASSERT_EQ(0, find_device(".apu", self->apu, sizeof(self->apu)));
	snprintf(self->slots, sizeof(self->slots), "/sys/kernel/debug/accel/%s/slots", self->apu);
}

FIXTURE_TEARDOWN(sched)
{
	EXPECT_EQ(0, write_file(AFTER_MASK, "Y"));
	client_close(&self->c);
}

static struct drm_apu_stream fill_stream(struct client *c, uint64_t offset, int repeat,
					 uint32_t bytes)
{
	struct stream s = stream_begin(c, DRM_APU_ENGINE_EDMA);

	emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
	while (repeat--)
		emit_fill(&s, REF(R_DATA, offset), 1, bytes);

	return stream_end(&s);
}

/* Lines of the file that begin with a digit: jobs that are in slots. -1 without the file. */
static int jobs_in_slots(const char *path)
{
	char line[256];
	FILE *f = fopen(path, "r");
	int n = 0;

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		n += line[0] >= '0' && line[0] <= '9';
	fclose(f);

	return n;
}

/* Interrupts that the device's line has had on all processors. */
static long count_irqs(const char *device)
{
	char line[512], *at, *end;
	FILE *f = fopen("/proc/interrupts", "r");
	long sum = -1, n;

	while (f && sum < 0 && fgets(line, sizeof(line), f)) {
		if (!strstr(line, device))
			continue;
		sum = 0;
		at = strchr(line, ':');
		for (n = strtol(++at, &end, 10); end != at; n = strtol(at, &end, 10)) {
			sum += n;
			at = end;
		}
	}
	if (f)
		fclose(f);

	return sum;
}

/* A chain of jobs in one submit, each after the one before; the first is long. */
static int submit_chain(FIXTURE_DATA(sched) *self, int count, int first, uint64_t *seqno)
{
	struct drm_apu_bo_ref ref = { self->c.data.handle, 0 };
	struct drm_apu_stream streams[CHAIN];
	struct drm_apu_job jobs[CHAIN];
	uint32_t deps[CHAIN];
	int i;

	for (i = 0; i < count; i++) {
		streams[i] = fill_stream(&self->c, 0, i ? 1 : first, i ? 64 : DATA_SIZE);
		deps[i] = i - 1;
		jobs[i] = (struct drm_apu_job) {
			.streams = DRM_APU_OBJ_ARRAY(1, &streams[i]),
			.deps = DRM_APU_OBJ_ARRAY(i ? 1 : 0, &deps[i]),
			.bos = DRM_APU_OBJ_ARRAY(1, &ref),
		};
	}

	return submit(&self->c, jobs, count, seqno);
}

static void expect_in_turn(struct __test_metadata *_metadata, FIXTURE_DATA(sched) *self,
			   uint64_t seqno, int count)
{
	struct drm_apu_job_stats stats;
	uint64_t end = 0;
	int i;

	for (i = 0; i < count; i++) {
		ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno + i));
		ASSERT_EQ(0, job_stats(self->c.fd, self->c.ctx, seqno + i, &stats));
		EXPECT_LE(end, stats.start);
		end = stats.end;
	}
}

/* What waits for the job that runs is in the slots behind it, all 16 of them. */
TEST_F(sched, slots_are_kept_full)
{
	struct drm_apu_job_stats stats;
	uint64_t seqno;
	int n;

	if (access(self->slots, R_OK))
		SKIP(return, "no debugfs");
	ASSERT_EQ(0, submit_chain(self, 40, 1000, &seqno));
	do {
		n = jobs_in_slots(self->slots);
	} while (n < 16 && job_stats(self->c.fd, self->c.ctx, seqno, &stats) == -EAGAIN);
	EXPECT_EQ(16, n);
	expect_in_turn(_metadata, self, seqno, 40);
}

/* Without the masks they wait in their queue. */
TEST_F(sched, jobs_wait_for_fences)
{
	struct drm_apu_job_stats stats;
	int n, most = 0;
	uint64_t seqno;

	if (access(self->slots, R_OK))
		SKIP(return, "no debugfs");
	ASSERT_EQ(0, write_file(AFTER_MASK, "N"));
	ASSERT_EQ(0, submit_chain(self, 40, 1000, &seqno));
	do {
		n = jobs_in_slots(self->slots);
		most = n > most ? n : most;
	} while (job_stats(self->c.fd, self->c.ctx, seqno + 39, &stats) == -EAGAIN);
	EXPECT_EQ(1, most);
	expect_in_turn(_metadata, self, seqno, 40);
}

/* Not a verdict, as time on a shared host is none: the figures are for a person. */
TEST_F(sched, both_ways_in_figures)
{
	static const char * const ways[] = { "N", "Y" };
	struct drm_apu_job_stats stats;
	uint64_t seqno, start;
	int i, round;

	for (i = 0; i < 2; i++) {
		int64_t best = INT64_MAX;

		ASSERT_EQ(0, write_file(AFTER_MASK, ways[i]));
		for (round = 0; round < 20; round++) {
			self->c.cmd_used = 0;
			ASSERT_EQ(0, submit_chain(self, CHAIN, 1, &seqno));
			expect_in_turn(_metadata, self, seqno, CHAIN);
			ASSERT_EQ(0, job_stats(self->c.fd, self->c.ctx, seqno, &stats));
			start = stats.end;
			ASSERT_EQ(0, job_stats(self->c.fd, self->c.ctx, seqno + CHAIN - 1,
					       &stats));
			if (stats.end - start < best)
				best = stats.end - start;
		}
		TH_LOG("after_mask=%s: %lld ns from one job of a chain to the next", ways[i],
		       (long long)best / (CHAIN - 1));
	}
}

/* A later job that ends first waits for its turn to signal. */
TEST_F(sched, fences_signal_in_order)
{
	uint32_t sync[2] = { syncobj_create(self->c.fd), syncobj_create(self->c.fd) };
	struct drm_apu_bo_ref ref = { self->c.data.handle, 0 };
	struct drm_apu_job_stats stats[2];
	struct drm_apu_stream streams[2] = {
		fill_stream(&self->c, 0, 500, DATA_SIZE),
		fill_stream(&self->c, 0, 1, 64),
	};
	struct drm_apu_sync_op ops[2];
	struct drm_apu_job jobs[2];
	uint64_t seqno;
	int i;

	for (i = 0; i < 2; i++) {
		ops[i] = (struct drm_apu_sync_op) { DRM_APU_SYNC_OP_SIGNAL, sync[i], 0 };
		jobs[i] = (struct drm_apu_job) {
			.streams = DRM_APU_OBJ_ARRAY(1, &streams[i]),
			.syncs = DRM_APU_OBJ_ARRAY(1, &ops[i]),
			.bos = DRM_APU_OBJ_ARRAY(1, &ref),
		};
	}

	ASSERT_EQ(0, submit(&self->c, jobs, 2, &seqno));
	ASSERT_EQ(0, syncobj_wait(self->c.fd, sync[1], 0, now_ns() + WAIT_NS));
	EXPECT_EQ(0, syncobj_wait(self->c.fd, sync[0], 0, 0));

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno + i));
		ASSERT_EQ(0, job_stats(self->c.fd, self->c.ctx, seqno + i, &stats[i]));
	}
	/* It did end first. */
	EXPECT_LT(stats[1].end, stats[0].end);
}

/* A gang that has one MDLA and one eDMA for a while. */
static int submit_mdla(struct client *c, uint32_t ctx, uint64_t *seqno)
{
	struct drm_apu_bo_ref ref = { c->data.handle, 0 };
	struct stream s = stream_begin(c, DRM_APU_ENGINE_MDLA);
	struct drm_apu_stream streams[2];
	struct drm_apu_job job = {
		.streams = DRM_APU_OBJ_ARRAY(2, streams),
		.bos = DRM_APU_OBJ_ARRAY(1, &ref),
	};
	int i;

	emit_wait(&s, 0, 1);
	streams[0] = stream_end(&s);
	s = stream_begin(c, DRM_APU_ENGINE_EDMA);
	emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
	for (i = 0; i < 500; i++)
		emit_fill(&s, REF(R_DATA, 0), i, DATA_SIZE);
	emit_signal(&s, 0);
	streams[1] = stream_end(&s);
	c->ctx = ctx;

	return submit(c, &job, 1, seqno);
}

TEST_F(sched, two_contexts_fill_two_mdlas)
{
	struct drm_apu_job_stats stats[2];
	uint64_t seqno[2];
	uint32_t ctx[2];
	int i;

	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, ctx_create(self->c.fd, self->c.vm, &ctx[i]));
	for (i = 0; i < 2; i++)
		ASSERT_EQ(0, submit_mdla(&self->c, ctx[i], &seqno[i]));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, job_wait(&self->c, ctx[i], seqno[i]));
		ASSERT_EQ(0, job_stats(self->c.fd, ctx[i], seqno[i], &stats[i]));
		EXPECT_EQ(DRM_APU_ENGINE_MDLA, stats[i].streams[0].engine_class);
	}
	EXPECT_NE(stats[0].streams[0].engine_instance, stats[1].streams[0].engine_instance);
	/* At the same time. */
	EXPECT_LT(stats[0].start, stats[1].end);
	EXPECT_LT(stats[1].start, stats[0].end);
}

/* One inference is one job, however many engines it takes: eDMA to MDLA to MVPU. */
TEST_F(sched, a_gang_of_three_engines_is_one_interrupt)
{
	enum { JOBS = 10 };
	struct drm_apu_bo_ref ref = { self->c.data.handle, 0 };
	struct drm_apu_stream streams[3];
	struct drm_apu_job job = {
		.streams = DRM_APU_OBJ_ARRAY(3, streams),
		.bos = DRM_APU_OBJ_ARRAY(1, &ref),
	};
	struct drm_apu_job_stats stats;
	uint64_t seqno;
	struct stream s;
	long before;
	int i;

	s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
	emit_fill(&s, REF(R_DATA, 0), 1, DATA_SIZE);
	emit_signal(&s, 0);
	streams[0] = stream_end(&s);
	s = stream_begin(&self->c, DRM_APU_ENGINE_MDLA);
	emit_wait(&s, 0, 1);
	emit_signal(&s, 1);
	streams[1] = stream_end(&s);
	s = stream_begin(&self->c, DRM_APU_ENGINE_MVPU);
	emit_wait(&s, 1, 1);
	streams[2] = stream_end(&s);

	before = count_irqs(self->apu);
	ASSERT_LE(0, before);
	for (i = 0; i < JOBS; i++) {
		ASSERT_EQ(0, submit(&self->c, &job, 1, &seqno));
		ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
	}
	EXPECT_EQ(before + JOBS, count_irqs(self->apu));
	ASSERT_EQ(0, job_stats(self->c.fd, self->c.ctx, seqno, &stats));
	EXPECT_EQ(3, stats.num_streams);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Priority and clock: what a context may ask for, and that the clock obeys.
 */

#include "apu_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "apu_harness.h"

#define NOBODY 65534

FIXTURE(qos) {
	struct client c;
	struct drm_apu_ctx_set_qos args;
	char devfreq[128];
	char cur_freq[160];
	char governor[160];
	char old_governor[64];
	char control[128];
};

FIXTURE_SETUP(qos)
{
	char apu[64];

	ASSERT_EQ(0, client_open(&self->c));
	self->args = (struct drm_apu_ctx_set_qos) {
		.ctx_id = self->c.ctx,
		.priority = DRM_APU_PRIORITY_NORMAL,
	};
	ASSERT_EQ(0, find_device(".apu", apu, sizeof(apu)));
	snprintf(self->devfreq, sizeof(self->devfreq), "/sys/class/devfreq/%s", apu);
	snprintf(self->control, sizeof(self->control), SYS_PLATFORM "devices/%s/power/control",
		 apu);
	snprintf(self->cur_freq, sizeof(self->cur_freq), "%s/cur_freq", self->devfreq);
	snprintf(self->governor, sizeof(self->governor), "%s/governor", self->devfreq);
	ASSERT_EQ(0, read_file(self->governor, self->old_governor, sizeof(self->old_governor)));
}

FIXTURE_TEARDOWN(qos)
{
	client_close(&self->c);
	EXPECT_EQ(0, write_file(self->governor, self->old_governor));
	EXPECT_EQ(0, write_file(self->control, "auto"));
}

static int set_qos(FIXTURE_DATA(qos) *self)
{
	return apu_ioctl(self->c.fd, DRM_IOCTL_APU_CTX_SET_QOS, &self->args);
}

static int pin_clock(FIXTURE_DATA(qos) *self, const char *hz)
{
	char path[192];
	int ret;

	ret = write_file(self->governor, "userspace");
	if (ret)
		return ret;
	snprintf(path, sizeof(path), "%s/userspace/set_freq", self->devfreq);

	return write_file(path, hz);
}

TEST_F(qos, refuses)
{
	self->args.flags = DRM_APU_QOS_PREFER_POWER << 1;
	EXPECT_EQ(-EINVAL, set_qos(self));
	self->args.flags = 0;
	self->args.pad = 1;
	EXPECT_EQ(-EINVAL, set_qos(self));
	self->args.pad = 0;
	self->args.boost = 101;
	EXPECT_EQ(-EINVAL, set_qos(self));
	self->args.boost = 100;
	self->args.priority = DRM_APU_PRIORITY_HIGH + 1;
	EXPECT_EQ(-EINVAL, set_qos(self));
	self->args.priority = DRM_APU_PRIORITY_LOW;
	self->args.ctx_id = 77;
	EXPECT_EQ(-ENOENT, set_qos(self));
	self->args.ctx_id = self->c.ctx;
	EXPECT_EQ(0, set_qos(self));
}

/* Runs in a process of its own, which gives up its rights. */
static int priorities_without_rights(FIXTURE_DATA(qos) *self)
{
	struct drm_apu_ctx_create create = {
		.vm_id = self->c.vm,
		.priority = DRM_APU_PRIORITY_HIGH,
	};

	if (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY))
		return 1;
	self->args.priority = DRM_APU_PRIORITY_HIGH;
	if (set_qos(self) != -EACCES)
		return 2;
	if (apu_ioctl(self->c.fd, DRM_IOCTL_APU_CTX_CREATE, &create) != -EACCES)
		return 3;
	self->args.priority = DRM_APU_PRIORITY_LOW;
	if (set_qos(self))
		return 4;
	self->args.priority = DRM_APU_PRIORITY_NORMAL;
	if (set_qos(self))
		return 5;

	return 0;
}

TEST_F(qos, raised_priority_needs_cap_sys_nice)
{
	pid_t pid = fork();
	int status;

	ASSERT_LE(0, pid);
	if (!pid)
		_exit(priorities_without_rights(self));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status));

	self->args.priority = DRM_APU_PRIORITY_HIGH;
	EXPECT_EQ(0, set_qos(self));
}

/*
 * One engine, a job that keeps it busy, then one job of a low and one of a high
 * context: the later, higher one starts first.
 */
TEST_F(qos, higher_priority_starts_first)
{
	static const uint32_t priorities[] = { DRM_APU_PRIORITY_LOW, DRM_APU_PRIORITY_HIGH };
	struct stream s = stream_begin(&self->c, DRM_APU_ENGINE_MVPU);
	struct drm_apu_bo_ref ref = { self->c.data.handle, 0 };
	struct drm_apu_stream streams[2], quick;
	struct drm_apu_job_stats stats[2];
	struct drm_apu_job job = {
		.bos = DRM_APU_OBJ_ARRAY(1, &ref),
	};
	uint64_t seqno[2], first;
	uint32_t ctx[2];
	int i;

	/* There is one MVPU; this gang has it until the eDMA is done. */
	emit_wait(&s, 0, 1);
	streams[0] = stream_end(&s);
	s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
	for (i = 0; i < 1000; i++)
		emit_fill(&s, REF(R_DATA, 0), i, DATA_SIZE);
	emit_signal(&s, 0);
	streams[1] = stream_end(&s);
	s = stream_begin(&self->c, DRM_APU_ENGINE_MVPU);
	quick = stream_end(&s);

	job.streams = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(2, streams);
	ASSERT_EQ(0, submit(&self->c, &job, 1, &first));
	job.streams = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(1, &quick);
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, ctx_create(self->c.fd, self->c.vm, &ctx[i]));
		self->args.ctx_id = ctx[i];
		self->args.priority = priorities[i];
		ASSERT_EQ(0, set_qos(self));
		self->c.ctx = ctx[i];
		ASSERT_EQ(0, submit(&self->c, &job, 1, &seqno[i]));
	}

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, job_wait(&self->c, ctx[i], seqno[i]));
		ASSERT_EQ(0, job_stats(self->c.fd, ctx[i], seqno[i], &stats[i]));
	}
	EXPECT_LE(stats[1].end, stats[0].start);
}

/* What the clock does while a job of the context is there, and after it. */
static void expect_freq(struct __test_metadata *_metadata, FIXTURE_DATA(qos) *self,
			const char *with_job, const char *without)
{
	struct drm_apu_job_stats stats;
	uint64_t seqno;

	ASSERT_EQ(0, set_qos(self));
	ASSERT_EQ(0, submit_fills(&self->c, VA_DATA, 1, 300, &seqno));
	EXPECT_TRUE(file_is(self->cur_freq, with_job));
	/* It was still there: what was seen was not the time after it. */
	EXPECT_EQ(-EAGAIN, job_stats(self->c.fd, self->c.ctx, seqno, &stats));
	ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
	EXPECT_TRUE(file_becomes(self->cur_freq, without));
	self->c.cmd_used = 0;
}

TEST_F(qos, boost_is_a_floor)
{
	ASSERT_EQ(0, write_file(self->governor, "powersave"));
	expect_freq(_metadata, self, "200000000", "200000000");
	self->args.boost = 50;
	expect_freq(_metadata, self, "600000000", "200000000");
	/* The next operating point that is enough. */
	self->args.boost = 51;
	expect_freq(_metadata, self, "800000000", "200000000");
	self->args.boost = 100;
	expect_freq(_metadata, self, "1000000000", "200000000");
	self->args.boost = 0;
	expect_freq(_metadata, self, "200000000", "200000000");
}

TEST_F(qos, deadline_is_a_floor)
{
	struct drm_apu_job_stats stats;
	uint64_t seqno;

	ASSERT_EQ(0, write_file(self->governor, "powersave"));
	/* Nothing is known yet. */
	self->args.deadline_us = 1000000;
	expect_freq(_metadata, self, "1000000000", "200000000");

	ASSERT_EQ(0, submit_fills(&self->c, VA_DATA, 1, 300, &seqno));
	ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
	ASSERT_EQ(0, job_stats(self->c.fd, self->c.ctx, seqno, &stats));
	self->c.cmd_used = 0;

	/* 200, 500 and 900 cycles per microsecond. */
	self->args.deadline_us = stats.cycles / 199;
	expect_freq(_metadata, self, "200000000", "200000000");
	self->args.deadline_us = stats.cycles / 500;
	expect_freq(_metadata, self, "600000000", "200000000");
	self->args.deadline_us = stats.cycles / 900;
	expect_freq(_metadata, self, "1000000000", "200000000");
}

TEST_F(qos, preferring_power_is_a_ceiling)
{
	struct client other;
	uint64_t seqno;

	ASSERT_EQ(0, write_file(self->governor, "performance"));
	expect_freq(_metadata, self, "1000000000", "1000000000");
	self->args.flags = DRM_APU_QOS_PREFER_POWER;
	expect_freq(_metadata, self, "600000000", "1000000000");
	/* More is needed. */
	self->args.boost = 75;
	expect_freq(_metadata, self, "800000000", "1000000000");
	/* Somebody else does not prefer power. */
	self->args.boost = 0;
	ASSERT_EQ(0, client_open(&other));
	ASSERT_EQ(0, submit_fills(&other, VA_DATA, 1, 2000, &seqno));
	expect_freq(_metadata, self, "1000000000", "1000000000");
	EXPECT_EQ(0, job_wait(&other, other.ctx, seqno));
	client_close(&other);
}

static int64_t device_ns(FIXTURE_DATA(qos) *self)
{
	struct drm_apu_job_stats stats;
	uint64_t seqno;

	self->c.cmd_used = 0;
	if (submit_fills(&self->c, VA_DATA, 1, 20, &seqno) ||
	    job_wait(&self->c, self->c.ctx, seqno) ||
	    job_stats(self->c.fd, self->c.ctx, seqno, &stats))
		return -1;

	return stats.end - stats.start;
}

/* By the device's clock, so no matter how busy the host is. */
TEST_F(qos, device_time_follows_the_clock)
{
	struct drm_apu_job_stats stats;
	int64_t slow, fast;
	uint64_t seqno;

	ASSERT_EQ(0, pin_clock(self, "400000000"));
	ASSERT_EQ(0, submit_fills(&self->c, VA_DATA, 1, 20, &seqno));
	ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
	ASSERT_EQ(0, job_stats(self->c.fd, self->c.ctx, seqno, &stats));
	slow = stats.end - stats.start;
	/* 2.5 ns a cycle. */
	if (slow * 2 < stats.cycles * 5 || slow * 2 > stats.cycles * 5 + 5)
		SKIP(return, "needs -machine timing=cycles");

	ASSERT_EQ(0, pin_clock(self, "800000000"));
	fast = device_ns(self);
	EXPECT_LE(slow * 95, fast * 2 * 100);
	EXPECT_GE(slow * 105, fast * 2 * 100);
}

/* Jobs one after the other on one engine; @sync is signalled when the last has ended. */
static int submit_batch(struct client *c, const struct drm_apu_stream *stream, uint32_t sync)
{
	struct drm_apu_bo_ref ref = { c->data.handle, DRM_APU_BO_REF_WRITE };
	struct drm_apu_sync_op signal = { DRM_APU_SYNC_OP_SIGNAL, sync, 0 };
	struct drm_apu_job jobs[4];
	int i;

	for (i = 0; i < 4; i++)
		jobs[i] = (struct drm_apu_job) {
			.streams = DRM_APU_OBJ_ARRAY(1, stream),
			.bos = DRM_APU_OBJ_ARRAY(1, &ref),
			.syncs = DRM_APU_OBJ_ARRAY(i == 3, &signal),
		};

	return submit(c, jobs, 4, NULL);
}

/*
 * How long the processor takes for a job must not matter: for the way up there are
 * always jobs in slots, for the way down there is power, but no job at all.
 */
TEST_F_TIMEOUT(qos, the_clock_follows_the_load, 240)
{
	const int64_t limit = 100000000000ll;
	struct drm_apu_stream stream;
	uint32_t syncs[2];
	struct stream s;
	int64_t end;
	int i;

	s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
	for (i = 0; i < 100; i++)
		emit_fill(&s, REF(R_DATA, 0), i, DATA_SIZE);
	stream = stream_end(&s);

	ASSERT_EQ(0, pin_clock(self, "200000000"));
	EXPECT_TRUE(file_is(self->cur_freq, "200000000"));
	ASSERT_EQ(0, write_file(self->governor, "simple_ondemand"));
	for (i = 0; i < 2; i++) {
		syncs[i] = syncobj_create(self->c.fd);
		ASSERT_NE(0, syncs[i]);
		ASSERT_EQ(0, submit_batch(&self->c, &stream, syncs[i]));
	}
	end = now_ns() + limit;
	for (i = 0; !file_is(self->cur_freq, "1000000000") && now_ns() < end; i = !i) {
		/* The other batch is in the slots meanwhile. */
		ASSERT_EQ(0, syncobj_wait(self->c.fd, syncs[i], 0, now_ns() + WAIT_NS));
		ASSERT_EQ(0, submit_batch(&self->c, &stream, syncs[i]));
	}
	EXPECT_TRUE(file_is(self->cur_freq, "1000000000"));

	ASSERT_EQ(0, write_file(self->control, "on"));
	for (i = 0; i < 2; i++)
		EXPECT_EQ(0, syncobj_wait(self->c.fd, syncs[i], 0, now_ns() + WAIT_NS));
	EXPECT_TRUE(file_becomes(self->cur_freq, "200000000"));
}

TEST_HARNESS_MAIN

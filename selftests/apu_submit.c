// SPDX-License-Identifier: GPL-2.0-only
/*
 * Jobs that succeed: data movement, gangs, order, syncobjs, statistics.
 */

#include "apu_test.h"

#include <signal.h>
#include <sys/time.h>

#include "apu_harness.h"

FIXTURE(job) {
	struct client c;
	uint8_t *data;
};

FIXTURE_SETUP(job)
{
	ASSERT_EQ(0, client_open(&self->c));
	self->data = self->c.data.map;
}

FIXTURE_TEARDOWN(job)
{
	client_close(&self->c);
}

/* A stream that fills @bytes at @offset of the data. */
static struct drm_apu_stream fill_stream(struct client *c, uint64_t offset, uint8_t value,
					 uint32_t bytes)
{
	struct stream s = stream_begin(c, DRM_APU_ENGINE_EDMA);

	emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
	emit_fill(&s, REF(R_DATA, offset), value, bytes);

	return stream_end(&s);
}

/* A stream that copies @bytes within the data, by way of L1. */
static struct drm_apu_stream copy_stream(struct client *c, uint64_t to, uint64_t from,
					 uint32_t bytes)
{
	struct stream s = stream_begin(c, DRM_APU_ENGINE_EDMA);

	emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
	emit_copy(&s, REF(APU_REGION_L1, 0), REF(R_DATA, from), bytes);
	emit_copy(&s, REF(R_DATA, to), REF(APU_REGION_L1, 0), bytes);

	return stream_end(&s);
}

/* A stream with enough work for others to overtake it, if they could. */
static struct drm_apu_stream slow_fill_stream(struct client *c, uint64_t offset, uint8_t value,
					      uint32_t bytes)
{
	struct stream s = stream_begin(c, DRM_APU_ENGINE_EDMA);
	int i;

	emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
	for (i = 0; i < 200; i++)
		emit_fill(&s, REF(R_DATA, DATA_SIZE / 2), i, DATA_SIZE / 2);
	emit_fill(&s, REF(R_DATA, offset), value, bytes);

	return stream_end(&s);
}

static bool all_are(const uint8_t *p, uint8_t value, size_t bytes)
{
	size_t i;

	for (i = 0; i < bytes; i++)
		if (p[i] != value)
			return false;

	return true;
}

TEST_F(job, fill)
{
	struct drm_apu_stream stream = fill_stream(&self->c, 64, 0x5a, 1000);
	uint64_t seqno;

	ASSERT_EQ(0, submit_stream(&self->c, &stream, &seqno));
	ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));

	EXPECT_TRUE(all_are(self->data, 0, 64));
	EXPECT_TRUE(all_are(self->data + 64, 0x5a, 1000));
	EXPECT_TRUE(all_are(self->data + 1064, 0, 1000));
}

TEST_F(job, copy_through_l1)
{
	struct drm_apu_stream stream = copy_stream(&self->c, 100 * KIB, 0, 64 * KIB);
	uint64_t seqno;
	int i;

	for (i = 0; i < 64 * KIB; i++)
		self->data[i] = i * 7 + (i >> 8);

	ASSERT_EQ(0, submit_stream(&self->c, &stream, &seqno));
	ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
	EXPECT_EQ(0, memcmp(self->data, self->data + 100 * KIB, 64 * KIB));
}

TEST_F(job, seqnos_count_from_one)
{
	struct drm_apu_stream stream = fill_stream(&self->c, 0, 1, 16);
	uint64_t seqno, expected;

	for (expected = 1; expected <= 5; expected++) {
		ASSERT_EQ(0, submit_stream(&self->c, &stream, &seqno));
		EXPECT_EQ(expected, seqno);
	}
	EXPECT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
}

/* Two eDMA streams of a gang hand data over in L1. */
TEST_F(job, gang_synchronises_by_counters)
{
	struct drm_apu_bo_ref ref = { self->c.data.handle, DRM_APU_BO_REF_WRITE };
	struct drm_apu_stream streams[2];
	struct drm_apu_job job = {
		.streams = DRM_APU_OBJ_ARRAY(2, streams),
		.bos = DRM_APU_OBJ_ARRAY(1, &ref),
		.l1_kib = 128,
	};
	struct stream s;
	uint64_t seqno;

	/* The consumer first: it has to wait. */
	s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
	emit_wait(&s, 3, 2);
	emit_copy(&s, REF(R_DATA, 0), REF(APU_REGION_L1, 4096), 4096);
	streams[0] = stream_end(&s);

	s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	emit_fill(&s, REF(APU_REGION_L1, 4096), 0x11, 2048);
	emit_signal(&s, 3);
	emit_fill(&s, REF(APU_REGION_L1, 6144), 0x22, 2048);
	emit_signal(&s, 3);
	streams[1] = stream_end(&s);

	ASSERT_EQ(0, submit(&self->c, &job, 1, &seqno));
	ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
	EXPECT_TRUE(all_are(self->data, 0x11, 2048));
	EXPECT_TRUE(all_are(self->data + 2048, 0x22, 2048));
}

TEST_F(job, dependency_on_an_earlier_job_of_the_submit)
{
	uint32_t sync = syncobj_create(self->c.fd);
	struct drm_apu_sync_op signal = { DRM_APU_SYNC_OP_SIGNAL, sync, 0 };
	uint32_t dep = 0;
	struct drm_apu_stream streams[2] = {
		slow_fill_stream(&self->c, 0, 0x77, 4096),
		copy_stream(&self->c, 8192, 0, 4096),
	};
	struct drm_apu_job jobs[2] = {
		{ .streams = DRM_APU_OBJ_ARRAY(1, &streams[0]) },
		{
			.streams = DRM_APU_OBJ_ARRAY(1, &streams[1]),
			.deps = DRM_APU_OBJ_ARRAY(1, &dep),
			.syncs = DRM_APU_OBJ_ARRAY(1, &signal),
			.l1_kib = 128,
		},
	};

	ASSERT_EQ(0, submit(&self->c, jobs, 2, NULL));
	ASSERT_EQ(0, syncobj_wait(self->c.fd, sync, 0, now_ns() + WAIT_NS));
	EXPECT_TRUE(all_are(self->data + 8192, 0x77, 4096));
}

/* Without a dependency jobs may overlap, but the second's fence waits for the first. */
TEST_F(job, fences_signal_in_order)
{
	uint32_t sync = syncobj_create(self->c.fd);
	struct drm_apu_sync_op signal = { DRM_APU_SYNC_OP_SIGNAL, sync, 0 };
	struct drm_apu_stream streams[2] = {
		slow_fill_stream(&self->c, 0, 0x33, 4096),
		fill_stream(&self->c, 8192, 0x44, 16),
	};
	struct drm_apu_job jobs[2] = {
		{ .streams = DRM_APU_OBJ_ARRAY(1, &streams[0]) },
		{
			.streams = DRM_APU_OBJ_ARRAY(1, &streams[1]),
			.syncs = DRM_APU_OBJ_ARRAY(1, &signal),
		},
	};

	ASSERT_EQ(0, submit(&self->c, jobs, 2, NULL));
	ASSERT_EQ(0, syncobj_wait(self->c.fd, sync, 0, now_ns() + WAIT_NS));
	EXPECT_TRUE(all_are(self->data, 0x33, 4096));
	EXPECT_TRUE(all_are(self->data + 8192, 0x44, 16));
}

/* A writer, then a reader in another context, with nothing but the buffer between. */
TEST_F(job, implicit_sync_between_contexts)
{
	struct drm_apu_bo_ref ref = { self->c.data.handle, DRM_APU_BO_REF_WRITE };
	struct drm_apu_stream streams[2] = {
		slow_fill_stream(&self->c, 0, 0x99, 4096),
		copy_stream(&self->c, 8192, 0, 4096),
	};
	struct drm_apu_job jobs[2] = {
		{
			.streams = DRM_APU_OBJ_ARRAY(1, &streams[0]),
			.bos = DRM_APU_OBJ_ARRAY(1, &ref),
		},
		{
			.streams = DRM_APU_OBJ_ARRAY(1, &streams[1]),
			.bos = DRM_APU_OBJ_ARRAY(1, &ref),
			.l1_kib = 128,
		},
	};
	uint64_t seqno;

	ASSERT_EQ(0, submit(&self->c, &jobs[0], 1, NULL));
	ASSERT_EQ(0, ctx_create(self->c.fd, self->c.vm, &self->c.ctx));
	ASSERT_EQ(0, submit(&self->c, &jobs[1], 1, &seqno));
	ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
	EXPECT_TRUE(all_are(self->data + 8192, 0x99, 4096));
}

/* The same inside one context and one submit, where the hardware keeps the order. */
TEST_F(job, implicit_sync_inside_a_submit)
{
	struct drm_apu_bo_ref ref = { self->c.data.handle, DRM_APU_BO_REF_WRITE };
	struct drm_apu_stream streams[2] = {
		slow_fill_stream(&self->c, 0, 0x98, 4096),
		copy_stream(&self->c, 8192, 0, 4096),
	};
	struct drm_apu_job jobs[2];
	uint64_t seqno;
	int i;

	for (i = 0; i < 2; i++)
		jobs[i] = (struct drm_apu_job) {
			.streams = DRM_APU_OBJ_ARRAY(1, &streams[i]),
			.bos = DRM_APU_OBJ_ARRAY(1, &ref),
			.l1_kib = 128,
		};

	ASSERT_EQ(0, submit(&self->c, jobs, 2, &seqno));
	ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno + 1));
	EXPECT_TRUE(all_are(self->data + 8192, 0x98, 4096));
}

TEST_F(job, waits_for_a_binary_syncobj)
{
	uint32_t in = syncobj_create(self->c.fd), out = syncobj_create(self->c.fd);
	struct drm_apu_sync_op ops[2] = {
		{ 0, in, 0 },
		{ DRM_APU_SYNC_OP_SIGNAL, out, 0 },
	};
	struct drm_apu_stream streams[2] = {
		slow_fill_stream(&self->c, 0, 0x21, 4096),
		copy_stream(&self->c, 8192, 0, 4096),
	};
	struct drm_apu_sync_op first = { DRM_APU_SYNC_OP_SIGNAL, in, 0 };
	struct drm_apu_job jobs[2] = {
		{
			.streams = DRM_APU_OBJ_ARRAY(1, &streams[0]),
			.syncs = DRM_APU_OBJ_ARRAY(1, &first),
		},
		{
			.streams = DRM_APU_OBJ_ARRAY(1, &streams[1]),
			.syncs = DRM_APU_OBJ_ARRAY(2, ops),
			.l1_kib = 128,
		},
	};

	ASSERT_EQ(0, submit(&self->c, &jobs[0], 1, NULL));
	ASSERT_EQ(0, ctx_create(self->c.fd, self->c.vm, &self->c.ctx));
	ASSERT_EQ(0, submit(&self->c, &jobs[1], 1, NULL));
	ASSERT_EQ(0, syncobj_wait(self->c.fd, out, 0, now_ns() + WAIT_NS));
	EXPECT_TRUE(all_are(self->data + 8192, 0x21, 4096));
}

/* Points beyond 32 bits, as the scheduler's own helper would cut them. */
TEST_F(job, timeline_points)
{
	const uint64_t point = 5ull << 32;
	uint32_t sync = syncobj_create(self->c.fd);
	struct drm_apu_stream streams[2] = {
		slow_fill_stream(&self->c, 0, 0x65, 4096),
		copy_stream(&self->c, 8192, 0, 4096),
	};
	struct drm_apu_sync_op ops[3] = {
		{ DRM_APU_SYNC_OP_SIGNAL | DRM_APU_SYNC_OP_TIMELINE, sync, point },
		{ DRM_APU_SYNC_OP_TIMELINE, sync, point },
		{ DRM_APU_SYNC_OP_SIGNAL | DRM_APU_SYNC_OP_TIMELINE, sync, point + 1 },
	};
	struct drm_apu_job jobs[2] = {
		{
			.streams = DRM_APU_OBJ_ARRAY(1, &streams[0]),
			.syncs = DRM_APU_OBJ_ARRAY(1, &ops[0]),
		},
		{
			.streams = DRM_APU_OBJ_ARRAY(1, &streams[1]),
			.syncs = DRM_APU_OBJ_ARRAY(2, &ops[1]),
			.l1_kib = 128,
		},
	};

	/* Nobody has promised the point yet. */
	EXPECT_EQ(-EINVAL, submit(&self->c, &jobs[1], 1, NULL));

	ASSERT_EQ(0, submit(&self->c, &jobs[0], 1, NULL));
	ASSERT_EQ(0, ctx_create(self->c.fd, self->c.vm, &self->c.ctx));
	ASSERT_EQ(0, submit(&self->c, &jobs[1], 1, NULL));
	ASSERT_EQ(0, syncobj_wait(self->c.fd, sync, point + 1, now_ns() + WAIT_NS));
	EXPECT_TRUE(all_are(self->data + 8192, 0x65, 4096));
}

/* More jobs than slots, in several contexts at once. */
TEST_F(job, many_jobs)
{
	enum { CTXS = 4, JOBS = 64 };
	struct drm_apu_bo_ref ref = { self->c.data.handle, 0 };
	struct drm_apu_stream streams[CTXS][JOBS];
	struct drm_apu_job jobs[JOBS];
	uint64_t first[CTXS];
	uint32_t ctxs[CTXS];
	int i, j;

	for (i = 0; i < CTXS; i++) {
		ASSERT_EQ(0, ctx_create(self->c.fd, self->c.vm, &ctxs[i]));
		self->c.ctx = ctxs[i];
		for (j = 0; j < JOBS; j++) {
			streams[i][j] = fill_stream(&self->c, (i * JOBS + j) * 512, i * JOBS + j,
						    512);
			jobs[j] = (struct drm_apu_job) {
				.streams = DRM_APU_OBJ_ARRAY(1, &streams[i][j]),
				.bos = DRM_APU_OBJ_ARRAY(1, &ref),
			};
		}
		ASSERT_EQ(0, submit(&self->c, jobs, JOBS, &first[i]));
	}

	for (i = 0; i < CTXS; i++)
		for (j = 0; j < JOBS; j++)
			EXPECT_EQ(0, job_wait(&self->c, ctxs[i], first[i] + j));
	for (i = 0; i < CTXS * JOBS; i++)
		EXPECT_TRUE(all_are(self->data + i * 512, i, 512));
}

/* As many jobs and streams as there can be, each job after the one before it. */
TEST_F(job, full_batch_in_a_chain)
{
	enum { JOBS = DRM_APU_MAX_JOBS };
	struct drm_apu_bo_ref ref = { self->c.data.handle, DRM_APU_BO_REF_WRITE };
	struct drm_apu_stream streams[JOBS];
	struct drm_apu_job jobs[JOBS];
	uint32_t deps[JOBS];
	uint64_t seqno;
	int i;

	/* Each copies what the one before it has written. */
	streams[0] = slow_fill_stream(&self->c, 0, 0x5c, 256);
	for (i = 1; i < JOBS; i++)
		streams[i] = copy_stream(&self->c, i * 256, (i - 1) * 256, 256);
	for (i = 0; i < JOBS; i++) {
		deps[i] = i - 1;
		jobs[i] = (struct drm_apu_job) {
			.streams = DRM_APU_OBJ_ARRAY(1, &streams[i]),
			.deps = DRM_APU_OBJ_ARRAY(!!i, &deps[i]),
			.l1_kib = 128,
		};
	}
	jobs[JOBS - 1].bos = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(1, &ref);

	ASSERT_EQ(0, submit(&self->c, jobs, JOBS, &seqno));
	ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno + JOBS - 1));
	EXPECT_TRUE(all_are(self->data, 0x5c, JOBS * 256));
}

/* On all engines that there are, 8 at most: each signals, and the first waits for all. */
TEST_F(job, gang_on_all_engines)
{
	struct drm_apu_bo_ref ref = { self->c.data.handle, DRM_APU_BO_REF_WRITE };
	struct drm_apu_stream streams[DRM_APU_MAX_STREAMS];
	struct drm_apu_job job = { .bos = DRM_APU_OBJ_ARRAY(1, &ref), .l1_kib = 128 };
	struct drm_apu_dev_info info = {};
	uint32_t class, i, n = 1;
	struct stream s;
	uint64_t seqno;

	ASSERT_EQ(0, device_info(self->c.fd, &info));
	for (class = 0; class < DRM_APU_MAX_ENGINE_CLASSES; class++) {
		/* One eDMA is for the stream that waits. */
		uint32_t num = info.num_engines[class] - (class == DRM_APU_ENGINE_EDMA);

		for (i = 0; i < num && n < DRM_APU_MAX_STREAMS; i++, n++) {
			s = stream_begin(&self->c, class);
			emit_signal(&s, 0);
			streams[n] = stream_end(&s);
		}
	}
	s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
	emit_wait(&s, 0, n - 1);
	emit_fill(&s, REF(R_DATA, 0), n, 16);
	streams[0] = stream_end(&s);
	job.streams = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(n, streams);

	ASSERT_EQ(0, submit(&self->c, &job, 1, &seqno));
	ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
	EXPECT_EQ(n, self->data[0]);
}

/* One who reads does not wait for others who do; one who writes waits for all. */
TEST_F(job, implicit_sync_of_readers_and_writers)
{
	int timeline = gate_open();
	struct drm_apu_bo_ref ref = { self->c.data.handle, 0 };
	struct drm_apu_sync_op wait = {}, signal = { DRM_APU_SYNC_OP_SIGNAL, 0, 0 };
	struct drm_apu_stream stream = fill_stream(&self->c, 0, 1, 16);
	struct drm_apu_job job = {
		.streams = DRM_APU_OBJ_ARRAY(1, &stream),
		.bos = DRM_APU_OBJ_ARRAY(1, &ref),
		.syncs = DRM_APU_OBJ_ARRAY(1, &wait),
	};

	if (timeline < 0)
		SKIP(return, "no sw_sync in this kernel");
	wait.handle = gate_syncobj(self->c.fd, timeline, 1);
	ASSERT_NE(0, wait.handle);
	ASSERT_EQ(0, submit(&self->c, &job, 1, NULL));

	/* Contexts of their own, as the fences of one signal in order. */
	signal.handle = syncobj_create(self->c.fd);
	job.syncs = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(1, &signal);
	ASSERT_EQ(0, ctx_create(self->c.fd, self->c.vm, &self->c.ctx));
	ASSERT_EQ(0, submit(&self->c, &job, 1, NULL));
	EXPECT_EQ(0, syncobj_wait(self->c.fd, signal.handle, 0, now_ns() + WAIT_NS));

	signal.handle = syncobj_create(self->c.fd);
	ref.flags = DRM_APU_BO_REF_WRITE;
	ASSERT_EQ(0, ctx_create(self->c.fd, self->c.vm, &self->c.ctx));
	ASSERT_EQ(0, submit(&self->c, &job, 1, NULL));
	EXPECT_EQ(-ETIME, syncobj_wait(self->c.fd, signal.handle, 0, now_ns() + 100000000));

	ASSERT_EQ(0, gate_advance(timeline, 1));
	EXPECT_EQ(0, syncobj_wait(self->c.fd, signal.handle, 0, now_ns() + WAIT_NS));
	close(timeline);
}

static volatile int alarms;

static void on_alarm(int sig)
{
	alarms++;
}

/* Ioctls that compete for the same buffer. apu_ioctl() tries again after EINTR. */
static int submit_and_bind(struct client *c, struct drm_apu_job *job, uint64_t *seqno)
{
	int ret;

	ret = submit(c, job, 1, seqno);
	if (!ret)
		ret = vm_map(c->fd, c->vm, c->data.handle, 0, 0x40000000, DATA_SIZE, 0);
	if (!ret)
		ret = vm_unmap(c->fd, c->vm, 0x40000000, DATA_SIZE);

	return ret;
}

/*
 * A signal at any point: ioctls that fail with EINTR had no effect, and those that
 * succeed had it once.
 */
TEST_F_TIMEOUT(job, signals_all_the_time, 120)
{
	enum { POINTS = 64, ROUNDS = 300 };
	struct sigaction action = { .sa_handler = on_alarm };
	struct drm_apu_bo_ref ref = { self->c.data.handle, DRM_APU_BO_REF_WRITE };
	struct drm_apu_stream stream = fill_stream(&self->c, 0, 1, 16);
	struct drm_apu_job job = {
		.streams = DRM_APU_OBJ_ARRAY(1, &stream),
		.bos = DRM_APU_OBJ_ARRAY(1, &ref),
	};
	struct itimerval once = {};
	int64_t begin, us = 0;
	uint64_t seqno = 0;
	int i;

	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	alarms = 0;
	/* One a round, whatever the speed, at another point of what the last one took. */
	for (i = 1; i <= ROUNDS || alarms < ROUNDS; i++) {
		begin = now_ns();
		once.it_value.tv_sec = us / 1000000;
		once.it_value.tv_usec = us % 1000000 + 1;
		ASSERT_EQ(0, setitimer(ITIMER_REAL, &once, NULL));
		ASSERT_EQ(0, submit_and_bind(&self->c, &job, &seqno));
		ASSERT_EQ(i, seqno);
		us = (now_ns() - begin) / 1000 * (i * 29 % POINTS) / POINTS;
	}
	once = (struct itimerval) {};
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &once, NULL));
	EXPECT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
}

TEST_F(job, statistics)
{
	struct drm_apu_stream stream = copy_stream(&self->c, 100 * KIB, 0, 64 * KIB);
	struct drm_apu_job_stats stats;
	uint64_t seqno;

	ASSERT_EQ(0, submit_stream(&self->c, &stream, &seqno));
	ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
	ASSERT_EQ(0, job_stats(self->c.fd, self->c.ctx, seqno, &stats));

	EXPECT_EQ(0, stats.status);
	EXPECT_EQ(1, stats.num_streams);
	EXPECT_EQ(DRM_APU_ENGINE_EDMA, stats.streams[0].engine_class);
	EXPECT_GT(2, stats.streams[0].engine_instance);
	/* Each byte once from or to either memory, per copy. */
	EXPECT_EQ(2 * 64 * KIB, stats.streams[0].dram_bytes);
	EXPECT_EQ(2 * 64 * KIB, stats.streams[0].l1_bytes);
	EXPECT_GE(stats.end, stats.start);
	/* Three commands, and memory at 16 bytes a cycle. */
	EXPECT_LE(3 * APU_CYC_COMMAND + 2 * 64 * KIB / APU_CYC_DRAM_BYTES, stats.cycles);
	EXPECT_EQ(stats.cycles, stats.streams[0].cycles);
	EXPECT_EQ(stats.cycles, stats.streams[0].busy);
}

TEST_F(job, statistics_of_the_last_64_jobs)
{
	struct drm_apu_stream stream = fill_stream(&self->c, 0, 1, 16);
	struct drm_apu_job_stats stats;
	uint64_t seqno;
	int i;

	for (i = 0; i < 65; i++)
		ASSERT_EQ(0, submit_stream(&self->c, &stream, &seqno));
	ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));

	EXPECT_EQ(-ENOENT, job_stats(self->c.fd, self->c.ctx, 0, &stats));
	EXPECT_ERRNO(JOB_STATS, ENOENT, job_stats(self->c.fd, self->c.ctx, 1, &stats));
	EXPECT_EQ(0, job_stats(self->c.fd, self->c.ctx, 2, &stats));
	EXPECT_EQ(0, job_stats(self->c.fd, self->c.ctx, 65, &stats));
	EXPECT_EQ(-ENOENT, job_stats(self->c.fd, self->c.ctx, 66, &stats));
}

TEST_HARNESS_MAIN

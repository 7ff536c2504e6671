// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a person can see of the driver: fdinfo, counters, trace events, debugfs.
 */

#include "apu_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>

#include "apu_harness.h"

#define TRACING "/sys/kernel/tracing/"
#define DEBUGFS "/sys/kernel/debug/accel/"

FIXTURE(observe) {
	struct client c;
	char text[65536];
};

FIXTURE_SETUP(observe)
{
	ASSERT_EQ(0, client_open(&self->c));
}

FIXTURE_TEARDOWN(observe)
{
	client_close(&self->c);
}

/* What follows "key:" at the start of a line; -1 if there is no such line. */
static long long fdinfo_value(struct client *c, char *text, size_t size, const char *key)
{
	char path[64], line[64];
	const char *at;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", c->fd);
	if (read_all(path, text, size))
		return -1;
	snprintf(line, sizeof(line), "\n%s:\t", key);
	at = strstr(text, line);

	return at ? atoll(at + strlen(line)) : -1;
}

#define FDINFO(key) fdinfo_value(&self->c, self->text, sizeof(self->text), key)

static int get_counters(int fd, uint32_t ctx, struct drm_apu_ctx_get_counters *counters)
{
	*counters = (struct drm_apu_ctx_get_counters) { .ctx_id = ctx };

	return apu_ioctl(fd, DRM_IOCTL_APU_CTX_GET_COUNTERS, counters);
}

TEST_F(observe, fdinfo_of_engines)
{
	struct drm_apu_job_stats stats;
	long long cycles;
	uint64_t seqno;

	EXPECT_EQ(0, FDINFO("drm-engine-mdla"));
	EXPECT_EQ(0, FDINFO("drm-engine-edma"));
	EXPECT_EQ(0, FDINFO("drm-engine-mvpu"));
	EXPECT_EQ(2, FDINFO("drm-engine-capacity-mdla"));
	EXPECT_EQ(2, FDINFO("drm-engine-capacity-edma"));
	EXPECT_EQ(1, FDINFO("drm-engine-capacity-mvpu"));
	EXPECT_EQ(1000000000, FDINFO("drm-maxfreq-mdla"));

	ASSERT_EQ(0, submit_fills(&self->c, VA_DATA, 1, 10, &seqno));
	ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
	ASSERT_EQ(0, job_stats(self->c.fd, self->c.ctx, seqno, &stats));
	/* Timestamps of this device are in nanoseconds. */
	EXPECT_EQ(stats.end - stats.start, FDINFO("drm-engine-edma"));
	cycles = FDINFO("drm-cycles-edma");
	EXPECT_EQ(stats.streams[0].busy, cycles);
	EXPECT_EQ(0, FDINFO("drm-engine-mdla"));

	/* What a context has used stays when it goes. */
	ASSERT_EQ(0, ctx_destroy(self->c.fd, self->c.ctx));
	EXPECT_EQ(cycles, FDINFO("drm-cycles-edma"));
}

TEST_F(observe, fdinfo_of_memory)
{
	struct drm_apu_bo_create create = { .size = 64 * KIB };
	uint64_t seqno;

	EXPECT_EQ((CMD_SIZE + DATA_SIZE) / KIB, FDINFO("drm-total-memory"));
	EXPECT_EQ((CMD_SIZE + DATA_SIZE) / KIB, FDINFO("drm-resident-memory"));
	EXPECT_EQ(0, FDINFO("drm-active-memory"));

	/* Neither touched nor mapped for the device. */
	ASSERT_EQ(0, apu_ioctl(self->c.fd, DRM_IOCTL_APU_BO_CREATE, &create));
	EXPECT_EQ((CMD_SIZE + DATA_SIZE) / KIB + 64, FDINFO("drm-total-memory"));
	EXPECT_EQ((CMD_SIZE + DATA_SIZE) / KIB, FDINFO("drm-resident-memory"));

	ASSERT_EQ(0, submit_fills(&self->c, VA_DATA, 1, 2000, &seqno));
	EXPECT_EQ((CMD_SIZE + DATA_SIZE) / KIB, FDINFO("drm-active-memory"));
	/* It was still running: what was seen was not by chance. */
	EXPECT_EQ(-EAGAIN, job_stats(self->c.fd, self->c.ctx, seqno,
				     &(struct drm_apu_job_stats) {}));
	ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
	EXPECT_EQ(0, FDINFO("drm-active-memory"));
}

TEST_F(observe, counters_are_the_sum_of_the_jobs)
{
	const uint32_t edma = DRM_APU_ENGINE_EDMA;
	struct drm_apu_ctx_get_counters counters;
	struct drm_apu_class_counters sum = {};
	struct drm_apu_job_stats stats;
	uint64_t seqno;
	int i;

	ASSERT_EQ(0, get_counters(self->c.fd, self->c.ctx, &counters));
	EXPECT_EQ(0, counters.jobs);

	for (i = 1; i <= 3; i++) {
		ASSERT_EQ(0, submit_fills(&self->c, VA_DATA, i, i, &seqno));
		ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
		ASSERT_EQ(0, job_stats(self->c.fd, self->c.ctx, seqno, &stats));
		sum.time_ns += stats.end - stats.start;
		sum.busy += stats.streams[0].busy;
		sum.dram_bytes += stats.streams[0].dram_bytes;
		sum.l1_bytes += stats.streams[0].l1_bytes;
	}

	ASSERT_EQ(0, get_counters(self->c.fd, self->c.ctx, &counters));
	EXPECT_EQ(3, counters.jobs);
	EXPECT_EQ(6 * DATA_SIZE, sum.dram_bytes);
	EXPECT_EQ(0, memcmp(&sum, &counters.classes[edma], sizeof(sum)));
	EXPECT_EQ(0, counters.classes[DRM_APU_ENGINE_MDLA].busy);
}

TEST_F(observe, counters_refuse)
{
	struct drm_apu_ctx_get_counters args = { .ctx_id = self->c.ctx, .flags = 1 };

	EXPECT_EQ(-EINVAL, apu_ioctl(self->c.fd, DRM_IOCTL_APU_CTX_GET_COUNTERS, &args));
	EXPECT_EQ(-ENOENT, get_counters(self->c.fd, 77, &args));
}

/* A line of the trace that has all of these in it. */
static bool traced(const char *text, const char *event, const char *one, const char *two)
{
	const char *at = text, *end;
	char line[512];

	while ((at = strstr(at, event))) {
		end = strchrnul(at, '\n');
		snprintf(line, sizeof(line), "%.*s", (int)(end - at), at);
		if (strstr(line, one) && strstr(line, two))
			return true;
		at = end;
	}

	return false;
}

TEST_F(observe, trace_events)
{
	struct stream s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	struct drm_apu_stream stream;
	uint64_t seqno;

	/* Newer kernels do not mount it by themselves. */
	if (access(TRACING "events", F_OK))
		mount("tracefs", TRACING, "tracefs", 0, NULL);
	if (access(TRACING "events/apu/enable", W_OK))
		SKIP(return, "no trace events in this kernel");
	ASSERT_EQ(0, write_file(TRACING "trace", ""));
	ASSERT_EQ(0, write_file(TRACING "events/apu/enable", "1"));

	ASSERT_EQ(0, vm_map(self->c.fd, self->c.vm, self->c.data.handle, 0, 0x40000000, DATA_SIZE,
			    DRM_APU_VM_BIND_READONLY));
	ASSERT_EQ(0, vm_unmap(self->c.fd, self->c.vm, 0x40000000, DATA_SIZE));
	ASSERT_EQ(0, submit_fills(&self->c, VA_DATA, 1, 1, &seqno));
	ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
	s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	emit_region(&s, R_DATA, 0x700000000, DATA_SIZE);
	emit_fill(&s, REF(R_DATA, 0), 1, 16);
	stream = stream_end(&s);
	ASSERT_EQ(0, submit_stream(&self->c, &stream, &seqno));
	ASSERT_EQ(-EFAULT, job_wait(&self->c, self->c.ctx, seqno));

	ASSERT_EQ(0, write_file(TRACING "events/apu/enable", "0"));
	ASSERT_EQ(0, read_all(TRACING "trace", self->text, sizeof(self->text)));
	EXPECT_TRUE(traced(self->text, "apu_map:", "va=0x40000000 size=0x100000", "write=0"));
	EXPECT_TRUE(traced(self->text, "apu_unmap:", "va=0x40000000 size=0x100000", "asid="));
	EXPECT_TRUE(traced(self->text, "apu_submit:", "seqno=1 ", "classes=0x2 l1=128KiB"));
	EXPECT_TRUE(traced(self->text, "apu_run:", "seqno=1 ", "priority=1"));
	EXPECT_TRUE(traced(self->text, "apu_done:", "seqno=1 ", "status=1 "));
	EXPECT_FALSE(traced(self->text, "apu_fault:", "seqno=1 ", ""));
	EXPECT_TRUE(traced(self->text, "apu_done:", "seqno=2 ", "status=7 "));
	EXPECT_TRUE(traced(self->text, "apu_fault:", "seqno=2 ", "va=0x700000000"));
}

TEST_F(observe, debugfs)
{
	char apu[64], path[128], line[128];
	struct drm_apu_job_stats stats;
	uint64_t seqno;

	ASSERT_EQ(0, find_device(".apu", apu, sizeof(apu)));
	snprintf(path, sizeof(path), DEBUGFS "%s/slots", apu);
	if (access(path, R_OK))
		SKIP(return, "no debugfs");

	ASSERT_EQ(0, submit_fills(&self->c, VA_DATA, 1, 2000, &seqno));
	/* Job 1, no predecessors, class eDMA, 128 KiB; the scheduler may be on its way. */
	do {
		ASSERT_EQ(0, read_all(path, self->text, sizeof(self->text)));
	} while (!strstr(self->text, " 1 0x0 0x2 128 ") &&
		 job_stats(self->c.fd, self->c.ctx, seqno, &stats) == -EAGAIN);
	EXPECT_NE(NULL, strstr(self->text, " 1 0x0 0x2 128 "));
	EXPECT_NE(NULL, strstr(self->text, "top on"));

	snprintf(path, sizeof(path), DEBUGFS "%s/contexts", apu);
	ASSERT_EQ(0, read_all(path, self->text, sizeof(self->text)));
	snprintf(line, sizeof(line), "\n%d %u ", getpid(), self->c.ctx);
	EXPECT_NE(NULL, strstr(self->text, line));
	/* One submitted, none done, one in flight. */
	EXPECT_NE(NULL, strstr(self->text, " 1 0 1 "));
	EXPECT_EQ(-EAGAIN, job_stats(self->c.fd, self->c.ctx, seqno, &stats));

	snprintf(path, sizeof(path), DEBUGFS "%s/vms", apu);
	ASSERT_EQ(0, read_all(path, self->text, sizeof(self->text)));
	snprintf(line, sizeof(line), "pid %d vm %u asid ", getpid(), self->c.vm);
	EXPECT_NE(NULL, strstr(self->text, line));
	EXPECT_NE(NULL, strstr(self->text, "va 0x10000000 size 0x100000 offset 0"));

	snprintf(path, sizeof(path), DEBUGFS "%s/bos", apu);
	ASSERT_EQ(0, read_all(path, self->text, sizeof(self->text)));
	EXPECT_NE(NULL, strstr(self->text, "\n262144 "));
	EXPECT_NE(NULL, strstr(self->text, " 1 exclusive\n"));
	EXPECT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
}

TEST_HARNESS_MAIN

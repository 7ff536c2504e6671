// SPDX-License-Identifier: GPL-2.0-only
/*
 * System sleep with jobs queued: it goes on, they complete after it, and memory is what
 * it was.
 *
 * Sleep takes what the guest's files are on, virtio-9p, down for good, so this is not for
 * the others' runner: sleep.sh puts the program into memory and takes the file systems
 * off before. Without it, all is skipped.
 */

#include "apu_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "apu_harness.h"

#define JOBS 40
#define STATE "/sys/power/state"
#define PM_TEST "/sys/power/pm_test"
#define DELAY "/sys/module/suspend/parameters/pm_test_delay"
#define RTC "/sys/class/rtc/rtc0/"

FIXTURE(sleep) {
	struct client c;
	struct client idle;
	/* When the machine is woken, from then on; empty if it needs no alarm. */
	char alarm[16];
};

FIXTURE_VARIANT(sleep) {
	const char *level;
	int loops;
};

FIXTURE_SETUP(sleep)
{
	int64_t begin;

	if (!getenv("APU_SLEEP"))
		SKIP(return, "run it by sleep.sh");
	if (!strcmp(variant->level, "none") && access(RTC "wakealarm", W_OK))
		SKIP(return, "nothing to wake the machine: no CONFIG_RTC_INTF_SYSFS");
	ASSERT_EQ(0, client_open(&self->c));
	ASSERT_EQ(0, client_open(&self->idle));
	memset(self->idle.data.map, 0x5a, DATA_SIZE);
	ASSERT_EQ(0, write_file(DELAY, "0"));
	if (!strcmp(variant->level, "none")) {
		/* Later than the machine needs to get there, on any processor. */
		begin = now_ns();
		ASSERT_EQ(0, write_file(PM_TEST, "platform"));
		ASSERT_EQ(0, write_file(STATE, "freeze"));
		snprintf(self->alarm, sizeof(self->alarm), "+%d",
			 (int)(4 * (now_ns() - begin) / 1000000000) + 2);
	}
	ASSERT_EQ(0, write_file(PM_TEST, variant->level));
}

FIXTURE_TEARDOWN(sleep)
{
	write_file(PM_TEST, "none");
	client_close(&self->c);
	client_close(&self->idle);
}

/* More than there are slots. */
static int submit_jobs(struct client *c, int repeat, uint64_t *seqno)
{
	struct drm_apu_bo_ref ref = { c->data.handle, 0 };
	struct drm_apu_stream streams[JOBS];
	struct drm_apu_job jobs[JOBS];
	struct stream s;
	int i, j;

	c->cmd_used = 0;
	for (i = 0; i < JOBS; i++) {
		s = stream_begin(c, DRM_APU_ENGINE_EDMA);
		emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
		for (j = 0; j < repeat; j++)
			emit_fill(&s, REF(R_DATA, 512 * KIB), i + 1, 512 * KIB);
		emit_fill(&s, REF(R_DATA, i * 4096), i + 1, 4096);
		streams[i] = stream_end(&s);
		jobs[i] = (struct drm_apu_job) {
			.streams = DRM_APU_OBJ_ARRAY(1, &streams[i]),
			.bos = DRM_APU_OBJ_ARRAY(1, &ref),
		};
	}

	return submit(c, jobs, JOBS, seqno);
}

static long read_number(const char *path)
{
	char text[32];

	return read_file(path, text, sizeof(text)) ? -1 : atol(text);
}

/* For the level that is no test: until an alarm, and not before. */
static void go_to_sleep(struct __test_metadata *_metadata, FIXTURE_DATA(sleep) *self)
{
	long alarm = 0;

	if (self->alarm[0]) {
		write_file(RTC "wakealarm", "0");
		ASSERT_EQ(0, write_file(RTC "wakealarm", self->alarm));
		alarm = read_number(RTC "wakealarm");
		ASSERT_LT(0, alarm);
	}
	ASSERT_EQ(0, write_file(STATE, "freeze"));
	if (alarm)
		EXPECT_LE(alarm, read_number(RTC "since_epoch"));
}

/* Adds to @queued if there were jobs when the machine was sent to sleep. */
static void sleep_with_jobs(struct __test_metadata *_metadata, FIXTURE_DATA(sleep) *self,
			    int *queued)
{
	const uint8_t *idle = self->idle.data.map;
	uint8_t *data = self->c.data.map;
	struct drm_apu_job_stats stats;
	long long on;
	int64_t begin;
	uint64_t seqno;
	int i, j, ret;

	memset(data, 0xee, DATA_SIZE);
	ASSERT_EQ(0, submit_jobs(&self->c, 20, &seqno));
	ret = job_stats(self->c.fd, self->c.ctx, seqno + JOBS - 1, &stats);
	ASSERT_TRUE(!ret || ret == -EAGAIN);
	*queued += ret == -EAGAIN;
	on = residency("apu-top").ns;
	EXPECT_LT(0, on);
	begin = now_ns();
	go_to_sleep(_metadata, self);
	/* The machine sleeps for more than a second, and the APU is off meanwhile. */
	on = residency("apu-top").ns - on;
	if (self->alarm[0])
		EXPECT_LT(on + 500000000, now_ns() - begin);

	for (i = 0; i < JOBS; i++)
		EXPECT_EQ(0, job_wait(&self->c, self->c.ctx, seqno + i));
	for (i = 0; i < JOBS; i++) {
		for (j = 0; j < 4096 && data[i * 4096 + j] == i + 1; j++)
			;
		EXPECT_EQ(4096, j);
	}
	for (i = 0; i < DATA_SIZE && idle[i] == 0x5a; i++)
		;
	EXPECT_EQ(DATA_SIZE, i);
	/* What was not used has survived in the device as well. */
	EXPECT_EQ(0, submit_fills(&self->idle, VA_DATA, 0x5a, 1, &seqno));
	EXPECT_EQ(0, job_wait(&self->idle, self->idle.ctx, seqno));
	self->idle.cmd_used = 0;
}

FIXTURE_VARIANT_ADD(sleep, freezer) {
	.level = "freezer",
	.loops = 3,
};

FIXTURE_VARIANT_ADD(sleep, devices) {
	.level = "devices",
	.loops = 10,
};

FIXTURE_VARIANT_ADD(sleep, platform) {
	.level = "platform",
	.loops = 5,
};

/* All of it. */
FIXTURE_VARIANT_ADD(sleep, none) {
	.level = "none",
	.loops = 2,
};

/* APU_SLEEP_LOOPS: how often, at each level. */
TEST_F_TIMEOUT(sleep, jobs_complete, 3600)
{
	int i, n = env_count("APU_SLEEP_LOOPS", variant->loops), queued = 0;

	ASSERT_LT(0, n);
	for (i = 0; i < n; i++)
		sleep_with_jobs(_metadata, self, &queued);
	/* Not every time: a slow processor can be behind a fast engine. */
	EXPECT_LT(0, queued);
}

/* Power that nobody needs is not switched on by waking up. */
TEST_F(sleep, idle_stays_off)
{
	char apu[64], path[128];

	ASSERT_EQ(0, find_device(".apu", apu, sizeof(apu)));
	snprintf(path, sizeof(path), SYS_PLATFORM "devices/%s/power/runtime_status", apu);
	ASSERT_TRUE(file_becomes(path, "suspended"));
	go_to_sleep(_metadata, self);
	EXPECT_TRUE(file_is(path, "suspended"));
}

/* The driver has the device still, but nothing to put to sleep, and nothing to wake. */
TEST(an_engine_has_no_driver)
{
	const char *engines = SYS_PLATFORM "drivers/apu-engine/";
	char engine[64], path[128];
	struct client c;
	uint64_t seqno;

	if (!getenv("APU_SLEEP"))
		SKIP(return, "run it by sleep.sh");
	ASSERT_EQ(0, find_device(".edma", engine, sizeof(engine)));
	ASSERT_EQ(0, write_file(DELAY, "0"));
	ASSERT_EQ(0, write_file(PM_TEST, "devices"));

	snprintf(path, sizeof(path), "%sunbind", engines);
	ASSERT_EQ(0, write_file(path, engine));
	EXPECT_EQ(-ENOENT, apu_open());
	EXPECT_EQ(0, write_file(STATE, "freeze"));
	write_file(PM_TEST, "none");
	snprintf(path, sizeof(path), "%sbind", engines);
	ASSERT_EQ(0, write_file(path, engine));

	ASSERT_EQ(0, client_open(&c));
	ASSERT_EQ(0, submit_fills(&c, VA_DATA, 0x29, 1, &seqno));
	EXPECT_EQ(0, job_wait(&c, c.ctx, seqno));
	EXPECT_EQ(0x29, ((uint8_t *)c.data.map)[0]);
	client_close(&c);
}

TEST_HARNESS_MAIN

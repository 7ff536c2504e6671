// SPDX-License-Identifier: GPL-2.0-only
/*
 * Eight clients that submit all the time, while some of them are killed, the driver is
 * unbound and bound, or the APU is reset. Those that are left go on with right results.
 *
 * APU_ROUNDS in the environment is how often; 20 is usual: 20 kills, 8 resets, 2 unbinds.
 */

#include "apu_test.h"
#include "fault_port.h"
#include "gang.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "apu_harness.h"

/* Seconds, with every checker on; more rounds take more. */
#define SLOW 3600
#define ROUNDS 20
#define CLIENTS 8
#define BATCH 8
#define LIMIT_NS 60000000000ll
/* Device time of jobs that are to hang, in microseconds. */
#define SHORT_LIMIT 1000

/* What clients tell, in memory that all share. */
struct report {
	/* Rounds of jobs with right results, and those with wrong ones or errors. */
	unsigned int good, bad;
	/* Rounds that ended as the device went, which is fine while it is unbound. */
	unsigned int gone;
	int error;
};

FIXTURE(crowd) {
	pid_t pids[CLIENTS];
	struct report *reports;
	unsigned int seed;
	char apu[64];
	int rounds;
};

FIXTURE_SETUP(crowd)
{
	const char *seed = getenv("APU_SEED");

	self->rounds = env_count("APU_ROUNDS", ROUNDS);
	ASSERT_LT(0, self->rounds);
	self->seed = seed ? strtoul(seed, NULL, 0) : 1;
	ASSERT_EQ(0, find_device(".apu", self->apu, sizeof(self->apu)));
	self->reports = mmap(NULL, CLIENTS * sizeof(*self->reports), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->reports);
}

static void kill_client(FIXTURE_DATA(crowd) *self, int i)
{
	if (self->pids[i] > 0) {
		kill(self->pids[i], SIGKILL);
		waitpid(self->pids[i], NULL, 0);
	}
	self->pids[i] = 0;
}

FIXTURE_TEARDOWN(crowd)
{
	int i;

	for (i = 0; i < CLIENTS; i++)
		kill_client(self, i);
	munmap(self->reports, CLIENTS * sizeof(*self->reports));
}

/* Gangs of all engines, one after the other: they write the same memory. */
static int one_round(struct client *c)
{
	uint64_t seqno = 0;
	int i, ret = 0;

	c->cmd_used = 0;
	gang_clear_output(c);
	for (i = 0; i < BATCH && !ret; i++)
		ret = gang_submit(c, &seqno);
	if (!ret)
		ret = job_wait(c, c->ctx, seqno);

	return ret ? ret : gang_is_right(c) ? 0 : -EBADMSG;
}

/* For ever, or until something is wrong. @gone: the device may go, and come again. */
static void be_a_client(struct report *report, int number, bool gone)
{
	struct client c = { .fd = -1 };
	int ret;

	for (;;) {
		ret = c.fd < 0 ? client_open_sized(&c, 64 * KIB, DATA_SIZE) : 0;
		if (!ret) {
			gang_write_inputs(&c, number);
			ret = one_round(&c);
		}
		if (!ret) {
			__atomic_add_fetch(&report->good, 1, __ATOMIC_RELAXED);
			continue;
		}
		if (!gone || (ret != -ENODEV && ret != -ECANCELED && ret != -EIO &&
			      ret != -ENOENT)) {
			report->error = ret;
			__atomic_add_fetch(&report->bad, 1, __ATOMIC_RELAXED);
			_exit(1);
		}
		__atomic_add_fetch(&report->gone, 1, __ATOMIC_RELAXED);
		if (c.cmd.map && c.cmd.map != MAP_FAILED)
			munmap(c.cmd.map, c.cmd.size);
		if (c.data.map && c.data.map != MAP_FAILED)
			munmap(c.data.map, c.data.size);
		if (c.fd >= 0)
			close(c.fd);
		c = (struct client) { .fd = -1 };
	}
}

static int start_client(FIXTURE_DATA(crowd) *self, int i, bool gone)
{
	self->pids[i] = fork();
	if (!self->pids[i])
		be_a_client(&self->reports[i], i, gone);

	return self->pids[i] < 0 ? -errno : 0;
}

static unsigned int good(FIXTURE_DATA(crowd) *self, int i)
{
	return __atomic_load_n(&self->reports[i].good, __ATOMIC_RELAXED);
}

/* Every client gets on, or one has failed. */
static bool all_get_on(FIXTURE_DATA(crowd) *self)
{
	const struct timespec nap = { 0, 1000000 };
	int64_t end = now_ns() + LIMIT_NS;
	unsigned int before[CLIENTS];
	int i;

	for (i = 0; i < CLIENTS; i++)
		before[i] = good(self, i);
	for (i = 0; i < CLIENTS;) {
		if (self->reports[i].bad || now_ns() > end)
			return false;
		if (good(self, i) == before[i])
			nanosleep(&nap, NULL);
		else
			i++;
	}

	return true;
}

static void expect_no_errors(struct __test_metadata *_metadata, FIXTURE_DATA(crowd) *self)
{
	unsigned int i, sum = 0;

	for (i = 0; i < CLIENTS; i++) {
		sum += good(self, i);
		EXPECT_EQ(0, self->reports[i].bad) {
			TH_LOG("client %u: error %d", i, self->reports[i].error);
		}
		EXPECT_LT(0, good(self, i));
	}
	TH_LOG("%u rounds of %d gangs", sum, BATCH);
}

/* At any point of what they do, from opening on. Others do not notice. */
TEST_F_TIMEOUT(crowd, clients_are_killed, SLOW)
{
	struct timespec nap = {};
	int i, round;

	for (i = 0; i < CLIENTS; i++)
		ASSERT_EQ(0, start_client(self, i, false));
	for (round = 0; round < self->rounds; round++) {
		i = rand_r(&self->seed) % (CLIENTS / 2);
		/* Where in its life a client is then is what it is about: no wait for anything. */
		nap.tv_nsec = rand_r(&self->seed) % 20000000;
		nanosleep(&nap, NULL);
		kill_client(self, i);
		ASSERT_EQ(0, start_client(self, i, false));
	}
	ASSERT_TRUE(all_get_on(self));
	expect_no_errors(_metadata, self);
	TH_LOG("%d killed", round);
}

/* Clients get errors, and are served again when they open it anew. */
TEST_F_TIMEOUT(crowd, the_driver_is_unbound, SLOW)
{
	int i, round, rounds = self->rounds / 10 ?: 1;
	unsigned int gone = 0;

	for (i = 0; i < CLIENTS; i++)
		ASSERT_EQ(0, start_client(self, i, true));
	for (round = 0; round < rounds; round++) {
		ASSERT_TRUE(all_get_on(self));
		ASSERT_EQ(0, driver_write("unbind", self->apu));
		ASSERT_EQ(0, driver_write("bind", self->apu));
	}
	ASSERT_TRUE(all_get_on(self));
	expect_no_errors(_metadata, self);
	for (i = 0; i < CLIENTS; i++)
		gone += self->reports[i].gone;
	EXPECT_LT(0, gone);
	TH_LOG("%d times; clients opened it again %u times", round, gone);
}

/* By a ninth client whose jobs hang: by turns engines are reset, and everything. */
TEST_F_TIMEOUT(crowd, the_apu_is_reset, SLOW)
{
	int i, asid, round, rounds = self->rounds * 2 / 5 ?: 1;
	const char *why = fault_port_open();
	struct drm_apu_stream streams[GANG_MAX_STREAMS];
	struct fault_limits limits;
	char rules[256];
	struct client c;
	uint64_t seqno;

	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, client_open(&c));
	asid = fault_asid(c.vm);
	ASSERT_LT(0, asid);
	ASSERT_EQ(0, fault_limits(&(struct fault_limits) { 4, 4, 4 }, &limits));
	for (i = 0; i < CLIENTS; i++)
		ASSERT_EQ(0, start_client(self, i, false));
	for (round = 0; round < rounds; round++) {
		snprintf(rules, sizeof(rules), "on=job,engine=mvpu0,ctx=%d,do=freeze;"
			 "on=abort,ctx=%d,do=stuck%s", asid, asid,
			 round % 2 ? ";on=reset,engine=mvpu0,do=ignored" : "");
		ASSERT_EQ(0, fault_set(rules));
		ASSERT_EQ(0, ctx_create(c.fd, c.vm, &c.ctx));
		ASSERT_EQ(0, gang_submit_class(&c, DRM_APU_ENGINE_MVPU, 1, SHORT_LIMIT, streams,
					       &seqno));
		EXPECT_EQ(-EIO, job_wait(&c, c.ctx, seqno));
		EXPECT_TRUE(fault_rules_are_used_up());
		ASSERT_EQ(0, ctx_destroy(c.fd, c.ctx));
		ASSERT_TRUE(all_get_on(self)) {
			fault_set("");
			fault_limits(&limits, NULL);
		}
	}
	expect_no_errors(_metadata, self);
	EXPECT_EQ(0, fault_set(""));
	EXPECT_EQ(0, fault_limits(&limits, NULL));
	client_close(&c);
	TH_LOG("%d resets", round);
}

TEST_HARNESS_MAIN

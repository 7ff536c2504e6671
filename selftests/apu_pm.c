// SPDX-License-Identifier: GPL-2.0-only
/*
 * Power: off when idle, on where a job needs it; and taking drivers off devices that
 * are in use.
 */

#include "apu_test.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#include "apu_harness.h"
#include "fault_port.h"

static void status_path(char *path, const char *device)
{
	snprintf(path, PATH_MAX, SYS_PLATFORM "devices/%s/power/runtime_status", device);
}

FIXTURE(pm) {
	struct client c;
	char top[PATH_MAX];
	char edma[PATH_MAX];
	char mdla[PATH_MAX];
	char top_name[64];
	char edma_name[64];
	char mdla_name[64];
	char power_name[64];
};

FIXTURE_SETUP(pm)
{
	ASSERT_EQ(0, client_open(&self->c));
	ASSERT_EQ(0, find_device(".apu", self->top_name, sizeof(self->top_name)));
	ASSERT_EQ(0, find_device(".power-controller", self->power_name, sizeof(self->power_name)));
	ASSERT_EQ(0, find_device(".edma", self->edma_name, sizeof(self->edma_name)));
	ASSERT_EQ(0, find_device(".mdla", self->mdla_name, sizeof(self->mdla_name)));
	status_path(self->top, self->top_name);
	status_path(self->edma, self->edma_name);
	status_path(self->mdla, self->mdla_name);
}

FIXTURE_TEARDOWN(pm)
{
	client_close(&self->c);
}

#define DOMAIN(name) GENPD "apu-" name "/current_state"
/* How many want it to run. */
#define CLOCK(name) "/sys/kernel/debug/clk/apu-" name "-clk/clk_enable_count"

TEST_F(pm, off_when_idle)
{
	uint64_t seqno;

	ASSERT_EQ(0, submit_fills(&self->c, VA_DATA, 1, 1, &seqno));
	ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
	EXPECT_TRUE(file_becomes(self->edma, "suspended"));
	EXPECT_TRUE(file_becomes(self->top, "suspended"));
	if (access(DOMAIN("top"), R_OK))
		SKIP(return, "no debugfs");
	EXPECT_TRUE(file_becomes(DOMAIN("top"), "off-0"));
	/* The default machine: MDLA 0 and 1, eDMA 2 and 3, MVPU 4. */
	EXPECT_TRUE(file_becomes(DOMAIN("engine2"), "off-0"));
	EXPECT_TRUE(file_becomes(DOMAIN("engine4"), "off-0"));
	EXPECT_TRUE(file_is(CLOCK("top"), "0"));
	EXPECT_TRUE(file_is(CLOCK("engine2"), "0"));
	EXPECT_TRUE(file_is(CLOCK("engine4"), "0"));
}

TEST_F(pm, jobs_after_power_was_off)
{
	uint8_t *data = self->c.data.map;
	uint64_t seqno;
	int i;

	for (i = 1; i < 4; i++) {
		ASSERT_TRUE(file_becomes(self->top, "suspended"));
		ASSERT_EQ(0, submit_fills(&self->c, VA_DATA, i, 1, &seqno));
		ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
		EXPECT_EQ(i, data[DATA_SIZE - 1]);
	}
}

/* Nothing of an old mapping survives, without any command to the MMU. */
TEST_F(pm, a_bind_while_power_is_off)
{
	uint8_t *data = self->c.data.map;
	struct bo bo;
	uint8_t *map;
	uint64_t seqno;

	ASSERT_EQ(0, bo_create(self->c.fd, DATA_SIZE, 0, &bo));
	map = bo.map;
	ASSERT_EQ(0, submit_fills(&self->c, VA_DATA, 1, 1, &seqno));
	ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
	ASSERT_TRUE(file_becomes(self->top, "suspended"));
	ASSERT_EQ(0, vm_map(self->c.fd, self->c.vm, bo.handle, 0, VA_DATA, DATA_SIZE, 0));
	EXPECT_TRUE(file_is(self->top, "suspended"));
	ASSERT_EQ(0, submit_fills(&self->c, VA_DATA, 2, 1, &seqno));
	ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
	EXPECT_EQ(1, data[0]);
	EXPECT_EQ(2, map[0]);
	bo_destroy(self->c.fd, &bo);
}

/* Nobody waits for the jobs of a client that is killed, but they end. */
TEST_F(pm, a_client_is_killed)
{
	int status, fds[2];
	char ready;
	pid_t pid;

	ASSERT_EQ(0, pipe(fds));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		struct client c;
		int i;

		if (client_open(&c))
			_exit(1);
		for (i = 0; i < 30; i++)
			submit_fills(&c, VA_DATA, 1, 100, NULL);
		if (write(fds[1], "", 1) != 1)
			_exit(1);
		pause();
	}

	ASSERT_EQ(1, read(fds[0], &ready, 1));
	EXPECT_TRUE(file_is(self->edma, "active"));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(file_becomes(self->top, "suspended"));
}

/* Takes a driver off a device while a job runs, and puts it back. */
static void unbind_and_bind(struct __test_metadata *_metadata, FIXTURE_DATA(pm) *self,
			    const char *driver, const char *device)
{
	uint32_t sync = syncobj_create(self->c.fd);
	char path[PATH_MAX];
	struct client c;
	uint64_t seqno;
	uint32_t vm;

	ASSERT_NE(0, sync);
	ASSERT_EQ(0, submit_fills(&self->c, VA_DATA, 1, 1000, &seqno));

	snprintf(path, sizeof(path), SYS_PLATFORM "drivers/%s/unbind", driver);
	ASSERT_EQ(0, write_file(path, device));

	/* The file is dead, its memory is not. */
	EXPECT_ERRNO(ANY, ENODEV, vm_create(self->c.fd, &vm));
	EXPECT_EQ(-ENODEV, submit_fills(&self->c, VA_DATA, 1, 1, &seqno));
	EXPECT_EQ(-ENOENT, apu_open());
	/* At once: a reset line that is stuck would still be when the driver comes back. */
	EXPECT_TRUE(file_is(GENPD "apu-top/current_state", "off-0"));

	snprintf(path, sizeof(path), SYS_PLATFORM "drivers/%s/bind", driver);
	ASSERT_EQ(0, write_file(path, device));

	ASSERT_EQ(0, client_open(&c));
	ASSERT_EQ(0, submit_fills(&c, VA_DATA, 0x29, 1, &seqno));
	EXPECT_EQ(0, job_wait(&c, c.ctx, seqno));
	EXPECT_EQ(0x29, ((uint8_t *)c.data.map)[0]);
	client_close(&c);
	EXPECT_TRUE(file_becomes(self->top, "suspended"));
}

TEST_F(pm, unbind_top)
{
	unbind_and_bind(_metadata, self, "apu", self->top_name);
}

TEST_F(pm, only_what_the_job_needs)
{
	const char *why = fault_port_open();
	uint64_t seqno;

	if (why)
		SKIP(return, "%s", why);
	ASSERT_TRUE(file_becomes(self->top, "suspended"));
	/* A job that runs for as long as this looks, and ends with the binding. */
	ASSERT_EQ(0, fault_set("on=job,engine=edma0,do=freeze"));
	ASSERT_EQ(0, submit_fills(&self->c, VA_DATA, 1, 1, &seqno));
	EXPECT_TRUE(file_is(self->top, "active"));
	EXPECT_TRUE(file_is(self->edma, "active"));
	EXPECT_TRUE(file_is(self->mdla, "suspended"));
	if (!access(DOMAIN("top"), R_OK)) {
		EXPECT_TRUE(file_is(DOMAIN("top"), "on"));
		EXPECT_TRUE(file_is(DOMAIN("engine2"), "on"));
		EXPECT_TRUE(file_is(DOMAIN("engine0"), "off-0"));
	}
	EXPECT_EQ(-EAGAIN, job_stats(self->c.fd, self->c.ctx, seqno,
				     &(struct drm_apu_job_stats) {}));
	EXPECT_TRUE(fault_rules_are_used_up());
	unbind_and_bind(_metadata, self, "apu", self->top_name);
}

TEST_F(pm, unbind_an_engine)
{
	unbind_and_bind(_metadata, self, "apu-engine", self->edma_name);
}

static bool is_bound(const char *driver, const char *device)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), SYS_PLATFORM "drivers/%s/%s", driver, device);

	return !access(path, F_OK);
}

/* Takes the APU and its engines with it, and brings all back. */
TEST_F_TIMEOUT(pm, unbind_the_power_controller, 120)
{
	const struct timespec nap = { 0, 1000000 };
	struct client c;
	uint64_t seqno;
	int64_t end;
	int ret;

	ASSERT_EQ(0, submit_fills(&self->c, VA_DATA, 1, 1000, &seqno));
	ASSERT_EQ(0, write_file(SYS_PLATFORM "drivers/apu-power/unbind", self->power_name));
	EXPECT_EQ(-ENODEV, submit_fills(&self->c, VA_DATA, 1, 1, &seqno));
	EXPECT_FALSE(is_bound("apu", self->top_name));
	EXPECT_FALSE(is_bound("apu-engine", self->edma_name));
	EXPECT_FALSE(is_bound("apu-engine", self->mdla_name));

	ASSERT_EQ(0, write_file(SYS_PLATFORM "drivers/apu-power/bind", self->power_name));
	/* A worker of the core's probes the consumers. */
	end = now_ns() + WAIT_NS;
	while ((ret = client_open(&c)) == -ENOENT && now_ns() < end)
		nanosleep(&nap, NULL);
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, submit_fills(&c, VA_DATA, 0x29, 1, &seqno));
	EXPECT_EQ(0, job_wait(&c, c.ctx, seqno));
	client_close(&c);
	EXPECT_TRUE(file_becomes(self->top, "suspended"));
}

TEST_HARNESS_MAIN

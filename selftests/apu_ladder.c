// SPDX-License-Identifier: GPL-2.0-only
/*
 * When the hardware does not come back easily: resets that stick, power that does not
 * come or go, an MMU or a clock that does not answer, and, at the end of the ladder, a
 * device that is given up, and comes back when the driver is bound anew.
 *
 * APU_ROUNDS in the environment is how often each is done; 4 is usual, as the driver
 * waits up to a second for hardware that does not answer.
 */

#include "apu_test.h"
#include "fault_port.h"
#include "gang.h"

#include <linux/netlink.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#include "kselftest_harness.h"

#define SLOW 600
#define ROUNDS 4
/* Device time of jobs that are to hang, in microseconds. */
#define SHORT_LIMIT 1000

FIXTURE(ladder) {
	struct client guilty;
	struct client innocent;
	struct drm_apu_dev_info info;
	char apu[64];
	char status[128];
	int rounds;
	bool given_up;
	struct fault_limits limits;
};

static int open_clients(FIXTURE_DATA(ladder) *self)
{
	struct client *g = &self->guilty;
	int ret;

	ret = client_open(&self->innocent);
	if (!ret)
		ret = client_open(g);
	if (!ret)
		ret = device_info(g->fd, &self->info);
	if (ret)
		return ret;
	gang_write_inputs(g, 1);
	gang_write_inputs(&self->innocent, 2);

	return 0;
}

static void close_clients(FIXTURE_DATA(ladder) *self)
{
	client_close(&self->guilty);
	client_close(&self->innocent);
}

FIXTURE_SETUP(ladder)
{
	const char *why = fault_port_open();

	if (why)
		SKIP(return, "%s", why);
	/* Before anything that can fail: the end puts them back. */
	ASSERT_EQ(0, fault_limits(&(struct fault_limits) { 4, 4, 4 }, &self->limits));
	self->rounds = env_count("APU_ROUNDS", ROUNDS);
	ASSERT_LT(0, self->limits.watchdog);
	ASSERT_LT(0, self->limits.hang_grace);
	ASSERT_LT(0, self->limits.stop_timeout);
	ASSERT_LT(0, self->rounds);
	ASSERT_EQ(0, find_device(".apu", self->apu, sizeof(self->apu)));
	snprintf(self->status, sizeof(self->status),
		 SYS_PLATFORM "devices/%s/power/runtime_status", self->apu);
	ASSERT_EQ(0, open_clients(self));
}

static int rebind(const char *device)
{
	int ret = driver_write("unbind", device);

	return ret ? ret : driver_write("bind", device);
}

FIXTURE_TEARDOWN(ladder)
{
	if (!self->rounds)
		return;
	fault_set("");
	/* Else nothing works for the tests that follow. */
	if (self->given_up)
		rebind(self->apu);
	EXPECT_EQ(0, fault_limits(&self->limits, NULL));
	close_clients(self);
}

static int set_rules(const char *format, const char *engine)
{
	char rules[512];

	snprintf(rules, sizeof(rules), format, engine);

	return fault_set(rules);
}

static bool used_up_soon(void)
{
	const struct timespec nap = { 0, 1000000 };
	int64_t end = now_ns() + WAIT_NS;

	while (!fault_rules_are_used_up()) {
		if (now_ns() > end)
			return false;
		nanosleep(&nap, NULL);
	}

	return true;
}

/* Both clients can have all engines. */
static void expect_all_is_well(struct __test_metadata *_metadata, FIXTURE_DATA(ladder) *self)
{
	struct drm_apu_stream streams[GANG_MAX_STREAMS];
	struct client *g = &self->guilty, *i = &self->innocent;
	uint64_t seqno;
	uint32_t class;

	ASSERT_EQ(0, ctx_create(g->fd, g->vm, &g->ctx));
	for (class = 0; class <= DRM_APU_ENGINE_MVPU; class++) {
		ASSERT_EQ(0, gang_submit_class(g, class, self->info.num_engines[class], 0,
					       streams, &seqno));
		EXPECT_EQ(0, job_wait(g, g->ctx, seqno));
	}
	EXPECT_TRUE(gang_copy_is_right(g));
	ASSERT_EQ(0, ctx_destroy(g->fd, g->ctx));

	ASSERT_EQ(0, ctx_create(i->fd, i->vm, &i->ctx));
	i->cmd_used = 0;
	gang_clear_output(i);
	ASSERT_EQ(0, gang_submit(i, &seqno));
	EXPECT_EQ(0, job_wait(i, i->ctx, seqno));
	EXPECT_TRUE(gang_is_right(i));
	ASSERT_EQ(0, ctx_destroy(i->fd, i->ctx));
}

/* A job on all engines of a class that ends with an error of the hardware. */
static void expect_hardware_error(struct __test_metadata *_metadata, FIXTURE_DATA(ladder) *self,
				  uint32_t engine_class)
{
	struct drm_apu_stream streams[GANG_MAX_STREAMS];
	struct client *g = &self->guilty;
	struct drm_apu_ctx_get_state state;
	uint64_t seqno;

	ASSERT_EQ(0, ctx_create(g->fd, g->vm, &g->ctx));
	ASSERT_EQ(0, gang_submit_class(g, engine_class, self->info.num_engines[engine_class],
				       SHORT_LIMIT, streams, &seqno));
	EXPECT_EQ(-EIO, job_wait(g, g->ctx, seqno));
	ASSERT_EQ(0, ctx_state(g->fd, g->ctx, &state));
	EXPECT_EQ(DRM_APU_CTX_CAUSE_HARDWARE, state.cause);
	EXPECT_EQ(0, ctx_destroy(g->fd, g->ctx));
}

#define FREEZE_FOR_GOOD "on=job,engine=%1$s,do=freeze;on=abort,do=stuck;"

typedef void (*engine_test)(struct __test_metadata *_metadata, FIXTURE_DATA(ladder) *self,
			    uint32_t engine_class, const char *engine);

static void on_every_engine(struct __test_metadata *_metadata, FIXTURE_DATA(ladder) *self,
			    engine_test test)
{
	char engine[16];
	uint32_t class;
	int instance, round;

	for (class = 0; class <= DRM_APU_ENGINE_MVPU; class++)
		for (instance = 0; instance < self->info.num_engines[class]; instance++)
			for (round = 0; round < self->rounds; round++) {
				gang_engine_name(engine, sizeof(engine), class, instance);
				test(_metadata, self, class, engine);
				if (!__test_passed(_metadata)) {
					TH_LOG("%s, round %d", engine, round);
					return;
				}
			}
}

/* An engine that stays in reset is lost until it has had no power. Others work on. */
static void engine_stays_in_reset(struct __test_metadata *_metadata, FIXTURE_DATA(ladder) *self,
				  uint32_t engine_class, const char *engine)
{
	bool other = self->info.num_engines[engine_class] > 1;
	struct client *i = &self->innocent;
	uint64_t seqno;

	/* Engines that are suspended are reset, too. */
	ASSERT_TRUE(file_becomes(self->status, "suspended"));
	ASSERT_EQ(0, set_rules(FREEZE_FOR_GOOD "on=reset,engine=%1$s,do=stuck", engine));
	expect_hardware_error(_metadata, self, engine_class);
	/* The job ends when its engine goes into reset, the rule when it comes out. */
	EXPECT_TRUE(used_up_soon());

	/* At once: with one instance less. */
	ASSERT_EQ(0, ctx_create(i->fd, i->vm, &i->ctx));
	i->cmd_used = 0;
	gang_clear_output(i);
	if (other) {
		ASSERT_EQ(0, gang_submit(i, &seqno));
		EXPECT_EQ(0, job_wait(i, i->ctx, seqno));
		EXPECT_TRUE(gang_is_right(i));
	}
	ASSERT_EQ(0, ctx_destroy(i->fd, i->ctx));

	ASSERT_TRUE(file_becomes(self->status, "suspended"));
	expect_all_is_well(_metadata, self);
}

TEST_F_TIMEOUT(ladder, engine_stays_in_reset, SLOW)
{
	on_every_engine(_metadata, self, engine_stays_in_reset);
}

/* Power that does not come is an error of the submit, and the next one tries again. */
static void no_power(struct __test_metadata *_metadata, FIXTURE_DATA(ladder) *self,
		     uint32_t engine_class, const char *engine)
{
	struct drm_apu_stream streams[GANG_MAX_STREAMS];
	struct client *g = &self->guilty;

	ASSERT_TRUE(file_becomes(self->status, "suspended"));
	ASSERT_EQ(0, set_rules("on=power-on,engine=%s,do=stuck", engine));
	ASSERT_EQ(0, ctx_create(g->fd, g->vm, &g->ctx));
	EXPECT_ERRNO(SUBMIT, EIO,
		     gang_submit_class(g, engine_class, self->info.num_engines[engine_class], 0,
				       streams, NULL));
	EXPECT_TRUE(fault_rules_are_used_up());
	ASSERT_EQ(0, ctx_destroy(g->fd, g->ctx));
	expect_all_is_well(_metadata, self);

	/* So is that of TOP. */
	ASSERT_TRUE(file_becomes(self->status, "suspended"));
	ASSERT_EQ(0, fault_set("on=power-on,engine=top,do=stuck"));
	ASSERT_EQ(0, ctx_create(g->fd, g->vm, &g->ctx));
	EXPECT_EQ(-EIO, gang_submit_class(g, engine_class, 1, 0, streams, NULL));
	ASSERT_EQ(0, ctx_destroy(g->fd, g->ctx));
	expect_all_is_well(_metadata, self);
}

TEST_F_TIMEOUT(ladder, power_does_not_come, SLOW)
{
	on_every_engine(_metadata, self, no_power);
}

static void power_stays(struct __test_metadata *_metadata, FIXTURE_DATA(ladder) *self,
			uint32_t engine_class, const char *engine)
{
	expect_all_is_well(_metadata, self);
	ASSERT_EQ(0, set_rules("on=power-off,engine=%s,do=stuck", engine));
	EXPECT_TRUE(used_up_soon());
	expect_all_is_well(_metadata, self);
	ASSERT_EQ(0, set_rules("on=power-off,engine=%s,do=slow;on=power-on,engine=%1$s,do=slow",
			       engine));
	EXPECT_TRUE(file_becomes(self->status, "suspended"));
	expect_all_is_well(_metadata, self);
	EXPECT_TRUE(used_up_soon());
}

TEST_F_TIMEOUT(ladder, power_does_not_go, SLOW)
{
	on_every_engine(_metadata, self, power_stays);
}

/* The memory that is unmapped will be freed: TOP is reset, and jobs begin anew. */
TEST_F_TIMEOUT(ladder, mmu_does_not_answer, SLOW)
{
	struct client *g = &self->guilty, *i = &self->innocent;
	uint64_t seqno[8], fills;
	int n, round;

	for (round = 0; round < self->rounds; round++) {
		i->cmd_used = 0;
		g->cmd_used = 0;
		gang_clear_output(i);
		/* It keeps TOP on, and is there when TOP is reset. */
		ASSERT_EQ(0, submit_fills(g, VA_DATA, round, 200, &fills));
		for (n = 0; n < 8; n++)
			ASSERT_EQ(0, gang_submit(i, &seqno[n]));
		ASSERT_EQ(0, fault_set("on=mmu,do=stuck"));
		ASSERT_EQ(0, vm_map(g->fd, g->vm, g->data.handle, 0, 0x40000000, DATA_SIZE, 0));
		ASSERT_EQ(0, vm_unmap(g->fd, g->vm, 0x40000000, DATA_SIZE));
		for (n = 0; n < 8; n++)
			EXPECT_EQ(0, job_wait(i, i->ctx, seqno[n]));
		EXPECT_EQ(0, job_wait(g, g->ctx, fills));
		EXPECT_TRUE(gang_is_right(i));
		EXPECT_EQ(round, ((uint8_t *)g->data.map)[DATA_SIZE - 1]);
		if (!fault_rules_are_used_up())
			SKIP(return, "the host is so quick that TOP was off by then");
	}
}

/* A clock that does not change is not a reason to fail. */
TEST_F_TIMEOUT(ladder, clock_does_not_settle, SLOW)
{
	static const char * const rules[] = { "on=opp,do=stuck", "on=opp,do=slow" };
	struct client *i = &self->innocent;
	struct drm_apu_ctx_set_qos qos = { .ctx_id = i->ctx, .priority = DRM_APU_PRIORITY_NORMAL };
	int64_t hits = fault_counter("hits");
	char path[160], max[32];
	uint64_t seqno;
	int round;

	for (round = 0; round < 2 * self->rounds; round++) {
		ASSERT_EQ(0, fault_set(rules[round % 2]));
		gang_clear_output(i);
		i->cmd_used = 0;
		/* From the slowest to the fastest, or back: devfreq asks for another point. */
		qos.boost = qos.boost ? 0 : 100;
		qos.flags = qos.boost ? 0 : DRM_APU_QOS_PREFER_POWER;
		ASSERT_EQ(0, apu_ioctl(i->fd, DRM_IOCTL_APU_CTX_SET_QOS, &qos));
		ASSERT_EQ(0, gang_submit(i, &seqno));
		EXPECT_EQ(0, job_wait(i, i->ctx, seqno));
		EXPECT_TRUE(gang_is_right(i));
	}
	/* Whether a request is made is for the governor to say; the first is. */
	EXPECT_LT(hits, fault_counter("hits"));

	/* The next one is honoured. */
	ASSERT_EQ(0, fault_set(""));
	snprintf(path, sizeof(path), "/sys/class/devfreq/%s/cur_freq", self->apu);
	qos.boost = 100;
	qos.flags = 0;
	ASSERT_EQ(0, apu_ioctl(i->fd, DRM_IOCTL_APU_CTX_SET_QOS, &qos));
	i->cmd_used = 0;
	ASSERT_EQ(0, submit_fills(i, VA_DATA, 1, 300, &seqno));
	snprintf(max, sizeof(max), "%llu", self->info.max_khz * 1000ull);
	EXPECT_TRUE(file_is(path, max));
	EXPECT_EQ(0, job_wait(i, i->ctx, seqno));
}

/* --- the end ---------------------------------------------------------------------- */

static int uevent_open(void)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		close(fd);
		return -errno;
	}

	return fd < 0 ? -errno : fd;
}

/* Whether an event of the accelerator comes that says so. */
static bool uevent_comes(int fd, const char *text)
{
	char buf[4096];
	ssize_t n, at;

	while (poll(&(struct pollfd) { fd, POLLIN, 0 }, 1, WAIT_NS / 1000000) == 1) {
		n = recv(fd, buf, sizeof(buf) - 1, 0);
		if (n <= 0)
			return false;
		buf[n] = 0;
		if (!strstr(buf, "/accel/"))
			continue;
		for (at = 0; at < n; at += strlen(buf + at) + 1)
			if (!strcmp(buf + at, text))
				return true;
	}

	return false;
}

static void give_up(struct __test_metadata *_metadata, FIXTURE_DATA(ladder) *self,
		    const char *rules)
{
	struct client *i = &self->innocent;
	struct drm_apu_ctx_get_state state;
	int uevents = uevent_open();
	uint64_t seqno;
	struct bo bo;

	ASSERT_LE(0, uevents);
	ASSERT_EQ(0, ctx_create(i->fd, i->vm, &i->ctx));
	/* Engines that are suspended are reset, too. */
	ASSERT_TRUE(file_becomes(self->status, "suspended"));
	ASSERT_EQ(0, fault_set(rules));
	self->given_up = true;
	expect_hardware_error(_metadata, self, DRM_APU_ENGINE_MVPU);
	EXPECT_TRUE(fault_rules_are_used_up());
	EXPECT_TRUE(uevent_comes(uevents, "WEDGED=rebind"));
	close(uevents);

	/* No more jobs, of anybody; all else works. */
	EXPECT_ERRNO(SUBMIT, EIO, gang_submit(i, &seqno));
	ASSERT_EQ(0, ctx_state(i->fd, i->ctx, &state));
	EXPECT_EQ(DRM_APU_CTX_CAUSE_NONE, state.cause);
	ASSERT_EQ(0, bo_create(i->fd, MIB, 0, &bo));
	memset(bo.map, 1, MIB);
	EXPECT_EQ(0, vm_map(i->fd, i->vm, bo.handle, 0, 0x40000000, MIB, 0));
	EXPECT_EQ(0, vm_unmap(i->fd, i->vm, 0x40000000, MIB));
	bo_destroy(i->fd, &bo);
	close_clients(self);

	/* As the event says. */
	ASSERT_EQ(0, rebind(self->apu));
	self->given_up = false;
	ASSERT_EQ(0, open_clients(self));
	expect_all_is_well(_metadata, self);
}

#define GIVE_UP "on=job,engine=mvpu0,do=freeze;on=abort,do=stuck;" \
	"on=reset,engine=mvpu0,do=ignored;on=reset,engine=top,do="

TEST_F_TIMEOUT(ladder, the_device_is_given_up, SLOW)
{
	int round;

	for (round = 0; round < self->rounds; round++) {
		give_up(_metadata, self, GIVE_UP "stuck");
		if (!__test_passed(_metadata))
			return;
		/* A reset that does nothing is as bad. */
		give_up(_metadata, self, GIVE_UP "ignored");
		if (!__test_passed(_metadata))
			return;
	}
}

/*
 * The driver may leave while engines are on, are about to be suspended, or have been, as
 * 50 ms after the last job: power is off before it comes back, and with it what is stuck.
 */
TEST_F_TIMEOUT(ladder, given_up_devices_come_back_at_any_time, SLOW)
{
	struct timespec nap = { 0, 0 };
	int i, ms;

	for (i = 0; i < 4 * self->rounds; i++) {
		ms = 75 * i / (4 * self->rounds);
		/* Engines that are suspended are reset, too. */
		ASSERT_TRUE(file_becomes(self->status, "suspended"));
		ASSERT_EQ(0, fault_set(GIVE_UP "stuck"));
		self->given_up = true;
		expect_hardware_error(_metadata, self, DRM_APU_ENGINE_MVPU);
		EXPECT_TRUE(fault_rules_are_used_up());
		close_clients(self);
		nap.tv_nsec = ms * 1000000;
		nanosleep(&nap, NULL);
		ASSERT_EQ(0, rebind(self->apu)) {
			TH_LOG("after %d ms", ms);
		}
		self->given_up = false;
		ASSERT_EQ(0, open_clients(self));
	}
	expect_all_is_well(_metadata, self);
}

TEST_HARNESS_MAIN

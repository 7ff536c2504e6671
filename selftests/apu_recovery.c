// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every fault that the device model knows, on every engine, again and again: the job that
 * is hit ends with the right error, its context says why, and nobody else notices.
 *
 * APU_ROUNDS in the environment is how often each fault hits each engine; 20 is usual.
 */

#include "apu_test.h"
#include "fault_port.h"
#include "gang.h"

#include <stdio.h>

#include "kselftest_harness.h"

/* Seconds for a test, with every checker on; more rounds take more. */
#define SLOW 600
#define ROUNDS 20
/* Device time of jobs that are to hang, in microseconds. */
#define SHORT_LIMIT 1000

/* Where the address of a fault is expected. */
enum where { NOWHERE, AT_COMMANDS, AT_SOURCE, AT_OUTPUT };

struct fault_case {
	/* %1$s is the engine, %2$d the ASID of the guilty client; %3$.4s its class, of %4$d. */
	const char *rules;
	/* What the fence of the guilty job says. */
	int error;
	enum drm_apu_ctx_cause cause;
	enum where where;
	/* Of the command, or -1 if that is not known. */
	int offset;
	uint32_t limit_us;
	/* The others do not write. */
	bool only_edma;
	/* Steps of the ladder do nothing: do not wait long for them. */
	bool stuck;
};

#define JOB "ctx=%2$d,engine=%1$s"
#define FINE(text) { .rules = (text) }
#define FAILS(text, errno, why, ...) \
	{ .rules = (text), .error = -(errno), .cause = DRM_APU_CTX_CAUSE_##why, __VA_ARGS__ }
#define HANGS(text, ...) FAILS(text, ETIME, TIMEOUT, .limit_us = SHORT_LIMIT, __VA_ARGS__)
#define UNKNOWN .offset = -1

static const struct fault_case job_faults[] = {
	HANGS("on=job," JOB ",do=hang", .offset = 0),
	HANGS("on=job," JOB ",do=freeze", .offset = 0),
	HANGS("on=job," JOB ",do=slow,factor=1000000", UNKNOWN),
	FINE("on=job," JOB ",do=slow,factor=10"),
	FINE("on=job," JOB ",do=spurious"),
	FINE("on=job," JOB ",do=glitch"),
};

static const struct fault_case command_faults[] = {
	HANGS("on=command," JOB ",after=1,do=hang", .offset = GANG_SECOND),
	HANGS("on=command," JOB ",after=1,do=freeze", .offset = GANG_SECOND),
	FAILS("on=command," JOB ",after=1,do=ecc-uncorrected", EIO, HARDWARE,
	      .offset = GANG_SECOND),
	FINE("on=command," JOB ",do=ecc-corrected"),
};

static const struct fault_case access_faults[] = {
	FAILS("on=fetch," JOB ",do=corrupt", EINVAL, COMMAND, .offset = 0),
	FAILS("on=fetch," JOB ",do=read-ones", EINVAL, COMMAND, .offset = 0),
	FAILS("on=fetch," JOB ",do=bus-error", EIO, HARDWARE, .offset = 0),
	FAILS("on=fetch," JOB ",do=mmu-fault", EFAULT, MMU, .where = AT_COMMANDS),
	FAILS("on=read," JOB ",do=bus-error", EIO, HARDWARE, .offset = GANG_SECOND),
	FAILS("on=read," JOB ",do=mmu-fault,kind=permission", EFAULT, MMU, .where = AT_SOURCE,
	      .offset = GANG_SECOND),
	/* Nobody can know. */
	FINE("on=read," JOB ",do=read-ones"),
	FAILS("on=write," JOB ",do=bus-error", EIO, HARDWARE, .offset = GANG_SECOND,
	      .only_edma = true),
	FAILS("on=write," JOB ",do=mmu-fault", EFAULT, MMU, .where = AT_OUTPUT,
	      .offset = GANG_SECOND, .only_edma = true),
	FAILS("on=record," JOB ",do=bus-error", EIO, HARDWARE, UNKNOWN),
};

static const struct fault_case irq_faults[] = {
	FINE("on=irq," JOB ",do=lost"),
	FINE("on=irq," JOB ",do=late,delay-us=3000"),
	FINE("on=irq," JOB ",do=duplicate,delay-us=100"),
	/* Of the abort, and of a record that could not be written. */
	HANGS("on=job," JOB ",do=freeze;on=irq,cause=abort,do=lost", .offset = 0),
	FAILS("on=record," JOB ",do=bus-error;on=irq,cause=desc,do=lost", EIO, HARDWARE, UNKNOWN),
	FAILS("on=doorbell,ctx=%2$d,do=lost", EIO, HARDWARE, UNKNOWN),
	FAILS("on=doorbell,ctx=%2$d,do=bus-error", EIO, HARDWARE, UNKNOWN),
};

#define FREEZE "on=job," JOB ",do=freeze;"
#define NO_ABORT "on=abort,ctx=%2$d,do=stuck"

static const struct fault_case ladder_faults[] = {
	HANGS(FREEZE "on=abort,ctx=%2$d,do=slow", .offset = 0),
	HANGS(FREEZE "on=mmio,engine=top,do=read-ones", .offset = 0),
	/* The engine is reset. */
	FAILS(FREEZE NO_ABORT, EIO, HARDWARE, UNKNOWN, .limit_us = SHORT_LIMIT, .stuck = true),
	/* Its registers are read to see what is to be reset. */
	FAILS(FREEZE NO_ABORT ";on=mmio,engine=%1$s,do=read-ones", EIO, HARDWARE, UNKNOWN,
	      .limit_us = SHORT_LIMIT, .stuck = true),
	/* Everything is: the job is gone without a record. */
	FAILS(FREEZE NO_ABORT ";on=reset,engine=%3$.4s,count=%4$d,do=ignored", EIO, HARDWARE,
	      UNKNOWN, .limit_us = SHORT_LIMIT, .stuck = true),
};

FIXTURE(recovery) {
	struct client guilty;
	struct client innocent;
	struct drm_apu_dev_info info;
	uint32_t engine_class;
	int asid;
	int rounds;
	struct fault_limits limits;
};

FIXTURE_SETUP(recovery)
{
	const char *why = fault_port_open();

	if (why)
		SKIP(return, "%s", why);
	/*
	 * Only jobs with a short limit can be taken for hung, and they are to be. Before
	 * anything that can fail: the end puts the limits back.
	 */
	ASSERT_EQ(0, fault_limits(&(struct fault_limits) { 4, 4, 100 }, &self->limits));
	self->rounds = env_count("APU_ROUNDS", ROUNDS);
	ASSERT_LT(0, self->limits.watchdog);
	ASSERT_LT(0, self->limits.hang_grace);
	ASSERT_LT(0, self->limits.stop_timeout);
	ASSERT_LT(0, self->rounds);
	ASSERT_EQ(0, client_open(&self->innocent));
	ASSERT_EQ(0, client_open(&self->guilty));
	ASSERT_EQ(0, device_info(self->guilty.fd, &self->info));

	/* Not the number of the other's address space: that is how its ASID is found. */
	ASSERT_EQ(0, vm_create(self->guilty.fd, &self->guilty.vm));
	ASSERT_NE(self->innocent.vm, self->guilty.vm);
	bo_destroy(self->guilty.fd, &self->guilty.cmd);
	ASSERT_EQ(0, bo_create(self->guilty.fd, CMD_SIZE, self->guilty.vm, &self->guilty.cmd));
	ASSERT_EQ(0, vm_map(self->guilty.fd, self->guilty.vm, self->guilty.cmd.handle, 0, VA_CMD,
			    CMD_SIZE, DRM_APU_VM_BIND_READONLY));
	ASSERT_EQ(0, vm_map(self->guilty.fd, self->guilty.vm, self->guilty.data.handle, 0,
			    VA_DATA, DATA_SIZE, 0));
	self->asid = fault_asid(self->guilty.vm);
	ASSERT_LE(0, self->asid);
	gang_write_inputs(&self->guilty, 1);
	gang_write_inputs(&self->innocent, 2);
}

FIXTURE_TEARDOWN(recovery)
{
	if (!self->rounds)
		return;
	fault_set("");
	EXPECT_EQ(0, fault_limits(&self->limits, NULL));
	client_close(&self->guilty);
	client_close(&self->innocent);
}

/* --- one recovery ------------------------------------------------------------- */

static int instances_of(FIXTURE_DATA(recovery) *self, uint32_t engine_class)
{
	return self->info.num_engines[engine_class];
}

static void expect_state(struct __test_metadata *_metadata, FIXTURE_DATA(recovery) *self,
			 const struct fault_case *f, uint32_t engine_class, int instance,
			 const struct drm_apu_stream *streams, uint64_t seqno)
{
	struct client *g = &self->guilty;
	struct drm_apu_ctx_get_state state;

	ASSERT_EQ(0, ctx_state(g->fd, g->ctx, &state));
	EXPECT_EQ(f->cause, state.cause);
	if (!f->error) {
		EXPECT_EQ(0, gang_submit_copy(g, NULL));
		return;
	}
	EXPECT_EQ(seqno, state.seqno);
	EXPECT_ERRNO(SUBMIT, ECANCELED, gang_submit_copy(g, NULL));
	if (f->offset >= 0) {
		EXPECT_EQ(engine_class, state.engine_class);
		EXPECT_EQ(instance, state.stream);
		EXPECT_EQ(f->offset, state.cmd_offset);
		EXPECT_EQ(0, state.in_call);
	}
	if (f->where == AT_COMMANDS)
		EXPECT_EQ(streams[instance].va, state.fault_va);
	if (f->where == AT_SOURCE)
		EXPECT_EQ(gang_source_va(engine_class), state.fault_va);
	if (f->where == AT_OUTPUT)
		EXPECT_EQ(gang_output_va(instance), state.fault_va);
}

static void one_recovery(struct __test_metadata *_metadata, FIXTURE_DATA(recovery) *self,
			 const struct fault_case *f, uint32_t engine_class, int instance)
{
	struct client *g = &self->guilty, *i = &self->innocent;
	uint64_t guilty, before, after, fresh;
	struct drm_apu_stream streams[GANG_MAX_STREAMS];
	char rules[512], engine[16];
	int64_t hits = fault_counter("hits");
	uint32_t dead;

	gang_engine_name(engine, sizeof(engine), engine_class, instance);
	snprintf(rules, sizeof(rules), f->rules, engine, self->asid, engine,
		 instances_of(self, engine_class));
	ASSERT_EQ(0, fault_set(rules));
	ASSERT_EQ(0, ctx_create(g->fd, g->vm, &g->ctx));
	i->cmd_used = 0;
	gang_clear_output(i);

	ASSERT_EQ(0, gang_submit(i, &before));
	ASSERT_EQ(0, gang_submit_class(g, engine_class, instances_of(self, engine_class),
				       f->limit_us, streams, &guilty));
	/* In a queue of its own, beside the guilty job if that leaves an engine. */
	ASSERT_EQ(0, gang_submit(i, &after));

	EXPECT_EQ(f->error, job_wait(g, g->ctx, guilty)) {
		TH_LOG("%s", rules);
	}
	/* It did happen, and all of it. */
	EXPECT_LT(hits, fault_counter("hits")) {
		TH_LOG("%s", rules);
	}
	expect_state(_metadata, self, f, engine_class, instance, streams, guilty);

	/* A new context works at once. */
	dead = g->ctx;
	ASSERT_EQ(0, ctx_create(g->fd, g->vm, &g->ctx));
	gang_clear_output(g);
	ASSERT_EQ(0, gang_submit_copy(g, &fresh));
	EXPECT_EQ(0, job_wait(g, g->ctx, fresh)) {
		TH_LOG("%s", rules);
	}
	EXPECT_TRUE(gang_copy_is_right(g));

	EXPECT_EQ(0, job_wait(i, i->ctx, after)) {
		TH_LOG("%s", rules);
	}
	EXPECT_EQ(0, job_wait(i, i->ctx, before));
	EXPECT_TRUE(gang_is_right(i)) {
		TH_LOG("%s", rules);
	}
	EXPECT_TRUE(fault_rules_are_used_up()) {
		TH_LOG("%s", rules);
	}
	EXPECT_EQ(0, ctx_destroy(g->fd, dead));
	EXPECT_EQ(0, ctx_destroy(g->fd, g->ctx));
}

static void all_recoveries(struct __test_metadata *_metadata, FIXTURE_DATA(recovery) *self,
			   const struct fault_case *faults, int num)
{
	uint32_t class;
	int i, instance, round, n = 0;

	for (i = 0; i < num; i++) {
		fault_param("apu/stop_timeout_ms", faults[i].stuck ? 2 : 100);
		for (class = 0; class <= DRM_APU_ENGINE_MVPU; class++) {
			if (faults[i].only_edma && class != DRM_APU_ENGINE_EDMA)
				continue;
			for (instance = 0; instance < instances_of(self, class); instance++)
				for (round = 0; round < self->rounds; round++, n++) {
					one_recovery(_metadata, self, &faults[i], class,
						     instance);
					if (!__test_passed(_metadata))
						return;
				}
		}
	}
	TH_LOG("%d faults, %d recoveries", num, n);
}

TEST_F_TIMEOUT(recovery, jobs, SLOW)
{
	all_recoveries(_metadata, self, job_faults, ARRAY_SIZE(job_faults));
}

TEST_F_TIMEOUT(recovery, commands, SLOW)
{
	all_recoveries(_metadata, self, command_faults, ARRAY_SIZE(command_faults));
}

TEST_F_TIMEOUT(recovery, accesses, SLOW)
{
	all_recoveries(_metadata, self, access_faults, ARRAY_SIZE(access_faults));
}

TEST_F_TIMEOUT(recovery, interrupts_and_doorbells, SLOW)
{
	all_recoveries(_metadata, self, irq_faults, ARRAY_SIZE(irq_faults));
}

TEST_F_TIMEOUT(recovery, aborts_and_engine_resets, SLOW)
{
	all_recoveries(_metadata, self, ladder_faults, ARRAY_SIZE(ladder_faults));
}

TEST_HARNESS_MAIN

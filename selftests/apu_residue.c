// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a client leaves in the hardware is not for the next one: L1, region registers and
 * counters of engines, translations, completion records, memory. Nor after the engines or
 * all of the APU were reset, after a loss of power, or for one that gets the same ASID.
 */

#include "apu_test.h"
#include "fault_port.h"
#include "gang.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "apu_harness.h"

/* Neither zero nor what is in memory without power. */
#define SECRET 0x5e
#define VA_SECRET 0x70000000ull
/* Device time of jobs that are to hang, in microseconds. */
#define SHORT_LIMIT 1000
#define LIMIT_NS 30000000000ll
#define SLOTS 16
#define SLOW 120

/* What lies between two clients. */
enum between { NOTHING, SAME_ASID, ENGINE_RESET, APU_RESET, POWER_LOSS };

FIXTURE(residue) {
	/* Closed by then, in all variants. */
	struct client first;
	struct client next;
	struct client guilty;
	struct drm_apu_dev_info info;
	char status[128];
	struct fault_limits limits;
	bool limits_set;
	int asid;
	int guilty_asid;
};

FIXTURE_VARIANT(residue) {
	enum between between;
};

FIXTURE_VARIANT_ADD(residue, next) {
	.between = NOTHING,
};

FIXTURE_VARIANT_ADD(residue, same_asid) {
	.between = SAME_ASID,
};

FIXTURE_VARIANT_ADD(residue, engine_reset) {
	.between = ENGINE_RESET,
};

FIXTURE_VARIANT_ADD(residue, apu_reset) {
	.between = APU_RESET,
};

FIXTURE_VARIANT_ADD(residue, power_loss) {
	.between = POWER_LOSS,
};

FIXTURE_SETUP(residue)
{
	const char *why = fault_port_open();
	char apu[64];
	int asids[2];

	self->first.fd = -1;
	self->next.fd = -1;
	self->guilty.fd = -1;
	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, find_device(".apu", apu, sizeof(apu)));
	snprintf(self->status, sizeof(self->status),
		 SYS_PLATFORM "devices/%s/power/runtime_status", apu);
	if (variant->between == ENGINE_RESET || variant->between == APU_RESET) {
		ASSERT_EQ(0, client_open(&self->guilty));
		self->guilty_asid = fault_asid(self->guilty.vm);
		ASSERT_LT(0, self->guilty_asid);
	}
	ASSERT_EQ(0, client_open(&self->first));
	ASSERT_EQ(0, device_info(self->first.fd, &self->info));
	ASSERT_LE(1, fault_asids(self->first.vm, asids, 2));
	self->asid = asids[0] == self->guilty_asid ? asids[1] : asids[0];
	self->limits_set = true;
	ASSERT_EQ(0, fault_limits(&(struct fault_limits) { 4, 4, 4 }, &self->limits));
}

FIXTURE_TEARDOWN(residue)
{
	if (self->limits_set) {
		EXPECT_EQ(0, fault_set(""));
		EXPECT_EQ(0, fault_limits(&self->limits, NULL));
	}
	if (self->first.fd >= 0)
		client_close(&self->first);
	if (self->next.fd >= 0)
		client_close(&self->next);
	if (self->guilty.fd >= 0)
		client_close(&self->guilty);
}

/* A job that hangs on all eDMAs and cannot be aborted: they are reset, or all is. */
static void reset_by_a_hang(struct __test_metadata *_metadata, FIXTURE_DATA(residue) *self,
			    bool all)
{
	const int num = self->info.num_engines[DRM_APU_ENGINE_EDMA];
	struct drm_apu_stream streams[GANG_MAX_STREAMS];
	char rules[256];
	uint64_t seqno;

	snprintf(rules, sizeof(rules), "on=job,engine=edma0,ctx=%1$d,do=freeze;"
		 "on=abort,ctx=%1$d,do=stuck", self->guilty_asid);
	if (all)
		snprintf(rules + strlen(rules), sizeof(rules) - strlen(rules),
			 ";on=reset,engine=edma,count=%d,do=ignored", num);
	ASSERT_EQ(0, fault_set(rules));
	ASSERT_EQ(0, gang_submit_class(&self->guilty, DRM_APU_ENGINE_EDMA, num, SHORT_LIMIT,
				       streams, &seqno));
	EXPECT_EQ(-EIO, job_wait(&self->guilty, self->guilty.ctx, seqno));
	EXPECT_TRUE(fault_rules_are_used_up());
}

static bool has_asid(uint32_t vm, int asid)
{
	int i, asids[2], n = fault_asids(vm, asids, 2);

	for (i = 0; i < n; i++)
		if (asids[i] == asid)
			return true;

	return false;
}

/*
 * Opens a client if @asid is free, which must be the lowest then: VMs of @fd are made until
 * one has it, so that they hold those below.
 */
static int try_asid(struct client *c, int fd, int asid)
{
	uint32_t vm;
	int i, ret;

	for (i = 0; i < 8; i++) {
		ret = vm_create(fd, &vm);
		if (ret)
			return ret;
		if (has_asid(vm, asid))
			break;
	}
	if (i == 8)
		return -EAGAIN;
	ret = vm_destroy(fd, vm);
	if (!ret)
		ret = client_open(c);
	if (ret || has_asid(c->vm, asid))
		return ret;
	/* A lower one became free meanwhile. */
	client_close(c);
	c->fd = -1;

	return -EAGAIN;
}

/* The first client's ASID, which is free when the last of it has gone. */
static int open_with_asid(struct client *c, int asid)
{
	int64_t end = now_ns() + LIMIT_NS;
	int fd, ret;

	for (;;) {
		fd = apu_open();
		if (fd < 0)
			return fd;
		ret = try_asid(c, fd, asid);
		close(fd);
		if (ret != -EAGAIN)
			return ret;
		if (now_ns() > end)
			return -ETIMEDOUT;
		nanosleep(&(struct timespec) { 0, 1000000 }, NULL);
	}
}

/* The first client goes, what lies between happens, and the next client comes. */
static void change_clients(struct __test_metadata *_metadata, FIXTURE_DATA(residue) *self,
			   enum between between)
{
	/* With both there, the next one's ASID is another. */
	if (between == NOTHING)
		ASSERT_EQ(0, client_open(&self->next));
	client_close(&self->first);
	self->first.fd = -1;

	switch (between) {
	case NOTHING:
		return;
	case SAME_ASID:
		break;
	case ENGINE_RESET:
		reset_by_a_hang(_metadata, self, false);
		break;
	case APU_RESET:
		reset_by_a_hang(_metadata, self, true);
		break;
	case POWER_LOSS:
		ASSERT_TRUE(file_becomes(self->status, "suspended"));
		break;
	}
	ASSERT_EQ(0, open_with_asid(&self->next, self->asid));
}

/* Runs a job of the same stream on every instance of the class. */
static int run_on_all(struct client *c, FIXTURE_DATA(residue) *self, struct drm_apu_stream stream,
		      uint32_t l1_kib, uint32_t limit_us)
{
	struct drm_apu_stream streams[GANG_MAX_STREAMS];
	struct drm_apu_bo_ref ref = { c->data.handle, DRM_APU_BO_REF_WRITE };
	uint32_t i, num = self->info.num_engines[stream.engine_class];
	struct drm_apu_job job = {
		.streams = DRM_APU_OBJ_ARRAY(num, streams),
		.bos = DRM_APU_OBJ_ARRAY(1, &ref),
		.l1_kib = l1_kib,
		.time_limit_us = limit_us,
	};
	uint64_t seqno;
	int ret;

	for (i = 0; i < num; i++)
		streams[i] = stream;
	ret = submit(c, &job, 1, &seqno);

	return ret ? ret : job_wait(c, c->ctx, seqno);
}

static bool any_is(const uint8_t *data, size_t bytes, uint8_t value)
{
	return memchr(data, value, bytes);
}

static bool all_are(const void *data, size_t bytes, uint8_t value)
{
	const uint8_t *p = data;

	return p[0] == value && !memcmp(p, p + 1, bytes - 1);
}

static struct drm_apu_stream copy_of_l1(struct client *c, uint32_t bytes)
{
	struct stream s = stream_begin(c, DRM_APU_ENGINE_EDMA);

	emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
	emit_copy(&s, REF(R_DATA, 0), REF(APU_REGION_L1, 0), bytes);

	return stream_end(&s);
}

TEST_F_TIMEOUT(residue, l1, SLOW)
{
	const uint32_t l1_kib = self->info.l1_kib, bytes = l1_kib * KIB;
	struct stream s = stream_begin(&self->first, DRM_APU_ENGINE_EDMA);
	struct drm_apu_stream stream;

	ASSERT_GE(DATA_SIZE, bytes);
	emit_fill(&s, REF(APU_REGION_L1, 0), SECRET, bytes);
	stream = stream_end(&s);
	ASSERT_EQ(0, run_on_all(&self->first, self, stream, l1_kib, 0));
	/* It does stay there: its owner would find it. */
	ASSERT_EQ(0, run_on_all(&self->first, self, copy_of_l1(&self->first, bytes), l1_kib, 0));
	EXPECT_TRUE(all_are(self->first.data.map, bytes, SECRET));

	change_clients(_metadata, self, variant->between);
	ASSERT_EQ(0, run_on_all(&self->next, self, copy_of_l1(&self->next, bytes), l1_kib, 0));
	EXPECT_FALSE(any_is(self->next.data.map, bytes, SECRET));
}

static void set_registers(struct __test_metadata *_metadata, FIXTURE_DATA(residue) *self,
			  uint32_t engine_class)
{
	struct stream s = stream_begin(&self->first, engine_class);
	struct drm_apu_stream stream;
	int i;

	for (i = 1; i < APU_NUM_REGIONS; i++)
		emit_region(&s, i, VA_DATA, DATA_SIZE);
	for (i = 0; i < APU_NUM_COUNTERS; i++)
		emit_signal(&s, i);
	stream = stream_end(&s);
	ASSERT_EQ(0, run_on_all(&self->first, self, stream, 0, 0));
}

/* Runs a stream that has to fail, in a context of its own. */
static void expect_failure(struct __test_metadata *_metadata, FIXTURE_DATA(residue) *self,
			   struct stream *s, int error)
{
	struct client *c = &self->next;
	struct drm_apu_stream stream = stream_end(s);

	ASSERT_EQ(0, ctx_create(c->fd, c->vm, &c->ctx));
	EXPECT_EQ(error, run_on_all(c, self, stream, 0, error == -ETIME ? SHORT_LIMIT : 0));
	ASSERT_EQ(0, ctx_destroy(c->fd, c->ctx));
}

static void expect_clear_registers(struct __test_metadata *_metadata,
				   FIXTURE_DATA(residue) *self, uint32_t engine_class)
{
	static const int counters[] = { 0, 7, APU_NUM_COUNTERS - 1 };
	static const int regions[] = { 1, R_DATA, APU_NUM_REGIONS - 1 };
	struct apu_cmd_call *call;
	struct stream s;
	int i;

	for (i = 0; i < 3; i++) {
		s = stream_begin(&self->next, engine_class);
		emit_wait(&s, counters[i], 1);
		expect_failure(_metadata, self, &s, -ETIME);
		/* What every class of engine does with a region: read commands from it. */
		s = stream_begin(&self->next, engine_class);
		call = stream_emit(&s, APU_OP_CALL, 0, sizeof(*call));
		call->text = REF(regions[i], 0);
		call->bytes = 8;
		expect_failure(_metadata, self, &s, -ERANGE);
	}
}

/* Regions that a stream has not set are empty, and counters of a gang are zero. */
TEST_F_TIMEOUT(residue, registers, SLOW)
{
	uint32_t class;

	for (class = 0; class <= DRM_APU_ENGINE_MVPU; class++)
		set_registers(_metadata, self, class);
	change_clients(_metadata, self, variant->between);
	for (class = 0; class <= DRM_APU_ENGINE_MVPU; class++)
		expect_clear_registers(_metadata, self, class);
}

static struct drm_apu_stream copy_of(struct client *c, uint64_t to, uint64_t from, uint32_t bytes)
{
	struct stream s = stream_begin(c, DRM_APU_ENGINE_EDMA);

	emit_region(&s, R_DATA, to, bytes);
	emit_region(&s, R_DATA + 1, from, bytes);
	emit_copy(&s, REF(R_DATA, 0), REF(R_DATA + 1, 0), bytes);

	return stream_end(&s);
}

/* Translations of what was mapped last, by pages and by a block, and were used. */
TEST_F_TIMEOUT(residue, tlb, SLOW)
{
	static const uint32_t sizes[] = { 4096, 4 * MIB };
	struct client *c = &self->first;
	struct bo bo;
	int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, bo_create(c->fd, sizes[i], 0, &bo));
		memset(bo.map, SECRET, sizes[i]);
		ASSERT_EQ(0, vm_map(c->fd, c->vm, bo.handle, 0, VA_SECRET + i * 4 * MIB, sizes[i],
				    0));
		ASSERT_EQ(0, run_on_all(c, self, copy_of(c, VA_DATA, VA_SECRET + i * 4 * MIB,
							 4096), 0, 0));
		EXPECT_TRUE(all_are(c->data.map, 4096, SECRET));
		bo_destroy(c->fd, &bo);
	}

	change_clients(_metadata, self, variant->between);
	c = &self->next;
	for (i = 0; i < 4; i++) {
		uint64_t va = VA_SECRET + i / 2 * 4 * MIB;

		ASSERT_EQ(0, ctx_create(c->fd, c->vm, &c->ctx));
		EXPECT_EQ(-EFAULT, run_on_all(c, self, i % 2 ? copy_of(c, va, VA_DATA, 4096) :
						  copy_of(c, VA_DATA, va, 4096), 0, 0));
		ASSERT_EQ(0, ctx_destroy(c->fd, c->ctx));
	}
	EXPECT_TRUE(all_are(c->data.map, 4096, 0));
}

/* A job that ends without a record must not be given that of the slot's job before. */
TEST_F_TIMEOUT(residue, records, SLOW)
{
	static const char * const faults[] = {
		"on=record,do=bus-error", "on=doorbell,do=lost", "on=doorbell,do=bus-error",
	};
	struct client *c = &self->first;
	struct drm_apu_ctx_get_state state;
	struct drm_apu_job_stats stats, zero;
	struct drm_apu_stream stream;
	uint64_t seqno, last = 0;
	int i;

	/* In every slot, as they wait for the first of them. */
	for (i = 0; i < 2 * SLOTS; i++)
		ASSERT_EQ(0, submit_fills(c, VA_DATA, SECRET, i ? 1 : 200, &last));
	ASSERT_EQ(0, job_wait(c, c->ctx, last));
	ASSERT_EQ(0, job_stats(c->fd, c->ctx, last, &stats));
	EXPECT_LE(DATA_SIZE, stats.streams[0].dram_bytes);

	change_clients(_metadata, self, variant->between);
	c = &self->next;
	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		ASSERT_EQ(0, fault_set(faults[i]));
		ASSERT_EQ(0, ctx_create(c->fd, c->vm, &c->ctx));
		stream = copy_of(c, VA_DATA, VA_DATA + 64, 64);
		ASSERT_EQ(0, submit_stream(c, &stream, &seqno));
		EXPECT_EQ(-EIO, job_wait(c, c->ctx, seqno)) {
			TH_LOG("%s", faults[i]);
		}
		ASSERT_EQ(0, job_stats(c->fd, c->ctx, seqno, &stats));
		zero = (struct drm_apu_job_stats) {
			.ctx_id = c->ctx,
			.num_streams = 1,
			.seqno = seqno,
			.status = -EIO,
			/* The first instance of its class, as records name none. */
			.streams[0].engine_class = DRM_APU_ENGINE_EDMA,
		};
		EXPECT_EQ(0, memcmp(&zero, &stats, sizeof(stats))) {
			TH_LOG("%s: %llu cycles, %llu bytes", faults[i],
			       (unsigned long long)stats.cycles,
			       (unsigned long long)stats.streams[0].dram_bytes);
		}
		ASSERT_EQ(0, ctx_state(c->fd, c->ctx, &state));
		EXPECT_EQ(0, state.cmd_offset);
		EXPECT_EQ(0, state.fault_va);
		EXPECT_EQ(0, state.in_call);
		ASSERT_EQ(0, ctx_destroy(c->fd, c->ctx));
	}
	EXPECT_EQ(0, fault_set(""));
}

/* Memory is given back while a job writes it: nothing is written when it is another's. */
TEST_F_TIMEOUT(residue, memory, SLOW)
{
	struct bo bo;
	int i;

	for (i = 0; i < 4; i++) {
		self->first.cmd_used = 0;
		ASSERT_EQ(0, submit_fills(&self->first, VA_DATA, SECRET, 100, NULL));
	}
	change_clients(_metadata, self, variant->between);
	for (i = 0; i < 8; i++) {
		uint64_t seqno;

		ASSERT_EQ(0, bo_create(self->next.fd, DATA_SIZE, 0, &bo));
		EXPECT_TRUE(all_are(bo.map, DATA_SIZE, 0));
		/* Behind all that was in slots: it has the eDMAs to itself. */
		self->next.cmd_used = 0;
		ASSERT_EQ(0, submit_fills(&self->next, VA_DATA, i, 1, &seqno));
		ASSERT_EQ(0, job_wait(&self->next, self->next.ctx, seqno));
		EXPECT_TRUE(all_are(bo.map, DATA_SIZE, 0));
		EXPECT_TRUE(all_are(self->next.data.map, DATA_SIZE, i));
		bo_destroy(self->next.fd, &bo);
	}
}

TEST_HARNESS_MAIN

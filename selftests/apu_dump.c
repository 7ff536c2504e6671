// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device coredumps: a job that fails leaves one, it is right, and it tells nothing of
 * other clients.
 */

#include "apu_test.h"
#include "fault_port.h"
#include "gang.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <drm/apu_dump.h>

#include "apu_harness.h"

#define DUMPS "/sys/class/devcoredump/"
#define MAX_DUMP (1 * MIB)
/* Numbers of another client that nobody else has. */
#define CANARY 0x5ec4e75ec4e7ull
#define VA_CANARY 0x7a5a3c9000ull
/* Device time of a job that is to be there for as long as a test looks, in microseconds. */
#define LONG_LIMIT 3000000

FIXTURE(dump) {
	struct client c;
	struct client other;
	uint8_t *data;
	size_t bytes;
};

/* The APU's dump, if there is one: a path to write to or read from. */
static bool find_dump(char *path, size_t size)
{
	DIR *dir = opendir(DUMPS);
	bool found = false;
	struct dirent *e;
	char apu[64];

	while (dir && !found && (e = readdir(dir))) {
		char link[160], target[256];
		ssize_t n;

		snprintf(link, sizeof(link), DUMPS "%.64s/failing_device", e->d_name);
		n = readlink(link, target, sizeof(target) - 1);
		if (n < 0 || find_device(".apu", apu, sizeof(apu)))
			continue;
		target[n] = 0;
		found = !strcmp(strrchr(target, '/') + 1, apu) &&
			(size_t)snprintf(path, size, DUMPS "%.64s/data", e->d_name) < size;
	}
	if (dir)
		closedir(dir);

	return found;
}

/*
 * Has the kernel forget the dump that there may be. A worker takes it away; until it has,
 * the next one is dropped.
 */
static int forget_dump(void)
{
	int64_t end = now_ns() + WAIT_NS;
	char path[128];
	int ret = 0;

	if (find_dump(path, sizeof(path)))
		ret = write_file(path, "1");
	while (!ret && find_dump(path, sizeof(path))) {
		if (now_ns() > end)
			return -ETIMEDOUT;
		nanosleep(&(struct timespec) { 0, 1000000 }, NULL);
	}

	return ret;
}

/* A worker makes it, after the fence has signalled. */
static int read_dump(uint8_t *data, size_t *bytes)
{
	int64_t end = now_ns() + WAIT_NS;
	char path[128];
	ssize_t n;
	int fd;

	while (!find_dump(path, sizeof(path))) {
		if (now_ns() > end)
			return -ETIMEDOUT;
		nanosleep(&(struct timespec) { 0, 1000000 }, NULL);
	}
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -errno;
	for (*bytes = 0; *bytes < MAX_DUMP; *bytes += n) {
		n = read(fd, data + *bytes, MAX_DUMP - *bytes);
		if (n <= 0)
			break;
	}
	close(fd);

	return n < 0 ? -errno : 0;
}

FIXTURE_SETUP(dump)
{
	if (access("/sys/class/devcoredump", R_OK))
		SKIP(return, "no device coredumps in this kernel");
	self->data = malloc(MAX_DUMP);
	ASSERT_NE(NULL, self->data);
	ASSERT_EQ(0, client_open(&self->c));
	ASSERT_EQ(0, client_open(&self->other));
	gang_write_inputs(&self->c, 1);
	gang_write_inputs(&self->other, 2);
	ASSERT_EQ(0, forget_dump());
}

FIXTURE_TEARDOWN(dump)
{
	if (!self->data)
		return;
	free(self->data);
	EXPECT_EQ(0, forget_dump());
	client_close(&self->c);
	client_close(&self->other);
}

/* Section number @n of a type, or NULL. */
static const void *section(FIXTURE_DATA(dump) *self, uint32_t type, int n, uint64_t *bytes)
{
	const struct apu_dump_header *header = (void *)self->data;
	const struct apu_dump_section *s = (void *)(header + 1);
	uint32_t i;

	for (i = 0; i < header->num_sections; i++, s++) {
		if (s->type != type || n--)
			continue;
		*bytes = s->bytes;
		return s->offset + s->bytes <= self->bytes ? self->data + s->offset : NULL;
	}

	return NULL;
}

static bool contains(const uint8_t *data, size_t bytes, const void *what, size_t size)
{
	return memmem(data, bytes, what, size);
}

/* Commands that the failing command is among, at its place in @text. */
static const struct apu_dump_text *failing_text(FIXTURE_DATA(dump) *self, uint64_t fail_va)
{
	const struct apu_dump_text *text;
	uint64_t bytes;
	int i;

	for (i = 0; (text = section(self, APU_DUMP_TEXT, i, &bytes)); i++)
		if (text->at_va == fail_va && bytes == sizeof(*text) + text->bytes)
			return text;

	return NULL;
}

static void check_header(struct __test_metadata *_metadata, FIXTURE_DATA(dump) *self)
{
	const struct apu_dump_header *header = (void *)self->data;

	ASSERT_LT(sizeof(*header), self->bytes);
	EXPECT_EQ(0, memcmp(header->magic, APU_DUMP_MAGIC, sizeof(header->magic)));
	EXPECT_EQ(APU_DUMP_VERSION, header->version);
	EXPECT_EQ(self->bytes, header->bytes);
	EXPECT_LT(0, header->time_ns);
}

/* A fault of the second command, in a buffer that is called. */
static int fail_in_a_call(struct client *c, uint64_t bad_va, uint64_t *seqno, uint64_t *text)
{
	struct drm_apu_stream stream;
	struct apu_cmd_call *call;
	struct stream s;

	*text = c->cmd_used;
	s = stream_begin(c, DRM_APU_ENGINE_EDMA);
	emit_fill(&s, REF(R_DATA, 0), 0x42, 16);
	emit_fill(&s, REF(R_DATA + 1, 0), 0x43, 16);
	stream_emit(&s, APU_OP_END, 0, 8);

	s = stream_begin(c, DRM_APU_ENGINE_EDMA);
	emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
	emit_region(&s, R_DATA + 1, bad_va, 4096);
	emit_region(&s, APU_REGION_TEXT, VA_CMD, CMD_SIZE);
	call = stream_emit(&s, APU_OP_CALL, 0, sizeof(*call));
	call->text = REF(APU_REGION_TEXT, *text);
	call->bytes = 2 * sizeof(struct apu_cmd_fill) + 8;
	stream = stream_end(&s);

	return submit_stream(c, &stream, seqno);
}

TEST_F(dump, names_the_command)
{
	const uint64_t bad_va = 0x600000000;
	const struct apu_job_completion *record;
	const struct apu_dump_job *job;
	const struct apu_dump_text *text;
	const struct apu_cmd_fill *fill;
	uint64_t seqno, at, bytes;

	ASSERT_EQ(0, fail_in_a_call(&self->c, bad_va, &seqno, &at));
	EXPECT_EQ(-EFAULT, job_wait(&self->c, self->c.ctx, seqno));
	ASSERT_EQ(0, read_dump(self->data, &self->bytes));
	check_header(_metadata, self);

	job = section(self, APU_DUMP_JOB, 0, &bytes);
	ASSERT_NE(NULL, job);
	EXPECT_EQ(sizeof(*job), bytes);
	EXPECT_EQ(seqno, job->seqno);
	EXPECT_EQ(-EFAULT, job->result);
	EXPECT_EQ(DRM_APU_CTX_CAUSE_MMU, job->cause);
	EXPECT_EQ(1, job->num_streams);
	EXPECT_EQ(DRM_APU_ENGINE_EDMA, job->streams[0].engine_class);

	record = section(self, APU_DUMP_RECORD, 0, &bytes);
	ASSERT_NE(NULL, record);
	EXPECT_EQ(sizeof(*record), bytes);
	EXPECT_EQ(APU_JOB_STATUS_MMU_FAULT, record->status);
	EXPECT_EQ(bad_va, record->fault_va);
	EXPECT_EQ(1, record->fail_in_call);
	EXPECT_EQ(VA_CMD + at + sizeof(*fill), record->fail_va);

	text = failing_text(self, record->fail_va);
	ASSERT_NE(NULL, text);
	EXPECT_EQ(VA_CMD + at, text->buffer_va);
	ASSERT_LE(text->va, record->fail_va);
	ASSERT_LE(record->fail_va + sizeof(*fill), text->va + text->bytes);
	fill = (const void *)((const uint8_t *)(text + 1) + (record->fail_va - text->va));
	EXPECT_EQ(APU_OP_FILL, fill->hdr.opcode);
	EXPECT_EQ(0x43, fill->value);
}

TEST_F(dump, shows_what_was_mapped)
{
	const struct apu_dump_mapping *m;
	uint64_t seqno, at, bytes, i;
	bool cmd = false, data = false;

	ASSERT_EQ(0, fail_in_a_call(&self->c, 0x600000000, &seqno, &at));
	EXPECT_EQ(-EFAULT, job_wait(&self->c, self->c.ctx, seqno));
	ASSERT_EQ(0, read_dump(self->data, &self->bytes));
	m = section(self, APU_DUMP_MAPPINGS, 0, &bytes);
	ASSERT_NE(NULL, m);
	EXPECT_EQ(2 * sizeof(*m), bytes);
	for (i = 0; i < bytes / sizeof(*m); i++) {
		cmd |= m[i].va == VA_CMD && m[i].bytes == CMD_SIZE && !m[i].flags;
		data |= m[i].va == VA_DATA && m[i].bytes == DATA_SIZE &&
			m[i].buffer_bytes == DATA_SIZE && m[i].flags == APU_DUMP_MAPPING_WRITE;
	}
	EXPECT_TRUE(cmd);
	EXPECT_TRUE(data);
}

/* Of slots with others' jobs, only that they are taken. Returns how many these are. */
static int check_slots(struct __test_metadata *_metadata, FIXTURE_DATA(dump) *self)
{
	const struct apu_dump_slot *slots;
	const struct apu_dump_job *job;
	uint64_t bytes, i;
	int others = 0;

	job = section(self, APU_DUMP_JOB, 0, &bytes);
	slots = section(self, APU_DUMP_SLOTS, 0, &bytes);
	for (i = 0; job && slots && i < bytes / sizeof(*slots); i++) {
		if (slots[i].flags & APU_DUMP_SLOT_CLIENT) {
			EXPECT_EQ(job->timeline, slots[i].timeline);
			continue;
		}
		EXPECT_EQ(0, slots[i].timeline);
		EXPECT_EQ(0, slots[i].seqno);
		EXPECT_EQ(0, slots[i].after);
		others++;
	}

	return others;
}

/* Another client's jobs run, and fail a moment before; its addresses and data are nowhere. */
TEST_F(dump, nothing_of_others)
{
	const uint64_t canary = CANARY, va = VA_CANARY;
	uint64_t seqno, at, bytes, i, *data = self->other.data.map;
	struct drm_apu_stream stream;
	struct stream s;
	uint32_t ctx;

	for (i = 0; i < DATA_SIZE / 8; i++)
		data[i] = canary;
	ASSERT_EQ(0, vm_map(self->other.fd, self->other.vm, self->other.data.handle, 0, VA_CANARY,
			    DATA_SIZE, 0));
	/* One fault of its own, for registers to tell of; then long jobs. */
	s = stream_begin(&self->other, DRM_APU_ENGINE_EDMA);
	emit_region(&s, R_DATA, VA_CANARY + DATA_SIZE, 4096);
	emit_fill(&s, REF(R_DATA, 0), 1, 16);
	stream = stream_end(&s);
	ASSERT_EQ(0, submit_stream(&self->other, &stream, &seqno));
	EXPECT_EQ(-EFAULT, job_wait(&self->other, self->other.ctx, seqno));
	ASSERT_EQ(0, read_dump(self->data, &self->bytes));
	/* The search can find it. */
	EXPECT_TRUE(contains(self->data, self->bytes, &va, sizeof(va)));
	ASSERT_EQ(0, forget_dump());

	ctx = self->other.ctx;
	ASSERT_EQ(0, ctx_create(self->other.fd, self->other.vm, &self->other.ctx));
	for (i = 0; i < 8; i++) {
		s = stream_begin(&self->other, DRM_APU_ENGINE_EDMA);
		emit_region(&s, R_DATA, VA_CANARY, DATA_SIZE);
		emit_copy(&s, REF(R_DATA, DATA_SIZE / 2), REF(R_DATA, 0), DATA_SIZE / 2);
		stream = stream_end(&s);
		ASSERT_EQ(0, submit_stream(&self->other, &stream, &seqno));
	}
	ASSERT_EQ(0, fail_in_a_call(&self->c, 0x600000000, &at, &bytes));
	EXPECT_EQ(-EFAULT, job_wait(&self->c, self->c.ctx, at));
	EXPECT_EQ(0, job_wait(&self->other, self->other.ctx, seqno));
	ASSERT_EQ(0, read_dump(self->data, &self->bytes));
	check_header(_metadata, self);

	EXPECT_FALSE(contains(self->data, self->bytes, &va, sizeof(va)));
	EXPECT_FALSE(contains(self->data, self->bytes, &canary, sizeof(canary)));
	/* Registers come in halves. */
	EXPECT_FALSE(contains(self->data, self->bytes, &(uint32_t) { (uint32_t)VA_CANARY }, 4));
	check_slots(_metadata, self);
	EXPECT_EQ(0, ctx_destroy(self->other.fd, ctx));
}

/* With a job of the other client's that is there for certain, for it stands still. */
TEST_F(dump, slots_of_others)
{
	struct drm_apu_stream streams[GANG_MAX_STREAMS];
	const char *why = fault_port_open();
	struct drm_apu_job_stats stats;
	uint64_t seqno, at, text;

	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, fault_set("on=job,engine=mvpu0,do=freeze"));
	ASSERT_EQ(0, gang_submit_class(&self->other, DRM_APU_ENGINE_MVPU, 1, LONG_LIMIT, streams,
				       &seqno));
	ASSERT_EQ(0, fail_in_a_call(&self->c, 0x600000000, &at, &text));
	EXPECT_EQ(-EFAULT, job_wait(&self->c, self->c.ctx, at));
	EXPECT_EQ(-EAGAIN, job_stats(self->other.fd, self->other.ctx, seqno, &stats));
	ASSERT_EQ(0, read_dump(self->data, &self->bytes));
	EXPECT_EQ(1, check_slots(_metadata, self));
	/* A job that runs outlives its client: the next test is not to find it in its way. */
	EXPECT_EQ(-ETIME, job_wait(&self->other, self->other.ctx, seqno));
	EXPECT_EQ(0, ctx_destroy(self->other.fd, self->other.ctx));
	EXPECT_EQ(0, fault_set(""));
}

/* A job on the MVPU stands still until engines are reset, or, with @all, everything. */
static void hang_until_reset(struct __test_metadata *_metadata, FIXTURE_DATA(dump) *self,
			     bool all)
{
	struct drm_apu_stream streams[GANG_MAX_STREAMS];
	struct fault_limits limits;
	uint64_t seqno = 0;

	ASSERT_EQ(0, fault_limits(&(struct fault_limits) { 4, 4, 4 }, &limits));
	/* No assertion until they are back: the next test counts on them. */
	EXPECT_EQ(0, fault_set(all ? "on=job,engine=mvpu0,do=freeze;on=abort,do=stuck;"
				     "on=reset,engine=mvpu0,do=ignored" :
				     "on=job,engine=mvpu0,do=freeze;on=abort,do=stuck"));
	EXPECT_EQ(0, ctx_create(self->c.fd, self->c.vm, &self->c.ctx));
	EXPECT_EQ(0, gang_submit_class(&self->c, DRM_APU_ENGINE_MVPU, 1, 1000, streams, &seqno));
	EXPECT_EQ(-EIO, job_wait(&self->c, self->c.ctx, seqno));
	EXPECT_TRUE(fault_rules_are_used_up());
	EXPECT_EQ(0, fault_set(""));
	EXPECT_EQ(0, fault_limits(&limits, NULL));
}

/* While another client's jobs run, and after they did, on what was reset then. */
TEST_F(dump, nothing_of_others_after_a_reset)
{
	const uint64_t canary = CANARY, va = VA_CANARY;
	const char *why = fault_port_open();
	struct drm_apu_stream stream;
	uint64_t seqno, i, *data = self->other.data.map;
	struct stream s;
	int round;

	if (why)
		SKIP(return, "%s", why);
	for (i = 0; i < DATA_SIZE / 8; i++)
		data[i] = canary;
	ASSERT_EQ(0, vm_map(self->other.fd, self->other.vm, self->other.data.handle, 0, VA_CANARY,
			    DATA_SIZE, 0));
	for (round = 0; round < 4; round++) {
		for (i = 0; i < 4; i++) {
			s = stream_begin(&self->other, DRM_APU_ENGINE_EDMA);
			emit_region(&s, R_DATA, VA_CANARY, DATA_SIZE);
			emit_copy(&s, REF(APU_REGION_L1, 0), REF(R_DATA, 0), 64 * KIB);
			emit_copy(&s, REF(R_DATA, DATA_SIZE / 2), REF(R_DATA, 0), DATA_SIZE / 2);
			stream = stream_end(&s);
			ASSERT_EQ(0, submit_stream(&self->other, &stream, &seqno));
		}
		if (round >= 2)
			EXPECT_EQ(0, job_wait(&self->other, self->other.ctx, seqno));
		hang_until_reset(_metadata, self, round % 2);
		ASSERT_EQ(0, read_dump(self->data, &self->bytes));
		check_header(_metadata, self);
		EXPECT_FALSE(contains(self->data, self->bytes, &va, sizeof(va)));
		EXPECT_FALSE(contains(self->data, self->bytes, &canary, sizeof(canary)));
		EXPECT_FALSE(contains(self->data, self->bytes, &(uint32_t) { (uint32_t)va }, 4));
		EXPECT_EQ(0, job_wait(&self->other, self->other.ctx, seqno));
		ASSERT_EQ(0, forget_dump());
	}
}

/* One at a time: the second failure does not take the place of the first. */
TEST_F(dump, the_first_is_kept)
{
	uint64_t first, second, at, bytes;
	const struct apu_dump_job *job;
	uint64_t timeline;

	ASSERT_EQ(0, fail_in_a_call(&self->c, 0x600000000, &first, &at));
	EXPECT_EQ(-EFAULT, job_wait(&self->c, self->c.ctx, first));
	ASSERT_EQ(0, read_dump(self->data, &self->bytes));
	job = section(self, APU_DUMP_JOB, 0, &bytes);
	ASSERT_NE(NULL, job);
	timeline = job->timeline;
	ASSERT_EQ(0, ctx_create(self->c.fd, self->c.vm, &self->c.ctx));
	ASSERT_EQ(0, fail_in_a_call(&self->c, 0x600000000, &second, &at));
	EXPECT_EQ(-EFAULT, job_wait(&self->c, self->c.ctx, second));
	ASSERT_EQ(0, read_dump(self->data, &self->bytes));
	job = section(self, APU_DUMP_JOB, 0, &bytes);
	ASSERT_NE(NULL, job);
	EXPECT_EQ(timeline, job->timeline);
}

/* Where the engine is that stands still is in the registers. */
TEST_F(dump, of_a_hang)
{
	const char *why = fault_port_open();
	const struct apu_dump_job *job;
	const struct apu_dump_reg *regs;
	struct drm_apu_stream streams[GANG_MAX_STREAMS];
	long watchdog, grace;
	uint64_t seqno, bytes, i, lo = 0;

	if (why)
		SKIP(return, "%s", why);
	ASSERT_EQ(0, fault_set("on=command,engine=mvpu0,after=1,do=freeze"));
	watchdog = fault_param("apu/watchdog_ms", 4);
	grace = fault_param("apu/hang_grace_ms", 4);
	EXPECT_EQ(0, gang_submit_class(&self->c, DRM_APU_ENGINE_MVPU, 1, 1000, streams, &seqno));
	EXPECT_EQ(-ETIME, job_wait(&self->c, self->c.ctx, seqno));
	EXPECT_LT(0, fault_param("apu/watchdog_ms", watchdog));
	EXPECT_LT(0, fault_param("apu/hang_grace_ms", grace));
	ASSERT_EQ(0, read_dump(self->data, &self->bytes));
	job = section(self, APU_DUMP_JOB, 0, &bytes);
	ASSERT_NE(NULL, job);
	EXPECT_EQ(APU_DUMP_JOB_HUNG, job->flags);
	regs = section(self, APU_DUMP_REGS, 0, &bytes);
	ASSERT_NE(NULL, regs);
	for (i = 0; i < bytes / sizeof(*regs); i++)
		if (regs[i].block != APU_DUMP_BLOCK_TOP && regs[i].offset == 0x18)
			lo = regs[i].value;
	/* The last command that was started: the one before. */
	EXPECT_EQ(streams[0].va, lo);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces: what is mapped is what jobs see, from the moment a bind returns.
 */

#include "apu_test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "apu_harness.h"

#define VA_TEST 0x40000000ull
#define SHMEM_ENABLED "/sys/kernel/mm/transparent_hugepage/shmem_enabled"

FIXTURE(vm) {
	struct client c;
	uint8_t *data;
};

FIXTURE_SETUP(vm)
{
	ASSERT_EQ(0, client_open(&self->c));
	self->data = self->c.data.map;
}

FIXTURE_TEARDOWN(vm)
{
	client_close(&self->c);
}

/* Runs a job that fills @bytes at address @va; returns what its fence says. */
static int fill_va(struct client *c, uint64_t va, uint8_t value, uint32_t bytes)
{
	struct stream s = stream_begin(c, DRM_APU_ENGINE_EDMA);
	struct drm_apu_stream stream;
	uint64_t seqno;
	int ret;

	emit_region(&s, R_DATA, va, bytes);
	emit_fill(&s, REF(R_DATA, 0), value, bytes);
	stream = stream_end(&s);

	ret = submit_stream(c, &stream, &seqno);

	return ret ? ret : job_wait(c, c->ctx, seqno);
}

TEST_F(vm, one_buffer_at_two_addresses)
{
	ASSERT_EQ(0, vm_map(self->c.fd, self->c.vm, self->c.data.handle, 8192, VA_TEST, 4096, 0));
	ASSERT_EQ(0, fill_va(&self->c, VA_TEST, 0x12, 16));
	EXPECT_EQ(0x12, self->data[8192]);
	EXPECT_EQ(0x12, self->data[8192 + 15]);
	EXPECT_EQ(0, self->data[8192 + 16]);
}

TEST_F(vm, unmapped_at_once)
{
	struct drm_apu_ctx_get_state state;

	/* The translation is in the TLB, and TOP on, when it goes. */
	ASSERT_EQ(0, vm_map(self->c.fd, self->c.vm, self->c.data.handle, 0, VA_TEST, 8192, 0));
	ASSERT_EQ(0, fill_va(&self->c, VA_TEST, 1, 8192));
	ASSERT_EQ(0, vm_unmap(self->c.fd, self->c.vm, VA_TEST + 4096, 4096));

	EXPECT_EQ(0, fill_va(&self->c, VA_TEST, 2, 4096));
	EXPECT_EQ(-EFAULT, fill_va(&self->c, VA_TEST + 4096, 3, 16));
	EXPECT_EQ(1, self->data[4096]);
	ASSERT_EQ(0, ctx_state(self->c.fd, self->c.ctx, &state));
	EXPECT_EQ(VA_TEST + 4096, state.fault_va);
}

TEST_F(vm, unmapping_a_hole_is_fine)
{
	EXPECT_EQ(0, vm_unmap(self->c.fd, self->c.vm, VA_TEST, 1ull << 32));
}

TEST_F(vm, mapping_replaces_what_was_there)
{
	struct bo bo;
	uint8_t *map;
	int i;

	ASSERT_EQ(0, bo_create(self->c.fd, 64 * KIB, 0, &bo));
	map = bo.map;
	ASSERT_EQ(0, vm_map(self->c.fd, self->c.vm, self->c.data.handle, 0, VA_TEST, 64 * KIB, 0));
	ASSERT_EQ(0, fill_va(&self->c, VA_TEST, 1, 64 * KIB));

	/* Into the middle, over an end, and all. */
	ASSERT_EQ(0, vm_map(self->c.fd, self->c.vm, bo.handle, 0, VA_TEST + 8192, 4096, 0));
	ASSERT_EQ(0, vm_map(self->c.fd, self->c.vm, bo.handle, 4096, VA_TEST + 60 * KIB,
			    8192, 0));
	ASSERT_EQ(0, fill_va(&self->c, VA_TEST, 2, 68 * KIB));
	for (i = 0; i < 64; i += 4)
		EXPECT_EQ(i == 8 || i == 60 ? 1 : 2, self->data[i * KIB]);
	EXPECT_EQ(2, map[0]);
	EXPECT_EQ(2, map[4096]);
	EXPECT_EQ(2, map[8192 + 4095]);
	EXPECT_EQ(0, map[12288]);

	ASSERT_EQ(0, vm_map(self->c.fd, self->c.vm, bo.handle, 0, VA_TEST, 64 * KIB, 0));
	ASSERT_EQ(0, fill_va(&self->c, VA_TEST, 3, 68 * KIB));
	EXPECT_EQ(3, map[12288]);
	EXPECT_EQ(3, map[8192 + 4095]);
	EXPECT_EQ(2, self->data[0]);
	bo_destroy(self->c.fd, &bo);
}

TEST_F(vm, a_mapping_keeps_its_buffer)
{
	struct bo bo;

	ASSERT_EQ(0, bo_create(self->c.fd, 64 * KIB, 0, &bo));
	ASSERT_EQ(0, vm_map(self->c.fd, self->c.vm, bo.handle, 0, VA_TEST, 64 * KIB, 0));
	bo_destroy(self->c.fd, &bo);
	EXPECT_EQ(0, fill_va(&self->c, VA_TEST, 1, 64 * KIB));
}

TEST_F(vm, a_context_keeps_its_address_space)
{
	struct drm_apu_vm_destroy destroy = { .id = self->c.vm };

	ASSERT_EQ(0, apu_ioctl(self->c.fd, DRM_IOCTL_APU_VM_DESTROY, &destroy));
	EXPECT_EQ(0, fill_va(&self->c, VA_DATA, 0x21, 16));
	EXPECT_EQ(0x21, self->data[0]);
	EXPECT_EQ(-ENOENT, vm_unmap(self->c.fd, self->c.vm, VA_DATA, 4096));
}

TEST_F(vm, exclusive_buffer_in_another_address_space)
{
	uint32_t vm;

	ASSERT_EQ(0, vm_create(self->c.fd, &vm));
	EXPECT_EQ(-EINVAL, vm_map(self->c.fd, vm, self->c.cmd.handle, 0, VA_TEST, 4096, 0));
	EXPECT_EQ(0, vm_map(self->c.fd, vm, self->c.data.handle, 0, VA_TEST, 4096, 0));
}

/* The same address means different buffers in two address spaces of one client. */
TEST_F(vm, two_address_spaces)
{
	struct bo bo;
	uint8_t *map;
	uint32_t vm;

	ASSERT_EQ(0, vm_create(self->c.fd, &vm));
	ASSERT_EQ(0, bo_create(self->c.fd, 4096, vm, &bo));
	map = bo.map;
	ASSERT_EQ(0, vm_map(self->c.fd, vm, bo.handle, 0, VA_TEST, 4096, 0));
	ASSERT_EQ(0, vm_map(self->c.fd, self->c.vm, self->c.data.handle, 0, VA_TEST, 4096, 0));
	ASSERT_EQ(0, fill_va(&self->c, VA_TEST, 0x31, 16));
	EXPECT_EQ(0x31, self->data[0]);
	EXPECT_EQ(0, map[0]);

	/* The commands are needed there too, and are exclusive: copy them. */
	ASSERT_EQ(0, bo_create(self->c.fd, CMD_SIZE, vm, &self->c.cmd));
	self->c.cmd_used = 0;
	ASSERT_EQ(0, vm_map(self->c.fd, vm, self->c.cmd.handle, 0, VA_CMD, CMD_SIZE, 0));
	ASSERT_EQ(0, ctx_create(self->c.fd, vm, &self->c.ctx));
	ASSERT_EQ(0, fill_va(&self->c, VA_TEST, 0x32, 16));
	EXPECT_EQ(0x31, self->data[0]);
	EXPECT_EQ(0x32, map[0]);
}

static long available_mib(void)
{
	char line[128];
	long kib = 0;
	FILE *f = fopen("/proc/meminfo", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %ld", &kib) == 1)
			break;
	if (f)
		fclose(f);

	return kib / 1024;
}

/* A buffer mapped in thousands of address spaces, all of which jobs use. */
TEST_F_TIMEOUT(vm, thousands, 300)
{
	enum { VMS = 3000 };
	struct client *c = &self->c;
	uint32_t vms[VMS], ctx;
	int i;

	for (i = 0; i < VMS; i++) {
		ASSERT_EQ(0, vm_create(c->fd, &vms[i]));
		ASSERT_EQ(0, vm_map(c->fd, vms[i], c->data.handle, i % 256 * 4096, VA_TEST, 4096,
				    0));
	}

	/* Commands that all can use. */
	ASSERT_EQ(0, bo_create(c->fd, CMD_SIZE, 0, &c->cmd));
	for (i = 0; i < VMS; i += 10) {
		ASSERT_EQ(0, vm_map(c->fd, vms[i], c->cmd.handle, 0, VA_CMD, CMD_SIZE, 0));
		ASSERT_EQ(0, ctx_create(c->fd, vms[i], &ctx));
		c->ctx = ctx;
		c->cmd_used = 0;
		ASSERT_EQ(0, fill_va(c, VA_TEST, 1 + i % 251, 16));
		EXPECT_EQ(1 + i % 251, self->data[i % 256 * 4096]);
		ASSERT_EQ(0, ctx_destroy(c->fd, ctx));
	}
	for (i = 0; i < VMS; i++)
		ASSERT_EQ(0, vm_destroy(c->fd, vms[i]));
}

/* As many as the hardware has ids for, and they come back. */
TEST_F_TIMEOUT(vm, as_many_as_there_are_ids, 600)
{
	enum { FDS = 17 };
	int fds[FDS], i, ret = 0;
	unsigned int vms = 0;
	uint32_t vm;

	/* Some 6 KiB each, and more where memory is checked: for that, give it more. */
	if (available_mib() < 750)
		SKIP(return, "needs 750 MiB of memory, there are %ld", available_mib());

	for (i = 0;; i++) {
		ASSERT_GT(FDS, i);
		fds[i] = apu_open();
		ASSERT_LE(0, fds[i]);
		while (!(ret = vm_create(fds[i], &vm)))
			vms++;
		if (ret != -EBUSY)
			break;
	}
	EXPECT_ERRNO(VM_CREATE, ENOSPC, ret);
	/* All 16 bits but zero, and that of the fixture. */
	EXPECT_EQ(65534, vms);

	close(fds[0]);
	EXPECT_EQ(0, vm_create(fds[i], &vm));
	for (; i > 0; i--)
		close(fds[i]);
}

/* An address-space id that was used before has no translations left. */
TEST_F(vm, ids_are_clean_when_they_are_used_again)
{
	struct client c;
	uint8_t *map;
	int i;

	for (i = 0; i < 20; i++) {
		ASSERT_EQ(0, client_open(&c));
		map = c.data.map;
		EXPECT_EQ(0, map[0]);
		EXPECT_EQ(0, fill_va(&c, VA_DATA, 0x70 + i, DATA_SIZE));
		EXPECT_EQ(0x70 + i, map[0]);
		EXPECT_EQ(0x70 + i, map[DATA_SIZE - 1]);
		client_close(&c);
	}
	EXPECT_EQ(0, self->data[0]);
}

/* Huge pages, that the driver maps by blocks of 2 MiB. */

FIXTURE(block) {
	struct client c;
	struct bo bo;
	uint8_t *map;
};

FIXTURE_SETUP(block)
{
	ASSERT_EQ(0, client_open(&self->c));
	if (write_file(SHMEM_ENABLED, "force"))
		SKIP(return, "no huge pages for shared memory in this kernel");
	ASSERT_EQ(0, bo_create(self->c.fd, 4 * MIB, 0, &self->bo));
	ASSERT_EQ(0, write_file(SHMEM_ENABLED, "never"));
	self->map = self->bo.map;
	ASSERT_EQ(0, vm_map(self->c.fd, self->c.vm, self->bo.handle, 0, VA_TEST, 4 * MIB, 0));
}

FIXTURE_TEARDOWN(block)
{
	client_close(&self->c);
}

TEST_F(block, whole)
{
	ASSERT_EQ(0, fill_va(&self->c, VA_TEST, 0x51, 4 * MIB));
	EXPECT_EQ(0x51, self->map[0]);
	EXPECT_EQ(0x51, self->map[2 * MIB - 1]);
	EXPECT_EQ(0x51, self->map[4 * MIB - 1]);
	EXPECT_EQ(0, vm_unmap(self->c.fd, self->c.vm, VA_TEST, 4 * MIB));
	EXPECT_EQ(-EFAULT, fill_va(&self->c, VA_TEST + 2 * MIB, 0, 1));
}

TEST_F(block, a_page_in_the_middle_goes)
{
	const uint64_t hole = 1 * MIB;

	ASSERT_EQ(0, fill_va(&self->c, VA_TEST, 1, 4 * MIB));
	ASSERT_EQ(0, vm_unmap(self->c.fd, self->c.vm, VA_TEST + hole, 4096));
	EXPECT_EQ(0, fill_va(&self->c, VA_TEST, 2, hole));
	EXPECT_EQ(0, fill_va(&self->c, VA_TEST + hole + 4096, 3, 3 * MIB - 4096));
	EXPECT_EQ(2, self->map[0]);
	EXPECT_EQ(2, self->map[hole - 1]);
	EXPECT_EQ(1, self->map[hole]);
	EXPECT_EQ(3, self->map[hole + 4096]);
	EXPECT_EQ(3, self->map[4 * MIB - 1]);
	EXPECT_EQ(-EFAULT, fill_va(&self->c, VA_TEST + hole, 4, 1));
}

TEST_F(block, the_end_of_one_and_the_start_of_the_next_go)
{
	ASSERT_EQ(0, fill_va(&self->c, VA_TEST, 1, 4 * MIB));
	ASSERT_EQ(0, vm_unmap(self->c.fd, self->c.vm, VA_TEST + 2 * MIB - 8192, 16384));
	EXPECT_EQ(0, fill_va(&self->c, VA_TEST, 2, 2 * MIB - 8192));
	EXPECT_EQ(0, fill_va(&self->c, VA_TEST + 2 * MIB + 8192, 3, 2 * MIB - 8192));
	EXPECT_EQ(2, self->map[2 * MIB - 8193]);
	EXPECT_EQ(1, self->map[2 * MIB]);
	EXPECT_EQ(3, self->map[2 * MIB + 8192]);
	EXPECT_EQ(-EFAULT, fill_va(&self->c, VA_TEST + 2 * MIB - 8, 4, 8));
}

/* Jobs in the rest of a block do not notice that it is taken apart. */
TEST_F(block, jobs_run_while_it_is_taken_apart)
{
	enum { BLOCKS = 16, ROUNDS = 100 };
	struct stream s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	struct drm_apu_job_stats stats;
	struct drm_apu_stream stream;
	uint64_t seqno;
	struct bo bo;
	int i;

	ASSERT_EQ(0, write_file(SHMEM_ENABLED, "force"));
	ASSERT_EQ(0, bo_create(self->c.fd, BLOCKS * 2 * MIB, 0, &bo));
	ASSERT_EQ(0, write_file(SHMEM_ENABLED, "never"));
	ASSERT_EQ(0, vm_map(self->c.fd, self->c.vm, bo.handle, 0, VA_TEST, bo.size, 0));

	/* The first half of every block, over and over. */
	emit_region(&s, R_DATA, VA_TEST, bo.size);
	for (i = 0; i < BLOCKS * ROUNDS; i++)
		emit_fill(&s, REF(R_DATA, i % BLOCKS * 2 * MIB), 1 + i / BLOCKS, 1 * MIB);
	stream = stream_end(&s);
	ASSERT_EQ(0, submit_stream(&self->c, &stream, &seqno));

	/* Meanwhile a page of every second half goes. */
	for (i = 0; i < BLOCKS; i++)
		ASSERT_EQ(0, vm_unmap(self->c.fd, self->c.vm,
				      VA_TEST + i * 2 * MIB + 1 * MIB, 4096));
	EXPECT_ERRNO(JOB_STATS, EAGAIN, job_stats(self->c.fd, self->c.ctx, seqno, &stats));

	EXPECT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
	for (i = 0; i < BLOCKS; i++) {
		EXPECT_EQ(ROUNDS, ((uint8_t *)bo.map)[i * 2 * MIB]);
		EXPECT_EQ(ROUNDS, ((uint8_t *)bo.map)[i * 2 * MIB + MIB - 1]);
	}
	bo_destroy(self->c.fd, &bo);
}

/* In a process of its own: jobs that do nothing. Returns the process, or -1. */
static pid_t submit_many(struct client *c, const struct drm_apu_stream *stream, int count)
{
	uint64_t seqno;
	pid_t pid = fork();
	int ret = 0;

	if (pid)
		return pid;
	while (!ret && count--) {
		ret = submit_stream(c, stream, &seqno);
		if (!ret)
			ret = job_wait(c, c->ctx, seqno);
	}
	_exit(ret ? 1 : 0);
}

/*
 * Submission goes through the buffers that are mapped and locks them, while the same client
 * unmaps them for good. Nothing may fail; a kernel with lockdep sees the order of locks too.
 */
TEST_F_TIMEOUT(vm, submits_while_buffers_come_and_go, 300)
{
	enum { BUFFERS = 4, PROCESSES = 2, JOBS = 60 };
	struct stream s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	const struct drm_apu_stream stream = stream_end(&s);
	struct bo bos[BUFFERS];
	int i, status, left = PROCESSES;
	pid_t pids[PROCESSES];

	for (i = 0; i < BUFFERS; i++)
		ASSERT_EQ(0, bo_create(self->c.fd, 4096, 0, &bos[i]));
	for (i = 0; i < PROCESSES; i++) {
		pids[i] = submit_many(&self->c, &stream, JOBS);
		ASSERT_LT(0, pids[i]);
	}
	while (left) {
		for (i = 0; i < BUFFERS; i++)
			EXPECT_EQ(0, vm_map(self->c.fd, self->c.vm, bos[i].handle, 0,
					    VA_TEST + i * 4096, 4096, 0));
		EXPECT_EQ(0, vm_unmap(self->c.fd, self->c.vm, VA_TEST, BUFFERS * 4096));
		for (i = 0; i < PROCESSES; i++) {
			if (pids[i] < 0 || waitpid(pids[i], &status, WNOHANG) != pids[i])
				continue;
			EXPECT_EQ(0, status);
			pids[i] = -1;
			left--;
		}
	}
	for (i = 0; i < BUFFERS; i++)
		bo_destroy(self->c.fd, &bos[i]);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asynchronous binds: when they run, in which order, and that what they signal does
 * signal, whatever becomes of the address space, the client and the device.
 */

#include "apu_test.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "apu_harness.h"

#define VA_TEST 0x40000000ull
#define SHMEM_ENABLED "/sys/kernel/mm/transparent_hugepage/shmem_enabled"
#define DRIVER "/sys/bus/platform/drivers/apu"
#define WAIT_MS ((int)(WAIT_NS / 1000000))

FIXTURE(bind) {
	struct client c;
	uint8_t *data;
	int timeline;
	/* A fence that signals when the timeline is advanced, and an empty syncobj. */
	uint32_t gate;
	uint32_t out;
};

FIXTURE_SETUP(bind)
{
	ASSERT_EQ(0, client_open(&self->c));
	self->data = self->c.data.map;
	self->timeline = gate_open();
	if (self->timeline < 0)
		SKIP(return, "no sw_sync in this kernel");
	self->gate = gate_syncobj(self->c.fd, self->timeline, 1);
	ASSERT_NE(0, self->gate);
	self->out = syncobj_create(self->c.fd);
	ASSERT_NE(0, self->out);
}

FIXTURE_TEARDOWN(bind)
{
	if (self->timeline >= 0)
		close(self->timeline);
	client_close(&self->c);
}

static struct drm_apu_vm_bind_op map_op(uint32_t handle, uint64_t offset, uint64_t va,
					uint64_t size)
{
	return (struct drm_apu_vm_bind_op) {
		.op = DRM_APU_VM_BIND_OP_MAP,
		.bo_handle = handle,
		.bo_offset = offset,
		.va = va,
		.size = size,
	};
}

static struct drm_apu_vm_bind_op unmap_op(uint64_t va, uint64_t size)
{
	return (struct drm_apu_vm_bind_op) {
		.op = DRM_APU_VM_BIND_OP_UNMAP,
		.va = va,
		.size = size,
	};
}

static int bind_ops(struct client *c, const struct drm_apu_vm_bind_op *ops, uint32_t num_ops,
		    const struct drm_apu_sync_op *syncs, uint32_t num_syncs)
{
	struct drm_apu_vm_bind args = {
		.vm_id = c->vm,
		.flags = DRM_APU_VM_BIND_ASYNC,
		.ops = DRM_APU_OBJ_ARRAY(num_ops, ops),
		.syncs = DRM_APU_OBJ_ARRAY(num_syncs, syncs),
	};

	return apu_ioctl(c->fd, DRM_IOCTL_APU_VM_BIND, &args);
}

/* Queues one operation, behind the fence of @in and with one for @out, if not 0. */
static int bind_op(struct client *c, struct drm_apu_vm_bind_op op, uint32_t in, uint32_t out)
{
	struct drm_apu_sync_op syncs[2];
	uint32_t n = 0;

	if (in)
		syncs[n++] = (struct drm_apu_sync_op) { 0, in, 0 };
	if (out)
		syncs[n++] = (struct drm_apu_sync_op) { DRM_APU_SYNC_OP_SIGNAL, out, 0 };

	return bind_ops(c, &op, 1, syncs, n);
}

/* Queues a job that fills @bytes at @va, with these syncobjs. */
static int submit_fill(struct client *c, uint64_t va, uint8_t value, uint32_t bytes,
		       const struct drm_apu_sync_op *syncs, uint32_t num_syncs, uint64_t *seqno)
{
	struct stream s = stream_begin(c, DRM_APU_ENGINE_EDMA);
	struct drm_apu_bo_ref ref = { c->data.handle, DRM_APU_BO_REF_WRITE };
	struct drm_apu_stream stream;
	struct drm_apu_job job = {
		.streams = DRM_APU_OBJ_ARRAY(1, &stream),
		.syncs = DRM_APU_OBJ_ARRAY(num_syncs, syncs),
		.bos = DRM_APU_OBJ_ARRAY(1, &ref),
	};

	emit_region(&s, R_DATA, va, bytes);
	emit_fill(&s, REF(R_DATA, 0), value, bytes);
	stream = stream_end(&s);

	return submit(c, &job, 1, seqno);
}

/* Runs one such job to its end and returns what its fence says. */
static int fill_va(struct client *c, uint64_t va, uint8_t value, uint32_t bytes)
{
	uint64_t seqno;
	int ret = submit_fill(c, va, value, bytes, NULL, 0, &seqno);

	return ret ? ret : job_wait(c, c->ctx, seqno);
}

static bool is_pending(struct client *c, uint32_t sync)
{
	return syncobj_wait(c->fd, sync, 0, 0) == -ETIME;
}

/* Until all that is queued in the client's address space is done; room must come. */
static int vm_wait_queue(struct client *c, uint32_t out)
{
	struct drm_apu_sync_op signal = { DRM_APU_SYNC_OP_SIGNAL, out, 0 };
	int64_t end = now_ns() + WAIT_NS;
	int ret;

	do {
		ret = bind_ops(c, NULL, 0, &signal, 1);
	} while (ret == -EBUSY && now_ns() < end);

	return ret ? ret : syncobj_wait(c->fd, out, 0, end);
}

TEST_F(bind, a_job_waits_for_a_map)
{
	struct drm_apu_sync_op wait = { 0, self->out, 0 };
	uint64_t seqno;

	ASSERT_EQ(0, bind_op(&self->c, map_op(self->c.data.handle, 8192, VA_TEST, 4096),
			     self->gate, self->out));
	ASSERT_EQ(0, submit_fill(&self->c, VA_TEST, 0x11, 16, &wait, 1, &seqno));
	EXPECT_TRUE(is_pending(&self->c, self->out));
	ASSERT_EQ(0, gate_advance(self->timeline, 1));

	EXPECT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
	EXPECT_EQ(0x11, self->data[8192]);
	EXPECT_EQ(0, syncobj_wait(self->c.fd, self->out, 0, now_ns() + WAIT_NS));
}

TEST_F(bind, nothing_is_mapped_before_the_fence_signals)
{
	ASSERT_EQ(0, bind_op(&self->c, map_op(self->c.data.handle, 0, VA_TEST, 4096),
			     self->gate, self->out));
	EXPECT_EQ(-EFAULT, fill_va(&self->c, VA_TEST, 1, 16));
	EXPECT_TRUE(is_pending(&self->c, self->out));
	EXPECT_EQ(0, self->data[0]);

	/* The context is dead now, the bind is not. */
	ASSERT_EQ(0, gate_advance(self->timeline, 1));
	EXPECT_EQ(0, syncobj_wait(self->c.fd, self->out, 0, now_ns() + WAIT_NS));
	ASSERT_EQ(0, ctx_create(self->c.fd, self->c.vm, &self->c.ctx));
	EXPECT_EQ(0, fill_va(&self->c, VA_TEST, 2, 16));
	EXPECT_EQ(2, self->data[0]);
}

TEST_F(bind, binds_of_an_address_space_run_in_order)
{
	uint32_t second = syncobj_create(self->c.fd), third = syncobj_create(self->c.fd);

	/* Only the first waits for something else. */
	ASSERT_EQ(0, bind_op(&self->c, map_op(self->c.data.handle, 0, VA_TEST, 8192),
			     self->gate, self->out));
	ASSERT_EQ(0, bind_op(&self->c, unmap_op(VA_TEST + 4096, 4096), 0, second));
	ASSERT_EQ(0, bind_op(&self->c, map_op(self->c.data.handle, 64 * KIB, VA_TEST, 4096),
			     0, third));
	EXPECT_TRUE(is_pending(&self->c, self->out));
	EXPECT_TRUE(is_pending(&self->c, second));
	EXPECT_TRUE(is_pending(&self->c, third));

	ASSERT_EQ(0, gate_advance(self->timeline, 1));
	ASSERT_EQ(0, syncobj_wait(self->c.fd, third, 0, now_ns() + WAIT_NS));
	/* The last one in the queue signals last. */
	EXPECT_EQ(0, syncobj_wait(self->c.fd, second, 0, 0));
	EXPECT_EQ(0, syncobj_wait(self->c.fd, self->out, 0, 0));

	EXPECT_EQ(0, fill_va(&self->c, VA_TEST, 3, 16));
	EXPECT_EQ(0, self->data[0]);
	EXPECT_EQ(3, self->data[64 * KIB]);
	EXPECT_EQ(-EFAULT, fill_va(&self->c, VA_TEST + 4096, 4, 16));
}

TEST_F(bind, address_spaces_do_not_wait_for_each_other)
{
	struct client other;
	uint32_t out;

	ASSERT_EQ(0, client_open(&other));
	out = syncobj_create(other.fd);
	ASSERT_EQ(0, bind_op(&self->c, map_op(self->c.data.handle, 0, VA_TEST, 4096),
			     self->gate, self->out));
	ASSERT_EQ(0, bind_op(&other, map_op(other.data.handle, 0, VA_TEST, 4096), 0, out));
	EXPECT_EQ(0, syncobj_wait(other.fd, out, 0, now_ns() + WAIT_NS));
	EXPECT_TRUE(is_pending(&self->c, self->out));
	client_close(&other);
}

TEST_F(bind, synchronous_ones_do_not_queue)
{
	ASSERT_EQ(0, bind_op(&self->c, unmap_op(VA_TEST, 4096), self->gate, self->out));
	ASSERT_EQ(0, vm_map(self->c.fd, self->c.vm, self->c.data.handle, 0, VA_TEST, 4096, 0));
	EXPECT_EQ(0, fill_va(&self->c, VA_TEST, 5, 16));
	EXPECT_TRUE(is_pending(&self->c, self->out));

	ASSERT_EQ(0, gate_advance(self->timeline, 1));
	ASSERT_EQ(0, syncobj_wait(self->c.fd, self->out, 0, now_ns() + WAIT_NS));
	EXPECT_EQ(-EFAULT, fill_va(&self->c, VA_TEST, 6, 16));
	EXPECT_EQ(5, self->data[0]);
}

/* Map, job, unmap: all queued before the first can run, by points of one timeline. */
TEST_F(bind, a_timeline_of_binds_and_jobs)
{
	const uint32_t signal = DRM_APU_SYNC_OP_SIGNAL | DRM_APU_SYNC_OP_TIMELINE;
	const uint64_t point = 7ull << 32;
	struct drm_apu_sync_op syncs[] = {
		{ 0, self->gate, 0 },
		{ signal, self->out, point },
		{ DRM_APU_SYNC_OP_TIMELINE, self->out, point },
		{ signal, self->out, point + 1 },
		{ DRM_APU_SYNC_OP_TIMELINE, self->out, point + 1 },
		{ signal, self->out, point + 2 },
	};
	struct drm_apu_vm_bind_op map = map_op(self->c.data.handle, 0, VA_TEST, 64 * KIB);
	struct drm_apu_vm_bind_op unmap = unmap_op(VA_TEST, 64 * KIB);
	uint64_t seqno;

	/* Nobody has promised the point yet. */
	EXPECT_EQ(-EINVAL, bind_ops(&self->c, &unmap, 1, &syncs[4], 2));

	ASSERT_EQ(0, bind_ops(&self->c, &map, 1, &syncs[0], 2));
	ASSERT_EQ(0, submit_fill(&self->c, VA_TEST, 0x22, 64 * KIB, &syncs[2], 2, &seqno));
	ASSERT_EQ(0, bind_ops(&self->c, &unmap, 1, &syncs[4], 2));
	EXPECT_EQ(-ETIME, syncobj_wait(self->c.fd, self->out, point, 0));

	ASSERT_EQ(0, gate_advance(self->timeline, 1));
	ASSERT_EQ(0, syncobj_wait(self->c.fd, self->out, point + 2, now_ns() + WAIT_NS));
	EXPECT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
	EXPECT_EQ(0x22, self->data[0]);
	EXPECT_EQ(0x22, self->data[64 * KIB - 1]);
	EXPECT_EQ(-EFAULT, fill_va(&self->c, VA_TEST, 6, 16));
}

TEST_F(bind, all_operations_or_none)
{
	struct drm_apu_vm_bind_op ops[3] = {
		map_op(self->c.data.handle, 0, VA_TEST, 4096),
		unmap_op(VA_DATA, DATA_SIZE),
		map_op(77, 0, VA_TEST, 4096),
	};
	struct drm_apu_vm_bind args = { .vm_id = self->c.vm, .ops = DRM_APU_OBJ_ARRAY(3, ops) };

	EXPECT_EQ(-ENOENT, apu_ioctl(self->c.fd, DRM_IOCTL_APU_VM_BIND, &args));
	EXPECT_EQ(2, args.fail_index);
	EXPECT_EQ(0, fill_va(&self->c, VA_DATA, 7, 16));
	EXPECT_EQ(-ENOENT, bind_ops(&self->c, ops, 3, NULL, 0));
	EXPECT_EQ(0, fill_va(&self->c, VA_DATA, 7, 16));
	EXPECT_EQ(-EFAULT, fill_va(&self->c, VA_TEST, 7, 16));
}

TEST_F(bind, no_operations_are_a_barrier)
{
	struct drm_apu_sync_op signal = { DRM_APU_SYNC_OP_SIGNAL, self->out, 0 };

	ASSERT_EQ(0, bind_op(&self->c, unmap_op(VA_TEST, 4096), self->gate, 0));
	ASSERT_EQ(0, bind_ops(&self->c, NULL, 0, &signal, 1));
	EXPECT_TRUE(is_pending(&self->c, self->out));
	ASSERT_EQ(0, gate_advance(self->timeline, 1));
	EXPECT_EQ(0, syncobj_wait(self->c.fd, self->out, 0, now_ns() + WAIT_NS));
}

TEST_F(bind, a_queued_bind_keeps_its_buffer)
{
	struct bo bo;

	ASSERT_EQ(0, bo_create(self->c.fd, 64 * KIB, 0, &bo));
	ASSERT_EQ(0, bind_op(&self->c, map_op(bo.handle, 0, VA_TEST, 64 * KIB), self->gate,
			     self->out));
	bo_destroy(self->c.fd, &bo);
	ASSERT_EQ(0, gate_advance(self->timeline, 1));
	ASSERT_EQ(0, syncobj_wait(self->c.fd, self->out, 0, now_ns() + WAIT_NS));
	EXPECT_EQ(0, fill_va(&self->c, VA_TEST, 1, 64 * KIB));
}

TEST_F(bind, runs_after_its_address_space_was_destroyed)
{
	ASSERT_EQ(0, bind_op(&self->c, map_op(self->c.data.handle, 4096, VA_TEST, 4096),
			     self->gate, self->out));
	ASSERT_EQ(0, vm_destroy(self->c.fd, self->c.vm));
	EXPECT_TRUE(is_pending(&self->c, self->out));
	ASSERT_EQ(0, gate_advance(self->timeline, 1));
	EXPECT_EQ(0, syncobj_wait(self->c.fd, self->out, 0, now_ns() + WAIT_NS));
	/* The context has kept it. */
	EXPECT_EQ(0, fill_va(&self->c, VA_TEST, 8, 16));
	EXPECT_EQ(8, self->data[4096]);
}

TEST_F(bind, runs_without_anybody_left)
{
	int file;

	ASSERT_EQ(0, ctx_destroy(self->c.fd, self->c.ctx));
	ASSERT_EQ(0, bind_op(&self->c, map_op(self->c.data.handle, 0, VA_TEST, 4096),
			     self->gate, self->out));
	file = syncobj_to_sync_file(self->c.fd, self->out);
	ASSERT_LE(0, file);
	client_close(&self->c);
	EXPECT_EQ(0, sync_file_wait(file, 0));
	ASSERT_EQ(0, gate_advance(self->timeline, 1));
	EXPECT_EQ(1, sync_file_wait(file, WAIT_MS));
	close(file);
	ASSERT_EQ(0, client_open(&self->c));
}

/* A fence that fails is a fence that has signalled. */
TEST_F(bind, runs_after_a_fence_that_failed)
{
	ASSERT_EQ(0, bind_op(&self->c, map_op(self->c.data.handle, 0, VA_TEST, 4096),
			     self->gate, self->out));
	close(self->timeline);
	self->timeline = -1;
	ASSERT_EQ(0, syncobj_wait(self->c.fd, self->out, 0, now_ns() + WAIT_NS));
	EXPECT_EQ(0, fill_va(&self->c, VA_TEST, 9, 16));
	EXPECT_EQ(9, self->data[0]);
}

TEST_F(bind, ends_when_the_device_goes)
{
	char name[NAME_MAX + 1] = "";
	struct dirent *e;
	DIR *dir;
	int file;

	dir = opendir(DRIVER);
	ASSERT_NE(NULL, dir);
	while ((e = readdir(dir)))
		if (strstr(e->d_name, ".apu"))
			snprintf(name, sizeof(name), "%s", e->d_name);
	closedir(dir);
	ASSERT_NE(0, name[0]);

	ASSERT_EQ(0, bind_op(&self->c, map_op(self->c.data.handle, 0, VA_TEST, 4096),
			     self->gate, self->out));
	file = syncobj_to_sync_file(self->c.fd, self->out);
	ASSERT_LE(0, file);
	ASSERT_EQ(0, write_file(DRIVER "/unbind", name));
	EXPECT_EQ(0, sync_file_wait(file, 0));
	ASSERT_EQ(0, gate_advance(self->timeline, 1));
	EXPECT_EQ(-ENODEV, sync_file_wait(file, WAIT_MS));
	EXPECT_EQ(-ENODEV, bind_op(&self->c, unmap_op(VA_TEST, 4096), 0, 0));
	close(file);
	ASSERT_EQ(0, write_file(DRIVER "/bind", name));
}

/* Blocks of 2 MiB are taken apart by a bind that jobs wait for and run beside. */
TEST_F(bind, takes_blocks_apart_while_jobs_run)
{
	enum { BLOCKS = 8, ROUNDS = 50 };
	struct stream s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	struct drm_apu_vm_bind_op ops[BLOCKS];
	struct drm_apu_sync_op syncs[2] = {
		{ 0, self->gate, 0 },
		{ DRM_APU_SYNC_OP_SIGNAL, self->out, 0 },
	};
	struct drm_apu_stream stream;
	uint64_t seqno;
	struct bo bo;
	int i;

	if (write_file(SHMEM_ENABLED, "force"))
		SKIP(return, "no huge pages for shared memory in this kernel");
	ASSERT_EQ(0, bo_create(self->c.fd, BLOCKS * 2 * MIB, 0, &bo));
	ASSERT_EQ(0, vm_map(self->c.fd, self->c.vm, bo.handle, 0, VA_TEST, bo.size, 0));
	ASSERT_EQ(0, write_file(SHMEM_ENABLED, "never"));

	for (i = 0; i < BLOCKS; i++)
		ops[i] = unmap_op(VA_TEST + i * 2 * MIB + 1 * MIB, 4096);
	ASSERT_EQ(0, bind_ops(&self->c, ops, BLOCKS, syncs, 2));

	emit_region(&s, R_DATA, VA_TEST, bo.size);
	for (i = 0; i < BLOCKS * ROUNDS; i++)
		emit_fill(&s, REF(R_DATA, i % BLOCKS * 2 * MIB), 1 + i / BLOCKS, 1 * MIB);
	stream = stream_end(&s);
	ASSERT_EQ(0, submit_stream(&self->c, &stream, &seqno));
	ASSERT_EQ(0, gate_advance(self->timeline, 1));
	ASSERT_EQ(0, syncobj_wait(self->c.fd, self->out, 0, now_ns() + WAIT_NS));

	EXPECT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
	for (i = 0; i < BLOCKS; i++) {
		EXPECT_EQ(ROUNDS, ((uint8_t *)bo.map)[i * 2 * MIB]);
		EXPECT_EQ(ROUNDS, ((uint8_t *)bo.map)[i * 2 * MIB + MIB - 1]);
	}
	EXPECT_EQ(-EFAULT, fill_va(&self->c, VA_TEST + 1 * MIB, 1, 8));
	bo_destroy(self->c.fd, &bo);
}

TEST_F(bind, a_thousand_in_the_queue)
{
	enum { BINDS = 1000 };
	uint64_t seqno;
	int i;

	ASSERT_EQ(0, bind_op(&self->c, unmap_op(VA_TEST, 4096), self->gate, 0));
	for (i = 0; i < BINDS; i++)
		ASSERT_EQ(0, bind_op(&self->c,
				     map_op(self->c.data.handle, i % 256 * 4096,
					    VA_TEST + i % 128 * 4096, 4096),
				     0, i == BINDS - 1 ? self->out : 0));
	ASSERT_EQ(0, gate_advance(self->timeline, 1));
	ASSERT_EQ(0, syncobj_wait(self->c.fd, self->out, 0, now_ns() + WAIT_NS));

	/* The last at an address counts. */
	ASSERT_EQ(0, submit_fill(&self->c, VA_TEST, 0x44, 128 * 4096, NULL, 0, &seqno));
	ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
	for (i = BINDS - 128; i < BINDS; i++)
		EXPECT_EQ(0x44, self->data[i % 256 * 4096]);
	/* And the one before it not at all. */
	EXPECT_EQ(0, self->data[(BINDS - 129) % 256 * 4096]);
}

/* All queues of the client together. What is done, whoever waits for it, does not count. */
TEST_F(bind, operations_in_the_queue)
{
	/* As the interface's header says; and as many as one bind can have. */
	enum { MOST = 4096, OPS = 1024 };
	struct drm_apu_sync_op wait, signal = { DRM_APU_SYNC_OP_SIGNAL, self->out, 0 };
	struct drm_apu_vm_bind_op *ops = calloc(OPS, sizeof(*ops));
	uint32_t vm = self->c.vm, vm2;
	struct client other;
	int i, round;

	ASSERT_NE(NULL, ops);
	ASSERT_EQ(0, client_open(&other));
	ASSERT_EQ(0, vm_create(self->c.fd, &vm2));
	for (i = 0; i < OPS; i++)
		ops[i] = unmap_op(VA_TEST, 4096);
	for (round = 0; round < 2; round++) {
		wait = (struct drm_apu_sync_op) {
			0, gate_syncobj(self->c.fd, self->timeline, round + 1), 0
		};
		ASSERT_EQ(0, bind_ops(&self->c, ops, OPS - 1, &wait, 1));
		/* One without operations counts as one. */
		ASSERT_EQ(0, bind_ops(&self->c, NULL, 0, NULL, 0));
		for (i = OPS; i < MOST - OPS; i += OPS)
			ASSERT_EQ(0, bind_ops(&self->c, ops, OPS, NULL, 0));
		self->c.vm = vm2;
		ASSERT_EQ(0, bind_ops(&self->c, ops, OPS - 1, &wait, 1));

		/* All or none. */
		EXPECT_ERRNO(VM_BIND, EBUSY, bind_ops(&self->c, ops, 2, NULL, 0));
		ASSERT_EQ(0, bind_ops(&self->c, ops, 1, NULL, 0));
		EXPECT_ERRNO(VM_BIND, EBUSY, bind_ops(&self->c, ops, 1, NULL, 0));
		EXPECT_ERRNO(VM_BIND, EBUSY, bind_ops(&self->c, NULL, 0, NULL, 0));
		/* Not of another's, nor those that do not queue. */
		ASSERT_EQ(0, bind_ops(&other, ops, 1, NULL, 0));
		ASSERT_EQ(0, vm_unmap(self->c.fd, vm2, VA_TEST, 4096));

		ASSERT_EQ(0, gate_advance(self->timeline, 1));
		/* When its fence has signalled, those of its queue count no more. */
		ASSERT_EQ(0, vm_wait_queue(&self->c, self->out));
		self->c.vm = vm;
		ASSERT_EQ(0, vm_wait_queue(&self->c, self->out));
		for (i = 0; i < MOST; i += OPS)
			ASSERT_EQ(0, bind_ops(&self->c, ops, OPS, &signal, i + OPS == MOST));
		ASSERT_EQ(0, syncobj_wait(self->c.fd, self->out, 0, now_ns() + WAIT_NS));
	}
	free(ops);
	client_close(&other);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers: memory, sharing between clients, waiting.
 */

#include "apu_test.h"

#include <fcntl.h>

#include "apu_harness.h"

#define VA_TEST 0x40000000ull

FIXTURE(bo) {
	struct client c;
	struct client other;
};

FIXTURE_SETUP(bo)
{
	ASSERT_EQ(0, client_open(&self->c));
	ASSERT_EQ(0, client_open(&self->other));
}

FIXTURE_TEARDOWN(bo)
{
	client_close(&self->c);
	client_close(&self->other);
}

static int export(struct client *c, uint32_t handle)
{
	struct drm_prime_handle args = { .handle = handle, .flags = DRM_CLOEXEC | DRM_RDWR };
	int ret = apu_ioctl(c->fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &args);

	return ret ? ret : args.fd;
}

static int import(struct client *c, int fd, uint32_t *handle)
{
	struct drm_prime_handle args = { .fd = fd };
	int ret = apu_ioctl(c->fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &args);

	*handle = args.handle;

	return ret;
}

/* A job that fills a mapped range, and that lists @handle. */
static int submit_fill(struct client *c, uint64_t va, uint8_t value, uint32_t bytes, int repeat,
		       uint32_t handle, uint32_t flags, uint64_t *seqno)
{
	struct stream s = stream_begin(c, DRM_APU_ENGINE_EDMA);
	struct drm_apu_bo_ref ref = { handle, flags };
	struct drm_apu_stream stream;
	struct drm_apu_job job = {
		.streams = DRM_APU_OBJ_ARRAY(1, &stream),
		.bos = DRM_APU_OBJ_ARRAY(1, &ref),
	};

	emit_region(&s, R_DATA, va, bytes);
	while (repeat--)
		emit_fill(&s, REF(R_DATA, 0), value, bytes);
	stream = stream_end(&s);

	return submit(c, &job, 1, seqno);
}

TEST_F(bo, memory_is_zeroed)
{
	const uint64_t *data = self->c.data.map;
	int i;

	for (i = 0; i < DATA_SIZE / 8 && !data[i]; i++)
		;
	EXPECT_EQ(DATA_SIZE / 8, i);
}

TEST_F(bo, size_is_rounded_up)
{
	struct bo bo;

	ASSERT_EQ(0, bo_create(self->c.fd, 1, 0, &bo));
	EXPECT_EQ(4096, bo.size);
	bo_destroy(self->c.fd, &bo);
	ASSERT_EQ(0, bo_create(self->c.fd, 4097, 0, &bo));
	EXPECT_EQ(8192, bo.size);
	bo_destroy(self->c.fd, &bo);
}

static int create(int fd, uint64_t size, uint32_t *handle)
{
	struct drm_apu_bo_create args = { .size = size };
	int ret = apu_ioctl(fd, DRM_IOCTL_APU_BO_CREATE, &args);

	*handle = args.handle;

	return ret;
}

/* For all clients together. What is freed can be had again. */
TEST_F(bo, no_more_than_half_of_the_memory)
{
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	uint32_t most, more;
	int i;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, create(self->c.fd, memory / 3, &most));
		EXPECT_ERRNO(BO_CREATE, ENOMEM, create(self->c.fd, memory / 5, &more));
		EXPECT_ERRNO(BO_CREATE, ENOMEM, create(self->other.fd, memory / 5, &more));
		EXPECT_ERRNO(BO_CREATE, ENOMEM, create(self->other.fd, 1ull << 31, &more));
		ASSERT_EQ(0, create(self->other.fd, memory / 20, &more));
		gem_close(self->other.fd, more);
		gem_close(self->c.fd, most);
	}
}

/* Of which each client can have three quarters. */
TEST_F(bo, no_more_than_a_clients_part)
{
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	struct client c = {};
	uint32_t most, more;
	int i, fd;

	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, create(self->c.fd, memory / 3, &most));
		EXPECT_ERRNO(BO_CREATE, EDQUOT, create(self->c.fd, memory / 20, &more));
		ASSERT_EQ(0, create(self->other.fd, memory / 20, &more));
		gem_close(self->other.fd, more);
		gem_close(self->c.fd, most);
	}

	/* What it has shared counts as long as it is there, whoever has it. */
	c.fd = apu_open();
	ASSERT_LE(0, c.fd);
	ASSERT_EQ(0, create(c.fd, memory / 3, &most));
	fd = export(&c, most);
	ASSERT_LE(0, fd);
	gem_close(c.fd, most);
	EXPECT_ERRNO(BO_CREATE, EDQUOT, create(c.fd, memory / 20, &more));
	close(fd);
	ASSERT_EQ(0, create(c.fd, memory / 20, &more));
	close(c.fd);
}

TEST_F(bo, handles_are_private)
{
	EXPECT_EQ(-ENOENT, vm_map(self->other.fd, self->other.vm, 77, 0, VA_TEST, 4096, 0));
}

TEST_F(bo, shared_between_clients)
{
	uint8_t *data = self->c.data.map;
	uint32_t handle;
	int fd;

	fd = export(&self->c, self->c.data.handle);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, import(&self->other, fd, &handle));
	ASSERT_EQ(0, vm_map(self->other.fd, self->other.vm, handle, 0, VA_TEST, 4096, 0));
	ASSERT_EQ(0, submit_fill(&self->other, VA_TEST, 0x61, 100, 1, handle,
				 DRM_APU_BO_REF_WRITE, NULL));

	/* One reservation: the exporter can wait for the importer's job. */
	EXPECT_EQ(0, bo_wait(self->c.fd, self->c.data.handle, 0, now_ns() + WAIT_NS));
	EXPECT_EQ(0x61, data[0]);
	EXPECT_EQ(0x61, data[99]);
	EXPECT_EQ(0, data[100]);
	close(fd);
}

TEST_F(bo, exclusive_is_not_exported)
{
	EXPECT_EQ(-EINVAL, export(&self->c, self->c.cmd.handle));
}

/* A job that runs long enough to be seen running. */
TEST_F(bo, wait_times_out)
{
	uint64_t seqno;

	ASSERT_EQ(0, submit_fill(&self->c, VA_DATA, 1, DATA_SIZE, 3000, self->c.data.handle,
				 0, &seqno));
	/* It reads, so one who reads need not wait. */
	EXPECT_EQ(0, bo_wait(self->c.fd, self->c.data.handle, 0, 0));
	EXPECT_ERRNO(BO_WAIT, ETIMEDOUT,
		     bo_wait(self->c.fd, self->c.data.handle, DRM_APU_BO_WAIT_WRITE, 0));
	EXPECT_EQ(-ETIMEDOUT, bo_wait(self->c.fd, self->c.data.handle, DRM_APU_BO_WAIT_WRITE,
				      now_ns() + 1000000));
	EXPECT_EQ(0, bo_wait(self->c.fd, self->c.data.handle, DRM_APU_BO_WAIT_WRITE,
			     now_ns() + WAIT_NS));
	EXPECT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
}

TEST_HARNESS_MAIN

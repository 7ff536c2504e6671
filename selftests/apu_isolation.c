// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a client cannot get at: handles and ids that are stale, another's or invented,
 * and addresses that are not mapped in its address space, or not any more. Each
 * attempt must be refused, or fault, and must leave the victim's memory alone.
 */

#include "apu_test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "apu_harness.h"

#define VA_TEST 0x40000000ull
/* Where only the victim has something. */
#define VA_SECRET 0x70000000ull
#define SECRET 0x5e
#define SECRET_SIZE (64 * KIB)

FIXTURE(isolation) {
	struct client victim;
	struct client c;
	struct bo secret;
	uint8_t *data;
};

static bool is_secret(const struct bo *bo)
{
	const uint8_t *p = bo->map;
	int i;

	for (i = 0; i < SECRET_SIZE && p[i] == SECRET; i++)
		;

	return i == SECRET_SIZE;
}

FIXTURE_SETUP(isolation)
{
	ASSERT_EQ(0, client_open(&self->victim));
	ASSERT_EQ(0, client_open(&self->c));
	self->data = self->c.data.map;
	/* Handles that the other client does not have. */
	ASSERT_EQ(0, bo_create(self->victim.fd, SECRET_SIZE, 0, &self->secret));
	memset(self->secret.map, SECRET, SECRET_SIZE);
	ASSERT_EQ(0, vm_map(self->victim.fd, self->victim.vm, self->secret.handle, 0, VA_SECRET,
			    SECRET_SIZE, 0));
}

FIXTURE_TEARDOWN(isolation)
{
	EXPECT_TRUE(is_secret(&self->secret));
	client_close(&self->c);
	client_close(&self->victim);
}

/* A job that copies 16 bytes; what its fence says. A new context, as faults kill it. */
static int copy(struct client *c, uint64_t to, uint64_t from)
{
	struct stream s = stream_begin(c, DRM_APU_ENGINE_EDMA);
	struct drm_apu_stream stream;
	uint64_t seqno;
	int ret;

	ret = ctx_create(c->fd, c->vm, &c->ctx);
	if (ret)
		return ret;
	emit_region(&s, R_DATA, to, 16);
	emit_region(&s, R_DATA + 1, from, 16);
	emit_copy(&s, REF(R_DATA, 0), REF(R_DATA + 1, 0), 16);
	stream = stream_end(&s);
	ret = submit_stream(c, &stream, &seqno);
	if (!ret)
		ret = job_wait(c, c->ctx, seqno);
	ctx_destroy(c->fd, c->ctx);

	return ret;
}

/* Tries to read from and write to an address. */
static bool faults(struct client *c, uint64_t va)
{
	return copy(c, VA_DATA, va) == -EFAULT && copy(c, va, VA_DATA) == -EFAULT;
}

TEST_F(isolation, the_fixture_is_good)
{
	/* The victim can do what the others must not, so that failures mean something. */
	EXPECT_EQ(0, copy(&self->victim, VA_DATA, VA_SECRET));
	EXPECT_EQ(SECRET, ((uint8_t *)self->victim.data.map)[0]);
	EXPECT_EQ(0, copy(&self->c, VA_DATA + 64, VA_DATA));
}

/* Everything that takes a handle. */
static void handle_is_refused(struct __test_metadata *_metadata, struct client *c, uint32_t handle)
{
	struct drm_prime_handle prime = { .handle = handle, .flags = DRM_CLOEXEC };
	struct drm_apu_bo_mmap_offset offset = { .handle = handle };
	struct drm_apu_bo_ref ref = { handle, 0 };
	struct stream s = stream_begin(c, DRM_APU_ENGINE_EDMA);
	struct drm_apu_stream stream = stream_end(&s);
	struct drm_apu_job job = {
		.streams = DRM_APU_OBJ_ARRAY(1, &stream),
		.bos = DRM_APU_OBJ_ARRAY(1, &ref),
	};

	EXPECT_EQ(-ENOENT, vm_map(c->fd, c->vm, handle, 0, VA_TEST, 4096, 0));
	EXPECT_EQ(-ENOENT, bo_wait(c->fd, handle, 0, 0));
	EXPECT_EQ(-ENOENT, apu_ioctl(c->fd, DRM_IOCTL_APU_BO_MMAP_OFFSET, &offset));
	EXPECT_EQ(-ENOENT, submit(c, &job, 1, NULL));
	EXPECT_EQ(-ENOENT, apu_ioctl(c->fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime));
}

/* The victim's handle, one that was closed, and numbers. */
TEST_F(isolation, handles)
{
	static const uint32_t forged[] = { 0, 77, 0x7fffffff, 0x80000000, 0xffffffff };
	uint32_t stale;
	struct bo bo;
	int i;

	handle_is_refused(_metadata, &self->c, self->secret.handle);

	ASSERT_EQ(0, bo_create(self->c.fd, 4096, 0, &bo));
	stale = bo.handle;
	bo_destroy(self->c.fd, &bo);
	handle_is_refused(_metadata, &self->c, stale);

	for (i = 0; i < ARRAY_SIZE(forged); i++)
		handle_is_refused(_metadata, &self->c, forged[i]);
}

/* Everything that takes the id of an address space. */
static void vm_is_refused(struct __test_metadata *_metadata, struct client *c, uint32_t vm)
{
	struct drm_apu_bo_create create = { .size = 4096, .exclusive_vm_id = vm };
	uint32_t ctx;

	EXPECT_EQ(-ENOENT, vm_map(c->fd, vm, c->data.handle, 0, VA_TEST, 4096, 0));
	EXPECT_EQ(-ENOENT, vm_unmap(c->fd, vm, VA_SECRET, SECRET_SIZE));
	EXPECT_EQ(-ENOENT, ctx_create(c->fd, vm, &ctx));
	EXPECT_EQ(-ENOENT, vm_destroy(c->fd, vm));
	/* Zero means none. */
	if (vm)
		EXPECT_EQ(-ENOENT, apu_ioctl(c->fd, DRM_IOCTL_APU_BO_CREATE, &create));
}

TEST_F(isolation, address_spaces)
{
	static const uint32_t forged[] = { 0, 77, 4096, 0x10001, 0xffffffff };
	uint32_t foreign, stale;
	int i;

	/* Ids of two clients can be the same, and then mean different things. */
	ASSERT_EQ(0, vm_create(self->victim.fd, &foreign));
	vm_is_refused(_metadata, &self->c, foreign);

	ASSERT_EQ(0, vm_create(self->c.fd, &stale));
	ASSERT_EQ(0, vm_destroy(self->c.fd, stale));
	vm_is_refused(_metadata, &self->c, stale);

	for (i = 0; i < ARRAY_SIZE(forged); i++)
		vm_is_refused(_metadata, &self->c, forged[i]);

	/* And the victim's is as it was. */
	EXPECT_EQ(0, copy(&self->victim, VA_DATA, VA_SECRET));
	EXPECT_EQ(SECRET, ((uint8_t *)self->victim.data.map)[0]);
}

/* Everything that takes the id of a context. */
static void ctx_is_refused(struct __test_metadata *_metadata, struct client *c, uint32_t ctx)
{
	struct drm_apu_ctx_get_counters counters = { .ctx_id = ctx };
	struct drm_apu_ctx_set_qos qos = { .ctx_id = ctx };
	struct stream s = stream_begin(c, DRM_APU_ENGINE_EDMA);
	struct drm_apu_stream stream = stream_end(&s);
	struct drm_apu_job job = { .streams = DRM_APU_OBJ_ARRAY(1, &stream) };
	struct drm_apu_submit args = { .ctx_id = ctx, .jobs = DRM_APU_OBJ_ARRAY(1, &job) };
	struct drm_apu_ctx_get_state state;
	struct drm_apu_job_stats stats;

	EXPECT_EQ(-ENOENT, apu_ioctl(c->fd, DRM_IOCTL_APU_SUBMIT, &args));
	EXPECT_EQ(-ENOENT, ctx_state(c->fd, ctx, &state));
	EXPECT_EQ(-ENOENT, job_stats(c->fd, ctx, 1, &stats));
	EXPECT_EQ(-ENOENT, apu_ioctl(c->fd, DRM_IOCTL_APU_CTX_GET_COUNTERS, &counters));
	EXPECT_EQ(-ENOENT, apu_ioctl(c->fd, DRM_IOCTL_APU_CTX_SET_QOS, &qos));
	EXPECT_EQ(-ENOENT, ctx_destroy(c->fd, ctx));
}

TEST_F(isolation, contexts)
{
	static const uint32_t forged[] = { 0, 77, 256, 0xffffffff };
	uint32_t foreign, stale;
	int i;

	ASSERT_EQ(0, ctx_create(self->victim.fd, self->victim.vm, &foreign));
	ctx_is_refused(_metadata, &self->c, foreign);

	ASSERT_EQ(0, ctx_create(self->c.fd, self->c.vm, &stale));
	ASSERT_EQ(0, ctx_destroy(self->c.fd, stale));
	ctx_is_refused(_metadata, &self->c, stale);

	for (i = 0; i < ARRAY_SIZE(forged); i++)
		ctx_is_refused(_metadata, &self->c, forged[i]);
}

/* The victim's address, with its translation in the TLB, and those of nobody. */
TEST_F(isolation, addresses)
{
	static const uint64_t forged[] = { 0, 4096, VA_DATA + DATA_SIZE, (1ull << 39) - 4096 };
	int i;

	EXPECT_EQ(0, copy(&self->victim, VA_DATA, VA_SECRET));
	EXPECT_TRUE(faults(&self->c, VA_SECRET));
	EXPECT_TRUE(faults(&self->c, VA_SECRET + SECRET_SIZE - 16));
	for (i = 0; i < ARRAY_SIZE(forged); i++)
		EXPECT_TRUE(faults(&self->c, forged[i]));
	EXPECT_EQ(0, self->data[0]);
}

/* What was mapped, and was used, is gone: also when the memory is somebody else's by then. */
TEST_F(isolation, stale_addresses)
{
	struct bo bo, other;

	ASSERT_EQ(0, bo_create(self->c.fd, SECRET_SIZE, 0, &bo));
	ASSERT_EQ(0, vm_map(self->c.fd, self->c.vm, bo.handle, 0, VA_TEST, SECRET_SIZE, 0));
	ASSERT_EQ(0, copy(&self->c, VA_TEST, VA_DATA));
	ASSERT_EQ(0, vm_unmap(self->c.fd, self->c.vm, VA_TEST, SECRET_SIZE));
	bo_destroy(self->c.fd, &bo);

	ASSERT_EQ(0, bo_create(self->victim.fd, SECRET_SIZE, 0, &other));
	memset(other.map, SECRET, SECRET_SIZE);
	EXPECT_TRUE(faults(&self->c, VA_TEST));
	EXPECT_TRUE(is_secret(&other));
	EXPECT_EQ(0, self->data[0]);
	bo_destroy(self->victim.fd, &other);
}

/* Commands come from the client's own address space too. */
TEST_F(isolation, commands)
{
	struct drm_apu_stream stream = {
		.engine_class = DRM_APU_ENGINE_EDMA,
		.bytes = 16,
		.va = VA_SECRET,
	};
	uint64_t seqno;

	ASSERT_EQ(0, submit_stream(&self->c, &stream, &seqno));
	EXPECT_EQ(-EFAULT, job_wait(&self->c, self->c.ctx, seqno));
}

/* Offsets for mmap() are checked against the open file that has the handle. */
TEST_F(isolation, offsets_of_mmap)
{
	struct drm_apu_bo_mmap_offset offset = { .handle = self->secret.handle };
	void *p;

	ASSERT_EQ(0, apu_ioctl(self->victim.fd, DRM_IOCTL_APU_BO_MMAP_OFFSET, &offset));
	p = mmap(NULL, SECRET_SIZE, PROT_READ, MAP_SHARED, self->c.fd, offset.offset);
	EXPECT_EQ(MAP_FAILED, p);
	EXPECT_EQ(EACCES, errno);
	/* Nor at an offset that is nobody's, or beyond the buffer. */
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->c.fd, 0);
	EXPECT_EQ(MAP_FAILED, p);
	p = mmap(NULL, SECRET_SIZE + 4096, PROT_READ, MAP_SHARED, self->victim.fd, offset.offset);
	EXPECT_EQ(MAP_FAILED, p);
}

/* Memory that is given out is zeroed, whatever was in it. */
TEST_F(isolation, memory_of_others)
{
	struct bo bo;
	int i, j;

	for (i = 0; i < 50; i++) {
		ASSERT_EQ(0, bo_create(self->victim.fd, SECRET_SIZE, 0, &bo));
		memset(bo.map, SECRET, SECRET_SIZE);
		bo_destroy(self->victim.fd, &bo);
		ASSERT_EQ(0, bo_create(self->c.fd, SECRET_SIZE, 0, &bo));
		for (j = 0; j < SECRET_SIZE && !((uint8_t *)bo.map)[j]; j++)
			;
		EXPECT_EQ(SECRET_SIZE, j);
		bo_destroy(self->c.fd, &bo);
	}
}

/* Fences of others cannot be waited for, signalled, or stolen by number either. */
TEST_F(isolation, syncobjs)
{
	uint32_t ours = syncobj_create(self->c.fd), theirs = 0;
	struct stream s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	struct drm_apu_stream stream = stream_end(&s);
	struct drm_apu_sync_op op = { DRM_APU_SYNC_OP_SIGNAL, 0, 0 };
	struct drm_apu_job job = {
		.streams = DRM_APU_OBJ_ARRAY(1, &stream),
		.syncs = DRM_APU_OBJ_ARRAY(1, &op),
	};
	int i;

	for (i = 0; i < 4; i++)
		theirs = syncobj_create(self->victim.fd);
	ASSERT_LT(ours, theirs);
	op.handle = theirs;
	EXPECT_EQ(-ENOENT, submit(&self->c, &job, 1, NULL));
	op.flags = 0;
	EXPECT_EQ(-ENOENT, submit(&self->c, &job, 1, NULL));
	EXPECT_EQ(-EINVAL, syncobj_wait(self->victim.fd, theirs, 0, 0));
}

TEST_HARNESS_MAIN

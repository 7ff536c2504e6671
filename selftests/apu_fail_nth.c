// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fails every allocation and every copy from or to user space of a client's life, one
 * after the other: each must come back as an error of the call, and leave nothing broken.
 * So it does with what queues: a bind and jobs that wait for a fence.
 * Needs a kernel with fault injection (flavour "debug").
 */

#include "apu_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "apu_harness.h"

/* Small, for every round has them anew, and a debug kernel takes its time over each page. */
#define BO_SIZE (128 * KIB)
#define SMALL_SIZE (16 * KIB)
#define VA_OTHER 0x40000000ull

FIXTURE(fail_nth) {
	int fd;
};

FIXTURE_SETUP(fail_nth)
{
	self->fd = open("/proc/thread-self/fail-nth", O_RDWR);
	if (self->fd < 0 || write_file("/sys/kernel/debug/failslab/ignore-gfp-wait", "N"))
		SKIP(return, "no fault injection in this kernel");
	write_file("/sys/kernel/debug/fail_page_alloc/ignore-gfp-wait", "N");
	write_file("/sys/kernel/debug/fail_page_alloc/min-order", "0");
	write_file("/sys/kernel/debug/failslab/verbose", "0");
	write_file("/sys/kernel/debug/fail_page_alloc/verbose", "0");
	write_file("/sys/kernel/debug/fail_usercopy/verbose", "0");
}

FIXTURE_TEARDOWN(fail_nth)
{
	close(self->fd);
}

/* What a round has. */
struct round {
	struct client c;
	struct drm_apu_stream stream;
	/* Of no page yet. */
	uint32_t bo;
	int timeline;
	/* Has signalled; does when the call is over; what the call has signal, at point 1. */
	uint32_t done, gate, out;
};

static void set_nth(int fd, int nth)
{
	char buf[16];

	snprintf(buf, sizeof(buf), "%d", nth);
	/* The one to fail may be this very write. */
	if (pwrite(fd, buf, strlen(buf), 0) < 0 && pwrite(fd, buf, strlen(buf), 0) < 0)
		abort();
}

/* Whether the failure is still to come. */
static bool is_left(int fd)
{
	char buf[16] = "";

	/* The one to fail may be this very read: then it was still to come. */
	return pread(fd, buf, sizeof(buf) - 1, 0) < 0 || atoi(buf);
}

static int round_open(struct round *r)
{
	struct drm_apu_bo_create bo = { .size = SMALL_SIZE };
	struct stream s;
	int ret;

	ret = client_open_sized(&r->c, SMALL_SIZE, BO_SIZE);
	if (!ret)
		ret = apu_ioctl(r->c.fd, DRM_IOCTL_APU_BO_CREATE, &bo);
	if (ret)
		return ret;

	s = stream_begin(&r->c, DRM_APU_ENGINE_EDMA);
	r->stream = stream_end(&s);
	r->bo = bo.handle;
	r->timeline = gate_open();
	if (r->timeline < 0)
		return r->timeline;
	r->gate = gate_syncobj(r->c.fd, r->timeline, 1);
	r->done = syncobj_create(r->c.fd);
	r->out = syncobj_create(r->c.fd);

	return r->gate && r->done && r->out ? syncobj_signal(r->c.fd, r->done) : -ENOENT;
}

/* What was queued is done first. */
static void round_close(struct round *r)
{
	close(r->timeline);
	client_close(&r->c);
}

/* A client's life: 0 or the first error. Memory mapped by the CPU is set up before. */
static int live(struct round *r)
{
	struct client *c = &r->c;
	struct drm_apu_vm_bind_op ops[2] = {
		{
			.op = DRM_APU_VM_BIND_OP_MAP,
			.bo_handle = c->data.handle,
			.va = VA_OTHER,
			.size = BO_SIZE,
		},
		{
			.op = DRM_APU_VM_BIND_OP_UNMAP,
			.va = VA_OTHER + 64 * KIB,
			.size = 4096,
		},
	};
	struct drm_apu_vm_bind bind = { .ops = DRM_APU_OBJ_ARRAY(2, ops) };
	struct drm_apu_bo_ref ref = { c->data.handle, DRM_APU_BO_REF_WRITE };
	struct drm_apu_sync_op syncs[2] = {
		{ 0, r->done, 0 },
		{ DRM_APU_SYNC_OP_SIGNAL | DRM_APU_SYNC_OP_TIMELINE, r->out, 1 },
	};
	struct drm_apu_job job = {
		.streams = DRM_APU_OBJ_ARRAY(1, &r->stream),
		.syncs = DRM_APU_OBJ_ARRAY(2, syncs),
		.bos = DRM_APU_OBJ_ARRAY(1, &ref),
	};
	struct drm_apu_submit submit = { .jobs = DRM_APU_OBJ_ARRAY(1, &job) };
	struct drm_apu_bo_create bo = { .size = 4096 };
	struct drm_apu_ctx_create ctx = {};
	struct drm_apu_vm_create vm = {};
	int ret;

	ret = apu_ioctl(c->fd, DRM_IOCTL_APU_VM_CREATE, &vm);
	if (ret)
		return ret;
	bo.exclusive_vm_id = vm.id;
	bind.vm_id = vm.id;
	ctx.vm_id = vm.id;

	ret = apu_ioctl(c->fd, DRM_IOCTL_APU_BO_CREATE, &bo);
	if (!ret)
		ret = apu_ioctl(c->fd, DRM_IOCTL_APU_CTX_CREATE, &ctx);
	if (!ret)
		ret = apu_ioctl(c->fd, DRM_IOCTL_APU_VM_BIND, &bind);

	/* In the client's own context: the commands are mapped there. */
	if (!ret) {
		submit.ctx_id = c->ctx;
		ret = apu_ioctl(c->fd, DRM_IOCTL_APU_SUBMIT, &submit);
	}

	if (ctx.id)
		ctx_destroy(c->fd, ctx.id);
	if (bo.handle)
		gem_close(c->fd, bo.handle);

	return ret ? ret : apu_ioctl(c->fd, DRM_IOCTL_APU_VM_DESTROY,
				     &(struct drm_apu_vm_destroy) { .id = vm.id });
}

/* Memory that is not there yet, and a hole in it, when a fence has signalled. */
static int queue_bind(struct round *r)
{
	struct drm_apu_vm_bind_op ops[2] = {
		{
			.op = DRM_APU_VM_BIND_OP_MAP,
			.bo_handle = r->bo,
			.va = VA_OTHER,
			.size = SMALL_SIZE,
		},
		{
			.op = DRM_APU_VM_BIND_OP_UNMAP,
			.va = VA_OTHER + 4096,
			.size = 4096,
		},
	};
	struct drm_apu_sync_op syncs[3] = {
		{ 0, r->gate, 0 },
		{ DRM_APU_SYNC_OP_SIGNAL | DRM_APU_SYNC_OP_TIMELINE, r->out, 1 },
		{ DRM_APU_SYNC_OP_SIGNAL, r->done, 0 },
	};
	struct drm_apu_vm_bind bind = {
		.vm_id = r->c.vm,
		.flags = DRM_APU_VM_BIND_ASYNC,
		.ops = DRM_APU_OBJ_ARRAY(2, ops),
		.syncs = DRM_APU_OBJ_ARRAY(3, syncs),
	};

	return apu_ioctl(r->c.fd, DRM_IOCTL_APU_VM_BIND, &bind);
}

/* Two jobs, one after the other, when a fence has signalled. */
static int queue_jobs(struct round *r)
{
	struct drm_apu_bo_ref ref = { r->c.data.handle, DRM_APU_BO_REF_WRITE };
	struct drm_apu_sync_op syncs[2] = {
		{ 0, r->gate, 0 },
		{ DRM_APU_SYNC_OP_SIGNAL | DRM_APU_SYNC_OP_TIMELINE, r->out, 1 },
	};
	const uint32_t first = 0;
	struct drm_apu_job jobs[2] = {
		{
			.streams = DRM_APU_OBJ_ARRAY(1, &r->stream),
			.syncs = DRM_APU_OBJ_ARRAY(1, &syncs[0]),
			.bos = DRM_APU_OBJ_ARRAY(1, &ref),
		},
		{
			.streams = DRM_APU_OBJ_ARRAY(1, &r->stream),
			.syncs = DRM_APU_OBJ_ARRAY(1, &syncs[1]),
			.deps = DRM_APU_OBJ_ARRAY(1, &first),
		},
	};

	return submit(&r->c, jobs, 2, NULL);
}

/*
 * @min is how many points there are at least: the last round, in which nothing fails, is
 * proof that the sweep has got to the end, and this that it went through the driver.
 */
static void sweep(struct __test_metadata *_metadata, int fd, int (*run)(struct round *), int min)
{
	int nth, ret, injected = 0;
	struct round r;
	bool left;

	for (nth = 1; nth < 10000; nth++) {
		/* Anew each time, for nothing to be cached. */
		ASSERT_EQ(0, round_open(&r));

		set_nth(fd, nth);
		ret = run(&r);
		left = is_left(fd);
		set_nth(fd, 0);

		EXPECT_EQ(0, gate_advance(r.timeline, 1));
		if (!ret)
			EXPECT_EQ(0, syncobj_wait(r.c.fd, r.out, 1, now_ns() + WAIT_NS));
		round_close(&r);
		if (left) {
			EXPECT_EQ(0, ret);
			break;
		}
		injected++;
		/* Some failures are no errors: there was another way. */
		/* -ENOSPC is what shmem says when it gets no inode. */
		if (ret && ret != -EFAULT && ret != -ENOSPC)
			EXPECT_ERRNO(ANY, ENOMEM, ret);
	}
	TH_LOG("%d points", injected);
	EXPECT_GE(injected, min);
	EXPECT_EQ(nth - 1, injected);

	/* And all is well after that. */
	ASSERT_EQ(0, round_open(&r));
	EXPECT_EQ(0, run(&r));
	EXPECT_EQ(0, gate_advance(r.timeline, 1));
	EXPECT_EQ(0, syncobj_wait(r.c.fd, r.out, 1, now_ns() + WAIT_NS));
	round_close(&r);
}

TEST_F(fail_nth, a_clients_life)
{
	sweep(_metadata, self->fd, live, 20);
}

TEST_F(fail_nth, a_bind_that_waits)
{
	sweep(_metadata, self->fd, queue_bind, 10);
}

TEST_F(fail_nth, jobs_that_wait)
{
	sweep(_metadata, self->fd, queue_jobs, 10);
}

TEST_HARNESS_MAIN

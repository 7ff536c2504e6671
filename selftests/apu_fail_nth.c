// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fails every allocation and every copy from or to user space of a client's life, one
 * after the other: each must come back as an error of the call, and leave nothing broken.
 * Needs a kernel with fault injection (flavour "debug").
 */

#include "apu_test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "apu_harness.h"

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

/* A client's life: 0 or the first error. Memory mapped by the CPU is set up before. */
static int live(struct client *c, uint32_t in, uint32_t timeline)
{
	struct drm_apu_vm_bind_op ops[2] = {
		{
			.op = DRM_APU_VM_BIND_OP_MAP,
			.bo_handle = c->data.handle,
			.va = 0x40000000,
			.size = DATA_SIZE,
		},
		{
			.op = DRM_APU_VM_BIND_OP_UNMAP,
			.va = 0x40000000 + 64 * KIB,
			.size = 4096,
		},
	};
	struct drm_apu_vm_bind bind = { .ops = DRM_APU_OBJ_ARRAY(2, ops) };
	struct drm_apu_bo_ref ref = { c->data.handle, DRM_APU_BO_REF_WRITE };
	struct drm_apu_sync_op syncs[2] = {
		{ 0, in, 0 },
		{ DRM_APU_SYNC_OP_SIGNAL | DRM_APU_SYNC_OP_TIMELINE, timeline, 1 },
	};
	struct drm_apu_stream stream;
	struct drm_apu_job job = {
		.streams = DRM_APU_OBJ_ARRAY(1, &stream),
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
		stream = (struct drm_apu_stream) {
			.engine_class = DRM_APU_ENGINE_EDMA,
			.bytes = 8,
			.va = VA_CMD,
		};
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

/* Some hundred rounds, slow where every checker is on. */
TEST_F_TIMEOUT(fail_nth, a_clients_life, 600)
{
	int nth, ret, injected = 0;
	bool left;
	uint32_t in, timeline;
	struct client c;
	struct stream s;

	for (nth = 1; nth < 10000; nth++) {
		/* Anew each time, for nothing to be cached. */
		ASSERT_EQ(0, client_open(&c));
		s = stream_begin(&c, DRM_APU_ENGINE_EDMA);
		stream_end(&s);
		in = syncobj_create(c.fd);
		timeline = syncobj_create(c.fd);
		ASSERT_EQ(0, syncobj_signal(c.fd, in));

		set_nth(self->fd, nth);
		ret = live(&c, in, timeline);
		left = is_left(self->fd);
		set_nth(self->fd, 0);

		client_close(&c);
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
	EXPECT_GT(nth, 20);
	EXPECT_EQ(nth - 1, injected);

	/* And all is well after that. */
	ASSERT_EQ(0, client_open(&c));
	s = stream_begin(&c, DRM_APU_ENGINE_EDMA);
	stream_end(&s);
	in = syncobj_create(c.fd);
	timeline = syncobj_create(c.fd);
	ASSERT_EQ(0, syncobj_signal(c.fd, in));
	EXPECT_EQ(0, live(&c, in, timeline));
	EXPECT_EQ(0, syncobj_wait(c.fd, timeline, 1, now_ns() + WAIT_NS));
	client_close(&c);
}

TEST_HARNESS_MAIN

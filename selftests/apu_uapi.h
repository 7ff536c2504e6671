/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of arguments share: a client, and a job and a bind that are good.
 */
#ifndef __APU_UAPI_H__
#define __APU_UAPI_H__

#include "apu_test.h"

#include "apu_harness.h"

FIXTURE(uapi) {
	struct client c;
	struct drm_apu_stream stream;
	struct drm_apu_job job;
	struct drm_apu_submit submit;
	struct drm_apu_vm_bind_op op;
	struct drm_apu_vm_bind bind;
};

/* Buffers take a debug kernel long, and tests are children: all have one client's. */
static struct client client;
static int client_error;

__attribute__((constructor)) static void open_the_client(void)
{
	client_error = client_open(&client);
}

FIXTURE_SETUP(uapi)
{
	struct stream s;

	ASSERT_EQ(0, client_error);
	self->c = client;
	ASSERT_EQ(0, ctx_create(self->c.fd, self->c.vm, &self->c.ctx));

	/* A job and a bind that are good, for the tests to spoil. */
	s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	self->stream = stream_end(&s);
	self->job = (struct drm_apu_job) { .streams = DRM_APU_OBJ_ARRAY(1, &self->stream) };
	self->submit = (struct drm_apu_submit) {
		.ctx_id = self->c.ctx,
		.jobs = DRM_APU_OBJ_ARRAY(1, &self->job),
	};
	self->op = (struct drm_apu_vm_bind_op) {
		.op = DRM_APU_VM_BIND_OP_MAP,
		.bo_handle = self->c.data.handle,
		.va = VA_DATA,
		.size = 4096,
	};
	self->bind = (struct drm_apu_vm_bind) {
		.vm_id = self->c.vm,
		.ops = DRM_APU_OBJ_ARRAY(1, &self->op),
	};
}

FIXTURE_TEARDOWN(uapi)
{
	EXPECT_EQ(0, ctx_destroy(self->c.fd, self->c.ctx));
}

#define SUBMIT() apu_ioctl(self->c.fd, DRM_IOCTL_APU_SUBMIT, &self->submit)
#define BIND() apu_ioctl(self->c.fd, DRM_IOCTL_APU_VM_BIND, &self->bind)

/* The ioctl on a structure with these fields. */
#define CALL(name, type, ...)						\
	({								\
		struct drm_apu_##type args = { __VA_ARGS__ };		\
		apu_ioctl(self->c.fd, DRM_IOCTL_APU_##name, &args);	\
	})

#endif /* __APU_UAPI_H__ */

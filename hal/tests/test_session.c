// SPDX-License-Identifier: MIT
/*
 * Device, session and request against the kernel interface of fake_kmd.c.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "apu/apu.h"
#include "apu/apu_isa.h"
#include "dla_builder.h"
#include "fake_kmd.h"

struct bench {
	struct apu_device *dev;
	struct apu_model *model;
	struct apu_session *session;
	struct apu_request *request;
	int8_t in[64];
	int8_t out[64];
};

static struct apu_model *load(const struct dla_spec *spec)
{
	struct apu_model *model;
	size_t size;
	uint8_t *data = spec_write(spec, &size);

	assert_int_equal(apu_model_load_memory(data, size, &model), 0);
	free(data);
	return model;
}

static void bench_open(struct bench *b, const struct dla_spec *spec)
{
	unsigned int i;

	memset(b, 0, sizeof(*b));
	assert_int_equal(apu_device_open(FAKE_NODE, &b->dev), 0);
	b->model = load(spec);
	assert_int_equal(apu_session_create(b->dev, b->model, APU_PRIORITY_NORMAL, &b->session), 0);
	assert_int_equal(apu_request_create(b->session, &b->request), 0);
	for (i = 0; i < 64; i++)
		b->in[i] = (int8_t)(3 * i);
}

static void bench_bind(struct bench *b)
{
	assert_int_equal(apu_request_bind_input(b->request, 0, b->in, 64), 0);
	assert_int_equal(apu_request_bind_output(b->request, 0, b->out, 64), 0);
}

static void bench_close(struct bench *b)
{
	apu_request_release(b->request);
	apu_session_release(b->session);
	apu_model_release(b->model);
	apu_device_close(b->dev);
	fake_assert_no_leak();
}

static int setup(void **state)
{
	static struct dla_spec spec;

	fake_reset();
	spec_init(&spec, 4096);
	*state = &spec;
	return 0;
}

static void errors_of_open_are_told_apart(void **state)
{
	struct apu_device *dev;

	(void)state;
	assert_int_equal(apu_device_open("/dev/absent", &dev), -ENODEV);
	assert_non_null(strstr(apu_last_error(), "no device"));
	fake.open_error = -EACCES;
	assert_int_equal(apu_device_open(FAKE_NODE, &dev), -EACCES);
	assert_non_null(strstr(apu_last_error(), "no permission"));
	assert_int_equal(apu_device_open(NULL, &dev), -EACCES);
	fake.open_error = -ENOTTY;
	assert_int_equal(apu_device_open(FAKE_NODE, &dev), -ENODEV);
	assert_non_null(strstr(apu_last_error(), "not an APU"));
	assert_int_equal(apu_device_open(NULL, &dev), -ENODEV);
	fake.open_error = 0;
	fake.version_major = 2;
	assert_int_equal(apu_device_open(FAKE_NODE, &dev), -EPROTONOSUPPORT);
	assert_non_null(strstr(apu_last_error(), "version mismatch"));
	fake.version_major = 1;
	fake.version_minor = 0;
	assert_int_equal(apu_device_open(FAKE_NODE, &dev), -EPROTONOSUPPORT);
	assert_non_null(strstr(apu_last_error(), "1.0, this library needs 1.1"));
	fake.version_minor = 2;
	assert_int_equal(apu_device_open(FAKE_NODE, &dev), 0);
	apu_device_close(dev);
	fake.info.hw_version = 2u << 16;
	assert_int_equal(apu_device_open(FAKE_NODE, &dev), -EPROTONOSUPPORT);
	assert_non_null(strstr(apu_last_error(), "version mismatch"));
	fake_assert_no_leak();
}

static void a_model_must_fit_the_device(void **state)
{
	struct dla_spec *spec = *state;
	struct apu_session *session;
	struct apu_device *dev;
	struct apu_model *model = load(spec);

	/* All that the device has is not too much. */
	fake.info.l1_kib = spec->info.l1_kib;
	fake.info.num_engines[APU_ENGINE_EDMA] = spec->info.num_engines[APU_ENGINE_EDMA];
	assert_int_equal(apu_device_open(FAKE_NODE, &dev), 0);
	assert_int_equal(apu_session_create(dev, model, APU_PRIORITY_NORMAL, &session), 0);
	apu_session_release(session);
	apu_device_close(dev);

	fake.info.l1_kib = 64;
	assert_int_equal(apu_device_open(FAKE_NODE, &dev), 0);
	assert_int_equal(apu_session_create(dev, model, APU_PRIORITY_NORMAL, &session), -ENOTSUP);
	assert_non_null(strstr(apu_last_error(), "L1"));
	apu_model_release(model);

	spec->info.num_engines[APU_ENGINE_MVPU] = 2;
	model = load(spec);
	assert_int_equal(apu_session_create(dev, model, APU_PRIORITY_NORMAL, &session), -ENOTSUP);
	assert_non_null(strstr(apu_last_error(), "2 MVPU"));
	apu_model_release(model);

	spec->info.hw_version = APU_HW_VERSION + 1;
	model = load(spec);
	assert_int_equal(apu_session_create(dev, model, APU_PRIORITY_NORMAL, &session),
			 -EPROTONOSUPPORT);
	apu_model_release(model);
	apu_device_close(dev);
	fake_assert_no_leak();
}

static void priority_without_rights_is_told_at_creation(void **state)
{
	struct apu_session *session;
	struct apu_device *dev;
	struct apu_model *model = load(*state);

	assert_int_equal(apu_device_open(FAKE_NODE, &dev), 0);
	assert_int_equal(apu_session_create(dev, model, APU_PRIORITY_HIGH, &session), -EACCES);
	assert_int_equal(apu_session_create(dev, model, (enum apu_priority)7, &session), -EINVAL);
	apu_model_release(model);
	apu_device_close(dev);
	fake_assert_no_leak();
}

static void an_inference_is_one_submit_and_one_wait(void **state)
{
	struct bench b;
	unsigned int i;

	bench_open(&b, *state);
	bench_bind(&b);
	for (i = 0; i < 10; i++) {
		b.in[5] = (int8_t)i;
		assert_int_equal(apu_request_run(b.request), 0);
		assert_memory_equal(b.in, b.out, 64);
		assert_int_equal(fake.submits, i + 1);
		assert_int_equal(fake.waits, i + 1);
	}
	/* TEXT, STATIC, TEMP, one input, one output. */
	assert_int_equal(fake.regions_set, 0x3e);
	/* Text and constants, temporary memory, prologues, staging: mapped once. */
	assert_int_equal(fake.maps, 4);
	assert_int_equal(fake.contexts, 1);
	assert_int_equal(fake.jobs[0].l1_kib, 128);
	assert_int_equal(fake.jobs[0].num_bos, 0);
	bench_close(&b);
}

static void release_is_free_of_order(void **state)
{
	struct bench b;

	bench_open(&b, *state);
	bench_bind(&b);
	apu_device_close(b.dev);
	apu_model_release(b.model);
	apu_session_release(b.session);
	assert_int_equal(apu_request_run(b.request), 0);
	assert_memory_equal(b.in, b.out, 64);
	apu_request_release(b.request);
	fake_assert_no_leak();
	apu_request_release(NULL);
	apu_session_release(NULL);
	apu_model_release(NULL);
	apu_bo_release(NULL);
	apu_device_close(NULL);
}

static void bad_bindings_are_refused(void **state)
{
	struct apu_device *other;
	struct apu_bo *bo;
	struct bench b;

	bench_open(&b, *state);
	assert_int_equal(apu_request_submit(b.request), -EINVAL);
	assert_non_null(strstr(apu_last_error(), "input 0 is not bound"));
	assert_int_equal(apu_request_wait(b.request, 0), -EINVAL);
	assert_int_equal(apu_request_bind_input(b.request, 1, b.in, 64), -EINVAL);
	assert_int_equal(apu_request_bind_input(b.request, 0, b.in, 63), -EINVAL);
	assert_non_null(strstr(apu_last_error(), "63 bytes, the model wants 64"));
	assert_int_equal(apu_request_bind_input(b.request, 0, NULL, 64), -EINVAL);
	assert_int_equal(apu_bo_create(b.dev, 0, &bo), -EINVAL);
	assert_int_equal(apu_bo_create(b.dev, 100, &bo), 0);
	assert_int_equal(apu_bo_size(bo), 4096);
	assert_int_equal(apu_request_bind_output_bo(b.request, 0, bo, 4, 64), -EINVAL);
	assert_int_equal(apu_request_bind_output_bo(b.request, 0, bo, 4096 - 56, 64), -EINVAL);
	assert_int_equal(apu_request_bind_output_bo(b.request, 0, bo, SIZE_MAX - 7, 64), -EINVAL);
	assert_int_equal(apu_request_bind_output_bo(b.request, 0, bo, 4096 - 64, 64), 0);
	assert_int_equal(apu_request_bind_input_fd(b.request, 0, 3, 0, 64), -EINVAL);
	assert_non_null(strstr(apu_last_error(), "dma-buf"));
	apu_bo_release(bo);
	assert_int_equal(apu_device_open(FAKE_NODE, &other), 0);
	assert_int_equal(apu_bo_create(other, 100, &bo), 0);
	assert_int_equal(apu_request_bind_output_bo(b.request, 0, bo, 0, 64), -EINVAL);
	assert_non_null(strstr(apu_last_error(), "another device"));
	apu_bo_release(bo);
	apu_device_close(other);
	bench_close(&b);
}

static void buffers_are_used_in_place(void **state)
{
	struct apu_memory memory;
	struct apu_bo *bo;
	struct bench b;
	uint8_t *ptr;

	bench_open(&b, *state);
	assert_int_equal(apu_bo_create(b.dev, 4096, &bo), 0);
	assert_int_equal(apu_bo_map(bo, (void **)&ptr), 0);
	memcpy(ptr + 128, b.in, 64);
	assert_int_equal(apu_request_bind_input_bo(b.request, 0, bo, 128, 64), 0);
	assert_int_equal(apu_request_bind_output_bo(b.request, 0, bo, 512, 64), 0);
	apu_bo_release(bo);
	assert_int_equal(apu_request_run(b.request), 0);
	assert_memory_equal(ptr + 512, b.in, 64);
	apu_session_get_memory(b.session, &memory);
	assert_int_equal(memory.io_bytes, 0);
	/* The buffer once, as written. */
	assert_int_equal(fake.jobs[0].num_bos, 1);
	assert_int_equal(fake.jobs[0].bos[0].flags, DRM_APU_BO_REF_WRITE);
	bench_close(&b);
}

static void dma_bufs_are_used_in_place(void **state)
{
	struct apu_bo *bo, *again;
	struct bench b;
	void *ptr;
	int fd;

	bench_open(&b, *state);
	memcpy(fake_dmabuf_data(), b.in, 64);
	assert_int_equal(apu_bo_import(b.dev, FAKE_DMABUF, &bo), 0);
	assert_int_equal(apu_bo_map(bo, &ptr), -EINVAL);
	/* Twice imported, still one object: the first release must not end it. */
	assert_int_equal(apu_request_bind_input_fd(b.request, 0, FAKE_DMABUF, 0, 64), 0);
	apu_bo_release(bo);
	assert_int_equal(apu_request_bind_output(b.request, 0, b.out, 64), 0);
	assert_int_equal(apu_request_run(b.request), 0);
	assert_memory_equal(b.in, b.out, 64);
	assert_int_equal(fake.jobs[0].num_bos, 1);
	assert_int_equal(fake.jobs[0].bos[0].flags, 0);

	/* An exported buffer comes back as itself. */
	assert_int_equal(apu_bo_create(b.dev, 64, &bo), 0);
	assert_int_equal(apu_bo_export(bo, &fd), 0);
	assert_int_equal(apu_bo_import(b.dev, fd, &again), 0);
	assert_ptr_equal(bo, again);
	apu_bo_release(again);
	apu_bo_release(bo);
	bench_close(&b);
}

static void memory_follows_the_documented_lifetimes(void **state)
{
	struct dla_spec *spec = *state;
	struct apu_request *second;
	struct apu_memory memory;
	struct apu_bo *bo;
	struct bench b;

	bench_open(&b, spec);
	apu_session_get_memory(b.session, &memory);
	assert_int_equal(memory.static_bytes, 100);
	assert_int_equal(memory.temp_bytes, 4096);
	assert_int_equal(memory.io_bytes, 0);
	assert_int_equal(memory.command_bytes, spec->text_size + 5 * 24 + 24 + 8);
	assert_int_equal(memory.total_bytes, 3 * 4096);
	bench_bind(&b);
	assert_int_equal(apu_request_run(b.request), 0);
	apu_session_get_memory(b.session, &memory);
	assert_int_equal(memory.io_bytes, 128);
	assert_int_equal(memory.total_bytes, 4 * 4096);
	assert_int_equal(apu_request_create(b.session, &second), 0);
	apu_request_release(b.request);
	apu_session_get_memory(b.session, &memory);
	assert_int_equal(memory.io_bytes, 0);
	assert_int_equal(memory.total_bytes, 3 * 4096);
	b.request = second;
	bench_close(&b);

	/* Without temporary memory there is none. */
	fake_reset();
	spec_init(spec, 0);
	bench_open(&b, spec);
	apu_session_get_memory(b.session, &memory);
	assert_int_equal(memory.temp_bytes, 0);
	assert_int_equal(memory.total_bytes, 2 * 4096);
	bench_close(&b);

	/* With the MVPU inputs and outputs come at initialisation, and go if nobody wants them. */
	fake_reset();
	spec_init(spec, 4096);
	spec->info.num_engines[APU_ENGINE_MVPU] = 1;
	bench_open(&b, spec);
	apu_session_get_memory(b.session, &memory);
	assert_int_equal(memory.io_bytes, 128);
	assert_int_equal(apu_bo_create(b.dev, 4096, &bo), 0);
	assert_int_equal(apu_request_bind_input_bo(b.request, 0, bo, 0, 64), 0);
	assert_int_equal(apu_request_bind_output_bo(b.request, 0, bo, 64, 64), 0);
	apu_bo_release(bo);
	assert_int_equal(apu_request_run(b.request), 0);
	apu_session_get_memory(b.session, &memory);
	assert_int_equal(memory.io_bytes, 0);
	bench_close(&b);
}

static void bindings_can_change(void **state)
{
	int8_t other[64];
	struct apu_bo *bo;
	struct bench b;
	void *ptr;

	bench_open(&b, *state);
	bench_bind(&b);
	assert_int_equal(apu_request_run(b.request), 0);
	/* Pointer to pointer: nothing is mapped anew. */
	assert_int_equal(apu_request_bind_output(b.request, 0, other, 64), 0);
	b.in[0] = 99;
	assert_int_equal(apu_request_run(b.request), 0);
	assert_memory_equal(b.in, other, 64);
	assert_int_not_equal(b.out[0], 99);
	assert_int_equal(fake.maps, 4);
	/* Pointer to buffer and back. */
	assert_int_equal(apu_bo_create(b.dev, 64, &bo), 0);
	assert_int_equal(apu_request_bind_output_bo(b.request, 0, bo, 0, 64), 0);
	assert_int_equal(apu_request_run(b.request), 0);
	assert_int_equal(apu_bo_map(bo, &ptr), 0);
	assert_memory_equal(b.in, ptr, 64);
	b.in[1] = 98;
	assert_int_equal(apu_request_bind_output(b.request, 0, b.out, 64), 0);
	assert_int_equal(apu_request_run(b.request), 0);
	assert_memory_equal(b.in, b.out, 64);
	assert_int_equal(fake.jobs[0].num_bos, 0);
	apu_bo_release(bo);
	bench_close(&b);
}

static void sessions_of_a_model_share_constants(void **state)
{
	struct apu_session *second;
	unsigned int bos;
	struct bench b;

	bench_open(&b, *state);
	bos = fake.live_bos;
	assert_int_equal(apu_session_create(b.dev, b.model, APU_PRIORITY_LOW, &second), 0);
	/* Temporary memory only. */
	assert_int_equal(fake.live_bos, bos + 1);
	apu_session_release(second);
	bench_bind(&b);
	assert_int_equal(apu_request_run(b.request), 0);
	assert_memory_equal(b.in, b.out, 64);
	bench_close(&b);
}

static void wait_can_time_out_and_be_repeated(void **state)
{
	struct bench b;

	bench_open(&b, *state);
	bench_bind(&b);
	fake.hold = true;
	assert_int_equal(apu_request_submit(b.request), 0);
	assert_int_equal(apu_request_submit(b.request), -EBUSY);
	assert_int_equal(apu_request_bind_input(b.request, 0, b.in, 64), -EBUSY);
	assert_int_equal(apu_request_wait(b.request, 0), -ETIMEDOUT);
	assert_int_equal(apu_request_wait(b.request, 1000000), -ETIMEDOUT);
	assert_int_equal(b.out[1], 0);
	fake_release_hold();
	assert_int_equal(apu_request_wait(b.request, 0), 0);
	assert_memory_equal(b.in, b.out, 64);
	assert_int_equal(apu_request_wait(b.request, -1), 0);
	bench_close(&b);
}

static void release_waits_and_copies_nothing(void **state)
{
	struct bench b;
	int8_t *gone = malloc(64);

	bench_open(&b, *state);
	bench_bind(&b);
	assert_int_equal(apu_request_bind_output(b.request, 0, gone, 64), 0);
	fake.hold = true;
	assert_int_equal(apu_request_submit(b.request), 0);
	free(gone);
	bench_close(&b);
	assert_int_equal(fake.waits, 1);
}

static void requests_take_turns_with_temporary_memory(void **state)
{
	struct dla_spec *spec = *state;
	struct apu_request *second;
	int8_t out[64];
	struct bench b;

	bench_open(&b, spec);
	bench_bind(&b);
	assert_int_equal(apu_request_create(b.session, &second), 0);
	assert_int_equal(apu_request_bind_input(second, 0, b.in, 64), 0);
	assert_int_equal(apu_request_bind_output(second, 0, out, 64), 0);
	fake.hold = true;
	assert_int_equal(apu_request_submit(b.request), 0);
	assert_int_equal(fake.jobs[0].num_syncs, 1);
	assert_int_equal(fake.jobs[0].syncs[0].flags, DRM_APU_SYNC_OP_SIGNAL);
	assert_int_equal(apu_request_submit(second), 0);
	assert_int_equal(fake.jobs[0].num_syncs, 2);
	assert_int_equal(fake.jobs[0].syncs[0].flags, 0);
	fake_release_hold();
	assert_int_equal(apu_request_wait(second, -1), 0);
	assert_int_equal(apu_request_wait(b.request, -1), 0);
	/* Nothing in flight, nothing to wait for. */
	assert_int_equal(apu_request_run(second), 0);
	assert_int_equal(fake.jobs[0].num_syncs, 1);
	apu_request_release(second);
	bench_close(&b);
}

static void variables_live_from_one_inference_to_the_next(void **state)
{
	int8_t first[64], zero[64] = {0};
	struct dla_spec *spec = *state;
	struct apu_model_info info;
	struct bench b;

	spec_init_delay(spec);
	memcpy(first, spec->state, 64);
	bench_open(&b, spec);
	apu_model_get_info(b.model, &info);
	assert_int_equal(info.state_bytes, 64);
	bench_bind(&b);
	assert_int_equal(apu_request_run(b.request), 0);
	assert_memory_equal(b.out, first, 64);
	assert_int_equal(apu_request_bind_input(b.request, 0, zero, 64), 0);
	assert_int_equal(apu_request_run(b.request), 0);
	assert_memory_equal(b.out, b.in, 64);
	fake.hold = true;
	assert_int_equal(apu_request_submit(b.request), 0);
	assert_int_equal(apu_session_reset(b.session), -EBUSY);
	fake_release_hold();
	assert_int_equal(apu_request_wait(b.request, -1), 0);
	assert_memory_equal(b.out, zero, 64);
	assert_int_equal(apu_session_reset(b.session), 0);
	assert_int_equal(apu_request_run(b.request), 0);
	assert_memory_equal(b.out, first, 64);
	bench_close(&b);
}

static void jobs_carry_dependencies_and_limits(void **state)
{
	struct dla_spec *spec = *state;
	struct bench b;

	spec->num_jobs = 3;
	spec->jobs[1] = spec->jobs[2] = spec->jobs[0];
	spec->jobs[1].l1_kib = 0;
	spec->jobs[1].time_limit_us = 77;
	spec->jobs[2].after = 3;
	bench_open(&b, spec);
	bench_bind(&b);
	assert_int_equal(apu_request_run(b.request), 0);
	assert_int_equal(fake.submits, 1);
	assert_int_equal(fake.num_jobs, 3);
	assert_int_equal(fake.jobs[0].num_deps, 0);
	assert_int_equal(fake.jobs[0].num_syncs, 0);
	assert_int_equal(fake.jobs[1].l1_kib, 0);
	assert_int_equal(fake.jobs[1].time_limit_us, 77);
	assert_int_equal(fake.jobs[2].num_deps, 2);
	assert_int_equal(fake.jobs[2].deps[0], 0);
	assert_int_equal(fake.jobs[2].deps[1], 1);
	/* The last one's fence stands for all. */
	assert_int_equal(fake.jobs[2].num_syncs, 1);
	assert_int_equal(fake.jobs[2].syncs[0].flags, DRM_APU_SYNC_OP_SIGNAL);
	/* With a fence to wait for, it is the first two that wait. */
	assert_int_equal(apu_request_submit_fenced(b.request, FAKE_SYNC_FILE, NULL), 0);
	assert_int_equal(fake.jobs[0].num_syncs, 1);
	assert_int_equal(fake.jobs[0].syncs[0].flags, 0);
	assert_int_equal(fake.jobs[1].num_syncs, 1);
	assert_int_equal(fake.jobs[2].num_syncs, 1);
	assert_int_equal(fake.jobs[2].syncs[0].flags, DRM_APU_SYNC_OP_SIGNAL);
	bench_close(&b);
}

static void fences_go_in_and_out(void **state)
{
	struct bench b;
	int fence = -1;

	bench_open(&b, *state);
	bench_bind(&b);
	assert_int_equal(apu_request_submit_fenced(b.request, 4, &fence), -EINVAL);
	assert_int_equal(fake.submits, 0);
	assert_int_equal(apu_request_submit_fenced(b.request, FAKE_SYNC_FILE, &fence), 0);
	assert_true(fence >= 0);
	close(fence);
	assert_int_equal(fake.jobs[0].num_syncs, 2);
	assert_int_equal(apu_request_wait(b.request, -1), 0);
	assert_memory_equal(b.in, b.out, 64);
	bench_close(&b);
}

static void failures_are_told_and_the_session_goes_on(void **state)
{
	static const struct {
		uint32_t cause;
		int ret;
		const char *words;
	} causes[] = {
		{DRM_APU_CTX_CAUSE_TIMEOUT, -ETIME, "limit"},
		{DRM_APU_CTX_CAUSE_COMMAND, -EFAULT, "bad command"},
		{DRM_APU_CTX_CAUSE_REGION, -EFAULT, "region"},
		{DRM_APU_CTX_CAUSE_MMU, -EFAULT, "MMU fault"},
		{DRM_APU_CTX_CAUSE_HARDWARE, -EIO, "hardware"},
	};
	struct bench b;
	unsigned int i;

	bench_open(&b, *state);
	bench_bind(&b);
	for (i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		memset(b.out, 0, 64);
		fake.fail_cause = causes[i].cause;
		assert_int_equal(apu_request_run(b.request), causes[i].ret);
		assert_non_null(strstr(apu_last_error(), causes[i].words));
		/* No result, and the same answer again. */
		assert_int_equal(b.out[1], 0);
		assert_int_equal(apu_request_wait(b.request, 0), causes[i].ret);
		assert_int_equal(apu_request_run(b.request), 0);
		assert_memory_equal(b.in, b.out, 64);
		assert_int_equal(fake.contexts, i + 2);
		assert_int_equal(fake.live_contexts, 1);
	}
	bench_close(&b);
}

static void a_failure_nobody_waited_for_does_not_hit_the_next(void **state)
{
	struct apu_request *second;
	int8_t out[64];
	struct bench b;

	bench_open(&b, *state);
	bench_bind(&b);
	assert_int_equal(apu_request_create(b.session, &second), 0);
	assert_int_equal(apu_request_bind_input(second, 0, b.in, 64), 0);
	assert_int_equal(apu_request_bind_output(second, 0, out, 64), 0);
	fake.fail_cause = DRM_APU_CTX_CAUSE_MMU;
	assert_int_equal(apu_request_submit(b.request), 0);
	assert_int_equal(apu_request_run(second), 0);
	assert_memory_equal(b.in, out, 64);
	assert_int_equal(apu_request_wait(b.request, -1), -EFAULT);
	/* Which must not take the new context with it. */
	assert_int_equal(apu_request_run(second), 0);
	assert_int_equal(fake.contexts, 2);
	apu_request_release(second);
	bench_close(&b);
}

static void a_device_that_goes_away_is_told(void **state)
{
	struct bench b;

	bench_open(&b, *state);
	bench_bind(&b);
	assert_int_equal(apu_request_submit(b.request), 0);
	fake.gone = true;
	assert_int_equal(apu_request_wait(b.request, -1), -ENODEV);
	assert_non_null(strstr(apu_last_error(), "gone away"));
	assert_int_equal(apu_request_run(b.request), -ENODEV);
	assert_non_null(strstr(apu_last_error(), "gone away"));
	bench_close(&b);
}

static void profile_sums_jobs_and_streams(void **state)
{
	struct dla_spec *spec = *state;
	struct apu_profile profile;
	struct bench b;

	spec->num_jobs = 2;
	spec->jobs[1] = spec->jobs[0];
	bench_open(&b, spec);
	bench_bind(&b);
	assert_int_equal(apu_request_get_profile(b.request, &profile), -EINVAL);
	assert_int_equal(apu_request_submit(b.request), 0);
	assert_int_equal(apu_request_get_profile(b.request, &profile), -EBUSY);
	assert_int_equal(apu_request_wait(b.request, -1), 0);
	assert_int_equal(apu_request_get_profile(b.request, &profile), 0);
	assert_int_equal(profile.num_jobs, 2);
	assert_int_equal(profile.cycles, 200);
	/* 1000 to 2500 at 1 MHz. */
	assert_int_equal(profile.device_ns, 1500000);
	assert_int_equal(profile.engine[APU_ENGINE_EDMA].streams, 4);
	assert_int_equal(profile.engine[APU_ENGINE_EDMA].busy, 240);
	assert_int_equal(profile.engine[APU_ENGINE_EDMA].dram_bytes, 512);
	assert_int_equal(profile.engine[APU_ENGINE_EDMA].l1_bytes, 256);
	assert_int_equal(profile.engine[APU_ENGINE_MDLA].streams, 0);
	bench_close(&b);
}

/* All that can fail on the way to a first inference; the error of the first that does. */
static int first_inference(const struct dla_spec *spec)
{
	struct apu_session *session = NULL;
	struct apu_request *request = NULL;
	struct apu_device *dev = NULL;
	struct apu_model *model = load(spec);
	struct apu_bo *bo = NULL, *imported = NULL;
	int8_t in[64] = {0};
	int ret, fence = -1;

	ret = apu_device_open(FAKE_NODE, &dev);
	if (!ret)
		ret = apu_session_create(dev, model, APU_PRIORITY_NORMAL, &session);
	if (!ret)
		ret = apu_request_create(session, &request);
	if (!ret)
		ret = apu_bo_create(dev, 64, &bo);
	if (!ret)
		ret = apu_bo_import(dev, FAKE_DMABUF, &imported);
	if (!ret)
		ret = apu_request_bind_input(request, 0, in, 64);
	if (!ret)
		ret = apu_request_bind_output_bo(request, 0, bo, 0, 64);
	if (!ret)
		ret = apu_request_submit_fenced(request, FAKE_SYNC_FILE, &fence);
	if (!ret)
		ret = apu_request_wait(request, -1);
	if (fence >= 0)
		close(fence);
	apu_bo_release(imported);
	apu_bo_release(bo);
	apu_request_release(request);
	apu_session_release(session);
	apu_model_release(model);
	apu_device_close(dev);
	return ret;
}

static void every_failure_of_the_kernel_is_survived(void **state)
{
	unsigned int nth;
	int ret;

	for (nth = 1;; nth++) {
		fake_reset();
		fake.fail_nth = nth;
		ret = first_inference(*state);
		fake_assert_no_leak();
		if (ret == 0)
			break;
		assert_int_equal(ret, -ENOMEM);
	}
	/* Query, VM, 3 buffers of 3 calls or so, …: more than a few. */
	assert_in_range(nth, 15, 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(errors_of_open_are_told_apart, setup),
		cmocka_unit_test_setup(a_model_must_fit_the_device, setup),
		cmocka_unit_test_setup(priority_without_rights_is_told_at_creation, setup),
		cmocka_unit_test_setup(an_inference_is_one_submit_and_one_wait, setup),
		cmocka_unit_test_setup(release_is_free_of_order, setup),
		cmocka_unit_test_setup(bad_bindings_are_refused, setup),
		cmocka_unit_test_setup(buffers_are_used_in_place, setup),
		cmocka_unit_test_setup(dma_bufs_are_used_in_place, setup),
		cmocka_unit_test_setup(memory_follows_the_documented_lifetimes, setup),
		cmocka_unit_test_setup(bindings_can_change, setup),
		cmocka_unit_test_setup(sessions_of_a_model_share_constants, setup),
		cmocka_unit_test_setup(wait_can_time_out_and_be_repeated, setup),
		cmocka_unit_test_setup(release_waits_and_copies_nothing, setup),
		cmocka_unit_test_setup(requests_take_turns_with_temporary_memory, setup),
		cmocka_unit_test_setup(variables_live_from_one_inference_to_the_next, setup),
		cmocka_unit_test_setup(jobs_carry_dependencies_and_limits, setup),
		cmocka_unit_test_setup(fences_go_in_and_out, setup),
		cmocka_unit_test_setup(failures_are_told_and_the_session_goes_on, setup),
		cmocka_unit_test_setup(a_failure_nobody_waited_for_does_not_hit_the_next, setup),
		cmocka_unit_test_setup(a_device_that_goes_away_is_told, setup),
		cmocka_unit_test_setup(profile_sums_jobs_and_streams, setup),
		cmocka_unit_test_setup(every_failure_of_the_kernel_is_survived, setup),
	};

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}

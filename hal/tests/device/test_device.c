// SPDX-License-Identifier: MIT
/*
 * libapu on a real device, with the kernel's driver: what the fake kernel of the unit tests
 * cannot show. Prints TAP. Needs root, /dev/dma_heap/system and /dev/udmabuf.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/dma-buf.h>
#include <linux/udmabuf.h>

#include "apu/apu.h"
#include "apu/apu_isa.h"
#include "../dla_builder.h"
#include "device_util.h"

#define SIZE 64

static struct apu_device *dev;

struct bench {
	struct apu_model *model;
	struct apu_session *session;
	struct apu_request *request;
	uint8_t in[SIZE];
	uint8_t out[SIZE];
};

static bool bench_open(struct bench *b, const struct dla_spec *spec)
{
	size_t size;
	uint8_t *data = spec_write(spec, &size);
	int ret, i;

	memset(b, 0, sizeof(*b));
	for (i = 0; i < SIZE; i++)
		b->in[i] = (uint8_t)rand();
	ret = apu_model_load_memory(data, size, &b->model);
	free(data);
	CHECK(ret == 0);
	CHECK(apu_session_create(dev, b->model, APU_PRIORITY_NORMAL, &b->session) == 0);
	CHECK(apu_request_create(b->session, &b->request) == 0);
	CHECK(apu_request_bind_input(b->request, 0, b->in, SIZE) == 0);
	CHECK(apu_request_bind_output(b->request, 0, b->out, SIZE) == 0);
	return true;
}

static void bench_close(struct bench *b)
{
	apu_request_release(b->request);
	apu_session_release(b->session);
	apu_model_release(b->model);
}

static bool device_tells_what_it_is(void)
{
	struct apu_device_info info;

	apu_device_get_info(dev, &info);
	CHECK(info.hw_version == APU_HW_VERSION);
	CHECK(info.num_engines[APU_ENGINE_EDMA] >= 1);
	CHECK(info.l1_kib > 0 && info.max_khz > 0 && info.num_slots > 0 && info.timestamp_hz > 0);
	CHECK(strncmp(apu_device_path(dev), "/dev/accel/", 11) == 0);
	return true;
}

static bool errors_of_open_are_told_apart(void)
{
	struct apu_device *other;

	CHECK(apu_device_open("/dev/accel/none", &other) == -ENODEV);
	CHECK(apu_device_open("/dev/null", &other) == -ENODEV);
	CHECK(strstr(apu_last_error(), "not an APU"));
	/* The superuser is allowed everything. */
	CHECK(seteuid(65534) == 0);
	int ret = apu_device_open(NULL, &other);

	CHECK(seteuid(0) == 0);
	CHECK(ret == -EACCES);
	CHECK(strstr(apu_last_error(), "no permission"));
	return true;
}

static bool pointers_are_copied(void)
{
	struct dla_spec spec;
	struct apu_profile profile;
	struct bench b;
	int i;

	spec_init(&spec, 4096);
	CHECK(bench_open(&b, &spec));
	for (i = 0; i < 20; i++) {
		b.in[0] = (uint8_t)i;
		CHECK(apu_request_run(b.request) == 0);
		CHECK(memcmp(b.in, b.out, SIZE) == 0);
	}
	CHECK(apu_request_get_profile(b.request, &profile) == 0);
	CHECK(profile.num_jobs == 1 && profile.cycles > 0 && profile.device_ns > 0);
	CHECK(profile.engine[APU_ENGINE_EDMA].streams == 1);
	/* Two copies, each read and written. */
	CHECK(profile.engine[APU_ENGINE_EDMA].dram_bytes == 4 * SIZE);
	bench_close(&b);
	return true;
}

static bool buffers_go_through_export_and_import(void)
{
	struct apu_device *second;
	struct apu_bo *bo, *same, *other;
	struct dla_spec spec;
	struct bench b;
	uint8_t *p, *q;
	int fd;

	spec_init(&spec, 0);
	CHECK(bench_open(&b, &spec));
	CHECK(apu_bo_create(dev, 4096, &bo) == 0);
	CHECK(apu_bo_map(bo, (void **)&p) == 0);
	CHECK(apu_bo_export(bo, &fd) == 0);
	CHECK(apu_bo_import(dev, fd, &same) == 0);
	CHECK(same == bo);
	/* Another handle on the device sees the same memory. */
	CHECK(apu_device_open(NULL, &second) == 0);
	CHECK(apu_bo_import(second, fd, &other) == 0);
	close(fd);
	CHECK(apu_bo_map(other, (void **)&q) == 0);
	CHECK(apu_request_bind_input_bo(b.request, 0, other, 0, SIZE) == -EINVAL);
	memcpy(q, b.in, SIZE);
	CHECK(apu_request_bind_input_bo(b.request, 0, bo, 0, SIZE) == 0);
	CHECK(apu_request_bind_output_bo(b.request, 0, bo, 1024, SIZE) == 0);
	CHECK(apu_request_run(b.request) == 0);
	CHECK(memcmp(q + 1024, b.in, SIZE) == 0);
	apu_bo_release(other);
	apu_device_close(second);
	apu_bo_release(same);
	apu_bo_release(bo);
	bench_close(&b);
	return true;
}

static int udmabuf_alloc(size_t size)
{
	struct udmabuf_create arg = {.flags = UDMABUF_FLAGS_CLOEXEC, .size = size};
	int dev_fd = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	int mem = memfd_create("udmabuf", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	int fd = -1;

	if (dev_fd >= 0 && mem >= 0 && ftruncate(mem, (off_t)size) == 0 &&
	    fcntl(mem, F_ADD_SEALS, F_SEAL_SHRINK) == 0) {
		arg.memfd = (uint32_t)mem;
		fd = ioctl(dev_fd, UDMABUF_CREATE, &arg);
	}
	close(mem);
	close(dev_fd);
	return fd;
}

/* In and out in one dma-buf of two pages, out at an offset on the second. */
static bool dma_buf_in_place(int fd)
{
	struct apu_memory memory;
	struct dla_spec spec;
	struct bench b;
	uint8_t *p;

	CHECK(fd >= 0);
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(p != MAP_FAILED);
	spec_init(&spec, 4096);
	CHECK(bench_open(&b, &spec));
	CHECK(dmabuf_sync(fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW));
	memcpy(p, b.in, SIZE);
	CHECK(dmabuf_sync(fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW));
	CHECK(apu_request_bind_input_fd(b.request, 0, fd, 0, SIZE) == 0);
	CHECK(apu_request_bind_output_fd(b.request, 0, fd, 8192 - SIZE, SIZE) == 0);
	CHECK(apu_request_bind_output_fd(b.request, 0, fd, 8192, SIZE) == -EINVAL);
	CHECK(apu_request_submit(b.request) == 0);
	/* The kernel's implicit fence: START waits for the device. */
	CHECK(dmabuf_sync(fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW));
	CHECK(memcmp(p + 8192 - SIZE, b.in, SIZE) == 0);
	CHECK(dmabuf_sync(fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW));
	CHECK(apu_request_wait(b.request, -1) == 0);
	apu_session_get_memory(b.session, &memory);
	CHECK(memory.io_bytes == 0);
	bench_close(&b);
	munmap(p, 8192);
	close(fd);
	return true;
}

static bool dma_buf_of_a_heap(void)
{
	return dma_buf_in_place(heap_alloc(8192));
}

static bool dma_buf_of_user_memory(void)
{
	return dma_buf_in_place(udmabuf_alloc(8192));
}

static bool what_is_no_dma_buf_is_refused(void)
{
	struct apu_bo *bo;
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	CHECK(apu_bo_import(dev, fd, &bo) == -EINVAL);
	close(fd);
	CHECK(apu_bo_import(dev, fd, &bo) == -EINVAL);
	CHECK(apu_bo_import(dev, -1, &bo) == -EINVAL);
	return true;
}

/* A stream that waits for a counter nobody raises, until its limit. */
static void make_stuck(struct dla_spec *spec, uint32_t limit_us)
{
	struct apu_cmd_wait cmd = {.hdr = {.opcode = APU_OP_WAIT, .words = 2}, .value = 1};

	spec_init(spec, 0);
	memcpy(spec->text, &cmd, sizeof(cmd));
	spec->text_size = sizeof(cmd);
	spec->streams[0].text_bytes = sizeof(cmd);
	spec->jobs[0].time_limit_us = limit_us;
}

static bool fences_order_sessions(void)
{
	struct dla_spec spec;
	struct bench first, second;
	struct pollfd pfd = {.events = POLLIN};
	struct apu_bo *bo;
	uint8_t *p;
	int fence;

	spec_init(&spec, 4096);
	CHECK(bench_open(&first, &spec));
	CHECK(bench_open(&second, &spec));
	CHECK(apu_bo_create(dev, 4096, &bo) == 0);
	CHECK(apu_bo_map(bo, (void **)&p) == 0);
	CHECK(apu_request_bind_output_bo(first.request, 0, bo, 0, SIZE) == 0);
	CHECK(apu_request_bind_input_bo(second.request, 0, bo, 0, SIZE) == 0);
	CHECK(apu_request_submit_fenced(first.request, -1, &fence) == 0);
	CHECK(apu_request_submit_fenced(second.request, fence, NULL) == 0);
	pfd.fd = fence;
	CHECK(poll(&pfd, 1, 10000) == 1 && pfd.revents == POLLIN);
	CHECK(memcmp(p, first.in, SIZE) == 0);
	CHECK(apu_request_wait(second.request, -1) == 0);
	CHECK(memcmp(second.out, first.in, SIZE) == 0);
	CHECK(apu_request_wait(first.request, -1) == 0);
	CHECK(apu_request_submit_fenced(first.request, 0, NULL) == -EINVAL);
	close(fence);
	apu_bo_release(bo);
	bench_close(&first);
	bench_close(&second);
	return true;
}

static bool a_stuck_job_ends_at_its_limit(void)
{
	struct dla_spec spec;
	struct bench b;

	make_stuck(&spec, 200000);
	CHECK(bench_open(&b, &spec));
	CHECK(apu_request_submit(b.request) == 0);
	CHECK(apu_request_wait(b.request, 0) == -ETIMEDOUT);
	CHECK(apu_request_wait(b.request, 1000000) == -ETIMEDOUT);
	CHECK(apu_request_wait(b.request, -1) == -ETIME);
	CHECK(strstr(apu_last_error(), "limit"));
	/* The session goes on, with the same end. */
	CHECK(apu_request_run(b.request) == -ETIME);
	/* Released while it runs. */
	CHECK(apu_request_submit(b.request) == 0);
	bench_close(&b);
	return true;
}

static bool a_queued_request_can_be_cancelled(void)
{
	struct apu_request *second;
	uint8_t out[SIZE] = {0};
	struct dla_spec spec;
	struct bench b;

	make_stuck(&spec, 200000);
	CHECK(bench_open(&b, &spec));
	CHECK(apu_request_create(b.session, &second) == 0);
	CHECK(apu_request_bind_input(second, 0, b.in, SIZE) == 0);
	CHECK(apu_request_bind_output(second, 0, out, SIZE) == 0);
	CHECK(apu_request_submit(b.request) == 0);
	CHECK(apu_request_submit(second) == 0);
	CHECK(apu_request_cancel(second) == 0);
	CHECK(apu_request_wait(second, -1) == -ECANCELED);
	/* What ran first is not concerned. */
	CHECK(apu_request_wait(b.request, -1) == -ETIME);
	apu_request_release(second);
	bench_close(&b);

	/* Cancelled after its end: done all the same. */
	spec_init(&spec, 4096);
	CHECK(bench_open(&b, &spec));
	CHECK(apu_request_run(b.request) == 0);
	CHECK(apu_request_cancel(b.request) == -EINVAL);
	bench_close(&b);
	return true;
}

static pthread_mutex_t call_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t call_cond = PTHREAD_COND_INITIALIZER;
static int calls, call_status;

static void count_call(struct apu_request *request, int status, void *opaque)
{
	int *again = opaque;

	pthread_mutex_lock(&call_lock);
	if (*again) {
		(*again)--;
		status |= apu_request_submit(request);
	}
	call_status |= status;
	calls++;
	pthread_cond_signal(&call_cond);
	pthread_mutex_unlock(&call_lock);
}

static bool callbacks_come_for_each_inference(void)
{
	struct dla_spec spec;
	struct bench b;
	int again = 50;

	spec_init(&spec, 4096);
	CHECK(bench_open(&b, &spec));
	CHECK(apu_request_set_callback(b.request, count_call, &again) == 0);
	CHECK(apu_request_submit(b.request) == 0);
	pthread_mutex_lock(&call_lock);
	while (calls < 51)
		pthread_cond_wait(&call_cond, &call_lock);
	pthread_mutex_unlock(&call_lock);
	CHECK(call_status == 0);
	CHECK(memcmp(b.in, b.out, SIZE) == 0);
	bench_close(&b);
	return true;
}

static bool a_limit_of_the_session_holds(void)
{
	struct apu_qos qos = {.priority = APU_PRIORITY_HIGH, .time_limit_us = 50000};
	struct apu_profile profile;
	struct dla_spec spec;
	struct bench b;

	/* The model's own is the longest there is, 10 s. */
	make_stuck(&spec, 0);
	CHECK(bench_open(&b, &spec));
	CHECK(apu_session_set_qos(b.session, &qos) == 0);
	CHECK(apu_request_run(b.request) == -ETIME);
	CHECK(apu_request_get_profile(b.request, &profile) == -ENOENT);
	bench_close(&b);
	return true;
}

static bool bad_commands_are_told(void)
{
	struct dla_spec spec;
	struct bench b;

	spec_init(&spec, 0);
	spec.text[0] = 0xee;
	CHECK(bench_open(&b, &spec));
	CHECK(apu_request_run(b.request) == -EFAULT);
	CHECK(strstr(apu_last_error(), "bad command at byte 0x0"));
	CHECK(strstr(apu_last_error(), "EDMA"));
	bench_close(&b);

	/* One byte more than the input has. */
	spec_init(&spec, 0);
	spec.text_size = 0;
	spec_add_copy(&spec, APU_REGION_IO + 1, APU_REGION_IO, SIZE + 1);
	spec.streams[0].text_bytes = spec.text_size;
	CHECK(bench_open(&b, &spec));
	CHECK(apu_request_run(b.request) == -EFAULT);
	CHECK(strstr(apu_last_error(), "outside its region"));
	bench_close(&b);

	/* Constants cannot be written. */
	spec_init(&spec, 0);
	spec.text_size = 0;
	spec_add_copy(&spec, APU_REGION_STATIC, APU_REGION_IO, SIZE);
	spec.streams[0].text_bytes = spec.text_size;
	CHECK(bench_open(&b, &spec));
	CHECK(apu_request_run(b.request) == -EFAULT);
	CHECK(strstr(apu_last_error(), "MMU fault"));
	bench_close(&b);
	return true;
}

static bool a_failure_hits_nobody_else(void)
{
	struct dla_spec good, bad;
	struct bench b, g;
	int i;

	spec_init(&good, 4096);
	spec_init(&bad, 0);
	bad.text[0] = 0xee;
	CHECK(bench_open(&g, &good));
	CHECK(bench_open(&b, &bad));
	for (i = 0; i < 20; i++) {
		CHECK(apu_request_submit(g.request) == 0);
		CHECK(apu_request_submit(b.request) == 0);
		CHECK(apu_request_wait(g.request, -1) == 0);
		CHECK(memcmp(g.in, g.out, SIZE) == 0);
		CHECK(apu_request_wait(b.request, -1) == -EFAULT);
	}
	bench_close(&b);
	bench_close(&g);
	return true;
}

static bool requests_of_a_session_queue_up(void)
{
	enum { N = 8 };
	struct apu_request *requests[N];
	uint8_t in[N][SIZE], out[N][SIZE];
	struct dla_spec spec;
	struct bench b;
	int i, round;

	spec_init(&spec, 4096);
	CHECK(bench_open(&b, &spec));
	for (i = 0; i < N; i++) {
		memset(in[i], i + 1, SIZE);
		CHECK(apu_request_create(b.session, &requests[i]) == 0);
		CHECK(apu_request_bind_input(requests[i], 0, in[i], SIZE) == 0);
		CHECK(apu_request_bind_output(requests[i], 0, out[i], SIZE) == 0);
	}
	for (round = 0; round < 10; round++) {
		memset(out, 0, sizeof(out));
		for (i = 0; i < N; i++)
			CHECK(apu_request_submit(requests[i]) == 0);
		for (i = N - 1; i >= 0; i--)
			CHECK(apu_request_wait(requests[i], -1) == 0);
		CHECK(memcmp(in, out, sizeof(in)) == 0);
	}
	for (i = 0; i < N; i++)
		apu_request_release(requests[i]);
	bench_close(&b);
	return true;
}

static void *worker(void *arg)
{
	struct dla_spec spec;
	struct bench b;
	int i, j;

	spec_init(&spec, 4096);
	for (i = 0; i < 10; i++) {
		if (!bench_open(&b, &spec))
			return NULL;
		for (j = 0; j < 10; j++) {
			b.in[j] = (uint8_t)(i ^ j);
			if (apu_request_run(b.request) || memcmp(b.in, b.out, SIZE) != 0)
				return NULL;
		}
		bench_close(&b);
	}
	return arg;
}

static bool threads_share_a_device(void)
{
	enum { N = 8 };
	pthread_t threads[N];
	void *result;
	bool good = true;
	int i;

	for (i = 0; i < N; i++)
		CHECK(pthread_create(&threads[i], NULL, worker, dev) == 0);
	for (i = 0; i < N; i++) {
		pthread_join(threads[i], &result);
		good = good && result;
	}
	CHECK(good);
	return true;
}

static bool too_much_memory_is_refused(void)
{
	struct apu_session *session;
	struct apu_model *model;
	struct dla_spec spec;
	struct apu_bo *bo;
	struct bench b;
	uint8_t *data;
	size_t size;

	spec_init(&spec, 1ull << 38);
	data = spec_write(&spec, &size);
	CHECK(apu_model_load_memory(data, size, &model) == 0);
	free(data);
	CHECK(apu_session_create(dev, model, APU_PRIORITY_NORMAL, &session) == -ENOMEM);
	apu_model_release(model);
	CHECK(apu_bo_create(dev, 1ull << 40, &bo) < 0);
	/* And nothing is broken by that. */
	spec_init(&spec, 4096);
	CHECK(bench_open(&b, &spec));
	CHECK(apu_request_run(b.request) == 0);
	bench_close(&b);
	return true;
}

static unsigned long free_kib(void)
{
	unsigned long kib = 0;
	char line[256];
	FILE *file = fopen("/proc/meminfo", "re");

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "MemAvailable: %lu", &kib) == 1)
			break;
	}
	if (file)
		fclose(file);
	return kib;
}

/* 4 MiB each time: a leak of it would be 200 MiB. */
static bool release_gives_memory_back(void)
{
	struct apu_device *saved = dev;
	unsigned long before = 0;
	struct dla_spec spec;
	struct bench b;
	int i;

	spec_init(&spec, 4 << 20);
	for (i = 0; i < 60; i++) {
		/* Caches are warm by then. */
		if (i == 10)
			before = free_kib();
		if (i % 2)
			CHECK(apu_device_open(NULL, &dev) == 0);
		CHECK(bench_open(&b, &spec));
		CHECK(apu_request_run(b.request) == 0);
		bench_close(&b);
		if (i % 2)
			apu_device_close(dev);
		dev = saved;
	}
	CHECK(free_kib() + 40 * 1024 > before);
	return true;
}

static const struct test tests[] = {
	TEST(device_tells_what_it_is),
	TEST(errors_of_open_are_told_apart),
	TEST(pointers_are_copied),
	TEST(buffers_go_through_export_and_import),
	TEST(dma_buf_of_a_heap),
	TEST(dma_buf_of_user_memory),
	TEST(what_is_no_dma_buf_is_refused),
	TEST(fences_order_sessions),
	TEST(a_stuck_job_ends_at_its_limit),
	TEST(a_queued_request_can_be_cancelled),
	TEST(callbacks_come_for_each_inference),
	TEST(a_limit_of_the_session_holds),
	TEST(bad_commands_are_told),
	TEST(a_failure_hits_nobody_else),
	TEST(requests_of_a_session_queue_up),
	TEST(threads_share_a_device),
	TEST(too_much_memory_is_refused),
	TEST(release_gives_memory_back),
};

const char *last_error(void)
{
	return apu_last_error();
}

int main(void)
{
	int ret;

	if (apu_device_open(NULL, &dev)) {
		printf("Bail out! %s\n", apu_last_error());
		return 1;
	}
	ret = run_tests(tests, sizeof(tests) / sizeof(tests[0]));
	apu_device_close(dev);
	return ret;
}

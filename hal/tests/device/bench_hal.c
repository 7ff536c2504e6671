// SPDX-License-Identifier: MIT
/*
 * What an inference costs besides the device's work: instructions in user space, which are the
 * client's libraries', and in the kernel, and system calls. Of a tiny model, by each library and
 * each way to pass inputs and outputs; and of the same model with large ones, to see who copies.
 * To be run with one processor under precise -icount; scripts/bench-hal does that and judges.
 *
 *   bench_hal [RUNS]
 *
 * A line is "NAME USER KERNEL USER-LARGE KERNEL-LARGE SYSCALLS DMA-BUFS", the first four medians.
 * The caller is SCHED_FIFO 1: nobody else runs in user space meanwhile.
 */
#include <err.h>
#include <fcntl.h>
#include <glob.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/dma-buf.h>
#include <linux/perf_event.h>

#include "../dla_builder.h"
#include "apu/apu.h"
#include "apu/apu_isa.h"
#include "apu/neuron.h"
#include "device_util.h"
#include "neuron/api/RuntimeAPI.h"
#include "syscalls.h"

#define SMALL 64u
#define LARGE 65536u
#define WARM_UP 50
/* System calls are counted in so many inferences. */
#define TRACED 16

/* Where the input and the output are. */
enum how { POINTER, BO, DMABUF };

struct bench {
	size_t size;
	enum how how;
	/* Input and output. */
	uint8_t *ptr[2];
	int fd[2];
	struct apu_bo *bo[2];
	/* Of libapu. */
	struct apu_device *dev;
	struct apu_session *session;
	struct apu_request *request;
	/* Of the Neuron Runtime. */
	void *runtime;
	IOBuffer io[2];
};

struct path {
	const char *name;
	enum how how;
	void (*open)(struct bench *b, const uint8_t *model, size_t size);
	/* One inference: 0 if it has worked. */
	int (*infer)(struct bench *b);
	void (*close)(struct bench *b);
};

const char *last_error(void)
{
	return apu_last_error();
}

static void must(int ret, const char *what)
{
	if (ret)
		errx(1, "%s: %s", what, *apu_last_error() ? apu_last_error() : apu_neuron_error());
}

/* Output = input, of so many bytes. */
static uint8_t *write_model(uint32_t bytes, size_t *size)
{
	struct dla_spec spec;
	uint8_t *data;
	int i;

	spec_init(&spec, 0);
	for (i = 0; i < 2; i++) {
		struct dla_tensor *t = &spec.tensors[i];

		t->dims[1] = t->padded_dims[1] = bytes;
		t->size = t->padded_size = bytes;
	}
	spec.text_size = 0;
	spec_add_copy(&spec, APU_REGION_IO + 1, APU_REGION_IO, bytes);
	memcpy(spec.text + spec.text_size, &(struct apu_cmd_header){APU_OP_END, 0, 1, 0}, 8);
	spec.text_size += 8;
	spec.streams[0].text_bytes = spec.text_size;
	data = spec_write(&spec, size);
	if (!data)
		errx(1, "no model");
	return data;
}

/* --- libapu ------------------------------------------------------------------- */

static void hal_open(struct bench *b, const uint8_t *data, size_t size)
{
	struct apu_model *model;
	void *ptr;
	int i;

	must(apu_device_open(NULL, &b->dev), "the device");
	must(apu_model_load_memory(data, size, &model), "the model");
	must(apu_session_create(b->dev, model, APU_PRIORITY_NORMAL, &b->session), "a session");
	must(apu_request_create(b->session, &b->request), "a request");
	apu_model_release(model);
	for (i = 0; b->how == BO && i < 2; i++) {
		must(apu_bo_create(b->dev, b->size, &b->bo[i]), "a buffer");
		must(apu_bo_map(b->bo[i], &ptr), "a buffer");
		b->ptr[i] = ptr;
	}
	if (b->how == BO) {
		must(apu_request_bind_input_bo(b->request, 0, b->bo[0], 0, b->size), "the input");
		must(apu_request_bind_output_bo(b->request, 0, b->bo[1], 0, b->size), "the output");
	}
}

static int hal_pointer(struct bench *b)
{
	int ret = apu_request_bind_input(b->request, 0, b->ptr[0], b->size);

	if (!ret)
		ret = apu_request_bind_output(b->request, 0, b->ptr[1], b->size);
	if (!ret)
		ret = apu_request_submit(b->request);
	return ret ? ret : apu_request_wait(b->request, -1);
}

static int hal_bo(struct bench *b)
{
	int ret = apu_request_submit(b->request);

	return ret ? ret : apu_request_wait(b->request, -1);
}

static int hal_dmabuf(struct bench *b)
{
	int ret = apu_request_bind_input_fd(b->request, 0, b->fd[0], 0, b->size);

	if (!ret)
		ret = apu_request_bind_output_fd(b->request, 0, b->fd[1], 0, b->size);
	if (!ret)
		ret = apu_request_submit(b->request);
	return ret ? ret : apu_request_wait(b->request, -1);
}

static void hal_close(struct bench *b)
{
	apu_request_release(b->request);
	apu_session_release(b->session);
	apu_bo_release(b->bo[0]);
	apu_bo_release(b->bo[1]);
	apu_device_close(b->dev);
}

/* --- the Neuron Runtime --------------------------------------------------------- */

static void v2_open(struct bench *b, const uint8_t *model, size_t size)
{
	int i;

	for (i = 0; i < 2; i++)
		b->io[i] = (IOBuffer){
			.buffer = b->how == POINTER ? b->ptr[i] : NULL,
			.length = b->size,
			.fd = b->how == DMABUF ? b->fd[i] : -1,
		};
	must(NeuronRuntimeV2_createFromBuffer(model, size, 1, &b->runtime, 1), "version 2");
}

static int v2_run(struct bench *b)
{
	return NeuronRuntimeV2_run(b->runtime, (SyncInferenceRequest){&b->io[0], &b->io[1]});
}

static void v2_close(struct bench *b)
{
	NeuronRuntimeV2_release(b->runtime);
}

static void v1_open(struct bench *b, const uint8_t *model, size_t size)
{
	must(NeuronRuntime_create(NULL, &b->runtime), "version 1");
	must(NeuronRuntime_loadNetworkFromBuffer(b->runtime, model, size), "version 1");
}

static int v1_run(struct bench *b)
{
	BufferAttribute in = {b->how == DMABUF ? b->fd[0] : NON_ION_FD};
	BufferAttribute out = {b->how == DMABUF ? b->fd[1] : NON_ION_FD};
	int ret = NeuronRuntime_setInput(b->runtime, 0, b->ptr[0], b->size, in);

	if (!ret)
		ret = NeuronRuntime_setOutput(b->runtime, 0, b->ptr[1], b->size, out);
	return ret ? ret : NeuronRuntime_inference(b->runtime);
}

static void v1_close(struct bench *b)
{
	NeuronRuntime_release(b->runtime);
}

static const struct path paths[] = {
	{"libapu-pointers", POINTER, hal_open, hal_pointer, hal_close},
	{"libapu-bo", BO, hal_open, hal_bo, hal_close},
	{"libapu-dma-bufs", DMABUF, hal_open, hal_dmabuf, hal_close},
	{"v2-pointers", POINTER, v2_open, v2_run, v2_close},
	{"v2-dma-bufs", DMABUF, v2_open, v2_run, v2_close},
	{"v1-pointers", POINTER, v1_open, v1_run, v1_close},
	{"v1-dma-bufs", DMABUF, v1_open, v1_run, v1_close},
};

/* --- one path ------------------------------------------------------------------- */

static void cpu_access(const struct bench *b, int i, uint64_t flag)
{
	if (b->how == DMABUF && !dmabuf_sync(b->fd[i], flag | DMA_BUF_SYNC_RW))
		err(1, "DMA_BUF_IOCTL_SYNC");
}

/* The output is what the input was: there were inferences. */
static void verify(const struct path *path, struct bench *b)
{
	size_t i;

	cpu_access(b, 0, DMA_BUF_SYNC_START);
	cpu_access(b, 1, DMA_BUF_SYNC_START);
	for (i = 0; i < b->size; i++)
		b->ptr[0][i] = (uint8_t)(i * 7 + 1);
	memset(b->ptr[1], 0, b->size);
	cpu_access(b, 0, DMA_BUF_SYNC_END);
	cpu_access(b, 1, DMA_BUF_SYNC_END);
	must(path->infer(b), path->name);
	cpu_access(b, 1, DMA_BUF_SYNC_START);
	if (memcmp(b->ptr[0], b->ptr[1], b->size) != 0)
		errx(1, "%s: the output is wrong", path->name);
	cpu_access(b, 1, DMA_BUF_SYNC_END);
}

static void bench_open(const struct path *path, struct bench *b, size_t size)
{
	uint8_t *model;
	size_t bytes;
	int i;

	*b = (struct bench){.size = size, .how = path->how};
	for (i = 0; i < 2; i++) {
		b->fd[i] = path->how == DMABUF ? heap_alloc(LARGE) : -1;
		if (path->how == DMABUF)
			b->ptr[i] =
				mmap(NULL, LARGE, PROT_READ | PROT_WRITE, MAP_SHARED, b->fd[i], 0);
		else if (path->how == POINTER)
			b->ptr[i] = aligned_alloc(64, LARGE);
		if (b->ptr[i] == MAP_FAILED || (path->how == POINTER && !b->ptr[i]))
			err(1, "%s: memory", path->name);
	}
	model = write_model((uint32_t)size, &bytes);
	path->open(b, model, bytes);
	free(model);
	verify(path, b);
}

static void bench_close(const struct path *path, struct bench *b)
{
	int i;

	path->close(b);
	for (i = 0; i < 2; i++) {
		if (path->how == DMABUF) {
			munmap(b->ptr[i], LARGE);
			close(b->fd[i]);
		} else if (path->how == POINTER) {
			free(b->ptr[i]);
		}
	}
}

/* --- counting ------------------------------------------------------------------- */

struct counts {
	uint64_t user;
	uint64_t kernel;
};

static int counter;

/* Of this processor, whoever runs: interrupts are part of the price. */
static int open_counter(bool user, int group)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_HW_INSTRUCTIONS,
		.read_format = PERF_FORMAT_GROUP,
		.exclude_user = !user,
		.exclude_kernel = user,
		.exclude_hv = 1,
	};
	long fd = syscall(SYS_perf_event_open, &attr, -1, 0, group, PERF_FLAG_FD_CLOEXEC);

	if (fd < 0)
		err(1, "no instruction counter: it takes -icount shift=0,sleep=off");
	return (int)fd;
}

static struct counts read_counts(void)
{
	/* Their number, then each. */
	uint64_t values[3];

	if (read(counter, values, sizeof(values)) != sizeof(values) || values[0] != 2)
		err(1, "read of the instruction counters");
	return (struct counts){.user = values[1], .kernel = values[2]};
}

static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t median(uint64_t *samples, int count)
{
	qsort(samples, (size_t)count, sizeof(*samples), compare);
	return samples[count / 2];
}

static struct counts measure(const char *name, struct bench *b, int (*func)(struct bench *),
			     int runs)
{
	uint64_t *user = calloc((size_t)runs, sizeof(*user));
	uint64_t *kernel = calloc((size_t)runs, sizeof(*kernel));
	struct counts before, after;
	int i, ret;

	if (!user || !kernel)
		err(1, "samples");
	for (i = -WARM_UP; i < runs; i++) {
		before = read_counts();
		ret = func(b);
		after = read_counts();
		must(ret, name);
		if (i < 0)
			continue;
		user[i] = after.user - before.user;
		kernel[i] = after.kernel - before.kernel;
	}
	after = (struct counts){median(user, runs), median(kernel, runs)};
	free(user);
	free(kernel);
	return after;
}

static int nothing(struct bench *b)
{
	(void)b;
	return 0;
}

static int copy_both(struct bench *b)
{
	memcpy(b->io[0].buffer, b->ptr[0], b->size);
	memcpy(b->ptr[1], b->io[1].buffer, b->size);
	return 0;
}

static struct counts minus(struct counts a, struct counts b)
{
	return (struct counts){a.user - b.user, a.kernel - b.kernel};
}

static struct counts measure_path(const struct path *path, size_t size, int runs,
				  struct counts overhead)
{
	struct counts counts;
	struct bench b;

	bench_open(path, &b, size);
	counts = measure(path->name, &b, path->infer, runs);
	bench_close(path, &b);
	return minus(counts, overhead);
}

/* What it takes to copy an input and an output, each once: user instructions. */
static uint64_t measure_copies(size_t size, int runs, struct counts overhead)
{
	struct bench b = {.size = size};
	uint64_t user;
	int i;

	for (i = 0; i < 2; i++) {
		b.ptr[i] = aligned_alloc(64, LARGE);
		b.io[i].buffer = aligned_alloc(64, LARGE);
		if (!b.ptr[i] || !b.io[i].buffer)
			err(1, "memory");
		memset(b.ptr[i], 1, LARGE);
		memset(b.io[i].buffer, 1, LARGE);
	}
	user = minus(measure("copies", &b, copy_both, runs), overhead).user;
	for (i = 0; i < 2; i++) {
		free(b.ptr[i]);
		free(b.io[i].buffer);
	}
	return user;
}

static void traced(const void *arg)
{
	const struct path *path = arg;
	struct bench b;
	int i;

	bench_open(path, &b, SMALL);
	/* What comes with the first inference is not counted. */
	must(path->infer(&b), path->name);
	syscalls_mark();
	for (i = 0; i < TRACED; i++)
		must(path->infer(&b), path->name);
	syscalls_mark();
	bench_close(path, &b);
}

/* An inference shall take as long every time, and no timer of the governor run beside it. */
static void fix_clock(void)
{
	static const char text[] = "performance";
	glob_t found;
	ssize_t n;
	int fd;

	if (glob("/sys/class/devfreq/*.apu/governor", 0, NULL, &found) || found.gl_pathc != 1)
		errx(1, "no governor of the APU's clock");
	fd = open(found.gl_pathv[0], O_WRONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : write(fd, text, sizeof(text) - 1);
	if (n != sizeof(text) - 1)
		err(1, "%s", found.gl_pathv[0]);
	close(fd);
	globfree(&found);
}

static void print_path(const struct path *path, int runs, struct counts overhead)
{
	unsigned long calls = count_syscalls(traced, path);
	struct counts small = measure_path(path, SMALL, runs, overhead);
	struct counts large = measure_path(path, LARGE, runs, overhead);

	printf("%-16s %7llu %7llu %7llu %7llu %7.2f %d\n", path->name,
	       (unsigned long long)small.user, (unsigned long long)small.kernel,
	       (unsigned long long)large.user, (unsigned long long)large.kernel,
	       (double)calls / TRACED, path->how == DMABUF ? 2 : 0);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	const struct sched_param fifo = {.sched_priority = 1};
	int runs = argc > 1 ? atoi(argv[1]) : 500;
	struct counts overhead;
	unsigned int i;

	if (runs < 1)
		errx(2, "usage: bench_hal [RUNS]");
	if (sched_setscheduler(0, SCHED_FIFO, &fifo))
		err(1, "SCHED_FIFO");
	fix_clock();
	counter = open_counter(true, -1);
	open_counter(false, counter);
	overhead = measure("nothing", NULL, nothing, runs);
	printf("# inputs and outputs of %u and %u bytes, medians of %d inferences\n", SMALL, LARGE,
	       runs);
	printf("%-16s %7llu %7d %7llu %7d %7.2f %d\n", "copies",
	       (unsigned long long)measure_copies(SMALL, runs, overhead), 0,
	       (unsigned long long)measure_copies(LARGE, runs, overhead), 0, 0.0, 0);
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		print_path(&paths[i], runs, overhead);
	return 0;
}

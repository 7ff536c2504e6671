// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guest instructions of the driver's paths, next to floors measured in the same run.
 * To be run with one processor under precise -icount, where counts are exact and do
 * not depend on the host; scripts/bench-submit does that. Not a test.
 *
 *	bench_submit [RUNS [NAME]]
 *
 * With the NAME of a line it marks what that line measures for the emulator's plugin
 * apu-profile, which says which functions the instructions are in.
 * Instructions are those that the processor retires from a system call's start to its
 * end, whoever runs: the caller, interrupts, kernel threads. The caller is SCHED_FIFO 1.
 * A line is "NAME MEDIAN MINIMUM MAXIMUM", in instructions.
 */

#include "apu_test.h"

#include <err.h>
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>

#define WARM_UP 200
#define BATCH 16
/* What the job takes on the device, so that the caller is asleep when it ends. */
#define JOB_US 20.0
#define JOB_NS 20000
#define EXTRA_BOS 16

struct bench {
	struct client c;
	struct drm_apu_stream stream;
	struct drm_apu_bo_ref refs[1 + EXTRA_BOS];
	struct bo extra[EXTRA_BOS];
	uint32_t syncobj;
	uint64_t point;
	/* The job signals the next point of the syncobj. */
	bool signal;
	int counter;
	uint64_t overhead;
	int runs;
	int prime;
	int ping, pong;
	const char *profile;
};

/* See qemu-device/plugins/apu-profile.c; to the processor these are no operations. */
static void mark_start(void)
{
	asm volatile("hint #96" : : : "memory");
}

static void mark_stop(void)
{
	asm volatile("hint #97" : : : "memory");
}

static uint64_t instructions(const struct bench *b)
{
	uint64_t value;

	if (read(b->counter, &value, sizeof(value)) != sizeof(value))
		err(1, "read of the instruction counter");

	return value;
}

static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/*
 * @prepare, if there is one, runs before each sample and @finish after it, neither of
 * them counted. Returns the median.
 */
static uint64_t measure(struct bench *b, const char *name, int divisor, void (*run)(struct bench *),
			void (*prepare)(struct bench *), void (*finish)(struct bench *))
{
	const bool marked = name && b->profile && !strcmp(name, b->profile);
	uint64_t *samples = calloc(b->runs, sizeof(*samples));
	uint64_t start, median;
	int i;

	if (!samples)
		err(1, "samples");
	for (i = -WARM_UP; i < b->runs; i++) {
		if (prepare)
			prepare(b);
		start = instructions(b);
		if (marked && i >= 0)
			mark_start();
		run(b);
		if (marked && i >= 0)
			mark_stop();
		start = instructions(b) - start - b->overhead;
		if (finish)
			finish(b);
		if (i >= 0)
			samples[i] = start / divisor;
	}
	qsort(samples, b->runs, sizeof(*samples), compare);
	median = samples[b->runs / 2];
	if (name)
		printf("%-24s %7llu %7llu %7llu\n", name, (unsigned long long)median,
		       (unsigned long long)samples[0],
		       (unsigned long long)samples[b->runs - 1]);
	fflush(stdout);
	free(samples);

	return median;
}

/* --- what is measured --- */

static void nothing(struct bench *b)
{
}

static void call_getppid(struct bench *b)
{
	syscall(SYS_getppid);
}

static void call_version(struct bench *b)
{
	struct drm_version version = {};

	if (apu_ioctl(b->c.fd, DRM_IOCTL_VERSION, &version))
		errx(1, "DRM_IOCTL_VERSION");
}

static void event_write_read(struct bench *b)
{
	uint64_t value = 1;

	if (write(b->ping, &value, 8) != 8 || read(b->ping, &value, 8) != 8)
		err(1, "eventfd");
}

static void ping_pong(struct bench *b)
{
	uint64_t value = 1;

	if (write(b->ping, &value, 8) != 8 || read(b->pong, &value, 8) != 8)
		err(1, "eventfd");
}

static void *answer(void *data)
{
	struct bench *b = data;
	uint64_t value;

	while (read(b->ping, &value, 8) == 8 && value == 1)
		if (write(b->pong, &value, 8) != 8)
			break;

	return NULL;
}

static void timer_wake_up(struct bench *b)
{
	const struct timespec ts = { .tv_nsec = JOB_NS };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
}

static void wait_idle_bo(struct bench *b)
{
	if (bo_wait(b->c.fd, b->c.data.handle, DRM_APU_BO_WAIT_WRITE, 0))
		errx(1, "BO_WAIT");
}

/* Every job writes the client's buffer: fences in its reservation, as with the peer. */
static void submit_jobs(struct bench *b, int jobs, int bos)
{
	struct drm_apu_sync_op out = {
		.handle = b->syncobj,
		.flags = DRM_APU_SYNC_OP_SIGNAL | DRM_APU_SYNC_OP_TIMELINE,
		.point = b->point + 1,
	};
	struct drm_apu_job job[BATCH] = {};
	int i, ret;

	for (i = 0; i < jobs; i++) {
		job[i].streams = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(1, &b->stream);
		job[i].bos = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(bos, b->refs);
	}
	/* The fences of a context signal in order: the last one's is enough. */
	if (b->signal) {
		job[jobs - 1].syncs = (struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(1, &out);
		b->point++;
	}
	ret = submit(&b->c, job, jobs, NULL);
	if (ret)
		errx(1, "SUBMIT: %s", strerror(-ret));
}

static void wait_bo(struct bench *b)
{
	if (bo_wait(b->c.fd, b->c.data.handle, DRM_APU_BO_WAIT_WRITE, now_ns() + WAIT_NS))
		errx(1, "BO_WAIT");
}

static void wait_point(struct bench *b)
{
	int ret = syncobj_wait(b->c.fd, b->syncobj, b->point, now_ns() + WAIT_NS);

	if (ret)
		errx(1, "SYNCOBJ_TIMELINE_WAIT: %s", strerror(-ret));
}

static void submit_one(struct bench *b)
{
	submit_jobs(b, 1, 1);
}

static void submit_more_bos(struct bench *b)
{
	submit_jobs(b, 1, 1 + EXTRA_BOS);
}

static void submit_and_wait(struct bench *b)
{
	submit_jobs(b, 1, 1);
	wait_bo(b);
}

static void submit_and_wait_point(struct bench *b)
{
	submit_jobs(b, 1, 1);
	wait_point(b);
}

static void submits_and_wait(struct bench *b)
{
	int i;

	for (i = 0; i < BATCH; i++)
		submit_jobs(b, 1, 1);
	wait_bo(b);
}

static void submit_batch_and_wait(struct bench *b)
{
	submit_jobs(b, BATCH, 1);
	wait_bo(b);
}

static void idle(struct bench *b)
{
	const struct timespec ts = { .tv_nsec = 100000000 };

	clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
}

/* Beside the client's data, 64 KiB in pages of 4 KiB. */
static void map_pages(struct bench *b)
{
	if (vm_map(b->c.fd, b->c.vm, b->extra[0].handle, 0, VA_DATA + 2 * DATA_SIZE, 64 * KIB, 0))
		errx(1, "VM_BIND: map");
}

static void unmap_pages(struct bench *b)
{
	if (vm_unmap(b->c.fd, b->c.vm, VA_DATA + 2 * DATA_SIZE, 64 * KIB))
		errx(1, "VM_BIND: unmap");
}

static void import_and_close(struct bench *b)
{
	struct drm_prime_handle prime = { .fd = b->prime };

	if (apu_ioctl(b->c.fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime))
		errx(1, "PRIME_FD_TO_HANDLE");
	gem_close(b->c.fd, prime.handle);
}

/* --- set-up --- */

static int heap_buffer(size_t bytes)
{
	struct dma_heap_allocation_data data = { .len = bytes, .fd_flags = O_RDWR | O_CLOEXEC };
	int fd = open("/dev/dma_heap/system", O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, DMA_HEAP_IOCTL_ALLOC, &data))
		err(1, "dma-heap");
	close(fd);

	return data.fd;
}

static void open_counter(struct bench *b)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_HW_INSTRUCTIONS,
	};

	b->counter = syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (b->counter < 0)
		err(1, "no instruction counter: it takes -icount shift=0,sleep=off");
}

static void open_client(struct bench *b)
{
	int i, ret;

	ret = client_open(&b->c);
	if (ret)
		errx(1, "no APU: %s", strerror(-ret));
	b->refs[0].handle = b->c.data.handle;
	b->refs[0].flags = DRM_APU_BO_REF_WRITE;
	for (i = 0; i < EXTRA_BOS; i++) {
		if (bo_create(b->c.fd, 64 * KIB, 0, &b->extra[i]))
			errx(1, "BO_CREATE");
		b->refs[1 + i].handle = b->extra[i].handle;
	}
	b->syncobj = syncobj_create(b->c.fd);
	b->prime = heap_buffer(64 * KIB);
}

/* Writes a job that fills so many bytes, and returns the microseconds that it takes. */
static double write_job(struct bench *b, uint32_t bytes)
{
	struct drm_apu_dev_info info = {};
	struct drm_apu_job_stats stats;
	struct stream s = stream_begin(&b->c, DRM_APU_ENGINE_EDMA);
	uint64_t seqno;

	emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
	emit_fill(&s, REF(R_DATA, 0), 0x5a, bytes);
	b->stream = stream_end(&s);
	if (device_info(b->c.fd, &info))
		errx(1, "DEV_QUERY");
	if (submit_stream(&b->c, &b->stream, &seqno) || job_wait(&b->c, b->c.ctx, seqno) ||
	    job_stats(b->c.fd, b->c.ctx, seqno, &stats))
		errx(1, "the job fails");

	return (stats.end - stats.start) * 1e6 / info.timestamp_hz;
}

/* A job of JOB_US at the clock that the engine has, whatever it is. */
static void calibrate(struct bench *b)
{
	const uint32_t small = 64 * KIB, large = 128 * KIB;
	const double a = write_job(b, small), z = write_job(b, large);
	const double per_byte = (z - a) / (large - small);
	const double bytes = (JOB_US - (a - small * per_byte)) / per_byte;

	if (!(bytes >= 1 && bytes <= DATA_SIZE))
		errx(1, "no job takes %.0f us: timing=cycles is needed", JOB_US);
	printf("# the job takes %.1f us on the device\n", write_job(b, bytes));
}

static void floors(struct bench *b)
{
	const uint64_t stop = 2;
	pthread_t thread;

	measure(b, "getppid", 1, call_getppid, NULL, NULL);
	measure(b, "ioctl-version", 1, call_version, NULL, NULL);
	measure(b, "eventfd-write-read", 1, event_write_read, NULL, NULL);
	measure(b, "bo-wait-idle", 1, wait_idle_bo, NULL, NULL);
	measure(b, "hrtimer-wake-up", 1, timer_wake_up, NULL, NULL);
	if (pthread_create(&thread, NULL, answer, b))
		errx(1, "no thread");
	measure(b, "eventfd-ping-pong", 1, ping_pong, NULL, NULL);
	if (write(b->ping, &stop, 8) != 8)
		err(1, "eventfd");
	pthread_join(thread, NULL);
}

/* A job shall take as long every time, and no timer of the governor run beside it. */
static void fix_clock(void)
{
	char apu[64], path[128];

	if (find_device(".apu", apu, sizeof(apu)))
		errx(1, "no platform device of the APU");
	snprintf(path, sizeof(path), "/sys/class/devfreq/%s/governor", apu);
	errno = -write_file(path, "performance");
	if (errno)
		err(1, "%s", path);
}

int main(int argc, char **argv)
{
	const struct sched_param fifo = { .sched_priority = 1 };
	struct bench b = {
		.runs = argc > 1 ? atoi(argv[1]) : 2000,
		.profile = argc > 2 ? argv[2] : NULL,
	};
	uint64_t one, more;

	if (b.runs < 1)
		errx(2, "usage: bench_submit [RUNS [NAME]]");
	if (sched_setscheduler(0, SCHED_FIFO, &fifo))
		err(1, "SCHED_FIFO");
	open_counter(&b);
	open_client(&b);
	fix_clock();
	b.ping = eventfd(0, EFD_CLOEXEC);
	b.pong = eventfd(0, EFD_CLOEXEC);
	calibrate(&b);
	printf("%-24s %7s %7s %7s\n", "# instructions", "median", "min", "max");
	b.overhead = measure(&b, NULL, 1, nothing, NULL, NULL);
	floors(&b);
	one = measure(&b, "submit", 1, submit_one, NULL, wait_bo);
	measure(&b, "submit-wait", 1, submit_and_wait, NULL, NULL);
	b.signal = true;
	measure(&b, "submit-syncobj", 1, submit_one, NULL, wait_point);
	measure(&b, "submit-wait-syncobj", 1, submit_and_wait_point, NULL, NULL);
	b.signal = false;
	measure(&b, "submit-x16-wait", BATCH, submits_and_wait, NULL, NULL);
	measure(&b, "submit-16-jobs-wait", BATCH, submit_batch_and_wait, NULL, NULL);
	more = measure(&b, "submit-17-bos", 1, submit_more_bos, NULL, wait_bo);
	printf("%-24s %7lld\n", "each-further-bo", (long long)(more - one) / EXTRA_BOS);
	measure(&b, "bind-64k", 1, map_pages, NULL, unmap_pages);
	measure(&b, "unmap-64k", 1, unmap_pages, map_pages, NULL);
	measure(&b, "import-close-64k", 1, import_and_close, NULL, NULL);
	b.runs = b.runs > 100 ? 100 : b.runs;
	measure(&b, "submit-wait-after-idle", 1, submit_and_wait, idle, NULL);
	client_close(&b.c);

	return 0;
}

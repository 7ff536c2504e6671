// SPDX-License-Identifier: MIT
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "apu/apu_isa.h"
#include "fake_kmd.h"

#define FAKE_FD 77
/* Of each kind, from 1 on. */
#define MAX_OBJECTS 1100
#define MAX_VMS 2
#define PAGE 4096u
#define DMABUF_OWN 3000

struct bo {
	bool used;
	bool exclusive;
	bool foreign;
	uint64_t size;
	uint8_t *data;
};

struct mapping {
	bool used;
	bool readonly;
	uint32_t vm;
	uint32_t bo;
	uint64_t va;
	uint64_t size;
};

struct context {
	bool used;
	uint32_t vm;
	struct drm_apu_ctx_set_qos qos;
	uint32_t cause;
	uint64_t next_seqno;
	uint64_t failed_seqno;
};

struct syncobj {
	bool used;
	/* Not signalled: submitted while fake.hold. */
	bool held;
	/* Its fence's error. */
	int status;
	uint32_t ctx;
	/* What its sync files are: an eventfd, readable once signalled; -1: none. */
	int event;
};

struct fake fake;
/* Threads come one at a time, as far as this kernel is concerned. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static pthread_mutex_t *take(void)
{
	pthread_mutex_lock(&lock);
	return &lock;
}

static void drop(pthread_mutex_t **guard)
{
	pthread_mutex_unlock(*guard);
}

/* Something that a test or a waiter waits for has happened. */
static pthread_cond_t news = PTHREAD_COND_INITIALIZER;

/* To the end of the function. */
#define GUARD() __attribute__((cleanup(drop))) pthread_mutex_t *guard = take()

static struct bo bos[MAX_OBJECTS];
static struct mapping mappings[MAX_OBJECTS];
static struct context contexts[MAX_OBJECTS];
static struct syncobj syncobjs[MAX_OBJECTS];
static uint8_t foreign_data[PAGE];
/* Address space of the job that runs. */
static uint32_t running_vm;

void fake_reset(void)
{
	unsigned int i;

	for (i = 0; i < MAX_OBJECTS; i++) {
		if (bos[i].used && !bos[i].foreign)
			free(bos[i].data);
	}
	memset(&fake, 0, sizeof(fake));
	memset(bos, 0, sizeof(bos));
	memset(mappings, 0, sizeof(mappings));
	memset(contexts, 0, sizeof(contexts));
	for (i = 0; i < MAX_OBJECTS; i++) {
		if (syncobjs[i].used && syncobjs[i].event >= 0)
			close(syncobjs[i].event);
	}
	memset(syncobjs, 0, sizeof(syncobjs));
	memset(foreign_data, 0, sizeof(foreign_data));
	fake.node = FAKE_NODE;
	fake.dmabuf_size = PAGE;
	fake.max_contexts = 256;
	fake.stats_class = DRM_APU_ENGINE_EDMA;
	fake.version_major = 1;
	fake.version_minor = 1;
	fake.info = (struct drm_apu_dev_info){
		.hw_version = APU_HW_VERSION,
		.l1_kib = 1024,
		.l1_bank_kib = 128,
		.max_time_limit_us = APU_MAX_TIME_LIMIT_US,
		.num_engines = {2, 2, 1},
		.va_start = 0,
		.va_end = 1ull << 39,
		.timestamp_hz = 1000000,
		.max_khz = 1000000,
		.num_slots = APU_NUM_SLOTS,
	};
}

uint8_t *fake_dmabuf_data(void)
{
	return foreign_data;
}

void fake_assert_no_leak(void)
{
	assert_int_equal(fake.live_fds, 0);
	assert_int_equal(fake.live_vms, 0);
	assert_int_equal(fake.live_bos, 0);
	assert_int_equal(fake.live_mappings, 0);
	assert_int_equal(fake.live_cpu_mappings, 0);
	assert_int_equal(fake.live_contexts, 0);
	assert_int_equal(fake.live_syncobjs, 0);
}

static bool inject(void)
{
	return fake.fail_nth && --fake.fail_nth == 0;
}

int kmd_open(const char *path, int *version_major, int *version_minor)
{
	GUARD();
	if (fake.bad_node && strcmp(path, fake.bad_node) == 0)
		return fake.bad_node_error;
	if (fake.open_error && (!fake.open_error_node || !strcmp(path, fake.open_error_node)))
		return fake.open_error;
	if (strcmp(path, fake.node) != 0)
		return -ENOENT;
	*version_major = fake.version_major;
	*version_minor = fake.version_minor;
	fake.live_fds++;
	return FAKE_FD;
}

void kmd_close(int fd)
{
	GUARD();
	assert_int_equal(fd, FAKE_FD);
	fake.live_fds--;
}

int kmd_query_info(int fd, struct drm_apu_dev_info *info)
{
	GUARD();
	(void)fd;
	*info = fake.info;
	return inject() ? -ENOMEM : 0;
}

int kmd_vm_create(int fd, uint32_t *vm)
{
	GUARD();
	(void)fd;
	if (inject())
		return -ENOMEM;
	*vm = ++fake.live_vms;
	return 0;
}

void kmd_vm_destroy(int fd, uint32_t vm)
{
	GUARD();
	(void)fd;
	assert_in_range(vm, 1, MAX_VMS);
	fake.live_vms--;
}

int kmd_vm_map(int fd, uint32_t vm, uint32_t bo, uint64_t va, uint64_t size, bool readonly)
{
	GUARD();
	unsigned int i;

	(void)fd;
	assert_in_range(vm, 1, fake.live_vms);
	assert_true(bo && bo < MAX_OBJECTS && bos[bo].used);
	assert_int_equal(va % PAGE, 0);
	assert_int_equal(size % PAGE, 0);
	assert_true(size && size <= bos[bo].size);
	assert_true(va + size <= fake.info.va_end);
	if (inject())
		return -ENOMEM;
	for (i = 0; i < MAX_OBJECTS; i++)
		assert_false(mappings[i].used && mappings[i].vm == vm &&
			     va < mappings[i].va + mappings[i].size && mappings[i].va < va + size);
	for (i = 0; mappings[i].used; i++)
		;
	mappings[i] = (struct mapping){true, readonly, vm, bo, va, size};
	fake.live_mappings++;
	fake.maps++;
	return 0;
}

int kmd_vm_unmap(int fd, uint32_t vm, uint64_t va, uint64_t size)
{
	GUARD();
	unsigned int i;

	(void)fd;
	assert_in_range(vm, 1, fake.live_vms);
	for (i = 0; i < MAX_OBJECTS; i++) {
		if (mappings[i].used && mappings[i].vm == vm && mappings[i].va == va &&
		    mappings[i].size == size) {
			mappings[i].used = false;
			fake.live_mappings--;
			return 0;
		}
	}
	fail_msg("unmap of what is not mapped");
	return 0;
}

/* 0: no memory. */
static uint32_t new_bo(uint64_t size, bool exclusive, uint8_t *data)
{
	bool foreign = data;
	uint32_t i;

	if (!foreign)
		data = calloc(1, size);
	if (!data)
		return 0;
	for (i = 1; bos[i].used; i++)
		;
	bos[i] = (struct bo){true, exclusive, foreign, size, data};
	fake.live_bos++;
	return i;
}

int kmd_bo_create(int fd, uint64_t *size, uint32_t exclusive_vm, uint32_t *bo)
{
	GUARD();
	(void)fd;
	assert_true(*size);
	if (fake.at_limit)
		return -EDQUOT;
	if (inject())
		return -ENOMEM;
	*size = (*size + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	*bo = new_bo(*size, exclusive_vm, NULL);
	return *bo ? 0 : -ENOMEM;
}

void kmd_bo_destroy(int fd, uint32_t bo)
{
	GUARD();
	(void)fd;
	assert_true(bo && bo < MAX_OBJECTS && bos[bo].used);
	if (!bos[bo].foreign)
		free(bos[bo].data);
	bos[bo].used = false;
	fake.live_bos--;
}

int kmd_bo_mmap(int fd, uint32_t bo, size_t size, void **ptr)
{
	GUARD();
	(void)fd;
	assert_true(bo && bo < MAX_OBJECTS && bos[bo].used);
	assert_int_equal(size, bos[bo].size);
	if (bos[bo].foreign)
		return -EINVAL;
	if (inject())
		return -ENOMEM;
	*ptr = bos[bo].data;
	fake.live_cpu_mappings++;
	return 0;
}

void kmd_munmap(void *ptr, size_t size)
{
	GUARD();
	(void)ptr;
	(void)size;
	fake.live_cpu_mappings--;
}

int kmd_bo_import(int fd, int dmabuf, uint32_t *bo)
{
	GUARD();
	uint32_t i;

	(void)fd;
	if (dmabuf == FAKE_DMABUF) {
		for (i = 1; i < MAX_OBJECTS; i++) {
			if (bos[i].used && bos[i].foreign)
				break;
		}
		if (inject())
			return -ENOMEM;
		if (fake.at_limit)
			return -EDQUOT;
		if (fake.import_error)
			return fake.import_error;
		*bo = i < MAX_OBJECTS ? i : new_bo(PAGE, false, foreign_data);
	} else if (dmabuf > DMABUF_OWN && dmabuf < DMABUF_OWN + MAX_OBJECTS) {
		*bo = (uint32_t)(dmabuf - DMABUF_OWN);
	} else {
		return -EINVAL;
	}
	return 0;
}

int kmd_dmabuf_size(int dmabuf, uint64_t *size)
{
	GUARD();
	if (inject())
		return -ENOMEM;
	*size = dmabuf == FAKE_DMABUF ? fake.dmabuf_size : bos[dmabuf - DMABUF_OWN].size;
	return 0;
}

int kmd_bo_export(int fd, uint32_t bo, int *dmabuf)
{
	GUARD();
	(void)fd;
	assert_false(bos[bo].exclusive);
	*dmabuf = DMABUF_OWN + (int)bo;
	return 0;
}

int kmd_ctx_create(int fd, uint32_t vm, uint32_t priority, uint32_t *ctx)
{
	GUARD();
	uint32_t i;

	(void)fd;
	assert_in_range(vm, 1, fake.live_vms);
	if (priority == DRM_APU_PRIORITY_HIGH)
		return -EACCES;
	if (inject())
		return -ENOMEM;
	if (fake.live_contexts >= fake.max_contexts)
		return -EBUSY;
	for (i = 1; contexts[i].used; i++)
		;
	contexts[i] =
		(struct context){.used = true, .vm = vm, .qos.priority = priority, .next_seqno = 1};
	*ctx = i;
	fake.live_contexts++;
	fake.contexts++;
	return 0;
}

int kmd_ctx_set_qos(int fd, struct drm_apu_ctx_set_qos *qos)
{
	GUARD();

	(void)fd;
	assert_true(contexts[qos->ctx_id].used);
	assert_in_range(qos->boost, 0, 100);
	assert_int_equal(qos->flags & ~(uint32_t)DRM_APU_QOS_PREFER_POWER, 0);
	if (qos->priority == DRM_APU_PRIORITY_HIGH)
		return -EACCES;
	if (inject())
		return -ENOMEM;
	contexts[qos->ctx_id].qos = *qos;
	return 0;
}

static void signal_syncobj(struct syncobj *obj, int status)
{
	const uint64_t one = 1;

	obj->held = false;
	obj->status = status;
	pthread_cond_broadcast(&news);
	if (obj->event >= 0)
		assert_int_equal(write(obj->event, &one, sizeof(one)), sizeof(one));
}

void fake_await_submits(unsigned int count)
{
	GUARD();

	while (fake.submits < count)
		pthread_cond_wait(&news, &lock);
}

void fake_await_waits(unsigned int count)
{
	GUARD();

	while (fake.waits < count)
		pthread_cond_wait(&news, &lock);
}

void fake_release_hold(void)
{
	GUARD();
	unsigned int i;

	fake.hold = false;
	for (i = 0; i < MAX_OBJECTS; i++) {
		if (syncobjs[i].used && syncobjs[i].held)
			signal_syncobj(&syncobjs[i], 0);
	}
}

void kmd_ctx_destroy(int fd, uint32_t ctx)
{
	GUARD();
	unsigned int i;
	(void)fd;
	assert_true(contexts[ctx].used);
	contexts[ctx].used = false;
	fake.live_contexts--;
	for (i = 0; i < MAX_OBJECTS; i++) {
		if (syncobjs[i].used && syncobjs[i].held && syncobjs[i].ctx == ctx)
			signal_syncobj(&syncobjs[i], -ECANCELED);
	}
}

/* With the lock held. */
static bool wait_syncobj(struct syncobj *obj, int64_t deadline_ns)
{
	assert_true(obj->used);
	fake.waits++;
	pthread_cond_broadcast(&news);
	while (deadline_ns == INT64_MAX && obj->held && fake.block)
		pthread_cond_wait(&news, &lock);
	/* One who waits for ever would: let go. */
	if (deadline_ns == INT64_MAX && obj->held)
		signal_syncobj(obj, 0);
	return !obj->held;
}

int kmd_ctx_get_state(int fd, struct drm_apu_ctx_get_state *state)
{
	GUARD();
	(void)fd;
	if (fake.gone)
		return -ENODEV;
	if (!contexts[state->id].used)
		return -ENOENT;
	if (state->syncobj && !wait_syncobj(&syncobjs[state->syncobj], state->timeout_ns))
		return -ETIMEDOUT;
	state->cause = contexts[state->id].cause;
	state->seqno = contexts[state->id].failed_seqno;
	state->engine_class = DRM_APU_ENGINE_EDMA;
	return 0;
}

/* Address for the CPU of a device range. */
static uint8_t *resolve(uint64_t va, uint64_t size, bool write)
{
	unsigned int i;

	for (i = 0; i < MAX_OBJECTS; i++) {
		const struct mapping *m = &mappings[i];

		if (m->used && m->vm == running_vm && va >= m->va && size <= m->size &&
		    va - m->va <= m->size - size) {
			assert_false(write && m->readonly);
			return bos[m->bo].data + (va - m->va);
		}
	}
	fail_msg("0x%llx is not mapped", (unsigned long long)va);
	return NULL;
}

struct region {
	uint64_t base;
	uint64_t size;
};

static uint8_t *resolve_ref(const struct region *regions, uint64_t ref, uint64_t size, bool write)
{
	const struct region *r = &regions[ref >> APU_REF_REGION_SHIFT];
	uint64_t offset = ref & ((1ull << APU_REF_OFFSET_BITS) - 1);

	assert_true(size <= r->size && offset <= r->size - size);
	return resolve(r->base + offset, size, write);
}

static void run_buffer(struct region *regions, const uint8_t *p, uint64_t bytes, bool called)
{
	while (bytes >= 8) {
		const struct apu_cmd_header *hdr = (const void *)p;

		assert_true(hdr->words && hdr->words * 8u <= bytes && hdr->flags == 0);
		switch (hdr->opcode) {
		case APU_OP_SET_REGION: {
			const struct apu_cmd_set_region *cmd = (const void *)p;

			assert_false(called);
			assert_true(hdr->imm >= 1 && hdr->imm < APU_NUM_REGIONS);
			assert_int_equal(cmd->base % 8, 0);
			regions[hdr->imm] = (struct region){cmd->base, cmd->size};
			fake.regions_set |= 1u << hdr->imm;
			break;
		}
		case APU_OP_CALL: {
			const struct apu_cmd_call *cmd = (const void *)p;

			assert_false(called);
			run_buffer(regions, resolve_ref(regions, cmd->text, cmd->bytes, false),
				   cmd->bytes, true);
			break;
		}
		case APU_OP_COPY: {
			const struct apu_cmd_copy *cmd = (const void *)p;

			assert_true(called);
			memcpy(resolve_ref(regions, cmd->dst, cmd->dims[3], true),
			       resolve_ref(regions, cmd->src, cmd->dims[3], false), cmd->dims[3]);
			break;
		}
		case APU_OP_END:
			return;
		default:
			fail_msg("opcode 0x%02x", hdr->opcode);
		}
		p += hdr->words * 8u;
		bytes -= hdr->words * 8u;
	}
}

static void record_job(struct fake_job *out, const struct drm_apu_job *job)
{
	assert_in_range(job->syncs.count, 0, FAKE_MAX_SYNCS);
	assert_in_range(job->deps.count, 0, 8);
	assert_in_range(job->bos.count, 0, 16);
	assert_true(job->syncs.count == 0 || job->syncs.stride == sizeof(out->syncs[0]));
	assert_true(job->deps.count == 0 || job->deps.stride == sizeof(uint32_t));
	assert_true(job->bos.count == 0 || job->bos.stride == sizeof(out->bos[0]));
	memset(out, 0, sizeof(*out));
	out->num_syncs = job->syncs.count;
	memcpy(out->syncs, (void *)(uintptr_t)job->syncs.array,
	       out->num_syncs * sizeof(out->syncs[0]));
	out->num_deps = job->deps.count;
	memcpy(out->deps, (void *)(uintptr_t)job->deps.array, out->num_deps * sizeof(uint32_t));
	out->num_bos = job->bos.count;
	memcpy(out->bos, (void *)(uintptr_t)job->bos.array, out->num_bos * sizeof(out->bos[0]));
	out->l1_kib = job->l1_kib;
	out->time_limit_us = job->time_limit_us;
	assert_int_equal(job->flags, 0);
	assert_int_equal(job->pad, 0);
}

/* A job's new fence goes into the objects that it signals. */
static void set_fences(const struct fake_job *job, uint32_t ctx, int status)
{
	unsigned int i;

	for (i = 0; i < job->num_syncs; i++) {
		struct syncobj *obj = &syncobjs[job->syncs[i].handle];

		assert_true(obj->used);
		if (!(job->syncs[i].flags & DRM_APU_SYNC_OP_SIGNAL))
			continue;
		if (obj->event >= 0)
			close(obj->event);
		*obj = (struct syncobj){.used = true, .ctx = ctx, .event = -1};
		obj->held = fake.hold;
		obj->status = status;
	}
}

static void run_job(const struct drm_apu_job *job)
{
	const struct drm_apu_stream *streams = (void *)(uintptr_t)job->streams.array;
	unsigned int i;

	assert_in_range(job->streams.count, 1, DRM_APU_MAX_STREAMS);
	assert_int_equal(job->streams.stride, sizeof(*streams));
	for (i = 0; i < job->streams.count; i++) {
		struct region regions[APU_NUM_REGIONS] = {0};

		assert_int_equal(streams[i].bytes % 8, 0);
		assert_int_equal(streams[i].va % 8, 0);
		run_buffer(regions, resolve(streams[i].va, streams[i].bytes, false),
			   streams[i].bytes, false);
	}
}

int kmd_submit(int fd, struct drm_apu_submit *submit)
{
	GUARD();
	const struct drm_apu_job *jobs = (void *)(uintptr_t)submit->jobs.array;
	struct context *ctx = &contexts[submit->ctx_id];
	unsigned int i;

	(void)fd;
	assert_true(ctx->used);
	assert_in_range(submit->jobs.count, 1, 8);
	assert_int_equal(submit->jobs.stride, sizeof(*jobs));
	if (fake.gone)
		return -ENODEV;
	if (fake.at_limit)
		return -EBUSY;
	if (ctx->cause)
		return -ECANCELED;
	if (inject())
		return -ENOMEM;
	fake.submits++;
	pthread_cond_broadcast(&news);
	fake.num_jobs = submit->jobs.count;
	fake.regions_set = 0;
	running_vm = ctx->vm;
	fake.qos = ctx->qos;
	for (i = 0; i < fake.num_jobs; i++) {
		record_job(&fake.jobs[i], &jobs[i]);
		if (fake.fail_cause == 0)
			run_job(&jobs[i]);
		set_fences(&fake.jobs[i], submit->ctx_id, fake.fail_cause ? -EIO : 0);
	}
	submit->seqno = ctx->next_seqno;
	ctx->next_seqno += fake.num_jobs;
	if (fake.fail_cause) {
		ctx->cause = fake.fail_cause;
		ctx->failed_seqno = submit->seqno;
		fake.fail_cause = 0;
	}
	return 0;
}

int kmd_job_stats(int fd, struct drm_apu_job_stats *stats)
{
	GUARD();
	(void)fd;
	assert_true(contexts[stats->ctx_id].used);
	if (fake.stats_error)
		return fake.stats_error;
	if (stats->seqno >= contexts[stats->ctx_id].next_seqno)
		return -ENOENT;
	stats->num_streams = 2;
	stats->start = 1000 * stats->seqno;
	stats->end = stats->start + 500;
	stats->cycles = 100;
	stats->streams[0] = (struct drm_apu_stream_stats){
		.engine_class = fake.stats_class, .busy = 60, .dram_bytes = 128, .l1_bytes = 64};
	stats->streams[1] = stats->streams[0];
	return 0;
}

int kmd_syncobj_create(int fd, uint32_t *syncobj)
{
	GUARD();
	uint32_t i;

	(void)fd;
	if (inject())
		return -ENOMEM;
	for (i = 1; syncobjs[i].used; i++)
		;
	syncobjs[i] = (struct syncobj){.used = true, .event = -1};
	*syncobj = i;
	fake.live_syncobjs++;
	return 0;
}

void kmd_syncobj_destroy(int fd, uint32_t syncobj)
{
	GUARD();

	(void)fd;
	assert_true(syncobjs[syncobj].used);
	if (syncobjs[syncobj].event >= 0)
		close(syncobjs[syncobj].event);
	syncobjs[syncobj].used = false;
	fake.live_syncobjs--;
}

int kmd_syncobj_wait(int fd, uint32_t syncobj, int64_t deadline_ns)
{
	GUARD();

	(void)fd;
	return wait_syncobj(&syncobjs[syncobj], deadline_ns) ? 0 : -ETIME;
}

int kmd_syncobj_import_sync_file(int fd, uint32_t syncobj, int sync_file)
{
	GUARD();

	(void)fd;
	assert_true(syncobjs[syncobj].used);
	return sync_file == FAKE_SYNC_FILE ? 0 : -EINVAL;
}

int kmd_syncobj_export_sync_file(int fd, uint32_t syncobj, int *sync_file)
{
	struct syncobj *obj = &syncobjs[syncobj];
	GUARD();

	(void)fd;
	assert_true(obj->used);
	if (inject())
		return -ENOMEM;
	if (obj->event < 0)
		obj->event = eventfd(!obj->held, EFD_CLOEXEC);
	*sync_file = dup(obj->event);
	assert_true(*sync_file >= 0);
	return 0;
}

int kmd_syncobj_status(int fd, uint32_t syncobj)
{
	GUARD();

	(void)fd;
	assert_true(syncobjs[syncobj].used && !syncobjs[syncobj].held);
	return syncobjs[syncobj].status;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the fuzzer's calls are. Each takes what is there (files, address spaces, buffers…)
 * from pools that all threads share without locks, by a number that is anything, so that
 * most calls make sense, many race with one another, and some are nonsense.
 */

#include "apu_test.h"
#include "fuzz.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#define FILES 3
#define POOL 8
#define PENDING 512
#define STREAMS 8
#define DATA (64 * KIB)
#define SETTLE_MS 60000

struct file {
	struct client c;
	/* Number 0 is @c's, and stays. */
	uint32_t vms[POOL], ctxs[POOL], bos[POOL], syncobjs[POOL];
	struct drm_apu_stream streams[STREAMS];
};

static struct file files[FILES];
static int dmabufs[POOL];
static int timeline;
static uint32_t gate_value;
/* Sync files of what was submitted since the world settled. */
static int pending[PENDING];
static int num_pending;
static pthread_mutex_t pending_lock = PTHREAD_MUTEX_INITIALIZER;

/* --- arguments ---------------------------------------------------------------- */

struct args {
	struct file *f;
	const uint32_t *a;
	struct fuzz_rng rng;
};

static bool one_in(struct args *x, uint32_t n)
{
	return !fuzz_random(&x->rng, n);
}

static uint32_t pick(struct args *x, const uint32_t *pool)
{
	return one_in(x, 16) ? fuzz_random(&x->rng, 300) : pool[fuzz_random(&x->rng, POOL)];
}

static uint64_t some_va(struct args *x)
{
	static const uint64_t edges[] = {
		0, 1, 4096, VA_CMD, (1ull << 39) - 4096, 1ull << 39, ~0ull,
	};

	if (one_in(x, 8))
		return edges[fuzz_random(&x->rng, 7)];
	if (one_in(x, 3))
		return VA_DATA + fuzz_random(&x->rng, 16) * 4096;

	return 0x40000000ull + fuzz_random(&x->rng, 2048) * 4096 + (one_in(x, 16) ? 7 : 0);
}

static uint64_t some_size(struct args *x)
{
	static const uint64_t edges[] = { 0, 1, 4095, 1ull << 38, 1ull << 40, ~0ull, 2 * MIB };

	if (one_in(x, 8))
		return edges[fuzz_random(&x->rng, 7)];

	return (1 + fuzz_random(&x->rng, one_in(x, 8) ? 600 : 16)) * 4096;
}

/* Zero most of the time: what must be. */
static uint32_t zero(struct args *x)
{
	return one_in(x, 32) ? fuzz_random(&x->rng, UINT32_MAX) : 0;
}

static int64_t soon(struct args *x)
{
	return one_in(x, 4) ? now_ns() + fuzz_random(&x->rng, 2000000) : 0;
}

/* Once: what is interrupted is interrupted. */
static int call(struct args *x, unsigned long request, void *arg)
{
	return ioctl(x->f->c.fd, request, arg) ? -errno : 0;
}

static struct drm_apu_obj_array some_array(struct args *x, uint32_t stride, uint32_t count,
					   void *array)
{
	struct drm_apu_obj_array a = { stride, count, (uintptr_t)array };

	if (!one_in(x, 48))
		return a;
	switch (fuzz_random(&x->rng, 4)) {
	case 0:
		a.stride = fuzz_random(&x->rng, 64);
		break;
	case 1:
		a.count = fuzz_random(&x->rng, UINT32_MAX);
		break;
	case 2:
		a.array = fuzz_random(&x->rng, 2) ? 0 : ~0ull << 12;
		break;
	default:
		a.stride += 8;
		break;
	}

	return a;
}

static void remember(struct args *x, uint32_t syncobj)
{
	int fd = syncobj_to_sync_file(x->f->c.fd, syncobj);

	if (fd < 0)
		return;
	pthread_mutex_lock(&pending_lock);
	if (num_pending < PENDING) {
		pending[num_pending++] = fd;
		fd = -1;
	}
	pthread_mutex_unlock(&pending_lock);
	if (fd >= 0)
		close(fd);
}

static void forget_syncobj(struct args *x, uint32_t handle)
{
	struct drm_syncobj_destroy args = { .handle = handle };

	if (handle)
		call(x, DRM_IOCTL_SYNCOBJ_DESTROY, &args);
}

static uint32_t some_syncs(struct args *x, struct drm_apu_sync_op *ops, uint32_t max)
{
	uint32_t i, n = fuzz_random(&x->rng, max + 1);

	for (i = 0; i < n; i++) {
		ops[i] = (struct drm_apu_sync_op) {
			.flags = fuzz_random(&x->rng, one_in(x, 16) ? 8 : 4),
			.handle = pick(x, x->f->syncobjs),
		};
		if (ops[i].flags & DRM_APU_SYNC_OP_TIMELINE || one_in(x, 16))
			ops[i].point = fuzz_random(&x->rng, 8);
	}

	return n;
}

/* --- calls -------------------------------------------------------------------- */

static void do_query(struct args *x)
{
	char info[256];
	struct drm_apu_dev_query q = {
		.type = zero(x),
		.size = fuzz_random(&x->rng, sizeof(info)),
		.pointer = one_in(x, 4) ? 0 : (uintptr_t)info,
	};

	call(x, DRM_IOCTL_APU_DEV_QUERY, &q);
}

static void do_vm_create(struct args *x)
{
	struct drm_apu_vm_create create = { .flags = zero(x) };
	uint32_t slot = 1 + fuzz_random(&x->rng, POOL - 1);
	struct drm_apu_vm_destroy destroy = { .id = x->f->vms[slot] };

	call(x, DRM_IOCTL_APU_VM_DESTROY, &destroy);
	if (!call(x, DRM_IOCTL_APU_VM_CREATE, &create))
		x->f->vms[slot] = create.id;
}

static void do_bind(struct args *x)
{
	struct drm_apu_vm_bind_op ops[4];
	struct drm_apu_sync_op syncs[4];
	uint32_t i, out = 0, num = 1 + fuzz_random(&x->rng, 4), num_syncs = 0;
	struct drm_apu_vm_bind bind = {
		.vm_id = pick(x, x->f->vms),
		.flags = fuzz_random(&x->rng, one_in(x, 16) ? 4 : 2),
		.pad = zero(x),
	};

	for (i = 0; i < num; i++) {
		bool map = fuzz_random(&x->rng, 3);

		ops[i] = (struct drm_apu_vm_bind_op) {
			.op = one_in(x, 32) ? 7 : !map,
			.flags = map ? fuzz_random(&x->rng, 2) : zero(x),
			.bo_handle = map ? pick(x, x->f->bos) : zero(x),
			.bo_offset = map && one_in(x, 3) ? fuzz_random(&x->rng, 4) * 4096 : 0,
			.va = some_va(x),
			.size = some_size(x),
		};
		/* What the client's commands are in stays, for jobs to have a meaning. */
		if (bind.vm_id == x->f->c.vm && ops[i].va < VA_DATA)
			ops[i].va += VA_DATA;
	}
	if (bind.flags & DRM_APU_VM_BIND_ASYNC) {
		num_syncs = some_syncs(x, syncs, 3);
		out = syncobj_create(x->f->c.fd);
		syncs[num_syncs++] = (struct drm_apu_sync_op) { DRM_APU_SYNC_OP_SIGNAL, out, 0 };
	}
	bind.ops = some_array(x, sizeof(ops[0]), num, ops);
	bind.syncs = some_array(x, sizeof(syncs[0]), num_syncs, syncs);
	if (!call(x, DRM_IOCTL_APU_VM_BIND, &bind) && out)
		remember(x, out);
	forget_syncobj(x, out);
}

static void do_bo_create(struct args *x)
{
	struct drm_apu_bo_create create = {
		.size = some_size(x),
		.flags = zero(x),
		.exclusive_vm_id = one_in(x, 4) ? pick(x, x->f->vms) : 0,
		.pad = zero(x),
	};
	uint32_t slot = 1 + fuzz_random(&x->rng, POOL - 1);
	struct drm_gem_close close = { .handle = x->f->bos[slot] };

	if (create.size > 4 * MIB && create.size < 1ull << 39)
		create.size = 4 * MIB;
	call(x, DRM_IOCTL_GEM_CLOSE, &close);
	x->f->bos[slot] = 0;
	if (!call(x, DRM_IOCTL_APU_BO_CREATE, &create))
		x->f->bos[slot] = create.handle;
}

static void do_bo_mmap(struct args *x)
{
	struct drm_apu_bo_mmap_offset offset = { .handle = pick(x, x->f->bos), .pad = zero(x) };
	char *p;

	if (call(x, DRM_IOCTL_APU_BO_MMAP_OFFSET, &offset))
		return;
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, x->f->c.fd, offset.offset);
	if (p == MAP_FAILED)
		return;
	__atomic_store_n(p, 1, __ATOMIC_RELAXED);
	munmap(p, 4096);
}

static void do_bo_wait(struct args *x)
{
	struct drm_apu_bo_wait wait = {
		.handle = pick(x, x->f->bos),
		.flags = fuzz_random(&x->rng, one_in(x, 16) ? 4 : 2),
		.timeout_ns = soon(x),
	};

	call(x, DRM_IOCTL_APU_BO_WAIT, &wait);
}

static void do_ctx_create(struct args *x)
{
	struct drm_apu_ctx_create create = {
		.vm_id = one_in(x, 2) ? x->f->c.vm : pick(x, x->f->vms),
		.priority = fuzz_random(&x->rng, one_in(x, 16) ? 5 : 3),
		.flags = zero(x),
	};
	uint32_t slot = fuzz_random(&x->rng, POOL);
	struct drm_apu_ctx_destroy destroy = { .id = x->f->ctxs[slot] };

	call(x, DRM_IOCTL_APU_CTX_DESTROY, &destroy);
	if (!call(x, DRM_IOCTL_APU_CTX_CREATE, &create))
		x->f->ctxs[slot] = create.id;
}

static void do_ctx_state(struct args *x)
{
	struct drm_apu_ctx_get_state state = {
		.id = pick(x, x->f->ctxs),
		.flags = zero(x),
		.syncobj = one_in(x, 3) ? pick(x, x->f->syncobjs) : 0,
		.point = one_in(x, 8) ? fuzz_random(&x->rng, 8) : 0,
		.timeout_ns = soon(x),
	};

	call(x, DRM_IOCTL_APU_CTX_GET_STATE, &state);
}

static void do_ctx_figures(struct args *x)
{
	struct drm_apu_ctx_get_counters counters = { pick(x, x->f->ctxs), .flags = zero(x) };
	struct drm_apu_job_stats stats = {
		.ctx_id = counters.ctx_id,
		.seqno = fuzz_random(&x->rng, 200),
		.flags = zero(x),
	};

	call(x, DRM_IOCTL_APU_CTX_GET_COUNTERS, &counters);
	call(x, DRM_IOCTL_APU_JOB_STATS, &stats);
}

static void do_ctx_qos(struct args *x)
{
	struct drm_apu_ctx_set_qos qos = {
		.ctx_id = pick(x, x->f->ctxs),
		.flags = fuzz_random(&x->rng, one_in(x, 16) ? 4 : 2),
		.priority = fuzz_random(&x->rng, one_in(x, 16) ? 5 : 3),
		.boost = fuzz_random(&x->rng, one_in(x, 16) ? 200 : 101),
		.deadline_us = fuzz_random(&x->rng, 3) * 1000,
		.pad = zero(x),
	};

	call(x, DRM_IOCTL_APU_CTX_SET_QOS, &qos);
}

struct job_parts {
	struct drm_apu_stream streams[3];
	struct drm_apu_sync_op syncs[4];
	struct drm_apu_bo_ref bos[4];
	uint32_t deps[2];
};

static void some_job(struct args *x, uint32_t index, struct drm_apu_job *job, struct job_parts *p,
		     uint32_t out)
{
	/* What hangs ends soon. */
	static const uint32_t limits[] = { 200, 1000, 5000, 20000, 10000001 };
	uint32_t i, streams = 1 + fuzz_random(&x->rng, one_in(x, 3) ? 3 : 1), syncs;
	uint32_t bos = fuzz_random(&x->rng, 4), deps = fuzz_random(&x->rng, 2);

	for (i = 0; i < streams; i++) {
		p->streams[i] = x->f->streams[fuzz_random(&x->rng, STREAMS)];
		p->streams[i].engine_class = fuzz_random(&x->rng, one_in(x, 32) ? 9 : 3);
		if (one_in(x, 32))
			p->streams[i].va = some_va(x);
	}
	syncs = some_syncs(x, p->syncs, 3);
	if (out)
		p->syncs[syncs++] = (struct drm_apu_sync_op) { DRM_APU_SYNC_OP_SIGNAL, out, 0 };
	for (i = 0; i < bos; i++)
		p->bos[i] = (struct drm_apu_bo_ref) {
			pick(x, x->f->bos), fuzz_random(&x->rng, one_in(x, 32) ? 4 : 2),
		};
	for (i = 0; i < deps; i++)
		p->deps[i] = one_in(x, 16) ? index : fuzz_random(&x->rng, index ?: 1);
	*job = (struct drm_apu_job) {
		.streams = some_array(x, sizeof(p->streams[0]), streams, p->streams),
		.syncs = some_array(x, sizeof(p->syncs[0]), syncs, p->syncs),
		.deps = some_array(x, sizeof(p->deps[0]), index ? deps : 0, p->deps),
		.bos = some_array(x, sizeof(p->bos[0]), bos, p->bos),
		.l1_kib = one_in(x, 2) ? 128 : fuzz_random(&x->rng, one_in(x, 16) ? 4096 : 1025),
		.time_limit_us = limits[fuzz_random(&x->rng, one_in(x, 32) ? 5 : 4)],
		.flags = zero(x),
		.pad = zero(x),
	};
}

static void do_submit(struct args *x)
{
	uint32_t i, num = 1 + fuzz_random(&x->rng, 4), out = syncobj_create(x->f->c.fd);
	struct drm_apu_submit submit = {
		.ctx_id = pick(x, x->f->ctxs),
		.flags = zero(x),
		.pad = zero(x),
	};
	struct drm_apu_job jobs[4];
	struct job_parts parts[4];

	for (i = 0; i < num; i++)
		some_job(x, i, &jobs[i], &parts[i], i == num - 1 ? out : 0);
	submit.jobs = some_array(x, sizeof(jobs[0]), num, jobs);
	if (!call(x, DRM_IOCTL_APU_SUBMIT, &submit))
		remember(x, out);
	forget_syncobj(x, out);
}

static void do_syncobj(struct args *x)
{
	uint32_t slot = fuzz_random(&x->rng, POOL), handle = 0;

	switch (fuzz_random(&x->rng, 4)) {
	case 0:
		/* Half of them wait for the gate. */
		handle = fuzz_random(&x->rng, 2) ? syncobj_create(x->f->c.fd) :
			 gate_syncobj(x->f->c.fd, timeline, gate_value + 1);
		forget_syncobj(x, x->f->syncobjs[slot]);
		x->f->syncobjs[slot] = handle;
		break;
	case 1:
		syncobj_signal(x->f->c.fd, pick(x, x->f->syncobjs));
		break;
	case 2:
		syncobj_wait(x->f->c.fd, pick(x, x->f->syncobjs), fuzz_random(&x->rng, 4), soon(x));
		break;
	default:
		gate_advance(timeline, 1);
		break;
	}
}

static void do_share(struct args *x)
{
	struct drm_prime_handle prime = {
		.handle = pick(x, x->f->bos),
		.flags = DRM_CLOEXEC | DRM_RDWR,
	};
	uint32_t slot = fuzz_random(&x->rng, POOL), to = 1 + fuzz_random(&x->rng, POOL - 1);
	struct drm_gem_close close_args = { .handle = x->f->bos[to] };
	int old;

	if (fuzz_random(&x->rng, 2)) {
		if (call(x, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime))
			return;
		old = __atomic_exchange_n(&dmabufs[slot], prime.fd, __ATOMIC_SEQ_CST);
	} else {
		old = __atomic_exchange_n(&dmabufs[slot], -1, __ATOMIC_SEQ_CST);
		prime.fd = old;
		if (old < 0 || call(x, DRM_IOCTL_PRIME_FD_TO_HANDLE, &prime))
			goto out;
		call(x, DRM_IOCTL_GEM_CLOSE, &close_args);
		x->f->bos[to] = prime.handle;
	}
out:
	if (old >= 0)
		close(old);
}

/* Of the driver, of any size and with anything in it. */
static void do_raw(struct args *x)
{
	uint32_t i, nr = 0x40 + fuzz_random(&x->rng, 20), size = fuzz_random(&x->rng, 512);
	uint32_t data[128];

	/* A wait could be for ever. */
	if (nr == 0x40 + DRM_APU_BO_WAIT || nr == 0x40 + DRM_APU_CTX_GET_STATE)
		return;
	for (i = 0; i < 128; i++)
		data[i] = one_in(x, 3) ? fuzz_random(&x->rng, UINT32_MAX) : fuzz_random(&x->rng, 4);
	/* What fits may take gigabytes. */
	if (nr == 0x40 + DRM_APU_BO_CREATE)
		data[1] = 0x80;
	call(x, _IOC(fuzz_random(&x->rng, 4), 'd', nr, size), data);
}

static int file_open(struct file *f);

/* The file is another one at once, for whoever is using it. */
static void do_reopen(struct args *x)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	int fd = files[FILES - 1].c.fd;
	struct file fresh;

	if (x->f != &files[FILES - 1] || !one_in(x, 4) || pthread_mutex_trylock(&lock))
		return;
	if (file_open(&fresh))
		goto out;
	if (dup2(fresh.c.fd, fd) == fd) {
		close(fresh.c.fd);
		fresh.c.fd = fd;
		munmap(x->f->c.cmd.map, x->f->c.cmd.size);
		munmap(x->f->c.data.map, x->f->c.data.size);
		*x->f = fresh;
	}
out:
	pthread_mutex_unlock(&lock);
}

#define OPS 17

static const struct {
	const char *name;
	void (*run)(struct args *x);
} ops[OPS] = {
	{ "submit", do_submit },
	/* Twice as often as the others. */
	{ "submit2", do_submit },
	{ "bind", do_bind },
	{ "bind2", do_bind },
	{ "bo_create", do_bo_create },
	{ "bo_mmap", do_bo_mmap },
	{ "bo_wait", do_bo_wait },
	{ "ctx_create", do_ctx_create },
	{ "ctx_state", do_ctx_state },
	{ "ctx_figures", do_ctx_figures },
	{ "ctx_qos", do_ctx_qos },
	{ "syncobj", do_syncobj },
	{ "share", do_share },
	{ "vm_create", do_vm_create },
	{ "query", do_query },
	{ "raw", do_raw },
	{ "reopen", do_reopen },
};

uint32_t fuzz_num_ops(void)
{
	return OPS;
}

const char *fuzz_op_name(uint32_t op)
{
	return ops[op].name;
}

void fuzz_call_run(int thread, const struct fuzz_call *c)
{
	struct args x = { .f = &files[c->args[0] % FILES], .a = c->args };

	/* A bit that changes in an argument changes a part of the call. */
	x.rng = fuzz_rng(c->args[1] | (uint64_t)c->args[2] << 32,
			 c->args[3] | (uint64_t)(c->args[4] ^ c->args[5]) << 32);
	ops[c->op].run(&x);
}

/* --- the world ---------------------------------------------------------------- */

static struct drm_apu_stream some_stream(struct client *c, int kind)
{
	struct stream s = stream_begin(c, DRM_APU_ENGINE_EDMA);
	int i;

	emit_region(&s, R_DATA, kind == 4 ? 0x7f00000000 : VA_DATA, DATA);
	switch (kind) {
	case 1:
		emit_fill(&s, REF(R_DATA, 0), 1, DATA);
		break;
	case 2:
		emit_wait(&s, 0, 1);
		break;
	case 3:
		stream_emit(&s, 0xee, 0, 8);
		break;
	case 4:
	case 5:
		emit_fill(&s, REF(R_DATA, kind == 5 ? DATA - 1 : 0), 1, 2);
		break;
	case 6:
		for (i = 0; i < 20; i++)
			emit_copy(&s, REF(R_DATA, DATA / 2), REF(R_DATA, 0), DATA / 2);
		break;
	case 7:
		emit_signal(&s, 0);
		break;
	}

	return stream_end(&s);
}

static int file_open(struct file *f)
{
	int i, ret;

	memset(f, 0, sizeof(*f));
	ret = client_open_sized(&f->c, 16 * KIB, DATA);
	if (ret)
		return ret;
	for (i = 0; i < STREAMS; i++)
		f->streams[i] = some_stream(&f->c, i);
	f->vms[0] = f->c.vm;
	f->ctxs[0] = f->c.ctx;
	f->bos[0] = f->c.data.handle;

	return 0;
}

int fuzz_world_open(void)
{
	int i, ret = 0;

	for (i = 0; i < POOL; i++)
		dmabufs[i] = -1;
	for (i = 0; i < FILES && !ret; i++)
		ret = file_open(&files[i]);
	gate_value = 0;
	timeline = gate_open();

	return ret ? ret : timeline < 0 ? timeline : 0;
}

void fuzz_world_close(void)
{
	int i;

	for (i = 0; i < POOL; i++)
		if (dmabufs[i] >= 0)
			close(dmabufs[i]);
	for (i = 0; i < FILES; i++)
		client_close(&files[i].c);
	close(timeline);
}

bool fuzz_world_settles(void)
{
	bool all = true;
	int i;

	/* Further than anything that was asked for. */
	gate_advance(timeline, 1 << 10);
	gate_value += 1 << 10;
	for (i = 0; i < num_pending; i++) {
		all &= poll(&(struct pollfd) { pending[i], POLLIN, 0 }, 1, SETTLE_MS) == 1;
		close(pending[i]);
	}
	num_pending = 0;

	return all;
}

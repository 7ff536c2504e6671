// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device coredumps: why a job has failed, for a person. <drm/apu_dump.h> is the format.
 *
 * A dump is made in two steps. When a job fails, its fence has yet to signal, so
 * nothing may be allocated: what would soon be gone is copied to memory that was there
 * from the beginning. A worker that no fence waits for then allocates, adds what the
 * client's memory says, and gives all to the core. One dump at a time is made; the core
 * keeps one for minutes, or until somebody has read it, and drops what comes meanwhile.
 *
 * A dump must not tell one client about another. Registers of engines are read while
 * the job that hangs still has them, or not at all; of others' slots it tells that
 * they are in use.
 *
 * Locking: &apu_device.job_lock protects @busy, and what belongs to the failure;
 * registers are hw_lock's. The worker has all of it while @busy.
 */

#include <linux/devcoredump.h>
#include <linux/highmem.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <drm/drm_drv.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include <drm/apu_dump.h>

#include "apu_ctx.h"
#include "apu_device.h"
#include "apu_dump.h"
#include "apu_engine.h"
#include "apu_gem.h"
#include "apu_sched.h"
#include "apu_vm.h"

#define APU_DUMP_MAX_REGS	(ARRAY_SIZE(apu_dump_top_regs) + \
				 APU_MAX_STREAMS * ARRAY_SIZE(apu_dump_engine_regs))
#define APU_DUMP_MAX_MAPPINGS	2048
/* Job, record, registers, slots, mappings; commands of streams, where engines are, the failure. */
#define APU_DUMP_MAX_SECTIONS	(5 + 2 * APU_MAX_STREAMS + 1)
/* Commands before and behind an address: some hundred in all. */
#define APU_DUMP_TEXT_BEFORE	4096
#define APU_DUMP_TEXT_AFTER	1024

static_assert(APU_DUMP_MAX_STREAMS == APU_MAX_STREAMS);

/* Neither do reads of these change anything, nor do the values tell about jobs of others. */
static const u16 apu_dump_top_regs[] = {
	APU_TOP_ID, APU_TOP_VERSION, APU_TOP_CAPS, APU_TOP_L1_KIB, APU_TOP_ENGINE_ENABLE,
	APU_TOP_ENGINE_BUSY, APU_TOP_IRQ_RAW, APU_TOP_IRQ_MASK, APU_TOP_SLOT_ACTIVE,
	APU_TOP_SLOT_RUNNING, APU_TOP_ECC_CORRECTED, APU_TOP_MMU_STATUS,
};

static const u16 apu_dump_engine_regs[] = {
	APU_ENG_ID, APU_ENG_VERSION, APU_ENG_STATUS, APU_ENG_CYCLES_LO, APU_ENG_CYCLES_HI,
	APU_ENG_CMD_VA_LO, APU_ENG_CMD_VA_HI,
};

/**
 * struct apu_dump - a dump that is being made
 */
struct apu_dump {
	/** @work: makes the dump */
	struct work_struct work;
	/** @adev: APU */
	struct apu_device *adev;
	/** @busy: @work has all the rest */
	bool busy;
	/** @ctx: context of the job; a reference while @busy */
	struct apu_ctx *ctx;
	/** @time: when the job has failed */
	ktime_t time;
	/** @job: the job that has failed */
	struct apu_dump_job job;
	/** @record: what the hardware said of it */
	struct apu_job_completion record;
	/** @slots: slots that were in use */
	struct apu_dump_slot slots[APU_NUM_SLOTS];
	/** @num_slots: how many */
	u32 num_slots;
	/** @hung_timeline: job whose hang @regs are of */
	u64 hung_timeline;
	/** @hung_seqno: the same */
	u64 hung_seqno;
	/** @regs: registers */
	struct apu_dump_reg regs[APU_DUMP_MAX_REGS];
	/** @num_regs: how many */
	u32 num_regs;
	/** @engine_va: where engines of streams are, zero for where that is not known */
	u64 engine_va[APU_MAX_STREAMS];
};

/* The dump as it is put together. */
struct apu_dump_writer {
	u8 *data;
	size_t used, size;
};

static void apu_dump_reg(struct apu_dump *dump, u32 block, u32 offset, u32 value)
{
	if (dump->num_regs < APU_DUMP_MAX_REGS)
		dump->regs[dump->num_regs++] = (struct apu_dump_reg) {
			.block = block,
			.offset = offset,
			.value = value,
		};
}

static void apu_dump_read_top(struct apu_dump *dump)
{
	u32 i;

	dump->num_regs = 0;
	memset(dump->engine_va, 0, sizeof(dump->engine_va));
	for (i = 0; i < ARRAY_SIZE(apu_dump_top_regs); i++)
		apu_dump_reg(dump, APU_DUMP_BLOCK_TOP, apu_dump_top_regs[i],
			     apu_read(dump->adev, apu_dump_top_regs[i]));
}

/* An engine that runs a stream of the job. */
static void apu_dump_read_engine(struct apu_dump *dump, u32 index, u32 n)
{
	void __iomem *regs = dump->adev->engines[index]->regs;
	u64 va = 0;
	u32 i, value;

	for (i = 0; i < ARRAY_SIZE(apu_dump_engine_regs); i++) {
		value = readl(regs + apu_dump_engine_regs[i]);
		apu_dump_reg(dump, index, apu_dump_engine_regs[i], value);
		if (apu_dump_engine_regs[i] == APU_ENG_CMD_VA_LO)
			va |= value;
		if (apu_dump_engine_regs[i] == APU_ENG_CMD_VA_HI)
			va |= (u64)value << 32;
	}
	dump->engine_va[n] = va;
}

/**
 * apu_dump_hang() - Note what the engines do that run a job which hangs
 * @adev: APU; &apu_device.hw_lock is held
 * @slot: slot of the job, which has not been stopped yet
 */
void apu_dump_hang(struct apu_device *adev, unsigned int slot)
{
	struct apu_dump *dump = adev->dump;
	const struct apu_job *job;
	u32 i, n = 0, mask;

	lockdep_assert_held(&adev->hw_lock);

	spin_lock_irq(&adev->job_lock);
	/* It may have ended meanwhile, and its slot be another's. */
	job = adev->slots[slot].job;
	if (dump->busy || !job || !job->hung) {
		spin_unlock_irq(&adev->job_lock);
		return;
	}
	dump->hung_timeline = job->ctx->fence_context;
	dump->hung_seqno = job->seqno;
	spin_unlock_irq(&adev->job_lock);

	apu_dump_read_top(dump);
	mask = apu_engines_of_slot(adev, slot);
	for (i = 0; i < adev->info.num_engines && n < APU_MAX_STREAMS; i++)
		if (mask & BIT(i))
			apu_dump_read_engine(dump, i, n++);
}

static void apu_dump_fill_job(struct apu_dump *dump, const struct apu_job *job)
{
	const struct apu_ctx *ctx = job->ctx;
	u32 i;

	dump->job = (struct apu_dump_job) {
		.seqno = job->seqno,
		.timeline = ctx->fence_context,
		.done_seqno = ctx->done_seqno,
		.last_seqno = READ_ONCE(ctx->last_seqno),
		.result = job->result,
		.cause = ctx->fail.cause,
		.asid = ctx->vm->pt.asid,
		.priority = ctx->hw_priority,
		.l1_kib = job->l1_kib,
		.time_limit_us = job->time_limit_us,
		.flags = job->hung ? APU_DUMP_JOB_HUNG : 0,
		.num_streams = job->num_streams,
	};
	for (i = 0; i < APU_NUM_CLASSES; i++)
		dump->job.num_engines[i] = dump->adev->info.num[i];
	for (i = 0; i < job->num_streams; i++) {
		dump->job.streams[i].va = le64_to_cpu(job->streams[i].va);
		dump->job.streams[i].bytes = le32_to_cpu(job->streams[i].bytes);
		dump->job.streams[i].engine_class = job->streams[i].engine_class;
	}
	dump->record = job->record;
}

static void apu_dump_fill_slots(struct apu_dump *dump, const struct apu_vm *vm)
{
	struct apu_device *adev = dump->adev;
	unsigned int slot;

	dump->num_slots = 0;
	for (slot = 0; slot < APU_NUM_SLOTS; slot++) {
		const struct apu_job *job = adev->slots[slot].job;
		struct apu_dump_slot *out = &dump->slots[dump->num_slots];

		if (!job)
			continue;
		dump->num_slots++;
		*out = (struct apu_dump_slot) { .slot = slot };
		if (job->ctx->vm != vm)
			continue;
		out->flags = APU_DUMP_SLOT_CLIENT;
		out->timeline = job->ctx->fence_context;
		out->seqno = job->seqno;
		out->after = adev->slots[slot].after;
	}
}

/**
 * apu_dump_failure() - Make a dump of a job that has killed its context
 * @job: job; &apu_device.job_lock is held
 *
 * Allocates nothing and does not wait.
 */
void apu_dump_failure(struct apu_job *job)
{
	struct apu_dump *dump = job->ctx->adev->dump;

	lockdep_assert_held(&job->ctx->adev->job_lock);

	if (!dump || dump->busy)
		return;

	dump->busy = true;
	dump->ctx = apu_ctx_get(job->ctx);
	dump->time = ktime_get_boottime();
	apu_dump_fill_job(dump, job);
	apu_dump_fill_slots(dump, job->ctx->vm);
	apu_sched_queue_free(&dump->work);
}

/* --- putting it together, with memory to be had --------------------------------- */

/* Room for a section, or NULL if there is none left. */
static void *apu_dump_add(struct apu_dump_writer *w, u32 type, size_t bytes)
{
	struct apu_dump_header *hdr = (void *)w->data;
	struct apu_dump_section *section = (void *)(hdr + 1);

	if (hdr->num_sections == APU_DUMP_MAX_SECTIONS || bytes > w->size - w->used)
		return NULL;

	section += hdr->num_sections++;
	section->type = type;
	section->offset = w->used;
	section->bytes = bytes;
	w->used += ALIGN(bytes, 8);

	return w->data + section->offset;
}

static void apu_dump_copy(struct apu_dump_writer *w, u32 type, const void *data, size_t bytes)
{
	void *to = apu_dump_add(w, type, bytes);

	if (to)
		memcpy(to, data, bytes);
}

static void apu_dump_mappings(struct apu_dump_writer *w, struct apu_vm *vm, u32 max)
{
	struct apu_dump_mapping *out = (void *)(w->data + w->used);
	struct drm_gpuva *va;
	u32 n = 0;

	drm_gpuvm_for_each_va(va, &vm->base) {
		if (va == &vm->base.kernel_alloc_node)
			continue;
		if (n == max)
			break;
		out[n++] = (struct apu_dump_mapping) {
			.va = va->va.addr,
			.bytes = va->va.range,
			.offset = va->gem.offset,
			.buffer_bytes = va->gem.obj->size,
			.flags = (container_of(va, struct apu_va, base)->write ?
				  APU_DUMP_MAPPING_WRITE : 0) |
				 (va->gem.obj->import_attach ? APU_DUMP_MAPPING_IMPORTED : 0),
		};
	}
	apu_dump_add(w, APU_DUMP_MAPPINGS, n * sizeof(*out));
}

/* The page behind an address, or NULL; &apu_vm.lock keeps it. */
static struct page *apu_dump_page(struct apu_vm *vm, u64 addr)
{
	struct drm_gem_shmem_object *shmem;
	struct drm_gpuva *va;

	if (addr < vm->base.mm_start || addr >= vm->base.mm_start + vm->base.mm_range)
		return NULL;
	va = drm_gpuva_find_first(&vm->base, addr, 1);
	if (!va || !va->gem.obj || va->gem.obj->import_attach)
		return NULL;

	shmem = to_drm_gem_shmem_obj(va->gem.obj);

	return shmem->pages ?
	       shmem->pages[(va->gem.offset + addr - va->va.addr) >> PAGE_SHIFT] : NULL;
}

static u32 apu_dump_read(struct apu_vm *vm, u64 addr, u8 *to, u32 bytes)
{
	u32 done = 0, len;
	struct page *page;

	while (done < bytes) {
		page = apu_dump_page(vm, addr + done);
		if (!page)
			break;
		len = min_t(u32, bytes - done, PAGE_SIZE - offset_in_page(addr + done));
		memcpy_from_page(to + done, page, offset_in_page(addr + done), len);
		done += len;
	}

	return done;
}

/* Commands of a buffer that begins at @start, around @at, the one to look at if @marked. */
static void apu_dump_text(struct apu_dump_writer *w, struct apu_vm *vm, u32 stream, u64 start,
			  u64 at, u64 end, bool marked)
{
	struct apu_dump_text *text = (void *)(w->data + w->used);
	u64 from = max(start, at - min_t(u64, at, APU_DUMP_TEXT_BEFORE));
	u32 bytes;

	if (w->size - w->used < sizeof(*text) + APU_DUMP_TEXT_BEFORE + APU_DUMP_TEXT_AFTER)
		return;

	while (from < at && !apu_dump_page(vm, from))
		from = min(at, ALIGN(from + 1, PAGE_SIZE));
	bytes = min(end, at + APU_DUMP_TEXT_AFTER) - from;

	*text = (struct apu_dump_text) {
		.va = from,
		.at_va = marked ? at : 0,
		.buffer_va = start,
		.stream = stream,
		.bytes = apu_dump_read(vm, from, (u8 *)(text + 1), bytes),
	};
	apu_dump_add(w, APU_DUMP_TEXT, sizeof(*text) + text->bytes);
}

static void apu_dump_texts(struct apu_dump_writer *w, struct apu_dump *dump, struct apu_vm *vm)
{
	u64 fail_va = le64_to_cpu(dump->record.fail_va);
	u32 i, fail_offset = le32_to_cpu(dump->record.fail_offset);

	for (i = 0; i < dump->job.num_streams; i++) {
		u64 start = dump->job.streams[i].va;
		u64 end = start + dump->job.streams[i].bytes;

		apu_dump_text(w, vm, i, start, start, end, false);
	}
	if (fail_va)
		apu_dump_text(w, vm, dump->record.fail_stream, fail_va - fail_offset, fail_va,
			      fail_va + APU_DUMP_TEXT_AFTER, true);
	/* Where engines are may be in a called buffer that begins nobody knows where. */
	for (i = 0; i < APU_MAX_STREAMS; i++)
		if (dump->engine_va[i] && dump->engine_va[i] != fail_va)
			apu_dump_text(w, vm, U32_MAX, 0, dump->engine_va[i],
				      dump->engine_va[i] + APU_DUMP_TEXT_AFTER, true);
}

/* Under a lock that fences wait for: nothing is allocated, memory is there. */
static void apu_dump_vm(struct apu_dump_writer *w, struct apu_dump *dump, u32 max_mappings)
{
	struct apu_vm *vm = dump->ctx->vm;

	mutex_lock(&vm->lock);
	apu_dump_mappings(w, vm, max_mappings);
	apu_dump_texts(w, dump, vm);
	mutex_unlock(&vm->lock);
}

static void apu_dump_registers(struct apu_dump *dump)
{
	struct apu_device *adev = dump->adev;

	mutex_lock(&adev->hw_lock);
	/* Engines have others' jobs by now. */
	if (dump->hung_timeline != dump->job.timeline || dump->hung_seqno != dump->job.seqno) {
		dump->num_regs = 0;
		memset(dump->engine_va, 0, sizeof(dump->engine_va));
		if (adev->top_on)
			apu_dump_read_top(dump);
	}
	mutex_unlock(&adev->hw_lock);
}

static u32 apu_dump_count_mappings(struct apu_vm *vm)
{
	struct drm_gpuva *va;
	u32 n = 0;

	mutex_lock(&vm->lock);
	drm_gpuvm_for_each_va(va, &vm->base)
		n++;
	mutex_unlock(&vm->lock);

	return min(n, APU_DUMP_MAX_MAPPINGS);
}

static void apu_dump_make(struct apu_dump *dump)
{
	u32 max_mappings = apu_dump_count_mappings(dump->ctx->vm);
	struct apu_dump_writer w = {
		.used = sizeof(struct apu_dump_header) +
			APU_DUMP_MAX_SECTIONS * sizeof(struct apu_dump_section),
	};
	struct apu_dump_header *hdr;

	apu_dump_registers(dump);
	w.size = w.used + sizeof(dump->job) + sizeof(dump->record) + sizeof(dump->regs) +
		 sizeof(dump->slots) + max_mappings * sizeof(struct apu_dump_mapping) +
		 (2 * APU_MAX_STREAMS + 1) * (sizeof(struct apu_dump_text) +
					      APU_DUMP_TEXT_BEFORE + APU_DUMP_TEXT_AFTER);
	w.data = vzalloc(w.size);
	if (!w.data)
		return;

	hdr = (void *)w.data;
	memcpy(hdr->magic, APU_DUMP_MAGIC, sizeof(hdr->magic));
	hdr->version = APU_DUMP_VERSION;
	hdr->time_ns = ktime_to_ns(dump->time);
	apu_dump_copy(&w, APU_DUMP_JOB, &dump->job, sizeof(dump->job));
	apu_dump_copy(&w, APU_DUMP_RECORD, &dump->record, sizeof(dump->record));
	apu_dump_copy(&w, APU_DUMP_REGS, dump->regs, dump->num_regs * sizeof(dump->regs[0]));
	apu_dump_copy(&w, APU_DUMP_SLOTS, dump->slots, dump->num_slots * sizeof(dump->slots[0]));
	apu_dump_vm(&w, dump, max_mappings);
	hdr->bytes = w.used;

	dev_coredumpv(dump->adev->base.dev, w.data, w.used, GFP_KERNEL);
}

static void apu_dump_work(struct work_struct *work)
{
	struct apu_dump *dump = container_of(work, struct apu_dump, work);
	struct apu_device *adev = dump->adev;
	struct apu_ctx *ctx = dump->ctx;
	int idx;

	if (drm_dev_enter(&adev->base, &idx)) {
		apu_dump_make(dump);
		drm_dev_exit(idx);
	}

	spin_lock_irq(&adev->job_lock);
	dump->busy = false;
	spin_unlock_irq(&adev->job_lock);
	/* The device may go with it. */
	apu_ctx_put(ctx);
}

/**
 * apu_dump_init() - Have failures make dumps
 * @adev: new APU
 *
 * Return: 0 or -ENOMEM.
 */
int apu_dump_init(struct apu_device *adev)
{
	struct apu_dump *dump;

	dump = drmm_kzalloc(&adev->base, sizeof(*dump), GFP_KERNEL);
	if (!dump)
		return -ENOMEM;

	dump->adev = adev;
	INIT_WORK(&dump->work, apu_dump_work);
	adev->dump = dump;

	return 0;
}

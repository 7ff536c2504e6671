// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs: what there is now. /sys/kernel/debug/accel/DEVICE/
 *
 *	vms		address spaces and what is mapped in them
 *	contexts	queues: how far they are, and what killed them
 *	slots		job slots of the hardware
 *	bos		buffers
 *
 * Registers are not touched, so looking does not power anything up.
 */

#include <linux/seq_file.h>
#include <linux/string_choices.h>

#include <drm/drm_debugfs.h>
#include <drm/drm_file.h>
#include <drm/drm_gem.h>

#include "apu_ctx.h"
#include "apu_debugfs.h"
#include "apu_device.h"
#include "apu_drv.h"
#include "apu_gem.h"
#include "apu_sched.h"
#include "apu_vm.h"

static struct apu_device *apu_debugfs_device(struct seq_file *m)
{
	const struct drm_debugfs_entry *entry = m->private;

	return to_apu_device(entry->dev);
}

static pid_t apu_debugfs_pid(struct drm_file *drm_file)
{
	pid_t pid;

	rcu_read_lock();
	pid = pid_nr(rcu_dereference(drm_file->pid));
	rcu_read_unlock();

	return pid;
}

/* Not drm_debugfs_gpuva_info(): it prints addresses of kernel objects. */
static void apu_debugfs_vm(struct seq_file *m, pid_t pid, unsigned long id, struct apu_vm *vm)
{
	struct drm_gpuva *va;

	seq_printf(m, "pid %d vm %lu asid %u\n", pid, id, vm->pt.asid);
	mutex_lock(&vm->lock);
	drm_gpuvm_for_each_va(va, &vm->base)
		if (va != &vm->base.kernel_alloc_node)
			seq_printf(m, "  va %#llx size %#llx offset %#llx\n", va->va.addr,
				   va->va.range, va->gem.offset);
	mutex_unlock(&vm->lock);
}

static int apu_debugfs_vms(struct seq_file *m, void *unused)
{
	struct apu_device *adev = apu_debugfs_device(m);
	struct drm_file *drm_file;
	struct apu_vm *vm;
	unsigned long id;

	mutex_lock(&adev->base.filelist_mutex);
	list_for_each_entry(drm_file, &adev->base.filelist, lhead) {
		struct apu_file *file = to_apu_file(drm_file);

		xa_for_each(&file->vms, id, vm) {
			vm = apu_vm_lookup(file, id);
			if (!vm)
				continue;
			apu_debugfs_vm(m, apu_debugfs_pid(drm_file), id, vm);
			apu_vm_put(vm);
		}
	}
	mutex_unlock(&adev->base.filelist_mutex);

	return 0;
}

static int apu_debugfs_contexts(struct seq_file *m, void *unused)
{
	struct apu_device *adev = apu_debugfs_device(m);
	struct drm_file *drm_file;
	struct apu_ctx *ctx;
	unsigned long id;

	seq_puts(m, "pid context timeline asid priority submitted done inflight jobs cause\n");
	mutex_lock(&adev->base.filelist_mutex);
	list_for_each_entry(drm_file, &adev->base.filelist, lhead) {
		struct apu_file *file = to_apu_file(drm_file);

		xa_for_each(&file->ctxs, id, ctx) {
			ctx = apu_ctx_lookup(file, id);
			if (!ctx)
				continue;
			spin_lock_irq(&adev->job_lock);
			seq_printf(m, "%d %lu %llu %u %u %llu %llu %zu %llu %u\n",
				   apu_debugfs_pid(drm_file), id, ctx->fence_context,
				   ctx->vm->pt.asid, ctx->hw_priority, READ_ONCE(ctx->last_seqno),
				   ctx->done_seqno, list_count_nodes(&ctx->inflight),
				   ctx->perf.jobs, ctx->fail.cause);
			spin_unlock_irq(&adev->job_lock);
			apu_ctx_put(ctx);
		}
	}
	mutex_unlock(&adev->base.filelist_mutex);

	return 0;
}

static int apu_debugfs_slots(struct seq_file *m, void *unused)
{
	struct apu_device *adev = apu_debugfs_device(m);
	unsigned int slot;

	spin_lock_irq(&adev->job_lock);
	seq_printf(m, "armed %llu interrupts %llu top %s%s\n", adev->slot_order,
		   adev->slot_irqs, str_on_off(adev->top_on),
		   adev->wedged ? " wedged" : "");
	seq_puts(m, "slot timeline seqno after classes l1_kib limit_us\n");
	for (slot = 0; slot < APU_NUM_SLOTS; slot++) {
		const struct apu_job *job = adev->slots[slot].job;

		if (!job)
			continue;
		seq_printf(m, "%u %llu %llu %#x %#x %u %u\n", slot, job->ctx->fence_context,
			   job->seqno, adev->slots[slot].after, job->classes, job->l1_kib,
			   job->time_limit_us);
	}
	spin_unlock_irq(&adev->job_lock);

	return 0;
}

static int apu_debugfs_bos(struct seq_file *m, void *unused)
{
	struct apu_device *adev = apu_debugfs_device(m);
	struct apu_bo *bo;

	seq_puts(m, "size references handles resident kind\n");
	spin_lock(&adev->bo_lock);
	list_for_each_entry(bo, &adev->bos, node) {
		struct drm_gem_object *obj = &bo->base.base;

		seq_printf(m, "%zu %u %u %u %s\n", obj->size, kref_read(&obj->refcount),
			   obj->handle_count, apu_gem_is_resident(obj),
			   obj->import_attach ? "imported" : bo->vm_obj ? "exclusive" : "shared");
	}
	spin_unlock(&adev->bo_lock);

	return 0;
}

static const struct drm_debugfs_info apu_debugfs_files[] = {
	{ "vms", apu_debugfs_vms, 0 },
	{ "contexts", apu_debugfs_contexts, 0 },
	{ "slots", apu_debugfs_slots, 0 },
	{ "bos", apu_debugfs_bos, 0 },
};

/**
 * apu_debugfs_init() - Create the files
 * @adev: APU whose locks and lists are set up
 */
void apu_debugfs_init(struct apu_device *adev)
{
	drm_debugfs_add_files(&adev->base, apu_debugfs_files, ARRAY_SIZE(apu_debugfs_files));
}

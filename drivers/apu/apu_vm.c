// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces.
 *
 * drm_gpuvm remembers what is mapped where, apu_mmu.c has the page tables. User
 * space chooses addresses. apu_bind.c prepares what is to be mapped and unmapped,
 * apu_vm_run() does it, be it at once or when fences have signalled. The latter is
 * in the path of fences, so apu_vm_run() allocates nothing and cannot fail, and what
 * goes is put aside, to be let go of where locks may be taken.
 *
 * Lifetime: the id, contexts and binds hold &apu_vm.ref, and jobs hold their context.
 * With the last of these the mappings go, and then, as a mapped buffer refers to
 * it, the drm_gpuvm. A mapping holds its buffer, and is dropped only after the TLB
 * was invalidated: memory that the hardware can reach is never freed. Nobody asks
 * where a buffer is mapped, so mappings are not linked into their buffers.
 *
 * Locking: &apu_vm.lock serializes runs. Fences depend on it: nothing is allocated
 * under it, and no reservation is locked. Inside it comes hw_lock (apu_mmu.c). The
 * reservation of the address space orders the queues: that of binds, and those of
 * the contexts that use it.
 */

#include <linux/dma-resv.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include <drm/apu_accel.h>

#include "apu_bind.h"
#include "apu_client.h"
#include "apu_device.h"
#include "apu_drv.h"
#include "apu_gem.h"
#include "apu_vm.h"
#include "compat.h"

/* A bind that runs. */
struct apu_vm_run {
	struct apu_bind *bind;
	struct apu_bind_op *op;
	/* Something went that the TLB may still have. */
	bool stale;
};

static struct apu_vm *to_apu_vm(struct drm_gpuvm *gpuvm)
{
	return container_of(gpuvm, struct apu_vm, base);
}

static struct apu_va *to_apu_va(struct drm_gpuva *va)
{
	return container_of(va, struct apu_va, base);
}

static struct apu_va *apu_vm_take_va(struct apu_bind *bind, struct drm_gpuvm_bo *vm_bo, bool write)
{
	struct apu_va *va = list_first_entry(&bind->vas, struct apu_va, node);

	list_del(&va->node);
	va->base.vm_bo = drm_gpuvm_bo_get(vm_bo);
	va->write = write;

	return va;
}

/* Before the TLB was invalidated, its buffer must not go. */
static void apu_vm_drop_va(struct apu_bind *bind, struct drm_gpuva *va)
{
	list_add(&to_apu_va(va)->node, &bind->gone);
}

/* At the end, and before something else takes the place. */
static void apu_vm_invalidate(struct apu_vm *vm, struct apu_vm_run *run)
{
	if (run->stale || !list_empty(&vm->pt.retired))
		apu_mmu_invalidate(&vm->pt, run->op->va, run->op->size);
	run->stale = false;
}

static int apu_vm_step_map(struct drm_gpuva_op *op, void *priv)
{
	struct apu_vm_run *run = priv;
	struct apu_bind_op *bind_op = run->op;
	struct apu_vm *vm = run->bind->vm;
	struct apu_va *va;

	apu_vm_invalidate(vm, run);
	apu_pt_map(&vm->pt, op->map.va.addr, bind_op->sgt, op->map.gem.offset,
		   op->map.va.range, bind_op->write);

	va = apu_vm_take_va(run->bind, bind_op->vm_bo, bind_op->write);
	drm_gpuva_map(&vm->base, &va->base, &op->map);

	return 0;
}

static int apu_vm_step_unmap(struct drm_gpuva_op *op, void *priv)
{
	struct drm_gpuva *va = op->unmap.va;
	struct apu_vm_run *run = priv;

	apu_pt_unmap(&to_apu_vm(va->vm)->pt, va->va.addr, va->va.range);
	run->stale = true;

	drm_gpuva_unmap(&op->unmap);
	apu_vm_drop_va(run->bind, va);

	return 0;
}

/* Whether the 2 MiB at an address are in a mapping and may be mapped by a block. */
static bool apu_vm_maybe_block(struct apu_vm *vm, const struct drm_gpuva *va, u64 addr)
{
	return addr >= va->va.addr && addr + SZ_2M <= va->va.addr + va->va.range &&
	       apu_pt_maybe_block(&vm->pt, addr);
}

/* Cuts [start, end) out of a block. What is left of it is mapped anew, with pages. */
static void apu_vm_cut_block(struct apu_vm *vm, struct drm_gpuva *va, u64 block, u64 start,
			     u64 end)
{
	struct sg_table *sgt = to_apu_bo(va->gem.obj)->base.sgt;
	u64 offset = va->gem.offset - va->va.addr;
	bool write = to_apu_va(va)->write;

	apu_mmu_lock(&vm->pt, block, SZ_2M);
	apu_pt_unmap(&vm->pt, block, SZ_2M);
	if (block < start)
		apu_pt_map(&vm->pt, block, sgt, offset + block, start - block, write);
	if (end < block + SZ_2M)
		apu_pt_map(&vm->pt, end, sgt, offset + end, block + SZ_2M - end, write);
	apu_mmu_unlock(&vm->pt, block, SZ_2M);
}

/* Cuts [start, end) out of a mapping. Returns whether the TLB has to know. */
static bool apu_vm_cut(struct apu_vm *vm, struct drm_gpuva *va, u64 start, u64 end)
{
	u64 head = ALIGN_DOWN(start, SZ_2M);
	u64 tail = ALIGN_DOWN(end, SZ_2M);

	if (head < start && apu_vm_maybe_block(vm, va, head)) {
		u64 cut_end = min(end, head + SZ_2M);

		apu_vm_cut_block(vm, va, head, start, cut_end);
		start = cut_end;
	}
	if (start < end && tail < end && apu_vm_maybe_block(vm, va, tail)) {
		apu_vm_cut_block(vm, va, tail, tail, end);
		end = tail;
	}
	if (start == end)
		return false;

	apu_pt_unmap(&vm->pt, start, end - start);

	return true;
}

static int apu_vm_step_remap(struct drm_gpuva_op *op, void *priv)
{
	struct drm_gpuva *va = op->remap.unmap->va;
	struct drm_gpuvm_bo *vm_bo = va->vm_bo;
	bool write = to_apu_va(va)->write;
	struct apu_va *prev = NULL, *next = NULL;
	struct apu_vm_run *run = priv;
	u64 start, range;

	drm_gpuva_op_remap_to_unmap_range(&op->remap, &start, &range);
	if (apu_vm_cut(to_apu_vm(va->vm), va, start, start + range))
		run->stale = true;

	if (op->remap.prev)
		prev = apu_vm_take_va(run->bind, vm_bo, write);
	if (op->remap.next)
		next = apu_vm_take_va(run->bind, vm_bo, write);
	drm_gpuva_remap(prev ? &prev->base : NULL, next ? &next->base : NULL, &op->remap);
	apu_vm_drop_va(run->bind, va);

	return 0;
}

static void apu_vm_run_op(struct apu_vm *vm, struct apu_vm_run *run)
{
	struct apu_bind_op *op = run->op;
	int ret;

	if (op->vm_bo) {
		const struct drm_gpuvm_map_req req = {
			.map.va.addr = op->va,
			.map.va.range = op->size,
			.map.gem.obj = op->vm_bo->obj,
			.map.gem.offset = op->offset,
		};

		ret = drm_gpuvm_sm_map(&vm->base, run, &req);
	} else {
		ret = drm_gpuvm_sm_unmap(&vm->base, run, op->va, op->size);
	}
	/* The range was checked, and the steps do not fail. */
	drm_WARN_ON(&vm->adev->base, ret);

	apu_vm_invalidate(vm, run);
}

/**
 * apu_vm_run() - Map and unmap
 * @bind: what to do, with all that is needed; the device is not unplugged meanwhile
 *
 * On return jobs that run see the new mappings, and the TLB has none of the old
 * ones. Allocates nothing: fences may wait for it.
 */
void apu_vm_run(struct apu_bind *bind)
{
	struct apu_vm *vm = bind->vm;
	struct apu_vm_run run = { .bind = bind };
	u32 i;

	mutex_lock(&vm->lock);
	list_splice_init(&bind->pages, &vm->pt.pool);
	for (i = 0; i < bind->num_ops; i++) {
		run.op = &bind->ops[i];
		apu_vm_run_op(vm, &run);
	}
	list_splice_init(&vm->pt.pool, &bind->pages);
	mutex_unlock(&vm->lock);
}

static int apu_vm_init_fences(struct apu_vm *vm, struct apu_device *adev)
{
	vm->fence_owner = apu_fence_owner_create(adev);
	if (!vm->fence_owner)
		return -ENOMEM;

	vm->bind_done = apu_fence_create_done(vm->fence_owner);
	if (!vm->bind_done) {
		apu_fence_owner_put(vm->fence_owner);
		return -ENOMEM;
	}

	return 0;
}

static void apu_vm_fini_fences(struct apu_vm *vm)
{
	dma_fence_put(vm->bind_done);
	apu_fence_owner_put(vm->fence_owner);
}

static void apu_vm_free(struct drm_gpuvm *gpuvm)
{
	struct apu_vm *vm = to_apu_vm(gpuvm);

	apu_pt_fini(&vm->pt);
	mutex_destroy(&vm->lock);
	apu_vm_fini_fences(vm);
	kfree(vm);
}

static const struct drm_gpuvm_ops apu_vm_ops = {
	.vm_free = apu_vm_free,
	.sm_step_map = apu_vm_step_map,
	.sm_step_remap = apu_vm_step_remap,
	.sm_step_unmap = apu_vm_step_unmap,
};

static void apu_vm_release(struct kref *ref)
{
	struct apu_vm *vm = container_of(ref, struct apu_vm, ref);
	struct apu_bind bind = { .vm = vm };
	struct apu_vm_run run = { .bind = &bind };

	drm_sched_entity_fini(&vm->bind_entity);

	INIT_LIST_HEAD(&bind.vas);
	INIT_LIST_HEAD(&bind.gone);

	/* No job uses it, so nothing comes back into the TLB. */
	apu_mmu_invalidate_all(&vm->pt);

	/* Whole mappings go, nothing is cut: no memory is needed. */
	mutex_lock(&vm->lock);
	drm_gpuvm_sm_unmap(&vm->base, &run, vm->base.mm_start, vm->base.mm_range);
	mutex_unlock(&vm->lock);
	apu_bind_free_vas(&bind.gone);

	drm_gpuvm_put(&vm->base);
}

/**
 * apu_vm_get() - Take a reference
 * @vm: address space
 *
 * Return: @vm.
 */
struct apu_vm *apu_vm_get(struct apu_vm *vm)
{
	kref_get(&vm->ref);

	return vm;
}

/**
 * apu_vm_put() - Drop a reference
 * @vm: address space
 *
 * May sleep, and must not be called where a fence waits for the caller.
 */
void apu_vm_put(struct apu_vm *vm)
{
	kref_put(&vm->ref, apu_vm_release);
}

/**
 * apu_vm_lookup() - Find a client's address space
 * @file: client
 * @id: id
 *
 * Return: The address space with a reference taken, or NULL.
 */
struct apu_vm *apu_vm_lookup(struct apu_file *file, u32 id)
{
	struct apu_vm *vm;

	xa_lock(&file->vms);
	vm = xa_load(&file->vms, id);
	if (vm)
		apu_vm_get(vm);
	xa_unlock(&file->vms);

	return vm;
}

/**
 * apu_vm_close_all() - Drop all address spaces of a client that leaves
 * @file: client
 */
void apu_vm_close_all(struct apu_file *file)
{
	struct apu_vm *vm;
	unsigned long id;

	xa_for_each(&file->vms, id, vm)
		apu_vm_put(vm);
	xa_destroy(&file->vms);
}

static struct apu_vm *apu_vm_create(struct apu_device *adev)
{
	struct drm_gpu_scheduler *sched = &adev->bind_sched;
	struct drm_gem_object *r_obj;
	struct apu_vm *vm;
	int ret;

	vm = kzalloc_obj(*vm, GFP_KERNEL_ACCOUNT);
	if (!vm)
		return ERR_PTR(-ENOMEM);

	r_obj = drm_gpuvm_resv_object_alloc(&adev->base);
	if (!r_obj) {
		ret = -ENOMEM;
		goto err_free;
	}

	ret = apu_pt_init(&vm->pt, adev);
	if (ret)
		goto err_put;

	ret = apu_vm_init_fences(vm, adev);
	if (ret)
		goto err_pt;

	ret = drm_sched_entity_init(&vm->bind_entity, DRM_SCHED_PRIORITY_NORMAL, &sched, 1, NULL);
	if (ret)
		goto err_fences;

	kref_init(&vm->ref);
	mutex_init(&vm->lock);
	vm->adev = adev;
	drm_gpuvm_init(&vm->base, "apu", 0, &adev->base, r_obj, APU_VA_START,
		       apu_va_end(adev) - APU_VA_START, 0, 0, &apu_vm_ops);
	drm_gem_object_put(r_obj);

	return vm;

err_fences:
	apu_vm_fini_fences(vm);
err_pt:
	apu_pt_fini(&vm->pt);
err_put:
	drm_gem_object_put(r_obj);
err_free:
	kfree(vm);
	return ERR_PTR(ret);
}

int apu_vm_create_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct drm_apu_vm_create *args = data;
	struct apu_vm *vm;
	int ret;

	if (args->flags)
		return -EINVAL;

	vm = apu_vm_create(to_apu_device(drm));
	if (IS_ERR(vm))
		return PTR_ERR(vm);

	ret = xa_alloc(&to_apu_file(drm_file)->vms, &args->id, vm, XA_LIMIT(1, APU_MAX_VMS),
		       GFP_KERNEL);
	if (ret)
		apu_vm_put(vm);

	return ret;
}

int apu_vm_destroy_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct drm_apu_vm_destroy *args = data;
	struct apu_vm *vm;

	if (args->pad)
		return -EINVAL;

	vm = xa_erase(&to_apu_file(drm_file)->vms, args->id);
	if (!vm)
		return -ENOENT;

	apu_vm_put(vm);

	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Address spaces.
 *
 * drm_gpuvm remembers what is mapped where, apu_mmu.c has the page tables. User
 * space chooses addresses. Binds are synchronous: they have happened when the
 * ioctl returns, and jobs that run see them.
 *
 * Lifetime: the id and contexts hold &apu_vm.ref, and jobs hold their context.
 * With the last of these the mappings go, and then, as a mapped buffer refers to
 * it, the drm_gpuvm. A mapping holds its buffer, and is dropped only after the TLB
 * was invalidated: memory that the hardware can reach is never freed.
 *
 * Locking: &apu_vm.lock serializes binds; it is the outermost lock and memory is
 * allocated under it. Then come, one at a time,
 *
 * - the reservation of a buffer, for its list of mappings;
 * - the reservation of the address space, while a block is taken apart, so that
 *   no job is armed meanwhile that does not know of the lock on the range;
 * - mmu.lock (apu_mmu.c).
 *
 * A submit locks the reservations of the address space and of all buffers in it,
 * but not &apu_vm.lock.
 */

#include <linux/dma-resv.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_print.h>

#include <drm/apu_accel.h>

#include "apu_device.h"
#include "apu_drv.h"
#include "apu_gem.h"
#include "apu_kunit.h"
#include "apu_uaccess.h"
#include "apu_vm.h"
#include "compat.h"

#define APU_MAX_BIND_OPS	1024

/* A mapping. */
struct apu_va {
	struct drm_gpuva base;
	bool write;
};

/* What an operation needs, allocated and checked before it starts: it cannot fail. */
struct apu_bind {
	struct apu_vm *vm;
	/* For the new mapping and the rest of those that it cuts. */
	struct apu_va *vas[3];
	/* The new mapping. */
	struct drm_gpuvm_bo *vm_bo;
	struct sg_table *sgt;
	bool write;
};

static struct apu_vm *to_apu_vm(struct drm_gpuvm *gpuvm)
{
	return container_of(gpuvm, struct apu_vm, base);
}

static struct apu_va *to_apu_va(struct drm_gpuva *va)
{
	return container_of(va, struct apu_va, base);
}

/* Drops a reference that may be the last one. */
static void apu_vm_bo_put(struct drm_gpuvm_bo *vm_bo)
{
	struct drm_gem_object *obj = vm_bo->obj;

	drm_gem_object_get(obj);
	dma_resv_lock(obj->resv, NULL);
	drm_gpuvm_bo_put(vm_bo);
	dma_resv_unlock(obj->resv);
	drm_gem_object_put(obj);
}

static struct drm_gpuvm_bo *apu_vm_bo_obtain(struct apu_vm *vm, struct drm_gem_object *obj)
{
	struct drm_gpuvm_bo *vm_bo;

	dma_resv_lock(obj->resv, NULL);
	vm_bo = drm_gpuvm_bo_obtain_locked(&vm->base, obj);
	dma_resv_unlock(obj->resv);
	if (!IS_ERR(vm_bo))
		drm_gpuvm_bo_extobj_add(vm_bo);

	return vm_bo;
}

static void apu_va_link(struct drm_gpuva *va, struct drm_gpuvm_bo *vm_bo)
{
	dma_resv_lock(vm_bo->obj->resv, NULL);
	drm_gpuva_link(va, vm_bo);
	dma_resv_unlock(vm_bo->obj->resv);
}

static void apu_va_unlink(struct drm_gpuva *va)
{
	struct drm_gem_object *obj = va->gem.obj;

	drm_gem_object_get(obj);
	dma_resv_lock(obj->resv, NULL);
	drm_gpuva_unlink(va);
	dma_resv_unlock(obj->resv);
	drm_gem_object_put(obj);
}

static struct apu_va *apu_bind_take_va(struct apu_bind *bind, bool write)
{
	struct apu_va *va = NULL;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bind->vas) && !va; i++)
		swap(va, bind->vas[i]);
	va->write = write;

	return va;
}

static int apu_vm_step_map(struct drm_gpuva_op *op, void *priv)
{
	struct apu_bind *bind = priv;
	struct apu_vm *vm = bind->vm;
	struct apu_va *va;

	apu_pt_map(&vm->pt, op->map.va.addr, bind->sgt, op->map.gem.offset, op->map.va.range,
		   bind->write);

	va = apu_bind_take_va(bind, bind->write);
	drm_gpuva_map(&vm->base, &va->base, &op->map);
	apu_va_link(&va->base, bind->vm_bo);

	return 0;
}

static int apu_vm_step_unmap(struct drm_gpuva_op *op, void *priv)
{
	struct drm_gpuva *va = op->unmap.va;
	struct apu_vm *vm = to_apu_vm(va->vm);

	apu_pt_unmap(&vm->pt, va->va.addr, va->va.range);
	apu_mmu_invalidate(&vm->pt, va->va.addr, va->va.range);

	drm_gpuva_unmap(&op->unmap);
	apu_va_unlink(va);
	kfree(to_apu_va(va));

	return 0;
}

/*
 * Cuts [*start, *end) out of a mapping. The range grows by the rest of blocks that
 * it may cut; that rest is mapped anew, with pages.
 */
static void apu_vm_cut(struct apu_vm *vm, struct drm_gpuva *va, u64 start, u64 end)
{
	u64 va_end = va->va.addr + va->va.range;
	u64 from = ALIGN_DOWN(start, SZ_2M), to = ALIGN(end, SZ_2M);
	struct sg_table *sgt = to_apu_bo(va->gem.obj)->base.sgt;
	bool write = to_apu_va(va)->write;
	int idx;

	if (from < va->va.addr || from + SZ_2M > va_end || !apu_pt_maybe_block(&vm->pt, from))
		from = start;
	if (to > va_end || to - SZ_2M < va->va.addr || !apu_pt_maybe_block(&vm->pt, to - SZ_2M))
		to = end;

	if (from == start && to == end) {
		apu_pt_unmap(&vm->pt, start, end - start);
		apu_mmu_invalidate(&vm->pt, start, end - start);
		return;
	}

	dma_resv_lock(drm_gpuvm_resv(&vm->base), NULL);
	idx = apu_mmu_lock(&vm->pt, from, to - from);
	apu_pt_unmap(&vm->pt, from, to - from);
	if (from < start)
		apu_pt_map(&vm->pt, from, sgt, va->gem.offset + (from - va->va.addr),
			   start - from, write);
	if (end < to)
		apu_pt_map(&vm->pt, end, sgt, va->gem.offset + (end - va->va.addr),
			   to - end, write);
	apu_mmu_unlock(&vm->pt, from, to - from, idx);
	dma_resv_unlock(drm_gpuvm_resv(&vm->base));
}

static int apu_vm_step_remap(struct drm_gpuva_op *op, void *priv)
{
	struct apu_bind *bind = priv;
	struct drm_gpuva *va = op->remap.unmap->va;
	struct apu_vm *vm = to_apu_vm(va->vm);
	bool write = to_apu_va(va)->write;
	struct drm_gpuvm_bo *vm_bo = va->vm_bo;
	struct apu_va *prev = NULL, *next = NULL;
	u64 start, range;

	drm_gpuva_op_remap_to_unmap_range(&op->remap, &start, &range);
	apu_vm_cut(vm, va, start, start + range);

	if (op->remap.prev)
		prev = apu_bind_take_va(bind, write);
	if (op->remap.next)
		next = apu_bind_take_va(bind, write);
	drm_gpuva_remap(prev ? &prev->base : NULL, next ? &next->base : NULL, &op->remap);

	if (prev)
		apu_va_link(&prev->base, vm_bo);
	if (next)
		apu_va_link(&next->base, vm_bo);
	apu_va_unlink(va);
	kfree(to_apu_va(va));

	return 0;
}

static void apu_vm_free(struct drm_gpuvm *gpuvm)
{
	struct apu_vm *vm = to_apu_vm(gpuvm);

	apu_pt_fini(&vm->pt);
	mutex_destroy(&vm->lock);
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

	/* Whole mappings go, nothing is cut: no memory is needed. */
	mutex_lock(&vm->lock);
	drm_gpuvm_sm_unmap(&vm->base, NULL, vm->base.mm_start, vm->base.mm_range);
	mutex_unlock(&vm->lock);

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
	struct drm_gem_object *r_obj;
	struct apu_vm *vm;
	int ret;

	vm = kzalloc_obj(*vm);
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

	kref_init(&vm->ref);
	mutex_init(&vm->lock);
	vm->adev = adev;
	drm_gpuvm_init(&vm->base, "apu", 0, &adev->base, r_obj, APU_VA_START,
		       apu_va_end(adev) - APU_VA_START, 0, 0, &apu_vm_ops);
	drm_gem_object_put(r_obj);

	return vm;

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

VISIBLE_IF_KUNIT bool apu_bind_in_bo(const struct drm_apu_vm_bind_op *op, u64 bo_size)
{
	return op->size <= bo_size && op->bo_offset <= bo_size - op->size;
}
EXPORT_SYMBOL_IF_KUNIT(apu_bind_in_bo);

static int apu_bind_prepare_map(struct apu_bind *bind, struct drm_file *drm_file,
				const struct drm_apu_vm_bind_op *op)
{
	struct drm_gem_object *obj;
	struct apu_bo *bo;
	int ret = 0;

	obj = drm_gem_object_lookup(drm_file, op->bo_handle);
	if (!obj)
		return -ENOENT;

	bo = to_apu_bo(obj);
	if (!apu_bind_in_bo(op, obj->size) ||
	    (bo->vm_obj && bo->vm_obj != bind->vm->base.r_obj)) {
		ret = -EINVAL;
		goto out_put;
	}

	bind->write = !(op->flags & DRM_APU_VM_BIND_READONLY);
	bind->sgt = drm_gem_shmem_get_pages_sgt(&bo->base);
	if (IS_ERR(bind->sgt)) {
		ret = PTR_ERR(bind->sgt);
		goto out_put;
	}
	if (!apu_pt_can_map(&bind->vm->pt, bind->sgt, op->bo_offset + op->size)) {
		ret = -EINVAL;
		goto out_put;
	}

	bind->vm_bo = apu_vm_bo_obtain(bind->vm, obj);
	if (IS_ERR(bind->vm_bo)) {
		ret = PTR_ERR(bind->vm_bo);
		bind->vm_bo = NULL;
	}

out_put:
	drm_gem_object_put(obj);
	return ret;
}

VISIBLE_IF_KUNIT int apu_vm_bind_check(struct apu_vm *vm, const struct drm_apu_vm_bind_op *op)
{
	if (op->pad || !op->size || !IS_ALIGNED(op->va | op->size | op->bo_offset, SZ_4K) ||
	    !drm_gpuvm_range_valid(&vm->base, op->va, op->size))
		return -EINVAL;

	switch (op->op) {
	case DRM_APU_VM_BIND_OP_MAP:
		return op->flags & ~DRM_APU_VM_BIND_READONLY ? -EINVAL : 0;
	case DRM_APU_VM_BIND_OP_UNMAP:
		return op->flags || op->bo_handle || op->bo_offset ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}
EXPORT_SYMBOL_IF_KUNIT(apu_vm_bind_check);

static int apu_vm_bind_one(struct apu_vm *vm, struct drm_file *drm_file,
			   const struct drm_apu_vm_bind_op *op)
{
	struct apu_bind bind = { .vm = vm };
	unsigned int i;
	int ret;

	ret = apu_vm_bind_check(vm, op);
	if (ret)
		return ret;

	for (i = 0; i < ARRAY_SIZE(bind.vas); i++) {
		bind.vas[i] = kzalloc_obj(*bind.vas[i]);
		if (!bind.vas[i]) {
			ret = -ENOMEM;
			goto out_free;
		}
	}

	if (op->op == DRM_APU_VM_BIND_OP_MAP) {
		ret = apu_bind_prepare_map(&bind, drm_file, op);
		if (ret)
			goto out_free;
	}

	mutex_lock(&vm->lock);
	ret = apu_pt_reserve(&vm->pt, op->va, bind.vm_bo ? op->size : 0);
	if (ret)
		goto out_unlock;

	if (op->op == DRM_APU_VM_BIND_OP_MAP) {
		const struct drm_gpuvm_map_req req = {
			.map.va.addr = op->va,
			.map.va.range = op->size,
			.map.gem.obj = bind.vm_bo->obj,
			.map.gem.offset = op->bo_offset,
		};

		ret = drm_gpuvm_sm_map(&vm->base, &bind, &req);
	} else {
		ret = drm_gpuvm_sm_unmap(&vm->base, &bind, op->va, op->size);
	}

out_unlock:
	apu_pt_unreserve(&vm->pt);
	mutex_unlock(&vm->lock);
out_free:
	if (bind.vm_bo)
		apu_vm_bo_put(bind.vm_bo);
	for (i = 0; i < ARRAY_SIZE(bind.vas); i++)
		kfree(bind.vas[i]);
	return ret;
}

int apu_vm_bind_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct drm_apu_vm_bind *args = data;
	struct drm_apu_vm_bind_op *ops;
	struct apu_vm *vm;
	int idx, ret = 0;
	u32 i;

	args->fail_index = args->ops.count;
	if (args->flags || args->pad)
		return -EINVAL;

	ops = APU_COPY_ARRAY(&args->ops, APU_MAX_BIND_OPS, struct drm_apu_vm_bind_op, size);
	if (IS_ERR(ops))
		return PTR_ERR(ops);

	vm = apu_vm_lookup(to_apu_file(drm_file), args->vm_id);
	if (!vm) {
		ret = -ENOENT;
		goto out_free;
	}

	/* No new DMA mappings once apu_gem_unplug() has undone them all. */
	if (!drm_dev_enter(drm, &idx)) {
		ret = -ENODEV;
		goto out_put;
	}

	for (i = 0; i < args->ops.count; i++) {
		ret = apu_vm_bind_one(vm, drm_file, &ops[i]);
		if (ret) {
			args->fail_index = i;
			break;
		}
	}
	drm_dev_exit(idx);

out_put:
	apu_vm_put(vm);
out_free:
	kvfree(ops);
	return ret;
}

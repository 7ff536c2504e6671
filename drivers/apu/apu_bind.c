// SPDX-License-Identifier: GPL-2.0-only
/*
 * Binds: what user space wants mapped and unmapped in an address space.
 *
 * All operations of a bind are checked, and get all that they may need, before the
 * first one runs: memory for page tables and mappings, the buffers' pages, fences
 * for syncobjs. What follows cannot fail, so a bind is done as a whole or not at all.
 * What it needs does not depend on what is mapped, for that may be something else
 * when it runs.
 *
 * A synchronous bind runs in the ioctl. An asynchronous one is a job of the bind
 * scheduler, which has one queue, an entity, per address space: it runs after those
 * that were queued before it and after its in-fences. Its out-fence signals when the
 * mappings are there, and if the device is gone by then, with -ENODEV; then nothing
 * was mapped. Synchronous binds do not queue.
 *
 * Lifetime: a queued bind holds its address space, whatever becomes of the id, and
 * is run in its turn. The scheduler's workers are in the path of fences, so a
 * worker of apu_sched.c lets go of what it holds.
 */

#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include <drm/apu_accel.h>

#include "apu_arena.h"
#include "apu_bind.h"
#include "apu_client.h"
#include "apu_device.h"
#include "apu_drv.h"
#include "apu_gem.h"
#include "apu_kunit.h"
#include "apu_sched.h"
#include "apu_uaccess.h"
#include "apu_vm.h"
#include "compat.h"

#define APU_MAX_BIND_OPS	1024
/* The new mapping, and what is left of those that it cuts. */
#define APU_VAS_PER_OP		3

static struct apu_bind *to_apu_bind(struct drm_sched_job *sched_job)
{
	return container_of(sched_job, struct apu_bind, base);
}

/*
 * Drops a reference that may be the last one, for which the buffer has to be locked. And so
 * that it is the last one, rather than one that drm_gpuvm_prepare_objects() takes and drops
 * without that lock, the address space has to be: whoever prepares its objects has locked it.
 */
static void apu_vm_bo_put(struct drm_gpuvm_bo *vm_bo)
{
	struct dma_resv *held = drm_gpuvm_resv(vm_bo->vm);
	struct drm_gem_object *obj = vm_bo->obj;
	struct dma_resv *other = obj->resv;
	bool both = other != held;
	struct ww_acquire_ctx ctx;

	drm_gem_object_get(obj);
	ww_acquire_init(&ctx, &reservation_ww_class);
	dma_resv_lock(held, &ctx);
	while (both && dma_resv_lock(other, &ctx) == -EDEADLK) {
		dma_resv_unlock(held);
		dma_resv_lock_slow(other, &ctx);
		swap(held, other);
	}
	ww_acquire_done(&ctx);

	drm_gpuvm_bo_put(vm_bo);

	if (both)
		dma_resv_unlock(other);
	dma_resv_unlock(held);
	ww_acquire_fini(&ctx);
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

/**
 * apu_bind_free_vas() - Let go of mappings that are in no address space
 * @vas: list of them, empty afterwards
 *
 * May sleep, and must not be called where a fence waits for the caller.
 */
void apu_bind_free_vas(struct list_head *vas)
{
	struct apu_va *va, *tmp;

	list_for_each_entry_safe(va, tmp, vas, node) {
		list_del(&va->node);
		if (va->base.vm_bo)
			apu_vm_bo_put(va->base.vm_bo);
		kfree(va);
	}
}

static int apu_bind_count(struct apu_bind *bind, struct apu_client *client)
{
	/* One without operations is something to wait for, and takes memory too. */
	u32 ops = max(bind->num_ops, 1U);

	if (!apu_client_add_ops(client, ops))
		return -EBUSY;
	bind->client = apu_client_get(client);
	bind->num_counted = ops;

	return 0;
}

static void apu_bind_uncount(struct apu_bind *bind)
{
	if (bind->num_counted)
		apu_client_del_ops(bind->client, bind->num_counted);
	bind->num_counted = 0;
}

static void apu_bind_free(struct apu_bind *bind)
{
	u32 i;

	if (bind->client) {
		apu_bind_uncount(bind);
		apu_client_put(bind->client);
	}
	apu_bind_free_vas(&bind->vas);
	apu_bind_free_vas(&bind->gone);
	apu_pt_free_pages(&bind->pages);
	for (i = 0; i < bind->num_ops; i++)
		if (bind->ops[i].vm_bo)
			apu_vm_bo_put(bind->ops[i].vm_bo);
	apu_vm_put(bind->vm);
	kvfree(bind);
}

static void apu_bind_free_work(struct work_struct *work)
{
	apu_bind_free(container_of(work, struct apu_bind, free_work));
}

/* Consumes the reference to the address space. */
static struct apu_bind *apu_bind_create(struct apu_vm *vm, u32 num_ops)
{
	struct apu_bind *bind;

	bind = kvzalloc(struct_size(bind, ops, num_ops), GFP_KERNEL_ACCOUNT);
	if (!bind) {
		apu_vm_put(vm);
		return NULL;
	}

	bind->vm = vm;
	bind->num_ops = num_ops;
	INIT_LIST_HEAD(&bind->vas);
	INIT_LIST_HEAD(&bind->gone);
	INIT_LIST_HEAD(&bind->pages);
	INIT_WORK(&bind->free_work, apu_bind_free_work);

	return bind;
}

VISIBLE_IF_KUNIT bool apu_bind_in_bo(const struct drm_apu_vm_bind_op *in, u64 bo_size)
{
	return in->size <= bo_size && in->bo_offset <= bo_size - in->size;
}
EXPORT_SYMBOL_IF_KUNIT(apu_bind_in_bo);

VISIBLE_IF_KUNIT int apu_vm_bind_check(struct apu_vm *vm, const struct drm_apu_vm_bind_op *in)
{
	if (in->pad || !in->size || !IS_ALIGNED(in->va | in->size | in->bo_offset, SZ_4K) ||
	    !drm_gpuvm_range_valid(&vm->base, in->va, in->size))
		return -EINVAL;

	switch (in->op) {
	case DRM_APU_VM_BIND_OP_MAP:
		return in->flags & ~DRM_APU_VM_BIND_READONLY ? -EINVAL : 0;
	case DRM_APU_VM_BIND_OP_UNMAP:
		return in->flags || in->bo_handle || in->bo_offset ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}
EXPORT_SYMBOL_IF_KUNIT(apu_vm_bind_check);

static int apu_bind_prepare_bo(struct apu_bind *bind, struct apu_bind_op *op,
			       struct drm_file *drm_file, const struct drm_apu_vm_bind_op *in)
{
	struct drm_gpuvm_bo *vm_bo;
	struct drm_gem_object *obj;
	struct apu_bo *bo;
	int ret = -EINVAL;

	obj = drm_gem_object_lookup(drm_file, in->bo_handle);
	if (!obj)
		return -ENOENT;

	bo = to_apu_bo(obj);
	if (!apu_bind_in_bo(in, obj->size) ||
	    (bo->vm_obj && bo->vm_obj != bind->vm->base.r_obj))
		goto out_put;

	/* A guess: apu_prime_fd_to_handle() has not counted it for anybody yet. */
	if (obj->import_attach && !READ_ONCE(bo->client)) {
		ret = -ENOENT;
		goto out_put;
	}

	op->sgt = drm_gem_shmem_get_pages_sgt(&bo->base);
	if (IS_ERR(op->sgt)) {
		ret = PTR_ERR(op->sgt);
		goto out_put;
	}
	if (!apu_pt_can_map(&bind->vm->pt, op->sgt, op->offset + op->size))
		goto out_put;

	vm_bo = apu_vm_bo_obtain(bind->vm, obj);
	ret = PTR_ERR_OR_ZERO(vm_bo);
	if (!ret)
		op->vm_bo = vm_bo;

out_put:
	drm_gem_object_put(obj);
	return ret;
}

static int apu_bind_alloc_vas(struct apu_bind *bind)
{
	struct apu_va *va;
	u32 i;

	for (i = 0; i < APU_VAS_PER_OP; i++) {
		va = kzalloc_obj(*va, GFP_KERNEL_ACCOUNT);
		if (!va)
			return -ENOMEM;
		list_add(&va->node, &bind->vas);
	}

	return 0;
}

static int apu_bind_prepare_op(struct apu_bind *bind, struct apu_bind_op *op,
			       struct drm_file *drm_file, const struct drm_apu_vm_bind_op *in)
{
	int ret;

	ret = apu_vm_bind_check(bind->vm, in);
	if (ret)
		return ret;

	op->va = in->va;
	op->size = in->size;
	op->offset = in->bo_offset;
	op->write = !(in->flags & DRM_APU_VM_BIND_READONLY);

	ret = apu_bind_alloc_vas(bind);
	if (ret)
		return ret;

	if (in->op == DRM_APU_VM_BIND_OP_UNMAP)
		return apu_pt_alloc_pages(&bind->pages, apu_pt_pages_to_unmap(op->va, op->size));

	ret = apu_bind_prepare_bo(bind, op, drm_file, in);
	if (ret)
		return ret;

	return apu_pt_alloc_pages(&bind->pages, apu_pt_pages_to_map(op->va, op->size));
}

static int apu_bind_prepare(struct apu_bind *bind, struct apu_arena *arena,
			    struct drm_file *drm_file, struct drm_apu_vm_bind *args)
{
	struct drm_apu_vm_bind_op *ops;
	int ret = 0;
	u32 i;

	ops = APU_COPY_ARRAY(arena, &args->ops, APU_MAX_BIND_OPS, struct drm_apu_vm_bind_op,
			     size);
	if (IS_ERR(ops))
		return PTR_ERR(ops);

	for (i = 0; i < args->ops.count; i++) {
		ret = apu_bind_prepare_op(bind, &bind->ops[i], drm_file, &ops[i]);
		if (ret) {
			args->fail_index = i;
			break;
		}
	}

	return ret;
}

static struct dma_fence *apu_bind_run_job(struct drm_sched_job *sched_job)
{
	struct apu_bind *bind = to_apu_bind(sched_job);
	bool cookie = dma_fence_begin_signalling();
	int idx;

	if (drm_dev_enter(&bind->vm->adev->base, &idx)) {
		apu_vm_run(bind);
		drm_dev_exit(idx);
	} else {
		dma_fence_set_error(&sched_job->s_fence->finished, -ENODEV);
	}
	/* Who waits for the fence can queue the next one. */
	apu_bind_uncount(bind);
	dma_fence_end_signalling(cookie);

	/* Done, and yet a fence: it has to keep something, see apu_fence.c. */
	return dma_fence_get(bind->vm->bind_done);
}

static void apu_bind_free_job(struct drm_sched_job *sched_job)
{
	struct apu_bind *bind = to_apu_bind(sched_job);

	drm_sched_job_cleanup(sched_job);
	apu_sched_queue_free(&bind->free_work);
}

static const struct drm_sched_backend_ops apu_bind_sched_ops = {
	.run_job = apu_bind_run_job,
	.free_job = apu_bind_free_job,
};

static int apu_bind_add_dependency(void *priv, struct dma_fence *fence)
{
	return drm_sched_job_add_dependency(priv, fence);
}

/* On success the bind is the scheduler's. */
static int apu_bind_queue(struct apu_bind *bind, struct apu_arena *arena,
			  struct drm_file *drm_file, const struct drm_apu_vm_bind *args)
{
	struct apu_vm *vm = bind->vm;
	struct apu_syncs syncs = {};
	bool cookie;
	int ret;

	ret = drm_sched_job_init(&bind->base, &vm->bind_entity, 1, drm_file, drm_file->client_id);
	if (ret)
		return ret;

	ret = apu_syncs_init(&syncs, arena, drm_file, &args->syncs, apu_bind_add_dependency,
			     &bind->base);
	if (ret) {
		drm_sched_job_cleanup(&bind->base);
		goto out_fini;
	}

	/* Nothing may fail from here on. Once it is pushed, the bind may be gone. */
	apu_vm_get(vm);
	dma_resv_lock(drm_gpuvm_resv(&vm->base), NULL);
	cookie = dma_fence_begin_signalling();
	drm_sched_job_arm(&bind->base);
	apu_syncs_signal(&syncs, &bind->base.s_fence->finished);
	drm_sched_entity_push_job(&bind->base);
	dma_fence_end_signalling(cookie);
	dma_resv_unlock(drm_gpuvm_resv(&vm->base));
	apu_vm_put(vm);

out_fini:
	apu_syncs_fini(&syncs);
	return ret;
}

int apu_vm_bind_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct drm_apu_vm_bind *args = data;
	struct apu_arena arena;
	struct apu_bind *bind;
	struct apu_vm *vm;
	int idx, ret;

	args->fail_index = args->ops.count;
	if ((args->flags & ~DRM_APU_VM_BIND_ASYNC) || args->pad ||
	    args->ops.count > APU_MAX_BIND_OPS ||
	    (args->syncs.count && !(args->flags & DRM_APU_VM_BIND_ASYNC)))
		return -EINVAL;

	vm = apu_vm_lookup(to_apu_file(drm_file), args->vm_id);
	if (!vm)
		return -ENOENT;

	bind = apu_bind_create(vm, args->ops.count);
	if (!bind)
		return -ENOMEM;

	if (args->flags & DRM_APU_VM_BIND_ASYNC) {
		ret = apu_bind_count(bind, to_apu_file(drm_file)->client);
		if (ret)
			goto out_free;
	}

	/* No new DMA mappings once apu_gem_unplug() has undone them all. */
	if (!drm_dev_enter(drm, &idx)) {
		ret = -ENODEV;
		goto out_free;
	}

	apu_arena_init(&arena);
	ret = apu_bind_prepare(bind, &arena, drm_file, args);
	if (!ret && (args->flags & DRM_APU_VM_BIND_ASYNC)) {
		ret = apu_bind_queue(bind, &arena, drm_file, args);
		if (!ret)
			bind = NULL;
	} else if (!ret) {
		apu_vm_run(bind);
	}
	apu_arena_fini(&arena);
	drm_dev_exit(idx);

out_free:
	if (bind)
		apu_bind_free(bind);
	return ret;
}

static void apu_bind_fini(struct drm_device *drm, void *data)
{
	drm_sched_fini(&to_apu_device(drm)->bind_sched);
}

/**
 * apu_bind_init() - Set up the scheduler of binds
 * @adev: APU
 *
 * Like that of jobs, it goes away with the DRM device and not with the hardware.
 *
 * Return: 0 or a negative error code.
 */
int apu_bind_init(struct apu_device *adev)
{
	const struct drm_sched_init_args args = {
		.ops = &apu_bind_sched_ops,
		.num_rqs = DRM_SCHED_PRIORITY_COUNT,
		.credit_limit = 1,
		.timeout = MAX_SCHEDULE_TIMEOUT,
		.name = "apu-bind",
		.dev = adev->base.dev,
	};
	int ret;

	ret = drm_sched_init(&adev->bind_sched, &args);
	if (ret)
		return ret;

	return drmm_add_action_or_reset(&adev->base, apu_bind_fini, NULL);
}

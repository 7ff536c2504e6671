/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The driver is written for the newest kernel; this bridges to older ones. Each
 * APU_HAVE_* comes from a file in probe/ that compiles where the kernel has the
 * interface: version numbers say little, as stable kernels get some of them too.
 */
#ifndef __APU_COMPAT_H__
#define __APU_COMPAT_H__

#include <linux/hrtimer.h>
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <drm/drm_gpuvm.h>
#include <drm/gpu_scheduler.h>

#ifndef kzalloc_obj
#define apu_compat_kzalloc(p, flags, ...)	kzalloc(sizeof(p), flags)
#define kzalloc_obj(...)	apu_compat_kzalloc(__VA_ARGS__, GFP_KERNEL, 0)
#define apu_compat_kvzalloc(p, flags, ...)	kvzalloc(sizeof(p), flags)
#define kvzalloc_obj(...)	apu_compat_kvzalloc(__VA_ARGS__, GFP_KERNEL, 0)
#endif

#ifndef APU_HAVE_SCHED_INIT_ARGS
struct drm_sched_init_args {
	const struct drm_sched_backend_ops *ops;
	struct workqueue_struct *submit_wq;
	struct workqueue_struct *timeout_wq;
	u32 num_rqs;
	u32 credit_limit;
	unsigned int hang_limit;
	long timeout;
	atomic_t *score;
	const char *name;
	struct device *dev;
};

static inline int apu_compat_sched_init(struct drm_gpu_scheduler *sched,
					const struct drm_sched_init_args *args)
{
	return drm_sched_init(sched, args->ops, args->submit_wq, args->num_rqs,
			      args->credit_limit, args->hang_limit, args->timeout,
			      args->timeout_wq, args->score, args->name, args->dev);
}

#define drm_sched_init apu_compat_sched_init
#endif

#ifndef APU_HAVE_SCHED_JOB_CLIENT_ID
static inline int apu_compat_sched_job_init(struct drm_sched_job *job,
					    struct drm_sched_entity *entity, u32 credits,
					    void *owner, u64 client_id)
{
	return drm_sched_job_init(job, entity, credits, owner);
}

#define drm_sched_job_init apu_compat_sched_job_init
#endif

#ifndef APU_HAVE_HRTIMER_SETUP
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

#ifndef APU_HAVE_GPUVM_MAP_REQ
struct drm_gpuvm_map_req {
	struct drm_gpuva_op_map map;
};

static inline int apu_compat_gpuvm_sm_map(struct drm_gpuvm *gpuvm, void *priv,
					  const struct drm_gpuvm_map_req *req)
{
	return drm_gpuvm_sm_map(gpuvm, priv, req->map.va.addr, req->map.va.range,
				req->map.gem.obj, req->map.gem.offset);
}

#define drm_gpuvm_sm_map apu_compat_gpuvm_sm_map
#endif

#ifndef APU_HAVE_GPUVM_BO_OBTAIN_LOCKED
#define drm_gpuvm_bo_obtain_locked drm_gpuvm_bo_obtain
#endif

/* Names of namespaces have become strings. */
#ifdef APU_HAVE_IMPORT_NS_SYMBOL
#define APU_IMPORT_NS_DMA_BUF()	MODULE_IMPORT_NS(DMA_BUF)
#define APU_IMPORT_NS_KUNIT()	MODULE_IMPORT_NS(EXPORTED_FOR_KUNIT_TESTING)
#else
#define APU_IMPORT_NS_DMA_BUF()	MODULE_IMPORT_NS("DMA_BUF")
#define APU_IMPORT_NS_KUNIT()	MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING")
#endif

/* Later kernels keep the lists of mappings for every driver. */
#ifdef APU_HAVE_DRIVER_GEM_GPUVA
#define APU_DRIVER_GEM_GPUVA	DRIVER_GEM_GPUVA
#else
#define APU_DRIVER_GEM_GPUVA	0
#endif

/* Earlier kernels show the memory in use without being told that it is known. */
#ifdef APU_HAVE_GEM_OBJECT_ACTIVE
#define APU_GEM_OBJECT_ACTIVE	DRM_GEM_OBJECT_ACTIVE
#else
#define APU_GEM_OBJECT_ACTIVE	0
#endif

#endif /* __APU_COMPAT_H__ */

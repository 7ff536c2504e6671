/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_DEVICE_H__
#define __APU_DEVICE_H__

#include <drm/drm_device.h>
#include <drm/gpu_scheduler.h>
#include <linux/completion.h>
#include <linux/devfreq.h>
#include <linux/hrtimer.h>
#include <linux/idr.h>
#include <linux/io.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pm_qos.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "apu_regs.h"

struct apu_dump;
struct apu_engine;
struct apu_job;
struct clk;
struct platform_device;
struct reset_control;

#define APU_NUM_CLASSES	3
/* Bits of ENGINE_ENABLE that the power controller can have domains for. */
#define APU_MAX_ENGINES	31
/* Time between the last job and power off. */
#define APU_AUTOSUSPEND_MS	50
/* Pages of address zero stay unmapped, so that a null pointer faults. */
#define APU_VA_START	SZ_4K

/**
 * struct apu_info - what the hardware said about itself
 */
struct apu_info {
	/** @version: VERSION */
	u32 version;
	/** @num: instances of each &enum apu_engine_class */
	u32 num[APU_NUM_CLASSES];
	/** @num_engines: sum of @num */
	u32 num_engines;
	/** @l1_kib: size of L1 */
	u32 l1_kib;
	/** @l1_bank_kib: L1 is given out in multiples of this */
	u32 l1_bank_kib;
	/** @va_bits: width of virtual addresses */
	u32 va_bits;
	/** @pa_bits: width of physical addresses */
	u32 pa_bits;
	/** @time_hz: frequency of timestamps */
	u32 time_hz;
	/** @min_khz: slowest clock */
	u32 min_khz;
	/** @max_khz: fastest clock */
	u32 max_khz;
};

/**
 * struct apu_slot - what the driver knows of a job slot
 */
struct apu_slot {
	/** @job: the job that the slot holds, or NULL */
	struct apu_job *job;
	/** @after: slots that the job was told to come after */
	u16 after;
	/** @order: when it was armed, in a count of all jobs */
	u64 order;
	/** @idle_since: since when no slot runs, as far as the watchdog has seen */
	ktime_t idle_since;
};

/**
 * struct apu_load - how busy an engine is, by TOP's clock
 */
struct apu_load {
	/** @busy: time in this window that it belonged to a gang */
	u64 busy;
	/** @until: what was before is in @busy, or in an earlier window */
	u64 until;
};

/**
 * struct apu_device - an APU
 */
struct apu_device {
	/** @base: DRM device */
	struct drm_device base;
	/** @regs: registers of TOP */
	void __iomem *regs;
	/** @clk: gate of TOP's clock */
	struct clk *clk;
	/** @reset: reset line of TOP */
	struct reset_control *reset;
	/** @irq: interrupt of TOP */
	int irq;
	/** @info: what the hardware said about itself */
	struct apu_info info;
	/** @engines: engines by index */
	struct apu_engine *engines[APU_MAX_ENGINES];

	/**
	 * @hw_lock: Protects @engine_enable and the state of engines, and keeps
	 * TOP out of reset for those who touch its registers outside of jobs,
	 * MMU commands among them.
	 * Innermost of the mutexes; nothing is allocated under it.
	 */
	struct mutex hw_lock;
	/** @engine_enable: ENGINE_ENABLE */
	u32 engine_enable;
	/** @top_on: TOP has power, clock and no reset; written with @job_lock too */
	bool top_on;
	/** @wedged: not even a reset of everything helped; written with @job_lock */
	bool wedged;
	/** @engines_lost: mask of engines that are in reset until power off; with @job_lock */
	u32 engines_lost;

	/** @pm: counts jobs per class, so that unbinding can let go of all at once */
	struct {
		/** @pm.lock: serializes powering up; fences do not depend on it */
		struct mutex lock;
		/** @pm.users_lock: protects the rest */
		spinlock_t users_lock;
		/** @pm.users: jobs that need the class */
		u32 users[APU_NUM_CLASSES];
		/** @pm.gone: the devices must not be touched any more */
		bool gone;
	} pm;

	/** @qos: what contexts with jobs want of the clock */
	struct {
		/** @qos.update_lock: serializes updates of requests; fences do not depend on it */
		struct mutex update_lock;
		/** @qos.work: updates requests, for those who may not */
		struct work_struct work;
		/** @qos.lock: protects the rest */
		spinlock_t lock;
		/** @qos.active: contexts with jobs */
		struct list_head active;
		/** @qos.floor: least frequency */
		struct dev_pm_qos_request floor;
		/** @qos.ceiling: highest frequency */
		struct dev_pm_qos_request ceiling;
		/** @qos.floor_khz: what @qos.floor says */
		u32 floor_khz;
		/** @qos.ceiling_khz: what @qos.ceiling says */
		u32 ceiling_khz;
		/** @qos.gone: the requests are withdrawn */
		bool gone;
	} qos;

	/** @devfreq: frequency scaling; figures are protected by @job_lock */
	struct {
		/** @devfreq.base: the core's part, NULL without operating points */
		struct devfreq *base;
		/** @devfreq.profile: what the core knows */
		struct devfreq_dev_profile profile;
		/** @devfreq.governor: when to change */
		struct devfreq_simple_ondemand_data governor;
		/** @devfreq.released: @devfreq.base is gone for good */
		struct completion released;
		/** @devfreq.since: when the figures were brought up to date, by TOP's clock */
		u64 since;
		/** @devfreq.total: time in this window that TOP was on */
		u64 total;
		/** @devfreq.load: how busy each engine was in it */
		struct apu_load load[APU_MAX_ENGINES];
		/** @devfreq.last_busy: time of the busiest engine in the last complete window */
		u64 last_busy;
		/** @devfreq.last_total: length of that window */
		u64 last_total;
	} devfreq;

	/** @mmu: address-space ids */
	struct {
		/** @mmu.asids: ASIDs in use */
		struct ida asids;
	} mmu;

	/** @job_lock: protects @slots and the jobs in flight of every context */
	spinlock_t job_lock;
	/** @slots_used: slots that hold a job */
	unsigned int slots_used;
	/** @slots_reserved: slots that jobs will take which are about to be run */
	unsigned int slots_reserved;
	/** @slots_wanted: the scheduler waits for a slot */
	bool slots_wanted;
	/** @unplugged: the driver is unbound, no job must reach the hardware */
	bool unplugged;
	/** @sched_stopped: the system goes to sleep, all jobs have to queue */
	bool sched_stopped;
	/** @slots_empty: woken when the last job in a slot has ended */
	wait_queue_head_t slots_empty;
	/** @slots: job slots */
	struct apu_slot slots[APU_NUM_SLOTS];
	/** @slot_order: jobs armed so far */
	u64 slot_order;
	/** @slot_irqs: interrupts that were ours */
	u64 slot_irqs;
	/** @slot_mem: descriptors and completion records */
	void *slot_mem;
	/** @slot_dma: where the hardware sees @slot_mem */
	dma_addr_t slot_dma;

	/** @bo_lock: protects @bos and @bo_pages */
	spinlock_t bo_lock;
	/** @bos: all buffers */
	struct list_head bos;
	/** @bo_pages: pages that all buffers of our own may come to take */
	unsigned long bo_pages;

	/** @sched: the scheduler; a credit is a slot */
	struct drm_gpu_scheduler sched;
	/** @bind_sched: the scheduler of binds, which it runs one at a time */
	struct drm_gpu_scheduler bind_sched;
	/** @sched_list: @sched, as a list of schedulers for entities */
	struct drm_gpu_scheduler *sched_list;
	/** @watchdog: looks after jobs in slots */
	struct {
		/** @watchdog.timer: queues @watchdog.work */
		struct hrtimer timer;
		/** @watchdog.due: when @watchdog.timer does; protected by @job_lock */
		ktime_t due;
		/** @watchdog.work: looks */
		struct work_struct work;
		/** @watchdog.wq: where it does; fences may depend on it */
		struct workqueue_struct *wq;
	} watchdog;
	/** @reset_lock: serializes resets */
	struct mutex reset_lock;
	/** @dump: what becomes of failures */
	struct apu_dump *dump;
	/** @wedged_work: tells user space of @wedged */
	struct work_struct wedged_work;
};

static inline struct apu_device *to_apu_device(struct drm_device *drm)
{
	return container_of(drm, struct apu_device, base);
}

static inline u32 apu_read(struct apu_device *adev, u32 reg)
{
	return readl(adev->regs + reg);
}

static inline void apu_write(struct apu_device *adev, u32 reg, u32 val)
{
	writel(val, adev->regs + reg);
}

static inline u64 apu_va_end(const struct apu_device *adev)
{
	return BIT_ULL(adev->info.va_bits);
}

int apu_device_init(struct apu_device *adev, struct platform_device *pdev);
void apu_device_fini(struct apu_device *adev);

void apu_device_start_top(struct apu_device *adev);
void apu_device_stop_top(struct apu_device *adev);
int apu_device_resume(struct apu_device *adev);
int apu_device_suspend(struct apu_device *adev);

int apu_pm_get(struct apu_device *adev, u32 classes);
void apu_pm_put(struct apu_device *adev, u32 classes);
void apu_pm_gone(struct apu_device *adev);
void apu_pm_shut_down(struct device *dev);

#endif /* __APU_DEVICE_H__ */

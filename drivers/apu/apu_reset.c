// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resets: what is done about jobs that hang.
 *
 * The watchdog, apu_watchdog.c, finds them: jobs that the hardware runs beyond their own
 * time limit, or could run and does not. These climb a ladder:
 *
 * 1. abort the slot, after noting what its engines do (apu_dump.c);
 * 2. reset the engines that run it: the gang ends with POWER_LOST;
 * 3. reset everything: innocent jobs start anew, the hung ones fail;
 * 4. give the device up: all jobs fail, user space is told, no more are taken. Binding
 *    the driver anew may help, as it switches the power off.
 *
 * An engine that stays in reset is lost until it was powered off, which cannot be done
 * here. Jobs that need it fail, for else the hardware would keep others waiting for them.
 *
 * Fences depend on all this, so it allocates nothing, and neither does anybody who
 * holds its locks. Power domains and clocks have locks under which memory is
 * allocated; power and clocks are held by the jobs' references, and all is done by
 * reset lines.
 *
 * Locking: reset_lock > hw_lock > job_lock. While all is in reset, hw_lock keeps
 * others from TOP's registers, and top_on keeps those away who have job_lock only.
 * Jobs that are run meanwhile wait in their slots for apu_slots_restart().
 */

#include <linux/delay.h>
#include <linux/iopoll.h>
#include <linux/kobject.h>
#include <linux/module.h>
#include <linux/reset.h>

#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "apu_device.h"
#include "apu_dump.h"
#include "apu_engine.h"
#include "apu_kunit.h"
#include "apu_reset.h"
#include "apu_sched.h"
#include "apu_slot.h"
#include "apu_trace.h"
#include "apu_watchdog.h"

#define APU_RESET_PULSE_US	10

/* How long jobs that do not hang may take to stop. */
#define APU_UNPLUG_STOP_US	100000

static uint apu_stop_timeout_ms = 2;
module_param_named(stop_timeout_ms, apu_stop_timeout_ms, uint, 0644);
MODULE_PARM_DESC(stop_timeout_ms, "How long the hardware may take to stop a job that hangs (default: 2)");

static u32 apu_slots_hung(struct apu_device *adev)
{
	unsigned int slot;
	u32 mask = 0;

	lockdep_assert_held(&adev->job_lock);

	for (slot = 0; slot < APU_NUM_SLOTS; slot++)
		if (adev->slots[slot].job && adev->slots[slot].job->hung)
			mask |= BIT(slot);

	return mask;
}

/*
 * Slots of @mask that still have the jobs that hang, and not others: when one has ended,
 * its slot is used again at once.
 */
VISIBLE_IF_KUNIT u32 apu_slots_still_hung(struct apu_device *adev, u32 mask)
{
	u32 active = apu_read(adev, APU_TOP_SLOT_ACTIVE);

	spin_lock_irq(&adev->job_lock);
	mask &= active & apu_slots_hung(adev);
	spin_unlock_irq(&adev->job_lock);

	return mask;
}
EXPORT_SYMBOL_IF_KUNIT(apu_slots_still_hung);

/* Waits for jobs that hang to end. Returns the slots of those that do not. */
static u32 apu_slots_stop(struct apu_device *adev, u32 mask)
{
	u32 left;

	read_poll_timeout(apu_slots_still_hung, left, !left, 100,
			  max(READ_ONCE(apu_stop_timeout_ms), 1U) * 1000UL, false, adev, mask);

	return left;
}

static u32 apu_reset_abort_slots(struct apu_device *adev, u32 mask)
{
	trace_apu_reset(adev, "slot of a job that hangs");
	spin_lock_irq(&adev->job_lock);
	apu_write(adev, APU_TOP_SLOT_ABORT, mask & apu_slots_hung(adev));
	spin_unlock_irq(&adev->job_lock);

	return apu_slots_stop(adev, mask);
}

/* Slots of jobs that the hardware will not start any more; job_lock is held. */
static u32 apu_slots_unrunnable(struct apu_device *adev, u32 running)
{
	unsigned int slot;
	u32 mask = 0;

	for (slot = 0; slot < APU_NUM_SLOTS; slot++) {
		struct apu_job *job = adev->slots[slot].job;

		if (!job || (running & BIT(slot)) || apu_engines_can_run(adev, job))
			continue;
		job->no_engine = true;
		mask |= BIT(slot);
	}

	return mask;
}

static void apu_reset_abort_unrunnable(struct apu_device *adev)
{
	u32 running = apu_read(adev, APU_TOP_SLOT_RUNNING);

	spin_lock_irq(&adev->job_lock);
	apu_write(adev, APU_TOP_SLOT_ABORT, apu_slots_unrunnable(adev, running));
	spin_unlock_irq(&adev->job_lock);
}

/* Engines that run jobs of @slots that hang. */
static u32 apu_engines_hung(struct apu_device *adev, u32 slots)
{
	unsigned int slot;
	u32 mask = 0;

	spin_lock_irq(&adev->job_lock);
	slots &= apu_slots_hung(adev);
	for (slot = 0; slot < APU_NUM_SLOTS; slot++)
		if (slots & BIT(slot))
			mask |= apu_engines_of_slot(adev, slot);
	spin_unlock_irq(&adev->job_lock);

	return mask;
}

static u32 apu_reset_engines_of_slots(struct apu_device *adev, u32 slots)
{
	u32 mask = apu_engines_hung(adev, slots);

	/* Nothing new may start on them meanwhile. What has just started is spared. */
	apu_write(adev, APU_TOP_ENGINE_ENABLE, adev->engine_enable & ~mask);
	mask &= apu_engines_hung(adev, slots);

	drm_warn(&adev->base, "slots %#x do not stop, resetting engines %#x\n", slots, mask);
	trace_apu_reset(adev, "engines of a slot that does not stop");
	apu_engines_reset(adev, mask);
	apu_write(adev, APU_TOP_ENGINE_ENABLE, adev->engine_enable);
	apu_reset_abort_unrunnable(adev);

	return apu_slots_stop(adev, slots);
}

/**
 * apu_reset_slots() - Stop jobs that hang
 * @adev: APU; &apu_device.hw_lock is held
 * @mask: slots whose jobs are marked as hung
 *
 * Return: false if they do not stop: then all must be reset.
 */
bool apu_reset_slots(struct apu_device *adev, u32 mask)
{
	unsigned int slot;

	lockdep_assert_held(&adev->hw_lock);

	for (slot = 0; slot < APU_NUM_SLOTS; slot++)
		if (mask & BIT(slot))
			apu_dump_hang(adev, slot);

	mask = apu_reset_abort_slots(adev, mask);
	if (mask)
		mask = apu_reset_engines_of_slots(adev, mask);

	return !mask;
}

/* The kernel's name for what helps is "rebind"; its own function wants a DRM primary node. */
static void apu_wedged_work(struct work_struct *work)
{
	struct apu_device *adev = container_of(work, struct apu_device, wedged_work);
	char wedged[] = "WEDGED=rebind", *env[2] = { wedged };
	int idx;

	if (!drm_dev_enter(&adev->base, &idx))
		return;
	kobject_uevent_env(&adev->base.accel->kdev->kobj, KOBJ_CHANGE, env);
	drm_dev_exit(idx);
}

static void apu_reset_wedge(struct apu_device *adev)
{
	drm_err(&adev->base, "reset does not help, giving the device up\n");
	/* A TOP that has ignored it would start jobs on them whose memory is free soon. */
	apu_engines_hold(adev, adev->engine_enable);
	spin_lock_irq(&adev->job_lock);
	adev->wedged = true;
	apu_slots_fail(adev, GENMASK(APU_NUM_SLOTS - 1, 0), APU_JOB_STATUS_POWER_LOST);
	spin_unlock_irq(&adev->job_lock);
	schedule_work(&adev->wedged_work);
}

/* Nobody will answer an interrupt, and a reset can be ignored. */
static void apu_reset_stop_top(struct apu_device *adev)
{
	apu_write(adev, APU_TOP_IRQ_MASK, 0);
	apu_device_stop_top(adev);
}

/* TOP is out of reset: is it as after one? It may have ignored it, and run jobs still. */
static bool apu_reset_was_done(struct apu_device *adev)
{
	/* Of slot 1, as the first can be at an address whose lower half is zero. */
	return !apu_read(adev, APU_TOP_SLOT_ACTIVE) && !apu_read(adev, APU_TOP_SLOT_DESC_LO(1));
}

/**
 * apu_reset_all_locked() - Reset TOP and all engines, if they are on
 * @adev: APU; &apu_device.reset_lock is held
 * @why: reason, for the log
 *
 * Jobs that hang end, others begin anew.
 */
void apu_reset_all_locked(struct apu_device *adev, const char *why)
{
	lockdep_assert_held(&adev->reset_lock);

	mutex_lock(&adev->hw_lock);
	/* Suspended meanwhile, or given up: there is nothing left to reset. */
	if (!adev->top_on) {
		mutex_unlock(&adev->hw_lock);
		return;
	}

	drm_warn(&adev->base, "resetting everything: %s\n", why);
	trace_apu_reset(adev, why);
	apu_reset_stop_top(adev);
	reset_control_assert(adev->reset);
	apu_engines_reset(adev, adev->engine_enable);
	udelay(APU_RESET_PULSE_US);

	if (reset_control_deassert(adev->reset) || !apu_reset_was_done(adev)) {
		apu_reset_wedge(adev);
	} else {
		spin_lock_irq(&adev->job_lock);
		apu_slots_fail(adev, apu_slots_hung(adev) | apu_slots_unrunnable(adev, 0),
			       APU_JOB_STATUS_POWER_LOST);
		spin_unlock_irq(&adev->job_lock);

		apu_device_start_top(adev);
	}

	mutex_unlock(&adev->hw_lock);
}

/**
 * apu_reset_all() - Reset TOP and all engines, if they are on
 * @adev: APU
 * @why: reason, for the log
 */
void apu_reset_all(struct apu_device *adev, const char *why)
{
	mutex_lock(&adev->reset_lock);
	apu_reset_all_locked(adev, why);
	mutex_unlock(&adev->reset_lock);
}

/* For the engines to be idle, and not in the middle of an access, when they are reset. */
static void apu_reset_abort_all(struct apu_device *adev)
{
	u32 active;

	apu_write(adev, APU_TOP_SLOT_ABORT, GENMASK(APU_NUM_SLOTS - 1, 0));
	if (readl_poll_timeout(adev->regs + APU_TOP_SLOT_ACTIVE, active, !active, 100,
			       APU_UNPLUG_STOP_US))
		drm_warn(&adev->base, "slots %#x do not stop\n", active);
}

/**
 * apu_reset_unplug() - Stop the hardware and end all jobs that it has
 * @adev: APU after drm_dev_unplug()
 *
 * Jobs that come later end with -ENODEV.
 */
void apu_reset_unplug(struct apu_device *adev)
{
	mutex_lock(&adev->reset_lock);
	/* First, for no job to take the slot of one that is aborted. */
	spin_lock_irq(&adev->job_lock);
	adev->unplugged = true;
	spin_unlock_irq(&adev->job_lock);

	mutex_lock(&adev->hw_lock);
	if (adev->top_on) {
		apu_reset_abort_all(adev);
		apu_reset_stop_top(adev);
		reset_control_assert(adev->reset);
		apu_engines_reset(adev, adev->engine_enable);
	}
	mutex_unlock(&adev->hw_lock);

	spin_lock_irq(&adev->job_lock);
	apu_slots_fail(adev, apu_slots_busy(adev), APU_JOB_STATUS_POWER_LOST);
	spin_unlock_irq(&adev->job_lock);
	mutex_unlock(&adev->reset_lock);

	apu_watchdog_unplug(adev);
	cancel_work_sync(&adev->wedged_work);
}

/**
 * apu_reset_init() - Set up what resets need
 * @adev: APU
 *
 * Return: 0 or a negative error code.
 */
int apu_reset_init(struct apu_device *adev)
{
	INIT_WORK(&adev->wedged_work, apu_wedged_work);

	return drmm_mutex_init(&adev->base, &adev->reset_lock);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watchdog: the backstop behind the hardware's own time limit and interrupts.
 *
 * While there are jobs in slots it looks at them, and
 *
 * - picks up those whose interrupt was lost, within a second;
 * - finds those that hang: a gang that has run for longer than its limit and some
 *   grace, or a job that the hardware does not start although nothing runs. What then
 *   becomes of them is in apu_reset.c.
 *
 * How long a gang has run is what the hardware says, SLOT_TIME, in the time that the
 * limit counts in: a gang that waits for its engines, or for a clock, is not late. A
 * look tells when a job that is in a slot now can be late at the earliest, if it ran
 * from then on; that, or a second, is when the next look comes. So each hang is found
 * at the time, with one look per limit.
 *
 * There is one timer for all. A job moves it only if it could be late before the next
 * look, which is true of the first after a pause and hardly any other. It is not
 * stopped when the last job ends, as the next one comes soon: it runs out, or is
 * stopped when TOP suspends.
 *
 * Locking: as in apu_reset.c; the timer's own function takes no lock.
 */

#include <linux/hrtimer.h>
#include <linux/module.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "apu_device.h"
#include "apu_kunit.h"
#include "apu_reset.h"
#include "apu_sched.h"
#include "apu_slot.h"
#include "apu_watchdog.h"
#include "compat.h"

static uint apu_watchdog_ms = 1000;
module_param_named(watchdog_ms, apu_watchdog_ms, uint, 0644);
MODULE_PARM_DESC(watchdog_ms, "How often slots are looked at, at least, while they hold jobs (default: 1000)");

static uint apu_hang_grace_ms = 2;
module_param_named(hang_grace_ms, apu_hang_grace_ms, uint, 0644);
MODULE_PARM_DESC(hang_grace_ms, "How long a job may run beyond its time limit (default: 2)");

static s64 apu_job_late_us(const struct apu_job *job)
{
	return job->time_limit_us + READ_ONCE(apu_hang_grace_ms) * (s64)USEC_PER_MSEC;
}

static ktime_t apu_watchdog_period(ktime_t now)
{
	/* Not again and again, however it is set. */
	return ktime_add_ms(now, max(READ_ONCE(apu_watchdog_ms), 1U));
}

static void apu_watchdog_arm(struct apu_device *adev, ktime_t due)
{
	lockdep_assert_held(&adev->job_lock);

	if (!ktime_before(due, adev->watchdog.due))
		return;
	adev->watchdog.due = due;
	hrtimer_start(&adev->watchdog.timer, due, HRTIMER_MODE_ABS);
}

/**
 * apu_watchdog_start() - Look after a job from now on
 * @adev: APU; &apu_device.job_lock is held
 * @slot: slot that the job was just put into
 */
void apu_watchdog_start(struct apu_device *adev, unsigned int slot)
{
	struct apu_slot *s = &adev->slots[slot];
	ktime_t now = ktime_get();
	ktime_t due = ktime_add_us(now, apu_job_late_us(s->job));

	s->idle_since = now;
	apu_watchdog_arm(adev, min(due, apu_watchdog_period(now)));
}

static u32 apu_watchdog_run_us(struct apu_device *adev, unsigned int slot)
{
	u32 us = apu_read(adev, APU_TOP_SLOT_TIME(slot));

	/* No time: the bus did not answer. It does not do that for ever. */
	return us <= S32_MAX ? us : apu_read(adev, APU_TOP_SLOT_TIME(slot));
}

/*
 * Marks the slot's job as hung if it is; else moves @next to when it could be. @running
 * are the slots that run, @run_us for how long this one does.
 */
VISIBLE_IF_KUNIT bool apu_slot_check_hung(struct apu_device *adev, unsigned int slot, u32 running,
					  u32 run_us, ktime_t now, ktime_t *next)
{
	struct apu_slot *s = &adev->slots[slot];
	s64 late_us, us = run_us;

	lockdep_assert_held(&adev->job_lock);

	/* Waiting for others who run is no hang; if none runs, it is. */
	if (running)
		s->idle_since = now;
	else
		us = ktime_us_delta(now, s->idle_since);

	late_us = apu_job_late_us(s->job);
	if (us < late_us) {
		*next = min(*next, ktime_add_us(now, late_us - us));
		return false;
	}

	drm_warn(&adev->base, "job %llu in slot %u hangs\n", s->job->seqno, slot);
	s->job->hung = true;

	return true;
}
EXPORT_SYMBOL_IF_KUNIT(apu_slot_check_hung);

/* Returns the slots whose jobs hang, and sees to it that there is another look for the others. */
VISIBLE_IF_KUNIT u32 apu_watchdog_find_hung(struct apu_device *adev)
{
	ktime_t next = apu_watchdog_period(ktime_get());
	u32 running = apu_read(adev, APU_TOP_SLOT_RUNNING);
	u32 busy = apu_slots_busy(adev), hung = 0, run_us;
	unsigned int slot;

	for (slot = 0; slot < APU_NUM_SLOTS; slot++) {
		if (!(busy & BIT(slot)))
			continue;
		run_us = running & BIT(slot) ? apu_watchdog_run_us(adev, slot) : 0;
		if (apu_slot_check_hung(adev, slot, running, run_us, ktime_get(), &next))
			hung |= BIT(slot);
	}
	if (busy & ~hung)
		apu_watchdog_arm(adev, next);

	return hung;
}
EXPORT_SYMBOL_IF_KUNIT(apu_watchdog_find_hung);

/* Returns whether all must be reset. */
static bool apu_watchdog_look(struct apu_device *adev)
{
	bool all = false;
	u32 hung = 0;

	lockdep_assert_held(&adev->hw_lock);

	spin_lock_irq(&adev->job_lock);
	adev->watchdog.due = KTIME_MAX;
	/* Else given up, unplugged, or the last job has just gone. */
	if (adev->top_on) {
		apu_slots_reap(adev);
		hung = apu_watchdog_find_hung(adev);
	}
	spin_unlock_irq(&adev->job_lock);

	if (hung) {
		all = !apu_reset_slots(adev, hung);
		spin_lock_irq(&adev->job_lock);
		apu_slots_reap(adev);
		spin_unlock_irq(&adev->job_lock);
	}

	return all;
}

static void apu_watchdog_work(struct work_struct *work)
{
	struct apu_device *adev = container_of(work, struct apu_device, watchdog.work);
	bool cookie = dma_fence_begin_signalling();
	bool all;

	mutex_lock(&adev->reset_lock);
	mutex_lock(&adev->hw_lock);
	all = apu_watchdog_look(adev);
	mutex_unlock(&adev->hw_lock);
	if (all)
		apu_reset_all_locked(adev, "a job cannot be stopped");
	mutex_unlock(&adev->reset_lock);
	dma_fence_end_signalling(cookie);
}

static enum hrtimer_restart apu_watchdog_timer(struct hrtimer *timer)
{
	struct apu_device *adev = container_of(timer, struct apu_device, watchdog.timer);

	queue_work(adev->watchdog.wq, &adev->watchdog.work);

	return HRTIMER_NORESTART;
}

/**
 * apu_watchdog_stop() - Look no more, until the next job
 * @adev: APU without jobs in slots
 */
void apu_watchdog_stop(struct apu_device *adev)
{
	hrtimer_cancel(&adev->watchdog.timer);
	spin_lock_irq(&adev->job_lock);
	adev->watchdog.due = KTIME_MAX;
	spin_unlock_irq(&adev->job_lock);
}

/**
 * apu_watchdog_unplug() - Look no more
 * @adev: APU that will get no more jobs
 */
void apu_watchdog_unplug(struct apu_device *adev)
{
	apu_watchdog_stop(adev);
	cancel_work_sync(&adev->watchdog.work);
}

static void apu_watchdog_fini(struct drm_device *drm, void *data)
{
	destroy_workqueue(to_apu_device(drm)->watchdog.wq);
}

/**
 * apu_watchdog_init() - Set up the watchdog
 * @adev: APU
 *
 * Return: 0 or a negative error code.
 */
int apu_watchdog_init(struct apu_device *adev)
{
	hrtimer_setup(&adev->watchdog.timer, apu_watchdog_timer, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS);
	INIT_WORK(&adev->watchdog.work, apu_watchdog_work);
	adev->watchdog.due = KTIME_MAX;

	/* Who waits for a job that hangs has waited long enough. */
	adev->watchdog.wq = alloc_workqueue("apu-watchdog",
					    WQ_MEM_RECLAIM | WQ_UNBOUND | WQ_HIGHPRI, 1);
	if (!adev->watchdog.wq)
		return -ENOMEM;

	return drmm_add_action_or_reset(&adev->base, apu_watchdog_fini, NULL);
}

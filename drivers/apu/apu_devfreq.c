// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frequency scaling. All engines have one clock, so the one that has most to do
 * decides.
 *
 * An engine is busy while it belongs to a gang, by the hardware's own time: what
 * the processor needs to feed it does not count. Completion records tell of jobs that
 * have ended. For those that run when somebody asks, there is the mask of engines
 * that are busy now; their time counts from when it was last looked at, or from the
 * end of the engine's job before, and what the record says later counts from there.
 *
 * While TOP is suspended nothing is polled; the clock stays as it was.
 */

#include <linux/clk.h>
#include <linux/completion.h>
#include <linux/devfreq.h>
#include <linux/math64.h>
#include <linux/pm_opp.h>
#include <linux/string.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "apu_devfreq.h"
#include "apu_device.h"
#include "apu_kunit.h"
#include "apu_sched.h"

#define APU_DEVFREQ_POLL_MS	50
/* Less than this says nothing; PM QoS may ask at any time. */
#define APU_DEVFREQ_WINDOW_MS	10

static u64 apu_devfreq_now(struct apu_device *adev)
{
	u64 now;

	/* Reading the low half latches the high one. */
	now = apu_read(adev, APU_TOP_TIMESTAMP_LO);

	return now | (u64)apu_read(adev, APU_TOP_TIMESTAMP_HI) << 32;
}

/* Nothing counts twice. */
static void apu_devfreq_add_busy(struct apu_device *adev, u32 engine, u64 from, u64 to)
{
	struct apu_load *load = &adev->devfreq.load[engine];

	from = max(from, load->until);
	if (to <= from)
		return;
	load->busy += to - from;
	load->until = to;
}

/**
 * apu_devfreq_job() - Count the time for which a job had its engines
 * @adev: APU; &apu_device.job_lock is held
 * @job: job that has ended
 */
void apu_devfreq_job(struct apu_device *adev, const struct apu_job *job)
{
	u64 start = le64_to_cpu(job->record.start), end = le64_to_cpu(job->record.end);
	u64 engines = le64_to_cpu(job->record.engines);
	u32 i, engine;

	lockdep_assert_held(&adev->job_lock);

	for (i = 0; i < job->num_streams; i++) {
		engine = engines >> (8 * i) & 0xff;
		if (engine < adev->info.num_engines)
			apu_devfreq_add_busy(adev, engine, start, end);
	}
}
EXPORT_SYMBOL_IF_KUNIT(apu_devfreq_job);

/* Brings the figures up to date. */
static void apu_devfreq_account(struct apu_device *adev)
{
	unsigned long busy = apu_read(adev, APU_TOP_ENGINE_BUSY);
	u64 now = apu_devfreq_now(adev);
	u32 engine;

	lockdep_assert_held(&adev->job_lock);

	/* The clock was misread once, now or before: begin anew. */
	if (now < adev->devfreq.since) {
		memset(adev->devfreq.load, 0, sizeof(adev->devfreq.load));
		adev->devfreq.total = 0;
		adev->devfreq.since = now;
		return;
	}

	for_each_set_bit(engine, &busy, adev->info.num_engines)
		apu_devfreq_add_busy(adev, engine, adev->devfreq.since, now);
	adev->devfreq.total += now - adev->devfreq.since;
	adev->devfreq.since = now;
}

/**
 * apu_devfreq_load() - Take the load of the last window of time
 * @adev: APU; &apu_device.job_lock is held
 * @busy: time that the busiest engine was busy
 * @total: length of the window; both by TOP's clock
 */
VISIBLE_IF_KUNIT void apu_devfreq_load(struct apu_device *adev, unsigned long *busy,
				       unsigned long *total)
{
	u32 engine;

	lockdep_assert_held(&adev->job_lock);

	if (adev->top_on)
		apu_devfreq_account(adev);

	if (adev->devfreq.total >= div_u64(adev->info.time_hz, MSEC_PER_SEC) *
				   APU_DEVFREQ_WINDOW_MS) {
		adev->devfreq.last_busy = 0;
		for (engine = 0; engine < adev->info.num_engines; engine++) {
			struct apu_load *load = &adev->devfreq.load[engine];

			adev->devfreq.last_busy = max(adev->devfreq.last_busy, load->busy);
			load->busy = 0;
		}
		/* A record that came late counts now. */
		adev->devfreq.last_busy = min(adev->devfreq.last_busy, adev->devfreq.total);
		adev->devfreq.last_total = adev->devfreq.total;
		adev->devfreq.total = 0;
	}
	*busy = adev->devfreq.last_busy;
	*total = adev->devfreq.last_total;
}
EXPORT_SYMBOL_IF_KUNIT(apu_devfreq_load);

static int apu_devfreq_target(struct device *dev, unsigned long *freq, u32 flags)
{
	struct dev_pm_opp *opp;

	opp = devfreq_recommended_opp(dev, freq, flags);
	if (IS_ERR(opp))
		return PTR_ERR(opp);
	dev_pm_opp_put(opp);

	return dev_pm_opp_set_rate(dev, *freq);
}

static int apu_devfreq_get_cur_freq(struct device *dev, unsigned long *freq)
{
	struct apu_device *adev = dev_get_drvdata(dev);

	*freq = clk_get_rate(adev->clk);

	return 0;
}

static int apu_devfreq_get_dev_status(struct device *dev, struct devfreq_dev_status *status)
{
	struct apu_device *adev = dev_get_drvdata(dev);

	status->current_frequency = clk_get_rate(adev->clk);

	spin_lock_irq(&adev->job_lock);
	apu_devfreq_load(adev, &status->busy_time, &status->total_time);
	spin_unlock_irq(&adev->job_lock);

	return 0;
}

static void apu_devfreq_exit(struct device *dev)
{
	struct apu_device *adev = dev_get_drvdata(dev);

	complete(&adev->devfreq.released);
}

static const struct devfreq_dev_profile apu_devfreq_profile = {
	.timer = DEVFREQ_TIMER_DELAYED,
	.polling_ms = APU_DEVFREQ_POLL_MS,
	.target = apu_devfreq_target,
	.get_cur_freq = apu_devfreq_get_cur_freq,
	.get_dev_status = apu_devfreq_get_dev_status,
	.exit = apu_devfreq_exit,
};

static int apu_devfreq_add(struct apu_device *adev)
{
	struct device *dev = adev->base.dev;
	struct devfreq *devfreq;

	adev->devfreq.profile = apu_devfreq_profile;
	adev->devfreq.profile.initial_freq = clk_get_rate(adev->clk);
	spin_lock_irq(&adev->job_lock);
	adev->devfreq.since = apu_devfreq_now(adev);
	spin_unlock_irq(&adev->job_lock);
	init_completion(&adev->devfreq.released);
	adev->devfreq.governor.upthreshold = 45;
	adev->devfreq.governor.downdifferential = 5;

	devfreq = devfreq_add_device(dev, &adev->devfreq.profile, DEVFREQ_GOV_SIMPLE_ONDEMAND,
				     &adev->devfreq.governor);
	if (IS_ERR(devfreq))
		return dev_err_probe(dev, PTR_ERR(devfreq), "cannot scale the frequency\n");
	adev->devfreq.base = devfreq;

	return 0;
}

/**
 * apu_devfreq_init() - Let the clock follow the load
 * @adev: APU that is powered, with the clock at its fastest
 *
 * Without operating points in the device tree the clock stays there.
 *
 * Return: 0 or a negative error code.
 */
int apu_devfreq_init(struct apu_device *adev)
{
	struct device *dev = adev->base.dev;
	int ret;

	ret = dev_pm_opp_of_add_table(dev);
	if (ret == -ENODEV)
		return 0;
	if (ret)
		return dev_err_probe(dev, ret, "bad operating points\n");

	ret = apu_devfreq_add(adev);
	if (ret)
		dev_pm_opp_of_remove_table(dev);

	return ret;
}

/**
 * apu_devfreq_fini() - Undo apu_devfreq_init()
 * @adev: APU
 */
void apu_devfreq_fini(struct apu_device *adev)
{
	if (!adev->devfreq.base)
		return;

	devfreq_remove_device(adev->devfreq.base);
	/* It uses the profile until its last reference is dropped, and so its name. */
	wait_for_completion(&adev->devfreq.released);
	adev->devfreq.base = NULL;
	dev_pm_opp_of_remove_table(adev->base.dev);
}

/**
 * apu_devfreq_suspend() - Do not poll any more
 * @adev: APU without jobs
 */
void apu_devfreq_suspend(struct apu_device *adev)
{
	if (adev->devfreq.base)
		devfreq_suspend_device(adev->devfreq.base);
}

/**
 * apu_devfreq_resume() - Poll again
 * @adev: APU
 *
 * The time that it was off is not time that it was idle.
 */
void apu_devfreq_resume(struct apu_device *adev)
{
	if (!adev->devfreq.base)
		return;

	spin_lock_irq(&adev->job_lock);
	adev->devfreq.since = apu_devfreq_now(adev);
	spin_unlock_irq(&adev->job_lock);
	devfreq_resume_device(adev->devfreq.base);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frequency scaling. All engines have one clock, so the one that has most to do
 * decides: the APU is busy while there are jobs in slots, as then at least one
 * engine works.
 *
 * While TOP is suspended nothing is polled; the clock stays as it was.
 */

#include <linux/clk.h>
#include <linux/completion.h>
#include <linux/devfreq.h>
#include <linux/pm_opp.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "apu_devfreq.h"
#include "apu_device.h"

#define APU_DEVFREQ_POLL_MS	50
/* Less than this says nothing; PM QoS may ask at any time. */
#define APU_DEVFREQ_WINDOW_NS	(10 * NSEC_PER_MSEC)

static void apu_devfreq_account(struct apu_device *adev)
{
	ktime_t now = ktime_get();
	u64 ns = ktime_to_ns(ktime_sub(now, adev->devfreq.since));

	lockdep_assert_held(&adev->job_lock);

	if (adev->devfreq.busy)
		adev->devfreq.busy_ns += ns;
	adev->devfreq.total_ns += ns;
	adev->devfreq.since = now;
}

/**
 * apu_devfreq_mark() - Note that the first job came or the last one went
 * @adev: APU; &apu_device.job_lock is held
 * @busy: whether there are jobs in slots
 */
void apu_devfreq_mark(struct apu_device *adev, bool busy)
{
	apu_devfreq_account(adev);
	adev->devfreq.busy = busy;
}

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
	apu_devfreq_account(adev);
	if (adev->devfreq.total_ns >= APU_DEVFREQ_WINDOW_NS) {
		adev->devfreq.last_busy_ns = adev->devfreq.busy_ns;
		adev->devfreq.last_total_ns = adev->devfreq.total_ns;
		adev->devfreq.busy_ns = 0;
		adev->devfreq.total_ns = 0;
	}
	status->busy_time = adev->devfreq.last_busy_ns;
	status->total_time = adev->devfreq.last_total_ns;
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
	adev->devfreq.since = ktime_get();
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
	adev->devfreq.since = ktime_get();
	spin_unlock_irq(&adev->job_lock);
	devfreq_resume_device(adev->devfreq.base);
}

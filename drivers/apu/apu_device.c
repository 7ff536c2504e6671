// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device as a whole: what it is, and its power.
 *
 * Power: TOP and every engine have their own runtime PM. A job needs all
 * instances of the engine classes that it names, for the hardware picks the
 * instance; an engine, being TOP's child, keeps TOP on. Jobs are counted per class in
 * &apu_device.pm, from the submit ioctl, where resuming may sleep and fail, until they
 * retire, in an interrupt, which only lets the delay of autosuspend begin. Counting
 * here lets unbinding give all back at once, whatever jobs still linger in queues
 * behind fences of other devices.
 */

#include <linux/bitfield.h>
#include <linux/clk.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/platform_device.h>
#include <linux/pm_runtime.h>
#include <linux/reset.h>

#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include "apu_devfreq.h"
#include "apu_device.h"
#include "apu_engine.h"
#include "apu_kunit.h"
#include "apu_sched.h"
#include "apu_slot.h"
#include "apu_watchdog.h"

/* "APU1", little endian */
#define APU_TOP_ID_VALUE	0x31555041

/**
 * apu_device_start_top() - Bring TOP's registers to life after a reset
 * @adev: APU with power and clock, out of reset; &apu_device.hw_lock is held
 */
void apu_device_start_top(struct apu_device *adev)
{
	lockdep_assert_held(&adev->hw_lock);

	apu_slots_init_regs(adev);
	apu_write(adev, APU_TOP_ENGINE_ENABLE, adev->engine_enable);

	spin_lock_irq(&adev->job_lock);
	adev->top_on = true;
	/* Before anything new, which may have to come after these. */
	apu_slots_restart(adev);
	spin_unlock_irq(&adev->job_lock);
}
EXPORT_SYMBOL_IF_KUNIT(apu_device_start_top);

/**
 * apu_device_stop_top() - Have everybody stay away from TOP's registers
 * @adev: APU; &apu_device.hw_lock is held
 *
 * The caller sees to it that no job is started in the meantime.
 */
void apu_device_stop_top(struct apu_device *adev)
{
	lockdep_assert_held(&adev->hw_lock);

	spin_lock_irq(&adev->job_lock);
	adev->top_on = false;
	spin_unlock_irq(&adev->job_lock);
}

/**
 * apu_device_resume() - Runtime resume of TOP
 * @adev: APU whose power domain is on
 *
 * Return: 0 or a negative error code.
 */
int apu_device_resume(struct apu_device *adev)
{
	int ret;

	ret = clk_prepare_enable(adev->clk);
	if (ret)
		return ret;

	ret = reset_control_deassert(adev->reset);
	if (ret) {
		drm_err(&adev->base, "reset does not end\n");
		clk_disable_unprepare(adev->clk);
		return ret;
	}

	mutex_lock(&adev->hw_lock);
	apu_device_start_top(adev);
	mutex_unlock(&adev->hw_lock);
	apu_devfreq_resume(adev);

	return 0;
}

/**
 * apu_device_suspend() - Runtime suspend of TOP
 * @adev: APU whose engines are suspended
 *
 * Return: 0.
 */
int apu_device_suspend(struct apu_device *adev)
{
	apu_devfreq_suspend(adev);
	/* There are no jobs to look after. */
	apu_watchdog_stop(adev);

	mutex_lock(&adev->hw_lock);
	apu_device_stop_top(adev);
	reset_control_assert(adev->reset);
	mutex_unlock(&adev->hw_lock);

	clk_disable_unprepare(adev->clk);

	return 0;
}

/*
 * Drops a reference; after the delay of autosuspend the device is suspended. The timer of
 * pm_runtime_put_autosuspend() may be late by a quarter of that, with all domains on.
 * Does not sleep.
 */
static void apu_pm_put_engine(struct device *dev)
{
	pm_runtime_mark_last_busy(dev);
	pm_runtime_put_noidle(dev);
	pm_schedule_suspend(dev, max(READ_ONCE(dev->power.autosuspend_delay), 0));
}

static void apu_pm_put_class(struct apu_device *adev, u32 class)
{
	u32 i;

	for (i = 0; i < adev->info.num_engines; i++)
		if (adev->engines[i]->class == class)
			apu_pm_put_engine(adev->engines[i]->dev);
}

/*
 * An engine that is on is not resumed, which would stop the timer of apu_pm_put_engine():
 * that finds the engine in use, or is set anew when it no longer is.
 */
static int apu_pm_get_engine(struct device *dev)
{
	return pm_runtime_get_if_active(dev) > 0 ? 0 : pm_runtime_resume_and_get(dev);
}

static int apu_pm_get_class(struct apu_device *adev, u32 class)
{
	int ret;
	u32 i;

	for (i = 0; i < adev->info.num_engines; i++) {
		if (adev->engines[i]->class != class)
			continue;
		/* Without power a reset line that is stuck comes loose. */
		if (READ_ONCE(adev->engines_lost) & BIT(i))
			pm_runtime_suspend(adev->engines[i]->dev);
		ret = apu_pm_get_engine(adev->engines[i]->dev);
		if (ret)
			goto err_put;
	}

	return 0;

err_put:
	/* An error sticks until the state is set: let the next job try again. */
	pm_runtime_set_suspended(adev->engines[i]->dev);
	pm_runtime_set_suspended(adev->base.dev);
	while (i--)
		if (adev->engines[i]->class == class)
			pm_runtime_put_autosuspend(adev->engines[i]->dev);
	return -EIO;
}

/* One more user for each class, if all of them have some. */
static int apu_pm_try_get(struct apu_device *adev, u32 classes)
{
	u32 class;
	int ret = 0;

	spin_lock_irq(&adev->pm.users_lock);
	if (adev->pm.gone)
		ret = -ENODEV;
	for (class = 0; !ret && class < APU_NUM_CLASSES; class++)
		if ((classes & BIT(class)) && !adev->pm.users[class])
			ret = -EAGAIN;
	for (class = 0; !ret && class < APU_NUM_CLASSES; class++)
		if (classes & BIT(class))
			adev->pm.users[class]++;
	spin_unlock_irq(&adev->pm.users_lock);

	return ret;
}

/* pm.lock is held: nobody else becomes the first user, whose references are the class's. */
static int apu_pm_add_user(struct apu_device *adev, u32 class)
{
	int ret;

	ret = apu_pm_try_get(adev, BIT(class));
	if (ret != -EAGAIN)
		return ret;

	ret = apu_pm_get_class(adev, class);
	if (ret)
		return ret;

	spin_lock_irq(&adev->pm.users_lock);
	adev->pm.users[class]++;
	spin_unlock_irq(&adev->pm.users_lock);

	return 0;
}

/**
 * apu_pm_get() - Power up all engines of some classes, and TOP
 * @adev: APU
 * @classes: mask of &enum apu_engine_class
 *
 * Return: 0, -ENODEV if the device is gone, or -EIO if it does not power up.
 */
int apu_pm_get(struct apu_device *adev, u32 classes)
{
	u32 class, got = 0;
	int ret;

	ret = apu_pm_try_get(adev, classes);
	if (ret != -EAGAIN)
		return ret;

	mutex_lock(&adev->pm.lock);
	for (class = 0, ret = 0; !ret && class < APU_NUM_CLASSES; class++) {
		if (!(classes & BIT(class)))
			continue;
		ret = apu_pm_add_user(adev, class);
		if (!ret)
			got |= BIT(class);
	}
	mutex_unlock(&adev->pm.lock);

	if (ret)
		apu_pm_put(adev, got);

	return ret;
}

/**
 * apu_pm_put() - Give back what apu_pm_get() took
 * @adev: APU
 * @classes: mask of &enum apu_engine_class
 *
 * Does not sleep: a fence may wait for the caller.
 */
void apu_pm_put(struct apu_device *adev, u32 classes)
{
	unsigned long flags;
	u32 class;

	spin_lock_irqsave(&adev->pm.users_lock, flags);
	for (class = 0; class < APU_NUM_CLASSES; class++)
		if ((classes & BIT(class)) && !--adev->pm.users[class] && !adev->pm.gone)
			apu_pm_put_class(adev, class);
	spin_unlock_irqrestore(&adev->pm.users_lock, flags);
}

/**
 * apu_pm_gone() - Give all references back for good
 * @adev: APU that is unbound
 */
void apu_pm_gone(struct apu_device *adev)
{
	u32 class;

	mutex_lock(&adev->pm.lock);
	spin_lock_irq(&adev->pm.users_lock);
	adev->pm.gone = true;
	for (class = 0; class < APU_NUM_CLASSES; class++)
		if (adev->pm.users[class])
			apu_pm_put_class(adev, class);
	spin_unlock_irq(&adev->pm.users_lock);
	mutex_unlock(&adev->pm.lock);
}

/**
 * apu_pm_shut_down() - End runtime PM of a device, with its power domain off
 * @dev: APU or engine, to which nobody has a reference for runtime PM
 *
 * The domain is off on return: a reset line that is stuck is so until its domain loses power,
 * and whoever binds the device next needs it.
 */
void apu_pm_shut_down(struct device *dev)
{
	pm_runtime_dont_use_autosuspend(dev);
	pm_runtime_force_suspend(dev);
	/* Forgets an error, too. */
	pm_runtime_set_suspended(dev);
}

static int apu_device_read_info(struct apu_device *adev)
{
	struct apu_info *info = &adev->info;
	u32 id, caps, bits;

	id = apu_read(adev, APU_TOP_ID);
	if (id != APU_TOP_ID_VALUE) {
		drm_err(&adev->base, "no APU here: ID is %#x\n", id);
		return -ENODEV;
	}

	info->version = apu_read(adev, APU_TOP_VERSION);
	if (FIELD_GET(APU_TOP_VERSION_MAJOR, info->version) != 1) {
		drm_err(&adev->base, "hardware version %lu.%lu is not supported\n",
			FIELD_GET(APU_TOP_VERSION_MAJOR, info->version),
			FIELD_GET(APU_TOP_VERSION_MINOR, info->version));
		return -ENODEV;
	}

	caps = apu_read(adev, APU_TOP_CAPS);
	info->num[APU_ENGINE_CLASS_MDLA] = FIELD_GET(APU_TOP_CAPS_NUM_MDLA, caps);
	info->num[APU_ENGINE_CLASS_EDMA] = FIELD_GET(APU_TOP_CAPS_NUM_EDMA, caps);
	info->num[APU_ENGINE_CLASS_MVPU] = FIELD_GET(APU_TOP_CAPS_NUM_MVPU, caps);
	info->num_engines = info->num[APU_ENGINE_CLASS_MDLA] +
			    info->num[APU_ENGINE_CLASS_EDMA] +
			    info->num[APU_ENGINE_CLASS_MVPU];
	bits = apu_read(adev, APU_TOP_ADDR_BITS);
	info->va_bits = FIELD_GET(APU_TOP_ADDR_BITS_VA, bits);
	info->pa_bits = FIELD_GET(APU_TOP_ADDR_BITS_PA, bits);
	if (!info->num_engines || info->num_engines > APU_MAX_ENGINES ||
	    FIELD_GET(APU_TOP_CAPS_NUM_SLOTS, caps) != APU_NUM_SLOTS ||
	    info->va_bits != 39 || info->pa_bits < 32 ||
	    FIELD_GET(APU_TOP_ADDR_BITS_ASID, bits) != 16) {
		drm_err(&adev->base, "capabilities %#x, address widths %#x make no sense\n",
			caps, bits);
		return -ENODEV;
	}

	info->l1_kib = apu_read(adev, APU_TOP_L1_KIB);
	info->l1_bank_kib = apu_read(adev, APU_TOP_L1_BANK_KIB);
	info->time_hz = apu_read(adev, APU_TOP_TIME_HZ);

	return 0;
}

/* Begin at the fastest point; see apu_devfreq.c. */
static int apu_device_init_clock(struct apu_device *adev)
{
	long min, max;

	min = clk_round_rate(adev->clk, 1);
	if (min <= 0)
		return min ?: -EINVAL;
	max = clk_round_rate(adev->clk, ULONG_MAX);
	if (max <= 0)
		return max ?: -EINVAL;

	adev->info.min_khz = min / 1000;
	adev->info.max_khz = max / 1000;

	return clk_set_rate(adev->clk, max);
}

/**
 * apu_device_init() - Get hold of the hardware
 * @adev: new APU
 * @pdev: its platform device
 *
 * On success TOP is powered and the caller holds a runtime PM reference.
 *
 * Return: 0 or a negative error code.
 */
int apu_device_init(struct apu_device *adev, struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	int ret;

	spin_lock_init(&adev->job_lock);
	spin_lock_init(&adev->pm.users_lock);
	spin_lock_init(&adev->bo_lock);
	INIT_LIST_HEAD(&adev->bos);
	ret = drmm_mutex_init(&adev->base, &adev->hw_lock);
	if (!ret)
		ret = drmm_mutex_init(&adev->base, &adev->pm.lock);
	if (ret)
		return ret;
	ida_init(&adev->mmu.asids);

	adev->regs = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(adev->regs))
		return PTR_ERR(adev->regs);

	adev->clk = devm_clk_get(dev, NULL);
	if (IS_ERR(adev->clk))
		return dev_err_probe(dev, PTR_ERR(adev->clk), "no clock\n");

	adev->reset = devm_reset_control_get_exclusive(dev, NULL);
	if (IS_ERR(adev->reset))
		return dev_err_probe(dev, PTR_ERR(adev->reset), "no reset line\n");

	adev->irq = platform_get_irq(pdev, 0);
	if (adev->irq < 0)
		return adev->irq;

	ret = apu_device_init_clock(adev);
	if (ret)
		return dev_err_probe(dev, ret, "cannot set the clock\n");

	ret = apu_slots_init(adev);
	if (ret)
		return ret;

	pm_runtime_set_autosuspend_delay(dev, APU_AUTOSUSPEND_MS);
	pm_runtime_use_autosuspend(dev);
	pm_runtime_enable(dev);
	ret = pm_runtime_resume_and_get(dev);
	if (ret) {
		dev_err_probe(dev, ret, "cannot power up\n");
		goto err_disable;
	}

	ret = apu_device_read_info(adev);
	if (ret)
		goto err_put;

	dma_set_max_seg_size(dev, UINT_MAX);
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(adev->info.pa_bits));
	if (ret)
		goto err_put;

	ret = devm_request_irq(dev, adev->irq, apu_slots_irq, 0, dev_name(dev), adev);
	if (ret)
		goto err_put;

	return 0;

err_put:
	pm_runtime_put_noidle(dev);
err_disable:
	apu_pm_shut_down(dev);
	return ret;
}

/**
 * apu_device_fini() - Switch the hardware off for good
 * @adev: APU without engines and jobs
 */
void apu_device_fini(struct apu_device *adev)
{
	struct device *dev = adev->base.dev;

	apu_pm_shut_down(dev);
	devm_free_irq(dev, adev->irq, adev);
}

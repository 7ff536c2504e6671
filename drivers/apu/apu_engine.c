// SPDX-License-Identifier: GPL-2.0-only
/*
 * Engines. Each instance is a platform device of its own, a child of the APU,
 * with its power domain, clock, reset line and runtime PM state: a power domain
 * that is lost takes an engine's state with it, and only a device with its own
 * callbacks can bring that back.
 *
 * An engine that resumes tells TOP that its dispatcher may use it, one that
 * suspends takes itself out first.
 */

#include <linux/bitfield.h>
#include <linux/clk.h>
#include <linux/component.h>
#include <linux/delay.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/pm_runtime.h>
#include <linux/property.h>
#include <linux/reset.h>
#include <linux/string.h>

#include <drm/drm_print.h>

#include "apu_device.h"
#include "apu_engine.h"
#include "apu_kunit.h"
#include "apu_sched.h"

/* Long enough for one clock of the slowest operating point, and then some. */
#define APU_RESET_PULSE_US	1
#define APU_ENGINE_UNKNOWN	U32_MAX

static void apu_engine_set_lost(struct apu_engine *engine, bool lost)
{
	struct apu_device *adev = engine->adev;

	spin_lock_irq(&adev->job_lock);
	if (lost)
		adev->engines_lost |= BIT(engine->index);
	else
		adev->engines_lost &= ~BIT(engine->index);
	spin_unlock_irq(&adev->job_lock);
}

/* Before the engine has said which one it is, there is nothing to enable. */
static void apu_engine_enable(struct apu_engine *engine, bool enable)
{
	struct apu_device *adev = engine->adev;

	if (engine->index == APU_ENGINE_UNKNOWN)
		return;

	mutex_lock(&adev->hw_lock);
	engine->on = enable;
	apu_engine_set_lost(engine, false);
	if (enable)
		adev->engine_enable |= BIT(engine->index);
	else
		adev->engine_enable &= ~BIT(engine->index);
	/* TOP is a parent, and on, but in reset for good when the APU is unplugged. */
	if (adev->top_on)
		apu_write(adev, APU_TOP_ENGINE_ENABLE, adev->engine_enable);
	mutex_unlock(&adev->hw_lock);
}

static int apu_engine_runtime_resume(struct device *dev)
{
	struct apu_engine *engine = dev_get_drvdata(dev);
	int ret;

	ret = clk_prepare_enable(engine->clk);
	if (ret)
		return ret;

	ret = reset_control_deassert(engine->reset);
	if (ret) {
		dev_err(dev, "reset does not end\n");
		clk_disable_unprepare(engine->clk);
		return ret;
	}

	apu_engine_enable(engine, true);

	return 0;
}

static int apu_engine_runtime_suspend(struct device *dev)
{
	struct apu_engine *engine = dev_get_drvdata(dev);

	apu_engine_enable(engine, false);
	reset_control_assert(engine->reset);
	clk_disable_unprepare(engine->clk);

	return 0;
}

static int apu_engine_bind(struct device *dev, struct device *top, void *data)
{
	struct apu_engine *engine = dev_get_drvdata(dev);
	struct apu_device *adev = data;
	u32 id, class, index;
	int ret;

	engine->adev = adev;
	engine->index = APU_ENGINE_UNKNOWN;
	pm_runtime_set_autosuspend_delay(dev, APU_AUTOSUSPEND_MS);
	pm_runtime_use_autosuspend(dev);
	pm_runtime_enable(dev);

	ret = pm_runtime_resume_and_get(dev);
	if (ret) {
		dev_err(dev, "cannot power up: %d\n", ret);
		goto err_disable;
	}

	id = readl(engine->regs + APU_ENG_ID);
	class = FIELD_GET(APU_ENG_ID_CLASS, id);
	index = FIELD_GET(APU_ENG_ID_INDEX, id);
	if (class != engine->class || index >= adev->info.num_engines || adev->engines[index]) {
		dev_err(dev, "class %u, index %u is not the engine expected here\n", class, index);
		pm_runtime_put_noidle(dev);
		ret = -ENODEV;
		goto err_disable;
	}

	engine->index = index;
	adev->engines[index] = engine;
	apu_engine_enable(engine, true);
	pm_runtime_mark_last_busy(dev);
	pm_runtime_put_autosuspend(dev);

	return 0;

err_disable:
	apu_pm_shut_down(dev);
	engine->adev = NULL;
	return ret;
}

static void apu_engine_unbind(struct device *dev, struct device *top, void *data)
{
	struct apu_engine *engine = dev_get_drvdata(dev);
	struct apu_device *adev = data;

	apu_pm_shut_down(dev);
	adev->engines[engine->index] = NULL;
	engine->adev = NULL;
}

static const struct component_ops apu_engine_component_ops = {
	.bind = apu_engine_bind,
	.unbind = apu_engine_unbind,
};

static int apu_engine_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct apu_engine *engine;

	engine = devm_kzalloc(dev, sizeof(*engine), GFP_KERNEL);
	if (!engine)
		return -ENOMEM;

	engine->dev = dev;
	engine->class = (uintptr_t)device_get_match_data(dev);
	engine->regs = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(engine->regs))
		return PTR_ERR(engine->regs);

	engine->clk = devm_clk_get(dev, NULL);
	if (IS_ERR(engine->clk))
		return dev_err_probe(dev, PTR_ERR(engine->clk), "no clock\n");

	engine->reset = devm_reset_control_get_exclusive(dev, NULL);
	if (IS_ERR(engine->reset))
		return dev_err_probe(dev, PTR_ERR(engine->reset), "no reset line\n");

	platform_set_drvdata(pdev, engine);

	return component_add(dev, &apu_engine_component_ops);
}

static void apu_engine_remove(struct platform_device *pdev)
{
	component_del(&pdev->dev, &apu_engine_component_ops);
}

/**
 * apu_engines_check() - Check that every engine that TOP knows is there
 * @adev: APU whose engines are bound
 *
 * Return: 0, or -ENODEV.
 */
int apu_engines_check(struct apu_device *adev)
{
	u32 i, class, left;

	for (i = 0, class = 0, left = adev->info.num[0]; i < adev->info.num_engines; i++, left--) {
		while (!left)
			left = adev->info.num[++class];
		if (!adev->engines[i] || adev->engines[i]->class != class) {
			drm_err(&adev->base, "engine %u of class %u is not in the device tree\n",
				i, class);
			return -ENODEV;
		}
	}

	return 0;
}
EXPORT_SYMBOL_IF_KUNIT(apu_engines_check);

/**
 * apu_engines_can_run() - Whether there are enough engines for a job
 * @adev: APU; &apu_device.job_lock is held
 * @job: job
 *
 * Return: false if so many are lost that the hardware would never start it.
 */
bool apu_engines_can_run(const struct apu_device *adev, const struct apu_job *job)
{
	u32 need[APU_NUM_CLASSES] = {};
	u32 i;

	lockdep_assert_held(&adev->job_lock);

	if (!adev->engines_lost)
		return true;

	for (i = 0; i < job->num_streams; i++)
		need[job->streams[i].engine_class]++;
	for (i = 0; i < adev->info.num_engines; i++)
		if (!(adev->engines_lost & BIT(i)) && need[adev->engines[i]->class])
			need[adev->engines[i]->class]--;

	return !memchr_inv(need, 0, sizeof(need));
}

/**
 * apu_engines_of_slot() - Find the engines that run a slot's job
 * @adev: APU; &apu_device.hw_lock is held
 * @slot: slot
 *
 * Return: Mask of engines.
 */
u32 apu_engines_of_slot(struct apu_device *adev, unsigned int slot)
{
	u32 i, status, mask = 0;

	lockdep_assert_held(&adev->hw_lock);

	for (i = 0; i < adev->info.num_engines; i++) {
		if (!adev->engines[i]->on)
			continue;
		status = readl(adev->engines[i]->regs + APU_ENG_STATUS);
		if ((status & APU_ENG_STATUS_BUSY) &&
		    FIELD_GET(APU_ENG_STATUS_SLOT, status) == slot)
			mask |= BIT(i);
	}

	return mask;
}

/**
 * apu_engines_hold() - Put engines into reset, and leave them there
 * @adev: APU; &apu_device.hw_lock is held
 * @mask: engines; those that are not on are in reset
 */
void apu_engines_hold(struct apu_device *adev, u32 mask)
{
	u32 i;

	lockdep_assert_held(&adev->hw_lock);

	for (i = 0; i < adev->info.num_engines; i++)
		if ((mask & BIT(i)) && adev->engines[i]->on)
			reset_control_assert(adev->engines[i]->reset);
}

/**
 * apu_engines_reset() - Pulse the reset lines of engines
 * @adev: APU; &apu_device.hw_lock is held
 * @mask: engines; those that are off are left alone
 *
 * Streams on the engines end with POWER_LOST. An engine that does not come out of
 * reset is not used any more until it was powered off.
 */
void apu_engines_reset(struct apu_device *adev, u32 mask)
{
	u32 i;

	apu_engines_hold(adev, mask);
	udelay(APU_RESET_PULSE_US);

	for (i = 0; i < adev->info.num_engines; i++) {
		struct apu_engine *engine = adev->engines[i];

		if (!(mask & BIT(i)) || !engine->on)
			continue;
		if (reset_control_deassert(engine->reset)) {
			drm_err(&adev->base, "engine %u does not come out of reset\n", i);
			engine->on = false;
			adev->engine_enable &= ~BIT(i);
			apu_engine_set_lost(engine, true);
		}
	}
}

static DEFINE_RUNTIME_DEV_PM_OPS(apu_engine_pm_ops, apu_engine_runtime_suspend,
				 apu_engine_runtime_resume, NULL);

static const struct of_device_id apu_engine_of_match[] = {
	{ .compatible = "qemu,apu-v1-mdla", .data = (void *)APU_ENGINE_CLASS_MDLA },
	{ .compatible = "qemu,apu-v1-edma", .data = (void *)APU_ENGINE_CLASS_EDMA },
	{ .compatible = "qemu,apu-v1-mvpu", .data = (void *)APU_ENGINE_CLASS_MVPU },
	{ }
};
MODULE_DEVICE_TABLE(of, apu_engine_of_match);

struct platform_driver apu_engine_driver = {
	.probe = apu_engine_probe,
	.remove = apu_engine_remove,
	.driver = {
		.name = "apu-engine",
		.of_match_table = apu_engine_of_match,
		.pm = pm_ptr(&apu_engine_pm_ops),
	},
};

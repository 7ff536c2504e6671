/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_ENGINE_H__
#define __APU_ENGINE_H__

#include <linux/platform_device.h>
#include <linux/types.h>

struct apu_device;
struct apu_job;
struct clk;
struct reset_control;

/**
 * struct apu_engine - an engine instance, a platform device below the APU's
 */
struct apu_engine {
	/** @dev: platform device */
	struct device *dev;
	/** @adev: the APU, while both are bound */
	struct apu_device *adev;
	/** @regs: registers */
	void __iomem *regs;
	/** @clk: clock gate */
	struct clk *clk;
	/** @reset: reset line */
	struct reset_control *reset;
	/** @class: class that the device tree says */
	u32 class;
	/** @index: number of the engine over all classes */
	u32 index;
	/** @on: registers can be accessed; protected by &apu_device.hw_lock */
	bool on;
};

extern struct platform_driver apu_engine_driver;

int apu_engines_check(struct apu_device *adev);
bool apu_engines_can_run(const struct apu_device *adev, const struct apu_job *job);
u32 apu_engines_of_slot(struct apu_device *adev, unsigned int slot);
void apu_engines_hold(struct apu_device *adev, u32 mask);
void apu_engines_reset(struct apu_device *adev, u32 mask);

#endif /* __APU_ENGINE_H__ */

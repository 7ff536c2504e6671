// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module with bugs, to prove that each check after a test finds its own:
 *
 *	insmod apu-plant.ko bug=NAME
 */

#include <linux/array_size.h>
#include <linux/delay.h>
#include <linux/io.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>

/* The first engine's registers: its domain is off unless a job runs. */
#define APU_PLANT_ENGINE	0x09300000

static char *bug = "";
module_param(bug, charp, 0);
MODULE_PARM_DESC(bug, "leak, warn, atomic, lock, unpowered or taint");

static DEFINE_SPINLOCK(apu_plant_spin);
static DEFINE_MUTEX(apu_plant_mutex_a);
static DEFINE_MUTEX(apu_plant_mutex_b);

static int apu_plant_leak(void)
{
	unsigned int i;

	/*
	 * Addresses that are stored nowhere; so many, as newer kernels leave those of the last
	 * few objects of a size in the allocator's own arrays ("sheaves"), where kmemleak looks.
	 */
	for (i = 0; i < 256; i++)
		if (!kzalloc(1000, GFP_KERNEL))
			return -ENOMEM;

	return 0;
}

static int apu_plant_warn(void)
{
	WARN(1, "planted\n");
	return 0;
}

static int apu_plant_atomic(void)
{
	spin_lock(&apu_plant_spin);
	msleep(20);
	spin_unlock(&apu_plant_spin);
	return 0;
}

static int apu_plant_lock(void)
{
	mutex_lock(&apu_plant_mutex_a);
	mutex_lock(&apu_plant_mutex_b);
	mutex_unlock(&apu_plant_mutex_b);
	mutex_unlock(&apu_plant_mutex_a);

	mutex_lock(&apu_plant_mutex_b);
	mutex_lock(&apu_plant_mutex_a);
	mutex_unlock(&apu_plant_mutex_a);
	mutex_unlock(&apu_plant_mutex_b);
	return 0;
}

static int apu_plant_unpowered(void)
{
	void __iomem *regs = ioremap(APU_PLANT_ENGINE, SZ_4K);

	if (!regs)
		return -ENOMEM;
	readl(regs);
	iounmap(regs);
	return 0;
}

static int apu_plant_taint(void)
{
	add_taint(TAINT_USER, LOCKDEP_STILL_OK);
	return 0;
}

static const struct {
	const char *name;
	int (*plant)(void);
} apu_plant_bugs[] = {
	{ "leak", apu_plant_leak },
	{ "warn", apu_plant_warn },
	{ "atomic", apu_plant_atomic },
	{ "lock", apu_plant_lock },
	{ "unpowered", apu_plant_unpowered },
	{ "taint", apu_plant_taint },
};

static int __init apu_plant_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(apu_plant_bugs); i++)
		if (!strcmp(bug, apu_plant_bugs[i].name))
			return apu_plant_bugs[i].plant();
	return -EINVAL;
}
module_init(apu_plant_init);

static void __exit apu_plant_exit(void)
{
}
module_exit(apu_plant_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Bugs that the test system must find");

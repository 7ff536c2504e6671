// SPDX-License-Identifier: GPL-2.0-only
/*
 * Power controller of the APU: power domains, clock gates, the clock they hang
 * from, and reset lines.
 *
 * Cell 0 of every specifier is TOP, cell 1 + i is engine i. The controller is
 * always on. Domains are off and in reset until a consumer asks for them;
 * engine domains are subdomains of TOP.
 *
 * Locking: @lock covers the registers that are read, modified and written. The
 * callers in the core serialize all else (a genpd has its own lock, clock rates
 * the prepare lock).
 */

#include <linux/bitfield.h>
#include <linux/clk-provider.h>
#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/iopoll.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/pm_domain.h>
#include <linux/reset-controller.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include <linux/string_choices.h>

#include "apu_kunit.h"
#include "apu_regs.h"

/* "APW1", little endian */
#define APU_PWR_ID_VALUE	0x31575041
/* The hardware takes 20 us and 50 us; allow for a very slow host. */
#define APU_PWR_ACK_TIMEOUT_US	200000
#define APU_OPP_SETTLE_TIMEOUT_US	200000
#define APU_PWR_MAX_DOMAINS	32

struct apu_power;

struct apu_domain {
	struct generic_pm_domain genpd;
	/** @released: nobody has a reference to the device in @genpd any more */
	struct completion released;
	struct apu_power *pwr;
	u32 bit;
	char name[16];
	char clk_name[20];
};

struct apu_power {
	struct device *dev;
	void __iomem *regs;
	/** @lock: PWR_REQ, CLK_EN and RST_ASSERT */
	spinlock_t lock;
	/** @core: the clock that the gates hang from */
	struct clk_hw core;
	struct reset_controller_dev rcdev;
	struct genpd_onecell_data onecell;
	struct generic_pm_domain *domain_ptrs[APU_PWR_MAX_DOMAINS];
	struct clk_hw_onecell_data *clks;
	unsigned int num_domains;
	struct apu_domain domains[] __counted_by(num_domains);
};

static void apu_power_update(struct apu_power *pwr, u32 reg, u32 bit, bool set)
{
	unsigned long flags;
	u32 val;

	spin_lock_irqsave(&pwr->lock, flags);
	val = readl(pwr->regs + reg);
	val = set ? val | bit : val & ~bit;
	writel(val, pwr->regs + reg);
	spin_unlock_irqrestore(&pwr->lock, flags);
}

/* Power domains */

static int apu_power_switch(struct generic_pm_domain *genpd, bool on)
{
	struct apu_domain *domain = container_of(genpd, struct apu_domain, genpd);
	struct apu_power *pwr = domain->pwr;
	u32 ack;
	int ret;

	apu_power_update(pwr, APU_PWR_PWR_REQ, domain->bit, on);
	ret = readl_poll_timeout(pwr->regs + APU_PWR_PWR_ACK, ack,
				 !!(ack & domain->bit) == on, 10,
				 APU_PWR_ACK_TIMEOUT_US);
	if (ret) {
		dev_err(pwr->dev, "%s: power %s is not acknowledged\n", domain->name,
			str_on_off(on));
		apu_power_update(pwr, APU_PWR_PWR_REQ, domain->bit, !on);
	}

	return ret;
}

static int apu_power_on(struct generic_pm_domain *genpd)
{
	return apu_power_switch(genpd, true);
}

static int apu_power_off(struct generic_pm_domain *genpd)
{
	return apu_power_switch(genpd, false);
}

/* The core leaves the domain to its owner, but others may have a reference to the device in it. */
static void apu_domain_release(struct device *dev)
{
	struct apu_domain *domain = container_of(dev, struct apu_domain, genpd.dev);

	complete(&domain->released);
}

static void apu_power_remove_domains(void *data)
{
	struct apu_power *pwr = data;
	unsigned int i;

	/* Subdomains first: TOP is domain 0. */
	for (i = pwr->onecell.num_domains; i--;) {
		struct apu_domain *domain = &pwr->domains[i];

		if (i)
			pm_genpd_remove_subdomain(&pwr->domains[0].genpd, &domain->genpd);
		if (WARN_ON(pm_genpd_remove(&domain->genpd)))
			complete(&domain->released);
	}

	while (pwr->onecell.num_domains)
		wait_for_completion(&pwr->domains[--pwr->onecell.num_domains].released);
}

static void apu_power_del_provider(void *data)
{
	struct apu_power *pwr = data;

	of_genpd_del_provider(pwr->dev->of_node);
}

static void apu_power_all_off(void *data)
{
	struct apu_power *pwr = data;
	u32 ack;

	writel(GENMASK(pwr->num_domains - 1, 0), pwr->regs + APU_PWR_RST_ASSERT);
	writel(0, pwr->regs + APU_PWR_CLK_EN);
	writel(0, pwr->regs + APU_PWR_PWR_REQ);
	if (readl_poll_timeout(pwr->regs + APU_PWR_PWR_ACK, ack, !ack, 10,
			       APU_PWR_ACK_TIMEOUT_US))
		dev_err(pwr->dev, "domains %#x stay on\n", ack);
}

static int apu_power_add_domains(struct apu_power *pwr)
{
	unsigned int i;
	int ret;

	pwr->onecell.domains = pwr->domain_ptrs;
	ret = devm_add_action(pwr->dev, apu_power_remove_domains, pwr);
	if (ret)
		return ret;

	for (i = 0; i < pwr->num_domains; i++) {
		struct apu_domain *domain = &pwr->domains[i];

		domain->genpd.name = domain->name;
		domain->genpd.power_on = apu_power_on;
		domain->genpd.power_off = apu_power_off;
		ret = pm_genpd_init(&domain->genpd, NULL, true);
		if (ret)
			return ret;
		init_completion(&domain->released);
		domain->genpd.dev.release = apu_domain_release;
		pwr->domain_ptrs[i] = &domain->genpd;
		pwr->onecell.num_domains++;

		if (i) {
			ret = pm_genpd_add_subdomain(&pwr->domains[0].genpd, &domain->genpd);
			if (ret)
				return ret;
		}
	}

	ret = of_genpd_add_provider_onecell(pwr->dev->of_node, &pwr->onecell);
	if (ret)
		return ret;

	return devm_add_action_or_reset(pwr->dev, apu_power_del_provider, pwr);
}

/* Clocks */

static struct apu_power *core_to_power(struct clk_hw *hw)
{
	return container_of(hw, struct apu_power, core);
}

static unsigned long apu_core_opp_rate(void __iomem *regs, unsigned int opp)
{
	return readl(regs + APU_PWR_OPP_KHZ(opp)) * 1000UL;
}

/* The lowest point that is at least as fast as @rate, else the fastest. */
VISIBLE_IF_KUNIT unsigned int apu_core_find_opp(void __iomem *regs, unsigned long rate)
{
	u32 num = readl(regs + APU_PWR_NUM_OPP);
	unsigned int opp;

	for (opp = 0; opp + 1 < num; opp++)
		if (apu_core_opp_rate(regs, opp) >= rate)
			break;

	return opp;
}
EXPORT_SYMBOL_IF_KUNIT(apu_core_find_opp);

static unsigned long apu_core_recalc_rate(struct clk_hw *hw, unsigned long parent_rate)
{
	struct apu_power *pwr = core_to_power(hw);
	u32 status = readl(pwr->regs + APU_PWR_OPP_STATUS);

	return apu_core_opp_rate(pwr->regs, FIELD_GET(APU_PWR_OPP_STATUS_CURRENT, status));
}

static int apu_core_determine_rate(struct clk_hw *hw, struct clk_rate_request *req)
{
	struct apu_power *pwr = core_to_power(hw);

	req->rate = apu_core_opp_rate(pwr->regs, apu_core_find_opp(pwr->regs, req->rate));

	return 0;
}

static int apu_core_set_rate(struct clk_hw *hw, unsigned long rate, unsigned long parent_rate)
{
	struct apu_power *pwr = core_to_power(hw);
	unsigned int opp = apu_core_find_opp(pwr->regs, rate);
	u32 status;
	int ret;

	writel(opp, pwr->regs + APU_PWR_OPP_REQ);
	ret = readl_poll_timeout(pwr->regs + APU_PWR_OPP_STATUS, status,
				 (status & APU_PWR_OPP_STATUS_SETTLED) &&
				 FIELD_GET(APU_PWR_OPP_STATUS_CURRENT, status) == opp, 10,
				 APU_OPP_SETTLE_TIMEOUT_US);
	if (ret) {
		dev_err(pwr->dev, "operating point %u does not settle\n", opp);
		/* To ask for the same once more is no request: withdraw this one. */
		writel(FIELD_GET(APU_PWR_OPP_STATUS_CURRENT, status), pwr->regs + APU_PWR_OPP_REQ);
	}

	return ret;
}

static const struct clk_ops apu_core_clk_ops = {
	.recalc_rate = apu_core_recalc_rate,
	.determine_rate = apu_core_determine_rate,
	.set_rate = apu_core_set_rate,
};

static int apu_power_add_clks(struct apu_power *pwr)
{
	const struct clk_init_data init = {
		.name = "apu-core",
		.ops = &apu_core_clk_ops,
		.flags = CLK_GET_RATE_NOCACHE,
	};
	struct device *dev = pwr->dev;
	unsigned int i;
	int ret;

	pwr->core.init = &init;
	ret = devm_clk_hw_register(dev, &pwr->core);
	if (ret)
		return ret;

	pwr->clks = devm_kzalloc(dev, struct_size(pwr->clks, hws, pwr->num_domains),
				 GFP_KERNEL);
	if (!pwr->clks)
		return -ENOMEM;
	pwr->clks->num = pwr->num_domains;

	for (i = 0; i < pwr->num_domains; i++) {
		struct clk_hw *hw;

		hw = devm_clk_hw_register_gate(dev, pwr->domains[i].clk_name, init.name,
					       CLK_SET_RATE_PARENT, pwr->regs + APU_PWR_CLK_EN,
					       i, 0, &pwr->lock);
		if (IS_ERR(hw))
			return PTR_ERR(hw);
		pwr->clks->hws[i] = hw;
	}

	return devm_of_clk_add_hw_provider(dev, of_clk_hw_onecell_get, pwr->clks);
}

/* Reset lines */

static struct apu_power *rcdev_to_power(struct reset_controller_dev *rcdev)
{
	return container_of(rcdev, struct apu_power, rcdev);
}

static int apu_power_assert(struct reset_controller_dev *rcdev, unsigned long id)
{
	apu_power_update(rcdev_to_power(rcdev), APU_PWR_RST_ASSERT, BIT(id), true);

	return 0;
}

static int apu_power_reset_status(struct reset_controller_dev *rcdev, unsigned long id)
{
	struct apu_power *pwr = rcdev_to_power(rcdev);

	return !!(readl(pwr->regs + APU_PWR_RST_ASSERT) & BIT(id));
}

/* A line can be stuck until its domain loses power; an access to the block is a bus error then. */
static int apu_power_deassert(struct reset_controller_dev *rcdev, unsigned long id)
{
	apu_power_update(rcdev_to_power(rcdev), APU_PWR_RST_ASSERT, BIT(id), false);

	return apu_power_reset_status(rcdev, id) ? -EIO : 0;
}

static const struct reset_control_ops apu_power_reset_ops = {
	.assert = apu_power_assert,
	.deassert = apu_power_deassert,
	.status = apu_power_reset_status,
};

static int apu_power_add_resets(struct apu_power *pwr)
{
	pwr->rcdev.owner = THIS_MODULE;
	pwr->rcdev.of_node = pwr->dev->of_node;
	pwr->rcdev.dev = pwr->dev;
	pwr->rcdev.ops = &apu_power_reset_ops;
	pwr->rcdev.nr_resets = pwr->num_domains;

	return devm_reset_controller_register(pwr->dev, &pwr->rcdev);
}

/* debugfs */

static u64 apu_power_read64(struct apu_power *pwr, u32 lo, u32 hi)
{
	unsigned long flags;
	u64 val;

	/* Reading the low half latches the high one, of which there is one for all domains. */
	spin_lock_irqsave(&pwr->lock, flags);
	val = readl(pwr->regs + lo);
	val |= (u64)readl(pwr->regs + hi) << 32;
	spin_unlock_irqrestore(&pwr->lock, flags);

	return val;
}

static int apu_power_residency_show(struct seq_file *m, void *unused)
{
	struct apu_power *pwr = dev_get_drvdata(m->private);
	unsigned int i;

	for (i = 0; i < pwr->num_domains; i++)
		seq_printf(m, "%s %llu %llu\n", pwr->domains[i].name,
			   apu_power_read64(pwr, APU_PWR_ON_TIME_LO(i), APU_PWR_ON_TIME_HI(i)),
			   apu_power_read64(pwr, APU_PWR_ON_CYCLES_LO(i),
					    APU_PWR_ON_CYCLES_HI(i)));

	return 0;
}

static void apu_power_remove_debugfs(void *data)
{
	debugfs_remove_recursive(data);
}

static int apu_power_add_debugfs(struct apu_power *pwr)
{
	struct dentry *dir = debugfs_create_dir(dev_name(pwr->dev), NULL);

	debugfs_create_devm_seqfile(pwr->dev, "residency", dir, apu_power_residency_show);

	return devm_add_action_or_reset(pwr->dev, apu_power_remove_debugfs, dir);
}

static int apu_power_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct apu_power *pwr;
	unsigned int i, num;
	void __iomem *regs;
	u32 id, version, present;
	int ret;

	regs = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(regs))
		return PTR_ERR(regs);

	id = readl(regs + APU_PWR_ID);
	if (id != APU_PWR_ID_VALUE)
		return dev_err_probe(dev, -ENODEV, "no power controller here: ID is %#x\n", id);

	version = readl(regs + APU_PWR_VERSION);
	if (FIELD_GET(APU_PWR_VERSION_MAJOR, version) != 1)
		return dev_err_probe(dev, -ENODEV, "version %lu.%lu is not supported\n",
				     FIELD_GET(APU_PWR_VERSION_MAJOR, version),
				     FIELD_GET(APU_PWR_VERSION_MINOR, version));

	present = readl(regs + APU_PWR_PRESENT);
	num = fls(present);
	if (!num || present != GENMASK(num - 1, 0))
		return dev_err_probe(dev, -ENODEV, "unexpected set of domains %#x\n", present);

	pwr = devm_kzalloc(dev, struct_size(pwr, domains, num), GFP_KERNEL);
	if (!pwr)
		return -ENOMEM;

	platform_set_drvdata(pdev, pwr);
	pwr->dev = dev;
	pwr->regs = regs;
	pwr->num_domains = num;
	spin_lock_init(&pwr->lock);

	for (i = 0; i < num; i++) {
		struct apu_domain *domain = &pwr->domains[i];

		domain->pwr = pwr;
		domain->bit = BIT(i);
		if (i)
			snprintf(domain->name, sizeof(domain->name), "apu-engine%u", i - 1);
		else
			strscpy(domain->name, "apu-top");
		snprintf(domain->clk_name, sizeof(domain->clk_name), "%s-clk", domain->name);
	}

	/*
	 * Begin and end with all off, whoever had it on: there are no consumers
	 * yet, or any more, and domains are removed without being switched off.
	 */
	apu_power_all_off(pwr);
	ret = devm_add_action(dev, apu_power_all_off, pwr);
	if (ret)
		return ret;

	ret = apu_power_add_debugfs(pwr);
	if (ret)
		return ret;

	ret = apu_power_add_clks(pwr);
	if (ret)
		return dev_err_probe(dev, ret, "cannot register clocks\n");

	ret = apu_power_add_resets(pwr);
	if (ret)
		return dev_err_probe(dev, ret, "cannot register reset lines\n");

	/* Last: consumers can probe as soon as there are domains. */
	ret = apu_power_add_domains(pwr);
	if (ret)
		return dev_err_probe(dev, ret, "cannot register power domains\n");

	return 0;
}

static const struct of_device_id apu_power_of_match[] = {
	{ .compatible = "qemu,apu-power-v1" },
	{ }
};
MODULE_DEVICE_TABLE(of, apu_power_of_match);

static struct platform_driver apu_power_driver = {
	.probe = apu_power_probe,
	.driver = {
		.name = "apu-power",
		.of_match_table = apu_power_of_match,
	},
};
module_platform_driver(apu_power_driver);

MODULE_DESCRIPTION("Power controller of the APU");
MODULE_LICENSE("GPL");

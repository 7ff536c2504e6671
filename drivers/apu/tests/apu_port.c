// SPDX-License-Identifier: GPL-2.0-only
/*
 * The test port of the device model, for tests in the guest: fault rules and counters
 * as files in /sys/kernel/debug/apu-port. Not of the driver, and not for users.
 *
 *	rules	writing sets the rules, reading shows those that are left
 *	error	why the last text was refused
 *	hits	faults that rules have made; others: accesses that nobody may make
 */

#include <linux/bitfield.h>
#include <linux/debugfs.h>
#include <linux/io.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../apu_regs.h"

/* "APT1", little endian */
#define APU_PORT_ID_VALUE	0x31545041
#define APU_PORT_TEXT_WORDS	512
#define APU_PORT_TEXT_BYTES	(APU_PORT_TEXT_WORDS * 4)

struct apu_port {
	void __iomem *regs;
	struct dentry *dir;
	/** @lock: a command and its text belong together */
	struct mutex lock;
	/** @text: rules or a message on their way */
	u32 text[APU_PORT_TEXT_WORDS];
	/** @error: what the last rules were refused with */
	char error[APU_PORT_TEXT_BYTES];
};

/* Up to the zero byte. */
static void apu_port_get_text(struct apu_port *port)
{
	unsigned int i;

	for (i = 0; i < APU_PORT_TEXT_WORDS; i++) {
		port->text[i] = readl(port->regs + APU_TST_TEXT(i));
		if (memchr(&port->text[i], 0, sizeof(port->text[i])))
			break;
	}
	port->text[APU_PORT_TEXT_WORDS - 1] &= GENMASK(23, 0);
}

static bool apu_port_command(struct apu_port *port, enum apu_test_op op)
{
	writel(FIELD_PREP(APU_TST_COMMAND_OP, op), port->regs + APU_TST_COMMAND);

	return !(readl(port->regs + APU_TST_STATUS) & APU_TST_STATUS_ERROR);
}

static int apu_port_set_rules(struct apu_port *port, size_t len)
{
	unsigned int i;

	for (i = 0; i <= len / 4; i++)
		writel(port->text[i], port->regs + APU_TST_TEXT(i));
	port->error[0] = 0;
	if (apu_port_command(port, APU_TEST_OP_SET))
		return 0;

	apu_port_get_text(port);
	memcpy(port->error, port->text, sizeof(port->error));

	return -EINVAL;
}

static ssize_t apu_port_rules_write(struct file *file, const char __user *buf, size_t len,
				    loff_t *pos)
{
	struct apu_port *port = file->private_data;
	int ret = 0;

	if (*pos || len >= APU_PORT_TEXT_BYTES)
		return -EINVAL;

	mutex_lock(&port->lock);
	memset(port->text, 0, sizeof(port->text));
	if (copy_from_user(port->text, buf, len))
		ret = -EFAULT;
	if (!ret)
		ret = apu_port_set_rules(port, len);
	mutex_unlock(&port->lock);

	return ret ?: len;
}

static ssize_t apu_port_rules_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct apu_port *port = file->private_data;
	ssize_t ret = -E2BIG;

	mutex_lock(&port->lock);
	if (apu_port_command(port, APU_TEST_OP_GET)) {
		apu_port_get_text(port);
		ret = simple_read_from_buffer(buf, len, pos, port->text,
					      strlen((char *)port->text));
	}
	mutex_unlock(&port->lock);

	return ret;
}

static const struct file_operations apu_port_rules_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = apu_port_rules_read,
	.write = apu_port_rules_write,
};

static ssize_t apu_port_error_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct apu_port *port = file->private_data;
	ssize_t ret;

	mutex_lock(&port->lock);
	ret = simple_read_from_buffer(buf, len, pos, port->error, strlen(port->error));
	mutex_unlock(&port->lock);

	return ret;
}

static const struct file_operations apu_port_error_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.read = apu_port_error_read,
};

static const struct {
	const char *name;
	u32 reg;
} apu_port_counters[] = {
	{ "hits", APU_TST_FAULT_HITS },
	{ "mmio_unpowered", APU_TST_MMIO_UNPOWERED },
	{ "mmio_unclocked", APU_TST_MMIO_UNCLOCKED },
	{ "mmio_in_reset", APU_TST_MMIO_IN_RESET },
	{ "dma_unpowered", APU_TST_DMA_UNPOWERED },
};

static int apu_port_counter_get(void *data, u64 *val)
{
	*val = readl((void __force __iomem *)data);

	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(apu_port_counter_fops, apu_port_counter_get, NULL, "%llu\n");

static int apu_port_probe(struct platform_device *pdev)
{
	struct apu_port *port;
	unsigned int i;

	port = devm_kzalloc(&pdev->dev, sizeof(*port), GFP_KERNEL);
	if (!port)
		return -ENOMEM;

	port->regs = devm_platform_ioremap_resource(pdev, 0);
	if (IS_ERR(port->regs))
		return PTR_ERR(port->regs);
	if (readl(port->regs + APU_TST_ID) != APU_PORT_ID_VALUE)
		return dev_err_probe(&pdev->dev, -ENODEV, "no test port here\n");

	mutex_init(&port->lock);
	platform_set_drvdata(pdev, port);
	port->dir = debugfs_create_dir("apu-port", NULL);
	debugfs_create_file("rules", 0600, port->dir, port, &apu_port_rules_fops);
	debugfs_create_file("error", 0400, port->dir, port, &apu_port_error_fops);
	for (i = 0; i < ARRAY_SIZE(apu_port_counters); i++)
		debugfs_create_file_unsafe(apu_port_counters[i].name, 0400, port->dir,
					   (void __force *)port->regs + apu_port_counters[i].reg,
					   &apu_port_counter_fops);

	return 0;
}

static void apu_port_remove(struct platform_device *pdev)
{
	struct apu_port *port = platform_get_drvdata(pdev);

	debugfs_remove_recursive(port->dir);
	mutex_destroy(&port->lock);
}

static const struct of_device_id apu_port_of_match[] = {
	{ .compatible = "qemu,apu-test-port-v1" },
	{ }
};
MODULE_DEVICE_TABLE(of, apu_port_of_match);

static struct platform_driver apu_port_driver = {
	.probe = apu_port_probe,
	.remove = apu_port_remove,
	.driver = {
		.name = "apu-port",
		.of_match_table = apu_port_of_match,
	},
};
module_platform_driver(apu_port_driver);

MODULE_DESCRIPTION("Test port of the APU's device model");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Driver of the APU: probing, and the tables of what user space can call.
 *
 * The APU is one DRM accel device made of several platform devices: TOP, and one
 * per engine below it. It exists while all of them are bound.
 */

#include <linux/component.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>
#include <linux/pm_runtime.h>

#include <drm/drm_accel.h>
#include <drm/drm_drv.h>
#include <drm/drm_gem.h>
#include <drm/drm_gem_shmem_helper.h>
#include <drm/drm_ioctl.h>
#include <drm/drm_managed.h>
#include <drm/drm_print.h>

#include <drm/apu_accel.h>

#include "apu_bind.h"
#include "apu_client.h"
#include "apu_ctx.h"
#include "apu_debugfs.h"
#include "apu_devfreq.h"
#include "apu_device.h"
#include "apu_dump.h"
#include "apu_drv.h"
#include "apu_engine.h"
#include "apu_gem.h"
#include "apu_perf.h"
#include "apu_prime.h"
#include "apu_qos.h"
#include "apu_reset.h"
#include "apu_sched.h"
#include "apu_submit.h"
#include "apu_vm.h"
#include "apu_watchdog.h"
#include "compat.h"

static int apu_dev_query_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	const struct apu_device *adev = to_apu_device(drm);
	struct drm_apu_dev_query *args = data;
	struct drm_apu_dev_info info = {
		.hw_version = adev->info.version,
		.l1_kib = adev->info.l1_kib,
		.l1_bank_kib = adev->info.l1_bank_kib,
		.max_time_limit_us = APU_MAX_TIME_LIMIT_US,
		.num_engines = {
			[DRM_APU_ENGINE_MDLA] = adev->info.num[APU_ENGINE_CLASS_MDLA],
			[DRM_APU_ENGINE_EDMA] = adev->info.num[APU_ENGINE_CLASS_EDMA],
			[DRM_APU_ENGINE_MVPU] = adev->info.num[APU_ENGINE_CLASS_MVPU],
		},
		.va_start = APU_VA_START,
		.va_end = apu_va_end(adev),
		.timestamp_hz = adev->info.time_hz,
		.max_khz = adev->info.max_khz,
		.num_slots = APU_NUM_SLOTS,
	};

	if (args->type != DRM_APU_DEV_QUERY_INFO)
		return -EINVAL;

	if (!args->pointer) {
		args->size = sizeof(info);
		return 0;
	}

	args->size = min_t(u32, args->size, sizeof(info));
	if (copy_to_user(u64_to_user_ptr(args->pointer), &info, args->size))
		return -EFAULT;

	return 0;
}

static int apu_open(struct drm_device *drm, struct drm_file *drm_file)
{
	struct apu_file *file;

	file = kzalloc_obj(*file);
	if (!file)
		return -ENOMEM;

	file->client = apu_client_create();
	if (!file->client) {
		kfree(file);
		return -ENOMEM;
	}

	file->adev = to_apu_device(drm);
	mutex_init(&file->import_lock);
	xa_init_flags(&file->vms, XA_FLAGS_ALLOC1);
	xa_init_flags(&file->ctxs, XA_FLAGS_ALLOC1);
	drm_file->driver_priv = file;

	return 0;
}

static void apu_postclose(struct drm_device *drm, struct drm_file *drm_file)
{
	struct apu_file *file = to_apu_file(drm_file);

	apu_ctx_close_all(file);
	apu_vm_close_all(file);
	apu_client_put(file->client);
	mutex_destroy(&file->import_lock);
	kfree(file);
}

#define APU_IOCTL(name, func) DRM_IOCTL_DEF_DRV(APU_##name, func, 0)

static const struct drm_ioctl_desc apu_ioctls[] = {
	APU_IOCTL(DEV_QUERY, apu_dev_query_ioctl),
	APU_IOCTL(VM_CREATE, apu_vm_create_ioctl),
	APU_IOCTL(VM_DESTROY, apu_vm_destroy_ioctl),
	APU_IOCTL(VM_BIND, apu_vm_bind_ioctl),
	APU_IOCTL(BO_CREATE, apu_bo_create_ioctl),
	APU_IOCTL(BO_MMAP_OFFSET, apu_bo_mmap_offset_ioctl),
	APU_IOCTL(BO_WAIT, apu_bo_wait_ioctl),
	APU_IOCTL(CTX_CREATE, apu_ctx_create_ioctl),
	APU_IOCTL(CTX_DESTROY, apu_ctx_destroy_ioctl),
	APU_IOCTL(CTX_GET_STATE, apu_ctx_get_state_ioctl),
	APU_IOCTL(SUBMIT, apu_submit_ioctl),
	APU_IOCTL(JOB_STATS, apu_job_stats_ioctl),
	APU_IOCTL(CTX_SET_QOS, apu_ctx_set_qos_ioctl),
	APU_IOCTL(CTX_GET_COUNTERS, apu_ctx_get_counters_ioctl),
};

/* By hand: DRM_ACCEL_FOPS has no show_fdinfo. */
static const struct file_operations apu_fops = {
	.owner = THIS_MODULE,
	.open = accel_open,
	.release = drm_release,
	.unlocked_ioctl = drm_ioctl,
	.compat_ioctl = drm_compat_ioctl,
	.poll = drm_poll,
	.read = drm_read,
	.llseek = noop_llseek,
	.mmap = drm_gem_mmap,
	.show_fdinfo = drm_show_fdinfo,
	.fop_flags = FOP_UNSIGNED_OFFSET,
};

static const struct drm_driver apu_drm_driver = {
	.driver_features = DRIVER_COMPUTE_ACCEL | DRIVER_GEM | DRIVER_SYNCOBJ |
			   DRIVER_SYNCOBJ_TIMELINE | APU_DRIVER_GEM_GPUVA,
	.open = apu_open,
	.postclose = apu_postclose,
	.ioctls = apu_ioctls,
	.num_ioctls = ARRAY_SIZE(apu_ioctls),
	.fops = &apu_fops,
	.show_fdinfo = apu_perf_show_fdinfo,
	.gem_create_object = apu_gem_create_object,
	.prime_fd_to_handle = apu_prime_fd_to_handle,
	.gem_prime_import = apu_prime_import,
	.gem_prime_import_sg_table = apu_prime_import_sg_table,
	.name = "apu",
	.desc = "APU neural network accelerator",
	.major = 1,
	.minor = 1,
};

static int apu_bind(struct device *dev)
{
	struct platform_device *pdev = to_platform_device(dev);
	struct apu_device *adev;
	int ret;

	adev = devm_drm_dev_alloc(dev, &apu_drm_driver, struct apu_device, base);
	if (IS_ERR(adev))
		return PTR_ERR(adev);

	ret = apu_reset_init(adev);
	if (ret)
		return ret;

	ret = apu_watchdog_init(adev);
	if (ret)
		return ret;

	ret = apu_dump_init(adev);
	if (ret)
		return ret;

	ret = apu_sched_init(adev);
	if (ret)
		return ret;

	ret = apu_bind_init(adev);
	if (ret)
		return ret;

	/* For the PM callbacks, which need it from here on. */
	platform_set_drvdata(pdev, adev);
	ret = apu_device_init(adev, pdev);
	if (ret)
		goto err_drvdata;

	ret = apu_devfreq_init(adev);
	if (ret)
		goto err_fini;

	ret = apu_qos_init(adev);
	if (ret)
		goto err_devfreq;

	ret = component_bind_all(dev, adev);
	if (ret)
		goto err_qos;

	ret = apu_engines_check(adev);
	if (ret)
		goto err_unbind;

	apu_debugfs_init(adev);
	ret = drm_dev_register(&adev->base, 0);
	if (ret)
		goto err_unbind;

	pm_runtime_mark_last_busy(dev);
	pm_runtime_put_autosuspend(dev);

	return 0;

err_unbind:
	component_unbind_all(dev, adev);
err_qos:
	apu_qos_fini(adev);
err_devfreq:
	apu_devfreq_fini(adev);
err_fini:
	pm_runtime_put_noidle(dev);
	apu_device_fini(adev);
err_drvdata:
	platform_set_drvdata(pdev, NULL);
	return ret;
}

static void apu_unbind(struct device *dev)
{
	struct apu_device *adev = dev_get_drvdata(dev);

	/* No new jobs reach the hardware; those that it has, end; and no more power. */
	drm_dev_unplug(&adev->base);
	apu_reset_unplug(adev);
	apu_pm_gone(adev);
	apu_gem_unplug(adev);
	apu_qos_fini(adev);

	component_unbind_all(dev, adev);
	apu_device_fini(adev);
	/* Suspending uses it, until there is no runtime PM any more. */
	apu_devfreq_fini(adev);
	dev_set_drvdata(dev, NULL);
}

static const struct component_master_ops apu_master_ops = {
	.bind = apu_bind,
	.unbind = apu_unbind,
};

/*
 * The power controller must not go before we have. The core makes such a link too, but drops
 * it when the driver is loaded later than deferred_probe_timeout after boot.
 */
static int apu_link_power(struct device *dev)
{
	struct device_node *np __free(device_node) =
		of_parse_phandle(dev->of_node, "power-domains", 0);
	struct platform_device *power = np ? of_find_device_by_node(np) : NULL;
	struct device_link *link;

	if (!power)
		return dev_err_probe(dev, -ENODEV, "no power controller\n");

	link = device_link_add(dev, &power->dev, DL_FLAG_AUTOPROBE_CONSUMER);
	put_device(&power->dev);

	return link ? 0 : dev_err_probe(dev, -EINVAL, "cannot link to the power controller\n");
}

static int apu_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct component_match *match = NULL;
	int ret;

	ret = apu_link_power(dev);
	if (ret)
		return ret;

	/*
	 * Engines stay when this driver leaves. They have the same suppliers, and
	 * cannot be removed while these have their consumers unbound one by one.
	 */
	ret = of_platform_populate(dev->of_node, NULL, NULL, dev);
	if (ret)
		return ret;

	for_each_available_child_of_node_scoped(dev->of_node, child) {
		if (!of_match_node(apu_engine_driver.driver.of_match_table, child))
			continue;
		component_match_add_release(dev, &match, component_release_of,
					    component_compare_of, of_node_get(child));
	}
	if (IS_ERR(match))
		return PTR_ERR(match);
	if (!match)
		return dev_err_probe(dev, -ENODEV, "no engines in the device tree\n");

	return component_master_add_with_match(dev, &apu_master_ops, match);
}

static void apu_remove(struct platform_device *pdev)
{
	component_master_del(&pdev->dev, &apu_master_ops);
}

static int apu_runtime_suspend(struct device *dev)
{
	return apu_device_suspend(dev_get_drvdata(dev));
}

static int apu_runtime_resume(struct device *dev)
{
	return apu_device_resume(dev_get_drvdata(dev));
}

/* Before the engines are suspended. */
static int apu_prepare(struct device *dev)
{
	struct apu_device *adev = dev_get_drvdata(dev);

	return adev ? apu_sched_drain(adev) : 0;
}

/* When they are all resumed. */
static void apu_complete(struct device *dev)
{
	struct apu_device *adev = dev_get_drvdata(dev);

	if (adev)
		apu_sched_go_on(adev);
}

static const struct dev_pm_ops apu_pm_ops = {
	.prepare = pm_sleep_ptr(apu_prepare),
	.complete = pm_sleep_ptr(apu_complete),
	SYSTEM_SLEEP_PM_OPS(pm_runtime_force_suspend, pm_runtime_force_resume)
	RUNTIME_PM_OPS(apu_runtime_suspend, apu_runtime_resume, NULL)
};

static const struct of_device_id apu_of_match[] = {
	{ .compatible = "qemu,apu-v1" },
	{ }
};
MODULE_DEVICE_TABLE(of, apu_of_match);

static struct platform_driver apu_driver = {
	.probe = apu_probe,
	.remove = apu_remove,
	.driver = {
		.name = "apu",
		.of_match_table = apu_of_match,
		.pm = pm_ptr(&apu_pm_ops),
	},
};

static struct platform_driver * const apu_drivers[] = {
	/* First, so that engines are bound as soon as their parent creates them. */
	&apu_engine_driver,
	&apu_driver,
};

static int __init apu_init(void)
{
	int ret;

	ret = apu_sched_module_init();
	if (ret)
		return ret;

	ret = platform_register_drivers(apu_drivers, ARRAY_SIZE(apu_drivers));
	if (ret)
		apu_sched_module_exit();

	return ret;
}
module_init(apu_init);

static void __exit apu_exit(void)
{
	platform_unregister_drivers(apu_drivers, ARRAY_SIZE(apu_drivers));
	apu_sched_module_exit();
}
module_exit(apu_exit);

MODULE_DESCRIPTION("APU neural network accelerator");
MODULE_LICENSE("GPL");
APU_IMPORT_NS_DMA_BUF();

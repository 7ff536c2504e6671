// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the hardware counts, summed up per context (an ioctl) and per client (fdinfo).
 *
 * Figures come from completion records, so those of a job appear when its turn to
 * signal has come, and not bit by bit: nothing is read from registers, and
 * looking costs the device nothing.
 */

#include <linux/dma-resv.h>
#include <linux/math64.h>

#include <drm/drm_file.h>
#include <drm/drm_gem.h>
#include <drm/drm_print.h>

#include <drm/apu_accel.h>

#include "apu_client.h"
#include "apu_ctx.h"
#include "apu_drv.h"
#include "apu_gem.h"
#include "apu_perf.h"
#include "compat.h"

static const char * const apu_class_names[APU_NUM_CLASSES] = {
	[APU_ENGINE_CLASS_MDLA] = "mdla",
	[APU_ENGINE_CLASS_EDMA] = "edma",
	[APU_ENGINE_CLASS_MVPU] = "mvpu",
};

/**
 * apu_perf_add() - Count a job
 * @adev: APU; &apu_device.job_lock is held
 * @perf: sums
 * @record: what is left of the job
 */
void apu_perf_add(const struct apu_device *adev, struct apu_perf *perf,
		  const struct apu_ctx_record *record)
{
	u64 ticks = le64_to_cpu(record->hw.end) - le64_to_cpu(record->hw.start);
	u64 time_ns = mul_u64_u32_div(ticks, NSEC_PER_SEC, adev->info.time_hz);
	u32 i;

	lockdep_assert_held(&adev->job_lock);

	/* Cancelled before it was given to the hardware. */
	if (!record->hw.status)
		return;

	perf->jobs++;
	for (i = 0; i < record->num_streams; i++) {
		const struct apu_stream_stat *stat = &record->hw.streams[i];
		u32 class = record->classes[i];

		/* An engine belongs to the gang until that has ended. */
		perf->classes[class].time_ns += time_ns;
		perf->classes[class].busy += le64_to_cpu(stat->busy);
		perf->classes[class].dram_bytes += le64_to_cpu(stat->dram_bytes);
		perf->classes[class].l1_bytes += le64_to_cpu(stat->l1_bytes);
	}
}

/* Not drm_show_memory_stats(): jobs put their fences as BOOKKEEP, which it ignores. */
static void apu_perf_show_memory(struct drm_printer *p, struct drm_file *drm_file)
{
	struct drm_memory_stats stats = {};
	struct drm_gem_object *obj;
	int id;

	spin_lock(&drm_file->table_lock);
	idr_for_each_entry(&drm_file->object_idr, obj, id) {
		if (drm_gem_object_is_shared_for_memory_stats(obj))
			stats.shared += obj->size;
		else
			stats.private += obj->size;
		if (apu_gem_is_resident(obj))
			stats.resident += obj->size;
		if (!dma_resv_test_signaled(obj->resv, DMA_RESV_USAGE_BOOKKEEP))
			stats.active += obj->size;
	}
	spin_unlock(&drm_file->table_lock);

	drm_print_memory_stats(p, &stats, DRM_GEM_OBJECT_RESIDENT | APU_GEM_OBJECT_ACTIVE,
			       "memory");
}

/**
 * apu_perf_show_fdinfo() - &drm_driver.show_fdinfo
 * @p: printer
 * @drm_file: client
 */
void apu_perf_show_fdinfo(struct drm_printer *p, struct drm_file *drm_file)
{
	struct apu_file *file = to_apu_file(drm_file);
	struct apu_device *adev = file->adev;
	struct apu_perf perf;
	u32 class;

	spin_lock_irq(&adev->job_lock);
	perf = file->client->perf;
	spin_unlock_irq(&adev->job_lock);

	for (class = 0; class < APU_NUM_CLASSES; class++) {
		const char *name = apu_class_names[class];

		if (!adev->info.num[class])
			continue;
		drm_printf(p, "drm-engine-%s:\t%llu ns\n", name, perf.classes[class].time_ns);
		drm_printf(p, "drm-engine-capacity-%s:\t%u\n", name, adev->info.num[class]);
		drm_printf(p, "drm-cycles-%s:\t%llu\n", name, perf.classes[class].busy);
		drm_printf(p, "drm-maxfreq-%s:\t%llu Hz\n", name, adev->info.max_khz * 1000ull);
	}

	apu_perf_show_memory(p, drm_file);
}

int apu_ctx_get_counters_ioctl(struct drm_device *drm, void *data, struct drm_file *drm_file)
{
	struct apu_device *adev = to_apu_device(drm);
	struct drm_apu_ctx_get_counters *args = data;
	struct apu_perf perf;
	struct apu_ctx *ctx;
	u32 class;

	if (args->flags)
		return -EINVAL;

	ctx = apu_ctx_lookup(to_apu_file(drm_file), args->ctx_id);
	if (!ctx)
		return -ENOENT;

	spin_lock_irq(&adev->job_lock);
	perf = ctx->perf;
	spin_unlock_irq(&adev->job_lock);
	apu_ctx_put(ctx);

	*args = (struct drm_apu_ctx_get_counters) { .ctx_id = args->ctx_id, .jobs = perf.jobs };
	for (class = 0; class < APU_NUM_CLASSES; class++) {
		args->classes[class].time_ns = perf.classes[class].time_ns;
		args->classes[class].busy = perf.classes[class].busy;
		args->classes[class].dram_bytes = perf.classes[class].dram_bytes;
		args->classes[class].l1_bytes = perf.classes[class].l1_bytes;
	}

	return 0;
}

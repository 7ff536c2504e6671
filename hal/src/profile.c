// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>

#include "error.h"
#include "request.h"

/* (end - start) in ns without overflow for any real job: split at whole seconds. */
static uint64_t ticks_to_ns(uint64_t ticks, uint64_t hz)
{
	if (hz == 0)
		return 0;
	return ticks / hz * 1000000000 + ticks % hz * 1000000000 / hz;
}

static void add_job(struct apu_profile *profile, const struct drm_apu_job_stats *stats)
{
	unsigned int i;

	profile->num_jobs++;
	profile->cycles += stats->cycles;
	for (i = 0; i < stats->num_streams && i < DRM_APU_MAX_STREAMS; i++) {
		const struct drm_apu_stream_stats *s = &stats->streams[i];
		struct apu_engine_profile *engine;

		if (s->engine_class >= APU_NUM_ENGINE_CLASSES)
			continue;
		engine = &profile->engine[s->engine_class];
		engine->streams++;
		engine->cycles += s->cycles;
		engine->busy += s->busy;
		engine->dram_bytes += s->dram_bytes;
		engine->l1_bytes += s->l1_bytes;
	}
}

int apu_request_get_profile(struct apu_request *request, struct apu_profile *profile)
{
	const struct apu_device *dev = request->session->dev;
	unsigned int num_jobs = request->session->model->dla.num_jobs;
	uint64_t start = UINT64_MAX, end = 0;
	unsigned int i;

	memset(profile, 0, sizeof(*profile));
	if (!request->submitted)
		return apu_fail(-EINVAL, "the request was never submitted");
	if (request->in_flight)
		return apu_fail(-EBUSY, "the request is in flight");
	if (!request->ctx)
		return apu_fail(-ENOENT, "no measurements: the inference failed or was cancelled");
	for (i = 0; i < num_jobs; i++) {
		struct drm_apu_job_stats stats = {
			.ctx_id = request->ctx,
			.seqno = request->seqno + i,
		};
		int ret = kmd_job_stats(dev->fd, &stats);

		if (ret)
			return apu_fail(ret, "no measurements of job %u: %s", i, strerror(-ret));
		add_job(profile, &stats);
		if (stats.start < start)
			start = stats.start;
		if (stats.end > end)
			end = stats.end;
	}
	profile->start_ns = ticks_to_ns(start, dev->info.timestamp_hz);
	profile->end_ns = ticks_to_ns(end, dev->info.timestamp_hz);
	if (end > start)
		profile->device_ns = ticks_to_ns(end - start, dev->info.timestamp_hz);
	return 0;
}

// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>

#include "common.h"

int neuron_check_qos(const QoSOptions *options)
{
	NEURON_CHECK_PTR(options);
	if ((unsigned int)options->preference > NEURONRUNTIME_HINT_TURBO_BOOST)
		return neuron_fail(NEURONRUNTIME_BAD_DATA, "QoS: no such preference: %u",
				   (unsigned int)options->preference);
	if ((unsigned int)options->priority > NEURONRUNTIME_PRIORITY_HIGH)
		return neuron_fail(NEURONRUNTIME_BAD_DATA, "QoS: no such priority: %u",
				   (unsigned int)options->priority);
	if (options->boostValue > NEURONRUNTIME_BOOSTVALUE_PROFILED)
		return neuron_fail(NEURONRUNTIME_BAD_DATA, "QoS: boost value %u is above 100",
				   options->boostValue);
	return NEURONRUNTIME_NO_ERROR;
}

int neuron_apply_qos(struct apu_session *session, const QoSOptions *options)
{
	struct apu_qos qos = {
		.priority = (enum apu_priority)options->priority,
		.time_limit_us = 1000u * options->abortTime,
	};
	int ret = apu_session_set_qos(session, &qos);

	/* A hint: clients ask for it without knowing whether they may have it. */
	if (ret == -EACCES) {
		qos.priority = APU_PRIORITY_NORMAL;
		ret = apu_session_set_qos(session, &qos);
	}
	return neuron_error(ret);
}

int neuron_get_profile(struct apu_request *request, struct neuron_profile *profile)
{
	struct apu_profile measured;
	uint64_t bytes = 0;
	unsigned int i;
	int ret = apu_request_get_profile(request, &measured);

	if (ret)
		return neuron_error(ret);
	for (i = 0; i < APU_NUM_ENGINE_CLASSES; i++)
		bytes += measured.engine[i].dram_bytes;
	memset(profile, 0, sizeof(*profile));
	profile->qos.execTime = measured.device_ns / 1000;
	/* Bytes per microsecond are MB/s. */
	if (measured.device_ns)
		profile->qos.bandwidth = (uint32_t)(bytes * 1000 / measured.device_ns);
	profile->boost = NEURONRUNTIME_BOOSTVALUE_MAX;
	profile->qos.boostValue = profile->boost;
	profile->row = &profile->qos;
	profile->count = 1;
	profile->data.qosData = &profile->row;
	profile->data.numSubCmd = &profile->count;
	profile->data.numSubgraph = 1;
	return NEURONRUNTIME_NO_ERROR;
}

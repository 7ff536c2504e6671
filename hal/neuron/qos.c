// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>

#include "apu/apu_isa.h"
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
	if (options->boostValue > NEURONRUNTIME_BOOSTVALUE_PROFILED ||
	    options->maxBoostValue > NEURONRUNTIME_BOOSTVALUE_MAX ||
	    options->minBoostValue > NEURONRUNTIME_BOOSTVALUE_MAX)
		return neuron_fail(NEURONRUNTIME_BAD_DATA,
				   "QoS: a boost value is above 100: %u, at most %u, at least %u",
				   options->boostValue, options->maxBoostValue,
				   options->minBoostValue);
	return NEURONRUNTIME_NO_ERROR;
}

/* Percent that the clock shall have at least. */
static uint32_t boost_of(const QoSOptions *options)
{
	uint32_t boost = 0;

	if (options->preference == NEURONRUNTIME_HINT_TURBO_BOOST)
		boost = NEURONRUNTIME_BOOSTVALUE_MAX;
	else if (options->preference == NEURONRUNTIME_PREFER_PERFORMANCE &&
		 options->boostValue <= NEURONRUNTIME_BOOSTVALUE_MAX)
		boost = options->boostValue;
	if (boost < options->minBoostValue)
		boost = options->minBoostValue;
	if (options->maxBoostValue && boost > options->maxBoostValue)
		boost = options->maxBoostValue;
	return boost;
}

int neuron_apply_qos(struct apu_session *session, const QoSOptions *options)
{
	struct apu_qos qos = {
		.priority = (enum apu_priority)options->priority,
		.boost = boost_of(options),
		.deadline_us = 1000u * options->deadline,
		.time_limit_us = 1000u * options->abortTime,
	};
	int ret;

	if (options->preference == NEURONRUNTIME_PREFER_POWER ||
	    options->powerPolicy == NEURONRUNTIME_POWER_POLICY_POWER_SAVING)
		qos.flags = APU_QOS_PREFER_POWER;
	/* Beyond the hardware's longest limit there is none. */
	if (qos.time_limit_us > APU_MAX_TIME_LIMIT_US)
		qos.time_limit_us = 0;
	ret = apu_session_set_qos(session, &qos);
	/* A hint: clients ask for it without knowing whether they may have it. */
	if (ret == -EACCES) {
		qos.priority = APU_PRIORITY_NORMAL;
		ret = apu_session_set_qos(session, &qos);
	}
	return neuron_error(ret);
}

/* The clock that the engines had, in percent of the fastest. */
static uint8_t measured_boost(const struct apu_profile *measured, const struct apu_device *dev)
{
	struct apu_device_info info;
	uint64_t percent;

	apu_device_get_info(dev, &info);
	if (!measured->device_ns || !info.max_khz)
		return NEURONRUNTIME_BOOSTVALUE_MAX;
	/* Cycles per ns times 10^6 are kHz. */
	percent = measured->cycles * 100000000 / measured->device_ns / info.max_khz;
	return percent < NEURONRUNTIME_BOOSTVALUE_MAX ? (uint8_t)percent
						      : NEURONRUNTIME_BOOSTVALUE_MAX;
}

int neuron_get_profile(struct apu_request *request, const struct apu_device *dev,
		       struct neuron_profile *profile)
{
	struct apu_profile measured;
	uint64_t bytes = 0;
	unsigned int i;
	int ret = apu_request_get_profile(request, &measured);

	/* Nothing has run, or what ran has failed. */
	if (ret == -EINVAL || ret == -ENOENT)
		return neuron_fail(NEURONRUNTIME_BAD_STATE, "%s", apu_last_error());
	if (ret)
		return neuron_error(ret);
	for (i = 0; i < APU_NUM_ENGINE_CLASSES; i++)
		bytes += measured.engine[i].dram_bytes;
	memset(profile, 0, sizeof(*profile));
	profile->qos.execTime = measured.device_ns / 1000;
	/* Bytes per microsecond are MB/s. */
	if (measured.device_ns)
		profile->qos.bandwidth = (uint32_t)(bytes * 1000 / measured.device_ns);
	profile->boost = measured_boost(&measured, dev);
	profile->qos.boostValue = profile->boost;
	profile->row = &profile->qos;
	profile->count = 1;
	profile->data.qosData = &profile->row;
	profile->data.numSubCmd = &profile->count;
	profile->data.numSubgraph = 1;
	return NEURONRUNTIME_NO_ERROR;
}

void neuron_give_profile(struct neuron_profile *profile, ProfiledQoSData **data, uint8_t *boost)
{
	if (*data)
		**data = profile->data;
	else
		*data = &profile->data;
	*boost = profile->boost;
}

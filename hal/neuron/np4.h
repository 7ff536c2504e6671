/* SPDX-License-Identifier: MIT */
/*
 * Layouts of NeuroPilot 4, as programs built with NEURON_RUNTIME_NP4 pass them.
 */
#ifndef NEURON_NP4_H
#define NEURON_NP4_H

#include "neuron/api/RuntimeAPI.h"

struct np4_qos {
	RuntimeAPIQoSPreference preference;
	RuntimeAPIQoSPriority priority;
	uint8_t boostValue;
	uint16_t deadline;
	uint16_t abortTime;
	ProfiledQoSData *profiledQoSData;
};

struct np4_env {
	uint32_t deviceKind;
	uint32_t MDLACoreOption;
	bool suppressInputConversion;
	bool suppressOutputConversion;
};

static inline void np4_convert_qos(QoSOptions *out, const struct np4_qos *in)
{
	*out = (QoSOptions){
		.preference = in->preference,
		.priority = in->priority,
		.boostValue = in->boostValue,
		.deadline = in->deadline,
		.abortTime = in->abortTime,
		.delayedPowerOffTime = NEURONRUNTIME_POWER_OFF_TIME_DEFAULT,
	};
}

static inline void np4_convert_env(EnvOptions *out, const struct np4_env *in)
{
	*out = (EnvOptions){
		.deviceKind = in->deviceKind,
		.MDLACoreOption = in->MDLACoreOption,
		.suppressInputConversion = in->suppressInputConversion,
		.suppressOutputConversion = in->suppressOutputConversion,
	};
}

#endif

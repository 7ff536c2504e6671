/* SPDX-License-Identifier: MIT */
/*
 * Types of the Neuron Runtime API, versions 1 and 2, as published for client programs.
 * C and C++. The layouts are those of NeuroPilot 5 and newer; with NEURON_RUNTIME_NP4
 * defined before the first inclusion, those of NeuroPilot 4, and the functions that take
 * them are bound to symbols of their own.
 */
#ifndef NEURON_API_TYPES_H
#define NEURON_API_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define NEURON_STATIC_ASSERT(cond, text) static_assert(cond, text)
extern "C" {
#else
#define NEURON_STATIC_ASSERT(cond, text) _Static_assert(cond, text)
#endif

/* What every function that returns int returns. */
typedef enum {
	NEURONRUNTIME_NO_ERROR = 0,
	NEURONRUNTIME_OUT_OF_MEMORY = 1,
	/* A "Single" function on a model with several inputs or outputs. */
	NEURONRUNTIME_INCOMPLETE = 2,
	NEURONRUNTIME_UNEXPECTED_NULL = 3,
	/* An argument, or a model, that is wrong or does not fit this device. */
	NEURONRUNTIME_BAD_DATA = 4,
	NEURONRUNTIME_BAD_STATE = 5,
	/* No device, no permission, a failed inference, or what is not supported. */
	NEURONRUNTIME_RUNTIME_ERROR = 6,
} RuntimeAPIErrorCode;

/* Indices of RuntimeAPIDimensions. The names are short, but what clients use. */
typedef enum {
	N = 0,
	H = 1,
	W = 2,
	C = 3,
	Invalid = 4,
#ifdef NEURON_RUNTIME_NP4
	DimensionSize = Invalid,
#endif
} RuntimeAPIDimIndex;

enum { kDimensionSize = 4 };

/*
 * A shape as N, H, W, C. The first dimension is N, the others are the last of H, W and C;
 * those that the tensor has not are 1: 1 x 64 is {1, 1, 1, 64}. The only dimension of a tensor
 * of rank 1 is C: 64 is {1, 1, 1, 64} too.
 */
typedef struct {
	uint32_t dimensions[kDimensionSize];
} RuntimeAPIDimensions;

typedef enum {
	/* At least the boost value. */
	NEURONRUNTIME_PREFER_PERFORMANCE = 0,
	/* At most the boost value; here: slow, unless others need more. */
	NEURONRUNTIME_PREFER_POWER = 1,
	/* As fast as can be, whatever the boost value. */
	NEURONRUNTIME_HINT_TURBO_BOOST = 2,
} RuntimeAPIQoSPreference;

/* HIGH is MED for a process that the driver does not allow it. */
typedef enum {
	NEURONRUNTIME_PRIORITY_LOW = 0,
	NEURONRUNTIME_PRIORITY_MED = 1,
	NEURONRUNTIME_PRIORITY_HIGH = 2,
} RuntimeAPIQoSPriority;

typedef enum {
	NEURONRUNTIME_BOOSTVALUE_MIN = 0,
	NEURONRUNTIME_BOOSTVALUE_MAX = 100,
	/* What was found by profiling; here, the driver's choice. */
	NEURONRUNTIME_BOOSTVALUE_PROFILED = 101,
} RuntimeAPIQoSBoostValue;

/* POWER_SAVING is like PREFER_POWER; the others make no difference here. */
typedef enum {
	NEURONRUNTIME_POWER_POLICY_DEFAULT = 0,
	NEURONRUNTIME_POWER_POLICY_SUSTAINABLE = 1,
	NEURONRUNTIME_POWER_POLICY_PERFORMANCE = 2,
	NEURONRUNTIME_POWER_POLICY_POWER_SAVING = 3,
} RuntimeAPIQoSPowerPolicy;

typedef enum {
	NEURONRUNTIME_APP_NORMAL = 0,
} RuntimeAPIQoSAppType;

enum { NEURONRUNTIME_POWER_OFF_TIME_DEFAULT = -1 };

/* Of one command. */
typedef struct {
	/* Microseconds. */
	uint64_t execTime;
	/* Milliseconds; 0: none. */
	uint32_t suggestedTime;
	/* MB/s */
	uint32_t bandwidth;
	/*
	 * 0 to 100: the mean clock that the engines had, in percent of the fastest; not the value
	 * of QoSOptions, where 0 is the slowest clock.
	 */
	uint8_t boostValue;
} QoSData;

/* qosData[subgraph][0 to numSubCmd[subgraph] - 1] */
typedef struct {
	QoSData **qosData;
	uint32_t *numSubCmd;
	uint32_t numSubgraph;
} ProfiledQoSData;

#ifndef NEURON_RUNTIME_NP4

typedef struct {
	RuntimeAPIQoSPreference preference;
	RuntimeAPIQoSPriority priority;
	/* 0 to 100, or NEURONRUNTIME_BOOSTVALUE_PROFILED. */
	uint8_t boostValue;
	/* Limits of what preference and boostValue lead to; 0: none. */
	uint8_t maxBoostValue;
	uint8_t minBoostValue;
	/* Milliseconds that an inference should take at most; 0: none. */
	uint16_t deadline;
	/* Milliseconds of device time until an inference is given up; 0: the model's own limit. */
	uint16_t abortTime;
	/* Not used: the driver decides. Milliseconds, or NEURONRUNTIME_POWER_OFF_TIME_DEFAULT. */
	int32_t delayedPowerOffTime;
	RuntimeAPIQoSPowerPolicy powerPolicy;
	/* Not used. */
	RuntimeAPIQoSAppType applicationType;
	/* Not looked at. */
	ProfiledQoSData *profiledQoSData;
} QoSOptions;

#else

typedef struct {
	RuntimeAPIQoSPreference preference;
	RuntimeAPIQoSPriority priority;
	uint8_t boostValue;
	uint16_t deadline;
	uint16_t abortTime;
	ProfiledQoSData *profiledQoSData;
} QoSOptions;

#endif

/*
 * Keys of NeuronRuntimeV2_setQoS(), and a value. Client programs use the names; the numbers have
 * not been published, and are of no account here.
 */
typedef enum {
	NEURONRUNTIME_SYSTEM_SCENARIO_HINT,
	NEURONRUNTIME_SYSTEM_CPU_BOOST,
	NEURONRUNTIME_SYSTEM_DDR_BOOST,
} RuntimeAPISystemQoSKey;

enum { NEURONRUNTIME_SYSTEM_SCENARIO_HINT_PERFORMANCE = 1 };

/* A macro with this text in all implementations: clients define it again. */
#define NON_ION_FD -1

typedef struct {
	/* A dma-buf, or NON_ION_FD for memory of the client. */
	int ionFd;
} BufferAttribute;

typedef struct {
	uint8_t major;
	uint8_t minor;
	uint8_t patch;
} NeuronVersion;

/*
 * An input or output of an inference. Zero it, then set what is needed. C++ clients
 * construct it, as the published header has them do: IOBuffer(buffer, length, fd, offset).
 */
typedef struct IOBuffer {
	/* Memory of the client; not looked at if fd is not -1. */
	void *buffer;
	/* At least the padded size of the tensor. */
	size_t length;
	/* A dma-buf, or -1. */
	int fd;
	/* Both names are in use; where in the dma-buf, a multiple of 8. */
	union {
		int offset;
		int reserved1_should_be_init_zero;
	};
	uint64_t reserved2_should_be_init_zero;
	uint64_t reserved3_should_be_init_zero;

#ifdef __cplusplus
	IOBuffer() = default;
	IOBuffer(void *buffer_, size_t length_, int fd_, int offset_ = 0)
	    : buffer(buffer_), length(length_), fd(fd_), offset(offset_),
	      reserved2_should_be_init_zero(0), reserved3_should_be_init_zero(0)
	{
	}
#endif
} IOBuffer;

NEURON_STATIC_ASSERT(sizeof(RuntimeAPIDimensions) == 16, "layout of RuntimeAPIDimensions");
NEURON_STATIC_ASSERT(sizeof(BufferAttribute) == 4, "layout of BufferAttribute");
NEURON_STATIC_ASSERT(sizeof(NeuronVersion) == 3, "layout of NeuronVersion");

#if UINTPTR_MAX == UINT64_MAX
NEURON_STATIC_ASSERT(sizeof(IOBuffer) == 40, "layout of IOBuffer");
NEURON_STATIC_ASSERT(offsetof(IOBuffer, length) == 8, "layout of IOBuffer");
NEURON_STATIC_ASSERT(offsetof(IOBuffer, fd) == 16, "layout of IOBuffer");
NEURON_STATIC_ASSERT(offsetof(IOBuffer, offset) == 20, "layout of IOBuffer");
NEURON_STATIC_ASSERT(offsetof(IOBuffer, reserved1_should_be_init_zero) == 20, "layout of IOBuffer");
NEURON_STATIC_ASSERT(offsetof(IOBuffer, reserved2_should_be_init_zero) == 24, "layout of IOBuffer");
NEURON_STATIC_ASSERT(sizeof(QoSData) == 24, "layout of QoSData");
NEURON_STATIC_ASSERT(offsetof(QoSData, suggestedTime) == 8, "layout of QoSData");
NEURON_STATIC_ASSERT(offsetof(QoSData, boostValue) == 16, "layout of QoSData");
NEURON_STATIC_ASSERT(sizeof(ProfiledQoSData) == 24, "layout of ProfiledQoSData");
NEURON_STATIC_ASSERT(offsetof(ProfiledQoSData, numSubgraph) == 16, "layout of ProfiledQoSData");
NEURON_STATIC_ASSERT(offsetof(QoSOptions, boostValue) == 8, "layout of QoSOptions");
#ifndef NEURON_RUNTIME_NP4
NEURON_STATIC_ASSERT(sizeof(QoSOptions) == 40, "layout of QoSOptions");
NEURON_STATIC_ASSERT(offsetof(QoSOptions, maxBoostValue) == 9, "layout of QoSOptions");
NEURON_STATIC_ASSERT(offsetof(QoSOptions, minBoostValue) == 10, "layout of QoSOptions");
NEURON_STATIC_ASSERT(offsetof(QoSOptions, deadline) == 12, "layout of QoSOptions");
NEURON_STATIC_ASSERT(offsetof(QoSOptions, abortTime) == 14, "layout of QoSOptions");
NEURON_STATIC_ASSERT(offsetof(QoSOptions, delayedPowerOffTime) == 16, "layout of QoSOptions");
NEURON_STATIC_ASSERT(offsetof(QoSOptions, powerPolicy) == 20, "layout of QoSOptions");
NEURON_STATIC_ASSERT(offsetof(QoSOptions, applicationType) == 24, "layout of QoSOptions");
NEURON_STATIC_ASSERT(offsetof(QoSOptions, profiledQoSData) == 32, "layout of QoSOptions");
#else
NEURON_STATIC_ASSERT(sizeof(QoSOptions) == 24, "layout of QoSOptions");
NEURON_STATIC_ASSERT(offsetof(QoSOptions, deadline) == 10, "layout of QoSOptions");
NEURON_STATIC_ASSERT(offsetof(QoSOptions, abortTime) == 12, "layout of QoSOptions");
NEURON_STATIC_ASSERT(offsetof(QoSOptions, profiledQoSData) == 16, "layout of QoSOptions");
#endif
#endif

#ifdef __cplusplus
}
#endif

#endif

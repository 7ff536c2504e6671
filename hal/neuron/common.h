/* SPDX-License-Identifier: MIT */
/*
 * What versions 1 and 2 of the Neuron Runtime have in common.
 */
#ifndef NEURON_COMMON_H
#define NEURON_COMMON_H

#include "apu/apu.h"
#include "neuron/api/Types.h"

#define NEURON_API __attribute__((visibility("default")))

/* Inputs, or outputs, of a model at most. */
#define NEURON_MAX_IO 12

/* First member of every runtime: tells what a void pointer is. */
struct neuron_handle {
	uint32_t magic;
	/* NULL: none loaded yet. */
	struct apu_model *model;
};

#define NEURON_MAGIC_V1 0x3152654eu
#define NEURON_MAGIC_V2 0x3252654eu

/*
 * Records a text for apu_neuron_error() and returns code; with APU_NEURON_LOG in the
 * environment it is printed to stderr too.
 */
__attribute__((format(printf, 2, 3))) int neuron_fail(int code, const char *fmt, ...);
/* The code for a negative errno of libapu, whose text is there already. */
int neuron_error(int err);
/* The last text, and the negative errno that goes with it. */
const char *neuron_last_error(void);
int neuron_last_errno(void);

/* Calls func and returns its result if the condition is wrong. */
#define NEURON_CHECK_PTR(ptr)                                                                      \
	do {                                                                                       \
		if (!(ptr))                                                                        \
			return neuron_fail(NEURONRUNTIME_UNEXPECTED_NULL, "%s: %s is NULL",        \
					   __func__, #ptr);                                        \
	} while (0)

/* --- options ---------------------------------------------------------------- */

struct neuron_options {
	/* From malloc(); NULL: the first device. */
	char *device;
};

/* text may be NULL. A RuntimeAPIErrorCode; opts->device is the caller's to free. */
int neuron_parse_options(const char *text, struct neuron_options *opts);

/* --- queries ---------------------------------------------------------------- */

/* Is it a runtime of this version? A RuntimeAPIErrorCode. */
int neuron_check(const void *runtime, uint32_t magic);
/*
 * The functions of both versions, which magic tells. They return a RuntimeAPIErrorCode, and
 * check all they are given.
 */
int neuron_tensor(void *runtime, uint32_t magic, bool output, uint64_t handle,
		  struct apu_tensor_info *info);
int neuron_number(void *runtime, uint32_t magic, bool output, size_t *number);
int neuron_rank(void *runtime, uint32_t magic, bool output, uint64_t handle, uint32_t *rank);
int neuron_size(void *runtime, uint32_t magic, bool output, uint64_t handle, size_t *size);
int neuron_padded_size(void *runtime, uint32_t magic, bool output, uint64_t handle, size_t *size);
int neuron_padded_dims(void *runtime, uint32_t magic, bool output, uint64_t handle,
		       RuntimeAPIDimensions *dims);
int neuron_pitch(void *runtime, uint32_t magic, bool output, uint64_t handle, size_t *pitch);
/* No shape is dynamic: an error. */
int neuron_set_shape(void *runtime, uint32_t magic, uint64_t handle);
int neuron_metadata_info(void *runtime, uint32_t magic, const char *key, size_t *size);
int neuron_metadata(void *runtime, uint32_t magic, const char *key, char *data, size_t size);

/* --- inputs and outputs ------------------------------------------------------ */

/*
 * Binds input or output index, which has padded_size bytes in memory, to a descriptor. A
 * RuntimeAPIErrorCode.
 */
int neuron_bind(struct apu_request *request, bool output, unsigned int index, size_t padded_size,
		const IOBuffer *buffer);
/* Copies a tensor between memory without padding and memory with it, which is left as it is. */
void neuron_pad(const struct apu_tensor_info *info, void *padded, const void *plain);
void neuron_strip(const struct apu_tensor_info *info, void *plain, const void *padded);

/* --- QoS -------------------------------------------------------------------- */

/* Gives a session what the options ask for. A RuntimeAPIErrorCode. */
int neuron_check_qos(const QoSOptions *options);
int neuron_apply_qos(struct apu_session *session, const QoSOptions *options);

/* ProfiledQoSData of one command, with what it points to. */
struct neuron_profile {
	ProfiledQoSData data;
	QoSData *row;
	QoSData qos;
	uint32_t count;
	uint8_t boost;
};

/* From the measurements of the request's last inference. A RuntimeAPIErrorCode. */
int neuron_get_profile(struct apu_request *request, const struct apu_device *dev,
		       struct neuron_profile *profile);
/* What the getProfiledQoSData of both versions give. */
void neuron_give_profile(struct neuron_profile *profile, ProfiledQoSData **data, uint8_t *boost);

#endif

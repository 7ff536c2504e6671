// SPDX-License-Identifier: MIT
/*
 * Errors, options and queries.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"

static _Thread_local char last_error[512];
static _Thread_local int last_errno;

static int say(int code)
{
	if (getenv("APU_NEURON_LOG"))
		fprintf(stderr, "neuron runtime: error %d: %s\n", code, last_error);
	return code;
}

int neuron_fail(int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(last_error, sizeof(last_error), fmt, ap);
	va_end(ap);
	last_errno = code == NEURONRUNTIME_OUT_OF_MEMORY ? -ENOMEM : -EINVAL;
	return say(code);
}

int neuron_error(int err)
{
	if (err == 0)
		return NEURONRUNTIME_NO_ERROR;
	snprintf(last_error, sizeof(last_error), "%s", apu_last_error());
	last_errno = err;
	switch (err) {
	case -ENOMEM:
		return say(NEURONRUNTIME_OUT_OF_MEMORY);
	case -ENOEXEC:
	case -EPROTONOSUPPORT:
	case -ENOTSUP:
	case -EINVAL:
		return say(NEURONRUNTIME_BAD_DATA);
	default:
		return say(NEURONRUNTIME_RUNTIME_ERROR);
	}
}

const char *neuron_last_error(void)
{
	return last_error;
}

int neuron_last_errno(void)
{
	return last_errno;
}

/*
 * The next word, at *text, unquoted into word, which has room for all of text. Quotes are
 * those of a shell. 1: a word, 0: the end, -1: a quote is not closed.
 */
static int next_word(const char **text, char *word)
{
	const char *p = *text;
	char quote = 0;

	while (isspace((unsigned char)*p))
		p++;
	if (!*p)
		return 0;
	for (; *p && (quote || !isspace((unsigned char)*p)); p++) {
		if (quote && *p == quote)
			quote = 0;
		else if (!quote && (*p == '"' || *p == '\''))
			quote = *p;
		else if (*p == '\\' && quote != '\'' && p[1])
			*word++ = *++p;
		else
			*word++ = *p;
	}
	*word = '\0';
	*text = p;
	return quote ? -1 : 1;
}

int neuron_parse_options(const char *text, struct neuron_options *opts)
{
	bool want_device = false;
	char *word;
	int ret;

	memset(opts, 0, sizeof(*opts));
	if (!text)
		return NEURONRUNTIME_NO_ERROR;
	word = malloc(strlen(text) + 1);
	if (!word)
		return neuron_fail(NEURONRUNTIME_OUT_OF_MEMORY, "no memory for options");
	while ((ret = next_word(&text, word)) == 1) {
		if (want_device) {
			free(opts->device);
			opts->device = strdup(word);
			if (!opts->device) {
				free(word);
				return neuron_fail(NEURONRUNTIME_OUT_OF_MEMORY,
						   "no memory for options");
			}
		}
		want_device = !want_device && strcmp(word, "--device") == 0;
	}
	free(word);
	if (ret == 0 && !want_device)
		return NEURONRUNTIME_NO_ERROR;
	free(opts->device);
	opts->device = NULL;
	return neuron_fail(NEURONRUNTIME_BAD_DATA, "options: %s",
			   ret ? "a quote is not closed" : "--device wants a node");
}

int neuron_check(const void *runtime, uint32_t magic)
{
	const struct neuron_handle *rt = runtime;

	NEURON_CHECK_PTR(runtime);
	if (rt->magic != magic)
		return neuron_fail(NEURONRUNTIME_BAD_DATA, "this is no runtime of version %d",
				   magic == NEURON_MAGIC_V1 ? 1 : 2);
	return NEURONRUNTIME_NO_ERROR;
}

/* Is it, with a network? */
static int check_loaded(void *runtime, uint32_t magic, const struct apu_model **model)
{
	const struct neuron_handle *rt = runtime;
	int ret = neuron_check(runtime, magic);

	*model = ret ? NULL : rt->model;
	if (!ret && !*model)
		return neuron_fail(NEURONRUNTIME_BAD_STATE, "no network is loaded");
	return ret;
}

int neuron_tensor(void *runtime, uint32_t magic, bool output, uint64_t handle,
		  struct apu_tensor_info *info)
{
	/* Not a valid index, but one that no larger handle is mistaken for. */
	unsigned int index = handle > NEURON_MAX_IO ? NEURON_MAX_IO : (unsigned int)handle;
	const struct apu_model *model;
	int ret = check_loaded(runtime, magic, &model);

	if (ret)
		return ret;
	return neuron_error(output ? apu_model_get_output(model, index, info)
				   : apu_model_get_input(model, index, info));
}

int neuron_number(void *runtime, uint32_t magic, bool output, size_t *number)
{
	const struct apu_model *model;
	struct apu_model_info info;
	int ret = check_loaded(runtime, magic, &model);

	if (ret)
		return ret;
	NEURON_CHECK_PTR(number);
	apu_model_get_info(model, &info);
	*number = output ? info.num_outputs : info.num_inputs;
	return NEURONRUNTIME_NO_ERROR;
}

int neuron_rank(void *runtime, uint32_t magic, bool output, uint64_t handle, uint32_t *rank)
{
	struct apu_tensor_info info;
	int ret;

	NEURON_CHECK_PTR(rank);
	ret = neuron_tensor(runtime, magic, output, handle, &info);
	if (!ret)
		*rank = info.rank;
	return ret;
}

int neuron_size(void *runtime, uint32_t magic, bool output, uint64_t handle, size_t *size)
{
	struct apu_tensor_info info;
	int ret;

	NEURON_CHECK_PTR(size);
	ret = neuron_tensor(runtime, magic, output, handle, &info);
	if (!ret)
		*size = info.size;
	return ret;
}

int neuron_padded_size(void *runtime, uint32_t magic, bool output, uint64_t handle, size_t *size)
{
	struct apu_tensor_info info;
	int ret;

	NEURON_CHECK_PTR(size);
	ret = neuron_tensor(runtime, magic, output, handle, &info);
	if (!ret)
		*size = info.padded_size;
	return ret;
}

int neuron_padded_dims(void *runtime, uint32_t magic, bool output, uint64_t handle,
		       RuntimeAPIDimensions *dims)
{
	struct apu_tensor_info info;
	uint32_t i;
	int ret;

	NEURON_CHECK_PTR(dims);
	ret = neuron_tensor(runtime, magic, output, handle, &info);
	if (ret)
		return ret;
	if (info.rank > kDimensionSize)
		return neuron_fail(NEURONRUNTIME_BAD_DATA, "%s %llu has %u dimensions, not 4",
				   output ? "output" : "input", (unsigned long long)handle,
				   info.rank);
	for (i = 0; i < kDimensionSize; i++)
		dims->dimensions[i] = 1;
	for (i = 0; i < info.rank; i++)
		dims->dimensions[kDimensionSize - info.rank + i] = info.padded_dims[i];
	if (info.rank > 1 && info.rank < kDimensionSize) {
		dims->dimensions[kDimensionSize - info.rank] = 1;
		dims->dimensions[N] = info.padded_dims[0];
	}
	return ret;
}

int neuron_pitch(void *runtime, uint32_t magic, bool output, uint64_t handle, size_t *pitch)
{
	struct apu_tensor_info info;
	int ret;

	NEURON_CHECK_PTR(pitch);
	ret = neuron_tensor(runtime, magic, output, handle, &info);
	if (!ret)
		*pitch = apu_type_size(info.type) *
			 (info.rank ? info.padded_dims[info.rank - 1] : 1);
	return ret;
}

int neuron_set_shape(void *runtime, uint32_t magic, uint64_t handle)
{
	struct apu_tensor_info info;
	int ret = neuron_tensor(runtime, magic, false, handle, &info);

	if (ret)
		return ret;
	return neuron_fail(NEURONRUNTIME_RUNTIME_ERROR,
			   "the shape of input %llu is fixed: the model has no dynamic shapes",
			   (unsigned long long)handle);
}

static int find_metadata(void *runtime, uint32_t magic, const char *key, const char **value)
{
	const struct apu_model *model;
	int ret = check_loaded(runtime, magic, &model);

	*value = NULL;
	if (ret)
		return ret;
	NEURON_CHECK_PTR(key);
	*value = apu_model_get_metadata(model, key);
	return NEURONRUNTIME_NO_ERROR;
}

int neuron_metadata_info(void *runtime, uint32_t magic, const char *key, size_t *size)
{
	const char *value;
	int ret;

	NEURON_CHECK_PTR(size);
	ret = find_metadata(runtime, magic, key, &value);
	if (!ret)
		*size = value ? strlen(value) : 0;
	return ret;
}

int neuron_metadata(void *runtime, uint32_t magic, const char *key, char *data, size_t size)
{
	const char *value;
	size_t length;
	int ret;

	NEURON_CHECK_PTR(data);
	ret = find_metadata(runtime, magic, key, &value);
	if (ret)
		return ret;
	if (!value)
		return neuron_fail(NEURONRUNTIME_BAD_DATA, "the model has no metadata '%s'", key);
	length = strnlen(value, size);
	memcpy(data, value, length);
	memset(data + length, 0, size - length);
	return NEURONRUNTIME_NO_ERROR;
}

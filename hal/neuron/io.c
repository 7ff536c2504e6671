// SPDX-License-Identifier: MIT
#include <string.h>

#include "common.h"

int neuron_bind(struct apu_request *request, bool output, unsigned int index, size_t padded_size,
		const IOBuffer *buffer)
{
	const char *kind = output ? "output" : "input";
	int ret;

	if (buffer->length < padded_size)
		return neuron_fail(NEURONRUNTIME_BAD_DATA,
				   "%s %u has %zu bytes, the model wants %zu", kind, index,
				   buffer->length, padded_size);
	if (buffer->fd >= 0) {
		size_t offset = (size_t)buffer->offset;

		if (buffer->offset < 0)
			return neuron_fail(NEURONRUNTIME_BAD_DATA, "%s %u: offset %d", kind, index,
					   buffer->offset);
		ret = output ? apu_request_bind_output_fd(request, index, buffer->fd, offset,
							  padded_size)
			     : apu_request_bind_input_fd(request, index, buffer->fd, offset,
							 padded_size);
		return neuron_error(ret);
	}
	if (!buffer->buffer)
		return neuron_fail(NEURONRUNTIME_UNEXPECTED_NULL, "%s %u is NULL", kind, index);
	ret = output ? apu_request_bind_output(request, index, buffer->buffer, padded_size)
		     : apu_request_bind_input(request, index, buffer->buffer, padded_size);
	return neuron_error(ret);
}

/*
 * Row by row: index counts through all dimensions but the innermost; where a row is in padded
 * memory follows from it.
 */
static void copy_rows(const struct apu_tensor_info *info, uint8_t *padded, uint8_t *plain,
		      bool strip)
{
	size_t element = apu_type_size(info->type);
	uint32_t last = info->rank ? info->rank - 1 : 0;
	size_t row = element * (info->rank ? info->dims[last] : 1);
	uint32_t index[APU_MAX_RANK] = {0};
	size_t done;

	for (done = 0; done < info->size; done += row) {
		size_t at = 0;
		uint32_t i;

		for (i = 0; i < info->rank; i++)
			at = at * info->padded_dims[i] + index[i];
		if (strip)
			memcpy(plain + done, padded + at * element, row);
		else
			memcpy(padded + at * element, plain + done, row);
		for (i = last; i-- > 0;) {
			if (++index[i] < info->dims[i])
				break;
			index[i] = 0;
		}
	}
}

void neuron_pad(const struct apu_tensor_info *info, void *padded, const void *plain)
{
	copy_rows(info, padded, (void *)(uintptr_t)plain, false);
}

void neuron_strip(const struct apu_tensor_info *info, void *plain, const void *padded)
{
	copy_rows(info, (void *)(uintptr_t)padded, plain, true);
}

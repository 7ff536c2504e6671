// SPDX-License-Identifier: MIT
/*
 * libFuzzer's target: an arbitrary file through the loader, and, if the loader takes it, through
 * all that follows before anything runs.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "apu/apu.h"
#include "apu/apu_isa.h"
#include "fake_kmd.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every byte that a tensor's description leads to. */
static uint64_t read_tensor(const struct apu_tensor_info *t)
{
	uint64_t sum = strlen(t->name) + t->size + t->padded_size;
	uint32_t i;

	for (i = 0; i < t->rank; i++)
		sum += t->dims[i] + t->padded_dims[i];
	for (i = 0; i < t->num_quant; i++)
		sum += (uint64_t)t->quant[i].zero_point + (t->quant[i].scale > 1);
	return sum;
}

static uint64_t read_model(const struct apu_model *model)
{
	struct apu_tensor_info tensor;
	struct apu_model_info info;
	uint64_t sum;
	uint32_t i;

	apu_model_get_info(model, &info);
	sum = strlen(info.compiler);
	for (i = 0; apu_model_get_input(model, i, &tensor) == 0; i++)
		sum += read_tensor(&tensor);
	if (i != info.num_inputs)
		abort();
	for (i = 0; apu_model_get_output(model, i, &tensor) == 0; i++)
		sum += read_tensor(&tensor);
	if (i != info.num_outputs)
		abort();
	return sum + (apu_model_get_metadata(model, "author") != NULL) +
	       (apu_model_get_metadata(model, "") != NULL);
}

/* Small enough that the fake, which gives real memory for all, has it. */
static int is_small(const struct apu_model *model)
{
	struct apu_tensor_info tensor;
	struct apu_model_info info;
	uint64_t bytes;
	uint32_t i;

	apu_model_get_info(model, &info);
	bytes = info.temp_bytes;
	for (i = 0; apu_model_get_input(model, i, &tensor) == 0; i++)
		bytes += tensor.padded_size;
	for (i = 0; apu_model_get_output(model, i, &tensor) == 0; i++)
		bytes += tensor.padded_size;
	return bytes < 1 << 20;
}

static void make_ready(struct apu_model *model)
{
	struct apu_session *session;
	struct apu_request *request;
	struct apu_memory memory;
	struct apu_device *dev;

	fake_reset();
	memset(fake.info.num_engines, 0xff, sizeof(fake.info.num_engines));
	fake.info.l1_kib = UINT32_MAX;
	if (apu_device_open(FAKE_NODE, &dev))
		abort();
	if (apu_session_create(dev, model, APU_PRIORITY_NORMAL, &session) == 0) {
		if (apu_request_create(session, &request) == 0) {
			/* Nothing is bound. */
			if (apu_request_submit(request) == 0)
				abort();
			apu_request_release(request);
		}
		apu_session_get_memory(session, &memory);
		apu_session_release(session);
	}
	apu_device_close(dev);
	if (fake.live_bos || fake.live_mappings || fake.live_contexts || fake.live_syncobjs)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static volatile uint64_t sink;
	struct apu_model *model;

	if (size == 0)
		return -1;
	if (apu_model_load_memory(data + 1, size - 1, &model)) {
		if (!*apu_last_error())
			abort();
		return 0;
	}
	sink = read_model(model);
	if ((data[0] & 1) && is_small(model))
		make_ready(model);
	apu_model_release(model);
	return 0;
}

// SPDX-License-Identifier: MIT
#include "neuron_util.h"

#include "apu/apu_isa.h"

uint8_t *small_model(size_t *size)
{
	struct dla_spec spec;

	spec_init(&spec, 4096);
	return spec_write(&spec, size);
}

uint8_t *padded_model(size_t *size)
{
	struct dla_spec spec;
	unsigned int i;

	spec_init(&spec, 0);
	for (i = 0; i < 2; i++) {
		struct dla_tensor *t = &spec.tensors[i];

		t->dims[0] = t->padded_dims[0] = 3;
		t->dims[1] = 5;
		t->padded_dims[1] = 8;
		t->size = 15;
		t->padded_size = 24;
	}
	spec.text_size = 0;
	spec_add_copy(&spec, APU_REGION_IO + 1, APU_REGION_IO, 24);
	spec.streams[0].text_bytes = spec.text_size;
	return spec_write(&spec, size);
}

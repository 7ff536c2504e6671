// SPDX-License-Identifier: MIT
/*
 * make-dla [--face|--newer|--two] FILE: writes the sound model of dla_builder, for tests of the
 * tools; with --face one with the inputs and outputs, but nothing else, of the face detection
 * network; with --newer one for newer hardware; with --two one with two inputs, of 64 and 32
 * bytes, each of which is copied to the output with its handle.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apu/apu_isa.h"
#include "dla_builder.h"

static void set_shape(struct dla_tensor *t, uint32_t rank, const uint32_t *dims)
{
	uint64_t bytes = sizeof(float);
	uint32_t i;

	for (i = 0; i < rank; i++) {
		t->dims[i] = t->padded_dims[i] = dims[i];
		bytes *= dims[i];
	}
	t->rank = rank;
	t->dtype = APU_DTYPE_F32;
	t->size = t->padded_size = bytes;
	t->first_quant = t->num_quant = 0;
}

static void make_face(struct dla_spec *spec)
{
	spec->info.num_outputs = 2;
	spec->num_tensors = 3;
	spec->tensors[2] = spec->tensors[1];
	spec->tensors[2].region++;
	set_shape(&spec->tensors[0], 4, (const uint32_t[]){1, 128, 128, 3});
	/* Not in the order that the compiler has. */
	set_shape(&spec->tensors[1], 3, (const uint32_t[]){1, 896, 1});
	set_shape(&spec->tensors[2], 3, (const uint32_t[]){1, 896, 16});
}

static void make_two(struct dla_spec *spec)
{
	uint32_t i;

	spec->info.num_inputs = spec->info.num_outputs = 2;
	spec->num_tensors = 4;
	spec->tensors[2] = spec->tensors[3] = spec->tensors[1];
	spec->tensors[1] = spec->tensors[0];
	spec->text_size = 0;
	for (i = 0; i < 4; i++) {
		struct dla_tensor *t = &spec->tensors[i];

		t->region = APU_REGION_IO + i;
		t->size = t->padded_size = t->dims[1] = t->padded_dims[1] = i % 2 ? 32 : 64;
		if (i >= 2)
			spec_add_copy(spec, t->region, t->region - 2, t->dims[1]);
	}
	memcpy(spec->text + spec->text_size, &(struct apu_cmd_header){APU_OP_END, 0, 1, 0}, 8);
	spec->text_size += 8;
	spec->streams[0].text_bytes = spec->text_size;
}

int main(int argc, char **argv)
{
	struct dla_spec spec;
	uint8_t *data;
	size_t size;
	FILE *file;

	spec_init(&spec, 4096);
	if (argc == 3 && strcmp(argv[1], "--face") == 0)
		make_face(&spec);
	else if (argc == 3 && strcmp(argv[1], "--newer") == 0)
		spec.info.hw_version++;
	else if (argc == 3 && strcmp(argv[1], "--two") == 0)
		make_two(&spec);
	else if (argc != 2)
		return 1;
	argv += argc - 2;
	data = spec_write(&spec, &size);
	file = fopen(argv[1], "wb");
	if (!file || fwrite(data, size, 1, file) != 1 || fclose(file)) {
		perror(argv[1]);
		return 1;
	}
	free(data);
	return 0;
}

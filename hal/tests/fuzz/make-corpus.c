// SPDX-License-Identifier: MIT
/*
 * make-corpus DIRECTORY: writes the fuzzer's seeds: sound models of several kinds, and two that are
 * not, so that the fuzzer knows of what the loader looks at.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apu/apu_isa.h"
#include "dla_builder.h"

static void write_seed(const char *dir, const char *name, const struct dla_spec *spec)
{
	char path[512];
	size_t size;
	uint8_t *data = spec_write(spec, &size);
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s.bin", dir, name);
	file = fopen(path, "wb");
	/* The choice: make it ready on a device. */
	if (!file || fputc(1, file) == EOF || fwrite(data, size, 1, file) != 1 || fclose(file)) {
		perror(path);
		exit(1);
	}
	free(data);
}

int main(int argc, char **argv)
{
	struct dla_spec spec;

	if (argc != 2)
		return 1;
	spec_init(&spec, 4096);
	write_seed(argv[1], "plain", &spec);

	spec_init(&spec, 0);
	spec.static_size = 0;
	spec.meta_size = 0;
	spec.num_quants = 0;
	spec.tensors[0].num_quant = spec.tensors[1].num_quant = 0;
	spec.tensors[1].first_quant = 0;
	write_seed(argv[1], "no-optional-sections", &spec);

	spec_init(&spec, 4096);
	spec.num_jobs = 3;
	spec.jobs[1] = spec.jobs[2] = spec.jobs[0];
	spec.jobs[1].time_limit_us = 77;
	spec.jobs[2].after = 3;
	write_seed(argv[1], "jobs", &spec);

	spec_init(&spec, 4096);
	spec.info.num_engines[APU_ENGINE_CLASS_MVPU] = 1;
	spec.streams[1] = spec.streams[0];
	spec.streams[1].engine_class = APU_ENGINE_CLASS_MVPU;
	spec.num_streams = spec.jobs[0].num_streams = 2;
	write_seed(argv[1], "mvpu", &spec);

	spec_init(&spec, 0);
	spec.tensors[0].dims[0] = spec.tensors[0].padded_dims[0] = 8;
	spec.tensors[0].dims[1] = 2;
	spec.tensors[0].padded_dims[1] = 4;
	spec.tensors[0].size = 16;
	spec.tensors[0].padded_size = 32;
	spec.num_quants = 3;
	spec.quants[2] = spec.quants[1];
	spec.tensors[0].num_quant = 2;
	spec.tensors[0].quant_dim = 1;
	write_seed(argv[1], "padded-per-channel", &spec);

	spec_init(&spec, 0);
	spec.info.version_major++;
	write_seed(argv[1], "other-version", &spec);

	spec_init(&spec, 0);
	spec.jobs[0].after = 1;
	write_seed(argv[1], "depends-on-itself", &spec);
	return 0;
}

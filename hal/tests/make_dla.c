// SPDX-License-Identifier: MIT
/*
 * make-dla FILE: writes the sound model of dla_builder, for tests of the tools.
 */
#include <stdio.h>
#include <stdlib.h>

#include "dla_builder.h"

int main(int argc, char **argv)
{
	struct dla_spec spec;
	uint8_t *data;
	size_t size;
	FILE *file;

	if (argc != 2)
		return 1;
	spec_init(&spec, 4096);
	data = spec_write(&spec, &size);
	file = fopen(argv[1], "wb");
	if (!file || fwrite(data, size, 1, file) != 1 || fclose(file)) {
		perror(argv[1]);
		return 1;
	}
	free(data);
	return 0;
}

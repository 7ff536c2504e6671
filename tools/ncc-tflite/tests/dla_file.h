/* SPDX-License-Identifier: MIT */
/* Reads a .dla file that the compiler has just written; for tests, so it trusts the file. */
#ifndef DLA_FILE_H
#define DLA_FILE_H

#include <stddef.h>
#include <stdint.h>
#include "apu/dla.h"

struct dla_file {
	uint8_t *data;
	size_t size;
	struct dla_info info;
	const struct dla_job *job;
	const struct dla_stream *streams;
	uint8_t *text, *statics;
	const uint8_t *state;
	uint64_t text_bytes, static_bytes;
	const struct dla_tensor *io;
	const char *strtab;
};

void *load_file(const char *name, size_t *size);
void dla_load(struct dla_file *f, const char *name);

#endif

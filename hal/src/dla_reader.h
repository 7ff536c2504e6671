/* SPDX-License-Identifier: MIT */
/*
 * Reads a .dla container (apu/dla.h) into typed, checked tables. What it
 * returns can be used without further checks; commands are not looked into.
 */
#ifndef APU_DLA_READER_H
#define APU_DLA_READER_H

#include <stddef.h>
#include <stdint.h>

#include "apu/dla.h"

/* Longest file that is read; far beyond any model for this hardware. */
#define DLA_MAX_FILE_BYTES (1ull << 30)

struct dla_file {
	/* All pointers point into the file's contents. */
	const struct dla_info *info;
	const struct dla_job *jobs;
	unsigned int num_jobs;
	const struct dla_stream *streams;
	unsigned int num_streams;
	/* Inputs, then outputs. */
	const struct dla_tensor *tensors;
	unsigned int num_tensors;
	const struct dla_quant *quants;
	size_t num_quants;
	const uint8_t *text;
	size_t text_size;
	/* NULL and 0 if there are no constants. */
	const uint8_t *statics;
	size_t static_size;
	/* First contents of the start of temporary memory, info->state_size; NULL if 0. */
	const uint8_t *state;
	const char *strtab;
	/* "key\0value\0" pairs, complete; NULL and 0 if none. */
	const char *meta;
	size_t meta_size;
};

/*
 * Checks all of a file's contents (8-byte aligned; must outlive dla). 0, -ENOEXEC
 * or -EPROTONOSUPPORT with an error text.
 */
int dla_read(struct dla_file *dla, const void *data, size_t size);

/*
 * Reads a whole file from offset 0 into memory from malloc(). name is for error texts.
 * 0, -ENOEXEC if it is empty or too long, -ENOMEM, or the error of read().
 */
int dla_load_fd(int fd, const char *name, void **data, size_t *size);

#endif

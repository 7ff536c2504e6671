/* SPDX-License-Identifier: MIT */
/*
 * Writes .dla files for tests: sound ones, and, after changes to the tables, bad ones.
 */
#ifndef APU_TESTS_DLA_BUILDER_H
#define APU_TESTS_DLA_BUILDER_H

#include <stddef.h>
#include <stdint.h>

#include "apu/dla.h"

#define SPEC_MAX 8

struct dla_spec {
	struct dla_info info;
	struct dla_job jobs[SPEC_MAX];
	unsigned int num_jobs;
	struct dla_stream streams[SPEC_MAX];
	unsigned int num_streams;
	struct dla_tensor tensors[SPEC_MAX];
	unsigned int num_tensors;
	struct dla_quant quants[SPEC_MAX];
	unsigned int num_quants;
	uint8_t text[4096];
	size_t text_size;
	uint8_t statics[256];
	size_t static_size;
	uint8_t state[64]; /* info.state_size bytes of it */
	char strtab[128];
	size_t strtab_size;
	char meta[128];
	size_t meta_size;
};

/*
 * A sound model: input "in" and output "out", int8 1 x 64; one job with one eDMA stream that
 * copies in to out, through temporary memory if temp is not 0.
 */
void spec_init(struct dla_spec *spec, uint64_t temp);
/* A sound model that gives out what came in one inference before; at first, spec->state. */
void spec_init_delay(struct dla_spec *spec);
/* Adds COPY of bytes between two regions, each at offset 0, to the text. */
void spec_add_copy(struct dla_spec *spec, unsigned int dst, unsigned int src, uint32_t bytes);
/* The file, from malloc(). */
uint8_t *spec_write(const struct dla_spec *spec, size_t *size);

#endif

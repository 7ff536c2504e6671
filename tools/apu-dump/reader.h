/* SPDX-License-Identifier: MIT */
#ifndef APU_DUMP_READER_H
#define APU_DUMP_READER_H

#include <drm/apu_dump.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "apu/apu_isa.h"

#define DUMP_MAX_TEXTS 32

/* A window of commands. */
struct dump_text {
	const struct apu_dump_text *head;
	const uint8_t *bytes;
};

/* A dump that has been checked; everything points into the caller's buffer. */
struct dump {
	const struct apu_dump_header *header;
	const struct apu_dump_job *job;
	const struct apu_job_completion *record;
	const struct apu_dump_reg *regs;
	size_t num_regs;
	const struct apu_dump_slot *slots;
	size_t num_slots;
	const struct apu_dump_mapping *mappings;
	size_t num_mappings;
	struct dump_text texts[DUMP_MAX_TEXTS];
	size_t num_texts;
};

/*
 * Finds out what is in a dump, which must be aligned to 8 bytes. NULL, or what is wrong with it.
 */
const char *dump_read(struct dump *dump, const void *data, size_t bytes);

#endif

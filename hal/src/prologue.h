/* SPDX-License-Identifier: MIT */
/*
 * The commands that the library writes: what sets the regions of a stream and calls
 * the compiled text.
 */
#ifndef APU_PROLOGUE_H
#define APU_PROLOGUE_H

#include <stddef.h>
#include <stdint.h>

#include "apu/apu_isa.h"

struct prologue_region {
	uint64_t base;
	/* 0: the region is not set. */
	uint64_t size;
};

/* Bytes that prologue_write() needs at most. */
#define PROLOGUE_MAX_BYTES                                                                         \
	((APU_NUM_REGIONS - 1) * sizeof(struct apu_cmd_set_region) + sizeof(struct apu_cmd_call) + \
	 sizeof(struct apu_cmd_header))

/*
 * Writes SET_REGION for regions 1 to APU_NUM_REGIONS - 1, CALL {TEXT, offset, bytes}
 * and END to out (8-byte aligned, PROLOGUE_MAX_BYTES); returns the bytes written. The
 * length depends only on which regions have a size.
 */
size_t prologue_write(void *out, const struct prologue_region regions[APU_NUM_REGIONS],
		      uint64_t text_offset, uint64_t text_bytes);

#endif

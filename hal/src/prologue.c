// SPDX-License-Identifier: MIT
#include "prologue.h"

size_t prologue_write(void *out, const struct prologue_region regions[APU_NUM_REGIONS],
		      uint64_t text_offset, uint64_t text_bytes)
{
	struct apu_cmd_set_region *set = out;
	struct apu_cmd_header *end;
	struct apu_cmd_call *call;
	unsigned int i;

	for (i = 1; i < APU_NUM_REGIONS; i++) {
		if (regions[i].size == 0)
			continue;
		*set++ = (struct apu_cmd_set_region){
			.hdr = {.opcode = APU_OP_SET_REGION, .words = sizeof(*set) / 8, .imm = i},
			.base = regions[i].base,
			.size = regions[i].size,
		};
	}
	call = (void *)set;
	*call++ = (struct apu_cmd_call){
		.hdr = {.opcode = APU_OP_CALL, .words = sizeof(*call) / 8},
		.text = (uint64_t)APU_REGION_TEXT << APU_REF_REGION_SHIFT | text_offset,
		.bytes = text_bytes,
	};
	end = (void *)call;
	*end++ = (struct apu_cmd_header){.opcode = APU_OP_END, .words = 1};
	return (size_t)((uint8_t *)end - (uint8_t *)out);
}

// SPDX-License-Identifier: MIT
/*
 * Names of the registers that the driver puts into a dump.
 */
#include <stddef.h>

#include "registers.h"

struct reg {
	uint32_t offset;
	const char *name;
};

static const struct reg top_regs[] = {
	{0x000, "ID"},		 {0x004, "VERSION"},	   {0x008, "CAPS"},
	{0x010, "L1_KIB"},	 {0x028, "ENGINE_ENABLE"}, {0x02c, "ENGINE_BUSY"},
	{0x030, "IRQ_RAW"},	 {0x034, "IRQ_MASK"},	   {0x044, "SLOT_ACTIVE"},
	{0x048, "SLOT_RUNNING"}, {0x054, "ECC_CORRECTED"}, {0x214, "MMU_STATUS"},
};

static const struct reg engine_regs[] = {
	{0x000, "ID"},	      {0x004, "VERSION"},   {0x008, "STATUS"},	  {0x010, "CYCLES_LO"},
	{0x014, "CYCLES_HI"}, {0x018, "CMD_VA_LO"}, {0x01c, "CMD_VA_HI"},
};

const char *register_name(bool top, uint32_t offset)
{
	const struct reg *regs = top ? top_regs : engine_regs;
	size_t num = top ? sizeof(top_regs) / sizeof(top_regs[0])
			 : sizeof(engine_regs) / sizeof(engine_regs[0]);
	size_t i;

	for (i = 0; i < num; i++) {
		if (regs[i].offset == offset)
			return regs[i].name;
	}
	return NULL;
}

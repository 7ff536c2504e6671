/* SPDX-License-Identifier: MIT */
#ifndef APU_DUMP_REGISTERS_H
#define APU_DUMP_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

/* Name of a register of TOP, or of an engine, as in Documentation/hardware; NULL if there is none.
 */
const char *register_name(bool top, uint32_t offset);

#endif

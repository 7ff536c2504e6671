/* SPDX-License-Identifier: MIT */
#ifndef DLA_DUMP_DISASM_H
#define DLA_DUMP_DISASM_H

#include <stddef.h>
#include <stdint.h>

/*
 * Prints the commands of a stream, one per line, with their offsets. Stops at a command
 * whose length is wrong. num_inputs gives inputs and outputs their names. The number
 * of commands that are not as the specification has them.
 */
unsigned int disassemble(const uint8_t *text, size_t bytes, unsigned int engine_class,
			 unsigned int num_inputs);

#endif

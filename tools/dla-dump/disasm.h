/* SPDX-License-Identifier: MIT */
#ifndef DLA_DUMP_DISASM_H
#define DLA_DUMP_DISASM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Prints the commands of a stream, one per line, with their offsets. Stops at a command
 * whose length is wrong. num_inputs gives inputs and outputs their names. The number
 * of commands that are not as the specification has them.
 */
unsigned int disassemble(const uint8_t *text, size_t bytes, unsigned int engine_class,
			 unsigned int num_inputs);

/* For num_inputs: what is input and what output is not known, print numbers of regions. */
#define DISASM_REGIONS 16

/*
 * Prints one command as disassemble() does, without offset, and has *good say whether it is as
 * specified. Its length in bytes; zero if that is wrong, and nothing can be said of what follows.
 */
size_t disassemble_one(const uint8_t *text, size_t bytes, unsigned int engine_class,
		       unsigned int num_inputs, bool *good);

/* The same without printing: the length of a command that there is, zero for anything else. */
size_t disasm_length(const uint8_t *text, size_t bytes);

#endif

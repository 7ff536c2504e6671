/* SPDX-License-Identifier: MIT */
/*
 * Finds sections of an ELF64 file in memory. No field is trusted.
 */
#ifndef APU_ELF_READER_H
#define APU_ELF_READER_H

#include <stddef.h>
#include <stdint.h>

struct elf_file {
	/* The whole file, 8-byte aligned. */
	const uint8_t *data;
	size_t size;
	/* Offset and number of section headers; the string table they use. */
	size_t shoff;
	unsigned int shnum;
	size_t names_offset;
	size_t names_size;
};

struct elf_section {
	/* NULL if the file has no such section. */
	const uint8_t *data;
	size_t size;
};

/*
 * Checks the ELF header and all section headers. data must be 8-byte aligned and outlive
 * elf. 0 or -ENOEXEC with an error text.
 */
int elf_open(struct elf_file *elf, const void *data, size_t size);

/*
 * The section of a name, which must have the type and an offset that is a multiple of
 * align (a power of two). An absent one is no error: sec->data is NULL. -ENOEXEC
 * if it is of another type, misaligned or there twice.
 */
int elf_find(const struct elf_file *elf, const char *name, uint32_t type, size_t align,
	     struct elf_section *sec);

#endif

// SPDX-License-Identifier: MIT
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "elf_reader.h"
#include "error.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "a .dla file is little endian and is read in place"
#endif

/* More than any compiler writes; keeps the search for a name short. */
#define MAX_SECTIONS 1024

static int in_file(const struct elf_file *elf, uint64_t offset, uint64_t size)
{
	return offset <= elf->size && size <= elf->size - offset;
}

static void get_section(const struct elf_file *elf, unsigned int index, Elf64_Shdr *shdr)
{
	memcpy(shdr, elf->data + elf->shoff + index * sizeof(*shdr), sizeof(*shdr));
}

static int check_sections(struct elf_file *elf)
{
	Elf64_Shdr shdr;
	unsigned int i;

	for (i = 0; i < elf->shnum; i++) {
		get_section(elf, i, &shdr);
		if (shdr.sh_type == SHT_NULL || shdr.sh_type == SHT_NOBITS)
			continue;
		if (!in_file(elf, shdr.sh_offset, shdr.sh_size))
			return apu_fail(
				-ENOEXEC,
				"bad model: section %u reaches beyond the file (truncated?)", i);
		if (shdr.sh_name >= elf->names_size)
			return apu_fail(-ENOEXEC, "bad model: section %u has no name", i);
	}
	return 0;
}

int elf_open(struct elf_file *elf, const void *data, size_t size)
{
	Elf64_Ehdr ehdr;
	Elf64_Shdr shdr;

	memset(elf, 0, sizeof(*elf));
	elf->data = data;
	elf->size = size;
	if (size < SELFMAG || memcmp(data, ELFMAG, SELFMAG) != 0)
		return apu_fail(-ENOEXEC, "bad model: not a .dla file (no ELF header)");
	if (size < sizeof(ehdr))
		return apu_fail(-ENOEXEC, "bad model: truncated ELF header");
	memcpy(&ehdr, data, sizeof(ehdr));
	if (ehdr.e_ident[EI_CLASS] != ELFCLASS64 || ehdr.e_ident[EI_DATA] != ELFDATA2LSB ||
	    ehdr.e_ident[EI_VERSION] != EV_CURRENT || ehdr.e_version != EV_CURRENT ||
	    ehdr.e_ehsize != sizeof(ehdr))
		return apu_fail(-ENOEXEC, "bad model: not a little-endian ELF64 file");
	if (ehdr.e_type != ET_DYN || ehdr.e_machine != EM_NONE || ehdr.e_phnum != 0)
		return apu_fail(-ENOEXEC, "bad model: an ELF file, but not a .dla file");
	if (ehdr.e_shnum == 0 || ehdr.e_shnum > MAX_SECTIONS ||
	    ehdr.e_shentsize != sizeof(Elf64_Shdr))
		return apu_fail(-ENOEXEC, "bad model: bad section headers");
	if (!in_file(elf, ehdr.e_shoff, (uint64_t)ehdr.e_shnum * sizeof(Elf64_Shdr)))
		return apu_fail(-ENOEXEC,
				"bad model: section headers are beyond the file (truncated?)");
	if (ehdr.e_shstrndx >= ehdr.e_shnum)
		return apu_fail(-ENOEXEC, "bad model: no section names");
	elf->shoff = ehdr.e_shoff;
	elf->shnum = ehdr.e_shnum;

	get_section(elf, ehdr.e_shstrndx, &shdr);
	if (shdr.sh_type != SHT_STRTAB || !in_file(elf, shdr.sh_offset, shdr.sh_size) ||
	    shdr.sh_size == 0 || elf->data[shdr.sh_offset + shdr.sh_size - 1] != '\0')
		return apu_fail(-ENOEXEC, "bad model: bad section names");
	elf->names_offset = shdr.sh_offset;
	elf->names_size = shdr.sh_size;
	return check_sections(elf);
}

int elf_find(const struct elf_file *elf, const char *name, uint32_t type, size_t align,
	     struct elf_section *sec)
{
	const char *names = (const char *)elf->data + elf->names_offset;
	Elf64_Shdr shdr;
	unsigned int i;

	sec->data = NULL;
	sec->size = 0;
	for (i = 0; i < elf->shnum; i++) {
		get_section(elf, i, &shdr);
		/* check_sections() has seen that the name ends within the table. */
		if (shdr.sh_type == SHT_NULL || shdr.sh_type == SHT_NOBITS ||
		    strcmp(names + shdr.sh_name, name) != 0)
			continue;
		if (sec->data)
			return apu_fail(-ENOEXEC, "bad model: section %s is there twice", name);
		if (shdr.sh_type != type)
			return apu_fail(-ENOEXEC, "bad model: section %s has type %u, not %u", name,
					shdr.sh_type, type);
		if (shdr.sh_offset & (align - 1))
			return apu_fail(-ENOEXEC, "bad model: section %s is not aligned to %zu",
					name, align);
		sec->data = elf->data + shdr.sh_offset;
		sec->size = shdr.sh_size;
	}
	return 0;
}

// SPDX-License-Identifier: MIT
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "dla_file.h"

void *load_file(const char *name, size_t *size)
{
	FILE *f = fopen(name, "rb");
	uint8_t *p;
	long n;

	if (!f || fseek(f, 0, SEEK_END) || (n = ftell(f)) < 0 || fseek(f, 0, SEEK_SET)) {
		perror(name);
		exit(2);
	}
	p = malloc((size_t)n + 1);
	if (!p || fread(p, 1, (size_t)n, f) != (size_t)n) {
		perror(name);
		exit(2);
	}
	fclose(f);
	*size = (size_t)n;
	return p;
}

void dla_load(struct dla_file *f, const char *name)
{
	const Elf64_Ehdr *h;
	const Elf64_Shdr *s;
	const char *names;

	memset(f, 0, sizeof(*f));
	f->data = load_file(name, &f->size);
	h = (const void *)f->data;
	s = (const void *)(f->data + h->e_shoff);
	names = (const char *)f->data + s[h->e_shstrndx].sh_offset;
	for (unsigned i = 1; i < h->e_shnum; i++) {
		const char *n = names + s[i].sh_name;
		uint8_t *p = f->data + s[i].sh_offset;

		if (!strcmp(n, ".note.apu"))
			memcpy(&f->info, p + sizeof(Elf64_Nhdr) + 4, sizeof(f->info));
		else if (!strcmp(n, ".apu.jobs"))
			f->job = (const void *)p;
		else if (!strcmp(n, ".apu.streams"))
			f->streams = (const void *)p;
		else if (!strcmp(n, ".apu.io"))
			f->io = (const void *)p;
		else if (!strcmp(n, ".apu.strtab"))
			f->strtab = (const char *)p;
		else if (!strcmp(n, ".apu.state"))
			f->state = p;
		else if (!strcmp(n, ".apu.text")) {
			f->text = p;
			f->text_bytes = s[i].sh_size;
		} else if (!strcmp(n, ".apu.static")) {
			f->statics = p;
			f->static_bytes = s[i].sh_size;
		}
	}
}

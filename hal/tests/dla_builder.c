// SPDX-License-Identifier: MIT
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "apu/apu_isa.h"
#include "dla_builder.h"

#define REF(region) ((uint64_t)(region) << APU_REF_REGION_SHIFT)

void spec_add_copy(struct dla_spec *spec, unsigned int dst, unsigned int src, uint32_t bytes)
{
	struct apu_cmd_copy cmd = {
		.hdr = {.opcode = APU_OP_COPY, .words = sizeof(cmd) / 8},
		.src = REF(src),
		.dst = REF(dst),
		.dims = {1, 1, 1, bytes},
		.src_stride = {0, 0, 0, 1},
		.dst_stride = {0, 0, 0, 1},
		.src_type = APU_DTYPE_I8,
		.dst_type = APU_DTYPE_I8,
	};

	memcpy(spec->text + spec->text_size, &cmd, sizeof(cmd));
	spec->text_size += sizeof(cmd);
}

static void init_tensor(struct dla_tensor *t, unsigned int index, uint32_t name)
{
	*t = (struct dla_tensor){
		.name = name,
		.dtype = APU_DTYPE_I8,
		.rank = 2,
		.region = APU_REGION_IO + index,
		.dims = {1, 64},
		.padded_dims = {1, 64},
		.size = 64,
		.padded_size = 64,
		.first_quant = index,
		.num_quant = 1,
	};
}

void spec_init(struct dla_spec *spec, uint64_t temp)
{
	memset(spec, 0, sizeof(*spec));
	spec->info.version_major = DLA_VERSION_MAJOR;
	spec->info.version_minor = DLA_VERSION_MINOR;
	spec->info.hw_version = APU_HW_VERSION;
	spec->info.num_engines[APU_ENGINE_CLASS_EDMA] = 1;
	spec->info.num_inputs = 1;
	spec->info.num_outputs = 1;
	spec->info.temp_size = temp;
	spec->info.l1_kib = 128;
	spec->info.cycles = 1234;
	strcpy(spec->info.compiler, "dla_builder 1");

	memcpy(spec->strtab, "\0in\0out", 8);
	spec->strtab_size = 8;
	init_tensor(&spec->tensors[0], 0, 1);
	init_tensor(&spec->tensors[1], 1, 4);
	spec->num_tensors = 2;
	spec->quants[0] = (struct dla_quant){0.5f, -3};
	spec->quants[1] = (struct dla_quant){0.25f, 7};
	spec->num_quants = 2;

	if (temp) {
		spec_add_copy(spec, APU_REGION_TEMP, APU_REGION_IO, 64);
		spec_add_copy(spec, APU_REGION_IO + 1, APU_REGION_TEMP, 64);
	} else {
		spec_add_copy(spec, APU_REGION_IO + 1, APU_REGION_IO, 64);
	}
	memcpy(spec->text + spec->text_size, &(struct apu_cmd_header){APU_OP_END, 0, 1, 0}, 8);
	spec->text_size += 8;
	memset(spec->statics, 0x5a, 100);
	spec->static_size = 100;

	spec->streams[0].engine_class = APU_ENGINE_CLASS_EDMA;
	spec->streams[0].text_bytes = spec->text_size;
	spec->num_streams = 1;
	spec->jobs[0].num_streams = 1;
	spec->jobs[0].l1_kib = 128;
	spec->num_jobs = 1;
	memcpy(spec->meta, "author\0me\0empty\0", 17);
	spec->meta_size = 17;
}

void spec_init_delay(struct dla_spec *spec)
{
	spec_init(spec, 64);
	spec->text_size = 0;
	spec_add_copy(spec, APU_REGION_IO + 1, APU_REGION_TEMP, 64);
	spec_add_copy(spec, APU_REGION_TEMP, APU_REGION_IO, 64);
	memcpy(spec->text + spec->text_size, &(struct apu_cmd_header){APU_OP_END, 0, 1, 0}, 8);
	spec->text_size += 8;
	spec->info.state_size = 64;
	memset(spec->state, 0x11, sizeof(spec->state));
}

/* Grows as sections are added. */
struct writer {
	uint8_t *data;
	size_t size;
	Elf64_Shdr shdrs[16];
	unsigned int num;
	char names[256];
	size_t names_size;
};

static void pad(struct writer *w, size_t align)
{
	size_t size = (w->size + align - 1) & ~(align - 1);

	w->data = realloc(w->data, size + 1);
	memset(w->data + w->size, 0, size - w->size);
	w->size = size;
}

static size_t append(struct writer *w, const void *data, size_t size)
{
	size_t offset = w->size;

	w->data = realloc(w->data, w->size + size + 1);
	if (size)
		memcpy(w->data + offset, data, size);
	w->size += size;
	return offset;
}

static void section(struct writer *w, const char *name, uint32_t type, size_t align,
		    const void *data, size_t size)
{
	Elf64_Shdr *shdr = &w->shdrs[w->num++];

	pad(w, align);
	shdr->sh_name = (Elf64_Word)w->names_size;
	shdr->sh_type = type;
	shdr->sh_addralign = align;
	shdr->sh_offset = append(w, data, size);
	shdr->sh_size = size;
	strcpy(w->names + w->names_size, name);
	w->names_size += strlen(name) + 1;
}

uint8_t *spec_write(const struct dla_spec *spec, size_t *size)
{
	struct {
		Elf64_Nhdr nhdr;
		char name[4];
		struct dla_info info;
	} note = {{sizeof(note.name), sizeof(note.info), DLA_NOTE_INFO}, DLA_NOTE_NAME, spec->info};
	struct writer w = {.num = 1, .names_size = 1};
	Elf64_Ehdr ehdr = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = EM_NONE,
		.e_version = EV_CURRENT,
		.e_ehsize = sizeof(ehdr),
		.e_shentsize = sizeof(Elf64_Shdr),
	};

	append(&w, &ehdr, sizeof(ehdr));
	section(&w, ".note.apu", SHT_NOTE, 8, &note, sizeof(note));
	section(&w, ".apu.jobs", SHT_PROGBITS, 8, spec->jobs,
		spec->num_jobs * sizeof(spec->jobs[0]));
	section(&w, ".apu.streams", SHT_PROGBITS, 8, spec->streams,
		spec->num_streams * sizeof(spec->streams[0]));
	section(&w, ".apu.text", SHT_PROGBITS, 64, spec->text, spec->text_size);
	if (spec->static_size)
		section(&w, ".apu.static", SHT_PROGBITS, 64, spec->statics, spec->static_size);
	if (spec->info.state_size)
		section(&w, ".apu.state", SHT_PROGBITS, 64, spec->state,
			spec->info.state_size < sizeof(spec->state) ? spec->info.state_size
								    : sizeof(spec->state));
	section(&w, ".apu.io", SHT_PROGBITS, 8, spec->tensors,
		spec->num_tensors * sizeof(spec->tensors[0]));
	if (spec->num_quants)
		section(&w, ".apu.quant", SHT_PROGBITS, 8, spec->quants,
			spec->num_quants * sizeof(spec->quants[0]));
	section(&w, ".apu.strtab", SHT_STRTAB, 1, spec->strtab, spec->strtab_size);
	if (spec->meta_size)
		section(&w, ".apu.meta", SHT_PROGBITS, 1, spec->meta, spec->meta_size);
	section(&w, ".shstrtab", SHT_STRTAB, 1, NULL, 0);
	w.shdrs[w.num - 1].sh_size = w.names_size;
	append(&w, w.names, w.names_size);
	pad(&w, 8);
	ehdr.e_shoff = append(&w, w.shdrs, w.num * sizeof(w.shdrs[0]));
	ehdr.e_shnum = (Elf64_Half)w.num;
	ehdr.e_shstrndx = (Elf64_Half)(w.num - 1);
	memcpy(w.data, &ehdr, sizeof(ehdr));
	*size = w.size;
	return w.data;
}

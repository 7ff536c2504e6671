// SPDX-License-Identifier: MIT
#include <elf.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "apu/apu.h"
#include "apu/apu_isa.h"
#include "dla_reader.h"
#include "elf_reader.h"
#include "error.h"

/* The hardware's address space; nothing in a model can be larger. */
#define MAX_BYTES (1ull << 39)
/* Classes that this version of the library knows. */
#define NUM_CLASSES 3

_Static_assert(DLA_MAX_IO == APU_NUM_REGIONS - APU_REGION_IO, "I/O regions");

static int bad(const char *what)
{
	return apu_fail(-ENOEXEC, "bad model: %s", what);
}

static bool is_zero(const uint64_t *v, size_t n)
{
	while (n--) {
		if (*v++)
			return false;
	}
	return true;
}

/* A table section: count entries of entsize, 8-byte aligned. */
static int find_table(const struct elf_file *elf, const char *name, size_t entsize, bool required,
		      const void **table, size_t *count)
{
	struct elf_section sec;
	int ret;

	*table = NULL;
	*count = 0;
	ret = elf_find(elf, name, SHT_PROGBITS, 8, &sec);
	if (ret)
		return ret;
	if (required && sec.size == 0)
		return apu_fail(-ENOEXEC, "bad model: no section %s", name);
	if (sec.size % entsize)
		return apu_fail(-ENOEXEC, "bad model: size of section %s is not a multiple of %zu",
				name, entsize);
	*table = sec.data;
	*count = sec.size / entsize;
	return 0;
}

/* .note.apu: one note, name "APU\0". */
static int read_note(struct dla_file *dla, const struct elf_file *elf)
{
	const struct dla_info *info;
	struct elf_section sec;
	Elf64_Nhdr nhdr;
	unsigned int i, known = 0;
	int ret;

	ret = elf_find(elf, ".note.apu", SHT_NOTE, 8, &sec);
	if (ret)
		return ret;
	if (!sec.data)
		return bad("an ELF file, but not a .dla file (no section .note.apu)");
	if (sec.size < sizeof(nhdr) + sizeof(DLA_NOTE_NAME))
		return bad("truncated note");
	memcpy(&nhdr, sec.data, sizeof(nhdr));
	if (nhdr.n_namesz != sizeof(DLA_NOTE_NAME) || nhdr.n_type != DLA_NOTE_INFO ||
	    memcmp(sec.data + sizeof(nhdr), DLA_NOTE_NAME, sizeof(DLA_NOTE_NAME)) != 0)
		return bad("section .note.apu holds another note");
	if (nhdr.n_descsz < 2 * sizeof(uint16_t) ||
	    sec.size - sizeof(nhdr) - sizeof(DLA_NOTE_NAME) < nhdr.n_descsz)
		return bad("truncated note");
	/* 12 + 4 bytes in: aligned to 8 as the section is. */
	info = (const void *)(sec.data + sizeof(nhdr) + sizeof(DLA_NOTE_NAME));
	if (info->version_major != DLA_VERSION_MAJOR)
		return apu_fail(-EPROTONOSUPPORT,
				"version mismatch: the model's format is version %u.%u, this "
				"library reads %u.x",
				info->version_major, info->version_minor, DLA_VERSION_MAJOR);
	if (nhdr.n_descsz < sizeof(*info))
		return bad("truncated note");
	if (info->reserved0 || !is_zero(info->reserved, 3))
		return bad("reserved fields of the note are not zero");
	if (!memchr(info->compiler, '\0', sizeof(info->compiler)))
		return bad("compiler version is not terminated");
	if (info->num_inputs == 0 || info->num_outputs == 0 || info->num_inputs > DLA_MAX_IO ||
	    info->num_outputs > DLA_MAX_IO || info->num_inputs + info->num_outputs > DLA_MAX_IO)
		return apu_fail(-ENOEXEC,
				"bad model: %u inputs and %u outputs, at most %u together",
				info->num_inputs, info->num_outputs, DLA_MAX_IO);
	if (info->temp_size >= MAX_BYTES)
		return bad("temporary memory is beyond the address space");
	for (i = 0; i < NUM_CLASSES; i++)
		known += info->num_engines[i];
	for (; i < 8; i++) {
		if (info->num_engines[i])
			return apu_fail(-EPROTONOSUPPORT,
					"version mismatch: the model needs engine class %u", i);
	}
	if (known == 0)
		return bad("it needs no engine");
	dla->info = info;
	return 0;
}

static int read_streams(struct dla_file *dla, const struct elf_file *elf)
{
	const void *table;
	size_t count, i;
	int ret;

	ret = find_table(elf, ".apu.streams", sizeof(struct dla_stream), true, &table, &count);
	if (ret)
		return ret;
	if (count > DLA_MAX_JOBS * APU_MAX_STREAMS)
		return bad("too many streams");
	dla->streams = table;
	dla->num_streams = (unsigned int)count;
	for (i = 0; i < count; i++) {
		const struct dla_stream *s = &dla->streams[i];

		if (s->engine_class >= NUM_CLASSES)
			return apu_fail(-ENOEXEC, "bad model: stream %zu: engine class %u", i,
					s->engine_class);
		if (s->reserved)
			return apu_fail(-ENOEXEC,
					"bad model: stream %zu: reserved field is not zero", i);
		if (s->text_offset % 8 || s->text_bytes % 8 || s->text_bytes == 0 ||
		    s->text_bytes > APU_MAX_STREAM_BYTES || s->text_offset > dla->text_size ||
		    s->text_bytes > dla->text_size - s->text_offset)
			return apu_fail(-ENOEXEC, "bad model: stream %zu is not within the text",
					i);
	}
	return 0;
}

static int check_job(const struct dla_file *dla, unsigned int index)
{
	const struct dla_job *job = &dla->jobs[index];
	unsigned int need[NUM_CLASSES] = {0};
	unsigned int i;

	if (job->num_streams == 0 || job->num_streams > APU_MAX_STREAMS ||
	    job->first_stream > dla->num_streams ||
	    job->num_streams > dla->num_streams - job->first_stream)
		return apu_fail(-ENOEXEC, "bad model: job %u: bad streams", index);
	if (job->after >> index)
		return apu_fail(-ENOEXEC, "bad model: job %u depends on itself or a later one",
				index);
	if (job->l1_kib > dla->info->l1_kib)
		return apu_fail(-ENOEXEC, "bad model: job %u: more L1 than the model", index);
	if (job->time_limit_us > APU_MAX_TIME_LIMIT_US)
		return apu_fail(-ENOEXEC, "bad model: job %u: time limit of %u us", index,
				job->time_limit_us);
	if (job->reserved)
		return apu_fail(-ENOEXEC, "bad model: job %u: reserved field is not zero", index);
	for (i = 0; i < job->num_streams; i++) {
		unsigned int cls = dla->streams[job->first_stream + i].engine_class;

		if (++need[cls] > dla->info->num_engines[cls])
			return apu_fail(-ENOEXEC, "bad model: job %u: more %s streams than engines",
					index, apu_engine_name(cls));
	}
	return 0;
}

static int read_jobs(struct dla_file *dla, const struct elf_file *elf)
{
	const void *table;
	size_t count;
	unsigned int i;
	int ret;

	ret = find_table(elf, ".apu.jobs", sizeof(struct dla_job), true, &table, &count);
	if (ret)
		return ret;
	if (count > DLA_MAX_JOBS)
		return bad("too many jobs");
	dla->jobs = table;
	dla->num_jobs = (unsigned int)count;
	for (i = 0; i < count; i++) {
		ret = check_job(dla, i);
		if (ret)
			return ret;
	}
	return 0;
}

/* Bytes of a shape; 0 if it is empty, wrong or too large. */
static uint64_t shape_bytes(const uint32_t *dims, uint32_t rank, uint32_t dtype)
{
	uint64_t bytes = apu_type_size(dtype);
	uint32_t i;

	for (i = 0; i < DLA_MAX_RANK; i++) {
		if (i >= rank) {
			if (dims[i])
				return 0;
			continue;
		}
		if (__builtin_mul_overflow(bytes, dims[i], &bytes) || bytes >= MAX_BYTES)
			return 0;
	}
	return bytes;
}

static int check_quant(const struct dla_file *dla, const struct dla_tensor *t, unsigned int index)
{
	uint32_t i;

	if (t->num_quant == 0) {
		if (t->first_quant || t->quant_dim)
			return apu_fail(-ENOEXEC, "bad model: tensor %u: bad quantisation", index);
		return 0;
	}
	if (t->first_quant > dla->num_quants || t->num_quant > dla->num_quants - t->first_quant)
		return apu_fail(-ENOEXEC, "bad model: tensor %u: quantisation is not there", index);
	if (t->num_quant > 1 && (t->quant_dim >= t->rank || t->num_quant != t->dims[t->quant_dim]))
		return apu_fail(-ENOEXEC, "bad model: tensor %u: %u quantisation entries", index,
				t->num_quant);
	for (i = 0; i < t->num_quant; i++) {
		float scale = dla->quants[t->first_quant + i].scale;

		if (!isfinite(scale) || scale <= 0)
			return apu_fail(-ENOEXEC, "bad model: tensor %u: bad scale", index);
	}
	return 0;
}

static int check_tensor(const struct dla_file *dla, size_t strtab_size, unsigned int index)
{
	const struct dla_tensor *t = &dla->tensors[index];
	uint32_t i;

	if (t->name >= strtab_size)
		return apu_fail(-ENOEXEC, "bad model: tensor %u: no name", index);
	if (apu_type_size(t->dtype) == 0)
		return apu_fail(-ENOEXEC, "bad model: tensor %u: element type %u", index, t->dtype);
	if (t->rank > DLA_MAX_RANK)
		return apu_fail(-ENOEXEC, "bad model: tensor %u: rank %u", index, t->rank);
	if (t->region != APU_REGION_IO + index)
		return apu_fail(-ENOEXEC, "bad model: tensor %u: region %u", index, t->region);
	if (t->size == 0 || t->size != shape_bytes(t->dims, t->rank, t->dtype))
		return apu_fail(-ENOEXEC, "bad model: tensor %u: size does not fit the shape",
				index);
	if (t->padded_size == 0 || t->padded_size != shape_bytes(t->padded_dims, t->rank, t->dtype))
		return apu_fail(-ENOEXEC,
				"bad model: tensor %u: padded size does not fit the shape", index);
	for (i = 0; i < t->rank; i++) {
		if (t->padded_dims[i] < t->dims[i])
			return apu_fail(-ENOEXEC, "bad model: tensor %u: padded shape is smaller",
					index);
	}
	if (t->reserved0 || !is_zero(t->reserved, 2))
		return apu_fail(-ENOEXEC, "bad model: tensor %u: reserved fields are not zero",
				index);
	return check_quant(dla, t, index);
}

static int read_tensors(struct dla_file *dla, const struct elf_file *elf)
{
	struct elf_section strtab;
	const void *table;
	size_t count;
	unsigned int i;
	int ret;

	ret = find_table(elf, ".apu.quant", sizeof(struct dla_quant), false, &table, &count);
	if (ret)
		return ret;
	dla->quants = table;
	dla->num_quants = count;
	ret = elf_find(elf, ".apu.strtab", SHT_STRTAB, 1, &strtab);
	if (ret)
		return ret;
	if (strtab.size == 0 || strtab.data[strtab.size - 1] != '\0')
		return bad("bad section .apu.strtab");
	dla->strtab = (const char *)strtab.data;
	ret = find_table(elf, ".apu.io", sizeof(struct dla_tensor), true, &table, &count);
	if (ret)
		return ret;
	if (count != dla->info->num_inputs + dla->info->num_outputs)
		return bad("number of inputs and outputs does not fit section .apu.io");
	dla->tensors = table;
	dla->num_tensors = (unsigned int)count;
	for (i = 0; i < count; i++) {
		ret = check_tensor(dla, strtab.size, i);
		if (ret)
			return ret;
	}
	return 0;
}

static int read_meta(struct dla_file *dla, const struct elf_file *elf)
{
	struct elf_section sec;
	size_t i, strings = 0;
	int ret;

	ret = elf_find(elf, ".apu.meta", SHT_PROGBITS, 1, &sec);
	if (ret || sec.size == 0)
		return ret;
	for (i = 0; i < sec.size; i++)
		strings += sec.data[i] == '\0';
	if (sec.data[sec.size - 1] != '\0' || strings % 2)
		return bad("bad section .apu.meta");
	dla->meta = (const char *)sec.data;
	dla->meta_size = sec.size;
	return 0;
}

static int read_state(struct dla_file *dla, const struct elf_file *elf)
{
	const struct dla_info *info = dla->info;
	struct elf_section sec;
	int ret;

	ret = elf_find(elf, ".apu.state", SHT_PROGBITS, 64, &sec);
	if (ret)
		return ret;
	if (sec.size != info->state_size || info->state_size % 8 ||
	    info->state_size > info->temp_size)
		return bad("section .apu.state does not fit the size of the state");
	dla->state = sec.size ? sec.data : NULL;
	return 0;
}

int dla_read(struct dla_file *dla, const void *data, size_t size)
{
	struct elf_section text, statics;
	struct elf_file elf;
	int ret;

	memset(dla, 0, sizeof(*dla));
	if (size > DLA_MAX_FILE_BYTES)
		return bad("longer than 1 GiB");
	ret = elf_open(&elf, data, size);
	if (ret)
		return ret;
	ret = read_note(dla, &elf);
	if (ret)
		return ret;
	ret = elf_find(&elf, ".apu.text", SHT_PROGBITS, 64, &text);
	if (ret)
		return ret;
	if (text.size == 0)
		return bad("no section .apu.text");
	dla->text = text.data;
	dla->text_size = text.size;
	ret = elf_find(&elf, ".apu.static", SHT_PROGBITS, 64, &statics);
	if (ret)
		return ret;
	dla->statics = statics.size ? statics.data : NULL;
	dla->static_size = statics.size;
	ret = read_state(dla, &elf);
	if (ret)
		return ret;
	ret = read_streams(dla, &elf);
	if (ret)
		return ret;
	ret = read_jobs(dla, &elf);
	if (ret)
		return ret;
	ret = read_tensors(dla, &elf);
	if (ret)
		return ret;
	return read_meta(dla, &elf);
}

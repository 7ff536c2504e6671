// SPDX-License-Identifier: MIT
/*
 * The .dla reader: sound files, files with one thing wrong, and random damage.
 */
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "apu/apu.h"
#include "apu/apu_isa.h"
#include "dla_builder.h"
#include "dla_reader.h"

static int load(const struct dla_spec *spec, struct apu_model **model)
{
	size_t size;
	uint8_t *data = spec_write(spec, &size);
	int ret = apu_model_load_memory(data, size, model);

	free(data);
	return ret;
}

/* The file is refused with ret and a text that has words. */
static void assert_refused(const struct dla_spec *spec, int ret, const char *words)
{
	struct apu_model *model;

	assert_int_equal(load(spec, &model), ret);
	if (!strstr(apu_last_error(), words))
		fail_msg("'%s' does not say '%s'", apu_last_error(), words);
	assert_null(strchr(apu_last_error(), '\n'));
}

static void a_sound_file_is_read(void **state)
{
	struct apu_tensor_info tensor;
	struct apu_model_info info;
	struct apu_model *model;
	struct dla_spec spec;

	(void)state;
	spec_init(&spec, 4096);
	assert_int_equal(load(&spec, &model), 0);
	apu_model_get_info(model, &info);
	assert_int_equal(info.version_major, 1);
	assert_int_equal(info.hw_version, APU_HW_VERSION);
	assert_int_equal(info.num_engines[APU_ENGINE_MDLA], 0);
	assert_int_equal(info.num_engines[APU_ENGINE_EDMA], 1);
	assert_int_equal(info.l1_kib, 128);
	assert_int_equal(info.num_inputs, 1);
	assert_int_equal(info.num_outputs, 1);
	assert_int_equal(info.num_jobs, 1);
	assert_int_equal(info.text_bytes, spec.text_size);
	assert_int_equal(info.static_bytes, 100);
	assert_int_equal(info.temp_bytes, 4096);
	assert_int_equal(info.cycles, 1234);
	assert_string_equal(info.compiler, "dla_builder 1");

	assert_int_equal(apu_model_get_output(model, 0, &tensor), 0);
	assert_string_equal(tensor.name, "out");
	assert_int_equal(tensor.type, APU_TYPE_I8);
	assert_int_equal(tensor.rank, 2);
	assert_int_equal(tensor.dims[1], 64);
	assert_int_equal(tensor.size, 64);
	assert_int_equal(tensor.num_quant, 1);
	assert_true(tensor.quant[0].scale == 0.25f);
	assert_int_equal(tensor.quant[0].zero_point, 7);
	assert_int_equal(apu_model_get_input(model, 0, &tensor), 0);
	assert_string_equal(tensor.name, "in");
	assert_int_equal(apu_model_get_input(model, 1, &tensor), -EINVAL);
	assert_int_equal(apu_model_get_output(model, 1, &tensor), -EINVAL);

	assert_string_equal(apu_model_get_metadata(model, "author"), "me");
	assert_string_equal(apu_model_get_metadata(model, "empty"), "");
	assert_null(apu_model_get_metadata(model, "me"));
	/* Behind the last are zeros. */
	assert_null(apu_model_get_metadata(model, ""));
	apu_model_release(model);
}

static void optional_sections_can_be_absent(void **state)
{
	struct apu_tensor_info tensor;
	struct apu_model *model;
	struct dla_spec spec;

	(void)state;
	spec_init(&spec, 0);
	spec.static_size = 0;
	spec.meta_size = 0;
	spec.num_quants = 0;
	spec.tensors[0].num_quant = 0;
	spec.tensors[1].first_quant = 0;
	spec.tensors[1].num_quant = 0;
	assert_int_equal(load(&spec, &model), 0);
	assert_int_equal(apu_model_get_input(model, 0, &tensor), 0);
	assert_null(tensor.quant);
	assert_null(apu_model_get_metadata(model, "author"));
	apu_model_release(model);
}

static void a_file_is_loaded_by_path_and_fd(void **state)
{
	char path[64];
	struct apu_model *model;
	struct dla_spec spec;
	uint8_t *data;
	size_t size;
	int fd;

	(void)state;
	spec_init(&spec, 0);
	data = spec_write(&spec, &size);
	fd = memfd_create("model", MFD_CLOEXEC);
	assert_true(fd >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(write(fd, data, size), size);
	assert_int_equal(apu_model_load_file(path, &model), 0);
	apu_model_release(model);
	assert_int_equal(apu_model_load_fd(fd, &model), 0);
	apu_model_release(model);
	assert_int_equal(ftruncate(fd, (off_t)size / 2), 0);
	assert_int_equal(apu_model_load_fd(fd, &model), -ENOEXEC);
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(apu_model_load_fd(fd, &model), -ENOEXEC);
	assert_non_null(strstr(apu_last_error(), "empty"));
	close(fd);
	assert_int_equal(apu_model_load_file(path, &model), -ENOENT);
	assert_non_null(strstr(apu_last_error(), path));
	assert_int_equal(apu_model_load_file("/", &model), -EINVAL);
	free(data);
}

static void other_files_are_refused(void **state)
{
	struct apu_model *model;

	(void)state;
	assert_int_equal(apu_model_load_memory("", 0, &model), -ENOEXEC);
	assert_int_equal(apu_model_load_memory("TFL3 a flatbuffer", 17, &model), -ENOEXEC);
	assert_non_null(strstr(apu_last_error(), "not a .dla file"));
	assert_int_equal(apu_model_load_file("/proc/self/exe", &model), -ENOEXEC);
	assert_non_null(strstr(apu_last_error(), "not a .dla file"));
}

/* One change to a sound file, and what the error says. */
#define REFUSED(change, ret, words)                                                                \
	do {                                                                                       \
		struct dla_spec s;                                                                 \
		spec_init(&s, 4096);                                                               \
		change;                                                                            \
		assert_refused(&s, (ret), words);                                                  \
	} while (0)

static void bad_headers_are_refused(void **state)
{
	(void)state;
	REFUSED(s.info.version_major = 2, -EPROTONOSUPPORT, "version mismatch");
	REFUSED(s.info.reserved0 = 1, -ENOEXEC, "reserved");
	REFUSED(s.info.reserved[2] = 1, -ENOEXEC, "reserved");
	REFUSED(spec_init_delay(&s); s.info.state_size = 12, -ENOEXEC, ".apu.state");
	REFUSED(spec_init_delay(&s); s.info.state_size = 72, -ENOEXEC, ".apu.state");
	REFUSED(spec_init_delay(&s); s.info.temp_size = 56, -ENOEXEC, ".apu.state");
	REFUSED(memset(s.info.compiler, 'x', 32), -ENOEXEC, "not terminated");
	REFUSED(s.info.num_inputs = 0, -ENOEXEC, "inputs");
	REFUSED(s.info.num_outputs = 12, -ENOEXEC, "inputs");
	REFUSED(s.info.num_inputs = UINT32_MAX, -ENOEXEC, "inputs");
	REFUSED(s.info.num_outputs = 2, -ENOEXEC, ".apu.io");
	REFUSED(s.info.temp_size = 1ull << 39, -ENOEXEC, "address space");
	REFUSED(s.info.num_engines[1] = 0, -ENOEXEC, "no engine");
	REFUSED(s.info.num_engines[3] = 1, -EPROTONOSUPPORT, "engine class 3");
}

static void bad_jobs_are_refused(void **state)
{
	(void)state;
	REFUSED(s.num_jobs = 0, -ENOEXEC, ".apu.jobs");
	REFUSED(s.num_streams = 0, -ENOEXEC, ".apu.streams");
	REFUSED(s.text_size = 0, -ENOEXEC, ".apu.text");
	REFUSED(s.jobs[0].num_streams = 0, -ENOEXEC, "job 0: bad streams");
	REFUSED(s.jobs[0].num_streams = 9, -ENOEXEC, "job 0: bad streams");
	REFUSED(s.jobs[0].num_streams = 2, -ENOEXEC, "job 0: bad streams");
	REFUSED(s.jobs[0].first_stream = UINT32_MAX, -ENOEXEC, "job 0: bad streams");
	REFUSED(s.jobs[0].after = 1, -ENOEXEC, "depends on itself");
	REFUSED(s.jobs[0].after = 1ull << 63, -ENOEXEC, "depends on itself");
	REFUSED(s.jobs[0].l1_kib = 129, -ENOEXEC, "more L1");
	REFUSED(s.jobs[0].time_limit_us = 10000001, -ENOEXEC, "time limit");
	REFUSED(s.jobs[0].reserved = 1, -ENOEXEC, "reserved");
	REFUSED((s.num_streams = 2, s.streams[1] = s.streams[0], s.jobs[0].num_streams = 2),
		-ENOEXEC, "more EDMA streams");
	REFUSED(s.streams[0].engine_class = 3, -ENOEXEC, "engine class");
	REFUSED(s.streams[0].reserved = 1, -ENOEXEC, "reserved");
	REFUSED(s.streams[0].text_bytes = 0, -ENOEXEC, "not within the text");
	REFUSED(s.streams[0].text_bytes += 8, -ENOEXEC, "not within the text");
	REFUSED(s.streams[0].text_bytes -= 4, -ENOEXEC, "not within the text");
	REFUSED(s.streams[0].text_offset = 4, -ENOEXEC, "not within the text");
	REFUSED(s.streams[0].text_offset = UINT64_MAX - 7, -ENOEXEC, "not within the text");
}

static void bad_tensors_are_refused(void **state)
{
	(void)state;
	REFUSED(s.strtab[7] = 'x', -ENOEXEC, ".apu.strtab");
	REFUSED(s.strtab_size = 0, -ENOEXEC, ".apu.strtab");
	REFUSED(s.tensors[0].name = 8, -ENOEXEC, "tensor 0: no name");
	REFUSED(s.tensors[0].dtype = 0, -ENOEXEC, "element type 0");
	REFUSED(s.tensors[0].dtype = 8, -ENOEXEC, "element type 8");
	REFUSED(s.tensors[0].rank = 9, -ENOEXEC, "rank 9");
	REFUSED(s.tensors[1].region = 4, -ENOEXEC, "tensor 1: region 4");
	REFUSED(s.tensors[0].size = 63, -ENOEXEC, "size does not fit");
	REFUSED((s.tensors[0].dims[0] = 0, s.tensors[0].size = 0), -ENOEXEC, "size does not fit");
	REFUSED(s.tensors[0].dims[2] = 1, -ENOEXEC, "size does not fit");
	REFUSED((s.tensors[0].dims[0] = 1u << 31, s.tensors[0].dims[1] = 1u << 31,
		 s.tensors[0].size = 1ull << 62),
		-ENOEXEC, "size does not fit");
	REFUSED((s.tensors[0].rank = 3, s.tensors[0].dims[0] = 1u << 31,
		 s.tensors[0].dims[1] = 1u << 31, s.tensors[0].dims[2] = 4, s.tensors[0].size = 0),
		-ENOEXEC, "size does not fit");
	REFUSED(s.tensors[0].padded_size = 65, -ENOEXEC, "padded size");
	REFUSED((s.tensors[0].padded_dims[1] = 32, s.tensors[0].padded_size = 32), -ENOEXEC,
		"padded shape");
	REFUSED(s.tensors[0].reserved[1] = 1, -ENOEXEC, "reserved");
	REFUSED(s.tensors[0].reserved0 = 1, -ENOEXEC, "reserved");
	REFUSED(s.tensors[0].first_quant = 3, -ENOEXEC, "quantisation");
	REFUSED(s.tensors[0].num_quant = UINT32_MAX, -ENOEXEC, "quantisation");
	REFUSED(s.tensors[0].num_quant = 2, -ENOEXEC, "quantisation");
	REFUSED((s.tensors[0].num_quant = 2, s.tensors[0].quant_dim = UINT32_MAX), -ENOEXEC,
		"quantisation");
	REFUSED(s.quants[1].scale = 0, -ENOEXEC, "bad scale");
	REFUSED(s.quants[1].scale = -1, -ENOEXEC, "bad scale");
	REFUSED(memset(&s.quants[1].scale, 0xff, 4), -ENOEXEC, "bad scale");
	REFUSED(s.meta_size = 16, -ENOEXEC, ".apu.meta");
	REFUSED(s.meta_size = 7, -ENOEXEC, ".apu.meta");
}

static void bad_elf_fields_are_refused(void **state)
{
	static const struct {
		size_t offset, size;
		uint64_t value;
		const char *words;
	} changes[] = {
		{0, 1, 0, "no ELF header"},
		{EI_CLASS, 1, ELFCLASS32, "ELF64"},
		{EI_DATA, 1, ELFDATA2MSB, "little-endian"},
		{EI_VERSION, 1, 2, "ELF64"},
		{offsetof(Elf64_Ehdr, e_type), 2, ET_REL, "not a .dla"},
		{offsetof(Elf64_Ehdr, e_machine), 2, EM_AARCH64, "not a .dla"},
		{offsetof(Elf64_Ehdr, e_phnum), 2, 1, "not a .dla"},
		{offsetof(Elf64_Ehdr, e_ehsize), 2, 52, "ELF64"},
		{offsetof(Elf64_Ehdr, e_shentsize), 2, 40, "section headers"},
		{offsetof(Elf64_Ehdr, e_shnum), 2, 0, "section headers"},
		{offsetof(Elf64_Ehdr, e_shnum), 2, 0xffff, "section headers"},
		{offsetof(Elf64_Ehdr, e_shstrndx), 2, 100, "section names"},
		{offsetof(Elf64_Ehdr, e_shstrndx), 2, 1, "section names"},
		{offsetof(Elf64_Ehdr, e_shoff), 8, UINT64_MAX - 63, "section headers"},
	};
	struct apu_model *model;
	struct dla_spec spec;
	size_t size, i;

	(void)state;
	spec_init(&spec, 0);
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		uint8_t *data = spec_write(&spec, &size);

		memcpy(data + changes[i].offset, &changes[i].value, changes[i].size);
		assert_int_equal(apu_model_load_memory(data, size, &model), -ENOEXEC);
		if (!strstr(apu_last_error(), changes[i].words))
			fail_msg("'%s' does not say '%s'", apu_last_error(), changes[i].words);
		free(data);
	}
}

static Elf64_Shdr *find_section(uint8_t *data, const char *name)
{
	Elf64_Ehdr *ehdr = (void *)data;
	Elf64_Shdr *shdr = (void *)(data + ehdr->e_shoff);
	const char *names = (const char *)data + shdr[ehdr->e_shstrndx].sh_offset;
	unsigned int i;

	for (i = 1; i < ehdr->e_shnum; i++) {
		if (strcmp(names + shdr[i].sh_name, name) == 0)
			return &shdr[i];
	}
	return NULL;
}

/* What is not in the file cannot be beyond its end. */
static void sections_without_contents_may_be_anywhere(void **state)
{
	struct apu_model *model;
	struct dla_spec spec;
	Elf64_Shdr *shdr;
	uint8_t *data;
	size_t size;

	(void)state;
	spec_init(&spec, 0);
	data = spec_write(&spec, &size);
	shdr = (void *)(data + ((Elf64_Ehdr *)data)->e_shoff);
	assert_int_equal(shdr[0].sh_type, SHT_NULL);
	shdr[0].sh_offset = UINT64_MAX;
	assert_int_equal(apu_model_load_memory(data, size, &model), 0);
	apu_model_release(model);
	free(data);
}

static void bad_sections_are_refused(void **state)
{
	static const char *const names[] = {
		".note.apu",   ".apu.jobs",  ".apu.streams", ".apu.text", ".apu.io",
		".apu.strtab", ".apu.quant", ".apu.static",  ".apu.meta", ".apu.state"};
	struct apu_model *model;
	struct dla_spec spec;
	size_t size, i;
	int change;

	(void)state;
	spec_init_delay(&spec);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		for (change = 0; change < 7; change++) {
			uint8_t *data = spec_write(&spec, &size);
			Elf64_Shdr *shdr = find_section(data, names[i]);

			switch (change) {
			case 0:
				shdr->sh_offset = size + 1;
				break;
			case 1:
				shdr->sh_size = UINT64_MAX;
				break;
			case 2:
				shdr->sh_type = SHT_SYMTAB;
				break;
			case 3:
				shdr->sh_name = UINT32_MAX;
				break;
			case 4:
				/* Twice. */
				shdr[shdr == find_section(data, ".apu.meta") ? -1 : 1].sh_name =
					shdr->sh_name;
				break;
			case 5:
				shdr->sh_offset = UINT64_MAX;
				break;
			default:
				/* Byte tables have no alignment to break. */
				if (shdr->sh_addralign == 1)
					shdr->sh_size -= 1;
				else
					shdr->sh_offset += 1, shdr->sh_size -= 1;
				break;
			}
			if (apu_model_load_memory(data, size, &model) != -ENOEXEC)
				fail_msg("%s, change %d: accepted", names[i], change);
			free(data);
		}
	}
}

/* Tables that are sound but for their length. */
static void tables_can_be_too_long(void **state)
{
	static const struct {
		const char *section;
		size_t bytes;
		const char *words;
	} tables[] = {
		{".apu.jobs", (DLA_MAX_JOBS + 1) * sizeof(struct dla_job), "too many jobs"},
		{".apu.streams", (DLA_MAX_JOBS * APU_MAX_STREAMS + 1) * sizeof(struct dla_stream),
		 "too many streams"},
	};
	struct apu_model *model;
	struct dla_spec spec;
	unsigned int i;
	size_t size;

	(void)state;
	spec_init(&spec, 0);
	for (i = 0; i < 2; i++) {
		uint8_t *file = spec_write(&spec, &size);
		uint8_t *data = calloc(1, size + tables[i].bytes);
		Elf64_Shdr *shdr;

		memcpy(data, file, size);
		free(file);
		shdr = find_section(data, tables[i].section);
		shdr->sh_offset = size;
		shdr->sh_size = tables[i].bytes;
		assert_int_equal(apu_model_load_memory(data, size + tables[i].bytes, &model),
				 -ENOEXEC);
		assert_non_null(strstr(apu_last_error(), tables[i].words));
		free(data);
	}
}

static void every_truncation_is_refused(void **state)
{
	struct apu_model *model;
	struct dla_spec spec;
	size_t size, n;
	uint8_t *data;

	(void)state;
	spec_init(&spec, 4096);
	data = spec_write(&spec, &size);
	for (n = 0; n < size; n++)
		assert_int_equal(apu_model_load_memory(data, n, &model), -ENOEXEC);
	free(data);
}

/* Reads all that the model offers, for the sanitizers to see. */
static unsigned long touch(const struct apu_model *model)
{
	struct apu_tensor_info tensor;
	struct apu_model_info info;
	unsigned long sum = 0;
	unsigned int i, j;

	apu_model_get_info(model, &info);
	sum += strlen(info.compiler);
	for (i = 0; i < info.num_inputs + info.num_outputs; i++) {
		if (i < info.num_inputs)
			assert_int_equal(apu_model_get_input(model, i, &tensor), 0);
		else
			assert_int_equal(apu_model_get_output(model, i - info.num_inputs, &tensor),
					 0);
		sum += strlen(tensor.name);
		for (j = 0; j < tensor.num_quant; j++)
			sum += (unsigned long)tensor.quant[j].zero_point;
	}
	sum += apu_model_get_metadata(model, "nobody") != NULL;
	return sum;
}

static void random_damage_does_no_harm(void **state)
{
	enum { ROUNDS = 200000 };
	static const uint64_t nasty[] = {0,	     1,		 7,	     8,		 0x7f,
					 0x80,	     0xff,	 0x7fffffff, 0x80000000, 0xffffffff,
					 1ull << 39, 1ull << 63, UINT64_MAX};
	unsigned int seed = 20240229, round, accepted = 0;
	struct apu_model *model;
	struct dla_spec spec;
	uint8_t *good, *data;
	size_t size;

	(void)state;
	spec_init(&spec, 4096);
	good = spec_write(&spec, &size);
	data = malloc(size);
	for (round = 0; round < ROUNDS; round++) {
		unsigned int changes = 1 + (unsigned int)rand_r(&seed) % 4;
		size_t length = size;
		int ret;

		memcpy(data, good, size);
		while (changes--) {
			size_t at = (size_t)rand_r(&seed) % size;
			size_t width = 1u << rand_r(&seed) % 4;
			uint64_t value = nasty[(unsigned int)rand_r(&seed) %
					       (sizeof(nasty) / sizeof(nasty[0]))];

			/* Fields are aligned: hit them whole, bytes now and then. */
			if (rand_r(&seed) % 4)
				at &= ~(width - 1);
			if (rand_r(&seed) % 4 == 0)
				value = (uint64_t)rand_r(&seed);
			if (width > size - at)
				width = size - at;
			memcpy(data + at, &value, width);
		}
		if (rand_r(&seed) % 16 == 0)
			length = (size_t)rand_r(&seed) % size;
		ret = apu_model_load_memory(data, length, &model);
		if (ret == 0) {
			touch(model);
			apu_model_release(model);
			accepted++;
		} else {
			assert_true(ret == -ENOEXEC || ret == -EPROTONOSUPPORT);
			assert_int_not_equal(apu_last_error()[0], '\0');
		}
	}
	/* Damage to text and constants is not the reader's to see. */
	assert_in_range(accepted, 1, ROUNDS / 2);
	free(data);
	free(good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sound_file_is_read),
		cmocka_unit_test(optional_sections_can_be_absent),
		cmocka_unit_test(a_file_is_loaded_by_path_and_fd),
		cmocka_unit_test(other_files_are_refused),
		cmocka_unit_test(bad_headers_are_refused),
		cmocka_unit_test(bad_jobs_are_refused),
		cmocka_unit_test(bad_tensors_are_refused),
		cmocka_unit_test(bad_elf_fields_are_refused),
		cmocka_unit_test(sections_without_contents_may_be_anywhere),
		cmocka_unit_test(bad_sections_are_refused),
		cmocka_unit_test(tables_can_be_too_long),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(random_damage_does_no_harm),
	};

	return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}

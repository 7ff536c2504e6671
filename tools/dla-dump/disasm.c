// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "apu/apu.h"
#include "apu/apu_isa.h"
#include "disasm.h"

enum field_type { U8, U16, U32, I32, U64, REF };

struct field {
	/* NULL ends a list. */
	const char *name;
	unsigned int offset;
	unsigned int count;
	enum field_type type;
};

struct command {
	const char *name;
	unsigned int opcode;
	unsigned int words;
	/* Bit per engine class that knows it. */
	unsigned int classes;
	const struct field *fields;
};

/* clang-format off */
#define APU_CMD(name, opcode, words, classes) \
	{ #name, opcode, words, classes, (const struct field[]){
#define APU_FIELD(name, offset, count, type) \
		{ #name, offset, count, type },
#define APU_CMD_END \
		{ 0 } } },
static const struct command commands[] = {
#include "apu_cmd_table.h"
};
/* clang-format on */

static const struct command *find_command(unsigned int opcode)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (commands[i].opcode == opcode)
			return &commands[i];
	}
	return NULL;
}

static bool print_ref(uint64_t ref, unsigned int num_inputs)
{
	static const char *const names[] = {"L1", "TEXT", "STATIC", "TEMP"};
	unsigned int region = ref >> APU_REF_REGION_SHIFT;
	uint64_t offset = ref & ((1ull << APU_REF_OFFSET_BITS) - 1);

	if (region < APU_REGION_IO)
		printf("%s", names[region]);
	else if (num_inputs == DISASM_REGIONS)
		printf("R%u", region);
	else if (region - APU_REGION_IO < num_inputs)
		printf("IN%u", region - APU_REGION_IO);
	else
		printf("OUT%u", region - APU_REGION_IO - num_inputs);
	printf("+0x%" PRIx64, offset);
	if (ref == ((uint64_t)region << APU_REF_REGION_SHIFT | offset))
		return true;
	printf("(bad)");
	return false;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

/* The value of a field; p points to it. */
static uint64_t get(const uint8_t *p, enum field_type type)
{
	uint16_t u16;
	uint32_t u32;
	uint64_t u64;

	switch (type) {
	case U8:
		return *p;
	case U16:
		memcpy(&u16, p, sizeof(u16));
		return u16;
	case U32:
	case I32:
		memcpy(&u32, p, sizeof(u32));
		return u32;
	default:
		memcpy(&u64, p, sizeof(u64));
		return u64;
	}
}

static size_t size_of(enum field_type type)
{
	static const size_t sizes[] = {
		[U8] = 1, [U16] = 2, [U32] = 4, [I32] = 4, [U64] = 8, [REF] = 8};

	return sizes[type];
}

/* pad0, pad1: not pad_top. */
static bool is_padding(const char *name)
{
	return strncmp(name, "pad", 3) == 0 && isdigit((unsigned char)name[3]);
}

static bool print_field(const struct field *f, const uint8_t *cmd, unsigned int num_inputs)
{
	const uint8_t *p = cmd + f->offset;
	unsigned int i;
	bool good = true;

	if (is_padding(f->name)) {
		for (i = 0; i < f->count; i++)
			good = good && get(p + i * size_of(f->type), f->type) == 0;
		if (!good)
			printf(" %s=nonzero", f->name);
		return good;
	}
	printf(" %s=", f->name);
	for (i = 0; i < f->count; i++, p += size_of(f->type)) {
		uint64_t v = get(p, f->type);

		if (i)
			putchar(',');
		if (f->type == REF)
			good = print_ref(v, num_inputs) && good;
		else if (f->type == I32)
			printf("%" PRId32, (int32_t)v);
		else if (ends_with(f->name, "type") && v)
			printf("%s", apu_type_name((unsigned int)v));
		else
			printf("%" PRIu64, v);
	}
	return good;
}

static bool print_command(const uint8_t *p, const struct apu_cmd_header *hdr,
			  unsigned int engine_class, unsigned int num_inputs)
{
	const struct command *cmd = find_command(hdr->opcode);
	const struct field *f;
	bool good = true;

	if (!cmd) {
		printf("unknown 0x%02x, %u words\n", hdr->opcode, hdr->words);
		return false;
	}
	printf("%s", cmd->name);
	if (hdr->opcode == APU_OP_SET_REGION || hdr->opcode == APU_OP_SIGNAL ||
	    hdr->opcode == APU_OP_WAIT)
		printf(" %" PRIu32, hdr->imm);
	else if (hdr->imm)
		good = false;
	if (cmd->words != hdr->words) {
		printf("  ; bad: %u words, not %u\n", hdr->words, cmd->words);
		return false;
	}
	for (f = cmd->fields; f->name; f++)
		good = print_field(f, p, num_inputs) && good;
	if (hdr->flags || !good)
		printf("  ; bad: flags, imm, padding or a reference");
	if (!(cmd->classes & 1u << engine_class)) {
		printf("  ; bad: not for this engine");
		good = false;
	}
	putchar('\n');
	return good && !hdr->flags;
}

size_t disasm_length(const uint8_t *text, size_t bytes)
{
	const struct command *cmd;
	struct apu_cmd_header hdr;

	if (bytes < sizeof(hdr))
		return 0;
	memcpy(&hdr, text, sizeof(hdr));
	cmd = find_command(hdr.opcode);
	return cmd && cmd->words == hdr.words && hdr.words * 8u <= bytes ? hdr.words * 8u : 0;
}

size_t disassemble_one(const uint8_t *text, size_t bytes, unsigned int engine_class,
		       unsigned int num_inputs, bool *good)
{
	struct apu_cmd_header hdr;

	*good = false;
	if (bytes < sizeof(hdr)) {
		printf("%zu bytes, less than a command\n", bytes);
		return 0;
	}
	memcpy(&hdr, text, sizeof(hdr));
	if (hdr.words == 0 || hdr.words > APU_MAX_CMD_WORDS || hdr.words * 8u > bytes) {
		printf("bad length: %u words\n", hdr.words);
		return 0;
	}
	*good = print_command(text, &hdr, engine_class, num_inputs);
	return hdr.words * 8u;
}

unsigned int disassemble(const uint8_t *text, size_t bytes, unsigned int engine_class,
			 unsigned int num_inputs)
{
	unsigned int errors = 0;
	size_t at = 0, length;
	bool good;

	while (bytes - at >= sizeof(struct apu_cmd_header)) {
		printf("    0x%06zx  ", at);
		length = disassemble_one(text + at, bytes - at, engine_class, num_inputs, &good);
		if (!good)
			errors++;
		if (!length)
			break;
		at += length;
	}
	return errors;
}

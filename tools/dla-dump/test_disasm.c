// SPDX-License-Identifier: MIT
/*
 * The disassembler: commands that are right, commands that are wrong, and noise.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "apu/apu_isa.h"
#include "disasm.h"

static char output[8192];

/* Disassembles as of an eDMA stream of a model with one input; the text goes to output. */
static unsigned int disasm(const void *text, size_t bytes)
{
	FILE *saved = stdout;
	unsigned int errors;

	memset(output, 0, sizeof(output));
	stdout = fmemopen(output, sizeof(output) - 1, "w");
	assert_non_null(stdout);
	errors = disassemble(text, bytes, APU_ENGINE_CLASS_EDMA, 1);
	fclose(stdout);
	stdout = saved;
	return errors;
}

static const struct apu_cmd_copy copy = {
	.hdr = {.opcode = APU_OP_COPY, .words = sizeof(copy) / 8},
	.src = 4ull << 60 | 0x123,
	.dst = 5ull << 60,
	.dims = {1, 2, 3, 4},
	.src_type = APU_DTYPE_F32,
	.dst_type = APU_DTYPE_F16,
	.zp = -5,
};

static void a_command_is_printed_with_its_fields(void **state)
{
	(void)state;
	assert_int_equal(disasm(&copy, sizeof(copy)), 0);
	assert_non_null(strstr(output, "COPY src=IN0+0x123 dst=OUT0+0x0 dims=1,2,3,4"));
	assert_non_null(strstr(output, "src_type=FLOAT32 dst_type=FLOAT16"));
	assert_non_null(strstr(output, "zp=-5"));
	assert_null(strstr(output, "pad"));
}

static void offsets_count_from_the_stream(void **state)
{
	struct apu_cmd_header cmds[] = {
		{.opcode = APU_OP_NOP, .words = 1},
		{.opcode = APU_OP_SIGNAL, .words = 1, .imm = 7},
		{.opcode = APU_OP_END, .words = 1},
	};

	(void)state;
	assert_int_equal(disasm(cmds, sizeof(cmds)), 0);
	assert_non_null(strstr(output, "0x000000  NOP\n"));
	assert_non_null(strstr(output, "0x000008  SIGNAL 7\n"));
	assert_non_null(strstr(output, "0x000010  END\n"));
}

static void wrong_commands_are_marked_and_counted(void **state)
{
	struct apu_cmd_copy cmd;

	(void)state;
	cmd = copy;
	cmd.hdr.flags = 1;
	assert_int_equal(disasm(&cmd, sizeof(cmd)), 1);
	cmd = copy;
	cmd.hdr.imm = 1;
	assert_int_equal(disasm(&cmd, sizeof(cmd)), 1);
	cmd = copy;
	cmd.pad1 = 1;
	assert_int_equal(disasm(&cmd, sizeof(cmd)), 1);
	assert_non_null(strstr(output, "bad"));
	cmd = copy;
	cmd.src |= 1ull << 50;
	assert_int_equal(disasm(&cmd, sizeof(cmd)), 1);
	cmd = copy;
	cmd.hdr.words = 10;
	assert_int_equal(disasm(&cmd, 80), 1);
	assert_non_null(strstr(output, "10 words, not 11"));
	cmd = copy;
	cmd.hdr.opcode = 0xee;
	assert_int_equal(disasm(&cmd, sizeof(cmd)), 1);
	assert_non_null(strstr(output, "unknown 0xee"));
	/* Of the MDLA. */
	struct apu_cmd_pool pool = {.hdr = {.opcode = APU_OP_POOL, .words = sizeof(pool) / 8}};

	assert_int_equal(disasm(&pool, sizeof(pool)), 1);
	assert_non_null(strstr(output, "not for this engine"));
}

static void a_wrong_length_ends_the_stream(void **state)
{
	struct apu_cmd_copy cmd = copy;

	(void)state;
	assert_int_equal(disasm(&cmd, sizeof(cmd) - 8), 1);
	cmd.hdr.words = 0;
	assert_int_equal(disasm(&cmd, sizeof(cmd)), 1);
	cmd.hdr.words = APU_MAX_CMD_WORDS + 1;
	assert_int_equal(disasm(&cmd, sizeof(cmd)), 1);
}

/* Buffers of exactly the size, for the address sanitizer. */
static void noise_does_no_harm(void **state)
{
	unsigned int seed = 7, round;

	(void)state;
	for (round = 0; round < 20000; round++) {
		size_t words = (unsigned int)rand_r(&seed) % 64, i;
		uint8_t *text = malloc(words * 8);

		for (i = 0; i < words * 8; i++)
			text[i] = (uint8_t)rand_r(&seed);
		/* Now and then an opcode and a length that exist. */
		for (i = 0; i < words; i += 1 + (unsigned int)rand_r(&seed) % 4) {
			text[8 * i] = (uint8_t)rand_r(&seed) % 0x32;
			text[8 * i + 2] = (uint8_t)rand_r(&seed) % 20;
			text[8 * i + 3] = 0;
		}
		disasm(text, words * 8);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_is_printed_with_its_fields),
		cmocka_unit_test(offsets_count_from_the_stream),
		cmocka_unit_test(wrong_commands_are_marked_and_counted),
		cmocka_unit_test(a_wrong_length_ends_the_stream),
		cmocka_unit_test(noise_does_no_harm),
	};

	return cmocka_run_group_tests_name("disasm", tests, NULL, NULL);
}

// SPDX-License-Identifier: MIT
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "prologue.h"

/* The bytes that the specification gives for region 1, region 5, CALL and END. */
static const uint8_t expected[] = {
	0x03, 0,    3, 0, 1,	0, 0, 0, /* SET_REGION 1 */
	0x00, 0x10, 0, 0, 0x40, 0, 0, 0, /* base 0x4000001000 */
	0x78, 0x56, 0, 0, 0,	0, 0, 0, /* size 0x5678 */
	0x03, 0,    3, 0, 5,	0, 0, 0, /* SET_REGION 5 */
	0x40, 0x20, 0, 0, 0,	0, 0, 0, /* base 0x2040 */
	0x03, 0,    0, 0, 0,	0, 0, 0, /* size 3 */
	0x04, 0,    3, 0, 0,	0, 0, 0, /* CALL */
	0x80, 0,    0, 0, 0,	0, 0, 0x10, /* TEXT + 0x80 */
	0x00, 0x02, 0, 0, 0,	0, 0, 0, /* 0x200 bytes */
	0x02, 0,    1, 0, 0,	0, 0, 0, /* END */
};

static void bytes_are_those_of_the_specification(void **state)
{
	struct prologue_region regions[APU_NUM_REGIONS] = {
		[1] = {0x4000001000, 0x5678},
		[5] = {0x2040, 3},
	};
	uint64_t out[PROLOGUE_MAX_BYTES / 8];

	(void)state;
	assert_int_equal(prologue_write(out, regions, 0x80, 0x200), sizeof(expected));
	assert_memory_equal(out, expected, sizeof(expected));
}

static void the_longest_fits(void **state)
{
	struct prologue_region regions[APU_NUM_REGIONS];
	uint64_t out[PROLOGUE_MAX_BYTES / 8];
	unsigned int i;

	(void)state;
	for (i = 0; i < APU_NUM_REGIONS; i++)
		regions[i] = (struct prologue_region){4096 * i, 8};
	assert_int_equal(prologue_write(out, regions, 0, 8), PROLOGUE_MAX_BYTES);
}

static void region_0_is_never_set(void **state)
{
	struct prologue_region regions[APU_NUM_REGIONS] = {[0] = {8, 8}};
	uint64_t out[PROLOGUE_MAX_BYTES / 8];

	(void)state;
	assert_int_equal(prologue_write(out, regions, 0, 8),
			 sizeof(struct apu_cmd_call) + sizeof(struct apu_cmd_header));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_those_of_the_specification),
		cmocka_unit_test(the_longest_fits),
		cmocka_unit_test(region_0_is_never_set),
	};

	return cmocka_run_group_tests_name("prologue", tests, NULL, NULL);
}

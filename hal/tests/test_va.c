// SPDX-License-Identifier: MIT
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "va.h"

#define MIB (1ull << 20)

static void address_0_is_never_given_out(void **state)
{
	struct va_space va;
	uint64_t a;

	(void)state;
	assert_int_equal(va_init(&va, 0, MIB), 0);
	assert_int_equal(va_alloc(&va, VA_PAGE_SIZE, &a), 0);
	assert_int_equal(a, VA_PAGE_SIZE);
	va_fini(&va);
}

static void an_empty_space_is_refused(void **state)
{
	struct va_space va;

	(void)state;
	assert_int_equal(va_init(&va, MIB, MIB), -ENOMEM);
	assert_int_equal(va_init(&va, 0, VA_PAGE_SIZE), -ENOMEM);
	assert_int_equal(va_init(&va, UINT64_MAX, UINT64_MAX), -ENOMEM);
}

static void all_pages_can_be_used_and_come_back(void **state)
{
	struct va_space va;
	uint64_t a[255], whole;
	unsigned int i;

	(void)state;
	assert_int_equal(va_init(&va, 0, MIB), 0);
	for (i = 0; i < 255; i++)
		assert_int_equal(va_alloc(&va, VA_PAGE_SIZE, &a[i]), 0);
	assert_int_equal(va_alloc(&va, VA_PAGE_SIZE, &whole), -ENOMEM);
	/* Every second first, so that holes are closed from both sides. */
	for (i = 0; i < 255; i += 2)
		va_free(&va, a[i], VA_PAGE_SIZE);
	for (i = 1; i < 255; i += 2)
		va_free(&va, a[i], VA_PAGE_SIZE);
	assert_int_equal(va_alloc(&va, 255 * VA_PAGE_SIZE, &whole), 0);
	assert_int_equal(whole, VA_PAGE_SIZE);
	assert_null(va.holes);
	va_free(&va, whole, 255 * VA_PAGE_SIZE);
	va_fini(&va);
}

static void large_ranges_are_aligned_to_blocks(void **state)
{
	struct va_space va;
	uint64_t a, b, c;

	(void)state;
	assert_int_equal(va_init(&va, 0, 64 * MIB), 0);
	assert_int_equal(va_alloc(&va, VA_PAGE_SIZE, &a), 0);
	assert_int_equal(va_alloc(&va, 2 * VA_BLOCK_SIZE, &b), 0);
	assert_int_equal(b % VA_BLOCK_SIZE, 0);
	/* The gap before it is not lost. */
	assert_int_equal(va_alloc(&va, VA_PAGE_SIZE, &c), 0);
	assert_true(c < b);
	va_fini(&va);
}

static void a_range_that_is_too_large_is_refused(void **state)
{
	struct va_space va;
	uint64_t a;

	(void)state;
	assert_int_equal(va_init(&va, 0, MIB), 0);
	assert_int_equal(va_alloc(&va, MIB, &a), -ENOMEM);
	assert_int_equal(va_alloc(&va, UINT64_MAX & ~(VA_PAGE_SIZE - 1), &a), -ENOMEM);
	va_fini(&va);
}

/* Against a map of pages. */
static void random_use_never_overlaps(void **state)
{
	enum { PAGES = 4096, RANGES = 200, ROUNDS = 20000 };
	static uint8_t map[PAGES];
	struct {
		uint64_t addr, size;
	} live[RANGES] = {0};
	struct va_space va;
	uint64_t whole;
	unsigned int round, seed = 1;

	(void)state;
	assert_int_equal(va_init(&va, 0, PAGES * VA_PAGE_SIZE), 0);
	for (round = 0; round < ROUNDS + RANGES; round++) {
		unsigned int i =
			round < ROUNDS ? (unsigned int)rand_r(&seed) % RANGES : round - ROUNDS;
		uint64_t p;

		if (live[i].size) {
			for (p = 0; p < live[i].size; p += VA_PAGE_SIZE)
				map[(live[i].addr + p) / VA_PAGE_SIZE] = 0;
			va_free(&va, live[i].addr, live[i].size);
			live[i].size = 0;
		} else if (round < ROUNDS) {
			uint64_t size = (1 + (unsigned int)rand_r(&seed) % 50) * VA_PAGE_SIZE;

			if (rand_r(&seed) % 20 == 0)
				size += VA_BLOCK_SIZE;
			if (va_alloc(&va, size, &live[i].addr))
				continue;
			live[i].size = size;
			assert_true(live[i].addr + size <= PAGES * VA_PAGE_SIZE);
			for (p = 0; p < size; p += VA_PAGE_SIZE) {
				assert_int_equal(map[(live[i].addr + p) / VA_PAGE_SIZE], 0);
				map[(live[i].addr + p) / VA_PAGE_SIZE] = 1;
			}
		}
	}
	/* All is back in one piece, save what alignment to a block costs at its start. */
	assert_int_equal(va_alloc(&va, (PAGES - 512) * VA_PAGE_SIZE, &whole), 0);
	va_fini(&va);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_0_is_never_given_out),
		cmocka_unit_test(an_empty_space_is_refused),
		cmocka_unit_test(all_pages_can_be_used_and_come_back),
		cmocka_unit_test(large_ranges_are_aligned_to_blocks),
		cmocka_unit_test(a_range_that_is_too_large_is_refused),
		cmocka_unit_test(random_use_never_overlaps),
	};

	return cmocka_run_group_tests_name("va", tests, NULL, NULL);
}

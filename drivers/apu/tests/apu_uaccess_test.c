// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arrays from user space.
 */

#include <kunit/test.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include <drm/apu_accel.h>

#include "../apu_arena.h"
#include "../apu_uaccess.h"

/* The second version of an object whose first one ended with b. */
struct apu_test_obj {
	u32 a;
	u32 b;
	u64 c;
};

#define MIN_STRIDE 8
#define MAX_COUNT 4
#define OBJ_SIZE sizeof(struct apu_test_obj)
#define USER_SIZE (4 * PAGE_SIZE)

static u64 user_memory(struct kunit *test)
{
	unsigned long addr = kunit_vm_mmap(test, NULL, 0, USER_SIZE, PROT_READ | PROT_WRITE,
					   MAP_ANONYMOUS | MAP_PRIVATE, 0);

	KUNIT_ASSERT_NE(test, 0, addr);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));

	return addr;
}

static void to_user(struct kunit *test, u64 addr, const void *data, size_t size)
{
	KUNIT_ASSERT_EQ(test, 0, copy_to_user(u64_to_user_ptr(addr), data, size));
}

static void fini_arena(void *data)
{
	apu_arena_fini(data);
}

static struct apu_arena *arena_of(struct kunit *test)
{
	struct apu_arena *arena = kunit_kzalloc(test, sizeof(*arena), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, arena);
	apu_arena_init(arena);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, fini_arena, arena));

	return arena;
}

static void *copy(struct kunit *test, u32 stride, u32 count, u64 addr)
{
	struct drm_apu_obj_array in = { .stride = stride, .count = count, .array = addr };

	return apu_copy_array(arena_of(test), &in, MAX_COUNT, MIN_STRIDE, OBJ_SIZE);
}

static void apu_array_is_copied(struct kunit *test)
{
	const struct apu_test_obj objs[] = { { 1, 2, 3 }, { 4, 5, 6 }, { 7, 8, U64_MAX } };
	u64 addr = user_memory(test);
	void *out;

	to_user(test, addr, objs, sizeof(objs));
	out = copy(test, OBJ_SIZE, ARRAY_SIZE(objs), addr);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, out);
	KUNIT_EXPECT_MEMEQ(test, out, objs, sizeof(objs));
}

static void apu_array_of_an_older_client(struct kunit *test)
{
	const u32 old[] = { 1, 2, 3, 4 };
	const struct apu_test_obj expected[] = { { 1, 2, 0 }, { 3, 4, 0 } };
	u64 addr = user_memory(test);
	void *out;

	to_user(test, addr, old, sizeof(old));
	out = copy(test, MIN_STRIDE, 2, addr);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, out);
	KUNIT_EXPECT_MEMEQ(test, out, expected, sizeof(expected));
}

static void apu_array_of_a_newer_client(struct kunit *test)
{
	const u64 new[] = { 1, 2, 0, 4, 5, 0 };
	const u64 expected[] = { 1, 2, 4, 5 };
	const u64 unknown = 1;
	u64 addr = user_memory(test);
	void *out;

	to_user(test, addr, new, sizeof(new));
	out = copy(test, 24, 2, addr);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, out);
	KUNIT_EXPECT_MEMEQ(test, out, expected, sizeof(expected));

	/* Something that we do not know, in the last object. */
	to_user(test, addr + 24 + 16, &unknown, sizeof(unknown));
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-E2BIG), copy(test, 24, 2, addr));
}

static void apu_array_is_empty(struct kunit *test)
{
	/* Nothing else is looked at. */
	KUNIT_EXPECT_NULL(test, copy(test, 0, 0, 0));
	KUNIT_EXPECT_NULL(test, copy(test, 7, 0, 1));
}

static void apu_array_has_a_bad_shape(struct kunit *test)
{
	u64 addr = user_memory(test);

	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, copy(test, OBJ_SIZE, MAX_COUNT, addr));
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL), copy(test, OBJ_SIZE, MAX_COUNT + 1, addr));
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL), copy(test, OBJ_SIZE, U32_MAX, addr));
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL), copy(test, 0, 1, addr));
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL), copy(test, MIN_STRIDE - 8, 1, addr));
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL), copy(test, OBJ_SIZE + 4, 1, addr));
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, copy(test, PAGE_SIZE, 2, addr));
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-E2BIG), copy(test, PAGE_SIZE + 8, 2, addr));
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-E2BIG), copy(test, U32_MAX - 7, 2, addr));
}

static void apu_array_is_not_there(struct kunit *test)
{
	u64 addr = user_memory(test);
	/* Two objects, the second not in the mapping any more. */
	u64 end = addr + USER_SIZE - OBJ_SIZE;

	KUNIT_ASSERT_EQ(test, 0, vm_munmap(addr + USER_SIZE - PAGE_SIZE, PAGE_SIZE));
	end -= PAGE_SIZE;
	KUNIT_EXPECT_NOT_ERR_OR_NULL(test, copy(test, OBJ_SIZE, 1, end));
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EFAULT), copy(test, OBJ_SIZE, 2, end));
	/* The kernel's, and one that wraps around. */
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EFAULT), copy(test, OBJ_SIZE, 1, (uintptr_t)test));
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EFAULT), copy(test, OBJ_SIZE, 2, -(u64)OBJ_SIZE));
}

static void apu_array_of_words(struct kunit *test)
{
	const u32 words[] = { 1, 2, 3 };
	u64 addr = user_memory(test);
	struct drm_apu_obj_array in = { .stride = 4, .count = 3, .array = addr };
	u32 *out;

	to_user(test, addr, words, sizeof(words));
	out = apu_copy_array(arena_of(test), &in, 3, sizeof(u32), sizeof(u32));
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, out);
	KUNIT_EXPECT_MEMEQ(test, out, words, sizeof(words));

	in.stride = 6;
	KUNIT_EXPECT_PTR_EQ(test, ERR_PTR(-EINVAL),
			    apu_copy_array(arena_of(test), &in, 3, sizeof(u32), sizeof(u32)));
}

static void apu_arena_has_chunks(struct kunit *test)
{
	struct apu_arena *arena = arena_of(test);
	const size_t sizes[] = { 1, 8, 24, 400, 100, PAGE_SIZE, 3 * PAGE_SIZE, 16 };
	u8 *memory[ARRAY_SIZE(sizes)];
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		memory[i] = apu_arena_alloc(arena, 1, sizes[i]);
		KUNIT_ASSERT_NOT_NULL(test, memory[i]);
		KUNIT_EXPECT_TRUE(test, IS_ALIGNED((uintptr_t)memory[i], 8));
		memset(memory[i], i, sizes[i]);
	}
	/* None has another's bytes. */
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		for (j = 0; j < sizes[i]; j++)
			if (memory[i][j] != i)
				KUNIT_FAIL_AND_ABORT(test, "object %zu, byte %zu", i, j);
}

static void apu_arena_refuses_too_much(struct kunit *test)
{
	struct apu_arena *arena = arena_of(test);

	KUNIT_EXPECT_NULL(test, apu_arena_alloc(arena, SIZE_MAX, 2));
	KUNIT_EXPECT_NULL(test, apu_arena_alloc(arena, 1, SIZE_MAX));
	KUNIT_EXPECT_NULL(test, apu_arena_alloc(arena, 1, (size_t)INT_MAX + 1));
	/* And goes on. */
	KUNIT_EXPECT_NOT_NULL(test, apu_arena_alloc(arena, 4, 8));
}

static struct kunit_case apu_uaccess_cases[] = {
	KUNIT_CASE(apu_array_is_copied),
	KUNIT_CASE(apu_array_of_an_older_client),
	KUNIT_CASE(apu_array_of_a_newer_client),
	KUNIT_CASE(apu_array_is_empty),
	KUNIT_CASE(apu_array_has_a_bad_shape),
	KUNIT_CASE(apu_array_is_not_there),
	KUNIT_CASE(apu_array_of_words),
	KUNIT_CASE(apu_arena_has_chunks),
	KUNIT_CASE(apu_arena_refuses_too_much),
	{}
};

static struct kunit_suite apu_uaccess_suite = {
	.name = "apu_uaccess",
	.test_cases = apu_uaccess_cases,
};

kunit_test_suite(apu_uaccess_suite);

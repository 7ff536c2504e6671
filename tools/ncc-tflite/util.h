/* SPDX-License-Identifier: MIT */
/* Errors, memory and growing arrays. A run of the compiler ends at its first error. */
#ifndef NCC_UTIL_H
#define NCC_UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NCC_NAME "ncc-tflite"
#define NCC_VERSION "1.0"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The file that errors speak of. */
void set_subject(const char *file);

/* One line on standard error, then exit status 1. */
_Noreturn void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* In the place of the line and the exit, for a fuzzer; must not return. NULL: as usual. */
void set_fail_handler(void (*handler)(void));
/* Only if asked to be verbose: an error is one line and nothing else. */
void set_verbose(bool on);
/* A line for who watches a terminal; the next one, an error or the end takes its place. */
void progress(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void progress_end(void);
void warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Even if not: after all else went well. */
void warn_always(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Zeroed memory that lives until exit; never NULL. */
void *alloc(size_t count, size_t size);
/* A point in time, and all that alloc() gave since. */
void *alloc_mark(void);
void free_since(void *mark);
/* Frees all that alloc() ever gave. */
void free_all(void);
char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2), nonnull(1)));

/* Makes room for one more of *n elements of *array and returns its index. */
size_t grow(void **array, size_t *n, size_t *cap, size_t size);

#define VEC(type)                                                                                  \
	struct {                                                                                   \
		type *v;                                                                           \
		size_t n, cap;                                                                     \
	}
#define PUSH(vec)                                                                                  \
	(grow((void **)&(vec)->v, &(vec)->n, &(vec)->cap, sizeof(*(vec)->v)),                      \
	 &(vec)->v[(vec)->n - 1])

static inline uint64_t align_up(uint64_t x, uint64_t a)
{
	return (x + a - 1) / a * a;
}

static inline int64_t min64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static inline int64_t max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static inline uint64_t div_up(uint64_t a, uint64_t b)
{
	return (a + b - 1) / b;
}

#endif

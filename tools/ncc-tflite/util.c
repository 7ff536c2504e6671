// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "util.h"

static const char *subject;
static bool verbose, progress_shown;
static void (*fail_handler)(void);

/* Everything ever allocated stays reachable from here, for leak checkers. */
static struct chunk {
	struct chunk *next;
	max_align_t data[];
} *chunks;

void set_subject(const char *file)
{
	subject = file;
}

void progress_end(void)
{
	if (progress_shown)
		fputs("\r\033[K", stderr);
	progress_shown = false;
}

void progress(const char *fmt, ...)
{
	va_list ap;

	if (!isatty(STDERR_FILENO))
		return;
	progress_end();
	fprintf(stderr, "%s: ", NCC_NAME);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fflush(stderr);
	progress_shown = true;
}

static void say(const char *kind, const char *fmt, va_list ap)
{
	progress_end();
	fprintf(stderr, "%s: ", NCC_NAME);
	if (subject)
		fprintf(stderr, "%s: ", subject);
	fputs(kind, stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
}

void set_fail_handler(void (*handler)(void))
{
	fail_handler = handler;
}

void fail(const char *fmt, ...)
{
	va_list ap;

	if (fail_handler)
		fail_handler();
	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
	exit(1);
}

void set_verbose(bool on)
{
	verbose = on;
}

void warn(const char *fmt, ...)
{
	va_list ap;

	if (!verbose)
		return;
	va_start(ap, fmt);
	say("warning: ", fmt, ap);
	va_end(ap);
}

void warn_always(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("warning: ", fmt, ap);
	va_end(ap);
}

void *alloc(size_t count, size_t size)
{
	struct chunk *c;
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX - sizeof(*c))
		fail("out of memory");
	c = calloc(1, sizeof(*c) + bytes);
	if (!c)
		fail("out of memory");
	c->next = chunks;
	chunks = c;
	return c->data;
}

void *alloc_mark(void)
{
	return chunks;
}

void free_since(void *mark)
{
	while (chunks != mark) {
		struct chunk *next = chunks->next;

		free(chunks);
		chunks = next;
	}
}

void free_all(void)
{
	free_since(NULL);
}

char *format(const char *fmt, ...)
{
	char probe[8], *s;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(probe, sizeof(probe), fmt, ap);
	va_end(ap);
	s = alloc((size_t)n + 1, 1);
	va_start(ap, fmt);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return s;
}

size_t grow(void **array, size_t *n, size_t *cap, size_t size)
{
	if (*n == *cap) {
		size_t cap2 = *cap ? *cap * 2 : 16;
		void *p = alloc(cap2, size);

		if (*n)
			memcpy(p, *array, *n * size);
		*array = p;
		*cap = cap2;
	}
	return (*n)++;
}

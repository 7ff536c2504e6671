/* SPDX-License-Identifier: MIT */
/*
 * What the tests that run on an APU share.
 */
#ifndef APU_TESTS_DEVICE_UTIL_H
#define APU_TESTS_DEVICE_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Fails the test it is in; last_error() is the library's under test. */
#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			printf("# %s:%d: %s is false; last error: %s\n", __FILE__, __LINE__,       \
			       #cond, last_error());                                               \
			return false;                                                              \
		}                                                                                  \
	} while (0)

struct test {
	const char *name;
	bool (*run)(void);
};

#define TEST(name) {#name, name}

/* Provided by the program. */
const char *last_error(void);

/* Prints TAP; the exit status. */
int run_tests(const struct test *tests, unsigned int count);

/* A dma-buf that is not the APU's, or -1. */
int heap_alloc(size_t size);
/* Begins or ends an access of the CPU, DMA_BUF_SYNC_*. */
bool dmabuf_sync(int fd, uint64_t flags);

/* What the driver tells of the buffers of the process's only open APU node, in bytes. */
struct fdinfo {
	uint64_t total;
	uint64_t shared;
	uint64_t resident;
};

/* False if no node is open. */
bool read_fdinfo(struct fdinfo *info);

#endif

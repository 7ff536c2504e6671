// SPDX-License-Identifier: GPL-2.0-only

#include "fuzz.h"

#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/kcov.h>

#define KCOV "/sys/kernel/debug/kcov"
#define PLACES 65536
#define SEEN 65536

static __thread int fd = -1;
static __thread unsigned long *cover;
/* Hashes of places; collisions lose a few. */
static unsigned char seen[SEEN];
static int total;

bool fuzz_cov_open(void)
{
	fd = open(KCOV, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (!ioctl(fd, KCOV_INIT_TRACE, PLACES)) {
		cover = mmap(NULL, PLACES * sizeof(*cover), PROT_READ | PROT_WRITE, MAP_SHARED,
			     fd, 0);
		if (cover != MAP_FAILED)
			return true;
	}
	close(fd);
	fd = -1;

	return false;
}

void fuzz_cov_start(void)
{
	if (fd < 0)
		return;
	__atomic_store_n(&cover[0], 0, __ATOMIC_RELAXED);
	if (ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC))
		cover[0] = 0;
}

int fuzz_cov_stop(void)
{
	unsigned long i, n;
	int fresh = 0;

	if (fd < 0)
		return 0;
	n = __atomic_load_n(&cover[0], __ATOMIC_RELAXED);
	ioctl(fd, KCOV_DISABLE, 0);
	for (i = 1; i <= n && i < PLACES; i++) {
		uint64_t hash = cover[i] * 0x9e3779b97f4a7c15ull;

		fresh += !__atomic_exchange_n(&seen[hash >> 48], 1, __ATOMIC_RELAXED);
	}
	__atomic_add_fetch(&total, fresh, __ATOMIC_RELAXED);

	return fresh;
}

int fuzz_cov_total(void)
{
	return total;
}

// SPDX-License-Identifier: MIT
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/dma-buf.h>
#include <linux/dma-heap.h>

#include "device_util.h"

int run_tests(const struct test *tests, unsigned int count)
{
	unsigned int i, failed = 0;

	setlinebuf(stdout);
	printf("1..%u\n", count);
	for (i = 0; i < count; i++) {
		bool good = tests[i].run();

		printf("%sok %u - %s\n", good ? "" : "not ", i + 1, tests[i].name);
		failed += !good;
	}
	return failed ? 1 : 0;
}

int heap_alloc(size_t size)
{
	struct dma_heap_allocation_data arg = {.len = size, .fd_flags = O_RDWR | O_CLOEXEC};
	int heap = open("/dev/dma_heap/system", O_RDONLY | O_CLOEXEC);
	int ret = heap < 0 ? -1 : ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &arg);

	if (heap >= 0)
		close(heap);
	return ret ? -1 : (int)arg.fd;
}

bool dmabuf_sync(int fd, uint64_t flags)
{
	struct dma_buf_sync arg = {.flags = flags};

	return ioctl(fd, DMA_BUF_IOCTL_SYNC, &arg) == 0;
}

/* The descriptor of the node, or -1. */
static int find_node(void)
{
	char path[300], target[64];
	struct dirent *entry;
	DIR *dir = opendir("/proc/self/fd");
	ssize_t n;
	int fd = -1;

	while (dir && fd < 0 && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/self/fd/%s", entry->d_name);
		n = readlink(path, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		if (strncmp(target, "/dev/accel/", 11) == 0)
			sscanf(entry->d_name, "%d", &fd);
	}
	if (dir)
		closedir(dir);
	return fd;
}

/* "drm-total-memory:\t16 KiB" */
static void parse_line(const char *line, const char *key, uint64_t *value)
{
	char unit[8] = "";

	if (strncmp(line, key, strlen(key)) != 0)
		return;
	sscanf(line + strlen(key), "%" SCNu64 " %7s", value, unit);
	if (strcmp(unit, "KiB") == 0)
		*value <<= 10;
	else if (strcmp(unit, "MiB") == 0)
		*value <<= 20;
}

bool read_fdinfo(struct fdinfo *info)
{
	int fd = find_node();
	char path[64], line[256];
	FILE *file;

	memset(info, 0, sizeof(*info));
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fd < 0 ? NULL : fopen(path, "re");
	if (!file)
		return false;
	while (fgets(line, sizeof(line), file)) {
		parse_line(line, "drm-total-memory:", &info->total);
		parse_line(line, "drm-shared-memory:", &info->shared);
		parse_line(line, "drm-resident-memory:", &info->resident);
	}
	fclose(file);
	return true;
}

// SPDX-License-Identifier: GPL-2.0-only

#include "apu_test.h"
#include "fault_port.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>

#define PORT "/sys/kernel/debug/apu-port/"

static int load_module(const char *dir)
{
	char path[PATH_MAX];
	int fd, ret;

	snprintf(path, sizeof(path), "%s/apu-port.ko", dir);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);

	return ret == -EEXIST ? 0 : ret;
}

const char *fault_port_open(void)
{
	const char *dir = getenv("APU_MODULES");

	if (!access(PORT "rules", W_OK))
		return NULL;
	if (!dir || !*dir)
		return "APU_MODULES does not say where the modules are";
	if (load_module(dir))
		return "cannot load apu-port.ko";
	/* The node in the device tree comes with the machine's option. */
	return access(PORT "rules", W_OK) ? "the machine has no test port (test-port=on)" : NULL;
}

int fault_set(const char *rules)
{
	char why[512];
	int ret = write_file(PORT "rules", rules);

	if (ret && !read_file(PORT "error", why, sizeof(why)))
		fprintf(stderr, "# %s: %s\n", rules, why);

	return ret;
}

int fault_rules_are_used_up(void)
{
	char rules[512] = "?";

	return !read_file(PORT "rules", rules, sizeof(rules)) && !rules[0];
}

int64_t fault_counter(const char *name)
{
	char path[128], text[32];
	int ret;

	snprintf(path, sizeof(path), PORT "%s", name);
	ret = read_file(path, text, sizeof(text));

	return ret ? ret : atoll(text);
}

int fault_asids(uint32_t vm, int *asids, int max)
{
	char apu[64], path[160], line[160];
	int pid, asid, n = 0;
	unsigned int id;
	FILE *f;

	if (find_device(".apu", apu, sizeof(apu)))
		return 0;
	snprintf(path, sizeof(path), "/sys/kernel/debug/accel/%s/vms", apu);
	f = fopen(path, "r");
	while (f && n < max && fgets(line, sizeof(line), f))
		if (sscanf(line, "pid %d vm %u asid %d", &pid, &id, &asid) == 3 &&
		    pid == getpid() && id == vm)
			asids[n++] = asid;
	if (f)
		fclose(f);

	return n;
}

int fault_asid(uint32_t vm)
{
	int asid;

	return fault_asids(vm, &asid, 1) == 1 ? asid : -1;
}

long fault_param(const char *name, long value)
{
	char path[PATH_MAX], text[32];
	long old;
	int ret;

	snprintf(path, sizeof(path), "/sys/module/%.*s/parameters/%s",
		 (int)strcspn(name, "/"), name, name + strcspn(name, "/") + 1);
	ret = read_file(path, text, sizeof(text));
	if (ret)
		return ret;
	old = atol(text);
	snprintf(text, sizeof(text), "%ld", value);
	ret = write_file(path, text);

	return ret ? ret : old;
}

int fault_limits(const struct fault_limits *limits, struct fault_limits *old)
{
	const struct fault_limits were = {
		.watchdog = fault_param("apu/watchdog_ms", limits->watchdog),
		.hang_grace = fault_param("apu/hang_grace_ms", limits->hang_grace),
		.stop_timeout = fault_param("apu/stop_timeout_ms", limits->stop_timeout),
	};

	if (old)
		*old = were;

	return were.watchdog < 0 ? were.watchdog :
	       were.hang_grace < 0 ? were.hang_grace :
	       were.stop_timeout < 0 ? were.stop_timeout : 0;
}

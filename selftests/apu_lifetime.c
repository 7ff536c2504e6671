// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who outlives whom: files, mappings, fences, processes, the driver, its module.
 *
 * Modules are loaded and unloaded, for which APU_MODULES has to say where they are;
 * scripts/vm does.
 */

#include "apu_test.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/sync_file.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "apu_harness.h"
#include "fault_port.h"

#define LIMIT_NS 30000000000ll
/* Seconds for what loads modules or fills memory, with every checker on. */
#define SLOW 180
#define CGROUP "/tmp/apu_lifetime.cgroup"

static void nap(void)
{
	nanosleep(&(struct timespec) { 0, 1000000 }, NULL);
}

static int module_unload(void)
{
	return syscall(SYS_delete_module, "apu", O_NONBLOCK) ? -errno : 0;
}

/*
 * What the last user held is given back by a worker. And the names of the drivers outlive
 * the module for seconds in a kernel with DEBUG_KOBJECT_RELEASE: it could not come back.
 */
static int module_unload_soon(void)
{
	static const char * const drivers[] = {
		SYS_PLATFORM "drivers/apu", SYS_PLATFORM "drivers/apu-engine"
	};
	int64_t end = now_ns() + LIMIT_NS;
	size_t i;
	int ret;

	while ((ret = module_unload()) == -EWOULDBLOCK && now_ns() < end)
		nap();
	for (i = 0; !ret && i < ARRAY_SIZE(drivers); i++) {
		while (!access(drivers[i], F_OK) && now_ns() < end)
			nap();
		if (!access(drivers[i], F_OK))
			ret = -ETIMEDOUT;
	}

	return ret;
}

static int module_load(void)
{
	char path[PATH_MAX];
	int fd, ret;

	snprintf(path, sizeof(path), "%s/apu.ko", getenv("APU_MODULES"));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	close(fd);

	return ret;
}

static bool modules_are_known(void)
{
	const char *dir = getenv("APU_MODULES");

	return dir && *dir;
}

/* A client that was closed or comes from elsewhere can still do a job. */
static int fill_and_check(struct client *c, uint8_t value)
{
	uint64_t seqno;
	int ret;

	c->cmd_used = 0;
	ret = submit_fills(c, VA_DATA, value, 1, &seqno);
	if (!ret)
		ret = job_wait(c, c->ctx, seqno);
	if (ret)
		return ret;

	return ((uint8_t *)c->data.map)[DATA_SIZE - 1] == value ? 0 : -EBADMSG;
}

/* A sync_file with the fence of a job of @repeat fills, or a negative error number. */
static int submit_for_sync_file(struct client *c, int repeat)
{
	struct drm_syncobj_handle handle = {
		.handle = syncobj_create(c->fd),
		.flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
		.fd = -1,
	};
	struct drm_apu_sync_op op = { DRM_APU_SYNC_OP_SIGNAL, handle.handle, 0 };
	struct stream s = stream_begin(c, DRM_APU_ENGINE_EDMA);
	struct drm_apu_stream stream;
	struct drm_apu_job job = {
		.streams = DRM_APU_OBJ_ARRAY(1, &stream),
		.syncs = DRM_APU_OBJ_ARRAY(1, &op),
	};
	int ret;

	emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
	while (repeat--)
		emit_fill(&s, REF(R_DATA, 0), 1, DATA_SIZE);
	stream = stream_end(&s);

	ret = submit(c, &job, 1, NULL);
	if (!ret)
		ret = apu_ioctl(c->fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &handle);

	return ret ? ret : handle.fd;
}

/* 1 when it has signalled, 0 when not, else the error that it signalled with. */
static int sync_file_status(int fd)
{
	struct sync_fence_info fence = {};
	struct sync_file_info info = {
		.num_fences = 1,
		.sync_fence_info = (uintptr_t)&fence,
	};
	int ret = apu_ioctl(fd, SYNC_IOC_FILE_INFO, &info);

	return ret ? ret : fence.status;
}

FIXTURE(lifetime) {
	struct client c;
	char apu[64];
};

FIXTURE_SETUP(lifetime)
{
	ASSERT_EQ(0, client_open(&self->c));
	ASSERT_EQ(0, find_device(".apu", self->apu, sizeof(self->apu)));
}

FIXTURE_TEARDOWN(lifetime)
{
	if (self->c.fd >= 0)
		client_close(&self->c);
}

/* Whoever has a file, a mapping or a fence keeps it when the driver goes. */
TEST_F_TIMEOUT(lifetime, unbind_with_everything_in_use, SLOW)
{
	uint8_t *data = self->c.data.map;
	struct client c;
	uint32_t vm;
	int fd;

	ASSERT_EQ(0, fill_and_check(&self->c, 0x31));
	fd = submit_for_sync_file(&self->c, 2000);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, sync_file_status(fd));
	ASSERT_EQ(0, driver_write("unbind", self->apu));

	/* The job was stopped, and its fence says so. */
	ASSERT_EQ(1, poll(&(struct pollfd) { fd, POLLIN, 0 }, 1, WAIT_NS / 1000000));
	EXPECT_GT(0, sync_file_status(fd));
	/* Memory stays for the CPU, also where it has not been touched yet. */
	EXPECT_TRUE(data[DATA_SIZE - 1] == 0x31 || data[DATA_SIZE - 1] == 1);
	memset(data, 0x32, DATA_SIZE);
	EXPECT_TRUE(data[0] == 0x32 && data[DATA_SIZE - 1] == 0x32);
	EXPECT_EQ(-ENODEV, vm_create(self->c.fd, &vm));
	EXPECT_EQ(-ENOENT, apu_open());

	/* A new device beside the old files. */
	ASSERT_EQ(0, driver_write("bind", self->apu));
	ASSERT_EQ(0, client_open(&c));
	EXPECT_EQ(0, fill_and_check(&c, 0x33));
	EXPECT_EQ(0x32, data[0]);
	client_close(&c);
	EXPECT_GT(0, sync_file_status(fd));
	close(fd);
}

/* None of them has run: that of the first does not make the others be cancelled. */
TEST_F_TIMEOUT(lifetime, unbind_with_jobs_queued, SLOW)
{
	enum { JOBS = 20 };	/* of which there are slots for 16 */
	const char *why = fault_port_open();
	int i, fds[JOBS];

	if (why)
		SKIP(return, "%s", why);
	/* The first on each engine stand in the way of all. */
	ASSERT_EQ(0, fault_set("on=job,engine=edma0,do=freeze;on=job,engine=edma1,do=freeze"));
	for (i = 0; i < JOBS; i++) {
		fds[i] = submit_for_sync_file(&self->c, 1);
		ASSERT_LE(0, fds[i]);
	}
	ASSERT_EQ(0, driver_write("unbind", self->apu));
	for (i = 0; i < JOBS; i++) {
		ASSERT_EQ(1, poll(&(struct pollfd) { fds[i], POLLIN, 0 }, 1, WAIT_NS / 1000000));
		if (i >= JOBS - 2)
			EXPECT_EQ(-ENODEV, sync_file_status(fds[i]));
		close(fds[i]);
	}
	ASSERT_EQ(0, driver_write("bind", self->apu));
	EXPECT_TRUE(fault_rules_are_used_up());
}

/* A fence is all that is left of a client: it keeps what it needs, the module too. */
TEST_F_TIMEOUT(lifetime, a_fence_outlives_everything, SLOW)
{
	int fd;

	if (!modules_are_known())
		SKIP(return, "APU_MODULES does not say where the modules are");
	fd = submit_for_sync_file(&self->c, 1);
	ASSERT_LE(0, fd);
	ASSERT_EQ(1, poll(&(struct pollfd) { fd, POLLIN, 0 }, 1, WAIT_NS / 1000000));
	client_close(&self->c);
	self->c.fd = -1;

	ASSERT_EQ(0, driver_write("unbind", self->apu));
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	EXPECT_EQ(1, sync_file_status(fd));
	close(fd);
	ASSERT_EQ(0, module_unload_soon());
	ASSERT_EQ(0, module_load());
	ASSERT_EQ(0, client_open(&self->c));
	EXPECT_EQ(0, fill_and_check(&self->c, 0x34));
}

TEST_F_TIMEOUT(lifetime, module_stays_while_a_file_is_open, SLOW)
{
	if (!modules_are_known())
		SKIP(return, "APU_MODULES does not say where the modules are");
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	EXPECT_EQ(0, fill_and_check(&self->c, 0x35));
	client_close(&self->c);
	self->c.fd = -1;
	ASSERT_EQ(0, module_unload_soon());
	EXPECT_EQ(-ENOENT, apu_open());
	ASSERT_EQ(0, module_load());
	ASSERT_EQ(0, client_open(&self->c));
	EXPECT_EQ(0, fill_and_check(&self->c, 0x36));
}

/* A memory mapping alone is a user of the module, too. */
TEST_F_TIMEOUT(lifetime, module_stays_while_memory_is_mapped, SLOW)
{
	if (!modules_are_known())
		SKIP(return, "APU_MODULES does not say where the modules are");
	close(self->c.fd);
	self->c.fd = -1;
	EXPECT_EQ(-EWOULDBLOCK, module_unload());
	memset(self->c.data.map, 0x37, DATA_SIZE);
	munmap(self->c.data.map, self->c.data.size);
	munmap(self->c.cmd.map, self->c.cmd.size);
	ASSERT_EQ(0, module_unload_soon());
	ASSERT_EQ(0, module_load());
}

/* The module goes while jobs of a client that was killed are still there. */
TEST_F_TIMEOUT(lifetime, unload_after_a_client_was_killed, SLOW)
{
	int i, status, fds[2];
	char ready;
	pid_t pid;

	if (!modules_are_known())
		SKIP(return, "APU_MODULES does not say where the modules are");
	client_close(&self->c);
	self->c.fd = -1;

	ASSERT_EQ(0, pipe(fds));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		if (client_open(&self->c))
			_exit(1);
		for (i = 0; i < 30; i++)
			submit_fills(&self->c, VA_DATA, 1, 100, NULL);
		if (write(fds[1], "", 1) != 1)
			_exit(1);
		pause();
	}
	ASSERT_EQ(1, read(fds[0], &ready, 1));
	close(fds[0]);
	close(fds[1]);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, module_unload_soon());
	ASSERT_EQ(0, module_load());
	ASSERT_EQ(0, client_open(&self->c));
	EXPECT_EQ(0, fill_and_check(&self->c, 0x38));
}

static int exit_status(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -1;

	return WIFEXITED(status) ? WEXITSTATUS(status) : 256 + WTERMSIG(status);
}

/* The file, not the process, is the client: a child works on, and leaves no damage. */
TEST_F(lifetime, fork)
{
	pid_t pid = fork();

	ASSERT_LE(0, pid);
	if (!pid)
		_exit(fill_and_check(&self->c, 0x41) ? 1 : 0);
	EXPECT_EQ(0, exit_status(pid));
	EXPECT_EQ(0x41, ((uint8_t *)self->c.data.map)[0]);
	EXPECT_EQ(0, fill_and_check(&self->c, 0x42));
}

/* The parent goes, the child has all. */
TEST_F(lifetime, a_child_outlives_its_parent)
{
	int fds[2], ready[2];
	char result = 1;
	pid_t pid;

	ASSERT_EQ(0, pipe(fds));
	ASSERT_EQ(0, pipe(ready));
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		struct client c;

		if (client_open(&c))
			_exit(1);
		pid = getpid();
		if (fork())
			_exit(read(ready[0], &result, 1) != 1);
		/* Else it would die with its parent: that is what tests do. */
		if (prctl(PR_SET_PDEATHSIG, 0) || write(ready[1], "", 1) != 1)
			_exit(1);
		while (getppid() == pid)
			nap();
		result = fill_and_check(&c, 0x43) ? 2 : 0;
		_exit(write(fds[1], &result, 1) != 1);
	}
	close(fds[1]);
	close(ready[1]);
	EXPECT_EQ(0, exit_status(pid));
	ASSERT_EQ(1, read(fds[0], &result, 1));
	EXPECT_EQ(0, result);
	close(fds[0]);
	close(ready[0]);
}

#define EXEC_ENV "APU_LIFETIME_CLIENT"

static int map_again(int fd, struct bo *bo)
{
	struct drm_apu_bo_mmap_offset offset = { .handle = bo->handle };
	int ret = apu_ioctl(fd, DRM_IOCTL_APU_BO_MMAP_OFFSET, &offset);

	if (ret)
		return ret;
	bo->map = mmap(NULL, bo->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset.offset);

	return bo->map == MAP_FAILED ? -errno : 0;
}

/* What the program does when the test below executes it. */
__attribute__((constructor)) static void after_exec(void)
{
	const char *env = getenv(EXEC_ENV);
	struct client c = {};

	if (!env)
		return;
	c.cmd.size = CMD_SIZE;
	c.data.size = DATA_SIZE;
	if (sscanf(env, "%d %u %u %u %u", &c.fd, &c.vm, &c.ctx, &c.cmd.handle,
		   &c.data.handle) != 5)
		_exit(1);
	if (map_again(c.fd, &c.cmd) || map_again(c.fd, &c.data))
		_exit(2);
	_exit(fill_and_check(&c, 0x44) ? 3 : 0);
}

/* Mappings do not survive it; file, address space, context and buffers do. */
TEST_F(lifetime, exec)
{
	char env[128];
	pid_t pid;

	ASSERT_EQ(0, fcntl(self->c.fd, F_SETFD, 0));
	snprintf(env, sizeof(env), "%d %u %u %u %u", self->c.fd, self->c.vm, self->c.ctx,
		 self->c.cmd.handle, self->c.data.handle);
	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid) {
		setenv(EXEC_ENV, env, 1);
		execl("/proc/self/exe", "apu_lifetime", NULL);
		_exit(127);
	}
	EXPECT_EQ(0, exit_status(pid));
	EXPECT_EQ(0x44, ((uint8_t *)self->c.data.map)[0]);
}

static int send_fd(int sock, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = {}, byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));

	return sendmsg(sock, &msg, 0) == 1 ? 0 : -errno;
}

static int receive_fd(int sock)
{
	char control[CMSG_SPACE(sizeof(int))], byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;
	int fd = -1;

	if (recvmsg(sock, &msg, 0) != 1)
		return -errno;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg && cmsg->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(cmsg), sizeof(fd));

	return fd;
}

/* A file that goes through a socket, in which it is while nobody else has it. */
TEST_F(lifetime, a_file_through_a_socket)
{
	struct client c = self->c;
	int socks[2];

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM, 0, socks));
	ASSERT_EQ(0, submit_fills(&self->c, VA_DATA, 0x45, 100, NULL));
	ASSERT_EQ(0, send_fd(socks[0], self->c.fd));
	munmap(self->c.data.map, self->c.data.size);
	munmap(self->c.cmd.map, self->c.cmd.size);
	close(self->c.fd);
	self->c.fd = -1;

	c.fd = receive_fd(socks[1]);
	ASSERT_LE(0, c.fd);
	ASSERT_EQ(0, map_again(c.fd, &c.cmd));
	ASSERT_EQ(0, map_again(c.fd, &c.data));
	EXPECT_EQ(0, fill_and_check(&c, 0x46));
	client_close(&c);

	/* The last one is in a socket that nobody reads. */
	ASSERT_EQ(0, client_open(&c));
	ASSERT_EQ(0, submit_fills(&c, VA_DATA, 0x47, 100, NULL));
	ASSERT_EQ(0, send_fd(socks[0], c.fd));
	client_close(&c);
	close(socks[0]);
	close(socks[1]);
	ASSERT_EQ(0, client_open(&self->c));
	EXPECT_EQ(0, fill_and_check(&self->c, 0x48));
}

static long long cgroup_bytes(void)
{
	char text[64];

	return read_file(CGROUP "/apu/memory.current", text, sizeof(text)) ? -1 : atoll(text);
}

/* Takes memory, a megabyte at a time, until there is no more. */
static void take_memory(void)
{
	char pid[16];
	struct client c;
	uint64_t va;
	int ret = 0;

	snprintf(pid, sizeof(pid), "%d", getpid());
	if (write_file(CGROUP "/apu/cgroup.procs", pid) || client_open(&c))
		_exit(1);
	for (va = 0x100000000; !ret; va += MIB) {
		struct drm_apu_bo_create create = { .size = MIB };

		ret = apu_ioctl(c.fd, DRM_IOCTL_APU_BO_CREATE, &create);
		if (!ret)
			ret = vm_map(c.fd, c.vm, create.handle, 0, va, MIB, 0);
		/* Far more than there is allowed: nobody counts. */
		if (va > 0x100000000 + 256 * MIB)
			_exit(2);
	}
	_exit(ret == -ENOMEM ? 0 : 3);
}

/* Buffers count as their owner's memory, and running out of it hurts nobody else. */
TEST_F_TIMEOUT(lifetime, out_of_memory, SLOW)
{
	int64_t end;
	int status;
	pid_t pid;

	ASSERT_TRUE(!mkdir(CGROUP, 0755) || errno == EEXIST);
	if (mount("none", CGROUP, "cgroup2", 0, NULL))
		SKIP(return, "no cgroups in this kernel");
	ASSERT_EQ(0, write_file(CGROUP "/cgroup.subtree_control", "+memory"));
	ASSERT_TRUE(!mkdir(CGROUP "/apu", 0755) || errno == EEXIST);
	ASSERT_EQ(0, write_file(CGROUP "/apu/memory.max", "33554432"));

	pid = fork();
	ASSERT_LE(0, pid);
	if (!pid)
		take_memory();
	status = exit_status(pid);
	/* Refused or killed. */
	EXPECT_TRUE(status == 0 || status == 256 + SIGKILL);
	TH_LOG("the client was %s", status ? "killed" : "refused");

	/* All comes back, but for what the kernel keeps of a process. */
	end = now_ns() + LIMIT_NS;
	while (cgroup_bytes() > (long long)MIB && now_ns() < end)
		nap();
	EXPECT_GE(MIB, cgroup_bytes());
	EXPECT_EQ(0, fill_and_check(&self->c, 0x51));

	rmdir(CGROUP "/apu");
	umount(CGROUP);
	rmdir(CGROUP);
}

TEST_HARNESS_MAIN

// SPDX-License-Identifier: GPL-2.0-only

#include "apu_test.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/sync_file.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

/*
 * The harness runs every test in a process of its own group. When kselftest's time limit
 * ends the harness, a test that hangs has to go too: it would keep the runner waiting.
 */
static void die_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

__attribute__((constructor)) static void apu_test_init(void)
{
	pthread_atfork(NULL, NULL, die_with_parent);
}

/* Unlike tests, time limits may poll: there is nothing to wait on. */
#define POLL_NS 1000000
#define LIMIT_NS 10000000000ll

int apu_ioctl(int fd, unsigned long request, void *arg)
{
	int ret;

	do {
		ret = ioctl(fd, request, arg);
	} while (ret && (errno == EINTR || errno == EAGAIN) && request != DRM_IOCTL_APU_JOB_STATS);

	return ret ? -errno : 0;
}

int apu_open(void)
{
	char path[32], name[8];
	int i, fd;

	for (i = 0; i < 64; i++) {
		struct drm_version version = { .name = name, .name_len = sizeof(name) };

		snprintf(path, sizeof(path), "/dev/accel/accel%d", i);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (!apu_ioctl(fd, DRM_IOCTL_VERSION, &version) && version.name_len == 3 &&
		    !memcmp(name, "apu", 3))
			return fd;
		close(fd);
	}

	return -ENOENT;
}

int env_count(const char *name, int usual)
{
	const char *value = getenv(name);

	return value ? atoi(value) : usual;
}

int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);

	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

int bo_create(int fd, uint64_t size, uint32_t exclusive_vm, struct bo *bo)
{
	struct drm_apu_bo_create create = { .size = size, .exclusive_vm_id = exclusive_vm };
	struct drm_apu_bo_mmap_offset offset = {};
	int ret;

	ret = apu_ioctl(fd, DRM_IOCTL_APU_BO_CREATE, &create);
	if (ret)
		return ret;

	bo->handle = create.handle;
	offset.handle = create.handle;
	bo->size = create.size;
	ret = apu_ioctl(fd, DRM_IOCTL_APU_BO_MMAP_OFFSET, &offset);
	if (ret)
		return ret;

	bo->map = mmap(NULL, bo->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset.offset);

	return bo->map == MAP_FAILED ? -errno : 0;
}

int device_info(int fd, struct drm_apu_dev_info *info)
{
	struct drm_apu_dev_query query = {
		.type = DRM_APU_DEV_QUERY_INFO,
		.size = sizeof(*info),
		.pointer = (uintptr_t)info,
	};

	return apu_ioctl(fd, DRM_IOCTL_APU_DEV_QUERY, &query);
}

void bo_destroy(int fd, struct bo *bo)
{
	munmap(bo->map, bo->size);
	gem_close(fd, bo->handle);
}

int gem_close(int fd, uint32_t handle)
{
	return apu_ioctl(fd, DRM_IOCTL_GEM_CLOSE, &(struct drm_gem_close) { .handle = handle });
}

int bo_wait(int fd, uint32_t handle, uint32_t flags, int64_t timeout_ns)
{
	struct drm_apu_bo_wait args = {
		.handle = handle,
		.flags = flags,
		.timeout_ns = timeout_ns,
	};

	return apu_ioctl(fd, DRM_IOCTL_APU_BO_WAIT, &args);
}

int vm_create(int fd, uint32_t *id)
{
	struct drm_apu_vm_create args = {};
	int ret = apu_ioctl(fd, DRM_IOCTL_APU_VM_CREATE, &args);

	*id = args.id;

	return ret;
}

int vm_destroy(int fd, uint32_t id)
{
	struct drm_apu_vm_destroy args = { .id = id };

	return apu_ioctl(fd, DRM_IOCTL_APU_VM_DESTROY, &args);
}

static int vm_bind(int fd, uint32_t vm, struct drm_apu_vm_bind_op *op)
{
	struct drm_apu_vm_bind args = {
		.vm_id = vm,
		.ops = DRM_APU_OBJ_ARRAY(1, op),
	};

	return apu_ioctl(fd, DRM_IOCTL_APU_VM_BIND, &args);
}

int vm_map(int fd, uint32_t vm, uint32_t handle, uint64_t offset, uint64_t va, uint64_t size,
	   uint32_t flags)
{
	struct drm_apu_vm_bind_op op = {
		.op = DRM_APU_VM_BIND_OP_MAP,
		.flags = flags,
		.bo_handle = handle,
		.bo_offset = offset,
		.va = va,
		.size = size,
	};

	return vm_bind(fd, vm, &op);
}

int vm_unmap(int fd, uint32_t vm, uint64_t va, uint64_t size)
{
	struct drm_apu_vm_bind_op op = {
		.op = DRM_APU_VM_BIND_OP_UNMAP,
		.va = va,
		.size = size,
	};

	return vm_bind(fd, vm, &op);
}

int ctx_create(int fd, uint32_t vm, uint32_t *id)
{
	struct drm_apu_ctx_create args = {
		.vm_id = vm,
		.priority = DRM_APU_PRIORITY_NORMAL,
	};
	int ret = apu_ioctl(fd, DRM_IOCTL_APU_CTX_CREATE, &args);

	*id = args.id;

	return ret;
}

int ctx_destroy(int fd, uint32_t id)
{
	struct drm_apu_ctx_destroy args = { .id = id };

	return apu_ioctl(fd, DRM_IOCTL_APU_CTX_DESTROY, &args);
}

int ctx_state(int fd, uint32_t id, struct drm_apu_ctx_get_state *state)
{
	*state = (struct drm_apu_ctx_get_state) { .id = id };

	return apu_ioctl(fd, DRM_IOCTL_APU_CTX_GET_STATE, state);
}

int job_stats(int fd, uint32_t ctx, uint64_t seqno, struct drm_apu_job_stats *stats)
{
	*stats = (struct drm_apu_job_stats) { .ctx_id = ctx, .seqno = seqno };

	return apu_ioctl(fd, DRM_IOCTL_APU_JOB_STATS, stats);
}

uint32_t syncobj_create(int fd)
{
	struct drm_syncobj_create args = {};

	return apu_ioctl(fd, DRM_IOCTL_SYNCOBJ_CREATE, &args) ? 0 : args.handle;
}

int syncobj_wait(int fd, uint32_t handle, uint64_t point, int64_t timeout_ns)
{
	struct drm_syncobj_timeline_wait args = {
		.handles = (uintptr_t)&handle,
		.points = (uintptr_t)&point,
		.timeout_nsec = timeout_ns,
		.count_handles = 1,
	};

	return apu_ioctl(fd, DRM_IOCTL_SYNCOBJ_TIMELINE_WAIT, &args);
}

int syncobj_signal(int fd, uint32_t handle)
{
	struct drm_syncobj_array args = {
		.handles = (uintptr_t)&handle,
		.count_handles = 1,
	};

	return apu_ioctl(fd, DRM_IOCTL_SYNCOBJ_SIGNAL, &args);
}

int syncobj_to_sync_file(int fd, uint32_t handle)
{
	struct drm_syncobj_handle args = {
		.handle = handle,
		.flags = DRM_SYNCOBJ_HANDLE_TO_FD_FLAGS_EXPORT_SYNC_FILE,
	};
	int ret = apu_ioctl(fd, DRM_IOCTL_SYNCOBJ_HANDLE_TO_FD, &args);

	return ret ? ret : args.fd;
}

int syncobj_from_sync_file(int fd, uint32_t handle, int sync_file)
{
	struct drm_syncobj_handle args = {
		.handle = handle,
		.flags = DRM_SYNCOBJ_FD_TO_HANDLE_FLAGS_IMPORT_SYNC_FILE,
		.fd = sync_file,
	};

	return apu_ioctl(fd, DRM_IOCTL_SYNCOBJ_FD_TO_HANDLE, &args);
}

int sync_file_wait(int sync_file, int timeout_ms)
{
	struct pollfd pfd = { .fd = sync_file, .events = POLLIN };
	struct sync_file_info info = {};
	int ret;

	if (poll(&pfd, 1, timeout_ms) < 0)
		return -errno;
	ret = apu_ioctl(sync_file, SYNC_IOC_FILE_INFO, &info);

	return ret ? ret : info.status;
}

/* The kernel does not export this interface of its tests. */
struct sw_sync_create_fence_data {
	uint32_t value;
	char name[32];
	int32_t fence;
};

#define SW_SYNC_IOC_CREATE_FENCE _IOWR('W', 0, struct sw_sync_create_fence_data)
#define SW_SYNC_IOC_INC _IOW('W', 1, uint32_t)

int gate_open(void)
{
	int fd = open("/sys/kernel/debug/sync/sw_sync", O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

int gate_fence(int timeline, uint32_t value)
{
	struct sw_sync_create_fence_data args = { .value = value, .name = "gate" };
	int ret = apu_ioctl(timeline, SW_SYNC_IOC_CREATE_FENCE, &args);

	return ret ? ret : args.fence;
}

int gate_advance(int timeline, uint32_t steps)
{
	return apu_ioctl(timeline, SW_SYNC_IOC_INC, &steps);
}

uint32_t gate_syncobj(int fd, int timeline, uint32_t value)
{
	uint32_t sync = syncobj_create(fd);
	int fence = gate_fence(timeline, value);
	int ret;

	if (!sync || fence < 0)
		return 0;
	ret = syncobj_from_sync_file(fd, sync, fence);
	close(fence);

	return ret ? 0 : sync;
}

int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);
	int ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);

	return ret;
}

int read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	close(fd);
	if (n < 0)
		return -errno;
	buf[n] = 0;
	buf[strcspn(buf, "\n")] = 0;

	return 0;
}

int read_all(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);
	size_t len = 0;
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	while (len < size - 1 && (n = read(fd, text + len, size - 1 - len)) > 0)
		len += n;
	close(fd);
	text[len] = 0;

	return n < 0 ? -errno : 0;
}

bool file_is(const char *path, const char *text)
{
	char buf[64];

	return !read_file(path, buf, sizeof(buf)) && !strcmp(buf, text);
}

bool file_becomes(const char *path, const char *text)
{
	const struct timespec nap = { 0, POLL_NS };
	int64_t end = now_ns() + LIMIT_NS;

	while (!file_is(path, text)) {
		if (now_ns() > end)
			return false;
		nanosleep(&nap, NULL);
	}

	return true;
}

int driver_write(const char *file, const char *device)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), SYS_PLATFORM "drivers/apu/%s", file);

	return write_file(path, device);
}

int find_device(const char *suffix, char *name, size_t size)
{
	DIR *dir = opendir(SYS_PLATFORM "devices");
	struct dirent *e;
	int ret = -ENOENT;

	while (dir && (e = readdir(dir))) {
		size_t len = strlen(e->d_name), slen = strlen(suffix);

		if (len > slen && !strcmp(e->d_name + len - slen, suffix) &&
		    (size_t)snprintf(name, size, "%s", e->d_name) < size)
			ret = 0;
	}
	if (dir)
		closedir(dir);

	return ret;
}

struct residency residency(const char *domain)
{
	struct residency r = { -1, -1 }, line;
	char path[128], power[64], name[32];
	FILE *f;

	if (find_device(".power-controller", power, sizeof(power)))
		return r;
	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/residency", power);
	f = fopen(path, "r");
	while (f && fscanf(f, "%31s %lld %lld", name, &line.ns, &line.cycles) == 3)
		if (!strcmp(name, domain))
			r = line;
	if (f)
		fclose(f);

	return r;
}

int client_open_sized(struct client *c, uint64_t cmd_size, uint64_t data_size)
{
	int ret;

	memset(c, 0, sizeof(*c));
	c->fd = apu_open();
	if (c->fd < 0)
		return c->fd;

	ret = vm_create(c->fd, &c->vm);
	if (!ret)
		ret = ctx_create(c->fd, c->vm, &c->ctx);
	if (!ret)
		ret = bo_create(c->fd, cmd_size, c->vm, &c->cmd);
	if (!ret)
		ret = bo_create(c->fd, data_size, 0, &c->data);
	if (!ret)
		ret = vm_map(c->fd, c->vm, c->cmd.handle, 0, VA_CMD, cmd_size,
			     DRM_APU_VM_BIND_READONLY);
	if (!ret)
		ret = vm_map(c->fd, c->vm, c->data.handle, 0, VA_DATA, data_size, 0);

	return ret;
}

int client_open(struct client *c)
{
	return client_open_sized(c, CMD_SIZE, DATA_SIZE);
}

void client_close(struct client *c)
{
	bo_destroy(c->fd, &c->cmd);
	bo_destroy(c->fd, &c->data);
	close(c->fd);
}

struct stream stream_begin(struct client *c, uint32_t engine_class)
{
	return (struct stream) {
		.c = c,
		.engine_class = engine_class,
		.start = c->cmd_used,
	};
}

void *stream_emit(struct stream *s, uint8_t opcode, uint32_t imm, size_t bytes)
{
	struct apu_cmd_header *hdr = (void *)((char *)s->c->cmd.map + s->c->cmd_used);

	memset(hdr, 0, bytes);
	hdr->opcode = opcode;
	hdr->words = bytes / 8;
	hdr->imm = imm;
	s->c->cmd_used += bytes;

	return hdr;
}

struct drm_apu_stream stream_end(struct stream *s)
{
	stream_emit(s, APU_OP_END, 0, 8);

	return (struct drm_apu_stream) {
		.engine_class = s->engine_class,
		.bytes = s->c->cmd_used - s->start,
		.va = VA_CMD + s->start,
	};
}

void emit_region(struct stream *s, uint32_t region, uint64_t base, uint64_t size)
{
	struct apu_cmd_set_region *cmd = stream_emit(s, APU_OP_SET_REGION, region, sizeof(*cmd));

	cmd->base = base;
	cmd->size = size;
}

void emit_signal(struct stream *s, uint32_t counter)
{
	stream_emit(s, APU_OP_SIGNAL, counter, 8);
}

void emit_wait(struct stream *s, uint32_t counter, uint64_t value)
{
	struct apu_cmd_wait *cmd = stream_emit(s, APU_OP_WAIT, counter, sizeof(*cmd));

	cmd->value = value;
}

void emit_fill(struct stream *s, uint64_t dst, uint8_t value, uint32_t bytes)
{
	struct apu_cmd_fill *cmd = stream_emit(s, APU_OP_FILL, 0, sizeof(*cmd));
	const uint32_t dims[4] = { 1, 1, 1, bytes }, stride[4] = { 0, 0, 0, 1 };

	cmd->dst = dst;
	memcpy(cmd->dims, dims, sizeof(dims));
	memcpy(cmd->dst_stride, stride, sizeof(stride));
	cmd->value = value;
	cmd->type = APU_DTYPE_U8;
}

void emit_copy(struct stream *s, uint64_t dst, uint64_t src, uint32_t bytes)
{
	struct apu_cmd_copy *cmd = stream_emit(s, APU_OP_COPY, 0, sizeof(*cmd));
	const uint32_t dims[4] = { 1, 1, 1, bytes }, stride[4] = { 0, 0, 0, 1 };

	cmd->dst = dst;
	cmd->src = src;
	memcpy(cmd->dims, dims, sizeof(dims));
	memcpy(cmd->src_stride, stride, sizeof(stride));
	memcpy(cmd->dst_stride, stride, sizeof(stride));
	cmd->src_type = APU_DTYPE_U8;
	cmd->dst_type = APU_DTYPE_U8;
}

int submit(struct client *c, struct drm_apu_job *jobs, uint32_t count, uint64_t *seqno)
{
	struct drm_apu_submit args = {
		.ctx_id = c->ctx,
		.jobs = DRM_APU_OBJ_ARRAY(count, jobs),
	};
	int ret = apu_ioctl(c->fd, DRM_IOCTL_APU_SUBMIT, &args);

	if (seqno)
		*seqno = args.seqno;

	return ret;
}

int submit_stream(struct client *c, const struct drm_apu_stream *stream, uint64_t *seqno)
{
	struct drm_apu_bo_ref ref = { .handle = c->data.handle, .flags = DRM_APU_BO_REF_WRITE };
	struct drm_apu_job job = {
		.streams = DRM_APU_OBJ_ARRAY(1, stream),
		.bos = DRM_APU_OBJ_ARRAY(1, &ref),
		.l1_kib = 128,
	};

	return submit(c, &job, 1, seqno);
}

int submit_fills(struct client *c, uint64_t va, uint8_t value, int repeat, uint64_t *seqno)
{
	struct stream s = stream_begin(c, DRM_APU_ENGINE_EDMA);
	struct drm_apu_stream stream;

	emit_region(&s, R_DATA, va, DATA_SIZE);
	while (repeat--)
		emit_fill(&s, REF(R_DATA, 0), value, DATA_SIZE);
	stream = stream_end(&s);

	return submit_stream(c, &stream, seqno);
}

/*
 * Fences of a context signal in order, so an empty job behind it would do, but not in
 * a context that is dead: wait for the buffer that all tests' jobs list, then ask.
 */
int job_wait(struct client *c, uint32_t ctx, uint64_t seqno)
{
	struct drm_apu_job_stats stats;
	int ret;

	ret = bo_wait(c->fd, c->data.handle, DRM_APU_BO_WAIT_WRITE, now_ns() + WAIT_NS);
	if (ret)
		return ret;
	ret = job_stats(c->fd, ctx, seqno, &stats);

	return ret ? ret : stats.status;
}

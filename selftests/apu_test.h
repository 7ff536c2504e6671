/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests share: a client with an address space, a context, a buffer for
 * commands and one for data, and a writer of command streams.
 */
#ifndef APU_TEST_H
#define APU_TEST_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <drm/apu_accel.h>

#include <apu/apu_isa.h>

#define KIB 1024ull
#define MIB (1024 * KIB)

#define SYS_PLATFORM "/sys/bus/platform/"
#define GENPD "/sys/kernel/debug/pm_genpd/"

/* Where every client has its buffers. */
#define VA_CMD 0x100000ull
#define VA_DATA 0x10000000ull
#define CMD_SIZE (256 * KIB)
#define DATA_SIZE (1 * MIB)
/* The region that tests put their data in. */
#define R_DATA APU_REGION_IO

/* Far beyond what anything here takes, on the slowest host. */
#define WAIT_NS 60000000000ll

#define REF(region, offset) ((uint64_t)(region) << APU_REF_REGION_SHIFT | (offset))

/*
 * The ioctl, or any, fails with this error as the interface's header documents.
 * scripts/check.d/15-errno looks for these: each documented error needs one.
 */
#define EXPECT_ERRNO(ioctl, error, call) EXPECT_EQ(-(error), call)

struct bo {
	uint32_t handle;
	uint64_t size;
	void *map;
};

struct client {
	int fd;
	uint32_t vm;
	uint32_t ctx;
	struct bo cmd;
	struct bo data;
	/* Bytes of cmd that streams use. */
	uint64_t cmd_used;
};

/* A command stream that is being written. */
struct stream {
	struct client *c;
	uint32_t engine_class;
	uint64_t start;
};

/* All return 0 or a negative error number. */
int apu_open(void);
int apu_ioctl(int fd, unsigned long request, void *arg);

int bo_create(int fd, uint64_t size, uint32_t exclusive_vm, struct bo *bo);
void bo_destroy(int fd, struct bo *bo);
int gem_close(int fd, uint32_t handle);
int bo_wait(int fd, uint32_t handle, uint32_t flags, int64_t timeout_ns);

int vm_create(int fd, uint32_t *id);
int vm_destroy(int fd, uint32_t id);
int vm_map(int fd, uint32_t vm, uint32_t handle, uint64_t offset, uint64_t va, uint64_t size,
	   uint32_t flags);
int vm_unmap(int fd, uint32_t vm, uint64_t va, uint64_t size);

int ctx_create(int fd, uint32_t vm, uint32_t *id);
int ctx_destroy(int fd, uint32_t id);
int ctx_state(int fd, uint32_t id, struct drm_apu_ctx_get_state *state);
int job_stats(int fd, uint32_t ctx, uint64_t seqno, struct drm_apu_job_stats *stats);

uint32_t syncobj_create(int fd);
int syncobj_wait(int fd, uint32_t handle, uint64_t point, int64_t timeout_ns);
int syncobj_signal(int fd, uint32_t handle);
/* A sync_file of the syncobj's fence: a file, or a negative error number. */
int syncobj_to_sync_file(int fd, uint32_t handle);
int syncobj_from_sync_file(int fd, uint32_t handle, int sync_file);
/* Waits until a sync_file has signalled, and returns its status: 1 or a negative error. */
int sync_file_wait(int sync_file, int timeout_ms);

/*
 * A fence that signals when the test wants it to, or when its timeline is closed.
 * gate_open() returns a timeline or a negative error number, gate_fence() a sync_file.
 */
int gate_open(void);
int gate_fence(int timeline, uint32_t value);
int gate_advance(int timeline, uint32_t steps);
/* A syncobj with such a fence; 0 if that is not possible. */
uint32_t gate_syncobj(int fd, int timeline, uint32_t value);

/* What the environment says of how often, or what is usual. */
int env_count(const char *name, int usual);

int64_t now_ns(void);
/* To a file that is there, in sysfs say. Returns 0 or -errno. */
int write_file(const char *path, const char *text);
/* The first line, without its end. Returns 0 or -errno. */
int read_file(const char *path, char *buf, size_t size);
/* All of it. Returns 0 or -errno. */
int read_all(const char *path, char *text, size_t size);
bool file_is(const char *path, const char *text);
/* Within a few seconds. */
bool file_becomes(const char *path, const char *text);
/* Finds the platform device whose name ends in @suffix, ".mdla" say. */
int find_device(const char *suffix, char *name, size_t size);
/* To a file of the driver "apu": "bind" or "unbind". */
int driver_write(const char *file, const char *device);
/* What DEV_QUERY says of the device. */
int device_info(int fd, struct drm_apu_dev_info *info);

struct residency {
	long long ns;
	long long cycles;
};

/* How long a power domain has been on, "apu-top" say; both -1 if that is not known. */
struct residency residency(const char *domain);

int client_open(struct client *c);
/* For those who open many: a debug kernel takes its time over each page. */
int client_open_sized(struct client *c, uint64_t cmd_size, uint64_t data_size);
void client_close(struct client *c);

struct stream stream_begin(struct client *c, uint32_t engine_class);
struct drm_apu_stream stream_end(struct stream *s);
void *stream_emit(struct stream *s, uint8_t opcode, uint32_t imm, size_t bytes);

void emit_region(struct stream *s, uint32_t region, uint64_t base, uint64_t size);
void emit_signal(struct stream *s, uint32_t counter);
void emit_wait(struct stream *s, uint32_t counter, uint64_t value);
void emit_fill(struct stream *s, uint64_t dst, uint8_t value, uint32_t bytes);
void emit_copy(struct stream *s, uint64_t dst, uint64_t src, uint32_t bytes);

int submit(struct client *c, struct drm_apu_job *jobs, uint32_t count, uint64_t *seqno);
int submit_stream(struct client *c, const struct drm_apu_stream *stream, uint64_t *seqno);
/* Fills all of DATA_SIZE from @va on, @repeat times. */
int submit_fills(struct client *c, uint64_t va, uint8_t value, int repeat, uint64_t *seqno);
/* Waits for a job, and returns what its fence said. */
int job_wait(struct client *c, uint32_t ctx, uint64_t seqno);

#endif

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers of others, and buffers of ours with others: for every exporter that the
 * kernel has, the engines use the exporter's own pages, fences go both ways, and who
 * lets go first does not matter.
 */

#include "apu_test.h"

#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <drm/vgem_drm.h>

#include "apu_harness.h"

#define VA_TEST 0x40000000ull
#define SIZE (64 * KIB)
#define WAIT_MS ((int)(WAIT_NS / 1000000))

/* Somebody else's buffer. Everything is -1, 0 or NULL that it does not have. */
struct source {
	int dmabuf;
	/* The exporter's own view of the memory. */
	uint8_t *map;
	/* Who exported it: a memfd, a DRM device with a handle. */
	int fd;
	uint32_t handle;
	struct client client;
};

static int dumb_map(int fd, uint32_t handle, uint8_t **map)
{
	struct drm_mode_map_dumb args = { .handle = handle };
	int ret = apu_ioctl(fd, DRM_IOCTL_MODE_MAP_DUMB, &args);

	if (ret)
		return ret;
	*map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, args.offset);

	return *map == MAP_FAILED ? -errno : 0;
}

static int export(int fd, uint32_t handle)
{
	struct drm_prime_handle args = { .handle = handle, .flags = DRM_CLOEXEC | DRM_RDWR };
	int ret = apu_ioctl(fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &args);

	return ret ? ret : args.fd;
}

static int import(int fd, int dmabuf, uint32_t *handle)
{
	struct drm_prime_handle args = { .fd = dmabuf };
	int ret = apu_ioctl(fd, DRM_IOCTL_PRIME_FD_TO_HANDLE, &args);

	*handle = args.handle;

	return ret;
}

static int open_small(struct client *c)
{
	return client_open_sized(c, CMD_SIZE, SIZE);
}

static int heap_open(struct source *src)
{
	struct dma_heap_allocation_data alloc = { .len = SIZE, .fd_flags = O_RDWR | O_CLOEXEC };
	int heap = open("/dev/dma_heap/system", O_RDONLY | O_CLOEXEC);
	int ret;

	if (heap < 0)
		return -errno;
	ret = apu_ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &alloc);
	close(heap);
	if (ret)
		return ret;

	src->dmabuf = alloc.fd;
	src->map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, alloc.fd, 0);

	return src->map == MAP_FAILED ? -errno : 0;
}

static int udmabuf_open(struct source *src)
{
	struct udmabuf_create create = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = SIZE };
	int dev;

	dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	if (dev < 0)
		return -errno;
	src->fd = memfd_create("apu", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (src->fd < 0 || ftruncate(src->fd, SIZE) || fcntl(src->fd, F_ADD_SEALS, F_SEAL_SHRINK))
		return -errno;
	src->map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, src->fd, 0);
	if (src->map == MAP_FAILED)
		return -errno;

	create.memfd = src->fd;
	src->dmabuf = ioctl(dev, UDMABUF_CREATE, &create);
	close(dev);

	return src->dmabuf < 0 ? -errno : 0;
}

static int vgem_open(struct source *src)
{
	struct drm_mode_create_dumb create = { .width = SIZE / 4, .height = 1, .bpp = 32 };
	char path[32], name[16];
	int i, ret;

	for (i = 0; i < 64; i++) {
		struct drm_version version = { .name = name, .name_len = sizeof(name) };

		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		src->fd = open(path, O_RDWR | O_CLOEXEC);
		if (src->fd < 0)
			continue;
		if (!apu_ioctl(src->fd, DRM_IOCTL_VERSION, &version) && version.name_len == 4 &&
		    !memcmp(name, "vgem", 4))
			break;
		close(src->fd);
		src->fd = -1;
	}
	if (src->fd < 0)
		return -ENOENT;

	ret = apu_ioctl(src->fd, DRM_IOCTL_MODE_CREATE_DUMB, &create);
	if (ret)
		return ret;
	src->handle = create.handle;
	src->dmabuf = export(src->fd, src->handle);

	return src->dmabuf < 0 ? src->dmabuf : dumb_map(src->fd, src->handle, &src->map);
}

/* A second open of our own device. */
static int apu_source_open(struct source *src)
{
	struct bo bo;
	int ret;

	ret = open_small(&src->client);
	if (!ret)
		ret = bo_create(src->client.fd, SIZE, 0, &bo);
	if (ret)
		return ret;

	src->handle = bo.handle;
	src->map = bo.map;
	src->dmabuf = export(src->client.fd, bo.handle);

	return src->dmabuf < 0 ? src->dmabuf : 0;
}

static void source_close(struct source *src)
{
	if (src->map && src->map != MAP_FAILED)
		munmap(src->map, SIZE);
	if (src->dmabuf >= 0)
		close(src->dmabuf);
	if (src->fd >= 0)
		close(src->fd);
	if (src->client.fd > 0)
		client_close(&src->client);
}

FIXTURE(dmabuf) {
	struct client c;
	struct source src;
	/* The import, mapped at VA_TEST and by the CPU. */
	uint32_t handle;
	uint8_t *map;
};

FIXTURE_VARIANT(dmabuf) {
	int (*open)(struct source *src);
	const char *what;
};

FIXTURE_VARIANT_ADD(dmabuf, system_heap) { heap_open, "system heap" };
FIXTURE_VARIANT_ADD(dmabuf, udmabuf) { udmabuf_open, "udmabuf" };
FIXTURE_VARIANT_ADD(dmabuf, vgem) { vgem_open, "vgem" };
FIXTURE_VARIANT_ADD(dmabuf, apu) { apu_source_open, "second open of the APU" };

static int cpu_map(struct client *c, uint32_t handle, uint8_t **map)
{
	struct drm_apu_bo_mmap_offset offset = { .handle = handle };
	int ret = apu_ioctl(c->fd, DRM_IOCTL_APU_BO_MMAP_OFFSET, &offset);

	if (ret)
		return ret;
	*map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, c->fd, offset.offset);

	return *map == MAP_FAILED ? -errno : 0;
}

FIXTURE_SETUP(dmabuf)
{
	int ret;

	memset(&self->src, 0, sizeof(self->src));
	self->src.fd = -1;
	self->src.dmabuf = -1;
	ASSERT_EQ(0, open_small(&self->c));
	ret = variant->open(&self->src);
	if (ret == -ENOENT)
		SKIP(return, "no %s in this kernel", variant->what);
	ASSERT_EQ(0, ret);
	ASSERT_EQ(0, import(self->c.fd, self->src.dmabuf, &self->handle));
	ASSERT_EQ(0, vm_map(self->c.fd, self->c.vm, self->handle, 0, VA_TEST, SIZE, 0));
	ASSERT_EQ(0, cpu_map(&self->c, self->handle, &self->map));
}

FIXTURE_TEARDOWN(dmabuf)
{
	source_close(&self->src);
	if (self->c.fd >= 0)
		client_close(&self->c);
}

/* A job that moves @bytes, in either direction, and lists the buffer. */
static int submit_copy(struct client *c, uint64_t to, uint64_t from, uint32_t bytes, int repeat,
		       uint32_t handle, uint32_t flags, uint64_t *seqno)
{
	struct stream s = stream_begin(c, DRM_APU_ENGINE_EDMA);
	struct drm_apu_bo_ref refs[2] = {
		{ handle, flags },
		{ c->data.handle, DRM_APU_BO_REF_WRITE },
	};
	struct drm_apu_stream stream;
	struct drm_apu_job job = {
		.streams = DRM_APU_OBJ_ARRAY(1, &stream),
		.bos = DRM_APU_OBJ_ARRAY(2, refs),
	};

	emit_region(&s, R_DATA, to, bytes);
	emit_region(&s, R_DATA + 1, from, bytes);
	while (repeat--)
		emit_copy(&s, REF(R_DATA, 0), REF(R_DATA + 1, 0), bytes);
	stream = stream_end(&s);

	return submit(c, &job, 1, seqno);
}

static int read_import(struct client *c, uint32_t handle)
{
	uint64_t seqno;
	int ret = submit_copy(c, VA_DATA, VA_TEST, SIZE, 1, handle, 0, &seqno);

	return ret ? ret : job_wait(c, c->ctx, seqno);
}

static int write_import(struct client *c, uint32_t handle)
{
	uint64_t seqno;
	int ret = submit_copy(c, VA_TEST, VA_DATA, SIZE, 1, handle, DRM_APU_BO_REF_WRITE, &seqno);

	return ret ? ret : job_wait(c, c->ctx, seqno);
}

static void fill(uint8_t *p, uint8_t seed)
{
	int i;

	for (i = 0; i < SIZE; i++)
		p[i] = seed + i * 13 + (i >> 8);
}

/*
 * What the exporter writes after the import is what the engine reads, and the other
 * way round: there is one memory.
 */
TEST_F(dmabuf, no_copies)
{
	uint8_t *data = self->c.data.map;

	fill(self->src.map, 1);
	ASSERT_EQ(0, read_import(&self->c, self->handle));
	EXPECT_EQ(0, memcmp(data, self->src.map, SIZE));
	fill(self->src.map, 77);
	ASSERT_EQ(0, read_import(&self->c, self->handle));
	EXPECT_EQ(0, memcmp(data, self->src.map, SIZE));

	fill(data, 33);
	ASSERT_EQ(0, write_import(&self->c, self->handle));
	EXPECT_EQ(0, memcmp(data, self->src.map, SIZE));
	/* Seen through our own device too. */
	EXPECT_EQ(0, memcmp(data, self->map, SIZE));
	self->map[5] ^= 0xff;
	EXPECT_EQ(self->map[5], self->src.map[5]);
}

TEST_F(dmabuf, mapped_by_its_file)
{
	uint8_t *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, self->src.dmabuf, 0);

	ASSERT_NE(MAP_FAILED, p);
	fill(p, 3);
	EXPECT_EQ(0, memcmp(p, self->src.map, SIZE));
	EXPECT_EQ(0, memcmp(p, self->map, SIZE));
	munmap(p, SIZE);
}

TEST_F(dmabuf, imported_twice_is_one_object)
{
	uint32_t again;

	ASSERT_EQ(0, import(self->c.fd, self->src.dmabuf, &again));
	EXPECT_EQ(self->handle, again);
}

/* What goes out again is what came in: whoever imports it gets the first exporter's. */
TEST_F(dmabuf, exported_again)
{
	struct client other;
	uint32_t handle, again;
	int fd;

	fd = export(self->c.fd, self->handle);
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, import(self->c.fd, fd, &again));
	EXPECT_EQ(self->handle, again);

	ASSERT_EQ(0, open_small(&other));
	ASSERT_EQ(0, import(other.fd, fd, &handle));
	ASSERT_EQ(0, vm_map(other.fd, other.vm, handle, 0, VA_TEST, SIZE, 0));
	fill(self->src.map, 9);
	ASSERT_EQ(0, read_import(&other, handle));
	EXPECT_EQ(0, memcmp(other.data.map, self->src.map, SIZE));
	close(fd);
	client_close(&other);
}

/* CPU access begins when jobs are done: writers for one who reads, all for one who writes. */
TEST_F(dmabuf, cpu_access_waits)
{
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW };
	struct drm_apu_job_stats stats;
	uint64_t seqno;

	/* udmabuf is set up for the direction of the first access: let it be both. */
	ASSERT_EQ(0, apu_ioctl(self->src.dmabuf, DMA_BUF_IOCTL_SYNC, &sync));
	sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW;
	ASSERT_EQ(0, apu_ioctl(self->src.dmabuf, DMA_BUF_IOCTL_SYNC, &sync));

	fill(self->c.data.map, 4);
	ASSERT_EQ(0, submit_copy(&self->c, VA_TEST, VA_DATA, SIZE, 500, self->handle,
				 DRM_APU_BO_REF_WRITE, &seqno));
	sync.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ;
	ASSERT_EQ(0, apu_ioctl(self->src.dmabuf, DMA_BUF_IOCTL_SYNC, &sync));
	EXPECT_EQ(0, job_stats(self->c.fd, self->c.ctx, seqno, &stats));
	EXPECT_EQ(0, memcmp(self->c.data.map, self->src.map, SIZE));
	sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_READ;
	EXPECT_EQ(0, apu_ioctl(self->src.dmabuf, DMA_BUF_IOCTL_SYNC, &sync));

	ASSERT_EQ(0, submit_copy(&self->c, VA_DATA, VA_TEST, SIZE, 500, self->handle, 0, &seqno));
	sync.flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW;
	ASSERT_EQ(0, apu_ioctl(self->src.dmabuf, DMA_BUF_IOCTL_SYNC, &sync));
	EXPECT_EQ(0, job_stats(self->c.fd, self->c.ctx, seqno, &stats));
	sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW;
	EXPECT_EQ(0, apu_ioctl(self->src.dmabuf, DMA_BUF_IOCTL_SYNC, &sync));
}

static int sync_file_of(int dmabuf, uint32_t flags)
{
	struct dma_buf_export_sync_file args = { .flags = flags };
	int ret = apu_ioctl(dmabuf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &args);

	return ret ? ret : args.fd;
}

TEST_F(dmabuf, sync_file_out)
{
	int timeline = gate_open(), readers, writers, fence;
	struct dma_buf_import_sync_file args = { .flags = DMA_BUF_SYNC_READ };
	struct drm_apu_job_stats stats;
	uint64_t seqno;

	if (timeline < 0)
		SKIP(return, "no sw_sync in this kernel");
	/* The job writes, so it waits for this reader, and is seen waiting. */
	fence = gate_fence(timeline, 1);
	ASSERT_LE(0, fence);
	args.fd = fence;
	ASSERT_EQ(0, apu_ioctl(self->src.dmabuf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &args));
	ASSERT_EQ(0, submit_copy(&self->c, VA_TEST, VA_DATA, SIZE, 1, self->handle,
				 DRM_APU_BO_REF_WRITE, &seqno));

	/* One who wants to read waits for writers: the job. */
	writers = sync_file_of(self->src.dmabuf, DMA_BUF_SYNC_READ);
	readers = sync_file_of(self->src.dmabuf, DMA_BUF_SYNC_WRITE);
	ASSERT_LE(0, writers);
	ASSERT_LE(0, readers);
	EXPECT_EQ(0, sync_file_wait(writers, 100));
	EXPECT_EQ(0, sync_file_wait(readers, 0));
	EXPECT_EQ(-EAGAIN, job_stats(self->c.fd, self->c.ctx, seqno, &stats));

	ASSERT_EQ(0, gate_advance(timeline, 1));
	EXPECT_EQ(1, sync_file_wait(writers, WAIT_MS));
	EXPECT_EQ(1, sync_file_wait(readers, WAIT_MS));
	EXPECT_EQ(0, job_stats(self->c.fd, self->c.ctx, seqno, &stats));
	close(writers);
	close(readers);
	close(fence);
	close(timeline);
}

TEST_F(dmabuf, sync_file_in)
{
	int timeline = gate_open(), fence;
	struct dma_buf_import_sync_file args = { .flags = DMA_BUF_SYNC_WRITE };
	struct drm_apu_job_stats stats;
	uint64_t seqno;

	if (timeline < 0)
		SKIP(return, "no sw_sync in this kernel");
	fence = gate_fence(timeline, 1);
	ASSERT_LE(0, fence);

	/* Others read: a job that reads need not wait. */
	args.fd = fence;
	args.flags = DMA_BUF_SYNC_READ;
	ASSERT_EQ(0, apu_ioctl(self->src.dmabuf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &args));
	EXPECT_EQ(0, read_import(&self->c, self->handle));

	/* Somebody writes: it has to, and so has BO_WAIT. */
	args.flags = DMA_BUF_SYNC_WRITE;
	ASSERT_EQ(0, apu_ioctl(self->src.dmabuf, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, &args));
	ASSERT_EQ(0, submit_copy(&self->c, VA_DATA, VA_TEST, SIZE, 1, self->handle, 0, &seqno));
	EXPECT_EQ(-ETIMEDOUT, bo_wait(self->c.fd, self->handle, 0, now_ns() + 100000000));
	EXPECT_EQ(-EAGAIN, job_stats(self->c.fd, self->c.ctx, seqno, &stats));

	fill(self->src.map, 21);
	ASSERT_EQ(0, gate_advance(timeline, 1));
	EXPECT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
	EXPECT_EQ(0, memcmp(self->c.data.map, self->src.map, SIZE));
	close(fence);
	close(timeline);
}

/* Who lets go: all orders of letting go of all that there is. */
enum step { CLOSE_SOURCE, CLOSE_HANDLE, UNMAP_VA, UNMAP_CPU, CLOSE_CLIENT, STEPS };

static int num_dmabufs(void)
{
	char line[256];
	int n = -1;
	FILE *f = fopen("/sys/kernel/debug/dma_buf/bufinfo", "r");

	if (!f)
		return -1;
	while (fgets(line, sizeof(line), f))
		sscanf(line, "Total %d objects", &n);
	fclose(f);

	return n;
}

/* The last reference may go with a job that is freed later than its fence signals. */
static int dmabufs_left(void)
{
	const int64_t end = now_ns() + WAIT_NS;
	int n;

	while ((n = num_dmabufs()) > 0 && now_ns() < end)
		usleep(1000);

	return n;
}

static void permute(enum step *order, int n)
{
	int i, j, k;
	bool used[STEPS] = {};

	for (i = 0; i < STEPS; i++) {
		int fact = 1;

		for (k = 2; k < STEPS - i; k++)
			fact *= k;
		k = n / fact;
		n %= fact;
		for (j = 0; used[j] || k--; j++)
			;
		used[j] = true;
		order[i] = j;
	}
}

/* Without its client there is no handle to close and nothing to unmap: once is enough. */
static bool is_new(const enum step *order)
{
	bool client = true, idle = false;
	int i, last = 0;

	for (i = 0; i < STEPS; i++) {
		bool nothing = !client && (order[i] == CLOSE_HANDLE || order[i] == UNMAP_VA);

		if (nothing ? order[i] < last : idle)
			return false;
		if (nothing)
			last = order[i];
		idle |= nothing;
		client &= order[i] != CLOSE_CLIENT;
	}

	return true;
}

static void let_go_in_order(struct __test_metadata *_metadata, FIXTURE_DATA(dmabuf) *self,
			    const enum step *order)
{
	bool client = true, va = true, cpu = true, handle = true;
	int i;

	for (i = 0; i < STEPS; i++) {
		switch (order[i]) {
		case CLOSE_SOURCE:
			source_close(&self->src);
			memset(&self->src, 0, sizeof(self->src));
			self->src.fd = -1;
			self->src.dmabuf = -1;
			break;
		case CLOSE_HANDLE:
			if (client)
				EXPECT_EQ(0, gem_close(self->c.fd, self->handle));
			handle = false;
			break;
		case UNMAP_VA:
			if (client)
				EXPECT_EQ(0, vm_unmap(self->c.fd, self->c.vm, VA_TEST, SIZE));
			va = false;
			break;
		case UNMAP_CPU:
			munmap(self->map, SIZE);
			cpu = false;
			break;
		default:
			client_close(&self->c);
			self->c.fd = -1;
			client = false;
			handle = false;
		}

		/* What is left works: the engines, the CPU, and waiting. */
		if (cpu)
			self->map[i] = 0x80 + i;
		if (client && va) {
			uint32_t listed = handle ? self->handle : self->c.data.handle;

			EXPECT_EQ(0, read_import(&self->c, listed));
			if (cpu)
				EXPECT_EQ(0x80 + i, ((uint8_t *)self->c.data.map)[i]);
		}
		if (cpu)
			EXPECT_EQ(0x80 + i, self->map[i]);
		if (handle)
			EXPECT_EQ(0, bo_wait(self->c.fd, self->handle, 0, now_ns() + WAIT_NS));
	}
}

TEST_F_TIMEOUT(dmabuf, let_go_in_any_order, 300)
{
	enum step order[STEPS];
	int n, tried = 0;

	/* Without what the fixture has. */
	permute(order, 0);
	let_go_in_order(_metadata, self, order);
	n = dmabufs_left();
	if (n < 0)
		SKIP(return, "no list of dma-bufs in this kernel");
	ASSERT_EQ(0, n);

	for (n = 0; n < 120; n++) {
		permute(order, n);
		if (!is_new(order))
			continue;
		tried++;
		ASSERT_EQ(0, open_small(&self->c));
		ASSERT_EQ(0, variant->open(&self->src));
		ASSERT_EQ(0, import(self->c.fd, self->src.dmabuf, &self->handle));
		ASSERT_EQ(0, vm_map(self->c.fd, self->c.vm, self->handle, 0, VA_TEST, SIZE, 0));
		ASSERT_EQ(0, cpu_map(&self->c, self->handle, &self->map));
		let_go_in_order(_metadata, self, order);
	}
	EXPECT_EQ(0, dmabufs_left());
	EXPECT_EQ(70, tried);
}

/* Ours with somebody else. */

FIXTURE(exported) {
	struct client c;
	struct source vgem;
	uint32_t handle;
	uint8_t *map;
	int dmabuf;
};

FIXTURE_SETUP(exported)
{
	int ret;

	memset(&self->vgem, 0, sizeof(self->vgem));
	self->vgem.fd = -1;
	self->vgem.dmabuf = -1;
	ASSERT_EQ(0, open_small(&self->c));
	ret = vgem_open(&self->vgem);
	if (ret == -ENOENT)
		SKIP(return, "no vgem in this kernel");
	ASSERT_EQ(0, ret);
	self->dmabuf = export(self->c.fd, self->c.data.handle);
	ASSERT_LE(0, self->dmabuf);
	ASSERT_EQ(0, import(self->vgem.fd, self->dmabuf, &self->handle));
	/* vgem does not map what it has imported, but it has it mapped for its device. */
	self->map = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, self->dmabuf, 0);
	ASSERT_NE(MAP_FAILED, self->map);
}

FIXTURE_TEARDOWN(exported)
{
	source_close(&self->vgem);
	client_close(&self->c);
}

TEST_F(exported, one_memory)
{
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW };

	EXPECT_EQ(0, apu_ioctl(self->dmabuf, DMA_BUF_IOCTL_SYNC, &sync));
	fill(self->map, 55);
	sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW;
	EXPECT_EQ(0, apu_ioctl(self->dmabuf, DMA_BUF_IOCTL_SYNC, &sync));
	EXPECT_EQ(0, memcmp(self->c.data.map, self->map, SIZE));
	((uint8_t *)self->c.data.map)[7] ^= 0xff;
	EXPECT_EQ(((uint8_t *)self->c.data.map)[7], self->map[7]);
}

TEST_F(exported, outlives_its_client)
{
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW };

	fill(self->map, 56);
	client_close(&self->c);
	EXPECT_EQ(56 + 13, self->map[1]);
	EXPECT_EQ(0, apu_ioctl(self->dmabuf, DMA_BUF_IOCTL_SYNC, &sync));
	sync.flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW;
	EXPECT_EQ(0, apu_ioctl(self->dmabuf, DMA_BUF_IOCTL_SYNC, &sync));
	EXPECT_EQ(0, close(self->dmabuf));
	EXPECT_EQ(56 + 13, self->map[1]);
	ASSERT_EQ(0, open_small(&self->c));
}

/* A fence of another driver in our buffer, and ours seen by that driver. */
TEST_F(exported, fences_of_another_driver)
{
	struct drm_vgem_fence_attach attach = {
		.handle = self->handle,
		.flags = VGEM_FENCE_WRITE,
	};
	struct drm_vgem_fence_signal signal = {};
	struct drm_apu_bo_ref ref = { self->c.data.handle, DRM_APU_BO_REF_WRITE };
	struct drm_apu_sync_op gate = {};
	struct drm_apu_stream stream;
	struct drm_apu_job job = {
		.streams = DRM_APU_OBJ_ARRAY(1, &stream),
		.syncs = DRM_APU_OBJ_ARRAY(1, &gate),
		.bos = DRM_APU_OBJ_ARRAY(1, &ref),
	};
	struct drm_apu_job_stats stats;
	int timeline = gate_open();
	struct stream s;
	uint64_t seqno;

	if (timeline < 0)
		SKIP(return, "no sw_sync in this kernel");
	ASSERT_EQ(0, vm_map(self->c.fd, self->c.vm, self->c.data.handle, 0, VA_TEST, SIZE, 0));
	ASSERT_EQ(0, apu_ioctl(self->vgem.fd, DRM_IOCTL_VGEM_FENCE_ATTACH, &attach));
	ASSERT_EQ(0, submit_copy(&self->c, VA_TEST, VA_TEST + SIZE / 2, SIZE / 2, 1,
				 self->c.data.handle, 0, &seqno));
	EXPECT_EQ(-ETIMEDOUT, bo_wait(self->c.fd, self->c.data.handle, 0, now_ns() + 100000000));
	EXPECT_EQ(-EAGAIN, job_stats(self->c.fd, self->c.ctx, seqno, &stats));
	signal.fence = attach.out_fence;
	ASSERT_EQ(0, apu_ioctl(self->vgem.fd, DRM_IOCTL_VGEM_FENCE_SIGNAL, &signal));
	EXPECT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));

	/* vgem refuses to add a fence where there is one in the way, as that of a job. */
	gate.handle = gate_syncobj(self->c.fd, timeline, 1);
	ASSERT_NE(0, gate.handle);
	s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	stream = stream_end(&s);
	ASSERT_EQ(0, submit(&self->c, &job, 1, &seqno));
	EXPECT_EQ(-EBUSY, apu_ioctl(self->vgem.fd, DRM_IOCTL_VGEM_FENCE_ATTACH, &attach));
	ASSERT_EQ(0, gate_advance(timeline, 1));
	EXPECT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
	EXPECT_EQ(0, apu_ioctl(self->vgem.fd, DRM_IOCTL_VGEM_FENCE_ATTACH, &attach));
	close(timeline);
}

/* --- how much ------------------------------------------------------------------- */

/* A dma-buf of 64 MiB that is the same 2 MiB again and again. */
static int wide_dmabuf(int memfd)
{
	enum { PARTS = 32 };
	struct {
		struct udmabuf_create_list head;
		struct udmabuf_create_item items[PARTS];
	} list = { .head = { .flags = UDMABUF_FLAGS_CLOEXEC, .count = PARTS } };
	int i, fd, dev = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);

	if (dev < 0)
		return -errno;
	for (i = 0; i < PARTS; i++) {
		list.items[i].memfd = memfd;
		list.items[i].size = 2 * MIB;
	}
	fd = ioctl(dev, UDMABUF_CREATE_LIST, &list);
	fd = fd < 0 ? -errno : fd;
	close(dev);

	return fd;
}

/* A client can import three eighths of the memory, and has it back when it lets go. */
TEST(no_more_imports_than_a_clients_part)
{
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	const int most = memory / 8 * 3 / (64 * MIB);
	int i, ret, memfd, dmabufs[most + 1];
	uint32_t handle, handles[most + 1];
	struct client c, other;

	if (!access("/sys/kernel/debug/dma-api", F_OK))
		SKIP(return, "DMA-API debugging takes pages that are mapped twice for an error");
	memfd = memfd_create("apu", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ASSERT_LE(0, memfd);
	ASSERT_EQ(0, ftruncate(memfd, 2 * MIB));
	ASSERT_EQ(0, fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK));
	for (i = 0; i <= most; i++) {
		dmabufs[i] = wide_dmabuf(memfd);
		if (dmabufs[i] == -ENOENT)
			SKIP(return, "no udmabuf in this kernel");
		ASSERT_LE(0, dmabufs[i]);
	}
	ASSERT_EQ(0, client_open(&c));
	ASSERT_EQ(0, client_open(&other));
	for (i = 0; i < most; i++)
		ASSERT_EQ(0, import(c.fd, dmabufs[i], &handles[i]));
	ASSERT_LT(0, most);
	EXPECT_EQ(-EDQUOT, import(c.fd, dmabufs[most], &handle));
	/* What it has already is no more, and has not gone. */
	ASSERT_EQ(0, import(c.fd, dmabufs[0], &handle));
	EXPECT_EQ(handles[0], handle);
	EXPECT_EQ(-EDQUOT, import(c.fd, dmabufs[most], &handle));
	/* Its own memory, and others, are not concerned. */
	ret = import(other.fd, dmabufs[most], &handle);
	EXPECT_EQ(0, ret);

	gem_close(c.fd, handles[0]);
	ASSERT_EQ(0, import(c.fd, dmabufs[most], &handles[0]));
	EXPECT_EQ(-EDQUOT, import(c.fd, dmabufs[0], &handle));
	client_close(&c);
	ASSERT_EQ(0, client_open(&c));
	for (i = 0; i < most; i++)
		EXPECT_EQ(0, import(c.fd, dmabufs[i], &handles[i]));
	client_close(&c);
	client_close(&other);
	for (i = 0; i <= most; i++)
		close(dmabufs[i]);
	close(memfd);
}

TEST_HARNESS_MAIN

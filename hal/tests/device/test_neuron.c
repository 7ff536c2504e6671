// SPDX-License-Identifier: MIT
/*
 * The Neuron Runtime on an APU: client programs, memory, many clients at a time.
 *
 *   neuron [INFERENCES]     of the test with many clients (600)
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/dma-buf.h>

#include "../dla_builder.h"
#include "apu/apu_isa.h"
#include "apu/neuron.h"
#include "device_util.h"
#include "neuron/api/Fence.h"
#include "neuron/api/RuntimeAPI.h"

#define SIZE 64
#define PAGE 4096u
#define MODEL "neuron-test.dla"

static unsigned int inferences = 600;

/* A model with temporary memory; with a stream for the MVPU if wanted. */
static void make_spec(struct dla_spec *spec, uint64_t temp, bool mvpu)
{
	spec_init(spec, temp);
	if (!mvpu)
		return;
	spec->info.num_engines[APU_ENGINE_CLASS_MVPU] = 1;
	spec->streams[1].engine_class = APU_ENGINE_CLASS_MVPU;
	/* END only: the last command there is. */
	spec->streams[1].text_offset = spec->text_size - 8;
	spec->streams[1].text_bytes = 8;
	spec->num_streams = 2;
	spec->jobs[0].num_streams = 2;
}

static uint64_t pages(uint64_t bytes)
{
	return (bytes + PAGE - 1) / PAGE * PAGE;
}

/* --- client programs -------------------------------------------------------- */

static bool write_file(const char *path, const void *data, size_t size)
{
	FILE *file = fopen(path, "we");
	bool good = file && fwrite(data, size, 1, file) == 1;

	if (file && fclose(file))
		good = false;
	return good;
}

static bool write_model(uint64_t temp)
{
	struct dla_spec spec;
	size_t size;
	uint8_t *data;
	bool good;

	make_spec(&spec, temp, false);
	data = spec_write(&spec, &size);
	good = write_file(MODEL, data, size);
	free(data);
	return good;
}

static bool run_client(const char *name)
{
	char program[64];
	uint8_t in[SIZE], out[SIZE] = {0};
	int i, status = -1;
	FILE *file;
	pid_t pid;

	snprintf(program, sizeof(program), "/apu/tests/clients/%s", name);
	for (i = 0; i < SIZE; i++)
		in[i] = (uint8_t)rand();
	CHECK(write_model(5 * PAGE));
	CHECK(write_file("neuron-test.in", in, SIZE));
	unlink("neuron-test.out");
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		/* TAP is ours. */
		dup2(STDERR_FILENO, STDOUT_FILENO);
		execl(program, program, MODEL, "neuron-test.in", "neuron-test.out", (char *)NULL);
		_exit(127);
	}
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid);
	CHECK(status == 0);
	file = fopen("neuron-test.out", "re");
	CHECK(file);
	CHECK(fread(out, 1, SIZE, file) == SIZE && fgetc(file) == EOF);
	fclose(file);
	CHECK(memcmp(in, out, SIZE) == 0);
	return true;
}

static bool client_v1_cxx11(void)
{
	return run_client("v1_cxx11");
}

static bool client_v1_dlopen(void)
{
	return run_client("v1_dlopen");
}

static bool client_v1_linked(void)
{
	return run_client("v1_linked");
}

static bool client_v1_np4(void)
{
	return run_client("v1_np4");
}

static bool client_v2_cxx11(void)
{
	return run_client("v2_cxx11");
}

static bool client_v2_dlopen(void)
{
	return run_client("v2_dlopen");
}

static bool client_v2_linked(void)
{
	return run_client("v2_linked");
}

/* --- errors ----------------------------------------------------------------- */

static bool errors_of_the_device_are_told_apart(void)
{
	struct dla_spec spec;
	void *rt = NULL;
	uint8_t *data;
	size_t size;
	int ret;

	make_spec(&spec, 0, false);
	data = spec_write(&spec, &size);
#define CREATE(options)                                                                            \
	NeuronRuntimeV2_createFromBuffer_with_options(data, size, 1, &rt, 1, options)
	CHECK(CREATE("--device /dev/accel/none") == NEURONRUNTIME_RUNTIME_ERROR);
	CHECK(strstr(apu_neuron_error(), "does not exist"));
	CHECK(CREATE("--device /dev/null") == NEURONRUNTIME_RUNTIME_ERROR);
	CHECK(strstr(apu_neuron_error(), "not an APU"));
	/* The superuser is allowed everything. */
	CHECK(seteuid(65534) == 0);
	ret = CREATE(NULL);
	CHECK(seteuid(0) == 0);
	CHECK(ret == NEURONRUNTIME_RUNTIME_ERROR);
	CHECK(strstr(apu_neuron_error(), "no permission"));
	CHECK(!rt);
	free(data);
	return true;
}

/* An engine that waits for a counter nobody raises. */
static bool an_abort_time_ends_a_stuck_inference(void)
{
	struct apu_cmd_wait cmd = {.hdr = {.opcode = APU_OP_WAIT, .words = 2}, .value = 1};
	QoSOptions qos = {.abortTime = 50};
	uint8_t in[SIZE] = {0}, out[SIZE];
	IOBuffer input = {.buffer = in, .length = SIZE, .fd = -1};
	IOBuffer output = {.buffer = out, .length = SIZE, .fd = -1};
	struct dla_spec spec;
	uint8_t *data;
	size_t size;
	void *rt;

	spec_init(&spec, 0);
	memcpy(spec.text, &cmd, sizeof(cmd));
	spec.text_size = sizeof(cmd);
	spec.streams[0].text_bytes = sizeof(cmd);
	data = spec_write(&spec, &size);
	CHECK(NeuronRuntimeV2_createFromBuffer(data, size, 1, &rt, 1) == 0);
	free(data);
	CHECK(NeuronRuntimeV2_setQoSOption(rt, &qos) == 0);
	CHECK(NeuronRuntimeV2_run(rt, (SyncInferenceRequest){&input, &output}) ==
	      NEURONRUNTIME_RUNTIME_ERROR);
	CHECK(strstr(apu_neuron_error(), "limit"));
	NeuronRuntimeV2_release(rt);
	return true;
}

/* --- memory ----------------------------------------------------------------- */

/* What the driver must tell, and the library with it. */
static bool memory_is(void *rt, uint64_t private, uint64_t shared)
{
	struct apu_memory memory;
	struct fdinfo info;

	CHECK(read_fdinfo(&info));
	if (info.total != private + shared || info.shared != shared)
		printf("# fdinfo: total %llu, shared %llu; expected %llu, %llu\n",
		       (unsigned long long)info.total, (unsigned long long)info.shared,
		       (unsigned long long)(private + shared), (unsigned long long)shared);
	CHECK(info.total == private + shared);
	CHECK(info.shared == shared);
	CHECK(apu_neuron_get_memory(rt, &memory) == 0);
	CHECK(memory.total_bytes == private);
	return true;
}

/*
 * Version 2 with so many workers, each with temporary memory of its own. Constants and text
 * are one buffer, prologues one a worker.
 */
static bool lifetimes_v2(bool mvpu, unsigned int workers)
{
	const uint64_t temp = 5 * PAGE + 1;
	uint8_t in[SIZE] = {1}, out[SIZE];
	IOBuffer input = {.buffer = in, .length = SIZE, .fd = -1};
	IOBuffer output = {.buffer = out, .length = SIZE, .fd = -1};
	SyncInferenceRequest request = {&input, &output};
	uint64_t init, staging = pages(2 * SIZE);
	struct dla_spec spec;
	struct fdinfo info;
	uint8_t *data;
	size_t size;
	int heap;
	void *rt;

	make_spec(&spec, temp, mvpu);
	init = pages(spec.static_size + spec.text_size) + workers * (pages(temp) + PAGE);
	data = spec_write(&spec, &size);
	CHECK(NeuronRuntimeV2_createFromBuffer(data, size, workers, &rt, 8) == 0);
	free(data);
	/* Inputs and outputs: at initialisation with the MVPU only. */
	CHECK(memory_is(rt, init + (mvpu ? workers * staging : 0), 0));
	CHECK(NeuronRuntimeV2_run(rt, request) == 0);
	CHECK(memcmp(in, out, SIZE) == 0);
	CHECK(memory_is(rt, init + (mvpu ? workers : 1) * staging, 0));
	CHECK(NeuronRuntimeV2_run(rt, request) == 0);
	CHECK(memory_is(rt, init + (mvpu ? workers : 1) * staging, 0));
	/* Only a dma-buf is counted then, and as another's. */
	heap = heap_alloc(PAGE);
	CHECK(heap >= 0);
	input.fd = output.fd = heap;
	output.offset = SIZE;
	CHECK(NeuronRuntimeV2_run(rt, request) == 0);
	CHECK(memory_is(rt, init + (mvpu ? workers - 1 : 0) * staging, PAGE));
	close(heap);
	NeuronRuntimeV2_release(rt);
	CHECK(!read_fdinfo(&info));
	return true;
}

static bool memory_v2(void)
{
	return lifetimes_v2(false, 1) && lifetimes_v2(false, 3);
}

static bool memory_v2_mvpu(void)
{
	return lifetimes_v2(true, 1) && lifetimes_v2(true, 3);
}

/* dma-bufs from the first inference on: nothing is ever added, and what the MVPU got goes. */
static bool dma_bufs_v2(bool mvpu)
{
	IOBuffer input = {.length = SIZE}, output = {.length = SIZE, .offset = SIZE};
	struct dla_spec spec;
	uint64_t init;
	uint8_t *data, *p;
	size_t size;
	void *rt;
	int i;

	make_spec(&spec, PAGE, mvpu);
	init = pages(spec.static_size + spec.text_size) + 2 * PAGE;
	data = spec_write(&spec, &size);
	CHECK(NeuronRuntimeV2_createFromBuffer(data, size, 1, &rt, 1) == 0);
	free(data);
	CHECK(memory_is(rt, init + (mvpu ? pages(2 * SIZE) : 0), 0));
	input.fd = output.fd = heap_alloc(PAGE);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, input.fd, 0);
	CHECK(p != MAP_FAILED);
	for (i = 0; i < 3; i++) {
		CHECK(dmabuf_sync(input.fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW));
		memset(p, i + 1, SIZE);
		CHECK(dmabuf_sync(input.fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW));
		CHECK(NeuronRuntimeV2_run(rt, (SyncInferenceRequest){&input, &output}) == 0);
		CHECK(dmabuf_sync(input.fd, DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW));
		CHECK(p[SIZE] == i + 1 && p[2 * SIZE - 1] == i + 1);
		CHECK(dmabuf_sync(input.fd, DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW));
		CHECK(memory_is(rt, init, PAGE));
	}
	munmap(p, PAGE);
	close(input.fd);
	NeuronRuntimeV2_release(rt);
	return true;
}

static bool memory_v2_dma_bufs(void)
{
	return dma_bufs_v2(false) && dma_bufs_v2(true);
}

/* The same with version 1, which takes the dma-bufs before the inference. */
static bool dma_bufs_v1(bool mvpu)
{
	BufferAttribute fd = {.ionFd = heap_alloc(2 * PAGE)};
	uint64_t init, staging = mvpu ? pages(2 * SIZE) : 0;
	struct dla_spec spec;
	struct fdinfo info;
	uint8_t *data;
	size_t size;
	void *rt;
	int i;

	make_spec(&spec, PAGE, mvpu);
	init = pages(spec.static_size + spec.text_size) + 2 * PAGE;
	data = spec_write(&spec, &size);
	CHECK(NeuronRuntime_create(NULL, &rt) == 0);
	CHECK(NeuronRuntime_loadNetworkFromBuffer(rt, data, size) == 0);
	free(data);
	CHECK(memory_is(rt, init + staging, 0));
	CHECK(NeuronRuntime_setInput(rt, 0, NULL, SIZE, fd) == 0);
	CHECK(NeuronRuntime_setOffsetedOutput(rt, 0, NULL, SIZE, fd, PAGE) == 0);
	close(fd.ionFd);
	CHECK(memory_is(rt, init + staging, 2 * PAGE));
	for (i = 0; i < 2; i++) {
		CHECK(NeuronRuntime_inference(rt) == 0);
		CHECK(memory_is(rt, init, 2 * PAGE));
	}
	NeuronRuntime_release(rt);
	CHECK(!read_fdinfo(&info));
	return true;
}

static bool memory_v1_dma_bufs(void)
{
	return dma_bufs_v1(false) && dma_bufs_v1(true);
}

static bool lifetimes_v1(bool mvpu)
{
	const uint64_t temp = 5 * PAGE + 1;
	BufferAttribute no_fd = {NON_ION_FD}, fd;
	uint8_t in[SIZE] = {1}, out[SIZE];
	uint64_t init, staging = pages(2 * SIZE);
	struct dla_spec spec;
	struct fdinfo info;
	uint8_t *data;
	size_t size;
	void *rt;

	make_spec(&spec, temp, mvpu);
	init = pages(spec.static_size + spec.text_size) + pages(temp) + PAGE;
	data = spec_write(&spec, &size);
	CHECK(NeuronRuntime_create(NULL, &rt) == 0);
	CHECK(memory_is(rt, 0, 0));
	CHECK(NeuronRuntime_loadNetworkFromBuffer(rt, data, size) == 0);
	free(data);
	CHECK(memory_is(rt, init + (mvpu ? staging : 0), 0));
	CHECK(NeuronRuntime_setInput(rt, 0, in, SIZE, no_fd) == 0);
	CHECK(NeuronRuntime_setOutput(rt, 0, out, SIZE, no_fd) == 0);
	CHECK(memory_is(rt, init + (mvpu ? staging : 0), 0));
	CHECK(NeuronRuntime_inference(rt) == 0);
	CHECK(memcmp(in, out, SIZE) == 0);
	CHECK(memory_is(rt, init + staging, 0));
	CHECK(NeuronRuntime_inference(rt) == 0);
	CHECK(memory_is(rt, init + staging, 0));
	fd.ionFd = heap_alloc(2 * PAGE);
	CHECK(NeuronRuntime_setInput(rt, 0, NULL, SIZE, fd) == 0);
	CHECK(NeuronRuntime_setOffsetedOutput(rt, 0, NULL, SIZE, fd, PAGE) == 0);
	close(fd.ionFd);
	CHECK(NeuronRuntime_inference(rt) == 0);
	CHECK(memory_is(rt, init, 2 * PAGE));
	NeuronRuntime_release(rt);
	CHECK(!read_fdinfo(&info));
	return true;
}

static bool memory_v1(void)
{
	return lifetimes_v1(false);
}

static bool memory_v1_mvpu(void)
{
	return lifetimes_v1(true);
}

/* --- fences ----------------------------------------------------------------- */

static bool fences_order_runtimes(void)
{
	FenceInfo first = {.inputFenceFd = -1}, second = {.inputFenceFd = -1};
	BufferAttribute no_fd = {NON_ION_FD}, fd = {.ionFd = heap_alloc(PAGE)};
	uint8_t in[SIZE] = {9, 8, 7}, out[SIZE] = {0};
	struct dla_spec spec;
	uint8_t *data;
	size_t size;
	void *a, *b;

	make_spec(&spec, PAGE, false);
	data = spec_write(&spec, &size);
	CHECK(NeuronRuntime_create(NULL, &a) == 0);
	CHECK(NeuronRuntime_loadNetworkFromBuffer(a, data, size) == 0);
	free(data);
	CHECK(NeuronRuntime_clone(a, &b) == 0);
	CHECK(NeuronRuntime_setInput(a, 0, in, SIZE, no_fd) == 0);
	CHECK(NeuronRuntime_setOutput(a, 0, NULL, SIZE, fd) == 0);
	CHECK(NeuronRuntime_setInput(b, 0, NULL, SIZE, fd) == 0);
	CHECK(NeuronRuntime_setOutput(b, 0, out, SIZE, no_fd) == 0);
	CHECK(NeuronRuntime_inferenceFenced(a, &first) == 0);
	second.inputFenceFd = first.fenceFd;
	CHECK(NeuronRuntime_inferenceFenced(b, &second) == 0);
	second.callback(&second);
	CHECK(second.status == 0);
	CHECK(memcmp(in, out, SIZE) == 0);
	first.callback(&first);
	CHECK(first.status == 0);
	close((int)first.fenceFd);
	close((int)second.fenceFd);
	close(fd.ionFd);
	NeuronRuntime_release(a);
	NeuronRuntime_release(b);
	return true;
}

/* --- many clients ----------------------------------------------------------- */

struct client {
	void *runtime;
	unsigned int number;
	unsigned int count;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned int pending;
	unsigned int bad;
};

struct flight {
	struct client *client;
	uint8_t in[SIZE];
	uint8_t out[SIZE];
	IOBuffer input;
	IOBuffer output;
};

static void flight_init(struct flight *f, struct client *client, unsigned int seed)
{
	int i;

	memset(f, 0, sizeof(*f));
	f->client = client;
	for (i = 0; i < SIZE; i++)
		f->in[i] = (uint8_t)rand_r(&seed);
	f->input = (IOBuffer){.buffer = f->in, .length = SIZE, .fd = -1};
	f->output = (IOBuffer){.buffer = f->out, .length = SIZE, .fd = -1};
}

static void landed(uint64_t job, void *opaque, int status)
{
	struct flight *f = opaque;
	struct client *c = f->client;

	(void)job;
	pthread_mutex_lock(&c->lock);
	c->bad += status != 0 || memcmp(f->in, f->out, SIZE) != 0;
	c->pending--;
	pthread_cond_signal(&c->changed);
	pthread_mutex_unlock(&c->lock);
	free(f);
}

/* Synchronous and asynchronous in turn, from one thread. */
static void *fly(void *opaque)
{
	struct client *c = opaque;
	unsigned int i, bad = 0;
	uint64_t id;

	for (i = 0; i < c->count; i++) {
		struct flight *f = malloc(sizeof(*f));
		AsyncInferenceRequest request = {&f->input, &f->output, landed, f};

		flight_init(f, c, c->number * 100000 + i);
		if ((i + c->number) % 3 == 0) {
			bad += NeuronRuntimeV2_run(c->runtime, (SyncInferenceRequest){
								       &f->input, &f->output}) != 0;
			bad += memcmp(f->in, f->out, SIZE) != 0;
			free(f);
			continue;
		}
		pthread_mutex_lock(&c->lock);
		c->pending++;
		pthread_mutex_unlock(&c->lock);
		bad += NeuronRuntimeV2_enqueue(c->runtime, request, &id) != 0;
	}
	pthread_mutex_lock(&c->lock);
	while (c->pending)
		pthread_cond_wait(&c->changed, &c->lock);
	c->bad += bad;
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

static bool fly_all(void *rt, unsigned int count)
{
	struct client clients[4];
	pthread_t threads[4];
	unsigned int i, bad = 0;

	for (i = 0; i < 4; i++) {
		clients[i] = (struct client){.runtime = rt, .number = i, .count = count / 4};
		pthread_mutex_init(&clients[i].lock, NULL);
		pthread_cond_init(&clients[i].changed, NULL);
		CHECK(pthread_create(&threads[i], NULL, fly, &clients[i]) == 0);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		bad += clients[i].bad;
	}
	CHECK(bad == 0);
	return true;
}

/*
 * Bytes that the heap may have more than before: what the allocator keeps for each thread, and a
 * ring that was not as full. Of 10,000 inferences none can keep 16 bytes.
 */
#define HEAP_SLACK 32768

static bool many_clients(size_t workers, size_t backlog)
{
	struct fdinfo before, after;
	struct dla_spec spec;
	unsigned int i;
	size_t size, heap;
	uint8_t *data;
	void *rt;

	make_spec(&spec, PAGE, false);
	data = spec_write(&spec, &size);
	CHECK(NeuronRuntimeV2_createFromBuffer(data, size, workers, &rt, backlog) == 0);
	free(data);
	/* Until every worker has had its first inference. */
	do {
		CHECK(fly_all(rt, 40));
		CHECK(read_fdinfo(&before));
	} while (before.total < pages(spec.static_size + spec.text_size) + workers * 3ull * PAGE);
	heap = mallinfo2().uordblks;
	for (i = 0; i < 4; i++) {
		CHECK(fly_all(rt, inferences / 16));
		CHECK(read_fdinfo(&after));
		CHECK(after.total == before.total);
		CHECK(mallinfo2().uordblks < heap + HEAP_SLACK);
	}
	NeuronRuntimeV2_release(rt);
	return true;
}

static bool many_clients_1_worker_backlog_1(void)
{
	return many_clients(1, 1);
}

static bool many_clients_1_worker_backlog_8(void)
{
	return many_clients(1, 8);
}

static bool many_clients_4_workers_backlog_1(void)
{
	return many_clients(4, 1);
}

static bool many_clients_4_workers_backlog_8(void)
{
	return many_clients(4, 8);
}

static const struct test tests[] = {
	TEST(client_v1_cxx11),
	TEST(client_v1_dlopen),
	TEST(client_v1_linked),
	TEST(client_v1_np4),
	TEST(client_v2_cxx11),
	TEST(client_v2_dlopen),
	TEST(client_v2_linked),
	TEST(errors_of_the_device_are_told_apart),
	TEST(an_abort_time_ends_a_stuck_inference),
	TEST(memory_v2),
	TEST(memory_v2_mvpu),
	TEST(memory_v2_dma_bufs),
	TEST(memory_v1),
	TEST(memory_v1_mvpu),
	TEST(memory_v1_dma_bufs),
	TEST(fences_order_runtimes),
	TEST(many_clients_1_worker_backlog_1),
	TEST(many_clients_1_worker_backlog_8),
	TEST(many_clients_4_workers_backlog_1),
	TEST(many_clients_4_workers_backlog_8),
};

const char *last_error(void)
{
	return apu_neuron_error();
}

int main(int argc, char **argv)
{
	if (argc > 1)
		inferences = (unsigned int)strtoul(argv[1], NULL, 10);
	return run_tests(tests, sizeof(tests) / sizeof(tests[0]));
}

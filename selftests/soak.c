// SPDX-License-Identifier: GPL-2.0-only
/*
 * Eight clients do at random what clients do, and now and then one of them is hit by a
 * fault. It must be told, and be able to go on at once; the others must not notice. For
 * scripts/soak; not a test of the collection.
 *
 *	soak [-s SEED] [-n FAULTS] [-w MS] [-v]
 *
 * Ends when each client has had its eighth of so many faults (200), with a line of figures
 * for each kind. With -w it is a failure if a hang takes longer than the job's limit and so
 * many milliseconds: means something where time does not depend on the host (scripts/vm
 * --icount).
 *
 * The seed and a client's number say what the client does: each of its calls, with their
 * arguments, which faults hit it when, and when it dies and a successor comes. With -v each
 * of these is a line, "NUMBER: WHAT". In which order calls of different clients come is for
 * the scheduler. The driver has its own parameters, but for watchdog_ms: how long an
 * interrupt that is lost delays a client is no part of this.
 */

#include "apu_test.h"
#include "fault_port.h"
#include "gang.h"

#include <err.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/sync_file.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#define CLIENTS 8
/* Device time of jobs that are to hang, in microseconds. */
#define SHORT_LIMIT 1000
#define VA_CHURN 0x40000000ull
#define FENCE_MS 60000
#define WATCHDOG_MS 10
#define LOG_SIZE (16 * MIB)

struct fault_kind {
	const char *name;
	/* %1$d is the client's ASID, %2$s the engine, %3$.4s its class of %4$d. */
	const char *rules;
	/* What the fence of the job says. */
	int error;
	/* How long it takes to get over it, after the job's limit, is of interest. */
	bool hang;
};

#define JOB "ctx=%1$d,engine=%2$s"
#define FREEZE "on=job," JOB ",do=freeze"

#define KINDS 15

static const struct fault_kind kinds[KINDS] = {
	{ "hang of a job", "on=job," JOB ",do=hang", -ETIME, true },
	{ "hang at a command", "on=command," JOB ",after=1,do=hang", -ETIME, true },
	/* Not by the hardware's limit but by the driver's watchdog. */
	{ "engine stands still", FREEZE, -ETIME, true },
	{ "reset of engines", FREEZE ";on=abort,ctx=%1$d,do=stuck", -EIO, true },
	{ "reset of the APU", FREEZE ";on=abort,ctx=%1$d,do=stuck;"
	  "on=reset,engine=%3$.4s,count=%4$d,do=ignored", -EIO, true },
	{ "bad command", "on=fetch," JOB ",do=corrupt", -EINVAL, false },
	{ "bus error", "on=read," JOB ",do=bus-error", -EIO, false },
	{ "MMU fault", "on=read," JOB ",do=mmu-fault", -EFAULT, false },
	{ "ECC error", "on=command," JOB ",after=1,do=ecc-uncorrected", -EIO, false },
	{ "record not written", "on=record," JOB ",do=bus-error", -EIO, false },
	{ "doorbell lost", "on=doorbell,ctx=%1$d,do=lost", -EIO, false },
	{ "interrupt lost", "on=irq," JOB ",do=lost", 0, false },
	{ "interrupt late", "on=irq," JOB ",do=late,delay-us=3000", 0, false },
	{ "interrupt twice", "on=irq," JOB ",do=duplicate,delay-us=100", 0, false },
	{ "interrupt for nothing", "on=job," JOB ",do=spurious", 0, false },
};

/* Memory that all processes share. */
static struct shared {
	/* One fault at a time, so that it is known whose it is. */
	pthread_mutex_t fault_lock;
	/* Of each client, whoever has its number; and how often it has died. */
	unsigned int left[CLIENTS], lives[CLIENTS];
	unsigned int seed;
	unsigned int killed, reopened, jobs, errors, lost;
	struct {
		unsigned int injected, recovered;
		int64_t worst_ns;
	} kinds[KINDS];
	bool verbose;
	unsigned int log_used;
	char log[LOG_SIZE];
} *shared;

struct soaker {
	struct client c;
	struct drm_apu_dev_info info;
	int number, asid, dmabuf;
	unsigned int seed;
};

/* A line of the log. It is shown at the end: what it is written to may take its time. */
static void note(struct soaker *s, const char *text)
{
	char line[160];
	unsigned int at;
	int n;

	if (!shared->verbose)
		return;
	n = snprintf(line, sizeof(line), "%d: %s\n", s->number, text);
	at = __atomic_fetch_add(&shared->log_used, n, __ATOMIC_RELAXED);
	if (at + n <= LOG_SIZE)
		memcpy(shared->log + at, line, n);
}

#define say(s, ...) do {						\
	char _text[128];						\
									\
	snprintf(_text, sizeof(_text), __VA_ARGS__);			\
	note(s, _text);							\
} while (0)

static uint32_t below(struct soaker *s, uint32_t n)
{
	return rand_r(&s->seed) % n;
}

static void count(unsigned int *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED);
}

static void wrong(struct soaker *s, const char *what, int ret)
{
	fprintf(stderr, "# client %d: %s: %d\n", s->number, what, ret);
	count(ret == -ETIMEDOUT ? &shared->lost : &shared->errors);
	_exit(1);
}

static void soaker_open(struct soaker *s)
{
	struct drm_prime_handle prime = { .flags = DRM_CLOEXEC | DRM_RDWR };
	int ret = client_open_sized(&s->c, 64 * KIB, DATA_SIZE);

	if (!ret)
		ret = device_info(s->c.fd, &s->info);
	prime.handle = s->c.data.handle;
	if (!ret)
		ret = apu_ioctl(s->c.fd, DRM_IOCTL_PRIME_HANDLE_TO_FD, &prime);
	if (ret)
		wrong(s, "open", ret);
	s->dmabuf = prime.fd;
	s->asid = fault_asid(s->c.vm);
	gang_write_inputs(&s->c, s->number);
}

/* With jobs in flight, for all that it knows. */
static void soaker_close(struct soaker *s)
{
	close(s->dmabuf);
	client_close(&s->c);
}

static void soaker_wait(struct soaker *s, const char *what, uint64_t seqno)
{
	int ret = job_wait(&s->c, s->c.ctx, seqno);

	if (ret)
		wrong(s, what, ret);
	count(&shared->jobs);
}

/* --- what a client does ------------------------------------------------------- */

static void run_gangs(struct soaker *s)
{
	uint64_t seqno = 0;
	int i, ret = 0, n = 1 + below(s, 8);

	say(s, "%d gangs", n);
	s->c.cmd_used = 0;
	gang_clear_output(&s->c);
	for (i = 0; i < n && !ret; i++)
		ret = gang_submit(&s->c, &seqno);
	if (ret)
		wrong(s, "submit of a gang", ret);
	soaker_wait(s, "gang", seqno);
	if (!gang_is_right(&s->c))
		wrong(s, "result of a gang", 0);
}

static void run_copy(struct soaker *s)
{
	uint64_t seqno;
	int ret;

	s->c.cmd_used = 0;
	gang_clear_output(&s->c);
	ret = gang_submit_copy(&s->c, &seqno);
	if (ret)
		wrong(s, "submit of a copy", ret);
	soaker_wait(s, "copy", seqno);
	if (!gang_copy_is_right(&s->c))
		wrong(s, "result of a copy", 0);
}

static void churn_memory(struct soaker *s)
{
	uint64_t i, size = (1 + below(s, 64)) * 4096;
	uint32_t flags = below(s, 2), unmap = below(s, 2);
	struct bo bo;
	int ret = bo_create(s->c.fd, size, 0, &bo);

	say(s, "%llu bytes, flags %u, unmap %u", (unsigned long long)size, flags, unmap);
	for (i = 0; !ret && i < size; i += 512)
		if (((uint8_t *)bo.map)[i])
			wrong(s, "memory of somebody else", ((uint8_t *)bo.map)[i]);
	if (!ret)
		memset(bo.map, 0x5e, size);
	if (!ret)
		ret = vm_map(s->c.fd, s->c.vm, bo.handle, 0, VA_CHURN, size, flags);
	run_copy(s);
	if (!ret && unmap)
		ret = vm_unmap(s->c.fd, s->c.vm, VA_CHURN, size);
	if (ret)
		wrong(s, "memory", ret);
	bo_destroy(s->c.fd, &bo);
}

static void churn_context(struct soaker *s)
{
	int ret;

	say(s, "context");
	/* What is in flight ends or is cancelled. */
	s->c.cmd_used = 0;
	gang_submit_copy(&s->c, NULL);
	ret = ctx_destroy(s->c.fd, s->c.ctx);
	if (!ret)
		ret = ctx_create(s->c.fd, s->c.vm, &s->c.ctx);
	if (!ret)
		ret = bo_wait(s->c.fd, s->c.data.handle, DRM_APU_BO_WAIT_WRITE,
			      now_ns() + WAIT_NS);
	if (ret)
		wrong(s, "context", ret);
}

static void change_qos(struct soaker *s)
{
	struct drm_apu_ctx_set_qos qos = {
		.ctx_id = s->c.ctx,
		.priority = below(s, 3),
		.boost = below(s, 101),
		.flags = below(s, 2),
	};
	int ret = apu_ioctl(s->c.fd, DRM_IOCTL_APU_CTX_SET_QOS, &qos);

	say(s, "QoS %u %u %u", qos.priority, qos.boost, qos.flags);
	if (ret)
		wrong(s, "QoS", ret);
}

/* Long enough, now and then, for engines to be powered off. */
static void be_idle(struct soaker *s)
{
	struct timespec nap = { 0, 1000000 * below(s, 100) };

	say(s, "%ld ms idle", nap.tv_nsec / 1000000);
	nanosleep(&nap, NULL);
}

static void open_anew(struct soaker *s)
{
	say(s, "open");
	s->c.cmd_used = 0;
	gang_submit_copy(&s->c, NULL);
	soaker_close(s);
	soaker_open(s);
	count(&shared->reopened);
}

/* --- faults ------------------------------------------------------------------- */

/* When the last fence of the client's data signalled; a negative error number if not. */
static int64_t fence_time(struct soaker *s)
{
	struct dma_buf_export_sync_file export = { .flags = DMA_BUF_SYNC_READ, .fd = -1 };
	struct sync_fence_info fences[8] = {};
	struct sync_file_info info = {
		.num_fences = 8,
		.sync_fence_info = (uintptr_t)fences,
	};
	int64_t time = 0;
	int i, ret;

	ret = apu_ioctl(s->dmabuf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &export);
	if (ret)
		return ret;
	if (poll(&(struct pollfd) { export.fd, POLLIN, 0 }, 1, FENCE_MS) != 1)
		time = -ETIMEDOUT;
	else
		ret = apu_ioctl(export.fd, SYNC_IOC_FILE_INFO, &info);
	for (i = 0; !time && !ret && i < info.num_fences; i++)
		if ((int64_t)fences[i].timestamp_ns > time)
			time = fences[i].timestamp_ns;
	close(export.fd);

	return ret ? ret : time;
}

static void expect_state(struct soaker *s, const struct fault_kind *kind)
{
	struct drm_apu_ctx_get_state state;
	int ret = ctx_state(s->c.fd, s->c.ctx, &state);

	if (ret || !state.cause != !kind->error)
		wrong(s, kind->name, ret ? ret : state.cause);
}

static void be_hit(struct soaker *s, unsigned int fault_seed)
{
	unsigned int k = rand_r(&fault_seed) % KINDS;
	uint32_t class = rand_r(&fault_seed) % 3, num = s->info.num_engines[class];
	struct drm_apu_stream streams[GANG_MAX_STREAMS];
	const struct fault_kind *kind = &kinds[k];
	/* A job that is to be hit by something else must not run into a limit. */
	const uint32_t limit_us = strstr(kind->rules, "hang") || strstr(kind->rules, "freeze") ?
				  SHORT_LIMIT : 0;
	char rules[512], engine[16];
	int64_t begin, end;
	uint64_t seqno = 0;
	int ret;

	gang_engine_name(engine, sizeof(engine), class, rand_r(&fault_seed) % num);
	snprintf(rules, sizeof(rules), kind->rules, s->asid, engine, engine, num);
	say(s, "%s, %s", kind->name, engine);
	ret = fault_set(rules);
	if (!ret)
		ret = ctx_create(s->c.fd, s->c.vm, &s->c.ctx);
	begin = now_ns();
	if (!ret)
		ret = gang_submit_class(&s->c, class, num, limit_us, streams, &seqno);
	if (ret)
		wrong(s, kind->name, ret);
	end = fence_time(s);
	if (end < 0)
		wrong(s, kind->name, end);
	ret = job_wait(&s->c, s->c.ctx, seqno);
	if (ret != kind->error)
		wrong(s, kind->name, ret);
	expect_state(s, kind);
	if (!fault_rules_are_used_up())
		wrong(s, "no fault was made", 0);
	count(&shared->kinds[k].injected);
	ret = ctx_destroy(s->c.fd, s->c.ctx);
	if (!ret)
		ret = ctx_create(s->c.fd, s->c.vm, &s->c.ctx);
	if (ret)
		wrong(s, "new context", ret);
	run_copy(s);
	count(&shared->kinds[k].recovered);

	end -= begin + limit_us * 1000;
	if (end > shared->kinds[k].worst_ns)
		shared->kinds[k].worst_ns = end;
}

/* Whether there was one left to be hit by. */
static bool take_fault(struct soaker *s)
{
	unsigned int *left = &shared->left[s->number];

	if (!*left)
		return false;
	if (pthread_mutex_lock(&shared->fault_lock))
		wrong(s, "lock", 0);
	--*left;
	be_hit(s, (shared->seed * CLIENTS + s->number) * 100000 + *left);
	pthread_mutex_unlock(&shared->fault_lock);

	return true;
}

/* --- processes ---------------------------------------------------------------- */

static void be_a_client(int number)
{
	struct soaker s = {
		.number = number,
		.seed = (shared->seed * CLIENTS + number) * 1000 + shared->lives[number]++,
	};

	soaker_open(&s);
	for (;;) {
		switch (below(&s, 16)) {
		case 0:
			churn_memory(&s);
			break;
		case 1:
			churn_context(&s);
			break;
		case 2:
			change_qos(&s);
			break;
		case 3:
			be_idle(&s);
			break;
		case 4:
			if (!below(&s, 4))
				open_anew(&s);
			break;
		case 5:
			if (below(&s, 16))
				break;
			/* In the middle of something. */
			say(&s, "killed");
			s.c.cmd_used = 0;
			gang_submit(&s.c, NULL);
			count(&shared->killed);
			kill(getpid(), SIGKILL);
			break;
		case 6:
		case 7:
			if (!take_fault(&s))
				_exit(0);
			break;
		default:
			run_gangs(&s);
			break;
		}
	}
}

static pid_t start_client(int number)
{
	pid_t pid = fork();

	if (!pid)
		be_a_client(number);

	return pid;
}

/* Those that kill themselves are followed by others. Returns whether all went well. */
static bool run_clients(void)
{
	pid_t pids[CLIENTS], pid;
	int i, status, left = CLIENTS;
	bool good = true;

	for (i = 0; i < CLIENTS; i++)
		pids[i] = start_client(i);
	while (left && (pid = wait(&status)) > 0) {
		for (i = 0; i < CLIENTS && pids[i] != pid; i++)
			;
		if (i == CLIENTS)
			continue;
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
			pids[i] = start_client(i);
			continue;
		}
		left--;
		if (!WIFEXITED(status) || WEXITSTATUS(status)) {
			good = false;
			/* The others would wait for its fault for ever. */
			for (i = 0; i < CLIENTS; i++)
				kill(pids[i], SIGTERM);
		}
	}

	return good;
}

static bool show(int64_t worst_ms)
{
	unsigned int i, injected = 0, recovered = 0;
	int64_t worst, worst_hang = 0;
	bool good = true;

	printf("# %-22s %9s %9s %12s\n", "fault", "injected", "recovered", "worst ms");
	for (i = 0; i < KINDS; i++) {
		worst = shared->kinds[i].worst_ns;
		printf("# %-22s %9u %9u %12.3f\n", kinds[i].name, shared->kinds[i].injected,
		       shared->kinds[i].recovered, worst / 1e6);
		injected += shared->kinds[i].injected;
		recovered += shared->kinds[i].recovered;
		if (kinds[i].hang && worst > worst_hang)
			worst_hang = worst;
	}
	printf("hangs: over %.3f ms after the limit at the latest\n", worst_hang / 1e6);
	if (worst_ms && worst_hang > worst_ms * 1000000) {
		printf("which is longer than %lld ms\n", (long long)worst_ms);
		good = false;
	}
	printf("total: injected %u, recovered %u, lost fences %u, errors %u; ", injected,
	       recovered, shared->lost, shared->errors);
	printf("%u jobs waited for, %u clients killed, %u opened anew\n", shared->jobs,
	       shared->killed, shared->reopened);

	return good && injected == recovered && !shared->lost && !shared->errors;
}

int main(int argc, char **argv)
{
	unsigned int seed = 1, faults = 200, i;
	pthread_mutexattr_t attr;
	int64_t worst_ms = 0;
	const char *why = fault_port_open();
	long watchdog;
	bool good, verbose = false;
	int c;

	while ((c = getopt(argc, argv, "s:n:w:v")) != -1) {
		if (c == 's')
			seed = strtoul(optarg, NULL, 0);
		else if (c == 'n')
			faults = strtoul(optarg, NULL, 0);
		else if (c == 'w')
			worst_ms = strtoul(optarg, NULL, 0);
		else if (c == 'v')
			verbose = true;
		else
			errx(2, "usage: soak [-s SEED] [-n FAULTS] [-w MS] [-v]");
	}
	if (why)
		errx(1, "%s", why);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (shared == MAP_FAILED)
		err(1, "mmap");
	for (i = 0; i < CLIENTS; i++)
		shared->left[i] = faults / CLIENTS + (i < faults % CLIENTS);
	shared->seed = seed;
	shared->verbose = verbose;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&shared->fault_lock, &attr);
	watchdog = fault_param("apu/watchdog_ms", WATCHDOG_MS);
	if (watchdog < 0)
		errx(1, "the driver's parameter cannot be set");

	good = run_clients();
	fault_set("");
	fault_param("apu/watchdog_ms", watchdog);
	if (shared->log_used > LOG_SIZE)
		errx(1, "the log is too long");
	fwrite(shared->log, 1, shared->log_used, stdout);
	good &= show(worst_ms);

	return good ? 0 : 1;
}

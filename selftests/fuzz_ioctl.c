// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fuzzer of the driver's ioctls: random programs of calls, run by several threads on the
 * same files, and, where the kernel has KCOV, kept and varied when they got somewhere new.
 * Nothing is expected of a call but that the kernel does not complain, and that every
 * fence signals. scripts/vm looks for what is left when it has ended.
 *
 *	fuzz_ioctl [-s SEED] [-n ROUNDS] [-t SECONDS] [-c CORPUS] [-o DIRECTORY] [-d]
 *	fuzz_ioctl -r FILE [-n TIMES]
 *
 * A round is a program for each thread, run at a time. The programs of a round are in
 * DIRECTORY/current before it begins, so they are there when the kernel is not any more;
 * -r runs such a file again, 100 times unless -n says otherwise. With no coverage to learn
 * from, programs depend on the seed only. CORPUS is a directory: its programs are the
 * first, and new ones that got somewhere are added. -d runs nothing, and shows a digest.
 */

#include "apu_test.h"
#include "fuzz.h"

#include <dirent.h>
#include <err.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#define MAX_CORPUS 4096
/* The world is made anew so often, as what fuzzing leaves makes it poorer. */
#define ROUNDS_OF_A_WORLD 50

static struct {
	uint64_t seed, rounds, seconds;
	const char *corpus, *directory, *replay;
	bool digest;
} opt = { .seed = 1, .directory = "/tmp" };

static struct fuzz_program corpus[MAX_CORPUS];
static uint32_t num_corpus;

static struct fuzz_program programs[FUZZ_THREADS];
static int fresh[FUZZ_THREADS];
static pthread_t threads[FUZZ_THREADS];
static pthread_barrier_t start, stop;
static bool quit, guided;
static int running;

static void *run_programs(void *arg)
{
	int i, thread = (intptr_t)arg;

	if (fuzz_cov_open())
		guided = true;
	for (;;) {
		pthread_barrier_wait(&start);
		if (quit)
			return NULL;
		fuzz_cov_start();
		for (i = 0; i < programs[thread].count; i++)
			fuzz_call_run(thread, &programs[thread].calls[i]);
		fresh[thread] = fuzz_cov_stop();
		__atomic_sub_fetch(&running, 1, __ATOMIC_SEQ_CST);
		pthread_barrier_wait(&stop);
	}
}

/* So that calls that wait are interrupted now and then. */
static void interrupt(int sig)
{
}

static void start_threads(void)
{
	struct sigaction action = { .sa_handler = interrupt };
	int i;

	sigaction(SIGUSR1, &action, NULL);
	pthread_barrier_init(&start, NULL, FUZZ_THREADS + 1);
	pthread_barrier_init(&stop, NULL, FUZZ_THREADS + 1);
	for (i = 0; i < FUZZ_THREADS; i++)
		if (pthread_create(&threads[i], NULL, run_programs, (void *)(intptr_t)i))
			errx(1, "cannot start threads");
}

static void stop_threads(void)
{
	int i;

	quit = true;
	pthread_barrier_wait(&start);
	for (i = 0; i < FUZZ_THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void run_round(struct fuzz_rng *rng)
{
	const struct timespec nap = { 0, 1000000 };
	int victim = fuzz_random(rng, 4 * FUZZ_THREADS);

	running = FUZZ_THREADS;
	pthread_barrier_wait(&start);
	while (victim < FUZZ_THREADS && __atomic_load_n(&running, __ATOMIC_SEQ_CST)) {
		pthread_kill(threads[victim], SIGUSR1);
		nanosleep(&nap, NULL);
	}
	pthread_barrier_wait(&stop);
}

/* --- programs ----------------------------------------------------------------- */

static bool write_programs(const char *path, uint64_t round)
{
	FILE *f = fopen(path, "w");
	int i;

	if (!f)
		return false;
	fprintf(f, "# seed %llu, round %llu\n", (unsigned long long)opt.seed,
		(unsigned long long)round);
	for (i = 0; i < FUZZ_THREADS; i++)
		fuzz_program_write(f, &programs[i]);

	return !fclose(f);
}

static void read_corpus(const char *directory)
{
	DIR *dir = opendir(directory);
	struct dirent *e;
	char path[PATH_MAX];
	FILE *f;

	while (dir && (e = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", directory, e->d_name);
		f = e->d_name[0] == '.' ? NULL : fopen(path, "r");
		while (f && num_corpus < MAX_CORPUS && fuzz_program_read(f, &corpus[num_corpus]))
			num_corpus++;
		if (f)
			fclose(f);
	}
	if (dir)
		closedir(dir);
}

static void keep_program(const struct fuzz_program *p)
{
	char path[PATH_MAX];
	FILE *f;

	if (num_corpus == MAX_CORPUS)
		return;
	corpus[num_corpus++] = *p;
	if (!opt.corpus)
		return;
	snprintf(path, sizeof(path), "%s/%llu-%u", opt.corpus, (unsigned long long)opt.seed,
		 num_corpus);
	f = fopen(path, "w");
	if (!f)
		err(1, "%s", path);
	fuzz_program_write(f, p);
	fclose(f);
}

static void make_program(struct fuzz_rng *rng, struct fuzz_program *p)
{
	if (!num_corpus || !fuzz_random(rng, 4)) {
		fuzz_program_random(rng, p);
		return;
	}
	*p = corpus[fuzz_random(rng, num_corpus)];
	fuzz_program_mutate(rng, p, &corpus[fuzz_random(rng, num_corpus)]);
}

/* --- the two ways to run ------------------------------------------------------ */

static int lost(uint64_t round)
{
	printf("not ok: in round %llu a fence did not signal within a minute\n",
	       (unsigned long long)round);

	return 1;
}

static bool goes_on(uint64_t round, int64_t end)
{
	return (!opt.rounds || round < opt.rounds) && (!opt.seconds || now_ns() < end);
}

static int fuzz(void)
{
	int64_t end = now_ns() + (int64_t)opt.seconds * 1000000000;
	char path[PATH_MAX];
	uint64_t round, calls = 0;
	int i;

	snprintf(path, sizeof(path), "%s/current", opt.directory);
	for (round = 0; goes_on(round, end); round++) {
		struct fuzz_rng rng = fuzz_rng(opt.seed, round);

		if (round % ROUNDS_OF_A_WORLD == 0) {
			if (round)
				fuzz_world_close();
			if (fuzz_world_open())
				errx(1, "no APU, or no sw_sync in this kernel");
		}
		for (i = 0; i < FUZZ_THREADS; i++) {
			if (round * FUZZ_THREADS + i < num_corpus)
				programs[i] = corpus[round * FUZZ_THREADS + i];
			else
				make_program(&rng, &programs[i]);
			calls += programs[i].count;
		}
		if (!write_programs(path, round))
			err(1, "%s", path);
		run_round(&rng);
		if (!fuzz_world_settles())
			return lost(round);
		for (i = 0; i < FUZZ_THREADS; i++)
			if (fresh[i])
				keep_program(&programs[i]);
	}
	if (round)
		fuzz_world_close();
	printf("# %llu rounds, %llu calls, seed %llu, %s", (unsigned long long)round,
	       (unsigned long long)calls, (unsigned long long)opt.seed,
	       guided ? "guided: " : "not guided\n");
	if (guided)
		printf("%d places, %u programs kept\n", fuzz_cov_total(), num_corpus);
	remove(path);

	return 0;
}

static int replay(void)
{
	uint64_t round, rounds = opt.rounds ?: 100;
	struct fuzz_rng rng = fuzz_rng(0, 0);
	FILE *f = fopen(opt.replay, "r");
	int i;

	if (!f)
		err(1, "%s", opt.replay);
	for (i = 0; i < FUZZ_THREADS && fuzz_program_read(f, &programs[i]); i++)
		;
	fclose(f);
	if (!i)
		errx(1, "%s: no program in it", opt.replay);
	for (round = 0; round < rounds; round++) {
		if (fuzz_world_open())
			errx(1, "no APU, or no sw_sync in this kernel");
		run_round(&rng);
		if (!fuzz_world_settles())
			return lost(round);
		fuzz_world_close();
	}
	printf("# %d programs, %llu times\n", i, (unsigned long long)rounds);

	return 0;
}

static int digest(void)
{
	uint64_t round, hash = 14695981039346656037ull;
	const unsigned char *p;
	size_t at;
	int i;

	for (round = 0; round < opt.rounds; round++) {
		struct fuzz_rng rng = fuzz_rng(opt.seed, round);

		memset(programs, 0, sizeof(programs));
		for (i = 0; i < FUZZ_THREADS; i++)
			make_program(&rng, &programs[i]);
		for (p = (void *)programs, at = 0; at < sizeof(programs); at++)
			hash = (hash ^ p[at]) * 1099511628211ull;
	}
	printf("%016llx\n", (unsigned long long)hash);

	return 0;
}

int main(int argc, char **argv)
{
	int c, ret;

	while ((c = getopt(argc, argv, "s:n:t:c:o:r:d")) != -1) {
		switch (c) {
		case 's':
			opt.seed = strtoull(optarg, NULL, 0);
			break;
		case 'n':
			opt.rounds = strtoull(optarg, NULL, 0);
			break;
		case 't':
			opt.seconds = strtoull(optarg, NULL, 0);
			break;
		case 'c':
			opt.corpus = optarg;
			break;
		case 'o':
			opt.directory = optarg;
			break;
		case 'r':
			opt.replay = optarg;
			break;
		case 'd':
			opt.digest = true;
			break;
		default:
			errx(2, "see the head of fuzz_ioctl.c");
		}
	}
	if (optind < argc || (!opt.rounds && !opt.seconds && !opt.replay))
		errx(2, "-n ROUNDS, -t SECONDS or -r FILE is missing: see fuzz_ioctl.c");
	if (opt.digest)
		return digest();
	if (opt.corpus)
		read_corpus(opt.corpus);
	start_threads();
	ret = opt.replay ? replay() : fuzz();
	stop_threads();

	return ret;
}

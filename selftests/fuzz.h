/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs of calls that the fuzzer runs, and what it takes to make and run them.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define FUZZ_THREADS 4
#define FUZZ_CALLS 16
#define FUZZ_ARGS 6

/* One call: its arguments are numbers that the call makes sense of, see fuzz_calls.c. */
struct fuzz_call {
	uint32_t op;
	uint32_t args[FUZZ_ARGS];
};

struct fuzz_program {
	uint32_t count;
	struct fuzz_call calls[FUZZ_CALLS];
};

struct fuzz_rng {
	uint64_t state;
};

/* The same numbers for the same @seed and @stream. */
struct fuzz_rng fuzz_rng(uint64_t seed, uint64_t stream);
uint32_t fuzz_random(struct fuzz_rng *rng, uint32_t below);

/* --- fuzz_calls.c ------------------------------------------------------------- */

uint32_t fuzz_num_ops(void);
const char *fuzz_op_name(uint32_t op);

/* Files that are open, and what has been made with them. 0 or a negative error number. */
int fuzz_world_open(void);
void fuzz_world_close(void);

/* By thread number @thread. The arguments may be anything. */
void fuzz_call_run(int thread, const struct fuzz_call *call);

/* Lets all go on that waits for a gate; then all fences have to signal, within a minute. */
bool fuzz_world_settles(void);

/* --- fuzz_program.c ----------------------------------------------------------- */

void fuzz_program_random(struct fuzz_rng *rng, struct fuzz_program *p);
/* @other: another one that parts can be taken from. */
void fuzz_program_mutate(struct fuzz_rng *rng, struct fuzz_program *p,
			 const struct fuzz_program *other);

/* As text: a line for each call. fuzz_program_read() returns false at the end or for nonsense. */
void fuzz_program_write(FILE *f, const struct fuzz_program *p);
bool fuzz_program_read(FILE *f, struct fuzz_program *p);

/* --- fuzz_cov.c --------------------------------------------------------------- */

/* Coverage of the calling thread's calls, if the kernel has KCOV; false if not. */
bool fuzz_cov_open(void);
void fuzz_cov_start(void);
/* Places in the driver that nobody had been to before. */
int fuzz_cov_stop(void);
int fuzz_cov_total(void);

#endif

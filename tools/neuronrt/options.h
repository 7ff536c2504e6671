/* SPDX-License-Identifier: MIT */
#ifndef NEURONRT_OPTIONS_H
#define NEURONRT_OPTIONS_H

#include <stdbool.h>

/* As many as a model can have of inputs and outputs together. */
#define MAX_FILES 12

/* Exit statuses. */
enum {
	EXIT_USAGE = 1,
	EXIT_FILE = 2,
	EXIT_DEVICE = 3,
	EXIT_INFERENCE = 4,
	EXIT_DIFFERENT = 5,
	/* As of a program that the loader of programs cannot start. */
	EXIT_LIBRARY = 127,
};

struct file_list {
	/* By handle; NULL where none is given. Never freed. */
	const char *path[MAX_FILES];
	unsigned int count;
};

struct options {
	const char *model;
	const char *device;
	bool hardware;
	bool show_io;
	bool profile;
	bool samples;
	bool zero_copy;
	bool turbo;
	/* -1: not given. */
	int boost;
	unsigned long repeat;
	struct file_list in;
	struct file_list out;
	/* What outputs should be. */
	struct file_list golden;
};

/* Fills opts or exits. */
void parse_options(struct options *opts, int argc, char **argv);

/* Prints "neuronrt: …" to stderr and exits with status. */
__attribute__((noreturn, format(printf, 2, 3))) void die(int status, const char *fmt, ...);

#endif

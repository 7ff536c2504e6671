/* SPDX-License-Identifier: MIT */
/*
 * The files with inputs and outputs.
 */
#ifndef NEURONRT_IO_H
#define NEURONRT_IO_H

#include <stdio.h>

#include <apu/apu.h>

#include "options.h"

/* The inputs, or the outputs, of a model, and their files. */
struct side {
	const char *name;
	unsigned int count;
	struct apu_tensor_info info[MAX_FILES];
	/* One sample. */
	void *data[MAX_FILES];
	/* By tensor; files[0] alone when joined, NULL where there is none. */
	FILE *files[MAX_FILES];
	/* One file holds all tensors of a sample, in the order of their handles. */
	bool joined;
	/* Of outputs: what they should be, or NULL, and whether golden_joined. */
	FILE *golden[MAX_FILES];
	bool golden_joined;
};

void side_init(struct side *side, const struct apu_model *model, bool output);
/* Prints the I/O map. */
void side_print(const struct side *side);
/*
 * Opens the input files and checks their sizes; the number of samples. Without files 0.
 */
unsigned long open_inputs(struct side *side, const struct options *opts);
void open_outputs(struct side *side, const struct options *opts);
/* Files to compare outputs with, which must have so many samples. */
void open_golden(struct side *side, const struct options *opts, unsigned long samples);
/* Says what differs; the number of outputs that do. */
unsigned int compare_sample(struct side *side, const struct options *opts, unsigned long sample);
void read_sample(struct side *side);
void write_sample(struct side *side);
/* Closes; dies if something could not be written. */
void close_files(struct side *side, const struct file_list *list);

#endif

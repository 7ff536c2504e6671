// SPDX-License-Identifier: MIT
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "io.h"
#include "library.h"

void side_init(struct side *side, const struct apu_model *model, bool output)
{
	struct apu_model_info info;
	unsigned int i;

	memset(side, 0, sizeof(*side));
	lib.model_get_info(model, &info);
	side->name = output ? "Output" : "Input";
	side->count = output ? info.num_outputs : info.num_inputs;
	for (i = 0; i < side->count; i++) {
		if (output)
			lib.model_get_output(model, i, &side->info[i]);
		else
			lib.model_get_input(model, i, &side->info[i]);
	}
}

static void print_dims(const uint32_t *dims, uint32_t rank)
{
	uint32_t i;

	putchar('<');
	for (i = 0; i < rank; i++)
		printf("%s%u", i ? " x " : "", dims[i]);
	putchar('>');
}

void side_print(const struct side *side)
{
	unsigned int i;

	for (i = 0; i < side->count; i++) {
		const struct apu_tensor_info *t = &side->info[i];

		printf("%s: Handle = %u, ", side->name, i);
		print_dims(t->dims, t->rank);
		printf(", %s, %zu bytes", lib.type_name(t->type), t->size);
		if (t->padded_size != t->size) {
			printf(", padded ");
			print_dims(t->padded_dims, t->rank);
			printf(", %zu bytes", t->padded_size);
		}
		if (t->num_quant == 1)
			printf(", scale %.9g, zero point %d", (double)t->quant[0].scale,
			       t->quant[0].zero_point);
		else if (t->num_quant)
			printf(", %u scales along dimension %u", t->num_quant, t->quant_dim);
		printf(", \"%s\"\n", t->name);
	}
}

static size_t sample_size(const struct side *side)
{
	size_t size = 0;
	unsigned int i;

	/* libapu has checked that each is below 2^39. */
	for (i = 0; i < side->count; i++)
		size += side->info[i].padded_size;
	return size;
}

/* Checks which handles have files; are all tensors in one? Outputs may do without. */
static bool check_files(const struct side *side, const struct file_list *list, const char *option,
			const struct options *opts, bool all)
{
	bool joined = opts->samples && list->count == 1 && list->path[0];
	unsigned int i;

	for (i = side->count; i < MAX_FILES; i++) {
		if (list->path[i])
			die(EXIT_USAGE, "%s %s: the model has %u %s%s", option, list->path[i],
			    side->count, option[1] == 'i' ? "input" : "output",
			    side->count == 1 ? "" : "s");
	}
	for (i = 0; all && !joined && i < side->count; i++) {
		if (!list->path[i])
			die(EXIT_USAGE, "no file for input %u: %s is missing", i, option);
	}
	return joined;
}

/* Samples in a file. */
static unsigned long count_samples(FILE *file, const char *path, size_t size, bool several)
{
	struct stat st;

	if (fstat(fileno(file), &st))
		die(EXIT_FILE, "cannot read %s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		die(EXIT_FILE, "cannot read %s: not a regular file", path);
	if (!several && (uint64_t)st.st_size != size)
		die(EXIT_FILE, "%s has %lld bytes, the model wants %zu", path,
		    (long long)st.st_size, size);
	if (st.st_size == 0 || (uint64_t)st.st_size % size)
		die(EXIT_FILE, "%s has %lld bytes, which is no multiple of a sample's %zu", path,
		    (long long)st.st_size, size);
	return (uint64_t)st.st_size / size;
}

/* Opens a file to read, of samples of one tensor, or of all if joined. */
static FILE *open_data(const struct side *side, unsigned int index, bool joined, const char *path,
		       const struct options *opts, unsigned long *samples)
{
	FILE *file = fopen(path, "rbe");

	if (!file)
		die(EXIT_FILE, "cannot open %s: %s", path, strerror(errno));
	*samples = count_samples(file, path,
				 joined ? sample_size(side) : side->info[index].padded_size,
				 opts->samples);
	return file;
}

unsigned long open_inputs(struct side *side, const struct options *opts)
{
	unsigned long samples = 0, n;
	unsigned int i;

	if (opts->in.count == 0 && !opts->hardware)
		return 0;
	side->joined = check_files(side, &opts->in, "-i", opts, true);
	for (i = 0; i < (side->joined ? 1 : side->count); i++) {
		const char *path = opts->in.path[i];

		side->files[i] = open_data(side, i, side->joined, path, opts, &n);
		if (i && n != samples)
			die(EXIT_FILE, "%s has %lu samples, %s has %lu", path, n, opts->in.path[0],
			    samples);
		samples = n;
	}
	return samples;
}

void open_outputs(struct side *side, const struct options *opts)
{
	unsigned int i;

	side->joined = check_files(side, &opts->out, "-o", opts, false);
	for (i = 0; i < side->count; i++) {
		const char *path = opts->out.path[i];

		if (!path || !opts->hardware)
			continue;
		side->files[i] = fopen(path, "wbe");
		if (!side->files[i])
			die(EXIT_FILE, "cannot create %s: %s", path, strerror(errno));
	}
}

void open_golden(struct side *side, const struct options *opts, unsigned long samples)
{
	unsigned long n;
	unsigned int i;

	side->golden_joined = check_files(side, &opts->golden, "--verify", opts, false);
	for (i = 0; i < side->count; i++) {
		const char *path = opts->golden.path[i];

		if (!path)
			continue;
		side->golden[i] = open_data(side, i, side->golden_joined, path, opts, &n);
		if (n != samples)
			die(EXIT_FILE, "%s has %lu samples, the inputs have %lu", path, n, samples);
	}
}

/* Compares one output with what comes next in a file. */
static bool compare(const struct side *side, unsigned int index, FILE *file, const char *path,
		    unsigned long sample)
{
	const struct apu_tensor_info *t = &side->info[index];
	size_t element = lib.type_size(t->type), count = 0, first = 0, i;
	const uint8_t *got = side->data[index];
	uint8_t *want = malloc(t->padded_size);

	if (!want)
		die(EXIT_FILE, "no memory for %zu bytes", t->padded_size);
	if (fread(want, t->padded_size, 1, file) != 1)
		die(EXIT_FILE, "cannot read %s: %s", path,
		    ferror(file) ? strerror(errno) : "the file has become shorter");
	for (i = 0; i < t->padded_size; i += element) {
		if (memcmp(got + i, want + i, element) != 0 && count++ == 0)
			first = i / element;
	}
	free(want);
	if (count)
		fprintf(stderr,
			"neuronrt: sample %lu: output %u differs from %s in %zu of %zu elements, "
			"first in element %zu\n",
			sample, index, path, count, t->padded_size / element, first);
	return count == 0;
}

unsigned int compare_sample(struct side *side, const struct options *opts, unsigned long sample)
{
	unsigned int i, different = 0;

	for (i = 0; i < side->count; i++) {
		unsigned int at = side->golden_joined ? 0 : i;

		if (side->golden[at])
			different +=
				!compare(side, i, side->golden[at], opts->golden.path[at], sample);
	}
	return different;
}

void read_sample(struct side *side)
{
	unsigned int i;

	for (i = 0; i < side->count; i++) {
		FILE *file = side->files[side->joined ? 0 : i];

		if (fread(side->data[i], side->info[i].padded_size, 1, file) != 1)
			die(EXIT_FILE, "cannot read input %u: %s", i,
			    ferror(file) ? strerror(errno) : "the file has become shorter");
	}
}

void write_sample(struct side *side)
{
	unsigned int i;

	for (i = 0; i < side->count; i++) {
		FILE *file = side->files[side->joined ? 0 : i];

		/* close_files() looks for errors. */
		if (file)
			fwrite(side->data[i], side->info[i].padded_size, 1, file);
	}
}

void close_files(struct side *side, const struct file_list *list)
{
	unsigned int i;

	for (i = 0; i < side->count; i++) {
		bool bad;

		if (!side->files[i])
			continue;
		bad = ferror(side->files[i]);
		if (fclose(side->files[i]) || bad)
			die(EXIT_FILE, "cannot write %s: %s", list->path[i], strerror(errno));
	}
}

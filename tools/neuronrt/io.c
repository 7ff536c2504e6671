// SPDX-License-Identifier: MIT
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "io.h"

void side_init(struct side *side, const struct apu_model *model, bool output)
{
	struct apu_model_info info;
	unsigned int i;

	memset(side, 0, sizeof(*side));
	apu_model_get_info(model, &info);
	side->name = output ? "Output" : "Input";
	side->count = output ? info.num_outputs : info.num_inputs;
	for (i = 0; i < side->count; i++) {
		if (output)
			apu_model_get_output(model, i, &side->info[i]);
		else
			apu_model_get_input(model, i, &side->info[i]);
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
		printf(", %s, %zu bytes", apu_type_name(t->type), t->size);
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

/* Checks which handles have files. Outputs may do without. */
static void check_files(struct side *side, const struct file_list *list, const char *option,
			const struct options *opts, bool all)
{
	unsigned int i;

	side->joined = opts->samples && list->count == 1 && list->path[0];
	for (i = side->count; i < MAX_FILES; i++) {
		if (list->path[i])
			die(EXIT_USAGE, "%s %s: the model has %u %s%s", option, list->path[i],
			    side->count, option[1] == 'i' ? "input" : "output",
			    side->count == 1 ? "" : "s");
	}
	for (i = 0; all && !side->joined && i < side->count; i++) {
		if (!list->path[i])
			die(EXIT_USAGE, "no file for input %u: %s is missing", i, option);
	}
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

unsigned long open_inputs(struct side *side, const struct options *opts)
{
	unsigned long samples = 0, n;
	unsigned int i;

	if (opts->in.count == 0 && !opts->hardware)
		return 0;
	check_files(side, &opts->in, "-i", opts, true);
	for (i = 0; i < (side->joined ? 1 : side->count); i++) {
		const char *path = opts->in.path[i];

		side->files[i] = fopen(path, "rbe");
		if (!side->files[i])
			die(EXIT_FILE, "cannot open %s: %s", path, strerror(errno));
		n = count_samples(side->files[i], path,
				  side->joined ? sample_size(side) : side->info[i].padded_size,
				  opts->samples);
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

	check_files(side, &opts->out, "-o", opts, false);
	for (i = 0; i < side->count; i++) {
		const char *path = opts->out.path[i];

		if (!path || !opts->hardware)
			continue;
		side->files[i] = fopen(path, "wbe");
		if (!side->files[i])
			die(EXIT_FILE, "cannot create %s: %s", path, strerror(errno));
	}
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

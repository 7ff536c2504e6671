// SPDX-License-Identifier: MIT
/*
 * dla-dump: prints what is in a compiled model.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apu/apu.h"
#include "disasm.h"
#include "dla_reader.h"

static const char usage_text[] = "Usage: dla-dump [-c] MODEL.dla\n"
				 "Prints a compiled model: header, inputs and outputs, jobs.\n"
				 "\n"
				 "  -c, --commands  the commands of every stream too\n"
				 "  -h, --help\n"
				 "\n"
				 "Exit status: 0 done, 1 usage, 2 bad model.\n";

/* A string from the file: what is not printable could be meant for the terminal. */
static void print_text(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < ' ' || *s == 0x7f)
			printf("\\x%02x", (unsigned char)*s);
		else
			putchar(*s);
	}
}

static void print_info(const struct dla_file *dla)
{
	const struct dla_info *info = dla->info;
	const char *comma = "";
	unsigned int i;

	printf("format %u.%u, hardware %u.%u, compiler \"", info->version_major,
	       info->version_minor, info->hw_version >> 16, info->hw_version & 0xffff);
	print_text(info->compiler);
	printf("\"\nengines:");
	for (i = 0; i < 8; i++) {
		if (!info->num_engines[i])
			continue;
		printf("%s %u %s", comma, info->num_engines[i], apu_engine_name(i));
		comma = ",";
	}
	printf("\nL1: %" PRIu32 " KiB\n", info->l1_kib);
	printf("static: %zu bytes\ntemporary: %" PRIu64 " bytes\ntext: %zu bytes\n",
	       dla->static_size, info->temp_size, dla->text_size);
	if (info->state_size)
		printf("of it, state: %" PRIu64 " bytes\n", info->state_size);
	if (info->cycles)
		printf("estimate: %" PRIu64 " cycles\n", info->cycles);
}

static void print_dims(const char *before, const uint32_t *dims, uint32_t rank)
{
	uint32_t i;

	printf("%s<", before);
	for (i = 0; i < rank; i++)
		printf("%s%" PRIu32, i ? " x " : "", dims[i]);
	putchar('>');
}

static void print_tensor(const struct dla_file *dla, unsigned int index)
{
	const struct dla_tensor *t = &dla->tensors[index];
	unsigned int num_inputs = dla->info->num_inputs;
	bool output = index >= num_inputs;
	uint32_t i;

	printf("%s %u: \"", output ? "output" : "input", output ? index - num_inputs : index);
	print_text(dla->strtab + t->name);
	print_dims("\" ", t->dims, t->rank);
	printf(" %s, %" PRIu64 " bytes, pitch %zu, region %" PRIu32, apu_type_name(t->dtype),
	       t->size, apu_type_size(t->dtype) * (t->rank ? t->padded_dims[t->rank - 1] : 1),
	       t->region);
	if (memcmp(t->dims, t->padded_dims, sizeof(t->dims)) != 0) {
		print_dims(", padded ", t->padded_dims, t->rank);
		printf(" %" PRIu64 " bytes", t->padded_size);
	}
	if (t->num_quant > 1)
		printf(", %" PRIu32 " scales along dimension %" PRIu32, t->num_quant, t->quant_dim);
	putchar('\n');
	for (i = 0; i < t->num_quant; i++) {
		const struct dla_quant *q = &dla->quants[t->first_quant + i];

		printf("  scale %.9g zero point %" PRId32 "\n", (double)q->scale, q->zero_point);
	}
}

static void print_meta(const struct dla_file *dla)
{
	const char *p = dla->meta;

	while (p && p < dla->meta + dla->meta_size) {
		printf("metadata \"");
		print_text(p);
		p += strlen(p) + 1;
		printf("\" = \"");
		print_text(p);
		printf("\"\n");
		p += strlen(p) + 1;
	}
}

static unsigned int print_job(const struct dla_file *dla, unsigned int index, bool commands)
{
	const struct dla_job *job = &dla->jobs[index];
	unsigned int i, errors = 0;

	printf("job %u: L1 %" PRIu32 " KiB", index, job->l1_kib);
	if (job->time_limit_us)
		printf(", limit %" PRIu32 " us", job->time_limit_us);
	for (i = 0; i < index; i++) {
		if (job->after >> i & 1)
			printf(", after job %u", i);
	}
	putchar('\n');
	for (i = 0; i < job->num_streams; i++) {
		const struct dla_stream *s = &dla->streams[job->first_stream + i];

		printf("  stream %u on %s: %" PRIu64 " bytes at text+0x%" PRIx64 "\n", i,
		       apu_engine_name(s->engine_class), s->text_bytes, s->text_offset);
		if (commands)
			errors += disassemble(dla->text + s->text_offset, s->text_bytes,
					      s->engine_class, dla->info->num_inputs);
	}
	return errors;
}

static int dump(const char *path, bool commands)
{
	unsigned int i, errors = 0;
	struct dla_file dla;
	size_t size;
	void *data;
	int fd, ret;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		fprintf(stderr, "dla-dump: cannot open %s: %s\n", path, strerror(errno));
		return 2;
	}
	ret = dla_load_fd(fd, path, &data, &size);
	close(fd);
	if (ret) {
		fprintf(stderr, "dla-dump: %s\n", apu_last_error());
		return 2;
	}
	if (dla_read(&dla, data, size)) {
		fprintf(stderr, "dla-dump: %s: %s\n", path, apu_last_error());
		free(data);
		return 2;
	}
	print_info(&dla);
	print_meta(&dla);
	for (i = 0; i < dla.num_tensors; i++)
		print_tensor(&dla, i);
	for (i = 0; i < dla.num_jobs; i++)
		errors += print_job(&dla, i, commands);
	free(data);
	if (errors) {
		fflush(stdout);
		fprintf(stderr, "dla-dump: %s: %u bad command%s\n", path, errors,
			errors == 1 ? "" : "s");
		return 2;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option longopts[] = {
		{"commands", no_argument, NULL, 'c'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	bool commands = false;
	int c;

	while ((c = getopt_long(argc, argv, "ch", longopts, NULL)) != -1) {
		switch (c) {
		case 'c':
			commands = true;
			break;
		case 'h':
			fputs(usage_text, stdout);
			return 0;
		default:
			fputs(usage_text, stderr);
			return 1;
		}
	}
	if (argc - optind != 1) {
		fputs(usage_text, stderr);
		return 1;
	}
	return dump(argv[optind], commands);
}

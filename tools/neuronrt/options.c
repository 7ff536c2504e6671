// SPDX-License-Identifier: MIT
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"

static const char usage_text[] =
	"Usage: neuronrt [-m hw|null] -a MODEL.dla [OPTION]… [-i FILE]… [-o FILE]…\n"
	"Runs a compiled model.\n"
	"\n"
	"  -m MODE       hw: run on the APU; null: check model and files, run nothing (default)\n"
	"  -a FILE       the model\n"
	"  -d            print the inputs and outputs of the model\n"
	"  -i FILE       data of the next input; repeat for more, or give several names,\n"
	"                with blanks between them, in one argument\n"
	"  -o FILE       where to write the next output; likewise\n"
	"  -k HANDLE     the next -i, -o or --verify is for this input or output\n"
	"  -c COUNT      run so many times (1)\n"
	"  -b BOOST      clock of the engines at least, 0 to 100 percent of its range\n"
	"  -r turbo      the fastest clock\n"
	"      --verify FILE compare the next output with this file; likewise\n"
	"      --samples     files hold several samples one after the other; run them all\n"
	"      --profile     print what the hardware measured, and the memory used\n"
	"      --zero-copy   use device buffers for inputs and outputs\n"
	"      --device NODE use this device node (the first APU)\n"
	"  -h, --help\n"
	"\n"
	"Exit status: 0 done, 1 usage, 2 bad model or file, 3 no suitable device, 4 failed\n"
	"inference, 5 an output that differs, 127 a shared library is missing.\n";

void die(int status, const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("neuronrt: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(status);
}

static unsigned long number(const char *name, const char *text, unsigned long min,
			    unsigned long max)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || value < min || value > max)
		die(EXIT_USAGE, "%s wants a number from %lu to %lu, not '%s'", name, min, max,
		    text);
	return value;
}

/* Handle -1: the first that has no file yet. */
static void add_file(struct file_list *list, const char *option, const char *path, int handle)
{
	if (handle < 0) {
		for (handle = 0; handle < MAX_FILES && list->path[handle]; handle++)
			;
	}
	if (handle == MAX_FILES)
		die(EXIT_USAGE, "more than %d files with %s", MAX_FILES, option);
	if (list->path[handle])
		die(EXIT_USAGE, "two files with %s for handle %d", option, handle);
	list->path[handle] = path;
	list->count++;
}

/*
 * One name, or several with blanks between them, as scripts pass that keep all of
 * "-i a -i b" in one variable. A file that exists is taken by its name.
 */
static void add_files(struct file_list *list, const char *option, const char *text, int handle)
{
	char *words, *word, *rest;

	if (!strpbrk(text, " \t\n") || access(text, F_OK) == 0) {
		add_file(list, option, text, handle);
		return;
	}
	words = strdup(text);
	if (!words)
		die(EXIT_USAGE, "no memory for options");
	for (word = strtok_r(words, " \t\n", &rest); word; word = strtok_r(NULL, " \t\n", &rest)) {
		if (strcmp(word, option) == 0)
			continue;
		add_file(list, option, word, handle);
		handle = -1;
	}
}

void parse_options(struct options *opts, int argc, char **argv)
{
	enum { SAMPLES = 256, PROFILE, ZERO_COPY, DEVICE, VERIFY };
	static const struct option longopts[] = {
		{"samples", no_argument, NULL, SAMPLES},
		{"profile", no_argument, NULL, PROFILE},
		{"zero-copy", no_argument, NULL, ZERO_COPY},
		{"device", required_argument, NULL, DEVICE},
		{"verify", required_argument, NULL, VERIFY},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int handle = -1;
	int c;

	memset(opts, 0, sizeof(*opts));
	opts->repeat = 1;
	opts->boost = -1;
	while ((c = getopt_long(argc, argv, "m:a:di:o:k:c:b:r:h", longopts, NULL)) != -1) {
		switch (c) {
		case 'm':
			if (strcmp(optarg, "hw") != 0 && strcmp(optarg, "null") != 0)
				die(EXIT_USAGE, "-m wants hw or null, not '%s'%s", optarg,
				    strcmp(optarg, "cmodel") == 0 ? ": there is no C model" : "");
			opts->hardware = optarg[0] == 'h';
			break;
		case 'a':
			opts->model = optarg;
			break;
		case 'd':
			opts->show_io = true;
			break;
		case 'i':
			add_files(&opts->in, "-i", optarg, handle);
			handle = -1;
			break;
		case 'o':
			add_files(&opts->out, "-o", optarg, handle);
			handle = -1;
			break;
		case VERIFY:
			add_files(&opts->golden, "--verify", optarg, handle);
			handle = -1;
			break;
		case 'k':
			handle = (int)number("-k", optarg, 0, MAX_FILES - 1);
			break;
		case 'c':
			opts->repeat = number("-c", optarg, 1, 1000000000);
			break;
		case 'b':
			opts->boost = (int)number("-b", optarg, 0, 100);
			break;
		case 'r':
			if (strcmp(optarg, "turbo") != 0)
				die(EXIT_USAGE, "-r wants turbo, not '%s'", optarg);
			opts->turbo = true;
			break;
		case SAMPLES:
			opts->samples = true;
			break;
		case PROFILE:
			opts->profile = true;
			break;
		case ZERO_COPY:
			opts->zero_copy = true;
			break;
		case DEVICE:
			opts->device = optarg;
			break;
		case 'h':
			fputs(usage_text, stdout);
			exit(0);
		default:
			fputs("Try 'neuronrt --help'.\n", stderr);
			exit(EXIT_USAGE);
		}
	}
	if (optind < argc)
		die(EXIT_USAGE, "what is '%s'? Files go after -a, -i or -o", argv[optind]);
	if (!opts->model)
		die(EXIT_USAGE, "no model: -a is missing (try --help)");
	if (opts->golden.count && !opts->hardware)
		die(EXIT_USAGE, "--verify wants -m hw: nothing is run otherwise");
	if (handle >= 0)
		die(EXIT_USAGE, "-k %d is followed by no -i, -o or --verify", handle);
}

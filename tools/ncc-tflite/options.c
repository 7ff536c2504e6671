// SPDX-License-Identifier: MIT
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "options.h"
#include "report.h"

#define DEFAULT_L1_KIB 1024
#define MAX_L1_KIB 65536
#define DEFAULT_MDLA 2
#define ARCH "apu-v1"

enum {
	OPT_RELAX = 256,
	OPT_CUT,
	OPT_SUPPRESS_IN,
	OPT_SUPPRESS_OUT,
	OPT_NCHW_IN,
	OPT_NCHW_OUT,
	OPT_ARCH,
	OPT_NUM_MDLA,
	OPT_L1,
	OPT_MEMORY,
	OPT_PLAN,
	OPT_IO,
	OPT_LAYERS,
	OPT_CHECK,
	OPT_META,
	OPT_VERSION,
	OPT_HELP,
};

static const struct option long_options[] = {
	{"dla-file", required_argument, NULL, 'd'},
	{"opt", required_argument, NULL, 'O'},
	{"relax-fp32", no_argument, NULL, OPT_RELAX},
	{"cut-tail", no_argument, NULL, OPT_CUT},
	{"suppress-input", no_argument, NULL, OPT_SUPPRESS_IN},
	{"suppress-output", no_argument, NULL, OPT_SUPPRESS_OUT},
	{"nchw-input", no_argument, NULL, OPT_NCHW_IN},
	{"nchw-output", no_argument, NULL, OPT_NCHW_OUT},
	{"arch", required_argument, NULL, OPT_ARCH},
	{"num-mdla", required_argument, NULL, OPT_NUM_MDLA},
	{"l1-size-kb", required_argument, NULL, OPT_L1},
	{"show-memory-summary", no_argument, NULL, OPT_MEMORY},
	{"show-exec-plan", no_argument, NULL, OPT_PLAN},
	{"show-io-info", no_argument, NULL, OPT_IO},
	{"show-supported-layers", no_argument, NULL, OPT_LAYERS},
	{"check-target-only", no_argument, NULL, OPT_CHECK},
	{"dla-metadata", required_argument, NULL, OPT_META},
	{"verbose", no_argument, NULL, 'v'},
	{"version", no_argument, NULL, OPT_VERSION},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

static const char usage_text[] =
	"Usage: " NCC_NAME " [options] model.tflite\n"
	"Compiles a TensorFlow Lite model for the APU.\n"
	"\n"
	"  -o, -d, --dla-file FILE    output (default: the model's name with .dla)\n"
	"      --relax-fp32           compute float32 in float16\n"
	"      --cut-tail             end the network before operators that are not supported\n"
	"      --suppress-input       inputs are in the type that is computed with, not converted\n"
	"      --suppress-output      the same for outputs\n"
	"      --nchw-input           pictures come in with channels first; the eDMA turns them\n"
	"      --nchw-output          the same for outputs\n"
	"      --arch NAME            target; ? lists them (default " ARCH ")\n"
	"      --num-mdla N           1 or 2 MDLA instances (default 2)\n"
	"      --l1-size-kb N         L1 memory to use (default 1024)\n"
	"  -O, --opt N                optimisation, 0 to 3 (default 3)\n"
	"      --dla-metadata K:FILE  put the text of FILE into the output under the key K\n"
	"      --check-target-only    say whether the model can be compiled; no output\n"
	"      --show-memory-summary  sizes of static, temporary and L1 memory\n"
	"      --show-exec-plan       every operator's engine, tiles and cycles\n"
	"      --show-io-info         inputs and outputs\n"
	"      --show-supported-layers\n"
	"  -v, --verbose              say what is done; where every tensor lies, in the reports\n"
	"      --version, --help\n";

static _Noreturn void bad_use(const char *fmt, const char *arg)
{
	fprintf(stderr, "%s: ", NCC_NAME);
	fprintf(stderr, fmt, arg);
	fprintf(stderr, " (see --help)\n");
	exit(2);
}

static uint64_t number(const char *what, const char *s, uint64_t lo, uint64_t hi)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(s, &end, 10);
	if (errno || *end || end == s || *s == '-' || v < lo || v > hi) {
		fprintf(stderr, "%s: %s must be %llu to %llu, not \"%s\"\n", NCC_NAME, what,
			(unsigned long long)lo, (unsigned long long)hi, s);
		exit(2);
	}
	return v;
}

static void set_arch(const char *name)
{
	if (!strcmp(name, "?")) {
		printf("%s\n", ARCH);
		exit(0);
	}
	if (strcmp(name, ARCH))
		bad_use("unknown architecture \"%s\", --arch ? lists them", name);
}

static void add_meta(struct options *o, char *arg)
{
	char *colon = strchr(arg, ':');

	if (!colon || colon == arg || !colon[1])
		bad_use("--dla-metadata takes KEY:FILE, not \"%s\"", arg);
	if (o->nmeta == MAX_META)
		bad_use("%s", "too many --dla-metadata");
	*colon = 0;
	for (unsigned i = 0; i < o->nmeta; i++)
		if (!strcmp(o->meta[i].key, arg))
			bad_use("metadata key \"%s\" twice", arg);
	o->meta[o->nmeta++] = (struct metadata){arg, colon + 1};
}

static const char *default_output(const char *model)
{
	const char *base = strrchr(model, '/');
	const char *dot = strrchr(base ? base + 1 : model, '.');

	return format("%.*s.dla", dot ? (int)(dot - model) : (int)strlen(model), model);
}

void parse_options(struct options *o, int argc, char **argv)
{
	int c;

	*o = (struct options){.level = 3, .num_mdla = DEFAULT_MDLA, .l1_kib = DEFAULT_L1_KIB};
	opterr = 0;
	while ((c = getopt_long(argc, argv, ":o:d:O:v", long_options, NULL)) != -1) {
		switch (c) {
		case 'o':
		case 'd':
			o->output = optarg;
			break;
		case 'O':
			o->level = (unsigned)number("-O", optarg, 0, 3);
			break;
		case 'v':
			o->verbose = true;
			set_verbose(true);
			break;
		case OPT_RELAX:
			o->relax_fp32 = true;
			break;
		case OPT_CUT:
			o->cut_tail = true;
			break;
		case OPT_SUPPRESS_IN:
			o->io.suppress[0] = true;
			break;
		case OPT_SUPPRESS_OUT:
			o->io.suppress[1] = true;
			break;
		case OPT_NCHW_IN:
			o->io.nchw[0] = true;
			break;
		case OPT_NCHW_OUT:
			o->io.nchw[1] = true;
			break;
		case OPT_ARCH:
			set_arch(optarg);
			break;
		case OPT_NUM_MDLA:
			o->num_mdla = (unsigned)number("--num-mdla", optarg, 1, 2);
			break;
		case OPT_L1:
			o->l1_kib = number("--l1-size-kb", optarg, 1, MAX_L1_KIB);
			break;
		case OPT_MEMORY:
			o->show_memory = true;
			break;
		case OPT_PLAN:
			o->show_plan = true;
			break;
		case OPT_IO:
			o->show_io = true;
			break;
		case OPT_LAYERS:
			o->show_layers = true;
			break;
		case OPT_CHECK:
			o->check_only = true;
			break;
		case OPT_META:
			add_meta(o, optarg);
			break;
		case OPT_VERSION:
			printf("%s %s\n", NCC_NAME, NCC_VERSION);
			exit(0);
		case OPT_HELP:
			fputs(usage_text, stdout);
			exit(0);
		case ':':
			bad_use("%s needs a value", argv[optind - 1]);
		default:
			bad_use("unknown option %s", argv[optind - 1]);
		}
	}
	if (o->show_layers) {
		report_supported();
		if (optind == argc)
			exit(0);
	}
	if (optind == argc)
		bad_use("%s", "no model given");
	if (optind + 1 < argc)
		bad_use("more than one model: \"%s\"", argv[optind + 1]);
	o->model = argv[optind];
	if (!o->output)
		o->output = default_output(o->model);
}

// SPDX-License-Identifier: MIT
/*
 * Runs .dla files on the host. A test program: it links the executor of the
 * device model, which is GPL-2.0-or-later, and is not installed.
 *
 *	dla-sim [options] MODEL.dla IN [OUT]
 *	dla-sim --batch LIST		lines "MODEL.dla IN OUT"; prints ok or fail for each
 *
 *	  -g FILE   expected outputs; exit status 1 if they differ
 *	  -t X      tolerance: difference relative to the largest expected value
 *	  -n N      at most N samples
 *	  -c        fail if the compiler predicted another number of cycles
 *	  -r        plain C kernels
 *	  -q        print differences only
 *
 * IN holds samples one after the other, a sample being all inputs in order; OUT
 * gets all outputs of each.
 */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sim.h"

struct options {
	const char *golden, *batch;
	double tolerance;
	unsigned long samples;
	bool reference, quiet, cycles;
};

static double element(const uint8_t *p, unsigned dtype)
{
	float f;
	int16_t h;

	switch (dtype) {
	case APU_DTYPE_F32:
		memcpy(&f, p, 4);
		return (double)f;
	case APU_DTYPE_I16:
		memcpy(&h, p, 2);
		return h;
	case APU_DTYPE_U8:
		return *p;
	default:
		return (int8_t)*p;
	}
}

static unsigned size_of(unsigned dtype)
{
	return dtype == APU_DTYPE_F32 ? 4 : dtype == APU_DTYPE_I16 ? 2 : 1;
}

static unsigned long compare(const uint8_t *got, const uint8_t *want, const struct dla_tensor *t,
			     const struct options *o, unsigned long sample, const char *name)
{
	unsigned long bad = 0, es = size_of(t->dtype), n = t->size / es;
	double largest = 0, worst = 0;

	for (uint64_t i = 0; i < n; i++)
		largest = fmax(largest, fabs(element(want + i * es, t->dtype)));
	for (uint64_t i = 0; i < n; i++) {
		double g = element(got + i * es, t->dtype), w = element(want + i * es, t->dtype);
		double d = fabs(g - w) / (largest > 0 ? largest : 1);
		bool differs = memcmp(got + i * es, want + i * es, es);

		if (o->tolerance > 0)
			differs = !(d <= o->tolerance);
		worst = fmax(worst, d);
		if (differs && !bad++)
			fprintf(stderr, "sample %lu, %s[%llu]: got %g, expected %g\n", sample, name,
				(unsigned long long)i, g, w);
	}
	if (bad)
		fprintf(stderr, "sample %lu, %s: %lu of %lu elements differ\n", sample, name, bad,
			n);
	else if (o->tolerance > 0 && !o->quiet)
		printf("sample %lu, %s: largest difference %.2g of the largest value\n", sample,
		       name, worst);
	return bad;
}

static unsigned long compare_all(const struct sim *s, const uint8_t *got, const uint8_t *want,
				 const struct options *o, unsigned long sample)
{
	unsigned long bad = 0;

	for (unsigned i = s->nin; i < s->nin + s->nout; i++) {
		const struct dla_tensor *t = &s->f.io[i];

		bad += compare(got, want, t, o, sample, s->f.strtab + t->name);
		got += t->size;
		want += t->size;
	}
	return bad;
}

static void print_record(const struct sim *s)
{
	const struct apu_job_completion *r = &s->record;

	printf("cycles: %llu (predicted %llu)\n", (unsigned long long)r->cycles,
	       (unsigned long long)s->f.info.cycles);
	for (unsigned i = 0; i < s->f.job->num_streams; i++)
		printf("stream %u, class %u: busy %llu, DRAM %llu bytes, L1 %llu bytes\n", i,
		       s->f.streams[i].engine_class, (unsigned long long)r->streams[i].busy,
		       (unsigned long long)r->streams[i].dram_bytes,
		       (unsigned long long)r->streams[i].l1_bytes);
}

/* Returns NULL, or why it failed. */
static const char *run(const char *model, const char *in_name, const char *out_name,
		       const struct options *o)
{
	static char reason[160];
	uint8_t *in, *out, *golden = NULL;
	size_t in_size, golden_size = 0;
	unsigned long samples, bad = 0;
	const char *wrong = NULL;
	FILE *f = NULL;
	struct sim s;

	sim_open(&s, model);
	s.reference = o->reference;
	in = load_file(in_name, &in_size);
	samples = s.in_bytes ? in_size / s.in_bytes : 1;
	if (o->samples && samples > o->samples)
		samples = o->samples;
	out = malloc(s.out_bytes);
	if (o->golden)
		golden = load_file(o->golden, &golden_size);
	if (!samples || (golden && golden_size < samples * s.out_bytes))
		wrong = "input or expected output is too short";
	if (out_name && !(f = fopen(out_name, "wb")))
		wrong = "cannot write the output";
	for (unsigned long i = 0; !wrong && i < samples; i++) {
		if (!sim_run(&s, in + i * s.in_bytes, out)) {
			snprintf(reason, sizeof(reason),
				 "sample %lu: status %u, detail %u, stream %u, offset %u%s", i,
				 s.record.status, s.record.detail, s.record.fail_stream,
				 s.record.fail_offset, s.record.fail_in_call ? " of the text" : "");
			wrong = reason;
			break;
		}
		if (f)
			fwrite(out, 1, s.out_bytes, f);
		if (golden)
			bad += compare_all(&s, out, golden + i * s.out_bytes, o, i);
	}
	if (f && fclose(f))
		wrong = "cannot write the output";
	if (bad)
		wrong = "outputs differ";
	if (!wrong && o->cycles && s.record.cycles != s.f.info.cycles) {
		snprintf(reason, sizeof(reason), "%llu cycles, %llu predicted",
			 (unsigned long long)s.record.cycles, (unsigned long long)s.f.info.cycles);
		wrong = reason;
	}
	if (!o->quiet && !o->batch && !wrong) {
		print_record(&s);
		printf("%lu samples%s\n", samples, golden ? " equal" : "");
	}
	free(in);
	free(out);
	free(golden);
	sim_close(&s);
	return wrong;
}

static int run_batch(const struct options *o)
{
	FILE *list = fopen(o->batch, "r");
	char model[512], in[512], out[512];
	int failed = 0;

	if (!list) {
		perror(o->batch);
		return 2;
	}
	while (fscanf(list, "%511s %511s %511s", model, in, out) == 3) {
		const char *wrong = run(model, in, out, o);

		if (wrong) {
			printf("fail %s: %s\n", model, wrong);
			failed = 1;
		} else {
			printf("ok %s\n", model);
		}
		fflush(stdout);
	}
	fclose(list);
	return failed;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {{"batch", required_argument, NULL, 'b'},
					      {NULL, 0, NULL, 0}};
	struct options o = {0};
	const char *wrong;
	int c;

	while ((c = getopt_long(argc, argv, "cg:t:n:rq", longs, NULL)) != -1) {
		switch (c) {
		case 'b':
			o.batch = optarg;
			break;
		case 'c':
			o.cycles = true;
			break;
		case 'g':
			o.golden = optarg;
			break;
		case 't':
			o.tolerance = atof(optarg);
			break;
		case 'n':
			o.samples = strtoul(optarg, NULL, 10);
			break;
		case 'r':
			o.reference = true;
			break;
		case 'q':
			o.quiet = true;
			break;
		default:
			return 2;
		}
	}
	if (o.batch)
		return run_batch(&o);
	if (argc - optind < 2 || argc - optind > 3) {
		fprintf(stderr, "usage: dla-sim [options] MODEL.dla IN [OUT]\n");
		return 2;
	}
	wrong = run(argv[optind], argv[optind + 1], argc - optind > 2 ? argv[optind + 2] : NULL,
		    &o);
	if (wrong)
		fprintf(stderr, "dla-sim: %s: %s\n", argv[optind], wrong);
	return wrong ? 1 : 0;
}

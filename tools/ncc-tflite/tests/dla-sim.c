// SPDX-License-Identifier: MIT
/*
 * Runs a .dla on the host, by the executor of the device model (GPL; this
 * program is for tests only and not installed).
 *
 *	dla-sim [options] MODEL.dla
 *	  -i FILE   input, one -i each; samples one after the other
 *	  -o FILE   all outputs of every sample
 *	  -g FILE   expected outputs; exit status 1 if they differ
 *	  -t X      tolerance: difference relative to the largest expected value
 *	  -n N      samples, default as many as the inputs hold
 *	  -r        plain C kernels
 *	  -q        print nothing but differences
 */
#include <getopt.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "apu_flatmem.h"
#include "dla_file.h"

#define TEXT_VA 0x10000000ull
#define STATIC_VA 0x20000000ull
#define TEMP_VA 0x60000000ull
#define PROLOGUE_VA 0x1000000ull
#define IO_VA(i) (0x1000000000ull + (uint64_t)(i)*0x100000000ull)
#define PROLOGUE_WORDS 256

static uint64_t *emit(uint64_t *p, unsigned op, unsigned imm, uint64_t a, uint64_t b)
{
	*p++ = op | (op == APU_OP_END ? 1ull : 3ull) << 16 | (uint64_t)imm << 32;
	if (op != APU_OP_END) {
		*p++ = a;
		*p++ = b;
	}
	return p;
}

static uint64_t *set_region(uint64_t *p, unsigned region, uint64_t va, uint64_t size)
{
	return size ? emit(p, APU_OP_SET_REGION, region, va, size) : p;
}

static void *buffer(uint64_t n)
{
	void *p = malloc(n ? n : 1);

	if (!p) {
		perror("malloc");
		exit(2);
	}
	/* Whatever the program does not write first must not matter. */
	memset(p, 0x5a, n);
	return p;
}

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
			     double tolerance, unsigned long sample, const char *name)
{
	unsigned long bad = 0;
	unsigned es = size_of(t->dtype);
	double largest = 0, worst = 0;

	for (uint64_t i = 0; i < t->size / es; i++)
		largest = fmax(largest, fabs(element(want + i * es, t->dtype)));
	for (uint64_t i = 0; i < t->size / es; i++) {
		double g = element(got + i * es, t->dtype), w = element(want + i * es, t->dtype);
		double d = fabs(g - w) / (largest > 0 ? largest : 1);

		if (d > worst)
			worst = d;
		if (tolerance > 0 ? !(d <= tolerance) : memcmp(got + i * es, want + i * es, es)) {
			if (!bad)
				fprintf(stderr, "sample %lu, %s[%llu]: got %g, expected %g\n",
					sample, name, (unsigned long long)i, g, w);
			bad++;
		}
	}
	if (bad)
		fprintf(stderr, "sample %lu, %s: %lu of %llu elements differ\n", sample, name, bad,
			(unsigned long long)(t->size / es));
	else if (tolerance > 0)
		printf("sample %lu, %s: largest difference %.2g of the largest value\n", sample,
		       name, worst);
	return bad;
}

int main(int argc, char **argv)
{
	const char *in_name[DLA_MAX_IO] = {0}, *out_name = NULL, *golden_name = NULL;
	unsigned nin = 0;
	long samples = -1;
	double tolerance = 0;
	bool reference = false, quiet = false;
	uint8_t *in[DLA_MAX_IO] = {0}, *io[DLA_MAX_IO] = {0}, *golden = NULL, *temp;
	size_t in_size[DLA_MAX_IO], golden_size = 0, golden_at = 0;
	unsigned long bad = 0;
	struct apu_job_completion rec;
	struct dla_file f;
	FILE *out = NULL;
	int c;

	while ((c = getopt(argc, argv, "i:o:g:t:n:rq")) != -1) {
		switch (c) {
		case 'i':
			if (nin < DLA_MAX_IO)
				in_name[nin++] = optarg;
			break;
		case 'o':
			out_name = optarg;
			break;
		case 'g':
			golden_name = optarg;
			break;
		case 't':
			tolerance = atof(optarg);
			break;
		case 'n':
			samples = atol(optarg);
			break;
		case 'r':
			reference = true;
			break;
		case 'q':
			quiet = true;
			break;
		default:
			return 2;
		}
	}
	if (optind + 1 != argc)
		return 2;
	dla_load(&f, argv[optind]);
	if (nin != f.info.num_inputs) {
		fprintf(stderr, "%u inputs given, the model has %u\n", nin, f.info.num_inputs);
		return 2;
	}
	for (unsigned i = 0; i < f.info.num_inputs + f.info.num_outputs; i++)
		io[i] = buffer(f.io[i].padded_size);
	for (unsigned i = 0; i < nin; i++) {
		in[i] = load_file(in_name[i], &in_size[i]);
		if (samples < 0)
			samples = (long)(in_size[i] / f.io[i].size);
	}
	if (samples < 0)
		samples = 1;
	if (golden_name)
		golden = load_file(golden_name, &golden_size);
	if (out_name && !(out = fopen(out_name, "wb"))) {
		perror(out_name);
		return 2;
	}
	temp = buffer(f.info.temp_size);

	for (long s = 0; s < samples; s++) {
		struct apu_flatmem *m = apu_flatmem_new();
		uint64_t pro[APU_MAX_STREAMS][PROLOGUE_WORDS];
		uint8_t *l1 = buffer((uint64_t)f.job->l1_kib * 1024);

		apu_flatmem_set_l1(m, l1, (size_t)f.job->l1_kib * 1024);
		apu_flatmem_reference(m, reference);
		apu_flatmem_limit(m, f.job->time_limit_us);
		apu_flatmem_map(m, TEXT_VA, f.text, f.text_bytes, false);
		if (f.static_bytes)
			apu_flatmem_map(m, STATIC_VA, f.statics, f.static_bytes, false);
		if (f.info.temp_size)
			apu_flatmem_map(m, TEMP_VA, temp, f.info.temp_size, true);
		for (unsigned i = 0; i < f.info.num_inputs + f.info.num_outputs; i++) {
			if (i < nin) {
				uint64_t at = (uint64_t)s * f.io[i].size;

				if (at + f.io[i].size > in_size[i]) {
					fprintf(stderr, "%s: too short\n", in_name[i]);
					return 2;
				}
				memcpy(io[i], in[i] + at, f.io[i].size);
			} else {
				memset(io[i], 0xa5, f.io[i].size);
			}
			apu_flatmem_map(m, IO_VA(i), io[i], f.io[i].padded_size, i >= nin);
		}
		for (unsigned i = 0; i < f.job->num_streams; i++) {
			const struct dla_stream *st = &f.streams[f.job->first_stream + i];
			uint64_t *p = pro[i];

			p = set_region(p, APU_REGION_TEXT, TEXT_VA, f.text_bytes);
			p = set_region(p, APU_REGION_STATIC, STATIC_VA, f.static_bytes);
			p = set_region(p, APU_REGION_TEMP, TEMP_VA, f.info.temp_size);
			for (unsigned k = 0; k < f.info.num_inputs + f.info.num_outputs; k++)
				p = set_region(p, f.io[k].region, IO_VA(k), f.io[k].padded_size);
			p = emit(p, APU_OP_CALL, 0,
				 (uint64_t)APU_REGION_TEXT << APU_REF_REGION_SHIFT |
					 st->text_offset,
				 st->text_bytes);
			p = emit(p, APU_OP_END, 0, 0, 0);
			apu_flatmem_map(m, PROLOGUE_VA + i * 65536, pro[i], sizeof(pro[i]), false);
			apu_flatmem_stream(m, st->engine_class, PROLOGUE_VA + i * 65536,
					   (uint32_t)((p - pro[i]) * 8));
		}
		if (apu_flatmem_run(m, f.job->l1_kib, &rec) != APU_JOB_STATUS_OK) {
			fprintf(stderr,
				"sample %ld: status %u, detail %u, stream %u, offset %u%s\n", s,
				rec.status, rec.detail, rec.fail_stream, rec.fail_offset,
				rec.fail_in_call ? " in the called text" : "");
			return 1;
		}
		for (unsigned i = nin; i < nin + f.info.num_outputs; i++) {
			if (out)
				fwrite(io[i], 1, f.io[i].size, out);
			if (!golden)
				continue;
			if (golden_at + f.io[i].size > golden_size) {
				fprintf(stderr, "%s: too short\n", golden_name);
				return 1;
			}
			bad += compare(io[i], golden + golden_at, &f.io[i], tolerance,
				       (unsigned long)s, f.strtab + f.io[i].name);
			golden_at += f.io[i].size;
		}
		apu_flatmem_free(m);
		free(l1);
	}
	if (out)
		fclose(out);
	if (!quiet) {
		printf("cycles: %llu (predicted %llu)\n", (unsigned long long)rec.cycles,
		       (unsigned long long)f.info.cycles);
		for (unsigned i = 0; i < f.job->num_streams; i++)
			printf("stream %u, class %u: busy %llu, DRAM %llu bytes, L1 %llu bytes\n",
			       i, f.streams[i].engine_class,
			       (unsigned long long)rec.streams[i].busy,
			       (unsigned long long)rec.streams[i].dram_bytes,
			       (unsigned long long)rec.streams[i].l1_bytes);
	}
	if (golden && !bad && !quiet)
		printf("%ld samples equal\n", samples);
	return bad ? 1 : 0;
}

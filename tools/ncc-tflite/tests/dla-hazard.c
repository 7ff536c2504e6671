// SPDX-License-Identifier: MIT
/*
 * Proves that the streams of a .dla order every pair of commands that touch the
 * same bytes, of which one writes. The simulator is deterministic: it would run
 * a program with a WAIT too few just as well.
 *
 *	dla-hazard MODEL.dla…
 *	dla-hazard --drop MODEL.dla	removes every WAIT in turn and counts how many
 *					removals are noticed; fails if none is
 *
 * It decodes the commands itself and knows nothing of how the compiler found the
 * order. Every command gets a vector clock: how much of each stream has ended
 * before it begins.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "apu/apu_isa.h"
#include "dla_file.h"

#define MAX_STREAMS APU_MAX_STREAMS
#define MAX_REPORTS 5

struct span {
	uint64_t from, to; /* region in the top bits */
};

struct set {
	struct span *v;
	size_t n, cap;
};

struct op {
	struct apu_cmd_header hdr;
	uint64_t offset; /* in text */
	uint64_t wait_value;
	bool dropped;
	struct set reads, writes;
	/* Commands of each stream that have ended before this one begins. */
	unsigned clock[MAX_STREAMS];
};

struct stream {
	struct op *ops;
	unsigned n;
};

struct program {
	struct stream streams[MAX_STREAMS];
	unsigned nstreams;
};

static void *checked(void *p)
{
	if (!p) {
		perror("malloc");
		exit(2);
	}
	return p;
}

static void add(struct set *s, uint64_t ref, uint64_t bytes)
{
	/* Most of what is added continues what was added before. */
	if (s->n && s->v[s->n - 1].to == ref) {
		s->v[s->n - 1].to += bytes;
		return;
	}
	if (s->n == s->cap) {
		s->cap = s->cap ? 2 * s->cap : 8;
		s->v = checked(realloc(s->v, s->cap * sizeof(*s->v)));
	}
	s->v[s->n++] = (struct span){ref, ref + bytes};
}

static unsigned size_of(unsigned dtype)
{
	static const unsigned sizes[] = {0, 1, 1, 2, 4, 8, 2, 4};

	return sizes[dtype];
}

static void box(struct set *s, uint64_t ref, const uint32_t dims[4], const uint32_t stride[4],
		uint64_t bytes)
{
	for (uint32_t a = 0; a < dims[0]; a++)
		for (uint32_t b = 0; b < dims[1]; b++)
			for (uint32_t c = 0; c < dims[2]; c++) {
				uint64_t at = ref + (uint64_t)a * stride[0] +
					      (uint64_t)b * stride[1] + (uint64_t)c * stride[2];

				if (stride[3] == bytes || dims[3] == 1)
					add(s, at, dims[3] * bytes);
				else
					for (uint32_t d = 0; d < dims[3]; d++)
						add(s, at + (uint64_t)d * stride[3], bytes);
			}
}

static void tile(struct set *s, uint64_t ref, uint32_t h, uint32_t w, uint32_t row_pitch,
		 uint32_t pix_pitch, uint64_t pixel)
{
	const uint32_t dims[4] = {1, h, w, 1}, stride[4] = {0, row_pitch, pix_pitch, 0};

	box(s, ref, dims, stride, pixel);
}

static void decode_conv(struct op *op, const struct apu_cmd_conv *c)
{
	uint64_t es = size_of(c->in_type), ws = size_of(c->w_type);
	bool dw = c->kind == APU_CONV_KIND_DEPTHWISE;
	uint32_t taps = (uint32_t)c->k_h * c->k_w;

	tile(&op->reads, c->in, c->in_h, c->in_w, c->in_row_pitch, c->in_pix_pitch, c->in_c * es);
	tile(&op->reads, c->weight, dw ? taps : c->out_c, 1, c->w_pitch, 0,
	     (dw ? c->out_c : (uint64_t)taps * (c->in_c / c->groups)) * ws);
	if (c->bias_type)
		add(&op->reads, c->bias, (uint64_t)c->out_c * size_of(c->bias_type));
	if (c->quant_mode)
		add(&op->reads, c->quant,
		    (c->quant_mode == APU_QUANT_MODE_PER_CHANNEL ? c->out_c : 1) *
			    sizeof(struct apu_quant));
	tile(&op->writes, c->out, c->out_h, c->out_w, c->out_row_pitch, c->out_pix_pitch,
	     c->out_c * es);
}

static void decode(struct op *op, const uint8_t *p)
{
	struct apu_cmd_pool pool;
	struct apu_cmd_conv conv;
	struct apu_cmd_eltwise e;
	struct apu_cmd_copy copy;
	struct apu_cmd_fill fill;
	struct apu_cmd_softmax soft;
	struct apu_cmd_activation act;
	struct apu_cmd_resize size;
	struct apu_cmd_arg arg;
	struct apu_cmd_norm norm;
	struct apu_cmd_reduce red;
	struct apu_cmd_gather gather;
	uint64_t is, os;

	switch (op->hdr.opcode) {
	case APU_OP_WAIT:
		memcpy(&op->wait_value, p + 8, 8);
		break;
	case APU_OP_CONV:
		memcpy(&conv, p, sizeof(conv));
		decode_conv(op, &conv);
		break;
	case APU_OP_POOL:
		memcpy(&pool, p, sizeof(pool));
		is = (uint64_t)pool.channels * size_of(pool.type);
		tile(&op->reads, pool.in, pool.in_h, pool.in_w, pool.in_row_pitch,
		     pool.in_pix_pitch, is);
		tile(&op->writes, pool.out, pool.out_h, pool.out_w, pool.out_row_pitch,
		     pool.out_pix_pitch, is);
		break;
	case APU_OP_ELTWISE:
		memcpy(&e, p, sizeof(e));
		is = size_of(e.in_type);
		os = size_of(e.out_type);
		tile(&op->reads, e.in1, e.h, e.w, e.in1_row_pitch, e.in1_pix_pitch,
		     e.scalar & 1 ? is : is * e.c);
		if (e.fn != APU_ELT_FN_REQUANT && e.fn != APU_ELT_FN_CLAMP)
			tile(&op->reads, e.in2, e.h, e.w, e.in2_row_pitch, e.in2_pix_pitch,
			     e.scalar & 2 ? is : is * e.c);
		tile(&op->writes, e.out, e.h, e.w, e.out_row_pitch, e.out_pix_pitch, os * e.c);
		break;
	case APU_OP_COPY:
		memcpy(&copy, p, sizeof(copy));
		box(&op->reads, copy.src, copy.dims, copy.src_stride, size_of(copy.src_type));
		box(&op->writes, copy.dst, copy.dims, copy.dst_stride, size_of(copy.dst_type));
		break;
	case APU_OP_FILL:
		memcpy(&fill, p, sizeof(fill));
		box(&op->writes, fill.dst, fill.dims, fill.dst_stride, size_of(fill.type));
		break;
	case APU_OP_REDUCE:
		memcpy(&red, p, sizeof(red));
		is = size_of(red.type);
		tile(&op->reads, red.in, red.rows, 1, red.in_pitch, 0, red.depth * is);
		tile(&op->writes, red.out, red.rows, 1, red.out_pitch, 0, is);
		break;
	case APU_OP_GATHER:
		memcpy(&gather, p, sizeof(gather));
		tile(&op->reads, gather.src, gather.rows, gather.entries, gather.src_row_pitch,
		     gather.src_pitch, gather.bytes);
		tile(&op->reads, gather.index, gather.rows, 1, gather.index_row_pitch, 0,
		     (uint64_t)gather.count * size_of(gather.index_type));
		tile(&op->writes, gather.dst, gather.rows, gather.count, gather.dst_row_pitch,
		     gather.dst_pitch, gather.bytes);
		break;
	case APU_OP_SOFTMAX:
		memcpy(&soft, p, sizeof(soft));
		is = (uint64_t)soft.depth * size_of(soft.type);
		tile(&op->reads, soft.in, soft.rows, 1, soft.in_pitch, 0, is);
		tile(&op->writes, soft.out, soft.rows, 1, soft.out_pitch, 0, is);
		if (soft.type == APU_DTYPE_I16)
			add(&op->reads, soft.table, 4 * 513);
		break;
	case APU_OP_NORM:
		memcpy(&norm, p, sizeof(norm));
		is = (uint64_t)norm.depth * size_of(norm.type);
		tile(&op->reads, norm.in, norm.rows, 1, norm.in_pitch, 0, is);
		tile(&op->writes, norm.out, norm.rows, 1, norm.out_pitch, 0, is);
		break;
	case APU_OP_ACTIVATION:
		memcpy(&act, p, sizeof(act));
		is = (uint64_t)act.depth * size_of(act.type);
		tile(&op->reads, act.in, act.rows, 1, act.in_pitch, 0, is);
		tile(&op->writes, act.out, act.rows, 1, act.out_pitch, 0, is);
		if (act.fn == APU_ACT_FN_LUT8)
			add(&op->reads, act.table, 256);
		else if (act.type == APU_DTYPE_I16)
			add(&op->reads, act.table, act.fn == APU_ACT_FN_LUT16 ? 2 * 513 : 2 * 256);
		break;
	case APU_OP_RESIZE:
		memcpy(&size, p, sizeof(size));
		is = (uint64_t)size.c * size_of(size.type);
		tile(&op->reads, size.in, size.in_h, size.in_w, size.in_row_pitch,
		     size.in_pix_pitch, is);
		tile(&op->writes, size.out, size.out_h, size.out_w, size.out_row_pitch,
		     size.out_pix_pitch, is);
		add(&op->reads, size.rows, size.out_h * sizeof(struct apu_resize_entry));
		add(&op->reads, size.cols, size.out_w * sizeof(struct apu_resize_entry));
		break;
	case APU_OP_ARG:
		memcpy(&arg, p, sizeof(arg));
		tile(&op->reads, arg.in, arg.rows, 1, arg.in_pitch, 0,
		     (uint64_t)arg.depth * size_of(arg.type));
		tile(&op->writes, arg.out, arg.rows, 1, arg.out_pitch, 0,
		     (arg.k ? arg.k : 1) * (uint64_t)size_of(arg.out_type));
		break;
	default:
		break;
	}
}

static int by_start(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

static void sort(struct set *s)
{
	if (s->n)
		qsort(s->v, s->n, sizeof(*s->v), by_start);
}

static void load(struct program *p, const struct dla_file *f)
{
	memset(p, 0, sizeof(*p));
	p->nstreams = f->job->num_streams;
	for (unsigned i = 0; i < p->nstreams; i++) {
		const struct dla_stream *st = &f->streams[f->job->first_stream + i];
		struct stream *s = &p->streams[i];
		uint64_t at = st->text_offset, end = at + st->text_bytes;

		s->ops = checked(calloc(st->text_bytes / 8 + 1, sizeof(*s->ops)));
		while (at < end) {
			struct op *op = &s->ops[s->n++];

			memcpy(&op->hdr, f->text + at, sizeof(op->hdr));
			op->offset = at;
			decode(op, f->text + at);
			sort(&op->reads);
			sort(&op->writes);
			at += 8ull * op->hdr.words;
		}
	}
}

static bool overlap(const struct set *a, const struct set *b)
{
	size_t i = 0, j = 0;

	while (i < a->n && j < b->n) {
		if (a->v[i].to <= b->v[j].from)
			i++;
		else if (b->v[j].to <= a->v[i].from)
			j++;
		else
			return true;
	}
	return false;
}

static bool conflict(const struct op *a, const struct op *b)
{
	return overlap(&a->writes, &b->writes) || overlap(&a->writes, &b->reads) ||
	       overlap(&a->reads, &b->writes);
}

static void join(unsigned *a, const unsigned *b)
{
	for (unsigned i = 0; i < MAX_STREAMS; i++)
		if (b[i] > a[i])
			a[i] = b[i];
}

/* Runs the streams; false if they block each other. */
static bool set_clocks(struct program *p)
{
	unsigned clock[MAX_STREAMS][MAX_STREAMS] = {0}, pc[MAX_STREAMS] = {0};
	/* The signals of each counter: which stream raises it, and its clocks then. */
	int owner[APU_NUM_COUNTERS];
	unsigned raised[APU_NUM_COUNTERS] = {0};
	unsigned *first[APU_NUM_COUNTERS] = {0};
	bool moved = true, done;

	memset(owner, 0xff, sizeof(owner));
	while (moved) {
		moved = false;
		done = true;
		for (unsigned i = 0; i < p->nstreams; i++) {
			struct stream *s = &p->streams[i];

			while (pc[i] < s->n) {
				struct op *op = &s->ops[pc[i]];
				unsigned n = op->hdr.imm;

				if (op->hdr.opcode == APU_OP_WAIT && !op->dropped) {
					if (n >= APU_NUM_COUNTERS || raised[n] < op->wait_value)
						break;
					join(clock[i],
					     first[n] + (op->wait_value - 1) * MAX_STREAMS);
				}
				memcpy(op->clock, clock[i], sizeof(op->clock));
				clock[i][i] = ++pc[i];
				moved = true;
				if (op->hdr.opcode != APU_OP_SIGNAL)
					continue;
				if (n >= APU_NUM_COUNTERS ||
				    (owner[n] >= 0 && owner[n] != (int)i)) {
					fprintf(stderr, "counter %u has two owners\n", n);
					return false;
				}
				owner[n] = (int)i;
				first[n] = checked(
					realloc(first[n], (raised[n] + 1) * sizeof(clock[i])));
				memcpy(first[n] + raised[n]++ * MAX_STREAMS, clock[i],
				       sizeof(clock[i]));
			}
			done &= pc[i] == s->n;
		}
	}
	for (unsigned i = 0; i < APU_NUM_COUNTERS; i++)
		free(first[i]);
	return done;
}

static unsigned check(struct program *p, const char *name, bool quiet)
{
	unsigned bad = 0;

	if (!set_clocks(p)) {
		if (!quiet)
			fprintf(stderr, "%s: the streams block each other\n", name);
		return 1;
	}
	for (unsigned i = 0; i < p->nstreams; i++)
		for (unsigned j = i + 1; j < p->nstreams; j++)
			for (unsigned a = 0; a < p->streams[i].n; a++) {
				struct op *x = &p->streams[i].ops[a];

				/* Those that neither end before x begins nor begin after it. */
				for (unsigned b = x->clock[j]; b < p->streams[j].n; b++) {
					struct op *y = &p->streams[j].ops[b];

					if (y->clock[i] > a)
						break;
					if (!conflict(x, y))
						continue;
					if (!quiet && bad < MAX_REPORTS)
						fprintf(stderr,
							"%s: stream %u at %#llx and stream %u at "
							"%#llx are not ordered\n",
							name, i, (unsigned long long)x->offset, j,
							(unsigned long long)y->offset);
					bad++;
					if (quiet)
						return bad;
				}
			}
	return bad;
}

static void release(struct program *p)
{
	for (unsigned i = 0; i < p->nstreams; i++) {
		for (unsigned j = 0; j < p->streams[i].n; j++) {
			free(p->streams[i].ops[j].reads.v);
			free(p->streams[i].ops[j].writes.v);
		}
		free(p->streams[i].ops);
	}
}

/* The checker's own test: it must notice missing waits. */
static bool check_drops(struct program *p, const char *name)
{
	unsigned waits = 0, noticed = 0;

	for (unsigned i = 0; i < p->nstreams; i++)
		for (unsigned j = 0; j < p->streams[i].n; j++) {
			struct op *op = &p->streams[i].ops[j];

			if (op->hdr.opcode != APU_OP_WAIT)
				continue;
			op->dropped = true;
			waits++;
			noticed += check(p, name, true) > 0;
			op->dropped = false;
		}
	printf("# %s: %u waits, %u of them missed when removed\n", name, waits, noticed);
	return !waits || noticed;
}

int main(int argc, char **argv)
{
	bool drop = argc > 1 && !strcmp(argv[1], "--drop");
	int failed = 0;

	for (int i = 1 + drop; i < argc; i++) {
		struct dla_file f;
		struct program p;

		dla_load(&f, argv[i]);
		load(&p, &f);
		if (drop ? !check_drops(&p, argv[i]) : check(&p, argv[i], false) > 0)
			failed = 1;
		release(&p);
		free(f.data);
	}
	return failed;
}

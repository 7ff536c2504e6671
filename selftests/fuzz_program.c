// SPDX-License-Identifier: GPL-2.0-only

#include "fuzz.h"

#include <string.h>

struct fuzz_rng fuzz_rng(uint64_t seed, uint64_t stream)
{
	struct fuzz_rng rng = { seed * 0x9e3779b97f4a7c15ull ^ stream * 0xd1342543de82ef95ull };

	fuzz_random(&rng, 1);

	return rng;
}

/* SplitMix64. */
uint32_t fuzz_random(struct fuzz_rng *rng, uint32_t below)
{
	uint64_t z = rng->state += 0x9e3779b97f4a7c15ull;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	z ^= z >> 31;

	return (z >> 32) * below >> 32;
}

static void random_call(struct fuzz_rng *rng, struct fuzz_call *call)
{
	int i;

	call->op = fuzz_random(rng, fuzz_num_ops());
	for (i = 0; i < FUZZ_ARGS; i++)
		call->args[i] = fuzz_random(rng, UINT32_MAX);
}

void fuzz_program_random(struct fuzz_rng *rng, struct fuzz_program *p)
{
	uint32_t i;

	p->count = 1 + fuzz_random(rng, FUZZ_CALLS);
	for (i = 0; i < p->count; i++)
		random_call(rng, &p->calls[i]);
}

static void insert_call(struct fuzz_rng *rng, struct fuzz_program *p,
			const struct fuzz_program *other)
{
	uint32_t at = fuzz_random(rng, p->count + 1);

	if (p->count == FUZZ_CALLS)
		return;
	memmove(&p->calls[at + 1], &p->calls[at], (p->count++ - at) * sizeof(p->calls[0]));
	if (fuzz_random(rng, 2))
		p->calls[at] = other->calls[fuzz_random(rng, other->count)];
	else
		random_call(rng, &p->calls[at]);
}

static void remove_call(struct fuzz_rng *rng, struct fuzz_program *p)
{
	uint32_t at = fuzz_random(rng, p->count);

	if (p->count == 1)
		return;
	memmove(&p->calls[at], &p->calls[at + 1], (--p->count - at) * sizeof(p->calls[0]));
}

static void change_call(struct fuzz_rng *rng, struct fuzz_program *p)
{
	struct fuzz_call *call = &p->calls[fuzz_random(rng, p->count)];
	uint32_t *arg = &call->args[fuzz_random(rng, FUZZ_ARGS)];

	switch (fuzz_random(rng, 3)) {
	case 0:
		*arg = fuzz_random(rng, UINT32_MAX);
		break;
	case 1:
		*arg ^= 1u << fuzz_random(rng, 32);
		break;
	default:
		*arg = fuzz_random(rng, 16);
		break;
	}
}

void fuzz_program_mutate(struct fuzz_rng *rng, struct fuzz_program *p,
			 const struct fuzz_program *other)
{
	int n = 1 + fuzz_random(rng, 4);

	while (n--) {
		switch (fuzz_random(rng, 5)) {
		case 0:
			insert_call(rng, p, other);
			break;
		case 1:
			remove_call(rng, p);
			break;
		default:
			change_call(rng, p);
			break;
		}
	}
}

void fuzz_program_write(FILE *f, const struct fuzz_program *p)
{
	uint32_t i, j;

	for (i = 0; i < p->count; i++) {
		fprintf(f, "%s", fuzz_op_name(p->calls[i].op));
		for (j = 0; j < FUZZ_ARGS; j++)
			fprintf(f, " %x", p->calls[i].args[j]);
		fprintf(f, "\n");
	}
	fprintf(f, "end\n");
}

static bool find_op(const char *name, uint32_t *op)
{
	for (*op = 0; *op < fuzz_num_ops(); ++*op)
		if (!strcmp(name, fuzz_op_name(*op)))
			return true;

	return false;
}

bool fuzz_program_read(FILE *f, struct fuzz_program *p)
{
	char line[256], name[32];

	p->count = 0;
	while (fgets(line, sizeof(line), f)) {
		struct fuzz_call *call = &p->calls[p->count];

		if (line[0] == '#')
			continue;
		if (!strcmp(line, "end\n"))
			return p->count;
		if (p->count == FUZZ_CALLS ||
		    sscanf(line, "%31s %x %x %x %x %x %x", name, &call->args[0], &call->args[1],
			   &call->args[2], &call->args[3], &call->args[4], &call->args[5]) != 7 ||
		    !find_op(name, &call->op))
			return false;
		p->count++;
	}

	return false;
}

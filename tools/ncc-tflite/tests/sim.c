// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "apu_flatmem.h"
#include "sim.h"

#define PROLOGUE_VA(i) (0x1000000ull + (uint64_t)(i) * 0x10000)
#define TEXT_VA 0x10000000ull
#define STATIC_VA 0x20000000ull
#define TEMP_VA 0x100000000ull
#define IO_VA(i) (0x1000000000ull + (uint64_t)(i) * 0x100000000ull)
#define PROLOGUE_WORDS 256
/* Whatever the program does not write first must not matter. */
#define POISON 0x5a

static uint8_t *buffer(uint64_t n)
{
	uint8_t *p = malloc(n ? n : 1);

	if (!p) {
		perror("malloc");
		exit(2);
	}
	memset(p, POISON, n);
	return p;
}

void sim_open(struct sim *s, const char *name)
{
	memset(s, 0, sizeof(*s));
	dla_load(&s->f, name);
	s->nin = s->f.info.num_inputs;
	s->nout = s->f.info.num_outputs;
	for (unsigned i = 0; i < s->nin + s->nout; i++) {
		s->io[i] = buffer(s->f.io[i].padded_size);
		if (i < s->nin)
			s->in_bytes += s->f.io[i].size;
		else
			s->out_bytes += s->f.io[i].size;
	}
	s->temp = buffer(s->f.info.temp_size);
	if (s->f.state)
		memcpy(s->temp, s->f.state, s->f.info.state_size);
}

void sim_close(struct sim *s)
{
	for (unsigned i = 0; i < s->nin + s->nout; i++)
		free(s->io[i]);
	free(s->temp);
	free(s->f.data);
}

static uint64_t *command(uint64_t *p, unsigned op, unsigned imm, uint64_t a, uint64_t b)
{
	*p++ = op | 3ull << 16 | (uint64_t)imm << 32;
	*p++ = a;
	*p++ = b;
	return p;
}

static uint64_t *region(uint64_t *p, unsigned number, uint64_t va, uint64_t size)
{
	return size ? command(p, APU_OP_SET_REGION, number, va, size) : p;
}

/* What the runtime writes per inference and stream. */
static uint32_t prologue(const struct sim *s, const struct dla_stream *st, uint64_t *words)
{
	uint64_t *p = words;

	p = region(p, APU_REGION_TEXT, TEXT_VA, s->f.text_bytes);
	p = region(p, APU_REGION_STATIC, STATIC_VA, s->f.static_bytes);
	p = region(p, APU_REGION_TEMP, TEMP_VA, s->f.info.temp_size);
	for (unsigned i = 0; i < s->nin + s->nout; i++)
		p = region(p, s->f.io[i].region, IO_VA(i), s->f.io[i].padded_size);
	p = command(p, APU_OP_CALL, 0,
		    (uint64_t)APU_REGION_TEXT << APU_REF_REGION_SHIFT | st->text_offset,
		    st->text_bytes);
	*p++ = APU_OP_END | 1ull << 16;
	return (uint32_t)((p - words) * 8);
}

static void map_memory(struct sim *s, struct apu_flatmem *m)
{
	apu_flatmem_map(m, TEXT_VA, s->f.text, s->f.text_bytes, false);
	if (s->f.static_bytes)
		apu_flatmem_map(m, STATIC_VA, s->f.statics, s->f.static_bytes, false);
	if (s->f.info.temp_size)
		apu_flatmem_map(m, TEMP_VA, s->temp, s->f.info.temp_size, true);
	for (unsigned i = 0; i < s->nin + s->nout; i++)
		apu_flatmem_map(m, IO_VA(i), s->io[i], s->f.io[i].padded_size, i >= s->nin);
}

bool sim_run(struct sim *s, const uint8_t *in, uint8_t *out)
{
	uint64_t words[APU_MAX_STREAMS][PROLOGUE_WORDS];
	struct apu_flatmem *m = apu_flatmem_new();
	const struct dla_job *job = s->f.job;
	size_t l1_bytes = (size_t)job->l1_kib * 1024;
	uint8_t *l1 = buffer(l1_bytes);
	enum apu_job_status status;

	for (unsigned i = 0; i < s->nin; i++) {
		memcpy(s->io[i], in, s->f.io[i].size);
		in += s->f.io[i].size;
	}
	for (unsigned i = s->nin; i < s->nin + s->nout; i++)
		memset(s->io[i], POISON, s->f.io[i].size);
	map_memory(s, m);
	apu_flatmem_set_l1(m, l1, l1_bytes);
	apu_flatmem_reference(m, s->reference);
	if (job->time_limit_us)
		apu_flatmem_limit(m, job->time_limit_us);
	for (unsigned i = 0; i < job->num_streams; i++) {
		const struct dla_stream *st = &s->f.streams[job->first_stream + i];
		uint32_t bytes = prologue(s, st, words[i]);

		apu_flatmem_map(m, PROLOGUE_VA(i), words[i], bytes, false);
		apu_flatmem_stream(m, st->engine_class, PROLOGUE_VA(i), bytes);
	}
	status = apu_flatmem_run(m, job->l1_kib, &s->record);
	for (unsigned i = s->nin; i < s->nin + s->nout; i++) {
		memcpy(out, s->io[i], s->f.io[i].size);
		out += s->f.io[i].size;
	}
	apu_flatmem_free(m);
	free(l1);
	return status == APU_JOB_STATUS_OK;
}

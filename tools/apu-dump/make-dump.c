// SPDX-License-Identifier: MIT
/*
 * make-dump KIND FILE: writes a small device coredump for tests, of a job that has copied
 * from the eDMA: KIND is "mmu", "call", "hang", "middle" or "class".
 */
#include <drm/apu_dump.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "apu/apu_isa.h"

#define MAIN_VA 0x100000
#define CALLED_VA 0x200000

static unsigned char data[65536];
static struct apu_dump_header *header = (void *)data;

static void *add(unsigned int type, size_t bytes)
{
	struct apu_dump_section *s = (void *)(header + 1);

	s += header->num_sections++;
	s->type = type;
	s->offset = header->bytes;
	s->bytes = bytes;
	header->bytes += (bytes + 7) / 8 * 8;
	return data + s->offset;
}

static void add_text(unsigned int stream, unsigned long long buffer_va, size_t skip,
		     unsigned long long at_va, const void *bytes, size_t num)
{
	struct apu_dump_text *t = add(APU_DUMP_TEXT, sizeof(*t) + num - skip);

	t->va = buffer_va + skip;
	t->at_va = at_va;
	t->buffer_va = buffer_va;
	t->stream = stream;
	t->bytes = (unsigned int)(num - skip);
	memcpy(t + 1, (const char *)bytes + skip, num - skip);
}

struct text {
	struct apu_cmd_set_region region;
	struct apu_cmd_copy before[40];
	struct apu_cmd_copy copy;
	struct apu_cmd_header end;
};

static void write_text(struct text *t)
{
	unsigned int i;

	t->region = (struct apu_cmd_set_region){
		.hdr = {.opcode = APU_OP_SET_REGION, .words = sizeof(t->region) / 8, .imm = 4},
		.base = 0x7000,
		.size = 0x1000,
	};
	t->copy = (struct apu_cmd_copy){
		.hdr = {.opcode = APU_OP_COPY, .words = sizeof(t->copy) / 8},
		.src = 4ull << APU_REF_REGION_SHIFT | 0x234,
		.dims = {1, 1, 1, 16},
		.src_type = APU_DTYPE_U8,
		.dst_type = APU_DTYPE_U8,
	};
	for (i = 0; i < 40; i++)
		t->before[i] = t->copy;
	t->copy.src += 1;
	t->end = (struct apu_cmd_header){.opcode = APU_OP_END, .words = 1};
}

static void add_job(struct apu_job_completion *r, const struct text *t)
{
	struct apu_dump_job *job = add(APU_DUMP_JOB, sizeof(*job));
	struct apu_dump_mapping *m;
	struct apu_dump_slot *slots;
	struct apu_dump_reg *regs;

	job->seqno = 7;
	job->timeline = 42;
	job->done_seqno = 6;
	job->last_seqno = 9;
	job->result = -14;
	job->asid = 3;
	job->time_limit_us = 1000;
	job->num_streams = 1;
	job->num_engines[0] = job->num_engines[1] = 2;
	job->num_engines[2] = 1;
	job->streams[0].va = MAIN_VA;
	job->streams[0].bytes = sizeof(*t);
	job->streams[0].engine_class = APU_ENGINE_CLASS_EDMA;
	memcpy(add(APU_DUMP_RECORD, sizeof(*r)), r, sizeof(*r));
	m = add(APU_DUMP_MAPPINGS, 2 * sizeof(*m));
	m[0] = (struct apu_dump_mapping){.va = 0x1000, .bytes = 0x1000, .buffer_bytes = 0x1000};
	m[1] = (struct apu_dump_mapping){.va = MAIN_VA,
					 .bytes = 0x10000,
					 .buffer_bytes = 0x10000,
					 .flags = APU_DUMP_MAPPING_WRITE};
	slots = add(APU_DUMP_SLOTS, 2 * sizeof(*slots));
	slots[0] = (struct apu_dump_slot){
		.slot = 3, .flags = APU_DUMP_SLOT_CLIENT, .timeline = 42, .seqno = 8, .after = 1};
	slots[1] = (struct apu_dump_slot){.slot = 5};
	regs = add(APU_DUMP_REGS, 2 * sizeof(*regs));
	regs[0] = (struct apu_dump_reg){.block = APU_DUMP_BLOCK_TOP, .offset = 0x44, .value = 0x28};
	regs[1] = (struct apu_dump_reg){.block = 3, .offset = 0x18, .value = MAIN_VA};
}

int main(int argc, char **argv)
{
	struct apu_job_completion r = {
		.fail_engine = 3,
		.fail_offset = offsetof(struct text, copy),
		.start = 1000,
		.end = 3500,
	};
	struct apu_dump_job *job;
	struct text t;
	FILE *f;

	if (argc != 3)
		return 1;
	write_text(&t);
	memcpy(header->magic, APU_DUMP_MAGIC, sizeof(header->magic));
	header->version = APU_DUMP_VERSION;
	header->time_ns = 12345678901;
	header->bytes = sizeof(*header) + 16 * sizeof(struct apu_dump_section);
	r.fail_va = MAIN_VA + r.fail_offset;
	if (!strcmp(argv[1], "mmu")) {
		r.status = APU_JOB_STATUS_MMU_FAULT;
		r.detail = APU_FAULT_KIND_TRANSLATION;
		r.fault_va = 0x7235;
	} else if (!strcmp(argv[1], "call")) {
		r.status = APU_JOB_STATUS_BAD_COMMAND;
		r.detail = 0xee;
		r.fail_in_call = 1;
		r.fail_va = CALLED_VA + r.fail_offset;
		t.copy.hdr.opcode = 0xee;
	} else if (!strcmp(argv[1], "middle")) {
		r.status = APU_JOB_STATUS_TIMEOUT;
	} else {
		r = (struct apu_job_completion){.status = APU_JOB_STATUS_POWER_LOST};
	}
	add_job(&r, &t);
	job = (void *)(data + ((struct apu_dump_section *)(header + 1))->offset);
	if (!strcmp(argv[1], "hang"))
		job->flags = APU_DUMP_JOB_HUNG;
	if (!strcmp(argv[1], "class"))
		job->streams[0].engine_class = 35;
	add_text(0, MAIN_VA, 0, 0, &t, 24);
	if (!strcmp(argv[1], "call"))
		add_text(0, CALLED_VA, 0, r.fail_va, &t, sizeof(t));
	else if (!strcmp(argv[1], "middle"))
		/* In the middle of a command. */
		add_text(0, MAIN_VA, 24 + 16, r.fail_va, &t, sizeof(t));
	else
		add_text(r.fail_va ? 0 : ~0u, r.fail_va ? MAIN_VA : 0, r.fail_va ? 0 : 0,
			 r.fail_va ? r.fail_va : 24, &t, sizeof(t));
	f = fopen(argv[2], "wb");
	return !f || fwrite(data, header->bytes, 1, f) != 1 || fclose(f);
}

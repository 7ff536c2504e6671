// SPDX-License-Identifier: MIT
/*
 * Finds its way in a device coredump, which may be cut short or damaged.
 */
#include <string.h>

#include "reader.h"

/* An array that fills a section. */
static const char *take_array(const void *at, uint64_t bytes, size_t size, const void *out,
			      size_t *num)
{
	if (bytes % size)
		return "a section is not a number of whole objects";
	memcpy((void *)(uintptr_t)out, &at, sizeof(at));
	*num = bytes / size;
	return NULL;
}

static const char *take_text(struct dump *dump, const uint8_t *at, uint64_t bytes)
{
	const struct apu_dump_text *head = (const void *)at;

	if (bytes < sizeof(*head) || head->bytes > bytes - sizeof(*head))
		return "commands are longer than their section";
	if (dump->num_texts == DUMP_MAX_TEXTS)
		return "too many pieces of command streams";
	dump->texts[dump->num_texts++] = (struct dump_text){head, at + sizeof(*head)};
	return NULL;
}

static const char *take_job(struct dump *dump, const uint8_t *at, uint64_t bytes)
{
	const struct apu_dump_job *job = dump->job = (const void *)at;
	const uint32_t classes = sizeof(job->num_engines) / sizeof(job->num_engines[0]);

	if (bytes < sizeof(*job))
		return "the job is cut short";
	if (job->num_streams > APU_DUMP_MAX_STREAMS)
		return "the job has too many streams";
	for (uint32_t i = 0; i < job->num_streams; i++)
		if (job->streams[i].engine_class >= classes)
			return "a stream is for engines of an unknown class";
	return NULL;
}

static const char *take_section(struct dump *dump, uint32_t type, const uint8_t *at, uint64_t bytes)
{
	switch (type) {
	case APU_DUMP_JOB:
		return take_job(dump, at, bytes);
	case APU_DUMP_RECORD:
		dump->record = (const void *)at;
		return bytes < sizeof(*dump->record) ? "the completion record is cut short" : NULL;
	case APU_DUMP_REGS:
		return take_array(at, bytes, sizeof(*dump->regs), &dump->regs, &dump->num_regs);
	case APU_DUMP_SLOTS:
		return take_array(at, bytes, sizeof(*dump->slots), &dump->slots, &dump->num_slots);
	case APU_DUMP_MAPPINGS:
		return take_array(at, bytes, sizeof(*dump->mappings), &dump->mappings,
				  &dump->num_mappings);
	case APU_DUMP_TEXT:
		return take_text(dump, at, bytes);
	default:
		/* Of a newer kernel. */
		return NULL;
	}
}

const char *dump_read(struct dump *dump, const void *data, size_t bytes)
{
	const struct apu_dump_header *header = data;
	const struct apu_dump_section *s = (const void *)(header + 1);
	const char *wrong;
	uint32_t i;

	*dump = (struct dump){.header = header};
	if (bytes < sizeof(*header) || memcmp(header->magic, APU_DUMP_MAGIC, sizeof(header->magic)))
		return "not a device coredump of an APU";
	if (header->version != APU_DUMP_VERSION)
		return "of another version than this program knows";
	if (header->bytes > bytes)
		return "cut short";
	if (header->num_sections > (bytes - sizeof(*header)) / sizeof(*s))
		return "the table of sections is cut short";
	for (i = 0; i < header->num_sections; i++, s++) {
		if (s->offset % 8 || s->offset > bytes || s->bytes > bytes - s->offset)
			return "a section is outside of the file";
		wrong = take_section(dump, s->type, (const uint8_t *)data + s->offset, s->bytes);
		if (wrong)
			return wrong;
	}
	return dump->job && dump->record ? NULL : "there is no job in it";
}

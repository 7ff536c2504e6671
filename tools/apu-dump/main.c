// SPDX-License-Identifier: MIT
/*
 * apu-dump: says in words what a device coredump of an APU tells about a job that failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <glob.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "apu/apu.h"
#include "disasm.h"
#include "reader.h"
#include "registers.h"

/* Where the kernel has them; the drivers of other devices have theirs there too. */
#define DUMPS "/sys/class/devcoredump/devcd*/data"
/* More than a driver writes. */
#define MAX_BYTES (16u << 20)
/* Commands that are shown before and behind the one that failed. */
#define BEFORE 6
#define AFTER 3

static const char usage_text[] =
	"Usage: apu-dump [-v] [FILE]\n"
	"Says why a job of an APU has failed, from the kernel's device coredump: FILE, or the\n"
	"first in /sys/class/devcoredump that is an APU's.\n"
	"\n"
	"  -v, --verbose  registers, all mappings, all commands that there are\n"
	"  -h, --help\n"
	"\n"
	"Exit status: 0 done, 1 usage, 2 no dump, or a bad one.\n"
	"The kernel keeps one dump of a device for some minutes; writing anything to its file\n"
	"has it make room for the next.\n";

static const char *const status_words[] = {
	[APU_JOB_STATUS_PENDING] = "the hardware has not said why",
	[APU_JOB_STATUS_OK] = "the hardware says that it did not",
	[APU_JOB_STATUS_CANCELLED] = "it was cancelled",
	[APU_JOB_STATUS_ABORTED] = "it was aborted",
	[APU_JOB_STATUS_TIMEOUT] = "it ran into its time limit",
	[APU_JOB_STATUS_BAD_COMMAND] = "a command is malformed",
	[APU_JOB_STATUS_BAD_REGION] = "a command reaches outside of its region",
	[APU_JOB_STATUS_MMU_FAULT] = "the MMU refused an access",
	[APU_JOB_STATUS_BUS_ERROR] = "an access to memory was a bus error",
	[APU_JOB_STATUS_BAD_DESC] = "there is no completion record, or the descriptor is bad",
	[APU_JOB_STATUS_POWER_LOST] = "its engines were reset or have lost power",
	[APU_JOB_STATUS_ECC_ERROR] = "L1 has an error that cannot be corrected",
};

static const char *const kind_words[] = {
	[APU_FAULT_KIND_NONE] = "unknown",
	[APU_FAULT_KIND_TRANSLATION] = "nothing is mapped there",
	[APU_FAULT_KIND_PERMISSION] = "it may not be written",
	[APU_FAULT_KIND_ADDRESS_SIZE] = "the address is too high",
	[APU_FAULT_KIND_WALK_BUS_ERROR] = "the page tables cannot be read",
};

#define WORD(words, i) ((i) < sizeof(words) / sizeof((words)[0]) ? (words)[i] : "unknown")

static unsigned int stream_class(const struct dump *dump, uint32_t stream)
{
	return stream < dump->job->num_streams ? dump->job->streams[stream].engine_class : 0;
}

/* "MDLA1", from the index over all classes. */
static void print_engine(const struct dump *dump, uint32_t index)
{
	unsigned int class = 0;

	while (class < 3 && index >= dump->job->num_engines[class])
		index -= dump->job->num_engines[class ++];
	printf("%s%" PRIu32, apu_engine_name(class), index);
}

static const struct apu_dump_mapping *find_mapping(const struct dump *dump, __u64 va)
{
	size_t i;

	for (i = 0; i < dump->num_mappings; i++) {
		if (va >= dump->mappings[i].va &&
		    va - dump->mappings[i].va < dump->mappings[i].bytes)
			return &dump->mappings[i];
	}
	return NULL;
}

static void print_address(const struct dump *dump, __u64 va)
{
	const struct apu_dump_mapping *m = find_mapping(dump, va);
	size_t i;

	if (m) {
		printf("  0x%llx is 0x%llx bytes into the mapping at 0x%llx, of 0x%llx"
		       " bytes, %s\n",
		       va, va - m->va, m->va, m->bytes,
		       m->flags & APU_DUMP_MAPPING_WRITE ? "writable" : "read only");
		return;
	}
	printf("  0x%llx is in no mapping", va);
	for (i = 0; i < dump->num_mappings; i++) {
		if (dump->mappings[i].va > va)
			break;
		m = &dump->mappings[i];
	}
	if (m)
		printf("; the one before it ends 0x%llx bytes below", va - (m->va + m->bytes) + 1);
	putchar('\n');
}

static void print_why(const struct dump *dump)
{
	const struct apu_job_completion *r = dump->record;
	const struct apu_dump_job *job = dump->job;

	printf("job %llu of context %llu failed: %s (%s)\n", job->seqno, job->timeline,
	       WORD(status_words, r->status), strerror(-job->result));
	if (job->flags & APU_DUMP_JOB_HUNG)
		printf("  it stood still; the driver stopped it\n");
	if (r->status == APU_JOB_STATUS_TIMEOUT)
		printf("  the limit is %" PRIu32 " us\n", job->time_limit_us);
	if (r->status == APU_JOB_STATUS_BAD_COMMAND)
		printf("  the opcode is 0x%02" PRIx32 "\n", r->detail & 0xff);
	if (r->status == APU_JOB_STATUS_MMU_FAULT)
		printf("  %s 0x%llx: %s\n", r->detail & 1u << 8 ? "writing" : "reading",
		       (__u64)r->fault_va, WORD(kind_words, r->detail & 0xff));
	if (r->status == APU_JOB_STATUS_MMU_FAULT || r->status == APU_JOB_STATUS_BUS_ERROR)
		print_address(dump, r->fault_va);
}

static void print_place(const struct dump *dump)
{
	const struct apu_job_completion *r = dump->record;

	if (!r->fail_va) {
		printf("which command it was is not known\n");
		return;
	}
	printf("stream %u on ", r->fail_stream);
	print_engine(dump, r->fail_engine);
	printf(", 0x%" PRIx32 " bytes into %s, at 0x%llx\n", r->fail_offset,
	       r->fail_in_call ? "the called commands" : "its commands", (__u64)r->fail_va);
}

/* The window has a command that the dump is about: find it, and where commands begin before it. */
static size_t first_command(const struct dump_text *text, size_t mark)
{
	size_t first, at, length;

	if (text->head->va == text->head->buffer_va)
		return 0;
	for (first = 0; first < mark; first += 8) {
		for (at = first; at < mark; at += length) {
			length = disasm_length(text->bytes + at, text->head->bytes - at);
			if (!length)
				break;
		}
		if (at == mark)
			return first;
	}
	return mark;
}

static void print_line(const struct dump_text *text, size_t at, bool mark)
{
	__u64 va = text->head->va + at;

	printf("%s 0x%06llx  ", mark ? "=>" : "  ",
	       text->head->buffer_va ? va - text->head->buffer_va : va);
}

static void print_text(const struct dump *dump, const struct dump_text *text, bool all)
{
	const struct apu_dump_text *head = text->head;
	size_t mark = head->at_va ? head->at_va - head->va : SIZE_MAX;
	unsigned int class = stream_class(dump, head->stream), behind = 0;
	size_t at, n = 0, skip = 0, length;
	bool good;

	if (mark != SIZE_MAX && (head->at_va < head->va || mark >= head->bytes)) {
		printf("   the command is not in the dump\n");
		return;
	}
	at = mark == SIZE_MAX ? 0 : first_command(text, mark);
	/* A window of lines: count what is before the mark. */
	for (length = at; mark != SIZE_MAX && length < mark; n++) {
		size_t l = disasm_length(text->bytes + length, head->bytes - length);

		if (!l)
			break;
		length += l;
	}
	if (!all && n > BEFORE)
		skip = n - BEFORE;
	while (at + sizeof(struct apu_cmd_header) <= head->bytes) {
		if (skip) {
			skip--;
			at += disasm_length(text->bytes + at, head->bytes - at);
			continue;
		}
		print_line(text, at, at == mark);
		length = disassemble_one(text->bytes + at, head->bytes - at, class, DISASM_REGIONS,
					 &good);
		if (!length || (text->bytes[at] == APU_OP_END && at != mark))
			break;
		if (!all && mark != SIZE_MAX && at >= mark && behind++ == AFTER)
			break;
		at += length;
	}
}

static void print_texts(const struct dump *dump, bool all)
{
	const struct apu_job_completion *r = dump->record;
	size_t i;

	for (i = 0; i < dump->num_texts; i++) {
		const struct apu_dump_text *head = dump->texts[i].head;
		bool failed = r->fail_va && head->at_va == r->fail_va;
		if (!failed && !all && (r->fail_va || !head->at_va))
			continue;
		if (head->stream < dump->job->num_streams)
			printf("commands of stream %" PRIu32 " (%s):\n", head->stream,
			       apu_engine_name(stream_class(dump, head->stream)));
		else
			printf("commands that an engine was at:\n");
		print_text(dump, &dump->texts[i], all);
		if (failed && !all)
			break;
	}
}

static void print_job(const struct dump *dump)
{
	const struct apu_dump_job *job = dump->job;
	uint32_t i;

	printf("context %llu: job %llu of %llu submitted, %llu"
	       " done before; address space %" PRIu32 ", priority %" PRIu32 "\n",
	       job->timeline, job->seqno, job->last_seqno, job->done_seqno, job->asid,
	       job->priority);
	printf("job: L1 %" PRIu32 " KiB, limit %" PRIu32 " us", job->l1_kib, job->time_limit_us);
	if (dump->record->end > dump->record->start)
		printf(", ran for %llu ns", (__u64)(dump->record->end - dump->record->start));
	putchar('\n');
	for (i = 0; i < job->num_streams; i++)
		printf("  stream %" PRIu32 " on %s: %" PRIu32 " bytes at 0x%llx\n", i,
		       apu_engine_name(job->streams[i].engine_class), job->streams[i].bytes,
		       job->streams[i].va);
}

static void print_slots(const struct dump *dump)
{
	size_t i;

	printf("slots in use besides: %zu\n", dump->num_slots);
	for (i = 0; i < dump->num_slots; i++) {
		const struct apu_dump_slot *s = &dump->slots[i];

		if (s->flags & APU_DUMP_SLOT_CLIENT)
			printf("  %2" PRIu32 ": job %llu of context %llu, after 0x%" PRIx32 "\n",
			       s->slot, s->seqno, s->timeline, s->after);
		else
			printf("  %2" PRIu32 ": of another client\n", s->slot);
	}
}

static void print_mappings(const struct dump *dump)
{
	size_t i;

	printf("mappings: %zu\n", dump->num_mappings);
	for (i = 0; i < dump->num_mappings; i++) {
		const struct apu_dump_mapping *m = &dump->mappings[i];

		printf("  0x%010llx - 0x%010llx %s offset 0x%llx of 0x%llx%s\n", m->va,
		       m->va + m->bytes, m->flags & APU_DUMP_MAPPING_WRITE ? "rw" : "ro", m->offset,
		       m->buffer_bytes, m->flags & APU_DUMP_MAPPING_IMPORTED ? ", imported" : "");
	}
}

static void print_registers(const struct dump *dump)
{
	size_t i;

	printf("registers: %zu\n", dump->num_regs);
	for (i = 0; i < dump->num_regs; i++) {
		const struct apu_dump_reg *r = &dump->regs[i];
		bool top = r->block == APU_DUMP_BLOCK_TOP;
		const char *name = register_name(top, r->offset);

		printf("  ");
		if (top)
			printf("TOP");
		else
			print_engine(dump, r->block);
		if (name)
			printf(".%s", name);
		else
			printf("+0x%03" PRIx32, r->offset);
		printf(" = 0x%08" PRIx32 "\n", r->value);
	}
}

static void print_dump(const struct dump *dump, bool all)
{
	printf("at %llu.%06llu s after boot, ", dump->header->time_ns / 1000000000,
	       dump->header->time_ns / 1000 % 1000000);
	print_why(dump);
	print_place(dump);
	print_texts(dump, all);
	print_job(dump);
	print_slots(dump);
	if (!all)
		return;
	print_mappings(dump);
	print_registers(dump);
}

/* All of a file whose size is not known before; NULL with errno. */
static void *read_all(const char *path, size_t *bytes)
{
	uint8_t *data = malloc(MAX_BYTES);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	*bytes = 0;
	while (data && fd >= 0 && *bytes < MAX_BYTES) {
		n = read(fd, data + *bytes, MAX_BYTES - *bytes);
		if (n <= 0)
			break;
		*bytes += (size_t)n;
	}
	if (fd >= 0)
		close(fd);
	if (n < 0) {
		free(data);
		return NULL;
	}
	return data;
}

static int dump_file(const char *path, bool all)
{
	const char *wrong;
	struct dump dump;
	size_t bytes;
	void *data = read_all(path, &bytes);

	if (!data) {
		fprintf(stderr, "apu-dump: cannot read %s: %s\n", path, strerror(errno));
		return 2;
	}
	wrong = dump_read(&dump, data, bytes);
	if (wrong)
		fprintf(stderr, "apu-dump: %s: %s\n", path, wrong);
	else
		print_dump(&dump, all);
	free(data);
	return wrong ? 2 : 0;
}

/* The first dump that is of an APU. */
static int dump_first(bool all)
{
	struct dump dump;
	glob_t found;
	size_t i, bytes;
	int ret = -1;

	if (glob(DUMPS, 0, NULL, &found) == 0) {
		for (i = 0; i < found.gl_pathc && ret < 0; i++) {
			void *data = read_all(found.gl_pathv[i], &bytes);

			if (data && !dump_read(&dump, data, bytes)) {
				print_dump(&dump, all);
				ret = 0;
			}
			free(data);
		}
		globfree(&found);
	}
	if (ret < 0)
		fprintf(stderr,
			"apu-dump: no dump of an APU in /sys/class/devcoredump that may be read;"
			" no job has failed lately, or you are not root\n");
	return ret < 0 ? 2 : 0;
}

int main(int argc, char **argv)
{
	static const struct option longopts[] = {
		{"verbose", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	bool all = false;
	int c;

	while ((c = getopt_long(argc, argv, "vh", longopts, NULL)) != -1) {
		switch (c) {
		case 'v':
			all = true;
			break;
		case 'h':
			fputs(usage_text, stdout);
			return 0;
		default:
			fputs(usage_text, stderr);
			return 1;
		}
	}
	if (argc - optind > 1) {
		fputs(usage_text, stderr);
		return 1;
	}
	return optind < argc ? dump_file(argv[optind], all) : dump_first(all);
}

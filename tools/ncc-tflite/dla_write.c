// SPDX-License-Identifier: MIT
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "apu/dla.h"
#include "dla_write.h"
#include "lower.h"

#define MAX_SECTIONS 16
#define SECTION_ALIGN 64
#define MAX_METADATA (16u << 20)
/* A limit this many times what the compiler predicts, at the lowest frequency, and a second. */
#define TIME_FACTOR 16
#define LOWEST_MHZ 200

typedef VEC(uint8_t) bytes;

struct elf {
	bytes data;
	bytes names;
	Elf64_Shdr sections[MAX_SECTIONS];
	unsigned nsections;
};

static void append(bytes *b, const void *data, uint64_t n)
{
	if (b->n + n > b->cap) {
		size_t cap = (b->n + n) * 2;
		uint8_t *v = alloc(cap, 1);

		if (b->n)
			memcpy(v, b->v, b->n);
		b->v = v;
		b->cap = cap;
	}
	if (n && data)
		memcpy(b->v + b->n, data, n);
	else if (n)
		memset(b->v + b->n, 0, n);
	b->n += n;
}

static void section(struct elf *e, const char *name, uint32_t type, const void *data, uint64_t n,
		    uint64_t align)
{
	Elf64_Shdr *s = &e->sections[e->nsections++];

	append(&e->data, NULL, align_up(e->data.n, align) - e->data.n);
	s->sh_name = (uint32_t)e->names.n;
	s->sh_type = type;
	s->sh_offset = e->data.n;
	s->sh_size = n;
	s->sh_addralign = align;
	append(&e->data, data, n);
	append(&e->names, name, strlen(name) + 1);
}

static uint32_t add_string(bytes *b, const char *s)
{
	uint32_t at = (uint32_t)b->n;

	append(b, s, strlen(s) + 1);
	return at;
}

static void add_tensor(bytes *io, bytes *quant, bytes *strtab, const struct program *p,
		       const struct tensor *t, const struct buffer *b, unsigned index)
{
	struct dla_tensor d = {0};

	d.name = add_string(strtab, t->name);
	d.dtype = b->ext_dtype;
	d.rank = t->rank;
	d.region = APU_REGION_IO + index;
	for (unsigned i = 0; i < t->rank; i++)
		d.dims[i] = d.padded_dims[i] = io_dim(p, t, i, b->is_output);
	d.size = d.padded_size = t->elems * dtype_size(b->ext_dtype);
	d.first_quant = t->nscale ? (uint32_t)(quant->n / sizeof(struct dla_quant)) : 0;
	d.num_quant = t->nscale;
	d.quant_dim = t->nscale > 1 ? t->qdim : 0;
	append(io, &d, sizeof(d));
	for (uint32_t i = 0; i < t->nscale; i++) {
		struct dla_quant q = {t->scale[i], t->zp[i]};

		append(quant, &q, sizeof(q));
	}
}

static void add_metadata(bytes *out, const struct metadata *m)
{
	FILE *f = fopen(m->file, "rb");
	uint8_t buf[4096];
	uint64_t total = 0;
	size_t n;

	if (!f)
		fail("metadata %s: %s", m->file, strerror(errno));
	append(out, m->key, strlen(m->key) + 1);
	while ((n = fread(buf, 1, sizeof(buf), f))) {
		if (memchr(buf, 0, n))
			fail("metadata %s: holds a NUL, only text is possible", m->file);
		total += n;
		if (total > MAX_METADATA)
			fail("metadata %s: larger than %u MiB", m->file, MAX_METADATA >> 20);
		append(out, buf, n);
	}
	if (ferror(f))
		fail("metadata %s: %s", m->file, strerror(errno));
	fclose(f);
	append(out, "", 1);
}

static void note(struct elf *e, const struct dla_info *info)
{
	Elf64_Nhdr h = {.n_namesz = sizeof(DLA_NOTE_NAME),
			.n_descsz = sizeof(*info),
			.n_type = DLA_NOTE_INFO};
	bytes b = {0};

	append(&b, &h, sizeof(h));
	append(&b, DLA_NOTE_NAME, sizeof(DLA_NOTE_NAME));
	append(&b, NULL, align_up(b.n, 4) - b.n);
	append(&b, info, sizeof(*info));
	section(e, ".note.apu", SHT_NOTE, b.v, b.n, 4);
}

static void build(struct elf *e, const struct dla_contents *c)
{
	const struct graph *g = c->p->graph;
	struct dla_info info = {0};
	struct dla_job job = {0};
	struct dla_stream streams[MAX_STREAMS] = {0};
	bytes text = {0}, io = {0}, quant = {0}, strtab = {0}, meta = {0};
	uint64_t limit;

	append(&strtab, "", 1);
	info.version_major = DLA_VERSION_MAJOR;
	info.version_minor = DLA_VERSION_MINOR;
	info.hw_version = APU_HW_VERSION;
	info.num_inputs = g->ninputs;
	info.num_outputs = g->noutputs;
	info.temp_size = c->plan->temp_bytes;
	info.state_size = c->p->state.n;
	info.l1_kib = (uint32_t)div_up(c->plan->l1_used, 1024);
	info.cycles = c->cycles;
	snprintf(info.compiler, sizeof(info.compiler), "%s %s", NCC_NAME, NCC_VERSION);
	for (unsigned i = 0; i < c->nstreams; i++) {
		append(&text, NULL, align_up(text.n, SECTION_ALIGN) - text.n);
		streams[i].engine_class = c->streams[i].engine_class;
		streams[i].text_offset = text.n;
		streams[i].text_bytes = c->streams[i].bytes;
		append(&text, c->streams[i].text, c->streams[i].bytes);
		info.num_engines[c->streams[i].engine_class]++;
	}
	job.num_streams = c->nstreams;
	job.l1_kib = info.l1_kib;
	limit = 1000000 + c->cycles / LOWEST_MHZ * TIME_FACTOR;
	job.time_limit_us = (uint32_t)min64((int64_t)limit, APU_MAX_TIME_LIMIT_US);
	for (unsigned i = 0; i < g->ninputs; i++)
		add_tensor(&io, &quant, &strtab, c->p, &g->tensors[g->inputs[i]], c->p->inputs[i],
			   i);
	for (unsigned i = 0; i < g->noutputs; i++)
		add_tensor(&io, &quant, &strtab, c->p, &g->tensors[g->outputs[i]], c->p->outputs[i],
			   g->ninputs + i);
	for (unsigned i = 0; i < c->nmeta; i++)
		add_metadata(&meta, &c->meta[i]);

	append(&e->data, NULL, sizeof(Elf64_Ehdr));
	append(&e->names, "", 1);
	e->nsections = 1;
	note(e, &info);
	section(e, ".apu.jobs", SHT_PROGBITS, &job, sizeof(job), 8);
	section(e, ".apu.streams", SHT_PROGBITS, streams, c->nstreams * sizeof(*streams), 8);
	section(e, ".apu.text", SHT_PROGBITS, text.v, text.n, SECTION_ALIGN);
	if (c->p->statics.n)
		section(e, ".apu.static", SHT_PROGBITS, c->p->statics.v, c->p->statics.n,
			SECTION_ALIGN);
	if (c->p->state.n)
		section(e, ".apu.state", SHT_PROGBITS, c->p->state.v, c->p->state.n, SECTION_ALIGN);
	section(e, ".apu.io", SHT_PROGBITS, io.v, io.n, 8);
	if (quant.n)
		section(e, ".apu.quant", SHT_PROGBITS, quant.v, quant.n, 8);
	section(e, ".apu.strtab", SHT_STRTAB, strtab.v, strtab.n, 1);
	if (meta.n)
		section(e, ".apu.meta", SHT_PROGBITS, meta.v, meta.n, 1);
}

static void finish(struct elf *e)
{
	Elf64_Ehdr h = {0};
	Elf64_Shdr *last = &e->sections[e->nsections];

	last->sh_name = (uint32_t)e->names.n;
	append(&e->names, ".shstrtab", sizeof(".shstrtab"));
	last->sh_type = SHT_STRTAB;
	last->sh_offset = e->data.n;
	last->sh_size = e->names.n;
	last->sh_addralign = 1;
	append(&e->data, e->names.v, e->names.n);
	e->nsections++;
	append(&e->data, NULL, align_up(e->data.n, 8) - e->data.n);

	memcpy(h.e_ident, ELFMAG, SELFMAG);
	h.e_ident[EI_CLASS] = ELFCLASS64;
	h.e_ident[EI_DATA] = ELFDATA2LSB;
	h.e_ident[EI_VERSION] = EV_CURRENT;
	h.e_type = ET_DYN;
	h.e_machine = EM_NONE;
	h.e_version = EV_CURRENT;
	h.e_shoff = e->data.n;
	h.e_ehsize = sizeof(h);
	h.e_shentsize = sizeof(Elf64_Shdr);
	h.e_shnum = (uint16_t)e->nsections;
	h.e_shstrndx = (uint16_t)(e->nsections - 1);
	append(&e->data, e->sections, e->nsections * sizeof(Elf64_Shdr));
	memcpy(e->data.v, &h, sizeof(h));
}

/*
 * The output has another name, *temp, until it is whole. What is no file, a pipe or /dev/null, is
 * written itself: to rename() onto it is to replace it, which root may.
 */
static int create(const char *file, char **temp)
{
	struct stat st;

	*temp = NULL;
	if (!stat(file, &st) && !S_ISREG(st.st_mode))
		return open(file, O_WRONLY | O_CLOEXEC);
	*temp = format("%s.XXXXXX", file);
	return mkstemp(*temp);
}

void dla_write(const char *file, const struct dla_contents *c)
{
	struct elf *e = alloc(1, sizeof(*e));
	mode_t mask = umask(0);
	size_t done = 0;
	char *temp;
	int fd, err;

	umask(mask);
	build(e, c);
	finish(e);
	fd = create(file, &temp);
	if (fd < 0)
		fail("cannot create %s: %s", temp ? temp : file, strerror(errno));
	while (done < e->data.n) {
		ssize_t n = write(fd, e->data.v + done, e->data.n - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			goto failed;
		done += (size_t)n;
	}
	if (temp && fchmod(fd, 0666 & ~mask) < 0)
		goto failed;
	if (close(fd) < 0 || (temp && rename(temp, file) < 0))
		goto failed;
	return;
failed:
	err = errno;
	if (temp)
		unlink(temp);
	fail("cannot write %s: %s", file, strerror(err));
}

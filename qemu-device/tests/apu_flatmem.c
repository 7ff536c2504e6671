/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Memory for jobs that run on the host, see apu_flatmem.h.
 */

#include <stdlib.h>
#include <string.h>
#include "apu_flatmem.h"

#define MAX_RANGES 256
#define KHZ 1000000

struct range {
    uint64_t va, size;
    uint8_t *host;
    bool writable;
};

struct apu_flatmem {
    struct apu_exec_job job;
    struct apu_exec_ops ops;
    struct range range[MAX_RANGES];
    unsigned num_ranges;
    unsigned used[3];           /* engines per class */
    const void *l1_data;        /* for the next job */
    size_t l1_size;
    uint64_t reads, writes;
    uint64_t polls, stop_after;
    enum apu_job_status stop_status;
    void (*command)(void *opaque, unsigned stream, unsigned engine,
                    uint64_t va, const struct apu_cmd_header *hdr,
                    uint64_t cycle);
    void *command_opaque;
};

/* The range that holds @va, or NULL. */
static const struct range *find(const struct apu_flatmem *m, uint64_t va)
{
    for (unsigned i = 0; i < m->num_ranges; i++) {
        const struct range *r = &m->range[i];

        if (va >= r->va && va - r->va < r->size) {
            return r;
        }
    }
    return NULL;
}

static enum apu_job_status fail(struct apu_exec_fault *fault, uint64_t va,
                                enum apu_fault_kind kind, bool write)
{
    fault->va = va;
    fault->kind = kind;
    fault->write = write;
    return APU_JOB_STATUS_MMU_FAULT;
}

static enum apu_job_status move(struct apu_flatmem *m, uint64_t va,
                                uint8_t *buf, size_t len, bool write,
                                struct apu_exec_fault *fault)
{
    while (len) {
        const struct range *r = find(m, va);
        uint64_t offset;
        size_t n;

        if (!r) {
            return fail(fault, va, APU_FAULT_KIND_TRANSLATION, write);
        }
        if (write && !r->writable) {
            return fail(fault, va, APU_FAULT_KIND_PERMISSION, write);
        }
        offset = va - r->va;
        n = len < r->size - offset ? len : r->size - offset;
        if (write) {
            memcpy(r->host + offset, buf, n);
        } else {
            memcpy(buf, r->host + offset, n);
        }
        va += n;
        buf += n;
        len -= n;
    }
    return APU_JOB_STATUS_OK;
}

static enum apu_job_status flatmem_read(void *opaque, unsigned engine,
                                        uint64_t va, void *buf, size_t len,
                                        struct apu_exec_fault *fault)
{
    struct apu_flatmem *m = opaque;

    (void)engine;
    m->reads += len;
    return move(m, va, buf, len, false, fault);
}

static enum apu_job_status flatmem_write(void *opaque, unsigned engine,
                                         uint64_t va, const void *buf,
                                         size_t len,
                                         struct apu_exec_fault *fault)
{
    struct apu_flatmem *m = opaque;

    (void)engine;
    m->writes += len;
    return move(m, va, (uint8_t *)buf, len, true, fault);
}

static enum apu_job_status flatmem_poll(void *opaque)
{
    struct apu_flatmem *m = opaque;

    m->polls++;
    return m->stop_after && m->polls >= m->stop_after ? m->stop_status :
                                                        APU_JOB_STATUS_OK;
}

static void flatmem_command(void *opaque, unsigned stream, unsigned engine,
                            uint64_t va, const struct apu_cmd_header *hdr,
                            uint64_t cycle)
{
    struct apu_flatmem *m = opaque;

    m->command(m->command_opaque, stream, engine, va, hdr, cycle);
}

struct apu_flatmem *apu_flatmem_new(void)
{
    struct apu_flatmem *m = calloc(1, sizeof(*m));

    if (!m) {
        return NULL;
    }
    m->ops.read = flatmem_read;
    m->ops.write = flatmem_write;
    m->ops.poll = flatmem_poll;
    m->job.khz = KHZ;
    m->job.desc.time_limit_us = APU_MAX_TIME_LIMIT_US;
    return m;
}

void apu_flatmem_free(struct apu_flatmem *m)
{
    if (m) {
        free(m->job.l1);
        free(m);
    }
}

bool apu_flatmem_map(struct apu_flatmem *m, uint64_t va, void *host,
                     uint64_t size, bool writable)
{
    if (m->num_ranges == MAX_RANGES || size > UINT64_MAX - va) {
        return false;
    }
    for (unsigned i = 0; i < m->num_ranges; i++) {
        const struct range *r = &m->range[i];

        if (va < r->va + r->size && r->va < va + size) {
            return false;
        }
    }
    m->range[m->num_ranges++] = (struct range) { va, size, host, writable };
    return true;
}

bool apu_flatmem_stream(struct apu_flatmem *m, unsigned engine_class,
                        uint64_t va, uint32_t bytes)
{
    static const unsigned first[] = { 0, 2, 4 }, count[] = { 2, 2, 1 };
    struct apu_job_desc *d = &m->job.desc;

    if (engine_class > 2 || m->used[engine_class] == count[engine_class]) {
        return false;
    }
    m->job.engine[d->num_streams] = first[engine_class] +
                                    m->used[engine_class]++;
    d->streams[d->num_streams].engine_class = engine_class;
    d->streams[d->num_streams].va = va;
    d->streams[d->num_streams].bytes = bytes;
    d->num_streams++;
    return true;
}

void apu_flatmem_limit(struct apu_flatmem *m, uint32_t us)
{
    m->job.desc.time_limit_us = us;
}

void apu_flatmem_reference(struct apu_flatmem *m, bool reference)
{
    m->job.reference = reference;
}

void apu_flatmem_trace(struct apu_flatmem *m,
                       void (*command)(void *opaque, unsigned stream,
                                       unsigned engine, uint64_t va,
                                       const struct apu_cmd_header *hdr,
                                       uint64_t cycle),
                       void *opaque)
{
    m->command = command;
    m->command_opaque = opaque;
    m->ops.command = command ? flatmem_command : NULL;
}

void apu_flatmem_stop_after(struct apu_flatmem *m, uint64_t polls,
                            enum apu_job_status status)
{
    m->stop_after = polls;
    m->stop_status = status;
}

void apu_flatmem_set_l1(struct apu_flatmem *m, const void *data, size_t size)
{
    m->l1_data = data;
    m->l1_size = size;
}

enum apu_job_status apu_flatmem_run(struct apu_flatmem *m, uint32_t l1_kib,
                                    struct apu_job_completion *record)
{
    free(m->job.l1);
    m->job.l1 = calloc(l1_kib ? l1_kib : 1, 1024);
    m->job.desc.l1_kib = l1_kib;
    m->reads = m->writes = m->polls = 0;
    if (m->job.l1) {
        size_t bytes = (size_t)l1_kib * 1024;

        if (m->l1_data) {
            memcpy(m->job.l1, m->l1_data,
                   m->l1_size < bytes ? m->l1_size : bytes);
        }
        apu_exec_run(&m->job, &m->ops, m, record);
    } else {
        memset(record, 0, sizeof(*record));
        record->status = APU_JOB_STATUS_BUS_ERROR;
    }
    m->l1_data = NULL;
    m->job.desc.num_streams = 0;
    memset(m->used, 0, sizeof(m->used));
    return record->status;
}

uint8_t *apu_flatmem_l1(struct apu_flatmem *m)
{
    return m->job.l1;
}

uint64_t apu_flatmem_reads(const struct apu_flatmem *m)
{
    return m->reads;
}

uint64_t apu_flatmem_writes(const struct apu_flatmem *m)
{
    return m->writes;
}

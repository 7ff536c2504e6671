/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: job descriptors and completion records in guest memory.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "apu_top.h"

#define APU_DESC_FLAGS (APU_JOB_FLAG_IRQ | APU_JOB_FLAG_CANCEL_ON_PRED_FAIL)
#define APU_DESC_PRIORITIES 4

static const MemTxAttrs apu_desc_attrs = { .memory = 1 };

/* A swap is its own inverse: the same function serves both directions. */
static void apu_desc_swap(struct apu_job_desc *d)
{
    le64_to_cpus(&d->ttbr);
    le16_to_cpus(&d->asid);
    le16_to_cpus(&d->after);
    le16_to_cpus(&d->flags);
    le32_to_cpus(&d->l1_kib);
    le32_to_cpus(&d->time_limit_us);
    le64_to_cpus(&d->cookie);
    for (unsigned i = 0; i < APU_MAX_STREAMS; i++) {
        le32_to_cpus(&d->streams[i].bytes);
        le64_to_cpus(&d->streams[i].va);
    }
}

static void apu_record_swap(struct apu_job_completion *c)
{
    le32_to_cpus(&c->status);
    le32_to_cpus(&c->detail);
    le32_to_cpus(&c->fail_offset);
    le64_to_cpus(&c->fault_va);
    le64_to_cpus(&c->start);
    le64_to_cpus(&c->end);
    le64_to_cpus(&c->cookie);
    le64_to_cpus(&c->cycles);
    le64_to_cpus(&c->engines);
    for (unsigned i = 0; i < APU_MAX_STREAMS; i++) {
        le64_to_cpus(&c->streams[i].cycles);
        le64_to_cpus(&c->streams[i].busy);
        le64_to_cpus(&c->streams[i].dram_bytes);
        le64_to_cpus(&c->streams[i].l1_bytes);
    }
    le64_to_cpus(&c->fail_va);
}

void apu_desc_from_wire(struct apu_job_desc *desc, const uint8_t *wire)
{
    memcpy(desc, wire, sizeof(*desc));
    apu_desc_swap(desc);
}

void apu_desc_to_wire(uint8_t *wire, const struct apu_job_desc *desc)
{
    struct apu_job_desc copy = *desc;

    apu_desc_swap(&copy);
    memcpy(wire, &copy, sizeof(copy));
}

void apu_record_from_wire(struct apu_job_completion *out, const uint8_t *wire)
{
    memcpy(out, wire, sizeof(*out));
    apu_record_swap(out);
}

void apu_record_to_wire(uint8_t *wire, const struct apu_job_completion *out)
{
    struct apu_job_completion copy = *out;

    apu_record_swap(&copy);
    memcpy(wire, &copy, sizeof(copy));
}

const char *apu_desc_check(const ApuTop *s, const struct apu_job_desc *desc)
{
    unsigned per_class[APU_NUM_CLASSES] = { 0 };

    if (!desc->num_streams || desc->num_streams > APU_MAX_STREAMS) {
        return "number of streams";
    }
    if (desc->ttbr & MAKE_64BIT_MASK(0, 12) || desc->ttbr >> APU_PA_BITS) {
        return "page-table root";
    }
    if (desc->priority >= APU_DESC_PRIORITIES) {
        return "priority";
    }
    if (desc->flags & ~APU_DESC_FLAGS) {
        return "flags";
    }
    if (desc->l1_kib > s->l1_kib) {
        return "more L1 than there is";
    }
    if (!desc->time_limit_us ||
        desc->time_limit_us > APU_MAX_TIME_LIMIT_US) {
        return "time limit";
    }
    for (unsigned i = 0; i < ARRAY_SIZE(desc->reserved); i++) {
        if (desc->reserved[i]) {
            return "padding";
        }
    }
    for (unsigned i = 0; i < desc->num_streams; i++) {
        const struct apu_stream_desc *stream = &desc->streams[i];

        if (stream->engine_class >= APU_NUM_CLASSES ||
            ++per_class[stream->engine_class] > s->num[stream->engine_class]) {
            return "engine class";
        }
        if (stream->pad0 || stream->pad1) {
            return "padding of a stream";
        }
        if (!stream->bytes || stream->bytes % 8 || stream->va % 8 ||
            stream->bytes > APU_MAX_STREAM_BYTES) {
            return "size or alignment of a stream";
        }
    }
    return NULL;
}

MemTxResult apu_desc_read(ApuTop *s, uint64_t addr, struct apu_job_desc *desc)
{
    uint8_t wire[sizeof(*desc)];
    /* address_space_read() of a constant size goes past the fuzzer's hook. */
    MemTxResult res = address_space_rw(&s->dma_as, addr, apu_desc_attrs,
                                       wire, sizeof(wire), false);

    if (res == MEMTX_OK) {
        apu_desc_from_wire(desc, wire);
    }
    return res;
}

MemTxResult apu_record_write(ApuTop *s, uint64_t desc_addr,
                             const struct apu_job_completion *out)
{
    const size_t head = sizeof(out->status);
    uint64_t addr = desc_addr + APU_COMPLETION_OFFSET;
    uint8_t wire[sizeof(*out)];
    MemTxResult res;

    apu_record_to_wire(wire, out);
    res = address_space_write(&s->dma_as, addr + head, apu_desc_attrs,
                              wire + head, sizeof(wire) - head);
    if (res != MEMTX_OK) {
        return res;
    }
    /* A guest that sees the status sees the rest. */
    smp_wmb();
    return address_space_write(&s->dma_as, addr, apu_desc_attrs, wire, head);
}

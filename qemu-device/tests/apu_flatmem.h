/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory of a job without an MMU: ranges of virtual addresses that are
 * host buffers. With libapu-exec.a it runs command streams on the host.
 *
 *     struct apu_flatmem *m = apu_flatmem_new();
 *     apu_flatmem_map(m, 0x10000, text, text_bytes, false);
 *     apu_flatmem_map(m, 0x80000, data, data_bytes, true);
 *     apu_flatmem_stream(m, APU_ENGINE_CLASS_EDMA, 0x10000, bytes);
 *     status = apu_flatmem_run(m, 1024, &record);
 *     apu_flatmem_free(m);
 */
#ifndef APU_FLATMEM_H
#define APU_FLATMEM_H

#include "apu_exec.h"

#ifdef __cplusplus
extern "C" {
#endif

struct apu_flatmem;

struct apu_flatmem *apu_flatmem_new(void);
void apu_flatmem_free(struct apu_flatmem *m);

/*
 * Makes @size bytes at @host appear at @va; the caller keeps the buffer.
 * False if the range overlaps another one or there are too many (256).
 */
bool apu_flatmem_map(struct apu_flatmem *m, uint64_t va, void *host,
                     uint64_t size, bool writable);

/*
 * Adds a stream to the next job. Engine indices are given in the order of
 * the default machine: 2 MDLA (0, 1), 2 eDMA (2, 3), 1 MVPU (4). False if
 * there is no such engine left.
 */
bool apu_flatmem_stream(struct apu_flatmem *m, unsigned engine_class,
                        uint64_t va, uint32_t bytes);

/* For the next jobs: device-time limit (default 10 s), plain C kernels. */
void apu_flatmem_limit(struct apu_flatmem *m, uint32_t us);
void apu_flatmem_reference(struct apu_flatmem *m, bool reference);
/* Called for every command, with the stream it is from; NULL for none. */
void apu_flatmem_trace(struct apu_flatmem *m,
                       void (*command)(void *opaque, unsigned stream,
                                       unsigned engine, uint64_t va,
                                       const struct apu_cmd_header *hdr,
                                       uint64_t cycle),
                       void *opaque);
/* Jobs end with this status after so many polls; 0 never. */
void apu_flatmem_stop_after(struct apu_flatmem *m, uint64_t polls,
                            enum apu_job_status status);

/* What L1 of the next job begins with, instead of zeros. */
void apu_flatmem_set_l1(struct apu_flatmem *m, const void *data, size_t size);

/*
 * Runs the streams added since the last job, at 1000 MHz, with @l1_kib of
 * zeroed L1. Returns record->status.
 */
enum apu_job_status apu_flatmem_run(struct apu_flatmem *m, uint32_t l1_kib,
                                    struct apu_job_completion *record);

/* The L1 of the last job, until the next one. */
uint8_t *apu_flatmem_l1(struct apu_flatmem *m);

/* What the last job read from and wrote to the mapped ranges. */
uint64_t apu_flatmem_reads(const struct apu_flatmem *m);
uint64_t apu_flatmem_writes(const struct apu_flatmem *m);

#ifdef __cplusplus
}
#endif

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * APU v1: execution of one job (a gang of command streams).
 *
 * This part of the model knows nothing of QEMU: it reads and writes guest
 * memory through callbacks, computes, counts cycles and says how the job
 * ended. It runs in a worker thread without the BQL, and the same sources
 * build into a plain library (APU_STANDALONE) for tests on the host.
 */
#ifndef HW_APU_EXEC_H
#define HW_APU_EXEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "apu_isa.h"

/* What went wrong with a memory access. */
struct apu_exec_fault {
    uint64_t va;
    enum apu_fault_kind kind;
    bool write;
};

struct apu_exec_ops {
    /*
     * Copy between guest virtual memory of the job's address space and a host
     * buffer, for engine (global index) @engine. Returns OK, MMU_FAULT (fills
     * *fault), BUS_ERROR (fills fault->va) or POWER_LOST. Called from the
     * worker thread.
     */
    enum apu_job_status (*read)(void *opaque, unsigned engine, uint64_t va,
                                void *buf, size_t len,
                                struct apu_exec_fault *fault);
    enum apu_job_status (*write)(void *opaque, unsigned engine, uint64_t va,
                                 const void *buf, size_t len,
                                 struct apu_exec_fault *fault);
    /* The same as read, for commands. NULL: read does it. */
    enum apu_job_status (*fetch)(void *opaque, unsigned engine, uint64_t va,
                                 void *buf, size_t len,
                                 struct apu_exec_fault *fault);
    /*
     * Asked before every command, for the injection of faults: OK to go on,
     * PENDING if the stream stops here for ever, else the status that the job
     * ends with. May be NULL.
     */
    enum apu_job_status (*inject)(void *opaque, unsigned engine);
    /*
     * Polled before every command: OK to go on, else the status that the job
     * ends with (ABORTED, POWER_LOST). May be NULL.
     */
    enum apu_job_status (*poll)(void *opaque);
    /* A command starts (tracing, CMD_VA register). May be NULL. */
    void (*command)(void *opaque, unsigned stream, unsigned engine,
                    uint64_t va, const struct apu_cmd_header *hdr,
                    uint64_t cycle);
};

struct apu_exec_job {
    struct apu_job_desc desc;               /* checked by the caller */
    uint8_t engine[APU_MAX_STREAMS];        /* global index of each stream */
    uint8_t *l1;                            /* desc.l1_kib * 1024 bytes */
    uint32_t khz;                           /* for the time limit */
    bool reference;                         /* plain C kernels only */
    uint32_t slow;                          /* multiplies costs, if not 0 */
};

/*
 * Runs the job to its end. Fills every field of @out except start, end and
 * cookie. A gang that runs into its time limit, or in which every stream
 * waits, ends with TIMEOUT and cycles = the limit.
 */
void apu_exec_run(const struct apu_exec_job *job,
                  const struct apu_exec_ops *ops, void *opaque,
                  struct apu_job_completion *out);

#endif

/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: one running job and the thread that executes it. The thread knows
 * the gang, the MMU and L1, never the device: what it found out is collected
 * by the main loop after it has ended.
 */
#ifndef HW_APU_GANG_H
#define HW_APU_GANG_H

#include "block/thread-pool.h"
#include "qemu/thread.h"
#include "apu_exec.h"
#include "apu_fault.h"
#include "apu_l1.h"
#include "apu_mmu.h"

typedef struct ApuGang {
    ApuMmu *mmu;
    ApuMmuClient client;
    struct apu_exec_job job;
    ApuL1 *l1;
    ApuL1Grant grant;
    uint8_t *bounce;                    /* L1 as one piece, if it is not */
    /* Called at the end of the thread, which then touches the gang no more. */
    void (*on_done)(void *opaque);
    void *opaque;
    ThreadPool *pool;                   /* of a thread yet to be started */
    ApuFaults *faults;
    unsigned slot;                      /* for fault rules */
    int hang_engine;                    /* hangs from the start, -1 for none */

    uint32_t dead;                      /* engines without DMA; atomic */

    QemuMutex lock;
    QemuCond cond;
    /* Under lock: */
    bool done;
    bool stalled;                       /* an access waits for UNLOCK */
    enum apu_job_status stop;           /* OK: go on */
    uint64_t dma_dropped;
    uint64_t cmd_va[APU_MAX_STREAMS];
    /* The thread's until done: */
    bool frozen;                        /* its time limit does not fire */
    uint32_t ecc_corrected;
    struct apu_job_completion out;
} ApuGang;

/* The caller fills job, grant and what is for faults, then starts it. */
ApuGang *apu_gang_new(ApuMmu *mmu, ApuL1 *l1, void (*on_done)(void *opaque),
                      void *opaque);
/* Not until it is joined, if @deferred. */
void apu_gang_start(ApuGang *g, ThreadPool *pool, bool deferred);

/* The thread must have ended. */
void apu_gang_free(ApuGang *g);

bool apu_gang_is_done(ApuGang *g);

/*
 * Waits for the thread to end. False: it did not, as an access waits for an
 * UNLOCK that only the guest can give.
 */
bool apu_gang_join(ApuGang *g);

/* Ends the gang early, with @status; the first of several calls counts. */
void apu_gang_stop(ApuGang *g, enum apu_job_status status);

/* Drops DMA of an engine that lost its state. */
void apu_gang_kill_engine(ApuGang *g, unsigned engine);

uint64_t apu_gang_cmd_va(ApuGang *g, unsigned stream);

#endif

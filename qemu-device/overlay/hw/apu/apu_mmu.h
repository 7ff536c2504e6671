/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: MMU. Accesses come from worker threads without the BQL; the
 * command unit runs in the main loop. ApuMmu.lock orders the two.
 */
#ifndef HW_APU_MMU_H
#define HW_APU_MMU_H

#include "qemu/thread.h"
#include "apu_compat.h"
#include "apu_exec.h"

#define APU_VA_BITS 39
#define APU_PA_BITS 40

typedef struct ApuMmu {
    AddressSpace *as;
    QemuMutex lock;
    /* UNLOCK, a client stopped, its copy ended, an epoch drained */
    QemuCond cond;
    GHashTable *tlb;
    /*
     * Accesses under way. A command moves new ones to the other epoch and is
     * done when its own has drained.
     */
    unsigned epoch;
    unsigned inflight[2];
    bool locked;
    uint16_t lock_asid;
    uint64_t lock_first;    /* first and last byte of the range */
    uint64_t lock_last;
    bool lock_empty;

    uint64_t walks;
    uint64_t stalls;
} ApuMmu;

/* Whose access it is. */
typedef struct ApuMmuClient {
    uint64_t ttbr;
    uint16_t asid;
    /* Under ApuMmu.lock: */
    bool stopped;           /* its accesses come back with POWER_LOST */
    bool stalled;           /* one waits for UNLOCK */
    bool copying;           /* one is under way; there is one at a time */
    void (*on_stall)(struct ApuMmuClient *client, bool stalled);
} ApuMmuClient;

void apu_mmu_init(ApuMmu *m, AddressSpace *as);
void apu_mmu_destroy(ApuMmu *m);

/* Forgets translations and the lock; no access may be under way. */
void apu_mmu_reset(ApuMmu *m);

/* Worker threads: copy between @buf and the client's address space. */
enum apu_job_status apu_mmu_access(ApuMmu *m, ApuMmuClient *client,
                                   uint64_t va, void *buf, size_t len,
                                   bool write, struct apu_exec_fault *fault);

/*
 * Lets no further access of the client through, wakes one that stalls. One
 * under way is waited for, never for long: nothing arrives after the return.
 */
void apu_mmu_stop(ApuMmu *m, ApuMmuClient *client);

/*
 * Runs a command up to the point where only accesses under way are to be
 * waited for. False: the command is in error. *epoch is for apu_mmu_drain().
 */
bool apu_mmu_command(ApuMmu *m, unsigned op, uint16_t asid, uint64_t addr,
                     uint64_t size, unsigned *epoch);

/* Waits for the accesses of @epoch: each is one copy, so never for long. */
void apu_mmu_drain(ApuMmu *m, unsigned epoch);

#endif

/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: one running job and the thread that executes it.
 */

#include "qemu/osdep.h"
#include "qemu/lockable.h"
#include "qemu/rcu.h"
#include "apu_gang.h"
#include "trace.h"

static bool apu_gang_may_dma(ApuGang *g, unsigned engine)
{
    return !(qatomic_read(&g->dead) & BIT(engine));
}

static enum apu_job_status apu_gang_drop_dma(ApuGang *g)
{
    QEMU_LOCK_GUARD(&g->lock);
    g->dma_dropped++;
    return APU_JOB_STATUS_POWER_LOST;
}

static ApuFaultAction apu_gang_fault(ApuGang *g, ApuFaultEvent on,
                                     unsigned engine, ApuFaultRule *rule)
{
    const ApuFaultPlace place = {
        .engines = BIT(engine),
        .ctx = g->client.asid,
        .slot = g->slot,
    };

    return apu_fault(g->faults, on, &place, rule);
}

static enum apu_job_status apu_gang_access(ApuGang *g, ApuFaultEvent on,
                                           unsigned engine, uint64_t va,
                                           void *buf, size_t len,
                                           struct apu_exec_fault *fault)
{
    bool write = on == APU_FAULT_ON_WRITE;
    ApuFaultRule rule;
    ApuFaultAction action;
    enum apu_job_status status;

    if (!apu_gang_may_dma(g, engine)) {
        return apu_gang_drop_dma(g);
    }
    action = apu_gang_fault(g, on, engine, &rule);
    if (action == APU_FAULT_BUS_ERROR || action == APU_FAULT_MMU_FAULT) {
        fault->va = va;
        fault->write = write;
        fault->kind = rule.kind;
        return action == APU_FAULT_BUS_ERROR ? APU_JOB_STATUS_BUS_ERROR :
                                               APU_JOB_STATUS_MMU_FAULT;
    }
    status = apu_mmu_access(g->mmu, &g->client, va, buf, len, write, fault);
    /* The gang was stopped within the access: an abort drops nothing. */
    if (status == APU_JOB_STATUS_POWER_LOST && !apu_gang_may_dma(g, engine)) {
        return apu_gang_drop_dma(g);
    }
    if (status == APU_JOB_STATUS_OK && action == APU_FAULT_READ_ONES) {
        memset(buf, 0xff, len);
    } else if (status == APU_JOB_STATUS_OK && action == APU_FAULT_CORRUPT) {
        *(uint8_t *)buf ^= 0xff;
    }
    return status;
}

static enum apu_job_status apu_gang_read(void *opaque, unsigned engine,
                                         uint64_t va, void *buf, size_t len,
                                         struct apu_exec_fault *fault)
{
    return apu_gang_access(opaque, APU_FAULT_ON_READ, engine, va, buf, len,
                           fault);
}

static enum apu_job_status apu_gang_fetch(void *opaque, unsigned engine,
                                          uint64_t va, void *buf, size_t len,
                                          struct apu_exec_fault *fault)
{
    return apu_gang_access(opaque, APU_FAULT_ON_FETCH, engine, va, buf, len,
                           fault);
}

static enum apu_job_status apu_gang_write(void *opaque, unsigned engine,
                                          uint64_t va, const void *buf,
                                          size_t len,
                                          struct apu_exec_fault *fault)
{
    return apu_gang_access(opaque, APU_FAULT_ON_WRITE, engine, va,
                           (void *)buf, len, fault);
}

static enum apu_job_status apu_gang_inject(void *opaque, unsigned engine)
{
    ApuGang *g = opaque;
    ApuFaultRule rule;

    if (g->hang_engine == (int)engine) {
        return APU_JOB_STATUS_PENDING;
    }
    switch (apu_gang_fault(g, APU_FAULT_ON_COMMAND, engine, &rule)) {
    case APU_FAULT_FREEZE:
        g->frozen = true;
        return APU_JOB_STATUS_PENDING;
    case APU_FAULT_HANG:
        return APU_JOB_STATUS_PENDING;
    case APU_FAULT_ECC_UNCORRECTED:
        return APU_JOB_STATUS_ECC_ERROR;
    case APU_FAULT_ECC_CORRECTED:
        g->ecc_corrected++;
        return APU_JOB_STATUS_OK;
    default:
        return APU_JOB_STATUS_OK;
    }
}

static enum apu_job_status apu_gang_poll(void *opaque)
{
    ApuGang *g = opaque;

    QEMU_LOCK_GUARD(&g->lock);
    return g->stop;
}

static void apu_gang_command(void *opaque, unsigned stream, unsigned engine,
                             uint64_t va, const struct apu_cmd_header *hdr,
                             uint64_t cycle)
{
    ApuGang *g = opaque;

    trace_apu_command(stream, engine, va, hdr->opcode, cycle);
    QEMU_LOCK_GUARD(&g->lock);
    g->cmd_va[stream] = va;
}

static const struct apu_exec_ops apu_gang_ops = {
    .read = apu_gang_read,
    .fetch = apu_gang_fetch,
    .inject = apu_gang_inject,
    .write = apu_gang_write,
    .poll = apu_gang_poll,
    .command = apu_gang_command,
};

static int apu_gang_thread(void *opaque)
{
    ApuGang *g = opaque;
    void (*on_done)(void *opaque) = g->on_done;
    void *done_opaque = g->opaque;

    /* Guest memory is read under RCU; pool threads are not registered. */
    rcu_register_thread();
    apu_l1_enter(g->l1, &g->grant, g->bounce);
    apu_exec_run(&g->job, &apu_gang_ops, g, &g->out);
    apu_l1_leave(g->l1, &g->grant, g->bounce);
    rcu_unregister_thread();

    qemu_mutex_lock(&g->lock);
    g->done = true;
    qemu_cond_broadcast(&g->cond);
    qemu_mutex_unlock(&g->lock);
    /*
     * Not the gang's any more: whoever saw "done" may have freed it. The
     * device waits for the pool before it goes.
     */
    on_done(done_opaque);
    return 0;
}

static void apu_gang_stalled(ApuMmuClient *client, bool stalled)
{
    ApuGang *g = container_of(client, ApuGang, client);

    QEMU_LOCK_GUARD(&g->lock);
    g->stalled = stalled;
    qemu_cond_broadcast(&g->cond);
}

ApuGang *apu_gang_new(ApuMmu *mmu, ApuL1 *l1, void (*on_done)(void *opaque),
                      void *opaque)
{
    ApuGang *g = g_new0(ApuGang, 1);

    g->mmu = mmu;
    g->l1 = l1;
    g->client.on_stall = apu_gang_stalled;
    g->on_done = on_done;
    g->opaque = opaque;
    g->stop = APU_JOB_STATUS_OK;
    g->hang_engine = -1;
    qemu_mutex_init(&g->lock);
    qemu_cond_init(&g->cond);
    return g;
}

static void apu_gang_submit(ApuGang *g, ThreadPool *pool)
{
    g->pool = NULL;
    thread_pool_submit(pool, apu_gang_thread, g, NULL);
}

void apu_gang_start(ApuGang *g, ThreadPool *pool, bool deferred)
{
    g->client.ttbr = g->job.desc.ttbr;
    g->client.asid = g->job.desc.asid;
    g->job.l1 = apu_l1_direct(g->l1, g->grant.banks);
    if (!g->job.l1) {
        g->bounce = g_malloc(apu_l1_bytes(g->grant.banks));
        g->job.l1 = g->bounce;
    }
    if (deferred) {
        g->pool = pool;
    } else {
        apu_gang_submit(g, pool);
    }
}

void apu_gang_free(ApuGang *g)
{
    assert(apu_gang_is_done(g));
    qemu_cond_destroy(&g->cond);
    qemu_mutex_destroy(&g->lock);
    g_free(g->bounce);
    g_free(g);
}

bool apu_gang_is_done(ApuGang *g)
{
    QEMU_LOCK_GUARD(&g->lock);
    return g->done;
}

bool apu_gang_join(ApuGang *g)
{
    if (g->pool) {
        apu_gang_submit(g, g->pool);
    }

    QEMU_LOCK_GUARD(&g->lock);

    while (!g->done && !(g->stalled && g->stop == APU_JOB_STATUS_OK)) {
        qemu_cond_wait(&g->cond, &g->lock);
    }
    return g->done;
}

void apu_gang_stop(ApuGang *g, enum apu_job_status status)
{
    WITH_QEMU_LOCK_GUARD(&g->lock) {
        if (g->stop == APU_JOB_STATUS_OK) {
            g->stop = status;
        }
    }
    apu_mmu_stop(g->mmu, &g->client);
}

void apu_gang_kill_engine(ApuGang *g, unsigned engine)
{
    qatomic_or(&g->dead, BIT(engine));
}

uint64_t apu_gang_cmd_va(ApuGang *g, unsigned stream)
{
    QEMU_LOCK_GUARD(&g->lock);
    return g->cmd_va[stream];
}

/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: MMU. Walks Arm VMSAv8-64 stage 1 tables (39-bit, 4 KiB granule) in
 * guest RAM and keeps what it found until told to forget it: a driver that
 * misses an invalidation must see the old translation.
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/lockable.h"
#include "qemu/log.h"
#include "qemu/rcu.h"
#include "apu_mmu.h"
#include "trace.h"

#define APU_PAGE_BITS   12
#define APU_LEVEL_BITS  9
#define APU_FIRST_LEVEL 1
#define APU_LAST_LEVEL  3

#define APU_PTE_VALID   BIT_ULL(0)
#define APU_PTE_TABLE   BIT_ULL(1)      /* at the last level: page */
#define APU_PTE_RDONLY  BIT_ULL(7)      /* AP[2] */
#define APU_PTE_AF      BIT_ULL(10)
#define APU_PTE_ADDR    MAKE_64BIT_MASK(12, 36)

/*
 * The longest copy between two looks at the lock: bounds how long a command,
 * or a reset, waits for accesses under way.
 */
#define APU_MMU_CHUNK   (64 * 1024)

/*
 * Tables can point to themselves, so a guest could make any number of
 * translations. Beyond this one, far above what a driver needs, all go.
 */
#define APU_TLB_MAX     (1024 * 1024)

typedef struct ApuTlbEntry {
    uint64_t key;
    uint64_t pa;
    bool readonly;
} ApuTlbEntry;

static const MemTxAttrs apu_mmu_attrs = { .memory = 1 };

static unsigned apu_level_shift(unsigned level)
{
    return APU_PAGE_BITS + APU_LEVEL_BITS * (APU_LAST_LEVEL - level);
}

/* ASID, level and the bits of the address that the level translates. */
static uint64_t apu_tlb_key(uint16_t asid, unsigned level, uint64_t va)
{
    return (uint64_t)asid << 48 | (uint64_t)level << 44 |
           va >> apu_level_shift(level);
}

/*
 * Copies to or from RAM, and only there: a device behind the address would
 * need the BQL, which the thread that waits for this one may hold.
 */
static MemTxResult apu_mmu_ram(ApuMmu *m, hwaddr pa, void *buf, hwaddr len,
                               bool write)
{
    RCU_READ_LOCK_GUARD();

    while (len) {
        hwaddr xlat, n = len;
        MemoryRegion *mr = address_space_translate(m->as, pa, &xlat, &n, write,
                                                   apu_mmu_attrs);
        MemTxResult res;

        if (!memory_region_is_ram(mr) || memory_region_is_ram_device(mr) ||
            (write && memory_region_is_rom(mr))) {
            return MEMTX_ACCESS_ERROR;
        }
        res = address_space_rw(m->as, pa, apu_mmu_attrs, buf, n, write);
        if (res != MEMTX_OK) {
            return res;
        }
        pa += n;
        buf += n;
        len -= n;
    }
    return MEMTX_OK;
}

static enum apu_fault_kind apu_mmu_walk(ApuMmu *m, const ApuMmuClient *client,
                                        uint64_t va, ApuTlbEntry *entry)
{
    uint64_t table = client->ttbr;

    m->walks++;
    for (unsigned level = APU_FIRST_LEVEL; level <= APU_LAST_LEVEL; level++) {
        unsigned shift = apu_level_shift(level);
        uint64_t pte, out;

        if (apu_mmu_ram(m, table + extract64(va, shift, APU_LEVEL_BITS) * 8,
                        &pte, sizeof(pte), false) != MEMTX_OK) {
            return APU_FAULT_KIND_WALK_BUS_ERROR;
        }
        pte = le64_to_cpu(pte);
        if (!(pte & APU_PTE_VALID)) {
            return APU_FAULT_KIND_TRANSLATION;
        }
        out = pte & APU_PTE_ADDR;
        if (out >> APU_PA_BITS) {
            return APU_FAULT_KIND_ADDRESS_SIZE;
        }
        if (level < APU_LAST_LEVEL && (pte & APU_PTE_TABLE)) {
            table = out;
            continue;
        }
        if (level == APU_LAST_LEVEL && !(pte & APU_PTE_TABLE)) {
            return APU_FAULT_KIND_TRANSLATION;
        }
        if (!(pte & APU_PTE_AF)) {
            return APU_FAULT_KIND_TRANSLATION;
        }
        entry->key = apu_tlb_key(client->asid, level, va);
        entry->pa = out & ~MAKE_64BIT_MASK(0, shift);
        entry->readonly = pte & APU_PTE_RDONLY;
        trace_apu_mmu_walk(client->asid, va, level, entry->pa,
                           entry->readonly);
        return APU_FAULT_KIND_NONE;
    }
    g_assert_not_reached();
}

static const ApuTlbEntry *apu_tlb_find(ApuMmu *m, uint16_t asid, uint64_t va,
                                       unsigned *level)
{
    for (*level = APU_LAST_LEVEL; *level >= APU_FIRST_LEVEL; (*level)--) {
        uint64_t key = apu_tlb_key(asid, *level, va);
        const ApuTlbEntry *entry = g_hash_table_lookup(m->tlb, &key);

        if (entry) {
            return entry;
        }
    }
    return NULL;
}

/* *run is the number of bytes up to the end of the page or block. */
static enum apu_fault_kind apu_mmu_translate(ApuMmu *m,
                                             const ApuMmuClient *client,
                                             uint64_t va, bool write,
                                             hwaddr *pa, uint64_t *run)
{
    unsigned level;
    const ApuTlbEntry *entry;
    uint64_t mask;

    if (va >> APU_VA_BITS) {
        return APU_FAULT_KIND_ADDRESS_SIZE;
    }
    entry = apu_tlb_find(m, client->asid, va, &level);
    if (!entry) {
        ApuTlbEntry found;
        enum apu_fault_kind kind = apu_mmu_walk(m, client, va, &found);

        if (kind != APU_FAULT_KIND_NONE) {
            return kind;
        }
        if (g_hash_table_size(m->tlb) >= APU_TLB_MAX) {
            qemu_log_mask(LOG_UNIMP, "apu-mmu: TLB is full, emptied\n");
            g_hash_table_remove_all(m->tlb);
        }
        entry = g_memdup2(&found, sizeof(found));
        g_hash_table_add(m->tlb, (gpointer)entry);
        level = extract64(found.key, 44, 4);
    }
    if (write && entry->readonly) {
        return APU_FAULT_KIND_PERMISSION;
    }
    mask = MAKE_64BIT_MASK(0, apu_level_shift(level));
    *pa = entry->pa | (va & mask);
    *run = mask + 1 - (va & mask);
    return APU_FAULT_KIND_NONE;
}

static bool apu_mmu_is_locked(const ApuMmu *m, uint16_t asid, uint64_t va)
{
    return m->locked && !m->lock_empty && m->lock_asid == asid &&
           va >= m->lock_first && va <= m->lock_last;
}

/* Waits while @va is locked. False: the client was stopped. */
static bool apu_mmu_pass_lock(ApuMmu *m, ApuMmuClient *client, uint64_t va)
{
    while (!client->stopped && apu_mmu_is_locked(m, client->asid, va)) {
        if (!client->stalled) {
            client->stalled = true;
            m->stalls++;
            trace_apu_mmu_stall(client->asid, va);
            client->on_stall(client, true);
        }
        qemu_cond_wait(&m->cond, &m->lock);
    }
    if (client->stalled) {
        client->stalled = false;
        client->on_stall(client, false);
    }
    return !client->stopped;
}

/*
 * Finds the physically contiguous run that begins at @va. A page that cannot
 * be reached only ends the run: it is reported when it is next.
 */
static enum apu_fault_kind apu_mmu_run(ApuMmu *m, const ApuMmuClient *client,
                                       uint64_t va, size_t len, bool write,
                                       hwaddr *pa, size_t *run)
{
    size_t max = MIN(len, APU_MMU_CHUNK);
    uint64_t bytes;
    enum apu_fault_kind kind = apu_mmu_translate(m, client, va, write, pa,
                                                 &bytes);

    if (kind != APU_FAULT_KIND_NONE) {
        return kind;
    }
    while (bytes < max) {
        hwaddr next;
        uint64_t more;

        if (apu_mmu_is_locked(m, client->asid, va + bytes) ||
            apu_mmu_translate(m, client, va + bytes, write, &next, &more) ||
            next != *pa + bytes) {
            break;
        }
        bytes += more;
    }
    /* A locked range need not begin on a page. */
    if (m->locked && !m->lock_empty && m->lock_asid == client->asid &&
        m->lock_first > va) {
        bytes = MIN(bytes, m->lock_first - va);
    }
    *run = MIN(bytes, max);
    return APU_FAULT_KIND_NONE;
}

enum apu_job_status apu_mmu_access(ApuMmu *m, ApuMmuClient *client,
                                   uint64_t va, void *buf, size_t len,
                                   bool write, struct apu_exec_fault *fault)
{
    while (len) {
        hwaddr pa;
        size_t run;
        unsigned epoch;
        MemTxResult res;

        qemu_mutex_lock(&m->lock);
        if (!apu_mmu_pass_lock(m, client, va)) {
            qemu_mutex_unlock(&m->lock);
            return APU_JOB_STATUS_POWER_LOST;
        }
        fault->kind = apu_mmu_run(m, client, va, len, write, &pa, &run);
        if (fault->kind != APU_FAULT_KIND_NONE) {
            qemu_mutex_unlock(&m->lock);
            fault->va = va;
            fault->write = write;
            return APU_JOB_STATUS_MMU_FAULT;
        }
        epoch = m->epoch;
        m->inflight[epoch]++;
        client->copying = true;
        qemu_mutex_unlock(&m->lock);

        res = apu_mmu_ram(m, pa, buf, run, write);

        qemu_mutex_lock(&m->lock);
        client->copying = false;
        if (--m->inflight[epoch] == 0 || client->stopped) {
            qemu_cond_broadcast(&m->cond);
        }
        qemu_mutex_unlock(&m->lock);

        if (res != MEMTX_OK) {
            fault->va = va;
            fault->write = write;
            return APU_JOB_STATUS_BUS_ERROR;
        }
        va += run;
        buf += run;
        len -= run;
    }
    return APU_JOB_STATUS_OK;
}

void apu_mmu_stop(ApuMmu *m, ApuMmuClient *client)
{
    QEMU_LOCK_GUARD(&m->lock);
    client->stopped = true;
    qemu_cond_broadcast(&m->cond);
    while (client->copying) {
        qemu_cond_wait(&m->cond, &m->lock);
    }
}

typedef struct ApuTlbRange {
    uint16_t asid;
    uint64_t first;
    uint64_t last;
} ApuTlbRange;

static gboolean apu_tlb_in_range(gpointer key, gpointer value, gpointer opaque)
{
    const ApuTlbEntry *entry = value;
    const ApuTlbRange *range = opaque;
    unsigned shift = apu_level_shift(extract64(entry->key, 44, 4));
    uint64_t first = extract64(entry->key, 0, 44) << shift;

    return extract64(entry->key, 48, 16) == range->asid &&
           first <= range->last &&
           (first | MAKE_64BIT_MASK(0, shift)) >= range->first;
}

static void apu_mmu_invalidate(ApuMmu *m, uint16_t asid, uint64_t first,
                               uint64_t last)
{
    ApuTlbRange range = { .asid = asid, .first = first, .last = last };
    uint64_t pages = (last >> APU_PAGE_BITS) - (first >> APU_PAGE_BITS) + 1;
    guint before = g_hash_table_size(m->tlb);

    if (pages >= before) {
        g_hash_table_foreach_remove(m->tlb, apu_tlb_in_range, &range);
    } else {
        for (uint64_t i = 0; i < pages; i++) {
            uint64_t va = first + (i << APU_PAGE_BITS);

            for (unsigned l = APU_FIRST_LEVEL; l <= APU_LAST_LEVEL; l++) {
                uint64_t key = apu_tlb_key(asid, l, va);

                g_hash_table_remove(m->tlb, &key);
            }
        }
    }
    trace_apu_mmu_invalidate(asid, first, last,
                             before - g_hash_table_size(m->tlb));
}

bool apu_mmu_command(ApuMmu *m, unsigned op, uint16_t asid, uint64_t addr,
                     uint64_t size, unsigned *epoch)
{
    /* The last byte; of an empty range, the one before the first. */
    uint64_t last = addr + size - 1;

    if ((op == APU_MMU_OP_INV_RANGE || op == APU_MMU_OP_LOCK) &&
        size && last < addr) {
        qemu_log_mask(LOG_GUEST_ERROR, "apu-mmu: range wraps\n");
        return false;
    }

    QEMU_LOCK_GUARD(&m->lock);
    switch (op) {
    case APU_MMU_OP_INV_ALL:
        trace_apu_mmu_invalidate_all(g_hash_table_size(m->tlb));
        g_hash_table_remove_all(m->tlb);
        break;
    case APU_MMU_OP_INV_ASID:
        apu_mmu_invalidate(m, asid, 0, MAKE_64BIT_MASK(0, APU_VA_BITS));
        break;
    case APU_MMU_OP_INV_RANGE:
        /* What lies beyond the address width is in no entry. */
        if (size && !(addr >> APU_VA_BITS)) {
            apu_mmu_invalidate(m, asid, addr,
                               MIN(last, MAKE_64BIT_MASK(0, APU_VA_BITS)));
        }
        break;
    case APU_MMU_OP_LOCK:
        if (m->locked) {
            qemu_log_mask(LOG_GUEST_ERROR, "apu-mmu: LOCK while locked\n");
            return false;
        }
        trace_apu_mmu_lock(asid, addr, size);
        m->locked = true;
        m->lock_asid = asid;
        m->lock_first = addr;
        m->lock_last = last;
        m->lock_empty = !size;
        break;
    case APU_MMU_OP_UNLOCK:
        trace_apu_mmu_unlock();
        m->locked = false;
        qemu_cond_broadcast(&m->cond);
        break;
    default:
        qemu_log_mask(LOG_GUEST_ERROR, "apu-mmu: unknown command %u\n", op);
        return false;
    }
    *epoch = m->epoch;
    m->epoch ^= 1;
    return true;
}

void apu_mmu_drain(ApuMmu *m, unsigned epoch)
{
    QEMU_LOCK_GUARD(&m->lock);
    while (m->inflight[epoch]) {
        qemu_cond_wait(&m->cond, &m->lock);
    }
}

void apu_mmu_reset(ApuMmu *m)
{
    QEMU_LOCK_GUARD(&m->lock);
    assert(!m->inflight[0] && !m->inflight[1]);
    g_hash_table_remove_all(m->tlb);
    m->locked = false;
}

void apu_mmu_init(ApuMmu *m, AddressSpace *as)
{
    m->as = as;
    qemu_mutex_init(&m->lock);
    qemu_cond_init(&m->cond);
    /* The entry is its own key: the key is its first member. */
    m->tlb = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
}

void apu_mmu_destroy(ApuMmu *m)
{
    g_hash_table_destroy(m->tlb);
    qemu_cond_destroy(&m->cond);
    qemu_mutex_destroy(&m->lock);
}

/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: the MMU. Walks of every level, every fault, what the TLB keeps and
 * what it must forget, and the lock.
 */

#include "qemu/osdep.h"
#include "apu-util.h"

#define FIRST_LEVEL 1
#define LAST_LEVEL  3
#define NO_FAULT    APU_FAULT_KIND_NONE

/* The data page, mapped by one entry of each level. */
typedef struct Leaf {
    uint64_t va;
    uint64_t entry[LAST_LEVEL + 1];     /* where the entries are, by level */
    uint64_t pte;                       /* of the leaf, readable and writable */
} Leaf;

static Leaf make_leaf(Apu *a, unsigned level)
{
    Leaf leaf = { .va = (uint64_t)(level + 1) << 30 };
    uint64_t table = a->desc.ttbr;
    uint64_t size = 1ull << (12 + 9 * (LAST_LEVEL - level));

    /* The page is where it is in its block. */
    leaf.va += a->data & (size - 1);
    for (unsigned l = FIRST_LEVEL; l <= level; l++) {
        leaf.entry[l] = table + extract64(leaf.va, 12 + 9 * (LAST_LEVEL - l),
                                          9) * 8;
        if (l < level) {
            table = new_table(a);
            qtest_writeq(a->qts, leaf.entry[l],
                         table | PTE_TABLE | PTE_VALID);
        }
    }
    leaf.pte = (a->data & ~(size - 1)) | PTE_VALID | PTE_AF |
               (level == LAST_LEVEL ? PTE_TABLE : 0);
    qtest_writeq(a->qts, leaf.entry[level], leaf.pte);
    return leaf;
}

/* Job: eDMA 0 reads a byte at @va, or writes @value. */
static void access_job(Apu *a, uint64_t va, bool write, uint8_t value)
{
    a->desc.num_streams = 0;
    a->desc.l1_kib = 1;
    a->next_text %= TEXT_PAGES - 4;
    stream(a, APU_ENGINE_CLASS_EDMA);
    cmd_region(a, 0, APU_REGION_IO, va, 16);
    if (write) {
        cmd_fill(a, 0, DATA_REF(0), 1, value);
    } else {
        cmd_copy(a, 0, DATA_REF(0), L1_REF(0), 1);
    }
}

/* The job ends with a fault of @kind at @va, or without one. */
static void expect(Apu *a, uint64_t va, bool write, enum apu_fault_kind kind)
{
    uint32_t reg = A_APU_TOP_FAULT_STATUS + 16 * EDMA0;
    struct apu_job_completion c;
    uint32_t status = top_read(a, reg);

    g_assert_cmphex(status, ==, 0);
    ring(a, 2);
    c = wait_slot(a, 2);
    if (kind == NO_FAULT) {
        g_assert_cmpuint(c.status, ==, APU_JOB_STATUS_OK);
        g_assert_cmphex(top_read(a, reg), ==, 0);
        return;
    }
    g_assert_cmpuint(c.status, ==, APU_JOB_STATUS_MMU_FAULT);
    g_assert_cmphex(c.fault_va, ==, va);
    g_assert_cmphex(c.detail, ==, kind | write << 8);
    g_assert_cmpuint(c.fail_engine, ==, EDMA0);
    status = top_read(a, reg);
    g_assert_cmphex(status, ==, 1 | write << 1 | kind << 4 | 2 << 8 |
                                (uint32_t)a->desc.asid << 16);
    g_assert_cmphex(top_read(a, reg + 8), ==, (uint32_t)va);
    g_assert_cmphex(top_read(a, reg + 12), ==, va >> 32);
    top_write(a, reg, UINT32_MAX);
}

static void expect_both(Apu *a, uint64_t va, enum apu_fault_kind read_kind,
                        enum apu_fault_kind write_kind)
{
    mmu_command(a, APU_MMU_OP_INV_ALL, 0, 0);
    access_job(a, va, false, 0);
    expect(a, va, false, read_kind);
    mmu_command(a, APU_MMU_OP_INV_ALL, 0, 0);
    access_job(a, va, true, 0x42);
    expect(a, va, true, write_kind);
}

/* --- walks ---------------------------------------------------------------- */

static void test_mmu_walk(void)
{
    Apu *a = apu_start_powered("");

    for (unsigned level = FIRST_LEVEL; level <= LAST_LEVEL; level++) {
        Leaf leaf = make_leaf(a, level);
        uint64_t walks;

        g_test_message("level %u", level);
        expect_both(a, leaf.va, NO_FAULT, NO_FAULT);
        g_assert_cmphex(data_byte(a, 0), ==, 0x42);
        qtest_writeb(a->qts, a->data, 0);

        /* The text and the leaf, once each. */
        mmu_command(a, APU_MMU_OP_INV_ALL, 0, 0);
        walks = top_counter(a, "tlb-walks");
        access_job(a, leaf.va, true, 1);
        expect(a, leaf.va, true, NO_FAULT);
        expect(a, leaf.va, true, NO_FAULT);
        g_assert_cmpuint(top_counter(a, "tlb-walks"), ==, walks + 2);

        /* Bits that the hardware does not look at. */
        qtest_writeq(a->qts, leaf.entry[level], leaf.pte | BIT_ULL(6) |
                     7 << 2 | 3 << 8 | BIT_ULL(11) | 0x7ffull << 52);
        expect_both(a, leaf.va, NO_FAULT, NO_FAULT);

        qtest_writeq(a->qts, leaf.entry[level], leaf.pte | PTE_RDONLY);
        expect_both(a, leaf.va, NO_FAULT, APU_FAULT_KIND_PERMISSION);
    }
    apu_stop(a);
}

/* Each way in which an entry of each level can be wrong. */
static void test_mmu_faults(void)
{
    Apu *a = apu_start_powered("");
    Leaf leaf;

    for (unsigned level = FIRST_LEVEL; level <= LAST_LEVEL; level++) {
        leaf = make_leaf(a, level);
        g_test_message("leaf at level %u", level);
        for (unsigned l = FIRST_LEVEL; l <= level; l++) {
            uint64_t good = qtest_readq(a->qts, leaf.entry[l]);

            qtest_writeq(a->qts, leaf.entry[l], good & ~PTE_VALID);
            expect_both(a, leaf.va, APU_FAULT_KIND_TRANSLATION,
                        APU_FAULT_KIND_TRANSLATION);
            qtest_writeq(a->qts, leaf.entry[l], good | BIT_ULL(40));
            expect_both(a, leaf.va, APU_FAULT_KIND_ADDRESS_SIZE,
                        APU_FAULT_KIND_ADDRESS_SIZE);
            qtest_writeq(a->qts, leaf.entry[l],
                         BUS_HOLE | PTE_TABLE | PTE_VALID);
            if (l < LAST_LEVEL) {
                expect_both(a, leaf.va, APU_FAULT_KIND_WALK_BUS_ERROR,
                            APU_FAULT_KIND_WALK_BUS_ERROR);
            }
            qtest_writeq(a->qts, leaf.entry[l], good);
        }
        qtest_writeq(a->qts, leaf.entry[level], leaf.pte & ~PTE_AF);
        expect_both(a, leaf.va, APU_FAULT_KIND_TRANSLATION,
                    APU_FAULT_KIND_TRANSLATION);
        qtest_writeq(a->qts, leaf.entry[level], leaf.pte);
        expect_both(a, leaf.va, NO_FAULT, NO_FAULT);
    }
    /* A block where only pages can be. */
    qtest_writeq(a->qts, leaf.entry[LAST_LEVEL], leaf.pte & ~PTE_TABLE);
    expect_both(a, leaf.va, APU_FAULT_KIND_TRANSLATION,
                APU_FAULT_KIND_TRANSLATION);

    expect_both(a, BIT_ULL(39), APU_FAULT_KIND_ADDRESS_SIZE,
                APU_FAULT_KIND_ADDRESS_SIZE);
    /* The root itself; the first access is to the commands. */
    access_job(a, leaf.va, true, 1);
    a->desc.ttbr = BUS_HOLE;
    mmu_command(a, APU_MMU_OP_INV_ALL, 0, 0);
    expect(a, a->desc.streams[0].va, false, APU_FAULT_KIND_WALK_BUS_ERROR);
    a->desc.streams[0].va = BIT_ULL(39);
    expect(a, BIT_ULL(39), false, APU_FAULT_KIND_ADDRESS_SIZE);
    apu_stop(a);
}

static void test_mmu_bus_error(void)
{
    Apu *a = apu_start_powered("");

    simple_job(a, 1);
    map(a, DATA_VA, BUS_HOLE, 1, 0);
    run_expect(a, 0, APU_JOB_STATUS_BUS_ERROR);
    g_assert_cmphex(record(a, 0).fault_va, ==, DATA_VA);
    /* Registers are no memory: an engine cannot write its own TOP's. */
    map(a, DATA_VA + 0x1000, TOP, 1, 0);
    a->desc.num_streams = 0;
    data_stream(a, APU_ENGINE_CLASS_EDMA);
    cmd_fill(a, 0, DATA_REF(0x1000 + A_APU_TOP_IRQ_MASK), 4, 0);
    run_expect(a, 0, APU_JOB_STATUS_BUS_ERROR);
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_MASK), ==, UINT32_MAX);
    apu_stop(a);
}

/* --- TLB ------------------------------------------------------------------ */

static void test_mmu_stale(void)
{
    Apu *a = apu_start_powered("");
    static const enum apu_mmu_op ops[] = {
        APU_MMU_OP_INV_ALL, APU_MMU_OP_INV_ASID, APU_MMU_OP_INV_RANGE,
    };
    uint64_t old = a->data;
    uint8_t value = 1;

    simple_job(a, value);
    run_expect(a, 0, APU_JOB_STATUS_OK);
    for (unsigned i = 0; i < ARRAY_SIZE(ops); i++) {
        uint64_t new = new_pages(a, 1);

        /* Until it is told, the MMU writes to where the page was. */
        map(a, DATA_VA, new, 1, 0);
        simple_job(a, ++value);
        run_expect(a, 0, APU_JOB_STATUS_OK);
        g_assert_cmphex(qtest_readb(a->qts, old), ==, value);
        g_assert_cmphex(qtest_readb(a->qts, new), ==, 0);
        mmu_command(a, ops[i], DATA_VA, 1);
        run_expect(a, 0, APU_JOB_STATUS_OK);
        g_assert_cmphex(qtest_readb(a->qts, new), ==, value);
        old = new;
    }
    apu_stop(a);
}

typedef struct Invalidation {
    enum apu_mmu_op op;
    uint16_t asid;
    /* Relative to the leaf, in pages of its size. */
    int64_t first, num;
    bool forgets;
} Invalidation;

/* What each command forgets and what it leaves, for every size of leaf. */
static void test_mmu_invalidate(void)
{
    static const Invalidation cases[] = {
        { APU_MMU_OP_INV_ALL, 0, 0, 0, true },
        { APU_MMU_OP_INV_ASID, ASID, 0, 0, true },
        { APU_MMU_OP_INV_ASID, ASID + 1, 0, 0, false },
        { APU_MMU_OP_INV_RANGE, ASID, 0, 1, true },
        { APU_MMU_OP_INV_RANGE, ASID, -1, 3, true },
        { APU_MMU_OP_INV_RANGE, ASID, -1, 1, false },
        { APU_MMU_OP_INV_RANGE, ASID, 1, 1, false },
        { APU_MMU_OP_INV_RANGE, ASID, 0, 0, false },
        { APU_MMU_OP_INV_RANGE, ASID + 1, 0, 1, false },
    };
    Apu *a = apu_start_powered("");

    for (unsigned level = FIRST_LEVEL; level <= LAST_LEVEL; level++) {
        Leaf leaf = make_leaf(a, level);
        uint64_t size = 1ull << (12 + 9 * (LAST_LEVEL - level));

        for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
            const Invalidation *c = &cases[i];

            g_test_message("level %u, case %u", level, i);
            access_job(a, leaf.va, true, 1);
            mmu_command(a, APU_MMU_OP_INV_ALL, 0, 0);
            qtest_writeq(a->qts, leaf.entry[level], leaf.pte);
            expect(a, leaf.va, true, NO_FAULT);
            qtest_writeq(a->qts, leaf.entry[level], 0);
            expect(a, leaf.va, true, NO_FAULT);
            mmu_command_of(a, c->op, c->asid,
                           (leaf.va & ~(size - 1)) + c->first * size,
                           c->num * size);
            expect(a, leaf.va, true, c->forgets ? APU_FAULT_KIND_TRANSLATION :
                                                  NO_FAULT);
        }
        /* Any part of a leaf is enough: a byte of it, or its upper pages. */
        for (unsigned bytes = 1; bytes <= 0x10000; bytes += 0xffff) {
            qtest_writeq(a->qts, leaf.entry[level], leaf.pte);
            expect(a, leaf.va, true, NO_FAULT);
            qtest_writeq(a->qts, leaf.entry[level], 0);
            mmu_command(a, APU_MMU_OP_INV_RANGE, leaf.va | 0x800, bytes);
            expect(a, leaf.va, true, APU_FAULT_KIND_TRANSLATION);
        }
        qtest_writeq(a->qts, leaf.entry[level], leaf.pte);
    }

    apu_stop(a);
}

/* A translation is its address space's alone. */
static void test_mmu_asid(void)
{
    Apu *a = apu_start_powered("");
    Leaf leaf = make_leaf(a, LAST_LEVEL);

    expect_both(a, leaf.va, NO_FAULT, NO_FAULT);
    qtest_writeq(a->qts, leaf.entry[LAST_LEVEL], 0);
    a->desc.asid = ASID + 1;
    expect(a, leaf.va, true, APU_FAULT_KIND_TRANSLATION);
    a->desc.asid = ASID;
    expect(a, leaf.va, true, NO_FAULT);
    apu_stop(a);
}

/* --- lock ----------------------------------------------------------------- */

static void test_mmu_lock(void)
{
    Apu *a = apu_start_powered("");
    uint32_t locked = R_APU_TOP_MMU_STATUS_LOCKED_MASK;
    uint32_t error = R_APU_TOP_MMU_STATUS_ERROR_MASK;

    mmu_command(a, APU_MMU_OP_LOCK, DATA_VA, 1);
    g_assert_cmphex(top_read(a, A_APU_TOP_MMU_STATUS), ==, locked);
    simple_job(a, 1);
    ring(a, 0);
    /* Another address space is not concerned. */
    a->desc.asid++;
    run_expect(a, 1, APU_JOB_STATUS_OK);
    a->desc.asid--;
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_RUNNING), ==, 1);
    mmu_command(a, APU_MMU_OP_UNLOCK, 0, 0);
    g_assert_cmpuint(wait_slot(a, 0).status, ==, APU_JOB_STATUS_OK);
    g_assert_cmphex(top_read(a, A_APU_TOP_MMU_STATUS), ==, 0);

    mmu_command(a, APU_MMU_OP_INV_RANGE, UINT64_MAX - 1, 3);
    g_assert_cmphex(top_read(a, A_APU_TOP_MMU_STATUS), ==, error);
    mmu_command(a, APU_MMU_OP_INV_ALL, 0, 0);
    g_assert_cmphex(top_read(a, A_APU_TOP_MMU_STATUS), ==, 0);
    mmu_command(a, 9, 0, 0);
    g_assert_cmphex(top_read(a, A_APU_TOP_MMU_STATUS), ==, error);
    apu_stop(a);
}

/* A command goes on when TOP's clock does. */
static void test_mmu_no_clock(void)
{
    Apu *a = apu_start_powered(",mmu-ns=100000");

    top_write(a, A_APU_TOP_MMU_CMD, APU_MMU_OP_INV_ALL);
    pwr_write(a, A_APU_PWR_CLK_EN, ALL_DOMAINS & ~BIT(0));
    qtest_clock_step(a->qts, 100000);
    g_assert_false(qtest_get_irq(a->qts, 0));
    pwr_write(a, A_APU_PWR_CLK_EN, ALL_DOMAINS);
    g_assert_true(qtest_get_irq(a->qts, 0));
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==,
                    R_APU_TOP_IRQ_RAW_MMU_MASK);
    g_assert_cmphex(top_read(a, A_APU_TOP_MMU_STATUS), ==, 0);

    /* Clocks off and on again within the command change nothing. */
    top_write(a, A_APU_TOP_IRQ_RAW, R_APU_TOP_IRQ_RAW_MMU_MASK);
    top_write(a, A_APU_TOP_MMU_CMD, APU_MMU_OP_INV_ALL);
    pwr_write(a, A_APU_PWR_CLK_EN, ALL_DOMAINS & ~BIT(0));
    pwr_write(a, A_APU_PWR_CLK_EN, ALL_DOMAINS);
    g_assert_cmphex(top_read(a, A_APU_TOP_MMU_STATUS), ==, 1);
    qtest_clock_step(a->qts, 100000);
    g_assert_cmphex(top_read(a, A_APU_TOP_MMU_STATUS), ==, 0);
    apu_stop(a);
}

int main(int argc, char **argv)
{
    static const ApuTest tests[] = {
        { "mmu/walk", test_mmu_walk },
        { "mmu/faults", test_mmu_faults },
        { "mmu/bus-error", test_mmu_bus_error },
        { "mmu/stale", test_mmu_stale },
        { "mmu/invalidate", test_mmu_invalidate },
        { "mmu/asid", test_mmu_asid },
        { "mmu/lock", test_mmu_lock },
        { "mmu/no-clock", test_mmu_no_clock },
    };

    return apu_run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}

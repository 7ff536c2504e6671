/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: jobs that depend on each other, jobs that are cut off, and the MMU.
 */

#include "qemu/osdep.h"
#include "apu-util.h"

/* --- order ---------------------------------------------------------------- */

static void test_order_after(void)
{
    Apu *a = apu_start_powered("");

    hold_data(a);
    simple_job(a, 1);
    ring(a, 0);
    a->desc.after = BIT(0) | BIT(9);        /* slot 9 is not active */
    simple_job(a, 2);
    ring(a, 1);
    a->desc.after = BIT(1);
    simple_job(a, 3);
    ring(a, 2);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_ACTIVE), ==, 7);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_RUNNING), ==, 1);
    release_data(a);
    wait_for(a, TOP + A_APU_TOP_SLOT_ACTIVE, 7, 0);
    for (unsigned i = 0; i < 3; i++) {
        g_assert_cmpuint(record(a, i).status, ==, APU_JOB_STATUS_OK);
    }
    g_assert_cmphex(data_byte(a, 0), ==, 3);
    apu_stop(a);
}

static void test_order_cancel(void)
{
    Apu *a = apu_start_powered("");

    hold_data(a);
    simple_job(a, 1);
    ring(a, 0);
    a->desc.after = BIT(0);
    ring(a, 1);
    a->desc.flags |= APU_JOB_FLAG_CANCEL_ON_PRED_FAIL;
    ring(a, 2);
    a->desc.after = BIT(2);
    ring(a, 3);
    top_write(a, A_APU_TOP_SLOT_ABORT, BIT(0));
    release_data(a);
    wait_for(a, TOP + A_APU_TOP_SLOT_ACTIVE, 0xf, 0);
    g_assert_cmpuint(record(a, 0).status, ==, APU_JOB_STATUS_ABORTED);
    g_assert_cmpuint(record(a, 1).status, ==, APU_JOB_STATUS_OK);
    g_assert_cmpuint(record(a, 2).status, ==, APU_JOB_STATUS_CANCELLED);
    g_assert_cmpuint(record(a, 3).status, ==, APU_JOB_STATUS_CANCELLED);
    apu_stop(a);
}

static void test_order_priority(void)
{
    Apu *a = apu_start_powered(",edma=1");

    hold_data(a);
    simple_job(a, 1);
    ring(a, 0);
    /* A gang that needs more than is free, then smaller ones of less rank. */
    endless_job(a);
    stream(a, APU_ENGINE_CLASS_MVPU);
    cmd_plain(a, 1, APU_OP_SIGNAL, 0);
    a->desc.priority = 1;
    ring(a, 1);
    a->desc.num_streams = 0;
    stream(a, APU_ENGINE_CLASS_MVPU);
    cmd_plain(a, 0, APU_OP_NOP, 0);
    a->desc.priority = 0;
    ring(a, 2);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_RUNNING), ==, BIT(0));
    release_data(a);
    wait_for(a, TOP + A_APU_TOP_SLOT_ACTIVE, 7, 0);
    g_assert_cmpuint(record(a, 2).start, >=, record(a, 1).end);
    apu_stop(a);
}

static void test_order_abort(void)
{
    Apu *a = apu_start_powered("");
    uint32_t irq = R_APU_TOP_IRQ_RAW_ABORT_MASK;

    /* One that runs, one that waits, one that is not there. */
    hold_data(a);
    simple_job(a, 1);
    ring(a, 0);
    a->desc.after = BIT(0);
    ring(a, 1);
    top_write(a, A_APU_TOP_SLOT_ABORT, BIT(1) | BIT(8));
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_ABORT_ACK), ==, BIT(1) | BIT(8));
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==, irq | BIT(1));
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_ACTIVE), ==, BIT(0));
    top_write(a, A_APU_TOP_SLOT_ABORT, BIT(0));
    wait_for(a, TOP + A_APU_TOP_SLOT_ABORT_ACK, BIT(0), BIT(0));
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_ACTIVE), ==, 0);
    g_assert_cmphex(top_read(a, A_APU_TOP_ENGINE_BUSY), ==, 0);
    g_assert_cmpuint(record(a, 0).status, ==, APU_JOB_STATUS_ABORTED);
    g_assert_cmpuint(record(a, 1).status, ==, APU_JOB_STATUS_ABORTED);
    g_assert_cmphex(data_byte(a, 0), ==, 0);
    top_write(a, A_APU_TOP_SLOT_ABORT_ACK, UINT32_MAX);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_ABORT_ACK), ==, 0);
    apu_stop(a);
}

/* --- power under jobs ----------------------------------------------------- */

static void test_lost_engine(void)
{
    Apu *a = apu_start_powered("");
    struct apu_job_completion c;

    hold_data(a);
    simple_job(a, 1);
    ring(a, 0);
    wait_for(a, ENGINE(EDMA0) + A_APU_ENG_STATUS, 1, 1);
    pwr_write(a, A_APU_PWR_RST_ASSERT, BIT(1 + EDMA0));
    c = wait_slot(a, 0);
    g_assert_cmpuint(c.status, ==, APU_JOB_STATUS_POWER_LOST);
    g_assert_cmpuint(c.fail_engine, ==, EDMA0);

    /* The other instance takes the next one. */
    release_data(a);
    ring(a, 0);
    c = wait_slot(a, 0);
    g_assert_cmpuint(c.status, ==, APU_JOB_STATUS_OK);
    g_assert_cmphex(c.engines, ==, EDMA1);
    apu_stop(a);
}

static void test_lost_top(void)
{
    Apu *a = apu_start_powered("");

    hold_data(a);
    simple_job(a, 1);
    ring(a, 0);
    a->desc.after = BIT(0);
    ring(a, 1);
    pwr_write(a, A_APU_PWR_PWR_REQ, 0);
    qtest_clock_step(a->qts, POWER_ACK_NS);
    power_all(a);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_ACTIVE), ==, 0);
    g_assert_cmphex(top_read(a, A_APU_TOP_MMU_STATUS), ==, 0);
    g_assert_cmpuint(record(a, 0).status, ==, APU_JOB_STATUS_PENDING);
    g_assert_cmpuint(record(a, 1).status, ==, APU_JOB_STATUS_PENDING);
    g_assert_cmphex(data_byte(a, 0), ==, 0);
    a->desc.after = 0;
    run_expect(a, 0, APU_JOB_STATUS_OK);
    apu_stop(a);
}

static void test_lost_machine(void)
{
    Apu *a = apu_start_powered("");

    hold_data(a);
    simple_job(a, 1);
    ring(a, 0);
    wait_for(a, TOP + A_APU_TOP_SLOT_RUNNING, 1, 1);
    qtest_system_reset(a->qts);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_PWR_ACK), ==, 0);
    power_all(a);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_ACTIVE), ==, 0);
    g_assert_cmphex(data_byte(a, 0), ==, 0);
    run_expect(a, 0, APU_JOB_STATUS_OK);
    /* The clock began again too. */
    g_assert_cmpuint(record(a, 0).end, ==, POWER_ACK_NS);

    /* QEMU ends although an access waits for ever. */
    hold_data(a);
    ring(a, 0);
    apu_stop(a);
}

static void test_lost_clock(void)
{
    Apu *a = apu_start_powered("");

    hold_data(a);
    simple_job(a, 1);
    ring(a, 0);
    pwr_write(a, A_APU_PWR_CLK_EN, ALL_DOMAINS & ~BIT(1 + EDMA0));
    release_data(a);
    g_usleep(20000);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_RUNNING), ==, 1);
    pwr_write(a, A_APU_PWR_CLK_EN, ALL_DOMAINS);
    g_assert_cmpuint(wait_slot(a, 0).status, ==, APU_JOB_STATUS_OK);
    apu_stop(a);
}

/* --- MMU ------------------------------------------------------------------ */

static void expect_fault(Apu *a, uint64_t va, enum apu_fault_kind kind,
                         bool write)
{
    uint32_t reg = A_APU_TOP_FAULT_STATUS + 16 * EDMA0;
    struct apu_job_completion c;
    uint32_t status;

    ring(a, 2);
    c = wait_slot(a, 2);
    g_assert_cmpuint(c.status, ==, APU_JOB_STATUS_MMU_FAULT);
    g_assert_cmphex(c.fault_va, ==, va);
    g_assert_cmphex(c.detail, ==, kind | write << 8);
    g_assert_cmpuint(c.fail_engine, ==, EDMA0);
    status = top_read(a, reg);
    g_assert_cmphex(status, ==, 1 | write << 1 | kind << 4 | 2 << 8 |
                                ASID << 16);
    g_assert_cmphex(top_read(a, reg + 8), ==, (uint32_t)va);
    g_assert_cmphex(top_read(a, reg + 12), ==, va >> 32);
    top_write(a, reg, 1);
    g_assert_cmphex(top_read(a, reg) & 1, ==, 0);
}

static void test_mmu_faults(void)
{
    Apu *a = apu_start_powered("");
    uint64_t pte = pte_of(a, DATA_VA);
    uint64_t good = qtest_readq(a->qts, pte);

    simple_job(a, 1);
    qtest_writeq(a->qts, pte, 0);
    expect_fault(a, DATA_VA, APU_FAULT_KIND_TRANSLATION, true);
    qtest_writeq(a->qts, pte, good & ~PTE_AF);
    expect_fault(a, DATA_VA, APU_FAULT_KIND_TRANSLATION, true);
    qtest_writeq(a->qts, pte, good & ~PTE_TABLE);
    expect_fault(a, DATA_VA, APU_FAULT_KIND_TRANSLATION, true);
    qtest_writeq(a->qts, pte, good | BIT_ULL(40));
    expect_fault(a, DATA_VA, APU_FAULT_KIND_ADDRESS_SIZE, true);
    qtest_writeq(a->qts, pte, good | PTE_RDONLY);
    expect_fault(a, DATA_VA, APU_FAULT_KIND_PERMISSION, true);
    g_assert_cmpuint(top_counter(a, "faults"), ==, 5);

    /* The translation of the last one is in the TLB. */
    qtest_writeq(a->qts, pte, good);
    expect_fault(a, DATA_VA, APU_FAULT_KIND_PERMISSION, true);
    mmu_command(a, APU_MMU_OP_INV_RANGE, DATA_VA, 0x1000);
    run_expect(a, 0, APU_JOB_STATUS_OK);

    a->desc.ttbr = BUS_HOLE;
    mmu_command(a, APU_MMU_OP_INV_ALL, 0, 0);
    expect_fault(a, TEXT_VA(0), APU_FAULT_KIND_WALK_BUS_ERROR, false);
    a->desc.streams[0].va = BIT_ULL(39);
    expect_fault(a, BIT_ULL(39), APU_FAULT_KIND_ADDRESS_SIZE, false);
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

static void test_mmu_blocks(void)
{
    Apu *a = apu_start_powered("");
    uint64_t l2 = new_table(a);

    /* Entry 2 of the root, 0x8000_0000: a table with one 2 MiB block. */
    qtest_writeq(a->qts, a->desc.ttbr + 2 * 8, l2 | PTE_TABLE | PTE_VALID);
    qtest_writeq(a->qts, l2 + 8, (RAM + 0x200000) | PTE_VALID | PTE_AF);
    stream(a, APU_ENGINE_CLASS_EDMA);
    cmd_region(a, 0, APU_REGION_IO, 0x80200000 + (a->data - RAM - 0x200000),
               DATA_BYTES);
    cmd_fill(a, 0, DATA_REF(0), 0x2001, 0x99);
    run_expect(a, 0, APU_JOB_STATUS_OK);
    g_assert_cmphex(data_byte(a, 0), ==, 0x99);
    g_assert_cmphex(data_byte(a, 0x2000), ==, 0x99);
    /* One for the text, one for the block. */
    g_assert_cmpuint(top_counter(a, "tlb-walks"), ==, 2);
    apu_stop(a);
}

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

/* --- L1 in pieces --------------------------------------------------------- */

static void endless_with_l1(Apu *a, unsigned slot, uint32_t limit_us)
{
    a->desc.num_streams = 0;
    stream(a, APU_ENGINE_CLASS_MDLA);
    cmd_wait(a, 0, 0, 1);
    a->desc.l1_kib = 128;
    a->desc.time_limit_us = limit_us;
    ring(a, slot);
}

static void test_l1_in_pieces(void)
{
    Apu *a = apu_start_powered(",mdla=3,edma=1,l1-kib=384");

    for (unsigned i = 0; i < 3; i++) {
        endless_with_l1(a, i, i == 1 ? 2 * LIMIT_US : LIMIT_US);
    }
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_RUNNING), ==, 7);
    /* Two banks, with one between them that is not to be touched. */
    a->desc.num_streams = 0;
    data_stream(a, APU_ENGINE_CLASS_EDMA);
    cmd_fill(a, 0, L1_REF(128 * 1024 - 8), 16, 0x3c);
    cmd_copy(a, 0, L1_REF(128 * 1024 - 16), DATA_REF(0), 32);
    a->desc.l1_kib = 256;
    a->desc.time_limit_us = LIMIT_US;
    ring(a, 3);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_RUNNING), ==, 7);
    g_usleep(20000);
    qtest_clock_step(a->qts, LIMIT_US * 1000);
    g_assert_cmpuint(wait_slot(a, 3).status, ==, APU_JOB_STATUS_OK);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_RUNNING), ==, 2);
    g_assert_cmphex(data_byte(a, 7), ==, 0);
    g_assert_cmphex(data_byte(a, 8), ==, 0x3c);
    g_assert_cmphex(data_byte(a, 23), ==, 0x3c);
    g_assert_cmphex(data_byte(a, 24), ==, 0);

    /* What is in the banks outlives the copy in one piece. */
    a->desc.num_streams = 0;
    data_stream(a, APU_ENGINE_CLASS_EDMA);
    cmd_copy(a, 0, L1_REF(0), DATA_REF(0), 32);
    a->desc.l1_kib = 128;
    qtest_clock_step(a->qts, LIMIT_US * 1000);
    wait_slot(a, 1);
    run_expect(a, 3, APU_JOB_STATUS_OK);
    apu_stop(a);
}

/* --- save and restore ----------------------------------------------------- */

static void wait_status(QTestState *qts, const char *command,
                        const char *status)
{
    for (int i = 0; i < 10000; i++) {
        QDict *rsp = qtest_qmp(qts, "{ 'execute': %s }", command);
        const char *now = qdict_get_try_str(qdict_get_qdict(rsp, "return"),
                                            "status");
        bool there = !g_strcmp0(now, status);

        qobject_unref(rsp);
        if (there) {
            return;
        }
        g_usleep(1000);
    }
    g_error("%s never said %s", command, status);
}

static void migrate(Apu *a, const char *file, const char *status)
{
    g_autofree char *uri = g_strdup_printf("file:%s", file);

    qtest_qmp_assert_success(a->qts, "{ 'execute': 'stop' }");
    qtest_qmp_assert_success(a->qts, "{ 'execute': 'migrate', 'arguments': "
                             "{ 'uri': %s } }", uri);
    wait_status(a->qts, "query-migrate", status);
}

static void test_save_running(void)
{
    static const char options[] = ",timing=cycles,mmu-ns=100000";
    g_autofree char *file = g_strdup_printf("%s/apu-%d", g_get_tmp_dir(),
                                            getpid());
    g_autofree char *incoming = g_strdup_printf("%s -incoming file:%s",
                                                options, file);
    Apu *a = apu_start_powered(options);
    Apu *b;
    struct apu_job_completion c;

    /* One runs, one waits for it, and the MMU is busy. */
    simple_job(a, 0x21);
    ring(a, 0);
    a->desc.after = BIT(0);
    simple_job(a, 0x43);
    ring(a, 1);
    top_write(a, A_APU_TOP_MMU_CMD, APU_MMU_OP_INV_ALL);
    migrate(a, file, "completed");
    apu_stop(a);

    b = g_new0(Apu, 1);
    b->qts = qtest_initf("-machine virt-apu%s -cpu cortex-a57 -m 64M "
                         "-nic none", incoming);
    b->data = PAGES + TEXT_PAGES * 0x1000;
    wait_status(b->qts, "query-status", "paused");
    qtest_qmp_assert_success(b->qts, "{ 'execute': 'cont' }");
    g_assert_cmphex(top_read(b, A_APU_TOP_SLOT_ACTIVE), ==, 3);
    g_assert_cmphex(top_read(b, A_APU_TOP_SLOT_RUNNING), ==, 1);
    g_assert_cmphex(top_read(b, A_APU_TOP_MMU_STATUS), ==, 1);
    g_assert_cmphex(data_byte(b, 0), ==, 0x21);
    /* The clock of a qtest starts again at zero. */
    qtest_clock_step(b->qts, 10 * LIMIT_US * 1000);
    c = wait_slot(b, 0);
    g_assert_cmpuint(c.status, ==, APU_JOB_STATUS_OK);
    g_assert_cmpuint(c.end - c.start, ==, c.cycles * 5);
    qtest_clock_step(b->qts, LIMIT_US * 1000);
    g_usleep(20000);
    qtest_clock_step(b->qts, LIMIT_US * 1000);
    g_assert_cmpuint(wait_slot(b, 1).status, ==, APU_JOB_STATUS_OK);
    g_assert_cmphex(data_byte(b, 0), ==, 0x43);
    g_assert_cmphex(top_read(b, A_APU_TOP_MMU_STATUS), ==, 0);
    apu_stop(b);
    unlink(file);
}

static void test_save_refused(void)
{
    g_autofree char *file = g_strdup_printf("%s/apu-%d", g_get_tmp_dir(),
                                            getpid());
    Apu *a = apu_start_powered("");

    hold_data(a);
    simple_job(a, 1);
    ring(a, 0);
    migrate(a, file, "failed");
    qtest_qmp_assert_success(a->qts, "{ 'execute': 'cont' }");
    release_data(a);
    g_assert_cmpuint(wait_slot(a, 0).status, ==, APU_JOB_STATUS_OK);
    apu_stop(a);
    unlink(file);
}

/* --- everything at once --------------------------------------------------- */

#define STRESS_ROUNDS 3000

static void stress_ring(Apu *a, GRand *rand, unsigned slot)
{
    unsigned num = g_rand_int_range(rand, 1, 4);

    a->desc.num_streams = 0;
    for (unsigned i = 0; i < num; i++) {
        /* Pages of text are used again: streams may be rubbish, that is. */
        a->next_text %= TEXT_PAGES - 4;
        data_stream(a, g_rand_int_range(rand, 0, APU_NUM_CLASSES));
        cmd_copy(a, i, DATA_REF(g_rand_int_range(rand, 0, 4096)),
                 L1_REF(g_rand_int_range(rand, 0, 4096)), 4096);
        cmd_copy(a, i, L1_REF(g_rand_int_range(rand, 0, 4096)),
                 DATA_REF(g_rand_int_range(rand, 0, 4096)), 4096);
        if (g_rand_int_range(rand, 0, 8) == 0) {
            cmd_wait(a, i, 3, 1);
        }
    }
    a->desc.asid = ASID + g_rand_int_range(rand, 0, 2);
    a->desc.priority = g_rand_int_range(rand, 0, 4);
    a->desc.after = g_rand_int(rand) & g_rand_int(rand);
    a->desc.l1_kib = g_rand_int_range(rand, 0, 1025);
    a->desc.flags = g_rand_int_range(rand, 0, 4);
    ring(a, slot);
}

static void stress_power(Apu *a, GRand *rand)
{
    unsigned domain = g_rand_int_range(rand, 0, 1 + NUM_ENGINES);

    switch (g_rand_int_range(rand, 0, 3)) {
    case 0:
        pwr_write(a, A_APU_PWR_RST_ASSERT, BIT(domain));
        pwr_write(a, A_APU_PWR_RST_ASSERT, 0);
        break;
    case 1:
        pwr_write(a, A_APU_PWR_CLK_EN, ALL_DOMAINS & ~BIT(domain));
        pwr_write(a, A_APU_PWR_CLK_EN, ALL_DOMAINS);
        break;
    case 2:
        pwr_write(a, A_APU_PWR_PWR_REQ, ALL_DOMAINS & ~BIT(domain));
        qtest_clock_step(a->qts, POWER_ACK_NS);
        /* Engines that wait for TOP come one latency after it. */
        pwr_write(a, A_APU_PWR_PWR_REQ, ALL_DOMAINS);
        qtest_clock_step(a->qts, 2 * POWER_ACK_NS);
        break;
    }
    power_all(a);
}

static void stress(const char *options)
{
    Apu *a = apu_start_powered(options);
    GRand *rand = g_rand_new_with_seed(1);

    for (unsigned i = 0; i < STRESS_ROUNDS; i++) {
        unsigned slot = g_rand_int_range(rand, 0, APU_NUM_SLOTS);

        switch (g_rand_int_range(rand, 0, 16)) {
        default:
            stress_ring(a, rand, slot);
            break;
        case 10 ... 11:
            top_write(a, A_APU_TOP_SLOT_ABORT, BIT(slot));
            break;
        case 12:
            mmu_command(a, g_rand_int_range(rand, 1, 4), DATA_VA, 0x2000);
            break;
        case 13:
            hold_data(a);
            stress_ring(a, rand, slot);
            release_data(a);
            break;
        case 14:
            qtest_clock_step(a->qts, LIMIT_US * 100);
            break;
        case 15:
            stress_power(a, rand);
            break;
        }
    }

    /* Whatever happened, it comes to rest, and works. */
    top_write(a, A_APU_TOP_SLOT_ABORT, UINT16_MAX);
    wait_for(a, TOP + A_APU_TOP_SLOT_ACTIVE, UINT16_MAX, 0);
    g_assert_cmphex(top_read(a, A_APU_TOP_ENGINE_BUSY), ==, 0);
    g_test_message("%" PRIu64 " jobs, %" PRIu64 " aborted, %" PRIu64
                   " timed out, %" PRIu64 " accesses stalled, %" PRIu64
                   " dropped", top_counter(a, "jobs"),
                   top_counter(a, "aborts"), top_counter(a, "timeouts"),
                   top_counter(a, "mmu-stalls"),
                   pwr_counter(a, "dma-unpowered"));
    a->desc.num_streams = 0;
    a->desc.after = 0;
    a->desc.l1_kib = 1024;
    simple_job(a, 0xee);
    ring(a, 0);
    g_usleep(20000);
    qtest_clock_step(a->qts, LIMIT_US * 1000);
    g_assert_cmpuint(wait_slot(a, 0).status, ==, APU_JOB_STATUS_OK);
    g_assert_cmphex(data_byte(a, 0), ==, 0xee);
    g_rand_free(rand);
    apu_stop(a);
}

static void test_stress(void)
{
    stress("");
}

static void test_stress_cycles(void)
{
    stress(",timing=cycles");
}

int main(int argc, char **argv)
{
    static const ApuTest tests[] = {
        { "order/after", test_order_after },
        { "order/cancel", test_order_cancel },
        { "order/priority", test_order_priority },
        { "order/abort", test_order_abort },
        { "lost/engine", test_lost_engine },
        { "lost/top", test_lost_top },
        { "lost/machine", test_lost_machine },
        { "lost/clock", test_lost_clock },
        { "mmu/faults", test_mmu_faults },
        { "mmu/bus-error", test_mmu_bus_error },
        { "mmu/stale", test_mmu_stale },
        { "mmu/blocks", test_mmu_blocks },
        { "mmu/lock", test_mmu_lock },
        { "l1/in-pieces", test_l1_in_pieces },
        { "save/running", test_save_running },
        { "save/refused", test_save_refused },
        { "stress/off", test_stress },
        { "stress/cycles", test_stress_cycles },
    };

    return apu_run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}

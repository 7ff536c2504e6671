/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: faults on request. What every action of every event looks like to
 * software, see Documentation/hardware/faults.rst.
 */

#include "qemu/osdep.h"
#include "apu-util.h"

#define CAUSE_ABORT R_APU_TOP_IRQ_RAW_ABORT_MASK
#define CAUSE_DESC  R_APU_TOP_IRQ_RAW_DESC_MASK
#define CAUSE_MMU   R_APU_TOP_IRQ_RAW_MMU_MASK

#define LIMIT_NS (LIMIT_US * 1000)

static void clear_irqs(Apu *a)
{
    top_write(a, A_APU_TOP_IRQ_RAW, UINT32_MAX);
    top_write(a, A_APU_TOP_SLOT_ABORT_ACK, UINT32_MAX);
}

/* Streams on both eDMAs, each with a byte of data of its own. */
static void double_job(Apu *a)
{
    a->desc.num_streams = 0;
    data_stream(a, APU_ENGINE_CLASS_EDMA);
    data_stream(a, APU_ENGINE_CLASS_EDMA);
    cmd_fill(a, 0, DATA_REF(0), 1, 0x11);
    cmd_fill(a, 1, DATA_REF(1), 1, 0x22);
}

static void set_engine_fault(Apu *a, const char *format, unsigned e)
{
    g_autofree char *rules = g_strdup_printf(format, engines[e].name);

    set_fault(a, rules);
}

static uint32_t slot_time(Apu *a, unsigned slot)
{
    return top_read(a, A_APU_TOP_SLOT_TIME + 4 * slot);
}

/* The last job left nothing behind: the same runs now. */
static void expect_recovery(Apu *a, unsigned slot)
{
    expect_rules(a, "");
    run_expect(a, slot, APU_JOB_STATUS_OK);
    g_assert_cmphex(top_read(a, A_APU_TOP_ENGINE_BUSY), ==, 0);
    clear_irqs(a);
}

/* --- jobs that do not end ------------------------------------------------- */

static void test_hang(void)
{
    Apu *a = apu_start_powered("");
    struct apu_job_completion c;

    for (unsigned e = 0; e < NUM_ENGINES; e++) {
        plain_job(a, e);
        set_engine_fault(a, "on=job,engine=%s,do=hang", e);
        ring(a, 0);
        let_run();
        g_assert_cmpuint(slot_time(a, 0), ==, 0);
        qtest_clock_step(a->qts, LIMIT_NS - 1);
        g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_RUNNING), ==, 1);
        g_assert_cmpuint(slot_time(a, 0), ==, LIMIT_US - 1);
        g_assert_cmphex(top_read(a, A_APU_TOP_ENGINE_BUSY), ==, BIT(e));
        qtest_clock_step(a->qts, 1);
        c = wait_slot(a, 0);
        g_assert_cmpuint(c.status, ==, APU_JOB_STATUS_TIMEOUT);
        g_assert_cmpuint(c.fail_engine, ==, e);
        g_assert_cmpuint(c.fail_offset, ==, 0);
        g_assert_cmpuint(c.end - c.start, ==, LIMIT_NS);
        expect_recovery(a, 0);

        /* An abort ends it before. */
        set_engine_fault(a, "on=job,engine=%s,do=hang", e);
        ring(a, 0);
        top_write(a, A_APU_TOP_SLOT_ABORT, 1);
        wait_for(a, TOP + A_APU_TOP_SLOT_ABORT_ACK, 1, 1);
        g_assert_cmpuint(record(a, 0).status, ==, APU_JOB_STATUS_ABORTED);
        clear_irqs(a);
        expect_recovery(a, 0);
    }
    g_assert_cmpuint(fault_hits(a), ==, 2 * NUM_ENGINES);
    apu_stop(a);
}

/* Of a gang one stream hangs, and is named; the others run. */
static void test_hang_in_gang(void)
{
    Apu *a = apu_start_powered("");
    struct apu_job_completion c;

    double_job(a);
    set_fault(a, "on=job,engine=edma1,do=hang");
    ring(a, 0);
    wait_for(a, a->data, 0xff, 0x11);
    let_run();
    qtest_clock_step(a->qts, LIMIT_NS);
    c = wait_slot(a, 0);
    g_assert_cmpuint(c.status, ==, APU_JOB_STATUS_TIMEOUT);
    g_assert_cmpuint(c.fail_stream, ==, 1);
    g_assert_cmpuint(c.fail_engine, ==, EDMA1);
    g_assert_cmphex(data_byte(a, 1), ==, 0);
    expect_recovery(a, 0);
    g_assert_cmphex(data_byte(a, 1), ==, 0x22);

    /* At a command: the second of the second stream. */
    set_fault(a, "on=command,engine=edma1,after=1,do=hang");
    ring(a, 0);
    let_run();
    qtest_clock_step(a->qts, LIMIT_NS);
    c = wait_slot(a, 0);
    g_assert_cmpuint(c.status, ==, APU_JOB_STATUS_TIMEOUT);
    g_assert_cmpuint(c.fail_stream, ==, 1);
    g_assert_cmpuint(c.fail_offset, ==, sizeof(struct apu_cmd_set_region));
    expect_recovery(a, 0);
    apu_stop(a);
}

static void test_freeze(void)
{
    static const char *const rules[] = {
        "on=job,engine=%s,do=freeze", "on=command,engine=%s,do=freeze",
    };
    Apu *a = apu_start_powered("");

    for (unsigned e = 0; e < NUM_ENGINES; e++) {
        for (unsigned i = 0; i < ARRAY_SIZE(rules); i++) {
            plain_job(a, e);
            set_engine_fault(a, rules[i], e);
            ring(a, 4);
            let_run();
            qtest_clock_step(a->qts, 100ll * LIMIT_NS);
            g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_RUNNING), ==, BIT(4));
            g_assert_cmpuint(record(a, 4).status, ==, APU_JOB_STATUS_PENDING);
            wait_for(a, TOP + A_APU_TOP_SLOT_TIME + 4 * 4, UINT32_MAX,
                     100 * LIMIT_US);
            qtest_clock_step(a->qts, 1999);
            g_assert_cmpuint(slot_time(a, 4), ==, 100 * LIMIT_US + 1);
            top_write(a, A_APU_TOP_SLOT_ABORT, BIT(4));
            g_assert_cmpuint(wait_slot(a, 4).status, ==,
                             APU_JOB_STATUS_ABORTED);
            g_assert_cmpuint(slot_time(a, 4), ==, 0);
            clear_irqs(a);
            expect_recovery(a, 4);
        }
        /* The engine's reset helps too. */
        set_engine_fault(a, rules[0], e);
        ring(a, 4);
        let_run();
        pwr_write(a, A_APU_PWR_RST_ASSERT, BIT(1 + e));
        g_assert_cmpuint(wait_slot(a, 4).status, ==,
                         APU_JOB_STATUS_POWER_LOST);
        pwr_write(a, A_APU_PWR_RST_ASSERT, 0);
        clear_irqs(a);
        expect_recovery(a, 4);
    }
    apu_stop(a);
}

static void test_slow(void)
{
    Apu *a = apu_start_powered("");
    struct apu_job_completion quick, slow;

    for (unsigned e = 0; e < NUM_ENGINES; e++) {
        plain_job(a, e);
        run_expect(a, 0, APU_JOB_STATUS_OK);
        quick = record(a, 0);
        set_engine_fault(a, "on=job,engine=%s,do=slow,factor=7", e);
        ring(a, 0);
        let_run();
        /* In device time, although this machine does not keep it otherwise. */
        qtest_clock_step(a->qts, 7 * quick.cycles * 5 - 1);
        g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_RUNNING), ==, 1);
        qtest_clock_step(a->qts, 1);
        slow = wait_slot(a, 0);
        g_assert_cmpuint(slow.status, ==, APU_JOB_STATUS_OK);
        g_assert_cmpuint(slow.cycles, ==, 7 * quick.cycles);
        clear_irqs(a);

        /* 40 cycles of 5 ns, times 10,000, are beyond the limit. */
        set_engine_fault(a, "on=job,engine=%s,do=slow,factor=10000", e);
        ring(a, 0);
        let_run();
        qtest_clock_step(a->qts, LIMIT_NS);
        g_assert_cmpuint(wait_slot(a, 0).status, ==, APU_JOB_STATUS_TIMEOUT);
        clear_irqs(a);
        expect_recovery(a, 0);
    }
    apu_stop(a);
}

/* --- jobs that fail ------------------------------------------------------- */

static void test_ecc(void)
{
    Apu *a = apu_start_powered("");
    struct apu_job_completion c;

    for (unsigned e = 0; e < NUM_ENGINES; e++) {
        plain_job(a, e);
        set_engine_fault(a, "on=command,engine=%s,count=2,do=ecc-corrected",
                         e);
        run_expect(a, 1, APU_JOB_STATUS_OK);
        expect_recovery(a, 1);
        g_assert_cmpuint(top_read(a, A_APU_TOP_ECC_CORRECTED), ==, 2 * e + 2);

        set_engine_fault(a, "on=command,engine=%s,after=1,do=ecc-uncorrected",
                         e);
        run_expect(a, 1, APU_JOB_STATUS_ECC_ERROR);
        c = record(a, 1);
        g_assert_cmpuint(c.fail_engine, ==, e);
        g_assert_cmpuint(c.fail_offset, ==, sizeof(struct apu_cmd_set_region));
        expect_recovery(a, 1);
    }
    apu_stop(a);
}

/* What was corrected is counted when the job ends, not when its thread does. */
static void test_ecc_at_end(void)
{
    Apu *a = apu_start_powered(",timing=cycles");

    set_fault(a, "on=command,do=ecc-corrected");
    simple_job(a, 1);
    ring(a, 0);
    /* Is answered when the thread has ended. */
    qtest_qmp_assert_success(a->qts, "{ 'execute': 'stop' }");
    qtest_qmp_assert_success(a->qts, "{ 'execute': 'cont' }");
    g_assert_cmphex(data_byte(a, 0), ==, 1);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_RUNNING), ==, 1);
    g_assert_cmpuint(top_read(a, A_APU_TOP_ECC_CORRECTED), ==, 0);
    qtest_clock_step(a->qts, LIMIT_NS);
    g_assert_cmpuint(wait_slot(a, 0).status, ==, APU_JOB_STATUS_OK);
    g_assert_cmpuint(top_read(a, A_APU_TOP_ECC_CORRECTED), ==, 1);
    apu_stop(a);
}

static void test_fetch(void)
{
    Apu *a = apu_start_powered("");
    uint64_t va;

    for (unsigned e = 0; e < NUM_ENGINES; e++) {
        plain_job(a, e);
        va = a->desc.streams[0].va;
        set_engine_fault(a, "on=fetch,engine=%s,do=corrupt", e);
        run_expect(a, 2, APU_JOB_STATUS_BAD_COMMAND);
        g_assert_cmphex(record(a, 2).detail, ==, APU_OP_SET_REGION ^ 0xff);
        expect_recovery(a, 2);
        set_engine_fault(a, "on=fetch,engine=%s,do=read-ones", e);
        run_expect(a, 2, APU_JOB_STATUS_BAD_COMMAND);
        g_assert_cmphex(record(a, 2).detail, ==, 0xff);
        expect_recovery(a, 2);
        set_engine_fault(a, "on=fetch,engine=%s,do=bus-error", e);
        run_expect(a, 2, APU_JOB_STATUS_BUS_ERROR);
        g_assert_cmphex(record(a, 2).fault_va, ==, va);
        expect_recovery(a, 2);
        set_engine_fault(a, "on=fetch,engine=%s,do=mmu-fault", e);
        run_expect(a, 2, APU_JOB_STATUS_MMU_FAULT);
        g_assert_cmphex(record(a, 2).fault_va, ==, va);
        g_assert_cmphex(record(a, 2).detail, ==, APU_FAULT_KIND_TRANSLATION);
        expect_recovery(a, 2);
    }
    apu_stop(a);
}

static void expect_mmu_fault(Apu *a, unsigned e, uint64_t va, uint32_t detail)
{
    uint32_t reg = A_APU_TOP_FAULT_STATUS + 16 * e;
    struct apu_job_completion c;

    run_expect(a, 0, APU_JOB_STATUS_MMU_FAULT);
    c = record(a, 0);
    g_assert_cmphex(c.fault_va, ==, va);
    g_assert_cmphex(c.detail, ==, detail);
    g_assert_cmpuint(c.fail_engine, ==, e);
    g_assert_cmphex(top_read(a, reg) & 0xff, ==,
                    1 | (detail >> 8) << 1 | (detail & 0xf) << 4);
    g_assert_cmphex(top_read(a, reg + 8), ==, (uint32_t)va);
    top_write(a, reg, UINT32_MAX);
}

static void test_dma(void)
{
    static const char *const kinds[] = {
        [APU_FAULT_KIND_TRANSLATION] = "translation",
        [APU_FAULT_KIND_PERMISSION] = "permission",
        [APU_FAULT_KIND_ADDRESS_SIZE] = "address-size",
        [APU_FAULT_KIND_WALK_BUS_ERROR] = "walk-bus-error",
    };
    Apu *a = apu_start_powered("");

    for (unsigned e = EDMA0; e <= EDMA1; e++) {
        top_write(a, A_APU_TOP_ENGINE_ENABLE, BIT(e));
        a->desc.num_streams = 0;
        data_stream(a, APU_ENGINE_CLASS_EDMA);
        cmd_copy(a, 0, DATA_REF(0), DATA_REF(0x1000), 16);
        qtest_memset(a->qts, a->data, 0x31, 16);
        qtest_memset(a->qts, a->data + 0x1000, 0, 16);

        set_engine_fault(a, "on=read,engine=%s,do=bus-error", e);
        run_expect(a, 0, APU_JOB_STATUS_BUS_ERROR);
        g_assert_cmphex(record(a, 0).fault_va, ==, DATA_VA);
        set_engine_fault(a, "on=write,engine=%s,do=bus-error", e);
        run_expect(a, 0, APU_JOB_STATUS_BUS_ERROR);
        g_assert_cmphex(record(a, 0).fault_va, ==, DATA_VA + 0x1000);
        for (unsigned k = 1; k < ARRAY_SIZE(kinds); k++) {
            g_autofree char *rule = g_strdup_printf(
                "on=read,engine=%%s,do=mmu-fault,kind=%s", kinds[k]);
            g_autofree char *wrule = g_strdup_printf(
                "on=write,engine=%%s,do=mmu-fault,kind=%s", kinds[k]);

            set_engine_fault(a, rule, e);
            expect_mmu_fault(a, e, DATA_VA, k);
            set_engine_fault(a, wrule, e);
            expect_mmu_fault(a, e, DATA_VA + 0x1000, k | BIT(8));
        }
        g_assert_cmphex(data_byte(a, 0x1000), ==, 0);
        set_engine_fault(a, "on=read,engine=%s,do=read-ones", e);
        run_expect(a, 0, APU_JOB_STATUS_OK);
        g_assert_cmphex(data_byte(a, 0x1000), ==, 0xff);
        expect_recovery(a, 0);
        g_assert_cmphex(data_byte(a, 0x1000), ==, 0x31);
    }
    apu_stop(a);
}

/* --- descriptors and records ---------------------------------------------- */

static void test_doorbell(void)
{
    Apu *a = apu_start_powered("");

    plain_job(a, EDMA0);
    set_fault(a, "on=doorbell,slot=3,do=lost");
    ring(a, 3);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_ACTIVE), ==, 0);
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==, 0);
    g_assert_cmpuint(record(a, 3).status, ==, APU_JOB_STATUS_PENDING);
    expect_recovery(a, 3);
    set_fault(a, "on=doorbell,slot=3,do=bus-error");
    ring(a, 3);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_ACTIVE), ==, 0);
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==, CAUSE_DESC);
    clear_irqs(a);
    expect_recovery(a, 3);
    apu_stop(a);
}

static void test_record(void)
{
    Apu *a = apu_start_powered("");

    simple_job(a, 0x77);
    set_fault(a, "on=record,engine=edma0,do=bus-error");
    ring(a, 3);
    wait_slot(a, 3);
    g_assert_cmpuint(record(a, 3).status, ==, APU_JOB_STATUS_PENDING);
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==, BIT(3) | CAUSE_DESC);
    g_assert_cmphex(data_byte(a, 0), ==, 0x77);
    clear_irqs(a);
    expect_recovery(a, 3);
    apu_stop(a);
}

/* --- interrupts ----------------------------------------------------------- */

static void test_irq_of_slot(void)
{
    Apu *a = apu_start_powered("");

    plain_job(a, EDMA0);
    set_fault(a, "on=irq,do=lost");
    run_expect(a, 1, APU_JOB_STATUS_OK);
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==, 0);
    g_assert_false(qtest_get_irq(a->qts, 0));
    qtest_clock_step(a->qts, 100ll * LIMIT_NS);
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==, 0);

    set_fault(a, "on=irq,do=late,delay-us=40");
    run_expect(a, 1, APU_JOB_STATUS_OK);
    qtest_clock_step(a->qts, 39999);
    g_assert_false(qtest_get_irq(a->qts, 0));
    qtest_clock_step(a->qts, 1);
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==, BIT(1));
    g_assert_true(qtest_get_irq(a->qts, 0));
    clear_irqs(a);

    set_fault(a, "on=irq,do=duplicate");
    run_expect(a, 1, APU_JOB_STATUS_OK);
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==, BIT(1));
    clear_irqs(a);
    qtest_clock_step(a->qts, 1000 * 1000);
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==, BIT(1));
    g_assert_true(qtest_get_irq(a->qts, 0));
    clear_irqs(a);
    qtest_clock_step(a->qts, 1000 * 1000);
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==, 0);
    apu_stop(a);
}

static void test_irq_of_others(void)
{
    Apu *a = apu_start_powered("");

    set_fault(a, "on=irq,cause=abort,do=lost;on=irq,cause=desc,do=late;"
              "on=irq,cause=mmu,do=lost");
    top_write(a, A_APU_TOP_SLOT_ABORT, BIT(2));
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_ABORT_ACK), ==, BIT(2));
    top_write(a, A_APU_TOP_DOORBELL, APU_NUM_SLOTS);
    top_write(a, A_APU_TOP_MMU_CMD, APU_MMU_OP_INV_ALL);
    qtest_clock_step(a->qts, 999999);
    g_assert_cmphex(top_read(a, A_APU_TOP_MMU_STATUS), ==, 0);
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==, 0);
    qtest_clock_step(a->qts, 1);
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==, CAUSE_DESC);
    expect_rules(a, "");
    apu_stop(a);
}

static void test_irq_without_cause(void)
{
    Apu *a = apu_start_powered("");

    simple_job(a, 1);
    hold_data(a);
    set_fault(a, "on=job,do=spurious");
    ring(a, 6);
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==, BIT(6));
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_RUNNING), ==, BIT(6));
    g_assert_cmpuint(record(a, 6).status, ==, APU_JOB_STATUS_PENDING);
    clear_irqs(a);
    release_data(a);
    g_assert_cmpuint(wait_slot(a, 6).status, ==, APU_JOB_STATUS_OK);
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==, BIT(6));
    clear_irqs(a);

    for (unsigned i = 0; i < 2; i++) {
        uint32_t reg = i ? A_APU_TOP_IRQ_RAW : A_APU_TOP_IRQ_STATUS;

        hold_data(a);
        set_fault(a, "on=job,do=glitch");
        ring(a, 6);
        g_assert_true(qtest_get_irq(a->qts, 0));
        g_assert_cmphex(top_read(a, reg), ==, 0);
        g_assert_false(qtest_get_irq(a->qts, 0));
        release_data(a);
        g_assert_cmpuint(wait_slot(a, 6).status, ==, APU_JOB_STATUS_OK);
        clear_irqs(a);
    }
    expect_recovery(a, 6);
    apu_stop(a);
}

/* --- aborts, resets, power ------------------------------------------------ */

static void test_abort(void)
{
    Apu *a = apu_start_powered("");

    simple_job(a, 0x55);
    hold_data(a);
    set_fault(a, "on=abort,slot=2,do=stuck");
    ring(a, 2);
    top_write(a, A_APU_TOP_SLOT_ABORT, BIT(2));
    let_run();
    qtest_clock_step(a->qts, LIMIT_NS);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_ABORT_ACK), ==, 0);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_RUNNING), ==, BIT(2));
    release_data(a);
    g_assert_cmpuint(wait_slot(a, 2).status, ==, APU_JOB_STATUS_OK);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_ABORT_ACK), ==, 0);
    clear_irqs(a);

    hold_data(a);
    set_fault(a, "on=abort,engine=edma0,do=slow,delay-us=30");
    ring(a, 2);
    top_write(a, A_APU_TOP_SLOT_ABORT, BIT(2));
    qtest_clock_step(a->qts, 29999);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_ABORT_ACK), ==, 0);
    qtest_clock_step(a->qts, 1);
    wait_for(a, TOP + A_APU_TOP_SLOT_ABORT_ACK, BIT(2), BIT(2));
    g_assert_cmpuint(record(a, 2).status, ==, APU_JOB_STATUS_ABORTED);
    release_data(a);
    clear_irqs(a);

    /* The job ends first: acknowledged then, and nothing is left of it. */
    hold_data(a);
    set_fault(a, "on=abort,do=slow,delay-us=500000");
    ring(a, 2);
    top_write(a, A_APU_TOP_SLOT_ABORT, BIT(2));
    release_data(a);
    g_assert_cmpuint(wait_slot(a, 2).status, ==, APU_JOB_STATUS_OK);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_ABORT_ACK), ==, BIT(2));
    clear_irqs(a);
    hold_data(a);
    ring(a, 2);
    qtest_clock_step(a->qts, 600000000);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_RUNNING), ==, BIT(2));
    release_data(a);
    g_assert_cmpuint(wait_slot(a, 2).status, ==, APU_JOB_STATUS_OK);
    clear_irqs(a);
    expect_recovery(a, 2);
    apu_stop(a);
}

static void test_reset(void)
{
    Apu *a = apu_start_powered("");

    for (unsigned d = 0; d <= NUM_ENGINES; d++) {
        uint64_t base = d ? ENGINE(d - 1) : TOP;
        g_autofree char *rule = g_strdup_printf("on=reset,engine=%s,do=stuck",
                                                d ? engines[d - 1].name :
                                                "top");
        uint64_t refused = pwr_counter(a, "mmio-in-reset");

        set_fault(a, rule);
        pwr_write(a, A_APU_PWR_RST_ASSERT, BIT(d));
        pwr_write(a, A_APU_PWR_RST_ASSERT, 0);
        g_assert_cmphex(pwr_read(a, A_APU_PWR_RST_ASSERT), ==, BIT(d));
        qtest_readl(a->qts, base);
        g_assert_cmpuint(pwr_counter(a, "mmio-in-reset"), ==, refused + 1);
        /* Power helps. */
        power_domains(a, d ? ALL_DOMAINS & ~BIT(d) : 0);
        pwr_write(a, A_APU_PWR_PWR_REQ, ALL_DOMAINS);
        qtest_clock_step(a->qts, 2 * POWER_ACK_NS);
        power_all(a);
        g_assert_cmphex(pwr_read(a, A_APU_PWR_RST_ASSERT), ==, 0);
        g_assert_cmphex(qtest_readl(a->qts, base + A_APU_TOP_VERSION), ==,
                        0x10000);
    }
    apu_stop(a);
}

static void test_reset_ignored(void)
{
    Apu *a = apu_start_powered("");

    for (unsigned d = 0; d <= NUM_ENGINES; d++) {
        g_autofree char *rule = g_strdup_printf(
            "on=job,do=freeze;on=reset,engine=%s,do=ignored",
            d ? engines[d - 1].name : "top");

        set_fault(a, rule);
        plain_job(a, d ? d - 1 : EDMA0);
        ring(a, 2);
        let_run();
        pwr_write(a, A_APU_PWR_RST_ASSERT, BIT(d));
        g_assert_cmphex(pwr_read(a, A_APU_PWR_RST_ASSERT), ==, BIT(d));
        g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_RUNNING), ==, BIT(2));
        pwr_write(a, A_APU_PWR_RST_ASSERT, 0);
        g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_RUNNING), ==, BIT(2));
        g_assert_cmphex(top_read(a, A_APU_TOP_ENGINE_BUSY), ==,
                        BIT(d ? d - 1 : EDMA0));
        /* The next time it works. */
        pwr_write(a, A_APU_PWR_RST_ASSERT, BIT(d));
        pwr_write(a, A_APU_PWR_RST_ASSERT, 0);
        if (!d) {
            power_all(a);
            plain_job(a, EDMA0);
        }
        wait_for(a, TOP + A_APU_TOP_SLOT_ACTIVE, BIT(2), 0);
        clear_irqs(a);
        expect_recovery(a, 2);
    }
    g_assert_cmpuint(pwr_counter(a, "mmio-in-reset"), ==, 0);
    apu_stop(a);
}

static void test_power_on(void)
{
    Apu *a = apu_start("");

    set_fault(a, "on=power-on,engine=top,do=stuck");
    pwr_write(a, A_APU_PWR_PWR_REQ, ALL_DOMAINS);
    qtest_clock_step(a->qts, 100 * POWER_ACK_NS);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_PWR_ACK), ==, 0);
    pwr_write(a, A_APU_PWR_PWR_REQ, 0);
    /* Some with TOP, some when it is there. */
    set_fault(a, "on=power-on,engine=mdla0,do=stuck;"
              "on=power-on,engine=mvpu0,do=slow,delay-us=50");
    pwr_write(a, A_APU_PWR_PWR_REQ, 0x7);
    qtest_clock_step(a->qts, 100 * POWER_ACK_NS);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_PWR_ACK), ==, 0x5);
    pwr_write(a, A_APU_PWR_PWR_REQ, 0x25);
    pwr_write(a, A_APU_PWR_PWR_REQ, 0x27);
    qtest_clock_step(a->qts, POWER_ACK_NS + 49999);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_PWR_ACK), ==, 0x7);
    qtest_clock_step(a->qts, 1);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_PWR_ACK), ==, 0x27);
    g_assert_cmpuint(fault_hits(a), ==, 3);
    apu_stop(a);
}

static void test_power_off(void)
{
    Apu *a = apu_start_powered("");

    set_fault(a, "on=power-off,engine=edma,do=stuck;"
              "on=power-off,engine=edma,do=slow,delay-us=50");
    pwr_write(a, A_APU_PWR_PWR_REQ, ALL_DOMAINS & ~0x18);
    qtest_clock_step(a->qts, POWER_ACK_NS + 49999);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_PWR_ACK), ==, ALL_DOMAINS);
    qtest_clock_step(a->qts, 1);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_PWR_ACK), ==, ALL_DOMAINS & ~0x10);
    /* What is still powered still works. */
    g_assert_cmphex(qtest_readl(a->qts, ENGINE(EDMA0) + 4), ==, 0x10000);
    qtest_clock_step(a->qts, 100 * POWER_ACK_NS);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_PWR_ACK), ==, ALL_DOMAINS & ~0x10);
    pwr_write(a, A_APU_PWR_PWR_REQ, ALL_DOMAINS);
    pwr_write(a, A_APU_PWR_PWR_REQ, 0);
    qtest_clock_step(a->qts, POWER_ACK_NS);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_PWR_ACK), ==, 0);
    apu_stop(a);
}

static void test_opp(void)
{
    Apu *a = apu_start("");

    set_fault(a, "on=opp,do=stuck;on=opp,do=slow,delay-us=70");
    pwr_write(a, A_APU_PWR_OPP_REQ, 1);
    qtest_clock_step(a->qts, 100 * OPP_SETTLE_NS);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_OPP_STATUS), ==, 0);
    pwr_write(a, A_APU_PWR_OPP_REQ, 2);
    qtest_clock_step(a->qts, OPP_SETTLE_NS + 69999);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_OPP_STATUS), ==, 0);
    qtest_clock_step(a->qts, 1);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_OPP_STATUS), ==, 0x102);
    apu_stop(a);
}

static void test_mmu(void)
{
    Apu *a = apu_start_powered("");

    set_fault(a, "on=mmu,ctx=7,do=slow,delay-us=80;on=mmu,do=stuck,after=1");
    top_write(a, A_APU_TOP_MMU_CMD, APU_MMU_OP_INV_ASID | ASID << 16);
    qtest_clock_step(a->qts, 80999);
    g_assert_cmphex(top_read(a, A_APU_TOP_MMU_STATUS), ==, 1);
    qtest_clock_step(a->qts, 1);
    g_assert_cmphex(top_read(a, A_APU_TOP_MMU_STATUS), ==, 0);
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==, CAUSE_MMU);
    clear_irqs(a);

    top_write(a, A_APU_TOP_MMU_CMD, APU_MMU_OP_INV_ALL);
    qtest_clock_step(a->qts, 100ll * LIMIT_NS);
    g_assert_cmphex(top_read(a, A_APU_TOP_MMU_STATUS), ==, 1);
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==, 0);
    pwr_write(a, A_APU_PWR_RST_ASSERT, 1);
    pwr_write(a, A_APU_PWR_RST_ASSERT, 0);
    g_assert_cmphex(top_read(a, A_APU_TOP_MMU_STATUS), ==, 0);
    mmu_command(a, APU_MMU_OP_INV_ALL, 0, 0);
    apu_stop(a);
}

static void test_mmio(void)
{
    Apu *a = apu_start_powered("");

    for (unsigned d = 0; d <= NUM_ENGINES; d++) {
        uint64_t version = (d ? ENGINE(d - 1) : TOP) + A_APU_TOP_VERSION;
        g_autofree char *rule = g_strdup_printf(
            "on=mmio,engine=%s,count=2,do=read-ones",
            d ? engines[d - 1].name : "top");

        set_fault(a, rule);
        g_assert_cmphex(pwr_read(a, A_APU_PWR_VERSION), ==, 0x10000);
        g_assert_cmphex(qtest_readl(a->qts, version), ==, UINT32_MAX);
        g_assert_cmphex(qtest_readl(a->qts, version), ==, UINT32_MAX);
        g_assert_cmphex(qtest_readl(a->qts, version), ==, 0x10000);
    }
    apu_stop(a);
}

int main(int argc, char **argv)
{
    static const ApuTest tests[] = {
        { "fault/hang", test_hang },
        { "fault/hang-in-gang", test_hang_in_gang },
        { "fault/freeze", test_freeze },
        { "fault/slow", test_slow },
        { "fault/ecc", test_ecc },
        { "fault/ecc-at-end", test_ecc_at_end },
        { "fault/fetch", test_fetch },
        { "fault/dma", test_dma },
        { "fault/doorbell", test_doorbell },
        { "fault/record", test_record },
        { "fault/irq-of-slot", test_irq_of_slot },
        { "fault/irq-of-others", test_irq_of_others },
        { "fault/irq-without-cause", test_irq_without_cause },
        { "fault/abort", test_abort },
        { "fault/reset", test_reset },
        { "fault/reset-ignored", test_reset_ignored },
        { "fault/power-on", test_power_on },
        { "fault/power-off", test_power_off },
        { "fault/opp", test_opp },
        { "fault/mmu", test_mmu },
        { "fault/mmio", test_mmio },
    };

    return apu_run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}

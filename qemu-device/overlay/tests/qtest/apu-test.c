/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: power and single jobs, one rule of the specification at a time.
 */

#include "qemu/osdep.h"
#include "apu-util.h"

/* --- power ---------------------------------------------------------------- */

static void test_power_refused(void)
{
    Apu *a = apu_start("");

    top_read(a, A_APU_TOP_ID);
    qtest_readl(a->qts, ENGINE(MDLA0));
    top_write(a, A_APU_TOP_IRQ_MASK, 1);
    g_assert_cmpuint(pwr_counter(a, "mmio-unpowered"), ==, 3);

    pwr_write(a, A_APU_PWR_PWR_REQ, 1);
    top_read(a, A_APU_TOP_ID);
    qtest_clock_step(a->qts, POWER_ACK_NS - 1);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_PWR_ACK), ==, 0);
    top_read(a, A_APU_TOP_ID);
    g_assert_cmpuint(pwr_counter(a, "mmio-unpowered"), ==, 5);

    qtest_clock_step(a->qts, 1);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_PWR_ACK), ==, 1);
    top_read(a, A_APU_TOP_ID);
    g_assert_cmpuint(pwr_counter(a, "mmio-unclocked"), ==, 1);
    pwr_write(a, A_APU_PWR_CLK_EN, 1);
    top_read(a, A_APU_TOP_ID);
    g_assert_cmpuint(pwr_counter(a, "mmio-in-reset"), ==, 1);
    pwr_write(a, A_APU_PWR_RST_ASSERT, ALL_DOMAINS & ~1);
    g_assert_cmphex(top_read(a, A_APU_TOP_ID), ==, 0x31555041);

    pwr_write(a, A_APU_PWR_CLK_EN, 0);
    top_read(a, A_APU_TOP_ID);
    g_assert_cmpuint(pwr_counter(a, "mmio-unclocked"), ==, 2);
    g_assert_cmpuint(pwr_counter(a, "mmio-unpowered"), ==, 5);
    apu_stop(a);
}

static void test_power_engine_needs_top(void)
{
    Apu *a = apu_start("");

    pwr_write(a, A_APU_PWR_PWR_REQ, 0x2);
    qtest_clock_step(a->qts, 10 * POWER_ACK_NS);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_PWR_ACK), ==, 0);
    pwr_write(a, A_APU_PWR_PWR_REQ, 0x3);
    qtest_clock_step(a->qts, POWER_ACK_NS);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_PWR_ACK), ==, 0x1);
    qtest_clock_step(a->qts, POWER_ACK_NS);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_PWR_ACK), ==, 0x3);
    pwr_write(a, A_APU_PWR_PWR_REQ, 0x2);
    qtest_clock_step(a->qts, POWER_ACK_NS);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_PWR_ACK), ==, 0);
    apu_stop(a);
}

static void test_power_state_is_lost(void)
{
    Apu *a = apu_start_powered("");

    top_write(a, A_APU_TOP_SLOT_DESC_LO, 0x12345400);
    pwr_write(a, A_APU_PWR_RST_ASSERT, 1);
    pwr_write(a, A_APU_PWR_RST_ASSERT, 0);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_DESC_LO), ==, 0);
    top_write(a, A_APU_TOP_IRQ_MASK, 0xff);
    power_domains(a, 0);
    power_domains(a, 1);
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_MASK), ==, 0);
    apu_stop(a);
}

static void test_power_on_time(void)
{
    Apu *a = apu_start("");
    uint32_t on;

    power_domains(a, 1);
    qtest_clock_step(a->qts, 1000000);
    on = pwr_read(a, A_APU_PWR_ON_TIME_LO);
    g_assert_cmpuint(on, ==, 1000000);
    power_domains(a, 0);
    on = pwr_read(a, A_APU_PWR_ON_TIME_LO);
    qtest_clock_step(a->qts, 1000000);
    g_assert_cmpuint(pwr_read(a, A_APU_PWR_ON_TIME_LO), ==, on);
    g_assert_cmpuint(on, ==, 1000000 + POWER_ACK_NS);
    apu_stop(a);
}

/* Of each domain, by the operating point that there is at the time. */
static void test_power_on_cycles(void)
{
    Apu *a = apu_start("");

    power_domains(a, BIT(0) | BIT(2));
    qtest_clock_step(a->qts, 1000000);
    g_assert_cmpuint(pwr_read(a, A_APU_PWR_ON_CYCLES_LO), ==, 200000);
    pwr_write(a, A_APU_PWR_OPP_REQ, 4);
    qtest_clock_step(a->qts, OPP_SETTLE_NS);
    qtest_clock_step(a->qts, 1000000);
    power_domains(a, BIT(0));
    qtest_clock_step(a->qts, 10000000000);
    g_assert_cmpuint(pwr_read(a, A_APU_PWR_ON_CYCLES_LO + 2 * 8), ==,
                     200000 + OPP_SETTLE_NS / 5 + 1000000 + POWER_ACK_NS);
    g_assert_cmpuint(pwr_read(a, A_APU_PWR_ON_CYCLES_HI + 2 * 8), ==, 0);
    g_assert_cmpuint(pwr_read(a, A_APU_PWR_ON_CYCLES_LO + 8), ==, 0);
    /* 10,001,230,000: more than 32 bits. */
    g_assert_cmpuint(pwr_read(a, A_APU_PWR_ON_CYCLES_LO), ==,
                     (uint32_t)(200000 + OPP_SETTLE_NS / 5 + 1000000 +
                                POWER_ACK_NS + 10000000000));
    g_assert_cmpuint(pwr_read(a, A_APU_PWR_ON_CYCLES_HI), ==, 2);
    apu_stop(a);
}

static void test_power_opp(void)
{
    Apu *a = apu_start("");

    pwr_write(a, A_APU_PWR_OPP_REQ, 4);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_OPP_STATUS), ==, 0);
    qtest_clock_step(a->qts, OPP_SETTLE_NS);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_OPP_STATUS), ==, 0x104);
    pwr_write(a, A_APU_PWR_OPP_REQ, 5);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_OPP_REQ), ==, 4);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_OPP_STATUS), ==, 0x104);
    apu_stop(a);
}

/* --- jobs ----------------------------------------------------------------- */

static void test_job_copy(void)
{
    Apu *a = apu_start_powered("");
    unsigned i = data_stream(a, APU_ENGINE_CLASS_EDMA);
    struct apu_job_completion c;
    uint32_t cycles;

    /* DRAM to L1 to DRAM, across a page of each. */
    qtest_memset(a->qts, a->data, 0x5a, 0x1800);
    cmd_copy(a, i, DATA_REF(0), L1_REF(64), 0x1800);
    cmd_fill(a, i, L1_REF(64), 16, 0xc3);
    cmd_copy(a, i, L1_REF(64), DATA_REF(0x2000), 0x1800);
    cmd_plain(a, i, APU_OP_END, 0);
    a->desc.l1_kib = 100;
    a->desc.cookie = 0x1122334455667788;
    qtest_clock_step(a->qts, 12345);
    ring(a, 3);
    c = wait_slot(a, 3);

    g_assert_cmpuint(c.status, ==, APU_JOB_STATUS_OK);
    g_assert_cmphex(c.cookie, ==, a->desc.cookie);
    g_assert_cmphex(c.engines, ==, EDMA0);
    g_assert_cmpuint(c.start, ==, POWER_ACK_NS + 12345);
    g_assert_cmpuint(c.cycles, >, 0x3000 / APU_CYC_DRAM_BYTES);
    g_assert_cmpuint(c.streams[0].dram_bytes, ==, 0x3000);
    g_assert_cmpuint(c.streams[0].l1_bytes, ==, 0x3010);
    g_assert_cmphex(data_byte(a, 0x2000 + 15), ==, 0xc3);
    g_assert_cmphex(data_byte(a, 0x2000 + 16), ==, 0x5a);
    g_assert_cmphex(data_byte(a, 0x37ff), ==, 0x5a);
    g_assert_cmphex(data_byte(a, 0x3800), ==, 0);

    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==, BIT(3));
    g_assert_true(qtest_get_irq(a->qts, 0));
    top_write(a, A_APU_TOP_IRQ_STATUS, BIT(3));
    g_assert_false(qtest_get_irq(a->qts, 0));
    cycles = qtest_readl(a->qts, ENGINE(EDMA0) + A_APU_ENG_CYCLES_LO);
    g_assert_cmpuint(cycles, ==, c.streams[0].busy);
    g_assert_cmphex(qtest_readl(a->qts, ENGINE(EDMA0) + A_APU_ENG_CMD_VA_LO),
                    ==, TEXT_VA(0) + a->desc.streams[0].bytes - 8);
    g_assert_cmpuint(top_counter(a, "jobs"), ==, 1);
    apu_stop(a);
}

static void test_job_signal_wait(void)
{
    Apu *a = apu_start_powered("");
    unsigned i = data_stream(a, APU_ENGINE_CLASS_EDMA);
    unsigned k = stream(a, APU_ENGINE_CLASS_EDMA);
    struct apu_job_completion c;

    /* The first stream takes out of L1 what the second puts there. */
    cmd_wait(a, i, 5, 2);
    cmd_copy(a, i, L1_REF(0), DATA_REF(0), 32);
    cmd_fill(a, k, L1_REF(0), 16, 0x11);
    cmd_plain(a, k, APU_OP_SIGNAL, 5);
    cmd_fill(a, k, L1_REF(16), 16, 0x22);
    cmd_plain(a, k, APU_OP_SIGNAL, 5);
    a->desc.l1_kib = 1;
    a->desc.flags = 0;
    ring(a, 0);
    c = wait_slot(a, 0);

    g_assert_cmpuint(c.status, ==, APU_JOB_STATUS_OK);
    g_assert_cmphex(c.engines, ==, EDMA1 << 8 | EDMA0);
    g_assert_cmphex(data_byte(a, 15), ==, 0x11);
    g_assert_cmphex(data_byte(a, 16), ==, 0x22);
    /* Nobody asked for an interrupt. */
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==, 0);
    apu_stop(a);
}

/* What a job of ASID finds in L1 after another and the MMU command. */
static void run_l1_after(Apu *a, unsigned op, uint16_t asid, uint8_t expected)
{
    unsigned i;

    a->desc.asid = ASID;
    a->desc.num_streams = 0;
    i = data_stream(a, APU_ENGINE_CLASS_EDMA);
    cmd_fill(a, i, L1_REF(0), 64, 0x77);
    run_expect(a, 0, APU_JOB_STATUS_OK);
    mmu_command_of(a, op, asid, 0, 0);
    a->desc.num_streams = 0;
    i = data_stream(a, APU_ENGINE_CLASS_EDMA);
    cmd_copy(a, i, L1_REF(0), DATA_REF(0), 64);
    run_expect(a, 0, APU_JOB_STATUS_OK);
    g_assert_cmphex(data_byte(a, 0), ==, expected);
}

static void test_job_l1_is_scrubbed(void)
{
    Apu *a = apu_start_powered(",l1-kib=128");
    unsigned i = data_stream(a, APU_ENGINE_CLASS_EDMA);

    cmd_fill(a, i, L1_REF(0), 64, 0x77);
    a->desc.l1_kib = 128;
    run_expect(a, 0, APU_JOB_STATUS_OK);

    a->desc.num_streams = 0;
    i = data_stream(a, APU_ENGINE_CLASS_EDMA);
    cmd_copy(a, i, L1_REF(0), DATA_REF(0), 64);
    run_expect(a, 0, APU_JOB_STATUS_OK);
    g_assert_cmphex(data_byte(a, 0), ==, 0x77);
    a->desc.asid = ASID + 1;
    run_expect(a, 0, APU_JOB_STATUS_OK);
    g_assert_cmphex(data_byte(a, 0), ==, 0);

    /* The ASID may be somebody else's after that. */
    run_l1_after(a, APU_MMU_OP_INV_ASID, ASID + 1, 0x77);
    run_l1_after(a, APU_MMU_OP_INV_ASID, ASID, 0);
    run_l1_after(a, APU_MMU_OP_INV_ALL, 0, 0);

    /* A gang sees what it asked for, not whole banks. */
    a->desc.num_streams = 0;
    i = stream(a, APU_ENGINE_CLASS_EDMA);
    cmd_fill(a, i, L1_REF(1020), 5, 1);
    a->desc.l1_kib = 1;
    run_expect(a, 0, APU_JOB_STATUS_BAD_REGION);
    apu_stop(a);
}

static void test_job_bad_desc(void)
{
    Apu *a = apu_start_powered("");
    struct apu_job_desc good;

    simple_job(a, 1);
    good = a->desc;
#define BAD(change) do {                                    \
        a->desc = good;                                     \
        a->desc.change;                                     \
        run_expect(a, 1, APU_JOB_STATUS_BAD_DESC);          \
    } while (0)
    BAD(streams[0].engine_class = 3);
    BAD(streams[0].va += 4);
    BAD(streams[0].bytes = 0);
    BAD(streams[0].bytes += 4);
    BAD(streams[0].bytes = APU_MAX_STREAM_BYTES + 8);
    BAD(streams[0].pad1 = 1);
    BAD(num_streams = 0);
    BAD(num_streams = APU_MAX_STREAMS + 1);
    BAD(l1_kib = 1025);
    BAD(time_limit_us = 0);
    BAD(time_limit_us = APU_MAX_TIME_LIMIT_US + 1);
    BAD(priority = 4);
    BAD(flags |= 0x8000);
    BAD(reserved[3] = 1);
    BAD(ttbr += 8);
    BAD(ttbr |= BIT_ULL(40));
#undef BAD
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==, BIT(1));
    a->desc = good;
    stream(a, APU_ENGINE_CLASS_MVPU);
    stream(a, APU_ENGINE_CLASS_MVPU);
    run_expect(a, 1, APU_JOB_STATUS_BAD_DESC);
    a->desc = good;
    run_expect(a, 1, APU_JOB_STATUS_OK);
    g_assert_cmpuint(top_counter(a, "bad-descs"), ==, 17);
    apu_stop(a);
}

static void expect_desc_irq(Apu *a)
{
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==,
                    R_APU_TOP_IRQ_RAW_DESC_MASK);
    top_write(a, A_APU_TOP_IRQ_RAW, R_APU_TOP_IRQ_RAW_DESC_MASK);
}

static void test_job_bad_doorbell(void)
{
    Apu *a = apu_start_powered("");

    top_write(a, A_APU_TOP_DOORBELL, APU_NUM_SLOTS);
    expect_desc_irq(a);
    top_write(a, A_APU_TOP_SLOT_DESC_LO, BUS_HOLE);
    top_write(a, A_APU_TOP_DOORBELL, 0);
    expect_desc_irq(a);
    top_write(a, A_APU_TOP_SLOT_DESC_LO, DESCS + 8);
    top_write(a, A_APU_TOP_DOORBELL, 0);
    expect_desc_irq(a);

    endless_job(a);
    top_write(a, A_APU_TOP_ENGINE_ENABLE, 0);
    ring(a, 0);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_ACTIVE), ==, 1);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_RUNNING), ==, 0);
    top_write(a, A_APU_TOP_DOORBELL, 0);
    expect_desc_irq(a);
    g_assert_cmpuint(top_counter(a, "bad-doorbells"), ==, 4);
    apu_stop(a);
}

static void test_job_timeout(void)
{
    Apu *a = apu_start_powered("");
    struct apu_job_completion c;

    endless_job(a);
    ring(a, 0);
    g_usleep(20000);
    qtest_clock_step(a->qts, LIMIT_US * 1000 - 1);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_RUNNING), ==, 1);
    g_assert_cmpuint(record(a, 0).status, ==, APU_JOB_STATUS_PENDING);
    qtest_clock_step(a->qts, 1);
    c = wait_slot(a, 0);
    g_assert_cmpuint(c.status, ==, APU_JOB_STATUS_TIMEOUT);
    g_assert_cmpuint(c.end - c.start, ==, LIMIT_US * 1000);
    g_assert_cmpuint(c.cycles, ==, LIMIT_US * 200);
    g_assert_cmpuint(top_counter(a, "timeouts"), ==, 1);
    apu_stop(a);
}

/* A WAIT that ends beyond the limit is what failed, not what follows it. */
static void test_job_late_wait(void)
{
    Apu *a = apu_start_powered("");
    struct apu_job_completion c;

    stream(a, APU_ENGINE_CLASS_MDLA);
    cmd_wait(a, 0, 0, 1);
    cmd_plain(a, 0, APU_OP_NOP, 0);
    stream(a, APU_ENGINE_CLASS_EDMA);
    for (unsigned i = 0; i < 9; i++) {
        cmd_plain(a, 1, APU_OP_NOP, 0);
    }
    /* Ends at cycle 200: so does the limit. */
    cmd_plain(a, 1, APU_OP_SIGNAL, 0);
    a->desc.time_limit_us = 1;
    ring(a, 0);
    qtest_clock_step(a->qts, 1000);
    c = wait_slot(a, 0);
    g_assert_cmpuint(c.status, ==, APU_JOB_STATUS_TIMEOUT);
    g_assert_cmpuint(c.streams[1].cycles, ==, 200);
    g_assert_cmpuint(c.fail_stream, ==, 0);
    g_assert_cmpuint(c.fail_offset, ==, 0);
    g_assert_cmphex(c.fail_va, ==, a->desc.streams[0].va);
    apu_stop(a);
}

static void test_job_cycles(void)
{
    Apu *a = apu_start_powered(",timing=cycles");
    struct apu_job_completion c;

    simple_job(a, 0x42);
    ring(a, 0);
    wait_for(a, a->data, 0xff, 0x42);
    /* Executed, but its time has not come. */
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_RUNNING), ==, 1);
    qtest_clock_step(a->qts, LIMIT_US * 1000);
    c = wait_slot(a, 0);
    g_assert_cmpuint(c.status, ==, APU_JOB_STATUS_OK);
    /* 200 MHz */
    g_assert_cmpuint(c.end - c.start, ==, c.cycles * 5);
    apu_stop(a);
}

static void test_job_bad_command(void)
{
    Apu *a = apu_start_powered("");
    unsigned i = stream(a, APU_ENGINE_CLASS_EDMA);
    struct apu_job_completion c;

    cmd_plain(a, i, APU_OP_NOP, 0);
    cmd_plain(a, i, 0x7f, 0);
    ring(a, 0);
    c = wait_slot(a, 0);
    g_assert_cmpuint(c.status, ==, APU_JOB_STATUS_BAD_COMMAND);
    g_assert_cmphex(c.detail, ==, 0x7f);
    g_assert_cmpuint(c.fail_offset, ==, 8);
    g_assert_cmpuint(c.fail_engine, ==, EDMA0);
    apu_stop(a);
}

int main(int argc, char **argv)
{
    static const ApuTest tests[] = {
        { "power/refused", test_power_refused },
        { "power/engine-needs-top", test_power_engine_needs_top },
        { "power/state-is-lost", test_power_state_is_lost },
        { "power/on-time", test_power_on_time },
        { "power/on-cycles", test_power_on_cycles },
        { "power/opp", test_power_opp },
        { "job/copy", test_job_copy },
        { "job/signal-wait", test_job_signal_wait },
        { "job/l1-is-scrubbed", test_job_l1_is_scrubbed },
        { "job/bad-desc", test_job_bad_desc },
        { "job/bad-doorbell", test_job_bad_doorbell },
        { "job/timeout", test_job_timeout },
        { "job/late-wait", test_job_late_wait },
        { "job/cycles", test_job_cycles },
        { "job/bad-command", test_job_bad_command },
    };

    return apu_run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}

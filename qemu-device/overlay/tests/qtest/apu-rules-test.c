/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: rules that make the device fail. Their language, what they select,
 * and the ways in which they are set.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "apu-util.h"

#define CAUSE_DESC  R_APU_TOP_IRQ_RAW_DESC_MASK

/* --- rules ---------------------------------------------------------------- */

static void test_rules_refused(void)
{
    static const char *const bad[] = {
        "x", "on=job", "do=hang", "on=job,do=hang,", "on=job,do=hang;",
        ";", "on=,do=hang", "on=job,do=", "on=job,do=lost", "on=sun,do=hang",
        "on=job,do=burn", "on=job,do=hang,on=job", "on=job,do=hang,engine=",
        "on=job,do=hang,engine=mdla2", "on=job,do=hang,engine=mdla00",
        "on=job,do=hang,engine=top", "on=job,do=hang,engine=npu0",
        "on=opp,do=slow,engine=mdla0", "on=job,do=hang,ctx=65536",
        "on=job,do=hang,ctx=-1", "on=job,do=hang,ctx=+1",
        "on=job,do=hang,ctx= 1", "on=job,do=hang,ctx=1x",
        "on=job,do=hang,slot=16", "on=job,do=hang,count=0",
        "on=job,do=hang,count=4294967296",
        "on=job,do=hang,after=18446744073709551616",
        "on=job,do=hang,delay-us=5", "on=job,do=slow,factor=1",
        "on=opp,do=slow,factor=5", "on=opp,do=slow,delay-us=10000001",
        "on=read,do=bus-error,kind=permission",
        "on=read,do=mmu-fault,kind=none", "on=write,do=read-ones",
        "on=job,do=hang,cause=slot", "on=irq,do=lost,cause=mmu,slot=1",
        "on=job,do=hang,when=now", "ON=job,do=hang",
    };
    Apu *a = apu_start_powered("");
    g_autoptr(GString) many = g_string_new("on=opp,do=stuck");

    set_fault(a, "on=opp,do=stuck");
    for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
        g_test_message("%s", bad[i]);
        g_assert_false(try_fault(a, bad[i]));
        expect_rules(a, "on=opp,do=stuck");
    }
    for (unsigned i = 1; i < 16; i++) {
        g_string_append(many, ";on=opp,do=stuck");
    }
    set_fault(a, many->str);
    expect_rules(a, many->str);
    g_string_append(many, ";on=opp,do=stuck");
    g_assert_false(try_fault(a, many->str));
    set_fault(a, "none");
    expect_rules(a, "");
    g_assert_cmpuint(fault_hits(a), ==, 0);
    apu_stop(a);
}

static void test_rules_read_back(void)
{
    static const char *const rules[] = {
        "on=job,engine=mdla,ctx=3,slot=0,after=17,count=all,do=hang",
        "on=irq,cause=desc,do=late,delay-us=10000000",
        "on=job,engine=edma1,ctx=65535,count=4294967295,do=slow,factor=2",
        "on=write,do=mmu-fault,kind=walk-bus-error",
    };
    Apu *a = apu_start_powered("");

    for (unsigned i = 0; i < ARRAY_SIZE(rules); i++) {
        set_fault(a, rules[i]);
        expect_rules(a, rules[i]);
    }
    /* Any order is taken, what is the default is not said. */
    set_fault(a, "after=0,do=hang,count=0x1,slot=010,on=job");
    expect_rules(a, "on=job,slot=8,do=hang");
    apu_stop(a);
}

/* A class that the machine has no engine of. */
static void test_rules_no_engine(void)
{
    Apu *a = apu_start_powered(",mvpu=0");

    g_assert_false(try_fault(a, "on=job,do=hang,engine=mvpu"));
    g_assert_false(try_fault(a, "on=job,do=hang,engine=mvpu0"));
    expect_rules(a, "");
    set_fault(a, "on=job,do=hang,engine=edma");
    apu_stop(a);
}

/* Which jobs a rule hits: ECC is the fault that disturbs least. */
static void test_rules_select(void)
{
    Apu *a = apu_start_powered("");

    set_fault(a, "on=command,ctx=9,do=ecc-uncorrected;"
              "on=command,slot=3,do=ecc-uncorrected;"
              "on=command,engine=edma,do=ecc-uncorrected;"
              "on=command,engine=mdla1,after=3,count=2,do=ecc-uncorrected");
    plain_job(a, 0);
    run_expect(a, 0, APU_JOB_STATUS_OK);
    run_expect(a, 3, APU_JOB_STATUS_ECC_ERROR);
    run_expect(a, 3, APU_JOB_STATUS_OK);
    a->desc.asid = 9;
    run_expect(a, 0, APU_JOB_STATUS_ECC_ERROR);
    run_expect(a, 0, APU_JOB_STATUS_OK);
    plain_job(a, EDMA1);
    run_expect(a, 0, APU_JOB_STATUS_ECC_ERROR);
    /* Two commands a job: the fourth command, then the first of the next. */
    plain_job(a, 1);
    run_expect(a, 0, APU_JOB_STATUS_OK);
    expect_rules(a, "on=command,engine=mdla1,after=1,count=2,"
                 "do=ecc-uncorrected");
    run_expect(a, 0, APU_JOB_STATUS_ECC_ERROR);
    g_assert_cmpuint(record(a, 0).fail_offset, !=, 0);
    run_expect(a, 0, APU_JOB_STATUS_ECC_ERROR);
    g_assert_cmpuint(record(a, 0).fail_offset, ==, 0);
    run_expect(a, 0, APU_JOB_STATUS_OK);
    expect_rules(a, "");

    /* All rules count an event, the first that is due acts. */
    set_fault(a, "on=job,do=slow,after=1;on=doorbell,after=1,do=lost;"
              "on=doorbell,do=bus-error,after=1,count=all");
    run_expect(a, 0, APU_JOB_STATUS_OK);
    ring(a, 0);
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW) & CAUSE_DESC, ==, 0);
    ring(a, 0);
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW) & CAUSE_DESC, !=, 0);
    expect_rules(a, "on=job,do=slow;on=doorbell,count=all,do=bus-error");

    /* A reset of the machine leaves them. */
    qtest_system_reset(a->qts);
    expect_rules(a, "on=job,do=slow;on=doorbell,count=all,do=bus-error");
    apu_stop(a);
}

static void test_rules_at_boot(void)
{
    Apu *a = apu_start(" -global 'apu-top.fault=on=opp,do=stuck,count=2;"
                       "on=job,engine=mvpu0,do=hang'");

    expect_rules(a, "on=opp,count=2,do=stuck;on=job,engine=mvpu0,do=hang");
    pwr_write(a, A_APU_PWR_OPP_REQ, 1);
    g_assert_cmpuint(fault_hits(a), ==, 1);
    apu_stop(a);
}

/* --- test port ------------------------------------------------------------ */

static void port_text(Apu *a, const char *text)
{
    g_autofree char *padded = g_malloc0(strlen(text) + 4);

    strcpy(padded, text);
    for (unsigned i = 0; i <= strlen(text); i += 4) {
        qtest_writel(a->qts, TEST_PORT + A_APU_TST_TEXT + i,
                     ldl_le_p(padded + i));
    }
}

static char *port_read_text(Apu *a)
{
    char *text = g_malloc0(APU_TST_SIZE);

    for (unsigned i = 0; i < APU_TST_SIZE - A_APU_TST_TEXT; i += 4) {
        stl_le_p(text + i,
                 qtest_readl(a->qts, TEST_PORT + A_APU_TST_TEXT + i));
    }
    return text;
}

/* Whether the command was accepted. */
static bool port_command(Apu *a, uint32_t op)
{
    qtest_writel(a->qts, TEST_PORT + A_APU_TST_COMMAND, op);
    return qtest_readl(a->qts, TEST_PORT + A_APU_TST_STATUS) == 0;
}

static void test_port(void)
{
    Apu *a = apu_start(",test-port=on");
    g_autofree char *text = NULL;
    g_autofree char *message = NULL;

    g_assert_cmphex(qtest_readl(a->qts, TEST_PORT), ==, 0x31545041);
    port_text(a, "on=power-on,do=stuck,count=3");
    g_assert_true(port_command(a, APU_TEST_OP_SET));
    expect_rules(a, "on=power-on,count=3,do=stuck");
    pwr_write(a, A_APU_PWR_PWR_REQ, 1);
    g_assert_cmpuint(qtest_readl(a->qts, TEST_PORT + A_APU_TST_FAULT_HITS), ==,
                     1);
    g_assert_true(port_command(a, APU_TEST_OP_GET));
    text = port_read_text(a);
    g_assert_cmpstr(text, ==, "on=power-on,count=2,do=stuck");

    port_text(a, "on=power-on,do=nothing");
    g_assert_false(port_command(a, APU_TEST_OP_SET));
    message = port_read_text(a);
    g_assert_nonnull(strstr(message, "nothing"));
    g_assert_false(port_command(a, 0));
    g_assert_false(port_command(a, 3));
    /* Text without end. */
    for (unsigned i = A_APU_TST_TEXT; i < APU_TST_SIZE; i += 4) {
        qtest_writel(a->qts, TEST_PORT + i, 0x20202020);
    }
    g_assert_false(port_command(a, APU_TEST_OP_SET));
    expect_rules(a, "on=power-on,count=2,do=stuck");
    port_text(a, "");
    g_assert_true(port_command(a, APU_TEST_OP_SET));
    expect_rules(a, "");

    /* The counters of the power controller. */
    top_read(a, A_APU_TOP_ID);
    pwr_write(a, A_APU_PWR_PWR_REQ, 0);
    pwr_write(a, A_APU_PWR_PWR_REQ, 1);
    qtest_clock_step(a->qts, POWER_ACK_NS);
    top_read(a, A_APU_TOP_ID);
    top_read(a, A_APU_TOP_ID);
    pwr_write(a, A_APU_PWR_CLK_EN, 1);
    for (unsigned i = 0; i < 3; i++) {
        top_read(a, A_APU_TOP_ID);
    }
    for (unsigned i = 0; i < 3; i++) {
        g_assert_cmpuint(qtest_readl(a->qts, TEST_PORT + 4 * i +
                                     A_APU_TST_MMIO_UNPOWERED), ==, i + 1);
    }
    apu_stop(a);
}

static void test_port_absent(void)
{
    Apu *a = apu_start("");
    QDict *rsp = qtest_qmp(a->qts, "{ 'execute': 'qom-list', 'arguments': "
                           "{ 'path': '/machine/apu-test-port' } }");

    g_assert_true(qdict_haskey(rsp, "error"));
    qobject_unref(rsp);
    g_assert_cmphex(qtest_readl(a->qts, TEST_PORT), ==, 0);
    port_text(a, "on=opp,do=stuck");
    port_command(a, APU_TEST_OP_SET);
    expect_rules(a, "");
    apu_stop(a);
}

int main(int argc, char **argv)
{
    static const ApuTest tests[] = {
        { "rules/refused", test_rules_refused },
        { "rules/read-back", test_rules_read_back },
        { "rules/no-engine", test_rules_no_engine },
        { "rules/select", test_rules_select },
        { "rules/at-boot", test_rules_at_boot },
        { "rules/port", test_port },
        { "rules/port-absent", test_port_absent },
    };

    return apu_run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}

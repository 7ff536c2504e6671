/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: machines that are saved in the middle of something and go on in
 * another QEMU.
 */

#include "qemu/osdep.h"
#include "qemu/bswap.h"
#include "apu-util.h"

#define OPTIONS ",timing=cycles,mmu-ns=100000"

static char *state_file(void)
{
    return g_strdup_printf("%s/apu-%d", g_get_tmp_dir(), getpid());
}

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

/*
 * The machine in a new QEMU, at the same device time: the clock of a qtest is
 * not saved. The old one ends.
 */
static Apu *move(Apu *a, int64_t now)
{
    g_autofree char *file = state_file();
    Apu *b = g_new(Apu, 1);

    migrate(a, file, "completed");
    *b = *a;
    apu_stop(a);
    b->qts = qtest_initf("-machine virt-apu" OPTIONS " -cpu cortex-a57 "
                         "-m 64M -nic none -incoming file:%s", file);
    wait_status(b->qts, "query-status", "paused");
    qtest_clock_step(b->qts, now);
    qtest_qmp_assert_success(b->qts, "{ 'execute': 'cont' }");
    qtest_irq_intercept_out_named(b->qts, "/machine/apu", "sysbus-irq");
    unlink(file);
    return b;
}

/* Two streams that hand a tile to each other, four times. */
static void relay_job(Apu *a)
{
    unsigned i, k;

    a->desc.num_streams = 0;
    a->desc.l1_kib = 16;
    i = data_stream(a, APU_ENGINE_CLASS_EDMA);
    k = data_stream(a, APU_ENGINE_CLASS_EDMA);
    for (unsigned n = 0; n < 4; n++) {
        cmd_copy(a, i, DATA_REF(n * 256), L1_REF(n * 1024), 256);
        cmd_plain(a, i, APU_OP_SIGNAL, 0);
        cmd_wait(a, k, 0, n + 1);
        cmd_copy(a, k, L1_REF(n * 1024), DATA_REF(0x2000 + n * 256), 256);
    }
}

static void fill_data(Apu *a)
{
    for (unsigned i = 0; i < 1024; i++) {
        qtest_writeb(a->qts, a->data + i, i * 7 + i / 256);
    }
}

static Apu *start_relay(void)
{
    Apu *a = apu_start_powered(OPTIONS);

    fill_data(a);
    relay_job(a);
    set_fault(a, "on=command,do=ecc-corrected");
    ring(a, 5);
    return a;
}

static struct apu_job_completion end_relay(Apu *a, uint8_t *data)
{
    struct apu_job_completion c;

    /* The thread is quick, but who knows the host. */
    wait_for(a, a->data + 0x2000 + 1023, 0xff, (uint8_t)(1023 * 7 + 3));
    g_assert_cmpuint(top_read(a, A_APU_TOP_ECC_CORRECTED), ==, 0);
    qtest_clock_step(a->qts, LIMIT_US * 1000);
    c = wait_slot(a, 5);
    g_assert_cmpuint(top_read(a, A_APU_TOP_ECC_CORRECTED), ==, 1);
    qtest_memread(a->qts, a->data + 0x2000, data, 1024);
    g_assert_true(qtest_get_irq(a->qts, 0));
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==, BIT(5));
    return c;
}

/* A job that is moved while it runs ends as one that is not. */
static void test_same_result(void)
{
    uint8_t still[1024], moved[1024];
    struct apu_job_completion c, d;
    Apu *a = start_relay();

    c = end_relay(a, still);
    apu_stop(a);
    g_assert_cmpuint(c.status, ==, APU_JOB_STATUS_OK);
    g_assert_cmphex(still[1], ==, 7);
    g_assert_cmphex(still[1023], ==, (uint8_t)(1023 * 7 + 3));

    a = start_relay();
    qtest_clock_step(a->qts, (c.end - c.start) / 2);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_RUNNING), ==, BIT(5));
    a = move(a, POWER_ACK_NS + (c.end - c.start) / 2);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_RUNNING), ==, BIT(5));
    g_assert_cmphex(top_read(a, A_APU_TOP_ENGINE_BUSY), ==, 0xc);
    g_assert_false(qtest_get_irq(a->qts, 0));
    d = end_relay(a, moved);
    g_assert_cmpmem(&c, sizeof(c), &d, sizeof(d));
    g_assert_cmpmem(still, sizeof(still), moved, sizeof(moved));
    apu_stop(a);
}

/* One runs, one waits for it, and the MMU is busy. */
static void test_queue(void)
{
    Apu *a = apu_start_powered(OPTIONS);
    struct apu_job_completion c;

    simple_job(a, 0x21);
    ring(a, 0);
    a->desc.after = BIT(0);
    simple_job(a, 0x43);
    ring(a, 1);
    top_write(a, A_APU_TOP_MMU_CMD, APU_MMU_OP_INV_ALL);
    a = move(a, POWER_ACK_NS);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_ACTIVE), ==, 3);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_RUNNING), ==, 1);
    g_assert_cmphex(top_read(a, A_APU_TOP_MMU_STATUS), ==, 1);
    g_assert_cmphex(data_byte(a, 0), ==, 0x21);
    qtest_clock_step(a->qts, LIMIT_US * 1000);
    c = wait_slot(a, 0);
    g_assert_cmpuint(c.status, ==, APU_JOB_STATUS_OK);
    g_assert_cmpuint(c.start, ==, POWER_ACK_NS);
    g_assert_cmpuint(c.end - c.start, ==, c.cycles * 5);
    wait_for(a, a->data, 0xff, 0x43);
    qtest_clock_step(a->qts, LIMIT_US * 1000);
    g_assert_cmpuint(wait_slot(a, 1).status, ==, APU_JOB_STATUS_OK);
    g_assert_cmphex(top_read(a, A_APU_TOP_MMU_STATUS), ==, 0);
    apu_stop(a);
}

/* A power request, an operating point and a lock, half way. */
static void test_power(void)
{
    Apu *a = apu_start_powered(OPTIONS);
    int64_t now = POWER_ACK_NS + 100000;

    mmu_command(a, APU_MMU_OP_LOCK, DATA_VA, 0x1000);
    pwr_write(a, A_APU_PWR_PWR_REQ, ALL_DOMAINS & ~BIT(1));
    pwr_write(a, A_APU_PWR_OPP_REQ, 3);
    qtest_clock_step(a->qts, POWER_ACK_NS - 1);
    now += POWER_ACK_NS - 1;
    a = move(a, now);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_PWR_ACK), ==, ALL_DOMAINS);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_OPP_STATUS), ==, 0);
    g_assert_cmphex(top_read(a, A_APU_TOP_MMU_STATUS), ==,
                    R_APU_TOP_MMU_STATUS_LOCKED_MASK);
    qtest_clock_step(a->qts, 1);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_PWR_ACK), ==,
                    ALL_DOMAINS & ~BIT(1));
    qtest_clock_step(a->qts, OPP_SETTLE_NS - POWER_ACK_NS - 1);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_OPP_STATUS), ==, 0);
    qtest_clock_step(a->qts, 1);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_OPP_STATUS), ==, 0x103);
    g_assert_cmpuint(pwr_read(a, A_APU_PWR_ON_TIME_LO), ==,
                     100000 + OPP_SETTLE_NS);
    apu_stop(a);
}

/* What is left of the rules, and what they have done. */
static void test_faults(void)
{
    Apu *a = apu_start_powered(OPTIONS);

    set_fault(a, "on=job,do=freeze;on=irq,count=2,do=late;"
              "on=reset,engine=mdla0,do=stuck;on=mmu,do=stuck;"
              "on=doorbell,after=9,do=lost");
    simple_job(a, 1);
    ring(a, 0);                                 /* is frozen */
    a->desc.num_streams = 0;
    ring(a, 1);                                 /* its interrupt is late */
    top_write(a, A_APU_TOP_MMU_CMD, APU_MMU_OP_INV_ALL);
    pwr_write(a, A_APU_PWR_RST_ASSERT, BIT(1));
    pwr_write(a, A_APU_PWR_RST_ASSERT, 0);
    qtest_clock_step(a->qts, 999999);
    a = move(a, POWER_ACK_NS + 999999);

    expect_rules(a, "on=irq,do=late;on=doorbell,after=7,do=lost");
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==, 0);
    qtest_clock_step(a->qts, 1);
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==, BIT(1));
    pwr_write(a, A_APU_PWR_RST_ASSERT, 0);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_RST_ASSERT), ==, BIT(1));
    qtest_clock_step(a->qts, 100ll * LIMIT_US * 1000);
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_RUNNING), ==, BIT(0));
    g_assert_cmphex(top_read(a, A_APU_TOP_MMU_STATUS), ==, 1);
    top_write(a, A_APU_TOP_SLOT_ABORT, BIT(0));
    g_assert_cmpuint(wait_slot(a, 0).status, ==, APU_JOB_STATUS_ABORTED);
    apu_stop(a);
}

/* A thread that ends in a stopped machine changes nothing until cont. */
static void test_stands_still(void)
{
    g_autofree char *file = state_file();
    Apu *a = apu_start_powered("");

    hold_data(a);
    simple_job(a, 1);
    ring(a, 0);
    a->desc.after = BIT(0);
    simple_job(a, 2);
    ring(a, 1);
    /* Answered when the thread waits for UNLOCK, which sets it going. */
    qtest_qmp_assert_success(a->qts, "{ 'execute': 'stop' }");
    top_write(a, A_APU_TOP_MMU_CMD, APU_MMU_OP_UNLOCK);
    /* Completes when no thread runs. */
    migrate(a, file, "completed");
    g_assert_cmphex(top_read(a, A_APU_TOP_SLOT_ACTIVE), ==, 3);
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==, 0);
    g_assert_cmpuint(record(a, 0).status, ==, APU_JOB_STATUS_PENDING);
    g_assert_cmpuint(record(a, 1).status, ==, APU_JOB_STATUS_PENDING);
    g_assert_cmphex(data_byte(a, 0), ==, 1);
    qtest_qmp_assert_success(a->qts, "{ 'execute': 'cont' }");
    g_assert_cmpuint(wait_slot(a, 0).status, ==, APU_JOB_STATUS_OK);
    g_assert_cmpuint(wait_slot(a, 1).status, ==, APU_JOB_STATUS_OK);
    g_assert_cmphex(data_byte(a, 0), ==, 2);
    apu_stop(a);
    unlink(file);
}

/* Loads the state into a new machine, which says how that went. */
static void load(const char *file, const char *options, const char *status)
{
    QTestState *qts = qtest_initf("-machine virt-apu%s -cpu cortex-a57 -m 64M "
                                  "-nic none -incoming defer", options);

    qtest_qmp_assert_success(qts, "{ 'execute': 'migrate-incoming', "
                             "'arguments': { 'channels': [ { "
                             "'channel-type': 'main', 'addr': { "
                             "'transport': 'file', 'filename': %s, "
                             "'offset': 0 } } ], 'exit-on-error': false } }",
                             file);
    wait_status(qts, "query-migrate", status);
    qtest_quit(qts);
}

/* Where in the state the registers of a block are, by their first two. */
static size_t find_block(const char *state, size_t len, uint32_t id)
{
    uint32_t head[2] = { cpu_to_be32(id), cpu_to_be32(0x10000) };
    const char *at = memmem(state, len, head, sizeof(head));

    g_assert_nonnull(at);
    return at - state;
}

/* The state with one value changed cannot be loaded. */
static void load_changed(const char *file, const char *state, size_t len,
                         size_t at, const void *value, size_t bytes)
{
    g_autofree char *changed = g_memdup2(state, len);

    g_assert_cmpuint(at + bytes, <=, len);
    memcpy(changed + at, value, bytes);
    g_assert_true(g_file_set_contents(file, changed, len, NULL));
    load(file, OPTIONS, "failed");
}

/* From TOP's registers to the banks of slot 0: as vmstate_apu_slot has it. */
#define SLOT_BANKS (0x500 + 4 + 8 + \
                    1 + 8 + 8 + 2 + 3 + 4 + 4 + APU_MAX_STREAMS + 4)

/* A state that no device has been in. */
static void test_untrusted(void)
{
    g_autofree char *file = state_file();
    g_autofree char *state = NULL;
    uint64_t banks[] = { cpu_to_be64(6), cpu_to_be64(BIT_ULL(8)) };
    uint64_t own = cpu_to_be64(3);
    uint32_t opp;
    Apu *a = apu_start_powered(OPTIONS);
    size_t len, at;

    for (unsigned n = 0; n < 2; n++) {
        simple_job(a, 1);
        a->desc.l1_kib = 256;
        ring(a, n);
    }
    opp = cpu_to_be32(pwr_read(a, A_APU_PWR_NUM_OPP));
    migrate(a, file, "completed");
    apu_stop(a);
    g_assert_true(g_file_get_contents(file, &state, &len, NULL));
    load(file, OPTIONS, "completed");
    load(file, OPTIONS ",mdla=3,edma=1", "failed");

    at = find_block(state, len, 0x31555041) + SLOT_BANKS;
    g_assert_cmpmem(state + at, 8, &own, 8);
    for (unsigned i = 0; i < ARRAY_SIZE(banks); i++) {
        load_changed(file, state, len, at, &banks[i], 8);
    }
    load_changed(file, state, len, find_block(state, len, 0x31575041) +
                 A_APU_PWR_OPP_REQ, &opp, 4);
    unlink(file);
}

static void test_refused(void)
{
    g_autofree char *file = state_file();
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

int main(int argc, char **argv)
{
    static const ApuTest tests[] = {
        { "save/same-result", test_same_result },
        { "save/queue", test_queue },
        { "save/power", test_power },
        { "save/faults", test_faults },
        { "save/stands-still", test_stands_still },
        { "save/untrusted", test_untrusted },
        { "save/refused", test_refused },
    };

    return apu_run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}

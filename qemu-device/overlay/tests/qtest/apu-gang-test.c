/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: jobs that depend on each other, and jobs that are cut off.
 */

#include "qemu/osdep.h"
#include <sys/mman.h>
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

/* An access that waits when its engine is reset is dropped like a later one. */
static void test_lost_access(void)
{
    Apu *a = apu_start_powered("");

    hold_data(a);
    simple_job(a, 1);
    ring(a, 0);
    /* Is answered when the access waits. */
    qtest_qmp_assert_success(a->qts, "{ 'execute': 'stop' }");
    qtest_qmp_assert_success(a->qts, "{ 'execute': 'cont' }");
    g_assert_cmpuint(top_counter(a, "mmu-stalls"), ==, 1);
    pwr_write(a, A_APU_PWR_RST_ASSERT, BIT(1 + EDMA0));
    g_assert_cmpuint(wait_slot(a, 0).status, ==, APU_JOB_STATUS_POWER_LOST);
    g_assert_cmpuint(pwr_counter(a, "dma-unpowered"), ==, 1);

    /* An abort drops nothing. */
    ring(a, 0);
    qtest_qmp_assert_success(a->qts, "{ 'execute': 'stop' }");
    qtest_qmp_assert_success(a->qts, "{ 'execute': 'cont' }");
    g_assert_cmpuint(top_counter(a, "mmu-stalls"), ==, 2);
    top_write(a, A_APU_TOP_SLOT_ABORT, BIT(0));
    g_assert_cmpuint(wait_slot(a, 0).status, ==, APU_JOB_STATUS_ABORTED);
    g_assert_cmpuint(pwr_counter(a, "dma-unpowered"), ==, 1);
    apu_stop(a);
}

#define FLOOD_VA     0x30000000
#define FLOOD_BYTES  (512 * 1024)
#define FLOOD_STEP   (64 * 1024)        /* the longest uninterrupted copy */
#define FLOOD_BIT    0x80               /* in all that it writes */
#define FLOOD_ROUNDS 100

/* Writes memory over and over, then waits: it is there to be reset. */
static void flood_job(Apu *a)
{
    unsigned i;

    a->desc.num_streams = 0;
    a->next_text = 0;
    a->desc.l1_kib = FLOOD_BYTES / 1024;
    a->desc.time_limit_us = 1000 * 1000;
    i = stream(a, APU_ENGINE_CLASS_EDMA);
    cmd_region(a, i, APU_REGION_IO, FLOOD_VA, FLOOD_BYTES);
    for (unsigned n = 0; n < 16; n++) {
        cmd_fill(a, i, L1_REF(0), FLOOD_BYTES, FLOOD_BIT | n);
        cmd_copy(a, i, L1_REF(0), DATA_REF(0), FLOOD_BYTES);
    }
    cmd_wait(a, i, 0, 1);
}

/* The last byte of each step: it is written last. */
static void flood_look(const volatile uint8_t *data, uint8_t *seen)
{
    for (unsigned i = 0; i < FLOOD_BYTES / FLOOD_STEP; i++) {
        seen[i] = data[(i + 1) * FLOOD_STEP - 1];
    }
}

/*
 * No DMA arrives after the reset, that of an access under way neither. Each
 * round has a chance only to be in the middle of one: memory that is written
 * for the first time makes it a good one, as it takes the host longer.
 */
static void test_lost_under_way(void)
{
    g_autofree char *file = NULL;
    g_autofree char *options = NULL;
    uint8_t at_once[FLOOD_BYTES / FLOOD_STEP], later[FLOOD_BYTES / FLOOD_STEP];
    int fd = g_file_open_tmp("apu-XXXXXX", &file, NULL);
    uint64_t pa;
    uint8_t *data;
    Apu *a;

    g_assert_cmpint(fd, >=, 0);
    options = g_strdup_printf(",memory-backend=ram -object memory-backend-file,"
                              "id=ram,size=64M,share=on,mem-path=%s", file);
    a = apu_start_powered(options);
    unlink(file);
    pa = new_pages(a, FLOOD_BYTES / 0x1000);
    map(a, FLOOD_VA, pa, FLOOD_BYTES / 0x1000, 0);
    data = mmap(NULL, FLOOD_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                pa - RAM);
    g_assert_true(data != MAP_FAILED);
    flood_job(a);
    for (unsigned n = 0; n < FLOOD_ROUNDS; n++) {
        g_assert_cmpint(madvise(data, FLOOD_BYTES, MADV_REMOVE), ==, 0);
        ring(a, 0);
        wait_for(a, pa, FLOOD_BIT, FLOOD_BIT);
        pwr_write(a, A_APU_PWR_RST_ASSERT, BIT(1 + EDMA0));
        flood_look(data, at_once);
        g_assert_cmpuint(wait_slot(a, 0).status, ==,
                         APU_JOB_STATUS_POWER_LOST);
        flood_look(data, later);
        g_assert_cmpmem(at_once, sizeof(at_once), later, sizeof(later));
        pwr_write(a, A_APU_PWR_RST_ASSERT, 0);
    }
    munmap(data, FLOOD_BYTES);
    apu_stop(a);
    close(fd);
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
        { "lost/access", test_lost_access },
        { "lost/under-way", test_lost_under_way },
        { "lost/top", test_lost_top },
        { "lost/machine", test_lost_machine },
        { "lost/clock", test_lost_clock },
        { "l1/in-pieces", test_l1_in_pieces },
        { "stress/off", test_stress },
        { "stress/cycles", test_stress_cycles },
    };

    return apu_run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}

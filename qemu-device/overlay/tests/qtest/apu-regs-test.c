/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: every register against the specification's table, and who answers
 * in which state of power.
 */

#include "qemu/osdep.h"
#include "apu-util.h"

/* Follows the machine's options, the table does not know it. */
#define UNKNOWN UINT64_MAX

typedef enum Access { RO, RW, WO, W1C } Access;
typedef enum Block { PWR, TOP_BLOCK, ENG, TST, NUM_BLOCKS } Block;

typedef struct Reg {
    Block block;
    const char *name;
    uint32_t offset, count, step;
    Access access;
    uint64_t reset, writable;
} Reg;

/* TOP is an address here. */
#define BLOCK_PWR PWR
#define BLOCK_TOP TOP_BLOCK
#define BLOCK_ENG ENG
#define BLOCK_TST TST
#define REG(block_, name_, offset_, count_, step_, access_, reset_, writable_) \
    { BLOCK_##block_, #name_, offset_, count_, step_, access_, reset_, \
      writable_ },

static const Reg regs[] = {
#include "apu-spec.h"
};

#define BLOCK_BYTES 0x1000

typedef struct Place {
    Block block;
    uint64_t base;
} Place;

static const Place places[] = {
    { PWR, POWER },
    { TST, TEST_PORT },
    { TOP_BLOCK, TOP },
    { ENG, ENGINE(0) },
    { ENG, ENGINE(1) },
    { ENG, ENGINE(2) },
    { ENG, ENGINE(3) },
    { ENG, ENGINE(4) },
};

/* --- what is logged as the guest's error ---------------------------------- */

static char *error_log;

static Apu *start_logged(void)
{
    g_autofree char *options = NULL;

    error_log = g_strdup_printf("%s/apu-regs-%d", g_get_tmp_dir(), getpid());
    options = g_strdup_printf(",test-port=on -d guest_errors,invalid_mem -D %s",
                              error_log);
    return apu_start(options);
}

static void stop_logged(Apu *a)
{
    apu_stop(a);
    unlink(error_log);
    g_free(error_log);
}

/* Lines so far. */
static unsigned errors_logged(void)
{
    g_autofree char *text = NULL;
    unsigned lines = 0;

    if (!g_file_get_contents(error_log, &text, NULL, NULL)) {
        return 0;
    }
    for (const char *p = text; (p = strchr(p, '\n')); p++) {
        lines++;
    }
    return lines;
}

/* --- registers ------------------------------------------------------------ */

typedef void CheckReg(Apu *a, const Reg *reg, uint64_t addr);

/* Calls @check for every register of every block, arrays one by one. */
static void for_each_reg(Apu *a, CheckReg *check)
{
    for (unsigned p = 0; p < ARRAY_SIZE(places); p++) {
        for (unsigned i = 0; i < ARRAY_SIZE(regs); i++) {
            if (regs[i].block != places[p].block) {
                continue;
            }
            for (unsigned n = 0; n < regs[i].count; n++) {
                uint64_t addr = places[p].base + regs[i].offset +
                                n * regs[i].step;

                g_test_message("%s[%u] at 0x%" PRIx64, regs[i].name, n, addr);
                check(a, &regs[i], addr);
            }
        }
    }
}

static bool is(const Reg *reg, const char *name)
{
    return !strcmp(reg->name, name);
}

/* Registers that count time go on by themselves. */
static bool is_clock(const Reg *reg)
{
    return g_str_has_prefix(reg->name, "TIMESTAMP_") ||
           g_str_has_prefix(reg->name, "ON_TIME_") ||
           g_str_has_prefix(reg->name, "ON_CYCLES_");
}

/* What the options of the default machine make of a value. */
static uint32_t configured_reset(const Reg *reg, uint64_t addr)
{
    if (is(reg, "PRESENT") || is(reg, "RST_ASSERT")) {
        return ALL_DOMAINS;
    } else if (is(reg, "OPP_KHZ")) {
        return (1 + (addr - POWER - reg->offset) / 4) * 200000;
    } else if (is(reg, "CAPS")) {
        return 2 | 2 << 4 | 1 << 8 | 16 << 16 | 32 << 24;
    } else if (is(reg, "L1_KIB")) {
        return 1024;
    } else if (is(reg, "ID")) {
        static const uint32_t ids[NUM_ENGINES] = {
            0x000000, 0x010100, 0x020001, 0x030101, 0x040002,
        };

        return ids[(addr - ENGINE(0)) / (ENGINE(1) - ENGINE(0))];
    }
    g_error("%s has no reset value", reg->name);
}

static void check_reset(Apu *a, const Reg *reg, uint64_t addr)
{
    uint32_t reset = reg->reset != UNKNOWN ? reg->reset :
                                             configured_reset(reg, addr);

    /* power_domains() has just taken time and written these three. */
    if (is_clock(reg) || is(reg, "PWR_REQ") || is(reg, "PWR_ACK") ||
        is(reg, "CLK_EN")) {
        return;
    }
    if (is(reg, "RST_ASSERT")) {
        reset = 0;
    }
    g_assert_cmphex(qtest_readl(a->qts, addr), ==, reset);
}

static void test_reset_values(void)
{
    Apu *a = start_logged();

    for (unsigned i = 0; i < ARRAY_SIZE(regs); i++) {
        uint64_t addr = POWER + regs[i].offset;

        if (regs[i].block == PWR) {
            g_assert_cmphex(qtest_readl(a->qts, addr), ==,
                            regs[i].reset != UNKNOWN ? regs[i].reset :
                            configured_reset(&regs[i], addr));
        }
    }
    power_domains(a, ALL_DOMAINS);
    for_each_reg(a, check_reset);
    g_assert_cmpuint(errors_logged(), ==, 0);
    stop_logged(a);
}

static void check_ro(Apu *a, const Reg *reg, uint64_t addr)
{
    unsigned before = errors_logged();
    uint32_t value = qtest_readl(a->qts, addr);

    if (reg->access != RO) {
        return;
    }
    qtest_writel(a->qts, addr, ~value);
    qtest_writel(a->qts, addr, 0);
    g_assert_cmpuint(errors_logged(), ==, before + 2);
    if (g_str_has_suffix(reg->name, "_HI") || !is_clock(reg)) {
        g_assert_cmphex(qtest_readl(a->qts, addr), ==, value);
    }
}

static void test_read_only(void)
{
    Apu *a = start_logged();

    power_domains(a, ALL_DOMAINS);
    for_each_reg(a, check_ro);
    stop_logged(a);
}

static uint32_t configured_writable(const Reg *reg)
{
    if (is(reg, "ENGINE_ENABLE")) {
        return ALL_DOMAINS >> 1;
    }
    return ALL_DOMAINS;
}

static void check_rw(Apu *a, const Reg *reg, uint64_t addr)
{
    static const uint32_t values[] = {
        UINT32_MAX, 0x55555555, 0xaaaaaaaa, 0x12345678, 0,
    };
    uint32_t mask = reg->writable != UNKNOWN ? reg->writable :
                                               configured_writable(reg);

    /* OPP_REQ takes indices, see power/opp of apu-test. */
    if (reg->access != RW || is(reg, "OPP_REQ")) {
        return;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(values); i++) {
        qtest_writel(a->qts, addr, values[i]);
        g_assert_cmphex(qtest_readl(a->qts, addr), ==, values[i] & mask);
    }
    /* Goes on as it was: the blocks behind must answer. */
    if (reg->block == PWR) {
        power_domains(a, ALL_DOMAINS);
    }
}

static void test_read_write(void)
{
    Apu *a = start_logged();

    power_domains(a, ALL_DOMAINS);
    for_each_reg(a, check_rw);
    g_assert_cmpuint(errors_logged(), ==, 0);
    stop_logged(a);
}

static void check_wo(Apu *a, const Reg *reg, uint64_t addr)
{
    if (reg->access == WO) {
        qtest_writel(a->qts, addr, UINT32_MAX);
        g_assert_cmphex(qtest_readl(a->qts, addr), ==, 0);
    }
}

static void test_write_only(void)
{
    Apu *a = start_logged();

    power_domains(a, ALL_DOMAINS);
    for_each_reg(a, check_wo);
    stop_logged(a);
}

/* @addr holds @value: ones clear, zeros do not. */
static void check_w1c_bits(Apu *a, uint64_t addr, uint32_t value)
{
    g_assert_cmphex(qtest_readl(a->qts, addr), ==, value);
    qtest_writel(a->qts, addr, 0);
    g_assert_cmphex(qtest_readl(a->qts, addr), ==, value);
    qtest_writel(a->qts, addr, ~value);
    g_assert_cmphex(qtest_readl(a->qts, addr), ==, value);
    for (unsigned i = 0; i < 32; i++) {
        qtest_writel(a->qts, addr, BIT(i));
        value &= ~BIT(i);
        g_assert_cmphex(qtest_readl(a->qts, addr), ==, value);
    }
}

static void raise_all_causes(Apu *a)
{
    for (unsigned n = 0; n < APU_NUM_SLOTS; n++) {
        simple_job(a, n);
        a->next_text %= TEXT_PAGES - 4;
        run_expect(a, n, APU_JOB_STATUS_OK);
    }
    top_write(a, A_APU_TOP_SLOT_ABORT, UINT16_MAX);
    top_write(a, A_APU_TOP_DOORBELL, APU_NUM_SLOTS);
    top_write(a, A_APU_TOP_MMU_CMD, APU_MMU_OP_INV_ALL);
    qtest_clock_step(a->qts, 1000000);
}

static void test_write_one_to_clear(void)
{
    const uint32_t causes = UINT16_MAX | R_APU_TOP_IRQ_RAW_ABORT_MASK |
                            R_APU_TOP_IRQ_RAW_DESC_MASK |
                            R_APU_TOP_IRQ_RAW_MMU_MASK;
    Apu *a = apu_start_powered("");

    raise_all_causes(a);
    check_w1c_bits(a, TOP + A_APU_TOP_SLOT_ABORT_ACK, UINT16_MAX);
    g_assert_true(qtest_get_irq(a->qts, 0));
    check_w1c_bits(a, TOP + A_APU_TOP_IRQ_RAW, causes);
    g_assert_false(qtest_get_irq(a->qts, 0));

    /* IRQ_STATUS shows what the mask lets through, and clears as RAW does. */
    raise_all_causes(a);
    top_write(a, A_APU_TOP_IRQ_MASK, 0);
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_STATUS), ==, 0);
    g_assert_false(qtest_get_irq(a->qts, 0));
    top_write(a, A_APU_TOP_IRQ_MASK, BIT(16) | BIT(3));
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_STATUS), ==, BIT(16) | BIT(3));
    g_assert_true(qtest_get_irq(a->qts, 0));
    top_write(a, A_APU_TOP_IRQ_MASK, UINT32_MAX);
    check_w1c_bits(a, TOP + A_APU_TOP_IRQ_STATUS, causes);
    g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_RAW), ==, 0);
    apu_stop(a);
}

/* The only registers of this kind left: one per engine, with its neighbours. */
static void test_fault_status(void)
{
    Apu *a = apu_start_powered("");

    for (unsigned e = 0; e < NUM_ENGINES; e++) {
        uint32_t reg = A_APU_TOP_FAULT_STATUS + 16 * e;
        uint64_t va = 0x4000000000 + e * 0x10000;
        uint32_t status = R_APU_TOP_FAULT_STATUS_VALID_MASK |
                          APU_FAULT_KIND_TRANSLATION << 4 | e << 8 |
                          ASID << 16;

        top_write(a, A_APU_TOP_ENGINE_ENABLE, BIT(e));
        a->desc.num_streams = 1;
        a->desc.streams[0] = (struct apu_stream_desc) {
            .engine_class = engines[e].engine_class,
            .bytes = 8,
            .va = va,
        };
        run_expect(a, e, APU_JOB_STATUS_MMU_FAULT);
        g_assert_cmphex(top_read(a, reg + 8), ==, (uint32_t)va);
        g_assert_cmphex(top_read(a, reg + 12), ==, va >> 32);
        /* A second fault is not recorded over the first. */
        a->desc.streams[0].va += 8;
        run_expect(a, 15, APU_JOB_STATUS_MMU_FAULT);
        g_assert_cmphex(top_read(a, reg + 8), ==, (uint32_t)va);
        check_w1c_bits(a, TOP + reg, status);
    }
    g_assert_cmpuint(top_counter(a, "faults"), ==, 2 * NUM_ENGINES);
    apu_stop(a);
}

static bool is_listed(Block block, uint32_t offset)
{
    for (unsigned i = 0; i < ARRAY_SIZE(regs); i++) {
        const Reg *reg = &regs[i];

        if (reg->block == block && offset >= reg->offset &&
            (offset - reg->offset) % reg->step == 0 &&
            (offset - reg->offset) / reg->step < reg->count) {
            return true;
        }
    }
    return false;
}

/* What is not in the table is a bus error, and so is another size. */
static void test_undefined(void)
{
    Apu *a = start_logged();
    unsigned expected = 0;

    power_domains(a, ALL_DOMAINS);
    for (unsigned p = 0; p < ARRAY_SIZE(places); p++) {
        uint64_t base = places[p].base;

        for (uint32_t at = 0; at < BLOCK_BYTES; at += 4) {
            if (is_listed(places[p].block, at)) {
                continue;
            }
            qtest_readl(a->qts, base + at);
            qtest_writel(a->qts, base + at, UINT32_MAX);
            expected += 2;
        }
        g_assert_cmpuint(errors_logged(), ==, expected);
        qtest_readb(a->qts, base);
        qtest_readw(a->qts, base);
        qtest_writeb(a->qts, base, 0);
        qtest_writew(a->qts, base + 2, 0);
        expected += 4;
        g_assert_cmpuint(errors_logged(), ==, expected);
    }
    g_assert_cmpuint(expected, >, 4 * BLOCK_BYTES / 4);
    stop_logged(a);
}

static void test_machine_options(void)
{
    Apu *a = apu_start(",mdla=1,edma=3,mvpu=0,l1-kib=256");

    g_assert_cmphex(pwr_read(a, A_APU_PWR_PRESENT), ==, 0x1f);
    power_domains(a, 1);
    g_assert_cmphex(top_read(a, A_APU_TOP_CAPS), ==, 0x20100031);
    g_assert_cmpuint(top_read(a, A_APU_TOP_L1_KIB), ==, 256);
    apu_stop(a);
}

/* --- power ---------------------------------------------------------------- */

typedef struct Refused {
    uint64_t unpowered, unclocked, in_reset;
} Refused;

static Refused refused(Apu *a)
{
    return (Refused) {
        .unpowered = pwr_counter(a, "mmio-unpowered"),
        .unclocked = pwr_counter(a, "mmio-unclocked"),
        .in_reset = pwr_counter(a, "mmio-in-reset"),
    };
}

/* A read and a write of the block fail, for the reason whose counter it is. */
static void expect_refused(Apu *a, uint64_t base, unsigned unpowered,
                           unsigned unclocked, unsigned in_reset)
{
    unsigned logged = errors_logged();
    Refused before = refused(a);
    Refused after;

    qtest_readl(a->qts, base);
    qtest_writel(a->qts, base + A_APU_TOP_IRQ_MASK, 0x5a5a);
    after = refused(a);
    g_assert_cmpuint(after.unpowered - before.unpowered, ==, 2 * unpowered);
    g_assert_cmpuint(after.unclocked - before.unclocked, ==, 2 * unclocked);
    g_assert_cmpuint(after.in_reset - before.in_reset, ==, 2 * in_reset);
    g_assert_cmpuint(errors_logged(), ==, logged + 2);
}

static void expect_answer(Apu *a, uint64_t base)
{
    Refused before = refused(a);
    Refused after;
    uint32_t version = qtest_readl(a->qts, base + A_APU_TOP_VERSION);

    after = refused(a);
    g_assert_cmphex(version, ==, 0x10000);
    g_assert_cmpmem(&before, sizeof(before), &after, sizeof(after));
}

/* Every block through every state; the others work all the time. */
static void test_power_every_block(void)
{
    Apu *a = start_logged();

    for (unsigned d = 0; d <= NUM_ENGINES; d++) {
        uint64_t base = d ? ENGINE(d - 1) : TOP;
        uint32_t bit = BIT(d);
        /* Without TOP no engine is powered. */
        uint32_t off = d ? ALL_DOMAINS & ~bit : 0;

        power_domains(a, off);
        expect_refused(a, base, 1, 0, 0);
        pwr_write(a, A_APU_PWR_PWR_REQ, ALL_DOMAINS);
        qtest_clock_step(a->qts, POWER_ACK_NS - 1);
        expect_refused(a, base, 1, 0, 0);
        qtest_clock_step(a->qts, POWER_ACK_NS + 1);
        pwr_write(a, A_APU_PWR_CLK_EN, ALL_DOMAINS & ~bit);
        pwr_write(a, A_APU_PWR_RST_ASSERT, bit);
        expect_refused(a, base, 0, 1, 0);
        pwr_write(a, A_APU_PWR_CLK_EN, ALL_DOMAINS);
        expect_refused(a, base, 0, 0, 1);
        pwr_write(a, A_APU_PWR_RST_ASSERT, 0);
        expect_answer(a, base);
        pwr_write(a, A_APU_PWR_CLK_EN, ALL_DOMAINS & ~bit);
        expect_refused(a, base, 0, 1, 0);
        for (unsigned other = 0; other <= NUM_ENGINES; other++) {
            if (other != d) {
                expect_answer(a, other ? ENGINE(other - 1) : TOP);
            }
        }
        pwr_write(a, A_APU_PWR_CLK_EN, ALL_DOMAINS);
        g_assert_cmphex(top_read(a, A_APU_TOP_IRQ_MASK), ==, 0);
    }
    stop_logged(a);
}

int main(int argc, char **argv)
{
    static const ApuTest tests[] = {
        { "registers/reset-values", test_reset_values },
        { "registers/read-only", test_read_only },
        { "registers/read-write", test_read_write },
        { "registers/write-only", test_write_only },
        { "registers/write-one-to-clear", test_write_one_to_clear },
        { "registers/fault-status", test_fault_status },
        { "registers/undefined", test_undefined },
        { "registers/machine-options", test_machine_options },
        { "power/every-block", test_power_every_block },
    };

    return apu_run_tests(argc, argv, tests, ARRAY_SIZE(tests));
}

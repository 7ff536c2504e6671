/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: a machine for a test, with page tables, descriptors and command
 * streams written by hand. Structures go to the guest as the host has them:
 * the host is little endian.
 */
#ifndef TESTS_QTEST_APU_UTIL_H
#define TESTS_QTEST_APU_UTIL_H

#include "qemu/bitops.h"
#include "qobject/qdict.h"
#include "hw/apu/apu_isa.h"
#include "hw/apu/apu_regs.h"
#include "libqtest.h"

#define POWER       0x09100000
#define TEST_PORT   0x09110000
#define TOP         0x09200000
#define ENGINE(i)   (0x09300000 + (i) * 0x10000)

#define NUM_ENGINES 5
#define APU_NUM_CLASSES 3
#define MDLA0       0
#define EDMA0       2
#define EDMA1       3
#define ALL_DOMAINS 0x3f

#define POWER_ACK_NS    20000
#define OPP_SETTLE_NS   50000

/* Guest RAM: tables, descriptors, then pages as tests ask for them. */
#define RAM         0x40000000
#define TABLES      (RAM + 0x100000)
#define DESCS       (RAM + 0x200000)
#define PAGES       (RAM + 0x300000)
#define BUS_HOLE    0x0b000000      /* where the machine has nothing */

/* Virtual addresses: a page of commands per stream of a test, and data. */
#define TEXT_VA(i)  (0x10000000 + (i) * 0x1000)
#define TEXT_PAGES  64
#define DATA_VA     0x20000000
#define DATA_PAGES  4
#define DATA_BYTES  (DATA_PAGES * 0x1000)

#define ASID        7
#define LIMIT_US    1000
#define L1_REF(o)   (o)
#define DATA_REF(o) ((uint64_t)APU_REGION_IO << APU_REF_REGION_SHIFT | (o))

#define PTE_VALID   BIT_ULL(0)
#define PTE_TABLE   BIT_ULL(1)
#define PTE_RDONLY  BIT_ULL(7)
#define PTE_AF      BIT_ULL(10)
#define PTE_PAGE    (PTE_VALID | PTE_TABLE | PTE_AF)

/* A machine and what a test has put into its memory. */
typedef struct Apu {
    QTestState *qts;
    uint64_t next_table;
    uint64_t next_page;
    struct apu_job_desc desc;
    /* Jobs run while the next one is written: no stream reuses a page. */
    uint64_t text;                      /* physical */
    unsigned next_text;
    uint64_t data;                      /* physical */
} Apu;

typedef struct Engine {
    const char *name;
    enum apu_engine_class engine_class;
} Engine;

static const Engine engines[NUM_ENGINES] = {
    { "mdla0", APU_ENGINE_CLASS_MDLA },
    { "mdla1", APU_ENGINE_CLASS_MDLA },
    { "edma0", APU_ENGINE_CLASS_EDMA },
    { "edma1", APU_ENGINE_CLASS_EDMA },
    { "mvpu0", APU_ENGINE_CLASS_MVPU },
};

static inline uint32_t pwr_read(Apu *a, uint32_t reg)
{
    return qtest_readl(a->qts, POWER + reg);
}

static inline void pwr_write(Apu *a, uint32_t reg, uint32_t value)
{
    qtest_writel(a->qts, POWER + reg, value);
}

static inline uint32_t top_read(Apu *a, uint32_t reg)
{
    return qtest_readl(a->qts, TOP + reg);
}

static inline void top_write(Apu *a, uint32_t reg, uint32_t value)
{
    qtest_writel(a->qts, TOP + reg, value);
}

/* A counter of the device, or of its power controller. */
static inline uint64_t counter(Apu *a, const char *path, const char *name)
{
    QDict *rsp = qtest_qmp(a->qts, "{ 'execute': 'qom-get', 'arguments': "
                           "{ 'path': %s, 'property': %s } }", path, name);
    uint64_t value;

    g_assert(qdict_haskey(rsp, "return"));
    value = qdict_get_int(rsp, "return");
    qobject_unref(rsp);
    return value;
}

static inline uint64_t top_counter(Apu *a, const char *name)
{
    return counter(a, "/machine/apu", name);
}

static inline uint64_t pwr_counter(Apu *a, const char *name)
{
    return counter(a, "/machine/apu-power", name);
}

/* Whether rules that make the device fail were accepted. */
static inline bool try_fault(Apu *a, const char *rules)
{
    QDict *rsp = qtest_qmp(a->qts, "{ 'execute': 'qom-set', 'arguments': "
                           "{ 'path': '/machine/apu', 'property': 'fault', "
                           "'value': %s } }", rules);
    bool accepted = qdict_haskey(rsp, "return");

    qobject_unref(rsp);
    return accepted;
}

static inline void set_fault(Apu *a, const char *rules)
{
    g_assert_true(try_fault(a, rules));
}

/* The rules that are left. */
static inline void expect_rules(Apu *a, const char *rules)
{
    QDict *rsp = qtest_qmp(a->qts, "{ 'execute': 'qom-get', 'arguments': "
                           "{ 'path': '/machine/apu', 'property': 'fault' } }");

    g_assert_cmpstr(qdict_get_str(rsp, "return"), ==, rules);
    qobject_unref(rsp);
}

static inline uint64_t fault_hits(Apu *a)
{
    return top_counter(a, "fault-hits");
}

static inline void power_domains(Apu *a, uint32_t domains)
{
    pwr_write(a, A_APU_PWR_PWR_REQ, domains);
    qtest_clock_step(a->qts, POWER_ACK_NS);
    g_assert_cmphex(pwr_read(a, A_APU_PWR_PWR_ACK), ==, domains);
    pwr_write(a, A_APU_PWR_CLK_EN, domains);
    pwr_write(a, A_APU_PWR_RST_ASSERT, ALL_DOMAINS & ~domains);
}

/* Everything on; interrupts of all causes. */
static inline void power_all(Apu *a)
{
    uint32_t present = pwr_read(a, A_APU_PWR_PRESENT);

    power_domains(a, present);
    top_write(a, A_APU_TOP_ENGINE_ENABLE, present >> 1);
    top_write(a, A_APU_TOP_IRQ_MASK, UINT32_MAX);
}

static inline uint64_t new_table(Apu *a)
{
    uint64_t table = a->next_table;

    a->next_table += 0x1000;
    qtest_memset(a->qts, table, 0, 0x1000);
    return table;
}

static inline uint64_t new_pages(Apu *a, unsigned num)
{
    uint64_t page = a->next_page;

    a->next_page += num * 0x1000;
    qtest_memset(a->qts, page, 0, num * 0x1000);
    return page;
}

/* Where the last-level entry of @va is; makes the tables on the way. */
static inline uint64_t pte_of(Apu *a, uint64_t va)
{
    uint64_t table = a->desc.ttbr;

    for (unsigned shift = 30; shift > 12; shift -= 9) {
        uint64_t at = table + extract64(va, shift, 9) * 8;
        uint64_t entry = qtest_readq(a->qts, at);

        if (!entry) {
            entry = new_table(a) | PTE_TABLE | PTE_VALID;
            qtest_writeq(a->qts, at, entry);
        }
        table = entry & ~MAKE_64BIT_MASK(0, 12);
    }
    return table + extract64(va, 12, 9) * 8;
}

static inline void map(Apu *a, uint64_t va, uint64_t pa, unsigned num,
                       uint64_t attrs)
{
    for (unsigned i = 0; i < num; i++, va += 0x1000, pa += 0x1000) {
        qtest_writeq(a->qts, pte_of(a, va), pa | PTE_PAGE | attrs);
    }
}

static inline Apu *apu_start(const char *options)
{
    Apu *a = g_new0(Apu, 1);

    a->qts = qtest_initf("-machine virt-apu%s -cpu cortex-a57 -m 64M "
                         "-nic none",
                         options);
    qtest_irq_intercept_out_named(a->qts, "/machine/apu", "sysbus-irq");
    a->next_table = TABLES;
    a->next_page = PAGES;
    a->desc.ttbr = new_table(a);
    a->desc.asid = ASID;
    a->desc.flags = APU_JOB_FLAG_IRQ;
    a->desc.time_limit_us = LIMIT_US;
    a->text = new_pages(a, TEXT_PAGES);
    map(a, TEXT_VA(0), a->text, TEXT_PAGES, 0);
    a->data = new_pages(a, DATA_PAGES);
    map(a, DATA_VA, a->data, DATA_PAGES, 0);
    return a;
}

static inline Apu *apu_start_powered(const char *options)
{
    Apu *a = apu_start(options);

    power_all(a);
    return a;
}

static inline void apu_stop(Apu *a)
{
    qtest_quit(a->qts);
    g_free(a);
}

/* Adds a stream to the job; commands follow. */
static inline unsigned stream(Apu *a, enum apu_engine_class engine_class)
{
    unsigned i = a->desc.num_streams++;

    g_assert_cmpuint(a->next_text, <, TEXT_PAGES);
    a->desc.streams[i] = (struct apu_stream_desc) {
        .engine_class = engine_class,
        .va = TEXT_VA(a->next_text++),
    };
    return i;
}

static inline void command(Apu *a, unsigned i, const void *cmd, size_t bytes)
{
    struct apu_stream_desc *s = &a->desc.streams[i];

    qtest_memwrite(a->qts, a->text + (s->va - TEXT_VA(0)) + s->bytes, cmd,
                   bytes);
    s->bytes += bytes;
}

#define HDR(op_, type_, imm_) \
    { .opcode = (op_), .words = sizeof(type_) / 8, .imm = (imm_) }

static inline void cmd_plain(Apu *a, unsigned i, enum apu_opcode op,
                             uint32_t imm)
{
    struct apu_cmd_header c = HDR(op, struct apu_cmd_header, imm);

    command(a, i, &c, sizeof(c));
}

static inline void cmd_region(Apu *a, unsigned i, unsigned region,
                              uint64_t base, uint64_t size)
{
    struct apu_cmd_set_region c = {
        .hdr = HDR(APU_OP_SET_REGION, c, region),
        .base = base,
        .size = size,
    };

    command(a, i, &c, sizeof(c));
}

static inline void cmd_wait(Apu *a, unsigned i, unsigned n, uint64_t value)
{
    struct apu_cmd_wait c = {
        .hdr = HDR(APU_OP_WAIT, c, n),
        .value = value,
    };

    command(a, i, &c, sizeof(c));
}

static inline void cmd_fill(Apu *a, unsigned i, uint64_t dst, uint32_t bytes,
                            uint8_t value)
{
    struct apu_cmd_fill c = {
        .hdr = HDR(APU_OP_FILL, c, 0),
        .dst = dst,
        .dims = { 1, 1, 1, bytes },
        .dst_stride = { 0, 0, 0, 1 },
        .value = value,
        .type = APU_DTYPE_U8,
    };

    command(a, i, &c, sizeof(c));
}

static inline void cmd_copy(Apu *a, unsigned i, uint64_t src, uint64_t dst,
                            uint32_t bytes)
{
    struct apu_cmd_copy c = {
        .hdr = HDR(APU_OP_COPY, c, 0),
        .src = src,
        .dst = dst,
        .dims = { 1, 1, 1, bytes },
        .src_stride = { 0, 0, 0, 1 },
        .dst_stride = { 0, 0, 0, 1 },
        .src_type = APU_DTYPE_U8,
        .dst_type = APU_DTYPE_U8,
    };

    command(a, i, &c, sizeof(c));
}

static inline unsigned data_stream(Apu *a, enum apu_engine_class engine_class)
{
    unsigned i = stream(a, engine_class);

    cmd_region(a, i, APU_REGION_IO, DATA_VA, DATA_BYTES);
    return i;
}

/* One stream that fills the first byte of the data, unless it cannot. */
static inline void simple_job(Apu *a, uint8_t value)
{
    unsigned i;

    a->desc.num_streams = 0;
    i = data_stream(a, APU_ENGINE_CLASS_EDMA);
    cmd_fill(a, i, DATA_REF(0), 1, value);
    cmd_plain(a, i, APU_OP_END, 0);
}

/* One stream that waits for a signal which never comes. */
static inline void endless_job(Apu *a)
{
    unsigned i;

    a->desc.num_streams = 0;
    i = stream(a, APU_ENGINE_CLASS_EDMA);
    cmd_wait(a, i, 0, 1);
}

/* A job of two commands that every class knows, on engine @e alone. */
static inline void plain_job(Apu *a, unsigned e)
{
    a->desc.num_streams = 0;
    a->next_text %= TEXT_PAGES - 4;
    stream(a, engines[e].engine_class);
    cmd_region(a, 0, APU_REGION_IO, DATA_VA, DATA_BYTES);
    cmd_plain(a, 0, APU_OP_NOP, 0);
    top_write(a, A_APU_TOP_ENGINE_ENABLE, BIT(e));
}

static inline uint64_t desc_addr(unsigned slot)
{
    return DESCS + slot * APU_SLOT_STRIDE;
}

static inline uint64_t record_addr(unsigned slot)
{
    return desc_addr(slot) + APU_COMPLETION_OFFSET;
}

static inline void ring(Apu *a, unsigned slot)
{
    qtest_memwrite(a->qts, desc_addr(slot), &a->desc, sizeof(a->desc));
    qtest_writel(a->qts, record_addr(slot), APU_JOB_STATUS_PENDING);
    top_write(a, A_APU_TOP_SLOT_DESC_LO + 8 * slot, desc_addr(slot));
    top_write(a, A_APU_TOP_SLOT_DESC_HI + 8 * slot, 0);
    top_write(a, A_APU_TOP_DOORBELL, slot);
}

/* Jobs are executed in host time: wait for it, not for the guest's clock. */
static inline void wait_for(Apu *a, uint64_t addr, uint32_t mask,
                            uint32_t value)
{
    for (int i = 0; i < 10000; i++) {
        if ((qtest_readl(a->qts, addr) & mask) == value) {
            return;
        }
        g_usleep(1000);
    }
    g_assert_cmphex(qtest_readl(a->qts, addr) & mask, ==, value);
}

/*
 * Time for threads: most often they have executed their jobs after it. A test
 * must hold either way.
 */
static inline void let_run(void)
{
    g_usleep(10000);
}

static inline struct apu_job_completion record(Apu *a, unsigned slot)
{
    struct apu_job_completion c;

    qtest_memread(a->qts, record_addr(slot), &c, sizeof(c));
    return c;
}

static inline struct apu_job_completion wait_slot(Apu *a, unsigned slot)
{
    wait_for(a, TOP + A_APU_TOP_SLOT_ACTIVE, BIT(slot), 0);
    return record(a, slot);
}

static inline void run_expect(Apu *a, unsigned slot,
                              enum apu_job_status status)
{
    struct apu_job_completion c;

    ring(a, slot);
    c = wait_slot(a, slot);
    g_assert_cmpuint(c.status, ==, status);
}

static inline void mmu_command_of(Apu *a, enum apu_mmu_op op, uint16_t asid,
                                  uint64_t addr, uint64_t size)
{
    top_write(a, A_APU_TOP_MMU_ADDR_LO, addr);
    top_write(a, A_APU_TOP_MMU_ADDR_HI, addr >> 32);
    top_write(a, A_APU_TOP_MMU_SIZE_LO, size);
    top_write(a, A_APU_TOP_MMU_SIZE_HI, size >> 32);
    top_write(a, A_APU_TOP_MMU_CMD,
              op | (uint32_t)asid << R_APU_TOP_MMU_CMD_ASID_SHIFT);
    while (top_read(a, A_APU_TOP_MMU_STATUS) & R_APU_TOP_MMU_STATUS_BUSY_MASK) {
        qtest_clock_step_next(a->qts);
    }
    top_write(a, A_APU_TOP_IRQ_RAW, R_APU_TOP_IRQ_RAW_MMU_MASK);
}

static inline void mmu_command(Apu *a, enum apu_mmu_op op, uint64_t addr,
                               uint64_t size)
{
    mmu_command_of(a, op, ASID, addr, size);
}

static inline uint8_t data_byte(Apu *a, unsigned offset)
{
    return qtest_readb(a->qts, a->data + offset);
}

/* Holds all data back, so that a job that touches it stays running. */
static inline void hold_data(Apu *a)
{
    mmu_command(a, APU_MMU_OP_LOCK, DATA_VA, DATA_BYTES);
}

static inline void release_data(Apu *a)
{
    mmu_command(a, APU_MMU_OP_UNLOCK, 0, 0);
}

typedef struct ApuTest {
    const char *path;
    void (*run)(void);
} ApuTest;

static inline int apu_run_tests(int argc, char **argv, const ApuTest *tests,
                                unsigned num)
{
    g_test_init(&argc, &argv, NULL);
    for (unsigned i = 0; i < num; i++) {
        g_autofree char *path = g_strdup_printf("apu/%s", tests[i].path);

        qtest_add_func(path, tests[i].run);
    }
    return g_test_run();
}

#endif

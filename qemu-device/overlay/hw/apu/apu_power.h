/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: power controller, as the other blocks see it. Domain 0 is TOP,
 * domain 1 + i is engine i. Everything here runs under the BQL.
 */
#ifndef HW_APU_POWER_H
#define HW_APU_POWER_H

#include "hw/sysbus.h"
#include "qom/object.h"
#include "apu_compat.h"
#include "apu_fault.h"
#include "apu_regs.h"

#define TYPE_APU_POWER "apu-power"
OBJECT_DECLARE_SIMPLE_TYPE(ApuPower, APU_POWER)

#define APU_MAX_DOMAINS 32
#define APU_MAX_ENGINES (APU_MAX_DOMAINS - 1)
#define APU_DOMAIN_TOP 0
#define APU_DOMAIN_ENGINE(i) (1 + (i))
#define APU_NUM_OPP 5

/* What a block wants to hear of its domain. */
typedef struct ApuPowerClient {
    /* The block's state is gone: its power was lost or its reset asserted. */
    void (*lost)(void *opaque);
    /* Power, clock or reset changed; called after lost(). */
    void (*changed)(void *opaque);
    void *opaque;
} ApuPowerClient;

struct ApuPower {
    SysBusDevice parent_obj;

    MemoryRegion iomem;
    QEMUTimer *timer;
    ApuPowerClient client[APU_MAX_DOMAINS];
    ApuFaults *faults;          /* TOP's; NULL until there is one */

    /* Properties */
    uint32_t num_domains;
    uint32_t ack_ns;
    uint32_t settle_ns;

    uint32_t regs[0x280 / 4];
    uint32_t on_time_hi;        /* latched by reading ON_TIME_LO */
    uint32_t on_cycles_hi;      /* latched by reading ON_CYCLES_LO */
    /* When a domain's ack follows its request, -1 when it need not. */
    int64_t ack_at[APU_MAX_DOMAINS];
    int64_t settle_at;
    /*
     * Time that a domain has been on, and the cycles in it, up to its last
     * change of state or frequency, which was at on_since.
     */
    uint64_t on_ns[APU_MAX_DOMAINS];
    uint64_t on_cycles[APU_MAX_DOMAINS];
    int64_t on_since[APU_MAX_DOMAINS];
    /* Domains under a fault: */
    uint32_t ack_stuck;         /* the ack of the last request never comes */
    uint32_t rst_stuck;         /* the reset line cannot be released */
    uint32_t rst_ignored;       /* the reset line has no effect */

    /* Counters for tests, readable as properties */
    uint64_t mmio_unpowered;
    uint64_t mmio_unclocked;
    uint64_t mmio_in_reset;
    uint64_t dma_unpowered;
};

void apu_power_connect(ApuPower *s, unsigned domain,
                       const ApuPowerClient *client);

/* Powered, clocked and not in reset. */
bool apu_power_works(const ApuPower *s, unsigned domain);

/* The clock gate alone: without it a powered block stands still. */
bool apu_power_clocked(const ApuPower *s, unsigned domain);

/* MEMTX_OK if the domain works; else counts and logs the bus error. */
MemTxResult apu_power_check_mmio(ApuPower *s, unsigned domain,
                                 const char *block, hwaddr addr);

/* Frequency in force, and that of an operating point. */
uint32_t apu_power_khz(const ApuPower *s);
uint32_t apu_power_opp_khz(unsigned opp);

#endif

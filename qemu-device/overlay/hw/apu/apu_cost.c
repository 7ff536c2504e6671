/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The cost model, see "Cost" in Documentation/hardware/engines.rst.
 */

#include "apu_base.h"
#include "apu_exec_int.h"

/* Element operations of POOL and ELTWISE per cycle */
#define ELEMENTS_PER_CYCLE 64

/*
 * Cycles of a command issued at @now. A transfer waits for the one that was
 * issued before it; its latency does not keep the DRAM busy.
 */
uint64_t apu_cost_cycles(const struct apu_cost *cost, struct apu_dram *dram,
                         uint64_t now)
{
    uint64_t cycles = apu_max64(cost->compute,
                                apu_div_up(cost->l1_bytes,
                                           APU_CYC_L1_BYTES));

    if (cost->dram_bytes) {
        uint64_t bursts = apu_div_up(cost->dram_bytes, APU_CYC_DRAM_BURST);
        uint64_t latency = APU_CYC_DRAM_LATENCY *
                           apu_div_up(bursts, APU_CYC_DRAM_OUTSTANDING);
        uint64_t begin = apu_max64(now, dram->free);
        uint64_t end = apu_sat_add(begin, apu_div_up(cost->dram_bytes,
                                                     APU_CYC_DRAM_BYTES));

        dram->free = end;
        cycles = apu_max64(cycles, apu_sat_add(end - now, latency));
    }
    return apu_sat_add(APU_CYC_COMMAND, cycles);
}

uint64_t apu_cost_conv(const struct apu_cmd_conv *c)
{
    uint64_t macs = apu_sat_mul(c->out_h, c->out_w);
    unsigned rate;

    macs = apu_sat_mul(macs, c->out_c);
    macs = apu_sat_mul(macs, (uint64_t)c->k_h * c->k_w);
    switch (c->in_type) {
    case APU_DTYPE_I16:
        rate = c->w_type == APU_DTYPE_I16 ? APU_CYC_MDLA_MACS_F16 :
                                            APU_CYC_MDLA_MACS_I16;
        break;
    case APU_DTYPE_F16:
        rate = APU_CYC_MDLA_MACS_F16;
        break;
    default:
        rate = APU_CYC_MDLA_MACS_I8;
        break;
    }
    if (c->kind == APU_CONV_KIND_DEPTHWISE) {
        return apu_div_up(macs, rate / APU_CYC_DEPTHWISE_DIV);
    }
    return apu_div_up(apu_sat_mul(macs, c->in_c / c->groups), rate);
}

uint64_t apu_cost_pool(const struct apu_cmd_pool *c)
{
    uint64_t n = apu_sat_mul(apu_sat_mul(c->out_h, c->out_w), c->channels);

    return apu_div_up(apu_sat_mul(n, (uint64_t)c->k_h * c->k_w),
                      ELEMENTS_PER_CYCLE);
}

uint64_t apu_cost_eltwise(const struct apu_cmd_eltwise *c)
{
    return apu_div_up(apu_sat_mul(apu_sat_mul(c->h, c->w), c->c),
                      ELEMENTS_PER_CYCLE);
}

/* @bytes of the larger side */
uint64_t apu_cost_edma(uint64_t bytes)
{
    return apu_div_up(bytes, APU_CYC_EDMA_BYTES);
}

uint64_t apu_cost_mvpu(uint64_t elements, unsigned operations)
{
    return apu_div_up(apu_sat_mul(elements, operations), APU_CYC_MVPU_LANES);
}

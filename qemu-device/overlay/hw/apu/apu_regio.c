/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: register access by table.
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "apu_regio.h"

static const ApuReg *apu_reg_find(const ApuRegBlock *block, hwaddr addr,
                                  unsigned *index)
{
    for (unsigned i = 0; i < block->num; i++) {
        const ApuReg *reg = &block->regs[i];

        if (addr >= reg->offset && (addr - reg->offset) % reg->step == 0 &&
            (addr - reg->offset) / reg->step < reg->count) {
            *index = (addr - reg->offset) / reg->step;
            return reg;
        }
    }
    qemu_log_mask(LOG_GUEST_ERROR, "%s: no register at 0x%03" HWADDR_PRIx "\n",
                  block->name, addr);
    return NULL;
}

void apu_reg_reset(const ApuRegBlock *block, uint32_t *values)
{
    for (unsigned i = 0; i < block->num; i++) {
        const ApuReg *reg = &block->regs[i];

        for (unsigned n = 0; n < reg->count; n++) {
            values[(reg->offset + n * reg->step) / 4] = reg->reset;
        }
    }
}

const ApuReg *apu_reg_read(const ApuRegBlock *block, const uint32_t *values,
                           hwaddr addr, unsigned *index, uint32_t *data)
{
    const ApuReg *reg = apu_reg_find(block, addr, index);

    *data = reg && reg->access != APU_REG_WO ? values[addr / 4] : 0;
    return reg;
}

const ApuReg *apu_reg_write(const ApuRegBlock *block, uint32_t *values,
                            hwaddr addr, unsigned *index, uint32_t data)
{
    const ApuReg *reg = apu_reg_find(block, addr, index);

    if (!reg) {
        return NULL;
    }
    switch (reg->access) {
    case APU_REG_RW:
        values[addr / 4] = data;
        break;
    case APU_REG_W1C:
        values[addr / 4] &= ~data;
        break;
    case APU_REG_RO:
        qemu_log_mask(LOG_GUEST_ERROR, "%s: write to read-only %s\n",
                      block->name, reg->name);
        break;
    case APU_REG_WO:
        break;
    }
    return reg;
}

/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: register access by the generated tables of apu_regs.h. It applies
 * the access rule of a register; what else a register does is its block's.
 */
#ifndef HW_APU_REGIO_H
#define HW_APU_REGIO_H

#include "exec/hwaddr.h"
#include "exec/memattrs.h"
#include "apu_regs.h"

typedef enum ApuRegAccess {
    APU_REG_RO,
    APU_REG_RW,
    APU_REG_WO,
    APU_REG_W1C,
} ApuRegAccess;

typedef struct ApuReg {
    const char *name;
    uint16_t offset;
    uint16_t count;
    uint16_t step;
    ApuRegAccess access;
    uint32_t reset;
} ApuReg;

typedef struct ApuRegBlock {
    const char *name;
    const ApuReg *regs;
    unsigned num;
} ApuRegBlock;

/* For the X-macros of apu_regs.h. */
#define APU_REG_ENTRY(name_, offset_, count_, step_, access_, reset_) \
    { .name = #name_, .offset = (offset_), .count = (count_), \
      .step = (step_), .access = APU_REG_##access_, .reset = (reset_) },

/*
 * All three take the block's values as an array indexed by offset / 4. Read
 * and write return the register, and in *index which one of an array it is,
 * or NULL for an offset that is not listed: a bus error.
 */
void apu_reg_reset(const ApuRegBlock *block, uint32_t *values);
const ApuReg *apu_reg_read(const ApuRegBlock *block, const uint32_t *values,
                           hwaddr addr, unsigned *index, uint32_t *data);
const ApuReg *apu_reg_write(const ApuRegBlock *block, uint32_t *values,
                            hwaddr addr, unsigned *index, uint32_t data);

#endif

/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: test port.
 */
#ifndef HW_APU_TEST_PORT_H
#define HW_APU_TEST_PORT_H

#include "apu_top.h"

#define TYPE_APU_TEST_PORT "apu-test-port"
OBJECT_DECLARE_SIMPLE_TYPE(ApuTestPort, APU_TEST_PORT)

/* Bytes of TEXT, which takes the rest of the block. */
#define APU_TEST_PORT_TEXT (APU_TST_SIZE - A_APU_TST_TEXT)

struct ApuTestPort {
    SysBusDevice parent_obj;

    MemoryRegion iomem;
    ApuTop *top;                /* property */
    uint32_t regs[APU_TST_SIZE / 4];
};

#endif

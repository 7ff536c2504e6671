/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands of the MVPU share. */
#ifndef HW_APU_MVPU_H
#define HW_APU_MVPU_H

#include "apu_exec_int.h"

/* A table of LUT16 and of SOFTMAX on I16 */
#define APU_LUT16_ENTRIES 513
#define APU_LUT16_BYTES (2 * APU_LUT16_ENTRIES)

/* Evenly spaced rows of an input and an output, both in L1. */
struct apu_rows {
    uint64_t in, out;
    uint32_t rows;
    uint64_t in_bytes, out_bytes;       /* of one row */
    uint32_t in_pitch, out_pitch;
};

enum apu_job_status apu_resolve_rows(struct apu_op *op,
                                     const struct apu_regions *r,
                                     const struct apu_rows *rows);
/* The table of a command goes to op->in2. */
enum apu_job_status apu_resolve_table(struct apu_op *op,
                                      const struct apu_regions *r,
                                      uint64_t ref, unsigned bytes);
/* TFLite's LUTLookup: 512 steps with interpolation. */
int16_t apu_lut16(const int16_t *table, int16_t v);

#endif

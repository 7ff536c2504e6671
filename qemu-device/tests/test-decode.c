/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is refused: every kind of field out of range, on commands that are
 * otherwise good, and that a refused command has no effect.
 */

#include <stdlib.h>
#include <string.h>
#include "commands.h"

#define L1_KIB 16
#define DRAM_BYTES 0x4000
#define BAD APU_JOB_STATUS_BAD_COMMAND
#define REGION APU_JOB_STATUS_BAD_REGION
#define OK APU_JOB_STATUS_OK

static uint8_t l1[L1_KIB * 1024], l1_before[sizeof(l1)];
static uint8_t dram[DRAM_BYTES], dram_before[DRAM_BYTES];

/* Runs words of a command; a refusal must leave memory alone. */
static enum apu_job_status run(const void *cmd, unsigned class)
{
    struct one o = {
        .cmd = cmd, .engine_class = class, .l1 = l1, .l1_kib = L1_KIB,
        .dram = dram, .dram_size = DRAM_BYTES,
    };
    enum apu_job_status s;

    memcpy(l1_before, l1, sizeof(l1));
    memcpy(dram_before, dram, sizeof(dram));
    s = one_run(&o);
    if (s != OK && (memcmp(l1, l1_before, sizeof(l1)) ||
                    memcmp(dram, dram_before, sizeof(dram)))) {
        tap_note("refused with %d, but memory changed", s);
        return APU_JOB_STATUS_PENDING;
    }
    if (s == BAD && o.record.detail !=
        ((const struct apu_cmd_header *)cmd)->opcode) {
        tap_note("detail is 0x%x", o.record.detail);
        return APU_JOB_STATUS_PENDING;
    }
    return s;
}

struct base {
    const char *name;
    unsigned class;
    uint64_t words[APU_MAX_CMD_WORDS];
};

enum { CONV, POOL, ELTWISE, COPY, FILL, SOFTMAX, ACTIVATION,
       RESIZE, ARG, NORM, GATHER, REDUCE,
       NUM_BASES };
static struct base base[NUM_BASES];

#define BASE(i, cls, call) do {                                 \
        __typeof__(call) c_ = call;                             \
                                                                \
        base[i].name = #i;                                      \
        base[i].class = APU_ENGINE_CLASS_##cls;                 \
        memcpy(base[i].words, &c_, sizeof(c_));                 \
    } while (0)

static void make_bases(void)
{
    struct apu_quant q = { 1 << 30, 0 };

    BASE(CONV, MDLA, cmd_conv());
    BASE(POOL, MDLA, cmd_pool());
    BASE(ELTWISE, MDLA, cmd_eltwise());
    BASE(COPY, EDMA, cmd_copy());
    BASE(FILL, EDMA, cmd_fill());
    BASE(SOFTMAX, MVPU, cmd_softmax());
    BASE(ACTIVATION, MVPU, cmd_activation());
    BASE(RESIZE, MVPU, cmd_resize());
    BASE(ARG, MVPU, cmd_arg());
    BASE(NORM, MVPU, cmd_norm());
    BASE(GATHER, EDMA, cmd_gather());
    BASE(REDUCE, MVPU, cmd_reduce());
    for (unsigned i = 0; i < 8; i++) {
        memcpy(dram + 0x2000 + 8 * i, &q, 8);
    }
}

/* A field of @bytes at @offset set to a value */
struct change {
    unsigned offset, bytes;
    uint64_t value;
};

struct refusal {
    unsigned base;
    const char *what;
    enum apu_job_status want;
    struct change c[6];
};

#define F(cmd, field, v) \
    { offsetof(struct apu_cmd_##cmd, field), \
      sizeof(((struct apu_cmd_##cmd *)0)->field), (uint64_t)(v) }

static const struct refusal refusals[] = {
    { CONV, "as it is", OK, { { 0 } } },
    { CONV, "in_h 0", BAD, { F(conv, in_h, 0) } },
    { CONV, "in_w 0", BAD, { F(conv, in_w, 0) } },
    { CONV, "in_c 0", BAD, { F(conv, in_c, 0) } },
    { CONV, "out_h 0", BAD, { F(conv, out_h, 0) } },
    { CONV, "out_w 0", BAD, { F(conv, out_w, 0) } },
    { CONV, "out_c 0", BAD, { F(conv, out_c, 0) } },
    { CONV, "k_h 0", BAD, { F(conv, k_h, 0) } },
    { CONV, "k_w 0", BAD, { F(conv, k_w, 0) } },
    { CONV, "stride_h 0", BAD, { F(conv, stride_h, 0) } },
    { CONV, "stride_w 0", BAD, { F(conv, stride_w, 0) } },
    { CONV, "dil_h 0", BAD, { F(conv, dil_h, 0) } },
    { CONV, "dil_w 0", BAD, { F(conv, dil_w, 0) } },
    { CONV, "groups 0", BAD, { F(conv, groups, 0) } },
    { CONV, "groups 3", BAD, { F(conv, groups, 3) } },
    { CONV, "groups that divide in_c only", BAD,
      { F(conv, groups, 4), F(conv, out_c, 6) } },
    { CONV, "kind 2", BAD, { F(conv, kind, 2) } },
    { CONV, "DEPTHWISE of other channels", BAD, { F(conv, kind, 1) } },
    { CONV, "DEPTHWISE times two", OK,
      { F(conv, kind, 1), F(conv, groups, 2) } },
    { CONV, "quant_mode NONE", BAD, { F(conv, quant_mode, 0) } },
    { CONV, "quant_mode 3", BAD, { F(conv, quant_mode, 3) } },
    { CONV, "in_type NONE", BAD, { F(conv, in_type, 0) } },
    { CONV, "in_type F32", BAD, { F(conv, in_type, APU_DTYPE_F32) } },
    { CONV, "w_type U8", BAD, { F(conv, w_type, APU_DTYPE_U8) } },
    { CONV, "w_type I16", BAD, { F(conv, w_type, APU_DTYPE_I16) } },
    { CONV, "out_type U8", BAD, { F(conv, out_type, APU_DTYPE_U8) } },
    { CONV, "out_type 255", BAD, { F(conv, out_type, 255) } },
    { CONV, "bias_type I64", BAD, { F(conv, bias_type, APU_DTYPE_I64) } },
    { CONV, "bias_type F32", BAD, { F(conv, bias_type, APU_DTYPE_F32) } },
    { CONV, "bias_type 9", BAD, { F(conv, bias_type, 9) } },
    { CONV, "in_zp 128", BAD, { F(conv, in_zp, 128) } },
    { CONV, "in_zp -129", BAD, { F(conv, in_zp, -129) } },
    { CONV, "w_zp 128", BAD, { F(conv, w_zp, 128) } },
    { CONV, "out_zp -129", BAD, { F(conv, out_zp, -129) } },
    { CONV, "act_min -129", BAD, { F(conv, act_min, -129) } },
    { CONV, "act_max 128", BAD, { F(conv, act_max, 128) } },
    { CONV, "bounds out of order", BAD,
      { F(conv, act_min, 5), F(conv, act_max, 4) } },
    { CONV, "int16 with a zero point", BAD,
      { F(conv, in_type, APU_DTYPE_I16), F(conv, out_type, APU_DTYPE_I16),
        F(conv, in_pix_pitch, 8), F(conv, out_zp, 1) } },
    { CONV, "int16 by uint8", BAD,
      { F(conv, in_type, APU_DTYPE_I16), F(conv, out_type, APU_DTYPE_I16),
        F(conv, in_pix_pitch, 8), F(conv, w_type, APU_DTYPE_U8) } },
    { CONV, "output pixels that overlap", BAD, { F(conv, out_pix_pitch, 7) } },
    { CONV, "output rows that overlap", BAD, { F(conv, out_row_pitch, 47) } },
    { CONV, "weight rows that overlap", BAD, { F(conv, w_pitch, 35) } },
    { CONV, "more than 64 MiB of weights", BAD,
      { F(conv, k_h, 65535), F(conv, k_w, 65535), F(conv, out_c, 1),
        F(conv, groups, 1) } },
    { CONV, "in in region 2", REGION, { F(conv, in, REF(2, 0)) } },
    { CONV, "out in region 2", REGION, { F(conv, out, REF(2, 0)) } },
    { CONV, "in at the end of L1", REGION, { F(conv, in, L1(0x4000 - 191)) } },
    { CONV, "in that just fits", OK, { F(conv, in, L1(0x4000 - 192)) } },
    { CONV, "out at the end of L1", REGION,
      { F(conv, out, L1(0x4000 - 383)) } },
    { CONV, "out that just fits", OK, { F(conv, out, L1(0x4000 - 384)) } },
    { CONV, "in_row_pitch of 4 GiB", REGION,
      { F(conv, in_row_pitch, UINT32_MAX) } },
    { CONV, "all pitches of 4 GiB", REGION,
      { F(conv, in_row_pitch, UINT32_MAX), F(conv, in_pix_pitch, UINT32_MAX),
        F(conv, in_h, UINT32_MAX), F(conv, in_w, UINT32_MAX) } },
    { CONV, "weights in an empty region", REGION,
      { F(conv, weight, REF(5, 0)) } },
    { CONV, "weights at the end of their region", REGION,
      { F(conv, weight, REF(2, DRAM_BYTES - 287)) } },
    { CONV, "weights that just fit", OK,
      { F(conv, weight, REF(2, DRAM_BYTES - 288)) } },
    { CONV, "bias at the end", REGION,
      { F(conv, bias, REF(2, DRAM_BYTES - 31)) } },
    { CONV, "bias that just fits", OK,
      { F(conv, bias, REF(2, DRAM_BYTES - 32)) } },
    { CONV, "bias out of range that is not used", OK,
      { F(conv, bias, REF(9, 12345)), F(conv, bias_type, 0) } },
    { CONV, "quant at the end", REGION,
      { F(conv, quant, REF(2, DRAM_BYTES - 7)) } },
    { CONV, "quant of every channel at the end", REGION,
      { F(conv, quant, REF(2, DRAM_BYTES - 63)), F(conv, quant_mode, 2) } },

    { POOL, "as it is", OK, { { 0 } } },
    { POOL, "in_h 0", BAD, { F(pool, in_h, 0) } },
    { POOL, "in_w 0", BAD, { F(pool, in_w, 0) } },
    { POOL, "channels 0", BAD, { F(pool, channels, 0) } },
    { POOL, "out_h 0", BAD, { F(pool, out_h, 0) } },
    { POOL, "out_w 0", BAD, { F(pool, out_w, 0) } },
    { POOL, "k_h 0", BAD, { F(pool, k_h, 0) } },
    { POOL, "k_w 0", BAD, { F(pool, k_w, 0) } },
    { POOL, "stride_h 0", BAD, { F(pool, stride_h, 0) } },
    { POOL, "stride_w 0", BAD, { F(pool, stride_w, 0) } },
    { POOL, "kind 3", BAD, { F(pool, kind, 3) } },
    { POOL, "type I32", BAD, { F(pool, type, APU_DTYPE_I32) } },
    { POOL, "act_min -129", BAD, { F(pool, act_min, -129) } },
    { POOL, "act_max 128", BAD, { F(pool, act_max, 128) } },
    { POOL, "a first window above the tile", BAD, { F(pool, pad_top, 2) } },
    { POOL, "a first window left of the tile", BAD, { F(pool, pad_left, 2) } },
    { POOL, "a last window below the tile", BAD, { F(pool, out_h, 5) } },
    { POOL, "a last window right of the tile", BAD, { F(pool, out_w, 4) } },
    { POOL, "windows that reach over the edge", OK,
      { F(pool, pad_top, 1), F(pool, pad_left, 1) } },
    { POOL, "pad_top INT32_MIN", BAD, { F(pool, pad_top, INT32_MIN) } },
    { POOL, "output pixels that overlap", BAD, { F(pool, out_pix_pitch, 3) } },
    { POOL, "in in region 2", REGION, { F(pool, in, REF(2, 0)) } },
    { POOL, "out in region 2", REGION, { F(pool, out, REF(2, 0)) } },
    { POOL, "in at the end", REGION, { F(pool, in, L1(0x4000 - 191)) } },
    { POOL, "out at the end", REGION, { F(pool, out, L1(0x4000 - 47)) } },

    { ELTWISE, "as it is", OK, { { 0 } } },
    { ELTWISE, "h 0", BAD, { F(eltwise, h, 0) } },
    { ELTWISE, "w 0", BAD, { F(eltwise, w, 0) } },
    { ELTWISE, "c 0", BAD, { F(eltwise, c, 0) } },
    { ELTWISE, "fn 11", BAD, { F(eltwise, fn, 11) } },
    { ELTWISE, "DIV of int8", BAD, { F(eltwise, fn, APU_ELT_FN_DIV) } },
    { ELTWISE, "POW of int8", BAD, { F(eltwise, fn, APU_ELT_FN_POW) } },
    { ELTWISE, "SUB, in2_mult negative", BAD,
      { F(eltwise, fn, APU_ELT_FN_SUB), F(eltwise, in2_mult, -1) } },
    { ELTWISE, "MUL, out_shift 31", BAD,
      { F(eltwise, fn, APU_ELT_FN_MUL), F(eltwise, out_shift, 31) } },
    { ELTWISE, "MUL ignores in1_mult", OK,
      { F(eltwise, fn, APU_ELT_FN_MUL), F(eltwise, in1_mult, -1) } },
    { ELTWISE, "PRELU, in1_shift -32", BAD,
      { F(eltwise, fn, APU_ELT_FN_PRELU), F(eltwise, in1_shift, -32) } },
    { ELTWISE, "MAX ignores zero points", OK,
      { F(eltwise, fn, APU_ELT_FN_MAX), F(eltwise, in1_zp, 999) } },
    { ELTWISE, "MIN to another type", BAD,
      { F(eltwise, fn, APU_ELT_FN_MIN), F(eltwise, out_type, APU_DTYPE_I16) } },
    { ELTWISE, "in_type I32", BAD, { F(eltwise, in_type, APU_DTYPE_I32) } },
    { ELTWISE, "ADD to another type", BAD,
      { F(eltwise, out_type, APU_DTYPE_I16) } },
    { ELTWISE, "CLAMP to another type", BAD,
      { F(eltwise, fn, 2), F(eltwise, out_type, APU_DTYPE_I16) } },
    { ELTWISE, "REQUANT of fp16", BAD,
      { F(eltwise, fn, 1), F(eltwise, in_type, APU_DTYPE_F16) } },
    { ELTWISE, "scalar 4", BAD, { F(eltwise, scalar, 4) } },
    { ELTWISE, "left_shift -1", BAD, { F(eltwise, left_shift, -1) } },
    { ELTWISE, "left_shift 31", BAD, { F(eltwise, left_shift, 31) } },
    { ELTWISE, "in1_zp 128", BAD, { F(eltwise, in1_zp, 128) } },
    { ELTWISE, "in2_zp -129", BAD, { F(eltwise, in2_zp, -129) } },
    { ELTWISE, "out_zp 128", BAD, { F(eltwise, out_zp, 128) } },
    { ELTWISE, "in1_mult negative", BAD, { F(eltwise, in1_mult, -1) } },
    { ELTWISE, "in2_mult negative", BAD, { F(eltwise, in2_mult, -1) } },
    { ELTWISE, "out_mult negative", BAD, { F(eltwise, out_mult, INT32_MIN) } },
    { ELTWISE, "in1_shift 31", BAD, { F(eltwise, in1_shift, 31) } },
    { ELTWISE, "in2_shift -32", BAD, { F(eltwise, in2_shift, -32) } },
    { ELTWISE, "out_shift 31", BAD, { F(eltwise, out_shift, 31) } },
    { ELTWISE, "act_min -129", BAD, { F(eltwise, act_min, -129) } },
    { ELTWISE, "act_max 128", BAD, { F(eltwise, act_max, 128) } },
    { ELTWISE, "output that overlaps itself", BAD,
      { F(eltwise, out_pix_pitch, 0) } },
    { ELTWISE, "inputs that repeat", OK,
      { F(eltwise, in1_pix_pitch, 0), F(eltwise, in2_row_pitch, 0) } },
    { ELTWISE, "in1 in region 2", REGION, { F(eltwise, in1, REF(2, 0)) } },
    { ELTWISE, "in2 in region 2", REGION, { F(eltwise, in2, REF(2, 0)) } },
    { ELTWISE, "out in region 2", REGION, { F(eltwise, out, REF(2, 0)) } },
    { ELTWISE, "in1 at the end", REGION,
      { F(eltwise, in1, L1(0x4000 - 59)) } },
    { ELTWISE, "in2 at the end", REGION,
      { F(eltwise, in2, L1(0x4000 - 59)) } },
    { ELTWISE, "in2 at the end, not used", OK,
      { F(eltwise, in2, L1(0x4000 - 59)), F(eltwise, fn, 2) } },
    { ELTWISE, "out at the end", REGION,
      { F(eltwise, out, L1(0x4000 - 59)) } },

    { COPY, "as it is", OK, { { 0 } } },
    { COPY, "dims[0] 0", BAD, { F(copy, dims[0], 0) } },
    { COPY, "dims[1] 0", BAD, { F(copy, dims[1], 0) } },
    { COPY, "dims[2] 0", BAD, { F(copy, dims[2], 0) } },
    { COPY, "dims[3] 0", BAD, { F(copy, dims[3], 0) } },
    { COPY, "src_type 0", BAD, { F(copy, src_type, 0) } },
    { COPY, "both types 8", BAD,
      { F(copy, src_type, 8), F(copy, dst_type, 8) } },
    { COPY, "I8 to I16", BAD, { F(copy, dst_type, APU_DTYPE_I16) } },
    { COPY, "U8 to I8", OK, { F(copy, src_type, APU_DTYPE_U8) } },
    { COPY, "I32 to F32", BAD,
      { F(copy, src_type, APU_DTYPE_I32), F(copy, dst_type, APU_DTYPE_F32) } },
    { COPY, "dequantise without scale", BAD,
      { F(copy, dst_type, APU_DTYPE_F32) } },
    { COPY, "dequantise with scale -1", BAD,
      { F(copy, dst_type, APU_DTYPE_F32), F(copy, scale, 0xbf800000) } },
    { COPY, "dequantise with an infinite scale", BAD,
      { F(copy, dst_type, APU_DTYPE_F32), F(copy, scale, 0x7f800000) } },
    { COPY, "dequantise with a NaN scale", BAD,
      { F(copy, dst_type, APU_DTYPE_F32), F(copy, scale, 0x7fc00000) } },
    { COPY, "dequantise with zp 128", BAD,
      { F(copy, dst_type, APU_DTYPE_F32), F(copy, scale, 0x3f800000),
        F(copy, zp, 128) } },
    { COPY, "src at the end", REGION,
      { F(copy, src, REF(2, DRAM_BYTES - 119)) } },
    { COPY, "src that just fits", OK,
      { F(copy, src, REF(2, DRAM_BYTES - 120)) } },
    { COPY, "dst at the end", REGION, { F(copy, dst, L1(0x4000 - 119)) } },
    { COPY, "src in an empty region", REGION, { F(copy, src, REF(3, 0)) } },
    { COPY, "a stride of 4 GiB", REGION,
      { F(copy, src_stride[0], UINT32_MAX) } },
    { COPY, "2^128 elements", APU_JOB_STATUS_TIMEOUT,
      { { 24, 8, UINT64_MAX }, { 32, 8, UINT64_MAX },
        { 40, 8, 0 }, { 48, 8, 0 }, { 56, 8, 0 }, { 64, 8, 0 } } },

    { FILL, "as it is", OK, { { 0 } } },
    { FILL, "dims[2] 0", BAD, { F(fill, dims[2], 0) } },
    { FILL, "type 0", BAD, { F(fill, type, 0) } },
    { FILL, "type 8", BAD, { F(fill, type, 8) } },
    { FILL, "a value of more bits", BAD, { F(fill, value, 256) } },
    { FILL, "dst at the end", REGION, { F(fill, dst, L1(0x4000 - 119)) } },

    { SOFTMAX, "as it is", OK, { { 0 } } },
    { SOFTMAX, "rows 0", BAD, { F(softmax, rows, 0) } },
    { SOFTMAX, "depth 0", BAD, { F(softmax, depth, 0) } },
    { SOFTMAX, "depth 65537", BAD, { F(softmax, depth, 65537) } },
    { SOFTMAX, "type I32", BAD, { F(softmax, type, APU_DTYPE_I32) } },
    { SOFTMAX, "I16, shift 31", BAD,
      { F(softmax, type, APU_DTYPE_I16), F(softmax, left_shift, 31) } },
    { SOFTMAX, "I16, table at the end", REGION,
      { F(softmax, type, APU_DTYPE_I16), F(softmax, in_pitch, 20),
        F(softmax, out_pitch, 20), F(softmax, table, L1(0x4000 - 2050)) } },
    { SOFTMAX, "mult negative", BAD, { F(softmax, mult, -1) } },
    { SOFTMAX, "left_shift 32", BAD, { F(softmax, left_shift, 32) } },
    { SOFTMAX, "left_shift -1", BAD, { F(softmax, left_shift, -1) } },
    { SOFTMAX, "output rows that overlap", BAD,
      { F(softmax, out_pitch, 9) } },
    { SOFTMAX, "in in region 2", REGION, { F(softmax, in, REF(2, 0)) } },
    { SOFTMAX, "out in region 2", REGION, { F(softmax, out, REF(2, 0)) } },
    { SOFTMAX, "in at the end", REGION, { F(softmax, in, L1(0x4000 - 29)) } },
    { SOFTMAX, "out at the end", REGION,
      { F(softmax, out, L1(0x4000 - 29)) } },

    { ACTIVATION, "as it is", OK, { { 0 } } },
    { ACTIVATION, "rows 0", BAD, { F(activation, rows, 0) } },
    { ACTIVATION, "depth 0", BAD, { F(activation, depth, 0) } },
    { ACTIVATION, "fn 13", BAD,
      { F(activation, fn, 13), F(activation, type, APU_DTYPE_F16) } },
    { ACTIVATION, "LUT16 of int8", BAD,
      { F(activation, fn, APU_ACT_FN_LUT16) } },
    { ACTIVATION, "EXP of int16", BAD,
      { F(activation, fn, APU_ACT_FN_EXP),
        F(activation, type, APU_DTYPE_I16) } },
    { ACTIVATION, "mult with LUT8", BAD, { F(activation, mult, 1) } },
    { ACTIVATION, "shift with LUT8", BAD, { F(activation, shift, 1) } },
    { ACTIVATION, "TANH of int16, mult 0", BAD,
      { F(activation, fn, APU_ACT_FN_TANH),
        F(activation, type, APU_DTYPE_I16) } },
    { ACTIVATION, "TANH of int16, shift 31", BAD,
      { F(activation, fn, APU_ACT_FN_TANH), F(activation, mult, 1),
        F(activation, type, APU_DTYPE_I16), F(activation, shift, 31) } },
    { ACTIVATION, "LUT8 of fp16", BAD, { F(activation, type, APU_DTYPE_F16) } },
    { ACTIVATION, "LOGISTIC of int8", BAD, { F(activation, fn, 1) } },
    { ACTIVATION, "in in region 2", REGION,
      { F(activation, in, REF(2, 0)) } },
    { ACTIVATION, "table at the end", REGION,
      { F(activation, table, L1(0x4000 - 255)) } },
    { ACTIVATION, "output rows that overlap", BAD,
      { F(activation, out_pitch, 0) } },

    { RESIZE, "as it is", OK, { { 0 } } },
    { RESIZE, "in_h 0", BAD, { F(resize, in_h, 0) } },
    { RESIZE, "in_w 0", BAD, { F(resize, in_w, 0) } },
    { RESIZE, "c 0", BAD, { F(resize, c, 0) } },
    { RESIZE, "out_h 0", BAD, { F(resize, out_h, 0) } },
    { RESIZE, "out_w 0", BAD, { F(resize, out_w, 0) } },
    { RESIZE, "out_h 65537", BAD, { F(resize, out_h, 65537) } },
    { RESIZE, "kind 2", BAD, { F(resize, kind, 2) } },
    { RESIZE, "type I32", BAD, { F(resize, type, APU_DTYPE_I32) } },
    { RESIZE, "output pixels that overlap", BAD,
      { F(resize, out_pix_pitch, 2) } },
    { RESIZE, "a row above the tile", BAD, { F(resize, row0, 1) } },
    { RESIZE, "a row below the tile", BAD, { F(resize, in_h, 1) } },
    { RESIZE, "a column right of the tile", BAD, { F(resize, in_w, 1) } },
    { RESIZE, "in in region 2", REGION, { F(resize, in, REF(2, 0)) } },
    { RESIZE, "rows at the end", REGION,
      { F(resize, rows, L1(0x4000 - 24)) } },
    { RESIZE, "cols at the end", REGION,
      { F(resize, cols, L1(0x4000 - 16)) } },

    { ARG, "as it is", OK, { { 0 } } },
    { ARG, "rows 0", BAD, { F(arg, rows, 0) } },
    { ARG, "depth 0", BAD, { F(arg, depth, 0) } },
    { ARG, "fn 2", BAD, { F(arg, fn, 2) } },
    { ARG, "type I32", BAD, { F(arg, type, APU_DTYPE_I32) } },
    { ARG, "out_type I16", BAD, { F(arg, out_type, APU_DTYPE_I16) } },
    { ARG, "k of all", OK, { F(arg, k, 10), F(arg, out_pitch, 40) } },
    { ARG, "k 11", BAD, { F(arg, k, 11), F(arg, out_pitch, 44) } },
    { ARG, "k 2, outputs that overlap", BAD, { F(arg, k, 2) } },
    { ARG, "outputs that overlap", BAD, { F(arg, out_pitch, 3) } },
    { ARG, "in at the end", REGION, { F(arg, in, L1(0x4000 - 29)) } },
    { ARG, "out at the end", REGION, { F(arg, out, L1(0x4000 - 11)) } },

    { REDUCE, "as it is", OK, { { 0 } } },
    { REDUCE, "rows 0", BAD, { F(reduce, rows, 0) } },
    { REDUCE, "depth 0", BAD, { F(reduce, depth, 0) } },
    { REDUCE, "fn 1", BAD, { F(reduce, fn, 1) } },
    { REDUCE, "type U8", BAD, { F(reduce, type, APU_DTYPE_U8) } },
    { REDUCE, "in_zp 128", BAD, { F(reduce, in_zp, 128) } },
    { REDUCE, "out_zp -129", BAD, { F(reduce, out_zp, -129) } },
    { REDUCE, "mult negative", BAD, { F(reduce, mult, -1) } },
    { REDUCE, "shift 8", BAD, { F(reduce, shift, 8) } },
    { REDUCE, "shift -32", BAD, { F(reduce, shift, -32) } },
    { REDUCE, "outputs that overlap", BAD, { F(reduce, out_pitch, 0) } },
    { REDUCE, "in at the end", REGION, { F(reduce, in, L1(0x4000 - 29)) } },
    { REDUCE, "out at the end", REGION, { F(reduce, out, L1(0x4000 - 2)) } },

    { GATHER, "as it is", OK, { { 0 } } },
    { GATHER, "rows 0", BAD, { F(gather, rows, 0) } },
    { GATHER, "count 0", BAD, { F(gather, count, 0) } },
    { GATHER, "entries 0", BAD, { F(gather, entries, 0) } },
    { GATHER, "bytes 0", BAD, { F(gather, bytes, 0) } },
    { GATHER, "index_type I16", BAD,
      { F(gather, index_type, APU_DTYPE_I16) } },
    { GATHER, "destinations that overlap", BAD, { F(gather, dst_pitch, 3) } },
    { GATHER, "one list for all", OK, { F(gather, index_row_pitch, 0) } },
    { GATHER, "src at the end", REGION, { F(gather, src, L1(0x4000 - 39)) } },
    { GATHER, "index at the end", REGION,
      { F(gather, index, L1(0x4000 - 23)) } },
    { GATHER, "dst at the end", REGION, { F(gather, dst, L1(0x4000 - 23)) } },

    { NORM, "as it is", OK, { { 0 } } },
    { NORM, "rows 0", BAD, { F(norm, rows, 0) } },
    { NORM, "depth 0", BAD, { F(norm, depth, 0) } },
    { NORM, "depth 65537", BAD, { F(norm, depth, 65537) } },
    { NORM, "fn 2", BAD, { F(norm, fn, 2) } },
    { NORM, "type I16", BAD, { F(norm, type, APU_DTYPE_I16) } },
    { NORM, "mult negative", BAD, { F(norm, mult, -1) } },
    { NORM, "left_shift 32", BAD, { F(norm, left_shift, 32) } },
    { NORM, "back_mult negative", BAD, { F(norm, back_mult, -1) } },
    { NORM, "back_shift 31", BAD, { F(norm, back_shift, 31) } },
    { NORM, "L2 ignores mult", OK,
      { F(norm, fn, APU_NORM_FN_L2), F(norm, mult, -1) } },
    { NORM, "L2, in_zp 128", BAD,
      { F(norm, fn, APU_NORM_FN_L2), F(norm, in_zp, 128) } },
    { NORM, "output rows that overlap", BAD, { F(norm, out_pitch, 9) } },
    { NORM, "in in region 2", REGION, { F(norm, in, REF(2, 0)) } },
    { NORM, "in at the end", REGION, { F(norm, in, L1(0x4000 - 29)) } },
    { NORM, "out at the end", REGION, { F(norm, out, L1(0x4000 - 29)) } },
};

static void test_refusals(void)
{
    for (unsigned i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        const struct refusal *r = &refusals[i];
        uint64_t words[APU_MAX_CMD_WORDS];
        enum apu_job_status got;

        memcpy(words, base[r->base].words, sizeof(words));
        for (unsigned j = 0; j < 6; j++) {
            memcpy((uint8_t *)words + r->c[j].offset, &r->c[j].value,
                   r->c[j].bytes);
        }
        resize_tables(l1);
        got = run(words, base[r->base].class);
        if (got != r->want) {
            tap_note("status %d, not %d", got, r->want);
        }
        tap_ok(got == r->want, "%s: %s", base[r->base].name, r->what);
    }
}

/* The table that the specification generates: references and padding. */
struct table_field {
    unsigned opcode;
    const char *name;
    unsigned offset, n;
    char type;
};

static const struct table_field table[] = {
#define APU_CMD(name, op, words, classes) { op, NULL, words, classes, 0 },
#define APU_FIELD(name, offset, n, type) { 0, #name, offset, n, #type[0] },
#define APU_CMD_END
#include "apu_cmd_table.h"
#undef APU_CMD
#undef APU_FIELD
#undef APU_CMD_END
};

static bool is_padding(const char *name)
{
    return !strncmp(name, "pad", 3) && name[3] >= '0' && name[3] <= '9';
}

static bool flipped_refused(const struct base *b, unsigned byte, uint8_t bit)
{
    uint64_t words[APU_MAX_CMD_WORDS];

    memcpy(words, b->words, sizeof(words));
    ((uint8_t *)words)[byte] ^= bit;
    return run(words, b->class) == BAD;
}

static void test_table(void)
{
    unsigned opcode = 0, num = 0;
    bool ok = true;

    for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        const struct table_field *f = &table[i];
        const struct base *b = base;

        if (!f->name) {
            opcode = f->opcode;
            continue;
        }
        while (b < base + NUM_BASES &&
               ((const uint8_t *)b->words)[0] != opcode) {
            b++;
        }
        if (b == base + NUM_BASES) {
            continue;
        }
        if (f->type == 'R') {
            ok &= flipped_refused(b, f->offset + 5, 1);
            ok &= flipped_refused(b, f->offset + 7, 8);
            num++;
        } else if (is_padding(f->name)) {
            for (unsigned j = 0; j < f->n; j++) {
                ok &= flipped_refused(b, f->offset + j, 0x80);
            }
            num++;
        }
        if (!ok) {
            tap_note("%s.%s", b->name, f->name);
            break;
        }
    }
    tap_ok(ok && num > 20, "padding and unused bits of %u fields", num);
}

static void test_headers(void)
{
    for (unsigned i = 0; i < NUM_BASES; i++) {
        const struct base *b = &base[i];
        struct base other = *b;
        struct apu_cmd_header *h = (struct apu_cmd_header *)other.words;
        bool ok = flipped_refused(b, 1, 1) && flipped_refused(b, 4, 1) &&
                  flipped_refused(b, 7, 0x80);

        for (unsigned class = 0; class < 3; class++) {
            ok &= class == b->class || run(b->words, class) == BAD;
        }
        h->words++;
        ok &= run(other.words, b->class) == BAD;
        h->words -= 2;
        ok &= run(other.words, b->class) == BAD;
        tap_ok(ok, "%s: flags, imm, length, engine class", b->name);
    }
}

/* Every opcode that does not exist, on every engine. */
static void test_opcodes(void)
{
    bool known[256] = { 0 }, ok = true;

    for (unsigned i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (!table[i].name) {
            known[table[i].opcode] = true;
        }
    }
    for (unsigned op = 0; op < 256; op++) {
        for (unsigned class = 0; class < 3; class++) {
            uint64_t words[APU_MAX_CMD_WORDS] = { op | 1 << 16 };

            ok &= known[op] || run(words, class) == BAD;
        }
    }
    tap_ok(ok, "unknown opcodes");
}

/* Entries of quant are data; they too are checked before any effect. */
static void test_quant_entries(void)
{
    struct apu_cmd_conv c = cmd_conv();
    static const struct apu_quant bad[] = {
        { -1, 0 }, { INT32_MIN, 0 }, { 1 << 30, 31 }, { 1 << 30, -32 },
    };
    bool ok = true;

    c.quant_mode = APU_QUANT_MODE_PER_CHANNEL;
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct apu_quant good = { 1 << 30, 0 };

        memcpy(dram + 0x2000 + 7 * 8, &bad[i], 8);
        ok &= run(&c, APU_ENGINE_CLASS_MDLA) == BAD;
        memcpy(dram + 0x2000 + 7 * 8, &good, 8);
        ok &= run(&c, APU_ENGINE_CLASS_MDLA) == OK;
    }
    tap_ok(ok, "CONV: entries of quant out of range");
}

/* Random bytes behind a good header: no crash, no hang. */
static void test_noise(void)
{
    unsigned count[16] = { 0 };

    rnd_seed(99);
    for (unsigned i = 0; i < 20000; i++) {
        const struct base *b = &base[rnd_below(NUM_BASES)];
        uint64_t words[APU_MAX_CMD_WORDS];
        unsigned n = b->words[0] >> 16 & 0xffff;
        struct one o = {
            .cmd = words, .engine_class = b->class, .l1 = l1,
            .l1_kib = L1_KIB, .dram = dram, .dram_size = DRAM_BYTES,
        };

        memcpy(words, b->words, sizeof(words));
        for (unsigned j = 1 + rnd_below(4); j; j--) {
            uint8_t *p = (uint8_t *)words + 8 + rnd_below(n * 8 - 8);

            *p = rnd_below(2) ? rnd() >> 56 : rnd_below(4);
        }
        count[one_run(&o) & 15]++;
    }
    tap_note("of 20000 damaged commands %u ran, %u were bad commands, %u bad "
             "regions, %u took too long", count[OK], count[BAD],
             count[REGION], count[APU_JOB_STATUS_TIMEOUT]);
    tap_ok(count[OK] + count[BAD] + count[REGION] +
           count[APU_JOB_STATUS_TIMEOUT] == 20000, "damaged commands");
}

void test_decode(void)
{
    make_bases();
    test_refusals();
    test_table();
    test_headers();
    test_opcodes();
    test_quant_entries();
    test_noise();
}

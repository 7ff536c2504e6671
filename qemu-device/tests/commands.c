/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See commands.h.
 */

#include <string.h>
#include "commands.h"

unsigned type_size(unsigned dtype)
{
    switch (dtype) {
    case APU_DTYPE_I8:
    case APU_DTYPE_U8:
        return 1;
    case APU_DTYPE_I16:
    case APU_DTYPE_F16:
        return 2;
    case APU_DTYPE_I32:
    case APU_DTYPE_F32:
        return 4;
    case APU_DTYPE_I64:
        return 8;
    default:
        return 0;
    }
}

void conv_dense(struct apu_cmd_conv *c)
{
    unsigned size = type_size(c->in_type);

    c->in_pix_pitch = c->in_c * size;
    c->in_row_pitch = c->in_w * c->in_pix_pitch;
    c->out_pix_pitch = c->out_c * size;
    c->out_row_pitch = c->out_w * c->out_pix_pitch;
    c->w_pitch = type_size(c->w_type) *
                 (c->kind == APU_CONV_KIND_DEPTHWISE ? c->out_c :
                  c->k_h * c->k_w * (c->in_c / c->groups));
}

void pool_dense(struct apu_cmd_pool *c)
{
    c->in_pix_pitch = c->out_pix_pitch = c->channels * type_size(c->type);
    c->in_row_pitch = c->in_w * c->in_pix_pitch;
    c->out_row_pitch = c->out_w * c->out_pix_pitch;
}

void eltwise_dense(struct apu_cmd_eltwise *c)
{
    unsigned size = type_size(c->in_type);

    c->in1_pix_pitch = (c->scalar & 1 ? 1 : c->c) * size;
    c->in2_pix_pitch = (c->scalar & 2 ? 1 : c->c) * size;
    c->out_pix_pitch = c->c * type_size(c->out_type);
    c->in1_row_pitch = c->w * c->in1_pix_pitch;
    c->in2_row_pitch = c->w * c->in2_pix_pitch;
    c->out_row_pitch = c->w * c->out_pix_pitch;
}

struct apu_cmd_conv cmd_conv(void)
{
    struct apu_cmd_conv c = {
        .hdr = HDR(CONV, conv),
        .in = L1(0), .out = L1(0x1000), .weight = REF(2, 0),
        .bias = REF(2, 0x1000), .quant = REF(2, 0x2000),
        .in_h = 8, .in_w = 6, .in_c = 4, .out_h = 8, .out_w = 6, .out_c = 8,
        .k_h = 3, .k_w = 3, .stride_h = 1, .stride_w = 1, .dil_h = 1,
        .dil_w = 1, .pad_top = 1, .pad_left = 1, .groups = 1,
        .quant_mode = APU_QUANT_MODE_PER_TENSOR,
        .in_type = APU_DTYPE_I8, .w_type = APU_DTYPE_I8,
        .out_type = APU_DTYPE_I8, .bias_type = APU_DTYPE_I32,
        .act_min = -128, .act_max = 127,
    };

    conv_dense(&c);
    return c;
}

struct apu_cmd_pool cmd_pool(void)
{
    struct apu_cmd_pool c = {
        .hdr = HDR(POOL, pool), .in = L1(0), .out = L1(0x1000),
        .in_h = 8, .in_w = 6, .channels = 4, .out_h = 4, .out_w = 3,
        .k_h = 2, .k_w = 2, .stride_h = 2, .stride_w = 2,
        .type = APU_DTYPE_I8, .act_min = -128, .act_max = 127,
    };

    pool_dense(&c);
    return c;
}

struct apu_cmd_eltwise cmd_eltwise(void)
{
    struct apu_cmd_eltwise c = {
        .hdr = HDR(ELTWISE, eltwise),
        .in1 = L1(0), .in2 = L1(0x1000), .out = L1(0x2000),
        .h = 4, .w = 3, .c = 5, .fn = APU_ELT_FN_ADD,
        .in_type = APU_DTYPE_I8, .out_type = APU_DTYPE_I8,
        .left_shift = 20,
        .in1_mult = 1 << 30, .in2_mult = 1 << 30, .out_mult = 1 << 30,
        .out_shift = -18, .act_min = -128, .act_max = 127,
    };

    eltwise_dense(&c);
    return c;
}

struct apu_cmd_copy cmd_copy(void)
{
    struct apu_cmd_copy c = {
        .hdr = HDR(COPY, copy), .src = REF(2, 0), .dst = L1(0x1000),
        .dims = { 2, 3, 4, 5 }, .src_stride = { 60, 20, 5, 1 },
        .dst_stride = { 60, 20, 5, 1 },
        .src_type = APU_DTYPE_I8, .dst_type = APU_DTYPE_I8,
    };

    return c;
}

struct apu_cmd_fill cmd_fill(void)
{
    struct apu_cmd_fill c = {
        .hdr = HDR(FILL, fill), .dst = L1(0x1000), .dims = { 2, 3, 4, 5 },
        .dst_stride = { 60, 20, 5, 1 }, .value = 7, .type = APU_DTYPE_I8,
    };

    return c;
}

struct apu_cmd_softmax cmd_softmax(void)
{
    struct apu_cmd_softmax c = {
        .hdr = HDR(SOFTMAX, softmax), .in = L1(0), .out = L1(0x1000),
        .rows = 3, .depth = 10, .in_pitch = 10, .out_pitch = 10,
        .type = APU_DTYPE_U8, .mult = 1 << 30, .left_shift = 23,
        .diff_min = -248,
    };

    return c;
}

struct apu_cmd_activation cmd_activation(void)
{
    struct apu_cmd_activation c = {
        .hdr = HDR(ACTIVATION, activation), .in = L1(0), .out = L1(0x1000),
        .table = L1(0x2000), .rows = 3, .depth = 10, .in_pitch = 10,
        .out_pitch = 10, .fn = APU_ACT_FN_LUT8, .type = APU_DTYPE_I8,
    };

    return c;
}

struct apu_cmd_resize cmd_resize(void)
{
    struct apu_cmd_resize c = {
        .hdr = HDR(RESIZE, resize), .in = L1(0), .out = L1(0x1000),
        .rows = L1(0x2000), .cols = L1(0x2100),
        .in_h = 2, .in_w = 3, .c = 5, .in_row_pitch = 15, .in_pix_pitch = 5,
        .out_h = 4, .out_w = 3, .out_row_pitch = 15, .out_pix_pitch = 5,
        .kind = APU_RESIZE_KIND_BILINEAR, .type = APU_DTYPE_I8,
    };

    return c;
}

void resize_tables(uint8_t *l1)
{
    static const struct apu_resize_entry rows[] = {
        { 0, 0, -256 }, { 0, 1, 256 }, { 0, 1, 768 }, { 1, 1, 256 },
    };
    static const struct apu_resize_entry cols[] = {
        { 0, 1, 0 }, { 1, 2, 512 }, { 2, 2, 0 },
    };

    memcpy(l1 + 0x2000, rows, sizeof(rows));
    memcpy(l1 + 0x2100, cols, sizeof(cols));
}

struct apu_cmd_arg cmd_arg(void)
{
    struct apu_cmd_arg c = {
        .hdr = HDR(ARG, arg), .in = L1(0), .out = L1(0x1000),
        .rows = 3, .depth = 10, .in_pitch = 10, .out_pitch = 4,
        .type = APU_DTYPE_I8, .out_type = APU_DTYPE_I32,
    };

    return c;
}

/* LOG_SOFTMAX with an input scale of 1 / 16 */
struct apu_cmd_norm cmd_norm(void)
{
    struct apu_cmd_norm c = {
        .hdr = HDR(NORM, norm), .in = L1(0), .out = L1(0x1000),
        .rows = 3, .depth = 10, .in_pitch = 10, .out_pitch = 10,
        .type = APU_DTYPE_I8, .mult = 1 << 30, .left_shift = 23,
        .back_mult = 1 << 30, .back_shift = -21, .diff_min = -248,
    };

    return c;
}

/* Three of five entries of four bytes in each of two rows */
struct apu_cmd_gather cmd_gather(void)
{
    struct apu_cmd_gather c = {
        .hdr = HDR(GATHER, gather), .src = L1(0), .index = L1(0x1000),
        .dst = L1(0x2000), .rows = 2, .count = 3, .entries = 5, .bytes = 4,
        .src_row_pitch = 20, .src_pitch = 4, .index_row_pitch = 12,
        .dst_row_pitch = 12, .dst_pitch = 4, .index_type = APU_DTYPE_I32,
    };

    return c;
}

struct apu_cmd_reduce cmd_reduce(void)
{
    struct apu_cmd_reduce c = {
        .hdr = HDR(REDUCE, reduce), .in = L1(0), .out = L1(0x1000),
        .rows = 3, .depth = 10, .in_pitch = 10, .out_pitch = 1,
        .type = APU_DTYPE_I8, .mult = 1 << 30,
    };

    return c;
}

/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * SOFTMAX, and what the commands of the MVPU share.
 */

#include "apu_base.h"
#include "apu_exec_int.h"
#include "apu_fixed.h"
#include "apu_fp16.h"
#include "apu_mvpu.h"

#define MAX_SOFTMAX_DEPTH 65536

/* Lane operations per element */
#define SOFTMAX_OPERATIONS 8

enum apu_job_status apu_resolve_rows(struct apu_op *op,
                                     const struct apu_regions *r,
                                     const struct apu_rows *rows)
{
    uint64_t n = rows->rows;
    enum apu_job_status s;

    if (!apu_tile_disjoint(n, 1, rows->out_bytes, rows->out_pitch, 0)) {
        return APU_JOB_STATUS_BAD_COMMAND;
    }
    s = apu_resolve_l1(r, rows->in, apu_tile_extent(n, 1, rows->in_bytes,
                                                    rows->in_pitch, 0),
                       &op->in);
    if (s == APU_JOB_STATUS_OK) {
        s = apu_resolve_l1(r, rows->out, apu_tile_extent(n, 1, rows->out_bytes,
                                                         rows->out_pitch, 0),
                           &op->out);
    }
    op->cost.l1_bytes = apu_sat_mul(n, rows->in_bytes + rows->out_bytes);
    return s;
}

enum apu_job_status apu_resolve_table(struct apu_op *op,
                                      const struct apu_regions *r,
                                      uint64_t ref, unsigned bytes)
{
    enum apu_job_status s = apu_resolve(r, ref, bytes, &op->in2);

    if (s == APU_JOB_STATUS_OK) {
        apu_count(&op->cost, &op->in2, bytes);
    }
    return s;
}

int16_t apu_lut16(const int16_t *table, int16_t v)
{
    int32_t base = table[256 + (v >> 7)];
    int16_t slope = (int16_t)(table[257 + (v >> 7)] - base);

    return (int16_t)(base + ((slope * (v & 0x7f) + 64) >> 7));
}

static bool softmax_ok(const struct apu_cmd_softmax *c)
{
    if (!c->rows || !c->depth || c->depth > MAX_SOFTMAX_DEPTH) {
        return false;
    }
    switch (c->type) {
    case APU_DTYPE_I8:
    case APU_DTYPE_U8:
        return c->mult >= 0 && c->left_shift >= 0 && c->left_shift <= 31;
    case APU_DTYPE_I16:
        return apu_scale_ok(c->mult, c->left_shift);
    case APU_DTYPE_F16:
        return true;
    default:
        return false;
    }
}

enum apu_job_status apu_softmax_prepare(struct apu_op *op,
                                        const struct apu_regions *r)
{
    const struct apu_cmd_softmax *c = &op->cmd.softmax;
    struct apu_rows rows = {
        .in = c->in, .out = c->out, .rows = c->rows,
        .in_pitch = c->in_pitch, .out_pitch = c->out_pitch,
    };
    enum apu_job_status s;

    if (!softmax_ok(c)) {
        return APU_JOB_STATUS_BAD_COMMAND;
    }
    op->cost.compute = apu_cost_mvpu(apu_sat_mul(c->rows, c->depth),
                                     SOFTMAX_OPERATIONS);
    rows.in_bytes = rows.out_bytes = (uint64_t)c->depth *
                                     apu_dtype_size(c->type);
    s = apu_resolve_rows(op, r, &rows);
    return s == APU_JOB_STATUS_OK && c->type == APU_DTYPE_I16 ?
           apu_resolve_table(op, r, c->table, 2 * APU_LUT16_BYTES) : s;
}

/* exp of every difference -d that a row of bytes can have, Q0.31. */
static void softmax_table(const struct apu_cmd_softmax *c, int32_t *table)
{
    for (int32_t d = 0; d < 256 && -d >= c->diff_min; d++) {
        int32_t x = apu_srdhm(apu_shl32(-d, c->left_shift), c->mult);

        table[d] = apu_exp_on_negative_values(x);
    }
}

/*
 * The quotient of one element. Powers above 31 divide a 31-bit number to
 * zero.
 */
static int32_t softmax_scale(int32_t factor, int32_t e, int power)
{
    int32_t p = apu_srdhm(factor, e);

    return power > 31 ? 0 : apu_rdivpot(p, power);
}

/* @flip is 0x80 for I8, which orders like U8 with the top bit flipped. */
static void softmax_row8(const struct apu_cmd_softmax *c,
                         const int32_t *table, uint8_t flip,
                         const uint8_t *in, uint8_t *out)
{
    const unsigned integer_bits = 12;
    int32_t sum = 0, factor;
    uint8_t max = 0;
    int over_unit;

    for (uint32_t i = 0; i < c->depth; i++) {
        uint8_t e = in[i] ^ flip;

        max = e > max ? e : max;
    }
    for (uint32_t i = 0; i < c->depth; i++) {
        int32_t d = max - (in[i] ^ flip);

        if (-d >= c->diff_min) {
            sum = apu_add32(sum, apu_rdivpot(table[d], integer_bits));
        }
    }
    factor = apu_reciprocal(sum, integer_bits, &over_unit);
    for (uint32_t i = 0; i < c->depth; i++) {
        /* A byte, even if the output has overwritten the input. */
        int32_t d = (uint8_t)(max - (in[i] ^ flip)), v = 0;

        if (-d >= c->diff_min) {
            v = softmax_scale(factor, table[d], over_unit + 31 - 8);
        }
        out[i] = apu_clamp32(v, 0, 255) ^ flip;
    }
}

/* TFLite's SoftmaxInt16; the sum of exponentials is in Q16.15. */
static void softmax_row_i16(const struct apu_cmd_softmax *c,
                            const int16_t (*table)[APU_LUT16_ENTRIES],
                            const uint8_t *in, uint8_t *out)
{
    const int32_t least = 1 << 14;
    int32_t max = INT16_MIN, sum = 0, x, factor;
    unsigned headroom, shift;

    for (uint32_t i = 0; i < c->depth; i++) {
        x = apu_ld_i16(in + 2 * i);
        max = x > max ? x : max;
    }
    for (uint32_t i = 0; i < c->depth; i++) {
        x = apu_mbqm(apu_ld_i16(in + 2 * i) - max, c->mult, c->left_shift);
        x = apu_clamp32(apu_add32(x, INT16_MAX), INT16_MIN, INT16_MAX);
        x = apu_lut16(table[0], x);
        apu_st_i16(out + 2 * i, x);
        sum += x;
    }
    headroom = __builtin_clz(sum < least ? least : sum);
    x = (int32_t)((((int64_t)(sum < least ? least : sum) << (headroom - 1)) +
                   (1 << 13)) >> 14);
    x = apu_clamp32(x - (1 << 15) - (1 << 16), INT16_MIN, INT16_MAX);
    factor = apu_lut16(table[1], x);
    shift = 31 - headroom;
    for (uint32_t i = 0; i < c->depth; i++) {
        int64_t p = (int64_t)apu_ld_i16(out + 2 * i) * factor;

        p = (p + ((int64_t)1 << (shift - 1))) >> shift;
        apu_st_i16(out + 2 * i, apu_clamp32((int32_t)p, 0, INT16_MAX));
    }
}

static void softmax_row16(const struct apu_cmd_softmax *c, float *e,
                          const uint8_t *in, uint8_t *out)
{
    float beta = apu_bits_f32(c->mult);
    float max = -INFINITY, sum = 0;

    for (uint32_t i = 0; i < c->depth; i++) {
        e[i] = apu_f16_to_f32(apu_ld_u16(in + 2 * i));
        max = e[i] > max ? e[i] : max;
    }
    for (uint32_t i = 0; i < c->depth; i++) {
        e[i] = expf((e[i] - max) * beta);
        sum += e[i];
    }
    for (uint32_t i = 0; i < c->depth; i++) {
        apu_st_u16(out + 2 * i, apu_f32_to_f16(e[i] / sum));
    }
}

enum apu_job_status apu_softmax_run(struct apu_env *env,
                                    const struct apu_op *op)
{
    const struct apu_cmd_softmax *c = &op->cmd.softmax;
    void *buf = apu_buf(env, APU_BUF_ACC, apu_max64(c->depth, 1024) * 4);
    enum apu_job_status s = APU_JOB_STATUS_OK;

    if (!buf) {
        return APU_JOB_STATUS_BUS_ERROR;
    }
    if (c->type == APU_DTYPE_I16) {
        s = apu_read(env, &op->in2, 0, buf, 2 * APU_LUT16_BYTES);
    } else if (c->type != APU_DTYPE_F16) {
        softmax_table(c, buf);
    }
    for (uint64_t i = 0; i < c->rows && s == APU_JOB_STATUS_OK; i++) {
        const uint8_t *in = op->in.l1 + i * c->in_pitch;
        uint8_t *out = op->out.l1 + i * c->out_pitch;

        switch (c->type) {
        case APU_DTYPE_F16:
            softmax_row16(c, buf, in, out);
            break;
        case APU_DTYPE_I16:
            softmax_row_i16(c, buf, in, out);
            break;
        default:
            softmax_row8(c, buf, c->type == APU_DTYPE_I8 ? 0x80 : 0, in, out);
            break;
        }
        s = apu_poll(env, c->depth);
    }
    return s;
}

/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Commands of the MVPU.
 */

#include "apu_base.h"
#include "apu_exec_int.h"
#include "apu_fixed.h"
#include "apu_fp16.h"

#define MAX_SOFTMAX_DEPTH 65536
#define TABLE_BYTES 256

/* Lane operations per element */
#define SOFTMAX_OPERATIONS 8
#define ACTIVATION_OPERATIONS 2

/* Rows of the input and the output, both in L1. */
static enum apu_job_status resolve_rows(struct apu_op *op,
                                        const struct apu_regions *r,
                                        uint64_t in, uint64_t out,
                                        uint32_t rows, uint64_t row_bytes,
                                        uint32_t in_pitch, uint32_t out_pitch)
{
    enum apu_job_status s;

    if (!apu_tile_disjoint(rows, 1, row_bytes, out_pitch, 0)) {
        return APU_JOB_STATUS_BAD_COMMAND;
    }
    s = apu_resolve_l1(r, in, apu_tile_extent(rows, 1, row_bytes, in_pitch, 0),
                       &op->in);
    if (s == APU_JOB_STATUS_OK) {
        s = apu_resolve_l1(r, out, apu_tile_extent(rows, 1, row_bytes,
                                                   out_pitch, 0), &op->out);
    }
    op->cost.l1_bytes = apu_sat_mul(apu_sat_mul(rows, row_bytes), 2);
    return s;
}

/* SOFTMAX */

static bool softmax_ok(const struct apu_cmd_softmax *c)
{
    if (!c->rows || !c->depth || c->depth > MAX_SOFTMAX_DEPTH) {
        return false;
    }
    switch (c->type) {
    case APU_DTYPE_I8:
    case APU_DTYPE_U8:
        return c->mult >= 0 && c->left_shift >= 0 && c->left_shift <= 31;
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

    if (!softmax_ok(c)) {
        return APU_JOB_STATUS_BAD_COMMAND;
    }
    op->cost.compute = apu_cost_mvpu(apu_sat_mul(c->rows, c->depth),
                                     SOFTMAX_OPERATIONS);
    return resolve_rows(op, r, c->in, c->out, c->rows,
                        (uint64_t)c->depth * apu_dtype_size(c->type),
                        c->in_pitch, c->out_pitch);
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
        int32_t d = max - (in[i] ^ flip), v = 0;

        if (-d >= c->diff_min) {
            v = softmax_scale(factor, table[d], over_unit + 31 - 8);
        }
        out[i] = apu_clamp32(v, 0, 255) ^ flip;
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
    bool f16 = c->type == APU_DTYPE_F16;
    void *buf = apu_buf(env, APU_BUF_ACC, apu_max64(c->depth, 256) * 4);
    enum apu_job_status s = APU_JOB_STATUS_OK;

    if (!buf) {
        return APU_JOB_STATUS_BUS_ERROR;
    }
    if (!f16) {
        softmax_table(c, buf);
    }
    for (uint64_t i = 0; i < c->rows && s == APU_JOB_STATUS_OK; i++) {
        const uint8_t *in = op->in.l1 + i * c->in_pitch;
        uint8_t *out = op->out.l1 + i * c->out_pitch;

        if (f16) {
            softmax_row16(c, buf, in, out);
        } else {
            softmax_row8(c, buf, c->type == APU_DTYPE_I8 ? 0x80 : 0, in, out);
        }
        s = apu_poll(env, c->depth);
    }
    return s;
}

/* ACTIVATION */

static bool activation_ok(const struct apu_cmd_activation *c)
{
    if (!c->rows || !c->depth) {
        return false;
    }
    switch (c->fn) {
    case APU_ACT_FN_LUT8:
        return c->type == APU_DTYPE_I8 || c->type == APU_DTYPE_U8;
    case APU_ACT_FN_LOGISTIC:
        return c->type == APU_DTYPE_F16;
    default:
        return false;
    }
}

enum apu_job_status apu_activation_prepare(struct apu_op *op,
                                           const struct apu_regions *r)
{
    const struct apu_cmd_activation *c = &op->cmd.activation;
    enum apu_job_status s;

    if (!activation_ok(c)) {
        return APU_JOB_STATUS_BAD_COMMAND;
    }
    op->cost.compute = apu_cost_mvpu(apu_sat_mul(c->rows, c->depth),
                                     ACTIVATION_OPERATIONS);
    s = resolve_rows(op, r, c->in, c->out, c->rows,
                     (uint64_t)c->depth * apu_dtype_size(c->type),
                     c->in_pitch, c->out_pitch);
    if (s == APU_JOB_STATUS_OK && c->fn == APU_ACT_FN_LUT8) {
        s = apu_resolve(r, c->table, TABLE_BYTES, &op->in2);
        if (s == APU_JOB_STATUS_OK) {
            apu_count(&op->cost, &op->in2, TABLE_BYTES);
        }
    }
    return s;
}

static void lut_row(const uint8_t *table, const uint8_t *in, uint8_t *out,
                    uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = table[in[i]];
    }
}

static void logistic_row(const uint8_t *in, uint8_t *out, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        float x = apu_f16_to_f32(apu_ld_u16(in + 2 * (uint64_t)i));

        apu_st_u16(out + 2 * (uint64_t)i, apu_f32_to_f16(1 / (1 + expf(-x))));
    }
}

enum apu_job_status apu_activation_run(struct apu_env *env,
                                       const struct apu_op *op)
{
    const struct apu_cmd_activation *c = &op->cmd.activation;
    enum apu_job_status s = APU_JOB_STATUS_OK;
    uint8_t table[TABLE_BYTES];

    if (c->fn == APU_ACT_FN_LUT8) {
        s = apu_read(env, &op->in2, 0, table, sizeof(table));
    }
    for (uint64_t i = 0; i < c->rows && s == APU_JOB_STATUS_OK; i++) {
        const uint8_t *in = op->in.l1 + i * c->in_pitch;
        uint8_t *out = op->out.l1 + i * c->out_pitch;

        if (c->fn == APU_ACT_FN_LUT8) {
            lut_row(table, in, out, c->depth);
        } else {
            logistic_row(in, out, c->depth);
        }
        s = apu_poll(env, c->depth);
    }
    return s;
}

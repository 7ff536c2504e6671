/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * NORM and REDUCE: functions of whole rows.
 */

#include "apu_base.h"
#include "apu_exec_int.h"
#include "apu_fixed.h"
#include "apu_fp16.h"
#include "apu_mvpu.h"

#define MAX_NORM_DEPTH 65536

/* Lane operations per element */
#define NORM_OPERATIONS 8
#define REDUCE_OPERATIONS 2

/* Of a 64-bit product */
#define MAX_REDUCE_SHIFT 7

/* The exponent of two of an output step of L2 */
#define L2_SCALE 7

static bool norm_ok(const struct apu_cmd_norm *c)
{
    if (!c->rows || !c->depth || c->depth > MAX_NORM_DEPTH ||
        c->fn > APU_NORM_FN_L2) {
        return false;
    }
    if (c->type == APU_DTYPE_F16) {
        return true;
    }
    if (c->type != APU_DTYPE_I8 && c->type != APU_DTYPE_U8) {
        return false;
    }
    return c->fn == APU_NORM_FN_L2 ? apu_zp_fits(c->type, c->in_zp) :
           c->mult >= 0 && c->left_shift >= 0 && c->left_shift <= 31 &&
           apu_scale_ok(c->back_mult, c->back_shift);
}

enum apu_job_status apu_norm_prepare(struct apu_op *op,
                                     const struct apu_regions *r)
{
    const struct apu_cmd_norm *c = &op->cmd.norm;
    uint64_t bytes = (uint64_t)c->depth * apu_dtype_size(c->type);
    struct apu_rows rows = {
        .in = c->in, .out = c->out, .rows = c->rows,
        .in_bytes = bytes, .out_bytes = bytes,
        .in_pitch = c->in_pitch, .out_pitch = c->out_pitch,
    };

    if (!norm_ok(c)) {
        return APU_JOB_STATUS_BAD_COMMAND;
    }
    op->cost.compute = apu_cost_mvpu(apu_sat_mul(c->rows, c->depth),
                                     NORM_OPERATIONS);
    return apu_resolve_rows(op, r, &rows);
}

/* A difference to the largest element in Q5.26 */
static int32_t scaled(const struct apu_cmd_norm *c, int32_t diff)
{
    return apu_srdhm(apu_shl32(diff, c->left_shift), c->mult);
}

/* exp of every difference -d that a row of bytes can have, Q12.19. */
static void exp_table(const struct apu_cmd_norm *c, int32_t *table)
{
    for (int32_t d = 0; d < 256; d++) {
        table[d] = -d < c->diff_min ? 0 :
                   apu_rdivpot(apu_exp_on_negative_values(scaled(c, -d)), 12);
    }
}

/* @flip is 0x80 for I8, which orders like U8 with the top bit flipped. */
static void log_softmax_row8(const struct apu_cmd_norm *c,
                             const int32_t *table, uint8_t flip,
                             const uint8_t *in, uint8_t *out)
{
    int32_t sum = 0, least, log_sum;
    uint8_t max = 0;

    for (uint32_t i = 0; i < c->depth; i++) {
        uint8_t e = in[i] ^ flip;

        max = e > max ? e : max;
    }
    for (uint32_t i = 0; i < c->depth; i++) {
        sum = apu_add32(sum, table[max - (in[i] ^ flip)]);
    }
    log_sum = apu_log_from_one(sum);
    least = apu_mbqm(apu_add32(log_sum, INT32_MIN), c->back_mult,
                     c->back_shift);
    least = apu_max64(least, (int64_t)c->diff_min - 1);
    for (uint32_t i = 0; i < c->depth; i++) {
        /* A byte, even if the output has overwritten the input. */
        int32_t diff = -(int32_t)(uint8_t)(max - (in[i] ^ flip)), v = 0;

        if (diff > least) {
            v = apu_rdivpot(apu_sub32(scaled(c, diff), log_sum), 22) + 255;
        }
        out[i] = apu_clamp32(v, 0, 255) ^ flip;
    }
}

static void log_softmax_row16(const struct apu_cmd_norm *c, float *e,
                              const uint8_t *in, uint8_t *out)
{
    float max = -INFINITY, sum, log_sum;

    for (uint32_t i = 0; i < c->depth; i++) {
        e[i] = apu_f16_to_f32(apu_ld_u16(in + 2 * i));
        max = e[i] > max ? e[i] : max;
    }
    sum = expf(e[0] - max);
    for (uint32_t i = 1; i < c->depth; i++) {
        sum += expf(e[i] - max);
    }
    log_sum = logf(sum);
    for (uint32_t i = 0; i < c->depth; i++) {
        apu_st_u16(out + 2 * i, apu_f32_to_f16(e[i] - max - log_sum));
    }
}

static int32_t load8(const struct apu_cmd_norm *c, const uint8_t *p)
{
    return (c->type == APU_DTYPE_I8 ? (int8_t)*p : *p) - c->in_zp;
}

/* The reference rounds uint8 and int8 at different places. */
static void l2_row8(const struct apu_cmd_norm *c, const uint8_t *in,
                    uint8_t *out)
{
    int32_t sum = 0, factor;
    int shift;

    for (uint32_t i = 0; i < c->depth; i++) {
        int32_t v = load8(c, in + i);

        sum = apu_add32(sum, v * v);
    }
    factor = apu_inverse_sqrt(sum, &shift);
    for (uint32_t i = 0; i < c->depth; i++) {
        int32_t v = load8(c, in + i);

        if (c->type == APU_DTYPE_I8) {
            out[i] = apu_clamp32(apu_mbqm(v, factor, shift + L2_SCALE),
                                 INT8_MIN, INT8_MAX);
        } else {
            v = apu_mbqm(v * (1 << L2_SCALE), factor, shift);
            out[i] = apu_clamp32(v + (1 << L2_SCALE), 0, UINT8_MAX);
        }
    }
}

static void l2_row16(const struct apu_cmd_norm *c, float *e,
                     const uint8_t *in, uint8_t *out)
{
    float sum = 0, norm;

    for (uint32_t i = 0; i < c->depth; i++) {
        e[i] = apu_f16_to_f32(apu_ld_u16(in + 2 * i));
        sum += e[i] * e[i];
    }
    norm = sqrtf(sum);
    norm = norm < 0.000001f ? 0.000001f : norm;
    for (uint32_t i = 0; i < c->depth; i++) {
        apu_st_u16(out + 2 * i, apu_f32_to_f16(e[i] / norm));
    }
}

static void norm_row(const struct apu_cmd_norm *c, void *buf,
                     const uint8_t *in, uint8_t *out)
{
    bool half = c->type == APU_DTYPE_F16;

    if (c->fn == APU_NORM_FN_L2) {
        if (half) {
            l2_row16(c, buf, in, out);
        } else {
            l2_row8(c, in, out);
        }
    } else if (half) {
        log_softmax_row16(c, buf, in, out);
    } else {
        log_softmax_row8(c, buf, c->type == APU_DTYPE_I8 ? 0x80 : 0, in, out);
    }
}

enum apu_job_status apu_norm_run(struct apu_env *env, const struct apu_op *op)
{
    const struct apu_cmd_norm *c = &op->cmd.norm;
    void *buf = apu_buf(env, APU_BUF_ACC, apu_max64(c->depth, 256) * 4);
    enum apu_job_status s = APU_JOB_STATUS_OK;

    if (!buf) {
        return APU_JOB_STATUS_BUS_ERROR;
    }
    if (c->fn == APU_NORM_FN_LOG_SOFTMAX && c->type != APU_DTYPE_F16) {
        exp_table(c, buf);
    }
    for (uint64_t i = 0; i < c->rows && s == APU_JOB_STATUS_OK; i++) {
        norm_row(c, buf, op->in.l1 + i * c->in_pitch,
                 op->out.l1 + i * c->out_pitch);
        s = apu_poll(env, c->depth);
    }
    return s;
}

/* REDUCE */

static bool reduce_ok(const struct apu_cmd_reduce *c)
{
    if (!c->rows || !c->depth || c->fn > APU_REDUCE_FN_PROD) {
        return false;
    }
    if (c->type == APU_DTYPE_F16) {
        return true;
    }
    return (c->type == APU_DTYPE_I8 || c->type == APU_DTYPE_I16) &&
           apu_zp_fits(c->type, c->in_zp) && apu_zp_fits(c->type, c->out_zp) &&
           apu_scale_ok(c->mult, c->shift) && c->shift <= MAX_REDUCE_SHIFT;
}

enum apu_job_status apu_reduce_prepare(struct apu_op *op,
                                       const struct apu_regions *r)
{
    const struct apu_cmd_reduce *c = &op->cmd.reduce;
    struct apu_rows rows = {
        .in = c->in, .out = c->out, .rows = c->rows,
        .in_bytes = (uint64_t)c->depth * apu_dtype_size(c->type),
        .out_bytes = apu_dtype_size(c->type),
        .in_pitch = c->in_pitch, .out_pitch = c->out_pitch,
    };

    if (!reduce_ok(c)) {
        return APU_JOB_STATUS_BAD_COMMAND;
    }
    op->cost.compute = apu_cost_mvpu(apu_sat_mul(c->rows, c->depth),
                                     REDUCE_OPERATIONS);
    return apu_resolve_rows(op, r, &rows);
}

/* TFLite's QuantizedReduceProd: every product is scaled, and the last twice. */
static void product_int(const struct apu_cmd_reduce *c, const uint8_t *in,
                        uint8_t *out)
{
    bool wide = c->type == APU_DTYPE_I16;
    int32_t product = 0;

    for (uint64_t i = 0; i < c->depth; i++) {
        int32_t v = (wide ? apu_ld_i16(in + 2 * i) : (int8_t)in[i]) - c->in_zp;

        product = i ? apu_mbqm64((int64_t)product * v, c->mult, c->shift) : v;
    }
    product = apu_add32(apu_mbqm64(product, c->mult, c->shift), c->out_zp);
    if (wide) {
        apu_st_i16(out, apu_clamp32(product, INT16_MIN, INT16_MAX));
    } else {
        *out = apu_clamp32(product, INT8_MIN, INT8_MAX);
    }
}

static void product_f16(const struct apu_cmd_reduce *c, const uint8_t *in,
                        uint8_t *out)
{
    float product = 1;

    for (uint64_t i = 0; i < c->depth; i++) {
        product *= apu_f16_to_f32(apu_ld_u16(in + 2 * i));
    }
    apu_st_u16(out, apu_f32_to_f16(product));
}

enum apu_job_status apu_reduce_run(struct apu_env *env,
                                   const struct apu_op *op)
{
    const struct apu_cmd_reduce *c = &op->cmd.reduce;
    enum apu_job_status s = APU_JOB_STATUS_OK;

    for (uint64_t i = 0; i < c->rows && s == APU_JOB_STATUS_OK; i++) {
        const uint8_t *in = op->in.l1 + i * c->in_pitch;
        uint8_t *out = op->out.l1 + i * c->out_pitch;

        if (c->type == APU_DTYPE_F16) {
            product_f16(c, in, out);
        } else {
            product_int(c, in, out);
        }
        s = apu_poll(env, c->depth);
    }
    return s;
}

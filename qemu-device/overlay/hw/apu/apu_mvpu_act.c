/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ACTIVATION: functions of one element.
 */

#include "apu_base.h"
#include "apu_exec_int.h"
#include "apu_fixed.h"
#include "apu_fp16.h"
#include "apu_mvpu.h"

#define LUT8_BYTES 256
/* LOGISTIC and TANH of I16: values of the sigmoid */
#define SIGMOID_ENTRIES 256
#define MAX_TABLE_ENTRIES APU_LUT16_ENTRIES

/* Lane operations per element */
#define ACTIVATION_OPERATIONS 2

static bool is_sigmoid16(const struct apu_cmd_activation *c)
{
    return c->type == APU_DTYPE_I16 && (c->fn == APU_ACT_FN_LOGISTIC ||
                                        c->fn == APU_ACT_FN_TANH);
}

static bool activation_ok(const struct apu_cmd_activation *c)
{
    if (!c->rows || !c->depth) {
        return false;
    }
    if (is_sigmoid16(c)) {
        return c->shift <= 30 && c->mult > 0 && c->mult <= INT16_MAX;
    }
    if (c->shift || c->mult) {
        return false;
    }
    switch (c->fn) {
    case APU_ACT_FN_LUT8:
        return c->type == APU_DTYPE_I8 || c->type == APU_DTYPE_U8;
    case APU_ACT_FN_LUT16:
        return c->type == APU_DTYPE_I16;
    default:
        return c->fn <= APU_ACT_FN_LOG && c->type == APU_DTYPE_F16;
    }
}

/* Zero for functions without one. */
static unsigned table_bytes(const struct apu_cmd_activation *c)
{
    switch (c->fn) {
    case APU_ACT_FN_LUT8:
        return LUT8_BYTES;
    case APU_ACT_FN_LUT16:
        return APU_LUT16_BYTES;
    default:
        return is_sigmoid16(c) ? 2 * SIGMOID_ENTRIES : 0;
    }
}

enum apu_job_status apu_activation_prepare(struct apu_op *op,
                                           const struct apu_regions *r)
{
    const struct apu_cmd_activation *c = &op->cmd.activation;
    uint64_t bytes = (uint64_t)c->depth * apu_dtype_size(c->type);
    struct apu_rows rows = {
        .in = c->in, .out = c->out, .rows = c->rows,
        .in_bytes = bytes, .out_bytes = bytes,
        .in_pitch = c->in_pitch, .out_pitch = c->out_pitch,
    };
    enum apu_job_status s;

    if (!activation_ok(c)) {
        return APU_JOB_STATUS_BAD_COMMAND;
    }
    op->cost.compute = apu_cost_mvpu(apu_sat_mul(c->rows, c->depth),
                                     ACTIVATION_OPERATIONS);
    s = apu_resolve_rows(op, r, &rows);
    return s == APU_JOB_STATUS_OK && table_bytes(c) ?
           apu_resolve_table(op, r, c->table, table_bytes(c)) : s;
}

static void lut8_row(const uint8_t *table, const uint8_t *in, uint8_t *out,
                     uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        out[i] = table[in[i]];
    }
}

static void lut16_row(const int16_t *table, const uint8_t *in, uint8_t *out,
                      uint32_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        apu_st_i16(out + 2 * i, apu_lut16(table, apu_ld_i16(in + 2 * i)));
    }
}

/*
 * The sigmoid of |x|, between the entries of a table that are 2^bits apart;
 * limit beyond the table.
 */
static int32_t sigmoid_between(const uint16_t *table, uint32_t x,
                               unsigned bits, int32_t limit)
{
    uint32_t i = x >> bits;
    int32_t a, b;

    if (i >= SIGMOID_ENTRIES - 1) {
        return limit;
    }
    a = table[i];
    b = table[i + 1];
    return apu_add32(apu_shl32(a, bits),
                     apu_mul32(x & ((1u << bits) - 1), b - a));
}

static int16_t logistic16(const uint16_t *table, int32_t x)
{
    uint32_t r = sigmoid_between(table, x < 0 ? -(uint32_t)x : (uint32_t)x, 9,
                                 0x7fff << 10);

    r = x >= 0 ? r + (1u << 9) : (1u << 25) - r + (1u << 9) - 1;
    return (int16_t)(r >> 10);
}

static int16_t tanh16(const uint16_t *table, int32_t x)
{
    int32_t r = sigmoid_between(table, x < 0 ? -(uint32_t)x : (uint32_t)x, 8,
                                0xffff << 8);

    r = x >= 0 ? r - (1 << 23) + (1 << 7) : -r + (1 << 23) + (1 << 7) - 1;
    return (int16_t)(r >> 8);
}

static void sigmoid16_row(const struct apu_cmd_activation *c,
                          const uint16_t *table, const uint8_t *in,
                          uint8_t *out)
{
    int64_t round = c->shift ? (int64_t)1 << (c->shift - 1) : 0;

    for (uint64_t i = 0; i < c->depth; i++) {
        int64_t p = (int64_t)apu_ld_i16(in + 2 * i) * c->mult + round;
        int32_t x = (int32_t)(p >> c->shift);

        apu_st_i16(out + 2 * i, c->fn == APU_ACT_FN_TANH ?
                                tanh16(table, x) : logistic16(table, x));
    }
}

static float function_f32(unsigned fn, float x)
{
    float y;

    switch (fn) {
    case APU_ACT_FN_LOGISTIC:
        return 1 / (1 + expf(-x));
    case APU_ACT_FN_TANH:
        return tanhf(x);
    case APU_ACT_FN_EXP:
        return expf(x);
    case APU_ACT_FN_SQRT:
        return sqrtf(x);
    case APU_ACT_FN_RSQRT:
        return 1 / sqrtf(x);
    case APU_ACT_FN_ELU:
        return x < 0 ? expm1f(x) : x;
    case APU_ACT_FN_GELU:
        return 0.5f * x * erfcf(x * -0.707106781186547524f);
    case APU_ACT_FN_GELU_TANH:
        y = 0.797884560802865356f * (x + 0.044715f * x * x * x);
        return 0.5f * x * (1 + tanhf(y));
    case APU_ACT_FN_HARD_SWISH:
        y = x + 3;
        y = y < 0 ? 0 : y;
        return x * (y > 6 ? 6 : y) / 6;
    case APU_ACT_FN_LOG:
        return logf(x);
    default:
        return fabsf(x);
    }
}

static void f16_row(unsigned fn, const uint8_t *in, uint8_t *out, uint32_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        float x = apu_f16_to_f32(apu_ld_u16(in + 2 * i));

        apu_st_u16(out + 2 * i, apu_f32_to_f16(function_f32(fn, x)));
    }
}

static void activation_row(const struct apu_cmd_activation *c,
                           const void *table, const uint8_t *in, uint8_t *out)
{
    if (c->fn == APU_ACT_FN_LUT8) {
        lut8_row(table, in, out, c->depth);
    } else if (c->fn == APU_ACT_FN_LUT16) {
        lut16_row(table, in, out, c->depth);
    } else if (is_sigmoid16(c)) {
        sigmoid16_row(c, table, in, out);
    } else {
        f16_row(c->fn, in, out, c->depth);
    }
}

enum apu_job_status apu_activation_run(struct apu_env *env,
                                       const struct apu_op *op)
{
    const struct apu_cmd_activation *c = &op->cmd.activation;
    enum apu_job_status s = APU_JOB_STATUS_OK;
    uint16_t table[MAX_TABLE_ENTRIES];

    if (table_bytes(c)) {
        s = apu_read(env, &op->in2, 0, table, table_bytes(c));
    }
    for (uint64_t i = 0; i < c->rows && s == APU_JOB_STATUS_OK; i++) {
        activation_row(c, table, op->in.l1 + i * c->in_pitch,
                       op->out.l1 + i * c->out_pitch);
        s = apu_poll(env, c->depth);
    }
    return s;
}

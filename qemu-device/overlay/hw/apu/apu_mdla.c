/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Commands of the MDLA: checks, operands, choice of the kernel.
 */

#include "apu_base.h"
#include "apu_fp16.h"
#include "apu_mdla.h"

/* Most weights that one CONV can have */
#define MAX_WEIGHT_BYTES (64u << 20)

static bool is_mdla_type(unsigned type)
{
    return type == APU_DTYPE_I8 || type == APU_DTYPE_U8 ||
           type == APU_DTYPE_I16 || type == APU_DTYPE_F16;
}

static bool is_integer(unsigned type)
{
    return is_mdla_type(type) && type != APU_DTYPE_F16;
}

static uint64_t tile_bytes(uint64_t h, uint64_t w, uint64_t c, unsigned type)
{
    return apu_sat_mul(apu_sat_mul(h, w), c * apu_dtype_size(type));
}

/* CONV: encoding */

static bool conv_weight_type_ok(const struct apu_cmd_conv *c)
{
    return c->w_type == c->in_type ||
           (c->in_type == APU_DTYPE_I16 && c->w_type == APU_DTYPE_I8);
}

static bool conv_types_ok(const struct apu_cmd_conv *c)
{
    unsigned t = c->in_type;

    if (!is_mdla_type(t) || c->out_type != t ||
        !conv_weight_type_ok(c) ||
        c->quant_mode > APU_QUANT_MODE_PER_CHANNEL ||
        (c->quant_mode == APU_QUANT_MODE_NONE) != (t == APU_DTYPE_F16)) {
        return false;
    }
    if (t == APU_DTYPE_I16 && (c->in_zp || c->w_zp || c->out_zp)) {
        return false;
    }
    switch (c->bias_type) {
    case APU_DTYPE_NONE:
        break;
    case APU_DTYPE_I32:
        if (t == APU_DTYPE_F16) {
            return false;
        }
        break;
    case APU_DTYPE_I64:
        if (t != APU_DTYPE_I16) {
            return false;
        }
        break;
    case APU_DTYPE_F32:
        if (t != APU_DTYPE_F16) {
            return false;
        }
        break;
    default:
        return false;
    }
    return apu_zp_fits(t, c->in_zp) && apu_zp_fits(c->w_type, c->w_zp) &&
           apu_zp_fits(t, c->out_zp) &&
           apu_bounds_fit(t, c->act_min, c->act_max);
}

static bool conv_shape_ok(const struct apu_cmd_conv *c)
{
    if (!c->in_h || !c->in_w || !c->in_c || !c->out_h || !c->out_w ||
        !c->out_c || !c->k_h || !c->k_w || !c->stride_h || !c->stride_w ||
        !c->dil_h || !c->dil_w || !c->groups) {
        return false;
    }
    switch (c->kind) {
    case APU_CONV_KIND_CONV:
        return c->in_c % c->groups == 0 && c->out_c % c->groups == 0;
    case APU_CONV_KIND_DEPTHWISE:
        return c->out_c == (uint64_t)c->in_c * c->groups;
    default:
        return false;
    }
}

/* Rows of weights and bytes of one. */
static void conv_weight_shape(const struct apu_cmd_conv *c, uint64_t *rows,
                              uint64_t *row_bytes)
{
    uint64_t taps = (uint64_t)c->k_h * c->k_w;
    uint64_t size = apu_dtype_size(c->w_type);

    if (c->kind == APU_CONV_KIND_DEPTHWISE) {
        *rows = taps;
        *row_bytes = c->out_c * size;
    } else {
        *rows = c->out_c;
        *row_bytes = apu_sat_mul(taps, c->in_c / c->groups * size);
    }
}

static unsigned conv_bias_size(const struct apu_cmd_conv *c)
{
    return apu_dtype_size(c->bias_type);
}

static uint64_t conv_quant_entries(const struct apu_cmd_conv *c)
{
    switch (c->quant_mode) {
    case APU_QUANT_MODE_NONE:
        return 0;
    case APU_QUANT_MODE_PER_TENSOR:
        return 1;
    default:
        return c->out_c;
    }
}

static enum apu_job_status conv_resolve_tiles(struct apu_op *op,
                                              const struct apu_regions *r)
{
    const struct apu_cmd_conv *c = &op->cmd.conv;
    uint64_t in_pixel = (uint64_t)c->in_c * apu_dtype_size(c->in_type);
    uint64_t out_pixel = (uint64_t)c->out_c * apu_dtype_size(c->out_type);
    enum apu_job_status s;

    if (!apu_tile_disjoint(c->out_h, c->out_w, out_pixel, c->out_row_pitch,
                           c->out_pix_pitch)) {
        return APU_JOB_STATUS_BAD_COMMAND;
    }
    s = apu_resolve_l1(r, c->in,
                       apu_tile_extent(c->in_h, c->in_w, in_pixel,
                                       c->in_row_pitch, c->in_pix_pitch),
                       &op->in);
    if (s != APU_JOB_STATUS_OK) {
        return s;
    }
    apu_count(&op->cost, &op->in,
              tile_bytes(c->in_h, c->in_w, c->in_c, c->in_type));
    s = apu_resolve_l1(r, c->out,
                       apu_tile_extent(c->out_h, c->out_w, out_pixel,
                                       c->out_row_pitch, c->out_pix_pitch),
                       &op->out);
    if (s != APU_JOB_STATUS_OK) {
        return s;
    }
    apu_count(&op->cost, &op->out,
              tile_bytes(c->out_h, c->out_w, c->out_c, c->out_type));
    return s;
}

static enum apu_job_status conv_resolve_params(struct apu_op *op,
                                               const struct apu_regions *r)
{
    const struct apu_cmd_conv *c = &op->cmd.conv;
    uint64_t rows, row_bytes;
    uint64_t bias = (uint64_t)c->out_c * conv_bias_size(c);
    uint64_t quant = conv_quant_entries(c) * sizeof(struct apu_quant);
    enum apu_job_status s;

    conv_weight_shape(c, &rows, &row_bytes);
    if ((rows > 1 && c->w_pitch < row_bytes) ||
        apu_sat_mul(rows, row_bytes) > MAX_WEIGHT_BYTES) {
        return APU_JOB_STATUS_BAD_COMMAND;
    }
    s = apu_resolve(r, c->weight,
                    apu_tile_extent(rows, 1, row_bytes, c->w_pitch, 0),
                    &op->in2);
    if (s != APU_JOB_STATUS_OK) {
        return s;
    }
    apu_count(&op->cost, &op->in2, rows * row_bytes);
    if (bias) {
        s = apu_resolve(r, c->bias, bias, &op->bias);
        if (s != APU_JOB_STATUS_OK) {
            return s;
        }
        apu_count(&op->cost, &op->bias, bias);
    }
    if (quant) {
        s = apu_resolve(r, c->quant, quant, &op->quant);
        if (s != APU_JOB_STATUS_OK) {
            return s;
        }
        apu_count(&op->cost, &op->quant, quant);
    }
    return s;
}

enum apu_job_status apu_conv_prepare(struct apu_op *op,
                                     const struct apu_regions *r)
{
    const struct apu_cmd_conv *c = &op->cmd.conv;
    enum apu_job_status s;

    if (!conv_types_ok(c) || !conv_shape_ok(c)) {
        return APU_JOB_STATUS_BAD_COMMAND;
    }
    s = conv_resolve_tiles(op, r);
    if (s == APU_JOB_STATUS_OK) {
        s = conv_resolve_params(op, r);
    }
    op->cost.compute = apu_cost_conv(c);
    return s;
}

/* CONV: execution */

static enum apu_job_status conv_load_weights(struct apu_env *env,
                                             const struct apu_op *op,
                                             struct apu_conv *v)
{
    const struct apu_cmd_conv *c = &op->cmd.conv;
    enum apu_job_status s = APU_JOB_STATUS_OK;
    uint64_t rows, row_bytes;
    uint8_t *buf;

    conv_weight_shape(c, &rows, &row_bytes);
    if (op->in2.l1) {
        v->weight = op->in2.l1;
        v->w_pitch = c->w_pitch;
        return s;
    }
    buf = apu_buf(env, APU_BUF_WEIGHT, rows * row_bytes);
    if (!buf) {
        return APU_JOB_STATUS_BUS_ERROR;
    }
    v->weight = buf;
    v->w_pitch = row_bytes;
    if (c->w_pitch == row_bytes) {
        return apu_read(env, &op->in2, 0, buf, rows * row_bytes);
    }
    for (uint64_t i = 0; i < rows && s == APU_JOB_STATUS_OK; i++) {
        s = apu_read(env, &op->in2, i * c->w_pitch, buf + i * row_bytes,
                     row_bytes);
    }
    return s;
}

static enum apu_job_status conv_load_bias(struct apu_env *env,
                                          const struct apu_op *op,
                                          struct apu_conv *v)
{
    const struct apu_cmd_conv *c = &op->cmd.conv;
    size_t bytes = (size_t)c->out_c * conv_bias_size(c);
    void *buf;

    v->bias = NULL;
    if (!bytes) {
        return APU_JOB_STATUS_OK;
    }
    buf = apu_buf(env, APU_BUF_BIAS, bytes);
    if (!buf) {
        return APU_JOB_STATUS_BUS_ERROR;
    }
    v->bias = buf;
    return apu_read(env, &op->bias, 0, buf, bytes);
}

/* Spreads the entries over two arrays of out_c. */
static enum apu_job_status conv_load_quant(struct apu_env *env,
                                           const struct apu_op *op,
                                           struct apu_conv *v)
{
    const struct apu_cmd_conv *c = &op->cmd.conv;
    const int32_t max_shift = c->bias_type == APU_DTYPE_I64 ? 7 : 30;
    uint64_t n = conv_quant_entries(c);
    struct apu_quant *q;
    int32_t *mult, *shift;
    enum apu_job_status s;

    v->mult = v->shift = NULL;
    if (!n) {
        return APU_JOB_STATUS_OK;
    }
    q = apu_buf(env, APU_BUF_ACC, n * sizeof(*q));
    mult = apu_buf(env, APU_BUF_MULT, (uint64_t)c->out_c * sizeof(*mult));
    shift = apu_buf(env, APU_BUF_SHIFT, (uint64_t)c->out_c * sizeof(*shift));
    if (!q || !mult || !shift) {
        return APU_JOB_STATUS_BUS_ERROR;
    }
    s = apu_read(env, &op->quant, 0, q, n * sizeof(*q));
    if (s != APU_JOB_STATUS_OK) {
        return s;
    }
    for (uint32_t i = 0; i < c->out_c; i++) {
        const struct apu_quant *e = &q[n > 1 ? i : 0];

        if (!apu_scale_ok(e->multiplier, e->shift) || e->shift > max_shift) {
            return APU_JOB_STATUS_BAD_COMMAND;
        }
        mult[i] = e->multiplier;
        shift[i] = e->shift;
    }
    v->mult = mult;
    v->shift = shift;
    return APU_JOB_STATUS_OK;
}

enum apu_job_status apu_conv_run(struct apu_env *env, const struct apu_op *op)
{
    struct apu_conv v = {
        .c = &op->cmd.conv, .in = op->in.l1, .out = op->out.l1,
    };
    enum apu_job_status s = conv_load_weights(env, op, &v);

    if (s == APU_JOB_STATUS_OK) {
        s = conv_load_bias(env, op, &v);
    }
    if (s == APU_JOB_STATUS_OK) {
        s = conv_load_quant(env, op, &v);
    }
    if (s != APU_JOB_STATUS_OK) {
        return s;
    }
    return env->job->reference || apu_conv_wide(v.c) ?
           apu_conv_ref(env, &v) : apu_conv_fast(env, &v);
}

/* POOL */

/* Does every window along one axis cover a position of the tile? */
static bool windows_hit(uint64_t in, uint64_t out, int32_t pad, unsigned k,
                        unsigned stride)
{
    int64_t first = -(int64_t)pad;
    int64_t last = first + (int64_t)(out - 1) * stride;

    return first + k > 0 && last < (int64_t)in;
}

static bool pool_ok(const struct apu_cmd_pool *c)
{
    return is_mdla_type(c->type) && c->kind <= APU_POOL_KIND_MIN &&
           c->in_h && c->in_w && c->channels && c->out_h && c->out_w &&
           c->k_h && c->k_w && c->stride_h && c->stride_w &&
           apu_bounds_fit(c->type, c->act_min, c->act_max) &&
           windows_hit(c->in_h, c->out_h, c->pad_top, c->k_h, c->stride_h) &&
           windows_hit(c->in_w, c->out_w, c->pad_left, c->k_w, c->stride_w);
}

enum apu_job_status apu_pool_prepare(struct apu_op *op,
                                     const struct apu_regions *r)
{
    const struct apu_cmd_pool *c = &op->cmd.pool;
    uint64_t pixel = (uint64_t)c->channels * apu_dtype_size(c->type);
    enum apu_job_status s;

    if (!pool_ok(c) ||
        !apu_tile_disjoint(c->out_h, c->out_w, pixel, c->out_row_pitch,
                           c->out_pix_pitch)) {
        return APU_JOB_STATUS_BAD_COMMAND;
    }
    s = apu_resolve_l1(r, c->in,
                       apu_tile_extent(c->in_h, c->in_w, pixel,
                                       c->in_row_pitch, c->in_pix_pitch),
                       &op->in);
    if (s != APU_JOB_STATUS_OK) {
        return s;
    }
    s = apu_resolve_l1(r, c->out,
                       apu_tile_extent(c->out_h, c->out_w, pixel,
                                       c->out_row_pitch, c->out_pix_pitch),
                       &op->out);
    op->cost.l1_bytes = apu_sat_add(
        tile_bytes(c->in_h, c->in_w, c->channels, c->type),
        tile_bytes(c->out_h, c->out_w, c->channels, c->type));
    op->cost.compute = apu_cost_pool(c);
    return s;
}

enum apu_job_status apu_pool_run(struct apu_env *env, const struct apu_op *op)
{
    const struct apu_cmd_pool *c = &op->cmd.pool;

    return env->job->reference ?
           apu_pool_ref(env, c, op->in.l1, op->out.l1) :
           apu_pool_fast(env, c, op->in.l1, op->out.l1);
}

/* ELTWISE */

static bool eltwise_zps_ok(const struct apu_cmd_eltwise *c)
{
    return apu_zp_fits(c->in_type, c->in1_zp) &&
           apu_zp_fits(c->in_type, c->in2_zp) &&
           apu_zp_fits(c->out_type, c->out_zp) &&
           apu_scale_ok(c->out_mult, c->out_shift);
}

/* Functions of two integers; those that do not use a field ignore it. */
static bool eltwise_binary_ok(const struct apu_cmd_eltwise *c)
{
    switch (c->fn) {
    case APU_ELT_FN_ADD:
    case APU_ELT_FN_SUB:
    case APU_ELT_FN_SQUARED_DIFF:
        return eltwise_zps_ok(c) && c->left_shift >= 0 &&
               c->left_shift <= 30 &&
               apu_scale_ok(c->in1_mult, c->in1_shift) &&
               apu_scale_ok(c->in2_mult, c->in2_shift);
    case APU_ELT_FN_MUL:
        return eltwise_zps_ok(c);
    case APU_ELT_FN_DIV:
        return c->in_type == APU_DTYPE_U8 && eltwise_zps_ok(c);
    case APU_ELT_FN_PRELU:
        return eltwise_zps_ok(c) && apu_scale_ok(c->in1_mult, c->in1_shift);
    case APU_ELT_FN_MAX:
    case APU_ELT_FN_MIN:
        return true;
    default:
        return false;
    }
}

static bool eltwise_types_ok(const struct apu_cmd_eltwise *c)
{
    if (apu_eltwise_binary(c->fn)) {
        return is_mdla_type(c->in_type) && c->out_type == c->in_type &&
               (c->in_type == APU_DTYPE_F16 ? c->fn <= APU_ELT_FN_POW :
                                              eltwise_binary_ok(c));
    }
    switch (c->fn) {
    case APU_ELT_FN_REQUANT:
        return is_integer(c->in_type) && is_integer(c->out_type) &&
               apu_zp_fits(c->in_type, c->in1_zp) &&
               apu_zp_fits(c->out_type, c->out_zp) &&
               apu_scale_ok(c->in1_mult, c->in1_shift);
    case APU_ELT_FN_CLAMP:
        return is_mdla_type(c->in_type) && c->out_type == c->in_type;
    default:
        return false;
    }
}

static bool eltwise_ok(const struct apu_cmd_eltwise *c)
{
    return eltwise_types_ok(c) && c->h && c->w && c->c && c->scalar <= 3 &&
           apu_bounds_fit(c->out_type, c->act_min, c->act_max) &&
           apu_tile_disjoint(c->h, c->w,
                             (uint64_t)c->c * apu_dtype_size(c->out_type),
                             c->out_row_pitch, c->out_pix_pitch);
}

/* One operand of ELTWISE. */
static enum apu_job_status eltwise_resolve(const struct apu_cmd_eltwise *c,
                                           const struct apu_regions *r,
                                           uint64_t ref, uint64_t channels,
                                           unsigned type, uint32_t row_pitch,
                                           uint32_t pix_pitch,
                                           struct apu_operand *o,
                                           struct apu_cost *cost)
{
    uint64_t pixel = channels * apu_dtype_size(type);
    enum apu_job_status s;

    s = apu_resolve_l1(r, ref,
                       apu_tile_extent(c->h, c->w, pixel, row_pitch,
                                       pix_pitch), o);
    cost->l1_bytes = apu_sat_add(cost->l1_bytes,
                                 tile_bytes(c->h, c->w, channels, type));
    return s;
}

enum apu_job_status apu_eltwise_prepare(struct apu_op *op,
                                        const struct apu_regions *r)
{
    const struct apu_cmd_eltwise *c = &op->cmd.eltwise;
    enum apu_job_status s;

    if (!eltwise_ok(c)) {
        return APU_JOB_STATUS_BAD_COMMAND;
    }
    s = eltwise_resolve(c, r, c->in1, c->scalar & 1 ? 1 : c->c, c->in_type,
                        c->in1_row_pitch, c->in1_pix_pitch, &op->in,
                        &op->cost);
    op->in2.l1 = NULL;
    if (s == APU_JOB_STATUS_OK && apu_eltwise_binary(c->fn)) {
        s = eltwise_resolve(c, r, c->in2, c->scalar & 2 ? 1 : c->c,
                            c->in_type, c->in2_row_pitch, c->in2_pix_pitch,
                            &op->in2, &op->cost);
    }
    if (s == APU_JOB_STATUS_OK) {
        s = eltwise_resolve(c, r, c->out, c->c, c->out_type,
                            c->out_row_pitch, c->out_pix_pitch, &op->out,
                            &op->cost);
    }
    op->cost.compute = apu_cost_eltwise(c);
    return s;
}

enum apu_job_status apu_eltwise_run(struct apu_env *env,
                                    const struct apu_op *op)
{
    const struct apu_cmd_eltwise *c = &op->cmd.eltwise;

    return env->job->reference ?
           apu_eltwise_ref(env, c, op->in.l1, op->in2.l1, op->out.l1) :
           apu_eltwise_fast(env, c, op->in.l1, op->in2.l1, op->out.l1);
}

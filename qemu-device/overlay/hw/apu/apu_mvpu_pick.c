/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * RESIZE and ARG.
 */

#include "apu_base.h"
#include "apu_exec_int.h"
#include "apu_fp16.h"
#include "apu_mvpu.h"

#define MAX_RESIZE 65536
/* Bits of an integer fraction, and the largest one */
#define FRAC_BITS 10
#define MAX_FRAC (1 << FRAC_BITS)

/* Lane operations per element */
#define NEAREST_OPERATIONS 1
#define BILINEAR_OPERATIONS 8
#define ARG_OPERATIONS 2

static bool is_type(unsigned type)
{
    return type == APU_DTYPE_I8 || type == APU_DTYPE_U8 ||
           type == APU_DTYPE_I16 || type == APU_DTYPE_F16;
}

static int32_t load(const uint8_t *p, unsigned type)
{
    return type == APU_DTYPE_I8 ? (int8_t)*p :
           type == APU_DTYPE_U8 ? *p : apu_ld_i16(p);
}

/* RESIZE */

static bool resize_ok(const struct apu_cmd_resize *c)
{
    return c->in_h && c->in_w && c->c && c->out_h && c->out_w &&
           c->out_h <= MAX_RESIZE && c->out_w <= MAX_RESIZE &&
           c->kind <= APU_RESIZE_KIND_BILINEAR && is_type(c->type) &&
           apu_tile_disjoint(c->out_h, c->out_w,
                             (uint64_t)c->c * apu_dtype_size(c->type),
                             c->out_row_pitch, c->out_pix_pitch);
}

static enum apu_job_status resolve_entries(struct apu_op *op,
                                           const struct apu_regions *r,
                                           uint64_t ref, uint32_t n,
                                           struct apu_operand *o)
{
    uint64_t bytes = (uint64_t)n * sizeof(struct apu_resize_entry);
    enum apu_job_status s = apu_resolve(r, ref, bytes, o);

    if (s == APU_JOB_STATUS_OK) {
        apu_count(&op->cost, o, bytes);
    }
    return s;
}

enum apu_job_status apu_resize_prepare(struct apu_op *op,
                                       const struct apu_regions *r)
{
    const struct apu_cmd_resize *c = &op->cmd.resize;
    uint64_t pixel = (uint64_t)c->c * apu_dtype_size(c->type);
    uint64_t in = apu_sat_mul(apu_sat_mul(c->in_h, c->in_w), pixel);
    uint64_t n = (uint64_t)c->out_h * c->out_w;
    enum apu_job_status s;

    if (!resize_ok(c)) {
        return APU_JOB_STATUS_BAD_COMMAND;
    }
    s = apu_resolve_l1(r, c->in,
                       apu_tile_extent(c->in_h, c->in_w, pixel,
                                       c->in_row_pitch, c->in_pix_pitch),
                       &op->in);
    if (s == APU_JOB_STATUS_OK) {
        s = apu_resolve_l1(r, c->out,
                           apu_tile_extent(c->out_h, c->out_w, pixel,
                                           c->out_row_pitch,
                                           c->out_pix_pitch), &op->out);
    }
    op->cost.l1_bytes = apu_sat_add(in, apu_sat_mul(n, pixel));
    if (s == APU_JOB_STATUS_OK) {
        s = resolve_entries(op, r, c->rows, c->out_h, &op->in2);
    }
    if (s == APU_JOB_STATUS_OK) {
        s = resolve_entries(op, r, c->cols, c->out_w, &op->bias);
    }
    op->cost.compute = apu_cost_mvpu(apu_sat_mul(n, c->c),
                                     c->kind == APU_RESIZE_KIND_NEAREST ?
                                     NEAREST_OPERATIONS : BILINEAR_OPERATIONS);
    return s;
}

/* Are fractions floats? */
static bool float_frac(unsigned type)
{
    return type == APU_DTYPE_F16 || type == APU_DTYPE_U8;
}

/* Reads a table; the indices become relative to the tile. */
static enum apu_job_status read_entries(struct apu_env *env,
                                        const struct apu_cmd_resize *c,
                                        const struct apu_operand *o,
                                        uint32_t n, uint32_t first,
                                        uint32_t size,
                                        struct apu_resize_entry *e)
{
    enum apu_job_status s = apu_read(env, o, 0, e, n * sizeof(*e));

    for (uint32_t i = 0; i < n && s == APU_JOB_STATUS_OK; i++) {
        if (c->kind == APU_RESIZE_KIND_NEAREST) {
            e[i].hi = e[i].lo;
        } else if (!float_frac(c->type) &&
                   (e[i].frac < -MAX_FRAC || e[i].frac > MAX_FRAC)) {
            return APU_JOB_STATUS_BAD_COMMAND;
        }
        if (e[i].lo < first || e[i].lo - first >= size ||
            e[i].hi < first || e[i].hi - first >= size) {
            return APU_JOB_STATUS_BAD_COMMAND;
        }
        e[i].lo -= first;
        e[i].hi -= first;
    }
    return s;
}

static int32_t blend_int(const int64_t v[4], int32_t fy, int32_t fx)
{
    const int64_t one = MAX_FRAC, half = (int64_t)1 << (2 * FRAC_BITS - 1);
    int64_t sum = v[0] * (one - fy) * (one - fx) + v[1] * fy * (one - fx) +
                  v[2] * (one - fy) * fx + v[3] * fy * fx;

    return (int32_t)((sum + (sum > 0 ? half : -half)) / (one * one));
}

static void blend_float(unsigned type, const uint8_t *in[4], uint64_t at,
                        float y, float x, uint8_t *out)
{
    float v[4], sum;

    for (unsigned k = 0; k < 4; k++) {
        v[k] = type == APU_DTYPE_F16 ? apu_f16_to_f32(apu_ld_u16(in[k] + at)) :
                                       in[k][at];
    }
    sum = v[0] * (1 - y) * (1 - x) + v[1] * y * (1 - x);
    sum = sum + v[2] * (1 - y) * x + v[3] * y * x;
    if (type == APU_DTYPE_F16) {
        apu_st_u16(out, apu_f32_to_f16(sum));
    } else {
        sum += 0.5f;
        *out = sum >= 255 ? 255 : sum > 0 ? (uint8_t)sum : 0;
    }
}

static void blend_row(const struct apu_cmd_resize *c, const uint8_t *in[4],
                      int32_t fy, int32_t fx, uint8_t *out)
{
    unsigned size = apu_dtype_size(c->type);

    for (uint64_t i = 0; i < c->c; i++) {
        uint64_t at = i * size;

        if (float_frac(c->type)) {
            blend_float(c->type, in, at, apu_bits_f32(fy), apu_bits_f32(fx),
                        out + at);
        } else {
            int64_t v[4];
            int32_t r;

            for (unsigned k = 0; k < 4; k++) {
                v[k] = load(in[k] + at, c->type);
            }
            r = blend_int(v, fy, fx);
            if (size == 2) {
                apu_st_i16(out + at, r);
            } else {
                out[at] = r;
            }
        }
    }
}

static void resize_row(const struct apu_cmd_resize *c,
                       const struct apu_resize_entry *row,
                       const struct apu_resize_entry *cols,
                       const uint8_t *in, uint8_t *out)
{
    const uint8_t *lo = in + (uint64_t)row->lo * c->in_row_pitch;
    const uint8_t *hi = in + (uint64_t)row->hi * c->in_row_pitch;
    size_t pixel = (size_t)c->c * apu_dtype_size(c->type);

    for (uint64_t x = 0; x < c->out_w; x++) {
        uint64_t l = (uint64_t)cols[x].lo * c->in_pix_pitch;
        uint64_t r = (uint64_t)cols[x].hi * c->in_pix_pitch;
        const uint8_t *corner[4] = { lo + l, hi + l, lo + r, hi + r };
        uint8_t *to = out + x * c->out_pix_pitch;

        if (c->kind == APU_RESIZE_KIND_NEAREST) {
            memmove(to, corner[0], pixel);
        } else {
            blend_row(c, corner, row->frac, cols[x].frac, to);
        }
    }
}

enum apu_job_status apu_resize_run(struct apu_env *env,
                                   const struct apu_op *op)
{
    const struct apu_cmd_resize *c = &op->cmd.resize;
    struct apu_resize_entry *rows, *cols;
    enum apu_job_status s;

    rows = apu_buf(env, APU_BUF_MULT, c->out_h * sizeof(*rows));
    cols = apu_buf(env, APU_BUF_SHIFT, c->out_w * sizeof(*cols));
    if (!rows || !cols) {
        return APU_JOB_STATUS_BUS_ERROR;
    }
    s = read_entries(env, c, &op->in2, c->out_h, c->row0, c->in_h, rows);
    if (s == APU_JOB_STATUS_OK) {
        s = read_entries(env, c, &op->bias, c->out_w, 0, c->in_w, cols);
    }
    for (uint64_t y = 0; y < c->out_h && s == APU_JOB_STATUS_OK; y++) {
        resize_row(c, &rows[y], cols, op->in.l1,
                   op->out.l1 + y * c->out_row_pitch);
        s = apu_poll(env, (uint64_t)c->out_w * c->c);
    }
    return s;
}

/* ARG */

static uint32_t arg_count(const struct apu_cmd_arg *c)
{
    return c->k ? c->k : 1;
}

enum apu_job_status apu_arg_prepare(struct apu_op *op,
                                    const struct apu_regions *r)
{
    const struct apu_cmd_arg *c = &op->cmd.arg;
    struct apu_rows rows = {
        .in = c->in, .out = c->out, .rows = c->rows,
        .in_bytes = (uint64_t)c->depth * apu_dtype_size(c->type),
        .out_bytes = (uint64_t)arg_count(c) * apu_dtype_size(c->out_type),
        .in_pitch = c->in_pitch, .out_pitch = c->out_pitch,
    };

    if (!c->rows || !c->depth || c->depth > INT32_MAX || c->k > c->depth ||
        c->fn > APU_ARG_FN_MIN || !is_type(c->type) ||
        (c->out_type != APU_DTYPE_I32 && c->out_type != APU_DTYPE_I64)) {
        return APU_JOB_STATUS_BAD_COMMAND;
    }
    op->cost.compute = apu_cost_mvpu(
        apu_sat_mul(apu_sat_mul(c->rows, c->depth), arg_count(c)),
        ARG_OPERATIONS);
    return apu_resolve_rows(op, r, &rows);
}

/* 16 bits are exact in fp32. */
static float arg_value(const struct apu_cmd_arg *c, const uint8_t *in,
                       uint64_t i)
{
    const uint8_t *p = in + i * apu_dtype_size(c->type);

    return c->type == APU_DTYPE_F16 ? apu_f16_to_f32(apu_ld_u16(p)) :
                                      (float)load(p, c->type);
}

static uint64_t arg_first(const struct apu_cmd_arg *c, const uint8_t *in)
{
    float top = arg_value(c, in, 0);
    uint64_t best = 0;

    for (uint64_t i = 1; i < c->depth; i++) {
        float v = arg_value(c, in, i);

        if (c->fn == APU_ARG_FN_MAX ? v > top : v < top) {
            best = i;
            top = v;
        }
    }
    return best;
}

/* The one that follows: equal and behind, or the first of the next. */
static uint64_t arg_next(const struct apu_cmd_arg *c, const uint8_t *in,
                         uint64_t last)
{
    float limit = arg_value(c, in, last), top = 0;
    uint64_t best = last;

    for (uint64_t i = 0; i < c->depth; i++) {
        float v = arg_value(c, in, i);

        if (v == limit && i > last) {
            return i;
        }
        if ((c->fn == APU_ARG_FN_MAX ? v < limit : v > limit) &&
            (best == last || (c->fn == APU_ARG_FN_MAX ? v > top : v < top))) {
            best = i;
            top = v;
        }
    }
    return best;
}

enum apu_job_status apu_arg_run(struct apu_env *env, const struct apu_op *op)
{
    const struct apu_cmd_arg *c = &op->cmd.arg;
    unsigned size = apu_dtype_size(c->out_type);
    enum apu_job_status s = APU_JOB_STATUS_OK;

    for (uint64_t i = 0; i < c->rows && s == APU_JOB_STATUS_OK; i++) {
        const uint8_t *in = op->in.l1 + i * c->in_pitch;
        uint8_t *out = op->out.l1 + i * c->out_pitch;
        uint64_t v = 0;

        for (uint64_t k = 0; k < arg_count(c) && s == APU_JOB_STATUS_OK; k++) {
            v = k ? arg_next(c, in, v) : arg_first(c, in);
            memcpy(out + k * size, &v, size);
            s = apu_poll(env, c->depth);
        }
    }
    return s;
}

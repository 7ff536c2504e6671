/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Pooling and element-wise operations for the host's vector units, with the
 * results of apu_mdla_ref.c.
 */

#include "apu_base.h"
#include "apu_fixed.h"
#include "apu_fp16.h"
#include "apu_mdla.h"
#include "apu_simd.h"

/* Elements that are worked on at a time, a multiple of 16 */
#define CHUNK 512
/* Positions of a window whose sum certainly fits 32 bits */
#define MAX_SUM 65535
/* From so many elements on, a table of all 256 results pays. */
#define MIN_TABLE 512

/* Pooling */

struct window {
    uint64_t y0, y1, x0, x1;
};

static void window_axis(uint64_t o, unsigned stride, int32_t pad, unsigned k,
                        uint32_t size, uint64_t *first, uint64_t *end)
{
    int64_t begin = (int64_t)(o * stride) - pad;

    *first = begin < 0 ? 0 : begin;
    *end = apu_min64(begin + k, size);
}

/* Takes n elements of one position into the sums or the maxima. */
static void pool_take(int32_t *acc, const uint8_t *src, unsigned n,
                      unsigned type, unsigned kind)
{
    int32_t x[16];

    for (unsigned i = 0; i < n; i += 16) {
        unsigned m = n - i < 16 ? n - i : 16;

        for (unsigned j = 0; j < m; j++) {
            switch (type) {
            case APU_DTYPE_I8:
                x[j] = (int8_t)src[i + j];
                break;
            case APU_DTYPE_U8:
                x[j] = src[i + j];
                break;
            default:
                x[j] = apu_ld_i16(src + 2 * (i + j));
                break;
            }
        }
        for (unsigned j = m; j < 16; j++) {
            x[j] = 0;
        }
        for (unsigned j = 0; j < 16; j++) {
            int32_t a = acc[i + j], max = x[j] > a ? x[j] : a;

            acc[i + j] = kind == APU_POOL_KIND_AVG ? a + x[j] :
                         kind == APU_POOL_KIND_MAX ? max :
                         x[j] < a ? x[j] : a;
        }
    }
}

static void pool_store(const struct apu_cmd_pool *c, const int32_t *acc,
                       unsigned n, int32_t positions, uint8_t *out)
{
    for (unsigned i = 0; i < n; i++) {
        int32_t v = acc[i];

        if (c->kind == APU_POOL_KIND_AVG) {
            v = (v >= 0 ? v + positions / 2 : v - positions / 2) / positions;
        }
        v = apu_clamp32(v, c->act_min, c->act_max);
        if (c->type == APU_DTYPE_I16) {
            apu_st_i16(out + 2 * i, v);
        } else {
            out[i] = v;
        }
    }
}

/* Up to CHUNK channels of one output pixel. */
static enum apu_job_status pool_chunk(struct apu_env *env,
                                      const struct apu_cmd_pool *c,
                                      const struct window *w,
                                      const uint8_t *in, unsigned n,
                                      uint8_t *out)
{
    int32_t acc[CHUNK];
    int32_t begin = c->kind == APU_POOL_KIND_AVG ? 0 :
                    c->kind == APU_POOL_KIND_MAX ? INT32_MIN : INT32_MAX;

    for (unsigned i = 0; i < CHUNK; i++) {
        acc[i] = begin;
    }
    for (uint64_t y = w->y0; y < w->y1; y++) {
        for (uint64_t x = w->x0; x < w->x1; x++) {
            const uint8_t *p = in + y * c->in_row_pitch + x * c->in_pix_pitch;
            enum apu_job_status s = apu_poll(env, n);

            if (s != APU_JOB_STATUS_OK) {
                return s;
            }
            /* Constants let the compiler specialise the loop. */
            if (c->type == APU_DTYPE_I8) {
                pool_take(acc, p, n, APU_DTYPE_I8, c->kind);
            } else if (c->type == APU_DTYPE_U8) {
                pool_take(acc, p, n, APU_DTYPE_U8, c->kind);
            } else {
                pool_take(acc, p, n, APU_DTYPE_I16, c->kind);
            }
        }
    }
    pool_store(c, acc, n, (w->y1 - w->y0) * (w->x1 - w->x0), out);
    return APU_JOB_STATUS_OK;
}

static enum apu_job_status pool_pixel(struct apu_env *env,
                                      const struct apu_cmd_pool *c,
                                      const struct window *w,
                                      const uint8_t *in, uint8_t *out)
{
    unsigned size = apu_dtype_size(c->type);
    enum apu_job_status s = APU_JOB_STATUS_OK;

    for (uint64_t ch = 0; ch < c->channels && s == APU_JOB_STATUS_OK;
         ch += CHUNK) {
        s = pool_chunk(env, c, w, in + ch * size,
                       apu_min64(c->channels - ch, CHUNK), out + ch * size);
    }
    return s;
}

enum apu_job_status apu_pool_fast(struct apu_env *env,
                                  const struct apu_cmd_pool *c,
                                  const uint8_t *in, uint8_t *out)
{
    if (c->type == APU_DTYPE_F16 ||
        apu_min64(c->k_h, c->in_h) * apu_min64(c->k_w, c->in_w) > MAX_SUM) {
        return apu_pool_ref(env, c, in, out);
    }
    for (uint64_t oy = 0; oy < c->out_h; oy++) {
        struct window w;

        window_axis(oy, c->stride_h, c->pad_top, c->k_h, c->in_h, &w.y0,
                    &w.y1);
        for (uint64_t ox = 0; ox < c->out_w; ox++) {
            enum apu_job_status s;

            window_axis(ox, c->stride_w, c->pad_left, c->k_w, c->in_w, &w.x0,
                        &w.x1);
            s = pool_pixel(env, c, &w, in, out + oy * c->out_row_pitch +
                                           ox * c->out_pix_pitch);
            if (s != APU_JOB_STATUS_OK) {
                return s;
            }
        }
    }
    return APU_JOB_STATUS_OK;
}

/* Element-wise */

struct eltwise {
    struct apu_env *env;
    const struct apu_cmd_eltwise *c;
    const struct apu_simd *simd;
    unsigned step1, step2, step_out;
    const uint8_t *table;       /* for functions of one byte, or NULL */
};

static int32_t requant_one(const struct apu_cmd_eltwise *c, int32_t v)
{
    if (c->fn == APU_ELT_FN_REQUANT) {
        v = apu_add32(apu_mbqm(v - c->in1_zp, c->in1_mult, c->in1_shift),
                      c->out_zp);
    }
    return apu_clamp32(v, c->act_min, c->act_max);
}

/* REQUANT and CLAMP of any integers */
static void unary_int(const struct eltwise *e, const uint8_t *a, uint8_t *out,
                      size_t n)
{
    const struct apu_cmd_eltwise *c = e->c;

    for (size_t i = 0; i < n; i++) {
        const uint8_t *p = a + i * e->step1;
        int32_t v = c->in_type == APU_DTYPE_I8 ? (int8_t)*p :
                    c->in_type == APU_DTYPE_U8 ? *p : apu_ld_i16(p);

        v = requant_one(c, v);
        if (c->out_type == APU_DTYPE_I16) {
            apu_st_i16(out + 2 * i, v);
        } else {
            out[i] = v;
        }
    }
}

static void unary_table(const struct eltwise *e, const uint8_t *a,
                        uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = e->table[a[i * e->step1]];
    }
}

static void load_f16(const struct eltwise *e, float *dst, const uint8_t *src,
                     unsigned step, size_t n)
{
    if (step) {
        e->simd->from_f16(dst, src, n);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        dst[i] = apu_f16_to_f32(apu_ld_u16(src));
    }
}

static void run_f16(const struct eltwise *e, const uint8_t *a,
                    const uint8_t *b, uint8_t *out, size_t n)
{
    const struct apu_cmd_eltwise *c = e->c;
    float x[CHUNK], y[CHUNK];

    load_f16(e, x, a, e->step1, n);
    if (b) {
        load_f16(e, y, b, e->step2, n);
    }
    if (b && c->fn != APU_ELT_FN_ADD) {
        for (size_t i = 0; i < n; i++) {
            x[i] = apu_eltwise_f32(c->fn, x[i], y[i]);
        }
        b = NULL;
    }
    e->simd->to_f16(out, x, b ? y : NULL, n, apu_bits_f32(c->act_min),
                    apu_bits_f32(c->act_max));
}

/* n elements that follow each other in every operand */
static enum apu_job_status eltwise_run(const struct eltwise *e,
                                       const uint8_t *a, const uint8_t *b,
                                       uint8_t *out, uint64_t n)
{
    const struct apu_cmd_eltwise *c = e->c;

    while (n) {
        size_t m = apu_min64(n, CHUNK);
        enum apu_job_status s = apu_poll(e->env, m);

        if (s != APU_JOB_STATUS_OK) {
            return s;
        }
        if (c->in_type == APU_DTYPE_F16) {
            run_f16(e, a, b, out, m);
        } else if (b && c->fn != APU_ELT_FN_ADD) {
            apu_eltwise_row(c, a, e->step1, b, e->step2, out, m);
        } else if (b) {
            e->simd->add(c, a, e->step1, b, e->step2, out, m);
        } else if (e->table) {
            unary_table(e, a, out, m);
        } else {
            unary_int(e, a, out, m);
        }
        a += m * e->step1;
        b = b ? b + m * e->step2 : NULL;
        out += m * e->step_out;
        n -= m;
    }
    return APU_JOB_STATUS_OK;
}

/* Do the pixels of a row follow each other in every operand? */
static bool rows_joined(const struct eltwise *e, bool binary)
{
    const struct apu_cmd_eltwise *c = e->c;
    uint64_t n = c->c;

    return e->step1 && c->in1_pix_pitch == n * e->step1 &&
           c->out_pix_pitch == n * e->step_out &&
           (!binary || (e->step2 && c->in2_pix_pitch == n * e->step2));
}

static void make_table(const struct apu_cmd_eltwise *c, uint8_t *table)
{
    for (unsigned i = 0; i < 256; i++) {
        table[i] = requant_one(c, c->in_type == APU_DTYPE_I8 ? (int8_t)i :
                                                               (int32_t)i);
    }
}

enum apu_job_status apu_eltwise_fast(struct apu_env *env,
                                     const struct apu_cmd_eltwise *c,
                                     const uint8_t *in1, const uint8_t *in2,
                                     uint8_t *out)
{
    unsigned size = apu_dtype_size(c->in_type);
    struct eltwise e = {
        .env = env, .c = c, .simd = apu_simd(),
        .step1 = c->scalar & 1 ? 0 : size,
        .step2 = c->scalar & 2 ? 0 : size,
        .step_out = apu_dtype_size(c->out_type),
    };
    bool joined = rows_joined(&e, in2 != NULL);
    uint64_t run = joined ? (uint64_t)c->w * c->c : c->c;
    uint8_t table[256];

    if (!in2 && size == 1 && e.step_out == 1 &&
        apu_sat_mul((uint64_t)c->h * c->w, c->c) >= MIN_TABLE) {
        make_table(c, table);
        e.table = table;
    }
    for (uint64_t y = 0; y < c->h; y++) {
        for (uint64_t x = 0; x < (joined ? 1 : c->w); x++) {
            enum apu_job_status s;

            s = eltwise_run(&e, in1 + y * c->in1_row_pitch +
                                x * c->in1_pix_pitch,
                            in2 ? in2 + y * c->in2_row_pitch +
                                  x * c->in2_pix_pitch : NULL,
                            out + y * c->out_row_pitch +
                            x * c->out_pix_pitch, run);
            if (s != APU_JOB_STATUS_OK) {
                return s;
            }
        }
    }
    return APU_JOB_STATUS_OK;
}

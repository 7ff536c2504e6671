/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Convolutions for the host's vector units, with the results of
 * apu_mdla_ref.c.
 *
 * CONV becomes a matrix product: the inputs of a few pixels are gathered
 * (im2col) as numbers less their zero point, where padding is zero, and the
 * weights are packed for the inner loop. With few pixels packing does not
 * pay: then each row of weights is read once, in place. DEPTHWISE walks the
 * taps of each pixel, channels side by side.
 */

#include "apu_base.h"
#include "apu_fixed.h"
#include "apu_fp16.h"
#include "apu_mdla.h"
#include "apu_simd.h"

/* Up to so many pixels, weights are not packed. */
#define FEW_PIXELS 6
/* Gathered inputs per round: stay in the L2 cache of the host. */
#define GATHER_BYTES (48u << 10)
#define MAX_ROUND (16 * APU_GEMM_PIX)
/* Beyond this the plain kernel does it. */
#define MAX_K (1u << 20)
#define MAX_PACKED (256u << 20)
/* |a * w| <= 2^15 * 2^7, so as many products fit 31 bits */
#define MAX_EXACT_K 256
#define MAX_DW_TAPS 256

/* One CONV on its way. */
struct fast {
    struct apu_env *env;
    const struct apu_conv *v;
    const struct apu_cmd_conv *c;
    const struct apu_simd *simd;
    bool wide;                  /* 64-bit accumulators */
    bool f16;
    uint32_t groups;
    uint32_t group_in, group_out;       /* channels of one group */
    size_t k;                   /* products per output */
    size_t k_pad;
    size_t size;                /* bytes of an input element */
    uint64_t pixels;
    const uint8_t *l1_end;
    struct apu_requant requant;
};

static void fast_begin(struct fast *f, struct apu_env *env,
                       const struct apu_conv *v)
{
    const struct apu_cmd_conv *c = v->c;
    bool depthwise = c->kind == APU_CONV_KIND_DEPTHWISE;

    f->env = env;
    f->v = v;
    f->c = c;
    f->simd = apu_simd();
    f->wide = c->bias_type == APU_DTYPE_I64;
    f->f16 = c->in_type == APU_DTYPE_F16;
    f->groups = depthwise ? c->in_c : c->groups;
    f->group_in = c->in_c / f->groups;
    f->group_out = c->out_c / f->groups;
    f->k = (size_t)c->k_h * c->k_w * f->group_in;
    f->k_pad = (f->k + 1) & ~(size_t)1;
    f->size = apu_dtype_size(c->in_type);
    f->pixels = (uint64_t)c->out_h * c->out_w;
    f->l1_end = env->job->l1 + (uint64_t)env->job->desc.l1_kib * 1024;
    f->requant.bias = f->wide ? NULL : v->bias;
    f->requant.mult = v->mult;
    f->requant.shift = v->shift;
    f->requant.zp = c->out_zp;
    f->requant.lo = c->act_min;
    f->requant.hi = c->act_max;
    f->requant.out_type = c->out_type;
}

static uint8_t *out_pixel(const struct fast *f, uint64_t pixel)
{
    return f->v->out + pixel / f->c->out_w * f->c->out_row_pitch +
           pixel % f->c->out_w * f->c->out_pix_pitch;
}

/* The position of a tap on one axis, or -1 outside of the tile. */
static int64_t tap_pos(int64_t first, unsigned k, unsigned dil, uint32_t size)
{
    int64_t i = first + (int64_t)k * dil;

    return i < (int64_t)size ? i : -1;
}

/* Are all columns of a window inside, and side by side in memory? */
static bool columns_joined(const struct fast *f, int64_t x0)
{
    const struct apu_cmd_conv *c = f->c;

    return c->dil_w == 1 && f->groups == 1 &&
           c->in_pix_pitch == c->in_c * f->size && x0 >= 0 &&
           x0 + c->k_w <= (int64_t)c->in_w;
}

static void gather_run(const struct fast *f, void *dst, size_t at,
                       const uint8_t *src, size_t n)
{
    if (f->f16) {
        f->simd->from_f16((float *)dst + at, src, n);
    } else {
        f->simd->widen((int16_t *)dst + at, src, n, f->c->in_type,
                       f->c->in_zp);
    }
}

static void gather_zeros(const struct fast *f, void *dst, size_t at, size_t n)
{
    if (f->f16) {
        memset((float *)dst + at, 0, n * sizeof(float));
    } else {
        memset((int16_t *)dst + at, 0, n * sizeof(int16_t));
    }
}

/* im2col of one pixel and one group; dst has room for k_pad elements. */
static void gather(const struct fast *f, uint64_t pixel, uint32_t group,
                   void *dst)
{
    const struct apu_cmd_conv *c = f->c;
    int64_t y0 = (int64_t)(pixel / c->out_w * c->stride_h) - c->pad_top;
    int64_t x0 = (int64_t)(pixel % c->out_w * c->stride_w) - c->pad_left;
    const uint8_t *in = f->v->in + (uint64_t)group * f->group_in * f->size;
    bool joined = columns_joined(f, x0);
    size_t row = (size_t)c->k_w * f->group_in, at = 0;

    for (unsigned ky = 0; ky < c->k_h; ky++) {
        int64_t y = tap_pos(y0, ky, c->dil_h, c->in_h);
        const uint8_t *line = in + (uint64_t)y * c->in_row_pitch;

        if (y < 0) {
            gather_zeros(f, dst, at, row);
            at += row;
        } else if (joined) {
            gather_run(f, dst, at, line + (uint64_t)x0 * c->in_pix_pitch, row);
            at += row;
        } else {
            for (unsigned kx = 0; kx < c->k_w; kx++, at += f->group_in) {
                int64_t x = tap_pos(x0, kx, c->dil_w, c->in_w);

                if (x < 0) {
                    gather_zeros(f, dst, at, f->group_in);
                } else {
                    gather_run(f, dst, at,
                               line + (uint64_t)x * c->in_pix_pitch,
                               f->group_in);
                }
            }
        }
    }
    gather_zeros(f, dst, at, f->k_pad - f->k);
}

/* Outputs of a pixel from 64-bit sums. */
static void requant_wide(const struct fast *f, const int64_t *acc,
                         uint8_t *out)
{
    const struct apu_cmd_conv *c = f->c;
    const int64_t *bias = f->v->bias;

    for (uint32_t i = 0; i < c->out_c; i++) {
        int64_t x = (int64_t)((uint64_t)acc[i] + (uint64_t)bias[i]);
        int32_t r = apu_mbqm64(x, f->v->mult[i], f->v->shift[i]);

        r = apu_add32(r, c->out_zp);
        apu_st_i16(out + 2 * (size_t)i,
                   apu_clamp32(r, c->act_min, c->act_max));
    }
}

/* Few pixels: rows of weights times one pixel's inputs, in place. */

static void dot_rows(const struct fast *f, const int16_t *a,
                     const uint8_t *w, unsigned rows, size_t k,
                     int32_t *acc)
{
    const struct apu_cmd_conv *c = f->c;
    uint32_t correction = 0;

    if (c->w_zp) {
        for (size_t i = 0; i < k; i++) {
            correction += (uint32_t)a[i];
        }
        correction *= (uint32_t)c->w_zp;
    }
    for (unsigned r = 0; r < rows;) {
        bool four = rows - r >= 4;

        /* The pitch 0 computes one row four times. */
        f->simd->dot4(a, w + r * f->v->w_pitch, four ? f->v->w_pitch : 0, k,
                      c->w_type, acc + r);
        r += four ? 4 : 1;
    }
    for (unsigned r = 0; r < rows; r++) {
        acc[r] = (int32_t)((uint32_t)acc[r] - correction);
    }
}

static void dot_rows_wide(const struct fast *f, const int16_t *a,
                          const uint8_t *w, unsigned rows, int64_t *acc)
{
    int32_t part[APU_GEMM_OC + 4];

    memset(acc, 0, rows * sizeof(*acc));
    for (size_t k = 0; k < f->k; k += MAX_EXACT_K) {
        dot_rows(f, a + k, w + k, rows, apu_min64(f->k - k, MAX_EXACT_K),
                 part);
        for (unsigned r = 0; r < rows; r++) {
            acc[r] += part[r];
        }
    }
}

static enum apu_job_status conv_few(struct fast *f)
{
    const struct apu_cmd_conv *c = f->c;
    int16_t *a = apu_buf(f->env, APU_BUF_TILE, (f->k_pad + 16) * 2);
    void *acc = apu_buf(f->env, APU_BUF_ACC, ((uint64_t)c->out_c + 16) * 8);
    enum apu_job_status s = APU_JOB_STATUS_OK;

    if (!a || !acc) {
        return APU_JOB_STATUS_BUS_ERROR;
    }
    for (uint64_t p = 0; p < f->pixels && s == APU_JOB_STATUS_OK; p++) {
        for (uint32_t oc = 0; oc < c->out_c;) {
            uint32_t group = oc / f->group_out;
            unsigned rows = apu_min64(f->group_out - oc % f->group_out,
                                      APU_GEMM_OC);
            const uint8_t *w = f->v->weight + oc * f->v->w_pitch;

            if (oc % f->group_out == 0) {
                gather(f, p, group, a);
            }
            if (f->wide) {
                dot_rows_wide(f, a, w, rows, (int64_t *)acc + oc);
            } else {
                dot_rows(f, a, w, rows, f->k, (int32_t *)acc + oc);
            }
            oc += rows;
            s = apu_poll(f->env, f->k * rows / 16);
            if (s != APU_JOB_STATUS_OK) {
                return s;
            }
        }
        if (f->wide) {
            requant_wide(f, acc, out_pixel(f, p));
        } else {
            f->simd->requant(acc, out_pixel(f, p), c->out_c, &f->requant);
        }
    }
    return s;
}

/* Many pixels: packed weights. A block is up to 16 channels of one group. */

struct block {
    uint32_t oc;
    unsigned rows;
};

static struct block next_block(const struct fast *f, uint32_t oc)
{
    struct block b = {
        .oc = oc,
        .rows = apu_min64(f->group_out - oc % f->group_out, APU_GEMM_OC),
    };

    return b;
}

static size_t blocks_per_group(const struct fast *f)
{
    return apu_div_up(f->group_out, APU_GEMM_OC);
}

/* Elements of one packed block */
static size_t block_elems(const struct fast *f)
{
    return f->k_pad * APU_GEMM_OC;
}

/* Depthwise weights have their channels side by side. */
static void pack_depthwise(const struct fast *f, struct block b, int16_t *dst)
{
    const struct apu_cmd_conv *c = f->c;

    memset(dst, 0, block_elems(f) * sizeof(*dst));
    for (size_t k = 0; k < f->k; k++) {
        const uint8_t *row = f->v->weight + k * f->v->w_pitch + b.oc;

        for (unsigned r = 0; r < b.rows; r++) {
            int32_t w = c->w_type == APU_DTYPE_I8 ? (int8_t)row[r] : row[r];

            dst[k / 2 * 2 * APU_GEMM_OC + 2 * r + k % 2] = w - c->w_zp;
        }
    }
}

static void pack_f16(const struct fast *f, struct block b, float *dst)
{
    bool depthwise = f->c->kind == APU_CONV_KIND_DEPTHWISE;

    memset(dst, 0, block_elems(f) * sizeof(*dst));
    for (unsigned r = 0; r < b.rows; r++) {
        for (size_t k = 0; k < f->k; k++) {
            const uint8_t *w = f->v->weight +
                (depthwise ? k * f->v->w_pitch + 2 * ((size_t)b.oc + r) :
                             (b.oc + r) * f->v->w_pitch + 2 * k);

            dst[k * APU_GEMM_OC + r] = apu_f16_to_f32(apu_ld_u16(w));
        }
    }
}

static void pack_weights(const struct fast *f, void *packed)
{
    const struct apu_cmd_conv *c = f->c;
    size_t n = 0;

    for (uint32_t oc = 0; oc < c->out_c; n++) {
        struct block b = next_block(f, oc);

        if (f->f16) {
            pack_f16(f, b, (float *)packed + n * block_elems(f));
        } else if (c->kind == APU_CONV_KIND_DEPTHWISE) {
            pack_depthwise(f, b, (int16_t *)packed + n * block_elems(f));
        } else {
            f->simd->pack((int16_t *)packed + n * block_elems(f),
                          f->v->weight + b.oc * f->v->w_pitch, f->v->w_pitch,
                          b.rows, f->k, c->w_type, c->w_zp);
        }
        oc += b.rows;
    }
}

/* Inputs and sums of a round of pixels. */
struct round {
    uint64_t first;
    unsigned pixels;            /* at most MAX_ROUND */
    void *a;
    void *acc;
    size_t acc_stride;          /* elements */
};

static void gemm_block_wide(const struct fast *f, const struct round *r,
                            unsigned p, const int16_t *b, int64_t *acc)
{
    const int16_t *a = (const int16_t *)r->a + p * f->k_pad;
    int32_t part[APU_GEMM_PIX * APU_GEMM_OC];

    for (size_t k = 0; k < f->k_pad; k += MAX_EXACT_K) {
        size_t n = apu_min64(f->k_pad - k, MAX_EXACT_K);

        f->simd->gemm_i16(a + k, f->k_pad, b + k * APU_GEMM_OC, n / 2, part,
                          APU_GEMM_OC);
        for (unsigned i = 0; i < APU_GEMM_PIX * APU_GEMM_OC; i++) {
            int64_t *sum = acc + i / APU_GEMM_OC * r->acc_stride +
                           i % APU_GEMM_OC;

            *sum = k ? *sum + part[i] : part[i];
        }
    }
}

/* All pixels of the round times one block of weights. */
static void gemm_block(const struct fast *f, const struct round *r,
                       struct block b, const void *packed)
{
    for (unsigned p = 0; p < r->pixels; p += APU_GEMM_PIX) {
        size_t at = p * r->acc_stride + b.oc;

        if (f->f16) {
            f->simd->gemm_f32((const float *)r->a + p * f->k_pad, f->k_pad,
                              packed, f->k, (float *)r->acc + at,
                              r->acc_stride);
        } else if (f->wide) {
            gemm_block_wide(f, r, p, packed, (int64_t *)r->acc + at);
        } else {
            f->simd->gemm_i16((const int16_t *)r->a + p * f->k_pad, f->k_pad,
                              packed, f->k_pad / 2, (int32_t *)r->acc + at,
                              r->acc_stride);
        }
    }
}

static void round_output(const struct fast *f, const struct round *r)
{
    const struct apu_cmd_conv *c = f->c;

    for (unsigned p = 0; p < r->pixels; p++) {
        uint8_t *out = out_pixel(f, r->first + p);
        size_t at = p * r->acc_stride;

        if (f->f16) {
            f->simd->to_f16(out, (const float *)r->acc + at, f->v->bias,
                            c->out_c, apu_bits_f32(c->act_min),
                            apu_bits_f32(c->act_max));
        } else if (f->wide) {
            requant_wide(f, (const int64_t *)r->acc + at, out);
        } else {
            f->simd->requant((const int32_t *)r->acc + at, out, c->out_c,
                             &f->requant);
        }
    }
}

/*
 * Blocks are computed by rising channel: one of fewer than 16 spills into
 * the sums of the next, which is computed later, or into padding.
 */
static enum apu_job_status round_run(const struct fast *f,
                                     const struct round *r,
                                     const uint8_t *packed)
{
    size_t elem = f->f16 ? sizeof(float) : sizeof(int16_t);

    for (uint32_t oc = 0; oc < f->c->out_c;) {
        struct block b = next_block(f, oc);
        enum apu_job_status s;

        if (oc % f->group_out == 0) {
            for (unsigned p = 0; p < r->pixels; p++) {
                gather(f, r->first + p, oc / f->group_out,
                       (uint8_t *)r->a + p * f->k_pad * elem);
            }
        }
        gemm_block(f, r, b, packed);
        packed += block_elems(f) * elem;
        oc += b.rows;
        s = apu_poll(f->env, (uint64_t)r->pixels * f->k);
        if (s != APU_JOB_STATUS_OK) {
            return s;
        }
    }
    round_output(f, r);
    return APU_JOB_STATUS_OK;
}

static enum apu_job_status conv_many(struct fast *f)
{
    size_t elem = f->f16 ? sizeof(float) : sizeof(int16_t);
    size_t blocks = blocks_per_group(f) * f->groups;
    struct round r;
    unsigned max;
    void *packed;

    max = apu_min64(GATHER_BYTES / (f->k_pad * elem), MAX_ROUND);
    max = apu_min64(max, f->pixels);
    max = apu_max64(apu_div_up(max, APU_GEMM_PIX), 1) * APU_GEMM_PIX;
    r.acc_stride = (size_t)f->c->out_c + APU_GEMM_OC;
    r.a = apu_buf(f->env, APU_BUF_TILE, max * f->k_pad * elem);
    r.acc = apu_buf(f->env, APU_BUF_ACC, max * r.acc_stride * 8);
    packed = apu_buf(f->env, APU_BUF_PACK, blocks * block_elems(f) * elem);
    if (!r.a || !r.acc || !packed) {
        return APU_JOB_STATUS_BUS_ERROR;
    }
    pack_weights(f, packed);
    memset(r.a, 0, max * f->k_pad * elem);
    for (r.first = 0; r.first < f->pixels; r.first += r.pixels) {
        enum apu_job_status s;

        r.pixels = apu_min64(max, f->pixels - r.first);
        s = round_run(f, &r, packed);
        if (s != APU_JOB_STATUS_OK) {
            return s;
        }
    }
    return APU_JOB_STATUS_OK;
}

/*
 * A tap outside of the tile is a product with zero in the matrix form. That
 * changes nothing unless the weight is not finite.
 */
static bool f16_weights_finite(const struct fast *f)
{
    const struct apu_cmd_conv *c = f->c;
    bool depthwise = c->kind == APU_CONV_KIND_DEPTHWISE;
    size_t rows = depthwise ? f->k : c->out_c;
    size_t n = depthwise ? c->out_c : f->k;
    bool finite = true;

    for (size_t r = 0; r < rows; r++) {
        const uint8_t *p = f->v->weight + r * f->v->w_pitch;

        for (size_t i = 0; i < n; i++) {
            finite &= (apu_ld_u16(p + 2 * i) & 0x7c00) != 0x7c00;
        }
    }
    return finite;
}

static bool gemm_fits(const struct fast *f)
{
    size_t elem = f->f16 ? sizeof(float) : sizeof(int16_t);

    if (f->k > MAX_K) {
        return false;
    }
    return blocks_per_group(f) * f->groups <=
           MAX_PACKED / (block_elems(f) * elem) &&
           (!f->f16 || f16_weights_finite(f));
}

/* DEPTHWISE without multiplier */

/* Taps of a pixel; those outside point to zero points. */
struct taps {
    const uint8_t *p[MAX_DW_TAPS];
    uint8_t *zeros;             /* a row of zero points */
    uint8_t *spare;             /* copies of rows at the end of L1 */
    size_t row_bytes;           /* padded */
};

static void taps_find(const struct fast *f, struct taps *t, uint64_t pixel)
{
    const struct apu_cmd_conv *c = f->c;
    int64_t y0 = (int64_t)(pixel / c->out_w * c->stride_h) - c->pad_top;
    int64_t x0 = (int64_t)(pixel % c->out_w * c->stride_w) - c->pad_left;
    unsigned n = 0;

    for (unsigned ky = 0; ky < c->k_h; ky++) {
        int64_t y = tap_pos(y0, ky, c->dil_h, c->in_h);

        for (unsigned kx = 0; kx < c->k_w; kx++, n++) {
            int64_t x = tap_pos(x0, kx, c->dil_w, c->in_w);
            const uint8_t *p;

            if (y < 0 || x < 0) {
                t->p[n] = t->zeros;
                continue;
            }
            p = f->v->in + (uint64_t)y * c->in_row_pitch +
                (uint64_t)x * c->in_pix_pitch;
            if ((size_t)(f->l1_end - p) < t->row_bytes) {
                uint8_t *copy = t->spare + n * t->row_bytes;

                memcpy(copy, p, c->in_c * f->size);
                p = copy;
            }
            t->p[n] = p;
        }
    }
    if (n % 2) {
        t->p[n] = t->zeros;
    }
}

static void dw_pack(const struct fast *f, int16_t *dst, size_t channels)
{
    const struct apu_cmd_conv *c = f->c;
    unsigned pairs = f->k_pad / 2;

    memset(dst, 0, channels * f->k_pad * sizeof(*dst));
    for (size_t k = 0; k < f->k; k++) {
        const uint8_t *row = f->v->weight + k * f->v->w_pitch;

        for (size_t ch = 0; ch < c->out_c; ch++) {
            size_t block = ch / APU_DW_C, i = ch % APU_DW_C;
            int32_t w = c->w_type == APU_DTYPE_I8 ? (int8_t)row[ch] : row[ch];

            dst[(block * pairs + k / 2) * 2 * APU_DW_C + 2 * i + k % 2] =
                w - c->w_zp;
        }
    }
}

static void zero_row(const struct fast *f, uint8_t *row, size_t bytes)
{
    if (f->size == 1) {
        memset(row, f->c->in_zp, bytes);
    } else {
        memset(row, 0, bytes);
    }
}

static enum apu_job_status depthwise_int(struct fast *f)
{
    const struct apu_cmd_conv *c = f->c;
    size_t channels = apu_div_up(c->out_c, APU_DW_C) * APU_DW_C;
    size_t row_bytes = channels * f->size;
    uint8_t *rows = apu_buf(f->env, APU_BUF_TILE, row_bytes * (f->k + 1));
    int16_t *w = apu_buf(f->env, APU_BUF_PACK, channels * f->k_pad * 2);
    int64_t *acc64 = apu_buf(f->env, APU_BUF_ACC, channels * (8 + 4));
    int32_t *acc;
    struct taps t = { .zeros = rows, .row_bytes = row_bytes };

    if (!rows || !w || !acc64) {
        return APU_JOB_STATUS_BUS_ERROR;
    }
    acc = (int32_t *)(acc64 + channels);
    t.spare = rows + row_bytes;
    zero_row(f, t.zeros, row_bytes);
    dw_pack(f, w, channels);
    for (uint64_t p = 0; p < f->pixels; p++) {
        enum apu_job_status s = apu_poll(f->env, f->k * channels / 8);

        if (s != APU_JOB_STATUS_OK) {
            return s;
        }
        taps_find(f, &t, p);
        f->simd->dw_i16(t.p, f->k_pad / 2, w, c->out_c, c->in_type, c->in_zp,
                        acc);
        if (f->wide) {
            for (size_t i = 0; i < c->out_c; i++) {
                acc64[i] = acc[i];
            }
            requant_wide(f, acc64, out_pixel(f, p));
        } else {
            f->simd->requant(acc, out_pixel(f, p), c->out_c, &f->requant);
        }
    }
    return APU_JOB_STATUS_OK;
}

static enum apu_job_status depthwise_f16(struct fast *f)
{
    const struct apu_cmd_conv *c = f->c;
    size_t n = c->out_c;
    uint8_t *rows = apu_buf(f->env, APU_BUF_TILE, n * 2 * (f->k + 1));
    float *w = apu_buf(f->env, APU_BUF_PACK, n * f->k * sizeof(float));
    float *acc = apu_buf(f->env, APU_BUF_ACC, n * sizeof(float));
    struct taps t = { .zeros = rows, .row_bytes = n * 2 };

    if (!rows || !w || !acc) {
        return APU_JOB_STATUS_BUS_ERROR;
    }
    for (size_t k = 0; k < f->k; k++) {
        f->simd->from_f16(w + k * n, f->v->weight + k * f->v->w_pitch, n);
    }
    for (uint64_t p = 0; p < f->pixels; p++) {
        enum apu_job_status s = apu_poll(f->env, f->k * n / 8);

        if (s != APU_JOB_STATUS_OK) {
            return s;
        }
        taps_find(f, &t, p);
        memset(acc, 0, n * sizeof(float));
        for (size_t k = 0; k < f->k; k++) {
            if (t.p[k] != t.zeros) {
                f->simd->dw_f32(t.p[k], w + k * n, n, acc);
            }
        }
        f->simd->to_f16(out_pixel(f, p), acc, f->v->bias, n,
                        apu_bits_f32(c->act_min), apu_bits_f32(c->act_max));
    }
    return APU_JOB_STATUS_OK;
}

enum apu_job_status apu_conv_fast(struct apu_env *env,
                                  const struct apu_conv *v)
{
    bool depthwise = v->c->kind == APU_CONV_KIND_DEPTHWISE;
    struct fast f;

    fast_begin(&f, env, v);
    if (depthwise && v->c->groups == 1 && f.k <= MAX_DW_TAPS &&
        (!f.wide || f.k <= MAX_EXACT_K)) {
        return f.f16 ? depthwise_f16(&f) : depthwise_int(&f);
    }
    if (!gemm_fits(&f)) {
        return apu_conv_ref(env, v);
    }
    if (f.pixels <= FEW_PIXELS && !f.f16 && !depthwise) {
        return conv_few(&f);
    }
    return conv_many(&f);
}

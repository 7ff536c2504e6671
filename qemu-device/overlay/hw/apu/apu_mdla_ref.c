/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The MDLA's arithmetic in plain C, element by element, in the words of
 * Documentation/hardware/engines.rst. What the fast kernels are tested
 * against.
 */

#include "apu_base.h"
#include "apu_fixed.h"
#include "apu_fp16.h"
#include "apu_mdla.h"

static int32_t load(const uint8_t *p, unsigned type)
{
    switch (type) {
    case APU_DTYPE_I8:
        return (int8_t)*p;
    case APU_DTYPE_U8:
        return *p;
    default:
        return apu_ld_i16(p);
    }
}

static void store(uint8_t *p, unsigned type, int32_t v)
{
    if (type == APU_DTYPE_I16) {
        apu_st_i16(p, v);
    } else {
        *p = v;
    }
}

/*
 * Where the output (oy, ox, oc) finds its operands: the input channel it
 * starts at, and how many it sums.
 */
struct conv_pos {
    uint64_t oy, ox;
    uint32_t oc;
    uint32_t first_c, num_c;
};

static const uint8_t *conv_in(const struct apu_conv *v, int64_t y, int64_t x,
                              uint32_t ch)
{
    const struct apu_cmd_conv *c = v->c;

    return v->in + (uint64_t)y * c->in_row_pitch +
           (uint64_t)x * c->in_pix_pitch +
           (uint64_t)ch * apu_dtype_size(c->in_type);
}

static const uint8_t *conv_weight(const struct apu_conv *v, uint32_t oc,
                                  unsigned ky, unsigned kx, uint32_t ic)
{
    const struct apu_cmd_conv *c = v->c;
    uint64_t tap = (uint64_t)ky * c->k_w + kx;
    uint64_t size = apu_dtype_size(c->w_type);

    if (c->kind == APU_CONV_KIND_DEPTHWISE) {
        return v->weight + tap * v->w_pitch + oc * size;
    }
    return v->weight + oc * v->w_pitch +
           (tap * (c->in_c / c->groups) + ic) * size;
}

/* The tile's row (or column) of a tap, negative if it is outside. */
static int64_t conv_axis(uint64_t o, unsigned stride, int32_t pad, unsigned k,
                         unsigned dil, uint32_t size)
{
    int64_t i = (int64_t)(o * stride) - pad + (int64_t)k * dil;

    return i < (int64_t)size ? i : -1;
}

static int64_t conv_sum(const struct apu_conv *v, const struct conv_pos *p)
{
    const struct apu_cmd_conv *c = v->c;
    uint64_t acc = 0;

    for (unsigned ky = 0; ky < c->k_h; ky++) {
        int64_t y = conv_axis(p->oy, c->stride_h, c->pad_top, ky, c->dil_h,
                              c->in_h);

        for (unsigned kx = 0; y >= 0 && kx < c->k_w; kx++) {
            int64_t x = conv_axis(p->ox, c->stride_w, c->pad_left, kx,
                                  c->dil_w, c->in_w);

            for (uint32_t ic = 0; x >= 0 && ic < p->num_c; ic++) {
                int32_t a = load(conv_in(v, y, x, p->first_c + ic),
                                 c->in_type) - c->in_zp;
                int32_t w = load(conv_weight(v, p->oc, ky, kx, ic),
                                 c->w_type) - c->w_zp;

                acc += (uint64_t)(int64_t)(a * w);
            }
        }
    }
    return (int64_t)acc;
}

static float conv_sum_f16(const struct apu_conv *v, const struct conv_pos *p)
{
    const struct apu_cmd_conv *c = v->c;
    float acc = 0;

    for (unsigned ky = 0; ky < c->k_h; ky++) {
        int64_t y = conv_axis(p->oy, c->stride_h, c->pad_top, ky, c->dil_h,
                              c->in_h);

        for (unsigned kx = 0; y >= 0 && kx < c->k_w; kx++) {
            int64_t x = conv_axis(p->ox, c->stride_w, c->pad_left, kx,
                                  c->dil_w, c->in_w);

            for (uint32_t ic = 0; x >= 0 && ic < p->num_c; ic++) {
                uint16_t a = apu_ld_u16(conv_in(v, y, x, p->first_c + ic));
                uint16_t w = apu_ld_u16(conv_weight(v, p->oc, ky, kx, ic));

                acc += apu_f16_to_f32(a) * apu_f16_to_f32(w);
            }
        }
    }
    return acc;
}

static int32_t conv_scale(const struct apu_conv *v, uint32_t oc, int64_t acc)
{
    if (v->c->bias_type == APU_DTYPE_I64) {
        acc = (int64_t)((uint64_t)acc +
                        (uint64_t)((const int64_t *)v->bias)[oc]);
        return apu_mbqm64(acc, v->mult[oc], v->shift[oc]);
    }
    if (v->bias) {
        acc += ((const int32_t *)v->bias)[oc];
    }
    return apu_mbqm((int32_t)(uint32_t)(uint64_t)acc, v->mult[oc],
                    v->shift[oc]);
}

static void conv_element(const struct apu_conv *v, const struct conv_pos *p,
                         uint8_t *out)
{
    const struct apu_cmd_conv *c = v->c;

    if (c->in_type == APU_DTYPE_F16) {
        float acc = conv_sum_f16(v, p);

        if (v->bias) {
            acc += ((const float *)v->bias)[p->oc];
        }
        acc = apu_clampf(acc, apu_bits_f32(c->act_min),
                         apu_bits_f32(c->act_max));
        apu_st_u16(out, apu_f32_to_f16(acc));
    } else {
        int32_t r = conv_scale(v, p->oc, conv_sum(v, p));

        r = apu_clamp32(apu_add32(r, c->out_zp), c->act_min, c->act_max);
        store(out, c->out_type, r);
    }
}

enum apu_job_status apu_conv_ref(struct apu_env *env, const struct apu_conv *v)
{
    const struct apu_cmd_conv *c = v->c;
    bool depthwise = c->kind == APU_CONV_KIND_DEPTHWISE;
    uint32_t group_in = depthwise ? 1 : c->in_c / c->groups;
    uint32_t group_out = depthwise ? c->groups : c->out_c / c->groups;
    uint64_t work = apu_sat_mul((uint64_t)c->k_h * c->k_w, group_in);
    struct conv_pos p;

    for (p.oy = 0; p.oy < c->out_h; p.oy++) {
        for (p.ox = 0; p.ox < c->out_w; p.ox++) {
            uint8_t *out = v->out + p.oy * c->out_row_pitch +
                           p.ox * c->out_pix_pitch;

            for (p.oc = 0; p.oc < c->out_c; p.oc++) {
                enum apu_job_status s = apu_poll(env, work);

                if (s != APU_JOB_STATUS_OK) {
                    return s;
                }
                p.first_c = p.oc / group_out * group_in;
                p.num_c = group_in;
                conv_element(v, &p, out);
                out += apu_dtype_size(c->out_type);
            }
        }
    }
    return APU_JOB_STATUS_OK;
}

/* The positions [first, end) of a window that are inside the tile. */
struct window {
    uint64_t first, end;
};

static struct window window_of(uint64_t o, unsigned stride, int32_t pad,
                               unsigned k, uint32_t size)
{
    int64_t begin = (int64_t)(o * stride) - pad;
    int64_t end = begin + k;
    struct window w = {
        .first = begin < 0 ? 0 : begin,
        .end = end > (int64_t)size ? size : end,
    };

    return w;
}

static const uint8_t *pool_in(const struct apu_cmd_pool *c, const uint8_t *in,
                              uint64_t y, uint64_t x, uint32_t ch)
{
    return in + y * c->in_row_pitch + x * c->in_pix_pitch +
           (uint64_t)ch * apu_dtype_size(c->type);
}

static int32_t pool_int(const struct apu_cmd_pool *c, const uint8_t *in,
                        struct window rows, struct window cols, uint32_t ch)
{
    int64_t n = (rows.end - rows.first) * (cols.end - cols.first);
    int64_t sum = 0;
    int32_t max = INT32_MIN, min = INT32_MAX;

    for (uint64_t y = rows.first; y < rows.end; y++) {
        for (uint64_t x = cols.first; x < cols.end; x++) {
            int32_t e = load(pool_in(c, in, y, x, ch), c->type);

            sum += e;
            max = e > max ? e : max;
            min = e < min ? e : min;
        }
    }
    switch (c->kind) {
    case APU_POOL_KIND_AVG:
        max = (int32_t)((sum >= 0 ? sum + n / 2 : sum - n / 2) / n);
        break;
    case APU_POOL_KIND_MIN:
        max = min;
        break;
    default:
        break;
    }
    return apu_clamp32(max, c->act_min, c->act_max);
}

static uint16_t pool_f16(const struct apu_cmd_pool *c, const uint8_t *in,
                         struct window rows, struct window cols, uint32_t ch)
{
    uint64_t n = (rows.end - rows.first) * (cols.end - cols.first);
    float sum = 0, max = -INFINITY, min = INFINITY;

    for (uint64_t y = rows.first; y < rows.end; y++) {
        for (uint64_t x = cols.first; x < cols.end; x++) {
            float e = apu_f16_to_f32(apu_ld_u16(pool_in(c, in, y, x, ch)));

            sum += e;
            max = e > max ? e : max;
            min = e < min ? e : min;
        }
    }
    if (c->kind == APU_POOL_KIND_AVG) {
        max = sum / (float)n;
    } else if (c->kind == APU_POOL_KIND_MIN) {
        max = min;
    }
    return apu_f32_to_f16(apu_clampf(max, apu_bits_f32(c->act_min),
                                     apu_bits_f32(c->act_max)));
}

enum apu_job_status apu_pool_ref(struct apu_env *env,
                                 const struct apu_cmd_pool *c,
                                 const uint8_t *in, uint8_t *out)
{
    for (uint64_t oy = 0; oy < c->out_h; oy++) {
        struct window rows = window_of(oy, c->stride_h, c->pad_top, c->k_h,
                                       c->in_h);

        for (uint64_t ox = 0; ox < c->out_w; ox++) {
            struct window cols = window_of(ox, c->stride_w, c->pad_left,
                                           c->k_w, c->in_w);
            uint64_t work = (rows.end - rows.first) * (cols.end - cols.first);
            uint8_t *p = out + oy * c->out_row_pitch + ox * c->out_pix_pitch;

            for (uint32_t ch = 0; ch < c->channels; ch++) {
                enum apu_job_status s = apu_poll(env, work);

                if (s != APU_JOB_STATUS_OK) {
                    return s;
                }
                if (c->type == APU_DTYPE_F16) {
                    apu_st_u16(p, pool_f16(c, in, rows, cols, ch));
                } else {
                    store(p, c->type, pool_int(c, in, rows, cols, ch));
                }
                p += apu_dtype_size(c->type);
            }
        }
    }
    return APU_JOB_STATUS_OK;
}

/* An operand of the functions that bring both to one scale first. */
static int32_t eltwise_scaled(const struct apu_cmd_eltwise *c, int32_t v,
                              int32_t mult, int32_t shift)
{
    return apu_mbqm(apu_shl32(v, c->left_shift), mult, shift);
}

/*
 * TFLite's quotient of uint8. Powers of two above 31 divide to zero, below
 * zero count as zero; so does a divisor of zero, of which the reference says
 * nothing.
 */
static int32_t eltwise_quotient(const struct apu_cmd_eltwise *c, int32_t x,
                                int32_t y)
{
    int over_unit, right;
    unsigned headroom;
    int32_t q;

    if (y == 0) {
        return 0;
    }
    x = y < 0 ? -x : x;
    headroom = __builtin_clrsb(x);
    q = apu_reciprocal(y < 0 ? -y : y, 31, &over_unit);
    q = apu_srdhm(apu_srdhm(apu_shl32(x, headroom), q), c->out_mult);
    right = over_unit + (int)headroom - c->out_shift;
    return right > 31 ? 0 : apu_rdivpot(q, right < 0 ? 0 : right);
}

static int32_t eltwise_int(const struct apu_cmd_eltwise *c, int32_t a,
                           int32_t b)
{
    int32_t x = a - c->in1_zp, y = b - c->in2_zp, s1, s2, r;

    switch (c->fn) {
    case APU_ELT_FN_ADD:
    case APU_ELT_FN_SUB:
    case APU_ELT_FN_SQUARED_DIFF:
        s1 = eltwise_scaled(c, x, c->in1_mult, c->in1_shift);
        s2 = eltwise_scaled(c, y, c->in2_mult, c->in2_shift);
        r = c->fn == APU_ELT_FN_ADD ? apu_add32(s1, s2) : apu_sub32(s1, s2);
        if (c->fn == APU_ELT_FN_SQUARED_DIFF) {
            r = apu_mul32(r, r);
        }
        r = apu_mbqm(r, c->out_mult, c->out_shift);
        break;
    case APU_ELT_FN_MUL:
        r = apu_mbqm(apu_mul32(x, y), c->out_mult, c->out_shift);
        break;
    case APU_ELT_FN_DIV:
        r = eltwise_quotient(c, x, y);
        break;
    case APU_ELT_FN_PRELU:
        r = x >= 0 ? apu_mbqm(x, c->in1_mult, c->in1_shift) :
                     apu_mbqm(apu_mul32(x, y), c->out_mult, c->out_shift);
        break;
    case APU_ELT_FN_REQUANT:
        r = apu_mbqm(x, c->in1_mult, c->in1_shift);
        break;
    case APU_ELT_FN_MAX:
        return apu_clamp32(a > b ? a : b, c->act_min, c->act_max);
    case APU_ELT_FN_MIN:
        return apu_clamp32(a < b ? a : b, c->act_min, c->act_max);
    default:
        return apu_clamp32(a, c->act_min, c->act_max);
    }
    return apu_clamp32(apu_add32(r, c->out_zp), c->act_min, c->act_max);
}

float apu_eltwise_f32(unsigned fn, float a, float b)
{
    switch (fn) {
    case APU_ELT_FN_ADD:
        return a + b;
    case APU_ELT_FN_SUB:
        return a - b;
    case APU_ELT_FN_MUL:
        return a * b;
    case APU_ELT_FN_DIV:
        return a / b;
    case APU_ELT_FN_POW:
        return powf(a, b);
    case APU_ELT_FN_MAX:
        return a > b ? a : b;
    case APU_ELT_FN_MIN:
        return a < b ? a : b;
    case APU_ELT_FN_SQUARED_DIFF:
        return (a - b) * (a - b);
    case APU_ELT_FN_PRELU:
        return a >= 0 ? a : a * b;
    default:
        return a;
    }
}

static uint16_t eltwise_f16(const struct apu_cmd_eltwise *c, uint16_t a,
                            uint16_t b)
{
    float r = apu_eltwise_f32(c->fn, apu_f16_to_f32(a), apu_f16_to_f32(b));

    return apu_f32_to_f16(apu_clampf(r, apu_bits_f32(c->act_min),
                                     apu_bits_f32(c->act_max)));
}

void apu_eltwise_row(const struct apu_cmd_eltwise *c, const uint8_t *a,
                     unsigned step1, const uint8_t *b, unsigned step2,
                     uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        store(out, c->out_type,
              eltwise_int(c, load(a, c->in_type),
                          b ? load(b, c->in_type) : 0));
        a += step1;
        b = b ? b + step2 : NULL;
        out += apu_dtype_size(c->out_type);
    }
}

/* One pixel; @step1 and @step2 are 0 for operands of one channel. */
static void eltwise_pixel(const struct apu_cmd_eltwise *c, const uint8_t *a,
                          unsigned step1, const uint8_t *b, unsigned step2,
                          uint8_t *out)
{
    if (c->in_type != APU_DTYPE_F16) {
        apu_eltwise_row(c, a, step1, b, step2, out, c->c);
        return;
    }
    for (uint32_t ch = 0; ch < c->c; ch++) {
        apu_st_u16(out, eltwise_f16(c, apu_ld_u16(a), b ? apu_ld_u16(b) : 0));
        a += step1;
        b = b ? b + step2 : NULL;
        out += apu_dtype_size(c->out_type);
    }
}

enum apu_job_status apu_eltwise_ref(struct apu_env *env,
                                    const struct apu_cmd_eltwise *c,
                                    const uint8_t *in1, const uint8_t *in2,
                                    uint8_t *out)
{
    unsigned size = apu_dtype_size(c->in_type);

    for (uint64_t y = 0; y < c->h; y++) {
        for (uint64_t x = 0; x < c->w; x++) {
            const uint8_t *a = in1 + y * c->in1_row_pitch +
                               x * c->in1_pix_pitch;
            const uint8_t *b = in2 ? in2 + y * c->in2_row_pitch +
                                     x * c->in2_pix_pitch : NULL;
            enum apu_job_status s = apu_poll(env, c->c);

            if (s != APU_JOB_STATUS_OK) {
                return s;
            }
            eltwise_pixel(c, a, c->scalar & 1 ? 0 : size,
                          b, c->scalar & 2 ? 0 : size,
                          out + y * c->out_row_pitch + x * c->out_pix_pitch);
        }
    }
    return APU_JOB_STATUS_OK;
}

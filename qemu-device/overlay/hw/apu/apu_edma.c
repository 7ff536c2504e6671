/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Commands of the eDMA: strided copies between L1 and DRAM with conversion of
 * the element type, fills, and copies by index.
 */

#include "apu_base.h"
#include "apu_exec_int.h"
#include "apu_fp16.h"

/* Elements that are gathered, converted and scattered at a time */
#define BATCH 4096
#define WRITE_BYTES 65536
#define LINE_BYTES 4096
#define NUM_LINES 64

/* Encoding */

static bool is_float(unsigned type)
{
    return type == APU_DTYPE_F16 || type == APU_DTYPE_F32;
}

static bool is_quantised(unsigned type)
{
    return type == APU_DTYPE_I8 || type == APU_DTYPE_U8 ||
           type == APU_DTYPE_I16;
}

static bool scale_ok(const struct apu_cmd_copy *c, unsigned type)
{
    float scale = apu_bits_f32(c->scale);

    return scale > 0 && scale < INFINITY && apu_zp_fits(type, c->zp);
}

static bool copy_types_ok(const struct apu_cmd_copy *c)
{
    unsigned s = c->src_type, d = c->dst_type;

    if (s == d || c->mode == APU_COPY_MODE_CAST) {
        return apu_dtype_size(s) && apu_dtype_size(d);
    }
    if (is_float(s) && is_float(d)) {
        return true;
    }
    if (is_float(s) && is_quantised(d)) {
        return scale_ok(c, d);
    }
    if (is_quantised(s) && is_float(d)) {
        return scale_ok(c, s);
    }
    return (s == APU_DTYPE_I8 && d == APU_DTYPE_U8) ||
           (s == APU_DTYPE_U8 && d == APU_DTYPE_I8);
}

static bool dims_ok(const uint32_t *dims)
{
    return dims[0] && dims[1] && dims[2] && dims[3];
}

static uint64_t box_elements(const uint32_t *dims)
{
    return apu_sat_mul(apu_sat_mul(dims[0], dims[1]),
                       apu_sat_mul(dims[2], dims[3]));
}

static uint64_t box_extent(const uint32_t *dims, const uint32_t *stride,
                           unsigned size)
{
    uint64_t n = size;

    for (unsigned i = 0; i < 4; i++) {
        n = apu_sat_add(n, apu_sat_mul(dims[i] - 1, stride[i]));
    }
    return n;
}

enum apu_job_status apu_copy_prepare(struct apu_op *op,
                                     const struct apu_regions *r)
{
    const struct apu_cmd_copy *c = &op->cmd.copy;
    uint64_t n, src_bytes, dst_bytes;
    unsigned src_size, dst_size;
    enum apu_job_status s;

    if (c->mode > APU_COPY_MODE_CAST || !copy_types_ok(c) ||
        !dims_ok(c->dims)) {
        return APU_JOB_STATUS_BAD_COMMAND;
    }
    src_size = apu_dtype_size(c->src_type);
    dst_size = apu_dtype_size(c->dst_type);
    s = apu_resolve(r, c->src, box_extent(c->dims, c->src_stride, src_size),
                    &op->in);
    if (s != APU_JOB_STATUS_OK) {
        return s;
    }
    s = apu_resolve(r, c->dst, box_extent(c->dims, c->dst_stride, dst_size),
                    &op->out);
    if (s != APU_JOB_STATUS_OK) {
        return s;
    }
    n = box_elements(c->dims);
    src_bytes = apu_sat_mul(n, src_size);
    dst_bytes = apu_sat_mul(n, dst_size);
    apu_count(&op->cost, &op->in, src_bytes);
    apu_count(&op->cost, &op->out, dst_bytes);
    op->cost.compute = apu_cost_edma(apu_max64(src_bytes, dst_bytes));
    return s;
}

enum apu_job_status apu_fill_prepare(struct apu_op *op,
                                     const struct apu_regions *r)
{
    const struct apu_cmd_fill *c = &op->cmd.fill;
    unsigned size = apu_dtype_size(c->type);
    uint64_t bytes;
    enum apu_job_status s;

    if (!size || !dims_ok(c->dims) ||
        (size < 8 && c->value >> (8 * size) != 0)) {
        return APU_JOB_STATUS_BAD_COMMAND;
    }
    s = apu_resolve(r, c->dst, box_extent(c->dims, c->dst_stride, size),
                    &op->out);
    if (s != APU_JOB_STATUS_OK) {
        return s;
    }
    bytes = apu_sat_mul(box_elements(c->dims), size);
    apu_count(&op->cost, &op->out, bytes);
    op->cost.compute = apu_cost_edma(bytes);
    return s;
}

/* Conversion of elements without gaps */

static int32_t quantise(float x, float scale, int32_t zp, int32_t lo,
                        int32_t hi)
{
    float q = roundf(x / scale);
    int64_t v;

    if (!(q > -2147483648.0f)) {
        v = q != q ? 0 : INT32_MIN;
    } else {
        v = q >= 2147483648.0f ? INT32_MAX : (int64_t)q;
    }
    v += zp;
    return v < lo ? lo : v > hi ? hi : (int32_t)v;
}

static float load_float(const uint8_t *p, size_t i, unsigned type)
{
    return type == APU_DTYPE_F16 ? apu_f16_to_f32(apu_ld_u16(p + 2 * i)) :
                                   apu_ld_f32(p + 4 * i);
}

static void store_float(uint8_t *p, size_t i, unsigned type, float v)
{
    if (type == APU_DTYPE_F16) {
        apu_st_u16(p + 2 * i, apu_f32_to_f16(v));
    } else {
        apu_st_f32(p + 4 * i, v);
    }
}

static void convert_to_int(const struct apu_cmd_copy *c, const uint8_t *src,
                           uint8_t *dst, size_t n)
{
    float scale = apu_bits_f32(c->scale);

    for (size_t i = 0; i < n; i++) {
        float x = load_float(src, i, c->src_type);

        switch (c->dst_type) {
        case APU_DTYPE_I8:
            dst[i] = quantise(x, scale, c->zp, INT8_MIN, INT8_MAX);
            break;
        case APU_DTYPE_U8:
            dst[i] = quantise(x, scale, c->zp, 0, UINT8_MAX);
            break;
        default:
            apu_st_i16(dst + 2 * i,
                       quantise(x, scale, c->zp, INT16_MIN, INT16_MAX));
            break;
        }
    }
}

static void convert_to_float(const struct apu_cmd_copy *c, const uint8_t *src,
                             uint8_t *dst, size_t n)
{
    float scale = apu_bits_f32(c->scale);

    for (size_t i = 0; i < n; i++) {
        float v;

        switch (c->src_type) {
        case APU_DTYPE_I8:
            v = scale * (float)((int8_t)src[i] - c->zp);
            break;
        case APU_DTYPE_U8:
            v = scale * (float)(src[i] - c->zp);
            break;
        case APU_DTYPE_I16:
            v = scale * (float)(apu_ld_i16(src + 2 * i) - c->zp);
            break;
        default:
            v = load_float(src, i, c->src_type);
            break;
        }
        store_float(dst, i, c->dst_type, v);
    }
}

static int64_t load_int(const uint8_t *p, size_t i, unsigned type)
{
    int32_t v32;
    int64_t v64;

    switch (type) {
    case APU_DTYPE_I8:
        return (int8_t)p[i];
    case APU_DTYPE_U8:
        return p[i];
    case APU_DTYPE_I16:
        return apu_ld_i16(p + 2 * i);
    case APU_DTYPE_I32:
        memcpy(&v32, p + 4 * i, 4);
        return v32;
    default:
        memcpy(&v64, p + 8 * i, 8);
        return v64;
    }
}

/* Towards zero; what the type does not hold gives its nearest value, NaN 0. */
static int64_t truncate_to(float v, unsigned type)
{
    unsigned bits = 8 * apu_dtype_size(type) - (type != APU_DTYPE_U8);
    float limit = ldexpf(1, bits);

    if (!(v > (type == APU_DTYPE_U8 ? 0 : -limit))) {
        return v != v || type == APU_DTYPE_U8 ? 0 :
               (int64_t)(UINT64_MAX << bits);
    }
    return v >= limit ? (int64_t)(((uint64_t)1 << bits) - 1) : (int64_t)v;
}

/* The low bytes of a number are those of the smaller types. */
static void cast(const struct apu_cmd_copy *c, const uint8_t *src,
                 uint8_t *dst, size_t n)
{
    unsigned size = apu_dtype_size(c->dst_type);

    for (size_t i = 0; i < n; i++) {
        int64_t v;

        if (is_float(c->dst_type)) {
            store_float(dst, i, c->dst_type, is_float(c->src_type) ?
                        load_float(src, i, c->src_type) :
                        (float)load_int(src, i, c->src_type));
            continue;
        }
        v = is_float(c->src_type) ?
            truncate_to(load_float(src, i, c->src_type), c->dst_type) :
            load_int(src, i, c->src_type);
        memcpy(dst + i * size, &v, size);
    }
}

static void convert(const struct apu_cmd_copy *c, const uint8_t *src,
                    uint8_t *dst, size_t n)
{
    if (c->src_type == c->dst_type) {
        memmove(dst, src, n * apu_dtype_size(c->src_type));
    } else if (c->mode == APU_COPY_MODE_CAST) {
        cast(c, src, dst, n);
    } else if (is_float(c->dst_type)) {
        convert_to_float(c, src, dst, n);
    } else if (is_float(c->src_type)) {
        convert_to_int(c, src, dst, n);
    } else {
        for (size_t i = 0; i < n; i++) {
            dst[i] = src[i] ^ 0x80;
        }
    }
}

/*
 * Reading single elements from DRAM goes through a small cache. A line is the
 * part of a page that lies inside the operand, so filling it touches no page
 * that the command does not.
 */
struct reader {
    struct apu_env *env;
    const struct apu_operand *o;
    uint64_t extent;
    uint64_t tag[NUM_LINES];
    uint8_t (*line)[LINE_BYTES];
};

static enum apu_job_status reader_begin(struct reader *r, struct apu_env *env,
                                        const struct apu_operand *o,
                                        uint64_t extent)
{
    r->env = env;
    r->o = o;
    r->extent = extent;
    memset(r->tag, 0xff, sizeof(r->tag));
    r->line = o->l1 ? NULL : apu_buf(env, APU_BUF_TILE,
                                     NUM_LINES * LINE_BYTES);
    return o->l1 || r->line ? APU_JOB_STATUS_OK : APU_JOB_STATUS_BUS_ERROR;
}

static enum apu_job_status reader_line(struct reader *r, uint64_t page,
                                       unsigned i)
{
    uint64_t begin = apu_max64(page * LINE_BYTES, r->o->va);
    uint64_t end = apu_min64(page * LINE_BYTES + LINE_BYTES,
                             r->o->va + r->extent);

    r->tag[i] = page;
    return apu_read(r->env, r->o, begin - r->o->va,
                    r->line[i] + begin % LINE_BYTES, end - begin);
}

static enum apu_job_status reader_get(struct reader *r, uint64_t offset,
                                      uint8_t *buf, size_t len)
{
    enum apu_job_status s = APU_JOB_STATUS_OK;

    if (r->o->l1) {
        memcpy(buf, r->o->l1 + offset, len);
        return s;
    }
    while (len && s == APU_JOB_STATUS_OK) {
        uint64_t va = r->o->va + offset;
        uint64_t page = va / LINE_BYTES;
        unsigned i = (page ^ page >> 6 ^ page >> 12) % NUM_LINES;
        size_t n = apu_min64(len, LINE_BYTES - va % LINE_BYTES);

        if (r->tag[i] != page) {
            s = reader_line(r, page, i);
        }
        memcpy(buf, r->line[i] + va % LINE_BYTES, n);
        buf += n;
        offset += n;
        len -= n;
    }
    return s;
}

/* Writes to DRAM are collected while they continue each other. */
struct writer {
    struct apu_env *env;
    const struct apu_operand *o;
    uint64_t offset;
    size_t len;
    uint8_t *buf;
};

static enum apu_job_status writer_begin(struct writer *w, struct apu_env *env,
                                        const struct apu_operand *o)
{
    w->env = env;
    w->o = o;
    w->offset = w->len = 0;
    w->buf = o->l1 ? NULL : apu_buf(env, APU_BUF_PACK, WRITE_BYTES);
    return o->l1 || w->buf ? APU_JOB_STATUS_OK : APU_JOB_STATUS_BUS_ERROR;
}

static enum apu_job_status writer_flush(struct writer *w)
{
    size_t len = w->len;

    w->len = 0;
    return len ? apu_write(w->env, w->o, w->offset, w->buf, len) :
                 APU_JOB_STATUS_OK;
}

/* @len is at most WRITE_BYTES. */
static enum apu_job_status writer_put(struct writer *w, uint64_t offset,
                                      const uint8_t *buf, size_t len)
{
    enum apu_job_status s = APU_JOB_STATUS_OK;

    if (w->o->l1) {
        memcpy(w->o->l1 + offset, buf, len);
        return s;
    }
    if (offset != w->offset + w->len || w->len + len > WRITE_BYTES) {
        s = writer_flush(w);
        w->offset = offset;
    }
    memcpy(w->buf + w->len, buf, len);
    w->len += len;
    return s;
}

/*
 * The box in the order in which it is walked: by falling stride of the
 * destination, dimensions that continue each other merged.
 */
struct box {
    unsigned n;
    uint64_t dim[4], src[4], dst[4];
};

static void box_make(struct box *b, const uint32_t *dims, const uint32_t *src,
                     const uint32_t *dst)
{
    unsigned n = 0, m = 0;

    for (unsigned i = 0; i < 4; i++) {
        unsigned j = n;

        if (dims[i] == 1) {
            continue;
        }
        for (; j > 0 && b->dst[j - 1] < dst[i]; j--) {
            b->dim[j] = b->dim[j - 1];
            b->src[j] = b->src[j - 1];
            b->dst[j] = b->dst[j - 1];
        }
        b->dim[j] = dims[i];
        b->src[j] = src[i];
        b->dst[j] = dst[i];
        n++;
    }
    for (unsigned i = 1; i < n; i++) {
        bool merge = b->src[m] == b->dim[i] * b->src[i] &&
                     b->dst[m] == b->dim[i] * b->dst[i];

        m += !merge;
        b->dim[m] = merge ? b->dim[m] * b->dim[i] : b->dim[i];
        b->src[m] = b->src[i];
        b->dst[m] = b->dst[i];
    }
    b->n = n ? m + 1 : 0;
}

/* Calls @row for every innermost row of the box. */
typedef enum apu_job_status row_fn(void *state, uint64_t n, uint64_t src,
                                   uint64_t src_stride, uint64_t dst,
                                   uint64_t dst_stride);

static enum apu_job_status box_walk(const struct box *b, row_fn *row,
                                    void *state)
{
    uint64_t pos[4] = { 0 }, src = 0, dst = 0;
    unsigned inner = b->n ? b->n - 1 : 0;
    enum apu_job_status s;

    if (b->n == 0) {
        return row(state, 1, 0, 0, 0, 0);
    }
    for (;;) {
        unsigned i = inner;

        s = row(state, b->dim[inner], src, b->src[inner], dst, b->dst[inner]);
        if (s != APU_JOB_STATUS_OK) {
            return s;
        }
        for (; i > 0; i--) {
            src += b->src[i - 1];
            dst += b->dst[i - 1];
            if (++pos[i - 1] < b->dim[i - 1]) {
                break;
            }
            src -= b->src[i - 1] * b->dim[i - 1];
            dst -= b->dst[i - 1] * b->dim[i - 1];
            pos[i - 1] = 0;
        }
        if (i == 0) {
            return s;
        }
    }
}

struct copy {
    struct apu_env *env;
    const struct apu_op *op;
    struct reader reader;
    struct writer writer;
    unsigned src_size, dst_size;
    uint8_t src_batch[BATCH * 8];
    uint8_t dst_batch[BATCH * 8];
};

static enum apu_job_status copy_gather(struct copy *cp, uint64_t src,
                                       uint64_t stride, size_t n)
{
    enum apu_job_status s = APU_JOB_STATUS_OK;
    unsigned size = cp->src_size;

    if (stride == size) {
        return reader_get(&cp->reader, src, cp->src_batch, n * size);
    }
    for (size_t i = 0; i < n && s == APU_JOB_STATUS_OK; i++) {
        s = reader_get(&cp->reader, src + i * stride, cp->src_batch + i * size,
                       size);
    }
    return s;
}

static enum apu_job_status scatter(struct writer *w, const uint8_t *buf,
                                   unsigned size, uint64_t dst,
                                   uint64_t stride, size_t n)
{
    enum apu_job_status s = APU_JOB_STATUS_OK;

    if (stride == size) {
        return writer_put(w, dst, buf, n * size);
    }
    for (size_t i = 0; i < n && s == APU_JOB_STATUS_OK; i++) {
        s = writer_put(w, dst + i * stride, buf + i * size, size);
    }
    return s;
}

/* A long row without gaps and conversion where at least one side is L1. */
static enum apu_job_status copy_direct(struct copy *cp, uint64_t bytes,
                                       uint64_t src, uint64_t dst)
{
    const struct apu_op *op = cp->op;

    if (op->out.l1) {
        return apu_read(cp->env, &op->in, src, op->out.l1 + dst, bytes);
    }
    return apu_write(cp->env, &op->out, dst, op->in.l1 + src, bytes);
}

static enum apu_job_status copy_row(void *state, uint64_t n, uint64_t src,
                                    uint64_t src_stride, uint64_t dst,
                                    uint64_t dst_stride)
{
    struct copy *cp = state;
    const struct apu_cmd_copy *c = &cp->op->cmd.copy;
    enum apu_job_status s;

    if (c->src_type == c->dst_type && n * cp->src_size >= 64 &&
        src_stride == cp->src_size && dst_stride == cp->dst_size &&
        (cp->op->in.l1 || cp->op->out.l1)) {
        s = apu_poll(cp->env, n);
        return s == APU_JOB_STATUS_OK ?
               copy_direct(cp, n * cp->src_size, src, dst) : s;
    }
    while (n) {
        size_t m = apu_min64(n, BATCH);

        s = apu_poll(cp->env, m);
        if (s == APU_JOB_STATUS_OK) {
            s = copy_gather(cp, src, src_stride, m);
        }
        if (s == APU_JOB_STATUS_OK) {
            convert(c, cp->src_batch, cp->dst_batch, m);
            s = scatter(&cp->writer, cp->dst_batch, cp->dst_size, dst,
                        dst_stride, m);
        }
        if (s != APU_JOB_STATUS_OK) {
            return s;
        }
        n -= m;
        src += m * src_stride;
        dst += m * dst_stride;
    }
    return APU_JOB_STATUS_OK;
}

enum apu_job_status apu_copy_run(struct apu_env *env, const struct apu_op *op)
{
    const struct apu_cmd_copy *c = &op->cmd.copy;
    struct copy cp;
    struct box box;
    enum apu_job_status s;

    cp.env = env;
    cp.op = op;
    cp.src_size = apu_dtype_size(c->src_type);
    cp.dst_size = apu_dtype_size(c->dst_type);
    s = reader_begin(&cp.reader, env, &op->in,
                     box_extent(c->dims, c->src_stride, cp.src_size));
    if (s == APU_JOB_STATUS_OK) {
        s = writer_begin(&cp.writer, env, &op->out);
    }
    if (s == APU_JOB_STATUS_OK) {
        box_make(&box, c->dims, c->src_stride, c->dst_stride);
        s = box_walk(&box, copy_row, &cp);
    }
    return s == APU_JOB_STATUS_OK ? writer_flush(&cp.writer) : s;
}

struct fill {
    struct apu_env *env;
    struct writer writer;
    unsigned size;
    uint8_t batch[BATCH * 8];
};

static enum apu_job_status fill_row(void *state, uint64_t n, uint64_t src,
                                    uint64_t src_stride, uint64_t dst,
                                    uint64_t dst_stride)
{
    struct fill *f = state;

    while (n) {
        size_t m = apu_min64(n, BATCH);
        enum apu_job_status s = apu_poll(f->env, m);

        if (s == APU_JOB_STATUS_OK) {
            s = scatter(&f->writer, f->batch, f->size, dst, dst_stride, m);
        }
        if (s != APU_JOB_STATUS_OK) {
            return s;
        }
        n -= m;
        dst += m * dst_stride;
    }
    return APU_JOB_STATUS_OK;
}

enum apu_job_status apu_fill_run(struct apu_env *env, const struct apu_op *op)
{
    const struct apu_cmd_fill *c = &op->cmd.fill;
    struct fill f;
    struct box box;
    uint32_t dims[4];
    enum apu_job_status s;

    /* The same element again needs no time. */
    for (unsigned i = 0; i < 4; i++) {
        dims[i] = c->dst_stride[i] ? c->dims[i] : 1;
    }

    f.env = env;
    f.size = apu_dtype_size(c->type);
    for (unsigned i = 0; i < BATCH; i++) {
        memcpy(f.batch + i * f.size, &c->value, f.size);
    }
    s = writer_begin(&f.writer, env, &op->out);
    if (s == APU_JOB_STATUS_OK) {
        box_make(&box, dims, c->dst_stride, c->dst_stride);
        s = box_walk(&box, fill_row, &f);
    }
    return s == APU_JOB_STATUS_OK ? writer_flush(&f.writer) : s;
}

/* GATHER */

enum apu_job_status apu_gather_prepare(struct apu_op *op,
                                       const struct apu_regions *r)
{
    const struct apu_cmd_gather *c = &op->cmd.gather;
    unsigned size = apu_dtype_size(c->index_type);
    uint64_t n = (uint64_t)c->rows * c->count;
    enum apu_job_status s;

    if (!n || !c->entries || !c->bytes || c->entries > INT32_MAX ||
        (c->index_type != APU_DTYPE_I32 && c->index_type != APU_DTYPE_I64) ||
        !apu_tile_disjoint(c->rows, c->count, c->bytes, c->dst_row_pitch,
                           c->dst_pitch)) {
        return APU_JOB_STATUS_BAD_COMMAND;
    }
    s = apu_resolve(r, c->src,
                    apu_tile_extent(c->rows, c->entries, c->bytes,
                                    c->src_row_pitch, c->src_pitch), &op->in);
    if (s == APU_JOB_STATUS_OK) {
        s = apu_resolve(r, c->index,
                        apu_tile_extent(c->rows, 1, (uint64_t)c->count * size,
                                        c->index_row_pitch, 0), &op->in2);
    }
    if (s == APU_JOB_STATUS_OK) {
        s = apu_resolve(r, c->dst,
                        apu_tile_extent(c->rows, c->count, c->bytes,
                                        c->dst_row_pitch, c->dst_pitch),
                        &op->out);
    }
    if (s == APU_JOB_STATUS_OK) {
        apu_count(&op->cost, &op->in, apu_sat_mul(n, c->bytes));
        apu_count(&op->cost, &op->in2, apu_sat_mul(n, size));
        apu_count(&op->cost, &op->out, apu_sat_mul(n, c->bytes));
        op->cost.compute = apu_cost_edma(apu_sat_mul(n, c->bytes));
    }
    return s;
}

struct gather {
    struct apu_env *env;
    const struct apu_op *op;
    struct reader reader;
    struct writer writer;
    uint8_t batch[WRITE_BYTES];
};

/* An index outside of the row names the first or the last entry. */
static enum apu_job_status gather_index(struct gather *g, uint64_t row,
                                        uint64_t i, uint64_t *index)
{
    const struct apu_cmd_gather *c = &g->op->cmd.gather;
    unsigned size = apu_dtype_size(c->index_type);
    uint64_t at = row * c->index_row_pitch + i * size;
    uint8_t buf[8];
    int64_t v;
    enum apu_job_status s = apu_read(g->env, &g->op->in2, at, buf, size);

    if (s == APU_JOB_STATUS_OK) {
        v = load_int(buf, 0, c->index_type);
        *index = v < 0 ? 0 : apu_min64(v, c->entries - 1);
    }
    return s;
}

static enum apu_job_status gather_entry(struct gather *g, uint64_t src,
                                        uint64_t dst)
{
    uint64_t bytes = g->op->cmd.gather.bytes;
    enum apu_job_status s = apu_poll(g->env, bytes);

    for (uint64_t at = 0, n; at < bytes && s == APU_JOB_STATUS_OK; at += n) {
        n = apu_min64(bytes - at, WRITE_BYTES);
        s = reader_get(&g->reader, src + at, g->batch, n);
        if (s == APU_JOB_STATUS_OK) {
            s = writer_put(&g->writer, dst + at, g->batch, n);
        }
    }
    return s;
}

enum apu_job_status apu_gather_run(struct apu_env *env,
                                   const struct apu_op *op)
{
    const struct apu_cmd_gather *c = &op->cmd.gather;
    struct gather g = { .env = env, .op = op };
    enum apu_job_status s;

    s = reader_begin(&g.reader, env, &op->in,
                     apu_tile_extent(c->rows, c->entries, c->bytes,
                                     c->src_row_pitch, c->src_pitch));
    if (s == APU_JOB_STATUS_OK) {
        s = writer_begin(&g.writer, env, &op->out);
    }
    for (uint64_t y = 0; y < c->rows && s == APU_JOB_STATUS_OK; y++) {
        for (uint64_t i = 0; i < c->count && s == APU_JOB_STATUS_OK; i++) {
            uint64_t index = 0;

            s = gather_index(&g, y, i, &index);
            if (s == APU_JOB_STATUS_OK) {
                s = gather_entry(&g,
                                 y * c->src_row_pitch + index * c->src_pitch,
                                 y * c->dst_row_pitch + i * c->dst_pitch);
            }
        }
    }
    return s == APU_JOB_STATUS_OK ? writer_flush(&g.writer) : s;
}

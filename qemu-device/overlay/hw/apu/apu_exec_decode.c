/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Checks of encodings against the table that is generated from the
 * specification, and of values that several commands have.
 */

#include "apu_base.h"
#include "apu_exec_int.h"
#include "apu_fp16.h"

struct field {
    uint16_t offset;
    uint8_t bytes;              /* all elements of an array together */
    uint8_t ref:1;
    uint8_t padding:1;
};

struct command {
    uint8_t words;
    uint8_t classes;
    const struct field *fields;     /* the last one has no bytes */
};

enum { REF_U8, REF_U16, REF_U32, REF_U64, REF_I32, REF_REF };
#define SIZE_U8 1
#define SIZE_U16 2
#define SIZE_U32 4
#define SIZE_U64 8
#define SIZE_I32 4
#define SIZE_REF 8

/* Padding is called pad0, pad1, …; pad_top is not padding. */
#define CHAR_AT(s, i) ((s)[(i) < sizeof(s) ? (i) : 0])
#define IS_PADDING(s) \
    (sizeof(s) == sizeof("pad0") && CHAR_AT(s, 0) == 'p' && \
     CHAR_AT(s, 1) == 'a' && CHAR_AT(s, 2) == 'd')

#define APU_CMD(name, opcode, words, classes) \
    static const struct field fields_##name[] = {
#define APU_FIELD(name, offset, n, type) \
        { offset, (n) * SIZE_##type, REF_##type == REF_REF, IS_PADDING(#name) },
#define APU_CMD_END \
        { 0 } \
    };
#include "apu_cmd_table.h"
#undef APU_CMD
#undef APU_FIELD
#undef APU_CMD_END

static const struct command commands[256] = {
#define APU_CMD(name, opcode, words, classes) \
    [opcode] = { words, classes, fields_##name },
#define APU_FIELD(name, offset, n, type)
#define APU_CMD_END
#include "apu_cmd_table.h"
#undef APU_CMD
#undef APU_FIELD
#undef APU_CMD_END
};

static bool all_zero(const uint8_t *p, unsigned n)
{
    uint8_t any = 0;

    while (n--) {
        any |= *p++;
    }
    return !any;
}

static bool imm_ok(const struct apu_cmd_header *hdr)
{
    switch (hdr->opcode) {
    case APU_OP_SET_REGION:
        return hdr->imm != APU_REGION_L1 && hdr->imm < APU_NUM_REGIONS;
    case APU_OP_SIGNAL:
    case APU_OP_WAIT:
        return hdr->imm < APU_NUM_COUNTERS;
    default:
        return hdr->imm == 0;
    }
}

/*
 * What can be said about a command without knowing its meaning. The header
 * is looked at first: the caller has fetched hdr.words words when it asks
 * again for the rest, see apu_exec.c.
 */
enum apu_job_status apu_decode_header(const struct apu_cmd_header *hdr,
                                      unsigned class)
{
    const struct command *c = &commands[hdr->opcode];

    if (!(c->classes & 1u << class) || hdr->words != c->words ||
        hdr->flags || !imm_ok(hdr)) {
        return APU_JOB_STATUS_BAD_COMMAND;
    }
    return APU_JOB_STATUS_OK;
}

enum apu_job_status apu_decode(const union apu_command *cmd)
{
    const uint8_t *p = (const uint8_t *)cmd;
    const uint64_t gap = (((uint64_t)1 << APU_REF_REGION_SHIFT) - 1) &
                         ~(((uint64_t)1 << APU_REF_OFFSET_BITS) - 1);

    for (const struct field *f = commands[cmd->hdr.opcode].fields;
         f->bytes; f++) {
        if (f->padding && !all_zero(p + f->offset, f->bytes)) {
            return APU_JOB_STATUS_BAD_COMMAND;
        }
        if (f->ref && (cmd->words[f->offset / 8] & gap)) {
            return APU_JOB_STATUS_BAD_COMMAND;
        }
    }
    return APU_JOB_STATUS_OK;
}

/* Zero for what is no element type. */
unsigned apu_dtype_size(unsigned dtype)
{
    static const uint8_t size[] = {
        [APU_DTYPE_I8] = 1, [APU_DTYPE_U8] = 1, [APU_DTYPE_I16] = 2,
        [APU_DTYPE_I32] = 4, [APU_DTYPE_I64] = 8, [APU_DTYPE_F16] = 2,
        [APU_DTYPE_F32] = 4,
    };

    return dtype < sizeof(size) ? size[dtype] : 0;
}

/* Is @v a value of the (integer, at most 16 bits) type? */
static bool fits(unsigned dtype, int32_t v)
{
    switch (dtype) {
    case APU_DTYPE_I8:
        return v >= INT8_MIN && v <= INT8_MAX;
    case APU_DTYPE_U8:
        return v >= 0 && v <= UINT8_MAX;
    case APU_DTYPE_I16:
        return v >= INT16_MIN && v <= INT16_MAX;
    default:
        return false;
    }
}

/* A zero point is a value of its type; fp16 has none. */
bool apu_zp_fits(unsigned dtype, int32_t zp)
{
    return dtype == APU_DTYPE_F16 ? zp == 0 : fits(dtype, zp);
}

/* Bounds are values of the type in order; for fp16 floats, none a NaN. */
bool apu_bounds_fit(unsigned dtype, int32_t lo, int32_t hi)
{
    if (dtype == APU_DTYPE_F16) {
        return apu_bits_f32(lo) <= apu_bits_f32(hi);
    }
    return fits(dtype, lo) && fits(dtype, hi) && lo <= hi;
}

bool apu_scale_ok(int32_t multiplier, int32_t shift)
{
    return multiplier >= 0 && shift >= -31 && shift <= 30;
}

/*
 * Bytes from the first to behind the last byte of a tile whose pixels have
 * pixel_bytes; UINT64_MAX on overflow. h and w are at least 1.
 */
uint64_t apu_tile_extent(uint64_t h, uint64_t w, uint64_t pixel_bytes,
                         uint64_t row_pitch, uint64_t pix_pitch)
{
    uint64_t n = apu_sat_mul(h - 1, row_pitch);

    n = apu_sat_add(n, apu_sat_mul(w - 1, pix_pitch));
    return apu_sat_add(n, pixel_bytes);
}

/* No byte belongs to two pixels of the tile. */
bool apu_tile_disjoint(uint64_t h, uint64_t w, uint64_t pixel_bytes,
                       uint64_t row_pitch, uint64_t pix_pitch)
{
    if (h == 1 || w == 1) {
        uint64_t pitch = h > 1 ? row_pitch : pix_pitch;

        return (h == 1 && w == 1) || pitch >= pixel_bytes;
    }
    if (row_pitch >= pix_pitch) {
        return pix_pitch >= pixel_bytes &&
               row_pitch >= apu_tile_extent(1, w, pixel_bytes, 0, pix_pitch);
    }
    return row_pitch >= pixel_bytes &&
           pix_pitch >= apu_tile_extent(h, 1, pixel_bytes, row_pitch, 0);
}

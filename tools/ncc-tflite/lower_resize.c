// SPDX-License-Identifier: MIT
/* RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR: tables of rows and columns. */
#include <math.h>
#include <string.h>
#include "lower.h"
#include "moves.h"

/* Rows or columns of one input, of the type of struct apu_resize_entry. */
#define MAX_SIZE 65536

static uint16_t inside(int64_t i, uint32_t in)
{
	return (uint16_t)max64(0, min64(i, (int64_t)in - 1));
}

/* ComputeInterpolationValuesInteger. */
static struct apu_resize_entry linear_int(const struct op *op, uint32_t i, uint32_t in,
					  uint32_t out)
{
	int32_t n = (int32_t)in, m = (int32_t)out;
	int32_t scale = (1024 * n + m / 2) / m, v;
	struct apu_resize_entry e;

	if (op->align_corners && m > 1)
		scale = (1024 * (n - 1) + (m - 1) / 2) / (m - 1);
	v = (int32_t)i * scale + (op->half_pixel ? scale / 2 - 512 : 0);
	e.lo = inside(v / 1024, in);
	e.hi = inside((v + 1023) / 1024, in);
	e.frac = (int32_t)max64(-1024, min64(v - 1024 * (int32_t)e.lo, 1024));
	return e;
}

/* ComputeInterpolationValues. */
static struct apu_resize_entry linear_float(const struct op *op, uint32_t i, uint32_t in,
					    uint32_t out)
{
	float scale = (float)in / (float)out, v, frac;
	struct apu_resize_entry e;

	if (op->align_corners && out > 1)
		scale = (float)(in - 1) / (float)(out - 1);
	v = op->half_pixel ? ((float)i + 0.5f) * scale - 0.5f : (float)i * scale;
	e.lo = inside((int64_t)floorf(v), in);
	e.hi = inside((int64_t)ceilf(v), in);
	frac = v - (float)e.lo;
	memcpy(&e.frac, &frac, sizeof(frac));
	return e;
}

/* GetNearestNeighbor. */
static struct apu_resize_entry nearest(const struct op *op, uint32_t i, uint32_t in, uint32_t out)
{
	float scale = (float)in / (float)out, v;

	if (op->align_corners && out > 1)
		scale = (float)(in - 1) / (float)(out - 1);
	v = ((float)i + (op->half_pixel ? 0.5f : 0.0f)) * scale;
	v = op->align_corners ? roundf(v) : floorf(v);
	return (struct apu_resize_entry){.lo = inside((int64_t)v, in)};
}

static struct apu_resize_entry entry(const struct op *op, int type, uint32_t i, uint32_t in,
				     uint32_t out)
{
	if (op->code == TFL_RESIZE_NEAREST_NEIGHBOR)
		return nearest(op, i, in, out);
	if (type == TFL_INT8 || type == TFL_INT16)
		return linear_int(op, i, in, out);
	return linear_float(op, i, in, out);
}

/* The constant that names the output's rows and columns. */
static void check_size(const struct graph *g, const struct op *op)
{
	const struct tensor *size = op_in(g, op, 1), *out = op_out(g, op);
	const int64_t *v;

	if (!size->data)
		return;
	v = const_ints(g, op, size, "the size is");
	if (size->elems != 2 || v[0] != out->dims[1] || v[1] != out->dims[2])
		fail_op(g, op, "the output's shape is not what its size says: malformed");
}

void lower_resize(struct lower *lw, struct op *op)
{
	struct graph *g = lw->g;
	const struct tensor *in, *out;
	struct apu_resize_entry *e;
	struct layer *l;
	uint32_t h, w;

	check_operands(g, op, 2, 2);
	in = op_in(g, op, 0);
	out = op_out(g, op);
	check_compute_type(g, op, in);
	if (in->type != out->type || in->rank != 4 || out->rank != 4 ||
	    in->dims[0] != out->dims[0] || in->dims[3] != out->dims[3])
		fail_op(g, op, "input and output differ in more than height and width");
	check_size(g, op);
	h = out->dims[1];
	w = out->dims[2];
	if (h > MAX_SIZE || w > MAX_SIZE || in->dims[1] > MAX_SIZE || in->dims[2] > MAX_SIZE ||
	    (uint64_t)in->dims[1] * 1024 > INT32_MAX || (uint64_t)in->dims[2] * 1024 > INT32_MAX)
		fail_op(g, op, "more than %u rows or columns: not supported", MAX_SIZE);
	e = alloc((uint64_t)h + w, sizeof(*e));
	for (uint32_t y = 0; y < h; y++)
		e[y] = entry(op, in->type, y, in->dims[1], h);
	for (uint32_t x = 0; x < w; x++)
		e[h + x] = entry(op, in->type, x, in->dims[2], w);

	place_tensor(lw, op->in[0]);
	place_tensor(lw, op->out[0]);
	l = add_layer(lw, LAYER_RESIZE, op);
	l->nin = 1;
	l->in[0] = *place_tensor(lw, op->in[0]);
	l->out = *place_tensor(lw, op->out[0]);
	l->rows = e;
	l->num_rows = h;
	l->const_bytes = ((uint64_t)h + w) * sizeof(*e);
	l->const_off = add_static(lw->p, e, l->const_bytes, PLACE_ALIGN);
	l->cmd.resize.type = dtype_of(in);
	l->cmd.resize.kind = op->code == TFL_RESIZE_NEAREST_NEIGHBOR ? APU_RESIZE_KIND_NEAREST
								     : APU_RESIZE_KIND_BILINEAR;
}

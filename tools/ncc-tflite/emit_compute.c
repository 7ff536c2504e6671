// SPDX-License-Identifier: MIT
#include <string.h>
#include "emit.h"

#define START(cmd, field, op)                                                                      \
	do {                                                                                       \
		(cmd).hdr.opcode = (op);                                                           \
		(cmd).hdr.words = sizeof((cmd).field) / 8;                                         \
	} while (0)

static uint64_t row_ref(const struct binding *b, uint32_t row, uint64_t byte)
{
	return make_ref(APU_REGION_L1, b->base + (row - b->row0) * b->hp + byte);
}

static uint32_t u32(uint64_t v)
{
	if (v > UINT32_MAX)
		fail("a pitch of %llu bytes does not fit a command", (unsigned long long)v);
	return (uint32_t)v;
}

/* Padding above the rows that are read, when they begin with row r0. */
static int32_t pad_above(const struct layer *l, uint32_t y0, uint32_t stride, uint32_t r0)
{
	return (int32_t)((int64_t)r0 - ((int64_t)y0 * stride - l->pad_top));
}

static void emit_conv(struct sched *s, const struct layer *l, int index, const struct part *p,
		      const struct binding in[2], const struct binding *out, uint64_t consts,
		      const struct const_layout *k, bool in_l1)
{
	union command cmd;
	struct apu_cmd_conv *c = &cmd.conv;
	uint64_t es = dtype_size(l->cmd.conv.in_type), ws = dtype_size(l->cmd.conv.w_type);
	/* Constants in L1 are this layer's alone; in static data, of the undivided one. */
	uint64_t bias = in_l1 ? k->bias : l->bias_rel, quant = in_l1 ? k->quant : l->quant_rel;
	uint32_t c0 = p->c0 + (in_l1 ? 0 : l->c0), ic0 = 0, ic = l->in[0].c, r0, r1;

	memset(&cmd, 0, sizeof(cmd));
	*c = l->cmd.conv;
	START(cmd, conv, APU_OP_CONV);
	if (l->kind == LAYER_DEPTHWISE) {
		ic0 = p->c0 / c->groups;
		ic = (p->c1 - p->c0) / c->groups;
		c->weight = consts + c0 * ws;
		c->w_pitch = u32(in_l1 ? l->out.c * ws : l->w_row_bytes);
	} else {
		if (c->groups > 1) {
			uint32_t per = l->out.c / c->groups, ig = l->in[0].c / c->groups;

			ic0 = p->c0 / per * ig;
			c->groups = (uint16_t)((p->c1 - p->c0) / per);
			ic = c->groups * ig;
		}
		c->weight = consts + (uint64_t)c0 * l->w_row_bytes;
		c->w_pitch = l->w_row_bytes;
	}
	if (l->nin > 1) {
		c->weight = row_ref(&in[1], p->c0, 0);
		c->w_pitch = u32(in[1].hp);
	}
	c->bias = c->bias_type ? consts + bias + c0 * dtype_size(c->bias_type) : 0;
	if (c->quant_mode == APU_QUANT_MODE_PER_CHANNEL)
		c->quant = consts + quant + c0 * sizeof(struct apu_quant);
	else if (c->quant_mode == APU_QUANT_MODE_PER_TENSOR)
		c->quant = consts + quant;
	layer_in_rows(l, 0, p->y0, p->y1, &r0, &r1);
	c->in = row_ref(&in[0], r0, ic0 * es);
	c->in_h = r1 - r0;
	c->in_w = l->in[0].w;
	c->in_c = ic;
	c->in_row_pitch = u32(in[0].hp);
	c->in_pix_pitch = u32(in[0].wp);
	c->out = row_ref(out, p->y0, p->c0 * es);
	c->out_h = p->y1 - p->y0;
	c->out_w = l->out.w;
	c->out_c = p->c1 - p->c0;
	c->out_row_pitch = u32(out->hp);
	c->out_pix_pitch = u32(out->wp);
	c->pad_top = pad_above(l, p->y0, c->stride_h, r0);
	c->pad_left = l->pad_left;
	sched_add(s, &cmd, index, p->want);
}

static void emit_pool(struct sched *s, const struct layer *l, int index, const struct part *p,
		      const struct binding *in, const struct binding *out)
{
	union command cmd;
	struct apu_cmd_pool *c = &cmd.pool;
	uint64_t es = dtype_size(l->cmd.pool.type);
	uint32_t r0, r1;

	memset(&cmd, 0, sizeof(cmd));
	*c = l->cmd.pool;
	START(cmd, pool, APU_OP_POOL);
	layer_in_rows(l, 0, p->y0, p->y1, &r0, &r1);
	c->in = row_ref(in, r0, p->c0 * es);
	c->in_h = r1 - r0;
	c->in_w = l->in[0].w;
	c->channels = p->c1 - p->c0;
	c->in_row_pitch = u32(in->hp);
	c->in_pix_pitch = u32(in->wp);
	c->out = row_ref(out, p->y0, p->c0 * es);
	c->out_h = p->y1 - p->y0;
	c->out_w = l->out.w;
	c->out_row_pitch = u32(out->hp);
	c->out_pix_pitch = u32(out->wp);
	c->pad_top = pad_above(l, p->y0, c->stride_h, r0);
	c->pad_left = l->pad_left;
	sched_add(s, &cmd, index, p->want);
}

static void emit_eltwise(struct sched *s, const struct layer *l, int index, const struct part *p,
			 const struct binding in[2], const struct binding *out)
{
	union command cmd;
	struct apu_cmd_eltwise *c = &cmd.elt;
	uint64_t is = dtype_size(l->cmd.elt.in_type), os = dtype_size(l->cmd.elt.out_type);
	uint64_t ref[2] = {0}, hp[2] = {0}, wp[2] = {0};

	memset(&cmd, 0, sizeof(cmd));
	*c = l->cmd.elt;
	START(cmd, elt, APU_OP_ELTWISE);
	for (unsigned i = 0; i < l->nin; i++) {
		bool rh = l->repeat_h & 1u << i, rw = l->repeat_w & 1u << i,
		     rc = l->repeat_c & 1u << i;

		ref[i] = row_ref(&in[i], rh ? 0 : p->y0, rc ? 0 : p->c0 * is);
		hp[i] = rh ? 0 : in[i].hp;
		wp[i] = rw ? 0 : in[i].wp;
	}
	c->in1 = ref[0];
	c->in1_row_pitch = u32(hp[0]);
	c->in1_pix_pitch = u32(wp[0]);
	c->in2 = ref[1];
	c->in2_row_pitch = u32(hp[1]);
	c->in2_pix_pitch = u32(wp[1]);
	c->scalar = l->repeat_c;
	c->out = row_ref(out, p->y0, p->c0 * os);
	c->h = p->y1 - p->y0;
	c->w = l->out.w;
	c->c = p->c1 - p->c0;
	c->out_row_pitch = u32(out->hp);
	c->out_pix_pitch = u32(out->wp);
	sched_add(s, &cmd, index, p->want);
}

/* The MVPU works on evenly spaced rows of elements: pixels here. */
static void emit_rows(struct sched *s, const struct layer *l, int index, const struct part *p,
		      const struct binding *in, const struct binding *out, uint64_t consts)
{
	uint32_t w = l->out.w, h = p->y1 - p->y0, lines = h;
	bool even = w == 1 || h == 1 || (in->hp == w * in->wp && out->hp == w * out->wp);
	uint64_t ip = w > 1 ? in->wp : in->hp, op = w > 1 ? out->wp : out->hp;
	uint64_t es = dtype_size(l->out.buf->dtype);
	uint32_t rows = w;

	if (even) {
		rows = w * h;
		lines = 1;
	}
	for (uint32_t y = 0; y < lines; y++) {
		union command cmd;

		memset(&cmd, 0, sizeof(cmd));
		if (l->kind == LAYER_SOFTMAX) {
			cmd.softmax = l->cmd.softmax;
			START(cmd, softmax, APU_OP_SOFTMAX);
			cmd.softmax.in = row_ref(in, p->y0 + y, 0);
			cmd.softmax.out = row_ref(out, p->y0 + y, 0);
			cmd.softmax.rows = rows;
			cmd.softmax.depth = l->out.c;
			cmd.softmax.in_pitch = u32(ip);
			cmd.softmax.out_pitch = u32(op);
			cmd.softmax.table = l->const_bytes ? consts : 0;
		} else if (l->kind == LAYER_NORM) {
			cmd.norm = l->cmd.norm;
			START(cmd, norm, APU_OP_NORM);
			cmd.norm.in = row_ref(in, p->y0 + y, 0);
			cmd.norm.out = row_ref(out, p->y0 + y, 0);
			cmd.norm.rows = rows;
			cmd.norm.depth = l->out.c;
			cmd.norm.in_pitch = u32(ip);
			cmd.norm.out_pitch = u32(op);
		} else {
			cmd.act = l->cmd.act;
			START(cmd, act, APU_OP_ACTIVATION);
			cmd.act.in = row_ref(in, p->y0 + y, p->c0 * es);
			cmd.act.out = row_ref(out, p->y0 + y, p->c0 * es);
			cmd.act.table = l->const_bytes ? consts : 0;
			cmd.act.rows = rows;
			cmd.act.depth = p->c1 - p->c0;
			cmd.act.in_pitch = u32(ip);
			cmd.act.out_pitch = u32(op);
		}
		sched_add(s, &cmd, index, p->want);
	}
}

static void emit_resize(struct sched *s, const struct layer *l, int index, const struct part *p,
			const struct binding *in, const struct binding *out, uint64_t consts)
{
	union command cmd;
	struct apu_cmd_resize *c = &cmd.resize;
	uint64_t es = dtype_size(l->cmd.resize.type);
	uint32_t r0, r1;

	memset(&cmd, 0, sizeof(cmd));
	*c = l->cmd.resize;
	START(cmd, resize, APU_OP_RESIZE);
	layer_in_rows(l, 0, p->y0, p->y1, &r0, &r1);
	c->in = row_ref(in, r0, p->c0 * es);
	c->out = row_ref(out, p->y0, p->c0 * es);
	c->rows = consts + p->y0 * sizeof(struct apu_resize_entry);
	c->cols = consts + ((uint64_t)l->num_rows + l->x0) * sizeof(struct apu_resize_entry);
	c->in_h = r1 - r0;
	c->in_w = l->in[0].w;
	c->c = p->c1 - p->c0;
	c->in_row_pitch = u32(in->hp);
	c->in_pix_pitch = u32(in->wp);
	c->out_h = p->y1 - p->y0;
	c->out_w = l->out.w;
	c->out_row_pitch = u32(out->hp);
	c->out_pix_pitch = u32(out->wp);
	c->row0 = r0;
	sched_add(s, &cmd, index, p->want);
}

static void emit_arg(struct sched *s, const struct layer *l, int index, const struct part *p,
		     const struct binding *in, const struct binding *out)
{
	union command cmd;
	struct apu_cmd_arg *c = &cmd.arg;

	memset(&cmd, 0, sizeof(cmd));
	*c = l->cmd.arg;
	START(cmd, arg, APU_OP_ARG);
	c->in = row_ref(in, p->y0, 0);
	c->out = row_ref(out, p->y0, 0);
	c->rows = p->y1 - p->y0;
	c->depth = l->in[0].c;
	c->in_pitch = u32(in->hp);
	c->out_pitch = u32(out->hp);
	sched_add(s, &cmd, index, p->want);
}

static void emit_reduce(struct sched *s, const struct layer *l, int index, const struct part *p,
			const struct binding *in, const struct binding *out)
{
	union command cmd;
	struct apu_cmd_reduce *c = &cmd.reduce;

	memset(&cmd, 0, sizeof(cmd));
	*c = l->cmd.reduce;
	START(cmd, reduce, APU_OP_REDUCE);
	c->in = row_ref(in, p->y0, 0);
	c->out = row_ref(out, p->y0, 0);
	c->rows = p->y1 - p->y0;
	c->depth = l->in[0].c;
	c->in_pitch = u32(in->hp);
	c->out_pitch = u32(out->hp);
	sched_add(s, &cmd, index, p->want);
}

void emit_part(struct sched *s, const struct layer *l, int index, const struct part *part,
	       const struct binding in[2], const struct binding *out, uint64_t consts,
	       const struct const_layout *layout, bool consts_in_l1)
{
	switch (l->kind) {
	case LAYER_CONV:
	case LAYER_DEPTHWISE:
		emit_conv(s, l, index, part, in, out, consts, layout, consts_in_l1);
		break;
	case LAYER_POOL:
		emit_pool(s, l, index, part, &in[0], out);
		break;
	case LAYER_ELTWISE:
		emit_eltwise(s, l, index, part, in, out);
		break;
	case LAYER_RESIZE:
		emit_resize(s, l, index, part, &in[0], out, consts);
		break;
	case LAYER_ARG:
		emit_arg(s, l, index, part, &in[0], out);
		break;
	case LAYER_REDUCE:
		emit_reduce(s, l, index, part, &in[0], out);
		break;
	default:
		emit_rows(s, l, index, part, &in[0], out, consts);
		break;
	}
}

// SPDX-License-Identifier: MIT
#include <string.h>
#include "emit.h"

/* Halves of a command on two MDLAs must save this much. */
#define SPLIT_CYCLES 120

/* A copy is cut into pieces for both eDMAs: multiples of what DRAM latency comes in. */
#define PIECE_BYTES 1024
#define MAX_PIECE 16384

/* One side of a copy: rows of a view in L1 or DRAM, in bytes of the type there. */
struct side {
	uint64_t ref;
	uint8_t dtype;
	uint64_t np, hp, wp;
};

static struct side dram_side(const struct view *v, uint32_t n, uint32_t row)
{
	const struct buffer *b = v->buf;
	bool own = b->region >= 0;
	uint8_t dtype = own ? b->ext_dtype : b->dtype;
	uint64_t es = dtype_size(dtype);
	uint64_t base = own ? b->ext_off : b->temp_off;

	return (struct side){
		.ref = make_ref(own ? (unsigned)b->region : APU_REGION_TEMP,
				base + (v->off + n * v->np + row * v->hp) * es),
		.dtype = dtype,
		.np = v->np * es,
		.hp = v->hp * es,
		.wp = v->wp * es,
	};
}

static struct side l1_side(const struct view *v, uint32_t n, uint32_t row)
{
	uint64_t es = dtype_size(v->buf->dtype);

	return (struct side){
		.ref = make_ref(APU_REGION_L1,
				v->buf->l1_off + (v->off + n * v->np + row * v->hp) * es),
		.dtype = v->buf->dtype,
		.np = v->np * es,
		.hp = v->hp * es,
		.wp = v->wp * es,
	};
}

static struct side tile_side(const struct view *v, uint64_t l1_off)
{
	uint64_t es = dtype_size(v->buf->dtype);

	return (struct side){
		.ref = make_ref(APU_REGION_L1, l1_off),
		.dtype = v->buf->dtype,
		.hp = (uint64_t)v->w * v->c * es,
		.wp = (uint64_t)v->c * es,
	};
}

static uint32_t stride32(uint64_t v, uint32_t dim)
{
	if (dim == 1)
		return 0;
	if (v > UINT32_MAX)
		fail("a stride of %llu bytes does not fit a command", (unsigned long long)v);
	return (uint32_t)v;
}

/* Takes dimensions together that both sides hold without gaps; drops those of 1. */
static void merge_dims(uint32_t dims[4], uint64_t a[4], uint64_t b[4])
{
	int out = 3;

	for (int i = 3; i >= 0; i--) {
		uint32_t d = dims[i];
		uint64_t sa = a[i], sb = b[i];

		if (d == 1 && i < 3)
			continue;
		if (i < 3 && sa == a[out] * dims[out] && sb == b[out] * dims[out] &&
		    (uint64_t)dims[out] * d <= UINT32_MAX) {
			dims[out] *= d;
			continue;
		}
		if (i < 3 && dims[out] != 1)
			out--;
		dims[out] = d;
		a[out] = sa;
		b[out] = sb;
	}
	while (out-- > 0)
		dims[out] = 1;
}

/* Strides are in bytes. */
static void emit_box(struct sched *s, int layer, const struct apu_cmd_copy *like,
		     const uint32_t shape[4], const struct side *from, uint64_t ss[4],
		     const struct side *to, uint64_t ds[4])
{
	union command cmd;
	struct apu_cmd_copy *c = &cmd.copy;
	uint32_t dims[4] = {shape[0], shape[1], shape[2], shape[3]};

	memset(&cmd, 0, sizeof(cmd));
	merge_dims(dims, ss, ds);
	c->hdr.opcode = APU_OP_COPY;
	c->hdr.words = sizeof(*c) / 8;
	c->src = from->ref;
	c->dst = to->ref;
	c->src_type = from->dtype;
	c->dst_type = to->dtype;
	if (like) {
		c->mode = like->mode;
		c->scale = like->scale;
		c->zp = like->zp;
	}
	for (unsigned i = 0; i < 4; i++) {
		c->dims[i] = dims[i];
		c->src_stride[i] = stride32(ss[i], dims[i]);
		c->dst_stride[i] = stride32(ds[i], dims[i]);
	}
	sched_add(s, &cmd, layer, -1);
}

static void emit_copy(struct sched *s, int layer, const struct apu_cmd_copy *like,
		      const uint32_t shape[4], const struct side *from, const struct side *to)
{
	uint64_t ss[4] = {from->np, from->hp, from->wp, dtype_size(from->dtype)};
	uint64_t ds[4] = {to->np, to->hp, to->wp, dtype_size(to->dtype)};

	emit_box(s, layer, like, shape, from, ss, to, ds);
}

/* A layer's box between two places; from_strides: box_from or box_to. */
static void copy_box(struct sched *s, const struct layer *l, int index, const struct side *from,
		     const uint64_t from_strides[4], const struct side *to)
{
	uint64_t ss[4], ds[4];

	for (unsigned i = 0; i < 4; i++) {
		ss[i] = from_strides[i] * dtype_size(from->dtype);
		ds[i] = l->box_to[i] * dtype_size(to->dtype);
	}
	emit_box(s, index, &l->cmd.copy, l->box, from, ss, to, ds);
}

/* Bytes without structure, in pieces for both eDMAs. */
static void copy_bytes(struct sched *s, int layer, uint64_t from, uint64_t to, uint64_t bytes)
{
	uint64_t pieces = bytes < 2 * PIECE_BYTES ? 1 : max64(2, (int64_t)div_up(bytes, MAX_PIECE));
	uint64_t piece = align_up(div_up(bytes, pieces), PIECE_BYTES);

	for (uint64_t at = 0; at < bytes; at += piece) {
		const uint32_t shape[4] = {1, 1, 1,
					   (uint32_t)min64((int64_t)piece, (int64_t)(bytes - at))};
		struct side a = {.ref = from + at, .dtype = APU_DTYPE_I8};
		struct side b = {.ref = to + at, .dtype = APU_DTYPE_I8};

		emit_copy(s, layer, NULL, shape, &a, &b);
	}
}

/* Rows [r0, r1), between sides that begin with row r0. */
static void copy_rows(struct sched *s, int layer, const struct view *v, uint32_t r0, uint32_t r1,
		      const struct side *from, const struct side *to)
{
	const uint32_t shape[4] = {1, r1 - r0, v->w, v->c};

	emit_copy(s, layer, NULL, shape, from, to);
}

/* Both places hold the elements as they are: lowering has seen to that. */
static void emit_gather(struct plan *plan, struct sched *s, unsigned index, const struct side *to)
{
	const struct layer *l = &plan->p->layers.v[index];
	const struct layer_plan *lp = &plan->layers[index];
	uint64_t es = dtype_size(to->dtype);
	struct side in[2];
	union command cmd;
	struct apu_cmd_gather *c = &cmd.gather;

	for (unsigned i = 0; i < 2; i++)
		in[i] = lp->in[i].mode == OPERAND_L1 ? l1_side(&l->in[i], 0, 0)
						     : dram_side(&l->in[i], 0, 0);
	memset(&cmd, 0, sizeof(cmd));
	c->hdr.opcode = APU_OP_GATHER;
	c->hdr.words = sizeof(*c) / 8;
	c->src = in[0].ref;
	c->index = in[1].ref;
	c->dst = to->ref;
	c->rows = l->out.h;
	c->count = l->out.w;
	c->entries = l->in[0].w;
	c->bytes = (uint32_t)(l->out.c * es);
	c->src_row_pitch = stride32(in[0].hp, l->out.h);
	c->src_pitch = stride32(in[0].wp, l->in[0].w);
	c->index_row_pitch = l->in[1].h > 1 ? stride32(in[1].hp, l->in[1].h) : 0;
	c->dst_row_pitch = stride32(to->hp, l->out.h);
	c->dst_pitch = stride32(to->wp, l->out.w);
	c->index_type = in[1].dtype;
	sched_add(s, &cmd, (int)index, -1);
}

static void move_layer(struct plan *plan, struct sched *s, unsigned index)
{
	const struct layer *l = &plan->p->layers.v[index];
	const struct layer_plan *lp = &plan->layers[index];
	const uint32_t shape[4] = {l->out.n, l->out.h, l->out.w, l->out.c};
	struct side to =
		lp->out.mode == OPERAND_L1 ? l1_side(&l->out, 0, 0) : dram_side(&l->out, 0, 0);
	struct side from;

	if (l->kind == LAYER_COPY) {
		from = lp->in[0].mode == OPERAND_L1 ? l1_side(&l->in[0], 0, 0)
						    : dram_side(&l->in[0], 0, 0);
		if (l->boxed)
			copy_box(s, l, (int)index, &from, l->box_from, &to);
		else
			emit_copy(s, (int)index, &l->cmd.copy, shape, &from, &to);
	} else if (l->kind == LAYER_GATHER) {
		emit_gather(plan, s, index, &to);
	} else {
		union command cmd;
		uint32_t dims[4] = {shape[0], shape[1], shape[2], shape[3]};
		uint64_t ds[4] = {to.np, to.hp, to.wp, dtype_size(to.dtype)};
		uint64_t same[4];

		memset(&cmd, 0, sizeof(cmd));
		memcpy(same, ds, sizeof(same));
		merge_dims(dims, same, ds);
		cmd.fill = l->cmd.fill;
		cmd.hdr.opcode = APU_OP_FILL;
		cmd.hdr.words = sizeof(cmd.fill) / 8;
		cmd.fill.dst = to.ref;
		cmd.fill.type = to.dtype;
		if (to.dtype == APU_DTYPE_F32 && l->cmd.fill.type == APU_DTYPE_F16) {
			float f = half_to_float((uint16_t)l->cmd.fill.value);
			uint32_t bits;

			memcpy(&bits, &f, sizeof(bits));
			cmd.fill.value = bits;
		}
		for (unsigned i = 0; i < 4; i++) {
			cmd.fill.dims[i] = dims[i];
			cmd.fill.dst_stride[i] = stride32(ds[i], dims[i]);
		}
		sched_add(s, &cmd, (int)index, -1);
	}
	if (lp->out.mode == OPERAND_L1 && l->out.buf->region >= 0) {
		from = to;
		to = dram_side(&l->out, 0, 0);
		if (l->boxed)
			copy_box(s, l, (int)index, &from, l->box_to, &to);
		else
			emit_copy(s, (int)index, NULL, shape, &from, &to);
	}
}

static void load_consts(struct plan *plan, struct sched *s, unsigned index)
{
	const struct layer *l = &plan->p->layers.v[index];
	const struct layer_plan *lp = &plan->layers[index];
	struct const_layout k = const_layout(l);
	uint64_t from = l->const_off, quant_bytes = k.total - k.quant, bias_size;
	struct side a = {.dtype = APU_DTYPE_I8}, b = a;
	uint32_t shape[4] = {1, 1, 1, 0};

	if (!lp->consts_in_l1)
		return;
	a.ref = make_ref(APU_REGION_STATIC, from);
	b.ref = make_ref(APU_REGION_L1, lp->consts_off);
	if (!l->const_c || l->const_c == l->out.c) {
		/* Undivided: one block in the layout of const_layout(). */
		copy_bytes(s, (int)index, a.ref, b.ref, k.total);
		return;
	}
	if (l->kind == LAYER_DEPTHWISE) {
		uint64_t ws = dtype_size(l->cmd.conv.w_type);

		shape[2] = (uint32_t)l->cmd.conv.k_h * l->cmd.conv.k_w;
		shape[3] = (uint32_t)(l->out.c * ws);
		a.ref += l->c0 * ws;
		a.wp = l->w_row_bytes;
		b.wp = l->out.c * ws;
		emit_copy(s, (int)index, NULL, shape, &a, &b);
	} else {
		copy_bytes(s, (int)index, a.ref + (uint64_t)l->c0 * l->w_row_bytes, b.ref,
			   k.weight_bytes);
	}
	shape[2] = 1;
	bias_size = dtype_size(l->cmd.conv.bias_type);
	if (bias_size) {
		a.ref = make_ref(APU_REGION_STATIC, from + l->bias_rel + l->c0 * bias_size);
		b.ref = make_ref(APU_REGION_L1, lp->consts_off + k.bias);
		shape[3] = (uint32_t)(l->out.c * bias_size);
		emit_copy(s, (int)index, NULL, shape, &a, &b);
	}
	if (quant_bytes) {
		uint64_t q = quant_bytes > sizeof(struct apu_quant)
				     ? l->c0 * sizeof(struct apu_quant)
				     : 0;

		a.ref = make_ref(APU_REGION_STATIC, from + l->quant_rel + q);
		b.ref = make_ref(APU_REGION_L1, lp->consts_off + k.quant);
		shape[3] = (uint32_t)quant_bytes;
		emit_copy(s, (int)index, NULL, shape, &a, &b);
	}
}

/* Inputs and constants that live in L1 from group number g on. */
static void load_residents(struct plan *plan, struct sched *s, unsigned g)
{
	struct program *p = plan->p;

	for (size_t i = 0; i < p->buffers.n; i++) {
		struct buffer *b = p->buffers.v[i];
		struct view v;
		struct side from, to;

		if (!b->wants_l1 || b->first < 0 || !(b->is_input || b->is_const) ||
		    p->layers.v[b->first].group != (int)g)
			continue;
		v = view_dense(b, 1, 1, 1, (uint32_t)b->elems);
		from = dram_side(&v, 0, 0);
		to = l1_side(&v, 0, 0);
		copy_rows(s, b->first, &v, 0, 1, &from, &to);
	}
}

/* What the layers of a group need and no earlier group loads. */
static void load_own(struct plan *plan, struct sched *s, unsigned g)
{
	if (!g)
		load_residents(plan, s, 0);
	for (unsigned i = plan->groups.v[g].first; i <= plan->groups.v[g].last; i++)
		if (load_group(&plan->p->layers.v[i]) == (int)g)
			load_consts(plan, s, i);
}

/* Part number part of count of what group g loads for later ones. */
static void load_ahead(struct plan *plan, struct sched *s, unsigned g, uint64_t part,
		       uint64_t count)
{
	struct program *p = plan->p;
	uint64_t n = 0, k = 0;

	if (!part)
		load_residents(plan, s, g + 1);
	for (size_t i = plan->groups.v[g].last + 1; i < p->layers.n; i++)
		n += load_group(&p->layers.v[i]) == (int)g;
	for (size_t i = plan->groups.v[g].last + 1; i < p->layers.n; i++) {
		if (load_group(&p->layers.v[i]) != (int)g)
			continue;
		if (k * count / n == part)
			load_consts(plan, s, (unsigned)i);
		k++;
	}
}

static void load_tiles(struct plan *plan, struct sched *s, const struct group *g, uint32_t n,
		       uint32_t stripe, unsigned slot)
{
	uint32_t h = plan->p->layers.v[g->last].out.h;

	group_rows(plan, g, stripe * g->rows, (uint32_t)min64(h, (int64_t)(stripe + 1) * g->rows));
	for (unsigned i = g->first; i <= g->last; i++) {
		const struct layer *l = &plan->p->layers.v[i];
		const struct layer_plan *lp = &plan->layers[i];

		for (unsigned k = 0; k < l->nin; k++) {
			const struct view *v = &l->in[k];
			struct side from, to;
			uint32_t r0, r1;

			if (lp->in[k].mode != OPERAND_TILE)
				continue;
			layer_in_rows(l, k, lp->y0, lp->y1, &r0, &r1);
			from = dram_side(v, v->n > 1 ? n : 0, r0);
			to = tile_side(v, lp->in[k].l1_off[slot % lp->in[k].copies]);
			copy_rows(s, (int)i, v, r0, r1, &from, &to);
		}
	}
}

static struct binding bind(const struct operand *o, const struct view *v, uint32_t n, uint32_t row0,
			   unsigned slot)
{
	uint64_t es = dtype_size(v->buf->dtype);

	if (o->mode == OPERAND_L1)
		return (struct binding){
			.base = v->buf->l1_off + (v->off + (v->n > 1 ? n : 0) * v->np) * es,
			.hp = v->hp * es,
			.wp = v->wp * es,
		};
	return (struct binding){
		.base = o->l1_off[slot % o->copies],
		.row0 = row0,
		.hp = (uint64_t)v->w * v->c * es,
		.wp = (uint64_t)v->c * es,
	};
}

/* Cuts the work of a stripe into parts for the instances of the engine. */
static unsigned cut(const struct plan *plan, unsigned index, uint32_t y0, uint32_t y1,
		    struct part parts[2])
{
	const struct layer *l = &plan->p->layers.v[index];
	bool stream = l->const_bytes && !plan->layers[index].consts_in_l1;
	uint32_t unit = 1, mid;

	parts[0] = (struct part){y0, y1, 0, l->out.c, -1};
	if (layer_engine(l) != APU_ENGINE_CLASS_MDLA || plan->o.num_mdla < 2 ||
	    (!stream && layer_cycles(l, y1 - y0) < SPLIT_CYCLES))
		return 1;
	if (l->kind == LAYER_CONV && l->cmd.conv.groups > 1)
		unit = l->out.c / l->cmd.conv.groups;
	if (l->kind == LAYER_DEPTHWISE)
		unit = l->cmd.conv.groups;
	parts[0].want = 0;
	parts[1] = parts[0];
	parts[1].want = 1;
	mid = (l->out.c / unit + 1) / 2 * unit;
	/* Halves by channels read constants once; by rows they need not be interleaved. */
	if (mid < l->out.c && (stream || y1 - y0 == 1)) {
		parts[0].c1 = parts[1].c0 = mid;
		return 2;
	}
	if (y1 - y0 > 1) {
		parts[0].y1 = parts[1].y0 = y0 + (y1 - y0 + 1) / 2;
		return 2;
	}
	parts[0].want = -1;
	return 1;
}

static void compute(struct plan *plan, struct sched *s, const struct group *g, uint32_t n,
		    uint32_t stripe, unsigned slot)
{
	uint32_t h = plan->p->layers.v[g->last].out.h;

	group_rows(plan, g, stripe * g->rows, (uint32_t)min64(h, (int64_t)(stripe + 1) * g->rows));
	for (unsigned i = g->first; i <= g->last; i++) {
		const struct layer *l = &plan->p->layers.v[i];
		const struct layer_plan *lp = &plan->layers[i];
		struct const_layout layout = const_layout(l);
		uint64_t consts = make_ref(APU_REGION_STATIC, l->const_off);
		struct binding in[2] = {0}, out;
		struct part parts[2];
		unsigned count;

		if (lp->consts_in_l1)
			consts = make_ref(APU_REGION_L1, lp->consts_off);
		for (unsigned k = 0; k < l->nin; k++) {
			const struct operand *o = &lp->in[k];
			uint32_t r0, r1;

			layer_in_rows(l, k, lp->y0, lp->y1, &r0, &r1);
			if (o->mode == OPERAND_STRIPE)
				in[k] = bind(&plan->layers[o->maker].out, &l->in[k], n,
					     plan->layers[o->maker].y0, slot);
			else
				in[k] = bind(o, &l->in[k], n, r0, slot);
		}
		out = bind(&lp->out, &l->out, n, lp->y0, slot);
		count = cut(plan, i, lp->y0, lp->y1, parts);
		for (unsigned k = 0; k < count; k++)
			emit_part(s, l, (int)i, &parts[k], in, &out, consts, &layout,
				  lp->consts_in_l1);
	}
}

static void store_tiles(struct plan *plan, struct sched *s, const struct group *g, uint32_t n,
			unsigned slot)
{
	const struct layer *l = &plan->p->layers.v[g->last];
	const struct layer_plan *lp = &plan->layers[g->last];
	struct side from, to;

	if (lp->out.mode == OPERAND_TILE)
		from = tile_side(&l->out, lp->out.l1_off[slot % lp->out.copies]);
	else if (l->out.buf->region >= 0)
		from = l1_side(&l->out, n, lp->y0);
	else
		return;
	to = dram_side(&l->out, n, lp->y0);
	copy_rows(s, (int)g->last, &l->out, lp->y0, lp->y1, &from, &to);
}

static void emit_group(struct plan *plan, struct sched *s, unsigned index)
{
	const struct group *g = &plan->groups.v[index];
	const struct layer *last = &plan->p->layers.v[g->last];
	uint64_t count = (uint64_t)last->out.n * g->stripes;
	bool ahead = plan->layers[g->last].out.copies == 2;

	load_own(plan, s, index);
	if (layer_moves_data(last)) {
		load_ahead(plan, s, index, 0, 1);
		move_layer(plan, s, g->last);
		return;
	}
	ahead = plan->layers[g->first].in[0].copies == 2;
	load_tiles(plan, s, g, 0, 0, 0);
	for (uint64_t i = 0; i < count; i++) {
		uint32_t n = (uint32_t)(i / g->stripes), stripe = (uint32_t)(i % g->stripes);

		if (ahead && i + 1 < count)
			load_tiles(plan, s, g, (uint32_t)((i + 1) / g->stripes),
				   (uint32_t)((i + 1) % g->stripes), (unsigned)(i + 1) & 1);
		else if (!ahead && i)
			load_tiles(plan, s, g, n, stripe, 0);
		load_ahead(plan, s, index, i, count);
		compute(plan, s, g, n, stripe, (unsigned)i & 1);
		store_tiles(plan, s, g, n, (unsigned)i & 1);
	}
}

void emit_plan(struct plan *plan, struct sched *s)
{
	for (unsigned i = 0; i < plan->groups.n; i++)
		emit_group(plan, s, i);
}

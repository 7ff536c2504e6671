// SPDX-License-Identifier: MIT
#include <string.h>
#include "layer.h"

unsigned dtype_size(uint8_t dtype)
{
	static const uint8_t sizes[] = {0, 1, 1, 2, 4, 8, 2, 4};

	return dtype < ARRAY_SIZE(sizes) ? sizes[dtype] : 0;
}

const char *dtype_name(uint8_t dtype)
{
	static const char *const names[] = {"none",  "int8",  "uint8",	 "int16",
					    "int32", "int64", "float16", "float32"};

	return dtype < ARRAY_SIZE(names) ? names[dtype] : "?";
}

uint8_t dtype_of(const struct tensor *t)
{
	switch (t->type) {
	case TFL_INT8:
	case TFL_BOOL:
		return APU_DTYPE_I8;
	case TFL_UINT8:
		return APU_DTYPE_U8;
	case TFL_INT16:
		return APU_DTYPE_I16;
	case TFL_INT32:
		return APU_DTYPE_I32;
	case TFL_INT64:
		return APU_DTYPE_I64;
	case TFL_FLOAT16:
		return APU_DTYPE_F16;
	case TFL_FLOAT32:
		return t->half ? APU_DTYPE_F16 : APU_DTYPE_F32;
	default:
		return APU_DTYPE_NONE;
	}
}

const char *layer_kind_name(enum layer_kind kind)
{
	static const char *const names[] = {"CONV", "DEPTHWISE",  "POOL",   "ELTWISE", "SOFTMAX",
					    "NORM", "ACTIVATION", "RESIZE", "ARG",     "REDUCE",
					    "COPY", "FILL",	  "GATHER"};

	return names[kind];
}

unsigned conv_rate(const struct apu_cmd_conv *c)
{
	if (c->in_type == APU_DTYPE_F16 || c->w_type == APU_DTYPE_I16)
		return APU_CYC_MDLA_MACS_F16;
	return c->in_type == APU_DTYPE_I16 ? APU_CYC_MDLA_MACS_I16 : APU_CYC_MDLA_MACS_I8;
}

enum apu_engine_class layer_engine(const struct layer *l)
{
	switch (l->kind) {
	case LAYER_SOFTMAX:
	case LAYER_NORM:
	case LAYER_ACTIVATION:
	case LAYER_RESIZE:
	case LAYER_ARG:
	case LAYER_REDUCE:
		return APU_ENGINE_CLASS_MVPU;
	case LAYER_COPY:
	case LAYER_FILL:
	case LAYER_GATHER:
		return APU_ENGINE_CLASS_EDMA;
	default:
		return APU_ENGINE_CLASS_MDLA;
	}
}

bool layer_moves_data(const struct layer *l)
{
	return layer_engine(l) == APU_ENGINE_CLASS_EDMA;
}

struct view view_dense(struct buffer *buf, uint32_t n, uint32_t h, uint32_t w, uint32_t c)
{
	return (struct view){
		.buf = buf,
		.n = n,
		.h = h,
		.w = w,
		.c = c,
		.wp = c,
		.hp = (uint64_t)w * c,
		.np = (uint64_t)h * w * c,
	};
}

bool view_is_dense(const struct view *v)
{
	return (v->w == 1 || v->wp == v->c) && (v->h == 1 || v->hp == (uint64_t)v->w * v->c) &&
	       (v->n == 1 || v->np == (uint64_t)v->h * v->w * v->c);
}

bool view_as_rows(const struct view *v, uint32_t rows, uint32_t c, struct view *out)
{
	struct view r = view_dense(v->buf, 1, rows, 1, c);

	r.off = v->off;
	if (!view_is_dense(v)) {
		if (v->c != c || (v->h > 1 && v->hp != v->w * v->wp) ||
		    (v->n > 1 && v->np != v->h * v->hp))
			return false;
		r.hp = v->w > 1 ? v->wp : v->h > 1 ? v->hp : v->np;
		r.np = r.hp * rows;
	}
	*out = r;
	return true;
}

static uint64_t append(struct bytes *v, const void *data, uint64_t bytes, unsigned align)
{
	uint64_t off = align_up(v->n, align);
	uint64_t end = off + bytes;

	if (end > v->cap) {
		size_t cap = end * 2;
		uint8_t *p = alloc(cap, 1);

		if (v->n)
			memcpy(p, v->v, v->n);
		v->v = p;
		v->cap = cap;
	}
	if (bytes && data)
		memcpy(v->v + off, data, bytes);
	v->n = end;
	return off;
}

uint64_t add_static(struct program *p, const void *data, uint64_t bytes, unsigned align)
{
	return append(&p->statics, data, bytes, align);
}

uint64_t add_state(struct program *p, uint64_t bytes)
{
	/* A multiple of the words that are copied. */
	return append(&p->state, NULL, align_up(bytes, 8), PLACE_ALIGN);
}

static void resize_in_rows(const struct layer *l, uint32_t y0, uint32_t y1, uint32_t *r0,
			   uint32_t *r1)
{
	*r0 = UINT32_MAX;
	*r1 = 0;
	for (uint32_t y = y0; y < y1; y++) {
		const struct apu_resize_entry *e = &l->rows[y];

		*r0 = (uint32_t)min64(*r0, min64(e->lo, e->hi));
		*r1 = (uint32_t)max64(*r1, max64(e->lo, e->hi) + 1);
	}
}

void layer_in_rows(const struct layer *l, unsigned i, uint32_t y0, uint32_t y1, uint32_t *r0,
		   uint32_t *r1)
{
	int64_t h = l->in[i].h, k = 1, stride = 1, dil = 1, lo, hi;

	if (l->repeat_h & 1u << i) {
		*r0 = 0;
		*r1 = 1;
		return;
	}
	if (l->kind == LAYER_CONV && i) {
		*r0 = 0;
		*r1 = l->in[i].h;
		return;
	}
	switch (l->kind) {
	case LAYER_RESIZE:
		resize_in_rows(l, y0, y1, r0, r1);
		return;
	case LAYER_CONV:
	case LAYER_DEPTHWISE:
		k = l->cmd.conv.k_h;
		stride = l->cmd.conv.stride_h;
		dil = l->cmd.conv.dil_h;
		break;
	case LAYER_POOL:
		k = l->cmd.pool.k_h;
		stride = l->cmd.pool.stride_h;
		break;
	default:
		break;
	}
	lo = (int64_t)y0 * stride - l->pad_top;
	hi = ((int64_t)y1 - 1) * stride - l->pad_top + (k - 1) * dil + 1;
	lo = max64(0, min64(lo, h - 1));
	hi = min64(h, max64(hi, lo + 1));
	*r0 = (uint32_t)lo;
	*r1 = (uint32_t)hi;
}

static void narrow_channels(struct view *v, uint32_t c0, uint32_t c1)
{
	v->off += c0;
	v->c = c1 - c0;
}

/* Makes room for parts layers in the place of one. */
static void make_room(struct program *p, unsigned index, unsigned parts)
{
	size_t n = p->layers.n;

	for (unsigned k = 1; k < parts; k++)
		(void)PUSH(&p->layers);
	memmove(p->layers.v + index + parts, p->layers.v + index + 1,
		(n - index - 1) * sizeof(*p->layers.v));
}

static void narrow_columns(struct view *v, uint32_t x0, uint32_t x1)
{
	v->off += x0 * v->wp;
	v->w = x1 - x0;
}

bool layer_split_columns(struct program *p, unsigned index, unsigned parts)
{
	struct layer l = p->layers.v[index];
	int64_t k = 1, stride = 1, dil = 1;

	if (l.out.w < parts)
		return false;
	if (l.kind == LAYER_CONV || l.kind == LAYER_DEPTHWISE) {
		k = l.cmd.conv.k_w;
		stride = l.cmd.conv.stride_w;
		dil = l.cmd.conv.dil_w;
	} else if (l.kind == LAYER_POOL) {
		k = l.cmd.pool.k_w;
		stride = l.cmd.pool.stride_w;
	}
	make_room(p, index, parts);
	for (unsigned i = 0; i < parts; i++) {
		struct layer *x = &p->layers.v[index + i];
		uint32_t x0 = (uint32_t)((uint64_t)l.out.w * i / parts);
		uint32_t x1 = (uint32_t)((uint64_t)l.out.w * (i + 1) / parts);
		int64_t w = l.in[0].w, first = (int64_t)x0 * stride - l.pad_left;
		int64_t end = ((int64_t)x1 - 1) * stride - l.pad_left + (k - 1) * dil + 1;
		int64_t lo = max64(0, min64(first, w - 1)), hi = min64(w, max64(end, lo + 1));

		*x = l;
		narrow_columns(&x->out, x0, x1);
		if (l.kind == LAYER_RESIZE) {
			x->x0 += x0;
			continue;
		}
		for (unsigned j = 0; j < l.nin; j++)
			if (!(l.repeat_w & 1u << j) && (!j || l.kind != LAYER_CONV))
				narrow_columns(&x->in[j], (uint32_t)lo, (uint32_t)hi);
		x->pad_left = (int32_t)(lo - first);
	}
	return true;
}

/* Each result depends on all channels. */
static bool layer_needs_rows(const struct layer *l)
{
	return l->kind == LAYER_SOFTMAX || l->kind == LAYER_NORM || l->kind == LAYER_ARG ||
	       l->kind == LAYER_REDUCE;
}

bool layer_split_channels(struct program *p, unsigned index, unsigned parts)
{
	struct layer l = p->layers.v[index];
	uint32_t oc = l.out.c, unit = 1;

	if (l.kind == LAYER_CONV && l.cmd.conv.groups > 1)
		unit = oc / l.cmd.conv.groups;
	if (l.kind == LAYER_DEPTHWISE)
		unit = l.cmd.conv.groups;
	if (layer_needs_rows(&l) || parts < 2 || oc / unit < parts)
		return false;

	make_room(p, index, parts);
	for (unsigned k = 0; k < parts; k++) {
		struct layer *x = &p->layers.v[index + k];
		uint32_t c0 = (uint32_t)((uint64_t)(oc / unit) * k / parts * unit);
		uint32_t c1 = (uint32_t)((uint64_t)(oc / unit) * (k + 1) / parts * unit);

		*x = l;
		narrow_channels(&x->out, c0, c1);
		if (l.kind == LAYER_CONV || l.kind == LAYER_DEPTHWISE) {
			x->c0 = l.c0 + c0;
			if (l.kind == LAYER_DEPTHWISE)
				narrow_channels(&x->in[0], c0 / unit, c1 / unit);
			else if (l.cmd.conv.groups > 1) {
				uint32_t ig = l.in[0].c / l.cmd.conv.groups;

				narrow_channels(&x->in[0], c0 / unit * ig, c1 / unit * ig);
				x->cmd.conv.groups = (uint16_t)((c1 - c0) / unit);
			}
			if (l.nin > 1) {
				x->in[1].off += c0 * x->in[1].hp;
				x->in[1].h = c1 - c0;
			}
			continue;
		}
		for (unsigned i = 0; i < l.nin; i++)
			if (!(l.repeat_c & 1u << i))
				narrow_channels(&x->in[i], c0, c1);
	}
	return true;
}

// SPDX-License-Identifier: MIT
#include <string.h>
#include "moves.h"

struct builder {
	const struct graph *g;
	const struct op *op;
	const struct strides *is, *os;
	struct move_list *list;
};

struct strides dense_strides(const struct tensor *t)
{
	struct strides s = {0};
	int64_t n = 1;

	for (unsigned i = t->rank; i-- > 0;) {
		s.s[i] = n;
		n *= t->dims[i];
	}
	return s;
}

unsigned check_axis(const struct graph *g, const struct op *op, int64_t axis, unsigned rank)
{
	if (axis < -(int64_t)rank || axis >= (int64_t)rank)
		fail_op(g, op, "axis %lld of %u dimensions", (long long)axis, rank);
	return (unsigned)(axis < 0 ? axis + rank : axis);
}

int64_t *const_ints(const struct graph *g, const struct op *op, const struct tensor *t,
		    const char *what)
{
	int64_t *v;

	if (!t || !t->data || (t->type != TFL_INT32 && t->type != TFL_INT64))
		fail_op(g, op, "%s not constant: not supported", what);
	v = alloc(t->elems + 1, sizeof(*v));
	for (uint64_t i = 0; i < t->elems; i++) {
		int32_t x;

		if (t->type == TFL_INT64) {
			memcpy(&v[i], t->data + 8 * i, 8);
		} else {
			memcpy(&x, t->data + 4 * i, 4);
			v[i] = x;
		}
	}
	return v;
}

static struct move *add(struct builder *b, unsigned in, unsigned out)
{
	struct move *m;

	if (b->list->m.n == MAX_MOVES)
		fail_op(b->g, b->op, "more than %d copies are needed: not supported", MAX_MOVES);
	m = PUSH(&b->list->m);
	*m = (struct move){.in = in, .out = out};
	return m;
}

static void dim(struct move *m, uint32_t n, int64_t from, int64_t to)
{
	m->dims[m->rank] = n;
	m->from[m->rank] = from;
	m->to[m->rank++] = to;
}

static void no_shape(struct builder *b)
{
	fail_op(b->g, b->op, "the output's shape does not follow from the input's");
}

static void need_rank(struct builder *b, const struct tensor *t, unsigned rank)
{
	if (t->rank != rank)
		fail_op(b->g, b->op, "\"%s\" has %u dimensions: not supported", t->name, t->rank);
}

/* Part [start, start + size) of an axis, to output out. */
static void take_part(struct builder *b, unsigned in, unsigned out, unsigned axis, uint32_t start)
{
	const struct tensor *t = op_in(b->g, b->op, in), *o = &b->g->tensors[b->op->out[out]];
	struct move *m = add(b, in, out);

	if (o->rank != t->rank || (uint64_t)start + o->dims[axis] > t->dims[axis])
		no_shape(b);
	for (unsigned i = 0; i < t->rank; i++) {
		if (i != axis && o->dims[i] != t->dims[i])
			no_shape(b);
		dim(m, o->dims[i], b->is[in].s[i], b->os[out].s[i]);
	}
	m->from_off = start * b->is[in].s[axis];
}

static void split(struct builder *b)
{
	bool v = b->op->code == TFL_SPLIT_V;
	const struct tensor *in = op_in(b->g, b->op, v ? 0 : 1);
	const struct tensor *at = op_in(b->g, b->op, v ? 2 : 0);
	int64_t *axes = const_ints(b->g, b->op, at, "the axis is");
	unsigned axis;
	uint32_t start = 0;

	if (at->elems != 1)
		fail_op(b->g, b->op, "%llu axes", (unsigned long long)at->elems);
	axis = check_axis(b->g, b->op, axes[0], in->rank);
	for (unsigned i = 0; i < b->op->nout; i++) {
		const struct tensor *o = &b->g->tensors[b->op->out[i]];

		take_part(b, v ? 0 : 1, i, axis, start);
		start += o->dims[axis];
	}
	if (start != in->dims[axis])
		no_shape(b);
}

static void unpack(struct builder *b)
{
	const struct tensor *in = op_in(b->g, b->op, 0);
	unsigned axis = check_axis(b->g, b->op, b->op->axis, in->rank);

	if (b->op->nout != in->dims[axis])
		no_shape(b);
	for (unsigned i = 0; i < b->op->nout; i++) {
		struct move *m = add(b, 0, i);

		if (b->g->tensors[b->op->out[i]].rank != in->rank - 1)
			no_shape(b);
		m->from_off = i * b->is[0].s[axis];
		for (unsigned k = 0; k < in->rank; k++)
			if (k != axis)
				dim(m, in->dims[k], b->is[0].s[k], b->os[i].s[k - (k > axis)]);
	}
}

static void pack(struct builder *b)
{
	const struct tensor *out = op_out(b->g, b->op);
	unsigned axis = check_axis(b->g, b->op, b->op->axis, out->rank);

	if (b->op->nin != out->dims[axis])
		no_shape(b);
	for (unsigned i = 0; i < b->op->nin; i++) {
		const struct tensor *in = op_in(b->g, b->op, i);
		struct move *m = add(b, i, 0);

		if (!in || in->rank != out->rank - 1)
			no_shape(b);
		m->to_off = i * b->os[0].s[axis];
		for (unsigned k = 0; k < out->rank; k++)
			if (k != axis)
				dim(m, out->dims[k], b->is[i].s[k - (k > axis)], b->os[0].s[k]);
	}
}

static void concatenate(struct builder *b)
{
	const struct tensor *out = op_out(b->g, b->op);
	unsigned axis = check_axis(b->g, b->op, b->op->axis, out->rank);
	uint64_t start = 0;

	for (unsigned i = 0; i < b->op->nin; i++) {
		const struct tensor *in = op_in(b->g, b->op, i);
		struct move *m = add(b, i, 0);

		if (!in || in->rank != out->rank || start + in->dims[axis] > out->dims[axis])
			no_shape(b);
		m->to_off = (int64_t)start * b->os[0].s[axis];
		for (unsigned k = 0; k < out->rank; k++)
			dim(m, in->dims[k], b->is[i].s[k], b->os[0].s[k]);
		start += in->dims[axis];
	}
}

static void slice(struct builder *b)
{
	const struct tensor *in = op_in(b->g, b->op, 0), *out = op_out(b->g, b->op);
	int64_t *begin = const_ints(b->g, b->op, op_in(b->g, b->op, 1), "where it begins is");
	int64_t *size = const_ints(b->g, b->op, op_in(b->g, b->op, 2), "the size is");
	struct move *m = add(b, 0, 0);

	if (op_in(b->g, b->op, 1)->elems != in->rank || op_in(b->g, b->op, 2)->elems != in->rank ||
	    out->rank != in->rank)
		no_shape(b);
	for (unsigned i = 0; i < in->rank; i++) {
		int64_t n = size[i] == -1 ? in->dims[i] - begin[i] : size[i];

		if (begin[i] < 0 || begin[i] > in->dims[i] || n != out->dims[i] ||
		    n > in->dims[i] - begin[i])
			no_shape(b);
		dim(m, (uint32_t)n, b->is[0].s[i], b->os[0].s[i]);
		m->from_off += begin[i] * b->is[0].s[i];
	}
}

int64_t slice_range(const struct op *op, unsigned i, int64_t begin, int64_t end, int64_t stride,
		    int64_t n, int64_t *first)
{
	int64_t lo = stride > 0 ? 0 : -1, hi = stride > 0 ? n : n - 1;

	begin = begin < 0 ? begin + n : begin;
	if (op->begin_mask & 1u << i)
		begin = stride > 0 ? 0 : n - 1;
	begin = max64(lo, min64(begin, hi));
	/* A sum below zero counts from the end of the dimension: as in the reference. */
	if (op->offset)
		end = max64(INT32_MIN, min64(end, INT32_MAX)) + begin;
	end = end < 0 ? end + n : end;
	if (op->end_mask & 1u << i)
		end = stride > 0 ? n : -1;
	end = max64(lo, min64(end, hi));
	*first = begin;
	if (stride > 0)
		return end > begin ? (end - begin + stride - 1) / stride : 0;
	return begin > end ? (begin - end - stride - 1) / -stride : 0;
}

static void whole_dim(struct builder *b, struct move *m, unsigned d, unsigned *o)
{
	dim(m, op_in(b->g, b->op, 0)->dims[d], b->is[0].s[d], b->os[0].s[(*o)++ % MAX_RANK]);
}

static void strided_slice(struct builder *b)
{
	const struct op *op = b->op;
	const struct tensor *in = op_in(b->g, op, 0), *out = op_out(b->g, op);
	int64_t *begin = const_ints(b->g, op, op_in(b->g, op, 1), "where it begins is");
	int64_t *end = const_ints(b->g, op, op_in(b->g, op, 2), "where it ends is");
	int64_t *stride = const_ints(b->g, op, op_in(b->g, op, 3), "the stride is");
	uint64_t n = op_in(b->g, op, 1)->elems, total = 1;
	unsigned d = 0, o = 0, used = 0;
	struct move *m = add(b, 0, 0);

	if (n > MAX_RANK || op_in(b->g, op, 2)->elems != n || op_in(b->g, op, 3)->elems != n)
		no_shape(b);
	for (unsigned i = 0; i < n; i++)
		used += !((op->new_axis_mask | op->ellipsis_mask) & 1u << i);
	if (used > in->rank)
		no_shape(b);
	for (unsigned i = 0; i < n; i++) {
		int64_t first, count;

		if (op->ellipsis_mask & 1u << i) {
			for (unsigned k = used; k < in->rank; k++)
				whole_dim(b, m, d++, &o);
			used = in->rank;
			continue;
		}
		if (op->new_axis_mask & 1u << i) {
			o++;
			continue;
		}
		if (!stride[i] || stride[i] != (int32_t)stride[i])
			fail_op(b->g, op, "a stride of %lld", (long long)stride[i]);
		if (op->shrink_mask & 1u << i) {
			first = begin[i] < 0 ? begin[i] + in->dims[d] : begin[i];
			if (first < 0 || first >= in->dims[d])
				fail_op(b->g, op, "index %lld of %u elements", (long long)begin[i],
					in->dims[d]);
		} else {
			count = slice_range(op, i, begin[i], end[i], stride[i], in->dims[d],
					    &first);
			if (!count)
				fail_op(b->g, op, "the output is empty: not supported");
			dim(m, (uint32_t)count, stride[i] * b->is[0].s[d],
			    b->os[0].s[o++ % MAX_RANK]);
		}
		m->from_off += first * b->is[0].s[d++];
	}
	while (d < in->rank)
		whole_dim(b, m, d++, &o);
	for (unsigned i = 0; i < m->rank; i++)
		total *= m->dims[i];
	if (total != out->elems || o != out->rank)
		no_shape(b);
}

static void tile(struct builder *b)
{
	const struct tensor *in = op_in(b->g, b->op, 0), *out = op_out(b->g, b->op);
	int64_t *times = const_ints(b->g, b->op, op_in(b->g, b->op, 1), "the multiples are");
	struct move *m = add(b, 0, 0);

	if (op_in(b->g, b->op, 1)->elems != in->rank || out->rank != in->rank)
		no_shape(b);
	for (unsigned i = 0; i < in->rank; i++) {
		if (times[i] < 1 || times[i] > UINT32_MAX ||
		    (uint64_t)times[i] * in->dims[i] != out->dims[i])
			no_shape(b);
		dim(m, (uint32_t)times[i], 0, b->os[0].s[i] * in->dims[i]);
		dim(m, in->dims[i], b->is[0].s[i], b->os[0].s[i]);
	}
}

/* Dimension i of an output of so many in a tensor that may be broadcast to it; negative: it has
 * none. */
static int dim_of(const struct tensor *t, unsigned rank, unsigned i)
{
	return (int)(i + t->rank) - (int)rank;
}

static void need_broadcast(struct builder *b, const struct tensor *t)
{
	const struct tensor *out = op_out(b->g, b->op);

	if (t->rank > out->rank)
		no_shape(b);
	for (unsigned i = 0; i < t->rank; i++)
		if (t->dims[i] != 1 && t->dims[i] != out->dims[i + out->rank - t->rank])
			no_shape(b);
}

static void broadcast_to(struct builder *b)
{
	const struct tensor *in = op_in(b->g, b->op, 0), *out = op_out(b->g, b->op);
	struct move *m = add(b, 0, 0);

	need_broadcast(b, in);
	for (unsigned i = 0; i < out->rank; i++) {
		int k = dim_of(in, out->rank, i);

		dim(m, out->dims[i], k < 0 || in->dims[k] == 1 ? 0 : b->is[0].s[k], b->os[0].s[i]);
	}
}

static void transpose(struct builder *b)
{
	const struct tensor *in = op_in(b->g, b->op, 0), *out = op_out(b->g, b->op);
	int64_t *perm = const_ints(b->g, b->op, op_in(b->g, b->op, 1), "the permutation is");
	struct move *m = add(b, 0, 0);
	unsigned seen = 0;

	if (op_in(b->g, b->op, 1)->elems != in->rank || out->rank != in->rank)
		no_shape(b);
	for (unsigned i = 0; i < in->rank; i++) {
		unsigned k = check_axis(b->g, b->op, perm[i], in->rank);

		seen |= 1u << k;
		if (out->dims[i] != in->dims[k])
			no_shape(b);
		dim(m, out->dims[i], b->is[0].s[k], b->os[0].s[i]);
	}
	if (seen != (1u << in->rank) - 1)
		fail_op(b->g, b->op, "not a permutation");
}

static void reverse(struct builder *b)
{
	const struct tensor *in = op_in(b->g, b->op, 0), *axes = op_in(b->g, b->op, 1);
	int64_t *v = const_ints(b->g, b->op, axes, "the axis is");
	struct move *m = add(b, 0, 0);

	if (op_out(b->g, b->op)->elems != in->elems)
		no_shape(b);
	for (unsigned i = 0; i < in->rank; i++)
		dim(m, in->dims[i], b->is[0].s[i], b->os[0].s[i]);
	for (uint64_t i = 0; i < axes->elems; i++) {
		unsigned k = check_axis(b->g, b->op, v[i], in->rank);

		if (m->from[k] < 0)
			fail_op(b->g, b->op, "axis %u twice", k);
		m->from_off += m->from[k] * (in->dims[k] - 1);
		m->from[k] = -m->from[k];
	}
}

/* SPACE_TO_DEPTH, or with from and to changed over DEPTH_TO_SPACE. */
static void space_depth(struct builder *b)
{
	bool deep = b->op->code == TFL_SPACE_TO_DEPTH;
	const struct tensor *in = op_in(b->g, b->op, 0), *out = op_out(b->g, b->op);
	const struct tensor *s = deep ? in : out, *d = deep ? out : in;
	const int64_t *ss = deep ? b->is[0].s : b->os[0].s, *ds = deep ? b->os[0].s : b->is[0].s;
	uint32_t k = (uint32_t)b->op->block, c;
	struct move *m = add(b, 0, 0);

	need_rank(b, in, 4);
	need_rank(b, out, 4);
	c = s->dims[3];
	if (b->op->block < 1 || s->dims[0] != d->dims[0] ||
	    (uint64_t)d->dims[1] * k != s->dims[1] || (uint64_t)d->dims[2] * k != s->dims[2] ||
	    (uint64_t)c * k * k != d->dims[3])
		no_shape(b);
	dim(m, d->dims[0], ss[0], ds[0]);
	dim(m, d->dims[1], ss[1] * k, ds[1]);
	dim(m, k, ss[1], (int64_t)k * c * ds[3]);
	dim(m, d->dims[2], ss[2] * k, ds[2]);
	dim(m, k, ss[2], c * ds[3]);
	dim(m, c, ss[3], ds[3]);
	for (unsigned i = 0; !deep && i < m->rank; i++) {
		int64_t x = m->from[i];

		m->from[i] = m->to[i];
		m->to[i] = x;
	}
}

/*
 * One dimension of SPACE_TO_BATCH_ND or BATCH_TO_SPACE_ND: positions of phase p that lie in
 * the picture of n, of which before are cut off (padding: added) in front.
 */
static uint32_t phase(uint32_t count, uint32_t block, int64_t p, int64_t before, uint32_t n,
		      int64_t *small, int64_t *large)
{
	int64_t lo = 0, hi = count;

	while (lo < hi && lo * block + p < before)
		lo++;
	while (hi > lo && (hi - 1) * block + p - before >= n)
		hi--;
	*small = lo;
	*large = lo * block + p - before;
	return (uint32_t)(hi - lo);
}

/*
 * SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND: the side with many batches is the
 * small one, in which every position of a block is a picture of its own.
 */
static void space_batch(struct builder *b)
{
	bool to_batch = b->op->code == TFL_SPACE_TO_BATCH_ND;
	const struct tensor *in = op_in(b->g, b->op, 0), *out = op_out(b->g, b->op);
	const struct tensor *sm = to_batch ? out : in, *la = to_batch ? in : out;
	const int64_t *ss = to_batch ? b->os[0].s : b->is[0].s;
	const int64_t *ls = to_batch ? b->is[0].s : b->os[0].s;
	const struct tensor *bt = op_in(b->g, b->op, 1), *pt = op_in(b->g, b->op, 2);
	int64_t *block = const_ints(b->g, b->op, bt, "the block is");
	int64_t *pads = const_ints(b->g, b->op, pt, "the padding is");
	uint64_t nb = bt->elems, phases = 1;

	if (in->rank != out->rank || nb + 1 > in->rank || nb > 2 || !nb || pt->elems != 2 * nb)
		fail_op(b->g, b->op, "%llu dimensions of %u: not supported", (unsigned long long)nb,
			in->rank);
	for (unsigned i = 0; i < nb; i++) {
		if (block[i] < 1 || block[i] > MAX_MOVES || pads[2 * i] < 0 ||
		    pads[2 * i + 1] < 0 ||
		    (int64_t)sm->dims[1 + i] * block[i] !=
			    la->dims[1 + i] + pads[2 * i] + pads[2 * i + 1])
			no_shape(b);
		phases *= (uint64_t)block[i];
	}
	if (sm->dims[0] != la->dims[0] * phases)
		no_shape(b);
	for (unsigned i = 1 + (unsigned)nb; i < in->rank; i++)
		if (sm->dims[i] != la->dims[i])
			no_shape(b);
	b->list->fill = to_batch;
	for (uint64_t p = 0; p < phases; p++) {
		int64_t at[2] = {(int64_t)p, 0}, small, large, so, lo = 0;
		struct move m = {0};
		bool any = true;

		if (nb == 2) {
			at[0] = (int64_t)p / block[1];
			at[1] = (int64_t)p % block[1];
		}
		so = (int64_t)(p * la->dims[0]) * ss[0];
		dim(&m, la->dims[0], ss[0], ls[0]);
		for (unsigned i = 0; i < nb; i++) {
			uint32_t n = phase(sm->dims[1 + i], (uint32_t)block[i], at[i], pads[2 * i],
					   la->dims[1 + i], &small, &large);

			any &= n > 0;
			so += small * ss[1 + i];
			lo += large * ls[1 + i];
			dim(&m, n, ss[1 + i], ls[1 + i] * block[i]);
		}
		for (unsigned i = 1 + (unsigned)nb; i < in->rank; i++)
			dim(&m, sm->dims[i], ss[i], ls[i]);
		m.from_off = so;
		m.to_off = lo;
		for (unsigned i = 0; to_batch && i < m.rank; i++) {
			int64_t x = m.from[i];

			m.from[i] = m.to[i];
			m.to[i] = x;
		}
		if (to_batch) {
			m.from_off = lo;
			m.to_off = so;
		}
		if (any)
			*add(b, 0, 0) = m;
	}
}

static int64_t *pad_list(struct builder *b)
{
	const struct tensor *in = op_in(b->g, b->op, 0), *out = op_out(b->g, b->op);
	int64_t *pads = const_ints(b->g, b->op, op_in(b->g, b->op, 1), "the padding is");

	if (op_in(b->g, b->op, 1)->elems != 2 * in->rank || out->rank != in->rank)
		no_shape(b);
	for (unsigned i = 0; i < in->rank; i++)
		if (pads[2 * i] < 0 || pads[2 * i + 1] < 0 || pads[2 * i] > UINT32_MAX ||
		    pads[2 * i + 1] > UINT32_MAX ||
		    in->dims[i] + pads[2 * i] + pads[2 * i + 1] != out->dims[i])
			no_shape(b);
	return pads;
}

static void pad(struct builder *b)
{
	const struct tensor *in = op_in(b->g, b->op, 0);
	int64_t *pads = pad_list(b);
	struct move *m = add(b, 0, 0);

	b->list->fill = true;
	for (unsigned i = 0; i < in->rank; i++) {
		dim(m, in->dims[i], b->is[0].s[i], b->os[0].s[i]);
		m->to_off += pads[2 * i] * b->os[0].s[i];
	}
}

/* Up to three segments per dimension: before, the tensor itself, behind. */
static void mirror_dims(struct builder *b, const int64_t *pads, unsigned d, struct move m)
{
	const struct tensor *in = op_in(b->g, b->op, 0);
	int64_t edge = !b->op->symmetric, n, is, os;

	if (d == in->rank) {
		*add(b, 0, 0) = m;
		return;
	}
	n = in->dims[d];
	is = b->is[0].s[d];
	os = b->os[0].s[d];
	for (unsigned part = 0; part < 3; part++) {
		struct move x = m;
		int64_t count = part == 1 ? n : pads[2 * d + part / 2];
		int64_t from = part == 0 ? count - 1 + edge : part == 1 ? 0 : n - 1 - edge;

		if (!count)
			continue;
		if (part != 1 && count > n - edge)
			fail_op(b->g, b->op, "%lld elements mirrored of %lld", (long long)count,
				(long long)n);
		dim(&x, (uint32_t)count, part == 1 ? is : -is, os);
		x.from_off += from * is;
		x.to_off += (part == 0 ? 0 : part == 1 ? pads[2 * d] : pads[2 * d] + n) * os;
		mirror_dims(b, pads, d + 1, x);
	}
}

static void mirror_pad(struct builder *b)
{
	mirror_dims(b, pad_list(b), 0, (struct move){0});
}

/* A run of indices that are evenly spaced is one box. */
static void gather(struct builder *b)
{
	const struct tensor *in = op_in(b->g, b->op, 0), *it = op_in(b->g, b->op, 1);
	const struct tensor *out = op_out(b->g, b->op);
	int64_t *index = const_ints(b->g, b->op, it, "the indices are");
	unsigned axis = check_axis(b->g, b->op, b->op->axis, in->rank);
	int64_t inner = it->rank ? b->os[0].s[axis + it->rank - 1] : 0;

	if (b->op->batch_dims)
		fail_op(b->g, b->op, "batch_dims %d: not supported", b->op->batch_dims);
	if (out->rank != in->rank - 1 + it->rank ||
	    out->elems * in->dims[axis] != in->elems * it->elems)
		no_shape(b);
	for (uint64_t i = 0; i < it->elems; i++)
		if (index[i] < 0 || index[i] >= in->dims[axis])
			fail_op(b->g, b->op, "index %lld of %u elements", (long long)index[i],
				in->dims[axis]);
	for (uint64_t i = 0, n; i < it->elems; i += n) {
		struct move *m = add(b, 0, 0);
		int64_t step = i + 1 < it->elems ? index[i + 1] - index[i] : 0;

		n = 1;
		while (i + n < it->elems && index[i + n] - index[i + n - 1] == step)
			n++;
		for (unsigned k = 0; k < axis; k++)
			dim(m, in->dims[k], b->is[0].s[k], b->os[0].s[k]);
		dim(m, (uint32_t)n, step * b->is[0].s[axis], inner);
		for (unsigned k = axis + 1; k < in->rank; k++)
			dim(m, in->dims[k], b->is[0].s[k], b->os[0].s[k + it->rank - 1]);
		m->from_off = index[i] * b->is[0].s[axis];
		m->to_off = (int64_t)i * inner;
	}
}

/* SELECT and SELECT_V2: n elements in a row of the condition, from element i on. */
static void select_run(struct builder *b, const struct tensor *cond, uint64_t i, uint64_t n)
{
	const struct tensor *out = op_out(b->g, b->op);
	unsigned which = cond->data[i] ? 1 : 2;
	const struct tensor *in = op_in(b->g, b->op, which);
	struct move *m = add(b, which, 0);
	bool inner = true;

	m->rank = out->rank;
	for (unsigned k = out->rank; k-- > 0;) {
		int c = dim_of(cond, out->rank, k), d = dim_of(in, out->rank, k);

		m->dims[k] = out->dims[k];
		m->from[k] = d < 0 || in->dims[d] == 1 ? 0 : b->is[which].s[d];
		m->to[k] = b->os[0].s[k];
		if (c < 0 || cond->dims[c] == 1)
			continue;
		m->from_off += (int64_t)(i % cond->dims[c]) * m->from[k];
		m->to_off += (int64_t)(i % cond->dims[c]) * m->to[k];
		m->dims[k] = inner ? (uint32_t)n : 1;
		inner = false;
		i /= cond->dims[c];
	}
}

static void select(struct builder *b)
{
	struct tensor cond = *op_in(b->g, b->op, 0);
	uint64_t row = 1;

	if (!cond.data || cond.type != TFL_BOOL)
		fail_op(b->g, b->op, "the condition is not constant: not supported");
	/* That of SELECT may be a vector of rows. */
	if (b->op->code == TFL_SELECT && cond.rank == 1)
		for (; cond.rank < op_out(b->g, b->op)->rank; cond.rank++)
			cond.dims[cond.rank] = 1;
	for (unsigned i = 0; i < 3; i++)
		need_broadcast(b, i ? op_in(b->g, b->op, i) : &cond);
	for (unsigned i = cond.rank; i-- > 0 && row == 1;)
		row = cond.dims[i];
	for (uint64_t i = 0, n; i < cond.elems; i += n) {
		for (n = 1; (i + n) % row && !cond.data[i + n] == !cond.data[i]; n++)
			;
		select_run(b, &cond, i, n);
	}
}

static const struct {
	int code;
	unsigned min_in, max_in;
	void (*moves)(struct builder *b);
} kinds[] = {
	{TFL_BATCH_TO_SPACE_ND, 3, 3, space_batch},
	{TFL_BROADCAST_TO, 2, 2, broadcast_to},
	{TFL_CONCATENATION, 1, UINT32_MAX, concatenate},
	{TFL_DEPTH_TO_SPACE, 1, 1, space_depth},
	{TFL_GATHER, 2, 2, gather},
	{TFL_MIRROR_PAD, 2, 2, mirror_pad},
	{TFL_PACK, 1, UINT32_MAX, pack},
	{TFL_PAD, 2, 2, pad},
	{TFL_PADV2, 3, 3, pad},
	{TFL_REVERSE_V2, 2, 2, reverse},
	{TFL_SELECT, 3, 3, select},
	{TFL_SELECT_V2, 3, 3, select},
	{TFL_SLICE, 3, 3, slice},
	{TFL_SPACE_TO_BATCH_ND, 3, 3, space_batch},
	{TFL_SPACE_TO_DEPTH, 1, 1, space_depth},
	{TFL_SPLIT, 2, 2, split},
	{TFL_SPLIT_V, 3, 3, split},
	{TFL_STRIDED_SLICE, 4, 4, strided_slice},
	{TFL_TILE, 2, 2, tile},
	{TFL_TRANSPOSE, 2, 2, transpose},
	{TFL_UNPACK, 1, 1, unpack},
};

bool op_is_move(int code)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].code == code)
			return true;
	return false;
}

static void check(const struct builder *b, unsigned min_in, unsigned max_in)
{
	const struct op *op = b->op;

	if (op->nin < min_in || op->nin > max_in || !op->nout ||
	    (op->nout > 1 && op->code != TFL_SPLIT && op->code != TFL_SPLIT_V &&
	     op->code != TFL_UNPACK))
		fail_op(b->g, op, "%u inputs and %u outputs: malformed", op->nin, op->nout);
	for (unsigned i = 0; i < op->nin; i++) {
		const struct tensor *t = op_in(b->g, op, i);

		if (!t)
			fail_op(b->g, op, "input %u is missing", i);
		if (!t->elems && t->rank && op->code != TFL_SPACE_TO_BATCH_ND)
			fail_op(b->g, op, "input \"%s\" is empty or dynamic: not supported",
				t->name);
	}
	for (unsigned i = 0; i < op->nout; i++)
		if (!b->g->tensors[op->out[i]].elems)
			fail_op(b->g, op, "the output's shape is empty or dynamic: not supported");
}

void op_moves(const struct graph *g, const struct op *op, const struct strides *in,
	      const struct strides *out, struct move_list *list)
{
	struct builder b = {.g = g, .op = op, .is = in, .os = out, .list = list};

	memset(list, 0, sizeof(*list));
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (kinds[i].code != op->code)
			continue;
		check(&b, kinds[i].min_in, kinds[i].max_in);
		kinds[i].moves(&b);
	}
}

void move_merge(struct move *m)
{
	unsigned n = 0;

	for (unsigned i = 0; i < m->rank; i++) {
		int64_t d = m->dims[i];

		if (d == 1)
			continue;
		if (n && m->from[n - 1] == d * m->from[i] && m->to[n - 1] == d * m->to[i] &&
		    d * m->dims[n - 1] <= UINT32_MAX) {
			m->dims[n - 1] *= (uint32_t)d;
		} else {
			m->dims[n] = (uint32_t)d;
			n++;
		}
		m->from[n - 1] = m->from[i];
		m->to[n - 1] = m->to[i];
	}
	m->rank = n;
}

// SPDX-License-Identifier: MIT
/* Operators that only move elements: views where that is possible, else copies by the eDMA. */
#include <string.h>
#include "lower.h"
#include "moves.h"

/* Dimensions of a COPY. */
#define BOX_RANK 4

static struct strides view_strides(const struct view *v, const struct tensor *t)
{
	const uint64_t pitch[4] = {v->np, v->hp, v->wp, 1};
	struct strides s = {0};

	if (t->rank > 4)
		return dense_strides(t);
	for (unsigned i = 0; i < t->rank; i++)
		s.s[i] = (int64_t)pitch[4 - t->rank + i];
	return s;
}

static void add_box(struct lower *lw, const struct op *op, const struct move *m,
		    const struct view *from, const struct view *to)
{
	struct layer *l = add_layer(lw, LAYER_COPY, op);
	unsigned lead = BOX_RANK - m->rank;

	l->nin = 1;
	l->in[0] = *from;
	l->in[0].off += (uint64_t)m->from_off;
	l->out = *to;
	l->out.off += (uint64_t)m->to_off;
	l->boxed = true;
	for (unsigned i = 0; i < BOX_RANK; i++) {
		l->box[i] = i < lead ? 1 : m->dims[i - lead];
		l->box_from[i] = i < lead ? 0 : (uint64_t)m->from[i - lead];
		l->box_to[i] = i < lead ? 0 : (uint64_t)m->to[i - lead];
	}
	l->in[0].n = l->out.n = l->box[0];
	l->in[0].h = l->out.h = l->box[1];
	l->in[0].w = l->out.w = l->box[2];
	l->in[0].c = l->out.c = l->box[3];
	l->cmd.copy.src_type = from->buf->dtype;
	l->cmd.copy.dst_type = to->buf->dtype;
}

/* The dimension to go through one by one: one that runs backwards, or the shortest of too many. */
static int dim_to_unroll(const struct move *m)
{
	int best = -1;

	for (unsigned i = 0; i < m->rank; i++)
		if (m->from[i] < 0)
			return (int)i;
	for (unsigned i = 0; i < m->rank && m->rank > BOX_RANK; i++)
		if (best < 0 || m->dims[i] < m->dims[best])
			best = (int)i;
	return best;
}

static void add_boxes(struct lower *lw, const struct op *op, struct move m, const struct view *from,
		      const struct view *to, unsigned *count)
{
	struct move part;
	int d;

	move_merge(&m);
	d = dim_to_unroll(&m);
	if (d < 0) {
		if (++*count > MAX_MOVES)
			fail_op(lw->g, op, "more than %d copies are needed: not supported",
				MAX_MOVES);
		add_box(lw, op, &m, from, to);
		return;
	}
	for (uint32_t i = 0; i < m.dims[d]; i++) {
		part = m;
		part.dims[d] = 1;
		part.from_off += i * m.from[d];
		part.to_off += i * m.to[d];
		part.from[d] = 0;
		add_boxes(lw, op, part, from, to, count);
	}
}

/* May an output be a view of the input? */
static bool alias(struct lower *lw, const struct op *op, const struct move *m,
		  const struct view *from)
{
	int index = op->out[m->out];
	struct tensor *t = &lw->g->tensors[index];
	struct strides dense = dense_strides(t);
	uint64_t pitch[4] = {0, 0, 0, 1};
	uint32_t d[4];
	struct view *v = &lw->views[index];

	if (op->code != TFL_SPLIT && op->code != TFL_SPLIT_V && op->code != TFL_SLICE &&
	    op->code != TFL_STRIDED_SLICE && op->code != TFL_UNPACK)
		return false;
	if (lw->placed[index] || t->output >= 0 || t->rank > 4 || m->rank != t->rank ||
	    from->buf->dtype != dtype_of(t))
		return false;
	for (unsigned i = 0; i < m->rank; i++) {
		if (m->dims[i] != t->dims[i] || (m->dims[i] > 1 && m->from[i] <= 0) ||
		    (m->dims[i] > 1 && m->to[i] != dense.s[i]))
			return false;
		pitch[4 - m->rank + i] = (uint64_t)m->from[i];
	}
	tensor_shape4(t, d);
	if (pitch[3] != 1 && d[3] > 1)
		return false;
	/* Those of dimensions of 1 do not matter, but must be sound. */
	for (unsigned i = 3; i-- > 0;)
		if (d[i] == 1)
			pitch[i] = i == 2 ? d[3] : pitch[i + 1] * d[i + 1];
	*v = (struct view){.buf = from->buf,
			   .off = from->off + (uint64_t)m->from_off,
			   .n = d[0],
			   .h = d[1],
			   .w = d[2],
			   .c = d[3],
			   .np = pitch[0],
			   .hp = pitch[1],
			   .wp = pitch[2]};
	lw->placed[index] = true;
	return true;
}

/* Does the reference demand one scale on both sides? The other operators copy bytes anyway. */
static bool one_scale(const struct op *op, const struct tensor *in)
{
	switch (op->code) {
	case TFL_BATCH_TO_SPACE_ND:
	case TFL_MIRROR_PAD:
	case TFL_PACK:
	case TFL_SPACE_TO_BATCH_ND:
	case TFL_UNPACK:
		return true;
	case TFL_CONCATENATION:
		return in->type != TFL_INT16;
	default:
		return false;
	}
}

static void check_types(const struct lower *lw, const struct op *op, const struct move_list *list)
{
	for (size_t i = 0; i < list->m.n; i++) {
		const struct tensor *in = op_in(lw->g, op, list->m.v[i].in);
		const struct tensor *out = &lw->g->tensors[op->out[list->m.v[i].out]];

		if (in->type != out->type || !dtype_of(in))
			fail_op(lw->g, op, "%s input and %s output: not supported",
				tfl_type_name(in->type), tfl_type_name(out->type));
		if (in->variable)
			fail_op(lw->g, op, "input \"%s\" is a variable: not supported", in->name);
		if (one_scale(op, in) && !same_quant(in, out))
			fail_op(lw->g, op,
				"input \"%s\" and output \"%s\" have different scales: not "
				"supported",
				in->name, out->name);
	}
}

/* Writes an output: straight to its place if the boxes can say where that is. */
static void write_output(struct lower *lw, struct op *op, unsigned index, const struct view *from)
{
	const struct tensor *t = &lw->g->tensors[op->out[index]];
	struct view final = *place_tensor(lw, op->out[index]), to = final;
	struct strides *is = alloc(op->nin, sizeof(*is)), *os = alloc(op->nout, sizeof(*os));
	bool direct = view_is_dense(&final) || (t->rank <= 4 && op->code != TFL_GATHER);
	struct move_list list;
	unsigned count = 0;

	if (!direct)
		to = dense_temp(lw, &final);
	for (unsigned i = 0; i < op->nin; i++)
		if (from[i].buf)
			is[i] = view_strides(&from[i], op_in(lw->g, op, i));
	os[index] = view_strides(&to, t);
	op_moves(lw->g, op, is, os, &list);
	if (list.fill)
		add_fill(lw, op, &to);
	for (size_t i = 0; i < list.m.n; i++)
		if (list.m.v[i].out == index)
			add_boxes(lw, op, list.m.v[i], &from[list.m.v[i].in], &to, &count);
	if (!direct)
		add_copy(lw, op, &to, &final);
}

void add_move(struct lower *lw, const struct op *op, const struct move *m, const struct view *from,
	      const struct view *to)
{
	unsigned count = 0;

	add_boxes(lw, op, *m, from, to, &count);
}

void lower_layout(struct lower *lw, struct op *op)
{
	struct view *from = alloc(op->nin, sizeof(*from));
	struct strides *is = alloc(op->nin, sizeof(*is)), *os = alloc(op->nout, sizeof(*os));
	struct move_list list;

	for (unsigned i = 0; i < op->nout; i++)
		os[i] = dense_strides(&lw->g->tensors[op->out[i]]);
	op_moves(lw->g, op, is, os, &list);
	check_types(lw, op, &list);
	for (size_t i = 0; i < list.m.n; i++) {
		struct view *v = &from[list.m.v[i].in];
		const struct tensor *t = op_in(lw->g, op, list.m.v[i].in);

		if (v->buf)
			continue;
		*v = *place_tensor(lw, op->in[list.m.v[i].in]);
		if (t->rank > 4 && !view_is_dense(v))
			*v = dense_copy(lw, op, v);
		is[list.m.v[i].in] = view_strides(v, t);
	}
	op_moves(lw->g, op, is, os, &list);
	for (unsigned i = 0; i < op->nout; i++) {
		const struct move *only = NULL;
		unsigned n = 0;

		for (size_t k = 0; k < list.m.n; k++)
			if (list.m.v[k].out == i) {
				only = &list.m.v[k];
				n++;
			}
		if (n == 1 && !list.fill && alias(lw, op, only, &from[only->in]))
			continue;
		write_output(lw, op, i, from);
	}
}

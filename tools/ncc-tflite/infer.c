// SPDX-License-Identifier: MIT
/*
 * Shapes that a file does not tell: of results whose shape is missing, as in files that were
 * never run before they were written. What operators read is known when it is their turn.
 */
#include <string.h>
#include "lower.h"
#include "moves.h"
#include "passes.h"

struct shape {
	unsigned rank;
	int64_t dims[MAX_RANK];
};

/*
 * Values of a constant list of integers; -1 if it is none, longer than any shape needs, or has
 * larger values: sums and products of two of them fit.
 */
static int const_list(const struct tensor *t, int64_t v[2 * MAX_RANK])
{
	if (!t || !t->data || t->elems > 2 * MAX_RANK ||
	    (t->type != TFL_INT32 && t->type != TFL_INT64))
		return -1;
	for (uint64_t i = 0; i < t->elems; i++) {
		int32_t v32;

		if (t->type == TFL_INT64) {
			memcpy(&v[i], t->data + 8 * i, 8);
			if (v[i] < INT32_MIN || v[i] > INT32_MAX)
				return -1;
			continue;
		}
		memcpy(&v32, t->data + 4 * i, 4);
		v[i] = v32;
	}
	return (int)t->elems;
}

static struct shape shape_of(const struct tensor *t)
{
	struct shape s = {.rank = t->rank};

	for (unsigned i = 0; i < t->rank; i++)
		s.dims[i] = t->dims[i];
	return s;
}

/* An axis counted from the front, or -1. */
static int front_axis(int64_t axis, unsigned rank)
{
	if (axis < 0)
		axis += rank;
	return axis >= 0 && axis < rank ? (int)axis : -1;
}

static bool broadcast(const struct tensor *a, const struct tensor *b, struct shape *s)
{
	s->rank = a->rank > b->rank ? a->rank : b->rank;
	for (unsigned i = 0; i < s->rank; i++) {
		int64_t x = i + a->rank < s->rank ? 1 : a->dims[i + a->rank - s->rank];
		int64_t y = i + b->rank < s->rank ? 1 : b->dims[i + b->rank - s->rank];

		s->dims[i] = max64(x, y);
	}
	return true;
}

static bool selected(const struct op *op, const struct tensor *cond, const struct tensor *x,
		     const struct tensor *y, struct shape *s)
{
	struct tensor both = {0};

	if (!y)
		return false;
	broadcast(x, y, s);
	both.rank = s->rank;
	for (unsigned i = 0; i < s->rank; i++)
		both.dims[i] = (uint32_t)s->dims[i];
	return op->code == TFL_SELECT || broadcast(cond, &both, s);
}

static bool window(const struct op *op, int64_t k_h, int64_t k_w, int64_t dil_h, int64_t dil_w,
		   struct shape *s)
{
	if (s->rank != 4 || op->stride_h < 1 || op->stride_w < 1)
		return false;
	s->dims[1] = window_size(op->padding, s->dims[1], k_h, op->stride_h, dil_h);
	s->dims[2] = window_size(op->padding, s->dims[2], k_w, op->stride_w, dil_w);
	return true;
}

static bool filtered(const struct op *op, const struct tensor *in, const struct tensor *f,
		     struct shape *s)
{
	uint64_t depth;

	if (op->code == TFL_FULLY_CONNECTED) {
		depth = f->rank == 2 ? f->dims[1] : 0;
		if (!depth || !in->rank)
			return false;
		if (!op->keep_dims)
			*s = (struct shape){2, {(int64_t)(in->elems / depth)}};
		s->dims[s->rank - 1] = f->dims[0];
		return true;
	}
	if (f->rank != 4 || !window(op, f->dims[1], f->dims[2], op->dil_h, op->dil_w, s))
		return false;
	s->dims[3] = f->dims[op->code == TFL_CONV_2D ? 0 : 3];
	return true;
}

static bool reduced(const struct op *op, const struct tensor *axes, struct shape *s)
{
	bool arg = op->code == TFL_ARG_MAX || op->code == TFL_ARG_MIN;
	int64_t v[2 * MAX_RANK];
	int n = const_list(axes, v), axis;
	unsigned gone = 0, rank = 0;

	for (int i = 0; i < n; i++) {
		axis = front_axis(v[i], s->rank);
		if (axis < 0)
			return false;
		gone |= 1u << axis;
	}
	for (unsigned i = 0; i < s->rank; i++) {
		if (!(gone & 1u << i))
			s->dims[rank++] = s->dims[i];
		else if (op->keep_dims && !arg)
			s->dims[rank++] = 1;
	}
	s->rank = rank;
	return n >= 0;
}

static bool padded(const struct tensor *amounts, struct shape *s)
{
	int64_t v[2 * MAX_RANK];

	if (const_list(amounts, v) != 2 * (int)s->rank)
		return false;
	for (unsigned i = 0; i < s->rank; i++)
		s->dims[i] += v[2 * i] + v[2 * i + 1];
	return true;
}

static bool transposed(const struct tensor *order, struct shape *s)
{
	struct shape from = *s;
	int64_t v[2 * MAX_RANK];

	if (const_list(order, v) != (int)s->rank)
		return false;
	for (unsigned i = 0; i < s->rank; i++) {
		int axis = front_axis(v[i], s->rank);

		if (axis < 0)
			return false;
		s->dims[i] = from.dims[axis];
	}
	return true;
}

/* A list of n sizes, of which one may be -1: what is left of so many elements. */
static bool sized(const int64_t *v, int n, uint64_t elems, struct shape *s)
{
	int64_t known = 1;
	int open = -1;

	if (n < 0 || n > MAX_RANK)
		return false;
	s->rank = (unsigned)n;
	for (int i = 0; i < n; i++) {
		s->dims[i] = v[i];
		if (v[i] == -1 && open < 0)
			open = i;
		else if (v[i] < 1 || v[i] > MAX_TENSOR_BYTES / known)
			return false;
		else
			known *= v[i];
	}
	if (open < 0)
		return true;
	s->dims[open] = (int64_t)(elems / (uint64_t)known);
	return elems && !(elems % (uint64_t)known);
}

/* A list of sizes without a -1. */
static bool given(const struct tensor *sizes, struct shape *s)
{
	int64_t v[2 * MAX_RANK];
	int n = const_list(sizes, v);

	return sized(v, n, 0, s);
}

/* As the reference: the options count only where the second input is no vector. */
static bool reshaped(const struct op *op, const struct tensor *in, const struct tensor *sizes,
		     struct shape *s)
{
	int64_t v[2 * MAX_RANK];
	int n;

	if (sizes && sizes->rank == 1) {
		n = const_list(sizes, v);
	} else {
		n = op->nlist <= MAX_RANK ? (int)op->nlist : -1;
		for (int i = 0; i < n; i++)
			v[i] = op->list[i];
	}
	return sized(v, n, in->elems, s);
}

/* SQUEEZE: without a list of axes all of one element go. */
static bool squeezed(const struct op *op, struct shape *s)
{
	unsigned gone = 0, rank = 0;

	if (op->nlist > MAX_RANK)
		return false;
	for (unsigned i = 0; i < op->nlist; i++) {
		int axis = front_axis(op->list[i], s->rank);

		if (axis < 0 || s->dims[axis] != 1)
			return false;
		gone |= 1u << axis;
	}
	for (unsigned i = 0; i < s->rank; i++)
		if (op->nlist ? !(gone & 1u << i) : s->dims[i] != 1)
			s->dims[rank++] = s->dims[i];
	s->rank = rank;
	return true;
}

static bool insert_dim(struct shape *s, int64_t axis, int64_t size)
{
	int at = front_axis(axis, s->rank + 1);

	if (at < 0 || s->rank == MAX_RANK)
		return false;
	memmove(&s->dims[at + 1], &s->dims[at], (s->rank - (unsigned)at) * sizeof(s->dims[0]));
	s->dims[at] = size;
	s->rank++;
	return true;
}

static bool resized(const struct tensor *size, struct shape *s)
{
	int64_t v[2 * MAX_RANK];

	if (const_list(size, v) != 2 || s->rank != 4)
		return false;
	s->dims[1] = v[0];
	s->dims[2] = v[1];
	return true;
}

static bool joined(const struct graph *g, const struct op *op, struct shape *s)
{
	int axis = front_axis(op->axis, s->rank);

	for (unsigned i = 1; i < op->nin; i++) {
		const struct tensor *t = op_in(g, op, i);

		if (axis < 0 || !t || t->rank != s->rank)
			return false;
		s->dims[axis] += t->dims[axis];
	}
	return axis >= 0;
}

static bool part(const struct graph *g, const struct op *op, unsigned index, struct shape *s)
{
	bool split = op->code == TFL_SPLIT;
	const struct tensor *in = op_in(g, op, split);
	int64_t axis[2 * MAX_RANK], sizes[2 * MAX_RANK], left;
	int at, n = split ? (int)op->nout : const_list(op_in(g, op, 1), sizes);

	if (!in || const_list(op_in(g, op, split ? 0 : 2), axis) != 1 || n != (int)op->nout)
		return false;
	*s = shape_of(in);
	at = front_axis(axis[0], s->rank);
	if (at < 0)
		return false;
	left = s->dims[at];
	for (int i = 0; i < n && !split; i++)
		left -= sizes[i] > 0 ? sizes[i] : 0;
	s->dims[at] = split ? s->dims[at] / n : sizes[index] < 0 ? left : sizes[index];
	return true;
}

static bool sliced(const struct graph *g, const struct op *op, struct shape *s)
{
	int64_t begin[2 * MAX_RANK], size[2 * MAX_RANK];

	if (const_list(op_in(g, op, 1), begin) != (int)s->rank ||
	    const_list(op_in(g, op, 2), size) != (int)s->rank)
		return false;
	for (unsigned i = 0; i < s->rank; i++)
		s->dims[i] = size[i] < 0 ? s->dims[i] - begin[i] : size[i];
	return true;
}

static bool unpacked(const struct op *op, struct shape *s)
{
	int axis = front_axis(op->axis, s->rank);

	if (axis < 0)
		return false;
	s->rank--;
	memmove(&s->dims[axis], &s->dims[axis + 1],
		(s->rank - (unsigned)axis) * sizeof(s->dims[0]));
	return true;
}

static bool tiled(const struct tensor *times, struct shape *s)
{
	int64_t v[2 * MAX_RANK];

	if (const_list(times, v) != (int)s->rank)
		return false;
	for (unsigned i = 0; i < s->rank; i++)
		s->dims[i] *= v[i];
	return true;
}

/* Dimensions of the input that entries of a STRIDED_SLICE stand for, the ellipsis apart. */
static unsigned strided_dims(const struct op *op, unsigned entries)
{
	unsigned n = 0;

	for (unsigned i = 0; i < entries; i++)
		n += !((op->new_axis_mask | op->ellipsis_mask) & 1u << i);
	return n;
}

static bool add_dim(struct shape *s, int64_t size)
{
	if (s->rank == MAX_RANK)
		return false;
	s->dims[s->rank++] = size;
	return true;
}

/* Each entry is an ellipsis (the dimensions no other one names), a new one, an index or a range. */
static bool strided(const struct graph *g, const struct op *op, struct shape *s)
{
	int64_t v[3][2 * MAX_RANK];
	int n = const_list(op_in(g, op, 1), v[0]);
	const struct shape in = *s;
	unsigned d = 0, left;

	if (n < 0 || const_list(op_in(g, op, 2), v[1]) != n ||
	    const_list(op_in(g, op, 3), v[2]) != n || strided_dims(op, (unsigned)n) > in.rank)
		return false;
	left = in.rank - strided_dims(op, (unsigned)n);
	s->rank = 0;
	for (unsigned i = 0; i < (unsigned)n; i++) {
		unsigned bit = 1u << i;
		bool good = true;
		int64_t first;

		if (op->ellipsis_mask & bit) {
			for (; good && left; left--)
				good = add_dim(s, in.dims[d++]);
		} else if (op->new_axis_mask & bit) {
			good = add_dim(s, 1);
		} else if (op->shrink_mask & bit) {
			d++;
		} else {
			good = v[2][i] && add_dim(s, slice_range(op, i, v[0][i], v[1][i], v[2][i],
								 in.dims[d], &first));
			d++;
		}
		if (!good)
			return false;
	}
	while (d < in.rank)
		if (!add_dim(s, in.dims[d++]))
			return false;
	return true;
}

static bool multiplied(const struct op *op, const struct tensor *a, const struct tensor *b,
		       struct shape *s)
{
	if (a->rank < 2 || b->rank < 2)
		return false;
	broadcast(a, b, s);
	s->dims[s->rank - 2] = a->dims[a->rank - (op->adj_x ? 1 : 2)];
	s->dims[s->rank - 1] = b->dims[b->rank - (op->adj_y ? 2 : 1)];
	return true;
}

static bool blocks(const struct op *op, struct shape *s)
{
	int64_t b = op->block;

	if (s->rank != 4 || b < 1 || b > INT16_MAX)
		return false;
	if (op->code == TFL_DEPTH_TO_SPACE) {
		s->dims[1] *= b;
		s->dims[2] *= b;
		s->dims[3] /= b * b;
	} else {
		s->dims[1] /= b;
		s->dims[2] /= b;
		s->dims[3] *= b * b;
	}
	return true;
}

/* SPACE_TO_BATCH_ND and back: pads or crops lie around dimensions 1 and up. */
static bool batches(const struct graph *g, const struct op *op, struct shape *s)
{
	int64_t b[2 * MAX_RANK], p[2 * MAX_RANK];
	int n = const_list(op_in(g, op, 1), b);

	if (n < 1 || n >= (int)s->rank || const_list(op_in(g, op, 2), p) != 2 * n)
		return false;
	for (int i = 0; i < n; i++) {
		if (b[i] < 1 || s->dims[0] > MAX_TENSOR_BYTES)
			return false;
		if (op->code == TFL_SPACE_TO_BATCH_ND) {
			s->dims[0] *= b[i];
			s->dims[i + 1] = (s->dims[i + 1] + p[2 * i] + p[2 * i + 1]) / b[i];
		} else {
			s->dims[0] /= b[i];
			s->dims[i + 1] = s->dims[i + 1] * b[i] - p[2 * i] - p[2 * i + 1];
		}
	}
	return true;
}

static bool gathered(const struct op *op, const struct tensor *index, struct shape *s)
{
	struct shape from = *s;
	int axis = front_axis(op->axis, s->rank);
	int batch = op->batch_dims < 0 ? op->batch_dims + (int)index->rank : op->batch_dims;

	if (axis < 0 || batch < 0 || batch > axis || batch > (int)index->rank ||
	    from.rank + index->rank > MAX_RANK)
		return false;
	s->rank = (unsigned)axis;
	for (unsigned i = (unsigned)batch; i < index->rank; i++)
		s->dims[s->rank++] = index->dims[i];
	for (unsigned i = (unsigned)axis + 1; i < from.rank; i++)
		s->dims[s->rank++] = from.dims[i];
	return true;
}

/* The shape of result number index; false: not known how. */
static bool result_shape(const struct graph *g, const struct op *op, unsigned index,
			 struct shape *s)
{
	const struct tensor *a = op_in(g, op, 0), *b = op_in(g, op, 1);
	int64_t v[2 * MAX_RANK];

	if (op->code == TFL_SPLIT || op->code == TFL_SPLIT_V)
		return part(g, op, index, s);
	if (!a)
		return false;
	*s = shape_of(a);
	switch (op->code) {
	case TFL_AVERAGE_POOL_2D:
	case TFL_MAX_POOL_2D:
		return window(op, op->k_h, op->k_w, 1, 1, s);
	case TFL_CONCATENATION:
		return joined(g, op, s);
	case TFL_SPACE_TO_DEPTH:
	case TFL_DEPTH_TO_SPACE:
		return blocks(op, s);
	case TFL_FILL:
		return given(a, s);
	case TFL_PACK:
		return insert_dim(s, op->axis, op->nin);
	case TFL_RESHAPE:
		return reshaped(op, a, b, s);
	case TFL_SQUEEZE:
		return squeezed(op, s);
	case TFL_UNPACK:
		return unpacked(op, s);
	case TFL_SHAPE:
		*s = (struct shape){1, {a->rank}};
		return true;
	case TFL_ABS:
	case TFL_CAST:
	case TFL_DENSIFY:
	case TFL_DEQUANTIZE:
	case TFL_ELU:
	case TFL_EXP:
	case TFL_GELU:
	case TFL_HARD_SWISH:
	case TFL_L2_NORMALIZATION:
	case TFL_LEAKY_RELU:
	case TFL_LOG:
	case TFL_LOGISTIC:
	case TFL_LOG_SOFTMAX:
	case TFL_NEG:
	case TFL_PRELU:
	case TFL_QUANTIZE:
	case TFL_RELU:
	case TFL_RELU6:
	case TFL_RELU_0_TO_1:
	case TFL_RELU_N1_TO_1:
	case TFL_REVERSE_V2:
	case TFL_RSQRT:
	case TFL_SOFTMAX:
	case TFL_SQRT:
	case TFL_SQUARE:
	case TFL_TANH:
		return true;
	default:
		break;
	}
	if (!b)
		return false;
	switch (op->code) {
	case TFL_ADD:
	case TFL_DIV:
	case TFL_FLOOR_DIV:
	case TFL_MAXIMUM:
	case TFL_MINIMUM:
	case TFL_MUL:
	case TFL_POW:
	case TFL_SQUARED_DIFFERENCE:
	case TFL_SUB:
		return broadcast(a, b, s);
	case TFL_CONV_2D:
	case TFL_DEPTHWISE_CONV_2D:
	case TFL_FULLY_CONNECTED:
		return filtered(op, a, b, s);
	case TFL_ARG_MAX:
	case TFL_ARG_MIN:
	case TFL_MEAN:
	case TFL_REDUCE_MAX:
	case TFL_REDUCE_MIN:
	case TFL_REDUCE_PROD:
	case TFL_SUM:
		return reduced(op, b, s);
	case TFL_BATCH_TO_SPACE_ND:
	case TFL_SPACE_TO_BATCH_ND:
		return batches(g, op, s);
	case TFL_BROADCAST_TO:
		return given(b, s);
	case TFL_EXPAND_DIMS:
		return const_list(b, v) == 1 && insert_dim(s, v[0], 1);
	case TFL_GATHER:
		return gathered(op, b, s);
	case TFL_MIRROR_PAD:
	case TFL_PAD:
	case TFL_PADV2:
		return padded(b, s);
	case TFL_RESIZE_BILINEAR:
	case TFL_RESIZE_NEAREST_NEIGHBOR:
		return resized(b, s);
	case TFL_BATCH_MATMUL:
		return multiplied(op, a, b, s);
	case TFL_SELECT:
	case TFL_SELECT_V2:
		return selected(op, a, b, op_in(g, op, 2), s);
	case TFL_STRIDED_SLICE:
		return strided(g, op, s);
	case TFL_SLICE:
		return sliced(g, op, s);
	case TFL_SVDF:
		*s = (struct shape){2, {a->dims[0], op->rank > 0 ? b->dims[0] / op->rank : 0}};
		return true;
	case TFL_TILE:
		return tiled(b, s);
	case TFL_TOPK_V2:
		if (const_list(b, v) != 1 || !s->rank)
			return false;
		s->dims[s->rank - 1] = v[0];
		return true;
	case TFL_TRANSPOSE:
		return transposed(b, s);
	case TFL_TRANSPOSE_CONV:
		return given(a, s);
	default:
		return false;
	}
}

static void take(struct tensor *t, const struct shape *s)
{
	unsigned size = tfl_type_size(t->type);
	uint64_t elems = 1;

	for (unsigned i = 0; i < s->rank; i++) {
		if (s->dims[i] < 1 || s->dims[i] > MAX_TENSOR_BYTES)
			return;
		elems *= (uint64_t)s->dims[i];
		if (elems * (size ? size : 1) > MAX_TENSOR_BYTES)
			fail("tensor \"%s\": larger than 1 GiB", t->name);
	}
	t->rank = s->rank;
	for (unsigned i = 0; i < s->rank; i++)
		t->dims[i] = (uint32_t)s->dims[i];
	t->elems = elems;
	t->bytes = elems * size;
	t->open = 0;
}

void infer_shapes(struct graph *g, const struct op *op)
{
	for (unsigned i = 0; i < op->nin; i++) {
		const struct tensor *t = op_in(g, op, i);

		if (t && !t->elems && !t->data)
			return;
	}
	for (unsigned i = 0; i < op->nout; i++) {
		struct tensor *t = &g->tensors[op->out[i]];
		struct shape s;

		/* No dimensions: a single number, or that nobody wrote them down. */
		if ((t->open || !t->rank || !t->elems) && !t->data && result_shape(g, op, i, &s))
			take(t, &s);
	}
}

void warn_open(const struct graph *g)
{
	for (unsigned i = 0; i < g->ntensors; i++) {
		const struct tensor *t = &g->tensors[i];
		bool made = t->producer >= 0 && !g->ops[t->producer].dead;

		/* A batch of one is what it usually stands for. */
		for (unsigned d = 1; d < t->rank && (t->input >= 0 || made); d++)
			if (t->open & 1u << d && t->dims[d] == 1)
				warn_always("tensor \"%s\": the size of dimension %u is open, "
					    "taken as 1; convert the model with fixed sizes",
					    t->name, d);
	}
}

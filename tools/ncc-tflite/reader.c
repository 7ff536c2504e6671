// SPDX-License-Identifier: MIT
/* From a .tflite file to a graph. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "fb.h"
#include "graph.h"
#include "sparse.h"

#define MAX_CALLS 16

/* Fields of the tables, by number. */
enum { MODEL_VERSION, MODEL_CODES, MODEL_SUBGRAPHS, MODEL_DESCRIPTION, MODEL_BUFFERS };
enum { CODE_OLD, CODE_CUSTOM, CODE_VERSION, CODE_BUILTIN };
enum { SUB_TENSORS, SUB_INPUTS, SUB_OUTPUTS, SUB_OPS, SUB_NAME };
enum { TENSOR_SHAPE, TENSOR_TYPE, TENSOR_BUFFER, TENSOR_NAME, TENSOR_QUANT, TENSOR_VARIABLE };
enum { TENSOR_SPARSITY = 6, TENSOR_SIGNATURE };
enum { QUANT_MIN, QUANT_MAX, QUANT_SCALE, QUANT_ZP, QUANT_DETAILS_TYPE, QUANT_DETAILS, QUANT_DIM };
enum { BUFFER_DATA, BUFFER_OFFSET, BUFFER_SIZE };
enum { OP_CODE, OP_INPUTS, OP_OUTPUTS, OP_OPTIONS_TYPE, OP_OPTIONS, OP_CUSTOM };

static void read_file(const char *file, struct fb *fb)
{
	struct stat st;
	uint8_t *data;
	size_t got = 0;
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) < 0)
		fail("%s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		fail("not a regular file");
	if (st.st_size > INT32_MAX)
		fail("larger than 2 GiB");
	data = alloc((size_t)st.st_size + 1, 1);
	while (got < (size_t)st.st_size) {
		ssize_t n = read(fd, data + got, (size_t)st.st_size - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			fail("%s", strerror(errno));
		if (!n)
			break;
		got += (size_t)n;
	}
	close(fd);
	fb->data = data;
	fb->size = got;
}

static void read_quant(struct tensor *t, const struct fb_table *q)
{
	struct fb_vec scale = fb_get_vec(q, QUANT_SCALE, 4);
	struct fb_vec zp = fb_get_vec(q, QUANT_ZP, 8);
	int32_t dim = fb_get_i32(q, QUANT_DIM, 0);

	if (fb_get_i8(q, QUANT_DETAILS_TYPE, 0))
		fail("tensor \"%s\": custom quantisation: not supported", t->name);
	if (!scale.count)
		return;
	if (zp.count && zp.count != scale.count && zp.count != 1)
		fail("tensor \"%s\": %u scales but %u zero points", t->name, scale.count, zp.count);
	t->nscale = scale.count;
	t->qdim = dim > 0 ? (uint32_t)dim : 0;
	t->scale = alloc(scale.count, sizeof(*t->scale));
	t->zp = alloc(scale.count, sizeof(*t->zp));
	for (uint32_t i = 0; i < scale.count; i++) {
		int64_t z = 0;

		t->scale[i] = fb_vec_f32(&scale, i);
		if (zp.count)
			z = fb_vec_i64(&zp, zp.count == 1 ? 0 : i);
		if (z < INT32_MIN || z > INT32_MAX)
			fail("tensor \"%s\": zero point %lld is out of range", t->name,
			     (long long)z);
		t->zp[i] = (int32_t)z;
	}
}

/* What all subgraphs share. */
struct model {
	struct fb_vec codes, subs, buffers;
	/* Bytes of sparse constants so far. */
	uint64_t expanded;
};

/* The bytes of a constant; of other tensors none. */
static struct fb_vec read_buffer(const struct tensor *t, const struct fb_vec *buffers,
				 uint32_t buffer)
{
	struct fb_vec data = {.fb = buffers->fb};
	struct fb_table b;
	uint64_t off, len;

	if (!buffer)
		return data;
	b = fb_vec_table(buffers, buffer);
	data = fb_get_vec(&b, BUFFER_DATA, 1);
	off = fb_get_u64(&b, BUFFER_OFFSET, 0);
	len = fb_get_u64(&b, BUFFER_SIZE, 0);
	if (!data.count && off > 1) {
		/* Models above 2 GiB keep data behind the FlatBuffer. */
		if (off > b.fb->size || len > b.fb->size - off || len > UINT32_MAX)
			fail("damaged file: the data of tensor \"%s\" lies outside", t->name);
		data.pos = (size_t)off;
		data.count = (uint32_t)len;
	}
	return data;
}

static void read_tensor(struct tensor *t, const struct fb_table *tt, struct model *m,
			unsigned index)
{
	const struct fb_vec *buffers = &m->buffers;
	struct fb_vec shape = fb_get_vec(tt, TENSOR_SHAPE, 4);
	struct fb_vec signature = fb_get_vec(tt, TENSOR_SIGNATURE, 4);
	uint32_t buffer = (uint32_t)fb_get_i32(tt, TENSOR_BUFFER, 0);
	struct fb_table q = fb_get_table(tt, TENSOR_QUANT);
	struct fb_vec data;
	unsigned size;

	t->name = fb_get_string(tt, TENSOR_NAME, NULL);
	if (!t->name)
		t->name = format("#%u", index);
	t->type = fb_get_i8(tt, TENSOR_TYPE, TFL_FLOAT32);
	t->variable = fb_get_i8(tt, TENSOR_VARIABLE, 0);
	t->rank = shape.count;
	t->elems = 1;
	t->producer = t->input = t->output = -1;
	if (shape.count > MAX_RANK)
		fail("tensor \"%s\": %u dimensions, at most %u are supported", t->name, shape.count,
		     MAX_RANK);
	size = tfl_type_size(t->type);
	for (uint32_t i = 0; i < shape.count; i++) {
		int32_t d = fb_vec_i32(&shape, i);

		/* Zero and negative sizes: checked where the tensor is used. */
		t->dims[i] = d > 0 ? (uint32_t)d : 0;
		t->elems *= t->dims[i];
		if (t->elems * (size ? size : 1) > MAX_TENSOR_BYTES)
			fail("tensor \"%s\": larger than 1 GiB", t->name);
	}
	for (uint32_t i = 0; i < signature.count && i < shape.count; i++)
		if (fb_vec_i32(&signature, i) < 0)
			t->open |= 1u << i;
	t->bytes = t->elems * size;
	read_quant(t, &q);

	if (buffer >= buffers->count)
		fail("damaged file: tensor \"%s\" names buffer %u of %u", t->name, buffer,
		     buffers->count);
	data = read_buffer(t, buffers, buffer);
	if (fb_has(tt, TENSOR_SPARSITY)) {
		struct fb_table sparsity = fb_get_table(tt, TENSOR_SPARSITY);

		/* A small file must not fill the memory with zeros. */
		m->expanded += t->bytes;
		if (m->expanded > MAX_TENSOR_BYTES)
			fail("tensor \"%s\": sparse constants of more than 1 GiB together",
			     t->name);
		t->data = expand_sparse(t, &sparsity, &data);
	} else if (data.count) {
		if (data.count != t->bytes && size)
			fail("tensor \"%s\": %u bytes of data, its shape needs %llu", t->name,
			     data.count, (unsigned long long)t->bytes);
		t->data = data.fb->data + data.pos;
	}
}

static void read_list(struct op *op, const struct fb_table *o)
{
	struct fb_vec v = fb_get_vec(o, 0, 4);

	op->nlist = v.count;
	for (uint32_t i = 0; i < v.count && i < MAX_RANK; i++)
		op->list[i] = fb_vec_i32(&v, i);
}

/* Options of operators without strides. */
static void read_plain_options(struct op *op, const struct fb_table *o)
{
	switch (op->code) {
	case TFL_LEAKY_RELU:
		op->alpha = fb_get_f32(o, 0, 0);
		break;
	case TFL_GELU:
		op->approximate = fb_get_i8(o, 0, 0);
		break;
	case TFL_MEAN:
	case TFL_SUM:
	case TFL_REDUCE_MAX:
	case TFL_REDUCE_MIN:
	case TFL_REDUCE_PROD:
		op->keep_dims = fb_get_i8(o, 0, 0);
		break;
	case TFL_RESIZE_BILINEAR:
		op->align_corners = fb_get_i8(o, 2, 0);
		op->half_pixel = fb_get_i8(o, 3, 0);
		break;
	case TFL_RESIZE_NEAREST_NEIGHBOR:
		op->align_corners = fb_get_i8(o, 0, 0);
		op->half_pixel = fb_get_i8(o, 1, 0);
		break;
	case TFL_SPACE_TO_DEPTH:
	case TFL_DEPTH_TO_SPACE:
		op->block = fb_get_i32(o, 0, 0);
		break;
	case TFL_MIRROR_PAD:
		op->symmetric = fb_get_i8(o, 0, 0) == 1;
		break;
	case TFL_GATHER:
		op->axis = fb_get_i32(o, 0, 0);
		op->batch_dims = fb_get_i32(o, 1, 0);
		break;
	case TFL_PACK:
	case TFL_UNPACK:
		op->axis = fb_get_i32(o, 1, 0);
		break;
	case TFL_BATCH_MATMUL:
		op->adj_x = fb_get_i8(o, 0, 0);
		op->adj_y = fb_get_i8(o, 1, 0);
		break;
	case TFL_RESHAPE:
	case TFL_SQUEEZE:
		read_list(op, o);
		break;
	case TFL_SVDF:
		op->rank = fb_get_i32(o, 0, 0);
		op->act = fb_get_i8(o, 1, 0);
		break;
	case TFL_CALL_ONCE:
		op->subgraph = fb_get_i32(o, 0, 0);
		break;
	case TFL_VAR_HANDLE:
		op->container = fb_get_string(o, 0, "");
		op->shared_name = fb_get_string(o, 1, "");
		break;
	case TFL_STRIDED_SLICE:
		op->begin_mask = (uint32_t)fb_get_i32(o, 0, 0);
		op->end_mask = (uint32_t)fb_get_i32(o, 1, 0);
		op->ellipsis_mask = (uint32_t)fb_get_i32(o, 2, 0);
		op->new_axis_mask = (uint32_t)fb_get_i32(o, 3, 0);
		op->shrink_mask = (uint32_t)fb_get_i32(o, 4, 0);
		op->offset = fb_get_i8(o, 5, 0);
		break;
	default:
		break;
	}
}

static void read_options(struct op *op, const struct fb_table *o)
{
	switch (op->code) {
	case TFL_CONV_2D:
	case TFL_DEPTHWISE_CONV_2D: {
		unsigned dw = op->code == TFL_DEPTHWISE_CONV_2D;

		op->padding = fb_get_i8(o, 0, 0);
		op->stride_w = fb_get_i32(o, 1, 0);
		op->stride_h = fb_get_i32(o, 2, 0);
		op->act = fb_get_i8(o, 3 + dw, 0);
		op->dil_w = fb_get_i32(o, 4 + dw, 1);
		op->dil_h = fb_get_i32(o, 5 + dw, 1);
		break;
	}
	case TFL_AVERAGE_POOL_2D:
	case TFL_MAX_POOL_2D:
		op->padding = fb_get_i8(o, 0, 0);
		op->stride_w = fb_get_i32(o, 1, 0);
		op->stride_h = fb_get_i32(o, 2, 0);
		op->k_w = fb_get_i32(o, 3, 0);
		op->k_h = fb_get_i32(o, 4, 0);
		op->act = fb_get_i8(o, 5, 0);
		break;
	case TFL_FULLY_CONNECTED:
		op->act = fb_get_i8(o, 0, 0);
		op->weights_format = fb_get_i8(o, 1, 0);
		op->keep_dims = fb_get_i8(o, 2, 0);
		break;
	case TFL_CONCATENATION:
		op->axis = fb_get_i32(o, 0, 0);
		op->act = fb_get_i8(o, 1, 0);
		break;
	case TFL_ADD:
	case TFL_SUB:
		op->act = fb_get_i8(o, 0, 0);
		op->pot_scale_int16 = fb_get_i8(o, 1, 1);
		break;
	case TFL_MUL:
	case TFL_DIV:
	case TFL_L2_NORMALIZATION:
		op->act = fb_get_i8(o, 0, 0);
		break;
	case TFL_TRANSPOSE_CONV:
		op->padding = fb_get_i8(o, 0, 0);
		op->stride_w = fb_get_i32(o, 1, 0);
		op->stride_h = fb_get_i32(o, 2, 0);
		op->act = fb_get_i8(o, 3, 0);
		break;
	case TFL_SOFTMAX:
		op->beta = fb_get_f32(o, 0, 0);
		break;
	default:
		read_plain_options(op, o);
		break;
	}
}

static int *read_indices(const struct fb_vec *v, unsigned ntensors, bool optional, const char *what)
{
	int *a = alloc((size_t)v->count + 1, sizeof(*a));

	for (uint32_t i = 0; i < v->count; i++) {
		int32_t t = fb_vec_i32(v, i);

		if (t >= (int32_t)ntensors || t < (optional ? -1 : 0))
			fail("damaged file: %s names tensor %d of %u", what, t, ntensors);
		a[i] = t;
	}
	return a;
}

/* MediaPipe's custom operator with which its networks end: a TRANSPOSE_CONV with a bias. */
static bool is_transpose_bias(const struct op *op)
{
	return op->code == TFL_CUSTOM && op->nin == 3 && op->in[0] >= 0 && op->in[1] >= 0 &&
	       !strcmp(op->name, "CUSTOM Convolution2DTransposeBias");
}

static void read_transpose_bias(struct op *op, const struct fb_table *t)
{
	/* enum TfLitePadding, in which SAME is 1; stride of columns, of rows. */
	struct fb_vec raw = fb_get_vec(t, OP_CUSTOM, 1);
	int32_t v[3] = {0};
	int *in = alloc(4, sizeof(*in));

	if (raw.count >= sizeof(v))
		memcpy(v, raw.fb->data + raw.pos, sizeof(v));
	op->code = TFL_TRANSPOSE_CONV;
	op->padding = v[0] == 1 ? TFL_PADDING_SAME : v[0] == 2 ? TFL_PADDING_VALID : -1;
	op->stride_w = v[1];
	op->stride_h = v[2];
	/* The shape, of which the output tells, has no tensor of its own. */
	in[0] = in[1] = op->in[1];
	in[2] = op->in[0];
	in[3] = op->in[2];
	op->in = in;
	op->nin = 4;
}

static void read_op(struct graph *g, struct op *op, const struct fb_table *t,
		    const struct fb_vec *codes, unsigned index)
{
	uint32_t code_index = (uint32_t)fb_get_i32(t, OP_CODE, 0);
	struct fb_vec in = fb_get_vec(t, OP_INPUTS, 4);
	struct fb_vec out = fb_get_vec(t, OP_OUTPUTS, 4);
	struct fb_table code, options;
	int32_t builtin;

	if (code_index >= codes->count)
		fail("damaged file: operator %u has code %u of %u", index, code_index,
		     codes->count);
	code = fb_vec_table(codes, code_index);
	op->code = fb_get_i8(&code, CODE_OLD, 0);
	builtin = fb_get_i32(&code, CODE_BUILTIN, 0);
	if (builtin > op->code)
		op->code = builtin;
	op->index = (int)index;
	op->pad_src = op->pad_input = -1;
	op->name = tfl_op_name(op->code);
	if (op->code == TFL_CUSTOM)
		op->name = format("CUSTOM %s", fb_get_string(&code, CODE_CUSTOM, "?"));
	op->in = read_indices(&in, g->ntensors, true, "an operator");
	op->nin = in.count;
	op->out = read_indices(&out, g->ntensors, false, "an operator");
	op->nout = out.count;
	options = fb_get_table(t, OP_OPTIONS);
	read_options(op, &options);
	if (is_transpose_bias(op))
		read_transpose_bias(op, t);
}

static struct graph *read_subgraph(struct model *m, uint32_t index)
{
	struct graph *g = alloc(1, sizeof(*g));
	struct fb_table sub = fb_vec_table(&m->subs, index);
	struct fb_vec tensors = fb_get_vec(&sub, SUB_TENSORS, 4);
	struct fb_vec ops = fb_get_vec(&sub, SUB_OPS, 4), io;

	if (ops.count > MAX_OPS || tensors.count > 4 * MAX_OPS)
		fail("more than %u operators", MAX_OPS);
	g->ntensors = tensors.count;
	g->tensors = alloc((size_t)tensors.count + 1, sizeof(*g->tensors));
	for (uint32_t i = 0; i < tensors.count; i++) {
		struct fb_table t = fb_vec_table(&tensors, i);

		read_tensor(&g->tensors[i], &t, m, i);
	}
	io = fb_get_vec(&sub, SUB_INPUTS, 4);
	g->ninputs = io.count;
	g->inputs = read_indices(&io, g->ntensors, false, "the list of inputs");
	io = fb_get_vec(&sub, SUB_OUTPUTS, 4);
	g->noutputs = io.count;
	g->outputs = read_indices(&io, g->ntensors, false, "the list of outputs");

	g->nops = ops.count;
	g->ops = alloc((size_t)ops.count + 1, sizeof(*g->ops));
	for (uint32_t i = 0; i < ops.count; i++) {
		struct fb_table t = fb_vec_table(&ops, i);

		read_op(g, &g->ops[i], &t, &m->codes, i);
	}
	graph_connect(g);
	return g;
}

/* The subgraphs that CALL_ONCE runs. What they call in turn is not read. */
static void read_called(struct model *m, struct graph *g)
{
	unsigned count = 0;

	for (unsigned i = 0; i < g->nops; i++) {
		struct op *op = &g->ops[i];

		if (op->code != TFL_CALL_ONCE)
			continue;
		if (op->subgraph < 1 || (uint32_t)op->subgraph >= m->subs.count)
			fail_op(g, op, "subgraph %d of %u: malformed", op->subgraph, m->subs.count);
		if (++count > MAX_CALLS)
			fail_op(g, op, "more than %d of them: not supported", MAX_CALLS);
		op->called = read_subgraph(m, (uint32_t)op->subgraph);
	}
}

static struct graph *parse(const struct fb *fb)
{
	struct fb_table root;
	struct model m = {0};
	struct graph *g;

	if (fb->size < 8 || memcmp(fb->data + 4, "TFL3", 4))
		fail("not a TensorFlow Lite model (no TFL3 identifier)");
	root = fb_root(fb);
	if (fb_get_i32(&root, MODEL_VERSION, 0) != 3)
		fail("schema version %d, only 3 is supported", fb_get_i32(&root, MODEL_VERSION, 0));
	m.codes = fb_get_vec(&root, MODEL_CODES, 4);
	m.subs = fb_get_vec(&root, MODEL_SUBGRAPHS, 4);
	m.buffers = fb_get_vec(&root, MODEL_BUFFERS, 4);
	if (!m.subs.count)
		fail("the model has no subgraph");
	g = read_subgraph(&m, 0);
	g->description = fb_get_string(&root, MODEL_DESCRIPTION, "");
	if (!g->noutputs)
		fail("the model has no outputs");
	read_called(&m, g);
	return g;
}

struct graph *graph_parse(const void *data, size_t size)
{
	struct fb *fb = alloc(1, sizeof(*fb));

	*fb = (struct fb){.data = data, .size = size};
	return parse(fb);
}

struct graph *graph_read(const char *file)
{
	struct fb *fb = alloc(1, sizeof(*fb));
	struct graph *g;

	set_subject(file);
	read_file(file, fb);
	g = parse(fb);
	g->file = file;
	return g;
}

// SPDX-License-Identifier: MIT
/* What commands touch and cost, from their encoding alone. */
#include "sched.h"

#define ELEMENTS_PER_CYCLE 64

struct list {
	struct access *a;
	unsigned n;
	struct cost *cost;
};

static void add(struct list *l, uint64_t ref, bool write, uint64_t chunk, uint64_t stride,
		uint64_t count, uint64_t bytes)
{
	struct access *a = &l->a[l->n++];

	a->region = (uint8_t)(ref >> APU_REF_REGION_SHIFT);
	a->off = ref & ((1ull << APU_REF_OFFSET_BITS) - 1);
	a->end = a->off + (count - 1) * stride + chunk;
	a->write = write;
	a->chunk = chunk;
	a->stride = stride;
	a->count = count;
	if (a->region == APU_REGION_L1)
		l->cost->l1_bytes += bytes;
	else
		l->cost->dram_bytes += bytes;
}

/* A tile of h x w pixels of pixel bytes each. */
static void add_tile(struct list *l, uint64_t ref, bool write, uint64_t h, uint64_t w,
		     uint64_t pixel, uint64_t row_pitch, uint64_t pix_pitch, uint64_t bytes)
{
	uint64_t row;

	if (!row_pitch)
		h = 1;
	if (!pix_pitch)
		w = 1;
	row = (w - 1) * pix_pitch + pixel;
	if (h == 1 && (w == 1 || pix_pitch == pixel))
		add(l, ref, write, row, 0, 1, bytes);
	else if (w == 1 || pix_pitch == pixel)
		add(l, ref, write, row, row_pitch, h, bytes);
	else if (h == 1 || row_pitch == w * pix_pitch)
		add(l, ref, write, pixel, pix_pitch, h * w, bytes);
	else
		add(l, ref, write, row, row_pitch, h, bytes);
}

static void add_box(struct list *l, uint64_t ref, bool write, const uint32_t dims[4],
		    const uint32_t stride[4], uint64_t size)
{
	uint64_t extent = size, bytes = size, chunk, pitch = 0, count = 1;
	int i;

	for (i = 0; i < 4; i++)
		bytes *= dims[i];
	/* Inner dimensions without gaps make the chunk, the next one the stride. */
	chunk = size;
	for (i = 3; i >= 0; i--) {
		if (dims[i] == 1)
			continue;
		if (stride[i] != chunk)
			break;
		chunk *= dims[i];
	}
	if (i >= 0) {
		pitch = stride[i];
		count = dims[i];
		for (i--; i >= 0; i--) {
			if (dims[i] == 1)
				continue;
			if (stride[i] != pitch * count)
				break;
			count *= dims[i];
		}
	}
	if (i >= 0) {
		/* Not that regular: everything between the first byte and the last. */
		for (i = 0; i < 4; i++)
			extent += (uint64_t)(dims[i] - 1) * stride[i];
		chunk = extent;
		pitch = 0;
		count = 1;
	}
	add(l, ref, write, chunk, pitch, count, bytes);
}

static void conv(struct list *l, const struct apu_cmd_conv *c)
{
	uint64_t es = dtype_size(c->in_type), ws = dtype_size(c->w_type);
	uint64_t in_pixel = c->in_c * es, out_pixel = c->out_c * es;
	uint64_t ic = c->kind == APU_CONV_KIND_DEPTHWISE ? 1 : c->in_c / c->groups;
	uint64_t taps = (uint64_t)c->k_h * c->k_w, rows, row, rate, macs;

	if (c->kind == APU_CONV_KIND_DEPTHWISE) {
		rows = taps;
		row = c->out_c * ws;
	} else {
		rows = c->out_c;
		row = taps * ic * ws;
	}
	add_tile(l, c->in, false, c->in_h, c->in_w, in_pixel, c->in_row_pitch, c->in_pix_pitch,
		 c->in_h * c->in_w * in_pixel);
	add_tile(l, c->out, true, c->out_h, c->out_w, out_pixel, c->out_row_pitch, c->out_pix_pitch,
		 c->out_h * c->out_w * out_pixel);
	add_tile(l, c->weight, false, rows, 1, row, c->w_pitch, row, rows * row);
	if (c->bias_type) {
		uint64_t n = (uint64_t)c->out_c * dtype_size(c->bias_type);

		add(l, c->bias, false, n, 0, 1, n);
	}
	if (c->quant_mode) {
		uint64_t n = sizeof(struct apu_quant);

		if (c->quant_mode == APU_QUANT_MODE_PER_CHANNEL)
			n *= c->out_c;
		add(l, c->quant, false, n, 0, 1, n);
	}
	rate = conv_rate(c);
	if (c->kind == APU_CONV_KIND_DEPTHWISE)
		rate /= APU_CYC_DEPTHWISE_DIV;
	macs = (uint64_t)c->out_h * c->out_w * c->out_c * taps * ic;
	l->cost->compute = div_up(macs, rate);
}

static void pool(struct list *l, const struct apu_cmd_pool *c)
{
	uint64_t pixel = (uint64_t)c->channels * dtype_size(c->type);

	add_tile(l, c->in, false, c->in_h, c->in_w, pixel, c->in_row_pitch, c->in_pix_pitch,
		 c->in_h * c->in_w * pixel);
	add_tile(l, c->out, true, c->out_h, c->out_w, pixel, c->out_row_pitch, c->out_pix_pitch,
		 c->out_h * c->out_w * pixel);
	l->cost->compute = div_up((uint64_t)c->out_h * c->out_w * c->channels * c->k_h * c->k_w,
				  ELEMENTS_PER_CYCLE);
}

static void eltwise(struct list *l, const struct apu_cmd_eltwise *c)
{
	uint64_t is = dtype_size(c->in_type), os = dtype_size(c->out_type);
	uint64_t pixels = (uint64_t)c->h * c->w;
	uint64_t p1 = c->scalar & 1 ? is : c->c * is, p2 = c->scalar & 2 ? is : c->c * is;

	add_tile(l, c->in1, false, c->h, c->w, p1, c->in1_row_pitch, c->in1_pix_pitch, pixels * p1);
	if (c->fn != APU_ELT_FN_REQUANT && c->fn != APU_ELT_FN_CLAMP)
		add_tile(l, c->in2, false, c->h, c->w, p2, c->in2_row_pitch, c->in2_pix_pitch,
			 pixels * p2);
	add_tile(l, c->out, true, c->h, c->w, c->c * os, c->out_row_pitch, c->out_pix_pitch,
		 pixels * c->c * os);
	l->cost->compute = div_up(pixels * c->c, ELEMENTS_PER_CYCLE);
}

static void copy(struct list *l, const struct apu_cmd_copy *c)
{
	uint64_t n = (uint64_t)c->dims[0] * c->dims[1] * c->dims[2] * c->dims[3];
	uint64_t ss = dtype_size(c->src_type), ds = dtype_size(c->dst_type);

	add_box(l, c->src, false, c->dims, c->src_stride, ss);
	add_box(l, c->dst, true, c->dims, c->dst_stride, ds);
	l->cost->compute = div_up(n * (ss > ds ? ss : ds), APU_CYC_EDMA_BYTES);
}

static void rows(struct list *l, uint64_t in, uint64_t out, uint64_t n, uint64_t bytes,
		 uint64_t in_pitch, uint64_t out_pitch)
{
	add_tile(l, in, false, n, 1, bytes, in_pitch, bytes, n * bytes);
	add_tile(l, out, true, n, 1, bytes, out_pitch, bytes, n * bytes);
}

static void resize(struct list *l, const struct apu_cmd_resize *c)
{
	uint64_t pixel = (uint64_t)c->c * dtype_size(c->type), n = (uint64_t)c->out_h * c->out_w;
	uint64_t rows = c->out_h * sizeof(struct apu_resize_entry);
	uint64_t cols = c->out_w * sizeof(struct apu_resize_entry);

	add_tile(l, c->in, false, c->in_h, c->in_w, pixel, c->in_row_pitch, c->in_pix_pitch,
		 (uint64_t)c->in_h * c->in_w * pixel);
	add_tile(l, c->out, true, c->out_h, c->out_w, pixel, c->out_row_pitch, c->out_pix_pitch,
		 n * pixel);
	add(l, c->rows, false, rows, 0, 1, rows);
	add(l, c->cols, false, cols, 0, 1, cols);
	l->cost->compute =
		div_up(n * c->c * (c->kind == APU_RESIZE_KIND_NEAREST ? 1 : 8), APU_CYC_MVPU_LANES);
}

static void arg(struct list *l, const struct apu_cmd_arg *c)
{
	uint64_t k = c->k ? c->k : 1;
	uint64_t in = (uint64_t)c->depth * dtype_size(c->type), out = k * dtype_size(c->out_type);

	add_tile(l, c->in, false, c->rows, 1, in, c->in_pitch, in, c->rows * in);
	add_tile(l, c->out, true, c->rows, 1, out, c->out_pitch, out, c->rows * out);
	l->cost->compute = div_up(2 * k * c->rows * c->depth, APU_CYC_MVPU_LANES);
}

static void reduce(struct list *l, const struct apu_cmd_reduce *c)
{
	uint64_t size = dtype_size(c->type), in = c->depth * size;

	add_tile(l, c->in, false, c->rows, 1, in, c->in_pitch, in, c->rows * in);
	add_tile(l, c->out, true, c->rows, 1, size, c->out_pitch, size, c->rows * size);
	l->cost->compute = div_up(2 * (uint64_t)c->rows * c->depth, APU_CYC_MVPU_LANES);
}

/* Of the source everything, since only the indices tell. */
static void gather(struct list *l, const struct apu_cmd_gather *c)
{
	uint64_t n = (uint64_t)c->rows * c->count, bytes = n * c->bytes;
	uint64_t list = c->count * (uint64_t)dtype_size(c->index_type);
	uint64_t extent = (uint64_t)(c->rows - 1) * c->src_row_pitch +
			  (uint64_t)(c->entries - 1) * c->src_pitch + c->bytes;

	add(l, c->src, false, extent, 0, 1, bytes);
	add_tile(l, c->index, false, c->rows, 1, list, c->index_row_pitch, list, c->rows * list);
	add_tile(l, c->dst, true, c->rows, c->count, c->bytes, c->dst_row_pitch, c->dst_pitch,
		 bytes);
	l->cost->compute = div_up(bytes, APU_CYC_EDMA_BYTES);
}

static uint64_t act_table_bytes(const struct apu_cmd_activation *c)
{
	if (c->fn == APU_ACT_FN_LUT8)
		return 256;
	if (c->fn == APU_ACT_FN_LUT16)
		return 2 * 513;
	return c->type == APU_DTYPE_I16 ? 2 * 256 : 0;
}

unsigned command_accesses(const union command *cmd, struct access a[MAX_ACCESSES],
			  struct cost *cost)
{
	struct list l = {.a = a, .cost = cost};
	uint64_t n;

	*cost = (struct cost){0};
	switch (cmd->hdr.opcode) {
	case APU_OP_CONV:
		conv(&l, &cmd->conv);
		break;
	case APU_OP_POOL:
		pool(&l, &cmd->pool);
		break;
	case APU_OP_ELTWISE:
		eltwise(&l, &cmd->elt);
		break;
	case APU_OP_COPY:
		copy(&l, &cmd->copy);
		break;
	case APU_OP_REDUCE:
		reduce(&l, &cmd->reduce);
		break;
	case APU_OP_GATHER:
		gather(&l, &cmd->gather);
		break;
	case APU_OP_RESIZE:
		resize(&l, &cmd->resize);
		break;
	case APU_OP_ARG:
		arg(&l, &cmd->arg);
		break;
	case APU_OP_FILL:
		n = (uint64_t)cmd->fill.dims[0] * cmd->fill.dims[1] * cmd->fill.dims[2] *
		    cmd->fill.dims[3];
		add_box(&l, cmd->fill.dst, true, cmd->fill.dims, cmd->fill.dst_stride,
			dtype_size(cmd->fill.type));
		cost->compute = div_up(n * dtype_size(cmd->fill.type), APU_CYC_EDMA_BYTES);
		break;
	case APU_OP_SOFTMAX:
		n = (uint64_t)cmd->softmax.rows * cmd->softmax.depth;
		rows(&l, cmd->softmax.in, cmd->softmax.out, cmd->softmax.rows,
		     (uint64_t)cmd->softmax.depth * dtype_size(cmd->softmax.type),
		     cmd->softmax.in_pitch, cmd->softmax.out_pitch);
		if (cmd->softmax.type == APU_DTYPE_I16)
			add(&l, cmd->softmax.table, false, 4 * 513, 0, 1, 4 * 513);
		cost->compute = div_up(8 * n, APU_CYC_MVPU_LANES);
		break;
	case APU_OP_NORM:
		n = (uint64_t)cmd->norm.rows * cmd->norm.depth;
		rows(&l, cmd->norm.in, cmd->norm.out, cmd->norm.rows,
		     (uint64_t)cmd->norm.depth * dtype_size(cmd->norm.type), cmd->norm.in_pitch,
		     cmd->norm.out_pitch);
		cost->compute = div_up(8 * n, APU_CYC_MVPU_LANES);
		break;
	case APU_OP_ACTIVATION:
		rows(&l, cmd->act.in, cmd->act.out, cmd->act.rows,
		     (uint64_t)cmd->act.depth * dtype_size(cmd->act.type), cmd->act.in_pitch,
		     cmd->act.out_pitch);
		n = act_table_bytes(&cmd->act);
		if (n)
			add(&l, cmd->act.table, false, n, 0, 1, n);
		n = (uint64_t)cmd->act.rows * cmd->act.depth;
		cost->compute = div_up(2 * n, APU_CYC_MVPU_LANES);
		break;
	default:
		break;
	}
	return l.n;
}

bool pieces_meet(const struct access *a, const struct access *b)
{
	uint64_t stride, d;

	/* Interleaved pieces, such as slices of channels. */
	stride = a->count > 1 ? a->stride : b->stride;
	if ((a->count > 1 && b->count > 1 && a->stride != b->stride) || !stride)
		return true;
	if (a->chunk >= stride || b->chunk >= stride)
		return true;
	d = ((b->off % stride) + stride - (a->off % stride)) % stride;
	return d < a->chunk || stride - d < b->chunk;
}

uint64_t command_cycles(const struct cost *c, uint64_t now, uint64_t *dram_free)
{
	uint64_t cycles = div_up(c->l1_bytes, APU_CYC_L1_BYTES);

	if (c->compute > cycles)
		cycles = c->compute;
	if (c->dram_bytes) {
		uint64_t begin = now > *dram_free ? now : *dram_free;
		uint64_t bursts = div_up(c->dram_bytes, APU_CYC_DRAM_BURST);
		uint64_t latency = APU_CYC_DRAM_LATENCY * div_up(bursts, APU_CYC_DRAM_OUTSTANDING);

		*dram_free = begin + div_up(c->dram_bytes, APU_CYC_DRAM_BYTES);
		if (*dram_free - now + latency > cycles)
			cycles = *dram_free - now + latency;
	}
	return APU_CYC_COMMAND + cycles;
}

// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "lower.h"
#include "report.h"

void report_supported(void)
{
	unsigned n;
	const struct op_info *ops = op_infos(&n);

	printf("Supported operators (float32 as fp16 with --relax-fp32):\n");
	for (unsigned i = 0; i < n; i++)
		printf("  %-24s %s\n", tfl_op_name(ops[i].code), ops[i].types);
}

static void print_type(int type)
{
	static const struct {
		int type;
		const char *name;
	} names[] = {
		{TFL_FLOAT32, "kTfLiteFloat32"}, {TFL_FLOAT16, "kTfLiteFloat16"},
		{TFL_INT32, "kTfLiteInt32"},	 {TFL_UINT8, "kTfLiteUInt8"},
		{TFL_INT64, "kTfLiteInt64"},	 {TFL_BOOL, "kTfLiteBool"},
		{TFL_INT16, "kTfLiteInt16"},	 {TFL_INT8, "kTfLiteInt8"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].type == type)
			printf("  Type: %s\n", names[i].name);
}

static void print_tensors(const struct program *p, const char *what, const int *list, unsigned n,
			  bool output)
{
	const struct graph *g = p->graph;

	printf("# of %s tensors: %u\n", what, n);
	for (unsigned i = 0; i < n; i++) {
		const struct tensor *t = &g->tensors[list[i]];

		printf("%s %u: %s\n  Shape: {", what, i, t->name);
		for (unsigned k = 0; k < t->rank; k++)
			printf("%s%u", k ? "," : "", io_dim(p, t, k, output));
		printf("}\n");
		print_type(t->half && p->io.suppress[output] ? TFL_FLOAT16 : t->type);
		if (t->nscale)
			printf("  Scale: %.9g\n  Zero point: %d\n", (double)t->scale[0], t->zp[0]);
	}
}

void report_io(const struct program *p)
{
	print_tensors(p, "input", p->graph->inputs, p->graph->ninputs, false);
	print_tensors(p, "output", p->graph->outputs, p->graph->noutputs, true);
}

static void print_row(uint64_t bytes, const char *place, const char *where, int first, int last,
		      const char *name)
{
	printf("  %10" PRIu64 "  %-9s  %10s  %5d-%-5d  %s\n", bytes, place, where, first, last,
	       name);
}

/* Where a tensor, or what several share, lies while layers first to last use it. */
static void print_buffer(const struct program *p, const struct buffer *b)
{
	bool l1 = b->place == PLACE_L1 && b->region < 0;
	uint64_t bytes = b->elems * dtype_size(b->ext_dtype);
	int input = b->region - APU_REGION_IO;

	if (b->is_const)
		print_row(bytes, "static", format("%" PRIu64, b->ext_off), b->first, b->last,
			  b->name);
	else if (b->kept)
		print_row(bytes, "kept", format("%" PRIu64, b->ext_off), b->first, b->last,
			  b->name);
	else if (b->is_input || b->is_output)
		print_row(bytes, b->is_input ? "input" : "output",
			  format("%d", b->is_input ? input : input - (int)p->graph->ninputs),
			  b->first, b->last, b->name);
	else if (b->place == PLACE_STRIPE)
		print_row(bytes, "stripes", "-", b->first, b->last, b->name);
	else
		print_row(bytes, l1 ? "L1" : "temporary",
			  format("%" PRIu64, l1 ? b->l1_off : b->temp_off), b->first, b->last,
			  b->name);
}

/* Parts that a layer was split into follow each other and share them. */
static void print_constants(const struct program *p)
{
	for (size_t i = 0, next; i < p->layers.n; i = next) {
		const struct layer *l = &p->layers.v[i];

		for (next = i + 1; next < p->layers.n; next++)
			if (p->layers.v[next].const_off != l->const_off)
				break;
		if (l->const_bytes)
			print_row(l->const_bytes, "static", format("%" PRIu64, l->const_off),
				  (int)i, (int)next - 1, format("constants of %s", l->label));
	}
}

static void print_table(const struct program *p)
{
	printf("Tensors\n  %10s  %-9s  %10s  %-11s  %s\n", "Bytes", "Place", "Offset", "   Layers",
	       "Name");
	for (size_t i = 0; i < p->buffers.n; i++)
		if (p->buffers.v[i]->uses)
			print_buffer(p, p->buffers.v[i]);
	print_constants(p);
}

void report_memory(const struct program *p, const struct plan *plan, bool verbose)
{
	uint64_t in = 0, out = 0;

	for (unsigned i = 0; i < p->graph->ninputs; i++)
		in += p->inputs[i]->elems * dtype_size(p->inputs[i]->ext_dtype);
	for (unsigned i = 0; i < p->graph->noutputs; i++)
		out += p->outputs[i]->elems * dtype_size(p->outputs[i]->ext_dtype);
	printf("Memory summary (bytes)\n");
	printf("  Static:    %12" PRIu64 "\n", (uint64_t)p->statics.n);
	printf("  Temporary: %12" PRIu64 " (lower bound %" PRIu64 ")\n", plan->temp_bytes,
	       plan->temp_lower);
	printf("  L1:        %12" PRIu64 " of %" PRIu64 "\n", plan->l1_used, plan->o.l1_bytes);
	printf("  Input:     %12" PRIu64 "\n", in);
	printf("  Output:    %12" PRIu64 "\n", out);
	if (verbose)
		print_table(p);
}

static const char *engine_name(enum apu_engine_class class)
{
	static const char *const names[] = {"MDLA", "EDMA", "MVPU"};

	return names[class];
}

static const char *const operand_modes[] = {"L1", "tiles", "stripes", "DRAM"};

static void print_operand(const struct view *v, const struct operand *o)
{
	printf(" %ux%ux%ux%u %s", v->n, v->h, v->w, v->c, operand_modes[o->mode]);
}

/* The operand's tensor, and its rows in L1: how many, how often, where. */
static void print_place(const char *what, const struct view *v, const struct operand *o)
{
	printf("  %s: %s, %s", what, v->buf->name, operand_modes[o->mode]);
	if (o->mode == OPERAND_L1)
		printf(" at %" PRIu64, v->buf->l1_off);
	if (o->mode == OPERAND_TILE || (o->mode == OPERAND_STRIPE && o->rows))
		printf(" of %u rows at %" PRIu64, o->rows, o->l1_off[0]);
	if (o->copies > 1 && o->mode == OPERAND_TILE)
		printf(" and %" PRIu64, o->l1_off[1]);
	printf("\n");
}

/*
 * What no plan can be faster than: all multiplications at the full rate, or every byte of
 * constants, inputs and outputs once over the bus.
 */
static void print_bound(const struct program *p, const struct plan *plan, uint64_t cycles)
{
	uint64_t macs = 0, bytes = p->statics.n, bound;

	for (size_t i = 0; i < p->layers.n; i++) {
		const struct layer *l = &p->layers.v[i];

		if (l->kind == LAYER_CONV || l->kind == LAYER_DEPTHWISE)
			macs += l->out.n * layer_cycles(l, l->out.h);
	}
	macs = div_up(macs, plan->o.num_mdla);
	for (unsigned i = 0; i < p->graph->ninputs; i++)
		bytes += p->inputs[i]->elems * dtype_size(p->inputs[i]->ext_dtype);
	for (unsigned i = 0; i < p->graph->noutputs; i++)
		bytes += p->outputs[i]->elems * dtype_size(p->outputs[i]->ext_dtype);
	bytes = div_up(bytes, APU_CYC_DRAM_BYTES);
	bound = macs > bytes ? macs : bytes;
	printf("Bound: %" PRIu64 " cycles (products %" PRIu64 ", DRAM %" PRIu64
	       "), %.2f of those predicted\n",
	       bound, macs, bytes, cycles ? (double)bound / (double)cycles : 1);
}

void report_plan(const struct program *p, const struct code *code, bool verbose)
{
	const struct plan *plan = code->plan;
	const struct layer_times *times = code->times;
	const struct stream_text *streams = code->streams;

	for (size_t i = 0; i < p->layers.n; i++) {
		const struct layer *l = &p->layers.v[i];
		const struct layer_plan *lp = &plan->layers[i];
		const struct group *g = &plan->groups.v[l->group];

		printf("OP[%zu]: %s", i, layer_kind_name(l->kind));
		if (l->op)
			printf(" for operator %d (%s)", l->op->index, l->op->name);
		printf("\n  Target: %s\n  Group: %d, %u stripes of %u rows\n ",
		       engine_name(layer_engine(l)), l->group, g->stripes * l->out.n, g->rows);
		for (unsigned k = 0; k < l->nin; k++)
			print_operand(&l->in[k], &lp->in[k]);
		printf(" ->");
		print_operand(&l->out, &lp->out);
		printf("\n");
		for (unsigned k = 0; verbose && k < l->nin; k++)
			print_place("Input", &l->in[k], &lp->in[k]);
		if (verbose)
			print_place("Output", &l->out, &lp->out);
		if (l->const_bytes)
			printf("  Constants: %" PRIu64 " bytes, %s\n", const_layout(l).total,
			       lp->consts_in_l1 ? "in L1" : "in DRAM");
		printf("  Cycles: %" PRIu64 " to %" PRIu64 ", busy with copies %" PRIu64 "\n",
		       times[i].begin, times[i].end, times[i].busy);
	}
	for (unsigned i = 0; i < code->nstreams; i++)
		printf("%s%u: %u commands, %" PRIu64 " cycles busy\n",
		       engine_name(streams[i].engine_class), streams[i].instance,
		       streams[i].commands, streams[i].busy);
	printf("Predicted cycles: %" PRIu64 "\n", code->cycles);
	print_bound(p, plan, code->cycles);
}

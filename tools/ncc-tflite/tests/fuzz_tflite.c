// SPDX-License-Identifier: MIT
/*
 * libFuzzer harness of the compiler: any bytes as a .tflite file. The compiler ends a run at
 * its first error, so here an error jumps back, and all memory is freed after each run.
 */
#include <setjmp.h>
#include "lower.h"
#include "passes.h"
#include "search.h"

/* Large networks are no error, but take long: what one run may cost. */
#define MAX_ELEMS (1u << 16)
#define MAX_FUZZ_OPS 64

static jmp_buf again;

static void jump(void)
{
	longjmp(again, 1);
}

static bool is_small(const struct graph *g)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < g->ntensors; i++)
		sum += g->tensors[i].elems;
	return sum <= MAX_ELEMS && g->nops <= MAX_FUZZ_OPS;
}

static void compile(const uint8_t *data, size_t size)
{
	/* The choice of options follows from the file, so that a find can be repeated. */
	unsigned pick = size ? data[size - 1] : 0;
	struct graph *g = graph_parse(data, size);
	struct program *p;

	if (!is_small(g))
		return;
	run_passes(g, &(struct pass_options){
			      .relax_fp32 = true, .cut_tail = pick & 1, .level = pick >> 1 & 3});
	p = lower_graph(g, &(struct io_options){.nchw = {pick >> 5 & 1, pick >> 6 & 1}});
	add_static(p, NULL, 0, PLACE_ALIGN);
	/* The search repeats what one plan does. */
	search_code(p,
		    &(struct plan_options){.l1_bytes = pick & 8 ? 16384 : 1 << 20,
					   .num_mdla = 1 + (pick >> 4 & 1),
					   .level = pick >> 1 & 3 ? 2 : 0},
		    NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	set_fail_handler(jump);
	if (!setjmp(again))
		compile(data, size);
	free_all();
	return 0;
}

// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdio.h>
#include "emit.h"
#include "lower.h"
#include "options.h"
#include "passes.h"
#include "report.h"

/* eDMA instances that code is made for. */
#define NUM_EDMA 2

int main(int argc, char **argv)
{
	struct stream_text streams[MAX_STREAMS];
	struct dla_contents contents;
	struct options o;
	struct graph *g;
	struct program *p;
	struct plan *plan;
	struct sched *s;
	uint64_t *layer_cycles, cycles;
	unsigned nstreams;

	parse_options(&o, argc, argv);
	g = graph_read(o.model);
	run_passes(g, &(struct pass_options){.relax_fp32 = o.relax_fp32, .level = o.level});
	p = lower_graph(g);
	plan = make_plan(p, &(struct plan_options){
				    .l1_bytes = o.l1_kib * 1024,
				    .num_mdla = o.num_mdla,
				    .level = o.level,
				    .spill_all = o.spill_all,
			    });
	/* Blocks of constants are copied in whole words. */
	add_static(p, NULL, 0, PLACE_ALIGN);
	s = sched_new(o.num_mdla, NUM_EDMA);
	emit_plan(plan, s);
	sched_finish(s);
	nstreams = sched_streams(s, streams);
	layer_cycles = alloc(p->layers.n + 1, sizeof(*layer_cycles));
	cycles = sched_predict(s, layer_cycles, streams, nstreams);
	if (cycles / 200 > APU_MAX_TIME_LIMIT_US)
		fail("one inference would take %" PRIu64 " cycles, more than a job may run",
		     cycles);

	if (o.show_io)
		report_io(p);
	if (o.show_plan)
		report_plan(p, plan, layer_cycles, streams, nstreams, cycles);
	if (o.show_memory)
		report_memory(p, plan);
	if (o.check_only) {
		printf("%s: can be compiled\n", o.model);
		return 0;
	}
	contents = (struct dla_contents){
		.p = p,
		.plan = plan,
		.streams = streams,
		.nstreams = nstreams,
		.cycles = cycles,
		.meta = o.meta,
		.nmeta = o.nmeta,
	};
	dla_write(o.output, &contents);
	if (o.verbose)
		printf("%s: %zu layers, %zu groups, %" PRIu64 " cycles\n", o.output, p->layers.n,
		       plan->groups.n, cycles);
	return 0;
}

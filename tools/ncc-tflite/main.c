// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <stdio.h>
#include "cut.h"
#include "options.h"
#include "report.h"
#include "search.h"

static void show_progress(unsigned percent, unsigned plans, uint64_t cycles)
{
	static unsigned shown = 101;

	if (percent == shown)
		return;
	shown = percent;
	progress("%u %% searched, %u plans, best %" PRIu64 " cycles", percent, plans, cycles);
}

int main(int argc, char **argv)
{
	struct dla_contents contents;
	struct options o;
	struct program *p;
	struct plan *plan;
	struct code *code;

	parse_options(&o, argc, argv);
	p = compile_layers(o.model,
			   &(struct pass_options){.relax_fp32 = o.relax_fp32,
						  .cut_tail = o.cut_tail,
						  .level = o.level},
			   &o.io);
	/* Blocks of constants are copied in whole words. */
	add_static(p, NULL, 0, PLACE_ALIGN);
	code = search_code(p,
			   &(struct plan_options){
				   .l1_bytes = o.l1_kib * 1024,
				   .num_mdla = o.num_mdla,
				   .level = o.level,
			   },
			   show_progress);
	progress_end();
	plan = code->plan;
	if (code->cycles / 200 > APU_MAX_TIME_LIMIT_US)
		fail("one inference would take %" PRIu64 " cycles, more than a job may run",
		     code->cycles);
	warn_open(p->graph);
	warn_cut();

	if (o.show_io)
		report_io(p);
	if (o.show_plan)
		report_plan(p, code, o.verbose);
	if (o.show_memory)
		report_memory(p, plan, o.verbose);
	if (o.check_only) {
		printf("%s: can be compiled\n", o.model);
		return 0;
	}
	contents = (struct dla_contents){
		.p = p,
		.plan = plan,
		.streams = code->streams,
		.nstreams = code->nstreams,
		.cycles = code->cycles,
		.meta = o.meta,
		.nmeta = o.nmeta,
	};
	dla_write(o.output, &contents);
	if (o.verbose)
		printf("%s: %zu layers, %zu groups, %" PRIu64 " cycles\n", o.output, p->layers.n,
		       plan->groups.n, code->cycles);
	return 0;
}

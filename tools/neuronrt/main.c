// SPDX-License-Identifier: MIT
/*
 * neuronrt: runs a compiled model on files.
 */
#include <stdlib.h>
#include <time.h>

#include <apu/apu.h>

#include "io.h"
#include "library.h"
#include "options.h"

/* Between two lines of progress. */
#define PROGRESS_MS 10000

struct runner {
	struct apu_device *dev;
	struct apu_session *session;
	struct apu_request *request;
	struct apu_bo *bos[2 * MAX_FILES];
	unsigned int num_bos;
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void check(int ret, int status)
{
	if (ret)
		die(status, "%s", lib.last_error());
}

/* Memory for one sample of each tensor, bound to the request. */
static void bind_side(struct runner *run, struct side *side, bool output, bool zero_copy)
{
	unsigned int i;
	int ret;

	for (i = 0; i < side->count; i++) {
		size_t size = side->info[i].padded_size;

		if (zero_copy) {
			struct apu_bo *bo;

			check(lib.bo_create(run->dev, size, &bo), EXIT_DEVICE);
			check(lib.bo_map(bo, &side->data[i]), EXIT_DEVICE);
			run->bos[run->num_bos++] = bo;
			ret = output ? lib.request_bind_output_bo(run->request, i, bo, 0, size)
				     : lib.request_bind_input_bo(run->request, i, bo, 0, size);
		} else {
			side->data[i] = malloc(size);
			if (!side->data[i])
				die(EXIT_DEVICE, "no memory for %zu bytes", size);
			ret = output ? lib.request_bind_output(run->request, i, side->data[i], size)
				     : lib.request_bind_input(run->request, i, side->data[i], size);
		}
		check(ret, EXIT_DEVICE);
	}
}

static void runner_init(struct runner *run, const struct options *opts, struct apu_model *model)
{
	check(lib.device_open(opts->device, &run->dev), EXIT_DEVICE);
	check(lib.session_create(run->dev, model, APU_PRIORITY_NORMAL, &run->session), EXIT_DEVICE);
	if (opts->boost >= 0 || opts->turbo) {
		struct apu_qos qos = {
			.priority = APU_PRIORITY_NORMAL,
			.boost = opts->turbo ? 100 : (uint32_t)opts->boost,
		};

		check(lib.session_set_qos(run->session, &qos), EXIT_DEVICE);
	}
	check(lib.request_create(run->session, &run->request), EXIT_DEVICE);
}

static void runner_fini(struct runner *run)
{
	lib.request_release(run->request);
	while (run->num_bos)
		lib.bo_release(run->bos[--run->num_bos]);
	lib.session_release(run->session);
	lib.device_close(run->dev);
}

/* Cycles as time, at the clock that the inference had. */
static double ms_of(const struct apu_profile *profile, uint64_t cycles)
{
	if (!profile->cycles)
		return 0;
	return (double)profile->device_ns / 1e6 * (double)cycles / (double)profile->cycles;
}

static void print_profile(struct runner *run)
{
	struct apu_profile profile;
	struct apu_memory memory;
	unsigned int i;

	check(lib.request_get_profile(run->request, &profile), EXIT_INFERENCE);
	lib.session_get_memory(run->session, &memory);
	printf("Profile of the last inference:\n");
	printf("  jobs: %u\n", profile.num_jobs);
	printf("  cycles: %llu\n", (unsigned long long)profile.cycles);
	printf("  device time: %.3f ms\n", (double)profile.device_ns / 1e6);
	for (i = 0; i < APU_NUM_ENGINE_CLASSES; i++) {
		const struct apu_engine_profile *e = &profile.engine[i];

		if (e->streams)
			printf("  %s: %u streams, %llu cycles busy (%.3f ms), %llu bytes DRAM, "
			       "%llu bytes L1\n",
			       lib.engine_name(i), e->streams, (unsigned long long)e->busy,
			       ms_of(&profile, e->busy), (unsigned long long)e->dram_bytes,
			       (unsigned long long)e->l1_bytes);
	}
	printf("Memory: static %llu, temporary %llu, input/output %llu, commands %llu, in all %llu "
	       "bytes\n",
	       (unsigned long long)memory.static_bytes, (unsigned long long)memory.temp_bytes,
	       (unsigned long long)memory.io_bytes, (unsigned long long)memory.command_bytes,
	       (unsigned long long)memory.total_bytes);
}

/* On long runs, every so often. */
static void print_progress(unsigned long done, unsigned long all)
{
	static double start, last;
	double now = now_ms();

	if (done == 0)
		start = last = now;
	if (now - last < PROGRESS_MS)
		return;
	last = now;
	fprintf(stderr, "neuronrt: %lu of %lu inferences after %.0f s\n", done, all,
		(now - start) / 1e3);
}

/* The number of outputs that were not as they should be. */
static unsigned int run_samples(struct runner *run, const struct options *opts, struct side *in,
				struct side *out, unsigned long samples)
{
	unsigned long i, j, count = 0, all = samples * opts->repeat;
	unsigned int different = 0;
	double total = 0;

	for (i = 0; i < samples; i++) {
		double start;

		read_sample(in);
		start = now_ms();
		for (j = 0; j < opts->repeat; j++) {
			int ret;

			print_progress(count, all);
			ret = lib.request_run(run->request);
			if (ret)
				die(EXIT_INFERENCE, "sample %lu: %s", i, lib.last_error());
			count++;
		}
		total += now_ms() - start;
		write_sample(out);
		different += compare_sample(out, opts, i);
	}
	printf("Total inference time = %.0f ms (%.2f ms/inf, %lu inferences)\n", total,
	       total / (double)count, count);
	if (opts->golden.count && !different)
		printf("Verified: %lu sample%s as expected\n", samples, samples == 1 ? "" : "s");
	return different;
}

int main(int argc, char **argv)
{
	struct runner run = {0};
	struct options opts;
	struct apu_model *model;
	struct side in, out;
	unsigned int different = 0;
	unsigned long samples;

	parse_options(&opts, argc, argv);
	library_load();
	check(lib.model_load_file(opts.model, &model), EXIT_FILE);
	side_init(&in, model, false);
	side_init(&out, model, true);
	if (opts.show_io) {
		side_print(&in);
		side_print(&out);
	}
	/* To learn the inputs and outputs no data is needed. */
	if (opts.show_io && opts.in.count == 0 && opts.out.count == 0) {
		lib.model_release(model);
		return 0;
	}
	samples = open_inputs(&in, &opts);
	if (opts.hardware)
		runner_init(&run, &opts, model);
	open_outputs(&out, &opts);
	if (opts.hardware) {
		bind_side(&run, &in, false, opts.zero_copy);
		bind_side(&run, &out, true, opts.zero_copy);
		open_golden(&out, &opts, samples);
		different = run_samples(&run, &opts, &in, &out, samples);
		if (opts.profile)
			print_profile(&run);
		runner_fini(&run);
	} else {
		printf("Mode null: the model is sound; nothing was run\n");
	}
	close_files(&in, &opts.in);
	close_files(&out, &opts.out);
	if (opts.hardware && !opts.zero_copy) {
		unsigned int i;

		for (i = 0; i < in.count; i++)
			free(in.data[i]);
		for (i = 0; i < out.count; i++)
			free(out.data[i]);
	}
	lib.model_release(model);
	return different ? EXIT_DIFFERENT : 0;
}

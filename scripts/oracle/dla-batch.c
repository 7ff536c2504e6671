// SPDX-License-Identifier: MIT
/*
 * Runs many compiled models on the APU in one process, for the conformance tests:
 * the counterpart of tfl-oracle, with the same files.
 *
 *   dla-batch [--rate HZ] [--bench N] MODEL IN OUT
 *   dla-batch --batch LIST
 *
 * IN holds samples one after the other, a sample being all inputs in order; OUT gets,
 * per sample, all outputs. LIST has lines "MODEL IN OUT"; the answer is a line
 * "ok MODEL" or "fail MODEL: reason" for each. --bench runs the samples N times
 * more and prints the time of one inference in nanoseconds. With --rate inferences
 * begin HZ times a second, and the time that they had each class of engines is printed.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <apu/apu.h>

/* As the .dla format. */
#define MAX_IO 12

struct net {
	struct apu_model *model;
	struct apu_session *session;
	struct apu_request *request;
	unsigned int num_in, num_out;
	size_t in_size[MAX_IO], out_size[MAX_IO];
	/* Sums of the above: a sample. */
	size_t in_bytes, out_bytes;
};

/* What went wrong, for one line. */
static char reason[512];

static int because(const char *what, const char *detail)
{
	snprintf(reason, sizeof(reason), "%s%s%s", what, *detail ? ": " : "", detail);
	return -1;
}

static void net_free(struct net *net)
{
	apu_request_release(net->request);
	apu_session_release(net->session);
	apu_model_release(net->model);
	memset(net, 0, sizeof(*net));
}

static int net_load(struct net *net, struct apu_device *dev, const char *path)
{
	struct apu_tensor_info t;
	struct apu_model_info info;
	unsigned int i;

	if (apu_model_load_file(path, &net->model))
		return because("load", apu_last_error());
	apu_model_get_info(net->model, &info);
	net->num_in = info.num_inputs;
	net->num_out = info.num_outputs;
	if (net->num_in > MAX_IO || net->num_out > MAX_IO)
		return because("too many inputs or outputs", "");
	for (i = 0; i < net->num_in; i++) {
		if (apu_model_get_input(net->model, i, &t))
			return because("get_input", apu_last_error());
		net->in_size[i] = t.padded_size;
		net->in_bytes += t.padded_size;
	}
	for (i = 0; i < net->num_out; i++) {
		if (apu_model_get_output(net->model, i, &t))
			return because("get_output", apu_last_error());
		net->out_size[i] = t.padded_size;
		net->out_bytes += t.padded_size;
	}
	if (apu_session_create(dev, net->model, APU_PRIORITY_NORMAL, &net->session) ||
	    apu_request_create(net->session, &net->request))
		return because("session", apu_last_error());
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* Of --rate: when the next inference begins, and what those so far have done. */
static struct {
	uint64_t period_ns, next_ns;
	uint64_t runs, busy_ns, class_ns[APU_NUM_ENGINE_CLASSES];
} rate;

static void rate_wait(void)
{
	struct timespec ts;

	if (!rate.next_ns)
		rate.next_ns = now_ns();
	ts.tv_sec = rate.next_ns / 1000000000;
	ts.tv_nsec = rate.next_ns % 1000000000;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
	rate.next_ns += rate.period_ns;
}

static int rate_count(struct apu_request *request)
{
	struct apu_profile profile;
	unsigned int i;

	if (apu_request_get_profile(request, &profile))
		return because("profile", apu_last_error());
	rate.runs++;
	rate.busy_ns += profile.device_ns;
	for (i = 0; i < APU_NUM_ENGINE_CLASSES; i++)
		if (profile.engine[i].streams)
			rate.class_ns[i] += profile.device_ns;
	return 0;
}

static int net_run(struct net *net, const uint8_t *in, uint8_t *out)
{
	unsigned int i;

	if (rate.period_ns)
		rate_wait();
	for (i = 0; i < net->num_in; in += net->in_size[i++])
		if (apu_request_bind_input(net->request, i, in, net->in_size[i]))
			return because("bind", apu_last_error());
	for (i = 0; i < net->num_out; out += net->out_size[i++])
		if (apu_request_bind_output(net->request, i, out, net->out_size[i]))
			return because("bind", apu_last_error());
	if (apu_request_run(net->request))
		return because("run", apu_last_error());
	return rate.period_ns ? rate_count(net->request) : 0;
}

static int read_file(const char *path, uint8_t **data, size_t *size)
{
	FILE *f = fopen(path, "rb");
	long end = -1;

	*data = NULL;
	if (f && !fseek(f, 0, SEEK_END))
		end = ftell(f);
	if (end > 0) {
		rewind(f);
		*size = end;
		*data = malloc(*size);
		if (*data && fread(*data, 1, *size, f) != *size) {
			free(*data);
			*data = NULL;
		}
	}
	if (f)
		fclose(f);
	return *data ? 0 : because("cannot read", path);
}

static int write_file(const char *path, const uint8_t *data, size_t size)
{
	FILE *f = fopen(path, "wb");
	bool good = f && fwrite(data, 1, size, f) == size;

	if (f && fclose(f))
		good = false;
	return good ? 0 : because("cannot write", path);
}

static int compare_ns(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int bench(struct apu_device *dev, struct net *net, const uint8_t *in, size_t samples,
		 uint8_t *out, unsigned int times)
{
	struct apu_profile profile;
	struct apu_device_info info;
	uint64_t *ns = calloc(times, sizeof(*ns));
	unsigned int i;
	int ret = 0;

	if (!ns)
		return because("no memory", "");
	for (i = 0; i < times && !ret; i++) {
		uint64_t start = now_ns();

		ret = net_run(net, in + i % samples * net->in_bytes, out);
		ns[i] = now_ns() - start;
	}
	if (!ret) {
		qsort(ns, times, sizeof(*ns), compare_ns);
		printf("inference_ns median %llu min %llu max %llu runs %u\n",
		       (unsigned long long)ns[times / 2], (unsigned long long)ns[0],
		       (unsigned long long)ns[times - 1], times);
		apu_device_get_info(dev, &info);
		if (!apu_request_get_profile(net->request, &profile))
			printf("device cycles %llu khz %u\n", (unsigned long long)profile.cycles,
			       info.max_khz);
	}
	free(ns);
	return ret;
}

static int run(struct apu_device *dev, const char *model, const char *in_path, const char *out_path,
	       unsigned int times)
{
	struct net net = {0};
	uint8_t *in = NULL, *out = NULL;
	size_t in_size = 0, samples, i;
	int ret = net_load(&net, dev, model);

	if (!ret)
		ret = read_file(in_path, &in, &in_size);
	if (!ret && (!net.in_bytes || in_size % net.in_bytes))
		ret = because("no whole number of samples", in_path);
	samples = ret ? 0 : in_size / net.in_bytes;
	if (!ret) {
		/* Output bytes that nobody writes must not look right by chance. */
		out = malloc(samples * net.out_bytes);
		if (out)
			memset(out, 0xa5, samples * net.out_bytes);
		else
			ret = because("no memory", "");
	}
	for (i = 0; i < samples && !ret; i++)
		ret = net_run(&net, in + i * net.in_bytes, out + i * net.out_bytes);
	if (!ret)
		ret = write_file(out_path, out, samples * net.out_bytes);
	if (!ret && times)
		ret = bench(dev, &net, in, samples, out, times);
	free(in);
	free(out);
	net_free(&net);
	return ret;
}

static int run_batch(struct apu_device *dev, const char *list)
{
	char model[1024], in[1024], out[1024];
	FILE *f = fopen(list, "r");
	int status = 0, fields;

	if (!f) {
		fprintf(stderr, "error: %s: %s\n", list, strerror(errno));
		return 1;
	}
	while ((fields = fscanf(f, "%1023s %1023s %1023s", model, in, out)) == 3) {
		if (run(dev, model, in, out, 0)) {
			printf("fail %s: %s\n", model, reason);
			status = 1;
		} else {
			printf("ok %s\n", model);
		}
		fflush(stdout);
	}
	if (fields != EOF) {
		fprintf(stderr, "error: %s: bad line\n", list);
		status = 1;
	}
	fclose(f);
	return status;
}

int main(int argc, char **argv)
{
	struct apu_device *dev;
	unsigned int times = 0;
	int status, at = 1;

	if (argc > 2 && !strcmp(argv[1], "--rate")) {
		unsigned long hz = strtoul(argv[2], NULL, 10);

		if (!hz || hz > 1000000) {
			fputs("error: --rate: 1 to 1000000 are possible\n", stderr);
			return 2;
		}
		rate.period_ns = 1000000000 / hz;
		argv += 2;
		argc -= 2;
	}
	if (argc > 2 && !strcmp(argv[1], "--bench")) {
		times = strtoul(argv[2], NULL, 10);
		at = 3;
	}
	if (argc - at != 3 && !(argc == 3 && !strcmp(argv[1], "--batch"))) {
		fputs("usage: dla-batch [--rate HZ] [--bench N] MODEL IN OUT\n"
		      "       dla-batch --batch LIST\n",
		      stderr);
		return 2;
	}
	if (apu_device_open(NULL, &dev)) {
		fprintf(stderr, "error: %s\n", apu_last_error());
		return 1;
	}
	if (argc - at == 3) {
		status = !!run(dev, argv[at], argv[at + 1], argv[at + 2], times);
		if (status)
			fprintf(stderr, "error: %s: %s\n", argv[at], reason);
		else if (rate.period_ns)
			printf("busy_ns runs %llu top %llu mdla %llu edma %llu mvpu %llu\n",
			       (unsigned long long)rate.runs, (unsigned long long)rate.busy_ns,
			       (unsigned long long)rate.class_ns[APU_ENGINE_MDLA],
			       (unsigned long long)rate.class_ns[APU_ENGINE_EDMA],
			       (unsigned long long)rate.class_ns[APU_ENGINE_MVPU]);
	} else {
		status = run_batch(dev, argv[2]);
	}
	apu_device_close(dev);
	return status;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * Power domains: which are on, for how long, and that nothing happens when none is.
 */

#include "apu_test.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "apu_harness.h"

#define MAX_ENGINES 16
#define CLASSES 3

static const char * const class_suffix[CLASSES] = { ".mdla", ".edma", ".mvpu" };

struct engine {
	/* Of the domain, and of the device in it. */
	char domain[32];
	char device[64];
	int class;
};

FIXTURE(domain) {
	struct client c;
	struct engine engines[MAX_ENGINES];
	int num_engines;
	char top[64];
};

static void domain_path(char *path, const char *domain, const char *file)
{
	snprintf(path, PATH_MAX, GENPD "%s/%s", domain, file);
}

static bool domain_is(const char *domain, const char *state)
{
	char path[PATH_MAX];

	domain_path(path, domain, "current_state");

	return file_is(path, state);
}

static bool domain_becomes(const char *domain, const char *state)
{
	char path[PATH_MAX];

	domain_path(path, domain, "current_state");

	return file_becomes(path, state);
}

/* Engine @i as genpd knows it; false if there is none. */
static bool find_engine(struct engine *e, int i)
{
	char path[PATH_MAX], text[256];
	const char *name;

	snprintf(e->domain, sizeof(e->domain), "apu-engine%d", i);
	domain_path(path, e->domain, "devices");
	if (read_file(path, text, sizeof(text)))
		return false;
	name = strrchr(text, '/');
	snprintf(e->device, sizeof(e->device), "%.63s", name ? name + 1 : text);
	for (e->class = 0; e->class < CLASSES; e->class++)
		if (strstr(e->device, class_suffix[e->class]))
			return true;

	return false;
}

FIXTURE_SETUP(domain)
{
	if (access(GENPD "pm_genpd_summary", R_OK))
		SKIP(return, "no debugfs");
	ASSERT_EQ(0, client_open(&self->c));
	ASSERT_EQ(0, find_device(".apu", self->top, sizeof(self->top)));
	while (self->num_engines < MAX_ENGINES &&
	       find_engine(&self->engines[self->num_engines], self->num_engines))
		self->num_engines++;
	ASSERT_LT(0, self->num_engines);
	ASSERT_TRUE(domain_becomes("apu-top", "off-0"));
}

FIXTURE_TEARDOWN(domain)
{
	client_close(&self->c);
}

/* A job of nothing but the end of a stream, behind a fence if @wait is not 0. */
static int submit_empty(struct client *c, int class, uint32_t wait, uint64_t *seqno)
{
	struct stream s = stream_begin(c, class);
	struct drm_apu_bo_ref ref = { c->data.handle, DRM_APU_BO_REF_WRITE };
	struct drm_apu_sync_op op = { 0, wait, 0 };
	struct drm_apu_stream stream = stream_end(&s);
	struct drm_apu_job job = {
		.streams = DRM_APU_OBJ_ARRAY(1, &stream),
		.bos = DRM_APU_OBJ_ARRAY(1, &ref),
		.syncs = DRM_APU_OBJ_ARRAY(!!wait, &op),
	};

	return submit(c, &job, 1, seqno);
}

/* The line of @text that begins with @name, up to its end, or an empty one. */
static void line_of(const char *text, const char *indent, const char *name, char *line,
		    size_t size)
{
	char begin[128];
	const char *at;

	snprintf(begin, sizeof(begin), "\n%s%s ", indent, name);
	at = strstr(text, begin);
	snprintf(line, size, "%.*s", at ? (int)strcspn(at + 1, "\n") : 0, at ? at + 1 : "");
}

/* What pm_genpd_summary says of a domain and of the device in it. */
static void expect_summary(struct __test_metadata *_metadata, const char *text,
			   const char *domain, const char *device, bool on)
{
	char line[256], state[32] = "", status[32] = "";
	int n;

	line_of(text, "", domain, line, sizeof(line));
	n = sscanf(line, "%*s %31s", state);
	EXPECT_EQ(1, n);
	EXPECT_STREQ(on ? "on" : "off-0", state) {
		TH_LOG("domain %s", domain);
	}
	line_of(text, "    ", device, line, sizeof(line));
	n = sscanf(line, "%*s %31s", status);
	EXPECT_EQ(1, n);
	EXPECT_STREQ(on ? "active" : "suspended", status) {
		TH_LOG("device %s", device);
	}
}

FIXTURE_VARIANT(domain) {
	int class;
};

FIXTURE_VARIANT_ADD(domain, mdla) {
	.class = DRM_APU_ENGINE_MDLA,
};

FIXTURE_VARIANT_ADD(domain, edma) {
	.class = DRM_APU_ENGINE_EDMA,
};

FIXTURE_VARIANT_ADD(domain, mvpu) {
	.class = DRM_APU_ENGINE_MVPU,
};

/* From the submit on, as the job waits for a fence that we signal. */
TEST_F(domain, follows_the_job)
{
	int i, seen = 0, timeline = gate_open();
	static char text[16384];
	char path[PATH_MAX];
	uint64_t seqno;
	uint32_t wait;

	if (timeline < 0)
		SKIP(return, "no sw_sync in this kernel");
	wait = gate_syncobj(self->c.fd, timeline, 1);
	ASSERT_NE(0, wait);
	ASSERT_EQ(0, submit_empty(&self->c, variant->class, wait, &seqno));

	ASSERT_EQ(0, read_all(GENPD "pm_genpd_summary", text, sizeof(text)));
	EXPECT_TRUE(domain_is("apu-top", "on"));
	expect_summary(_metadata, text, "apu-top", self->top, true);
	for (i = 0; i < self->num_engines; i++) {
		const struct engine *e = &self->engines[i];
		bool on = e->class == variant->class;

		seen += on;
		EXPECT_TRUE(domain_is(e->domain, on ? "on" : "off-0"));
		expect_summary(_metadata, text, e->domain, e->device, on);
	}
	EXPECT_LT(0, seen);

	ASSERT_EQ(0, gate_advance(timeline, 1));
	ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
	close(timeline);
	/* Last of all, after its domain. */
	snprintf(path, sizeof(path), SYS_PLATFORM "devices/%s/power/runtime_status", self->top);
	EXPECT_TRUE(file_becomes(path, "suspended"));
	EXPECT_TRUE(domain_is("apu-top", "off-0"));
	ASSERT_EQ(0, read_all(GENPD "pm_genpd_summary", text, sizeof(text)));
	expect_summary(_metadata, text, "apu-top", self->top, false);
	for (i = 0; i < self->num_engines; i++)
		expect_summary(_metadata, text, self->engines[i].domain, self->engines[i].device,
			       false);
}

/* Of all engines of the class. Returns 0 or a negative error number. */
static int set_autosuspend_delay(FIXTURE_DATA(domain) *self, int class, const char *ms)
{
	char path[PATH_MAX];
	int i, ret = 0;

	for (i = 0; i < self->num_engines && !ret; i++) {
		if (self->engines[i].class != class)
			continue;
		snprintf(path, sizeof(path), SYS_PLATFORM "devices/%s/power/autosuspend_delay_ms",
			 self->engines[i].device);
		ret = write_file(path, ms);
	}

	return ret;
}

/* How often the domain has been switched off, -1 if that is not known. */
static long long times_off(const char *domain)
{
	char path[PATH_MAX], text[512];
	long long usage;

	domain_path(path, domain, "idle_states");
	if (read_all(path, text, sizeof(text)) || !strchr(text, '\n') ||
	    sscanf(strchr(text, '\n'), " S0 %*u %lld", &usage) != 1)
		return -1;

	return usage;
}

/* Jobs that keep an engine of the class busy, if none are left. Returns 0 or -errno. */
static int keep_busy(struct client *c, int class, uint64_t *last)
{
	struct drm_apu_bo_ref ref = { c->data.handle, 0 };
	struct drm_apu_job_stats stats;
	struct drm_apu_stream stream;
	struct drm_apu_job jobs[16];
	struct stream s;
	uint64_t seqno;
	int i, ret;

	if (*last && job_stats(c->fd, c->ctx, *last, &stats) == -EAGAIN)
		return 0;
	c->cmd_used = 0;
	s = stream_begin(c, class);
	for (i = 0; i < 5000; i++)
		emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
	stream = stream_end(&s);
	for (i = 0; i < 16; i++)
		jobs[i] = (struct drm_apu_job) {
			.streams = DRM_APU_OBJ_ARRAY(1, &stream),
			.bos = DRM_APU_OBJ_ARRAY(1, &ref),
		};
	ret = submit(c, jobs, 16, &seqno);
	*last = seqno + 15;

	return ret;
}

/* 200 times off and on, while other engines have jobs. */
TEST_F_TIMEOUT(domain, flips_under_load, 300)
{
	const int class = variant->class, load_class = (class + 1) % CLASSES;
	long long before[MAX_ENGINES] = {};
	uint64_t seqno, last = 0;
	struct client load;
	int i, j;

	ASSERT_EQ(0, client_open(&load));
	ASSERT_EQ(0, set_autosuspend_delay(self, class, "0"));
	for (i = 0; i < self->num_engines; i++)
		before[i] = times_off(self->engines[i].domain);

	for (j = 0; j < 200; j++) {
		ASSERT_EQ(0, keep_busy(&load, load_class, &last));
		self->c.cmd_used = 0;
		ASSERT_EQ(0, submit_empty(&self->c, class, 0, &seqno));
		ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
		for (i = 0; i < self->num_engines; i++)
			if (self->engines[i].class == class)
				ASSERT_TRUE(domain_becomes(self->engines[i].domain, "off-0"));
	}
	EXPECT_EQ(0, job_wait(&load, load.ctx, last));
	client_close(&load);

	for (i = 0; i < self->num_engines; i++)
		if (self->engines[i].class == class)
			EXPECT_EQ(before[i] + 200, times_off(self->engines[i].domain));
	EXPECT_EQ(0, set_autosuspend_delay(self, class, "50"));
}

/*
 * Time is added where the job was and nowhere else, and the delay before power off is in
 * it; cycles are time by the clock, here the slowest.
 */
TEST_F(domain, residency_adds_up)
{
	static const char * const delays[] = { "50", "400", "0" };
	struct residency top, again, before[MAX_ENGINES] = {}, after;
	struct drm_apu_job_stats stats;
	char governor[PATH_MAX], old[64];
	uint64_t seqno;
	long long ns, least;
	int i, j;

	snprintf(governor, sizeof(governor), "/sys/class/devfreq/%s/governor", self->top);
	ASSERT_EQ(0, read_file(governor, old, sizeof(old)));
	ASSERT_EQ(0, write_file(governor, "powersave"));
	for (j = 0; j < 3; j++) {
		ASSERT_TRUE(domain_becomes("apu-top", "off-0"));
		top = residency("apu-top");
		EXPECT_LT(0, top.ns);
		for (i = 0; i < self->num_engines; i++)
			before[i] = residency(self->engines[i].domain);
		/* It is off. */
		EXPECT_EQ(top.ns, residency("apu-top").ns);

		ASSERT_EQ(0, set_autosuspend_delay(self, variant->class, delays[j]));
		ASSERT_EQ(0, submit_empty(&self->c, variant->class, 0, &seqno));
		ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
		ASSERT_EQ(0, job_stats(self->c.fd, self->c.ctx, seqno, &stats));
		ASSERT_TRUE(domain_becomes("apu-top", "off-0"));

		again = residency("apu-top");
		least = stats.end - stats.start + atoi(delays[j]) * 1000000ll;
		for (i = 0; i < self->num_engines; i++) {
			after = residency(self->engines[i].domain);
			ns = after.ns - before[i].ns;
			if (self->engines[i].class != variant->class) {
				EXPECT_EQ(0, ns);
				continue;
			}
			EXPECT_LE(least, ns);
			EXPECT_LE(ns, again.ns - top.ns);
			/* 200 MHz; fractions of cycles are lost now and then. */
			EXPECT_LE(llabs(ns / 5 - (after.cycles - before[i].cycles)), 2);
		}
	}
	EXPECT_EQ(0, set_autosuspend_delay(self, variant->class, "50"));
	EXPECT_EQ(0, write_file(governor, old));
}

#define TRACING "/sys/kernel/tracing/"
#define INSTANCE TRACING "instances/apu_domain/"

static const char * const idle_events[] = {
	"timer/timer_start", "timer/timer_expire_entry", "timer/hrtimer_start",
	"timer/hrtimer_expire_entry", "workqueue/workqueue_queue_work",
	"workqueue/workqueue_execute_start", "irq/irq_handler_entry", "rpm", "devfreq", "apu",
	"gpu_scheduler",
};

FIXTURE(idle) {
	struct client c;
	char top[64];
	char power[64];
};

FIXTURE_SETUP(idle)
{
	if (access(TRACING "events", F_OK))
		mount("tracefs", TRACING, "tracefs", 0, NULL);
	if (access(TRACING "events/apu", F_OK))
		SKIP(return, "no trace events in this kernel");
	ASSERT_EQ(0, client_open(&self->c));
	ASSERT_EQ(0, find_device(".apu", self->top, sizeof(self->top)));
	ASSERT_EQ(0, find_device(".power-controller", self->power, sizeof(self->power)));
	ASSERT_EQ(0, mkdir(INSTANCE, 0700));
}

FIXTURE_TEARDOWN(idle)
{
	client_close(&self->c);
	EXPECT_EQ(0, rmdir(INSTANCE));
}

/* Lines of the trace that have to do with the APU; shows the first few. */
static int traced_lines(FIXTURE_DATA(idle) *self, bool show)
{
	const char * const words[] = {
		"[apu]", "[apu_power]", " apu_", "devfreq", "gpu_scheduler", "drm_sched", self->top,
		self->power, class_suffix[0], class_suffix[1], class_suffix[2],
	};
	const char *event;
	char line[512];
	int i, n = 0;
	FILE *f;

	/* A slow machine writes quicker than it can be read, without end. */
	if (write_file(INSTANCE "tracing_on", "0"))
		return -1;
	f = fopen(INSTANCE "trace", "r");
	while (f && fgets(line, sizeof(line), f)) {
		/* Before that is who did it, and that can be us. */
		event = line[0] == '#' ? NULL : strstr(line, ": ");
		for (i = 0; event && i < ARRAY_SIZE(words) && !strstr(event, words[i]); i++)
			;
		if (!event || i == ARRAY_SIZE(words))
			continue;
		if (show && n < 5)
			printf("# %s", line);
		n++;
	}
	if (f)
		fclose(f);

	return !f || write_file(INSTANCE "tracing_on", "1") ? -1 : n;
}

/* No timer, no work, no interrupt, for a second and a half, which is longer than any period. */
TEST_F(idle, nothing_happens)
{
	const struct timespec span = { 1, 500000000 };
	char path[PATH_MAX];
	uint64_t seqno;
	FILE *f;
	int i;

	for (i = 0; i < ARRAY_SIZE(idle_events); i++) {
		snprintf(path, sizeof(path), INSTANCE "events/%s/enable", idle_events[i]);
		EXPECT_EQ(0, write_file(path, "1")) {
			TH_LOG("%s", idle_events[i]);
		}
	}

	/* A job leaves traces. */
	ASSERT_EQ(0, submit_empty(&self->c, DRM_APU_ENGINE_EDMA, 0, &seqno));
	ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));
	EXPECT_LT(10, traced_lines(self, false));

	EXPECT_TRUE(domain_becomes("apu-top", "off-0"));
	/* Opening it for writing empties it. */
	f = fopen(INSTANCE "trace", "w");
	ASSERT_NE(NULL, f);
	fclose(f);
	nanosleep(&span, NULL);
	EXPECT_EQ(0, traced_lines(self, true));
	EXPECT_TRUE(domain_is("apu-top", "off-0"));
}

TEST_HARNESS_MAIN

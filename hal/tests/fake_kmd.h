/* SPDX-License-Identifier: MIT */
/*
 * Stands in for kmd.c: a kernel with one device, in memory. Jobs run inside kmd_submit(): it
 * checks what the hardware and the driver would, decodes prologues, and carries out COPY.
 */
#ifndef APU_TESTS_FAKE_KMD_H
#define APU_TESTS_FAKE_KMD_H

#include <stdbool.h>

#include "kmd.h"

#define FAKE_NODE "/dev/fake0"
/* A dma-buf of another device, one page, as a file descriptor. */
#define FAKE_DMABUF 2000
/* The one sync file that can be imported. */
#define FAKE_SYNC_FILE 5
#define FAKE_MAX_SYNCS 8

struct fake_job {
	unsigned int num_syncs;
	struct drm_apu_sync_op syncs[FAKE_MAX_SYNCS];
	unsigned int num_deps;
	uint32_t deps[8];
	unsigned int num_bos;
	struct drm_apu_bo_ref bos[16];
	uint32_t l1_kib;
	uint32_t time_limit_us;
};

struct fake {
	/* Settings. */
	struct drm_apu_dev_info info;
	/* Of the device, FAKE_NODE, and bytes of FAKE_DMABUF. */
	const char *node;
	uint64_t dmabuf_size;
	int open_error;
	/* Where open_error comes up, and one more node with its error; NULL: everywhere, none. */
	const char *open_error_node;
	const char *bad_node;
	int bad_node_error;
	/* What the import of a dma-buf fails with; 0: nothing. */
	int import_error;
	int version_major;
	int version_minor;
	/* The next submit's job ends so; enum drm_apu_ctx_cause. */
	uint32_t fail_cause;
	/* The device has been taken away: submit and state fail with -ENODEV. */
	bool gone;
	/* The client has all it may have: new buffers fail with -EDQUOT, submit with -EBUSY. */
	bool at_limit;
	/* Of a client, as the driver has it. */
	unsigned int max_contexts;
	/* Fences of submits do not signal: see fake_release_hold(). */
	bool hold;
	/* With hold: who waits for ever does so, until another thread lets go. */
	bool block;
	/* What jobs are said to have used, and whether that fails. */
	uint32_t stats_class;
	int stats_error;
	/* The n-th call from now that can fail does, with -ENOMEM; 0: none. */
	unsigned int fail_nth;

	/* Calls so far. */
	unsigned int submits;
	unsigned int waits;
	unsigned int maps;
	unsigned int contexts;
	/* Objects alive. */
	unsigned int live_fds;
	unsigned int live_vms;
	unsigned int live_bos;
	unsigned int live_mappings;
	unsigned int live_cpu_mappings;
	unsigned int live_contexts;
	unsigned int live_syncobjs;
	/* The newest submit, and what its context has. */
	struct drm_apu_ctx_set_qos qos;
	unsigned int num_jobs;
	struct fake_job jobs[8];
	uint32_t regions_set;
};

extern struct fake fake;

/* Forgets everything. */
void fake_reset(void);
/* Waits until there were so many submits. */
void fake_await_submits(unsigned int count);
/* Waits until there were so many waits, some of which may go on. */
void fake_await_waits(unsigned int count);
/* Signals the fences that hold kept, and those to come. */
void fake_release_hold(void);
/* Contents of the foreign dma-buf. */
uint8_t *fake_dmabuf_data(void);
/* Fails the test if an object is alive. */
void fake_assert_no_leak(void);

#endif

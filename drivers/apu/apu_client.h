/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __APU_CLIENT_H__
#define __APU_CLIENT_H__

#include <linux/atomic.h>
#include <linux/kref.h>

#include "apu_perf.h"

struct apu_device;

/* What an open file may have; part of the UAPI. */
#define APU_MAX_VMS		4096
#define APU_MAX_CTXS		256
#define APU_MAX_JOBS_IN_FLIGHT	1024
#define APU_MAX_QUEUED_OPS	4096

/**
 * struct apu_client - what is counted per open file
 *
 * Contexts live on in their jobs, and buffers with whoever they are shared, when the
 * file is closed.
 */
struct apu_client {
	/** @ref: the file, its contexts and its buffers hold references */
	struct kref ref;
	/** @jobs: jobs in flight, of all contexts */
	atomic_t jobs;
	/** @queued_ops: operations of asynchronous binds that have not been done */
	atomic_t queued_ops;
	/** @import_pages: of imported buffers; protected by &apu_device.bo_lock */
	unsigned long import_pages;
	/** @bo_pages: its part of &apu_device.bo_pages; protected by &apu_device.bo_lock */
	unsigned long bo_pages;
	/** @perf: sum over all contexts; protected by &apu_device.job_lock */
	struct apu_perf perf;
};

struct apu_client *apu_client_create(void);
struct apu_client *apu_client_get(struct apu_client *client);
void apu_client_put(struct apu_client *client);

bool apu_client_add_job(struct apu_client *client);
void apu_client_del_job(struct apu_client *client);
bool apu_client_add_ops(struct apu_client *client, int ops);
void apu_client_del_ops(struct apu_client *client, int ops);

int apu_client_charge(struct apu_client *client, struct apu_device *adev, unsigned long pages);
void apu_client_uncharge(struct apu_client *client, struct apu_device *adev, unsigned long pages);
int apu_client_charge_import(struct apu_client *client, struct apu_device *adev,
			     unsigned long pages);
void apu_client_uncharge_import(struct apu_client *client, struct apu_device *adev,
				unsigned long pages);

#endif /* __APU_CLIENT_H__ */

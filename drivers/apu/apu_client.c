// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is counted per client, and how much of it a client may have.
 *
 * What the kernel allocates for a client is accounted to its memory cgroup. Where there
 * is none, and for what is held by numbers rather than by memory, limits see to it that
 * no client takes all there is.
 */

#include <linux/mm.h>
#include <linux/slab.h>

#include "apu_client.h"
#include "apu_device.h"
#include "compat.h"

/**
 * apu_client_create() - Allocate a client's counters
 *
 * Return: The client with one reference, or NULL.
 */
struct apu_client *apu_client_create(void)
{
	struct apu_client *client = kzalloc_obj(*client);

	if (client)
		kref_init(&client->ref);

	return client;
}

/**
 * apu_client_get() - Take a reference
 * @client: client
 *
 * Return: @client.
 */
struct apu_client *apu_client_get(struct apu_client *client)
{
	kref_get(&client->ref);

	return client;
}

static void apu_client_release(struct kref *ref)
{
	kfree(container_of(ref, struct apu_client, ref));
}

/**
 * apu_client_put() - Drop a reference
 * @client: client
 */
void apu_client_put(struct apu_client *client)
{
	kref_put(&client->ref, apu_client_release);
}

static bool apu_client_add(atomic_t *counter, int n, int max)
{
	int old = atomic_read(counter);

	do {
		if (old > max - n)
			return false;
	} while (!atomic_try_cmpxchg(counter, &old, old + n));

	return true;
}

/**
 * apu_client_add_job() - Count a job that is to be in flight
 * @client: client
 *
 * Return: Whether there may be one more.
 */
bool apu_client_add_job(struct apu_client *client)
{
	return apu_client_add(&client->jobs, 1, APU_MAX_JOBS_IN_FLIGHT);
}

/**
 * apu_client_del_job() - Undo apu_client_add_job()
 * @client: client
 *
 * To be called before the job's fence signals: who has waited can submit the next one.
 */
void apu_client_del_job(struct apu_client *client)
{
	atomic_dec(&client->jobs);
}

/**
 * apu_client_add_ops() - Count operations of a bind that is to be queued
 * @client: client
 * @ops: how many, at most %APU_MAX_QUEUED_OPS
 *
 * Each holds memory for page tables until it is done.
 *
 * Return: Whether there may be so many more.
 */
bool apu_client_add_ops(struct apu_client *client, int ops)
{
	return apu_client_add(&client->queued_ops, ops, APU_MAX_QUEUED_OPS);
}

/**
 * apu_client_del_ops() - Undo apu_client_add_ops()
 * @client: client
 * @ops: as they were counted
 *
 * To be called before the bind's fence signals.
 */
void apu_client_del_ops(struct apu_client *client, int ops)
{
	atomic_sub(ops, &client->queued_ops);
}

/*
 * What is behind a buffer is no part of the process, so when it is too much the OOM
 * killer would have everyone else go first. Half of the memory for all is what other
 * drivers let buffers have, too; a quarter of that is kept from each client, for others.
 */
static unsigned long apu_client_max_pages(void)
{
	unsigned long limit = totalram_pages() / 2;

	return limit - limit / 4;
}

static bool apu_client_fits(unsigned long used, unsigned long pages, unsigned long limit)
{
	return used <= limit && pages <= limit - used;
}

static int apu_client_check(const struct apu_client *client, const struct apu_device *adev,
			    unsigned long pages)
{
	if (!apu_client_fits(adev->bo_pages, pages, totalram_pages() / 2))
		return -ENOMEM;
	if (!apu_client_fits(client->bo_pages, pages, apu_client_max_pages()))
		return -EDQUOT;

	return 0;
}

/**
 * apu_client_charge() - Count the memory of a buffer
 * @client: client
 * @adev: APU
 * @pages: pages that the buffer may come to take
 *
 * Return: 0; -ENOMEM if that is too much for all clients together, -EDQUOT for this one.
 */
int apu_client_charge(struct apu_client *client, struct apu_device *adev, unsigned long pages)
{
	int ret;

	spin_lock(&adev->bo_lock);
	ret = apu_client_check(client, adev, pages);
	if (!ret) {
		adev->bo_pages += pages;
		client->bo_pages += pages;
	}
	spin_unlock(&adev->bo_lock);

	return ret;
}

/**
 * apu_client_uncharge() - Undo apu_client_charge()
 * @client: client
 * @adev: APU
 * @pages: as it was charged
 */
void apu_client_uncharge(struct apu_client *client, struct apu_device *adev, unsigned long pages)
{
	spin_lock(&adev->bo_lock);
	adev->bo_pages -= pages;
	client->bo_pages -= pages;
	spin_unlock(&adev->bo_lock);
}

/**
 * apu_client_charge_import() - Count the memory of an imported buffer
 * @client: client
 * @adev: APU
 * @pages: its size
 *
 * The memory is the exporter's, and several clients may have imported it, so it does not
 * count for all clients together. But it stays for as long as this one has it, so it may
 * have as much of that as of its own.
 *
 * Return: 0, or -EDQUOT.
 */
int apu_client_charge_import(struct apu_client *client, struct apu_device *adev,
			     unsigned long pages)
{
	bool fits;

	spin_lock(&adev->bo_lock);
	fits = apu_client_fits(client->import_pages, pages, apu_client_max_pages());
	if (fits)
		client->import_pages += pages;
	spin_unlock(&adev->bo_lock);

	return fits ? 0 : -EDQUOT;
}

/**
 * apu_client_uncharge_import() - Undo apu_client_charge_import()
 * @client: client
 * @adev: APU
 * @pages: as it was charged
 */
void apu_client_uncharge_import(struct apu_client *client, struct apu_device *adev,
				unsigned long pages)
{
	spin_lock(&adev->bo_lock);
	client->import_pages -= pages;
	spin_unlock(&adev->bo_lock);
}

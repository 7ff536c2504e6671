/* SPDX-License-Identifier: MIT */
/*
 * Calls back when requests have ended: one thread per device, from the first request
 * that has a callback to the close of the device.
 */
#ifndef APU_NOTIFY_H
#define APU_NOTIFY_H

struct apu_request;
struct notifier;

int notifier_start(struct notifier **out);
/* With nothing watched any more. Callable from a callback. */
void notifier_stop(struct notifier *notifier);
/*
 * Calls back when fence, a sync file that becomes the notifier's, has signalled. On failure it is
 * closed and nothing will be called.
 */
int notifier_watch(struct notifier *notifier, struct apu_request *request, int fence);
/*
 * Waits until the request is not watched and its callback has returned. From a callback it does not
 * wait: the request is not watched any more, and not called back.
 */
void notifier_drain(struct notifier *notifier, struct apu_request *request);

#endif

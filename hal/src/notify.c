// SPDX-License-Identifier: MIT
/*
 * The thread that calls back. It sleeps on the sync files of the watched requests; a
 * request that has ended leaves its care before its callback is called, so that the
 * callback can submit it again, or release it, its device too.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "error.h"
#include "notify.h"
#include "request.h"

struct notifier {
	pthread_t thread;
	int epoll;
	/* Readable: stop. */
	int wake;
	/* Covers what follows, and a request's fence. */
	pthread_mutex_t lock;
	pthread_cond_t idle;
	/* The one whose callback runs. */
	struct apu_request *current;
	bool stop;
	/* Stopped from a callback: nobody joins the thread, it frees this itself. */
	bool detached;
};

static void notifier_free(struct notifier *notifier)
{
	close(notifier->epoll);
	close(notifier->wake);
	pthread_cond_destroy(&notifier->idle);
	pthread_mutex_destroy(&notifier->lock);
	free(notifier);
}

static void notify(struct notifier *notifier, struct apu_request *request)
{
	pthread_mutex_lock(&notifier->lock);
	notifier->current = request;
	/* Which takes it out of the epoll set. */
	close(request->fence);
	request->fence = -1;
	pthread_mutex_unlock(&notifier->lock);

	request_finish(request, -1);
	if (request->status == 0)
		request_copy_out(request);
	request->callback(request, request->status, request->opaque);

	/* The request may be gone. */
	pthread_mutex_lock(&notifier->lock);
	notifier->current = NULL;
	pthread_cond_broadcast(&notifier->idle);
	pthread_mutex_unlock(&notifier->lock);
}

static void *notifier_run(void *arg)
{
	struct notifier *notifier = arg;
	struct epoll_event event;
	bool stop = false;

	while (!stop) {
		if (epoll_wait(notifier->epoll, &event, 1, -1) != 1)
			continue;
		if (event.data.ptr)
			notify(notifier, event.data.ptr);
		pthread_mutex_lock(&notifier->lock);
		stop = notifier->stop;
		pthread_mutex_unlock(&notifier->lock);
	}
	if (notifier->detached)
		notifier_free(notifier);
	return NULL;
}

int notifier_start(struct notifier **out)
{
	struct notifier *notifier = calloc(1, sizeof(*notifier));
	struct epoll_event event = {.events = EPOLLIN};
	int ret;

	if (!notifier)
		return apu_fail(-ENOMEM, "no memory for callbacks");
	pthread_mutex_init(&notifier->lock, NULL);
	pthread_cond_init(&notifier->idle, NULL);
	notifier->epoll = epoll_create1(EPOLL_CLOEXEC);
	notifier->wake = eventfd(0, EFD_CLOEXEC);
	if (notifier->epoll < 0 || notifier->wake < 0 ||
	    epoll_ctl(notifier->epoll, EPOLL_CTL_ADD, notifier->wake, &event)) {
		ret = -errno;
		goto err;
	}
	ret = -pthread_create(&notifier->thread, NULL, notifier_run, notifier);
	if (ret)
		goto err;
	*out = notifier;
	return 0;
err:
	apu_fail(ret, "cannot start the thread for callbacks: %s", strerror(-ret));
	notifier_free(notifier);
	return ret;
}

void notifier_stop(struct notifier *notifier)
{
	const uint64_t one = 1;
	bool inside;

	if (!notifier)
		return;
	inside = pthread_equal(pthread_self(), notifier->thread);
	pthread_mutex_lock(&notifier->lock);
	notifier->stop = true;
	notifier->detached = inside;
	pthread_mutex_unlock(&notifier->lock);
	if (inside) {
		pthread_detach(notifier->thread);
		return;
	}
	/* Cannot fail: the counter is 0, and 8 bytes is what it takes. */
	while (write(notifier->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
	pthread_join(notifier->thread, NULL);
	notifier_free(notifier);
}

int notifier_watch(struct notifier *notifier, struct apu_request *request, int fence)
{
	struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = request};
	int ret;

	/* Once unlocked, the thread may be done with it before this returns. */
	pthread_mutex_lock(&notifier->lock);
	ret = epoll_ctl(notifier->epoll, EPOLL_CTL_ADD, fence, &event) ? -errno : 0;
	if (!ret)
		request->fence = fence;
	pthread_mutex_unlock(&notifier->lock);
	if (!ret)
		return 0;
	close(fence);
	return apu_fail(ret, "cannot watch an inference: %s", strerror(-ret));
}

/*
 * With the lock held. The sync file leaves the epoll set explicitly: another descriptor of it
 * would keep it there.
 */
static void unwatch(struct notifier *notifier, struct apu_request *request)
{
	if (request->fence < 0)
		return;
	epoll_ctl(notifier->epoll, EPOLL_CTL_DEL, request->fence, NULL);
	close(request->fence);
	request->fence = -1;
}

void notifier_drain(struct notifier *notifier, struct apu_request *request)
{
	pthread_mutex_lock(&notifier->lock);
	/* In a callback nobody would call this request's, or end the one that runs. */
	if (pthread_equal(pthread_self(), notifier->thread)) {
		unwatch(notifier, request);
	} else {
		while (request->fence >= 0 || notifier->current == request)
			pthread_cond_wait(&notifier->idle, &notifier->lock);
	}
	pthread_mutex_unlock(&notifier->lock);
}

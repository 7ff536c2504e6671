/* SPDX-License-Identifier: MIT */
#ifndef APU_SESSION_H
#define APU_SESSION_H

#include <pthread.h>
#include <stdatomic.h>

#include "device.h"
#include "model.h"

/* Constants and text of a model on a device. */
struct image {
	struct image *next;
	unsigned int refs;
	struct apu_model *model;
	struct apu_bo *bo;
	/* Device addresses. */
	uint64_t text_va;
	uint64_t static_va;
};

/* 0 or an error; the same image for the same model as long as one user has it. */
int image_get(struct apu_device *dev, struct apu_model *model, struct image **out);
void image_put(struct apu_device *dev, struct image *image);

struct apu_request;

struct apu_session {
	atomic_uint refs;
	struct apu_device *dev;
	struct apu_model *model;
	struct image *image;
	/* NULL if the model needs no temporary memory. */
	struct apu_bo *temp;
	/* Covers what follows, and a request's ctx, in_flight and cancelled. */
	pthread_mutex_t lock;
	/* Made with the session, for the first request that submits; 0 if taken. */
	uint32_t spare_ctx;
	struct apu_qos qos;
	/* Counts changes of qos. */
	unsigned int qos_serial;
	/* The newest submitted request, if it still exists. */
	struct apu_request *last;
	/* Of all requests: staging in use, prologues, and the buffers they are in. */
	uint64_t io_bytes;
	uint64_t prologue_bytes;
	uint64_t request_total;
};

/* A kernel context for a request, with the session's qos; with the session's lock held. */
int session_take_ctx(struct apu_session *session, uint32_t *ctx);
/* Gives a context the session's qos; with the session's lock held. */
int session_apply_qos(struct apu_session *session, uint32_t ctx);

#endif

// SPDX-License-Identifier: MIT
/*
 * Bindings: where a request's inputs and outputs are, and what follows from it.
 */
#include <errno.h>
#include <string.h>

#include "error.h"
#include "prologue.h"
#include "request.h"

/* Alignment of tensors in staging: a cache line, and a whole DRAM burst fits 4 times. */
#define STAGING_ALIGN 64ull
/* SET_REGION's alignment. */
#define REGION_ALIGN 8

static const struct dla_tensor *tensor(const struct apu_request *request, unsigned int slot)
{
	return &request->session->model->dla.tensors[slot];
}

static const char *kind(const struct apu_request *request, unsigned int slot)
{
	return slot < request->num_inputs ? "input" : "output";
}

static unsigned int number(const struct apu_request *request, unsigned int slot)
{
	return slot < request->num_inputs ? slot : slot - request->num_inputs;
}

/* Checks what all bindings have in common and gives the index in .apu.io. */
static int find_slot(struct apu_request *request, bool output, unsigned int index, size_t size,
		     unsigned int *slot)
{
	unsigned int first = output ? request->num_inputs : 0;
	unsigned int count = output ? request->num_tensors - first : request->num_inputs;

	if (request->in_flight)
		return apu_fail(-EBUSY, "the request is in flight");
	if (index >= count)
		return apu_fail(-EINVAL, "no %s %u: the model has %u", output ? "output" : "input",
				index, count);
	*slot = first + index;
	if (size != tensor(request, *slot)->padded_size)
		return apu_fail(-EINVAL, "%s %u has %zu bytes, the model wants %llu",
				kind(request, *slot), index, size,
				(unsigned long long)tensor(request, *slot)->padded_size);
	return 0;
}

static void set_binding(struct apu_request *request, unsigned int slot, struct binding new)
{
	struct binding *b = &request->bindings[slot];

	/* Another pointer goes through the same staging: the prologues stay as they are. */
	if (!(new.ptr && b->ptr) && !(new.bo &&new.bo == b->bo &&new.offset == b->offset))
		request->dirty = true;
	apu_bo_release(b->bo);
	*b = new;
}

static int bind_ptr(struct apu_request *request, bool output, unsigned int index, void *ptr,
		    size_t size)
{
	unsigned int slot = 0;
	int ret = find_slot(request, output, index, size, &slot);

	if (ret)
		return ret;
	if (!ptr)
		return apu_fail(-EINVAL, "%s %u is NULL", kind(request, slot), index);
	set_binding(request, slot, (struct binding){.ptr = ptr});
	return 0;
}

int apu_request_bind_input(struct apu_request *request, unsigned int index, const void *data,
			   size_t size)
{
	return bind_ptr(request, false, index, (void *)(uintptr_t)data, size);
}

int apu_request_bind_output(struct apu_request *request, unsigned int index, void *data,
			    size_t size)
{
	return bind_ptr(request, true, index, data, size);
}

static int bind_bo(struct apu_request *request, bool output, unsigned int index, struct apu_bo *bo,
		   size_t offset, size_t size)
{
	unsigned int slot = 0;
	int ret = find_slot(request, output, index, size, &slot);

	if (ret)
		return ret;
	if (bo->dev != request->session->dev)
		return apu_fail(-EINVAL, "%s %u: the buffer is on another device handle",
				kind(request, slot), index);
	if (offset % REGION_ALIGN)
		return apu_fail(-EINVAL, "%s %u: offset %zu is not a multiple of %d",
				kind(request, slot), index, offset, REGION_ALIGN);
	if (offset > bo->size || size > bo->size - offset)
		return apu_fail(-EINVAL, "%s %u: %zu bytes at %zu reach beyond the buffer's %llu",
				kind(request, slot), index, size, offset,
				(unsigned long long)bo->size);
	set_binding(request, slot, (struct binding){.bo = bo_ref(bo), .offset = offset});
	return 0;
}

int apu_request_bind_input_bo(struct apu_request *request, unsigned int index, struct apu_bo *bo,
			      size_t offset, size_t size)
{
	return bind_bo(request, false, index, bo, offset, size);
}

int apu_request_bind_output_bo(struct apu_request *request, unsigned int index, struct apu_bo *bo,
			       size_t offset, size_t size)
{
	return bind_bo(request, true, index, bo, offset, size);
}

static int bind_fd(struct apu_request *request, bool output, unsigned int index, int fd,
		   size_t offset, size_t size)
{
	struct apu_bo *bo;
	int ret = apu_bo_import(request->session->dev, fd, &bo);

	if (ret)
		return ret;
	ret = bind_bo(request, output, index, bo, offset, size);
	apu_bo_release(bo);
	return ret;
}

int apu_request_bind_input_fd(struct apu_request *request, unsigned int index, int fd,
			      size_t offset, size_t size)
{
	return bind_fd(request, false, index, fd, offset, size);
}

int apu_request_bind_output_fd(struct apu_request *request, unsigned int index, int fd,
			       size_t offset, size_t size)
{
	return bind_fd(request, true, index, fd, offset, size);
}

static void count_staging(struct apu_request *request, bool has)
{
	struct apu_session *session = request->session;
	uint64_t bo = request->staging ? request->staging->size : 0;

	pthread_mutex_lock(&session->lock);
	if (has) {
		session->io_bytes += request->staging_bytes;
		session->request_total += bo;
	} else {
		session->io_bytes -= request->staging_bytes;
		session->request_total -= bo;
	}
	pthread_mutex_unlock(&session->lock);
}

static void drop_staging(struct apu_request *request)
{
	count_staging(request, false);
	apu_bo_release(request->staging);
	request->staging = NULL;
	request->staging_bytes = 0;
	request->staged = 0;
}

int request_stage(struct apu_request *request, uint32_t mask)
{
	uint64_t offset = 0, bytes = 0;
	struct apu_bo *bo;
	unsigned int i;
	int ret;

	if ((mask & ~request->staged) == 0)
		return 0;
	mask |= request->staged;
	for (i = 0; i < request->num_tensors; i++) {
		if (!(mask & 1u << i))
			continue;
		request->staging_offset[i] = offset;
		bytes += tensor(request, i)->padded_size;
		/* At most DLA_MAX_IO times 2^39. */
		offset += (tensor(request, i)->padded_size + STAGING_ALIGN - 1) &
			  ~(STAGING_ALIGN - 1);
	}
	drop_staging(request);
	ret = bo_create(request->session->dev, offset, BO_PRIVATE | BO_MAP, "inputs and outputs",
			&bo);
	if (ret)
		return ret;
	request->staging = bo;
	request->staging_bytes = bytes;
	request->staged = mask;
	count_staging(request, true);
	return 0;
}

void request_unbind_all(struct apu_request *request)
{
	unsigned int i;

	for (i = 0; i < request->num_tensors; i++) {
		apu_bo_release(request->bindings[i].bo);
		request->bindings[i].bo = NULL;
	}
	drop_staging(request);
}

static void list_bo(struct apu_request *request, uint32_t handle, bool write)
{
	unsigned int i;

	for (i = 0; i < request->num_bos; i++) {
		if (request->bos[i].handle == handle)
			break;
	}
	if (i == request->num_bos)
		request->bos[request->num_bos++] = (struct drm_apu_bo_ref){.handle = handle};
	if (write)
		request->bos[i].flags |= DRM_APU_BO_REF_WRITE;
}

static void write_prologues(struct apu_request *request)
{
	const struct apu_session *session = request->session;
	const struct dla_file *dla = &session->model->dla;
	struct prologue_region regions[APU_NUM_REGIONS] = {
		[APU_REGION_TEXT] = {session->image->text_va, dla->text_size},
		[APU_REGION_STATIC] = {session->image->static_va, dla->static_size},
		[APU_REGION_TEMP] = {session->temp ? session->temp->va : 0, dla->info->temp_size},
	};
	unsigned int i;

	request->num_bos = 0;
	for (i = 0; i < request->num_tensors; i++) {
		const struct binding *b = &request->bindings[i];
		struct prologue_region *region = &regions[APU_REGION_IO + i];

		region->size = tensor(request, i)->padded_size;
		if (b->bo) {
			region->base = b->bo->va + b->offset;
			list_bo(request, b->bo->handle, i >= request->num_inputs);
		} else {
			region->base = request->staging->va + request->staging_offset[i];
		}
	}
	for (i = 0; i < dla->num_streams; i++) {
		const struct dla_stream *s = &dla->streams[i];

		prologue_write((uint8_t *)request->prologues->ptr + i * request->prologue_stride,
			       regions, s->text_offset, s->text_bytes);
	}
	for (i = 0; i < dla->num_jobs; i++) {
		request->jobs[i].bos =
			(struct drm_apu_obj_array)DRM_APU_OBJ_ARRAY(request->num_bos, request->bos);
	}
}

int request_prepare(struct apu_request *request)
{
	uint32_t mask = 0;
	unsigned int i;
	int ret;

	if (!request->dirty)
		return 0;
	for (i = 0; i < request->num_tensors; i++) {
		const struct binding *b = &request->bindings[i];

		if (!b->ptr && !b->bo)
			return apu_fail(-EINVAL, "%s %u is not bound", kind(request, i),
					number(request, i));
		if (b->ptr)
			mask |= 1u << i;
	}
	ret = request_stage(request, mask);
	if (ret)
		return ret;
	/* Allocated for the MVPU's sake, and now not wanted. */
	if (mask == 0)
		drop_staging(request);
	write_prologues(request);
	request->dirty = false;
	return 0;
}

void request_copy_in(struct apu_request *request)
{
	unsigned int i;

	for (i = 0; i < request->num_inputs; i++) {
		if (request->bindings[i].ptr)
			memcpy((uint8_t *)request->staging->ptr + request->staging_offset[i],
			       request->bindings[i].ptr, tensor(request, i)->padded_size);
	}
}

void request_copy_out(struct apu_request *request)
{
	unsigned int i;

	for (i = request->num_inputs; i < request->num_tensors; i++) {
		if (request->bindings[i].ptr)
			memcpy(request->bindings[i].ptr,
			       (uint8_t *)request->staging->ptr + request->staging_offset[i],
			       tensor(request, i)->padded_size);
	}
}

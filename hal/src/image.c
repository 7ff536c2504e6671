// SPDX-License-Identifier: MIT
/*
 * What the sessions of a model share on a device: text and constants, in one
 * buffer that the engines can only read.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "session.h"

/* .apu.text and .apu.static are compiled for this alignment. */
#define SECTION_ALIGN 64ull

static int image_create(struct apu_device *dev, struct apu_model *model, struct image **out)
{
	const struct dla_file *dla = &model->dla;
	struct image *image = calloc(1, sizeof(*image));
	uint64_t text_offset;
	int ret;

	if (!image)
		return apu_fail(-ENOMEM, "no memory for a model");
	text_offset = (dla->static_size + SECTION_ALIGN - 1) & ~(SECTION_ALIGN - 1);
	ret = bo_create(dev, text_offset + dla->text_size, BO_PRIVATE | BO_READONLY | BO_MAP,
			"the model's constants and text", &image->bo);
	if (ret) {
		free(image);
		return ret;
	}
	if (dla->static_size)
		memcpy(image->bo->ptr, dla->statics, dla->static_size);
	memcpy((uint8_t *)image->bo->ptr + text_offset, dla->text, dla->text_size);
	image->refs = 1;
	image->model = apu_model_ref(model);
	image->static_va = image->bo->va;
	image->text_va = image->bo->va + text_offset;
	*out = image;
	return 0;
}

int image_get(struct apu_device *dev, struct apu_model *model, struct image **out)
{
	struct image *image;
	int ret = 0;

	pthread_mutex_lock(&dev->image_lock);
	for (image = dev->images; image; image = image->next) {
		if (image->model == model)
			break;
	}
	if (image) {
		image->refs++;
	} else {
		ret = image_create(dev, model, &image);
		if (!ret) {
			image->next = dev->images;
			dev->images = image;
		}
	}
	pthread_mutex_unlock(&dev->image_lock);
	*out = image;
	return ret;
}

void image_put(struct apu_device *dev, struct image *image)
{
	struct image **link;

	pthread_mutex_lock(&dev->image_lock);
	if (--image->refs == 0) {
		for (link = &dev->images; *link != image; link = &(*link)->next)
			;
		*link = image->next;
	} else {
		image = NULL;
	}
	pthread_mutex_unlock(&dev->image_lock);
	if (image) {
		apu_bo_release(image->bo);
		apu_model_release(image->model);
		free(image);
	}
}

// SPDX-License-Identifier: MIT
/*
 * Models: a checked .dla file in memory, counted. Nothing in it changes after loading,
 * so it needs no lock.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "model.h"

/* struct apu_tensor_quant is handed out in place. */
_Static_assert(sizeof(struct apu_tensor_quant) == sizeof(struct dla_quant), "quant layout");
_Static_assert(offsetof(struct apu_tensor_quant, scale) == offsetof(struct dla_quant, scale) &&
		       offsetof(struct apu_tensor_quant, zero_point) ==
			       offsetof(struct dla_quant, zero_point),
	       "quant layout");
_Static_assert(APU_MAX_RANK == DLA_MAX_RANK, "rank");

/* Takes data, which is from malloc(). */
static int model_create(void *data, size_t size, struct apu_model **out)
{
	struct apu_model *model = calloc(1, sizeof(*model));
	int ret;

	if (!model) {
		free(data);
		return apu_fail(-ENOMEM, "no memory for a model");
	}
	ret = dla_read(&model->dla, data, size);
	if (ret) {
		free(data);
		free(model);
		return ret;
	}
	atomic_init(&model->refs, 1);
	model->data = data;
	*out = model;
	return 0;
}

static int load_fd(int fd, const char *name, struct apu_model **out)
{
	size_t size;
	void *data;
	int ret = dla_load_fd(fd, name, &data, &size);

	return ret ? ret : model_create(data, size, out);
}

int apu_model_load_file(const char *path, struct apu_model **out)
{
	int fd, ret;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return apu_fail(-errno, "cannot open %s: %s", path, strerror(errno));
	ret = load_fd(fd, path, out);
	close(fd);
	return ret;
}

int apu_model_load_fd(int fd, struct apu_model **out)
{
	return load_fd(fd, "model", out);
}

int apu_model_load_memory(const void *data, size_t size, struct apu_model **out)
{
	void *copy;

	if (size == 0)
		return apu_fail(-ENOEXEC, "bad model: empty");
	if (size > DLA_MAX_FILE_BYTES)
		return apu_fail(-ENOEXEC, "bad model: longer than 1 GiB");
	copy = malloc(size);
	if (!copy)
		return apu_fail(-ENOMEM, "no memory for a model");
	memcpy(copy, data, size);
	return model_create(copy, size, out);
}

struct apu_model *apu_model_ref(struct apu_model *model)
{
	if (model)
		atomic_fetch_add(&model->refs, 1);
	return model;
}

void apu_model_release(struct apu_model *model)
{
	if (!model || atomic_fetch_sub(&model->refs, 1) != 1)
		return;
	free(model->data);
	free(model);
}

void apu_model_get_info(const struct apu_model *model, struct apu_model_info *info)
{
	const struct dla_info *in = model->dla.info;
	unsigned int i;

	memset(info, 0, sizeof(*info));
	info->version_major = in->version_major;
	info->version_minor = in->version_minor;
	info->hw_version = in->hw_version;
	for (i = 0; i < APU_NUM_ENGINE_CLASSES; i++)
		info->num_engines[i] = in->num_engines[i];
	info->l1_kib = in->l1_kib;
	info->num_inputs = in->num_inputs;
	info->num_outputs = in->num_outputs;
	info->num_jobs = model->dla.num_jobs;
	info->text_bytes = model->dla.text_size;
	info->static_bytes = model->dla.static_size;
	info->temp_bytes = in->temp_size;
	info->state_bytes = in->state_size;
	info->cycles = in->cycles;
	info->compiler = in->compiler;
}

static void get_tensor(const struct apu_model *model, unsigned int index,
		       struct apu_tensor_info *info)
{
	const struct dla_tensor *t = &model->dla.tensors[index];

	memset(info, 0, sizeof(*info));
	info->name = model->dla.strtab + t->name;
	info->type = t->dtype;
	info->rank = t->rank;
	memcpy(info->dims, t->dims, sizeof(info->dims));
	memcpy(info->padded_dims, t->padded_dims, sizeof(info->padded_dims));
	info->size = t->size;
	info->padded_size = t->padded_size;
	info->num_quant = t->num_quant;
	info->quant_dim = t->quant_dim;
	if (t->num_quant)
		info->quant = (const void *)(model->dla.quants + t->first_quant);
}

int apu_model_get_input(const struct apu_model *model, unsigned int index,
			struct apu_tensor_info *info)
{
	unsigned int count = model->dla.info->num_inputs;

	if (index >= count)
		return apu_fail(-EINVAL, "no input %u: the model has %u", index, count);
	get_tensor(model, index, info);
	return 0;
}

int apu_model_get_output(const struct apu_model *model, unsigned int index,
			 struct apu_tensor_info *info)
{
	unsigned int count = model->dla.info->num_outputs;

	if (index >= count)
		return apu_fail(-EINVAL, "no output %u: the model has %u", index, count);
	get_tensor(model, model->dla.info->num_inputs + index, info);
	return 0;
}

const char *apu_model_get_metadata(const struct apu_model *model, const char *key)
{
	const char *p = model->dla.meta;
	const char *value, *end;

	if (!p)
		return NULL;
	end = p + model->dla.meta_size;
	/* read_meta() has seen that strings come in pairs and that the last ends. */
	while (p < end) {
		value = p + strlen(p) + 1;
		if (strcmp(p, key) == 0)
			return value;
		p = value + strlen(value) + 1;
	}
	return NULL;
}

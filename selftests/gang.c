// SPDX-License-Identifier: GPL-2.0-only

#include "gang.h"

#include <stdio.h>

/* What is where in the data of a client. */
enum { IN = 0, TABLE = 0x1000, WEIGHT = 0x2000, OUT = 0x8000 };

void gang_write_inputs(struct client *c, uint8_t seed)
{
	uint8_t *data = c->data.map;
	int i;

	for (i = 0; i < GANG_BYTES; i++)
		data[IN + i] = i * 5 + seed;
	for (i = 0; i < 256; i++)
		data[TABLE + i] = 255 - i;
	memset(data + WEIGHT, 1, GANG_BYTES);
}

static void emit_lut(struct stream *s, uint64_t l1, uint64_t table)
{
	struct apu_cmd_activation *cmd = stream_emit(s, APU_OP_ACTIVATION, 0, sizeof(*cmd));

	cmd->in = REF(APU_REGION_L1, l1);
	cmd->out = REF(APU_REGION_L1, l1);
	cmd->table = table;
	cmd->rows = 1;
	cmd->depth = GANG_BYTES;
	cmd->in_pitch = GANG_BYTES;
	cmd->out_pitch = GANG_BYTES;
	cmd->fn = APU_ACT_FN_LUT8;
	cmd->type = APU_DTYPE_U8;
}

static void emit_clamp(struct stream *s, uint64_t l1, int min, int max)
{
	struct apu_cmd_eltwise *cmd = stream_emit(s, APU_OP_ELTWISE, 0, sizeof(*cmd));

	cmd->in1 = REF(APU_REGION_L1, l1);
	cmd->in2 = REF(APU_REGION_L1, l1);
	cmd->out = REF(APU_REGION_L1, l1);
	cmd->h = 1;
	cmd->w = GANG_BYTES / 16;
	cmd->c = 16;
	cmd->in1_row_pitch = GANG_BYTES;
	cmd->in1_pix_pitch = 16;
	cmd->in2_row_pitch = GANG_BYTES;
	cmd->in2_pix_pitch = 16;
	cmd->out_row_pitch = GANG_BYTES;
	cmd->out_pix_pitch = 16;
	cmd->fn = APU_ELT_FN_CLAMP;
	cmd->in_type = APU_DTYPE_U8;
	cmd->out_type = APU_DTYPE_U8;
	cmd->act_min = min;
	cmd->act_max = max;
}

/* One pixel of 16 channels, with weights in memory. */
static void emit_conv(struct stream *s, uint64_t l1, uint64_t weight)
{
	struct apu_cmd_conv *cmd = stream_emit(s, APU_OP_CONV, 0, sizeof(*cmd));

	cmd->in = REF(APU_REGION_L1, l1);
	cmd->out = REF(APU_REGION_L1, l1 + 1024);
	cmd->weight = weight;
	cmd->in_h = 1;
	cmd->in_w = 1;
	cmd->in_c = 16;
	cmd->in_row_pitch = 32;
	cmd->in_pix_pitch = 32;
	cmd->out_h = 1;
	cmd->out_w = 1;
	cmd->out_c = 16;
	cmd->out_row_pitch = 32;
	cmd->out_pix_pitch = 32;
	cmd->w_pitch = 32;
	cmd->k_h = 1;
	cmd->k_w = 1;
	cmd->stride_h = 1;
	cmd->stride_w = 1;
	cmd->dil_h = 1;
	cmd->dil_w = 1;
	cmd->groups = 1;
	cmd->kind = APU_CONV_KIND_CONV;
	cmd->quant_mode = APU_QUANT_MODE_NONE;
	cmd->in_type = APU_DTYPE_F16;
	cmd->w_type = APU_DTYPE_F16;
	cmd->out_type = APU_DTYPE_F16;
	cmd->bias_type = APU_DTYPE_NONE;
	/* Of floats: from minus to plus infinity. */
	cmd->act_min = 0xff800000;
	cmd->act_max = 0x7f800000;
}

/* A stream that reads memory, by its second command. */
static struct drm_apu_stream class_stream(struct client *c, uint32_t engine_class, int instance)
{
	struct stream s = stream_begin(c, engine_class);

	emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
	switch (engine_class) {
	case DRM_APU_ENGINE_MDLA:
		emit_conv(&s, instance * GANG_BYTES, REF(R_DATA, WEIGHT));
		break;
	case DRM_APU_ENGINE_EDMA:
		emit_copy(&s, REF(R_DATA, OUT + instance * GANG_BYTES), REF(R_DATA, IN),
			  GANG_BYTES);
		break;
	default:
		emit_lut(&s, instance * GANG_BYTES, REF(R_DATA, TABLE));
		break;
	}

	return stream_end(&s);
}

uint64_t gang_source_va(uint32_t engine_class)
{
	return VA_DATA + (engine_class == DRM_APU_ENGINE_MDLA ? WEIGHT :
			  engine_class == DRM_APU_ENGINE_EDMA ? IN : TABLE);
}

int gang_submit_class(struct client *c, uint32_t engine_class, int instances, uint32_t limit_us,
		      struct drm_apu_stream *streams, uint64_t *seqno)
{
	struct drm_apu_bo_ref ref = { c->data.handle, DRM_APU_BO_REF_WRITE };
	struct drm_apu_job job = {
		.streams = DRM_APU_OBJ_ARRAY(instances, streams),
		.bos = DRM_APU_OBJ_ARRAY(1, &ref),
		.l1_kib = 128,
		.time_limit_us = limit_us,
	};
	int i;

	c->cmd_used = 0;
	for (i = 0; i < instances; i++)
		streams[i] = class_stream(c, engine_class, i);

	return submit(c, &job, 1, seqno);
}

/* OUT = clamp(TABLE[IN]): one engine of every class. */
int gang_submit(struct client *c, uint64_t *seqno)
{
	struct drm_apu_bo_ref ref = { c->data.handle, DRM_APU_BO_REF_WRITE };
	struct drm_apu_stream streams[3];
	struct drm_apu_job job = {
		.streams = DRM_APU_OBJ_ARRAY(3, streams),
		.bos = DRM_APU_OBJ_ARRAY(1, &ref),
		.l1_kib = 128,
	};
	struct stream s = stream_begin(c, DRM_APU_ENGINE_EDMA);

	emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
	emit_copy(&s, REF(APU_REGION_L1, 0), REF(R_DATA, IN), GANG_BYTES);
	emit_signal(&s, 0);
	emit_wait(&s, 2, 1);
	emit_copy(&s, REF(R_DATA, OUT), REF(APU_REGION_L1, 0), GANG_BYTES);
	streams[0] = stream_end(&s);
	s = stream_begin(c, DRM_APU_ENGINE_MVPU);
	emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
	emit_wait(&s, 0, 1);
	emit_lut(&s, 0, REF(R_DATA, TABLE));
	emit_signal(&s, 1);
	streams[1] = stream_end(&s);
	s = stream_begin(c, DRM_APU_ENGINE_MDLA);
	emit_wait(&s, 1, 1);
	emit_clamp(&s, 0, 10, 240);
	emit_signal(&s, 2);
	streams[2] = stream_end(&s);

	return submit(c, &job, 1, seqno);
}

bool gang_is_right(struct client *c)
{
	const uint8_t *data = c->data.map;
	int i, v;

	for (i = 0; i < GANG_BYTES; i++) {
		v = data[TABLE + data[IN + i]];
		v = v < 10 ? 10 : v > 240 ? 240 : v;
		if (data[OUT + i] != v)
			return false;
	}

	return true;
}

int gang_submit_copy(struct client *c, uint64_t *seqno)
{
	struct stream s = stream_begin(c, DRM_APU_ENGINE_EDMA);
	struct drm_apu_stream stream;

	emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
	emit_copy(&s, REF(R_DATA, OUT), REF(R_DATA, IN), GANG_BYTES);
	stream = stream_end(&s);

	return submit_stream(c, &stream, seqno);
}

bool gang_copy_is_right(struct client *c)
{
	const uint8_t *data = c->data.map;

	return !memcmp(data + IN, data + OUT, GANG_BYTES);
}

void gang_clear_output(struct client *c)
{
	memset((uint8_t *)c->data.map + OUT, 0, GANG_MAX_STREAMS * GANG_BYTES);
}

uint64_t gang_output_va(int instance)
{
	return VA_DATA + OUT + instance * GANG_BYTES;
}

void gang_engine_name(char *name, size_t size, uint32_t engine_class, int instance)
{
	static const char * const names[] = { "mdla", "edma", "mvpu" };

	snprintf(name, size, "%s%d", names[engine_class], instance);
}

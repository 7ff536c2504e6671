// SPDX-License-Identifier: GPL-2.0-only
/*
 * A convolution on the MDLA, fed and emptied by the eDMA, against plain C that follows
 * Documentation/hardware/engines.rst.
 */

#include "apu_test.h"

#include "apu_harness.h"

enum { H = 9, W = 7, IC = 8, OC = 16, K = 3 };

/* What is where: in the data, and in L1. */
enum { IN = 0, WEIGHT = 0x1000, BIAS = 0x3000, QUANT = 0x3400, OUT = 0x4000, TOTAL = 0x8000 };

static int32_t mbqm(int32_t x, int32_t multiplier, int32_t shift)
{
	int left = shift > 0 ? shift : 0, right = shift > 0 ? 0 : -shift;
	int64_t p = (int64_t)(int32_t)((uint32_t)x << left) * multiplier;
	int32_t h = (p + (p >= 0 ? 1 << 30 : 1 - (1 << 30))) / (1ll << 31);
	int32_t mask = (1ll << right) - 1;
	int32_t threshold = mask / 2 + (h < 0);

	return (h >> right) + ((h & mask) > threshold);
}

/* The accumulator of one result: bias and products over the window, padded by 1. */
static int32_t sum(const int8_t *in, const int8_t *weight, int32_t bias, int32_t in_zp,
		   int y, int x)
{
	int32_t acc = bias;
	int ky, kx, ic;

	for (ky = 0; ky < K; ky++)
		for (kx = 0; kx < K; kx++) {
			int iy = y - 1 + ky, ix = x - 1 + kx;

			if (iy < 0 || iy >= H || ix < 0 || ix >= W)
				continue;
			for (ic = 0; ic < IC; ic++)
				acc += (in[(iy * W + ix) * IC + ic] - in_zp) *
				       weight[(ky * K + kx) * IC + ic];
		}
	return acc;
}

static void conv_reference(const int8_t *in, const int8_t *weight, const int32_t *bias,
			   const struct apu_quant *quant, int32_t in_zp, int32_t out_zp,
			   int8_t *out)
{
	int y, x, oc;

	for (y = 0; y < H; y++)
		for (x = 0; x < W; x++)
			for (oc = 0; oc < OC; oc++) {
				int32_t v = sum(in, &weight[oc * K * K * IC], bias[oc],
						in_zp, y, x);

				v = mbqm(v, quant[oc].multiplier, quant[oc].shift) + out_zp;
				out[(y * W + x) * OC + oc] = v < -128 ? -128 : v > 127 ? 127 : v;
			}
}

FIXTURE(conv) {
	struct client c;
};

FIXTURE_SETUP(conv)
{
	ASSERT_EQ(0, client_open(&self->c));
}

FIXTURE_TEARDOWN(conv)
{
	client_close(&self->c);
}

static void emit_conv(struct stream *s, int32_t in_zp, int32_t out_zp)
{
	struct apu_cmd_conv *cmd = stream_emit(s, APU_OP_CONV, 0, sizeof(*cmd));

	cmd->in = REF(APU_REGION_L1, IN);
	cmd->out = REF(APU_REGION_L1, OUT);
	cmd->weight = REF(APU_REGION_L1, WEIGHT);
	cmd->bias = REF(APU_REGION_L1, BIAS);
	cmd->quant = REF(APU_REGION_L1, QUANT);
	cmd->in_h = H;
	cmd->in_w = W;
	cmd->in_c = IC;
	cmd->out_h = H;
	cmd->out_w = W;
	cmd->out_c = OC;
	cmd->in_pix_pitch = IC;
	cmd->in_row_pitch = W * IC;
	cmd->out_pix_pitch = OC;
	cmd->out_row_pitch = W * OC;
	cmd->w_pitch = K * K * IC;
	cmd->pad_top = 1;
	cmd->pad_left = 1;
	cmd->k_h = K;
	cmd->k_w = K;
	cmd->stride_h = 1;
	cmd->stride_w = 1;
	cmd->dil_h = 1;
	cmd->dil_w = 1;
	cmd->groups = 1;
	cmd->kind = APU_CONV_KIND_CONV;
	cmd->quant_mode = APU_QUANT_MODE_PER_CHANNEL;
	cmd->in_type = APU_DTYPE_I8;
	cmd->w_type = APU_DTYPE_I8;
	cmd->out_type = APU_DTYPE_I8;
	cmd->bias_type = APU_DTYPE_I32;
	cmd->in_zp = in_zp;
	cmd->out_zp = out_zp;
	cmd->act_min = -128;
	cmd->act_max = 127;
}

TEST_F(conv, int8_per_channel)
{
	uint8_t *data = self->c.data.map;
	int8_t *in = (int8_t *)data + IN, *weight = (int8_t *)data + WEIGHT;
	int8_t *out = (int8_t *)data + OUT, expected[H * W * OC];
	int32_t *bias = (int32_t *)(data + BIAS);
	struct apu_quant *quant = (struct apu_quant *)(data + QUANT);
	struct drm_apu_bo_ref ref = { self->c.data.handle, DRM_APU_BO_REF_WRITE };
	struct drm_apu_stream streams[2];
	struct drm_apu_job job = {
		.streams = DRM_APU_OBJ_ARRAY(2, streams),
		.bos = DRM_APU_OBJ_ARRAY(1, &ref),
		.l1_kib = 128,
	};
	const int32_t in_zp = -5, out_zp = 3;
	uint32_t seed = 1;
	struct stream s;
	uint64_t seqno;
	int i, differ = 0;

	for (i = 0; i < H * W * IC; i++)
		in[i] = (seed = seed * 1664525 + 1013904223) >> 24;
	for (i = 0; i < OC * K * K * IC; i++)
		weight[i] = (seed = seed * 1664525 + 1013904223) >> 24;
	for (i = 0; i < OC; i++) {
		bias[i] = (int32_t)(seed = seed * 1664525 + 1013904223) >> 18;
		quant[i].multiplier = 0x40000000 + ((seed = seed * 1664525 + 1013904223) >> 2);
		quant[i].shift = -8 - i % 4;
	}
	conv_reference(in, weight, bias, quant, in_zp, out_zp, expected);

	s = stream_begin(&self->c, DRM_APU_ENGINE_EDMA);
	emit_region(&s, R_DATA, VA_DATA, DATA_SIZE);
	emit_copy(&s, REF(APU_REGION_L1, 0), REF(R_DATA, 0), OUT);
	emit_signal(&s, 0);
	emit_wait(&s, 1, 1);
	emit_copy(&s, REF(R_DATA, OUT), REF(APU_REGION_L1, OUT), H * W * OC);
	streams[0] = stream_end(&s);

	s = stream_begin(&self->c, DRM_APU_ENGINE_MDLA);
	emit_wait(&s, 0, 1);
	emit_conv(&s, in_zp, out_zp);
	emit_signal(&s, 1);
	streams[1] = stream_end(&s);

	ASSERT_EQ(0, submit(&self->c, &job, 1, &seqno));
	ASSERT_EQ(0, job_wait(&self->c, self->c.ctx, seqno));

	for (i = 0; i < H * W * OC; i++)
		differ += out[i] != expected[i];
	EXPECT_EQ(0, differ);
}

TEST_HARNESS_MAIN

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the MDLA's commands (apu_mdla.c) and the kernels that compute them:
 * apu_mdla_ref.c reads like the specification, apu_mdla_fast.c gives the same
 * results sooner.
 */
#ifndef HW_APU_MDLA_H
#define HW_APU_MDLA_H

#include "apu_exec_int.h"

/* A convolution with every operand in host memory. */
struct apu_conv {
    const struct apu_cmd_conv *c;
    const uint8_t *in;
    uint8_t *out;
    const uint8_t *weight;
    uint64_t w_pitch;
    const void *bias;           /* out_c values, aligned; NULL for none */
    const int32_t *mult;        /* out_c multipliers and shifts */
    const int32_t *shift;
};

static inline bool apu_eltwise_binary(unsigned fn)
{
    return fn != APU_ELT_FN_REQUANT && fn != APU_ELT_FN_CLAMP;
}

/* 16-bit inputs and 16-bit weights: products of 31 bits */
static inline bool apu_conv_wide(const struct apu_cmd_conv *c)
{
    return c->in_type == APU_DTYPE_I16 && c->w_type == APU_DTYPE_I16;
}

/* Bounds of the output for fp16. */
static inline float apu_clampf(float v, float lo, float hi)
{
    v = v < lo ? lo : v;
    return v > hi ? hi : v;
}

enum apu_job_status apu_conv_ref(struct apu_env *env,
                                 const struct apu_conv *v);
enum apu_job_status apu_pool_ref(struct apu_env *env,
                                 const struct apu_cmd_pool *c,
                                 const uint8_t *in, uint8_t *out);
enum apu_job_status apu_eltwise_ref(struct apu_env *env,
                                    const struct apu_cmd_eltwise *c,
                                    const uint8_t *in1, const uint8_t *in2,
                                    uint8_t *out);

/* The fp32 part of ELTWISE on fp16, and a row of ELTWISE on integers. */
float apu_eltwise_f32(unsigned fn, float a, float b);
void apu_eltwise_row(const struct apu_cmd_eltwise *c, const uint8_t *a,
                     unsigned step1, const uint8_t *b, unsigned step2,
                     uint8_t *out, size_t n);

enum apu_job_status apu_conv_fast(struct apu_env *env,
                                  const struct apu_conv *v);
enum apu_job_status apu_pool_fast(struct apu_env *env,
                                  const struct apu_cmd_pool *c,
                                  const uint8_t *in, uint8_t *out);
enum apu_job_status apu_eltwise_fast(struct apu_env *env,
                                     const struct apu_cmd_eltwise *c,
                                     const uint8_t *in1, const uint8_t *in2,
                                     uint8_t *out);

#endif

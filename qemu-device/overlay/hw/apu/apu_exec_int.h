/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the job executor.
 *
 * A command goes through four steps. It is fetched, once, into a struct
 * apu_op; apu_decode() checks the encoding; the prepare function of its
 * opcode checks what it means, resolves its references to memory and says
 * what it moves and computes, so that its cost is known; run does it. The
 * first three have no effects.
 */
#ifndef HW_APU_EXEC_INT_H
#define HW_APU_EXEC_INT_H

#include "apu_exec.h"

/* Where an operand is, once its reference has been checked. */
struct apu_operand {
    uint8_t *l1;                /* its first byte if it is in L1, else NULL */
    uint64_t va;                /* its address if it is in DRAM */
};

struct apu_regions {
    uint8_t *l1;
    struct {
        uint64_t base;
        uint64_t size;
    } r[APU_NUM_REGIONS];
};

/* What a command does, in the units of the cost model. */
struct apu_cost {
    uint64_t compute;           /* cycles */
    uint64_t l1_bytes;
    uint64_t dram_bytes;
};

union apu_command {
    struct apu_cmd_header hdr;
    struct apu_cmd_set_region set_region;
    struct apu_cmd_call call;
    struct apu_cmd_wait wait;
    struct apu_cmd_conv conv;
    struct apu_cmd_pool pool;
    struct apu_cmd_eltwise eltwise;
    struct apu_cmd_copy copy;
    struct apu_cmd_fill fill;
    struct apu_cmd_gather gather;
    struct apu_cmd_softmax softmax;
    struct apu_cmd_activation activation;
    struct apu_cmd_resize resize;
    struct apu_cmd_arg arg;
    struct apu_cmd_norm norm;
    struct apu_cmd_reduce reduce;
    uint64_t words[APU_MAX_CMD_WORDS];
};

struct apu_op {
    union apu_command cmd;
    struct apu_operand in, in2, out, bias, quant;
    struct apu_cost cost;
};

/* Buffers that live as long as the job and grow as needed. */
enum apu_buf_id {
    APU_BUF_WEIGHT,
    APU_BUF_BIAS,
    APU_BUF_MULT,
    APU_BUF_SHIFT,
    APU_BUF_TILE,
    APU_BUF_PACK,
    APU_BUF_ACC,
    APU_BUF_NUM
};

struct apu_env {
    const struct apu_exec_job *job;
    const struct apu_exec_ops *ops;
    void *opaque;
    unsigned engine;
    struct apu_exec_fault fault;
    uint64_t work;              /* units of work since the last poll */
    struct {
        void *p;
        size_t size;
    } buf[APU_BUF_NUM];
};

/* apu_exec_decode.c */
enum apu_job_status apu_decode_header(const struct apu_cmd_header *hdr,
                                      unsigned class);
enum apu_job_status apu_decode(const union apu_command *cmd);
unsigned apu_dtype_size(unsigned dtype);
bool apu_zp_fits(unsigned dtype, int32_t zp);
bool apu_bounds_fit(unsigned dtype, int32_t lo, int32_t hi);
bool apu_scale_ok(int32_t multiplier, int32_t shift);
uint64_t apu_tile_extent(uint64_t h, uint64_t w, uint64_t pixel_bytes,
                         uint64_t row_pitch, uint64_t pix_pitch);
bool apu_tile_disjoint(uint64_t h, uint64_t w, uint64_t pixel_bytes,
                       uint64_t row_pitch, uint64_t pix_pitch);

/* apu_exec_mem.c */
enum apu_job_status apu_resolve(const struct apu_regions *regions,
                                uint64_t ref, uint64_t bytes,
                                struct apu_operand *o);
enum apu_job_status apu_resolve_l1(const struct apu_regions *regions,
                                   uint64_t ref, uint64_t bytes,
                                   struct apu_operand *o);
void apu_count(struct apu_cost *cost, const struct apu_operand *o,
               uint64_t bytes);
enum apu_job_status apu_read(struct apu_env *env, const struct apu_operand *o,
                             uint64_t offset, void *buf, size_t len);
enum apu_job_status apu_write(struct apu_env *env,
                              const struct apu_operand *o, uint64_t offset,
                              const void *buf, size_t len);
enum apu_job_status apu_poll(struct apu_env *env, uint64_t work);
void *apu_buf(struct apu_env *env, enum apu_buf_id id, uint64_t bytes);
void apu_buf_free(struct apu_env *env);

/* apu_cost.c */
struct apu_dram {
    uint64_t free;              /* when the last transfer ends */
};
uint64_t apu_cost_cycles(const struct apu_cost *cost, struct apu_dram *dram,
                         uint64_t now);
uint64_t apu_cost_conv(const struct apu_cmd_conv *c);
uint64_t apu_cost_pool(const struct apu_cmd_pool *c);
uint64_t apu_cost_eltwise(const struct apu_cmd_eltwise *c);
uint64_t apu_cost_edma(uint64_t bytes);
uint64_t apu_cost_mvpu(uint64_t elements, unsigned operations);

/* The commands of the engines */
#define APU_DECLARE_OP(name)                                                 \
    enum apu_job_status apu_##name##_prepare(struct apu_op *op,              \
                                             const struct apu_regions *r);   \
    enum apu_job_status apu_##name##_run(struct apu_env *env,                \
                                         const struct apu_op *op);
APU_DECLARE_OP(conv)            /* apu_mdla.c */
APU_DECLARE_OP(pool)
APU_DECLARE_OP(eltwise)
APU_DECLARE_OP(copy)            /* apu_edma.c */
APU_DECLARE_OP(fill)
APU_DECLARE_OP(gather)
APU_DECLARE_OP(softmax)         /* apu_mvpu.c */
APU_DECLARE_OP(activation)      /* apu_mvpu_act.c */
APU_DECLARE_OP(resize)          /* apu_mvpu_pick.c */
APU_DECLARE_OP(arg)
APU_DECLARE_OP(norm)            /* apu_mvpu_norm.c */
APU_DECLARE_OP(reduce)
#undef APU_DECLARE_OP

#endif

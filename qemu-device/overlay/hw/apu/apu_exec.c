/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Runs the streams of one gang, one command at a time, in the order of their
 * clocks: see "Command streams" and "Cost" in Documentation/hardware.
 */

#include "apu_base.h"
#include "apu_exec.h"
#include "apu_exec_int.h"

#define PAGE 4096
#define CMD_BYTES (APU_MAX_CMD_WORDS * 8)

/*
 * A command buffer being read. Bytes are fetched once, in order, and never
 * from a page that the next command does not reach into.
 */
struct fetch {
    uint64_t va;
    uint32_t bytes;             /* of the whole buffer */
    uint32_t pos;               /* of the next command */
    uint32_t start, len;        /* what window holds: bytes [start, +len) */
    uint8_t window[PAGE + CMD_BYTES];
};

struct stream {
    struct apu_regions regions;
    struct fetch main, called;
    bool in_call;
    bool ended;
    bool waiting;
    bool hung;                  /* by ops->inject */
    unsigned class;
    unsigned wait_counter;
    uint64_t wait_value;
    uint64_t clock;
    uint64_t busy;
    uint64_t dram_bytes;
    uint64_t l1_bytes;
};

/*
 * Streams start commands in the order of time and SIGNAL takes 20 cycles, so
 * of the SIGNALs executed so far only one per stream can take effect later
 * than a WAIT that starts now: remember as many moments as there are streams.
 */
struct counter {
    uint64_t value;
    uint64_t moment[APU_MAX_STREAMS];   /* of the signal to value v: [v % 8] */
};

struct gang {
    struct apu_env env;
    struct apu_job_completion *out;
    struct apu_dram dram;
    uint64_t limit;             /* cycles */
    unsigned current;           /* the stream that executes */
    struct counter counter[APU_NUM_COUNTERS];
    struct stream stream[APU_MAX_STREAMS];
    struct apu_op op;
};

static void fetch_begin(struct fetch *f, uint64_t va, uint32_t bytes)
{
    f->va = va;
    f->bytes = bytes;
    f->pos = f->start = f->len = 0;
}

typedef enum apu_job_status fetch_fn(void *opaque, unsigned engine,
                                     uint64_t va, void *buf, size_t len,
                                     struct apu_exec_fault *fault);

/* Makes the window hold @n bytes at pos. */
static enum apu_job_status fetch_fill(struct gang *g, struct fetch *f,
                                      unsigned n)
{
    struct apu_env *env = &g->env;
    fetch_fn *fetch = env->ops->fetch ? env->ops->fetch : env->ops->read;
    uint32_t used = f->pos - f->start;

    if (n > f->bytes - f->pos) {
        return APU_JOB_STATUS_BAD_COMMAND;
    }
    while (f->len - used < n) {
        uint64_t va;
        uint32_t chunk;
        enum apu_job_status s;

        memmove(f->window, f->window + used, f->len - used);
        f->start += used;
        f->len -= used;
        used = 0;
        va = f->va + f->start + f->len;
        chunk = apu_min64(PAGE - va % PAGE, f->bytes - f->start - f->len);
        s = fetch(env->opaque, env->engine, va, f->window + f->len, chunk,
                  &env->fault);
        if (s != APU_JOB_STATUS_OK) {
            return s;
        }
        f->len += chunk;
    }
    return APU_JOB_STATUS_OK;
}

/* Fetches the next command into g->op, with its encoding checked. */
static enum apu_job_status fetch_command(struct gang *g, struct stream *st,
                                         struct fetch *f)
{
    union apu_command *cmd = &g->op.cmd;
    enum apu_job_status s = fetch_fill(g, f, sizeof(cmd->hdr));

    if (s != APU_JOB_STATUS_OK) {
        return s;
    }
    memcpy(&cmd->hdr, f->window + (f->pos - f->start), sizeof(cmd->hdr));
    s = apu_decode_header(&cmd->hdr, st->class);
    if (s == APU_JOB_STATUS_OK) {
        s = fetch_fill(g, f, cmd->hdr.words * 8);
    }
    if (s != APU_JOB_STATUS_OK) {
        return s;
    }
    memcpy(cmd, f->window + (f->pos - f->start), cmd->hdr.words * 8);
    return apu_decode(cmd);
}

/* Checks the commands that no engine computes; CALL resolves its text. */
static enum apu_job_status prepare_control(const struct stream *st,
                                           struct apu_op *op)
{
    const struct apu_cmd_set_region *r = &op->cmd.set_region;
    const struct apu_cmd_call *c = &op->cmd.call;

    switch (op->cmd.hdr.opcode) {
    case APU_OP_SET_REGION:
        if (st->in_call || r->base % 8 || r->size > UINT64_MAX - r->base) {
            return APU_JOB_STATUS_BAD_COMMAND;
        }
        return APU_JOB_STATUS_OK;
    case APU_OP_CALL:
        if (st->in_call || c->text % 8 || c->bytes % 8 ||
            c->bytes > APU_MAX_STREAM_BYTES) {
            return APU_JOB_STATUS_BAD_COMMAND;
        }
        if (c->text >> APU_REF_REGION_SHIFT == APU_REGION_L1) {
            return APU_JOB_STATUS_BAD_REGION;
        }
        return apu_resolve(&st->regions, c->text, c->bytes, &op->in);
    default:
        return APU_JOB_STATUS_OK;
    }
}

static void do_set_region(struct stream *st,
                          const struct apu_cmd_set_region *c)
{
    st->regions.r[c->hdr.imm].base = c->base;
    st->regions.r[c->hdr.imm].size = c->size;
}

static void do_call(struct stream *st, const struct apu_op *op)
{
    fetch_begin(&st->called, op->in.va, op->cmd.call.bytes);
    st->in_call = true;
}

/* The waiting stream goes on once @moment has come. */
static void end_wait(struct stream *st, uint64_t moment)
{
    st->clock = apu_max64(st->clock, moment) + APU_CYC_COMMAND;
    st->waiting = false;
}

static void do_wait(struct gang *g, struct stream *st,
                    const struct apu_cmd_wait *c)
{
    const struct counter *n = &g->counter[c->hdr.imm];

    if (c->value > n->value) {
        st->waiting = true;
        st->wait_counter = c->hdr.imm;
        st->wait_value = c->value;
    } else if (c->value == 0 || n->value - c->value >= APU_MAX_STREAMS) {
        end_wait(st, 0);
    } else {
        end_wait(st, n->moment[c->value % APU_MAX_STREAMS]);
    }
}

static void do_signal(struct gang *g, unsigned index, uint64_t moment)
{
    struct counter *n = &g->counter[index];
    unsigned streams = g->env.job->desc.num_streams;

    n->value++;
    n->moment[n->value % APU_MAX_STREAMS] = moment;
    for (unsigned i = 0; i < streams; i++) {
        struct stream *st = &g->stream[i];

        if (st->waiting && st->wait_counter == index &&
            st->wait_value <= n->value) {
            end_wait(st, moment);
        }
    }
}

static void do_end(struct stream *st)
{
    if (st->in_call) {
        st->in_call = false;
    } else {
        st->ended = true;
    }
}

typedef enum apu_job_status prepare_fn(struct apu_op *op,
                                       const struct apu_regions *r);
typedef enum apu_job_status run_fn(struct apu_env *env,
                                   const struct apu_op *op);

static const struct {
    prepare_fn *prepare;
    run_fn *run;
} engine_ops[256] = {
    [APU_OP_CONV] = { apu_conv_prepare, apu_conv_run },
    [APU_OP_POOL] = { apu_pool_prepare, apu_pool_run },
    [APU_OP_ELTWISE] = { apu_eltwise_prepare, apu_eltwise_run },
    [APU_OP_COPY] = { apu_copy_prepare, apu_copy_run },
    [APU_OP_FILL] = { apu_fill_prepare, apu_fill_run },
    [APU_OP_GATHER] = { apu_gather_prepare, apu_gather_run },
    [APU_OP_SOFTMAX] = { apu_softmax_prepare, apu_softmax_run },
    [APU_OP_ACTIVATION] = { apu_activation_prepare, apu_activation_run },
    [APU_OP_RESIZE] = { apu_resize_prepare, apu_resize_run },
    [APU_OP_ARG] = { apu_arg_prepare, apu_arg_run },
    [APU_OP_NORM] = { apu_norm_prepare, apu_norm_run },
    [APU_OP_REDUCE] = { apu_reduce_prepare, apu_reduce_run },
};

/* Charges the command in g->op; TIMEOUT if it would end after the limit. */
static enum apu_job_status charge(struct gang *g, struct stream *st)
{
    const struct apu_cost *cost = &g->op.cost;
    uint64_t cycles = apu_cost_cycles(cost, &g->dram, st->clock);

    if (g->env.job->slow) {
        cycles = apu_sat_mul(cycles, g->env.job->slow);
    }
    if (cycles > g->limit - st->clock) {
        return APU_JOB_STATUS_TIMEOUT;
    }
    st->clock += cycles;
    st->busy += cycles;
    st->dram_bytes += cost->dram_bytes;
    st->l1_bytes += cost->l1_bytes;
    return APU_JOB_STATUS_OK;
}

static enum apu_job_status prepare(struct stream *st, struct apu_op *op)
{
    prepare_fn *engine_prepare = engine_ops[op->cmd.hdr.opcode].prepare;

    memset(&op->cost, 0, sizeof(op->cost));
    return engine_prepare ? engine_prepare(op, &st->regions) :
                            prepare_control(st, op);
}

/* Everything but WAIT, which is charged when it is over. */
static enum apu_job_status execute(struct gang *g, struct stream *st)
{
    struct apu_op *op = &g->op;
    enum apu_job_status s = prepare(st, op);

    if (s == APU_JOB_STATUS_OK) {
        s = charge(g, st);
    }
    if (s != APU_JOB_STATUS_OK) {
        return s;
    }
    switch (op->cmd.hdr.opcode) {
    case APU_OP_NOP:
        return s;
    case APU_OP_END:
        do_end(st);
        return s;
    case APU_OP_SET_REGION:
        do_set_region(st, &op->cmd.set_region);
        return s;
    case APU_OP_CALL:
        do_call(st, op);
        return s;
    case APU_OP_SIGNAL:
        do_signal(g, op->cmd.hdr.imm, st->clock);
        return s;
    default:
        return engine_ops[op->cmd.hdr.opcode].run(&g->env, op);
    }
}

/* Whether the stream may go on: polls for aborts, injects faults. */
static enum apu_job_status before_command(struct apu_env *env,
                                          struct stream *st)
{
    enum apu_job_status s = APU_JOB_STATUS_OK;

    if (env->ops->poll) {
        s = env->ops->poll(env->opaque);
    }
    if (s == APU_JOB_STATUS_OK && env->ops->inject) {
        s = env->ops->inject(env->opaque, env->engine);
        st->hung = s == APU_JOB_STATUS_PENDING;
    }
    return s;
}

/* One command of the current stream. */
static enum apu_job_status step(struct gang *g)
{
    struct apu_env *env = &g->env;
    struct stream *st = &g->stream[g->current];
    struct fetch *f = st->in_call ? &st->called : &st->main;
    enum apu_job_status s;

    if (st->clock > g->limit) {
        /* A WAIT ended too late: it is what failed. */
        f->pos -= sizeof(struct apu_cmd_wait);
        return APU_JOB_STATUS_TIMEOUT;
    }
    /* Reaching the end of a buffer costs nothing and ends or returns. */
    if (f->pos == f->bytes) {
        do_end(st);
        return APU_JOB_STATUS_OK;
    }
    s = before_command(env, st);
    if (st->hung) {
        return APU_JOB_STATUS_OK;
    }
    if (s == APU_JOB_STATUS_OK) {
        s = fetch_command(g, st, f);
    }
    if (s != APU_JOB_STATUS_OK) {
        return s;
    }
    if (env->ops->command) {
        env->ops->command(env->opaque, g->current, env->engine,
                          f->va + f->pos, &g->op.cmd.hdr, st->clock);
    }
    if (g->op.cmd.hdr.opcode == APU_OP_WAIT) {
        do_wait(g, st, &g->op.cmd.wait);
    } else {
        s = execute(g, st);
    }
    if (s == APU_JOB_STATUS_OK) {
        f->pos += g->op.cmd.hdr.words * 8;
    }
    return s;
}

/* Chooses the stream that executes next; false if none can. */
static bool schedule(struct gang *g)
{
    unsigned streams = g->env.job->desc.num_streams;
    bool found = false;

    for (unsigned i = 0; i < streams; i++) {
        const struct stream *st = &g->stream[i];

        if (st->ended || st->waiting || st->hung) {
            continue;
        }
        if (!found || st->clock < g->stream[g->current].clock) {
            g->current = i;
            found = true;
        }
    }
    return found;
}

static bool all_ended(const struct gang *g)
{
    unsigned streams = g->env.job->desc.num_streams;

    for (unsigned i = 0; i < streams; i++) {
        if (!g->stream[i].ended) {
            return false;
        }
    }
    return true;
}

/* A stream that waits for ever is the one that failed. */
static void blame_waiting(struct gang *g)
{
    for (g->current = 0; !g->stream[g->current].waiting; g->current++) {
        ;
    }
}

/* If one hangs, it is the reason why time ran out. */
static bool blame_hung(struct gang *g)
{
    for (unsigned i = 0; i < g->env.job->desc.num_streams; i++) {
        if (g->stream[i].hung) {
            g->current = i;
            return true;
        }
    }
    return false;
}

static void report_failure(struct gang *g, enum apu_job_status status)
{
    const struct stream *st = &g->stream[g->current];
    const struct fetch *f = st->in_call ? &st->called : &st->main;
    const struct apu_exec_fault *fault = &g->env.fault;
    struct apu_job_completion *out = g->out;

    out->fail_stream = g->current;
    out->fail_engine = g->env.job->engine[g->current];
    out->fail_in_call = st->in_call;
    out->fail_offset = f->pos;
    if (st->waiting) {
        /* It has been read already. */
        out->fail_offset -= sizeof(struct apu_cmd_wait);
    }
    out->fail_va = f->va + out->fail_offset;
    switch (status) {
    case APU_JOB_STATUS_BAD_COMMAND:
        out->detail = g->op.cmd.hdr.opcode;
        break;
    case APU_JOB_STATUS_MMU_FAULT:
        out->detail = fault->kind | (fault->write ? 1u << 8 : 0);
        out->fault_va = fault->va;
        break;
    case APU_JOB_STATUS_BUS_ERROR:
        out->fault_va = fault->va;
        break;
    default:
        break;
    }
}

static void report_stats(const struct gang *g, enum apu_job_status status)
{
    const struct apu_exec_job *job = g->env.job;
    struct apu_job_completion *out = g->out;

    for (unsigned i = 0; i < job->desc.num_streams; i++) {
        const struct stream *st = &g->stream[i];

        out->streams[i].cycles = st->clock;
        out->streams[i].busy = st->busy;
        out->streams[i].dram_bytes = st->dram_bytes;
        out->streams[i].l1_bytes = st->l1_bytes;
        out->cycles = apu_max64(out->cycles, st->clock);
        out->engines |= (uint64_t)job->engine[i] << 8 * i;
    }
    if (status == APU_JOB_STATUS_TIMEOUT) {
        out->cycles = g->limit;
    }
    out->status = status;
}

static void gang_begin(struct gang *g, const struct apu_exec_job *job)
{
    const struct apu_job_desc *desc = &job->desc;

    g->limit = (uint64_t)desc->time_limit_us * job->khz / 1000;
    for (unsigned i = 0; i < desc->num_streams; i++) {
        struct stream *st = &g->stream[i];

        st->class = desc->streams[i].engine_class;
        st->regions.l1 = job->l1;
        st->regions.r[APU_REGION_L1].size = (uint64_t)desc->l1_kib * 1024;
        fetch_begin(&st->main, desc->streams[i].va, desc->streams[i].bytes);
    }
}

static enum apu_job_status gang_run(struct gang *g)
{
    enum apu_job_status s = APU_JOB_STATUS_OK;

    while (s == APU_JOB_STATUS_OK && schedule(g)) {
        g->env.engine = g->env.job->engine[g->current];
        s = step(g);
    }
    if (s == APU_JOB_STATUS_OK && all_ended(g)) {
        return s;
    }
    if (s != APU_JOB_STATUS_OK && s != APU_JOB_STATUS_TIMEOUT) {
        return s;
    }
    if (!blame_hung(g) && s == APU_JOB_STATUS_OK) {
        blame_waiting(g);
    }
    return APU_JOB_STATUS_TIMEOUT;
}

void apu_exec_run(const struct apu_exec_job *job,
                  const struct apu_exec_ops *ops, void *opaque,
                  struct apu_job_completion *out)
{
    struct gang *g = calloc(1, sizeof(*g));
    enum apu_job_status s;

    memset(out, 0, sizeof(*out));
    if (!g) {
        out->status = APU_JOB_STATUS_BUS_ERROR;
        return;
    }
    g->out = out;
    g->env.job = job;
    g->env.ops = ops;
    g->env.opaque = opaque;
    gang_begin(g, job);
    s = gang_run(g);
    if (s != APU_JOB_STATUS_OK) {
        report_failure(g, s);
    }
    report_stats(g, s);
    apu_buf_free(&g->env);
    free(g);
}

/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 *   apu-exec-fuzz SEED FIRST STREAMS
 *
 * Runs jobs of random command streams, the same for the same SEED: commands that are
 * right, the same with some fields changed, and noise, in several streams that
 * call, signal and wait. Whatever is in them, a job must end, with a status that
 * there is, and must not touch memory that is not mapped for it; the rest is for the
 * sanitizers to find. Every job has a number and depends on that and SEED only: the
 * one that broke is run again by its number.
 */

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "commands.h"

#define TEXT_VA 0x100000ull
#define CALLED_VA 0x800000ull
#define DRAM_VA 0x40000000ull
#define DRAM_BYTES 0x8000
#define GUARD 64
#define MAX_STREAMS 5
/* Seconds that one job may take, with sanitizers, on a slow host. */
#define PATIENCE 120

struct field {
    unsigned offset, count, size;
};

struct command {
    const char *name;
    unsigned opcode, words, classes;
    const struct field *fields;
};

#define APU_CMD(name, opcode, words, classes) \
    { #name, opcode, words, classes, (const struct field[]) {
#define APU_FIELD(name, offset, count, type) \
        { offset, count, FUZZ_SIZE_##type },
#define FUZZ_SIZE_U8 1
#define FUZZ_SIZE_U16 2
#define FUZZ_SIZE_U32 4
#define FUZZ_SIZE_I32 4
#define FUZZ_SIZE_U64 8
#define FUZZ_SIZE_REF 8
#define APU_CMD_END \
        { 0, 0, 0 } } },
static const struct command commands[] = {
#include "apu_cmd_table.h"
};
#define NUM_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static uint8_t dram[GUARD + DRAM_BYTES + GUARD];
static uint64_t seed, number;
/* Of the job's buffer to call. */
static uint32_t called_bytes;
static unsigned long ended[APU_JOB_STATUS_ECC_ERROR + 1];

/* As a death callback, and for a job that does not end. */
static void tell(void)
{
    char text[96];
    int n = snprintf(text, sizeof(text), "apu-exec-fuzz: seed %llu, job %llu\n",
                     (unsigned long long)seed, (unsigned long long)number);

    if (write(2, text, n) != n) {
        _exit(1);
    }
}

static void on_alarm(int sig)
{
    static const char text[] = "apu-exec-fuzz: a job does not end\n";

    if (write(2, text, sizeof(text) - 1) > 0) {
        tell();
    }
    _exit(1);
}

#if defined(__SANITIZE_ADDRESS__)
void __sanitizer_set_death_callback(void (*callback)(void));
#endif

/* A number that something may stumble over. */
static uint64_t odd_number(void)
{
    static const uint64_t numbers[] = {
        0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 63, 64, 127, 128, 255, 256,
        4095, 4096, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000,
        0xffffffff, 0x100000000, 0xffffffffff, 0x7fffffffffffffff, UINT64_MAX,
    };

    switch (rnd_below(3)) {
    case 0:
        return numbers[rnd_below(sizeof(numbers) / sizeof(numbers[0]))];
    case 1:
        return rnd_below(40);
    default:
        return rnd() >> rnd_below(64);
    }
}

static uint64_t some_ref(void)
{
    static const unsigned regions[] = { 0, 0, 0, 1, 2, 2, 4, 5, 15 };
    uint64_t ref = REF(regions[rnd_below(9)], rnd_below(0x9000));

    return rnd_below(16) ? ref : odd_number() | ref;
}

static void set_field(uint8_t *cmd, const struct field *f)
{
    unsigned i = rnd_below(f->count);
    uint64_t value = f->size == 8 && rnd_below(3) ? some_ref() : odd_number();

    memcpy(cmd + f->offset + i * f->size, &value, f->size);
}

static const struct command *find_command(unsigned opcode)
{
    for (unsigned i = 0; i < NUM_COMMANDS; i++) {
        if (commands[i].opcode == opcode) {
            return &commands[i];
        }
    }
    return NULL;
}

static void change(uint8_t *cmd, unsigned times)
{
    const struct command *c = find_command(cmd[0]);
    unsigned num = 0;

    while (c && c->fields[num].count) {
        num++;
    }
    while (num && times--) {
        set_field(cmd, &c->fields[rnd_below(num)]);
    }
}

static unsigned good_command(uint64_t *words, unsigned class)
{
    uint8_t *to = (uint8_t *)words;
#define ONE_OF(n, f) { struct apu_cmd_##n c = f(); memcpy(to, &c, sizeof(c)); return sizeof(c) / 8; }

    switch (class) {
    case APU_ENGINE_CLASS_MDLA:
        switch (rnd_below(3)) {
        case 0: ONE_OF(conv, cmd_conv)
        case 1: ONE_OF(pool, cmd_pool)
        default: ONE_OF(eltwise, cmd_eltwise)
        }
    case APU_ENGINE_CLASS_EDMA:
        switch (rnd_below(3)) {
        case 0: ONE_OF(copy, cmd_copy)
        case 1: ONE_OF(gather, cmd_gather)
        default: ONE_OF(fill, cmd_fill)
        }
    default:
        switch (rnd_below(6)) {
        case 4: ONE_OF(reduce, cmd_reduce)
        case 0: ONE_OF(softmax, cmd_softmax)
        case 1: ONE_OF(activation, cmd_activation)
        case 2: ONE_OF(resize, cmd_resize)
        case 3: ONE_OF(norm, cmd_norm)
        default: ONE_OF(arg, cmd_arg)
        }
    }
#undef ONE_OF
}

/* A command of any kind, its header right, the rest as it comes. */
static unsigned any_command(uint64_t *words)
{
    const struct command *c = &commands[rnd_below(NUM_COMMANDS)];
    struct apu_cmd_header hdr = { .opcode = c->opcode, .words = c->words };

    memset(words, 0, c->words * 8);
    memcpy(words, &hdr, sizeof(hdr));
    change((uint8_t *)words, 12);
    return c->words;
}

static void add_command(struct prog *p, unsigned class)
{
    uint64_t words[APU_MAX_CMD_WORDS];
    unsigned num;

    switch (rnd_below(48)) {
    case 0:
        num = 1 + rnd_below(4);
        rnd_bytes(words, num * 8);
        prog_add(p, words, num);
        return;
    case 1:
    case 2:
        num = any_command(words);
        break;
    case 3:
        prog_simple(p, APU_OP_SIGNAL, rnd_below(APU_NUM_COUNTERS + !rnd_below(8)));
        return;
    case 4:
        prog_wait(p, rnd_below(4), rnd_below(3));
        return;
    case 5:
        if (rnd_below(8)) {
            prog_call(p, REF(1, 0), called_bytes);
        } else {
            prog_call(p, some_ref(), odd_number());
        }
        return;
    case 6:
        prog_region(p, rnd_below(18), rnd_below(4) ? DRAM_VA + 8 * rnd_below(0x1000) : odd_number(),
                    rnd_below(4) ? rnd_below(0x9000) : odd_number());
        return;
    default:
        num = good_command(words, class);
        change((uint8_t *)words, rnd_below(3) ? 0 : 1 + rnd_below(3));
        break;
    }
    if (!rnd_below(64)) {
        /* Of the header. */
        ((uint8_t *)words)[rnd_below(8)] = rnd();
    }
    prog_add(p, words, num);
}

static void begin_program(struct prog *p)
{
    prog_region(p, 1, CALLED_VA, 0x200);
    prog_region(p, 2, DRAM_VA, DRAM_BYTES);
    prog_region(p, 4, DRAM_VA, 0x1000);
    prog_region(p, 5, DRAM_VA + 0x4000, 0x4000);
}

static bool check_job(const struct apu_job_completion *r, enum apu_job_status status,
                      unsigned streams)
{
    for (unsigned i = 0; i < GUARD; i++) {
        if (dram[i] != 0xc3 || dram[GUARD + DRAM_BYTES + i] != 0xc3) {
            fprintf(stderr, "apu-exec-fuzz: wrote beside the mapped memory\n");
            return false;
        }
    }
    switch (status) {
    case APU_JOB_STATUS_OK:
    case APU_JOB_STATUS_TIMEOUT:
    case APU_JOB_STATUS_BAD_COMMAND:
    case APU_JOB_STATUS_BAD_REGION:
    case APU_JOB_STATUS_MMU_FAULT:
        break;
    default:
        fprintf(stderr, "apu-exec-fuzz: status %u\n", status);
        return false;
    }
    if (r->status != status || r->fail_stream >= streams || r->fail_in_call > 1 ||
        (status == APU_JOB_STATUS_OK) != !r->fail_va) {
        fprintf(stderr, "apu-exec-fuzz: the record makes no sense\n");
        return false;
    }
    ended[status]++;
    return true;
}

/* Returns how many streams it had, 0 if something is wrong. */
static unsigned run_job(void)
{
    struct apu_flatmem *m = apu_flatmem_new();
    static const unsigned instances[] = { 2, 2, 1 };
    unsigned used[3] = { 0 }, num = 0, want = 1 + rnd_below(MAX_STREAMS);
    struct prog p[MAX_STREAMS] = { { 0 } }, called = { 0 };
    struct apu_job_completion record;
    enum apu_job_status status;
    bool good;

    memset(dram, 0xc3, sizeof(dram));
    rnd_bytes(dram + GUARD, 256);
    apu_flatmem_map(m, DRAM_VA, dram + GUARD, DRAM_BYTES, true);
    apu_flatmem_limit(m, 1 + rnd_below(2000));
    apu_flatmem_reference(m, !rnd_below(8));
    /* Of one class: streams of another that call it fail. */
    add_command(&called, rnd_below(3));
    called_bytes = prog_bytes(&called);
    for (unsigned class = rnd_below(3); num < want; class = (class + 1) % 3) {
        if (used[class] == instances[class]) {
            continue;
        }
        used[class]++;
        begin_program(&p[num]);
        for (unsigned n = 1 + rnd_below(6); n; n--) {
            add_command(&p[num], class);
        }
        apu_flatmem_map(m, TEXT_VA + num * 0x10000, p[num].words,
                        prog_bytes(&p[num]), false);
        apu_flatmem_stream(m, class, TEXT_VA + num * 0x10000, prog_bytes(&p[num]));
        num++;
    }
    apu_flatmem_map(m, CALLED_VA, called.words, prog_bytes(&called), false);

    alarm(PATIENCE);
    status = apu_flatmem_run(m, 16 + 16 * rnd_below(3), &record);
    alarm(0);
    good = check_job(&record, status, num);
    while (want--) {
        prog_free(&p[want]);
    }
    prog_free(&called);
    apu_flatmem_free(m);
    return good ? num : 0;
}

int main(int argc, char **argv)
{
    static const char *const names[] = {
        [APU_JOB_STATUS_OK] = "OK", [APU_JOB_STATUS_TIMEOUT] = "TIMEOUT",
        [APU_JOB_STATUS_BAD_COMMAND] = "BAD_COMMAND",
        [APU_JOB_STATUS_BAD_REGION] = "BAD_REGION",
        [APU_JOB_STATUS_MMU_FAULT] = "MMU_FAULT",
    };
    uint64_t first, streams, done = 0;

    if (argc != 4) {
        fprintf(stderr, "usage: apu-exec-fuzz SEED FIRST STREAMS\n");
        return 2;
    }
    seed = strtoull(argv[1], NULL, 0);
    first = strtoull(argv[2], NULL, 0);
    streams = strtoull(argv[3], NULL, 0);
    signal(SIGALRM, on_alarm);
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_set_death_callback(tell);
#endif
    for (number = first; done < streams; number++) {
        unsigned n;

        rnd_seed(seed * 0x9e3779b97f4a7c15ull + number + 1);
        rnd();
        n = run_job();
        if (!n) {
            tell();
            return 1;
        }
        done += n;
    }
    printf("# %llu streams in %llu jobs:", (unsigned long long)done,
           (unsigned long long)(number - first));
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i]) {
            printf(" %s %lu", names[i], ended[i]);
        }
    }
    printf("\n");
    return 0;
}

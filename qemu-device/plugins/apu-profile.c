/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * TCG plugin: how often each instruction ran between two marks of the guest.
 *
 *   -plugin libapu-profile.so,out=FILE
 *
 * The marks are hints that the architecture has not given a meaning: HINT #96 starts
 * counting, HINT #97 stops it. A line of FILE is "ADDRESS COUNT", in hexadecimal and
 * decimal. For one processor.
 */

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <glib.h>

#include <qemu-plugin.h>

#define HINT(n)     (0xd503201fu | (n) << 5)
#define HINT_START  HINT(96)
#define HINT_STOP   HINT(97)

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

static char *out;
static bool counting;
/* Of guest addresses; the values are counts that callbacks point to. */
static GHashTable *counts;

static void start(unsigned int cpu, void *data)
{
    counting = true;
}

static void stop(unsigned int cpu, void *data)
{
    counting = false;
}

static void count(unsigned int cpu, void *data)
{
    if (counting) {
        (*(uint64_t *)data)++;
    }
}

static uint64_t *count_of(uint64_t address)
{
    uint64_t *n = g_hash_table_lookup(counts, &address);

    if (!n) {
        n = g_new0(uint64_t, 1);
        g_hash_table_insert(counts, g_memdup2(&address, sizeof(address)), n);
    }
    return n;
}

static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t insns = qemu_plugin_tb_n_insns(tb);

    for (size_t i = 0; i < insns; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        qemu_plugin_vcpu_udata_cb_t call = count;
        uint64_t *n = count_of(qemu_plugin_insn_vaddr(insn));
        uint32_t code = 0;

        qemu_plugin_insn_data(insn, &code, sizeof(code));
        if (code == HINT_START) {
            call = start;
        } else if (code == HINT_STOP) {
            call = stop;
        }
        qemu_plugin_register_vcpu_insn_exec_cb(insn, call,
                                               QEMU_PLUGIN_CB_NO_REGS, n);
    }
}

static void finish(qemu_plugin_id_t id, void *data)
{
    FILE *f = fopen(out, "w");
    GHashTableIter i;
    gpointer address, n;

    if (!f) {
        fprintf(stderr, "apu-profile: cannot write %s\n", out);
        return;
    }
    g_hash_table_iter_init(&i, counts);
    while (g_hash_table_iter_next(&i, &address, &n)) {
        if (*(uint64_t *)n) {
            fprintf(f, "%" PRIx64 " %" PRIu64 "\n", *(uint64_t *)address,
                    *(uint64_t *)n);
        }
    }
    if (fclose(f)) {
        fprintf(stderr, "apu-profile: cannot write %s\n", out);
    }
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
                                           const qemu_info_t *info, int argc,
                                           char **argv)
{
    if (argc != 1 || strncmp(argv[0], "out=", 4)) {
        fprintf(stderr, "apu-profile: out=FILE is needed, and nothing else\n");
        return -1;
    }
    out = g_strdup(argv[0] + 4);
    counts = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    qemu_plugin_register_atexit_cb(id, finish, NULL);
    return 0;
}

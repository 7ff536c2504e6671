/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: rules that make the device fail. This is the language and the
 * counting; what a fault does is where its event happens.
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/lockable.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "apu_fault.h"
#include "trace.h"

typedef enum ApuFaultKey {
    KEY_ON,
    KEY_DO,
    KEY_ENGINE,
    KEY_CTX,
    KEY_SLOT,
    KEY_CAUSE,
    KEY_AFTER,
    KEY_COUNT,
    KEY_DELAY,
    KEY_FACTOR,
    KEY_KIND,
    NUM_KEYS
} ApuFaultKey;

static const char *const key_names[NUM_KEYS] = {
    [KEY_ON] = "on",
    [KEY_DO] = "do",
    [KEY_ENGINE] = "engine",
    [KEY_CTX] = "ctx",
    [KEY_SLOT] = "slot",
    [KEY_CAUSE] = "cause",
    [KEY_AFTER] = "after",
    [KEY_COUNT] = "count",
    [KEY_DELAY] = "delay-us",
    [KEY_FACTOR] = "factor",
    [KEY_KIND] = "kind",
};

static const char *const action_names[APU_FAULT_NUM_ACTIONS] = {
    [APU_FAULT_BUS_ERROR] = "bus-error",
    [APU_FAULT_CORRUPT] = "corrupt",
    [APU_FAULT_DUPLICATE] = "duplicate",
    [APU_FAULT_ECC_CORRECTED] = "ecc-corrected",
    [APU_FAULT_ECC_UNCORRECTED] = "ecc-uncorrected",
    [APU_FAULT_FREEZE] = "freeze",
    [APU_FAULT_GLITCH] = "glitch",
    [APU_FAULT_HANG] = "hang",
    [APU_FAULT_IGNORED] = "ignored",
    [APU_FAULT_LATE] = "late",
    [APU_FAULT_LOST] = "lost",
    [APU_FAULT_MMU_FAULT] = "mmu-fault",
    [APU_FAULT_READ_ONES] = "read-ones",
    [APU_FAULT_SLOW] = "slow",
    [APU_FAULT_SPURIOUS] = "spurious",
    [APU_FAULT_STUCK] = "stuck",
};

static const char *const cause_names[APU_FAULT_NUM_CAUSES] = {
    [APU_FAULT_CAUSE_SLOT] = "slot",
    [APU_FAULT_CAUSE_ABORT] = "abort",
    [APU_FAULT_CAUSE_DESC] = "desc",
    [APU_FAULT_CAUSE_MMU] = "mmu",
};

#define NUM_KINDS (APU_FAULT_KIND_WALK_BUS_ERROR + 1)
static const char *const kind_names[NUM_KINDS] = {
    [APU_FAULT_KIND_TRANSLATION] = "translation",
    [APU_FAULT_KIND_PERMISSION] = "permission",
    [APU_FAULT_KIND_ADDRESS_SIZE] = "address-size",
    [APU_FAULT_KIND_WALK_BUS_ERROR] = "walk-bus-error",
};

/* In the order of engine_class. */
static const char *const class_names[] = { "mdla", "edma", "mvpu" };

#define ACT(name) BIT(APU_FAULT_##name)
#define JOB_KEYS (BIT(KEY_ENGINE) | BIT(KEY_CTX) | BIT(KEY_SLOT))

static const struct {
    const char *name;
    uint32_t keys;              /* that select among its events */
    uint32_t actions;
} events[APU_FAULT_NUM_EVENTS] = {
    [APU_FAULT_ON_DOORBELL] = {
        "doorbell", BIT(KEY_CTX) | BIT(KEY_SLOT), ACT(LOST) | ACT(BUS_ERROR),
    },
    [APU_FAULT_ON_JOB] = {
        "job", JOB_KEYS,
        ACT(HANG) | ACT(FREEZE) | ACT(SLOW) | ACT(SPURIOUS) | ACT(GLITCH),
    },
    [APU_FAULT_ON_COMMAND] = {
        "command", JOB_KEYS,
        ACT(HANG) | ACT(FREEZE) | ACT(ECC_CORRECTED) | ACT(ECC_UNCORRECTED),
    },
    [APU_FAULT_ON_FETCH] = {
        "fetch", JOB_KEYS,
        ACT(CORRUPT) | ACT(BUS_ERROR) | ACT(MMU_FAULT) | ACT(READ_ONES),
    },
    [APU_FAULT_ON_READ] = {
        "read", JOB_KEYS, ACT(BUS_ERROR) | ACT(MMU_FAULT) | ACT(READ_ONES),
    },
    [APU_FAULT_ON_WRITE] = {
        "write", JOB_KEYS, ACT(BUS_ERROR) | ACT(MMU_FAULT),
    },
    [APU_FAULT_ON_RECORD] = { "record", JOB_KEYS, ACT(BUS_ERROR) },
    [APU_FAULT_ON_IRQ] = {
        "irq", JOB_KEYS | BIT(KEY_CAUSE),
        ACT(LOST) | ACT(LATE) | ACT(DUPLICATE),
    },
    [APU_FAULT_ON_ABORT] = { "abort", JOB_KEYS, ACT(STUCK) | ACT(SLOW) },
    [APU_FAULT_ON_RESET] = {
        "reset", BIT(KEY_ENGINE), ACT(STUCK) | ACT(IGNORED),
    },
    [APU_FAULT_ON_POWER_ON] = {
        "power-on", BIT(KEY_ENGINE), ACT(STUCK) | ACT(SLOW),
    },
    [APU_FAULT_ON_POWER_OFF] = {
        "power-off", BIT(KEY_ENGINE), ACT(STUCK) | ACT(SLOW),
    },
    [APU_FAULT_ON_OPP] = { "opp", 0, ACT(STUCK) | ACT(SLOW) },
    [APU_FAULT_ON_MMU] = { "mmu", BIT(KEY_CTX), ACT(STUCK) | ACT(SLOW) },
    [APU_FAULT_ON_MMIO] = { "mmio", BIT(KEY_ENGINE), ACT(READ_ONES) },
};

/* Events that TOP has as well as engines. */
#define TOP_EVENTS (BIT(APU_FAULT_ON_RESET) | BIT(APU_FAULT_ON_POWER_ON) | \
                    BIT(APU_FAULT_ON_POWER_OFF) | BIT(APU_FAULT_ON_MMIO))

void apu_faults_init(ApuFaults *f, const uint8_t *num_engines,
                     unsigned num_classes)
{
    assert(num_classes <= ARRAY_SIZE(class_names));
    f->num_engines = num_engines;
    f->num_classes = num_classes;
    qemu_mutex_init(&f->lock);
}

void apu_faults_destroy(ApuFaults *f)
{
    qemu_mutex_destroy(&f->lock);
}

/* --- language ------------------------------------------------------------- */

/* Index of @word, or -1; errors name the words that there are. */
static int find_word(const char *what, const char *const *names, unsigned num,
                     const char *word, Error **errp)
{
    g_autoptr(GString) known = g_string_new("");

    for (unsigned i = 0; i < num; i++) {
        if (names[i] && !strcmp(names[i], word)) {
            return i;
        }
        if (names[i]) {
            g_string_append_printf(known, " %s", names[i]);
        }
    }
    error_setg(errp, "fault rule: no %s '%s'; there are:%s", what, word,
               known->str);
    return -1;
}

static int find_event(const char *word, Error **errp)
{
    const char *names[APU_FAULT_NUM_EVENTS];

    for (unsigned i = 0; i < APU_FAULT_NUM_EVENTS; i++) {
        names[i] = events[i].name;
    }
    return find_word("event", names, ARRAY_SIZE(names), word, errp);
}

static bool parse_number(const char *key, const char *value, uint32_t min,
                         uint32_t max, uint32_t *number, Error **errp)
{
    uint64_t n;

    if (!g_ascii_isdigit(value[0]) || qemu_strtou64(value, NULL, 0, &n) < 0 ||
        n < min || n > max) {
        error_setg(errp, "fault rule: %s must be a number from %u to %u, "
                   "not '%s'", key, min, max, value);
        return false;
    }
    *number = n;
    return true;
}

static bool parse_engine(const ApuFaults *f, const char *value,
                         ApuFaultRule *rule, Error **errp)
{
    unsigned first = 0;

    rule->engines = strcmp(value, "top") ? 0 : BIT(APU_FAULT_TOP);
    for (unsigned c = 0; c < f->num_classes; c++) {
        unsigned num = f->num_engines[c];
        const char *rest;

        if (num && strstart(value, class_names[c], &rest) && !rest[0]) {
            rule->engines = MAKE_64BIT_MASK(first, num);
        }
        for (unsigned i = 0; i < num; i++) {
            g_autofree char *name = g_strdup_printf("%s%u", class_names[c], i);

            if (!strcmp(value, name)) {
                rule->engines = BIT(first + i);
            }
        }
        first += num;
    }
    if (!rule->engines) {
        error_setg(errp, "fault rule: this machine has no engine '%s'", value);
        return false;
    }
    pstrcpy(rule->engine, sizeof(rule->engine), value);
    return true;
}

static bool parse_count(const char *value, uint32_t *count, Error **errp)
{
    if (!strcmp(value, "all")) {
        *count = 0;
        return true;
    }
    return parse_number("count", value, 1, UINT32_MAX, count, errp);
}

static bool parse_value(const ApuFaults *f, ApuFaultKey key,
                        const char *value, ApuFaultRule *rule, Error **errp)
{
    const char *name = key_names[key];
    uint32_t number = 0;
    int word = 0;
    bool ok = true;

    switch (key) {
    case KEY_ON:
        word = find_event(value, errp);
        rule->on = word;
        break;
    case KEY_DO:
        word = find_word("action", action_names, APU_FAULT_NUM_ACTIONS, value,
                         errp);
        rule->act = word;
        break;
    case KEY_ENGINE:
        return parse_engine(f, value, rule, errp);
    case KEY_CTX:
        ok = parse_number(name, value, 0, UINT16_MAX, &number, errp);
        rule->ctx = number;
        break;
    case KEY_SLOT:
        ok = parse_number(name, value, 0, APU_NUM_SLOTS - 1, &number, errp);
        rule->slot = number;
        break;
    case KEY_CAUSE:
        word = find_word("cause", cause_names, APU_FAULT_NUM_CAUSES, value,
                         errp);
        rule->cause = word;
        break;
    case KEY_AFTER:
        return parse_number(name, value, 0, UINT32_MAX, &rule->after, errp);
    case KEY_COUNT:
        return parse_count(value, &rule->count, errp);
    case KEY_DELAY:
        return parse_number(name, value, 1, 10 * 1000 * 1000, &rule->delay_us,
                            errp);
    case KEY_FACTOR:
        return parse_number(name, value, 2, 1000 * 1000, &rule->factor, errp);
    case KEY_KIND:
        word = find_word("kind", kind_names, NUM_KINDS, value, errp);
        rule->kind = word;
        break;
    case NUM_KEYS:
        g_assert_not_reached();
    }
    return ok && word >= 0;
}

static bool parse_pair(const ApuFaults *f, const char *pair,
                       ApuFaultRule *rule, Error **errp)
{
    const char *equals = strchr(pair, '=');
    g_autofree char *name = NULL;
    int key;

    if (!equals) {
        error_setg(errp, "fault rule: '%s' is not KEY=VALUE", pair);
        return false;
    }
    name = g_strndup(pair, equals - pair);
    key = find_word("key", key_names, NUM_KEYS, name, errp);
    if (key < 0) {
        return false;
    }
    if (rule->keys & BIT(key)) {
        error_setg(errp, "fault rule: '%s' is given twice", name);
        return false;
    }
    rule->keys |= BIT(key);
    return parse_value(f, key, equals + 1, rule, errp);
}

/* Keys that mean something for the rule's event and action. */
static uint32_t useful_keys(const ApuFaultRule *rule)
{
    uint32_t keys = BIT(KEY_ON) | BIT(KEY_DO) | BIT(KEY_AFTER) |
                    BIT(KEY_COUNT) | events[rule->on].keys;

    if (rule->on == APU_FAULT_ON_IRQ && rule->cause != APU_FAULT_CAUSE_SLOT) {
        keys &= ~JOB_KEYS;
    }
    switch (rule->act) {
    case APU_FAULT_SLOW:
        keys |= rule->on == APU_FAULT_ON_JOB ? BIT(KEY_FACTOR) :
                                               BIT(KEY_DELAY);
        break;
    case APU_FAULT_LATE:
    case APU_FAULT_DUPLICATE:
        keys |= BIT(KEY_DELAY);
        break;
    case APU_FAULT_MMU_FAULT:
        keys |= BIT(KEY_KIND);
        break;
    default:
        break;
    }
    return keys;
}

/* The pairs are all right: do they make sense together? */
static bool check_rule(const ApuFaultRule *rule, Error **errp)
{
    const char *on = events[rule->on].name;
    uint32_t useless;

    if (!(rule->keys & BIT(KEY_ON)) || !(rule->keys & BIT(KEY_DO))) {
        error_setg(errp, "fault rule: both 'on' and 'do' must be given");
        return false;
    }
    if (!(events[rule->on].actions & BIT(rule->act))) {
        error_setg(errp, "fault rule: do=%s means nothing for on=%s",
                   action_names[rule->act], on);
        return false;
    }
    if (rule->engines == BIT(APU_FAULT_TOP) &&
        !(BIT(rule->on) & TOP_EVENTS)) {
        error_setg(errp, "fault rule: engine=top means nothing for on=%s", on);
        return false;
    }
    useless = rule->keys & ~useful_keys(rule);
    if (useless) {
        error_setg(errp, "fault rule: '%s' means nothing for on=%s,do=%s",
                   key_names[ctz32(useless)], on, action_names[rule->act]);
        return false;
    }
    return true;
}

static bool parse_rule(const ApuFaults *f, const char *text,
                       ApuFaultRule *rule, Error **errp)
{
    g_auto(GStrv) pairs = g_strsplit(text, ",", -1);

    *rule = (ApuFaultRule) {
        .count = 1,
        .delay_us = 1000,
        .factor = 10,
        .kind = APU_FAULT_KIND_TRANSLATION,
    };
    for (unsigned i = 0; pairs[i]; i++) {
        if (!parse_pair(f, pairs[i], rule, errp)) {
            return false;
        }
    }
    return check_rule(rule, errp);
}

static void print_rule(const ApuFaultRule *rule, GString *out)
{
    g_string_append_printf(out, "on=%s", events[rule->on].name);
    if (rule->keys & BIT(KEY_ENGINE)) {
        g_string_append_printf(out, ",engine=%s", rule->engine);
    }
    if (rule->keys & BIT(KEY_CTX)) {
        g_string_append_printf(out, ",ctx=%u", rule->ctx);
    }
    if (rule->keys & BIT(KEY_SLOT)) {
        g_string_append_printf(out, ",slot=%u", rule->slot);
    }
    if (rule->keys & BIT(KEY_CAUSE)) {
        g_string_append_printf(out, ",cause=%s", cause_names[rule->cause]);
    }
    if (rule->after) {
        g_string_append_printf(out, ",after=%u", rule->after);
    }
    if (!rule->count) {
        g_string_append(out, ",count=all");
    } else if (rule->count > 1) {
        g_string_append_printf(out, ",count=%u", rule->count);
    }
    g_string_append_printf(out, ",do=%s", action_names[rule->act]);
    if (rule->keys & BIT(KEY_DELAY)) {
        g_string_append_printf(out, ",delay-us=%u", rule->delay_us);
    }
    if (rule->keys & BIT(KEY_FACTOR)) {
        g_string_append_printf(out, ",factor=%u", rule->factor);
    }
    if (rule->keys & BIT(KEY_KIND)) {
        g_string_append_printf(out, ",kind=%s", kind_names[rule->kind]);
    }
}

/* --- rules in force ------------------------------------------------------- */

static void update_events(ApuFaults *f)
{
    uint32_t mask = 0;

    for (unsigned i = 0; i < f->num; i++) {
        mask |= BIT(f->rule[i].on);
    }
    qatomic_set(&f->events, mask);
}

bool apu_faults_set(ApuFaults *f, const char *text, Error **errp)
{
    const char *rules = strcmp(text, "none") ? text : "";
    g_auto(GStrv) texts = g_strsplit(rules, ";", -1);
    unsigned num = g_strv_length(texts);
    ApuFaultRule rule[APU_FAULT_MAX_RULES];

    if (num > APU_FAULT_MAX_RULES) {
        error_setg(errp, "there can be at most %d fault rules",
                   APU_FAULT_MAX_RULES);
        return false;
    }
    for (unsigned i = 0; i < num; i++) {
        if (!parse_rule(f, texts[i], &rule[i], errp)) {
            return false;
        }
    }
    trace_apu_fault_rules(text);
    QEMU_LOCK_GUARD(&f->lock);
    memcpy(f->rule, rule, num * sizeof(rule[0]));
    f->num = num;
    update_events(f);
    return true;
}

char *apu_faults_get(ApuFaults *f)
{
    GString *out = g_string_new("");

    QEMU_LOCK_GUARD(&f->lock);
    for (unsigned i = 0; i < f->num; i++) {
        if (i) {
            g_string_append_c(out, ';');
        }
        print_rule(&f->rule[i], out);
    }
    return g_string_free(out, false);
}

static bool selects(const ApuFaultRule *rule, ApuFaultEvent on,
                    const ApuFaultPlace *place)
{
    return rule->on == on &&
           (!(rule->keys & BIT(KEY_ENGINE)) ||
            (rule->engines & place->engines)) &&
           (!(rule->keys & BIT(KEY_CTX)) || rule->ctx == place->ctx) &&
           (!(rule->keys & BIT(KEY_SLOT)) || rule->slot == place->slot) &&
           (on != APU_FAULT_ON_IRQ || rule->cause == place->cause);
}

static void count_hit(ApuFaults *f, unsigned i)
{
    ApuFaultRule *rule = &f->rule[i];

    f->hits++;
    if (!rule->count || --rule->count) {
        return;
    }
    f->num--;
    memmove(rule, rule + 1, (f->num - i) * sizeof(*rule));
    update_events(f);
}

ApuFaultAction apu_fault(ApuFaults *f, ApuFaultEvent on,
                         const ApuFaultPlace *place, ApuFaultRule *rule)
{
    int due = -1;

    if (!f || !(qatomic_read(&f->events) & BIT(on))) {
        return APU_FAULT_NONE;
    }
    QEMU_LOCK_GUARD(&f->lock);
    for (unsigned i = 0; i < f->num; i++) {
        if (!selects(&f->rule[i], on, place)) {
            continue;
        }
        if (f->rule[i].after) {
            f->rule[i].after--;
        } else if (due < 0) {
            due = i;
        }
    }
    if (due < 0) {
        return APU_FAULT_NONE;
    }
    *rule = f->rule[due];
    count_hit(f, due);
    trace_apu_fault(events[on].name, action_names[rule->act], place->engines,
                    place->ctx, place->slot);
    return rule->act;
}

int64_t apu_fault_delay_ns(const ApuFaultRule *rule)
{
    return rule->delay_us * (int64_t)SCALE_US;
}

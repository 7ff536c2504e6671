/*
 * SPDX-License-Identifier: GPL-2.0-or-later
 *
 * APU v1: rules that make the device fail, see "Faults on request" in
 * Documentation/hardware. Rules are set in the main loop; events come from
 * there and from the threads that execute jobs. ApuFaults.lock orders them.
 */
#ifndef HW_APU_FAULT_H
#define HW_APU_FAULT_H

#include "qemu/thread.h"
#include "apu_isa.h"

#define APU_FAULT_MAX_RULES 16
/* Bit of TOP where engines are a mask. */
#define APU_FAULT_TOP       31

typedef enum ApuFaultEvent {
    APU_FAULT_ON_DOORBELL,
    APU_FAULT_ON_JOB,
    APU_FAULT_ON_COMMAND,
    APU_FAULT_ON_FETCH,
    APU_FAULT_ON_READ,
    APU_FAULT_ON_WRITE,
    APU_FAULT_ON_RECORD,
    APU_FAULT_ON_IRQ,
    APU_FAULT_ON_ABORT,
    APU_FAULT_ON_RESET,
    APU_FAULT_ON_POWER_ON,
    APU_FAULT_ON_POWER_OFF,
    APU_FAULT_ON_OPP,
    APU_FAULT_ON_MMU,
    APU_FAULT_ON_MMIO,
    APU_FAULT_NUM_EVENTS
} ApuFaultEvent;

typedef enum ApuFaultAction {
    APU_FAULT_NONE,
    APU_FAULT_BUS_ERROR,
    APU_FAULT_CORRUPT,
    APU_FAULT_DUPLICATE,
    APU_FAULT_ECC_CORRECTED,
    APU_FAULT_ECC_UNCORRECTED,
    APU_FAULT_FREEZE,
    APU_FAULT_GLITCH,
    APU_FAULT_HANG,
    APU_FAULT_IGNORED,
    APU_FAULT_LATE,
    APU_FAULT_LOST,
    APU_FAULT_MMU_FAULT,
    APU_FAULT_READ_ONES,
    APU_FAULT_SLOW,
    APU_FAULT_SPURIOUS,
    APU_FAULT_STUCK,
    APU_FAULT_NUM_ACTIONS
} ApuFaultAction;

/* What an interrupt tells. */
typedef enum ApuFaultCause {
    APU_FAULT_CAUSE_SLOT,
    APU_FAULT_CAUSE_ABORT,
    APU_FAULT_CAUSE_DESC,
    APU_FAULT_CAUSE_MMU,
    APU_FAULT_NUM_CAUSES
} ApuFaultCause;

typedef struct ApuFaultRule {
    ApuFaultEvent on;
    ApuFaultAction act;
    uint32_t keys;              /* which of the others were given */
    char engine[8];             /* as given */
    uint32_t engines;           /* the same as a mask */
    uint16_t ctx;
    uint8_t slot;
    ApuFaultCause cause;
    uint32_t after;
    uint32_t count;             /* 0: all */
    uint32_t delay_us;
    uint32_t factor;
    enum apu_fault_kind kind;
} ApuFaultRule;

/* Where an event happens; what an event does not have is not looked at. */
typedef struct ApuFaultPlace {
    uint32_t engines;
    uint16_t ctx;
    uint8_t slot;
    ApuFaultCause cause;
} ApuFaultPlace;

typedef struct ApuFaults {
    const uint8_t *num_engines; /* of each class */
    unsigned num_classes;
    uint32_t events;            /* that rules are for; atomic */
    QemuMutex lock;
    /* Under lock: */
    ApuFaultRule rule[APU_FAULT_MAX_RULES];
    unsigned num;
    uint64_t hits;
} ApuFaults;

/* @num_engines, of each class, is to be right when rules are set. */
void apu_faults_init(ApuFaults *f, const uint8_t *num_engines,
                     unsigned num_classes);
void apu_faults_destroy(ApuFaults *f);

/* Replaces all rules, or none if @text is in error. */
bool apu_faults_set(ApuFaults *f, const char *text, Error **errp);
/* The rules that are left, in the same language; for g_free(). */
char *apu_faults_get(ApuFaults *f);

/*
 * An event has happened: what is to go wrong, with its parameters in *rule.
 * @f may be NULL: nothing.
 */
ApuFaultAction apu_fault(ApuFaults *f, ApuFaultEvent on,
                         const ApuFaultPlace *place, ApuFaultRule *rule);

int64_t apu_fault_delay_ns(const ApuFaultRule *rule);

#endif

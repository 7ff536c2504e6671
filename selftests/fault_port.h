/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Has the device model fail: see Documentation/hardware/faults.rst. By apu-port.ko, which
 * is loaded if APU_MODULES says where it is; needs a machine with test-port=on.
 */
#ifndef FAULT_PORT_H
#define FAULT_PORT_H

#include <stdint.h>

/* NULL if there is a test port, else why not: for SKIP(). */
const char *fault_port_open(void);
/* Takes all rules away, and sets these. Returns 0 or -errno; says why on stderr. */
int fault_set(const char *rules);
/* Whether no rule is left: all have hit as often as they were to. */
int fault_rules_are_used_up(void);
/* A counter of the device, or a negative error number. */
int64_t fault_counter(const char *name);
/* The ASID of an address space of this process, by its id; -1 if it is not known. */
int fault_asid(uint32_t vm);
/* Those of address spaces with this id, of all files of this process. Returns how many. */
int fault_asids(uint32_t vm, int *asids, int max);
/* A parameter of a module, "apu/hang_grace_ms" say. Returns what it was, or -errno. */
long fault_param(const char *name, long value);

/* For how long the driver waits, by its parameters, in milliseconds. */
struct fault_limits {
	long watchdog, hang_grace, stop_timeout;
};

/* Sets them; @old, if not NULL, is what they were. Returns 0 or -errno. */
int fault_limits(const struct fault_limits *limits, struct fault_limits *old);

#endif

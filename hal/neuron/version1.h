/* SPDX-License-Identifier: MIT */
#ifndef NEURON_VERSION1_H
#define NEURON_VERSION1_H

#include "common.h"

/* INCOMPLETE unless the network has one input, or output. */
int version1_check_single(void *runtime, bool output);
/* runtime is one of version 1. */
void version1_get_memory(void *runtime, struct apu_memory *memory);

#endif

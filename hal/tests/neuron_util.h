/* SPDX-License-Identifier: MIT */
/*
 * What the unit tests of the Neuron Runtime share.
 */
#ifndef APU_TESTS_NEURON_UTIL_H
#define APU_TESTS_NEURON_UTIL_H

#include "dla_builder.h"
#include "fake_kmd.h"
#include "neuron/api/Types.h"

/* Of a tensor of dla_builder's model. */
#define SIZE 64
/* Chooses the fake device. */
#define OPTIONS "--apusys-config \"{ \\\"high_addr\\\": true }\" --device " FAKE_NODE

/* The model of dla_builder, with its text changed by nobody: output = input. */
uint8_t *small_model(size_t *size);
/* The same with an input and an output of 3 x 5, padded to 3 x 8. */
uint8_t *padded_model(size_t *size);

#endif

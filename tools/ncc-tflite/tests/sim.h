/* SPDX-License-Identifier: MIT */
/* Runs a .dla on the host, by the executor of the device model. */
#ifndef SIM_H
#define SIM_H

#include <stdbool.h>
#include "apu_exec.h"
#include "dla_file.h"

struct sim {
	struct dla_file f;
	unsigned nin, nout;
	/* Buffers of the inputs, then of the outputs. */
	uint8_t *io[DLA_MAX_IO];
	uint8_t *temp;
	uint64_t in_bytes, out_bytes; /* of one sample */
	bool reference;
	struct apu_job_completion record;
};

void sim_open(struct sim *s, const char *name);
void sim_close(struct sim *s);
/* One sample: all inputs in order to all outputs in order. False: see record. */
bool sim_run(struct sim *s, const uint8_t *in, uint8_t *out);

#endif

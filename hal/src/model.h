/* SPDX-License-Identifier: MIT */
#ifndef APU_MODEL_H
#define APU_MODEL_H

#include <stdatomic.h>

#include "apu/apu.h"
#include "dla_reader.h"

struct apu_model {
	atomic_uint refs;
	/* The file's contents; dla points into it. */
	void *data;
	struct dla_file dla;
};

#endif

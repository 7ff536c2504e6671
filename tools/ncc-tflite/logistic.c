// SPDX-License-Identifier: MIT
/* LOGISTIC of 8 bits as a table. */
#include <math.h>
#include "quant.h"
#include "tflite.h"

void logistic_table(int type, float in_scale, int32_t in_zp, uint8_t table[256])
{
	struct range r = type_range(type);

	for (int32_t q = r.min; q <= r.max; q++) {
		float x = in_scale * (float)(q - in_zp);
		float y = 1.0f / (1.0f + expf(-x));
		int32_t v = (int32_t)roundf(y * 256.0f) + r.min;

		table[(uint8_t)q] = (uint8_t)(v > r.max ? r.max : v);
	}
}

// SPDX-License-Identifier: MIT
#include <math.h>
#include <stddef.h>

#include "letterbox.h"

/* A channel of a pixel; outside the picture black. */
static float pixel(const uint8_t *rgb, long width, long height, long x, long y, unsigned int c)
{
	if (x < 0 || y < 0 || x >= width || y >= height)
		return 0;
	return rgb[3 * ((size_t)y * (size_t)width + (size_t)x) + c];
}

struct letterbox letterbox_fill(float *out, unsigned int size, const uint8_t *rgb,
				unsigned int width, unsigned int height)
{
	unsigned int longer = width > height ? width : height;
	struct letterbox box = {
		.scale = (float)longer,
		.left = ((float)width - (float)longer) / 2,
		.top = ((float)height - (float)longer) / 2,
	};
	float step = box.scale / (float)size;
	unsigned int i, j, c;

	for (i = 0; i < size; i++) {
		/* Centres of pixels are at halves, in the square and in the picture. */
		float y = box.top + ((float)i + 0.5f) * step - 0.5f;
		long y0 = (long)floorf(y);
		float fy = y - (float)y0;

		for (j = 0; j < size; j++) {
			float x = box.left + ((float)j + 0.5f) * step - 0.5f;
			long x0 = (long)floorf(x);
			float fx = x - (float)x0;

			for (c = 0; c < 3; c++) {
				float above = pixel(rgb, width, height, x0, y0, c) * (1 - fx) +
					      pixel(rgb, width, height, x0 + 1, y0, c) * fx;
				float below = pixel(rgb, width, height, x0, y0 + 1, c) * (1 - fx) +
					      pixel(rgb, width, height, x0 + 1, y0 + 1, c) * fx;

				*out++ = (above * (1 - fy) + below * fy) / 127.5f - 1;
			}
		}
	}
	return box;
}

/* SPDX-License-Identifier: MIT */
/*
 * Fits a picture into a square, keeping its proportions.
 */
#ifndef FACE_DETECT_LETTERBOX_H
#define FACE_DETECT_LETTERBOX_H

#include <stdint.h>

struct letterbox {
	/* Pixels of the picture per unit of the square; where the square begins in it. */
	float scale;
	float left;
	float top;
};

/*
 * Fills out[size][size][3], float from -1 to 1, with rgb of width x height; what is not covered
 * is black. Returns how to come back from the square to the picture:
 * x = left + scale * u, for u from 0 to 1.
 */
struct letterbox letterbox_fill(float *out, unsigned int size, const uint8_t *rgb,
				unsigned int width, unsigned int height);

#endif

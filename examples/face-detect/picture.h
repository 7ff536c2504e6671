/* SPDX-License-Identifier: MIT */
/*
 * PNG pictures as 8-bit RGB.
 */
#ifndef FACE_DETECT_PICTURE_H
#define FACE_DETECT_PICTURE_H

#include <stdint.h>

struct picture {
	unsigned int width;
	unsigned int height;
	/* Rows of RGB triples, from malloc(). */
	uint8_t *rgb;
};

/* Gray, RGB and palette pictures, with alpha or not. NULL, or why it failed. */
const char *picture_read(struct picture *pic, const char *path);
const char *picture_write(const struct picture *pic, const char *path);
/* Lines and dots; what is outside the picture is not drawn. */
void picture_draw_box(struct picture *pic, float x, float y, float w, float h);
void picture_draw_dot(struct picture *pic, float x, float y);

#endif

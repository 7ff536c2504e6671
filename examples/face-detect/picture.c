// SPDX-License-Identifier: MIT
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "picture.h"

/* A picture with more pixels is a mistake, or meant to use up memory. */
#define MAX_PIXELS (100u << 20)

static char message[sizeof(((png_image *)0)->message)];

const char *picture_read(struct picture *pic, const char *path)
{
	png_image png = {.version = PNG_IMAGE_VERSION};
	/* What is behind transparent parts. */
	const png_color black = {0, 0, 0};

	if (!png_image_begin_read_from_file(&png, path))
		goto err;
	if ((uint64_t)png.width * png.height > MAX_PIXELS) {
		png_image_free(&png);
		return "the picture is too large";
	}
	png.format = PNG_FORMAT_RGB;
	pic->width = png.width;
	pic->height = png.height;
	pic->rgb = malloc(PNG_IMAGE_SIZE(png));
	if (!pic->rgb) {
		png_image_free(&png);
		return "no memory";
	}
	if (png_image_finish_read(&png, &black, pic->rgb, 0, NULL))
		return NULL;
	free(pic->rgb);
	pic->rgb = NULL;
err:
	snprintf(message, sizeof(message), "%s", png.message);
	return message;
}

const char *picture_write(const struct picture *pic, const char *path)
{
	png_image png = {
		.version = PNG_IMAGE_VERSION,
		.width = pic->width,
		.height = pic->height,
		.format = PNG_FORMAT_RGB,
	};

	if (png_image_write_to_file(&png, path, 0, pic->rgb, 0, NULL))
		return NULL;
	snprintf(message, sizeof(message), "%s", png.message);
	return message;
}

static void fill(struct picture *pic, float x0, float y0, float x1, float y1, const uint8_t *rgb)
{
	long x, y;

	/* Written so that NaN draws nothing. */
	if (!(x0 < x1 && y0 < y1 && x1 > 0 && y1 > 0))
		return;
	for (y = lroundf(fmaxf(y0, 0)); (float)y < y1 && y < (long)pic->height; y++) {
		for (x = lroundf(fmaxf(x0, 0)); (float)x < x1 && x < (long)pic->width; x++)
			memcpy(pic->rgb + 3 * ((size_t)y * pic->width + (size_t)x), rgb, 3);
	}
}

/* Thin, but to be seen at any size. */
static float thickness(const struct picture *pic)
{
	return fmaxf(2, (float)(pic->width + pic->height) / 400);
}

void picture_draw_box(struct picture *pic, float x, float y, float w, float h)
{
	static const uint8_t green[] = {0, 255, 0};
	float t = thickness(pic);

	fill(pic, x, y, x + w, y + t, green);
	fill(pic, x, y + h - t, x + w, y + h, green);
	fill(pic, x, y, x + t, y + h, green);
	fill(pic, x + w - t, y, x + w, y + h, green);
}

void picture_draw_dot(struct picture *pic, float x, float y)
{
	static const uint8_t red[] = {255, 0, 0};
	float t = thickness(pic);

	fill(pic, x - t, y - t, x + t, y + t, red);
}

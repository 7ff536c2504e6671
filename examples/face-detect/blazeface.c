// SPDX-License-Identifier: MIT
/*
 * The network looks at 896 fixed places (anchors) of its input and says for each how much it
 * looks like a face, and where box and key points are, relative to the anchor.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "blazeface.h"

/* Values of the model's published options. */
#define MIN_SCORE 0.5f
#define SCORE_CLIP 100.0f
#define MIN_OVERLAP 0.3f

/* Feature maps: 16 x 16 with 2 anchors each, then 8 x 8 with 6. */
static const struct {
	unsigned int size;
	unsigned int anchors;
} maps[] = {{16, 2}, {8, 6}};

/* Centre of an anchor. */
static void get_anchor(unsigned int index, float *x, float *y)
{
	unsigned int i = 0, cell;

	if (index >= maps[0].size * maps[0].size * maps[0].anchors) {
		index -= maps[0].size * maps[0].size * maps[0].anchors;
		i = 1;
	}
	cell = index / maps[i].anchors;
	*x = ((float)(cell % maps[i].size) + 0.5f) / (float)maps[i].size;
	*y = ((float)(cell / maps[i].size) + 0.5f) / (float)maps[i].size;
}

static float sigmoid(float v)
{
	return 1.0f / (1.0f + expf(-fminf(fmaxf(v, -SCORE_CLIP), SCORE_CLIP)));
}

static void decode(const float *r, unsigned int anchor, float score, struct face *face)
{
	const float scale = 1.0f / FACE_INPUT_SIZE;
	float ax, ay;
	unsigned int i;

	get_anchor(anchor, &ax, &ay);
	face->score = score;
	face->w = r[2] * scale;
	face->h = r[3] * scale;
	face->x = r[0] * scale + ax - face->w / 2;
	face->y = r[1] * scale + ay - face->h / 2;
	for (i = 0; i < FACE_NUM_KEYPOINTS; i++) {
		face->keypoints[i][0] = r[4 + 2 * i] * scale + ax;
		face->keypoints[i][1] = r[5 + 2 * i] * scale + ay;
	}
}

static int by_score(const void *a, const void *b)
{
	const struct face *fa = a, *fb = b;

	return (fa->score < fb->score) - (fa->score > fb->score);
}

/* Intersection over union. */
static float overlap(const struct face *a, const struct face *b)
{
	float w = fminf(a->x + a->w, b->x + b->w) - fmaxf(a->x, b->x);
	float h = fminf(a->y + a->h, b->y + b->h) - fmaxf(a->y, b->y);
	float both;

	if (!(w > 0 && h > 0))
		return 0;
	both = w * h;
	return both / (a->w * a->h + b->w * b->h - both);
}

static void add_weighted(struct face *sum, const struct face *f, float weight)
{
	unsigned int i;

	sum->x += weight * f->x;
	sum->y += weight * f->y;
	sum->w += weight * f->w;
	sum->h += weight * f->h;
	for (i = 0; i < FACE_NUM_KEYPOINTS; i++) {
		sum->keypoints[i][0] += weight * f->keypoints[i][0];
		sum->keypoints[i][1] += weight * f->keypoints[i][1];
	}
}

/*
 * Neighbouring anchors see the same face. Takes the best of candidates[0..n), sorted by
 * score, averages it with those that overlap it, and moves the others to the front; returns
 * how many these are.
 */
static unsigned int merge_best(struct face *candidates, unsigned int n, struct face *out)
{
	struct face best = candidates[0];
	struct face sum = {0};
	float weight = 0;
	unsigned int i, rest = 0;

	for (i = 0; i < n; i++) {
		struct face f = candidates[i];

		/* The first by definition: a box without area does not overlap itself. */
		if (i == 0 || overlap(&best, &f) > MIN_OVERLAP) {
			add_weighted(&sum, &f, f.score);
			weight += f.score;
		} else {
			candidates[rest++] = f;
		}
	}
	memset(out, 0, sizeof(*out));
	add_weighted(out, &sum, 1 / weight);
	out->score = best.score;
	return rest;
}

unsigned int find_faces(const float *regressors, const float *scores, struct face *faces,
			unsigned int max)
{
	static _Thread_local struct face candidates[FACE_NUM_ANCHORS];
	unsigned int i, n = 0, found = 0;

	for (i = 0; i < FACE_NUM_ANCHORS; i++) {
		float score = sigmoid(scores[i]);

		/* False for NaN too. */
		if (score >= MIN_SCORE)
			decode(regressors + i * FACE_NUM_REGRESSORS, i, score, &candidates[n++]);
	}
	qsort(candidates, n, sizeof(candidates[0]), by_score);
	while (n && found < max)
		n = merge_best(candidates, n, &faces[found++]);
	return found;
}

// SPDX-License-Identifier: MIT
/*
 * Letterbox and decoder: by their definitions, and against golden outputs of the network.
 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "blazeface.h"
#include "letterbox.h"

static float regressors[FACE_NUM_ANCHORS][FACE_NUM_REGRESSORS];
static float scores[FACE_NUM_ANCHORS];
static struct face faces[4];

static int setup(void **state)
{
	unsigned int i;

	(void)state;
	memset(regressors, 0, sizeof(regressors));
	for (i = 0; i < FACE_NUM_ANCHORS; i++)
		scores[i] = -1000;
	return 0;
}

static void assert_near(float a, double b)
{
	if (!(fabs((double)a - b) < 1e-5))
		fail_msg("%f is not %f", (double)a, b);
}

static unsigned int find(void)
{
	return find_faces(&regressors[0][0], scores, faces, 4);
}

/* 32 x 64 of 128 pixels at the anchor. */
static void set_face(unsigned int anchor, float score)
{
	scores[anchor] = score;
	regressors[anchor][2] = 32;
	regressors[anchor][3] = 64;
}

static void anchors_are_at_the_centres_of_cells(void **state)
{
	/* Row 3, column 5 of 16 x 16, second anchor; row 2, column 7 of 8 x 8, last anchor. */
	static const struct {
		unsigned int anchor;
		double x, y;
	} cases[] = {
		{0, 0.5 / 16, 0.5 / 16},
		{(3 * 16 + 5) * 2 + 1, 5.5 / 16, 3.5 / 16},
		{511, 15.5 / 16, 15.5 / 16},
		{512, 0.5 / 8, 0.5 / 8},
		{512 + (2 * 8 + 7) * 6 + 5, 7.5 / 8, 2.5 / 8},
		{895, 7.5 / 8, 7.5 / 8},
	};
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		setup(state);
		set_face(cases[i].anchor, 0);
		regressors[cases[i].anchor][4 + 2 * 5] = 12.8f;
		assert_int_equal(find(), 1);
		assert_near(faces[0].score, 0.5);
		assert_near(faces[0].x, cases[i].x - 0.125);
		assert_near(faces[0].y, cases[i].y - 0.25);
		assert_near(faces[0].w, 0.25);
		assert_near(faces[0].h, 0.5);
		assert_near(faces[0].keypoints[5][0], cases[i].x + 0.1);
		assert_near(faces[0].keypoints[5][1], cases[i].y);
	}
}

static void scores_below_a_half_are_no_face(void **state)
{
	(void)state;
	assert_int_equal(find(), 0);
	set_face(100, -0.01f);
	assert_int_equal(find(), 0);
	scores[100] = NAN;
	assert_int_equal(find(), 0);
	scores[100] = INFINITY;
	assert_int_equal(find(), 1);
	assert_near(faces[0].score, 1);
}

static void overlapping_faces_are_averaged_by_score(void **state)
{
	(void)state;
	/* The same cell: equal anchors. sigmoid(ln 3) = 0.75, sigmoid(0) = 0.5. */
	set_face(200, logf(3));
	set_face(201, 0);
	regressors[201][0] = 5;
	/* Far away: a face of its own. */
	set_face(895, 2);
	assert_int_equal(find(), 2);
	assert_near(faces[0].score, 1 / (1 + exp(-2)));
	assert_near(faces[1].score, 0.75);
	/* Cell 100 is column 4: 5 pixels to the right with weight 0.5 of 1.25. */
	assert_near(faces[1].x, 4.5 / 16 - 0.125 + 5.0 / 128 * 0.4);
}

static void no_more_faces_than_asked_for(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < FACE_NUM_ANCHORS; i++) {
		scores[i] = 1;
		regressors[i][2] = 1;
		regressors[i][3] = 1;
	}
	assert_int_equal(find(), 4);
}

static void broken_outputs_do_no_harm(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < FACE_NUM_ANCHORS; i++) {
		scores[i] = 1;
		memset(regressors[i], i % 2 ? 0xff : 0x7f, sizeof(regressors[i]));
	}
	assert_in_range(find(), 1, 4);
}

static void a_square_of_one_colour_stays(void **state)
{
	static uint8_t rgb[256 * 256 * 3];
	static float out[128 * 128 * 3];
	struct letterbox box;
	unsigned int i;

	(void)state;
	memset(rgb, 255, sizeof(rgb));
	box = letterbox_fill(out, 128, rgb, 256, 256);
	assert_near(box.scale, 256);
	assert_near(box.left, 0);
	assert_near(box.top, 0);
	for (i = 0; i < 128 * 128 * 3; i++)
		assert_near(out[i], 1);
}

static void a_wide_picture_gets_bars(void **state)
{
	static uint8_t rgb[64 * 32 * 3];
	static float out[16 * 16 * 3];
	struct letterbox box;
	unsigned int i;

	(void)state;
	/* Channel 1 grows by 4 per column. */
	for (i = 0; i < 64 * 32; i++)
		rgb[3 * i + 1] = (uint8_t)(4 * (i % 64));
	box = letterbox_fill(out, 16, rgb, 64, 32);
	assert_near(box.scale, 64);
	assert_near(box.left, 0);
	assert_near(box.top, -16);
	for (i = 0; i < 16 * 16; i++) {
		unsigned int row = i / 16, col = i % 16;
		int inside = row >= 4 && row < 12;

		/* Columns 4 col + 1 and 4 col + 2, half each. */
		assert_near(out[3 * i + 1], inside ? (4 * (4 * col + 1.5)) / 127.5 - 1 : -1);
		assert_near(out[3 * i], -1);
	}
}

/* Pictures with faces, and one without. The best scores are those of the reference's report. */
static void golden_outputs_give_the_known_faces(void **state)
{
	static const double expected[] = {0.901, 0.899, 0};
	const char *models = getenv("APU_MODELS");
	char path[4096];
	unsigned int i;
	FILE *file;

	(void)state;
	snprintf(path, sizeof(path), "%s/golden/f16-face-short/out.bin", models ? models : "");
	file = fopen(path, "rb");
	if (!file) {
		fprintf(stderr, "skipped: %s: %s\n", path, strerror(errno));
		skip();
	}
	for (i = 0; i < 3; i++) {
		assert_int_equal(fread(regressors, sizeof(regressors), 1, file), 1);
		assert_int_equal(fread(scores, sizeof(scores), 1, file), 1);
		if (expected[i] == 0) {
			assert_int_equal(find(), 0);
			continue;
		}
		assert_in_range(find(), 1, 4);
		if (!(fabs((double)faces[0].score - expected[i]) < 0.0006))
			fail_msg("picture %u: score %f", i, (double)faces[0].score);
		/* A face: inside, taller than nothing, the eyes above the mouth. */
		assert_true(faces[0].x > 0 && faces[0].x + faces[0].w < 1);
		assert_true(faces[0].y > 0 && faces[0].y + faces[0].h < 1);
		assert_true(faces[0].keypoints[0][1] < faces[0].keypoints[3][1]);
		assert_true(faces[0].keypoints[1][1] < faces[0].keypoints[3][1]);
	}
	fclose(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(anchors_are_at_the_centres_of_cells, setup),
		cmocka_unit_test_setup(scores_below_a_half_are_no_face, setup),
		cmocka_unit_test_setup(overlapping_faces_are_averaged_by_score, setup),
		cmocka_unit_test_setup(no_more_faces_than_asked_for, setup),
		cmocka_unit_test_setup(broken_outputs_do_no_harm, setup),
		cmocka_unit_test_setup(a_square_of_one_colour_stays, setup),
		cmocka_unit_test_setup(a_wide_picture_gets_bars, setup),
		cmocka_unit_test_setup(golden_outputs_give_the_known_faces, setup),
	};

	return cmocka_run_group_tests_name("face", tests, NULL, NULL);
}

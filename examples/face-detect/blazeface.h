/* SPDX-License-Identifier: MIT */
/*
 * Decodes the outputs of MediaPipe's short-range face detector (BlazeFace).
 */
#ifndef FACE_DETECT_BLAZEFACE_H
#define FACE_DETECT_BLAZEFACE_H

/* The network's input: square, RGB. */
#define FACE_INPUT_SIZE 128
#define FACE_NUM_ANCHORS 896
/* Values per anchor: box and key points. */
#define FACE_NUM_REGRESSORS 16
/* Eyes, nose, mouth, ears. */
#define FACE_NUM_KEYPOINTS 6

struct face {
	float score;
	/* In units of the network's input: 0 to 1. */
	float x, y, w, h;
	float keypoints[FACE_NUM_KEYPOINTS][2];
};

/*
 * Finds the faces in regressors[FACE_NUM_ANCHORS][FACE_NUM_REGRESSORS] and
 * scores[FACE_NUM_ANCHORS]. Writes at most max of them to faces, best first, and
 * returns how many.
 */
unsigned int find_faces(const float *regressors, const float *scores, struct face *faces,
			unsigned int max);

#endif

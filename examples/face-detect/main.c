// SPDX-License-Identifier: MIT
/*
 * face-detect MODEL.dla PICTURE.png [OUT.png]
 *
 * Finds faces in a picture with an APU. Written to be read: what it takes to run a model with
 * libapu is in run(), what this model wants in its input and gives in its outputs is
 * in letterbox.c and blazeface.c.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <apu/apu.h>

#include "blazeface.h"
#include "letterbox.h"
#include "picture.h"

#define MAX_FACES 32

/* What goes into the network and what comes out. */
struct tensors {
	float input[FACE_INPUT_SIZE][FACE_INPUT_SIZE][3];
	float regressors[FACE_NUM_ANCHORS][FACE_NUM_REGRESSORS];
	float scores[FACE_NUM_ANCHORS];
};

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("face-detect: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* Every libapu function that can fail has left a line of text. */
static void check(int ret)
{
	if (ret)
		die("%s", apu_last_error());
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* Is it float32 of shape 1 x d1 x d2 (x d3)? */
static int has_shape(const struct apu_tensor_info *t, uint32_t rank, uint32_t d1, uint32_t d2,
		     uint32_t d3)
{
	return t->type == APU_TYPE_F32 && t->rank == rank && t->dims[0] == 1 && t->dims[1] == d1 &&
	       t->dims[2] == d2 && t->dims[3] == d3 && t->padded_size == t->size;
}

/* Which output is which. They are told apart by shape: their order is the compiler's. */
struct outputs {
	unsigned int regressors;
	unsigned int scores;
};

/* Is this the network that the program is for? */
static struct outputs check_model(const struct apu_model *model)
{
	struct apu_tensor_info tensor;
	struct apu_model_info info;
	struct outputs outputs = {0};
	unsigned int i, found = 0;

	apu_model_get_info(model, &info);
	check(apu_model_get_input(model, 0, &tensor));
	if (info.num_inputs != 1 || !has_shape(&tensor, 4, FACE_INPUT_SIZE, FACE_INPUT_SIZE, 3))
		die("this model's input is not float32 of shape 1 x %d x %d x 3", FACE_INPUT_SIZE,
		    FACE_INPUT_SIZE);
	for (i = 0; i < info.num_outputs; i++) {
		check(apu_model_get_output(model, i, &tensor));
		if (has_shape(&tensor, 3, FACE_NUM_ANCHORS, FACE_NUM_REGRESSORS, 0)) {
			outputs.regressors = i;
			found |= 1;
		} else if (has_shape(&tensor, 3, FACE_NUM_ANCHORS, 1, 0)) {
			outputs.scores = i;
			found |= 2;
		}
	}
	if (info.num_outputs != 2 || found != 3)
		die("this model's outputs are not float32 of shapes 1 x %d x %d and 1 x %d x 1",
		    FACE_NUM_ANCHORS, FACE_NUM_REGRESSORS, FACE_NUM_ANCHORS);
	return outputs;
}

static void print_profile(struct apu_request *request, double wall_ms)
{
	struct apu_profile profile;
	unsigned int i;

	check(apu_request_get_profile(request, &profile));
	printf("jobs %u, cycles %llu", profile.num_jobs, (unsigned long long)profile.cycles);
	for (i = 0; i < APU_NUM_ENGINE_CLASSES; i++) {
		if (profile.engine[i].streams)
			printf(", %s busy %llu", apu_engine_name(i),
			       (unsigned long long)profile.engine[i].busy);
	}
	printf("\ndevice time %.3f ms, wall time %.3f ms\n", (double)profile.device_ns / 1e6,
	       wall_ms);
}

/* Runs the model once, from data->input to the outputs. */
static void run(struct apu_model *model, struct outputs outputs, struct tensors *data)
{
	struct apu_session *session;
	struct apu_request *request;
	struct apu_device *dev;
	double start;

	check(apu_device_open(NULL, &dev));
	check(apu_session_create(dev, model, APU_PRIORITY_NORMAL, &session));
	check(apu_request_create(session, &request));
	check(apu_request_bind_input(request, 0, data->input, sizeof(data->input)));
	check(apu_request_bind_output(request, outputs.regressors, data->regressors,
				      sizeof(data->regressors)));
	check(apu_request_bind_output(request, outputs.scores, data->scores, sizeof(data->scores)));

	start = now_ms();
	check(apu_request_run(request));
	print_profile(request, now_ms() - start);

	apu_request_release(request);
	apu_session_release(session);
	apu_device_close(dev);
}

static void report_face(const struct face *face, const struct letterbox *box, struct picture *pic)
{
	float x = box->left + box->scale * face->x;
	float y = box->top + box->scale * face->y;
	float w = box->scale * face->w;
	float h = box->scale * face->h;
	unsigned int i;

	printf("face: score %.2f box %.0f %.0f %.0f %.0f\n", (double)face->score, (double)x,
	       (double)y, (double)w, (double)h);
	picture_draw_box(pic, x, y, w, h);
	for (i = 0; i < FACE_NUM_KEYPOINTS; i++)
		picture_draw_dot(pic, box->left + box->scale * face->keypoints[i][0],
				 box->top + box->scale * face->keypoints[i][1]);
}

int main(int argc, char **argv)
{
	static struct tensors data;
	struct face faces[MAX_FACES];
	struct apu_model *model;
	struct outputs outputs;
	struct letterbox box;
	struct picture pic;
	const char *error;
	unsigned int i, n;

	if (argc < 3 || argc > 4) {
		fputs("Usage: face-detect MODEL.dla PICTURE.png [OUT.png]\n", stderr);
		return 1;
	}
	check(apu_model_load_file(argv[1], &model));
	outputs = check_model(model);
	error = picture_read(&pic, argv[2]);
	if (error)
		die("cannot read %s: %s", argv[2], error);

	box = letterbox_fill(&data.input[0][0][0], FACE_INPUT_SIZE, pic.rgb, pic.width, pic.height);
	run(model, outputs, &data);
	n = find_faces(&data.regressors[0][0], data.scores, faces, MAX_FACES);

	for (i = 0; i < n; i++)
		report_face(&faces[i], &box, &pic);
	if (n == 0)
		printf("no face found\n");
	if (argc == 4) {
		error = picture_write(&pic, argv[3]);
		if (error)
			die("cannot write %s: %s", argv[3], error);
	}
	free(pic.rgb);
	apu_model_release(model);
	return 0;
}

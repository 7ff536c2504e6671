// SPDX-License-Identifier: MIT
//
// MediaPipe's custom operator Convolution2DTransposeBias, which TensorFlow Lite does not bring,
// made of its reference kernel of TRANSPOSE_CONV: inputs are a tensor NHWC, a filter OHWI and a
// bias, all float32; the options are the bytes of padding, stride of columns, stride of rows.

#ifndef TRANSPOSE_BIAS_H
#define TRANSPOSE_BIAS_H

#include <cstring>
#include <limits>

#include "tensorflow/lite/core/c/builtin_op_data.h"
#include "tensorflow/lite/core/c/common.h"
#include "tensorflow/lite/kernels/internal/reference/transpose_conv.h"
#include "tensorflow/lite/kernels/internal/tensor_ctypes.h"
#include "tensorflow/lite/kernels/kernel_util.h"
#include "tensorflow/lite/kernels/padding.h"

namespace transpose_bias
{

enum Input { kInput, kFilter, kBias };

struct Options {
	int32_t padding, stride_width, stride_height;
};

inline bool read_options(const TfLiteNode *node, Options *options)
{
	if (node->custom_initial_data_size < static_cast<int>(sizeof(*options)))
		return false;
	memcpy(options, node->custom_initial_data, sizeof(*options));
	return options->stride_width > 0 && options->stride_height > 0 &&
	       (options->padding == kTfLitePaddingSame || options->padding == kTfLitePaddingValid);
}

inline int output_size(const Options &options, int in, int filter, int stride)
{
	return options.padding == kTfLitePaddingSame ? in * stride : (in - 1) * stride + filter;
}

inline TfLiteStatus prepare(TfLiteContext *context, TfLiteNode *node)
{
	const TfLiteTensor *in, *filter, *bias;
	TfLiteTensor *out;
	Options options;

	TF_LITE_ENSURE_EQ(context, tflite::NumInputs(node), 3);
	TF_LITE_ENSURE_EQ(context, tflite::NumOutputs(node), 1);
	TF_LITE_ENSURE(context, read_options(node, &options));
	TF_LITE_ENSURE_OK(context, tflite::GetInputSafe(context, node, kInput, &in));
	TF_LITE_ENSURE_OK(context, tflite::GetInputSafe(context, node, kFilter, &filter));
	TF_LITE_ENSURE_OK(context, tflite::GetInputSafe(context, node, kBias, &bias));
	TF_LITE_ENSURE_OK(context, tflite::GetOutputSafe(context, node, 0, &out));
	for (const TfLiteTensor *t : {in, filter, bias})
		TF_LITE_ENSURE_TYPES_EQ(context, t->type, kTfLiteFloat32);
	TF_LITE_ENSURE_EQ(context, tflite::NumDimensions(in), 4);
	TF_LITE_ENSURE_EQ(context, tflite::NumDimensions(filter), 4);

	TfLiteIntArray *size = TfLiteIntArrayCreate(4);

	size->data[0] = in->dims->data[0];
	size->data[1] = output_size(options, in->dims->data[1], filter->dims->data[1],
				    options.stride_height);
	size->data[2] = output_size(options, in->dims->data[2], filter->dims->data[2],
				    options.stride_width);
	size->data[3] = filter->dims->data[0];
	return context->ResizeTensor(context, out, size);
}

inline TfLiteStatus invoke(TfLiteContext *context, TfLiteNode *node)
{
	const TfLiteTensor *in = tflite::GetInput(context, node, kInput);
	const TfLiteTensor *filter = tflite::GetInput(context, node, kFilter);
	const TfLiteTensor *bias = tflite::GetInput(context, node, kBias);
	TfLiteTensor *out = tflite::GetOutput(context, node, 0);
	tflite::ConvParams params = {};
	Options options;
	int rows, columns;

	TF_LITE_ENSURE(context, read_options(node, &options));
	// As for a convolution from the output to the input.
	TfLitePaddingValues padding = tflite::ComputePaddingHeightWidth(
		options.stride_height, options.stride_width, 1, 1, out->dims->data[1],
		out->dims->data[2], filter->dims->data[1], filter->dims->data[2],
		static_cast<TfLitePadding>(options.padding), &rows, &columns);

	params.padding_values.height = padding.height;
	params.padding_values.width = padding.width;
	params.stride_height = options.stride_height;
	params.stride_width = options.stride_width;
	params.float_activation_min = std::numeric_limits<float>::lowest();
	params.float_activation_max = std::numeric_limits<float>::max();
	tflite::reference_ops::TransposeConv(
		params, tflite::GetTensorShape(in), tflite::GetTensorData<float>(in),
		tflite::GetTensorShape(filter), tflite::GetTensorData<float>(filter),
		tflite::GetTensorShape(bias), tflite::GetTensorData<float>(bias),
		tflite::GetTensorShape(out), tflite::GetTensorData<float>(out),
		tflite::RuntimeShape(), nullptr);
	return kTfLiteOk;
}

inline TfLiteRegistration *registration()
{
	static TfLiteRegistration r = {};

	r.prepare = prepare;
	r.invoke = invoke;
	return &r;
}

} // namespace transpose_bias

#endif

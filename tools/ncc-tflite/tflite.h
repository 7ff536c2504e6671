/* SPDX-License-Identifier: MIT */
/* Numbers of the TensorFlow Lite schema that the compiler uses. */
#ifndef NCC_TFLITE_H
#define NCC_TFLITE_H

#include <stdint.h>

enum tfl_type {
	TFL_FLOAT32 = 0,
	TFL_FLOAT16 = 1,
	TFL_INT32 = 2,
	TFL_UINT8 = 3,
	TFL_INT64 = 4,
	TFL_STRING = 5,
	TFL_BOOL = 6,
	TFL_INT16 = 7,
	TFL_COMPLEX64 = 8,
	TFL_INT8 = 9,
	TFL_FLOAT64 = 10,
};

enum tfl_op {
	TFL_ADD = 0,
	TFL_AVERAGE_POOL_2D = 1,
	TFL_CONCATENATION = 2,
	TFL_CONV_2D = 3,
	TFL_DEPTHWISE_CONV_2D = 4,
	TFL_DEQUANTIZE = 6,
	TFL_FULLY_CONNECTED = 9,
	TFL_LOGISTIC = 14,
	TFL_MAX_POOL_2D = 17,
	TFL_RELU = 19,
	TFL_RELU_N1_TO_1 = 20,
	TFL_RELU6 = 21,
	TFL_RESHAPE = 22,
	TFL_SOFTMAX = 25,
	TFL_CUSTOM = 32,
	TFL_PAD = 34,
	TFL_MEAN = 40,
	TFL_SQUEEZE = 43,
	TFL_EXPAND_DIMS = 70,
	TFL_QUANTIZE = 114,
};

enum tfl_act {
	TFL_ACT_NONE = 0,
	TFL_ACT_RELU = 1,
	TFL_ACT_RELU_N1_TO_1 = 2,
	TFL_ACT_RELU6 = 3,
	TFL_ACT_TANH = 4,
	TFL_ACT_SIGN_BIT = 5,
};

enum tfl_padding {
	TFL_PADDING_SAME = 0,
	TFL_PADDING_VALID = 1,
};

/* "CONV_2D"; never NULL. */
const char *tfl_op_name(int32_t code);
/* "FLOAT32"; never NULL. */
const char *tfl_type_name(int type);
/* Bytes of an element, 0 if the compiler cannot hold the type. */
unsigned tfl_type_size(int type);

#endif

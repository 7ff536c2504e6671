# SPDX-License-Identifier: MIT
"""A random model while it is being made: what the kinds of cases share."""

import math
import struct

import tflite_writer as t
from tflite_writer import FLOAT32, INT8, INT16, INT32, INT64, UINT8, f32

LIMITS = {INT8: (-128, 127), UINT8: (0, 255), INT16: (-32768, 32767),
          INT32: (-2 ** 31, 2 ** 31 - 1), INT64: (-2 ** 63, 2 ** 63 - 1),
          # What fp16 may differ by: absolutely, and relative to the value.
          FLOAT32: (2 ** -13, 2 ** -10)}
TYPE_NAME = {INT8: 'int8', UINT8: 'uint8', INT16: 'int16', INT32: 'int32',
             INT64: 'int64', FLOAT32: 'float32'}
ALL8 = (INT8, UINT8)
ALL_INT = ALL8 + (INT16,)
ALL = ALL_INT + (FLOAT32,)
ACT_NAME = {t.NONE: '', t.RELU_ACT: 'relu', t.RELU6_ACT: 'relu6',
            t.RELU_N1_TO_1_ACT: 'reluN1'}


class Case:
    """One model while it is being made."""

    def __init__(self, rng, dtype, description):
        self.rng, self.dtype = rng, dtype
        self.model = t.Model(description)
        self.inputs = []
        # Kinds of input, see sample().
        self.kinds = (0, 1, 2)
        self.notes = []
        # Computes the output of a sample, where the reference kernels take no such model.
        self.reference = None
        # Adds operators behind the network, which only the compiler is given, to cut them off,
        # and returns the tensors that are outputs then.
        self.tail = None
        # Float inputs: up to so large, and only above zero.
        self.float_range, self.positive = 4, False
        # Are they values that fp16 has?
        self.halves = True
        # What filters make is so much larger, since the values of a network spread less than
        # those of an input.
        self.gain = 1
        # Their scales in those of 8 bits.
        self.unit = 1

    # --- choices ---

    def one_of(self, *items):
        return self.rng.choice(items)

    def chance(self, p):
        return self.rng.random() < p

    def log_uniform(self, low, high):
        return f32(math.exp(self.rng.uniform(math.log(low), math.log(high))))

    def zero_point(self, spread=None, act=t.NONE):
        """A zero point; with spread, near the middle of the range; with an
        activation, where this leaves something."""
        if self.dtype in (INT16, FLOAT32):
            return 0
        low, high = LIMITS[self.dtype]
        middle = (low + high + 1) // 2
        if act in (t.RELU_ACT, t.RELU6_ACT):
            return self.rng.randint(low, middle + 10)
        if act == t.RELU_N1_TO_1_ACT:
            spread = 40
        if spread is not None:
            return middle + self.rng.randint(-spread, spread)
        if self.chance(0.15):
            return self.one_of(low, high, middle)
        return middle + self.rng.randint(-70, 70)

    def scale_for(self, act):
        """A scale of which the activation's bounds are a good part."""
        if self.dtype == FLOAT32:
            return None
        low, high = LIMITS[self.dtype]
        if act == t.RELU6_ACT:
            return f32(self.rng.uniform(0.7, 2) * 6 / (high - low))
        if act == t.RELU_N1_TO_1_ACT:
            return f32(self.rng.uniform(0.7, 2) * 2 / (high - low))
        return f32(self.log_uniform(0.01, 0.2) * self.unit)

    def activation(self):
        return self.one_of(t.NONE, t.NONE, t.RELU_ACT, t.RELU6_ACT,
                           t.RELU_N1_TO_1_ACT)

    # --- tensors ---

    def note(self, *words):
        self.notes += [str(w) for w in words if w != '']

    def input(self, shape, scale=None, zero=None, dtype=None):
        dtype = self.dtype if dtype is None else dtype
        if dtype == FLOAT32:
            index = self.model.tensor(dtype, shape)
            self.inputs.append(index)
            return Value(index, dtype, list(shape), None, 0, *LIMITS[dtype])
        scale = scale or self.log_uniform(0.003, 0.3)
        zero = self.zero_point() if zero is None else zero
        index = self.model.tensor(dtype, shape, scale, zero)
        self.inputs.append(index)
        return Value(index, dtype, list(shape), scale, zero, *LIMITS[dtype])

    def output(self, shape, scale, zero, dtype=None):
        dtype = self.dtype if dtype is None else dtype
        if dtype in (FLOAT32, INT32, INT64):
            scale = None
        index = self.model.tensor(dtype, shape, scale, zero)
        return Value(index, dtype, list(shape), scale, zero, *LIMITS[dtype])

    def const(self, dtype, shape, values):
        data = struct.pack('<%d%s' % (len(values), t.ELEMENT[dtype]), *values)
        return self.model.tensor(dtype, shape, data=data)

    def ints(self, values, shape=None, dtype=INT32):
        values = list(values)
        return self.const(dtype, [len(values)] if shape is None else shape, values)

    def random_const(self, shape, scale=None, zero=0):
        """A constant of the case's type, as a value."""
        n = math.prod(shape)
        if self.dtype == FLOAT32:
            index = self.const(FLOAT32, shape, self.floats(n))
        else:
            size = struct.calcsize(t.ELEMENT[self.dtype])
            index = self.model.tensor(self.dtype, shape, scale, zero,
                                      self.rng.randbytes(n * size))
        return Value(index, self.dtype, list(shape), scale, zero, 0, 0)

    def floats(self, n):
        """Values that fp16 has, or any of fp32."""
        def one():
            v = self.rng.uniform(-self.float_range, self.float_range)
            if self.positive:
                v = abs(v) + 2 ** -6
            form = '<e' if self.halves else '<f'
            return struct.unpack(form, struct.pack(form, v))[0]

        return [one() for _ in range(n)]

    # --- operators; each returns its output ---

    def apply(self, kind, inputs, shape, options=None, scale=None, zero=None,
              dtype=None):
        """Any operator with one output; inputs are values or indices. Without
        a scale of its own the output has the first value's."""
        first = next(i for i in inputs if isinstance(i, Value))
        if scale is None:
            scale, zero = first.scale, first.zero
        out = self.output(shape, scale, zero, dtype)
        self.model.op(kind, [i.index if isinstance(i, Value) else i for i in inputs],
                      [out.index], options)
        return out

    def weights(self, count, amplitude, zero):
        """Random weights around their zero point, quickly."""
        low, high = LIMITS[UINT8 if self.dtype == UINT8 else INT8]
        table = bytes(
            min(max(round(zero + amplitude * (b - 127.5) / 127.5), low), high) & 255
            for b in range(256))
        return self.rng.randbytes(count).translate(table)

    def filtered(self, kind, x, w_shape, out_shape, terms, channel_dim, options,
                 act_field, per_channel, act=None, bias='auto'):
        """CONV_2D, DEPTHWISE_CONV_2D or FULLY_CONNECTED: they differ in
        shapes only. terms: products per output."""
        rng = self.rng
        out_c = out_shape[-1]
        act = self.activation() if act is None else act
        if self.dtype == FLOAT32:
            return self.filtered_float(kind, x, w_shape, out_shape, terms, options,
                                       act_field, act)
        amplitude = self.one_of(127, 127, 127, 128, 20, 3)
        w_zero = 0
        if self.dtype == UINT8:
            w_zero = rng.randint(118, 138) if self.chance(0.8) else rng.randint(0, 255)
            if not 100 < w_zero < 156:
                amplitude = 20
        # A spread of the outputs that uses their range without filling it:
        # deviation of a sum of independent uniform products.
        low, high = LIMITS[self.dtype]
        rms_in = math.sqrt((high - low) ** 2 / 12 +
                           ((high + low) / 2 - x.zero) ** 2)
        acc = math.sqrt(terms) * amplitude / math.sqrt(3) * rms_in
        wanted = (high - low) * rng.uniform(0.06, 0.25) * self.gain
        out_scale = self.scale_for(act)
        scale_w = wanted / acc * out_scale / x.scale
        if per_channel:
            scales = [f32(scale_w * 4 ** rng.uniform(-1, 0.3)) for _ in range(out_c)]
        else:
            scales = [f32(scale_w)]
        w_type = UINT8 if self.dtype == UINT8 else INT8
        count = math.prod(w_shape)
        w = self.model.tensor(w_type, w_shape, scales, [w_zero] * len(scales),
                              self.weights(count, amplitude, w_zero),
                              channel_dim if per_channel else 0)
        inputs = [x.index, w]
        if kind == t.TRANSPOSE_CONV:
            inputs = [self.ints(out_shape), w, x.index]
        if bias == 'auto':
            # TensorFlow Lite wants one for CONV_2D.
            bias = kind == t.CONV_2D or self.chance(0.8)
        if bias:
            b_type = INT32
            # For the rarer int32 the reference has 32-bit sums, CONV_2D only.
            if self.dtype == INT16 and not (
                    kind == t.CONV_2D and terms < 200 and self.chance(0.3)):
                b_type = INT64
            reach = max(1, int(acc * 1.5))
            values = [rng.randint(-reach, reach) for _ in range(out_c)]
            data = struct.pack('<%d%s' % (out_c, t.ELEMENT[b_type]), *values)
            inputs.append(self.model.tensor(
                b_type, [out_c], [f32(s * x.scale) for s in scales],
                [0] * len(scales), data))
        elif kind == t.FULLY_CONNECTED:
            # Left out by name: only this operator takes that.
            inputs.append(-1)
        out = self.output(out_shape, out_scale, self.zero_point(act=act))
        out.bounded(act)
        self.model.op(kind, inputs, [out.index],
                      {**options, act_field: ('b', act)})
        if self.dtype == INT16 and bias:
            self.note('bias32' if b_type == INT32 else 'bias64')
        self.note(ACT_NAME[act], 'pc' if per_channel else '',
                  '' if bias else 'nobias')
        return out

    def filtered_float(self, kind, x, w_shape, out_shape, terms, options, act_field, act):
        """The same in floating point."""
        w = self.const(FLOAT32, w_shape, self.floats(math.prod(w_shape)))
        inputs = [x.index, w, self.const(FLOAT32, [out_shape[-1]],
                                         self.floats(out_shape[-1]))]
        if kind == t.TRANSPOSE_CONV:
            inputs = [self.ints(out_shape), w, x.index, inputs[2]]
        out = self.output(out_shape, None, 0)
        # Sums of so many products of up to 16, in two orders of fp32 additions.
        out.low += (terms + 1) ** 2 * 16 * 2 ** -23
        self.model.op(kind, inputs, [out.index], {**options, act_field: ('b', act)})
        self.note(ACT_NAME[act])
        return out

    def geometry(self, size, kernel, stride, dilation, padding):
        """Output size along one dimension."""
        reach = (kernel - 1) * dilation + 1
        if padding == t.SAME:
            return -(-size // stride)
        return (size - reach) // stride + 1

    def window(self, x, k_h, k_w, stride, dilation, padding):
        return (self.geometry(x.shape[1], k_h, stride[0], dilation[0], padding),
                self.geometry(x.shape[2], k_w, stride[1], dilation[1], padding))

    def conv(self, x, out_c, k=(3, 3), stride=(1, 1), dilation=(1, 1),
             padding=t.SAME, groups=1, per_channel=False, **more):
        h, w = self.window(x, *k, stride, dilation, padding)
        in_c = x.shape[3] // groups
        self.note('%dx%d' % k, 's%d%d' % stride if stride != (1, 1) else '',
                  'd%d%d' % dilation if dilation != (1, 1) else '',
                  'valid' if padding else 'same',
                  'g%d' % groups if groups > 1 else '')
        return self.filtered(
            t.CONV_2D, x, [out_c, *k, in_c], [x.shape[0], h, w, out_c],
            k[0] * k[1] * in_c, 0,
            {0: ('b', padding), 1: ('i', stride[1]), 2: ('i', stride[0]),
             4: ('i', dilation[1]), 5: ('i', dilation[0])}, 3, per_channel, **more)

    def depthwise(self, x, multiplier=1, k=(3, 3), stride=(1, 1),
                  dilation=(1, 1), padding=t.SAME, per_channel=False, **more):
        h, w = self.window(x, *k, stride, dilation, padding)
        out_c = x.shape[3] * multiplier
        self.note('dw%dx%d' % k, 's%d%d' % stride if stride != (1, 1) else '',
                  'd%d%d' % dilation if dilation != (1, 1) else '',
                  'valid' if padding else 'same',
                  'm%d' % multiplier if multiplier > 1 else '')
        return self.filtered(
            t.DEPTHWISE_CONV_2D, x, [1, *k, out_c], [x.shape[0], h, w, out_c],
            k[0] * k[1], 3,
            {0: ('b', padding), 1: ('i', stride[1]), 2: ('i', stride[0]),
             3: ('i', multiplier), 5: ('i', dilation[1]), 6: ('i', dilation[0])},
            4, per_channel, **more)

    def fully_connected(self, x, out_c, keep_dims=False, **more):
        in_c = x.shape[-1] if keep_dims else math.prod(x.shape[1:])
        batch = math.prod(x.shape) // in_c
        shape = x.shape[:-1] + [out_c] if keep_dims else [batch, out_c]
        return self.filtered(
            t.FULLY_CONNECTED, x, [out_c, in_c], shape, in_c, 0,
            {1: ('b', 0), 2: ('?', keep_dims)}, 0, False, **more)

    def pool(self, kind, x, k, stride, padding, act=t.NONE):
        h, w = self.window(x, *k, stride, (1, 1), padding)
        out = self.output([x.shape[0], h, w, x.shape[3]], x.scale, x.zero)
        out.bounded(act)
        self.model.op(kind, [x.index], [out.index],
                      {0: ('b', padding), 1: ('i', stride[1]), 2: ('i', stride[0]),
                       3: ('i', k[1]), 4: ('i', k[0]), 5: ('b', act)})
        self.note('%dx%d' % k, 's%d%d' % stride, 'valid' if padding else 'same',
                  ACT_NAME[act])
        return out

    def add(self, x, y, act=t.NONE):
        shape = broadcast(x.shape, y.shape)
        if self.dtype == FLOAT32:
            self.note(ACT_NAME[act])
            return self.apply(t.ADD, [x, y], shape, {0: ('b', act)})
        low, high = LIMITS[self.dtype]
        spread = math.hypot(x.scale, y.scale) * (high - low) / math.sqrt(12)
        scale = f32(spread / (high - low) * self.rng.uniform(3, 8))
        out = self.output(shape, scale, self.zero_point(20, act))
        out.bounded(act)
        self.model.op(t.ADD, [x.index, y.index], [out.index],
                      {0: ('b', act), 1: ('?', False)})
        self.note(ACT_NAME[act])
        return out

    def likelihood(self):
        """Scale and zero point of values from 0 to 1."""
        return (1 / 32768, 0) if self.dtype == INT16 else (1 / 256, LIMITS[self.dtype][0])

    def softmax(self, x, beta=1.0):
        out = self.output(x.shape, *self.likelihood())
        self.model.op(t.SOFTMAX, [x.index], [out.index], {0: ('f', beta)})
        return out

    def logistic(self, x):
        out = self.output(x.shape, *self.likelihood())
        self.model.op(t.LOGISTIC, [x.index], [out.index])
        return out

    def pad(self, x, pads):
        shape = [d + a + b for d, (a, b) in zip(x.shape, pads)]
        out = self.output(shape, x.scale, x.zero)
        p = self.const(INT32, [len(pads), 2], [v for pair in pads for v in pair])
        self.model.op(t.PAD, [x.index, p], [out.index], {})
        return out

    def mean(self, x, keep_dims):
        shape = [x.shape[0], 1, 1, x.shape[3]] if keep_dims else [x.shape[0], x.shape[3]]
        scale, zero = x.scale, x.zero
        if self.chance(0.7):
            # The mean of many values needs less range.
            scale, zero = f32(scale * self.rng.uniform(0.1, 1)), self.zero_point(20)
        out = self.output(shape, scale, zero)
        axes = self.const(INT32, [2], [1, 2])
        self.model.op(t.MEAN, [x.index, axes], [out.index], {0: ('?', keep_dims)})
        self.note('keep' if keep_dims else '')
        return out

    def concat(self, parts, axis, scale=None, zero=None):
        shape = list(parts[0].shape)
        shape[axis] = sum(p.shape[axis] for p in parts)
        out = self.output(shape, scale or parts[0].scale,
                          parts[0].zero if zero is None else zero)
        self.model.op(t.CONCATENATION, [p.index for p in parts], [out.index],
                      {0: ('i', axis), 1: ('b', t.NONE)})
        return out

    def reshape(self, x, shape):
        out = self.output(shape, x.scale, x.zero, x.dtype)
        s = self.const(INT32, [len(shape)], shape)
        self.model.op(t.RESHAPE, [x.index, s], [out.index],
                      {0: t.Vector('i', shape)})
        return out

    def relu(self, kind, x):
        scale = f32(x.scale * self.rng.uniform(0.6, 1.6))
        out = self.output(x.shape, scale, self.zero_point(act=t.RELU_ACT))
        out.bounded(t.RELU_ACT if kind == t.RELU else t.RELU6_ACT)
        self.model.op(kind, [x.index], [out.index])
        return out

    def quantize(self, x, dtype, scale, zero):
        out = self.output(x.shape, scale, zero, dtype)
        self.model.op(t.QUANTIZE, [x.index], [out.index])
        return out

    # --- inputs ---

    def sample(self, kind):
        """Input data of one sample: 0 all values, 1 extremes, 2 small values
        around the zero point with blocks of the limits."""
        out = b''
        for index in self.inputs:
            dtype = self.model.info[index][0]
            if dtype == FLOAT32:
                n = math.prod(self.model.info[index][1])
                out += struct.pack('<%df' % n, *self.floats(n))
                continue
            low, high = LIMITS[dtype]
            zero = self.model.zero_of[index]
            count = math.prod(self.model.info[index][1])
            if kind == 0:
                size = 2 if dtype == INT16 else 1
                out += self.rng.randbytes(count * size)
                continue
            if kind == 1:
                values = self.rng.choices((low, high, zero), k=count)
            else:
                values = [min(max(zero + self.rng.randint(-9, 9), low), high)
                          for _ in range(count)]
                for _ in range(3):
                    start = self.rng.randrange(count)
                    n = min(count - start, self.rng.randint(1, 64))
                    values[start:start + n] = [self.one_of(low, high)] * n
            out += struct.pack('<%d%s' % (count, t.ELEMENT[dtype]), *values)
        return out


class Value:
    """A tensor of activations."""

    def __init__(self, index, dtype, shape, scale, zero, low, high):
        self.index, self.dtype, self.shape = index, dtype, shape
        self.scale, self.zero, self.low, self.high = scale, zero, low, high

    def bounded(self, act):
        """Narrows the bounds, as TensorFlow Lite does."""
        if self.dtype == FLOAT32:
            return

        def quantised(real):
            return self.zero + int(math.floor(abs(real / self.scale) + 0.5) *
                                   (1 if real >= 0 else -1))

        low, high = {t.NONE: (None, None), t.RELU_ACT: (0, None),
                     t.RELU6_ACT: (0, 6), t.RELU_N1_TO_1_ACT: (-1, 1)}[act]
        if low is not None:
            self.low = max(self.low, quantised(low))
        if high is not None:
            self.high = min(self.high, quantised(high))


def broadcast(a, b):
    n = max(len(a), len(b))
    a, b = [1] * (n - len(a)) + a, [1] * (n - len(b)) + b
    return [max(x, y) for x, y in zip(a, b)]


def picture(c, limit=24, channels=(1, 2, 3, 4, 7, 8, 13, 16, 17, 24, 32, 33)):
    r = c.rng
    batch = 1 if c.chance(0.9) else r.randint(2, 3)
    return [batch, r.randint(1, limit), r.randint(1, limit), r.choice(channels)]


def fit_window(c, shape, kernels):
    """Kernel, stride, dilation and padding that TensorFlow Lite takes."""
    r = c.rng
    k = [r.choice(kernels), 0]
    k[1] = k[0] if c.chance(0.7) else r.choice(kernels)
    stride = [c.one_of(1, 1, 2, 2, 3), 1]
    stride[1] = stride[0] if c.chance(0.8) else r.randint(1, 3)
    dilation = [1, 1]
    if c.chance(0.25):
        stride = [1, 1]
        dilation = [r.randint(1, 3), r.randint(1, 3)]
    padding = c.one_of(t.SAME, t.VALID)
    if padding == t.VALID:
        for i in (0, 1):
            shape[1 + i] = max(shape[1 + i], (k[i] - 1) * dilation[i] + 1)
    return tuple(k), tuple(stride), tuple(dilation), padding

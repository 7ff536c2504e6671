# SPDX-License-Identifier: MIT
"""Kinds of cases: 16-bit inputs with 16-bit weights, which the reference kernels of
convolutions do not take. What they should give is computed here, with whole numbers of any
size, as Documentation/hardware/engines.rst says."""

import itertools
import math
import struct

import tflite_writer as t
from tflite_writer import INT16, INT32, INT64, f32


def multiplier(real):
    """(multiplier, shift) of TensorFlow Lite's QuantizeMultiplier."""
    q, shift = math.frexp(real)
    m = math.floor(q * 2 ** 31 + 0.5)
    if m == 2 ** 31:
        m, shift = m // 2, shift + 1
    return (0, 0) if shift < -31 else (m, shift)


def scaled(acc, real):
    """A 64-bit accumulator times a multiplier of 16 bits."""
    m, shift = multiplier(real)
    m = (m + 0x8000) >> 16 if m < 0x7fff0000 else 0x7fff
    return (acc * m + (1 << (14 - shift))) >> (15 - shift)


class Filter:
    """Weights and bias of one operator, and what it computes."""

    def __init__(self, c, x, out_c, k, in_c, depthwise):
        r = c.rng
        self.k, self.in_c, self.out_c, self.depthwise = k, in_c, out_c, depthwise
        n = out_c * k[0] * k[1] * in_c
        self.weights = [r.randint(-32768, 32767) for _ in range(n)]
        terms = k[0] * k[1] * in_c
        # Sums that use the output's range without filling it.
        self.out_scale = c.log_uniform(0.0001, 0.001)
        wanted = self.out_scale * 2 ** 16 * r.uniform(0.1, 0.4)
        scale = wanted / (math.sqrt(terms) * 2 ** 32 / 12 * x.scale)
        self.scales = [f32(scale * 4 ** r.uniform(-1, 0.3)) for _ in range(out_c)]
        self.reals = [x.scale * s / self.out_scale for s in self.scales]
        reach = int(2 ** 30 * math.sqrt(terms))
        self.bias, self.bias_type = [0] * out_c, None
        if c.chance(0.7):
            self.bias_type = c.one_of(INT32, INT64)
            reach = min(reach, 2 ** 31 - 1) if self.bias_type == INT32 else reach
            self.bias = [r.randint(-reach, reach) for _ in range(out_c)]

    def add_to(self, c, x, shape, dim):
        """The tensors of weights and bias."""
        w = c.model.tensor(INT16, shape, self.scales, [0] * self.out_c,
                           struct.pack('<%dh' % len(self.weights), *self.weights), dim)
        if not self.bias_type:
            return [w]
        data = struct.pack('<%d%s' % (self.out_c, t.ELEMENT[self.bias_type]), *self.bias)
        scales = [f32(s * x.scale) for s in self.scales]
        return [w, c.model.tensor(self.bias_type, [self.out_c], scales, [0] * self.out_c, data)]

    def weight(self, oc, ky, kx, ic):
        if self.depthwise:
            return self.weights[(ky * self.k[1] + kx) * self.out_c + oc]
        return self.weights[((oc * self.k[0] + ky) * self.k[1] + kx) * self.in_c + ic]

    def run(self, data, in_shape, out_shape, stride, pad, low, high):
        """All outputs for the inputs in data."""
        x = struct.unpack('<%dh' % (len(data) // 2), data)
        n, h, w, ch = in_shape
        out = []
        for b, oy, ox, oc in itertools.product(*map(range, out_shape)):
            acc = self.bias[oc]
            for ky, kx in itertools.product(range(self.k[0]), range(self.k[1])):
                y, at = oy * stride[0] - pad[0] + ky, ox * stride[1] - pad[1] + kx
                if not (0 <= y < h and 0 <= at < w):
                    continue
                base = ((b * h + y) * w + at) * ch
                if self.depthwise:
                    acc += x[base + oc * ch // self.out_c] * self.weight(oc, ky, kx, 0)
                    continue
                acc += sum(x[base + ic] * self.weight(oc, ky, kx, ic) for ic in range(ch))
            out.append(min(max(scaled(acc, self.reals[oc]), low), high))
        return struct.pack('<%dh' % len(out), *out)


def padding_of(size, out, k, stride):
    return max(0, (out - 1) * stride + k - size) // 2


def window(c, depthwise=False):
    r = c.rng
    x = c.input([1, r.randint(3, 8), r.randint(3, 8), r.randint(1, 6)],
                c.log_uniform(0.0001, 0.001))
    k, stride = c.one_of((1, 1), (3, 3), (2, 3)), c.one_of((1, 1), (2, 2))
    padding = c.one_of(t.SAME, t.VALID)
    ch = x.shape[3]
    out_c = ch * c.one_of(1, 2) if depthwise else r.randint(1, 9)
    f = Filter(c, x, out_c, k, 1 if depthwise else ch, depthwise)
    h, w = c.window(x, *k, stride, (1, 1), padding)
    act = c.one_of(t.NONE, t.RELU_ACT)
    out = c.output([1, h, w, out_c], f.out_scale, 0)
    out.bounded(act)
    options = {0: ('b', padding), 1: ('i', stride[1]), 2: ('i', stride[0])}
    if depthwise:
        options.update({3: ('i', out_c // ch), 4: ('b', act), 5: ('i', 1), 6: ('i', 1)})
        tensors = f.add_to(c, x, [1, *k, out_c], 3)
    else:
        options.update({3: ('b', act), 4: ('i', 1), 5: ('i', 1)})
        tensors = f.add_to(c, x, [out_c, *k, ch], 0)
    c.model.op(t.DEPTHWISE_CONV_2D if depthwise else t.CONV_2D, [x.index, *tensors],
               [out.index], options)
    c.note('%dx%d' % k, 's%d%d' % stride, 'bias' if f.bias_type else '')
    pads = [padding_of(x.shape[1 + i], (h, w)[i], k[i], stride[i]) if padding == t.SAME else 0
            for i in (0, 1)]
    c.reference = lambda data: f.run(data, x.shape, out.shape, stride, pads, out.low, out.high)
    return [out]


# name, count, types, function, arguments, compiler options
KINDS = [
    ('a16w16-conv', 6, (INT16,), window, {}, ''),
    ('a16w16-depthwise', 4, (INT16,), window, {'depthwise': True}, ''),
]

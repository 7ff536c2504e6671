# SPDX-License-Identifier: MIT
"""Kinds of cases: what converters write now and then, at the edge of what kernels take."""

import math
import struct

import tflite_writer as t
from gen_case import ALL, ALL8, Value, broadcast, picture
from gen_layout import reader
from tflite_writer import BOOL, FLOAT16, FLOAT32, INT8, INT16, INT32, INT64, UINT8, f32

# Of several scales.
DEQUANTIZE = (6, 38, 3)


def dead_channels(c, depthwise):
    """Channels of which all weights are zero, with a scale of zero."""
    x = c.input([1, c.rng.randint(2, 6), c.rng.randint(2, 6), c.one_of(2, 5, 8)])
    if depthwise:
        out = c.depthwise(x, c.one_of(1, 2), per_channel=True, bias=True)
    else:
        out = c.conv(x, c.one_of(2, 7, 16), per_channel=True)
    w, b = (c.model.tensors[i] for i in c.model.ops[-1].fields[1].items[1:])
    scales, buffer = w.fields[4].fields[2].items, w.fields[2][1]
    dead = c.rng.sample(range(len(scales)), c.rng.randint(1, len(scales) - 1))
    values = bytearray(c.model.buffers[buffer])
    size = len(values) // len(scales)
    for channel in dead:
        scales[channel] = b.fields[4].fields[2].items[channel] = 0.0
        values[slice(channel, None, len(scales)) if depthwise else
               slice(channel * size, (channel + 1) * size)] = bytes(size)
    c.model.buffers[buffer] = bytes(values)
    c.note('dead', *dead)
    return [out]


def float_value(c, shape):
    return Value(c.model.tensor(FLOAT32, shape), FLOAT32, shape, None, 0, 0, 0)


def dequantized(c, kind):
    """A constant of integers, with a scale for each slice or one for all, times the input."""
    shape = [c.rng.randint(2, 5) for _ in range(c.one_of(2, 3, 4))]
    dim = c.rng.randrange(len(shape))
    count = shape[dim] if kind == INT8 else 1
    limit = 0.0001 if kind == INT16 else 0.03
    scales = [c.log_uniform(limit / 10, limit) for _ in range(count)]
    zeros = [c.rng.randint(0, 255) if kind == UINT8 else 0] * count
    size = struct.calcsize(t.ELEMENT[kind])
    q = c.model.tensor(kind, shape, scales, zeros, c.rng.randbytes(math.prod(shape) * size), dim)
    d = float_value(c, shape)
    c.model.op(DEQUANTIZE, [q], [d.index], {})
    c.note(*shape, 'dim%d' % dim)
    return [c.apply(t.MUL, [c.input(shape), d], shape, {})]


def half_weights(c, kind):
    """A filter that the file has as float16, and an operator that makes it float32."""
    x = c.input([1, c.rng.randint(1, 6), c.rng.randint(1, 6), c.rng.randint(1, 5)])
    out = c.conv(x, c.rng.randint(1, 6)) if c.chance(0.5) else c.depthwise(x, c.one_of(1, 2))
    conv = c.model.ops.pop()
    wide = conv.fields[1].items[1]
    shape = c.model.info[wide][1]
    data = c.model.tensors[wide].fields[2][1]
    values = struct.unpack('<%df' % math.prod(shape), c.model.buffers[data])
    c.model.op(kind, [c.const(FLOAT16, shape, values)], [wide], {})
    c.model.tensors[wide].fields[2] = ('I', 0)
    c.model.ops.append(conv)
    return [out]


def scaled_weights(c):
    """Weights that the network makes of integers: less their zero points, times their scales."""
    x = c.input([1, c.rng.randint(1, 6), c.rng.randint(1, 6), c.rng.randint(1, 5)])
    out = c.conv(x, c.rng.randint(1, 6)) if c.chance(0.5) else c.depthwise(x, c.one_of(1, 2))
    conv = c.model.ops.pop()
    wide = conv.fields[1].items[1]
    shape = c.model.info[wide][1]

    def constant(values):
        """For each slice of some dimensions; the first that are 1 may be missing."""
        part = [d if c.chance(0.5) else 1 for d in shape]
        while part and part[0] == 1 and c.chance(0.5):
            part.pop(0)
        return c.const(FLOAT32, part, c.rng.choices(values, k=math.prod(part)))

    v = c.model.tensor(FLOAT32, shape)
    c.model.op(t.CAST, [c.const(INT8, shape, c.rng.choices(range(-128, 128), k=math.prod(shape)))],
               [v], {})
    if c.chance(0.5):
        difference = c.model.tensor(FLOAT32, shape)
        c.model.op(t.SUB, [v, constant(range(-20, 20))], [difference], {0: ('b', t.NONE)})
        v = difference
    # What these make are numbers that fp16 has.
    both = [v, constant([2 ** -k for k in range(5, 9)])]
    c.rng.shuffle(both)
    c.model.op(t.MUL, both, [wide], {0: ('b', t.NONE)})
    c.model.tensors[wide].fields[2] = ('I', 0)
    c.model.ops.append(conv)
    return [out]


def select(c, kind):
    """Attention to the past only and the like: from which of two the mask says."""
    shape = [c.rng.randint(1, 6) for _ in range(c.one_of(1, 2, 3, 4, 4, 5))]
    if kind == t.SELECT:
        mask, parts = c.one_of(shape, shape[:1]), [shape, shape]
    else:
        mask = [d if c.chance(0.7) else 1 for d in shape][c.rng.randrange(len(shape)):]
        parts = [[d if c.chance(0.8) else 1 for d in shape][c.rng.randrange(2):] for _ in range(2)]
        shape = broadcast(mask, broadcast(*parts))
    if c.chance(0.5) and len(mask) > 1:
        bits = [i // mask[-1] % mask[-2] >= i % mask[-1] for i in range(math.prod(mask))]
    else:
        bits = [c.chance(0.5) for _ in range(math.prod(mask))]
    scale = None if c.dtype == FLOAT32 else 0.02
    values = [c.input(p) for p in parts]
    constant = c.rng.randrange(4)
    if constant < 2:
        values[constant] = c.random_const(parts[constant], scale, c.zero_point())
        c.inputs.pop(constant)
    c.note(*mask, 'of', *shape)
    return [c.apply(kind, [c.const(BOOL, mask, bits), *values], shape, {}, scale, c.zero_point())]


def masked(c):
    """Attention: what a mask of ones leaves out becomes about -1e9, in one row everything."""
    rows, n = c.rng.randint(2, 5), c.rng.randint(2, 20)
    mask = [float(c.chance(0.4)) for _ in range(n * rows)]
    mask[:n] = [1.0] * n
    x = c.input([rows, n])
    m = Value(c.const(FLOAT32, [rows, n], mask), FLOAT32, [rows, n], None, 0, 0, 0)
    large = c.const(FLOAT32, [1], [c.one_of(-1e9, -3.4e38)])
    m = c.apply(t.MUL, [m, large], [rows, n], {})
    return [c.apply(t.SOFTMAX, [c.apply(t.ADD, [x, m], [rows, n], {})], [rows, n], {0: ('f', 1.0)})]


def large_padding(c):
    """A value that fp16 does not have, times zero: nothing is left of it."""
    h, w, ch = (c.rng.randint(1, 5) for _ in range(3))
    x, shape = c.input([1, h, w, ch]), [1, h + 1, w + 1, 1]
    y = c.apply(t.PADV2, [x, c.ints([0, 0, 0, 1, 0, 1, 0, 0], [4, 2]),
                          c.const(FLOAT32, [], [c.one_of(1e9, -1e9)])], [*shape[:3], ch], {})
    inside = [float(i < h and j < w) for i in range(h + 1) for j in range(w + 1)]
    return [c.apply(t.MUL, [y, c.const(FLOAT32, shape, inside)], y.shape, {})]


def single_number(c):
    """A RESHAPE whose list of sizes is empty, in the middle and at the end."""
    x = c.input([1] * c.rng.randint(1, 4))
    middle = c.reshape(reader(c, x), [])
    return [c.reshape(c.apply(t.ADD, [middle, x], x.shape, {}), [])]


def no_axes(c, kind):
    """Nothing is reduced; the scale may change."""
    x = c.input([c.rng.randint(1, 5) for _ in range(c.rng.randint(1, 4))])
    scale = None
    if c.dtype != FLOAT32 and kind == t.MEAN and c.chance(0.7):
        scale = f32(x.scale * c.rng.uniform(0.5, 2))
    return [c.apply(kind, [x, c.ints([])], x.shape, {0: ('?', c.chance(0.5))}, scale, x.zero)]


def relu_to_one(c):
    x = c.input(picture(c, 12), None if c.dtype == FLOAT32 else c.log_uniform(0.005, 0.05))
    scale = None if c.dtype == FLOAT32 else f32(x.scale * c.one_of(1, c.rng.uniform(0.5, 1.5)))
    return [c.apply(t.RELU_0_TO_1, [x], x.shape, None, scale, c.zero_point(act=t.RELU_ACT))]


def five_dimensions(c, kind):
    """A border around five dimensions, in another scale than what it is around."""
    shape = [c.rng.randint(1, 4) for _ in range(5)]
    pads = [(c.rng.randint(0, 2), c.rng.randint(0, 2)) for _ in shape]
    x = c.input(shape)
    scale, zero = (None, 0) if c.dtype == FLOAT32 else (c.log_uniform(0.01, 0.1), c.zero_point())
    amounts = c.ints([v for p in pads for v in p], [5, 2], c.one_of(INT32, INT64))
    value = [c.random_const([], scale, zero)] if kind == t.PADV2 else []
    return [c.apply(kind, [x, amounts, *value], [d + sum(p) for d, p in zip(shape, pads)], {},
                    scale, zero)]


# name, count, types, function, arguments, compiler options
KINDS = [
    ('dead-conv', 3, (INT8, INT16), dead_channels, {'depthwise': False}, ''),
    ('dead-depthwise', 3, (INT8, INT16), dead_channels, {'depthwise': True}, ''),
    ('dequantize-const', 6, (FLOAT32,), dequantized, {'kind': INT8}, ''),
    ('dequantize-const', 2, (FLOAT32,), dequantized, {'kind': UINT8}, ''),
    ('dequantize-const', 2, (FLOAT32,), dequantized, {'kind': INT16}, ''),
    ('halfweights-cast', 3, (FLOAT32,), half_weights, {'kind': t.CAST}, ''),
    ('halfweights-dequantize', 3, (FLOAT32,), half_weights, {'kind': t.DEQUANTIZE}, ''),
    ('scaledweights', 4, (FLOAT32,), scaled_weights, {}, ''),
    ('select', 3, ALL, select, {'kind': t.SELECT}, ''),
    ('selectv2', 6, ALL, select, {'kind': t.SELECT_V2}, ''),
    ('mask', 3, (FLOAT32,), masked, {}, ''),
    ('reshape-single', 2, ALL, single_number, {}, ''),
    ('mean-noaxes', 3, ALL, no_axes, {'kind': t.MEAN}, ''),
    ('reducemax-noaxes', 1, ALL, no_axes, {'kind': t.REDUCE_MAX}, ''),
    ('pad-five', 3, ALL, five_dimensions, {'kind': t.PAD}, ''),
    ('padv2-five', 3, ALL, five_dimensions, {'kind': t.PADV2}, ''),
    ('relu01', 5, ALL8 + (FLOAT32,), relu_to_one, {}, ''),
    ('padv2-large', 3, (FLOAT32,), large_padding, {}, ''),
]

# SPDX-License-Identifier: MIT
"""Kinds of cases: further small networks in the shape of families of real ones."""

import math

import tflite_writer as t
from gen_case import ALL8, LIMITS, Value, broadcast
from gen_families import (WAYS, alike, block, box_head, constant, conv, depthwise, picture,
                          product, resize, source, transposed)
from gen_families import network as plain_network
from tflite_writer import INT8, INT16, INT32, UINT8, f32


def size_of(c, low, high, unit=1):
    return unit * c.rng.randint(low // unit, high // unit)


def zero_of_one(c):
    """The zero point of values from -1 to 1."""
    return 128 if c.dtype == UINT8 else 0


def scale_of_one(c):
    return 1 / 32768 if c.dtype == INT16 else 1 / 128


def tanh(c, x):
    return c.apply(t.TANH, [x], x.shape, None, scale_of_one(c), zero_of_one(c))


def scaled(c, x):
    """Each channel times a factor."""
    return product(c, x, c.random_const([x.shape[-1]], c.log_uniform(0.004, 0.02),
                                        c.zero_point(20)))


def shifted(c, x):
    return c.add(x, c.random_const([x.shape[-1]], f32(x.scale / 2), c.zero_point(20)))


def transpose(c, x, order):
    return c.apply(t.TRANSPOSE, [x, c.ints(order)], [x.shape[i] for i in order], {})


def concat(c, parts, axis=-1):
    return c.concat(alike(c, parts), axis % len(parts[0].shape))


def split(c, x, axis, count):
    shape = list(x.shape)
    shape[axis] //= count
    parts = [c.output(shape, x.scale, x.zero) for _ in range(count)]
    c.model.op(t.SPLIT, [c.ints([axis], []), x.index], [p.index for p in parts],
               {0: ('i', count)})
    return parts


def pool(c, x, k=2, s=2, kind=t.MAX_POOL_2D, padding=t.SAME):
    return c.pool(kind, x, (k, k), (s, s), padding)


def classified(c, x, classes=None):
    """The mean of a picture, its classes and how likely they are."""
    x = c.mean(x, False) if c.chance(0.7) else c.reshape(
        pool(c, x, x.shape[1], 1, t.AVERAGE_POOL_2D, t.VALID), [x.shape[0], x.shape[3]])
    return [c.softmax(c.fully_connected(x, classes or c.rng.randint(2, 12), act=t.NONE))]


def unet(c):
    """A segmenter that joins what it halves with what it doubles again."""
    levels, width = c.rng.randint(2, 3), c.one_of(4, 6, 8)
    x = picture(c, size_of(c, 16, 40, 8))
    kept = []
    for i in range(levels):
        x = conv(c, conv(c, x, width << i, 3, act=t.RELU_ACT), width << i, 3, act=t.RELU_ACT)
        kept.append(x)
        x = pool(c, x) if c.chance(0.7) else conv(c, x, width << i, 3, 2, t.RELU_ACT)
    x = conv(c, x, width << levels, 3, act=t.RELU_ACT)
    for by in reversed(kept):
        way = c.rng.randrange(3)
        if way == 0:
            x = transposed(c, x, by.shape[3], c.one_of(2, 3, 4))
        else:
            x = resize(c, x, by.shape[1], by.shape[2],
                       t.RESIZE_BILINEAR if way == 1 else t.RESIZE_NEAREST_NEIGHBOR,
                       half=c.chance(0.5))
        x = concat(c, [by, x]) if c.chance(0.8) else concat(c, [x, by])
        x = conv(c, x, by.shape[3], 3, act=t.RELU_ACT)
    classes = c.one_of(1, 2, 5)
    x = conv(c, x, classes, act=t.NONE)
    return [c.logistic(x) if classes == 1 else c.softmax(x)]


def doubled(c, x):
    """Nearest neighbours without a RESIZE, as TensorFlow's detectors have it."""
    n, h, w, ch = x.shape
    x = c.apply(t.PACK, [x, x], [n, h, w, 2, ch], {0: ('i', 2), 1: ('i', 3)})
    x = c.reshape(x, [n, h, 1, 2 * w, ch])
    x = c.apply(t.TILE, [x, c.ints([1, 1, 2, 1, 1])], [n, h, 2, 2 * w, ch], {})
    return c.reshape(x, [n, 2 * h, 2 * w, ch])


def fpn(c):
    """A detector's pyramid, or EfficientDet's with weights for each input; one head for all."""
    width, anchors, classes = c.one_of(8, 12), c.one_of(1, 3, 6), c.rng.randint(1, 7)
    x = conv(c, picture(c, 32), 8, 3, 2)
    levels = []
    for out_c in 8, 12, 16:
        x = block(c, x, out_c, 2)
        levels.append(conv(c, x, width, act=t.NONE))
    weighted = c.chance(0.5)

    def joined(a, b):
        if weighted:
            a, b = (c.apply(t.MUL, [v, constant(c, c.rng.uniform(0.2, 0.8), 0, 1)], v.shape,
                            {0: ('b', t.NONE)}, f32(v.scale * 0.8), c.zero_point(20))
                    for v in (a, b))
        return depthwise(c, c.add(a, b), act=t.NONE)

    for i in 1, 0:
        up = doubled(c, levels[i + 1]) if c.dtype != INT16 and c.chance(0.5) else resize(
            c, levels[i + 1], *levels[i].shape[1:3], t.RESIZE_NEAREST_NEIGHBOR)
        levels[i] = joined(levels[i], up)
    for i in 1, 2:
        levels[i] = joined(levels[i], pool(c, levels[i - 1], 3, 2))
    boxes, scores = zip(*(box_head(c, v, anchors, classes) for v in levels))
    return [concat(c, boxes, 1), c.logistic(concat(c, scores, 1))]


def blazeface(c):
    """Residuals between different numbers of channels, anchors of two grids."""
    x = conv(c, picture(c, 32), 8, 5, 2, t.RELU_ACT)
    grids = []
    for out_c, s in ((8, 1), (12, 2), (12, 1), (20, 2), (24, 2)):
        y = conv(c, depthwise(c, x, 3, s, t.NONE), out_c, act=t.NONE)
        by = pool(c, x) if s == 2 else x
        if out_c > by.shape[3]:
            by = c.pad(by, [(0, 0), (0, 0), (0, 0), (0, out_c - by.shape[3])])
        x = c.add(y, by, t.RELU_ACT)
        grids.append(x)
    numbers, scores = [], []
    for v, anchors in (grids[-2], 2), (grids[-1], 6):
        count = v.shape[1] * v.shape[2] * anchors
        scores.append(c.reshape(conv(c, v, anchors, act=t.NONE), [1, count, 1]))
        numbers.append(c.reshape(conv(c, v, 16 * anchors, act=t.NONE), [1, count, 16]))
    return [concat(c, numbers, 1), concat(c, scores, 1)]


def centernet(c):
    """The highest points of a heat map, and the sizes that are predicted there."""
    classes, k = c.rng.randint(1, 3), c.rng.randint(1, 8)
    x = block(c, block(c, conv(c, picture(c, 32), 8, 3, 2), 12, 2), 12)
    heat = c.logistic(conv(c, conv(c, x, 12, 3), classes, act=t.NONE))
    sizes = conv(c, conv(c, x, 12, 3), 4, act=t.NONE)
    n, h, w, _ = heat.shape
    peaks = c.apply(t.MINIMUM, [heat, pool(c, heat, 3, 1)], heat.shape, {})
    best = c.apply(t.REDUCE_MAX, [peaks, c.ints([3])], [n, h, w], {0: ('?', False)})
    flat = c.reshape(best, [n, h * w])
    values = c.output([n, k], flat.scale, flat.zero)
    at = c.output([n, k], None, 0, INT32)
    c.model.op(t.TOPK_V2, [flat.index, c.ints([k], [])], [values.index, at.index], {})
    there = c.apply(t.GATHER, [c.reshape(sizes, [n, h * w, 4]), at], [n, k, 4],
                    {0: ('i', 1), 1: ('i', 1)})
    return [values, at, there]


def densenet(c):
    """Each layer sees all before it; its batch normalisation comes first."""
    growth = c.rng.randint(3, 8)
    x = conv(c, picture(c, size_of(c, 16, 32, 4)), 8, 3, 2, t.NONE)
    for i in range(2):
        for _ in range(c.rng.randint(2, 3)):
            y = c.relu(t.RELU, shifted(c, scaled(c, x)))
            y = conv(c, conv(c, y, 2 * growth, act=t.RELU_ACT), growth, 3, act=t.NONE)
            x = concat(c, [x, y])
        if i == 0:
            x = conv(c, c.relu(t.RELU, scaled(c, x)), x.shape[3] // 2, act=t.NONE)
            x = pool(c, x, 2, 2, t.AVERAGE_POOL_2D, t.VALID)
    return classified(c, x)


def resnext(c):
    """Groups as a grouped convolution, or split, convolved one by one and joined."""
    groups = c.one_of(2, 4)
    x = conv(c, picture(c, size_of(c, 16, 32)), 16, 3, 2, t.RELU_ACT)
    for s in 1, 2:
        y = conv(c, x, 4 * groups, act=t.RELU_ACT)
        if c.chance(0.5):
            y = conv(c, y, 4 * groups, 3, s, t.RELU_ACT, groups=groups)
        else:
            y = concat(c, [conv(c, part, 4, 3, s, t.RELU_ACT)
                           for part in split(c, y, 3, groups)])
        y = conv(c, y, 16, act=t.NONE)
        by = x if s == 1 else conv(c, x, 16, 1, s, t.NONE)
        x = c.add(by, y, t.RELU_ACT)
    return classified(c, x)


def inception(c):
    """Branches of several kernels, long ones in two steps."""
    x = conv(c, picture(c, size_of(c, 16, 32)), 8, 3, 2, t.RELU_ACT)
    for s in 1, 2, 1:
        long = c.one_of(5, 7)
        y = conv(c, x, 6, act=t.RELU_ACT)
        for k in (1, long), (long, 1):
            y = c.conv(y, 6, k, (1, 1), act=t.RELU_ACT, per_channel=c.dtype == INT8)
        parts = [conv(c, x, c.rng.randint(3, 8), 3, s, t.RELU_ACT),
                 y if s == 1 else conv(c, y, 6, 3, s, t.RELU_ACT),
                 pool(c, x, 3, s, c.one_of(t.MAX_POOL_2D, t.AVERAGE_POOL_2D))]
        if s == 1:
            parts[2] = conv(c, parts[2], 5, act=t.RELU_ACT)
        x = concat(c, parts)
    return classified(c, x)


def squeezenet(c):
    """Fire modules: few channels, then two convolutions side by side."""
    x = conv(c, picture(c, size_of(c, 20, 36)), 12, 3, 2, t.RELU_ACT, padding=t.VALID)
    for i in range(3):
        x = conv(c, x, 4 + 2 * i, act=t.RELU_ACT)
        x = concat(c, [conv(c, x, 8, act=t.RELU_ACT), conv(c, x, 8, 3, act=t.RELU_ACT)])
        if i < 2:
            x = pool(c, x, 3, 2, padding=t.VALID)
    x = conv(c, x, c.rng.randint(2, 10), act=t.RELU_ACT)
    return [c.softmax(c.mean(x, False))]


def vgg(c):
    """LeNet and VGG: pairs of convolutions, pools, and layers of all with all."""
    gray = c.chance(0.4)
    size = size_of(c, 16, 32, 4)
    low = LIMITS[c.dtype][0]
    x = source(c, [1, size, size, 1], f32(1 / 255), low) if gray else picture(c, size)
    k = c.one_of(3, 5)
    for width in 6, 12:
        for _ in range(c.rng.randint(1, 2)):
            x = conv(c, x, width, k, act=t.RELU_ACT, padding=c.one_of(t.SAME, t.VALID)
                     if x.shape[1] > 8 else t.SAME)
        x = pool(c, x, 2, 2, c.one_of(t.MAX_POOL_2D, t.AVERAGE_POOL_2D), t.VALID)
    x = c.reshape(x, [1, math.prod(x.shape)])
    x = c.fully_connected(c.fully_connected(x, 24, act=t.RELU_ACT), 10, act=t.NONE)
    return [c.softmax(x)]


def efficientnet(c):
    """Lite: no squeeze-and-excite, kernels of 3 and 5; or with SiLU and the former."""
    lite = c.chance(0.5)

    def layer(x):
        return x if lite else product(c, x, c.logistic(x))

    act = t.RELU6_ACT if lite else t.NONE
    x = layer(conv(c, picture(c, size_of(c, 20, 36)), 8, 3, 2, act))
    for out_c, k, s, wide in ((8, 3, 1, 1), (12, 5, 2, 4), (12, 3, 1, 4), (20, 5, 2, 4)):
        y = layer(conv(c, x, wide * x.shape[3], act=act)) if wide > 1 else x
        y = layer(depthwise(c, y, k, s, act))
        if not lite:
            m = layer(conv(c, c.mean(y, True), 4, act=t.NONE))
            y = product(c, y, c.logistic(conv(c, m, y.shape[3], act=t.NONE)))
        y = conv(c, y, out_c, act=t.NONE)
        x = c.add(x, y) if x.shape == y.shape else y
    return classified(c, layer(conv(c, x, 32, act=act)))


def excited(c):
    """Squeeze-and-excite by layers of all with all, the weights of channels reshaped."""
    x = conv(c, picture(c, size_of(c, 16, 32)), 12, 3, 2, t.RELU_ACT)
    for s in 1, 2:
        y = conv(c, conv(c, x, 12, 3, s, t.RELU_ACT), 16, 3, act=t.NONE)
        m = c.fully_connected(c.mean(y, False), 5, act=t.RELU_ACT)
        m = c.logistic(c.fully_connected(m, 16, act=t.NONE))
        y = product(c, y, c.reshape(m, [1, 1, 1, 16]))
        by = x if x.shape == y.shape else conv(c, x, 16, 1, s, t.NONE)
        x = c.add(by, y, t.RELU_ACT)
    return classified(c, x)


def keywords(c):
    """A DS-CNN on a spectrogram, which some networks get as one row."""
    frames, bands = c.rng.randint(20, 49), c.one_of(10, 12, 40)
    spectrum = [c.log_uniform(0.05, 0.6), c.zero_point()]
    if c.chance(0.5):
        x = c.reshape(source(c, [1, frames * bands], *spectrum), [1, frames, bands, 1])
    else:
        x = source(c, [1, frames, bands, 1], *spectrum)
    width, pc = c.one_of(8, 16, 20), c.dtype == INT8
    x = c.conv(x, width, (c.one_of(8, 10), 4), (2, 2), act=t.RELU_ACT, per_channel=pc)
    for _ in range(c.rng.randint(1, 4)):
        x = conv(c, depthwise(c, x, act=t.RELU_ACT), width, act=t.RELU_ACT)
    x = c.pool(t.AVERAGE_POOL_2D, x, tuple(x.shape[1:3]), tuple(x.shape[1:3]), t.VALID)
    x = c.reshape(x, [1, width])
    return [c.softmax(c.fully_connected(x, 12, act=t.NONE))]


def tcn(c):
    """Dilated convolutions over time that see the past only."""
    steps, width, k = c.rng.randint(16, 48), c.one_of(4, 8, 12), c.one_of(2, 3, 5)
    x = source(c, [1, steps, c.rng.randint(1, 6)], c.log_uniform(0.01, 0.05), c.zero_point(20))
    by = None
    for d in 1, 2, 4:
        y = x
        if c.chance(0.5):
            y = c.reshape(y, [1, 1, *y.shape[1:]])
            y = c.pad(y, [(0, 0), (0, 0), ((k - 1) * d, 0), (0, 0)])
            y = c.conv(y, width, (1, k), (1, 1), (1, d), t.VALID, act=t.RELU_ACT,
                       per_channel=c.dtype == INT8)
        else:
            # As Keras exports it: in a batch for each of the phases.
            ahead = (k - 1) * d
            more = -(steps + ahead) % d
            long = (steps + ahead + more) // d
            y = c.apply(t.SPACE_TO_BATCH_ND, [y, c.ints([d]), c.ints([ahead, more], [1, 2])],
                        [d, long, y.shape[2]])
            y = c.apply(t.EXPAND_DIMS, [y, c.ints([1], [])], [d, 1, long, y.shape[2]], {})
            y = c.conv(y, width, (1, k), (1, 1), padding=t.VALID, act=t.RELU_ACT,
                       per_channel=c.dtype == INT8)
            y = c.apply(t.SQUEEZE, [y], [d, y.shape[2], width], {0: t.Vector('i', [1])})
            crop = y.shape[1] * d - steps
            y = c.apply(t.BATCH_TO_SPACE_ND, [y, c.ints([d]), c.ints([0, crop], [1, 2])],
                        [1, steps, width])
        y = c.reshape(y, [1, steps, width])
        by, x = x, y if x.shape != y.shape else c.add(x, y, t.RELU_ACT)
    last = c.apply(t.STRIDED_SLICE, [x, c.ints([0, -1, 0]), c.ints([0, 0, 0]), c.ints([1, 1, 1])],
                   [1, width], {0: ('i', 5), 1: ('i', 5), 4: ('i', 2)})
    return [c.fully_connected(last, 3, act=t.NONE), by]


def wav2letter(c):
    """One-dimensional convolutions with strides, then letters for each step."""
    x = source(c, [1, 1, c.rng.randint(40, 90), 13], c.log_uniform(0.02, 0.1), c.zero_point(20))
    pc = c.dtype == INT8
    for width, k, s in ((12, 16, 2), (12, 8, 1), (20, 8, 1), (24, 1, 1)):
        x = c.conv(x, width, (1, k), (1, s), act=t.NONE, per_channel=pc)
        x = c.relu(t.RELU, x) if c.chance(0.5) else c.apply(
            t.LEAKY_RELU, [x], x.shape, {0: ('f', f32(0.2))}, x.scale, x.zero)
    x = c.reshape(conv(c, x, 29, act=t.NONE), [x.shape[2], 29])
    if c.dtype == INT16 or c.chance(0.5):
        return [c.softmax(x)]
    return [c.apply(t.LOG_SOFTMAX, [x], x.shape, None, 16 / 256, 127 if pc else 255)]


def reader_of_lines(c):
    """Text in a picture: columns become steps, each of which gets its letter."""
    low = LIMITS[c.dtype][0]
    x = source(c, [1, 16, size_of(c, 24, 64, 4), 1], f32(1 / 255), low)
    for width in 8, 12:
        x = pool(c, conv(c, x, width, 3, act=t.RELU_ACT))
    x = c.pool(t.MAX_POOL_2D, conv(c, x, 16, 3, act=t.RELU_ACT), (2, 1), (2, 1), t.VALID)
    n, h, w, ch = x.shape
    x = c.reshape(transpose(c, x, [0, 2, 3, 1]), [n, w, ch * h])
    x = c.fully_connected(x, 11, keep_dims=True, act=t.NONE)
    x = c.softmax(transpose(c, x, [1, 0, 2]) if c.chance(0.5) else x)
    return [x, c.apply(t.ARG_MAX, [x, c.ints([2])], x.shape[:2], {0: ('b', INT32)}, dtype=INT32)]


def recurrent(c):
    """An LSTM or a GRU of which each step was written down."""
    steps, width, units = c.rng.randint(2, 6), c.rng.randint(2, 8), c.rng.randint(3, 10)
    x = source(c, [1, steps, width], c.log_uniform(0.01, 0.05), c.zero_point(20))
    steps_of = [c.output([1, width], x.scale, x.zero) for _ in range(steps)]
    c.model.op(t.UNPACK, [x.index], [v.index for v in steps_of], {0: ('i', steps), 1: ('i', 1)})
    one, zero, found, gru = scale_of_one(c), zero_of_one(c), [], c.dtype != INT16 and c.chance(0.5)
    h = c.random_const([1, units], one, zero)
    state = c.random_const([1, units], 1 / 32, zero)

    def times(a, b, scale):
        return c.apply(t.MUL, [a, b], [1, units], {0: ('b', t.NONE)}, scale, zero)

    def plus(kind, a, b, scale):
        return c.apply(kind, [a, b], [1, units], {0: ('b', t.NONE)}, scale, zero)

    def to_gates(v, count):
        v = c.quantize(v, c.dtype, one, zero)
        return split(c, c.fully_connected(c.concat([v, h], 1), count * units, act=t.NONE), 1, count)

    for v in steps_of:
        if gru:
            z, r = (c.logistic(g) for g in to_gates(v, 2))
            y = c.concat([c.quantize(v, c.dtype, one, zero), times(r, h, one)], 1)
            y = tanh(c, c.fully_connected(y, units, act=t.NONE))
            h = plus(t.ADD, y, times(z, plus(t.SUB, h, y, 1 / 64), 1 / 64), one)
        else:
            i, f, g, o = to_gates(v, 4)
            state = plus(t.ADD, times(c.logistic(f), state, 1 / 32),
                         times(c.logistic(i), tanh(c, g), one), 1 / 32)
            h = times(c.logistic(o), tanh(c, state), one)
        found.append(h)
    rows = c.apply(t.PACK, found, [1, steps, units], {0: ('i', steps), 1: ('i', 1)})
    return [rows, c.fully_connected(h, 3, act=t.NONE)]


def esrgan(c):
    """Dense blocks that are added in part, then enlarged by neighbours."""
    low = LIMITS[c.dtype][0]
    x = source(c, [1, size_of(c, 8, 16), size_of(c, 8, 16), 3], f32(1 / 255), low)
    x = first = conv(c, x, 8, 3, act=t.NONE)
    for _ in range(2):
        parts = [x]
        for _ in range(3):
            y = conv(c, concat(c, parts) if len(parts) > 1 else x, 6, 3, act=t.NONE)
            parts.append(c.apply(t.LEAKY_RELU, [y], y.shape, {0: ('f', f32(0.2))}, y.scale, y.zero))
        y = conv(c, concat(c, parts), 8, 3, act=t.NONE)
        y = c.apply(t.MUL, [y, constant(c, 0.2, 0, 0.2)], y.shape, {0: ('b', t.NONE)},
                    f32(y.scale * 0.2), y.zero)
        x = c.add(y, x)
    x = c.add(first, x)
    x = resize(c, x, 2 * x.shape[1], 2 * x.shape[2], t.RESIZE_NEAREST_NEIGHBOR,
               half=c.chance(0.5))
    alpha = c.random_const([1, 1, 8], 0.003, c.zero_point(20))
    x = conv(c, x, 8, 3, act=t.NONE)
    x = c.apply(t.PRELU, [x, alpha], x.shape, None, x.scale, x.zero)
    return [conv(c, x, 3, 3, act=t.NONE)]


def shuffled_pixels(c):
    """Super-resolution as PyTorch exports it: six dimensions in place of DEPTH_TO_SPACE."""
    r, ch = c.one_of(2, 3), c.one_of(1, 3)
    low = LIMITS[c.dtype][0]
    x = source(c, [1, size_of(c, 6, 14), size_of(c, 6, 14), ch], f32(1 / 255), low)
    y = conv(c, conv(c, x, 12, 5, act=t.RELU_ACT), ch * r * r, 3, act=t.NONE)
    _, h, w, _ = y.shape
    y = c.reshape(transpose(c, y, [0, 3, 1, 2]), [1, ch, r, r, h, w])
    y = c.reshape(transpose(c, y, [0, 1, 4, 2, 5, 3]), [1, ch, h * r, w * r])
    return [transpose(c, y, [0, 2, 3, 1])]


def style(c):
    """Mirrored borders, residuals, and normalised pictures where the type has RSQRT."""
    x = picture(c, size_of(c, 16, 28, 4))

    def layer(x, out_c, k, s=1, act=True):
        p = k // 2
        x = c.apply(t.MIRROR_PAD, [x, c.ints([0, 0, p, p, p, p, 0, 0], [4, 2])],
                    [1, x.shape[1] + 2 * p, x.shape[2] + 2 * p, x.shape[3]], {0: ('b', 0)})
        x = conv(c, x, out_c, k, s, t.NONE, padding=t.VALID)
        x = normalised(c, x, [1, 2]) if c.dtype == INT8 else shifted(c, scaled(c, x))
        return c.relu(t.RELU, x) if act else x

    x = layer(layer(x, 6, 9), 8, 3, 2)
    x = c.add(x, layer(layer(x, 8, 3), 8, 3, act=False))
    x = resize(c, x, 2 * x.shape[1], 2 * x.shape[2], t.RESIZE_NEAREST_NEIGHBOR)
    return [tanh(c, layer(x, 3, 3, act=False))]


def normalised(c, x, axes):
    """(x - mean) / sqrt(variance + epsilon), times a factor, plus another."""
    low = LIMITS[c.dtype][0]
    shape = [1 if i in axes else d for i, d in enumerate(x.shape)]
    m = c.apply(t.MEAN, [x, c.ints(axes)], shape, {0: ('?', True)})
    # As if the values used a quarter of their range.
    spread = x.scale * 64
    d = c.apply(t.SQUARED_DIFFERENCE, [x, m], x.shape, None, f32(spread ** 2 / 40), low)
    v = c.apply(t.MEAN, [d, c.ints(axes)], shape, {0: ('?', True)}, f32(spread ** 2 / 100), low)
    v = c.apply(t.ADD, [v, constant(c, 0.001, 0, 0.001)], shape, {0: ('b', t.NONE), 1: ('?', False)},
                f32(v.scale * 1.01), low)
    r = c.apply(t.RSQRT, [v], shape, None, f32(8 / spread / 255), low)
    gamma = c.random_const([x.shape[-1]], 1 / 100, c.zero_point(20))
    beta = c.random_const([x.shape[-1]], 1 / 100, c.zero_point(20))
    if c.chance(0.5):
        factor = product(c, r, gamma, broadcast(shape, gamma.shape))
        by = product(c, m, factor, factor.shape)
        by = c.apply(t.SUB, [beta, by], broadcast(by.shape, beta.shape), {0: ('b', t.NONE)},
                     f32(math.hypot(by.scale, beta.scale)), c.zero_point(20))
        return c.add(product(c, x, factor), by)
    y = c.apply(t.SUB, [x, m], x.shape, {0: ('b', t.NONE)}, x.scale, c.zero_point(20))
    return c.add(product(c, product(c, y, r), gamma), beta)


def gelu(c, x):
    """One operator, or what it is near to: x times the sigmoid of 1.702 x."""
    if c.chance(0.6):
        return c.apply(t.GELU, [x], x.shape, {0: ('?', c.chance(0.5))}, x.scale, c.zero_point(20))
    y = c.apply(t.MUL, [x, constant(c, 1.702, 0, 1.702)], x.shape, {0: ('b', t.NONE)},
                f32(x.scale * 1.7), x.zero)
    return product(c, x, c.logistic(y))


def dense(c, x, out_c, act=t.NONE):
    """Of each row; some exporters make them a matrix first."""
    if c.chance(0.5) or len(x.shape) < 3:
        return c.fully_connected(x, out_c, keep_dims=True, act=act)
    y = c.reshape(x, [math.prod(x.shape[:-1]), x.shape[-1]])
    return c.reshape(c.fully_connected(y, out_c, act=act), x.shape[:-1] + [out_c])


def matmul(c, x, y, flip, terms):
    shape = x.shape[:-1] + [y.shape[-2 if flip else -1]]
    scale = f32(x.scale * y.scale * math.sqrt(terms) * 255 / 12 * c.rng.uniform(0.7, 2))
    return c.apply(t.BATCH_MATMUL, [x, y], shape, {0: ('?', False), 1: ('?', flip)}, scale,
                   c.zero_point(20))


def attention(c, x, heads, mask=None):
    n, rows, width = x.shape
    depth = width // heads
    flip = c.chance(0.5)
    parts = []
    for order in [0, 2, 1, 3], [0, 2, 1, 3] if flip else [0, 2, 3, 1], [0, 2, 1, 3]:
        y = c.reshape(dense(c, x, width), [n, rows, heads, depth])
        parts.append(transpose(c, y, order))
    s = matmul(c, parts[0], parts[1], flip, depth)
    s = c.apply(t.MUL, [s, constant(c, depth ** -0.5, 0, 1)], s.shape, {0: ('b', t.NONE)},
                f32(s.scale * depth ** -0.5), s.zero)
    if mask:
        s = c.add(s, mask)
    y = transpose(c, matmul(c, c.softmax(s), parts[2], False, rows), [0, 2, 1, 3])
    return dense(c, c.reshape(y, [n, rows, width]), width)


def encoder(c, x, heads, mask=None):
    """A layer of a transformer, normalised before or behind."""
    first = c.chance(0.5)
    y = normalised(c, x, [2]) if first else x
    x = c.add(x, attention(c, y, heads, mask))
    if not first:
        x = normalised(c, x, [2])
    y = normalised(c, x, [2]) if first else x
    y = dense(c, y, 2 * x.shape[2], c.one_of(t.NONE, t.RELU_ACT))
    x = c.add(x, dense(c, gelu(c, y), x.shape[2]))
    return x if first else normalised(c, x, [2])


def transformer(c):
    """BERT's layers on rows of numbers; some of the rows are masked."""
    rows, heads = c.rng.randint(3, 16), c.one_of(1, 2, 4)
    x = source(c, [1, rows, 4 * heads], c.log_uniform(0.01, 0.03), c.zero_point(20))
    x = c.add(x, c.random_const([1, rows, 4 * heads], x.scale, x.zero))
    mask = c.random_const([1, 1, 1, rows], 0.1, LIMITS[c.dtype][1]) if c.chance(0.5) else None
    for _ in range(c.rng.randint(1, 2)):
        x = encoder(c, x, heads, mask)
    first = c.apply(t.STRIDED_SLICE, [x, c.ints([0, 0, 0]), c.ints([0, 1, 0]), c.ints([1, 1, 1])],
                    [1, x.shape[2]], {0: ('i', 5), 1: ('i', 5), 4: ('i', 2)})
    return [c.fully_connected(tanh(c, c.fully_connected(first, 8, act=t.NONE)), 2, act=t.NONE), x]


def vision_transformer(c):
    """Patches as rows, a row of its own for the class."""
    patch, heads = c.one_of(4, 8), c.one_of(1, 2, 3)
    x = conv(c, picture(c, 4 * patch), 4 * heads, patch, patch, t.NONE, padding=t.VALID)
    rows = x.shape[1] * x.shape[2]
    x = c.reshape(x, [1, rows, x.shape[3]])
    x = c.concat([c.random_const([1, 1, x.shape[2]], x.scale, x.zero), x], 1)
    x = encoder(c, x, heads)
    x = c.apply(t.MEAN, [x, c.ints([1])], [1, x.shape[2]], {0: ('?', False)})
    return [c.softmax(c.fully_connected(x, 10, act=t.NONE))]


def windows(c):
    """Attention inside of windows that were cut out by six dimensions, shifted in a circle."""
    k, n = c.one_of(2, 4), c.rng.randint(1, 3)
    size, heads = k * n, c.one_of(1, 2)
    x = conv(c, picture(c, 2 * size), 4 * heads, 2, 2, t.NONE, padding=t.VALID)
    ch = x.shape[3]
    if c.chance(0.5) and size > 1:
        s = c.rng.randint(1, size - 1)
        parts = []
        for begin, count in ((s, size - s), (0, s)):
            parts.append(c.apply(t.SLICE, [x, c.ints([0, begin, 0, 0]), c.ints([-1, count, -1, -1])],
                                 [1, count, size, ch], {}))
        x = c.concat(parts, 1)
    y = c.reshape(x, [1, n, k, n, k, ch])
    y = c.reshape(transpose(c, y, [0, 1, 3, 2, 4, 5]), [n * n, k * k, ch])
    y = attention(c, y, heads)
    y = c.reshape(y, [1, n, n, k, k, ch])
    y = c.reshape(transpose(c, y, [0, 1, 3, 2, 4, 5]), x.shape)
    return [c.add(x, y)]


def mixer(c):
    """Layers of all with all, in turn over rows and columns."""
    rows, width = c.one_of(4, 9, 16), c.one_of(6, 8, 12)
    x = source(c, [1, rows, width], c.log_uniform(0.01, 0.03), c.zero_point(20))
    for _ in range(2):
        y = scaled(c, x)
        y = transpose(c, y, [0, 2, 1])
        y = dense(c, gelu(c, dense(c, y, 2 * rows)), rows)
        x = c.add(x, transpose(c, y, [0, 2, 1]))
        x = c.add(x, dense(c, gelu(c, dense(c, shifted(c, x), 2 * width)), width))
    return [c.fully_connected(c.reshape(x, [1, rows * width]), 4, act=t.NONE)]


def yolov8(c):
    """Cross-stage parts, and boxes as means of distances, each of which has its likelihood."""
    def layer(x, out_c, k=1, s=1):
        y = conv(c, x, out_c, k, s, t.NONE)
        return product(c, y, c.logistic(y))

    classes, bins = c.rng.randint(1, 4), c.one_of(4, 8, 16)
    x = picture(c, 32)
    if c.chance(0.5):
        parts = [c.apply(t.STRIDED_SLICE,
                         [x, c.ints([0, a, b, 0]), c.ints([0] * 4), c.ints([1, 2, 2, 1])],
                         [1, 16, 16, 3], {0: ('i', 9), 1: ('i', 15)}) for b in (0, 1) for a in (0, 1)]
        x = layer(c.concat(parts, 3), 8, 3)
    else:
        x = layer(x, 8, 3, 2)
    x = layer(x, 16, 3, 2)
    by, y = split(c, layer(x, 16), 3, 2)
    x = layer(concat(c, [by, y, c.add(y, layer(layer(y, 8, 3), 8, 3))]), 16)
    found = []
    for v in x, layer(x, 16, 3, 2):
        n = v.shape[1] * v.shape[2]
        found.append(c.reshape(concat(c, [conv(c, v, 4 * bins, 3, act=t.NONE),
                                          conv(c, v, classes, 3, act=t.NONE)]),
                               [1, n, 4 * bins + classes]))
    x = transpose(c, concat(c, found, 1), [0, 2, 1])
    n, parts = x.shape[2], []
    for begin, count in ((0, 4 * bins), (4 * bins, classes)):
        parts.append(c.apply(t.SLICE, [x, c.ints([0, begin, 0]), c.ints([-1, count, -1])],
                             [1, count, n], {}))
    boxes = transpose(c, c.reshape(parts[0], [1, 4, bins, n]), [0, 3, 1, 2])
    boxes = conv(c, c.softmax(boxes), 1, act=t.NONE) if c.chance(0.3) else conv(
        c, transpose(c, c.softmax(boxes), [0, 2, 1, 3]), 1, act=t.NONE)
    boxes = c.reshape(boxes, [1, 4, n])
    return [concat(c, [boxes, c.logistic(parts[1])], 1)]


def embedding(c):
    """What a face is like: a vector of length one."""
    x = conv(c, picture(c, size_of(c, 20, 32)), 8, 3, 2, t.NONE)
    for out_c in 12, 16:
        alpha = c.random_const([x.shape[3]], 0.003, c.zero_point(20))
        x = c.apply(t.PRELU, [x, alpha], x.shape, None, x.scale, x.zero)
        x = block(c, x, out_c, 2)
    x = depthwise(c, x, x.shape[1], 1, t.NONE, padding=t.VALID)
    x = conv(c, x, c.one_of(8, 24), act=t.NONE)
    x = c.reshape(x, [1, x.shape[3]])
    return [c.apply(t.L2_NORMALIZATION, [x], x.shape, {}, 1 / 128, zero_of_one(c))]


def recommender(c):
    """Numbers of things, of which each has a row in a table; what the rows have in common."""
    count, width = c.rng.randint(2, 5), c.one_of(4, 8)
    ids = c.apply(t.CAST, [c.input([1, count], 1.0, 0)], [1, count], {}, dtype=INT32)
    table = c.random_const([256, width], c.log_uniform(0.005, 0.02), c.zero_point(20))
    rows = c.apply(t.GATHER, [table, ids], [1, count, width], {0: ('i', 0)})
    x = c.reshape(rows, [1, count * width])
    both = c.apply(t.SUM, [rows, c.ints([1])], [1, width], {0: ('?', False)},
                   f32(rows.scale * 2), c.zero_point(20))
    x = c.fully_connected(concat(c, [x, both]), 12, act=t.RELU_ACT)
    return [c.logistic(c.fully_connected(x, 1, act=t.NONE))]


def network(c, family):
    """Sometimes with a few of the tensors in the middle as further outputs."""
    c.gain, c.unit = c.one_of(1, 2, 3), 1 / 256 if c.dtype == INT16 else 1
    outputs = plain_network(c, family)
    if c.chance(0.5):
        made = [i for op in c.model.ops for i in op.fields[2].items
                if c.model.info[i][0] == c.dtype and i not in [o.index for o in outputs]]
        for i in c.rng.sample(made, 2):
            outputs.append(Value(i, c.dtype, c.model.info[i][1], None, 0, *LIMITS[c.dtype]))
    return outputs


FAMILIES = (
    (ALL8, (unet, fpn, blazeface, centernet, densenet, resnext, inception, squeezenet, vgg,
            efficientnet, excited, keywords, tcn, wav2letter, reader_of_lines, recurrent, esrgan,
            shuffled_pixels, style, mixer, yolov8, embedding)),
    ((INT16,), (unet, densenet, resnext, inception, squeezenet, vgg, efficientnet, excited,
                keywords, tcn, wav2letter, recurrent, shuffled_pixels, yolov8, fpn, blazeface,
                centernet)),
    ((INT8,), (transformer, vision_transformer, windows)),
    ((UINT8,), (recommender,)),
)

# name, count, types, function, arguments, compiler options: of each kind one way, in turn
KINDS = [('net-' + family.__name__.replace('_', ''), 1, (dtype,), network, {'family': family},
          WAYS[i % len(WAYS)])
         for i, (dtype, family) in enumerate(
             (dtype, family) for types, families in FAMILIES for dtype in types
             for family in families)]

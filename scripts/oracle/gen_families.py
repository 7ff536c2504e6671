# SPDX-License-Identifier: MIT
"""Kinds of cases: small networks in the shape of families of real ones, with the operators
that their exporters write. Some take and give floats. Each comes compiled in several ways."""

import struct

import tflite_writer as t
from gen_case import ALL8, LIMITS
from tflite_writer import FLOAT32, INT8, INT16, INT32, INT64, UINT8, f32


def per_channel(c):
    return c.dtype == INT8


def conv(c, x, out_c, k=1, s=1, act=t.RELU6_ACT, **more):
    return c.conv(x, out_c, (k, k), (s, s), act=act, per_channel=per_channel(c), **more)


def depthwise(c, x, k=3, s=1, act=t.RELU6_ACT, **more):
    return c.depthwise(x, 1, (k, k), (s, s), act=act, per_channel=per_channel(c), **more)


def source(c, shape, scale, zero):
    """The input, as it is or quantised by the network; scale and zero are those of 8 bits."""
    if c.dtype == INT16:
        scale, zero = f32(scale / 256), 0
    if c.float_io:
        return c.quantize(c.input(shape, dtype=FLOAT32), c.dtype, scale, zero)
    return c.input(shape, scale, zero)


def picture(c, size):
    """Pixels as cameras give them: all of the type, of either sign or from 0 to 1."""
    low, high = LIMITS[c.dtype]
    scale, zero = c.one_of((1 / 128, (low + high + 1) // 2), (1 / 255, low))
    return source(c, [1, size, size, 3], f32(scale), zero)


def dequantized(c, v):
    """The same as floats, of which each bit is known."""
    v = c.apply(t.DEQUANTIZE, [v], v.shape, {}, dtype=FLOAT32)
    v.low = v.high = 0
    return v


def network(c, family):
    c.float_io, c.halves = c.chance(0.3), False
    c.float_range = 1.2
    outputs = family(c)
    c.note('floats' if c.float_io else '')
    if c.float_io and not c.tail:
        outputs = [dequantized(c, v) if v.dtype == c.dtype else v for v in outputs]
    return outputs


def alike(c, parts):
    """In the scale of the first, as int8 needs it to be joined."""
    first = parts[0]
    return [first] + [v if (v.scale, v.zero) == (first.scale, first.zero) or c.dtype == UINT8 else
                      c.quantize(v, c.dtype, first.scale, first.zero) for v in parts[1:]]


def constant(c, value, low, high):
    """A number of a network's, as a tensor of the case's type whose range is low to high."""
    first, last = LIMITS[c.dtype]
    scale = f32((high - low) / (last - first))
    zero = round(first - low / scale)
    if c.dtype == INT16:
        scale, zero = f32(max(-low, high) / last), 0
    data = struct.pack('<' + t.ELEMENT[c.dtype], min(max(round(value / scale) + zero, first), last))
    return c.model.tensor(c.dtype, [1], scale, zero, data)


def product(c, x, y, shape=None):
    low, high = LIMITS[c.dtype]
    scale = f32(x.scale * y.scale * (high - low) * c.rng.uniform(0.3, 0.7))
    return c.apply(t.MUL, [x, y], shape or x.shape, {0: ('b', t.NONE)}, scale, c.zero_point(20))


def resize(c, x, h, w, kind=t.RESIZE_BILINEAR, align=False, half=False):
    first = 2 if kind == t.RESIZE_BILINEAR else 0
    return c.apply(kind, [x, c.ints([h, w])], [x.shape[0], h, w, x.shape[3]],
                   {first: ('?', align), first + 1: ('?', half)})


def block(c, x, out_c, s=1):
    """Of MobileNet V2."""
    y = conv(c, x, 3 * x.shape[3])
    y = depthwise(c, y, 3, s)
    y = conv(c, y, out_c, act=t.NONE)
    return c.add(x, y) if x.shape == y.shape else y


def box_head(c, x, anchors, classes):
    """Boxes and classes of one grid."""
    n = x.shape[1] * x.shape[2] * anchors
    boxes = conv(c, depthwise(c, x), 4 * anchors, act=t.NONE)
    scores = conv(c, depthwise(c, x), classes * anchors, act=t.NONE)
    return c.reshape(boxes, [1, n, 1, 4]), c.reshape(scores, [1, n, classes])


def ssd(c):
    """A detector. Its last operator is not the APU's: --cut-tail."""
    classes = c.rng.randint(2, 8)
    x = conv(c, picture(c, c.one_of(32, 40)), 8, 3, 2)
    x = conv(c, depthwise(c, x), 12)
    first = block(c, block(c, x, 16, 2), 16)
    second = block(c, first, 24, 2)
    third = conv(c, conv(c, second, 8), 16, 3, 2)
    boxes, scores = zip(*(box_head(c, v, a, classes) for v, a in
                          ((first, 3), (second, 6), (third, 6))))
    boxes = c.concat(alike(c, boxes), 1)
    boxes = c.reshape(boxes, [1, boxes.shape[1], 4])
    scores = c.logistic(c.concat(alike(c, scores), 1))
    outputs = [boxes, scores]
    if c.dtype == INT8:
        # Then this operator is given floats.
        outputs = [dequantized(c, v) for v in outputs]

    def tail():
        anchors = c.const(FLOAT32, [boxes.shape[1], 4], c.floats(4 * boxes.shape[1]))
        found = [c.model.tensor(FLOAT32, s) for s in ([1, 10, 4], [1, 10], [1, 10], [1])]
        c.model.custom('TFLite_Detection_PostProcess',
                       [outputs[0].index, outputs[1].index, anchors], found, b'')
        return found

    c.tail = tail
    return outputs


def yolo(c):
    """SiLU or LEAKY_RELU, pyramids, and heads that are decoded in the network."""
    silu = c.chance(0.5)

    def layer(x, out_c, k=1, s=1):
        y = conv(c, x, out_c, k, s, t.NONE)
        if silu:
            return product(c, y, c.logistic(y))
        return c.apply(t.LEAKY_RELU, [y], y.shape, {0: ('f', f32(0.1))}, y.scale, y.zero)

    classes, anchors = c.rng.randint(1, 5), 3
    x = layer(picture(c, 32), 8, 3, 2)
    x = layer(x, 16, 3, 2)
    y = c.add(x, layer(layer(x, 8), 16, 3))
    z = layer(y, 24, 3, 2)
    pools = [layer(z, 12)]
    for _ in range(3):
        pools.append(c.pool(t.MAX_POOL_2D, pools[-1], (5, 5), (1, 1), t.SAME))
    z = layer(c.concat(pools, 3), 16)
    up = resize(c, z, y.shape[1], y.shape[2], t.RESIZE_NEAREST_NEIGHBOR, half=c.chance(0.5))
    y = layer(c.concat(alike(c, [up, y]), 3), 16, 3)
    found = []
    for v in y, z:
        n, h, w, _ = v.shape
        p = conv(c, v, anchors * (5 + classes), act=t.NONE)
        p = c.logistic(c.reshape(p, [n, h * w, anchors, 5 + classes]))
        p = c.apply(t.TRANSPOSE, [p, c.ints([0, 2, 1, 3])], [n, anchors, h * w, 5 + classes], {})
        parts = []
        for begin, size in ((0, 2), (2, 2), (4, 1 + classes)):
            parts.append(c.apply(t.STRIDED_SLICE,
                                 [p, c.ints([0, 0, 0, begin]), c.ints([0, 0, 0, begin + size]),
                                  c.ints([1] * 4)], p.shape[:3] + [size],
                                 {0: ('i', 7), 1: ('i', 7)}))
        xy = c.add(parts[0], c.random_const([1, 1, h * w, 2], parts[0].scale, parts[0].zero))
        wh = product(c, parts[1], parts[1])
        p = c.concat(alike(c, [xy, wh, parts[2]]), 3)
        found.append(c.reshape(p, [n, anchors * h * w, 5 + classes]))
    return [c.concat(alike(c, found), 1)]


def deeplab(c):
    """A segmenter: dilations, pyramid pooling, bilinear resizing and classes per pixel."""
    align = c.chance(0.5)
    size = c.one_of(33, 32)
    image = picture(c, size)
    x = conv(c, image, 8, 3, 2)
    low = block(c, x, 12)
    x = block(c, low, 16, 2)
    for d in 2, 4:
        y = depthwise(c, conv(c, x, 32), dilation=(d, d))
        x = c.add(x, conv(c, y, 16, act=t.NONE))
    # A dilation in the shape that older exporters give it.
    n, h, w, ch = x.shape
    even = [(h + 1) // 2 * 2 + 4, (w + 1) // 2 * 2 + 4]
    pads = [2, even[0] - h - 2, 2, even[1] - w - 2]
    y = c.apply(t.SPACE_TO_BATCH_ND, [x, c.ints([2, 2]), c.ints(pads, [2, 2])],
                [4 * n, even[0] // 2, even[1] // 2, ch])
    y = depthwise(c, y, padding=t.VALID)
    y = c.apply(t.BATCH_TO_SPACE_ND,
                [y, c.ints([2, 2]), c.ints([0, 2 * y.shape[1] - h, 0, 2 * y.shape[2] - w], [2, 2])],
                [n, h, w, ch])
    pooled = conv(c, c.mean(x, True), 16, act=t.RELU_ACT)
    pooled = resize(c, pooled, h, w, align=align)
    x = c.concat(alike(c, [conv(c, x, 16, act=t.RELU_ACT), y, pooled]), 3)
    x = conv(c, x, 16, act=t.RELU_ACT)
    x = resize(c, x, low.shape[1], low.shape[2], align=align)
    x = c.concat(alike(c, [x, conv(c, low, 6, act=t.RELU_ACT)]), 3)
    x = conv(c, depthwise(c, x), c.one_of(2, 5, 21), act=t.NONE)
    x = resize(c, x, size, size, align=align, half=not align and c.chance(0.5))
    to = c.one_of(INT32, INT64)
    best = c.apply(t.ARG_MAX, [x, c.ints([3])], x.shape[:3], {0: ('b', to)}, dtype=to)
    return [best, x] if c.chance(0.8) else [best]


def transposed(c, x, out_c, k=4):
    n, h, w, _ = x.shape
    y = c.filtered(t.TRANSPOSE_CONV, x, [out_c, k, k, x.shape[3]], [n, 2 * h, 2 * w, out_c],
                   k * k * x.shape[3] // 4, 0, {0: ('b', t.SAME), 1: ('i', 2), 2: ('i', 2)}, 3,
                   per_channel(c), act=t.NONE)
    return c.relu(t.RELU, y)


def pose(c):
    """Heat maps from transposed convolutions, and where each is highest."""
    points = c.one_of(5, 17)
    x = conv(c, picture(c, 32), 8, 3, 2, t.RELU_ACT)
    x = block(c, block(c, x, 16, 2), 16)
    x = block(c, x, 24, 2)
    x = transposed(c, x, 16, c.one_of(3, 4))
    x = transposed(c, x, 12, c.one_of(2, 4))
    maps = conv(c, x, points, act=t.NONE)
    offsets = conv(c, x, 2 * points, act=t.NONE)
    n, h, w, _ = maps.shape
    flat = c.reshape(maps, [n, h * w, points])
    at = c.apply(t.ARG_MAX, [flat, c.ints([1])], [n, points], {0: ('b', INT32)}, dtype=INT32)
    # The offsets at these places, of each point those of its own: by a list per point.
    flat = c.reshape(offsets, [h * w, 2 * points])
    there = c.apply(t.GATHER, [flat, at], [n, points, 2 * points], {0: ('i', 0)})
    return [c.logistic(maps), at, there]


def espcn(c):
    """Super-resolution: what a picture lacks beside its enlargement, from depth to space."""
    r = c.one_of(2, 3)
    n, h, w = 1, c.rng.randint(10, 24), c.rng.randint(10, 24)
    ch = c.one_of(1, 3)
    low = LIMITS[c.dtype][0]
    x = source(c, [n, h, w, ch], f32(1 / 255), low)
    y = conv(c, x, 16, 5, act=t.NONE)
    y = c.apply(t.TANH, [y], y.shape, None, 1 / 128, 128 if c.dtype == UINT8 else 0)
    y = conv(c, y, 8, 3, act=t.RELU_ACT)
    y = conv(c, y, ch * r * r, 3, act=t.NONE)
    y = c.apply(t.DEPTH_TO_SPACE, [y], [n, h * r, w * r, ch], {0: ('i', r)})
    if c.chance(0.6):
        y = c.add(y, resize(c, x, h * r, w * r, half=c.chance(0.5)))
    return [c.relu(t.RELU, y)]


def autoencoder(c):
    """Anomalies: how far a spectrum is from what little of it brings back."""
    depth = c.one_of(64, 128)
    x = source(c, [c.one_of(1, 4), depth], c.log_uniform(0.005, 0.03), c.zero_point(20))
    y = x
    for width in depth // 2, depth // 2, 8, depth // 2:
        y = c.fully_connected(y, width, act=t.RELU_ACT)
    y = c.fully_connected(y, depth, act=t.NONE)
    if c.dtype == UINT8:
        return [y]
    d = c.apply(t.SQUARED_DIFFERENCE, [x, y], x.shape, None, f32(x.scale ** 2 * 40), -128)
    return [y, c.apply(t.MEAN, [d, c.ints([1])], [x.shape[0]], {0: ('?', False)}, d.scale, d.zero)]


def conv_autoencoder(c):
    """The same of a picture: strides down, nearest neighbours up."""
    x = picture(c, 24)
    y = conv(c, conv(c, x, 8, 3, 2, t.RELU_ACT), 12, 3, 2, t.RELU_ACT)
    n, h, w, ch = y.shape
    y = c.fully_connected(c.reshape(y, [n, h * w * ch]), 10, act=t.RELU_ACT)
    y = c.reshape(c.fully_connected(y, h * w * ch, act=t.RELU_ACT), [n, h, w, ch])
    for out_c in 8, 3:
        y = resize(c, y, 2 * y.shape[1], 2 * y.shape[2], t.RESIZE_NEAREST_NEIGHBOR,
                   half=c.chance(0.5))
        y = conv(c, y, out_c, 3, act=t.NONE if out_c == 3 else t.RELU_ACT)
    return [c.logistic(y)]


def shuffled(c, x, groups=2):
    n, h, w, ch = x.shape
    y = c.reshape(x, [n, h, w, groups, ch // groups])
    y = c.apply(t.TRANSPOSE, [y, c.ints([0, 1, 2, 4, 3])], [n, h, w, ch // groups, groups], {})
    return c.reshape(y, x.shape)


def branch(c, x, out_c, s):
    y = conv(c, x, out_c, act=t.RELU_ACT)
    y = depthwise(c, y, 3, s, t.NONE)
    return conv(c, y, out_c, act=t.RELU_ACT)


def shufflenet(c):
    """V2: half of the channels go by, both halves are joined and mixed."""
    x = conv(c, picture(c, 32), 8, 3, 2, t.RELU_ACT)
    x = c.pool(t.MAX_POOL_2D, x, (3, 3), (2, 2), t.SAME)
    for out_c, units in ((12, 1), (24, 2)):
        by = conv(c, depthwise(c, x, 3, 2, t.NONE), out_c, act=t.RELU_ACT)
        x = shuffled(c, c.concat(alike(c, [by, branch(c, x, out_c, 2)]), 3))
        for _ in range(units):
            half = x.shape[:3] + [out_c]
            by, y = c.output(half, x.scale, x.zero), c.output(half, x.scale, x.zero)
            c.model.op(t.SPLIT, [c.ints([3], []), x.index], [by.index, y.index], {0: ('i', 2)})
            x = shuffled(c, c.concat(alike(c, [by, branch(c, y, out_c, 1)]), 3))
    x = conv(c, x, 32, act=t.RELU_ACT)
    return [c.softmax(c.fully_connected(c.mean(x, False), 10, act=t.NONE))]


def grouped_shuffle(c):
    """V1: grouped convolutions of which each sees a part of what all of the last made."""
    x = conv(c, picture(c, 24), 24, 3, 2, t.RELU_ACT)
    for _ in range(2):
        y = conv(c, x, 24, groups=3, act=t.RELU_ACT)
        y = depthwise(c, shuffled(c, y, 3), 3, 1, t.NONE)
        x = c.relu(t.RELU, c.add(x, conv(c, y, 24, groups=3, act=t.NONE)))
    return [c.fully_connected(c.mean(x, False), 7, act=t.NONE)]


def hard_sigmoid(c, x):
    """As exporters write it: relu6(x + 3) / 6."""
    y = c.apply(t.ADD, [x, constant(c, 3, 0, 6)], x.shape, {0: ('b', t.RELU6_ACT),
                                                           1: ('?', False)},
                f32(6 / 255), LIMITS[c.dtype][0])
    return c.apply(t.MUL, [y, constant(c, 1 / 6, 0, 1 / 6)], y.shape, {0: ('b', t.NONE)},
                   f32(1 / 255), LIMITS[c.dtype][0])


def swish(c, x):
    """One operator, or those that older exporters write."""
    if c.chance(0.7):
        return c.apply(t.HARD_SWISH, [x], x.shape, None, f32(x.scale * 0.7), c.zero_point(30))
    return product(c, x, hard_sigmoid(c, x))


def mobilenet_v3(c):
    """Squeeze-and-excite blocks with HARD_SWISH."""
    x = swish(c, conv(c, picture(c, 32), 8, 3, 2, t.NONE))
    for out_c, k, s in ((8, 3, 2), (12, 5, 2), (12, 5, 1)):
        y = swish(c, conv(c, x, 4 * x.shape[3], act=t.NONE))
        y = swish(c, depthwise(c, y, k, s, t.NONE))
        m = c.pool(t.AVERAGE_POOL_2D, y, tuple(y.shape[1:3]), (1, 1), t.VALID) \
            if c.chance(0.5) else c.mean(y, True)
        m = conv(c, m, max(4, y.shape[3] // 4), act=t.RELU_ACT)
        m = hard_sigmoid(c, conv(c, m, y.shape[3], act=t.NONE))
        y = product(c, y, m) if c.chance(0.5) else product(c, m, y, y.shape)
        y = conv(c, y, out_c, act=t.NONE)
        x = c.add(x, y) if x.shape == y.shape else y
    x = swish(c, conv(c, c.mean(x, True), 20, act=t.NONE))
    return [c.softmax(c.reshape(conv(c, x, 10, act=t.NONE), [1, 10]))]


WAYS = ('', '--opt=0', '--l1-size-kb=24')

# name, count, types, function, arguments, compiler options
KINDS = [
    ('net-ssd', 2, ALL8, network, {'family': ssd},
     tuple('--cut-tail ' + w for w in WAYS)),
    ('net-yolo', 2, ALL8, network, {'family': yolo}, WAYS),
    ('net-deeplab', 2, ALL8, network, {'family': deeplab}, WAYS),
    ('net-pose', 2, ALL8, network, {'family': pose}, WAYS),
    ('net-espcn', 2, ALL8, network, {'family': espcn}, WAYS),
    ('net-autoencoder', 2, ALL8, network, {'family': autoencoder}, WAYS),
    ('net-convautoencoder', 2, ALL8, network, {'family': conv_autoencoder}, WAYS),
    ('net-shufflenet', 2, ALL8, network, {'family': shufflenet}, WAYS),
    ('net-groupedshuffle', 2, ALL8, network, {'family': grouped_shuffle}, WAYS),
    ('net-mobilenetv3', 2, ALL8, network, {'family': mobilenet_v3}, WAYS),
]

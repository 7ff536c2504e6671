# SPDX-License-Identifier: MIT
"""Kinds of cases: reductions and resizing."""

import math

import tflite_writer as t
from gen_case import ALL, ALL8, LIMITS, TYPE_NAME, picture
from tflite_writer import FLOAT32, INT8, INT16, INT32, INT64, UINT8, f32


def mean(c):
    return [c.mean(c.input(picture(c, 16), zero=c.zero_point(20)), c.chance(0.5))]



def axes_of(c, rank):
    axes = c.rng.sample(range(rank), c.rng.randint(1, min(3, rank)))
    return [a - rank if c.chance(0.3) else a for a in axes]


def reduce(c, kind):
    rank = c.one_of(1, 2, 3, 4, 4, 4)
    x = c.input([c.rng.randint(1, 9) for _ in range(rank)], zero=c.zero_point(20))
    axes = axes_of(c, rank)
    keep = c.chance(0.5)
    gone = {a % rank for a in axes}
    shape = [1 if i in gone else d for i, d in enumerate(x.shape) if keep or i not in gone]
    n = 1
    for i in gone:
        n *= x.shape[i]
    scale, zero = None, None
    if c.dtype != FLOAT32 and kind in (t.SUM, t.MEAN) and (kind == t.SUM or c.chance(0.7)):
        grow = n ** c.rng.uniform(0.3, 0.8) if kind == t.SUM else c.rng.uniform(0.2, 1)
        scale, zero = f32(x.scale * grow * 1.01), c.zero_point(20)
    c.note('axes', *axes, 'keep' if keep else '')
    out = c.apply(kind, [x, c.ints(axes)], shape, {0: ('?', keep)}, scale, zero)
    if c.dtype == FLOAT32 and kind == t.SUM:
        # The inputs' sum, not the result's size, sets the error of fp32 sums.
        out.low = 2 ** -9
    return [out]


def product(c):
    """The scale of a product of many numbers may be none that a float has."""
    c.float_range = 2
    rank = c.one_of(1, 2, 3, 4)
    x = c.input([c.rng.randint(1, 4) for _ in range(rank)], zero=c.zero_point(20))
    axes = axes_of(c, rank)
    keep = c.chance(0.5)
    gone = {a % rank for a in axes}
    shape = [1 if i in gone else d for i, d in enumerate(x.shape) if keep or i not in gone]
    n = math.prod(x.shape[i] for i in gone)
    scale, zero = None, None
    if c.dtype != FLOAT32:
        # So that the largest product is about twice what the output holds.
        low, high = LIMITS[c.dtype]
        top = math.log(x.scale * max(high - x.zero, x.zero - low))
        scale = math.exp(min(max(n * top, -60), 60)) / (high - low)
        scale, zero = f32(scale * c.rng.uniform(0.5, 2)), c.zero_point(20)
    c.note('axes', *axes, 'keep' if keep else '')
    return [c.apply(t.REDUCE_PROD, [x, c.ints(axes)], shape, {0: ('?', keep)}, scale, zero)]


def arg(c, kind):
    rank = c.one_of(1, 2, 3, 4)
    x = c.input([c.rng.randint(1, 9) for _ in range(rank)])
    axis = c.rng.randrange(rank)
    if c.chance(0.5):
        axis = rank - 1
    to = c.one_of(INT32, INT64)
    shape = x.shape[:axis] + x.shape[axis + 1:]
    c.note('axis', axis, TYPE_NAME[to])
    return [c.apply(kind, [x, c.ints([axis - rank if c.chance(0.3) else axis])], shape,
                    {0: ('b', to)}, dtype=to)]


def topk(c):
    shape = [c.rng.randint(1, 6) for _ in range(c.one_of(0, 1, 1, 2, 3))]
    x = c.input(shape + [c.one_of(1, 2, 5, 10, 91, 200)])
    k = c.rng.randint(1, min(x.shape[-1], 20))
    values = c.output(shape + [k], x.scale, x.zero)
    at = c.output(shape + [k], None, 0, INT32)
    c.model.op(t.TOPK_V2, [x.index, c.ints([k], [])], [values.index, at.index], {})
    c.note(k)
    return [values, at]


def resize(c, kind):
    r = c.rng
    shape = [c.one_of(1, 1, 2), r.randint(1, 12), r.randint(1, 12), r.randint(1, 20)]
    if c.chance(0.4):
        k = c.one_of(2, 2, 3, 4)
        h, w = shape[1] * k, shape[2] * k
    else:
        h, w = r.randint(1, 30), r.randint(1, 30)
    flags = c.one_of((False, False), (True, False), (False, True))
    if kind == t.RESIZE_NEAREST_NEIGHBOR and c.chance(0.2):
        flags = (True, True)
    c.note('align' if flags[0] else '', 'half' if flags[1] else '')
    first = 2 if kind == t.RESIZE_BILINEAR else 0
    x = c.input(shape)
    return [c.apply(kind, [x, c.ints([h, w])], [shape[0], h, w, shape[3]],
                    {first: ('?', flags[0]), first + 1: ('?', flags[1])})]


def big_resize(c, kind):
    c.kinds = (0,)
    x = c.input([1, 60, 64, 96])
    first = 2 if kind == t.RESIZE_BILINEAR else 0
    return [c.apply(kind, [x, c.ints([130, 128])], [1, 130, 128, 96],
                    {first + 1: ('?', True)})]


# name, count, types, function, arguments, compiler options
KINDS = [
    ('mean', 6, ALL8, mean, {}, ''),
    ('mean', 8, ALL, reduce, {'kind': t.MEAN}, ''),
    ('sum', 8, (UINT8, FLOAT32), reduce, {'kind': t.SUM}, ''),
    ('reducemax', 6, ALL, reduce, {'kind': t.REDUCE_MAX}, ''),
    ('reducemin', 6, ALL, reduce, {'kind': t.REDUCE_MIN}, ''),
    ('reduceprod', 6, (INT8, INT16, FLOAT32), product, {}, ''),
    ('argmax', 6, ALL8 + (FLOAT32,), arg, {'kind': t.ARG_MAX}, ''),
    ('argmin', 5, ALL8 + (FLOAT32,), arg, {'kind': t.ARG_MIN}, ''),
    ('topk', 6, ALL, topk, {}, ''),
    ('resizebilinear', 9, ALL, resize, {'kind': t.RESIZE_BILINEAR}, ''),
    ('resizenearest', 7, ALL, resize, {'kind': t.RESIZE_NEAREST_NEIGHBOR}, ''),
    ('big-resizebilinear', 1, (INT8, FLOAT32), big_resize, {'kind': t.RESIZE_BILINEAR}, ''),
    ('big-resizenearest', 1, (UINT8,), big_resize, {'kind': t.RESIZE_NEAREST_NEIGHBOR}, ''),
]

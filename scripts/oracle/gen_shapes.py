# SPDX-License-Identifier: MIT
"""Kinds of cases: shapes that follow from options, and from values that are computed."""

import math

import tflite_writer as t
from gen_case import ALL, ALL8
from gen_layout import reader
from tflite_writer import FLOAT32, INT8, INT32


def squeeze(c):
    """Some of the axes of one element, or without a list all of them."""
    shape = [c.one_of(1, 1, c.rng.randint(2, 7)) for _ in range(c.one_of(2, 3, 4, 5))]
    ones = [i for i, d in enumerate(shape) if d == 1]
    gone = c.rng.sample(ones, c.rng.randint(0, len(ones)))
    given = [a - len(shape) if c.chance(0.4) else a for a in gone]
    left = [d for i, d in enumerate(shape) if (i not in gone if gone else d != 1)]
    if not left:
        # A single number: whether its shape is missing cannot be seen.
        shape[0] = 5
        left, given = [5], []
    c.note('axes', *given)
    return [c.apply(t.SQUEEZE, [reader(c, c.input(shape))], left, {0: t.Vector('i', given)})]


def expand_dims(c):
    shape = [c.rng.randint(1, 7) for _ in range(c.one_of(1, 2, 3, 4))]
    axis = c.rng.randint(-len(shape) - 1, len(shape))
    out = list(shape)
    out.insert(axis % (len(shape) + 1), 1)
    c.note('axis%d' % axis)
    return [reader(c, c.apply(t.EXPAND_DIMS, [c.input(shape), c.ints([axis], [])], out, {}))]


def reshape(c, constant):
    """A size that follows from the others; the new shape is a constant or an option."""
    parts = [c.rng.randint(1, 6) for _ in range(4)]
    to = c.one_of([parts[0], math.prod(parts[1:])], [parts[0] * parts[1], *parts[2:]],
                  [math.prod(parts)], [parts[2], parts[0], parts[3], parts[1]])
    given = list(to)
    given[c.rng.randrange(len(given))] = -1
    c.note(*given)
    x = reader(c, c.input(parts))
    if constant:
        return [c.apply(t.RESHAPE, [x, c.ints(given)], to)]
    return [c.apply(t.RESHAPE, [x], to, {0: t.Vector('i', given)})]


def strided_slice(c):
    """An ellipsis, and axes that are new."""
    rank = c.one_of(1, 2, 3, 4)
    x = reader(c, c.input([c.rng.randint(1, 7) for _ in range(rank)]))
    # What is left to the ellipsis lies between two parts of the other axes; the reference takes
    # an ellipsis of no axes for one.
    front = c.rng.randint(0, rank)
    back = c.rng.randint(front, rank)
    axes = list(range(front)) + ['...'] * (back > front) + list(range(back, rank))
    for _ in range(c.rng.randint(0, 4 - rank)):
        axes.insert(c.rng.randrange(len(axes) + 1), 'new')
    begin, end, masks, shape = [], [], [0] * 5, []
    for i, axis in enumerate(axes):
        b, e = 0, 1
        if axis == '...':
            masks[2] |= 1 << i
            shape += x.shape[front:back]
        elif axis == 'new':
            masks[3] |= 1 << i
            shape.append(1)
        elif c.chance(0.2):
            masks[4] |= 1 << i
            b = c.rng.randrange(x.shape[axis])
            e = b + 1
        else:
            b = c.rng.randrange(x.shape[axis])
            e = c.rng.randint(b + 1, x.shape[axis])
            shape.append(e - b)
        begin.append(b)
        end.append(e)
    if not shape:
        masks[4], shape = 0, [1] * rank
    c.note('masks', *masks)
    return [c.apply(t.STRIDED_SLICE,
                    [x, c.ints(begin), c.ints(end), c.ints([1] * len(begin))], shape,
                    {i: ('i', m) for i, m in enumerate(masks)})]


def shape_of(c, x):
    index = c.model.tensor(INT32, [len(x.shape)])
    c.model.op(t.SHAPE, [x.index], [index], {0: ('b', INT32)})
    return index


def integers(c, kind, inputs, shape, options=None):
    index = c.model.tensor(INT32, shape)
    c.model.op(kind, inputs, [index], {} if options is None else options)
    return index


def flatten(c):
    """The batch from SHAPE, packed with a -1."""
    x = c.input([c.rng.randint(1, 3)] + [c.rng.randint(1, 6) for _ in range(3)])
    batch = integers(c, t.STRIDED_SLICE,
                     [shape_of(c, x), c.ints([0]), c.ints([1]), c.ints([1])], [], {4: ('i', 1)})
    to = integers(c, t.PACK, [batch, c.ints([-1], [])], [2], {0: ('i', 2)})
    return [c.apply(t.RESHAPE, [reader(c, x), to], [x.shape[0], math.prod(x.shape[1:])])]


def joined(c):
    """Some sizes picked out of SHAPE, joined with others."""
    x = c.input([c.rng.randint(1, 6) for _ in range(4)])
    some = integers(c, t.GATHER, [shape_of(c, x), c.ints([0, 3])], [2], {0: ('i', 0)})
    to = integers(c, t.CONCATENATION, [some, c.ints([x.shape[1] * x.shape[2]])], [3],
                  {0: ('i', 0)})
    return [c.apply(t.RESHAPE, [reader(c, x), to],
                    [x.shape[0], x.shape[3], x.shape[1] * x.shape[2]])]


def doubled(c):
    """Twice the size that SHAPE tells."""
    x = c.input([1] + [c.rng.randint(1, 6) for _ in range(3)])
    size = integers(c, t.STRIDED_SLICE,
                    [shape_of(c, x), c.ints([1]), c.ints([3]), c.ints([1])], [2])
    twice = integers(c, t.MUL, [size, c.ints([2, 2])], [2])
    return [c.apply(t.RESIZE_NEAREST_NEIGHBOR, [x, twice],
                    [1, 2 * x.shape[1], 2 * x.shape[2], x.shape[3]], {})]


def filled(c):
    """A constant of the size of something, behind it."""
    x = c.input([c.rng.randint(1, 4) for _ in range(c.one_of(1, 2, 3, 4))])
    value = c.random_const([], x.scale, x.zero)
    more = c.apply(t.FILL, [shape_of(c, x), value], x.shape, {}, x.scale, x.zero)
    axis = c.rng.randrange(len(x.shape))
    c.note('axis%d' % axis)
    return [c.concat([x, more], axis)]


def ranged(c):
    """The mean over axes that a RANGE counts."""
    x = c.input([c.rng.randint(1, 6) for _ in range(4)], zero=c.zero_point(20))
    axes = integers(c, t.RANGE, [c.ints([v], []) for v in (1, 3, 1)], [2])
    return [c.apply(t.MEAN, [x, axes], [x.shape[0], x.shape[3]], {0: ('?', False)})]


# name, count, types, function, arguments, compiler options
KINDS = [
    ('squeeze', 6, ALL, squeeze, {}, ''),
    ('expanddims', 5, ALL, expand_dims, {}, ''),
    ('reshape-open', 4, ALL8 + (FLOAT32,), reshape, {'constant': True}, ''),
    ('reshape-option', 4, ALL8 + (FLOAT32,), reshape, {'constant': False}, ''),
    ('stridedslice-axes', 8, ALL, strided_slice, {}, ''),
    ('shape-flatten', 2, (INT8, FLOAT32), flatten, {}, ''),
    ('shape-join', 2, (INT8, FLOAT32), joined, {}, ''),
    ('shape-double', 2, (INT8, FLOAT32), doubled, {}, ''),
    ('shape-fill', 3, (INT8, FLOAT32), filled, {}, ''),
    ('shape-range', 2, (INT8, FLOAT32), ranged, {}, ''),
]

# SPDX-License-Identifier: MIT
"""Kinds of cases: operators that move elements."""

import math

import tflite_writer as t
from gen_case import ALL, ALL8, TYPE_NAME, picture
from tflite_writer import FLOAT32, INT8, INT16, INT32, INT64, UINT8, f32


def pad(c):
    shape = picture(c, 16)
    pads = [(0, 0), (c.rng.randint(0, 3), c.rng.randint(0, 3)),
            (c.rng.randint(0, 3), c.rng.randint(0, 3)), (0, 0)]
    if c.chance(0.3):
        pads[3] = (c.rng.randint(0, 3), c.rng.randint(0, 5))
    if c.chance(0.1):
        pads[0] = (c.rng.randint(0, 1), 1)
    return [c.pad(c.input(shape), pads)]


def concat(c, rescale=False):
    r = c.rng
    shape = picture(c, 12)
    axis = c.one_of(3, 3, 3, 1, 2, -1)
    scale, zero = c.log_uniform(0.01, 0.1), c.zero_point(20)
    parts = []
    for _ in range(r.randint(2, 4)):
        part = list(shape)
        part[axis] = r.randint(1, 12)
        if rescale:
            parts.append(c.input(part, f32(scale * 2 ** r.uniform(-1, 0)),
                                 c.zero_point(20)))
        else:
            parts.append(c.input(part, scale, zero))
    c.note('axis%d' % axis, 'rescale' if rescale else '')
    return [c.concat(parts, axis, scale, zero)]


def concat5(c):
    """Boxes of a detector's grid: five dimensions."""
    shape = [c.one_of(1, 2)] + [c.rng.randint(1, 5) for _ in range(4)]
    axis = c.rng.randrange(5)
    first = c.input(shape)
    parts = [first]
    for _ in range(c.rng.randint(1, 3)):
        part = list(shape)
        part[axis] = c.rng.randint(1, 5)
        parts.append(c.input(part, first.scale, first.zero))
    c.note('axis%d' % axis)
    return [c.concat(parts, axis)]


def reshape(c):
    shape = picture(c, 12)
    a, b, h, w = shape
    to = c.one_of([a, b * h * w], [a * b, h, w], [a, h, b, w], [a * b * h * w])
    return [c.reshape(c.input(shape), to)]



def shape_of(c, rank=None, limit=9):
    rank = rank or c.one_of(1, 2, 3, 4, 4, 4, 5)
    return [c.rng.randint(1, limit if rank < 5 else 4) for _ in range(rank)]


def axis_of(c, rank):
    return c.rng.randrange(rank) - (rank if c.chance(0.4) else 0)


def reader(c, x):
    """Sometimes an operator that makes or reads a tensor in another way."""
    if c.dtype == FLOAT32 or len(x.shape) != 4 or c.chance(0.6):
        return x
    return c.pool(t.MAX_POOL_2D, x, (1, 1), (1, 1), t.VALID)


def split(c):
    x = reader(c, c.input(shape_of(c)))
    axis = axis_of(c, len(x.shape))
    n = x.shape[axis]
    parts = c.one_of(*[k for k in range(1, n + 1) if n % k == 0])
    shape = list(x.shape)
    shape[axis] = n // parts
    outs = [c.output(shape, x.scale, x.zero) for _ in range(parts)]
    c.model.op(t.SPLIT, [c.ints([axis], []), x.index], [o.index for o in outs],
               {0: ('i', parts)})
    c.note('axis%d' % axis, parts)
    outs = outs[:10]
    return [reader(c, o) for o in outs]


def split_v(c):
    x = reader(c, c.input(shape_of(c)))
    axis = axis_of(c, len(x.shape))
    left, sizes = x.shape[axis], []
    while left and len(sizes) < 9:
        sizes.append(c.rng.randint(1, left))
        left -= sizes[-1]
    if left:
        sizes.append(left)
    outs = []
    for n in sizes:
        shape = list(x.shape)
        shape[axis] = n
        outs.append(c.output(shape, x.scale, x.zero))
    c.note('axis%d' % axis, len(sizes))
    given = list(sizes)
    if c.chance(0.3):
        given[c.rng.randrange(len(given))] = -1
    c.model.op(t.SPLIT_V, [x.index, c.ints(given), c.ints([axis], [])],
               [o.index for o in outs], {0: ('i', len(sizes))})
    return [reader(c, o) for o in outs]


def slice_(c):
    x = reader(c, c.input(shape_of(c)))
    begin = [c.rng.randrange(d) for d in x.shape]
    size = [c.rng.randint(1, d - b) for d, b in zip(x.shape, begin)]
    given = [-1 if b + s == d and c.chance(0.5) else s
             for d, b, s in zip(x.shape, begin, size)]
    return [reader(c, c.apply(t.SLICE, [x, c.ints(begin), c.ints(given)], size, {}))]


def strided_slice(c):
    r = c.rng
    x = reader(c, c.input(shape_of(c, c.one_of(1, 2, 3, 4, 4))))
    begin, end, stride, shape = [], [], [], []
    masks = [0] * 5
    for i, d in enumerate(x.shape):
        s = c.one_of(1, 1, 1, 2, 3, -1, -2)
        if s > 0:
            b = r.randrange(d)
            e = r.randint(b + 1, d)
        else:
            b = r.randrange(d)
            e = r.randint(-1, b - 1)
        n = len(range(b, e, s))
        if c.chance(0.15) and len(x.shape) > 1:
            masks[4] |= 1 << i
            e, s = b + 1, 1
        else:
            if c.chance(0.2):
                masks[0] |= 1 << i
                n = len(range(0 if s > 0 else d - 1, e, s))
            if c.chance(0.2) or e < 0:
                masks[1] |= 1 << i
                n = len(range((0 if s > 0 else d - 1) if masks[0] >> i & 1 else b,
                              d if s > 0 else -1, s))
            if not n:
                # The begin that the mask gave lies beyond the end.
                masks[1] |= 1 << i
                n = len(range((0 if s > 0 else d - 1) if masks[0] >> i & 1 else b,
                              d if s > 0 else -1, s))
            shape.append(n)
        begin.append(b - d if c.chance(0.3) else b)
        end.append(e - d if e >= 0 and e < d and c.chance(0.3) else e)
        stride.append(s)
    for i in range(len(begin)):
        if masks[4] >> i & 1:
            end[i] = begin[i] + 1
    if not shape:
        masks[4] &= ~1
        shape, end[0], stride[0] = [1], begin[0] % x.shape[0] + 1, 1
        begin[0] %= x.shape[0]
    c.note('masks', *masks)
    return [reader(c, c.apply(
        t.STRIDED_SLICE, [x, c.ints(begin), c.ints(end), c.ints(stride)], shape,
        {i: ('i', m) for i, m in enumerate(masks)}))]


def pack(c):
    shape = shape_of(c, c.one_of(1, 2, 3, 3, 4))
    n = c.rng.randint(1, 4)
    x = c.input(shape)
    xs = [x] + [c.input(shape, x.scale, x.zero) for _ in range(n - 1)]
    axis = axis_of(c, len(shape) + 1)
    out = list(shape)
    out.insert(axis % (len(shape) + 1), n)
    c.note('axis%d' % axis)
    return [c.apply(t.PACK, xs, out, {0: ('i', n), 1: ('i', axis)})]


def unpack(c):
    x = reader(c, c.input(shape_of(c, c.one_of(2, 3, 4, 4, 5), 6)))
    axis = axis_of(c, len(x.shape))
    shape = list(x.shape)
    n = shape.pop(axis)
    outs = [c.output(shape, x.scale, x.zero) for _ in range(n)]
    c.model.op(t.UNPACK, [x.index], [o.index for o in outs],
               {0: ('i', n), 1: ('i', axis)})
    c.note('axis%d' % axis)
    return [reader(c, o) for o in outs[:10]]


def tile(c):
    x = c.input(shape_of(c, c.one_of(1, 2, 3, 4), 6))
    times = [c.one_of(1, 1, 2, 3) for _ in x.shape]
    return [c.apply(t.TILE, [x, c.ints(times)],
                    [a * b for a, b in zip(x.shape, times)], {})]


def broadcast_to(c):
    shape = shape_of(c, c.one_of(2, 3, 4), 6)
    given = [1 if c.chance(0.5) else d for d in shape][c.rng.randint(0, 1):]
    return [c.apply(t.BROADCAST_TO, [c.input(given), c.ints(shape)], shape, {})]


def space_depth(c, kind):
    k = c.one_of(1, 2, 2, 3, 4)
    n, h, w, ch = c.one_of(1, 1, 2), c.rng.randint(1, 6), c.rng.randint(1, 6), c.rng.randint(1, 9)
    big, deep = [n, h * k, w * k, ch], [n, h, w, ch * k * k]
    c.note('block', k)
    if kind == t.SPACE_TO_DEPTH:
        return [reader(c, c.apply(kind, [c.input(big)], deep, {0: ('i', k)}))]
    return [reader(c, c.apply(kind, [c.input(deep)], big, {0: ('i', k)}))]


def space_batch(c, kind):
    r = c.rng
    flat = c.chance(0.2)
    block = [r.randint(1, 3) for _ in range(1 if flat else 2)]
    small = [r.randint(1, 5) for _ in block]
    pads = []
    for s, b in zip(small, block):
        before = r.randint(0, min(2, s * b - 1))
        pads.append((before, r.randint(0, min(2, s * b - 1 - before))))
    ch, n = [r.randint(1, 7)], r.randint(1, 2)
    large = [n] + [s * b - sum(p) for s, b, p in zip(small, block, pads)] + ch
    many = n
    for b in block:
        many *= b
    other = [many] + small + ch
    b = c.ints(block)
    p = c.ints([v for pair in pads for v in pair], [len(block), 2])
    c.note('block', *block, 'pads', *[v for pair in pads for v in pair])
    if kind == t.SPACE_TO_BATCH_ND:
        return [c.apply(kind, [c.input(large), b, p], other, {})]
    return [c.apply(kind, [c.input(other), b, p], large, {})]


def transpose(c):
    x = reader(c, c.input(shape_of(c, c.one_of(2, 3, 4, 4, 4, 5), 12)))
    perm = list(range(len(x.shape)))
    c.rng.shuffle(perm)
    c.note(*perm)
    return [reader(c, c.apply(t.TRANSPOSE, [x, c.ints(perm)],
                              [x.shape[p] for p in perm], {}))]


def mirror_pad(c):
    x = c.input(shape_of(c, c.one_of(1, 2, 3, 4), 7))
    symmetric = c.chance(0.5)
    pads = [(c.rng.randint(0, min(3, d - (not symmetric))),
             c.rng.randint(0, min(3, d - (not symmetric)))) for d in x.shape]
    c.note('symmetric' if symmetric else 'reflect')
    return [c.apply(t.MIRROR_PAD, [x, c.ints([v for p in pads for v in p], [len(pads), 2])],
                    [d + sum(p) for d, p in zip(x.shape, pads)],
                    {0: ('b', int(symmetric))})]


def padv2(c):
    x = c.input(shape_of(c, c.one_of(1, 2, 3, 4), 7))
    pads = [(c.rng.randint(0, 3), c.rng.randint(0, 3)) for _ in x.shape]
    value = c.random_const([], x.scale, x.zero)
    return [c.apply(t.PADV2, [x, c.ints([v for p in pads for v in p], [len(pads), 2]), value],
                    [d + sum(p) for d, p in zip(x.shape, pads)], {})]


def gather(c):
    x = c.input(shape_of(c, c.one_of(1, 2, 3, 4), 9))
    axis = axis_of(c, len(x.shape))
    d = x.shape[axis]
    shape = c.one_of([], [c.rng.randint(1, 6)], [c.rng.randint(1, 6)], [2, 3])
    n = 1
    for k in shape:
        n *= k
    index = [c.rng.randrange(d) for _ in range(n)]
    if c.chance(0.3):
        index = [i % d for i in range(n)]
    at = axis % len(x.shape)
    c.note('axis%d' % axis)
    return [c.apply(t.GATHER, [x, c.ints(index, shape)],
                    x.shape[:at] + shape + x.shape[at + 1:], {0: ('i', axis)})]


def gather_runtime(c):
    """Indices that the largest of something are, or that make batches."""
    x = c.input(shape_of(c, c.one_of(1, 2, 3, 4), 9))
    axis = c.rng.randrange(len(x.shape))
    batch = c.rng.randint(0, axis) if c.chance(0.6) else 0
    d = x.shape[axis]
    shape = x.shape[:batch] + c.one_of([1], [c.rng.randint(1, 5)], [2, 2])
    if c.chance(0.3):
        index = c.ints([c.rng.randrange(d) for _ in range(math.prod(shape))], shape)
    else:
        to = c.one_of(INT32, INT64)
        y = c.input(shape + [d])
        index = c.apply(t.ARG_MAX, [y, c.ints([len(shape)])], shape, {0: ('b', to)}, dtype=to)
    c.note('axis%d' % axis, 'batch%d' % batch)
    return [reader(c, c.apply(t.GATHER, [x, index],
                              x.shape[:axis] + shape[batch:] + x.shape[axis + 1:],
                              {0: ('i', axis), 1: ('i', batch)}))]


def cast(c):
    """From the case's type to another, and on."""
    x = c.input(shape_of(c))
    kinds = (INT8, UINT8, INT16, INT32, INT64, FLOAT32)
    if c.dtype == FLOAT32:
        # What a type does not hold is not defined.
        kinds = (INT8, INT16, INT32, INT64)
    to = [c.rng.choice(kinds) for _ in range(2)]
    outputs = []
    for dtype in to:
        if x.dtype == FLOAT32 and c.dtype != FLOAT32 and dtype in (INT8, UINT8):
            # What this type does not hold is not defined, either.
            dtype = INT16
        if dtype == x.dtype:
            continue
        x = c.apply(t.CAST, [x], x.shape, {}, dtype=dtype)
        outputs.append(x)
    if not outputs:
        outputs.append(c.apply(t.CAST, [x], x.shape, {}, dtype=INT32))
    c.note(*(TYPE_NAME[v.dtype] for v in outputs))
    return outputs


def reverse(c):
    x = c.input(shape_of(c, c.one_of(1, 2, 3, 4), 7))
    axis = c.rng.randrange(len(x.shape))
    return [c.apply(t.REVERSE_V2, [x, c.ints([axis])], x.shape, {})]


def shuffle(c):
    """ShuffleNet: groups of channels change places, then are taken apart."""
    h, w, g, k = c.rng.randint(2, 7), c.rng.randint(2, 7), c.one_of(2, 4), c.one_of(2, 3, 8)
    x = c.input([1, h, w, g * k])
    y = reader(c, x)
    y = c.reshape(y, [1, h, w, g, k])
    y = c.apply(t.TRANSPOSE, [y, c.ints([0, 1, 2, 4, 3])], [1, h, w, k, g], {})
    y = c.reshape(y, [1, h, w, g * k])
    half = [1, h, w, g * k // 2]
    a, b = c.output(half, y.scale, y.zero), c.output(half, y.scale, y.zero)
    c.model.op(t.SPLIT, [c.ints([3], []), y.index], [a.index, b.index], {0: ('i', 2)})
    return [c.concat([reader(c, b), a], 3), reader(c, a)]


def shape_arithmetic(c):
    """Flatten, as Keras exports it: the new shape is computed from SHAPE."""
    x = c.input([1, c.rng.randint(2, 6), c.rng.randint(2, 6), c.rng.randint(1, 5)])
    m = c.model
    s = m.tensor(INT32, [4])
    m.op(t.SHAPE, [x.index], [s], {0: ('b', INT32)})
    n = m.tensor(INT32, [])
    m.op(t.STRIDED_SLICE, [s, c.ints([0]), c.ints([1]), c.ints([1])], [n], {4: ('i', 1)})
    rest = x.shape[1] * x.shape[2] * x.shape[3]
    p = m.tensor(INT32, [2])
    m.op(t.PACK, [n, c.ints([rest], [])], [p], {0: ('i', 2)})
    return [c.apply(t.RESHAPE, [x, p], [1, rest])]


# name, count, types, function, arguments, compiler options
KINDS = [
    ('pad', 6, ALL8, pad, {}, ''),
    ('pad', 3, (INT16, FLOAT32), pad, {}, ''),
    ('concat', 7, ALL8, concat, {}, ''),
    ('concat', 3, (INT16, FLOAT32), concat, {}, ''),
    ('concat', 4, (UINT8,), concat, {'rescale': True}, ''),
    ('concat5', 3, ALL, concat5, {}, ''),
    ('reshape', 3, ALL8 + (INT16,), reshape, {}, ''),
    ('split', 6, ALL, split, {}, ''),
    ('splitv', 6, ALL, split_v, {}, ''),
    ('slice', 6, ALL, slice_, {}, ''),
    ('stridedslice', 10, ALL, strided_slice, {}, ''),
    ('pack', 5, ALL, pack, {}, ''),
    ('unpack', 5, ALL, unpack, {}, ''),
    ('tile', 5, ALL8 + (FLOAT32,), tile, {}, ''),
    ('broadcastto', 3, ALL, broadcast_to, {}, ''),
    ('spacetodepth', 4, ALL8 + (FLOAT32,), space_depth, {'kind': t.SPACE_TO_DEPTH}, ''),
    ('depthtospace', 4, ALL8 + (FLOAT32,), space_depth, {'kind': t.DEPTH_TO_SPACE}, ''),
    ('spacetobatch', 5, ALL, space_batch, {'kind': t.SPACE_TO_BATCH_ND}, ''),
    ('batchtospace', 5, ALL, space_batch, {'kind': t.BATCH_TO_SPACE_ND}, ''),
    ('transpose', 9, ALL, transpose, {}, ''),
    ('mirrorpad', 5, ALL, mirror_pad, {}, ''),
    ('padv2', 5, ALL, padv2, {}, ''),
    ('gather', 6, ALL, gather, {}, ''),
    ('gather-runtime', 6, (INT8, UINT8, FLOAT32), gather_runtime, {}, ''),
    ('cast', 6, ALL, cast, {}, ''),
    ('reverse', 3, ALL, reverse, {}, ''),
    ('shuffle', 5, ALL, shuffle, {}, ''),
    ('shapearithmetic', 2, (INT8, FLOAT32), shape_arithmetic, {}, ''),
]

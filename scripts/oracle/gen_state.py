# SPDX-License-Identifier: MIT
"""Kinds of cases: variables, which one sample leaves for the next."""

import math
import struct

import tflite_writer as t
from gen_case import ACT_NAME, ALL, ALL8, LIMITS, Value
from tflite_writer import FLOAT32, INT8, INT16, INT32, f32


class Variable:
    """A variable of a case, with random first values unless it has none."""

    def __init__(self, c, name, like, initial=True):
        self.c, self.name, self.like = c, name, like
        self.handle = self.make_handle(c.model)
        if initial:
            self.set_first()

    def make_handle(self, model):
        handle = model.tensor(t.RESOURCE, [])
        model.op(t.VAR_HANDLE, [], [handle], {0: t.Text(''), 1: t.Text(self.name)})
        return handle

    def set_first(self):
        """By a subgraph that runs once."""
        c, like = self.c, self.like
        graph, number = c.model.subgraph('init_' + self.name)
        n = math.prod(like.shape)
        if like.dtype == FLOAT32:
            data = struct.pack('<%df' % n, *c.floats(n))
        else:
            data = c.rng.randbytes(n * struct.calcsize(t.ELEMENT[like.dtype]))
        value = graph.tensor(like.dtype, like.shape, like.scale, like.zero, data)
        graph.op(t.ASSIGN_VARIABLE, [self.make_handle(graph), value], [], {})
        c.model.op(t.CALL_ONCE, [], [], {0: ('i', number)})

    def read(self):
        like = self.like
        index = self.c.model.tensor(like.dtype, like.shape, like.scale, like.zero)
        self.c.model.op(t.READ_VARIABLE, [self.handle], [index], {})
        return Value(index, like.dtype, list(like.shape), like.scale, like.zero, *LIMITS[like.dtype])

    def assign(self, value):
        self.c.model.op(t.ASSIGN_VARIABLE, [self.handle, value.index], [], {})


def like(c, shape, of):
    """What a variable holds: a shape, with type and scale of another value."""
    return Value(-1, c.dtype, shape, of.scale, of.zero, 0, 0)


def last_rows(c, x, rows):
    """The last rows of a picture."""
    shape = [x.shape[0], rows] + x.shape[2:]
    begin = [0, x.shape[1] - rows, 0, 0]
    return c.apply(t.SLICE, [x, c.ints(begin), c.ints(shape)], shape, {})


def stream(c, x, name, rows):
    """Rows of before in front of those of now, as streaming layers have them."""
    var = Variable(c, name, like(c, [x.shape[0], rows] + x.shape[2:], x))
    joined = c.concat([var.read(), x], 1)
    var.assign(last_rows(c, joined, rows))
    return joined


def streaming(c, layers):
    """Convolutions over time, each with the rows that it needs of before."""
    x = c.input([1, c.rng.randint(1, 3), 1, c.one_of(8, 16, 40)])
    for i in range(layers):
        k = c.rng.randint(2, 5)
        x = stream(c, x, 'ring%d' % i, k - 1)
        if c.chance(0.5):
            x = c.conv(x, c.one_of(8, 16), (k, 1), padding=t.VALID)
        else:
            x = c.depthwise(x, 1, (k, 1), padding=t.VALID)
    return [x]


def accumulate(c):
    """A sum over time that also leaves the model."""
    x = c.input([1, c.rng.randint(1, 9), c.one_of(4, 10)],
                c.log_uniform(0.01, 0.05) if c.dtype != FLOAT32 else None)
    var = Variable(c, 'sum', x)
    old = var.read()
    y = c.apply(t.ADD, [x, old], x.shape, {0: ('b', t.NONE), 1: ('?', False)})
    var.assign(y)
    outputs = [y] if c.chance(0.5) else [y, c.apply(t.MAXIMUM, [y, old], x.shape)]
    if c.dtype == FLOAT32:
        # In fp16 earlier sums, of up to 12 in sum, are off by half an ulp of that each.
        for o in outputs:
            o.low += (len(c.kinds) - 1) * 2 ** -8
    return outputs


def swap(c):
    """Two variables change places; one has a reader on both sides of its assignment."""
    x = c.input([2, c.rng.randint(1, 7), 3])
    a, b = Variable(c, 'a', x), Variable(c, 'b', x)
    old_a, old_b = a.read(), b.read()
    a.assign(old_b)
    b.assign(x)
    new_a = a.read()
    return [c.concat([old_a, new_a], 1), c.reshape(old_b, [math.prod(x.shape)])]


def written_first(c):
    """A variable without a first value, assigned before it is read."""
    x = c.input([1, 4, 5, 3])
    var = Variable(c, 'w', x, False)
    var.assign(x)
    return [c.pad(var.read(), [(0, 0), (1, 0), (0, 1), (0, 0)])]


def svdf_float(c, x, units, rank, memory, act):
    """The layer in floating point."""
    batch, depth = x.shape
    filters = units * rank
    feature = c.const(FLOAT32, [filters, depth], c.floats(filters * depth))
    time = c.const(FLOAT32, [filters, memory], c.floats(filters * memory))
    bias = c.const(FLOAT32, [units], c.floats(units)) if c.chance(0.7) else -1
    state = c.model.tensor(FLOAT32, [batch, memory * filters], variable=True)
    out = c.apply(t.SVDF, [x, feature, time, bias, state], [batch, units],
                  {0: ('i', rank), 1: ('b', act)})
    # Steps in memory are fp16: half an ulp of up to depth * range^2, so many times.
    out.low += rank * memory * depth * c.float_range ** 3 * 2 ** -11
    return out


def svdf_layer(c, x, units=None):
    """Filters of the input's features and of time, which sees the steps before."""
    r = c.rng
    batch, depth = x.shape
    units = units or r.randint(1, 20)
    rank, memory = c.one_of(1, 1, 2, 2, 3, 4), c.one_of(1, 2, 3, 5, 8, 10)
    filters = units * rank
    # The kernel for int8 demands RELU, and does nothing of it.
    act = t.RELU_ACT if c.dtype == INT8 else c.one_of(t.NONE, t.RELU_ACT, t.RELU6_ACT)
    c.note('b%d' % batch, 'u%d' % units, 'r%d' % rank, 'm%d' % memory, ACT_NAME[act])
    if c.dtype == FLOAT32:
        return svdf_float(c, x, units, rank, memory, act)
    scale_f, scale_t = c.log_uniform(0.001, 0.1), c.log_uniform(0.00001, 0.001)
    # Of the steps in memory, of the sums over them, of the outputs: deviations.
    spread = math.sqrt(depth) * 127 / math.sqrt(3) * math.hypot(74, x.zero)
    wanted = r.uniform(2000, 9000)
    scale_s = f32(x.scale * scale_f * spread / wanted)
    # Even the largest sums fit 32 bits, or those that come.
    largest = 2 ** 30 // (32768 * memory * rank) if c.chance(0.6) else 20000
    total = math.sqrt(memory * rank) * largest / math.sqrt(3) * wanted
    scale_o = f32(scale_s * scale_t * total / r.uniform(16, 60))
    feature = c.model.tensor(INT8, [filters, depth], scale_f, 0, r.randbytes(filters * depth))
    time = c.model.tensor(INT16, [filters, memory], scale_t, 0, struct.pack(
        '<%dh' % (filters * memory),
        *(r.randint(-largest, largest) for _ in range(filters * memory))))
    bias = -1
    if c.chance(0.7):
        reach = min(int(total), 2 ** 29)
        bias = c.ints([r.randint(-reach, reach) for _ in range(units)], dtype=INT32)
    state = c.model.tensor(INT16, [batch, memory * filters], scale_s, 0, variable=True)
    return c.apply(t.SVDF, [x, feature, time, bias, state], [batch, units],
                   {0: ('i', rank), 1: ('b', act)}, scale_o, c.zero_point(60))


def svdf(c, layers=1):
    """More samples than a memory has steps."""
    c.kinds = tuple(c.one_of(0, 0, 1, 2) for _ in range(14))
    c.float_range = 1
    x = c.input([c.one_of(1, 1, 2, 5), c.one_of(1, 4, 13, 40, 64)])
    for _ in range(layers):
        x = svdf_layer(c, x)
    if layers > 1:
        x = c.softmax(c.fully_connected(x, 6, act=t.NONE))
    return [x]


# name, count, types, function, arguments, compiler options
KINDS = [
    ('state-stream', 4, ALL8, streaming, {'layers': 1}, ''),
    ('state-stream3', 3, ALL8, streaming, {'layers': 3}, ''),
    ('state-stream3', 2, ALL8, streaming, {'layers': 3}, '--opt=0'),
    ('state-accumulate', 3, ALL, accumulate, {}, ''),
    ('state-swap', 3, ALL, swap, {}, ''),
    ('svdf', 9, (INT8, FLOAT32), svdf, {}, ''),
    ('svdf', 2, (INT8,), svdf, {}, ('--opt=0', '--l1-size-kb=16')),
    ('svdf3', 4, (INT8,), svdf, {'layers': 3}, ''),
    ('state-writtenfirst', 1, ALL8, written_first, {}, ''),
]

# SPDX-License-Identifier: MIT
"""Kinds of cases: random graphs of 10 to 60 operators with branches and skip
connections, as real networks combine them. The same graph comes with several compiler
options, which must not make a difference."""

import math

import gen_state
import tflite_writer as t
from gen_case import ALL8, LIMITS
from tflite_writer import FLOAT32, INT8, INT16, INT32, UINT8, f32

# Elements of one tensor, so that a graph of 60 operators stays quick.
MAX_ELEMENTS = 20000
# Of this many tensors the next operator's input is one.
RECENT = 4


class Graph:
    """A case whose tensors, all of four dimensions, operators are added to."""

    def __init__(self, c):
        self.c, self.rng = c, c.rng
        self.values = []
        # Of other types or shapes: they leave the model.
        self.others = []
        self.used = set()

    def add(self, value):
        self.values.append(value)
        return value

    def pick(self):
        """One of the newest values, sometimes an old one, rather one that nobody reads."""
        recent = self.values[-RECENT:]
        free = [v for v in recent if v.index not in self.used]
        v = self.rng.choice(free if free and self.c.chance(0.7) else
                            self.values if self.c.chance(0.15) else recent)
        self.used.add(v.index)
        return v

    def partner(self, x, same):
        """Another value for which same(value, x) holds, or None."""
        fits = [v for v in self.values if v.index != x.index and same(v, x)]
        if not fits:
            return None
        v = self.rng.choice(fits)
        self.used.add(v.index)
        return v

    # --- operators: each takes a value and returns one, or None if it does not fit ---

    def conv(self, x):
        k = self.c.one_of((1, 1), (3, 3), (3, 3), (5, 3), (1, 7))
        s = self.c.one_of((1, 1), (1, 1), (2, 2))
        if min(x.shape[1:3]) < 3:
            k = s = (1, 1)
        return self.c.conv(x, self.c.one_of(4, 8, 12, 16, 24, 31), k, s,
                           per_channel=self.c.dtype == INT8)

    def depthwise(self, x):
        s = self.c.one_of((1, 1), (1, 1), (2, 2)) if min(x.shape[1:3]) > 2 else (1, 1)
        d = self.c.one_of((1, 1), (2, 2)) if s == (1, 1) else (1, 1)
        return self.c.depthwise(x, 2 if x.shape[3] < 8 and self.c.chance(0.3) else 1,
                                self.c.one_of((3, 3), (5, 5), (1, 3)), s, d,
                                per_channel=self.c.dtype == INT8)

    def pool(self, x):
        if min(x.shape[1:3]) < 2:
            return None
        return self.c.pool(self.c.one_of(t.AVERAGE_POOL_2D, t.MAX_POOL_2D), x, (2, 2),
                           self.c.one_of((1, 1), (2, 2)), self.c.one_of(t.SAME, t.VALID))

    def add_skip(self, x):
        y = self.partner(x, lambda v, w: v.shape == w.shape)
        return self.c.add(x, y, self.c.activation()) if y else None

    def binary(self, x):
        y = self.partner(x, lambda v, w: v.shape == w.shape or
                         v.shape == [w.shape[0], 1, 1, w.shape[3]])
        if not y:
            return None
        low, high = LIMITS[self.c.dtype]
        kind = self.c.one_of(t.SUB, t.MUL)
        options = {0: ('b', t.NONE)}
        scale = f32(math.hypot(x.scale, y.scale))
        if kind == t.SUB:
            options[1] = ('?', False)
        else:
            scale = f32(x.scale * y.scale * (high - low) * 0.3)
        return self.c.apply(kind, [x, y], x.shape, options, scale, self.c.zero_point(20))

    def extreme(self, x):
        y = self.partner(x, lambda v, w: v.shape == w.shape and v.scale == w.scale and
                         v.zero == w.zero)
        return self.c.apply(self.c.one_of(t.MAXIMUM, t.MINIMUM), [x, y], x.shape, {}) if y \
            else None

    def concat(self, x):
        y = self.partner(x, lambda v, w: v.shape[:3] == w.shape[:3])
        if not y or x.shape[3] + y.shape[3] > 64:
            return None
        if (y.scale, y.zero) != (x.scale, x.zero):
            y = self.c.quantize(y, self.c.dtype, x.scale, x.zero)
        return self.c.concat([x, y] if self.c.chance(0.5) else [y, x], 3)

    def activation(self, x):
        kind = self.c.one_of(t.LOGISTIC, t.HARD_SWISH, t.RELU, t.RELU6, t.LEAKY_RELU)
        if kind == t.LOGISTIC:
            return self.c.logistic(x)
        if kind in (t.RELU, t.RELU6):
            return self.c.relu(kind, x)
        options = {0: ('f', f32(self.rng.uniform(0, 0.5)))} if kind == t.LEAKY_RELU else None
        return self.c.apply(kind, [x], x.shape, options, f32(x.scale * self.rng.uniform(0.6, 1.4)),
                            self.c.zero_point(30))

    def squeeze_excite(self, x):
        """Each channel times what a small network makes of all means."""
        m = self.c.mean(x, True)
        m = self.c.conv(m, max(2, x.shape[3] // 4), (1, 1), act=t.RELU_ACT)
        m = self.c.conv(m, x.shape[3], (1, 1), act=t.NONE)
        m = self.c.logistic(m)
        low, high = LIMITS[self.c.dtype]
        return self.c.apply(t.MUL, [x, m], x.shape, {0: ('b', t.NONE)},
                            f32(x.scale * m.scale * (high - low) * 0.5), x.zero)

    def shuffle(self, x):
        """Channels of two groups in turn."""
        n, h, w, ch = x.shape
        if ch % 2 or ch < 4:
            return None
        y = self.c.reshape(x, [n, h, w, 2, ch // 2])
        order = [0, 1, 2, 4, 3]
        y = self.c.apply(t.TRANSPOSE, [y, self.c.ints(order)], [n, h, w, ch // 2, 2], {})
        return self.c.reshape(y, x.shape)

    def halves(self, x):
        """Two halves of the channels; one goes through an operator, both are joined."""
        n, h, w, ch = x.shape
        if ch % 2:
            return None
        out = [self.c.output([n, h, w, ch // 2], x.scale, x.zero) for _ in range(2)]
        self.c.model.op(t.SPLIT, [self.c.ints([3], []), x.index], [o.index for o in out],
                        {0: ('i', 2)})
        y = self.c.depthwise(out[0], 1, (3, 3), per_channel=self.c.dtype == INT8)
        if (y.scale, y.zero) != (x.scale, x.zero):
            y = self.c.quantize(y, self.c.dtype, x.scale, x.zero)
        return self.c.concat([y, out[1]], 3)

    def resize(self, x):
        n, h, w, ch = x.shape
        if h * w * 4 * ch > MAX_ELEMENTS:
            return None
        size = self.c.ints([2 * h, 2 * w])
        half = self.c.chance(0.5)
        if self.c.chance(0.5):
            kind, options = t.RESIZE_BILINEAR, {2: ('?', False), 3: ('?', half)}
        else:
            kind, options = t.RESIZE_NEAREST_NEIGHBOR, {0: ('?', False), 1: ('?', half)}
        return self.c.apply(kind, [x, size], [n, 2 * h, 2 * w, ch], options)

    def pad(self, x):
        r = self.rng.randint
        return self.c.pad(x, [(0, 0), (r(0, 2), r(0, 2)), (r(0, 2), r(0, 2)), (0, 0)])

    def crop(self, x):
        shape = [x.shape[0]] + [self.rng.randint((d + 1) // 2, d) for d in x.shape[1:]]
        begin = [self.rng.randint(0, d - s) for d, s in zip(x.shape, shape)]
        return self.c.apply(t.SLICE, [x, self.c.ints(begin), self.c.ints(shape)], shape, {})

    def depth(self, x):
        n, h, w, ch = x.shape
        if ch % 4 == 0 and self.c.chance(0.5):
            return self.c.apply(t.DEPTH_TO_SPACE, [x], [n, 2 * h, 2 * w, ch // 4], {0: ('i', 2)})
        if h % 2 or w % 2 or ch > 16:
            return None
        return self.c.apply(t.SPACE_TO_DEPTH, [x], [n, h // 2, w // 2, 4 * ch], {0: ('i', 2)})

    def transpose(self, x):
        order = self.c.one_of([0, 2, 1, 3], [0, 2, 1, 3], [0, 3, 1, 2])
        shape = [x.shape[i] for i in order]
        return self.c.apply(t.TRANSPOSE, [x, self.c.ints(order)], shape, {})

    def requantize(self, x):
        return self.c.quantize(x, self.c.dtype, f32(x.scale * self.rng.uniform(0.7, 1.5)),
                               self.c.zero_point(30))

    def residual(self, x):
        """Expand, filter, project and add."""
        y = self.c.conv(x, 2 * x.shape[3], (1, 1), act=t.RELU6_ACT)
        y = self.c.depthwise(y, 1, (3, 3), act=t.RELU6_ACT)
        return self.c.add(x, self.c.conv(y, x.shape[3], (1, 1), act=t.NONE))

    def norm(self, x):
        if self.c.chance(0.5):
            return self.c.apply(t.LOG_SOFTMAX, [x], x.shape, {}, 1 / 16,
                                LIMITS[self.c.dtype][1])
        return self.c.apply(t.L2_NORMALIZATION, [x], x.shape, {0: ('b', t.NONE)}, 1 / 128,
                            128 if self.c.dtype == UINT8 else 0)

    def product(self, x):
        """Of a few elements, so that the scale is one that a float has."""
        axes = [i for i in (1, 2, 3) if x.shape[i] < 7]
        if self.c.dtype != INT8 or not axes:
            return None
        axis = self.rng.choice(axes)
        shape = [1 if i == axis else d for i, d in enumerate(x.shape)]
        low, high = LIMITS[self.c.dtype]
        top = x.shape[axis] * math.log(x.scale * max(high - x.zero, x.zero - low))
        scale = f32(math.exp(min(max(top, -60), 60)) / (high - low))
        return self.c.apply(t.REDUCE_PROD, [x, self.c.ints([axis])], shape, {0: ('?', True)},
                            scale, self.c.zero_point(20))

    def largest(self, x):
        """Values and positions of the largest of each row."""
        k = self.rng.randint(1, min(x.shape[-1], 8))
        values = self.c.output(x.shape[:-1] + [k], x.scale, x.zero)
        at = self.c.output(values.shape, None, 0, INT32)
        self.c.model.op(t.TOPK_V2, [x.index, self.c.ints([k], [])], [values.index, at.index], {})
        return values, at

    def topk(self, x):
        values, at = self.largest(x)
        if self.c.chance(0.5):
            self.others.append(at)
        return values

    def cast(self, x):
        """To another type and back, or positions as numbers."""
        if self.c.chance(0.5):
            _, x = self.largest(x)
            scale, zero = self.c.log_uniform(0.01, 0.1), self.c.zero_point(20)
        else:
            scale, zero = x.scale, x.zero
            x = self.c.apply(t.CAST, [x], x.shape, {}, dtype=self.c.one_of(INT16, INT32))
        return self.c.apply(t.CAST, [x], x.shape, {}, scale, zero, self.c.dtype)

    def gather(self, x):
        """The channels in which the means are largest, or of each pixel where another's are."""
        if self.c.chance(0.5):
            _, at = self.largest(self.c.mean(x, False))
            at = self.c.reshape(at, [at.shape[1]]) if x.shape[0] == 1 else None
            batch = 0
        else:
            y = self.partner(x, lambda v, w: v.shape[:3] == w.shape[:3] and
                             v.shape[3] <= w.shape[3])
            at = self.largest(y)[1] if y else None
            batch = 3
        if not at:
            return None
        return self.c.apply(t.GATHER, [x, at], x.shape[:3] + [at.shape[-1]],
                            {0: ('i', 3), 1: ('i', batch)})

    def svdf(self, x):
        """Channels times what a filter of time makes of their means."""
        if self.c.dtype != INT8:
            return None
        m = gen_state.svdf_layer(self.c, self.c.mean(x, False), x.shape[3])
        m = self.c.reshape(m, [x.shape[0], 1, 1, x.shape[3]])
        return self.c.apply(t.MUL, [x, m], x.shape, {0: ('b', t.NONE)},
                            f32(x.scale * m.scale * 80), self.c.zero_point(20))

    def numbers(self, x):
        """Logarithms or powers in floating point, which leave the model."""
        if not 2 ** -10 < x.scale < 8:
            return None
        y = self.c.apply(t.DEQUANTIZE, [x], x.shape, {}, dtype=FLOAT32)
        y = self.c.apply(t.ABS, [y], x.shape, {}, dtype=FLOAT32)
        one = self.c.const(FLOAT32, [1], [1])
        y = self.c.apply(t.ADD, [y, one], x.shape, {0: ('b', t.NONE)}, dtype=FLOAT32)
        if self.c.chance(0.5):
            y = self.c.apply(t.LOG, [y], x.shape, {}, dtype=FLOAT32)
            # Two roundings to fp16 of what it is the logarithm of
            y.low += 2 ** -10
        else:
            power = self.c.const(FLOAT32, [1], [self.c.one_of(0.25, 0.5, 0.75, 1.25)])
            y = self.c.apply(t.POW, [y, power], x.shape, {}, dtype=FLOAT32)
            y.high += 1.25 * 2 ** -10
        self.others.append(y)
        return None

    STEPS = ((conv, 5), (depthwise, 3), (pool, 2), (add_skip, 6), (binary, 3), (extreme, 2),
             (concat, 5), (activation, 3), (squeeze_excite, 1), (shuffle, 1), (halves, 1),
             (resize, 2), (pad, 1), (crop, 1), (depth, 1), (transpose, 1), (requantize, 1),
             (residual, 1), (norm, 1), (product, 1), (topk, 1), (cast, 1), (gather, 1), (svdf, 1),
             (numbers, 1))

    def step(self):
        names, weights = zip(*self.STEPS)
        x = self.pick()
        if math.prod(x.shape) > MAX_ELEMENTS:
            self.add(self.c.pool(t.MAX_POOL_2D, x, (2, 2), (2, 2), t.SAME))
            return
        y = self.rng.choices(names, weights)[0](self, x)
        if y:
            self.add(y)

    def tail(self, x):
        """What a classifier ends with, or a detector."""
        ending = self.c.one_of('none', 'none', 'classes', 'scores')
        if ending == 'classes':
            y = self.c.mean(x, False)
            return self.c.softmax(self.c.fully_connected(y, 10, act=t.NONE))
        if ending == 'scores':
            return self.c.reshape(self.c.logistic(x), [x.shape[0], math.prod(x.shape[1:])])
        return x


def graph(c):
    c.kinds = (0, 1)
    size = c.rng.randint(10, 60)
    g = Graph(c)
    for _ in range(c.one_of(1, 1, 1, 2)):
        g.add(c.input([1, c.rng.randint(6, 28), c.rng.randint(6, 28), c.one_of(1, 3, 4, 8)]))
    while len(c.model.ops) < size:
        g.step()
    # Everything that nobody reads, as far as there is room for.
    open_ends = [v for v in g.values if v.index not in g.used and v.index not in c.inputs]
    c.notes = ['%d' % len(c.model.ops), 'operators']
    others = g.others[-3:]
    return [g.tail(v) for v in open_ends[-(12 - len(c.inputs) - len(others)):]] + others


OPTIONS = tuple(o + ' --relax-fp32' for o in (
    '--opt=0', '--opt=1', '--opt=2', '', '--num-mdla=1', '--l1-size-kb=64', '--l1-size-kb=16',
    '--opt=0 --l1-size-kb=24'))

# name, count, types, function, arguments, compiler options
KINDS = [('graph', 4, ALL8, graph, {}, OPTIONS)]

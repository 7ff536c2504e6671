# SPDX-License-Identifier: MIT
"""Kinds of cases: element-wise operators, activations, quantisation."""

import math

import tflite_writer as t
from gen_case import (ACT_NAME, ALL, ALL8, LIMITS, TYPE_NAME, Value, broadcast,
                      picture)
from tflite_writer import FLOAT32, INT8, INT16, UINT8, f32


def add(c):
    r = c.rng
    shape = picture(c)
    if c.chance(0.3):
        shape = shape[r.randint(1, 3):]
    variant = c.one_of('plain', 'plain', 'plain', 'self', 'broadcast', 'scalar', 'const')
    c.note(variant)
    act = c.activation()
    x = c.input(shape, f32(c.scale_for(act) * c.rng.uniform(0.2, 1)))
    if variant == 'self':
        return [c.add(x, x, act)]
    scale = f32(x.scale * 4 ** r.uniform(-1, 1))
    if variant == 'const':
        zero = c.zero_point()
        size = 2 if c.dtype == INT16 else 1
        data = r.randbytes(math.prod(shape) * size)
        index = c.model.tensor(c.dtype, shape, scale, zero, data)
        return [c.add(x, Value(index, c.dtype, shape, scale, zero, 0, 0), act)]
    other = list(shape)
    if variant == 'broadcast':
        other = [d if i == len(shape) - 1 or c.chance(0.3) else 1
                 for i, d in enumerate(shape)]
    elif variant == 'scalar':
        other = [1]
    y = c.input(other, scale)
    return [c.add(*((y, x) if c.chance(0.5) else (x, y)), act)]


def softmax(c):
    depth = c.one_of(1, 2, 3, 10, 12, 33, 100, 200, 1001)
    shape = [c.rng.randint(1, 4), depth]
    if c.chance(0.3):
        shape = [1, c.rng.randint(1, 6), c.rng.randint(1, 6), min(depth, 33)]
    beta = c.one_of(1.0, 1.0, 1.0, f32(c.rng.uniform(0.3, 3)))
    scale = c.log_uniform(0.002, 0.15)
    if shape[-1] > 255:
        # Once the exponentials of a row sum up to 256, the reference shifts by 32
        # bits or more, which C does not define: inputs in which few are large.
        c.kinds = (0, 0, 0)
        scale = f32(c.rng.uniform(0.06, 0.2) / beta)
    return [c.softmax(c.input(shape, scale), beta)]


def logistic(c):
    shape = picture(c)
    if c.chance(0.3):
        shape = shape[2:]
    return [c.logistic(c.input(shape, c.log_uniform(0.005, 0.1)))]


def relu(c, kind):
    zero = 0
    if c.dtype != INT16:
        zero = c.rng.randint(LIMITS[c.dtype][0], sum(LIMITS[c.dtype]) // 2 + 30)
    return [c.relu(kind, c.input(picture(c), c.scale_for(
        t.RELU6_ACT if kind == t.RELU6 else t.RELU_ACT), zero))]


def quantize(c, to):
    x = c.input(picture(c))
    c.note('to', TYPE_NAME[to])
    if to != c.dtype and c.chance(0.4) and INT16 not in (to, c.dtype):
        # The plain change between int8 and uint8.
        c.note('flip')
        return [c.quantize(x, to, x.scale, x.zero + (128 if to == UINT8 else -128))]
    spans = [high - low for low, high in (LIMITS[c.dtype], LIMITS[to])]
    scale = f32(x.scale * spans[0] / spans[1] * 2 ** c.rng.uniform(-1, 1.5))
    zero = 0
    if to != INT16:
        low, high = LIMITS[to]
        zero = (low + high + 1) // 2 + c.rng.randint(-60, 60)
    return [c.quantize(x, to, scale, zero)]



def operands(c, act=t.NONE, kind=None):
    """Two inputs, one of which may be constant or have fewer dimensions or
    elements: that one is the second, unless the operator takes any order."""
    r = c.rng
    shape = picture(c, 16)
    if c.chance(0.3):
        shape = shape[r.randint(1, 3):]
    elif c.chance(0.1):
        shape = [1, r.randint(1, 4)] + shape[1:]
    variant = c.one_of('plain', 'plain', 'self', 'broadcast', 'broadcast', 'scalar', 'const',
                       'channels')
    # The reference kernels of these abort when they broadcast five dimensions.
    if len(shape) > 4 and kind in (t.MUL, t.SQUARED_DIFFERENCE, t.POW):
        variant = c.one_of('plain', 'self', 'const')
    c.note(variant)
    float_case = c.dtype == FLOAT32
    scale = None if float_case else f32(c.scale_for(act) * r.uniform(0.2, 1))
    x = c.input(shape, scale)
    if variant == 'self':
        return x, x
    scale = None if float_case else f32(x.scale * 4 ** r.uniform(-1, 1))
    other = list(shape)
    if variant == 'broadcast':
        other = [d if c.chance(0.4) else 1 for d in shape]
    elif variant == 'scalar':
        other = [1]
    elif variant == 'channels':
        other = shape[-1:]
    if variant in ('const', 'channels'):
        return x, c.random_const(other, scale, c.zero_point())
    return x, c.input(other, scale)


def product_scale(c, x, y):
    low, high = LIMITS[c.dtype]
    return f32(x.scale * y.scale * (high - low) * c.rng.uniform(0.1, 0.5))


def sum_scale(c, x, y):
    return f32(math.hypot(x.scale, y.scale) * c.rng.uniform(0.8, 2.2))


def binary(c, kind, scale_of=sum_scale, swap=True, fused=True):
    act = c.activation() if fused else t.NONE
    x, y = operands(c, act, kind)
    if swap and c.chance(0.5):
        x, y = y, x
    shape = broadcast(x.shape, y.shape)
    options = {0: ('b', act)} if fused else {}
    if kind == t.SUB:
        options[1] = ('?', False)
    if c.dtype == FLOAT32:
        c.note(ACT_NAME[act])
        if kind == t.DIV:
            c.positive = True
        return [c.apply(kind, [x, y], shape, options)]
    out = c.apply(kind, [x, y], shape, options, scale_of(c, x, y), c.zero_point(20, act))
    out.bounded(act)
    c.note(ACT_NAME[act])
    return [out]


def powers_of_two(c, kind):
    """Scales that are powers of two or nearly so, and options that leave them that way; for
    SUB one that is none."""
    shape = [c.rng.randint(1, 12) for _ in range(3)]
    near = c.one_of(1, 32768 / 32767, 1.0004)
    out_scale = f32(near / 32768)
    small = f32(near / 32768 / 2 ** c.rng.randint(0, 5))
    if kind == t.SUB:
        small = f32(0.7 * out_scale)
    x, y = c.input(shape, out_scale), c.input(shape, small)
    if c.chance(0.5):
        x, y = y, x
    c.note('%g' % near)
    return [c.apply(kind, [x, y], shape, {}, out_scale, 0)]


def joined_consts(c):
    """Constants of different scales that are joined; the reference rescales uint8 only."""
    n = c.rng.randint(1, 9)
    x = c.input([1, 2 * n], 0.1)
    same = c.dtype == INT8
    parts = [c.random_const([1, n], f32(x.scale * (1 if same else k)), x.zero) for k in (1, 2)]
    joined = c.output([1, 2 * n], x.scale, x.zero)
    c.model.op(t.CONCATENATION, [p.index for p in parts], [joined.index],
               {0: ('i', 1), 1: ('b', t.NONE)})
    return [c.apply(t.ADD, [x, joined], x.shape, {}, f32(0.3), x.zero)]


def quotient(c):
    """DIV of uint8 by numbers above zero. Where the factor that the scales make is less
    than 64 the reference shifts small dividends by 32 bits and more."""
    x, y = operands(c, kind=t.DIV)
    if x is y:
        y = c.input(x.shape)
    tensor = c.model.tensors[y.index]
    zero = tensor.fields[4].fields[3].items[0] = y.zero = c.rng.randint(0, 40)
    least = bytes(c.rng.randint(100, 220) for _ in range(y.shape[-1]))
    least = Value(c.model.tensor(c.dtype, y.shape[-1:], y.scale, zero, least), c.dtype,
                  y.shape[-1:], y.scale, zero, 0, 0)
    y = c.apply(t.MAXIMUM, [y, least], y.shape, {})
    act = c.one_of(t.NONE, t.RELU_ACT)
    out = c.apply(t.DIV, [x, y], broadcast(x.shape, y.shape), {0: ('b', act)},
                  f32(x.scale / y.scale / c.rng.uniform(64, 500)), c.zero_point(60, act))
    out.bounded(act)
    c.note(ACT_NAME[act])
    return [out]


def power(c):
    """Of a base above zero, and of any by whole numbers."""
    c.float_range = 3
    x, y = operands(c, kind=t.POW)
    if x is not y and c.chance(0.5):
        whole = c.const(FLOAT32, [1], [c.one_of(0.0, 1.0, 2.0, 3.0, -1.0, 0.5)])
        y = Value(whole, FLOAT32, [1], None, 0, 0, 0)
    c.positive = True
    return [c.apply(t.POW, [x, y], broadcast(x.shape, y.shape), {})]


def rsqrt8(c):
    """Inputs from the zero point up."""
    low = LIMITS[c.dtype][0]
    x = c.input(picture(c, 14), zero=low)
    return [c.apply(t.RSQRT, [x], x.shape, None, f32(c.log_uniform(0.01, 0.1) / math.sqrt(x.scale)),
                    c.one_of(low, c.zero_point(60)))]


def extreme(c, kind):
    """MAXIMUM, MINIMUM: everything on one scale."""
    x, y = operands(c)
    if c.dtype != FLOAT32:
        for v in (x, y):
            tensor = c.model.tensors[v.index]
            tensor.fields[4] = c.model.tensors[x.index].fields[4]
    return [c.apply(kind, [x, y], broadcast(x.shape, y.shape), {})]


def squared_scale(c, x, y):
    low, high = LIMITS[c.dtype]
    return f32(max(x.scale, y.scale) ** 2 * (high - low) * c.rng.uniform(0.1, 0.6))


def prelu(c):
    x = c.input(picture(c, 14), c.scale_for(t.NONE))
    alpha = c.one_of([x.shape[3]], [1, 1, x.shape[3]], x.shape[1:], [1, 1, 1])
    scale = None if c.dtype == FLOAT32 else c.log_uniform(0.001, 0.01)
    a = c.random_const(alpha, scale, c.zero_point(20))
    scale = None if c.dtype == FLOAT32 else f32(x.scale * c.rng.uniform(0.5, 1.5))
    return [c.apply(t.PRELU, [x, a], x.shape, None, scale, c.zero_point(20))]


def unary(c, kind, out_scale=None, zero=None, in_range=(0.005, 0.1), options=None, limit=16):
    """Of 16 bits, the output's scale is 1/32768 where 8 bits have 1/128 or 1/256."""
    shape = picture(c, limit)
    if c.chance(0.3):
        shape = shape[c.rng.randint(1, 3):]
    if c.dtype == FLOAT32:
        return [c.apply(kind, [c.input(shape)], shape, options)]
    if c.dtype == INT16:
        in_range = tuple(v / 256 for v in in_range)
    x = c.input(shape, c.log_uniform(*in_range))
    if out_scale is None:
        return [c.apply(kind, [x], shape, options, f32(x.scale * c.rng.uniform(0.5, 1.5)),
                        c.zero_point(40))]
    if c.dtype == INT16:
        return [c.apply(kind, [x], shape, options, 1 / 32768, 0)]
    low = LIMITS[c.dtype][0]
    return [c.apply(kind, [x], shape, options, out_scale,
                    low if zero is None else low + zero)]


def leaky(c):
    alpha = f32(c.one_of(0.1, 0.2, 0.01, c.rng.uniform(0, 1)))
    c.note('alpha', '%.3f' % alpha)
    return unary(c, t.LEAKY_RELU, options={0: ('f', alpha)})


def gelu(c):
    approximate = c.chance(0.5)
    c.note('tanh' if approximate else 'erf')
    return unary(c, t.GELU, options={0: ('?', approximate)})


def exponent(c):
    c.float_range = 3
    shape = picture(c, 14)
    if c.dtype == FLOAT32:
        return [c.apply(t.EXP, [c.input(shape)], shape, {})]
    low, high = LIMITS[c.dtype]
    x = c.input(shape, f32(c.rng.uniform(1, 6) / (high - low)), c.zero_point(40))
    top = math.exp(x.scale * (high - x.zero))
    return [c.apply(t.EXP, [x], shape, {}, f32(top / (high - low) * c.rng.uniform(0.8, 1.5)),
                    0 if c.dtype == INT16 else low + c.rng.randint(0, 20))]


def absolute(c):
    if c.dtype == INT16 or c.chance(0.5):
        x = c.input(picture(c, 14))
        return [c.apply(t.ABS, [x], x.shape, {})]
    return unary(c, t.ABS, options={})


def plain(c, kind, positive=False):
    c.positive = positive
    x = c.input(picture(c, 14))
    return [c.apply(kind, [x], x.shape, {})]


def softmax16(c):
    depth = c.one_of(2, 3, 10, 33, 100, 256)
    x = c.input([c.rng.randint(1, 6), depth], c.log_uniform(0.00005, 0.002))
    beta = c.one_of(1.0, 1.0, f32(c.rng.uniform(0.3, 2)))
    return [c.apply(t.SOFTMAX, [x], x.shape, {0: ('f', beta)}, 1 / 32768, 0)]


def softmax_float(c):
    x = c.input([c.rng.randint(1, 6), c.one_of(2, 3, 10, 33, 100)])
    return [c.apply(t.SOFTMAX, [x], x.shape, {0: ('f', 1.0)})]


def rows_of(c):
    if c.chance(0.4):
        return picture(c, 10)
    return [c.rng.randint(1, 6), c.one_of(1, 2, 3, 10, 33, 100, 300)]


def log_softmax(c):
    x = c.input(rows_of(c), None if c.dtype == FLOAT32 else c.log_uniform(0.002, 0.2))
    return [c.apply(t.LOG_SOFTMAX, [x], x.shape, {}, 1 / 16, LIMITS[c.dtype][1])]


def l2_normalization(c):
    x = c.input(rows_of(c))
    return [c.apply(t.L2_NORMALIZATION, [x], x.shape, {0: ('b', t.NONE)}, 1 / 128,
                    128 if c.dtype == UINT8 else 0)]


# name, count, types, function, arguments, compiler options
KINDS = [
    ('add', 14, ALL8, add, {}, ''),
    ('add', 8, (INT16,), add, {}, ''),
    ('add', 7, (FLOAT32,), binary, {'kind': t.ADD}, ''),
    ('softmax', 10, ALL8, softmax, {}, ''),
    ('logistic', 7, ALL8, logistic, {}, ''),
    ('relu', 5, ALL8, relu, {'kind': t.RELU}, ''),
    ('relu6', 5, ALL8, relu, {'kind': t.RELU6}, ''),
    ('quantize', 4, (INT8,), quantize, {'to': INT8}, ''),
    ('quantize', 5, (INT8,), quantize, {'to': UINT8}, ''),
    ('quantize', 5, (UINT8,), quantize, {'to': INT8}, ''),
    ('quantize', 2, (INT16,), quantize, {'to': INT16}, ''),
    ('quantize', 2, (INT16,), quantize, {'to': INT8}, ''),
    ('sub', 9, ALL, binary, {'kind': t.SUB}, ''),
    ('mul', 10, ALL, binary, {'kind': t.MUL, 'scale_of': product_scale}, ''),
    ('div', 5, (FLOAT32,), binary, {'kind': t.DIV}, ''),
    ('div', 6, (UINT8,), quotient, {}, ''),
    ('pow', 6, (FLOAT32,), power, {}, ''),
    ('log', 3, (FLOAT32,), plain, {'kind': t.LOG, 'positive': True}, ''),
    ('maximum', 6, ALL, extreme, {'kind': t.MAXIMUM}, ''),
    ('minimum', 6, ALL, extreme, {'kind': t.MINIMUM}, ''),
    ('squareddifference', 7, (INT8, FLOAT32), binary,
     {'kind': t.SQUARED_DIFFERENCE, 'scale_of': squared_scale, 'fused': False}, ''),
    ('prelu', 7, ALL8 + (FLOAT32,), prelu, {}, ''),
    ('leakyrelu', 6, ALL, leaky, {}, ''),
    ('relun1', 5, ALL8, relu, {'kind': t.RELU_N1_TO_1}, ''),
    ('relu', 3, (INT16,), relu, {'kind': t.RELU}, ''),
    ('relu6', 3, (INT16,), relu, {'kind': t.RELU6}, ''),
    ('hardswish', 8, ALL8 + (FLOAT32,), unary, {'kind': t.HARD_SWISH}, ''),
    ('gelu', 6, ALL8 + (FLOAT32,), gelu, {}, ''),
    ('tanh', 7, ALL, unary, {'kind': t.TANH, 'out_scale': 1 / 128, 'zero': 128}, ''),
    ('logistic', 7, (INT16, FLOAT32), unary, {'kind': t.LOGISTIC, 'out_scale': 1 / 256}, ''),
    ('exp', 6, (INT8, INT16, FLOAT32), exponent, {}, ''),
    ('abs', 6, (INT8, INT16, FLOAT32), absolute, {}, ''),
    ('neg', 3, (FLOAT32,), plain, {'kind': t.NEG}, ''),
    ('square', 3, (FLOAT32,), plain, {'kind': t.SQUARE}, ''),
    ('sqrt', 3, (FLOAT32,), plain, {'kind': t.SQRT, 'positive': True}, ''),
    ('rsqrt', 3, (FLOAT32,), plain, {'kind': t.RSQRT, 'positive': True}, ''),
    ('logsoftmax', 7, ALL8 + (FLOAT32,), log_softmax, {}, ''),
    ('l2normalization', 7, ALL8 + (FLOAT32,), l2_normalization, {}, ''),
    ('rsqrt', 4, (INT8,), rsqrt8, {}, ''),
    ('softmax', 10, (INT16,), softmax16, {}, ''),
    ('softmax', 5, (FLOAT32,), softmax_float, {}, ''),
]

# At the end of all: those before keep their numbers, and so their seeds.
MORE_KINDS = [
    ('add-pot', 6, (INT16,), powers_of_two, {'kind': t.ADD}, ''),
    ('sub-pot', 2, (INT16,), powers_of_two, {'kind': t.SUB}, ''),
    ('concat-consts', 2, ALL8, joined_consts, {}, ''),
]

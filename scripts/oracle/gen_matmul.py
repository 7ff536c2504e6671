# SPDX-License-Identifier: MIT
"""Kinds of cases: products of matrices of which no side need be constant."""

import math

import tflite_writer as t
from gen_case import ACT_NAME, LIMITS
from tflite_writer import FLOAT32, INT8, INT16, f32


def product_scale(c, x, y, terms):
    """A scale that sums of so many products use well."""
    if c.dtype == FLOAT32:
        return None
    low, high = LIMITS[c.dtype]
    return f32(x.scale * y.scale * math.sqrt(terms) * (high - low) / 12 *
               c.rng.uniform(0.7, 3))


def loosen(c, out, terms):
    """Sums of products of up to 16, in two orders of fp32 additions."""
    if c.dtype == FLOAT32:
        out.low += (terms + 1) ** 2 * 16 * 2 ** -23
    return out


def small_scale(c):
    if c.dtype == FLOAT32:
        return None
    return c.log_uniform(0.0001, 0.001) if c.dtype == INT16 else c.log_uniform(0.01, 0.05)


def batch_matmul(c, constant=False):
    r = c.rng
    m, k, n = r.randint(1, 20), c.one_of(1, 3, 8, 17, 32, 64), c.one_of(1, 4, 9, 16, 33)
    lead = c.one_of([], [1], [r.randint(2, 5)], [2, r.randint(1, 3)])
    flip_x, flip_y = c.chance(0.3), c.chance(0.5)
    left = lead + ([k, m] if flip_x else [m, k])
    # Version 2.14.1 takes wrong rows if the first is transposed and the second serves all.
    one = c.chance(0.3) and not flip_x
    right = ([1] * len(lead) if one else lead) + ([n, k] if flip_y else [k, n])
    x = c.input(left, small_scale(c))
    if constant:
        y = c.random_const(right, small_scale(c), c.zero_point(20))
    else:
        y = c.input(right, small_scale(c))
    c.note('adjx' if flip_x else '', 'adjy' if flip_y else '', 'const' if constant else '')
    out = c.apply(t.BATCH_MATMUL, [x, y], lead + [m, n],
                  {0: ('?', flip_x), 1: ('?', flip_y)}, product_scale(c, x, y, k),
                  c.zero_point(20))
    return [loosen(c, out, k)]


def attention(c):
    """Scores of all pairs of rows, and the rows weighted by them."""
    r = c.rng
    rows, depth, heads = r.randint(2, 24), c.one_of(8, 16, 24), c.one_of(1, 2, 4)
    q, k, v = (c.input([1, heads, rows, depth], small_scale(c)) for _ in range(3))
    s = c.apply(t.BATCH_MATMUL, [q, k], [1, heads, rows, rows],
                {0: ('?', False), 1: ('?', True)}, product_scale(c, q, k, depth),
                c.zero_point(20))
    p = c.softmax(s)
    out = c.apply(t.BATCH_MATMUL, [p, v], q.shape, {0: ('?', False), 1: ('?', False)},
                  product_scale(c, p, v, rows), c.zero_point(20))
    return [out]


def fully_connected(c):
    """A filter that another input of the model is."""
    batch, depth, out_c = c.rng.randint(1, 6), c.one_of(3, 16, 65), c.one_of(1, 7, 20, 48)
    x, w = c.input([batch, depth], small_scale(c)), c.input([out_c, depth], small_scale(c))
    act = c.one_of(t.NONE, t.RELU_ACT)
    out = c.apply(t.FULLY_CONNECTED, [x, w, -1], [batch, out_c],
                  {0: ('b', act), 1: ('b', 0), 2: ('?', False)},
                  product_scale(c, x, w, depth), c.zero_point(20, act))
    out.bounded(act)
    c.note(ACT_NAME[act])
    return [loosen(c, out, depth)]


# name, count, types, function, arguments, compiler options
KINDS = [
    ('batchmatmul', 8, (INT8, INT16, FLOAT32), batch_matmul, {}, ''),
    ('batchmatmul', 5, (INT8, FLOAT32), batch_matmul, {'constant': True}, ''),
    ('batchmatmul', 2, (INT8,), batch_matmul, {}, '--l1-size-kb=16'),
    ('attention', 3, (INT8,), attention, {}, ''),
    ('fullyconnected-runtime', 4, (INT8, FLOAT32), fully_connected, {}, ''),
]

# SPDX-License-Identifier: MIT
"""Kinds of cases: convolutions, fully connected layers, pooling."""

import tflite_writer as t
from gen_case import ALL8, fit_window, picture
from tflite_writer import FLOAT32, INT8, INT16, UINT8


def conv(c, per_channel=False, groups=False):
    shape = picture(c)
    k, stride, dilation, padding = fit_window(c, shape, (1, 1, 2, 3, 3, 5, 7))
    g, out_c = 1, c.one_of(1, 2, 3, 5, 8, 16, 19, 32, 40)
    if groups:
        g = c.one_of(2, 3, 4)
        shape[3] = g * c.rng.randint(1, 8)
        out_c = g * c.rng.randint(1, 8)
    x = c.input(shape)
    return [c.conv(x, out_c, k, stride, dilation, padding, g, per_channel)]


def depthwise(c, per_channel=False):
    shape = picture(c)
    k, stride, dilation, padding = fit_window(c, shape, (1, 2, 3, 3, 3, 5, 7))
    x = c.input(shape)
    return [c.depthwise(x, c.one_of(1, 1, 1, 2, 3, 8), k, stride, dilation,
                        padding, per_channel)]


def fully_connected(c):
    r = c.rng
    in_c = c.one_of(1, 3, 16, 64, 100, 256, 391)
    batch = c.one_of(1, 1, 1, 2, 5)
    keep = c.chance(0.2)
    if keep:
        shape = [1, r.randint(1, 4), in_c]
    elif c.chance(0.25):
        shape = [batch, r.randint(1, 5), r.randint(1, 5), r.randint(1, 16)]
    else:
        shape = [batch, in_c]
    return [c.fully_connected(c.input(shape), c.one_of(1, 2, 10, 12, 64, 129), keep)]


def pool(c, kind):
    shape = picture(c)
    k, stride, _, padding = fit_window(c, shape, (1, 2, 2, 3, 5, 8))
    if c.chance(0.2):
        k, stride, padding = (shape[1], shape[2]), (1, 1), t.VALID
    act = c.activation()
    x = c.input(shape, c.scale_for(act), c.zero_point(act=act))
    return [c.pool(kind, x, k, stride, padding, act)]



def transpose_conv(c, per_channel=False):
    r = c.rng
    k = (r.randint(1, 5), r.randint(1, 5))
    stride = (c.one_of(1, 2, 2, 2, 3), c.one_of(1, 2, 2, 2, 3))
    padding = c.one_of(t.SAME, t.VALID)
    n, h, w, in_c = c.one_of(1, 1, 2), r.randint(1, 9), r.randint(1, 9), r.randint(1, 20)
    out_c = r.randint(1, 20)
    size = []
    for d, kernel, s in ((h, k[0], stride[0]), (w, k[1], stride[1])):
        if padding == t.SAME:
            size.append(d * s - r.randint(0, s - 1))
        else:
            size.append((d - 1) * s + max(kernel, r.randint(kernel, kernel + s - 1)))
    x = c.input([n, h, w, in_c])
    shape = [n, *size, out_c]
    c.note('%dx%d' % k, 's%d%d' % stride, 'valid' if padding else 'same')
    return [c.filtered(
        t.TRANSPOSE_CONV, x, [out_c, *k, in_c], shape,
        max(1, k[0] * k[1] * in_c // (stride[0] * stride[1])), 0,
        {0: ('b', padding), 1: ('i', stride[1]), 2: ('i', stride[0])}, 3, per_channel,
        act=t.NONE)]


# name, count, types, function, arguments, compiler options
KINDS = [
    ('conv', 34, (INT8,), conv, {'per_channel': True}, ''),
    ('conv', 12, (INT8,), conv, {}, ''),
    ('conv', 34, (UINT8,), conv, {}, ''),
    ('conv', 12, (INT16,), conv, {'per_channel': True}, ''),
    ('conv', 6, (INT16,), conv, {}, ''),
    ('conv-grouped', 4, ALL8, conv, {'groups': True}, ''),
    ('depthwise', 30, (INT8,), depthwise, {'per_channel': True}, ''),
    ('depthwise', 6, (INT8,), depthwise, {}, ''),
    ('depthwise', 30, (UINT8,), depthwise, {}, ''),
    ('depthwise', 12, (INT16,), depthwise, {'per_channel': True}, ''),
    ('fullyconnected', 14, ALL8, fully_connected, {}, ''),
    ('fullyconnected', 8, (INT16,), fully_connected, {}, ''),
    ('avgpool', 8, ALL8, pool, {'kind': t.AVERAGE_POOL_2D}, ''),
    ('avgpool', 4, (INT16,), pool, {'kind': t.AVERAGE_POOL_2D}, ''),
    ('maxpool', 8, ALL8, pool, {'kind': t.MAX_POOL_2D}, ''),
    ('maxpool', 4, (INT16,), pool, {'kind': t.MAX_POOL_2D}, ''),
    ('transposeconv', 14, (INT8,), transpose_conv, {'per_channel': True}, ''),
    ('transposeconv', 10, (UINT8,), transpose_conv, {}, ''),
    ('transposeconv', 6, (INT16,), transpose_conv, {'per_channel': True}, ''),
    ('conv', 12, (FLOAT32,), conv, {}, ''),
    ('depthwise', 8, (FLOAT32,), depthwise, {}, ''),
    ('transposeconv', 8, (FLOAT32,), transpose_conv, {}, ''),
    ('fullyconnected', 6, (FLOAT32,), fully_connected, {}, ''),
    ('avgpool', 5, (FLOAT32,), pool, {'kind': t.AVERAGE_POOL_2D}, ''),
    ('maxpool', 5, (FLOAT32,), pool, {'kind': t.MAX_POOL_2D}, ''),
]

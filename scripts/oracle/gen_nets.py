# SPDX-License-Identifier: MIT
"""Kinds of cases: several operators, and single ones that do not fit L1."""

import tflite_writer as t
from gen_case import ALL8
from tflite_writer import INT8, INT16, UINT8, f32


def chain_residual(c, per_channel=False):
    """A block of MobileNet V2: expand, depthwise, project, add."""
    h, w, ch = c.rng.randint(4, 20), c.rng.randint(4, 20), c.one_of(4, 8, 12, 16, 24)
    x = c.input([1, h, w, ch])
    y = c.conv(x, ch * c.rng.randint(2, 6), (1, 1), act=t.RELU6_ACT,
               per_channel=per_channel)
    y = c.depthwise(y, 1, (3, 3), act=t.RELU6_ACT, per_channel=per_channel)
    y = c.conv(y, ch, (1, 1), act=t.NONE, per_channel=per_channel)
    return [c.add(x, y)]


def chain_classifier(c, per_channel=False):
    """The end of a classifier: convolution, mean, fully connected, softmax."""
    h, w = c.rng.randint(3, 12), c.rng.randint(3, 12)
    x = c.input([1, h, w, c.one_of(3, 8, 16)])
    y = c.conv(x, c.one_of(8, 16, 30), (3, 3), (2, 2), per_channel=per_channel)
    y = c.pool(t.AVERAGE_POOL_2D, y, (y.shape[1], y.shape[2]), (1, 1), t.VALID)
    y = c.reshape(y, [1, y.shape[3]])
    y = c.fully_connected(y, c.one_of(2, 10, 31), act=t.NONE)
    return [c.softmax(y)]


def chain_branches(c, per_channel=False):
    """Two branches of one input, joined by channel; both also leave the model."""
    h, w = c.rng.randint(3, 16), c.rng.randint(3, 16)
    x = c.input([1, h, w, c.one_of(3, 8, 16)])
    y = c.conv(x, c.one_of(4, 8, 15), (1, 1), act=t.RELU_ACT, per_channel=per_channel)
    z = c.depthwise(x, 1, (3, 3), act=t.RELU_ACT, per_channel=per_channel)
    z = c.quantize(z, c.dtype, y.scale, y.zero)
    joined = c.concat([y, z], 3)
    return [joined, z] if c.chance(0.5) else [joined]


def chain_pad_conv(c, per_channel=False):
    """Padding of its own before a strided convolution, as PyTorch exports it."""
    h, w = c.rng.randint(4, 24), c.rng.randint(4, 24)
    x = c.input([1, h, w, c.one_of(1, 3, 8)])
    y = c.pad(x, [(0, 0), (1, 1), (1, 1), (0, 0)])
    y = c.conv(y, c.one_of(4, 16), (3, 3), (2, 2), padding=t.VALID,
               per_channel=per_channel)
    return [c.pool(t.MAX_POOL_2D, y, (2, 2), (1, 1), t.SAME)]


def chain_int8_face(c):
    """uint8 outside, int8 inside."""
    x = c.input([1, c.rng.randint(4, 16), c.rng.randint(4, 16), 3])
    c.dtype = INT8
    y = c.quantize(x, INT8, x.scale, x.zero - 128)
    y = c.conv(y, 8, (3, 3), (2, 2), per_channel=True, act=t.RELU6_ACT)
    y = c.depthwise(y, 1, (3, 3), per_channel=True, act=t.RELU6_ACT)
    c.dtype = UINT8
    return [c.quantize(y, UINT8, y.scale, y.zero + 128)]


def big_conv(c):
    c.kinds = (0,)
    x = c.input([1, 120, 130, c.one_of(48, 64)])
    return [c.conv(x, c.one_of(24, 40), (3, 3), per_channel=c.dtype == INT8)]


def big_conv_strided(c):
    c.kinds = (0,)
    x = c.input([1, 225, 301, c.one_of(12, 17)])
    return [c.conv(x, 16, (5, 3), (2, 2), padding=t.VALID, per_channel=c.dtype == INT8)]


def big_conv_dilated(c):
    c.kinds = (0,)
    x = c.input([1, 160, 160, 48])
    return [c.conv(x, 16, (3, 3), (1, 1), (4, 4), per_channel=c.dtype == INT8)]


def big_weights(c):
    c.kinds = (0,)
    x = c.input([1, 7, 7, 384])
    return [c.conv(x, 400, (3, 3), per_channel=c.dtype == INT8)]


def big_depthwise(c):
    c.kinds = (0,)
    x = c.input([1, 112, 113, 96])
    s = c.one_of(1, 2)
    return [c.depthwise(x, 1, (3, 3), (s, s), per_channel=c.dtype == INT8)]


def big_fully_connected(c):
    c.kinds = (0,)
    return [c.fully_connected(c.input([2, 4096]), 700)]


def big_add(c):
    c.kinds = (0,)
    shape = [1, 100, 121, 96]
    return [c.add(c.input(shape), c.input(shape), t.RELU_ACT)]


def big_pool(c, kind):
    c.kinds = (0,)
    return [c.pool(kind, c.input([1, 130, 128, 96]), (3, 3), (2, 2), t.SAME)]


def big_wide_row(c):
    """One row of the input is more than a third of L1."""
    c.kinds = (0,)
    return [c.conv(c.input([1, 5, 6000, 64]), 32, (3, 3), per_channel=c.dtype == INT8)]


def big_pad(c):
    c.kinds = (0,)
    return [c.pad(c.input([1, 130, 130, 64]), [(0, 0), (1, 2), (3, 1), (0, 0)])]


def big_concat(c):
    c.kinds = (0,)
    scale, zero = c.log_uniform(0.01, 0.1), c.zero_point(20)
    parts = [c.input([1, 90, 100, n], scale, zero) for n in (64, 33, 48)]
    return [c.concat(parts, 3)]


def big_quantize(c):
    c.kinds = (0,)
    x = c.input([1, 150, 151, 64])
    return [c.quantize(x, c.dtype, f32(x.scale * 1.3), c.zero_point(20))]


def big_chain(c):
    c.kinds = (0,)
    x = c.input([1, 96, 96, 24])
    pc = c.dtype == INT8
    y = c.conv(x, 144, (1, 1), act=t.RELU6_ACT, per_channel=pc)
    y = c.depthwise(y, 1, (3, 3), act=t.RELU6_ACT, per_channel=pc)
    y = c.conv(y, 24, (1, 1), act=t.NONE, per_channel=pc)
    return [c.add(x, y)]


def l1_conv(c):
    x = c.input([1, c.rng.randint(30, 60), c.rng.randint(30, 60), c.one_of(16, 32, 40)])
    s = c.one_of(1, 2)
    return [c.conv(x, c.one_of(16, 48), (3, 3), (s, s), per_channel=c.dtype == INT8)]


def l1_depthwise(c):
    x = c.input([1, c.rng.randint(30, 60), c.rng.randint(30, 60), c.one_of(16, 32, 40)])
    return [c.depthwise(x, c.one_of(1, 2), (5, 3), per_channel=c.dtype == INT8)]


def l1_chain(c):
    x = c.input([1, 40, 40, 16])
    pc = c.dtype == INT8
    y = c.conv(x, 32, (3, 3), (1, 1), per_channel=pc)
    y = c.pool(t.MAX_POOL_2D, y, (2, 2), (2, 2), t.VALID)
    y = c.depthwise(y, 1, (3, 3), per_channel=pc)
    return [c.fully_connected(y, 10)]


# name, count, types, function, arguments, compiler options
KINDS = [
    ('chain-residual', 4, (INT8,), chain_residual, {'per_channel': True}, ''),
    ('chain-residual', 4, (UINT8,), chain_residual, {}, ''),
    ('chain-classifier', 3, (INT8,), chain_classifier, {'per_channel': True}, ''),
    ('chain-classifier', 3, (UINT8,), chain_classifier, {}, ''),
    ('chain-branches', 3, (INT8,), chain_branches, {'per_channel': True}, ''),
    ('chain-branches', 3, (UINT8,), chain_branches, {}, ''),
    ('chain-pad-conv', 3, ALL8, chain_pad_conv, {}, ''),
    ('chain-uint8-face', 3, (UINT8,), chain_int8_face, {}, ''),
    ('big-conv', 1, ALL8, big_conv, {}, ''),
    ('big-conv-strided', 1, ALL8, big_conv_strided, {}, ''),
    ('big-conv-dilated', 1, ALL8, big_conv_dilated, {}, ''),
    ('big-weights', 1, ALL8, big_weights, {}, ''),
    ('big-depthwise', 1, ALL8 + (INT16,), big_depthwise, {}, ''),
    ('big-fullyconnected', 1, ALL8, big_fully_connected, {}, ''),
    ('big-add', 1, ALL8, big_add, {}, ''),
    ('big-avgpool', 1, ALL8, big_pool, {'kind': t.AVERAGE_POOL_2D}, ''),
    ('big-maxpool', 1, (INT8,), big_pool, {'kind': t.MAX_POOL_2D}, ''),
    ('big-wide-row', 1, (INT8,), big_wide_row, {}, ''),
    ('big-pad', 1, (INT8,), big_pad, {}, ''),
    ('big-concat', 1, (INT8,), big_concat, {}, ''),
    ('big-quantize', 1, (INT8,), big_quantize, {}, ''),
    ('big-chain', 1, ALL8, big_chain, {}, ''),
    ('l1-conv', 3, ALL8, l1_conv, {}, '--l1-size-kb=128'),
    ('l1-depthwise', 3, ALL8, l1_depthwise, {}, '--l1-size-kb=128'),
    ('l1-chain', 2, ALL8, l1_chain, {}, '--l1-size-kb=128'),
    ('l1-conv', 1, ALL8, l1_conv, {}, '--l1-size-kb=64'),
    ('l1-depthwise', 1, ALL8, l1_depthwise, {}, '--l1-size-kb=64'),
    ('mdla1-conv', 1, ALL8, l1_conv, {}, '--num-mdla=1 --l1-size-kb=128'),
    ('mdla1-chain', 1, ALL8, l1_chain, {}, '--num-mdla=1'),
    ('opt0-chain', 2, ALL8, l1_chain, {}, '--opt=0'),
    ('opt1-chain', 2, ALL8, chain_residual, {}, '--opt=1'),
    ('opt2-chain', 2, ALL8, chain_branches, {}, '--opt=2'),
]

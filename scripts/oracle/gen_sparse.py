# SPDX-License-Identifier: MIT
"""Kinds of cases: weights of which the file holds only what is not zero."""

import itertools
import math
import struct

import tflite_writer as t
from tflite_writer import FLOAT16, FLOAT32, INT8, Sparsity


class Layout:
    """How a sparse tensor of a shape is stored. order: the dimension of each level, those of
    the blocks numbered behind the tensor's; blocks: {dimension: size}; rows: the levels that
    are compressed; width: of the lists ('B', 'H', 'i')."""

    def __init__(self, shape, order=None, blocks=None, rows=(), width='i'):
        self.shape, self.blocks = shape, blocks or {}
        self.map = sorted(self.blocks)
        self.order = order or list(range(len(shape) + len(self.map)))
        self.rows, self.width = rows, width

    def size(self, dim):
        """Of a level, by the dimension that it is of."""
        if dim >= len(self.shape):
            return self.blocks[self.map[dim - len(self.shape)]]
        return self.shape[dim] // self.blocks.get(dim, 1)

    def path(self, place):
        """The index on each level of the element at coordinates of the tensor."""
        outer = [p // self.blocks.get(d, 1) for d, p in enumerate(place)]
        inner = [place[d] % self.blocks[d] for d in self.map]
        return tuple((outer + inner)[d] for d in self.order)

    def encode(self, data, size):
        """Elements of so many bytes: what the tensor's sparsity is, and what is stored."""
        values = {}
        for i, place in enumerate(itertools.product(*map(range, self.shape))):
            values[self.path(place)] = data[i * size:i * size + size]
        used = {path[:i] for path, v in values.items() if any(v) for i in range(len(path) + 1)}
        nodes, levels = [()], []
        for number, dim in enumerate(self.order):
            children = [[node + (i,) for i in range(self.size(dim))] for node in nodes]
            if number in self.rows:
                children = [[c for c in some if c in used] for some in children]
                bounds = list(itertools.accumulate(map(len, children), initial=0))
                levels.append((bounds, [c[-1] for some in children for c in some], self.width))
            else:
                levels.append(self.size(dim))
            nodes = [c for some in children for c in some]
        return Sparsity(self.order, self.map, levels), b''.join(values[n] for n in nodes)


def random_layout(c, shape):
    dims = list(range(len(shape)))
    # The reference kernels mistake the sizes of three blocks that change places.
    mapped = c.rng.sample(dims, c.rng.randint(0, 2))
    blocks = {d: c.rng.choice([n for n in range(1, shape[d] + 1) if not shape[d] % n])
              for d in mapped}
    inner = list(range(len(shape), len(shape) + len(blocks)))
    rows = [d for d in dims if c.chance(0.5)]
    order = c.rng.sample(dims, len(dims)) + c.rng.sample(inner, len(inner))
    width = c.one_of('H', 'i') if math.prod(shape) > 255 else c.one_of('B', 'H', 'i')
    c.note('b%d' % len(blocks), 'csr%d' % len(rows), width)
    return Layout(shape, order, blocks, rows, width)


def make_sparse(c, index, half):
    """Zeroes most of a constant and stores it sparsely. half: as fp16."""
    model, (dtype, shape) = c.model, c.model.info[index]
    fields = model.tensors[index].fields
    data = bytearray(model.buffers[fields[2][1]])
    size = len(data) // math.prod(shape)
    # One stays: the reference kernels take no constant of which nothing is stored.
    data[:size] = struct.pack('<' + t.ELEMENT[dtype], 1)
    for i in range(size, len(data), size):
        if c.chance(0.8):
            data[i:i + size] = bytes(size)
    if half:
        n = len(data) // size
        data = struct.pack('<%de' % n, *struct.unpack('<%df' % n, data))
        dtype, size = FLOAT16, 2
    sparsity, stored = random_layout(c, shape).encode(bytes(data), size)
    sparse = model.tensor(dtype, shape, data=stored, sparsity=sparsity)
    if 4 in fields:
        model.tensors[sparse].fields[4] = fields[4]
    fields[2] = ('I', 0)
    dense = model.tensor(dtype, shape) if half else index
    first = len(model.ops)
    model.op(t.DENSIFY, [sparse], [dense], {})
    if half:
        model.op(t.DEQUANTIZE, [dense], [index], {})
    model.ops = model.ops[first:] + model.ops[:first]


def sparse_conv(c, half=False):
    """Convolutions of 4 dimensions, or a layer of 2."""
    r = c.rng
    x = c.input([1, r.randint(1, 6), r.randint(1, 6), c.one_of(1, 4, 6, 12)])
    if c.chance(0.7):
        y = c.conv(x, c.one_of(1, 4, 8, 18), (c.one_of(1, 2, 3), c.one_of(1, 3)))
    else:
        y = c.fully_connected(x, c.one_of(1, 6, 16))
    # The second input of both.
    make_sparse(c, c.model.ops[-1].fields[1].items[1], half)
    return [y]


# name, count, types, function, arguments, compiler options
KINDS = [
    ('sparse', 6, (INT8, FLOAT32), sparse_conv, {}, ''),
    ('sparse-half', 4, (FLOAT32,), sparse_conv, {'half': True}, ''),
]

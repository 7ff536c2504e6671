# SPDX-License-Identifier: MIT
"""Writes .tflite files: a FlatBuffers writer and the part of TensorFlow Lite's
schema that the generator of the conformance tests needs.

Written directly, since flatc's JSON form loses bits of the scales.
"""

import struct

# TensorType
FLOAT32, FLOAT16, INT32, UINT8, INT64, BOOL, INT16, INT8 = 0, 1, 2, 3, 4, 6, 7, 9
RESOURCE = 13

ELEMENT = {FLOAT32: 'f', FLOAT16: 'e', INT32: 'i', UINT8: 'B', INT64: 'q',
           BOOL: '?', INT16: 'h', INT8: 'b'}

# BuiltinOperator: code, BuiltinOptions member, version
ABS = (101, 78, 1)
ADD = (0, 11, 2)
ARG_MAX = (56, 40, 1)
ARG_MIN = (79, 57, 1)
ASSIGN_VARIABLE = (144, 113, 1)
AVERAGE_POOL_2D = (1, 5, 2)
BATCH_MATMUL = (126, 101, 2)
BATCH_TO_SPACE_ND = (37, 24, 2)
BROADCAST_TO = (130, 104, 2)
CALL_ONCE = (129, 103, 1)
CAST = (53, 37, 1)
CONCATENATION = (2, 10, 2)
CONV_2D = (3, 1, 3)
DEPTHWISE_CONV_2D = (4, 2, 3)
DEPTH_TO_SPACE = (5, 94, 1)
DENSIFY = (124, 99, 1)
DEQUANTIZE = (6, 38, 2)
DIV = (42, 29, 1)
ELU = (111, 0, 1)
EXP = (47, 33, 1)
EXPAND_DIMS = (70, 52, 1)
FILL = (94, 68, 3)
FULLY_CONNECTED = (9, 8, 4)
GATHER = (36, 23, 2)
GELU = (150, 116, 1)
HARD_SWISH = (117, 91, 1)
L2_NORMALIZATION = (11, 12, 2)
LEAKY_RELU = (98, 75, 2)
LOG = (73, 0, 1)
LOG_SOFTMAX = (50, 36, 2)
LOGISTIC = (14, 0, 2)
MAXIMUM = (55, 39, 2)
MAX_POOL_2D = (17, 5, 2)
MINIMUM = (57, 39, 2)
MIRROR_PAD = (100, 77, 2)
MUL = (18, 21, 2)
NEG = (59, 42, 1)
PACK = (83, 59, 2)
PADV2 = (60, 43, 2)
POW = (78, 56, 1)
PRELU = (54, 0, 1)
RANGE = (96, 73, 1)
READ_VARIABLE = (143, 112, 1)
REDUCE_MAX = (82, 27, 2)
REDUCE_MIN = (89, 27, 2)
REDUCE_PROD = (81, 27, 2)
RELU = (19, 0, 2)
RELU_0_TO_1 = (152, 0, 1)
RELU_N1_TO_1 = (20, 0, 1)
RELU6 = (21, 0, 2)
RESHAPE = (22, 17, 1)
RESIZE_BILINEAR = (23, 15, 3)
RESIZE_NEAREST_NEIGHBOR = (97, 74, 3)
REVERSE_V2 = (105, 81, 1)
RSQRT = (76, 0, 1)
SELECT = (64, 47, 1)
SELECT_V2 = (123, 95, 1)
SHAPE = (77, 55, 1)
SLICE = (65, 48, 2)
SOFTMAX = (25, 9, 2)
SPACE_TO_BATCH_ND = (38, 25, 2)
SPACE_TO_DEPTH = (26, 19, 2)
SPLIT = (49, 35, 2)
SPLIT_V = (102, 79, 2)
SQRT = (75, 0, 1)
SQUARE = (92, 66, 1)
SQUARED_DIFFERENCE = (99, 76, 2)
SQUEEZE = (43, 30, 1)
STRIDED_SLICE = (45, 32, 2)
SUB = (41, 28, 2)
SUM = (74, 27, 2)
SVDF = (27, 6, 3)
TANH = (28, 0, 2)
TILE = (69, 51, 2)
TOPK_V2 = (48, 34, 2)
TRANSPOSE = (39, 26, 2)
TRANSPOSE_CONV = (67, 49, 3)
UNPACK = (88, 64, 2)
VAR_HANDLE = (142, 111, 1)
PAD = (34, 22, 2)
MEAN = (40, 27, 2)
QUANTIZE = (114, 0, 2)

SAME, VALID = 0, 1
# ActivationFunctionType
NONE, RELU_ACT, RELU_N1_TO_1_ACT, RELU6_ACT = 0, 1, 2, 3


class Table:
    """A FlatBuffers table: {field id: (struct format, value) or object}."""

    def __init__(self, fields):
        self.fields = {k: v for k, v in fields.items() if v is not None}


class Vector:
    """A vector of scalars, of raw bytes, or (fmt None) of objects."""

    def __init__(self, fmt, items, align=0):
        self.fmt, self.items, self.align = fmt, items, align


class Text(str):
    """A string."""


class _Out:
    """Lays objects out front to back; every reference points forward."""

    def __init__(self):
        self.buf = bytearray()

    def pad(self, align, ahead=0):
        """Zeroes until what comes `ahead` bytes later is aligned."""
        self.buf += b'\0' * (-(len(self.buf) + ahead) % align)

    def refer(self, at, target):
        struct.pack_into('<I', self.buf, at, target - at)

    def put(self, obj):
        if isinstance(obj, Table):
            return self.put_table(obj)
        if isinstance(obj, Text):
            raw = obj.encode()
            self.pad(4)
            at = len(self.buf)
            self.buf += struct.pack('<I', len(raw)) + raw + b'\0'
            return at
        return self.put_vector(obj)

    def put_vector(self, vec):
        if vec.fmt is None:
            self.pad(4)
            at = len(self.buf)
            self.buf += struct.pack('<I', len(vec.items)) + bytes(4 * len(vec.items))
            for i, item in enumerate(vec.items):
                self.refer(at + 4 + 4 * i, self.put(item))
            return at
        size = struct.calcsize('<' + vec.fmt)
        self.pad(4)
        self.pad(max(size, vec.align, 4), 4)
        at = len(self.buf)
        self.buf += struct.pack('<I', len(vec.items))
        if isinstance(vec.items, (bytes, bytearray)):
            self.buf += vec.items
        else:
            self.buf += struct.pack('<%d%s' % (len(vec.items), vec.fmt), *vec.items)
        return at

    def put_table(self, table):
        # Field offsets, then the vtable in front of the table.
        offsets, size = {}, 4
        for i, v in sorted(table.fields.items(),
                           key=lambda f: -self.field_size(f[1])):
            n = self.field_size(v)
            size += -size % n
            offsets[i] = size
            size += n
        slots = max(table.fields, default=-1) + 1
        vtable = struct.pack('<HH', 4 + 2 * slots, size)
        vtable += struct.pack('<%dH' % slots,
                              *(offsets.get(i, 0) for i in range(slots)))
        self.pad(4, len(vtable))
        start = len(self.buf)
        self.buf += vtable
        at = len(self.buf)
        self.buf += struct.pack('<i', at - start) + bytes(size - 4)
        for i, v in table.fields.items():
            if isinstance(v, tuple):
                struct.pack_into('<' + v[0], self.buf, at + offsets[i], v[1])
        for i, v in table.fields.items():
            if not isinstance(v, tuple):
                self.refer(at + offsets[i], self.put(v))
        return at

    @staticmethod
    def field_size(v):
        return struct.calcsize('<' + v[0]) if isinstance(v, tuple) else 4


def f32(x):
    """x as the nearest float."""
    return struct.unpack('<f', struct.pack('<f', x))[0]


class Sparsity(Table):
    """How a sparse tensor is stored. order: the dimension of each level; block_map: that of
    each dimension of a block; levels: a size, or (segments, indices, format of both)."""

    VECTORS = {'i': 1, 'H': 2, 'B': 3}

    def __init__(self, order, block_map, levels):
        super().__init__({
            0: Vector('i', order), 1: Vector('i', block_map) if block_map else None,
            2: Vector(None, [self.level(x) for x in levels])})

    @classmethod
    def level(cls, level):
        if isinstance(level, int):
            return Table({0: ('b', 0), 1: ('i', level)})
        segments, indices, fmt = level
        kind = ('B', cls.VECTORS[fmt])
        return Table({0: ('b', 1), 2: kind, 3: Table({0: Vector(fmt, segments)}),
                      4: kind, 5: Table({0: Vector(fmt, indices)})})


class Model:
    """Tensors and operators of a model, or of a further subgraph of one."""

    def __init__(self, description, of=None):
        self.description = description
        self.buffers = of.buffers if of else [b'']
        self.codes = of.codes if of else []
        self.tensors, self.ops = [], []
        self.info = []
        self.inputs, self.outputs, self.subgraphs = [], [], []

    def subgraph(self, name):
        """Adds a subgraph, a model to add to, and returns it and its number."""
        self.subgraphs.append(Model(name, self))
        return self.subgraphs[-1], len(self.subgraphs)

    def tensor(self, dtype, shape, scale=None, zero=None, data=None, dim=0,
               name=None, sparsity=None, variable=False):
        """Adds a tensor; scale and zero are numbers or lists; with a Sparsity data is what
        is stored; a variable keeps its values. Returns its index."""
        buffer = 0
        if data is not None:
            buffer = len(self.buffers)
            self.buffers.append(data)
        quant = None
        if scale is not None:
            if not isinstance(scale, (list, tuple)):
                scale = [scale]
            if not isinstance(zero, (list, tuple)):
                zero = [zero or 0] * len(scale)
            quant = Table({2: Vector('f', scale), 3: Vector('q', zero),
                           6: ('i', dim) if dim else None})
        index = len(self.tensors)
        self.tensors.append(Table({
            0: Vector('i', shape), 1: ('b', dtype) if dtype else None,
            2: ('I', buffer), 3: Text(name or 't%d' % index), 4: quant,
            5: ('?', True) if variable else None, 6: sparsity}))
        self.info.append((dtype, list(shape)))
        return index

    def op(self, kind, inputs, outputs, options=None):
        """Adds an operator; options: {field id: (format, value) or object}."""
        code, union, version = kind
        if (code, version) not in self.codes:
            self.codes.append((code, version))
        typed = options is not None and union
        self.ops.append(Table({
            0: ('I', self.codes.index((code, version))),
            1: Vector('i', inputs), 2: Vector('i', outputs),
            3: ('B', union) if typed else None,
            4: Table(options) if typed else None}))

    def custom(self, name, inputs, outputs, options):
        """Adds a custom operator; options are bytes."""
        self.codes.append((32, 1, name))
        self.ops.append(Table({
            0: ('I', len(self.codes) - 1), 1: Vector('i', inputs), 2: Vector('i', outputs),
            5: Vector('B', options)}))

    def hide_shapes(self):
        """Of all that operators make: readers must find them out."""
        for op in self.ops:
            for index in op.fields[2].items:
                self.tensors[index].fields[0] = Vector('i', [])

    def open_shapes(self):
        """Of all that operators make, as a converter writes sizes that it does not know."""
        for op in self.ops:
            for index in op.fields[2].items:
                fields = self.tensors[index].fields
                rank = len(fields[0].items)
                fields[0], fields[7] = Vector('i', [1] * rank), Vector('i', [-1] * rank)

    def size(self, index):
        """Bytes of a tensor."""
        dtype, shape = self.info[index]
        n = struct.calcsize('<' + ELEMENT[dtype])
        for d in shape:
            n *= d
        return n

    def table(self, name):
        return Table({
            0: Vector(None, self.tensors), 1: Vector('i', self.inputs),
            2: Vector('i', self.outputs), 3: Vector(None, self.ops),
            4: Text(name)})

    def build(self, inputs, outputs):
        self.inputs, self.outputs = inputs, outputs
        codes = [Table({0: ('b', min(c, 127)), 1: Text(name[0]) if name else None,
                        2: ('i', v), 3: ('i', c)})
                 for c, v, *name in self.codes]
        graphs = [self.table('main')] + [g.table(g.description) for g in self.subgraphs]
        buffers = [Table({0: Vector('B', b, align=16) if b else None})
                   for b in self.buffers]
        out = _Out()
        out.buf += bytes(4) + b'TFL3'
        out.refer(0, out.put(Table({
            0: ('I', 3), 1: Vector(None, codes), 2: Vector(None, graphs),
            3: Text(self.description), 4: Vector(None, buffers)})))
        return bytes(out.buf)

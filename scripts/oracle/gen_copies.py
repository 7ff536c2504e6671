# SPDX-License-Identifier: MIT
"""Kinds of cases: operators that copy bytes, whatever the scale of their output says."""

import gen_layout
import gen_reduce
import gen_shapes
import tflite_writer as t
from gen_case import ALL8, ALL_INT
from tflite_writer import INT16, UINT8, Table, Vector


def rescaled(c, make, **arguments):
    """What make() gives, each result with a scale and a zero point of its own."""
    outputs = make(c, **arguments)
    for op in c.model.ops:
        code = c.model.codes[op.fields[0][1]][0]
        for index in op.fields[2].items:
            fields = c.model.tensors[index].fields
            if 4 not in fields:
                continue
            fields[4] = Table({2: Vector('f', [c.log_uniform(0.01, 0.2)]),
                               3: Vector('q', [c.zero_point()])})
            if code == t.MAX_POOL_2D[0]:
                # Which reads or makes a tensor in another way, and demands that nothing changes.
                fields[4] = c.model.tensors[op.fields[1].items[0]].fields[4]
            elif code == t.PADV2[0]:
                c.model.tensors[op.fields[1].items[2]].fields[4] = fields[4]
    return outputs


def case(name, make, types=ALL_INT, **arguments):
    return ('copy-' + name, 2, types, rescaled, {'make': make, **arguments}, '')


# name, count, types, function, arguments, compiler options
KINDS = [
    case('pad', gen_layout.pad),
    case('padv2', gen_layout.padv2),
    case('reshape', gen_layout.reshape),
    case('split', gen_layout.split),
    case('splitv', gen_layout.split_v),
    case('slice', gen_layout.slice_),
    case('stridedslice', gen_layout.strided_slice),
    case('tile', gen_layout.tile, ALL8),
    case('broadcastto', gen_layout.broadcast_to),
    case('spacetodepth', gen_layout.space_depth, ALL8, kind=t.SPACE_TO_DEPTH),
    case('depthtospace', gen_layout.space_depth, ALL8, kind=t.DEPTH_TO_SPACE),
    case('transpose', gen_layout.transpose),
    case('gather', gen_layout.gather),
    case('gather-runtime', gen_layout.gather_runtime, ALL8),
    case('reverse', gen_layout.reverse),
    case('squeeze', gen_shapes.squeeze),
    case('shuffle', gen_layout.shuffle, (UINT8, INT16)),
    case('concat', gen_layout.concat, (UINT8, INT16)),
    case('concat5', gen_layout.concat5, (INT16,)),
    case('topk', gen_reduce.topk),
    case('resizebilinear', gen_reduce.resize, kind=t.RESIZE_BILINEAR),
    case('resizenearest', gen_reduce.resize, kind=t.RESIZE_NEAREST_NEIGHBOR),
]

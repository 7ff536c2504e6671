#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write first inputs for QEMU's generic fuzzer to a folder.

Without them it would have to find out by chance how to power the device up and
what a job is. The format is that of tests/qtest/fuzz/generic_fuzz.c: operations
with a separator between them; memory that the device reads is filled from a
list of patterns, one per access, over and over.
"""
import struct
import sys
from pathlib import Path

SEPARATOR = b"FUZZ"
READ, WRITE, PATTERN, CLOCK_STEP = 2, 3, 7, 9
LONG = 2
# Blocks in the order of their addresses.
POWER, TEST_PORT, TOP = 0, 1, 2
RAM = 0x40000000
DOMAINS = 0x3f
EDMA = 1


def write(block, offset, value):
    return struct.pack("<BBBxxIQ", WRITE, LONG, block, offset, value)


def read(block, offset):
    return struct.pack("<BBBxxI", READ, LONG, block, offset)


def pattern(data):
    return bytes([PATTERN, 0, 0]) + data


def descriptor(engine, num_bytes, l1_kib=128, streams=1):
    head = struct.pack("<QHBBHHIIQ", RAM, 7, 0, streams, 0, 1, l1_kib, 1000, 0)
    stream = struct.pack("<BBHIQ", engine, 0, 0, num_bytes, 0x1000)
    return head + bytes(32) + stream * 8


POWER_UP = [
    write(POWER, 0x10, DOMAINS), write(POWER, 0x18, DOMAINS), write(POWER, 0x1c, 0),
    write(TOP, 0x28, DOMAINS >> 1), write(TOP, 0x34, 0xffffffff),
]

# A table that is its own next level, and maps its own page.
ENTRY = struct.pack("<Q", RAM | 0x403)


def header(opcode, words, imm=0):
    return struct.pack("<BBHI", opcode, 0, words, imm)


def run(engine, text):
    """A job whose commands are @text."""
    return POWER_UP + [
        pattern(descriptor(engine, len(text))), pattern(ENTRY), pattern(ENTRY), pattern(ENTRY), pattern(text),
        write(TOP, 0x80, RAM + 0x10000), write(TOP, 0x40, 0), bytes([CLOCK_STEP]), read(TOP, 0x44),
        bytes([CLOCK_STEP]), read(TOP, 0x30), write(TOP, 0x4c, 0xffff), bytes([CLOCK_STEP]),
    ]


def rules(text):
    data = text.encode().ljust(len(text) // 4 * 4 + 4, b"\0")
    words = struct.unpack(f"<{len(data) // 4}I", data)
    return [write(TEST_PORT, 0x800 + 4 * i, w) for i, w in enumerate(words)] + [write(TEST_PORT, 8, 1)]


def opcodes(isa):
    """Opcode and length of every command that has fields, and of those that have none."""
    for command in isa["commands"]:
        sizes = {"u8": 1, "u16": 2, "u32": 4, "i32": 4, "u64": 8, "ref": 8}
        size = 8 + sum(sizes[f["type"]] * f.get("n", 1) for f in command.get("fields", []))
        for engine in command["engines"]:
            yield command["name"], engine, command["opcode"], size // 8


def seeds(isa):
    classes = isa["enums"]["engine_class"]["values"]
    yield "power", POWER_UP
    yield "mmu", POWER_UP + [w for op in range(1, 6) for w in (
        write(TOP, 0x200, 0x1000), write(TOP, 0x208, 0x2000), write(TOP, 0x210, 7 << 16 | op), read(TOP, 0x214))]
    for name, engine, opcode, words in opcodes(isa):
        text = header(opcode, words) + bytes(8 * (words - 1))
        yield f"{name}-{engine}", run(classes[engine], text)
    for rule in ("on=job,do=freeze", "on=job,do=slow", "on=irq,do=late", "on=abort,do=slow", "on=reset,do=ignored",
                 "on=fetch,do=corrupt", "on=command,count=all,do=ecc-corrected"):
        yield rule.replace(",", "-"), rules(rule) + run(EDMA, header(1, 1))


def main():
    import yaml

    if len(sys.argv) != 2:
        sys.exit("usage: fuzz-seeds.py FOLDER")
    top = Path(__file__).resolve().parent.parent.parent
    isa = yaml.safe_load((top / "Documentation/hardware/apu-v1.yaml").read_text())
    for name, operations in seeds(isa):
        (Path(sys.argv[1]) / name).write_bytes(SEPARATOR.join(operations))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Generate headers and manual tables from Documentation/hardware/apu-v1.yaml.

Without arguments the outputs are rewritten; with --check nothing is written
and the exit status says whether a committed output differs from its source.
"""
import sys
from pathlib import Path

import yaml

TOP = Path(__file__).resolve().parent.parent
SOURCE = "Documentation/hardware/apu-v1.yaml"
SIZES = {"u8": 1, "u16": 2, "u32": 4, "i32": 4, "u64": 8, "ref": 8}
LICENCE = "(GPL-2.0-or-later OR MIT)"


def die(message):
    sys.exit(f"gen-regs: {SOURCE}: {message}")


def layout(name, fields, structs, start=0):
    """Byte offset of every field; refuses implicit padding. Returns the rows and the size."""
    at, rows = start, []
    for f in fields:
        t = f["type"]
        size = structs[t]["size"] if t in structs else SIZES[t]
        if at % min(size, 8):
            die(f"{name}.{f['name']} at byte {at} is not naturally aligned")
        rows.append((at, f))
        at += size * f.get("n", 1)
    return rows, at


def c_comment(text, indent="", width=92):
    """One-line C comment, or a block in kernel style where it does not fit."""
    text = " ".join(text.split())
    if len(indent) + len(text) + 6 <= width:
        return [f"{indent}/* {text} */"]
    lines, cur = [], ""
    for word in text.split(" "):
        if len(indent) + len(cur) + len(word) + 4 > width - 8:
            lines.append(cur)
            cur = ""
        cur = f"{cur} {word}".strip()
    lines.append(cur)
    return [f"{indent}/*"] + [f"{indent} * {line}" for line in lines] + [f"{indent} */"]


class Dialect:
    """How one of the projects spells a header: integer types and asserts."""

    def __init__(self, types, prologue, guard, word, width=92):
        self.types, self.prologue, self.guard = types, prologue, guard
        self.word, self.width = word, width

    def field(self, f, structs):
        t = f["type"]
        ctype = f"struct apu_{t}" if t in structs else self.types[t]
        dim = f"[{f['n']}]" if "n" in f else ""
        return f"{ctype} {f['name']}{dim};"


KERNEL = Dialect({"u8": "__u8", "u16": "__le16", "u32": "__le32", "i32": "__le32",
                  "u64": "__le64", "ref": "__le64"},
                 ["#include <linux/bits.h>", "#include <linux/build_bug.h>", "#include <linux/types.h>"],
                 "__APU_REGS_H__", "static_assert")
QEMU = Dialect({}, ["#include \"hw/registerfields.h\""], "HW_APU_REGS_H", None, 76)
USER = Dialect({"u8": "uint8_t", "u16": "uint16_t", "u32": "uint32_t", "i32": "int32_t",
                "u64": "uint64_t", "ref": "uint64_t"},
               ["#include <stdint.h>"], "APU_ISA_H", "_Static_assert")
# The same in QEMU's style.
USER_QEMU = Dialect(USER.types, USER.prologue, USER.guard, USER.word, 76)


def in_qemu_style(lines):
    """Four spaces for each tab at the start of a line."""
    return ["    " * (len(x) - len(x.lstrip("\t"))) + x.lstrip("\t") for x in lines]


def provenance(what):
    return ["/*", f" * {what}", f" * Generated from {SOURCE}", " * by scripts/gen-regs.py: do not edit.", " */"]


def head(d, what):
    out = [f"/* SPDX-License-Identifier: {LICENCE} */"] + provenance(what)
    return out + [f"#ifndef {d.guard}", f"#define {d.guard}", ""] + d.prologue + [""]


def reg_name(block, reg):
    return f"APU_{block.upper()}_{reg['name']}"


def kernel_registers(blocks):
    out = []
    for b, block in blocks.items():
        out += [f"/* {block['title']} */", f"#define APU_{b.upper()}_SIZE\t{block['size']:#x}"]
        for r in block["registers"]:
            name = reg_name(b, r)
            if "n" in r:
                out.append(f"#define {name}(n)\t({r['at']:#05x} + (n) * {r['step']})")
            else:
                out.append(f"#define {name}\t{r['at']:#05x}")
            for f, (hi, lo) in r.get("fields", {}).items():
                out.append(f"#define   {name}_{f}\tGENMASK({hi}, {lo})" if hi != lo
                           else f"#define   {name}_{f}\tBIT({lo})")
        out.append("")
    return out


def qemu_registers(blocks):
    out = []
    for b, block in blocks.items():
        out += [f"/* {block['title']} */", f"#define APU_{b.upper()}_SIZE {block['size']:#x}"]
        for r in block["registers"]:
            name = reg_name(b, r)
            out.append(f"REG32({name}, {r['at']:#05x})")
            for f, (hi, lo) in r.get("fields", {}).items():
                out.append(f"    FIELD({name}, {f}, {lo}, {hi - lo + 1})")
        rows = []
        for r in block["registers"]:
            reset = 0 if r["reset"] == "config" else r["reset"]
            rows.append(f"    X({r['name']}, {r['at']:#05x}, {r.get('n', 1)}, {r.get('step', 4)}, "
                        f"{r['access'].upper()}, {reset:#x})")
        out += ["", "/* X(name, offset, instances, step, access, reset) */",
                f"#define APU_{b.upper()}_REGS(X) \\", " \\\n".join(rows), ""]
    return out


def constants(d, desc):
    out = []
    for name, c in desc["constants"].items():
        out += c_comment(c["doc"], "", d.width) + [f"#define APU_{name} {c['value']}"]
    out.append("")
    for name, e in desc["enums"].items():
        out += c_comment(e["doc"], "", d.width) + [f"enum apu_{name} {{"]
        out += [f"\tAPU_{name.upper()}_{k} = {v}," for k, v in e["values"].items()] + ["};", ""]
    return out


def struct_body(d, name, fields, structs, size, doc, check):
    out = c_comment(doc, "", d.width) + [f"struct {name} {{"]
    if check is None:
        out.append("\tstruct apu_cmd_header hdr;")
    for f in fields:
        out += c_comment(f["doc"], "\t", d.width) + [f"\t{d.field(f, structs)}"]
    out += ["};", ""] if d is KERNEL else ["};"]
    check = f"{d.word}(sizeof(struct {name}) == {size},", f"\"size of {name}\");"
    if len(" ".join(check)) <= d.width + 4:
        return out + [" ".join(check), ""]
    return out + [check[0], " " * (len(d.word) + 1) + check[1], ""]


def structs_of(d, desc):
    out = []
    for name, s in desc["structs"].items():
        if name == "quant" and d is KERNEL:
            continue
        _, size = layout(name, s["fields"], desc["structs"])
        if size != s["size"]:
            die(f"struct {name} has {size} bytes, not {s['size']}")
        out += struct_body(d, f"apu_{name}", s["fields"], desc["structs"], size, s["doc"], True)
    return out


def commands_of(d, desc):
    out = ["/* First eight bytes of every command */", "struct apu_cmd_header {", "\tuint8_t opcode;",
           "\t/* zero */", "\tuint8_t flags;", "\t/* length of the command in 64-bit words, this one included */",
           "\tuint16_t words;", "\t/* immediate operand; zero where the command names none */",
           "\tuint32_t imm;", "};", "", "enum apu_opcode {"]
    out += [f"\tAPU_OP_{c['name']} = {c['opcode']:#04x}," for c in desc["commands"]] + ["};", ""]
    for c in desc["commands"]:
        fields = c.get("fields")
        if not fields:
            continue
        _, size = layout(c["name"], fields, desc["structs"], 8)
        if size % 8:
            die(f"command {c['name']} has {size} bytes, not a multiple of 8")
        out += struct_body(d, f"apu_cmd_{c['name'].lower()}", fields, desc["structs"], size, c["doc"], None)
    return out


def isa_header(d, desc):
    out = head(d, "Command set and in-memory structures of APU v1.")
    out += ["#ifdef __cplusplus", "#define _Static_assert static_assert", "#endif", "",
            "/* All structures are little endian and naturally aligned. */", ""]
    v = desc["version"]
    out += [f"#define APU_HW_VERSION ({v['major']}u << 16 | {v['minor']}u)", ""]
    out += constants(d, desc) + structs_of(d, desc) + commands_of(d, desc)
    return out + ["#endif"]


def table_header(desc):
    """What a disassembler needs: every command with the place and kind of its fields."""
    kinds = {"u8": "U8", "u16": "U16", "u32": "U32", "i32": "I32", "u64": "U64", "ref": "REF"}
    out = [f"/* SPDX-License-Identifier: {LICENCE} */"] + provenance("Fields of every command.")
    for c in desc["commands"]:
        rows, size = layout(c["name"], c.get("fields", []), desc["structs"], 8)
        mask = sum(1 << desc["enums"]["engine_class"]["values"][e] for e in c["engines"])
        out.append(f"APU_CMD({c['name']}, {c['opcode']:#04x}, {size // 8}, {mask:#x})")
        for at, f in rows:
            out.append(f"APU_FIELD({f['name']}, {at}, {f.get('n', 1)}, {kinds[f['type']]})")
        out.append("APU_CMD_END")
    return out


def writable(reg):
    """Bits that keep what is written to them; None if that follows the machine's options."""
    value = reg.get("writable", 0xffffffff if reg["access"] == "rw" else 0)
    return None if value == "config" else value


def test_table(desc):
    """What a test of the device knows of every register. UNKNOWN stands for what the machine's options decide."""
    out = [f"/* SPDX-License-Identifier: {LICENCE} */"] + provenance("Every register, for the tests of the device.")
    out += ["/* REG(block, name, offset, instances, step, access, reset, writable) */"]
    for b, block in desc["blocks"].items():
        for r in block["registers"]:
            reset = "UNKNOWN" if r["reset"] == "config" else f"{r['reset']:#x}"
            mask = "UNKNOWN" if writable(r) is None else f"{writable(r):#x}"
            out.append(f"REG({b.upper()}, {r['name']}, {r['at']:#05x}, {r.get('n', 1)}, {r.get('step', 4)}, "
                       f"{r['access'].upper()}, {reset}, {mask})")
    return out


def rst_table(header, rows):
    cols = [[str(r[i]) for r in [header] + rows] for i in range(len(header))]
    widths = [max(len(x) for x in c) for c in cols]
    bar = "  ".join("=" * w for w in widths)
    text = ["  ".join(str(x).ljust(w) for x, w in zip(r, widths)).rstrip() for r in [header] + rows]
    return [bar, text[0], bar] + text[1:] + [bar, ""]


def rst_head(title):
    return [".. SPDX-License-Identifier: GPL-2.0-only", f".. Generated from {SOURCE} by scripts/gen-regs.py: do not edit.",
            "", title, "=" * len(title), ""]


def registers_rst(desc):
    out = rst_head("Registers")
    out += ["All registers are 32 bits wide and little endian. Accesses of another size, or to an offset that is not",
            "listed, are bus errors. *config* in the reset column means that the value follows the machine's options.",
            "Bits that belong to no field or to no domain or engine that exists read as zero.", ""]
    for b, block in desc["blocks"].items():
        out += [block["title"], "-" * len(block["title"]), ""]
        if "doc" in block:
            out += [" ".join(block["doc"].split()), ""]
        rows = []
        for r in block["registers"]:
            at = f"{r['at']:#05x}" + (f" + {r['step']}n, n < {r['n']}" if "n" in r else "")
            reset = r["reset"] if r["reset"] == "config" else f"{r['reset']:#x}"
            rows.append((at, r["name"], r["access"], reset, r["doc"]))
            for f, (hi, lo) in r.get("fields", {}).items():
                rows.append(("..", f"  .{f}", "", "", f"bits {hi}:{lo}" if hi != lo else f"bit {lo}"))
        out += rst_table(("Offset", "Name", "Access", "Reset", "Meaning"), rows)
    return out


def fields_rst(name, fields, structs, start):
    rows, size = layout(name, fields, structs, start)
    return rst_table(("Byte", "Field", "Type", "Meaning"),
                     [(at, f["name"], f["type"] + (f"[{f['n']}]" if "n" in f else ""), f["doc"])
                      for at, f in rows]), size


def structures_rst(desc):
    out = rst_head("Structures, enumerations and constants")
    for name, s in desc["structs"].items():
        table, size = fields_rst(name, s["fields"], desc["structs"], 0)
        out += [name, "-" * len(name), "", f"{s['doc']}. {size} bytes.", ""] + table
    for name, e in desc["enums"].items():
        out += [name, "-" * len(name), "", e["doc"] + ".", ""]
        out += rst_table(("Value", "Name"), [(v, k) for k, v in e["values"].items()])
    out += ["Constants", "---------", ""]
    return out + rst_table(("Name", "Value", "Meaning"),
                           [(k, c["value"], c["doc"]) for k, c in desc["constants"].items()])


def commands_rst(desc):
    out = rst_head("Command encodings")
    out += ["Every command begins with eight bytes: u8 opcode, u8 flags (zero), u16 words (its length in 64-bit words),",
            "u32 imm (zero where nothing is said of it). Padding fields must be zero. Type *ref* is an operand reference:",
            "the region in bits 63:60, the byte offset in bits 39:0, zeros between.", ""]
    for c in desc["commands"]:
        out += [c["name"], "-" * len(c["name"]), "",
                f"Opcode {c['opcode']:#04x}; engines: {', '.join(c['engines'])}. {c['doc']}.", ""]
        if "fields" in c:
            table, size = fields_rst(c["name"], c["fields"], desc["structs"], 8)
            out += [f"{size // 8} words.", ""] + table
    return out


def check_keys(what, item, allowed):
    """An unquoted comma in a description makes YAML see a key of its own."""
    unknown = set(item) - allowed
    if unknown:
        die(f"{what}: unknown {', '.join(map(repr, sorted(map(str, unknown))))}; is a quote missing?")


def check(desc):
    for b, block in desc["blocks"].items():
        for r in block["registers"]:
            check_keys(f"{b}.{r.get('name')}", r, {"name", "at", "access", "reset", "writable", "doc", "fields", "n",
                                                           "step"})
    commands = {c["name"]: c for c in desc["commands"]}
    for items in (desc["structs"], commands):
        for name, item in items.items():
            check_keys(name, item, {"name", "opcode", "engines", "doc", "fields", "size"})
            for f in item.get("fields", []):
                check_keys(f"{name}.{f.get('name')}", f, {"name", "type", "n", "doc"})
    for name, e in desc["enums"].items():
        check_keys(name, e, {"doc", "values"})
    for name, c in desc["constants"].items():
        check_keys(name, c, {"value", "doc"})


def outputs(desc):
    regs_kernel = head(KERNEL, "Registers and in-memory structures of APU v1.") + kernel_registers(desc["blocks"])
    regs_kernel += constants(KERNEL, desc) + structs_of(KERNEL, desc) + ["#endif /* __APU_REGS_H__ */"]
    regs_qemu = head(QEMU, "Registers of APU v1.") + qemu_registers(desc["blocks"]) + ["#endif"]
    return {
        "drivers/apu/apu_regs.h": regs_kernel,
        "qemu-device/overlay/hw/apu/apu_regs.h": regs_qemu,
        "qemu-device/overlay/hw/apu/apu_isa.h": in_qemu_style(isa_header(USER_QEMU, desc)),
        "qemu-device/overlay/hw/apu/apu_cmd_table.h": table_header(desc),
        "qemu-device/overlay/tests/qtest/apu-spec.h": test_table(desc),
        "hal/include/apu/apu_isa.h": isa_header(USER, desc),
        "hal/src/apu_cmd_table.h": table_header(desc),
        "Documentation/hardware/registers.rst": registers_rst(desc),
        "Documentation/hardware/structures.rst": structures_rst(desc),
        "Documentation/hardware/commands.rst": commands_rst(desc),
    }


def main():
    if sys.argv[1:] not in ([], ["--check"]):
        sys.exit("usage: gen-regs.py [--check]")
    desc = yaml.safe_load((TOP / SOURCE).read_text())
    check(desc)
    stale = []
    for path, lines in outputs(desc).items():
        text = "\n".join(lines).rstrip("\n") + "\n"
        target = TOP / path
        if target.exists() and target.read_text() == text:
            continue
        if sys.argv[1:]:
            stale.append(path)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        print(f"  GEN     {path}")
    if stale:
        sys.exit("gen-regs: not what the description says (run \"make generate\"): " + " ".join(stale))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The emulator with another build of the APU's device.

usage: emulator.py TREE DIR [FLAG…]

Compiles the device's sources of TREE with what QEMU was built with, and FLAGs, and links
them to DIR/qemu-system-aarch64, objects beside it. QEMU's own trees are everybody's:
nothing is written there. Needs what scripts/build-qemu has built.
"""

import glob
import json
import os
import shlex
import subprocess
import sys

BINARY = "qemu-system-aarch64"
SOURCES = "qemu-device/overlay/hw/apu/*.c"


class Failed(Exception):
    """A compiler's or the linker's complaint."""


class Emulator:
    """TREE holds the sources, DIRECTORY gets objects and program."""

    def __init__(self, tree, directory, flags=()):
        self.directory = directory
        self.binary = os.path.join(directory, BINARY)
        os.makedirs(directory, exist_ok=True)
        where = subprocess.run(["scripts/build-qemu", "dir"], cwd=tree, check=True, text=True,
                               stdout=subprocess.PIPE).stdout.strip()
        self.qemu = os.path.join(where, "build")
        text = subprocess.run(["ninja", "-C", self.qemu, "-t", "compdb", "-x"], check=True,
                              text=True, stdout=subprocess.PIPE).stdout
        # ninja tells of its directory first.
        commands = {e["output"]: e for e in json.loads(text[text.index("["):])}
        self.link = shlex.split(commands[BINARY]["command"]) + list(flags)
        self.compile = {}
        for source in sorted(glob.glob(os.path.join(tree, SOURCES))):
            output = next((o for o in self.link
                           if o.endswith(f"hw_apu_{os.path.basename(source)}.o")), None)
            if not output:
                raise Failed(f"QEMU was built without {source}: run scripts/build-qemu")
            words = shlex.split(commands[output]["command"])
            own = os.path.join(directory, os.path.basename(source) + ".o")
            swap = {output: own, commands[output]["file"]: source, f"{output}.d": f"{own}.d"}
            self.compile[os.path.relpath(source, tree)] = [swap.get(w, w) for w in words] + \
                list(flags)
            self.link[self.link.index(output)] = own
        self.link[self.link.index("-o") + 1] = self.binary
        self.built = set()

    def _sh(self, words):
        done = subprocess.run(words, cwd=self.qemu, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            raise Failed(done.stdout)

    def build(self, changed=()):
        """Builds what was never built, and what has CHANGED (paths in the tree)."""
        todo = [p for p in self.compile if p in changed or p not in self.built]
        self.built.difference_update(todo)
        for path in todo:
            self._sh(self.compile[path])
            self.built.add(path)
        self._sh(self.link)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        raise SystemExit(__doc__)
    try:
        Emulator(os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3:]).build()
    except Failed as error:
        raise SystemExit(f"{error}") from error

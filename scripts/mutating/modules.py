# SPDX-License-Identifier: MIT
"""The driver's modules, built anew where one file has changed.

Kbuild asks the compiler a hundred questions before it compiles one file. The commands that
it has used are beside the objects, so these are run again: compile, link, strip. That does
for what changes in a function; modpost is not asked, as a fault exports nothing.
"""

import glob
import os
import re
import shutil
import subprocess

from .running import Failed


class Modules:
    """The modules for KERNEL, of the sources in TREE."""

    def __init__(self, tree, kernel):
        self.tree, self.kernel = tree, kernel
        self.work = os.path.join(tree, "build/modules", kernel)
        self.dest = os.path.join(tree, "build/guest/modules", kernel)
        self.kernel_dir = os.path.realpath(os.path.join(tree, "build/kernel", kernel))

    def _sh(self, words, cwd):
        done = subprocess.run(words, cwd=cwd, stdin=subprocess.DEVNULL, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace")
        if done.returncode:
            raise Failed(done.stdout)

    def build(self):
        """All of them, by Kbuild."""
        self._sh(["scripts/build-modules", self.kernel], self.tree)

    def _again(self, target):
        """Runs the command that has made TARGET, relative to the work tree."""
        directory, name = os.path.split(target)
        with open(os.path.join(self.work, directory, f".{name}.cmd"), encoding="utf-8") as file:
            saved = re.match(r"savedcmd_(\S+) := (.*)$", file.readline())
        command = saved[2].replace("$(pound)", "#").replace("$$", "$")
        # Linux 6.12 builds modules from where the kernel is, newer ones from where they are.
        self._sh(["sh", "-c", command],
                 self.kernel_dir if os.path.isabs(saved[1]) else self.work)

    def _modules_of(self, target):
        """The modules that an object is linked into."""
        for name in glob.glob(os.path.join(self.work, "drivers/apu/*.mod")):
            with open(name, encoding="utf-8") as file:
                objects = [os.path.relpath(os.path.join(self.work, x), self.work)
                           for x in file.read().split()]
            if target in objects:
                yield os.path.relpath(name, self.work)[:-len(".mod")]

    def update(self, paths):
        """What comes of PATHS, C files of the tree."""
        names = set()
        for path in paths:
            shutil.copyfile(os.path.join(self.tree, path), os.path.join(self.work, path))
            target = path[:-len(".c")] + ".o"
            self._again(target)
            names.update(self._modules_of(target))
        for name in sorted(names):
            # A module may be one file of the same name.
            if f"{name}.c" not in paths:
                self._again(f"{name}.o")
            self._again(f"{name}.ko")
            self._sh(["aarch64-linux-gnu-strip", "--strip-debug", "-o",
                      os.path.join(self.dest, f"{os.path.basename(name)}.ko"), f"{name}.ko"],
                     self.work)

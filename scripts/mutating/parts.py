# SPDX-License-Identifier: MIT
"""The parts that faults are planted in: how each is built and tested, in a copy of the tree."""

import glob
import hashlib
import os
import re
import subprocess
from typing import NamedTuple

from . import emulator, modules, running
from .running import Failed


# For a build from nothing on a slow machine.
BUILD_S = 3600


class Suite(NamedTuple):
    """Tests: those that are cheaper come first."""
    name: str
    command: list
    # Files that get results while it runs, besides what it prints.
    watch: tuple = ()
    # Another kernel than usual, for which modules are needed.
    kernel: str = ""


class Part:
    """What the parts have in common. TREE is the copy."""
    name = ""
    sources = ()
    # Directories of the objects that tell whether a fault makes any difference.
    objects = ()
    objcopy = "objcopy"

    def __init__(self, tree, jobs):
        self.tree, self.jobs = tree, jobs
        self.build_dir = os.path.join(tree, "build")

    def files(self):
        """The sources, relative to the tree."""
        names = (n for pattern in self.sources
                 for n in glob.glob(os.path.join(self.tree, pattern)))
        return sorted(os.path.relpath(n, self.tree) for n in names)

    def sh(self, *command, **env):
        """Runs a command of a build."""
        log = os.path.join(self.build_dir, "mutant.build")
        outcome = running.run(["env", *(f"{k}={v}" for k, v in env.items()), *command],
                              self.tree, log, BUILD_S)
        if outcome.found:
            with open(log, encoding="utf-8", errors="replace") as file:
                raise Failed(file.read())

    def make(self, directory, where, *words):
        """A command: make in DIRECTORY, for the host or the guest."""
        build = os.path.join(self.build_dir, where)
        if where == "guest":
            tools = [f"CC={self.build_dir}/bin/aarch64-apu-cc", "AR=aarch64-linux-gnu-ar",
                     f"SYSROOT={self.build_dir}/rootfs", "CROSS_COMPILE=aarch64-linux-gnu-"]
        else:
            tools = ["CC=gcc", "AR=ar", "SYSROOT="]
        return ["make", "-s", "--no-print-directory", f"-j{self.jobs}", "-C", directory,
                f"BUILD={build}", *tools, *words]

    def machine(self, name, kernel, *program, limit=3600, options=(), shares=True):
        """Tests in the test machine; without SHARES, what they print goes to the console."""
        output = os.path.join(self.build_dir, "vm", "mutant", "output")
        tap = ["--output", os.path.join(self.build_dir, "mutant.tap")] if shares else []
        return Suite(name, ["scripts/vm", "run", "--kernel", kernel, "--mem", "2G", *options,
                            "--name", "mutant", "--timeout", str(limit), *tap,
                            "--", *program], (output,) if shares else ())

    def prepare(self):
        """Builds what does not change with a fault; done once."""

    def build(self, paths):
        """Builds what comes of PATHS."""
        raise NotImplementedError

    def suites(self, paths, bug=None):
        """The tests for a fault in PATHS, cheapest first."""
        raise NotImplementedError

    def code(self):
        """{object: hash of what is in it but lines for debuggers}"""
        hashes = {}
        for directory in self.objects:
            top = os.path.join(self.build_dir, directory)
            for name in glob.glob(os.path.join(top, "**", "*.o"), recursive=True):
                hashes[name] = self._hash(name)
        return hashes

    def _hash(self, name):
        with open(name, "rb") as file:
            key = hashlib.sha256(file.read()).hexdigest()
        # Of those that are as they were, the answer is known.
        known = self.__dict__.setdefault("_known", {})
        if key not in known:
            plain = os.path.join(self.build_dir, "mutant.o")
            subprocess.run([self.objcopy, "-g", name, plain], check=True)
            with open(plain, "rb") as file:
                known[key] = hashlib.sha256(file.read()).hexdigest()
        return known[key]


# All of the collection.
KSELFTEST = "/apu/selftests/run_kselftest.sh"
# Some programs, of which not all are in the collection, or tests of them.
PROGRAMS = ("sh", "-c", """
for t; do
	case $t in
	*:*) "/apu/selftests/${t%%:*}" -t "${t#*:}" ;;
	*) "/apu/selftests/$t" ;;
	esac || exit
done""", "sh")


class Driver(Part):
    name = "driver"
    sources = ("drivers/apu/*.c",)
    objcopy = "aarch64-linux-gnu-objcopy"
    kernel = "next-plain"

    def __init__(self, tree, jobs):
        super().__init__(tree, jobs)
        self.objects = (f"modules/{self.kernel}/drivers",)
        self.built = {}

    def modules(self, kernel):
        """The modules for a kernel; the first time all are built."""
        if not os.path.exists(os.path.join(self.build_dir, "kernel", kernel, "Image")):
            raise SystemExit(f"error: the kernel {kernel} is not built: run 'make mutants'")
        if kernel not in self.built:
            self.built[kernel] = modules.Modules(self.tree, kernel)
            self.built[kernel].build()
        return self.built[kernel]

    def prepare(self):
        self.modules(self.kernel)

    def build(self, paths):
        for kernel in self.built.values():
            kernel.update(paths)

    def sleep(self, name, kernel, *words):
        # It takes the shares off, so nothing may use one.
        return self.machine(name, kernel, "/apu/selftests/sleep.sh", *words, shares=False)

    def area(self, name, kernel, tests):
        if tests[0].startswith("sleep.sh:"):
            return self.sleep(name, kernel, *(w for t in tests for w in ("-t", t[9:])))
        long = {"apu_ladder", "apu_recovery"} & set(tests)
        return self.machine(name, kernel, *PROGRAMS, *tests,
                            options=("--env", "APU_ROUNDS=2") if long else ())

    def suites(self, paths, bug=None):
        if bug:
            yield self.area("area", self.kernel, bug.tests)
        for kernel in bug.kernels if bug else ():
            yield self.area(f"area {kernel}", kernel, bug.tests)._replace(kernel=kernel)
        if not bug:
            yield self.area("kunit", self.kernel, ["apu_kunit.sh"])
        yield self.machine("selftests", self.kernel, KSELFTEST)
        yield self.area("ladder", self.kernel, ["apu_ladder"])
        yield self.sleep("sleep", self.kernel)


class Hal(Part):
    name = "hal"
    sources = ("hal/src/*.c", "hal/neuron/*.c")
    objects = ("host/obj/hal/src", "host/obj/hal/neuron")

    def build(self, paths):
        # Not all: programs that link the libraries are of no interest here.
        lib = os.path.join(self.build_dir, "host/lib")
        self.sh(*self.make("hal", "host", f"{lib}/libapu.a", f"{lib}/libneuron_runtime.so"))

    def suites(self, paths, bug=None):
        env = ["env", "CMOCKA_MESSAGE_OUTPUT=TAP",
               "ASAN_OPTIONS=detect_leaks=1:detect_stack_use_after_return=1"]
        yield Suite("units", env + self.make("hal", "host", "check-units"))
        yield Suite("address", env + self.make("hal", "host", "check-units", "SAN=address"))
        yield Suite("thread", env + self.make("hal", "host", "check-units", "SAN=thread"))
        yield Suite("for the guest", self.make("hal", "guest", "all"))
        yield self.machine("device", "next-plain", "sh", "-c",
                           "/apu/tests/libapu && /apu/tests/neuron", limit=900)


class Compiler(Part):
    name = "compiler"
    sources = ("tools/ncc-tflite/*.c", "tools/neuronrt/*.c", "tools/dla-dump/*.c",
               "tools/apu-dump/*.c")
    objects = tuple(f"host/obj/{n}" for n in ("ncc-tflite", "neuronrt", "dla-dump", "apu-dump"))

    def files(self):
        # The others are tests.
        tests = re.compile(r"/(fake_|test_|make-)")
        return [n for n in super().files() if not tests.search(n)]

    def prepare(self):
        self.sh(*self.make("hal", "host", "all"))

    def build(self, paths):
        self.sh(*self.make("tools", "host", "all"))

    def suites(self, paths, bug=None):
        for directory in sorted({os.path.dirname(p) for p in paths}):
            yield Suite(os.path.basename(directory), self.make(directory, "host", "check"))
        if any("/ncc-tflite/" in p for p in paths):
            yield Suite("oracle", ["scripts/tests/oracle", "--sim", "--scale", "8"])


class Device(Part):
    name = "device"
    sources = (emulator.SOURCES,)
    objects = ("device",)
    # What qemu-device/tests links.
    arithmetic = re.compile(r"/apu_(exec|cost|fixed|mdla|simd|edma|mvpu)\w*\.c$")

    def prepare(self):
        self.emulator = emulator.Emulator(self.tree, os.path.join(self.build_dir, "device"))
        self.binary = os.path.join(self.build_dir, "bin", emulator.BINARY)

    def build(self, paths):
        try:
            self.emulator.build(paths)
        except emulator.Failed as error:
            raise Failed(str(error)) from error
        os.remove(self.binary)
        os.rename(self.emulator.binary, self.binary)

    def suites(self, paths, bug=None):
        if any(self.arithmetic.search(p) for p in paths):
            yield Suite("arithmetic", self.make("qemu-device/tests", "apu-exec", "check"))
        for test in sorted(glob.glob(os.path.join(self.build_dir, "bin/qtest/apu-*test"))):
            yield Suite(os.path.basename(test),
                        ["env", f"QTEST_QEMU_BINARY={self.binary}", test, "--tap", "-k"])
        yield self.machine("selftests", "next-plain", KSELFTEST)
        yield Suite("oracle", ["env", "KERNEL=next", "FLAVOUR=plain", "scripts/tests/oracle",
                               "--scale", "8"])


PARTS = {p.name: p for p in (Hal, Compiler, Device, Driver)}


def run(suite, tree, limit):
    """Runs a suite."""
    log = os.path.join(tree, "build", "mutant.log")
    return running.run(suite.command, tree, log, limit, suite.watch)

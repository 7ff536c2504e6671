# SPDX-License-Identifier: MIT
"""Reads lists of bugs, as driver.bugs, and plants them.

An entry begins with a line without indentation, "name: what is wrong", and ends at an
empty line. Its other lines:

    in FILE [FUNCTION]      where; a list may give several, each with its - and +
    - text                  what is there once, or
    + text                  what takes its place; several lines of each follow each other
    tests PROGRAM[:TEST]…   selftests that are run first
    kernel KERNEL           run these on that kernel too, for what only a checker sees
    survives: reason        it is known that no test finds it, and why

Runs of white space stand for any white space, and are kept as they are where the new
text has them too, so that reformatting does not matter. Text that is not there, or more
than once, is an error.
"""

import re
from dataclasses import dataclass, field


class Stale(Exception):
    """An entry that does not apply any more."""


@dataclass
class Edit:
    """A change of one file."""
    path: str
    function: str = ""
    old: list = field(default_factory=list)
    new: list = field(default_factory=list)

    def span(self, text):
        """Where in TEXT the change may be: all of it, or the body of the function."""
        if not self.function:
            return 0, len(text)
        found = list(re.finditer(r"^[A-Za-z_][^\n;]*\b" + re.escape(self.function)
                                 + r"\([^;{}]*\)\s*\{$.*?^\}", text, re.M | re.S))
        if len(found) != 1:
            raise Stale(f"{self.path} has {len(found)} functions {self.function}()")
        return found[0].span()

    def apply(self, text):
        start, end = self.span(text)
        words = " ".join(self.old).split()
        regex = re.compile(r"\s+".join(re.escape(w) for w in words))
        found = list(regex.finditer(text, start, end))
        where = f"{self.path}{' ' + self.function + '()' if self.function else ''}"
        if len(found) != 1:
            raise Stale(f"{where} has '{' '.join(words)}' {len(found)} times")
        old = found[0].group()
        new = "\n".join(self.new)
        # As many lines as before, see operators.py.
        new += "\n" * (old.count("\n") - new.count("\n"))
        return text[:found[0].start()] + new + text[found[0].end():]


@dataclass
class Bug:
    """An entry."""
    name: str
    title: str
    edits: list = field(default_factory=list)
    tests: list = field(default_factory=list)
    kernels: list = field(default_factory=list)
    survives: str = ""

    def apply(self, read):
        """The changed files, {path: text}; READ gives the text of a path."""
        texts = {}
        for edit in self.edits:
            text = texts[edit.path] if edit.path in texts else read(edit.path)
            texts[edit.path] = edit.apply(text)
        return texts


def _line(bug, line, where):
    word, _, rest = line.partition(" ")
    if word == "in":
        bug.edits.append(Edit(*rest.split()))
    elif word in "-+" and bug.edits:
        edit = bug.edits[-1]
        (edit.old if word == "-" else edit.new).append(rest)
    elif word == "tests":
        bug.tests += rest.split()
    elif word == "kernel":
        bug.kernels += rest.split()
    elif word == "survives:":
        bug.survives = rest
    else:
        raise SystemExit(f"error: {where}: cannot read '{line}'")


def load(path):
    """The entries of a list."""
    bugs, bug = [], None
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            line = line.rstrip("\n")
            if line.startswith("#"):
                continue
            if not line.strip():
                bug = None
            elif bug is None:
                name, _, title = line.partition(": ")
                bug = Bug(name, title)
                bugs.append(bug)
            elif line[0] == "\t":
                _line(bug, line[1:], f"{path}:{number}")
            else:
                raise SystemExit(f"error: {path}:{number}: no tab before '{line}'")
    names = [b.name for b in bugs]
    for b in bugs:
        if names.count(b.name) > 1 or not all(e.old for e in b.edits) or not b.edits:
            raise SystemExit(f"error: {path}: {b.name} is there twice, or changes nothing")
    return bugs

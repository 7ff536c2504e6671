# SPDX-License-Identifier: MIT
"""Small faults that can be planted in any C source.

A site is a place in a text where an operator applies. No operator changes the number of
lines: what the compiler makes of __LINE__ stays, so that equal objects mean equal code.
"""

import re
from typing import NamedTuple


class Site(NamedTuple):
    """A replacement of text[start:end]."""
    kind: str
    start: int
    end: int
    new: str

    def apply(self, text):
        return text[:self.start] + self.new + text[self.end:]

    def line(self, text):
        return text.count("\n", 0, self.start) + 1

    def describe(self, text):
        """The line before and after, without its indentation."""
        begin = text.rfind("\n", 0, self.start) + 1
        end = text.find("\n", self.end)
        old = text[begin:end if end >= 0 else len(text)]
        new = old[:self.start - begin] + self.new + old[self.end - begin:]
        return " ".join(old.split()), " ".join(new.split())


# What is not code: comments, strings and characters.
NO_CODE = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.S)
# Preprocessor lines, but for the values of constants.
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
CONSTANT = re.compile(r"^#define[ \t]+[A-Z][A-Z0-9_]*[ \t]+(?=\d+[ \t]*$)", re.M)
# What makes text for people, and what is checked when it is compiled.
TALK = re.compile(r"^[ \t]*(?:\w*(?:printf|_err|_warn|_dbg|_info|log_mask|error_setg|perror)\w*|"
                  r"trace_\w+|dev_err_probe|MODULE_\w+|static_assert|QEMU_BUILD_BUG_ON|"
                  r"lockdep_assert\w*|g?assert\w*)\s*\((?:[^;{}]*?)\)\s*;", re.M)

BOUNDS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
CONDITIONS = {"==": "!=", "!=": "==", "&&": "||", "||": "&&"}
VERBS = (r"put|unlock|unref|release|free|flush|inv|invalidate|reap|fini|exit|cleanup|cancel|close|"
         r"destroy|signal|complete|wake|notify|get|ref|lock|enter|del|remove|stop|start|disable|"
         r"enable|unmap|sync|barrier|[rw]?mb|push|queue|abort|reset|clear|kick|update|raise|drop|"
         r"assert|deassert")
CALL = re.compile(r"^([ \t]+)((?:\w+\.|\w+->)*\w*(?:" + VERBS + r")(?:_[a-z0-9]+){0,2}"
                  r"\([^;{}]*?\));", re.M)
BINARY = re.compile(r"(?<=[\w)\]] )(<=|>=|==|!=|&&|\|\||<|>)(?= [^\n]|\n)")
TEST = re.compile(r"\b(?:if|while) \(([^\n]*)\)(?= \{$|$)", re.M)
NUMBER = re.compile(r"(?<![\w.])(0|[1-9]\d*|0x[0-9a-fA-F]+)(U|UL|ULL|L|LL|u|ul|ull)?(?![\w.])")


def _blank(text, regex, keep=None):
    """TEXT with what REGEX finds replaced by spaces, line ends left alone."""
    def spaces(match):
        if keep and keep(match):
            return match.group()
        return re.sub(r"[^\n]", " ", match.group())
    return regex.sub(spaces, text)


def code_of(text):
    """TEXT with everything that no operator shall touch blanked out."""
    code = _blank(text, NO_CODE)
    code = _blank(code, DIRECTIVE, lambda m: CONSTANT.match(m.group()))
    return _blank(code, TALK)


def _bounds(code):
    for m in BINARY.finditer(code):
        if m[1] in BOUNDS:
            yield Site("bound", m.start(1), m.end(1), BOUNDS[m[1]])


def _conditions(code):
    for m in BINARY.finditer(code):
        if m[1] in CONDITIONS:
            yield Site("condition", m.start(1), m.end(1), CONDITIONS[m[1]])
    for m in TEST.finditer(code):
        if m[1].count("(") == m[1].count(")"):
            yield Site("condition", m.start(1), m.end(1), f"!({m[1]})")


def _calls(code):
    for m in CALL.finditer(code):
        if m[2].count("(") == m[2].count(")"):
            yield Site("call", m.start(2), m.end(2),
                       "(void)0" + "\n" * m[2].count("\n"))


def _constants(code):
    for m in NUMBER.finditer(code):
        value = int(m[1], 0)
        new = hex(value + 1) if m[1].startswith("0x") else str(value + 1)
        yield Site("constant", m.start(), m.end(), new + (m[2] or ""))


OPERATORS = {"bound": _bounds, "condition": _conditions, "call": _calls, "constant": _constants}


def sites(text):
    """All sites of a source by kind, in the order of the text."""
    code = code_of(text)
    return {kind: list(find(code)) for kind, find in OPERATORS.items()}

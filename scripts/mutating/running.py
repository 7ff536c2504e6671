# SPDX-License-Identifier: MIT
"""Runs commands of which only one thing matters: whether they find something wrong."""

import os
import re
import shutil
import signal
import subprocess
import time
from typing import NamedTuple

NOT_OK = re.compile(rb"^(?:# |    )*(not ok\b[^\n]*)\n", re.M)
# Of what is not TAP, a line with the reason.
TELLING = re.compile(r"vm: |ERROR|[Ee]rror:|FAILED|Sanitizer|panic|Segmentation|Aborted|Error 1\d\d")
# Long enough for the test machine to stop.
END_S = 20
LOOK_S = 0.5


class Failed(Exception):
    """What was to build something has failed; what it said."""


class Outcome(NamedTuple):
    """FOUND is None if nothing was found, else what; LATE if that was the time limit."""
    found: str | None
    late: bool = False
    seconds: float = 0


def _end(process):
    """Ends a command and all that it has started."""
    for number in signal.SIGTERM, signal.SIGKILL:
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def _failure(log):
    """The first test that failed, by what was printed so far."""
    try:
        with open(log, "rb") as file:
            match = NOT_OK.search(file.read())
    except FileNotFoundError:
        return None
    return match[1].decode(errors="replace") if match else None


def _last_words(log):
    with open(log, "rb") as file:
        lines = [x.strip() for x in file.read().decode(errors="replace").split("\n")]
    telling = [x for x in lines if not x.startswith("#") and TELLING.search(x)]
    lines = [x for x in lines if x]
    return (telling or lines or ["says nothing"])[0 if telling else -1][:160]


def run(command, cwd, log, limit, watch=()):
    """Runs COMMAND until it ends, a test in LOG or in one of WATCH fails, or LIMIT seconds
    are over."""
    start = time.monotonic()
    for name in watch:
        shutil.rmtree(name, ignore_errors=True)
        if os.path.exists(name):
            os.remove(name)
    with open(log, "wb") as out, subprocess.Popen(
            command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            start_new_session=True) as process:
        try:
            while True:
                try:
                    process.wait(LOOK_S)
                except subprocess.TimeoutExpired:
                    pass
                seconds = time.monotonic() - start
                found = next(filter(None, map(_failure, (log, *watch))), None)
                if found:
                    return Outcome(found, seconds=seconds)
                if process.returncode is not None:
                    break
                if seconds > limit:
                    return Outcome(f"no end within {limit:.0f} s", True, seconds)
        finally:
            _end(process)
    if process.returncode:
        return Outcome(f"exit status {process.returncode}: {_last_words(log)}", seconds=seconds)
    return Outcome(None, seconds=seconds)

"""What the tests of the answers share: record a small program, ask vmatrace, look at its own account."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from expect import check, equal, finish

BUILD = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else ".")
SOURCES = os.path.dirname(os.path.abspath(__file__))
VMATRACE = os.path.join(BUILD, "vmatrace")


def guilty(name, word="guilty"):
    """The line number that a program's source marks."""
    with open(os.path.join(SOURCES, name + ".c"), encoding="utf-8") as source:
        for number, line in enumerate(source, 1):
            if f"/* {word}" in line:
                return number
    raise ValueError(f"{name}.c has no line marked {word}")


def crc32c(data):
    """As include/vmatrace/crc32c.h has it: no inversion before or after."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc


class Run:
    """One program recorded. status: as the shell sees it; out: its standard output."""

    def __init__(self, name, *arguments, environment=None, options=(), folder=None, build="",
                 inside=False):
        self.name = name
        self.folder = folder or tempfile.mkdtemp(prefix="answers.")
        self.own_folder = not folder
        self.trace = os.path.join(self.folder, f"{name}.{len(os.listdir(self.folder))}/")
        done = subprocess.run(
            [VMATRACE, "record", "-q", *options, "-o", self.trace, "--",
             *self.command(name, build), *arguments],
            stdout=subprocess.PIPE, text=True, check=False,
            cwd=self.folder if inside else None,
            env={**os.environ, **(environment or {})})
        self.status = done.returncode
        self.out = done.stdout

    def command(self, name, build):
        return [os.path.join(BUILD, build, "answers_" + name)]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.own_folder:
            shutil.rmtree(self.folder)

    def told(self, command, *arguments, operand_first=False):
        """(status, standard output, standard error) of a command; the trace is its last operand or its first."""
        words = [VMATRACE, command, "-q"]
        words += [self.trace, *arguments] if operand_first else [*arguments, self.trace]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr

    def ask(self, command, *arguments, status=0, operand_first=False):
        """Standard output of a command that ends with that status."""
        got, out, err = self.told(command, *arguments, operand_first=operand_first)
        if got != status:
            check(f"{self.name}: {command} {' '.join(arguments)}", False,
                  f"status {got}, expected {status}: {err.strip()}")
        return out

    def json(self, command, *arguments, **how):
        return json.loads(self.ask(command, "--format", "json", *arguments, **how))

    def maps(self, moment):
        """Bytes and rows of the kernel's list as the program read it, from its output."""
        match = re.search(rf"^maps {moment} (\d+) (\d+)$", self.out, re.M)
        return int(match[1]), int(match[2])


class Script(Run):
    """A shell script recorded, with what it runs. name: its text."""

    def __init__(self, text, **how):
        self.text = text
        super().__init__("script", **how)

    def command(self, name, build):
        return ["sh", "-c", self.text]


def place(stack):
    """(function, line) of the innermost frame in a program's own source."""
    for frame in stack:
        if frame["file"] and frame["module"] and "/answers_" in frame["module"]:
            return frame["function"], frame["line"]
    return None

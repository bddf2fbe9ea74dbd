#!/usr/bin/env python3
"""peak: it is found and kept in one replay; each moment asked for by its number must agree which it is, and on all of it."""
import gzip
import json
import os
import shutil
import sys

from common import BUILD, SOURCES, Run, check, equal, finish
from expect import failures

GOLDEN = os.path.join(SOURCES, "..", "traces", "v1")


class Golden(Run):
    """A trace as it was written long ago."""

    def __init__(self, name):
        self.name, self.folder, self.own_folder = name, os.path.join(os.getcwd(), f"peak.{os.getpid()}"), True
        os.makedirs(self.folder)
        self.trace = os.path.join(self.folder, "golden.vmat")
        with gzip.open(os.path.join(GOLDEN, name + ".vmat.gz")) as packed, open(self.trace, "wb") as trace:
            shutil.copyfileobj(packed, trace)


class Sample(Run):
    def command(self, name, build):
        return [os.path.join(BUILD, "samples", name)]


def size(run, moment):
    """Bytes and rows of what the replay has there."""
    rows = [line.split(" ", 1)[0].split("-") for line in run.ask("maps", "--at", moment).splitlines()]
    return sum(int(end, 16) - int(start, 16) for start, end in rows), len(rows)


def moments(run):
    """In the order of the replay: these traces are of one thread."""
    for event in json.loads(run.ask("events", "--format", "json")):
        if event["seq"] < 1 << 47:  # implicit changes and calls in flight have no moment of their own
            yield f"@{event['seq']}-"
            yield f"@{event['seq']}"
    yield "end"


def named(text, moment):
    """What mm says of the moment's name is all that may differ."""
    return text.replace(f'"at":"{moment}"', '"at":""').replace(f") at {moment}\n", ") at\n").splitlines()


def same(run, word, moment):
    for command in (("maps", "--who"), ("maps", "--format", "json"), ("mm", "--format", "jsonl"), ("mm",)):
        got = named(run.ask(*command, "--at", word), word)
        expected = named(run.ask(*command, "--at", moment), moment)
        check(f"{run.name}: {' '.join(command)} --at {word} is {moment}", got and got == expected,
              [pair for pair in zip(got, expected) if pair[0] != pair[1]][:3])


def ask(run):
    sizes = [(moment, *size(run, moment)) for moment in moments(run)]
    check(f"{run.name}: it moves", len({(of, rows) for _, of, rows in sizes}) > 1, sizes)
    for word, what in (("peak", 1), ("peak-vmas", 2)):
        most = max(sizes, key=lambda of: of[what])  # the first of equal ones
        same(run, word, most[0])


def locked(run):
    """The peak's own call locks what it maps."""
    if run.status == 77:
        print("skipped: peak_locked may lock no memory")
        sys.exit(1 if failures else 77)
    equal("peak_locked: its status", run.status, 0)
    ask(run)
    told = run.json("mm", "--at", "peak")
    equal("peak_locked: locked at the peak", told["locked_vm"], 4)
    equal("peak_locked: none at the end", run.json("mm")["locked_vm"], 0)


def unseen(run, *, at_end):
    """Only a list of the kernel's shows the most there is: it has the moment of the event behind, or that of the end."""
    last = [event["args"]["since_ns"] for event in run.json("events") if event["call"] == "implicit"]
    check(f"{run.name}: some of it is implicit", last)
    sizes = [size(run, moment) for moment in ("start", "peak", "end")]
    check(f"{run.name}: and more than all else", sizes[1][0] > sizes[0][0] + (60 << 20), sizes)
    equal(f"{run.name}: at the end", sizes[2] == sizes[1], at_end)
    ask(run)


def main():
    for name in ("good", "torn", "wrapped", "packed", "unknown"):
        with Golden(name) as run:
            ask(run)
    for name, environment in (("mm_fields", {}), ("mm_fields", {"VMATRACE_COVERAGE": "calls"}), ("protect", {}),
                              ("heap_growth", {})):
        with Sample(name, environment=environment) as run:
            ask(run)
    with Run("unseen_peak", options=("--ring", "256")) as run:
        unseen(run, at_end=False)
    with Run("unseen_peak", "last", options=("--ring", "256")) as run:
        unseen(run, at_end=True)
    with Run("peak_locked") as run:
        locked(run)
    finish()


main()

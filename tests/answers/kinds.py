#!/usr/bin/env python3
"""The kind of each VMA against those who know what the memory is for: dl_iterate_phdr, pthread_getattr_np, ..."""
import re
import sys

from common import Run, check, equal, finish
from expect import failures

WANTED = {"text", "rodata", "data", "loader", "heap", "malloc-arena", "malloc-block", "thread-stack",
          "main-stack", "guard", "file", "shm", "memfd", "sysv", "anonymous", "jit", "vdso"}


def agree(run):
    """The same events are of a kind to whichever command is asked."""
    for kind in sorted(WANTED):
        changes = {(change["pid"], change["seq"]) for change
                   in run.json("timeline", "--kind", kind, "-n", "0")
                   if change["call"] != "implicit" and not change["internal"]}
        events = {(event["pid"], event["seq"]) for event in run.json("events", "--kind", kind)
                  if event["call"] != "implicit" and not event["internal"]}
        equal(f"{kind}: events and timeline", events, changes)
        equal(f"{kind}: sites and timeline",
              sum(site["calls"] for site in run.json("sites", "--kind", kind)), len(changes))


def said_by(run):
    return [(int(start, 16), int(end, 16), kind) for start, end, kind
            in re.findall(r"^kind (\w+) (\w+) (\S+)$", run.out, re.M)]


def judged(run, moment):
    """maps at the moment against what the program said."""
    rows = [(int(part["vm_start"], 16), int(part["vm_end"], 16), part["kind"])
            for row in run.json("maps", "--at", moment)
            for part in row.get("parts", [row])]
    for start, end, kind in said_by(run):
        got = {row[2] for row in rows if row[0] < end and start < row[1]}
        check(f"{moment}: {start:x}-{end:x}", got == {kind}, f"{got}, {kind} by the judge")


def main():
    with Run("kinds_judge") as run:
        equal("its status", run.status, 0)
        equal("every kind was judged", {kind for _, _, kind in said_by(run)}, WANTED)
        judged(run, "mark:judged")
        agree(run)
    with Run("in_its_place") as run:
        if run.status == 77:
            print("skipped: the second library did not come to lie where the first one was")
            sys.exit(1 if failures else 77)
        equal("in_its_place: its status", run.status, 0)
        judged(run, "mark:second")
        judged(run, "peak")
    finish()


main()

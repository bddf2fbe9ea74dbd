#!/usr/bin/env python3
"""The kind of each VMA against those who know what the memory is for: dl_iterate_phdr, pthread_getattr_np, ..."""
import re

from common import Run, check, equal, finish

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


def main():
    with Run("kinds_judge") as run:
        equal("its status", run.status, 0)
        said = [(int(start, 16), int(end, 16), kind) for start, end, kind
                in re.findall(r"^kind (\w+) (\w+) (\S+)$", run.out, re.M)]
        equal("every kind was judged", {kind for _, _, kind in said}, WANTED)
        rows = [(int(part["vm_start"], 16), int(part["vm_end"], 16), part["kind"])
                for row in run.json("maps", "--at", "mark:judged")
                for part in row.get("parts", [row])]
        for start, end, kind in said:
            got = {row[2] for row in rows if row[0] < end and start < row[1]}
            check(f"{start:x}-{end:x}", got == {kind}, f"{got}, {kind} by the judge")
        agree(run)
    finish()


main()

#!/usr/bin/env python3
"""What each part of the address space is, as the program knows it: libc's own and the like of it.

    kinds.py BUILD ACT
"""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "programs"))
from harness import need, perform, skip  # noqa: E402


def rows_of(bench, trace, hide):
    """Of what several calls mapped side by side each one's part."""
    rows = json.loads(read_hidden(bench, hide, "maps", "--at", "mark:look", "--format", "json", trace))
    return [part for row in rows for part in row.get("parts", [row])]


def read_hidden(bench, hide, *arguments):
    """The analyzer, with no separate debug files in sight where `hide`: the names that a stripped libc exports."""
    command = [bench.vmatrace, *arguments]
    if hide:
        command = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /usr/lib/debug; exec "$@"', "sh", *command]
    return subprocess.run(command, capture_output=True, timeout=120, check=True,
                          env=bench.environment(False)).stdout


# The changes that the timeline must know the kind of, by the kind that the program gives the memory.
CHANGES = {"malloc-arena": {"create", "protect"}, "thread-stack": {"create", "protect"},
           "malloc-block": {"create", "remove"}}


def kinds(bench, check, hide=False):
    """Each part's kind is what the program knows; the same shapes made by itself are anonymous."""
    done = bench.run([os.path.join(bench.build, "site_kinds"),
                      os.path.join(bench.build, "libsite_kinds_plugin.so")], True)
    (trace,) = bench.trace_files()
    rows = [(int(row["vm_start"], 16), int(row["vm_end"], 16), row["kind"])
            for row in rows_of(bench, trace, hide)]
    changes = [json.loads(line) for line in
               read_hidden(bench, hide, "timeline", "--format", "jsonl", trace).splitlines()]
    lines = [line.split() for line in done.stdout.decode().splitlines()]
    check.that(len(lines) == 23, f"{len(lines)} lines: {done.stdout}")
    for kind, start, end in lines:
        start, end = int(start, 16), int(end, 16)
        found = {row[2] for row in rows if row[0] < end and start < row[1]}
        check.equal(f"{start:x}-{end:x}", found, {kind})
        made = {change["change"] for change in changes if change["kind"] == kind and
                int(change["vm_start"], 16) <= start < int(change["vm_end"], 16)}
        wanted = CHANGES.get(kind, set())
        if made & {"merge", "shrink", "split"}:  # with a neighbour, and so its end is another's
            made |= {"create", "remove"}
        check.that(made >= wanted, f"{kind} {start:x}-{end:x}: in the timeline {made}")


def kinds_stripped(bench, check):
    need("unshare")
    if os.geteuid():
        skip("root hides the debug files")
    os.makedirs("/usr/lib/debug", exist_ok=True)
    kinds(bench, check, True)


if __name__ == "__main__":
    perform({f.__name__: f for f in (kinds, kinds_stripped)})

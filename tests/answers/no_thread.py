#!/usr/bin/env python3
"""no_thread: where no thread is to be had every command says the same, byte for byte, as where there are some."""
import os
import subprocess
import sys

from common import BUILD, VMATRACE, Run, check, equal, finish

PRELOAD = os.path.join(BUILD, "libno_thread.so")
# A command, and whether it works in more than one thread.
COMMANDS = (
    (True, "timeline", "-q"),
    (True, "timeline", "-q", "-n", "0"),
    (True, "timeline", "-q", "--format", "jsonl", "-n", "0"),
    (True, "timeline", "-q", "--from", "@10", "--to", "@25", "-n", "0"),
    (True, "timeline", "-q", "-n", "0", "--internal", "--kind", "anonymous,tracer"),
    (False, "maps", "-q", "--who", "--at", "peak"),
    (False, "mm", "-q", "--at", "peak-vmas"),
    (True, "budget", "-q"),
    (True, "events", "-q"),
    (True, "events", "-q", "--format", "jsonl"),
    (False, "events", "-q", "--kind", "anonymous"),
    (True, "sites", "-q"),
    (True, "sites", "-q", "--format", "json", "-n", "0"),
    (True, "leaks", "-q", "--fail"),
    (True, "leaks", "-q", "--format", "json"),
    (True, "diff", "-q", "start..end"),
    (True, "diff", "-q", "--format", "json", "@30..end"),
    (False, "diff", "-q", "mark:a..mark:b"),  # no such marks
    (True, "diff", "-q", "end..@20", "-n", "0"),
    (True, "diff", "-q", "peak..peak-vmas"),
    (False, "protections", "-q"),
    (True, "check", "-q", "--format", "json"),
    (True, "check", "-q", "-n", "0"),
)


def told(command, trace, **more):
    done = subprocess.run([VMATRACE, *command, trace], capture_output=True, check=False,
                          env={**os.environ, "ASAN_OPTIONS": "verify_asan_link_order=0", **more})
    return done.returncode, done.stdout, done.stderr


def ask_all(run):
    log = os.path.join(run.folder, "refused")
    for threads, *command in COMMANDS:
        what = f"{run.name}: {' '.join(command)}"
        expected = told(command, run.trace)
        got = told(command, run.trace, LD_PRELOAD=PRELOAD, NO_THREAD_LOG=log)
        equal(f"{what}: status", got[0], expected[0])
        for stream, mine, theirs in zip(("stdout", "stderr"), got[1:], expected[1:]):
            check(f"{what}: {stream}", mine == theirs,
                  f"{len(mine)} bytes, expected {len(theirs)}: {mine[:200]!r}, expected {theirs[:200]!r}")
        check(f"{what}: says something", expected[1] or expected[2])
        check(f"{what}: asked for a thread", not threads or os.path.exists(log))
        if os.path.exists(log):
            os.unlink(log)


def main():
    if not os.path.exists(PRELOAD):
        print(f"no '{PRELOAD}'")
        sys.exit(1)
    with Run("leak_loop", "500") as run:
        ask_all(run)
    with Run("unjoined") as run:
        ask_all(run)
    with Run("shm_removed") as run:
        for name in run.out.split()[5:7]:
            os.unlink("/dev/shm" + name)
        ask_all(run)
    finish()


main()

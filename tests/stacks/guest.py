#!/usr/bin/env python3
"""What the unwinder must not do to the program it is a guest of.

    guest.py BUILD steady | bindings | descriptors
"""
import json
import os
import re
import subprocess
import sys
import tempfile

BUILD = sys.argv[1]


def run(folder, program, *arguments, **settings):
    environment = dict(os.environ, LD_PRELOAD=os.path.join(BUILD, "libvmatrace.so"),
                       VMATRACE_OUT=os.path.join(folder, "t.vmat"), **settings)
    return subprocess.run([os.path.join(BUILD, program), *arguments], env=environment, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def steady(folder):
    """A lap of 16,384 slots, and a little, so that every page is there; then less than a quarter of one, at whose
    ends snapshots are taken."""
    done = run(folder, "stacks_confined", "8400", "1500", VMATRACE_RING="16384")
    if done.returncode == 77:
        return 77
    read = subprocess.run([os.path.join(BUILD, "vmatrace"), "events", "-q", "--format", "jsonl",
                           os.path.join(folder, "t.vmat")], check=True, stdout=subprocess.PIPE)
    events = [json.loads(line) for line in read.stdout.splitlines()][-3000:]
    whole = sum(event["call"] in ("mmap", "munmap") and not event["flags"] for event in events)
    print(f"ended with {done.returncode}; of the last {len(events)} events {whole} have whole stacks")
    return 0 if done.returncode == 0 and whole == 3000 else 1


def bindings(folder):
    """A C program loads a C++ plugin that throws: its exceptions are libgcc's business."""
    done = run(folder, "stacks_host", os.path.join(BUILD, "stacks_plugin.so"), LD_DEBUG="bindings")
    said = done.stderr.decode(errors="replace")
    bound = re.findall(r"binding file (\S+) \[\d+\] to (\S+) \[\d+\]: \S+ symbol [`'](\S+)'", said)
    unwinding = [(source, target, name) for source, target, name in bound
                 if name.startswith("_Unwind_") or name == "backtrace"]
    taken = [row for row in unwinding if "libunwind" in row[1] and "libunwind" not in row[0]]
    print(f"ended with {done.returncode}; {len(bound)} bindings, {len(unwinding)} of _Unwind_* or backtrace, "
          f"{len(taken)} taken by libunwind: {taken[:3]}")
    return 0 if done.returncode == 0 and unwinding and not taken else 1


def descriptors(folder):
    done = run(folder, "stacks_descriptors")
    print(done.stdout.decode(), f"ended with {done.returncode}")
    return 0 if done.returncode == 0 else 1


with tempfile.TemporaryDirectory() as scratch:
    sys.exit({"steady": steady, "bindings": bindings, "descriptors": descriptors}[sys.argv[2]](scratch))

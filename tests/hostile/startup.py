#!/usr/bin/env python3
"""Calls before main and after it (startup.c, resolver.c, edges.c): the same output and end with the recorder as
without, the calls that can be seen in the trace, and those that cannot counted.

    startup.py BUILD ACT
"""
import os
import shutil
import subprocess

import hostile
from hostile import counts, own
from harness import need, skip  # hostile knows where it is

HERE = os.path.dirname(os.path.abspath(__file__))
LOADER = "/lib64/ld-linux-x86-64.so.2"
MAPPED_IN_EDGE = 9 * 3
# What a resolver calls that changes VMAs: resolver.c; an attempt that fails counts like any other.
RESOLVER_CALLS = {"mmap": 3, "munmap": 3, "mprotect": 2, "mremap": 2, "madvise": 2}


def build(bench, name, *sources, flags=(), compiler="gcc"):
    need(compiler)
    path = os.path.join(bench.folder, name)
    done = subprocess.run([compiler, "-D_GNU_SOURCE", "-O1", "-g", "-o", path,
                           *[os.path.join(HERE, source) for source in sources], *flags, "-ldl", "-lpthread", "-lm"],
                          capture_output=True, check=False)
    if done.returncode:
        skip(f"cannot build {name} with {compiler}: {done.stderr.decode()[-300:]}")
    return path


def library(bench, name, source, *flags, **options):
    return build(bench, name, source, flags=["-shared", "-fPIC", *flags], **options)


def linked_to(bench, name, libraries, *flags):
    return build(bench, name, "startup.c", "acts.c", "witness.c", flags=["-Wl,--no-as-needed", *libraries, *flags])


def forget(bench):
    shutil.rmtree(bench.traces, ignore_errors=True)


def runs_alike(bench, check, what, command, early, **options):
    """early: calls that must have been counted as made before the recorder's constructor."""
    plain, _ = bench.both(check, what, command, **options)
    check.that(plain.returncode == 0 and b"\nmunmap: fine" in plain.stdout, f"{what}: untraced: {plain}")
    paths = [path for path in bench.trace_files() if not os.path.basename(path).startswith(("sh.", "strace."))]
    check.that(paths, f"{what}: no trace")
    for path in paths:
        check.equal(f"{what}: early calls", bench.info(path)["lost"]["before_recording"], early)
        check.equal(f"{what}: mmap calls of main", counts(bench.events(path)).get("mmap", 0) >= 20, True)
    bench.explained(check, what, paths)
    forget(bench)


def early_calls(bench, program):
    """How many there are: as often as a resolver's library says something that counts."""
    done = bench.run([program, "linked", "20"], True)
    (path,) = bench.trace_files()
    early = bench.info(path)["lost"]["before_recording"]
    forget(bench)
    return early, done


def resolvers(bench, check):
    """In libraries behind the recorder, which is not relocated yet when they call; in the program, when it is."""
    for binding in ("lazy", "now"):
        behind = library(bench, f"libresolver-{binding}.so", "resolver.c", f"-Wl,-z,{binding}")
        program = linked_to(bench, f"linked-{binding}", [behind])
        fixed = linked_to(bench, f"fixed-{binding}", [behind], "-no-pie")
        early, _ = early_calls(bench, program)
        check.that(early > 30, f"{binding}: {early} early calls: nothing was tested")
        for more in ({}, {"LD_BIND_NOW": "1"}):
            what = f"{binding} {more}"
            runs_alike(bench, check, what, [program, "linked", "20"], early, **more)
            runs_alike(bench, check, f"{what}, not position-independent", [fixed, "linked", "20"], early, **more)
            runs_alike(bench, check, f"{what}, by the loader", [LOADER, program, "linked", "20"], early, **more)
    inside = build(bench, "inside", "startup.c", "acts.c", "witness.c", "resolver.c", flags=["-rdynamic"])
    runs_alike(bench, check, "in the program", [inside, "linked", "20"], early)
    no_auxv(bench, check, program, early)


def no_auxv(bench, check, program, early):
    """Without /proc the auxiliary vector is asked for (Linux 6.4)."""
    if not shutil.which("strace"):
        return
    script = 'exec strace -qq -o /dev/null -P /proc/self/auxv -e inject=openat:error=ENOENT "$0" linked 20 2>/dev/null'
    command = ["sh", "-c", script, program]
    if tuple(map(int, os.uname().release.split("-")[0].split(".")[:2])) >= (6, 4):
        runs_alike(bench, check, "no /proc/self/auxv", command, early)


def opened(bench, check):
    """dlopen() relocates under its lock, with the recorder in force: every call of the resolver's is seen."""
    for binding in ("lazy", "now"):
        plugin = library(bench, f"plugin-{binding}.so", "resolver.c", f"-Wl,-z,{binding}")
        plain, _ = bench.both(check, binding, [bench.program("startup"), "opened", "20", plugin])
        check.that(plain.returncode == 0 and plain.stdout.count(b"\nmunmap: fine") == 2, f"{binding}: {plain}")
        (path,) = bench.trace_files()
        seen = counts(bench.events(path))
        for call, each in RESOLVER_CALLS.items():
            extra = 20 if call in ("mmap", "munmap") else 0
            check.equal(f"{binding}: {call} calls", seen.get(call), 2 * each + extra)
        bench.explained(check, binding, [path])
        forget(bench)


def audited(bench, check):
    """An auditing library brings a namespace with a libc of its own, and sees each of ours bound."""
    auditor = library(bench, "auditor.so", "auditor.c")
    behind = library(bench, "libresolver.so", "resolver.c")
    program = linked_to(bench, "linked", [behind])
    early, _ = early_calls(bench, program)
    for more in ({}, {"LD_BIND_NOW": "1"}):
        plain, _ = bench.both(check, f"audited {more}", [program, "linked", "20"], LD_AUDIT=auditor, **more)
        check.that(b"\nmunmap: fine" in plain.stdout, f"untraced: {plain}")
        (path,) = bench.trace_files()
        check.equal("early calls", bench.info(path)["lost"]["before_recording"], early)
        check.that(counts(bench.events(path)).get("mmap", 0) >= 20, "mmap calls of main")
        bench.explained(check, "audited", [path])
        forget(bench)
    plain, _ = bench.both(check, "audited", [bench.program("startup"), "preinit", "20"], LD_AUDIT=auditor)
    check.equal("status", plain.returncode, 0)


def preinit(bench, check):
    plain, _ = bench.both(check, "preinit", [bench.program("startup"), "preinit", "20"])
    check.that(b"main of the child\nsecond start: status 0\nbefore all\nmain of the parent" in plain.stdout, f"{plain}")
    # The parent's five, its thread's five and main's; a child's six; those of a child that goes on to main.
    check.equal("mmap calls of each", sorted(counts(bench.events(path)).get("mmap", 0)
                                             for path in bench.trace_files()), [6, 20, 30])
    for path in bench.trace_files():
        check.equal("early calls", bench.info(path)["lost"]["before_recording"], 0)
        short = [event["seq"] for event in own(bench.events(path)) if "early" not in event["flags"] and
                 "main" not in [frame["function"] for frame in event["stack"]]]
        check.equal(f"{path}: calls of main with a stack that was cut or lost", short, [])
    bench.explained(check, "preinit")


def ends(name, status):
    def test(bench, check):
        plain, _ = bench.both(check, name, [bench.program("startup"), name, "20"])
        check.equal("status", plain.returncode, status)
        check.equal("mmap calls of each", sorted(counts(bench.events(path)).get("mmap", 0)
                                                 for path in bench.trace_files()), [7, 27])
        bench.explained(check, name)
    return test


def destructors(bench, check):
    """Behind the exit snapshot: what is mapped there is in the trace all the same."""
    behind = library(bench, "libedges.so", "edges.c")
    program = linked_to(bench, "edged", [behind])
    plain, _ = bench.both(check, "edges", [program, "exits", "20"])
    check.that(b"destructor of a library: child 0x800" in plain.stdout, f"{plain}")
    (path,) = [path for path in bench.named("edged") if not bench.info(path)["from_fork"]]
    events = own(bench.events(path))
    check.equal("mmap calls", counts(events).get("mmap"), 2 * MAPPED_IN_EDGE + 20 + 7)
    exit_snapshot = [s for s in bench.info(path)["snapshots"] if s["reason"] == "exit"]
    check.equal("exit snapshots", len(exit_snapshot), 1)
    after = [e for e in events if e["seq"] >= exit_snapshot[0]["end"]]
    check.equal("calls behind it", counts(after).get("mmap", 0), MAPPED_IN_EDGE)
    check.equal("mmap calls of children", sorted(counts(bench.events(p)).get("mmap", 0) for p in bench.trace_files()
                                                 if p != path), [7, MAPPED_IN_EDGE])
    bench.explained(check, "edges")
    forget(bench)
    bench.both(check, "many behind the end", [program, "exits", "20"], EDGE_MANY="12000")
    stopped = [bench.info(path)["lost"]["recording_stopped"] for path in bench.named("edged")
               if not bench.info(path)["from_fork"]]
    check.that(stopped and stopped[0], f"recording did not stop where the file was cut: {stopped}")


ACTS = {"resolvers": resolvers, "opened": opened, "audited": audited, "preinit": preinit,
        "exits": ends("exits", 5), "quick_exits": ends("quick_exits", 6), "destructors": destructors}

if __name__ == "__main__":
    hostile.main(ACTS)

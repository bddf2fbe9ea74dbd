#!/usr/bin/env python3
"""Unusual programs (behaviours.c) with and without the recorder: the same output and end, and a trace
that says what was done.

    behaviours.py BUILD ACT
"""
import json
import os

import hostile
from hostile import FULL, counts, own
from harness import Check  # hostile knows where it is

THREADS = 8


def the_trace(bench, check):
    files = bench.trace_files()
    check.equal("trace files", len(files), 1)
    return files[0]


def act(bench, check, name, count, **options):
    return bench.both(check, name, [os.path.join(bench.build, "behaviours"), name, str(count)],
                      **options)


def every_call(bench, check):
    act(bench, check, "every_call", 1)
    events = own(bench.events(the_trace(bench, check)))
    plain, _ = bench.both(Check(), "again", [os.path.join(bench.build, "behaviours"), "every_call"])
    # What the program printed of each failure is what the trace says of it.
    printed = [int(line.rsplit(b" ", 1)[1]) for line in plain.stdout.splitlines()
               if b": -1, errno" in line and b"ftruncate" not in line and b"unknown" not in line]
    traced = [getattr(__import__("errno"), event["errno"]) for event in events
              if event["errno"] and event["call"] != "posix_madvise"]
    check.equal("errors in order", traced, printed)
    called = {event["call"] for event in events}
    expected = {"mmap", "munmap", "mprotect", "pkey_mprotect", "madvise", "posix_madvise", "mlock",
                "mlock2", "munlock", "mlockall", "munlockall", "mremap", "sbrk", "brk", "shm_open",
                "memfd_create", "process_madvise", "remap_file_pages", "shm_unlink", "shmat", "shmdt",
                "mbind", "execve"}
    check.equal("calls", called, expected)
    check.that(any(event["call"] == "mmap" and event["args"]["length"] == 5 * 4096 for event in events), "no mmap64")
    moved = [event["args"]["new_address"] for event in events if event["call"] == "mremap"]
    check.equal("a fifth argument only where flags say so", [at == "0x0" for at in moved],
                [True, True, False, True])
    check.equal("sixth arguments", [event["args"]["offset"] for event in events
                                    if event["call"] == "mmap" and event["args"]["offset"]], [4096])


def threads(bench, check):
    each = 20000 if FULL else 5000
    act(bench, check, "threads", each)
    trace = the_trace(bench, check)
    events = bench.events(trace)
    check.equal("calls", counts(events), {call: THREADS * each for call in
                                          ("mmap", "mprotect", "munmap")})
    check.equal("sequence numbers", len({event["seq"] for event in events}), len(events))
    last = {}
    for event in events:
        if event["call"] != "implicit":
            check.that(last.get(event["tid"], -1) < event["enter"] <= event["exit"],
                       f"order of {event['seq']} in its thread")
            last[event["tid"]] = event["exit"]
    mapped_now(bench, check, trace)
    info = bench.info(trace)
    check.equal("in flight at the end", info["in_flight"], [])
    check.equal("the last snapshot", info["snapshots"][-1]["reason"], "exit")


def short_threads(bench, check):
    act(bench, check, "short_threads", 1200)
    trace = the_trace(bench, check)
    check.equal("mmap calls", counts(bench.events(trace)).get("mmap"), 1200)
    check.equal("in-flight entries not to be had",
                bench.info(trace)["lost"]["in_flight_entries"], 0)


def mapped_now(bench, check, trace):
    """No mapping of the program's survives: what mmap created, munmap removed."""
    done = bench.read("maps", "--format", "json", trace)
    rows = json.loads(done.stdout)
    called = {event["seq"] for event in own(bench.events(trace))}
    left = [row for row in rows if row["created_by"] and row["created_by"]["seq"] in called]
    check.equal("mappings left", [row["vm_start"] for row in left], [])


def killed(bench, check):
    act(bench, check, "killed", 2000)
    trace = the_trace(bench, check)
    check.equal("calls", counts(bench.events(trace)),
                {call: 2000 for call in ("mmap", "mprotect", "munmap")})
    done = bench.read("info", trace)
    check.that(done.returncode == 0 and not done.stderr, f"info: {done.stderr[:200]}")


def signals(bench, check):
    act(bench, check, "signals", 300)
    events = own(bench.events(the_trace(bench, check)))
    nested = [event for event in events if "nested" in event["flags"]]
    check.that(nested, "no handler interrupted a wrapper: nothing was tested")
    maps = sum(event["call"] == "mmap" for event in events)
    check.equal("munmap for each mmap", sum(event["call"] == "munmap" for event in events), maps)


def every_jump_is_told(bench, check, trace):
    """Calls that were jumped out of: no one is just missing, and with them the replay is the kernel's list."""
    info = bench.info(trace)
    check.that(info["events"]["left"], "no jump hit a call: nothing was tested")
    check.that(FULL or info["unseen"]["causes"]["call left"], "none of them had been done: nothing was tested")
    lost = info["lost"]
    check.that(lost["torn"] < info["events"]["left"] / 10 and not lost["dropped"] and (FULL or not lost["overwritten"]),
               f"lost: {lost}")
    left = [event for event in own(bench.events(trace)) if event["result"] is None and event["exit"] is not None]
    check.equal("calls without a result", len(left), info["events"]["left"])
    bench.explained(check, "jumps", [trace])


def jumps(bench, check):
    act(bench, check, "jumps", 100000 if FULL else 500, timeout=1200, **({"VMATRACE_RING": "65536"} if FULL else {}))
    events = own(bench.events(the_trace(bench, check)))
    tail = events[-1]
    info = bench.info(the_trace(bench, check))
    check.equal("in-flight entries not to be had", info["lost"]["in_flight_entries"], 0)
    every_jump_is_told(bench, check, the_trace(bench, check))
    check.that("nested" not in tail["flags"], "a jump out of a wrapper left the thread nested")
    least = 2 if info["settings"]["stack"] == "cfi" else 1
    check.that(len(tail["stack"]) >= least, "no stack after jumps out of wrappers")
    os.unlink(the_trace(bench, check))
    # A list is read every 256 events: jumps hit that, too, and must leave no descriptor behind.
    act(bench, check, "jumps", 1000, VMATRACE_RING="1024")
    bench.explained(check, "jumps amid lists")


def forks_in_handler(bench, check):
    act(bench, check, "forks_in_handler", 5000 if FULL else 500)
    files = bench.trace_files()
    check.that(len(files) > 1, "no child made a file")
    # Three rounds of each child, one more of those that map in the handler. The interrupted call is the
    # parent's, unless the signal came before it was looked whose it is: a matter of a few instructions.
    more = [path for path in files if "behaviours" in path and bench.info(path)["from_fork"] and
            counts(bench.events(path)).get("mmap", 0) not in (3, 4)]
    check.that(len(more) < 3, f"{len(more)} of {len(files)} children with their parent's events")
    for path in files[:50]:
        done = bench.read("events", "-q", "--format", "jsonl", path)
        check.that(done.returncode == 0 and not done.stderr, f"{path}: {done.stderr[:200]}")


def family(bench, check):
    act(bench, check, "family", 7)
    files = {path: counts(bench.events(path)) for path in bench.trace_files()}
    maps = sorted(seen.get("mmap", 0) for seen in files.values())
    # The parent: three times 7, and its vfork child's one. Two children 7 each. true, false, echo: none.
    check.equal("mmap calls of each process", maps, [0, 0, 0, 7, 7, 22])
    for path, seen in files.items():
        family_member(bench, check, path, seen.get("mmap", 0))


def family_member(bench, check, path, mmaps):
    info, events = bench.info(path), own(bench.events(path))
    name = f"{os.path.basename(path)} of {mmaps}"
    done = bench.read("maps", "--at", "start" if info["from_fork"] else "end", path)
    check.equal(f"{name}: rings mapped", done.stdout.count(b".vmat"), 1)
    check.that(not any("nested" in event["flags"] for event in events), f"{name}: nested")
    check.that(all(frame["module"] for event in events for frame in event["stack"]),
               f"{name}: a frame without a module")
    if mmaps == 7:
        check.equal(f"{name}: threads", {event["tid"] for event in events}, {info["pid"]})
    if mmaps == 22:
        execs = [(event["args"]["path"], event["result"] is None, event["tid"] == info["pid"])
                 for event in events if event["call"] == "execve"]
        # The vfork child's is over for this address space, which goes on; its own ends it.
        check.equal(f"{name}: exec", execs, [("/bin/true", False, False), ("/bin/echo", True, True)])


def children(bench, check):
    """VMATRACE_CHILDREN=0: the process itself, through its own exec, and nobody else."""
    command = [os.path.join(bench.build, "behaviours"), "family", "7"]
    bench.both(check, "family", command, VMATRACE_CHILDREN="0")
    names = sorted(os.path.basename(path).split(".")[0] for path in bench.trace_files())
    check.equal("traced images", names, ["behaviours", "echo"])


def descriptors(bench, check):
    act(bench, check, "descriptors", 100)
    check.equal("calls", counts(bench.events(the_trace(bench, check))).get("mmap"), 100)


def settings(bench, check):
    """A bad value is one line and the default; a good one is silent and in force."""
    command = [os.path.join(bench.build, "behaviours"), "calls", "5"]
    bad = {"VMATRACE_RING": "many", "VMATRACE_ON_FULL": "explode", "VMATRACE_STACK": "deep",
           "VMATRACE_DEPTH": "0", "VMATRACE_COVERAGE": "some", "VMATRACE_CHILDREN": "2",
           "VMATRACE_VERBOSE": "x"}
    for name, value in bad.items():
        done = bench.run(command, True, **{name: value})
        lines = done.stderr.splitlines()
        check.that(len(lines) == 1 and lines[0].startswith(b"vmatrace: " + name.encode())
                   and value.encode() in lines[0], f"{name}={value}: {done.stderr!r}")
        check.equal(f"{name}: status", done.returncode, 0)
    before = set(bench.trace_files())
    done = bench.run(command, True, VMATRACE_RING="100", VMATRACE_DEPTH="1", VMATRACE_STACK="fp",
                     VMATRACE_ON_FULL="stop", VMATRACE_COVERAGE="calls")
    check.equal("good values", done.stderr, b"")
    (trace,) = set(bench.trace_files()) - before
    check.equal("depth 1", {len([f for f in event["stack"] if not f["inlined"]])
                            for event in own(bench.events(trace))}, {1})
    done = bench.run(command, True, VMATRACE_OUT=os.path.join(bench.traces, "a/b/%e-%p-%%.vmat"),
                     VMATRACE_VERBOSE="1")
    check.that(b"recording to" in done.stderr, f"verbose: {done.stderr!r}")
    (made,) = os.listdir(os.path.join(bench.traces, "a", "b"))
    check.that(made.startswith("behaviours-") and made.endswith("-%.vmat"), f"pattern: {made}")
    os.rename(os.path.join(bench.traces, "a"), os.path.join(bench.folder, "a"))
    for _ in range(3):
        bench.run(command, True, VMATRACE_OUT=os.path.join(bench.folder, "same.vmat"))
    check.equal("never overwritten", sorted(n for n in os.listdir(bench.folder) if "same" in n),
                ["same.1.vmat", "same.2.vmat", "same.vmat"])
    status = os.stat(os.path.join(bench.folder, "same.vmat"))
    check.that(status.st_size < 64 << 20, f"not trimmed: {status.st_size} bytes")
    check.that(status.st_blocks * 512 < 4 << 20, f"not sparse: {status.st_blocks} blocks")
    mode = os.stat(os.path.join(bench.folder, "same.vmat")).st_mode & 0o777
    check.equal("mode", oct(mode), "0o600")


def stop(bench, check):
    """VMATRACE_ON_FULL=stop keeps the oldest and counts the rest; overwrite the newest."""
    command = [os.path.join(bench.build, "behaviours"), "calls", "100"]
    bench.run(command, True, VMATRACE_RING="64", VMATRACE_ON_FULL="stop")
    first = bench.events(the_trace(bench, check))
    check.equal("first kept", first[0]["seq"], 0)
    # A call that was under way when the ring was full has no slot, and no end.
    ended = [e for e in first if e["via"] != "kernel" and e["exit"] is not None]
    check.that(max(e["seq"] for e in ended) < 64, "more than the ring holds")
    for path in bench.trace_files():
        os.unlink(path)
    bench.run(command, True, VMATRACE_RING="64")
    newest = [e for e in bench.events(the_trace(bench, check)) if e["via"] != "kernel"]
    check.that(newest[-1]["seq"] >= 300, f"newest kept: {newest[-1]['seq']}")
    check.equal("slots", len(newest), 64)
    reasons = [s["reason"] for s in bench.info(the_trace(bench, check))["snapshots"]]
    check.that(reasons.count("periodic") >= 16, f"a snapshot every quarter of the ring: {reasons}")
    for path in bench.trace_files():
        os.unlink(path)
    bench.run(command, True, VMATRACE_RING="64", VMATRACE_ON_FULL="grow")
    check.equal("grow", counts(bench.events(the_trace(bench, check)))["mmap"], 100)


# A jump out of a wrapper, a fork in the middle of an event: a slot may be drawn and never stored.
LOSSY = {"jumps", "forks_in_handler"}
ACTS = {f.__name__: f for f in (every_call, threads, short_threads, killed, signals, jumps,
                                forks_in_handler, family, children, descriptors, settings, stop)}


if __name__ == "__main__":
    hostile.main(ACTS, read_all=True, lossy=LOSSY)

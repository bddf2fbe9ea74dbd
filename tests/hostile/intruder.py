#!/usr/bin/env python3
"""A program that lays hands on what is not its own (intruder.c), with and without the recorder: the same
output and end, and a trace that says what was done for as long as it could.

    intruder.py BUILD ACT
"""
import os

import hostile
from behaviours import the_trace
from hostile import counts, own
from harness import skip  # hostile knows where it is


def act(bench, check, name, count=100, **options):
    return bench.both(check, name, [os.path.join(bench.build, "intruder"), name, str(count)],
                      **options)


def mmaps(bench, path):
    return counts(bench.events(path)).get("mmap", 0)


def goes_on(name, rounds):
    """The ring is carved around: every call before and after is there."""
    def test(bench, check):
        act(bench, check, name)
        trace = the_trace(bench, check)
        check.equal("mmap calls", mmaps(bench, trace), 100 * rounds)
    return test


def gives_way(name, calls):
    """The program gets the ring's place: recording ends there, and says so."""
    def test(bench, check):
        act(bench, check, name)
        trace = the_trace(bench, check)
        check.equal("mmap calls", mmaps(bench, trace), calls)
        check.equal("ended", bench.info(trace)["lost"]["recording_stopped"],
                    "the program mapped something over the ring")
    return test


def ring_advised(bench, check):
    act(bench, check, "ring_advised")
    check.equal("mmap calls of both", sorted(mmaps(bench, path) for path in bench.trace_files()),
                [100, 100])


def ring_edges(bench, check):
    act(bench, check, "ring_edges")
    # A hundred, and two that the kernel refuses.
    check.equal("mmap calls", mmaps(bench, the_trace(bench, check)), 102)


def ring_replaced_in_child(bench, check):
    for children in "01":
        act(bench, check, "ring_replaced_in_child", VMATRACE_CHILDREN=children)
        (trace,) = [path for path in bench.trace_files() if not bench.info(path)["from_fork"]]
        check.equal("mmap calls of the parent", mmaps(bench, trace), 100)
        check.that(not bench.info(trace)["lost"]["recording_stopped"], "the child ended its parent's recording")
        for path in bench.trace_files():
            os.unlink(path)
    act(bench, check, "ring_replaced_in_child")


def scribbled(bench, check, what):
    """The traces. Every command has read them, or said in one line why it can not."""
    bench.both(check, what, [bench.program("intruder"), "ring_scribbled", "50", what], VMATRACE_RING="1024")
    for path in bench.trace_files():
        for command in ("info", "events", "timeline", "maps", "verify", "sites", "leaks"):
            done = bench.read(command, path)
            refused = done.returncode == 3 and done.stderr.count(b"\n") == 1
            check.that(refused or (done.returncode in (0, 1) and done.stdout),
                       f"{what}: {command}: {done.returncode} {done.stderr[-300:]}")
    return bench.trace_files()


def forget(paths):
    for path in paths:
        os.unlink(path)


def ring_scribbled(bench, check):
    """A stray write may hit the trace: the program lives on, and whoever reads the trace is told, or reads on."""
    for part in ("header", "control", "rest", "all"):
        for pattern in ("ones", "zeroes", "random"):
            forget(scribbled(bench, check, f"{part} {pattern}"))
    # What is recorded meanwhile goes by no number of the header's.
    for what in ("header ones and back", "depth and back"):
        paths = scribbled(bench, check, what)
        events = [event for path in paths for event in own(bench.events(path))]
        check.equal(f"{what}: frames of the deepest stack", max(len(event["stack"]) for event in events), 32)
        check.equal(f"{what}: calls without a stack",
                    [event["seq"] for event in events if "stack-unknown" in event["flags"]], [])
        forget(paths)
    for path in scribbled(bench, check, "modules"):
        info = bench.info(path)
        check.equal("mmap calls", mmaps(bench, path), 50 if info["from_fork"] else 250)
        if info["from_fork"]:
            # Of its parent's it takes what is whole, meets the others anew, and knows the functions again.
            check.equal("damaged in the child's", info["lost"]["damaged_records"], 0)
            check.equal("deepest in the child", {event["stack"][1]["function"] for event in own(bench.events(path))},
                        {"map_from_the_deep"})


def ring_changing(bench, check):
    """A length that a child has looked at is another one when it looks again."""
    act(bench, check, "ring_changing", 600, VMATRACE_RING="1024")


def unknown_unmapped(bench, check):
    for more in ({}, {"VMATRACE_CHILDREN": "0"}, {"VMATRACE_OUT": "/proc/nowhere/%p.vmat"},
                 {"VMATRACE_CHILDREN": "-"}):
        plain = bench.run([os.path.join(bench.build, "intruder"), "unknown_unmapped"], False)
        traced = bench.run([os.path.join(bench.build, "intruder"), "unknown_unmapped"], True, **more)
        check.equal(f"{more}: status", traced.returncode, plain.returncode)
        check.equal(f"{more}: last line", traced.stdout.splitlines()[-1:],
                    plain.stdout.splitlines()[-1:])
        check.equal(f"{more}: child", b"child: status 0\n" in traced.stdout, True)


def file_replaced(bench, check):
    act(bench, check, "file_replaced")
    (impostor,) = [path for path in bench.trace_files() if path.endswith(".vmat")]
    with open(impostor, "rb") as file:
        check.equal("the file that took the trace's name", file.read(), b"mine")
    os.rename(impostor + ".moved", impostor)


def texts(bench, check):
    act(bench, check, "texts")
    names = [event["args"].get("name") for event in own(bench.events(the_trace(bench, check)))
             if event["call"] == "memfd_create"]
    check.equal("names", [name or "" for name in names], ["end", "end!", "", ""])


def plugins(bench, check):
    plain, traced = act(bench, check, "plugins")
    if traced.stdout == b"elsewhere\n":
        skip("the second plug-in was loaded elsewhere")
    modules = [os.path.basename(event["stack"][0]["module"] or "")
               for event in own(bench.events(the_trace(bench, check))) if event["call"] == "mmap"]
    check.equal("modules", modules, ["plugin_first.so", "plugin_second.so"])


ACTS = {
    "ring_unmapped": goes_on("ring_unmapped", 1),
    "ring_protected": goes_on("ring_protected", 3),
    "ring_advised": ring_advised,
    "ring_edges": ring_edges,
    "ring_replaced": gives_way("ring_replaced", 1),
    "ring_replaced_in_child": ring_replaced_in_child,
    "ring_moved": gives_way("ring_moved", 0),
    "ring_remapped": gives_way("ring_remapped", 0),
    "ring_listed": gives_way("ring_listed", 100),
    "ring_scribbled": ring_scribbled,
    "ring_changing": ring_changing,
    "unknown_unmapped": unknown_unmapped,
    "file_replaced": file_replaced,
    "texts": texts,
    "dumped": lambda bench, check: act(bench, check, "dumped"),
    "plugins": plugins,
}


if __name__ == "__main__":
    hostile.main(ACTS, read_all=True)

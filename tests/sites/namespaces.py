#!/usr/bin/env python3
"""The site layer in a libc that the loader maps once more, for dlmopen or LD_AUDIT.

    namespaces.py BUILD ACT
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "programs"))
from harness import perform  # noqa: E402

FULL = os.environ.get("VMATRACE_FULL") == "1"


def namespace_run(bench, check, what, arguments, copies, **more):
    """Every trace of it replays, and says how many libcs it found; returns the events of the first one."""
    bench.traces = os.path.join(bench.folder, what)
    plugin = os.path.join(bench.build, "libsite_namespace_plugin.so")
    command = [os.path.join(bench.build, "site_namespace"), arguments[0], plugin, *arguments[1:]]
    if more:
        done = bench.run(command, True, LD_AUDIT=plugin)
        check.equal(f"{what}: output", (done.returncode, done.stdout, done.stderr),
                    (0, arguments[0].encode() + b" done\n", b""))
    else:
        bench.both(check, what, command)
    first, *children = bench.trace_files()
    for path in [first, *children]:
        verify = bench.read("verify", "-q", path)
        check.equal(f"{what}: verify {path}", (verify.returncode, verify.stderr), (0, b""))
        found = bench.info(path)["coverage"]
        seen = found["copies_patched"], found["copies_left"], found["copy_left"]
        # A child has those that were there at its fork.
        check.equal(f"{what}: libcs", seen, (copies if path == first else 1, 0, ""))
    return bench.events(first), children


# Of plugin_work(), as the kernel sees them; what malloc makes in between comes from inside its libc.
PLUGIN_CALLS = ["mmap", "mprotect", "madvise", "madvise", "mlock", "munlock", "mremap", "munmap", "munmap"]


def of_plugin(events, function):
    """[(call, errno, via)] of what the function itself called, and how many calls malloc made for it."""
    direct, malloc = [], 0
    for event in events:
        frames = [os.path.basename(frame["module"]) for frame in event["stack"]]
        names = [frame["function"] for frame in event["stack"]]
        if function in names and frames[names.index(function)] == "libsite_namespace_plugin.so":
            if names[0] == function:
                direct.append((event["call"], event["errno"], event["via"]))
            malloc += frames[0] == "libc.so.6" and event["via"] == "site"
    return direct, malloc


def namespace(bench, check):
    """A second libc: its calls are events, with stacks, however often it comes and goes."""
    rounds = 300 if FULL else 40
    expected = [(name, None, "site") for name in PLUGIN_CALLS]
    expected[-1] = ("munmap", "EINVAL", "site")
    events, children = namespace_run(bench, check, "once", ["once"], 1)
    check.equal("a fork child", len(children), 1)
    direct, malloc = of_plugin(events, "plugin_work")
    # By the thread that loaded it, then by two threads of that libc, 3 times each.
    check.equal("calls", direct, expected * 7)
    check.that(malloc >= 7, f"{malloc} calls of malloc")
    check.that(of_plugin(events, "plugin_threads")[1] >= 2, "no stack for a thread")
    check.equal("calls of the child", of_plugin(bench.events(children[0]), "plugin_work")[0], expected)
    events, _ = namespace_run(bench, check, "rounds", ["rounds", str(rounds)], rounds)
    check.equal("calls in rounds", of_plugin(events, "plugin_work")[0], expected * rounds)
    namespace_run(bench, check, "many", ["many", "9"], 27)
    events, _ = namespace_run(bench, check, "audit", ["rounds", "2"], 3, audit=True)
    check.that(any("la_objopen" in (frame["function"] for frame in event["stack"]) for event in events),
               "no call of LD_AUDIT's libc")


def namespace_left(bench, check):
    """Where it cannot be patched it is left alone, counted and named, and the program lives."""
    bench.both(check, "sandbox", [os.path.join(bench.build, "site_namespace"), "sandbox",
                                  os.path.join(bench.build, "libsite_namespace_plugin.so")])
    path = bench.trace_files()[0]
    found = bench.info(path)["coverage"]
    check.equal("libcs", (found["copies_patched"], found["copies_left"], found["copy_left"]),
                (0, 1, "/proc/self/mem cannot be opened"))
    check.that(b"0 more libcs with all sites in force, 1 not: /proc/self/mem" in bench.read("info", path).stdout,
               "info does not say so")


if __name__ == "__main__":
    perform({f.__name__: f for f in (namespace, namespace_left)})

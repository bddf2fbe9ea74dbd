#!/usr/bin/env python3
"""A program that lays hands on what is not its own (intruder.c), with and without the recorder: the same
output and end, and a trace that says what was done for as long as it could.

    intruder.py BUILD ACT
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "programs"))
from behaviours import counts, own, the_trace  # noqa: E402
from harness import Bench, Check, skip  # noqa: E402


def act(bench, check, name, count=100, operand=(), **options):
    return bench.both(check, name, [os.path.join(bench.build, "intruder"), name, str(count), *operand],
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


def sandboxed(bench, check):
    for operand in ("", "seccomp"):
        act(bench, check, "sandboxed", operand=[operand])
        trace = the_trace(bench, check)
        # Twice before, once after, and the file, whose name cannot be asked for any more.
        check.equal("mmap calls", mmaps(bench, trace), 301)
        check.equal("children not followed", bench.info(trace)["lost"]["children_not_followed"], 1)
        os.rename(trace, os.path.join(bench.folder, "seen"))
    # A filter that was refused changes nothing.
    act(bench, check, "sandboxed", operand=["none"])
    info = bench.info(the_trace(bench, check))
    check.equal("snapshots that failed", info["lost"]["snapshots"], 0)
    check.equal("the last snapshot", info["snapshots"][-1]["reason"], "exit")


def texts(bench, check):
    act(bench, check, "texts")
    names = [event["args"].get("name") for event in own(bench.events(the_trace(bench, check)))
             if event["call"] == "memfd_create"]
    check.equal("names", [name or "" for name in names], ["end", "end!", "", ""])


def limited(bench, check):
    """RLIMIT_AS is the program's: nearly all of it can still be mapped."""
    command = ["/bin/sh", "-c", 'ulimit -v 262144; exec "$0" limited 210',
               os.path.join(bench.build, "intruder")]
    bench.both(check, "limited", command)
    check.that(bench.trace_files(), "no trace within the limit")
    command = ["/bin/sh", "-c", 'ulimit -f 8192; exec "$0" calls', command[-1]]
    bench.both(check, "file size", command)
    check.equal("mmap calls within RLIMIT_FSIZE", [mmaps(bench, path) for path in bench.trace_files()
                                                   if "intruder" in path], [1, 100])


def full_disk(bench, check):
    """No page to be had for the trace: recording stops, and the program goes on."""
    os.mkdir(bench.traces)
    script = ('mount -t tmpfs -o size=1m none "$0" || exit 77; LD_PRELOAD=$2 VMATRACE_OUT="$0/t.vmat" '
              '"$3" calls 20000 || exit; "$1" info --format json "$0/t.vmat"')
    done = bench.run(["unshare", "--mount", "--map-root-user", "sh", "-c", script, bench.traces,
                      bench.vmatrace, bench.library, os.path.join(bench.build, "intruder")], False)
    if done.returncode == 77 or b"unshare" in done.stderr:
        skip("no mount of a file system of our own")
    check.equal("full disk", (done.returncode, done.stderr), (0, b""))
    lost = json.loads(done.stdout)["lost"]
    check.that(lost["recording_stopped"] and lost["dropped"], f"nothing was refused: {lost}")


def plugins(bench, check):
    plain, traced = act(bench, check, "plugins", operand=[os.path.join(bench.build, "hostile")])
    if traced.stdout != b"in the same place\n":
        skip(f"the second plug-in was loaded {traced.stdout.decode().strip()}")
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
    "unknown_unmapped": unknown_unmapped,
    "file_replaced": file_replaced,
    "sandboxed": sandboxed,
    "texts": texts,
    "full_disk": full_disk,
    "dumped": lambda bench, check: act(bench, check, "dumped"),
    "limited": limited,
    "plugins": plugins,
}


def main():
    bench, check = Bench(sys.argv[1]), Check()
    try:
        ACTS[sys.argv[2]](bench, check)
        bench.read_all(check, sys.argv[2]) if bench.trace_files() else None
    finally:
        bench.close()
    check.finish()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Programs in sandboxes and within limits (confined.c), with and without the recorder: the same output and end,
and a trace for as long as there can be one, which says how long that was.

    confined.py BUILD ACT
"""
import json
import os
import shutil

import hostile
from behaviours import the_trace
from hostile import counts
from harness import skip  # hostile knows where it is


def act(bench, check, *arguments, **options):
    return bench.both(check, arguments[0], [bench.program("confined"), *arguments], **options)


def mmaps(bench, path):
    return counts(bench.events(path)).get("mmap", 0)


def sandboxed(bench, check):
    for operand in ("", "seccomp"):
        act(bench, check, "sandboxed", "100", operand)
        trace = the_trace(bench, check)
        # Twice before, once after, and the file, whose name cannot be asked for any more.
        check.equal("mmap calls", mmaps(bench, trace), 301)
        check.equal("children not followed", bench.info(trace)["lost"]["children_not_followed"], 1)
        os.rename(trace, os.path.join(bench.folder, "seen"))
    # A filter that was refused changes nothing.
    act(bench, check, "sandboxed", "100", "none")
    info = bench.info(the_trace(bench, check))
    check.equal("snapshots that failed", info["lost"]["snapshots"], 0)
    check.equal("the last snapshot", info["snapshots"][-1]["reason"], "exit")


def narrow_exec(bench, check):
    """A filter that kills is inherited by the next image, which must make no call but the program's own."""
    plain, _ = act(bench, check, "narrow_exec", "100", "/bin/true")
    check.equal("untraced", plain.returncode, 0)
    trace = the_trace(bench, check)
    check.equal("mmap calls", mmaps(bench, trace), 100)
    info = bench.info(trace)
    check.equal("ended in", (info["ended"], info["coverage"]["sandboxed"]), ("exec", True))
    check.that(b"asked for a seccomp filter" in bench.read("info", trace).stdout, "info does not say it")
    # Nobody knows that this one is harmless.
    shutil.rmtree(bench.traces)
    act(bench, check, "harmless_exec", "100", f'{bench.program("confined")} calls 50')
    check.equal("mmap calls", mmaps(bench, the_trace(bench, check)), 100)
    # Who asks why there is no trace is told, once, in the image that has none; who does not is not (above).
    done = bench.run([bench.program("confined"), "harmless_exec", "1", f'{bench.program("confined")} calls 50'], True,
                     VMATRACE_VERBOSE="1")
    said = [line for line in done.stderr.splitlines() if b"nothing is recorded" in line]
    check.equal("told", (len(said), [b"a seccomp filter" in line for line in said]), (1, [True]))


def known_filter(bench, check):
    """What `record` itself lives under is taken for harmless; what is asked for under it is not."""
    for command, traced in (("calls 50", 1), ("narrow_exec 50 /bin/true", 1)):
        folder = os.path.join(bench.folder, command.split()[0])
        line = f'{bench.vmatrace} record -o {folder}/ -- {bench.program("confined")} {command}'
        done = bench.run([bench.program("confined"), "harmless_exec", "1", line], False)
        check.equal(f"{command}: status", done.returncode, 0)
        paths = [os.path.join(folder, name) for name in os.listdir(folder)]
        check.equal(f"{command}: mmap calls", [mmaps(bench, path) for path in paths], [50] * traced)
        bench.explained(check, command, paths)
    check.that(b"1 program could not be traced" in done.stderr, f"what is missing is not said: {done.stderr}")


def limited(bench, check):
    """RLIMIT_AS is the program's: nearly all of it can still be mapped."""
    command = ["/bin/sh", "-c", 'ulimit -v 262144; exec "$0" limited 210',
               bench.program("confined")]
    bench.both(check, "limited", command)
    check.that(bench.trace_files(), "no trace within the limit")
    command = ["/bin/sh", "-c", 'ulimit -f 8192; exec "$0" calls', command[-1]]
    bench.both(check, "file size", command)
    check.equal("mmap calls within RLIMIT_FSIZE", [mmaps(bench, path) for path in bench.trace_files()
                                                   if "confined" in path], [1, 100])


def full_disk(bench, check):
    """No page to be had for the trace: recording stops, and the program goes on."""
    os.mkdir(bench.traces)
    script = ('mount -t tmpfs -o size=1m none "$0" || exit 77; LD_PRELOAD=$2 VMATRACE_OUT="$0/t.vmat" '
              '"$3" calls 20000 || exit; "$1" info --format json "$0/t.vmat"')
    done = bench.run(["unshare", "--mount", "--map-root-user", "sh", "-c", script, bench.traces,
                      bench.vmatrace, bench.library, bench.program("confined")], False)
    if done.returncode == 77 or b"unshare" in done.stderr:
        skip("no mount of a file system of our own")
    check.equal("full disk", (done.returncode, done.stderr), (0, b""))
    lost = json.loads(done.stdout)["lost"]
    check.that(lost["recording_stopped"] and lost["dropped"], f"nothing was refused: {lost}")


def other_root(bench, check):
    if os.geteuid():
        skip("only root can change its root")
    empty = os.path.join(bench.folder, "empty")
    os.mkdir(empty)
    plain, _ = act(bench, check, "other_root", "100", empty)
    check.that(b"chroot: fine" in plain.stdout and b"child: status 0x300" in plain.stdout, f"{plain.stdout}")
    info = bench.info(the_trace(bench, check))
    check.equal("mmap calls", mmaps(bench, the_trace(bench, check)), 200)
    check.equal("children not followed", info["lost"]["children_not_followed"], 1)
    check.that(info["lost"]["snapshots"], "the list of VMAs cannot have been read at the end")


def strict(bench, check):
    plain, _ = act(bench, check, "strict")
    check.equal("untraced", (plain.returncode, plain.stdout), (6, b"still here\n"))
    trace = the_trace(bench, check)
    check.equal("mmap calls", mmaps(bench, trace), 100)
    check.equal("it is said", bench.info(trace)["coverage"]["sandboxed"], True)


ACTS = {f.__name__: f for f in (sandboxed, narrow_exec, known_filter, limited, full_disk, other_root, strict)}

if __name__ == "__main__":
    hostile.main(ACTS, read_all=True)

#!/usr/bin/env python3
"""An ordinary program (neighbour.c) beside allocators, other interposers, sanitizers, debuggers: the same
output and end with the recorder as without, and a trace.

    neighbours.py BUILD ACT
"""
import glob
import os
import shutil
import subprocess

import hostile
from hostile import own
from harness import need, skip  # hostile knows where it is

HERE = os.path.dirname(os.path.abspath(__file__))
LIBRARIES = "/usr/lib/x86_64-linux-gnu"


def compiled(bench, name, *flags, compiler="gcc", source="neighbour.c", linked=()):
    need(compiler)
    path = os.path.join(bench.folder, name)
    done = subprocess.run([compiler, "-D_GNU_SOURCE", "-O1", "-g", *flags, "-o", path,
                           os.path.join(HERE, source), "-ldl", "-lpthread", *linked],
                          capture_output=True, check=False)
    if done.returncode:
        skip(f"cannot build {name} with {compiler} {' '.join(flags)}: {done.stderr.decode()[-200:]}")
    return path


def plugin(bench):
    return os.path.join(bench.build, "hostile", "plugin_first.so")


def beside(bench, check, what, command, preloads, verified=True, between=False, **more):
    """With each list of preloads, in which None is the recorder; without it, it is left out. between: another
    library's functions lie between ours and libc's, and stacks are too poor to see through them."""
    before = " ".join(item for item in preloads if item)
    plain = bench.run(command, False, **{**more, **({"LD_PRELOAD": before} if before else {})})
    traced = bench.run(command, True, **{**more, "LD_PRELOAD": " ".join(item or bench.library
                                                                       for item in preloads)})
    for name in ("returncode", "stdout", "stderr"):
        check.equal(f"{what}: {name}", getattr(traced, name), getattr(plain, name))
    check.that(b"child: 0x400" in plain.stdout, f"{what}: the program itself: {plain}")
    name = os.path.basename(command[0])
    files = bench.named(name)
    check.equal(f"{what}: traces", len(files), 2)
    for path in files:
        # By the wrapper: the program is bound to it, however it binds.
        events = bench.events(path)
        calls = [e for e in (events if between else own(events)) if not e["internal"] and e["call"] == "mprotect"]
        check.that(len(calls) >= 3, f"{what}: {len(calls)} mprotect calls")
    if verified:
        bench.explained(check, what, files)
    for path in bench.trace_files():
        os.unlink(path)


def allocator(pattern):
    def test(bench, check):
        found = sorted(glob.glob(os.path.join(LIBRARIES, pattern)))
        if not found:
            skip(f"no {pattern}")
        program = compiled(bench, "neighbour")
        for preloads in ([found[0], None], [None, found[0]]):
            beside(bench, check, f"{preloads}", [program, plugin(bench)], preloads)
        linked = compiled(bench, "linked", linked=["-Wl,--no-as-needed", found[0]])
        beside(bench, check, "linked in", [linked, plugin(bench)], [None])
    return test


def interposer(bench, check):
    program = compiled(bench, "neighbour")
    other = compiled(bench, "other.so", "-shared", "-fPIC", source="interposer.c")
    for preloads in ([other, None], [None, other]):
        beside(bench, check, f"{preloads}", [program, plugin(bench)], preloads)


def initfirst_interposer(bench, check):
    """Only one library of a process runs before all others: here it is not the recorder."""
    program = compiled(bench, "neighbour")
    other = compiled(bench, "first.so", "-shared", "-fPIC", "-Wl,-z,initfirst", source="interposer.c")
    for preloads in ([other, None], [None, other]):
        beside(bench, check, f"{preloads}", [program, plugin(bench)], preloads)


def own_mmap(bench, check):
    beside(bench, check, "own mmap", [compiled(bench, "neighbour", "-DOWN_MMAP", "-rdynamic"),
                                      plugin(bench)], [None])


def deepbind(bench, check):
    beside(bench, check, "RTLD_DEEPBIND", [compiled(bench, "neighbour"), plugin(bench), "deep"], [None])


def sanitizer(name, library=None):
    def test(bench, check):
        for compiler in ("gcc", "clang"):
            if not shutil.which(compiler):
                continue
            try:
                program = compiled(bench, f"{compiler}-{name}", f"-fsanitize={name}", compiler=compiler)
            except SystemExit:
                continue
            preloads = [None]
            if compiler == "gcc" and library:
                found = subprocess.run([compiler, f"-print-file-name={library}"], capture_output=True,
                                       text=True, check=True).stdout.strip()
                preloads = [os.path.realpath(found), None]
            # Its runtime maps and unmaps by system calls of its own: what those change is implicit.
            beside(bench, check, f"{compiler} {name}", [program, plugin(bench)], preloads, verified=False,
                   between=name == "thread", ASAN_OPTIONS="detect_leaks=0")
        if not check.held:
            skip(f"no compiler with -fsanitize={name}")
    return test


def setarch(bench, check):
    """No randomization, and the old layout that grows upwards."""
    need("setarch")
    program = compiled(bench, "neighbour")
    for flags in (["-R"], ["-L"], ["-R", "-L"]):
        command = ["setarch", os.uname().machine, *flags, program, plugin(bench)]
        bench.both(check, f"setarch {flags}", command)
        bench.explained(check, f"setarch {flags}", bench.named("neighbour"))
    shutil.rmtree(bench.traces)
    static = compiled(bench, "neighbour", "-no-pie", "-fno-pie")
    beside(bench, check, "no-pie", [static, plugin(bench)], [None])
    now = compiled(bench, "neighbour", "-Wl,-z,now", "-fno-plt", "-Wl,-Bsymbolic")
    beside(bench, check, "bound at start", [now, plugin(bench)], [None])


ACTS = {
    "jemalloc": allocator("libjemalloc.so.2"),
    "tcmalloc": allocator("libtcmalloc_minimal.so.4"),
    "mimalloc": allocator("libmimalloc.so.2*"),
    "interposer": interposer,
    "initfirst_interposer": initfirst_interposer,
    "own_mmap": own_mmap,
    "deepbind": deepbind,
    "asan": sanitizer("address", "libasan.so"),
    "tsan": sanitizer("thread"),
    "ubsan": sanitizer("undefined"),
    "layouts": setarch,
}

if __name__ == "__main__":
    hostile.main(ACTS)

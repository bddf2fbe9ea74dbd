#!/usr/bin/env python3
"""Stacks through code that real runtimes make or describe to nobody: each frame is one of those that the program
is known to have there, in their order; found by frame pointer only where the callee has no CFI; whole, or cut and
flagged.

    runtimes.py BUILD node|java|luajit
"""
import collections
import json
import os
import shutil
import subprocess
import sys
import tempfile

BUILD, RUNTIME = sys.argv[1:3]
HERE = os.path.dirname(os.path.abspath(__file__))
failed = 0


def check(what, holds, seen=""):
    global failed
    failed += not holds
    print(f"{'ok    ' if holds else 'FAILED'} {what}{'' if holds else f': {seen}'}")


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            print(f"skipped: there is no {program}")
            sys.exit(77)


def maps_of(folder, is_ours, *command):
    """{(stack from the outside, flags): count} of the mmap events that is_ours() says yes to; a stack's frames are
    (function, module, by), and inlined ones are left out: they are of the analyzer's making."""
    trace = os.path.join(folder, "t.vmat")
    environment = dict(os.environ, LD_PRELOAD=os.path.join(BUILD, "libvmatrace.so"), VMATRACE_OUT=trace,
                       VMATRACE_DEPTH="128")
    program = subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.DEVNULL)
    perf_map = f"/tmp/perf-{program.pid}.map"
    try:
        check(f"{RUNTIME} ends well", program.wait() == 0)
        read = subprocess.run([os.path.join(BUILD, "vmatrace"), "events", "-q", "--format", "jsonl", trace],
                              check=True, stdout=subprocess.PIPE)
    finally:
        if os.path.exists(perf_map):
            os.unlink(perf_map)
        if os.path.exists(trace):
            os.unlink(trace)
    found = collections.Counter()
    for event in map(json.loads, read.stdout.splitlines()):
        if event["call"] == "mmap" and not event["internal"] and is_ours(event):
            stack = tuple((frame["function"] or "", frame["module"] or "", frame["by"])
                          for frame in reversed(event["stack"]) if not frame["inlined"])
            found[stack, tuple(event["flags"])] += 1
    return found


def wrong(found, holds):
    """Those of found that do not hold, the most frequent first."""
    return [stack for stack in found.most_common() if not holds(*stack[0])][:2]


def by_frame_pointer_from(undescribed, stack):
    """True if those frames are marked, and only those, whose callee is undescribed(function, module)."""
    return all((by == "fp") == undescribed(*callee[:2]) for (_, _, by), callee in zip(stack, stack[1:]))


def is_jit(_, module):
    return module == "[jit]"


def are_in_order(names, order):
    """True if each name has one of the order's words in it, and none comes before its turn."""
    turn = 0
    for name in names:
        while turn < len(order) and order[turn] not in name:
            turn += 1
    return turn < len(order)


def node():
    need("node")
    with tempfile.TemporaryDirectory() as folder:
        found = maps_of(folder, lambda event: event["args"]["length"] == (48 << 20) + 4096,
                        "node", "--perf-basic-prof", "--interpreted-frames-native-stack", "--no-turbo-inlining", "--allow-natives-syntax",
                        os.path.join(HERE, "runtimes.js"))
    check("node: every buffer", sum(found.values()) >= 600, sum(found.values()))
    check("node: whole, from _start", not (bad := wrong(
        found, lambda stack, flags: stack[0][0] == "_start" and not flags)), bad)
    check("node: by frame pointer out of V8's code, by CFI elsewhere", not (bad := wrong(
        found, lambda stack, _: by_frame_pointer_from(
            # V8 copies some of its built-in functions to where its compilers' code is: of these the map says nothing.
            lambda name, module: module in ("[jit]", "") or name.startswith("Builtins_"), stack))), bad)

    def functions(stack):
        return [name.split(" /")[0].lstrip("JS:~*^") for name, _, _ in stack if "runtimes.js" in name]
    check("node: the script's functions, each once, in their order", not (bad := wrong(
        found, lambda stack, _: functions(stack)[-3:] == ["outer", "middle", "innermost"])), bad)
    for tier, mark in (("interpreted", "~"), ("optimised", "*")):
        check(f"node: all three {tier}", any(
            all(f":{mark}{name} " in " ".join(frame for frame, _, _ in stack) for name in ("outer", "middle", "innermost"))
            for stack, _ in found))


# What lies between the call stub and the system call, from the outside; what was inlined is not there.
JAVA = ["StubRoutines", "Interpreter", "Runtimes.main(", "Interpreter", "Runtimes.outer(", "Interpreter",
        "Runtimes.middle(", "Interpreter", "Runtimes.innermost(", "Interpreter", "FileChannelImpl.map(", "Interpreter",
        "FileChannelImpl.mapInternal(", "Interpreter", "FileChannelImpl.map0(", "Interpreter"]
OURS = ["main", "outer", "middle", "innermost"]


def java():
    need("java", "javac")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["javac", "-d", folder, os.path.join(HERE, "Runtimes.java")], check=True)
        run = ["java", "-XX:CompileCommand=quiet", "-XX:CompileCommand=dontinline,Runtimes.*", "-XX:-MethodFlushing",
               "-Xss2m"]
        end = ["-cp", folder, "Runtimes", os.path.join(folder, "file")]

        def is_ours(event):
            return event["stack"] and "FileChannelImpl_map0" in (event["stack"][0]["function"] or "")
        kept = maps_of(folder, is_ours, *run, "-XX:+PreserveFramePointer", *end)
        lost = maps_of(folder, is_ours, *run, *end)

    def made(stack):
        return [name for name, module, _ in stack if module == "[jit]"]
    for what, found in (("frame pointers kept", kept), ("frame pointers not kept", lost)):
        check(f"java, {what}: every map", sum(found.values()) == 20000, sum(found.values()))
        check(f"java, {what}: by frame pointer out of code made at run time, by CFI elsewhere", not (bad := wrong(
            found, lambda stack, _: by_frame_pointer_from(is_jit, stack))), bad)
        check(f"java, {what}: whole, from the thread's first, or flagged", not (bad := wrong(
            found, lambda stack, flags: (stack[0][0] == "clone3") == (not flags))), bad)
        check(f"java, {what}: no frame that is none", not (bad := wrong(
            found, lambda stack, _: all(name and module for name, module, _ in stack))), bad)
        check(f"java, {what}: in their order", not (bad := wrong(
            found, lambda stack, _: "Interpreter" in made(stack)[-1:] or are_in_order(made(stack), JAVA))), bad)
    check("java, frame pointers kept: none is cut", not (bad := wrong(kept, lambda _, flags: not flags)), bad)
    check("java, frame pointers kept: no method of the program is missing", not (bad := wrong(
        kept, lambda stack, _: all(f"Runtimes.{name}(" in frame or frame == "Interpreter"
                                   for name, frame in zip(OURS, made(stack)[1:5])))), bad)
    check("java: in compiled code, too", any("Runtimes.innermost(" in name
                                             for stack, _ in kept for name in made(stack)))


def luajit():
    need("luajit")
    with tempfile.TemporaryDirectory() as folder:
        found = maps_of(folder, lambda event: event["via"] == "wrapper" and event["args"]["prot"] == "r--"
                        and event["args"]["length"] <= 5 * 4096, "luajit", os.path.join(HERE, "runtimes.lua"))
    check("luajit: every page", sum(found.values()) >= 3000, sum(found.values()))
    whole = collections.Counter({key: n for key, n in found.items() if not key[1]})
    cut = found - whole
    check("luajit: interpreted, by the CFI that it has, from _start", whole and not (bad := wrong(
        whole, lambda stack, _: stack[0][0] == "_start"
        and all(by == "cfi" and module for _, module, by in stack))), whole)
    # Its code uses rbp for whatever it likes.
    check("luajit: compiled, cut there and flagged", cut and not (bad := wrong(
        cut, lambda stack, flags: flags == ("stack-truncated",) and stack == (("", "", "cfi"),))), cut)


{"node": node, "java": java, "luajit": luajit}[RUNTIME]()
sys.exit(1 if failed else 0)

#!/usr/bin/env python3
"""The judge judged: a real list passes, and each way of spoiling one event of it is noticed.

    judge_test.py BUILD
"""
import copy
import sys

import strace_judge
from harness import Bench, Check, need
from judged import Run

# Every call that the judge knows, some of them failing, two threads, a fork child, an exec'd image.
PROGRAM = r"""
import ctypes, os, subprocess, threading
libc = ctypes.CDLL(None, use_errno=True)
def call(name, *words):
    function = getattr(libc, name)
    function.restype = ctypes.c_long
    return function(*[ctypes.c_long(word or 0) for word in words])
def many():
    page = call("mmap", None, 4096 * 16, 3, 0x22, -1, None)
    call("mprotect", page, 4096, 1)
    call("mprotect", 4096, 4096, 1)
    call("pkey_mprotect", page, 4096, 3, -1)
    call("madvise", page, 8192, 4)
    call("madvise", page + 1, 8192, 4)
    call("posix_madvise", page, 8192, 3)
    call("posix_madvise", page, 8192, 4)
    call("posix_madvise", page + 1, 8192, 3)
    call("mlock", page, 4096)
    call("mlock2", page + 4096, 4096, 1)
    call("munlock", page, 8192)
    moved = call("mremap", page + 4096 * 8, 4096 * 8, 4096 * 32, 1)
    call("mremap", moved, 4096 * 32, 4096, 3, page + 4096 * 8)
    call("syscall", 237, page, 4096, 1, None, 0, 0)
    call("munmap", page, 4096 * 16)
    call("munmap", 1, 4096)
many()
thread = threading.Thread(target=many)
thread.start()
thread.join()
call("sbrk", 0)
call("sbrk", 8192)
call("sbrk", -4096)
call("sbrk", 1 << 46)
here = call("sbrk", 0)
call("brk", here + 4096)
call("brk", 4096)
call("syscall", 12, here)
call("mlockall", 1)
call("mlockall", 1 << 20)
call("munlockall")
segment = call("shmget", 0, 8192, 0o600)
attached = call("shmat", segment, None, 0)
call("shmctl", segment, 0, None)
call("shmat", -1, None, 0)
call("shmdt", attached)
call("shmdt", 4096)
call("remap_file_pages", 4096, 4096, 0, 0, 0)
file = os.open("/usr/bin/env", os.O_RDONLY)
call("mmap", None, 4096, 1, 2, file, None)
call("mmap", None, 4096, 1, 2, -1, None)
subprocess.run(["true"])
child = os.fork()
if not child:
    many()
    os._exit(0)
os.waitpid(child, 0)
"""

FAILED = {"result": -1, "errno": "EXDEV"}


class Spoiler:
    """Makes changed copies of one trace's rows."""

    def __init__(self, trace):
        self.trace = trace
        self.places = [i for i, row in enumerate(trace.rows) if strace_judge.is_vma_call(row)]

    def rows(self):
        return copy.deepcopy(self.trace.rows)

    def deleted(self, at):
        rows = self.rows()
        del rows[at]
        return rows

    def added(self, at, **other):
        rows = self.rows()
        rows.insert(at, {**copy.deepcopy(rows[at]), **other})
        return rows

    def changed(self, at, **other):
        rows = self.rows()
        rows[at].update(other)
        return rows

    def swapped(self, at):
        """With the next one of its thread; None if there is none or they are alike."""
        rows = self.rows()
        for to in (i for i in self.places if i > at and rows[i]["tid"] == rows[at]["tid"]):
            if (rows[at]["call"], rows[at]["args"], rows[at]["result"]) == \
                    (rows[to]["call"], rows[to]["args"], rows[to]["result"]):
                return None
            # Only what was recorded: the numbers of the events stay in order.
            for key in set(rows[at]) - {"seq", "enter", "exit"}:
                rows[at][key], rows[to][key] = rows[to][key], rows[at][key]
            return rows
        return None

    def one_of_each(self):
        """A place for each kind of call, both succeeding and failing, and the ends of the list."""
        kinds = {}
        for at in self.places:
            row = self.trace.rows[at]
            # No call of strace's list: without it nothing is missing there.
            if at and strace_judge.done_in_parts(row, self.trace.rows[at - 1]):
                continue
            kinds.setdefault((row["call"], row["via"], row["errno"], row["internal"]), at)
        return sorted({*kinds.values(), self.places[0], self.places[-1]})


def other_value(value):
    if isinstance(value, list):
        return value[:-1] if value else ["0x400"]
    if isinstance(value, int):
        return value + 1
    if value.startswith("0x"):
        return hex(int(value, 16) + 4096)
    if value.startswith(("MADV_", "POSIX_MADV_", "MPOL_")):
        return "0x7"
    return ("-" if value[0] == "r" else "r") + value[1:]


def spoilt(spoiler):
    """(what was done, rows) for everything that must not pass."""
    for at in spoiler.one_of_each():
        row = spoiler.trace.rows[at]
        name = f"{row['call']} @{row['seq']}"
        yield f"{name} deleted", spoiler.deleted(at)
        yield f"{name} twice", spoiler.added(at)
        yield f"{name} of another thread", spoiler.changed(at, tid=row["tid"] + 1000)
        yield f"{name} added to another thread", spoiler.added(at, tid=row["tid"] + 1000)
        swapped = spoiler.swapped(at)
        if swapped:
            yield f"{name} and the next swapped", swapped
        for key, value in row["args"].items():
            if key != "path":
                yield f"{name}: {key}", spoiler.changed(
                    at, args={**row["args"], key: other_value(value)})
        if isinstance(row["result"], str):
            yield f"{name}: result", spoiler.changed(at, result=other_value(row["result"]))
        if row["call"] != "brk":
            yield f"{name}: errno", spoiler.changed(at, **FAILED)
        # The last one of a thread may have been on its way when the process ended.
        if any(spoiler.trace.rows[i]["tid"] == row["tid"] for i in spoiler.places if i > at):
            yield f"{name}: never returned", spoiler.changed(at, result=None)


def main():
    need("strace", "/usr/bin/python3")
    bench, check = Bench(sys.argv[1]), Check()
    run = Run(bench)
    try:
        run.finish(["/usr/bin/python3", "-c", PROGRAM])
        images, traces = run.images(), strace_judge.read_traces(bench)
        clean = strace_judge.judge(images, traces)
        check.equal("the list as it is", clean.differences, [])
        calls = {row["call"] for trace in traces for row in trace.rows}
        print(f"{clean.compared} calls of {len(traces)} traces equal strace's: "
              f"{' '.join(sorted(calls))}")
        changes = 0
        for trace, image in strace_judge.pair_up(images, traces):
            for what, rows in spoilt(Spoiler(trace)):
                verdict = strace_judge.Verdict()
                verdict.hold(trace, image.calls, strace_judge.rings(traces), rows)
                check.that(verdict.differences, f"{trace.name}: not noticed: {what}")
                changes += 1
            rest = [one for one in traces if one is not trace]
            check.that(strace_judge.judge(images, rest).differences,
                       f"not noticed: no {trace.name}")
        print(f"{changes} changes of one event each")
    finally:
        bench.close()
    check.finish()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Differential: random programs (churn.c); at every point where nothing else runs, the list that the trace
gives for that point equals the one that the program read from the kernel.

    differential.py BUILD [FIRST [COUNT]]

10 seeds; the tests of label "full" are 200, in four parts.
"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "programs"))
from harness import Bench, Check  # noqa: E402


def coalesced(text):
    """[start, end, permissions, device, inode, offset, name], neighbours that differ in nothing joined; and
    the start of the main stack, which grows without a call."""
    rows, stack = [], None
    for line in text.splitlines():
        extent, permissions, offset, device, inode, *name = line.split(None, 5)
        start, end, offset = *(int(word, 16) for word in extent.split(b"-")), int(offset, 16)
        name = name[0] if name else b""
        if name == b"[stack]":
            stack, start = start, end
        if name in (b"[heap]", b"[stack]"):
            name = b""
        row = [start, end, permissions, device, inode, offset, name]
        last = rows[-1] if rows else None
        if last and last[1] == start and last[2:5] == row[2:5] and last[6] == name and (
                inode == b"0" or last[5] + last[1] - last[0] == offset):
            last[1] = end
        else:
            rows.append(row)
    return rows, stack


def one_point(bench, check, seed, reading, trace):
    pid, mark = os.path.basename(reading).split(".")
    with open(reading, "rb") as kernel:
        seen, seen_stack = coalesced(kernel.read())
    done = bench.read("maps", "--at", f"mark:{mark}", trace)
    rows, stack = coalesced(done.stdout)
    what = f"seed {seed} process {pid} {mark}"
    check.that(done.returncode == 0 and not done.stderr, f"{what}: {done.stderr[:300]}")
    check.that(seen_stack is None or stack is None or seen_stack <= stack, f"{what}: stack")
    only = [row for row in rows if row not in seen][:3], [row for row in seen if row not in rows][:3]
    check.that(rows == seen, f"{what}: {trace}: replay only {only[0]}, kernel only {only[1]}")


def one_seed(bench, check, seed):
    readings = os.path.join(bench.folder, f"readings-{seed}")
    traces = os.path.join(bench.folder, f"traces-{seed}")
    os.mkdir(readings)
    done = bench.run([os.path.join(bench.build, "site_churn"), str(seed),
                      os.path.join(bench.build, "libsite_plugin.so"), readings], True,
                     VMATRACE_OUT=os.path.join(traces, "%p.vmat"), VMATRACE_RING="65536", timeout=120)
    check.equal(f"seed {seed}: exit status", done.returncode, 0)
    check.equal(f"seed {seed}: stderr", done.stderr, b"")
    points = sorted(os.listdir(readings))
    check.that(len(points) >= 8, f"seed {seed}: {len(points)} points")
    for name in points:
        trace = os.path.join(traces, name.split(".")[0] + ".vmat")
        one_point(bench, check, seed, os.path.join(readings, name), trace)
    for name in os.listdir(traces):
        path = os.path.join(traces, name)
        verify = bench.read("verify", "-q", path)
        check.equal(f"seed {seed}: verify {name}", (verify.returncode, verify.stderr), (0, b""))
        check.that(b"lost                      0" in verify.stdout, f"seed {seed}: {name}: lost events")
        if not check.failures:
            os.unlink(path)
    return len(points), len({name.split(".")[0] for name in points})


def main():
    bench, check = Bench(sys.argv[1]), Check()
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 10
    totals = [0, 0]
    for seed in range(first, first + count):
        totals = [a + b for a, b in zip(totals, one_seed(bench, check, seed))]
        if len(check.failures) > 10:
            break
    print(f"{count} seeds, {totals[0]} points in {totals[1]} processes")
    if check.failures and os.environ.get("VMATRACE_KEEP"):
        print(f"kept: {bench.folder}")
    else:
        bench.close()
    check.finish()


if __name__ == "__main__":
    main()

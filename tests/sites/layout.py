#!/usr/bin/env python3
"""Layout: a program's own VMA list is the same sequence of (size, permissions, offset, name) with and
without the recorder, whose own rows are left out. Without address space randomization, at its last moment.

    layout.py BUILD PROGRAM

[heap] may be one brk step (132 KiB) larger. A second reference is the same program with an empty library
of the recorder's size preloaded. For one more library the loader takes more or fewer pages for its own
tables and the thread-local block; and large libraries, which the kernel puts on 2 MiB boundaries, leave
other holes when all have moved by the size of one. Any preloaded library does both.
A library that the unwinder needs too (liblzma) is where the unwinder had it loaded: left out of both. What is
loaded behind it may then fall into the hole that it would have filled, so no program here loads it.
"""
import json
import os
import re
import struct
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "programs"))
from harness import Bench, Check, need  # noqa: E402

STEP = 132 * 1024
ROW = re.compile(r"(\w+)-(\w+) (\S+) (\w+) \S+ \d+ *(.*)")


def python_program(_):
    # Some installations' site imports lzma, see above.
    return [os.path.realpath(sys.executable), "-S", "-c", "import json, decimal, socket, ssl, sqlite3\n"
            "a = [bytearray(1 << (i % 22)) for i in range(200)]\n"
            "del a[::3]\n"]


PROGRAMS = {
    "ls": lambda build: ["ls", "-l", "/"],
    "bash": lambda build: ["bash", "-c", "a=(); for i in {1..2000}; do a+=($i$i$i); done; echo ${#a[@]}"],
    "python3": python_program,
    "sort": lambda build: ["sort", "--parallel=1", "-r", "-S", "8M", __file__],
    "perl": lambda build: ["perl", "-e", "use POSIX; my %h; $h{$_} = 'x' x 100 for 1..20000; print scalar(%h)"],
    "threads": lambda build: [os.path.join(build, "site_acts"), "threads", "12"],
}


def libraries_in(text, ranges):
    """The files mapped there."""
    return {ROW.match(line).group(5) for line in text.splitlines()
            if any(a <= int(line.split("-")[0], 16) < b for a, b in ranges) and ".so" in line}


def rows_of(text, left_out, shared):
    rows = []
    for line in text.splitlines():
        start, end, permissions, offset, name = ROW.match(line).groups()
        start, end = int(start, 16), int(end, 16)
        if name not in shared and not any(a <= start < b for a, b in left_out):
            rows.append([end - start, permissions, int(offset, 16), name])
    return rows


def heap_of(rows):
    """Its size, and the rows without it."""
    return sum(row[0] for row in rows if row[3] == "[heap]"), [r for r in rows if r[3] != "[heap]"]


def run(bench, command, name, preload):
    out = os.path.join(bench.folder, name)
    tool = os.path.join(bench.build, "last_maps")
    environment = bench.environment(False)
    inner = ["env"]
    if preload:
        inner += [f"LD_PRELOAD={preload}", f"VMATRACE_OUT={bench.traces}/%e.vmat"]
    else:
        inner += ["UNUSED_A=" + "x" * 8]
    done = subprocess.run([tool, out, *inner, *command], env=environment, capture_output=True,
                          timeout=120, check=False, cwd=bench.folder)
    with open(out, encoding="utf-8", errors="replace") as text:
        return done, text.read()


def own_ranges(bench, trace):
    rows = json.loads(bench.read("maps", "--format", "json", trace).stdout)
    return [(int(row["vm_start"], 16), int(row["vm_end"], 16)) for row in rows
            if row["kind"] == "tracer"]


def mapped_pages(path):
    """Of a library, from its program headers (elf(5))."""
    with open(path, "rb") as library:
        data = library.read()
    offset, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    ends = [0]
    for i in range(count):
        kind, _, _, address, _, _, memory, _ = struct.unpack_from("<IIQQQQQQ", data, offset + i * size)
        if kind == 1:
            ends.append(address + memory)
    return -(-max(ends) // 4096)


def empty_library(bench):
    path = os.path.join(bench.folder, "libvacant.so")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "empty.c")
    number = 1
    for _ in range(2):
        subprocess.run(["cc", "-shared", "-nostdlib", f"-DBYTES={number}", "-o", path, source],
                       check=True)
        number += 4096 * (mapped_pages(bench.library) - mapped_pages(path))
    assert mapped_pages(path) == mapped_pages(bench.library)
    return path


def library_ranges(text, path):
    return [(int(a, 16), int(b, 16)) for a, b in
            re.findall(rf"^(\w+)-(\w+) .* {re.escape(path)}$", text, re.MULTILINE)]


def main():
    bench, check = Bench(sys.argv[1]), Check()
    command = PROGRAMS[sys.argv[2]](bench.build)
    need(command[0], "cc")
    try:
        empty = empty_library(bench)
        plain, plain_text = run(bench, command, "plain", None)
        _, empty_text = run(bench, command, "empty", empty)
        traced, traced_text = run(bench, command, "traced", bench.library)
        check.equal("exit status", traced.returncode, plain.returncode)
        check.equal("output", traced.stdout, plain.stdout)
        (trace,) = bench.trace_files()
        own = own_ranges(bench, trace)
        shared = libraries_in(traced_text, own)
        heap, expected = heap_of(rows_of(plain_text, [], shared))
        _, second = heap_of(rows_of(empty_text, library_ranges(empty_text, empty), shared))
        traced_heap, seen = heap_of(rows_of(traced_text, own, shared))
        if seen == second != expected:
            print("equal to the run with an empty library, which differs from the plain one in:")
            for row in [r for r in second if r not in expected] + [r for r in expected if r not in second]:
                print("   ", row)
        elif seen != expected:
            for row in [r for r in seen if r not in expected]:
                print("    traced only", row)
            for row in [r for r in expected if r not in seen]:
                print("    untraced only", row)
        check.that(seen in (expected, second), f"{len(seen)} rows differ from {len(expected)}")
        check.that(abs(traced_heap - heap) <= STEP, f"heap {traced_heap}, {heap} untraced")
        print(f"{len(seen)} rows; heap {traced_heap}, {heap} untraced")
    finally:
        bench.close()
    check.finish()


if __name__ == "__main__":
    main()

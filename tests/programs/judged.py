#!/usr/bin/env python3
"""Real programs under the preload and under strace at once: the events are the system calls, none
missing, none invented (strace_judge.py), and every checkpoint equals the replay.

    judged.py BUILD NAME
"""
import collections
import json
import os
import shutil
import subprocess
import sys

import servers
import strace_judge
import strace_list
from harness import Bench, Check, need

FULL = os.environ.get("VMATRACE_FULL") == "1"

# Slots: few, so that there is a checkpoint now and then; enough, so that nothing is overwritten.
RING = "65536" if FULL else "8192"

# The changes that no event made, as (change, cause): a page fault below the stack is no call.
IMPLICIT = {("create", "stack growth")}

PYTHON = """
import json, ssl, sqlite3, sys, threading, xml.dom.minidom, decimal, ctypes
def allocate(i):
    for n in range(int(sys.argv[1])):
        blocks = [bytearray(200_000 + 4096 * i * n) for _ in range(4)]
threads = [threading.Thread(target=allocate, args=(i,)) for i in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]
ctypes.CDLL("libz.so.1")
"""

# mmap and munmap by number; the rows that an event of shared memory carries fill the arena.
BY_NUMBER = """
import ctypes
call = ctypes.CDLL(None).syscall
call.restype = ctypes.c_long
for i in range(3000):
    words = [ctypes.c_long(word) for word in (9, 0, 4096, 3, 0x21, -1, 0)]
    call(ctypes.c_long(11), ctypes.c_long(call(*words)), ctypes.c_long(4096))
"""

NODE = """
const { Worker, isMainThread } = require('worker_threads');
const zlib = require('zlib');
let all = [];
for (let i = 0; i < process.argv[2]; i++)
    all.push(Buffer.alloc(100000 + i, i), { i, text: 'x'.repeat(i * 10) });
zlib.gunzipSync(zlib.gzipSync(Buffer.concat(all.filter(Buffer.isBuffer))));
if (isMainThread) for (let i = 0; i < 2; i++) new Worker(__filename, { argv: [process.argv[2]] });
"""

JAVA = """
import java.util.ArrayList;
import java.util.List;

public class Threads {
    public static void main(String[] arguments) throws Exception {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            Thread thread = new Thread(() -> {
                long sum = 0;
                for (int n = 0; n < Integer.parseInt(arguments[0]); n++) {
                    byte[] block = new byte[200_000 + n];
                    block[n] = (byte) n;
                    sum += block[n] + String.format("%d %s", n, block).length();
                }
                System.out.println(sum > 0);
            });
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads)
            thread.join();
        System.gc();
    }
}
"""

SQL = """
CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, size REAL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
INSERT INTO t SELECT i, printf('row %d', i), i * 1.5 FROM n;
CREATE INDEX by_name ON t (name);
SELECT count(*), sum(size) FROM t WHERE name LIKE 'row 1%';
PRAGMA mmap_size = 10000000;
SELECT max(name) FROM t;
DELETE FROM t WHERE id % 2 = 0;
VACUUM;
"""

PERL = r"""
use POSIX; use Data::Dumper; my %h; $h{$_ % 977} .= "x" x ($_ % 100) for 1 .. 30000;
my $big = "a" x 3_000_000; $big =~ s/a{100}/b/g; open(my $p, "-|", "echo from a child") or die;
print scalar(keys %h), length($big), <$p>; my $k = fork; if (!$k) { my $y = "y" x 500_000; exit 3 }
waitpid $k, 0; print $? >> 8, "\n";
"""

SHELL = """set -o pipefail; seq 3000 | grep 7 | sort -rn | awk '{s += $1} END {print s}'
x=$(echo sub | tr a-z A-Z); (y=$(printf %0100000d 1); echo ${#y}); cat <<< here | wc -c; exit 5"""


class Run:
    """One program, judged."""

    def __init__(self, bench):
        self.bench = bench
        self.ring = RING
        self.strace_file = os.path.join(bench.folder, "strace")
        # A copy: other users that servers run as can read it there, wherever the build is.
        bench.library = shutil.copy(bench.library, bench.folder)

    def command(self, command, **more):
        """strace starts the program, and only the program is preloaded."""
        # --seccomp-bpf puts the program under a filter, which kills for nothing.
        environment = self.bench.environment(True, VMATRACE_RING=self.ring, VMATRACE_FILTERS="1", **more)
        added = [word for name, value in environment.items() if os.environ.get(name) != value
                 for word in ("-E", f"{name}={value}")]
        return ["strace", *strace_list.OPTIONS, "-o", self.strace_file, *added, *command]

    def finish(self, command, status=0, cwd=None, stdin=b""):
        """Runs a program that ends by itself."""
        done = subprocess.run(self.command(command), cwd=cwd or self.bench.folder, input=stdin,
                              env=self.bench.environment(False), capture_output=True, timeout=600,
                              check=False)
        if done.returncode != status:
            sys.exit(f"FAIL: {command[0]}: status {done.returncode}, {done.stderr[-600:]!r}")
        return done.stdout

    def start(self, command, added=(), **options):
        """Starts a server with more in its environment; whoever asked ends it and waits."""
        return subprocess.Popen(self.command(command, **dict(added)),
                                env=self.bench.environment(False), stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **options)

    def images(self):
        return strace_list.read_images(self.strace_file)

    def file(self, name, text):
        path = os.path.join(self.bench.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path


def python3(run):
    need("/usr/bin/python3")
    run.finish(["/usr/bin/python3", "-c", PYTHON, "300" if FULL else "30"])


def by_number(run):
    need("/usr/bin/python3")
    run.finish(["/usr/bin/python3", "-c", BY_NUMBER])


def node(run):
    need("node")
    run.finish(["node", run.file("main.js", NODE), "2000" if FULL else "200"])


def namespace(run):
    """More than one libc (dlmopen), none of whose calls reaches a wrapper."""
    command = "{0}/site_namespace {1} {0}/libsite_namespace_plugin.so {2}"
    acts = ("once", 1), ("rounds", 20), ("many", 9)
    run.finish(["sh", "-c", " && ".join(command.format(run.bench.build, *act) for act in acts)])


def java(run):
    need("java", "javac")
    folder = os.path.dirname(run.file("Threads.java", JAVA))
    subprocess.run(["javac", "-d", folder, os.path.join(folder, "Threads.java")], check=True)
    run.finish(["java", "-Xmx64m", "-cp", folder, "Threads", "3000" if FULL else "200"])


def gcc(run):
    need("gcc")
    here = os.path.dirname(os.path.abspath(__file__))
    analyzer = os.path.join(here, "..", "..", "analyzer")
    run.finish(["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-O2", "-I", analyzer, "-I",
                os.path.join(analyzer, "..", "include"), "-c", "-o", "out.o",
                os.path.join(analyzer, "core", "vma_map.c")])


def git(run):
    need("git")
    folder = os.path.join(run.bench.folder, "repository")
    subprocess.run(["git", "init", "-q", folder], check=True)
    for i in range(20 if FULL else 5):
        run.file("repository/file", "".join(f"line {i * j}\n" for j in range(500)))
        subprocess.run(["git", "-C", folder, "add", "."], check=True)
        subprocess.run(["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@example.com",
                        "commit", "-qm", f"commit {i}"], check=True)
    run.file("repository/file", "the last\n" * 1000)
    run.finish(["sh", "-c", "git log -p --stat | cat; git gc -q; git status; git -c user.name=a "
                "-c user.email=a@example.com commit -qam last"], cwd=folder)


def sort(run):
    need("sort")
    lines = 1_000_000 if FULL else 200_000
    path = run.file("lines", "".join(f"{i * 7919 % 1000003}\n" for i in range(lines)))
    run.finish(["sort", "--parallel=4", "-S", "4M", "-o", "sorted", path])


def perl(run):
    need("perl")
    run.finish(["perl", "-e", PERL])


def bash(run):
    need("bash", "seq", "awk")
    run.finish(["bash", "-c", SHELL], status=5)


def sqlite3(run):
    need("sqlite3")
    run.finish(["sqlite3", os.path.join(run.bench.folder, "db")], stdin=SQL.encode())


PROGRAMS = {f.__name__: f for f in (python3, by_number, namespace, node, java, gcc, git, sort, perl, bash,
                                    sqlite3, servers.redis, servers.postgres, servers.nginx)}


def check_verify(bench, check, traces):
    """Every checkpoint of every trace, and what changed without an event."""
    totals = collections.Counter()
    for trace in traces:
        done = bench.read("verify", "-q", "--format", "json", trace.path)
        verdict = json.loads(done.stdout)
        totals.update({key: value for key, value in verdict.items() if key != "schema"})
        check.that(done.returncode == 0 and verdict["matched"] == verdict["checkpoints"] and
                   not verdict["unexplained_vmas"] and not verdict["lost"],
                   f"{trace.name}: verify: status {done.returncode}, {verdict}")
    return totals


def check_implicit(check, name, traces, events):
    kinds = sum((trace.implicit() for trace in traces), collections.Counter())
    for kind, count in kinds.items():
        check.that(kind in IMPLICIT, f"{name}: {count} implicit changes not listed: {kind}")
    others = sum(count for (_, cause), count in kinds.items() if cause != "stack growth")
    check.that(others * 100 <= events, f"{name}: {others} implicit changes on {events} events")
    return kinds


def main():
    name = sys.argv[2]
    need("strace")
    bench, check = Bench(sys.argv[1]), Check()
    run = Run(bench)
    try:
        PROGRAMS[name](run)
        traces = strace_judge.read_traces(bench)
        verdict = strace_judge.judge(run.images(), traces)
        check.failures += verdict.differences[:40]
        check.that(len(verdict.differences) <= 40, f"{len(verdict.differences)} differences in all")
        check.that(verdict.compared, "nothing was compared")
        check.that(all(trace.info["coverage"]["sites"] for trace in traces), "sites not in force")
        totals = check_verify(bench, check, traces)
        kinds = check_implicit(check, name, traces, totals["events"])
        print(f"{name}: {verdict.traces} traces, {verdict.compared} calls equal strace's, "
              f"{len(verdict.differences)} differences, {verdict.queries} queries of the break")
        print(f"{name}: verify: {dict(totals)}; implicit: "
              f"{ {' '.join(map(str, kind)): count for kind, count in kinds.items()} }")
    finally:
        if check.failures and os.environ.get("VMATRACE_KEEP"):
            print(f"traces are in {bench.folder}")
        else:
            bench.close()
    check.finish()


if __name__ == "__main__":
    main()

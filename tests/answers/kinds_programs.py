#!/usr/bin/env python3
"""
The kind of every VMA of programs that none of us wrote, against those who know what the memory is for: the dynamic
linker, the threads library and malloc, asked inside the process (inside.c), the JVM's own account of its memory,
V8's list of the code it made, and the names and letters of the kernel. Each VMA is judged by one of them; how many
only the kernel's letters judge is printed.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter

from common import BUILD, VMATRACE, check, equal, finish

FULL = os.environ.get("VMATRACE_FULL") == "1"
KINDS = {"text", "rodata", "data", "bss", "heap", "malloc-arena", "malloc-block", "thread-stack",
         "main-stack", "guard", "loader", "file", "shm", "memfd", "sysv", "anonymous", "jit",
         "vdso", "tracer"}
NAMED = (("[heap]", "heap"), ("[stack]", "main-stack"), ("[v", "vdso"), ("/dev/shm/", "shm"),
         ("/memfd:", "memfd"), ("/SYSV", "sysv"), ("/dev/zero", "anonymous"))
PAGE = os.sysconf("SC_PAGE_SIZE")
HEAP_BYTES = 64 << 20  # glibc: malloc/arena.c HEAP_MAX_SIZE
PYTHON = """
import threading, time, mmap, zlib, sqlite3, ssl
done = threading.Event()
def work():
    data = [str(n) for n in range(20000)]
    done.wait()
for _ in range(4): threading.Thread(target=work, daemon=True).start()
big = bytearray(3 << 20)
private = mmap.mmap(-1, 1 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
time.sleep(1)
print("ready", flush=True)
while True: time.sleep(1)
"""
NODE = """const fs = require("fs");
function sum(n) { let s = 0; for (let i = 0; i < n; i++) s += i * i; return s; }
for (let i = 0; i < 2000; i++) sum(5000);
for (let i = 0; i < 8; i++) fs.readFile("/etc/passwd", () => {});
setTimeout(() => console.log("ready"), 1000); setInterval(() => {}, 1000);"""
JAVA = """public class Judged { public static void main(String[] a) throws Exception {
 for (int i = 0; i < 4; i++) { Thread t = new Thread(() -> { try { Thread.sleep(1000000); }
  catch (InterruptedException e) { } }, "worker-" + i); t.setDaemon(true); t.start(); }
 long s = 0; for (int i = 0; i < 3000000; i++) s += Long.toString(i).hashCode();
 Thread.sleep(1000); System.out.println("ready " + s); Thread.sleep(1000000); } }"""
NGINX = """daemon off; worker_processes 1; pid {0}/nginx.pid; error_log {0}/error.log;
events {{ worker_connections 64; }}
http {{ access_log off; client_body_temp_path {0}/a; proxy_temp_path {0}/b;
fastcgi_temp_path {0}/c; uwsgi_temp_path {0}/d; scgi_temp_path {0}/e;
server {{ listen unix:{0}/nginx.sock; }} }}"""


def rows_of(path):
    """Rows of a list of the kernel: (start, end, letters, name)."""
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        for line in file:
            words = line.rstrip("\n").split(None, 5)
            start, end = (int(word, 16) for word in words[0].split("-"))
            yield start, end, words[1], words[5] if len(words) > 5 else ""


class Told:
    """What inside.c wrote."""

    def __init__(self, path):
        self.segments, self.relro, self.stacks = [], [], []
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read()
        for line in text.splitlines():
            words = line.split(" ")
            if words[0] == "segment":
                self.segments.append((int(words[1], 16), int(words[2], 16), int(words[3]),
                                      int(words[4], 16), " ".join(words[5:])))
            elif words[0] == "relro":
                self.relro.append((int(words[1], 16), int(words[2], 16)))
            elif words[0] == "stack":
                self.stacks.append(tuple(int(word, 16) for word in words[1:]))
        heaps = re.split(r"<heap nr=\"\d+\">", text.split("<malloc", 1)[1])
        # The first is the main arena, which lies in the heap.
        self.heaps = sum(int(re.search(r'aspace type="subheaps" size="(\d+)"', heap)[1])
                         for heap in heaps[2:])
        blocks = re.findall(r'<total type="mmap" count="(\d+)" size="(\d+)"', text)[-1]
        self.block_bytes = int(blocks[1])

    def of_object(self, start, end, letters):
        """The kind of a row that an object's segment covers, or None."""
        for first, last, flags, file_end, path in self.segments:
            # Bss is one VMA with what the kernel maps behind it.
            if not first // PAGE * PAGE <= start < -(-last // PAGE) * PAGE:
                continue
            if "ld-linux" in path:
                return "loader"
            if "vdso" in path:
                return "vdso"
            if flags & 1:
                return "text"
            if not flags & 2:
                return "rodata"
            if start >= -(-file_end // PAGE) * PAGE:
                return "bss"
            sealed = any(low // PAGE * PAGE <= start and end <= -(-high // PAGE) * PAGE
                         for low, high in self.relro)
            return "rodata" if sealed and "w" not in letters else "data"
        return None

    def of_stack(self, start, end, letters):
        for low, high, guard in self.stacks:
            if low - guard <= start and end <= low and guard:
                return "guard"
            if start < high and low < end:
                return "guard" if letters.startswith("---") else "thread-stack"
        return None


def stack_pointers(pid):
    """Where the threads that sleep stand, of whoever made them."""
    for tid in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{tid}/syscall", encoding="ascii") as file:
            words = file.read().split()
        if len(words) > 2:
            yield int(words[-2], 16)


class Judge:
    """One process at one moment."""

    def __init__(self, what, pid, folder, trace):
        self.what = what
        self.pid = pid
        os.kill(pid, signal.SIGRTMIN + 9)
        told = os.path.join(folder, f"{pid}.told")
        for _ in range(600):
            if os.path.exists(told):
                break
            time.sleep(0.1)
        else:
            sys.exit(f"FAILED: {what} does not answer")
        self.told = Told(told)
        self.pointers = list(stack_pointers(pid))
        self.extra = []  # (start, end, kinds that are right, who says so)
        before = list(rows_of(f"/proc/{pid}/maps"))
        self.live = os.path.join(folder, f"{pid}.copy")
        shutil.copyfile(trace, self.live)
        done = subprocess.run([VMATRACE, "info", "-q", "--format", "json", self.live],
                              stdout=subprocess.PIPE, check=True)
        self.forked = json.loads(done.stdout)["from_fork"]
        done = subprocess.run([VMATRACE, "maps", "-q", "--format", "json", self.live],
                              stdout=subprocess.PIPE, check=True)
        self.rows = json.loads(done.stdout)
        self.before, self.after = before, list(rows_of(f"/proc/{pid}/maps"))

    def pieces(self, start, end):
        """The kernel's rows in a range, or None if they changed meanwhile (a collector, a timer): nobody's to judge.
        Where the kernel has several, the trace's one row is their sum."""
        before, after = ([(max(row[0], start), min(row[1], end), *row[2:]) for row in rows
                          if row[0] < end and start < row[1]] for rows in (self.before, self.after))
        return before if before == after and sum(row[1] - row[0] for row in before) == end - start else None

    def judge(self, row):
        """(kinds that are right, who says so)."""
        start, end = int(row["vm_start"], 16), int(row["vm_end"], 16)
        name, letters = row["vm_file"] or "", row["vm_flags"]
        if row["kind"] == "tracer":
            return {"tracer"}, "the recorder"
        kind = self.told.of_object(start, end, letters)
        if kind:
            return {kind}, "dl_iterate_phdr"
        if "x" in letters and any(os.path.realpath(path or f"/proc/{self.pid}/exe") == name
                                  for *_, path in self.told.segments):
            return {"text"}, "dl_iterate_phdr"  # mapped once more, as V8 does with its builtins
        for prefix, kind in NAMED:
            if name.startswith(prefix):
                return {kind}, "the kernel's name"
        if name.startswith("/"):
            return {"file"}, "the kernel's name"
        kind = self.told.of_stack(start, end, letters)
        if kind:
            return {kind}, "pthread_getattr_np"
        if any(start <= pointer < end for pointer in self.pointers):
            return {"thread-stack"}, "the kernel's stack pointer"
        for low, high, kinds, who in self.extra:
            if start < high and low < end:
                return kinds, who
        if row["kind"] in ("malloc-arena", "malloc-block"):
            return {row["kind"]}, "malloc_info"  # their sums are held against it
        if "x" in letters:
            return {"jit"}, "the kernel's letters"
        return {"anonymous", "guard"} if letters.startswith("---") else {"anonymous"}, \
            "the kernel's letters"

    def sums(self):
        """Arenas and blocks, against malloc's own account."""
        if self.forked:
            return  # by whom the memory was mapped its parent's trace knows
        # By what each call made: side by side they may be one VMA with a stack.
        for kind, expected in (("malloc-arena", self.told.heaps * HEAP_BYTES),
                               ("malloc-block", self.told.block_bytes)):
            done = subprocess.run([VMATRACE, "sites", "-q", "--kind", kind, "--format", "json",
                                   self.live], stdout=subprocess.PIPE, check=True)
            equal(f"{self.what}: bytes of {kind}",
                  sum(site["bytes_live"] for site in json.loads(done.stdout)), expected)

    def all(self):
        by, wrong = Counter(), []
        for row in self.rows:
            for part in row.get("parts", [row]):
                part = {**row, **part}
                pieces = self.pieces(int(part["vm_start"], 16), int(part["vm_end"], 16))
                if pieces is None:
                    by["nobody: it changed"] += 1
                    continue
                check(f"{self.what}: a kind", part["kind"] in KINDS, part["kind"])
                for start, end, *_ in pieces:
                    piece = {**part, "vm_start": f"{start:#x}", "vm_end": f"{end:#x}"}
                    kinds, who = self.judge(piece)
                    by[who] += 1
                    if part["kind"] not in kinds:
                        wrong.append(f"{piece['vm_start']}-{piece['vm_end']} {part['vm_flags']} "
                                     f"{part['vm_file']}: {part['kind']}, {kinds} by {who}")
        check(f"{self.what}: hardly any VMA changed", by["nobody: it changed"] <= sum(by.values()) // 10, by)
        check(f"{self.what}: kinds", not wrong, "\n    " + "\n    ".join(wrong))
        self.sums()
        print(f"{self.what} ({self.pid}): {len(self.rows)} VMAs, judged by "
              + ", ".join(f"{who} {count}" for who, count in by.most_common()))


class Program:
    """A program under the recorder and inside.c, killed in the end."""

    def __init__(self, what, command, ready=None, user=None, prepare=None):
        self.what = what
        self.folder = tempfile.mkdtemp(prefix="answers.")
        if user:
            shutil.chown(self.folder, user, user)
        if prepare:
            prepare(self.folder)
        inside, recorder = (self.library(name, user)
                            for name in ("libanswers_inside.so", "libvmatrace.so"))
        self.process = subprocess.Popen(
            [word.replace("{folder}", self.folder) for word in command], stdout=subprocess.PIPE,
            text=True, cwd=self.folder, user=user, group=user, extra_groups=[] if user else None,
            env={**os.environ, "LD_PRELOAD": f"{recorder}:{inside}", "KINDS_INSIDE": self.folder,
                 "VMATRACE_OUT": os.path.join(self.folder, "t.%p.vmat"),
                 "HOME": self.folder})
        if ready:
            for _ in range(600):
                if ready(self.folder):
                    return
                time.sleep(0.1)
            sys.exit(f"FAILED: {what} did not begin")
        while not self.process.stdout.readline().startswith("ready"):
            if self.process.poll() is not None:
                sys.exit(f"FAILED: {what} ended")

    def library(self, name, user):
        """Another user may not be let into the folder where it was built."""
        path = os.path.join(BUILD, name)
        if not user:
            return path
        path = shutil.copy(path, self.folder)
        shutil.chown(path, user, user)
        return path

    def judges(self):
        time.sleep(1)
        for name in sorted(os.listdir(self.folder)):
            match = re.match(r"t\.(\d+)\.vmat$", name)
            if match and os.path.exists(f"/proc/{match[1]}/maps"):
                yield Judge(self.what, int(match[1]), self.folder, os.path.join(self.folder, name))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder)


def has(*programs):
    missing = [name for name in programs if not shutil.which(name)]
    if missing:
        print(f"skipped: {', '.join(missing)} is not installed")
    return not missing


def python():
    with Program("python3", ["/usr/bin/python3", "-c", PYTHON]) as program:
        for judge in program.judges():
            judge.all()
            equal("python3: its threads", len(judge.told.stacks), 4)


def redis():
    if not has("redis-server"):
        return
    with Program("redis-server", ["redis-server", "--port", "0", "--unixsocket", "r.sock",
                                  "--save", ""],
                 lambda folder: os.path.exists(os.path.join(folder, "r.sock"))) as program:
        for judge in program.judges():
            judge.all()
            check("redis-server: its threads", len(judge.told.stacks) >= 3, judge.told.stacks)


def nginx():
    if not has("nginx"):
        return
    folder = tempfile.mkdtemp(prefix="answers.")
    os.chmod(folder, 0o777)
    config = os.path.join(folder, "nginx.conf")
    with open(config, "w", encoding="utf-8") as file:
        file.write("user root; " + NGINX.format(folder))
    with Program("nginx", ["nginx", "-p", folder, "-c", config],
                 lambda _: os.path.exists(os.path.join(folder, "nginx.sock"))) as program:
        judges = list(program.judges())
        check("nginx: a master and a worker", len(judges) == 2, judges)
        for judge in judges:
            judge.all()
    shutil.rmtree(folder)


def node():
    if not has("node"):
        return
    with Program("node", ["node", "--perf-basic-prof", "-e", NODE]) as program:
        for judge in program.judges():
            made = f"/tmp/perf-{judge.pid}.map"
            with open(made, encoding="utf-8", errors="replace") as file:
                # What is only interpreted ("~") has an address and no code.
                code = [int(line.split()[0], 16) for line in file if ":~" not in line]
            rows = [(int(row["vm_start"], 16), int(row["vm_end"], 16), row["kind"])
                    for row in judge.rows]
            # Builtins are node's own text, the rest is made while it runs.
            where = Counter(next((row[2] for row in rows if row[0] <= address < row[1]), "nothing")
                            for address in code)
            check("node: V8's code lies in code", where["jit"] > 0 and
                  set(where) <= {"jit", "text", "nothing"}, where)
            print(f"node: {len(code)} pieces of code: {dict(where)}")
            os.unlink(made)
            judge.all()


def java_extra(pid):
    """Ranges of the JVM's own account, most particular first."""
    said = subprocess.run(["jcmd", str(pid), "VM.native_memory", "detail"], stdout=subprocess.PIPE,
                          text=True, check=True).stdout
    ranges = []
    for low, high, how, what in re.findall(
            r"^\[0x(\w+) - 0x(\w+)\] (reserved and committed|reserved) \d+KB for ([\w ]+?)(?: from)?$",
            said, re.M):
        kinds = {"Thread Stack": {"thread-stack", "guard"}, "Code": {"jit", "anonymous", "guard"},
                 "Shared class space": {"file", "anonymous", "guard"}}.get(
                     what, {"anonymous", "guard"})
        ranges.append((int(low, 16), int(high, 16), kinds, f"the JVM ({what})"))
    return ranges


def java():
    if not has("java", "javac", "jcmd"):
        return
    folder = tempfile.mkdtemp(prefix="answers.")
    source = os.path.join(folder, "Judged.java")
    with open(source, "w", encoding="utf-8") as file:
        file.write(JAVA)
    subprocess.run(["javac", "-d", folder, source], check=True)
    with Program("java", ["java", "-XX:NativeMemoryTracking=detail", "-Xmx512m", "-cp", folder,
                          "Judged"]) as program:
        extra = java_extra(program.process.pid)
        check("java: its own account", {who for *_, who in extra} >= {
            "the JVM (Java Heap)", "the JVM (Thread Stack)", "the JVM (Code)"}, extra)
        for judge in program.judges():
            judge.extra = extra
            judge.all()
            # All that is executable of what is reserved for code is code, and nothing else is.
            code = [(low, high) for low, high, _, who in extra if who == "the JVM (Code)"]
            outside = [row["vm_start"] for row in judge.rows if row["kind"] == "jit" and not any(
                low <= int(row["vm_start"], 16) and int(row["vm_end"], 16) <= high
                for low, high in code)]
            equal("java: jit outside of the JVM's code", outside, [])
            inside = [row["kind"] for row in judge.rows if "x" in row["vm_flags"] and any(
                low <= int(row["vm_start"], 16) < high for low, high in code)]
            check("java: the JVM's code is jit", inside and set(inside) == {"jit"}, inside)
    shutil.rmtree(folder)


def postgres():
    root = "/usr/lib/postgresql"
    programs = [os.path.join(root, version, "bin") for version in os.listdir(root)] \
        if os.path.isdir(root) else []
    if not programs:
        print("skipped: postgres is not installed")
        return
    user = "postgres" if os.getuid() == 0 else None

    def prepare(folder):
        subprocess.run([os.path.join(programs[0], "initdb"), "-D", f"{folder}/data", "-A", "trust",
                        "-N"], stdout=subprocess.DEVNULL, check=True, cwd=folder, user=user)

    with Program("postgres", [os.path.join(programs[0], "postgres"), "-D", "{folder}/data",
                              "-k", "{folder}", "-c", "listen_addresses="],
                 lambda folder: os.path.exists(os.path.join(folder, ".s.PGSQL.5432")),
                 user, prepare) as program:
        judges = list(program.judges())
        # Helpers that have made no call have no trace yet.
        check("postgres: a server and a helper", len(judges) >= 2, len(judges))
        for judge in judges:
            judge.all()


def main():
    python()
    redis()
    if FULL:
        nginx()
        node()
        java()
        postgres()
    finish()


if __name__ == "__main__":
    main()

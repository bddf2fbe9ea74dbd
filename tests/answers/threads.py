#!/usr/bin/env python3
"""Names of threads, and whose stack lies where, against the kernel's /proc/PID/task/TID/comm."""
import os
import pty
import re
import shutil
import subprocess
import tempfile

from common import BUILD, VMATRACE, Run, Script, check, equal, finish

ENDED = "ended"


def said(run):
    """What the program read of the kernel: tid -> (address in its stack, name)."""
    return {int(tid): (int(stack, 16), bytes.fromhex(name).decode("utf-8", "replace"))
            for tid, stack, name in re.findall(r"^thread (\d+) (\w+) (\w*)$", run.out, re.M)}


def holder(rows, address):
    return next(row for row in rows
                if int(row["vm_start"], 16) <= address < int(row["vm_end"], 16))


def run_pid(run):
    return run.json("info")["processes"][0]["pid"]


def stacks(run, threads):
    for moment in ("mark:named", "end"):
        rows = run.json("maps", "--at", moment)
        for tid, (address, name) in threads.items():
            row = holder(rows, address)
            equal(f"{moment}: {name!r}", (row["kind"], row.get("thread"), row.get("thread_name")),
                  ("thread-stack", tid, name))
        check(f"{moment}: only stacks have threads", all(
            "thread" not in row for row in rows if "stack" not in row["kind"]))


def text(run, threads):
    lines = run.ask("maps", "--who").splitlines()
    for name, spelled in (("by itself", '"by itself"'), ("quiet", '"quiet"'),
                          ("ended", '"ended", ended'),
                          ("\033[31m\"\\x\n", r'"\x1b[31m\"\\x\x0a"')):
        tid = next(tid for tid, (_, of) in threads.items() if of == name)
        check(f"maps --who: {name!r}",
              any(re.search(re.escape(f"thread-stack of {tid} {spelled}") + "($|  mmap )", line)
                  for line in lines),
              [line[100:] for line in lines if "thread-stack" in line])
    hostile = next(address for address, name in threads.values() if "\033" in name)
    for command in (("maps", "--who"), ("timeline", "-n", "0"), ("history", f"{hostile:x}"),
                    ("mm",), ("leaks",)):
        check(f"{command}: no escape sequence", "\033" not in run.ask(*command))
    check("history", any(rf'thread-stack of {tid} "\x1b' in run.ask("history", f"{hostile:x}")
                         for tid in threads), run.ask("history", f"{hostile:x}"))


def leaks(run, threads):
    """Whose the stacks are that are left."""
    told = {one["thread"]: (one["thread_name"], one["ended"]) for row in run.json("leaks")["mappings"]
            for one in row.get("threads", ())}
    equal("leaks: whose stacks", told, {tid: (name, name == ENDED)
                                        for tid, (_, name) in threads.items()})


def changes(run, threads):
    rows = run.json("timeline")
    for tid, (address, name) in threads.items():
        about = [row for row in rows if row["stack_of"] and row["stack_of"]["thread"] == tid]
        check(f"timeline: {name!r}", about and all(
            row["stack_of"]["thread_name"] == name for row in about), about)
        made = [row for row in about if row["call"] == "mmap"]
        check(f"timeline: {name!r} was mapped", len(made) == 1 and
              int(made[0]["vm_start"], 16) <= address < int(made[0]["vm_end"], 16), made)
        check(f"timeline: calls of {name!r}", all(
            row["thread_name"] == name for row in rows if row["tid"] == tid))
        # Before it was a stack the place may have been another thread's arena for a moment.
        made = run.json("history", f"{address:x}")[-2:]
        equal(f"history: {name!r}", [row.get("thread", run_pid(run)) for row in made],
              [row["tid"] for row in about if row["call"] != "madvise"])
    ended = next(tid for tid, (_, name) in threads.items() if name == ENDED)
    advised = [row["stack_of"]["thread"] for row in rows if row["call"] == "madvise"
               and row["stack_of"]]
    equal("timeline: what the thread that ended gave back", advised, [ended])


def terminal():
    """maps is the kernel's text byte for byte, unless a terminal would obey it."""
    with tempfile.TemporaryDirectory(prefix="answers.") as folder:
        program = shutil.copy(os.path.join(BUILD, "answers_clean"), os.path.join(folder, "e\033[31m"))
        trace = os.path.join(folder, "t") + "/"
        subprocess.run([VMATRACE, "record", "-q", "-o", trace, "--", program], check=True,
                       stdout=subprocess.DEVNULL)
        command, shown = [VMATRACE, "maps", "-q", trace], []

        def read(descriptor):
            shown.append(os.read(descriptor, 65536))
            return b"." if shown[-1] else b""

        pty.spawn(command, read)
        shown = b"".join(shown)
        check("maps on a terminal", b"\033" not in shown and b"/e\\x1b[31m" in shown, shown)
        plain = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
        check("maps elsewhere", b"/e\033[31m" in plain, plain)


def first_thread():
    """Most processes have one thread, and its stack has its name, however it came by it."""
    named = "read name </proc/$$/comm; echo $$ $name; "
    python = "print(os.getpid(), open(\"/proc/self/comm\").read())"
    rename = "open(\"/proc/self/comm\", \"w\").write(\"new name\"); " + python
    with tempfile.TemporaryDirectory(prefix="answers.") as folder:
        linked = os.path.join(folder, "linked name of a shell")
        os.symlink(shutil.which("sh"), linked)
        for script in (named + ":", f"exec '{linked}' -c '{named}:'", f"exec python3 -c 'import os; {rename}'",
                       f"exec python3 -c 'import os, mmap, time\nif os.fork():\n    os.wait()\nelse:\n"
                       f"    mmap.mmap(-1, 4096)\n    {rename}'",
                       f"exec python3 -c 'import os, threading\nthread = threading.Thread(target=os.getpid)\n"
                       f"thread.start()\nthread.join()\n{rename}'"):
            with Script(script) as run:
                pid, name = run.out.split(maxsplit=1)
                rows = [row for row in run.json("maps", "--pid", pid) if row["kind"] == "main-stack"]
                equal(f"{script}: whose stack", [(row.get("thread"), (row.get("thread_name") or "").strip()) for row in rows],
                      [(int(pid), name.strip())])
        # A child of a thread has that thread's stack for its own, and its parent's first one besides.
        code = ("import mmap, os, threading\n"
                "def fork():\n    if os.fork() == 0:\n        mmap.mmap(-1, 4096)\n"
                "        print(os.getpid(), flush=True)\n        os._exit(0)\n    os.wait()\n"
                "thread = threading.Thread(target=fork)\nthread.start()\nthread.join()\n")
        with Script(f"exec python3 -c '{code}'") as run:
            pid = run.out.split()[-1]
            rows = [row for row in run.json("maps", "--pid", pid) if row["kind"] == "main-stack"]
            equal("nobody's stack", [row.get("thread") for row in rows], [None])


def main():
    with Run("thread_names") as run:
        equal("its status", run.status, 0)
        threads = said(run)
        equal("all threads told", len(threads), 7)
        stacks(run, threads)
        text(run, threads)
        changes(run, threads)
        leaks(run, threads)
        equal("no name was lost", run.json("info")["processes"][0]["lost"]["threads"], 0)
    terminal()
    first_thread()
    finish()


main()

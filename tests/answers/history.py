#!/usr/bin/env python3
"""history: of pages, of the address of a crash as the recorder and as a core tell it."""
import os
import re
import resource
import signal
import subprocess

from common import BUILD, Run, Script, check, equal, finish, guilty, place

FAULTS = {"VMATRACE_FAULTS": "1"}
# program: (signal, reason, access, change that did it)
CRASHES = {
    "use_after_unmap": (signal.SIGSEGV, "unmapped", "write", "remove"),
    "write_read_only": (signal.SIGSEGV, "protected", "write", "protect"),
    "stack_overflow": (signal.SIGSEGV, "guard", "write", "create"),
    "large_frame": (signal.SIGSEGV, "guard", "write", "create"),
    "double_unmap": (signal.SIGSEGV, "unmapped", "write", "remove"),
    "truncated_file": (signal.SIGBUS, "beyond-file", "read", "create"),
    "fixed_over_live": (signal.SIGSEGV, "protected", "write", "replace"),
    "beyond_file": (signal.SIGBUS, "beyond-file", "write", "create"),
    "moved_away": (signal.SIGSEGV, "moved", "write", "move"),
    "null_pointer": (signal.SIGSEGV, "null-pointer", "read", None),
    "wild_pointer": (signal.SIGSEGV, "no-address", None, None),
    "main_stack": (signal.SIGSEGV, "stack-limit", None, None),
}


def untraced(name, *arguments):
    done = subprocess.run([os.path.join(BUILD, "answers_" + name), *arguments], check=False,
                          stdout=subprocess.DEVNULL)
    return 128 - done.returncode if done.returncode < 0 else done.returncode


def crash(name, number, reason, access, change):
    with Run(name, environment=FAULTS) as run:
        equal(f"{name}: its status", run.status, untraced(name))
        equal(f"{name}: its status is the signal's", run.status, 128 + number)
        told = run.json("history", "--crash")
        fault = told["fault"]
        equal(f"{name}: the signal", fault["signal"], number.name)
        equal(f"{name}: the reason", fault["reason"], reason)
        if access:
            equal(f"{name}: the access", fault["access"], access)
        said = re.search(r"address 0x([0-9a-f]+)", run.out)
        if said:
            equal(f"{name}: the address", int(fault["address"], 16), int(said[1], 16))
        text = run.ask("history", "--crash").splitlines()
        if reason == "no-address":
            equal(f"{name}: no address is made up", fault["address"], None)
            check(f"{name}: nor in text", " at 0x" not in text[0], text[0])
        if not change:
            equal(f"{name}: no history", told["history"], [])
            return
        last = told["history"][-1]
        equal(f"{name}: the last change", last["change"], change)
        equal(f"{name}: made by the guilty line", place(last["stack"])[1], guilty(name))
        check(f"{name}: the guilty line comes first", f"{name}.c:{guilty(name)})" in text[0],
              text[0])
        if said:
            rows = run.json("history", said[1])
            equal(f"{name}: the same without --crash", rows, told["history"])
            now = run.ask("history", said[1]).splitlines()[0]
            check(f"{name}: the guilty line comes first of an address",
                  f"{name}.c:{guilty(name)})" in now, now)
            times = [row["time_ns"] for row in rows]
            equal(f"{name}: oldest first", times, sorted(times))


def cores_of(run):
    return [os.path.join(run.folder, file) for file in os.listdir(run.folder)
            if file.startswith("core")]


def kernels_own(name, reason, *arguments):
    """A core with a signal of the kernel's own, which has no address: where the stack ends may tell."""
    with Run(name, *arguments, environment=FAULTS, inside=True) as run:
        for core in cores_of(run):
            told = run.json("history", "--core", core)
            equal(f"{name} {arguments}: the reason, of a core", told["fault"]["reason"], reason)
            if reason != "no-address":
                equal(f"{name} {arguments}: the guilty line", place(told["history"][-1]["stack"])[1],
                      guilty(name))


def cores():
    """The same from a core file, where this system writes one into the folder of the process."""
    with open("/proc/sys/kernel/core_pattern", encoding="ascii") as file:
        pattern = file.read().strip()
    if pattern != "core":
        print(f"skipped: cores, the system's core_pattern is {pattern!r}")
        return
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    back = os.getcwd()
    for name in ("use_after_unmap", "write_read_only", "stack_overflow", "beyond_file"):
        with Run(name, inside=True) as run:
            found = cores_of(run)
            if not found:
                print("skipped: cores, none was written")
                break
            core = found[0]
            fault = run.json("history", "--core", core)["fault"]
            equal(f"{name}: the reason, of a core", fault["reason"], CRASHES[name][1])
            said = re.search(r"address (0x[0-9a-f]+)", run.out)
            if said:
                equal(f"{name}: the address, of a core", fault["address"], said[1])
            first = run.ask("history", "--core", core).splitlines()[0]
            equal(f"{name}: when it was, a core does not tell", fault["time_ns"], None)
            check(f"{name}: how long before that, only the least is known",
                  re.search(r" (unmapped|made read-only|mapped) (at least [1-9][\d.]* \w+ )?before that by ", first), first)
            equal(f"{name}: and it is the last call's", "at least" in first, name == "stack_overflow")
            run.ask("history", "--core", run.trace, status=3)
            run.ask("history", "--crash", status=3)
    with Script(os.path.join(BUILD, "answers_use_after_unmap") + "; true", inside=True) as run:
        for core in cores_of(run):
            check("a core says by itself which process it is of",
                  "use_after_unmap.c" in run.ask("history", "--core", core).splitlines()[0])
    kernels_own("stack_overflow", "guard", "plain")
    kernels_own("stack_unmapped", "unmapped")
    kernels_own("wild_pointer", "no-address")
    with Run("wild_pointer", "sent", inside=True) as run:
        for core in cores_of(run):
            run.ask("history", "--core", core, status=3)
    os.chdir(back)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))


def families():
    """Of several processes the one that crashed is meant; of several that did, they are named."""
    crashing = os.path.join(BUILD, "answers_use_after_unmap")
    fine = os.path.join(BUILD, "answers_clean")
    other = os.path.join(BUILD, "answers_write_read_only")
    for script, crashed in ((f"{fine}; {crashing}; {fine}; true", 1), (f"{crashing}; {other}; true", 2),
                            (f"{fine}; {fine}; true", 0)):
        with Script(script, environment=FAULTS) as run:
            count = len(os.listdir(run.trace))
            check(f"{script}: several processes", count > 2, count)
            status, text, said = run.told("history", "--crash")
            if crashed == 1:
                equal("one crashed: the status", status, 0)
                check("one crashed: it is told of", f"use_after_unmap.c:{guilty('use_after_unmap')})"
                      in text.splitlines()[0], text + said)
                continue
            equal(f"{crashed} crashed: the status", status, 2 if crashed else 3)
            lines = said.splitlines()
            if not crashed:
                check("none crashed: one line says it", len(lines) == 1 and "tells of a fault" in said,
                      said)
                continue
            equal("two crashed: they are named", [os.path.basename(line.split()[1])
                                                  for line in lines[1:]],
                  ["answers_use_after_unmap", "answers_write_read_only"])
            equal("two crashed: each can be asked for",
                  [run.told("history", "--crash", "--pid", line.split()[0])[0] for line in lines[1:]],
                  [0, 0])


def handlers():
    for arguments in ((), ("raise",)):
        with Run("own_handler", *arguments, environment=FAULTS) as run:
            equal(f"own_handler {arguments}: its status", run.status,
                  untraced("own_handler", *arguments))
            run.ask("history", "--crash", status=3)


def pages():
    """From the pages' side: what splits their VMA is not theirs, what takes them is a removal."""
    with Run("partial_unmap") as run:
        first = next(event for event in run.json("events", "--call", "munmap")
                     if event["stack"] and place(event["stack"])
                     and place(event["stack"])[0] == "main")
        start, length = int(first["args"]["addr"], 16), first["args"]["length"]
        taken = [row["change"] for row in run.json("history", f"{start:x}", "-n", "1")]
        equal("pages that go: created and removed", taken[:2], ["create", "remove"])
        kept = run.json("history", f"{start + length:#x}-{start + length + 4096:#x}")
        equal("the page that stays: created", [row["change"] for row in kept], ["create"])
        equal("and by whom", place(kept[0]["stack"]), ("take", guilty("partial_unmap")))
        everything = [row["seq"] for row in run.json("history", "0-7fffffffffff")]
        own = {event["seq"] for event in run.json("events") if event["internal"]}
        check("the recorder's own is left out", everything and not own & set(everything))
        asked = [row["seq"] for row in run.json("history", "--internal", "0-7fffffffffff")]
        check("unless asked for", own & set(asked))
        equal("what was never mapped", run.json("history", "1000"), [])
        for bad in ("", "x", "7f-", "7f00-7e00", "-1", "7fx"):
            run.ask("history", bad, status=2)


def ranges():
    """Of many pages each row is as it is of the pages that it is about, asked for alone; and so is when they changed next."""
    def rows(run, *of):
        return {row["seq"]: row for row in run.json("history", *of)}

    def lines(run, *of):
        return {int(line.split()[1][1:]): line for line in run.ask("history", *of).splitlines() if " @" in line[:24]}

    def lasted(run, *of):
        """(event, when its page changed next)."""
        told = list(rows(run, *of).values())
        return {row["seq"]: following["time_ns"] for row, following in zip(told, told[1:])}

    with Run("page_rights") as run:
        base = int(next(event["result"] for event in run.json("events", "--call", "mmap")
                        if event["stack"] and not event["internal"] and event["args"]["length"] == 8 * 4096), 16)
        pages = [f"{base + i * 4096:x}" for i in range(8)]
        of = f"{base:x}-{base + 8 * 4096:x}"
        told, text = rows(run, of), lines(run, of)
        alone = {page: rows(run, page) for page in pages}
        equal("a range: all that happened to its pages", sorted(told),
              sorted({seq for page in alone.values() for seq in page}))
        check("a range: and it is not little", len(told) == 11, len(told))
        for seq, row in told.items():
            of_page = next(page[seq] for page in alone.values() if seq in page)
            equal(f"a range: @{seq}: what it was, and rights", (row["change"], row["vm_flags"]),
                  (of_page["change"], of_page["vm_flags"]))
        changed = {}
        for page in pages:
            for seq, time in lasted(run, page).items():
                changed[seq] = min(time, changed.get(seq, time))
        for seq, line in text.items():
            page = next(page for page in pages if seq in alone[page])
            rights, held = (re.search(r"-[0-9a-f]{12}  (\S+) +([\d.]+ \w+)?  ", line)[n] for n in (1, 2))
            equal(f"a range: @{seq}: rights in text", rights,
                  re.search(r"-[0-9a-f]{12}  (\S+)", lines(run, page)[seq])[1])
            equal(f"a range: @{seq}: lasted", held, seq in changed and spelled(changed[seq] - told[seq]["time_ns"])
                  or None)
        first = run.ask("history", of).splitlines()[0]
        kept = [row for row in run.json("maps") if base < int(row["vm_end"], 16) and int(row["vm_start"], 16) < base + 8 * 4096]
        check("a range: the first line is of all of it", first.startswith(
            f"0x{base:x}-0x{base + 8 * 4096:x}: 28 KiB of 32 KiB mapped, in {len(kept)} VMAs; "
            "last change: made read-only "), first)
        one = run.ask("history", f"{base + 7 * 4096:x}-{base + 7 * 4096 + 4096:x}").splitlines()[0]
        check("a range of one page is that page", one.startswith(f"0x{base + 7 * 4096:x}: rw-p, anonymous; mapped "), one)
    with Run("leak_loop", "1200") as run:
        held = re.findall(r" create +\S+  rw-p +((?:>?[\d.]+ \w+)?)  mmap  buffer_new ",
                          run.ask("history", "-n", "0", "0-7fffffffffff"))
        kept = [lasted[:1] for lasted in held if lasted[:1] in ("", ">")]
        # Whether a page changed again is looked for in the thousand changes that follow.
        equal("a range: that some are still there", len(kept), 600)
        check("a range: how far was looked", 200 < kept.count(">") < 300 and kept == sorted(kept, reverse=True), kept)


def spelled(nanoseconds):
    for unit, name in ((10**9, "s"), (10**6, "ms"), (10**3, "us")):
        if nanoseconds >= unit:
            return f"{nanoseconds / unit:.{1 if unit < 10**9 else 2}f} {name}"
    return f"{nanoseconds} ns"


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    for name, expected in CRASHES.items():
        crash(name, *expected)
    handlers()
    families()
    pages()
    ranges()
    cores()
    finish()


main()

#!/usr/bin/env python3
"""timeline of a part of the time: its head tells of that part, by what mm says of the same moments; and its lines
one by one, by what events says of the same calls; all of them, printed as they are replayed, by the others and by what
becomes of a reader that goes away."""
import json
import re
import signal
import subprocess

from common import VMATRACE, Run, check, equal, finish

UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}


def in_bytes(number, unit):
    return float(number) * UNITS[unit]


def kinds_said(text):
    """kind -> (bytes as they are spelled, VMAs) of the line "kinds", which may go on."""
    match = re.search(r"^kinds   at the peak: (.*?)\n(?! {8}\S)", text, re.M | re.S)
    return {kind: (size, int(vmas)) for kind, size, vmas
            in re.findall(r"([\w-]+) ([\d.]+ \w*B) in (\d+)", match[1])} if match else None


def kinds_at(run, when):
    """The same by mm, but of the recorder's own, and [vsyscall], which is a row and no VMA to mm_struct."""
    kinds = {kind["kind"]: (kind["bytes"], kind["vmas"]) for kind
             in run.json("mm", "--at", when)["kinds"] if kind["kind"] != "tracer"}
    if any(row["vm_file"] == "[vsyscall]" for row in run.json("maps", "--at", when)):
        length, vmas = kinds.get("vdso", (0, 0))
        kinds["vdso"] = length + 4096, vmas + 1
    return kinds


def same_kinds(what, run, text, when):
    said, told = kinds_said(text) or {}, kinds_at(run, when)
    equal(f"{what}: which kinds", set(said), set(told))
    for kind in set(said) & set(told):
        size, vmas = said[kind]
        check(f"{what}: {kind}", abs(in_bytes(*size.split()) - told[kind][0]) <= told[kind][0] / 20
              and vmas == told[kind][1], (said[kind], told[kind]))


def peak(text):
    match = re.search(r"^mapped .*  peak ([\d.]+) (\w+) at", text, re.M)
    return in_bytes(match[1], match[2]) if match else None


def lines(run, *command):
    return [json.loads(line) for line in run.ask(*command).splitlines()]


def own(change, event):
    """What a line has of its own that its call tells, too."""
    args = event["args"]
    if change["change"] == "move":
        return (change.get("old_start"), change["vm_start"]), (args["old_address"], event["result"])
    if change["change"] == "implicit":
        return ((change.get("since_ns"), change["cause"], change["vm_start"]),
                (args["since_ns"], args["cause"], args["addr"]))
    if event["call"] == "mmap" and change["vm_start"] == event["result"]:
        return change["vm_flags"], args["prot"] + ("s" if "MAP_SHARED" in args["flags"] else "p")
    if event["call"] == "mprotect":
        return change["vm_flags"][:3], args["prot"]
    return None, None


def line_by_line():
    with Run("changes") as run:
        changes = lines(run, "timeline", "--internal", "--format", "jsonl", "-n", "0")
        events = {event["seq"]: event for event in lines(run, "events", "--format", "jsonl")}
    seen = [change["change"] for change in changes]
    for kind, least in (("create", 4), ("move", 1), ("protect", 1), ("remove", 1), ("implicit", 1)):
        check(f"changes: {kind}", seen.count(kind) >= least, seen)
    mine = [change for change in changes if not change["internal"]]
    check("changes: of two threads", len({change["tid"] for change in mine if change["tid"]}) == 2, seen)
    check("changes: of the recorder's own", len(mine) < len(changes), len(changes))
    check("changes: shared", any(change["vm_flags"] == "r--s" for change in mine), seen)
    for change in changes:
        event = events[change["seq"]]
        for key in ("time_ns", "pid", "tid", "call", "internal", "stack"):
            equal(f"changes: @{change['seq']}: {key}", change[key], event[key])
        equal(f"changes: @{change['seq']}: its own", *own(change, event))
    gone = [change for change in mine if change["change"] == "remove" and change["vm_flags_before"] == "r--s"]
    check("changes: what was there before", len(gone) == 1, seen)


def left_alone(run, ignored):
    """How `timeline -n 0` ends, and what it says, whose reader goes away after the first lines."""
    with subprocess.Popen([VMATRACE, "timeline", "-n", "0", run.trace], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, restore_signals=not ignored) as process:
        head = [process.stdout.readline().decode() for _ in range(4)]
        process.stdout.close()
        said = process.stderr.read().decode()
        return process.wait(), said, head


def streamed():
    with Run("leak_loop", "20000") as run:
        text = run.ask("timeline", "-n", "0")
        changes = lines(run, "timeline", "--format", "jsonl")
        folded = run.ask("timeline")
        title, columns, *rows = text[:text.rindex("\n\n")].replace("\n\n", "\n").splitlines()
        check("streamed: more than a pipe holds", len(text) > 1 << 20, len(text))
        check("streamed: columns", columns.split()[:2] == ["seconds", "event"], columns)
        equal("streamed: each change", [re.search(r"@(\d+) ", row)[1] if "@" in row else None for row in rows],
              [None if change["change"] == "implicit" else str(change["seq"]) for change in changes])
        equal("streamed: title and summary", title + "\n" + text[text.rindex("\n\n") + 2:],
              folded[:folded.index("\n\n") + 1])
        status, said, head = left_alone(run, False)
        equal("streamed: nobody reads", (status, said), (-signal.SIGPIPE, ""))
        equal("streamed: what was read", head, text.splitlines(keepends=True)[:4])
        equal("streamed: nobody reads, no signal", left_alone(run, True)[:2], (0, ""))


def unseen():
    """The most there is, which only a list of the kernel's shows, behind which comes an event, or the end."""
    for arguments in ((), ("last",)):
        what = " ".join(("unseen", *arguments))
        with Run("unseen_peak", *arguments, options=("--ring", "256")) as run:
            text = run.ask("timeline")
            check(f"{what}: its peak", peak(text) > 64 << 20, text)
            same_kinds(what, run, text, "peak")
            up_to = run.ask("timeline", "--to", "peak")
            equal(f"{what}: up to it", peak(up_to), peak(text))
            same_kinds(f"{what}: up to it", run, up_to, "peak")
            from_it = run.ask("timeline", "--from", "peak")
            if arguments:
                check(f"{what}: nothing follows", "nothing was recorded in that time" in from_it, from_it)
            else:
                equal(f"{what}: from it on", peak(from_it), peak(text))


class Shell(Run):
    """A command of few letters."""

    def command(self, name, build):
        return ["sh", "-c", ":"]


def called():
    with Shell("shell", "", "two words", "$x") as run:
        title = run.ask("timeline").splitlines()[0]
        command = next(line for line in run.ask("info").splitlines() if line.startswith("command"))
        spelled = " sh -c : '' 'two words' '$x'"
        check("arguments as a shell takes them, in the title as in info",
              title.endswith(spelled) and command.endswith(spelled), (title, command))


def main():
    line_by_line()
    streamed()
    unseen()
    with Run("in_its_place") as run:
        if run.status != 77:  # which answers.kinds says
            same_kinds("libraries", run, run.ask("timeline"), "peak")
    called()
    with Run("phases") as run:
        text = run.ask("timeline")
        same_kinds("the whole", run, text, "mark:large")
        check("the whole: its peak", 64 << 20 < peak(text) < 72 << 20, text)
        text = run.ask("timeline", "--from", "mark:quiet")
        same_kinds("from quiet on", run, text, "mark:small")
        check("from quiet on: its peak", 8 << 20 < peak(text) < 16 << 20, text)
        check("from quiet on: of how much", re.search(r"^\S+ \w+ of \S+ \w+, \d+ events", text, re.M),
              text)
        text = run.ask("timeline", "--to", "mark:large")
        same_kinds("up to large", run, text, "mark:large")

        text = run.ask("timeline", "--from", "mark:quiet", "--to", "mark:still quiet")
        check("a quiet time: says so", text.endswith("no changes in that time\n"), text)
        same_kinds("a quiet time", run, text, "mark:quiet")
        equal("a quiet time: peak", peak(text), peak(run.ask("timeline", "--from", "mark:over")))
        equal("a quiet time: JSON", run.json("timeline", "--from", "mark:quiet",
                                             "--to", "mark:still quiet"), [])

        for what, span in (("after the end", ("--from", "10s")),
                           ("backwards", ("--from", "mark:small", "--to", "mark:large"))):
            text = run.ask("timeline", *span)
            check(f"{what}: nothing is said to be mapped", not re.search(r"  peak [\d.]", text), text)
            check(f"{what}: says so", "nothing was recorded in that time" in text, text)
    finish()


main()

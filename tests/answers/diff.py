#!/usr/bin/env python3
"""diff: two moments against the kernel's lists, two runs and two builds against each other."""
import os
import resource
import subprocess

from common import VMATRACE, Run, check, equal, finish, guilty, place


def moments(run):
    told = run.json("diff", "mark:begin..mark:end")
    grown = run.maps("end")[0] - run.maps("begin")[0]
    equal("moments: what the kernel's lists differ by", told["new"]["bytes"] - told["old"]["bytes"],
          grown)
    for side in (0, 1):
        name = ("old", "new")[side]
        equal(f"moments: kinds are the whole, {name}",
              sum(kind["bytes"][side] for kind in told["kinds"]), told[name]["bytes"])
    first = told["sites"][0]
    equal("moments: the guilty line first", (place(first["stack"]), first["state"]),
          (("buffer_new", guilty("leak_loop")), "new"))
    equal("moments: its bytes", first["bytes_live"], [0, grown])
    equal("moments: none between a moment and itself",
          run.json("diff", "mark:end..mark:end")["sites"], [])
    back = run.json("diff", "mark:end..mark:begin")["sites"][0]
    equal("moments: backwards", (back["state"], back["bytes_live"]), ("gone", [grown, 0]))
    text = run.ask("diff", "mark:begin..mark:end").splitlines()
    named = [line for line in text if "< main" in line or "main (" in line]
    check("moments: the guilty line first in text", "leak_loop.c" in named[0], named[0])


def listed(run, moment, pids):
    """Bytes and VMAs that maps has there of all processes, and the same of each kind, which mm knows of parts of a row."""
    lists = [run.json("maps", "--at", moment, "--pid", pid) for pid in pids]
    rows = [row for rows in lists for row in rows if row["kind"] != "tracer"]
    kinds = {}
    for pid in pids:
        for kind in run.json("mm", "--at", moment, "--pid", pid)["kinds"]:
            length, vmas = kinds.get(kind["kind"], (0, 0))
            kinds[kind["kind"]] = length + kind["bytes"], vmas + kind["vmas"]
    # A row of maps, and no VMA to mm_struct: mm leaves it out.
    for row in rows:
        if row["vm_file"] == "[vsyscall]":
            length, vmas = kinds.get("vdso", (0, 0))
            kinds["vdso"] = length + 4096, vmas + 1
    return (sum(int(row["vm_end"], 16) - int(row["vm_start"], 16) for row in rows), len(rows)), kinds


def as_listed(run, *spans):
    """Each side is what maps and mm have at its moment, whichever of the two the walk comes to first."""
    pids = [name.split(".")[-2] for name in os.listdir(run.trace)]
    known = {moment: listed(run, moment, pids) for span in spans for moment in span}
    for span in spans:
        told = run.json("diff", "..".join(span))
        for side, name, moment in zip((0, 1), ("old", "new"), span):
            what = f"{run.name}: {'..'.join(span)}: {name}"
            whole, kinds = known[moment]
            equal(f"{what}: whole", (told[name]["bytes"], told[name]["vmas"]), whole)
            equal(f"{what}: kinds",
                  {kind["kind"]: (kind["bytes"][side], kind["vmas"][side])
                   for kind in told["kinds"] if kind["bytes"][side]},
                  {kind: of_kind for kind, of_kind in kinds.items() if kind != "tracer"})
    return known


def mirrored(run, old, new):
    """Asked backwards, the same sites are told with their sides changed over."""
    def sites(span, side):
        return {site["id"]: (site["stack"], site["calls"][side], site["calls"][1 - side],
                             site["bytes_live"][side], site["bytes_live"][1 - side])
                for site in run.json("diff", "-n", "0", span)["sites"]}
    forward, backward = sites(f"{old}..{new}", 0), sites(f"{new}..{old}", 1)
    check(f"{run.name}: {old}..{new}: some differ", len(forward) > 1, forward)
    equal(f"{run.name}: {new}..{old}: mirrored", backward, forward)


def ends(run):
    seq = [event["seq"] for event in run.json("events") if event["call"] == "mmap"][-1]
    known = as_listed(run, ("start", "end"), ("end", "start"), ("end", "end"), (f"@{seq}", f"@{seq}-"),
                      ("peak", "end"), ("start", f"@{seq}-"), ("end", f"@{seq}"))
    equal(f"{run.name}: the call between", known[f"@{seq}"][0][0] - known[f"@{seq}-"][0][0], 4 * 4096)
    check(f"{run.name}: moments differ", len({whole for whole, _ in known.values()}) > 2, known)
    mirrored(run, "start", "end")


def unseen(run):
    """The peak has no event of its own: a list of the kernel's shows it."""
    known = as_listed(run, ("start", "peak"), ("peak", "start"), ("peak", "peak"), ("peak", "end"), ("peak-vmas", "end"))
    grown = known["peak"][0][0] - known["start"][0][0]
    check(f"{run.name}: it is in the peak", grown > 60 << 20, grown)


def in_its_place(run):
    """What lies at one address is another library's by the time of each moment."""
    if run.status != 77:  # which answers.kinds says
        as_listed(run, ("mark:first", "mark:second"), ("mark:second", "mark:third"), ("mark:third", "mark:second"),
                  ("peak", "mark:third"))


def family(run):
    """Sites of a process that is closed by the time the next one is read, told by the side that alone has them."""
    check(f"{run.name}: several processes", len(os.listdir(run.trace)) > 1, os.listdir(run.trace))
    as_listed(run, ("start", "end"), ("end", "start"), ("peak", "end"))
    mirrored(run, "start", "end")


def rows_of_several_kinds(run):
    """A stack and a block in one row are one VMA, and counted with each of their kinds, as mm does."""
    told = run.json("diff", "start..mark:joined")
    rows = [row for row in run.json("maps", "--at", "mark:joined") if row["kind"] != "tracer"]
    equal("one row: VMAs", told["new"]["vmas"], len(rows))
    mm = {kind["kind"]: (kind["bytes"], kind["vmas"])
          for kind in run.json("mm", "--at", "mark:joined")["kinds"]}
    for kind in ("thread-stack", "malloc-block", "anonymous"):
        equal(f"one row: {kind}", next((one["bytes"][1], one["vmas"][1])
                                       for one in told["kinds"] if one["kind"] == kind), mm[kind])


def runs(first, second, third):
    told = first.json("diff", second.trace)
    equal("another build: no site differs", told["sites"], [])
    told = first.json("diff", third.trace, operand_first=True)
    site = told["sites"][0]
    equal("more requests: the guilty line first", (place(site["stack"]), site["state"]),
          (("buffer_new", guilty("leak_loop")), "grown"))
    equal("more requests: its calls", site["calls"], [200, 500])
    equal("more requests: its bytes", site["bytes_live"], [100 * 4 * 4096, 250 * 4 * 4096])
    shrunk = first.json("diff", third.trace)["sites"][0]
    equal("fewer requests", (shrunk["state"], shrunk["calls"]), ("shrunk", [500, 200]))


def complaints(run):
    """Two sides are looked at at once, and one mistake is one line all the same, the old side's before the new one's."""
    def lines(span, status):
        got, _, err = run.told("diff", span)
        equal(f"{span}: status", got, status)
        return err.splitlines()
    path = os.path.join(run.trace, os.listdir(run.trace)[0])
    none = f"vmatrace: no mark '%s' in '{path}'"
    for _ in range(5):
        equal("no such marks", lines("mark:a..mark:b", 2), [none % "a"])
    equal("no such mark, twice", lines("mark:a..mark:a", 2), [none % "a"])
    equal("no such mark, old", lines("mark:a..mark:end", 2), [none % "a"])
    equal("no such mark, new", lines("mark:begin..mark:b", 2), [none % "b"])
    while "is cut off" not in run.told("info")[2]:
        os.truncate(path, os.path.getsize(path) * 31 // 32)
    cut = lines("start..end", 0)
    check("a file that is cut off", len(cut) == 1 and cut[0].endswith("is cut off: what its end held is missing"), cut)
    equal("cut off, and no such mark", lines("start..mark:b", 2), [cut[0], none % "b"])


def short_of_memory(run, *command):
    """However little memory there is, and wherever it ends: one line says so."""
    said = set()
    for kib in range(9 << 10, 28 << 10, 200):
        done = subprocess.run([VMATRACE, *command, run.trace], capture_output=True, text=True, check=False,
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (kib << 10, kib << 10)))
        if done.stderr.startswith("vmatrace"):  # else it was too little to begin with
            said.add((done.returncode, len(done.stderr.splitlines())))
    if done.returncode and not said:
        print("short of memory: left out, the most was too little to begin with, as under a sanitizer")
        return
    equal(f"short of memory: {command[0]}: one line", said, {(3, 1)})


def main():
    with Run("one_row") as run:
        rows_of_several_kinds(run)
    for arguments in ((), ("last",)):
        with Run("unseen_peak", *arguments, options=("--ring", "256")) as run:
            unseen(run)
    with Run("in_its_place") as run:
        in_its_place(run)
    with Run("shared_between") as run:
        family(run)
    with Run("leak_loop") as run, Run("leak_loop", build="moved") as moved, \
            Run("leak_loop", "500") as more:
        moments(run)
        ends(run)
        runs(run, moved, more)
        run.ask("diff", "bogus..end", status=2)
        run.ask("diff", status=2)
        run.ask("diff", "/no/such/trace", status=3)
        complaints(run)
    with Run("leak_loop", "3000") as run:
        short_of_memory(run, "diff", "-q", "start..end")
        short_of_memory(run, "sites", "-q")
    finish()


main()

#!/usr/bin/env python3
"""sites: counts against `events`, live bytes against the kernel's lists, ids against other runs and builds."""
import re

from common import Run, check, equal, finish, guilty, place


def counts(run):
    sites = run.json("sites")
    events = [event for event in run.json("events") if not event["internal"]
              and event["call"] != "implicit"]
    equal(f"{run.name}: calls", sum(site["calls"] for site in sites), len(events))
    check(f"{run.name}: no site has more than it mapped",
          all(site["bytes_live"] <= site["bytes_mapped"] for site in sites))
    equal(f"{run.name}: failed", sum(site["failed"] for site in sites),
          sum(event["errno"] is not None for event in events))
    equal(f"{run.name}: time", sum(site["time_ns"] for site in sites),
          sum(event["duration_ns"] or 0 for event in events))
    mapped = sum(-(-event["args"]["length"] // 4096) * 4096 for event in events
                 if event["call"] == "mmap" and event["errno"] is None)
    equal(f"{run.name}: bytes of mmap",
          sum(site["bytes_mapped"] for site in sites if site["call"] == "mmap"), mapped)
    for group in ("function", "file", "module"):
        grouped = run.json("sites", "--group", group)
        for key in ("calls", "bytes_mapped", "bytes_live", "vmas_live", "time_ns", "splits"):
            equal(f"{run.name}: {key} by {group}", sum(site[key] for site in grouped),
                  sum(site[key] for site in sites))
        check(f"{run.name}: {group} has fewer rows", len(grouped) <= len(sites))


def live(run):
    between = ("--from", "mark:begin", "--to", "mark:end")
    grown = run.maps("end")[0] - run.maps("begin")[0]
    sites = run.json("sites", *between)
    equal(f"{run.name}: live bytes are what the kernel's lists differ by",
          sum(site["bytes_live"] for site in sites), grown)
    first = run.json("sites", "--sort", "live", *between)[0]
    if grown:
        equal(f"{run.name}: the guilty line is first",
              (place(first["stack"])[1], first["bytes_live"] > 0), (guilty(run.name), True))
        text = run.ask("sites", "--sort", "live", *between).splitlines()
        check(f"{run.name}: the guilty line is first in text",
              f"({run.name}.c:{guilty(run.name)})" in text[1], text[1])
    for order in ("calls", "bytes", "live", "vmas", "time"):
        key = {"calls": "calls", "bytes": "bytes_mapped", "live": "bytes_live",
               "vmas": "vmas_live", "time": "time_ns"}[order]
        values = [site[key] for site in run.json("sites", "--sort", order)]
        equal(f"{run.name}: sorted by {order}", values, sorted(values, reverse=True))


def ids(first, second, what):
    def names(run):
        return sorted((site["id"], site["call"], site["calls"]) for site in run.json("sites")
                      if place(site["stack"]))
    check(f"{what}: ids look like ids", all(len(name[0]) == 16 for name in names(first)))
    check(f"{what}: there are sites", len(names(first)) > 1)
    equal(f"{what}: the same ids", names(first), names(second))


def filters(run):
    calls = {site["call"] for site in run.json("sites", "--call", "munmap,mprotect")}
    equal("--call", calls, {"munmap"})
    equal("-n", len(run.json("sites", "-n", "1")), 1)
    equal("--kind: of no such kind", run.json("sites", "--kind", "sysv"), [])
    anonymous = run.json("sites", "--kind", "anonymous", "--from", "mark:begin")
    equal("--kind", [site["calls"] for site in anonymous if site["call"] == "mmap"], [200])
    equal("--module", run.json("sites", "--module", "no-such-module"), [])
    run.ask("sites", "--group", "colour", status=2)
    said = run.told("sites", "--kind", "stack")[2]
    check("--kind: a bad one", "expected one or more of text, rodata, " in said, said)


def groups(run):
    """A group is called by what its calls have in common, not by one of their functions."""
    for grouping, name in (("module", "answers_leak_loop"), ("file", "leak_loop.c")):
        said = [site["group"] for site in run.json("sites", "--group", grouping)]
        check(f"--group {grouping}: JSON", name in said and len(said) == len(set(said)), said)
        text = run.ask("sites", "--group", grouping)
        check(f"--group {grouping}: text", re.search(rf"  {re.escape(name)}$", text, re.M)
              and "(leak_loop.c" not in text, text)


def in_flight(run):
    """A call that has not returned lies behind all others in the file, and began before most: up to a time it counts."""
    mapped = [event["time_ns"] for event in run.json("events") if event["call"] == "mmap"]
    until = ("--to", f"{mapped[-150]}ns")
    sites = run.json("sites", *until)
    equal("in flight: counted", sum(site["calls"] for site in sites if site["call"] == "shm_open"), 1)
    equal("in flight: where modules are asked for", run.json("sites", "--module", "*", *until), sites)


def main():
    for name in ("leak_loop", "partial_unmap", "mremap_leak", "mremap_copy", "clean"):
        with Run(name) as run:
            equal(f"{name}: its status", run.status, 0)
            counts(run)
            live(run)
    with Run("waiting") as run:
        in_flight(run)
    with Run("leak_loop") as run, Run("leak_loop") as again, Run("leak_loop", build="moved") as moved:
        filters(run)
        groups(run)
        ids(run, again, "another run")
        ids(run, moved, "after an edit")
        lines = {place(site["stack"]) for site in run.json("sites")}
        check("the edit moved the lines",
              lines != {place(site["stack"]) for site in moved.json("sites")})
    finish()


main()

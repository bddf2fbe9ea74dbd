#!/usr/bin/env python3
"""budget: VMAs against the kernel's limit, and why calls found no memory."""
import re

from common import Run, check, equal, finish, guilty, place


def failure(name, reason, status=3):
    with Run(name) as run:
        if run.status == 77:
            print(f"skipped: {name}")
            return
        equal(f"{name}: its status", run.status, status)
        told = run.json("budget")
        first = told["failures"][0]
        equal(f"{name}: why", (first["errno"], first["reason"]), ("ENOMEM", reason))
        equal(f"{name}: the guilty line", place(first["stack"])[1], guilty(name))
        text = run.ask("budget").splitlines()
        named = next(line for line in text if name in line and ".c:" in line)
        check(f"{name}: the guilty line comes first", f"({name}.c:{guilty(name)})" in named, named)
        return told


def ways():
    """Failures that read the same say where they part, and none is left out without a word."""
    with Run("limit_ways") as run:
        equal("ways: its status", run.status, 3)
        failed = [line for line in run.ask("budget").splitlines() if line.startswith("failed")]
        named = [re.sub(r"@\d+", "@", line) for line in failed if "limit_ways.c:" in line]
        equal("ways: each by the guilty line", {f"too_much (limit_ways.c:{guilty('limit_ways')})" in line
                                                for line in named}, {True})
        equal("ways: as many as there is room for", len(named), 10)
        equal("ways: no two read the same", len(set(named)), 10)
        equal("ways: where they part", len({said[1] for said in (
            re.search(r"  from main \((limit_ways\.c:\d+)\)", line) for line in named) if said}), 10)
        equal("ways: the rest is counted", failed[10:], ["failed  ... and 2 more call sites: -n 0 shows all"])
        equal("ways: but one", [line for line in run.ask("budget", "-n", "11").splitlines() if line.startswith("failed")][11:],
              ["failed  ... and 1 more call site: -n 0 shows all"])
        every = run.ask("budget", "-n", "0").splitlines()
        equal("ways: all of them", len([line for line in every if line.startswith("failed")]), 12)


def exhaust():
    with open("/proc/sys/vm/max_map_count", encoding="ascii") as file:
        most = int(file.read())
    if most > 100000:
        print(f"skipped: exhaust_vmas, vm.max_map_count is {most}")
        return
    told = failure("exhaust_vmas", "vmas")
    equal("exhaust: the limit", told["max_map_count"], most)
    check("exhaust: the peak", most - 5 <= told["peak"] <= most + 5, told["peak"])
    split = told["split"][0]
    equal("exhaust: who split", place(split["stack"])[1], guilty("exhaust_vmas"))
    check("exhaust: all of them", split["splits"] > most - 100, split["splits"])
    check("exhaust: it grew, and was at its limit", told["end"] > most - 10, told["end"])


def memlock():
    told = failure("limit_memlock", "rlimit-memlock")
    if told:
        equal("memlock: a hole is no limit", [one["reason"] for one in told["failures"]],
              ["rlimit-memlock", "hole"])


def peak():
    """The peak and the end are those of mm."""
    with Run("leak_loop") as run:
        told = run.json("budget")
        equal("the end is what mm says", told["end"], run.json("mm")["map_count"])
        equal("no failures", told["failures"], [])
        held = told["held"][0]
        sites = run.json("sites", "--sort", "vmas")
        equal("held is what sites says", (held["id"], held["vmas_live"]),
              (sites[0]["id"], sites[0]["vmas_live"]))
        check("text names the limit", re.search(r"of the [\d,]+ that vm.max_map_count allows",
                                                run.ask("budget")))


def overcommit():
    told = failure("overcommit", "overcommit")
    if told:
        with open("/proc/meminfo", encoding="ascii") as file:
            memory = {line.split()[0]: int(line.split()[1]) * 1024 for line in file}
        equal("overcommit: its mode", told["overcommit_memory"], 0)
        equal("overcommit: RAM and swap", told["memory_and_swap_bytes"],
              memory["MemTotal:"] + memory["SwapTotal:"])
        check("overcommit: CommitLimit", abs(told["commit_limit"] - memory["CommitLimit:"])
              < memory["CommitLimit:"] // 8, told["commit_limit"])
        equal("overcommit: without a promise there was room", len(told["failures"]), 1)


def overcommit_later():
    """What mprotect asked for is what it was to make writable."""
    with Run("overcommit", "later") as run:
        if run.status == 77:
            print("skipped: overcommit later")
            return
        equal("overcommit later: its status", run.status, 3)
        first = run.json("budget")["failures"][0]
        pages = -(-int(run.out.split()[1]) // 4096) * 4096
        equal("overcommit later: why", (first["reason"], first["asked_bytes"]), ("overcommit", pages))
        equal("overcommit later: who", place(first["stack"])[1], guilty("overcommit", "later"))


def later():
    """What was in force when a call failed, whoever had set it and when; not what the process began with."""
    with Run("limit_later") as run:
        equal("later: its status", run.status, 3)
        told = run.json("budget")
        limits = {place(one["stack"]): (one["reason"], one["limits"], one["limit_as"], one["limit_data"])
                  for one in told["failures"]}
        equal("later: why, by which limit", limits, {
            ("too_much", guilty("limit_later")): ("rlimit-as", "at-call", 800 << 20, None),
            ("data_new", guilty("limit_later", "data")): ("rlimit-data", "at-call", None, 64 << 20),
            ("more", guilty("limit_later", "more")): ("rlimit-as", "at-call", 1600 << 20, None)})
        equal("later: at the start there was none", (told["limit_as"], told["limit_data"]), (None, None))
        text = run.ask("budget")
        check("later: said", re.search(r"the limit is 800 MiB, set since the start", text), text)
        check("later: info counts no damage", run.json("info")["processes"][0]["lost"]["damaged_records"] == 0)


def executable():
    with Run("wx_page") as run:
        sites = run.json("sites", "--kind", "jit", "--call", "mmap")
        equal("wx: the guilty line", place(sites[0]["stack"]), ("code_new", guilty("wx_page")))
        changed = run.json("sites", "--kind", "jit", "--call", "mprotect")
        equal("written, then executable", place(changed[0]["stack"])[0], "finish_code")


def main():
    failure("limit_as", "rlimit-as")
    failure("limit_data", "rlimit-data")
    memlock()
    overcommit()
    overcommit_later()
    ways()
    exhaust()
    peak()
    later()
    executable()
    finish()


main()

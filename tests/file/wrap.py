#!/usr/bin/env python3
"""A trace that is much longer than its file: what survives is whole, can be replayed, and is counted.

    wrap.py BUILD ACT
"""
import json
import os
import resource

from churned import FULL, LOSSES, churn, judge, the_trace
from harness import perform


def last_maps(bench, command, **variables):
    """Runs it traced; the kernel's list as the process was about to be gone."""
    path = os.path.join(bench.folder, "end.maps")
    settings = [f"{name}={value}" for name, value in bench.environment(True, **variables).items()
                if name.startswith(("VMATRACE_", "LD_PRELOAD"))]
    done = bench.run([os.path.join(bench.build, "last_maps"), path, "env", *settings, *command], False)
    with open(path, encoding="utf-8") as file:
        return done, file.read()


def verified(bench, check, path, what, least=1):
    done = bench.read("verify", "--format", "json", path)
    seen = json.loads(done.stdout)
    check.equal(f"{what}: verify", (done.returncode, seen["checkpoints"], seen["unexplained_vmas"]),
                (0, seen["matched"], 0))
    check.that(seen["checkpoints"] >= least, f"{what}: only {seen['checkpoints']} checkpoints")
    return seen


def total(info):
    return info["events"]["stored"] + sum(info["lost"][loss] for loss in LOSSES)


def tiny_ring(bench, check):
    """Sixteen slots, and the list at the end is the kernel's."""
    rounds = 100000 if FULL else 8000
    programs = [churn(bench, "exit", 1, rounds, 64),
                [os.path.join(bench.build, "behaviours"), "calls", str(rounds)],
                churn(bench, "exit", 8, rounds // 8, 64)]
    for command in programs:
        done, kernel = last_maps(bench, command, VMATRACE_RING="16")
        name = " ".join([os.path.basename(command[0]), *command[1:]])
        check.that(done.returncode in (0, 7), f"{name}: {done.returncode}, {done.stderr}")
        trace = the_trace(bench, check)
        info = bench.info(trace)
        replay = bench.read("maps", "-q", "--at", "end", trace)
        check.equal(f"{name}: status of maps", replay.returncode, 0)
        check.equal(f"{name}: the list at the end", replay.stdout.decode().splitlines(),
                    kernel.splitlines())
        check.that(total(info) > 2 * rounds, f"{name}: {total(info)} events in all")
        verified(bench, check, trace, name)
        check.that(os.stat(trace).st_blocks * 512 < 2 << 20,
                   f"{name}: {os.stat(trace).st_blocks} blocks of file")
        os.unlink(trace)


def hundred_laps(bench, check):
    """Eight threads lap the ring a hundred times."""
    slots, rounds, stacks = 1024, 60000 if FULL else 4000, 256
    done = bench.run(churn(bench, "exit", 8, rounds, stacks), True, VMATRACE_RING=str(slots))
    check.equal("status", done.returncode, 7)
    trace = the_trace(bench, check)
    info = bench.info(trace)
    check.that(total(info) > 100 * slots, f"{total(info)} events are no hundred laps")
    check.equal("events behind the oldest", info["events"]["stored"] + info["lost"]["torn"], slots)
    check.equal("torn", info["lost"]["torn"], 0)
    verified(bench, check, trace, "a hundred laps", 3)
    seen, with_stack = judge(check, bench.events(trace), stacks)
    check.that(seen > slots // 8, f"{seen} calls of the program's")
    # A thread that is not run for two laps of the arena, between taking a stack's number and storing its event,
    # has lost that stack; it is counted. No thread can be held up twice within one ring.
    lost = info["lost"]["stacks"]
    check.that(lost <= 8, f"{lost} stacks lost")
    check.that(with_stack >= seen - lost, f"{with_stack} of {seen} calls have a stack, {lost} lost")
    check.equal("snapshots that failed", info["lost"]["snapshots"], 0)


def stacks_turn_over(bench, check):
    """More stacks than the arena holds: the oldest go, no event shows another's, the base stays."""
    stacks, rounds = 65536, 60000 if FULL else 12000
    # Where the arena has room for those of all events that the ring holds, none of them is lost.
    done = bench.run(churn(bench, "exit", 1, rounds, stacks), True, VMATRACE_RING="4096", VMATRACE_DEPTH="64")
    check.equal("status, with room", done.returncode, 7)
    trace = the_trace(bench, check)
    info = bench.info(trace)
    check.that(info["arena"]["laps"] > 0, "with room: the arena was not lapped")
    check.equal("with room: stacks lost", info["lost"]["stacks"], 0)
    os.unlink(trace)
    # The arena is as small as it gets where the file may not be larger.
    limit = (2900 << 10, 2900 << 10)
    resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    done = bench.run(churn(bench, "exit", 1, rounds, stacks), True, VMATRACE_RING="8192",
                     VMATRACE_DEPTH="64")
    check.equal("status", done.returncode, 7)
    trace = the_trace(bench, check)
    info = bench.info(trace)
    check.equal("arena", info["arena"]["bytes"], 1 << 20)
    check.that(info["arena"]["laps"] > 10, f"only {info['arena']['laps']} laps of the arena")
    check.that(info["lost"]["stacks"], "no stack was lost: the test tests nothing")
    seen, with_stack = judge(check, bench.events(trace), stacks)
    check.that(seen // 4 < with_stack < seen, f"{with_stack} of {seen} calls have a stack")
    verified(bench, check, trace, "stacks turn over", 2)
    check.equal("records for which there was no room", info["lost"]["arena_records"], 0)


def long_lists(bench, check):
    """Thousands of VMAs: their lists are the most of what the arena holds."""
    count = 60000 if FULL else 12000
    done, kernel = last_maps(bench, [os.path.join(bench.build, "file_lists"), str(count)], VMATRACE_RING="2048")
    check.equal("status", (done.returncode, done.stderr), (0, b""))
    trace = the_trace(bench, check)
    info = bench.info(trace)
    check.that(info["arena"]["laps"] > 0, "the arena was not lapped")
    # Each begins with a list of its own: where they are long, not with every lap of the ring.
    check.that(info["arena"]["laps"] < total(info) / 2048 - 1, f"{info['arena']['laps']} laps of the arena")
    check.equal("snapshots that failed", info["lost"]["snapshots"], 0)
    verified(bench, check, trace, "long lists", 2)
    replay = bench.read("maps", "-q", trace)
    check.that(replay.stdout.decode() == kernel, "the list at the end is not the kernel's")
    check.that(len(kernel.splitlines()) > count, "a shorter list than was to be made")


def list_beside_calls(bench, check):
    """What is mapped behind a list's back, while it is read, is held neither against it nor against the calls."""
    count = 60000 if FULL else 12000
    done = bench.run([os.path.join(bench.build, "file_lists"), str(count), "beside"], True, VMATRACE_RING="16384")
    check.equal("status", (done.returncode, done.stderr), (0, b""))
    trace = the_trace(bench, check)
    taken = [snapshot for snapshot in bench.info(trace)["snapshots"] if snapshot["end"] > snapshot["begin"] + 1]
    check.that(taken, "no call was made while a list was read")
    verified(bench, check, trace, "beside calls", 2)


def modules(bench, check):
    """More objects than there is room for come and go; those that surviving stacks are in are known."""
    count = 3000 if FULL else 1400
    source = os.path.join(bench.build, "libfile_plugin.so")
    folder = os.path.join(bench.folder, "plugins")
    os.mkdir(folder)
    for number in range(count):
        os.link(source, os.path.join(folder, f"{number}.so")) if os.stat(source).st_dev == os.stat(folder).st_dev \
            else os.symlink(source, os.path.join(folder, f"{number}.so"))
    done = bench.run([os.path.join(bench.build, "file_plugins"), folder, str(count)], True,
                     VMATRACE_RING="256")
    check.equal("status", (done.returncode, done.stderr), (0, b""))
    trace = the_trace(bench, check)
    info = bench.info(trace)
    check.equal("objects not stored", info["lost"]["modules"], 0)
    seen = 0
    for event in bench.events(trace):
        if event["call"] == "mmap" and event["args"]["offset"] and event["via"] == "wrapper":
            number = event["args"]["offset"] >> 12
            seen += 1
            check.equal(f"object of {event['seq']}", os.path.basename(event["stack"][0]["module"] or ""),
                        f"{number}.so")
    check.that(seen > 30, f"{seen} calls from objects that are gone")


def stop(bench, check):
    """Each call is either there or counted, whichever way a ring is full."""
    rounds = 3000
    command = churn(bench, "exit", 1, rounds, 16)
    plain = {"VMATRACE_STACK": "none", "VMATRACE_COVERAGE": "calls"}
    infos = {}
    for name, more in {"all": {}, "grow": {"VMATRACE_ON_FULL": "grow", "VMATRACE_RING": "64"},
                       "stop": {"VMATRACE_ON_FULL": "stop", "VMATRACE_RING": "64"},
                       "overwrite": {"VMATRACE_RING": "64"}}.items():
        bench.run(command, True, **plain, **more)
        trace = the_trace(bench, check)
        infos[name] = bench.info(trace)
        verified(bench, check, trace, name)
        if name == "stop":
            judge(check, bench.events(trace), 16)
        os.unlink(trace)
    calls = infos["all"]["events"]["stored"] - infos["all"]["events"]["internal"]
    check.that(calls >= 4 * rounds, f"{calls} calls")
    for name in ("all", "grow"):
        check.equal(f"{name}: lost", sum(infos[name]["lost"][loss] for loss in LOSSES), 0)
    own = {name: info["events"]["internal"] for name, info in infos.items()}
    check.equal("grow: calls", infos["grow"]["events"]["stored"] - own["grow"], calls)
    check.equal("stop: stored", infos["stop"]["events"]["stored"], 64)
    check.equal("stop: calls", total(infos["stop"]) - own["stop"], calls)
    check.equal("stop: lost otherwise", [infos["stop"]["lost"][loss] for loss in LOSSES[:2]], [0, 0])
    check.equal("overwrite: stored", infos["overwrite"]["events"]["stored"], 64)
    # The recorder's own calls are overwritten as well: pages of the arena, a few times.
    check.that(0 <= total(infos["overwrite"]) - calls <= 8,
               f"overwrite: {total(infos['overwrite'])} events of {calls} calls")
    check.equal("overwrite: lost otherwise", [infos["overwrite"]["lost"][loss] for loss in LOSSES[1:]], [0, 0])


ACTS = {act.__name__: act for act in (tiny_ring, hundred_laps, stacks_turn_over, long_lists, list_beside_calls, modules, stop)}


if __name__ == "__main__":
    perform(ACTS)

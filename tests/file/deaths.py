#!/usr/bin/env python3
"""A process ends in the middle of its threads' calls: nothing in its trace is wrong, what was going on is known.

    deaths.py BUILD ACT
"""
import concurrent.futures
import glob
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time

from churned import FULL, churn, judge
from harness import perform, skip

KILLS = int(os.environ.get("KILLS", 0)) or (1000 if FULL else 30)
WRITERS = 4
STACKS = 64
SLOTS = 1024
KILLED_SLOTS = (64, 256, 1024)


def look(bench, check, trace, what):
    """Records, replay, calls in flight of a trace whose process is gone. How many records it has; its info."""
    done = bench.read("events", "-q", "--format", "jsonl", trace)
    if done.returncode == 3:
        # Killed before the header was there, or before the first list was whole: then it says so, in a line.
        check.that(done.stderr.count(b"\n") == 1, f"{what}: {done.stderr}")
        return 0, None
    check.equal(f"{what}: status of events", (done.returncode, done.stderr), (0, b""))
    seen, _ = judge(check, [json.loads(line) for line in done.stdout.splitlines()], STACKS)
    info = bench.info(trace)
    flying = [call["tid"] for call in info["in_flight"]]
    check.equal(f"{what}: one call in flight a thread", len(set(flying)), len(flying))
    check.that(len(flying) <= WRITERS + 1, f"{what}: {len(flying)} calls in flight")
    check.that(info["lost"]["torn"] <= WRITERS + 1, f"{what}: {info['lost']['torn']} torn records")
    check.equal(f"{what}: dropped, damaged",
                (info["lost"]["dropped"], info["lost"]["damaged_records"] > WRITERS), (0, False))
    verify = bench.read("verify", "--format", "json", trace)
    allowed = (0,) if info["snapshots"] else (0, 3)
    check.that(verify.returncode in allowed, f"{what}: verify: {verify.returncode}, {verify.stdout}")
    return seen, info


def run_for(process, seconds):
    """Until it has had so much of a processor: on a busy machine a moment of the clock's is before it has begun."""
    clock = ~process.pid << 3 | 2  # clock_getcpuclockid(3), of Linux
    while process.poll() is None and time.clock_gettime(clock) < seconds:
        time.sleep(0.0005)


def kill_one(bench, check, number):
    """Its trace is looked at and, if all is well, gone. Its records; its info, if it came to have a header."""
    chance = random.Random(number)
    trace = os.path.join(bench.traces, f"{number}.vmat")
    process = subprocess.Popen(churn(bench, "exit", WRITERS, 0, STACKS, 60000),
                               env=bench.environment(True, VMATRACE_RING=str(chance.choice(KILLED_SLOTS)),
                                                     VMATRACE_OUT=trace), stdout=subprocess.DEVNULL)
    # From before there is a file to after many laps.
    run_for(process, chance.choice((0.005, 0.04, 0.2)) * chance.random() * 2)
    process.send_signal(signal.SIGKILL)
    process.wait()
    if not os.path.exists(trace):
        return 0, None
    found = look(bench, check, trace, f"kill {number}")
    if not check.failures:
        os.unlink(trace)
    return found


def kills(bench, check):
    """SIGKILL at any moment of four writers' lives. Two at a time: what one is looked at the other runs beside."""
    seen = laps = flights = torn = done = 0
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for found, info in pool.map(lambda number: kill_one(bench, check, number), range(KILLS)):
            done += 1
            seen += found
            if info:
                laps += info["lost"]["overwritten"] > 0
                torn += info["lost"]["torn"]
                flights += len(info["in_flight"])
            if done % 50 == 0 or done == KILLS:
                print(f"{done} of {KILLS} kills in {time.monotonic() - began:.0f} s: {seen} records of churn's, {laps} rings "
                      f"lapped, {flights} calls in flight, {torn} torn; {len(check.failures)} failures", flush=True)
    check.that(seen > 20 * KILLS and laps > KILLS // 10, f"{seen} records, {laps} rings lapped: killed too soon")
    check.that(flights, "no call was in flight in any of them")


ENDS = {
    "exit": ("exited", 7, None), "_exit": ("exited", 7, None), "quick_exit": ("exited", 7, None),
    "exit_group": ("exited", 7, None), "abort": ("killed", None, "SIGABRT"),
    "segv": ("killed", None, "SIGSEGV"), "kill": ("killed", None, "SIGKILL"),
}


def ways(bench, check):
    """Each way to end, under `record`, which is told of it, and without."""
    for way, (ended, status, name) in ENDS.items():
        for recorded in (True, False):
            command = churn(bench, way, WRITERS, 0, STACKS, 30)
            if recorded:
                command = [bench.vmatrace, "record", "-q", "-o", bench.traces + "/", "--ring", str(SLOTS), "--",
                           *command]
            done = bench.run(command, not recorded, VMATRACE_RING=str(SLOTS))
            what = f"{way}, {'recorded' if recorded else 'preloaded'}"
            expected = -getattr(signal, name) if name else status
            check.equal(f"{what}: status", done.returncode, 128 - expected if recorded and name else expected)
            (trace,) = bench.trace_files()
            seen, info = look(bench, check, trace, what)
            check.that(seen > 50, f"{what}: hardly a record")
            seen = (info["ended"], info["exit_status"], info["signal"])
            if recorded:
                check.equal(f"{what}: ended", seen, (ended, status, name))
            else:
                check.equal(f"{what}: ended", seen, ("exited" if way == "exit" else "killed", None, None))
            shutil.rmtree(bench.traces)


def exec_in_flight(bench, check):
    """exec while other threads are in calls: theirs are in flight, and so is the exec."""
    command = [bench.vmatrace, "record", "-q", "-o", bench.traces + "/", "--ring", str(SLOTS), "--",
               *churn(bench, "exec", WRITERS, 0, STACKS, 30)]
    for number in range(20 if FULL else 5):
        done = bench.run(command, False)
        check.equal(f"run {number}: status", done.returncode, 7)
        first, second = sorted(bench.trace_files(), key=lambda path: bench.info(path)["started_realtime_ns"])
        look(bench, check, first, f"run {number}")
        info = bench.info(first)
        check.equal(f"run {number}: the first image", (info["ended"], info["exit_status"]), ("exec", None))
        check.that("execve" in [call["call"] for call in info["in_flight"]], f"run {number}: no exec in flight")
        info = bench.info(second)
        check.equal(f"run {number}: the second image", (info["ended"], info["exit_status"]), ("exited", 7))
        shutil.rmtree(bench.traces)


def blocked(bench, check):
    """Threads that wait in calls, each in its own, whatever ends them: it is said which, where, and from where."""
    program = os.path.join(bench.build, "file_blocked")
    for way, ended in {"kill": "killed", "abort": "killed", "segv": "killed", "_exit": "killed", "exit": "exited",
                       "exec": "exec"}.items():
        done = bench.run([program, way], True, VMATRACE_OUT=os.path.join(bench.traces, "t.vmat"))
        if done.returncode == 77:
            skip("no userfaultfd for this user")
        waiting = {int(tid): (call, hex(int(address))) for tid, call, address in
                   (line.split() for line in done.stdout.decode().splitlines())}
        check.equal(f"{way}: threads", sorted(call for call, _ in waiting.values()), ["madvise", "mlock", "mlock2"])
        info = bench.info(os.path.join(bench.traces, "t.vmat"))
        check.equal(f"{way}: ended", info["ended"], ended)
        flying = {call["tid"]: call for call in info["in_flight"] if call["call"] != "execve"}
        check.equal(f"{way}: in flight", {tid: (call["call"], call["args"]["addr"]) for tid, call in flying.items()}, waiting)
        check.equal(f"{way}: from where", {tid: call["stack"][0]["function"] for tid, call in flying.items()},
                    {tid: f"in_{call}" for tid, (call, _) in waiting.items()})
        check.equal(f"{way}: the exec", len(info["in_flight"]) - len(flying), way == "exec")
        text = bench.read("info", os.path.join(bench.traces, "t.vmat")).stdout.decode()
        check.that(all(re.search(rf"\b{tid}\b.*\b{call}\b|\b{call}\b.*\b{tid}\b", text) for tid, (call, _) in waiting.items()),
                   f"{way}: not in the text: {text}")
        shutil.rmtree(bench.traces)


def failed_exec(bench, check):
    """After an exec that failed the trace goes on, and its process ends as it ends."""
    script = "import os\ntry: os.execv('/nowhere', ['x'])\nexcept OSError: pass\nos._exit(3)"
    done = bench.run([bench.vmatrace, "record", "-q", "-o", bench.traces + "/", "--",
                      sys.executable, "-c", script], False)
    check.equal("status", done.returncode, 3)
    (trace,) = glob.glob(bench.traces + "/*")
    info = bench.info(trace)
    check.equal("ended", (info["ended"], info["exit_status"], info["in_flight"]), ("exited", 3, []))
    # Nobody there to be told of its end: what the trace itself says.
    shutil.rmtree(bench.traces)
    check.equal("status, preloaded", bench.run([sys.executable, "-c", script], True).returncode, 3)
    ends = [bench.info(path)["ended"] for path in bench.trace_files() if "python" in os.path.basename(path)]
    check.equal("ended, preloaded", ends[-1:], ["killed"])


ACTS = {act.__name__: act for act in (kills, ways, exec_in_flight, blocked, failed_exec)}


if __name__ == "__main__":
    perform(ACTS)

#!/usr/bin/env python3
"""The torture (torture.c) in rounds, each with a seed of its own, until the time is over: no round hangs,
crashes or says anything else than without the recorder, and `verify` finds every process explained.

    torture.py BUILD SECONDS
"""
import json
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "programs"))
from harness import Bench, Check  # noqa: E402

ROUND_MS = 3000
HANGS_AFTER = 300


def one_round(bench, check, seed):
    command = [os.path.join(bench.build, "torture"), str(seed), str(ROUND_MS),
               os.path.join(bench.build, "hostile", "plugin_first.so")]
    # What interrupts a busy machine's threads is another thing each time: coverage and stack modes too.
    more = {"VMATRACE_COVERAGE": "calls"} if seed % 7 == 6 else {}
    if seed % 5 == 4:
        more["VMATRACE_STACK"] = "fp"
    try:
        done = bench.run(command, True, timeout=HANGS_AFTER, **more)
    except subprocess.TimeoutExpired:
        check.that(False, f"seed {seed}: hangs")
        return 0, 0
    check.equal(f"seed {seed}: end", (done.returncode, done.stdout, done.stderr), (0, b"all well\n", b""))
    files, events = bench.trace_files(), 0
    for path in files:
        name = f"seed {seed}: {os.path.basename(path)}"
        verified = bench.read("verify", "-q", "--format", "json", path)
        # Without the sites nobody knows what malloc did.
        check.that(verified.returncode == 0 or "VMATRACE_COVERAGE" in more,
                   f"{name}: verify {verified.returncode} {verified.stdout.decode()} {verified.stderr.decode()}")
        found = json.loads(verified.stdout)
        events += found["events"]
        lost = bench.info(path)["lost"]
        check.that(not lost["recording_stopped"] and not lost["dropped"], f"{name}: lost {lost}")
    return len(files), events


def main():
    seconds = float(sys.argv[2])
    begin, seed, files, events = time.monotonic(), int(time.time()) * 35, 0, 0
    kept = os.path.join(os.path.abspath(sys.argv[1]), "torture-failed")
    bench, check = Bench(sys.argv[1]), Check()
    try:
        while time.monotonic() - begin < seconds and not check.failures:
            more = one_round(bench, check, seed)
            files, events, seed = files + more[0], events + more[1], seed + 1
            if check.failures:
                shutil.rmtree(kept, ignore_errors=True)
                shutil.move(bench.traces, kept)
                print(f"its traces: {kept}")
            shutil.rmtree(bench.traces, ignore_errors=True)
    finally:
        bench.close()
    print(f"{files} processes, {events} events in {time.monotonic() - begin:.0f} s")
    check.finish()


if __name__ == "__main__":
    main()

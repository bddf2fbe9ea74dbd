#!/usr/bin/env python3
"""Calls from small stacks (small.c), traced: the program ends as it should, and every call has its event, with
the function that made it.

    small.py BUILD ACT TIMES
"""
import json
import os
import subprocess
import sys
import tempfile


def main():
    build, act, times = sys.argv[1], sys.argv[2], int(sys.argv[3])
    program = os.path.join(build, "stacks_small")
    with tempfile.TemporaryDirectory() as folder:
        trace = os.path.join(folder, "small.vmat")
        environment = dict(os.environ, LD_PRELOAD=os.path.join(build, "libvmatrace.so"), VMATRACE_OUT=trace,
                           VMATRACE_RING="1M")
        done = subprocess.run([program, act, str(times)], env=environment, check=False, stdout=subprocess.PIPE)
        if done.returncode:
            print(done.stdout.decode(), f"{act}: ended with {done.returncode}")
            return done.returncode if done.returncode == 77 else 1
        read = subprocess.run([os.path.join(build, "vmatrace"), "events", "-q", "--format", "jsonl", trace],
                              check=True, stdout=subprocess.PIPE)
    events = [json.loads(line) for line in read.stdout.splitlines()]
    events = [event for event in events if not event["internal"] and event["via"] == "wrapper"]
    named = sum(any(frame["function"] == "call" for frame in event["stack"]) for event in events)
    print(done.stdout.decode(), end="")
    print(f"{act}: {times} calls, {len(events)} of their events left in the trace, {named} from call()")
    return 0 if named >= min(times, 3000) else 1


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Changes without a call: each that the kernel makes by itself is there with its cause and the interval in which
it arose; one whose maker went past all layers stays unexplained.

    implicit.py BUILD
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "programs"))
from harness import Bench, Check, died_by  # noqa: E402


def run(bench, check, *arguments):
    """(lines of the program, implicit events, implicit changes of the timeline, verify's verdict and status)"""
    bench.traces = os.path.join(bench.folder, "-".join(("traces", *arguments)))
    done = bench.run([os.path.join(bench.build, "site_implicit"), *arguments], True, VMATRACE_RING="8192")
    if arguments == ("old",) and died_by(done) == "SIGSEGV":
        print("SKIP: this kernel takes no calls of 32 bits")
        return [], [], [], None
    check.equal("exit status", done.returncode, 0)
    (trace,) = bench.trace_files()
    events = [event for event in bench.events(trace) if event["call"] == "implicit" and not event["internal"]]
    changes = [json.loads(line) for line in
               bench.read("timeline", "--format", "jsonl", trace).stdout.splitlines()]
    verify = bench.read("verify", "-q", "--format", "json", trace)
    check.that(json.loads(verify.stdout)["checkpoints"] >= 2, f"checkpoints: {verify.stdout}")
    return ([line.split() for line in done.stdout.decode().splitlines()], events,
            [change for change in changes if change["call"] == "implicit"],
            (verify.returncode, json.loads(verify.stdout)["unexplained_vmas"]))


def check_interval(check, event, others):
    """A quarter of the ring at most, or two if a snapshot left something out."""
    since, seen = event["args"]["since_seq"], event["exit"]
    check.that(since < seen <= since + 2 * 2048 + 16, f"interval: {event}")
    check.that((since > 2048) == (event["args"]["cause"] == "io_destroy"), f"began: {event}")
    check.that(event["args"]["since_ns"] < event["time_ns"], f"times: {event}")
    check.that(others == [event["args"]["since_ns"]], f"the timeline says {others}: {event}")


def main():
    bench, check = Bench(sys.argv[1]), Check()
    lines, events, changes, verdict = run(bench, check)
    ring = int(lines[1][1], 16)
    low = int(lines[2][-1], 16)
    check.equal("io_setup, io_destroy", (lines[0][1], lines[3][1]), ("0", "0"))
    expected = [("create", "io_setup", ring), ("create", "stack growth", low), ("remove", "io_destroy", ring)]
    seen = [(event["args"]["change"], event["args"]["cause"], int(event["args"]["addr"], 16)) for event in events
            if int(event["args"]["addr"], 16) in (ring, low)]
    check.equal("causes", sorted(seen), sorted(expected))
    check.that({event["args"]["cause"] for event in events} <= {cause for _, cause, _ in expected},
               f"other causes: {events}")
    check.equal("verify", verdict, (0, 0))
    for event in events:
        check_interval(check, event, [change["since_ns"] for change in changes
                                      if (change["vm_start"], change["cause"]) ==
                                      (event["args"]["addr"], event["args"]["cause"])])
    for way in ("raw", "old"):
        lines, events, _, verdict = run(bench, check, way)
        if not lines:
            continue
        seen = [(event["args"]["change"], event["args"]["cause"], event["args"]["length"]) for event in events
                if event["args"]["addr"] == "0x" + lines[0][1]]
        check.equal(f"a call on the {way} way", seen, [("create", "unexplained", 7 * 4096)])
        check.equal(f"verify of a call on the {way} way", verdict, (1, 1))
    bench.close()
    check.finish()


if __name__ == "__main__":
    main()

"""What churn.c's records must be: each call of it says by itself which one it is."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "programs"))

FULL = os.environ.get("VMATRACE_FULL") == "1"
LOSSES = ("overwritten", "torn", "dropped")


def mix(number):
    number = (number + 1) * 0x9e3779b97f4a7c15 % 2 ** 64
    number = (number ^ (number >> 32)) * 0xbf58476d1ce4e5b9 % 2 ** 64
    return number >> 33


def churn(bench, end, threads, rounds, stacks, *more):
    return [os.path.join(bench.build, "file_churn"), end, str(threads), str(rounds), str(stacks), *map(str, more)]


def way(event):
    """The number that the stack's lefts and rights say, or None: no whole stack."""
    names = [frame["function"] for frame in event["stack"] if not frame["inlined"]]
    if not names or "churn" not in names:
        return None
    turns = [name == "right" for name in names[:names.index("churn")] if name in ("left", "right")]
    return sum(turn << bit for bit, turn in enumerate(reversed(turns)))


def judge(check, events, stacks):
    """Every mmap of churn's is as it was made. How many there were, how many of them with a stack."""
    seen = with_stack = 0
    for event in events:
        if event["call"] != "mmap" or not event["args"]["offset"] or event["internal"] or event["via"] != "wrapper":
            continue
        args, page = event["args"], event["args"]["offset"] >> 12
        seen += 1
        if (args["fd"], args["length"], args["prot"]) != (mix(page), 4096 * (2 + page % 3), "rw-"):
            check.failures.append(f"a wrong record: {event}")
        if "stack-unknown" in event["flags"]:
            continue
        with_stack += 1
        # A thread that found another one learning for too long: what it knew, and it says so.
        if "stack-truncated" in event["flags"] and way(event) is None:
            continue
        if way(event) != (page & 0xffffff) % stacks:
            check.failures.append(f"a wrong stack: {event}")
    check.held += 2 * seen
    return seen, with_stack


def the_trace(bench, check):
    files = bench.trace_files()
    check.equal("trace files", len(files), 1)
    return files[0]

#!/usr/bin/env python3
"""
The traces of each released version, cut at every sixteenth and with bits of every word turned: each command ends as it
is documented to, and no event is shown that is not the whole trace's. A long trace, damaged here and there: what is
told of it does not depend on how many read it.

    damaged.py BUILD ACT
"""
import concurrent.futures
import glob
import gzip
import json
import os
import re
import struct

from churned import FULL, churn, the_trace
from harness import perform

TRACES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "traces")
READERS = ("info", "events", "timeline", "maps", "mm", "budget", "protections", "shared", "sites", "leaks", "verify", "check")
PAGE = 4096  # of the header; the counters' is behind it
EVERY = 16  # of so many damaged traces all commands read one
# What an event refers to: it is lost where that is damaged.
REFERRED = ("path", "name")
SAYS_WHY = r"it is empty|not a vmatrace trace|made by a newer vmatrace|at byte \d+"


def goldens():
    for packed in sorted(glob.glob(os.path.join(TRACES, "v*", "*.vmat.gz"))):
        with gzip.open(packed) as file:
            yield os.path.basename(packed).removesuffix(".vmat.gz"), file.read()


def judge_end(check, what, command, done):
    """A documented status, nothing but lines of ours; where it can read nothing one that says why, and where."""
    said = done.stderr.decode()
    # Two of them have verdicts.
    allowed = (0, 1, 3) if command in ("verify", "check") else (0, 3)
    check.that(done.returncode in allowed and all(line.startswith("vmatrace: ") for line in said.splitlines()),
               f"{what}: {command}: status {done.returncode}, {said[:300]}")
    if "cannot read" in said:
        check.that(done.returncode == 3 and said.count("\n") == 1 and re.search(SAYS_WHY, said),
                   f"{what}: {command}: status {done.returncode}, {said[:300]}")


def look(bench, check, what, content, commands=(), expected=None):
    """
    Status of `events`, its events of the ring by their number, info, of a trace of these bytes. Of info only where there
    are not as many events as expected: half the time.
    """
    path = os.path.join(bench.folder, what.replace(" ", "-") + ".vmat")
    with open(path, "wb") as file:
        file.write(content)
    done = bench.read("events", "-q", "--format", "jsonl", path)
    judge_end(check, what, "events", done)
    # In the ring what has ended; the kernel's are changes that were found.
    events = {event["seq"]: event for event in (json.loads(line) for line in done.stdout.splitlines())
              if event["exit"] is not None and event["via"] != "kernel"}
    for command in commands:
        judge_end(check, what, command, bench.read(command, "-q", path))
    info = None
    if done.returncode == 0 and len(events) != expected:
        info = json.loads(bench.read("info", "--format", "json", path).stdout)
    os.unlink(path)
    return done.returncode, events, info


def same(event, whole, timed):
    """True if it says what it said, but for what it refers to, which may be lost."""
    keys = ("enter", "exit", "pid", "tid", "call", "via", "internal", "result", "errno", *(("time_ns",) if timed else ()))
    args = [{key: value for key, value in each["args"].items() if key not in REFERRED} for each in (event, whole)]
    stacks = [[frame["pc"] for frame in each["stack"]] for each in (event, whole)]
    return all(event[key] == whole[key] for key in keys) and args[0] == args[1] and \
        all(event["args"].get(key) in (None, whole["args"].get(key)) for key in REFERRED) and \
        (stacks[0] == stacks[1] or "stack-unknown" in event["flags"])


def compare(check, what, events, whole, timed=True):
    """How many of the whole trace's are missing; none is another."""
    for seq, event in events.items():
        check.that(seq in whole and same(event, whole[seq], timed), f"{what}: a wrong event: {event}, not {whole.get(seq)}")
    return len(whole) - len(events)


def cut(bench, check):
    """What is left is shown, what is missing is said to be; or there is a reason why nothing can be."""
    for name, content in goldens():
        _, whole, told = look(bench, check, name, content)
        shown = []
        for part in range(16):
            at = len(content) * part // 16
            what = f"{name} cut at {at}"
            status, events, info = look(bench, check, what, content[:at], READERS)
            missing = compare(check, what, events, whole)
            shown.append(len(events))
            if status == 0:
                check.that(info["lost"]["truncated"] or not missing, f"{what}: {missing} events missing, and nothing said")
                check.that(missing <= info["lost"]["events"] - told["lost"]["events"], f"{what}: {missing} missing, {info['lost']}")
            else:
                check.that(at < 2 * PAGE, f"{what}: status {status}")
        check.that(shown[0] == 0 and shown[-1] > 0 and shown == sorted(shown), f"{name}: {shown} events in sixteenths")


def bits_of(word):
    """The highest, which makes anything huge, or another one: of the same word of the next record the other way round."""
    return range(32) if FULL else (31,) if (word // 4 + word // 16) % 2 else (word // 4 * 5 % 31,)


def flip(bench, check, name, content, whole, told, at, bit, commands):
    what = f"{name} with bit {bit} of {at}"
    damaged = bytearray(content)
    damaged[at + bit // 8] ^= 1 << bit % 8
    status, events, info = look(bench, check, what, bytes(damaged), commands, len(whole))
    if at < PAGE:
        check.equal(f"{what}: status", status, 3)
        return 1
    if status:
        # Counters that no process could have reached.
        check.that(at < 2 * PAGE, f"{what}: status {status}")
        return 1
    counters = at < 2 * PAGE
    missing = compare(check, what, events, whole, timed=not counters)
    if not counters:
        check.that(missing in (0, 1), f"{what}: {missing} events missing")
        check.that(not missing or info["lost"]["events"] - told["lost"]["events"] == missing, f"{what}: lost: {info}")
    return missing


def flipped(bench, check):
    """Whichever bit it is: what it belongs to is gone, and nothing else."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for name, content in goldens():
            _, whole, told = look(bench, check, name, content)
            places = [(at, bit) for at in range(0, len(content) - 3, 4) if any(content[at:at + 4]) for bit in bits_of(at)]
            hits = sum(pool.map(lambda place: flip(bench, check, name, content, whole, told, *place[1],
                                                   READERS if place[0] % EVERY == 0 else ()), enumerate(places)))
            check.that(hits > len(places) // 4, f"{name}: {hits} of {len(places)} bits told of: hardly one mattered")


IN_FLIGHT, RING = 2, 4


def sections_of(content):
    """(bytes of an entry, offset, length) by type."""
    found = [struct.unpack_from("<IIQQ", content, 64 + 24 * i) for i in range(struct.unpack_from("<I", content, 60)[0])]
    return {section[0]: section[1:] for section in found}


def fly(content, sections, number, slot):
    """Makes the call of this slot the in-flight entry of that number, too: killed before the entry was freed."""
    stride, at, _ = sections[IN_FLIGHT]
    at += number * stride
    time, enter, args = content[slot + 8:slot + 16], content[slot + 24:slot + 32], content[slot + 32:slot + 80]
    tid, call = struct.unpack_from("<I", content, slot + 96)[0], struct.unpack_from("<H", content, slot + 116)[0]
    content[at:at + 128] = bytes(128)
    content[at:at + 72] = struct.pack("<Q", tid << 1 | 1) + time + enter + args
    struct.pack_into("<I", content, at + 80, tid)
    struct.pack_into("<H", content, at + 92, call)


def parts(bench, check):
    """A long ring is counted by several threads: each part of it counts, wherever what is to be counted lies."""
    done = bench.run(churn(bench, "exit", 2, 25000, 16), True)
    check.equal("status", done.returncode, 7)
    trace = the_trace(bench, check)
    one = ["taskset", "-c", str(min(os.sched_getaffinity(0))), bench.vmatrace, "info", "--format", "json"]
    count = json.loads(bench.run([*one, trace], False).stdout)["events"]["stored"]
    check.equal("whole", bench.info(trace)["events"]["stored"], count)
    with open(trace, "rb") as file:
        content = bytearray(file.read())
    sections = sections_of(content)
    stride, ring, _ = sections[RING]
    check.that(count > 2 * 65536, f"{count} events are not many")
    # At both ends, about where parts may meet, and amid them.
    holes = sorted({count * eighth // 8 + beside for eighth in range(9) for beside in (-2, -1, 0, 1)} & set(range(count)))
    for hole in holes:
        content[ring + hole * stride + 40] ^= 1
    flying = [count * place // 10 + 7 for place in (0, 3, 6, 9)]
    for number, seq in enumerate(flying):
        fly(content, sections, number, ring + seq * stride)
    # This one's slot is damaged: for all that is known it never ended.
    fly(content, sections, len(flying), ring + holes[-1] * stride)
    damaged = os.path.join(bench.folder, "damaged.vmat")
    with open(damaged, "wb") as file:
        file.write(content)
    info = bench.info(damaged)
    check.equal("torn", (info["lost"]["torn"], info["events"]["stored"]), (len(holes), count - len(holes)))
    check.equal("in flight", len(info["in_flight"]), 1)
    check.equal("what one processor says", json.loads(bench.run([*one, damaged], False).stdout), info)


ACTS = {act.__name__: act for act in (cut, flipped, parts)}


if __name__ == "__main__":
    perform(ACTS)

#!/usr/bin/env python3
"""strace as the judge: each process's trace held against what strace saw of the same run.

    strace_judge.py BUILD STRACE-FILE TRACES

From the recorder's start to the end of the process the events must be strace's calls: per thread,
in the same order, with the same arguments and results, none missing, none invented. Two kinds of
calls that strace sees are no events. Those that set the recorder up (mapping and populating the
trace file and the private memory, a fork child's farewell to its parent's ring) are known by their
addresses and allowed before the first event only. And the recorder asks where the break is,
brk(NULL): once for the header, once as each snapshot ends, once before each brk that a site or
syscall() records; those must be there.
"""
import collections
import os
import struct
import sys

import strace_list
from harness import Bench
from event_calls import as_system_call

POPULATE_WRITE = 23
SHOWN = 5  # differences a thread; what follows is counted


class Trace:
    """What is needed of one trace file: its header (trace_format.h says where) and its events."""

    def __init__(self, bench, path):
        with open(path, "rb") as file:
            header = file.read(4096)
        self.path = path
        self.name = os.path.basename(path)
        self.pid, _, _, self.from_fork = struct.unpack_from("<4I", header, 256)
        self.file_id, self.parent_file_id, self.started = struct.unpack_from("<3Q", header, 280)
        self.own = [struct.unpack_from("<2Q", header, at) for at in (3584, 3600)]
        self.snapshots = collections.defaultdict(list)
        sections = [struct.unpack_from("<2I2Q", header, 64 + 24 * i) for i in range(8)]
        self.ring = self.own[0][0] + next(s[2] for s in sections if s[0] == 4)
        arena = next(s[2] for s in sections if s[0] == 3)
        self.first_pages = (self.own[0][0], self.own[0][0] + arena, self.ring)
        self.arena = self.own[0][0] + next(s[2] for s in sections if s[0] == 3)
        self.read_snapshots(path, arena)
        self.rows = bench.events(path)
        self.info = bench.info(path)

    def read_snapshots(self, path, arena):
        """For each thread, the ring's head as each of its snapshots ended."""
        with open(path, "rb") as file:
            file.seek(4096 + 128)
            used, = struct.unpack("<Q", file.read(8))
            file.seek(arena)
            records = file.read(used & (1 << 40) - 1)
        for at in range(0, len(records) - 79, 16):
            if records[at:at + 4] == b"VSNP":
                tid, _, end = struct.unpack_from("<I2Q", records, at + 16 + 12)
                self.snapshots[tid].append(end)

    def implicit(self):
        return collections.Counter((row["args"]["change"], row["args"]["cause"])
                                   for row in self.rows if row["call"] == "implicit")

    def begins_with(self, call):
        """True of the call that the recorder's start in this address space begins with."""
        start, end = self.own[0 if self.from_fork else 1]
        return call.name == "mmap" and call.result == start and call.args[1] == end - start

    def owns(self, address):
        return any(start <= address < end for start, end in self.own)

    def is_populating(self, call):
        return call.name == "madvise" and self.owns(call.args[0])

    def sets_up(self, call, old_rings):
        if call.name == "mmap":
            return isinstance(call.result, int) and self.owns(call.result)
        if call.name == "munmap":
            return (call.args[0], call.args[0] + call.args[1]) in old_rings
        if not self.is_populating(call):
            # Whether the kernel can populate at all is tried on a page of the stack.
            return call.name == "madvise" and call.args[1:] == [4096, POPULATE_WRITE]
        # Pages of the ring and the arena behind their first ones are an event.
        return call.args[2] != POPULATE_WRITE or call.args[0] in self.first_pages


def without_set_up(trace, calls, old_rings):
    """The calls that must be events: a fork child's all, an image's from the recorder's start."""
    if not trace.from_fork:
        first = next(i for i, call in enumerate(calls) if trace.begins_with(call))
        calls = calls[first:]
    kept, begun, mapped, asked = [], False, False, False
    for call in calls:
        if not begun and trace.sets_up(call, old_rings):
            mapped = mapped or call.result == trace.own[0][0]
        elif mapped and not asked and is_query(call):
            asked = True  # for the header
        else:
            # The recorder's first events, pages of its own, may come amid the rest of the set-up.
            begun = begun or not (is_query(call) or trace.is_populating(call))
            kept.append(call)
    return kept


def is_query(call):
    return call.name == "brk" and call.args == [0]


def done_in_parts(event, before):
    """True of an mlockall that was done VMA by VMA, to spare the trace, in calls of the recorder's own before it."""
    return event["call"] == "mlockall" and not event["internal"] and not event["errno"] and \
        "MCL_CURRENT" in event["args"]["flags"] and before["internal"]


class Comparison:
    """One thread: strace's calls beside the events."""

    def __init__(self, trace, tid, calls, events):
        self.trace = trace
        self.calls = calls
        self.events = events
        self.snapshots = sorted(trace.snapshots[tid])
        self.asked = False  # for the next brk
        self.compared = 0
        self.queries = 0
        self.differences = []

    def equal(self, at, to):
        """True if the event could be the record of the call."""
        call, event = self.calls[at], self.events[to]
        expected = as_system_call(event, call)
        if expected[:2] != (call.name, [canonical(call.name, i, word)
                                        for i, word in enumerate(call.args)]):
            return False
        if expected[2] == call.result:
            return True
        # The last call of a thread may be over for the kernel and not for who made it.
        last = at == len(self.calls) - 1 and to == len(self.events) - 1
        return last and None in (expected[2], call.result)

    def asks(self, at, to):
        """True if the call is one of the recorder's queries, to be made before the next event."""
        if not is_query(self.calls[at]):
            return False
        # The head that a snapshot ended at lies between the events on both sides.
        if self.snapshots and (to == 0 or self.events[to - 1]["seq"] < self.snapshots[0]) and \
                (to == len(self.events) or self.snapshots[0] <= self.events[to]["seq"]):
            self.snapshots.pop(0)
            return True
        while to < len(self.events) and self.events[to]["internal"] and \
                self.events[to]["call"] == "madvise":
            to += 1
        if self.asked or to == len(self.events) or self.events[to]["call"] != "brk":
            return at == len(self.calls) - 1  # the process ended in what it was asked for
        after = next((i for i in range(at + 1, len(self.calls))
                      if not self.trace.is_populating(self.calls[i])), at)
        self.asked = self.events[to]["via"] == "site" or self.equal(after, to)
        return self.asked

    def fits(self, at, to):
        if not self.equal(at, to):
            return False
        event, asked = self.events[to], self.asked
        if event["call"] == "brk":
            self.asked = False
        return event["call"] != "brk" or event["via"] != "site" or asked

    def run(self):
        at = to = 0
        while at < len(self.calls) or to < len(self.events):
            if at < len(self.calls) and self.asks(at, to):
                self.queries += 1
                at += 1
            elif at < len(self.calls) and to < len(self.events) and self.fits(at, to):
                self.compared += 1
                at += 1
                to += 1
            elif 0 < to < len(self.events) and done_in_parts(self.events[to], self.events[to - 1]):
                to += 1
            elif self.never_returned(at, to):
                at += 1
            elif self.never_made(at, to):
                to += 1
            else:
                missing, invented = self.next_equal(at, to)
                self.differ(at, missing, to, invented)
                at += missing
                to += invented
        if self.snapshots:
            self.differences.append(f"{len(self.snapshots)} snapshots did not ask for the break")
        return self

    def never_returned(self, at, to):
        """The last call of a thread that ended in it need not be there."""
        return at == len(self.calls) - 1 and to == len(self.events) and \
            self.calls[at].result is None

    def never_made(self, at, to):
        """The last event of a thread may have begun, and the process ended before the call."""
        return at == len(self.calls) and to == len(self.events) - 1 and \
            self.events[to]["exit"] is None and self.events[to]["result"] is None

    def next_equal(self, at, to):
        """How many calls and events to leave out so that both go on alike."""
        rest = len(self.calls) - at, len(self.events) - to
        for both in range(1, min(64, sum(rest) + 1)):
            for missing in range(max(0, both - rest[1]), min(both, rest[0]) + 1):
                a, e = at + missing, to + both - missing
                if a < len(self.calls) and e < len(self.events) and self.equal(a, e):
                    return missing, both - missing
        return rest

    def differ(self, at, missing, to, invented):
        for call in self.calls[at:at + missing]:
            self.differences.append(f"not in the trace: {call}")
        for event in self.events[to:to + invented]:
            self.differences.append(f"not in strace's list: {spelled(event)}")


def canonical(name, index, word):
    """C ints as 32 bits without sign, both sides alike."""
    ints = {"mmap": (2, 3, 4), "mprotect": (2,), "pkey_mprotect": (2, 3), "madvise": (2,),
            "mremap": (3,), "shmat": (0, 2), "remap_file_pages": (2, 4), "mlockall": (0,),
            "mlock2": (2,), "mbind": (5,)}
    return word & 0xffffffff if index in ints.get(name, ()) else word


def spelled(event):
    args = ", ".join(f"{k}={v}" for k, v in event["args"].items() if k != "path")
    return (f"@{event['seq']}: {event['tid']} {event['call']}({args}) = {event['result']} "
            f"{event['errno'] or ''} via {event['via']}{' internal' if event['internal'] else ''} "
            f"{','.join(event['flags'])}")


def by_thread(items, thread_of):
    threads = collections.defaultdict(list)
    for item in items:
        threads[thread_of(item)].append(item)
    return threads


def is_vma_call(event):
    return event["call"] in strace_list.VMA_CALLS or event["call"] in ("sbrk", "posix_madvise")


class Verdict:
    """What came of a run, summed over its processes."""

    def __init__(self):
        self.traces = 0
        self.compared = 0
        self.queries = 0
        self.differences = []

    def hold(self, trace, calls, old_rings, rows):
        """One trace held against the calls of its address space."""
        self.traces += 1
        wanted = by_thread(without_set_up(trace, calls, old_rings), lambda call: call.tid)
        seen = by_thread(filter(is_vma_call, rows), lambda event: event["tid"])
        for tid in sorted(set(wanted) | set(seen) | set(trace.snapshots)):
            comparison = Comparison(trace, tid, wanted.get(tid, []), seen.get(tid, [])).run()
            self.compared += comparison.compared
            self.queries += comparison.queries
            found = comparison.differences
            self.differences += [f"{trace.name}: {text}" for text in found[:SHOWN]]
            if len(found) > SHOWN:
                self.differences.append(f"{trace.name}: thread {tid}: {len(found) - SHOWN} more")


def pair_up(images, traces):
    """[(trace or None, image or None)]: traces and images of one process in order, by the
    recorder's own mapping. An image without a call to record has no trace, and needs none."""
    pairs = []
    waiting = by_thread(sorted(traces, key=lambda trace: trace.started), lambda trace: trace.pid)
    for image in images:
        queue = waiting.get(image.pid, [])
        if queue and queue[0].from_fork != image.by_exec and \
                any(queue[0].begins_with(call) for call in image.calls):
            pairs.append((queue.pop(0), image))
        elif image.calls or image.by_exec or image.execs:
            pairs.append((None, image))
    return pairs + [(trace, None) for queue in waiting.values() for trace in queue]


def rings(traces):
    return {trace.own[0] for trace in traces}


def judge(images, traces):
    """Holds every trace of a run against the address spaces that strace saw."""
    verdict = Verdict()
    for trace, image in pair_up(images, traces):
        if not trace:
            verdict.differences.append(f"{image}: {len(image.calls)} calls and no trace")
        elif not image:
            verdict.differences.append(f"{trace.name}: no such process in strace's list")
        else:
            verdict.hold(trace, image.calls, rings(traces), trace.rows)
    return verdict


def has_begun(path):
    """False of a file whose process died before there was a header in it."""
    with open(path, "rb") as file:
        return file.read(5) == b"\x89VMAT"


def read_traces(bench):
    return [Trace(bench, path) for path in bench.trace_files() if has_begun(path)]


def main():
    bench = Bench(sys.argv[1])
    bench.traces = sys.argv[3]
    verdict = judge(strace_list.read_images(sys.argv[2]), read_traces(bench))
    for difference in verdict.differences:
        print(difference)
    print(f"{verdict.compared} calls in {verdict.traces} traces, {verdict.queries} queries of the "
          f"break, {len(verdict.differences)} differences")
    bench.close()
    sys.exit(1 if verdict.differences or not verdict.compared else 0)


if __name__ == "__main__":
    main()

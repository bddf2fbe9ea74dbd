#!/usr/bin/env python3
"""Holds a sample's own account of what it did against the trace of it.

    compare_account.py BUILD SAMPLE

Runs BUILD/samples/SAMPLE untraced, then under LD_PRELOAD. Same output, exit status, no message; and
for every process of it: each call of the account is an event, in order, with its arguments, result,
errno, and the function, file and line of the call in its stack; no event more; the stack as deep as
it really was, or VMATRACE_DEPTH; `maps --at end` equal to the sample's last reading of
/proc/self/maps; every command reads the trace. And the same once more of a run that ends by
SIGKILL, where nothing but the recorded calls can tell how the address space was at the end.

A recorder without the site layer or without stacks by CFI (arch/generic) says so in `info`; then what only
these know is not asked for.
"""
import json
import os
import signal
import subprocess
import sys
import tempfile

from account import coalesced, labels, read_account, read_rows, without_addresses

EVENT_KEYS = {"seq", "enter", "exit", "time_ns", "duration_ns", "pid", "tid", "call", "via",
              "internal", "args", "result", "errno", "stack", "flags"}
FRAME_KEYS = {"pc", "module", "offset", "function", "file", "line", "inlined", "by"}
FLAGS = {"nested", "stack-truncated", "stack-unknown", "early", "racy"}
VERIFY_KEYS = {"checkpoints", "matched", "unexplained_vmas", "implicit_changes", "racy", "events",
               "lost"}
VMA_KEYS = {"vm_start", "vm_end", "vm_flags", "vm_pgoff", "offset", "dev", "inode", "vm_file",
            "kind", "created_by", "last_changed_by"}
# Whose stack it is: none of the samples that come here has another thread.
STACK_KEYS = {"thread", "thread_name"}
# Frames of libc between main() and _start, and of a thread's first function.
RUNTIME_FRAMES_MAX = 4
SHALLOW = 4
DEEP = 128
# Samples whose account is not everything: libc changes the address space unseen, snapshots tell.
UNSEEN = {
    "heap_growth": "malloc moves the break inside libc",
    "libraries": "dlopen maps the plugin inside the loader",
    "ordering": "pthread_create maps and allocates inside libc",
}
# Samples of which only the snapshot at exit knows the end, the growth of a stack for one; a killed
# process has none.
UNSEEN_WHEN_KILLED = {"mm_fields", "heap_growth", "libraries"}
NUMBERS = {"length", "old_size", "new_size", "fd", "offset", "increment"}
BITS = {"flags", "oflag"}


class Check:
    """Counts what held and keeps what did not."""

    def __init__(self):
        self.held = 0
        self.failures = []

    def that(self, holds, what):
        if holds:
            self.held += 1
        else:
            self.failures.append(what)
        return holds

    def equal(self, seen, expected, what):
        return self.that(seen == expected, f"{what}: {seen!r}, expected {expected!r}")


def run(arguments, environment=None):
    return subprocess.run(arguments, env=environment, capture_output=True, timeout=120)


def run_sample(build, sample, traces=None, depth=None, dies=False):
    """The run; with traces (a folder) its trace files are there, named after the processes."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("VMATRACE_")}
    if dies:
        environment["SAMPLE_DIES"] = "1"
    if traces:
        environment["LD_PRELOAD"] = os.path.join(build, "libvmatrace.so")
        environment["VMATRACE_OUT"] = os.path.join(traces, "%p.vmat")
        environment["VMATRACE_DEPTH"] = str(depth)
    return run([os.path.join(build, "samples", sample)], environment)


def expected_argument(name, text):
    """A word of the account as the event's JSON should have it."""
    if name in NUMBERS:
        return int(text)
    if name in BITS:
        return [] if text == "0" else text.split("|")
    if text.startswith('"'):
        return text[1:-1]
    return text


def check_arguments(check, call, event):
    seen = dict(event["args"])
    for name, text in call.args.items():
        value = seen.pop(name, None)
        expected = expected_argument(name, text)
        if isinstance(expected, list) and isinstance(value, list):
            value, expected = sorted(value), sorted(expected)
        check.equal(value, expected, f"{call.text}: {name}")
    if call.call == "mmap":
        path = seen.pop("path", None)
        if call.args["fd"] == "-1" or call.errno:
            path = None if call.errno else path
            check.equal(path, None, f"{call.text}: path")
        else:
            check.that(isinstance(path, str) and path, f"{call.text}: no path")
    check.equal(seen, {}, f"{call.text}: more arguments")


def check_result(check, call, event):
    if call.errno:
        expected = -1
    elif call.result.startswith("0x"):
        expected = call.result
    else:
        expected = int(call.result)
    check.equal(event["result"], expected, f"{call.text}: result")
    check.equal(event["errno"], call.errno, f"{call.text}: errno")


def real_frames(event):
    """The frames that are on the stack; inlined ones are not."""
    return [frame for frame in event["stack"] if not frame["inlined"]]


def check_place(check, call, event, program, by):
    """The whole stack: from the call to the thread's first function, and what lies below it."""
    for frame in event["stack"]:
        check.equal(set(frame), FRAME_KEYS, f"{call.text}: keys of a frame")
    frames = real_frames(event)
    if not check.that(len(frames) >= call.depth, f"{call.text}: {len(frames)} frames"):
        return
    inner = frames[0]
    check.equal((inner["function"], os.path.basename(inner["file"] or ""), inner["line"]),
                (call.function, call.file, call.line), f"{call.text}: place")
    own = [frame["module"] for frame in frames[:call.depth]]
    check.equal(set(own), {program}, f"{call.text}: modules")
    first = frames[call.depth - 1]["function"]
    check.equal(first, "main" if call.pid == call.tid else "reader", f"{call.text}: first function")
    check.equal({frame["by"] for frame in frames}, {by}, f"{call.text}: by")
    if by == "fp":
        return  # libc keeps no frame pointers: what lies below main() is not to be had
    runtime = len(frames) - call.depth
    check.that(1 <= runtime <= RUNTIME_FRAMES_MAX, f"{call.text}: {runtime} frames of the runtime")
    if call.pid == call.tid:
        check.equal(frames[-1]["function"], "_start", f"{call.text}: outermost function")
    check.that("stack-truncated" not in event["flags"], f"{call.text}: truncated")


def check_events(check, calls, events, program, info):
    """Thread by thread, the account's calls and the events that are not the recorder's own."""
    last = {}
    for event in events:
        check.equal(set(event), EVENT_KEYS, f"keys of event {event.get('seq')}")
        check.that(set(event["flags"]) <= FLAGS, f"flags of event {event['seq']}: {event['flags']}")
        if event["internal"]:
            check.equal(event["stack"], [], f"stack of internal event {event['seq']}")
        elif event["exit"] is not None and event["via"] != "kernel":
            check.that(last.get(event["tid"], -1) < event["seq"], f"event {event['seq']}: order")
            last[event["tid"]] = event["seq"]
    own = [e for e in events if not e["internal"] and e["via"] == "wrapper"]
    if not info["coverage"]["sites"]:
        # Only a site would tell that it makes no system call.
        own = [e for e in own if e["args"].get("increment") != 0]
    threads = {call.tid for call in calls} | {event["tid"] for event in own}
    pairs = []
    for tid in sorted(threads):
        said = [call for call in calls if call.tid == tid]
        recorded = [event for event in own if event["tid"] == tid]
        check.equal([e["call"] for e in recorded], [c.call for c in said], f"calls of thread {tid}")
        pairs += zip(said, recorded)
    for call, event in pairs:
        check.equal((event["call"], event["pid"]), (call.call, call.pid), call.text)
        check_arguments(check, call, event)
        check_result(check, call, event)
        if program:
            check_place(check, call, event, program, info["settings"]["stack"])
    return pairs


def check_maps(check, maps, lines, dies, pid):
    own = read_rows(lines)
    replayed = read_rows(maps.decode().splitlines())
    if dies:
        # That a mapped file lost its name is no call on the address space: only a snapshot tells.
        for row in own + replayed:
            row.name = row.name.removesuffix(" (deleted)")
    for row in coalesced(own):
        check.that(row in coalesced(replayed), f"maps of {pid}: missing {row}")
    for row in coalesced(replayed):
        check.that(row in coalesced(own), f"maps of {pid}: not there {row}")
    check.equal(labels(replayed), labels(own), f"labels of {pid}")


def check_verify(check, document, unseen, dies, pid):
    check.equal(set(document) - {"schema"}, VERIFY_KEYS, f"keys of verify of {pid}")
    check.equal(document["lost"], 0, f"lost of {pid}")
    check.that(document["checkpoints"] >= 1 or dies, f"checkpoints of {pid}")
    if unseen:
        check.that(document["unexplained_vmas"] > 0, f"{pid}: {unseen}, and nothing is unexplained")
    else:
        check.equal(document["unexplained_vmas"], 0, f"unexplained VMAs of {pid}")
        check.equal(document["matched"], document["checkpoints"], f"matched of {pid}")


def check_commands(check, tool, trace, unseen, dies, pid):
    """Every command reads the trace; the JSON ones are JSON. unseen: why verify has findings."""
    findings = 1 if unseen else 0
    for arguments in (["info"], ["events"], ["timeline"], ["mm"], ["maps"], ["maps", "--who"],
                      ["verify"]):
        done = run([tool, *arguments, trace])
        status = findings if arguments == ["verify"] else 0
        check.equal((done.returncode, done.stderr), (status, b""), f"{arguments} of {pid}")
        check.that(done.stdout, f"{arguments} of {pid}: nothing printed")
    for command in ("info", "timeline", "mm", "maps", "verify"):
        done = run([tool, command, "--format", "json", trace])
        status = findings if command == "verify" else 0
        check.equal(done.returncode, status, f"{command} --format json of {pid}")
        document = json.loads(done.stdout)
        if command == "maps":
            vmas = document if isinstance(document, list) else document["vmas"]
            for vma in vmas:
                is_stack = vma["kind"] == "main-stack"
                check.equal(set(vma), VMA_KEYS | STACK_KEYS if is_stack else VMA_KEYS, f"keys of a VMA of {pid}")
                check.that(not is_stack or vma["thread"] == pid, f"the stack of {pid}: {vma}")
        if command == "verify":
            check_verify(check, document, unseen, dies, pid)


def read_events(tool, trace):
    done = run([tool, "events", "--format", "jsonl", trace])
    if done.returncode != 0:
        raise RuntimeError(f"events of {trace}: status {done.returncode}: {done.stderr.decode()}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def check_run(check, build, sample, depth, dies=False):
    """A run untraced and one traced. Returns the frames of each call, as the account has them."""
    tool = os.path.join(build, "vmatrace")
    program = os.path.realpath(os.path.join(build, "samples", sample)) if depth == DEEP else None
    untraced = run_sample(build, sample, dies=dies)
    check.equal((untraced.returncode, untraced.stderr), (-signal.SIGKILL if dies else 0, b""),
                "the untraced run")
    with tempfile.TemporaryDirectory(prefix="vmatrace-test-") as traces:
        traced = run_sample(build, sample, traces, depth, dies)
        check.equal((traced.returncode, traced.stderr), (untraced.returncode, untraced.stderr),
                    "status and standard error of the traced run")
        account = read_account(traced.stdout.decode())
        check.equal(without_addresses(account),
                    without_addresses(read_account(untraced.stdout.decode())), "output")
        check.equal(sorted(os.listdir(traces)), sorted(f"{pid}.vmat" for pid in account.pids()),
                    "trace files")
        frames = []
        for pid in account.pids():
            trace = os.path.join(traces, f"{pid}.vmat")
            calls = [call for call in account.calls if call.pid == pid]
            info = json.loads(run([tool, "info", "--format", "json", trace]).stdout)
            pairs = check_events(check, calls, read_events(tool, trace), program, info)
            if depth == DEEP:
                check.equal(info["ended"], "killed" if dies else "exited", f"end of {pid}")
                unseen = None if info["coverage"]["sites"] or dies else UNSEEN.get(sample)
                check_commands(check, tool, trace, unseen, dies, pid)
                check_maps(check, run([tool, "maps", "--at", "end", trace]).stdout,
                           account.maps[pid], dies, pid)
            frames += [(call, len(real_frames(event)), "stack-truncated" in event["flags"])
                       for call, event in pairs]
        return frames, info


def main():
    build, sample = os.path.realpath(sys.argv[1]), sys.argv[2]
    check = Check()
    whole, info = check_run(check, build, sample, DEEP)
    cut, _ = check_run(check, build, sample, SHALLOW)
    if sample not in UNSEEN_WHEN_KILLED and (info["coverage"]["sites"] or sample not in UNSEEN):
        check_run(check, build, sample, DEEP, dies=True)
    check.equal(len(cut), len(whole), "calls of the two traced runs")
    for (call, depth, truncated), (_, real, _) in zip(cut, whole):
        check.equal(depth, min(real, SHALLOW), f"{call.text}: depth with VMATRACE_DEPTH={SHALLOW}")
        if info["settings"]["stack"] == "cfi":
            check.equal(truncated, real > SHALLOW, f"{call.text}: flagged as cut off")
    for failure in check.failures[:40]:
        print(f"{sample}: {failure}")
    print(f"{sample}: {len(whole)} calls, {check.held} checks held, {len(check.failures)} failed")
    return 1 if check.failures else 0


if __name__ == "__main__":
    sys.exit(main())

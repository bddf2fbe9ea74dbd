#!/usr/bin/env python3
"""The stacks of a trace held against gdb's, call by call, frame by frame.

    gdb_judge.py BUILD LEAST [--client SCRIPT] -- COMMAND...

gdb runs COMMAND under the recorder and unwinds at each entry into mmap, munmap, mprotect and mremap. Each event
of the trace finds its stop by thread, call and arguments, in order. From the event's first frame outwards
both must name the same pcs to the end, or to the recorder's depth. At least LEAST stacks are compared.
SCRIPT is what a shell does with COMMAND while it runs; @ in both is a folder of theirs.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
DEPTH = 128
FIRST = {"mmap": ("addr", "length"), "munmap": ("addr", "length"), "mprotect": ("addr", "length"),
         "mremap": ("old_address", "old_size")}


def number(value):
    return int(value, 16) if isinstance(value, str) else value


def run(build, command, client, folder):
    environment = dict(os.environ, STACKS_OUT=os.path.join(folder, "stops"),
                       INFERIOR_LD_PRELOAD=os.path.join(build, "libvmatrace.so"),
                       INFERIOR_VMATRACE_OUT=os.path.join(folder, "%p.vmat"),
                       INFERIOR_VMATRACE_DEPTH=str(DEPTH))
    environment.pop("LD_PRELOAD", None)
    if client:
        client = subprocess.Popen(["sh", "-c", client.replace("@", folder)], stdout=subprocess.DEVNULL,
                                  stderr=subprocess.DEVNULL)
    command = [word.replace("@", folder) for word in command]
    subprocess.run(["gdb", "-nx", "-batch", "-x", os.path.join(HERE, "gdb_stacks.py"), "--args", *command],
                   env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, timeout=200)
    if client:
        client.wait(20)
    with open(os.path.join(folder, "stops"), encoding="ascii") as stops:
        return [json.loads(line) for line in stops]


def events_of(build, folder):
    (trace,) = [name for name in os.listdir(folder) if name.endswith(".vmat")]
    done = subprocess.run([os.path.join(build, "vmatrace"), "events", "--format", "jsonl",
                           os.path.join(folder, trace)], stdout=subprocess.PIPE, check=True)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return [event for event in events if not event["internal"] and event["call"] in FIRST and event["stack"]
            and not {"early", "nested"} & set(event["flags"])]


def pair_up(stops, events):
    """(event, stop): each thread's events and stops come in one order; stops without an event are left out."""
    waiting = {}
    for stop in stops:
        waiting.setdefault(stop["tid"], []).append(stop)
    for event in events:
        queue = waiting.get(event["tid"], [])
        wanted = [number(event["args"][name]) for name in FIRST[event["call"]]]
        caller = number(event["stack"][0]["pc"])
        for i, stop in enumerate(queue):
            # Calls before recording began may have the same arguments.
            if stop["call"] == event["call"] and stop["args"][:2] == wanted and caller in stop["pcs"]:
                del queue[:i + 1]
                yield event, stop
                break
        else:
            yield event, None


def same(event, stop):
    ours = [number(frame["pc"]) for frame in event["stack"] if not frame["inlined"]]
    theirs = stop["pcs"]
    if ours[0] not in theirs:
        return False
    theirs = theirs[theirs.index(ours[0]):]
    # An outermost pc of 0 is gdb's way to say that there is none.
    while theirs and theirs[-1] == 0:
        theirs.pop()
    return ours == theirs[:DEPTH] and (len(theirs) > DEPTH) == ("stack-truncated" in event["flags"])


def spell(event, stop):
    return "  {}: {}\n  gdb: {}".format(
        event["call"], [(frame["pc"], frame["function"], frame["by"]) for frame in event["stack"]],
        [hex(pc) for pc in stop["pcs"]])


def main():
    options, command = sys.argv[1:sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1:]
    build, least = options[0], int(options[1])
    client = options[options.index("--client") + 1] if "--client" in options else None
    if not shutil.which("gdb") or not shutil.which(command[0]):
        print(f"skipped: no gdb, or no {command[0]}")
        return 77
    with tempfile.TemporaryDirectory() as folder:
        stops = run(build, command, client, folder)
        events = events_of(build, folder)
    pairs = list(pair_up(stops, events))
    lost = [event for event, stop in pairs if not stop]
    wrong = [(event, stop) for event, stop in pairs if stop and not same(event, stop)]
    compared = len(pairs) - len(lost)
    frames = sum(len(event["stack"]) for event, stop in pairs if stop)
    print(f"{compared} stacks compared, {frames} frames, deepest "
          f"{max((len(event['stack']) for event, _ in pairs), default=0)}: {len(wrong)} differ; "
          f"{len(lost)} events without a stop of gdb's")
    for event, stop in wrong[:3]:
        print(spell(event, stop))
    for event in lost[:3]:
        print(spell(event, {"pcs": []}))
    return 1 if compared < least or lost or wrong else 0


if __name__ == "__main__":
    sys.exit(main())

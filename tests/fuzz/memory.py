#!/usr/bin/env python3
"""memory.py VMATRACE DENSE_TRACE DEEP_TRACE DEEP_SUBJECT: a reader's memory is in proportion to the file,
whatever it is full of: at most 64 MiB and four times the file, for each command and each kind of trace; and for
each command that names functions, of a trace whose every event has a stack of its own: of 128 return addresses in
nine inlined calls each, which is gigabytes of frames in half a megabyte, and of one, which is as many call sites as
there are events."""
import os
import resource
import subprocess
import sys
import tempfile

MEBIBYTE = 1 << 20
KINDS = ("strings objects modules stacks rows lines snapshots large_snapshots same_snapshot "
         "unfinished").split()
COMMANDS = (["info"], ["events", "--format", "jsonl"], ["timeline", "-n", "0"], ["maps", "--who"],
            ["mm"], ["verify"])

POLICY = """version: 1
incomplete: ignore
rules:
  max-vmas: {level: error, limit: 5}
  leaked-mapping: {level: warning}
  forbidden-call: {level: error, call: mmap, module: "*", function: "*"}
"""
NAMING = ("events -n 0", "events --format jsonl", "timeline -n 0", "sites --format json",
          "leaks --format json", "history 0x7f0000000000-0x7f0000100000", "maps --format json",
          "check --policy {policy}", "check --policy {policy} --format sarif")

# What a command keeps of each site is told from what it always needs where there are many.
# So are VMAs, in a larger file.
SITES_MEBIBYTES, SPLITS_MEBIBYTES = "40", "64"
OF_SITES = {
    "maps": NAMING[:5] + NAMING[6:] + (
        "sites -n 0", "leaks -n 0", "timeline --format json", "maps --who", "mm --format json",
        "budget --format json", "diff --format json @{half}..end", "timeline",
        "check --policy {policy} --format junit"),
    "protects": ("protections -n 0", "protections --format json", "sites --format json",
                 "budget --format json", "timeline -n 0"),
    "fails": ("budget -n 0", "budget --format json", "sites --format json"),
    # As many VMAs as can be, all gone at the end.
    "splits": ("timeline", "maps --at peak", "maps --who --at peak", "mm --at peak",
               "diff @{most}..@{most}"),
}


def peak_bytes(command):
    """The most memory the command had, and how it ended."""
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    return usage.ru_maxrss * 1024, status


def run(kind, vmatrace, commands, trace, fine=(0, 1)):
    """Holds each command against the bound; how many were bad, and the most memory."""
    bound = 64 * MEBIBYTE + 4 * os.path.getsize(trace)
    worst = bad = 0
    for command in commands:
        peak, status = peak_bytes([vmatrace, *command, trace])
        worst = max(worst, peak)
        if os.WIFSIGNALED(status) or os.WEXITSTATUS(status) not in fine:
            print(f"{kind}: {' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
            bad += 1
        if peak > bound:
            print(f"{kind}: {' '.join(command)} took {peak / MEBIBYTE:.0f} MiB, of {bound / MEBIBYTE:.0f}")
            bad += 1
    return bad, worst


def main():
    vmatrace, dense_trace, deep_trace, subject = (os.path.abspath(path) for path in sys.argv[1:5])
    mebibytes = "256" if os.environ.get("VMATRACE_FULL") else "16"
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            trace = os.path.join(folder, kind + ".vmat")
            subprocess.run([dense_trace, kind, trace, mebibytes], check=True)
            # 3: full of one thing, most have no snapshot to replay from.
            of_kind, worst = run(kind, vmatrace, COMMANDS, trace, (0, 1, 3))
            bad += of_kind
            print(f"{kind:16} {worst / os.path.getsize(trace):5.2f} times the file at most")
            os.unlink(trace)
        # What is wrong must not take the machine with it.
        resource.setrlimit(resource.RLIMIT_AS, (1 << 30, resource.RLIM_INFINITY))
        os.environ["XDG_CACHE_HOME"] = folder
        trace, policy = os.path.join(folder, "deep.vmat"), os.path.join(folder, "policy.yaml")
        with open(policy, "w", encoding="utf-8") as file:
            file.write(POLICY)
        subprocess.run([deep_trace, subject, "128", trace, "1"], check=True)
        naming = [line.format(policy=policy).split() for line in NAMING]
        of_kind, worst = run("deep stacks", vmatrace, naming, trace)
        bad += of_kind
        print(f"deep stacks      {worst / MEBIBYTE:.0f} MiB at most")
        for kind, lines in OF_SITES.items():
            # Of one frame each: the analyzer has more code than the subject, and so more sites.
            mebibytes = SPLITS_MEBIBYTES if kind == "splits" else SITES_MEBIBYTES
            subprocess.run([deep_trace, vmatrace, "1", trace, mebibytes, kind], check=True)
            # An event takes 128 to 160 bytes: somewhere behind the middle.
            half = os.path.getsize(trace) // 210
            # Of 128, and of `splits` where the most is mapped: shortly before the end.
            most = os.path.getsize(trace) // 128 - 200
            of_kind, worst = run(f"sites, {kind}", vmatrace,
                                 [line.format(policy=policy, half=half, most=most).split()
                                  for line in lines], trace)
            bad += of_kind
            print(f"sites, {kind:9} {worst / os.path.getsize(trace):5.2f} times the file at most")
    runs = len(KINDS) * len(COMMANDS) + len(NAMING) + sum(map(len, OF_SITES.values()))
    print(f"{runs} runs, {bad} bad")
    return bad != 0


sys.exit(main())

#!/usr/bin/env python3
"""memory.py VMATRACE DENSE_TRACE: a reader's memory is in proportion to the file, whatever it is full of:
at most 64 MiB and four times the file, for each command and each kind of trace."""
import os
import subprocess
import sys
import tempfile

MEBIBYTE = 1 << 20
KINDS = ("strings objects modules stacks rows lines snapshots large_snapshots same_snapshot "
         "unfinished").split()
COMMANDS = (["info"], ["events", "--format", "jsonl"], ["timeline", "-n", "0"], ["maps", "--who"],
            ["mm"], ["verify"])


def peak_bytes(command):
    """The most memory the command had, and how it ended."""
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=[
        (os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)])
    _, status, usage = os.wait4(pid, 0)
    return usage.ru_maxrss * 1024, status


def main():
    vmatrace, dense_trace = (os.path.abspath(path) for path in sys.argv[1:3])
    mebibytes = "256" if os.environ.get("VMATRACE_FULL") else "16"
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            trace = os.path.join(folder, kind + ".vmat")
            subprocess.run([dense_trace, kind, trace, mebibytes], check=True)
            size = os.path.getsize(trace)
            worst = 0
            for command in COMMANDS:
                peak, status = peak_bytes([vmatrace, *command, trace])
                worst = max(worst, peak)
                if os.WIFSIGNALED(status):
                    print(f"{kind}: {command[0]} was ended by signal {os.WTERMSIG(status)}")
                    bad += 1
                if peak > 64 * MEBIBYTE + 4 * size:
                    print(f"{kind}: {command[0]} took {peak / size:.1f} times the file")
                    bad += 1
            print(f"{kind:16} {worst / size:5.2f} times the file at most")
            os.unlink(trace)
    print(f"{len(KINDS) * len(COMMANDS)} runs, {bad} bad")
    return bad != 0


sys.exit(main())

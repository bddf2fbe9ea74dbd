#!/usr/bin/env python3
"""short_memory: with however little memory, a command says what it says with enough of it; or that names were left out, and
how many; or that it cannot, with status 3 and one line. Nothing of it ends by a signal or by a library's own exit."""
import resource
import subprocess
import sys

from common import BUILD, VMATRACE, Run, check, finish

MEBIBYTE = 1 << 20
MOST = 72 * MEBIBYTE
STEP = 128 << 10
NEAR = 8 # steps from the least one
COMMANDS = (("timeline", "-n", "0"), ("events",), ("sites", "-n", "0"))
LINE = "memory was too short"


class OfOurs(Run):
    """The analyzer itself: a program of some size, with debug information."""

    def command(self, name, build):
        return [VMATRACE, "--help"]


def limited(limit, command, trace):
    return subprocess.run([VMATRACE, command[0], "--no-cache", *command[1:], trace], capture_output=True, check=False,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))


def has_begun(done):
    """It was not the loader, or the kernel, that had too little."""
    return done.stdout or (done.returncode not in (127, -11, 1) and "loading shared libraries" not in done.stderr.decode())


def least(command, trace):
    """The least limit, to STEP, that lets it begin: a little above it there is too little for the trace."""
    low, high = 0, MOST
    while high - low > STEP:
        middle = (low + high) // 2
        if has_begun(limited(middle, command, trace)):
            high = middle
        else:
            low = middle
    return high


def main():
    counts = {"whole": 0, "less": 0, "none": 0}
    with OfOurs("vmatrace") as run:
        for command in COMMANDS:
            whole = limited(1 << 34, command, run.trace)
            if whole.returncode < 0 or not whole.stdout:
                print(f"skipped: '{BUILD}' cannot run with a limit")
                sys.exit(77)
            first = least(command, run.trace)
            near = range(first, first + NEAR * STEP, STEP)
            for limit in [*near, *range(first + MEBIBYTE, MOST, 3 * MEBIBYTE)]:
                done = limited(limit, command, run.trace)
                what = f"{' '.join(command)} with {limit >> 10} KiB"
                said = done.stderr.decode().splitlines()
                if not has_begun(done):
                    continue # a little more is needed than at other times
                check(f"{what}: status", done.returncode in (0, 3), (done.returncode, said[:3]))
                if done.returncode == 3:
                    counts["none"] += 1
                    check(f"{what}: says why", said and "memory" in said[0] and all(line.startswith("vmatrace: ") for line in said),
                          said[:3])
                elif done.returncode == 0 and done.stdout == whole.stdout:
                    counts["whole"] += 1
                elif done.returncode == 0:
                    counts["less"] += 1
                    check(f"{what}: says what is missing", any(LINE in line for line in said), said[:3])
    print(counts)
    check("all of it was met", all(counts.values()), counts)
    finish()


main()

#!/usr/bin/env python3
"""short_memory: with however little memory, a command says what it says with enough of it; or that names were left out, and
how many; or that it cannot, with status 3 and one line. Nothing of it ends by a signal or by a library's own exit."""
import resource
import subprocess
import sys

from common import BUILD, VMATRACE, Run, check, finish

MEBIBYTE = 1 << 20
COMMANDS = (("timeline", "-n", "0"), ("events",), ("sites", "-n", "0"))
LINE = "memory was too short"


class OfOurs(Run):
    """The analyzer itself: a program of some size, with debug information."""

    def command(self, name, build):
        return [VMATRACE, "--help"]


def limited(mebibytes, command, trace):
    limit = mebibytes * MEBIBYTE
    return subprocess.run([VMATRACE, command[0], "--no-cache", *command[1:], trace], capture_output=True, check=False,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))


def main():
    counts = {"whole": 0, "less": 0, "none": 0}
    with OfOurs("vmatrace") as run:
        for command in COMMANDS:
            whole = limited(1 << 14, command, run.trace)
            if whole.returncode < 0 or not whole.stdout:
                print(f"skipped: '{BUILD}' cannot run with a limit")
                sys.exit(77)
            for mebibytes in range(6, 72, 3):
                done = limited(mebibytes, command, run.trace)
                what = f"{' '.join(command)} with {mebibytes} MiB"
                said = done.stderr.decode().splitlines()
                if done.returncode in (127, -11, 1) and not done.stdout and "loading shared libraries" in done.stderr.decode():
                    continue # it did not even start
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

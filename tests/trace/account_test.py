#!/usr/bin/env python3
"""What two runs of a sample have in common does not hang on the numbers that their processes were given.

    account_test.py BUILD

A process may be number 4096, or 16384: the length of a mapping. The output of a real run, in which its processes are
given such numbers, is as before; with anything else changed it is not.
"""
import os
import re
import subprocess
import sys

from account import read_account, without_addresses

# A program of two processes; one that names an object after its process.
SAMPLES = ("isolation", "shared_memory")
NUMBERS = ((4096, 16384), (16384, 1), (0, 8192))
OTHERWISE = (("length=4096", "length=8192"), (", 2 deep", ", 3 deep"), (" in child", " in main"),
             (r" at (\w+)\.c:\d+", r" at \1.c:4096"), (r" by (\d+)/\d+$", r" by \1/77"))


def renumbered(text, pids, numbers):
    """The run as it would be if its processes had these numbers."""
    for pid, number in zip(pids, numbers):
        text = re.sub(rf"(?m)( by |/|maps: begin |vmatrace-sample-){pid}\b", rf"\g<1>pid {number}", text)
    return text.replace("pid ", "")


def main():
    failures = []
    for sample in SAMPLES:
        done = subprocess.run([os.path.join(sys.argv[1], "samples", sample)], capture_output=True, text=True, check=True)
        account = read_account(done.stdout)
        pids, common = account.pids(), without_addresses(account)
        for numbers in NUMBERS:
            again = read_account(renumbered(done.stdout, pids, numbers))
            if len(pids) != 2 or again.pids() != sorted(numbers):
                failures.append(f"{sample}: {again.pids()}, not renumbered to {numbers}")
            if without_addresses(again) != common:
                failures.append(f"{sample}: other output of processes {numbers}: {without_addresses(again)}")
        for seen, other in OTHERWISE:
            changed = re.sub(seen, other, done.stdout, count=1, flags=re.MULTILINE)
            if changed == done.stdout or without_addresses(read_account(changed)) == common:
                failures.append(f"{sample}: {other} for {seen} was not noticed")
    print("\n".join(failures) or "all held")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

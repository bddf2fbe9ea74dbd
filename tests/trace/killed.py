#!/usr/bin/env python3
"""A process that ends in the middle of its calls leaves a trace that nothing is wrong with.

    killed.py VMATRACE PROGRAM

PROGRAM maps and unmaps in several threads until it is killed or exits. What they were in when the
end came may have happened or not; verify must hold neither against the calls that are known.
"""
import json
import os
import subprocess
import sys
import tempfile

RUNS = 12  # every other one is killed


def main():
    vmatrace, program = sys.argv[1:]
    failed = 0
    for number in range(RUNS):
        with tempfile.TemporaryDirectory() as folder:
            trace = os.path.join(folder, "killed.vmat")
            subprocess.run([vmatrace, "record", "-q", "-o", trace, "--ring", "1000000", "--",
                            program, str(20 + 9 * number), *["exit"] * (number % 2)],
                           timeout=60, check=False)
            done = subprocess.run([vmatrace, "verify", "--format", "json", trace], text=True,
                                  stdout=subprocess.PIPE, timeout=60, check=False)
            info = json.loads(subprocess.run(
                [vmatrace, "info", "--format", "json", trace], text=True, timeout=60,
                stdout=subprocess.PIPE, check=True).stdout)
        ended = "exited" if number % 2 else "killed"
        if done.returncode != 0 or info["ended"] != ended or not info["events"]["stored"]:
            failed += 1
            print(f"FAILED: run {number}: status {done.returncode}, {info['ended']}: {done.stdout}")
    print(f"{RUNS} runs, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""`cmake --install`, then the literal LD_PRELOAD=libvmatrace.so and the installed vmatrace.

    install.py BUILD
"""
import glob
import os
import subprocess
import sys

from harness import Bench, Check


def main():
    bench, check = Bench(sys.argv[1]), Check()
    prefix = os.path.join(bench.folder, "prefix")
    try:
        done = subprocess.run(["cmake", "--install", bench.build, "--prefix", prefix],
                              capture_output=True, check=False)
        check.that(done.returncode == 0, f"cmake --install: {done.stderr[-300:]!r}")
        libraries = glob.glob(os.path.join(prefix, "lib*", "**", "libvmatrace.so"), recursive=True)
        check.equal("one library", len(libraries), 1)
        vmatrace = os.path.join(prefix, "bin", "vmatrace")
        check.that(os.path.exists(os.path.join(prefix, "include", "vmatrace", "mark.h")), "no mark.h")
        # What ldconfig does for the system's folders, for this one.
        environment = dict(bench.environment(False), LD_PRELOAD="libvmatrace.so",
                           LD_LIBRARY_PATH=os.path.dirname(libraries[0]))
        done = subprocess.run(["/bin/sh", "-c", "echo $0 alive"], env=environment, cwd=bench.folder,
                              capture_output=True, check=False)
        check.equal("output", (done.stdout, done.stderr), (b"/bin/sh alive\n", b""))
        traces = glob.glob(os.path.join(bench.folder, "vmatrace.sh.*.vmat"))
        check.equal("traces", len(traces), 1)
        done = subprocess.run([vmatrace, "record", "-q", "-o", os.path.join(bench.folder, "t"), "--",
                               "/bin/true"], capture_output=True, check=False)
        check.equal("record", (done.returncode, done.stdout, done.stderr), (0, b"", b""))
        for command in ("info", "timeline", "maps"):
            done = subprocess.run([vmatrace, command, *traces], capture_output=True, check=False)
            check.that(done.returncode == 0 and done.stdout, f"{command}: {done.stderr[:300]!r}")
    finally:
        bench.close()
    check.finish()


if __name__ == "__main__":
    main()

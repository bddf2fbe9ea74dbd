#!/usr/bin/env python3
"""lost_symbols: every command that names functions says of which processes it could not, their program being another one by now."""
import os
import shutil
import subprocess

from common import BUILD, VMATRACE, Run, check, equal, finish

OF_ALL = (("sites",), ("leaks",), ("shared",), ("events",), ("timeline", "-n", "0"), ("diff", "start..end"),
          ("diff", "peak..peak-vmas"), ("diff", "start..end", "-n", "0"))
OF_ONE = (("budget",), ("protections",), ("maps", "--who"), ("history", "0-7fffffffffff"))


class Replaced(Run):
    """A program that another one has taken the place of since."""

    def command(self, name, build):
        self.program = shutil.copy(os.path.join(BUILD, "answers_" + name), os.path.join(self.folder, "program"))
        return [self.program]

    def replace(self, name):
        os.unlink(self.program)
        shutil.copy(os.path.join(BUILD, "answers_" + name), self.program)


def said(command, *operands):
    """The traces named in what is said of modules that changed, and the status."""
    done = subprocess.run([VMATRACE, command[0], "--no-cache", *command[1:], *operands], capture_output=True, text=True, check=False)
    start = "vmatrace: modules changed since '"
    return done.returncode, sorted(os.path.basename(line[len(start):].split("'")[0])
                                   for line in done.stderr.splitlines() if line.startswith(start))


def main():
    with Replaced("shared_between") as run:
        traces = sorted(os.listdir(run.trace))
        check("several processes", len(traces) > 1, traces)
        for command in OF_ALL + tuple((*command, "--pid", traces[0].split(".")[-2]) for command in OF_ONE):
            equal(f"{' '.join(command)}: as it was", said(command, run.trace), (0, []))
        run.replace("leak_loop")
        for command in OF_ALL:
            # One that no name was asked of has lost none.
            apart = [name for name in traces if said(command, os.path.join(run.trace, name))[1]]
            equal(f"{' '.join(command)}: each process, once", said(command, run.trace), (0, apart))
            check(f"{' '.join(command)}: not the last alone", len(apart) > 1, apart)
        equal("diff of two runs: once", said(("diff",), run.trace, run.trace), (0, traces))
        for command in OF_ONE:
            equal(' '.join(command), said(command, os.path.join(run.trace, traces[0])), (0, traces[:1]))
        for command in OF_ALL + OF_ONE:
            trace = os.path.join(run.trace, traces[0]) if command in OF_ONE else run.trace
            equal(f"{' '.join(command)}: not with -q", said((*command, "-q"), trace), (0, []))
        equal("maps: names no function", said(("maps",), os.path.join(run.trace, traces[0])), (0, []))
    finish()


main()

#!/usr/bin/env python3
"""`record --check`: one command for a CI step. The program's own failure wins; findings, and a run that proves
nothing, have a status that no program has by accident.

    recorded.py BUILD
"""
import os
import subprocess

from judging import DEEDS, VMATRACE, WORK, check, equal, finish, policy_of, write

STRICT = policy_of("wx-mapping")


def recorded(*words):
    """Status, stdout, stderr of a run in a folder of its own."""
    done = subprocess.run((VMATRACE, "record", *words), capture_output=True, text=True, check=False, cwd=WORK)
    return done.returncode, done.stdout, done.stderr


def main():
    status, out, err = recorded("--check", STRICT, "--", DEEDS, "break", "wx-mapping")
    equal("findings: status, the program's stdout", (status, out), (99, ""))
    check("the verdict is on stderr", "\nFAIL: 1 error, 0 warnings" in err and "break_wx_mapping (deeds.c:" in err, err)
    equal("another status", recorded("--check", STRICT, "--error-exitcode", "7", "--", DEEDS, "break", "wx-mapping")[0], 7)
    status, out, err = recorded("--check", STRICT, "--", DEEDS, "keep", "wx-mapping")
    equal("none", (status, out), (0, ""))
    check("said too", "PASS: 0 errors" in err, err)
    script = f"{DEEDS} break wx-mapping; echo out; exit 3"
    status, out, err = recorded("--check", STRICT, "--", "sh", "-c", script)
    equal("the program's own failure wins", (status, out), (3, "out\n"))
    check("and the verdict is said", "FAIL: 1 error" in err, err)
    equal("a signal", recorded("--check", STRICT, "--", "sh", "-c", "kill -TERM $$")[0], 143)
    equal("nothing but calls", recorded("--coverage", "calls", "--check", STRICT, "--", DEEDS, "keep", "churn")[0], 99)
    tolerant = policy_of("leaked-shm", "incomplete: warn\n")
    equal("taken as it is", recorded("--coverage", "calls", "--check", tolerant, "--", DEEDS, "keep", "churn")[0], 0)
    # Only the traces of this run count, whatever lies in the folder.
    recorded("-q", "-o", "mixed/", "--", DEEDS, "break", "wx-mapping")
    equal("an older trace in the folder", recorded("-o", "mixed/", "--check", STRICT, "--", DEEDS, "keep", "churn")[0], 0)
    equal("a pattern", recorded("-o", "one.%p.vmat", "--check", STRICT, "--", DEEDS, "break", "wx-mapping")[0], 99)
    equal("a bad policy", recorded("--check", write("bad.yml", "version: 3\n"), "--", "touch", "ran")[:2], (2, ""))
    check("and nothing ran", not os.path.exists(os.path.join(WORK, "ran")))
    # Nothing is traced that way: no verdict, no pass.
    status, _, err = recorded("--check", STRICT, "--", "env", "-i", DEEDS, "break", "wx-mapping")
    check("without children's traces", status in (0, 99), err)
    status, _, err = recorded("--no-children", "-o", "no.%p.vmat", "--check", STRICT, "--", "sh", "-c",
                              "rm -f no.*.vmat; exit 0")
    equal("no trace: status", status, 99)
    check("no trace: said", "cannot judge: no trace was written" in err, err)
    finish()


main()

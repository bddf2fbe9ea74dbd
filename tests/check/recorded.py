#!/usr/bin/env python3
"""`record --check`: one command for a CI step. The program's own failure wins; findings, and a run that proves
nothing, have a status that no program has by accident.

    recorded.py BUILD
"""
import os
import subprocess

from judging import DEEDS, VMATRACE, WORK, check, equal, finish, policy_of, run, write

STRICT = policy_of("wx-mapping")


def recorded(*words):
    """Status, stdout, stderr of a run in a folder of its own."""
    done = subprocess.run((VMATRACE, "record", *words), capture_output=True, text=True, check=False, cwd=WORK)
    return done.returncode, done.stdout, done.stderr


def whose():
    """Whatever the number, the last line says whose it is; a script under `sh -e` ends where it should."""
    last = {
        "own": (f"{DEEDS} break wx-mapping; exit 99", (), 99, "status 99 is the command's own"),
        "own, nothing found": ("exit 98", (), 98, "status 98 is the command's own"),
        "usage error of its own": ("exit 2", (), 2, "status 2 is the command's own"),
        "a signal": (f"{DEEDS} break wx-mapping; kill -KILL $$", (), 137, "status 137: signal 9 ended the command"),
        "as if by a signal": ("exit 137", (), 137, "status 137 is the command's own"),
        "findings": (f"{DEEDS} break wx-mapping", (), 99, "status 99: the findings above; the command itself ended with 0"),
        "incomplete": ("env -i true", (), 98,
                       "status 98: the traces are too incomplete to say; the command itself ended with 0"),
        "not found": ("exec /no/such/file", (), 127, "status 127 is the command's own"),
    }
    for what, (script, options, expected, said) in last.items():
        status, _, err = recorded("--check", STRICT, *options, "--", "sh", "-c", script)
        equal(f"{what}: status, last line", (status, err.splitlines()[-1]), (expected, "vmatrace: " + said))
    status, _, err = recorded("--check", STRICT, "--", DEEDS, "keep", "wx-mapping")
    check("nothing is said of a status 0", "status" not in err, err)
    # Of the tool's own: nothing ran, and one line says why.
    for what, words, expected in (("an unknown option", ("--no-such-option",), 2), ("no command", ("--check", STRICT), 2),
                                  ("no such command", ("--check", STRICT, "--", "no-such-command"), 127),
                                  ("no such policy", ("--check", "none.yml", "--", "touch", "ran"), 2),
                                  ("no such baseline", ("--check", STRICT, "--baseline", "none", "--", "touch", "ran"), 2),
                                  ("no place to write", ("-o", "/proc/none/", "--check", STRICT, "--", "touch", "ran"), 125)):
        status, out, err = recorded(*words)
        equal(f"{what}: status, stdout, lines", (status, out, err.count("\n")), (expected, "", 1))
    check("nothing ran", not os.path.exists(os.path.join(WORK, "ran")))
    for line, expected in ((f"{DEEDS} keep wx-mapping", 0), (f"{DEEDS} break wx-mapping", 99), ("false", 1),
                           (f"env -i {DEEDS} keep wx-mapping", 98)):
        script = write("step.sh", f"echo before\n{VMATRACE} record --check {STRICT} -- {line}\necho after\n")
        status, out, _ = run("sh", "-e", script)
        equal(f"sh -e: {line}", (status, out), (expected, "before\n" + ("after\n" if expected == 0 else "")))


def against_a_baseline():
    """new-call-site, in one command; without a baseline it is not judged, and an error is no silent pass."""
    sites = policy_of("new-call-site")
    keep = ("--", DEEDS, "keep", "new-call-site")
    status, _, err = recorded("-o", "sites/", "--check", sites, *keep)
    equal("no baseline: status", status, 98)
    check("no baseline: said", "incomplete: new-call-site was not judged: no baseline was given (--baseline FILE)" in err, err)
    equal("the baseline", run(VMATRACE, "check", "--write-baseline", "sites.txt", "sites")[0], 0)
    for deed, expected in (("keep", 0), ("break", 99)):
        equal(f"{deed}, against it", recorded("--check", sites, "--baseline", "sites.txt", "--", DEEDS, deed,
                                              "new-call-site")[0], expected)


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
    equal("nothing but calls", recorded("--coverage", "calls", "--check", STRICT, "--", DEEDS, "keep", "churn")[0], 98)
    equal("nothing but calls, another status", recorded("--coverage", "calls", "--incomplete-exitcode", "9", "--check",
                                                        STRICT, "--", DEEDS, "keep", "churn")[0], 9)
    tolerant = policy_of("leaked-shm", "incomplete: warn\n")
    equal("taken as it is", recorded("--coverage", "calls", "--check", tolerant, "--", DEEDS, "keep", "churn")[0], 0)
    # Only the traces of this run count, whatever lies in the folder.
    recorded("-q", "-o", "mixed/", "--", DEEDS, "break", "wx-mapping")
    equal("an older trace in the folder", recorded("-o", "mixed/", "--check", STRICT, "--", DEEDS, "keep", "churn")[0], 0)
    equal("a pattern", recorded("-o", "one.%p.vmat", "--check", STRICT, "--", DEEDS, "break", "wx-mapping")[0], 99)
    equal("a bad policy", recorded("--check", write("bad.yml", "version: 3\n"), "--", "touch", "ran")[:2], (2, ""))
    check("and nothing ran", not os.path.exists(os.path.join(WORK, "ran")))
    # What breaks the rule is not seen that way: no pass.
    status, _, err = recorded("--check", STRICT, "--", "env", "-i", DEEDS, "break", "wx-mapping")
    equal("a program that was not traced", status, 98)
    check("a program that was not traced: said", "\nINCOMPLETE: 0 errors" in err and
          "1 program that has no trace was begun" in err, err)
    status, _, err = recorded("--no-children", "--check", STRICT, "--", "sh", "-c", f"{DEEDS} break wx-mapping; true")
    equal("without children's traces", status, 98)
    check("without children's traces: said", "1 child process was not traced" in err, err)
    status, _, err = recorded("--no-children", "-o", "no.%p.vmat", "--check", STRICT, "--", "sh", "-c",
                              "rm -f no.*.vmat; exit 0")
    equal("no trace: status", status, 98)
    check("no trace: said", "cannot judge: no trace was written" in err, err)
    whose()
    against_a_baseline()
    finish()


main()

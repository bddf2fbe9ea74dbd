#!/usr/bin/env python3
"""A program that no recorder was in, a child that was not followed, a process that still runs: each makes the
verdict incomplete, by number and name, in every format; what is all there does not.

    whole.py BUILD COMPILER
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import xml.etree.ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "trace"))
import altered

from judging import BUILD, DEEDS, VMATRACE, WORK, check, equal, finish, judge, policy_of, record, run, write

COMPILER = sys.argv[2]
BEGINS = os.path.join(BUILD, "begins")


def missing(what, trace, *expected, policy="wx-mapping"):
    """The verdict over it is incomplete for these reasons alone, by the policy: 3, or said and 0."""
    status, verdict = judge(trace, "--policy", policy_of(policy))
    equal(f"{what}: verdict", (status, verdict["verdict"]), (3, "incomplete") if expected else (0, "pass"))
    equal(f"{what}: how much", len(verdict["incomplete"]), len(expected))
    for said, pattern in zip(verdict["incomplete"], expected):
        check(f"{what}: what", re.search(pattern, said), (said, pattern))
    if expected:
        for action in ("warn", "ignore"):
            status, verdict = judge(trace, "--policy", policy_of(policy, f"incomplete: {action}\n"))
            equal(f"{what}: {action}", (status, verdict["verdict"], len(verdict["incomplete"])), (0, "pass", len(expected)))


def formats(trace, number, name):
    """Each format says how many of what."""
    pattern = rf"\b{number} programs? .*{name}"
    status, out, _ = run(VMATRACE, "check", "--policy", policy_of("wx-mapping"), trace)
    check("text", status == 3 and out.startswith("INCOMPLETE: ") and re.search("  incomplete: .*" + pattern, out), out)
    status, out, _ = run(VMATRACE, "check", "--policy", policy_of("wx-mapping"), "--format", "github", trace)
    check("github", status == 3 and re.search("^::error title=incomplete trace::.*" + pattern, out, re.M), out)
    status, out, _ = run(VMATRACE, "check", "--policy", policy_of("wx-mapping"), "--format", "sarif", trace)
    invocation = json.loads(out)["runs"][0]["invocations"][0]
    check("sarif", status == 3 and not invocation["executionSuccessful"] and any(
        note["level"] == "error" and re.search(pattern, note["message"]["text"])
        for note in invocation["toolExecutionNotifications"]), out)
    status, out, _ = run(VMATRACE, "check", "--policy", policy_of("wx-mapping"), "--format", "junit", trace)
    case = xml.etree.ElementTree.fromstring(out).find(".//testcase[@name='complete']/error")
    check("junit", status == 3 and case is not None and re.search(pattern, case.text), out)


def not_judged():
    """new-call-site without a baseline: a note in every format where it warns, incomplete where it fails."""
    mild = write("mild.yml", "version: 1\nrules:\n  new-call-site: {level: warning}\n")
    said = "new-call-site: no baseline was given \\(--baseline FILE\\)"
    record("plain", DEEDS, "keep", "failed-call")
    patterns = {"text": "^  not judged: " + said, "github": "^::notice title=not judged::" + said,
                "sarif": '"level":"note",\\s*"message":.*"not judged: ' + said,
                "junit": 'name="new-call-site"[^>]*>\\s*<skipped message="not judged: no baseline was given'}
    for form, pattern in patterns.items():
        status, out, _ = run(VMATRACE, "check", "--policy", mild, "--format", form, "plain")
        check(form, status == 0 and re.search(pattern, out, re.M), (status, out))
    status, verdict = judge("plain", "--policy", mild)
    equal("json", (status, verdict["verdict"], verdict["not_judged"]),
          (0, "pass", [{"rule": "new-call-site", "why": "no baseline was given (--baseline FILE)"}]))
    missing("an error", "plain", "^new-call-site was not judged: no baseline was given", policy="new-call-site")
    equal("a baseline is being written", run(VMATRACE, "check", "-q", "--policy", policy_of("new-call-site"),
                                             "--write-baseline", "base", "plain")[0], 0)
    status, verdict = judge("plain", "--policy", policy_of("new-call-site"), "--baseline", "base")
    equal("with it", (status, verdict["not_judged"]), (0, []))


def untraced():
    static = os.path.join(WORK, "standing")
    source = write("standing.c", "int main(void) { return 0; }\n")
    if subprocess.run((COMPILER, "-static", "-o", static, source), check=False, stderr=subprocess.DEVNULL).returncode:
        print("skipped: no static libc")
        return
    for how in ("exec", "fork", "vfork", "spawn", "missing"):
        equal(f"{how}: it ran", record(how, BEGINS, how, static), 0)
        missing(how, how, r"^1 program that has no trace was begun .*standing")
        equal(f"{how}: a traced one", record(how + ".fine", BEGINS, how, DEEDS, "keep", "failed-call"), 0)
        missing(how + " of a traced one", how + ".fine")
    record("clear", BEGINS, "clear", DEEDS, "keep", "failed-call")
    missing("an empty environment", "clear", r"^1 program that has no trace was begun .*deeds")
    record("shell", "sh", "-c", f"{static}; {static} & wait; env -i {DEEDS} keep churn; {DEEDS} keep churn")
    missing("a shell", "shell", r"^3 programs that have no trace were begun .*(standing|deeds)")
    formats("shell", 3, "standing")
    if os.geteuid() == 0:
        other = shutil.copy(DEEDS, os.path.join(WORK, "other"))
        os.chmod(WORK, 0o755)
        os.chown(other, 65534, 65534)
        os.chmod(other, 0o4755)
        record("setuid", "sh", "-c", f"{other} keep failed-call; true")
        missing("set-user-id", "setuid", r"^1 program that has no trace was begun .*other")
    # One trace by itself: what was begun has its own beside it, or has none.
    for how, expected in (("vfork", (r"^1 program that has no trace",)), ("vfork.fine", ())):
        own = [name for name in os.listdir(os.path.join(WORK, how)) if name.startswith("begins")]
        missing(f"{how} by itself", os.path.join(how, own[0]), *expected)


def nothing_to_replay_from():
    """A trace without a snapshot cannot be judged; which programs it began its events tell all the same."""
    record("baseless", BEGINS, "clear", DEEDS, "keep", "failed-call")
    folder = os.path.join(WORK, "baseless")
    for name in os.listdir(folder):
        path = os.path.join(folder, name)
        trace = altered.Trace(path)
        for at in list(trace.snapshots()):
            trace.bytes[at:at + altered.RECORD.size] = bytes(altered.RECORD.size)
        with open(path, "wb") as file:
            file.write(trace.bytes)
    status, _, said = run(VMATRACE, "check", "-q", "--policy", policy_of("wx-mapping"), "baseless")
    check("no snapshot: not judged", status == 3 and "no snapshot survives in it" in said, (status, said))
    _, verdict = judge("baseless", "--policy", policy_of("wx-mapping"))
    check("no snapshot: what it began", any(re.search("^1 program that has no trace was begun .*deeds", text)
                                            for text in verdict.get("incomplete", ())), verdict)


def callers():
    """Who called is not known of every call: forbidden-call passes no call that may be a forbidden one."""
    stripped = os.path.join(WORK, "nameless")
    if not shutil.which("strip"):
        print("skipped: no strip")
        return
    subprocess.run(("strip", "-o", stripped, DEEDS), check=True)
    deed = ("break", "forbidden-call")
    record("stripped", stripped, *deed)
    for options, trace in (((), "known"), (("--stack", "none"), "none"), (("--depth", "1"), "shallow")):
        shutil.rmtree(os.path.join(WORK, trace), ignore_errors=True)
        subprocess.run((VMATRACE, "record", "-q", *options, "-o", os.path.join(WORK, trace) + "/", "--", DEEDS, *deed),
                       check=True)
    said = r"forbidden-call was not judged.*\b1 call of mprotect"
    for trace, call, globs, expected in (
            ("known", "mprotect", 'function: "break_*"', 1), ("known", "mprotect", 'function: "none_*"', 0),
            ("stripped", "mprotect", 'function: "break_*"', 3), ("stripped", "mprotect", 'module: "other*", function: "x"', 0),
            ("stripped", "mprotect", 'module: "nameless"', 1), ("stripped", "mremap", 'function: "break_*"', 0),
            ("none", "mprotect", 'function: "break_*"', 1), ("none", "mprotect", 'function: "main"', 3),
            ("none", "mprotect", 'module: "*"', 1), ("shallow", "mprotect", "function: main", 3)):
        policy = write("callers.yml", f"version: 1\nrules:\n  forbidden-call: {{level: error, call: {call}, {globs}}}\n")
        status, verdict = judge(trace, "--policy", policy)
        equal(f"{trace}, {call}, {globs}", status, expected)
        equal(f"{trace}, {call}, {globs}: said", [bool(re.search(said, text)) for text in verdict["incomplete"]],
              [True] if expected == 3 else [])


def unseen():
    """Past libc, and ended without a last look at the kernel's list: where it would be an error, that is no pass."""
    record("cut", BEGINS, "raw")
    missing("no last snapshot", "cut", "^unexplained was not judged: 1 process was killed or left by _exit", policy="unexplained")
    record("cut", BEGINS, "raw", "exit")
    status, verdict = judge("cut", "--policy", policy_of("unexplained"))
    equal("a last snapshot", (status, [finding["rule"] for finding in verdict["findings"]], verdict["not_judged"]),
          (1, ["unexplained"], []))


def not_followed():
    for how, number in (("fork", 1), ("vfork", 1), ("spawn", 1)):
        folder = os.path.join(WORK, "alone")
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run((VMATRACE, "record", "-q", "--no-children", "-o", folder + "/", "--", BEGINS, how, DEEDS, "keep",
                        "failed-call"), check=True)
        missing(f"--no-children, {how}", "alone", rf"^{number} child process(es)? .* not traced.*--no-children")
    shutil.rmtree(folder)
    subprocess.run((VMATRACE, "record", "-q", "--no-children", "-o", folder + "/", "--", DEEDS, "keep", "failed-call"),
                   check=True)
    missing("--no-children, and there were none", "alone")


def running():
    folder = os.path.join(WORK, "behind")
    with subprocess.Popen((VMATRACE, "record", "-q", "-o", folder + "/", "--", BEGINS, "wait"), stdout=subprocess.PIPE,
                          text=True) as recorder:
        child = int(recorder.stdout.readline())
        recorder.wait()
        try:
            missing("a child that runs", "behind", rf"^1 process .*still running.* {child} \(begins\)")
            status, verdict = judge("behind", "--policy", policy_of("leaked-mapping"))
            equal("nothing is leaked yet", (status, verdict["findings"]), (3, []))
            check("and that is said", any(note["rule"] == "leaked-mapping" and re.search(r"\b1 process", note["why"])
                                          for note in verdict["not_judged"]), verdict)
        finally:
            os.kill(child, signal.SIGKILL)
    # It is over once nobody maps its trace any more.
    for _ in range(1000):
        if judge("behind", "--policy", policy_of("wx-mapping"))[0] == 0:
            break
    missing("it has ended", "behind")
    status, verdict = judge("behind", "--policy", policy_of("leaked-mapping"))
    equal("now it is leaked", (status, [finding["rule"] for finding in verdict["findings"]], verdict["not_judged"]),
          (1, ["leaked-mapping"], []))


not_judged()
untraced()
nothing_to_replay_from()
callers()
unseen()
not_followed()
running()
finish()

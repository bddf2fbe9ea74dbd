"""What the tests of `check` share: record a deed, judge it, count expectations."""
import glob
import json
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import expect
from expect import check, equal

BUILD = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else "."
SOURCES = os.path.dirname(os.path.abspath(__file__))
VMATRACE = os.path.join(BUILD, "vmatrace")
DEEDS = os.path.join(BUILD, "deeds")
FULL = os.environ.get("VMATRACE_FULL") == "1"
WORK = tempfile.mkdtemp()

# What each rule is told; the level is error.
SETTINGS = {
    "wx-mapping": "",
    "write-then-exec": "",
    "max-vmas": ", limit: 200",
    "max-mapped": ", limit: 2GiB",
    "leaked-mapping": ", at_least: 1MiB",
    "leaked-shm": "",
    "shm-mode": ', max_mode: "0600"',
    "fixed-clobber": "",
    "forbidden-call": ', call: mprotect, module: "deeds", function: "break_*"',
    "failed-call": "",
    "churn": ", calls_per_second: 200",
    "unexplained": "",
    "new-call-site": "",
}


def finish():
    shutil.rmtree(WORK)
    if "leaked-shm" in sys.argv:  # what the deed leaves behind is its point
        for left in glob.glob("/dev/shm/vmatrace-deeds-*"):
            os.unlink(left)
    expect.finish()


def run(*command, **options):
    """Status, stdout, stderr."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **{"cwd": WORK, **options})
    return done.returncode, done.stdout, done.stderr


def write(name, text):
    path = os.path.join(WORK, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def policy_of(rule, more=""):
    """A policy of that rule alone."""
    return write(f"{rule}.yml", f"version: 1\nrules:\n  {rule}: {{level: error{SETTINGS[rule]}}}\n{more}")


def record(trace, *command):
    """A fresh trace folder of that name; the command's status."""
    folder = os.path.join(WORK, trace)
    shutil.rmtree(folder, ignore_errors=True)
    return subprocess.run((VMATRACE, "record", "-q", "-o", folder + "/", "--") + command, check=False,
                          stdout=subprocess.DEVNULL).returncode


def judge(trace, *options):
    """Status and the JSON of a verdict."""
    status, out, err = run(VMATRACE, "check", "-q", "--format", "json", *options, trace)
    try:
        return status, json.loads(out)
    except ValueError:
        return status, {"error": err, "findings": [], "verdict": None}


def marked(name, source="deeds.c"):
    """The line that a source marks."""
    with open(os.path.join(SOURCES, source), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            if f"/* found: {name} */" in line:
                return number
    raise SystemExit(f"{source}: no mark of {name}")

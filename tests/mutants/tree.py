"""A copy of the sources to break, its build, and its tests one by one."""
import ctypes
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

from edits import edited

PR_SET_CHILD_SUBREAPER = 36
LEAST_TIMEOUT = 60  # seconds


class NoBuild(Exception):
    """What the compiler said."""


def children_of(pid):
    found = []
    for task in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in task.read_text(encoding="ascii").split()]
        except OSError:
            pass  # it is gone
    return found


def end_all_below():
    """Whatever a broken test has left running is a child of ours by now, or will be once its parent is gone."""
    while below := children_of(os.getpid()):
        for pid in below:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            os.waitpid(pid, 0)


def listed(sources):
    """The files of a tree: what git has or would take, or, in a tree without it, what is there."""
    sources = pathlib.Path(sources)
    done = subprocess.run(["git", "-C", sources, "ls-files", "-co", "--exclude-standard"], capture_output=True,
                          text=True, check=False)
    if done.returncode == 0:
        return [name for name in done.stdout.splitlines() if (sources / name).is_file()]
    return [str(path.relative_to(sources)) for path in sources.rglob("*") if path.is_file() and
            not path.relative_to(sources).parts[0].startswith((".", "build"))]


class Tree:
    """sources: what is copied. scratch: where to; kept, so that the next time only what changed is built."""

    def __init__(self, sources, scratch, compiler, jobs):
        self.sources, self.jobs = pathlib.Path(sources), jobs
        self.root, self.build = pathlib.Path(scratch) / "tree", pathlib.Path(scratch) / "build"
        self.compiler = compiler
        self.tests = {}
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)

    def copy(self):
        names = set(listed(self.sources))
        for name in names:
            source, copy = self.sources / name, self.root / name
            if not copy.exists() or source.read_bytes() != copy.read_bytes():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, copy)
                os.utime(copy)
        for path in list(self.root.rglob("*")):
            if path.is_file() and str(path.relative_to(self.root)) not in names and "node_modules" not in path.parts:
                path.unlink()

    def run_build(self, *command):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode:
            raise NoBuild(done.stdout[-3000:])

    def prepare(self):
        """All of it, unbroken."""
        self.copy()
        self.run_build("cmake", "-S", str(self.root), "-B", str(self.build), "-G", "Ninja",
                       f"-DCMAKE_C_COMPILER={self.compiler}", "-DVMATRACE_LTO=OFF")
        self.rebuild()
        listed = subprocess.run(["ctest", "--test-dir", self.build, "--show-only=json-v1"], capture_output=True,
                                text=True, check=True).stdout
        for test in json.loads(listed)["tests"]:
            properties = {each["name"]: each["value"] for each in test.get("properties", [])}
            self.tests[test["name"]] = test["command"], properties
        self.tests["layers"] = [str(self.root / "tests" / "layers.sh"), str(self.build)], {"SKIP_RETURN_CODE": 77}

    def rebuild(self):
        """What has changed, and all that is made of it."""
        self.run_build("ninja", "-C", str(self.build), f"-j{self.jobs}")

    def apply(self, edits):
        """edits: (file, what is there once, what takes its place). What restores them."""
        before = {name: (self.root / name).read_text(encoding="utf-8") for name, _, _ in edits}
        after = dict(before)
        for name, old, new in edits:
            after[name] = edited(after[name], old, new)
        for name, text in after.items():
            (self.root / name).write_text(text, encoding="utf-8")
        return before

    def restore(self, before):
        for name, text in before.items():
            (self.root / name).write_text(text, encoding="utf-8")

    def test(self, name, timeout):
        """("passed", "failed", "skipped" or "hung", seconds, what it said)"""
        command, properties = self.tests[name]
        environment = dict(os.environ, **dict(word.split("=", 1) for word in properties.get("ENVIRONMENT", [])))
        environment.pop("VMATRACE_FULL", None)
        log, begin = self.build / "test.log", time.monotonic()
        with open(log, "wb") as out:
            process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                       env=environment, start_new_session=True,
                                       cwd=properties.get("WORKING_DIRECTORY", self.build))
            try:
                status = process.wait(timeout)
                verdict = {0: "passed", properties.get("SKIP_RETURN_CODE"): "skipped"}.get(status, "failed")
            except subprocess.TimeoutExpired:
                verdict = "hung"
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        end_all_below()
        said = log.read_bytes()[-3000:].decode(errors="replace")
        expected = properties.get("PASS_REGULAR_EXPRESSION")
        if expected and verdict != "hung":
            verdict = "passed" if any(re.search(each, said) for each in expected) else "failed"
        return verdict, time.monotonic() - begin, said

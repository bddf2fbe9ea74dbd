"""Runs a program untraced and traced, and holds one run against the other."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

SKIPPED = 77
COMMANDS = ["info", "events", "timeline", "maps", "mm", "verify"]
ONE_SPACE = {"maps", "mm"}  # about one address space: want --pid on a folder


def skip(why):
    print(f"SKIP: {why}")
    sys.exit(SKIPPED)


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            skip(f"{program} is not installed")


class Check:
    """Counts what held, keeps what did not."""

    def __init__(self):
        self.held = 0
        self.failures = []

    def that(self, holds, what):
        if holds:
            self.held += 1
        else:
            self.failures.append(what)

    def equal(self, what, seen, expected):
        if seen != expected:
            seen, expected = (repr(x)[:600] for x in (seen, expected))
        self.that(seen == expected, f"{what}: {seen}, expected {expected}")

    def finish(self):
        for failure in self.failures:
            print(f"FAIL: {failure}")
        print(f"{self.held} checks held, {len(self.failures)} did not")
        sys.exit(1 if self.failures or not self.held else 0)


class Bench:
    """A build to test with, and a folder for traces."""

    def __init__(self, build):
        self.build = os.path.abspath(build)
        self.vmatrace = os.path.join(self.build, "vmatrace")
        self.library = os.path.join(self.build, "libvmatrace.so")
        self.folder = tempfile.mkdtemp(prefix="vmatrace-test-")
        self.traces = os.path.join(self.folder, "traces")

    def close(self):
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self, traced, **more):
        environment = {k: v for k, v in os.environ.items() if not k.startswith("VMATRACE_")}
        environment["LC_ALL"] = "C"
        if traced:
            environment["LD_PRELOAD"] = self.library
            environment["VMATRACE_OUT"] = os.path.join(self.traces, "%e.%p.vmat")
        environment.update(more)
        return environment

    def run(self, command, traced, cwd=None, timeout=1200, stdin=b"", **more):
        return subprocess.run(command, env=self.environment(traced, **more), cwd=cwd or self.folder,
                              input=stdin, capture_output=True, timeout=timeout, check=False)

    def both(self, check, what, command, same_output=lambda text: text, **options):
        """The same output, errors and exit status with and without; both runs are returned."""
        plain = self.run(command, False, **options)
        traced = self.run(command, True, **options)
        check.equal(f"{what}: exit status", traced.returncode, plain.returncode)
        check.equal(f"{what}: stdout", same_output(traced.stdout), same_output(plain.stdout))
        check.equal(f"{what}: stderr", same_output(traced.stderr), same_output(plain.stderr))
        return plain, traced

    def read(self, *arguments):
        return subprocess.run([self.vmatrace, *arguments], capture_output=True, timeout=600,
                              check=False, env=self.environment(False))

    def trace_files(self):
        if not os.path.isdir(self.traces):
            return []
        return sorted(os.path.join(self.traces, name) for name in os.listdir(self.traces))

    def read_all(self, check, what, lossy=False):
        """Every command reads every trace there is, as text and as JSON. lossy: a slot drawn and never
        stored is to be expected, and being told so no complaint."""
        quiet = ["-q"] if lossy else []
        files = self.trace_files()
        check.that(files, f"{what}: no trace was written")
        for path in files:
            for command in COMMANDS:
                for form in ("text", "json"):
                    done = self.read(command, *quiet, "--format", form, path)
                    allowed = (0, 1) if command == "verify" else (0,)
                    name = f"{what}: {command} --format {form} {os.path.basename(path)}"
                    check.that(done.returncode in allowed and not done.stderr,
                               f"{name}: status {done.returncode}, {done.stderr[:300]!r}")
                    if form == "json":
                        try:
                            json.loads(done.stdout)
                            check.held += 1
                        except ValueError as error:
                            check.failures.append(f"{name}: {error}")

    def events(self, path):
        done = self.read("events", "--format", "jsonl", path)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def info(self, path):
        return json.loads(self.read("info", "--format", "json", path).stdout)


def died_by(run):
    """The name of the signal that ended it, or None."""
    return signal.Signals(-run.returncode).name if run.returncode < 0 else None


def perform(acts):
    """What a file of acts does: BUILD ACT on its command line."""
    bench, check = Bench(sys.argv[1]), Check()
    try:
        acts[sys.argv[2]](bench, check)
    finally:
        bench.close()
    check.finish()

#!/usr/bin/env python3
"""Takes mechanisms of the recorder and of the reader out, one at a time, in a copy of the tree, and looks whether the
tests that are there for them fail.

    run.py BUILD [--only NAME...] [--times N] [--anew] [--jobs N] [--list] [--report] [--check] [--say] [--trust]

    BUILD    a build folder: its compiler is taken; the copy, its build and results.jsonl are kept in BUILD/mutants
    --only   these mutants, or those of these rows, clauses or tests
    --times  each test must fail so many times (1)
    --anew   also those that were seen red, or skipped, in their present form
    --jobs   compilers at a time (2)
    --list   only names them
    --report only says what is known of them: verdict, commit, time; also while another run goes on
    --check  only looks at the table: each edit applies, each test is there, each trap and test has a mutant
    --say    shows what each test said
    --trust  takes for granted that the tests pass as the tree is, each within five minutes

Each test that is named must pass as the tree is. For each mutant: `red` if all tests named fail (a crash or a hang
is a failure), `GREEN` if one passes, `skipped` if one says so. Exit status 1 unless all are red or skipped.

A run that was ended goes on where it was: who was seen red in its present form is not run again, except by --only.
"""
import argparse
import fcntl
import json
import os
import re
import subprocess
import sys
import time

sys.dont_write_bytecode = True
import file
import hostile_births
import hostile_contexts
import hostile_neighbours
from edits import DoesNotApply
from results import Results
from table import ROOT, complaints
from tree import LEAST_TIMEOUT, NoBuild, Tree, listed

MUTANTS = [mutant for table in (hostile_births, hostile_contexts, hostile_neighbours, file) for mutant in table.MUTANTS]


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    for flag in ("--anew", "--list", "--report", "--check", "--say", "--trust"):
        parser.add_argument(flag, action="store_true")
    return parser.parse_args()


def chosen(only):
    if not only:
        return MUTANTS
    found = [mutant for mutant in MUTANTS
             if {mutant.name, *mutant.of.split(), *mutant.tests.split()} & set(only)]
    if not found:
        sys.exit(f"no such mutant: {' '.join(only)}")
    return found


def checked(build):
    said = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], capture_output=True, text=True,
                          check=True).stdout
    tests = {test["name"]: {label for each in test.get("properties", []) if each["name"] == "LABELS"
                            for label in each["value"]} for test in json.loads(said)["tests"]}
    tests["layers"] = set()
    found = complaints(MUTANTS, tests)
    for complaint in found:
        print(f"FAIL: {complaint}")
    print(f"{len(MUTANTS)} mutants of {len({test for each in MUTANTS for test in each.tests.split()})} tests")
    return 1 if found else 0


def counted(verdicts):
    print(", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in sorted(set(verdicts))))
    return 0 if set(verdicts) <= {"red", "skipped"} else 1


def report(mutants, results):
    verdicts = []
    for mutant in mutants:
        seen = results.of(mutant) or {"verdict": "not run", "commit": "", "when": "", "why": ""}
        verdicts.append(seen["verdict"])
        print(f"{seen['verdict']:8} {mutant.name} ({mutant.of})  {seen['commit']}  {seen['when']}  {seen['why']}")
    return counted(verdicts)


class Judge:
    def __init__(self, tree, results, asked):
        self.tree, self.results, self.asked = tree, results, asked

    def unbroken(self, test):
        """What it says of the tree as it is, and how long it may take of one that is broken."""
        if self.asked.trust:
            return "passed", 5 * LEAST_TIMEOUT
        seen = self.results.of_unbroken(test)
        if not seen or seen["verdict"] == "failed":
            self.tree.rebuild()
            verdict, seconds, said = self.tree.test(test, 3600)
            seen = self.results.say_unbroken(test, verdict, seconds)
            print(f"         unbroken: {test}: {verdict} in {seconds:.1f} s", flush=True)
            if self.asked.say or verdict != "passed":
                print(said, flush=True)
        return seen["verdict"], max(LEAST_TIMEOUT, 5 * seen["seconds"])

    def broken(self, mutant, limits):
        """What its tests say of it."""
        before, verdicts = {}, {test: [] for test in limits}
        try:
            before = self.tree.apply(mutant.edits())
            self.tree.rebuild()
            for test, limit in limits.items():
                for _ in range(self.asked.times):
                    verdict, _, said = self.tree.test(test, limit)
                    verdicts[test].append(verdict)
                    if self.asked.say:
                        print(said, flush=True)
        finally:
            self.tree.restore(before)
        return verdicts

    def of(self, mutant):
        """Its verdict, and why."""
        try:
            unbroken = {test: self.unbroken(test) for test in mutant.tests.split()}
            unfit = [f"{test} {verdict} unbroken" for test, (verdict, _) in unbroken.items() if verdict != "passed"]
            if unfit:
                skipped = all(verdict in ("passed", "skipped") for verdict, _ in unbroken.values())
                return "skipped" if skipped else "error", ", ".join(unfit)
            seen = self.broken(mutant, {test: limit for test, (_, limit) in unbroken.items()})
        except (DoesNotApply, NoBuild) as error:
            return "error", f"{type(error).__name__}: {error}"
        why = ", ".join(f"{test} " + (verdicts[0] if len(set(verdicts)) == 1 else
                                      f"failed {len(verdicts) - verdicts.count('passed')} of {len(verdicts)} times")
                        for test, verdicts in seen.items())
        all_of_them = {verdict for verdicts in seen.values() for verdict in verdicts}
        return "GREEN" if "passed" in all_of_them else "skipped" if "skipped" in all_of_them else "red", why


def run(mutants, results, scratch, asked):
    with open(os.path.join(asked.build, "CMakeCache.txt"), encoding="utf-8") as cache:
        compiler = re.search(r"^CMAKE_C_COMPILER:\w+=(.*)$", cache.read(), re.MULTILINE).group(1)
    known = [] if asked.anew or asked.only else \
        [mutant for mutant in mutants if (results.of(mutant) or {}).get("verdict") in ("red", "skipped")]
    # One file after the other: what one breaks is mended and the next broken by one compilation.
    left = sorted((mutant for mutant in mutants if mutant not in known), key=lambda each: each.file)
    if known:
        print(f"{len(known)} were seen red, or skipped, in their present form", flush=True)
    verdicts, begin = [results.of(mutant)["verdict"] for mutant in known], time.monotonic()
    if left:
        tree = Tree(ROOT, scratch, compiler, asked.jobs)
        tree.prepare()
        judge = Judge(tree, results, asked)
    bad = []
    for number, mutant in enumerate(left, 1):
        started = time.monotonic()
        verdict, why = judge.of(mutant)
        results.say(mutant, verdict, why, time.monotonic() - started, asked.times)
        verdicts.append(verdict)
        if verdict in ("GREEN", "error"):
            bad.append(mutant.name)
        print(f"{number}/{len(left)} {(time.monotonic() - begin) / 60:.0f} min  {verdict}: {mutant.name} ({mutant.of}): {why}",
              flush=True)
    status = counted(verdicts)
    if bad:
        print("not red:", " ".join(bad))
    return status


def main():
    asked = options()
    mutants = chosen(asked.only)
    if asked.list:
        for mutant in mutants:
            print(f"{mutant.name} ({mutant.of}): {mutant.file}: {mutant.tests}")
        return 0
    if asked.check:
        return checked(asked.build)
    scratch = os.path.join(os.path.abspath(asked.build), "mutants")
    os.makedirs(scratch, exist_ok=True)
    results = Results(ROOT, os.path.join(scratch, "results.jsonl"), listed(ROOT))
    if asked.report:
        return report(mutants, results)
    with open(os.path.join(scratch, "lock"), "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f"another run is at work in {scratch}")
        # The copy of the tree has none.
        os.environ.setdefault("VMATRACE_KERNEL", os.path.join(ROOT, "tests", "machine", "kernel"))
        return run(mutants, results, scratch, asked)


if __name__ == "__main__":
    sys.exit(main())

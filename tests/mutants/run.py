#!/usr/bin/env python3
"""Takes mechanisms of the recorder out, one at a time, in a copy of the tree, and looks whether the tests that are
there for them fail.

    run.py BUILD [--only NAME...] [--jobs N] [--list] [--check] [--say] [--trust]

    BUILD    a build folder: its compiler is taken; the copy and its build are kept in BUILD/mutants
    --only   these mutants, or those of these rows, clauses or tests
    --jobs   compilers at a time (2)
    --list   only names them
    --check  only looks at the table: each edit applies, each test is there, each trap and test has a mutant
    --say    shows what each test said
    --trust  takes for granted that the tests pass as the tree is

First each test that is named must pass as the tree is. Then, for each mutant: `red` if all tests named fail (a
crash or a hang is a failure), `GREEN` if one passes, `skipped` if one says so. Exit status 1 unless all are red
or skipped.
"""
import argparse
import json
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
import file
import hostile_births
import hostile_contexts
import hostile_neighbours
from edits import DoesNotApply
from table import ROOT, complaints
from tree import LEAST_TIMEOUT, NoBuild, Tree

MUTANTS = [mutant for table in (hostile_births, hostile_contexts, hostile_neighbours, file) for mutant in table.MUTANTS]


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--jobs", type=int, default=2)
    for flag in ("--list", "--check", "--say", "--trust"):
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
    listed = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1"], capture_output=True, text=True,
                            check=True).stdout
    tests = {test["name"]: {label for each in test.get("properties", []) if each["name"] == "LABELS"
                            for label in each["value"]} for test in json.loads(listed)["tests"]}
    tests["layers"] = set()
    found = complaints(MUTANTS, tests)
    for complaint in found:
        print(f"FAIL: {complaint}")
    print(f"{len(MUTANTS)} mutants of {len({test for each in MUTANTS for test in each.tests.split()})} tests")
    return 1 if found else 0


def unbroken(tree, tests, say):
    """How long each may take; those that cannot be judged by go into the second."""
    limits, unfit = {}, {}
    for test in sorted(tests):
        verdict, seconds, said = tree.test(test, 3600)
        limits[test] = max(LEAST_TIMEOUT, 5 * seconds)
        if verdict != "passed":
            unfit[test] = verdict
        print(f"unbroken: {test}: {verdict} in {seconds:.1f} s", flush=True)
        if say or verdict == "failed":
            print(said)
    return limits, unfit


def judge(tree, mutant, limits, unfit, say):
    tests = mutant.tests.split()
    for test in tests:
        if test in unfit:
            return "skipped" if unfit[test] == "skipped" else "error", f"{test} {unfit[test]} unbroken"
    before = {}
    try:
        before = tree.apply(mutant.edits())
        tree.rebuild(tests)
        seen = {}
        for test in tests:
            seen[test], _, said = tree.test(test, limits[test])
            if say:
                print(said)
    except (DoesNotApply, NoBuild) as error:
        return "error", f"{type(error).__name__}: {error}"
    finally:
        tree.restore(before)
    verdicts = set(seen.values())
    return ("GREEN" if "passed" in verdicts else "skipped" if "skipped" in verdicts else "red"), ", ".join(f"{test} {verdict}" for test, verdict in seen.items())


def main():
    asked = options()
    mutants = chosen(asked.only)
    if asked.list:
        for mutant in mutants:
            print(f"{mutant.name} ({mutant.of}): {mutant.file}: {mutant.tests}")
        return 0
    if asked.check:
        return checked(asked.build)
    with open(os.path.join(asked.build, "CMakeCache.txt"), encoding="utf-8") as cache:
        compiler = re.search(r"^CMAKE_C_COMPILER:\w+=(.*)$", cache.read(), re.MULTILINE).group(1)
    tree = Tree(ROOT, os.path.join(os.path.abspath(asked.build), "mutants"), compiler, asked.jobs)
    tree.prepare()
    tests = {test for mutant in mutants for test in mutant.tests.split()}
    limits, unfit = ({test: 2 * LEAST_TIMEOUT for test in tests}, {}) if asked.trust else unbroken(tree, tests, asked.say)
    counts, bad = {}, []
    # One file after the other: what one breaks is mended and the next broken by one compilation.
    for mutant in sorted(mutants, key=lambda each: each.file):
        verdict, why = judge(tree, mutant, limits, unfit, asked.say)
        counts[verdict] = counts.get(verdict, 0) + 1
        if verdict in ("GREEN", "error"):
            bad.append(mutant.name)
        print(f"{verdict}: {mutant.name} ({mutant.of}): {why}", flush=True)
    print(", ".join(f"{number} {verdict}" for verdict, number in sorted(counts.items())))
    if bad:
        print("not red:", " ".join(bad))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

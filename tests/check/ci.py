#!/usr/bin/env python3
"""The examples of samples/ci as far as they run without their services: the CTest project is configured, built
and tested, as it is and with its program broken; the commands of both jobs that name vmatrace are run in it.

    ci.py BUILD CMAKE COMPILER
"""
import os
import re
import shutil
import subprocess
import sys

from judging import BUILD, SOURCES, WORK, check, equal, finish

CMAKE, COMPILER = sys.argv[2:4]
SAMPLE = os.path.join(os.path.dirname(os.path.dirname(SOURCES)), "samples", "ci")
PROJECT = os.path.join(WORK, "project")
ENVIRONMENT = {**os.environ, "PATH": BUILD + ":" + os.environ["PATH"]}


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=PROJECT, env=ENVIRONMENT)
    return done.returncode, done.stdout + done.stderr


def build(*options):
    status, out = run(CMAKE, "-S", ".", "-B", "build", f"-DCMAKE_C_COMPILER={COMPILER}", f"-DVMATRACE={BUILD}/vmatrace",
                      f"-DVMATRACE_RECORDER={BUILD}/libvmatrace.so", *options)
    equal("configured", (status, out if status else ""), (0, ""))
    status, out = run(CMAKE, "--build", "build")
    equal("built", (status, out if status else ""), (0, ""))


def tests():
    status, out = run(os.path.join(os.path.dirname(CMAKE), "ctest"), "--test-dir", "build", "--output-on-failure")
    return status, dict(re.findall(r"Test +#\d+: (\S+) \.*\** *(Passed|Failed)", out)), out


def commands(name):
    """The shell lines of a job that run vmatrace."""
    with open(os.path.join(SAMPLE, name), encoding="utf-8") as file:
        return [match.group(1) for match in re.finditer(r"^ +(?:- |run: )(vmatrace .*)$", file.read(), re.M)]


def job(name, expected):
    lines = commands(name)
    equal(f"{name}: commands", len(lines), 3)
    shutil.rmtree(os.path.join(PROJECT, "traces"), ignore_errors=True)
    got = [run("sh", "-e", "-c", line) for line in lines]
    equal(f"{name}: statuses", [status for status, _ in got], expected)
    return "".join(out for _, out in got)


def main():
    shutil.copytree(SAMPLE, PROJECT)
    build()
    status, results, out = tests()
    equal("ctest", (status, results), (0, {"app.forget": "Passed", "app": "Passed", "app.check": "Passed"}))
    equal("again, over the traces of the first run", tests()[0], 0)
    job("github.yml", [0, 0, 0])
    check("SARIF is there", os.path.getsize(os.path.join(PROJECT, "vmatrace.sarif")))
    job("gitlab-ci.yml", [0, 0, 0])
    check("JUnit is there", os.path.getsize(os.path.join(PROJECT, "vmatrace.xml")))

    build("-DCMAKE_C_FLAGS=-DKEEP_IT")
    status, results, out = tests()
    equal("broken: ctest", (status != 0, results), (True, {"app.forget": "Passed", "app": "Passed", "app.check": "Failed"}))
    check("broken: function and line", "leaked-mapping: mmap at make_table (app.c:12)" in out, out)
    out = job("github.yml", [0, 1, 0])
    check("broken: the annotation", re.search(r"^::error file=app\.c,line=12,title=leaked-mapping::", out, re.M), out)
    job("gitlab-ci.yml", [0, 1, 1])
    finish()


main()

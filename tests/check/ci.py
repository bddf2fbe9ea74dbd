#!/usr/bin/env python3
"""The examples of samples/ci as far as they run without their services: the CTest project is configured, built
and tested, as it is and with its program broken; every script of both jobs is run in it, in the order and by the
rules of its service. Their first step, which clones and builds vmatrace, only with VMATRACE_FULL=1: into a folder,
with apt-get, sudo and ldconfig that do nothing.

    ci.py BUILD CMAKE COMPILER
"""
import json
import os
import re
import shutil
import subprocess
import sys

from judging import BUILD, FULL, SOURCES, WORK, check, equal, finish

CMAKE, COMPILER = sys.argv[2:4]
SAMPLE = os.path.join(os.path.dirname(os.path.dirname(SOURCES)), "samples", "ci")
PROJECT = os.path.join(WORK, "project")
CLONE = os.path.join(WORK, "vmatrace")
STAGE = os.path.join(WORK, "stage")
STUBS = os.path.join(WORK, "stubs")
INSTALLED = os.path.join(STAGE, "usr/local/bin") if FULL else BUILD
ENVIRONMENT = {**os.environ, "PATH": ":".join((STUBS, INSTALLED, os.environ["PATH"])), "DESTDIR": STAGE}


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


def load(name):
    """A job's YAML as its service reads it; tests run under a python3 that may lack the module, Debian's has it."""
    done = subprocess.run(("/usr/bin/python3", "-c", "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout)"),
                          input=open(os.path.join(SAMPLE, name), encoding="utf-8").read(), capture_output=True, text=True,
                          check=False)
    if "No module named" in done.stderr:
        print("skipped: no python3-yaml")
        sys.exit(77)
    equal(f"{name}: YAML", (done.returncode, done.stderr), (0, ""))
    return json.loads(done.stdout)


def shell(text, extra=None):
    """One script as both services start it, in the project; the machine is left as it is (stubs, DESTDIR)."""
    done = subprocess.run(("bash", "-e", "-o", "pipefail", "-c", text.replace("/tmp/vmatrace", CLONE)), check=False,
                          capture_output=True, text=True, cwd=PROJECT, env={**ENVIRONMENT, **(extra or {})})
    return done.returncode, done.stdout + done.stderr


def installs(text):
    """Clones and builds all of vmatrace: minutes, so only in a full run."""
    return "git clone" in text


def setting(environment):
    """Variables of the job: the clone is of this tree."""
    equal("variables", list(environment), ["VMATRACE_SOURCE"])
    return {"VMATRACE_SOURCE": "file://" + os.path.dirname(os.path.dirname(SAMPLE))}


def github(fresh):
    """The steps of the job: after one that failed only those run that always do. Its status, and what it said."""
    workflow = load("github.yml")
    job = workflow["jobs"]["address-space"]
    shutil.rmtree(os.path.join(PROJECT, "traces"), ignore_errors=True)
    status, out = 0, ""
    for step in job["steps"]:
        if "uses" in step:
            check("a step of somebody else's has its version", re.fullmatch(r"[\w/-]+@v\d+", step["uses"]), step)
        elif (status == 0 or step.get("if") == "always()") and (fresh or not installs(step["run"])):
            got, said = shell(step["run"], setting(job["env"]))
            check(f"github: {step['name']}", got == 0 or step["name"] == "check", said)
            status, out = status or got, out + said
    upload = job["steps"][-1]
    check("what is uploaded is there", os.path.getsize(os.path.join(PROJECT, upload["with"]["sarif_file"])))
    equal("may upload it", workflow["permissions"]["security-events"], "write")
    return status, out


def gitlab(fresh):
    """One shell for before_script and script, another for after_script, whose status nobody asks for."""
    job = load("gitlab-ci.yml")["address-space"]
    shutil.rmtree(os.path.join(PROJECT, "traces"), ignore_errors=True)
    before = job["before_script"] if fresh else []
    status, out = shell("\n".join(before + job["script"]), setting(job["variables"]))
    _, after = shell("\n".join(job["after_script"]))
    for path in (*job["artifacts"]["paths"], job["artifacts"]["reports"]["junit"]):
        check(f"gitlab: {path} is there", os.path.exists(os.path.join(PROJECT, path)), out)
    return status, out + after


def main():
    shutil.copytree(SAMPLE, PROJECT)
    os.makedirs(STUBS)
    for name, text in (("apt-get", "exit 0"), ("ldconfig", "exit 0"), ("sudo", 'exec "$@"')):
        path = os.path.join(STUBS, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\n{text}\n")
        os.chmod(path, 0o755)
    build()
    status, results, out = tests()
    equal("ctest", (status, results), (0, {"app.forget": "Passed", "app": "Passed", "app.check": "Passed"}))
    equal("again, over the traces of the first run", tests()[0], 0)
    for name, job in (("github", github), ("gitlab", gitlab)):
        shutil.rmtree(CLONE, ignore_errors=True)
        status, out = job(FULL)
        equal(f"{name}: the job's status", status, 0)
    check("and it passed", out.rstrip().split("\n")[-1] and "PASS: 0 errors" in out, out)

    build("-DCMAKE_C_FLAGS=-DKEEP_IT")
    status, results, out = tests()
    equal("broken: ctest", (status != 0, results), (True, {"app.forget": "Passed", "app": "Passed", "app.check": "Failed"}))
    check("broken: function and line", "leaked-mapping: mmap at make_table (app.c:12)" in out, out)
    # Both services build anew: in the tree that is configured with the fault already.
    status, out = github(False)
    equal("broken: github", status, 1)
    check("broken: the annotation", re.search(r"^::error file=app\.c,line=12,title=leaked-mapping::", out, re.M), out)
    status, out = gitlab(False)
    equal("broken: gitlab", status, 1)
    check("broken: after_script says why", "leaked-mapping: mmap at make_table (app.c:12)" in out, out)
    finish()


main()

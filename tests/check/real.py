#!/usr/bin/env python3
"""Real programs under the default policy: no error finding that the output does not explain. node's pages of
machine code are found, and one line allows them.

    real.py BUILD PROGRAM
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import time

from judging import VMATRACE, WORK, check, equal, finish, judge, record, run, write

PROGRAMS = {
    "python3": ["/usr/bin/python3", "-c", "import json, threading\n"
                "threads = [threading.Thread(target=json.dumps, args=([1] * 9999,)) for _ in range(4)]\n"
                "[t.start() for t in threads]; [t.join() for t in threads]"],
    "git": ["git", "--version"],
    "gcc": ["gcc", "-x", "c", "-O1", "-c", "-o", "/dev/null", "/dev/null"],
    "sort": ["sort", "--parallel=2", "/etc/services", "/etc/passwd"],
    "perl": ["perl", "-e", "my @a = map { $_ x 99 } 1 .. 9999; print scalar @a"],
    "bash": ["bash", "-c", "for i in 1 2 3; do (echo $i | cat); done"],
    "sqlite3": ["sqlite3", ":memory:", "create table t(a); insert into t values (1); select * from t"],
    "java": ["java", "-Xmx64m", "-version"],
    "node": ["node", "-e", "let a = 0; for (let i = 0; i < 1e6; i++) a += i; console.log(a)"],
}
SERVERS = {
    "redis-server": ["redis-server", "--port", "0", "--save", "", "--appendonly", "no", "--unixsocket", "./r.sock"],
    "nginx": ["nginx", "-p", ".", "-e", "stderr", "-g", "daemon off; pid ./nginx.pid;", "-c", "nginx.conf"],
}


def serve(command):
    """Starts a server traced, gives it a moment of life, asks it to end."""
    write("nginx.conf", "events {}\nhttp { access_log off; server { listen unix:nginx.sock; } }\n")
    server = subprocess.Popen((VMATRACE, "record", "-q", "-o", "real/", "--", *command), cwd=WORK,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(600):
        if any(os.path.exists(os.path.join(WORK, name)) for name in ("r.sock", "nginx.sock")):
            break
        time.sleep(0.05)
    time.sleep(0.2)
    server.send_signal(signal.SIGTERM)
    server.wait(60)


def main():
    name = sys.argv[2]
    command = {**PROGRAMS, **SERVERS}[name]
    if not shutil.which(command[0]):
        print(f"skipped: no {name}")
        sys.exit(77)
    if name in SERVERS:
        serve(command)
    else:
        record("real", *command)
    status, verdict = judge("real")
    check("a verdict", verdict["verdict"] in ("pass", "fail"), verdict)
    equal("nothing is missing in it", verdict["incomplete"], [])
    errors = [finding for finding in verdict["findings"] if finding["level"] == "error"]
    if name not in ("java", "node"):
        equal("no error", errors, [])
    out = run(VMATRACE, "check", "-n", "0", "real")[1]
    for rule in {finding["rule"] for finding in verdict["findings"]}:
        check(f"{rule} is explained", re.search(rf"\n  \S.*\n  fix: .*\n  allow: - {{rule: {rule}, ", out), out)
    for finding in errors:
        check("a function is named", finding["function"], finding)
    if name in ("java", "node"):
        check("machine code is found", any(finding["rule"] == "wx-mapping" for finding in errors), errors)
    if name == "node":
        lines = re.findall(r"\n  allow: (- {rule: wx-mapping, .*)", out)
        policy = write("allow.yml", run(VMATRACE, "check", "--print-policy")[1].replace(
            "allow: []\n", "allow:\n  " + lines[0] + "\n"))
        status, verdict = judge("real", "--policy", policy)
        equal("one line allows it", (status, verdict["errors"], verdict["unused_allows"]), (0, 0, []))
    finish()


main()

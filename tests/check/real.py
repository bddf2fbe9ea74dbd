#!/usr/bin/env python3
"""Real programs under the default policy: no error finding that the output does not explain. node's pages of
machine code are found, and one line allows them.

    real.py BUILD PROGRAM
"""
import glob
import os
import re
import shutil
import signal
import socket
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
PROGRAMS |= {
    "redis-server": ["redis-server", "--port", "0", "--save", "", "--appendonly", "no", "--unixsocket", "./r.sock"],
    "nginx": ["nginx", "-p", ".", "-e", "stderr", "-g", "daemon off; pid ./nginx.pid;", "-c", "nginx.conf"],
}
# Where each listens, what is said to it, what it answers.
SERVERS = {
    "redis-server": ("r.sock", b"PING\r\n", b"+PONG"),
    "nginx": ("nginx.sock", b"GET / HTTP/1.0\r\n\r\n", b"HTTP/1.1 "),
}


def serve(name, command):
    """Starts a server traced, waits until it takes connections, talks to it, asks it to end: it must."""
    write("nginx.conf", "events {}\nhttp { access_log off; server { listen unix:nginx.sock; } }\n")
    path = os.path.join(WORK, SERVERS[name][0])
    with subprocess.Popen((VMATRACE, "record", "-q", "-o", "real/", "--", *command), cwd=WORK, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, text=True) as recorder:
        check("it answers", ask(path, *SERVERS[name][1:]), recorder.poll())
        # record is not the server; of its processes the first is.
        pids = [int(trace.split(".")[-2]) for trace in sorted(glob.glob(os.path.join(WORK, "real", "*.vmat")),
                                                              key=os.path.getmtime)]
        parents = [pid for pid in pids if parent_of(pid) == recorder.pid]
        equal("the server's process", len(parents), 1)
        for pid in parents:
            os.kill(pid, signal.SIGTERM)
        _, err = recorder.communicate(timeout=120)
        equal("it ended in order", (recorder.returncode, len(parents)), (0, 1))
        check("without a word of ours", "vmatrace:" not in err, err)


def ask(path, said, answer):
    """True if it answers. A socket is there before anybody listens on it."""
    for _ in range(1200):
        with socket.socket(socket.AF_UNIX) as client:
            try:
                client.connect(path)
                client.sendall(said)
                return client.recv(64).startswith(answer)
            except OSError:
                time.sleep(0.05)
    return False


def parent_of(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return int(file.read().rsplit(")", 1)[1].split()[1])


def main():
    name = sys.argv[2]
    command = PROGRAMS[name]
    if not shutil.which(command[0]):
        print(f"skipped: no {name}")
        sys.exit(77)
    if name in SERVERS:
        serve(name, command)
    else:
        equal("its own status", record("real", *command), 0)
    status, verdict = judge("real")
    equal("a verdict", (status, verdict["verdict"]), (1, "fail") if name in ("java", "node") else (0, "pass"))
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

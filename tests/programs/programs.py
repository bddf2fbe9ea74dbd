#!/usr/bin/env python3
"""Real programs under the preload: the same output, exit status, environment and descriptor numbers
as without, and a trace that every command reads.

    programs.py BUILD NAME
"""
import os
import re
import socket
import subprocess
import sys
import time

from harness import Bench, Check, need

FULL = os.environ.get("VMATRACE_FULL") == "1"

PYTHON = """
import json, ssl, sqlite3, threading, os, sys
blocks = [None] * 8
def allocate(i):
    blocks[i] = sum(len(bytearray(1 << 20)) for _ in range(20))
threads = [threading.Thread(target=allocate, args=(i,)) for i in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]
print(blocks, json.dumps({"version": sqlite3.sqlite_version}), ssl.OPENSSL_VERSION)
print(sorted(k for k in os.environ if k != "LD_PRELOAD" and not k.startswith("VMATRACE_")))
print(sorted(os.listdir("/proc/self/fd")), os.open("/dev/null", os.O_RDONLY), sys.argv)
"""


def python3(bench, check):
    need("python3")
    bench.both(check, "python3", [sys.executable, "-c", PYTHON, "an", "argument"])


def git(bench, check):
    need("git")
    repository = os.path.join(bench.folder, "repository")
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    subprocess.run(["git", "init", "-q", repository], check=True)
    for i in range(30 if FULL else 8):
        with open(os.path.join(repository, "file"), "a", encoding="ascii") as file:
            file.writelines(f"line {i} {j}\n" for j in range(200))
        subprocess.run(["git", "-C", repository, "add", "."], check=True)
        subprocess.run(["git", "-C", repository, *who, "commit", "-qm", f"commit {i}"], check=True)
    bench.both(check, "git log -p", ["git", "-C", repository, "log", "-p"])
    bench.both(check, "git bad", ["git", "-C", repository, "log", "no-such-branch"])


def sort(bench, check):
    need("sort")
    lines = 1_000_000 if FULL else 200_000
    path = os.path.join(bench.folder, "lines")
    with open(path, "w", encoding="ascii") as file:
        file.writelines(f"{(i * 7919) % 1000003}\n" for i in range(lines))
    bench.both(check, "sort", ["sort", "--parallel=2", "-S", "4M", path])


def gcc(bench, check):
    need("gcc")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "analyzer", "core",
                          "vma_map.c")
    include = os.path.join(os.path.dirname(source), "..", "..", "include")
    command = ["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-O2", "-I", include, "-I",
               os.path.join(os.path.dirname(source), ".."), "-S", "-o", "-", source]
    bench.both(check, "gcc", command)
    bench.both(check, "gcc bad", ["gcc", "-x", "c", "-"], stdin=b"int main(void) { return x; }\n",
               same_output=lambda text: re.sub(rb"/tmp/cc\w+", b"", text))


def bash(bench, check):
    need("bash", "seq", "awk")
    script = ("set -o pipefail; seq 2000 | grep 7 | sort -rn | awk '{s += $1} END {print s}';"
              "x=$(echo sub | tr a-z A-Z); echo $x ${PIPESTATUS[@]}; (exit 3); echo $?;"
              "cat <<< here; exec 7</dev/null; ls /proc/self/fd | wc -l; false | true; exit 5")
    bench.both(check, "bash", ["bash", "-c", script])
    bench.both(check, "killed", ["bash", "-c", "kill -SEGV $$"])


def names(bench, check):
    """What a program is called and what it finds in its environment, which libc's start-up sets."""
    need("setarch", "ls", "env")
    bench.both(check, "error()", ["ls", "/no/such/file"])
    bench.both(check, "setarch", ["setarch", "x86_64", "-R", "uname", "-m"])
    bench.both(check, "linux32", ["setarch", "linux32", "uname", "-m"])
    keep = rb"(?m)^(LD_PRELOAD|VMATRACE_\w+)=.*\n"
    bench.both(check, "env", ["env"], same_output=lambda text: re.sub(keep, b"", text), SOME="value")


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def redis_run(bench, traced):
    """Server output without what differs anyway, results of the commands, jemalloc's own statistics."""
    port = str(free_port())
    folder = os.path.join(bench.folder, "redis-traced" if traced else "redis")
    os.makedirs(folder)
    environment = bench.environment(traced, MALLOC_CONF="stats_print:true,narenas:3")
    server = subprocess.Popen(["redis-server", "--port", port, "--save", "", "--dir", folder],
                              env=environment, cwd=folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    answers = []

    def ask(*words):
        done = subprocess.run(["redis-cli", "-p", port, *words], capture_output=True, timeout=60,
                              check=False)
        return done.stdout

    try:
        for _ in range(100):
            if ask("ping") == b"PONG\n":
                break
            time.sleep(0.1)
        count = "100000" if FULL else "10000"
        load = subprocess.run(["redis-benchmark", "-p", port, "-n", count, "-q", "-t",
                               "set,get,lpush", "-d", "2000", "-r", "5000"], capture_output=True,
                              timeout=300, check=False)
        answers.append(load.returncode)
        answers += [ask("set", "key", "value"), ask("get", "key"), ask("llen", "mylist"),
                    ask("config", "get", "maxclients")]
        ask("shutdown", "nosave")
    finally:
        try:
            out, err = server.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            server.kill()
            out, err = server.communicate()
    lines = [re.sub(rb"^\d+:[A-Z] .*? [*#.-] ", b"", line) for line in out.splitlines()
             if re.match(rb"^\d+:[A-Z] ", line)]
    lines = [re.sub(rb"\b(pid|port)=\d+|Port: \d+|PID: \d+", b"", line) for line in lines]
    arenas = re.findall(rb"(?m)^\s*opt\.narenas:.*$", err)
    return answers, lines, arenas, server.returncode


def redis(bench, check):
    need("redis-server", "redis-benchmark", "redis-cli")
    plain = redis_run(bench, False)
    traced = redis_run(bench, True)
    for what, seen, expected in zip(("answers", "log", "MALLOC_CONF", "exit status"), traced, plain):
        check.equal(f"redis-server: {what}", seen, expected)
    check.that(plain[2], "redis-server printed no jemalloc statistics: nothing was compared")


PROGRAMS = {f.__name__: f for f in (python3, git, sort, gcc, bash, names, redis)}


def main():
    bench, check = Bench(sys.argv[1]), Check()
    try:
        PROGRAMS[sys.argv[2]](bench, check)
        bench.read_all(check, sys.argv[2])
    finally:
        if check.failures and os.environ.get("VMATRACE_KEEP"):
            print(f"traces are in {bench.traces}")
        else:
            bench.close()
    check.finish()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Whatever runs out: the program does what it does untraced, and the trace says where it stopped, and why.

    limits.py BUILD ACT
"""
import json
import os
import resource
import shutil
import subprocess
import sys
import time

from churned import FULL, LOSSES, churn, judge
from harness import perform, skip

NOBODY = 65534
STACKS = 64


def mount(*arguments):
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


def in_mount_namespace():
    """What is mounted from here on is this process's alone."""
    if "VMATRACE_TEST_MOUNTS" not in os.environ:
        if os.geteuid() or subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
            skip("no mount namespace of our own")
        os.environ["VMATRACE_TEST_MOUNTS"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable, *sys.argv])
    del os.environ["VMATRACE_TEST_MOUNTS"]


def open_to_nobody(bench):
    """A user without rights can get at what is tested."""
    os.chmod(bench.folder, 0o755)
    for name in ("libvmatrace.so", "file_churn", "file_limits"):
        shutil.copy(os.path.join(bench.build, name), bench.folder)
    bench.library = os.path.join(bench.folder, "libvmatrace.so")
    os.makedirs(bench.traces, exist_ok=True)
    os.chown(bench.traces, NOBODY, NOBODY)


def as_nobody(bench, *command):
    open_to_nobody(bench)
    return ["setpriv", f"--reuid={NOBODY}", "--clear-groups", "--inh-caps=-all", "--", *command]


def look(bench, check, what, verified=(0,)):
    """The traces there are: no record is wrong, the replay holds. Their infos."""
    infos = []
    for trace in bench.trace_files():
        if not trace.endswith(".vmat"):
            continue  # lost+found, what fills a disk
        done = bench.read("events", "-q", "--format", "jsonl", trace)
        check.equal(f"{what}: events", (done.returncode, done.stderr), (0, b""))
        judge(check, [json.loads(line) for line in done.stdout.splitlines()], STACKS)
        verify = bench.read("verify", "--format", "json", trace)
        check.that(verify.returncode in verified, f"{what}: verify: {verify.returncode} {verify.stdout}")
        infos.append(bench.info(trace))
    return infos


def file_size(bench, check):
    """RLIMIT_FSIZE: never SIGXFSZ, a smaller ring instead, or none."""
    made = 0
    sizes = [0, 4096, 100 << 10, 1 << 20, 1700 << 10, 3 << 20, 40 << 20]
    for size in sizes:
        command = [sys.executable, "-c", "import os, resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_DFL); resource.setrlimit(resource.RLIMIT_FSIZE, "
                   f"({size}, {size})); os.execv(sys.argv[1], sys.argv[1:])", *churn(bench, "exit", 4, 500, STACKS)]
        bench.both(check, f"files of {size}", command, VMATRACE_CHILDREN="1")
        for path in bench.trace_files():
            if "python" in path:
                os.unlink(path)
        for info in look(bench, check, f"files of {size}"):
            made += 1
            check.that(info["trace_bytes"] <= size, f"files of {size}: {info['trace_bytes']}")
        shutil.rmtree(bench.traces, ignore_errors=True)
    check.that(3 <= made < len(sizes), f"{made} traces of {len(sizes)}")


def address_space(bench, check):
    """RLIMIT_AS: the program's, nearly all of it."""
    for megabytes in (16, 40, 100, 1000):
        size = megabytes << 20
        command = [sys.executable, "-c", "import os, resource, sys; resource.setrlimit(resource.RLIMIT_AS, "
                   f"({size}, {size})); os.execv(sys.argv[1], sys.argv[1:])",
                   os.path.join(bench.build, "file_limits"), "space", str(size * 3 // 4 - (8 << 20))]
        bench.both(check, f"{megabytes} MiB of address space", command)
        shutil.rmtree(bench.traces, ignore_errors=True)


def descriptors(bench, check):
    """No descriptor to be had, from the start or from some moment on: the numbers are the program's."""
    for number in (4, 5):
        command = [sys.executable, "-c", "import os, resource, sys; resource.setrlimit(resource.RLIMIT_NOFILE, "
                   f"({number}, {number})); os.execv(sys.argv[1], sys.argv[1:])", *churn(bench, "exit", 2, 500, STACKS)]
        bench.both(check, f"{number} descriptors", command)
        shutil.rmtree(bench.traces, ignore_errors=True)
    program = os.path.join(bench.build, "file_limits")
    bench.both(check, "none from here on", [program, "descriptors"], VMATRACE_RING="256")
    (info,) = look(bench, check, "none from here on", (3,))
    # No list can be read any more: that is counted, calls are recorded all the same, and there is no base.
    check.that(info["lost"]["snapshots"] > 0 and info["events"]["stored"] == 256, f"{info['lost']}")


def locked(bench, check):
    """RLIMIT_MEMLOCK and mlockall: what is granted untraced is granted, and the trace is not locked."""
    for kibibytes in (0, 1024, 8192, 65536):
        for flags in (1, 2, 3, 5, 7, 0, 8):
            limit = kibibytes << 10
            command = as_nobody(bench, os.path.join(bench.folder, "file_limits"), "lock", str(flags))
            hard = resource.getrlimit(resource.RLIMIT_MEMLOCK)[1]
            if hard != resource.RLIM_INFINITY and limit > hard:
                continue
            command = ["sh", "-c", f'ulimit -S -l {kibibytes}; exec "$@"', "sh", *command]
            bench.both(check, f"mlockall({flags}) within {kibibytes} KiB", command)
            look(bench, check, f"mlockall({flags})")
            shutil.rmtree(bench.traces)
    for how in ("lock", "lock_raw"):
        for flags in (1, 3, 5):
            bench.both(check, f"{how} {flags} as root", [os.path.join(bench.build, "file_limits"), how, str(flags)])
            (trace,) = bench.trace_files()
            called = [(event["call"], event["result"]) for event in bench.events(trace)
                      if event["call"] == "mlockall" and not event["internal"]]
            check.equal(f"{how} {flags}: events", called, 2 * [("mlockall", 0)])
            shutil.rmtree(bench.traces)


def cgroup(bench, check):
    """A million events in a memory cgroup that is smaller than their ring."""
    top = "/sys/fs/cgroup/memory"
    group = os.path.join(top, f"vmatrace-{os.getpid()}")
    if not os.path.exists(os.path.join(top, "memory.limit_in_bytes")):
        skip("no memory cgroup of version 1")
    try:
        os.mkdir(group)
    except OSError as error:
        skip(f"no memory cgroup: {error}")
    try:
        with open(os.path.join(group, "memory.limit_in_bytes"), "w", encoding="ascii") as file:
            file.write(str(24 << 20))
        rounds = 60000 if FULL else 25000
        command = ["sh", "-c", f'echo $$ >{group}/cgroup.procs; exec "$@"', "sh",
                   *churn(bench, "exit", 4, rounds, STACKS)]
        bench.both(check, "a cgroup of 24 MiB", command)
        for path in bench.trace_files():
            if "file_churn" in path:
                info = bench.info(path)
                check.that(info["events"]["stored"] + sum(info["lost"][loss] for loss in LOSSES) > 16 * rounds,
                           f"{info['events']['stored']} events, {info['lost']}")
                check.equal("verify", bench.read("verify", "-q", path).returncode, 0)
    finally:
        for _ in range(50):
            try:
                os.rmdir(group)
                break
            except OSError:
                time.sleep(0.1)


def map_count(bench, check):
    """vm.max_map_count: the program runs into it traced as untraced, and out of it again."""
    bench.both(check, "the most VMAs", [os.path.join(bench.build, "file_limits"), "maps"])
    (info,) = look(bench, check, "the most VMAs")
    check.that(info["events"]["failed"] > 0, "no call failed")
    check.that(max(snapshot["rows"] for snapshot in info["snapshots"]) < 100, "the VMAs stayed")


def folders(bench, check):
    """A folder that may not be written to, one that vanishes meanwhile, names that are too long."""
    command = churn(bench, "exit", 2, 500, STACKS)
    for out in ("/proc/t.vmat", "/nowhere" * 100, "x" * 300, "/dev/null/t.vmat", "/"):
        bench.both(check, f"VMATRACE_OUT={out[:20]}", command, VMATRACE_OUT=out)
    os.mkdir(bench.traces)
    if mount("-t", "tmpfs", "-o", "ro", "none", bench.traces):
        bench.both(check, "read-only", command)
        subprocess.run(["umount", bench.traces], check=True)
    gone = subprocess.Popen(churn(bench, "exit", 2, 0, STACKS, 1500), env=bench.environment(True))
    for _ in range(100):
        if bench.trace_files():
            break
        time.sleep(0.01)
    shutil.rmtree(bench.traces)
    check.equal("the folder vanished: status", gone.wait(timeout=60), 7)


ACTS = {act.__name__: act for act in (file_size, address_space, descriptors, locked, cgroup, map_count, folders)}


def main():
    if sys.argv[2] == "folders":
        in_mount_namespace()
    if sys.argv[2] == "locked" and (os.geteuid() or not shutil.which("setpriv")):
        skip("root and setpriv are needed to be nobody")
    perform(ACTS)


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""The file system has room, the user has none: at the start, from some moment on, or because root took it away.

    quota.py BUILD ACT

Skipped where the kernel has no quota; tests/machine runs it where one has.
"""
import contextlib
import ctypes
import os
import struct
import subprocess
import sys
import time

from churned import churn
from disks import disk, fill
from harness import Bench, Check, skip
from limits import NOBODY, STACKS, in_mount_namespace, look, open_to_nobody

KIBIBYTE = 1024
SET_QUOTA = 0x800008 << 8  # quotactl(2): Q_SETQUOTA, of users
KINDS = {"ext4": (["usrquota"], ["-O", "quota"]), "xfs": (["uquota"], [])}


class NobodysBench(Bench):
    """What is run is run by a user without rights."""

    def run(self, command, traced, **more):
        with self.start(command, traced, **more) as process:
            out, errors = process.communicate(timeout=600)
        return subprocess.CompletedProcess(command, process.returncode, out, errors)

    def start(self, command, traced, **more):
        return subprocess.Popen(command, env=self.environment(traced, **more), cwd=self.folder, user=NOBODY,
                                group=NOBODY, extra_groups=[], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)


class Quota:
    """A file system with quota, and what a user without rights may have of it."""

    def __init__(self, folder):
        self.folder = folder
        self.device = subprocess.run(["findmnt", "-no", "SOURCE", folder], capture_output=True, check=True).stdout.strip()

    def limit(self, kibibytes):
        """0: none. False: this kernel knows no quota."""
        limits = struct.pack("<8QII", kibibytes, kibibytes, 0, 0, 0, 0, 0, 0, 1, 0)
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.quotactl(SET_QUOTA, self.device, NOBODY, ctypes.create_string_buffer(limits)) == 0:
            return True
        print(f"not run: quota of {self.folder} ({os.strerror(ctypes.get_errno())})")
        return False

    def spend(self, kibibytes):
        path = os.path.join(self.folder, "spent")
        with open(path, "wb") as file:
            file.write(bytes(kibibytes * KIBIBYTE))
            os.fsync(file.fileno())
        os.chown(path, NOBODY, NOBODY)


@contextlib.contextmanager
def quotas(bench, kind):
    options, make = KINDS[kind]
    with disk(bench, kind, options, make) as folder:
        found = Quota(folder) if folder else None
        if found:
            os.chmod(folder, 0o755)
            bench.traces = os.path.join(folder, "traces")
            open_to_nobody(bench)
            bench.build = bench.folder
        yield found if found and found.limit(0) else None


def quota_spent(bench, check, kind):
    """Nothing is left of it at the start: nothing is recorded, no file stays, and it is said to who asks."""
    with quotas(bench, kind) as quota:
        if not quota:
            return False
        command = churn(bench, "exit", 4, 50, STACKS)
        quota.spend(900)
        quota.limit(600)
        plain, _ = bench.both(check, f"{kind}, spent", command)
        check.equal(f"{kind}, spent: status", plain.returncode, 7)
        check.equal(f"{kind}, spent: files", bench.trace_files(), [])
        told = bench.run(command, True, VMATRACE_VERBOSE="1")
        check.that(told.returncode == 7 and told.stderr.count(b"\n") == 1, f"{kind}, spent: {told.stderr}")
        quota.limit(0)
        check.equal(f"{kind}, not spent: traces", len(fill(bench, check, kind, bench.traces, command)), 1)
    return True


def quota_met(bench, check, kind):
    """It is used up in the middle: by the trace itself, or by what the program writes."""
    with quotas(bench, kind) as quota:
        if not quota:
            return False
        command = churn(bench, "exit", 4, 1200, STACKS)
        quota.limit(1024)
        infos = fill(bench, check, f"{kind}, 1 MiB", bench.traces, command)
        check.that([info for info in infos if info["lost"]["recording_stopped"]], f"{kind}: 1 MiB was enough")
        quota.limit(4096)
        os.mkdir(os.path.join(quota.folder, "own"))
        os.chown(os.path.join(quota.folder, "own"), NOBODY, NOBODY)
        command = [os.path.join(bench.build, "file_limits"), "quota", os.path.join(quota.folder, "own", "file")]
        for ring in ("64M", "1024"):
            what = f"{kind}, ring of {ring}"
            plain, _ = bench.both(check, what, command, VMATRACE_RING=ring)
            check.equal(f"{what}: output", plain.stdout, b"Disk quota exceeded\ndone\n")
            # What has its pages goes on in them. Lists that found no room any more are no base, and are counted.
            (info,) = look(bench, check, what, (0, 3) if ring == "1024" else (0,))
            lost = info["lost"]
            print(f"{what}: {info['events']['stored']} stored, {lost}")
            check.equal(f"{what}: stopped", bool(lost["recording_stopped"]), ring == "64M")
            check.equal(f"{what}: dropped, overwritten", (lost["dropped"] > 0, lost["overwritten"] > 0),
                        (ring == "64M", ring == "1024"))
            os.unlink(bench.trace_files()[0])
    return True


def quota_lowered(bench, check, kind):
    """What was granted is taken back while it is recorded."""
    with quotas(bench, kind) as quota:
        if not quota:
            return False
        quota.limit(12 * 1024)
        process = bench.start(churn(bench, "exit", 2, 0, STACKS, 8000), True)
        while process.poll() is None and used(bench) < 1024 * KIBIBYTE:
            time.sleep(0.02)
        check.that(process.poll() is None, f"{kind}, lowered: it ended before {used(bench)} bytes were used")
        quota.limit(64)
        os.sync()
        check.equal(f"{kind}, lowered: status, errors", (process.wait(), process.stderr.read()), (7, b""))
        (info,) = look(bench, check, f"{kind}, lowered")
        lost = info["lost"]
        print(f"{kind}, lowered: {info['events']['stored']} stored, {lost}")
        check.that(lost["recording_stopped"] and lost["dropped"] > 0, f"{kind}, lowered: {lost}")
    return True


def used(bench):
    return sum(os.stat(path).st_blocks * 512 for path in bench.trace_files())


ACTS = {act.__name__: act for act in (quota_spent, quota_met, quota_lowered)}


def main():
    in_mount_namespace()
    bench, check = NobodysBench(sys.argv[1]), Check()
    try:
        if not [kind for kind in KINDS if ACTS[sys.argv[2]](bench, check, kind)]:
            skip("no file system with quota")
    finally:
        bench.close()
    check.finish()


if __name__ == "__main__":
    main()

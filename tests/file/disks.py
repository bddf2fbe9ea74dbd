#!/usr/bin/env python3
"""File systems that have no room, or less and less of it, or that name their files as others do not.

    disks.py BUILD ACT
"""
import contextlib
import ctypes
import itertools
import json
import os
import shutil
import struct
import subprocess
import sys
import time

from churned import churn
from harness import perform, skip
from limits import NOBODY, STACKS, as_nobody, in_mount_namespace, look, mount

MEBIBYTE = 1 << 20
NUMBERS = itertools.count()
# The smallest that each can be; all but ext4's take much of it for themselves.
DISKS = {"ext4": 16, "xfs": 320, "btrfs": 128}
MAPS_FILES = """
import ctypes, mmap, os, sys
kept = []
for number, name in enumerate(sys.argv[1:]):
    file = os.open(name, os.O_RDWR | os.O_CREAT, 0o600)
    if not os.fstat(file).st_size:
        os.ftruncate(file, 65536)
    for flags in (mmap.MAP_SHARED, mmap.MAP_PRIVATE):
        kept.append(mmap.mmap(file, 16384, flags=flags))
        gone = mmap.mmap(file, 32768, flags=flags, offset=4096)
        del gone
    os.close(file)
ctypes.CDLL(None).exit(0)  # and nothing is unmapped
"""


@contextlib.contextmanager
def disk(bench, kind, options=(), make=()):
    """A file system of that kind, mounted; None, and it says so, where there is none to be had."""
    folder, image = (os.path.join(bench.folder, name) for name in ("disk", "image"))
    os.makedirs(folder, exist_ok=True)
    with open(image, "wb") as file:
        file.truncate(DISKS[kind] * MEBIBYTE)
    try:
        made = subprocess.run([f"mkfs.{kind}", "-q", *make, image], capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        made = False
    if not made or not mount("-o", ",".join(["loop", *options]), image, folder):
        print(f"not run: {kind} ({'no loop device, or not in this kernel' if made else 'no mkfs'})")
        yield None
        return
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)
        os.unlink(image)


def fill_up(folder):
    """Large files, then those of a MiB, then of a page, until there is no room, on the disk either. Their names."""
    made = []

    def one_more(store):
        path = os.path.join(folder, f"full.{next(NUMBERS)}")
        try:
            with open(path, "xb", buffering=0) as file:
                store(file)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(path)
            return False
        made.append(path)
        return True

    def write(file):
        if file.write(bytes(size)) < size:
            raise OSError

    while (room := os.statvfs(folder).f_bavail * os.statvfs(folder).f_bsize * 7 // 8) > 8 * MEBIBYTE:
        if not one_more(lambda file: os.posix_fallocate(file.fileno(), 0, room)):
            break
    for size in (MEBIBYTE, 65536, 4096):
        while one_more(write):
            pass
    os.sync()
    return made


def fill(bench, check, what, folder, command):
    """Runs it with its trace in `folder`, which is smaller than that."""
    bench.traces = folder
    plain, traced = bench.both(check, what, command)
    check.equal(f"{what}: status", plain.returncode, 7)
    infos = look(bench, check, what)
    for info in infos:
        lost = info["lost"]
        if lost["recording_stopped"]:
            check.that(lost["dropped"] > 0, f"{what}: stopped, and nothing dropped")
            check.that(info["events"]["stored"] > 30, f"{what}: {info['events']['stored']} events")
    for path in bench.trace_files():
        if path.endswith(".vmat"):
            os.unlink(path)
    return infos


def disk_full(bench, check):
    """No room at the start, or in the middle."""
    folder = os.path.join(bench.folder, "disk")
    os.mkdir(folder)
    made = stopped = 0
    for size in ("8k", "80k", "160k", "300k", "1m", "3m"):
        if not mount("-t", "tmpfs", "-o", f"size={size}", "none", folder):
            skip("no file system of our own")
        infos = fill(bench, check, f"tmpfs of {size}", folder, churn(bench, "exit", 4, 2500, STACKS))
        made += len(infos)
        stopped += any(info["lost"]["recording_stopped"] for info in infos)
        subprocess.run(["umount", folder], check=True)
    check.that(0 < made < 6 and stopped >= 2, f"{made} traces of 6, {stopped} stopped: too easy")
    for kind in DISKS:
        with disk(bench, kind) as folder:
            if not folder:
                continue
            pieces = fill_up(folder)
            fill(bench, check, f"{kind}, full", folder, churn(bench, "exit", 4, 500, STACKS))
            for path in [path for path in pieces if os.path.getsize(path) == MEBIBYTE][:2]:
                os.unlink(path)
            os.sync()
            infos = fill(bench, check, f"{kind}, two MiB", folder, churn(bench, "exit", 4, 12000, STACKS))
            check.that([info for info in infos if info["lost"]["recording_stopped"]], f"{kind}: two MiB were enough")


def lapped(bench):
    """True once the whole ring was stored to."""
    traces = bench.trace_files()
    done = bench.read("info", "--format", "json", traces[0]) if traces else None
    return bool(done and done.stdout) and json.loads(done.stdout)["lost"]["overwritten"] > 0


def disk_filled(bench, check):
    """Others fill the disk while recording goes on in pages that were written back: a store is no SIGBUS."""
    tried = 0
    for kind in DISKS:
        with disk(bench, kind) as folder:
            if not folder:
                continue
            tried += 1
            bench.traces = os.path.join(folder, "traces")
            process = subprocess.Popen(churn(bench, "exit", 4, 0, STACKS, 4000), stderr=subprocess.PIPE,
                                       env=bench.environment(True, VMATRACE_RING="1024"))
            pieces = rounds = 0
            while process.poll() is None and not lapped(bench):
                time.sleep(0.02)
            while process.poll() is None:
                pieces += len(fill_up(folder))
                rounds += 1
            check.equal(f"{kind}, filled: status, errors", (process.returncode, process.stderr.read()), (7, b""))
            check.that(pieces and rounds > 2, f"{kind}: {pieces} pieces in {rounds} rounds: the disk was not full")
            # Lists of VMAs that found no room any more are no base, and are counted.
            (info,) = look(bench, check, f"{kind}, filled", (0, 3))
            check.that(info["lost"]["overwritten"] > 1024, f"{kind}: {info['lost']}")
    if not tried:
        skip("no file system of our own")


def ext4_quota(bench, check):
    """True: it was there to be tried."""
    with disk(bench, "ext4", ["usrquota"], ["-O", "quota"]) as folder:
        if not folder:
            return False
        device = subprocess.run(["findmnt", "-no", "SOURCE", folder], capture_output=True, text=True,
                                check=False).stdout.strip()
        limits = ctypes.create_string_buffer(struct.pack("<8QII", 1024, 1024, 0, 0, 0, 0, 0, 0, 1, 0))
        set_quota = 0x800008 << 8  # Q_SETQUOTA, of users
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.quotactl(set_quota, device.encode(), NOBODY, limits):
            print(f"not run: quota of ext4 ({os.strerror(ctypes.get_errno())})")
            return False
        os.chmod(folder, 0o777)
        command = as_nobody(bench, os.path.join(bench.folder, "file_churn"),
                            *churn(bench, "exit", 4, 5000, STACKS)[1:])
        infos = fill(bench, check, "quota of 1 MiB", folder, command)
        check.that([info for info in infos if info["lost"]["recording_stopped"]], "the quota was enough")
    return True


def btrfs_quota(bench, check):
    """
    A qgroup is charged for each store to a page that was written back: where one has a limit nothing is recorded,
    and it is said why. True: it was there to be tried.
    """
    with disk(bench, "btrfs") as folder:
        if not folder or not shutil.which("btrfs"):
            return False
        limited, free = (os.path.join(folder, name) for name in ("limited", "free"))
        for command in (["quota", "enable", folder], ["subvolume", "create", limited], ["subvolume", "create", free]):
            subprocess.run(["btrfs", *command], check=True, stdout=subprocess.DEVNULL)
        command = churn(bench, "exit", 4, 2000, STACKS)
        check.equal("quota without a limit: traces", len(fill(bench, check, "no limit", free, command)), 1)
        subprocess.run(["btrfs", "qgroup", "limit", "4M", limited], check=True)
        check.equal("a limit: traces", fill(bench, check, "a limit", limited, command), [])
        told = bench.run(command, True, VMATRACE_VERBOSE="1")
        check.that(told.stderr.count(b"\n") == 1 and b"btrfs: quota" in told.stderr, f"a limit: {told.stderr}")
        recorded = bench.run([bench.vmatrace, "record", "-o", limited + "/", "--", *command], False)
        check.that(recorded.returncode == 7 and b"btrfs" in recorded.stderr, f"record: {recorded.stderr}")
        subprocess.run(["btrfs", "qgroup", "limit", "none", limited], check=True)
        check.equal("the limit taken off: traces", len(fill(bench, check, "no limit", limited, command)), 1)
    return True


def quota(bench, check):
    """The file system has room, the user has none."""
    if not [kind for kind in (ext4_quota, btrfs_quota) if kind(bench, check)]:
        skip("no file system with quota")


def files_there(bench, check, what, folder):
    """Program, recorder, trace and what is mapped lie there: the replay is the kernel's list, modules are known."""
    home = os.path.join(folder, "home")
    os.mkdir(home)
    for name in ("libvmatrace.so", "file_churn"):
        shutil.copy(os.path.join(bench.build, name), home)
    for path in os.listdir(bench.build):
        if path.startswith("libvmatrace") and not os.path.exists(os.path.join(home, path)):
            shutil.copy(os.path.join(bench.build, path), home)
    bench.library, bench.traces = os.path.join(home, "libvmatrace.so"), os.path.join(folder, "traces")
    kernel = os.path.join(bench.folder, "end.maps")
    data = [os.path.join(folder, name) for name in ("lower", "new")]
    commands = {"files": [sys.executable, "-c", MAPS_FILES, *data],
                "churn": [os.path.join(home, "file_churn"), "exit", "1", "300", "64"]}
    for name, command in commands.items():
        settings = [f"{key}={value}" for key, value in bench.environment(True).items()
                    if key.startswith(("VMATRACE_", "LD_PRELOAD"))]
        done = bench.run([os.path.join(bench.build, "last_maps"), kernel, "env", *settings, *command], False)
        check.that(done.returncode in (0, 7), f"{what}, {name}: {done.returncode}, {done.stderr}")
        (trace,) = bench.trace_files()
        verify = bench.read("verify", "--format", "json", trace)
        check.equal(f"{what}, {name}: verify", verify.returncode, 0)
        with open(kernel, encoding="utf-8") as file:
            check.equal(f"{what}, {name}: the list at the end",
                        bench.read("maps", "-q", trace).stdout.decode().splitlines(), file.read().splitlines())
        if name == "files":
            done = bench.read("shared", "-q", "--format", "json", trace)
            for path in data:
                check.equal(f"{what}: {path} in `shared`", done.stdout.decode().count(f'"{path}"'), 1)
        os.unlink(trace)
    bench.run(commands["churn"], True)
    check.that(len(look(bench, check, f"{what}, stacks")) == 1, f"{what}: no trace")
    shutil.rmtree(bench.traces)


def devices(bench, check):
    """btrfs and overlays name their files in maps by another device than fstat does."""
    library = bench.library
    tried = 0
    for kind in ("btrfs", "ext4"):
        with disk(bench, kind) as folder:
            if not folder:
                continue
            tried += 1
            if kind == "btrfs" and shutil.which("btrfs"):
                folder = os.path.join(folder, "volume")
                subprocess.run(["btrfs", "subvolume", "create", folder], check=True, stdout=subprocess.DEVNULL)
            files_there(bench, check, kind, folder)
    below, above, together = (os.path.join(bench.folder, name) for name in ("below", "above", "together"))
    for folder in (below, above, together):
        os.mkdir(folder)
    with open(os.path.join(below, "lower"), "wb") as file:
        file.write(bytes(65536))
    if mount("-t", "tmpfs", "none", above):
        os.mkdir(os.path.join(above, "upper"))
        os.mkdir(os.path.join(above, "work"))
        if mount("-t", "overlay", "-o", f"lowerdir={below},upperdir={above}/upper,workdir={above}/work", "none", together):
            tried += 1
            files_there(bench, check, "overlay", together)
            subprocess.run(["umount", together], check=True)
        subprocess.run(["umount", above], check=True)
    bench.library = library
    if not tried:
        skip("no file system of our own")


ACTS = {act.__name__: act for act in (disk_full, disk_filled, quota, devices)}


def main():
    in_mount_namespace()
    perform(ACTS)


if __name__ == "__main__":
    main()

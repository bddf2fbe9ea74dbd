#!/usr/bin/env python3
"""Runs a command under another kernel: this machine's files, read-only, in a virtual machine that has it.

    boot.py KERNEL [--write FOLDER]... [--with MODULE]... COMMAND...

KERNEL is a folder that a Debian package of a kernel was unpacked into; VMATRACE_KERNEL names another. Its /proc, /dev,
/sys, /tmp, /run, /var/tmp and each FOLDER are the virtual machine's own, and gone with it. MODULE is loaded
besides those of ext4, quota, overlays and loop devices. Ends with the command's status, or 77 if there is no
qemu or no such kernel, 125 if the machine did not come to its end.
"""
import glob
import lzma
import os
import re
import shlex
import shutil
import signal
import stat
import subprocess
import sys
import tempfile

SKIPPED, BROKEN = 77, 125
MEBIBYTES = 2048
# Those that mount `/`, and those that tests mount; what a kernel has built in is no file, and is left out.
MODULES = ["virtio_pci", "9pnet_virtio", "9p", "crc32c_generic", "crc32c_intel", "loop", "ext4", "quota_v2", "overlay"]
INIT = """#!/bin/busybox sh
busybox mount -t devtmpfs none /dev
for module in $(busybox cat /modules); do busybox insmod /$module.ko; done
busybox mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=1048576,cache=loose files /files ||
	busybox echo "no files" >/dev/ttyS1
busybox mount --move /dev /files/dev
busybox mount -t tmpfs none /files/run
busybox cp /stage /files/run/stage
exec busybox switch_root /files /bin/sh /run/stage
"""
STAGE = """
exec </dev/null >/dev/ttyS1 2>&1
stty raw </dev/ttyS1
mount -t proc none /proc
mount -t sysfs none /sys
for folder in /tmp /var/tmp /dev/shm {folders}; do
	mkdir -p $folder && mount -t tmpfs -o mode=1777 none $folder
done
mkdir /dev/pts && mount -t devpts none /dev/pts
ip link set lo up
mount -t tmpfs none /sys/fs/cgroup
mkdir /sys/fs/cgroup/memory && mount -t cgroup -o memory none /sys/fs/cgroup/memory
ln -s /proc/self/fd /dev/fd
cd {folder}
env -i {environment} {command}
echo "{end} $?"
sync
echo b >/proc/sysrq-trigger
"""
END = "the machine ends with status"


def module_files(kernel):
    """Each module by its name; `-` in a file's name is `_` in a module's."""
    files = glob.glob(os.path.join(kernel, "**", "*.ko*"), recursive=True)
    return {os.path.basename(path).split(".ko")[0].replace("-", "_"): path for path in files}


def module(path):
    with (lzma.open if path.endswith(".xz") else open)(path, "rb") as file:
        return file.read()


def needed(kernel, more):
    """The modules in the order they are to be loaded in: (name, content)."""
    files, order = module_files(kernel), {}

    def load(name):
        if name not in order and name in files:
            content = module(files[name])
            for found in re.findall(rb"\0depends=([^\0]*)\0", content):
                for other in found.decode().split(","):
                    load(other.replace("-", "_"))
            order[name] = content

    for name in [*MODULES, *more]:
        load(name)
    return list(order.items())


def archive(entries):
    """A cpio archive of (name, mode, content), as the kernel unpacks it (initramfs-buffer-format)."""
    pieces = []
    for number, (name, mode, content) in enumerate([*entries, ("TRAILER!!!", 0, b"")]):
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        header = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        for piece in (header, content):
            pieces.append(piece + bytes(-len(piece) % 4))
    return b"".join(pieces)


def initial_files(kernel, busybox, folders, more, command):
    modules = needed(kernel, more)
    with open(busybox, "rb") as file:
        program = file.read()
    environment = {name: os.environ[name] for name in os.environ
                   if name.startswith(("VMATRACE_", "CTEST_", "LC_"))}
    environment.update(PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", HOME="/tmp", USER="root")
    stage = STAGE.format(folders=shlex.join(folders), folder=shlex.quote(os.getcwd()), command=shlex.join(command),
                         environment=shlex.join(f"{name}={value}" for name, value in environment.items()), end=END)
    entries = [(name, stat.S_IFDIR | 0o755, b"") for name in ("dev", "files", "bin")]
    entries += [("bin/busybox", stat.S_IFREG | 0o755, program), ("init", stat.S_IFREG | 0o755, INIT.encode()),
                ("stage", stat.S_IFREG | 0o644, stage.encode()),
                ("modules", stat.S_IFREG | 0o644, "\n".join(name for name, _ in modules).encode())]
    entries += [(f"{name}.ko", stat.S_IFREG | 0o644, content) for name, content in modules]
    return archive(entries)


def skip(why):
    print(f"SKIP: {why}")
    sys.exit(SKIPPED)


def unpacked(image, to):
    """The kernel itself, which boots in a third of the time, or the image as it is if it is not packed by xz."""
    with open(image, "rb") as file:
        content = file.read()
    begin = content.find(b"\xfd7zXZ\0")
    if begin < 0:
        return image
    with open(to, "wb") as file:
        file.write(lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(content[begin:]))
    return to


def accelerated():
    """By a KVM that runs any kernel: there are others than the processors' own."""
    return os.access("/dev/kvm", os.R_OK | os.W_OK) and \
        any(os.path.exists(f"/sys/module/kvm_{vendor}") for vendor in ("intel", "amd"))


def qemu(image, initial, log):
    # Two emulated processors are slower than one: each change of the address space waits for both.
    accelerator = ["-accel", "kvm", "-cpu", "host", "-smp", "2"] if accelerated() else \
        ["-accel", "tcg,tb-size=1024", "-cpu", "max", "-smp", "1"]
    return ["qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
            *accelerator, "-m", str(MEBIBYTES),
            "-kernel", image, "-initrd", initial, "-append", "console=ttyS0 quiet panic=-1 loglevel=4",
            "-virtfs", "local,path=/,mount_tag=files,security_model=none,readonly=on,multidevs=remap",
            "-serial", f"file:{log}", "-serial", "stdio"]


def run(command, log):
    """Passes on what the command says; its status, or None."""
    # Interrupted tests leave no machine behind: it dies with this process.
    with subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "--", *command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE) as machine:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(BROKEN))
        status = None
        for line in machine.stdout:
            found = re.search(rf"{END} (\d+)$", line.decode(errors="replace").strip())
            if found:
                status = int(found.group(1))
            else:
                sys.stdout.buffer.write(line.replace(b"\r\n", b"\n"))
                sys.stdout.flush()
    if status is None:
        with open(log, encoding="utf-8", errors="replace") as file:
            print("the machine did not come to its end; its kernel said:", *file.readlines()[-30:], sep="\n")
    return status


def main():
    arguments = sys.argv[1:]
    if len(arguments) < 2:
        sys.exit(__doc__)
    kernel = os.environ.get("VMATRACE_KERNEL") or arguments[0]
    del arguments[0]
    options = {"--write": [], "--with": []}
    while arguments[0] in options:
        options[arguments.pop(0)].append(arguments.pop(0))
    folders = [os.path.abspath(folder) for folder in options["--write"]]
    images = glob.glob(os.path.join(kernel, "boot", "vmlinuz-*"))
    busybox = "/bin/busybox"
    for program in ("qemu-system-x86_64", "setpriv", busybox):
        if not shutil.which(program):
            skip(f"{program} is not installed")
    if not images:
        skip(f"no kernel in {kernel}: tests/run --full fetches one on Debian")
    with tempfile.TemporaryDirectory(prefix="vmatrace-machine-") as folder:
        initial, log = os.path.join(folder, "initial"), os.path.join(folder, "log")
        with open(initial, "wb") as file:
            file.write(initial_files(kernel, busybox, folders, options["--with"], arguments))
        image = unpacked(images[0], os.path.join(folder, "kernel"))
        status = run(qemu(image, initial, log), log)
    sys.exit(BROKEN if status is None else status)


if __name__ == "__main__":
    main()

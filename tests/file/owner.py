#!/usr/bin/env python3
"""A trace shows where everything lies in a process: it is its user's alone, and nobody leads it elsewhere.

    owner.py BUILD ACT
"""
import os
import shutil
import signal
import subprocess
import time

from churned import churn
from harness import need, perform, skip

NOBODY = 65534


def mode(path):
    return oct(os.lstat(path).st_mode & 0o7777)


def modes(bench, check):
    """0600 for files, 0700 for folders, whatever the umask; what is there already stays as it is."""
    there = os.path.join(bench.folder, "there")
    os.mkdir(there)
    os.chmod(there, 0o755)
    old = os.umask(0)
    try:
        out = os.path.join(there, "a/b/t.vmat")
        bench.run(churn(bench, "exit", 1, 10, 2), True, VMATRACE_OUT=out)
        command = [bench.vmatrace, "record", "-q", "-o", os.path.join(there, "c/d") + "/", "--",
                   *churn(bench, "exit", 1, 10, 2)]
        bench.run(command, False)
        bench.run([bench.vmatrace, "record", "-q", "--", *churn(bench, "exit", 1, 10, 2)], False, cwd=there)
    finally:
        os.umask(old)
    check.equal("a folder that was there", mode(there), "0o755")
    seen = 0
    for folder, names, files in os.walk(there):
        for name in names:
            check.equal(f"folder {name}", mode(os.path.join(folder, name)), "0o700")
        for name in files:
            check.equal(f"file {name}", mode(os.path.join(folder, name)), "0o600")
            seen += 1
    check.equal("files", seen, 3)


def links(bench, check):
    """A name that is taken, by a file or by a link, is neither written to nor followed: the next one is free."""
    victim = os.path.join(bench.folder, "victim")
    with open(victim, "wb") as file:
        file.write(b"mine")
    os.mkdir(bench.traces)
    os.symlink(victim, os.path.join(bench.traces, "t.vmat"))
    os.symlink(os.path.join(bench.folder, "made"), os.path.join(bench.traces, "t.1.vmat"))
    os.link(victim, os.path.join(bench.traces, "t.2.vmat"))
    done = bench.run(churn(bench, "exit", 1, 10, 2), True, VMATRACE_OUT=os.path.join(bench.traces, "t.vmat"))
    check.equal("status", done.returncode, 7)
    check.equal("the victim", open(victim, "rb").read(), b"mine")
    check.that(not os.path.exists(os.path.join(bench.folder, "made")), "a dangling link was followed")
    check.that(os.path.isfile(os.path.join(bench.traces, "t.3.vmat")), f"{os.listdir(bench.traces)}")


def shared_folder(bench, check):
    """In a folder like /tmp a stranger's link is no way to anywhere, and an own one is."""
    if os.geteuid():
        skip("root is needed to be two users")
    shared = os.path.join(bench.folder, "shared")
    os.mkdir(shared)
    os.chmod(shared, 0o1777)
    os.chmod(bench.folder, 0o755)
    elsewhere = os.path.join(bench.folder, "elsewhere")
    os.mkdir(elsewhere)
    for name, owner, followed in (("strange", NOBODY, False), ("own", 0, True)):
        link = os.path.join(shared, name)
        os.symlink(elsewhere, link)
        os.lchown(link, owner, owner)
        for out in (os.path.join(link, "t.vmat"), os.path.join(link, "more", "t.vmat")):
            done = bench.run(churn(bench, "exit", 1, 10, 2), True, VMATRACE_OUT=out)
            check.equal(f"{name}: status", (done.returncode, done.stderr), (7, b""))
        found = [name for _, _, files in os.walk(elsewhere) for name in files]
        check.equal(f"{name}: traces behind the link", len(found), 2 if followed else 0)
    # A stranger's folder is one: what is in it is ours all the same.
    strange = os.path.join(shared, "folder")
    os.mkdir(strange)
    os.chown(strange, NOBODY, NOBODY)
    bench.run(churn(bench, "exit", 1, 10, 2), True, VMATRACE_OUT=os.path.join(strange, "t.vmat"))
    check.equal("in a stranger's folder", mode(os.path.join(strange, "t.vmat")), "0o600")


# Makes the library one of the system's that is set-user-id, in a mount namespace of its own, and runs the program as
# another user: arguments are a folder, the library, the program, where traces go.
PRELOAD_SECURELY = """
system=$(dirname "$(readlink -f /lib/x86_64-linux-gnu/libc.so.6)") || exit 77
mkdir "$1/up" && mount -t tmpfs none "$1/up" && mkdir "$1/up/u" "$1/up/w" &&
mount -t overlay -o "lowerdir=$system,upperdir=$1/up/u,workdir=$1/up/w" none "$system" || exit 77
cp "$2" "$system/libvmatrace.so" && chmod 4755 "$system/libvmatrace.so" || exit 77
export LD_PRELOAD=libvmatrace.so VMATRACE_OUT="$4/%p.vmat" VMATRACE_VERBOSE=1
exec setpriv --reuid=65534 --clear-groups --inh-caps=-all -- "$3" exit 1 0 2 3000
"""


def loaded_and_patched(pid):
    """Whether the recorder is in that process, and whether libc's text is not what its file holds."""
    loaded, patched = False, False
    with open(f"/proc/{pid}/maps", encoding="utf-8") as maps, open(f"/proc/{pid}/mem", "rb") as memory:
        for line in maps:
            where, rights, offset, _, _, name = (line.split(maxsplit=5) + [""])[:6]
            name = name.rstrip("\n")
            loaded |= name.endswith("/libvmatrace.so")
            if name.endswith("/libc.so.6") and "x" in rights:
                start, end = (int(part, 16) for part in where.split("-"))
                memory.seek(start)
                with open(f"/proc/{pid}/root{name}", "rb") as file:
                    file.seek(int(offset, 16))
                    patched |= memory.read(end - start) != file.read(end - start)
    return loaded, patched


def secure(bench, check):
    """A set-user-id program, and one with capabilities, record nothing, even where the loader lets the library in."""
    if os.geteuid() or not shutil.which("setpriv") or \
            subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        skip("root and a mount namespace are needed")
    os.chmod(bench.folder, 0o755)
    os.mkdir(bench.traces)
    os.chmod(bench.traces, 0o777)
    program = os.path.join(bench.folder, "file_churn")
    shutil.copy(os.path.join(bench.build, "file_churn"), program)
    ways = {"no rights of its own": (["chmod", "755"], True), "set-user-id": (["chmod", "4755"], False)}
    if shutil.which("setcap"):
        ways["capabilities"] = (["setcap", "cap_net_raw+ep"], False)
    for number, (name, (grant, traced)) in enumerate(ways.items()):
        folder = os.path.join(bench.folder, str(number))
        os.mkdir(folder)
        os.chmod(program, 0o755)
        if subprocess.run([*grant, program], check=False).returncode:
            print(f"not run: {name}")
            continue
        process = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "sh", "-c", PRELOAD_SECURELY, "sh",
                                    folder, bench.library, program, bench.traces], stderr=subprocess.PIPE)
        for _ in range(500):
            if process.poll() is not None or os.readlink(f"/proc/{process.pid}/exe") == program:
                break
            time.sleep(0.01)
        time.sleep(0.5)
        if process.poll() == 77:
            skip(f"no overlay of the system's libraries: {process.stderr.read()}")
        # Or nothing would be tested: the recorder is there, and leaves everything as it is.
        check.equal(f"{name}: loaded, patched", loaded_and_patched(process.pid), (True, traced))
        errors = process.communicate()[1]
        check.equal(f"{name}: status, lines of the recorder", (process.returncode, errors.count(b"\n")),
                    (7, 1 + traced))
        programs = [os.path.basename(bench.info(path)["exe"]) for path in bench.trace_files()]
        check.equal(f"{name}: traced", sorted(programs), ["file_churn", "setpriv"] if traced else ["setpriv"])
        for path in bench.trace_files():
            os.unlink(path)


READERS = ("info", "events", "timeline", "maps", "mm", "budget", "protections", "shared", "sites", "leaks", "verify", "check")


def changes_of(log, trace):
    """What strace saw that could cut a file: by its name, or opened to be written to."""
    with open(log, encoding="utf-8", errors="replace") as file:
        lines = [line for line in file if trace in line or "truncate(" in line]
    return [line for line in lines if "O_RDONLY" not in line] if lines else ["nothing was seen"]


def truncated(bench, check):
    """
    A trace that another process cuts while it is written: the documented end, a SIGBUS, and what is left can be read.
    vmatrace itself never does it: its commands do not even open a trace to write, and `record` cuts none.
    """
    need("strace")
    process = subprocess.Popen(churn(bench, "exit", 2, 0, 4, 60000), env=bench.environment(True, VMATRACE_RING="1024"))
    while not bench.trace_files() or b"stored" not in bench.read("info", "--format", "json", *bench.trace_files()).stdout:
        time.sleep(0.02)
    (trace,) = bench.trace_files()
    size, log = os.path.getsize(trace), os.path.join(bench.folder, "strace")
    for command in READERS:
        subprocess.run(["strace", "-f", "-o", log, "-e", "trace=/open.*|.*truncate.*", bench.vmatrace, command, "-q", trace],
                       capture_output=True, check=False, timeout=300, env=bench.environment(False))
        check.equal(f"{command}: what could cut the trace", changes_of(log, trace), [])
        check.equal(f"{command}: size, life", (os.path.getsize(trace), process.poll()), (size, None))
    os.rename(trace, trace + ".moved")
    time.sleep(0.2)
    check.equal("moved: life", process.poll(), None)
    os.truncate(trace + ".moved", 4096)
    check.equal("cut: the end", process.wait(timeout=60), -signal.SIGBUS)
    for command in READERS:
        done = bench.read(command, "-q", trace + ".moved")
        check.that(done.returncode in (0, 1, 3), f"{command} of what is left: {done.returncode}, {done.stderr[:300]}")
    command = ["strace", "-o", log, "-e", "trace=/open.*|.*truncate.*", bench.vmatrace, "record", "-q", "-o",
               os.path.join(bench.folder, "recorded") + "/", "--", *churn(bench, "exit", 2, 100, 4)]
    check.equal("record: status", bench.run(command, False).returncode, 7)
    with open(log, encoding="utf-8", errors="replace") as file:
        check.equal("record: what cuts", [line for line in file if "truncate(" in line or ".vmat" in line and "O_TRUNC" in line], [])


ACTS = {act.__name__: act for act in (modes, links, shared_folder, secure, truncated)}


if __name__ == "__main__":
    perform(ACTS)

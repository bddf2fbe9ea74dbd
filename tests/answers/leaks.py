#!/usr/bin/env python3
"""leaks: what is left against the kernel's lists; libc's own apart; shm objects, threads, suppressions."""
import json
import os
import re
import shutil
import subprocess
import tempfile

from common import BUILD, SOURCES, VMATRACE, Run, Script, check, crc32c, equal, finish, guilty, place

CLASSES = ("program", "thread-stack", "libc", "loader", "unexplained")


def consistent(run, leaks):
    """The parts are the whole, and nothing is negative."""
    accounts = leaks["accounts"]
    check(f"{run.name}: nothing negative", all(value >= 0 for value in accounts.values()))
    equal(f"{run.name}: the parts are the whole", accounts["before"] + accounts["tracer"]
          + sum(accounts[name] for name in CLASSES), accounts["mapped"])
    rows = [row for row in run.json("maps")]
    equal(f"{run.name}: mapped is what maps lists", accounts["mapped"],
          sum(int(row["vm_end"], 16) - int(row["vm_start"], 16) for row in rows))
    for name in CLASSES[:4]:
        equal(f"{run.name}: rows of class {name}",
              sum(row["bytes"] for row in leaks["mappings"] if row["class"] == name),
              accounts[name])


def mappings(name):
    with Run(name) as run:
        leaks = run.json("leaks")
        grown = run.maps("end")[0] - run.maps("begin")[0]
        consistent(run, leaks)
        equal(f"{name}: leaked is what the kernel's lists differ by", leaks["leaked_bytes"], grown)
        run.ask("leaks", "--fail", status=1 if grown else 0)
        run.ask("leaks")
        if not grown:
            check(f"{name}: says so", "No leaked mappings" in run.ask("leaks"))
            return
        first = leaks["mappings"][0]
        equal(f"{name}: the guilty line is first", place(first["stack"])[1], guilty(name))
        text = run.ask("leaks").splitlines()
        check(f"{name}: the guilty line is first in text",
              f"({name}.c:{guilty(name)})" in text[2], text[2])


def threads():
    with Run("unjoined") as run, Run("unjoined", "join") as joined:
        leaks = run.json("leaks")
        consistent(run, leaks)
        stacks = leaks["thread_stacks"]
        equal("unjoined: stacks", (stacks["count"], stacks["exited"]), (12, 12))
        # glibc keeps 40 MiB of stacks: of twelve of 8 MiB and a guard page at most four.
        check("unjoined: at least", 7 <= stacks["unjoined_at_least"] <= 8, stacks)
        run.ask("leaks", "--fail", status=1)
        first = [row for row in leaks["mappings"] if row["class"] == "thread-stack"][0]
        equal("unjoined: the guilty line", place(first["stack"]), ("spawn", guilty("unjoined")))
        equal("unjoined: whose stacks", sorted((one["thread"], one["thread_name"], one["ended"])
                                               for one in first["threads"]), sorted(
            (row["thread"], row["thread_name"], True) for row in run.json("maps") if "thread" in row
            and row["kind"] == "thread-stack"))
        equal("unjoined: all of them", [one["thread_name"] for one in first["threads"]],
              ["answers_unjoined"[:15]] * 12)
        text = run.ask("leaks")
        check("unjoined: whose stacks, in text", text.count('"answers_unjoine", ended') == 4
              and "; and 8 more threads\n" in text, text)
        equal("unjoined: no leak of the program's", leaks["leaked_bytes"], 0)
        leaks = joined.json("leaks")
        consistent(joined, leaks)
        equal("joined: none unjoined", leaks["thread_stacks"]["unjoined_at_least"], 0)
        joined.ask("leaks", "--fail")


def of_another_boot(run):
    """The trace as if its machine had been up for an hour more."""
    for name in os.listdir(run.trace):
        with open(os.path.join(run.trace, name), "r+b") as file:
            header = bytearray(file.read(4096))
            header[312:320] = (int.from_bytes(header[312:320], "little") + 3600 * 10**9).to_bytes(8, "little")
            header[20:24] = bytes(4)
            header[20:24] = crc32c(header).to_bytes(4, "little")
            file.seek(0)
            file.write(header)


def elsewhere(run):
    """Asked where /dev/shm is another one, as in a container, though the clocks are the same: what is not there is not gone."""
    command = ["unshare", "--mount", "--map-root-user", "sh", "-c", 'mount -t tmpfs none /dev/shm || exit 77; exec "$@"',
               "sh", VMATRACE, "leaks", "-q", "--fail", "--format", "json", run.trace]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 77 or "unshare" in done.stderr:
        print(f"skipped: another /dev/shm: {done.stderr.strip()}")
        return
    equal("shm: from elsewhere it is a leak still", done.returncode, 1)
    equal("shm: nothing is known of it there", [one["gone_now"] for one in json.loads(done.stdout)["shm"]], [False])


BIND = 'set -e; mkdir -p /dev/shm/"$0"; mount --bind /dev/shm/"$0" /dev/shm; exec "$@"'
# Two mounts of the same file system, one hides a folder of the other.
HIDE = 'set -e; mkdir -p /dev/shm/"$0"/empty; mount --bind /dev/shm/"$0"/empty /dev/shm/"$0"; exec "$@"'


def bound(script, folder, *command):
    """The command where /dev/shm is a folder of what it is here, or lacks it. None: that cannot be made here."""
    done = subprocess.run(["unshare", "--mount", "--map-root-user", "sh", "-c", script, folder, *command],
                          capture_output=True, text=True, check=False)
    if "unshare" in done.stderr or "mount:" in done.stderr:
        print(f"skipped: a bound /dev/shm: {done.stderr.strip()}")
        return None
    return done


def folders():
    """A folder of /dev/shm mounted over it, for who asks or for the program: the file system is the same, and names are not."""
    folder = f"answers.folder.{os.getpid()}"
    trace = tempfile.mkdtemp(prefix="answers.")
    ask = (VMATRACE, "leaks", "-q", "--fail", "--format", "json")

    def gone(what, done, status):
        equal(f"shm: {what}", (done.returncode, [one["gone_now"] for one in json.loads(done.stdout)["shm"]]),
              (status, [not status]))

    def here():
        return subprocess.run([*ask, trace + "/there"], capture_output=True, text=True, check=False)

    with Run("shm_never_unlinked") as run:
        name = run.out.split()[1]
        try:
            done = bound(BIND, folder, *ask, run.trace)
            if done:
                gone("it is not in the folder that is asked in", done, 1)
        finally:
            os.unlink("/dev/shm" + name)
        done = bound(BIND, folder, *ask, run.trace)
        if done:
            gone("who sees one folder alone does not know", done, 1)
    done = bound(BIND, folder, VMATRACE, "record", "-q", "-o", trace + "/there", "--",
                 os.path.join(BUILD, "answers_shm_never_unlinked"))
    try:
        if done:
            name = done.stdout.split()[1]
            gone("it is in the folder that the program had", here(), 1)
            gone("where that is hidden it is not known", bound(HIDE, folder, *ask, trace + "/there"), 1)
            os.rename(f"/dev/shm/{folder}{name}", f"/dev/shm/{folder}/another")
            gone("it has another name", here(), 1)
            os.unlink(f"/dev/shm/{folder}/another")
            gone("removed from the folder that the program had", here(), 0)
    finally:
        shutil.rmtree(f"/dev/shm/{folder}", ignore_errors=True)
        shutil.rmtree(trace)


def objects():
    with Run("shm_never_unlinked") as run:
        name = run.out.split()[1]
        try:
            leaks = run.json("leaks")
            equal("shm: the object left", [one["name"] for one in leaks["shm"]], [name])
            equal("shm: by the guilty line", place(leaks["shm"][0]["stack"]),
                  ("object_new", guilty("shm_never_unlinked")))
            equal("shm: its mode", leaks["shm"][0]["mode"], 0o600)
            equal("shm: it is there", leaks["shm"][0]["gone_now"], False)
            equal("shm: no leaked mapping", leaks["leaked_bytes"], 0)
            run.ask("leaks", "--fail", status=1)
            elsewhere(run)
            with tempfile.NamedTemporaryFile("w", suffix=".supp") as file:
                file.write("shm:^object_new$\n")
                file.flush()
                run.ask("leaks", "--fail", "--suppressions", file.name)
                leaks = run.json("leaks", "--suppressions", file.name)
                equal("shm: suppressed", (leaks["shm"], leaks["shm_suppressed"]), ([], 1))
        finally:
            os.unlink("/dev/shm" + name)
        equal("shm: removed as a file", [one["gone_now"] for one in run.json("leaks")["shm"]], [True])
        check("shm: which is said", "gone by now" in run.ask("leaks"))
        run.ask("leaks", "--fail")
        os.symlink(os.path.join(run.folder, "missing"), "/dev/shm" + name)
        try:
            equal("shm: a link is not followed", [one["gone_now"] for one in run.json("leaks")["shm"]], [False])
        finally:
            os.unlink("/dev/shm" + name)
        of_another_boot(run)
        leaks = run.json("leaks")
        equal("shm: nobody knows of another machine's", [(one["name"], one["gone_now"]) for one in leaks["shm"]],
              [(name, False)])
        check("shm: nothing is said of it", "gone by now" not in run.ask("leaks"))


def apart(run):
    """One function called from several lines: each line of a report says which."""
    lines = {number for number, line in enumerate(open(os.path.join(SOURCES, "shm_removed.c"),
                                                       encoding="utf-8"), 1) if "map_of(" in line}
    for command in (("leaks",), ("sites", "--call", "mmap")):
        text = run.ask(*command)
        rows = [row for row in text.splitlines() if " map_of (shm_removed.c:" in row]
        who = [row[row.index("map_of ("):] for row in rows]
        equal(f"{command[0]}: lines that read the same", len(who), len(set(who)))
        equal(f"{command[0]}: where they part",
              {int(row.rsplit("  from main (shm_removed.c:", 1)[-1].rstrip(")")) for row in who},
              lines - {min(lines)})  # the first is the function itself


def removed():
    """Objects removed as files of /dev/shm: what the traces can know of it."""
    with Run("shm_removed") as run:
        names = run.out.split()[1:]
        seconds = {names[4]: guilty("shm_removed", "guilty: the second"),
                   names[5]: guilty("shm_removed", "guilty: the other")}
        try:
            leaks = run.json("leaks")
            equal("removed: known", {one["name"] for one in leaks["shm_removed"]}, set(names[:3]))
            equal("removed: not known, but looked after",
                  {one["name"]: one["gone_now"] for one in leaks["shm"]},
                  {names[3]: True, names[4]: False, names[5]: False, names[6]: False})
            equal("removed: who made what is left",
                  {one["name"]: one["stack"][1]["line"] for one in leaks["shm"]
                   if one["name"] in seconds}, seconds)
            text = run.ask("leaks")
            check("removed: text", "never unlinked: 4, of which 1 is gone by now and no leak" in text
                  and "another way than shm_unlink, no leak: 3" in text
                  and "removed as a file in /dev/shm is not seen" in text, text)
            apart(run)
            supp = os.path.join(run.folder, "mappings.supp")
            with open(supp, "w", encoding="ascii") as file:
                file.write("leak:^map_of$\n")
            run.ask("leaks", "--fail", "--suppressions", supp, status=1)
        finally:
            for name in names[4:6]:
                os.unlink("/dev/shm" + name)
        # Those that no mapping was seen of may be in another /dev/shm than the one that is looked at.
        equal("removed: all of them now", {one["name"]: one["gone_now"] for one in run.json("leaks")["shm"]},
              {names[3]: True, names[4]: False, names[5]: True, names[6]: False})
        run.ask("leaks", "--fail", "--suppressions", supp, status=1)
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            file.write("version: 1\nincomplete: ignore\nrules:\n  leaked-shm: {level: error}\n")
            file.flush()
            status, out, _ = run.told("check", "--policy", file.name, "--format", "json")
        # A policy's verdict is of the traces alone, the same wherever it is asked for.
        check("removed: check", status == 1 and "4 shared-memory objects created" in out, out)


def suppressions():
    with Run("leak_loop") as run, tempfile.NamedTemporaryFile("w", suffix=".supp") as file:
        def with_lines(text):
            file.seek(0)
            file.truncate()
            file.write(text)
            file.flush()
            return "--suppressions", file.name
        equal("a suppression", run.json("leaks", *with_lines("# ours\n\nleak:buffer_*w\n"))
              ["leaked_bytes"], 0)
        run.ask("leaks", "--fail", *with_lines("leak:^buffer_new$\n"))
        run.ask("leaks", "--fail", *with_lines("leak:leak_loop.c\n"))
        run.ask("leaks", "--fail", *with_lines("leak:^buffer$\nleak:uffer_ne$\nleak:^uffer\n"),
                status=1)
        run.ask("leaks", *with_lines("leak buffer\n"), status=2)
        run.ask("leaks", "--suppressions", "/no/such/file", status=2)
        # One file for `check` and for this: lines of other rules are left to it, and counted.
        lines = "rwx:jit_*\nwx-mapping:jit\nleaked-mapping:^buffer_new$\nleak:nobody\n"
        done = subprocess.run((VMATRACE, "leaks", "--fail", *with_lines(lines), run.trace), capture_output=True,
                              text=True, check=False)
        err = done.stderr
        equal("lines of other rules: status", done.returncode, 0)
        check("lines of other rules", re.search(r"\.supp: 2 lines of other rules left to check\n", err), err)
        check("a line of no use", re.search(r"\.supp:4: leak:nobody suppresses nothing\n", err), err)
        sites = run.json("leaks", *with_lines("leak:main\n"))
        equal("suppressed is told", sites["accounts"]["suppressed"], 100 * 4 * 4096)


def suppressed_by_path():
    """By the path of a source that only a process knew which was closed before the last."""
    with Script(f"{BUILD}/answers_leak_loop; {BUILD}/answers_clean") as run:
        path = os.path.join(run.folder, "path.supp")
        with open(path, "w", encoding="ascii") as file:
            file.write("leak:*/answers/leak_loop.c\n")
        done = subprocess.run((VMATRACE, "leaks", "--format", "json", "--suppressions", path, run.trace),
                              capture_output=True, text=True, check=False,
                              env={**os.environ, "MALLOC_PERTURB_": "165",
                                   "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"})
        equal("by path, in a folder: status", (done.returncode, done.stderr), (0, ""))
        accounts = json.loads(done.stdout)["accounts"]
        equal("by path, in a folder: suppressed", accounts["suppressed"], 100 * 4 * 4096)


def main():
    for name in ("leak_loop", "partial_unmap", "mremap_leak", "mremap_copy", "clean"):
        mappings(name)
    threads()
    objects()
    folders()
    removed()
    suppressions()
    suppressed_by_path()
    finish()


main()

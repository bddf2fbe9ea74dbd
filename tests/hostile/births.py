#!/usr/bin/env python3
"""Processes made in every way (births.c): each address space has a trace of its own, with its own calls and no
others; what cannot be traced runs as if nobody had tried.

    births.py BUILD ACT
"""
import os
import shutil
import subprocess
import time

import hostile
from hostile import FULL, counts
from harness import need, skip  # hostile knows where it is

HERE = os.path.dirname(os.path.abspath(__file__))
NOBODY = 65534


def act(bench, check, *arguments, **options):
    return bench.both(check, arguments[0], [bench.program("births"), *map(str, arguments)], **options)


def mmaps(bench, paths):
    return sorted(counts(bench.events(path)).get("mmap", 0) for path in paths)


def own_spaces(bench, check):
    act(bench, check, "own_spaces")
    # fork, _Fork, and fork, clone and clone3 by syscall(); the parent's five.
    check.equal("mmap calls of each", mmaps(bench, bench.trace_files()), [5, 10, 11, 12, 13, 14])
    for path in bench.trace_files():
        info = bench.info(path)
        check.equal(f"{path}: threads", {event["tid"] for event in bench.events(path) if event["tid"]},
                    {info["pid"]})
    bench.explained(check, "own spaces")


def unwiped_spaces(bench, check):
    """Where madvise() says yes to everything and does nothing, a child would write into its parent's trace."""
    need("strace")
    program = [bench.program("births"), "own_spaces"]
    script = 'exec strace -f -qq -o /dev/null -e inject=madvise:retval=0 "$0" "$1"'
    plain, traced = (bench.run(["sh", "-c", script, *program], with_it) for with_it in (False, True))
    if plain.returncode or b"fork: status" not in plain.stdout:
        skip(f"strace cannot inject here: {plain.stderr[:200]}")
    check.equal("as untraced", (traced.returncode, traced.stdout, traced.stderr),
                (plain.returncode, plain.stdout, plain.stderr))
    check.equal("mmap calls", mmaps(bench, bench.named("births")), [5])
    lost = bench.info(bench.named("births")[0])["lost"]
    check.equal("children not followed", lost["children_not_followed"], 5)


def borrowed_spaces(bench, check):
    act(bench, check, "borrowed_spaces")
    # Its own thousand and the stack; what vfork and CLONE_VM children did is done to it.
    check.equal("mmap calls", mmaps(bench, bench.named("births")), [1 + 100 + 200 + 300 + 1000])
    check.equal("images of their own", len(bench.named("true")), 2)
    bench.explained(check, "borrowed spaces")


def shared_thread(bench, check):
    """Two processes on one thread's memory at once: libc's errno is not theirs alone, nor are our marks. The
    program is unharmed; the trace has nearly all of it."""
    act(bench, check, "shared_thread", 3000)
    (seen,) = mmaps(bench, bench.trace_files())
    check.that(5900 <= seen <= 6100, f"{seen} mmap calls of 6001")


def daemonise(bench, check):
    for traced in (False, True):
        said = os.path.join(bench.folder, f"daemon-{traced}")
        done = bench.run([bench.program("births"), "daemonise", "50", said], traced)
        check.equal("status and errors", (done.returncode, done.stderr), (0, b""))
        for _ in range(600):
            if os.path.exists(said) and os.path.getsize(said) == 4:
                break
            time.sleep(0.1)
        check.that(os.path.exists(said) and os.path.getsize(said) == 4, f"traced {traced}: the daemon did not say so")
    check.equal("mmap calls of each", mmaps(bench, bench.trace_files()), [0, 50])


def many_forks(bench, check):
    count = 10000 if FULL else 400
    act(bench, check, "many_forks", count)
    paths = bench.trace_files()
    check.equal("traces", len(paths), count // 2 + 1)
    looked_at = paths if FULL else paths[::4]
    children = [path for path in looked_at if bench.info(path)["from_fork"]]
    wrong = [path for path in children if counts(bench.events(path)) != {"mmap": 7, "munmap": 7}]
    check.equal("children with other calls than their own", wrong, [])
    bench.explained(check, "children", children[:40])
    blocks = sum(os.stat(path).st_blocks for path in paths) * 512 // len(paths)
    check.that(blocks < 512 << 10, f"{blocks} bytes on disk for each")


def emptied_environment(bench, check):
    act(bench, check, "emptied_environment")
    # Only the third exec passes on what makes the next image be traced.
    check.equal("mmap calls of each image", mmaps(bench, bench.trace_files()), [0, 5, 20, 20, 20])
    execs = [event["args"]["path"] for path in bench.trace_files() for event in bench.events(path)
             if event["call"] == "execve" and event["result"] is None]
    check.equal("execs seen", execs, ["/proc/self/exe"] * 3)


def build_bare(bench, name, *flags):
    """A program without libc: it says 'ran' and ends with 7."""
    need("cc")
    source, program = os.path.join(bench.folder, "bare.c"), os.path.join(bench.folder, name)
    with open(source, "w", encoding="ascii") as out:
        out.write("""
void _start(void)
{
#ifdef __x86_64__
	__asm__ volatile("syscall" : : "a"(1), "D"(1), "S"("ran\\n"), "d"(4) : "rcx", "r11", "memory");
	__asm__ volatile("syscall" : : "a"(60), "D"(7));
#else
	__asm__ volatile("int $0x80" : : "a"(4), "b"(1), "c"("ran\\n"), "d"(4) : "memory");
	__asm__ volatile("int $0x80" : : "a"(1), "b"(7));
#endif
	__builtin_unreachable();
}
""")
    done = subprocess.run(["cc", "-nostdlib", "-static", "-fno-stack-protector", "-ffreestanding", *flags,
                           "-o", program, source], capture_output=True, check=False)
    if done.returncode:
        skip(f"cannot build {name}: {done.stderr[:200]}")
    return program


def runs_unseen(bench, check, program):
    done, traced = act(bench, check, "run_operand", 1, program)
    check.that(b"ran\n" in done.stdout and b"exec: status 0x700" in done.stdout, f"it did not run: {done}")
    check.equal("mmap calls of each", mmaps(bench, bench.trace_files()), [1, 20])


def static_program(bench, check):
    runs_unseen(bench, check, build_bare(bench, "bare"))


def raw_births(bench, check):
    """Exec by syscall(): the new image has its file, and what has none is counted, whoever was its parent."""
    bare = build_bare(bench, "bare")
    act(bench, check, "raw_births", 1, bare)
    # Children that mapped before have a file of that; whoever did not has one all the same, of its exec.
    check.equal("mmap calls of each image", mmaps(bench, bench.named("births")), [0, 0, 1, 21, 21])
    check.equal("mmap calls of images of their own", mmaps(bench, bench.named("exe")), [5, 5, 5])
    ends = sorted(bench.info(path)["ended"] for path in bench.named("births"))
    check.equal("ends", ends, ["exec"] * 4 + ["exited"])
    failed = [(event["errno"], event["args"]["path"]) for path in bench.trace_files()
              for event in bench.events(path) if event["call"] == "execve" and event["errno"]]
    check.equal("execs that failed", sorted(failed, key=str),
                [("EFAULT", None)] * 2 + [("ENOENT", "/no/such/program")] * 2)
    bench.explained(check, "raw births")
    done = bench.run([bench.vmatrace, "record", "-o", os.path.join(bench.folder, "family") + "/", "--",
                      bench.program("births"), "raw_births", "1", bare], False)
    check.that(b"3 programs could not be traced" in done.stderr, f"summary: {done.stderr}")


def program_of_32_bits(bench, check):
    program = build_bare(bench, "bare32", "-m32", "-fno-pie", "-no-pie")
    if subprocess.run([program], capture_output=True, check=False).returncode != 7:
        skip("this kernel runs no 32-bit programs")
    runs_unseen(bench, check, program)
    # One that has a loader: that says what it does not preload, and starts the program.
    dynamic = os.path.join(bench.folder, "dynamic32")
    source = dynamic + ".c"
    with open(source, "w", encoding="ascii") as out:
        out.write('int write(int, const char *, unsigned); void _exit(int);\n'
                  'void _start(void) { write(1, "ran\\n", 4); _exit(7); }\n')
    libc, loader = "/lib32/libc.so.6", "/lib/ld-linux.so.2"
    done = subprocess.run(["cc", "-m32", "-w", "-nostdlib", "-fno-builtin", "-fno-stack-protector", "-o", dynamic, source,
                           libc, f"-Wl,--dynamic-linker={loader}"], capture_output=True, check=False)
    if done.returncode:
        print(f"no program with a loader of 32 bits: {done.stderr[:200]}")
        return
    plain, traced = (bench.run([bench.program("births"), "run_operand", "1", dynamic], with_it) for with_it in (False, True))
    check.that(b"ran\n" in plain.stdout and b"exec: status 0x700" in plain.stdout, f"it did not run: {plain}")
    check.equal("dynamic", (traced.returncode, traced.stdout), (plain.returncode, plain.stdout))
    said = traced.stderr.splitlines()
    check.that(len(said) == 1 and b"ld.so" in said[0] and b"wrong ELF class" in said[0], f"the loader says {said}")


def other_libc(bench, check):
    """musl preloads what it is told to, and would start no program with a symbol that it does not have."""
    need("musl-gcc")
    program = os.path.join(bench.folder, "musl")
    subprocess.run(["musl-gcc", "-O1", "-o", program, os.path.join(HERE, "other_libc.c")], check=True)
    plain, _ = bench.both(check, "musl", [program])
    check.that(plain.returncode == 6 and b"its status 0x700" in plain.stdout, f"it did not run: {plain}")
    check.equal("traces", bench.trace_files(), [])
    asked = bench.run([program, "again"], True, VMATRACE_VERBOSE="1")
    check.equal("told", asked.stderr, b"vmatrace: nothing is recorded: its libc is not glibc\n")
    done = bench.run([bench.vmatrace, "record", "-o", os.path.join(bench.folder, "family") + "/", "--", "sh", "-c",
                      f'"{program}" again >/dev/null; echo $?'], False)
    check.equal("by record", (done.returncode, done.stdout), (0, b"7\n"))
    check.that(b"1 program could not be traced" in done.stderr, f"summary: {done.stderr}")


def setuid_program(bench, check):
    """The loader drops what is to be preloaded into a privileged program."""
    if os.geteuid():
        skip("only root can make a setuid program")
    os.chmod(bench.folder, 0o777)
    os.mkdir(bench.traces)
    os.chmod(bench.traces, 0o777)
    mine = [shutil.copy(path, bench.folder) for path in (bench.program("births"), bench.library)]
    privileged = shutil.copy(shutil.which("id"), os.path.join(bench.folder, "privileged"))
    os.chmod(privileged, 0o4755)
    script = f'exec "{mine[0]}" closed 3'
    for path in mine:
        os.chmod(path, 0o755)
    command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "sh", "-c",
               f'"{privileged}" -u; {script}']
    need("setpriv")
    plain = bench.run(command, False)
    traced = bench.run(command, True, LD_PRELOAD=mine[1])
    check.equal("output", (traced.returncode, traced.stdout, traced.stderr),
                (plain.returncode, plain.stdout, plain.stderr))
    check.equal("it is privileged", plain.stdout, b"0\n")
    check.equal("traces", (len(bench.named("births")), len(bench.named("privileged"))), (1, 0))
    # Its own list it may read, closed as it is to its user.
    info = bench.info(bench.named("births")[0])
    check.equal("lists", (info["snapshots"][-1]["reason"], info["lost"]["snapshots"]), ("exit", 0))


def one_folder(bench, check):
    """`record` gives a family one folder, and every command takes that."""
    folder = os.path.join(bench.folder, "family")
    done = bench.run([bench.vmatrace, "record", "-o", folder + "/", "--", bench.program("births"),
                      "own_spaces"], False)
    check.equal("status", done.returncode, 0)
    check.that(b"traced 6 processes" in done.stderr, f"summary: {done.stderr}")
    check.equal("files", len(os.listdir(folder)), 6)
    for command in ("info", "events", "timeline", "verify"):
        for form in ("text", "json"):
            read = bench.read(command, "-q", "--format", form, folder)
            check.that(read.returncode == 0 and not read.stderr and read.stdout,
                       f"{command} {form}: {read.returncode} {read.stderr[:200]}")
    for command in ("maps", "mm"):
        read = bench.read(command, folder)
        check.equal(f"{command} without --pid", read.returncode, 2)
        for name in os.listdir(folder):
            pid = name.split(".")[-2]
            read = bench.read(command, "-q", "--pid", pid, folder)
            check.that(read.returncode == 0 and read.stdout, f"{command} --pid {pid}: {read.stderr[:200]}")


ACTS = {f.__name__: f for f in (own_spaces, unwiped_spaces, borrowed_spaces, shared_thread, daemonise, many_forks,
                                emptied_environment, static_program, raw_births, program_of_32_bits, other_libc,
                                setuid_program, one_folder)}

if __name__ == "__main__":
    hostile.main(ACTS)

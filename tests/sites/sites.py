#!/usr/bin/env python3
"""The site layer beside the program it is in, and beside the tools that look at that program.

    sites.py BUILD ACT
"""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "programs"))
from harness import need, perform, skip  # noqa: E402

# No file can be made there: the sites are patched, and nothing is recorded.
NOWHERE = "/proc/nowhere/trace.vmat"

FULL = os.environ.get("VMATRACE_FULL") == "1"


def acts(bench, *arguments):
    return [os.path.join(bench.build, "site_acts"), *map(str, arguments)]


def coverage(bench, program="site_acts"):
    """Of the trace of one program: a valgrind or perf before it has traces of its own."""
    (path,) = [path for path in bench.trace_files() if os.path.basename(path).startswith(program + ".")]
    return bench.info(path)["coverage"]


def registers(bench, check):
    plain, _ = bench.both(check, "registers", [os.path.join(bench.build, "site_registers")])
    check.equal("untraced", plain.stdout, b"0 failures\n")
    check.that(coverage(bench, "site_registers")["sites"], "the sites are not in force")


def throw(bench, check):
    need("g++")
    program = os.path.join(bench.folder, "throwing")
    for level in ("-O0", "-O2"):
        subprocess.run(["g++", level, "-o", program, os.path.join(HERE, "throwing.cc")], check=True)
        plain, _ = bench.both(check, f"throw {level}", [program])
        check.that(plain.stdout.endswith(b" caught\n"), "nothing was caught")
    # Where the program itself has no unwinder, any that is preloaded would come before the plug-in's own.
    plugin, host = (os.path.join(bench.folder, name) for name in ("throwing.so", "throwing_host"))
    subprocess.run(["g++", "-O2", "-fPIC", "-shared", "-DPLUGIN", "-o", plugin, os.path.join(HERE, "throwing.cc")],
                   check=True)
    subprocess.run(["gcc", "-D_GNU_SOURCE", "-o", host, os.path.join(HERE, "throwing_host.c"), "-ldl"], check=True)
    plain, _ = bench.both(check, "throw in a plug-in", [host, plugin])
    check.that(plain.stdout.endswith(b" caught\n"), f"nothing was caught in a plug-in: {plain}")


def cancel(bench, check):
    bench.both(check, "cancel", acts(bench, "cancel", 1000 if FULL else 200))


def handler(bench, check):
    plain, _ = bench.both(check, "handler", acts(bench, "handler", 20000 if FULL else 4000))
    check.equal("untraced", plain.stdout, b"all stacks reach main\n")


def quiet(bench, check):
    """Where nothing is recorded a site makes the system call and no more."""
    level = [os.path.join(bench.build, "site_steps")]
    plain = bench.run(level, False)
    if plain.returncode == 77:
        skip("no single steps here")
    steps = []
    for coverage_is in ("calls", "auto"):
        done = bench.run(level, True, VMATRACE_OUT=NOWHERE, VMATRACE_COVERAGE=coverage_is)
        steps.append([int(word) for word in done.stdout.split()])
    print(f"instructions of a pair: untraced {plain.stdout.decode().strip()}, wrappers {steps[0]}, "
          f"and sites {steps[1]}")
    for what, without, with_sites in zip(("the program's", "malloc's"), *steps):
        check.that(10 <= with_sites - without <= 50, f"{what} pair: {without}, with sites {with_sites}")
    changed = bench.run(acts(bench, "text"), True, VMATRACE_OUT=NOWHERE).stdout.splitlines()[:-1]
    check.that(changed and all(b" e8 " in line for line in changed), f"not patched: {changed}")
    for command in ([os.path.join(bench.build, "site_registers")], acts(bench, "handler", 2000),
                    acts(bench, "cancel", 100), acts(bench, "threads", 5)):
        plain = bench.run(command, False)
        done = bench.run(command, True, VMATRACE_OUT=NOWHERE)
        check.equal(f"quiet {command[1:]}", (done.returncode, done.stdout, done.stderr),
                    (plain.returncode, plain.stdout, plain.stderr))
    check.equal("traces", bench.trace_files(), [])


def run_gdb(bench, commands, *arguments, trace=None):
    script = os.path.join(bench.folder, "script.gdb")
    with open(script, "w", encoding="ascii") as out:
        out.write("set confirm off\nset pagination off\nset debuginfod enabled off\n"
                  "set breakpoint pending on\n"
                  f"set exec-wrapper env LD_PRELOAD={bench.library} VMATRACE_OUT={trace or bench.traces + '/%e.vmat'}\n"
                  + commands)
    return subprocess.run(["gdb", "-batch", "-nx", "-x", script, "--args", *acts(bench, *arguments)],
                          capture_output=True, text=True, timeout=120, check=False,
                          env=bench.environment(False))


def gdb(bench, check):
    """Breakpoints on the running program: backtraces, single steps over a site, finish."""
    need("gdb")
    for where in (None, NOWHERE):
        out = run_gdb(bench, "break map_once\nrun\nbreak mmap\ncontinue\nbacktrace\ncontinue\nbacktrace\n"
                      + "stepi\n" * 40 + "backtrace\nfinish\nfinish\nfinish\nbacktrace\n"
                      # Later, where the stack is known: out of the site again by steps alone.
                      + f"ignore 2 20\ncontinue\nstepi {40 if where else 2000}\ndelete\ncontinue\n",
                      "calls", 50, trace=where).stdout
        traces = re.findall(r"^#\d+ .* (\w+) \(", out, re.MULTILINE)
        check.that(traces.count("map_once") >= 3, f"backtraces do not reach the caller: {out[-3000:]}")
        check.that("50 done" in out and "exited normally" in out, f"the program's end: {out[-1500:]}")
        check.that("SIGTRAP" not in out, f"a trap that no one set: {out[-1500:]}")
    check.that(coverage(bench)["sites"], "the sites are not in force")


def gdb_calls(bench, check):
    """What a debugger has the program call is the program's call: between two of its own, and amid one."""
    need("gdb")
    inject = "print ((long (*)(long, long, int, int, int, long)) mmap)(0, 0x3000, 1, 0x22, -1, 0)\n"
    out = run_gdb(bench, f"break map_once\nrun\ndelete\n{inject}break site_entry\ncontinue\ndelete\n{inject}"
                  "continue\n", "calls", 50).stdout
    check.that("50 done" in out and "exited normally" in out, f"the program's end: {out[-1500:]}")
    places = [int(place) for place in re.findall(r"^\$\d+ = (\d+)$", out, re.MULTILINE)]
    (trace,) = bench.trace_files()
    seen = [int(event["result"], 16) for event in bench.events(trace)
            if event["call"] == "mmap" and event["args"]["length"] == 0x3000 and not event["internal"]]
    check.equal("its calls", (len(seen), seen), (2, places))
    verified = bench.read("verify", "-q", trace)
    check.equal("verify", (verified.returncode, verified.stderr), (0, b""))


def flags(bench, check):
    """The arithmetic flags behind a site are those before it, whichever way it takes."""
    need("gdb")
    commands = "break map_once\nrun\nbreak site_entry\n"
    for eflags in ("0xad7", "0x202", "0xa02", "0x2d7"):
        commands += (f"continue\nset $eflags = {eflags}\nset $behind = *(long *) $rsp\ntbreak *$behind\n"
                     "continue\necho behind\\ \nprint $eflags\n")
    for where in (None, NOWHERE):
        out = run_gdb(bench, commands, "calls", 50, trace=where).stdout
        check.equal(f"flags {where}", re.findall(r"^behind\$\d+ = \[ (.*) \]", out, re.MULTILINE),
                    ["CF PF AF ZF SF IF OF", "IF", "IF OF", "CF PF AF ZF SF IF"])


def gdb_first(bench, check):
    """A breakpoint that is there when the recorder comes: the site is left alone and named."""
    need("gdb")
    out = run_gdb(bench, "break munmap\ncommands\nsilent\ncontinue\nend\nrun\n", "calls", 50).stdout
    check.that("50 done" in out and "exited normally" in out, f"the program's end: {out[-1500:]}")
    info = bench.read("info", *bench.trace_files()).stdout.decode()
    # gdb has it in the loader at once, in libc perhaps after the recorder was there.
    check.that(re.search(r"left alone .*ld.so system call 11: no pair", info), f"not named: {info}")


def strace(bench, check):
    need("strace")
    log = os.path.join(bench.folder, "log")
    done = bench.run(["strace", "-f", "-o", log, "-E", f"LD_PRELOAD={bench.library}", "-E",
                      f"VMATRACE_OUT={bench.traces}/%e.vmat", *acts(bench, "calls", 50)], False)
    check.equal("output", done.stdout, b"50 done\n")
    with open(log, encoding="ascii", errors="replace") as lines:
        text = lines.read()
    # 25 by map_once, 25 by malloc.
    check.that(len(re.findall(r"munmap\(0x[0-9a-f]+, (?:4096|311296)\)", text)) >= 50, "munmap calls")


def perf(bench, check):
    """Chains of samples go through a site to the program's functions: by frame pointers, which perf -g takes,
    as far as there are some, and by unwind information."""
    need("perf")
    data = os.path.join(bench.folder, "perf.data")
    for graph in ("fp", "dwarf"):
        done = bench.run(["perf", "record", "-q", "--call-graph", graph, "-F", "499", "-e", "cpu-clock", "-o", data,
                          "env", f"LD_PRELOAD={bench.library}", f"VMATRACE_OUT={bench.traces}/%e.vmat",
                          *acts(bench, "calls", 20000)], False)
        if done.returncode:
            skip(f"perf record does not work here: {done.stderr.decode()[-200:]}")
        check.that(b"20000 done\n" in done.stdout, "output")
        # A block of lines is a sample: the program's name, then its chain, innermost first.
        samples = subprocess.run(["perf", "script", "-i", data, "-F", "comm,ip,sym"], capture_output=True,
                                 text=True, timeout=250, check=False, stdin=subprocess.DEVNULL).stdout.split("\n\n")
        chains = [[line.split()[1] for line in sample.strip().splitlines()[1:]] for sample in samples
                  if sample.lstrip().startswith("site_acts")]
        through = [chain[chain.index("site_entry"):] for chain in chains if "site_entry" in chain]
        wanted = ["map_once", "calls", "main"]
        whole = [chain for chain in through if [name for name in chain if name in wanted] == wanted]
        print(f"{graph}: {len(chains)} samples, {len(through)} through a site, {len(whole)} of them to main")
        if not chains:
            skip("perf took no samples of the program")
        check.that(whole, f"{graph}: no chain through a site to main: {through[:3]}")


def calls(bench, check):
    """VMATRACE_COVERAGE=calls changes no byte of libc; auto does; neither changes its VMAs."""
    plain = bench.run(acts(bench, "text"), False)
    off = bench.run(acts(bench, "text"), True, VMATRACE_COVERAGE="calls")
    check.equal("bytes and rows with calls", off.stdout, plain.stdout)
    found = coverage(bench)
    check.that(not found["sites"] and "calls" in found["sites_off"], f"coverage: {found}")


def text(bench, check):
    plain = bench.run(acts(bench, "text"), False).stdout.splitlines()
    auto = bench.run(acts(bench, "text"), True).stdout.splitlines()
    for a, b in zip(plain[:-1], auto[:-1]):
        check.that(a != b and b" e8 " in b, f"not patched: {b}")
    check.equal("libc's and the loader's rows, none writable and executable", auto[-1], plain[-1])
    check.that(b"writable-and-executable 0" in auto[-1], auto[-1])
    for path in bench.trace_files():
        os.unlink(path)
    # Without the unwinder: with sites in force it is mapped elsewhere, where its pages have other neighbours.
    counts = []
    for setting in ("calls", "auto"):
        out = os.path.join(bench.folder, setting)
        bench.run([os.path.join(bench.build, "last_maps"), out, "env", f"LD_PRELOAD={bench.library}",
                   f"VMATRACE_OUT={bench.folder}/{setting}.vmat", f"VMATRACE_COVERAGE={setting}",
                   "VMATRACE_STACK=none",
                   *acts(bench, "threads", 5)], False)
        with open(out, encoding="ascii") as rows:
            counts.append(len(rows.readlines()))
    check.equal("VMAs of the process", counts[1], counts[0])


# The system calls of calls.def that change VMAs, by their x86-64 numbers.
VMA_NUMBERS = {9, 10, 11, 12, 25, 28, 30, 67, 149, 150, 151, 152, 216, 237, 325, 329, 440, 462}


def entries(path):
    """Where the code of an object enters the kernel with such a number, as objdump reads it."""
    found, number = [], None
    listing = subprocess.run(["objdump", "-d", "--no-show-raw-insn", path], capture_output=True,
                             text=True, check=True).stdout
    for line in listing.splitlines():
        set_to = re.search(r"\tmov +\$0x([0-9a-f]+),%[er]ax$", line)
        if set_to:
            number = int(set_to.group(1), 16)
        elif line.endswith(":") or re.search(r"%[er]?ax$", line):
            number = None  # a new function, or something else in the register
        elif re.search(r"\tsyscall\s*$", line) and number in VMA_NUMBERS:
            found.append(number)
    return found


def every_site(bench, check):
    """Each place of libc and ld.so that objdump knows was found, and patched."""
    need("objdump")
    bench.run(acts(bench, "calls", 20), True)
    (path,) = bench.trace_files()
    rows = bench.read("maps", "--at", "start", path).stdout.decode()
    found = coverage(bench)
    objects = {name for name in re.findall(r"(/\S*/(?:libc\.so\.6|ld-linux\S*))", rows)}
    check.equal("libc and ld.so", len(objects), 2)
    there = [number for name in objects for number in entries(name)]
    check.equal("sites", (found["sites_patched"], found["sites_found"]), (len(there), len(there)))
    check.that(set(there) >= {9, 10, 11, 12, 25, 28}, f"objdump's: {there}")


def lives(bench, check, what, program, why, left=(), **settings):
    """The program as ever; wrappers and snapshots at work; the header says why there are no sites, or which
    of them were left alone. why None: sites are in force."""
    plain = bench.run(program, False, **settings)
    if plain.returncode == 77:
        skip(plain.stdout.decode().strip())
    traced = bench.run(program, True, **settings)
    check.equal(f"{what}: as untraced", (traced.returncode, traced.stdout, traced.stderr),
                (plain.returncode, plain.stdout, plain.stderr))
    check.equal(f"{what}: end", (plain.returncode, plain.stdout), (0, b"20 done\n"))
    (path,) = [path for path in bench.trace_files() if "/site_refuse." not in path]
    found = bench.info(path)
    layers = found["coverage"]
    check.that(layers["wrappers"] and layers["snapshots"], f"{what}: {layers}")
    check.equal(f"{what}: why no sites", layers["sites_off"], why)
    for name in left:
        check.that(name in layers["sites_left"], f"{what}: not named: {name}: {layers['sites_left']}")
    # Ten pages mapped and unmapped by the program, the other ten by malloc, which only sites see.
    own = [event["call"] for event in bench.events(path)
           if event["via"] == "wrapper" and not event["internal"]]
    check.equal(f"{what}: wrappers", own, ["mmap", "mprotect", "munmap"] * 10)
    check.that([row["reason"] for row in found["snapshots"]][-1] == "exit", f"{what}: {found['snapshots']}")
    status = bench.read("verify", path).returncode
    check.that(status in ((0,) if why is None and not left else (0, 1)), f"{what}: verify: {status}")
    for name in bench.trace_files():
        os.unlink(name)


def refused(bench, check):
    """The kernel, or what looks like it, says no."""
    unwritable = "their code could not be changed"
    for what, why in (("write", unwritable), ("gvisor", unwritable), ("mdwe", None)):
        # The filter by which it says so is said to be harmless.
        lives(bench, check, what, [os.path.join(bench.build, "site_refuse"), what,
                                   *acts(bench, "calls", 20)], why, VMATRACE_FILTERS="1")


ALL_SHORT = sorted(number for number in VMA_NUMBERS if number < 256)


def other_code(path, to, numbers):
    """A copy of an object whose pairs of these numbers are xor %eax, %eax; mov $NR, %al; syscall; nop: the
    same to a program, and no pair that the recorder knows. Larger numbers do not fit: their functions
    are not to be found by name."""
    with open(path, "rb") as file:
        code = file.read()
    for number in numbers:
        code = code.replace(bytes([0xb8, *number.to_bytes(4, "little"), 0x0f, 0x05]),
                            bytes([0x31, 0xc0, 0xb0, number, 0x0f, 0x05, 0x90]))
    if numbers == ALL_SHORT:
        for name in (b"mlock2", b"pkey_mprotect", b"process_madvise"):
            code = code.replace(b"\0" + name + b"\0", b"\0" + name[:-1] + b"X\0")
    with open(to, "wb") as file:
        file.write(code)
    os.chmod(to, 0o755)


def other_libc(bench, check):
    """A libc that someone else has patched, in part and altogether, and a loader likewise."""
    libc, loader = "/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2"
    if not os.path.exists(libc):
        skip(f"no {libc}")
    own_libc, own_loader = (os.path.join(bench.folder, os.path.basename(path)) for path in (libc, loader))
    program = [own_loader, "--library-path", bench.folder, *acts(bench, "calls", 20)]
    other_code(loader, own_loader, [])
    other_code(libc, own_libc, [9, 28])
    lives(bench, check, "in part", program, None,
          ["libc mmap64: no pair of the known bytes", "libc madvise: no pair of the known bytes"])
    other_code(libc, own_libc, ALL_SHORT)
    lives(bench, check, "libc", program, None, ["libc munmap: no pair of the known bytes"])
    other_code(loader, own_loader, ALL_SHORT)
    lives(bench, check, "loader too", program,
          "no system-call site of a known shape in libc and ld.so", ["libc munmap: no pair"])


def valgrind(bench, check):
    need("valgrind")
    for tool in ("none", "memcheck"):
        done = bench.run(["valgrind", "-q", f"--tool={tool}", *acts(bench, "calls", 200)], True)
        check.equal(f"{tool}: end", (done.returncode, done.stdout), (0, b"200 done\n"))
        # Neither of reads of what nobody wrote, nor of leaks.
        check.equal(f"{tool}: complaints", done.stderr, b"")
        found = coverage(bench)
        check.that(not found["sites"] and "valgrind" in found["sites_off"], f"coverage: {found}")
        for path in bench.trace_files():
            # As long as the mapping: memcheck reads all of that at exit.
            check.equal(f"{tool}: a trace that was cut", os.path.getsize(path) < 64 << 20, False)
            os.unlink(path)


def rr(bench, check):
    """rr says so by what it preloads; a library of that name that does nothing stands for it."""
    need("cc")
    library = os.path.join(bench.folder, "librrpreload.so")
    subprocess.run(["cc", "-shared", "-nostdlib", "-DBYTES=1", "-o", library,
                    os.path.join(HERE, "empty.c")], check=True)
    done = bench.run(acts(bench, "calls", 20), True, LD_PRELOAD=f"{library}:{bench.library}")
    check.equal("output", done.stdout, b"20 done\n")
    found = coverage(bench)
    check.that(not found["sites"] and "rr" in found["sites_off"], f"coverage: {found}")


ACTS = {f.__name__: f for f in (registers, throw, cancel, handler, quiet, flags, gdb, gdb_calls, gdb_first, strace, perf, calls,
                                text, every_site, refused, other_libc, valgrind, rr)}


if __name__ == "__main__":
    perform(ACTS)

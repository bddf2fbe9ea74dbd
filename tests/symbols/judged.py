#!/usr/bin/env python3
"""Names, lines and inlined calls of programs built here and of those installed, beside three judges.

    judged.py BUILD

An address passes if LLVM says what the analyzer says, or, where LLVM is not installed or has no name (of assembly's
symbols, beside DWARF), not all judges say otherwise; the kinds of difference that judge.CHOSEN lists do not count. VMATRACE_FULL=1: more addresses, and the C library and Python with
their debug packages.
"""
import collections
import os
import shutil
import subprocess
import sys
import tempfile

import judge

HERE = os.path.dirname(os.path.abspath(__file__))
FULL = os.environ.get("VMATRACE_FULL") == "1"
COUNT = 5000 if FULL else 800


def builds(folder):
    """(name, command) of each program whose compiler is here."""
    def with_output(name, *command):
        return name, [*command, "-o", os.path.join(folder, name)]

    for compiler, source in (("gcc", "subject.c"), ("clang", "subject.c"), ("g++", "subject.cc"),
                             ("clang++", "subject.cc")):
        for version in ("4", "5") if FULL or compiler == "gcc" else ("5",):
            if shutil.which(compiler):
                yield with_output(f"{compiler}-dwarf{version}", compiler, "-O2", f"-gdwarf-{version}",
                                  os.path.join(HERE, source))
    yield with_output("overlapping", "gcc", "-shared", "-nostdlib",
                      os.path.join(HERE, "overlapping.S"))
    if shutil.which("rustc"):
        yield with_output("rust", "rustc", "-O", "-g", "-C", "symbol-mangling-version=v0",
                          os.path.join(HERE, "subject.rs"))


def debug_file_of(path):
    """Where the distribution keeps the symbols of an installed file, or None."""
    notes = subprocess.run(["readelf", "-n", os.path.realpath(path)], capture_output=True, text=True,
                           check=False).stdout
    for line in notes.splitlines():
        if "Build ID:" in line:
            build_id = line.split()[-1]
            debug = f"/usr/lib/debug/.build-id/{build_id[:2]}/{build_id[2:]}.debug"
            return debug if os.path.exists(debug) else None
    return None


def judged(lookup, path, judges, debug=None):
    """Compares with each judge; prints what they say. Returns the number of addresses that fail."""
    addresses = judge.code_addresses(path, COUNT)
    ours = judge.chains_of([*lookup, path], addresses, demangle=False)
    names = judge.symbol_names(debug or path)
    against, example = collections.defaultdict(set), {}
    for name in judges:
        theirs = judge.chains_of([*judge.judge_command(name), path], addresses)
        kinds = collections.Counter()
        for address in addresses:
            kind = judge.difference(ours.get(address, []), theirs.get(address, []), names)
            kinds[kind] += 1
            if kind not in judge.CHOSEN:
                # eu-addr2line's own scopes and binutils' reading of DWARF 5 differ from everybody's now and then.
                names_it = any(function != "??" for function, _ in theirs.get(address, []))
                against[address] |= set(judges) if name == "llvm" and names_it else {name}
                example[address] = (kind, name, ours.get(address), theirs.get(address))
        told = ", ".join(f"{count} {kind or 'equal'}" for kind, count in kinds.most_common())
        print(f"{os.path.basename(path)}: {name}: {told}", flush=True)
    failed = [address for address, dissent in against.items() if dissent >= set(judges)]
    for address in failed[:5]:
        print(f"  {address:#x}: {example[address]}")
    return len(failed)


def main():
    lookup = [os.path.join(sys.argv[1], "symbol_lookup")]
    judges = [name for name in judge.JUDGES if judge.judge_command(name)]
    if not judges:
        print("no addr2line, eu-addr2line or llvm-symbolizer")
        return 77
    failed, subjects = 0, []
    with tempfile.TemporaryDirectory() as folder:
        for name, command in builds(folder):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode == 0:
                subjects.append((command[-1], None))
            else:
                print(f"{name}: not built here: {done.stderr.splitlines()[0]}")
        subjects.append((os.path.join(sys.argv[1], "vmatrace"), None))
        if FULL:
            for path in ("/lib/x86_64-linux-gnu/libc.so.6", "/usr/bin/python3.11-dbg"):
                if os.path.exists(path):
                    subjects.append((path, debug_file_of(path)))
                else:
                    print(f"{path}: skipped, not installed")
        for path, debug in subjects:
            # eu-addr2line finds no unit where .debug_aranges is missing; it takes a minute for C++.
            able = [name for name in judges
                    if name != "elfutils" or os.path.basename(path).startswith("gcc")
                    or (FULL and not os.path.basename(path).startswith(("clang", "rust")))]
            failed += judged(lookup, path, able, debug)
    print(f"{len(subjects)} files, {failed} addresses at which the judges say otherwise")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())

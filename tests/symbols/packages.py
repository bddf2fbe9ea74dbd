#!/usr/bin/env python3
"""Split DWARF in packages (.dwp): names, lines and inlined calls are those of the same program built whole, and what
LLVM says of the package.

    packages.py BUILD

The program is real code, the analyzer's own, in units of C and one of C++, by each compiler, as DWARF 4 and 5, packed by each
packager that is here. VMATRACE_FULL=1: more units, and with a section for each function.
"""
import collections
import glob
import os
import shutil
import subprocess
import sys
import tempfile

import judge
import packer

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
FULL = os.environ.get("VMATRACE_FULL") == "1"
COUNT = 5000 if FULL else 800
UNITS = ("walk", "kinds", "replay", "order")



def packagers(compiler, version):
    """(name, function of the program, its .dwo files and the package) of those that know such files."""
    def by(*command):
        return lambda program, dwos, package: subprocess.run(
            [*command, "-e", program, "-o", package], check=True, cwd=os.path.dirname(program))

    # binutils 2.40's dwp crashes of DWARF 5, llvm-dwp of gcc's never ends.
    able = {"dwp": version == "4", "llvm-dwp": version == "4" or compiler == "clang"}
    for name, is_able in able.items():
        if is_able and shutil.which(name):
            yield name, by(name)
        elif is_able:
            print(f"{compiler}-{version}: not packed by {name}, which is not installed")
    if version == "5":
        yield "packer.py", lambda program, dwos, package: packer.pack(dwos, package)


class Packages:
    def __init__(self, build, folder):
        self.lookup = os.path.join(build, "symbol_lookup")
        self.folder = folder
        self.checked = 0
        self.failed = 0

    def fail(self, what):
        self.failed += 1
        print(f"FAILED: {what}", flush=True)

    def compile(self, name, compiler, *options):
        """A library of the units, in a folder of its own."""
        folder = os.path.join(self.folder, name)
        os.makedirs(folder)
        sources = [os.path.join(TREE, "analyzer", "core", unit + ".c") for unit in UNITS]
        if FULL:
            sources = sorted(glob.glob(os.path.join(TREE, "analyzer", "core", "*.c")))[::4]
        compile_one = [compiler, "-O2", "-fPIC", *options, "-D_GNU_SOURCE", "-c"]
        include = [f"-I{TREE}/include", f"-I{TREE}/analyzer"]
        for source in sources:
            subprocess.run([*compile_one, *include, source], cwd=folder, check=True)
        plus = {"gcc": "g++", "clang": "clang++"}[compiler]
        if shutil.which(plus):
            subprocess.run([plus, *compile_one[1:], os.path.join(HERE, "subject.cc")], cwd=folder,
                           check=True)
        library = os.path.join(folder, "library.so")
        subprocess.run([compiler, "-shared", "-Wl,--build-id", *sorted(glob.glob(f"{folder}/*.o")),
                        "-o", library], check=True)
        return library

    def chains(self, library, addresses, *options):
        return judge.chains_of([self.lookup, *options, library], addresses, demangle=False)

    def same(self, what, found, expected):
        self.checked += 1
        wrong = [address for address in expected if found.get(address) != expected[address]]
        if wrong:
            self.fail(f"{what}: {len(wrong)} of {len(expected)} addresses, {wrong[0]:#x}: "
                      f"{found.get(wrong[0])}, built whole {expected[wrong[0]]}")

    def judged(self, what, library, chains, whole):
        """Where LLVM says of the package what it says of the program built whole, so must we."""
        command = judge.judge_command("llvm")
        if not command:
            print(f"{what}: not judged by llvm-symbolizer, which is not installed")
            return
        self.checked += 1
        names = judge.symbol_names(library)
        packed, right = (judge.chains_of([*command, path], sorted(chains))
                         for path in (library, whole))
        able = [address for address in chains if packed.get(address) == right.get(address)]
        wrong = [address for address in able
                 if judge.difference(chains[address], right.get(address, []), names)
                 not in judge.CHOSEN]
        print(f"{what}: LLVM reads {len(able)} of {len(chains)} as in the program built whole, "
              f"{len(wrong)} of them differ", flush=True)
        if wrong:
            self.fail(f"{what}: {wrong[0]:#x}: {chains[wrong[0]]}, LLVM {packed[wrong[0]]}")

    def one(self, compiler, version, *options):
        name = "-".join((compiler, version, *options))
        options = (f"-gdwarf-{version}", *options)
        whole = self.compile(name + "-whole", compiler, *options)
        split = self.compile(name, compiler, "-gsplit-dwarf", *options)
        addresses = judge.code_addresses(whole, COUNT)
        expected = self.chains(whole, addresses)
        depths = collections.Counter(map(len, expected.values()))
        print(f"{name}: {len(addresses)} addresses, {sum(depths.values()) - depths[1]} of them in "
              "inlined calls", flush=True)
        self.same(f"{name}, .dwo files", self.chains(split, addresses), expected)
        self.judged(f"{name}, built whole", whole, expected, whole)
        dwos = sorted(glob.glob(os.path.join(os.path.dirname(split), "*.dwo")))
        kept = os.path.join(self.folder, "kept")
        for packager, pack in packagers(compiler, version):
            package = f"{split}.{packager}"
            pack(split, dwos, package)
            os.makedirs(kept)
            for dwo in dwos:
                shutil.move(dwo, kept)
            os.rename(package, split + ".dwp")
            found = self.chains(split, addresses)
            self.same(f"{name}, {packager}", found, expected)
            self.judged(f"{name}, {packager}", split, found, whole)
            os.remove(split + ".dwp")
            for dwo in os.listdir(kept):
                shutil.move(os.path.join(kept, dwo), os.path.dirname(split))
            os.rmdir(kept)
        shutil.rmtree(os.path.dirname(whole))
        shutil.rmtree(os.path.dirname(split))


def main():
    with tempfile.TemporaryDirectory() as folder:
        packages = Packages(sys.argv[1], os.path.realpath(folder))
        for compiler in filter(shutil.which, ("gcc", "clang")):
            for version in ("4", "5"):
                packages.one(compiler, version)
                if FULL:
                    packages.one(compiler, version, "-ffunction-sections")
        print(f"{packages.checked} checks, {packages.failed} failed")
        return packages.failed > 0 or 77 * (packages.checked == 0)


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Where symbols may come from: each way of keeping them apart from the program gives what the whole program
gives, and what is none of them, or harmful, gives less but neither wrong names nor a wait.

    sources.py BUILD
"""
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

import judge
import packer

HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS_LIMIT = 60


class Sources:
    """One folder with a program, whole and in parts."""

    def __init__(self, build, folder):
        self.lookup = os.path.join(build, "symbol_lookup")
        self.folder = folder
        self.failed = 0
        self.checked = 0
        self.whole = self.compile("whole", "-g")
        self.addresses = judge.code_addresses(self.whole, 300)
        self.expected = self.chains(self.whole)
        self.build_id = self.build_id_of(self.whole)

    def path(self, *names):
        path = os.path.join(self.folder, *names)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def run(self, *command, cwd=None):
        subprocess.run(command, check=True, cwd=cwd or self.folder, stdout=subprocess.DEVNULL)

    def compile(self, name, *options, source="subject.c"):
        self.run("g++" if source.endswith("cc") else "gcc", "-O2", "-Wl,--build-id", *options, os.path.join(HERE, source), "-o",
                 self.path(name))
        return self.path(name)

    @staticmethod
    def build_id_of(path):
        notes = subprocess.run(["readelf", "-n", path], capture_output=True, text=True, check=True)
        return next((line.split()[-1] for line in notes.stdout.splitlines() if "Build ID" in line),
                    "")

    def says(self, path, *options):
        """What the reader prints; it must not take long about it."""
        done = subprocess.run([self.lookup, *options, path], text=True, timeout=SECONDS_LIMIT,
                              input="".join(f"{at:#x}\n" for at in self.addresses),
                              capture_output=True, check=False)
        if done.returncode not in (0, 1):
            self.fail(f"{path}: status {done.returncode} {done.stderr}")
        return done.stdout

    def chains(self, path, *options):
        return judge.read_chains(self.says(path, *options))

    def fail(self, what):
        self.failed += 1
        print(f"FAILED: {what}")

    def same(self, what, path, *options):
        self.checked += 1
        if self.chains(path, *options) != self.expected:
            self.fail(f"{what}: not what the whole program gives")

    def not_opened(self, what, path, *options):
        """Its name is looked at, no more: to open a device is to do something to it."""
        if not shutil.which("strace"):
            print(f"not run: {what}: no strace")
            return
        self.checked += 1
        log = self.path("strace")
        subprocess.run(["strace", "-f", "-y", "-o", log, "-e", "trace=/^open", self.lookup, *options, path], input="0x1000\n",
                       text=True, timeout=SECONDS_LIMIT, capture_output=True, check=False)
        with open(log, encoding="utf-8", errors="replace") as file:
            got = [line for line in file if f"<{path}" in line.rpartition(" = ")[2]]
        if not got or [line for line in got if "O_PATH" not in line]:
            self.fail(f"{what}: opened: {got}")

    def functions_only(self, what, path, *options):
        """The function itself is right, its lines and inlined calls are not known."""
        self.checked += 1
        chains = self.chains(path, *options)
        for address, chain in self.expected.items():
            if chains.get(address) != [(chain[-1][0], "??:0")]:
                self.fail(f"{what}: {address:#x}: {chains.get(address)}, expected {chain[-1][0]}")
                return

    def skeleton_only(self, what, path, *options):
        """The function and its line are right; inlined calls are not known."""
        self.checked += 1
        chains = self.chains(path, *options)
        for address, chain in self.expected.items():
            if chains.get(address) != [(chain[-1][0], chain[0][1])]:
                self.fail(f"{what}: {address:#x}: {chains.get(address)}, expected the function of "
                          f"{chain[-1]} at {chain[0][1]}")
                return

    def nothing_wrong(self, what, path, *options):
        """A name that is given is right."""
        self.checked += 1
        chains = self.chains(path, *options)
        for address, chain in chains.items():
            if chain[-1][0] not in ("??", self.expected[address][-1][0]):
                self.fail(f"{what}: {address:#x}: {chain}")
                return

    def names(self, what, path, function):
        """Whatever else is in the file, the function at its begin is named."""
        self.checked += 1
        symbols = subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout
        address = next(line.split()[0] for line in symbols.splitlines() if line.endswith(" " + function))
        done = subprocess.run([self.lookup, path], text=True, timeout=SECONDS_LIMIT, input=f"0x{address}\n", capture_output=True,
                              check=False)
        if done.returncode != 0 or function not in done.stdout:
            self.fail(f"{what}: status {done.returncode}: {done.stdout}{done.stderr}")

    def refused(self, what, word, path, *options):
        self.checked += 1
        said = self.says(path, *options).strip()
        if said != word:
            self.fail(f"{what}: '{said[:60]}', expected {word}")

    def split(self, name, debug, whole=None, crc=True):
        """The stripped program and its debug file, by the same tools as distributions use."""
        whole, name, debug = whole or self.whole, self.path(name), self.path(debug)
        self.run("objcopy", "--only-keep-debug", whole, debug)
        self.run("objcopy", "--strip-all", whole, name)
        if crc:
            self.run("objcopy", f"--add-gnu-debuglink={debug}", name)
        return name, debug

    def as_build_id(self, root, debug):
        place = self.path(root, ".build-id", self.build_id[:2], self.build_id[2:] + ".debug")
        shutil.copy(debug, place)
        return place


def separate(at):
    program, _ = at.split("beside/app", "beside/app.debug")
    at.same("debug link, beside", program)
    program, debug = at.split("hidden/app", "hidden/app.debug")
    shutil.move(debug, at.path("hidden/.debug/app.debug"))
    at.same("debug link, in .debug", program)

    program, debug = at.split("apart/app", "kept/app.debug")
    at.nothing_wrong("debug file not found", program)
    at.same("flat folder", program, "--debug-dir", at.path("kept"))
    shutil.move(debug, at.path("tree" + os.path.dirname(program), "app.debug"))
    at.same("folder with the program's path", program, "--debug-dir", at.path("tree"))
    at.as_build_id("ids", at.path("tree" + os.path.dirname(program), "app.debug"))
    at.same("build-id folder", program, "--debug-dir", at.path("ids"))
    at.same("second folder", program, "--debug-dir", at.path("kept"), "--debug-dir", at.path("ids"))
    at.same("only the debug file is left", at.path("gone"), "--debug-dir", at.path("ids"), "--as",
            at.build_id)
    other = at.compile("other", "-g", "-O1")
    shutil.copy(other, at.path("replaced/app"))
    at.same("the program was replaced", at.path("replaced/app"), "--debug-dir", at.path("ids"),
            "--as", at.build_id)
    at.refused("another build-id", "changed", at.path("replaced/app"), "--as", at.build_id)
    at.refused("no file", "absent", at.path("nowhere"), "--as", at.build_id)

    # The right name with the wrong contents.
    program, debug = at.split("wrong/app", "wrong/app.debug")
    at.run("objcopy", "--only-keep-debug", at.compile("second", "-g", "-O1"), debug)
    at.nothing_wrong("another program's debug file", program)


def by_crc(at):
    whole = at.compile("nameless", "-g", "-Wl,--build-id=none")
    expected, at.expected = at.expected, at.chains(whole)
    program, debug = at.split("crc/app", "crc/app.debug", whole=whole)
    at.same("no build-id, but the debug link's CRC", program)
    with open(debug, "r+b") as file:
        file.seek(-1, os.SEEK_END)
        last = file.read(1)
        file.seek(-1, os.SEEK_END)
        file.write(bytes([last[0] ^ 1]))
    at.nothing_wrong("another CRC", program)
    if any(place != "??:0" for chain in at.chains(program).values() for _, place in chain):
        at.fail("another CRC: lines of it are told")
    at.expected = expected


def minidebuginfo(at):
    program, _ = at.split("mini/app", "mini/app.debug", crc=False)
    at.run("objcopy", "--strip-debug", at.whole, at.path("mini/table"))
    at.run("xz", "-f", at.path("mini/table"))
    at.run("objcopy", "--add-section", f".gnu_debugdata={at.path('mini/table.xz')}", program)
    at.functions_only("minidebuginfo", program)
    # A few hundred bytes that mean a gigabyte.
    program, _ = at.split("mini/bomb", "mini/bomb.debug", crc=False)
    with open(at.path("mini/zeroes.xz"), "wb") as file:
        with subprocess.Popen(["head", "-c", "1G", "/dev/zero"], stdout=subprocess.PIPE) as zeroes:
            subprocess.run(["xz", "-0", "-T1"], stdin=zeroes.stdout, stdout=file, check=True)
    at.run("objcopy", "--add-section", f".gnu_debugdata={at.path('mini/zeroes.xz')}", program)
    at.nothing_wrong("minidebuginfo without end", program)


def sysroot(at):
    program, debug = at.split("root/opt/real/app", "root-debug/app.debug", crc=False)
    os.symlink("/opt/real", at.path("root/opt/link"))
    at.same("sysroot, whole", "/whole", "--sysroot", at.folder, "--as", at.build_id)
    at.as_build_id("root/usr/lib/debug", debug)
    at.same("sysroot, through an absolute link", "/opt/link/app", "--sysroot", at.path("root"),
            "--as", at.build_id)
    # A link that would lead out of the root, to a file that is there.
    os.symlink("../../../../../../../../../../.." + at.folder, at.path("root/out"))
    shutil.rmtree(at.path("root/usr"))
    at.refused("sysroot, a link out of it", "absent", "/out/whole", "--sysroot", at.path("root"),
               "--as", at.build_id)
    os.remove(program)


def shared_dwarf(at):
    """dwz moves what two debug files have in common into a third."""
    if not shutil.which("dwz"):
        print("skipped: dwz is not installed")
        return
    names = []
    for name, option in (("one", "-O2"), ("two", "-O1")):
        names.append(at.compile(f"dwz/{name}", "-g", option, source="subject.cc"))
    addresses, at.addresses = at.addresses, judge.code_addresses(names[0], 300)
    expected, at.expected = at.expected, at.chains(names[0])
    at.run("dwz", "-m", at.path("dwz/common.debug"), *names)
    at.same("dwz, the common file by its path", names[0])
    common = at.build_id_of(at.path("dwz/common.debug"))
    place = at.path("dwz-ids/.build-id", common[:2], common[2:] + ".debug")
    shutil.move(at.path("dwz/common.debug"), place)
    at.same("dwz, the common file by its build-id", names[0], "--debug-dir", at.path("dwz-ids"))
    at.functions_only("dwz, the common file missing", names[0])
    os.mkfifo(at.path("dwz/common.debug"))
    at.functions_only("dwz, a FIFO for the common file", names[0])
    at.addresses, at.expected = addresses, expected


def split_dwarf(at):
    program = at.compile("dwo/app", "-g", "-gsplit-dwarf")
    (dwo,) = [name for name in os.listdir(at.path("dwo/")) if name.endswith(".dwo")] or [None]
    at.same("split DWARF", program)
    shutil.move(at.path("dwo", dwo), at.path("elsewhere.dwo"))
    at.skeleton_only("split DWARF, missing", program)
    os.mkfifo(at.path("dwo", dwo))
    at.skeleton_only("split DWARF, a FIFO", program)


def package_of(at, name, *options):
    """A program with split DWARF that is in a package."""
    program = at.compile(name, "-g", "-gsplit-dwarf", *options)
    folder = os.path.dirname(program)
    dwos = [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".dwo")]
    packer.pack(dwos, program + ".dwp")
    for dwo in dwos:
        os.remove(dwo)
    return program, program + ".dwp"


def packages(at):
    program, package = package_of(at, "dwp/app")
    kept = at.path("dwp/kept")
    at.same("package, beside", program)
    at.same("package, in the sysroot", "/dwp/app", "--sysroot", at.folder, "--as", at.build_id_of(program))
    at.run("objcopy", "--compress-debug-sections=zlib", package, kept)
    os.replace(kept, package)
    at.same("package, compressed", program)
    os.rename(package, kept)
    at.skeleton_only("package, missing", program)
    for what, place in (("flat folder", "dwp-flat/app.dwp"),
                        ("folder with the program's path", f"dwp-tree{program}.dwp")):
        shutil.copy(kept, at.path(place))
        at.same(f"package, {what}", program, "--debug-dir", at.path(place.split("/")[0]))
    stripped, debug = at.split("dwp-debug/app", "dwp-debug/app.debug", whole=program)
    for place in (stripped, debug):
        shutil.copy(kept, place + ".dwp")
        at.same(f"package, beside {os.path.basename(place)}", stripped)
        os.remove(place + ".dwp")
    os.mkfifo(package)
    at.skeleton_only("package, a FIFO", program)
    at.not_opened("package, a FIFO", package, program)
    os.remove(package)
    _, other = package_of(at, "dwp-other/app", "-O1")
    shutil.copy(other, package)
    at.skeleton_only("package of another build", program)

    # The cache knows what came of the package, as long as that is there.
    os.environ["XDG_CACHE_HOME"] = at.path("cache/")
    os.replace(kept, package)
    for what in ("first", "second"):
        at.same(f"package, {what} run", program, "--cache", "yes")
    with open(package, "rb") as file:
        right = file.read()
    os.remove(package)
    at.skeleton_only("package, removed between two runs", program, "--cache", "yes")
    return program, package, right


def damaged_packages(at):
    """Each byte of the index, and others: a name that is given is right all the same."""
    program, package, right = packages(at)
    whole = sections_at(right)
    places = [at for name, first, size in whole if name == ".debug_cu_index"
              for at in range(first, first + size)]
    chosen = random.Random(1)
    for name, first, size in whole:
        places += [first + chosen.randrange(size) for _ in range(20)] if name.endswith(".dwo") else []
    for place in places:
        wrong = bytearray(right)
        wrong[place] ^= 1 << chosen.randrange(8)
        with open(package, "wb") as file:
            file.write(wrong)
        at.nothing_wrong(f"package with another byte at {place:#x}", program)
    for _ in range(20):
        with open(package, "wb") as file:
            file.write(right[:chosen.randrange(len(right))])
        at.nothing_wrong("package that was cut", program)
    # The id of the unit is not the one that the index has.
    wrong = bytearray(right)
    (info,) = [first for name, first, _ in whole if name == ".debug_info.dwo"]
    wrong[info + packer.ID_AT] ^= 1
    with open(package, "wb") as file:
        file.write(wrong)
    at.skeleton_only("package whose unit has another id", program)


def sections_at(elf):
    """[(name, offset, size)] of a 64-bit ELF file's bytes."""
    (table,) = struct.unpack_from("<Q", elf, 0x28)
    count, names = struct.unpack_from("<HH", elf, 0x3c)
    headers = [struct.unpack_from("<IIQQQQ", elf, table + 64 * i) for i in range(count)]
    return [(elf[headers[names][4] + header[0]:].split(b"\0", 1)[0].decode(), header[4], header[5])
            for header in headers]


def hostile(at):
    """What a trace or a debug link may name."""
    os.mkfifo(at.path("fifo"))
    at.refused("a FIFO", "absent", at.path("fifo"), "--as", at.build_id)
    at.refused("a device", "absent", "/dev/zero", "--as", at.build_id)
    at.not_opened("a FIFO", at.path("fifo"), "--as", at.build_id)
    at.not_opened("a device", "/dev/zero", "--as", at.build_id)
    at.refused("a folder", "absent", at.folder, "--as", at.build_id)
    at.refused("a file of /proc", "absent", "/proc/kmsg", "--as", at.build_id)
    with open(at.path("huge"), "wb") as file, open(at.whole, "rb") as whole:
        file.write(whole.read(64))
        file.truncate(1 << 42)
    at.refused("a sparse file of 4 TiB", "changed", at.path("huge"), "--as", at.build_id)
    program, debug = at.split("trap/app", "trap/app.debug")
    os.remove(debug)
    os.mkfifo(debug)
    at.nothing_wrong("a FIFO for the debug file", program)
    whole = at.compile("nameless-trap", "-g", "-Wl,--build-id=none")
    program, debug = at.split("trap/crc", "trap/crc.debug", whole=whole)
    with open(debug, "r+b") as file:
        file.truncate(1 << 42)
    at.nothing_wrong("a debug file of 4 TiB", program)
    at.run("gcc", "-shared", "-nostdlib", "-Wl,--build-id", "-DDEPTH=200000", os.path.join(HERE, "nested.S"), "-o",
           at.path("nested"))
    at.names("200,000 blocks in each other", at.path("nested"), "nested")


def main():
    with tempfile.TemporaryDirectory() as folder:
        at = Sources(sys.argv[1], os.path.realpath(folder))
        for part in (separate, by_crc, minidebuginfo, sysroot, shared_dwarf, split_dwarf,
                     damaged_packages, hostile):
            part(at)
        print(f"{at.checked} checks, {at.failed} failed")
        return at.failed > 0


if __name__ == "__main__":
    sys.exit(main())

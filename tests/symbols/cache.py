#!/usr/bin/env python3
"""The cache of symbols: a second run uses it, a damaged or foreign one changes nothing.

    cache.py BUILD
"""
import os
import random
import shutil
import stat
import struct
import subprocess
import sys
import tempfile

import judge

HEADER = struct.Struct("<8sQIIII")
SECONDS_LIMIT = 60


def crc32c(data):
    """As include/vmatrace/crc32c.h has it: no inversion before or after."""
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    crc = 0
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 255]
    return crc


class Cached:
    def __init__(self, build, folder):
        self.lookup = os.path.join(build, "symbol_lookup")
        self.subject = os.path.join(build, "symbol_subject")
        self.home = os.path.join(folder, "home")
        self.cache = os.path.join(self.home, "vmatrace", "symbols")
        self.failed = self.checked = 0
        self.addresses = judge.code_addresses(self.subject, 300)
        self.expected = self.says("no")

    def command(self, cache, subject=None):
        return [self.lookup, "--cache", cache, subject or self.subject]

    def says(self, cache="yes", subject=None, addresses=None):
        done = subprocess.run(self.command(cache, subject), capture_output=True, text=True,
                              env=dict(os.environ, XDG_CACHE_HOME=self.home), check=False,
                              timeout=SECONDS_LIMIT,
                              input="".join(f"{at:#x}\n" for at in addresses or self.addresses))
        if done.returncode != 0:
            self.check(f"status {done.returncode} {done.stderr}", False)
        return done.stdout

    def check(self, what, truth):
        self.checked += 1
        if not truth:
            self.failed += 1
            print(f"FAILED: {what}")

    def file(self):
        (name,) = os.listdir(self.cache)
        return os.path.join(self.cache, name)

    def same(self, what, expected=None):
        self.check(what, self.says() == (expected or self.expected))

    def read(self):
        with open(self.file(), "rb") as file:
            return file.read()

    def write(self, data, sealed=False):
        """Overwrites the cache; sealed: with the checksum that belongs to it."""
        if sealed:
            fields = list(HEADER.unpack_from(data))
            fields[2] = crc32c(data[HEADER.size:])
            data = HEADER.pack(*fields) + data[HEADER.size:]
        with open(self.file(), "wb") as file:
            file.write(data)


def usual(at):
    at.check("--no-cache leaves no file", not os.path.exists(at.home))
    at.same("the first run")
    status = os.stat(at.file())
    at.check("nobody else's", stat.S_IMODE(status.st_mode) == 0o600)
    at.same("the second run")
    at.check("the second run wrote nothing", os.stat(at.file()).st_ino == status.st_ino)
    # The cache is what is told: change a name in it, and its checksum with it.
    good = at.read()
    at.write(good.replace(b"innermost\0", b"outermost\0"), sealed=True)
    at.same("a second run that uses what was learnt",
            at.expected.replace("innermost\n", "outermost\n"))
    at.write(good)
    # More addresses are added to those that are known.
    more = [address + 1 for address in at.addresses[:50]]
    at.check("other addresses", at.says(addresses=more) == at.says("no", addresses=more))
    at.check("are kept beside the others", len(at.read()) > len(good))
    at.same("the first ones are known still")


def damaged(at):
    good = at.read()
    randomly = random.Random(3)
    for number in range(200):
        data = bytearray(good)
        for _ in range(randomly.randint(1, 4)):
            data[randomly.randrange(len(data))] = randomly.randrange(256)
        at.write(bytes(data))
        at.same(f"damaged {number}")
    for length in (0, 1, HEADER.size - 1, HEADER.size, len(good) // 2, len(good) - 1):
        at.write(good[:length])
        at.same(f"cut to {length} bytes")
    at.write(good + b"\0")
    at.same("a byte too many")
    # Made to pass the checksum: what is told may be wrong, but it ends well. Read by a process of its own.
    for number in range(300):
        data = bytearray(good)
        for _ in range(randomly.randint(1, 4)):
            at_byte = randomly.randrange(8, len(data)) if number % 2 else randomly.randrange(8, 2000)
            data[at_byte] = randomly.choice((0, 1, 0x7F, 0x80, 0xFF, randomly.randrange(256)))
        at.write(bytes(data), sealed=True)
        at.check(f"hostile {number}", at.says().count("\n") >= 3 * len(at.addresses))
    for field in (2, 3, 4, 5):
        for value in (0, 1, 0x7FFFFFFF, 0xFFFFFFFF):
            fields = list(HEADER.unpack_from(good))
            fields[field] = value
            at.write(HEADER.pack(*fields) + good[HEADER.size:], sealed=field != 2)
            at.same(f"header field {field} = {value:#x}")
    at.write(good)
    at.same("the good one again")


def foreign(at):
    name = at.file()
    good = at.read()
    os.unlink(name)
    os.mkfifo(name)
    at.same("a FIFO in its place")
    at.check("is replaced", stat.S_ISREG(os.lstat(name).st_mode))
    target = os.path.join(os.path.dirname(at.home), "target")
    with open(target, "wb") as file:
        file.write(good.replace(b"innermost\0", b"outermost\0"))
    os.unlink(name)
    os.symlink(target, name)
    at.same("a link in its place")
    at.check("is not followed", os.stat(target).st_size == len(good))
    at.write(good.replace(b"innermost\0", b"outermost\0"), sealed=True)
    os.chmod(name, 0o620)
    at.same("a file that others may write to")
    if os.geteuid() == 0:
        at.write(good.replace(b"innermost\0", b"outermost\0"), sealed=True)
        os.chown(name, 12345, 12345)
        at.same("another user's file")
        os.chown(at.cache, 12345, 12345)
        at.same("another user's folder")
        os.chown(at.cache, 0, 0)
    os.chmod(at.cache, 0o777)
    at.same("a folder that others may write to")
    os.chmod(at.cache, 0o700)
    os.unlink(name)
    os.mkdir(name)
    at.same("a folder in the file's place")
    shutil.rmtree(at.home)
    with open(at.home, "wb"):
        pass
    at.same("a file in the folder's place")
    os.unlink(at.home)


def other_files(at):
    """A debug package that is installed later is seen; so is one that goes away."""
    folder = os.path.dirname(at.home)
    program, debug = os.path.join(folder, "app"), os.path.join(folder, "app.debug")
    subprocess.run(["objcopy", "--only-keep-debug", at.subject, debug], check=True)
    subprocess.run(["objcopy", "--strip-all", f"--add-gnu-debuglink={debug}", at.subject, program],
                   check=True)
    os.rename(debug, debug + ".kept")
    bare = at.says(subject=program)
    at.check("stripped, nothing is known of it", "subject.c" not in bare)
    os.rename(debug + ".kept", debug)
    at.check("the debug file is there now", at.says(subject=program) == at.expected)
    at.check("and again", at.says(subject=program) == at.expected)
    os.unlink(debug)
    at.check("it is gone", at.says(subject=program) == bare)


def many(at):
    """Runs side by side, and more files than are kept."""
    environment = dict(os.environ, XDG_CACHE_HOME=at.home)
    text = "".join(f"{address:#x}\n" for address in at.addresses)
    runs = []
    for _ in range(8):
        run = subprocess.Popen(at.command("yes"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               env=environment, text=True)
        run.stdin.write(text)
        runs.append(run)
    for run in runs:
        at.check("side by side", run.communicate()[0] == at.expected)
    shutil.rmtree(at.home)
    at.same("anew")
    for number in range(1200):
        with open(os.path.join(at.cache, f"old{number}"), "wb") as file:
            os.utime(file.fileno(), (number, number))
    at.says(addresses=[address + 1 for address in at.addresses[:5]])
    left = os.listdir(at.cache)
    at.check("old files go", 700 < len(left) < 1000 and "old0" not in left and "old1199" in left)


def main():
    with tempfile.TemporaryDirectory() as folder:
        at = Cached(sys.argv[1], os.path.realpath(folder))
        for part in (usual, damaged, foreign, other_files, many):
            part(at)
        print(f"{at.checked} checks, {at.failed} failed")
        return at.failed > 0


if __name__ == "__main__":
    sys.exit(main())

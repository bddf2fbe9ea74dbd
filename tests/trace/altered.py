#!/usr/bin/env python3
"""What verify is worth: traces of a program, altered byte by byte, must be told from the whole one.

    altered.py VMATRACE PROGRAM

Without its exit snapshot a trace replays to the same list: nothing was taken from it. With one munmap
missing, verify says so and exits 1, whichever it was. Knows the bytes of include/vmatrace/trace_format.h.
"""
import json
import os
import struct
import subprocess
import sys
import tempfile

ARENA, RING = 3, 4
SECTIONS_AT, SECTION = 64, struct.Struct("<IIQQ")  # type, entry_bytes, offset, length
SLOT_COUNT_AT, SECTION_COUNT_AT = 48, 60
RECORD = struct.Struct("<IIII")  # type, bytes, crc, count
RECORD_ALIGN = 16
SNAPSHOT, SNAPSHOT_REASON_AT, REASON_EXIT = 0x504E5356, 4, 5
STAMP, CALL_AT, FLAGS_AT, MUNMAP, INTERNAL, FAILED = struct.Struct("<Q"), 116, 118, 2, 1, 32


class Trace:
    """The bytes of one trace."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.bytes = bytearray(file.read())
        count = struct.unpack_from("<I", self.bytes, SECTION_COUNT_AT)[0]
        self.sections = {}
        for index in range(count):
            kind, stride, offset, length = SECTION.unpack_from(
                self.bytes, SECTIONS_AT + index * SECTION.size)
            self.sections[kind] = (stride, offset, length)

    def snapshots(self, *reasons):
        """Where the records of snapshots for one of these reasons begin; for none: of all."""
        _, at, length = self.sections[ARENA]
        end = min(at + length, len(self.bytes) - RECORD.size)
        while at < end:
            kind, size, _, _ = RECORD.unpack_from(self.bytes, at)
            if kind == SNAPSHOT and (not reasons or struct.unpack_from(
                    "<I", self.bytes, at + RECORD.size + SNAPSHOT_REASON_AT)[0] in reasons):
                yield at
            at += -(-(RECORD.size + size) // RECORD_ALIGN) * RECORD_ALIGN if kind else RECORD_ALIGN

    def munmaps(self):
        """Where the slots of the program's munmaps begin, those that succeeded."""
        stride, offset, _ = self.sections[RING]
        for at in range(offset, len(self.bytes) - stride + 1, stride):
            call, flags = struct.unpack_from("<HH", self.bytes, at + CALL_AT)
            if (STAMP.unpack_from(self.bytes, at)[0] and call == MUNMAP
                    and not flags & (INTERNAL | FAILED)):
                yield at

    def save_without(self, at, count, path):
        """The trace with count bytes from at on never written."""
        altered = bytearray(self.bytes)
        altered[at:at + count] = bytes(count)
        with open(path, "wb") as file:
            file.write(altered)


def run(vmatrace, *arguments):
    done = subprocess.run([vmatrace, *arguments], capture_output=True, text=True, timeout=60,
                          check=False)
    return done.returncode, done.stdout


def main():
    vmatrace, program = sys.argv[1:]
    failed = 0

    def expect(what, got, expected):
        nonlocal failed
        if got != expected:
            failed += 1
            print(f"FAILED: {what}: {got!r}, expected {expected!r}")

    with tempfile.TemporaryDirectory() as folder:
        whole, altered = os.path.join(folder, "whole.vmat"), os.path.join(folder, "altered.vmat")
        subprocess.run([vmatrace, "record", "-q", "-o", whole, "--ring", "4096", "--no-children",
                        "--", program],
                       stdout=subprocess.DEVNULL, timeout=60, check=True)
        trace = Trace(whole)
        info = json.loads(run(vmatrace, "info", "--format", "json", whole)[1])
        if not info["coverage"]["sites"]:
            print("skipped: the site layer is not in force, the trace is not fully covered")
            sys.exit(77)

        snapshots, munmaps = list(trace.snapshots(REASON_EXIT)), list(trace.munmaps())
        print(f"{os.path.basename(program)}: {len(munmaps)} munmaps, {len(snapshots)} exit snapshots")
        expect("exit snapshots", len(snapshots), 1)
        expect("some munmap", bool(munmaps), True)
        expect("verify of the whole", run(vmatrace, "verify", whole)[0], 0)

        trace.save_without(snapshots[0], RECORD.size, altered)
        expect("maps without the exit snapshot", run(vmatrace, "maps", "-q", altered),
               run(vmatrace, "maps", "-q", whole))
        expect("verify without the exit snapshot", run(vmatrace, "verify", altered)[0], 0)

        for at in munmaps:
            trace.save_without(at, trace.sections[RING][0], altered)
            status, stdout = run(vmatrace, "verify", "--format", "json", altered)
            counts = json.loads(stdout)
            expect(f"verify without the munmap at {at}", status, 1)
            expect(f"lost without the munmap at {at}", counts["lost"], 1)
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()

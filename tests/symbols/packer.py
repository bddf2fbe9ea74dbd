"""Packs the .dwo files of DWARF 5 into a .dwp file (DWARF 5, 7.3.5).

gcc writes the constants of some attributes into its abbreviations; llvm-dwp (14 to 16) takes them for something else and
never ends, and binutils' dwp knows no DWARF 5 at all.
"""
import os
import struct
import subprocess
import tempfile

# Section, and its column in the index; None: one for all units.
SECTIONS = {".debug_info.dwo": 1, ".debug_abbrev.dwo": 3, ".debug_line.dwo": 4, ".debug_loclists.dwo": 5,
            ".debug_str_offsets.dwo": 6, ".debug_rnglists.dwo": 8, ".debug_str.dwo": None}
ID_AT = 12  # behind the unit's length, version, type, address size and place of abbreviations


def sections_of(path, folder):
    """{name: bytes}"""
    for name in SECTIONS:
        subprocess.run(["objcopy", f"--dump-section={name}={os.path.join(folder, name[1:])}", path,
                        os.devnull], check=False, stderr=subprocess.DEVNULL)
    found = {}
    for name in SECTIONS:
        dumped = os.path.join(folder, name[1:])
        if os.path.exists(dumped):
            with open(dumped, "rb") as file:
                found[name] = file.read()
            os.remove(dumped)
    return found


def moved(offsets, by):
    """A unit's string offsets, whose strings were moved."""
    words = struct.unpack(f"<{len(offsets) // 4 - 2}I", offsets[8:])
    return offsets[:8] + struct.pack(f"<{len(words)}I", *(word + by for word in words))


def index_of(rows):
    """rows: [(id, {column: (offset, size)})]"""
    columns = sorted({column for _, parts in rows for column in parts})
    slots = 2
    while slots < 2 * len(rows):
        slots *= 2
    ids, numbers = [0] * slots, [0] * slots
    for number, (unit_id, _) in enumerate(rows, 1):
        slot, step = unit_id % slots, (unit_id >> 32) % slots | 1
        while numbers[slot]:
            slot = (slot + step) % slots
        ids[slot], numbers[slot] = unit_id, number
    cells = [parts.get(column, (0, 0))[which] for which in (0, 1) for _, parts in rows
             for column in columns]
    return struct.pack(f"<HH3I{slots}Q{slots}I{len(columns)}I{len(cells)}I", 5, 0, len(columns),
                       len(rows), slots, *ids, *numbers, *columns, *cells)


def pack(paths, package):
    whole, rows = {name: b"" for name in SECTIONS}, []
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            found, parts = sections_of(path, folder), {}
            found[".debug_str_offsets.dwo"] = moved(found[".debug_str_offsets.dwo"],
                                                    len(whole[".debug_str.dwo"]))
            for name, content in found.items():
                if SECTIONS[name]:
                    parts[SECTIONS[name]] = (len(whole[name]), len(content))
                whole[name] += content
            info = found[".debug_info.dwo"]
            rows.append((struct.unpack_from("<Q", info, ID_AT)[0], parts))
        whole[".debug_cu_index"] = index_of(rows)
        empty = os.path.join(folder, "empty.o")
        subprocess.run(["gcc", "-c", "-x", "c", os.devnull, "-o", empty], check=True)
        command = ["objcopy"]
        for name, content in whole.items():
            with open(os.path.join(folder, name[1:]), "wb") as file:
                file.write(content)
            command.append(f"--add-section={name}={os.path.join(folder, name[1:])}")
        subprocess.run([*command, empty, package], check=True)

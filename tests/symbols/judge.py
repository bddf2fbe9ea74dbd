"""What a judge and the analyzer say of addresses of one file, and how they differ.

The judges are addr2line (binutils), eu-addr2line (elfutils) and llvm-symbolizer (LLVM): three readers of
DWARF that share no code. Names are compared as c++filt demangles them, without the suffixes of compiler
clones, which the analyzer leaves out.
"""
import collections
import random
import re
import shutil
import subprocess

CLONE = re.compile(r"(\.(constprop|isra|part|lto_priv|llvm)\.\d+|\.cold(\.\d+)?)+")
JUDGES = {
    "binutils": ["addr2line"],
    "elfutils": ["eu-addr2line"],
    "llvm": ["llvm-symbolizer", "llvm-symbolizer-14"],
}


def judge_command(name):
    """The judge's program with its options, or None if it is not installed."""
    program = next((found for found in map(shutil.which, JUDGES[name]) if found), None)
    if program is None:
        return None
    style = ["--output-style=GNU", "--no-demangle"] if name == "llvm" else []
    return [program, *style, "-a", "-f", "-i", "-s", "-e"]


def code_addresses(path, count, seed=1):
    """Addresses inside of instructions: of calls, as stacks have them, and of others, half and half."""
    listing = subprocess.run(["objdump", "-d", "--no-show-raw-insn", "-j", ".text", path],
                             capture_output=True, text=True, check=True).stdout
    calls, others, address = [], [], None
    for line in listing.splitlines():
        match = re.match(r"\s*([0-9a-f]+):\t(.*)", line)
        if not match:
            address = None
            continue
        if address is not None:
            # The byte before the next instruction: a return address less one.
            chosen.append(int(match[1], 16) - 1)
        address = match[1]
        # Padding belongs to no function, and the judges disagree on whose it is.
        if re.match(r"(data16 |cs )*(nop|xchg +%ax,%ax|int3|lea +0x0\(%)", match[2]):
            address = None
        chosen = calls if match[2].startswith("call") else others
    mixed = random.Random(seed)
    half = min(count // 2, len(calls))
    return sorted(set(mixed.sample(calls, half) +
                      mixed.sample(others, min(count - half, len(others)))))


def plain_name(name):
    name = CLONE.sub("", re.sub(r"@.*", "", name))
    # c++filt shows Rust's hashes, crate disambiguators, and the types of constants.
    name = re.sub(r"::h[0-9a-f]{16}$", "", name)
    name = re.sub(r"(?<=\w)\[[0-9a-f]{4,16}\]", "", name)
    return re.sub(r"\b(\d+|'.'|true|false): ?([iu](8|16|32|64|128|size)|char|bool)\b", r"\1", name)


def plain_place(place):
    place = re.sub(r" \(discriminator \d+\)$", "", place)
    place = re.sub(r":(\d+):\d+$", r":\1", place).rsplit("/", 1)[-1].replace(":?", ":0")
    return "??:0" if place.startswith("??") else place


def read_chains(text):
    """{address: [(function, place), ...], innermost first} of the format that all of them print."""
    chains, chain, lines = {}, None, iter(text.splitlines())
    for line in lines:
        if re.match(r"0x[0-9a-f]+$", line):
            chain = chains.setdefault(int(line, 16), [])
        elif line and chain is not None:
            name = re.sub(r" inlined at .*", "", line.replace(" (inlined by) ", ""))
            chain.append((plain_name(name), plain_place(next(lines, ""))))
    return chains


def chains_of(command, addresses, demangle=True):
    done = subprocess.run(command, input="".join(f"{address:#x}\n" for address in addresses),
                          capture_output=True, text=True, check=False)
    text = done.stdout
    if demangle:
        # A name ends where c++filt expects none to: clones first, or it prints "[clone .cold]".
        text = subprocess.run(["c++filt"], input="\n".join(map(plain_clone, text.splitlines())),
                              capture_output=True, text=True, check=True).stdout
    return read_chains(text)


def plain_clone(line):
    return line if ":" in line else CLONE.sub("", line)


def symbol_names(path):
    """{name: set of addresses} of the symbol table, or of its debug file's."""
    names = collections.defaultdict(set)
    for table in ([], ["-D"]):
        listing = subprocess.run(["nm", "--no-demangle", *table, path], capture_output=True,
                                 text=True, check=False).stdout
        plain = subprocess.run(["c++filt"], input="\n".join(map(plain_clone, listing.splitlines())),
                               capture_output=True, text=True, check=True).stdout
        for line in plain.splitlines():
            fields = line.split(" ", 2)
            if len(fields) == 3 and fields[0]:
                names[plain_name(fields[2])].add(fields[0])
    return names


def difference(ours, theirs, names):
    """What kind of difference it is; None: none."""
    kind = None
    if len(ours) != len(theirs):
        return "depth"
    for (our_name, our_place), (their_name, their_place) in zip(ours, theirs):
        if our_name != their_name:
            # Identical functions may have been made one; a function of libc has many names.
            if not names[our_name] & names[their_name]:
                return "function"
            kind = kind or "other name of the same address"
        if our_place != their_place:
            # binutils and LLVM tell the symbol table's file name where there are no lines.
            if our_place != "??:0" or not their_place.endswith(":0"):
                return "place"
            kind = kind or "no lines"
    return kind


# Of the analyzer's choosing: see README, "Symbols". Anything else is a defect of one of the two.
CHOSEN = (None, "other name of the same address", "no lines")

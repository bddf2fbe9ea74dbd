"""What a sample says of itself (samples/account.h): its calls, its reading of /proc/self/maps.

Knows nothing of traces; compare_account.py holds one against the other.
"""
import re
from dataclasses import dataclass, field

CALL = re.compile(r"account: (?P<call>\w+) (?P<args>.*) = (?P<result>\S+)(?: (?P<errno>E\w+))?"
                  r" at (?P<file>[\w.]+):(?P<line>\d+) in (?P<function>\w+), (?P<depth>\d+) deep,"
                  r" by (?P<pid>\d+)/(?P<tid>\d+)$")
ARGUMENT = re.compile(r'(\w+)=("[^"]*"|\S+)')
ROW = re.compile(r"(?P<start>[0-9a-f]+)-(?P<end>[0-9a-f]+) (?P<perms>\S{4}) (?P<offset>[0-9a-f]+)"
                 r" (?P<dev>[0-9a-f]+:[0-9a-f]+) (?P<inode>\d+) *(?P<name>.*)$")
# Where a sample prints the number of a process, or of a thread. Elsewhere the same digits are a length, or a line.
PROCESS = re.compile(r"(?<= by )\d+(?=/\d+$)|(?<=\d/)\d+$|(?<=/vmatrace-sample-)\d+")
LABELS = ("[heap]", "[stack]")


@dataclass
class Call:
    """One line of account: text kept as printed, so that nothing is lost in reading it."""
    call: str
    args: dict
    result: str
    errno: str | None
    file: str
    line: int
    function: str
    depth: int
    pid: int
    tid: int
    text: str


@dataclass
class Account:
    """Everything one run printed."""
    calls: list = field(default_factory=list)
    maps: dict = field(default_factory=dict)  # pid -> lines of /proc/self/maps
    said: list = field(default_factory=list)  # lines that every run of the sample prints alike

    def pids(self):
        return sorted({call.pid for call in self.calls} | set(self.maps))


def read_account(stdout):
    """Account of a run's standard output. ValueError: a line of account that is not one."""
    account = Account()
    reading = None
    for line in stdout.splitlines():
        if line.startswith("maps: begin "):
            reading = account.maps.setdefault(int(line.split()[2]), [])
        elif line == "maps: end":
            reading = None
        elif line.startswith("maps: "):
            reading.append(line[len("maps: "):])
        elif not line.startswith("live: "):
            account.said.append(line)
        if line.startswith("account: "):
            match = CALL.match(line)
            if not match:
                raise ValueError(f"not a line of account: {line}")
            words = match.groupdict()
            account.calls.append(Call(
                words["call"], dict(ARGUMENT.findall(words["args"])), words["result"],
                words["errno"], words["file"], int(words["line"]), words["function"],
                int(words["depth"]), int(words["pid"]), int(words["tid"]), line))
    return account


def without_addresses(account):
    """The lines that two runs have in common: addresses and process numbers become names."""
    names = {}
    for call in account.calls:
        for number in (call.pid, call.tid):
            names.setdefault(str(number), f"P{len(names)}")
    lines = []
    for line in account.said:
        line = re.sub(r"\b0x[0-9a-f]{6,}\b", "ADDRESS", line)
        lines.append(PROCESS.sub(lambda m: names.get(m.group(), m.group()), line))
    return lines


@dataclass
class Row:
    start: int
    end: int
    perms: str
    offset: int
    dev: str
    inode: int
    name: str


def read_rows(lines):
    """Rows of /proc/PID/maps. ValueError: a line that is none."""
    rows = []
    for line in lines:
        match = ROW.match(line)
        if not match:
            raise ValueError(f"not a line of maps: {line!r}")
        words = match.groupdict()
        rows.append(Row(int(words["start"], 16), int(words["end"], 16), words["perms"],
                        int(words["offset"], 16), words["dev"], int(words["inode"]),
                        words["name"]))
    return rows


def coalesced(rows):
    """Neighbours that differ in nothing maps shows, made one; [heap], [stack] are labels."""
    joined = []
    for row in rows:
        row = Row(**vars(row))
        if row.name in LABELS:
            row.name = ""
        last = joined[-1] if joined else None
        if (last and last.end == row.start
                and (last.perms, last.dev, last.inode, last.name)
                == (row.perms, row.dev, row.inode, row.name)
                and (row.inode == 0 or last.offset + (last.end - last.start) == row.offset)):
            last.end = row.end
        else:
            joined.append(row)
    return [tuple(vars(row).values()) for row in joined]


def labels(rows):
    """Where [heap] and [stack] are: label -> joined ranges."""
    found = {}
    for row in rows:
        if row.name in LABELS:
            ranges = found.setdefault(row.name, [])
            if ranges and ranges[-1][1] == row.start:
                ranges[-1][1] = row.end
            else:
                ranges.append([row.start, row.end])
    return found

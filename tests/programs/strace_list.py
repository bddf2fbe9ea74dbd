"""What strace saw: the VMA calls of a run, for each address space and thread, in order.

An address space begins with an exec or a fork; a child of vfork or posix_spawn makes its calls in
its parent's until it execs, and they are counted to the thread that waits for it.
"""
import re

VMA_CALLS = ("mmap munmap mprotect pkey_mprotect brk mremap madvise mlock mlock2 munlock mlockall "
             "munlockall shmat shmdt remap_file_pages mbind").split()
BIRTHS = ("clone", "clone3", "fork", "vfork")
EXECS = ("execve", "execveat")
OPTIONS = ["-f", "--seccomp-bpf", "-X", "raw", "-e", "signal=none", "-e",
           "trace=" + ",".join((*VMA_CALLS, *BIRTHS, *EXECS))]

CLONE_VM, CLONE_VFORK, CLONE_THREAD = 0x100, 0x4000, 0x10000

LINE = re.compile(r"(\d+) +(.*)")
UNFINISHED = re.compile(r"(\w+)\((.*?),? *<unfinished \.\.\.>( *\) *= \?)?$")
RESUMED = re.compile(r"<\.\.\. (\w+) resumed>,? ?(.*)$")
WHOLE = re.compile(r"(\w+)\((.*)\) += (.*)$")
SUPERSEDED = re.compile(r"\+\+\+ superseded by execve in pid (\d+)")


class Call:
    """One system call. result: a number, the name of an errno, or None if it never returned."""

    def __init__(self, tid, name, line):
        self.tid = tid
        self.name = name
        self.line = line
        self.text = ""
        self.args = []
        self.result = None

    def finish(self, text):
        """text: what stands between the name and the line's end, put together again."""
        self.text = text
        whole = WHOLE.match(f"{self.name}({text}")
        if not whole:
            return
        result = whole.group(3)
        failed = re.match(r"-1 (E\w+)", result)
        if failed:
            self.result = failed.group(1)
        elif not result.startswith("?"):
            self.result = int(result.split()[0], 0)
        if self.name in VMA_CALLS:
            self.args = [number(word) for word in words(whole.group(2))]

    def __str__(self):
        return f"line {self.line}: {self.tid} {self.name}({self.text}"


def words(text):
    return re.findall(r"\[[^]]*\]|[^\s,\[][^,]*", text)


def number(word):
    if word == "NULL":
        return 0
    try:
        return int(word, 0)
    except ValueError:
        return word


class Image:
    """One address space: born by exec or fork."""

    def __init__(self, pid, by_exec, parent):
        self.pid = pid
        self.by_exec = by_exec
        self.parent = parent
        self.calls = []
        self.execs = False  # an exec was tried in it: that is an event too

    def __str__(self):
        return f"{'image' if self.by_exec else 'fork child'} {self.pid}"


def read_calls(path):
    """The calls in the order in which they began; a call split over two lines is joined."""
    calls, pending, superseded = [], {}, {}
    with open(path, encoding="ascii", errors="replace") as lines:
        for at, line in enumerate(lines, 1):
            tid, rest = LINE.match(line).groups()
            tid = int(tid)
            resumed = RESUMED.match(rest)
            begun = UNFINISHED.match(rest)
            if resumed:
                # An exec of another thread than the first comes back under the first one's id.
                call, text = pending.pop(superseded.pop(tid, tid))
                call.finish(text + resumed.group(2))
            elif begun:
                call = Call(tid, begun.group(1), at)
                pending[tid] = call, begun.group(2)
                calls.append(call)
            elif WHOLE.match(rest):
                call = Call(tid, rest.split("(")[0], at)
                call.finish(rest.split("(", 1)[1])
                calls.append(call)
            elif SUPERSEDED.match(rest):
                superseded[tid] = int(SUPERSEDED.match(rest).group(1))
    for call, text in pending.values():
        call.text = text + " <unfinished ...>"
        call.args = [number(word) for word in words(text)] if call.name in VMA_CALLS else []
    return calls


def flags_of(birth):
    if birth.name == "vfork":
        return CLONE_VM | CLONE_VFORK
    found = re.search(r"flags=(0x[0-9a-f]+|\d+)", birth.text)
    return int(found.group(1), 0) if found else 0


class Tree:
    """Which thread is in which address space, followed call by call."""

    def __init__(self):
        self.images = []
        self.image = {}  # tid: the address space that it is in
        self.pid = {}  # tid: its process
        self.thread = {}  # tid: the thread whose calls these count as

    def begin(self, pid, by_exec, parent):
        image = Image(pid, by_exec, parent)
        self.images.append(image)
        self.image[pid], self.pid[pid], self.thread[pid] = image, pid, pid

    def birth(self, call):
        child, flags = call.result, flags_of(call)
        if not isinstance(child, int):
            return
        if not flags & CLONE_VM:
            self.begin(child, False, self.image[call.tid])
            return
        self.image[child] = self.image[call.tid]
        self.pid[child] = self.pid[call.tid] if flags & CLONE_THREAD else child
        self.thread[child] = self.thread[call.tid] if flags & CLONE_VFORK else child

    def follow(self, call):
        if call.tid not in self.image:
            if self.images:
                raise ValueError(f"{call}: nobody's child")
            self.begin(call.tid, False, None)
        if call.name in BIRTHS:
            self.birth(call)
        elif call.name in EXECS:
            self.image[call.tid].execs = True
            if call.result == 0:
                self.begin(self.pid[call.tid], True, self.image[call.tid])
        elif call.name in VMA_CALLS:
            call.tid = self.thread[call.tid]
            self.image[call.tid].calls.append(call)


def read_images(path):
    """Every address space of the run, in the order in which they began."""
    tree = Tree()
    for call in read_calls(path):
        tree.follow(call)
    # The first one is strace's own child on its way to the program.
    return tree.images[1:]

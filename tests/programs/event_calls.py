"""An event of `vmatrace events --format jsonl` as the system call that it records: names back to
numbers (include/uapi/asm-generic/mman-common.h, mman.h, linux/mman.h, mempolicy.h, shm.h)."""

PROT = {"r": 1, "w": 2, "x": 4, "-": 0}

FLAGS = {
    "MAP_SHARED": 1, "MAP_PRIVATE": 2, "MAP_SHARED_VALIDATE": 3, "MAP_DROPPABLE": 8,
    "MAP_FIXED": 0x10, "MAP_ANONYMOUS": 0x20, "MAP_32BIT": 0x40, "MAP_GROWSDOWN": 0x100,
    "MAP_DENYWRITE": 0x800, "MAP_EXECUTABLE": 0x1000, "MAP_LOCKED": 0x2000,
    "MAP_NORESERVE": 0x4000, "MAP_POPULATE": 0x8000, "MAP_NONBLOCK": 0x10000,
    "MAP_STACK": 0x20000, "MAP_HUGETLB": 0x40000, "MAP_SYNC": 0x80000,
    "MAP_FIXED_NOREPLACE": 0x100000, "MAP_UNINITIALIZED": 0x4000000,
    "MAP_HUGE_2MB": 21 << 26, "MAP_HUGE_1GB": 30 << 26,
    "MREMAP_MAYMOVE": 1, "MREMAP_FIXED": 2, "MREMAP_DONTUNMAP": 4,
    "SHM_RDONLY": 0o10000, "SHM_RND": 0o20000, "SHM_REMAP": 0o40000, "SHM_EXEC": 0o100000,
    "MLOCK_ONFAULT": 1, "MCL_CURRENT": 1, "MCL_FUTURE": 2, "MCL_ONFAULT": 4,
    "MPOL_MF_STRICT": 1, "MPOL_MF_MOVE": 2, "MPOL_MF_MOVE_ALL": 4,
}

VALUES = {
    "MADV_NORMAL": 0, "MADV_RANDOM": 1, "MADV_SEQUENTIAL": 2, "MADV_WILLNEED": 3,
    "MADV_DONTNEED": 4, "MADV_FREE": 8, "MADV_REMOVE": 9, "MADV_DONTFORK": 10,
    "MADV_DOFORK": 11, "MADV_MERGEABLE": 12, "MADV_UNMERGEABLE": 13, "MADV_HUGEPAGE": 14,
    "MADV_NOHUGEPAGE": 15, "MADV_DONTDUMP": 16, "MADV_DODUMP": 17, "MADV_WIPEONFORK": 18,
    "MADV_KEEPONFORK": 19, "MADV_COLD": 20, "MADV_PAGEOUT": 21, "MADV_POPULATE_READ": 22,
    "MADV_POPULATE_WRITE": 23, "MADV_DONTNEED_LOCKED": 24, "MADV_COLLAPSE": 25,
    "MADV_HWPOISON": 100, "MADV_SOFT_OFFLINE": 101, "MADV_GUARD_INSTALL": 102,
    "MADV_GUARD_REMOVE": 103,
    "POSIX_MADV_NORMAL": 0, "POSIX_MADV_RANDOM": 1, "POSIX_MADV_SEQUENTIAL": 2,
    "POSIX_MADV_WILLNEED": 3, "POSIX_MADV_DONTNEED": 4,
    "MPOL_DEFAULT": 0, "MPOL_PREFERRED": 1, "MPOL_BIND": 2, "MPOL_INTERLEAVE": 3,
    "MPOL_LOCAL": 4, "MPOL_PREFERRED_MANY": 5, "MPOL_WEIGHTED_INTERLEAVE": 6,
}

# The system call's arguments, by the names that events give them.
ARGUMENTS = {
    "mmap": "addr length prot flags fd offset",
    "munmap": "addr length",
    "mprotect": "addr length prot",
    "pkey_mprotect": "addr length prot pkey",
    "brk": "addr",
    "mremap": "old_address old_size new_size flags new_address",
    "madvise": "addr length advice",
    "mlock": "addr length",
    "mlock2": "addr length flags",
    "munlock": "addr length",
    "mlockall": "flags",
    "munlockall": "",
    "shmat": "shmid addr flags",
    "shmdt": "addr",
    "remap_file_pages": "addr size prot pgoff flags",
}

# 32 bits for the kernel, whatever stands above them in the register.
INTS = {"prot", "flags", "fd", "pkey", "advice", "shmid", "mode"}


def word(name, value):
    """The number behind one printed argument."""
    if name == "prot":
        bits = sum(PROT[letter] for letter in value[:3])
        value = bits | (int(value[4:], 16) if len(value) > 3 else 0)
    elif isinstance(value, list):
        value = sum(FLAGS[one] if one in FLAGS else int(one, 16) for one in value)
    elif isinstance(value, str):
        value = VALUES[value] if value in VALUES else int(value, 16)
    return value & 0xffffffff if name in INTS else value


def result_of(event):
    """A number, the name of an errno, or None for a call in flight."""
    result = event["result"]
    if isinstance(result, str):
        return int(result, 16)
    return event["errno"] if result == -1 else result


def as_system_call(event, seen):
    """(name, args, result) of the call that the event records. seen: the call beside it, for what
    an event leaves open: where the break was at an sbrk that failed, whether mremap's fifth
    register counts."""
    name, args, result = event["call"], event["args"], result_of(event)
    if name == "sbrk":
        moved = isinstance(result, int)
        end = (result if moved else seen.result or 0) + args["increment"]
        # The kernel's brk has no errno: it answers with the break, moved or not.
        unmoved = seen.result if result == "ENOMEM" else result
        return "brk", [end], end if moved else unmoved
    if name == "mbind":
        return name, [word("addr", args["addr"]), args["length"], word("mode", args["mode"]),
                      *seen.args[3:5], word("flags", args["flags"])], result
    if name == "posix_madvise":
        name = "madvise"
    if name == "pkey_mprotect" and args["pkey"] == -1:
        name = "mprotect"
    words = [word(key, args[key]) for key in ARGUMENTS[name].split()]
    if name == "mremap":
        # strace shows the fifth only where it counts; a wrapper says 0 there.
        unused = len(seen.args) == 4 and (event["via"] == "site" or not words[4])
        words = words[:4] if unused else words
    return name, words, result

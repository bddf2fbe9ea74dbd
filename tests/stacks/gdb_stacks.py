"""Run by gdb: at each entry of a program into a VMA system call, every frame's pc as gdb unwinds it, one JSON
object a line, into the file named by STACKS_OUT."""
import json
import os

import gdb

NUMBERS = {9: "mmap", 10: "mprotect", 11: "munmap", 25: "mremap"}
ENOSYS = -38
VIRTUAL = (gdb.INLINE_FRAME, gdb.TAILCALL_FRAME)


def register(name):
    return int(gdb.parse_and_eval(f"(long)${name}"))


def frames():
    pcs, frame = [], gdb.newest_frame()
    while frame is not None and frame.is_valid() and len(pcs) < 300:
        if frame.type() not in VIRTUAL:
            pcs.append(frame.pc())
        frame = frame.older()
    return pcs


def stop(_):
    # Once on the way in, once on the way out.
    if register("rax") != ENOSYS or register("orig_rax") not in NUMBERS:
        return
    arguments = [register(name) & (2 ** 64 - 1) for name in ("rdi", "rsi", "rdx")]
    print(json.dumps({"call": NUMBERS[register("orig_rax")], "tid": gdb.selected_thread().ptid[1],
                      "args": arguments, "pcs": frames()}), file=OUT, flush=True)


for setting in ("pagination off", "confirm off", "startup-with-shell off", "backtrace past-main on",
                "backtrace past-entry on", "debuginfod enabled off", "print thread-events off",
                "backtrace limit unlimited"):
    try:
        gdb.execute("set " + setting)
    except gdb.error:
        pass
for signal in ("SIGUSR1", "SIGSEGV", "SIGPIPE"):
    gdb.execute(f"handle {signal} nostop noprint pass", to_string=True)
for name in ("LD_PRELOAD", "VMATRACE_OUT", "VMATRACE_DEPTH", "VMATRACE_STACK"):
    if "INFERIOR_" + name in os.environ:
        gdb.execute(f"set environment {name} {os.environ['INFERIOR_' + name]}")
gdb.execute("catch syscall " + " ".join(NUMBERS.values()), to_string=True)
gdb.events.stop.connect(stop)
with open(os.environ["STACKS_OUT"], "w", encoding="ascii") as OUT:
    gdb.execute("run", to_string=True)
    for _ in range(int(os.environ.get("STACKS_LIMIT", "100000"))):
        if not gdb.selected_inferior().pid:
            break
        gdb.execute("continue", to_string=True)
    if gdb.selected_inferior().pid:
        gdb.execute("kill", to_string=True)

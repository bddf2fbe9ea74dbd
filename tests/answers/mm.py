#!/usr/bin/env python3
"""mm at every stage of a program, against /proc/PID/status, statm and maps of the process stopped there."""
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

from common import BUILD, VMATRACE, check, equal, finish

STAGES = ("begin", "block", "locked", "half-locked", "shared", "executable", "library", "thread",
          "heap", "stack", "end")
PAGE = os.sysconf("SC_PAGE_SIZE")
PYTHON = """
import os, signal, threading, json, mmap
stop = lambda: os.kill(os.getpid(), signal.SIGSTOP)
stop()
done = threading.Event()
threads = [threading.Thread(target=done.wait) for _ in range(4)]
for thread in threads: thread.start()
memory = mmap.mmap(-1, 1 << 22)
data = json.loads("[" + ",".join(map(str, range(300000))) + "]")
stop()
done.set()
for thread in threads: thread.join()
del data, memory
stop()
"""


def joined(lines):
    """Rows of the kernel's list, of neighbours that differ in nothing it shows one: locks and advice split them."""
    rows = []
    for line in lines:
        words = line.split(None, 5)
        start, end = (int(word, 16) for word in words[0].split("-"))
        offset = int(words[2], 16)
        # [heap] and [stack] are where they are, not what they are.
        name = words[5] if len(words) > 5 and words[5][0] != "[" else ""
        same = (words[1], words[3], words[4], name)
        if rows and rows[-1][1] == start and rows[-1][3] == same and (
                words[4] == "0" or rows[-1][2] + start - rows[-1][0] == offset):
            rows[-1] = (rows[-1][0], end, *rows[-1][2:])
        else:
            rows.append((start, end, offset, same))
    return rows


def kernel(pid):
    """What the kernel says of the process, in pages."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        status = dict(re.findall(r"^(Vm\w+):\s+(\d+) kB", file.read(), re.M))
    with open(f"/proc/{pid}/statm", encoding="ascii") as file:
        size, _, _, text, _, data, _ = map(int, file.read().split())
    with open(f"/proc/{pid}/maps", encoding="utf-8") as file:
        rows = [line for line in file if "[vsyscall]" not in line]
    pages = {name: int(kilobytes) * 1024 // PAGE for name, kilobytes in status.items()}
    return {"total_vm": pages["VmSize"], "locked_vm": pages["VmLck"], "vm_exe": pages["VmExe"],
            "vm_lib": pages["VmLib"], "stack_vm": pages["VmStk"], "data_vm": pages["VmData"],
            "highest": pages["VmPeak"], "map_count": len(joined(rows)),
            "rows": len(rows), "statm": (size, text, data)}


def stopped(command, folder):
    """Starts it traced; its pid and what the kernel says at each stop; and the trace as it was there."""
    environment = {**os.environ, "LD_PRELOAD": os.path.join(BUILD, "libvmatrace.so"),
                   "VMATRACE_OUT": os.path.join(folder, "t.%p.vmat")}
    child = subprocess.Popen(command, env=environment)
    seen = []
    while True:
        _, status = os.waitpid(child.pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            child.returncode = os.waitstatus_to_exitcode(status)
            return child.returncode, seen
        live = os.path.join(folder, f"{len(seen)}.copy")
        shutil.copyfile(glob.glob(os.path.join(folder, f"t.{child.pid}.vmat"))[0], live)
        seen.append((kernel(child.pid), live))
        os.kill(child.pid, signal.SIGCONT)


def mm(trace, when):
    done = subprocess.run([VMATRACE, "mm", "-q", "--format", "json", "--at", when, trace],
                          stdout=subprocess.PIPE, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else {}


def compare(what, said, told):
    # The stack grows without a call: what it has grown by only the next snapshot shows.
    grown = said["stack_vm"] - told["stack_vm"]
    check(f"{what}: stack_vm", 0 <= grown <= (120 if "stack" in what or "end" in what else 8), grown)
    said = {**said, "total_vm": said["total_vm"] - grown}
    for key in ("total_vm", "locked_vm", "vm_exe", "vm_lib", "data_vm"):
        equal(f"{what}: {key}", told.get(key), said[key])
    check(f"{what}: map_count", said["map_count"] <= told["map_count"] <= said["rows"],
          (said["map_count"], told["map_count"], said["rows"]))
    equal(f"{what}: statm", (told["total_vm"], told["vm_exe"], told["data_vm"] + told["stack_vm"]),
          (said["statm"][0] - grown, said["statm"][1], said["statm"][2] - grown))
    check(f"{what}: VmPeak", told["highest"]["total_vm"] <= said["highest"], told["highest"])
    # A row that is a stack and a block is counted with both.
    equal(f"{what}: the kinds are all of it",
          (sum(kind["vmas"] for kind in told["kinds"]) - told["vmas_counted_again"],
           sum(kind["bytes"] for kind in told["kinds"])),
          (told["map_count"], said["total_vm"] * PAGE))
    check(f"{what}: the files are part of it",
          0 < sum(file["bytes"] for file in told["files"]) < said["total_vm"] * PAGE)


def main():
    folder = tempfile.mkdtemp(prefix="answers.")
    status, stages = stopped([os.path.join(BUILD, "answers_mm_stages")], folder)
    if status == 77:
        print("skipped: mm_stages may lock no memory")
        sys.exit(77)
    equal("its status", status, 0)
    equal("every stage was seen", len(stages), len(STAGES))
    trace = glob.glob(os.path.join(folder, "t.*.vmat"))[0]
    for name, (said, live) in zip(STAGES, stages):
        compare(name, said, mm(trace, f"mark:{name}"))
        compare(f"{name}, live", said, mm(live, "end"))
    status, stages = stopped([shutil.which("python3"), "-c", PYTHON], folder)
    equal("python3: its status", status, 0)
    for number, (said, live) in enumerate(stages):
        compare(f"python3, stop {number}", said, mm(live, "end"))
    equal("python3: every stop was seen", len(stages), 3)
    shutil.rmtree(folder)
    finish()


main()

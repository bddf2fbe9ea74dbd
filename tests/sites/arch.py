#!/usr/bin/env python3
"""The recorder for processors that have no folder of their own in preload/arch.

    arch.py BUILD generic|aarch64

Builds the recorder and the samples with that folder beside BUILD and takes the analyzer and the test
programs from BUILD. generic: for this machine; samples and hostile programs under
it, more of them and the other compiler with VMATRACE_FULL=1, and what layers.sh promises. aarch64: for a machine that is emulated, where the
folder is the one that CMake picks by itself.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(HERE, "..", "programs"))
sys.path.insert(0, os.path.join(HERE, "..", "trace"))
from account import read_account  # noqa: E402
from harness import Check, need  # noqa: E402

SAMPLES = ("isolation", "vma_fields", "mm_fields", "proc_maps", "libraries", "heap_growth", "protect",
           "shared_memory", "ordering")
HOSTILE = ("every_call", "forks_in_handler")
INTRUDERS = ()
CONFINED = ("sandboxed",)
FULL = os.environ.get("VMATRACE_FULL") == "1"
if FULL:
    HOSTILE += ("signals", "jumps", "family", "children", "threads", "descriptors")
    INTRUDERS = ("ring_replaced", "ring_unmapped", "plugins")
LENT = ("vmatrace", "libvmatrace_core.a", "behaviours", "intruder", "confined")
NOT_BUILT = "this recorder has no site layer"
CROSS = "aarch64-linux-gnu"


def build(check, folder, *options):
    for command in (["cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", "-DVMATRACE_WERROR=ON",
                     "-DVMATRACE_RECORDER_ONLY=ON", *options],
                    ["cmake", "--build", folder, "-j", "2"]):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        check.that(done.returncode == 0, f"no build: {done.stdout[-3000:]}")
        if done.returncode:
            return False
    return True


def tool(lender, *arguments):
    return subprocess.run([os.path.join(lender, "vmatrace"), *arguments], capture_output=True,
                          text=True, timeout=120, check=False)


def info(lender, trace):
    return json.loads(tool(lender, "info", "--format", "json", trace).stdout)


def held(check, what, *command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=300, check=False)
    check.that(done.returncode in (0, 77), f"{what}: {done.stdout[-1500:]}")


def says_why(check, lender, folder):
    """No sites, and why: in info, in verify, and by what a bare --stack cfi gets."""
    trace = os.path.join(folder, "why.vmat")
    done = tool(lender, "record", "-q", "-o", trace, "--", "true")
    found = info(lender, trace)
    check.equal("record", done.returncode, 0)
    coverage = found["coverage"]
    check.equal("layers", [coverage[name] for name in ("wrappers", "sites", "snapshots")],
                [True, False, True])
    check.equal("why", coverage["sites_off"], NOT_BUILT)
    check.equal("stacks", found["settings"]["stack"], "fp")
    check.that(f"no sites: {NOT_BUILT}" in tool(lender, "info", trace).stdout, "info in words")


def generic(lender, check, folder):
    own = os.path.join(folder, "generic")
    if FULL and shutil.which("clang"):
        build(check, os.path.join(folder, "clang"), "-DVMATRACE_ARCH=generic",
              "-DCMAKE_C_COMPILER=clang")
    if not build(check, own, "-DVMATRACE_ARCH=generic"):
        return
    for name in LENT:
        # A copy: record looks for the recorder beside the file that it is.
        shutil.copy(os.path.join(lender, name), own)
    shutil.copytree(os.path.join(lender, "hostile"), os.path.join(own, "hostile"))
    says_why(check, own, folder)
    held(check, "layers", os.path.join(ROOT, "tests", "layers.sh"), own)
    for script, names in (("trace/compare_account.py", SAMPLES), ("hostile/behaviours.py", HOSTILE),
                          ("hostile/intruder.py", INTRUDERS), ("hostile/confined.py", CONFINED)):
        for name in names:
            held(check, name, sys.executable, os.path.join(ROOT, "tests", script), own, name)


def emulated(own, folder, sample, *more):
    """A run of a sample under qemu. Its traces are folder/PID.vmat."""
    return subprocess.run(
        ["qemu-aarch64", *more, "-L", f"/usr/{CROSS}", "-E", f"LD_PRELOAD={own}/libvmatrace.so", "-E",
         f"VMATRACE_OUT={folder}/%p.vmat", os.path.join(own, "samples", sample)],
        capture_output=True, text=True, timeout=120, check=False)


def large_pages(check, own, folder):
    """Of 64 KiB, as many kernels for aarch64 have them: the program runs, nothing is recorded, and who asks is told."""
    traces, pages = os.path.join(folder, "large"), ("-p", "65536")
    plain = subprocess.run(["qemu-aarch64", *pages, "-L", f"/usr/{CROSS}", os.path.join(own, "samples", "mm_fields")],
                           capture_output=True, text=True, timeout=120, check=False)
    for verbose, said in (("0", ""), ("1", "vmatrace: nothing is recorded: its pages are not of 4 KiB\n")):
        done = emulated(own, traces, "mm_fields", *pages, "-E", f"VMATRACE_VERBOSE={verbose}")
        check.equal(f"large pages, verbose {verbose}: end", (done.returncode, done.stderr), (plain.returncode, said))
        check.equal("calls of the program", len(read_account(done.stdout).calls), len(read_account(plain.stdout).calls))
    check.that(not os.path.exists(traces), f"a trace of pages that nobody knows: {traces}")


def aarch64(lender, check, folder):
    need(f"{CROSS}-gcc")
    need("qemu-aarch64")
    own = os.path.join(folder, "aarch64")
    if not build(check, own, "-DCMAKE_SYSTEM_NAME=Linux", "-DCMAKE_SYSTEM_PROCESSOR=aarch64",
                 f"-DCMAKE_C_COMPILER={CROSS}-gcc"):
        return
    for sample in ("protect", "vma_fields", "heap_growth", "isolation"):
        traces = os.path.join(folder, sample)
        done = emulated(own, traces, sample)
        check.equal(f"{sample}: end", (done.returncode, done.stderr), (0, ""))
        account = read_account(done.stdout)
        pids = sorted(account.pids())
        # qemu's MADV_WIPEONFORK wipes nothing: a fork child cannot know that it is one, so it is not followed.
        traced = [name for name in os.listdir(traces) if name.endswith(".vmat")]
        check.equal(f"{sample}: traces", len(traced), 1)
        (trace,) = [os.path.join(traces, name) for name in traced]
        found = info(lender, trace)
        check.equal(f"{sample}: why no sites", found["coverage"]["sites_off"], NOT_BUILT)
        check.equal(f"{sample}: children not followed", found["lost"]["children_not_followed"],
                    len(pids) - 1)
        check.equal(f"{sample}: end", found["ended"], "exited")
        events = [json.loads(line) for line in
                  tool(lender, "events", "--format", "jsonl", trace).stdout.splitlines()]
        own_events = [event for event in events if event["via"] == "wrapper" and not event["internal"]
                      and event["args"].get("increment") != 0]
        said = [call for call in account.calls if call.pid == found["pid"]]
        check.equal(f"{sample}: calls", [event["call"] for event in own_events],
                    [call.call for call in said])
        for call, event in zip(said, own_events):
            frame = event["stack"][0]
            check.equal(call.text, (frame["function"], frame["line"], event["errno"]),
                        (call.function, call.line, call.errno))
            # By frame pointers up to main(): aarch64 has them where the sample was built with them.
            check.that(len(event["stack"]) >= call.depth, f"{call.text}: {len(event['stack'])} frames")
    large_pages(check, own, folder)


def main():
    check = Check()
    lender = os.path.realpath(sys.argv[1])
    need("cmake")
    need("ninja")
    with tempfile.TemporaryDirectory(prefix="vmatrace-arch-") as folder:
        {"generic": generic, "aarch64": aarch64}[sys.argv[2]](lender, check, folder)
    check.finish()


if __name__ == "__main__":
    main()

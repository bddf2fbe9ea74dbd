#!/usr/bin/env python3
"""Stacks with code in them that nobody described (undescribed.c), and the settings that say how stacks are
taken.

    undescribed.py BUILD
"""
import json
import os
import subprocess
import sys
import tempfile

BUILD = sys.argv[1]
failed = 0


def check(what, holds, seen=""):
    global failed
    failed += not holds
    print(f"{'ok    ' if holds else 'FAILED'} {what}{'' if holds else f': {seen}'}")


def events(program, *arguments, **settings):
    """The program's own events, in order, and what it said on standard error."""
    with tempfile.TemporaryDirectory() as folder:
        trace = os.path.join(folder, "t.vmat")
        environment = dict(os.environ, LD_PRELOAD=os.path.join(BUILD, "libvmatrace.so"), VMATRACE_OUT=trace, **settings)
        done = subprocess.run([os.path.join(BUILD, program), *arguments], env=environment, check=True,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        read = subprocess.run([os.path.join(BUILD, "vmatrace"), "events", "-q", "--format", "jsonl", trace],
                              check=True, stdout=subprocess.PIPE)
    found = [json.loads(line) for line in read.stdout.splitlines()]
    return [event for event in found if not event["internal"] and event["via"] == "wrapper"], done.stderr.decode()


def stack_of(found, pages):
    """(functions, by) of the mmap of so many pages, and its flags."""
    (event,) = [event for event in found if event["call"] == "mmap" and event["args"]["length"] == 4096 * pages]
    return [(frame["function"], frame["by"]) for frame in event["stack"] if not frame["inlined"]], event["flags"]


TAIL = [("main", "cfi"), ("__libc_start_call_main", "cfi"), ("__libc_start_main", "cfi"), ("_start", "cfi")]


def guessed(stack):
    return [by for _, by in stack].count("fp")


def code_without_cfi():
    found, _ = events("stacks_undescribed")
    stack, flags = stack_of(found, 11)
    check("described code: by CFI to its end", stack == [("call", "cfi"), *TAIL] and not flags, (stack, flags))
    stack, flags = stack_of(found, 12)
    check("assembly with a frame pointer: its caller is marked, the rest goes on by CFI",
          stack == [("call", "cfi"), ("keeps_pointer", "cfi"), ("main", "fp"), *TAIL[1:]] and not flags, (stack, flags))
    stack, flags = stack_of(found, 13)
    check("code made at run time: likewise",
          [name for name, _ in stack[2:]] == [name for name, _ in TAIL] and stack[1][0] is None
          and stack[2][1] == "fp" and guessed(stack) == 1 and not flags, (stack, flags))
    stack, flags = stack_of(found, 14)
    check("two guesses with described code between",
          [name for name, _ in stack] == ["call", "keeps_pointer", "twice", "keeps_pointer"] + [name for name, _ in TAIL]
          and guessed(stack) == 2 and not flags, (stack, flags))
    stack, flags = stack_of(found, 15)
    check("assembly that uses rbp for a number: the stack ends there, flagged",
          stack == [("call", "cfi"), ("no_pointer", "cfi")] and flags == ["stack-truncated"], (stack, flags))
    stack, flags = stack_of(found, 16)
    check("rbp leads to words that are no frame: the stack ends there, flagged",
          stack == [("call", "cfi"), ("wild_pointer", "cfi")] and flags == ["stack-truncated"], (stack, flags))
    stack, flags = stack_of(found, 17)
    check("guess upon guess that leads back to described code stands",
          [name for name, _ in stack] == ["call", "call_17", None, "keeps_pointer"] + [name for name, _ in TAIL]
          and [by for _, by in stack[:5]] == ["cfi", "cfi", "cfi", "fp", "fp"] and not flags, (stack, flags))
    stack, flags = stack_of(found, 18)
    check("guess upon guess that leads nowhere: the stack ends with the first",
          stack == [("call", "cfi"), ("call_18", "cfi"), (None, "cfi"), ("no_pointer", "fp")]
          and flags == ["stack-truncated"], (stack, flags))


def settings():
    found, _ = events("stacks_undescribed", VMATRACE_STACK="none")
    check("none: no stack, flagged", all("stack-unknown" in event["flags"] for event in found)
          and all(len(event["stack"]) <= 1 for event in found), found[-1])
    found, _ = events("stacks_undescribed", VMATRACE_STACK="fp")
    check("fp: every frame says so", all(frame["by"] == "fp" for event in found for frame in event["stack"]), found[-1])
    for depth in (1, 2, 5, 32, 128):
        found, _ = events("stacks_recursion", VMATRACE_DEPTH=str(depth))
        cut = [event for event in found if "stack-truncated" in event["flags"]]
        whole = [event for event in found if "stack-truncated" not in event["flags"]]
        lengths = {sum(not frame["inlined"] for frame in event["stack"]) for event in cut}
        check(f"depth {depth}: deeper stacks are cut there and flagged, others are whole",
              lengths == {depth} and all(event["stack"][-1]["function"] == "_start" for event in whole)
              and all(len(event["stack"]) <= depth for event in whole) and (whole or depth < 6), (lengths, len(whole)))
    found, said = events("stacks_recursion", VMATRACE_DEPTH="129")
    lengths = {len(event["stack"]) for event in found if "stack-truncated" in event["flags"]}
    check("depth 129: refused in one line, the default is used", said.count("\n") == 1 and lengths == {32}, (said, lengths))
    found, said = events("stacks_recursion", VMATRACE_STACK="dwarf")
    check("an unknown way: refused in one line, the default is used",
          said.count("\n") == 1 and found[-1]["stack"][0]["by"] == "cfi", said)


code_without_cfi()
settings()
sys.exit(1 if failed else 0)

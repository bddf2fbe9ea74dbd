#!/usr/bin/env python3
"""Calls made where few programs make them (contexts.c, coroutines.c, learning.c): nothing differs but that there is a trace, which
accounts for what happened.

    contexts.py BUILD ACT
"""
import hostile
from behaviours import every_jump_is_told
from hostile import FULL, counts, own


def act(name, count, more_full=None, verified=True, check_trace=None, program="contexts"):
    def test(bench, check):
        number = (more_full or count) if FULL else count
        more = {"VMATRACE_RING": "65536"} if number >= 100000 else {}
        bench.both(check, name, [bench.program(program), name, str(number)], timeout=1200, **more)
        check.that(bench.named(program), "no trace")
        if verified:
            bench.explained(check, name, bench.trace_files()[:40])
        if check_trace:
            check_trace(bench, check, number)
    return test


def handlers(bench, check, number):
    traces = bench.named("contexts")
    parents = [path for path in traces if not bench.info(path)["from_fork"]]
    check.equal("files of children", len(traces) - len(parents), (number + 15) // 16)
    check.that(any("nested" in event["flags"] for event in own(bench.events(parents[0]))),
               "no handler interrupted a wrapper: nothing was tested")


def one_event_for_each(bench, check, number):
    events = [event for event in bench.events(bench.named("contexts")[0]) if not event["internal"]]
    check.that(any("nested" in event["flags"] for event in events), "no handler interrupted a wrapper")
    # The wrapper's event is completed by the site below it, not repeated there.
    twice = [event["seq"] for event in events if event["call"] == "mprotect" and event["via"] == "site"
             and event["args"]["length"] == 4096 and event["args"]["prot"] == "r--"]
    check.equal("seen by their site as well", twice, [])


def stacks_of_little_threads(bench, check, number):
    (trace,) = bench.named("contexts")
    started = (number + 15) // 16 * 16
    seen = counts(bench.events(trace))
    check.equal("memfd_create calls", seen.get("memfd_create"), started)
    check.equal("mprotect calls", seen.get("mprotect"), 2 * started)
    check.equal("in flight at the end", len(bench.info(trace)["in_flight"]), 0)


def destructors(bench, check, number):
    (trace,) = bench.named("contexts")
    # Three keys, each destroyed in each of four rounds, and the thread's own.
    check.equal("mprotect calls", counts(bench.events(trace)).get("mprotect"), number * (3 * 4 + 1))


def on_other_stacks(calls_each, calls_else, function):
    def check_trace(bench, check, number):
        events = own(bench.events(bench.named("coroutines")[0]))
        check.equal("mprotect calls", counts(events).get("mprotect"), calls_each * number + calls_else)
        # Each has the frame behind its caller's, on the main thread's coroutines and on those of the other.
        through = [event for event in events if event["call"] == "mprotect" and
                   function in [frame["function"] for frame in event["stack"]]]
        check.equal(f"mprotect calls through {function}", len(through), calls_each * number)
    return check_trace


def whole_stacks(wanted, made=None):
    """In children, of the mprotect calls that are wanted; so many were made, and none is taken for the recorder's own."""
    def check_trace(bench, check, number):
        children = [path for path in bench.named("contexts") if bench.info(path)["from_fork"]]
        check.equal("children", len(children), number)
        for path in children if made else children[::3]:
            events = [event for event in own(bench.events(path)) if event["call"] == "mprotect" and wanted(event)]
            cut = [event["seq"] for event in events if {"stack-truncated", "stack-unknown"} & set(event["flags"])]
            check.equal(f"{path}: stacks that were cut", (bool(events), cut), (True, []))
            if made:
                check.equal(f"{path}: calls", len(events), made)
    return check_trace


def jumps_are_told(bench, check, number):
    (trace,) = [path for path in bench.named("contexts") if not bench.info(path)["from_fork"]]
    every_jump_is_told(bench, check, trace)


def calls_with_stacks(events, functions):
    """Their stacks begin with these functions, and go on to main()."""
    stacks = [[frame["function"] for frame in event["stack"]] for event in events]
    return [(stack[:len(functions)] == functions, "main" in stack) for stack in stacks]


def all_is_told_after_a_jump(bench, check, number):
    (trace,) = bench.named("learning")
    events = [event for event in own(bench.events(trace)) if event["call"] == "mprotect"]
    after = [event for event in events if event["args"]["length"] == 3 * 4096]
    check.equal("calls after it", calls_with_stacks(after, ["signalled_amid_learning"]), [(True, True)] * 3)
    # It was left before its system call: else nobody was learning, and nothing was tested.
    check.equal("the call that was left", [event for event in events if event["args"]["length"] == 2 * 4096], [])


def each_has_its_own_stack(bench, check, number):
    (trace,) = bench.named("learning")
    events = [event for event in own(bench.events(trace)) if event["call"] == "mprotect"]
    learnt = [event for event in events if event["args"]["length"] == 3 * 4096]
    check.equal("the learner's", calls_with_stacks(learnt, ["inner", "outer", "walked_amid_learning"]), [(True, True)])
    others = [event["stack"][0]["function"] for event in events if event["args"]["length"] == 4096]
    check.equal("the other's", others, ["walk_from"] * number)
    check.equal("the last of all", learnt[0]["seq"], max(event["seq"] for event in events))


def learns_all_the_same(bench, check, number):
    (child,) = [path for path in bench.named("learning") if bench.info(path)["from_fork"]]
    events = [event for event in own(bench.events(child)) if event["call"] == "mprotect"]
    check.equal("the child's", calls_with_stacks(events, ["inner", "outer", "forked_amid_learning"]), [(True, True)] * 2)
    check.equal("its frames are found by", {frame["by"] for event in events for frame in event["stack"]}, {"cfi"})
    check.equal("flags", [event["flags"] for event in events], [[], []])


def forked_amid_shared_learning(bench, check):
    """The library that is asked is the program's, too: in a child it is left as it is, and walks go by frame pointers."""
    command, shared = [bench.program("learning"), "forked_amid_learning"], "libunwind-x86_64.so.8"
    plain = bench.run(command, False, LD_PRELOAD=shared)
    traced = bench.run(command, True, LD_PRELOAD=f"{bench.library} {shared}")
    check.equal("output and end", (traced.returncode, traced.stdout, traced.stderr),
                (plain.returncode, plain.stdout, plain.stderr))
    (parent, child) = sorted(bench.named("learning"), key=lambda path: bench.info(path)["from_fork"])
    for path, by, calls in ((parent, "cfi", ["first_call"]), (child, "fp", ["inner"] * 2)):
        stacks = [event["stack"] for event in own(bench.events(path))
                  if event["call"] == "mprotect" and event["via"] == "wrapper"]
        check.equal(f"{by}: calls", [stack[0]["function"] for stack in stacks], calls)
        check.equal(f"{by}: frames are found by", {frame["by"] for stack in stacks for frame in stack}, {by})


def forked_amid_locked_learning(bench, check):
    """The library that is asked would take memory by the program's mmap(), whose lock the child holds."""
    bench.both(check, "the program", [bench.program("learning_own_mmap"), "forked_amid_learning"])
    (child,) = [path for path in bench.named("learning_own_mmap") if bench.info(path)["from_fork"]]
    events = [event for event in own(bench.events(child)) if event["call"] == "mprotect"]
    check.equal("the child's calls", [event["stack"][0]["function"] for event in events], ["inner"] * 2)
    check.equal("its frames are found by", {frame["by"] for event in events for frame in event["stack"]}, {"fp"})


def ended_by_another(bench, check, number):
    (trace,) = bench.named("contexts")
    info = bench.info(trace)
    check.equal("the end", (info["ended"], info["snapshots"][-1]["reason"]), ("exited", "exit"))


def unloading_unseen(bench, check):
    """Where neither a site nor the loader's count tells what is unloaded, that is said; of a fork child, too."""
    for coverage, said in (("calls", True), ("auto", False)):
        before = bench.trace_files()
        bench.both(check, coverage, [bench.program("learning"), "forked_amid_learning"], VMATRACE_COVERAGE=coverage)
        traces = [path for path in bench.named("learning") if path not in before]
        found = [bench.info(path)["coverage"]["unloading_unseen"] for path in traces]
        check.equal(f"{coverage}: unloading is not seen", found, [said] * 2)
        text = [b"what the loader unloads" in bench.read("info", path).stdout for path in traces]
        check.equal(f"{coverage}: in words", text, [said] * 2)


ACTS = {
    "unloading_unseen": unloading_unseen,
    "forked_amid_shared_learning": forked_amid_shared_learning,
    "forked_amid_locked_learning": forked_amid_locked_learning,
    "small_alternate_stack": act("small_alternate_stack", 160, 2000, check_trace=handlers),
    "alternate_stack_above": act("alternate_stack_above", 1500, 30000, check_trace=one_event_for_each),
    "interrupted": act("interrupted", 1),
    "least_stacks": act("least_stacks", 960, 10000, check_trace=stacks_of_little_threads),
    "thread_data_destructors": act("thread_data_destructors", 50, 1000, check_trace=destructors),
    "cancelled_early": act("cancelled_early", 60, 1000, check_trace=whole_stacks(lambda e: e["args"]["prot"] == "---")),
    "signalled_early": act("signalled_early", 60, 1000, check_trace=whole_stacks(lambda e: True, 1 + 64 + 512)),
    "exit_amid_calls": act("exit_amid_calls", 500),
    "main_thread_leaves": act("main_thread_leaves", 1, check_trace=ended_by_another),
    # Three rounds of each coroutine, in two threads.
    "coroutines": act("coroutines", 40, 5000, program="coroutines",
                      check_trace=on_other_stacks(6, 0, "run_coroutine")),
    "bare_stacks": act("bare_stacks", 40, 5000, program="coroutines",
                       check_trace=on_other_stacks(2, 2, "run_on_bare_stack")),
    "signalled_amid_learning": act("signalled_amid_learning", 1, program="learning",
                                   check_trace=all_is_told_after_a_jump),
    # Each of the memos is taken, or would be, many times.
    "walked_amid_learning": act("walked_amid_learning", 4000, program="learning", check_trace=each_has_its_own_stack),
    "forked_amid_learning": act("forked_amid_learning", 1, program="learning", check_trace=learns_all_the_same),
    "jumps_from_handlers": act("jumps_from_handlers", 500, 100000, check_trace=jumps_are_told),
}

if __name__ == "__main__":
    hostile.main(ACTS)

#!/usr/bin/env python3
"""write-then-exec across fork: what was writable in the parent is known in its children, whatever the parent does
with it meanwhile; where the parent's trace is not judged that is said.

    crossing.py BUILD
"""
import glob
import os

from judging import BUILD, FULL, WORK, check, equal, finish, judge, marked, policy_of, record

CROSSING = os.path.join(BUILD, "crossing")
POLICY = policy_of("write-then-exec")
PLACE = [("write-then-exec", "make_code", marked("crossing", "crossing.c"))]
UNKNOWN = "had been writable before the fork"


def places(verdict):
    return [(finding["rule"], finding["function"], finding["line"]) for finding in verdict["findings"]]


for how in ("child", "grandchild", "threads"):
    fingerprints = set()
    for _ in range(100 if FULL else 5):
        record(how, CROSSING, how)
        status, found = judge(how, "--policy", POLICY)
        equal(f"{how}: the place", (status, places(found), found["incomplete"], found["not_judged"]), (1, PLACE, [], []))
        fingerprints.update(finding["fingerprint"] for finding in found["findings"])
    # A child that is forked while another thread looks up how to unwind never does so itself: its stacks may end early.
    if how != "threads":
        equal(f"{how}: fingerprints", len(fingerprints), 1)
record("clean", CROSSING, "clean")
status, found = judge("clean", "--policy", POLICY)
equal("clean", (status, found["findings"], found["incomplete"], found["not_judged"]), (0, [], [], []))

# The child by itself: nobody knows, and so it is no pass.
record("child", CROSSING, "child")
traces = sorted(glob.glob(os.path.join(WORK, "child", "*.vmat")), key=os.path.getsize)
verdicts = [judge(trace, "--policy", POLICY) for trace in traces]
alone = [verdict for status, verdict in verdicts if status == 3]
equal("one of the two is incomplete", ([status for status, _ in verdicts].count(0), len(alone)), (1, 1))
check("and says why", UNKNOWN in alone[0]["incomplete"][0] and alone[0]["not_judged"][0]["rule"] == "write-then-exec",
      alone[0])
# Where no finding of the rule would fail the verdict, it is a note.
mild = policy_of("write-then-exec").replace("write-then-exec.yml", "mild.yml")
with open(POLICY, encoding="utf-8") as file, open(mild, "w", encoding="utf-8") as into:
    into.write(file.read().replace("error", "warning"))
for trace in traces:
    status, found = judge(trace, "--policy", mild)
    equal("a warning: passes", (status, found["incomplete"]), (0, []))
check("and says why not", sum(len(judge(trace, "--policy", mild)[1]["not_judged"]) for trace in traces) == 1)
finish()

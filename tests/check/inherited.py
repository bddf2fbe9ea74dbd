#!/usr/bin/env python3
"""What a fork child has from its parent is judged once, where it was made; a child's trace by itself says what
it finds.

    inherited.py BUILD
"""
import glob
import os

from judging import BUILD, WORK, check, equal, finish, judge, marked, policy_of, record

record("family", os.path.join(BUILD, "inherited"))
traces = sorted(glob.glob(os.path.join(WORK, "family", "*.vmat")), key=os.path.getsize)
equal("two processes", len(traces), 2)
status, verdict = judge("family")
equal("one error", (status, [(finding["rule"], finding["function"], finding["line"]) for finding in verdict["findings"]]),
      (1, [("wx-mapping", "make_code", marked("code", "inherited.c"))]))
allow = policy_of("wx-mapping", "allow:\n  - {rule: wx-mapping, function: make_code, reason: code}\n")
equal("allowed by its function", judge("family", "--policy", allow)[0], 0)
statuses = []
for trace in traces:
    status, verdict = judge(trace, "--policy", policy_of("wx-mapping"))
    statuses.append(status)
    check("each by itself", verdict["findings"], verdict)
equal("nothing passes because the other one is not there", statuses, [1, 1])
finish()

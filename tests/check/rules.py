#!/usr/bin/env python3
"""One rule: the deed that breaks it is found, with function, file and line; the one that keeps it passes;
repeated, both say the same, with the same fingerprints.

    rules.py BUILD RULE
"""
import re
import sys

from judging import DEEDS, FULL, SETTINGS, check, equal, finish, judge, marked, policy_of, record, run, VMATRACE

# Where the call is made, if it is not in the function break_RULE itself.
FUNCTION = {"max-vmas": "many_vmas", "max-mapped": "map_pages", "shm-mode": "create_with", "churn": "churn"}
# Of these there is no call to name.
NOWHERE = ("unexplained",)
# A site that does not exist in the baseline breaks the rule with each call that it makes.
SEVERAL = {"new-call-site": 2}


def broken(rule, options):
    """What a run that breaks the rule is found guilty of."""
    record("broken", DEEDS, "break", rule)
    status, verdict = judge("broken", *options)
    equal(f"{rule}: broken: status", (status, verdict["verdict"]), (1, "fail"))
    findings = [finding for finding in verdict["findings"] if finding["rule"] == rule]
    equal(f"{rule}: broken: findings", (len(findings), len(verdict["findings"])), (SEVERAL.get(rule, 1),) * 2)
    return findings


def kept(rule, options):
    record("kept", DEEDS, "keep", rule)
    status, verdict = judge("kept", *options)
    equal(f"{rule}: kept", (status, verdict["verdict"], verdict["findings"]), (0, "pass", []))


def main():
    rule = sys.argv[2]
    listed = re.findall(r"^([a-z-]+): {level: ", run(VMATRACE, "check", "--list-rules")[1], re.M)
    equal("each rule of the table has its deed", sorted(listed), sorted(SETTINGS))
    options = ["--policy", policy_of(rule)]
    if rule == "new-call-site":
        record("kept", DEEDS, "keep", rule)
        equal("write a baseline", run(VMATRACE, "check", "-q", "--write-baseline", "base", "kept")[0], 0)
        options += ["--baseline", "base"]
    first = broken(rule, options)
    if first and rule not in NOWHERE:
        function = FUNCTION.get(rule, "break_" + rule.replace("-", "_"))
        lines = {marked(rule)}
        if rule == "new-call-site":  # its munmap, and the mmap that a helper makes for it
            check("new-call-site: the line", any(finding["line"] in lines for finding in first), first)
        else:
            equal(f"{rule}: place", [(finding["function"], finding["file"], finding["line"]) for finding in first],
                  [(function, "deeds.c", marked(rule))])
            equal(f"{rule}: module", [finding["module"].split("/")[-1] for finding in first], ["deeds"])
    for finding in first:
        check(f"{rule}: event or VMA", finding["event"] or finding["vma"], finding)
        check(f"{rule}: message", finding["message"], finding)
    kept(rule, options)
    fingerprints = sorted(finding["fingerprint"] for finding in first)
    for _ in range(99 if FULL else 4):
        equal(f"{rule}: again", sorted(finding["fingerprint"] for finding in broken(rule, options)), fingerprints)
        kept(rule, options)
    # A level below error is said, and is no failure; off is not said.
    for level, expected in (("warning", SEVERAL.get(rule, 1)), ("off", 0)):
        with open(options[1], encoding="utf-8") as file:
            text = file.read()
        with open(options[1] + level, "w", encoding="utf-8") as file:
            file.write(text.replace("level: error", f"level: {level}"))
        status, verdict = judge("broken", "--policy", options[1] + level, *options[2:])
        equal(f"{rule}: {level}", (status, len(verdict["findings"])), (0, expected))
    finish()


main()

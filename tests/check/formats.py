#!/usr/bin/env python3
"""The formats of `check`, each held by a judge from outside: SARIF by the OASIS schema, JUnit by xmllint and a
schema of what its consumers take, JSON by its keys, GitHub's commands by their grammar; and each read by programs
that other people wrote (consumers.mjs, Debian's junitparser), which must come to our numbers.

    formats.py BUILD sarif|junit|json|github|consumers
"""
import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree

from judging import (DEEDS, SOURCES, VMATRACE, check, equal, finish, judge, marked, policy_of, record, run, write,
                     BUILD)

MODULES = os.path.join(os.path.dirname(SOURCES), "node_modules")
ROOT = os.path.dirname(os.path.dirname(SOURCES))
FINGERPRINT = re.compile(r"^[0-9a-f]{16}$")


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


BASELINE = 8  # the place of that case among the documents


def beside_a_baseline(strict):
    """A call site that is new, one that is gone, one that has grown; and an entry that allowed nothing."""
    policy = write("sites.yml", open(strict, encoding="utf-8").read() + "  new-call-site: {level: warning}\n"
                   'allow:\n  - {rule: unexplained, reason: "never met"}\n')
    equal("a baseline", run(VMATRACE, "check", "-q", "--write-baseline", "base", "wx")[0], 0)
    lines = open(os.path.join(os.path.dirname(strict), "base"), encoding="utf-8").read().splitlines()
    kept = []
    for line in lines:
        if "\tmunmap\t" in line and "deeds!" in line:
            line = "0123456789abcdef" + line[16:].replace("break_wx_mapping", "gone_<&>_function")
        elif "\tmmap\t" in line and "deeds!" in line:
            line = re.sub(r"calls=\d+", "calls=0", line)
        kept.append(line)
    return "wx", policy, "--baseline", write("edited.base", "\n".join(kept) + "\n")


def documents(form):
    """The format of runs of all kinds: findings of each level, allowed, none, incomplete, hostile names."""
    strict = write("strict.yml", "version: 1\nrules:\n" + "".join(
        f"  {line}\n" for line in (
            "wx-mapping: {level: error}", "failed-call: {level: warning}", "leaked-mapping: {level: error}",
            "fixed-clobber: {level: error}", "unexplained: {level: error}")))
    allow = write("allow.yml", open(strict, encoding="utf-8").read() +
                  'allow:\n  - {rule: wx-mapping, function: "break_*", reason: "<&\\">\'\\u263a, 100%: it is fine"}\n'
                  '  - {rule: unexplained, reason: "never met"}\n')
    hostile = os.path.join(os.path.dirname(DEEDS), "make_trace")
    record("wx", DEEDS, "break", "wx-mapping")
    record("failed", DEEDS, "break", "failed-call")
    record("clobber", DEEDS, "break", "fixed-clobber")
    record("unexplained", DEEDS, "break", "unexplained")
    record("clean", DEEDS, "keep", "failed-call")
    subprocess.run((VMATRACE, "record", "-q", "--coverage", "calls", "-o", os.path.join(os.path.dirname(strict), "calls/"),
                    "--", DEEDS, "keep", "churn"), check=True)
    # A name with all that a command's properties may not hold, and XML neither; and two errors of one rule.
    odd = write("odd,na:me%2C<&>.c", "#include <sys/mman.h>\nint again(void)\n{\n\treturn !mmap(0, 4096, 7, 34, -1, 0);\n}\n"
                "int main(void)\n{\n\treturn !mmap(0, 4096, 7, 34, -1, 0) + again();\n}\n")
    subprocess.run((shutil.which("cc") or "gcc", "-g", "-o", os.path.join(os.path.dirname(odd), "odd"), odd), check=True)
    record("oddly", os.path.join(os.path.dirname(odd), "odd"))
    cases = [("wx", strict), ("wx", allow), ("failed", strict), ("clobber", strict), ("unexplained", strict),
             ("clean", strict), ("calls", strict), ("clean", None), beside_a_baseline(strict),
             ("oddly", strict, "--source-root", os.path.dirname(odd))]
    for kind in ("good", "torn", "wrapped", "unknown", "hostile"):
        path = os.path.join(os.path.dirname(strict), kind + ".vmat")
        subprocess.run((hostile, kind, path), check=True)
        cases.append((kind + ".vmat", strict))
    paths = []
    for number, (trace, policy, *options) in enumerate(cases):
        status, out, err = run(VMATRACE, "check", "--format", form, "--source-root", ROOT,
                               *(("--policy", policy) if policy else ()), *options, trace)
        check(f"{trace}: status", status in (0, 1, 3), err)
        check(f"{trace}: something is said", out, err)
        paths.append((trace, policy, status, write(f"{number}.{form}", out)))
    return paths


def sarif():
    if not os.path.isdir(MODULES) or not shutil.which("node"):
        skip("no node, or no packages: npm ci in tests/")
    paths = documents("sarif")
    judge_script = os.path.join(SOURCES, "validate_sarif.mjs")
    files = [path for *_, path in paths]
    status, out, err = run("node", judge_script, MODULES, *files)
    equal("all are SARIF 2.1.0", (status, out), (0, ""))
    # The judge itself can say no.
    broken = json.load(open(files[0], encoding="utf-8"))
    broken["runs"][0]["results"][0]["level"] = "fatal"
    equal("a bad level is refused", run("node", judge_script, MODULES, write("bad.sarif", json.dumps(broken)))[0], 1)
    wx = json.load(open(files[0], encoding="utf-8"))["runs"][0]
    result = wx["results"][0]
    place = result["locations"][0]["physicalLocation"]
    equal("the place", (result["ruleId"], place["artifactLocation"]["uri"], place["region"]["startLine"]),
          ("wx-mapping", "tests/check/deeds.c", marked("wx-mapping")))
    equal("the rule's row", wx["tool"]["driver"]["rules"][result["ruleIndex"]]["id"], "wx-mapping")
    check("the fingerprint", FINGERPRINT.match(result["partialFingerprints"]["vmatraceSite/v1"]), result)
    for _, _, _, path in paths:
        for uri in re.findall(r'"uri":"([^"]*)"', open(path, encoding="utf-8").read()):
            check("no absolute path", not uri.startswith("/") and ".." not in uri, uri)
    allowed = json.load(open(files[1], encoding="utf-8"))["runs"][0]["results"][0]
    equal("allowed is suppressed", allowed["suppressions"][0]["justification"], "<&\">'\u263a, 100%: it is fine")
    wx = json.load(open(files[BASELINE], encoding="utf-8"))["runs"][0]
    states = {}
    for result in wx["results"]:
        states.setdefault((result["ruleId"], result["level"], result.get("baselineState")), []).append(result)
    equal("beside a baseline", {state: len(results) for state, results in states.items()}, {
        ("wx-mapping", "error", "updated"): 1, ("new-call-site", "warning", "new"): 1,
        ("new-call-site", "none", "absent"): 1, ("new-call-site", "none", "updated"): 1})
    absent = states["new-call-site", "none", "absent"][0]
    equal("what is gone", (absent["kind"], absent["locations"][0]["logicalLocations"][0]["fullyQualifiedName"],
                           absent["partialFingerprints"]["vmatraceSite/v1"]),
          ("informational", "gone_<&>_function", "0123456789abcdef"))
    notes = wx["invocations"][0]["toolConfigurationNotifications"]
    equal("an entry of no use", [(note["level"], note["message"]["text"].split("/")[-1]) for note in notes],
          [("note", "sites.yml:10: allowed nothing: unused, it can go (never met)")])
    more_than_are_taken()
    incomplete = json.load(open(files[6], encoding="utf-8"))["runs"][0]["invocations"][0]
    equal("incomplete", (incomplete["executionSuccessful"], len(incomplete["toolExecutionNotifications"])), (False, 1))


def more_than_are_taken():
    """Results that a reader of the format would not take are left out, and their number is said."""
    base = os.path.join(os.path.dirname(write("policy.yml", "version: 1\nrules: {}\n")), "many.base")
    run(VMATRACE, "check", "-q", "--write-baseline", base, "clean")
    text = open(base, encoding="utf-8").read()
    known = json.loads(run(VMATRACE, "check", "-q", "--format", "json", "--policy", "policy.yml", "--baseline", base,
                           "clean")[1])["baseline"]
    line = next(line for line in text.splitlines() if "\tmunmap\t" in line)
    for gone, left in ((25000, 0), (25007, 7)):
        write("many.base", text + "".join(f"{number + (1 << 32):016x}{line[16:]}\n" for number in range(gone)))
        _, out, err = run(VMATRACE, "check", "--format", "sarif", "--policy", "policy.yml", "--baseline", base, "clean")
        sarif_run = json.loads(out)["runs"][0]
        equal(f"{gone}: results", len(sarif_run["results"]) + left, gone + len(known["gone"]) + len(known["grown"]))
        said = [note["message"]["text"] for note in sarif_run["invocations"][0]["toolExecutionNotifications"]
                if "left out" in note["message"]["text"]]
        equal(f"{gone}: the number is said in the run", [text.split()[0] for text in said], [str(left)] if left else [])
        equal(f"{gone}: and on standard error", [line.split()[2] for line in err.splitlines() if "left out" in line],
              [str(left)] if left else [])


def junit():
    if not shutil.which("xmllint"):
        skip("no xmllint (libxml2-utils)")
    paths = documents("junit")
    schema = os.path.join(SOURCES, "junit.xsd")
    for trace, _, status, path in paths:
        done, _, err = run("xmllint", "--noout", "--schema", schema, path)
        equal(f"{trace}: valid", (done, err.strip()), (0, f"{path} validates"))
        suites = xml.etree.ElementTree.parse(path).getroot()
        suite = suites[0]
        for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            equal(f"{trace}: {name}", int(suite.get(name)), len(suite.findall(f"testcase/{tag}")))
        equal(f"{trace}: tests", int(suite.get("tests")), len(suite.findall("testcase")))
        equal(f"{trace}: fails as the status says", bool(suite.findall("testcase/failure")) or
              bool(suite.findall("testcase/error")), status != 0)
    text = open(paths[0][3], encoding="utf-8").read()
    check("function, file, line", f"break_wx_mapping (deeds.c:{marked('wx-mapping')})" in text, text)
    beside = xml.etree.ElementTree.parse(paths[BASELINE][3]).getroot()[0]
    printed = {case.get("name"): case.findtext("system-out") for case in beside.findall("testcase")}
    check("an entry of no use", "sites.yml:10: allowed nothing: unused" in (printed["allow"] or ""), printed)
    for what in (r"baseline '.*edited\.base': \d+ call sites known; 1 new, 1 gone, 1 grown\n",
                 r"gone: munmap deeds!gone_<&>_function", r"grown: mmap deeds!break_wx_mapping"):
        check(f"beside a baseline: {what}", re.search(what, printed["new-call-site"] or ""), printed)
    bad = write("bad.xml", text.replace('time="0.000"', 'time="0.0001"', 1))
    equal("four decimals are refused", run("xmllint", "--noout", "--schema", schema, bad)[0] != 0, True)


def as_json():
    documents("json")
    status, verdict = judge("wx", "--policy", policy_of("wx-mapping"))
    equal("keys", sorted(verdict), sorted(("schema", "verdict", "errors", "warnings", "allowed", "trace", "policy",
                                           "processes", "incomplete", "not_judged", "findings", "unused_allows", "baseline")))
    equal("schema first", next(iter(verdict)), "schema")
    equal("keys of a finding", sorted(verdict["findings"][0]), sorted((
        "rule", "level", "message", "fingerprint", "site", "module", "function", "file", "line", "count", "pid",
        "processes", "event", "vma", "allowed_by", "stack")))
    finding = verdict["findings"][0]
    out = run(VMATRACE, "events", "--format", "jsonl", "wx")[1]
    event = [event for event in map(json.loads, out.splitlines()) if event["seq"] == finding["event"]["seq"]][0]
    equal("the event is that of `events`", (event["call"], event["result"], event["args"]["prot"]),
          ("mmap", finding["vma"]["vm_start"], "rwx"))
    equal("vm_flags", finding["vma"]["vm_flags"], "rwxp")
    # One process that executes itself, while others come and go, is one.
    again = write("again.c", "#include <stdlib.h>\n#include <sys/mman.h>\n#include <unistd.h>\n"
                  "int main(int count, char **words)\n{\n\tif (!mmap(0, 4096, 7, 34, -1, 0))\n\t\treturn 1;\n"
                  "\tif (words[1][0] == '1' && system(words[2]))\n\t\treturn 2;\n"
                  "\treturn words[1][0] == '0' ? 0 : execl(words[0], words[0], words[1] + 1, words[2], NULL) + count;\n}\n")
    program = os.path.join(os.path.dirname(again), "again")
    subprocess.run((shutil.which("cc") or "gcc", "-g", "-o", program, again), check=True)
    equal("it runs", record("images", program, "110", f"{program} 0"), 0)
    _, verdict = judge("images", "--policy", policy_of("wx-mapping"))
    equal("a process of three images, and two of its children", [
        (finding["count"], finding["processes"]) for finding in verdict["findings"]], [(5, 3)])


def github():
    message = re.compile(r"^::(error|warning|notice) (file=[^:,]+,line=\d+,)?title=[^:,]+::[^\r\n]+$")
    for trace, _, status, path in documents("github"):
        lines = open(path, encoding="utf-8").read().splitlines()
        for line in lines[:-1]:
            check(f"{trace}: a command", message.match(line), line)
        check(f"{trace}: the last line", lines[-1].startswith("vmatrace check: "), lines[-1])
        equal(f"{trace}: an error if it fails", any(line.startswith("::error ") for line in lines), status != 0)
        if trace == "wx" and status == 1:
            check("the place", lines[0].startswith(f"::error file=tests/check/deeds.c,line={marked('wx-mapping')},"
                                                   "title=wx-mapping::"), lines[0])


# It counts the cases anew: a file whose attributes said something else would be changed by that.
JUNITPARSER = """
import json, sys
from junitparser import JUnitXml
numbers = lambda suite: [suite.tests, suite.failures, suite.errors, suite.skipped]
suite = next(iter(JUnitXml.fromfile(sys.argv[1])))
said = numbers(suite)
suite.update_statistics()
print(json.dumps({"said": said, "counted": numbers(suite), "cases": len(list(suite))}))
"""


def consumers():
    """Numbers that other people's readers find are ours."""
    if not os.path.isdir(os.path.join(MODULES, "junit2json")) or not shutil.which("node"):
        skip("no node, or no packages: npm ci in tests/")
    for form, reads in (("junit", read_junit), ("sarif", read_sarif), ("github", read_github)):
        paths = documents(form)
        status, out, err = run("node", os.path.join(SOURCES, "consumers.mjs"), MODULES, form, *[path for *_, path in paths])
        equal(f"{form}: read", (status, err), (0, ""))
        found = [json.loads(line) for line in out.splitlines()]
        equal(f"{form}: all of them", len(found), len(paths))
        for (trace, policy, _, path), one in zip(paths, found):
            options = ["--policy", policy] if policy else []
            if policy and policy.endswith("sites.yml"):
                options += ["--baseline", "edited.base"]
            reads(f"{form} of {trace}", one, judge(trace, *options)[1], path)


def read_junit(what, suite, verdict, path):
    states = [case["state"] for case in suite["cases"]]
    equal(f"{what}: numbers", [suite[name] for name in ("tests", "failures", "errors", "skipped")],
          [len(states)] + [states.count(state) for state in ("failure", "error", "skipped")])
    failed = {finding["rule"] for finding in verdict["findings"] if finding["level"] == "error" and not finding["allowed_by"]}
    equal(f"{what}: what failed", {case["name"] for case in suite["cases"] if case["state"] == "failure"}, failed)
    equal(f"{what}: incomplete", "error" in states, verdict["verdict"] == "incomplete")
    said = "".join(case["text"] + case["printed"] for case in suite["cases"])
    for finding in verdict["findings"]:
        if not finding["allowed_by"] and finding["message"].isascii() and "\\" not in finding["message"]:
            check(f"{what}: {finding['rule']} is said", finding["message"] in said, said)
    if not os.path.exists("/usr/lib/python3/dist-packages/junitparser"):
        return
    # Debian's own python3 has it, whichever comes first in PATH.
    status, out, err = run("/usr/bin/python3", "-c", JUNITPARSER, path)
    equal(f"{what}: junitparser", (status, err), (0, ""))
    read = json.loads(out)
    equal(f"{what}: junitparser's own count", read["said"], read["counted"])
    equal(f"{what}: junitparser, cases", read["cases"], len(states))


def read_sarif(what, made, verdict, path):
    baseline = verdict["baseline"] or {"gone": [], "grown": []}
    findings = verdict["findings"]
    equal(f"{what}: {path}", made, {"cases": len(findings) + len(baseline["gone"]) + len(baseline["grown"]),
                                    "failures": len(findings)})


def read_github(what, lines, verdict, _):
    for line in lines[:-1]:
        check(f"{what}: spelled as the toolkit spells it", line.get("same"), line)
    commands = [line.get("command") for line in lines]
    allowed = sum(finding["allowed_by"] is None for finding in verdict["findings"])
    fails = verdict["verdict"] == "incomplete"
    equal(f"{what}: annotations", len([one for one in commands if one in ("error", "warning")]),
          allowed + len(verdict["incomplete"]))
    check(f"{what}: an error if it fails", not fails or "error" in commands, lines)
    equal(f"{what}: notices", len([line for line in lines if line.get("command") == "notice" and
                                      line["properties"]["title"] != "not judged"]), len(verdict["unused_allows"]) + bool(verdict["baseline"]))


{"sarif": sarif, "junit": junit, "json": as_json, "github": github, "consumers": consumers}[sys.argv[2]]()
finish()

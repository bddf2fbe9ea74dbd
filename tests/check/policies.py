#!/usr/bin/env python3
"""Policies as they should not be: one line with file, line and what was expected, exit status 2, nothing on
stdout; allow entries and suppressions: what they match, and that unused ones are said; traces that are missing
something.

    policies.py BUILD
"""
import json
import os
import re
import subprocess

from judging import DEEDS, VMATRACE, WORK, check, equal, finish, judge, policy_of, record, run, write

RULES = "version: 1\nrules:\n"
ALLOW = RULES + "  wx-mapping: {level: error}\nallow:\n"
# (what, text, line or None, regex of what is said)
BAD = [
    ("empty", "", 1, "expected 'version: 1'"),
    ("no version", "rules: {}\n", 1, "no version, expected"),
    ("another version", "version: 2\n", 1, "bad version '2', expected 1"),
    ("a list", "- version: 1\n", 1, "is a list, expected a mapping"),
    ("unknown key", "version: 1\nrule: {}\n", 2, "unknown key 'rule' in the policy, expected one of version,"),
    ("unknown rule", RULES + "  wx-maping: {level: error}\n", 3, "unknown rule 'wx-maping', expected one of wx-mapping,"),
    ("unknown level", RULES + "  wx-mapping: {level: fatal}\n", 3, "bad level 'fatal', expected error, warning or off"),
    ("no level", RULES + "  max-vmas: {limit: 1}\n", 3, "rule 'max-vmas' has no level"),
    ("level by itself", RULES + "  wx-mapping: error\n", 3, "rule 'wx-mapping' is 'error', expected a mapping"),
    ("unknown setting", RULES + "  wx-mapping: {level: error, limit: 3}\n", 3,
     "unknown key 'limit' of rule 'wx-mapping', expected one of level"),
    ("missing setting", RULES + "  max-vmas: {level: error}\n", 3, "rule 'max-vmas' lacks 'limit', expected a number"),
    ("bad size", RULES + "  max-mapped:\n    level: error\n    limit: 2Gib\n", 5, "bad value '2Gib' of 'limit', expected a size"),
    ("negative", RULES + "  max-vmas: {level: error, limit: -1}\n", 3, "bad value '-1' of 'limit'"),
    ("too large", RULES + "  max-mapped: {level: error, limit: 99999999999TiB}\n", 3, "expected a size"),
    ("a list for a number", RULES + "  max-vmas: {level: error, limit: [1]}\n", 3, "bad value a list of 'limit'"),
    ("bad mode", RULES + '  shm-mode: {level: error, max_mode: "0900"}\n', 3, "bad value '0900' of 'max_mode'"),
    ("unknown call", RULES + "  forbidden-call: {level: error, call: mpotect}\n", 3, "bad value 'mpotect' of 'call'"),
    ("bad glob", RULES + '  forbidden-call: {level: error, call: mmap, module: "lib["}\n', 3, "bad glob 'lib\\[' of 'module'"),
    ("a range backwards", RULES + '  forbidden-call: {level: error, call: mmap, module: "lib[z-a]"}\n', 3,
     "bad glob 'lib\\[z-a\\]' of 'module': a range that runs backwards"),
    ("no entry of a list", RULES + "  wx-mapping: {level: error}\n  forbidden-call: []\n", 4,
     "rule 'forbidden-call' is an empty list, expected an entry such as"),
    ("duplicate rule", RULES + "  leaked-shm: {level: error}\n  leaked-shm: {level: off}\n", 4,
     "duplicate key 'leaked-shm', expected it once \\(it stands at line 3 already\\)"),
    ("duplicate key", "version: 1\nversion: 1\n", 2, "duplicate key 'version'"),
    ("bad incomplete", "version: 1\nincomplete: maybe\n", 2, "bad value 'maybe' of 'incomplete', expected fail, warn or ignore"),
    ("allow is a mapping", "version: 1\nallow: {rule: x}\n", 2, "'allow' is a mapping, expected a list"),
    ("allow without a rule", ALLOW + "  - {module: x, reason: y}\n", 5, "has no rule"),
    ("allow with an empty reason", ALLOW + "  - {rule: wx-mapping, reason: ''}\n", 5, "'reason' is '', expected a sentence"),
    ("allow of an unknown rule", ALLOW + "  - {rule: wx, reason: y}\n", 5, "unknown rule 'wx'"),
    ("allow with an unknown key", ALLOW + "  - {rule: wx-mapping, func: y, reason: z}\n", 5, "unknown key 'func'"),
    ("allow with a range backwards", ALLOW + '  - {rule: wx-mapping, function: "[!9-0]", reason: z}\n', 5,
     "bad glob '\\[!9-0\\]' of 'function': a range that runs backwards"),
    ("allow with a bad glob", ALLOW + '  - {rule: wx-mapping, file: "", reason: z}\n', 5, "bad glob '' of 'file': empty"),
    ("not YAML", "version: [1\n", None, "not YAML: .*, expected a policy"),
    ("a tab", "version: 1\nrules:\n\tx: 1\n", 3, "not YAML"),
    ("two documents", "version: 1\n---\nversion: 1\n", 3, "a second document, expected one policy"),
    ("a bomb of aliases", "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(20)), 1, "unknown key 'a'"),
    ("an alias of itself", "version: 1\nrules: &a {wx-mapping: *a}\n", 2, "not YAML|unknown key|no level"),
    ("deep", "[" * 100000, None, "not YAML|is a list"),
    ("a key that is a list", "version: 1\n? [a]\n: 1\n", 2, "the key is a list, expected a name"),
    ("a NUL inside", 'version: 1\nincomplete: "fail\\0"\n', 2, "bad value 'fail' of 'incomplete'"),
    ("a terminal's commands", "version: 1\nincomplete: \"\\e[2J\"\n", 2, "bad value '\\\\x1b\\[2J'"),
    ("large", "#" * (300 * 1024), None, "too large, expected at most 256 KiB"),
]


def refused(what, option, path, line, said):
    status, out, err = run(VMATRACE, "check", option, path, "trace")
    equal(f"{what}: status, stdout", (status, out), (2, ""))
    where = f"{path}:{line}: " if line else ""
    check(f"{what}: one line", err.count("\n") == 1 and err.startswith("vmatrace: " + where), err[:300])
    check(f"{what}: what", re.search(said, err), err[:300])
    check(f"{what}: nothing for a terminal", not re.search("[\x00-\x09\x0b-\x1f\x7f]", err), repr(err[:300]))


def bad_files():
    for what, text, line, said in BAD:
        refused(what, "--policy", write("bad.yml", text), line, said)
    for name, data in (("zeros", bytes(4096)), ("binary", bytes(range(256)) * 64), ("utf-16", b"\xff\xfeb\0")):
        path = os.path.join(WORK, name)
        with open(path, "wb") as file:
            file.write(data)
        refused(name, "--policy", path, None, "not YAML|nothing in it|is '|expected")
    refused("no such file", "--policy", "none.yml", None, "cannot open 'none.yml': No such file or directory")
    refused("a folder", "--policy", WORK, None, "cannot read '.*': Is a directory")
    refused("a bad suppression", "--suppressions", write("bad.supp", "# x\n\nleak libfoo\n"), 3,
            "bad suppression 'leak libfoo', expected RULE:PATTERN")
    refused("an unknown rule of a suppression", "--suppressions", write("bad.supp", "leek:x\n"), 1, "bad suppression 'leek'")
    refused("no baseline", "--baseline", write("bad.txt", "hello\n"), 1, "not a baseline, expected '# vmatrace baseline 1'")
    for line in ("12\tmmap\n", "0123456789abcdef\tmmap\tplaces=1\tcalls=x\tbytes=1\tmain\n", "0123456789abcdef\n"):
        refused("a bad call site", "--baseline", write("bad.txt", "# vmatrace baseline 1\n\n" + line), 3, "expected")
    for name, text in (("norules.yml", "version: 1\n"), ("off.yml", RULES + "  wx-mapping: {level: off}\n")):
        write(name, text)
        status, out, err = run(VMATRACE, "check", "--policy", name, "trace")
        equal(f"{name} judges nothing", (status, out[:5], err),
              (0, "PASS:", f"vmatrace: '{name}' has no rule that is on: nothing is judged\n"))
        equal(f"{name}, quiet", run(VMATRACE, "check", "-q", "--policy", name, "trace")[2], "")
    record("executed", "sh", "-c", f"{DEEDS} keep churn; exec {DEEDS} keep churn")
    out = run(VMATRACE, "check", "executed")[1]
    check("processes and what they execute", re.search(r" in 2 processes \([34] program images\) of 'executed',", out), out)
    for limit, status in ((30, 0), (10, 1)):  # 20 calls in each: two processes are not one second
        churn = write("churn.yml", RULES + f"  churn: {{level: error, calls_per_second: {limit}}}\n")
        equal(f"churn of two processes, {limit}", run(VMATRACE, "check", "--policy", churn, "executed")[0], status)
    equal("no trace", run(VMATRACE, "check")[0], 2)
    equal("an unknown format", run(VMATRACE, "check", "--format", "xml", "trace")[0], 2)
    equal("no such trace", run(VMATRACE, "check", "none")[0], 3)


def allowed(what, more, expected_status, expected_unused, *options):
    status, verdict = judge("trace", "--policy", policy_of("wx-mapping", more), *options)
    equal(what, (status, len(verdict["unused_allows"])), (expected_status, expected_unused))
    return verdict


def allows():
    entry = "allow:\n  - {{rule: wx-mapping, {}, reason: fine}}\n"
    for globs in ('function: "break_*"', 'module: deeds', 'module: "*/deeds"', 'file: "deeds.?"', 'module: "d[a-f]eds", '
                  'function: "break_wx_mapping", file: "*/tests/check/deeds.c"'):
        verdict = allowed(globs, entry.format(globs), 0, 0)
        equal(f"{globs}: said", (verdict["verdict"], verdict["allowed"], verdict["findings"][0]["allowed_by"]["reason"]),
              ("pass", 1, "fine"))
    # One frame must match all: the function is one frame's, the module another's.
    for globs in ('function: "keep_*"', 'module: "libc*", function: "break_*"', 'function: "BREAK_*"'):
        allowed(globs, entry.format(globs), 1, 1)
    allowed("without a reason", "allow:\n  - {rule: wx-mapping, function: break_wx_mapping}\n", 0, 0)
    allowed("of another rule", "allow:\n  - {rule: leaked-shm, reason: none}\n", 1, 1)
    allowed("of the rule alone", "allow:\n  - {rule: wx-mapping, reason: all of them}\n", 0, 0)
    out = run(VMATRACE, "check", "--policy", policy_of("wx-mapping", entry.format("function: none")), "trace")[1]
    check("unused, in text", "wx-mapping.yml:5: allowed nothing: unused" in out, out)
    for pattern, status in (("rwx:break_wx", 0), ("wx-mapping:^break_*mapping$", 0), ("rwx:^wx_mapping", 1),
                            ("rwx:deeds.c", 0), ("leak:break", 1), ("rwx:[", 1)):
        supp = write("some.supp", f"# known\n  {pattern}  \n")
        allowed(pattern, "", status, status, "--suppressions", supp)


def incomplete():
    """A trace that is missing something is never a silent pass."""
    subprocess.run((VMATRACE, "record", "-q", "--coverage", "calls", "-o", os.path.join(WORK, "calls/"), "--",
                    DEEDS, "keep", "churn"), check=True)
    subprocess.run((VMATRACE, "record", "-q", "--ring", "16", "-o", os.path.join(WORK, "wrapped/"), "--",
                    DEEDS, "keep", "max-vmas"), check=True)
    for trace, said in (("calls", "only the program's own calls were seen"), ("wrapped", "events overwritten")):
        for action, status in (("fail", 3), ("warn", 0), ("ignore", 0), (None, 3)):
            more = f"incomplete: {action}\n" if action else ""
            got, out, err = run(VMATRACE, "check", "--policy", policy_of("wx-mapping", more), trace)
            equal(f"{trace}: {action}", got, status)
            check(f"{trace}: {action}: said", said in out, out + err)
    status, out, _ = run(VMATRACE, "check", "--policy", policy_of("wx-mapping", "incomplete: warn\n"), "calls")
    check("the first line is the verdict", out.startswith("PASS: "), out)
    run("cp", "-r", "trace", "mixed")
    write("mixed/broken.vmat", "no trace")
    status, out, _ = run(VMATRACE, "check", "--policy", policy_of("leaked-shm"), "mixed")
    equal("a folder with a file that is no trace", status, 3)
    check("a folder with a file that is no trace: said", "1 of the files are no readable traces" in out, out)
    path = os.path.join(WORK, "wrapped")
    cut = [name for name in os.listdir(path) if name.endswith(".vmat")][0]
    size = os.path.getsize(os.path.join(path, cut))
    for bytes_left, said in ((size - 4096, "is cut off"), (8192, "is cut off|cannot judge"), (100, "cut off at byte 100, inside the header"), (0, "is empty")):
        os.truncate(os.path.join(path, cut), bytes_left)
        status, out, err = run(VMATRACE, "check", "wrapped")
        equal(f"a trace that is cut to {bytes_left}: status", status, 3)
        check(f"a trace that is cut to {bytes_left}: verdict", not out or out.startswith("INCOMPLETE: "), out)
        check(f"a trace that is cut to {bytes_left}: said", re.search(said, err), err)


def several():
    """Entries of one rule judge by themselves: the first one's warning takes no error's place."""
    policy = write("twice.yml", RULES + "  forbidden-call:\n    - {level: warning, call: mmap}\n"
                   '    - {level: error, call: mmap, function: "break_*"}\n')
    status, out, _ = run(VMATRACE, "check", "--policy", policy, "trace")
    equal("two entries of a rule", status, 1)
    check("two entries of a rule: both", out.startswith("FAIL: 1 error, 1 warning"), out)
    run_ = json.loads(run(VMATRACE, "check", "--policy", policy, "--format", "sarif", "trace")[1])["runs"][0]
    equal("each with its own level", sorted((result["ruleId"], result["level"]) for result in run_["results"]),
          [("forbidden-call", "error"), ("forbidden-call", "warning")])
    equal("the rule's is the worst", [rule["defaultConfiguration"] for rule in run_["tool"]["driver"]["rules"]
                                      if rule["id"] == "forbidden-call"], [{"enabled": True, "level": "error"}])


def printed():
    status, text, _ = run(VMATRACE, "check", "--print-policy")
    equal("the default policy can be read", run(VMATRACE, "check", "--policy", write("default.yml", text), "clean")[0], 0)
    equal("and is what holds without one", [run(VMATRACE, "check", "--format", "sarif", *policy, "trace")[:2]
                                            for policy in ((), ("--policy", "default.yml"))].count(
                                                run(VMATRACE, "check", "--format", "sarif", "trace")[:2]), 2)
    pipe = subprocess.run(f"{VMATRACE} check --print-policy | {VMATRACE} check --policy /dev/stdin --format sarif trace",
                          shell=True, capture_output=True, text=True, check=False, cwd=WORK)
    equal("through a pipe", (pipe.returncode, pipe.stdout), run(VMATRACE, "check", "--format", "sarif", "trace")[:2])
    # What stands in its comments is a policy, too, and no rule is left out of it.
    rows = re.findall(r"^([a-z-]+): \{level: ", run(VMATRACE, "check", "--list-rules")[1], re.M)
    equal("every rule is in the default policy", sorted(re.findall(r"^  (?:# )?([a-z-]+): +\{", text, re.M)), sorted(rows))
    spoken = re.sub(r"^( *)# ?( *)(forbidden-call: |- \{)", r"\1\2\3", text, flags=re.M).replace("allow: []", "allow:")
    check("its comments are", spoken.count("#") < text.count("#") and re.search(r"\nallow:\n +- {rule", spoken), spoken)
    equal("they can be read", run(VMATRACE, "check", "--policy", write("spoken.yml", spoken), "clean")[0], 0)
    status, out, _ = run(VMATRACE, "check", "--list-rules")
    equal("rules", (status, len(re.findall(r"^[a-z-]+: \{level: ", out, re.M)), out.count("\n    fix: ")), (0, 13, 13))


record("trace", DEEDS, "break", "wx-mapping")
record("clean", DEEDS, "keep", "failed-call")
bad_files()
allows()
incomplete()
several()
printed()
finish()

#!/usr/bin/env python3
"""Baselines: what survives (address randomisation, a rebuild elsewhere, moved lines), what is found (a call site
more, in a new function or an old one), what is called by its name (another optimisation level), and the file.

    baselines.py BUILD COMPILER
"""
import os
import re
import stat
import subprocess
import sys

from judging import SOURCES, VMATRACE, WORK, check, equal, finish, judge, marked, record, run, write

COMPILER = sys.argv[2]
POLICY = write("sites.yml", "version: 1\nrules:\n  new-call-site: {level: error}\n")


def build(name, *options, source=os.path.join(SOURCES, "grows.c")):
    """A program that is always called grows, in a folder of its own."""
    os.makedirs(os.path.join(WORK, name), exist_ok=True)
    path = os.path.join(WORK, name, "grows")
    subprocess.run((COMPILER, *options, "-o", path, source), check=True)
    return path


def against(base, trace):
    """Status, and the baseline part of a verdict by numbers."""
    status, verdict = judge(trace, "--policy", POLICY, "--baseline", base)
    parts = verdict["baseline"]
    return status, {key: len(parts[key]) for key in ("new", "gone", "grown", "altered")}, verdict


def expect(what, base, trace, status, **numbers):
    got, parts, verdict = against(base, trace)
    expected = {"new": 0, "gone": 0, "grown": 0, "altered": 0, **numbers}
    equal(what, (got, parts), (status, expected))
    return verdict


def main():
    plain = build("plain", "-O0", "-g")
    record("plain.run", plain)
    status, out, err = run(VMATRACE, "check", "--write-baseline", "base", "plain.run")
    equal("written: status, stdout", (status, out), (0, ""))
    check("written: said", re.fullmatch(r"vmatrace: wrote \d+ call sites to 'base'\n", err), err)
    text = open(os.path.join(WORK, "base"), encoding="utf-8").read()
    sites = [line for line in text.splitlines() if not line.startswith("#")]
    check("a site a line", all(re.fullmatch(r"[0-9a-f]{16}\t[a-z0-9_]+\tplaces=\d+\tcalls=\d+\tbytes=\d+(\t[^\t]+)+", site)
                               for site in sites), text)
    equal("sorted", sites, sorted(sites, key=lambda site: (site.split("\t")[1], site.split("\t")[5:], site)))
    check("no address, no line", not re.search(r"0x|grows\.c", text), text)

    for number in range(3):
        record("again", plain)
        run(VMATRACE, "check", "-q", "--write-baseline", "base2", "again")
        equal(f"the same text, run {number}", open(os.path.join(WORK, "base2"), encoding="utf-8").read(), text)
    expect("the same program", "base", "again", 0)

    source = open(os.path.join(SOURCES, "grows.c"), encoding="utf-8").read()
    moved = write("moved.c", "/* lines */\n\n\n" + source.replace("{\n\tload(4)", "{\n\n\n\n\tload(4)"))
    record("moved.run", build("elsewhere/deeper", "-O0", "-g", source=moved))
    expect("moved lines, built elsewhere", "base", "moved.run", 0)

    record("function.run", build("function", "-O0", "-g", "-DNEW_FUNCTION"))
    verdict = expect("a call more in a new function", "base", "function.run", 1, new=2)
    check("the new call, by function and line",
          any((finding["function"], finding["line"]) == ("extra", marked("extra", "grows.c"))
              for finding in verdict["findings"]), verdict["findings"])
    equal("written again", run(VMATRACE, "check", "-q", "--write-baseline", "base3", "function.run")[0], 0)
    expect("then it passes", "base3", "function.run", 0)
    expect("and its removal is said", "base3", "plain.run", 0, gone=2)

    record("line.run", build("line", "-O0", "-g", "-DNEW_LINE"))
    status, parts, verdict = against("base", "line.run")
    equal("a call more in an old function", (status, parts["new"]), (1, 0))
    check("says how many places", any("is called at 2 places of this function, the baseline knows 1" in
                                      finding["message"] for finding in verdict["findings"]), verdict["findings"])

    record("more.run", plain, "40")
    equal("more calls of the same sites", [against("base", "more.run")[index] for index in (0,)], [0])
    check("grown", against("base", "more.run")[1]["grown"] >= 2, against("base", "more.run")[1])
    out = run(VMATRACE, "check", "--baseline", "base", "more.run")[1]
    check("grown, in text", re.search(r"grown:\n(.*\n)*.*\d+ calls where \d+ were granted", out), out)

    record("gone.run", build("gone", "-O0", "-g", "-DGONE"))
    status, parts, _ = against("base", "gone.run")
    equal("a function gone", (status, parts["new"], parts["gone"] > 0), (0, 0, True))

    # No debug information says what was inlined: frames are missing.
    optimised = os.path.join(WORK, "optimised", "grows")
    os.makedirs(os.path.dirname(optimised))
    subprocess.run((COMPILER, "-O2", "-o", optimised, os.path.join(SOURCES, "grows.c")), check=True)
    record("optimised.run", optimised)
    status, parts, verdict = against("base", "optimised.run")
    check("another optimisation level is altered sites, not new ones", parts["altered"] > 0 and parts["new"] == 0, parts)
    equal("one finding, that says so", (status, len(verdict["findings"]),
                                        "built another way" in verdict["findings"][0]["message"]), (1, 1, True))

    # The file: replaced at once, its permissions and a link to it kept; a failure leaves it alone.
    os.chmod(os.path.join(WORK, "base3"), 0o640)
    os.symlink("base3", os.path.join(WORK, "link"))
    run(VMATRACE, "check", "-q", "--write-baseline", "link", "plain.run")
    check("a link stays one", os.path.islink(os.path.join(WORK, "link")))
    equal("what it names is replaced", open(os.path.join(WORK, "base3"), encoding="utf-8").read(), text)
    equal("permissions", stat.S_IMODE(os.stat(os.path.join(WORK, "base3")).st_mode), 0o640)
    status, out, err = run(VMATRACE, "check", "--write-baseline", "none/base", "plain.run")
    check("a folder that is not there", status == 3 and err.count("\n") == 1 and "cannot write 'none/base'" in err, err)
    equal("no trace, nothing written", run(VMATRACE, "check", "--write-baseline", "base3", "no.run")[0], 3)
    equal("it is as it was", open(os.path.join(WORK, "base3"), encoding="utf-8").read(), text)
    equal("nothing left behind", [name for name in os.listdir(WORK) if name.startswith("base3.")], [])
    finish()


main()

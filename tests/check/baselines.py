#!/usr/bin/env python3
"""Baselines: what survives (address randomisation, a rebuild elsewhere, moved lines), what is found (a call site
more, in a new function or an old one), what is called by its name (another optimisation level), and the file.

    baselines.py BUILD COMPILER
"""
import os
import re
import shutil
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


def run_of(name, *options):
    """A run of grows, built so."""
    record(name + ".run", build(name, *options))
    return name + ".run"


def baseline_of(trace):
    equal(f"a baseline of {trace}", run(VMATRACE, "check", "-q", "--write-baseline", trace + ".base", trace)[0], 0)
    return trace + ".base"


LEVELS = {"O0": ("-O0",), "O2": ("-O2",), "O3": ("-O3",), "lto": ("-O2", "-flto")}


def built_another_way():
    """The same source: nothing is new, nothing is gone, and what looks different is one finding that says why."""
    lines = {name: run_of(name + "g", "-g", *options) for name, options in LEVELS.items()}
    names = {name: run_of(name + "n", *options) for name, options in LEVELS.items()}
    base, bare = baseline_of(lines["O0"]), baseline_of(names["O0"])
    for name in ("O2", "O3", "lto"):
        expect(f"-O0 -g, then {name} -g: inlined calls are known", base, lines[name], 0)
        expect(f"{name} -g, then -O0 -g", baseline_of(lines[name]), lines["O0"], 0)
        fingerprints = set()
        for what, known in (("-O0 -g", base), ("-O0", bare)):
            status, parts, verdict = against(known, names[name])
            equal(f"{what}, then {name} without -g", (status, parts["new"], parts["gone"], len(verdict["findings"])),
                  (1, 0, 0, 1))
            check(f"{what}, then {name}: altered", parts["altered"] > 0, parts)
            message = verdict["findings"][0]["message"]
            check(f"{what}, then {name}: said", re.match(
                r"'grows' was built another way \(now .*; the baseline .*\): \d+ call sites? (is|are) known", message), message)
            equal("the module is named", os.path.basename(verdict["findings"][0]["module"]), "grows")
            fingerprints.add(verdict["findings"][0]["fingerprint"])
        equal("one fingerprint", len(fingerprints), 1)
        # And back: what was inlined is told apart again.
        status, parts, verdict = against(baseline_of(names[name]), lines["O0"])
        equal(f"{name} without -g, then -O0 -g", (parts["new"], parts["gone"], len(verdict["findings"])), (0, 0, 1))
    # Another program's finding is another finding.
    os.makedirs(os.path.join(WORK, "other"))
    for name in ("O0", "O2"):
        shutil.copy(os.path.join(WORK, name + "n", "grows"), os.path.join(WORK, "other", "other"))
        record(f"other{name}.run", os.path.join(WORK, "other", "other"))
    verdict = against(baseline_of("otherO0.run"), "otherO2.run")[2]
    equal("another module, another fingerprint", len({verdict["findings"][0]["fingerprint"]} | fingerprints), 2)

    stripped = build("stripped", "-O0", "-g")
    subprocess.run(("strip", stripped), check=True)
    record("stripped.run", stripped)
    status, parts, verdict = against(base, "stripped.run")
    equal("stripped", (status, parts["new"], parts["gone"], len(verdict["findings"])), (1, 0, 0, 1))
    check("stripped: what that means", "without symbols" in verdict["findings"][0]["message"] and
          "cannot be told" in verdict["findings"][0]["message"], verdict["findings"])
    expect("stripped both times", baseline_of("stripped.run"), "stripped.run", 0)

    # A call that was added is new, whatever the level.
    added = [run_of(name + "gadded", "-g", "-DNEW_FUNCTION", *options) for name, options in LEVELS.items()]
    for trace in added:
        status, parts, verdict = against(base, trace)
        equal(f"a call more, {trace}", (status, parts["new"], parts["gone"]), (1, 2, 0))
        check(f"a call more, {trace}: function and line", any(
            (finding["function"], finding["line"]) == ("extra", marked("extra", "grows.c"))
            for finding in verdict["findings"]), verdict["findings"])
    # Inlined into main without a name, it is a place more there.
    verdict = against(bare, run_of("O2nadded", "-O2", "-DNEW_FUNCTION"))[2]
    check("a call more, inlined without a name", any(re.search(r"called at \d+ places|more places than",
                                                               finding["message"]) for finding in verdict["findings"]), verdict["findings"])


def changed():
    """Another source by the same options: sites that are new, and sites that are gone."""
    for what, options in (("-O0 -g", ("-O0", "-g")), ("-O2 -g", ("-O2", "-g")), ("-O0", ("-O0",))):
        base = baseline_of(run_of("was" + what.replace(" ", ""), *options))
        for name, change, numbers in (("merged", "-DMERGED", {"new": 2, "gone": 2}),
                                      ("renamed", "-Dload=fetch", {"new": 6, "gone": 6})):
            verdict = expect(f"{name}, {what}", base, run_of(name + what.replace(" ", ""), change, *options), 1, **numbers)
            check(f"{name}, {what}: not told as another build", not any("another way" in finding["message"]
                                                                      for finding in verdict["findings"]),
                  verdict["findings"])


def lost():
    """The program is not there any more, or is another one: what cannot be known is no new site, and no pass."""
    kept = build("kept", "-O0", "-g")
    for name in ("deleted", "replaced"):
        program = shutil.copy(kept, os.path.join(WORK, name + ".grows"))
        record(name, program)
        base = baseline_of(name)
        expect(f"{name}: before", base, name, 0)
        os.unlink(program)
        if name == "replaced":
            shutil.copy(build("another", "-O2", "-g"), program)
        status, _, verdict = against(base, name)
        equal(f"{name}: incomplete", (status, verdict["verdict"], [re.sub("'.*'", "", why) for why in verdict["incomplete"]]),
              (3, "incomplete", ["new-call-site was not judged: the file of  is gone, or is not the one that was traced: "
                                 "functions have no names"]))
        check(f"{name}: not said to be built another way", not any("another way" in finding["message"]
                                                                  for finding in verdict["findings"]), verdict["findings"])
        equal(f"{name}: a warning does not fail", judge(name, "--baseline", base)[0], 0)
        status, _, err = run(VMATRACE, "check", "--write-baseline", "lost.base", name)
        check(f"{name}: said where a baseline is written", status == 0 and "incomplete: the file of" in err, err)
        err = run(VMATRACE, "check", name)[2]
        expect(f"{name}: a baseline that has no names either", "lost.base", name, 0)
        trace = os.path.join(name, os.listdir(os.path.join(WORK, name))[0])
        equal(f"{name}: and without one", err, "" if name == "deleted" else
              f"vmatrace: modules changed since '{trace}' was recorded, no symbols of them: 1\n")


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

    built_another_way()
    changed()
    lost()

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

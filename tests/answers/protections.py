#!/usr/bin/env python3
"""protections: rights over time; what flips, what is writable and executable, or becomes it."""
from common import Run, check, equal, finish, guilty, place


def two_mappings():
    """Writable by one mapping, executable by another: no mapping is both, the memory is."""
    with Run("two_mappings") as run:
        rows = [row for row in run.json("protections") if row["warning"]]
        equal("through two mappings: who, from what to what", sorted(
            (place(row["stack"]), row["before"], row["after"], row["changes"]) for row in rows
            if row["warning"] == "writable and executable through two mappings"), sorted([
                (("both", guilty("two_mappings")), None, "r-x", 1),
                (("later", guilty("two_mappings", "later")), "r--", "rw-", 1)]))
        equal("and nothing else", len(rows), 2)
        equal("the other one is known, though it is not asked for",
              [(place(row["stack"]), row["warning"]) for row in run.json("protections", "--call", "mprotect")
               if row["warning"]],
              [(("later", guilty("two_mappings", "later")), "writable and executable through two mappings")])
        text = run.ask("protections").splitlines()
        check("in text", "through two mappings" in text[1] and "through two mappings" in text[2]
              and "through two mappings" not in "".join(text[3:]), text[:4])
        with open(f"{run.folder}/policy.yml", "w", encoding="ascii") as policy:
            policy.write("version: 1\nrules:\n  wx-mapping: {level: error}\n")
        verdict = run.json("check", "--policy", policy.name, status=1)
        equal("the rule finds them", sorted((finding["function"], finding["line"], finding["message"][:51])
                                            for finding in verdict["findings"]), [
            ("both", guilty("two_mappings"), "4 KiB writable and executable at once through two m"),
            ("later", guilty("two_mappings", "later"), "4 KiB writable and executable at once through two m")])
        check("it names the other", "the other by mmap at executable (two_mappings.c:" in
              verdict["findings"][1 if verdict["findings"][1]["function"] == "later" else 0]["message"],
              verdict["findings"])


def main():
    with Run("flip") as run:
        rows = [row for row in run.json("protections") if place(row["stack"])]
        opened = next(row for row in rows if place(row["stack"])[0] == "open_page")
        closed = [(row["changes"], row["flips"]) for row in rows
                  if place(row["stack"])[0] == "close_page"]
        equal("opened from and to", (opened["before"], opened["after"]), ("r--", "rw-"))
        equal("the guilty line", place(opened["stack"])[1], guilty("flip"))
        equal("opened", (opened["changes"], opened["flips"]), (100, 100))
        equal("closed: the first time is no flip", sorted(closed), [(1, 0), (100, 100)])
        equal("bytes", opened["bytes"], 100 * 4096)
        events = [event for event in run.json("events", "--call", "mprotect")
                  if event["stack"] and (place(event["stack"]) or [""])[0] == "open_page"]
        equal("their time", opened["time_ns"], sum(event["duration_ns"] for event in events))
        check("how long they held is known", opened["held_ns"] is not None)
        equal("no warning", opened["warning"], None)
    with Run("wx_page") as run:
        rows = [row for row in run.json("protections") if row["warning"]]
        equal("both at once first, by the guilty line",
              [(place(row["stack"])[1], row["after"]) for row in rows
               if row["warning"] == "writable and executable"], [(guilty("wx_page"), "rwx")])
        equal("written, then executable",
              [(place(row["stack"])[0], row["before"], row["after"]) for row in rows
               if row["warning"] == "written, then executable"], [("finish_code", "rw-", "r-x")])
        text = run.ask("protections").splitlines()
        check("warnings come first in text", "executable" in text[1] and "executable" in text[2],
              text[:3])
    two_mappings()
    with Run("clean") as run:
        equal("nothing to tell is said", run.ask("protections", "--call", "pkey_mprotect"), "no changes of rights\n")
    finish()


main()

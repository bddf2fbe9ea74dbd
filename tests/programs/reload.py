#!/usr/bin/env python3
"""Plugins loaded and unloaded in turn at one address: each stack is resolved against what was there then. With the
sites, which see the loader unmap, and without.

    reload.py BUILD
"""
import os
import sys

from harness import Bench, Check

SETTINGS = [{}, {"VMATRACE_COVERAGE": "calls"},
            {"VMATRACE_COVERAGE": "calls", "VMATRACE_STACK": "fp"}]


def reload(check, settings):
    bench = Bench(sys.argv[1])
    what = " ".join(settings.values()) or "sites"
    plugins = [os.path.join(bench.build, f"libreload_{name}.so") for name in ("first", "second")]
    try:
        bench.both(check, f"{what}: reload", [os.path.join(bench.build, "reload"), *plugins],
                   **settings)
        (trace,) = bench.trace_files()
        calls = [event for event in bench.events(trace)
                 if event["via"] == "wrapper" and not event["internal"] and event["call"] == "mmap"]
        check.equal(f"{what}: calls", len(calls), 6)
        check.equal(f"{what}: one place", len({event["stack"][0]["pc"] for event in calls}), 1)
        for i, event in enumerate(calls):
            name = ("first", "second")[i % 2]
            seen = [(os.path.basename(frame["module"] or ""), frame["function"])
                    for frame in event["stack"][:3]]
            plugin = f"libreload_{name}.so"
            expected = [(plugin, f"{name}_maps"), (plugin, "plugin_maps"), ("reload", "main")]
            # Of code without frame pointers they show the caller.
            length = 1 if "fp" in settings.values() else 3
            check.equal(f"{what}: call {i}", seen[:length], expected[:length])
        bench.read_all(check, f"{what}: reload")
    finally:
        bench.close()


def main():
    check = Check()
    for settings in SETTINGS:
        reload(check, settings)
    check.finish()


if __name__ == "__main__":
    main()

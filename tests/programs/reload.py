#!/usr/bin/env python3
"""Plugins loaded and unloaded in turn at one address: each stack is resolved against what was there then.

    reload.py BUILD
"""
import os
import sys

from harness import Bench, Check


def main():
    bench, check = Bench(sys.argv[1]), Check()
    plugins = [os.path.join(bench.build, f"libreload_{name}.so") for name in ("first", "second")]
    try:
        bench.both(check, "reload", [os.path.join(bench.build, "reload"), *plugins])
        (trace,) = bench.trace_files()
        calls = [event for event in bench.events(trace)
                 if event["via"] == "wrapper" and not event["internal"] and event["call"] == "mmap"]
        check.equal("calls", len(calls), 6)
        check.equal("one place", len({event["stack"][0]["pc"] for event in calls[::2]}), 1)
        for i, event in enumerate(calls):
            name = ("first", "second")[i % 2]
            seen = [(os.path.basename(frame["module"] or ""), frame["function"])
                    for frame in event["stack"][:3]]
            plugin = f"libreload_{name}.so"
            check.equal(f"call {i}", seen, [(plugin, f"{name}_maps"), (plugin, "plugin_maps"),
                                            ("reload", "main")])
        bench.read_all(check, "reload")
    finally:
        bench.close()
    check.finish()


if __name__ == "__main__":
    main()

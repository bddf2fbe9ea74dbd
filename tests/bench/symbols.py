#!/usr/bin/env python3
"""What it costs to name 10,000 addresses: of a large C++ program that is made for it, and of what is installed.

    tests/bench/symbols.py BUILD [--functions N] [--rounds N]

Wall-clock seconds of the whole reader, start and end included: without the cache, with it the first time, and
again; beside llvm-symbolizer and addr2line, in turn. Each program is read once before it counts, so that all find
it in the page cache.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "symbols"))
import judge  # noqa: E402

ADDRESSES = 10000
UNITS = 40

# A function with about ten calls inlined, three deep.
FUNCTION = """
namespace n{i} {{
struct box {{ int value; }};
template <typename T> inline T low(T x) {{ return x * {i} + call(x); }}
template <typename T> inline T middle(T x) {{ T s = low(x); if (s & 1) s += low(s + {i}); return s; }}
inline int high(box b) {{ int s = middle(b.value); for (int k = 0; k < b.value; k++) s ^= middle(s + k); return s; }}
}}
__attribute__((noinline)) int function{i}(int x) {{ n{i}::box b{{x}}; return n{i}::high(b) + call(x + {i}); }}
"""


def make_program(folder, functions):
    """A program of that many functions, each with about ten calls inlined three deep."""
    objects, per_unit = [], functions // UNITS
    for unit in range(UNITS):
        source = os.path.join(folder, f"unit{unit}.cc")
        with open(source, "w", encoding="ascii") as file:
            file.write("extern int call(int);\n")
            for i in range(unit * per_unit, (unit + 1) * per_unit):
                file.write(FUNCTION.format(i=i))
        objects.append(source[:-2] + "o")
    main = os.path.join(folder, "main.cc")
    with open(main, "w", encoding="ascii") as file:
        file.write("__attribute__((noinline)) int call(int x) { asm volatile(\"\"); return x; }\n"
                   "int main() { return call(1); }\n")
    objects.append(main[:-2] + "o")
    jobs = "\n".join(path[:-1] + "cc" for path in objects)
    subprocess.run(["xargs", "-P", str(os.cpu_count()), "-I", "{}", "sh", "-c",
                    "g++ -O2 -g -fno-ipa-icf -c {} -o $(echo {} | sed 's/cc$/o/')"],
                   input=jobs, text=True, check=True)
    program = os.path.join(folder, "large")
    subprocess.run(["g++", "-Wl,--build-id", *objects, "-o", program], check=True)
    return program


def seconds(command, text, home):
    begin = time.monotonic()
    subprocess.run(command, input=text, text=True, check=False, stdout=subprocess.DEVNULL,
                   env=dict(os.environ, XDG_CACHE_HOME=home))
    return time.monotonic() - begin


def measure(build, program, rounds, folder):
    home = os.path.join(folder, "cache")
    lookup = os.path.join(build, "symbol_lookup")
    addresses = judge.code_addresses(program, ADDRESSES)
    text = "".join(f"{address:#x}\n" for address in addresses)
    # As analyzer and judge print it: the address, and two lines a frame.
    printed = subprocess.run([lookup, program], input=text, text=True, capture_output=True,
                             check=True).stdout.count("\n")
    ways = {"vmatrace": [lookup, program], "vmatrace, cache empty": [lookup, "--cache", "yes", program],
            "vmatrace, second run": [lookup, "--cache", "yes", program]}
    for name in ("llvm", "binutils"):
        if judge.judge_command(name):
            ways[name] = [*judge.judge_command(name), program]
    taken = {name: [] for name in ways}
    for _ in range(rounds):
        shutil.rmtree(home, ignore_errors=True)
        for name, command in ways.items():
            taken[name].append(seconds(command, text, home))
    size = os.path.getsize(program) / 2**20
    print(f"\n{os.path.basename(program)}, {size:.0f} MiB: {len(addresses)} addresses, "
          f"{(printed - len(addresses)) // 2} frames")
    base = statistics.median(taken["vmatrace"])
    for name, times in taken.items():
        median = statistics.median(times)
        print(f"  {name:24}{median:8.3f} s   {min(times):.3f} .. {max(times):.3f}   "
              f"{median / base:6.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("build")
    parser.add_argument("--functions", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if shutil.which("g++"):
            measure(arguments.build, make_program(folder, arguments.functions), arguments.rounds,
                    folder)
        for path in ("/usr/bin/python3.11-dbg", "/lib/x86_64-linux-gnu/libc.so.6"):
            if os.path.exists(path):
                measure(arguments.build, os.path.realpath(path), arguments.rounds, folder)


if __name__ == "__main__":
    main()

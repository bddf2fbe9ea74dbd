#!/usr/bin/env python3
"""The table of README.md: every test that it names exists, and at most five rows have none.

    traps.py BUILD
"""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    listed = subprocess.run(["ctest", "--test-dir", sys.argv[1], "-N"], capture_output=True, text=True, check=True)
    names = {line.split(": ", 1)[1] for line in listed.stdout.splitlines() if " #" in line and ": " in line}
    complaints, without, rows = [], 0, 0
    with open(os.path.join(HERE, "README.md"), encoding="ascii") as table:
        for line in table:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if not line.startswith("|") or len(cells) != 2 or cells[0] in ("trap", "---"):
                continue
            rows += 1
            if cells[1].startswith("none: "):
                without += 1
                continue
            complaints += [f"{cells[0]}: no test {name}" for name in cells[1].split()
                           if name not in names and name != "layers"]
    if without > 5:
        complaints.append(f"{without} rows without a test")
    for complaint in complaints:
        print(f"FAIL: {complaint}")
    print(f"{rows} rows, {without} of them without a test")
    sys.exit(1 if complaints or rows < 80 else 0)


if __name__ == "__main__":
    main()

"""The mutants, and what must be true of them as a table."""
import os
import re
from typing import NamedTuple

from edits import DoesNotApply, edited

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
# What tests/file is about: it wraps; two generations of what events refer to; stop and grow; all is counted; any death;
# any limit; whatever the reader is given; nobody else's file; the ring's atomic words.
CLAUSES = {"wrap", "generations", "stop", "counts", "deaths", "limits", "reader", "owner", "ring"}


class Mutant(NamedTuple):
    """of: rows of the table of tests/hostile, or clauses. tests: each of them must fail."""
    name: str
    of: str
    file: str
    old: str
    new: str
    tests: str
    more: tuple = ()  # other edits: (file, old, new)

    def edits(self):
        return [(self.file, self.old, self.new), *self.more]


def traps():
    """Row -> its tests, of the table of tests/hostile/README.md; [] where it says that there are none."""
    rows = {}
    with open(os.path.join(ROOT, "tests", "hostile", "README.md"), encoding="ascii") as table:
        for line in table:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if line.startswith("|") and re.match(r"[A-Z]+\d+ ", cells[0]):
                rows[cells[0].split()[0]] = [] if cells[1].startswith("none: ") else cells[1].split()
    return rows


def complaints(mutants, tests):
    """tests: name -> its labels."""
    rows, found = traps(), []
    red = {test for mutant in mutants for test in mutant.tests.split()}
    names = [mutant.name for mutant in mutants]
    found += [f"{name}: twice" for name in sorted({name for name in names if names.count(name) > 1})]
    for mutant in mutants:
        found += [f"{mutant.name}: no test {test}" for test in mutant.tests.split() if test not in tests]
        found += [f"{mutant.name}: neither a row nor a clause: {of}" for of in mutant.of.split()
                  if of not in rows and of not in CLAUSES]
        texts = {}
        for file, old, new in mutant.edits():
            try:
                if file not in texts:
                    with open(os.path.join(ROOT, file), encoding="utf-8") as source:
                        texts[file] = source.read()
                texts[file] = edited(texts[file], old, new)
            except (DoesNotApply, OSError) as error:
                found.append(f"{mutant.name}: {file}: {error}")
    found += [f"{clause}: no mutant" for clause in sorted(CLAUSES - {of for mutant in mutants for of in mutant.of.split()})]
    for row, its in rows.items():
        turned = {test for mutant in mutants if row in mutant.of.split() for test in mutant.tests.split()}
        if its and not turned & set(its):
            found.append(f"{row}: no mutant turns one of its tests red")
        # Scripts of the replay have breaks of their own: tests/replay/mutate.py.
        found += [f"{row}: no mutant turns {test} red" for test in its
                  if test not in red and not test.startswith("replay.")]
    found += [f"no mutant turns {test} red" for test, labels in tests.items()
              if labels & {"hostile", "file"} and "full" not in labels and test not in red and
              test not in ("hostile/traps", "hostile/mutants")]
    return found

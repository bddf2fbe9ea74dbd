#!/usr/bin/env python3
"""Each name in a test's script is one that is there: a branch that only another machine takes is read by nobody else.

    names.py SCRIPT...
"""
import builtins
import symtable
import sys

# Of a module, beside what it defines.
GIVEN = {*dir(builtins), "__file__", "__name__", "__doc__"}


def tables(table):
    yield table
    for child in table.get_children():
        yield from tables(child)


def undefined(path):
    with open(path, encoding="utf-8") as file:
        module = symtable.symtable(file.read(), path, "exec")
    # What `def` and `class` define is assigned, too.
    there = {symbol.get_name() for table in tables(module) for symbol in table.get_symbols()
             if (table is module or symbol.is_global()) and (symbol.is_assigned() or symbol.is_imported())}
    for table in tables(module):
        for symbol in table.get_symbols():
            if symbol.is_global() and symbol.is_referenced() and symbol.get_name() not in there | GIVEN:
                yield table.get_lineno(), table.get_name(), symbol.get_name()


def main():
    complaints = [f"{path}:{line}: {scope}: no such name: {name}" for path in sys.argv[1:]
                  for line, scope, name in undefined(path)]
    for complaint in complaints:
        print(f"FAIL: {complaint}")
    sys.exit(1 if complaints else 0)


if __name__ == "__main__":
    main()

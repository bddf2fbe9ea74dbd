#!/usr/bin/env python3
"""Breaks the core rule by rule (breaks.txt) and looks whether the scripts that cover the rule fail.

    tests/replay/mutate.py [SCRIPT...]      all breaks, or those of the named scripts; half a minute

Nothing in the tree is touched. Says which breaks no longer apply, because the code they stand for has
changed, which left their script green, and which scripts no break ever turned red. Exit status 1 if any.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "mutants"))
from breaks import read_breaks
from edits import DoesNotApply, edited

ROOT = HERE.parent.parent
CORE = ROOT / "analyzer" / "core"
SCRIPTS = {path.stem: path for path in sorted(HERE.glob("*.replay"))}


def compile_file(source, include, output):
    """True, or what the compiler said."""
    done = subprocess.run(
        ["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-w", "-O0", "-I", ROOT / "include", "-I", include,
         "-c", source, "-o", output], capture_output=True, text=True)
    return done.stderr if done.returncode else True


def failing(program, names):
    """The scripts that the program does not pass."""
    failed = set()
    for name in names:
        try:
            done = subprocess.run([program, SCRIPTS[name]], capture_output=True, timeout=10)
            if done.returncode:
                failed.add(name)
        except subprocess.TimeoutExpired:
            failed.add(name)
    return failed


def link_broken(work, file, text, objects, program):
    """True, or what the compiler said. What a header says is in each file that includes it, or something that does."""
    broken = work / "broken"
    shutil.copytree(work / "core", broken / "core", dirs_exist_ok=True)
    (broken / "core" / file).write_text(text)
    changed = {}
    for name in [file] if file.endswith(".c") else objects:
        source = broken / "core" / name
        changed[name] = broken / (name + ".o")
        said = compile_file(source if source.exists() else HERE / name, broken, changed[name])
        if said is not True:
            return said
    subprocess.run(["gcc", "-o", program, *{**objects, **changed}.values()], check=True)
    shutil.rmtree(broken)
    return True


def main():
    wanted = set(sys.argv[1:]) or set(SCRIPTS)
    breaks = read_breaks()
    named = wanted.union(*(one.scripts for one in breaks))
    complaints = [f"no such script: {name}" for name in sorted(named - set(SCRIPTS))]
    red = set()
    tried = 0
    with tempfile.TemporaryDirectory() as folder:
        work = pathlib.Path(folder)
        shutil.copytree(CORE, work / "core")
        objects = {}
        for source in sorted((work / "core").glob("*.c")) + sorted(HERE.glob("*.c")):
            objects[source.name] = work / (source.stem + ".o")
            said = compile_file(source, work, objects[source.name])
            if said is not True:
                sys.exit(said)
        program = work / "replay_script"
        subprocess.run(["gcc", "-o", program, *objects.values()], check=True)
        complaints += [f"fails unbroken: {name}" for name in failing(program, SCRIPTS)]
        for one in breaks:
            names = one.scripts & wanted & set(SCRIPTS)
            if not names:
                continue
            text = (CORE / one.file).read_text()
            where = f"{one.file}: {one.old.strip().splitlines()[0]}"
            try:
                text = edited(text, one.old, one.new)
            except DoesNotApply:
                complaints.append(f"does not apply: {where}")
                continue
            said = link_broken(work, one.file, text, objects, program)
            if said is not True:
                complaints.append(f"does not compile: {where}\n{said}")
                continue
            tried += 1
            failed = failing(program, names)
            red |= failed
            complaints += [f"stays green: {name} under {where}" for name in sorted(names - failed)]
    complaints += [f"never red: {name}" for name in sorted(wanted & set(SCRIPTS) - red)]
    print("\n".join(complaints + [f"{tried} breaks, {len(red)} of {len(wanted)} scripts red"]))
    return 1 if complaints else 0


sys.exit(main())

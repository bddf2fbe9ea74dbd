#!/usr/bin/env python3
"""--source-root: findings are placed below it, by whichever of its paths the compiler knew, and from wherever it
was run; a folder that is not there is an error and no loss of places.

    places.py BUILD COMPILER
"""
import os
import re
import shutil
import subprocess
import sys

from judging import SOURCES, VMATRACE, WORK, check, equal, finish, judge, marked, policy_of, record, run, write

COMPILER = sys.argv[2]
POLICY = policy_of("wx-mapping")
LINE = marked("wx-mapping")
PROJECT = os.path.join(WORK, "project")
os.makedirs(os.path.join(PROJECT, "src"))
shutil.copy(os.path.join(SOURCES, "deeds.c"), os.path.join(PROJECT, "src"))
os.symlink(PROJECT, os.path.join(WORK, "link"))


def place(trace, *options, **more):
    """The file of the first annotation, None: it has none."""
    status, out, _ = run(VMATRACE, "check", "--policy", POLICY, "--format", "github", *options,
                         os.path.join(WORK, trace), **more)
    equal("an error is found", status, 1)
    found = re.search(r"^::error file=([^,]*),line=(\d+),", out, re.M)
    return (found.group(1), int(found.group(2))) if found else None


for folder, trace in ((PROJECT, "real"), (os.path.join(WORK, "link"), "linked")):
    # As a shell would: it knows by what name it came here, and gcc writes that down.
    subprocess.run((COMPILER, "-D_GNU_SOURCE", "-O0", "-g", "-o", f"../{trace}.deeds", "deeds.c"), check=True,
                   cwd=os.path.join(folder, "src"), env={**os.environ, "PWD": os.path.join(folder, "src")})
    record(trace, os.path.join(PROJECT, f"{trace}.deeds"), "break", "wx-mapping")
    for root in (folder, folder + "/", folder + "//"):
        equal(f"{trace}, {root}", place(trace, "--source-root", root), ("src/deeds.c", LINE))
    equal(f"{trace}, from there", place(trace, cwd=folder, env={**os.environ, "PWD": folder}), ("src/deeds.c", LINE))
    equal(f"{trace}, relative", place(trace, "--source-root", os.path.basename(folder)), ("src/deeds.c", LINE))
equal("what is one folder", place("real", "--source-root", os.path.join(WORK, "link")), ("src/deeds.c", LINE))
check("linked: the compiler knew the link", b"/link" in open(os.path.join(PROJECT, "linked.deeds"), "rb").read())
for root in ("/", "//", "/./"):
    equal(f"the whole file system, {root}", place("real", "--source-root", root), (f"{PROJECT}/src/deeds.c"[1:], LINE))
# The compiler in another folder: beside the sources as meson does it, above them, below them.
INLINED = write(os.path.join("project", "src", "inlined.c"), """#include <sys/mman.h>
#define MAP_IT static inline __attribute__((always_inline)) void *map_it(void)
#include "sub/../map.h"
int main(void)
{
	return map_it() == (void *)-1;
}
""")
write(os.path.join("project", "src", "map.h"), "MAP_IT\n{\n\treturn mmap(0, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);\n}\n")
for folder in ("build", "src/sub"):
    os.makedirs(os.path.join(PROJECT, folder), exist_ok=True)
shutil.copy(os.path.join(SOURCES, "deeds.c"), os.path.join(PROJECT, "src", "sub"))
for version in ("-gdwarf-4", "-gdwarf-5"):
    for number, (folder, name, *options) in enumerate((
            ("build", "../src/deeds.c"), (".", "src/deeds.c"), (".", "./src/./deeds.c"), ("src/sub", ".././deeds.c"),
            ("src", "sub/deeds.c"), ("src", "sub/deeds.c", f"-ffile-prefix-map={PROJECT}=."),
            (".", "src/deeds.c", f"-ffile-prefix-map={PROJECT}=."), ("src", "deeds.c", f"-ffile-prefix-map={PROJECT}=."),
            ("build", "../src/deeds.c", f"-ffile-prefix-map={PROJECT}=."), ("build", "../src/deeds.c", "-gsplit-dwarf"))):
        program = f"{version[1:]}.{number}.deeds"
        subprocess.run((COMPILER, "-D_GNU_SOURCE", "-O0", version, *options, "-o", os.path.join(PROJECT, program), name),
                       check=True, cwd=os.path.join(PROJECT, folder), env={**os.environ, "PWD": os.path.join(PROJECT, folder)})
        record(program, os.path.join(PROJECT, program), "break", "wx-mapping")
        path = os.path.normpath(os.path.join(folder, name))
        equal(f"{version}, in {folder}: {name} {options}", place(program, "--source-root", PROJECT), (path, LINE))
        out = run(VMATRACE, "check", "--policy", POLICY, "--format", "sarif", "--source-root", PROJECT, program)[1]
        equal("in SARIF", set(re.findall(r'"uri":"([^"]*\.c)"', out)), {path})
    for number, (folder, name) in enumerate((("build", "../src/inlined.c"), (".", "src/inlined.c"))):
        program = f"{version[1:]}.{number}.inlined"
        subprocess.run((COMPILER, "-O0", version, "-o", os.path.join(PROJECT, program), name), check=True,
                       cwd=os.path.join(PROJECT, folder), env={**os.environ, "PWD": os.path.join(PROJECT, folder)})
        record(program, os.path.join(PROJECT, program))
        equal(f"{version}, in {folder}: what is inlined", place(program, "--source-root", PROJECT), ("src/map.h", 3))
        places = [(frame["function"], frame["file"], frame["line"]) for frame in
                  judge(program, "--policy", POLICY)[1]["findings"][0]["stack"]]
        check("and where", ("main", "inlined.c", 6) in places, places)
equal("elsewhere", place("real", "--source-root", "/usr"), None)
for root, why in (("no/such/folder", "No such file or directory"), ("", "No such file or directory"),
                  (write("file", ""), "Not a directory")):
    status, out, err = run(VMATRACE, "check", "--policy", POLICY, "--source-root", root, "real")
    equal(f"'{root}'", (status, out, err), (2, "", f"vmatrace: cannot use the source root '{root}': {why}\n"))
finish()

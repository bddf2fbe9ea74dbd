#!/usr/bin/env python3
"""Symbols as the commands print them: names of a JIT compiler's code, other machines' files, and the network,
which is asked only when the user asks for it.

    commands.py BUILD
"""
import ctypes.util
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading

import packer

HERE = os.path.dirname(os.path.abspath(__file__))

class Commands:
    def __init__(self, build, folder):
        self.build = os.path.realpath(build)
        self.vmatrace = os.path.join(self.build, "vmatrace")
        self.folder = folder
        self.failed = self.checked = 0

    def check(self, what, got, expected):
        self.checked += 1
        if got != expected:
            self.failed += 1
            print(f"FAILED: {what}: {got}, expected {expected}")

    def record(self, name, *command):
        """The trace of the command, and what it printed."""
        folder = os.path.join(self.folder, name)
        done = subprocess.run([self.vmatrace, "record", "-q", "-o", folder + "/", "--", *command],
                              capture_output=True, text=True, check=True)
        (trace,) = os.listdir(folder)
        return os.path.join(folder, trace), done.stdout.strip()

    def stack(self, trace, *options, call="mmap", **environment):
        """Of the program's last such call."""
        done = subprocess.run([self.vmatrace, "events", "-q", "--format", "jsonl", "--call", call,
                               *options, trace], capture_output=True, text=True, check=True,
                              env=dict(os.environ, **environment))
        return json.loads(done.stdout.splitlines()[-1])["stack"]


def jit(at):
    trace, perf_map = at.record("jit", os.path.join(at.build, "symbol_jit"))
    try:
        def names():
            return [(frame["module"] or "").rsplit("/", 1)[-1] + " " + str(frame["function"])
                    for frame in at.stack(trace)[:3]]

        told = ["symbol_jit map_a_page", "[jit] LazyCompile:*made it.js:7", "symbol_jit main"]
        silent = ["symbol_jit map_a_page", " None", "symbol_jit main"]
        at.check("the last of several names", names(), told)
        said = subprocess.run([at.vmatrace, "events", trace], capture_output=True, text=True, check=True).stderr
        at.check("the last of several names, said", said,
                 "vmatrace: names of a JIT compiler's code that may be of later code at the same place: 1\n")
        os.chmod(perf_map, 0o622)
        at.check("a map that anybody may write to", names(), silent)
        os.chmod(perf_map, 0o600)
        if os.geteuid() == 0:
            os.chown(perf_map, 12345, 12345)
            at.check("another user's map", names(), silent)
            os.chown(perf_map, 0, 0)
        written = os.stat(perf_map)
        os.utime(perf_map, (1, 1))
        at.check("the map of an earlier process", names(), silent)
        os.utime(perf_map, ns=(written.st_atime_ns, written.st_mtime_ns))
        kept = os.path.join(at.folder, "kept.map")
        shutil.move(perf_map, kept)
        os.symlink(kept, perf_map)
        at.check("a link", names(), silent)
        os.unlink(perf_map)
        os.mkfifo(perf_map)
        at.check("a FIFO", names(), silent)
        os.unlink(perf_map)
        at.check("none", names(), silent)
    finally:
        if os.path.lexists(perf_map):
            os.unlink(perf_map)


class Server(http.server.BaseHTTPRequestHandler):
    """A debuginfod of one file."""
    asked = []
    debug = {}

    def do_GET(self):
        Server.asked.append(self.path)
        body = Server.debug.get(self.path)
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_):
        pass


def debuginfod(at):
    program = os.path.join(at.folder, "app")
    debug = os.path.join(at.folder, "app.debug")
    whole = os.path.join(at.build, "symbol_jit")
    subprocess.run(["objcopy", "--only-keep-debug", whole, debug], check=True)
    subprocess.run(["objcopy", "--strip-all", whole, program], check=True)
    trace, perf_map = at.record("stripped", program)
    os.unlink(perf_map)
    notes = subprocess.run(["readelf", "-n", whole], capture_output=True, text=True, check=True)
    build_id = next(line.split()[-1] for line in notes.stdout.splitlines() if "Build ID" in line)
    with open(debug, "rb") as file:
        Server.debug[f"/buildid/{build_id}/debuginfo"] = file.read()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {
        "DEBUGINFOD_URLS": f"http://127.0.0.1:{server.server_port}",
        "DEBUGINFOD_CACHE_PATH": os.path.join(at.folder, "debuginfod"),
        "DEBUGINFOD_TIMEOUT": "20",
    }

    def names(*options):
        return [frame["function"] for frame in at.stack(trace, *options, **environment)[:3:2]]

    at.check("not asked for", names(), [None, None])
    at.check("not asked for, no request", Server.asked, [])
    if ctypes.util.find_library("debuginfod"):
        at.check("asked for", names("--debuginfod"), ["map_a_page", "main"])
        at.check("asked for, a request", f"/buildid/{build_id}/debuginfo" in Server.asked, True)
        Server.asked.clear()
        at.check("again not asked for", names(), [None, None])
        at.check("again no request", Server.asked, [])
    else:
        print("skipped: libdebuginfod is not installed")
    at.check("--debug-dir", [frame["function"] for frame in at.stack(
        trace, "--debug-dir", at.folder)[:3:2]], [None, None])
    ids = os.path.join(at.folder, "ids", ".build-id", build_id[:2])
    os.makedirs(ids)
    shutil.copy(debug, os.path.join(ids, build_id[2:] + ".debug"))
    at.check("--debug-dir, by build-id", [frame["function"] for frame in at.stack(
        trace, "--debug-dir", os.path.join(at.folder, "ids"))[:3:2]], ["map_a_page", "main"])
    # The traced program is gone; a copy of the machine is left.
    root = os.path.join(at.folder, "root")
    os.makedirs(root + at.folder)
    shutil.copy(whole, root + program)
    os.unlink(program)
    at.check("the file is gone", names(), [None, None])
    at.check("--sysroot", names("--sysroot", root), ["map_a_page", "main"])
    server.shutdown()


def split(at):
    """Each command that tells of call sites says whose inlined calls it cannot know."""
    folder = os.path.join(at.folder, "split")
    program, package = os.path.join(folder, "app"), os.path.join(folder, "app.dwp")
    os.mkdir(folder)
    subprocess.run(["gcc", "-O1", "-g", "-gsplit-dwarf", "-Wl,--build-id", os.path.join(HERE, "jit.c"), "-o",
                    program], check=True, cwd=folder)
    (dwo,) = [name for name in os.listdir(folder) if name.endswith(".dwo")]
    packer.pack([os.path.join(folder, dwo)], package)
    with open(package, "rb") as file:
        right = file.read()
    trace, perf_map = at.record("split-trace", program)
    os.unlink(perf_map)

    def said(command, *options):
        return subprocess.run([at.vmatrace, *command, *options, trace], capture_output=True, text=True,
                              check=False, env=dict(os.environ, XDG_CACHE_HOME=folder)).stderr

    policy = os.path.join(folder, "policy.yaml")
    with open(policy, "w", encoding="ascii") as file:
        file.write("version: 1\nrules:\n  forbidden-call: {level: error, call: mmap, function: main}\n")
    lacking = f"vmatrace: compilation units without inlined calls: 1, of '{program}': "
    commands = (["events"], ["timeline"], ["sites"], ["leaks"], ["check", "--policy", policy],
                ["history", at.stack(trace)[0]["pc"]])
    for command in commands:
        at.check(f"{command[0]}, .dwo and .dwp there", said(command), "")
    os.unlink(os.path.join(folder, dwo))
    for command in commands:
        at.check(f"{command[0]}, .dwp there", said(command), "")
        os.unlink(package)
        at.check(f"{command[0]}, neither there", said(command),
                 lacking + "neither their .dwo files nor a .dwp package were found\n")
        at.check(f"{command[0]}, neither there, -q", said(command, "-q"), "")
        with open(package, "wb") as file:
            file.write(right)
    subprocess.run(["gcc", "-O2", "-g", "-gsplit-dwarf", os.path.join(HERE, "jit.c"), "-o", "other"],
                   check=True, cwd=folder)
    (dwo,) = [name for name in os.listdir(folder) if name.endswith(".dwo")]
    packer.pack([os.path.join(folder, dwo)], package)
    for command in commands:
        at.check(f"{command[0]}, of another build", said(command),
                 lacking + "its .dwp package is of another build\n")


def main():
    with tempfile.TemporaryDirectory() as folder:
        at = Commands(sys.argv[1], os.path.realpath(folder))
        jit(at)
        debuginfod(at)
        split(at)
        print(f"{at.checked} checks, {at.failed} failed")
        return at.failed > 0


if __name__ == "__main__":
    sys.exit(main())

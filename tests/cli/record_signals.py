#!/usr/bin/env python3
"""Signals sent to `vmatrace record`: the command ends, and record with it, as env(1) would, which is the command.
    record_signals.py VMATRACE
"""
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from expect import check, equal, finish

VMATRACE = os.path.abspath(sys.argv[1])
RECORD = [VMATRACE, "record", "-o", "traces/", "--"]
WAIT = 30  # until something is called missing, not a speed


def until(what, true):
    """Waits for it; whether it came."""
    for _ in range(WAIT * 100):
        if true():
            return True
        time.sleep(0.01)
    check(what, False, "it never came")
    return False


def text_of(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def is_gone(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):  # the second: gone between open and read
        return True


# Writes its pid when it is ready for signals, then waits; `traps` come first.
LOOP = "echo $$ >pid.new; mv pid.new pid; while :; do sleep 0.05; done"


def status_of(done):
    return 128 - done if done < 0 else done


def send(before, number, traps="", ignored=()):
    """(status, output, messages) of the loop behind `before`, which is sent the signal once it runs."""
    if os.path.exists("pid"):
        os.unlink("pid")
    back = {each: signal.signal(each, signal.SIG_IGN) for each in ignored}
    process = subprocess.Popen(before + ["sh", "-c", traps + LOOP], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True, restore_signals=False,
                               start_new_session=True)
    for each, handler in back.items():
        signal.signal(each, handler)
    until(f"{before[0]}: the command runs", lambda: text_of("pid"))
    command = int(text_of("pid"))
    os.kill(process.pid, number)
    if ignored:
        time.sleep(0.2)
        check("what was ignored ends nobody", process.poll() is None and not is_gone(command))
        os.killpg(process.pid, signal.SIGKILL)
    until(f"{before[0]}: nobody is left behind", lambda: is_gone(command))
    if not is_gone(command):
        os.killpg(process.pid, signal.SIGKILL)
    out, err = process.communicate()
    return status_of(process.returncode), out, err


def sent():
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1,
                   signal.SIGUSR2):
        expected = send(["env"], number)[0]
        equal(f"{number.name}: env's status", expected, 128 + number)
        status, _, err = send(RECORD, number)
        equal(f"{number.name}: the status", status, expected)
        check(f"{number.name}: what was traced is said", re.search(r"traced \d+ process", err), err)
    for number, word in ((signal.SIGTERM, "TERM"), (signal.SIGUSR1, "USR1")):
        traps = f"trap 'echo got {word}; exit 5' {word}; "
        equal(f"a handler of {word}", send(RECORD, number, traps)[:2],
              send(["env"], number, traps)[:2])
    send(RECORD, signal.SIGHUP, ignored=(signal.SIGHUP,))


def shells():
    """In scripts, with what scripts use."""
    script = f"{' '.join(RECORD)} sh -c 'kill -TERM $$'; echo on"
    done = subprocess.run(["sh", "-ec", script], capture_output=True, text=True, check=False)
    equal("sh -e ends there", (done.returncode, done.stdout), (143, ""))
    done = subprocess.run(RECORD + ["sh", "-c", "kill -TERM $PPID; kill -HUP $PPID; exit 5"],
                          capture_output=True, text=True, check=False)
    equal("the command's own signals to its parent", done.returncode, 5)
    done = subprocess.run(RECORD + ["sh", "-c", "trap 'exit 6' TERM; kill -TERM 0; exit 5"],
                          capture_output=True, text=True, check=False, start_new_session=True)
    equal("the command's signal to its group", done.returncode, 6)
    if os.path.exists("pid"):
        os.unlink("pid")
    done = subprocess.run(["timeout", "1"] + RECORD + ["sh", "-c", LOOP], capture_output=True,
                          text=True, check=False)
    equal("timeout: its status", done.returncode, 124)
    check("timeout: what was traced is said", "traced " in done.stderr, done.stderr)
    if text_of("pid"):
        until("timeout: nobody is left behind", lambda: is_gone(int(text_of("pid"))))


def terminal(words, keys, hang_up=False):
    """(status, text) of a command that leads a session on a terminal of its own; keys: once it runs."""
    if os.path.exists("pid"):
        os.unlink("pid")
    child, master = pty.fork()
    if child == 0:
        os.execvp(words[0], words)
    until("on a terminal: the command runs", lambda: text_of("pid"))
    command = int(text_of("pid"))
    os.write(master, keys)
    if hang_up:
        os.close(master)
    text = b""
    while not hang_up:
        try:
            more = os.read(master, 4096)
        except OSError:
            more = b""
        if not more:
            break
        text += more
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if not hang_up:
        os.close(master)
    until("on a terminal: nobody is left behind", lambda: is_gone(command))
    return status_of(status), text.decode(errors="replace")


def terminals():
    status, text = terminal(RECORD + ["sh", "-c", LOOP], b"\x03")
    equal("^C: the status", status, 130)
    check("^C: what was traced is said", "traced " in text, text)
    count = "trap 'echo one >>interrupts' INT; trap 'exit 7' QUIT; "
    status, text = terminal(RECORD + ["sh", "-c", count + LOOP], b"\x03\x1c")
    equal("^C and ^\\: the command's status", status, 7)
    equal("^C: the command has it once", text_of("interrupts"), "one\n")
    check("^\\: what was traced is said", "traced " in text, text)
    status, _ = terminal(RECORD + ["sh", "-c", LOOP], b"", hang_up=True)
    equal("the terminal is gone: the status", status, 129)


def main():
    with tempfile.TemporaryDirectory(prefix="record.") as folder:
        os.chdir(folder)
        sent()
        shells()
        terminals()
        os.chdir("/")
    finish()


main()

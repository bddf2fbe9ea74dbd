"""The harness of this folder: a program runs untraced and traced, and nothing it says, ends with or sees of
itself (witness.c) may differ."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "programs"))
import harness  # noqa: E402

FULL = os.environ.get("VMATRACE_FULL") == "1"


def own(events):
    """What the program itself called: not the recorder's own calls, not those inside libc."""
    return [event for event in events if not event["internal"] and event["via"] == "wrapper"]


def counts(events):
    seen = {}
    for event in own(events):
        seen[event["call"]] = seen.get(event["call"], 0) + 1
    return seen


class Hostile(harness.Bench):
    """Bench, whose runs have .witness apart from .stdout."""

    def run(self, command, traced, *arguments, **options):
        done = super().run(command, traced, *arguments, **options)
        lines = done.stdout.splitlines(keepends=True)
        done.witness = [line.decode(errors="replace").strip() for line in lines if line.startswith(b"witness")]
        done.stdout = b"".join(line for line in lines if not line.startswith(b"witness"))
        return done

    def both(self, check, what, command, *arguments, **options):
        plain, traced = super().both(check, what, command, *arguments, **options)
        check.that(traced.witness == plain.witness, f"{what}: sees of itself: "
                   f"{set(traced.witness) ^ set(plain.witness)} or their order")
        return plain, traced

    def program(self, name):
        return os.path.join(self.build, name)

    def named(self, program):
        """The traces of one program."""
        return [path for path in self.trace_files() if os.path.basename(path).startswith(program + ".")]

    def explained(self, check, what, paths=None):
        """verify finds nothing unexplained in them, and nothing was dropped."""
        for path in paths or self.trace_files():
            done = self.read("verify", "-q", path)
            check.that(done.returncode == 0, f"{what}: verify {os.path.basename(path)}: "
                       f"{done.stdout.decode()[-1500:]}{done.stderr.decode()[-300:]}")


def main(acts, read_all=False, lossy=()):
    """acts: name -> function(bench, check). read_all: every command reads the traces, which say of those in
    `lossy` that something was lost."""
    bench, check = Hostile(sys.argv[1]), harness.Check()
    try:
        acts[sys.argv[2]](bench, check)
        if read_all and 0 < len(bench.trace_files()) < 20:
            bench.read_all(check, sys.argv[2], lossy=sys.argv[2] in lossy)
    finally:
        bench.close()
    check.finish()

"""expect: expectations of a test, counted; the failed ones are printed and remembered."""
import sys

failures = []
checked = 0


def check(what, fine, detail=""):
    """One expectation; a failed one is printed and remembered."""
    global checked
    checked += 1
    if not fine:
        failures.append(what)
        print(f"FAILED: {what}: {detail}")


def equal(what, got, expected):
    check(what, got == expected, f"{got!r}, expected {expected!r}")


def finish():
    print(f"{checked} checks, {len(failures)} failed")
    sys.exit(1 if failures else 0)

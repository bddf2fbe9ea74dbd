"""Reads breaks.txt, which says in its first lines how it is written."""
import pathlib

TABLE = pathlib.Path(__file__).resolve().parent / "breaks.txt"


class Break:
    """A rule undone: of `file` in the core the text `old` becomes `new`. These scripts must then fail."""

    def __init__(self, file, scripts):
        self.file = file
        self.scripts = set(scripts)
        self.sides = {"-": [], "+": []}

    @property
    def old(self):
        return "\n".join(self.sides["-"])

    @property
    def new(self):
        return "\n".join(self.sides["+"])


def read_breaks():
    """All of them. ValueError: a line that is neither, or a break that takes nothing out."""
    breaks = []
    for number, line in enumerate(TABLE.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        if line[0] in "-+" and breaks:
            breaks[-1].sides[line[0]].append(line[1:])
            continue
        file, colon, scripts = line.partition(": ")
        if not colon or not scripts.split():
            raise ValueError(f"{TABLE}:{number}: neither FILE: SCRIPT..., nor a line of a break")
        breaks.append(Break(file, scripts.split()))
    for one in breaks:
        if not one.old.strip():
            raise ValueError(f"{TABLE}: a break of {one.file} takes nothing out")
    return breaks

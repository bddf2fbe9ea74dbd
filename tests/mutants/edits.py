"""Edits that take something out of a source: what they stand for must be there exactly once."""


class DoesNotApply(Exception):
    """The code that an edit stands for has changed: the edit says nothing any more."""


def edited(text, old, new):
    if text.count(old) != 1:
        raise DoesNotApply(f"{old.strip().splitlines()[0]!r} is there {text.count(old)} times")
    return text.replace(old, new)

"""What was seen of each mutant, and of each test unbroken: lines of JSON, kept from one run to the next."""
import datetime
import hashlib
import json
import os
import pathlib
import re
import subprocess

from edits import DoesNotApply, edited


def digest(pieces):
    sum_ = hashlib.sha256()
    for piece in pieces:
        sum_.update(len(piece).to_bytes(8, "little") + piece)
    return sum_.hexdigest()[:16]


class Results:
    """
    form: a verdict stands as long as the row, what it breaks and the folders of its tests are what they were. A test
    that passed unbroken did so of the whole tree as it was.
    """

    def __init__(self, root, path, names):
        """names: the files of the tree."""
        self.root, self.path = pathlib.Path(root), path
        self.files = {name: (self.root / name).read_bytes() for name in sorted(names)}
        self.tree = digest([part for name, text in self.files.items() for part in (name.encode(), text)])
        done = subprocess.run(["git", "-C", root, "describe", "--always", "--dirty"], capture_output=True, text=True,
                              check=False)
        self.commit = done.stdout.strip() or "no commit"
        self.mutants, self.unbroken = {}, {}
        if os.path.exists(path):
            for line in pathlib.Path(path).read_text(encoding="utf-8").splitlines():
                self.take(json.loads(line))

    def take(self, seen):
        if "mutant" in seen:
            self.mutants[seen["mutant"], seen["form"]] = seen
        else:
            self.unbroken[seen["test"], seen["tree"]] = seen

    def keep(self, seen):
        seen["commit"] = self.commit
        seen["when"] = datetime.datetime.now().isoformat(" ", "seconds")
        self.take(seen)
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(seen) + "\n")
        return seen

    def form(self, mutant):
        pieces = [str(tuple(mutant)).encode()]
        texts = {}
        for name, old, new in mutant.edits():
            try:
                texts[name] = edited(texts.get(name) or self.files.get(name, b"").decode(), old, new)
            except DoesNotApply:
                pass  # the run says so
        pieces += [text.encode() for _, text in sorted(texts.items())]
        for folder in sorted({"tests/" + re.split("[/.]", test)[0] for test in mutant.tests.split()}):
            pieces += [text for name, text in self.files.items() if name.startswith((folder + "/", folder + "."))]
        return digest(pieces)

    def of(self, mutant):
        """What was seen of it in its present form, or None."""
        return self.mutants.get((mutant.name, self.form(mutant)))

    def say(self, mutant, verdict, why, seconds, times):
        return self.keep({"mutant": mutant.name, "form": self.form(mutant), "verdict": verdict, "why": why,
                          "seconds": round(seconds, 1), "times": times})

    def of_unbroken(self, test):
        return self.unbroken.get((test, self.tree))

    def say_unbroken(self, test, verdict, seconds):
        return self.keep({"test": test, "tree": self.tree, "verdict": verdict, "seconds": round(seconds, 1)})

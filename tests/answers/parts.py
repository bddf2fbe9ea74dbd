#!/usr/bin/env python3
"""One row, several kinds: what the kernel has joined, and what maps shows as if, told apart by all commands alike."""
import re

from common import Run, check, equal, finish

ROW = re.compile(r"^(\w+)-(\w+) (\S{4}) \w+ \w\w:\w\w \d+ *(.*)$", re.M)


def kind_at(rows, address):
    """(kind, thread) by the list: of the part that holds the address, or of the row if it is all one."""
    row = next(row for row in rows
               if int(row["vm_start"], 16) <= address < int(row["vm_end"], 16))
    part = next(part for part in row.get("parts", [row])
                if int(part["vm_start"], 16) <= address < int(part["vm_end"], 16))
    return part["kind"], part.get("thread")


def whole(row):
    """A row's parts are all of it, side by side, and no two are the same."""
    parts = row["parts"]
    equal(f"{row['vm_start']}: where its parts begin and end",
          [row["vm_start"], *(part["vm_end"] for part in parts)],
          [*(part["vm_start"] for part in parts), row["vm_end"]])
    sizes = {}
    for part in parts:
        sizes[part["kind"]] = (sizes.get(part["kind"], 0)
                               + int(part["vm_end"], 16) - int(part["vm_start"], 16))
    equal(f"{row['vm_start']}: what it is for the most part", sizes[row["kind"]],
          max(sizes.values()))
    check(f"{row['vm_start']}: made by", all(
        part["created_by"] is None or part["created_by"]["stack"] for part in parts), parts)


def main():
    with Run("one_row") as run:
        stacks = [(int(low, 16), int(high, 16), int(tid), name) for low, high, tid, name
                  in re.findall(r"^stack (\w+) (\w+) (\d+) (\w+)$", run.out, re.M)]
        blocks = [(int(low, 16), int(high, 16))
                  for low, high in re.findall(r"^block (\w+) (\w+)$", run.out, re.M)]
        kernel = [(int(low, 16), int(high, 16)) for low, high, *_ in ROW.findall(run.out)]
        own = [(int(low, 16), int(high, 16))
               for low, high in re.findall(r"^own (\w+) (\w+)$", run.out, re.M)]
        joined = [row for row in kernel
                  if any(row[0] <= low and high <= row[1] for low, high in own)
                  and any(row[0] <= low and high <= row[1] for low, high in blocks)]
        equal("what was told", (len(stacks), len(blocks), len(own)), (3, 5, 2))
        check("the kernel has joined a block and the program's own", joined, kernel)

        rows = run.json("maps", "--at", "mark:joined")
        told = {(int(row["vm_start"], 16), int(row["vm_end"], 16)): row for row in rows}
        for row in joined:
            check("a row of the kernel's has parts", any(
                low <= row[0] and row[1] <= high and len(told[low, high].get("parts", ())) > 1
                for low, high in told), row)
        for row in rows:
            if "parts" in row:
                whole(row)
        for low, high, tid, name in stacks:
            for address in (low, high - 1):
                equal(f"maps: stack of {name}", kind_at(rows, address), ("thread-stack", tid))
        for low, high in blocks:
            for address in (low, high - 1):
                equal("maps: a block", kind_at(rows, address), ("malloc-block", None))

        for low, high in own:
            for address in (low, high - 1):
                equal("maps: the program's own", kind_at(rows, address), ("anonymous", None))

        lines = run.ask("maps", "--who", "--at", "mark:joined").splitlines()
        for low, high, tid, name in stacks:
            maker, stack = r"mmap main \(one_row.c:\d+\) @\d+", f'thread-stack of {tid} "{name}"'
            # Now and then the kernel puts one where nothing is beside it, and it is a row of its own.
            check(f"maps --who: stack of {name}", any(re.match(
                rf"(  {low:x}-{high:x} +8 MiB +{stack}  {maker}|{low:x}-{high:x} rw-p .* {maker}  {stack})$", line)
                for line in lines), [line for line in lines if "thread-stack" in line])
        equal("maps --who: the rows are the kernel's all the same",
              [line.split()[:2] for line in lines if not line.startswith(" ")],
              [line.split()[:2] for line in run.ask("maps", "--at", "mark:joined").splitlines()])

        mm = run.json("mm", "--at", "mark:joined")
        kinds = {kind["kind"]: kind for kind in mm["kinds"]}
        equal("mm: thread-stack", (kinds["thread-stack"]["bytes"], kinds["thread-stack"]["vmas"]),
              (sum(high - low for low, high, *_ in stacks), 3))
        equal("mm: malloc-block", kinds["malloc-block"]["bytes"],
              sum(-(-high // 4096) * 4096 - low for low, high in blocks))
        equal("mm: all of it", sum(kind["bytes"] for kind in mm["kinds"]),
              mm["total_vm"] * mm["page_bytes"])
        equal("mm: VMAs of more than one kind",
              (sum(kind["vmas"] for kind in mm["kinds"]) - mm["map_count"],
               mm["vmas_counted_again"]),
              2 * (sum(len({part["kind"] for part in row["parts"]}) - 1
                       for row in rows if "parts" in row),))
        equal("mm: stacks", {(stack["vm_start"], stack["vm_end"], stack["thread"])
                             for stack in mm["stacks"] if stack["kind"] == "thread-stack"},
              {(f"0x{low:x}", f"0x{high:x}", tid) for low, high, tid, _ in stacks})
        check("mm: it says so", re.search(r"counted with each", run.ask(
            "mm", "--at", "mark:joined")), run.ask("mm", "--at", "mark:joined"))

        # Nothing is unmapped before the end: the peak is there.
        head = run.ask("timeline", "-n", "1")
        check("timeline: kinds at the peak", "thread-stack 24 MiB in 3" in head, head)
        for low, high in blocks:
            text = run.ask("history", f"{low:x}")
            check("history: a block", "malloc-block" in text.splitlines()[0], text)
        for low, high in own:
            text = run.ask("history", f"{low:x}")
            check("history: the program's own", "anonymous" in text.splitlines()[0], text)
        for low, high, tid, name in stacks:
            text = run.ask("history", f"{low:x}")
            check(f"history: stack of {name}", f"thread-stack of {tid} " in text.splitlines()[0],
                  text)
    finish()


main()

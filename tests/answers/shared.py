#!/usr/bin/env python3
"""shared: one object through all processes of a folder."""
from common import Run, check, equal, finish, guilty, place

PAGE = 4096


def acts(one):
    return [(act["act"], act["pid"], act["bytes"], place(act["stack"])[1]) for act in one["acts"]]


def line(comment):
    return guilty("shared_between", comment)


def moved():
    """What mremap does to mappings of an object is told as it is of mmap and munmap, and each call is one act."""
    with Run("shared_moved") as run:
        equal("moved: its status", run.status, 0)
        one = next(one for one in run.json("shared") if one["name"].startswith("/dev/shm/shared_moved"))
        equal("moved: its acts", [(act["act"], act["call"], act["bytes"] // PAGE, act["count"], place(act["stack"])[1])
                                  for act in one["acts"]], [
            (act, call, pages, 1, guilty("shared_moved", comment)) for act, call, pages, comment in (
                ("created", "shm_open", 0, "creates"),
                ("mapped", "mmap", 1, "maps one page"),
                ("mapped", "mremap", 3, "grows by three"),
                ("unmapped", "munmap", 3, "unmaps three"),
                ("mapped", "mremap", 1, "copies one"),
                ("mapped", "mmap", 4, "maps four"),
                ("unmapped", "mremap", 3, "shrinks by three"),
                ("unmapped", "mremap", 1, "writes over one"),
                ("unlinked", "shm_unlink", 0, "unlinks"))])
        equal("moved: how far it was mapped", one["mapped_to"], 6 * PAGE)
        equal("moved: who holds it", [holder["bytes"] for holder in one["holders"]], [2 * PAGE])


def main():
    moved()
    with Run("shared_between") as run:
        equal("its status", run.status, 0)
        parent = int(run.out.split()[-1])
        objects = run.json("shared")
        posix = next(one for one in objects if one["name"].startswith("/dev/shm/shared_between"))
        child = next(act["pid"] for act in posix["acts"] if act["act"] == "opened")
        check("two processes", child != parent)
        # A child's line of comment ends with what it does; fork comes between the parent's acts.
        equal("the shm object's life", acts(posix), [
            ("created", parent, 0, line("parent creates")),
            ("mapped", parent, 4 * PAGE, line("parent maps")),
            ("opened", child, 0, line("child opens")),
            ("mapped", child, PAGE, line("child maps")),
            ("unmapped", child, PAGE, line("child unmaps the first page")),
            ("unlinked", parent, 0, line("parent unlinks")),
            ("unmapped", parent, 4 * PAGE, line("parent unmaps"))])
        equal("who holds it", posix["holders"], [{"pid": child, "bytes": 4 * PAGE}])
        equal("how far it was mapped", posix["mapped_to"], 4 * PAGE)
        pools = [one for one in objects if one["name"] == "/memfd:pool"]
        equal("two memfds of one name", [[act["act"] for act in one["acts"]] for one in pools],
              [["created", "mapped"], ["created", "mapped"]])
        equal("their bytes", [one["holders"] for one in pools],
              [[{"pid": parent, "bytes": PAGE}], [{"pid": parent, "bytes": 2 * PAGE}]])
        segment = next(one for one in objects if one["name"].startswith("/SYSV"))
        equal("the segment", [(act["act"], act["bytes"]) for act in segment["acts"]],
              [("mapped", 3 * PAGE), ("unmapped", 3 * PAGE)])
        equal("nobody holds it", segment["holders"], [])
        unnamed = next(one for one in objects if one["name"] == "/dev/zero")
        equal("memory without a file", [act for act in acts(unnamed) if act[0] == "mapped"],
              [("mapped", parent, 4 * PAGE, line("parent maps without a file"))])
        equal("who holds it", sorted(holder["bytes"] for holder in unnamed["holders"]),
              [2 * PAGE, 3 * PAGE])
        text = run.ask("shared")
        check("text says so", "held by nobody at the end" in text and f"by {child} (16 KiB)" in text,
              text)
    with Run("leak_loop") as run:
        equal("nothing shared", run.json("shared"), [])
        check("and says so", "nothing was mapped shared" in run.ask("shared"))
    finish()


main()

"""Calls of python3: maps made and dropped in functions, generators, comprehensions, threads, a callback of C."""
import functools
import mmap
import threading


def call(*_):
    mmap.mmap(-1, 8192).close()


def descend(depth):
    if depth:
        descend(depth - 1)
    else:
        call()


def generator(count):
    for _ in range(count):
        call()
        yield


for i in range(12):
    descend(i)
    list(generator(2))
    sorted([2, 1], key=functools.cmp_to_key(lambda a, b: call() or a - b))
    thread = threading.Thread(target=descend, args=(i,))
    thread.start()
    thread.join()
    bytearray(1 << 20)

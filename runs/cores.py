"""Which cores of the processor our threads compute on.

Only one thread computes in Python at a time, and SQLite lets go of that right at every step of a statement. Threads on
several cores then hand it from core to core, which costs more than the statements do (bench/README.md).
"""

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_given: set[int] = set()  # before the process was kept to one
_one: set[int] = set()


def keep_to_one() -> None:
    """This thread and those that it starts stay on one core, any one, so that processes seldom share theirs."""
    if sys.platform == "linux":
        with suppress(OSError):  # a sandbox may forbid it, and it is only for speed
            _given.update(os.sched_getaffinity(0))
            _one.add(secrets.choice(sorted(_given)))
            _move(_one)


def use_all() -> None:
    """This thread, and what it starts, may compute on any core again: for work that is not Sayso's own."""
    _move(_given)


@contextmanager
def every_core() -> Iterator[None]:
    """The same for a while, for what takes long outside of Python."""
    use_all()
    try:
        yield
    finally:
        _move(_one)


def _move(cores: set[int]) -> None:
    if sys.platform == "linux" and cores:
        with suppress(OSError):  # cores may be taken from a process while it runs
            os.sched_setaffinity(0, cores)

"""Which cores of the processor our threads compute on.

Only one thread computes in Python at a time, and SQLite lets go of that right at every step of a statement. Threads on
several cores then hand it from core to core, which costs more than the statements do (bench/README.md).
"""

import os
import sys
from contextlib import suppress

_given: set[int] = set()  # before the process was kept to one


def keep_to_one() -> None:
    """This thread and those that it starts stay on one core. Processes beside each other take different ones."""
    if sys.platform != "linux":
        return
    cores = os.sched_getaffinity(0)
    with suppress(OSError):  # a sandbox may forbid it, and it is only for speed
        os.sched_setaffinity(0, {sorted(cores)[os.getpid() % len(cores)]})
        _given.update(cores)


def use_all() -> None:
    """This thread, and what it starts, may compute on any core again: for work that is not Sayso's own."""
    if sys.platform == "linux" and _given:
        os.sched_setaffinity(0, _given)

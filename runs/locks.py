"""Whose turn it is to write: SQLite has one writer, and its own way of waiting is neither fair nor quick."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from teammates.prepared import database


class Turns:
    """A lock that is handed over first come, first served; the thread that holds it may take it again."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._queue: deque[tuple[int, threading.Lock]] = deque()
        self._owner: int | None = None
        self._depth = 0

    def acquire(self) -> None:
        me = threading.get_ident()
        with self._mutex:
            if self._owner in (None, me):
                self._owner = me
                self._depth += 1
                return
            ticket = threading.Lock()
            ticket.acquire()
            self._queue.append((me, ticket))
        ticket.acquire()

    def release(self) -> None:
        with self._mutex:
            self._depth -= 1
            if self._depth:
                return
            self._owner = None
            if self._queue:
                self._owner, ticket = self._queue.popleft()
                self._depth = 1
                ticket.release()

    def mine(self) -> bool:
        return self._owner == threading.get_ident()


turns = Turns()
_here = threading.local()


@contextmanager
def write(*, durable: bool = False, savepoint: bool = True) -> Iterator[None]:
    """A writing transaction, in its turn. `durable`: it survives the death of the machine, not only of the process.

    Every write of a request or a service happens in here. Within another it is a savepoint of that; without `savepoint`
    it is a part of it, and an error undoes both.
    """
    within = getattr(_here, "writes", False)
    db = database()
    if db.vendor != "sqlite" or db.in_atomic_block:
        with transaction.atomic(savepoint=savepoint or not within):
            yield from _marked(within)
        return
    turns.acquire()
    try:
        if durable:
            _synchronous("FULL")
        with transaction.atomic():
            yield from _marked(within)
    finally:
        try:
            if durable:
                _synchronous("NORMAL")
        finally:
            turns.release()


def _marked(within: bool) -> Iterator[None]:
    _here.writes = True
    try:
        yield
    finally:
        _here.writes = within


def _synchronous(level: str) -> None:
    with database().cursor() as cursor:
        cursor.execute(f"PRAGMA synchronous={level}")

"""The runs that this process is moving right now: their leases, and how to interrupt what they wait for."""

import itertools
import secrets
import threading
import time
from concurrent.futures import CancelledError, Future
from datetime import datetime, timedelta
from typing import TypeVar

from django.conf import settings
from django.db import connection

from runs import clock
from runs.journal import LeaseLost, writer
from runs.locks import write
from runs.models import Run
from runs.states import RunStatus

T = TypeVar("T")

BOOT = secrets.token_hex(6)
_count = itertools.count(1)
_held: dict[str, "Hold"] = {}  # by lease
_closed = threading.Event()


class HandedBack(Exception):
    """This process is going away: the run returns to the queue."""


class Hold:
    """One lease, held by this process inside `with`. `wait` is where its thread may be interrupted."""

    def __init__(self) -> None:
        self.lease = f"{BOOT}:{next(_count)}"
        self._lock = threading.Lock()
        self._waiting: Future[object] | None = None
        self._finish = False
        self._stopped: type[Exception] | None = None

    def wait(self, future: "Future[T]", timeout: float | None = None, *, finish: bool = False) -> T:
        """The future's result; `LeaseLost` or `HandedBack` as soon as the hold is stopped.

        `finish`: a process that goes away still waits for this one, because it cannot be taken up elsewhere.
        """
        with self._lock:
            self._waiting, self._finish = future, finish  # type: ignore[assignment]  # Future is invariant, but only cancelled here
            if self._stopped and not (finish and self._stopped is HandedBack):
                future.cancel()
        connection.close()  # a waiting thread holds no connection
        try:
            return future.result(timeout)
        except CancelledError:
            raise (self._stopped or LeaseLost) from None
        finally:
            self._waiting = None

    def stop(self, why: type[Exception]) -> None:
        with self._lock:
            self._stopped = why if why is LeaseLost else self._stopped or why
            if self._waiting and not (self._finish and why is HandedBack):
                self._waiting.cancel()

    def check(self) -> None:
        if self._stopped:
            raise self._stopped

    def __enter__(self) -> "Hold":
        _held[self.lease] = self
        if _closed.is_set():
            self.stop(HandedBack)
        return self

    def __exit__(self, *exc: object) -> None:
        del _held[self.lease]


def lose(lease: str) -> None:
    """Interrupt the thread that works under this lease, if it is one of this process: it holds no run any more."""
    if hold := _held.get(lease):
        hold.stop(LeaseLost)


def close(grace: float) -> None:
    """Take no more runs and hand back those at hand; calls in mid-effect get `grace` seconds to end."""
    _closed.set()
    end = time.monotonic() + grace
    for hold in list(_held.values()):
        hold.stop(HandedBack)
    while _held and time.monotonic() < end:
        time.sleep(0.02)
    for lease in list(_held):
        lose(lease)


def closed() -> bool:
    """This process takes no more runs."""
    return _closed.is_set()


def leases() -> list[str]:
    """Those under which threads of this process work."""
    return list(_held)


def count() -> int:
    return len(_held)


def fresh_until() -> datetime:
    return clock.now() + timedelta(seconds=settings.LEASE_SECONDS)


def renew() -> None:
    """Prolong the leases of this process; every step of a run is bounded in time, so each is held by living work."""
    held = leases()
    if not held:
        return
    mine = Run.objects.filter(lease__in=held, status=RunStatus.RUNNING)
    with write():
        mine.update(lease_until=fresh_until())
        kept = set(mine.values_list("lease", flat=True))
    for lease in held:
        if lease not in kept:
            lose(lease)


writer.on_lost = lose

"""The embedded shape: Celery's worker and the keeper of leases as threads of the web process."""

import fcntl
import logging
import sys
import threading
from pathlib import Path
from typing import IO

from celery import Celery
from django.conf import settings
from django.db import Error, connection

from runs import recovery
from runs.engine import holds, model

SWITCH_SECONDS = 0.001  # a thread that only passes something on shall not wait 5 ms for one that computes
GRACE_SECONDS = 10.0  # for calls in mid-effect, when the process is asked to stop

logger = logging.getLogger("sayso.worker")


class Taken(Exception):
    """Another process holds this data."""


def take_data(folder: Path) -> IO[str]:
    """Hold the data folder for as long as the returned file stays open; `Taken` when another process does."""
    folder.mkdir(parents=True, exist_ok=True)
    held = open(folder / "serve.lock", "a+")  # noqa: SIM115 - the caller keeps it open
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        held.close()
        raise Taken from None
    return held


def begin(app: Celery) -> None:
    """Take up what earlier processes left, then work. Only for the process that holds the data."""
    sys.setswitchinterval(SWITCH_SECONDS)
    recovery.take_up()
    worker = app.WorkController(
        pool_cls="threads",
        concurrency=settings.SLOTS,
        without_heartbeat=True,
        without_mingle=True,
        without_gossip=True,
    )
    threading.Thread(target=worker.start, name="worker", daemon=True).start()
    threading.Thread(target=keep, name="keeper", daemon=True).start()


def keep() -> None:
    """Renew the leases at hand and sweep, until the process ends."""
    pause, beats = threading.Event(), 0
    while not pause.wait(1.0):
        beats += 1
        try:
            if beats % settings.RENEW_SECONDS == 0:
                holds.renew()
            if beats % settings.SWEEP_SECONDS == 0:
                recovery.sweep()
        except Error:
            logger.exception("The sweep could not reach the database; trying again")
        finally:
            connection.close()


def end() -> None:
    """Hand back every run at hand, so that the next start goes on with them at once."""
    holds.close(GRACE_SECONDS)
    model.close_clients()

"""Celery's worker with the keeper of leases: as threads of the web process, or as a process of its own."""

import fcntl
import gc
import logging
import sys
import threading
import time
from pathlib import Path
from typing import IO

from celery import Celery, bootsteps
from celery.apps.worker import Worker
from celery.worker.components import Pool
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connection

from config import checks
from config.celery import app as celery_app
from runs import cores, recovery
from runs.engine import holds, model

SWITCH_SECONDS = 0.001  # a thread that only passes something on shall not wait 5 ms for one that computes
GRACE_SECONDS = 10.0  # for calls in mid-effect, when the process is asked to stop
BESIDE_BEAT = 5  # times as long between two sweeps of a worker of its own, which beat also asks to sweep

logger = logging.getLogger("sayso.worker")
_beat: dict[str, float] = {}


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
    cores.keep_to_one()
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
    stay_loaded()


def stay_loaded() -> None:
    """What is loaded by now is no garbage: looking through it all would stop everything for a quarter of a second."""
    gc.freeze()


def keep(sweep_every: int = 1) -> None:
    """Renew the leases at hand and sweep, until the process ends. `sweep_every`: in turns of `SWEEP_SECONDS`."""
    pause, beats = threading.Event(), 0
    _beat["at"] = time.monotonic()
    while not pause.wait(1.0):
        beats += 1
        _beat["at"] = time.monotonic()
        try:
            if beats % settings.RENEW_SECONDS == 0:
                holds.renew()
            if beats % (settings.SWEEP_SECONDS * sweep_every) == 0:
                recovery.sweep()
        except Error:
            logger.exception("The sweep could not reach the database; trying again")
        except Exception:
            logger.exception("The sweep broke; trying again")  # without it nobody renews the leases here
        finally:
            connection.close()


def alive() -> bool:
    """The keeper of this process does its rounds, or it has none because it only serves pages."""
    return "at" not in _beat or time.monotonic() - _beat["at"] < settings.LEASE_SECONDS


def end() -> None:
    """Hand back every run at hand, so that the next start goes on with them at once."""
    holds.close(GRACE_SECONDS)
    model.close_clients()


class Keeper(bootsteps.StartStopStep):  # type: ignore[misc]  # celery has no types
    """The same for a worker that is a process of its own.

    It sweeps too, at a slower pace, so that neither a dead beat nor a lost message leaves a run behind. When the worker
    is asked to stop, it has stopped taking messages before this hands back what it holds.
    """

    requires = (Pool,)

    def include_if(self, parent: object) -> bool:
        return isinstance(parent, Worker)

    def create(self, parent: object) -> "Keeper":
        if not settings.REDIS_URL:
            raise ImproperlyConfigured(
                "A worker of its own needs REDIS_URL, to be told what to do. Without it, manage.py serve works alone."
            )
        checks.refuse()
        return self

    def start(self, parent: object) -> None:
        sys.setswitchinterval(SWITCH_SECONDS)
        threading.Thread(target=keep, args=[BESIDE_BEAT], name="keeper", daemon=True).start()
        stay_loaded()

    def stop(self, parent: object) -> None:
        end()

    def terminate(self, parent: object) -> None:
        end()


celery_app.steps["worker"].add(Keeper)

"""What time heals: leases that lapsed, and messages that were lost. The same code in every shape."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet

from runs import clock, deliveries, schedules
from runs.engine import holds
from runs.faults import fault_point
from runs.locks import write
from runs.models import Run
from runs.signals import swept
from runs.states import RunStatus
from runs.wakeup import wake
from teammates.prepared import Select

RESEND_SECONDS = 10
RESEND_AT_MOST = 200
_counted: Counter[str] = Counter()


def recovered() -> int:
    """How many wake-ups this process has sent again because nobody had acted on them."""
    return _counted["wakeups"]


def sweep() -> int:
    """Put runs of dead workers back into the queue and wake what has waited there too long; how many were touched.

    Then what is due by now: schedules, and deliveries to webhooks.
    """
    now = clock.read()
    held = set(holds.leases())
    # After a sleep of the machine all leases have lapsed, and yet what this process holds was not left by anybody.
    touched = requeue(run for run in _lapsed(now=now) if run.lease not in held) + resend(now)
    touched += schedules.start_due() + deliveries.resend()
    swept.send(Run)
    return touched


def take_up() -> int:
    """What earlier processes held or had been told of goes on. Only for the one that holds the lock of the data.

    A database of its own may have other workers, whose leases lapse by themselves when they die.
    """
    now = clock.read()
    others = Run.objects.filter(status=RunStatus.RUNNING).exclude(lease__startswith=f"{holds.BOOT}:")
    alone = connection.vendor == "sqlite"
    return (requeue(others.only("pk", "status", "lease")) if alone else 0) + resend(now, patience=0)


def requeue(runs: Iterable[Run]) -> int:
    done = 0
    for run in runs:
        with write():
            same = Run.objects.filter(pk=run.pk, status=RunStatus.RUNNING, lease=run.lease)
            if same.update(status=RunStatus.QUEUED, lease="", lease_until=None, woken_at=clock.now()):
                wake(run.pk)
                done += 1
            fault_point("requeue.before_commit")
    return done


def resend(now: datetime, patience: float = RESEND_SECONDS) -> int:
    """Wake what has been in the queue for longer than that, and what a machine has queued whose clock is ahead."""
    free = min(settings.SLOTS - holds.count(), RESEND_AT_MOST)
    if free <= 0:
        return 0
    ahead = timedelta(seconds=RESEND_SECONDS)
    waiting = _waiting(before=now - timedelta(seconds=patience), after=now + ahead)[:free]
    if waiting:
        with write():
            Run.objects.filter(pk__in=waiting, status=RunStatus.QUEUED).update(woken_at=now)
            for run_id in waiting:
                wake(run_id)
    _counted["wakeups"] += len(waiting)
    return len(waiting)


# Prepared, because a server that rests looks every two seconds too.


@Select
def _lapsed(now: Any) -> "QuerySet[Run]":
    return Run.objects.filter(status=RunStatus.RUNNING, lease_until__lt=now).only("pk", "status", "lease")


@Select
def _waiting(before: Any, after: Any) -> "QuerySet[Run, int]":
    overdue = Run.objects.filter(Q(woken_at__lt=before) | Q(woken_at__gt=after), status=RunStatus.QUEUED)
    return overdue.order_by("pk").values_list("pk", flat=True)[:RESEND_AT_MOST]

"""What may be done to a trigger, and the sweep's part: start what is due."""

import hashlib
import secrets
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from runs import jobs
from runs.errors import Refused
from runs.jobs import armed
from runs.locks import write
from runs.moments import next_moment, zone_of
from runs.task_models import Task, Trigger
from teammates.prepared import Select

SET = ("enabled", "cron", "interval_seconds", "run_at", "timezone", "next_due")
AT_MOST = 200  # runs that one sweep starts
TOO_MANY = "Give one of cron, interval_seconds and run_at."


def schedule(trigger: Trigger) -> Trigger:
    """Write a new or changed schedule and arm it from now on; `Refused` when a field does not fit.

    A `run_at` without an offset is a time in the schedule's zone.
    """
    jobs.refuse_archived(trigger.task)
    check(trigger)
    trigger.next_due = None
    trigger.next_due = armed(trigger, trigger.task)
    with write():
        if trigger.pk:  # not what a sweep may be writing beside this; nothing when it was removed meanwhile
            Trigger.objects.filter(pk=trigger.pk).update(**{name: getattr(trigger, name) for name in SET})
        else:
            trigger.save()
    return trigger


def check(trigger: Trigger) -> None:
    zone = zone_of(trigger.timezone)
    given = [trigger.cron, trigger.interval_seconds is not None, trigger.run_at]
    if sum(map(bool, given)) != 1:
        raise Refused(TOO_MANY, field="cron")
    if len(trigger.cron) > 200:
        raise Refused("A cron expression may have 200 characters.", field="cron", code="bad_cron")
    if trigger.run_at and trigger.run_at.tzinfo is None:
        trigger.run_at = trigger.run_at.replace(tzinfo=zone)
    if next_moment(trigger, timezone.now()) is None and trigger.enabled:
        raise Refused("This moment never comes: it has passed, or the date does not exist.", field="run_at")
    trigger.run_at = trigger.run_at and trigger.run_at.astimezone(UTC)


def remove(trigger: Trigger) -> None:
    with write():
        Trigger.objects.filter(pk=trigger.pk).delete()


# --- the sweep's part ---


def start_due() -> int:
    """Start every schedule whose moment has come, once; how many runs began. A moment missed long ago counts too."""
    now = timezone.now()
    return sum(fire(trigger, now) for trigger in _due(now=now))


@Select
def _due(now: Any) -> "QuerySet[Trigger]":
    due = Trigger.objects.filter(next_due__lte=now).select_related("task__teammate", "task__owner")
    return due.order_by("next_due", "pk")[:AT_MOST]


def fire(trigger: Trigger, now: datetime) -> bool:
    """Start the run of one moment, in one transaction with the step to the next; of several sweeps one does it.

    What cannot start says why on the trigger and is not tried again before its next moment.
    """
    with write():
        if not taken(trigger, now):
            return False
        try:
            with write():
                jobs.start(trigger.task)
        except Refused as refused:
            Trigger.objects.filter(pk=trigger.pk).update(last_error=refused.message)
            return False
        return True


def taken(trigger: Trigger, now: datetime) -> bool:
    """Step to the next moment unless somebody else has; without a next one the trigger is done."""
    error = ""
    try:
        following = next_moment(trigger, now)
    except Refused as refused:  # the zone was there when the schedule was made, and is not known any more
        following, error = None, refused.message
    mine = Trigger.objects.filter(pk=trigger.pk, next_due=trigger.next_due)
    changes = {"next_due": following, "enabled": following is not None, "last_fired_at": now, "last_error": error}
    return bool(mine.update(**changes))


# --- addresses that start a run ---


def open_address(task: Task) -> tuple[Trigger, str]:
    """A new address of the task: the trigger, and the token in it, which cannot be had again. The old one is dead.

    `Refused` for a task that is archived.
    """
    jobs.refuse_archived(task)
    token = secrets.token_urlsafe(32)
    with write():
        trigger, _ = Trigger.objects.update_or_create(
            task=task,
            kind=Trigger.Kind.WEBHOOK,
            defaults={"owner": task.owner, "enabled": True, "token_digest": digest_of(token)},
        )
    return trigger, token


def at_address(token: str) -> Trigger | None:
    """The trigger that this address belongs to, while it is enabled."""
    found = Trigger.objects.filter(token_digest=digest_of(token), enabled=True)
    return found.select_related("task__teammate", "task__owner").first()


def switch(trigger: Trigger, *, enabled: bool) -> None:
    """Let the address work or rest; it stays the same."""
    with write():
        Trigger.objects.filter(pk=trigger.pk).update(enabled=enabled)
        trigger.enabled = enabled


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

"""When a schedule is due. Pure: a schedule and a moment in, the next moment out."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from runs.errors import Refused
from runs.task_models import Trigger

LONGEST = 366 * 24 * 3600  # seconds of an interval
LAST_YEAR = 9000


def next_moment(trigger: Trigger, after: datetime) -> datetime | None:
    """The first moment later than `after`; None when there is none. `Refused` names the field that does not fit.

    Moments that were missed are left out: of several in the past only the one that was armed counts. A cron schedule
    follows the clock on the wall of its zone, as cron does: a time that a change to summer time leaves out comes
    right after it, one that comes twice counts once.
    """
    zone = zone_of(trigger.timezone)
    if trigger.cron:
        return _of_cron(trigger.cron, after.astimezone(zone))
    if trigger.interval_seconds is not None:
        return _of_interval(trigger.interval_seconds, trigger.next_due or after, after)
    if trigger.run_at and trigger.run_at.year > LAST_YEAR:
        raise Refused(f"run_at is not after the year {LAST_YEAR}.", field="run_at")
    return trigger.run_at if trigger.run_at and trigger.run_at > after else None


def zone_of(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # an unknown name, one with "..", the name of a folder
        raise Refused(f"There is no timezone {name!r}.", field="timezone", code="unknown_timezone") from None


def _of_cron(expression: str, after: datetime) -> datetime | None:
    try:
        return next(CronSim(expression, after), None)
    except CronSimError as error:
        text = f"The cron expression {expression[:200]!r} cannot be read: {error}."
        raise Refused(text, field="cron", code="bad_cron") from None


def _of_interval(seconds: int, last: datetime, after: datetime) -> datetime:
    if not 1 <= seconds <= LONGEST:
        raise Refused(f"interval_seconds is from 1 to {LONGEST}.", field="interval_seconds")
    step = timedelta(seconds=seconds)
    return last + step * ((after - last) // step + 1)

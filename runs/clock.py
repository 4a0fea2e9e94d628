"""The one clock of all machines that share a database: the database's. Leases are written and judged by it."""

import time
from datetime import datetime, timedelta

from django.db import connection
from django.utils import timezone

GOOD_FOR = 5.0  # seconds that this machine counts on from what the database said, before it asks again

_heard: tuple[datetime, float] | None = None  # what it said, and when by the clock that nobody can set


def now() -> datetime:
    """A clock of this machine that is wrong, or is set, does not move it. SQLite has no other than this machine's."""
    if _heard is None or (since := time.monotonic() - _heard[1]) > GOOD_FOR:
        return read()
    return _heard[0] + timedelta(seconds=since)


def read() -> datetime:
    """The same, asked anew."""
    global _heard
    if connection.vendor == "sqlite":
        return timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        told: datetime = cursor.fetchone()[0]
    _heard = told, time.monotonic()
    return told

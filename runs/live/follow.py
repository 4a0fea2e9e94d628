"""Follow one run from any point of its log: nothing is missed, nothing comes twice, whatever the hub loses."""

from collections.abc import AsyncIterator
from typing import Any

from channels.db import database_sync_to_async
from django.db.models import QuerySet

from runs.journal import Line, topic_of
from runs.live.hub import hub
from runs.models import Event
from runs.states import RUN_ENDED
from teammates.prepared import Select

PAGE = 500
SILENCE = 5.0  # seconds without news before the log is read again
ENDS = {f"run.{status}" for status in RUN_ENDED}


def lines_after(run_id: int, after: int, limit: int = PAGE) -> list[Line]:
    return [Line(*row) for row in _lines(limit, run=run_id, after=after)]


def first_after(run_id: int, after: int) -> list[Line] | None:
    """As `lines_after`; None where nothing will ever come."""
    lines = lines_after(run_id, after)
    return None if after and not lines and has_ended(run_id, after) else lines


def has_ended(run_id: int, by: int) -> bool:
    return Event.objects.filter(run_id=run_id, seq__lte=by, kind__in=ENDS).exists()


@Select
def _lines(limit: int, run: Any, after: Any) -> "QuerySet[Event, tuple[Any, ...]]":
    rows = Event.objects.filter(run_id=run, seq__gt=after).order_by("seq")
    return rows.values_list("run_id", "seq", "kind", "data", "at")[:limit]


async def follow(run_id: int, after: int = 0) -> AsyncIterator[list[Line]]:
    """The committed lines with seq > `after`, in order, in batches; ends with the line that ends the run.

    It goes on through pauses. No database connection is held between reads.
    """
    read = database_sync_to_async(lines_after)
    with hub.follow(topic_of(run_id)) as follower:
        fresh = await database_sync_to_async(first_after)(run_id, after)
        while fresh is not None:
            while fresh:
                after = fresh[-1].seq
                yield fresh
                if fresh[-1].kind in ENDS:
                    return
                fresh = await read(run_id, after) if len(fresh) == PAGE else []
            arrived = await follower.next(SILENCE)
            fresh = [line for line in arrived if line.seq > after]
            # Threads publish after their commits, in any order: what is not the very next lines is read from the log.
            # Old lines alone came with the last read: reading again for them would go on for as long as others come.
            if not arrived or any(line.seq != seq for seq, line in enumerate(fresh, start=after + 1)):
                fresh = await read(run_id, after)

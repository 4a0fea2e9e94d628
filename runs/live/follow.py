"""Follow one run from any point of its log: nothing is missed, nothing comes twice, whatever the hub loses."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import nullcontext
from typing import Any

from channels.db import database_sync_to_async
from django.db.models import QuerySet

from runs.journal import Line, topic_of
from runs.live.hub import Follower, hub
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


class Ear:
    """Reads and listens for one follower of a run ahead of time, so that its log costs no change of threads.

    `read` in a thread that is at work anyway, `close` in the event loop, `listen` in either. Nothing is missed if it
    listens before it reads, or before workers hear of what the request at hand has changed.
    """

    def __init__(self, run_id: int, after: int) -> None:
        self.run_id, self.after = run_id, after
        self.lines: list[Line] | None = []
        self.follower: Follower | None = None

    def read(self) -> None:
        self.lines = first_after(self.run_id, self.after)

    def listen(self, loop: asyncio.AbstractEventLoop) -> None:
        self.follower = hub.follower(loop, topic_of(self.run_id))

    def close(self) -> None:
        if self.follower:
            hub.leave(self.follower)


async def follow(run_id: int, after: int = 0, ear: Ear | None = None) -> AsyncIterator[list[Line]]:
    """The committed lines with seq > `after`, in order, in batches; ends with the line that ends the run.

    It goes on through pauses. No database connection is held between reads. `ear`, if it listens, says where to begin,
    and belongs to who made it.
    """
    read = database_sync_to_async(lines_after)
    listens = ear.follower if ear else None
    with nullcontext(listens) if listens else hub.follow(topic_of(run_id)) as follower:
        if ear and listens:
            after, fresh = ear.after, ear.lines
        else:
            fresh = await database_sync_to_async(first_after)(run_id, after)
        while fresh is not None:
            while fresh:
                after = fresh[-1].seq
                yield fresh
                if fresh[-1].kind in ENDS:
                    return
                fresh = await read(run_id, after) if len(fresh) == PAGE else []
            arrived = await follower.next(SILENCE)
            fresh = arrived
            if not are_next(arrived, after):
                fresh = [line for line in arrived if line.seq > after]
                # Threads publish after their commits, in any order: what is not the next lines is read from the log.
                # Old lines alone came with the last read: reading again for them would go on while others come.
                if not arrived or (fresh and not are_next(fresh, after)):
                    fresh = await read(run_id, after)


def are_next(lines: list[Line], after: int) -> bool:
    """Are these the very next lines, in order, and is there one?"""
    return bool(lines) and [line.seq for line in lines] == list(range(after + 1, after + 1 + len(lines)))

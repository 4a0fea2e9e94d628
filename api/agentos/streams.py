"""How a run is told to the client: as an event stream, or as its result once it stands still (contract 1.3, 2.2)."""

from collections.abc import AsyncIterator

from channels.db import database_sync_to_async
from django.http import HttpResponse

from api.agentos.answers import answer, written
from api.agentos.events import Event, Telling, told
from api.agentos.shapes import run_shape
from api.streams import EventStream, Later
from runs.journal import Line
from runs.live.follow import ENDS, follow, lines_after
from runs.models import Run

RELATED = ("teammate", "session", "performer_revision")


def streamed(run: Run, after: int = 0, *, only_content: bool = False) -> EventStream:
    """The events behind `after`, to the first pause or the end."""
    return EventStream(frames(Telling(run, after, only_content=only_content)))


async def frames(telling: Telling) -> AsyncIterator[bytes]:
    async for lines in follow(telling.run.pk, telling.after):
        batch = to_pause(lines)
        if events := await told(telling, batch):
            yield as_frames(events)
        if batch[-1].kind == "run.paused":
            return


def to_pause(lines: list[Line]) -> list[Line]:
    end = next((place for place, line in enumerate(lines, start=1) if line.kind == "run.paused"), len(lines))
    return lines[:end]


def as_frames(events: list[Event]) -> bytes:
    return "".join(f"event: {event['event']}\ndata: {written(event)}\n\n" for event in events).encode()


def waited(run: Run, after: int = 0) -> Later:
    """The RunOutput, once the run has paused or ended behind `after`; no thread waits for it."""

    async def result() -> HttpResponse:
        async for lines in follow(run.pk, after):
            if any(line.kind == "run.paused" or line.kind in ENDS for line in lines):
                break
        response: HttpResponse = await database_sync_to_async(finished)(run.pk)
        return response

    return Later(result)


def finished(run_id: int) -> HttpResponse:
    return answer(whole(Run.objects.select_related(*RELATED).get(pk=run_id)))


def whole(run: Run) -> Event:
    """The RunOutput with its events: all but the words, which its content holds."""
    events = Telling(run).events(all_lines(run.pk))
    return run_shape(run) | {"events": [event for event in events if event["event"] != "RunContent"]}


def all_lines(run_id: int) -> list[Line]:
    found: list[Line] = []
    while page := lines_after(run_id, found[-1].seq if found else 0):
        found += page
    return found
